//! Writes the zip so that its bytes depend on nothing but the files, and checks it against Lambda's limits.
//!
//! The `zip` crate's feature `deflate-flate2` chooses no encoder, and does not compile until one is chosen through
//! `flate2` itself. This is its `rust_backend`, plain Rust that gives the same bytes on every machine; the others are C
//! or pick their code by the processor. The golden test notices if another dependency ever switches it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::Package;
use super::cache::{self, unwritable};
use super::contents::{self, Contents, Discard, Sink, next_piece};
use super::error::{Error, grouped};
use super::files::{Entries, Entry};
use super::finished;

/// The level is part of the result: another one gives other bytes for the same files.
const LEVEL: i64 = 6;

/// How large a package may be, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) zipped: u64,
    pub(super) unzipped: u64,
}

impl Limits {
    /// What Lambda takes in a direct upload.
    pub(super) const LAMBDA: Self = Self { zipped: 52_428_800, unzipped: 262_144_000 };

    /// The largest request that Lambda takes. It holds the zip in base64 next to the function's settings, so a zip
    /// within its own limit always fits, as the assertion below checks.
    const REQUEST: u64 = 70_167_211;
}

const _: () = assert!(Limits::LAMBDA.zipped.div_ceil(3) * 4 + 128 * 1024 < Limits::REQUEST);

/// Checks the size of a function's package together with those of its layers, which Lambda unpacks as one.
pub(crate) fn check_with_layers(code: &Path, package: &Package, layers: &[&Package]) -> Result<(), Error> {
    let size = package.unzipped + layers.iter().map(|layer| layer.unzipped).sum::<u64>();
    let limit = Limits::LAMBDA.unzipped;
    match size <= limit || layers.is_empty() {
        true => Ok(()),
        false => Err(Error::TooLargeWithLayers { code: code.to_owned(), size, limit }),
    }
}

/// Zips `entries`, and keeps the zip in the cache under its hash. What was zipped before is not compressed again.
pub(super) fn pack(entries: &Entries, code: &Path, cache: &Path, limits: Limits) -> Result<Package, Error> {
    let check = SizeCheck { code, entries, limits };
    check.unzipped(entries.values().map(|entry| entry.size).sum())?;
    let packages = cache.join("packages");
    let lost = |source| unwritable(&packages, source);
    let found = contents::read(entries, &mut Discard, lost)?;
    if let Some(package) = found.zip(&packages).and_then(|zip| from_cache(zip, found.size)) {
        check.zipped(package.size)?;
        return Ok(package);
    }
    let mut temporary = temporary(cache)?;
    // What is remembered is what was written: a file may have changed since it was read first.
    let written = write_zip(entries, temporary.as_file_mut(), cache)?;
    let package = store(temporary, cache, written.size, &check)?;
    written.remember(&packages, &file_stem(&package.zip))?;
    Ok(package)
}

/// The package of a zip in the cache. A zip that does not match its name any more is deleted.
fn from_cache(zip: PathBuf, unzipped: u64) -> Option<Package> {
    let (hash, size) = digest(&mut File::open(&zip).ok()?).ok()?;
    if file_stem(&zip) != cache::hex(&hash) {
        fs::remove_file(&zip).ok()?;
        return None;
    }
    mark_used(&zip);
    Some(Package { sha256: STANDARD.encode(hash), zip, size, unzipped, warnings: Vec::new() })
}

/// Notes in the zip's time that it is in use. If that fails, it is deleted from the cache earlier than others.
fn mark_used(zip: &Path) {
    let _ = File::open(zip).and_then(|zip| zip.set_modified(SystemTime::now()));
}

fn file_stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Copies a finished zip byte for byte, so that the bytes that were hashed are those that are sent.
pub(super) fn copy(
    zip: &Entry,
    runtime: &str,
    architecture: &str,
    cache: &Path,
    limits: Limits,
) -> Result<Package, Error> {
    let code = zip.shown();
    let check = SizeCheck { code: &code, entries: &Entries::new(), limits };
    check.zipped(zip.size)?;
    let mut temporary = temporary(cache)?;
    let mut original = zip.open()?.file;
    let mut piece = Vec::new();
    while next_piece(&mut original, &mut piece)
        .map_err(|source| Error::Unreadable { path: code.clone(), source })?
    {
        temporary.write_all(&piece).map_err(|source| unwritable(cache, source))?;
    }
    let contents = finished::read(temporary.as_file_mut(), &code, runtime, architecture)?;
    check.unzipped(contents.size)?;
    let package = store(temporary, cache, contents.size, &check)?;
    Ok(Package { warnings: contents.warnings(&code), ..package })
}

fn temporary(cache: &Path) -> Result<NamedTempFile, Error> {
    let packages = cache.join("packages");
    cache::create_folder(&packages)?;
    NamedTempFile::new_in(&packages).map_err(|source| unwritable(&packages, source))
}

/// Writes the zip, and returns what went into it.
fn write_zip(entries: &Entries, file: &mut File, cache: &Path) -> Result<Contents, Error> {
    let lost = |source| unwritable(cache, source);
    let mut zip = ZipWriter::new(BufWriter::new(file));
    let contents = contents::read(entries, &mut zip, lost)?;
    zip.finish().map_err(io::Error::from).and_then(|mut out| out.flush()).map_err(lost)?;
    Ok(contents)
}

impl<W: Write + Seek> Sink for ZipWriter<W> {
    fn begin(&mut self, name: &str, executable: bool) -> io::Result<()> {
        Ok(self.start_file(name, options(executable))?)
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        self.write_all(piece)
    }

    fn link(&mut self, name: &str, target: &str) -> io::Result<()> {
        Ok(self.add_symlink(name, target, options(true).unix_permissions(0o777))?)
    }
}

/// Everything that a zip says about a file apart from its name and contents, including the system that made it.
fn options(executable: bool) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .system(System::Unix)
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(if executable { 0o755 } else { 0o644 })
}

/// Moves the zip to its place in the cache, unless it is there already.
fn store(
    mut temporary: NamedTempFile,
    cache: &Path,
    unzipped: u64,
    check: &SizeCheck<'_>,
) -> Result<Package, Error> {
    let (hash, size) = digest(temporary.as_file_mut()).map_err(|source| unwritable(cache, source))?;
    check.zipped(size)?;
    let zip = cache::package(cache, &hash);
    // A power cut can leave an empty file under the right name, hence the look at the size.
    if fs::metadata(&zip).is_ok_and(|there| there.len() == size) {
        mark_used(&zip);
    } else {
        temporary.persist(&zip).map_err(|lost| unwritable(&zip, lost.error))?;
    }
    Ok(Package { sha256: STANDARD.encode(hash), zip, size, unzipped, warnings: Vec::new() })
}

fn digest(file: &mut File) -> io::Result<(Vec<u8>, u64)> {
    file.rewind()?;
    let (mut hash, mut size, mut piece) = (Sha256::new(), 0, Vec::new());
    while next_piece(file, &mut piece)? {
        hash.update(&piece);
        size += piece.len() as u64;
    }
    Ok((hash.finalize().to_vec(), size))
}

/// Compares a package with its limits.
struct SizeCheck<'a> {
    code: &'a Path,
    entries: &'a Entries,
    limits: Limits,
}

impl SizeCheck<'_> {
    fn zipped(&self, size: u64) -> Result<(), Error> {
        self.check("zipped", size, self.limits.zipped)
    }

    fn unzipped(&self, size: u64) -> Result<(), Error> {
        self.check("unzipped", size, self.limits.unzipped)
    }

    fn check(&self, form: &'static str, size: u64, limit: u64) -> Result<(), Error> {
        if size <= limit {
            return Ok(());
        }
        Err(Error::TooLarge { code: self.code.to_owned(), form, size, limit, largest: self.largest() })
    }

    /// Names the files that are worth a look first.
    fn largest(&self) -> String {
        let mut files: Vec<_> = self.entries.iter().map(|(name, entry)| (entry.size, name)).collect();
        files.sort_by(|a, b| b.cmp(a));
        let named: Vec<_> =
            files.iter().take(3).map(|(size, name)| format!("{name} ({})", grouped(*size))).collect();
        if named.is_empty() {
            String::new()
        } else {
            format!(" (the largest files are {})", named.join(", "))
        }
    }
}
