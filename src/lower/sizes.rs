//! Limits of AWS that no single value of the stack file shows, measured as AWS measures them: on what will be sent.

use crate::config::{At, Diagnostic, Stack};
use crate::model::{Graph, Identity, ResourceId};
use crate::policy::Policy;
use serde::Deserialize;
use serde_json::Value as Json;

/// The sizes of a stack, and what in it is too large.
pub struct Sizes<'a> {
    /// The stack.
    pub(crate) stack: &'a Stack,
    /// The stack's identity, which prefixes names.
    pub(crate) identity: &'a Identity,
    /// What will be sent.
    pub(crate) graph: Graph,
    /// What is too large.
    pub(crate) too_large: Vec<Diagnostic>,
}

/// The bytes that the policy of a stream, of a table or of a secret can have.
const MAX_RESOURCE_POLICY: usize = 20_480;

/// A size, what it is the size of, and how much of it AWS allows.
#[derive(Debug)]
pub struct Size {
    pub(crate) what: String,
    pub(crate) size: usize,
    pub(crate) unit: &'static str,
    pub(crate) limit: usize,
}

impl Size {
    /// The size of the description of a resource.
    pub(crate) fn of_description(id: &ResourceId, desired: &Json, limit: usize) -> Self {
        Size {
            what: format!("the description of {id}"),
            size: desired["description"].as_str().map_or(0, |text| text.chars().count()),
            unit: "characters",
            limit,
        }
    }
}

impl Sizes<'_> {
    /// Reports what is too large, with what to do.
    pub(crate) fn check(&mut self, at: At, size: Size, help: &str) {
        let Size { what, size, unit, limit } = size;
        if size > limit {
            let message = format!("{what} has {size} {unit}; AWS allows {limit}");
            self.too_large.push(Diagnostic { at, length: 0, message, help: Some(help.to_owned()) });
        }
    }

    /// Checks the policy of a resource, in which blanks count [M: PutResourcePolicy].
    pub(crate) fn check_resource_policy(&mut self, id: &ResourceId, at: At) {
        let policy = Policy::<String>::deserialize(&self.shortest(id)["resource_policy"]);
        let policy = Size {
            what: format!("the policy of {id}"),
            size: policy.map_or(0, |policy| policy.document().len()),
            unit: "bytes",
            limit: MAX_RESOURCE_POLICY,
        };
        self.check(at, policy, "write fewer and wider statements");
    }

    /// The desired state of a resource in which everything that AWS has yet to assign is empty.
    pub(crate) fn shortest(&self, id: &ResourceId) -> Json {
        let Some(resource) = self.graph.get(id) else { return Json::Null };
        resource.desired.resolve(&|reference| Some(self.graph.known(reference).unwrap_or_default()))
    }
}
