//! Composes the tree of a source from the parser's events. What is wrong with single keys and values comes beside the
//! tree; only broken YAML leaves none.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle, StrInput, Tag};
use rustc_hash::FxHashMap;

use crate::fault::{self, Fault};
use crate::invisible::is_invisible;
use crate::{Entry, Key, Kind, Node, Source, Span};

/// A deeper file is refused: whoever walks through the tree recurses.
pub const MAX_DEPTH: usize = 32;
/// More values than any stack has, aliases counted as often as they are used.
pub const MAX_NODES: usize = 50_000;

/// Reads a source.
pub fn compose(source: &Source) -> Result<(Node, Vec<Fault>), Fault> {
    // Comments would come as events of their own, in between.
    let options = granit_parser::options! { emit_comments: false };
    let parser = Parser::new_from_str_with_options(source.text(), options);
    let mut composer = Composer { source, parser, anchors: HashMap::new(), nodes: 0, faults: Vec::new() };
    let root = composer.document()?;
    Ok((root, composer.faults))
}

struct Composer<'a> {
    source: &'a Source,
    parser: Parser<'a, StrInput<'a>>,
    /// What is anchored, by the parser's number for it, once it is complete.
    anchors: HashMap<usize, Node>,
    /// How many values there are so far.
    nodes: usize,
    faults: Vec<Fault>,
}

/// An event, and where it stands.
type Placed<'a> = (Event<'a>, granit_parser::Span);

impl<'a> Composer<'a> {
    /// The one document of the source; nothing where it has none.
    fn document(&mut self) -> Result<Node, Fault> {
        let mut root = None;
        loop {
            match self.next()? {
                (Event::StreamEnd, place) => {
                    return Ok(root.unwrap_or(Node { span: span(place), kind: Kind::Null }));
                }
                (Event::DocumentStart(..), place) if root.is_some() => {
                    return Err(fault::several_documents(span(place)));
                }
                (Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd, _) => {}
                event => root = Some(self.node(event, 0)?),
            }
        }
    }

    fn next(&mut self) -> Result<Placed<'a>, Fault> {
        let next = self.parser.next_event().unwrap_or_else(|| Ok((Event::StreamEnd, Default::default())));
        next.map_err(|error| fault::syntax(self.source.text(), &error))
    }

    /// The value that begins with an event; `depth` lists and mappings are around it.
    fn node(&mut self, (event, place): Placed<'a>, depth: usize) -> Result<Node, Fault> {
        let span = span(place);
        let (kind, anchor) = match event {
            Event::Alias(anchor) => return self.alias(anchor, span, depth),
            Event::Scalar(text, style, anchor, tag) => {
                self.count(1, depth, span)?;
                let is_text = style != ScalarStyle::Plain || tag.as_deref().is_some_and(makes_text);
                self.refuse(tag.filter(|tag| !makes_text(tag)), place);
                (self.scalar(text.into_owned(), is_text, span), anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.count(1, depth + 1, span)?;
                self.refuse(tag, place);
                (Kind::List(self.items(depth + 1)?), anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.count(1, depth + 1, span)?;
                self.refuse(tag, place);
                (Kind::Map(self.members(depth + 1)?), anchor)
            }
            // The parser ends what it has begun, so nothing else comes where a value must stand.
            _ => return Err(fault::no_value(span)),
        };
        let node = Node { span, kind };
        // The parser's numbers begin with 1; 0 is no anchor.
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, span: Span, depth: usize) -> Result<Node, Fault> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(fault::inside_itself(span));
        };
        let (nodes, height) = extent(&node);
        self.count(nodes, depth + height, span)?;
        Ok(node)
    }

    /// Counts values, the innermost of which have `depth` lists and mappings around them.
    fn count(&mut self, nodes: usize, depth: usize, span: Span) -> Result<(), Fault> {
        self.nodes += nodes;
        let fits = self.nodes <= MAX_NODES && depth <= MAX_DEPTH;
        if fits { Ok(()) } else { Err(fault::too_large(span)) }
    }

    fn items(&mut self, depth: usize) -> Result<Rc<[Node]>, Fault> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items.into()),
                event => items.push(self.node(event, depth)?),
            }
        }
    }

    fn members(&mut self, depth: usize) -> Result<Rc<[Entry]>, Fault> {
        let (mut own, mut merged) = (Vec::new(), Vec::new());
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => break,
                event => event,
            };
            let merges = is_merge(&key.0);
            let key = self.node(key, depth)?;
            let value = self.next()?;
            let value = self.node(value, depth)?;
            if merges {
                merged.extend(self.merged(&value));
            } else if let Some(key) = self.key(key)? {
                own.push(Entry { key, value });
            }
        }
        Ok(self.unique(own, merged).into())
    }

    /// The members that `<<` adds, of which an earlier one counts more.
    fn merged(&mut self, value: &Node) -> Vec<Entry> {
        match &value.kind {
            Kind::Null => Vec::new(),
            Kind::Map(entries) => entries.to_vec(),
            Kind::List(items) if items.iter().all(|item| matches!(item.kind, Kind::Map(_))) => {
                items.iter().flat_map(Node::entries).cloned().collect()
            }
            _ => {
                let help = "point to one with an alias: `<<: *anchor`";
                self.report(value.span, "`<<` takes a mapping or a list of mappings".to_owned(), help);
                Vec::new()
            }
        }
    }

    /// A mapping's own members, and those that `<<` adds under further keys. A key that comes twice is reported.
    fn unique(&mut self, own: Vec<Entry>, merged: Vec<Entry>) -> Vec<Entry> {
        let mut places: FxHashMap<String, Span> = FxHashMap::default();
        let mut entries = Vec::with_capacity(own.len());
        for entry in own {
            match places.get(&entry.key.text) {
                Some(first) => self.repeated(&entry.key, *first),
                None => {
                    places.insert(entry.key.text.clone(), entry.key.span);
                    entries.push(entry);
                }
            }
        }
        let is_new = |entry: &Entry| places.insert(entry.key.text.clone(), entry.key.span).is_none();
        entries.extend(merged.into_iter().filter(is_new));
        entries
    }

    fn repeated(&mut self, key: &Key, first: Span) {
        let help = format!("the first is on line {}; keep one of the two", self.source.at(first.start).line);
        self.report(key.span, format!("duplicate key `{}`", key.text), &help);
    }

    fn key(&mut self, node: Node) -> Result<Option<Key>, Fault> {
        let text = match node.kind {
            // Such a key is most often indented with something else than plain spaces, and so in the wrong mapping. What
            // follows makes no sense then.
            Kind::Plain(text) if text.starts_with(is_invisible) => {
                return Err(fault::invisible_indentation(&text, node.span));
            }
            Kind::Plain(text) | Kind::Text(text) => text,
            Kind::Null => self.source.slice(node.span).to_owned(),
            Kind::List(_) | Kind::Map(_) => {
                let help = "a value that begins with `{` or `[` needs quotes";
                self.report(node.span, "a key must be plain text".to_owned(), help);
                return Ok(None);
            }
        };
        Ok(Some(Key { span: node.span, text }))
    }

    fn scalar(&mut self, text: String, is_text: bool, span: Span) -> Kind {
        if text.contains('\0') {
            // The engine tells what is not known yet by it, and no service takes it.
            self.report(span, "a text cannot hold the character NUL".to_owned(), "leave out `\\0`");
        }
        match text.as_str() {
            _ if is_text => Kind::Text(text),
            "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
            _ => Kind::Plain(text),
        }
    }

    /// Reports a tag: what a value is shows by itself, and most often the tag is one of CloudFormation's.
    fn refuse(&mut self, tag: Option<Cow<Tag>>, place: granit_parser::Span) {
        if let Some(tag) = tag {
            let message = format!("the tag `{}` means nothing here", tag.original());
            let help = "leave it out; to refer to something else, write `${…}`";
            self.report(span(place.tag_span().unwrap_or(place)), message, help);
        }
    }

    fn report(&mut self, span: Span, message: String, help: &str) {
        self.faults.push(Fault { span, message, help: Some(help.to_owned()) });
    }
}

/// The bytes at a place that the parser names.
fn span(place: granit_parser::Span) -> Span {
    let bytes = place.byte_range().unwrap_or_default();
    Span { start: bytes.start, end: bytes.end }
}

/// Whether a key is `<<`, and not the text.
fn is_merge(key: &Event) -> bool {
    matches!(key, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<")
}

/// Whether a tag makes a text of the scalar behind it.
fn makes_text(tag: &Tag) -> bool {
    tag.core_suffix() == Some("str") || tag.original_parts() == ("", "!")
}

/// How many values a value has, itself and keys included, and how many lists and mappings lie within each other in it.
fn extent(node: &Node) -> (usize, usize) {
    let add = |(nodes, height): (usize, usize), below: &Node| {
        let extent = extent(below);
        (nodes + extent.0, height.max(extent.1 + 1))
    };
    match &node.kind {
        Kind::List(items) => items.iter().fold((1, 1), add),
        Kind::Map(entries) => entries.iter().map(|entry| &entry.value).fold((1 + entries.len(), 1), add),
        Kind::Null | Kind::Plain(_) | Kind::Text(_) => (1, 0),
    }
}
