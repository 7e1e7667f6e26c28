//! The JSON Schema is generated from the fields, and the file that is kept for editors is equal to it. What the fields say
//! of their values is what their decoders take.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::yaml::{Source, compose};
use serde_json::{Value as Json, json};

use crate::config::code::CodeFiles;
use crate::config::decode::{Cx, Log, Value};
use crate::config::reference::{Names, Scope};
use crate::config::root::{Rest, Settings, schema};
use crate::config::section::{AnyField, Parts, Section};
use crate::config::sources::Sources;
use crate::config::trigger::Trigger;
use crate::config::{Options, checks, environment};
use crate::kinds::{
    alias, api, bucket, bus, event_source, function, function_url, layer, notification, parameter,
    permission, policy, queue, role, rule, schedule, secret, sections, state_machine, stream, subscription,
    subscription_filter, table, topic,
};

#[test]
fn the_kept_schema_is_the_generated_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/stack.schema.json");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, schema(sections())).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap();
    assert!(kept == schema(sections()), "to update it: UPDATE_DOCS=1 cargo test --lib schema");
}

/// All sections, each with its fields.
fn stated() -> Vec<(&'static str, Vec<&'static dyn AnyField>)> {
    vec![
        ("settings", Settings::fields()),
        ("rest", Rest::fields()),
        ("environments", environment::Config::fields()),
        ("tables", table::section::Config::fields()),
        ("key", table::section::Key::fields()),
        ("index", table::section::Index::fields()),
        ("local_index", table::section::LocalIndex::fields()),
        ("capacity", table::section::Capacity::fields()),
        ("maxima", table::section::Maxima::fields()),
        ("queues", queue::section::Config::fields()),
        ("fifo", queue::section::Fifo::fields()),
        ("dead_letter", queue::section::DeadLetters::fields()),
        ("buckets", bucket::section::Config::fields()),
        ("lifecycle_rule", bucket::section::LifecycleRule::fields()),
        ("topics", topic::section::Config::fields()),
        ("fifo of topics", topic::section::Fifo::fields()),
        ("subscriptions", subscription::outside::Outside::fields()),
        ("triggers of topics", subscription::section::Config::fields()),
        ("streams", stream::section::Config::fields()),
        ("buses", bus::section::Config::fields()),
        ("archive", bus::section::Archived::fields()),
        ("parameters", parameter::section::Config::fields()),
        ("secrets", secret::section::Config::fields()),
        ("generate", secret::section::Password::fields()),
        ("layers", layer::section::Config::fields()),
        ("functions", function::section::Config::fields()),
        ("image", function::parts::Image::fields()),
        ("vpc", function::parts::Vpc::fields()),
        ("file_system", function::parts::FileSystem::fields()),
        ("durable", function::parts::Durable::fields()),
        ("logging", function::parts::Logging::fields()),
        ("async", function::parts::Async::fields()),
        ("release", alias::section::Release::fields()),
        ("alias", alias::section::Alias::fields()),
        ("url", function_url::section::Url::fields()),
        ("policies", policy::section::Config::fields()),
        ("roles", role::section::Config::fields()),
        ("triggers of queues", event_source::queue::Config::fields()),
        ("triggers of buckets", notification::section::Config::fields()),
        ("triggers of other services", permission::section::Config::fields()),
        ("triggers of log groups", subscription_filter::section::Config::fields()),
        ("log groups of functions", subscription_filter::section::Logging::fields()),
        ("triggers of tables", <event_source::OfTable as Trigger>::Config::fields()),
        ("triggers of streams", <event_source::OfStream as Trigger>::Config::fields()),
        ("triggers of buses", rule::section::Config::fields()),
        ("input_transformer", rule::section::InputTransformer::fields()),
        ("triggers at times", schedule::section::Config::fields()),
        ("state_machines", state_machine::section::Config::fields()),
        ("machine_logging", state_machine::section::Logging::fields()),
        ("api", api::section::Config::fields()),
        ("target", api::section::Target::fields()),
        ("cors", api::section::Cors::fields()),
        ("checks", checks::Config::fields()),
        ("expect", checks::Expect::fields()),
    ]
}

/// The mappings with fields that a schema describes. A trigger that can start entries of several kinds is one.
fn mappings(schema: &Json) -> BTreeSet<String> {
    match schema {
        Json::Object(members) => {
            let is_one = members.contains_key("additionalProperties") && members.contains_key("properties");
            let own = is_one.then(|| schema.to_string());
            own.into_iter().chain(members.values().flat_map(mappings)).collect()
        }
        Json::Array(items) => items.iter().flat_map(mappings).collect(),
        _ => BTreeSet::new(),
    }
}

#[test]
fn every_section_is_tried() {
    let mut whole: Json = serde_json::from_str(&schema(sections())).unwrap();
    // They are the sections once more.
    whole["properties"]["defaults"].take();
    let acts = sections().iter().flat_map(|section| section.acts()).filter(|act| !act.word.is_empty());
    // The fields of the file are in two sections; three sorts of statements have IAM's own members; and levels of `access` have
    // patterns.
    assert_eq!(mappings(&whole).len(), stated().len() + 2 + 1 + acts.count());
}

/// What a field makes of a value: `None` if it is not valid, else whether it means the same as no value.
fn is_default(field: &dyn AnyField, value: &Json) -> Option<bool> {
    let source = Source::new(&format!("{}: {value}\n", field.row().name));
    let (root, _) = compose(&source).unwrap();
    let sources = Sources::new(Path::new("stack.yaml"), source);
    let log = Log::new(&sources);
    let names = Names::of(
        &root,
        &Options { environment: None, sections: sections(), process: &|_| None, known: None },
    );
    let files = CodeFiles::new(Path::new("."));
    let cx = Cx::new(&log, Scope { names: &names, captures: None }, &files);
    let is_default = field.is_default(Value::new(&cx, &root.entries()[0]));
    let errors = log.into_diagnostics();
    is_default.filter(|_| errors.is_empty())
}

/// A text is measured where it is sent: `${…}` may stand in it.
const MEASURED_LATER: &str = "description";

/// The values that a schema allows at its edges, and those beyond them.
fn edges(schema: &Json) -> (Vec<Json>, Vec<Json>) {
    let (mut valid, mut wrong) = (Vec::new(), Vec::new());
    for (limit, beyond) in [("minimum", -1), ("maximum", 1)] {
        if let Some(limit) = schema[limit].as_i64() {
            valid.push(limit.into());
            wrong.push((limit + beyond).into());
        }
    }
    for (limit, beyond) in [("minLength", -1), ("maxLength", 1)] {
        if let Some(limit) = schema[limit].as_u64() {
            let text = |length: u64| Json::from("a".repeat(usize::try_from(length).unwrap()));
            // A text of one letter may have another rule, such as the name of a file.
            valid.extend((limit > 1).then(|| text(limit)));
            wrong.push(text(limit.saturating_add_signed(beyond)));
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        valid.extend(words.iter().cloned());
        wrong.push("qqqqqqqq".into());
    }
    valid.extend(schema["examples"].as_array().into_iter().flatten().cloned());
    (valid, wrong)
}

#[test]
fn every_field_takes_what_it_says() {
    let mut tried = 0;
    let mut found = Vec::new();
    for (section, field) in
        stated().into_iter().flat_map(|(name, all)| all.into_iter().map(move |one| (name, one)))
    {
        let row = field.row();
        let schema = (row.schema)(&mut Parts::new(sections()));
        let (mut valid, mut wrong) = edges(&schema);
        if row.name == MEASURED_LATER {
            (valid, wrong) = (Vec::new(), Vec::new());
        }
        let place = format!("{section}.{}", row.name);
        found.extend(
            valid
                .iter()
                .filter(|value| is_default(field, value).is_none())
                .map(|value| format!("{place} does not take {value}")),
        );
        found.extend(
            wrong
                .iter()
                .filter(|value| is_default(field, value).is_some())
                .map(|value| format!("{place} takes {value}")),
        );
        // Two texts with `${…}` are never the same: each has a place of its own.
        if let Some(default) = row.default.as_ref().filter(|_| row.name != MEASURED_LATER)
            && is_default(field, default) != Some(true)
        {
            found.push(format!("{place}: {default} is not its default"));
        }
        tried += valid.len() + wrong.len() + usize::from(row.default.is_some());
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(tried >= 70, "{tried}");
}

#[test]
fn immutable_and_sensitive_fields_are_those_of_the_kinds() {
    let flagged =
        |fields: Vec<&'static dyn AnyField>, flag: fn(&dyn AnyField) -> bool| -> Vec<&'static str> {
            fields.into_iter().filter(|field| flag(*field)).map(|field| field.row().name).collect()
        };
    let kind = |name: &str| *crate::kinds::kinds().iter().find(|kind| kind.name() == name).unwrap();
    assert_eq!(
        flagged(table::section::Config::fields(), |field| field.row().immutable),
        kind("table").immutable()
    );
    assert_eq!(
        flagged(function::section::Config::fields(), |field| field.row().immutable),
        kind("function").immutable()
    );
    assert_eq!(
        flagged(function::section::Config::fields(), |field| field.row().sensitive),
        kind("function").sensitive()
    );
    assert_eq!(
        json!(flagged(table::section::Config::fields(), |field| field.row().sensitive)),
        json!(kind("table").sensitive())
    );
}
