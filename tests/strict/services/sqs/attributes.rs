//! The attributes of queues: texts, each with rules of its own.

use crate::cloud::{ACCOUNT, Cloud, ServiceError};
use crate::pattern;
use crate::services::iam::{self, grammar, resource_policy};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Attributes by name.
pub(crate) type Attributes = BTreeMap<String, String>;

/// What a call sets, and with `None` what it clears.
pub(super) type Set = BTreeMap<String, Option<String>>;

/// The numbers: the least, the most, and the default [aws-facts: SQS; M].
const NUMBERS: &[(&str, u64, u64, Option<&str>)] = &[
    ("DelaySeconds", 0, 900, Some("0")),
    ("MaximumMessageSize", 1_024, 1_048_576, Some("1048576")),
    ("MessageRetentionPeriod", 60, 1_209_600, Some("345600")),
    ("ReceiveMessageWaitTimeSeconds", 0, 20, Some("0")),
    ("VisibilityTimeout", 0, 43_200, Some("30")),
    ("KmsDataKeyReusePeriodSeconds", 60, 86_400, None),
];

/// What has a few values, of which the first is the default.
const CHOICES: &[(&str, [&str; 2])] = &[
    ("SqsManagedSseEnabled", ["true", "false"]),
    ("ContentBasedDeduplication", ["false", "true"]),
    ("DeduplicationScope", ["queue", "messageGroup"]),
    ("FifoThroughputLimit", ["perQueue", "perMessageGroupId"]),
];

/// What only queues that keep the order have.
const ONLY_FIFO: &[&str] = &["ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"];

/// Texts that are absent by default, and that an empty text clears [aws-facts: Clearing a field].
const TEXTS: &[&str] = &["Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"];

/// Bytes of a policy [aws-facts: Policy text as read back].
const MAX_POLICY: usize = 8_192;

fn unknown(name: &str) -> ServiceError {
    ServiceError::new("InvalidAttributeName", format!("Unknown Attribute {name}."))
}

fn invalid(name: &str) -> ServiceError {
    ServiceError::new("InvalidAttributeValue", format!("Invalid value for the parameter {name}."))
}

/// The name of a new queue. The ending of one that keeps the order counts [aws-facts: SQS].
pub(super) fn check_name(name: &str, fifo: bool) -> Result<(), ServiceError> {
    let (base, message) = match fifo {
        true => (
            name.strip_suffix(".fifo").unwrap_or_default(),
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with \
             .fifo suffix and be 1 to 80 in length.",
        ),
        false => {
            (name, "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
        }
    };
    match pattern::matches("[a-zA-Z0-9_-]+", base) && name.len() <= 80 {
        true => Ok(()),
        false => ServiceError::err("InvalidParameterValueException", message),
    }
}

/// What a call that creates a queue sets, or one that changes the attributes of a queue.
pub(super) fn read(given: &Attributes, live: Option<&Attributes>) -> Result<Set, ServiceError> {
    let fifo = live.unwrap_or(given).get("FifoQueue").is_some_and(|fifo| fifo == "true");
    let mut set = Set::new();
    for (name, value) in given {
        let keeps = || value.is_empty() && TEXTS.contains(&name.as_str());
        match name.as_str() {
            "FifoQueue" => check_type(value, fifo, live.is_some())?,
            _ if keeps() => check_clearing(name, given, live)?,
            _ => check_value(name, value, fifo)?,
        }
        set.insert(name.clone(), (!keeps()).then(|| value.clone()));
    }
    check_encryption(&set, live)?;
    check_throughput(&set, live)?;
    Ok(set)
}

/// Only a queue that keeps the order has the attribute at all, and nothing changes it [aws-facts: SQS, LS].
fn check_type(value: &str, fifo: bool, exists: bool) -> Result<(), ServiceError> {
    match (fifo, value) {
        (true, "true") => Ok(()),
        (true, _) if exists => ServiceError::err(
            "InvalidAttributeValue",
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
        ),
        _ => Err(unknown("FifoQueue")),
    }
}

/// An empty text clears what is set. For what is not set it is refused, as in a create [hazards: Q3], but for the key in
/// one call with the other kind of encryption [hazards: Q5].
fn check_clearing(name: &str, given: &Attributes, live: Option<&Attributes>) -> Result<(), ServiceError> {
    let is_set = live.is_some_and(|live| live.contains_key(name));
    let switches = live.is_some() && name == "KmsMasterKeyId" && given.contains_key("SqsManagedSseEnabled");
    if is_set || switches { Ok(()) } else { Err(invalid(name)) }
}

fn check_value(name: &str, value: &str, fifo: bool) -> Result<(), ServiceError> {
    if ONLY_FIFO.contains(&name) && !fifo {
        return match name {
            "ContentBasedDeduplication" => Err(unknown(name)),
            _ => ServiceError::err(
                "InvalidAttributeName",
                format!("You can specify the {name} only when FifoQueue is set to true."),
            ),
        };
    }
    let number = NUMBERS.iter().find(|(other, ..)| *other == name);
    let choice = CHOICES.iter().find(|(other, _)| *other == name);
    let valid = match (number, choice, name) {
        (Some((_, least, most, _)), ..) => {
            value.parse::<u64>().is_ok_and(|number| (*least..=*most).contains(&number))
        }
        (_, Some((_, values)), _) => values.contains(&value),
        (.., "Policy") => is_policy(value),
        // What they say is checked where the account is known.
        (.., "KmsMasterKeyId" | "RedrivePolicy" | "RedriveAllowPolicy") => true,
        _ => return Err(unknown(name)),
    };
    if valid { Ok(()) } else { Err(invalid(name)) }
}

fn is_policy(text: &str) -> bool {
    text.len() <= MAX_POLICY && resource_policy::is_valid(text)
}

/// A key and the queue's own encryption exclude each other, and leaving the key for the other takes one call with both
/// [aws-facts: LS; hazards: Q5].
fn check_encryption(set: &Set, live: Option<&Attributes>) -> Result<(), ServiceError> {
    let own = set.get("SqsManagedSseEnabled").is_some_and(|value| value.as_deref() == Some("true"));
    let live = live.and_then(|live| live.get("KmsMasterKeyId"));
    let key = set.get("KmsMasterKeyId").map_or(live, Option::as_ref);
    if own && key.is_some() {
        let message = "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or \
                       SQS SSE.";
        return ServiceError::err("InvalidAttributeName", message);
    }
    Ok(())
}

/// [hazards: Q6]
fn check_throughput(set: &Set, live: Option<&Attributes>) -> Result<(), ServiceError> {
    let after = |name: &str| {
        let live = live.and_then(|live| live.get(name));
        set.get(name).map_or(live, Option::as_ref).map(String::as_str)
    };
    let scope = after("DeduplicationScope") == Some("messageGroup");
    if after("FifoThroughputLimit") == Some("perMessageGroupId") && !scope {
        let message =
            "To set FifoThroughputLimit to perMessageGroupId, the DeduplicationScope must be messageGroup";
        return ServiceError::err("InvalidAttributeValue", message);
    }
    Ok(())
}

/// The first attribute in which what a create asks for is not what the queue has. What it does not name is not compared
/// [aws-facts: SQS, LS].
pub(super) fn different(set: &Set, live: &Attributes) -> Option<String> {
    let live = with_defaults(live);
    let value = |text: Option<&String>| {
        text.map(|text| serde_json::from_str::<Json>(text).unwrap_or_else(|_| text.as_str().into()))
    };
    let differs = |(name, new): &(&String, &Option<String>)| value(new.as_ref()) != value(live.get(*name));
    set.iter().find(differs).map(|(name, _)| name.clone())
}

/// Sets what a call sets. A key takes the place of the queue's own encryption, which stays off when the key is cleared
/// without a word about it [aws-facts: LS].
pub(super) fn apply(cloud: &Cloud, attributes: &mut Attributes, set: Set) -> Result<(), ServiceError> {
    for (name, value) in set {
        match value {
            None => drop(attributes.remove(&name)),
            Some(policy) if name == "Policy" => {
                drop(attributes.insert(name, policy_kept(cloud, &policy)?));
            }
            Some(value) => {
                if name == "KmsMasterKeyId" {
                    attributes.insert("SqsManagedSseEnabled".to_owned(), "false".to_owned());
                }
                attributes.insert(name, value);
            }
        }
    }
    Ok(())
}

/// The attributes without the statements of others in the policy, which are no part of a stack's state.
pub(super) fn without_others(attributes: &Attributes) -> Attributes {
    let mut all = attributes.clone();
    let mut policy: Json =
        all.remove("Policy").and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let is_ours =
        |statement: &&Json| statement["Sid"].as_str().is_some_and(|sid| sid.starts_with("provision-"));
    let own: Vec<Json> = resource_policy::statements(&policy).into_iter().filter(is_ours).cloned().collect();
    if !own.is_empty() {
        policy["Statement"] = own.into();
        all.insert("Policy".to_owned(), policy.to_string());
    }
    all
}

/// What reads show: with defaults. How long data keys live is shown only where there is a key [hazards: Q4].
pub(super) fn with_defaults(attributes: &Attributes) -> Attributes {
    let mut all = attributes.clone();
    let fifo = all.contains_key("FifoQueue");
    let numbers = NUMBERS.iter().filter_map(|(name, .., default)| Some((*name, (*default)?)));
    let choices = CHOICES.iter().filter(|(name, _)| fifo || !ONLY_FIFO.contains(name));
    for (name, default) in numbers.chain(choices.map(|(name, values)| (*name, values[0]))) {
        all.entry(name.to_owned()).or_insert_with(|| default.to_owned());
    }
    if all.contains_key("KmsMasterKeyId") {
        all.entry("KmsDataKeyReusePeriodSeconds".to_owned()).or_insert_with(|| "300".to_owned());
    } else {
        all.remove("KmsDataKeyReusePeriodSeconds");
    }
    all
}

/// A policy with the ids of roles in place of their ARNs. A role that is not there, or that not all of AWS knows yet, is
/// refused [aws-facts: SQS, Propagation].
fn policy_kept(cloud: &Cloud, policy: &str) -> Result<String, ServiceError> {
    let parsed: Json = serde_json::from_str(policy).unwrap_or_default();
    let mut kept = policy.to_owned();
    for principal in principals(&parsed) {
        if !principal.starts_with(&format!("arn:aws:iam::{ACCOUNT}:role/")) {
            continue;
        }
        let role = cloud.iam.roles.values().find(|role| role.arn() == principal);
        let known = cloud.delays.of(iam::ASSUMABLE);
        let role = role.filter(|role| cloud.now >= role.created + known).ok_or_else(|| invalid("Policy"))?;
        kept = kept.replace(&format!("\"{principal}\""), &format!("\"{}\"", role.id));
    }
    Ok(kept)
}

/// True for a policy with a role that exists and that not all of AWS knows yet.
pub(super) fn names_a_fresh_role(cloud: &Cloud, policy: &str) -> bool {
    let named = principals(&serde_json::from_str(policy).unwrap_or_default());
    let known = cloud.delays.of(iam::ASSUMABLE);
    let mut fresh = cloud.iam.roles.values().filter(|role| cloud.now < role.created + known);
    fresh.any(|role| named.contains(&role.arn()))
}

/// The accounts, roles and users that a policy names.
fn principals(policy: &Json) -> Vec<String> {
    let named =
        resource_policy::statements(policy).into_iter().map(|statement| &statement["Principal"]["AWS"]);
    let texts = named.flat_map(|named| match named {
        Json::Array(items) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        one => one.as_str().map(str::to_owned).into_iter().collect::<Vec<_>>(),
    });
    texts.collect()
}

/// A policy as it is read: the same meaning in another text [aws-facts: Policy text as read back]. A statement without a `Sid`
/// gets a number [hazards: G14], and a role that was deleted is its id.
pub(super) fn policy_shown(cloud: &Cloud, kept: &str) -> String {
    let roles = cloud.iam.roles.values();
    let text = roles.fold(kept.to_owned(), |text, role| {
        text.replace(&format!("\"{}\"", role.id), &format!("\"{}\"", role.arn()))
    });
    let mut policy: Json = serde_json::from_str(&text).unwrap_or_default();
    let statements: Vec<Json> = resource_policy::statements(&policy).into_iter().cloned().collect();
    let numbered = statements.into_iter().enumerate().map(|(index, mut statement)| {
        if statement.get("Sid").is_none() {
            statement["Sid"] = (index + 1).to_string().into();
        }
        if statement["Principal"]["AWS"] == ACCOUNT {
            statement["Principal"]["AWS"] = format!("arn:aws:iam::{ACCOUNT}:root").into();
        }
        statement
    });
    policy["Statement"] = json!(numbered.collect::<Vec<_>>());
    grammar::rewritten(&policy.to_string())
}
