//! Every link within the repository works.

use crate::page::{At, Page, pages, root};
use std::path::Path;

/// Why a link is broken.
fn broken(page: &Page, link: &str) -> Option<String> {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let folder = page.path.parent().unwrap_or(Path::new(""));
    let target = if path.is_empty() { page.path.clone() } else { folder.join(path) };
    if !root().join(&target).exists() {
        return Some(format!("{} does not exist", target.display()));
    }
    let anchor = anchor?;
    let known = Page::read(&target).anchors();
    (!known.contains(anchor)).then(|| format!("{} has no heading #{anchor}, but {known:?}", target.display()))
}

#[test]
fn no_link_is_broken() {
    let mut wrong = Vec::new();
    let mut followed = 0;
    for page in pages() {
        for At { line, what: link } in page.links() {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            followed += 1;
            wrong.extend(broken(&page, &link).map(|why| format!("{}: ({link}): {why}", page.at(line))));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(followed > 50, "only {followed} links were found");
}
