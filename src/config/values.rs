//! Fills in the values that are known before a file is decoded: `${var.x}`, `${env}`, `${process.NAME}`, in every scalar. A
//! decoder sees what would stand there without the placeholder, with its type; only errors name both.
//!
//! What is left are placeholders of resources and of checks ([`Kind::Template`]), for the fields in which they work.
//!
//! One pass: a value that is filled in is never interpreted again.

mod found;
mod pieces;

use self::pieces::Pieces;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use super::declared::Sections;
use super::decode::{Log, help};
use super::elsewhere::{self, Written};
use super::existing::EXISTING;
use super::reference::{self, Error, Names, Value};
use super::rewrite::{self, Change};
use super::section::SOME_TEXT;
use crate::model::Address;
use crate::yaml::{Entry, Kind, MAX_DEPTH, Node, Piece, Span};

/// Fills in values.
pub(super) struct Values<'a> {
    log: &'a Log<'a>,
    names: &'a Names<'a>,
    /// How many bytes may still be filled in.
    left: Cell<usize>,
    /// Whether they were too few.
    is_full: Cell<bool>,
    /// What is reported as missing.
    missing: RefCell<BTreeSet<Address>>,
}

/// A variable may contain others twice, and these as well: more than any stack needs is not filled in.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// What a value takes besides its text.
const NODE: usize = 80;

/// Fields of entries in which nothing is left out: a statement without its condition would allow more, an entry that is not
/// `existing` would be created, and a step would do something else.
const KEPT: [&str; 6] = [EXISTING, "protect", "policy", "resource_policy", "triggers", "definition"];

/// Where a value stands.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    /// The variable that is being filled in.
    inside: Option<&'a Inside<'a>>,
    /// Whether a variable without a value stays as none.
    keeps: bool,
}

/// The variables that are being filled in, from the innermost one.
struct Inside<'a> {
    variable: &'a str,
    outer: Option<&'a Inside<'a>>,
    depth: usize,
}

impl Inside<'_> {
    /// The variables from the outermost to the innermost.
    fn path(&self) -> Vec<&str> {
        let mut path = self.outer.map(Inside::path).unwrap_or_default();
        path.push(self.variable);
        path
    }
}

impl<'a> Values<'a> {
    pub(super) fn new(log: &'a Log<'a>, names: &'a Names<'a>) -> Self {
        Values {
            log,
            names,
            left: Cell::new(MAX_BYTES),
            is_full: Cell::new(false),
            missing: RefCell::default(),
        }
    }

    /// A file with all values; `stack`, `requires`, `variables` and extensions stay as they are written.
    pub(super) fn file(&self, root: &Node, sections: Sections) -> Node {
        let change = rewrite::members(root, |entry| match entry.key.text.as_str() {
            "stack" | "requires" | "variables" => Change::Same,
            key if is_extension(key) => Change::Same,
            "environments" => rewrite::members(&entry.value, |one| self.environment(one)).of_entry(entry),
            "region" | "account" => self.setting(entry),
            key => match (sections.of(key), &entry.value.kind) {
                (Some(section), Kind::Map(_)) => rewrite::entries(section, entry, |_, one| self.entry(one)),
                // A variable may be a whole section.
                (Some(_), _) => self.entry(&entry.value).of_entry(entry),
                (None, _) => self.filled(&entry.value, Place::default()).of_entry(entry),
            },
        });
        rewrite::changed(root, change)
    }

    /// An entry of a section. One without a value is an error, and not one entry less.
    fn entry(&self, entry: &Node) -> Change<Node> {
        match &entry.kind {
            Kind::Map(_) => rewrite::members(entry, |field| {
                let keeps = KEPT.contains(&field.key.text.as_str());
                self.field(field, Place { keeps, ..Place::default() })
            }),
            _ => kept(entry, self.filled(entry, Place::default())),
        }
    }

    /// A member of a mapping.
    fn field(&self, field: &Entry, place: Place) -> Change<Entry> {
        let change = self.filled(&field.value, place);
        let change = if place.keeps { kept(&field.value, change) } else { change };
        change.of_entry(field)
    }

    /// An environment. The values of one that is not picked cannot be known: its fields with placeholders are left out.
    fn environment(&self, environment: &Entry) -> Change<Entry> {
        let is_picked = self.names.environment_key == Some(environment.key.text.as_str());
        let change = rewrite::members(&environment.value, |field| match field.key.text.as_str() {
            "variables" => Change::Same,
            // It was filled in before all others.
            "prefix" if is_picked && has_placeholder(&field.value) => {
                let prefix = self.names.prefix.clone().unwrap_or_default();
                Change::New(field.value.with(Kind::Text(prefix))).of_entry(field)
            }
            _ if is_picked => self.setting(field),
            _ if has_placeholder(&field.value) => Change::Gone,
            _ => Change::Same,
        });
        change.of_entry(environment)
    }

    /// A value on which it depends where the stack is.
    fn setting(&self, field: &Entry) -> Change<Entry> {
        match has_placeholder(&field.value) {
            true => Change::New(self.value(&field.value)).of_entry(field),
            false => Change::Same,
        }
    }

    /// A value alone, on which it depends where the stack is.
    pub(super) fn value(&self, node: &Node) -> Node {
        let filled = match self.filled(node, Place::default()) {
            // Its members, as of `include`.
            Change::New(list) => rewrite::changed(&list, rewrite::values(&list, |item| self.known(item))),
            change => rewrite::changed(node, change),
        };
        rewrite::changed(&filled, self.known(&filled))
    }

    /// Reports a value that is still to come.
    fn known(&self, node: &Node) -> Change<Node> {
        match &node.kind {
            // A value that has none is reported as such.
            Kind::Template { pieces, .. } if !pieces.contains(&Piece::Failed) => {
                let message = "this value must be known before AWS is asked for anything";
                self.log.report(node.span, message, help("use `${var.NAME}`, `${env}` or `${process.NAME}`"));
                Change::New(node.with(failed()))
            }
            _ => Change::Same,
        }
    }

    /// A variable without a value leaves a field out.
    fn filled(&self, node: &Node, place: Place) -> Change<Node> {
        if place.inside.is_some() && !self.takes(node) {
            return Change::New(node.with(failed()));
        }
        match &node.kind {
            Kind::Plain(text) | Kind::Text(text) if text.contains("${") => self.scalar(node, text, place),
            Kind::List(_) => rewrite::values(node, |item| kept(item, self.filled(item, place))),
            _ => rewrite::members(node, |field| self.field(field, place)),
        }
    }

    /// Whether there is room for a value of a variable.
    fn takes(&self, node: &Node) -> bool {
        let size = NODE + node.text().map_or(0, str::len);
        let left = self.left.get();
        if left < size && !self.is_full.replace(true) {
            let message =
                format!("the values of the variables take more than {} MB", MAX_BYTES / 1024 / 1024);
            self.log.report(node.span, message, help("do not repeat one variable in another so often"));
        }
        self.left.set(left.saturating_sub(size));
        left >= size
    }

    /// A scalar that contains `${`.
    fn scalar(&self, node: &Node, text: &str, place: Place) -> Change<Node> {
        let pieces = self.pieces(node, text);
        let refers = pieces.iter().any(|piece| matches!(piece, Piece::Placeholder(..)));
        let kind = match pieces.as_slice() {
            [Piece::Placeholder(expression, span)] => match self.whole(expression, *span, place) {
                Some(Kind::Null) => return Change::Gone,
                Some(kind) => kind,
                None => Kind::Template { pieces: pieces.into(), for_now: None },
            },
            _ => self.mixed(pieces, place),
        };
        let filled = Node { span: node.span, kind };
        match &filled.kind {
            Kind::Template { pieces, .. } if pieces.contains(&Piece::Failed) => {
                self.log.note_failed(node.span);
            }
            Kind::Plain(text) | Kind::Text(text) if refers => self.log.note_filled(node.span, text),
            _ => {}
        }
        Change::New(filled)
    }

    /// The value of a placeholder that is the whole scalar; none where it stays as it is.
    fn whole(&self, expression: &str, span: Span, place: Place) -> Option<Kind> {
        if let Some(written) = Written::of(expression) {
            return Some(self.elsewhere(&written, span, place).unwrap_or_else(failed));
        }
        Some(match reference::value(expression, self.names) {
            Ok(Value::Later) => return None,
            Ok(Value::Text(text)) => Kind::Text(text),
            Ok(Value::ForNow(text)) => {
                self.log.note_for_now();
                let pieces = Rc::new([Piece::Placeholder(expression.to_owned(), span)]);
                Kind::Template { pieces, for_now: Some(text) }
            }
            Ok(Value::Variable(name, node)) => match self.variable(name, node, span, place) {
                Some(Change::Same) => node.kind.clone(),
                Some(Change::New(filled)) => filled.kind,
                Some(Change::Gone) => Kind::Null,
                None => failed(),
            },
            Err(error) => self.fail(span, error),
        })
    }

    /// A text with placeholders and something around them.
    fn mixed(&self, pieces: Vec<Piece>, place: Place) -> Kind {
        let mut filled = Pieces::default();
        for piece in pieces {
            match piece {
                Piece::Placeholder(expression, span) => match self.whole(&expression, span, place) {
                    None => filled.unknown(Piece::Placeholder(expression, span)),
                    Some(Kind::Plain(text) | Kind::Text(text)) => filled.text(&text),
                    // Any text stands for it in a text.
                    Some(Kind::Template { pieces, for_now }) => {
                        let is_unread = matches!(*pieces, [Piece::Unread { .. }]);
                        filled.template(&pieces, for_now.or(is_unread.then(|| SOME_TEXT.to_owned())));
                    }
                    Some(kind) => {
                        let what = match kind {
                            Kind::List(_) => "is a list",
                            Kind::Map(_) => "is a mapping",
                            _ => "has no value",
                        };
                        let message =
                            format!("`{}` {what}, which cannot be a part of a text", expression.trim());
                        let help = "a variable that is no text works only alone: `field: ${var.NAME}`";
                        self.log.report(span, message, Some(help.to_owned()));
                        filled.unknown(Piece::Failed);
                    }
                },
                Piece::Text(text) => filled.text(&text),
                piece => filled.unknown(piece),
            }
        }
        filled.into_kind()
    }

    /// The value of a variable, which may have placeholders of its own.
    fn variable(&self, name: &str, node: &Node, span: Span, place: Place) -> Option<Change<Node>> {
        let inside = place.inside;
        let path = inside.map(Inside::path).unwrap_or_default();
        if path.contains(&name) {
            let from = path.iter().position(|variable| *variable == name).unwrap_or_default();
            let path: Vec<String> =
                path[from..].iter().chain([&name]).map(|variable| format!("`{variable}`")).collect();
            let message = format!("the variable `{name}` refers to itself: {}", path.join(" → "));
            self.log.report(span, message, None);
            return None;
        }
        let depth = inside.map_or(0, |inside| inside.depth + 1);
        if depth > MAX_DEPTH {
            self.log.report(
                span,
                format!("variables refer to others more than {MAX_DEPTH} levels deep"),
                None,
            );
            return None;
        }
        let inside = Inside { variable: name, outer: inside, depth };
        Some(self.filled(node, Place { inside: Some(&inside), ..place }))
    }

    /// The parts of a text as it is written. `$${` is the text `${`.
    fn pieces(&self, node: &Node, text: &str) -> Vec<Piece> {
        let mut pieces = Pieces::default();
        let (mut rest, mut index) = (text, 0);
        while let Some((before, after)) = rest.split_once("${") {
            if let Some(before) = before.strip_suffix('$') {
                pieces.text(before);
                pieces.text("${");
                rest = after;
            } else {
                pieces.text(before);
                let end = elsewhere::end(after);
                let Some((expression, behind)) = end.map(|end| (&after[..end], &after[end + 1..])) else {
                    let help = Some("to write `${` itself, use `$${`".to_owned());
                    self.log.report(self.place(node, text, index, 2), "`${` without a `}`", help);
                    pieces.unknown(Piece::Failed);
                    return pieces.all;
                };
                let span = self.place(node, text, index, expression.len() + 3);
                pieces.unknown(Piece::Placeholder(expression.to_owned(), span));
                rest = behind;
                index += expression.matches("${").count();
            }
            index += 1;
        }
        pieces.text(rest);
        pieces.all
    }

    /// The place in the source of the `index`-th `${` of a scalar.
    fn place(&self, node: &Node, text: &str, index: usize, length: usize) -> Span {
        let count = |text: &str| text.matches("${").count();
        let source = self.log.source().slice(node.span);
        // Escapes such as `\x24{` make the two differ, and then the whole value is marked.
        if count(source) != count(text) {
            return node.span;
        }
        let offset = source.match_indices("${").nth(index).map(|(offset, _)| offset);
        offset.map_or(node.span, |offset| {
            let start = node.span.start + offset;
            Span { start, end: (start + length).min(node.span.end) }
        })
    }

    fn fail(&self, span: Span, error: Error) -> Kind {
        self.log.report(span, error.message, error.help);
        failed()
    }
}

/// A value that stays where a variable has none.
fn kept(node: &Node, change: Change<Node>) -> Change<Node> {
    match change {
        Change::Gone => Change::New(node.with(Kind::Null)),
        change => change,
    }
}

/// A value whose error has been reported.
fn failed() -> Kind {
    Kind::Template { pieces: Rc::new([Piece::Failed]), for_now: None }
}

/// True for a key at the top that means nothing: for anchors, and for other programs.
pub(super) fn is_extension(key: &str) -> bool {
    key.starts_with("x-")
}

fn has_placeholder(node: &Node) -> bool {
    match &node.kind {
        Kind::Plain(text) | Kind::Text(text) => text.contains("${"),
        Kind::List(items) => items.iter().any(has_placeholder),
        Kind::Map(entries) => entries.iter().any(|entry| has_placeholder(&entry.value)),
        Kind::Null | Kind::Template { .. } => false,
    }
}
