//! Puts files and folders into the cache whole or not at all, even if several processes do so at once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::error::Error;

/// A folder that is being filled next to its final place.
pub(super) struct Staging {
    folder: TempDir,
    place: PathBuf,
}

impl Staging {
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Moves the folder to its place. If another process was quicker, its folder is as good, and this one is deleted.
    pub(super) fn publish(self) -> Result<PathBuf, Error> {
        match fs::rename(self.folder.path(), &self.place) {
            Err(source) if !self.place.is_dir() => Err(unwritable(&self.place, source)),
            _ => Ok(self.place),
        }
    }
}

/// Starts to fill the folder `place`.
pub(super) fn stage(place: &Path) -> Result<Staging, Error> {
    let parent = place.parent().unwrap_or(place);
    create_folder(parent)?;
    let folder = TempDir::new_in(parent).map_err(|source| unwritable(parent, source))?;
    Ok(Staging { folder, place: place.to_owned() })
}

/// Creates a folder and its parents.
pub(super) fn create_folder(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(|source| unwritable(path, source))
}

/// Writes a file of a folder that is being staged.
pub(super) fn write(path: &Path, contents: &str) -> Result<(), Error> {
    fs::write(path, contents).map_err(|source| unwritable(path, source))
}

pub(super) fn unwritable(path: &Path, source: io::Error) -> Error {
    Error::Cache { path: path.to_owned(), source }
}

/// One name for several texts. Lengths are hashed too, so that moving a letter from one text to the next gives
/// another name.
pub(super) fn key(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())
}

/// The place of a finished zip, by its hash.
pub(super) fn package(cache: &Path, hash: &[u8]) -> PathBuf {
    cache.join("packages").join(format!("{}.zip", hex(hash)))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_apart_where_one_text_ends() {
        assert_ne!(key(&["python3.1", "3"]), key(&["python3.", "13"]));
        assert_eq!(key(&["a", "b"]), key(&["a", "b"]));
    }

    #[test]
    fn the_first_of_two_stagings_stays() {
        let cache = tempfile::tempdir().expect("a folder");
        let place = cache.path().join("python/key");
        let (first, second) = (stage(&place).expect("staged"), stage(&place).expect("staged"));
        for (staging, text) in [(&first, "first"), (&second, "second")] {
            write(&staging.path().join("who"), text).expect("written");
        }
        assert_eq!(first.publish().expect("published"), place);
        assert_eq!(second.publish().expect("published"), place);
        assert_eq!(fs::read_to_string(place.join("who")).expect("readable"), "first");
        assert_eq!(fs::read_dir(cache.path().join("python")).expect("readable").count(), 1);
    }
}
