//! `policy` and the like: statements as IAM writes them.

use std::collections::{BTreeMap, BTreeSet};

use super::declared::AnySection;
use super::decode::{Cx, Value, help};
use super::names::is_made_of;
use super::section::Shape;
use super::section::shape::{list, part};
use super::stack::{Json, Part, Statement, Template};
use crate::model::TEMPLATE;
use crate::suggest;
use crate::yaml::Node;
use crate::yaml::{Key, Kind, Span};
use serde_json::{Map, Value as Schema, json};

/// A member of a statement: its name, what it means, its schema and its check.
struct Member {
    name: &'static str,
    doc: &'static str,
    schema: fn() -> Schema,
    check: fn(Value) -> Option<()>,
}

const MEMBERS: [Member; 9] = [
    Member {
        name: "Sid",
        doc: "The statement's id, unique in the policy.",
        schema: || json!({ "type": "string", "pattern": "^[A-Za-z0-9]+$" }),
        check: is_sid,
    },
    Member {
        name: "Effect",
        doc: "Allow or deny.",
        schema: || json!({ "enum": ["Allow", "Deny"] }),
        check: |value| value.one_of(&[("Allow", ()), ("Deny", ())]),
    },
    Member {
        name: "Principal",
        doc: "Whom the statement is about.",
        schema: || json!({ "type": ["object", "string"] }),
        check: principal,
    },
    Member {
        name: "NotPrincipal",
        doc: "All principals except these.",
        schema: || json!({ "type": ["object", "string"] }),
        check: principal,
    },
    Member { name: "Action", doc: "The actions.", schema: one_or_more, check: |value| each(value, action) },
    Member {
        name: "NotAction",
        doc: "All actions except these.",
        schema: one_or_more,
        check: |value| each(value, action),
    },
    Member {
        name: "Resource",
        doc: "The resources.",
        schema: one_or_more,
        check: |value| each(value, resource),
    },
    Member {
        name: "NotResource",
        doc: "All resources except these.",
        schema: one_or_more,
        check: |value| each(value, resource),
    },
    Member {
        name: "Condition",
        doc: "When the statement applies, in IAM's own syntax.",
        schema: || json!({ "type": "object" }),
        check: condition,
    },
];

/// The members of which a statement has one of each pair.
type Either = (&'static str, &'static str, &'static str);

const ACTION: Either = ("Action", "NotAction", "Action: s3:GetObject");
const RESOURCE: Either = ("Resource", "NotResource", "Resource: \"arn:aws:s3:::bucket/*\"");
const PRINCIPAL: Either = ("Principal", "NotPrincipal", "Principal: { AWS: \"111122223333\" }");
const ASSUMES: Either = ("Action", "NotAction", "Action: sts:AssumeRole");

/// Whose policy it is: that decides which members a statement must have, and which it can.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// A role's: it says nothing of principals.
    Role,
    /// A resource's: it must say whom it is about. Without `Resource` it is about that resource.
    Resource,
    /// A role's trust: it must say whom it is about, and says nothing of resources.
    Trust,
}

impl Of {
    fn either(self) -> [Either; 2] {
        match self {
            Of::Role => [ACTION, RESOURCE],
            Of::Resource => [PRINCIPAL, ACTION],
            Of::Trust => [PRINCIPAL, ASSUMES],
        }
    }

    fn members(self) -> impl Iterator<Item = &'static Member> + Clone {
        let foreign = match self {
            Of::Role => "Principal",
            Of::Resource => "-",
            Of::Trust => "Resource",
        };
        MEMBERS.iter().filter(move |member| !member.name.ends_with(foreign))
    }
}

/// `policy`.
pub(crate) fn policy() -> Shape<Vec<Statement>> {
    statements(part(
        "statement",
        ABOUT,
        Shape::new(statement_schema(Of::Role), |value| statement(value, Of::Role)),
    ))
}

/// `resource_policy`: whom a resource admits. A statement without `Resource` is about the resource itself.
pub(crate) fn resource_policy() -> Shape<Vec<Statement>> {
    let schema = statement_schema(Of::Resource);
    let shape = Shape::new(schema, |value| statement(value, Of::Resource));
    statements(part("resource_statement", ABOUT_RESOURCE, shape))
}

/// The texts in statements in which `${…}` works.
pub(crate) fn templates_of(statements: &[Statement]) -> Vec<&Template> {
    let members = statements.iter().flat_map(|statement| statement.members.values());
    members.flat_map(|member| member.templates()).collect()
}

/// The same where AWS refuses a policy that admits everybody.
pub(crate) fn private_resource_policy() -> Shape<Vec<Statement>> {
    resource_policy().refine(|value, statements| {
        value.list(|item| match admits_everybody(item.node) {
            true => item.fail(
                "AWS refuses a policy that admits everybody",
                help("name accounts or roles under `Principal`, or say who it is in a `Condition`"),
            ),
            false => Some(()),
        })?;
        Some(statements)
    })
}

/// Whether a statement allows something to everybody without any condition.
pub(crate) fn admits_everybody(statement: &Node) -> bool {
    let is_everybody = |node: &Node| node.text() == Some("*");
    let includes_everybody = |node: &Node| match &node.kind {
        Kind::List(items) => items.iter().any(is_everybody),
        _ => is_everybody(node),
    };
    let principal = statement.get("Principal");
    let is_open = principal
        .is_some_and(|who| includes_everybody(who) || who.get("AWS").is_some_and(includes_everybody));
    is_open
        && statement.get("Condition").is_none()
        && statement.get("Effect").and_then(Node::text) == Some("Allow")
}

/// A statement of a role's trust policy.
pub(crate) fn trust_statement() -> Shape<Statement> {
    let shape = Shape::new(statement_schema(Of::Trust), |value| statement(value, Of::Trust));
    part("trust_statement", "A statement that says who may assume a role.", shape)
}

const ABOUT_RESOURCE: &str =
    "A statement of a resource's policy. Without `Resource` it is about the resource itself.";

fn statements(statement: Shape<Statement>) -> Shape<Vec<Statement>> {
    list(statement).refine(|value, statements| {
        let mut sids = BTreeSet::new();
        value.list(|item| match item.node.get("Sid").and_then(Node::text) {
            Some(sid) if !sids.insert(sid) => {
                item.fail(format!("duplicate `Sid` `{sid}`"), help("a `Sid` is unique in a policy"))
            }
            _ => Some(()),
        })?;
        Some(statements)
    })
}

const ABOUT: &str = "A statement of the generated role's policy. Resources are ARNs, `*`, or begin with \
                     the ARN of another resource of the stack, such as `${tables.NAME.arn}`.";

fn statement_schema(of: Of) -> Schema {
    let properties: Map<String, Schema> = of
        .members()
        .map(|member| {
            let mut schema = (member.schema)();
            schema["description"] = member.doc.into();
            (member.name.to_owned(), schema)
        })
        .collect();
    let one_of = |(one, other, _)| json!({ "oneOf": [{ "required": [one] }, { "required": [other] }] });
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["Effect"],
        "properties": properties,
        "allOf": of.either().map(one_of),
    })
}

fn one_or_more() -> Schema {
    let text = json!({ "type": "string" });
    json!({ "oneOf": [text, { "type": "array", "items": text, "minItems": 1 }] })
}

fn statement(value: Value, of: Of) -> Option<Statement> {
    let Kind::Map(entries) = &value.node.kind else {
        let example =
            "write `- { Effect: Allow, Action: s3:GetObject, Resource: \"arn:aws:s3:::bucket/*\" }`";
        return value.cx.fail_at(value.span(), "a statement must be a mapping", help(example));
    };
    let mut members = BTreeMap::new();
    let mut whole = true;
    for entry in entries.iter() {
        match member(Value::new(value.cx, entry), of) {
            Some(json) => whole &= members.insert(entry.key.text.clone(), json).is_none(),
            None => whole = false,
        }
    }
    let keys: Vec<&Key> = entries.iter().map(|entry| &entry.key).collect();
    let complete = complete(value.cx, value.span(), &keys, of);
    (whole && complete).then(|| Statement { at: value.at(), members })
}

fn member(value: Value, of: Of) -> Option<Json> {
    let key = value.key.text.as_str();
    if let Some(member) = of.members().find(|member| member.name == key) {
        (member.check)(value)?;
        return value.json();
    }
    if of == Of::Trust && matches!(key, "Resource" | "NotResource") {
        let way = "remove it: the statement is about the role itself";
        return value.fail_key(format!("a trust policy cannot have `{key}`"), help(way));
    }
    if matches!(key, "Principal" | "NotPrincipal") {
        return value.fail_key(
            format!("the policy of a role cannot have `{key}`"),
            help("remove it: the statement applies to everyone who has the role"),
        );
    }
    let names: Vec<&str> = of.members().map(|member| member.name).collect();
    let exact = names.iter().find(|member| member.eq_ignore_ascii_case(key));
    let meant = exact.map(|member| format!("IAM writes it `{member}`"));
    let help = meant.or_else(|| suggest::did_you_mean_or_list(key, "the keys are", &names));
    value.fail_key(format!("unknown key `{key}` in a statement"), help)
}

fn is_sid(value: Value) -> Option<()> {
    let text = value.text()?;
    if is_made_of(text, "") {
        return Some(());
    }
    value.fail(format!("invalid `Sid` `{text}`"), help("use only letters and digits"))
}

/// Whether a statement has what IAM requires.
fn complete(cx: &Cx, span: Span, keys: &[&Key], of: Of) -> bool {
    let has = |wanted: &str| keys.iter().any(|key| key.text.eq_ignore_ascii_case(wanted));
    let mut complete = true;
    if !has("Effect") {
        cx.report(span, "missing `Effect` in a statement", help("add `Effect: Allow`"));
        complete = false;
    }
    for (one, other, example) in of.either() {
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
    let text = value.text()?;
    let well_formed = match text.split_once(':') {
        Some((service, name)) => is_made_of(service, "-") && is_made_of(name, "*?"),
        None => text == "*",
    };
    if well_formed {
        return Some(());
    }
    value.fail(format!("invalid action `{text}`"), help("an action looks like `s3:GetObject` or `s3:Get*`"))
}

/// A principal: `*`, or a mapping of its types to one or more names.
fn principal(value: Value) -> Option<()> {
    let types = ["AWS", "Service", "Federated", "CanonicalUser"];
    let example = "for example `Principal: { AWS: \"111122223333\" }`, or `\"*\"` for everybody";
    match &value.node.kind {
        Kind::Map(entries) => {
            let fine = value.map(|member| {
                let key = member.key.text.as_str();
                if types.contains(&key) {
                    return each(member, |name| name.template().map(drop));
                }
                let help = suggest::did_you_mean_or_list(key, "the types are", &types);
                member.fail_key(format!("unknown type of principal `{key}`"), help)
            })?;
            (fine.len() == entries.len()).then_some(())
        }
        Kind::Plain(text) | Kind::Text(text) if text == "*" => Some(()),
        _ => value.wrong_type("a mapping of types of principals, or `*`", help(example)),
    }
}

/// A resource: an ARN, `*`, or a placeholder for an ARN.
fn resource(value: Value) -> Option<()> {
    let template = value.template()?;
    let is_resource = match template.parts.first() {
        Some(Part::Text(text)) => text == "*" || text.starts_with("arn:"),
        Some(Part::Attribute { attribute, .. }) => *attribute == "arn",
        Some(_) => false,
        None => false,
    };
    if is_resource {
        return Some(());
    }
    let help = match template.parts.first() {
        Some(Part::Attribute { kind, key, .. }) if let Some(section) = with_arn(value, kind) => {
            format!("did you mean `{}`?", section.placeholder(key, "arn"))
        }
        _ => "a resource is an ARN such as `arn:aws:s3:::bucket/*`, or `*`".to_owned(),
    };
    value.fail("this value is not a resource", Some(help))
}

/// The section of a kind whose entries have an ARN.
fn with_arn(value: Value, kind: &str) -> Option<&'static dyn AnySection> {
    let section = value.cx.scope.names.sections.of_kind(kind)?;
    section.references().iter().any(|referred| referred.name == "arn").then_some(section)
}

/// Operators, each with keys and their values.
fn condition(value: Value) -> Option<()> {
    let shape = value.map(|operator| match &operator.node.kind {
        Kind::Map(_) => without_templates(operator),
        _ => operator.wrong_type(
            "a mapping of condition keys",
            help("for example `StringEquals: { aws:RequestedRegion: eu-central-1 }`"),
        ),
    })?;
    (shape.len() == value.node.entries().len()).then_some(())
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
