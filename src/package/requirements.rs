//! Reads `requirements.txt` as far as is needed to cache its packages and to refuse what would run foreign code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::files::read_text;

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

const NOT_AN_OPTION: &str = "only options about indexes and hashes are taken; remove it, or put the package's files \
     into the code folder";
const NOT_A_WHEEL: &str = "folders, version control and archives other than wheels would have to be built, which runs \
     their code; name a released version or the URL of a wheel, or put a wheel into a folder named by --find-links";
const NOT_A_FILE: &str = "requirements behind a URL cannot be cached; copy the file beside this one";

const TOO_MANY_FILES: &str = "more than a hundred files are included; put what they ask for into one";

/// Files are read within each other, so that there must be an end to it.
const MOST_FILES: usize = 100;

/// What a requirements file asks for, together with the files that it includes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Requirements {
    /// The file itself.
    pub(super) file: PathBuf,
    /// All lines that mean something, by which the installed packages are cached.
    pub(super) text: String,
    /// The names of packages whose version may change although the file does not.
    pub(super) unpinned: Vec<String>,
}

/// Reads the requirements of a code folder; `None` if it asks for no package.
pub(super) fn read(root: &Path, label: &Path) -> Result<Option<Requirements>, Error> {
    let file = root.join("requirements.txt");
    if !file.exists() {
        return Ok(None);
    }
    let mut reader = Reader::new(root, label);
    reader.read(&file, Role::Requirements)?;
    if reader.wanted.is_empty() {
        return Ok(None);
    }
    let pinned = reader.pinned;
    let unpinned = reader.wanted.into_iter().filter(|name| !pinned.contains(&normal(name))).collect();
    Ok(Some(Requirements { file, text: reader.text, unpinned }))
}

/// The name by which an index knows a package, however it is spelled.
pub(super) fn normal(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
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
    seen: BTreeSet<PathBuf>,
    text: String,
    wanted: Vec<String>,
    pinned: BTreeSet<String>,
}

impl<'a> Reader<'a> {
    fn new(root: &'a Path, label: &'a Path) -> Self {
        let (seen, text, wanted, pinned) = Default::default();
        Self { root, label, seen, text, wanted, pinned }
    }

    fn read(&mut self, file: &Path, role: Role) -> Result<(), Error> {
        // By its real place: `-r x/../requirements.txt` is the same file each time.
        if !self.seen.insert(file.canonicalize().unwrap_or_else(|_| file.to_owned())) {
            return Ok(());
        }
        let shown = self.label.join(file.strip_prefix(self.root).unwrap_or(file));
        let contents = read_text(file, &shown)?;
        for (line, text) in logical_lines(&contents) {
            let refused =
                |reason| Error::Requirement { path: shown.clone(), line, text: text.clone(), reason };
            self.text.push_str(&text);
            self.text.push('\n');
            match meaning(&text).map_err(refused)? {
                Line::Option => {}
                Line::Include(..) if self.seen.len() >= MOST_FILES => return Err(refused(TOO_MANY_FILES)),
                Line::Include(other, inner) => {
                    let role = if role == Role::Constraints { role } else { inner };
                    self.read(&file.with_file_name(other), role)?;
                }
                Line::Package { name, pinned } => self.note(name, pinned, role),
            }
        }
        Ok(())
    }

    fn note(&mut self, name: String, pinned: bool, role: Role) {
        if pinned {
            self.pinned.insert(normal(&name));
        }
        if role == Role::Requirements {
            self.wanted.push(name);
        }
    }
}

enum Line {
    Option,
    Include(String, Role),
    Package { name: String, pinned: bool },
}

/// What a line means, or why it is refused.
fn meaning(line: &str) -> Result<Line, &'static str> {
    if let Some((file, role)) = included(line) {
        return if file.contains("://") { Err(NOT_A_FILE) } else { Ok(Line::Include(file.to_owned(), role)) };
    }
    if line.starts_with('-') {
        let option = line.split([' ', '\t', '=']).next().unwrap_or(line);
        let harmless = OPTIONS.contains(&option) && !line.contains(":none:");
        return if harmless { Ok(Line::Option) } else { Err(NOT_AN_OPTION) };
    }
    let package = line.split(" --").next().unwrap_or(line);
    let package = package.split(';').next().unwrap_or(package).trim();
    let direct = package.contains(['/', '\\']) || package.starts_with('.');
    if direct && !is_wheel(package) {
        return Err(NOT_A_WHEEL);
    }
    let exact =
        package.split(',').any(|version| version.contains("==") && !version.trim_end().ends_with('*'));
    let end = package.find(|c: char| !(c.is_alphanumeric() || "-_.".contains(c))).unwrap_or(package.len());
    Ok(Line::Package { name: package[..end].to_owned(), pinned: direct || exact || line.contains("--hash") })
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
    for (index, raw) in contents.trim_start_matches('\u{feff}').lines().enumerate() {
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read_files(files: &[(&str, &str)]) -> Result<Option<Requirements>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, contents) in files {
            fs::write(folder.path().join(name), contents).expect("written");
        }
        read(folder.path(), Path::new("code")).map_err(|error| error.to_string())
    }

    fn unpinned(contents: &str) -> Vec<String> {
        let read = read_files(&[("requirements.txt", contents)]).expect("fine");
        read.map(|requirements| requirements.unpinned).unwrap_or_default()
    }

    #[test]
    fn comments_alone_ask_for_nothing() {
        assert_eq!(read_files(&[]), Ok(None));
        assert_eq!(read_files(&[("requirements.txt", "\u{feff}# nothing\n\n   \n--pre\n")]), Ok(None));
    }

    #[test]
    fn only_an_exact_version_a_hash_or_a_url_pins() {
        let text = "a==1\nb>=1,==1.2\nc===1\nd==1.0 --hash=sha256:00 \\\n   --hash=sha256:01\ne @ https://x.y/e-1.whl#z\n";
        assert_eq!(unpinned(text), Vec::<String>::new());
        let text = "a\nb>=1  # for now\nc==1.*\nd[x]~=2; python_version == \"3.13\"\n";
        assert_eq!(unpinned(text), ["a", "b", "c", "d"]);
    }

    #[test]
    fn included_files_count_and_constraints_pin() {
        let files = [
            ("requirements.txt", "-r more.txt\nFoo_Bar\n-c \"constraints.txt\"\n"),
            ("more.txt", "baz\n-r requirements.txt\n"),
            ("constraints.txt", "foo-bar==1\nother==2\n"),
        ];
        let read = read_files(&files).expect("fine").expect("requirements");
        assert_eq!(read.unpinned, ["baz"]);
        assert!(read.text.contains("foo-bar==1\n"), "{}", read.text);
    }

    #[test]
    fn what_would_be_built_is_refused() {
        for line in [
            "-e .",
            "--edit ./lib",
            "--no-binary :all:",
            "--only-binary :none:",
            "./lib",
            "lib/",
            "x @ git+https://x.y/z",
            "git+ssh://git@x.y/z.git",
            "https://x.y/z.tar.gz",
            "x @ file:///z.whl",
            "-r https://x.y/requirements.txt",
        ] {
            let error = read_files(&[("requirements.txt", &format!("six==1\n{line}\n"))]).expect_err(line);
            assert!(error.starts_with("`code/requirements.txt`, line 2: `"), "{error}");
            assert!(error.contains(line), "{error}");
        }
    }

    #[test]
    fn a_file_that_includes_itself_by_another_path_is_read_once() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("x")).expect("a folder");
        fs::write(folder.path().join("requirements.txt"), "six==1\n-r x/../requirements.txt\n")
            .expect("written");
        let read = read(folder.path(), Path::new("code")).expect("fine").expect("requirements");
        assert_eq!(read.text, "six==1\n-r x/../requirements.txt\n");
    }

    #[test]
    fn includes_come_to_an_end() {
        let folder = tempfile::tempdir().expect("a folder");
        for number in 0..MOST_FILES + 5 {
            let name = if number == 0 { "requirements.txt".to_owned() } else { format!("{number}.txt") };
            fs::write(folder.path().join(name), format!("-r {}.txt\n", number + 1)).expect("written");
        }
        let error = read(folder.path(), Path::new("code")).expect_err("too many").to_string();
        assert!(error.contains("99.txt") && error.contains(TOO_MANY_FILES), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_no_requirements_file() {
        let folder = tempfile::tempdir().expect("a folder");
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("requirements.txt")).expect("a link");
        let error = read(folder.path(), Path::new("code")).expect_err("a device").to_string();
        assert!(error.contains("code/requirements.txt"), "{error}");
    }

    #[test]
    fn a_missing_included_file_is_named() {
        let error = read_files(&[("requirements.txt", "-r absent.txt")]).expect_err("absent");
        assert!(error.contains("code/absent.txt"), "{error}");
    }
}
