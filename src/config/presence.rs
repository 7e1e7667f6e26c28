//! `only` and `except`: entries, and items of lists, that exist in some environments alone.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::declared::{AnySection, Sections};
use super::decode::{Log, help};
use super::environment::{is_key, is_meant};
use super::include::CHECKS;
use super::rewrite::{self, Change};
use super::section::LIMITS;
use crate::suggest;
use crate::yaml::{Entry, Kind, Node, Span};

/// The entries that the file has, and this environment has not: by section and key, with the reason.
pub(super) type Absent = BTreeMap<(&'static str, String), String>;

/// Takes out of a file what does not exist in an environment, and the fields that say so.
pub(super) struct Presence<'a> {
    log: &'a Log<'a>,
    /// The environment, where one is picked.
    environment: Option<&'a str>,
    /// The environments that the file lists; empty where any is allowed.
    listed: Vec<&'a str>,
    absent: RefCell<Absent>,
}

impl<'a> Presence<'a> {
    pub(super) fn new(log: &'a Log<'a>, root: &'a Node, environment: Option<&'a str>) -> Self {
        let listed = root.get("environments").map(Node::entries).unwrap_or_default();
        let listed = listed.iter().map(|entry| entry.key.text.as_str()).collect();
        Presence { log, environment, listed, absent: RefCell::default() }
    }

    /// The file as this environment has it.
    pub(super) fn file(&self, root: &Node, sections: Sections) -> Node {
        let change = rewrite::members(root, |entry| match sections.of(&entry.key.text) {
            Some(section) => rewrite::entries(section, entry, |key, one| self.entry(section, key, one)),
            None if entry.key.text == CHECKS => {
                rewrite::values(&entry.value, |check| self.item(check).0).of_entry(entry)
            }
            None => Change::Same,
        });
        rewrite::changed(root, change)
    }

    /// The entries that were taken out.
    pub(super) fn into_absent(self) -> Absent {
        self.absent.into_inner()
    }

    fn entry(&self, section: &'static dyn AnySection, key: &str, node: &Node) -> Change<Node> {
        let (change, reason) = self.item(node);
        let entry = match &change {
            Change::Gone => {
                self.absent.borrow_mut().insert((section.key(), key.to_owned()), reason);
                return Change::Gone;
            }
            Change::New(entry) => entry,
            Change::Same => node,
        };
        let items = rewrite::members(entry, |field| {
            if !section.limited().contains(&field.key.text.as_str()) {
                return Change::Same;
            }
            rewrite::values(&field.value, |item| self.item(item).0).of_entry(field)
        });
        match items {
            Change::Same => change,
            changed => changed,
        }
    }

    /// What becomes of a mapping with `only` or `except`, and why it is absent.
    fn item(&self, item: &Node) -> (Change<Node>, String) {
        let mut limits = item.entries().iter().filter(|field| LIMITS.contains(&field.key.text.as_str()));
        let Some(limit) = limits.next() else { return (Change::Same, String::new()) };
        if let Some(other) = limits.next() {
            let message = format!("`{}` and `{}` exclude each other", limit.key.text, other.key.text);
            self.log.report(other.key.span, message, help("keep one of the two"));
        }
        let environments = self.environments(limit);
        if matches!(&limit.value.kind, Kind::List(items) if items.is_empty()) {
            let example = help(format!("write `{}: [prod]`", limit.key.text));
            self.log.report(
                limit.value.span,
                format!("`{}` must name an environment", limit.key.text),
                example,
            );
        }
        let named =
            self.environment.is_some_and(|picked| environments.iter().any(|key| is_meant(key, picked)));
        if named == (limit.key.text == "except") {
            let place = self.log.source().line(limit.key.span.start);
            return (Change::Gone, format!("`{}: [{}]` in {place}", limit.key.text, environments.join(", ")));
        }
        let rest = item.entries().iter().filter(|field| !LIMITS.contains(&field.key.text.as_str()));
        (Change::New(item.with(Kind::Map(rest.cloned().collect()))), String::new())
    }

    /// The environments that a field names.
    fn environments<'n>(&self, limit: &'n Entry) -> Vec<&'n str> {
        let names: Vec<(Option<&str>, Span)> = match &limit.value.kind {
            Kind::List(items) => items.iter().map(|item| (item.text(), item.span)).collect(),
            _ => vec![(limit.value.text(), limit.value.span)],
        };
        let valid = |(name, span): (Option<&'n str>, Span)| {
            let Some(name) = name.filter(|name| is_key(name)) else {
                let field = &limit.key.text;
                let example = help(format!("write `{field}: [prod]`"));
                self.log.report(span, format!("`{field}` must be a list of environments"), example);
                return None;
            };
            let is_listed = self.listed.iter().any(|listed| *listed == name || is_meant(listed, name));
            if !self.listed.is_empty() && !is_listed {
                let list =
                    suggest::did_you_mean_or_list(name, "the environments of this stack", &self.listed);
                self.log.report(span, format!("the environment `{name}` is not in `environments`"), list);
            }
            Some(name)
        };
        names.into_iter().filter_map(valid).collect()
    }
}
