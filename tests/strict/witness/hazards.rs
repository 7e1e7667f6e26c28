//! The list of hazards is whole, and the tests that it names are there.

use super::recordings;
use regex::Regex;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What is done about a hazard.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hazard {
    #[serde(default)]
    tests: Vec<String>,
    /// Why there is no test, or what a reader should know.
    #[serde(default)]
    why: String,
}

fn listed() -> BTreeMap<String, Hazard> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strict/witness/hazards.yaml");
    let text = fs::read_to_string(&path).unwrap();
    serde_yaml::from_str(&text).unwrap_or_else(|wrong| panic!("hazards.yaml: {wrong}"))
}

/// The names of all tests in a folder of sources.
fn tests(folder: &Path, found: &mut BTreeSet<String>) {
    let name = Regex::new(r"#\[(?:tokio::)?test[^\]]*\](?:\s*#\[[^\]]*\])*\s*(?:async )?fn (\w+)").unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.extend(name.captures_iter(&text).map(|found| found[1].to_owned()));
        }
    }
}

#[test]
fn every_hazard_has_a_test_or_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut known = BTreeSet::new();
    tests(&root.join("tests/strict"), &mut known);
    tests(&root.join("src"), &mut known);
    for (number, hazard) in listed() {
        assert!(
            !hazard.tests.is_empty() || !hazard.why.is_empty(),
            "{number} has neither a test nor a reason"
        );
        for test in &hazard.tests {
            assert!(known.contains(test), "{number} names {test}, which is no test");
        }
    }
}

/// The page is in the folder above the recordings. A filled dot marks what concerns kinds that there were when it was written.
#[test]
fn every_hazard_of_the_page_is_listed() {
    let page =
        recordings::folder().and_then(|folder| fs::read_to_string(folder.parent()?.join("hazards.md")).ok());
    let Some(page) = page else {
        recordings::say("there is no page of hazards in the folder above the recordings");
        return;
    };
    let listed = listed();
    let row = Regex::new(r"(?m)^- ([A-Z]\d+) ●").unwrap();
    let missing: Vec<&str> = row
        .captures_iter(&page)
        .map(|row| row.get(1).unwrap().as_str())
        .filter(|number| !listed.contains_key(*number))
        .collect();
    assert!(missing.is_empty(), "not in hazards.yaml: {}", missing.join(", "));
}
