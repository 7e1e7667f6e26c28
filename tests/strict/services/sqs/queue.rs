//! Queues: their life, and what each call does.

use super::attributes::{self, Attributes};
use super::redrive;
use crate::cloud::{
    ACCOUNT, Cloud, Delay, Handler, LISTS, REGION, ServiceError, TAGS, Tags, Time, check_tags, required,
    text, text_map,
};
use crate::services::Service;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Until all calls know a queue that was created [hazards: Q1].
pub(crate) const KNOWN: Delay = Delay::of_millis("queue known", 2_800);
/// Until reads show what SetQueueAttributes has set: up to 60 seconds [aws-facts: SQS, M], and mostly less.
pub(crate) const CHANGED: Delay = Delay::of_secs("queue changed", 4);
/// For how long calls may still find a queue that was deleted: up to 60 seconds [aws-facts: SQS, M], and mostly less.
pub(crate) const FORGOTTEN: Delay = Delay::of_secs("queue forgotten", 4);
/// For how long the name of a queue that was deleted is not free [aws-facts: SQS, M].
const LOCKED: Delay = Delay::of_secs("queue name locked", 60);

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateQueue", create),
    ("GetQueueUrl", url),
    ("GetQueueAttributes", get),
    ("SetQueueAttributes", set),
    ("ListQueues", list),
    ("ListQueueTags", tags),
    ("TagQueue", tag),
    ("UntagQueue", untag),
    ("DeleteQueue", delete),
];

/// The queues by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) queues: BTreeMap<String, Queue>,
    /// The queues that were deleted last, and when.
    deleted: BTreeMap<String, (Queue, Time)>,
}

/// A queue.
#[derive(Debug, Clone, Default)]
pub(crate) struct Queue {
    /// What was set, without defaults.
    pub(crate) attributes: Attributes,
    /// What they were before the last change, and until when that is still shown.
    before: Option<(Attributes, Time)>,
    pub(crate) created: Time,
    pub(crate) modified: Time,
    pub(crate) tags: Tags,
    /// How many messages wait in it.
    pub(crate) messages: u64,
}

impl Queue {
    /// A queue that a call, or somebody by hand, makes now.
    pub(super) fn new(now: Time, attributes: Attributes, tags: Tags) -> Self {
        Queue { attributes, created: now, modified: now, tags, ..Queue::default() }
    }

    pub(super) fn is_fifo(&self) -> bool {
        self.attributes.contains_key("FifoQueue")
    }

    /// What calls are shown of what was set.
    fn shown(&self, now: Time) -> &Attributes {
        let before = self.before.as_ref().filter(|(_, until)| now < *until);
        before.map_or(&self.attributes, |(before, _)| before)
    }

    /// For how many seconds a message that was received stays hidden, as other services see it.
    pub(crate) fn visibility_timeout(&self, now: Time) -> u64 {
        let shown = attributes::with_defaults(self.shown(now));
        shown.get("VisibilityTimeout").and_then(|value| value.parse().ok()).unwrap_or_default()
    }
}

pub(crate) fn queue_arn(name: &str) -> String {
    Service::Sqs.arn(name)
}

/// The queue of an ARN, as other services find it.
pub(crate) fn of_arn<'a>(cloud: &'a Cloud, arn: &str) -> Option<&'a Queue> {
    let (_, name) = arn.rsplit_once(':')?;
    let known = cloud.delays.of(KNOWN);
    let queue = cloud.sqs.queues.get(name).filter(|queue| cloud.now >= queue.created + known);
    queue.filter(|_| queue_arn(name) == arn)
}

fn queue_url(name: &str) -> String {
    format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}")
}

/// The name of the queue that a URL is of.
pub(super) fn name_of(url: &str) -> Option<&str> {
    url.strip_prefix(&queue_url(""))
}

fn not_found() -> ServiceError {
    ServiceError::new("QueueDoesNotExist", "The specified queue does not exist.")
}

/// True for a queue that does not exist, and was deleted before a time.
pub(crate) fn was_deleted_before(cloud: &Cloud, arn: &str, time: Time) -> bool {
    let name = arn.rsplit(':').next().unwrap_or_default();
    let State { queues, deleted } = &cloud.sqs;
    !queues.contains_key(name) && deleted.get(name).is_some_and(|(_, when)| *when <= time)
}

/// The queue of a name, as long as calls know it. Changes of one that was deleted succeed, and change nothing.
fn find<'a>(cloud: &'a mut Cloud, name: &str) -> Result<&'a mut Queue, ServiceError> {
    let (now, known, forgotten) = (cloud.now, cloud.delays.of(KNOWN), cloud.delays.of(FORGOTTEN));
    let State { queues, deleted } = &mut cloud.sqs;
    if let Some(queue) = queues.get_mut(name) {
        return if now >= queue.created + known { Ok(queue) } else { Err(not_found()) };
    }
    let deleted = deleted.get_mut(name).filter(|(_, when)| now < *when + forgotten);
    deleted.map(|(queue, _)| queue).ok_or_else(not_found)
}

/// The queue that a call names by its URL.
fn named<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<&'a mut Queue, ServiceError> {
    let url = required(params, "QueueUrl");
    match name_of(url) {
        Some(name) => find(cloud, name),
        None => {
            ServiceError::err("InvalidAddress", format!("The address {url} is not valid for this endpoint."))
        }
    }
}

/// For an equal queue the answer is the same as for a new one, and its tags stay as they are [aws-facts: SQS; hazards: G4].
fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, name) = (cloud.now, required(params, "QueueName"));
    let given = text_map(params, "Attributes");
    let fifo = given.get("FifoQueue").is_some_and(|fifo| fifo == "true");
    attributes::check_name(name, fifo)?;
    let set = attributes::read(&given, None)?;
    let tags = text_map(params, "tags");
    check_tags(&Tags::new(), &tags, "InvalidParameterValueException")?;
    if let Some(queue) = cloud.sqs.queues.get(name) {
        return match attributes::different(&set, &queue.attributes) {
            None => Ok(json!({ "QueueUrl": queue_url(name) })),
            Some(attribute) => ServiceError::err(
                "QueueNameExists",
                format!(
                    "A queue already exists with the same name and a different value for attribute {attribute}"
                ),
            ),
        };
    }
    let locked = cloud.delays.of(LOCKED);
    if cloud.sqs.deleted.get(name).is_some_and(|(_, when)| now < *when + locked) {
        let message = "You must wait 60 seconds after deleting a queue before you can create another with the same name.";
        return ServiceError::err("QueueDeletedRecently", message);
    }
    redrive::check(cloud, name, fifo, &set)?;
    let mut queue = Queue::new(now, Attributes::new(), tags);
    attributes::apply(cloud, &mut queue.attributes, set)?;
    cloud.sqs.deleted.remove(name);
    cloud.sqs.queues.insert(name.to_owned(), queue);
    Ok(json!({ "QueueUrl": queue_url(name) }))
}

fn url(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = required(params, "QueueName");
    find(cloud, name)?;
    Ok(json!({ "QueueUrl": queue_url(name) }))
}

/// Only what is asked for, and no member at all where there is nothing of it.
fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let now = cloud.now;
    let queue = named(cloud, params)?.clone();
    let mut all = attributes::with_defaults(queue.shown(now));
    if let Some(policy) = all.get_mut("Policy") {
        *policy = attributes::policy_shown(cloud, policy);
    }
    let name = name_of(required(params, "QueueUrl")).unwrap_or_default();
    for (name, value) in [
        ("QueueArn", queue_arn(name)),
        ("ApproximateNumberOfMessages", queue.messages.to_string()),
        ("ApproximateNumberOfMessagesDelayed", "0".to_owned()),
        ("ApproximateNumberOfMessagesNotVisible", "0".to_owned()),
        ("CreatedTimestamp", queue.created.as_secs().to_string()),
        ("LastModifiedTimestamp", queue.modified.as_secs().to_string()),
    ] {
        all.insert(name.to_owned(), value);
    }
    let wanted: Vec<&str> =
        params["AttributeNames"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    all.retain(|name, _| wanted.iter().any(|wanted| wanted == name || *wanted == "All"));
    Ok(json!({ "Attributes": (!all.is_empty()).then_some(all) }))
}

/// Merges: what is not named stays as it is [aws-facts: Clearing a field].
fn set(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, until) = (cloud.now, cloud.now + cloud.delays.of(CHANGED));
    let given = text_map(params, "Attributes");
    let mut queue = named(cloud, params)?.clone();
    let set = attributes::read(&given, Some(&queue.attributes))?;
    let name = name_of(required(params, "QueueUrl")).unwrap_or_default();
    redrive::check(cloud, name, queue.is_fifo(), &set)?;
    queue.before = Some((queue.shown(now).clone(), until));
    queue.modified = now;
    attributes::apply(cloud, &mut queue.attributes, set)?;
    *named(cloud, params)? = queue;
    Ok(Json::Null)
}

/// By prefix. There are further pages only for a caller who says how long they are [aws-facts: SQS, M].
fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let limit = params["MaxResults"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    if params.get("MaxResults").is_some() && limit.is_none_or(|limit| !(1..=1_000).contains(&limit)) {
        let message =
            "Value for parameter MaxResults is invalid. Reason: MaxResults must be between 1 and 1000.";
        return ServiceError::err("InvalidParameterValueException", message);
    }
    let (now, delay) = (cloud.now, cloud.delays.of(LISTS));
    let prefix = text(params, "QueueNamePrefix").unwrap_or_default();
    let State { queues, deleted } = &cloud.sqs;
    let living = queues.iter().filter(|(_, queue)| now >= queue.created + delay);
    let living = living.map(|(name, _)| name);
    let deleted = deleted.iter().filter(|(_, (_, when))| now < *when + delay).map(|(name, _)| name);
    let mut names: Vec<&String> = living.chain(deleted).filter(|name| name.starts_with(prefix)).collect();
    names.sort();
    let urls: Vec<String> = names.into_iter().map(|name| queue_url(name)).collect();
    let (urls, next) = match limit {
        Some(_) => cloud.paging.page(urls, text(params, "NextToken"), limit, (1_000, 1_000)),
        None => (urls.into_iter().take(1_000).collect(), None),
    };
    Ok(json!({ "QueueUrls": (!urls.is_empty()).then_some(urls), "NextToken": next }))
}

/// No member at all where there are none [aws-facts: LS].
fn tags(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay) = (cloud.now, cloud.delays.of(TAGS));
    let queue = named(cloud, params)?;
    let shown = now >= queue.created + delay && !queue.tags.is_empty();
    Ok(json!({ "Tags": shown.then_some(&queue.tags) }))
}

fn tag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let new = text_map(params, "Tags");
    let queue = named(cloud, params)?;
    check_tags(&queue.tags, &new, "InvalidParameterValueException")?;
    queue.tags.extend(new);
    Ok(Json::Null)
}

fn untag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let queue = named(cloud, params)?;
    let keys = params["TagKeys"].as_array().into_iter().flatten().filter_map(Json::as_str);
    keys.for_each(|key| drop(queue.tags.remove(key)));
    Ok(Json::Null)
}

/// The messages are lost, and nothing asks who else uses the queue.
fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    named(cloud, params)?;
    remove(cloud, name_of(required(params, "QueueUrl")).unwrap_or_default());
    Ok(Json::Null)
}

/// Deletes a queue if it exists: by a call, or by hand.
pub(super) fn remove(cloud: &mut Cloud, name: &str) {
    let now = cloud.now;
    if let Some(queue) = cloud.sqs.queues.remove(name) {
        cloud.sqs.deleted.insert(name.to_owned(), (queue, now));
    }
}
