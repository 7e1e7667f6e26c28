//! What the product sees, in a form in which two clouds can be compared: what AWS makes up is replaced by what it stands for.

use super::flow::THERE;
use crate::cloud::REGION;
use provision::model::{LiveState, Observed};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Each resource that was seen, by where it was seen and what it is, field by field.
pub(super) fn resources(about: &str, live_state: &LiveState, region: &str) -> BTreeMap<String, String> {
    let here = |text: &str| text.replace(region, REGION).replace(THERE, REGION);
    let made_up: Vec<_> = made_up(live_state).into_iter().map(|(id, name)| (here(&id), name)).collect();
    let clean = |text: &str| {
        let text = here(text);
        made_up.iter().fold(text, |text, (id, name)| text.replace(id, name))
    };
    let mut resources = BTreeMap::new();
    for observed in &live_state.observed {
        let mut refs: Vec<String> = observed
            .refs
            .iter()
            .map(|resource| clean(&format!("{} {}", resource.kind, resource.id)))
            .collect();
        refs.sort();
        let mut attributes = (*observed.attributes).clone();
        // Only AWS deploys, and each deployment has another id.
        attributes.as_object_mut().map(|attributes| attributes.remove("deployment_id"));
        let resource = json!({
            "physical": observed.physical_id, "spec": observed.spec, "live": attributes, "refs": refs,
            "owner": format!("{:?}", observed.owner), "status": format!("{:?}", observed.status),
            "protected": observed.protected, "holds": observed.contains_data,
            "unmanaged": observed.unmanaged_settings,
        });
        let mut fields = BTreeMap::new();
        flatten("", &resource, &mut fields);
        let fields = fields
            .into_iter()
            .map(|(field, value)| (clean(&format!("{about}: sees {} {field}", observed.id)), clean(&value)));
        resources.extend(fields);
    }
    for unreadable in &live_state.unreadable {
        resources.insert(format!("{about}: is blind for {}", unreadable.kind), clean(&unreadable.why));
    }
    resources
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
fn made_up(live_state: &LiveState) -> Vec<(String, String)> {
    let assigned = |observed: &Observed| {
        let ids = ["id", "url", "role_id", "stream_arn"]
            .into_iter()
            .filter_map(|name| Some((name, observed.attributes.get(name)?.as_str()?)));
        // An ARN with an ending of AWS's own.
        let text = |name: &str| observed.attributes.get(name).and_then(Json::as_str);
        let arn = text("arn").filter(|arn| text("name").is_none_or(|name| !arn.ends_with(name)));
        let ids = ids.chain(arn.map(|arn| ("arn", arn)));
        let ids = ids.map(|(name, id)| (id.to_owned(), format!("<{name} of {}>", observed.id)));
        ids.collect::<Vec<_>>()
    };
    let mut names: Vec<(String, String)> = live_state.observed.iter().flat_map(assigned).collect();
    names.sort_by_key(|(id, _)| std::cmp::Reverse(id.len()));
    names
}
