//! The invariants of reading any `stack.yaml`: it is either a stack that can be planned, or an error with a place and a
//! message. Shared by the tests and by the fuzz target in `fuzz/`.

use provision::config::{self, Diagnostics, Options, Stack};
use provision::desired::{check_offline, lower, wanted};
use provision::lower::identity;
use provision::model::{LiveState, Scope};
use provision::outline::Outline;
use provision::plan::{self, Mode};
use provision::render;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Found only in the debug output of a value, never in a message for a user.
static DUMP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\b(Some|Ok|Err)\(|\bNone\b,|\b[A-Z][a-z]+[A-Za-z]* \{ [a-z_]+: |panicked|unwrap|RUST_BACKTRACE",
    )
    .expect("a pattern")
});

/// The maximum number of bytes shown for one file.
const MOST_SHOWN: usize = 400_000;

/// A folder for stack files, with the code that they name.
pub(crate) struct Project {
    folder: PathBuf,
}

impl Project {
    /// A project in a folder, with files such as the stacks of the project name them.
    pub(crate) fn new(folder: &Path) -> Self {
        let python = ["hello", "create_item", "update_item", "getAlls", "get_item", "delete_item"];
        for name in python {
            let code = folder.join("lambdas").join(name);
            fs::create_dir_all(&code).expect("a folder");
            fs::write(code.join("lambda_function.py"), "").expect("a file");
        }
        // The parts that the documents include.
        fs::create_dir_all(folder.join("services/a")).expect("a folder");
        fs::write(folder.join("tables.yaml"), "tables: { posts: { partition_key: id } }\n").expect("a file");
        fs::write(folder.join("services/a/part.yaml"), "api: { routes: }\n").expect("a file");
        Project { folder: folder.to_owned() }
    }

    /// Reads a stack file of these bytes in every way that commands do, and returns the result.
    ///
    /// # Panics
    /// Where an invariant does not hold.
    pub(crate) fn judge(&self, bytes: &[u8]) -> Verdict {
        let file = self.folder.join("stack.yaml");
        fs::write(&file, bytes).expect("the stack file is written");
        let verdict = self.load(&file, bytes, None);
        if verdict != Verdict::Unreadable {
            self.load(&file, bytes, Some("prod"));
        }
        if let Some(known) = config::identity(&file, Some("prod")) {
            assert!(config::stack_name(&known.stack).is_ok(), "`{}` names a stack", known.stack);
        }
        self.judge_part(bytes);
        verdict
    }

    /// The same bytes as a part of a stack.
    fn judge_part(&self, bytes: &[u8]) {
        let file = self.folder.join("whole.yaml");
        fs::write(&file, "stack: whole\ninclude: [part.yaml]\n").expect("the stack file is written");
        fs::write(self.folder.join("part.yaml"), bytes).expect("the part is written");
        self.load(&file, bytes, None);
    }

    fn load(&self, file: &Path, bytes: &[u8], environment: Option<&str>) -> Verdict {
        let process = |name: &str| (name == "HOME").then(|| "/home/${env}".to_owned());
        match config::load(
            file,
            &Options { sections: provision::kinds::sections(), environment, process: &process, known: None },
        ) {
            Ok(stack) => {
                planned(&stack);
                if let Err(too_large) = check_offline(&stack, None) {
                    explained(&too_large, bytes, file);
                }
                Verdict::Fine
            }
            Err(wrong) => {
                explained(&wrong, bytes, file);
                match wrong.items() {
                    [one] if one.at.line == 0 || one.message.contains("YAML") => Verdict::Unreadable,
                    _ => Verdict::Wrong,
                }
            }
        }
    }
}

/// The result of reading a stack file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// It is a stack.
    Fine,
    /// It has errors.
    Wrong,
    /// It cannot be read at all.
    Unreadable,
}

/// Every error has a message and a place in the file, and the output is readable and not too long.
fn explained(wrong: &Diagnostics, bytes: &[u8], file: &Path) {
    // To YAML, a carriage return alone ends a line as well.
    let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    // The file that includes a part has three.
    let lines = lines.max(3);
    assert!(!wrong.items().is_empty(), "it fails without an error");
    for item in wrong.items() {
        assert!(!item.message.trim().is_empty(), "an error without a message at {:?}", item.at);
        assert!(item.at.line as usize <= lines, "{:?} lies behind the end: {}", item.at, item.message);
        assert!(item.at.line == 0 || item.at.column > 0, "{:?} has no column: {}", item.at, item.message);
    }
    let shown = wrong.to_string();
    // What is quoted of the file may look like anything.
    let text = String::from_utf8_lossy(bytes);
    readable(&shown, |part| text.contains(part));
    let folder = file.parent().expect("a folder").display().to_string();
    assert!(shown.contains(&folder), "the file is not named: {shown}");
    assert!(shown.len() < MOST_SHOWN, "{} bytes are shown", shown.len());
}

/// A text that a terminal shows as it is, without the dump of a value that `given` does not know.
fn readable(shown: &str, given: impl Fn(&str) -> bool) {
    let control = shown.chars().find(|c| steers(*c));
    assert_eq!(control, None, "it steers the terminal: {shown:?}");
    let dump = DUMP.find_iter(shown).find(|dump| !given(dump.as_str()));
    assert!(dump.is_none(), "it shows the dump of a value, {dump:?}: {shown}");
}

/// True for a character that controls a terminal instead of being shown.
fn steers(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A valid stack can be lowered and planned; AWS accepts its names.
fn planned(stack: &Stack) {
    let mut scope = Scope {
        identity: identity(stack),
        partition: "aws".to_owned(),
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        wanted: BTreeMap::new(),
        tag_keys: Default::default(),
        existing: BTreeMap::new(),
        protected: BTreeSet::new(),
        destroy: false,
    };
    let graph = lower(stack, &scope, &BTreeMap::new());
    scope.wanted = wanted(graph.clone());
    for resource in &graph.resources {
        assert!(named(resource.id.kind, &resource.id.name), "AWS takes no such name: {}", resource.id);
        let tag = resource.id.tag();
        assert!(tag.chars().count() <= 256, "the tag {tag} is too long");
    }
    let unique: BTreeSet<_> = graph.resources.iter().map(|resource| &resource.id).collect();
    assert_eq!(unique.len(), graph.resources.len(), "two resources have the same name");
    let options = plan::Options {
        registry: provision::kinds::registry(),
        mode: Mode::Up,
        local: false,
        allow_data_loss: BTreeSet::new(),
        replace_stack: false,
        protected: [].into(),
        identity: identity(stack),
    };
    let plan = plan::plan(&graph, &LiveState::default(), &options)
        .unwrap_or_else(|cycle| panic!("a cycle that the stack file's check does not see: {cycle:?}"));
    assert_eq!(plan.steps.len(), graph.resources.len(), "from nothing, everything is created");
    let shown = render::plan(&Outline::of(&plan), render::Detail { details: true, ..Default::default() });
    let plain = shown.replace("\u{1b}[", "").replace('\u{1b}', "");
    readable(&plain, |_| true);
    render::summary(&plan);
}

/// The names that AWS accepts.
fn named(kind: &str, name: &str) -> bool {
    static NAMES: LazyLock<BTreeMap<&str, Regex>> = LazyLock::new(|| {
        let names = [
            ("table", r"\A[a-zA-Z0-9_.-]{3,255}\z"),
            ("role", r"\A[\w+=,.@-]{1,64}\z"),
            ("log_group", r"\A[.\-_/#A-Za-z0-9]{1,512}\z"),
            ("function", r"\A[a-zA-Z0-9-_]{1,64}\z"),
            ("route", r"\A(\$default|[A-Z]+ (/|(/([A-Za-z0-9_.:-]+|\{[A-Za-z0-9_.:-]+\+?\}))+))\z"),
            ("stage", r"\A\$default\z"),
        ];
        names.map(|(kind, pattern)| (kind, Regex::new(pattern).expect("a pattern"))).into()
    });
    NAMES.get(kind).is_none_or(|pattern| pattern.is_match(name))
}
