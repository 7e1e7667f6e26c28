//! Kinesis data streams.

mod acts;
mod change;
mod observe;
mod policy;
pub mod section;

use self::change::{once_possible, ready, set, shard_count};
use self::observe::{describe, read};
use super::apart::HAS_POLICY;
use super::{read_each, require_str};
use crate::aws::clients::client;
use crate::aws::limit::target;
use crate::aws::tags::Tags;
use crate::aws::wait::{Backoff, Poll, wait_until};
use crate::aws::{Clients, Context, Error, Errors, Quota, Refusal, Result, Service};
use crate::kind::{
    AdoptedBy, Features, Kind, Observation, ObservedOf, ObservedOption, On, Output, OwnListing, Owned,
    Parent, Permission, Tagging, Task, UpdateOf, When, Which,
};
use crate::model::{ResourceId, Texts};
use crate::policy::Policy;
use aws_sdk_kinesis::types::StreamStatus;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::sync::atomic::{AtomicBool, Ordering};

/// Each of these calls has a quota of its own, says its documentation; they are in the order of [`PACED`].
pub(crate) static KINESIS: Service = Service {
    quotas: &[FEW, FEW, FEW, FEW, Quota { per_second: 20.0, burst: 20.0 }],
    quota_of: |request| PACED.iter().position(|operation| *operation == target(request)),
    errors: Errors {
        not_found: &[Refusal::Code("ResourceNotFound")],
        exists: &[Refusal::Saying("ResourceInUse", "already exist")],
        transient: &[
            (Refusal::Code("ResourceInUse"), "the stream is being changed"),
            // [aws-facts-services: 6, M]
            (Refusal::Saying("LimitExceeded", AT_A_TIME), "Kinesis creates five streams at a time"),
        ],
        passing_limits: &[AT_A_TIME],
    },
    ..Service::new("Kinesis", "kinesis")
};

const FEW: Quota = Quota { per_second: 5.0, burst: 5.0 };
const PACED: [&str; 5] =
    ["CreateStream", "DeleteStream", "AddTagsToStream", "ListTagsForStream", "DescribeStreamSummary"];
/// What Kinesis says where too many streams are being created.
const AT_A_TIME: &str = "simultaneously";

impl Clients {
    /// The client of Kinesis.
    pub fn kinesis(&self) -> aws_sdk_kinesis::Client {
        client!(self, &KINESIS, aws_sdk_kinesis)
    }
}

/// A data stream.
pub struct Stream;

/// The desired state of a stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Texts")]
pub struct Spec<T = String> {
    /// How much it takes in.
    pub shards: Shards,
    /// For how many hours a record is kept.
    pub retention: i32,
    /// The key in KMS that encrypts it, as the stack file names it.
    pub kms_key: Option<String>,
    /// Whom it admits.
    pub resource_policy: Policy<T>,
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// How much a stream takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shards {
    /// As much as comes, within Kinesis's limits.
    OnDemand,
    /// As much as so many shards take.
    Count(i32),
}

/// The attributes of a stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

/// What Kinesis has where nothing is said: for how many hours it keeps records [aws-facts-services: 6].
const RETENTION: i32 = 24;

const ANY: On = On::new("ReadStream", Stream::NAME, Which::Any, &[Stream::ARN]);
const DECLARED: On = On::new("Streams", Stream::NAME, Which::Declared, &[Stream::ARN]);
/// Changes of the capacity are about no resource [Service Authorization Reference: Kinesis].
const CAPACITY: On = On::new("StreamCapacity", Stream::NAME, Which::Within, &["*"]);
const OWNED: On = On::new("MarkedStreams", Stream::NAME, Which::Owned(""), &[Stream::ARN]);

/// What a plan says of a new stream.
fn facts(spec: &Json) -> Vec<String> {
    vec![match spec["shards"]["count"].as_i64() {
        Some(1) => "1 shard".to_owned(),
        Some(count) => format!("{count} shards"),
        None => "on demand".to_owned(),
    }]
}

impl Kind for Stream {
    const NAME: &'static str = "stream";
    const SERVICE: &'static Service = &KINESIS;
    const DATA: Option<&'static str> = Some("all of its records");
    /// Kinesis creates five streams at a time [aws-facts-services: 6, M].
    const MAX_CONCURRENCY: usize = 5;
    const SECTION: &'static str = "streams";
    const ARN: &'static str = "arn:{partition}:kinesis:{region}:{account}:stream/{name}";
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("kinesis:DescribeStreamSummary", Task::READ, &ANY).when(When::DECLARED),
        Permission::same("kinesis:ListTagsForStream", Task::READ, &ANY).when(When::DECLARED),
        // A stack that no longer has a policy is deployed with the deploy policy of when it had one.
        Permission::same("kinesis:GetResourcePolicy", Task::READ, &ANY).when(HAS_POLICY),
        Permission::same("kinesis:ListShards", Task::TEARDOWN, &OWNED).when(When::DECLARED),
        Permission::same("kinesis:GetShardIterator", Task::TEARDOWN, &OWNED).when(When::DECLARED),
        Permission::same("kinesis:GetRecords", Task::TEARDOWN, &OWNED).when(When::DECLARED),
        // A stream with tags takes the second action, and TagResource does not do [aws-facts-services: 6, M].
        Permission::of(
            "kinesis:CreateStream",
            Task::CHANGE,
            &[("kinesis:CreateStream", &DECLARED), ("kinesis:AddTagsToStream", &DECLARED)],
        )
        .when(When::DECLARED),
        Permission::same("kinesis:AddTagsToStream", Task::CHANGE, &DECLARED).when(When::DECLARED),
        Permission::same("kinesis:UpdateStreamMode", Task::CHANGE, &CAPACITY).when(When::DECLARED),
        Permission::same("kinesis:UpdateShardCount", Task::CHANGE, &CAPACITY)
            .when(When::Some(|spec| spec["shards"]["count"].is_number())),
        Permission::same("kinesis:IncreaseStreamRetentionPeriod", Task::CHANGE, &DECLARED)
            .when(When::Some(|spec| spec["retention"].as_i64() > Some(RETENTION.into()))),
        Permission::same("kinesis:DecreaseStreamRetentionPeriod", Task::CHANGE, &DECLARED)
            .when(When::DECLARED),
        Permission::same("kinesis:StartStreamEncryption", Task::CHANGE, &DECLARED)
            .when(When::Some(|spec| spec["kms_key"].is_string())),
        Permission::same("kinesis:StopStreamEncryption", Task::CHANGE, &DECLARED)
            .when(When::Some(|spec| spec["kms_key"].is_null())),
        Permission::same("kinesis:RemoveTagsFromStream", Task::CHANGE, &DECLARED).when(HAS_POLICY),
        Permission::same("kinesis:PutResourcePolicy", Task::CHANGE, &DECLARED).when(HAS_POLICY),
        Permission::same("kinesis:DeleteResourcePolicy", Task::CHANGE, &DECLARED).when(HAS_POLICY),
        Permission::same("kinesis:DeleteStream", Task::DELETE, &OWNED).when(When::DECLARED),
    ];
    const TAGGING: Option<Tagging> =
        Some(Tagging { resource_type: "kinesis:stream", prefix: "stream/", own_listing: OwnListing::Never });
    const FEATURES: Features = Features {
        adopted_by: Some(AdoptedBy::Name),
        acts: &[&acts::SEND],
        outputs: &[Output::new("streams.NAME", "arn")],
        counted: true,
        facts,
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        Ok(read_each(ctx.scope.wanted(Self::NAME), |name| read(ctx, name)).await?.into())
    }

    async fn read(ctx: &Context, name: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        read(ctx, name).await
    }

    async fn settle(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        ready(ctx, &observed.id).await.map(drop)
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        once_possible(ctx, id, async || {
            let create = ctx.clients.kinesis().create_stream().stream_name(&id.name);
            let create = create.stream_mode_details(change::mode(spec.shards)?);
            let create = create.set_shard_count(shard_count(spec.shards));
            create.set_tags(Some(spec.tags.clone().into_iter().collect())).send().await?;
            Ok(())
        })
        .await?;
        let summary = ready(ctx, id).await?;
        let new = Spec { retention: RETENTION, kms_key: None, ..spec.clone() };
        set(ctx, id, &new, spec).await?;
        let arn = Some(summary.stream_arn());
        let arn = require_str(arn, "kinesis:DescribeStreamSummary", "the stream's ARN")?;
        if !spec.resource_policy.0.is_empty() {
            policy::put(ctx, id, &arn, &spec.resource_policy).await?;
        }
        Ok(Attributes { name: id.name.clone(), arn })
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let (id, from) = (&observed.id, &observed.spec);
        set(ctx, id, from, to).await?;
        let (before, after) = ((&from.tags, &from.resource_policy), (&to.tags, &to.resource_policy));
        policy::set(ctx, id, &observed.attributes.arn, before, after).await?;
        Ok(observed.attributes.clone())
    }

    fn update_note(update: &UpdateOf<Self>) -> Option<String> {
        change::note(update.from, update.to)
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        let (id, name, sent) = (&observed.id, &observed.physical_id, AtomicBool::new(false));
        wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
            let Some(summary) = describe(&ctx.clients, name).await? else { return Ok(Poll::Ready(())) };
            let status = summary.stream_status();
            // It is deleted only where it is not being changed; a delete that was lost may have arrived.
            if *status == StreamStatus::Active && !sent.load(Ordering::Relaxed) {
                let delete = ctx.clients.kinesis().delete_stream().stream_name(name);
                let delete = delete.enforce_consumer_deletion(true).send().await;
                match KINESIS.ignore_not_found(delete) {
                    Err(error) if KINESIS.transient(&error).is_none() => return Err(error),
                    deleted => sent.store(deleted.is_ok(), Ordering::Relaxed),
                }
            }
            Ok(Poll::Pending(status.as_str().to_owned()))
        })
        .await
    }

    async fn inventory(clients: &Clients, tagged: Vec<Owned>) -> Result<Vec<Owned>> {
        let existing = tagged.into_iter().map(async |stream: Owned| {
            let summary = describe(clients, &stream.physical_id.id).await?;
            let summary = summary.filter(|summary| *summary.stream_status() != StreamStatus::Deleting);
            Ok::<_, Error>(summary.map(|_| stream))
        });
        Ok(try_join_all(existing).await?.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::change::next_count;
    use super::*;

    #[test]
    fn a_count_of_shards_is_at_most_doubled_or_halved_at_a_time() {
        let steps = |mut from: i32, to: i32| {
            let mut steps = Vec::new();
            while from != to {
                from = next_count(from, to);
                steps.push(from);
            }
            steps
        };
        assert_eq!(steps(1, 5), [2, 4, 5]);
        assert_eq!(steps(9, 2), [5, 3, 2]);
        assert_eq!(steps(3, 1), [2, 1]);
        assert_eq!(steps(4, 4), [0; 0]);
    }

    #[test]
    fn what_a_plan_says_of_a_new_stream() {
        let facts = |shards: Shards| facts(&serde_json::json!({ "shards": shards })).join(", ");
        assert_eq!(facts(Shards::Count(1)), "1 shard");
        assert_eq!(facts(Shards::Count(4)), "4 shards");
        assert_eq!(facts(Shards::OnDemand), "on demand");
    }

    #[test]
    fn each_quota_has_its_calls() {
        assert_eq!(KINESIS.quotas.len(), PACED.len());
    }
}
