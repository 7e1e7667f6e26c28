//! Pages that are made from the program.

use crate::page::root;
use std::fs;

/// Begins each of them.
pub(crate) const MADE: &str = "<!-- Made from the program by `UPDATE_DOCS=1 cargo test --test docs`; changes here would be lost. -->\n\n";

/// Compares a page with what it should be, or writes it where `UPDATE_DOCS` is set.
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
        panic!("docs/reference/{page}:{}: it says\n{is}\nand should say\n{wanted}\n{HOW}", line + 1);
    }
    assert_eq!(is.len(), wanted.len(), "docs/reference/{page} ends too early or too late\n{HOW}");
}

const HOW: &str = "Make it anew with: UPDATE_DOCS=1 cargo test --test docs";

/// A table of Markdown; nothing without rows.
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
