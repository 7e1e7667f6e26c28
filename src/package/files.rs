//! Finds and opens the files of a package without ever leaving their folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use super::error::Error;

/// The files of a package by their names in the zip, which the map keeps in the order of their bytes.
pub(super) type Entries = BTreeMap<String, Entry>;

/// What `code` turned out to be.
pub(super) enum Code {
    /// A zip that is used as it is.
    Finished(Entry),
    /// One source file and its name in the zip.
    Single(String, Entry),
    /// A folder, by its canonical path.
    Folder(PathBuf),
}

/// A folder that its entries may not leave.
struct Tree {
    root: PathBuf,
    /// The folder's name in messages.
    label: PathBuf,
}

/// A file, by its place without symbolic links in a tree, or a symbolic link.
#[derive(Clone)]
pub(super) struct Entry {
    tree: Arc<Tree>,
    /// The place of the file, or of what the link leads to.
    inside: PathBuf,
    /// The size when the file was found.
    pub(super) size: u64,
    /// Where a link leads, relative to its own folder.
    pub(super) link: Option<String>,
    /// Whether the file gets the executable bit even where it has none.
    started: bool,
}

/// An open file, checked to be the regular file that was found.
pub(super) struct Open {
    pub(super) file: File,
    pub(super) executable: bool,
}

/// Finds out what `code` is, and that it lies in the stack's folder.
pub(super) fn locate(folder: &Path, code: &Path) -> Result<Code, Error> {
    let missing = |source| Error::Missing { code: code.to_owned(), source };
    let root = folder.canonicalize().map_err(missing)?;
    let real = root.join(code).canonicalize().map_err(missing)?;
    let Ok(inside) = real.strip_prefix(&root).map(Path::to_owned) else {
        return Err(Error::OutsideStack { code: code.to_owned() });
    };
    let found = real.metadata().map_err(missing)?;
    if found.is_dir() {
        return Ok(Code::Folder(real));
    }
    if !found.is_file() {
        return Err(Error::Special { path: code.to_owned() });
    }
    let tree = Arc::new(Tree { root, label: PathBuf::new() });
    let entry = Entry { tree, inside, size: found.len(), link: None, started: false };
    if code.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip")) {
        return Ok(Code::Finished(entry));
    }
    let name = code.file_name().map(Path::new).and_then(name_in_zip);
    Ok(Code::Single(name.ok_or_else(|| Error::Name { path: code.to_owned() })?, entry))
}

/// Finds all files below the canonical path `root`, except those for which `ignored` (asked with a relative path and
/// whether it is a folder) says so.
///
/// Symbolic links stay links where what they lead to is in the package. Modules that find each other by their real
/// place need that, as in the `node_modules` of pnpm, and a package would hold everything twice otherwise. Lambda keeps
/// links. Other links are followed.
pub(super) fn walk(
    root: &Path,
    label: &Path,
    ignored: &dyn Fn(&Path, bool) -> bool,
) -> Result<Entries, Error> {
    let tree = Arc::new(Tree { root: root.to_owned(), label: label.to_owned() });
    let mut walk = Walk { tree, ignored, entries: Entries::new(), links: BTreeMap::new() };
    walk.take(root, false)?;
    walk.resolve_links()?;
    Ok(walk.entries)
}

/// A walk through a tree.
struct Walk<'a> {
    tree: Arc<Tree>,
    ignored: &'a dyn Fn(&Path, bool) -> bool,
    entries: Entries,
    /// The links that were found, by their names in the zip.
    links: BTreeMap<String, PathBuf>,
}

impl Walk<'_> {
    /// Takes what lies at `start` and below, and notes links, unless they are followed.
    fn take(&mut self, start: &Path, follow: bool) -> Result<(), Error> {
        let tree = Arc::clone(&self.tree);
        let mut walk = WalkDir::new(start).follow_links(follow).into_iter();
        while let Some(found) = walk.next() {
            let found = match found {
                Ok(found) => found,
                Err(error) if tree.is_about(&error, self.ignored) => continue,
                Err(error) => return Err(tree.explain(error)),
            };
            let path = tree.relative(found.path());
            if path.as_os_str().is_empty() {
                continue;
            }
            if found.path_is_symlink() && !follow {
                self.note_link(found.path())?;
                continue;
            }
            let is_dir = found.file_type().is_dir();
            if (self.ignored)(path, is_dir) {
                if is_dir {
                    walk.skip_current_dir();
                }
                continue;
            }
            let inside = if follow { tree.real(found.path())? } else { path.to_owned() };
            if !is_dir {
                let (name, size) = tree.judge(&found)?;
                let tree = Arc::clone(&tree);
                self.entries.insert(name, Entry { tree, inside, size, link: None, started: false });
            }
        }
        Ok(())
    }

    /// A link is ignored as what it leads to; one that leads nowhere as either.
    fn note_link(&mut self, link: &Path) -> Result<(), Error> {
        let path = self.tree.relative(link);
        let ignored = match link.metadata() {
            Ok(target) => (self.ignored)(path, target.is_dir()),
            Err(_) => (self.ignored)(path, false) || (self.ignored)(path, true),
        };
        if !ignored {
            let shown = || Error::Name { path: self.tree.shown(link) };
            self.links.insert(name_in_zip(path).ok_or_else(shown)?, link.to_owned());
        }
        Ok(())
    }

    /// Decides which links stay, after all else has been found.
    fn resolve_links(&mut self) -> Result<(), Error> {
        let links = std::mem::take(&mut self.links);
        let mut present: BTreeSet<String> = self.entries.keys().chain(links.keys()).cloned().collect();
        present.insert(String::new());
        for (name, link) in links {
            let inside = self.tree.real(&link)?;
            let target = name_in_zip(&inside).filter(|target| is_present(&present, target));
            let Some(target) = target else {
                self.take(&link, true)?;
                continue;
            };
            let leads = relative(&name, &target);
            let size = leads.len() as u64;
            let tree = Arc::clone(&self.tree);
            self.entries.insert(name, Entry { tree, inside, size, link: Some(leads), started: false });
        }
        Ok(())
    }
}

/// Whether a file of this name is present, or anything in a folder of this name.
fn is_present(present: &BTreeSet<String>, name: &str) -> bool {
    let folder = format!("{name}/");
    present.contains(name)
        || present.range(folder.clone()..).next().is_some_and(|next| next.starts_with(&folder))
}

/// The way from the folder of the link `from` to `to`, both from the top of the zip.
fn relative(from: &str, to: &str) -> String {
    let folder: Vec<&str> = from.split('/').rev().skip(1).collect();
    let folder: Vec<&str> = folder.into_iter().rev().collect();
    let to: Vec<&str> = to.split('/').filter(|part| !part.is_empty()).collect();
    let common = folder.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", folder.len() - common);
    let parts: Vec<&str> = up.chain(to[common..].iter().copied()).collect();
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

impl Tree {
    fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }

    fn shown(&self, path: &Path) -> PathBuf {
        self.label.join(self.relative(path))
    }

    /// Where `path` really lies in this tree. A link out of it is refused even where its target would be harmless:
    /// the package must not depend on what surrounds its folder.
    fn real(&self, path: &Path) -> Result<PathBuf, Error> {
        let unreadable = |source| Error::Unreadable { path: self.shown(path), source };
        let real = path.canonicalize().map_err(unreadable)?;
        match real.strip_prefix(&self.root) {
            Ok(inside) => Ok(inside.to_owned()),
            Err(_) => Err(Error::Leaves { link: self.shown(path) }),
        }
    }

    /// The name and size of something that is no folder, if it may go into a zip.
    fn judge(&self, found: &walkdir::DirEntry) -> Result<(String, u64), Error> {
        let shown = || self.shown(found.path());
        if !found.file_type().is_file() {
            return Err(Error::Special { path: shown() });
        }
        let name = name_in_zip(self.relative(found.path())).ok_or_else(|| Error::Name { path: shown() })?;
        let metadata =
            found.metadata().map_err(|error| Error::Unreadable { path: shown(), source: error.into() })?;
        Ok((name, metadata.len()))
    }

    /// Whether an error is about something that is ignored anyway, such as a dangling link of an editor.
    fn is_about(&self, error: &walkdir::Error, ignored: &dyn Fn(&Path, bool) -> bool) -> bool {
        error
            .path()
            .map(|path| self.relative(path))
            .is_some_and(|path| ignored(path, false) || ignored(path, true))
    }

    fn explain(&self, error: walkdir::Error) -> Error {
        let path = self.shown(error.path().unwrap_or(&self.root));
        if error.loop_ancestor().is_some() {
            Error::Loop { link: path }
        } else {
            Error::Unreadable { path, source: error.into() }
        }
    }
}

impl Entry {
    /// Whether it is a symbolic link.
    pub(super) fn is_link(&self) -> bool {
        self.link.is_some()
    }

    /// Whether it was found in the folder `root`, by its canonical path.
    pub(super) fn lies_in(&self, root: &Path) -> bool {
        self.tree.root == root
    }

    /// Makes the file executable, whatever its mode on this machine.
    pub(super) fn make_executable(&mut self) {
        self.started = true;
    }

    /// The name in the zip of what a link leads to.
    pub(super) fn target(&self) -> Option<String> {
        name_in_zip(&self.inside).filter(|_| self.is_link())
    }

    /// The path for messages.
    pub(super) fn shown(&self) -> PathBuf {
        self.tree.label.join(&self.inside)
    }

    /// The first bytes of the file, at most so many.
    pub(super) fn start(&self, most: u64) -> Result<Vec<u8>, Error> {
        let mut start = Vec::new();
        let read = self.open()?.file.take(most).read_to_end(&mut start);
        read.map_err(|source| Error::Unreadable { path: self.shown(), source })?;
        Ok(start)
    }

    /// Opens the file, and checks what was opened rather than what was there when the folder was read.
    pub(super) fn open(&self) -> Result<Open, Error> {
        let unreadable = |source| Error::Unreadable { path: self.shown(), source };
        let file = open_beneath(&self.tree.root, &self.inside).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.is_file() {
            Ok(Open { file, executable: self.started || is_executable(&metadata) })
        } else {
            Err(Error::Special { path: self.shown() })
        }
    }
}

/// Opens folder by folder and follows no link, so that swapping one in after the check gives an error instead of
/// another file. Without blocking, so that a pipe that was swapped in does not stop the build.
#[cfg(unix)]
fn open_beneath(root: &Path, inside: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open, openat};

    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let mut opened = open(root, flags | OFlags::DIRECTORY, Mode::empty())?;
    for part in inside.components() {
        opened = openat(&opened, part.as_os_str(), flags | OFlags::NOFOLLOW, Mode::empty())?;
    }
    Ok(File::from(opened))
}

/// Where links need privileges, the check of the path must do.
#[cfg(not(unix))]
fn open_beneath(root: &Path, inside: &Path) -> io::Result<File> {
    File::open(root.join(inside))
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;

    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    false
}

/// The parts of a relative path joined by forward slashes. A backslash in a part would be a separator to some tools
/// that unpack zips, and to others not.
fn name_in_zip(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str().filter(|part| !part.contains('\\'))?),
            _ => return None,
        }
    }
    Some(parts.join("/"))
}
