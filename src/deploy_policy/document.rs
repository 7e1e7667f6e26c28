//! Policy documents: their form, and how much AWS lets one hold.

use serde::Serialize;
use serde_json::Value as Json;

/// The characters without blanks that a managed policy may have [aws-facts: IAM].
const MAX: usize = 6_144;
/// Of these, what a document takes besides its statements, and what a statement takes for its place in the list.
const FRAME: usize = 50;

/// A policy document.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Document {
    version: &'static str,
    /// The statements.
    pub statement: Vec<Statement>,
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    /// Its name.
    pub sid: String,
    pub(super) effect: &'static str,
    /// What is allowed.
    #[serde(rename = "Action")]
    pub actions: Vec<String>,
    /// On what.
    #[serde(rename = "Resource")]
    pub resources: Vec<String>,
    /// Under which condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Json>,
}

/// The documents that hold these statements: one, or as many as they need, each small enough for a managed policy.
pub fn documents(statements: &[Statement]) -> Vec<Document> {
    let mut documents: Vec<Document> = Vec::new();
    let mut room = 0;
    for statement in statements.iter().flat_map(|statement| parts(statement, 1)) {
        let size = size(&statement);
        match documents.last_mut() {
            Some(document) if size <= room => document.statement.push(statement),
            _ => {
                documents.push(Document { version: "2012-10-17", statement: vec![statement] });
                room = MAX - FRAME;
            }
        }
        room = room.saturating_sub(size);
    }
    documents
}

/// A statement in parts that fit into a document: its resources are dealt out.
fn parts(statement: &Statement, count: usize) -> Vec<Statement> {
    let share = statement.resources.len().div_ceil(count).max(1);
    let parts: Vec<Statement> = statement
        .resources
        .chunks(share)
        .enumerate()
        .map(|(index, resources)| Statement {
            sid: if index == 0 { statement.sid.clone() } else { format!("{}{}", statement.sid, index + 1) },
            resources: resources.to_vec(),
            ..statement.clone()
        })
        .collect();
    let fits = parts.iter().all(|part| size(part) <= MAX - FRAME);
    if fits || share == 1 { parts } else { self::parts(statement, count + 1) }
}

/// The characters of a statement in a document. Nothing of it has a blank.
fn size(statement: &Statement) -> usize {
    serde_json::to_string(statement).map_or(MAX, |text| text.len() + 1)
}
