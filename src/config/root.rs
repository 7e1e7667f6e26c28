//! The top level of `stack.yaml`.

use std::collections::BTreeMap;
use std::path::Path;

use super::checks::checks;
use super::code::CodeFiles;
use super::cycles;
use super::declared::{Entries, Sections, is_too_large};
use super::decode::{Cx, Log, Value, help};
use super::defaults;
use super::diagnostic::Diagnostic;
use super::elsewhere;
use super::environment;
use super::existing;
use super::fields::Fields;
use super::file::folder;
use super::include;
use super::names;
use super::prepare;
use super::reference::{Names, Scope};
use super::section::placeholder::admit_placeholders;
use super::section::shape::{Keys, map, pattern, template, text};
use super::section::{AnyField, Entry, Parts, Section, entries, object, section};
use super::stack::{Check, Environment, Exchange, Stack, Template};
use super::tags::{Tags, tags};
use super::values::is_extension;
use crate::model::Values;
use crate::yaml::{Kind, Node, Span, invisible_hint};
use serde_json::json;

/// What the meaning of a stack file depends on, besides the file.
pub struct Options<'a> {
    /// The environment picked with `--env`.
    pub environment: Option<&'a str>,
    /// The sections of the kinds.
    pub sections: Sections,
    /// Looks up `${process.NAME}`.
    pub process: &'a dyn Fn(&str) -> Option<String>,
    /// What is known of AWS, once there is a connection. Until then, values of the same form stand for it: see
    /// [`Stack::is_for_now`].
    pub known: Option<&'a Known>,
}

/// What a stack file takes from AWS.
#[derive(Debug, Clone)]
pub struct Known {
    /// Where the stack is.
    pub location: Location,
    /// What lives elsewhere, as far as it has been read.
    pub values: Values,
}

/// Where a stack is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// `${partition}`.
    pub partition: String,
    /// `${region}`.
    pub region: String,
    /// `${account}`.
    pub account: String,
}

section! {
    /// What concerns the whole stack. The values of the other fields may refer to it.
    pub(crate) struct Settings {
        /// The stack's name, and the ownership tag of every resource in it. Another name means another stack.
        stack: String = pattern(&names::short_name_pattern(names::MAX_STACK_NAME), name)
            .with("examples", json!(["blog"]))
            .required("NAME"),
        /// The versions of `provision` that can read the file.
        requires: Option<String> = text(64).with("examples", json!([">=0.1"])).optional(),
        /// Fields of every entry of a section that does not say otherwise. Mappings merge.
        defaults: () = defaults::shape().or_empty(),
        /// Parts of the stack in other files of this folder or below: paths, or patterns such as `services/*/part.yaml`. A part
        /// has sections, `variables`, `outputs`, `checks`, and `defaults` for its own entries. Mappings join; anything else
        /// stands in one file only. Paths in a part are relative to it.
        include: () = include::shape().or_empty(),
        /// The region of the stack. `--region` overrides it. Without both it is the region of the profile; on the local cloud
        /// it is `us-east-1`.
        region: Option<String> = environment::region().optional(),
        /// The only account that the stack may use. With credentials of another account, every command stops before it does
        /// anything. The local cloud ignores it.
        account: Option<String> = environment::account().optional(),
        /// Values for `${var.NAME}`: texts, numbers, flags, lists or mappings.
        variables: BTreeMap<String, ()> = environment::variables().or_empty(),
        /// The environments, with their differences. If the key exists, an environment that it does not list is an error.
        environments: Vec<Entry<environment::Config>> = entries().or_empty(),
        /// Tags of every resource that can have tags. Only the declared keys are compared.
        tags: Tags = tags().or_empty(),
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
        /// Values that `up` shows at its end, and `provision outputs NAME` prints. `${…}` works.
        outputs: BTreeMap<String, Template> = map(output_names(), template()).or_empty(),
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
    // A part has no `stack`, and its editor reads the same schema; the decoder asks for it.
    schema["x-required"] = schema["required"].take();
    schema.as_object_mut().into_iter().for_each(|members| drop(members.remove("required")));
    schema["patternProperties"] = json!({ "^x-": {} });
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "A stack of provision".into();
    schema["description"] =
        "One stack.yaml is a serverless backend: `provision up` creates or updates it in AWS, \
        `provision down` deletes it."
            .into();
    schema["$defs"] = json!(parts.defined);
    admit_placeholders(&mut schema);
    format!("{schema:#}\n")
}

/// Decodes a stack file with its parts.
pub(super) fn stack(
    log: &Log,
    first: &Node,
    parts: &[Node],
    file: &Path,
    options: &Options,
) -> Option<Stack> {
    let sections = options.sections;
    let written = prepare::as_written(log, first, parts, sections);
    if !prepare::is_new_enough(log, &written) {
        return None;
    }
    let folder = folder(file);
    let files = CodeFiles::new(folder);
    let names = prepare::names(log, &written, options);
    let (whole, absent) = prepare::whole(log, first, parts, &names, options);
    let is_form_unread = elsewhere::check(log, &whole, sections);
    let (own, existing) = existing::take(log, &whole, sections);
    let names = Names {
        keys: prepare::keys(&whole, sections),
        existing: existing::keys(&existing, sections),
        several: existing::keys_of_several(&existing, sections),
        absent,
        ..names
    };
    let cx = Cx::new(log, Scope { names: &names, captures: None }, &files);
    let mut fields = fields(&cx, &own)?;
    let decoded = Settings::decode(&mut fields);
    if let Some(picked) = options.environment {
        environment::check_picked(&cx, picked, fields.value("environments"));
    }
    let entries: Vec<_> = sections.iter().map(|section| section.take(&mut fields)).collect();
    let entries = entries.into_iter().collect::<Option<Vec<_>>>();
    let entries = entries.map(|own| Entries::new(own, existing.clone()));
    let rest = Rest::take(&mut fields);
    check_together(&cx, &fields, sections, entries.as_ref());
    if let Some(entries) = &entries {
        let of_stack = decoded.tags.clone().unwrap_or_default();
        let of_tags = sections.iter().flat_map(|section| section.check_tags(&of_stack, entries));
        of_tags.for_each(|error| cx.add(error));
        existing::check_names(&cx, &existing, entries);
        elsewhere::check_own(&cx, log, sections, entries);
    }
    if let (Some(entries), Some(rest)) = (&entries, &rest) {
        rest.checks
            .iter()
            .filter_map(|check| check_act(check, sections, entries))
            .for_each(|error| cx.add(error));
    }
    fields.finish();
    let Settings { stack, region, account, tags, permissions_boundary, environments, .. } =
        Settings::whole(decoded)?;
    let picked = environments.iter().find(|one| Some(one.name.as_str()) == names.environment_key);
    let Rest { outputs, checks } = rest?;
    let entries = entries?;
    let existing = existing.into_iter().chain(existing::of_sources(&entries, sections)).collect();
    let [elsewhere, fallbacks] = log.elsewhere();
    Some(Stack {
        file: file.to_owned(),
        files: log.source().paths(),
        folder: folder.to_owned(),
        name: stack,
        environment: options.environment.map(|name| Environment {
            name: name.to_owned(),
            prefix: names.prefix.clone().unwrap_or_default(),
            protect: picked.is_some_and(|picked| picked.protect),
        }),
        region: picked.and_then(|picked| picked.region.clone()).or(region),
        account: picked.and_then(|picked| picked.account.clone()).or(account),
        tags,
        permissions_boundary,
        entries,
        sections,
        is_for_now: log.is_for_now(),
        is_address_for_now: log.is_address_for_now(),
        elsewhere,
        fallbacks,
        regional: log.regional(),
        is_form_unread,
        existing,
        outputs,
        checks,
    })
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
    Some(Fields::new(cx, begin, "the file".to_owned(), entries).ignoring(is_extension))
}

/// Checks what concerns several sections.
fn check_together(cx: &Cx, fields: &Fields, sections: Sections, entries: Option<&Entries>) {
    for section in sections.iter() {
        if let Some(value) = fields.value(section.key()).filter(|value| !is_too_large(value.node)) {
            section.check_section(value, fields);
        }
    }
    if let Some(entries) = entries {
        sections.iter().flat_map(|section| section.check(entries)).for_each(|error| cx.add(error));
        cycles::check(cx, sections, entries);
        cycles::check_attributes(cx, sections, entries);
    }
}

/// What is wrong with an act of a check on an entry.
fn check_act(check: &Check, sections: Sections, entries: &Entries) -> Option<Diagnostic> {
    match &check.exchange {
        Exchange::Act(act) => sections.of_kind(act.kind)?.check_act(act, entries),
        Exchange::Request(_) => None,
    }
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

/// The names of outputs. Those that every stack has contain a dot.
fn output_names() -> Keys {
    Keys::pattern("^[A-Za-z0-9_-]+$", |output| {
        let name = output.key.text.as_str();
        if names::is_made_of(name, "_-") {
            return Some(());
        }
        output.fail_key(format!("invalid output name `{name}`"), help("use letters, digits, `_` and `-`"))
    })
}
