//! Installs the dependencies of `package.json` as its lock file has them.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::cache::{self, Staging, key};
use super::error::Error;
use super::files::{self, Entries};
use super::lock::{CONFIGURATION, Manifest, PACKAGE, unset_variables};
use super::tool::{Call, Tools};
use super::{Builder, Installed, Locked, Project, blocking};

/// On Windows npm is a script, which is found only by its whole name.
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

const HOW_TO_GET: &str = "install Node.js, which brings it (https://nodejs.org/)";

pub(super) const MODULES: &str = "node_modules";

/// Changes when packages are installed in another way, so that old ones in the cache are not used.
const RECIPE: &str = "npm 2";

const SETTINGS: &[(&str, &str)] = &[("npm_config_update_notifier", "false")];

/// Installs the packages, unless the cache has them already.
pub(super) async fn install(
    builder: &Builder<'_>,
    project: &Project,
    manifest: Manifest,
) -> Result<Installed, Error> {
    let folder = builder.cache.join("node");
    cache::create_folder(&folder)?;
    let task = format!(
        "installing the packages of {} for {} on {}",
        project.label.join(PACKAGE).display(),
        project.runtime,
        project.architecture
    );
    let version = version(builder.tools, &folder, &task).await?;
    let key = key(&[
        RECIPE,
        &version,
        &project.runtime,
        &project.architecture,
        &manifest.dependencies,
        &manifest.settings(),
        &manifest.lock,
    ]);
    let place = folder.join(key);
    if !place.is_dir() {
        fill(builder, &task, &project.architecture, &manifest, &place).await?;
    }
    let processor = processor(&project.architecture);
    blocking(move || {
        let entries = collect(&place)?;
        let warnings = warnings(&manifest, &entries, processor);
        Ok(Installed { entries, warnings })
    })
    .await
}

/// The version of npm. Where npm lies in a folder of its own, as nearly everywhere, that folder has it; to start npm takes
/// a quarter of a second.
async fn version(tools: &Tools, folder: &Path, task: &str) -> Result<String, Error> {
    if let Some(version) = tools.value("PATH").and_then(version_in) {
        return Ok(version);
    }
    let help = |_: &str| format!("See whether it runs at all, or {HOW_TO_GET}.");
    let call = call(vec!["--version".into()], folder, task);
    tools.version(&call, help).await?.ok_or_else(|| missing(task))
}

/// The version of the npm that is found in a `PATH`, if it is a link to its program `bin/npm-cli.js`.
fn version_in(path: &OsStr) -> Option<String> {
    let npm = env::split_paths(path).map(|folder| folder.join(NPM)).find(|npm| npm.is_file())?;
    let program = npm.canonicalize().ok().filter(|program| program.ends_with("bin/npm-cli.js"))?;
    let package = program.ancestors().nth(2)?.join(PACKAGE);
    let package: Value = serde_json::from_str(&fs::read_to_string(package).ok()?).ok()?;
    package["version"].as_str().map(str::to_owned)
}

/// The same with packages of our own, for programs on this machine; returns where they are. Their lock file has a hash
/// of every package, so that no version of npm needs to be named.
pub(super) async fn modules(builder: &Builder<'_>, packages: &Locked<'_>) -> Result<PathBuf, Error> {
    let place = builder.cache.join("node").join(key(&[RECIPE, packages.package, packages.lock]));
    if !place.is_dir() {
        let manifest = Manifest::own(packages.package, packages.lock);
        let task = format!("installing {}", packages.name);
        fill(builder, &task, env::consts::ARCH, &manifest, &place).await?;
    }
    Ok(place.join(MODULES))
}

async fn fill(
    builder: &Builder<'_>,
    task: &str,
    architecture: &str,
    manifest: &Manifest,
    place: &Path,
) -> Result<(), Error> {
    (builder.progress)(task);
    let staging = prepare(place, manifest)?;
    let arguments = format!(
        "ci --ignore-scripts --omit=dev --no-bin-links --no-audit --no-fund --os=linux --libc=glibc --cpu={}",
        processor(architecture)
    );
    let call = call(arguments.split(' ').map(Into::into).collect(), staging.path(), task);
    let ran = builder.tools.run(&call, |complaints| help(complaints, manifest, builder.tools)).await?;
    ran.ok_or_else(|| missing(task))?;
    blocking(move || finish(staging)).await
}

fn call<'a>(arguments: Vec<OsString>, folder: &'a Path, task: &'a str) -> Call<'a> {
    Call { program: NPM, arguments, settings: SETTINGS, folder, task }
}

fn missing(task: &str) -> Error {
    Error::ToolMissing { tool: NPM.to_owned(), task: task.to_owned(), help: HOW_TO_GET }
}

/// An architecture in the words of Node.js.
fn processor(architecture: &str) -> &'static str {
    if matches!(architecture, "arm64" | "aarch64") { "arm64" } else { "x64" }
}

fn prepare(place: &Path, manifest: &Manifest) -> Result<Staging, Error> {
    let staging = cache::stage(place)?;
    let files = [
        (PACKAGE, Some(&manifest.package)),
        (manifest.lock_name, Some(&manifest.lock)),
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
        fs::remove_file(&configuration).map_err(|source| cache::unwritable(&configuration, source))?;
    }
    staging.publish().map(drop)
}

fn help(complaints: &str, manifest: &Manifest, tools: &Tools) -> String {
    if complaints.contains("in sync") {
        return format!(
            "Run `npm install --package-lock-only` in the code folder and commit {}.",
            manifest.lock_name
        );
    }
    let variables = unset_in_settings(manifest, tools);
    if !variables.is_empty() {
        let names: Vec<_> = variables.into_iter().collect();
        return format!(
            "The settings in .npmrc name variables that are not passed to npm, which sees no secrets of a pipeline: {}. \
             Put the value itself into ~/.npmrc.",
            names.join(", ")
        );
    }
    "See whether `npm ci --ignore-scripts` works in the code folder.".to_owned()
}

/// The variables that the project's or the user's settings name and that npm does not see.
fn unset_in_settings(manifest: &Manifest, tools: &Tools) -> BTreeSet<String> {
    let set = tools.names();
    let user = tools.value("npm_config_userconfig").map(PathBuf::from);
    let user = user.or_else(|| Some(PathBuf::from(tools.value("HOME")?).join(CONFIGURATION)));
    let user = user.and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
    let mut variables = unset_variables(manifest.configuration.as_deref().unwrap_or_default(), &set);
    variables.extend(unset_variables(&user, &set));
    variables
}

/// What the package may lack because no script is run.
fn warnings(manifest: &Manifest, entries: &Entries, processor: &str) -> Vec<String> {
    let incomplete =
        manifest.with_scripts.iter().filter(|folder| may_be_incomplete(entries, folder, processor));
    let names: BTreeSet<_> = incomplete.map(|folder| format!("`{}`", name_of(folder))).collect();
    let mut warnings = Vec::new();
    if !names.is_empty() {
        let names: Vec<_> = names.into_iter().collect();
        warnings.push(format!(
            "install scripts are not run, so these packages may lack a binary: {}; use packages that come with their \
             binaries, or build the code elsewhere and name the finished .zip as `code`",
            names.join(", ")
        ));
    }
    warnings.extend(manifest.own_scripts.iter().map(|(name, command)| {
        format!(
            "the script `{name}` of {PACKAGE} is not run (`{command}`); if the function needs what it makes, run it \
             yourself and name the result as `code`"
        )
    }));
    warnings
}

/// Whether a package with an install script was installed without binaries for Linux that its script would only look
/// for. The place is that of prebuildify, which most packages with prebuilt binaries use.
fn may_be_incomplete(entries: &Entries, folder: &str, processor: &str) -> bool {
    let prefix = format!("{folder}/");
    let prebuilt = format!("{prefix}prebuilds/linux-{processor}/");
    let mut files =
        entries.range(prefix.clone()..).map(|(name, _)| name).take_while(|name| name.starts_with(&prefix));
    files.next().is_some() && !files.any(|name| name.starts_with(&prebuilt))
}

/// The name of the package in a folder of `node_modules`.
fn name_of(folder: &str) -> &str {
    folder.rsplit_once("node_modules/").map_or(folder, |(_, name)| name)
}

/// The installed modules, without npm's notes and the links to commands, which nothing in Lambda calls.
fn collect(place: &Path) -> Result<Entries, Error> {
    let root = place.canonicalize().map_err(|source| cache::unwritable(place, source))?;
    files::walk(&root, place, &|path, _| {
        let in_modules = path.parent().is_some_and(|folder| folder.ends_with(MODULES));
        let note = in_modules && (path.ends_with(".bin") || path.ends_with(".package-lock.json"));
        note || !path.starts_with(MODULES)
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_npm_is_read_from_its_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let (modules, bin) = (folder.path().join("lib/npm"), folder.path().join("bin"));
        let path = |folders: &[&PathBuf]| env::join_paths(folders).expect("a path");
        fs::create_dir_all(modules.join("bin")).expect("made");
        fs::create_dir(&bin).expect("made");
        fs::write(modules.join("bin/npm-cli.js"), "").expect("written");
        fs::write(modules.join(PACKAGE), r#"{"name":"npm","version":"11.1.0"}"#).expect("written");
        assert_eq!(version_in(&path(&[&bin])), None);
        std::os::unix::fs::symlink(modules.join("bin/npm-cli.js"), bin.join(NPM)).expect("linked");
        assert_eq!(version_in(&path(&[&modules, &bin])).as_deref(), Some("11.1.0"));
        // The program of a version manager, which chooses the npm that it calls.
        fs::write(modules.join(NPM), "").expect("written");
        assert_eq!(version_in(&path(&[&modules, &bin])), None);
    }
}
