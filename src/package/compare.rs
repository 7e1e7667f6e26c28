//! The differences between two packages, file by file, for the reader of a plan, to whom a hash says nothing.

use super::cache;
use crate::plan::{Action, FileChange};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use zip::ZipArchive;

/// The files that differ between two packages, given by Lambda's `CodeSha256`. Empty if one of them is not in the folder
/// `cache`, such as one that was deployed from another machine.
pub fn compare(cache: &Path, from: &str, to: &str) -> Vec<FileChange> {
    match (contents(cache, from), contents(cache, to)) {
        (Some(from), Some(to)) => differences(&from, &to),
        _ => Vec::new(),
    }
}

/// What decides whether a file is the same: the checksum of its contents, its size, and its mode.
type Fingerprint = (u32, u64, Option<u32>);

/// The files of a package, by name.
fn contents(cache: &Path, sha256: &str) -> Option<BTreeMap<String, Fingerprint>> {
    let file = File::open(cache::package(cache, &STANDARD.decode(sha256).ok()?)).ok()?;
    let mut zip = ZipArchive::new(BufReader::new(file)).ok()?;
    let count = zip.len();
    let mut entry = |index| {
        let entry = zip.by_index_raw(index).ok()?;
        Some((entry.name().ok()?.into_owned(), (entry.crc32(), entry.size(), entry.unix_mode())))
    };
    (0..count).map(&mut entry).collect()
}

fn differences(from: &BTreeMap<String, Fingerprint>, to: &BTreeMap<String, Fingerprint>) -> Vec<FileChange> {
    let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let changes = names.into_iter().filter_map(|name| {
        let action = match (from.get(name), to.get(name)) {
            (None, _) => Action::Create,
            (_, None) => Action::Delete,
            (from, to) if from != to => Action::Update,
            _ => return None,
        };
        Some(FileChange { name: name.clone(), action })
    });
    changes.collect()
}
