//! Reads `package.json` and its lock file: what is to be installed, and what would be missing or would have to be built.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::error::Error;
use super::text::read_utf8;

pub(super) const PACKAGE: &str = "package.json";
pub(super) const CONFIGURATION: &str = ".npmrc";

/// npm's lock files. It prefers the first.
pub(super) const LOCKS: &[&str] = &["npm-shrinkwrap.json", "package-lock.json"];

/// The lock files of others.
const OTHER_LOCKS: &[&str] = &["yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb", "deno.lock"];

/// The dependencies that `npm ci --omit=dev` installs.
const INSTALLED: &[&str] = &["dependencies", "optionalDependencies", "peerDependencies"];

/// What else of `package.json` decides how they are installed.
const CONDITIONS: &[&str] =
    &["peerDependenciesMeta", "bundleDependencies", "bundledDependencies", "overrides", "workspaces"];

/// The scripts of a project that `npm ci` would run.
const SCRIPTS: &[&str] = &["preinstall", "install", "postinstall", "prepare"];

/// Programs that such scripts call to install hooks of git, which no function misses.
const GIT_HOOKS: &[&str] = &["husky", "lefthook", "simple-git-hooks"];

const BUNDLE: &str = "bundle the code, and name the result as `code`";

/// The files that `npm ci` works from.
pub(super) struct Manifest {
    pub(super) package: String,
    /// The name of the lock file.
    pub(super) lock_name: &'static str,
    pub(super) lock: String,
    /// The project's settings, such as the registry of a scope.
    pub(super) configuration: Option<String>,
    /// The dependencies, by which the installed packages are cached together with the lock file.
    pub(super) dependencies: String,
    /// The folders of packages with install scripts.
    pub(super) with_scripts: Vec<String>,
    /// The project's own scripts that installing would run, as their names and commands.
    pub(super) own_scripts: Vec<(String, String)>,
}

impl Manifest {
    /// The manifest of packages that `provision` itself brings.
    pub(super) fn own(package: &str, lock: &str) -> Self {
        Self {
            package: package.to_owned(),
            lock_name: LOCKS[1],
            lock: lock.to_owned(),
            configuration: None,
            dependencies: String::new(),
            with_scripts: Vec::new(),
            own_scripts: Vec::new(),
        }
    }

    /// The settings without credentials: those of a registry begin with slashes, older ones with an underscore.
    pub(super) fn settings(&self) -> String {
        let lines = self.configuration.as_deref().unwrap_or_default().lines().map(str::trim);
        lines.filter(|line| !line.starts_with("//") && !line.starts_with('_')).collect::<Vec<_>>().join("\n")
    }
}

/// Reads the manifest of a code folder; `None` if it asks for no package.
pub(super) fn read(root: &Path, label: &Path) -> Result<Option<Manifest>, Error> {
    let read = |name: &str| read_utf8(&root.join(name), &label.join(name));
    if !root.join(PACKAGE).exists() {
        return Ok(None);
    }
    let package = read(PACKAGE)?;
    let parsed = parse(&package, &label.join(PACKAGE))?;
    let Some(dependencies) = dependencies(&parsed) else { return Ok(None) };
    let Some(&lock_name) = LOCKS.iter().find(|name| root.join(name).exists()) else {
        return Err(Error::Manifest { path: label.join(PACKAGE), reason: without_lock(root) });
    };
    let lock = read(lock_name)?;
    let packages = packages(&parse(&lock, &label.join(lock_name))?, &label.join(lock_name))?;
    let configuration = root.join(CONFIGURATION).exists().then(|| read(CONFIGURATION)).transpose()?;
    let (with_scripts, own_scripts) = (with_scripts(&packages), own_scripts(&parsed));
    Ok(Some(Manifest { package, lock_name, lock, configuration, dependencies, with_scripts, own_scripts }))
}

fn parse(text: &str, path: &Path) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|error| Error::Manifest {
        path: path.to_owned(),
        reason: format!("is not valid JSON: {error}"),
    })
}

/// What decides what is installed, as JSON; `None` if that is nothing.
fn dependencies(package: &Value) -> Option<String> {
    let is_optional = |name: &str| package["peerDependenciesMeta"][name]["optional"] == Value::Bool(true);
    let some = INSTALLED.iter().any(|kind| {
        let names = package[kind].as_object().into_iter().flat_map(Map::keys);
        names.into_iter().any(|name| *kind != "peerDependencies" || !is_optional(name))
    });
    let fields = INSTALLED.iter().chain(CONDITIONS).filter_map(|&name| Some((name, package.get(name)?)));
    some.then(|| Value::from_iter(fields.map(|(name, value)| (name, value.clone()))).to_string())
}

/// Why dependencies without a lock file are refused, and the way out where another tool has one.
fn without_lock(root: &Path) -> String {
    let reason = "has dependencies but no package-lock.json next to it, which says their versions";
    let write = "npm install --package-lock-only";
    if let Some(name) = OTHER_LOCKS.iter().find(|name| root.join(name).exists()) {
        return format!(
            "{reason}; {name} is not read, only npm's lock files are: {BUNDLE}, or write a lock file with `{write}` and \
             commit it"
        );
    }
    if let Some(lock) = lock_above(root) {
        return format!(
            "{reason}; that of the workspace, {}, is not read: {BUNDLE}, or write one for this folder alone with \
             `{write} --workspaces=false` and commit it",
            lock.display()
        );
    }
    format!("{reason}; run `{write}` in that folder and commit the file")
}

/// The lock file of the workspace that a folder is in, relative to the folder. A repository is the largest workspace.
fn lock_above(root: &Path) -> Option<PathBuf> {
    let mut up = PathBuf::new();
    for folder in root.ancestors() {
        let lock = LOCKS.iter().chain(OTHER_LOCKS).find(|name| folder.join(name).exists());
        if let Some(name) = lock.filter(|_| folder != root) {
            return Some(up.join(name));
        }
        if folder.join(".git").exists() {
            return None;
        }
        up.push("..");
    }
    None
}

/// The packages of a lock file, by their folders. Refuses what would have to be built, or lies outside of the folder.
fn packages(lock: &Value, path: &Path) -> Result<Map<String, Value>, Error> {
    let refused = |reason: String| Err(Error::Manifest { path: path.to_owned(), reason });
    let Some(packages) = lock["packages"].as_object() else {
        return refused(
            "is of an old format; run `npm install --package-lock-only` with a current npm".to_owned(),
        );
    };
    let foreign = packages.iter().find(|(_, package)| {
        let resolved = package["resolved"].as_str().unwrap_or_default();
        !is_dev(package)
            && (package.get("link").is_some() || resolved.starts_with("git") || resolved.starts_with("file:"))
    });
    let Some((name, _)) = foreign else { return Ok(packages.clone()) };
    refused(format!(
        "`{name}` comes from a local folder or from git, and would have to be built, which runs its code; depend on a \
         published version, or put its files into the code folder"
    ))
}

fn is_dev(package: &Value) -> bool {
    package["dev"] == Value::Bool(true)
}

fn with_scripts(packages: &Map<String, Value>) -> Vec<String> {
    let has_script = |package: &Value| package["hasInstallScript"] == Value::Bool(true) && !is_dev(package);
    let folders =
        packages.iter().filter(|(_, package)| has_script(package)).map(|(folder, _)| folder.clone());
    // The project itself is the package without a folder.
    folders.filter(|folder| !folder.is_empty()).collect()
}

fn own_scripts(package: &Value) -> Vec<(String, String)> {
    let scripts = SCRIPTS.iter().filter_map(|&name| {
        let command = package["scripts"][name].as_str()?;
        let only_hooks = GIT_HOOKS.iter().any(|program| command.contains(program));
        (!only_hooks).then(|| (name.to_owned(), command.to_owned()))
    });
    scripts.collect()
}

/// The variables of the environment that npm's settings name and that npm does not see. It takes the text itself for
/// the value then.
pub(super) fn unset_variables(configuration: &str, set: &BTreeSet<String>) -> BTreeSet<String> {
    let lines = configuration.lines().filter(|line| !line.trim_start().starts_with([';', '#']));
    let parts = lines.flat_map(|line| line.split("${").skip(1));
    let names = parts.filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.trim_end_matches('?'));
    names.filter(|name| !name.is_empty() && !set.contains(*name)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_npm_does_not_see_are_named() {
        let text =
            "; ${COMMENT}\nregistry=https://x.y/\n//x.y/:_authToken=${ACME_TOKEN}\na=${HOME}${opt?}${}\n";
        let set = BTreeSet::from(["HOME".to_owned()]);
        assert_eq!(unset_variables(text, &set).into_iter().collect::<Vec<_>>(), ["ACME_TOKEN", "opt"]);
    }

    #[test]
    fn everything_that_is_installed_counts() {
        for (text, expected) in [
            (r#"{"devDependencies":{"a":"1"}}"#, false),
            (r#"{"dependencies":{}}"#, false),
            (r#"{"dependencies":{"a":"1"}}"#, true),
            (r#"{"optionalDependencies":{"a":"1"}}"#, true),
            (r#"{"peerDependencies":{"a":"1"}}"#, true),
            (r#"{"peerDependencies":{"a":"1"},"peerDependenciesMeta":{"a":{"optional":true}}}"#, false),
        ] {
            let package = parse(text, Path::new(PACKAGE)).expect("JSON");
            assert_eq!(dependencies(&package).is_some(), expected, "{text}");
        }
    }

    #[test]
    fn credentials_are_no_settings() {
        let mut manifest = Manifest::own("{}", "{}");
        manifest.configuration = Some("install-strategy=linked\n //x.y/:_authToken=s\n_auth=s\n".to_owned());
        assert_eq!(manifest.settings(), "install-strategy=linked");
    }
}
