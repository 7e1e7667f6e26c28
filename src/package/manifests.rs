//! Lists of dependencies that `provision` does not read, for a warning where they look like what a function needs.

use std::path::Path;

use toml::{Table, Value};

use super::files::Entries;
use super::requirements;
use super::text::read_utf8;

/// A way to write `requirements.txt`.
const UV: &str = "uv export --no-dev --no-emit-project -o requirements.txt";
const POETRY: &str = "poetry export -o requirements.txt";
const PIPENV: &str = "pipenv requirements > requirements.txt";
const PDM: &str = "pdm export --prod -o requirements.txt";

/// Lock files of Python tools, the more telling first, and how each tool writes `requirements.txt`.
const LOCKS: &[(&str, &str)] = &[
    ("uv.lock", UV),
    ("poetry.lock", POETRY),
    ("pdm.lock", PDM),
    ("Pipfile.lock", PIPENV),
    ("pylock.toml", UV),
];

/// A warning for a code folder without the list that is read for its runtime. There is none where the packages seem to
/// be in the folder already.
pub(super) fn warning(root: &Path, runtime: &str, own: &Entries) -> Option<String> {
    if runtime.starts_with("ruby") {
        let installed = own.keys().any(|name| name.starts_with("vendor/bundle/"));
        let text = "the gems of Gemfile are not installed; put them into the folder with `bundle config set --local path \
                    vendor/bundle && bundle install`";
        return (root.join("Gemfile").is_file() && !installed).then(|| text.to_owned());
    }
    if !runtime.starts_with("python") || own.keys().any(|name| name.ends_with(".dist-info/METADATA")) {
        return None;
    }
    if root.join(requirements::FILE).exists() {
        return None;
    }
    let (file, command) = python(root)?;
    Some(format!(
        "the dependencies in {file} are not installed; write them to requirements.txt with `{command}`"
    ))
}

/// The list of a Python project, and the command of its tool.
fn python(root: &Path) -> Option<(&'static str, &'static str)> {
    let lock = LOCKS.iter().find(|(name, _)| root.join(name).is_file());
    let command = lock.map(|(_, command)| *command);
    if let Some(project) = table(root, "pyproject.toml") {
        let (found, own_command) = if has_entries(&project, &["project", "dependencies"], "") {
            (true, UV)
        } else {
            (has_entries(&project, &["tool", "poetry", "dependencies"], "python"), POETRY)
        };
        return found.then(|| ("pyproject.toml", command.unwrap_or(own_command)));
    }
    if let Some(project) = table(root, "Pipfile") {
        return has_entries(&project, &["packages"], "").then_some(("Pipfile", PIPENV));
    }
    lock.copied()
}

fn table(root: &Path, name: &str) -> Option<Table> {
    let path = root.join(name);
    toml::from_str(&read_utf8(&path, &path).ok()?).ok()
}

/// Whether the list or table at a path has other entries than `besides`.
fn has_entries(table: &Table, path: &[&str], besides: &str) -> bool {
    let Some((last, folders)) = path.split_last() else { return false };
    let inner = folders.iter().try_fold(table, |table, name| table.get(*name)?.as_table());
    match inner.and_then(|table| table.get(*last)) {
        Some(Value::Array(entries)) => !entries.is_empty(),
        Some(Value::Table(entries)) => entries.keys().any(|name| name != besides),
        _ => false,
    }
}
