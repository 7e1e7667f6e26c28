//! The top level of `stack.yaml`.

use std::collections::BTreeMap;
use std::path::Path;

use super::checks::checks;
use super::code::CodeFiles;
use super::cycles;
use super::declared::{AnySection, Entries, Sections, is_too_large};
use super::decode::{Cx, Log, Value, help};
use super::environment;
use super::fields::Fields;
use super::file::folder;
use super::names;
use super::reference::{Names, Scope};
use super::section::shape::{Keys, map, pattern, scalar};
use super::section::{AnyField, Entry, Parts, Section, Shape, entries, object, section};
use super::stack::{Check, Environment, Stack};
use crate::yaml::{Kind, Node, Span, invisible_hint};
use serde_json::json;

/// AWS allows 50 tags; `provision` adds three.
const MAX_TAGS: usize = 47;

/// What the meaning of a stack file depends on, besides the file.
pub struct Options<'a> {
    /// The environment picked with `--env`.
    pub environment: Option<&'a str>,
    /// The sections of the kinds.
    pub sections: Sections,
    /// Looks up `${process.NAME}`.
    pub process: &'a dyn Fn(&str) -> Option<String>,
}

section! {
    /// What concerns the whole stack. The values of the other fields may refer to it.
    pub(crate) struct Settings {
        /// The stack's name, and the ownership tag of every resource in it. Another name means another stack.
        stack: String = pattern(&names::short_name_pattern(names::MAX_STACK_NAME), name)
            .with("examples", json!(["blog"]))
            .required("NAME"),
        /// The region of the stack. `--region` overrides it. Without both it is the region of the profile; on the local cloud
        /// it is `us-east-1`.
        region: Option<String> = environment::region().optional(),
        /// The only account that the stack may use. With credentials of another account, every command stops before it does
        /// anything. The local cloud ignores it.
        account: Option<String> = environment::account().optional(),
        /// Values for `${var.NAME}`.
        variables: BTreeMap<String, String> = environment::variables().or_empty(),
        /// The environments, with their differences. If the key exists, an environment that it does not list is an error.
        environments: Vec<Entry<environment::Config>> = entries().or_empty(),
        /// Tags of every resource that can have tags: tables, roles, log groups, functions, the API and its stage. Only the
        /// declared keys are compared.
        tags: BTreeMap<String, String> = tags().or_empty(),
        /// The permissions boundary of every role that `provision` creates.
        permissions_boundary: Option<String> =
            pattern("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", |value| names::iam_arn(value, "policy"))
                .with("examples", json!(["arn:aws:iam::123456789012:policy/NAME"]))
                .optional(),
    }
}

section! {
    /// What follows the sections of the kinds.
    pub(crate) struct Rest {
        /// Requests to the live API, with the expected responses, sent one after the other by `provision check`,
        /// `up --local` and `up --check`.
        checks: Vec<Check> = checks().or_empty(),
    }
}

/// The JSON Schema of a stack file with these sections, for editors.
pub fn schema(sections: Sections) -> String {
    let mut parts = Parts::new(sections);
    let fields: Vec<&dyn AnyField> = Settings::fields().into_iter().chain(Rest::fields()).collect();
    let mut schema = object(&fields, &mut parts);
    for section in sections.iter() {
        schema["properties"][section.key()] = section.schema(&mut parts);
    }
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "A stack of provision".into();
    schema["description"] =
        "One stack.yaml is a serverless backend: `provision up` creates or updates it in AWS, \
        `provision down` deletes it."
            .into();
    schema["$defs"] = json!(parts.defined);
    format!("{schema:#}\n")
}

/// Decodes a whole file.
pub(super) fn stack(log: &Log, root: &Node, file: &Path, options: &Options) -> Option<Stack> {
    let folder = folder(file);
    let files = CodeFiles::new(folder);
    let none = Names::of(options);
    let cx = Cx::new(log, Scope { names: &none, captures: None }, &files);
    let mut fields = fields(&cx, root)?;
    let decoded = Settings::decode(&mut fields);
    if let Some(picked) = options.environment {
        environment::check_picked(&cx, picked, fields.value("environments"));
    }
    let settings = settings(&decoded, options.environment);
    let names = Names {
        stack: decoded.stack.as_deref().unwrap_or_default(),
        variables: settings.variables,
        elsewhere: settings.elsewhere,
        keys: keys(&fields, options.sections),
        ..none
    };
    let cx = cx.with_scope(Scope { names: &names, captures: None });
    let mut fields = fields.with(&cx);
    let entries: Vec<_> = options.sections.iter().map(|section| section.take(&mut fields)).collect();
    let entries = entries.into_iter().collect::<Option<Vec<_>>>().map(Entries::new);
    let rest = Rest::take(&mut fields);
    check_together(&cx, &fields, options.sections, entries.as_ref());
    fields.finish();
    let (region, account, protect) = (settings.region, settings.account, settings.protect);
    let Settings { stack, tags, permissions_boundary, .. } = Settings::whole(decoded)?;
    let Rest { checks } = rest?;
    Some(Stack {
        file: file.to_owned(),
        folder: folder.to_owned(),
        name: stack,
        environment: options.environment.map(|name| Environment { name: name.to_owned(), protect }),
        region,
        account,
        tags,
        permissions_boundary,
        entries: entries?,
        sections: options.sections,
        checks,
    })
}

/// The settings of the picked environment.
fn settings<'a>(own: &'a <Settings as Section>::Decoded, picked: Option<&str>) -> environment::Settings<'a> {
    let variables = own.variables.iter().flatten();
    let settings = environment::Settings {
        region: own.region.clone().flatten(),
        account: own.account.clone().flatten(),
        variables: variables.map(|(name, value)| (name.as_str(), value.clone())).collect(),
        ..environment::Settings::default()
    };
    settings.overridden(own.environments.as_deref().unwrap_or_default(), picked)
}

/// The fields of the file.
fn fields<'a>(cx: &'a Cx<'a>, root: &'a Node) -> Option<Fields<'a>> {
    let entries = match &root.kind {
        Kind::Null => {
            cx.report_nowhere("the file is empty".to_owned(), help("begin with `stack: NAME`"));
            return None;
        }
        Kind::Map(entries) => entries,
        _ => {
            let hint = root.text().and_then(invisible_hint).or_else(|| help("begin with `stack: NAME`"));
            return cx.fail_at(root.span, "the file must be a mapping", hint);
        }
    };
    let begin = Span { start: root.span.start, end: root.span.start };
    Some(Fields::new(cx, begin, "the file".to_owned(), entries))
}

/// Checks what concerns several sections.
fn check_together(cx: &Cx, fields: &Fields, sections: Sections, entries: Option<&Entries>) {
    for section in sections.iter() {
        if let Some(value) = fields.value(section.key()).filter(|value| !is_too_large(*value)) {
            section.check_section(value, fields);
        }
    }
    if let Some(entries) = entries {
        sections.iter().flat_map(|section| section.check(entries)).for_each(|error| cx.add(error));
        cycles::check(cx, sections, entries);
    }
}

/// The keys of each section that the file has.
fn keys<'a>(fields: &Fields<'a>, sections: Sections) -> BTreeMap<&'static str, Vec<&'a str>> {
    let keys = |section: &'static dyn AnySection| {
        let value = fields.value(section.key())?;
        let entries = value.node.entries().iter().map(|entry| entry.key.text.as_str());
        let keys = match section.is_single() {
            true => vec![""],
            false if is_too_large(value) => Vec::new(),
            false => entries.collect(),
        };
        Some((section.key(), keys))
    };
    sections.iter().filter_map(keys).collect()
}

/// The stack's name, which is the value of a tag on every resource that it owns.
fn name(value: Value) -> Option<String> {
    let text = value.text()?;
    if names::is_stack_name(text) {
        return Some(text.to_owned());
    }
    let help = match names::stack_name_like(text) {
        None => names::short_name_rule(names::MAX_STACK_NAME),
        Some(meant) => format!("{}; for example `{meant}`", names::short_name_rule(names::MAX_STACK_NAME)),
    };
    value.fail(format!("invalid stack name `{text}`"), Some(help))
}

fn tags() -> Shape<BTreeMap<String, String>> {
    let keys =
        json!({ "minLength": 1, "maxLength": 128, "not": { "pattern": "^([aA][wW][sS]|provision):" } });
    map(Keys::new(keys, is_tag), Shape::new(scalar(), tag_value))
        .refine(|value, tags| match tags.len() {
            0..=MAX_TAGS => Some(tags),
            count => {
                let message = format!("there are {count} tags; AWS allows 50, and `provision` adds 3");
                value.fail_key(message, None)
            }
        })
        .with("maxProperties", MAX_TAGS)
}

fn is_tag(tag: Value) -> Option<()> {
    let key = tag.key.text.as_str();
    let lower = key.to_lowercase();
    for (prefix, owner) in [("aws:", "AWS"), ("provision:", "`provision`")] {
        if lower.starts_with(prefix) {
            let message = format!("tag keys that begin with `{prefix}` are reserved for {owner}");
            return tag.fail_key(message, help("choose another name"));
        }
    }
    if !(1..=128).contains(&key.chars().count()) {
        return tag.fail_key("the key of a tag must have 1 to 128 characters", None);
    }
    if !is_made_for_tags(key) {
        return tag.fail_key(format!("invalid tag key `{key}`"), help(TAG_RULE));
    }
    Some(())
}

fn tag_value(tag: Value) -> Option<String> {
    let text = tag.text()?;
    if text.chars().count() > 256 {
        return tag.fail("the value of a tag can have at most 256 characters", None);
    }
    if !is_made_for_tags(text) {
        return tag.fail(format!("invalid tag value `{text}`"), help(TAG_RULE));
    }
    Some(text.to_owned())
}

const TAG_RULE: &str = "use letters, digits, spaces and `_ . : / = + - @`";

fn is_made_for_tags(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c))
}
