//! A stack in its place: which resources a permission is about there, and under which condition.

use super::document::Statement;
use crate::aws::tags;
use crate::kind::{On, When, Which};
use crate::kinds::registry;
use crate::model::{Desired, Graph, Resource, Scope};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// A stack and where it is deployed.
pub(super) struct Place<'a> {
    /// The permissions boundary that all roles of the stack must have.
    pub(super) boundary: Option<&'a str>,
    pub(super) scope: &'a Scope,
    pub(super) graph: Graph,
}

/// What is allowed on some resources.
pub(super) struct Allowed {
    on: &'static On,
    pub(super) actions: BTreeSet<&'static str>,
    pub(super) resources: BTreeSet<String>,
}

/// The order of statements: reads, then those of each kind in the order of the registry. Reads on few patterns come first, by
/// ARN; so a new kind leaves the order of all others.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    Everything,
    Any(usize, BTreeSet<String>),
    OfKind(Option<usize>, u8),
}

impl Allowed {
    /// Nothing yet.
    pub(super) fn none(on: &'static On) -> Self {
        Allowed { on, actions: BTreeSet::new(), resources: BTreeSet::new() }
    }

    /// Its place in the policy.
    pub(super) fn order(&self) -> Order {
        let rank = match self.on.which {
            Which::Everything => return Order::Everything,
            Which::Any => return Order::Any(self.resources.len(), self.resources.clone()),
            Which::Within => 0,
            Which::Bound(_) => 1,
            Which::Declared => 2,
            Which::Parents => 3,
            Which::Field(_) | Which::With(_) => 4,
            Which::Owned(_) => 5,
        };
        Order::OfKind(registry().kinds().iter().position(|kind| kind.name() == self.on.kind), rank)
    }
}

impl Place<'_> {
    /// True if a call of a kind may be needed.
    pub(super) fn may_need(&self, kind: &str, when: When) -> bool {
        match when {
            When::Always => true,
            When::Some(is) => {
                // One of others is read too, and has no desired state.
                let existing = self.graph.existing.iter().any(|one| one.is_here && one.id.kind == kind);
                self.declared(kind).any(|resource| is(&resource.desired.json()))
                    || (existing && is(&Json::Null))
            }
            When::Boundary(has) => self.boundary.is_some() == has,
        }
    }

    /// The same in a stack that may have no permissions boundary.
    pub(super) fn bound(&self, on: &'static On) -> &'static On {
        match on.which {
            Which::Bound(otherwise) if self.boundary.is_none() => otherwise,
            _ => on,
        }
    }

    /// The ARNs of the resources that a call of a kind is about.
    pub(super) fn resources(&self, on: &On, kind: &str) -> Vec<String> {
        let all = |name: &str| -> Vec<String> {
            on.arns.iter().map(|pattern| self.scope.expand(pattern, name)).collect()
        };
        match on.which {
            Which::Everything | Which::Any | Which::Within | Which::Bound(_) => all("*"),
            Which::With(field) => {
                let has =
                    |one: &Resource| one.desired.get(field).is_some_and(|value| *value != Desired::Null);
                if self.declared(kind).any(has) { all("*") } else { Vec::new() }
            }
            Which::Owned(prefix) => all(&format!("{prefix}*")),
            Which::Declared => self.declared(on.kind).flat_map(|one| all(&one.id.name)).collect(),
            Which::Parents => {
                let parents = self.declared(kind).filter_map(|child| child.id.parent());
                parents.flat_map(|parent| all(&parent.name)).collect()
            }
            Which::Field(field) => self
                .declared(kind)
                .flat_map(|resource| match resource.desired.get(field).map(Desired::json) {
                    Some(Json::String(arn)) => vec![arn],
                    Some(Json::Array(arns)) => {
                        arns.iter().filter_map(Json::as_str).map(str::to_owned).collect()
                    }
                    _ => all("*"),
                })
                .collect(),
        }
    }

    /// The statement; `None` where the stack has none of the resources.
    pub(super) fn statement(&self, allowed: Allowed) -> Option<Statement> {
        (!allowed.resources.is_empty()).then(|| Statement {
            sid: allowed.on.sid.to_owned(),
            effect: "Allow",
            actions: allowed.actions.into_iter().map(str::to_owned).collect(),
            resources: allowed.resources.into_iter().collect(),
            condition: self.condition(allowed.on),
        })
    }

    fn condition(&self, on: &On) -> Option<Json> {
        if let Which::Bound(_) = on.which {
            return Some(json!({ "ArnEquals": { "iam:PermissionsBoundary": self.boundary? } }));
        }
        let owned = || {
            let key = format!("aws:ResourceTag/{}", tags::STACK);
            matches!(on.which, Which::Owned(_)).then(|| (key, self.scope.identity.to_string()))
        };
        let only = on.only.map(|(key, value)| (key.to_owned(), self.scope.expand(value, "")));
        let (key, value) = only.or_else(owned)?;
        Some(json!({ "StringEquals": { key: value } }))
    }

    fn declared(&self, kind: &str) -> impl Iterator<Item = &Resource> {
        self.graph.resources.iter().filter(move |resource| resource.id.kind == kind)
    }
}
