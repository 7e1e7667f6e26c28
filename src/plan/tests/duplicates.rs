//! Several things of one id, left by answers that were lost.

use super::stacks::{SMALL, graph};
use super::worlds::{double, the, world_of};
use super::{planned_up, snapshot, steps};
use crate::model::{Graph, Id, World};
use crate::plan::Plan;

/// The identifier of what one kind's only delete is about.
fn deleted(plan: &Plan) -> Vec<&str> {
    let deletes = plan.steps.iter().filter(|step| step.action == super::Action::Delete);
    deletes.map(|step| step.seen.as_ref().unwrap().physical.as_str()).collect()
}

fn small() -> (Graph, World) {
    let graph = graph(SMALL);
    let world = world_of(&graph);
    (graph, world)
}

#[test]
fn of_two_apis_the_one_with_children_is_kept() {
    let (graph, mut world) = small();
    double(&mut world, "api", "extra");
    // Older than the one in use; its age does not matter.
    world.seen.last_mut().unwrap().created = Some(0);
    let plan = planned_up(&graph, &world);
    assert_eq!(deleted(&plan), ["extra"]);
    snapshot("duplicate_api", &plan);
}

#[test]
fn of_two_empty_apis_the_older_is_kept() {
    let (graph, mut world) = small();
    let children = |kind: &str| matches!(kind, "integration" | "route" | "stage" | "permission");
    world.seen.retain(|seen| !children(seen.id.kind));
    double(&mut world, "api", "extra");
    assert_eq!(deleted(&planned_up(&graph, &world)), ["extra"]);
}

#[test]
fn of_two_apis_of_one_age_the_smaller_id_is_kept() {
    let (graph, mut world) = small();
    world.seen.retain(|seen| seen.parent.is_none());
    double(&mut world, "api", "zzz");
    let created = the(&mut world, "api").created;
    world.seen.last_mut().unwrap().created = created;
    assert_eq!(deleted(&planned_up(&graph, &world)), ["zzz"]);
}

#[test]
fn of_two_integrations_the_one_that_a_route_leads_to_is_kept() {
    let (graph, mut world) = small();
    double(&mut world, "integration save", "extra");
    world.seen.last_mut().unwrap().created = Some(0);
    let plan = planned_up(&graph, &world);
    assert_eq!(steps(&plan), ["delete integration save"]);
    assert_eq!(deleted(&plan), ["extra"]);
}

#[test]
fn a_route_of_an_integration_that_is_one_too_many_is_repointed_first() {
    let (graph, mut world) = small();
    let extra = double(&mut world, "integration list", "extra");
    let route = the(&mut world, "route GET /notes/{id}");
    route.spec["target"] = "integrations/extra".into();
    route.refs = vec![extra];
    let plan = planned_up(&graph, &world);
    assert_eq!(steps(&plan), ["delete integration list", "update route GET /notes/{id}"]);
    assert!(super::waits(&plan, "delete integration list", "update route GET /notes/{id}"));
}

#[test]
fn what_is_kept_beside_a_duplicate_is_known() {
    let (graph, mut world) = small();
    double(&mut world, "api", "extra");
    double(&mut world, "integration save", "extra");
    let plan = planned_up(&graph, &world);
    for id in [Id::new("api", ""), Id::new("integration", "save")] {
        assert_eq!(plan.lives[&id], the(&mut world, &id.to_string()).live, "{id}");
    }
}

#[test]
fn the_children_of_an_api_that_is_one_too_many_go_with_it() {
    let (graph, mut world) = small();
    let extra = double(&mut world, "api", "extra");
    let children = ["integration save", "route POST /notes"];
    for child in children {
        let twin = double(&mut world, child, &format!("extra {child}"));
        world.seen.iter_mut().find(|seen| seen.thing() == twin).unwrap().parent = Some(extra.clone());
    }
    let plan = super::planned(&graph, &world, &super::allowing("api"));
    assert_eq!(steps(&plan), ["delete api"]);
    assert_eq!(deleted(&plan), ["extra"]);
}
