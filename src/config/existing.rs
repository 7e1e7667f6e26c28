//! `existing`: an entry that stands for a resource of others. It is read, and never created, changed or deleted.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::declared::{AnySection, Entries, Sections};
use super::decode::{Cx, Log, Value, help};
use super::diagnostic::Diagnostic;
use super::rewrite::{self, Change};
use super::section::SOME_TEXT;
use super::section::shape::entry_of;
use crate::kind::Kind;
use crate::model::{in_words, name_in_arn};
use crate::yaml::{At, Node};

/// The field of an entry.
pub(super) const EXISTING: &str = "existing";

/// An entry that stands for a resource of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// Its kind.
    pub kind: &'static str,
    /// Its key; empty in a section that is one entry.
    pub key: String,
    /// The place of the name.
    pub at: At,
    /// The name in AWS, as it is there; for an API its id.
    pub name: String,
    /// The ARN, where the file has one.
    pub arn: Option<String>,
}

/// The keys of such entries, by section.
pub(crate) type ExistingKeys = BTreeSet<(&'static str, String)>;

/// The file without these entries, and the entries.
pub(super) fn take(log: &Log, root: &Node, sections: Sections) -> (Node, Vec<Existing>) {
    let found = std::cell::RefCell::new(Vec::new());
    let one = |section: &'static dyn AnySection, key: &str, entry: &Node| {
        if entry.get(EXISTING).is_none() {
            return Change::Same;
        }
        found.borrow_mut().extend(decode(log, section, key, entry));
        Change::Gone
    };
    let change = rewrite::members(root, |entry| match sections.of(&entry.key.text) {
        Some(section) => rewrite::entries(section, entry, |key, inner| one(section, key, inner)),
        None => Change::Same,
    });
    (rewrite::changed(root, change), found.into_inner())
}

fn decode(log: &Log, section: &'static dyn AnySection, key: &str, entry: &Node) -> Option<Existing> {
    for field in entry.entries().iter().filter(|field| field.key.text != EXISTING) {
        let message = format!("an `{EXISTING}` entry cannot have `{}`", field.key.text);
        log.report(field.key.span, message, help("it is read only: remove this, or the line `existing`"));
    }
    let named = entry.get(EXISTING)?;
    let what = in_words(section.kind());
    let fail = |message: String, way: String| {
        log.report(named.span, message, Some(way));
        None
    };
    let example = if section.arn().is_empty() {
        format!("write the id of the {what} in AWS")
    } else {
        format!("write the name of the {what} in AWS, or its ARN")
    };
    let text = if named.kind.is_unread() { Some(SOME_TEXT) } else { named.text() };
    let all = section.takes_paths().then(|| text.and_then(|text| text.strip_suffix('*'))).flatten();
    let Some(text) = text.filter(|text| is_name(all.unwrap_or(text))) else {
        return fail(format!("`{EXISTING}` must name a {what}"), example);
    };
    let (name, arn) = match text.starts_with("arn:") {
        true => match name_in(section, text) {
            Some(name) => (name, Some(text.to_owned())),
            None => return fail(format!("`{text}` is not the ARN of a {what}"), example),
        },
        false => (text.into(), None),
    };
    let (kind, at) = (section.kind(), log.source().at(named.span.start));
    Some(Existing { kind, key: key.to_owned(), at, name: name.into_owned(), arn })
}

/// The resources of others that items of `triggers` name by their ARNs: each stands for an entry whose key is the ARN.
pub(super) fn of_sources(entries: &Entries, sections: Sections) -> Vec<Existing> {
    let mut found: Vec<Existing> = Vec::new();
    for item in sections.iter().flat_map(|section| section.items(entries)) {
        let Some((kind, key)) = item.source().filter(|(_, key)| key.starts_with(ARN)) else { continue };
        let name = sections.of_kind(kind).and_then(|section| name_in(section, &key));
        let Some(name) = name.map(Cow::into_owned) else { continue };
        if !found.iter().any(|other| other.kind == kind && other.key == key) {
            found.push(Existing { kind, key: key.clone(), at: item.at(), name, arn: Some(key) });
        }
    }
    found
}

/// How every ARN begins.
const ARN: &str = "arn:";

/// The key of an entry, or the ARN of a resource of the same kind that is one of others.
pub(crate) fn entry_or_arn<K: Kind>(value: Value) -> Option<String> {
    let text = value.text()?;
    if !text.starts_with(ARN) {
        return entry_of::<K>(value);
    }
    let section = value.cx.scope.names.sections.of(K::SECTION)?;
    if is_name(text) && name_in(section, text).is_some() {
        return Some(text.to_owned());
    }
    let what = in_words(K::NAME);
    let way = help(format!("write the key of a {what}, or the ARN of one outside of the stack"));
    value.fail(format!("`{text}` is not the ARN of a {what}"), way)
}

impl Existing {
    /// Whether it stands for all resources whose names begin so.
    pub(crate) fn is_several(&self) -> bool {
        self.name.ends_with('*')
    }
}

/// The keys of those that stand for several resources, by section.
pub(super) fn keys_of_several(existing: &[Existing], sections: Sections) -> ExistingKeys {
    keys(existing.iter().filter(|one| one.is_several()), sections)
}

/// Their keys, by section.
pub(super) fn keys<'a>(existing: impl IntoIterator<Item = &'a Existing>, sections: Sections) -> ExistingKeys {
    let key = |one: &Existing| Some((sections.of_kind(one.kind)?.key(), one.key.clone()));
    existing.into_iter().filter_map(key).collect()
}

/// Reports those that have the name of an entry of the stack.
pub(super) fn check_names(cx: &Cx, existing: &[Existing], entries: &Entries) {
    let names = cx.scope.names;
    for one in existing.iter().filter(|one| one.arn.is_none()) {
        let own = names.sections.of_kind(one.kind).map(|section| section.aws_names(entries));
        let mut same =
            own.unwrap_or_default().into_iter().filter(|(_, name)| names.prefixed(name) == one.name);
        if let Some((key, _)) = same.next() {
            cx.add(Diagnostic {
                at: one.at,
                length: 0,
                message: format!(
                    "`{}` is the name of `{key}` of this stack, and cannot be `existing`",
                    one.name
                ),
                help: help(format!("remove this entry, and refer to `{key}`")),
            });
        }
    }
}

/// More than a name or an ARN has anywhere.
const MAX_NAME: usize = 512;

fn is_name(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len()) && !text.contains(|c: char| c.is_whitespace() || c == '*')
}

/// True for a kind whose ARNs have a path besides the name: that of others does not follow from the name.
pub(crate) fn has_path(pattern: &str) -> bool {
    pattern.contains("{role_path}")
}

/// The name in an ARN of a kind. That of several resources is the name as it is.
fn name_in<'a>(section: &dyn AnySection, arn: &'a str) -> Option<Cow<'a, str>> {
    let pattern = section.arn();
    let (wanted, given): (Vec<&str>, Vec<&str>) =
        (pattern.splitn(6, ':').collect(), arn.splitn(6, ':').collect());
    let (&[_, _, service, _, in_account, resource], &[_, _, own, _, account, rest]) =
        (wanted.as_slice(), given.as_slice())
    else {
        return None;
    };
    let name = rest.strip_prefix(resource.split('{').next()?)?;
    // What has a path of its own in ours may have any other one.
    let name = if has_path(pattern) { name.strip_prefix('/')?.rsplit('/').next()? } else { name };
    let is_name = !name.is_empty() && !name.contains(':') && (section.takes_paths() || !name.contains('/'));
    let name = if name.ends_with('*') { name.into() } else { name_in_arn(pattern, name) };
    // The names of a few kinds are unique without an account.
    let has_account = if in_account.is_empty() { account.is_empty() } else { account.len() == 12 };
    (service == own && has_account && is_name).then_some(name)
}
