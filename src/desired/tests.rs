//! From the text of a stack file to its graph, with a fixed account and fixed packages.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod checks;
mod graphs;
mod loops;
mod names;
mod policies;
mod routes;
mod sizes;
mod templates;
mod unheard;

use crate::config::Stack;
use crate::model::{Desired, Graph, Reference, Resource, ResourceId};
use crate::plan::tests::stacks::lowered;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A stack with functions alone, each by name with these further lines.
fn functions(functions: &[(&str, &str)]) -> String {
    let function = |(name, lines): &(&str, &str)| {
        format!("  {name}:\n    code: code\n    runtime: python3.13\n    {}\n", lines.replace('\n', "\n    "))
    };
    format!("stack: demo\nfunctions:\n{}", functions.iter().map(function).collect::<String>())
}

/// The graph of a stack.
fn graph_of(stack: &Stack) -> Graph {
    lowered(stack).1
}

/// The resource whose id reads like this, for example `function save`.
fn the<'a>(graph: &'a Graph, id: &str) -> &'a Resource {
    let found = graph.resources.iter().find(|resource| resource.id.to_string() == id);
    found.unwrap_or_else(|| panic!("the graph has no {id}"))
}

/// The desired state of a resource, as JSON; a reference is written `${function save.arn}`.
fn desired(graph: &Graph, id: &str) -> Json {
    written(&the(graph, id).desired)
}

fn written(desired: &Desired) -> Json {
    let written = |reference: &Reference| format!("${{{}.{}}}", reference.id, reference.attribute);
    let written: BTreeMap<Reference, String> =
        desired.references().into_iter().map(|reference| (reference.clone(), written(reference))).collect();
    desired.resolve(&|reference| written.get(reference).map(String::as_str))
}

/// All that a graph says, as text.
fn dump(graph: &Graph) -> String {
    graph.resources.iter().map(dump_resource).collect::<Vec<_>>().join("\n")
}

fn dump_resource(resource: &Resource) -> String {
    let names = |ids: &[ResourceId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut text = format!("{} (line {})\n", resource.id, resource.at.line);
    let mut line = |name: &str, value: String| text += &format!("    {name}: {value}\n");
    if let Some(parent) = resource.id.parent() {
        line("lives in", parent.to_string());
    }
    if !resource.depends_on.is_empty() {
        line("waits for", names(&resource.depends_on));
    }
    if let Some(order_constraint) = &resource.order_constraint {
        line(
            &format!("where there is {}, waits for", order_constraint.exists),
            names(&order_constraint.depends_on),
        );
    }
    if let Some(note) = &resource.note {
        line("note", note.clone());
    }
    for (name, value) in &resource.known_attributes {
        line(&format!("known {name}"), value.clone());
    }
    for (field, value) in written(&resource.desired).as_object().unwrap() {
        line(field, value.to_string());
    }
    text
}
