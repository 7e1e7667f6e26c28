//! Limits of AWS that no single value of the stack file shows, measured as AWS measures them: on what will be sent.

use super::{identity, lower};
use crate::config::{Api, At, Diagnostic, Diagnostics, Function, Stack};
use crate::kinds::{api, environment, function, role};
use crate::model::{Graph, Reference, ResourceId, Scope, partition_of, resolve};
use crate::policy::Policy;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// What takes the place of an account and of a region that are not known yet. No region has a shorter name.
const SOME_ACCOUNT: &str = "000000000000";
const SHORTEST_REGION: &str = "us-east-1";

/// Checks the sizes before it is known where the stack will be: they are at least these.
///
/// # Errors
/// Everything that is too large.
pub fn check_sizes_offline(stack: &Stack, region: Option<&str>) -> Result<(), Diagnostics> {
    let region = region.or(stack.region.as_deref()).unwrap_or(SHORTEST_REGION);
    let scope = Scope {
        identity: identity(stack),
        partition: partition_of(region).to_owned(),
        account: SOME_ACCOUNT.to_owned(),
        region: region.to_owned(),
        wanted: BTreeMap::new(),
        tag_keys: BTreeSet::new(),
        destroy: false,
    };
    check_sizes(stack, &scope)
}

/// Checks the sizes in an account and region. What AWS has yet to assign counts as empty, so a size may still grow.
///
/// # Errors
/// Everything that is too large.
pub fn check_sizes(stack: &Stack, scope: &Scope) -> Result<(), Diagnostics> {
    let mut sizes = Sizes { graph: lower(stack, scope, &BTreeMap::new()), too_large: Vec::new() };
    for function in &stack.functions {
        sizes.function(function, &ResourceId::new("function", scope.identity.prefixed(&function.name)));
    }
    if let Some(api) = &stack.api {
        sizes.api(api, &ResourceId::new("api", ""));
    }
    let too_large = sizes.too_large;
    if too_large.is_empty() { Ok(()) } else { Err(Diagnostics::of_file(&stack.file, too_large)) }
}

struct Sizes {
    graph: Graph,
    too_large: Vec<Diagnostic>,
}

/// A size, what it is the size of, and how much of it AWS allows.
struct Size {
    what: String,
    size: usize,
    unit: &'static str,
    limit: usize,
}

impl Sizes {
    fn function(&mut self, function: &Function, id: &ResourceId) {
        let desired = self.shortest(id);
        let variables = serde_json::from_value(desired["environment"].clone()).unwrap_or_default();
        let environment = Size {
            what: format!("the environment of {id}"),
            size: environment::size(&variables),
            unit: "bytes as JSON",
            limit: environment::MAX_SIZE,
        };
        let description = description(id, &desired, function::MAX_DESCRIPTION);
        self.check(function.at, environment, "keep large values in a file of the code, or in a table");
        self.check(function.description.at, description, "shorten it: placeholders count with their values");

        let role = self.shortest(&ResourceId::new("role", role::name_for(&id.name)));
        let policies: BTreeMap<String, Policy> =
            serde_json::from_value(role["policies"].clone()).unwrap_or_default();
        let policies = Size {
            what: format!("the policy of {id}"),
            size: policies.values().map(Policy::size).sum(),
            unit: "characters without white space",
            limit: role::MAX_INLINE_POLICIES,
        };
        let at = function.policy.first().map_or(function.at, |statement| statement.at);
        self.check(at, policies, "write fewer and wider statements, or name a role of your own under `role`");
    }

    fn api(&mut self, api: &Api, id: &ResourceId) {
        let description = description(id, &self.shortest(id), api::MAX_DESCRIPTION);
        self.check(api.description.at, description, "shorten it: placeholders count with their values");
    }

    fn check(&mut self, at: At, size: Size, help: &str) {
        let Size { what, size, unit, limit } = size;
        if size > limit {
            let message = format!("{what} has {size} {unit}; AWS allows {limit}");
            self.too_large.push(Diagnostic { at, length: 0, message, help: Some(help.to_owned()) });
        }
    }

    /// The desired state of a resource in which everything that AWS has yet to assign is empty.
    fn shortest(&self, id: &ResourceId) -> Json {
        let Some(resource) = self.graph.get(id) else { return Json::Null };
        let known = |reference: &Reference| {
            let referred = self.graph.get(&reference.id)?;
            referred.known_attributes.get(reference.attribute).map(String::as_str)
        };
        resolve(&resource.desired, &|reference| Some(known(reference).unwrap_or_default()))
    }
}

fn description(id: &ResourceId, desired: &Json, limit: usize) -> Size {
    Size {
        what: format!("the description of {id}"),
        size: desired["description"].as_str().map_or(0, |text| text.chars().count()),
        unit: "characters",
        limit,
    }
}
