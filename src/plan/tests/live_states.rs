//! Live states made from graphs, as the kinds' `observe` would return them.

use crate::kinds::kind;
use crate::model::{
    AttributeMap, Graph, LiveState, Observed, Owner, PhysicalId, Reference, Resource, resolve, unresolved,
};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The live state right after the first `up` of a graph.
pub(crate) fn world_of(graph: &Graph) -> LiveState {
    let (mut maker, mut attributes) = (Maker::from(0), AttributeMap::new());
    let mut live_state = LiveState::default();
    for resource in graph.in_order() {
        let known_attributes = |reference: &Reference| {
            Some(graph.get(&reference.id)?.known_attributes.get(reference.attribute)?.as_str())
        };
        let desired = resource.desired.resolve(&|reference| attribute(&attributes, reference));
        let desired = resolve(&desired, &known_attributes);
        let observed = maker.made(resource, desired, &attributes);
        attributes.insert(observed.id.clone(), observed.attributes.clone());
        live_state.observed.push(observed);
    }
    live_state
}

/// An attribute that AWS has assigned to a resource.
pub(super) fn attribute<'a>(attributes: &'a AttributeMap, reference: &Reference) -> Option<&'a str> {
    attributes.get(&reference.id)?.get(reference.attribute)?.as_str()
}

/// Assigns ids like AWS: `a1`, `i2`, …
pub(super) struct Maker(usize);

impl Maker {
    /// Ids from a number on.
    pub(super) fn from(serial: usize) -> Self {
        Maker(serial)
    }

    /// The observed resource after it was created.
    pub(super) fn made(&mut self, resource: &Resource, desired: Json, attributes: &AttributeMap) -> Observed {
        let spec = kind(resource.id.kind).normalise(&desired).unwrap();
        assert_eq!(unresolved(&spec), None);
        let parent = resource.id.parent().map(|parent| {
            let attributes = &attributes[parent];
            PhysicalId::new(
                parent.kind,
                attributes.get("id").unwrap_or(&attributes["name"]).as_str().unwrap(),
            )
        });
        self.0 += 1;
        observed(resource, spec, parent, self.0)
    }
}

fn observed(resource: &Resource, spec: Json, parent: Option<PhysicalId>, serial: usize) -> Observed {
    let id = resource.id.clone();
    let assigned = format!("{}{serial}", &id.kind[..1]);
    let (physical_id, attributes) = match id.kind {
        "api" => (assigned.clone(), json!({ "id": assigned, "url": format!("https://{assigned}.example") })),
        "integration" | "route" => (assigned.clone(), json!({ "id": assigned })),
        "permission" => (spec["sid"].as_str().unwrap().to_owned(), json!({})),
        "stage" => (id.name.clone(), json!({ "name": id.name })),
        "role" => (id.name.clone(), attributes_of(resource, &[("role_id", &format!("AROA{serial}"))])),
        _ => (id.name.clone(), attributes_of(resource, &[])),
    };
    let mut observed = Observed::new(id, physical_id, Owner::Ours, spec, attributes);
    observed.parent = parent.map(Arc::new);
    observed.created = Some(i64::try_from(serial).unwrap());
    look_again(&mut observed);
    observed
}

/// Fills in what `observe` derives from the spec.
pub(super) fn look_again(observed: &mut Observed) {
    let text = |field: &str| observed.spec[field].as_str().unwrap_or_default();
    let last = |field: &str, sign: char| text(field).rsplit(sign).next().unwrap_or_default().to_owned();
    observed.refs = match observed.id.kind {
        "function" => {
            vec![PhysicalId::new("role", last("role", '/')), PhysicalId::new("log_group", text("log_group"))]
        }
        "integration" => vec![PhysicalId::new("function", last("uri", ':'))],
        "route" => {
            observed.parent().map(|api| api.child("integration", last("target", '/'))).into_iter().collect()
        }
        "permission" => vec![PhysicalId::new("function", text("function"))],
        "subscription" => {
            ["endpoint", "dead_letter"].map(|field| PhysicalId::new("queue", last(field, ':'))).into()
        }
        _ => Vec::new(),
    };
    observed.protected = observed.id.kind == "table" && observed.spec["protect"] == json!(true);
}

/// The attributes that follow from a resource's names, and those that AWS has assigned.
fn attributes_of(resource: &Resource, assigned: &[(&str, &str)]) -> Json {
    let known_attributes = resource.known_attributes.iter().map(|(name, value)| (*name, value.as_str()));
    known_attributes.chain(assigned.iter().copied()).collect()
}

/// The only resource with this id, for example `function save`.
pub(crate) fn the<'a>(live_state: &'a mut LiveState, id: &str) -> &'a mut Observed {
    let found = live_state.observed.iter_mut().find(|observed| observed.id.to_string() == id);
    found.unwrap_or_else(|| panic!("the live state has no {id}"))
}

/// Removes a resource from the live state, with its children.
pub(crate) fn lose(live_state: &mut LiveState, id: &str) {
    let resource = the(live_state, id).key();
    remove(live_state, &resource);
}

/// Removes a resource from the live state, with its children.
pub(super) fn remove(live_state: &mut LiveState, resource: &PhysicalId) {
    live_state.observed.retain(|observed| observed.key() != *resource && observed.parent() != Some(resource));
}

/// Adds a second resource of an id, younger and with a physical id of its own.
pub(crate) fn double(live_state: &mut LiveState, id: &str, physical_id: &str) -> PhysicalId {
    let mut twin = the(live_state, id).clone();
    twin.physical_id = physical_id.to_owned();
    Arc::make_mut(&mut twin.attributes)["id"] = physical_id.into();
    twin.created = Some(1_000);
    let resource = twin.key();
    live_state.observed.push(twin);
    resource
}
