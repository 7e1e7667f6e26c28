//! Resources by what the user declared: an entry of the stack file, such as a function, with the parts that come with it, such
//! as its role and its log group. Each kind says whose part its resources are. Pure data; `render` shows it.

use crate::config::Stack;
use crate::diff::Change;
use crate::kind::Wire;
use crate::kinds::{kind, kinds};
use crate::model::ResourceId;
use crate::outputs;
use crate::picture::{End, Picture};
use crate::plan::{Plan, Step};
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap, HashSet};

/// An entry with what concerns it and its parts.
#[derive(Debug, Clone)]
pub struct Group {
    /// The entry, or a part whose entry does not exist.
    pub id: ResourceId,
    /// What concerns the entry itself, and then its parts, by index.
    pub items: Vec<usize>,
}

/// Resources by the entries whose parts they are, in the order of the kinds. `exists` tells of entries that are not among them.
pub fn grouped(ids: &[&ResourceId], exists: impl Fn(&ResourceId) -> bool) -> Vec<Group> {
    let all: HashSet<&ResourceId> = ids.iter().copied().collect();
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<ResourceId, usize> = HashMap::new();
    for (item, id) in ids.iter().enumerate() {
        let of = entry(id, &|id| all.contains(id) || exists(id));
        let place = *places.entry(of).or_insert_with_key(|of| {
            groups.push(Group { id: of.clone(), items: Vec::new() });
            groups.len() - 1
        });
        groups[place].items.push(item);
    }
    for group in &mut groups {
        group.items.sort_by_key(|item| *ids[*item] != group.id);
    }
    let rank: HashMap<&str, usize> =
        kinds().iter().enumerate().map(|(rank, kind)| (kind.name(), rank)).collect();
    groups.sort_by_key(|group| rank.get(group.id.kind).copied());
    groups
}

/// The entry of which a resource is a part, as far as it exists. A trigger whose entry does not is a part of its source.
fn entry(id: &ResourceId, exists: &impl Fn(&ResourceId) -> bool) -> ResourceId {
    let mut entry = id.clone();
    let of = |id: &ResourceId| {
        let of = (kind(id.kind).features().part_of)(id);
        of.into_iter().chain(id.parent().cloned()).find(|of| exists(of))
    };
    while let Some(next) = of(&entry) {
        entry = next;
    }
    entry
}

/// What a part is called below an entry. The JSON is the observed spec, where it exists.
pub fn called(id: &ResourceId, observed: Option<&Json>, entry: &ResourceId) -> String {
    let features = kind(id.kind).features();
    match (features.part_of)(id) {
        Some(of) if of == *entry => (features.called)(id, observed),
        _ => id.to_string(),
    }
}

/// True for a resource that comes with another one, of those that exist.
pub fn is_part(id: &ResourceId, exists: impl Fn(&ResourceId) -> bool) -> bool {
    entry(id, &exists) != *id
}

/// A plan by what the user declared.
#[derive(Debug, Clone)]
pub struct Outline<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Its steps, by index.
    pub groups: Vec<Group>,
    /// How entries are connected with others, in a few words each.
    wires: BTreeMap<ResourceId, Vec<String>>,
    /// The permissions of triggers, each with its trigger, by their steps.
    triggers: BTreeMap<usize, usize>,
}

impl<'a> Outline<'a> {
    /// The outline of a plan.
    pub fn of(plan: &'a Plan) -> Self {
        let unchanged: HashSet<&ResourceId> = plan.unchanged.iter().collect();
        let ids: Vec<&ResourceId> = plan.steps.iter().map(|step| &step.id).collect();
        let mut groups = grouped(&ids, |id| unchanged.contains(id));
        let triggers = groups.iter().flat_map(|group| admitted(plan, group)).collect();
        groups.iter_mut().for_each(|group| side_by_side(group, &triggers));
        Outline { plan, groups, wires: BTreeMap::new(), triggers }
    }

    /// The same with the connections that a stack declares: what starts an entry, and what it may reach.
    #[must_use]
    pub fn with_stack(mut self, stack: &Stack) -> Self {
        let identity = crate::lower::identity(stack);
        let picture = Picture::of(stack);
        let label = |end: &End| {
            let node = picture.nodes.iter().find(|node| node.end == *end);
            node.map_or_else(String::new, |node| node.label().to_owned())
        };
        // What starts an entry comes before what it reaches.
        let mut by_end: BTreeMap<&End, Vec<(u8, String)>> = BTreeMap::new();
        for connection in &picture.connections {
            let labels = connection.labels.join(", ");
            let (from, to) = (&connection.from, &connection.to);
            if kind(from.0).features().endpoint.is_some() {
                by_end
                    .entry(to)
                    .or_default()
                    .extend(connection.labels.iter().map(|label| (0, label.clone())));
            } else if kind(to.0).features().runs_code.is_some() {
                by_end.entry(to).or_default().push((1, format!("from {}", label(from))));
            } else {
                by_end.entry(from).or_default().push((2, format!("{}: {labels}", label(to))));
            }
        }
        let wires = self.groups.iter().filter_map(|group| {
            let end = (group.id.kind, outputs::key(&identity, &group.id).to_owned());
            let mut wires = by_end.get(&end)?.clone();
            wires.sort_by_key(|(rank, _)| *rank);
            Some((group.id.clone(), wires.into_iter().map(|(_, wire)| wire).collect()))
        });
        self.wires = wires.collect();
        self
    }

    /// The steps of a group.
    pub fn steps<'s>(&'s self, group: &'s Group) -> impl Iterator<Item = &'s Step> + Clone {
        group.items.iter().map(|index| &self.plan.steps[*index])
    }

    /// The step of the trigger for which a step makes or deletes the permission.
    pub fn trigger_of(&self, permission: usize) -> Option<usize> {
        self.triggers.get(&permission).copied()
    }

    /// The permissions of a trigger, by their steps.
    pub fn permissions_of(&self, trigger: usize) -> impl Iterator<Item = usize> {
        self.triggers.iter().filter(move |(_, of)| **of == trigger).map(|(permission, _)| *permission)
    }

    /// How an entry is connected with others.
    pub fn wires(&self, group: &Group) -> &[String] {
        self.wires.get(&group.id).map_or(&[], Vec::as_slice)
    }
}

/// The permissions in a group, each with the trigger that needs or needed it: first one with which the same is done.
fn admitted(plan: &Plan, group: &Group) -> Vec<(usize, usize)> {
    let steps = || group.items.iter().map(|index| (*index, &plan.steps[*index]));
    let wires = |step: &Step| -> Vec<Wire> {
        let wire = kind(step.id.kind).features().wire;
        specs(step).filter_map(|spec| wire(&step.id, spec)).collect()
    };
    let triggers = steps().map(|(index, step)| (index, step.action, wires(step)));
    let triggers: Vec<_> = triggers.filter(|(_, _, wires)| !wires.is_empty()).collect();
    let of_permission = |(index, step): (usize, &Step)| {
        let admitted: Vec<Wire> = specs(step).filter_map(kind(step.id.kind).features().admits).collect();
        let of = triggers.iter().filter(|(_, _, wires)| wires.iter().any(|wire| admitted.contains(wire)));
        let trigger = of.min_by_key(|(_, action, _)| *action != step.action)?.0;
        Some((index, trigger))
    };
    steps().filter_map(of_permission).collect()
}

/// What a resource is to be, and what it is.
fn specs(step: &Step) -> impl Iterator<Item = &Json> {
    step.desired.iter().chain(step.observed.as_ref().map(|observed| &observed.spec))
}

/// Lets each permission come after its trigger.
fn side_by_side(group: &mut Group, triggers: &BTreeMap<usize, usize>) {
    let places: HashMap<usize, usize> =
        group.items.iter().enumerate().map(|(place, item)| (*item, place)).collect();
    group.items.sort_by_key(|item| {
        let trigger = triggers.get(item);
        (places.get(trigger.unwrap_or(item)).copied(), trigger.is_some())
    });
}

/// What a step changes, in the terms of the stack file, without what tells nothing: on a create the ownership tags, the code,
/// and empty texts.
pub fn differences(step: &Step) -> Vec<Change> {
    let is_new = step.observed.is_none();
    let says_nothing = |change: &Change| {
        let is_mark = change.path.get(1).is_some_and(|key| key.starts_with("provision:"));
        is_new && (is_mark || change.field() == "code" || change.to.as_ref().is_some_and(|to| to == ""))
    };
    let changes = step.changes.iter().filter(|change| !says_nothing(change)).cloned().collect();
    let observed = step.observed.as_ref().map_or(&Json::Null, |observed| &observed.spec);
    let features = kind(step.id.kind).features();
    (features.differences)(changes, observed, step.desired.as_ref().unwrap_or(&Json::Null))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::live_states::{lose, world_of};
    use crate::plan::tests::stacks::{SMALL, graph, stack};
    use crate::plan::tests::up;
    use crate::plan::{Mode, Options, plan};

    fn shown(outline: &Outline) -> Vec<String> {
        let line = |group: &Group| {
            let steps = outline.steps(group).map(|step| step.id.to_string()).collect::<Vec<_>>();
            let wires = outline.wires(group);
            let wires = if wires.is_empty() { String::new() } else { format!(" ({})", wires.join(" · ")) };
            format!("{}{wires}: {}", group.id, steps.join(", "))
        };
        outline.groups.iter().map(line).collect()
    }

    #[test]
    fn what_comes_with_an_entry_is_a_part_of_it() -> Result<(), crate::plan::PlanError> {
        let plan = plan(&graph(SMALL), &Default::default(), &up())?;
        let outline = Outline::of(&plan).with_stack(&stack(SMALL));
        insta::assert_snapshot!(shown(&outline).join("\n"));
        Ok(())
    }

    #[test]
    fn a_part_is_shown_with_its_entry_also_where_that_stays() -> Result<(), crate::plan::PlanError> {
        let graph = graph(SMALL);
        let mut live_state = world_of(&graph);
        lose(&mut live_state, "log group /aws/lambda/save");
        let plan = plan(&graph, &live_state, &up())?;
        assert_eq!(shown(&Outline::of(&plan)), ["function save: log group /aws/lambda/save"]);
        Ok(())
    }

    #[test]
    fn a_part_whose_entry_is_gone_stands_for_itself() -> Result<(), crate::plan::PlanError> {
        let mut live_state = world_of(&graph(SMALL));
        live_state.observed.retain(|observed| observed.id.to_string() == "log group /aws/lambda/save");
        let down = Options { mode: Mode::Down, ..up() };
        let plan = plan(&Default::default(), &live_state, &down)?;
        let group = "log group /aws/lambda/save";
        assert_eq!(shown(&Outline::of(&plan)), [format!("{group}: {group}")]);
        Ok(())
    }
}
