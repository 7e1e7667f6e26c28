//! What a run of the program printed, and how it ended.

use std::fmt;
use std::process::{Command, Output};

/// A run that has ended.
pub(crate) struct Ran {
    args: Vec<String>,
    code: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Ran {
    /// Runs a command to its end.
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Ran::from(command, output)
    }

    /// A command that has ended.
    pub(crate) fn from(command: &Command, output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let args = command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
        Ran { args, code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Asserts that it succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "it should succeed:\n{self}");
        self
    }

    /// Asserts that it failed with a status: not by a panic, and not by a signal.
    #[track_caller]
    pub(crate) fn fails(self) -> Self {
        let failures = [1, 64, 65, 77, 130].map(Some);
        assert!(failures.contains(&self.code), "it should fail:\n{self}");
        self
    }

    /// Asserts the exit status.
    #[track_caller]
    pub(crate) fn ends(self, status: i32) -> Self {
        assert_eq!(self.code, Some(status), "its exit status should be {status}:\n{self}");
        self
    }

    /// The JSON objects that it printed, one a line; nothing else is on the standard output.
    pub(crate) fn documents(&self) -> Vec<serde_json::Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}")))
            .collect()
    }

    /// Asserts that it said something, on either stream.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.said(text), "it should say `{text}`:\n{self}");
        self
    }

    /// Asserts that it did not say something.
    #[track_caller]
    pub(crate) fn never_says(self, text: &str) -> Self {
        assert!(!self.said(text), "it must not say `{text}`:\n{self}");
        self
    }

    fn said(&self, text: &str) -> bool {
        self.out.contains(text) || self.err.contains(text)
    }

    /// Asserts that it found nothing to change, and wrote nothing.
    #[track_caller]
    pub(crate) fn changes_nothing(self) -> Self {
        self.says("No changes. Everything matches the stack file.").writes(0)
    }

    /// Asserts how many writes it made, as it counts them itself.
    #[track_caller]
    pub(crate) fn writes(self, count: usize) -> Self {
        let plural = if count == 1 { "" } else { "s" };
        self.says(&format!(" reads, {count} write{plural}\n"))
    }

    /// The steps of the plan that it showed, one line for each: `~ function get_item: memory 256 → 128`, and for a part of an
    /// entry `+ route GET /all of api`.
    pub(crate) fn steps(&self) -> Vec<String> {
        let (mut entry, mut steps) = (String::new(), Vec::<String>::new());
        // Whether the step is complete but for what differs: an entry of which only parts change is no step.
        let mut is_step = false;
        let lines = self.out.lines().skip_while(|line| !line.starts_with("stack ")).skip(1);
        for line in lines.take_while(|line| !line.starts_with("Plan: ")).filter(|line| !line.is_empty()) {
            let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
            let is_signed = ["+", "~", "-", "-/+"].contains(&words.split(' ').next().unwrap());
            match line.len() - line.trim_start().len() {
                0 => {}
                2 => {
                    // What is said of a new entry comes after two blanks.
                    entry = line.trim_start().split("  ").next().unwrap().to_owned();
                    is_step = !entry.starts_with("~ ");
                    steps.extend(is_step.then(|| entry.clone()));
                }
                6 if is_signed => {
                    steps.push(format!("{words} of {}", entry.split_once(' ').unwrap().1));
                    is_step = true;
                }
                _ if !is_step => {
                    steps.push(format!("{entry}: {words}"));
                    is_step = true;
                }
                _ => {
                    let step = steps.last_mut().unwrap();
                    step.push_str(if step.contains(": ") { "; " } else { ": " });
                    step.push_str(&words);
                }
            }
        }
        steps
    }

    /// Asserts that it showed a plan of exactly these steps.
    #[track_caller]
    pub(crate) fn plans(self, steps: &[&str]) -> Self {
        assert_eq!(self.steps(), steps, "it should plan these steps:\n{self}");
        self
    }

    /// The first URL that it printed.
    #[track_caller]
    pub(crate) fn url(&self) -> String {
        let url = self.out.split_whitespace().find(|word| word.starts_with("http://"));
        url.unwrap_or_else(|| panic!("it should tell a URL:\n{self}")).to_owned()
    }

    /// The URL of the API that it printed.
    #[track_caller]
    pub(crate) fn api(&self) -> String {
        let url = self.out.lines().find_map(|line| line.strip_prefix("API: "));
        url.unwrap_or_else(|| panic!("it should tell the URL of the API:\n{self}")).to_owned()
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ran { args, code, out, err } = self;
        write!(f, "--- provision {} (exit status {code:?})\n{out}--- stderr\n{err}---", args.join(" "))
    }
}
