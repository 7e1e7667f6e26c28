//! `policy`: additional statements for a function's role, as IAM writes them.

use std::collections::{BTreeMap, BTreeSet};

use super::decode::{Cx, Value, help};
use super::names::is_made_of;
use super::reference::Scope;
use super::stack::{Json, Part, Statement, Template};
use crate::model::TEMPLATE;
use crate::suggest;
use crate::yaml::{Key, Kind, Span};

const MEMBERS: [&str; 7] = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// The value of `policy`.
pub(super) fn policy(value: Value, scope: Scope) -> Option<Vec<Statement>> {
    let mut sids = BTreeSet::new();
    value.list(|item| {
        let statement = statement(item, scope)?;
        if let Some(sid) = sid(&statement)
            && !sids.insert(sid.to_owned())
        {
            return item.fail(format!("duplicate `Sid` `{sid}`"), help("a `Sid` is unique in a policy"));
        }
        Some(statement)
    })
}

fn sid(statement: &Statement) -> Option<&str> {
    match statement.members.get("Sid")? {
        Json::Text(Template { parts, .. }) => match parts.as_slice() {
            [Part::Text(sid)] => Some(sid),
            _ => None,
        },
        _ => None,
    }
}

fn statement(value: Value, scope: Scope) -> Option<Statement> {
    let Kind::Map(entries) = &value.node.kind else {
        let example =
            "write `- { Effect: Allow, Action: s3:GetObject, Resource: \"arn:aws:s3:::bucket/*\" }`";
        return value.cx.fail_at(value.span(), "a statement must be a mapping", help(example));
    };
    let mut members = BTreeMap::new();
    let mut whole = true;
    for entry in entries.iter() {
        match member(Value::new(value.cx, entry), scope) {
            Some(json) => whole &= members.insert(entry.key.text.clone(), json).is_none(),
            None => whole = false,
        }
    }
    let keys: Vec<&Key> = entries.iter().map(|entry| &entry.key).collect();
    let complete = complete(value.cx, value.span(), &keys);
    (whole && complete).then(|| Statement { at: value.at(), members })
}

fn member(value: Value, scope: Scope) -> Option<Json> {
    match value.key.text.as_str() {
        "Sid" => {
            let text = value.text()?;
            if !is_made_of(text, "") {
                return value.fail(format!("invalid `Sid` `{text}`"), help("use only letters and digits"));
            }
            value.json(scope)
        }
        "Effect" => {
            value.one_of(&[("Allow", ()), ("Deny", ())])?;
            value.json(scope)
        }
        "Action" | "NotAction" => {
            each(value, action)?;
            value.json(scope)
        }
        "Resource" | "NotResource" => {
            each(value, |value| resource(value, scope))?;
            value.json(scope)
        }
        "Condition" => condition(value, scope),
        "Principal" | "NotPrincipal" => value.fail_key(
            format!("the policy of a role cannot have `{}`", value.key.text),
            help("remove it: the statement applies to the function's role"),
        ),
        key => {
            let exact = MEMBERS.iter().find(|member| member.eq_ignore_ascii_case(key));
            let meant = exact.map(|member| format!("IAM writes it `{member}`"));
            let help = meant.or_else(|| suggest::did_you_mean_or_list(key, "the keys are", &MEMBERS));
            value.fail_key(format!("unknown key `{key}` in a statement"), help)
        }
    }
}

/// Whether a statement has what IAM requires.
fn complete(cx: &Cx, span: Span, keys: &[&Key]) -> bool {
    let has = |wanted: &str| keys.iter().any(|key| key.text.eq_ignore_ascii_case(wanted));
    let mut complete = true;
    if !has("Effect") {
        cx.report(span, "missing `Effect` in a statement", help("add `Effect: Allow`"));
        complete = false;
    }
    for (one, other, example) in [
        ("Action", "NotAction", "Action: s3:GetObject"),
        ("Resource", "NotResource", "Resource: \"arn:aws:s3:::bucket/*\""),
    ] {
        if has(one) && has(other) {
            let message = format!("a statement can have `{one}` or `{other}`, not both");
            let span = keys.iter().find(|key| key.text == other).map_or(span, |key| key.span);
            cx.report(span, message, help("remove one of the two"));
            complete = false;
        } else if !has(one) && !has(other) {
            cx.report(span, format!("missing `{one}` in a statement"), help(format!("add `{example}`")));
            complete = false;
        }
    }
    complete
}

/// Applies a check to a text, or to each text of a list that is not empty.
fn each(value: Value, check: impl Fn(Value) -> Option<()>) -> Option<()> {
    match &value.node.kind {
        Kind::List(items) if items.is_empty() => {
            value.fail(format!("`{}` cannot be empty", value.key.text), None)
        }
        Kind::List(items) => {
            let fine = value.list(check)?;
            (fine.len() == items.len()).then_some(())
        }
        Kind::Map(_) => value.wrong_type("text or a list", None),
        _ => check(value),
    }
}

/// An action such as `s3:GetObject`, `s3:Get*` or `*`.
fn action(value: Value) -> Option<()> {
    let text = value.scalar()?;
    let well_formed = match text.split_once(':') {
        Some((service, name)) => is_made_of(service, "-") && is_made_of(name, "*?"),
        None => text == "*",
    };
    if well_formed {
        return Some(());
    }
    value.fail(format!("invalid action `{text}`"), help("an action looks like `s3:GetObject` or `s3:Get*`"))
}

/// A resource: an ARN, `*`, or a placeholder for an ARN.
fn resource(value: Value, scope: Scope) -> Option<()> {
    let template = value.template(scope)?;
    let is_resource = match template.parts.first() {
        Some(Part::Text(text)) => text == "*" || text.starts_with("arn:"),
        Some(part) => matches!(part, Part::TableArn(_) | Part::FunctionArn(_)),
        None => false,
    };
    if is_resource {
        return Some(());
    }
    let help = match template.parts.first() {
        Some(Part::TableName(name)) => format!("did you mean `${{tables.{name}.arn}}`?"),
        Some(Part::FunctionName(name)) => format!("did you mean `${{functions.{name}.arn}}`?"),
        _ => "a resource is an ARN such as `arn:aws:s3:::bucket/*`, or `*`".to_owned(),
    };
    value.fail("this value is not a resource", Some(help))
}

/// Operators, each with keys and their values.
fn condition(value: Value, scope: Scope) -> Option<Json> {
    let shape = value.map(|operator| match &operator.node.kind {
        Kind::Map(_) => without_templates(operator),
        _ => operator.wrong_type(
            "a mapping of condition keys",
            help("for example `StringEquals: { aws:RequestedRegion: eu-central-1 }`"),
        ),
    })?;
    (shape.len() == value.node.entries().len()).then_some(())?;
    value.json(scope)
}

/// Refuses the key by which desired specs know a text with references.
fn without_templates(value: Value) -> Option<()> {
    if value.key.text == TEMPLATE {
        let help = help("remove it: IAM has no such operator and no such condition key");
        return value.fail_key(format!("`{TEMPLATE}` is reserved"), help);
    }
    let fine = match &value.node.kind {
        Kind::Map(entries) => value.map(without_templates)?.len() == entries.len(),
        Kind::List(items) => value.list(without_templates)?.len() == items.len(),
        _ => true,
    };
    fine.then_some(())
}
