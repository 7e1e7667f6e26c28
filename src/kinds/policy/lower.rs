//! Policies of the stack file as resources.

use super::section::Config;
use super::{MAX_DOCUMENT, Policy, Spec};
use crate::config::{At, Diagnostic, Entry};
use crate::kind::Kind;
use crate::kinds::role::Role;
use crate::lower::{Lower, Size, Sizes, known_attributes, resource};
use crate::model::{Existing, Resource, ResourceId};
use crate::policy::Policy as Document;
use serde::Deserialize;

/// How many tags a policy may have, those by which it shows where it is attached included [M: iam, tagListType].
const MAX_TAGS: usize = 50;

/// Adds a policy.
pub(super) fn policy(policy: &Entry<Config>, lower: &mut Lower) {
    let id = lower.id(Policy::NAME, &policy.name);
    let Config { access, policy: statements, attach_to, description } = &**policy;
    let spec = Spec {
        document: lower.policy(Vec::new(), access.values().cloned().collect(), statements),
        description: description.clone().unwrap_or_default(),
        attach_to: attach_to.clone(),
        tags: lower.tags(&id),
    };
    let arn = lower.scope.expand(Policy::ARN, &id.name);
    let known_attributes = known_attributes(&id, arn);
    lower.resources.push(Resource { known_attributes, ..resource::<Policy>(id, policy.at, &spec) });
}

/// The roles of others that it is attached to.
pub(super) fn roles_of_others(policy: &Entry<Config>, lower: &Lower) -> Vec<Existing> {
    let role = |name: &String| {
        let id = ResourceId::new(Role::NAME, name);
        // The ARN does not follow from the name: it has a path.
        let known_attributes = [("name", name.clone())].into_iter().collect();
        Existing { id, at: policy.place("attach_to"), known_attributes, is_here: true }
    };
    // A role of this stack is reported elsewhere.
    let is_own = |role: &Existing| lower.resources.iter().any(|own| own.id == role.id);
    policy.attach_to.iter().map(role).filter(|role| !is_own(role)).collect()
}

/// Checks the sizes of a policy, and that the roles it is attached to are none of the stack.
pub(super) fn check_sizes(policy: &Entry<Config>, sizes: &mut Sizes) {
    let id = ResourceId::new(Policy::NAME, sizes.identity.named(Policy::NAME, &policy.name));
    let desired = sizes.shortest(&id);
    let document = Size {
        what: id.to_string(),
        size: Document::<String>::deserialize(&desired["document"]).map_or(0, |document| document.size()),
        unit: "characters without white space",
        limit: MAX_DOCUMENT,
    };
    sizes.check(policy.at, document, "write fewer and wider statements, or split it into two policies");
    let tags = Size {
        what: id.to_string(),
        size: desired["tags"].as_object().map_or(0, serde_json::Map::len) + policy.attach_to.len(),
        unit: "tags with one for each role of `attach_to`",
        limit: MAX_TAGS,
    };
    sizes.check(policy.place("attach_to"), tags, "remove some, or split it into two policies");
    for role in &policy.attach_to {
        let own =
            sizes.graph.resources.iter().find(|resource| {
                resource.id.kind == Role::NAME && resource.id.name.eq_ignore_ascii_case(role)
            });
        if own.is_some() {
            let error = of_this_stack(policy.place("attach_to"), role, &policy.name);
            sizes.too_large.push(error);
        }
    }
}

/// A role of the stack says itself which policies it has: both would change the same attachment.
fn of_this_stack(at: At, role: &str, policy: &str) -> Diagnostic {
    Diagnostic {
        at,
        length: 0,
        message: format!("`{role}` is a role of this stack, and `attach_to` is for roles of others"),
        help: Some(format!(
            "write `managed_policies: [{policy}]` in that role, or in the function whose role it is"
        )),
    }
}
