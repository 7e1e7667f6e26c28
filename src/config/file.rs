//! The stack file on disk.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::sources::Sources;
use crate::yaml::{At, Source};

/// A larger file is not a stack.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The folder that holds a file.
pub fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Reads a file for which `down` needs only the stack's name: bytes that are not UTF-8 are replaced.
pub(super) fn read_lossy(file: &Path) -> Option<Source> {
    let bytes = bytes(file).ok().filter(|bytes| bytes.len() <= MAX_BYTES)?;
    Some(Source::new(&String::from_utf8_lossy(&bytes)))
}

/// Reads a file.
pub(super) fn read(file: &Path) -> Result<Source, Diagnostics> {
    let fail = |message: String, help: &str| {
        let help = (!help.is_empty()).then(|| help.to_owned());
        let diagnostic = Diagnostic { at: At::default(), length: 0, message, help };
        Diagnostics::new(Sources::new(file, Source::new("")), vec![diagnostic])
    };
    let shown = file.display();
    if file.is_dir() {
        return Err(fail(format!("`{shown}` is a folder"), &instead_of_folder(file)));
    }
    match bytes(file).map(String::from_utf8) {
        Ok(text) if text.as_ref().map_or_else(|error| error.as_bytes().len(), String::len) > MAX_BYTES => {
            Err(fail(format!("`{shown}` is larger than {} MB", MAX_BYTES / 1024 / 1024), ELSEWHERE))
        }
        Ok(Ok(text)) => Ok(Source::new(&text)),
        Ok(Err(error)) => {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
            let message = format!("`{shown}` is not valid UTF-8: the first invalid byte is on line {line}");
            Err(fail(message, "save it as UTF-8 in your editor"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(fail(format!("there is no file `{shown}`"), &instead_of_missing(file)))
        }
        Err(error) => Err(fail(format!("cannot read `{shown}`: {error}"), "")),
    }
}

const ELSEWHERE: &str = "run `provision` in the folder of `stack.yaml`, name the file with `-f`, or create one with `provision init`";

/// The bytes of a file, but never many more than a stack file can have: a device has no end and claims to be empty.
fn bytes(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The stack file that was meant by the name of its folder.
fn instead_of_folder(named: &Path) -> String {
    let inside = ["stack.yaml", "stack.yml"].map(|name| named.join(name));
    match inside.iter().find(|file| file.is_file()) {
        Some(file) => format!("name the file in it: `-f {}`", file.display()),
        None => ELSEWHERE.to_owned(),
    }
}

/// The stack file that was meant where there is none of this name: one with the other ending, or one in a folder above.
fn instead_of_missing(named: &Path) -> String {
    let ending = named.extension().unwrap_or_default().to_string_lossy();
    let other = match ending.as_ref() {
        "yaml" => named.with_extension("yml"),
        "yml" => named.with_extension("yaml"),
        _ => return ELSEWHERE.to_owned(),
    };
    if other.is_file() {
        let other = other.display();
        return format!("there is a file `{other}`: rename it, or name it with `-f {other}`");
    }
    let above = folder(named).canonicalize().ok();
    let above = above.iter().flat_map(|folder| folder.ancestors().skip(1));
    let found = above.map(|folder| folder.join(named.file_name().unwrap_or_default()));
    match found.into_iter().find(|file| file.is_file()) {
        Some(file) => format!("there is a file `{}`: go to its folder, or name it with `-f`", file.display()),
        None => ELSEWHERE.to_owned(),
    }
}
