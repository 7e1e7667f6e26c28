//! `triggers` of other services and accounts: the permission alone. What makes them call stands elsewhere, such as a rule of IoT.

use super::{ANYONE, Admitted, Permission, account_of, declared};
use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::names;
use crate::config::section::shape::text;
use crate::config::section::{Section, Shape, section};
use crate::config::trigger::{Started, Trigger};
use crate::config::{Diagnostic, Entries, Entry};
use crate::kind::Kind as _;
use crate::kinds::alias::section::no_alias;
use crate::kinds::function::Function;
use crate::lower::{Call, Lower, LoweredTrigger};
use crate::model::ResourceId;
use serde_json::json;

/// How many characters a principal and an ARN may have [M: AddPermission].
const MAX_PRINCIPAL: usize = 256;
const MAX_ARN: usize = 1_011;

section! {
    /// Somebody who may call the function: another service of AWS, another account, or a role or user of one. Only the permission is
    /// made; what makes them call does not stand in this section.
    pub(crate) struct Config, checked by names_its_source {
        /// Who: a service as policies name it, an account, the ARN of a role or a user, or the id of an organisation, whose accounts
        /// may all call.
        principal: Principal = principal().required("iot.amazonaws.com"),
        /// Of a service, the ARN of what calls; `*` stands for any part of it.
        source: Option<String> = source().optional(),
        /// An alias of the function's release; by default the first one.
        alias: Option<String> = text(128).optional(),
    }
}

/// Who may call a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Principal {
    /// A service of AWS.
    Service(String),
    /// An account, or the ARN of a role or a user.
    Caller(String),
    /// The accounts of an organisation.
    Organization(String),
}

impl Principal {
    fn name(&self) -> &str {
        match self {
            Principal::Service(name) | Principal::Caller(name) | Principal::Organization(name) => name,
        }
    }

    fn of(text: &str) -> Option<Self> {
        let service = text.strip_suffix(".amazonaws.com").or_else(|| text.strip_suffix(".amazonaws.com.cn"));
        let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
        if service.is_some_and(|name| !name.is_empty() && name.chars().all(is_part)) {
            return Some(Principal::Service(text.to_owned()));
        }
        // [M: PrincipalOrgID]
        let id = text.strip_prefix("o-").filter(|id| (10..=32).contains(&id.len()));
        if id.is_some_and(|id| id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())) {
            return Some(Principal::Organization(text.to_owned()));
        }
        let who = account_of(text).unwrap_or(text);
        (names::is_account(who) || names::is_principal(who)).then(|| Principal::Caller(who.to_owned()))
    }
}

fn principal() -> Shape<Principal> {
    let schema = json!({
        "type": ["string", "integer"],
        "pattern": "^[^*\\s]+$",
        "examples": ["iot.amazonaws.com", "111122223333", "arn:aws:iam::111122223333:role/NAME", "o-a1b2c3d4e5"],
    });
    Shape::new(schema, |value: Value| {
        let text = value.short(MAX_PRINCIPAL)?;
        Principal::of(text).or_else(|| {
            let (message, way) = match text {
                "*" => ("`*` would let everybody call the function".to_owned(), "for that, give the function `url: none`"),
                _ => (
                    format!("`{text}` is neither a service of AWS nor an account, a role, a user or an organisation"),
                    "for example `iot.amazonaws.com`, `111122223333`, `arn:aws:iam::111122223333:role/NAME` or \
                     `o-a1b2c3d4e5`",
                ),
            };
            value.fail(message, help(way))
        })
    })
}

/// A service needs a source, and others have none.
fn names_its_source(config: &<Config as Section>::Decoded, fields: &mut Fields) {
    match (&config.principal, fields.value("source")) {
        (Some(Principal::Service(_)), None) => {
            fields.missing("source", "arn:aws:iot:REGION:ACCOUNT:rule/NAME");
        }
        (Some(Principal::Caller(_) | Principal::Organization(_)), Some(source)) => {
            source.fail_key::<()>("`source` is about services of AWS alone", help("remove it"));
        }
        _ => {}
    }
}

/// A source is asked for, since without one everybody's resources of the service could call the function [IAM User Guide: The
/// confused deputy problem].
fn source() -> Shape<String> {
    let schema = json!({
        "type": "string", "pattern": "^arn:[^:]+:[^:]+:[^:]*:[^:]*:.+$",
        "examples": ["arn:aws:iot:eu-central-1:111122223333:rule/x"],
    });
    Shape::new(schema, |value: Value| {
        let text = value.short(MAX_ARN)?;
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", partition, service, _, _, resource]
                if ![partition, service, resource].iter().any(|part| part.is_empty() || **part == "*") =>
            {
                Some(text.to_owned())
            }
            _ => {
                let message = format!("`{text}` is not the ARN of one source, nor a pattern of few");
                value.fail(message, help("for example `arn:aws:iot:eu-central-1:111122223333:rule/x`"))
            }
        }
    })
}

/// Calls by others.
pub struct ByPrincipal;

impl Trigger for ByPrincipal {
    type Kind = Permission;
    const WORD: &'static str = "principal";
    const STARTS: &'static [&'static str] = &[Function::NAME];
    type Config = Config;

    fn name(trigger: &Config) -> String {
        let name = trigger.principal.name();
        trigger.source.as_ref().map_or_else(|| name.to_owned(), |source| format!("{name} {source}"))
    }

    fn check(trigger: &Entry<Config>, started: Started, entries: &Entries) -> Vec<Diagnostic> {
        let named = trigger.alias.as_deref();
        let no_alias = named.and_then(|alias| no_alias(started.key, alias, trigger.place("alias"), entries));
        no_alias.into_iter().collect()
    }
}

/// What a trigger lets call: the function that it starts, or its alias.
fn called(trigger: &Config, started: &ResourceId, lower: &Lower) -> ResourceId {
    lower.called(lower.scope.identity.key(Function::NAME, &started.name), trigger.alias.as_deref())
}

impl LoweredTrigger for ByPrincipal {
    /// Services are callers, of which the function makes the permissions.
    fn lower(trigger: &Entry<Config>, started: &ResourceId, lower: &mut Lower) {
        let (principal, organization) = match &trigger.principal {
            Principal::Service(_) => return,
            Principal::Caller(who) => (who.as_str(), None),
            Principal::Organization(id) => (ANYONE, Some(id.clone())),
        };
        let what = ByPrincipal::name(trigger);
        let admitted = Admitted {
            what: Some(&what),
            principal: principal.to_owned().into(),
            source: None,
            account: None,
            organization,
        };
        let permission = declared(&called(trigger, started, lower), admitted, trigger.at, lower);
        lower.resources.push(permission);
    }

    fn callers(trigger: &Entry<Config>, started: &ResourceId, lower: &Lower) -> Vec<Call> {
        let (Principal::Service(service), Some(source)) = (&trigger.principal, &trigger.source) else {
            return Vec::new();
        };
        vec![Call {
            on: called(trigger, started, lower),
            what: ByPrincipal::name(trigger),
            service: service.clone().into(),
            source: source.clone(),
            // Of a source without an account, that of the stack [aws-facts-services: Who may call whom].
            account: source.split(':').nth(4).is_some_and(str::is_empty),
        }]
    }
}
