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

/// All tests in a folder of sources: the files that have a test of a name, without their ending.
fn tests(folder: &Path, found: &mut BTreeMap<String, Vec<String>>) {
    let name = Regex::new(r"#\[(?:tokio::)?test[^\]]*\](?:\s*#\[[^\]]*\])*\s*(?:async )?fn (\w+)").unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let file = path.with_extension("").to_string_lossy().replace('\\', "/");
            for test in name.captures_iter(&text) {
                found.entry(test[1].to_owned()).or_default().push(file.clone());
            }
        }
    }
}

/// How many tests a name may mean: one of a file, `file::name`, or one whose name no other has.
fn meant(listed: &str, known: &BTreeMap<String, Vec<String>>) -> usize {
    let (file, name) = listed.split_once("::").unwrap_or(("", listed));
    let is_it = |path: &&String| file.is_empty() || path.ends_with(&format!("/{file}"));
    known.get(name).map_or(0, |files| files.iter().filter(is_it).count())
}

#[test]
fn every_hazard_has_a_test_or_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut known = BTreeMap::new();
    tests(&root.join("tests/strict"), &mut known);
    tests(&root.join("src"), &mut known);
    let mut wrong = Vec::new();
    for (number, hazard) in listed() {
        if hazard.tests.is_empty() && hazard.why.is_empty() {
            wrong.push(format!("{number} has neither a test nor a reason"));
        }
        for test in &hazard.tests {
            match meant(test, &known) {
                1 => {}
                0 => wrong.push(format!("{number} names {test}, which is no test")),
                more => {
                    wrong.push(format!("{number} names {test}, which {more} files have: name one of them"))
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The page is in the folder above the recordings. Its dots tell the kinds that there were when it was written from those to
/// come; either may exist by now.
#[test]
fn every_hazard_of_the_page_is_listed() {
    let Some(folder) = recordings::folder() else { return };
    let Ok(page) = fs::read_to_string(folder.with_file_name("hazards.md")) else {
        recordings::say("there is no page of hazards in the folder above the recordings");
        return;
    };
    let listed = listed();
    let row = Regex::new(r"(?m)^- ([A-Z]\d+) [●○]").unwrap();
    let missing: Vec<&str> = row
        .captures_iter(&page)
        .map(|row| row.get(1).unwrap().as_str())
        .filter(|number| !listed.contains_key(*number))
        .collect();
    assert!(missing.is_empty(), "not in hazards.yaml: {}", missing.join(", "));
    let known: BTreeSet<&str> = row.captures_iter(&page).map(|row| row.get(1).unwrap().as_str()).collect();
    let unknown: Vec<&String> = listed.keys().filter(|number| !known.contains(number.as_str())).collect();
    assert!(unknown.is_empty(), "not on the page: {unknown:?}");
}
