//! What SQS is sent for a queue.

use super::observe::{live, name_in, once_changed};
use super::{DeadLetter, Encryption, Queue, RedriveFrom, SQS, Spec};
use crate::aws::{Context, Error, Result};
use crate::kind::Kind;
use crate::kinds::assumable::once_known;
use crate::kinds::permission::note_admission;
use crate::kinds::statements;
use crate::model::{PhysicalId, ResourceId};
use crate::policy::Policy;
use aws_sdk_sqs::types::QueueAttributeName as Name;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};

/// The attributes of a spec in the form of SQS. A text that is empty stands for none.
pub(super) fn sent(spec: &Spec) -> BTreeMap<Name, String> {
    let Spec {
        visibility_timeout,
        retention,
        delay,
        receive_wait,
        max_message_size,
        fifo,
        content_deduplication,
        high_throughput,
        dead_letter,
        redrive_from,
        encryption,
        // It may have statements of others, so it is merged.
        policy: _,
        tags: _,
    } = spec;
    let mut all = BTreeMap::from([
        (Name::VisibilityTimeout, visibility_timeout.to_string()),
        (Name::MessageRetentionPeriod, retention.to_string()),
        (Name::DelaySeconds, delay.to_string()),
        (Name::ReceiveMessageWaitTimeSeconds, receive_wait.to_string()),
        (Name::MaximumMessageSize, max_message_size.to_string()),
        (Name::RedrivePolicy, dead_letter.as_ref().map(DeadLetter::json).unwrap_or_default()),
        (Name::RedriveAllowPolicy, sources(redrive_from)),
    ]);
    // Only a FIFO queue has these attributes at all.
    if *fifo {
        let [scope, limit] =
            if *high_throughput { ["messageGroup", "perMessageGroupId"] } else { ["queue", "perQueue"] };
        all.insert(Name::FifoQueue, fifo.to_string());
        all.insert(Name::ContentBasedDeduplication, content_deduplication.to_string());
        all.insert(Name::DeduplicationScope, scope.to_owned());
        all.insert(Name::FifoThroughputLimit, limit.to_owned());
    }
    match encryption {
        // The two sorts exclude each other: a key replaces the other sort without a word, and nothing else is accepted in
        // the same call [hazards: Q5].
        Encryption::Kms(key) => all.insert(Name::KmsMasterKeyId, key.clone()),
        other => {
            all.insert(Name::KmsMasterKeyId, String::new());
            all.insert(Name::SqsManagedSseEnabled, (*other == Encryption::Sqs).to_string())
        }
    };
    all
}

/// For how many seconds SQS uses a data key by default [aws-facts: SQS].
pub(super) const REUSE: &str = "300";

/// What SetQueueAttributes is sent, which leaves alone what it does not name [aws-facts: Clearing a field].
pub(super) fn changed(from: &Spec, to: &Spec) -> HashMap<Name, String> {
    let (from, to) = (sent(from), sent(to));
    let pair = [Name::DeduplicationScope, Name::FifoThroughputLimit];
    let differs = |name: &Name| from.get(name) != to.get(name);
    let is_sent = |name: &Name| match name {
        Name::FifoQueue => false,
        // Each is valid with some values of the other only [hazards: Q6].
        name if pair.contains(name) => pair.iter().any(differs),
        name => differs(name),
    };
    let sent = to.iter().filter(|(name, _)| is_sent(name)).map(|(name, text)| (name.clone(), text.clone()));
    let mut sent: HashMap<Name, String> = sent.collect();
    // Another key begins with the default, as in a new queue. Without a key the setting is accepted and lost [hazards: Q4].
    if sent.get(&Name::KmsMasterKeyId).is_some_and(|key| !key.is_empty()) {
        sent.insert(Name::KmsDataKeyReusePeriodSeconds, REUSE.to_owned());
    }
    sent
}

impl DeadLetter {
    fn json(&self) -> String {
        json!({ "deadLetterTargetArn": self.queue, "maxReceiveCount": self.after }).to_string()
    }
}

/// Changes attributes.
pub(super) async fn set(
    ctx: &Context,
    id: &ResourceId,
    url: &str,
    to: &Spec,
    attributes: HashMap<Name, String>,
) -> Result<()> {
    once_accepted(ctx, id, to, async || {
        let set = ctx.clients.sqs().set_queue_attributes().queue_url(url);
        set.set_attributes(Some(attributes.clone())).send().await?;
        Ok(())
    })
    .await
}

/// Sets the stack's statements in the policy, and keeps those of others.
pub(super) async fn set_policy(ctx: &Context, id: &ResourceId, url: &str, to: &Spec) -> Result<()> {
    note_admission(ctx, &id.name);
    let read = async || Ok(live(ctx, url).await?.map(|live| live.policy()).transpose()?.unwrap_or_default());
    let merge = |live: &Policy| statements::merged(live, &to.policy, &ctx.scope.identity);
    let write = async |policy: Policy| {
        set(ctx, id, url, to, [(Name::Policy, document(&policy))].into()).await?;
        once_changed(ctx, id, url, |live| live.policy().is_ok_and(|live| live == policy)).await
    };
    ctx.edit_document(&format!("the policy of {id}"), read, merge, write).await
}

/// The text of a policy; empty where it has no statement.
pub(super) fn document(policy: &Policy) -> String {
    if policy.0.is_empty() { String::new() } else { policy.document() }
}

/// The queues whose dead letters a queue takes, in the form of SQS: by default all.
pub(super) fn sources(queues: &RedriveFrom) -> String {
    match queues {
        RedriveFrom::All => String::new(),
        RedriveFrom::None => json!({ "redrivePermission": "denyAll" }).to_string(),
        RedriveFrom::Only(arns) => {
            json!({ "redrivePermission": "byQueue", "sourceQueueArns": arns }).to_string()
        }
    }
}

/// For how many seconds some calls may not know a new queue [hazards: Q1], with room.
pub(super) const YOUNG: u64 = 60;

/// Repeats a call while it is refused for a reason that passes.
pub(super) async fn once_accepted<T, F: Future<Output = Result<T>>>(
    ctx: &Context,
    id: &ResourceId,
    spec: &Spec,
    call: impl Fn() -> F,
) -> Result<T> {
    let own = ctx.created.has(&PhysicalId::new(Queue::NAME, &id.name));
    let target = spec.dead_letter.as_ref().and_then(|dead_letter| name_in(ctx, &dead_letter.queue));
    // What the stack declares was created before this queue.
    let target_exists = target.is_some_and(|target| ctx.scope.wants(Queue::NAME, target));
    let passing = |error: &Error, names_fresh_role: bool| {
        let unknown = (own && SQS.is_absent(error)).then_some("not every call finds the new queue yet");
        // [hazards: Q2]
        let redrive = error.is("InvalidParameterValue") && error.says("RedrivePolicy") && target_exists;
        let redrive = redrive.then_some("SQS does not know the dead-letter queue yet");
        let policy = (error.is("InvalidAttributeValue") && error.says("Policy"))
            || (error.is_server_error() && !error.has_aws_message());
        let policy = (policy && names_fresh_role).then_some("SQS does not know a role of the policy yet");
        SQS.transient(error).or(unknown).or(redrive).or(policy)
    };
    once_known(ctx, id, &spec.policy, passing, call).await
}
