//! `code`: files in the stack's folder.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::decode::{Value, help};
use crate::suggest;
use crate::yaml::Kind;

/// The value of `code` without `.` parts.
pub(crate) fn code(value: Value) -> Option<PathBuf> {
    let files = value.cx.code;
    let (text, path) = path_of(value)?;
    match files.at(&path) {
        Found::Nothing => value.fail(format!("there is no file or folder `{text}`"), files.meant(&path)),
        Found::Outside => leaves(value, text),
        Found::EmptyFolder => {
            value.fail(format!("the folder `{text}` is empty"), help("put the function's code into it"))
        }
        Found::Unreadable(_) | Found::Code(_) => Some(path),
    }
}

/// The path of a file in the stack's folder.
pub(crate) fn file(value: Value) -> Option<PathBuf> {
    let files = value.cx.code;
    let (text, path) = path_of(value)?;
    match files.at(&path) {
        Found::Nothing => value.fail(format!("there is no file `{text}`"), files.meant(&path)),
        Found::Outside => leaves(value, text),
        _ if files.folder.join(&path).is_dir() => {
            value.fail(format!("`{text}` is a folder"), help("name a file"))
        }
        _ => Some(path),
    }
}

/// A path in the stack's folder, as it is written and without `.` parts.
fn path_of<'a>(value: Value<'a>) -> Option<(&'a str, PathBuf)> {
    let text = value.short(4096)?;
    if matches!(value.node.kind, Kind::Template { .. }) {
        let message =
            format!("`{}` cannot depend on where the stack is, or on a value from elsewhere", value.key.text);
        return value.fail(message, help("use `${var.NAME}`, `${env}` or `${process.NAME}`"));
    }
    // In a part, paths are relative to the part.
    let path = value.cx.source().folder(value.span()).join(text);
    if path.is_absolute() || escapes(&path) {
        return leaves(value, text);
    }
    Some((text, path.components().filter(|part| *part != Component::CurDir).collect()))
}

fn leaves<T>(value: Value, text: &str) -> Option<T> {
    let way = help("move it into the folder of `stack.yaml`, or a folder in it");
    value.fail(format!("`{text}` is outside the stack's folder"), way)
}

/// Whether a path climbs above where it starts.
fn escapes(path: &Path) -> bool {
    let mut depth = 0_i32;
    path.components().any(|part| {
        match part {
            Component::Normal(_) => depth += 1,
            Component::ParentDir => depth -= 1,
            _ => {}
        }
        depth < 0
    })
}

fn names_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// The code of functions by path, each looked up once: many functions may share one.
pub(crate) struct CodeFiles<'a> {
    folder: &'a Path,
    /// The folder with symbolic links resolved, in which every path must be; `None` if it does not exist.
    real_folder: OnceCell<Option<PathBuf>>,
    found: RefCell<HashMap<PathBuf, Found>>,
}

/// What exists at a path.
#[derive(Clone)]
pub(crate) enum Found {
    Nothing,
    /// Something outside the stack's folder.
    Outside,
    EmptyFolder,
    /// A zip that cannot be read, with the reason.
    Unreadable(String),
    Code(Rc<Files>),
}

impl<'a> CodeFiles<'a> {
    pub(crate) fn new(folder: &'a Path) -> Self {
        CodeFiles { folder, real_folder: OnceCell::new(), found: RefCell::default() }
    }

    pub(crate) fn at(&self, path: &Path) -> Found {
        if let Some(found) = self.found.borrow().get(path) {
            return found.clone();
        }
        let found = self.look(path);
        self.found.borrow_mut().insert(path.to_owned(), found.clone());
        found
    }

    fn look(&self, path: &Path) -> Found {
        let whole = self.folder.join(path);
        let folder = self.real_folder.get_or_init(|| self.folder.canonicalize().ok());
        let (Ok(real), Some(folder)) = (whole.canonicalize(), folder) else { return Found::Nothing };
        if !real.starts_with(folder) {
            return Found::Outside;
        }
        if real.is_dir() {
            let is_empty = fs::read_dir(&real).is_ok_and(|mut files| files.next().is_none());
            return if is_empty { Found::EmptyFolder } else { Found::Code(Rc::new(Files::Folder(whole))) };
        }
        Files::of(&whole).map_or_else(Found::Unreadable, |files| Found::Code(Rc::new(files)))
    }

    /// The path that was probably meant where there is nothing: written with `/`, which Windows alone takes for `\`; or
    /// with a similar name at its end.
    fn meant(&self, path: &Path) -> Option<String> {
        let written = path.to_str()?;
        let path = PathBuf::from(written.replace('\\', "/"));
        if escapes(&path) {
            return None;
        }
        if path.to_str() != Some(written) && self.folder.join(&path).exists() {
            return help(format!("did you mean `{}`?", path.components().as_path().display()));
        }
        let parent = path.parent()?;
        let names = names_in(&self.folder.join(parent));
        let name = path.file_name()?.to_str()?;
        let near = suggest::nearest(name, names.iter().map(String::as_str))?;
        help(format!("did you mean `{}`?", parent.join(near).display()))
    }
}

/// What the code of a function consists of.
pub(crate) enum Files {
    /// A folder.
    Folder(PathBuf),
    /// A single file, by its name.
    Single(String),
    /// The names in a finished `.zip`.
    Zip(Vec<String>),
}

impl Files {
    /// The files at a path that is not a folder.
    fn of(path: &Path) -> Result<Self, String> {
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip")) {
            let file = fs::File::open(path).map_err(|error| error.to_string())?;
            let archive = zip::ZipArchive::new(file).map_err(|error| error.to_string())?;
            // A name that cannot be read is not the file of a handler.
            let names = archive.file_names().flatten().map(|name| name.into_owned());
            return Ok(Self::Zip(names.collect()));
        }
        Ok(Self::Single(path.file_name().unwrap_or_default().to_string_lossy().into_owned()))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        match self {
            Self::Folder(folder) => folder.join(name).is_file(),
            Self::Single(single) => single == name,
            Self::Zip(names) => names.iter().any(|file| file == name),
        }
    }

    /// The files at the top.
    pub(crate) fn top(&self) -> Vec<String> {
        match self {
            Self::Folder(folder) => names_in(folder),
            Self::Single(name) => vec![name.clone()],
            Self::Zip(names) => names.iter().filter(|name| !name.contains('/')).cloned().collect(),
        }
    }
}
