//! Destinations: other resources that get what a resource hands on, such as events that failed. The kind of an entry says what
//! a role must allow to deliver there; an ARN says it by its service.

use serde_json::json;

use super::access::{self, Grant};
use super::declared::AnySection;
use super::decode::{Value, help};
use super::names::{Arn, arn_of};
use super::section::Shape;
use crate::model::in_words;
use crate::suggest;

/// Where something is handed on to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// An entry of the stack, with the action that delivers there.
    Entry(Grant),
    /// A resource outside of the stack: its ARN, the action that delivers there, and whether that is an action on what the
    /// resource contains.
    Arn(String, &'static Delivery),
}

/// How one delivers to the resources of a service.
#[derive(Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The service in their ARNs.
    service: &'static str,
    /// What such a resource is.
    what: &'static str,
    /// The action.
    pub(crate) action: &'static str,
    /// What follows the ARN in the resource of the action.
    pub(crate) within: &'static str,
}

/// The services that Lambda delivers to [aws-facts-services: 8; DG: Lambda, "Capturing records of asynchronous invocations"].
const DELIVERIES: [Delivery; 5] = [
    Delivery { service: "sqs", what: "a queue", action: "sqs:SendMessage", within: "" },
    Delivery { service: "sns", what: "a topic", action: "sns:Publish", within: "" },
    Delivery { service: "lambda", what: "a function", action: "lambda:InvokeFunction", within: "" },
    Delivery { service: "events", what: "an event bus", action: "events:PutEvents", within: "" },
    Delivery { service: "s3", what: "a bucket", action: "s3:PutObject", within: "/*" },
];

impl Destination {
    /// What an error calls the service of an ARN.
    pub(crate) fn service(&self) -> &str {
        match self {
            Destination::Entry(grant) => grant.kind,
            Destination::Arn(_, delivery) => delivery.service,
        }
    }

    /// The entry of the stack, if it is one.
    pub(crate) fn entry(&self) -> Option<&Grant> {
        match self {
            Destination::Entry(grant) => Some(grant),
            Destination::Arn(..) => None,
        }
    }
}

/// The key of an entry that something can be delivered to, or an ARN.
pub(crate) fn destination() -> Shape<Destination> {
    Shape::new(json!({ "type": "string", "minLength": 1 }), |value| {
        let text = value.text()?;
        if text.starts_with("arn:") { arn(value, text) } else { entry(value, text) }
    })
}

fn arn(value: Value, text: &str) -> Option<Destination> {
    let Some(Arn { service, .. }) = arn_of(text) else {
        return value.fail(
            format!("`{text}` is not an ARN"),
            help("for example `arn:aws:sqs:eu-central-1:123456789012:NAME`"),
        );
    };
    match DELIVERIES.iter().find(|delivery| delivery.service == service) {
        Some(delivery) => Some(Destination::Arn(text.to_owned(), delivery)),
        None => {
            let kinds: Vec<String> = DELIVERIES.iter().map(|delivery| delivery.what.to_owned()).collect();
            let way = format!("name the ARN of {}", suggest::listed(&kinds).replace(" and ", " or "));
            value.fail(format!("nothing can be delivered to a resource of `{service}`"), help(way))
        }
    }
}

/// The sections whose entries take deliveries, each with the action.
fn sections(value: Value) -> impl Iterator<Item = (&'static dyn AnySection, &'static str)> + Clone {
    value.cx.scope.names.sections.iter().filter_map(|section| Some((section, section.delivery()?)))
}

fn entry(value: Value, text: &str) -> Option<Destination> {
    let names = value.cx.scope.names;
    let found = access::named(text, names, sections(value));
    match found.as_slice() {
        [(section, action, key)] => {
            Some(Destination::Entry(Grant::new(section.kind(), *key, vec![(*action).to_owned()])))
        }
        [] => {
            let keys: Vec<&str> =
                sections(value).flat_map(|(section, _)| names.keys(section.key())).copied().collect();
            let kinds: Vec<String> = sections(value).map(|(section, _)| in_words(section.kind())).collect();
            let plurals: Vec<String> = sections(value).map(|(section, _)| in_words(section.key())).collect();
            let absent = sections(value).find_map(|(section, _)| names.why_absent(section.key(), text));
            let all = format!("the {} of this stack", suggest::listed(&plurals));
            let way = absent
                .or_else(|| suggest::did_you_mean_or_list(text, &all, &keys))
                .or_else(|| help("for a resource outside of the stack write its ARN"));
            let kinds = suggest::listed(&kinds).replace(" and ", " or ");
            value.fail(format!("there is no {kinds} `{text}`"), way)
        }
        several => {
            let forms: Vec<String> =
                several.iter().map(|(section, ..)| format!("{}.{text}", section.key())).collect();
            let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
            let way = format!("write {}", suggest::quoted(&forms).replace(" and ", " or "));
            value.fail(format!("`{text}` is the key of several entries"), help(way))
        }
    }
}
