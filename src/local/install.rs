//! Installs the local cloud into a Python environment of its own.

use super::python::{Bench, Installer};
use super::{Say, lock, remove, write};
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

const REQUIREMENTS: &str = include_str!("requirements.txt");
/// Written last: an environment without it is unfinished.
const READY: &str = "ready";

/// The Python of the environment, which is made at first. Its folder is named after what is in it, so that a new version
/// of `provision` gets a new one, and another one that is still running keeps its own.
pub(super) async fn environment(cache: &Path, search: &OsStr, say: Say<'_>) -> Result<PathBuf> {
    let all = cache.join("local-cloud");
    let folder = all.join(fingerprint());
    if let Some(python) = finished(&folder) {
        return Ok(python);
    }
    fs::create_dir_all(&all).with_context(|| format!("Cannot create the folder {}", all.display()))?;
    let wait = || say("Waiting for another provision, which is installing the local cloud");
    let _turn = lock::acquire(&folder.with_extension("lock"), wait).await?;
    if let Some(python) = finished(&folder) {
        return Ok(python);
    }
    let bench = Bench { search, folder: &all };
    let installer = Installer::find(bench).await?;
    say(&format!(
        "Installing the local cloud (MiniStack, from PyPI) into {}; this is done once",
        folder.display()
    ));
    remove(&folder)?;
    installer.create(&folder, bench).await?;
    let requirements = folder.join("requirements.txt");
    write(&requirements, REQUIREMENTS)?;
    let python = interpreter(&folder);
    installer.install(&python, &requirements, bench).await?;
    write(&folder.join(READY), "")?;
    Ok(python)
}

fn fingerprint() -> String {
    let hash = Sha256::digest(REQUIREMENTS);
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The Python of a finished environment. It is a link, which leads nowhere once the system's Python was replaced.
fn finished(folder: &Path) -> Option<PathBuf> {
    let python = interpreter(folder);
    (folder.join(READY).exists() && python.exists()).then_some(python)
}

fn interpreter(folder: &Path) -> PathBuf {
    folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}
