//! What `list` finds, on the wire.

use super::shipped::well;
use crate::cloud::Cloud;
use crate::faults::{FaultKind, Label, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::program::Manner::Well;
use crate::program::{Visit, visit};
use crate::run::{Command, empty, later, run};
use std::collections::BTreeSet;
use std::time::Duration;

const WHOLE: &str = "http-crud-tutorial  –            1 table, 5 roles, 5 log groups, 5 functions, 1 API\n";

/// The shipped stack, long enough ago for the tagging API to know of it.
fn up() -> Cloud {
    later(&well(run(&empty(), Command::Up(&Fixture::shipped()), None)).cloud, Duration::from_secs(60))
}

/// Lists the stacks, and writes nothing.
#[track_caller]
fn list(cloud: &Cloud, fault: Option<PlannedFault>) -> Visit {
    let visit = visit(cloud, &Fixture::shipped(), &["list"], fault).ends(Well);
    assert_eq!(visit.writes(), Vec::<String>::new());
    visit
}

#[test]
fn a_stack_is_listed_with_all_that_it_has_until_it_is_gone() {
    let cloud = up();
    let listed = list(&cloud, None);
    assert!(listed.exit().out.contains(WHOLE), "{}", listed.exit().out);
    // The tagging API remembers it all.
    let down = well(run(&cloud, Command::Down(&Fixture::shipped()), None)).cloud;
    let listed = list(&later(&down, Duration::from_secs(60)), None);
    assert!(listed.exit().out.contains("No stacks in"), "{}", listed.exit().out);
}

#[test]
fn what_cannot_be_read_is_reported() {
    let cloud = up();
    let calls = list(&cloud, None).records;
    let names: BTreeSet<&str> = calls.iter().map(|call| call.label.name.as_str()).collect();
    let names = names.into_iter().filter(|name| *name != "sts:GetCallerIdentity");
    let mut refused = Vec::new();
    for name in names {
        let at = calls.iter().find(|call| call.label.name == name).unwrap().label.clone();
        let at = Label { nth: 1, ..at };
        let exit = list(&cloud, Some(PlannedFault { at, kind: FaultKind::Denied, times: Times::Always }));
        let lines = exit.exit().err.lines();
        let told = lines.filter_map(|line| line.split_once("could not list any ")?.1.split_once(':'));
        let told: Vec<&str> = told.map(|(kind, _)| kind).collect();
        // The stack has no layers and no policies.
        let is_missing = !exit.exit().out.contains(WHOLE);
        let is_of_none = ["iam:ListPolicies", "lambda:ListLayers"].contains(&name);
        assert_eq!(is_missing, !is_of_none, "{name}");
        refused.push(format!("{name}: {}", told.join(", ")));
    }
    let expected = [
        "apigateway:GetApis: api",
        "dynamodb:DescribeTable: table",
        "iam:ListPolicies: policy",
        "iam:ListRoles: role",
        "lambda:GetFunction: function",
        "lambda:ListLayers: layer",
        "logs:DescribeLogGroups: log group",
        "tag:GetResources: table, queue, bucket, topic, stream, bus, parameter, secret, log group, function, event source, \
         state machine, rule, schedule group",
    ];
    assert_eq!(refused, expected);
}
