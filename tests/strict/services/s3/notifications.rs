//! The notifications of a bucket: one document for all, and S3 looks whether it can deliver each of them.

use super::bucket::{bucket_arn, change, find};
use crate::access::{Need, Policies};
use crate::cloud::{ACCOUNT, Cloud, Handler, ServiceError, required};
use crate::services::lambda::callee;
use crate::services::sqs;
use serde_json::{Value as Json, json};

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("GetBucketNotificationConfiguration", get), ("PutBucketNotificationConfiguration", put)];

/// The lists of a document, each with the member that names the destination.
pub(super) const LISTS: [(&str, &str); 3] = [
    ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
    ("QueueConfigurations", "QueueArn"),
    ("TopicConfigurations", "TopicArn"),
];

fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let document = find(cloud, params)?.setting("notification").clone();
    Ok(if document.is_null() { json!({}) } else { document })
}

/// The entries of a document, each with its destination.
pub(super) fn entries(document: &Json) -> impl Iterator<Item = (&Json, &str)> {
    LISTS.iter().flat_map(move |(list, member)| {
        let entries = document[*list].as_array().into_iter().flatten();
        entries.map(move |entry| (entry, entry[*member].as_str().unwrap_or_default()))
    })
}

fn invalid<T>(message: &str) -> Result<T, ServiceError> {
    super::bucket::error("InvalidArgument", 400, message)
}

fn put(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let mut document = params["NotificationConfiguration"].clone();
    change(cloud, params)?;
    // [recorded: s3, invalid_sqs_arns]
    if entries(&document).any(|(_, to)| !to.starts_with("arn:")) {
        return invalid("The ARN could not be parsed");
    }
    normalise(cloud, &mut document);
    check(&document)?;
    let name = required(params, "Bucket");
    let unseen = params["SkipDestinationValidation"] == json!(true);
    if !unseen && !undeliverable(cloud, name, &document, false).is_empty() {
        return invalid("Unable to validate the following destination configurations");
    }
    if !unseen {
        test(cloud, &document);
    }
    find(cloud, params)?.settings.insert("notification", document);
    Ok(Json::Null)
}

/// S3 sends a message `s3:TestEvent` to each queue, which stays there until somebody takes it [S3 User Guide: "Event message
/// structure"]. What subscribers of a topic get is not followed here.
fn test(cloud: &mut Cloud, document: &Json) {
    for (_, to) in entries(document).filter(|(_, to)| to.contains(":sqs:")) {
        let name = to.rsplit(':').next().unwrap_or_default();
        cloud.sqs.queues.get_mut(name).into_iter().for_each(|queue| queue.messages += 1);
    }
}

/// An entry without an id gets one, and names of filters a capital [aws-facts: LS].
fn normalise(cloud: &mut Cloud, document: &mut Json) {
    for (list, _) in LISTS {
        for entry in document.get_mut(list).and_then(Json::as_array_mut).into_iter().flatten() {
            if !entry["Id"].is_string() {
                let id = cloud.made_up("notification", &entry.to_string(), "abcdef0123456789", 48);
                entry["Id"] = id.into();
            }
            let rules = entry.pointer_mut("/Filter/Key/FilterRules").and_then(Json::as_array_mut);
            for rule in rules.into_iter().flatten() {
                let name = rule["Name"].as_str().unwrap_or_default().to_lowercase();
                rule["Name"] = (name[..1].to_uppercase() + &name[1..]).into();
            }
        }
    }
}

/// Names of ids once, and no two entries for the same event of an object [aws-facts-services: 5].
fn check(document: &Json) -> Result<(), ServiceError> {
    let all: Vec<(&Json, &str)> = entries(document).collect();
    let rules =
        all.iter().filter_map(|(entry, _)| entry["Filter"]["Key"]["FilterRules"].as_array()).flatten();
    for rule in rules {
        if ["Name", "Value"].iter().any(|name| rule.get(name).is_none()) {
            // [recorded: s3, test_bucket_notification_with_missing_values_in_rule]
            return super::bucket::malformed();
        }
    }
    for (index, (entry, _)) in all.iter().enumerate() {
        for (other, _) in &all[..index] {
            if entry["Id"] == other["Id"] {
                return invalid("Same ID used for multiple configurations. IDs must be unique.");
            }
            if overlap(entry, other) {
                return invalid(
                    "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
                );
            }
        }
    }
    Ok(())
}

/// True if there can be an event that two entries are about.
fn overlap(one: &Json, other: &Json) -> bool {
    let events = |entry: &Json| -> Vec<String> {
        entry["Events"].as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let same = |a: &str, b: &str| {
        let family = |event: &str| event.rsplit_once(':').map(|(family, _)| family.to_owned());
        a == b || (family(a) == family(b) && (a.ends_with('*') || b.ends_with('*')))
    };
    let common = events(one).iter().any(|a| events(other).iter().any(|b| same(a, b)));
    let rule = |entry: &Json, name: &str| {
        let rules = entry["Filter"]["Key"]["FilterRules"].as_array().into_iter().flatten();
        let mut named = rules.filter(|rule| rule["Name"] == name);
        named.next().and_then(|rule| rule["Value"].as_str()).unwrap_or_default().to_owned()
    };
    let (a, b) = (rule(one, "Prefix"), rule(other, "Prefix"));
    let (c, d) = (rule(one, "Suffix"), rule(other, "Suffix"));
    common && (a.starts_with(&b) || b.starts_with(&a)) && (c.ends_with(&d) || d.ends_with(&c))
}

/// The destinations that S3 cannot deliver to, and why. With `late` only those that exist no more, or no longer admit it.
pub(super) fn undeliverable(
    cloud: &Cloud,
    bucket: &str,
    document: &Json,
    late: bool,
) -> Vec<(String, String)> {
    let arn = bucket_arn(bucket);
    let mut lost = Vec::new();
    for (_, to) in entries(document) {
        let why = match to.split(':').nth(2) {
            Some("lambda") => match callee(cloud, to) {
                Some(callee) if callee.policy.allows("s3.amazonaws.com", &arn) => None,
                _ => Some(format!("Not authorized to invoke function [{to}]")),
            },
            Some("sqs") => queue(cloud, to, &arn, late),
            _ => topic(cloud, to, &arn),
        };
        lost.extend(why.map(|why| (to.to_owned(), why)));
    }
    lost
}

fn queue(cloud: &Cloud, to: &str, bucket: &str, late: bool) -> Option<String> {
    let name = to.rsplit(':').next().unwrap_or_default();
    let found = if late { cloud.sqs.queues.get(name) } else { sqs::of_arn(cloud, to) };
    let Some(queue) = found else { return Some("The destination queue does not exist".to_owned()) };
    unless_admitted("queue", queue.attributes.get("Policy"), Need::new("sqs:SendMessage", to), bucket)
}

fn topic(cloud: &Cloud, to: &str, bucket: &str) -> Option<String> {
    let name = to.rsplit(':').next().unwrap_or_default();
    let Some(topic) = cloud.sns.topics.get(name) else {
        return Some("The destination topic does not exist".to_owned());
    };
    unless_admitted("topic", topic.attributes.get("Policy"), Need::new("sns:Publish", to), bucket)
}

/// Why S3 may not deliver to a destination with this policy; `None` if it may.
fn unless_admitted(what: &str, policy: Option<&String>, need: Need, bucket: &str) -> Option<String> {
    let policy = policy.and_then(|policy| serde_json::from_str::<Json>(policy).ok());
    let need = need.with("aws:SourceArn", Some(bucket)).with("aws:SourceAccount", Some(ACCOUNT));
    let admits = policy.is_some_and(|policy| Policies::new(&[policy]).let_in("s3.amazonaws.com", &need));
    (!admits).then(|| {
        format!(
            "Permissions on the destination {what} do not allow S3 to publish notifications from this bucket"
        )
    })
}
