//! Subscriptions: their life, and what each call does.

use super::attributes::Attributes;
use super::topic::{ANOTHER, named_by_others, not_admitted, topic_arn};
use super::{filter, invalid, parts};
use crate::access::{Need, Policies};
use crate::cloud::{ACCOUNT, Cloud, Handler, LISTS, ServiceError, Time, required, text, text_map};
use crate::pattern;
use crate::services::{lambda, sqs};
use serde_json::{Value as Json, json};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("Subscribe", subscribe),
    ("Unsubscribe", unsubscribe),
    ("GetSubscriptionAttributes", get),
    ("SetSubscriptionAttributes", set),
    ("ListSubscriptionsByTopic", list),
];

/// A subscription.
#[derive(Debug, Clone, Default)]
pub(crate) struct Subscription {
    /// The name of the topic.
    pub(crate) topic: String,
    pub(crate) protocol: String,
    pub(crate) endpoint: String,
    /// What was set, without defaults. A scope without a filter is remembered, and not shown.
    pub(crate) attributes: Attributes,
    pub(crate) confirmed: bool,
    /// Whether the account of the topic has made it, which is another one.
    pub(crate) theirs: bool,
    pub(crate) created: Time,
}

/// The protocols that need no confirmation where the endpoint is of the same account [recorded: test_subscribe_sms].
const CONFIRMED: &[&str] = &["lambda", "sqs", "sms", "application", "firehose"];
const PENDING: &[&str] = &["http", "https", "email", "email-json"];
/// The protocols that can have messages as they are [M].
const RAW: &[&str] = &["sqs", "http", "https", "firehose"];

fn not_found() -> ServiceError {
    ServiceError::new("NotFound", "Subscription does not exist")
}

/// The subscription that a call names. One of another account is that account's alone, and the topic's [M: Unsubscribe].
fn find(cloud: &Cloud, params: &Json, action: &str) -> Result<String, ServiceError> {
    let arn = required(params, "SubscriptionArn");
    let found = parts(arn, "SubscriptionArn")?;
    if found.len() < 7 {
        return invalid("SubscriptionId");
    }
    match cloud.sns.subscriptions.get(arn) {
        None => Err(not_found()),
        Some(one) if one.theirs => not_admitted(action, arn),
        Some(_) => Ok(arn.to_owned()),
    }
}

fn wrong_endpoint(protocol: &str, endpoint: &str) -> Option<String> {
    let is = |pattern: &str| pattern::matches(pattern, endpoint);
    let valid = match protocol {
        "sqs" => is("arn:aws:sqs:[a-z0-9-]+:[0-9]{12}:[^:]+"),
        "lambda" => is("arn:aws:lambda:[a-z0-9-]+:[0-9]{12}:function:.+"),
        "email" | "email-json" => endpoint.contains('@'),
        "http" => endpoint.starts_with("http://"),
        "https" => endpoint.starts_with("https://"),
        "sms" => {
            return (!is(r"\+?[0-9]([0-9() /.-]?[0-9])*"))
                .then(|| format!("Invalid SMS endpoint: {endpoint}"));
        }
        _ => true,
    };
    let what = match protocol {
        "sqs" => "SQS endpoint ARN".to_owned(),
        "lambda" => "Lambda endpoint ARN".to_owned(),
        _ => format!("Endpoint: {endpoint}"),
    };
    (!valid).then(|| format!("Invalid parameter: {what}"))
}

/// A FIFO queue takes messages of FIFO topics only; these reach any queue, and nothing but queues
/// [recorded: test_validations_for_fifo].
fn wrong_order(topic: &str, protocol: &str, endpoint: &str) -> Option<&'static str> {
    let fifo = topic.ends_with(".fifo");
    match (fifo, protocol) {
        (true, "sqs") => None,
        (true, _) => {
            Some("Invalid parameter: Endpoint Reason: FIFO SNS topics can only have SQS subscriptions")
        }
        (false, "sqs") if endpoint.ends_with(".fifo") => Some(
            "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics",
        ),
        (false, _) => None,
    }
}

/// What is wrong with an attribute that is set; `after` are those that the subscription has then.
fn wrong_attribute(of: &Subscription, name: &str, value: &str, after: &Attributes) -> Option<String> {
    let of_body = after.get("FilterPolicyScope").is_some_and(|scope| scope == "MessageBody");
    match name {
        "FilterPolicy" => filter::wrong(value, of_body),
        "FilterPolicyScope" if !["MessageBody", "MessageAttributes"].contains(&value) => Some(format!(
            "FilterPolicyScope: Invalid value [{}]. Please use either MessageBody or MessageAttributes",
            if value.is_empty() { "null" } else { value }
        )),
        "FilterPolicyScope" => filter::wrong(after.get("FilterPolicy").map_or("{}", String::as_str), of_body),
        "RawMessageDelivery" if !["true", "false"].contains(&value) => {
            Some(format!("RawMessageDelivery: Invalid value [{value}]. Must be true or false."))
        }
        "RawMessageDelivery" if value == "true" && !RAW.contains(&of.protocol.as_str()) => {
            Some(format!("Delivery protocol [{}] does not support raw message delivery.", of.protocol))
        }
        "RawMessageDelivery" | "DeliveryPolicy" => None,
        "RedrivePolicy" => wrong_redrive(of, value),
        _ => Some("AttributeName".to_owned()),
    }
}

/// An empty text is refused, as no value is not [aws-facts-services: Clearing a field, TF].
fn wrong_redrive(of: &Subscription, value: &str) -> Option<String> {
    let Ok(Json::Object(policy)) = serde_json::from_str::<Json>(value) else {
        return Some(format!("RedrivePolicy: {}", filter::no_json(value)));
    };
    let target = policy.get("deadLetterTargetArn").and_then(Json::as_str).unwrap_or_default();
    if !pattern::matches("arn:aws:sqs:[a-z0-9-]+:[0-9]{12}:[^:]+", target) {
        return Some("RedrivePolicy: deadLetterTargetArn is an invalid arn".to_owned());
    }
    let ordered = of.topic.ends_with(".fifo") && of.endpoint.ends_with(".fifo");
    (ordered && !target.ends_with(".fifo")).then(|| {
        "RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.".to_owned()
    })
}

/// For an equal subscription, or one of which only a part is named, the answer is the same as for a new one
/// [recorded: test_subscribe_idempotency].
fn subscribe(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (protocol, endpoint) = (required(params, "Protocol"), text(params, "Endpoint").unwrap_or_default());
    let topic = named_by_others(cloud, params, "SNS:Subscribe")?;
    if !CONFIRMED.contains(&protocol) && !PENDING.contains(&protocol) {
        return invalid(format!("Amazon SNS does not support this protocol string: {protocol}"));
    }
    if let Some(wrong) = wrong_endpoint(protocol, endpoint) {
        return ServiceError::err("InvalidParameter", wrong);
    }
    if let Some(wrong) = wrong_order(&topic, protocol, endpoint) {
        return invalid(wrong);
    }
    let given = text_map(params, "Attributes");
    let new = Subscription {
        topic,
        protocol: protocol.to_owned(),
        endpoint: endpoint.to_owned(),
        attributes: given.clone(),
        confirmed: CONFIRMED.contains(&protocol),
        theirs: false,
        created: cloud.now,
    };
    for (name, value) in &given {
        if let Some(wrong) = wrong_attribute(&new, name, value, &given) {
            return invalid(format!("Attributes Reason: {wrong}"));
        }
    }
    let answer = |arn: &str, subscription: &Subscription| {
        let shown = subscription.confirmed || params["ReturnSubscriptionArn"] == true;
        json!({ "SubscriptionArn": if shown { arn } else { "pending confirmation" } })
    };
    let key = |one: &Subscription| (one.topic.clone(), one.protocol.clone(), one.endpoint.clone());
    if let Some((arn, live)) = cloud.sns.subscriptions.iter().find(|(_, live)| key(live) == key(&new)) {
        let shown = with_defaults(&live.attributes);
        let parsed = |text: &str| serde_json::from_str::<Json>(text).unwrap_or_else(|_| text.into());
        let same = |(name, value): (&String, &String)| {
            shown.get(name).map(|live| parsed(live)) == Some(parsed(value))
        };
        return match given.iter().all(same) {
            true => Ok(answer(arn, live)),
            false => invalid("Attributes Reason: Subscription already exists with different attributes"),
        };
    }
    let content = format!("{} {protocol} {endpoint}", new.topic);
    let id = cloud.made_up("subscription", &content, "0123456789abcdef", 32);
    let arn = format!("{}:{id}", topic_arn(&new.topic));
    let answer = answer(&arn, &new);
    cloud.sns.subscriptions.insert(arn, new);
    Ok(answer)
}

/// What reads show. A scope is there only with a filter, and an empty filter is none [recorded: sns_filter_policy].
pub(super) fn with_defaults(attributes: &Attributes) -> Attributes {
    let mut all = attributes.clone();
    all.entry("RawMessageDelivery".to_owned()).or_insert_with(|| "false".to_owned());
    if all.contains_key("FilterPolicy") {
        all.entry("FilterPolicyScope".to_owned()).or_insert_with(|| "MessageAttributes".to_owned());
    } else {
        all.remove("FilterPolicyScope");
    }
    all
}

/// Also of what does not exist. What nobody has confirmed stays until it expires [aws-facts-services: 3].
fn unsubscribe(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    if required(params, "SubscriptionArn").is_empty() {
        return invalid("SubscriptionArn Reason: no value for required parameter");
    }
    match find(cloud, params, "SNS:Unsubscribe") {
        Err(error) if error.code == "NotFound" => Ok(Json::Null),
        Err(error) => Err(error),
        Ok(arn) if !cloud.sns.subscriptions[&arn].confirmed => {
            invalid("This operation cannot unsubscribe a subscription that is pending confirmation")
        }
        Ok(arn) => {
            let now = cloud.now;
            let subscription = cloud.sns.subscriptions.remove(&arn);
            cloud.sns.deleted.extend(subscription.map(|subscription| (arn, (subscription, now))));
            Ok(Json::Null)
        }
    }
}

fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let arn = find(cloud, params, "SNS:GetSubscriptionAttributes")?;
    let subscription = &cloud.sns.subscriptions[&arn];
    let mut all = with_defaults(&subscription.attributes);
    for (name, value) in [
        ("SubscriptionArn", arn.clone()),
        ("TopicArn", topic_arn(&subscription.topic)),
        ("Protocol", subscription.protocol.clone()),
        ("Endpoint", subscription.endpoint.clone()),
        ("Owner", ACCOUNT.to_owned()),
        ("SubscriptionPrincipal", format!("arn:aws:iam::{ACCOUNT}:user/deployer")),
        ("PendingConfirmation", (!subscription.confirmed).to_string()),
        ("ConfirmationWasAuthenticated", subscription.confirmed.to_string()),
    ] {
        all.insert(name.to_owned(), value);
    }
    Ok(json!({ "Attributes": all }))
}

/// One attribute at a time. An empty filter takes the filter away, and no value the dead letters
/// [aws-facts-services: Clearing a field, TF].
fn set(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let arn = find(cloud, params, "SNS:SetSubscriptionAttributes")?;
    let name = required(params, "AttributeName");
    let mut subscription = cloud.sns.subscriptions[&arn].clone();
    let value = text(params, "AttributeValue");
    let mut after = subscription.attributes.clone();
    after.insert(name.to_owned(), value.unwrap_or_default().to_owned());
    let clears = name == "RedrivePolicy" && value.is_none();
    let wrong = wrong_attribute(&subscription, name, value.unwrap_or_default(), &after).filter(|_| !clears);
    if let Some(wrong) = wrong {
        // The one refusal that does not begin with what is wrong [recorded: test_sub_filter_policy_nested_property].
        return invalid(wrong);
    }
    if clears || (name == "FilterPolicy" && value == Some("{}")) {
        after.remove(name);
    }
    subscription.attributes = after;
    cloud.sns.subscriptions.insert(arn, subscription);
    Ok(Json::Null)
}

/// In pages of a hundred. What nobody has confirmed has no ARN here [aws-facts-services: 3, mem].
fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let topic = named_by_others(cloud, params, "SNS:ListSubscriptionsByTopic")?;
    let (now, delay) = (cloud.now, cloud.delays.of(LISTS));
    let living = cloud.sns.subscriptions.iter().filter(|(_, one)| now >= one.created + delay);
    let deleted = cloud.sns.deleted.iter().filter(|(_, (_, when))| now < *when + delay);
    let all = living.chain(deleted.map(|(arn, (one, _))| (arn, one))).filter(|(_, one)| one.topic == topic);
    let items: Vec<Json> = all
        .map(|(arn, one)| {
            let arn = if one.confirmed { arn.as_str() } else { "PendingConfirmation" };
            json!({ "SubscriptionArn": arn, "TopicArn": topic_arn(&topic), "Protocol": one.protocol,
                "Endpoint": one.endpoint, "Owner": if one.theirs { ANOTHER } else { ACCOUNT } })
        })
        .collect();
    let (items, next) = cloud.paging.page(items, text(params, "NextToken"), None, (100, 100));
    Ok(json!({ "Subscriptions": items, "NextToken": next }))
}

/// The subscriptions of stacks to which SNS could deliver nothing, and why.
pub(super) fn broken(cloud: &Cloud) -> Vec<(String, String)> {
    let of_stacks = |one: &&Subscription| {
        let topic = cloud.sns.topics.get(&one.topic);
        let is_own = topic.is_some_and(|topic| topic.tags.contains_key("provision:stack"));
        one.confirmed && (is_own || cloud.sns.theirs.contains_key(&one.topic))
    };
    let subscriptions = cloud.sns.subscriptions.values().filter(of_stacks);
    let broken = subscriptions.flat_map(|one| {
        let dead: Json = one
            .attributes
            .get("RedrivePolicy")
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        let dead = dead["deadLetterTargetArn"].as_str().map(|arn| ("sqs", arn.to_owned()));
        let ends = [(one.protocol.as_str(), one.endpoint.clone())].into_iter().chain(dead);
        // A queue that is being deleted still looks alive to reads: who subscribes it then cannot know. The next run makes it.
        let is_going = |arn: &str| sqs::was_deleted_before(cloud, arn, one.created);
        let ends = ends.filter(|(protocol, arn)| *protocol != "sqs" || !is_going(arn));
        let why =
            ends.filter_map(|(protocol, arn)| unreachable(cloud, protocol, &arn, &topic_arn(&one.topic)));
        let name = format!("the subscription of {} for {}", one.topic, one.endpoint);
        why.map(move |why| (name.clone(), why)).collect::<Vec<_>>()
    });
    broken.collect()
}

/// Why SNS would not reach a function or queue of the account with what a topic says; `None` for what is elsewhere.
fn unreachable(cloud: &Cloud, protocol: &str, endpoint: &str, topic: &str) -> Option<String> {
    if endpoint.split(':').nth(4) != Some(ACCOUNT) {
        return None;
    }
    let allowed = match protocol {
        "lambda" => {
            let Some(callee) = lambda::callee(cloud, endpoint) else {
                return Some(format!("{endpoint} is no function"));
            };
            callee.policy.allows("sns.amazonaws.com", topic)
        }
        "sqs" => {
            let name = endpoint.rsplit(':').next().unwrap_or_default();
            let Some(queue) = cloud.sqs.queues.get(name).filter(|_| sqs::queue_arn(name) == endpoint) else {
                return Some(format!("{endpoint} is no queue"));
            };
            let policy =
                queue.attributes.get("Policy").and_then(|text| serde_json::from_str::<Json>(text).ok());
            let need = Need::new("sqs:SendMessage", endpoint).with("aws:SourceArn", Some(topic));
            policy.is_some_and(|policy| Policies::new(&[policy]).let_in("sns.amazonaws.com", &need))
        }
        _ => true,
    };
    (!allowed).then(|| format!("the policy of {endpoint} does not let {topic} in"))
}
