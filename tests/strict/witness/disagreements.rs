//! The differences as a page to read: the most frequent first, each with who is right, and why.

use super::measure::{Found, Measure};
use super::recordings::Right;
use std::cmp::Reverse;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// How much of a difference is shown.
const MAX_SHOWN: usize = 160;

const HEADER: &str = "# Where the strict cloud and the recorded responses of AWS differ\n\n\
    Written by the test, from `recorded.yaml` of each service. Where the strict cloud is right, the recordings only show less.\n\
    Where the recording is right, the responses count as disagreements in `ratchet.yaml`.\n\n\
    | responses | service | difference | right | why |\n|---|---|---|---|---|\n";

/// Fails if the page is not as it would be written. `UPDATE_DOCS=1` writes it.
pub(super) fn compare(measures: &[Measure]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strict/witness/disagreements.md");
    let page = page(measures);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, page).unwrap();
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let changed =
        page.lines().chain(kept.lines()).filter(|line| !(page.contains(line) && kept.contains(line)));
    let changed: Vec<&str> = changed.collect();
    assert!(kept == page, "disagreements.md is old: UPDATE_DOCS=1 writes it\n  {}", changed.join("\n  "));
}

fn page(measures: &[Measure]) -> String {
    let mut all: Vec<Found> = measures.iter().flat_map(Measure::found).collect();
    all.sort_by_key(|found| (Reverse(found.count), found.service, found.about));
    let mut page = String::from(HEADER);
    for Found { service, about, count, listed } in all {
        let (right, why) = match listed {
            Some((Right::Strict, why)) => ("strict cloud", why),
            Some((Right::Recording, why)) => ("recording", why),
            None => ("?", ""),
        };
        let about = about.replace('`', "'").replace('|', "\\|");
        let shown: String = about.chars().take(MAX_SHOWN).collect();
        let rest = if shown.len() < about.len() { " …" } else { "" };
        writeln!(page, "| {count} | {service} | `{shown}`{rest} | {right} | {why} |").unwrap();
    }
    page
}
