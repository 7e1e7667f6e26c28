//! YAML as a tree in which every value knows where it stands. A derived reader would stop at the first fault; from this
//! tree the rest of the module finds them all.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::Spanned;
use serde_yaml::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};

use super::broken::broken;
use super::diagnostic::Diagnostic;
use super::source::{Source, Span};
use super::stack::At;

/// A deeper file is refused: the reader recurses.
pub(super) const MAX_DEPTH: usize = 32;
/// More values than any stack has, aliases counted as often as they are used.
pub(super) const MAX_NODES: usize = 50_000;

/// A value and where it stands. What comes from an alias stands where its anchor is.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) kind: Kind,
}

/// What a value is. Scalars keep their source text: `1.10`, `true` and `012345678901` stay as they are written.
#[derive(Debug)]
pub(super) enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// A scalar that YAML takes for a number or a boolean.
    Plain(String),
    /// A scalar that is text.
    Text(String),
    List(Vec<Node>),
    /// The members in the order of the file, no key twice.
    Map(Vec<Entry>),
}

/// A member of a mapping.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) value: Node,
}

/// The key of a member.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) span: Span,
    pub(super) text: String,
}

impl Node {
    /// The members of a mapping; none for anything else.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value of a mapping's key.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key.text == key).map(|entry| &entry.value)
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Plain(text) | Kind::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads a source. What is wrong with single keys comes beside the tree; only broken YAML leaves none.
pub(super) fn read(source: &Source) -> Result<(Node, Vec<Diagnostic>), Diagnostic> {
    let (raw, mut diagnostics) = match parse(source, DuplicateKeyPolicy::Error) {
        Ok(raw) => (raw, Vec::new()),
        // The reader stops at the first key that comes twice. Told to let it pass, it goes on to the rest of the file.
        Err(error @ serde_yaml::Error::DuplicateMappingKey { .. }) => {
            let again = parse(source, DuplicateKeyPolicy::LastWins);
            (again.map_err(|error| broken(source, &error))?, vec![repeated(source, &error)])
        }
        Err(error) => return Err(broken(source, &error)),
    };
    let mut builder = Builder { source, diagnostics: Vec::new() };
    let root = builder.node(raw);
    let known: Vec<At> = builder.diagnostics.iter().map(|diagnostic| diagnostic.at).collect();
    diagnostics.retain(|diagnostic| !known.contains(&diagnostic.at));
    diagnostics.append(&mut builder.diagnostics);
    Ok((root, diagnostics))
}

fn parse(source: &Source, duplicates: DuplicateKeyPolicy) -> Result<Spanned<Raw>, serde_yaml::Error> {
    let options = serde_yaml::options! {
        budget: serde_yaml::budget! { max_depth: MAX_DEPTH, max_nodes: MAX_NODES },
        alias_limits: serde_yaml::alias_limits! { max_total_replayed_events: MAX_NODES },
        duplicate_keys: duplicates,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        strict_booleans: true,
        with_snippet: false,
    };
    serde_yaml::from_str_with_options(source.text(), options)
}

/// What the reader hands over, before the source text takes the place of what it made of scalars.
enum Raw {
    Null,
    Plain,
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = members.next_key()? {
            map.push((key, members.next_value()?));
        }
        Ok(Raw::Map(map))
    }
}

struct Builder<'a> {
    source: &'a Source,
    diagnostics: Vec<Diagnostic>,
}

impl Builder<'_> {
    fn node(&mut self, raw: Spanned<Raw>) -> Node {
        let span = span(self.source, &raw.defined);
        let kind = match raw.value {
            Raw::Null => Kind::Null,
            Raw::Plain => Kind::Plain(self.source.slice(span).to_owned()),
            Raw::Text(text) => {
                if text.contains('\0') {
                    // The engine tells what is not known yet by it, and no service takes it.
                    let help = Some("leave out `\\0`".to_owned());
                    self.report(span, "a text cannot hold the character NUL".to_owned(), help);
                }
                Kind::Text(text)
            }
            Raw::List(items) => Kind::List(items.into_iter().map(|item| self.node(item)).collect()),
            Raw::Map(members) => Kind::Map(self.entries(members)),
        };
        Node { span, kind }
    }

    fn entries(&mut self, members: Vec<(Spanned<Raw>, Spanned<Raw>)>) -> Vec<Entry> {
        let mut seen: HashMap<String, Span> = HashMap::new();
        let mut entries = Vec::new();
        for (key, value) in members {
            let (key, value) = (self.key(key), self.node(value));
            let Some(key) = key else { continue };
            match seen.get(&key.text) {
                Some(first) => self.repeated(&key, *first),
                None => {
                    seen.insert(key.text.clone(), key.span);
                    entries.push(Entry { key, value });
                }
            }
        }
        entries
    }

    fn key(&mut self, raw: Spanned<Raw>) -> Option<Key> {
        let node = self.node(raw);
        let text = match node.kind {
            Kind::Plain(text) | Kind::Text(text) => text,
            Kind::Null => self.source.slice(node.span).to_owned(),
            Kind::List(_) | Kind::Map(_) => {
                let help = "a value that begins with `{` or `[` needs quotes";
                self.report(node.span, "a key must be plain text".to_owned(), Some(help.to_owned()));
                return None;
            }
        };
        Some(Key { span: node.span, text })
    }

    fn repeated(&mut self, key: &Key, first: Span) {
        let line = self.source.at(first.start).line;
        let help = format!("it is on line {line} already; keep one of the two");
        self.report(key.span, format!("the key `{}` comes twice", key.text), Some(help));
    }

    fn report(&mut self, span: Span, message: String, help: Option<String>) {
        let (at, length) = (self.source.at(span.start), self.source.length(span));
        self.diagnostics.push(Diagnostic { at, length, message, help });
    }
}

/// The bytes at a location that the reader names.
fn span(source: &Source, location: &serde_yaml::Location) -> Span {
    let start = location.span().byte_offset().and_then(|offset| usize::try_from(offset).ok());
    let length = location.span().byte_len().and_then(|length| usize::try_from(length).ok());
    let start = start.unwrap_or_else(|| source.offset(at(location)));
    let end = (start + length.unwrap_or_default()).min(source.text().len());
    Span { start: start.min(end), end }
}

/// The place that the reader names.
pub(super) fn at(location: &serde_yaml::Location) -> At {
    let saturated = |number| u32::try_from(number).unwrap_or(u32::MAX);
    At { line: saturated(location.line()), column: saturated(location.column()) }
}

/// A key that comes twice and that only the reader can tell to be the same, such as `1` and `0x1`.
fn repeated(source: &Source, error: &serde_yaml::Error) -> Diagnostic {
    let location = error.location().unwrap_or(serde_yaml::Location::UNKNOWN);
    let span = span(source, &location);
    let message = format!("the key `{}` comes twice", source.slice(span));
    let help = Some("keep one of the two".to_owned());
    Diagnostic { at: source.at(span.start), length: source.length(span), message, help }
}
