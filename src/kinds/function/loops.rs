//! Loops: what a function writes comes back to it, directly or through queues, topics, buses, other functions and state machines of
//! the stack. AWS stops some of these loops after sixteen turns, and bills all of them [DG: Lambda, "Recursive loop detection"].
//!
//! One of a single function is an error. Functions that send each other messages may mean it, and end it in their code: of a loop of
//! several, `validate` warns, and plans have a note.

mod rights;

use self::rights::{Rights, allowed};
use super::lower::log_group_of;
use super::section::{Config, RecursiveLoop};
use super::{Function, INVOKE};
use crate::config::declared::{Declared, End};
use crate::config::{Destination, Diagnostic, Entries, Entry, Grant, Item, Stack};
use crate::kind::Kind as _;
use crate::kinds::bucket::Bucket;
use crate::kinds::bus::Bus;
use crate::kinds::event_source::EventSource;
use crate::kinds::log_group::{LogGroup, WRITE};
use crate::kinds::queue::Queue;
use crate::kinds::state_machine::{self, START, StateMachine};
use crate::kinds::stream::Stream;
use crate::kinds::subscription_filter::SubscriptionFilter;
use crate::kinds::subscription_filter::section::group_of;
use crate::kinds::topic::Topic;
use crate::model::{Identity, ResourceId, in_words};
use crate::suggest;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The names of the log groups of functions by their keys. They are not known while the file is decoded.
type Groups = BTreeMap<String, String>;

/// Reports each trigger by which a function would start itself again and again.
pub(super) fn check(function: &Entry<Config>, entries: &Entries) -> Vec<Diagnostic> {
    own_loops(function, entries, &Groups::new()).into_iter().map(|(_, error)| error).collect()
}

/// Reports the same of log groups: only the names in AWS show who logs where.
pub(super) fn check_logs(function: &Entry<Config>, stack: &Stack, identity: &Identity) -> Vec<Diagnostic> {
    let is_log = |item: &Item| item.kind() == SubscriptionFilter::NAME;
    if !function.triggers.iter().any(is_log) {
        return Vec::new();
    }
    let own = own_loops(function, &stack.entries, &groups(&stack.entries, identity)).into_iter();
    own.filter(|(item, _)| is_log(item)).map(|(_, error)| error).collect()
}

/// The loops of several functions, each once, at the place of a trigger that is a part of it.
pub(super) fn of_several(stack: &Stack, identity: &Identity) -> Vec<Diagnostic> {
    let groups = groups(&stack.entries, identity);
    let all = All::of(&stack.entries, &groups);
    let sent = all.sent();
    let mut told: BTreeSet<usize> = BTreeSet::new();
    let mut found = Vec::new();
    let started = (0..all.actors.len()).filter(|actor| !all.actors[*actor].triggers.is_empty());
    for start in started {
        let begins = [true, false].map(|asynchronous| Node { actor: start, asynchronous });
        let begins = begins.into_iter().filter(|_| !told.contains(&start));
        let Some(round) = begins.into_iter().find_map(|begin| all.round(begin, &sent)) else { continue };
        told.extend(round.iter().map(|sent| sent.to.actor));
        found.extend(all.warning(&round));
    }
    found
}

fn groups(entries: &Entries, identity: &Identity) -> Groups {
    let functions: &[Entry<Config>] = entries.of();
    let group = |function: &Entry<Config>| {
        let id = ResourceId::new(Function::NAME, identity.named(Function::NAME, &function.name));
        (function.name.clone(), log_group_of(function, &id).name)
    };
    functions.iter().map(group).collect()
}

/// The triggers of a function that what it writes comes to, each with the error.
fn own_loops<'a>(
    function: &'a Entry<Config>,
    entries: &'a Entries,
    groups: &Groups,
) -> Vec<(&'a Item, Diagnostic)> {
    if function.recursive_loop != RecursiveLoop::Terminate || function.triggers.is_empty() {
        return Vec::new();
    }
    let own = Actor::function(function, entries, groups);
    let of = |item: &'a Item| {
        let begins = |way: &Way| own.grants(is_asynchronous(item)).any(|grant| way.begins_with(grant));
        let way = ways(item, entries, groups).into_iter().find(begins)?;
        Some((item, error(&own, &way)))
    };
    function.triggers.iter().filter_map(of).collect()
}

/// A way on which what is written to an entry starts a function or a state machine.
#[derive(Clone)]
struct Way<'a> {
    /// What gets it first.
    first: &'a Item,
    /// What is written to, and what hands it on.
    through: Vec<End>,
    /// What starts the function.
    last: &'a Item,
}

impl Way<'_> {
    /// True for a grant that lets its owner write to where the way begins.
    fn begins_with(&self, grant: &Grant) -> bool {
        let is_there =
            self.through.first().is_some_and(|(kind, key)| (*kind, key) == (grant.kind, &grant.key));
        is_there && self.first.writes(grant)
    }
}

/// All ways to a trigger. A trigger that is limited leads nowhere: it may leave out just what is written.
fn ways<'a>(last: &'a Item, entries: &'a Entries, groups: &Groups) -> Vec<Way<'a>> {
    let (mut ways, mut seen) = (Vec::new(), BTreeSet::new());
    let mut open: Vec<(&Item, Vec<End>)> = vec![(last, Vec::new())];
    while let Some((first, rest)) = open.pop() {
        let source = group_of(first, groups).map(|group| (LogGroup::NAME, group)).or_else(|| first.source());
        let Some(source) = source.filter(|source| first.passes() && seen.insert(source.clone())) else {
            continue;
        };
        let through: Vec<End> = [vec![source.clone()], rest].concat();
        open.extend(triggers(&source, entries).iter().rev().map(|item| (item, through.clone())));
        ways.push(Way { first, through, last });
    }
    ways
}

/// What comes to an entry that hands it on.
fn triggers<'a>((kind, key): &End, entries: &'a Entries) -> &'a [Item] {
    fn of<'a, D: Declared>(key: &str, entries: &'a Entries) -> &'a [Item] {
        let all: &[Entry<D::Config>] = entries.of();
        all.iter().find(|entry| entry.name == key).map(|entry| D::triggers(entry)).unwrap_or_default()
    }
    match *kind {
        Queue::NAME => of::<Queue>(key, entries),
        Topic::NAME => of::<Topic>(key, entries),
        Bus::NAME => of::<Bus>(key, entries),
        Stream::NAME => of::<Stream>(key, entries),
        _ => &[],
    }
}

/// What Lambda makes of the records of a source that it reads is delivered nowhere.
fn is_asynchronous(item: &Item) -> bool {
    item.kind() != EventSource::NAME
}

/// What is started, and writes to others: a function or a state machine.
struct Actor<'a> {
    end: End,
    triggers: &'a [Item],
    /// What it may do.
    allowed: Vec<Grant>,
    /// Where Lambda itself delivers what becomes of asynchronous invocations.
    delivered: Vec<Grant>,
}

impl<'a> Actor<'a> {
    fn function(function: &'a Entry<Config>, entries: &Entries, groups: &Groups) -> Self {
        let rights = Rights {
            access: &function.access,
            policy: &function.policy,
            managed_policies: &function.managed_policies,
            role: function.role.as_ref(),
        };
        // It writes to its log group by nature.
        let logs = groups.get(&function.name);
        let logs = logs.map(|group| Grant::new(LogGroup::NAME, group, vec![WRITE.to_owned()]));
        let delivered = function.destinations();
        let delivered = delivered.filter_map(|(_, to): (_, &Destination)| to.entry().cloned());
        Actor {
            end: (Function::NAME, function.name.clone()),
            triggers: &function.triggers,
            allowed: allowed(&rights, entries).into_iter().chain(logs).collect(),
            delivered: delivered.collect(),
        }
    }

    fn machine(machine: &'a Entry<state_machine::section::Config>, entries: &Entries) -> Self {
        let rights = Rights {
            access: &machine.access,
            policy: &machine.policy,
            managed_policies: &machine.managed_policies,
            role: machine.role.as_ref(),
        };
        let tasks = state_machine::grants(machine);
        Actor {
            end: (StateMachine::NAME, machine.name.clone()),
            triggers: &machine.triggers,
            allowed: allowed(&rights, entries).into_iter().chain(tasks).collect(),
            delivered: Vec::new(),
        }
    }

    fn grants(&self, asynchronous: bool) -> impl Iterator<Item = &Grant> {
        self.allowed.iter().chain(self.delivered.iter().filter(move |_| asynchronous))
    }

    /// Its name in a message.
    fn called(&self) -> String {
        match &self.end {
            (Function::NAME, key) => format!("`{key}`"),
            end => named(end),
        }
    }
}

/// True for a grant to start a function or a state machine itself.
fn starts(grant: &Grant) -> bool {
    match grant.kind {
        Function::NAME => grant.allows(INVOKE),
        StateMachine::NAME => grant.allows(START),
        _ => false,
    }
}

/// An actor, and whether it was started asynchronously.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Node {
    actor: usize,
    asynchronous: bool,
}

/// That an actor may start another one.
#[derive(Clone, Copy)]
struct Sent<'a> {
    from: usize,
    to: Node,
    /// Through what; `None` where it calls it itself.
    way: Option<&'a Way<'a>>,
}

/// All that may be part of a loop. A function with `recursive_loop: allow` ends each: it is meant.
struct All<'a> {
    actors: Vec<Actor<'a>>,
    /// The ways to them, by what is written to.
    ways: BTreeMap<End, Vec<(usize, Way<'a>)>>,
}

impl<'a> All<'a> {
    fn of(entries: &'a Entries, groups: &Groups) -> Self {
        let functions: &[Entry<Config>] = entries.of();
        let functions = functions.iter().filter(|one| one.recursive_loop == RecursiveLoop::Terminate);
        let machines: &[Entry<state_machine::section::Config>] = entries.of();
        let actors = functions.map(|function| Actor::function(function, entries, groups));
        let actors: Vec<Actor> =
            actors.chain(machines.iter().map(|machine| Actor::machine(machine, entries))).collect();
        let mut by_first: BTreeMap<End, Vec<(usize, Way)>> = BTreeMap::new();
        for (place, actor) in actors.iter().enumerate() {
            for way in actor.triggers.iter().flat_map(|item| ways(item, entries, groups)) {
                let first = way.through.first().cloned();
                first
                    .into_iter()
                    .for_each(|first| by_first.entry(first).or_default().push((place, way.clone())));
            }
        }
        All { actors, ways: by_first }
    }

    /// Whom each actor may start.
    fn sent(&self) -> BTreeMap<Node, Vec<Sent<'_>>> {
        let places = self.actors.iter().enumerate().map(|(place, actor)| (&actor.end, place));
        let places: BTreeMap<&End, usize> = places.collect();
        let nodes = places
            .values()
            .flat_map(|actor| [true, false].map(|asynchronous| Node { actor: *actor, asynchronous }));
        nodes.map(|node| (node, self.sent_by(node, &places))).collect()
    }

    fn sent_by(&self, from: Node, places: &BTreeMap<&End, usize>) -> Vec<Sent<'_>> {
        let actor = &self.actors[from.actor];
        let mut all = Vec::new();
        for grant in actor.grants(from.asynchronous) {
            let end = (grant.kind, grant.key.clone());
            let ways = self.ways.get(&end).into_iter().flatten().filter(|(_, way)| way.begins_with(grant));
            all.extend(ways.map(|(to, way)| {
                let to = Node { actor: *to, asynchronous: is_asynchronous(way.last) };
                Sent { from: from.actor, to, way: Some(way) }
            }));
            all.extend(places.get(&end).filter(|_| starts(grant)).map(|to| {
                let to = Node { actor: *to, asynchronous: actor.delivered.contains(grant) };
                Sent { from: from.actor, to, way: None }
            }));
        }
        // That of one alone is an error, or its own affair.
        all.retain(|sent| sent.to.actor != from.actor);
        all
    }

    /// The shortest loop that begins with an actor and comes back to it through a trigger, with a function on it.
    fn round<'s>(&self, begin: Node, sent: &BTreeMap<Node, Vec<Sent<'s>>>) -> Option<Vec<Sent<'s>>> {
        let mut before: BTreeMap<Node, (Node, Sent)> = BTreeMap::new();
        let mut open = VecDeque::from([begin]);
        while let Some(node) = open.pop_front() {
            for sent in sent.get(&node)? {
                if sent.to == begin && sent.way.is_some() {
                    let mut round = vec![*sent];
                    let mut at = node;
                    while at != begin {
                        let (from, sent) = before.get(&at)?;
                        round.insert(0, *sent);
                        at = *from;
                    }
                    return Some(round).filter(|round| round.iter().any(|sent| self.is_function(sent.from)));
                }
                if sent.to.actor != begin.actor && !before.contains_key(&sent.to) {
                    open.push_back(sent.to);
                    before.insert(sent.to, (node, *sent));
                }
            }
        }
        None
    }

    fn is_function(&self, actor: usize) -> bool {
        self.actors[actor].end.0 == Function::NAME
    }

    fn warning(&self, round: &[Sent]) -> Option<Diagnostic> {
        let one = |sent: &Sent| {
            let (from, to) = (self.actors[sent.from].called(), self.actors[sent.to.actor].called());
            match sent.way {
                Some(way) => format!("{from} {}, which starts {to}{}", writes(way), handed_on(way)),
                None => format!("{from} may start {to}"),
            }
        };
        let sentences: Vec<String> = round.iter().map(one).collect();
        let item = round.last()?.way?.last;
        Some(Diagnostic {
            at: item.place_of_source(),
            length: 0,
            message: format!("{}, again and again", sentences.join("; ")),
            help: Some(OF_SEVERAL.to_owned()),
        })
    }
}

const OF_SEVERAL: &str = "unless the code ends it, limit a trigger, such as by a `filter`; where it is meant, \
    `recursive_loop: allow` at one of the functions says so, and Lambda lets it continue";

fn named((kind, key): &End) -> String {
    format!("the {} `{key}`", in_words(kind))
}

fn writes(way: &Way) -> String {
    match way.through.first() {
        Some((LogGroup::NAME, group)) => format!("logs to `{group}`"),
        first => format!("may write to {}", first.map(named).unwrap_or_default()),
    }
}

fn handed_on(way: &Way) -> String {
    let through: Vec<String> = way.through.iter().skip(1).map(named).collect();
    if through.is_empty() { String::new() } else { format!(" through {}", suggest::listed(&through)) }
}

fn error(own: &Actor, way: &Way) -> Diagnostic {
    Diagnostic {
        at: way.last.place_of_source(),
        length: 0,
        message: format!(
            "{} {}, which starts it{}, again and again",
            own.called(),
            writes(way),
            handed_on(way)
        ),
        help: Some(format!("{}; where that is meant, write `recursive_loop: allow`", way_out(way))),
    }
}

/// How the end to which a function writes could be kept apart from what starts it.
fn way_out(way: &Way) -> &'static str {
    match way.through.first().map(|(kind, _)| *kind) {
        Some(Bucket::NAME) => {
            "limit both, such as `access: { BUCKET: { write: thumbs/* } }` and `prefix: in/`"
        }
        Some(Bus::NAME) => "name the `source` or the `detail-type` of its events in the `pattern`",
        Some(LogGroup::NAME) => "let another function get the events, or add a `filter`",
        _ => "write elsewhere, or add a `filter` that leaves out what the function writes",
    }
}
