//! The picture of a stack, for the programs that draw it: Mermaid, which forges draw in comments, and Graphviz.

use super::Document;
use crate::picture::{Connection, End, Node, Picture};
use crate::plan::Action;
use serde_json::{Value as Json, json};

/// More than a forge draws, and more than anybody reads.
const MOST_NODES: usize = 100;
const MOST_CONNECTIONS: usize = 200;

/// The colours of what a plan does: of the line, and within it.
const COLOURS: [(Action, &str, &str, &str); 4] = [
    (Action::Create, "created", "#1a7f37", "#dafbe1"),
    (Action::Update, "updated", "#9a6700", "#fff8c5"),
    (Action::Replace, "replaced", "#8250df", "#fbefff"),
    (Action::Delete, "deleted", "#cf222e", "#ffebe9"),
];

pub(super) fn colours(action: Action) -> (&'static str, &'static str, &'static str) {
    let found = COLOURS.iter().find(|(of, ..)| *of == action).unwrap_or(&COLOURS[0]);
    (found.1, found.2, found.3)
}

/// How a node looks, by what its kind is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// What takes requests.
    Endpoint,
    /// What runs code.
    Code,
    /// What keeps data.
    Data,
    /// Everything else.
    Other,
}

pub(super) fn look(node: &Node) -> Look {
    let kind = node.kind();
    match kind.features() {
        features if features.endpoint.is_some() => Look::Endpoint,
        features if features.runs_code.is_some() => Look::Code,
        _ if kind.data().is_some() => Look::Data,
        _ => Look::Other,
    }
}

/// As Mermaid. `None` where there is more than a picture shows.
pub fn mermaid(picture: &Picture) -> Option<String> {
    if picture.nodes.len() > MOST_NODES || picture.connections.len() > MOST_CONNECTIONS {
        return None;
    }
    let mut text = "flowchart LR\n".to_owned();
    for (index, node) in picture.nodes.iter().enumerate() {
        let (open, close) = match look(node) {
            Look::Endpoint => ("([", "])"),
            Look::Code => ("[", "]"),
            Look::Data => ("[(", ")]"),
            Look::Other => ("(", ")"),
        };
        let class = match (node.action, node.is_existing) {
            (Some(action), _) => format!(":::{}", colours(action).0),
            (None, true) => ":::existing".to_owned(),
            (None, false) => String::new(),
        };
        text += &format!("  n{index}{open}\"{}\"{close}{class}\n", of_mermaid(node.label()));
    }
    for connection in &picture.connections {
        let Some((from, to)) = ends(picture, connection) else { continue };
        let label = connection.labels.iter().map(|label| of_mermaid(label)).collect::<Vec<_>>().join("<br>");
        text += &format!("  n{from} -->|\"{label}\"| n{to}\n");
    }
    if picture.nodes.iter().any(|node| node.is_existing) {
        text += "  classDef existing stroke-dasharray: 4 3\n";
    }
    for (action, name, line, fill) in COLOURS {
        if picture.nodes.iter().any(|node| node.action == Some(action)) {
            text += &format!("  classDef {name} stroke:{line},fill:{fill},color:#1f2328\n");
        }
    }
    Some(text)
}

/// A text within quotes.
fn of_mermaid(text: &str) -> String {
    let signs = [('&', "&amp;"), ('"', "&quot;"), ('<', "&lt;"), ('>', "&gt;"), ('`', "&#96;")];
    text.chars()
        .map(|c| {
            signs.iter().find(|(sign, _)| *sign == c).map_or(c.to_string(), |(_, code)| (*code).to_owned())
        })
        .collect()
}

/// The nodes of a connection, by their numbers.
pub(super) fn ends(picture: &Picture, connection: &Connection) -> Option<(usize, usize)> {
    let number = |end: &End| picture.nodes.iter().position(|node| node.end == *end);
    Some((number(&connection.from)?, number(&connection.to)?))
}

/// In the language of Graphviz.
pub fn dot(picture: &Picture) -> String {
    let quoted = |text: &str| Json::from(text).to_string();
    let mut text = "digraph stack {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n".to_owned();
    for (index, node) in picture.nodes.iter().enumerate() {
        let shape = match look(node) {
            Look::Endpoint => "oval",
            Look::Code => "box",
            Look::Data => "cylinder",
            Look::Other => "ellipse",
        };
        let style = if node.is_existing { ", style=dashed" } else { "" };
        text += &format!("  n{index} [label={}, shape={shape}{style}];\n", quoted(node.label()));
    }
    for connection in &picture.connections {
        let Some((from, to)) = ends(picture, connection) else { continue };
        text += &format!("  n{from} -> n{to} [label={}];\n", quoted(&connection.labels.join("\n")));
    }
    text + "}\n"
}

/// For programs.
pub fn document(picture: &Picture) -> Document {
    let end = |(kind, key): &(&str, String)| json!({ "kind": kind, "name": if key.is_empty() { *kind } else { key } });
    let node = |node: &Node| {
        let mut json = end(&node.end);
        json["existing"] = node.is_existing.into();
        json
    };
    let connection =
        |one: &Connection| json!({ "from": end(&one.from), "to": end(&one.to), "labels": one.labels });
    let nodes: Vec<Json> = picture.nodes.iter().map(node).collect();
    let connections: Vec<Json> = picture.connections.iter().map(connection).collect();
    Document::new("graph", json!({ "nodes": nodes, "connections": connections }))
}
