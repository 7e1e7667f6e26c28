//! What is said while files are watched, and of the files of changed code.

use super::plain;
use crate::plan::{Action, FileChange};
use crate::render::changes::files;
use crate::render::{json, live, saved};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn paths(names: &[&str]) -> BTreeSet<PathBuf> {
    names.iter().map(PathBuf::from).collect()
}

#[test]
fn a_save_names_a_few_files_as_seen_from_the_stack() {
    let said = |names: &[&str]| plain(&saved(&paths(names), Path::new("/app")));
    assert_eq!(said(&["/app/lambdas/a.py"]), "\nSaved: lambdas/a.py");
    assert_eq!(said(&["/app/a", "/app/b", "/app/c", "/app/d"]), "\nSaved: a, b, c, and 1 file more");
    assert_eq!(said(&["/elsewhere/a\u{1b}[2J.py"]), "\nSaved: /elsewhere/a.py");
    assert_eq!(plain(&live(Duration::from_millis(312))), "Live 0.3 s after the save");
}

#[test]
fn changed_code_names_a_few_files() {
    let change = |name: &str, action| FileChange { name: name.to_owned(), action };
    let few =
        [change("a.py", Action::Update), change("b.py", Action::Create), change("c.py", Action::Delete)];
    assert_eq!(plain(&files(&few)), "~ a.py  + b.py  - c.py");
    let many: Vec<FileChange> = (0..7).map(|n| change(&format!("{n}.py"), Action::Create)).collect();
    assert_eq!(plain(&files(&many)), "+ 0.py  + 1.py  + 2.py  + 3.py  + 4.py  and 2 more");
}

#[test]
fn a_program_gets_the_files_and_what_became_of_them() {
    let error = anyhow::anyhow!("no");
    let round = json::round(&paths(&["/app/a.py"]), false, Duration::from_millis(500), Some(&error));
    let round: serde_json::Value = serde_json::from_str(&round.to_string()).unwrap();
    assert_eq!(
        round,
        json!({
            "type": "round", "version": 1, "files": ["/app/a.py"], "live": false, "seconds": 0.5,
            "errors": [{ "message": "no", "help": null }],
        })
    );
}
