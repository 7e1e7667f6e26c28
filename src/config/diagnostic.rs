//! What is wrong in a file, and how it is shown: every problem with its place, its line, and a way out.

use std::fmt;
use std::path::{Path, PathBuf};

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use provision_yaml::{At, Source, is_invisible};

use crate::text::{is_unsafe, sanitize_short};

/// How many things that are wrong are shown; nobody reads more.
const MOST_SHOWN: usize = 50;

/// How many characters of a sentence are shown: it may quote a value of any length.
const MOST_SAID: usize = 600;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Where it stands; line 0 for what is wrong with the file as a whole.
    pub at: At,
    /// How many characters to mark from there; 0 marks the word.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Everything that is wrong in one file, sorted by place.
#[derive(Debug)]
pub struct Diagnostics {
    /// The file, as the user named it.
    file: PathBuf,
    source: Source,
    items: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Gathers what is wrong in a file whose text is known.
    pub(super) fn new(file: &Path, source: Source, mut items: Vec<Diagnostic>) -> Self {
        items.sort();
        // A fault below an anchor is met once for every alias of it.
        items.dedup();
        for item in &mut items {
            item.message = sanitize_short(&visible(&item.message), MOST_SAID);
            item.help = item.help.take().map(|help| sanitize_short(&visible(&help), MOST_SAID));
        }
        Self { file: file.to_owned(), source, items }
    }

    /// What a later stage finds wrong, shown at its place in the file.
    pub fn of_file(file: &Path, diagnostics: Vec<Diagnostic>) -> Self {
        // The file has been read before; if it was deleted since, the messages have no lines.
        let text = std::fs::read_to_string(file).unwrap_or_default();
        Self::new(file, Source::new(&text), diagnostics)
    }

    /// The file, as the user named it.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Each thing that is wrong, sorted by place.
    pub fn items(&self) -> &[Diagnostic] {
        &self.items
    }

    /// All of it as text, with the lines of the file.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let path = self.file.display().to_string();
        let shown = self.items.iter().take(MOST_SHOWN);
        let mut parts: Vec<String> = shown.map(|item| renderer.render(&[self.group(item, &path)])).collect();
        if self.items.len() > 1 {
            let all = self.items.len();
            let first =
                if all > MOST_SHOWN { format!("; these are the first {MOST_SHOWN}") } else { String::new() };
            let count = format!("{path} has {all} errors{first}");
            parts.push(renderer.render(&[Group::with_title(Level::ERROR.primary_title(count))]));
        }
        // The renderer shows signs for what steers a terminal, but not for these, which some terminals obey as well.
        let missed = |c: char| !c.is_ascii() && is_unsafe(c);
        parts.join("\n\n").replace(missed, "\u{fffd}")
    }

    fn group<'a>(&'a self, item: &'a Diagnostic, path: &'a str) -> Group<'a> {
        let title = Level::ERROR.primary_title(item.message.as_str());
        let mut group = match item.at.line {
            0 => title.element(Origin::path(path)),
            _ => title.element(self.snippet(item, path)),
        };
        if let Some(help) = &item.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        group
    }

    /// The line of a fault. The renderer would show no other one of the file, but look at all of them.
    fn snippet<'a>(&'a self, item: &Diagnostic, path: &'a str) -> Snippet<'a, Annotation<'a>> {
        let (line, marked) = self.source.marked(item.at, item.length);
        let snippet = Snippet::source(line).line_start(item.at.line as usize).path(path);
        snippet.annotation(AnnotationKind::Primary.span(marked))
    }
}

/// A sentence in which characters that nobody could see, or tell from a space, are shown by their codes.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_invisible(c) {
            shown += &format!("<U+{:04X}>", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}
