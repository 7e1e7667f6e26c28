//! Names, in one environment and another, and the marks of ownership.

use super::{desired, graph_of, the};
use crate::desired::wanted;
use crate::model::Graph;
use crate::plan::tests::stacks::{FULL, lowered, shipped, stack_in};

fn full(environment: &str) -> Graph {
    graph_of(&stack_in(FULL, Some(environment)))
}

#[test]
fn an_environment_prefixes_every_name() {
    let graph = full("prod");
    for id in [
        "table prod-pages",
        "role prod-save_role",
        "log group /aws/lambda/prod-save",
        "function prod-save",
        "integration prod-save",
        "permission prod-save for POST /pages/{project}",
    ] {
        the(&graph, id);
    }
    assert_eq!(desired(&graph, "api")["name"], "prod-blog-api");
    assert_eq!(desired(&graph, "function prod-save")["environment"]["TABLE"], "prod-pages");
}

#[test]
fn arns_follow_from_account_region_and_name() {
    let graph = full("prod");
    let arn = |id: &str| the(&graph, id).known_attributes.get("arn").unwrap().clone();
    assert_eq!(arn("table prod-pages"), "arn:aws:dynamodb:us-east-1:012345678901:table/prod-pages");
    assert_eq!(arn("function prod-save"), "arn:aws:lambda:us-east-1:012345678901:function:prod-save");
    assert_eq!(
        arn("role prod-save_role"),
        "arn:aws:iam::012345678901:role/provision/blog/prod/us-east-1/prod-save_role"
    );
    assert_eq!(
        arn("log group /aws/lambda/prod-save"),
        "arn:aws:logs:us-east-1:012345678901:log-group:/aws/lambda/prod-save"
    );
}

#[test]
fn without_an_environment_the_roles_path_has_a_placeholder() {
    let (scope, _) = lowered(&shipped());
    assert_eq!(scope.role_path(), "/provision/http-crud-tutorial/_/eu-west-1/");
}

#[test]
fn everything_that_takes_tags_says_whose_it_is() {
    let graph = full("dev");
    for resource in graph
        .resources
        .iter()
        .filter(|resource| !matches!(resource.id.kind, "integration" | "route" | "permission"))
    {
        let tags = desired(&graph, &resource.id.to_string())["tags"].clone();
        assert_eq!(tags["provision:stack"], "blog/dev", "{}", resource.id);
        assert_eq!(tags["provision:id"], resource.id.tag(), "{}", resource.id);
        assert_eq!(tags["team"], "a b", "{}", resource.id);
    }
}

#[test]
fn roles_and_log_groups_name_the_function_that_they_are_made_for() {
    let graph = full("dev");
    for id in ["role dev-save_role", "log group /aws/lambda/dev-save"] {
        assert_eq!(desired(&graph, id)["tags"]["provision:for"], "function.dev-save");
    }
}

#[test]
fn sids_of_two_environments_differ() {
    let sid = |environment: &str| {
        let id = format!("permission {environment}-save for POST /pages/{{project}}");
        desired(&full(environment), &id)["sid"].clone()
    };
    assert_ne!(sid("dev"), sid("prod"));
}

#[test]
fn what_to_look_for_is_every_name_by_kind() {
    let wanted = wanted(full("dev"));
    let names = |kind: &str| Vec::from_iter(wanted[kind].keys().cloned());
    assert_eq!(names("function"), ["dev-other", "dev-save"]);
    assert_eq!(names("api"), [""]);
    assert_eq!(names("role"), ["dev-save_role"]);
}
