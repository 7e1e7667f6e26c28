//! The IAM permissions that a person or pipeline needs to run `provision` on one stack, and no more: from the calls that the
//! kinds state to policy documents. Pure, without AWS. For the roles of functions see [`crate::lower`].

mod document;
mod place;
#[cfg(test)]
mod tests;

pub use crate::kind::Task;
pub use document::{Document, Statement, documents};

use crate::config::{Exchange, Stack};
use crate::desired::{arn_of, lower};
use crate::elsewhere;
use crate::kind::{On, Permission};
use crate::kinds::registry;
use crate::model::Scope;
use crate::text::capital;
use place::{Allowed, Place};
use std::collections::BTreeMap;

/// The calls that belong to no kind. The first needs no permission.
const OTHERS: &[Permission] = &[
    Permission::of("sts:GetCallerIdentity", Task::READ, &[]),
    Permission::same("tag:GetResources", Task::READ, &On::EVERYTHING),
];

/// Every permission, with its kind; those of no kind have none.
fn permissions() -> impl Iterator<Item = (&'static str, &'static Permission)> {
    let kinds = registry().kinds().iter();
    let of_kinds =
        kinds.flat_map(|kind| kind.permissions().iter().map(|permission| (kind.name(), permission)));
    OTHERS.iter().map(|permission| ("", permission)).chain(of_kinds)
}

/// The statements that allow tasks on a stack, and nothing else.
pub fn statements(stack: &Stack, scope: &Scope, tasks: &[Task]) -> Vec<Statement> {
    let boundary = stack.permissions_boundary.as_deref();
    let place = Place { boundary, scope, graph: lower(stack, scope, &BTreeMap::new()) };
    let mut allowed: BTreeMap<&str, Allowed> = BTreeMap::new();
    for (kind, permission) in permissions() {
        if !tasks.iter().any(|task| permission.tasks.contains(task)) || !place.may_need(kind, permission.when)
        {
            continue;
        }
        for (action, on) in permission.needs() {
            let on = place.bound(on);
            let allowed = allowed.entry(on.sid).or_insert_with(|| Allowed::none(on));
            allowed.actions.insert(action);
            allowed.resources.extend(place.resources(on, kind));
        }
    }
    let mut allowed: Vec<Allowed> = allowed.into_values().collect();
    allowed.sort_by_cached_key(Allowed::order);
    let of_kinds = allowed.into_iter().filter_map(|allowed| place.statement(allowed));
    of_kinds.chain(of_checks(stack, scope, tasks)).chain(of_elsewhere(stack, scope, tasks)).collect()
}

/// The statements that allow what checks do with entries of the stack: one for each act. `down` needs none of them.
fn of_checks(stack: &Stack, scope: &Scope, tasks: &[Task]) -> Vec<Statement> {
    let acts = stack.checks.iter().filter_map(|check| match &check.exchange {
        Exchange::Act(on) if tasks.iter().any(|task| *task != Task::Down) => Some(on),
        _ => None,
    });
    let mut all: BTreeMap<String, Statement> = BTreeMap::new();
    for on in acts {
        let sid: String = ["check", on.act.verb, on.act.word].map(capital).concat();
        let statement = all.entry(sid.clone()).or_insert_with(|| Statement {
            sid,
            effect: "Allow",
            actions: on.act.actions.iter().map(|action| (*action).to_owned()).collect(),
            resources: Default::default(),
            condition: None,
        });
        let arn = arn_of(stack, scope, on.kind, &on.key);
        statement.resources.extend(on.act.within.iter().map(|within| format!("{arn}{within}")));
    }
    all.into_values().collect()
}

/// The statements that allow to read the values that live elsewhere. `down` needs none of them.
fn of_elsewhere(stack: &Stack, scope: &Scope, tasks: &[Task]) -> Vec<Statement> {
    if tasks.iter().all(|task| *task == Task::Down) {
        return Vec::new();
    }
    let statement = |action: elsewhere::Action| Statement {
        sid: action.sid.to_owned(),
        effect: "Allow",
        actions: vec![action.name.to_owned()],
        resources: action.resources.into_iter().collect(),
        condition: None,
    };
    elsewhere::actions(&stack.elsewhere, scope).into_iter().map(statement).collect()
}

/// The calls that `provision` makes, in AWS's terms, for example `dynamodb:CreateTable`, each with the kind that states it; the
/// name is empty for calls that belong to no kind.
pub fn calls() -> impl Iterator<Item = (&'static str, &'static str)> {
    permissions().map(|(kind, permission)| (permission.call, kind))
}
