//! Reads the files of a package, and finds out whether its zip is in the cache already.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::cache::{hex, unwritable};
use super::error::Error;
use super::files::Entries;

/// Files are compressed in pieces of this size, because the bytes that an encoder gives may depend on how its input
/// is cut.
const PIECE: u64 = 1 << 16;

/// Tells a link from a file, executable or not, in the digest.
const LINK: u8 = 2;

/// Where files go as they are read.
pub(super) trait Sink {
    /// Starts a file.
    fn begin(&mut self, name: &str, executable: bool) -> io::Result<()>;
    /// Adds the next piece of it.
    fn take(&mut self, piece: &[u8]) -> io::Result<()>;
    /// Adds a symbolic link.
    fn link(&mut self, name: &str, target: &str) -> io::Result<()>;
}

/// Reads files without writing them anywhere.
pub(super) struct Discard;

impl Sink for Discard {
    fn begin(&mut self, _: &str, _: bool) -> io::Result<()> {
        Ok(())
    }

    fn take(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn link(&mut self, _: &str, _: &str) -> io::Result<()> {
        Ok(())
    }
}

/// What was read of a package's files.
pub(super) struct Contents {
    /// A digest of everything that decides the bytes of the zip, including this program's version: another version may
    /// compress differently, and two machines must not disagree because of their caches.
    digest: String,
    /// The size in bytes.
    pub(super) size: u64,
}

/// Reads all files, each in pieces; `lost` makes the error of a sink that fails.
pub(super) fn read(
    entries: &Entries,
    sink: &mut impl Sink,
    lost: impl Fn(io::Error) -> Error,
) -> Result<Contents, Error> {
    let mut all = Sha256::new_with_prefix(env!("CARGO_PKG_VERSION"));
    let (mut size, mut piece) = (0, Vec::new());
    for (name, entry) in entries {
        all.update((name.len() as u64).to_le_bytes());
        all.update(name);
        if let Some(target) = &entry.link {
            sink.link(name, target).map_err(&lost)?;
            size += target.len() as u64;
            all.update([LINK]);
            all.update(Sha256::digest(target));
            continue;
        }
        let mut open = entry.open()?;
        sink.begin(name, open.executable).map_err(&lost)?;
        let mut file = Sha256::new();
        let unreadable = |source| Error::Unreadable { path: entry.shown(), source };
        while next_piece(&mut open.file, &mut piece).map_err(unreadable)? {
            sink.take(&piece).map_err(&lost)?;
            file.update(&piece);
            size += piece.len() as u64;
        }
        all.update([u8::from(open.executable)]);
        all.update(file.finalize());
    }
    Ok(Contents { digest: hex(&all.finalize()), size })
}

impl Contents {
    /// The zip that was made of such contents before, if the cache has it.
    pub(super) fn zip(&self, packages: &Path) -> Option<PathBuf> {
        let hash = fs::read_to_string(self.note(packages)).ok()?;
        Some(packages.join(format!("{hash}.zip"))).filter(|zip| zip.is_file())
    }

    /// Remembers which zip was made of these contents, by its hash.
    pub(super) fn remember(&self, packages: &Path, hash: &str) -> Result<(), Error> {
        let lost = |source| unwritable(packages, source);
        let mut note = NamedTempFile::new_in(packages).map_err(lost)?;
        note.write_all(hash.as_bytes()).map_err(lost)?;
        note.persist(self.note(packages)).map_err(|error| lost(error.error))?;
        Ok(())
    }

    fn note(&self, packages: &Path) -> PathBuf {
        packages.join(format!("{}.made", self.digest))
    }
}

/// Reads the next piece, shorter than the others only at the end, and returns whether there was one.
pub(super) fn next_piece(from: &mut impl Read, piece: &mut Vec<u8>) -> io::Result<bool> {
    piece.clear();
    from.take(PIECE).read_to_end(piece)?;
    Ok(!piece.is_empty())
}
