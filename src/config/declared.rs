//! What a kind says of its section of the stack file. The reader of the file loops over these and names no kind.

mod entries;

pub(crate) use entries::AnyEntries;
pub use entries::Entries;

use super::access::{Access, Grant};
use super::decode::Value;
use super::diagnostic::Diagnostic;
use super::fields::Fields;
use super::reference::segment;
use super::section::{self, Entry, Keyed, Parts, Row, Shape, entries};
use super::stack::{ActOn, Stack, Template};
use super::tags::{self, Tags};
use super::trigger::{AnyTrigger, Item, Started};
use crate::kind::{Act, Kind};
use crate::model::Address;
use crate::suggest;
use crate::yaml::{At, Node};
use rustc_hash::FxHashMap;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;

/// A kind whose resources a section of the stack file declares.
pub(crate) trait Declared: Kind {
    /// What the section holds, for editors and the reference page.
    const ABOUT: &'static str;
    /// Whether the section is one entry without a key of its own.
    const SINGLE: bool = false;
    /// The attributes that `${…}` may name.
    const REFERENCES: &'static [Referable];
    /// The fields with items that `only` and `except` can limit to environments.
    const LIMITED: &'static [&'static str] = &[];
    /// The fields that may name a file of the stack's folder, in YAML or JSON, in which their value stands.
    const IN_FILES: &'static [&'static str] = &[];
    /// Whether names may have levels, such as `/shop/level`. An `existing` one may then end in `*`, for `access` alone.
    const PATHS: bool = false;
    /// What `access` of other entries may allow on an entry.
    const ACCESS: Option<&'static Access> = None;
    /// The action that delivers to an entry, for entries that can be destinations.
    const DELIVERY: Option<&'static str> = None;
    /// The fields of an entry.
    type Config: section::Section + Clone + Debug + PartialEq + Send + Sync;

    /// How the section is written.
    fn section() -> Shape<Vec<Entry<Self::Config>>>;
    /// Reports what concerns several entries or sections; `fields` are the sections of the file.
    fn check_section(_section: Value, _fields: &Fields) {}
    /// The code of an entry that has some.
    fn code(_entry: &Entry<Self::Config>) -> Option<Code<'_>> {
        None
    }
    /// The log group of an entry, where it is not its own.
    fn log_group(_entry: &Entry<Self::Config>) -> Option<&str> {
        None
    }
    /// The name of an entry in AWS, without the environment's prefix.
    fn aws_name(entry: &Entry<Self::Config>) -> Cow<'_, str> {
        entry.aws_name().into()
    }
    /// Lets every change of an entry take effect at once, also where the file leaves that to `promote`: for `dev`.
    fn release_at_once(_entry: &mut Self::Config) {}
    /// Errors between an entry and others.
    fn check(_entry: &Entry<Self::Config>, _entries: &Entries) -> Vec<Diagnostic> {
        Vec::new()
    }
    /// Why a check cannot do something with an entry: the field of the act, the reason, and what to do.
    fn check_act(_entry: &Entry<Self::Config>, _act: &ActOn) -> Option<(&'static str, String, String)> {
        None
    }
    /// What starts an entry.
    fn triggers(_entry: &Self::Config) -> &[Item] {
        &[]
    }
    /// What an entry is connected with, besides what starts it.
    fn connections(_entry: &Entry<Self::Config>, _sections: Sections) -> Vec<Connection> {
        Vec::new()
    }
    /// Why an entry has not one of [`REFERENCES`](Self::REFERENCES), and what to do; `None` where it has.
    fn lacks(_entry: &Entry<Self::Config>, _attribute: &str) -> Option<(String, &'static str)> {
        None
    }
    /// The texts of an entry in which `${…}` works.
    fn templates(_entry: &Entry<Self::Config>) -> Vec<&Template> {
        Vec::new()
    }
    /// Whether the value of an entry's field is never shown, as the entry is written, where that depends on other fields.
    fn hides(_entry: &Node, _field: &str) -> bool {
        false
    }
    /// What to write instead of a value from elsewhere that is the value of an entry with this name in AWS.
    fn instead_of(_address: &Address, _name: &str) -> Option<&'static str> {
        None
    }
}

/// An entry: its kind, and its key, which is empty in a section that is one entry.
pub type End = (&'static str, String);

/// How two entries of a stack are connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Where it begins.
    pub from: End,
    /// Where it leads.
    pub to: End,
    /// What it is, for example `read` or `GET /items`.
    pub labels: Vec<String>,
}

impl Connection {
    /// A connection of one sort.
    pub(crate) fn new(from: End, to: End, label: impl Into<String>) -> Self {
        Connection { from, to, labels: vec![label.into()] }
    }
}

/// What starts an entry, and what gets what it fails on.
fn triggered(triggers: &[Item], started: &End) -> Vec<Connection> {
    let to = |to: End, label| Connection::new(started.clone(), to, label);
    let of = |item: &Item| {
        let source = item.source().map(|source| Connection::new(source, started.clone(), "triggers"));
        let failures = item.failures().into_iter().map(move |grant| to((grant.kind, grant.key), "failures"));
        let dead_letters = item.dead_letters().map(|end| to(end, "dead letters"));
        source.into_iter().chain(failures).chain(dead_letters).collect::<Vec<_>>()
    };
    triggers.iter().flat_map(of).collect()
}

/// What an entry may do with others by its `access`.
pub(crate) fn connections_of(
    (kind, key): (&'static str, &str),
    access: &BTreeMap<String, Grant>,
    sections: Sections,
) -> Vec<Connection> {
    let connection = |grant: &Grant| {
        let access = sections.of_kind(grant.kind).and_then(|section| section.access());
        let label = access.map(|access| access.label(grant)).unwrap_or_default();
        Connection::new((kind, key.to_owned()), (grant.kind, grant.key.clone()), label)
    };
    access.values().map(connection).collect()
}

/// Code in the stack's folder, of which a package is made.
#[derive(Debug, Clone)]
pub struct Code<'a> {
    /// The key of the entry that it belongs to; of a layer with its section.
    pub key: Cow<'a, str>,
    /// Where the entry names it.
    pub at: At,
    /// A folder or a file, in the stack's folder.
    pub path: &'a Path,
    /// What of a folder is left out.
    pub exclude: &'a [String],
    /// The language and its version.
    pub runtime: &'a str,
    /// The processor architecture.
    pub architecture: &'static str,
    /// Whether it is the content of a layer.
    pub is_layer: bool,
    /// Whether layers bring more code.
    pub has_layers: bool,
    /// The keys of other code of the stack that Lambda unpacks together with it.
    pub together_with: Vec<String>,
}

/// An attribute that `${…}` may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Referable {
    /// Its name, as the kind's `Attributes` have it.
    pub(crate) name: &'static str,
    /// Whether it is known before the resource exists.
    pub(crate) known: bool,
    /// The kind of the child that has it, where the resource itself has it not.
    pub(crate) of_child: Option<&'static str>,
}

impl Referable {
    /// An attribute that is known before the resource exists.
    pub(crate) const fn known(name: &'static str) -> Self {
        Referable { name, known: true, of_child: None }
    }

    /// An attribute that AWS assigns.
    pub(crate) const fn assigned(name: &'static str) -> Self {
        Referable { name, known: false, of_child: None }
    }

    /// An attribute that AWS assigns to the only child of a kind.
    pub(crate) const fn of_child(kind: &'static str, name: &'static str) -> Self {
        Referable { name, known: false, of_child: Some(kind) }
    }
}

/// The section of a kind with entries under keys of the user's own.
pub(crate) fn keyed<C: Keyed + Clone + Debug + PartialEq + Send + Sync>() -> Shape<Vec<Entry<C>>> {
    entries().only_if(|value| {
        let (count, section) = (value.node.entries().len(), &value.key.text);
        if is_too_large(value.node) {
            let message = format!("a stack can have at most {MAX_OF_A_KIND} {section}, not {count}");
            return value.fail_key(message, super::decode::help("split it into several stacks"));
        }
        Some(())
    })
}

/// More than any stack has: the default quota of an account is a thousand roles, and each function has one.
const MAX_OF_A_KIND: usize = 1000;

/// True for a section with more entries than any stack has: they are not decoded.
pub(crate) fn is_too_large(section: &Node) -> bool {
    section.entries().len() > MAX_OF_A_KIND
}

/// Carries a kind into the list of sections.
pub(crate) struct Section<D>(std::marker::PhantomData<fn() -> D>);

impl<D> Section<D> {
    /// The entry of a kind.
    pub(crate) const NEW: Self = Section(std::marker::PhantomData);
}

/// A section behind the list of sections.
pub(crate) trait AnySection: Send + Sync {
    /// [`Kind::NAME`].
    fn kind(&self) -> &'static str;
    /// [`Kind::SECTION`].
    fn key(&self) -> &'static str;
    /// [`Declared::SINGLE`].
    fn is_single(&self) -> bool;
    /// [`Declared::REFERENCES`].
    fn references(&self) -> &'static [Referable];
    /// [`Kind::ARN`].
    fn arn(&self) -> &'static str;
    /// [`Declared::LIMITED`].
    fn limited(&self) -> &'static [&'static str];
    /// What is said of the fields of an entry that may have defaults.
    fn rows(&self) -> Vec<&'static Row>;
    /// [`Declared::IN_FILES`].
    fn in_files(&self) -> &'static [&'static str];
    /// [`Declared::PATHS`].
    fn takes_paths(&self) -> bool;
    /// [`Declared::hides`], also where that does not depend on other fields.
    fn hides(&self, entry: &Node, field: &str) -> bool;
    /// [`Declared::instead_of`].
    fn instead_of(&self, address: &Address, name: &str) -> Option<&'static str>;
    /// [`Declared::ACCESS`].
    fn access(&self) -> Option<&'static Access>;
    /// [`Declared::DELIVERY`].
    fn delivery(&self) -> Option<&'static str>;
    /// Whether requests of checks are sent to an entry.
    fn is_endpoint(&self) -> bool;
    /// What checks and commands do with an entry.
    fn acts(&self) -> &'static [&'static Act];
    /// Takes the section out of the file.
    fn take(&self, fields: &mut Fields) -> Option<Box<dyn AnyEntries>>;
    /// The JSON Schema of the section.
    fn schema(&self, parts: &mut Parts) -> Json;
    /// [`Declared::check_section`].
    fn check_section(&self, section: Value, fields: &Fields);
    /// [`Declared::check`] for each entry.
    fn check(&self, entries: &Entries) -> Vec<Diagnostic>;
    /// [`Declared::check_act`] with the entry that the act is about.
    fn check_act(&self, act: &ActOn, entries: &Entries) -> Option<Diagnostic>;
    /// The items of `triggers` of all entries.
    fn items<'a>(&self, entries: &'a Entries) -> Vec<&'a Item>;
    /// [`Declared::code`] of each entry.
    fn code<'a>(&self, entries: &'a Entries) -> Vec<Code<'a>>;
    /// [`Declared::log_group`] of the entry with this key.
    fn log_group<'a>(&self, entries: &'a Entries, key: &str) -> Option<&'a str>;
    /// [`Declared::aws_name`] of each entry, by key.
    fn aws_names<'a>(&self, entries: &'a Entries) -> Vec<(&'a str, Cow<'a, str>)>;
    /// Errors of the tags of entries together with those of the stack.
    fn check_tags(&self, of_stack: &Tags, entries: &Entries) -> Vec<Diagnostic>;
    /// Whether an entry has tags of its own.
    fn has_tags(&self, entries: &Entries) -> bool;
    /// The keys of the entries that the stack file alone protects.
    fn protected(&self, entries: &Entries) -> Vec<String>;
    /// [`Declared::release_at_once`] for each entry.
    fn release_at_once(&self, entries: &mut Entries);
    /// [`Declared::connections`] of each entry.
    fn connections(&self, stack: &Stack) -> Vec<Connection>;
    /// The place of each entry in the file.
    fn places(&self, stack: &Stack) -> Vec<(At, End)>;
    /// [`Declared::lacks`] of the entry with a key.
    fn lacks(&self, entries: &Entries, key: &str, attribute: &str) -> Option<(String, &'static str)>;
    /// The texts with `${…}` of each entry, with what the entry is in messages.
    fn templates<'a>(&self, entries: &'a Entries) -> Vec<(String, Vec<&'a Template>)>;
}

impl<D: Declared> AnySection for Section<D> {
    fn kind(&self) -> &'static str {
        D::NAME
    }

    fn key(&self) -> &'static str {
        D::SECTION
    }

    fn is_single(&self) -> bool {
        D::SINGLE
    }

    fn references(&self) -> &'static [Referable] {
        D::REFERENCES
    }

    fn arn(&self) -> &'static str {
        D::ARN
    }

    fn limited(&self) -> &'static [&'static str] {
        D::LIMITED
    }

    fn rows(&self) -> Vec<&'static Row> {
        let own = <D::Config as section::Section>::fields().into_iter().map(|field| field.row());
        // A name for all entries is no name.
        let of_every_entry =
            <section::Common as section::Section>::fields().into_iter().map(|field| field.row());
        let of_every_entry = of_every_entry.filter(|row| row.name != "name");
        own.chain(of_every_entry).collect()
    }

    fn in_files(&self) -> &'static [&'static str] {
        D::IN_FILES
    }

    fn takes_paths(&self) -> bool {
        D::PATHS
    }

    fn hides(&self, entry: &Node, field: &str) -> bool {
        self.rows().iter().any(|row| row.name == field && row.sensitive) || D::hides(entry, field)
    }

    fn instead_of(&self, address: &Address, name: &str) -> Option<&'static str> {
        D::instead_of(address, name)
    }

    fn access(&self) -> Option<&'static Access> {
        D::ACCESS
    }

    fn delivery(&self) -> Option<&'static str> {
        D::DELIVERY
    }

    fn is_endpoint(&self) -> bool {
        D::FEATURES.endpoint.is_some()
    }

    fn acts(&self) -> &'static [&'static Act] {
        D::FEATURES.acts
    }

    fn take(&self, fields: &mut Fields) -> Option<Box<dyn AnyEntries>> {
        let field = D::section().or_empty().stated(D::SECTION, D::ABOUT);
        Some(Box::new(field.take(fields)?))
    }

    fn schema(&self, parts: &mut Parts) -> Json {
        let field = D::section().or_empty().stated(D::SECTION, D::ABOUT);
        super::section::property(&field.row, parts)
    }

    fn check_section(&self, section: Value, fields: &Fields) {
        D::check_section(section, fields);
    }

    fn check(&self, entries: &Entries) -> Vec<Diagnostic> {
        let own = entries.of::<D::Config>();
        let of_triggers = |entry: &Entry<D::Config>| {
            let started = Started { kind: D::NAME, key: &entry.name };
            D::triggers(entry).iter().flat_map(|item| item.check(started, entries)).collect::<Vec<_>>()
        };
        let each = |entry| of_triggers(entry).into_iter().chain(D::check(entry, entries));
        own.iter().flat_map(each).chain(equal_names::<D>(own)).collect()
    }

    fn check_act(&self, act: &ActOn, entries: &Entries) -> Option<Diagnostic> {
        let entry = entries.of::<D::Config>().iter().find(|entry| entry.name == act.key)?;
        let (field, message, way) = D::check_act(entry, act)?;
        let at = *act.places.get(field)?;
        Some(Diagnostic { at, length: 0, message, help: Some(way) })
    }

    fn items<'a>(&self, entries: &'a Entries) -> Vec<&'a Item> {
        entries.of::<D::Config>().iter().flat_map(|entry| D::triggers(entry)).collect()
    }

    fn code<'a>(&self, entries: &'a Entries) -> Vec<Code<'a>> {
        entries.of::<D::Config>().iter().filter_map(D::code).collect()
    }

    fn log_group<'a>(&self, entries: &'a Entries, key: &str) -> Option<&'a str> {
        D::log_group(entries.of::<D::Config>().iter().find(|entry| entry.name == key)?)
    }

    fn aws_names<'a>(&self, entries: &'a Entries) -> Vec<(&'a str, Cow<'a, str>)> {
        entries.of::<D::Config>().iter().map(|entry| (entry.name.as_str(), D::aws_name(entry))).collect()
    }

    fn check_tags(&self, of_stack: &Tags, entries: &Entries) -> Vec<Diagnostic> {
        let of = |entry: &Entry<D::Config>| {
            let error = tags::together(of_stack, &entry.common.tags)?;
            Some(Diagnostic { at: entry.place("tags"), ..error })
        };
        entries.of::<D::Config>().iter().filter_map(of).collect()
    }

    fn has_tags(&self, entries: &Entries) -> bool {
        entries.of::<D::Config>().iter().any(|entry| !entry.common.tags.is_empty())
    }

    fn protected(&self, entries: &Entries) -> Vec<String> {
        // AWS itself protects a resource of a kind that has a field for it.
        if <D::Config as section::Section>::fields().iter().any(|field| field.row().name == "protect") {
            return Vec::new();
        }
        let protected = entries.of::<D::Config>().iter().filter(|entry| entry.common.protect);
        protected.map(|entry| if D::SINGLE { String::new() } else { entry.name.clone() }).collect()
    }

    fn release_at_once(&self, entries: &mut Entries) {
        let entries = entries.of_mut::<D::Config>().into_iter().flatten();
        entries.for_each(|entry| D::release_at_once(entry));
    }

    fn connections(&self, stack: &Stack) -> Vec<Connection> {
        let entries = stack.entries.of::<D::Config>().iter();
        let of_triggers =
            |entry: &Entry<D::Config>| triggered(D::triggers(entry), &(D::NAME, entry.name.clone()));
        entries
            .flat_map(|entry| D::connections(entry, stack.sections).into_iter().chain(of_triggers(entry)))
            .collect()
    }

    fn places(&self, stack: &Stack) -> Vec<(At, End)> {
        let key = |entry: &Entry<D::Config>| if D::SINGLE { String::new() } else { entry.name.clone() };
        let entries = stack.entries.of::<D::Config>().iter();
        entries.map(|entry| (entry.at, (D::NAME, key(entry)))).collect()
    }

    fn lacks(&self, entries: &Entries, key: &str, attribute: &str) -> Option<(String, &'static str)> {
        D::lacks(entries.of::<D::Config>().iter().find(|entry| entry.name == key)?, attribute)
    }

    fn templates<'a>(&self, entries: &'a Entries) -> Vec<(String, Vec<&'a Template>)> {
        let owner = |entry: &Entry<D::Config>| {
            if D::SINGLE { D::SECTION.to_owned() } else { format!("{}.{}", D::SECTION, entry.name) }
        };
        entries.of::<D::Config>().iter().map(|entry| (owner(entry), D::templates(entry))).collect()
    }
}

/// Errors of entries that would have the same name in AWS.
fn equal_names<D: Declared>(entries: &[Entry<D::Config>]) -> Vec<Diagnostic> {
    let mut first: FxHashMap<Cow<str>, &str> = FxHashMap::default();
    let twice = entries.iter().filter_map(|entry| {
        let name = D::aws_name(entry);
        let other = first.insert(name.clone(), &entry.name)?;
        Some(Diagnostic {
            at: entry.place("name"),
            length: 0,
            message: format!("`{other}` and `{}` have the same name `{name}` in AWS", entry.name),
            help: Some("give one of the two another `name`".to_owned()),
        })
    });
    twice.collect()
}

/// What the kinds declare in the stack file: their sections, in the order of the file's schema, and the items of `triggers`.
#[derive(Clone, Copy, Default)]
pub struct Sections {
    sections: &'static [Option<&'static dyn AnySection>],
    triggers: &'static [&'static dyn AnyTrigger],
}

impl Sections {
    /// A list of sections.
    pub(crate) const fn new(
        sections: &'static [Option<&'static dyn AnySection>],
        triggers: &'static [&'static dyn AnyTrigger],
    ) -> Self {
        Sections { sections, triggers }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'static dyn AnySection> + Clone {
        self.sections.iter().flatten().copied()
    }

    /// The kinds whose resources are items of `triggers`.
    pub(crate) fn triggers(self) -> impl Iterator<Item = &'static dyn AnyTrigger> + Clone {
        self.triggers.iter().copied()
    }

    /// The section with this key.
    pub(crate) fn of(self, key: &str) -> Option<&'static dyn AnySection> {
        self.iter().find(|section| section.key() == key)
    }

    /// The section of a kind.
    pub(crate) fn of_kind(self, kind: &str) -> Option<&'static dyn AnySection> {
        self.iter().find(|section| section.kind() == kind)
    }
}

impl std::fmt::Debug for Sections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(AnySection::key)).finish()
    }
}

impl dyn AnySection {
    /// An attribute that `${…}` may name, in the form of this section's placeholders.
    pub(crate) fn placeholder(&self, key: &str, attribute: &str) -> String {
        if self.is_single() {
            format!("${{{}.{attribute}}}", self.key())
        } else {
            format!("${{{}{}.{attribute}}}", self.key(), segment(key))
        }
    }

    /// All placeholders of an entry, in words.
    pub(crate) fn placeholders(&self, key: &str) -> String {
        let all: Vec<String> =
            self.references().iter().map(|attribute| self.placeholder(key, attribute.name)).collect();
        suggest::quoted(&all.iter().map(String::as_str).collect::<Vec<_>>()).replace(" and ", " or ")
    }
}
