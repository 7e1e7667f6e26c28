//! Errors are shown as snapshots of what the user reads, one file for each part of `stack.yaml`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod buckets;
mod elsewhere;
mod errors;
mod events;
mod files;
mod function_fields;
mod include;
mod interpolation;
mod language;
mod late;
mod layers;
mod log_groups;
mod machines;
mod meaning;
mod parameters;
mod queues;
mod regions;
mod releases;
mod roles;
mod schema;
mod streams;
mod tables;
mod topics;
mod valid;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{Diagnostics, Options, Stack, load};

/// A folder with some code and a `stack.yaml`.
struct Project(TempDir);

impl Project {
    fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        for file in [
            "code/lambda_function.py",
            "code/pkg/mod.py",
            "code/sub/__init__.py",
            "node/index.mjs",
            "ruby/app.rb",
        ] {
            project.write(file, "");
        }
        for file in ["single.py", "bin/bootstrap", "lambdas/get_item/app.py"] {
            project.write(file, "");
        }
        project
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, file: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn load(&self, yaml: impl AsRef<[u8]>, environment: Option<&str>) -> Result<Stack, Diagnostics> {
        self.write("stack.yaml", yaml);
        load(
            &self.path().join("stack.yaml"),
            &Options { sections: crate::kinds::sections(), environment, process: &process, known: None },
        )
    }

    /// What the user reads.
    fn errors(&self, yaml: impl AsRef<[u8]>, environment: Option<&str>) -> String {
        match self.load(yaml, environment) {
            Ok(_) => "(no error)".to_owned(),
            Err(errors) => errors.to_string().replace(&format!("{}/", self.path().display()), ""),
        }
    }
}

fn process(name: &str) -> Option<String> {
    (name == "HOME_PAGE").then(|| "${env} is not looked at again".to_owned())
}

fn valid(yaml: &str) -> Stack {
    valid_in(yaml, None)
}

fn valid_in(yaml: &str, environment: Option<&str>) -> Stack {
    Project::new().load(yaml, environment).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Compares the errors of each case with `snapshots/NAME.snap`.
fn check(name: &str, cases: &[&str]) {
    let project = Project::new();
    check_in(&project, None, name, cases);
}

fn check_in(project: &Project, environment: Option<&str>, name: &str, cases: &[&str]) {
    let shown: Vec<String> = cases.iter().map(|yaml| project.errors(yaml, environment)).collect();
    snapshot(name, &shown.join(&format!("\n\n{}\n\n", "=".repeat(80))));
}

fn snapshot(name: &str, shown: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("snapshots");
    settings.bind(|| insta::assert_snapshot!(name, shown));
}

/// A stack whose one function `f` has these further lines.
fn function(lines: &str) -> String {
    let lines = lines.replace('\n', "\n    ");
    format!("stack: demo\nfunctions:\n  f:\n    code: code\n    runtime: python3.13\n    {lines}\n")
}

/// A stack whose one table `t` has these further lines.
fn table(lines: &str) -> String {
    format!("stack: demo\ntables:\n  users:\n    partition_key: id\n    {}\n", lines.replace('\n', "\n    "))
}

/// A stack with an API of these lines, and two functions.
fn api(lines: &str) -> String {
    let functions =
        "  get_item: { code: code, runtime: python3.13 }\n  put_item: { code: code, runtime: python3.13 }\n";
    format!("stack: demo\nfunctions:\n{functions}api:\n  {}\n", lines.replace('\n', "\n  "))
}

/// A stack with these checks.
fn checks(lines: &str) -> String {
    format!("stack: demo\napi: {{}}\nchecks:\n  {}\n", lines.replace('\n', "\n  "))
}

fn check_each(name: &str, around: fn(&str) -> String, cases: &[&str]) {
    let cases: Vec<String> = cases.iter().map(|case| around(case)).collect();
    check(name, &cases.iter().map(String::as_str).collect::<Vec<&str>>());
}
