//! The top level of `stack.yaml`.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::api::api;
use super::checks::checks;
use super::code::CodeFiles;
use super::cycles;
use super::decode::{Cx, Value, help};
use super::environment;
use super::fields::Fields;
use super::file::folder;
use super::function::{check_roles, function};
use super::names;
use super::reference::{Names, Scope};
use super::stack::{Api, Check, Environment, Function, Stack, Table};
use super::table::table;
use crate::yaml::{Kind, Node, Span, invisible_hint};

/// AWS allows 50 tags; `provision` adds three.
const MAX_TAGS: usize = 47;

/// More than any stack has: the default quota of an account is a thousand roles, and each function has one.
const MAX_OF_A_KIND: usize = 1000;

/// What the meaning of a stack file depends on, besides the file.
pub struct Options<'a> {
    /// The environment picked with `--env`.
    pub environment: Option<&'a str>,
    /// Looks up `${process.NAME}`.
    pub process: &'a dyn Fn(&str) -> Option<String>,
}

/// Decodes a whole file.
pub(super) fn stack(cx: &Cx, root: &Node, file: &Path, options: &Options) -> Option<Stack> {
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
    let mut fields = Fields::new(cx, begin, "the file".to_owned(), entries);
    let name = fields.required("stack", "NAME", name);
    let settings = environment::settings(cx, &mut fields, options.environment);
    let tags_value = fields.take("tags");
    let tags = tags_value.and_then(tags);
    let permissions_boundary =
        fields.optional("permissions_boundary", |value| names::iam_arn(value, "policy"));
    let sections = Sections::of(&mut fields);
    fields.finish();
    if let (Some(tags), Some(functions)) = (tags_value, sections.functions) {
        check_tags_of_roles(tags, functions);
    }

    let names = Names {
        variables: settings.variables,
        elsewhere: settings.elsewhere,
        environment: options.environment,
        process: options.process,
        tables: keys(sections.tables),
        functions: keys(sections.functions),
        api: sections.api.is_some(),
    };
    let folder = folder(file);
    let files = CodeFiles::new(folder);
    let contents = sections.decode(cx, &names, &files, name.unwrap_or_default());
    let protect = settings.protect;
    Some(Stack {
        file: file.to_owned(),
        folder: folder.to_owned(),
        name: name?.to_owned(),
        environment: options.environment.map(|name| Environment { name: name.to_owned(), protect }),
        region: settings.region,
        account: settings.account,
        tags: tags.unwrap_or_default(),
        permissions_boundary,
        tables: contents.tables,
        functions: contents.functions,
        api: contents.api,
        checks: contents.checks,
    })
}

/// The sections with the contents of the stack. They refer to each other, so all are found before one is decoded.
struct Sections<'a> {
    tables: Option<Value<'a>>,
    functions: Option<Value<'a>>,
    api: Option<Value<'a>>,
    checks: Option<Value<'a>>,
}

/// The contents of the sections.
struct Contents {
    tables: Vec<Table>,
    functions: Vec<Function>,
    api: Option<Api>,
    checks: Vec<Check>,
}

impl<'a> Sections<'a> {
    fn of(fields: &mut Fields<'a>) -> Self {
        Self {
            tables: fields.optional("tables", not_too_many),
            functions: fields.optional("functions", not_too_many),
            api: fields.take("api"),
            checks: fields.take("checks"),
        }
    }

    fn decode(self, cx: &Cx, names: &Names, files: &CodeFiles, stack: &str) -> Contents {
        let scope = Scope { names, captures: None };
        let tables = self.tables.and_then(|value| value.map(|entry| table(entry, names)));
        let functions = self.functions.and_then(|value| value.map(|entry| function(entry, scope, files)));
        if let Some(value) = self.functions {
            check_roles(cx, value.node.entries());
        }
        let functions = functions.unwrap_or_default();
        let api = self.api.and_then(|value| api(value, stack, scope));
        cycles::check(cx, api.as_ref(), &functions);
        let checks = self.checks.and_then(|value| checks(value, names));
        Contents { tables: tables.unwrap_or_default(), functions, api, checks: checks.unwrap_or_default() }
    }
}

/// A section, unless it has too many entries to decode.
fn not_too_many(value: Value<'_>) -> Option<Value<'_>> {
    let (count, section) = (value.node.entries().len(), &value.key.text);
    if count > MAX_OF_A_KIND {
        let message = format!("a stack can have at most {MAX_OF_A_KIND} {section}, not {count}");
        return value.fail_key(message, help("split it into several stacks"));
    }
    Some(value)
}

/// The stack's name, which is the value of a tag on every resource that it owns.
fn name<'a>(value: Value<'a>) -> Option<&'a str> {
    let text = value.text()?;
    if names::is_stack_name(text) {
        return Some(text);
    }
    let help = match names::stack_name_like(text) {
        None => names::short_name_rule(names::MAX_STACK_NAME),
        Some(meant) => format!("{}; for example `{meant}`", names::short_name_rule(names::MAX_STACK_NAME)),
    };
    value.fail(format!("invalid stack name `{text}`"), Some(help))
}

fn keys(value: Option<Value<'_>>) -> Vec<&str> {
    let entries = value.map(|value| value.node.entries()).unwrap_or_default();
    entries.iter().map(|entry| entry.key.text.as_str()).collect()
}

fn tags(value: Value) -> Option<BTreeMap<String, String>> {
    let tags: BTreeMap<String, String> = value.map(tag)?.into_iter().collect();
    if tags.len() > MAX_TAGS {
        let message = format!("there are {} tags; AWS allows 50, and `provision` adds 3", tags.len());
        return value.fail_key(message, None);
    }
    Some(tags)
}

/// Reports tag keys that differ only in case: IAM treats them as duplicates and rejects them. They are allowed where no
/// role is created, since the other services distinguish them.
fn check_tags_of_roles(tags: Value, functions: Value) {
    if functions.node.entries().iter().all(|function| function.value.get("role").is_some()) {
        return;
    }
    let mut first: HashMap<String, &str> = HashMap::new();
    for tag in tags.node.entries() {
        let key = tag.key.text.as_str();
        if let Some(other) = first.insert(key.to_lowercase(), key) {
            let message = format!(
                "the tags `{other}` and `{key}` differ only in case, and IAM treats them as the same key"
            );
            tags.cx.report(tag.key.span, message, help("remove one of the two"));
        }
    }
}

fn tag(value: Value) -> Option<(String, String)> {
    let key = value.key.text.as_str();
    let text = value.text();
    let lower = key.to_lowercase();
    for (prefix, owner) in [("aws:", "AWS"), ("provision:", "`provision`")] {
        if lower.starts_with(prefix) {
            let message = format!("tag keys that begin with `{prefix}` are reserved for {owner}");
            return value.fail_key(message, help("choose another name"));
        }
    }
    let allowed =
        |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c));
    let rule = || help("use letters, digits, spaces and `_ . : / = + - @`");
    if !(1..=128).contains(&key.chars().count()) {
        return value.fail_key("the key of a tag must have 1 to 128 characters", None);
    }
    if !allowed(key) {
        return value.fail_key(format!("invalid tag key `{key}`"), rule());
    }
    let text = text?;
    if text.chars().count() > 256 {
        return value.fail("the value of a tag can have at most 256 characters", None);
    }
    if !allowed(text) {
        return value.fail(format!("invalid tag value `{text}`"), rule());
    }
    Some((key.to_owned(), text.to_owned()))
}
