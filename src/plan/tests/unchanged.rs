//! A live state that needs no change, and what makes no difference to it.

use super::live_states::{the, world_of};
use super::stacks::{FULL, SMALL, graph, lowered, shipped, stack_in};
use super::{planned_up, steps};
use crate::model::{Graph, Observed, Owner, PhysicalId, ResourceId};
use serde_json::json;

fn assert_unchanged(graph: &Graph) {
    let plan = planned_up(graph, &world_of(graph));
    assert_eq!(steps(&plan), [""; 0]);
    assert_eq!(plan.unchanged.len(), graph.resources.len());
    assert_eq!(plan.attributes.len(), graph.resources.len());
}

#[test]
fn the_shipped_stack_is_up_and_stays_so() {
    assert_unchanged(&lowered(&shipped()).1);
}

#[test]
fn a_stack_with_every_field_set_is_up_and_stays_so() {
    assert_unchanged(&lowered(&stack_in(FULL, Some("dev"))).1);
}

#[test]
fn an_empty_stack_has_nothing_to_do() {
    assert_unchanged(&graph("stack: empty\n"));
}

#[test]
fn two_environments_share_no_name() {
    let [dev, prod] = ["dev", "prod"].map(|name| lowered(&stack_in(FULL, Some(name))).1);
    [&dev, &prod].into_iter().for_each(assert_unchanged);
    let names = |graph: &Graph| -> Vec<ResourceId> {
        let ids = graph.resources.iter().map(|resource| resource.id.clone());
        ids.filter(|id| !matches!(id.kind, "api" | "stage" | "route")).collect()
    };
    let shared: Vec<ResourceId> = names(&dev).into_iter().filter(|id| names(&prod).contains(id)).collect();
    assert_eq!(shared, []);
}

#[test]
fn unmanaged_children_of_our_resources_are_left_alone() {
    let graph = graph(SMALL);
    let mut live_state = world_of(&graph);
    let (api, function) = (the(&mut live_state, "api").key(), the(&mut live_state, "function save").key());
    let unmanaged = |kind, name: &str, parent: &PhysicalId| {
        let owner = Owner::Unmanaged("it was not created by provision".to_owned());
        let mut observed =
            Observed::new(ResourceId::new(kind, name), name, owner, json!({}), json!({ "id": name }));
        observed.parent = Some(parent.clone().into());
        observed
    };
    live_state.observed.extend([
        unmanaged("route", "GET /theirs", &api),
        unmanaged("integration", "theirs", &api),
        unmanaged("stage", "beta", &api),
        unmanaged("permission", "save theirs", &function),
    ]);
    assert_eq!(steps(&planned_up(&graph, &live_state)), [""; 0]);
}

#[test]
fn a_tag_that_is_not_declared_any_more_is_left_alone() {
    let (_, tagged) = lowered(&stack_in(&format!("tags: {{ team: a }}{SMALL}"), None));
    let (scope, plain) = lowered(&stack_in(SMALL, None));
    let mut live_state = world_of(&tagged);
    // As `observe` does: only the marks and the declared keys are compared.
    for observed in &mut live_state.observed {
        if let Some(tags) = observed.spec.get_mut("tags").and_then(|tags| tags.as_object_mut()) {
            tags.retain(|key, _| key.starts_with("provision:") || scope.wants_tag(&observed.id, key));
        }
    }
    assert_eq!(steps(&planned_up(&plain, &live_state)), [""; 0]);
}
