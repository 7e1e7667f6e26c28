//! Installs the local cloud, or anything else that is pinned by hashes, into a Python environment of its own.

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

/// The Python of the local cloud.
pub(super) async fn environment(cache: &Path, search: &OsStr, say: Say<'_>) -> Result<PathBuf> {
    let pinned = Pinned {
        folder: "local-cloud",
        name: "the local cloud",
        package: "MiniStack",
        requirements: REQUIREMENTS,
    };
    pinned.install(cache, search, say).await
}

/// A program in Python, with everything that it needs pinned by hashes.
#[derive(Debug, Clone, Copy)]
pub struct Pinned<'a> {
    /// The folder of its environments within the cache.
    pub folder: &'a str,
    /// What it is to the user, for example `the local cloud`.
    pub name: &'a str,
    /// What it is on PyPI.
    pub package: &'a str,
    /// The text of a requirements file with hashes.
    pub requirements: &'a str,
}

impl Pinned<'_> {
    /// The Python of the environment, which is created if it does not exist. Its folder is named after what is in it, so
    /// that a new version of `provision` gets a new one, and another one that is still running keeps its own.
    ///
    /// # Errors
    /// No Python or network to install it; the message says what to do.
    pub async fn install(&self, cache: &Path, search: &OsStr, say: Say<'_>) -> Result<PathBuf> {
        let all = cache.join(self.folder);
        let folder = all.join(fingerprint(self.requirements));
        if let Some(python) = finished(&folder) {
            return Ok(python);
        }
        fs::create_dir_all(&all).with_context(|| format!("Cannot create the folder {}", all.display()))?;
        let wait = || say(&format!("Waiting for another provision, which is installing {}", self.name));
        let _turn = lock::acquire(&folder.with_extension("lock"), wait).await?;
        if let Some(python) = finished(&folder) {
            return Ok(python);
        }
        let bench = Bench { search, folder: &all };
        let installer = Installer::find(bench).await?;
        let Self { name, package, .. } = self;
        let place = folder.display();
        say(&format!("Installing {name} ({package}, from PyPI) into {place} (one-time setup)"));
        remove(&folder)?;
        installer.create(&folder, bench).await?;
        let requirements = folder.join("requirements.txt");
        write(&requirements, self.requirements)?;
        let python = interpreter(&folder);
        installer.install(&python, &requirements, bench).await.with_context(|| {
            format!(
                "Cannot install {name} from PyPI. Is there a network? Behind a proxy, set HTTPS_PROXY; with a mirror of \
                 PyPI, set PIP_INDEX_URL for pip or UV_DEFAULT_INDEX for uv; then run the command again"
            )
        })?;
        write(&folder.join(READY), "")?;
        Ok(python)
    }
}

fn fingerprint(requirements: &str) -> String {
    let hash = Sha256::digest(requirements);
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
