//! Changes of a stream. Each is a call of its own, which Kinesis takes only from a stream that is not being changed
//! [aws-facts-services: 6, TF].

use super::observe::{describe, spec};
use super::{KINESIS, Shards, Spec};
use crate::aws::tags::Tags;
use crate::aws::wait::{Backoff, Poll, retry_if, wait_until};
use crate::aws::{Context, Error, Result};
use crate::model::{ResourceId, Text};
use crate::policy::Policy;
use aws_sdk_kinesis::types::{
    EncryptionType, ScalingType, StreamDescriptionSummary as Summary, StreamMode, StreamModeDetails,
    StreamStatus,
};

/// Waits until the stream can be changed and used. Right after a create, reads may not show it yet.
pub(super) async fn ready(ctx: &Context, id: &ResourceId) -> Result<Summary> {
    wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
        Ok(match describe(&ctx.clients, &id.name).await? {
            Some(summary) if *summary.stream_status() == StreamStatus::Active => Poll::Ready(summary),
            Some(summary) => Poll::Pending(summary.stream_status().as_str().to_owned()),
            None => Poll::Pending("not shown by Kinesis yet".to_owned()),
        })
    })
    .await
}

/// Repeats a call while Kinesis refuses it for a reason that passes.
pub(super) async fn once_possible<T, F: Future<Output = Result<T>>>(
    ctx: &Context,
    id: &ResourceId,
    call: impl Fn() -> F,
) -> Result<T> {
    let passing = |error: &Error| KINESIS.transient(error);
    retry_if(Backoff::state(ctx.local), ctx.waiting(id), passing, call).await
}

/// What Kinesis is sent of how much a stream takes in.
pub(super) fn mode(shards: Shards) -> Result<StreamModeDetails> {
    let mode = match shards {
        Shards::OnDemand => StreamMode::OnDemand,
        Shards::Count(_) => StreamMode::Provisioned,
    };
    Ok(StreamModeDetails::builder().stream_mode(mode).build()?)
}

pub(super) fn shard_count(shards: Shards) -> Option<i32> {
    match shards {
        Shards::OnDemand => None,
        Shards::Count(count) => Some(count),
    }
}

/// One change of a stream.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    Mode(Shards),
    Count(i32),
    Longer(i32),
    Shorter(i32),
    Encrypt(String),
    /// The key that encrypts it no more.
    Decrypt(String),
}

/// The next change that makes one stream another; `None` if they are equal but for their tags and their policy. Each follows from what Kinesis
/// shows, so a run that was killed in between is continued by the next one.
fn next(from: &Spec, to: &Spec) -> Option<Step> {
    match (from.shards, to.shards) {
        (Shards::Count(from), Shards::Count(to)) if from != to => {
            return Some(Step::Count(next_count(from, to)));
        }
        (Shards::Count(_), Shards::OnDemand) | (Shards::OnDemand, Shards::Count(_)) => {
            return Some(Step::Mode(to.shards));
        }
        _ => {}
    }
    if from.retention != to.retention {
        let change = if from.retention < to.retention { Step::Longer } else { Step::Shorter };
        return Some(change(to.retention));
    }
    match (&from.kms_key, &to.kms_key) {
        (from, Some(to)) if from.as_ref() != Some(to) => Some(Step::Encrypt(to.clone())),
        (Some(from), None) => Some(Step::Decrypt(from.clone())),
        _ => None,
    }
}

/// At most twice as many shards at a time, and at least half as many [M: UpdateShardCount].
pub(super) fn next_count(from: i32, to: i32) -> i32 {
    to.clamp(from / 2 + from % 2, from.saturating_mul(2))
}

/// More changes than make any stream of any other one: from one shard to the most that there can be are 14 of them.
const MAX_STEPS: usize = 32;

/// Makes one change after the other, and waits for each. They end where Kinesis takes changes and shows none.
pub(super) async fn set(ctx: &Context, id: &ResourceId, from: &Spec, to: &Spec) -> Result<()> {
    let mut live = Spec { resource_policy: Policy::default(), tags: Tags::new(), ..from.clone() };
    for _ in 0..MAX_STEPS {
        let Some(step) = next(&live, to) else { return Ok(()) };
        live = take(ctx, id, &step, &live).await?;
    }
    let message =
        format!("Kinesis has accepted {MAX_STEPS} changes of the stream, and it is still another one");
    Err(Error::state(format!("{message}; run the command again to continue")))
}

/// Makes a change, and waits for it. If the response was lost and the SDK has sent it again, it may be refused although it was made.
async fn take(ctx: &Context, id: &ResourceId, step: &Step, before: &Spec) -> Result<Spec> {
    let sent = once_possible(ctx, id, async || send(ctx, id, step).await).await;
    let live = spec(&ready(ctx, id).await?, Policy::default(), Tags::new());
    match sent {
        Err(error) if live == *before => Err(error),
        _ => Ok(live),
    }
}

async fn send(ctx: &Context, id: &ResourceId, step: &Step) -> Result<()> {
    let (kinesis, name) = (ctx.clients.kinesis(), &id.name);
    match step {
        Step::Mode(shards) => {
            let arn = ready(ctx, id).await?.stream_arn;
            kinesis.update_stream_mode().stream_arn(arn).stream_mode_details(mode(*shards)?).send().await?;
        }
        Step::Count(count) => {
            let update = kinesis.update_shard_count().stream_name(name).target_shard_count(*count);
            update.scaling_type(ScalingType::UniformScaling).send().await?;
        }
        Step::Longer(hours) => {
            let increase = kinesis.increase_stream_retention_period().stream_name(name);
            increase.retention_period_hours(*hours).send().await?;
        }
        Step::Shorter(hours) => {
            let decrease = kinesis.decrease_stream_retention_period().stream_name(name);
            decrease.retention_period_hours(*hours).send().await?;
        }
        Step::Encrypt(key) => {
            let start = kinesis.start_stream_encryption().stream_name(name);
            start.encryption_type(EncryptionType::Kms).key_id(key).send().await?;
        }
        Step::Decrypt(key) => {
            let stop = kinesis.stop_stream_encryption().stream_name(name);
            stop.encryption_type(EncryptionType::Kms).key_id(key).send().await?;
        }
    }
    Ok(())
}

/// What a plan says of an update besides.
pub(super) fn note(from: &Spec, to: &Spec<Text>) -> Option<String> {
    (to.retention < from.retention)
        .then(|| format!("records that are older than {} hours are lost", to.retention))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(shards: Shards, retention: i32, key: Option<&str>) -> Spec {
        let (kms_key, resource_policy) = (key.map(str::to_owned), Policy::default());
        Spec { shards, retention, kms_key, resource_policy, tags: Tags::new() }
    }

    #[test]
    fn every_stream_is_reached_in_time() {
        let (mut live, to) =
            (spec(Shards::Count(1), 24, None), spec(Shards::Count(10_000), 48, Some("alias/a")));
        let mut steps = 0;
        while let Some(step) = next(&live, &to) {
            match step {
                Step::Count(count) => live.shards = Shards::Count(count),
                Step::Longer(hours) => live.retention = hours,
                Step::Encrypt(key) => live.kms_key = Some(key),
                other => panic!("{other:?}"),
            }
            steps += 1;
        }
        assert_eq!(steps, 16);
        assert!(steps < MAX_STEPS);
    }

    #[test]
    fn one_change_follows_the_other() {
        let from = spec(Shards::OnDemand, 24, Some("alias/a"));
        let to = spec(Shards::Count(4), 48, None);
        assert_eq!(next(&from, &to), Some(Step::Mode(Shards::Count(4))));
        let from = Spec { shards: Shards::Count(9), ..from };
        assert_eq!(next(&from, &to), Some(Step::Count(5)));
        let from = Spec { shards: Shards::Count(4), ..from };
        assert_eq!(next(&from, &to), Some(Step::Longer(48)));
        assert_eq!(next(&to, &from), Some(Step::Shorter(24)));
        let from = Spec { retention: 48, ..from };
        assert_eq!(next(&from, &to), Some(Step::Decrypt("alias/a".to_owned())));
        let other = Spec { kms_key: Some("alias/b".to_owned()), ..to.clone() };
        assert_eq!(next(&from, &other), Some(Step::Encrypt("alias/b".to_owned())));
        assert_eq!(next(&to, &other), Some(Step::Encrypt("alias/b".to_owned())));
        assert_eq!(next(&to, &Spec { tags: [("a".to_owned(), "b".to_owned())].into(), ..to.clone() }), None);
    }
}
