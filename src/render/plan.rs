//! A plan by what the user declared: each entry with its parts.

use super::changes::fields;
use super::{ACTIONS, BOLD, DIM, RED, YELLOW, past, sign, styled, wrapped};
use crate::kinds::kind;
use crate::model::ResourceId;
use crate::outline::{self, Group, Outline};
use crate::plan::{Action, Plan, Step};
use crate::suggest;

/// How much of a plan is shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Detail {
    /// Also the fields of new resources.
    pub details: bool,
    /// Also the values of sensitive fields: only for a terminal.
    pub values: bool,
    /// Parts about which there is nothing to say in one line with their entry, and many entries that are alike in one line.
    pub short: bool,
}

/// From how many on entries that are alike have one line.
pub(super) const MANY: usize = 13;

/// The entries of a plan, each with what differs and why.
pub fn plan(outline: &Outline, shown: Detail) -> String {
    let entries: Vec<Entry> = entries(outline, shown);
    let mut text = String::new();
    for alike in entries.chunk_by(|a, b| shown.short && a.is_like(b)) {
        if alike.len() < MANY {
            text.extend(alike.iter().map(Entry::text));
        } else {
            text += &together(&sign(alike[0].action), alike.iter().map(|entry| &entry.group.id));
        }
    }
    for note in &outline.plan.notes {
        text += &format!("{}\n", wrapped(&format!("{} ", styled(YELLOW, "note:")), note));
    }
    text
}

/// One line that counts the steps.
pub fn summary(plan: &Plan) -> String {
    let counts = ACTIONS.map(|action| (plan.count(action), action.verb()));
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, verb)| format!("{count} to {verb}"))
        .collect();
    let unchanged =
        Some(plan.unchanged.len()).filter(|count| *count > 0).map(|count| format!("{count} unchanged"));
    let counts: Vec<String> = counts.into_iter().chain(unchanged).collect();
    wrapped(&format!("{} ", styled(BOLD, "Plan:")), &counts.join(", "))
}

/// What was done of a plan, counted: `9 created, 1 updated`.
pub(super) fn done<'a>(steps: impl Iterator<Item = &'a Step> + Clone) -> String {
    let count = |action| steps.clone().filter(|step| step.action == action).count();
    let counts = ACTIONS.map(|action| (count(action), past(action)));
    let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, past)| format!("{count} {past}"));
    counts.collect::<Vec<_>>().join(", ")
}

/// What a plan does with an entry and its parts.
pub(super) struct Entry<'a> {
    /// What is done with the entry; an update if only parts of it change.
    pub(super) action: Action,
    /// The entry, for example `function save`.
    pub(super) name: String,
    /// What a line says besides its name.
    pub(super) facts: String,
    /// What is below, already indented.
    pub(super) lines: Vec<String>,
    group: &'a Group,
}

impl Entry<'_> {
    /// True for another entry of the same kind with which the same happens, where there is nothing to say of either.
    fn is_like(&self, other: &Entry) -> bool {
        let is_plain = |entry: &Entry| entry.lines.is_empty() && entry.action != Action::Update;
        let same = (self.group.id.kind, self.action) == (other.group.id.kind, other.action);
        same && is_plain(self) && is_plain(other)
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n", wrapped(&format!("  {} ", sign(self.action)), &self.line()));
        text.extend(self.lines.iter().map(|line| {
            let indent = line.len() - line.trim_start().len();
            format!("{}\n", wrapped(&" ".repeat(6 + indent), line.trim_start()))
        }));
        text
    }

    /// The entry with what is said besides, in one line.
    pub(super) fn line(&self) -> String {
        if self.facts.is_empty() { self.name.clone() } else { format!("{}  {}", self.name, self.facts) }
    }
}

/// Entries of one kind that are alike, by their names.
pub(super) fn together<'a>(sign: &str, alike: impl Iterator<Item = &'a ResourceId> + Clone) -> String {
    let noun = |count| alike.clone().next().map(|id| kind(id.kind).noun(count)).unwrap_or_default();
    let names: Vec<&str> = alike.clone().map(ResourceId::shown_name).collect();
    let line = format!("{} {}  {}", names.len(), noun(names.len()), names.join(", "));
    format!("{}\n", wrapped(&format!("  {sign} "), &line))
}

/// All entries of a plan.
pub(super) fn entries<'a>(outline: &'a Outline, shown: Detail) -> Vec<Entry<'a>> {
    outline.groups.iter().map(|group| entry(outline, group, shown)).collect()
}

fn entry<'a>(outline: &'a Outline, group: &'a Group, shown: Detail) -> Entry<'a> {
    let steps: Vec<&Step> = outline.steps(group).collect();
    let own = steps.first().copied().filter(|step| step.id == group.id);
    let action = own.map_or(Action::Update, |step| step.action);
    let mut lines: Vec<String> = own.map(|step| body(step, &[], shown)).unwrap_or_default();
    let of_entry = own.map_or(&[][..], |step| &step.reasons);
    // The parts of which there is nothing to say, for one line.
    let mut plain: Vec<&Step> = Vec::new();
    for index in &group.items[usize::from(own.is_some())..] {
        let part = &outline.plan.steps[*index];
        if is_in_line(outline, *index, of_entry, shown) {
            continue;
        }
        let (body, known) = (body(part, of_entry, shown), facts_of(part));
        if shown.short && body.is_empty() && known.is_empty() && part.action == action {
            plain.push(part);
        } else if shown.short && action == Action::Delete && part.action == action {
            // Of what is deleted with its entry, only a loss matters.
            plain.push(part);
            lines.extend(body);
        } else {
            let mut permissions = outline.permissions_of(*index);
            let permission = permissions.find(|other| is_in_line(outline, *other, of_entry, shown));
            let with = styled(DIM, with(part, permission.map(|index| &outline.plan.steps[index])));
            let known = if known.is_empty() { String::new() } else { format!("  {}", known.join(" · ")) };
            lines.push(format!("{} {}{known}{with}", sign(part.action), called(part, group)));
            lines.extend(body.into_iter().map(|line| format!("    {line}")));
        }
    }
    let is_new = action == Action::Create;
    let facts = own.filter(|_| is_new).map(|step| facts(outline, group, step)).unwrap_or_default();
    let parts = Some(counted(plain.iter().map(|part| &part.id))).filter(|parts| !parts.is_empty());
    let parts = parts.map(|parts| styled(DIM, format!("({parts})")));
    let facts: Vec<String> =
        [Some(facts).filter(|facts| !facts.is_empty()), parts].into_iter().flatten().collect();
    Entry { action, name: group.id.to_string(), facts: facts.join("  "), lines, group }
}

/// How many connections of an entry are named.
const WIRES: usize = 4;

/// What is worth knowing of a new resource.
fn facts_of(step: &Step) -> Vec<String> {
    let desired = step.desired.as_ref().filter(|_| step.action == Action::Create);
    desired.map(|desired| (kind(step.id.kind).features().facts)(desired)).unwrap_or_default()
}

/// What is worth knowing of a new entry.
fn facts(outline: &Outline, group: &Group, step: &Step) -> String {
    let own = facts_of(step);
    let wires = outline.wires(group);
    let more = Some(wires.len().saturating_sub(WIRES)).filter(|more| *more > 0);
    let wires = wires.iter().take(WIRES).cloned();
    let all: Vec<String> =
        own.into_iter().chain(wires).chain(more.map(|more| format!("and {more} more"))).collect();
    all.join(" · ")
}

/// Parts by their kinds: `role, log group, 2 triggers`.
pub(super) fn counted<'a>(parts: impl Iterator<Item = &'a ResourceId>) -> String {
    let mut counts: Vec<([String; 2], usize)> = Vec::new();
    for part in parts {
        let of = kind(part.kind);
        let nouns = match (of.features().is_trigger)(part) {
            true => ["trigger".to_owned(), "triggers".to_owned()],
            false => [of.noun(1), of.noun(2)],
        };
        match counts.iter_mut().find(|(other, _)| *other == nouns) {
            Some((_, count)) => *count += 1,
            None => counts.push((nouns, 1)),
        }
    }
    let words = counts.into_iter().map(|([one, several], count)| match count {
        1 => one,
        _ => format!("{count} {several}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// What a part is called below its entry.
fn called(step: &Step, group: &Group) -> String {
    let observed = step.observed.as_ref().map(|observed| &observed.spec);
    outline::called(&step.id, observed, &group.id)
}

/// True for the permission of a trigger with which the same is done, where there is nothing else to say of it: the line of the
/// trigger says that it comes with it.
fn is_in_line(outline: &Outline, permission: usize, of_entry: &[String], shown: Detail) -> bool {
    let steps = &outline.plan.steps;
    let trigger = outline.trigger_of(permission).map(|trigger| &steps[trigger]);
    let (Some(trigger), permission) = (trigger, &steps[permission]) else { return false };
    let said = [of_entry, &trigger.reasons].concat();
    trigger.action == permission.action && body(permission, &said, shown).is_empty()
}

/// What a part is deleted with, and the permission that is shown with it.
fn with(part: &Step, permission: Option<&Step>) -> String {
    let parent = part.id.parent().filter(|_| part.with_parent);
    let with = parent.into_iter().chain(permission.map(|permission| &permission.id));
    let with: Vec<String> = with.map(|id| format!("its {}", kind(id.kind).noun(1))).collect();
    if with.is_empty() { String::new() } else { format!("  (with {})", suggest::listed(&with)) }
}

/// Why a step is made, what differs and what is lost. What was said already is not said again.
fn body(step: &Step, said: &[String], shown: Detail) -> Vec<String> {
    let reasons = step.reasons.iter().filter(|reason| !said.contains(reason));
    let mut lines: Vec<String> = reasons.map(|reason| styled(DIM, reason)).collect();
    if step.action == Action::Update || step.action == Action::Replace || shown.details {
        lines.extend(fields(step, shown));
    }
    let data_loss = step.data_loss.as_ref().filter(|_| !step.with_parent);
    lines.extend(
        data_loss.map(|loss| format!("{} {}", styled(RED.bold(), "will be lost:"), styled(RED, loss))),
    );
    lines
}
