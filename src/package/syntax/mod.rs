//! Finds syntax errors in the code of functions before it is uploaded, with the compilers that this machine has. Without
//! one there is no check.

mod code;
mod compiler;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;

use super::cache::key;
use super::files::{Entries, Entry};
use super::tool::Tools;
use super::{Package, TOOLS};
use code::{Code, CodeFile, Language, Runtime, code_files};
use compiler::{Compiler, Report, SyntaxError};

/// Changes when other files are checked or in another way, so that what was fine before is checked again.
const RECIPE: &str = "syntax 1";

const LEAVE_OUT: &str =
    "leave the file out with `exclude` or .provisionignore if the function does not need it";

/// The code of a package that has not been checked yet.
pub struct Unchecked {
    /// The file that will say that it is fine.
    note: PathBuf,
    runtime: Runtime,
    code: Code,
}

/// A syntax error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, relative to the folder of the stack.
    pub file: PathBuf,
    /// The line, from 1; 0 if it is not known.
    pub line: u32,
    /// The column, from 1; 0 if it is not known.
    pub column: u32,
    /// How many characters are wrong; 0 if that is not known.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// False if the function's runtime may know what the compiler of this machine does not.
    pub is_certain: bool,
}

impl Unchecked {
    /// The code in the user's own files of a package, unless it was found to be fine before.
    pub(super) fn of(
        entries: &Entries,
        is_own: impl Fn(&Entry) -> bool,
        runtime: &str,
        package: &Package,
        cache: &Path,
    ) -> Option<Self> {
        let runtime = Runtime::of(runtime)?;
        let name = key(&[RECIPE, &runtime.name, &package.sha256]);
        let note = cache.join("packages").join(format!("{name}.checked"));
        if note.is_file() {
            return None;
        }
        let files = code_files(entries, is_own, runtime.language);
        let code = Code { zip: package.zip.clone(), files };
        (!code.files.is_empty()).then_some(Self { note, runtime, code })
    }
}

/// Looks for syntax errors in code, with one run of each compiler that is needed. What is fine is noted in the folder `cache`
/// and not checked again.
pub async fn check(unchecked: Vec<Unchecked>, cache: &Path) -> Vec<Finding> {
    match std::path::absolute(cache) {
        Ok(cache) => check_with(&TOOLS, unchecked, &cache).await,
        Err(_) => Vec::new(),
    }
}

/// The same with other tools.
pub(super) async fn check_with(tools: &Tools, unchecked: Vec<Unchecked>, cache: &Path) -> Vec<Finding> {
    // Functions may share their code.
    let unchecked: BTreeMap<_, _> = unchecked.into_iter().map(|one| (one.note.clone(), one)).collect();
    let mut by_runtime: BTreeMap<String, Vec<Unchecked>> = BTreeMap::new();
    for one in unchecked.into_values() {
        by_runtime.entry(one.runtime.name.clone()).or_default().push(one);
    }
    let mut by_compiler: BTreeMap<Compiler, Vec<Unchecked>> = BTreeMap::new();
    for all in by_runtime.into_values() {
        let Some(first) = all.first() else { continue };
        if let Some(compiler) = Compiler::find(tools, &first.runtime, cache).await {
            by_compiler.entry(compiler).or_default().extend(all);
        }
    }
    let runs = by_compiler.into_iter().map(async |(compiler, all)| {
        let code = all.iter().map(|one| one.code.clone()).collect();
        let report = compiler.run(tools, code, cache).await;
        report.map(|report| judge(&all, &report)).unwrap_or_default()
    });
    join_all(runs).await.concat()
}

/// What the report of a compiler on all these files means for each function.
fn judge(all: &[Unchecked], report: &Report) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut first = 0;
    for one in all {
        let numbers = first..first + one.code.files.len();
        let errors: Vec<_> = report.errors.iter().filter(|error| numbers.contains(&error.file)).collect();
        if errors.is_empty() {
            // Without the note, it is checked again.
            let _ = fs::write(&one.note, "no syntax errors");
        }
        let of =
            |error: &SyntaxError| finding(&one.code.files[error.file - first], error, &one.runtime, report);
        findings.extend(errors.into_iter().map(of));
        first = numbers.end;
    }
    findings
}

fn finding(file: &CodeFile, error: &SyntaxError, runtime: &Runtime, report: &Report) -> Finding {
    let is_certain = runtime.version.is_some() && runtime.version <= report.version;
    let SyntaxError { line, column, length, message, .. } = error;
    let (message, help) = if is_certain {
        let help = match hint(runtime.language, message) {
            Some(hint) => hint.to_owned(),
            None => format!("fix it, or {LEAVE_OUT}"),
        };
        (format!("{} syntax error: {message}", runtime.language.name()), help)
    } else {
        let compiler = &report.shown;
        let help = format!(
            "the function runs on {}, which may know more than {compiler} of this machine; {LEAVE_OUT}",
            runtime.name
        );
        (format!("{compiler} finds a syntax error: {message}"), help)
    };
    let (line, column, length) = (*line, *column, *length);
    Finding { file: file.shown.clone(), line, column, length, message, help, is_certain }
}

/// What to do about an error whose reason is not in the line that it names.
fn hint(language: Language, message: &str) -> Option<&'static str> {
    let is_module = message.starts_with("Cannot use import statement outside")
        || message.starts_with("Unexpected token 'export'")
        || message.starts_with("Cannot use 'import.meta' outside");
    let hint = r#"the file is read as CommonJS: set "type": "module" in package.json, or name it .mjs"#;
    (language == Language::Node && is_module).then_some(hint)
}
