//! Roles of the stack file as resources: those of its section, and those that are created for functions.

use super::managed::ManagedPolicy;
use super::section::{Config, SESSION};
use super::{MAX_INLINE_POLICIES, POLICY, Role, Spec, trust};
use crate::aws::tags::{self, Tags};
use crate::config::{At, Entry, Grant, Target};
use crate::kind::Kind;
use crate::kinds::{function, state_machine};
use crate::lower::{Lower, Size, Sizes, known_attributes, resource};
use crate::model::{Resource, ResourceId, Text};
use crate::policy::{Policy, Statement};
use serde::Deserialize;
use std::collections::BTreeMap;

/// How many characters a description may have [M: iam, roleDescriptionType].
pub(super) const MAX_DESCRIPTION: usize = 1_000;
/// How many characters a trust policy may have [aws-facts: IAM].
const MAX_TRUST: usize = 2_048;

/// Adds a declared role. It allows what its entry says, and what the functions that have it need.
pub(super) fn declared(role: &Entry<Config>, lower: &mut Lower) {
    let id = lower.id(Role::NAME, &role.name);
    let Config { trust, access, policy, managed_policies, description, max_session_duration } = &**role;
    let mut grants: Vec<_> = access.values().cloned().collect();
    let mut needs = Vec::new();
    for User { key, needs: own_needs, grants: own_grants } in users(role, lower) {
        let of: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
        for (sid, statement) in own_needs {
            // What is the same for all of them stands there once.
            if needs.iter().all(|(_, other)| *other != statement) {
                needs.push((format!("{sid}{of}"), statement));
            }
        }
        for grant in own_grants {
            if !grants.contains(&grant) {
                grants.push(grant);
            }
        }
    }
    let needs = needs.iter().map(|(sid, statement)| (sid.as_str(), statement.clone())).collect();
    let inline = lower.policy(needs, grants, policy);
    let trust = trust::policy(trust, lower);
    let depends_on = trust::named(&trust);
    let spec = Spec {
        trust,
        // IAM refuses a policy without statements.
        policies: inline_policies(inline),
        attached: managed_policies.iter().map(|policy| policy.arn(lower)).collect(),
        boundary: lower.stack.permissions_boundary.clone(),
        description: lower.template(description),
        max_session_duration: max_session_duration.cast_signed(),
        tags: lower.tags(&id),
    };
    let resource = Resource { depends_on, ..with_arn(id, role.at, &spec, lower) };
    lower.resources.push(resource);
}

/// An entry that runs with a declared role: its key, what the role must allow for it, and what it may do with others.
struct User<'a> {
    key: &'a str,
    needs: Vec<(&'static str, Statement<Text>)>,
    grants: Vec<Grant>,
}

fn users<'a>(role: &Entry<Config>, lower: &Lower<'a>) -> Vec<User<'a>> {
    let is_it = |named: &Option<Target>| named.as_ref().and_then(Target::key) == Some(role.name.as_str());
    let functions = lower.stack.functions().iter().filter(|function| is_it(&function.role));
    let functions = functions.map(|function| User {
        key: &function.name,
        needs: function::needs(function, lower),
        grants: function::grants(function),
    });
    let machines = lower.stack.state_machines().iter().filter(|machine| is_it(&machine.role));
    let machines = machines.map(|machine| User {
        key: &machine.name,
        needs: state_machine::section::needs(machine, lower),
        grants: state_machine::grants(machine),
    });
    functions.chain(machines).collect()
}

/// The role that is created for an entry, or for the schedules of the stack: who may assume it, and what it may do.
pub(in crate::kinds) fn generated(
    role: &ResourceId,
    at: At,
    (trust, policy): (Policy<Text>, Policy<Text>),
    managed_policies: &[ManagedPolicy],
    tags: Tags<Text>,
    lower: &Lower,
) -> Resource {
    let spec = Spec {
        trust,
        policies: inline_policies(policy),
        attached: managed_policies.iter().map(|policy| policy.arn(lower)).collect(),
        boundary: lower.stack.permissions_boundary.clone(),
        description: String::new().into(),
        max_session_duration: SESSION,
        tags,
    };
    with_arn(role.clone(), at, &spec, lower)
}

fn inline_policies(policy: Policy<Text>) -> BTreeMap<String, Policy<Text>> {
    (!policy.0.is_empty()).then(|| (POLICY.to_owned(), policy)).into_iter().collect()
}

fn with_arn(id: ResourceId, at: At, spec: &Spec<Text>, lower: &Lower) -> Resource {
    let arn = lower.scope.expand(Role::ARN, &id.name);
    Resource { known_attributes: known_attributes(&id, arn), ..resource::<Role>(id, at, spec) }
}

/// The tag of a function by which it is configured again after its role was recreated.
pub(in crate::kinds) fn mark_on_function(role: &ResourceId) -> (String, Text) {
    (tags::ROLE_ID.to_owned(), Text::reference(role, "role_id"))
}

/// Checks the sizes of a declared role.
pub(super) fn check_sizes_of_declared(role: &Entry<Config>, sizes: &mut Sizes) {
    let id = ResourceId::new(Role::NAME, sizes.identity.named(Role::NAME, &role.name));
    let at = role.policy.first().map_or(role.at, |statement| statement.at);
    check_sizes(&id, at, &format!("the policy of {id}"), "write fewer and wider statements", sizes);
    let desired = sizes.shortest(&id);
    let trust = Size {
        what: format!("the trust policy of {id}"),
        size: Policy::<String>::deserialize(&desired["trust"]).map_or(0, |policy| policy.size()),
        unit: "characters without white space",
        limit: MAX_TRUST,
    };
    sizes.check(role.place("trust"), trust, "trust fewer, or whole accounts with a condition");
    let description = Size::of_description(&id, &desired, MAX_DESCRIPTION);
    sizes.check(role.description.at, description, "shorten it: placeholders count with their values");
}

/// Checks the size of the inline policies of a role.
pub(in crate::kinds) fn check_sizes(id: &ResourceId, at: At, what: &str, help: &str, sizes: &mut Sizes) {
    let policies: BTreeMap<String, Policy> =
        serde_json::from_value(sizes.shortest(id)["policies"].clone()).unwrap_or_default();
    let policies = Size {
        what: what.to_owned(),
        size: policies.values().map(Policy::size).sum(),
        unit: "characters without white space",
        limit: MAX_INLINE_POLICIES,
    };
    sizes.check(at, policies, help);
}
