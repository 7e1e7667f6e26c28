//! Dependency cycles of values that are known only after `up`. The ARNs and names of tables and functions are known
//! before, so two functions can refer to each other; the URL of the API is known only after the API is created.

use std::collections::{BTreeMap, BTreeSet};

use super::decode::{Cx, help};
use super::stack::{Api, Function, Json, Part, Template};
use crate::yaml::At;

/// One resource that depends on another.
struct Edge {
    from: String,
    to: &'static str,
    template: At,
}

/// Reports every reference that closes a cycle.
pub(super) fn check(cx: &Cx, api: Option<&Api>, functions: &[Function]) {
    let edges = edges(api, functions);
    let mut to: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for edge in &edges {
        to.entry(&edge.from).or_default().push(edge.to);
    }
    for edge in edges.iter().filter(|edge| reaches(&to, edge.to, &edge.from)) {
        if let Some(span) = cx.unresolved.borrow().get(&edge.template) {
            let message = format!(
                "dependency cycle: `{}` must be created first, but it depends on this value",
                edge.to
            );
            cx.report(*span, message, help(format!("remove it from `{}`", edge.from)));
        }
    }
}

fn edges(api: Option<&Api>, functions: &[Function]) -> Vec<Edge> {
    let mut edges = Vec::new();
    if let Some(api) = api {
        add(&mut edges, "api", &api.description);
    }
    for function in functions {
        let owner = format!("functions.{}", function.name);
        let mut templates = vec![&function.description];
        templates.extend(function.environment.values());
        for statement in &function.policy {
            statement.members.values().for_each(|json| templates_of(json, &mut templates));
        }
        templates.into_iter().for_each(|template| add(&mut edges, &owner, template));
    }
    edges
}

fn add(edges: &mut Vec<Edge>, from: &str, template: &Template) {
    let targets: BTreeSet<&'static str> = template.parts.iter().filter_map(known_after_up).collect();
    edges.extend(targets.into_iter().map(|to| Edge { from: from.to_owned(), to, template: template.at }));
}

/// The resource that must exist before a placeholder has a value.
fn known_after_up(part: &Part) -> Option<&'static str> {
    match part {
        Part::ApiUrl => Some("api"),
        _ => None,
    }
}

fn templates_of<'a>(json: &'a Json, templates: &mut Vec<&'a Template>) {
    match json {
        Json::Text(template) => templates.push(template),
        Json::List(items) => items.iter().for_each(|item| templates_of(item, templates)),
        Json::Map(members) => members.values().for_each(|member| templates_of(member, templates)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn reaches(edges: &BTreeMap<&str, Vec<&str>>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(node) = open.pop() {
        if node == to {
            return true;
        }
        if seen.insert(node.to_owned()) {
            open.extend(edges.get(node).into_iter().flatten().copied());
        }
    }
    false
}
