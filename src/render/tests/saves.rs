//! What is said while files are watched, and of the files of changed code.

use super::plain;
use crate::local::Served;
use crate::plan::{Action, FileChange};
use crate::render::changes::files;
use crate::render::watch::served_in;
use crate::render::{json, live, saved};
use chrono::Utc;
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

#[test]
fn a_request_is_a_line_with_its_status_and_its_time() {
    let served = |path: &str, status| Served {
        at: 1_700_000_000_000,
        endpoint: "a1".to_owned(),
        method: "GET".to_owned(),
        path: path.to_owned(),
        status,
        milliseconds: 58,
    };
    let line = |status| served_in(&served("/hi/ada", status), &Utc);
    assert_eq!(plain(&line(200)), "2023-11-14 22:13:20  GET /hi/ada 200 58 ms");
    let colours = [200, 404, 500].map(|status| line(status).replace('\u{1b}', "^"));
    for (shown, colour) in colours.iter().zip(["^[32m200", "^[33m404", "^[31m500"]) {
        assert!(shown.contains(colour), "{shown}");
    }
    let hostile = plain(&served_in(&served("/\u{1b}[2Jx", 200), &Utc));
    assert!(hostile.ends_with("GET /x 200 58 ms"), "{hostile:?}");
    let document: serde_json::Value =
        serde_json::from_str(&json::request(&served("/hi/ada", 200)).to_string()).unwrap();
    assert_eq!(
        document,
        json!({
            "type": "request", "version": 1, "time": "2023-11-14T22:13:20Z", "method": "GET", "path": "/hi/ada",
            "status": 200, "milliseconds": 58,
        })
    );
}
