//! Worlds made from graphs, as the kinds' `observe` would answer them.

use crate::kind::kind;
use crate::model::{Graph, Lives, Owner, Physical, Reference, Resource, Seen, Value, World};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The world in which a graph has just come up.
pub(crate) fn world_of(graph: &Graph) -> World {
    let (mut maker, mut lives) = (Maker::from(0), Lives::new());
    let mut world = World::default();
    for resource in graph.in_order().unwrap() {
        let predicted = |reference: &Reference| {
            Some(graph.get(&reference.id)?.predicted.get(reference.attribute)?.as_str())
        };
        let desired = resource.desired.resolve(&|reference| live(&lives, reference)).resolve(&predicted);
        let seen = maker.made(resource, desired, &lives);
        lives.insert(seen.id.clone(), seen.live.clone());
        world.seen.push(seen);
    }
    world
}

/// What AWS has assigned to a resource, where it has.
pub(super) fn live<'a>(lives: &'a Lives, reference: &Reference) -> Option<&'a str> {
    lives.get(&reference.id)?.get(reference.attribute)?.as_str()
}

/// Gives out the ids that AWS would assign: `a1`, `i2`, …
pub(super) struct Maker(usize);

impl Maker {
    /// Ids from a number on.
    pub(super) fn from(serial: usize) -> Self {
        Maker(serial)
    }

    /// What AWS shows of a resource after it was made like this.
    pub(super) fn made(&mut self, resource: &Resource, desired: Value, lives: &Lives) -> Seen {
        let spec = kind(resource.id.kind).normal(&desired.known().unwrap()).unwrap();
        let parent = resource.parent.as_ref().map(|parent| {
            let live = &lives[parent];
            Physical::new(parent.kind, live.get("id").unwrap_or(&live["name"]).as_str().unwrap())
        });
        self.0 += 1;
        thing(resource, spec, parent, self.0)
    }
}

fn thing(resource: &Resource, spec: Json, parent: Option<Physical>, serial: usize) -> Seen {
    let id = resource.id.clone();
    let assigned = format!("{}{serial}", &id.kind[..1]);
    let (physical, live) = match id.kind {
        "api" => (assigned.clone(), json!({ "id": assigned, "url": format!("https://{assigned}.example") })),
        "integration" | "route" => (assigned.clone(), json!({ "id": assigned })),
        "permission" => (spec["sid"].as_str().unwrap().to_owned(), json!({})),
        "stage" => (id.name.clone(), json!({ "name": id.name })),
        "role" => (id.name.clone(), live_of(resource, &[("role_id", &format!("AROA{serial}"))])),
        _ => (id.name.clone(), live_of(resource, &[])),
    };
    let mut seen = Seen::new(id, physical, Owner::Ours, spec, live);
    seen.parent = parent;
    seen.created = Some(i64::try_from(serial).unwrap());
    look_again(&mut seen);
    seen
}

/// Fills in what `observe` derives from the spec.
pub(super) fn look_again(seen: &mut Seen) {
    let text = |field: &str| seen.spec[field].as_str().unwrap_or_default();
    let last = |field: &str, sign: char| text(field).rsplit(sign).next().unwrap_or_default().to_owned();
    seen.refs = match seen.id.kind {
        "function" => {
            vec![Physical::new("role", last("role", '/')), Physical::new("log_group", text("log_group"))]
        }
        "integration" => vec![Physical::new("function", last("uri", ':'))],
        "route" => vec![Physical::new("integration", last("target", '/'))],
        "permission" => vec![Physical::new("function", text("function"))],
        _ => Vec::new(),
    };
    seen.protected = seen.id.kind == "table" && seen.spec["protect"] == json!(true);
}

/// What follows from a resource's names, and what AWS has assigned besides.
fn live_of(resource: &Resource, assigned: &[(&str, &str)]) -> Json {
    let predicted = resource.predicted.iter().map(|(name, value)| (*name, value.as_str()));
    predicted.chain(assigned.iter().copied()).collect()
}

/// The only thing whose id reads like this, for example `function save`.
pub(crate) fn the<'a>(world: &'a mut World, id: &str) -> &'a mut Seen {
    let found = world.seen.iter_mut().find(|seen| seen.id.to_string() == id);
    found.unwrap_or_else(|| panic!("the world has no {id}"))
}

/// Takes a thing out of the world, with all that lives in it.
pub(crate) fn lose(world: &mut World, id: &str) {
    let thing = the(world, id).thing();
    remove(world, &thing);
}

/// Takes a thing out of the world, with all that lives in it.
pub(super) fn remove(world: &mut World, thing: &Physical) {
    world.seen.retain(|seen| seen.thing() != *thing && seen.parent.as_ref() != Some(thing));
}

/// Puts a second thing of an id into the world, younger and with an identifier of its own.
pub(crate) fn double(world: &mut World, id: &str, physical: &str) -> Physical {
    let mut twin = the(world, id).clone();
    twin.physical = physical.to_owned();
    Arc::make_mut(&mut twin.live)["id"] = physical.into();
    twin.created = Some(1_000);
    let thing = twin.thing();
    world.seen.push(twin);
    thing
}
