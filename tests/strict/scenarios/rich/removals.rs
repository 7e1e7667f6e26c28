//! Removals of every optional field, one of each section at a time.

use super::{RICH, up};
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::run::{Command, empty, later, run};
use crate::scenarios::shipped::whole;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The definitions of the stack file's schema whose fields a resource has, with the places of such values.
const DEFINITIONS: &[(&str, &str)] = &[
    ("topic", "/topics/*"),
    ("parameter", "/parameters/*"),
    ("bucket", "/buckets/*"),
    ("lifecycle_rule", "/buckets/shots/lifecycle/0"),
    ("secret", "/secrets/*"),
    ("table", "/tables/*"),
    ("stream", "/streams/*"),
    ("state_machine", "/state_machines/*"),
    ("machine_logging", "/state_machines/flow/logging"),
    ("index", "/tables/pages/indexes/*"),
    ("maxima", "/tables/drafts/billing"),
    ("local_index", "/tables/pages/local_indexes/*"),
    ("bus", "/buses/*"),
    ("archive", "/buses/events/archive"),
    ("layer", "/layers/*"),
    ("function", "/functions/*"),
    ("vpc", "/functions/save/vpc"),
    ("logging", "/functions/save/logging"),
    ("async", "/functions/save/async"),
    ("durable", "/functions/steps/durable"),
    ("release", "/functions/all/release"),
    ("alias", "/functions/all/release/aliases/*"),
    ("image", "/functions/packed/image"),
    ("url", "/functions/packed/url"),
    ("cors", "/functions/show/url/cors"),
    ("policy", "/policies/*"),
    ("role", "/roles/*"),
    ("api", "/api"),
    ("cors", "/api/cors"),
];

/// Optional fields that are no settings of the resource itself, or whose removal is not their reset: a tag stays, another name
/// is another resource, and so is another type of a parameter, and a secret keeps the value that it has. They have tests of
/// their own.
const OTHERS: &[&str] = &[
    "routes", "role", "only", "except", "existing", "name", "tags", "code", "runtime", "image", "type",
    "value", "generate",
];

/// What is removed together with a field, which it needs.
const WITH: &[(&str, &str, &str)] = &[
    ("billing", "/tables/pages/indexes/by-author", "billing"),
    ("sort_key", "/tables/pages", "local_indexes"),
    ("stream", "/functions/save", "triggers"),
    ("public_access", "/buckets/shots", "resource_policy"),
    ("versioning", "/buckets/shots", "lifecycle"),
    ("vpc", "/functions/save", "file_system"),
    ("trust", "/state_machines/quick", "role"),
    ("release", "/api/routes", "GET /next"),
    ("format", "/functions/save/logging", "level"),
    ("format", "/functions/save/logging", "system_level"),
];

/// Fields that AWS sets with the create alone: another value does not show.
const AT_CREATION: &[(&str, &str)] = &[("policy", "description")];

/// A name and a kind's own field of the same name as one of every entry.
const OWN: &[(&str, &str)] = &[("api", "name"), ("table", "protect")];

/// The stack with every optional field.
fn with_every_field() -> Json {
    // To YAML 1.1, which this reader knows as well, a bare `N` means false.
    let mut stack: Json = serde_yaml::from_str(&RICH.replace("type: N", "type: 'N'")).unwrap();
    stack["functions"]["save"]["handler"] = json!("lambda_function.other");
    stack["functions"]["save"]["exclude"] = json!(["*.md"]);
    stack["api"]["name"] = json!("another");
    stack["api"]["cors"]["credentials"] = json!(true);
    stack["functions"]["show"]["url"]["cors"]["credentials"] = json!(true);
    stack
}

/// The values at a place of a stack, of which `*` is any key.
fn values<'a>(stack: &'a mut Json, place: &str) -> Vec<&'a mut Json> {
    match place.strip_suffix("/*") {
        Some(section) => stack.pointer_mut(section).unwrap().as_object_mut().unwrap().values_mut().collect(),
        None => vec![stack.pointer_mut(place).unwrap()],
    }
}

/// The optional fields of a definition.
fn optional_fields(schema: &Json, definition: &str) -> Vec<String> {
    let whole = &schema["$defs"][definition];
    // An entry that has a short form too.
    let forms = whole["oneOf"].as_array().into_iter().flatten();
    let fields = forms.chain([whole]).find(|form| form["properties"].is_object()).expect("fields");
    let required = fields["required"].as_array().or_else(|| fields["x-required"].as_array());
    let required = required.cloned().unwrap_or_default();
    let is_other = |name: &str| {
        let of_every_entry = OTHERS.contains(&name) || name == "protect";
        let is_kept = AT_CREATION.contains(&(definition, name));
        is_kept || (of_every_entry && !OWN.contains(&(definition, name)))
    };
    let names = fields["properties"].as_object().unwrap().keys();
    names.filter(|name| !required.contains(&json!(name)) && !is_other(name)).cloned().collect()
}

/// Every field to remove, with the place that it is in, by section. Fields of one section could hide each other.
fn removals() -> BTreeMap<&'static str, Vec<(&'static str, String)>> {
    let schema: Json =
        serde_json::from_str(include_str!("../../../../src/config/stack.schema.json")).unwrap();
    let mut removals = BTreeMap::from([("", vec![("", "permissions_boundary".to_owned())])]);
    for (definition, place) in DEFINITIONS {
        let section = place.split('/').nth(1).unwrap_or_default();
        let fields = optional_fields(&schema, definition).into_iter().map(|field| (*place, field));
        removals.entry(section).or_default().extend(fields);
    }
    removals
}

/// Removes a field, and what needs it.
fn remove(stack: &mut Json, place: &str, field: &str) {
    let places = values(stack, place).into_iter().filter_map(Json::as_object_mut);
    let removed = places.filter_map(|one| one.remove(field)).count();
    assert!(removed > 0, "the stack uses no `{field}` of {place}");
    for (_, other, needs) in WITH.iter().filter(|(of, ..)| *of == field) {
        stack.pointer_mut(other).and_then(Json::as_object_mut).map(|one| one.remove(*needs));
    }
}

/// Many calls keep the value of a field that a request leaves out [hazards: G7, G8], so a removed field must be reset.
#[test]
fn every_optional_field_that_is_removed_is_reset() {
    let stack = with_every_field();
    // Once an hour DynamoDB takes a change of an expiry.
    let cloud = later(&up(&empty(), &stack.to_string(), "at first"), Duration::from_secs(2 * 3600));
    let removals = removals();
    for round in 0..removals.values().map(Vec::len).max().unwrap_or_default() {
        let together: Vec<_> = removals.values().filter_map(|fields| fields.get(round)).collect();
        let mut stack = stack.clone();
        for (place, field) in &together {
            remove(&mut stack, place, field);
        }
        let text = stack.to_string();
        let without = later(&up(&cloud, &text, &format!("without {together:?}")), Duration::from_secs(60));
        // That a second `up` writes nothing has been seen, if both are the same.
        let fresh = whole(run(&empty(), Command::Up(&Fixture::of(&text)), None));
        let differ = differences(&dump(&without), &dump(&later(&fresh.cloud, Duration::from_secs(60))));
        assert_eq!(differ, Vec::<String>::new(), "without {together:?}");
    }
}
