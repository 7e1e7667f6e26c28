//! The book: `docs/SUMMARY.md` is its table of contents, as mdBook reads it.

use crate::page::{At, Page, pages, root};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[test]
fn every_page_is_in_the_summary_once() {
    let docs = Path::new("docs");
    let summary = Page::read(&docs.join("SUMMARY.md"));
    let listed: Vec<PathBuf> = summary.links().into_iter().map(|At { what, .. }| docs.join(what)).collect();
    let once: BTreeSet<&PathBuf> = listed.iter().collect();
    assert_eq!(once.len(), listed.len(), "a page is listed twice");
    let pages = pages().into_iter().map(|page| page.path);
    let written: BTreeSet<PathBuf> =
        pages.filter(|path| path.starts_with(docs) && *path != summary.path).collect();
    assert_eq!(once, written.iter().collect());
}

#[test]
fn every_page_begins_with_its_one_title() {
    // The other titles of the summary are the parts of the book.
    for page in pages().into_iter().filter(|page| !page.path.ends_with("SUMMARY.md")) {
        let titles: Vec<_> = page.headings().into_iter().filter(|(level, _)| *level as u8 == 1).collect();
        assert_eq!(titles.len(), 1, "{}: {titles:?}", page.path.display());
        assert_eq!(page.headings().first(), titles.first(), "{}", page.path.display());
    }
}

#[test]
fn mdbook_finds_the_pages() {
    let settings = std::fs::read_to_string(root().join("book.toml")).unwrap();
    assert!(settings.lines().any(|line| line == r#"src = "docs""#), "{settings}");
}
