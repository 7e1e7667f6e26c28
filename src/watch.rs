//! Reports when files have changed. It reads none of them, and does not say how they changed: the caller looks again.

use crate::config::{Stack, folder_of};
use crate::error::Failure;
use crate::exit::Exit;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long it must be quiet before a change counts as finished: one save of an editor is a handful of events.
const QUIET: Duration = Duration::from_millis(25);

/// Watches files and folders, whether they exist yet or not.
#[derive(Debug)]
pub struct Watcher {
    system: RecommendedWatcher,
    events: mpsc::UnboundedReceiver<Event>,
    /// What has changed already, and is returned by the next [`Watcher::changed`].
    noticed: Option<BTreeSet<PathBuf>>,
    /// What is of interest.
    places: BTreeSet<PathBuf>,
    /// What the system watches for that: folders, some of them with all that is in them.
    watched: BTreeMap<PathBuf, RecursiveMode>,
}

impl Watcher {
    /// A watcher of nothing.
    ///
    /// # Errors
    /// This system cannot watch files.
    pub fn new() -> Result<Self, Failure> {
        let (sender, events) = mpsc::unbounded_channel();
        let receive = move |event: notify::Result<Event>| {
            // If events were lost, anything may have changed.
            let event = event.unwrap_or_else(|_| Event::new(EventKind::Any));
            // When the program ends, nothing receives any more.
            let _ = sender.send(event);
        };
        let system = notify::recommended_watcher(receive).map_err(|error| watch_failure(None, &error))?;
        Ok(Watcher { system, events, noticed: None, places: BTreeSet::new(), watched: BTreeMap::new() })
    }

    /// Watches these files and folders from now on, and no others.
    ///
    /// # Errors
    /// One of them cannot be watched.
    pub fn watch(&mut self, places: BTreeSet<PathBuf>) -> Result<(), Failure> {
        self.places = places;
        let needed: BTreeMap<PathBuf, RecursiveMode> = needed(&self.places);
        // A folder that was deleted and created again is another one to the system, so all are watched again.
        for (folder, mode) in &needed {
            if self.watched.get(folder) != Some(mode) || *mode == RecursiveMode::Recursive {
                self.system.watch(folder, *mode).map_err(|error| watch_failure(Some(folder), &error))?;
            }
        }
        for folder in self.watched.keys().filter(|folder| !needed.contains_key(*folder)) {
            // A deleted folder cannot be unwatched.
            let _ = self.system.unwatch(folder);
        }
        self.watched = needed;
        Ok(())
    }

    /// Waits until there is a change, which the next [`Watcher::changed`] returns.
    pub async fn notice(&mut self) {
        while self.noticed.is_none() {
            let Some(event) = self.events.recv().await else { return };
            self.noticed = self.of_interest(event).map(BTreeSet::from_iter);
        }
    }

    /// Waits for a change, and then until it is quiet again. Returns the files that have changed, as far as they are known.
    pub async fn changed(&mut self) -> BTreeSet<PathBuf> {
        self.notice().await;
        let Some(mut changed) = self.noticed.take() else { return BTreeSet::new() };
        while let Ok(Some(event)) = timeout(QUIET, self.events.recv()).await {
            changed.extend(self.of_interest(event).into_iter().flatten());
        }
        changed
    }

    /// The paths of an event that are of interest, where it is a change at all.
    fn of_interest(&self, event: Event) -> Option<Vec<PathBuf>> {
        let read = match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
            EventKind::Access(_) => true,
            _ => false,
        };
        let near =
            |path: &Path| self.places.iter().any(|place| path.starts_with(place) || place.starts_with(path));
        let anything = event.paths.is_empty();
        let paths: Vec<PathBuf> = event.paths.into_iter().filter(|path| near(path)).collect();
        (!read && (anything || !paths.is_empty())).then_some(paths)
    }
}

/// The files and folders that a stack is made from.
pub fn places(stack: &Stack) -> BTreeSet<PathBuf> {
    // The system reports real paths.
    let real = |path: PathBuf| std::fs::canonicalize(&path).unwrap_or(path);
    let folder = real(stack.folder.clone());
    let named = |file: &PathBuf| Some(real(folder_of(file).to_owned()).join(file.file_name()?));
    let files = stack.files.iter().filter_map(named);
    let code = stack.code().into_iter().map(|code| real(folder.join(code.path)));
    files.chain(code).collect()
}

/// What the system has to watch for these places. Many editors put a new file in the place of the old one, so a file is
/// watched by its folder, and a missing one by the nearest folder above that exists.
fn needed(places: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, RecursiveMode> {
    let mut needed = BTreeMap::new();
    for place in places {
        if place.is_dir() {
            needed.insert(place.clone(), RecursiveMode::Recursive);
        } else if let Some(above) = place.ancestors().skip(1).find(|above| above.is_dir()) {
            needed.entry(above.to_owned()).or_insert(RecursiveMode::NonRecursive);
        }
    }
    needed
}

fn watch_failure(folder: Option<&Path>, error: &notify::Error) -> Failure {
    let what = folder.map_or_else(|| "files".to_owned(), |folder| folder.display().to_string());
    let help = match error.kind {
        notify::ErrorKind::MaxFilesWatch => Some(
            "the limit of watched folders is reached; raise fs.inotify.max_user_watches with sysctl"
                .to_owned(),
        ),
        _ => None,
    };
    Failure { message: format!("cannot watch {what}: {error}"), help, exit: Exit::Failed }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use std::fs;

    /// A folder with a watched file and a watched folder, and the watcher.
    fn watched() -> (tempfile::TempDir, PathBuf, Watcher) {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(root.join("code/deep")).unwrap();
        fs::write(root.join("stack.yaml"), "a").unwrap();
        let mut watcher = Watcher::new().unwrap();
        watcher.watch([root.join("stack.yaml"), root.join("code")].into()).unwrap();
        (folder, root, watcher)
    }

    #[tokio::test]
    async fn every_save_is_reported_with_its_file() {
        let (_folder, root, mut watcher) = watched();
        let saved = [root.join("code/b.py"), root.join("code/deep/a.py")];
        saved.iter().for_each(|file| fs::write(file, "1").unwrap());
        let mut changed = BTreeSet::new();
        while changed.len() < 2 {
            changed.extend(watcher.changed().await);
        }
        assert_eq!(changed, saved.into());
    }

    #[tokio::test]
    async fn a_change_that_was_noticed_is_not_lost() {
        let (_folder, root, mut watcher) = watched();
        fs::write(root.join("code/a.py"), "1").unwrap();
        watcher.notice().await;
        watcher.notice().await;
        assert_eq!(watcher.changed().await, [root.join("code/a.py")].into());
    }

    #[tokio::test]
    async fn a_file_in_the_place_of_the_old_one_is_a_change() {
        let (_folder, root, mut watcher) = watched();
        fs::write(root.join("stack.yaml.new"), "b").unwrap();
        fs::rename(root.join("stack.yaml.new"), root.join("stack.yaml")).unwrap();
        assert_eq!(watcher.changed().await, [root.join("stack.yaml")].into());
    }

    #[tokio::test]
    async fn a_read_and_a_neighbouring_file_are_no_change() {
        let (_folder, root, mut watcher) = watched();
        fs::write(root.join("notes.txt"), "b").unwrap();
        fs::read_dir(root.join("code")).unwrap().count();
        fs::read_to_string(root.join("stack.yaml")).unwrap();
        // The system tells of events in their order, so what was told before this one would be told with it.
        fs::write(root.join("code/last.py"), "1").unwrap();
        let changed = watcher.changed().await;
        assert_eq!(changed, [root.join("code/last.py")].into());
    }

    #[tokio::test]
    async fn a_new_folder_is_watched_from_then_on() {
        let (_folder, root, mut watcher) = watched();
        let places: BTreeSet<PathBuf> = [root.join("later/code")].into();
        watcher.watch(places.clone()).unwrap();
        fs::create_dir_all(root.join("later/code")).unwrap();
        assert_eq!(watcher.changed().await, [root.join("later")].into());
        watcher.watch(places).unwrap();
        fs::write(root.join("later/code/a.py"), "1").unwrap();
        assert!(watcher.changed().await.contains(&root.join("later/code/a.py")));
    }
}
