//! Subscriptions of functions and queues of the stack at topics of others: of another stack, or of another account.
//!
//! They have no tags, and the topic has no sign of the stack either. One that the stack declares is ours, unless another account has
//! made it, or what it leads to is not ours. One that the stack has declared before is found by what admits the topic: a permission
//! of the function, or a statement in the policy of the queue. That comes before the subscription, and ends after it.

use super::function::Function;
use super::queue::Queue;
use super::read_each;
use super::subscription::{self, Spec, Subscription, named, parts, started};
use super::topic::{self, PRINCIPAL, SNS};
use crate::aws::tags;
use crate::aws::{Context, Error, Result, Service};
use crate::kind::{
    Features, Kind, Observation, ObservedOf, ObservedOption, On, OnExisting, Parent, Permission, Task, When,
    Which, Wire,
};
use crate::lower::{Call, sid_of};
use crate::model::{Observed, Owner, PhysicalId, ResourceId, Texts};
use crate::policy::Policy;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A subscription at a topic of others.
pub struct RemoteSubscription;

/// The attributes of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The ARN of the topic, and where it leads.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

const TOPICS: On = On::new("TopicsOfOthers", RemoteSubscription::NAME, Which::Field("topic"), &[]);

impl Kind for RemoteSubscription {
    const NAME: &'static str = "remote_subscription";
    const SERVICE: &'static Service = &SNS;
    const DEPENDS_ON: &'static [&'static str] = &["permission", "queue", "function", "alias"];
    const THEIRS_WITH: &'static [&'static str] = Subscription::OWNED_WITH;
    const ADMITTED: bool = Subscription::ADMITTED;
    const ON_EXISTING: OnExisting = Subscription::ON_EXISTING;
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("sns:ListSubscriptionsByTopic", Task::READ, &TOPICS).when(When::DECLARED),
        Permission::same("sns:GetSubscriptionAttributes", Task::READ, &On::EVERYTHING).when(When::DECLARED),
        Permission::same("sns:Subscribe", Task::CHANGE, &TOPICS).when(When::DECLARED),
        Permission::same("sns:SetSubscriptionAttributes", Task::CHANGE, &topic::SUBSCRIPTIONS)
            .when(When::DECLARED),
        Permission::same("sns:Unsubscribe", Task::DELETE, &topic::SUBSCRIPTIONS).when(When::DECLARED),
    ];
    const FEATURES: Features = Features {
        part_of: started,
        called: |id, _| {
            let topic = parts(&id.name).and_then(|(topic, _)| topic.rsplit(':').next());
            format!("trigger topic {}", topic.unwrap_or_default())
        },
        is_trigger: |_| true,
        wire: |_, spec| Wire::new(spec["topic"].as_str()?, spec["endpoint"].as_str()?),
        facts: Subscription::FEATURES.facts,
        ..Features::NONE
    };
    /// The endpoint is part of the name, so what leads elsewhere is another one.
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        let mut topics: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (topic, to) in ctx.scope.wanted(Self::NAME).filter_map(parts) {
            topics.entry(topic).or_default().push(to);
        }
        let found = read_each(topics.keys().copied(), async |topic| {
            match declared(ctx, topic, &topics[topic]).await {
                // Then only that account can end them, and what they send is refused when the permission is gone.
                Err(error) if ctx.scope.destroy && is_shut_out(ctx, topic, &error) => {
                    Ok(Some((Vec::new(), Some(error.to_string()))))
                }
                found => found.map(|found| found.map(|found| (found, None))),
            }
        });
        let (observed, shut_out): (Vec<_>, Vec<_>) = found.await?.into_iter().unzip();
        let observed = observed.into_iter().flatten().collect();
        Ok(Observation { observed, unreadable: shut_out.into_iter().flatten().next_back() })
    }

    async fn read(ctx: &Context, name: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        let Some((topic, to)) = parts(name) else { return Ok(None) };
        let found = SNS.not_found_as_none(at_topic(ctx, topic, &[to]).await)?;
        Ok(found.unwrap_or_default().pop())
    }

    /// A topic that the stack has declared by now has its subscriptions itself. Those at a topic whose account no longer lets this
    /// one in only that account can end.
    async fn find(ctx: &Context, name: &str) -> Result<ObservedOption<Self>> {
        let topic = parts(name).map(|(topic, _)| topic).unwrap_or_default();
        if account(topic) == ctx.scope.account {
            let tags = topic::list_tags(&ctx.clients, topic).await?;
            if tags.is_none_or(|tags| tags::owner(&tags, &ctx.scope) == Owner::Ours) {
                return Ok(None);
            }
        }
        match Self::read(ctx, name, None).await {
            Err(error) if is_shut_out(ctx, topic, &error) => Ok(None),
            found => found,
        }
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        let topic = spec.topic.as_deref().unwrap_or_default();
        let subscribed = subscription::subscribe(ctx, topic, spec).await;
        let arn = subscribed.map_err(|error| explained(ctx, topic, error))?;
        Ok(Attributes { name: id.name.clone(), arn })
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        subscription::set(ctx, &observed.attributes.arn, &observed.spec, to).await?;
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        subscription::unsubscribe(ctx, &observed.attributes.arn).await
    }
}

/// The physical id of the subscription that leads to a function, its alias, or a queue.
fn physical_id(topic: &str, kind: &str, name: &str) -> PhysicalId {
    PhysicalId::new(RemoteSubscription::NAME, named(topic, &format!("{kind} {name}")))
}

/// The account of the topic with an ARN.
fn account(topic: &str) -> &str {
    topic.split(':').nth(4).unwrap_or_default()
}

/// For what the topic with an ARN acts. One of the stack has its key alone there, so what admits it has another name.
fn purpose(topic: &str) -> String {
    format!("topic {} of {}", topic.rsplit(':').next().unwrap_or_default(), account(topic))
}

/// That a topic of others delivers there.
pub(super) fn delivers(on: ResourceId, topic: String) -> Call {
    Call { on, what: purpose(&topic), service: PRINCIPAL.into(), source: topic, account: false }
}

/// That a topic of others sends there what it cannot deliver. No subscription comes with that.
pub(super) fn sends_dead_letters(on: ResourceId, topic: String) -> Call {
    Call { what: format!("dead letters of {}", purpose(&topic)), ..delivers(on, topic) }
}

/// The subscription that has come with a permission which was made for that.
pub(super) fn of_permission(
    principal: &str,
    source: Option<&str>,
    called: &str,
    is_for: impl Fn(&str) -> bool,
) -> Option<PhysicalId> {
    let topic = source.filter(|topic| principal == PRINCIPAL && is_for(&purpose(topic)))?;
    Some(physical_id(topic, Function::NAME, called))
}

/// Those that have come with statements of the stack in the policy of a queue. One that only the stack file has, so that the owner
/// of a topic may subscribe, has another name.
pub(super) fn of_statements(policy: &Policy, queue: &str) -> Vec<PhysicalId> {
    let topic = |(sid, statement): (&String, Json)| {
        let topic = statement.pointer("/Condition/ArnEquals/aws:SourceArn")?.as_str()?.to_owned();
        let number = sid.strip_prefix(&sid_of(&purpose(&topic)))?;
        number.bytes().all(|byte| byte.is_ascii_digit()).then_some(topic)
    };
    let topics = policy.0.iter().filter_map(|(sid, statement)| topic((sid, statement.json())));
    topics.map(|topic| physical_id(&topic, Queue::NAME, queue)).collect()
}

/// What the stack declares at a topic, which must exist. Whether one of this account does is seen with all that the stack file
/// names of others.
async fn declared(
    ctx: &Context,
    topic: &str,
    to: &[&str],
) -> Result<Option<Vec<ObservedOf<RemoteSubscription>>>> {
    match SNS.not_found_as_none(at_topic(ctx, topic, to).await)? {
        None if account(topic) != ctx.scope.account && !ctx.scope.destroy => {
            Err(Error::state("the topic does not exist; correct its ARN, or have it created first"))
        }
        found => Ok(found),
    }
}

/// The subscriptions at a topic that lead to functions and queues of these names; an error if there is no such topic.
async fn at_topic(ctx: &Context, topic: &str, to: &[&str]) -> Result<Vec<ObservedOf<RemoteSubscription>>> {
    let found = subscription::at_topic(ctx, topic, to).await.map_err(|error| explained(ctx, topic, error))?;
    let observed = found.into_iter().map(|found| {
        let owner = match found.account {
            Some(other) => Owner::Unmanaged(format!("account {other} has subscribed it")),
            None => Owner::Ours,
        };
        let name = named(topic, &found.to);
        let attributes = Attributes { name: name.clone(), arn: found.arn };
        let id = ResourceId::new(RemoteSubscription::NAME, &name);
        let mut observed = Observed::new(id, &name, owner, found.spec, attributes);
        observed.refs = found.refs;
        observed
    });
    Ok(observed.collect())
}

/// True if the account of a topic does not let this one in.
fn is_shut_out(ctx: &Context, topic: &str, error: &Error) -> bool {
    account(topic) != ctx.scope.account && error.is_denied() && !error.says("identity-based policy")
}

/// The policy of a topic of another account must let this one in. What the deploying user's own policy lacks, AWS says.
fn explained(ctx: &Context, topic: &str, error: Error) -> Error {
    let owner = account(topic);
    if !is_shut_out(ctx, topic, &error) {
        return error;
    }
    let way = format!(
        "the topic is one of account {owner}: its policy must allow account {} `sns:Subscribe` and `sns:ListSubscriptionsByTopic`",
        ctx.scope.account
    );
    Error { message: format!("{} ({way})", error.message.trim_end()), ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:alarms";

    #[test]
    fn a_subscription_is_found_by_what_admits_it() {
        let of = |principal: &str, what: &str| {
            of_permission(principal, Some(TOPIC), "pager:live", |wanted| wanted == what).map(|found| found.id)
        };
        let name = format!("{TOPIC} to function pager:live");
        let what = "topic alarms of 111122223333";
        assert_eq!(of(PRINCIPAL, what), Some(name.clone()));
        assert_eq!(of(PRINCIPAL, "topic alarms"), None);
        assert_eq!(of("s3.amazonaws.com", what), None);
        let id = ResourceId::new(RemoteSubscription::NAME, name);
        assert_eq!(started(&id), Some(ResourceId::new(Function::NAME, "pager")));
    }

    /// A user may admit a topic whose owner subscribes the queue: that subscription is not the stack's.
    #[test]
    fn a_statement_of_the_stack_file_is_none_of_a_subscription() {
        let statement = r#"{"Sid":"SID","Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage",
            "Resource":"arn:aws:sqs:eu-west-1:123456789012:jobs","Condition":{"ArnEquals":{"aws:SourceArn":"ARN"}}}"#;
        let of = |sid: &str| {
            let document =
                format!(r#"{{"Statement":[{}]}}"#, statement.replace("SID", sid).replace("ARN", TOPIC));
            let policy = Policy::read("sqs:GetQueueAttributes", &document).expect("a policy");
            of_statements(&policy, "jobs").len()
        };
        let own = sid_of(&purpose(TOPIC));
        let all = [&format!("{own}2"), &format!("{own}Too"), "Alarms", "TopicAlarms", own.as_str()];
        assert_eq!(all.map(of), [1, 0, 0, 0, 1]);
    }
}
