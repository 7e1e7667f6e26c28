//! `subscriptions` of topics: addresses outside of AWS.

use super::section::{check_filter, dead_letter, dead_letters, filter, filter_scope};
use super::{Spec, Subscription, named};
use crate::config::Entry;
use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::section::shape::{Target, flag, part};
use crate::config::section::{Section, Shape, section};
use crate::kind::Kind;
use crate::kinds::topic::section::Config as TopicConfig;
use crate::lower::{Lower, resource};
use crate::model::{Resource, ResourceId, Text};
use crate::yaml::Kind as Node;
use serde_json::json;

section! {
    /// An address that gets the messages of a topic, under one key that says how: `email`, `email_json`, `http`, `https`, `sms`.
    pub struct Outside, checked by fits_together {
        /// An e-mail address, which gets the text of messages.
        email: Option<String> = address("^[^@ ]+@[^@ ]+$", is_email).optional(),
        /// An e-mail address, which gets messages as JSON.
        email_json: Option<String> = address("^[^@ ]+@[^@ ]+$", is_email).optional(),
        /// A URL that begins with `http://`.
        http: Option<String> = address("^http://.+$", |value| is_url(value, "http://")).optional(),
        /// A URL that begins with `https://`.
        https: Option<String> = address("^https://.+$", |value| is_url(value, "https://")).optional(),
        /// A phone number with its country, for example `+4930123456`.
        sms: Option<String> = address("^\\+[0-9]{7,15}$", is_number).optional(),
        /// Which messages are sent: a pattern of up to five keys. By default all.
        filter: Option<String> = filter().optional(),
        /// What of a message the `filter` is about: its attributes, which is the default, or its body, which is JSON then.
        filter_scope: Option<bool> = filter_scope().optional(),
        /// Whether a URL gets messages as they are. By default SNS puts each into an envelope of JSON.
        raw: bool = flag().default(false),
        /// A queue for messages that cannot be delivered: its key or ARN.
        dead_letter: Option<Target> = dead_letter().optional(),
    }
}

/// An item of `subscriptions`.
pub(crate) fn outside() -> Shape<Outside> {
    let decode = |value: Value| {
        if !matches!(value.node.kind, Node::Map(_)) {
            return value.wrong_type("a mapping", help("for example `{ email: ops@example.com }`"));
        }
        let mut fields = value.fields_of_item("a subscription");
        let one = Outside::take(&mut fields);
        fields.finish();
        one
    };
    part("subscription", Outside::ABOUT, Shape::new(json!(null), decode).of_fields::<Outside>())
}

fn address(pattern: &str, decode: fn(Value) -> Option<String>) -> Shape<String> {
    Shape::new(json!({ "type": "string", "pattern": pattern }), decode)
}

fn is_email(value: Value) -> Option<String> {
    let text = value.text()?;
    let valid = text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(' ')
    });
    if valid { Some(text.to_owned()) } else { value.wrong_type("an e-mail address", None) }
}

fn is_url(value: Value, begins: &str) -> Option<String> {
    let text = value.text()?;
    let valid = text.strip_prefix(begins).is_some_and(|rest| !rest.is_empty());
    if valid {
        Some(text.to_owned())
    } else {
        value.wrong_type(&format!("a URL that begins with `{begins}`"), None)
    }
}

fn is_number(value: Value) -> Option<String> {
    let text = value.text()?;
    let valid = text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    let way = help("quote it, and begin with the country: `\"+4930123456\"`");
    if valid { Some(text.to_owned()) } else { value.wrong_type("a phone number", way) }
}

pub(super) fn fits_together(one: &<Outside as Section>::Decoded, fields: &mut Fields) {
    if let (Some(filter), Some(scope)) = (&one.filter, one.filter_scope) {
        check_filter(filter.as_ref(), scope, fields);
    }
    let named = KEYS.iter().filter(|key| fields.value(key).is_some());
    let named: Vec<&str> = named.copied().collect();
    match named.as_slice() {
        [] => fields.missing("email", "ops@example.com"),
        [key] => {
            if one.raw == Some(true) && !["http", "https"].contains(key) {
                let message = format!("messages by `{key}` are never raw");
                fields.fail_at("raw", message, help("remove `raw`"));
            }
        }
        [first, second, ..] => {
            let message = format!("a subscription has one address, not both `{first}` and `{second}`");
            fields.fail_at(second, message, help("write two subscriptions"));
        }
    }
}

/// The keys that name an address.
const KEYS: [&str; 5] = ["email", "email_json", "http", "https", "sms"];

impl Outside {
    /// The protocol in SNS's words, and the address.
    fn address(&self) -> (&'static str, &str) {
        let Outside { email, email_json, http, https, sms, .. } = self;
        let all =
            [("email", email), ("email-json", email_json), ("http", http), ("https", https), ("sms", sms)];
        let found = all.into_iter().find_map(|(protocol, address)| Some((protocol, address.as_deref()?)));
        found.unwrap_or_default()
    }

    /// What tells it from the others of its topic.
    pub(crate) fn subscriber(&self) -> String {
        let (protocol, address) = self.address();
        format!("{protocol} {address}")
    }

    /// Adds the subscription.
    pub(crate) fn lower(&self, topic: &Entry<TopicConfig>, id: &ResourceId, lower: &mut Lower) {
        let (protocol, address) = self.address();
        let (dead_letter, queue) = dead_letters(self.dead_letter.as_ref(), lower);
        let spec = Spec {
            topic: None,
            protocol: protocol.to_owned(),
            endpoint: Text::from(address),
            filter: self.filter.clone(),
            filter_body: self.filter_scope.unwrap_or_default(),
            raw: self.raw,
            dead_letter,
        };
        let id = id.child(Subscription::NAME, named(&id.name, &self.subscriber()));
        let subscription = resource::<Subscription>(id, topic.place("subscriptions"), &spec);
        lower.resources.push(Resource { depends_on: queue.into_iter().collect(), ..subscription });
    }
}
