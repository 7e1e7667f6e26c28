//! Subscriptions of topics: who gets what a topic says. AWS deletes them with the topic.
//!
//! They have no tags. What tells one from the others of its topic is where it leads, and there can be one that leads there. One
//! that the stack declares is ours, since the topic is. Of the others those to functions and queues of the stack, and those to
//! addresses outside of AWS that a tag of the topic notes: see `Topic`. What others have subscribed is left alone.
//!
//! One that waits for its confirmation has no ARN in lists, so nothing shows its settings, and nothing can delete it: AWS does
//! after some three days [aws-facts-services: 3]. Its settings are compared as soon as it is confirmed.

mod observe;
pub(crate) mod outside;
pub(crate) mod section;

pub(super) use self::observe::at_topic;
use self::observe::{is_pending, list};
pub use self::section::OfTopic;
use super::alias;
use super::function::Function;
use super::queue::Queue;
use super::topic::{self, SNS, Topic};
use super::{list_each, require_str, within};
use crate::aws::{Context, Result, Service};
use crate::kind::{
    Features, Kind, Observation, ObservedOf, ObservedOption, On, OnExisting, OnParentDelete, Parent,
    ParentKind, Permission, Task, When, Which, Wire,
};
use crate::model::{ResourceId, Texts};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// A subscription.
pub struct Subscription;

/// The desired state of a subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec<T = String> {
    /// The ARN of the topic, if it is one of others: see `RemoteSubscription`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// How messages are delivered, in SNS's words: `lambda`, `sqs`, `email`.
    pub protocol: String,
    /// Where they are delivered: an ARN or an address.
    pub endpoint: T,
    /// Which messages are delivered, as JSON; `None` for all.
    pub filter: Option<String>,
    /// Whether the filter is about the body of messages and not about their attributes.
    pub filter_body: bool,
    /// Whether messages are delivered as they are, and not in an envelope.
    pub raw: bool,
    /// The ARN of the queue for what cannot be delivered.
    pub dead_letter: Option<T>,
}

/// The attributes of a subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The ARN.
    pub arn: String,
}

const SUBSCRIBED: On = On::new("SubscribedTopics", Topic::NAME, Which::Parents, &[Topic::ARN]);
const SUBSCRIBE: &str = "sns:Subscribe";

impl Kind for Subscription {
    const NAME: &'static str = "subscription";
    const SERVICE: &'static Service = &SNS;
    const IMMUTABLE: &'static [&'static str] = &["protocol", "endpoint"];
    /// SNS does not look whether it may deliver, and messages would be lost [aws-facts-services: 3].
    const DEPENDS_ON: &'static [&'static str] = &["permission", "queue"];
    const ADMITTED: bool = true;
    const PARENT: Option<ParentKind> = Some(ParentKind::new(Topic::NAME, OnParentDelete::Cascade));
    const NAMED_BY_PARENT: bool = true;
    const OWNED_WITH: &'static [&'static str] = &["function", "queue"];
    /// Subscribe returns the ARN of an equal subscription, or of one of which the call names a part
    /// [aws-facts-services: Uniqueness].
    const ON_EXISTING: OnExisting = OnExisting::Accept;
    const PHYSICAL_ID: &'static str = "arn";
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same(SUBSCRIBE, Task::CHANGE, &SUBSCRIBED).when(When::DECLARED),
        Permission::same("sns:SetSubscriptionAttributes", Task::CHANGE, &topic::SUBSCRIPTIONS)
            .when(When::DECLARED),
    ];
    const FEATURES: Features = Features {
        part_of: |id| started(id).or_else(|| id.parent().cloned()),
        called,
        is_trigger: |id| started(id).is_some(),
        wire: |id, spec| {
            let source = Topic::ARN.replace("{name}", &id.parent()?.name);
            Wire::new(&source, spec["endpoint"].as_str()?)
        },
        facts: |spec| {
            let filtered = spec["filter"].is_string().then(|| "filtered".to_owned());
            let raw = (spec["raw"] == true).then(|| "raw".to_owned());
            filtered.into_iter().chain(raw).collect()
        },
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, topics: &[Parent]) -> Result<Observation<Self>> {
        Ok(list_each(topics, |topic| list(ctx, topic, |_| true)).await?.into())
    }

    async fn read(ctx: &Context, name: &str, topic: Option<&Parent>) -> Result<ObservedOption<Self>> {
        Ok(list(ctx, within(topic, "topic")?, |own| own == name).await?.into_iter().next())
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        let topic = id.parent().map(|topic| ctx.scope.expand(Topic::ARN, &topic.name));
        Ok(Attributes { arn: subscribe(ctx, &topic.unwrap_or_default(), spec).await? })
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let arn = &observed.attributes.arn;
        if !is_pending(arn) {
            set(ctx, arn, &observed.spec, to).await?;
        }
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        unsubscribe(ctx, &observed.attributes.arn).await
    }
}

/// Subscribes at a topic. Returns the ARN of the subscription.
pub(super) async fn subscribe(ctx: &Context, topic: &str, spec: &Spec) -> Result<String> {
    let Spec { topic: _, protocol, endpoint, filter, filter_body, raw, dead_letter } = spec;
    let subscribe = ctx.clients.sns().subscribe().topic_arn(topic).protocol(protocol).endpoint(endpoint);
    // Without this, what waits for its confirmation has no ARN in the response.
    let mut subscribe = subscribe.return_subscription_arn(true);
    if let Some(filter) = filter {
        subscribe = subscribe.attributes(FILTER, filter).attributes(SCOPE, scope(*filter_body));
    }
    if *raw {
        subscribe = subscribe.attributes(RAW, "true");
    }
    if let Some(queue) = dead_letter {
        subscribe = subscribe.attributes(DEAD_LETTERS, redrive(queue));
    }
    let created = subscribe.send().await?;
    require_str(created.subscription_arn(), SUBSCRIBE, "the subscription's ARN")
}

/// Changes what differs of a subscription.
pub(super) async fn set(ctx: &Context, arn: &str, from: &Spec, to: &Spec) -> Result<()> {
    for (name, value) in changed(from, to) {
        let set = ctx.clients.sns().set_subscription_attributes().subscription_arn(arn);
        set.attribute_name(name).set_attribute_value(value).send().await?;
    }
    Ok(())
}

/// Ends a subscription.
pub(super) async fn unsubscribe(ctx: &Context, arn: &str) -> Result<()> {
    if is_pending(arn) {
        return Ok(());
    }
    match ctx.clients.sns().unsubscribe().subscription_arn(arn).send().await.map_err(Into::into) {
        // It goes by itself [aws-facts-services: 3, TF].
        Err(error) if is_unconfirmed(&error) => Ok(()),
        response => SNS.ignore_not_found(response).map_err(|error| error.about(arn)),
    }
}

fn is_unconfirmed(error: &crate::aws::Error) -> bool {
    error.is("InvalidParameter") && error.says("pending confirmation")
}

const FILTER: &str = "FilterPolicy";
const SCOPE: &str = "FilterPolicyScope";
const RAW: &str = "RawMessageDelivery";
const DEAD_LETTERS: &str = "RedrivePolicy";

/// Between the name of the topic and where a subscription leads, in its name.
const TO: &str = " to ";

/// The entry that a subscription starts, as its name says.
pub(super) fn started(id: &ResourceId) -> Option<ResourceId> {
    match parts(&id.name)?.1.split_once(' ')? {
        (Function::NAME, called) => Some(ResourceId::new(Function::NAME, alias::parts(called).0)),
        (Queue::NAME, name) => Some(ResourceId::new(Queue::NAME, name)),
        _ => None,
    }
}

/// What a subscription is called within what it starts, or within its topic.
fn called(id: &ResourceId, _: Option<&Json>) -> String {
    match started(id) {
        Some(_) => format!("trigger topic {}", id.parent().map_or("", |topic| &topic.name)),
        None => format!("subscription {}", parts(&id.name).map_or("", |(_, to)| to)),
    }
}

/// The topic in the name of a subscription, and where that leads.
pub(super) fn parts(name: &str) -> Option<(&str, &str)> {
    name.split_once(TO)
}

/// The name of a subscription of a topic: it is unique in the stack, and says where it leads.
pub(super) fn named(topic: &str, to: &str) -> String {
    format!("{topic}{TO}{to}")
}

fn scope(body: bool) -> &'static str {
    if body { "MessageBody" } else { "MessageAttributes" }
}

fn redrive(queue: &str) -> String {
    json!({ "deadLetterTargetArn": queue }).to_string()
}

/// What SetSubscriptionAttributes is sent, one after the other; `None` takes an attribute away. A scope cannot be unset
/// [hazards: Q7], and without a filter it is not shown, so it is sent with each new filter. A nested filter needs its scope
/// before it, and the other scope a flat filter [aws-facts-services: 3].
fn changed(from: &Spec, to: &Spec) -> Vec<(&'static str, Option<String>)> {
    let filter = (from.filter != to.filter)
        .then(|| (FILTER, Some(to.filter.clone().unwrap_or_else(|| "{}".to_owned()))));
    let is_new = from.filter.is_none() && to.filter.is_some();
    let scope = (from.filter_body != to.filter_body || is_new)
        .then(|| (SCOPE, Some(scope(to.filter_body).to_owned())));
    let [first, second] = if to.filter_body { [scope, filter] } else { [filter, scope] };
    let raw = (from.raw != to.raw).then(|| (RAW, Some(to.raw.to_string())));
    let dead_letters =
        (from.dead_letter != to.dead_letter).then(|| (DEAD_LETTERS, to.dead_letter.as_deref().map(redrive)));
    [first, second, raw, dead_letters].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::observe::read_spec;
    use super::*;

    fn spec(filter: Option<&str>, filter_body: bool) -> Spec {
        Spec {
            topic: None,
            protocol: "sqs".to_owned(),
            endpoint: "arn:aws:sqs:x:1:q".to_owned(),
            filter: filter.map(str::to_owned),
            filter_body,
            raw: false,
            dead_letter: None,
        }
    }

    #[test]
    fn a_filter_and_its_scope_are_changed_in_an_order_that_is_valid() {
        let (none, flat, nested) =
            (spec(None, false), spec(Some(r#"{"a":[1]}"#), false), spec(Some(r#"{"a":{"b":[1]}}"#), true));
        let names = |from: &Spec, to: &Spec| {
            changed(from, to)
                .into_iter()
                .map(|(name, value)| (name, value.unwrap_or_default()))
                .collect::<Vec<_>>()
        };
        let scope = |scope: &str| (SCOPE, scope.to_owned());
        let filter = |filter: &str| (FILTER, filter.to_owned());
        assert_eq!(names(&flat, &nested), [scope("MessageBody"), filter(r#"{"a":{"b":[1]}}"#)]);
        assert_eq!(names(&nested, &flat), [filter(r#"{"a":[1]}"#), scope("MessageAttributes")]);
        assert_eq!(
            names(&none, &flat),
            [filter(r#"{"a":[1]}"#), scope("MessageAttributes")],
            "an old scope is hidden"
        );
        assert_eq!(names(&nested, &none), [filter("{}"), scope("MessageAttributes")]);
        assert_eq!(names(&flat, &none), [filter("{}")]);
        assert_eq!(names(&flat, &flat), []);
    }

    #[test]
    fn what_is_taken_away_has_no_value() {
        let with = Spec { raw: true, dead_letter: Some("arn:q".to_owned()), ..spec(None, false) };
        let sent = changed(&with, &spec(None, false));
        assert_eq!(sent, [(RAW, Some("false".to_owned())), (DEAD_LETTERS, None)]);
    }

    #[test]
    fn a_subscription_reads_as_aws_returns_it() {
        let attributes = [
            (FILTER, r#"{ "b": ["x"], "a": [1] }"#),
            (SCOPE, "MessageBody"),
            (RAW, "true"),
            (DEAD_LETTERS, r#"{"deadLetterTargetArn":"arn:q"}"#),
        ];
        let attributes = attributes.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let read = read_spec("sqs", "arn:aws:sqs:x:1:q", &attributes.into());
        assert_eq!(read.filter.as_deref(), Some(r#"{"a":[1],"b":["x"]}"#));
        assert_eq!((read.filter_body, read.raw, read.dead_letter.as_deref()), (true, true, Some("arn:q")));
        let bare = read_spec("sqs", "arn:aws:sqs:x:1:q", &Default::default());
        assert_eq!(bare, spec(None, false));
    }

    #[test]
    fn only_what_waits_for_its_confirmation_is_not_to_be_deleted() {
        let refused = |message| crate::aws::Error::refusal("", Some("InvalidParameter"), message);
        assert!(is_unconfirmed(&refused("… cannot unsubscribe a subscription that is pending confirmation")));
        assert!(!is_unconfirmed(&refused("Invalid parameter: SubscriptionId")));
    }
}
