//! Permissions of functions: a live API never lacks one for a moment, and another stack's statements are left alone.

use super::shipped::whole;
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::faults::{Label, Planned, Times, Trouble};
use crate::fixture::Fixture;
use crate::run::{Command, End, empty, later, planned, run};
use provision::plan::Action;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::time::Duration;

const SMALL: &str = include_str!("../../stacks/small.yaml");
/// The routes of the small stack, by their functions.
const ROUTES: &[(&str, &str)] = &[("list", "GET /items"), ("save", "POST /items"), ("save", "PUT /items")];

fn up(stack: &Fixture) -> Cloud {
    later(&whole(run(&empty(), Command::Up(stack), None)).cloud, Duration::from_secs(60))
}

/// The statements of all functions by their `Sid`.
fn sids(cloud: &Cloud) -> BTreeSet<String> {
    let statements = cloud.lambda.functions.values().flat_map(|function| function.policy.now());
    statements.filter_map(|statement| Some(statement["Sid"].as_str()?.to_owned())).collect()
}

/// Changes every statement of every function.
fn change(cloud: &mut Cloud, change: impl Fn(&str, &mut Json)) {
    let now = cloud.now;
    for (name, function) in &mut cloud.lambda.functions {
        let mut statements = function.policy.now();
        statements.iter_mut().for_each(|statement| change(name, statement));
        function.policy.set(now, statements);
    }
}

/// The `Sid` that earlier versions gave to the permission of a route.
fn old_sid(stack: &str, function: &str, route: &str) -> String {
    let hash = Sha256::digest(format!("{stack}\n{function} for {route}"));
    let hex: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("provision-{hex}")
}

/// An account whose permissions an earlier version created.
fn of_the_old_form(cloud: &Cloud) -> Cloud {
    let mut old = cloud.clone();
    change(&mut old, |function, statement| {
        let source = statement["Condition"]["ArnLike"]["AWS:SourceArn"].as_str().expect("a source");
        let (_, source) = source.split_once("/*/").expect("a route");
        let route = source.replacen('/', " /", 1);
        assert!(ROUTES.contains(&(function, route.as_str())), "{function} {route}");
        statement["Sid"] = old_sid("small", function, &route).into();
    });
    old
}

#[test]
fn permissions_of_the_old_form_are_replaced_once_and_by_updates_alone() {
    let stack = Fixture::of(SMALL);
    let new = up(&stack);
    let old = of_the_old_form(&new);
    let plan = planned(&old, Command::Up(&stack));
    let steps: Vec<_> = plan.steps.iter().map(|step| (step.id.kind, step.action)).collect();
    assert_eq!(steps, vec![("permission", Action::Update); ROUTES.len()]);
    let replaced = whole(run(&old, Command::Up(&stack), None));
    assert_eq!(sids(&replaced.cloud), sids(&new));
    assert_eq!(differences(&dump(&replaced.cloud), &dump(&new)), Vec::<String>::new());
    assert_eq!(whole(run(&replaced.cloud, Command::Up(&stack), None)).end, End::Done(0));
}

#[test]
fn a_permission_that_was_changed_by_hand_is_replaced_without_a_gap() {
    let stack = Fixture::of(SMALL);
    let new = up(&stack);
    let mut wide = new.clone();
    change(&mut wide, |_, statement| {
        statement["Condition"]["ArnLike"]["AWS:SourceArn"] = "arn:aws:execute-api:*".into();
    });
    let narrow = whole(run(&wide, Command::Up(&stack), None));
    assert_eq!(differences(&dump(&narrow.cloud), &dump(&new)), Vec::<String>::new());
    let writes: Vec<String> =
        narrow.records.iter().filter(|record| record.write).map(|record| record.label.name.clone()).collect();
    assert_eq!(writes.iter().filter(|name| *name == "lambda:AddPermission").count(), ROUTES.len());
    assert_eq!(writes.len(), 2 * ROUTES.len());
    assert!(sids(&narrow.cloud).is_disjoint(&sids(&new)), "the new statements are under other ids");
}

#[test]
fn whatever_interrupts_a_replacement_the_next_run_ends_it() {
    let stack = Fixture::of(SMALL);
    let new = up(&stack);
    let old = of_the_old_form(&new);
    let writes = whole(run(&old, Command::Up(&stack), None)).records;
    let at: Vec<Label> =
        writes.into_iter().filter(|record| record.write).map(|record| record.label).collect();
    assert_eq!(at.len(), 2 * ROUTES.len());
    for at in &at {
        for trouble in
            [Trouble::DiesBefore, Trouble::DiesAlone, Trouble::Lost, Trouble::FailedLate, Trouble::Denied]
        {
            for times in [Times::Once, Times::Always] {
                let fault = Planned { at: at.clone(), trouble, times };
                let broken = run(&old, Command::Up(&stack), Some(fault.clone()));
                assert_eq!((broken.struck > 0, &broken.violations), (true, &vec![]), "{fault}");
                let repaired = whole(run(&broken.cloud, Command::Up(&stack), None));
                let differ = differences(&dump(&repaired.cloud), &dump(&new));
                assert_eq!(differ, Vec::<String>::new(), "{fault}");
                assert_eq!(
                    whole(run(&repaired.cloud, Command::Up(&stack), None)).end,
                    End::Done(0),
                    "{fault}"
                );
            }
        }
    }
}

/// Statements of another stack, of an earlier version of another stack, and of this stack's earlier version for a route
/// that is not declared.
#[test]
fn statements_of_others_are_left_alone() {
    let stack = Fixture::of(SMALL);
    let mut cloud = up(&stack);
    let others = up(&Fixture::of(&SMALL.replace("stack: small", "stack: other")));
    let now = cloud.now;
    for (name, function) in &mut cloud.lambda.functions {
        let mut statements = function.policy.now();
        statements.extend(others.lambda.functions[name].policy.now());
        for sid in
            [old_sid("other", name, "GET /items"), old_sid("small", name, "GET /gone"), "theirs-1".to_owned()]
        {
            let mut statement = statements[0].clone();
            statement["Sid"] = sid.into();
            statements.push(statement);
        }
        function.policy.set(now, statements);
    }
    let again = whole(run(&cloud, Command::Up(&stack), None));
    assert_eq!((again.end.clone(), again.writes()), (End::Done(0), vec![]));
    assert_eq!(sids(&again.cloud), sids(&cloud));
}

/// A route that is no longer declared takes its own permission away, and no other.
#[test]
fn a_permission_that_is_no_longer_declared_is_deleted() {
    let stack = Fixture::of(SMALL);
    let less = Fixture::of(&SMALL.replace("    PUT /items: save\n", ""));
    let cloud = whole(run(&up(&stack), Command::Up(&less), None)).cloud;
    assert_eq!(sids(&cloud).len(), ROUTES.len() - 1);
    assert!(sids(&cloud).is_subset(&sids(&up(&stack))));
}
