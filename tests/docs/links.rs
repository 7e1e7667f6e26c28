//! Every link within the repository leads somewhere.

use crate::page::{At, Page, pages, root};
use std::path::Path;

/// Why a link leads nowhere.
fn broken(page: &Page, link: &str) -> Option<String> {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let folder = page.path.parent().unwrap_or(Path::new(""));
    let target = if path.is_empty() { page.path.clone() } else { folder.join(path) };
    if !root().join(&target).exists() {
        return Some(format!("there is no {}", target.display()));
    }
    let anchor = anchor?;
    let known = Page::read(&target).anchors();
    (!known.contains(anchor)).then(|| format!("{} has no heading #{anchor}, but {known:?}", target.display()))
}

#[test]
fn links_lead_to_what_is_there() {
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
