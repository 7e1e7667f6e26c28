//! Routes with their integrations and permissions.

use super::{desired, graph_of, the};
use crate::model::Graph;
use crate::plan::tests::stacks::{SMALL, graph};

fn with_routes(count: usize) -> Graph {
    let routes: String = (0..count).map(|route| format!("    GET /r{route}: save\n")).collect();
    graph(&format!("{SMALL}{routes}"))
}

fn permissions(graph: &Graph, function: &str) -> Vec<String> {
    let names = graph.resources.iter().filter(|resource| resource.id.kind == "permission");
    let prefix = format!("{function} for ");
    names.filter_map(|resource| resource.id.name.strip_prefix(&prefix).map(str::to_owned)).collect()
}

#[test]
fn all_routes_of_a_function_share_its_integration() {
    let graph = graph(SMALL);
    for route in ["route GET /notes", "route GET /notes/{id}"] {
        assert_eq!(desired(&graph, route)["target"], "integrations/${integration list.id}");
    }
    let integrations = graph.resources.iter().filter(|resource| resource.id.kind == "integration");
    assert_eq!(integrations.count(), 2);
}

#[test]
fn each_route_has_a_permission_for_its_own_requests() {
    let graph = graph(SMALL);
    assert_eq!(permissions(&graph, "list"), ["GET /notes", "GET /notes/{id}"]);
    assert_eq!(
        desired(&graph, "permission list for GET /notes/{id}")["source_arn"],
        "arn:aws:execute-api:eu-west-1:123456789012:${api.id}/*/GET/notes/*"
    );
}

#[test]
fn forty_routes_get_a_permission_each() {
    let graph = with_routes(39);
    assert_eq!(permissions(&graph, "save").len(), 40);
    assert!(graph.resources.iter().all(|resource| resource.note.is_none()));
}

#[test]
fn more_than_forty_routes_get_a_single_permission_and_a_note() {
    let graph = with_routes(40);
    assert_eq!(permissions(&graph, "save"), ["all routes"]);
    // Another function's routes are counted for themselves.
    assert_eq!(permissions(&graph, "list").len(), 2);
    let permission = the(&graph, "permission save for all routes");
    let source = desired(&graph, "permission save for all routes")["source_arn"].clone();
    assert_eq!(source, "arn:aws:execute-api:eu-west-1:123456789012:${api.id}/*");
    insta::assert_snapshot!(permission.note.as_deref().unwrap(), @r#"
    save has 41 routes, too many for a permission each (the policy of a function is limited to 20 KB): one permission allows all routes of the API
    "#);
}

#[test]
fn routes_that_are_too_long_for_a_policy_together_get_a_single_permission() {
    let path = "x".repeat(300);
    let routes: String = (0..30).map(|route| format!("    GET /{path}/{route}: save\n")).collect();
    assert_eq!(permissions(&graph(&format!("{SMALL}{routes}")), "save"), ["all routes"]);
}

#[test]
fn a_route_of_many_waits_for_the_single_permission() {
    let graph = with_routes(40);
    let order_constraint = the(&graph, "route GET /r7").order_constraint.clone().unwrap();
    let depends_on: Vec<String> = order_constraint.depends_on.iter().map(ToString::to_string).collect();
    assert_eq!(depends_on, ["permission save for all routes", "function save", "table notes"]);
    assert_eq!(order_constraint.exists.to_string(), "stage $default");
}

#[test]
fn a_permission_lives_in_its_function_and_the_rest_in_the_api() {
    let graph = graph_of(&crate::plan::tests::stacks::shipped());
    for resource in &graph.resources {
        let parent = resource.id.parent().map(|parent| parent.kind);
        let expected = match resource.id.kind {
            "permission" => Some("function"),
            "integration" | "route" | "stage" => Some("api"),
            _ => None,
        };
        assert_eq!(parent, expected, "{}", resource.id);
        assert_eq!(crate::kinds::kind(resource.id.kind).parent().map(|parent| parent.kind), expected);
    }
}

#[test]
fn every_resource_knows_its_line() {
    let graph = graph(SMALL);
    assert_eq!(the(&graph, "table notes").at.line, 4);
    assert_eq!(the(&graph, "role save_role").at.line, 6);
    assert_eq!(the(&graph, "route GET /notes").at.line, 18);
    assert_eq!(the(&graph, "permission list for GET /notes/{id}").at.line, 19);
}
