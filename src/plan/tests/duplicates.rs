//! Several resources of one id, left by lost responses.

use super::live_states::{double, the, world_of};
use super::stacks::{SMALL, graph};
use super::{planned_up, snapshot, steps};
use crate::model::{Graph, LiveState, ResourceId};
use crate::plan::Plan;

/// The identifier of what one kind's only delete is about.
fn deleted(plan: &Plan) -> Vec<&str> {
    let deletes = plan.steps.iter().filter(|step| step.action == super::Action::Delete);
    deletes.map(|step| step.observed.as_ref().unwrap().physical_id.as_str()).collect()
}

fn small() -> (Graph, LiveState) {
    let graph = graph(SMALL);
    let live_state = world_of(&graph);
    (graph, live_state)
}

#[test]
fn of_two_apis_the_one_with_children_is_kept() {
    let (graph, mut live_state) = small();
    double(&mut live_state, "api", "extra");
    // Older than the one in use; its age does not matter.
    live_state.observed.last_mut().unwrap().created = Some(0);
    let plan = planned_up(&graph, &live_state);
    assert_eq!(deleted(&plan), ["extra"]);
    snapshot("duplicate_api", &plan);
}

#[test]
fn of_two_empty_apis_the_older_is_kept() {
    let (graph, mut live_state) = small();
    let children = |kind: &str| matches!(kind, "integration" | "route" | "stage" | "permission");
    live_state.observed.retain(|observed| !children(observed.id.kind));
    double(&mut live_state, "api", "extra");
    assert_eq!(deleted(&planned_up(&graph, &live_state)), ["extra"]);
}

#[test]
fn of_two_apis_of_one_age_the_smaller_id_is_kept() {
    let (graph, mut live_state) = small();
    live_state.observed.retain(|observed| observed.parent.is_none());
    double(&mut live_state, "api", "zzz");
    let created = the(&mut live_state, "api").created;
    live_state.observed.last_mut().unwrap().created = created;
    assert_eq!(deleted(&planned_up(&graph, &live_state)), ["zzz"]);
}

#[test]
fn of_two_integrations_the_one_that_a_route_leads_to_is_kept() {
    let (graph, mut live_state) = small();
    double(&mut live_state, "integration save", "extra");
    live_state.observed.last_mut().unwrap().created = Some(0);
    let plan = planned_up(&graph, &live_state);
    assert_eq!(steps(&plan), ["delete integration save"]);
    assert_eq!(deleted(&plan), ["extra"]);
}

#[test]
fn a_route_of_an_integration_that_is_one_too_many_is_repointed_first() {
    let (graph, mut live_state) = small();
    let extra = double(&mut live_state, "integration list", "extra");
    let route = the(&mut live_state, "route GET /notes/{id}");
    route.spec["target"] = "integrations/extra".into();
    route.refs = vec![extra];
    let plan = planned_up(&graph, &live_state);
    assert_eq!(steps(&plan), ["delete integration list", "update route GET /notes/{id}"]);
    assert!(super::waits(&plan, "delete integration list", "update route GET /notes/{id}"));
}

#[test]
fn what_is_kept_beside_a_duplicate_is_known() {
    let (graph, mut live_state) = small();
    double(&mut live_state, "api", "extra");
    double(&mut live_state, "integration save", "extra");
    let plan = planned_up(&graph, &live_state);
    let api = ResourceId::new("api", "");
    for id in [api.clone(), api.child("integration", "save")] {
        assert_eq!(plan.attributes[&id], the(&mut live_state, &id.to_string()).attributes, "{id}");
    }
}

#[test]
fn the_children_of_an_api_that_is_one_too_many_go_with_it() {
    let (graph, mut live_state) = small();
    let extra = double(&mut live_state, "api", "extra");
    let children = ["integration save", "route POST /notes"];
    for child in children {
        let twin = double(&mut live_state, child, &format!("extra {child}"));
        live_state.observed.iter_mut().find(|observed| observed.key() == twin).unwrap().parent =
            Some(extra.clone().into());
    }
    let plan = super::planned(&graph, &live_state, &super::allowing("api"));
    assert_eq!(steps(&plan), ["delete api"]);
    assert_eq!(deleted(&plan), ["extra"]);
}
