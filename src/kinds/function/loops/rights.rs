//! What a function or a state machine may do with entries of the stack, as far as the file tells.

use crate::config::access::Within;
use crate::config::{Entries, Entry, Grant, Json, Part, Statement, Target, Template};
use crate::kind::Kind as _;
use crate::kinds::bucket::Bucket;
use crate::kinds::role::managed::ManagedPolicy;
use crate::kinds::{policy, role};
use std::collections::BTreeMap;

/// What an entry says of its rights.
pub(super) struct Rights<'a> {
    pub(super) access: &'a BTreeMap<String, Grant>,
    pub(super) policy: &'a [Statement],
    pub(super) managed_policies: &'a [ManagedPolicy],
    pub(super) role: Option<&'a Target>,
}

/// What the role of an entry allows it, by its own rights, the role's, and the policies of the stack that it has.
pub(super) fn allowed(own: &Rights, entries: &Entries) -> Vec<Grant> {
    let roles: &[Entry<role::section::Config>] = entries.of();
    let of_role = own.role.and_then(Target::key).and_then(|key| roles.iter().find(|role| role.name == key));
    let of_role = of_role.map(|role| Rights {
        access: &role.access,
        policy: &role.policy,
        managed_policies: &role.managed_policies,
        role: None,
    });
    let mut grants = Vec::new();
    for Rights { access, policy: statements, managed_policies, role: _ } in
        [Some(own), of_role.as_ref()].into_iter().flatten()
    {
        grants.extend(access.values().cloned());
        grants.extend(statements.iter().flat_map(of_statement));
        let policies: &[Entry<policy::section::Config>] = entries.of();
        for key in managed_policies.iter().filter_map(ManagedPolicy::key) {
            let policy = policies.iter().find(|policy| policy.name == key);
            grants.extend(policy.iter().flat_map(|policy| policy.access.values().cloned()));
            grants.extend(policy.iter().flat_map(|policy| policy.policy.iter().flat_map(of_statement)));
        }
    }
    grants
}

/// What a statement allows on entries of the stack. One about everything, or with a condition, is taken for none of them: most such
/// statements are about something else.
fn of_statement(statement: &Statement) -> Vec<Grant> {
    let member = |name: &str| statement.members.get(name);
    let allows = member("Effect").is_some_and(|effect| texts(effect) == ["Allow"]);
    if !allows || member("Condition").is_some() {
        return Vec::new();
    }
    let actions: Vec<String> = member("Action").map(texts).unwrap_or_default();
    let resources = member("Resource").map(Json::templates).unwrap_or_default();
    resources.into_iter().filter_map(|resource| on(resource, &actions)).collect()
}

/// The texts of a member: one, or a list.
fn texts(json: &Json) -> Vec<String> {
    json.templates().into_iter().map(|template| written(&template.parts)).collect()
}

/// A text, with `*` for what is not known yet.
fn written(parts: &[Part]) -> String {
    let text = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        _ => "*".to_owned(),
    };
    parts.iter().map(text).collect()
}

/// Actions on an entry by its ARN, or on the objects of a bucket.
fn on(resource: &Template, actions: &[String]) -> Option<Grant> {
    let (Part::Attribute { kind, key, attribute: "arn" }, rest) = resource.parts.split_first()? else {
        return None;
    };
    let (rest, grant) = (written(rest), Grant::new(kind, key.as_str(), actions.to_vec()));
    match rest.strip_prefix('/') {
        _ if rest == "*" => Some(grant),
        Some(path) if *kind == Bucket::NAME => {
            let within = vec![Within { actions: actions.to_vec(), paths: vec![path.to_owned()] }];
            Some(Grant { within, ..grant })
        }
        None if rest.is_empty() && *kind != Bucket::NAME => Some(grant),
        _ => None,
    }
}
