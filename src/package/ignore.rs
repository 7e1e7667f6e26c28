//! Which files of a code folder stay out of its zip.

use std::path::Path;
use std::sync::LazyLock;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::error::Error;
use super::text::read_marked;

/// What never belongs in a function: secrets, the stack itself, and traces of version control, editors and
/// interpreters, which differ from machine to machine.
const DEFAULTS: &[&str] = &[
    ".env*",
    ".npmrc",
    "stack.yaml",
    ".provisionignore",
    "__pycache__/",
    "*.pyc",
    ".git",
    ".gitignore",
    ".svn",
    ".hg",
    ".DS_Store",
    ".venv",
    "/venv/",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".idea",
    ".vscode",
    "Thumbs.db",
];

/// Backups and temporary files of Vim, Emacs, patch and merge tools.
const EDITORS: &[&str] = &["*.swp", "*~", ".*.sw?", "4913", ".#*", "\\#*#", "*.orig", "*.rej"];

/// Whether an editor or a tool makes files of this name for itself.
pub(crate) fn is_of_editor(path: &Path) -> bool {
    static PATTERNS: LazyLock<Gitignore> = LazyLock::new(|| {
        let mut builder = GitignoreBuilder::new("");
        // A test adds the same patterns, and none of them is malformed.
        EDITORS.iter().for_each(|pattern| drop(builder.add_line(None, pattern)));
        builder.build().unwrap_or_else(|_| Gitignore::empty())
    });
    path.file_name().is_some_and(|name| PATTERNS.matched(name, false).is_ignore())
}

const FILE: &str = ".provisionignore";

/// The patterns of the defaults, of `.provisionignore` and of `exclude`, in this order; the last match decides.
pub(super) struct IgnoreRules {
    patterns: Gitignore,
}

impl IgnoreRules {
    pub(super) fn new(
        root: &Path,
        label: &Path,
        exclude: &[String],
        brings_node_modules: bool,
    ) -> Result<Self, Error> {
        let mut builder = GitignoreBuilder::new("");
        let own_modules = brings_node_modules.then_some("/node_modules/");
        for pattern in DEFAULTS.iter().chain(EDITORS).copied().chain(own_modules) {
            builder.add_line(None, pattern).map_err(|reason| malformed("the defaults", &reason))?;
        }
        let file = root.join(FILE);
        if file.exists() {
            for (index, pattern) in read_marked(&file, &label.join(FILE))?.lines().enumerate() {
                let origin = || format!("line {} of {FILE}", index + 1);
                builder.add_line(None, pattern).map_err(|reason| malformed(&origin(), &reason))?;
            }
        }
        for pattern in exclude {
            builder.add_line(None, pattern).map_err(|reason| malformed("`exclude`", &reason))?;
        }
        let patterns = builder.build().map_err(|reason| malformed("`exclude`", &reason))?;
        Ok(Self { patterns })
    }

    /// Whether `path`, relative to the code folder, is left out. What is below a folder that is left out is not
    /// asked for, as with git.
    pub(super) fn covers(&self, path: &Path, is_dir: bool) -> bool {
        match self.patterns.matched(path, is_dir) {
            Match::Ignore(_) => true,
            Match::None => false,
            Match::Whitelist(glob) => is_env(path) && !names_env(glob.original()),
        }
    }
}

fn is_env(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".env"))
}

/// Files of secrets come back only through a pattern that names them: a `!*` or `!config/*` in a long list is an
/// accident.
fn names_env(pattern: &str) -> bool {
    let last = pattern.trim_end_matches('/').rsplit('/').next().unwrap_or(pattern);
    last.trim_start_matches('!').starts_with(".env")
}

fn malformed(origin: &str, reason: &ignore::Error) -> Error {
    Error::Pattern { origin: origin.to_owned(), reason: reason.to_string() }
}
