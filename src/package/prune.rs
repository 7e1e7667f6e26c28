//! Keeps the cache of finished zips small: `dev` makes one at each save.

use std::cmp::Reverse;
use std::fs::{self, DirEntry, Metadata};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// How many bytes of zips are kept.
const KEPT: u64 = 1 << 30;

/// What another run may be using.
const YOUNG: Duration = Duration::from_secs(6 * 60 * 60);

/// Deletes the least recently used zips of the folder `cache` if there are too many. What cannot be deleted stays: nothing
/// depends on it.
pub fn prune(cache: &Path) {
    prune_to(cache, KEPT, SystemTime::now());
}

fn prune_to(cache: &Path, mut room: u64, now: SystemTime) {
    let Ok(folder) = fs::read_dir(cache.join("packages")) else { return };
    let mut files: Vec<_> = folder.filter_map(|entry| used(entry.ok()?)).collect();
    files.sort_by_key(|(used, ..)| Reverse(*used));
    for (used, entry, metadata) in files {
        let fits = room.checked_sub(metadata.len());
        room = fits.unwrap_or_default();
        if fits.is_none() && used + YOUNG < now {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// When a finished zip, or a note about one, was in use last.
fn used(entry: DirEntry) -> Option<(SystemTime, DirEntry, Metadata)> {
    let metadata = entry.metadata().ok()?;
    let path = entry.path();
    let extension = path.extension().filter(|_| metadata.is_file())?;
    let ours = ["zip", "made", "checked"].iter().any(|known| extension == *known);
    Some((metadata.modified().ok().filter(|_| ours)?, entry, metadata))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails on the unexpected")]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn the_oldest_zips_are_deleted_first_and_young_ones_never() {
        let cache = tempfile::tempdir().unwrap();
        let packages = cache.path().join("packages");
        fs::create_dir(&packages).unwrap();
        let now = SystemTime::now();
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        for (name, age) in [("a.zip", 1), ("b.zip", 2), ("c.zip", 30), ("d.checked", 40), ("notes.txt", 50)] {
            let path = packages.join(name);
            fs::write(&path, [0; 100]).unwrap();
            File::options().write(true).open(path).unwrap().set_modified(now - hours(age)).unwrap();
        }
        let left = || {
            let mut names: Vec<String> = fs::read_dir(&packages)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        prune_to(cache.path(), 300, now);
        assert_eq!(left(), ["a.zip", "b.zip", "c.zip", "notes.txt"]);
        prune_to(cache.path(), 50, now);
        assert_eq!(left(), ["a.zip", "b.zip", "notes.txt"]);
        prune_to(&cache.path().join("none"), 50, now);
    }
}
