//! Streams, from CREATING to their deletion.

use super::policy::Policy;
use super::stream_arn;
use crate::cloud::{
    ACCOUNT, Cloud, Delay, Handler, ServiceError, Tags, Time, VISIBLE, check_tags, required, seconds, text,
    text_map,
};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Of a stream in CREATING and DELETING.
const STREAM: Delay = Delay::of_secs("stream", 8);
/// Of a stream in UPDATING.
const CHANGE: Delay = Delay::of_secs("change of a stream", 4);
/// How many streams can be in CREATING or DELETING [M: CreateStream; TF].
const AT_A_TIME: usize = 5;
const DAY: Time = Time::from_secs(86_400);

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateStream", create),
    ("DescribeStreamSummary", describe),
    ("ListTagsForStream", tags),
    ("AddTagsToStream", tag),
    ("RemoveTagsFromStream", untag),
    ("UpdateStreamMode", set_mode),
    ("UpdateShardCount", set_count),
    ("IncreaseStreamRetentionPeriod", longer),
    ("DecreaseStreamRetentionPeriod", shorter),
    ("StartStreamEncryption", encrypt),
    ("StopStreamEncryption", decrypt),
    ("DeleteStream", delete),
];

/// The streams by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) streams: BTreeMap<String, Stream>,
}

/// A stream.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) on_demand: bool,
    pub(crate) shards: u64,
    /// How many there were before the last change, which are shown until it is done.
    shards_before: u64,
    /// In hours.
    pub(crate) retention: u64,
    pub(crate) key: Option<String>,
    pub(crate) policy: Policy,
    pub(crate) created: Time,
    /// `CREATING`, `UPDATING` or `DELETING`, until this time.
    pub(crate) phase: (&'static str, Time),
    pub(crate) tags: Tags,
    /// How many records are in it.
    pub(crate) records: u64,
    /// When its mode and its shards were changed.
    switched: Vec<Time>,
    scaled: Vec<Time>,
}

impl Stream {
    pub(super) fn new(now: Time, until: Time, shards: Option<u64>, tags: Tags) -> Self {
        let count = shards.unwrap_or(ON_DEMAND);
        Stream {
            on_demand: shards.is_none(),
            shards: count,
            shards_before: count,
            retention: 24,
            key: None,
            policy: Policy::default(),
            created: now,
            phase: ("CREATING", until),
            tags,
            records: 0,
            switched: Vec::new(),
            scaled: Vec::new(),
        }
    }

    /// The stream's status.
    pub(crate) fn status(&self, now: Time) -> &'static str {
        let (phase, until) = self.phase;
        if now < until { phase } else { "ACTIVE" }
    }

    /// How many shards it shows.
    pub(super) fn open(&self, now: Time) -> u64 {
        if self.status(now) == "UPDATING" { self.shards_before } else { self.shards }
    }
}

/// How many shards a stream on demand begins with [recorded: test_create_stream_without_shard_count].
const ON_DEMAND: u64 = 4;

/// The name of the stream that a call is about.
pub(super) fn name_of(params: &Json) -> Option<String> {
    let of_arn = || {
        text(params, "StreamARN")
            .or_else(|| text(params, "ResourceARN"))?
            .split_once(":stream/")
            .map(|(_, name)| name)
    };
    // An iterator is of a shard of one stream, and a token of a list of its shards.
    let of_iterator = || {
        let token = text(params, "ShardIterator").or_else(|| text(params, "NextToken"));
        token?.split_once(' ').map(|(name, _)| name)
    };
    text(params, "StreamName").or_else(of_arn).or_else(of_iterator).map(str::to_owned)
}

pub(super) fn not_found(name: &str) -> ServiceError {
    ServiceError::new(
        "ResourceNotFoundException",
        format!("Stream {name} under account {ACCOUNT} not found."),
    )
}

pub(super) fn invalid<T>(message: impl Into<String>) -> Result<T, ServiceError> {
    ServiceError::err("InvalidArgumentException", message)
}

fn forget_deleted(cloud: &mut Cloud) {
    let now = cloud.now;
    cloud.kinesis.streams.retain(|_, stream| stream.phase.0 != "DELETING" || now < stream.phase.1);
}

/// The stream that a call names, unless it is deleted, or so new that not all of Kinesis sees it.
pub(super) fn find<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<&'a mut Stream, ServiceError> {
    forget_deleted(cloud);
    let (now, visible) = (cloud.now, cloud.delays.of(VISIBLE));
    let Some(name) = name_of(params) else {
        return invalid("Either StreamName or StreamARN must be provided.");
    };
    let stream = cloud.kinesis.streams.get_mut(&name).filter(|stream| now >= stream.created + visible);
    stream.ok_or_else(|| not_found(&name))
}

/// The same if it can be changed now: each change is taken only in ACTIVE [aws-facts-services: 6, TF].
pub(super) fn find_active<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<&'a mut Stream, ServiceError> {
    let now = cloud.now;
    let stream = find(cloud, params)?;
    match stream.status(now) {
        "ACTIVE" => Ok(stream),
        status => ServiceError::err(
            "ResourceInUseException",
            format!(
                "Stream {} under account {ACCOUNT} not ACTIVE, instead in state {status}",
                name_of(params).unwrap_or_default()
            ),
        ),
    }
}

/// Changes a stream, which is in UPDATING from then on.
fn change(
    cloud: &mut Cloud,
    params: &Json,
    change: impl FnOnce(&mut Stream, Time) -> Result<(), ServiceError>,
) -> Result<(), ServiceError> {
    let (now, until) = (cloud.now, cloud.now + cloud.delays.of(CHANGE));
    let stream = find_active(cloud, params)?;
    let before = stream.shards;
    change(stream, now)?;
    stream.shards_before = before;
    stream.phase = ("UPDATING", until);
    Ok(())
}

fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, until) = (cloud.now, cloud.now + cloud.delays.of(STREAM));
    let name = required(params, "StreamName");
    forget_deleted(cloud);
    if cloud.kinesis.streams.contains_key(name) {
        return ServiceError::err(
            "ResourceInUseException",
            format!("Stream {name} under account {ACCOUNT} already exists."),
        );
    }
    let mode = params.get("StreamModeDetails").map(|details| required(details, "StreamMode"));
    let shards = match (mode, params["ShardCount"].as_u64()) {
        (None | Some("PROVISIONED"), Some(count)) => Some(count),
        (None | Some("ON_DEMAND"), None) => None,
        (Some("ON_DEMAND"), Some(_)) => {
            return invalid("ShardCount must not be specified for a stream in the mode ON_DEMAND.");
        }
        _ => return invalid("ShardCount must be specified for a stream in the mode PROVISIONED."),
    };
    let tags = text_map(params, "Tags");
    check_tags(&Tags::new(), &tags, "InvalidArgumentException")?;
    let busy = |stream: &&Stream| matches!(stream.status(now), "CREATING" | "DELETING");
    if cloud.kinesis.streams.values().filter(busy).count() >= AT_A_TIME {
        let message = format!("Only {AT_A_TIME} streams can simultaneously be in CREATING or DELETING");
        return ServiceError::err("LimitExceededException", message);
    }
    cloud.kinesis.streams.insert(name.to_owned(), Stream::new(now, until, shards, tags));
    Ok(Json::Null)
}

fn describe(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let now = cloud.now;
    let name = name_of(params).unwrap_or_default();
    let stream = find(cloud, params)?;
    let mode = if stream.on_demand { "ON_DEMAND" } else { "PROVISIONED" };
    Ok(json!({ "StreamDescriptionSummary": {
        "StreamName": name,
        "StreamARN": stream_arn(&name),
        "StreamStatus": stream.status(now),
        "StreamModeDetails": { "StreamMode": mode },
        "RetentionPeriodHours": stream.retention,
        "StreamCreationTimestamp": seconds(stream.created),
        "EnhancedMonitoring": [{ "ShardLevelMetrics": [] }],
        "EncryptionType": if stream.key.is_some() { "KMS" } else { "NONE" },
        // As it was sent [M].
        "KeyId": stream.key,
        "OpenShardCount": stream.open(now),
        "ConsumerCount": 0,
        "MaxRecordSizeInKiB": 1024,
    } }))
}

/// They take effect from CREATING on [M: CreateStream].
fn tags(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let paging = cloud.paging;
    let after = text(params, "ExclusiveStartTagKey");
    let limit = params["Limit"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let stream = find(cloud, params)?;
    let rest = stream.tags.iter().filter(|(key, _)| after.is_none_or(|after| key.as_str() > after));
    let rest: Vec<Json> = rest.map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    let size = paging.size(limit, (10, 50));
    let page = &rest[..rest.len().min(size)];
    Ok(json!({ "Tags": page, "HasMoreTags": page.len() < rest.len() }))
}

/// Not before the stream is ACTIVE [M: CreateStream].
fn tag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let new = text_map(params, "Tags");
    let stream = find_active(cloud, params)?;
    check_tags(&stream.tags, &new, "InvalidArgumentException")?;
    stream.tags.extend(new);
    Ok(Json::Null)
}

fn untag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let keys = params["TagKeys"].as_array().into_iter().flatten().filter_map(Json::as_str);
    let stream = find_active(cloud, params)?;
    keys.for_each(|key| drop(stream.tags.remove(key)));
    Ok(Json::Null)
}

/// How many of these times were in the last day.
fn lately(times: &[Time], now: Time) -> usize {
    times.iter().filter(|time| now < **time + DAY).count()
}

/// Twice a day [DG]. The shards stay.
fn set_mode(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let on_demand = required(&params["StreamModeDetails"], "StreamMode") == "ON_DEMAND";
    change(cloud, params, |stream, now| {
        if stream.on_demand == on_demand {
            return invalid("The stream has this capacity mode already.");
        }
        if lately(&stream.switched, now) >= 2 {
            let message = "You can switch the capacity mode of a stream at most 2 times in a 24 hour period.";
            return ServiceError::err("LimitExceededException", message);
        }
        stream.switched.push(now);
        stream.on_demand = on_demand;
        Ok(())
    })?;
    Ok(Json::Null)
}

/// At most twice as many and at least half as many, ten times a day [M].
fn set_count(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let count = params["TargetShardCount"].as_u64().unwrap_or_default();
    let mut before = 0;
    change(cloud, params, |stream, now| {
        before = stream.shards;
        if stream.on_demand {
            let message = "UpdateShardCount is not supported for a stream in the mode ON_DEMAND.";
            return ServiceError::err("ValidationException", message);
        }
        if count > 2 * before || 2 * count < before {
            return invalid(format!(
                "UpdateShardCount cannot scale to over double or below half of the current open shard count {before}."
            ));
        }
        if count == before {
            return invalid(format!("The stream has {count} shards already."));
        }
        if lately(&stream.scaled, now) >= 10 {
            let message = "You cannot scale more than 10 times per rolling 24-hour period.";
            return ServiceError::err("LimitExceededException", message);
        }
        stream.scaled.push(now);
        stream.shards = count;
        Ok(())
    })?;
    let name = name_of(params).unwrap_or_default();
    Ok(json!({
        "StreamName": name, "StreamARN": stream_arn(&name), "CurrentShardCount": before, "TargetShardCount": count,
    }))
}

fn hours(params: &Json) -> u64 {
    params["RetentionPeriodHours"].as_u64().unwrap_or_default()
}

fn longer(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let hours = hours(params);
    change(cloud, params, |stream, _| {
        if hours <= stream.retention || hours > 8_760 {
            return invalid(format!(
                "Requested retention period ({hours} hours) must be more than {} hours, and at most 8760 hours.",
                stream.retention
            ));
        }
        stream.retention = hours;
        Ok(())
    })?;
    Ok(Json::Null)
}

fn shorter(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let hours = hours(params);
    change(cloud, params, |stream, _| {
        if hours >= stream.retention || hours < 24 {
            return invalid(format!(
                "Requested retention period ({hours} hours) must be less than {} hours, and at least 24 hours.",
                stream.retention
            ));
        }
        stream.retention = hours;
        Ok(())
    })?;
    Ok(Json::Null)
}

fn encrypt(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let key = required(params, "KeyId").to_owned();
    if required(params, "EncryptionType") != "KMS" {
        return invalid("The encryption type must be KMS.");
    }
    change(cloud, params, |stream, _| {
        stream.key = Some(key);
        Ok(())
    })?;
    Ok(Json::Null)
}

fn decrypt(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    change(cloud, params, |stream, _| {
        if stream.key.take().is_none() {
            return invalid("The stream is not encrypted.");
        }
        Ok(())
    })?;
    Ok(Json::Null)
}

/// The records are lost, and nothing asks who else uses the stream.
fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let until = cloud.now + cloud.delays.of(STREAM);
    find_active(cloud, params)?.phase = ("DELETING", until);
    Ok(Json::Null)
}

/// The stream of an ARN, as other services find it.
pub(crate) fn of_arn<'a>(cloud: &'a Cloud, arn: &str) -> Option<&'a Stream> {
    let (_, name) = arn.split_once(":stream/")?;
    let stream = cloud.kinesis.streams.get(name).filter(|_| stream_arn(name) == arn);
    stream.filter(|stream| matches!(stream.status(cloud.now), "ACTIVE" | "UPDATING"))
}
