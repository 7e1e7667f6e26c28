//! What the program says: which stack file is missing, and URLs without their credentials.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use crate::fixture::Fixture;
use crate::program::{command, visit_after};
use crate::run::{A_MOMENT, empty};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs the program in a folder. Returns its exit status, and all that it printed.
fn provision(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
    command.args(args).current_dir(folder).env_clear().env("HOME", folder);
    command.env("PROVISION_CACHE_DIR", folder.join("cache")).env("PROVISION_STATE_DIR", folder.join("state"));
    command.env("AWS_EC2_METADATA_DISABLED", "true").envs(variables.iter().copied());
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

const STACK: &str = "stack: shop\ntables:\n  items: { partition_key: id }\n";

#[test]
fn a_missing_stack_file_is_answered_with_the_one_that_exists() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("functions/list");
    fs::create_dir_all(&below).unwrap();
    let fails = |place: &Path, args: &[&str], texts: &[&str]| {
        let (status, said) = provision(place, args, &[]);
        assert_eq!(status, Some(65), "{said}");
        texts.iter().for_each(|text| assert!(said.contains(text), "{args:?} should say `{text}`:\n{said}"));
    };
    fails(folder.path(), &["validate"], &["there is no file `stack.yaml`", "`provision init`"]);
    fs::write(folder.path().join("stack.yml"), STACK).unwrap();
    let similar = [
        "there is no file `stack.yaml`",
        "there is a file `stack.yml`: rename it, or name it with `-f stack.yml`",
    ];
    fails(folder.path(), &["validate"], &similar);
    fails(folder.path(), &["down", "--yes"], &similar);
    fails(
        folder.path(),
        &["validate", "-f", "."],
        &["there is a file `./stack.yml`", "name it with `-f ./stack.yml`"],
    );
    fs::rename(folder.path().join("stack.yml"), folder.path().join("stack.yaml")).unwrap();
    fails(&below, &["validate"], &["there is no file `stack.yaml`", "/stack.yaml`: go to its folder"]);
    for args in [&["validate", "-f", "../.."][..], &["validate", "-f", "../../stack.yaml"]] {
        let (status, said) = provision(&below, args, &[]);
        assert_eq!((status, said.as_str()), (Some(0), "../../stack.yaml is valid: 1 table.\n"));
    }
}

#[test]
fn no_message_shows_the_credentials_of_a_url() {
    let stack = Fixture::of(include_str!("../../stacks/small.yaml"));
    let invocation = command(&stack, &["list", "-vv"]);
    let invocation = invocation.with("AWS_ENDPOINT_URL_LAMBDA", "http://ada:hush@127.0.0.1:1");
    let visit = visit_after(A_MOMENT, &empty(), &[invocation], None);
    let said = format!("{}{}", visit.exit().out, visit.exit().err);
    let named = "AWS_ENDPOINT_URL_LAMBDA is `http://***@127.0.0.1:1`";
    assert!(said.contains(named) && !said.contains("hush"), "{said}");
}
