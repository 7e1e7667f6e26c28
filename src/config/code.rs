//! `code` and `handler`: the files of a function, which must be in the stack's folder and contain what Lambda calls.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::decode::{Value, help};
use super::runtime;
use crate::suggest;

/// The value of `code` without `.` parts.
pub(super) fn code(value: Value, files: &CodeFiles) -> Option<PathBuf> {
    let text = value.short(4096)?;
    let path = Path::new(text);
    if path.is_absolute() || escapes(path) {
        return leaves(value, text);
    }
    let path: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    match files.at(&path) {
        Found::Nothing => value.fail(format!("there is no file or folder `{text}`"), files.meant(&path)),
        Found::Outside => leaves(value, text),
        Found::EmptyFolder => {
            value.fail(format!("the folder `{text}` is empty"), help("put the function's code into it"))
        }
        Found::Unreadable(_) | Found::Code(_) => Some(path),
    }
}

fn leaves<T>(value: Value, text: &str) -> Option<T> {
    let way = help("move the code into the folder of `stack.yaml`, or a folder in it");
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
pub(super) struct CodeFiles<'a> {
    folder: &'a Path,
    /// The folder with symbolic links resolved, in which every path must be; `None` if it does not exist.
    real_folder: OnceCell<Option<PathBuf>>,
    found: RefCell<HashMap<PathBuf, Found>>,
}

/// What exists at a path.
#[derive(Clone)]
pub(super) enum Found {
    Nothing,
    /// Something outside the stack's folder.
    Outside,
    EmptyFolder,
    /// A zip that cannot be read, with the reason.
    Unreadable(String),
    Code(Rc<Files>),
}

impl<'a> CodeFiles<'a> {
    pub(super) fn new(folder: &'a Path) -> Self {
        CodeFiles { folder, real_folder: OnceCell::new(), found: RefCell::default() }
    }

    pub(super) fn at(&self, path: &Path) -> Found {
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
pub(super) enum Files {
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

    fn has(&self, name: &str) -> bool {
        match self {
            Self::Folder(folder) => folder.join(name).is_file(),
            Self::Single(single) => single == name,
            Self::Zip(names) => names.iter().any(|file| file == name),
        }
    }

    /// The files at the top.
    fn top(&self) -> Vec<String> {
        match self {
            Self::Folder(folder) => names_in(folder),
            Self::Single(name) => vec![name.clone()],
            Self::Zip(names) => names.iter().filter(|name| !name.contains('/')).cloned().collect(),
        }
    }
}

/// Checks that the file that a handler names is in the code. `at` is where to report it: the handler, or where it is
/// left out, the code.
pub(super) fn check_handler(
    at: Value,
    found: Found,
    path: &Path,
    handler: &str,
    runtime: &str,
) -> Option<()> {
    let files = match found {
        Found::Code(files) => files,
        Found::Unreadable(why) => {
            return at.fail(format!("cannot read `{}` as a zip: {why}", path.display()), None);
        }
        // The error of the code is already reported.
        Found::Nothing | Found::Outside | Found::EmptyFolder => return None,
    };
    let family = runtime::family(runtime);
    if family == "provided" {
        return check_bootstrap(at, &files);
    }
    let Some(wanted) = Wanted::of(family, handler) else {
        if matches!(family, "python" | "nodejs" | "ruby") {
            return at.fail(
                format!("invalid handler `{handler}`"),
                help("a handler is the name of a file, a dot, and the name of a function in it"),
            );
        }
        return Some(());
    };
    if wanted.exists(&files) {
        return Some(());
    }
    let message = format!("the code has no file {} for the handler `{handler}`", wanted.shown());
    let slashes = handler.replace('\\', "/");
    if slashes != handler && Wanted::of(family, &slashes).is_some_and(|wanted| wanted.exists(&files)) {
        return at.fail(message, help(format!("did you mean `handler: {slashes}`?")));
    }
    let example = || help("write the file without its extension, a dot, and the function in it");
    at.fail(message, wanted.meant(&files).or_else(example))
}

/// Checks that the program that Lambda starts for a custom runtime is in the code, whatever the handler is.
fn check_bootstrap(at: Value, files: &Files) -> Option<()> {
    if files.has("bootstrap") {
        return Some(());
    }
    let help = help(
        "a custom runtime starts the executable `bootstrap` at the top of the code; a layer may bring it",
    );
    at.fail("the code has no file `bootstrap`".to_owned(), help)
}

/// The files of which a handler needs one, and the rest of the handler.
struct Wanted<'a> {
    files: Vec<String>,
    endings: &'static [&'static str],
    function: &'a str,
}

impl<'a> Wanted<'a> {
    fn of(family: &str, handler: &'a str) -> Option<Self> {
        let base = handler.rfind('/').map_or(0, |slash| slash + 1);
        // Python splits `a.b.handler` at the last dot, and takes the others for folders; Node.js and Ruby split at the
        // first dot of the file's name.
        let dot = match family {
            "python" => handler[base..].rfind('.')?,
            "nodejs" | "ruby" => handler[base..].find('.')?,
            _ => return None,
        };
        let (module, function) = (&handler[..base + dot], &handler[base + dot + 1..]);
        if module.is_empty() || module.ends_with('/') || function.is_empty() {
            return None;
        }
        let (module, endings): (String, &[&str]) = match family {
            "python" => (module.replace('.', "/"), &[".py", "/__init__.py"]),
            "nodejs" => (module.to_owned(), &[".js", ".mjs", ".cjs"]),
            _ => (module.to_owned(), &[".rb"]),
        };
        let module = module.trim_start_matches("./");
        let files = endings.iter().map(|ending| format!("{module}{ending}")).collect();
        Some(Self { files, endings, function })
    }

    fn exists(&self, files: &Files) -> bool {
        self.files.iter().any(|name| files.has(name))
    }

    /// The files in words; that a Python module may be a folder needs no mention.
    fn shown(&self) -> String {
        let files: Vec<&str> =
            self.files.iter().filter(|file| !file.ends_with("/__init__.py")).map(String::as_str).collect();
        suggest::quoted(&files).replace(" and ", " or ")
    }

    /// The handler that was probably meant, from the files at the top of the code.
    fn meant(&self, files: &Files) -> Option<String> {
        let top = files.top();
        let modules: Vec<&str> = top
            .iter()
            .filter_map(|name| self.endings.iter().find_map(|end| name.strip_suffix(end)))
            .collect();
        let handler = |module: &str| help(format!("did you mean `handler: {module}.{}`?", self.function));
        let wanted = self.files[0].strip_suffix(self.endings[0])?;
        match modules.as_slice() {
            [only] => handler(only),
            _ => handler(suggest::nearest(wanted, modules.iter().copied())?),
        }
    }
}
