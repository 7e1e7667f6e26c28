//! Pages that are generated from the program and from their sources in `tests/docs/pages`.

use crate::page::root;
use std::collections::BTreeMap;
use std::fs;

/// The sources: Markdown with markers for what is generated. Their links are those of the finished pages.
pub(crate) const SOURCES: &str = "tests/docs/pages";

/// The first line of each page.
const MADE: &str = "<!-- Generated from the program and from tests/docs/pages by `UPDATE_DOCS=1 cargo test --test docs`; \
    do not edit. -->";

/// The name in a marker, a line such as `<!-- options of up -->`.
pub(crate) fn marker(line: &str) -> Option<&str> {
    line.strip_prefix("<!-- ")?.strip_suffix(" -->")
}

/// A page from its source. Each part stands at its marker, exactly once.
pub(crate) fn page(source: &str, mut parts: BTreeMap<String, String>) -> String {
    let blocks = source.trim_end().split("\n\n").map(|block| match marker(block) {
        Some(name) => parts.remove(name).unwrap_or_else(|| panic!("{name}: unknown, or a second time")),
        None => block.to_owned(),
    });
    let blocks: Vec<String> = blocks.filter(|block| !block.is_empty()).collect();
    assert!(parts.is_empty(), "no marker in {SOURCES} is for {:?}", parts.keys());
    let blocks: Vec<&str> =
        std::iter::once(MADE).chain(blocks.iter().map(|block| block.trim_end())).collect();
    format!("{}\n", blocks.join("\n\n"))
}

/// Compares a page with its expected text, or writes it if `UPDATE_DOCS` is set.
pub(crate) fn compare(page: &str, wanted: &str) {
    let file = root().join("docs/reference").join(page);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, wanted).unwrap();
    }
    let is = fs::read_to_string(&file).unwrap_or_default();
    if let Some((line, (is, wanted))) =
        is.lines().zip(wanted.lines()).enumerate().find(|(_, (is, wanted))| is != wanted)
    {
        panic!("docs/reference/{page}:{}: it says\n{is}\ninstead of\n{wanted}\n{HOW}", line + 1);
    }
    assert_eq!(is.len(), wanted.len(), "docs/reference/{page} has another length\n{HOW}");
}

const HOW: &str = "To update it: UPDATE_DOCS=1 cargo test --test docs";

/// A Markdown table; empty without rows.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head = head.iter().map(ToString::to_string).collect::<Vec<_>>();
    let rule = format!("|{}\n", "---|".repeat(head.len()));
    let rows: String = rows
        .iter()
        .map(|row| line(&row.iter().map(|cell| cell.replace('|', r"\|")).collect::<Vec<_>>()))
        .collect();
    format!("{}{rule}{rows}\n", line(&head))
}
