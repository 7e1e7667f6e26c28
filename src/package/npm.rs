//! Installs the dependencies of `package.json` as its lock file has them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::cache::{self, Staging, key};
use super::error::Error;
use super::files::{self, Entries};
use super::text::read_utf8;
use super::tool::Call;
use super::{Builder, Installed, Locked, Project, blocking};

/// On Windows npm is a script, which is found only by its whole name.
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

const PACKAGE: &str = "package.json";
const LOCK: &str = "package-lock.json";
const CONFIGURATION: &str = ".npmrc";
const MODULES: &str = "node_modules";

/// Goes up when packages are to be installed in another way, so that the cache does not keep the old one alive.
const RECIPE: &str = "npm 1";

const SETTINGS: &[(&str, &str)] = &[("npm_config_update_notifier", "false")];

/// The files that `npm ci` works from.
pub(super) struct Manifest {
    package: String,
    lock: String,
    /// The project's settings, such as the registry of a scope.
    configuration: Option<String>,
    /// The dependencies, by which the installed packages are cached together with the lock file.
    dependencies: String,
}

/// Reads the manifest of a code folder; `None` if it asks for no package.
pub(super) fn read(root: &Path, label: &Path) -> Result<Option<Manifest>, Error> {
    let read = |name: &str| read_utf8(&root.join(name), &label.join(name));
    if !root.join(PACKAGE).exists() {
        return Ok(None);
    }
    let package = read(PACKAGE)?;
    let dependencies = match parse(&package, &label.join(PACKAGE))?.get("dependencies") {
        Some(Value::Object(dependencies)) if !dependencies.is_empty() => {
            serde_json::json!(dependencies).to_string()
        }
        _ => return Ok(None),
    };
    if !root.join(LOCK).exists() {
        let reason = format!(
            "has dependencies but no {LOCK} beside it, so that nobody knows which versions they are; run `npm install \
             --package-lock-only` in that folder and commit the file"
        );
        return Err(Error::Manifest { path: label.join(PACKAGE), reason });
    }
    let lock = read(LOCK)?;
    check(&parse(&lock, &label.join(LOCK))?, &label.join(LOCK))?;
    let configuration = root.join(CONFIGURATION).exists().then(|| read(CONFIGURATION)).transpose()?;
    Ok(Some(Manifest { package, lock, configuration, dependencies }))
}

fn parse(text: &str, path: &Path) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|error| Error::Manifest {
        path: path.to_owned(),
        reason: format!("is not valid JSON: {error}"),
    })
}

/// Refuses what would have to be built, or lies outside of the folder.
fn check(lock: &Value, path: &Path) -> Result<(), Error> {
    let refused = |reason: String| Err(Error::Manifest { path: path.to_owned(), reason });
    let Some(packages) = lock.get("packages").and_then(Value::as_object) else {
        return refused(
            "is of an old format; run `npm install --package-lock-only` with a current npm".to_owned(),
        );
    };
    let foreign = packages.iter().find(|(_, package)| {
        let resolved = package.get("resolved").and_then(Value::as_str).unwrap_or_default();
        let is_dev = package.get("dev") == Some(&Value::Bool(true));
        !is_dev
            && (package.get("link").is_some() || resolved.starts_with("git") || resolved.starts_with("file:"))
    });
    let Some((name, _)) = foreign else { return Ok(()) };
    refused(format!(
        "`{name}` comes from a local folder or from git, and would have to be built, which runs its code; depend on a \
         published version, or put its files into the code folder"
    ))
}

/// Installs the packages, unless the cache has them already.
pub(super) async fn install(
    builder: &Builder<'_>,
    project: &Project,
    manifest: Manifest,
) -> Result<Installed, Error> {
    let key = key(&[RECIPE, &project.runtime, &project.architecture, &manifest.dependencies, &manifest.lock]);
    let place = builder.cache.join("node").join(key);
    if !place.is_dir() {
        let task = format!(
            "installing the packages of {} for {} on {}",
            project.label.join(PACKAGE).display(),
            project.runtime,
            project.architecture
        );
        fill(builder, task, &project.architecture, manifest, &place).await?;
    }
    let entries = blocking(move || collect(&place)).await?;
    Ok(Installed { entries, warnings: Vec::new() })
}

/// The same with packages of our own, for programs on this machine; answers where they are.
pub(super) async fn modules(builder: &Builder<'_>, packages: &Locked<'_>) -> Result<PathBuf, Error> {
    let place = builder.cache.join("node").join(key(&[RECIPE, packages.package, packages.lock]));
    if !place.is_dir() {
        let manifest = Manifest {
            package: packages.package.to_owned(),
            lock: packages.lock.to_owned(),
            configuration: None,
            dependencies: String::new(),
        };
        let task = format!("installing {}", packages.name);
        fill(builder, task, std::env::consts::ARCH, manifest, &place).await?;
    }
    Ok(place.join(MODULES))
}

async fn fill(
    builder: &Builder<'_>,
    task: String,
    architecture: &str,
    manifest: Manifest,
    place: &Path,
) -> Result<(), Error> {
    (builder.progress)(&task);
    let place = place.to_owned();
    let staging = blocking(move || prepare(&place, &manifest)).await?;
    let cpu = if matches!(architecture, "arm64" | "aarch64") { "arm64" } else { "x64" };
    let arguments = format!(
        "ci --ignore-scripts --omit=dev --no-bin-links --no-audit --no-fund --os=linux --libc=glibc --cpu={cpu}"
    );
    let call = Call {
        program: NPM,
        arguments: arguments.split(' ').map(Into::into).collect(),
        settings: SETTINGS,
        folder: staging.path(),
        task: &task,
    };
    let ran = builder.tools.run(&call, help).await?;
    let help = "install Node.js, which brings it (https://nodejs.org/)";
    ran.ok_or_else(|| Error::ToolMissing { tool: NPM.to_owned(), task: task.clone(), help })?;
    blocking(move || finish(staging)).await
}

fn prepare(place: &Path, manifest: &Manifest) -> Result<Staging, Error> {
    let staging = cache::stage(place)?;
    let files = [
        (PACKAGE, Some(&manifest.package)),
        (LOCK, Some(&manifest.lock)),
        (CONFIGURATION, manifest.configuration.as_ref()),
    ];
    for (name, contents) in files {
        if let Some(contents) = contents {
            cache::write(&staging.path().join(name), contents)?;
        }
    }
    Ok(staging)
}

/// The settings may hold credentials, so they do not go into the cache.
fn finish(staging: Staging) -> Result<(), Error> {
    let configuration = staging.path().join(CONFIGURATION);
    if configuration.exists() {
        std::fs::remove_file(&configuration).map_err(|source| cache::unwritable(&configuration, source))?;
    }
    staging.publish().map(drop)
}

fn help(complaints: &str) -> String {
    if complaints.contains("in sync") {
        return "Run `npm install --package-lock-only` in the code folder and commit package-lock.json."
            .to_owned();
    }
    "See whether `npm ci --ignore-scripts` works in the code folder.".to_owned()
}

/// The installed modules, without npm's notes and the links to commands, which nothing in Lambda calls.
fn collect(place: &Path) -> Result<Entries, Error> {
    let root = place.canonicalize().map_err(|source| cache::unwritable(place, source))?;
    files::walk(&root, place, &|path, _| {
        let beside_modules = path.parent().is_some_and(|folder| folder.ends_with(MODULES));
        let note = beside_modules && (path.ends_with(".bin") || path.ends_with(".package-lock.json"));
        note || !path.starts_with(MODULES)
    })
}
