//! Looks into a finished zip, which is used byte for byte, for what Lambda would stumble over.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use zip::result::ZipError;
use zip::{System, ZipArchive};

use super::bootstrap;
use super::error::Error;

/// How many files a warning names.
const NAMED: usize = 3;

/// What is known of a finished zip.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The size of its contents, as its directory states it.
    pub(super) size: u64,
    /// The names of files that Lambda cannot read.
    unreadable: Vec<String>,
}

impl Contents {
    /// What the user should know.
    pub(super) fn warnings(&self, code: &Path) -> Vec<String> {
        if self.unreadable.is_empty() {
            return Vec::new();
        }
        let named: Vec<String> = self.unreadable.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
        let more = self.unreadable.len() - named.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        vec![format!(
            "Lambda cannot read {}{more} in `{}`: a file's mode must let everybody read it; run `chmod -R a+rX` on the \
             files before they are zipped",
            named.join(", "),
            code.display()
        )]
    }
}

/// Reads the directory of the zip `file`, called `code` in messages.
///
/// # Errors
/// Lambda cannot unpack it, or it cannot start its `bootstrap`, which functions of custom runtimes need.
pub(super) fn read(
    file: &mut File,
    code: &Path,
    runtime: &str,
    architecture: &str,
) -> Result<Contents, Error> {
    let broken = |reason: String| Error::NotZip { path: code.to_owned(), reason };
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| broken(error.to_string()))?;
    let (mut contents, mut files) = (Contents::default(), 0);
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|error| broken(error.to_string()))?;
        contents.size = contents.size.saturating_add(entry.size());
        if entry.is_dir() {
            continue;
        }
        files += 1;
        let name = entry.name().map(|name| name.into_owned()).unwrap_or_default();
        let mode = mode(entry.system(), entry.unix_mode());
        // Lambda runs the code as another user than the owner of the files.
        if mode & 0o004 == 0 && !entry.is_symlink() {
            contents.unreadable.push(name.clone());
        }
        if name == bootstrap::NAME && bootstrap::is_needed(runtime) && mode & 0o111 == 0 {
            let reason = "is not executable; run `chmod +x bootstrap` before it is zipped, on Linux or macOS"
                .to_owned();
            return Err(Error::Bootstrap { path: code.join(name), reason });
        }
    }
    if files == 0 {
        return Err(broken("it has no files".to_owned()));
    }
    if bootstrap::is_needed(runtime)
        && let Some(start) = start(&mut archive).map_err(|error| broken(error.to_string()))?
    {
        bootstrap::check(&start, &code.join(bootstrap::NAME), architecture)?;
    }
    Ok(contents)
}

/// A file's mode as Lambda sees it. Windows has none, and what was zipped there can be read but not started. A zip made
/// on Unix may say nothing, and then nobody can read the file.
fn mode(system: System, mode: Option<u32>) -> u32 {
    match (system, mode) {
        (System::Unix, mode) => mode.unwrap_or_default(),
        (_, mode) => mode.unwrap_or(0o644),
    }
}

/// The first bytes of `bootstrap`, as far as it exists and can be unpacked here.
fn start(archive: &mut ZipArchive<BufReader<&mut File>>) -> io::Result<Option<Vec<u8>>> {
    let entry = match archive.by_name(bootstrap::NAME) {
        Ok(entry) if entry.is_symlink() => return Ok(None),
        Ok(entry) => entry,
        Err(ZipError::FileNotFound | ZipError::UnsupportedArchive(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut start = Vec::new();
    entry.take(bootstrap::START).read_to_end(&mut start)?;
    Ok(Some(start))
}
