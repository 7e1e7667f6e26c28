//! Reads `requirements.txt`: refuses what would run foreign code, and judges conditions for the function's machine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pep508_rs::ExtraName;

use super::error::Error;
use super::machine::{Machine, condition};
use super::text::read_marked;
use crate::text::without_credentials;

/// The name of the file.
pub(super) const FILE: &str = "requirements.txt";

/// Options of a requirements file that change only where packages come from. All others are refused, because pip
/// accepts any abbreviation of options such as `--editable` and `--no-binary`, which build from source.
const OPTIONS: &[&str] = &[
    "-i",
    "--index-url",
    "--extra-index-url",
    "--no-index",
    "-f",
    "--find-links",
    "--trusted-host",
    "--require-hashes",
    "--only-binary",
    "--prefer-binary",
    "--pre",
];

/// Those of them that name a folder, which may be relative to the requirements file.
const FOLDER_OPTIONS: &[&str] = &["-f", "--find-links"];

const NOT_AN_OPTION: &str = "only options about indexes and hashes are allowed; remove it, or put the package's files \
     into the code folder";
const NOT_A_WHEEL: &str = "folders, version control and archives other than wheels would have to be built, which runs \
     their code; name a released version or the URL of a wheel, or put a wheel into a folder named by --find-links";
const NOT_A_FILE: &str = "requirements behind a URL cannot be cached; copy the file into the code folder";

pub(super) const TOO_MANY_FILES: &str =
    "more than a hundred files are included; put what they ask for into one";

/// Files are read within each other, so that there must be an end to it.
pub(super) const MOST_FILES: usize = 100;

/// What a function's requirements file asks for on the function's machine, together with the files that it includes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Requirements {
    /// The lines that apply, without their conditions: what an installer on another machine would misjudge.
    pub(super) lines: String,
    /// The lines of constraints files that apply.
    pub(super) constraints: String,
    /// The packages that are asked for.
    pub(super) wanted: Vec<Wanted>,
    /// The names of packages whose version may change although the file does not.
    pub(super) unpinned: Vec<String>,
}

/// A package that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Its name, as it is written.
    pub(super) name: String,
    /// The extras that it is wanted with.
    pub(super) extras: Vec<ExtraName>,
}

/// Reads the requirements of a code folder; `None` if it asks for no package. `is_set` tells whether installers see a
/// variable of the environment.
pub(super) fn read(
    root: &Path,
    label: &Path,
    machine: &Machine,
    is_set: &dyn Fn(&str) -> bool,
) -> Result<Option<Requirements>, Error> {
    let file = root.join(FILE);
    if !file.exists() {
        return Ok(None);
    }
    let mut reader = Reader {
        root,
        label,
        machine,
        is_set,
        seen: BTreeSet::new(),
        pinned: BTreeSet::new(),
        found: Requirements::default(),
    };
    reader.read(&file, Role::Requirements)?;
    let Reader { pinned, mut found, .. } = reader;
    let names = found.wanted.iter().map(|wanted| &wanted.name);
    found.unpinned = names.filter(|name| !pinned.contains(&normal(name))).cloned().collect();
    Ok(Some(found).filter(|found| !found.wanted.is_empty()))
}

/// The name by which an index knows a package, however it is spelled.
pub(super) fn normal(name: &str) -> String {
    let parts: Vec<&str> = name.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    parts.join("-").to_lowercase()
}

/// Whether a file asks for packages, or only limits the versions of those asked for elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Requirements,
    Constraints,
}

struct Reader<'a> {
    root: &'a Path,
    label: &'a Path,
    machine: &'a Machine,
    is_set: &'a dyn Fn(&str) -> bool,
    seen: BTreeSet<PathBuf>,
    pinned: BTreeSet<String>,
    found: Requirements,
}

impl Reader<'_> {
    fn read(&mut self, file: &Path, role: Role) -> Result<(), Error> {
        // By its real place: `-r x/../requirements.txt` is the same file each time.
        if !self.seen.insert(file.canonicalize().unwrap_or_else(|_| file.to_owned())) {
            return Ok(());
        }
        let shown = self.label.join(file.strip_prefix(self.root).unwrap_or(file));
        let contents = read_marked(file, &shown)?;
        for (line, text) in logical_lines(&contents) {
            self.take(file, &text, role).map_err(|refusal| match refusal {
                Refusal::Line(reason) => Error::Requirement {
                    path: shown.clone(),
                    line,
                    text: without_credentials(&text).into_owned(),
                    reason,
                },
                Refusal::Included(error) => error,
            })?;
        }
        Ok(())
    }

    /// Takes in a line of `file`.
    fn take(&mut self, file: &Path, text: &str, role: Role) -> Result<(), Refusal> {
        if let Some(name) = variables(text).find(|name| !(self.is_set)(name)) {
            return Err(Refusal::Line(format!(
                "the variable {name} is not passed to pip and uv, which see no secrets of a pipeline; put the index \
                 with its credentials into pip.conf or uv.toml"
            )));
        }
        match meaning(text)? {
            Line::Option => self.keep(&with_whole_path(text, file), Role::Requirements),
            Line::Include(..) if self.seen.len() >= MOST_FILES => return Err(TOO_MANY_FILES.into()),
            Line::Include(other, inner) => {
                let role = if role == Role::Constraints { role } else { inner };
                self.read(&file.with_file_name(other), role).map_err(Refusal::Included)?;
            }
            Line::Package(package) => self.note(package, role)?,
        }
        Ok(())
    }

    fn note(&mut self, package: Package, role: Role) -> Result<(), Refusal> {
        if let Some(text) = &package.condition {
            let condition = condition(text)
                .map_err(|error| Refusal::Line(format!("its condition cannot be understood: {error}")))?;
            if !self.machine.meets(&condition, &[]) {
                return Ok(());
            }
        }
        self.keep(&package.line, role);
        if package.pinned {
            self.pinned.insert(normal(&package.wanted.name));
        }
        if role == Role::Requirements {
            self.found.wanted.push(package.wanted);
        }
        Ok(())
    }

    fn keep(&mut self, line: &str, role: Role) {
        let lines = match role {
            Role::Requirements => &mut self.found.lines,
            Role::Constraints => &mut self.found.constraints,
        };
        lines.push_str(line);
        lines.push('\n');
    }
}

/// Why a line is not taken.
enum Refusal {
    Line(String),
    /// Something is wrong with a file that it includes.
    Included(Error),
}

impl From<&str> for Refusal {
    fn from(reason: &str) -> Self {
        Self::Line(reason.to_owned())
    }
}

enum Line {
    Option,
    Include(String, Role),
    Package(Package),
}

/// A line that asks for a package.
struct Package {
    /// The line without its condition.
    line: String,
    condition: Option<String>,
    wanted: Wanted,
    pinned: bool,
}

/// What a line means, or why it is refused.
fn meaning(line: &str) -> Result<Line, Refusal> {
    if let Some((file, role)) = included(line) {
        let is_url = file.contains("://");
        return if is_url { Err(NOT_A_FILE.into()) } else { Ok(Line::Include(file.to_owned(), role)) };
    }
    if line.starts_with('-') {
        let option = option(line);
        let harmless = OPTIONS.contains(&option) && !line.contains(":none:");
        return if harmless { Ok(Line::Option) } else { Err(NOT_AN_OPTION.into()) };
    }
    let (whole, options) = line.split_at(line.find(" --").unwrap_or(line.len()));
    let (package, condition) = split_condition(whole);
    let direct = package.contains(['/', '\\']) || package.starts_with('.');
    if direct && !is_wheel(package) {
        return Err(NOT_A_WHEEL.into());
    }
    let exact =
        package.split(',').any(|version| version.contains("==") && !version.trim_end().ends_with('*'));
    Ok(Line::Package(Package {
        line: format!("{package}{options}"),
        condition: condition.map(str::to_owned),
        wanted: wanted(package),
        pinned: direct || exact || options.contains("--hash"),
    }))
}

/// The name of the option that a line begins with.
fn option(line: &str) -> &str {
    line.split([' ', '\t', '=']).next().unwrap_or(line)
}

/// An option with the whole path of the folder that it names relative to its file: installers get its lines in another
/// file.
fn with_whole_path(line: &str, file: &Path) -> String {
    let option = option(line);
    let value = line[option.len()..].trim_start_matches(['=', ' ', '\t']).trim_matches(['"', '\'']);
    let folder = file.with_file_name(value);
    if FOLDER_OPTIONS.contains(&option) && !value.contains("://") && folder.exists() {
        let quote = if value.contains(' ') { "\"" } else { "" };
        format!("{option} {quote}{}{quote}", folder.display())
    } else {
        line.to_owned()
    }
}

/// Cuts a requirement off from its condition. A URL may hold a semicolon.
pub(super) fn split_condition(requirement: &str) -> (&str, Option<&str>) {
    let separator = if requirement.contains("://") { " ;" } else { ";" };
    match requirement.split_once(separator) {
        Some((package, condition)) => (package.trim(), Some(condition.trim())),
        None => (requirement.trim(), None),
    }
}

/// The name and the extras of a requirement without a condition.
pub(super) fn wanted(package: &str) -> Wanted {
    let is_url = package.find("://").is_some_and(|at| !package[..at].contains('@'));
    if is_url {
        // A wheel's name begins with that of its package.
        let path = package.split(['#', '?']).next().unwrap_or(package);
        let file = path.rsplit('/').next().unwrap_or(path);
        let name = file.split('-').next().unwrap_or(file).to_owned();
        return Wanted { name, extras: Vec::new() };
    }
    let end = package.find(|c: char| !(c.is_alphanumeric() || "-_.".contains(c))).unwrap_or(package.len());
    let (name, rest) = package.split_at(end);
    let extras =
        rest.trim_start().strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or_default();
    let extras = extras.split(',').map(str::trim).filter(|extra| !extra.is_empty());
    let extras = extras.filter_map(|extra| extra.parse().ok()).collect();
    Wanted { name: name.to_owned(), extras }
}

/// The variables of the environment that a line names, which pip and uv replace by their values.
fn variables(line: &str) -> impl Iterator<Item = &str> {
    line.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).filter(|name| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    })
}

/// The file that a line includes.
fn included(line: &str) -> Option<(&str, Role)> {
    let flags = [
        ("--requirement", Role::Requirements),
        ("-r", Role::Requirements),
        ("--constraint", Role::Constraints),
        ("-c", Role::Constraints),
    ];
    flags.into_iter().find_map(|(flag, role)| {
        let file = line.strip_prefix(flag)?.trim_start_matches('=').trim();
        Some((file.trim_matches(['"', '\'']), role))
    })
}

/// Whether a direct reference, with or without a name before its `@`, is the URL of a wheel.
fn is_wheel(package: &str) -> bool {
    let url = match package.split_once('@') {
        Some((name, url)) if !name.contains('/') => url.trim(),
        _ => package,
    };
    let path = url.split(['#', '?']).next().unwrap_or(url);
    (url.starts_with("https://") || url.starts_with("http://")) && path.ends_with(".whl")
}

/// The lines that mean something, continued ones joined, each with the number of its first line.
fn logical_lines(contents: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, raw) in contents.lines().enumerate() {
        let (number, mut line) = open.take().unwrap_or((index + 1, String::new()));
        let raw = without_comment(raw);
        if let Some(head) = raw.strip_suffix('\\') {
            line.push_str(head);
            open = Some((number, line));
        } else {
            line.push_str(raw);
            lines.push((number, line.trim().to_owned()));
        }
    }
    lines.extend(open.map(|(number, line)| (number, line.trim().to_owned())));
    lines.retain(|(_, line)| !line.is_empty());
    lines
}

/// A comment begins the line or follows a space; other `#` belong to URLs.
fn without_comment(line: &str) -> &str {
    let start = line
        .char_indices()
        .find(|&(at, c)| c == '#' && line[..at].chars().next_back().is_none_or(char::is_whitespace));
    start.map_or(line, |(at, _)| &line[..at])
}
