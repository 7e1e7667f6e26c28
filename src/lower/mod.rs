//! From a stack to the graph of its resources: names, policies, references, defaults. Pure: it calls nothing.

mod api;
mod function;
mod sizes;
mod template;
#[cfg(test)]
mod tests;

pub use sizes::{check_sizes, check_sizes_offline};
pub use template::lookup_part;

use crate::aws::tags::{Tags, ownership_tags};
use crate::config::{self, Stack};
use crate::kind::Kind;
use crate::kinds::table::{self, Table};
use crate::model::{Graph, Identity, KnownAttributes, Resource, ResourceId, Scope, Text, Wanted};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The packages of a stack: a function's key in the stack file to the base64 SHA-256 of its code.
pub type Packages = BTreeMap<String, String>;

/// The identity of a stack.
pub fn identity(stack: &Stack) -> Identity {
    let environment = stack.environment.as_ref().map(|environment| environment.name.clone());
    Identity { stack: stack.name.clone(), environment }
}

/// The resources of a stack in an account and region. A function without a package gets an empty hash, which is enough
/// for the names of all resources.
pub fn lower(stack: &Stack, scope: &Scope, packages: &Packages) -> Graph {
    let lowering = Lowering { stack, scope, packages };
    let tables = stack.tables.iter().map(|table| lowering.table(table));
    let functions = stack.functions.iter().flat_map(|function| lowering.function(function));
    let mut resources: Vec<Resource> = tables.chain(functions).collect();
    if let Some(api) = &stack.api {
        let roots: Vec<ResourceId> = resources.iter().map(|resource| resource.id.clone()).collect();
        resources.extend(lowering.api(api, roots));
    }
    Graph::new(resources)
}

/// The names of a graph's resources by kind, to be looked for in AWS, and their desired state.
pub fn wanted(graph: Graph) -> Wanted {
    let mut wanted = Wanted::new();
    for Resource { id, desired, .. } in graph.resources {
        wanted.entry(id.kind).or_default().insert(id.name, Some(Arc::new(desired)));
    }
    wanted
}

/// The context of the lowering.
struct Lowering<'a> {
    stack: &'a Stack,
    scope: &'a Scope,
    packages: &'a Packages,
}

impl Lowering<'_> {
    /// The id of a resource whose key in the stack file is its name in AWS, before an environment's prefix.
    fn id(&self, kind: &'static str, key: &str) -> ResourceId {
        ResourceId::new(kind, self.scope.identity.prefixed(key))
    }

    /// The tags of a resource: the user's and the ownership tags.
    fn tags(&self, id: &ResourceId) -> Tags<Text> {
        let tags = ownership_tags(&self.scope.identity, id, &self.stack.tags);
        tags.into_iter().map(|(key, value)| (key, value.into())).collect()
    }

    fn table(&self, table: &config::Table) -> Resource {
        let id = self.id(Table::NAME, &table.name);
        let billing = match table.billing {
            config::Billing::OnDemand => table::Billing::OnDemand,
            config::Billing::Provisioned { read, write } => {
                table::Billing::Provisioned { read: read.cast_signed(), write: write.cast_signed() }
            }
        };
        let spec = table::Spec {
            partition_key: key(&table.partition_key),
            sort_key: table.sort_key.as_ref().map(key),
            billing,
            ttl: table.ttl.clone(),
            point_in_time_recovery: table.point_in_time_recovery,
            protect: table.protect,
            tags: self.tags(&id),
        };
        let arn = self.scope.arn("dynamodb", &format!("table/{}", id.name));
        Resource { known_attributes: known_attributes(&id, arn), ..resource::<Table>(id, table.at, &spec) }
    }
}

fn key(key: &config::Key) -> table::Key {
    let r#type = match key.kind {
        config::KeyType::S => "S",
        config::KeyType::N => "N",
        config::KeyType::B => "B",
    };
    table::Key { name: key.name.clone(), r#type: r#type.to_owned() }
}

/// A resource that depends only on what it refers to.
fn resource<K: Kind>(id: ResourceId, at: config::At, spec: &K::Spec<Text>) -> Resource {
    Resource {
        id,
        at,
        // It cannot fail: the keys of every map are texts.
        desired: serde_json::to_value(spec).unwrap_or_default(),
        known_attributes: KnownAttributes::new_vec(),
        depends_on: Vec::new(),
        order_constraint: None,
        note: None,
    }
}

/// The attributes that follow from the name of a resource with an ARN.
fn known_attributes(id: &ResourceId, arn: String) -> KnownAttributes {
    [("arn", arn), ("name", id.name.clone())].into_iter().collect()
}
