//! `trust`: who may assume a role.

use crate::config::Statement;
use crate::config::decode::{Value, help};
use crate::config::names::{is_account, is_principal};
use crate::config::policy::trust_statement;
use crate::config::section::Shape;
use crate::lower::Lower;
use crate::model::{ResourceId, Text};
use crate::policy::{self, Policy, Tree};
use crate::suggest;
use crate::yaml::Kind as Node;
use serde_json::json;
use std::collections::BTreeMap;

/// Lambda as a principal.
pub(in crate::kinds) const LAMBDA: &str = "lambda.amazonaws.com";

/// Who may assume a role.
#[derive(Debug, Clone, PartialEq)]
pub enum Trusted {
    /// A service, by its principal.
    Service(String),
    /// An account or the ARN of a user, a role or an account.
    Principal(String),
    /// A statement as IAM writes it.
    Statement(Statement),
}

impl Trusted {
    /// The statement, if it is one.
    pub(super) fn statement(&self) -> Option<&Statement> {
        match self {
            Trusted::Statement(statement) => Some(statement),
            Trusted::Service(_) | Trusted::Principal(_) => None,
        }
    }
}

/// True if Lambda may assume the role, as far as that can be told. Nothing said means Lambda.
pub(crate) fn may_trust_lambda(trust: &[Trusted]) -> bool {
    trust.is_empty() || may_trust(trust, LAMBDA)
}

/// True if a service, by its principal, may assume the role, as far as that can be told.
pub(crate) fn may_trust(trust: &[Trusted], principal: &str) -> bool {
    let may = |one: &Trusted| match one {
        Trusted::Service(service) => service == principal,
        Trusted::Principal(_) => false,
        Trusted::Statement(_) => true,
    };
    trust.iter().any(may)
}

/// The policy that lets Lambda assume a function's own role.
pub(in crate::kinds) fn of_lambda() -> Policy<Text> {
    Policy([("Lambda".to_owned(), assumed_by("Service", vec![LAMBDA.into()]))].into())
}

/// The policy that lets a service, by its principal, assume a role that is generated for it: not for resources of other accounts,
/// and only for one, where its ARN is given, or for those like it [DG: Step Functions, "Preventing cross-service confused deputy issue"].
pub(in crate::kinds) fn trusting(principal: &str, source: Option<&str>, lower: &Lower) -> Policy<Text> {
    let mut statement = assumed_by("Service", vec![principal.into()]);
    let one = |key: &str, value: &str| Tree::Map([(key.to_owned(), Tree::Text(Text::from(value)))].into());
    let account = ("StringEquals".to_owned(), one("aws:SourceAccount", &lower.scope.account));
    let operator = |source: &str| if source.contains('*') { "ArnLike" } else { "ArnEquals" };
    let source = source.map(|source| (operator(source).to_owned(), one("aws:SourceArn", source)));
    let condition = Tree::Map([account].into_iter().chain(source).collect());
    statement.0.insert("Condition".to_owned(), condition);
    Policy([("Service".to_owned(), statement)].into())
}

/// The trust policy of a declared role.
pub(super) fn policy(trust: &[Trusted], lower: &Lower) -> Policy<Text> {
    if trust.is_empty() {
        return of_lambda();
    }
    let services = trust.iter().filter_map(|one| match one {
        Trusted::Service(service) => Some(service.into()),
        Trusted::Principal(_) | Trusted::Statement(_) => None,
    });
    let principals = trust.iter().filter_map(|one| match one {
        Trusted::Principal(principal) => Some(principal.into()),
        Trusted::Service(_) | Trusted::Statement(_) => None,
    });
    let (services, principals): (Vec<Text>, Vec<Text>) = (services.collect(), principals.collect());
    let own: Vec<Statement> = trust.iter().filter_map(Trusted::statement).cloned().collect();
    let mut needs = Vec::new();
    if !services.is_empty() {
        needs.push(("Services", assumed_by("Service", services)));
    }
    if !principals.is_empty() {
        needs.push(("Principals", assumed_by("AWS", principals)));
    }
    let mut policy = lower.policy(needs, Vec::new(), &own);
    for statement in policy.0.values_mut() {
        if let Some(Tree::Map(types)) = statement.0.get_mut("Principal") {
            types.get_mut("AWS").into_iter().for_each(|accounts| lower.spell_out(accounts));
        }
    }
    policy
}

/// The resources of the stack that a trust policy names: they exist before the role, or IAM takes them for strangers.
pub(super) fn named(policy: &Policy<Text>) -> Vec<ResourceId> {
    fn find(tree: &Tree<Text>, found: &mut Vec<ResourceId>) {
        match tree {
            Tree::Text(text) => found.extend(text.references().map(|reference| reference.id.clone())),
            Tree::List(items) => items.iter().for_each(|item| find(item, found)),
            Tree::Map(members) => members.values().for_each(|member| find(member, found)),
            Tree::Null | Tree::Bool(_) | Tree::Number(_) => (),
        }
    }
    let mut found = Vec::new();
    let principals = policy.0.values().filter_map(|statement| statement.0.get("Principal"));
    principals.for_each(|principal| find(principal, &mut found));
    found
}

fn assumed_by(sort: &str, principals: Vec<Text>) -> policy::Statement<Text> {
    let mut principals: Vec<Tree<Text>> = principals.into_iter().map(Tree::Text).collect();
    // As it reads back: one alone is no list.
    let principals = if principals.len() == 1 { principals.remove(0) } else { Tree::List(principals) };
    let principal: BTreeMap<String, Tree<Text>> = [(sort.to_owned(), principals)].into();
    policy::Statement::allow(["sts:AssumeRole"], ("Principal", Tree::Map(principal)))
}

/// The shape of `trust`.
pub(super) fn trust() -> Shape<Vec<Trusted>> {
    let decode = |value: Value| match &value.node.kind {
        Node::List(items) => {
            let all = value.list(trusted)?;
            if items.is_empty() {
                return value.fail("an empty list trusts no one", help("remove it: the default is `lambda`"));
            }
            (all.len() == items.len()).then_some(all)
        }
        _ => trusted(value).map(|one| vec![one]),
    };
    Shape::new(json!({}), decode)
        .described(|parts| {
            let statement = trust_statement().schema(parts);
            let one = json!({ "oneOf": [{ "type": ["string", "integer"] }, statement] });
            json!({ "oneOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
        })
        .with("examples", json!([["lambda", "states"]]))
}

/// What people call services whose principal has another name.
const MISNAMED: &[(&str, &str)] = &[
    ("api-gateway", "apigateway"),
    ("api_gateway", "apigateway"),
    ("cloudwatch-events", "events"),
    ("cognito", "cognito-idp"),
    ("eventbridge", "events"),
    ("functions", "lambda"),
    ("step-functions", "states"),
    ("stepfunctions", "states"),
];

fn trusted(value: Value) -> Option<Trusted> {
    if let Node::Map(_) = value.node.kind {
        return trust_statement().decode(value).map(Trusted::Statement);
    }
    let text = value.text()?;
    if is_account(text) || is_principal(text) {
        return Some(Trusted::Principal(text.to_owned()));
    }
    let is_word = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c))
    };
    let is_service = text.ends_with(".amazonaws.com") || text.ends_with(".amazonaws.com.cn");
    let meant = MISNAMED.iter().find(|(name, _)| *name == text).map(|(_, meant)| *meant);
    if is_word(text) && meant.is_none() && (is_service || !text.contains('.')) {
        let service = if is_service { text.to_owned() } else { format!("{text}.amazonaws.com") };
        return Some(Trusted::Service(service));
    }
    let way = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if text == "*" || text.starts_with("arn:") => {
            "for this write a statement: `{ Effect: Allow, Principal: …, Action: …, Condition: … }`"
                .to_owned()
        }
        None => {
            let forms =
                ["lambda", "states.amazonaws.com", "111122223333", "arn:aws:iam::111122223333:role/NAME"];
            format!(
                "write a service, an account or an ARN: {}",
                suggest::quoted(&forms).replace(" and ", " or ")
            )
        }
    };
    value.fail(format!("`{text}` cannot be trusted"), Some(way))
}
