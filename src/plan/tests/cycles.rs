//! Dependency cycles, over every sort of edge.

use super::live_states::world_of;
use super::simulation::Dice;
use super::stacks::{SMALL, graph};
use super::{down, plan, up};
use crate::model::{
    Desired, Graph, KnownAttributes, LiveState, Observed, OrderConstraint, Owner, PhysicalId, Resource,
    ResourceId, Text,
};
use crate::plan::{PlanError, Step};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

fn cycle(error: PlanError) -> Vec<String> {
    match error {
        PlanError::Cycle(ids) => ids.iter().map(ToString::to_string).collect(),
        other => panic!("{other}"),
    }
}

/// The desired state of a resource with another value of a field.
fn with(resource: &Resource, field: &str, value: Json) -> Desired {
    let mut desired = resource.desired.json();
    desired[field] = value;
    Desired::of(&desired).unwrap()
}

#[test]
fn a_cycle_is_found_through_every_sort_of_edge() {
    let two = ["role save_role", "function save"];
    let at =
        |graph: &Graph, id: &str| graph.resources.iter().position(|one| one.id.to_string() == id).unwrap();
    let edges: [fn(&mut Resource, ResourceId); 3] = [
        |role, function| {
            role.desired = with(role, "tags", json!({ "a": Text::reference(&function, "later") }));
        },
        |role, function| role.depends_on.push(function),
        |role, function| {
            let exists = ResourceId::new("table", "notes");
            role.order_constraint = Some(OrderConstraint { exists, depends_on: vec![function] });
        },
    ];
    let mut live_state = world_of(&graph(SMALL));
    live_state.observed.retain(|observed| observed.id.kind == "table");
    for edge in edges {
        let mut graph = graph(SMALL);
        let [role, function] = two.map(|id| at(&graph, id));
        let id = graph.resources[function].id.clone();
        let role_id = graph.resources[role].id.clone();
        graph.resources[function].depends_on.push(role_id);
        edge(&mut graph.resources[role], id);
        let mut found = cycle(plan(&graph, &live_state, &up()).unwrap_err());
        found.sort();
        assert_eq!(found, ["function save", "role save_role"]);
    }
}

#[test]
fn a_cycle_of_deletes_is_found() {
    let mut live_state = LiveState::default();
    for (name, other) in [("a", "b"), ("b", "c"), ("c", "a")] {
        live_state.observed.push(orphan(name, &[other]));
    }
    let error = plan(&Graph::default(), &live_state, &down()).unwrap_err();
    assert!(error.to_string().starts_with("dependency cycle: log group "), "{error}");
    let mut found = cycle(error);
    found.sort();
    assert_eq!(found, ["log group a", "log group b", "log group c"]);
}

#[test]
fn a_message_names_the_cycle_from_its_first_resource_to_the_same() {
    let ids = ["a", "b"].map(|name| ResourceId::new("table", name));
    assert_eq!(PlanError::Cycle(ids.into()).to_string(), "dependency cycle: table a → table b → table a");
}

/// A log group that we own and that refers to others.
fn orphan(name: &str, refs: &[&str]) -> Observed {
    let (id, spec) = (ResourceId::new("log_group", name), json!({ "retention_days": 7, "tags": {} }));
    let mut observed = Observed::new(id, name, Owner::Ours, spec, Arc::new(json!({ "name": name })));
    observed.refs = refs.iter().map(|name| PhysicalId::new("log_group", *name)).collect();
    observed
}

/// A stack of log groups with random edges of every sort, and orphans with random references.
fn random(dice: &mut Dice) -> (Graph, LiveState) {
    let count = 2 + dice.below(6);
    let ids: Vec<ResourceId> =
        (0..count).map(|one| ResourceId::new("log_group", format!("g{one}"))).collect();
    let resource = |id: &ResourceId, dice: &mut Dice| {
        let mut some = |most: usize| -> Vec<ResourceId> {
            (0..dice.below(most + 1))
                .map(|_| ids[dice.below(count)].clone())
                .filter(|other| other != id)
                .collect()
        };
        let tags = some(1).into_iter().map(|other| ("a", Text::reference(&other, "later")));
        let tags: BTreeMap<&str, Text> = tags.collect();
        Resource {
            id: id.clone(),
            at: Default::default(),
            desired: Desired::of(&json!({ "retention_days": 7, "tags": tags })).unwrap(),
            known_attributes: KnownAttributes::new(),
            depends_on: some(1),
            order_constraint: Some(OrderConstraint {
                exists: ResourceId::new("log_group", if some(1).is_empty() { "old0" } else { "never" }),
                depends_on: some(1),
            }),
            note: None,
        }
    };
    let resources = ids.iter().map(|id| resource(id, dice)).collect();
    let names = ["old0", "old1", "old2"];
    let orphans = names.iter().map(|name| {
        let others = names.iter().filter(|other| *other != name && dice.below(3) == 0);
        orphan(name, &others.copied().collect::<Vec<_>>())
    });
    let observed = orphans.collect();
    (Graph::new(resources), LiveState { observed, ..LiveState::default() })
}

/// True if all steps can be finished, each after those that it depends on.
fn can_be_finished(steps: &[Step]) -> bool {
    let mut done = BTreeSet::new();
    let ready = |done: &BTreeSet<usize>| {
        let mut open = (0..steps.len()).filter(|index| !done.contains(index));
        open.find(|index| steps[*index].depends_on.iter().all(|before| done.contains(before)))
    };
    while let Some(index) = ready(&done) {
        done.insert(index);
    }
    done.len() == steps.len()
}

/// True if one resource of a graph or live state depends on another one directly.
fn depends(graph: &Graph, live_state: &LiveState, one: &ResourceId, other: &ResourceId) -> bool {
    let deleted = |id: &ResourceId| live_state.observed.iter().find(|observed| observed.id == *id);
    match graph.get(one) {
        Some(resource) => {
            let constraint = resource.order_constraint.iter().filter(|order| order.exists.name == "old0");
            let references = resource.desired.references();
            let references = references.into_iter().map(|reference| &reference.id);
            let constraint = constraint.flat_map(|order| &order.depends_on);
            let all = resource
                .id
                .parent()
                .into_iter()
                .chain(references)
                .chain(&resource.depends_on)
                .chain(constraint);
            all.collect::<Vec<_>>().contains(&other)
        }
        // A delete waits for every other resource that still refers to this one.
        None => {
            let own = deleted(one).unwrap().key();
            deleted(other).is_some_and(|other| other.refs.contains(&own))
        }
    }
}

#[test]
fn a_plan_has_a_cycle_or_can_be_finished() {
    let (mut cycles, mut plans) = (0, 0);
    for seed in 0..2_000 {
        let (graph, live_state) = random(&mut Dice(seed));
        match plan(&graph, &live_state, &up()) {
            Ok(plan) => {
                assert!(can_be_finished(&plan.steps), "seed {seed}: {:#?}", plan.steps);
                plans += 1;
            }
            Err(PlanError::Cycle(ids)) => {
                let next = ids.iter().skip(1).chain(&ids[..1]);
                for (one, other) in ids.iter().zip(next) {
                    assert!(depends(&graph, &live_state, one, other), "seed {seed}: {ids:?}");
                }
                cycles += 1;
            }
            Err(other) => panic!("seed {seed}: {other}"),
        }
    }
    assert!(cycles > 100 && plans > 100, "{cycles} cycles, {plans} plans");
}

#[test]
fn a_desired_state_that_its_kind_cannot_read_is_an_internal_error() {
    let mut graph = graph("stack: s\nfunctions: { save: { code: code, runtime: python3.13 } }\n");
    let group = graph.resources.iter_mut().find(|resource| resource.id.kind == "log_group").unwrap();
    group.desired = with(group, "retention", 7.into());
    let error = plan(&graph, &LiveState::default(), &up()).unwrap_err().to_string();
    let start = "internal error: the desired state of log group /aws/lambda/save is invalid: unknown field `retention`";
    assert!(error.starts_with(start), "{error}");
}
