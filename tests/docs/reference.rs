//! Pages that are generated from the program.

use crate::page::root;
use std::fs;

/// The first line of each page.
pub(crate) const MADE: &str =
    "<!-- Generated from the program by `UPDATE_DOCS=1 cargo test --test docs`; do not edit. -->\n\n";

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
