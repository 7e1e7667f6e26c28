//! What the product sees, in a form in which two clouds can be compared: what AWS makes up is replaced by what it stands for.

use super::flow::THERE;
use crate::cloud::REGION;
use provision::model::{Seen, World};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Each thing that was seen, by where it was seen and what it is, field by field.
pub(super) fn things(about: &str, world: &World, region: &str) -> BTreeMap<String, String> {
    let here = |text: &str| text.replace(region, REGION).replace(THERE, REGION);
    let made_up: Vec<_> = made_up(world).into_iter().map(|(id, name)| (here(&id), name)).collect();
    let clean = |text: &str| {
        let text = here(text);
        made_up.iter().fold(text, |text, (id, name)| text.replace(id, name))
    };
    let mut things = BTreeMap::new();
    for seen in &world.seen {
        let mut refs: Vec<String> =
            seen.refs.iter().map(|thing| format!("{} {}", thing.kind, thing.id)).collect();
        refs.sort();
        let thing = json!({
            "physical": seen.physical, "spec": seen.spec, "live": *seen.live, "refs": refs,
            "owner": format!("{:?}", seen.owner), "status": format!("{:?}", seen.status),
            "protected": seen.protected, "holds": seen.holds,
        });
        let mut fields = BTreeMap::new();
        flatten("", &thing, &mut fields);
        let fields = fields
            .into_iter()
            .map(|(field, value)| (clean(&format!("{about}: sees {} {field}", seen.id)), clean(&value)));
        things.extend(fields);
    }
    for blind in &world.blind {
        things.insert(format!("{about}: is blind for {}", blind.kind), clean(&blind.why));
    }
    things
}

/// The leaves of a tree by their paths.
fn flatten(path: &str, value: &Json, fields: &mut BTreeMap<String, String>) {
    match value {
        Json::Object(members) if !members.is_empty() => {
            let under = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            members.iter().for_each(|(name, value)| flatten(&under(name), value, fields));
        }
        other => drop(fields.insert(path.to_owned(), other.to_string())),
    }
}

/// What AWS made up, and what it stands for. The longest come first, for one may be part of another.
fn made_up(world: &World) -> Vec<(String, String)> {
    let assigned = |seen: &Seen| {
        let ids = ["id", "url", "role_id"]
            .into_iter()
            .filter_map(|name| Some((name, seen.live.get(name)?.as_str()?)));
        let ids = ids.map(|(name, id)| (id.to_owned(), format!("<{name} of {}>", seen.id)));
        ids.collect::<Vec<_>>()
    };
    let mut names: Vec<(String, String)> = world.seen.iter().flat_map(assigned).collect();
    names.sort_by_key(|(id, _)| std::cmp::Reverse(id.len()));
    names
}
