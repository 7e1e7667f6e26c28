//! What a filter can be about: the members of a record. A filter with another key is valid in AWS, and lets nothing through; Lambda
//! then deletes the messages of a queue unseen.

use crate::config::decode::{Value, help};
use crate::kinds::pattern::OR;
use crate::suggest;
use crate::yaml::Kind as Node;
use serde_json::Value as Json;

/// The records of a source.
pub(crate) struct Record {
    /// What a record is, in messages.
    what: &'static str,
    /// Its members [DG: Lambda, "Using event filtering with an Amazon SQS event source" and those of DynamoDB and Kinesis].
    members: &'static [&'static str],
    /// The member with what somebody wrote.
    content: &'static str,
    /// How a filter of that begins and ends.
    around: (&'static str, &'static str),
}

pub(super) static MESSAGE: Record = Record {
    what: "a message",
    members: &[
        "attributes",
        "awsRegion",
        "body",
        "eventSource",
        "eventSourceARN",
        "md5OfBody",
        "md5OfMessageAttributes",
        "messageAttributes",
        "messageId",
        "receiptHandle",
    ],
    content: "body",
    around: ("{ body: { ", " } }"),
};

pub(super) static CHANGE: Record = Record {
    what: "a change of a table",
    members: &[
        "awsRegion",
        DYNAMODB,
        "eventID",
        "eventName",
        "eventSource",
        "eventSourceARN",
        "eventVersion",
        "userIdentity",
    ],
    content: DYNAMODB,
    around: ("{ dynamodb: { NewImage: { ", " } } }"),
};

pub(super) static RECORD: Record = Record {
    what: "a record of a stream",
    members: &[
        "approximateArrivalTimestamp",
        "awsRegion",
        "data",
        "eventID",
        "eventName",
        "eventSource",
        "eventSourceARN",
        "eventVersion",
        "invokeIdentityArn",
        "kinesisSchemaVersion",
        "partitionKey",
        "sequenceNumber",
    ],
    content: "data",
    around: ("{ data: { ", " } }"),
};

const DYNAMODB: &str = "dynamodb";
const NEW_IMAGE: &str = "NewImage";
const OLD_IMAGE: &str = "OldImage";

/// The members of what DynamoDB says of a change [M: dynamodbstreams, StreamRecord].
const OF_CHANGE: [&str; 7] = [
    "ApproximateCreationDateTime",
    "Keys",
    NEW_IMAGE,
    OLD_IMAGE,
    "SequenceNumber",
    "SizeBytes",
    "StreamViewType",
];
/// Those of them with attributes.
const WITH_ATTRIBUTES: [&str; 3] = ["Keys", NEW_IMAGE, OLD_IMAGE];
/// The types of attributes [M: dynamodbstreams, AttributeValue].
const TYPES: [&str; 10] = ["S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"];

impl Record {
    /// Reports keys of a pattern that no record has.
    pub(super) fn check(&self, value: Value) -> Option<()> {
        each(value, |member| self.member(member))
    }

    fn member(&self, member: Value) -> Option<()> {
        let key = member.key.text.as_str();
        if key == OR {
            return alternatives(member, |pattern| self.check(pattern));
        }
        if self.members.contains(&key) {
            return if key == DYNAMODB { each(member, of_change) } else { Some(()) };
        }
        let message = format!("{} has no `{key}`, and such a filter lets nothing through", self.what);
        let (begin, end) = self.around;
        let is_change = self.content == DYNAMODB;
        let way = match suggest::nearest(key, self.members.iter().copied()) {
            Some(known) => format!("did you mean `{known}`?"),
            None if is_change && OF_CHANGE.contains(&key) => {
                format!("write `{{ dynamodb: {{ {key}: … }} }}`")
            }
            None if is_change => {
                format!("an attribute is found by its type: `{begin}{key}: {{ S: … }}{end}`")
            }
            None => format!("what it contains is in its `{}`: `{begin}{key}: …{end}`", self.content),
        };
        member.fail_key(message, help(way))
    }
}

/// Checks each member of a mapping; lists have been seen by the syntax.
fn each(value: Value, check: impl Fn(Value) -> Option<()>) -> Option<()> {
    match &value.node.kind {
        Node::Map(entries) => (value.map(check)?.len() == entries.len()).then_some(()),
        _ => Some(()),
    }
}

/// Checks each pattern under `$or`.
fn alternatives(value: Value, check: impl Fn(Value) -> Option<()>) -> Option<()> {
    match &value.node.kind {
        Node::List(items) => (value.list(check)?.len() == items.len()).then_some(()),
        _ => Some(()),
    }
}

/// A member of what DynamoDB says of a change.
fn of_change(member: Value) -> Option<()> {
    let key = member.key.text.as_str();
    if key == OR {
        return alternatives(member, |pattern| each(pattern, of_change));
    }
    if !OF_CHANGE.contains(&key) {
        let message =
            format!("`dynamodb` of a change has no `{key}`, and such a filter lets nothing through");
        let way = suggest::did_you_mean_or_list(key, "it has", &OF_CHANGE);
        return member.fail_key(message, way);
    }
    if WITH_ATTRIBUTES.contains(&key) { each(member, attribute) } else { Some(()) }
}

/// An attribute, whose values stand under their types. So do those of `exists` [DG: Lambda, "Using event filtering with a DynamoDB
/// event source"].
fn attribute(member: Value) -> Option<()> {
    let key = member.key.text.as_str();
    if key == OR {
        return alternatives(member, |pattern| each(pattern, attribute));
    }
    let is_typed = match &member.node.kind {
        Node::Map(entries) => entries.iter().all(|entry| TYPES.contains(&entry.key.text.as_str())),
        _ => false,
    };
    if is_typed {
        return Some(());
    }
    let message = format!("`{key}` lacks the type of its value, and such a filter lets nothing through");
    let way = match &member.node.kind {
        Node::Map(_) => format!("a mapping is under `M`: `{key}: {{ M: … }}`"),
        _ => format!("write `{key}: {{ S: [order] }}`, or `N` for a number"),
    };
    member.fail_key(message, help(way))
}

/// The images of an item that a pattern asks for.
pub(super) fn images(pattern: &Json) -> Vec<&'static str> {
    fn asked<'a>(json: &'a Json, key: &str) -> Vec<&'a Json> {
        let members = json.as_object().into_iter().flatten();
        let found = members.flat_map(|(name, member)| match member {
            member if name == key => vec![member],
            Json::Array(patterns) if name == OR => patterns.iter().flat_map(|one| asked(one, key)).collect(),
            _ => Vec::new(),
        });
        found.collect()
    }
    let of_change = asked(pattern, DYNAMODB);
    let has = |image: &&'static str| of_change.iter().any(|change| !asked(change, image).is_empty());
    [NEW_IMAGE, OLD_IMAGE].into_iter().filter(has).collect()
}

/// Whether records of a stream with these images have one.
pub(super) fn has_image(image: &str, (new, old): (bool, bool)) -> bool {
    if image == NEW_IMAGE { new } else { old }
}
