//! What a function may do with a table.

use crate::config::access::{Access, AccessPart, Level, PartOn};

/// The access levels, and every other action that DynamoDB checks against a table.
pub(super) static ACCESS: Access = Access {
    service: "dynamodb",
    what: "DynamoDB action on tables",
    levels: &[
        Level { name: "read", actions: &[READ], misspelt: &[] },
        Level { name: "write", actions: &[WRITE], misspelt: &[] },
        Level {
            name: "read-write",
            actions: &[READ, WRITE],
            misspelt: &["readwrite", "read_write", "rw", "all", "full", "write-read"],
        },
        Level { name: STREAM, actions: &[STREAM_ACTIONS], misspelt: &["streams", "subscribe"] },
    ],
    others: OTHERS,
    parts: &[
        AccessPart { name: INDEX, actions: OF_INDEXES, on: PartOn::Also("/index/*") },
        AccessPart { name: STREAM, actions: OF_STREAM, on: PartOn::Only("/stream/*") },
        AccessPart { name: STREAM, actions: OF_ALL_STREAMS, on: PartOn::Everything },
    ],
    ..Access::NONE
};

/// What somebody does who reads a stream.
pub(crate) const STREAM_ACTIONS: &[&str] =
    &["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"];
/// What DynamoDB checks against a stream, and what against none in particular [aws-facts-services: 2, DG].
const OF_STREAM: &[&str] = &["DescribeStream", "GetRecords", "GetShardIterator"];
const OF_ALL_STREAMS: &[&str] = &["ListStreams"];
/// The part of a table that its stream is, and the level of access to it.
pub(super) const STREAM: &str = "stream";

/// The part of a table that its indexes are.
pub(super) const INDEX: &str = "index";
/// What DynamoDB also checks against an index.
const OF_INDEXES: &[&str] = &["Query", "Scan", "PartiQLSelect"];

/// What reads items, and what writes them.
pub(super) const READS: &[&[&str]] = &[READ, &["PartiQLSelect", "GetRecords", "ExportTableToPointInTime"]];
pub(super) const WRITES: &[&[&str]] = &[WRITE, &["PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"]];

const READ: &[&str] = &["GetItem", "BatchGetItem", "Query", "Scan", "ConditionCheckItem"];
const WRITE: &[&str] = &["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"];

/// The other actions that DynamoDB checks against a table.
const OTHERS: &[&str] = &[
    "CreateBackup",
    "CreateGlobalTable",
    "CreateTable",
    "CreateTableReplica",
    "DeleteResourcePolicy",
    "DeleteTable",
    "DeleteTableReplica",
    "DescribeContinuousBackups",
    "DescribeContributorInsights",
    "DescribeGlobalTable",
    "DescribeGlobalTableSettings",
    "DescribeKinesisStreamingDestination",
    "DescribeTable",
    "DescribeTableReplicaAutoScaling",
    "DescribeTimeToLive",
    "DisableKinesisStreamingDestination",
    "EnableKinesisStreamingDestination",
    "ExportTableToPointInTime",
    "GetAbacStatus",
    "GetResourcePolicy",
    "ImportTable",
    "ListTagsOfResource",
    "PartiQLDelete",
    "PartiQLInsert",
    "PartiQLSelect",
    "PartiQLUpdate",
    "PutResourcePolicy",
    "RestoreTableFromAwsBackup",
    "RestoreTableFromBackup",
    "RestoreTableToPointInTime",
    "StartAwsBackupJob",
    "TagResource",
    "UntagResource",
    "UpdateContinuousBackups",
    "UpdateContributorInsights",
    "UpdateGlobalTable",
    "UpdateGlobalTableSettings",
    "UpdateGlobalTableVersion",
    "UpdateKinesisStreamingDestination",
    "UpdateTable",
    "UpdateTableReplicaAutoScaling",
    "UpdateTimeToLive",
    "ReadDataForReplication",
    "WriteDataForReplication",
    "ReplicateSettings",
    "InjectError",
];
