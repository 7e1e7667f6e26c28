//! What is read of a stream.

use super::stream::{find, name_of};
use crate::cloud::{Cloud, Handler, ServiceError, required, text};
use serde_json::{Value as Json, json};

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("ListShards", shards), ("GetShardIterator", iterator), ("GetRecords", records)];

fn shard(number: u64) -> String {
    format!("shardId-{number:012}")
}

/// A further page is named by its token alone [M: ListShards].
fn shards(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, paging) = (cloud.now, cloud.paging);
    let token = text(params, "NextToken");
    if token.is_some() && text(params, "StreamName").is_some() {
        let message = "NextToken and StreamName cannot be provided together.";
        return ServiceError::err("InvalidArgumentException", message);
    }
    let (name, after) = match token.and_then(|token| token.split_once(' ')) {
        Some((name, after)) => (name.to_owned(), Some(after)),
        None => (name_of(params).unwrap_or_default(), None),
    };
    let open = find(cloud, &json!({ "StreamName": name }))?.open(now);
    let of = |number| {
        let none = json!({ "StartingHashKey": "0", "EndingHashKey": "1" });
        let sequence = json!({ "StartingSequenceNumber": "1" });
        json!({ "ShardId": shard(number), "HashKeyRange": none, "SequenceNumberRange": sequence })
    };
    let limit = params["MaxResults"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let (page, next) = paging.page((0..open).map(of).collect(), after, limit, (1_000, 10_000));
    Ok(json!({ "Shards": page, "NextToken": next.map(|next| format!("{name} {next}")) }))
}

fn iterator(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let now = cloud.now;
    let (name, wanted) = (name_of(params).unwrap_or_default(), required(params, "ShardId"));
    let open = find(cloud, params)?.open(now);
    match (0..open).any(|number| shard(number) == wanted) {
        true => Ok(json!({ "ShardIterator": format!("{name} {wanted}") })),
        false => ServiceError::err(
            "ResourceNotFoundException",
            format!("Shard {wanted} in stream {name} does not exist"),
        ),
    }
}

/// All records are in the first shard. A part in which there is nothing may come first: then it is only said that there is more.
fn records(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let first = required(params, "ShardIterator").ends_with(&shard(0));
    let stream = find(cloud, params)?;
    let behind = if first && stream.records > 0 { 1_000 } else { 0 };
    Ok(json!({ "Records": [], "MillisBehindLatest": behind }))
}
