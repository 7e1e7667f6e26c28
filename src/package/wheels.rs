//! Reads what an installer of Python packages has put into a folder of the cache.

use std::fs;
use std::io;
use std::path::Path;

use super::error::Error;
use super::files::{self, Entries, Entry};
use super::requirements::normal;

/// Notes of the installer about the installation itself, which depend on the tool and on the machine.
const NOTES: &[&str] = &["RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"];

/// The installed files, without those that differ from machine to machine.
pub(super) fn collect(packages: &Path) -> Result<Entries, Error> {
    let unreadable = |source| Error::Unreadable { path: packages.to_owned(), source };
    let root = packages.canonicalize().map_err(unreadable)?;
    let mut entries = files::walk(&root, packages, &is_ignored)?;
    let scripts: Vec<_> = entries.range("bin/".to_owned().."bin0".to_owned()).collect();
    let mut dropped = Vec::new();
    for (name, entry) in scripts {
        if !entry.is_link() && is_script(entry)? {
            dropped.push(name.clone());
        }
    }
    entries.retain(|name, _| !dropped.contains(name));
    Ok(entries)
}

/// Headers for C compilers are left out too: no function compiles, and each installer puts them elsewhere.
fn is_ignored(path: &Path, is_dir: bool) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    if is_dir {
        return name == "__pycache__";
    }
    let describes =
        path.parent().is_some_and(|folder| folder.extension().is_some_and(|end| end == "dist-info"));
    let is_header = path.starts_with("include") && name.ends_with(".h");
    name.ends_with(".pyc") || (describes && NOTES.contains(&name)) || is_header || path == Path::new(".lock")
}

/// Commands that the installer wrote begin with the path of the user's Python; nothing in Lambda calls them. Programs
/// that come with a wheel stay.
fn is_script(entry: &Entry) -> Result<bool, Error> {
    Ok(entry.start(2)? == b"#!")
}

/// The versions that were installed, by the names of the folders that describe them.
pub(super) fn resolved(packages: &Path) -> io::Result<String> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(packages)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let package = name.strip_suffix(".dist-info").and_then(|name| name.rsplit_once('-'));
        // The folder of a package that was removed is empty.
        let package = package.filter(|_| entry.path().join("METADATA").exists());
        lines.extend(package.map(|(name, version)| format!("{}=={version}\n", normal(name))));
    }
    lines.sort();
    Ok(lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_of_the_installer_are_ignored() {
        for (path, expected) in [
            ("six-1.dist-info/RECORD", true),
            ("six-1.dist-info/METADATA", false),
            ("six/RECORD", false),
            (".lock", true),
            ("six/.lock", false),
            ("include/greenlet/greenlet.h", true),
            ("six/include/six.h", false),
        ] {
            assert_eq!(is_ignored(Path::new(path), false), expected, "{path}");
        }
    }
}
