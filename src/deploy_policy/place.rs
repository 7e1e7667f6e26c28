//! A stack in its place: which resources a permission is about there, and under which condition.

use super::document::Statement;
use crate::aws::tags;
use crate::kind::{On, Only, When, Which};
use crate::kinds::{registry, sections};
use crate::model::{Desired, Graph, Resource, Scope};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

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
            Which::Field(_) | Which::Named(_) | Which::With(_) => 4,
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
            Which::Named(field) => self
                .declared(on.kind)
                .flat_map(|one| self.texts(one, field))
                .flat_map(|name| all(&name))
                .collect(),
            Which::Owned(prefix) => all(&format!("{prefix}*")),
            Which::Declared => self.declared(on.kind).flat_map(|one| all(&one.id.name)).collect(),
            Which::Parents => {
                let parents = self.declared(kind).filter_map(|child| child.id.parent());
                parents.flat_map(|parent| all(&parent.name)).collect()
            }
            Which::Field(field) => self
                .declared(kind)
                .flat_map(|resource| match resource.desired.get(field).map(Desired::json) {
                    Some(Json::Null) => Vec::new(),
                    Some(Json::String(arn)) => vec![arn],
                    Some(Json::Array(arns)) => {
                        arns.iter().filter_map(Json::as_str).map(str::to_owned).collect()
                    }
                    _ => match self.of_others(resource, field).as_slice() {
                        [] => all("*"),
                        others => others.to_vec(),
                    },
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
        let mut conditions: BTreeMap<&str, BTreeMap<String, Json>> = BTreeMap::new();
        let mut add = |operator, key: &str, value: Json| {
            conditions.entry(operator).or_default().insert(key.to_owned(), value);
        };
        if let Which::Bound(_) = on.which {
            add("ArnEquals", "iam:PermissionsBoundary", self.boundary?.into());
        }
        match on.only {
            Some((key, Only::Value(value))) => add("StringEquals", key, self.scope.expand(value, "").into()),
            Some((key, Only::Field(field))) => {
                let arns: BTreeSet<String> =
                    self.declared(on.kind).flat_map(|one| self.texts(one, field)).collect();
                add("ArnEquals", key, arns.into_iter().collect());
            }
            Some((key, Only::Like(pattern))) => add("ArnLike", key, self.scope.expand(pattern, "*").into()),
            None => (),
        }
        if let Which::Owned(_) = on.which {
            let key = format!("aws:ResourceTag/{}", tags::STACK);
            add("StringEquals", &key, self.scope.identity.to_string().into());
        }
        (!conditions.is_empty()).then(|| json!(conditions))
    }

    /// The ARNs of the resources of others that a field of a resource names. Where the path of one is not known, it may have
    /// any.
    fn of_others(&self, resource: &Resource, field: &str) -> Vec<String> {
        let references = resource.desired.get(field).map(Desired::references).unwrap_or_default();
        let others = references.into_iter().filter_map(|reference| {
            let existing = self.graph.existing.iter().find(|one| one.id == reference.id)?;
            let pattern = sections().of_kind(existing.id.kind)?.arn();
            Some(match existing.known_attributes.get("arn") {
                Some(arn) => vec![arn.clone()],
                None => ["/", "/*/"]
                    .map(|path| self.scope.expand(&pattern.replace("{role_path}", path), &existing.id.name))
                    .into(),
            })
        });
        others.flatten().collect()
    }

    /// The texts in a field of a resource, as far as they are known before anything exists.
    fn texts(&self, resource: &Resource, field: &str) -> Vec<String> {
        let known = resource.desired.get(field).map(|desired| desired.resolve(&|one| self.graph.known(one)));
        let mut texts = self.of_others(resource, field);
        match known {
            Some(Json::String(text)) => texts.push(text),
            Some(Json::Array(items)) => {
                texts.extend(items.iter().filter_map(Json::as_str).map(str::to_owned))
            }
            _ => (),
        }
        texts
    }

    fn declared(&self, kind: &str) -> impl Iterator<Item = &Resource> {
        self.graph.resources.iter().filter(move |resource| resource.id.kind == kind)
    }
}
