//! `triggers` of other services: the permission alone. What makes the service call stands elsewhere, such as a rule of IoT.

use super::Permission;
use crate::config::decode::{Value, help};
use crate::config::section::shape::text;
use crate::config::section::{Shape, section};
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
    /// Another service of AWS that may call the function. Only the permission is made; what makes the service call does not stand
    /// in this section.
    pub(crate) struct Config {
        /// The service, as policies name it.
        principal: String = principal().required("iot.amazonaws.com"),
        /// The ARN of what calls; `*` stands for any part of it.
        source: String = source().required("arn:aws:iot:REGION:ACCOUNT:rule/NAME"),
        /// An alias of the function's release; by default the first one.
        alias: Option<String> = text(128).optional(),
    }
}

fn principal() -> Shape<String> {
    let schema = json!({
        "type": "string", "pattern": "^[a-z0-9.-]+\\.amazonaws\\.com(\\.cn)?$",
        "examples": ["iot.amazonaws.com", "cognito-idp.amazonaws.com"],
    });
    Shape::new(schema, |value: Value| {
        let text = value.short(MAX_PRINCIPAL)?;
        let name = text.strip_suffix(".amazonaws.com").or_else(|| text.strip_suffix(".amazonaws.com.cn"));
        let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
        match name.is_some_and(|name| !name.is_empty() && name.chars().all(is_part)) {
            true => Some(text.to_owned()),
            false => {
                let message = format!("`{text}` is not a service of AWS");
                value.fail(message, help("for example `iot.amazonaws.com`"))
            }
        }
    })
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

/// Calls by another service.
pub struct ByPrincipal;

impl Trigger for ByPrincipal {
    type Kind = Permission;
    const WORD: &'static str = "principal";
    const STARTS: &'static [&'static str] = &[Function::NAME];
    type Config = Config;

    fn name(trigger: &Config) -> String {
        format!("{} {}", trigger.principal, trigger.source)
    }

    fn check(trigger: &Entry<Config>, started: Started, entries: &Entries) -> Vec<Diagnostic> {
        let named = trigger.alias.as_deref();
        let no_alias = named.and_then(|alias| no_alias(started.key, alias, trigger.place("alias"), entries));
        no_alias.into_iter().collect()
    }
}

impl LoweredTrigger for ByPrincipal {
    /// The permissions of a function are made of all calls on it.
    fn lower(_: &Entry<Config>, _: &ResourceId, _: &mut Lower) {}

    fn callers(trigger: &Entry<Config>, started: &ResourceId, lower: &Lower) -> Vec<Call> {
        let key = lower.scope.identity.key(Function::NAME, &started.name);
        let Config { principal, source, alias } = &**trigger;
        vec![Call {
            on: lower.called(key, alias.as_deref()),
            what: ByPrincipal::name(trigger),
            service: principal.clone().into(),
            source: source.clone(),
            // Of a source without an account, that of the stack [aws-facts-services: Who may call whom].
            account: source.split(':').nth(4).is_some_and(str::is_empty),
        }]
    }
}
