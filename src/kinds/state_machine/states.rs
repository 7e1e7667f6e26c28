//! What Step Functions would refuse in a definition when it creates a state machine: states that are missing, that nothing leads
//! to, or from which nothing leads on [DG: Amazon States Language; API: ValidateStateMachineDefinitionDiagnostic].

use super::definition::{EXAMPLE, is_awaited};
use crate::config::decode::{Value, help};
use crate::suggest;
use crate::yaml::{Entry, Kind, Node, Span};
use std::cell::Cell;
use std::collections::BTreeMap;

/// The types of states.
const TYPES: [&str; 8] = ["Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"];
/// Those that end, and those that say elsewhere where they lead.
const WITHOUT_NEXT: [&str; 3] = ["Choice", "Succeed", "Fail"];

/// Checks a definition.
pub(super) fn check(value: Value) {
    Machine::new(value, value.node, value.span()).check(&mut BTreeMap::new());
}

/// Reports what states of type `express` cannot do [recorded: test_illegal_callbacks, test_illegal_activity_task].
pub(super) fn check_express(value: Value) {
    for state in value.node.get("States").map(Node::entries).unwrap_or_default() {
        of_express(value, &state.value);
    }
}

fn of_express(value: Value, node: &Node) {
    let resource = node.get("Resource");
    let named = resource.and_then(Node::written).unwrap_or_default();
    let lacks = if named.ends_with(".waitForTaskToken") {
        Some("wait for a task token")
    } else if is_awaited(&named) {
        Some("wait for what a task starts")
    } else if named.starts_with("arn:") && named.contains(":activity:") {
        Some("have activities")
    } else {
        None
    };
    if let (Some(lacks), Some(resource)) = (lacks, resource) {
        let message = format!("a state machine of type `express` cannot {lacks}");
        value.cx.report(resource.span, message, help("use `type: standard`, or another resource"));
    }
    inner(node).for_each(|(_, machine)| {
        machine
            .get("States")
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .for_each(|state| of_express(value, &state.value));
    });
}

/// The machines within a state: branches, and what is done with each item.
fn inner(state: &Node) -> impl Iterator<Item = (Span, &Node)> {
    let branches = state.get("Branches").map(|branches| match &branches.kind {
        Kind::List(branches) => &**branches,
        _ => &[],
    });
    let items = ["ItemProcessor", "Iterator"].into_iter().filter_map(|name| state.get(name));
    branches.into_iter().flatten().chain(items).map(|machine| (machine.span, machine))
}

/// A state machine, or one within a state.
struct Machine<'a> {
    value: Value<'a>,
    node: &'a Node,
    at: Span,
    /// Whether something was wrong, of which other errors would follow.
    wrong: Cell<bool>,
}

impl<'a> Machine<'a> {
    fn new(value: Value<'a>, node: &'a Node, at: Span) -> Self {
        Machine { value, node, at, wrong: Cell::new(false) }
    }

    fn report(&self, at: Span, message: impl Into<String>, way: impl Into<Option<String>>) {
        self.wrong.set(true);
        self.value.cx.report(at, message, way);
    }

    /// `known` are the names of all states so far, with their places.
    fn check(&self, known: &mut BTreeMap<&'a str, Span>) {
        let states = self.node.get("States");
        if states.is_none_or(|states| states.entries().is_empty()) {
            return self.report(self.at, "the state machine has no `States`", help(EXAMPLE));
        }
        let states = states.map(Node::entries).unwrap_or_default();
        let names: Vec<&str> = states.iter().map(|state| state.key.text.as_str()).collect();
        let mut reached = Vec::new();
        match self.node.get("StartAt") {
            Some(start) => self.leads(start, &names, &mut reached),
            None => self.report(self.at, "the state machine has no `StartAt`", help("name its first state")),
        }
        for state in states {
            if let Some(other) = known.insert(&state.key.text, state.key.span) {
                let line = self.value.cx.source().at(other.start).line;
                let message = format!("there is another state `{}` on line {line}", state.key.text);
                self.report(
                    state.key.span,
                    message,
                    help("the names of all states differ, also in branches"),
                );
            }
            self.state(state, &names, &mut reached);
            for (at, node) in inner(&state.value) {
                Machine::new(self.value, node, at).check(known);
            }
        }
        if self.wrong.get() {
            return;
        }
        for state in states.iter().filter(|state| !reached.contains(&state.key.text.as_str())) {
            let message = format!("nothing leads to the state `{}`", state.key.text);
            self.report(state.key.span, message, help("name it under `Next`, or remove it"));
        }
        if !states.iter().any(|state| is_end(&state.value)) {
            self.report(self.at, "the state machine has no end", help("one of its states needs `End: true`"));
        }
    }

    /// One state, and what it leads to.
    fn state(&self, state: &'a Entry, names: &[&'a str], reached: &mut Vec<&'a str>) {
        let (node, name) = (&state.value, &state.key.text);
        if !matches!(node.kind, Kind::Map(_)) {
            let message = format!("the state `{name}` must be a mapping");
            return self.report(state.key.span, message, help("for example `{ Type: Succeed }`"));
        }
        for next in ["Next", "Default"].into_iter().filter_map(|field| node.get(field)) {
            self.leads(next, names, reached);
        }
        let lists = ["Choices", "Catch"].into_iter().filter_map(|field| node.get(field));
        for item in lists.flat_map(items) {
            match item.get("Next") {
                Some(next) => self.leads(next, names, reached),
                None => self.report(item.span, "this leads to no state", help("add `Next`")),
            }
        }
        let Some(kind) = node.get("Type").filter(|kind| !matches!(kind.kind, Kind::Template { .. })) else {
            if node.get("Type").is_none() {
                self.report(
                    state.key.span,
                    format!("the state `{name}` has no `Type`"),
                    help(format!("the types are {}", suggest::quoted(&TYPES))),
                );
            }
            return;
        };
        let word = kind.text().unwrap_or_default();
        if !TYPES.contains(&word) {
            let near = suggest::did_you_mean_or_list(word, "the types are", &TYPES);
            return self.report(kind.span, format!("there is no type of state `{word}`"), near);
        }
        self.fields(state, word);
    }

    /// What a state of a type must have.
    fn fields(&self, state: &Entry, kind: &str) {
        let (node, name) = (&state.value, &state.key.text);
        let lacks = |field: &str| node.get(field).is_none();
        let both = !lacks("Next") && says_end(node);
        let neither = lacks("Next") && !says_end(node);
        if !WITHOUT_NEXT.contains(&kind) && (both || neither) {
            let message = if both {
                format!("the state `{name}` has both `Next` and `End`")
            } else {
                format!("the state `{name}` leads nowhere")
            };
            self.report(state.key.span, message, help("it needs either `Next: STATE` or `End: true`"));
        }
        let needed = match kind {
            "Task" if lacks("Resource") => "Resource",
            "Choice" if lacks("Choices") => "Choices",
            "Parallel" if lacks("Branches") => "Branches",
            "Map" if lacks("ItemProcessor") && lacks("Iterator") => "ItemProcessor",
            _ => return,
        };
        let message = format!("the state `{name}` has no `{needed}`");
        self.report(state.key.span, message, help(format!("a state of type `{kind}` needs it")));
    }

    /// Notes where something leads to.
    fn leads(&self, to: &'a Node, names: &[&'a str], reached: &mut Vec<&'a str>) {
        // What is not known yet may be any of them.
        let Some(next) = to.text() else { return reached.extend(names) };
        if names.contains(&next) {
            return reached.push(next);
        }
        let way = suggest::did_you_mean_or_list(next, "the states here are", names);
        self.report(to.span, format!("there is no state `{next}` here"), way);
    }
}

fn is_end(state: &Node) -> bool {
    let is_last = |kind: &Node| matches!(kind.text(), Some("Succeed" | "Fail"));
    state.get("Type").is_some_and(is_last) || says_end(state)
}

fn says_end(state: &Node) -> bool {
    state.get("End").is_some_and(|end| end.text() != Some("false"))
}

fn items(list: &Node) -> &[Node] {
    match &list.kind {
        Kind::List(items) => items,
        _ => &[],
    }
}
