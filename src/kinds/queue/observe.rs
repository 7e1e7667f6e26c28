//! A queue as SQS shows it.

use super::change::REUSE;
use super::{Attributes, DeadLetter, Encryption, Queue, RedriveFrom, SQS, Spec};
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, Poll, wait_until};
use crate::aws::{Class, Clients, Context, Result};
use crate::kind::{Kind, ObservedOf, ObservedOption};
use crate::kinds::{mark, remote_subscription, require_str, statements, unmanaged};
use crate::model::{Observed, PhysicalId, ResourceId};
use crate::policy::Policy;
use aws_sdk_sqs::types::QueueAttributeName as Name;
use futures_util::try_join;
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap};

/// A new queue, as soon as reads show it.
pub(super) async fn shown(ctx: &Context, id: &ResourceId) -> Result<ObservedOf<Queue>> {
    wait_until(Backoff::VISIBILITY, ctx.waiting(id), async || {
        Ok(match read(ctx, &id.name).await? {
            Some(observed) => Poll::Ready(observed),
            None => Poll::Pending("not shown by SQS yet".to_owned()),
        })
    })
    .await
}

/// Waits until reads show a change, which takes up to 60 seconds. Where it takes longer than usual nothing is wrong, so that is
/// no error [aws-facts: SQS; hazards: Q4].
pub(super) async fn once_changed(
    ctx: &Context,
    id: &ResourceId,
    url: &str,
    is_shown: impl Fn(&Live) -> bool,
) -> Result<()> {
    let look = async || {
        let is_shown = live(ctx, url).await?.is_none_or(|live| is_shown(&live));
        Ok(if is_shown { Poll::Ready(()) } else { Poll::Pending("not shown by SQS yet".to_owned()) })
    };
    match wait_until(Backoff::VISIBILITY, ctx.waiting(id), look).await {
        Err(error) if error.class == Class::Timeout => Ok(()),
        result => result,
    }
}

/// The URL of a queue; `None` if it does not exist.
pub(super) async fn url(clients: &Clients, name: &str) -> Result<Option<String>> {
    let response = SQS.not_found_as_none(clients.sqs().get_queue_url().queue_name(name).send().await)?;
    let url = response.map(|response| require_str(response.queue_url(), "sqs:GetQueueUrl", "the URL"));
    url.transpose()
}

/// The tags of a queue; `None` if it does not exist.
pub(super) async fn list_tags(clients: &Clients, url: &str) -> Result<Option<Tags>> {
    let response = SQS.not_found_as_none(clients.sqs().list_queue_tags().queue_url(url).send().await)?;
    Ok(response.map(|response| response.tags.unwrap_or_default().into_iter().collect()))
}

/// The name of a queue of this account and region, from its ARN.
pub(super) fn name_in<'a>(ctx: &Context, arn: &'a str) -> Option<&'a str> {
    arn.strip_prefix(&ctx.scope.expand(Queue::ARN, ""))
}

pub(super) async fn read(ctx: &Context, name: &str) -> Result<ObservedOption<Queue>> {
    let Some(url) = url(&ctx.clients, name).await? else { return Ok(None) };
    let (live, tags) = try_join!(live(ctx, &url), list_tags(&ctx.clients, &url))?;
    let (Some(live), Some(tags)) = (live, tags) else { return Ok(None) };
    let created = live.text(&Name::CreatedTimestamp).parse().ok();
    let again = async || Ok(list_tags(&ctx.clients, &url).await?.unwrap_or_default());
    let tags = tags::settled(ctx, &ResourceId::new(Queue::NAME, name), created, tags, again).await?;
    let owner = tags::owner(&tags, &ctx.scope);
    let mark = mark::begin(&ctx.scope.identity);
    let spec = live.spec(tags::compared(tags, &ctx.scope, &ResourceId::new(Queue::NAME, name)), &mark)?;
    let target = spec.dead_letter.as_ref().and_then(|dead_letter| name_in(ctx, &dead_letter.queue));
    let refs = target.map(|target| PhysicalId::new(Queue::NAME, target)).into_iter().collect();
    let arn = require_str(Some(live.text(&Name::QueueArn)), "sqs:GetQueueAttributes", "the queue's ARN")?;
    let attributes = Attributes { name: name.to_owned(), arn, url };
    let mut observed = Observed::new(ResourceId::new(Queue::NAME, name), name, owner, spec, attributes);
    observed.refs = refs;
    observed.hints = remote_subscription::of_statements(&observed.spec.policy, name);
    observed.created = created;
    observed.contains_data = live.contains_messages().then(|| "its messages".to_owned());
    observed.unmanaged_settings = live.by_hand(&mark)?;
    Ok(Some(observed))
}

/// The attributes of a queue; `None` if it does not exist.
pub(super) async fn live(ctx: &Context, url: &str) -> Result<Option<Live>> {
    let get = ctx.clients.sqs().get_queue_attributes().queue_url(url).attribute_names(Name::All);
    let response = SQS.not_found_as_none(get.send().await)?;
    Ok(response.map(|response| Live(response.attributes.unwrap_or_default())))
}

/// The attributes of a queue as SQS returns them: texts.
pub(super) struct Live(pub(super) HashMap<Name, String>);

impl Live {
    pub(super) fn text(&self, name: &Name) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    pub(super) fn number(&self, name: &Name) -> i32 {
        self.text(name).parse().unwrap_or_default()
    }

    /// What it is, with the statements of the stack with a mark.
    pub(super) fn spec(&self, tags: Tags, mark: &str) -> Result<Spec> {
        Ok(Spec {
            visibility_timeout: self.number(&Name::VisibilityTimeout),
            retention: self.number(&Name::MessageRetentionPeriod),
            delay: self.number(&Name::DelaySeconds),
            receive_wait: self.number(&Name::ReceiveMessageWaitTimeSeconds),
            max_message_size: self.number(&Name::MaximumMessageSize),
            fifo: self.text(&Name::FifoQueue) == "true",
            content_deduplication: self.text(&Name::ContentBasedDeduplication) == "true",
            high_throughput: self.text(&Name::FifoThroughputLimit) == "perMessageGroupId",
            dead_letter: self.dead_letter(),
            redrive_from: self.redrive_from(),
            encryption: self.encryption(),
            policy: statements::own(self.policy()?, mark),
            tags,
        })
    }

    /// The whole policy.
    pub(super) fn policy(&self) -> Result<Policy> {
        match self.text(&Name::Policy) {
            "" => Ok(Policy::default()),
            document => Policy::read("sqs:GetQueueAttributes", document),
        }
    }

    /// A JSON document in an attribute.
    fn json(&self, name: &Name) -> Json {
        serde_json::from_str(self.text(name)).unwrap_or_default()
    }

    /// The count may be a text or a number [aws-facts: SQS, mem].
    fn dead_letter(&self) -> Option<DeadLetter> {
        let policy = self.json(&Name::RedrivePolicy);
        let (queue, count) = (policy["deadLetterTargetArn"].as_str()?, &policy["maxReceiveCount"]);
        let after = count.as_i64().or_else(|| count.as_str()?.parse().ok())?;
        Some(DeadLetter { queue: queue.to_owned(), after: after.try_into().ok()? })
    }

    fn redrive_from(&self) -> RedriveFrom {
        let policy = self.json(&Name::RedriveAllowPolicy);
        let queues = policy["sourceQueueArns"].as_array().into_iter().flatten();
        match policy["redrivePermission"].as_str() {
            Some("denyAll") => RedriveFrom::None,
            Some("byQueue") => {
                RedriveFrom::Only(queues.filter_map(|arn| arn.as_str().map(str::to_owned)).collect())
            }
            _ => RedriveFrom::All,
        }
    }

    /// Only an explicit `false` means that a queue without a key is not encrypted: some clouds do not show the attribute.
    fn encryption(&self) -> Encryption {
        match (self.text(&Name::KmsMasterKeyId), self.text(&Name::SqsManagedSseEnabled)) {
            ("", "false") => Encryption::None,
            ("", _) => Encryption::Sqs,
            (key, _) => Encryption::Kms(key.to_owned()),
        }
    }

    pub(super) fn contains_messages(&self) -> bool {
        let all = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ];
        all.iter().any(|name| self.number(name) > 0)
    }

    /// The settings that nothing manages. Without a key SQS does not show for how long it uses a data key [hazards: Q4].
    pub(super) fn by_hand(&self, mark: &str) -> Result<BTreeMap<String, String>> {
        let reuse = self.0.get(&Name::KmsDataKeyReusePeriodSeconds).map(String::as_str);
        let others = statements::of_others(self.policy()?, mark);
        Ok(unmanaged([("data_key_reuse_seconds", reuse, REUSE)]).into_iter().chain(others).collect())
    }
}
