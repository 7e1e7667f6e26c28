//! Functions that start themselves: what one writes comes back to it, directly or through queues, topics and buses of the stack. AWS
//! stops some of these loops after sixteen turns, and bills all of them [DG: Lambda, "Recursive loop detection"].

use super::section::{Config, RecursiveLoop};
use crate::config::access::Within;
use crate::config::declared::End;
use crate::config::{
    Destination, Diagnostic, Entries, Entry, Grant, Item, Json, Part, Statement, Target, Template,
};
use crate::kind::Kind as _;
use crate::kinds::bucket::Bucket;
use crate::kinds::bus::{self, Bus};
use crate::kinds::event_source::EventSource;
use crate::kinds::queue::{self, Queue};
use crate::kinds::role::managed::ManagedPolicy;
use crate::kinds::stream::{self, Stream};
use crate::kinds::topic::{self, Topic};
use crate::kinds::{policy, role};
use crate::model::in_words;
use crate::suggest;

/// Reports each trigger by which a function would start itself again and again.
pub(super) fn check(function: &Entry<Config>, entries: &Entries) -> Vec<Diagnostic> {
    if function.recursive_loop != RecursiveLoop::Terminate || function.triggers.is_empty() {
        return Vec::new();
    }
    let allowed = allowed(function, entries);
    let delivered: Vec<Grant> = delivered(function).collect();
    let of = |item: &Item| {
        // What a function makes of the records of a source that Lambda reads is delivered nowhere.
        let delivered: &[Grant] = if item.kind() == EventSource::NAME { &[] } else { &delivered };
        let grants: Vec<&Grant> = allowed.iter().chain(delivered).collect();
        let path = way_back(item, &grants, entries, &mut Vec::new())?;
        Some(error(function, item, &path))
    };
    function.triggers.iter().filter_map(of).collect()
}

fn error(function: &Entry<Config>, item: &Item, path: &[End]) -> Diagnostic {
    let called = |(kind, key): &End| format!("the {} `{key}`", in_words(kind));
    let (written, through) = match path {
        [through @ .., written] => (called(written), through),
        [] => (String::new(), path),
    };
    let through: Vec<String> = through.iter().rev().map(called).collect();
    let through = match through.as_slice() {
        [] => String::new(),
        through => format!(" through {}", suggest::listed(through)),
    };
    let name = &function.name;
    Diagnostic {
        at: item.place_of_source(),
        length: 0,
        message: format!("`{name}` may write to {written}, which starts it{through}, again and again"),
        help: Some(format!("{}; where that is meant, write `recursive_loop: allow`", way_out(path))),
    }
}

/// How the end to which a function writes could be kept apart from what starts it.
fn way_out(path: &[End]) -> &'static str {
    match path.last().map(|(kind, _)| *kind) {
        Some(Bucket::NAME) => {
            "limit both, such as `access: { BUCKET: { write: thumbs/* } }` and `prefix: in/`"
        }
        Some(Bus::NAME) => "name the `source` or the `detail-type` of its events in the `pattern`",
        _ => "write elsewhere, or add a `filter` that leaves out what the function writes",
    }
}

/// From what starts a function back to what it writes to.
fn way_back(item: &Item, grants: &[&Grant], entries: &Entries, seen: &mut Vec<End>) -> Option<Vec<End>> {
    let source = item.source().filter(|source| item.passes() && !seen.contains(source))?;
    let is_there = |grant: &&&Grant| grant.kind == source.0 && grant.key == source.1;
    if grants.iter().filter(is_there).any(|grant| item.writes(grant)) {
        return Some(vec![source]);
    }
    seen.push(source.clone());
    let mut before = triggers(&source, entries).iter();
    let path = before.find_map(|item| way_back(item, grants, entries, seen))?;
    Some([vec![source], path].concat())
}

/// What comes to an entry that hands it on.
fn triggers<'a>((kind, key): &End, entries: &'a Entries) -> &'a [Item] {
    fn of<'a, C: 'static>(key: &str, all: &'a [Entry<C>], triggers: fn(&C) -> &[Item]) -> &'a [Item] {
        all.iter().find(|entry| entry.name == key).map(|entry| triggers(entry)).unwrap_or_default()
    }
    match *kind {
        Queue::NAME => of(key, entries.of::<queue::section::Config>(), |queue| &queue.triggers),
        Topic::NAME => of(key, entries.of::<topic::section::Config>(), |topic| &topic.triggers),
        Bus::NAME => of(key, entries.of::<bus::section::Config>(), |bus| &bus.triggers),
        Stream::NAME => of(key, entries.of::<stream::section::Config>(), |stream| &stream.triggers),
        _ => &[],
    }
}

/// What the role of a function allows it, by its own entry, the role's, and the policies of the stack that it has.
fn allowed(function: &Entry<Config>, entries: &Entries) -> Vec<Grant> {
    let own = (&function.access, &function.policy, &function.managed_policies);
    let roles: &[Entry<role::section::Config>] = entries.of();
    let of_role = match &function.role {
        Some(Target::Key(key)) => roles.iter().find(|role| role.name == *key),
        _ => None,
    };
    let of_role = of_role.map(|role| (&role.access, &role.policy, &role.managed_policies));
    let mut grants = Vec::new();
    for (access, statements, managed) in [Some(own), of_role].into_iter().flatten() {
        grants.extend(access.values().cloned());
        grants.extend(statements.iter().flat_map(of_statement));
        let policies: &[Entry<policy::section::Config>] = entries.of();
        for key in managed.iter().filter_map(ManagedPolicy::key) {
            let policy = policies.iter().find(|policy| policy.name == key);
            grants.extend(policy.iter().flat_map(|policy| policy.access.values().cloned()));
            grants.extend(policy.iter().flat_map(|policy| policy.policy.iter().flat_map(of_statement)));
        }
    }
    grants
}

/// Where Lambda itself delivers what becomes of asynchronous invocations.
fn delivered(function: &Entry<Config>) -> impl Iterator<Item = Grant> {
    function.destinations().filter_map(|(_, to): (_, &Destination)| to.entry().cloned())
}

/// What a statement allows on entries of the stack. One about everything, or with a condition, is taken for none of them: most such
/// statements are about something else.
fn of_statement(statement: &Statement) -> Vec<Grant> {
    let member = |name: &str| statement.members.get(name);
    let allows = member("Effect").is_some_and(|effect| texts(effect) == ["Allow"]);
    if !allows || member("Condition").is_some() {
        return Vec::new();
    }
    let actions: Vec<String> = member("Action").map(texts).unwrap_or_default();
    let resources = member("Resource").map(Json::templates).unwrap_or_default();
    resources.into_iter().filter_map(|resource| on(resource, &actions)).collect()
}

/// The texts of a member: one, or a list.
fn texts(json: &Json) -> Vec<String> {
    json.templates().into_iter().map(|template| written(&template.parts)).collect()
}

/// A text, with `*` for what is not known yet.
fn written(parts: &[Part]) -> String {
    let text = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        _ => "*".to_owned(),
    };
    parts.iter().map(text).collect()
}

/// Actions on an entry by its ARN, or on the objects of a bucket.
fn on(resource: &Template, actions: &[String]) -> Option<Grant> {
    let (Part::Attribute { kind, key, attribute: "arn" }, rest) = resource.parts.split_first()? else {
        return None;
    };
    let (rest, grant) = (written(rest), Grant::new(kind, key.as_str(), actions.to_vec()));
    match rest.strip_prefix('/') {
        _ if rest == "*" => Some(grant),
        Some(path) if *kind == Bucket::NAME => {
            let within = vec![Within { actions: actions.to_vec(), paths: vec![path.to_owned()] }];
            Some(Grant { within, ..grant })
        }
        None if rest.is_empty() && *kind != Bucket::NAME => Some(grant),
        _ => None,
    }
}
