//! Runs the compiler of a language over many files at once. It gets the files on its standard input and never sees their
//! folder, so that it can neither import nor run anything of them.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;
use std::time::Duration;

use super::code::{Code, Language, Runtime};
use crate::package::tool::{Call, Tools};
use crate::package::{blocking, cache, python};

/// Small programs in the languages themselves. They read files, each after a letter for its kind and its length in 15 digits,
/// and print their version, and then a line for each error: the number of the file, the line, the column, the length of what is
/// wrong, and the message, between tabs.
const PYTHON: &str = include_str!("check.py");
const NODE: &str = include_str!("check.js");

/// Without the user's settings and packages, and without writing anything: `-I`, `-S`, `-B`.
const PYTHON_FLAGS: &[&str] = &["-I", "-S", "-B", "-c"];
const NODE_FLAGS: &[&str] = &["--no-warnings", "--experimental-vm-modules", "-e"];

/// A check that takes longer is worth less than what it holds up.
const LIMIT: Duration = Duration::from_secs(20);

/// A compiler of this machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Compiler {
    language: Language,
    program: String,
}

/// What a compiler said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    /// The version, as far as it decides what the compiler knows.
    pub(super) version: Option<(u32, u32)>,
    /// The same for people.
    pub(super) shown: String,
    pub(super) errors: Vec<SyntaxError>,
}

/// An error in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    /// The number of the file.
    pub(super) file: usize,
    /// Its place, from 1; 0 if it is not known.
    pub(super) line: u32,
    pub(super) column: u32,
    /// How many characters are wrong; 0 if that is not known.
    pub(super) length: usize,
    pub(super) message: String,
}

impl Compiler {
    /// The compiler for a runtime, if this machine has one: of the same version, else the usual one.
    pub(super) async fn find(tools: &Tools, runtime: &Runtime, cache: &Path) -> Option<Self> {
        let language = runtime.language;
        if language == Language::Node {
            return Some(Self { language, program: "node".to_owned() });
        }
        let folder = cache.join("python");
        cache::create_folder(&folder).ok()?;
        for program in [runtime.name.as_str(), "python3"] {
            if let Some(program) = python::place(tools, program, &folder).await {
                return Some(Self { language, program });
            }
        }
        None
    }

    /// Compiles the files of packages. `None` if the program does not exist, or does not do what is asked of it.
    pub(super) async fn run(&self, tools: &Tools, code: Vec<Code>, cache: &Path) -> Option<Report> {
        let folder = cache.to_owned();
        let input =
            blocking(move || input(&code, &folder).map_err(|source| cache::unwritable(&folder, source)));
        let (script, flags) = match self.language {
            Language::Python => (PYTHON, PYTHON_FLAGS),
            Language::Node => (NODE, NODE_FLAGS),
        };
        let arguments = flags.iter().chain([&script]).map(OsString::from).collect();
        let (program, task) = (self.program.as_str(), "looking for syntax errors");
        let call = Call { program, arguments, settings: &[], folder: cache, task };
        let output = tools.run_on(&call, input.await.ok()?, LIMIT).await?;
        Report::read(self.language, &String::from_utf8_lossy(&output))
    }
}

/// A file with all files in it, which is deleted as it is closed.
fn input(code: &[Code], folder: &Path) -> io::Result<File> {
    let mut input = BufWriter::new(tempfile::tempfile_in(folder)?);
    for one in code {
        one.read_each(|kind, bytes| {
            write!(input, "{}{:015}", kind.letter(), bytes.len())?;
            input.write_all(bytes)
        })?;
    }
    let mut input = input.into_inner().map_err(io::IntoInnerError::into_error)?;
    input.rewind()?;
    Ok(input)
}

impl Report {
    fn read(language: Language, text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let version = lines.next()?;
        let errors = lines.map(SyntaxError::read).collect::<Option<_>>()?;
        Some(Self {
            version: language.version(version),
            shown: format!("{} {version}", language.name()),
            errors,
        })
    }
}

impl SyntaxError {
    fn read(line: &str) -> Option<Self> {
        let mut parts = line.splitn(5, '\t');
        let mut number = || parts.next()?.parse::<u32>().ok();
        let (file, line, column, length) = (number()?, number()?, number()?, number()?);
        let message = parts.next()?.to_owned();
        let (file, length) = (usize::try_from(file).ok()?, usize::try_from(length).ok()?);
        Some(Self { file, line, column, length, message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_compiler_prints_is_read_and_anything_else_is_no_report() {
        let report = Report::read(Language::Python, "3.11\n4\t2\t7\t1\tinvalid\tsyntax").expect("a report");
        let error = SyntaxError { file: 4, line: 2, column: 7, length: 1, message: "invalid\tsyntax".into() };
        let expected =
            Report { version: Some((3, 11)), shown: "Python 3.11".to_owned(), errors: vec![error] };
        assert_eq!(report, expected);
        for text in ["", "3.11\nTraceback", "3.11\n1\t2\t3\tx\tmessage", "3.11\n1\t2\t3\t4"] {
            assert_eq!(Report::read(Language::Python, text), None, "{text}");
        }
    }
}
