//! Placeholders in texts.

use super::{desired, functions, graph_of, the};
use crate::plan::tests::stacks::stack;
use serde_json::json;

const TABLE: &str = "tables:\n  tab: { partition_key: id }\n";

#[test]
fn what_follows_from_names_is_filled_in_or_predicted() {
    let lines = "environment:\n  NAME: ${tables.tab.name}\n  ARN: ${tables.tab.arn}\n  SELF: ${functions.f.name}\n  \
                 PLACE: ${region}-${account}\n  TEXT: a $${x} b\n  NUMBER: 8080";
    let graph = graph_of(&stack(&(functions(&[("f", lines)]) + TABLE)));
    assert_eq!(
        desired(&graph, "function f")["environment"],
        json!({
            "NAME": "tab",
            "ARN": "${table tab.arn}",
            "SELF": "f",
            "PLACE": "eu-west-1-123456789012",
            "TEXT": "a ${x} b",
            "NUMBER": "8080",
        })
    );
    let function = the(&graph, "function f");
    let unknown: Vec<String> = function
        .desired
        .references()
        .into_iter()
        .filter(|reference| !graph.knows(reference))
        .map(|reference| format!("{}.{}", reference.id, reference.attribute))
        .collect();
    assert_eq!(unknown, ["role f_role.role_id"]);
}

#[test]
fn the_url_of_the_api_is_unknown_and_joins_into_a_text() {
    let graph = graph_of(&stack(&(functions(&[("f", "environment: { URL: \"${api.url}/x\" }")]) + "api:\n")));
    let url = the(&graph, "function f").desired.get("environment").and_then(|all| all.get("URL")).unwrap();
    assert_eq!(url.references().len(), 1);
    assert_eq!(url.resolve(&|_| Some("https://a.example")), "https://a.example/x");
}

#[test]
fn functions_that_mention_each_other_make_no_circle() {
    let yaml = functions(&[
        ("f", "environment: { OTHER: \"${functions.g.arn}\" }"),
        ("g", "environment: { OTHER: \"${functions.f.arn}\" }"),
    ]);
    let graph = graph_of(&stack(&yaml));
    assert_eq!(graph.in_order().len(), graph.resources.len());
    assert_eq!(desired(&graph, "function f")["environment"]["OTHER"], "${function g.arn}");
}

#[test]
fn a_function_behind_the_api_may_know_its_url() {
    let yaml = functions(&[("f", "environment: { URL: \"${api.url}\" }")]) + "api:\n  routes: { GET /: f }\n";
    let graph = graph_of(&stack(&yaml));
    let order: Vec<String> = graph.in_order().iter().map(|one| one.id.to_string()).collect();
    let place = |id: &str| order.iter().position(|one| one == id).unwrap();
    assert!(place("api") < place("function f"));
    assert!(place("function f") < place("permission f for GET /"));
}

#[test]
fn placeholders_work_in_policies_and_descriptions() {
    let lines = "description: reads ${tables.tab.name}\npolicy:\n  - { Effect: Allow, Action: dynamodb:Query, \
                 Resource: \"${tables.tab.arn}/index/*\", Condition: { StringEquals: { aws:RequestedRegion: \"${region}\" } } }";
    let graph = graph_of(&stack(&(functions(&[("f", lines)]) + TABLE)));
    assert_eq!(desired(&graph, "function f")["description"], "reads tab");
    let statement = desired(&graph, "role f_role")["policies"]["provision"]["Policy"].clone();
    assert_eq!(statement["Resource"], "${table tab.arn}/index/*");
    assert_eq!(statement["Condition"]["StringEquals"]["aws:RequestedRegion"], "eu-west-1");
}
