//! Nothing that contains data is deleted unless the user allows it.

use super::live_states::{lose, the, world_of};
use super::stacks::{SMALL, graph, graph_with, lowered, stack_in};
use super::{
    accepted, allowing, blockers, planned, planned_down, planned_up, snapshot, step, steps, text, up,
};
use crate::model::{Graph, Identity, Status};
use crate::plan::{Mode, Options};
use serde_json::json;

fn other_key() -> Graph {
    graph_with(SMALL, "partition_key: id", "partition_key: key, sort_key: { name: page, type: N }")
}

#[test]
fn another_key_means_another_table_which_must_be_allowed() {
    let live_state = world_of(&graph(SMALL));
    snapshot("replace_table_refused", &planned(&other_key(), &live_state, &up()));
    for allowed in ["tables.notes", "notes", "all"] {
        let plan = accepted(&other_key(), &live_state, &allowing(allowed));
        assert_eq!(steps(&plan), ["replace table notes"]);
        assert_eq!(step(&plan, "replace table notes").data_loss.as_deref(), Some("all of its items"));
    }
}

#[test]
fn allowing_one_data_loss_does_not_allow_another() {
    let plan = planned(&other_key(), &world_of(&graph(SMALL)), &allowing("api"));
    assert_eq!(blockers(&plan).len(), 1);
}

#[test]
fn a_table_and_an_api_that_are_no_longer_declared_must_be_allowed() {
    let less = graph("stack: notes\nfunctions: { save: { code: code, runtime: python3.13 } }\n");
    let live_state = world_of(&graph(SMALL));
    let plan = planned(&less, &live_state, &up());
    insta::assert_debug_snapshot!(blockers(&plan), @r#"
    [
        "the plan would delete api, and its URL would be lost",
        "the plan would delete table notes, and all of its items would be lost",
    ]
    "#);
    accepted(&less, &live_state, &allowing("all"));
}

/// An archive is data of its own: without it the bus stays, and its events do not.
#[test]
fn an_archive_goes_by_the_key_of_its_bus() {
    let with = graph("stack: one\nbuses: { orders: { archive: 7 days }, audit: {} }\n");
    let without = graph("stack: one\nbuses: { orders: {}, audit: {} }\n");
    let no_bus = graph("stack: one\nbuses: { audit: {} }\n");
    let live_state = world_of(&with);
    for (to, steps) in [
        (&without, vec!["delete archive orders"]),
        (&no_bus, vec!["delete archive orders", "delete bus orders"]),
    ] {
        let plan = planned(to, &live_state, &up());
        assert_eq!(
            blockers(&plan),
            ["the plan would delete archive orders, and all of its events would be lost"]
        );
        for allowed in ["buses.orders", "orders"] {
            let mut done = self::steps(&accepted(to, &live_state, &allowing(allowed)));
            done.sort();
            assert_eq!(done, steps);
        }
    }
    let mut counted = live_state.clone();
    the(&mut counted, "archive orders").contains_data = Some("its 3 events".to_owned());
    let plan = planned(&without, &counted, &up());
    assert_eq!(blockers(&plan), ["the plan would delete archive orders, and its 3 events would be lost"]);
}

/// Another time and other events are changes; another bus is another archive.
#[test]
fn an_archive_is_changed_and_its_bus_is_not() {
    let of = |archive: &str| {
        graph(&format!("stack: one\nbuses: {{ orders: {{ archive: {archive} }}, audit: {{}} }}\n"))
    };
    let mut live_state = world_of(&of("7 days"));
    insta::assert_snapshot!(text(&planned_up(&of("forever"), &live_state)), @r"
      ~ bus orders
          ~ archive
              retention  7 days → forever
    Plan: 1 to update, 2 unchanged
    ");
    insta::assert_snapshot!(text(&planned_up(&of("{ pattern: { source: [shop] } }"), &live_state)), @r"
      ~ bus orders
          ~ archive
              retention       7 days → forever
              pattern.source  [shop]
    Plan: 1 to update, 2 unchanged
    ");
    the(&mut live_state, "archive orders").spec["source"] = json!("arn:of:audit");
    assert_eq!(steps(&accepted(&of("7 days"), &live_state, &allowing("orders"))), ["replace archive orders"]);
}

#[test]
fn a_fifo_queue_goes_by_its_key() {
    let plain = graph("stack: one\nqueues: { jobs: {}, others: {} }\n");
    let fifo = graph("stack: one\nqueues: { jobs: { fifo: true }, others: {} }\n");
    for (from, to, steps) in [
        (&plain, &fifo, ["create queue jobs.fifo", "delete queue jobs"]),
        (&fifo, &plain, ["create queue jobs", "delete queue jobs.fifo"]),
    ] {
        let live_state = world_of(from);
        assert_eq!(blockers(&planned(to, &live_state, &up())).len(), 1);
        for allowed in ["queues.jobs", "jobs"] {
            assert_eq!(self::steps(&accepted(to, &live_state, &allowing(allowed))), steps);
        }
    }
}

/// Its name has the account and the region.
#[test]
fn a_bucket_goes_by_its_key() {
    let table = "stack: one\ntables: { notes: { partition_key: id } }\n";
    let both = graph(&format!("{table}buckets: {{ shots: {{}}, others: {{ name: named }} }}\n"));
    let none = graph(table);
    let live_state = world_of(&both);
    for allowed in ["buckets.shots", "shots"] {
        let plan = planned(&none, &live_state, &allowing(allowed));
        let lost = "the plan would delete bucket named, and all of its objects would be lost";
        assert_eq!(blockers(&plan), [lost]);
    }
}

#[test]
fn no_flag_deletes_a_protected_table() {
    let mut live_state = world_of(&graph(SMALL));
    let table = the(&mut live_state, "table notes");
    (table.protected, table.spec["protect"]) = (true, json!(true));
    for options in [allowing("all"), Options { mode: Mode::Down, local: true, ..allowing("all") }] {
        let graph = if options.mode == Mode::Down { Graph::default() } else { other_key() };
        let plan = planned(&graph, &live_state, &options);
        assert!(blockers(&plan)[0].starts_with("table notes is protected against deletion"));
    }
}

#[test]
fn protection_is_turned_off_by_an_update() {
    let mut live_state = world_of(&graph(SMALL));
    let table = the(&mut live_state, "table notes");
    (table.protected, table.spec["protect"]) = (true, json!(true));
    insta::assert_snapshot!(text(&planned_up(&graph(SMALL), &live_state)), @"
      ~ table notes
          protect  true → false
    Plan: 1 to update, 16 unchanged
    ");
}

#[test]
fn a_protected_log_group_is_refused_with_help_that_fits_it() {
    let renamed = graph(&SMALL.replace(" list", " show"));
    let mut live_state = world_of(&graph(SMALL));
    the(&mut live_state, "log group /aws/lambda/list").protected = true;
    let plan = planned(&renamed, &live_state, &up());
    assert_eq!(blockers(&plan).len(), 1);
    // A log group has no `protect` in the stack file.
    assert!(!plan.blockers[0].help.contains("protect: false"), "{}", plan.blockers[0].help);
}

#[test]
fn deleted_logs_are_shown_as_data_loss() {
    let renamed = graph(&SMALL.replace(" list", " show"));
    let mut live_state = world_of(&graph(SMALL));
    the(&mut live_state, "log group /aws/lambda/list").contains_data = Some("2048 bytes of logs".to_owned());
    let plan = planned_up(&renamed, &live_state);
    assert_eq!(
        step(&plan, "delete log group /aws/lambda/list").data_loss.as_deref(),
        Some("2048 bytes of logs")
    );
}

#[test]
fn a_table_that_is_being_deleted_is_waited_for_and_recreated() {
    let graph = graph(SMALL);
    let mut live_state = world_of(&graph);
    the(&mut live_state, "table notes").status = Status::Deleting;
    insta::assert_snapshot!(text(&planned_up(&graph, &live_state)), @"
      + table notes  key id
          the old one is being deleted; waits until it no longer exists
    Plan: 1 to create, 16 unchanged
    ");
}

#[test]
fn a_table_that_is_being_deleted_needs_no_further_permission() {
    let mut live_state = world_of(&graph(SMALL));
    let table = the(&mut live_state, "table notes");
    (table.status, table.contains_data) = (Status::Deleting, Some("its items".to_owned()));
    planned_down(&live_state);
}

#[test]
fn a_table_that_cannot_be_used_is_replaced_only_where_that_is_allowed() {
    let graph = graph(SMALL);
    let mut live_state = world_of(&graph);
    the(&mut live_state, "table notes").status = Status::Failed("it is ARCHIVED".to_owned());
    assert_eq!(blockers(&planned(&graph, &live_state, &up())).len(), 1);
    assert_eq!(steps(&accepted(&graph, &live_state, &allowing("notes"))), ["replace table notes"]);
}

#[test]
fn a_recreated_resource_shows_all_of_its_fields() {
    let graph = graph(SMALL);
    let mut live_state = world_of(&graph);
    the(&mut live_state, "table notes").status = Status::Deleting;
    let again = step(&planned_up(&graph, &live_state), "create table notes").changes.clone();
    let first =
        step(&planned_up(&graph, &crate::model::LiveState::default()), "create table notes").changes.clone();
    assert_eq!(again, first);
}

#[test]
fn a_bare_name_is_enough_while_it_is_unique() {
    let both = "stack: s\ntables: { api: { partition_key: id } }\nfunctions: { f: { code: code, runtime: python3.13 } }\napi: { routes: { GET /: f } }\n";
    let live_state = world_of(&graph(both));
    let less = graph("stack: s\nfunctions: { f: { code: code, runtime: python3.13 } }\n");
    // `api` is the API itself; the table of that name is `tables.api`.
    let blocked = |allowed: &str| -> Vec<String> {
        planned(&less, &live_state, &allowing(allowed)).blockers.into_iter().map(|one| one.help).collect()
    };
    assert_eq!(blocked("api"), ["to allow this, add --allow-data-loss tables.api"]);
    assert_eq!(blocked("tables.api"), ["to allow this, add --allow-data-loss api"]);
}

#[test]
fn a_name_that_matches_nothing_is_an_error() {
    let live_state = world_of(&graph(SMALL));
    let plan = planned(&other_key(), &live_state, &allowing("tables.note"));
    insta::assert_debug_snapshot!(blockers(&plan), @r#"
    [
        "--allow-data-loss tables.note matches no resource that contains data",
        "the plan would replace table notes, and all of its items would be lost",
    ]
    "#);
    assert_eq!(plan.blockers[0].help, "use one of these names: api, tables.notes");
    // Functions contain no data.
    let plan = planned(&other_key(), &live_state, &allowing("functions.save"));
    assert_eq!(blockers(&plan).len(), 2);
    // Without any step there is nothing to protect.
    accepted(&graph(SMALL), &live_state, &allowing("tables.note"));
}

#[test]
fn down_continues_after_a_named_table_is_deleted() {
    let mut live_state = world_of(&graph(SMALL));
    the(&mut live_state, "table notes").contains_data = Some("items".to_owned());
    let down = |allowed: &str| Options { mode: Mode::Down, ..allowing(allowed) };
    assert_eq!(blockers(&planned(&Graph::default(), &live_state, &down("note"))).len(), 2);
    accepted(&Graph::default(), &live_state, &down("notes"));
    lose(&mut live_state, "table notes");
    accepted(&Graph::default(), &live_state, &down("notes"));
}

#[test]
fn names_are_those_of_the_stack_file_without_the_environment() {
    let yaml = "stack: s\ntables: { notes: { partition_key: id } }\nenvironments: { dev: }\n";
    let in_dev = |yaml: &str| lowered(&stack_in(yaml, Some("dev"))).1;
    let live_state = world_of(&in_dev(yaml));
    let other = in_dev(&yaml.replace("key: id", "key: other"));
    for allowed in ["tables.notes", "notes", "dev-notes"] {
        accepted(
            &other,
            &live_state,
            &Options { identity: Identity::new("s", Some("dev".to_owned())), ..allowing(allowed) },
        );
    }
    let plan = planned(
        &other,
        &live_state,
        &Options { identity: Identity::new("s", Some("dev".to_owned())), ..up() },
    );
    assert_eq!(plan.blockers[0].help, "to allow this, add --allow-data-loss tables.notes");
}

#[test]
fn a_protected_child_protects_its_parent() {
    let mut live_state = world_of(&graph(SMALL));
    the(&mut live_state, "stage $default").protected = true;
    let without_api = graph(SMALL.split_once("api:").unwrap().0);
    let plan = planned(&without_api, &live_state, &allowing("api"));
    assert_eq!(
        blockers(&plan),
        ["stage $default is protected against deletion, and the plan would delete it"]
    );
    // AWS deletes the children of a replaced parent too, though these are declared.
    let mut live_state = world_of(&graph(SMALL));
    the(&mut live_state, "stage $default").protected = true;
    the(&mut live_state, "api").spec["protocol"] = json!("WEBSOCKET");
    let plan = planned(&graph(SMALL), &live_state, &allowing("api"));
    assert_eq!(
        blockers(&plan),
        ["stage $default is protected against deletion, and the plan would replace it"]
    );
}
