//! A stack that uses every setting, and changes of every one of them.

use super::scenario::{Act, Scenario, Then};
use super::shipped::whole;
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::faults::{FaultKind, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::{Command, End, empty, later, run};
use crate::services::apigateway::cannot_invoke;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::time::Duration;

pub(super) const RICH: &str = include_str!("../../stacks/rich.yaml");

/// One change after the other: what is replaced in the stack file, and by what.
const CHANGES: &[(&str, &str)] = &[
    ("billing: { read: 5, write: 5 }", "billing: on-demand"),
    ("billing: on-demand", "billing: { read: 2, write: 1 }"),
    ("    point_in_time_recovery: true\n", ""),
    ("words: { partition_key: word, protect: true }", "words: { partition_key: word, protect: false }"),
    ("team: blue", "team: red, cost: '7'"),
    ("memory: 256", "memory: 512"),
    ("ephemeral_storage: 1024", "ephemeral_storage: 2048"),
    ("    ephemeral_storage: 2048\n", ""),
    ("    tracing: true\n", ""),
    ("reserved_concurrency: 5", "reserved_concurrency: 7"),
    ("    reserved_concurrency: 7\n", ""),
    ("log_retention: 14", "log_retention: 90"),
    ("words: read }", "words: write }"),
    ("PAGES: \"${tables.pages.arn}\", ", ""),
    ("architecture: arm64", "architecture: x86_64"),
    ("description: What functions share", "description: Helpers"),
    ("    license: MIT\n", "    license: Apache-2.0\n"),
    ("    license: Apache-2.0\n", ""),
    ("runtimes: [python3.12, python3.14]", "runtimes: [python3.14, python3.12, python3.13]"),
    ("code: lambdas/update_item", "code: lambdas/delete_item"),
    ("    architectures: [arm64, x86_64]\n", ""),
    ("    keep: 2\n", "    keep: 1\n"),
    ("layers: [helpers, ", "layers: ["),
    ("    layers: [\"arn:aws:lambda:eu-central-1:123456789012:layer:tools:1\"]\n", ""),
    ("runtime: python3.12", "runtime: python3.14"),
    ("PUT /pages: save", "PUT /pages: all"),
    ("    GET /pages/{project}: show\n", ""),
    ("    expose: [X-Own]\n", ""),
    ("    max_age: 3600\n", ""),
    ("methods: [GET, POST]", "methods: [GET]"),
    ("Of ${region}", "Of ${account}"),
    ("permissions_boundary: arn:aws:iam::123456789012:policy/boundary\n", ""),
    ("  notes: { partition_key: note }\n", "  notes: { partition_key: { name: note, type: N } }\n"),
    ("  notes: { partition_key: { name: note, type: N } }\n", ""),
    ("visibility_timeout: 2 minutes", "visibility_timeout: 3 minutes"),
    ("dead_letter: { queue: jobs-failed, after: 5 }", "dead_letter: { queue: jobs-failed }"),
    ("Principal: { AWS: \"111122223333\" }", "Principal: \"*\""),
    ("redrive_from: [jobs], kms_key: aws", "retention: 14 days"),
    ("fifo: { content_deduplication: true, high_throughput: true }", "fifo: true"),
    ("batch: 20, window: 5, ", ""),
    (", filter: { body: { kind: [order] } }", ""),
    (", enabled: false", ""),
    ("      - { queue: mails }\n", ""),
    ("    $default: all\n", ""),
    ("    PUT /pages: all\n", ""),
];

/// Brings a stack up, checks that every route is answered, and that a second `up` writes nothing.
fn up(cloud: &Cloud, text: &str, what: &str) -> Cloud {
    let stack = Fixture::of(text);
    let up = whole(run(cloud, Command::Up(&stack), None));
    let again = whole(run(&up.cloud, Command::Up(&stack), None));
    assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)), "{what}");
    for (id, api) in &up.cloud.apigateway.apis {
        for route in api.routes.values() {
            let key = route["RouteKey"].as_str().unwrap();
            assert_eq!(cannot_invoke(&up.cloud, id, key), None, "{what}: {key}");
        }
    }
    up.cloud
}

#[test]
fn every_setting_can_be_made_and_changed() {
    let (mut text, mut cloud) = (RICH.to_owned(), up(&empty(), RICH, "at first"));
    for (from, to) in CHANGES {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
        // Right after a function was deleted, the last of its logs are still on their way.
        cloud = later(&up(&cloud, &text, &format!("after {from} became {to}")), Duration::from_secs(60));
        let fresh = up(&empty(), &text, "from nothing");
        let differ = differences(&dump(&cloud), &dump(&later(&fresh, Duration::from_secs(60))));
        assert_eq!(differ, Vec::<String>::new(), "after {from} became {to}, against one that is made so");
    }
    let down = whole(run(&cloud, Command::Down(&Fixture::of(&text)), None));
    assert!(dump(&later(&down.cloud, Duration::from_secs(60))).is_empty());
}

#[test]
fn a_protected_table_holds_down_back_until_its_protection_is_taken_off() {
    let cloud = up(&empty(), RICH, "at first");
    let refused = run(&cloud, Command::Down(&Fixture::of(RICH)), None);
    assert!(matches!(&refused.end, End::Failed(why) if why[0].contains("protected")), "{:?}", refused.end);
    assert_eq!(refused.writes(), Vec::<String>::new());
    assert_eq!(dump(&refused.cloud), dump(&cloud));
}

/// The definitions of the stack file's schema whose fields a resource has, with the places of such values.
const DEFINITIONS: &[(&str, &str)] = &[
    ("table", "/tables/*"),
    ("layer", "/layers/*"),
    ("function", "/functions/*"),
    ("api", "/api"),
    ("cors", "/api/cors"),
];

/// Optional fields that are no settings of the resource itself, or whose removal is not their reset: a tag stays, another name
/// is another resource. They have tests of their own.
const OTHERS: &[&str] = &["routes", "role", "only", "except", "existing", "name", "tags"];

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
    let fields = &schema["$defs"][definition];
    let required = fields["required"].as_array().or_else(|| fields["x-required"].as_array());
    let required = required.cloned().unwrap_or_default();
    let is_other = |name: &str| {
        let of_every_entry = OTHERS.contains(&name) || name == "protect";
        of_every_entry && !OWN.contains(&(definition, name))
    };
    let names = fields["properties"].as_object().unwrap().keys();
    names.filter(|name| !required.contains(&json!(name)) && !is_other(name)).cloned().collect()
}

/// Many calls keep the value of a field that a request leaves out [hazards: G7, G8], so a removed field must be reset.
#[test]
fn every_optional_field_that_is_removed_is_reset() {
    let schema: Json = serde_json::from_str(include_str!("../../../src/config/stack.schema.json")).unwrap();
    let stack = with_every_field();
    // Once an hour DynamoDB takes a change of an expiry.
    let cloud = later(&up(&empty(), &stack.to_string(), "at first"), Duration::from_secs(2 * 3600));
    let mut removals = vec![("permissions_boundary".to_owned(), {
        let mut stack = stack.clone();
        stack.as_object_mut().unwrap().remove("permissions_boundary").unwrap();
        stack
    })];
    for (definition, place) in DEFINITIONS {
        for field in optional_fields(&schema, definition) {
            let mut stack = stack.clone();
            let removed =
                values(&mut stack, place).into_iter().filter_map(|one| one.as_object_mut()?.remove(&field));
            assert!(removed.count() > 0, "the stack uses no `{field}` of {place}");
            removals.push((format!("{place}/{field}"), stack));
        }
    }
    for (field, stack) in removals {
        let text = stack.to_string();
        let without = later(&up(&cloud, &text, &field), Duration::from_secs(60));
        let fresh = later(&up(&empty(), &text, &field), Duration::from_secs(60));
        assert_eq!(differences(&dump(&without), &dump(&fresh)), Vec::<String>::new(), "without {field}");
    }
}

/// Every setting is compared by itself, so a resource whose first call succeeded and whose second one failed is finished by
/// the next run [hazards: G16].
#[test]
fn a_created_resource_whose_second_call_failed_is_finished_by_the_next_run() {
    let scenario = Scenario::new("rich", Act::Up, &Fixture::of(RICH));
    let seconds = scenario.calls.iter().filter(|label| is_second_call(&label.name));
    let mut operations = BTreeSet::new();
    for at in seconds {
        operations.insert(at.name.clone());
        let fault = PlannedFault { at: at.clone(), kind: FaultKind::Denied, times: Times::Always };
        match scenario.run_with(&fault, Then { and_down: false, or_back: false }) {
            Ok(End::Failed(_)) => {}
            other => panic!("{fault}: {other:?}"),
        }
    }
    assert!(operations.len() > 4, "{operations:?}");
}

/// True for a call that changes a setting of a resource which another call has created.
fn is_second_call(name: &str) -> bool {
    let (_, operation) = name.split_once(':').unwrap_or_default();
    ["Put", "Update", "Tag", "Add"].iter().any(|verb| operation.starts_with(verb))
}
