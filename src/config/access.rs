//! `access`: what a function may do with other entries of the stack. The kind of an entry says what there is to allow.

mod schema;

use self::schema::schema;
use std::collections::{BTreeMap, BTreeSet};

use super::declared::AnySection;
use super::decode::{Value, help};
use super::reference::Names;
use super::section::Shape;
use super::section::shape::{Keys, map};
use crate::model::in_words;
use crate::suggest;
use crate::yaml::Kind;
use serde_json::Value as Json;

/// What may be allowed on an entry of a kind.
#[derive(Debug)]
pub struct Access {
    /// The prefix of the actions, for example `dynamodb`.
    pub service: &'static str,
    /// The actions in messages, for example `DynamoDB action on tables`.
    pub what: &'static str,
    /// The words that stand for several actions.
    pub levels: &'static [Level],
    /// The other actions, each by its name without the prefix.
    pub others: &'static [&'static str],
    /// The actions that AWS does not check against an entry itself, or not only.
    pub parts: &'static [AccessPart],
    /// How actions are limited to some of what an entry contains, where they can be.
    pub paths: Option<&'static Paths>,
    /// Whether a role may name an entry before it exists. Entries that may do something with each other would otherwise have to
    /// be created each before the other.
    pub by_name: bool,
}

impl Access {
    /// Grants on the entry itself, which exists before a role names it.
    pub const NONE: Access =
        Access { service: "", what: "", levels: &[], others: &[], parts: &[], paths: None, by_name: false };
}

/// How actions are limited to what in an entry has a name of a pattern, such as `in/*`.
#[derive(Debug)]
pub struct Paths {
    /// The name of the part that has these names, see [`AccessPart`].
    pub part: &'static str,
    /// The actions on the entry itself that can be limited too, without the prefix, and the condition key for that. All others
    /// on the entry itself are left out.
    pub listing: (&'static [&'static str], &'static str),
    /// The limits of a pattern.
    pub(crate) check: fn(Value) -> Option<String>,
}

/// Actions on what belongs to an entry.
#[derive(Debug)]
pub struct AccessPart {
    /// What it is, for example `index`: only some entries may have it.
    pub name: &'static str,
    /// The actions, without the prefix.
    pub actions: &'static [&'static str],
    /// What they are about.
    pub on: PartOn,
}

/// What the actions on a part of an entry are about.
#[derive(Debug, Clone, Copy)]
pub enum PartOn {
    /// The entry, and what has this text behind the entry's ARN.
    Also(&'static str),
    /// Only what has this text behind the entry's ARN.
    Only(&'static str),
    /// Only what has the second text in its ARN where the entry has the first, and the third one at its end.
    Instead(&'static str, &'static str, &'static str),
    /// Everything: AWS allows them on nothing less.
    Everything,
}

/// A word that stands for several actions.
#[derive(Debug)]
pub struct Level {
    /// The word, for example `read`.
    pub name: &'static str,
    /// The actions, without the prefix.
    pub actions: &'static [&'static [&'static str]],
    /// What people write instead.
    pub misspelt: &'static [&'static str],
}

/// What a function may do with an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The entry's kind.
    pub kind: &'static str,
    /// The entry's key.
    pub key: String,
    /// The actions.
    pub actions: Vec<String>,
    /// On what in the entry each of them is allowed, where that is not all of it.
    pub within: Vec<Within>,
}

/// Actions on some of what an entry contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Within {
    /// The actions.
    pub actions: Vec<String>,
    /// The names of what they are allowed on: patterns with `*`.
    pub paths: Vec<String>,
}

impl Grant {
    /// A grant on the whole of an entry.
    pub(crate) fn new(kind: &'static str, key: impl Into<String>, actions: Vec<String>) -> Self {
        Grant { kind, key: key.into(), actions, within: Vec::new() }
    }

    /// True if an action is allowed, such as `sqs:SendMessage`.
    pub(crate) fn allows(&self, action: &str) -> bool {
        includes(&self.actions, action)
    }
}

impl Within {
    /// True if an action is allowed, such as `s3:PutObject`.
    pub(crate) fn allows(&self, action: &str) -> bool {
        includes(&self.actions, action)
    }
}

/// Whether one of these actions, which may end in `*`, is or includes an action.
fn includes(actions: &[String], action: &str) -> bool {
    actions.iter().any(|one| one.strip_suffix('*').map_or(one == action, |begin| action.starts_with(begin)))
}

impl Access {
    /// What a grant allows, in a word or a few: a level, or the actions without the service.
    pub(crate) fn label(&self, grant: &Grant) -> String {
        const FEW: usize = 3;
        let full = |action: &&str| format!("{}:{action}", self.service);
        let granted: BTreeSet<String> = grant.actions.iter().cloned().collect();
        let all = self.levels.iter().map(|level| {
            let actions: BTreeSet<String> = level.actions.iter().copied().flatten().map(full).collect();
            (level.name, actions)
        });
        let levels: Vec<(&str, BTreeSet<String>)> =
            all.filter(|(_, actions)| actions.is_subset(&granted)).collect();
        // Of `read` and `read-write` the larger one says all.
        let is_within = |actions: &BTreeSet<String>| {
            levels.iter().any(|(_, other)| other != actions && actions.is_subset(other))
        };
        let levels: Vec<_> = levels.iter().filter(|(_, actions)| !is_within(actions)).collect();
        let rest = granted.iter().filter(|action| !levels.iter().any(|(_, level)| level.contains(*action)));
        let rest: Vec<&String> = rest.collect();
        let short = |action: &&String| action.split(':').next_back().unwrap_or_default().to_owned();
        let mut names: Vec<String> = levels.iter().map(|(name, _)| (*name).to_owned()).collect();
        names.extend(rest.iter().take(FEW).map(short));
        if rest.len() > FEW {
            names.push("…".to_owned());
        }
        names.join(", ")
    }
}

/// `access`: entry to actions.
pub(crate) fn access() -> Shape<BTreeMap<String, Grant>> {
    let grant = Shape::new(Json::Null, grant).described(|parts| schema(parts.sections));
    map(Keys::new(Json::Null, is_entry), grant)
}

/// The sections whose entries may be named.
fn accessible(value: Value) -> impl Iterator<Item = (&'static dyn AnySection, &'static Access)> + Clone {
    let sections = value.cx.scope.names.sections.iter();
    sections.filter_map(|section| Some((section, section.access()?)))
}

/// The entries that a key may name: each section that has the key, or the one that the key names as `tables.NAME`. `sections`
/// are those that count, with what is known of them.
pub(super) fn named<'v, T>(
    written: &'v str,
    names: &Names,
    sections: impl Iterator<Item = (&'static dyn AnySection, T)> + Clone,
) -> Vec<(&'static dyn AnySection, T, &'v str)> {
    let has = |section: &'static dyn AnySection, key: &str| names.keys(section.key()).contains(&key);
    let bare = sections.clone().filter(|(section, _)| has(*section, written));
    let bare: Vec<_> = bare.map(|(section, known)| (section, known, written)).collect();
    if !bare.is_empty() {
        return bare;
    }
    let Some((word, key)) = written.split_once('.') else { return Vec::new() };
    let named = sections.filter(|(section, _)| section.key() == word && has(*section, key));
    named.map(|(section, known)| (section, known, key)).collect()
}

/// The entries that a key of `access` may name.
fn entries<'v>(entry: Value<'v>) -> Vec<(&'static dyn AnySection, &'static Access, &'v str)> {
    named(&entry.key.text, entry.cx.scope.names, accessible(entry))
}

fn is_entry(entry: Value) -> Option<()> {
    let key = entry.key.text.as_str();
    let found = entries(entry);
    if found.len() == 1 {
        return Some(());
    }
    let kinds: Vec<String> = accessible(entry).map(|(section, _)| in_words(section.kind())).collect();
    if !found.is_empty() {
        let forms: Vec<String> =
            found.iter().map(|(section, ..)| format!("{}.{key}", section.key())).collect();
        let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
        let way = format!("write {}", suggest::quoted(&forms).replace(" and ", " or "));
        return entry.fail_key(format!("`{key}` is the key of several entries"), Some(way));
    }
    let names = entry.cx.scope.names;
    let keys: Vec<&str> =
        accessible(entry).flat_map(|(section, _)| names.keys(section.key())).copied().collect();
    let plurals: Vec<String> = accessible(entry).map(|(section, _)| in_words(section.key())).collect();
    let plurals = suggest::listed(&plurals);
    let absent = accessible(entry).find_map(|(section, _)| names.why_absent(section.key(), key));
    let help = absent
        .or_else(|| suggest::did_you_mean_or_list(key, &format!("the {plurals} of this stack"), &keys))
        .or_else(|| help(format!("`access` is for {plurals} of this stack; for others write a `policy`")));
    let kinds = suggest::listed(&kinds).replace(" and ", " or ");
    entry.fail_key(format!("there is no {kinds} `{key}`"), help)
}

fn grant(value: Value) -> Option<Grant> {
    let found = entries(value);
    // Where the entry is not known, the actions are checked all the same, as far as they are the same for all kinds.
    let access = match (found.as_slice(), accessible(value).next()) {
        ([(_, access, _), ..], _) => *access,
        ([], Some((_, only))) if accessible(value).count() == 1 => only,
        _ => return None,
    };
    let (actions, within) = match (&value.node.kind, access.paths) {
        (Kind::Map(_), Some(paths)) => {
            let within = access.within(value, paths)?;
            let all: BTreeSet<String> = within.iter().flat_map(|within| within.actions.clone()).collect();
            (all.into_iter().collect(), within)
        }
        _ => (access.actions(value)?, Vec::new()),
    };
    let (section, _, key) = found.first()?;
    Some(Grant { within, ..Grant::new(section.kind(), *key, actions) })
}

impl Access {
    fn actions(&'static self, value: Value) -> Option<Vec<String>> {
        let names: BTreeSet<String> = match &value.node.kind {
            Kind::List(_) => value.list(|item| self.item(item))?.into_iter().flatten().collect(),
            Kind::Plain(text) | Kind::Text(text) => match self.level(text) {
                Some(level) => level.names().map(|action| self.qualified(action)).collect(),
                None => return self.unknown_word(value, text),
            },
            _ => return value.wrong_type(&self.forms(), None),
        };
        if names.is_empty() && matches!(&value.node.kind, Kind::List(items) if items.is_empty()) {
            let first = self.levels.first().map_or("", |level| level.name);
            return value
                .fail("an empty list allows nothing", help(format!("remove it, or write `{first}`")));
        }
        Some(names.into_iter().collect())
    }

    /// Levels and actions, each with the pattern or the patterns that it is limited to.
    fn within(&'static self, value: Value, paths: &Paths) -> Option<Vec<Within>> {
        if value.node.entries().is_empty() {
            return value
                .fail("an empty mapping allows nothing", help("remove it, or write `{ read: in/* }`"));
        }
        value.map(|entry| {
            let word = entry.key.text.as_str();
            let actions = match (self.level(word), self.name(word)) {
                (Some(level), _) => level.names().map(|action| self.qualified(action)).collect(),
                (None, Some(name)) if self.can_be_limited(name, paths) => vec![word.to_owned()],
                (None, Some(name)) if self.is_known(name) => {
                    let way = help(format!("write a list without patterns: `[{word}]`"));
                    return entry.fail_key(format!("`{word}` cannot be limited to a pattern"), way);
                }
                (None, Some(name)) => {
                    let message = format!("`{word}` is not a {}", self.what);
                    return entry.fail_key(message, Some(self.meant(name)));
                }
                (None, None) => {
                    let message = format!("`{word}` is none of {}", self.forms());
                    return entry.fail_key(message, self.near(word));
                }
            };
            let names = match &entry.node.kind {
                Kind::List(items) if items.is_empty() => {
                    let way = help("remove it, or write a pattern such as `in/*`");
                    return entry.fail("an empty list allows nothing", way);
                }
                Kind::List(_) => entry.list(paths.check)?,
                _ => vec![(paths.check)(entry)?],
            };
            Some(Within { actions, paths: names })
        })
    }

    /// Whether an action, without the prefix, can be limited to what in an entry has a name of a pattern.
    fn can_be_limited(&self, action: &str, paths: &Paths) -> bool {
        let mut parts = self.parts.iter().filter(|part| part.name == paths.part);
        parts.any(|part| part.actions.contains(&action)) || paths.listing.0.contains(&action)
    }

    fn level(&self, word: &str) -> Option<&Level> {
        self.levels.iter().find(|level| level.name == word)
    }

    /// The forms of a value, in words.
    fn forms(&self) -> String {
        let words: Vec<String> = self.levels.iter().map(|level| format!("`{}`", level.name)).collect();
        let by_paths = if self.paths.is_some() { ", levels or actions with a pattern for each," } else { "" };
        format!("{}{by_paths} or a list of levels and actions", words.join(", "))
    }

    /// An action with the prefix.
    pub(crate) fn qualified(&self, action: &str) -> String {
        format!("{}:{action}", self.service)
    }

    /// The name of an action that has the prefix.
    fn name<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.strip_prefix(self.service)?.strip_prefix(':')
    }

    fn known(&self) -> impl Iterator<Item = &'static str> {
        let levels = self.levels.iter().flat_map(Level::names);
        levels.chain(self.others.iter().copied())
    }

    fn unknown_word<T>(&self, value: Value, text: &str) -> Option<T> {
        let action = self.known().find(|action| *action == self.name(text).unwrap_or(text));
        let list = action.map(|action| format!("write a list: `[{}]`", self.qualified(action)));
        value.wrong_type(&self.forms(), list.or_else(|| self.near(text)))
    }

    /// The level that a word may mean.
    fn near(&self, word: &str) -> Option<String> {
        let misspelt = self.levels.iter().find(|level| level.misspelt.contains(&word));
        let misspelt = misspelt.map(|level| format!("did you mean `{}`?", level.name));
        misspelt.or_else(|| suggest::did_you_mean(word, self.levels.iter().map(|level| level.name)))
    }

    /// An item of a list: a level, or an action.
    fn item(&self, value: Value) -> Option<Vec<String>> {
        match value.node.text().and_then(|text| self.level(text)) {
            Some(level) => Some(level.names().map(|action| self.qualified(action)).collect()),
            None => self.action(value).map(|action| vec![action]),
        }
    }

    /// One action with the prefix, which may end in `*`.
    fn action(&self, value: Value) -> Option<String> {
        let text = value.text()?;
        let Some(name) = self.name(text) else { return self.unqualified(value, text) };
        if self.is_known(name) {
            return Some(text.to_owned());
        }
        value.fail(format!("`{text}` is not a {}", self.what), Some(self.meant(name)))
    }

    /// True for an action without the prefix, which may end in `*`.
    fn is_known(&self, name: &str) -> bool {
        match name.strip_suffix('*') {
            Some(prefix) => self.known().any(|action| action.starts_with(prefix)),
            None => self.known().any(|action| action == name),
        }
    }

    /// What to do about an unknown action.
    fn meant(&self, name: &str) -> String {
        match suggest::nearest(name.trim_end_matches('*'), self.known()) {
            Some(action) => format!("did you mean `{}`?", self.qualified(action)),
            None => "if AWS added it recently, allow it under `policy`".to_owned(),
        }
    }

    fn unqualified<T>(&self, value: Value, text: &str) -> Option<T> {
        let help = match suggest::nearest(text, self.known()) {
            Some(action) => format!("did you mean `{}`?", self.qualified(action)),
            None => self.near(text).unwrap_or_else(|| "other services are allowed under `policy`".to_owned()),
        };
        value.fail(format!("`{text}` is not a level or a `{}:` action", self.service), Some(help))
    }
}

impl Level {
    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.actions.iter().flat_map(|actions| actions.iter().copied())
    }
}
