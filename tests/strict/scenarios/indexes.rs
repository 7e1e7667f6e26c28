//! Indexes of tables: DynamoDB creates or deletes one at a time, and `up` continues wherever another one was killed.

use super::shipped::{well, whole};
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::faults::{FaultKind, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, planned, run};
use std::collections::BTreeSet;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// A stack of one table with these lines.
fn stack(lines: &str) -> String {
    format!("stack: one\ntables: {{ orders: {{ partition_key: id, {lines} }} }}\n")
}

fn up(cloud: &Cloud, text: &str) -> Ran {
    run(cloud, Command::Up(&Fixture::of(text)), None)
}

/// The account after a first `up`, some time later.
fn created(text: &str) -> Cloud {
    later(&whole(up(&empty(), text)).cloud, 10 * MINUTE)
}

/// What is asked of the table, in order.
fn updates(ran: &Ran) -> Vec<String> {
    let updates = ran.records.iter().filter(|record| record.label.name == "dynamodb:UpdateTable");
    let said = updates.flat_map(|record| {
        let params = &record.params;
        let of_indexes = params["GlobalSecondaryIndexUpdates"].as_array().cloned().unwrap_or_default();
        let of_indexes = of_indexes.into_iter().map(|update| {
            let (verb, what) = update.as_object().and_then(|update| update.iter().next()).expect("an action");
            format!("{verb} {}", what["IndexName"].as_str().unwrap_or_default())
        });
        let own = params.get("BillingMode").map(|mode| format!("bill {mode}"));
        own.into_iter().chain(of_indexes).collect::<Vec<_>>()
    });
    said.collect()
}

/// Brings an account from one stack to another, and checks that it is as if it were created so, and that a second `up` writes
/// nothing.
fn changed(from: &str, to: &str) -> Ran {
    let ran = whole(up(&created(from), to));
    let again = whole(up(&ran.cloud, to));
    assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)));
    let differ = differences(&dump(&ran.cloud), &dump(&created(to)));
    assert_eq!(differ, Vec::<String>::new());
    ran
}

const BEFORE: &str = "indexes: {
  by-customer: { partition_key: customer, projection: [total] }, by-day: { partition_key: day }, by-size: { partition_key: size } }";
const AFTER: &str = "indexes: {
  by-customer: { partition_key: customer, sort_key: day, projection: [total, note] }, by-size: { partition_key: size },
  by-state: { partition_key: state, projection: keys-only } }";

/// What is no longer declared makes room, what is new comes next, and a changed index is missing for as short as can be.
#[test]
fn indexes_are_changed_one_at_a_time() {
    let ran = changed(&stack(BEFORE), &stack(AFTER));
    assert_eq!(
        updates(&ran),
        ["Delete by-day", "Create by-state", "Delete by-customer", "Create by-customer"],
        "nothing is refused and repeated"
    );
    let none = changed(&stack(AFTER), &stack("billing: on-demand"));
    assert_eq!(updates(&none), ["Delete by-customer", "Delete by-size", "Delete by-state"]);
    let all = changed(&stack("billing: on-demand"), &stack(AFTER));
    assert_eq!(updates(&all), ["Create by-customer", "Create by-size", "Create by-state"]);
}

#[test]
fn the_plan_says_what_a_changed_index_means_for_its_readers() {
    let plan = planned(&created(&stack(BEFORE)), Command::Plan(&Fixture::of(&stack(AFTER))));
    let [step] = plan.steps.as_slice() else { panic!("one step") };
    assert_eq!(
        step.reasons,
        [
            "DynamoDB cannot change the keys or the projection of an index: the index `by-customer` will be deleted and created \
             again, and queries of it fail until it is filled"
        ]
    );
}

/// Two indexes share an attribute that gets another type: as long as one of them exists, its attribute has the old type.
#[test]
fn an_attribute_gets_another_type_when_no_index_has_the_old_one() {
    let both = |kind: &str| {
        stack(&format!(
            "indexes: {{ by-day: {{ partition_key: {{ name: day, type: {kind} }} }}, by-size: {{ partition_key: size, sort_key: day }} }}"
        ))
    };
    let ran = changed(&both("S"), &both("N"));
    assert_eq!(updates(&ran), ["Delete by-day", "Delete by-size", "Create by-day", "Create by-size"]);
}

/// From capacity units to requests and back. A table that begins to have a capacity says that of each index in the same call,
/// even of one that is deleted afterwards.
#[test]
fn indexes_are_billed_as_their_table() {
    let of = |billing: &str, own: &str| {
        stack(&format!("{billing} indexes: {{ by-customer: {{ partition_key: customer{own} }} }}"))
    };
    let (on_demand, provisioned) = (of("", ""), of("billing: { read: 5, write: 5 },", ""));
    let own = of("billing: { read: 5, write: 5 },", ", billing: { read: 9, write: 1 }");
    let flipped = changed(&on_demand, &own);
    assert_eq!(updates(&flipped), [r#"bill "PROVISIONED""#, "Update by-customer"]);
    assert_eq!(updates(&changed(&own, &provisioned)), ["Update by-customer"]);
    assert_eq!(updates(&changed(&provisioned, &on_demand)), [r#"bill "PAY_PER_REQUEST""#]);
    let other = provisioned.replace("read: 5", "read: 6");
    assert_eq!(
        updates(&changed(&provisioned, &other)),
        ["Update by-customer"],
        "its own is that of the table"
    );
    let another = own.replace("by-customer", "by-state");
    let replaced = changed(&on_demand, &another);
    let expected = [r#"bill "PROVISIONED""#, "Update by-customer", "Delete by-customer", "Create by-state"];
    assert_eq!(updates(&replaced), expected);
}

/// A local index comes with its table only.
#[test]
fn a_local_index_that_is_added_replaces_the_table() {
    let plain = stack("sort_key: at");
    let indexed = stack("sort_key: at, local_indexes: { by-total: { sort_key: total, projection: [b, a] } }");
    let plan = planned(&created(&plain), Command::Plan(&Fixture::of(&indexed)));
    let [step] = plan.steps.as_slice() else { panic!("one step") };
    assert_eq!(step.reasons, ["AWS cannot change local_indexes"]);
    let again = whole(up(&created(&indexed), &indexed));
    assert_eq!(
        (again.writes(), again.end),
        (vec![], End::Done(0)),
        "the order of its attributes means nothing"
    );
}

/// Wherever `up` is killed or loses a response while it changes indexes, the next one ends it.
#[test]
fn a_killed_change_of_indexes_is_continued() {
    let cloud = created(&stack(BEFORE));
    let target = Fixture::of(&stack(AFTER));
    let reference = whole(run(&cloud, Command::Up(&target), None));
    let calls = reference.records.iter().map(|record| &record.label);
    let calls: BTreeSet<_> = calls.filter(|label| label.name.contains("Table")).collect();
    let mut tried = 0;
    for at in calls {
        // Of the many looks at the table, a few of each phase.
        if at.name == "dynamodb:DescribeTable" && at.nth % 64 != 1 {
            continue;
        }
        for kind in
            [FaultKind::KilledBefore, FaultKind::KilledAfterCall, FaultKind::Lost, FaultKind::FailedLate]
        {
            let fault = PlannedFault { at: at.clone(), kind, times: Times::Once };
            let first = run(&cloud, Command::Up(&target), Some(fault.clone()));
            let next = well(run(&first.cloud, Command::Up(&target), None));
            let differ = differences(&dump(&next.cloud), &dump(&reference.cloud));
            assert_eq!(differ, Vec::<String>::new(), "{fault}");
            let again = whole(run(&next.cloud, Command::Up(&target), None));
            assert_eq!((again.writes(), again.end), (vec![], End::Done(0)), "{fault}");
            tried += 1;
        }
    }
    assert!(tried >= 20, "{tried}");
}

/// A run was killed while an index is filled: the table is as it should be, and the next run waits until the index can be used.
#[test]
fn an_index_that_another_run_left_unfilled_is_waited_for() {
    let cloud = created(&stack("billing: on-demand"));
    let target = stack("billing: on-demand, indexes: { by-day: { partition_key: day } }");
    let at = crate::faults::Label {
        name: "dynamodb:UpdateTable".to_owned(),
        subject: "orders".to_owned(),
        nth: 1,
    };
    let fault = PlannedFault { at, kind: FaultKind::KilledAfterAll, times: Times::Once };
    let killed = run(&cloud, Command::Up(&Fixture::of(&target)), Some(fault));
    assert_eq!(killed.end, End::Died);
    let next = whole(up(&later(&killed.cloud, MINUTE), &target));
    assert_eq!(next.writes(), Vec::<String>::new());
    assert!((5 * MINUTE..8 * MINUTE).contains(&next.took), "{:?}", next.took);
}
