//! Whole graphs.

use super::{dump, graph_of};
use crate::kind::Kind as _;
use crate::kinds::permission::Permission;
use crate::model::Graph;
use crate::plan::tests::snapshot_in;
use crate::plan::tests::stacks::{FULL, shipped, stack, stack_in};
use std::collections::BTreeSet;

fn snapshot(name: &str, graph: &Graph) {
    snapshot_in("../desired/snapshots", name, &dump(graph));
}

#[test]
fn the_shipped_stack() {
    snapshot("shipped", &graph_of(&shipped()));
}

#[test]
fn a_stack_with_every_field_set() {
    snapshot("full", &graph_of(&stack_in(FULL, Some("dev"))));
}

#[test]
fn a_stack_with_nothing_in_it() {
    assert!(graph_of(&stack("stack: empty\n")).resources.is_empty());
}

#[test]
fn an_api_without_routes_still_has_a_stage() {
    let graph = graph_of(&stack("stack: bare\napi:\n"));
    let ids: Vec<String> = graph.resources.iter().map(|resource| resource.id.to_string()).collect();
    assert_eq!(ids, ["api", "stage $default"]);
}

#[test]
fn a_service_that_a_trigger_names_gets_the_permission_alone() {
    let graph = graph_of(&stack(
        "stack: other\nfunctions:\n  f:\n    code: code\n    runtime: python3.13\n    triggers:\n      - { principal: s3.amazonaws.com, \
         source: 'arn:aws:s3:::theirs' }\n      - { principal: iot.amazonaws.com, source: 'arn:aws:iot:eu-west-1:111122223333:rule/x' }\n",
    ));
    let permissions = graph.resources.iter().filter(|one| one.id.kind == Permission::NAME);
    let permissions = permissions.map(|one| {
        let desired = one.desired.json();
        ["principal", "source_arn", "source_account"].map(|name| desired[name].as_str().map(str::to_owned))
    });
    let [theirs, rule] = ["arn:aws:s3:::theirs", "arn:aws:iot:eu-west-1:111122223333:rule/x"];
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        permissions.collect::<Vec<_>>(),
        // A bucket's ARN does not name its account.
        [
            [text("s3.amazonaws.com"), text(theirs), text("123456789012")],
            [text("iot.amazonaws.com"), text(rule), None]
        ]
    );
    assert!(!graph.resources.iter().any(|one| one.id.kind == "notification"));
}

#[test]
fn an_account_a_role_and_an_organisation_get_the_permission_alone() {
    let graph = graph_of(&stack(
        "stack: other\nfunctions:\n  f:\n    code: code\n    runtime: python3.13\n    release: live\n    triggers:\n      \
         - { principal: 111122223333 }\n      - { principal: 'arn:aws:iam::444455556666:root', alias: live }\n      \
         - { principal: 'arn:aws:iam::111122223333:role/caller' }\n      - { principal: o-a1b2c3d4e5 }\n",
    ));
    let permissions = graph.resources.iter().filter(|one| one.id.kind == Permission::NAME);
    let permissions = permissions.map(|one| {
        let desired = one.desired.json();
        assert_eq!(desired["source_arn"], serde_json::Value::Null);
        let text = |name: &str| desired[name].as_str().unwrap_or_default().to_owned();
        (one.id.name.clone(), text("principal"), text("organization"))
    });
    let of = |what: &str, principal: &str, organization: &str| {
        (format!("f:live for {what}"), principal.to_owned(), organization.to_owned())
    };
    assert_eq!(
        permissions.collect::<Vec<_>>(),
        [
            of("111122223333", "111122223333", ""),
            of("444455556666", "444455556666", ""),
            of("arn:aws:iam::111122223333:role/caller", "arn:aws:iam::111122223333:role/caller", ""),
            of("o-a1b2c3d4e5", "*", "o-a1b2c3d4e5"),
        ]
    );
}

#[test]
fn no_two_resources_have_the_same_id() {
    for graph in [graph_of(&shipped()), graph_of(&stack_in(FULL, Some("prod")))] {
        let ids: BTreeSet<_> = graph.resources.iter().map(|resource| &resource.id).collect();
        assert_eq!(ids.len(), graph.resources.len());
    }
}

#[test]
fn every_reference_leads_to_a_resource_of_the_graph() {
    let graph = graph_of(&stack_in(FULL, Some("dev")));
    for resource in &graph.resources {
        for reference in resource.desired.references() {
            assert!(graph.get(&reference.id).is_some(), "{} refers to {}", resource.id, reference.id);
        }
        for id in resource
            .depends_on
            .iter()
            .chain(resource.order_constraint.iter().flat_map(|order_constraint| &order_constraint.depends_on))
        {
            assert!(graph.get(id).is_some(), "{} waits for {id}", resource.id);
        }
    }
}
