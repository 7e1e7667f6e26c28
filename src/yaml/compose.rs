//! Composes the tree of a source from the parser's events. Errors of single keys and values are returned with the tree;
//! only invalid YAML has no tree.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle, StrInput, Tag};
use rustc_hash::FxHashMap;

use super::error::{self, Error};
use super::invisible::is_invisible;
use super::{Entry, Key, Kind, Node, Source, Span};

/// A deeper file is rejected: code that visits the tree recurses.
pub const MAX_DEPTH: usize = 32;
/// More values than any stack has, aliases counted as often as they are used.
pub const MAX_NODES: usize = 50_000;

/// Reads a source.
pub fn compose(source: &Source) -> Result<(Node, Vec<Error>), Error> {
    // Comments would come as events of their own, in between.
    let options = granit_parser::options! { emit_comments: false };
    let parser = Parser::new_from_str_with_options(source.text(), options);
    let mut composer = Composer { source, parser, anchors: HashMap::new(), nodes: 0, errors: Vec::new() };
    let root = composer.document()?;
    Ok((root, composer.errors))
}

struct Composer<'a> {
    source: &'a Source,
    parser: Parser<'a, StrInput<'a>>,
    /// The complete anchored values by the parser's numbers.
    anchors: HashMap<usize, Node>,
    /// How many values there are so far.
    nodes: usize,
    errors: Vec<Error>,
}

/// An event and its place.
type Placed<'a> = (Event<'a>, granit_parser::Span);

impl<'a> Composer<'a> {
    /// The one document of the source; `Null` where it has none.
    fn document(&mut self) -> Result<Node, Error> {
        let mut root = None;
        loop {
            match self.next()? {
                (Event::StreamEnd, place) => {
                    return Ok(root.unwrap_or(Node { span: self.span(place), kind: Kind::Null }));
                }
                (Event::DocumentStart(..), place) if root.is_some() => {
                    return Err(error::several_documents(self.span(place)));
                }
                (Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd, _) => {}
                event => root = Some(self.node(event, 0)?),
            }
        }
    }

    fn next(&mut self) -> Result<Placed<'a>, Error> {
        let next = self.parser.next_event().unwrap_or_else(|| Ok((Event::StreamEnd, Default::default())));
        next.map_err(|error| error::syntax(self.source, &error))
    }

    /// The value that begins with an event; `depth` lists and mappings are around it.
    fn node(&mut self, (event, place): Placed<'a>, depth: usize) -> Result<Node, Error> {
        let span = self.span(place);
        let (kind, anchor) = match event {
            Event::Alias(anchor) => return self.alias(anchor, span, depth),
            Event::Scalar(text, style, anchor, tag) => {
                self.count(1, depth, span)?;
                let is_text = style != ScalarStyle::Plain || tag.as_deref().is_some_and(makes_text);
                self.reject(tag.filter(|tag| !makes_text(tag)), place);
                (self.scalar(text.into_owned(), is_text, span), anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.count(1, depth + 1, span)?;
                self.reject(tag, place);
                (Kind::List(self.items(depth + 1)?), anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.count(1, depth + 1, span)?;
                self.reject(tag, place);
                (Kind::Map(self.members(depth + 1)?), anchor)
            }
            // The parser closes what it opens, so no other event comes in place of a value.
            _ => return Err(error::no_value(span)),
        };
        let node = Node { span, kind };
        // The parser's numbers begin with 1; 0 means no anchor.
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, span: Span, depth: usize) -> Result<Node, Error> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(error::inside_itself(span));
        };
        let (nodes, height) = extent(&node);
        self.count(nodes, depth + height, span)?;
        Ok(node)
    }

    /// Counts values, the innermost of which have `depth` lists and mappings around them.
    fn count(&mut self, nodes: usize, depth: usize, span: Span) -> Result<(), Error> {
        self.nodes += nodes;
        let fits = self.nodes <= MAX_NODES && depth <= MAX_DEPTH;
        if fits { Ok(()) } else { Err(error::too_large(span)) }
    }

    fn items(&mut self, depth: usize) -> Result<Rc<[Node]>, Error> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items.into()),
                event => items.push(self.node(event, depth)?),
            }
        }
    }

    fn members(&mut self, depth: usize) -> Result<Rc<[Entry]>, Error> {
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

    /// The members that `<<` adds; an earlier one takes precedence.
    fn merged(&mut self, value: &Node) -> Vec<Entry> {
        match &value.kind {
            Kind::Null => Vec::new(),
            Kind::Map(entries) => entries.to_vec(),
            Kind::List(items) if items.iter().all(|item| matches!(item.kind, Kind::Map(_))) => {
                items.iter().flat_map(Node::entries).cloned().collect()
            }
            _ => {
                let help = "refer to one with an alias: `<<: *anchor`";
                self.report(value.span, "`<<` must be a mapping or a list of mappings".to_owned(), help);
                Vec::new()
            }
        }
    }

    /// A mapping's own members, and those that `<<` adds under other keys. Duplicate keys are reported.
    fn unique(&mut self, own: Vec<Entry>, merged: Vec<Entry>) -> Vec<Entry> {
        let mut places: FxHashMap<String, Span> = FxHashMap::default();
        let mut entries = Vec::with_capacity(own.len());
        for entry in own {
            match places.get(&entry.key.text) {
                Some(first) => self.duplicate(&entry.key, *first),
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

    fn duplicate(&mut self, key: &Key, first: Span) {
        let help = format!("the first is on line {}; keep one of the two", self.source.at(first.start).line);
        self.report(key.span, format!("duplicate key `{}`", key.text), &help);
    }

    fn key(&mut self, node: Node) -> Result<Option<Key>, Error> {
        let text = match node.kind {
            // Such a key is most often indented with something else than plain spaces, and so in the wrong mapping. What
            // follows makes no sense then.
            Kind::Plain(text) if text.starts_with(is_invisible) => {
                return Err(error::invisible_indentation(&text, node.span));
            }
            Kind::Plain(text) | Kind::Text(text) => text,
            Kind::Null => self.source.slice(node.span).to_owned(),
            Kind::List(_) | Kind::Map(_) | Kind::Template { .. } => {
                let help = "a value that begins with `{` or `[` needs quotes";
                self.report(node.span, "a key must be plain text".to_owned(), help);
                return Ok(None);
            }
        };
        Ok(Some(Key { span: node.span, text }))
    }

    fn scalar(&mut self, text: String, is_text: bool, span: Span) -> Kind {
        if text.contains('\0') {
            // The engine marks unknown values with it, and no service accepts it.
            self.report(span, "a text cannot contain the character NUL".to_owned(), "remove `\\0`");
        }
        match text.as_str() {
            _ if is_text => Kind::Text(text),
            "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
            _ => Kind::Plain(text),
        }
    }

    /// Reports a tag: most are CloudFormation's, and no value needs one.
    fn reject(&mut self, tag: Option<Cow<Tag>>, place: granit_parser::Span) {
        if let Some(tag) = tag {
            let message = format!("the YAML tag `{}` is not supported", tag.original());
            let help = "remove it; to refer to another value, write `${…}`";
            self.report(self.span(place.tag_span().unwrap_or(place)), message, help);
        }
    }

    /// The bytes at a place that the parser names.
    fn span(&self, place: granit_parser::Span) -> Span {
        let (bytes, base) = (place.byte_range().unwrap_or_default(), self.source.base());
        Span { start: base + bytes.start, end: base + bytes.end }
    }

    fn report(&mut self, span: Span, message: String, help: &str) {
        self.errors.push(Error { span, message, help: Some(help.to_owned()) });
    }
}

/// Whether a key is `<<`, and not the text.
fn is_merge(key: &Event) -> bool {
    matches!(key, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<")
}

/// Whether a tag makes a text of the scalar behind it.
fn makes_text(tag: &Tag) -> bool {
    tag.core_suffix() == Some("str") || tag.original_parts() == ("", "!")
}

/// How many values a value has, itself and keys included, and how deep lists and mappings are nested in it.
fn extent(node: &Node) -> (usize, usize) {
    let add = |(nodes, height): (usize, usize), below: &Node| {
        let extent = extent(below);
        (nodes + extent.0, height.max(extent.1 + 1))
    };
    match &node.kind {
        Kind::List(items) => items.iter().fold((1, 1), add),
        Kind::Map(entries) => entries.iter().map(|entry| &entry.value).fold((1 + entries.len(), 1), add),
        Kind::Null | Kind::Plain(_) | Kind::Text(_) | Kind::Template { .. } => (1, 0),
    }
}
