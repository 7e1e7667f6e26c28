//! The IAM permissions that a person or pipeline needs to run `provision` on one stack, and no more: from the table of its
//! calls to policy documents. Pure; asks nothing of AWS. The roles of functions are another matter: see [`crate::lower`].

mod document;
mod scope;
mod table;
#[cfg(test)]
mod tests;

pub use document::{Document, Statement, documents};

use crate::config::Stack;
use crate::lower::lower;
use crate::model::Scope;
use scope::{On, Place};
use std::collections::{BTreeMap, BTreeSet};
use table::TABLE;

/// What is to be done with a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// `plan` and `check`.
    Plan,
    /// `up`.
    Up,
    /// `down`.
    Down,
}

/// The statements that allow tasks on a stack, and nothing else.
pub fn statements(stack: &Stack, scope: &Scope, tasks: &[Task]) -> Vec<Statement> {
    let place = Place { stack, scope, graph: lower(stack, scope, &BTreeMap::new()) };
    let rows = TABLE.iter().filter(|row| tasks.iter().any(|task| row.tasks.contains(task)));
    let mut allowed: BTreeMap<On, BTreeSet<&str>> = BTreeMap::new();
    for (action, on) in rows.filter(|row| (row.when)(stack)).flat_map(|row| row.needs) {
        allowed.entry(on.in_stack(stack)).or_default().insert(action);
    }
    allowed.into_iter().filter_map(|(on, actions)| place.statement(on, actions)).collect()
}

/// The calls that `provision` makes, in AWS's terms, for example `dynamodb:CreateTable`.
pub fn calls() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|row| row.call)
}
