//! Which files of a function are its own code, and in which way its language reads each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use serde_json::Value;
use zip::ZipArchive;

use crate::package::files::{Entries, Entry};

/// A larger file is data, or was written by a program.
const LARGEST: u64 = 4 << 20;

/// What installers of Python packages write: the files of a package.
const RECORD: &str = ".dist-info/RECORD";

const MANIFEST: &str = "package.json";

/// A language whose code is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Language {
    Python,
    Node,
}

/// A runtime of a language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Runtime {
    /// As the stack file names it.
    pub(super) name: String,
    pub(super) language: Language,
    /// The major and minor version; of Node.js only the major one counts. `None` if it cannot be told from the name.
    pub(super) version: Option<(u32, u32)>,
}

impl Runtime {
    /// `None` for a runtime whose code is not checked.
    pub(super) fn of(name: &str) -> Option<Self> {
        let python = name.strip_prefix("python").map(|version| (Language::Python, version));
        let (language, version) =
            python.or_else(|| name.strip_prefix("nodejs").map(|version| (Language::Node, version)))?;
        Some(Self { name: name.to_owned(), language, version: language.version(version) })
    }
}

impl Language {
    /// Its name for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::Node => "Node.js",
        }
    }

    /// The version in a text such as `3.13`, `22.x` or `20.11.1`.
    pub(super) fn version(self, text: &str) -> Option<(u32, u32)> {
        let (major, rest) = text.split_once('.')?;
        let minor = match self {
            Self::Python => rest.split('.').next()?.parse().ok()?,
            Self::Node => 0,
        };
        Some((major.parse().ok()?, minor))
    }
}

/// How a compiler reads a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Python,
    CommonJs,
    Module,
    /// As CommonJS or as a module, whichever fits: versions of Node.js differ in what they take a file for if nothing says it.
    Either,
}

impl Kind {
    /// Its letter in the input of a compiler.
    pub(super) fn letter(self) -> char {
        match self {
            Self::Python => 'p',
            Self::CommonJs => 'c',
            Self::Module => 'm',
            Self::Either => 'e',
        }
    }
}

/// The code in a package.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) zip: PathBuf,
    pub(super) files: Vec<CodeFile>,
}

/// A file to check.
#[derive(Clone)]
pub(super) struct CodeFile {
    kind: Kind,
    /// Its name in the zip.
    name: String,
    /// Its path for messages.
    pub(super) shown: PathBuf,
}

impl Code {
    /// Reads each file from the zip, which is what will be uploaded: those in the folder may have changed since.
    pub(super) fn read_each(&self, mut take: impl FnMut(Kind, &[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut zip = ZipArchive::new(BufReader::new(File::open(&self.zip)?))?;
        let mut bytes = Vec::new();
        for file in &self.files {
            bytes.clear();
            zip.by_name(&file.name)?.read_to_end(&mut bytes)?;
            take(file.kind, &bytes)?;
        }
        Ok(())
    }
}

/// The code among the user's own files. What an installer has put there is not the user's to repair: packages may contain
/// files for other versions of the language.
pub(super) fn code_files(
    entries: &Entries,
    is_own: impl Fn(&Entry) -> bool,
    language: Language,
) -> Vec<CodeFile> {
    let installed = match language {
        Language::Python => installed(entries),
        Language::Node => BTreeSet::new(),
    };
    let mut types = Types { entries, known: BTreeMap::new() };
    let mut files = Vec::new();
    for (name, entry) in entries {
        let is_written = is_own(entry) && !is_in_modules(name) && !installed.contains(name);
        if !is_written || entry.is_link() || entry.size > LARGEST {
            continue;
        }
        if let Some(kind) = types.kind(name, language) {
            files.push(CodeFile { kind, name: name.clone(), shown: entry.shown() });
        }
    }
    files
}

fn is_in_modules(name: &str) -> bool {
    name.split('/').any(|part| part == "node_modules")
}

/// The names of files that belong to packages of Python, by the lists of their installers.
fn installed(entries: &Entries) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (name, entry) in entries.iter().filter(|(name, _)| name.ends_with(RECORD)) {
        let package = name.trim_end_matches("/RECORD");
        let folder = package.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
        let list = entry.start(LARGEST).unwrap_or_default();
        // Only a name with a comma or a quote is written in quotes, and no module has such a name.
        let paths = String::from_utf8_lossy(&list);
        let paths = paths.lines().filter_map(|line| line.split(',').next());
        names.extend(paths.map(|path| format!("{folder}{path}")));
    }
    names
}

/// The types of JavaScript files, by folder, as far as they are known.
struct Types<'a> {
    entries: &'a Entries,
    known: BTreeMap<String, Kind>,
}

impl Types<'_> {
    /// How a language reads a file; `None` for a file that is not code.
    fn kind(&mut self, name: &str, language: Language) -> Option<Kind> {
        let (_, extension) = name.rsplit_once('.')?;
        match (language, extension) {
            (Language::Python, "py") => Some(Kind::Python),
            (Language::Node, "mjs") => Some(Kind::Module),
            (Language::Node, "cjs") => Some(Kind::CommonJs),
            (Language::Node, "js") => Some(self.of_folder(folder(name))),
            _ => None,
        }
    }

    /// What the nearest `package.json` says of `.js` files in a folder.
    fn of_folder(&mut self, name: &str) -> Kind {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        let manifest = if name.is_empty() { MANIFEST.to_owned() } else { format!("{name}/{MANIFEST}") };
        let kind = match self.entries.get(&manifest) {
            Some(manifest) => declared(manifest),
            None if name.is_empty() => Kind::Either,
            None => self.of_folder(folder(name)),
        };
        self.known.insert(name.to_owned(), kind);
        kind
    }
}

fn folder(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn declared(manifest: &Entry) -> Kind {
    let text = manifest.start(LARGEST).unwrap_or_default();
    let manifest: Value = serde_json::from_slice(&text).unwrap_or_default();
    match manifest["type"].as_str() {
        Some("module") => Kind::Module,
        Some("commonjs") => Kind::CommonJs,
        _ => Kind::Either,
    }
}
