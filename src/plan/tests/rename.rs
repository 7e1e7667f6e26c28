//! First create the new, then change references, then delete.

use super::live_states::world_of;
use super::stacks::{SMALL, graph};
use super::{accepted, allowing, blockers, planned, planned_up, snapshot, step, steps, up, waits};
use crate::model::Graph;
use crate::plan::Options;

fn renamed(from: &str, to: &str) -> Graph {
    graph(&SMALL.replace(from, to))
}

#[test]
fn a_renamed_function_is_created_before_its_route_leads_to_it_and_the_old_one_is_deleted() {
    let renamed = renamed(" list", " browse");
    let plan = planned_up(&renamed, &world_of(&graph(SMALL)));
    snapshot("rename_function", &plan);
    let chain = [
        "create role browse_role",
        "create function browse",
        "create permission browse for GET /notes",
        "update route GET /notes",
        "delete integration list",
        "delete function list",
        "delete role list_role",
    ];
    for pair in chain.windows(2) {
        assert!(waits(&plan, pair[1], pair[0]), "{} does not wait for {}", pair[1], pair[0]);
    }
    assert!(waits(&plan, "delete log group /aws/lambda/list", "delete function list"));
    assert!(step(&plan, "delete permission list for GET /notes").with_parent);
}

#[test]
fn a_renamed_table_is_data_loss_that_must_be_allowed() {
    let yaml = SMALL.replace("  notes:", "  pages:").replace("{ notes:", "{ pages:");
    let renamed = graph(&yaml.replace("tables.notes", "tables.pages"));
    let live_state = world_of(&graph(SMALL));
    let plan = planned(&renamed, &live_state, &up());
    assert_eq!(blockers(&plan), ["the plan would delete table notes, and all of its items would be lost"]);
    let plan = accepted(&renamed, &live_state, &allowing("notes"));
    insta::assert_debug_snapshot!(steps(&plan), @r#"
    [
        "create table pages",
        "delete table notes",
        "update function save",
        "update role list_role",
        "update role save_role",
    ]
    "#);
}

#[test]
fn a_renamed_api_keeps_its_id_and_url() {
    let renamed = renamed("api:", "api:\n  name: other");
    let plan = planned_up(&renamed, &world_of(&graph(SMALL)));
    assert_eq!(steps(&plan), ["update api"]);
}

#[test]
fn a_removed_function_is_deleted_with_all_that_was_created_for_it() {
    let less = SMALL.split_once("  list:").unwrap().0.to_owned() + "api:\n  routes: { POST /notes: save }\n";
    let plan = planned_up(&graph(&less), &world_of(&graph(SMALL)));
    snapshot("remove_function", &plan);
}

#[test]
fn an_existing_role_replaces_the_generated_one() {
    let own = renamed("access: { notes: write }", "role: arn:aws:iam::123456789012:role/mine");
    let plan = planned_up(&own, &world_of(&graph(SMALL)));
    assert_eq!(steps(&plan), ["delete role save_role", "update function save"]);
    assert!(waits(&plan, "delete role save_role", "update function save"));
}

/// Another project with the same stack name; `api` is its declaration of the API.
fn other_project(api: &str) -> Graph {
    graph(&format!("stack: notes\nfunctions:\n  other: {{ code: code, runtime: python3.13 }}\napi: {api}\n"))
}

#[test]
fn another_stack_of_the_same_name_is_not_replaced_by_mistake() {
    let other = other_project("{ name: other-api }");
    let live_state = world_of(&graph(SMALL));
    let plan = planned(&other, &live_state, &allowing("all"));
    snapshot("mistaken", &plan);
    let options = Options { replace_stack: true, ..allowing("all") };
    accepted(&other, &live_state, &options);
}

#[test]
fn the_stacks_own_name_on_an_api_proves_nothing() {
    let plan = planned(&other_project("{}"), &world_of(&graph(SMALL)), &allowing("all"));
    assert_eq!(blockers(&plan).len(), 1);
}

/// A topic, a queue that it sends to, and queues for its dead letters.
const FANOUT: &str = "
stack: news
topics: { news: {}, late: {} }
queues:
  work: { triggers: [{ topic: news, dead_letter: first }, { topic: late, dead_letter: second }] }
  first: {}
  second: {}
";

#[test]
fn a_queue_admits_dead_letters_until_none_are_sent_to_it() {
    let live_state = world_of(&graph(FANOUT));
    let plan = planned_up(&graph(&FANOUT.replace(", dead_letter: first", "")), &live_state);
    assert_eq!(steps(&plan), ["update queue first", "update subscription news to queue work"]);
    assert!(waits(&plan, "update queue first", "update subscription news to queue work"));
    // Where two are exchanged, both must be admitted first.
    let exchanged =
        FANOUT.replace("first }", "other }").replace("second }", "first }").replace("other }", "second }");
    let plan = planned_up(&graph(&exchanged), &live_state);
    assert!(waits(&plan, "update subscription news to queue work", "update queue second"));
    assert!(waits(&plan, "update subscription late to queue work", "update queue first"));
}
