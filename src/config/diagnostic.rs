//! The errors in a file, and how they are shown: each with its place, its line, and what to do.

use std::fmt;
use std::path::{Path, PathBuf};

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::exit::Exit;
use crate::text::{is_unsafe, sanitize_short};
use crate::yaml::{At, Source, is_invisible};

use super::sources::Sources;

/// How many errors are shown.
const MAX_SHOWN: usize = 50;

/// How many characters of a message are shown: it may quote a value of any length.
const MAX_MESSAGE: usize = 600;

/// One error.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Its place; line 0 for an error of the file as a whole.
    pub at: At,
    /// How many characters to mark from there; 0 marks the word.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// All errors in the files of a stack, sorted by place.
#[derive(Debug)]
pub struct Diagnostics {
    about: About,
    sources: Sources,
    items: Vec<Diagnostic>,
}

/// What errors are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The stack file and its parts.
    StackFile,
    /// The code of functions.
    Code,
    /// The code of functions, where it may be fine all the same: these are warnings.
    DoubtfulCode,
}

impl Diagnostics {
    /// The errors in a file whose text is known.
    pub(super) fn new(sources: Sources, mut items: Vec<Diagnostic>) -> Self {
        items.sort();
        // An error below an anchor is found once for every alias of it.
        items.dedup();
        for item in &mut items {
            item.message = sanitize_short(&visible(&item.message), MAX_MESSAGE);
            item.help = item.help.take().map(|help| sanitize_short(&visible(&help), MAX_MESSAGE));
        }
        Self { about: About::StackFile, sources, items }
    }

    /// The errors that a later stage finds, shown at their places in the files.
    pub fn of_files(files: &[PathBuf], diagnostics: Vec<Diagnostic>) -> Self {
        // The files have been read before; if one was deleted since, the messages have no lines. Code may be in any encoding.
        let bytes = |file: &PathBuf| std::fs::read(file).unwrap_or_default();
        let text = |file: &PathBuf| Source::new(&String::from_utf8_lossy(&bytes(file)));
        let (first, parts) =
            files.split_first().map_or((PathBuf::new(), files), |(file, parts)| (file.clone(), parts));
        let mut sources = Sources::new(&first, text(&first));
        parts.iter().for_each(|part| sources.add(part.clone(), text(part)));
        Self::new(sources, diagnostics)
    }

    /// The same with what they are about.
    #[must_use]
    pub fn about(self, about: About) -> Self {
        Self { about, ..self }
    }

    /// The exit status of a command that fails because of them.
    pub fn exit(&self) -> Exit {
        match self.about {
            About::StackFile => Exit::BadFile,
            About::Code | About::DoubtfulCode => Exit::Failed,
        }
    }

    /// The file of an error, as the user named it.
    pub fn file(&self, item: &Diagnostic) -> &Path {
        self.sources.of(item.at).map_or(Path::new(""), |(file, _)| file)
    }

    /// Each error, sorted by place.
    pub fn items(&self) -> &[Diagnostic] {
        &self.items
    }

    /// All errors as text, with the lines of the file; lines of the file are cut at the width of the terminal.
    pub fn render(&self, color: bool, columns: Option<usize>) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let renderer = match columns {
            Some(columns) => renderer.term_width(columns),
            None => renderer,
        };
        let shown = self.items.iter().take(MAX_SHOWN);
        let one = |item: &Diagnostic| {
            let help = item.help.as_deref().map(|help| wrapped(help, columns, HELP));
            let item = Diagnostic { message: wrapped(&item.message, columns, ERROR), help, ..item.clone() };
            renderer.render(&[self.group(&item, &self.file(&item).display().to_string())])
        };
        let mut parts: Vec<String> = shown.map(one).collect();
        if self.items.len() > 1 && self.about != About::DoubtfulCode {
            let all = self.items.len();
            let first =
                if all > MAX_SHOWN { format!("; these are the first {MAX_SHOWN}") } else { String::new() };
            let whole = match self.about {
                About::StackFile => self.sources.paths().swap_remove(0).display().to_string(),
                About::Code | About::DoubtfulCode => "the code".to_owned(),
            };
            let count = format!("{whole} has {all} errors{first}");
            parts.push(renderer.render(&[Group::with_title(Level::ERROR.primary_title(count))]));
        }
        // The renderer shows signs for the controls of a terminal, but not for these, which some terminals obey as well.
        let missed = |c: char| !c.is_ascii() && is_unsafe(c);
        parts.join("\n\n").replace(missed, "\u{fffd}")
    }

    fn group<'a>(&'a self, item: &'a Diagnostic, path: &'a str) -> Group<'a> {
        let level = if self.about == About::DoubtfulCode { Level::WARNING } else { Level::ERROR };
        let title = level.primary_title(item.message.as_str());
        let mut group = match item.at.line {
            0 => title.element(Origin::path(path)),
            _ => title.element(self.snippet(item, path)),
        };
        if let Some(help) = &item.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        group
    }

    /// The line of an error. The renderer would show no other one of the file, but look at all of them.
    fn snippet<'a>(&'a self, item: &Diagnostic, path: &'a str) -> Snippet<'a, Annotation<'a>> {
        let source = self.sources.of(item.at).map(|(_, source)| source);
        let (line, marked) = source.map_or(("", 0..0), |source| source.marked(item.at, item.length));
        let snippet = Snippet::source(line).line_start(item.at.line as usize).path(path);
        snippet.annotation(AnnotationKind::Primary.span(marked))
    }
}

/// What stands before a message, and before a help below a line of up to four digits.
const ERROR: usize = "error: ".len();
const HELP: usize = "     = help: ".len();

/// A text that fits after so many columns.
fn wrapped(text: &str, columns: Option<usize>, before: usize) -> String {
    match columns {
        Some(columns) => textwrap::fill(text, columns.saturating_sub(before).max(before)),
        None => text.to_owned(),
    }
}

/// A message in which characters that cannot be seen, or told from a space, are shown by their codes.
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
        f.write_str(&self.render(false, None))
    }
}

impl std::error::Error for Diagnostics {}
