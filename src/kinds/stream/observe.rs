//! A stream as Kinesis shows it.

use super::{Attributes, KINESIS, Shards, Spec, Stream, policy};
use crate::aws::pages::all_pages;
use crate::aws::tags::{self, Tags};
use crate::aws::{Clients, Context, Error, Result};
use crate::kind::{Kind, ObservedOption};
use crate::kinds::{require, require_str, unmanaged};
use crate::model::{Observed, Owner, ResourceId, Status};
use crate::policy::Policy;
use aws_sdk_kinesis::types::{
    EncryptionType, MetricsName, ShardIteratorType, StreamDescriptionSummary as Summary, StreamMode,
    StreamStatus,
};
use futures_util::future::try_join_all;
use futures_util::try_join;
use std::collections::BTreeMap;

/// The stream as Kinesis describes it; `None` if it does not exist.
pub(super) async fn describe(clients: &Clients, name: &str) -> Result<Option<Summary>> {
    let describe = clients.kinesis().describe_stream_summary().stream_name(name);
    let response = KINESIS.not_found_as_none(describe.send().await)?;
    let summary = response.map(|response| {
        require(response.stream_description_summary, "kinesis:DescribeStreamSummary", "the stream")
    });
    summary.transpose()
}

/// The tags of a stream; `None` if it does not exist.
async fn list_tags(clients: &Clients, name: &str) -> Result<Option<Tags>> {
    let tags = all_pages("kinesis:ListTagsForStream", async |after| {
        let list = clients.kinesis().list_tags_for_stream().stream_name(name);
        let page = list.set_exclusive_start_tag_key(after).send().await?;
        let last = page.tags().last().map(|tag| tag.key().to_owned());
        Ok((page.tags, last.filter(|_| page.has_more_tags)))
    });
    let tags = KINESIS.not_found_as_none(tags.await)?;
    Ok(tags.map(|tags| tags.into_iter().map(|tag| (tag.key, tag.value.unwrap_or_default())).collect()))
}

pub(super) async fn read(ctx: &Context, name: &str) -> Result<ObservedOption<Stream>> {
    let both = try_join!(describe(&ctx.clients, name), list_tags(&ctx.clients, name))?;
    let (Some(summary), Some(tags)) = both else { return Ok(None) };
    let id = ResourceId::new(Stream::NAME, name);
    let created = Some(summary.stream_creation_timestamp().secs());
    let again = async || Ok(list_tags(&ctx.clients, name).await?.unwrap_or_default());
    let tags = tags::settled(ctx, &id, created, tags, again).await?;
    let owner = tags::owner(&tags, &ctx.scope);
    let contains_records = match owner {
        Owner::Ours if ctx.scope.destroy => contains_records(ctx, name, summary.stream_status()).await?,
        _ => false,
    };
    let arn = require_str(Some(summary.stream_arn()), "kinesis:DescribeStreamSummary", "the stream's ARN")?;
    let resource_policy = match owner {
        Owner::Ours if !comes_or_goes(summary.stream_status()) => policy::read(ctx, &arn, &tags).await?,
        _ => Policy::default(),
    };
    let spec = spec(&summary, resource_policy, tags::compared(tags, &ctx.scope, &id));
    let mut observed = Observed::new(id, name, owner, spec, Attributes { name: name.to_owned(), arn });
    observed.status = match summary.stream_status() {
        StreamStatus::Active => Status::Ready,
        StreamStatus::Deleting => Status::Deleting,
        _ => Status::Pending,
    };
    observed.created = created;
    observed.contains_data = contains_records.then(|| "its records".to_owned());
    observed.unmanaged_settings = by_hand(&summary);
    Ok(Some(observed))
}

/// The number of shards of a stream that is paid by use is Kinesis's own.
pub(super) fn spec(summary: &Summary, resource_policy: Policy, tags: Tags) -> Spec {
    let mode = summary.stream_mode_details().map(|details| details.stream_mode());
    let encrypted = summary.encryption_type() == Some(&EncryptionType::Kms);
    Spec {
        shards: match mode {
            Some(StreamMode::OnDemand) => Shards::OnDemand,
            _ => Shards::Count(summary.open_shard_count()),
        },
        retention: summary.retention_period_hours(),
        // It is shown as it was sent [M: StreamDescriptionSummary].
        kms_key: summary.key_id().filter(|_| encrypted).map(str::to_owned),
        resource_policy,
        tags,
    }
}

/// The size of records where nothing is said, in KiB [aws-facts-services: 6].
const RECORD_SIZE: &str = "1024";

/// The settings that nothing manages.
fn by_hand(summary: &Summary) -> BTreeMap<String, String> {
    let size = summary.max_record_size_in_kib().map(|size| size.to_string());
    let metrics = summary.enhanced_monitoring().iter().flat_map(|metrics| metrics.shard_level_metrics());
    let mut metrics: Vec<&str> = metrics.map(MetricsName::as_str).collect();
    // They come in any order [aws-facts-services: 6].
    metrics.sort_unstable();
    unmanaged([
        ("max_record_size_in_kib", size.as_deref(), RECORD_SIZE),
        ("shard_level_metrics", Some(metrics.join(", ").as_str()), ""),
    ])
}

/// True for a stream that shows little of itself.
fn comes_or_goes(status: &StreamStatus) -> bool {
    matches!(status, StreamStatus::Creating | StreamStatus::Deleting)
}

/// Whether a stream contains records; only `down` asks.
async fn contains_records(ctx: &Context, name: &str, status: &StreamStatus) -> Result<bool> {
    if comes_or_goes(status) {
        return Ok(false);
    }
    match in_any_shard(ctx, name).await {
        Err(error) if KINESIS.is_absent(&error) => Ok(false),
        // That is not known, so it may contain some. Without a permission for its key, KMS refuses with codes of its own
        // [M: GetRecords].
        Err(error) if error.is_denied() || error.is("ProvisionedThroughputExceeded") => Ok(true),
        Err(error) if error.code.as_deref().is_some_and(|code| code.starts_with("KMS")) => Ok(true),
        result => result,
    }
}

async fn in_any_shard(ctx: &Context, name: &str) -> Result<bool> {
    let kinesis = ctx.clients.kinesis();
    let shards = all_pages("kinesis:ListShards", async |token| {
        let list = kinesis.list_shards();
        // A page is named by its token alone [M: ListShards].
        let list = if token.is_none() { list.stream_name(name) } else { list.set_next_token(token) };
        let page = list.send().await?;
        Ok((page.shards.unwrap_or_default(), page.next_token))
    });
    let contents = shards.await?.into_iter().map(async |shard| {
        let get = kinesis.get_shard_iterator().stream_name(name).shard_id(shard.shard_id());
        let response = get.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await?;
        let records = kinesis.get_records().set_shard_iterator(response.shard_iterator).limit(1);
        let records = records.send().await?;
        // What comes first may be a part of the shard in which there is nothing.
        Ok::<_, Error>(!records.records().is_empty() || records.millis_behind_latest() > Some(0))
    });
    Ok(try_join_all(contents).await?.contains(&true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_kinesis::primitives::DateTime;
    use aws_sdk_kinesis::types::{EnhancedMetrics, StreamModeDetails};

    fn summary(mode: StreamMode) -> aws_sdk_kinesis::types::builders::StreamDescriptionSummaryBuilder {
        Summary::builder()
            .stream_name("clicks")
            .stream_arn("arn:aws:kinesis:x:1:stream/clicks")
            .stream_status(StreamStatus::Active)
            .stream_mode_details(StreamModeDetails::builder().stream_mode(mode).build().expect("a mode"))
            .retention_period_hours(24)
            .stream_creation_timestamp(DateTime::from_secs(1))
            .enhanced_monitoring(EnhancedMetrics::builder().build())
            .encryption_type(EncryptionType::None)
            .open_shard_count(4)
    }

    #[test]
    fn a_stream_reads_as_aws_returns_it() {
        let of = |mode| spec(&summary(mode).build().expect("a stream"), Policy::default(), Tags::new());
        let Spec { shards, retention, kms_key, .. } = of(StreamMode::Provisioned);
        assert_eq!((shards, retention, kms_key), (Shards::Count(4), 24, None));
        assert_eq!(of(StreamMode::OnDemand).shards, Shards::OnDemand);
    }

    #[test]
    fn what_nothing_manages_is_told_where_it_differs_from_the_default() {
        let plain = summary(StreamMode::Provisioned).max_record_size_in_kib(1024);
        assert_eq!(by_hand(&plain.build().expect("a stream")), BTreeMap::new());
        let metrics = EnhancedMetrics::builder();
        let metrics = metrics.shard_level_metrics(MetricsName::OutgoingBytes);
        let metrics = metrics.shard_level_metrics(MetricsName::IncomingBytes).build();
        let other = summary(StreamMode::Provisioned).max_record_size_in_kib(2048);
        let other = other.enhanced_monitoring(metrics).build().expect("a stream");
        let expected =
            [("max_record_size_in_kib", "2048"), ("shard_level_metrics", "IncomingBytes, OutgoingBytes")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(by_hand(&other), expected.into());
    }
}
