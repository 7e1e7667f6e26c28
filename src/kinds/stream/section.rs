//! `streams`.

use super::{RETENTION, Shards, Spec, Stream, policy};
use crate::aws::tags;
use crate::config::access::{Access, AccessPart, Level, PartOn};
use crate::config::declared::{Declared, Referable, keyed};
use crate::config::decode::{Value, help};
use crate::config::names::NameRule;
use crate::config::policy::{resource_policy, templates_of};
use crate::config::section::shape::{duration, number};
use crate::config::section::{Keyed, Shape, section};
use crate::config::trigger::triggers;
use crate::config::{self, Entry, Grant, Item, Stack, Template};
use crate::kind::Kind;
use crate::kinds::key::{kms_key, use_of};
use crate::lower::{Lower, Lowered, Sizes, known_attributes, resource};
use crate::model::{Resource, ResourceId, Text};
use crate::policy::Statement;
use crate::suggest;
use serde_json::json;

const NAME: NameRule = NameRule { what: "stream", others: "_.-", min: 1, max: 128, because: "" };

/// More shards than Kinesis lets a stream have [M: UpdateShardCount].
const MAX_SHARDS: i64 = 10_000;
/// The seconds of an hour.
const HOUR: i32 = 3_600;
/// For how many hours a record is kept at most [aws-facts-services: 6].
const MAX_RETENTION: i32 = 8_760;

section! {
    /// A Kinesis data stream.
    pub struct Config {
        /// How much the stream takes in: `on-demand` for as much as comes, or a number of shards, each of which takes 1 MB and
        /// 1,000 records a second. The number is changed in steps that at most double or halve it. AWS accepts ten of these
        /// changes a day, and two between the two forms.
        shards: Shards = shards().default(Shards::OnDemand),
        /// How long a record is kept, in whole hours from one day to a year.
        retention: i32 = retention().default(RETENTION * HOUR),
        /// A key in KMS that encrypts the records: its ARN or alias, or `aws` for AWS's own key for Kinesis. By default they are
        /// not encrypted with a key of KMS.
        kms_key: Option<String> = kms_key(AWS_KEY).optional(),
        /// What writes records besides: events of buses, or certain times.
        triggers: Vec<Item> = triggers(Stream::NAME).or_empty(),
        /// Whom the stream admits besides this account, in IAM's own syntax. The whole policy is the stack's: what others add to
        /// it is removed.
        resource_policy: Vec<config::Statement> = resource_policy().or_empty(),
    }
}

impl Declared for Stream {
    const ABOUT: &'static str = "Kinesis data streams. The key is the stream's name in AWS.";
    const REFERENCES: &'static [Referable] = &[Referable::known("name"), Referable::known("arn")];
    const ACCESS: Option<&'static Access> = Some(&ACCESS);
    const LIMITED: &'static [&'static str] = &["triggers"];
    type Config = Config;

    fn triggers(stream: &Config) -> &[Item] {
        &stream.triggers
    }

    fn section() -> Shape<Vec<Entry<Config>>> {
        keyed()
    }

    fn templates(stream: &Entry<Config>) -> Vec<&Template> {
        templates_of(&stream.resource_policy)
    }
}

impl Lowered for Stream {
    fn lower(stream: &Entry<Config>, lower: &mut Lower) {
        let id = lower.id(Self::NAME, &stream.name);
        let Config { shards, retention, kms_key, triggers, resource_policy } = &**stream;
        let arn = lower.scope.expand(Self::ARN, &id.name);
        let resource_policy = lower.resource_policy(resource_policy, &arn);
        let apart = policy::named(&resource_policy).map(|names| (tags::APART.to_owned(), names.into()));
        let spec = Spec {
            shards: *shards,
            retention: retention / HOUR,
            kms_key: kms_key.clone(),
            resource_policy,
            tags: lower.tags(&id).into_iter().chain(apart).collect(),
        };
        let known_attributes = known_attributes(&id, arn);
        let stream = resource::<Stream>(id.clone(), stream.at, &spec);
        lower.resources.push(Resource { known_attributes, ..stream });
        triggers.iter().for_each(|item| lower.trigger(item, &id));
    }

    /// Kinesis asks KMS in the name of who writes or reads [DG: Kinesis, "Permissions to use user-generated KMS keys"]. AWS's own
    /// key admits them by itself.
    fn use_of_key(stream: &Entry<Config>, grant: &Grant, lower: &Lower) -> Option<Statement<Text>> {
        let key = stream.kms_key.as_deref().filter(|key| *key != AWS_KEY)?;
        let may = |actions: &[&str]| actions.iter().any(|action| grant.allows(&format!("kinesis:{action}")));
        let write = may(PUT).then_some("kms:GenerateDataKey");
        let read = may(GET).then_some("kms:Decrypt");
        use_of(key, read.into_iter().chain(write), Some("kinesis"), lower)
    }

    fn check_sizes(stream: &Entry<Config>, sizes: &mut Sizes) {
        let id = ResourceId::new(Stream::NAME, sizes.identity.named(Stream::NAME, &stream.name));
        sizes.check_resource_policy(&id, stream.place("resource_policy"));
    }
}

impl Stack {
    /// `streams`, in the order of the file.
    pub fn streams(&self) -> &[Entry<Config>] {
        self.entries.of()
    }

    /// The same, to be changed.
    pub fn streams_mut(&mut self) -> &mut [Entry<Config>] {
        self.entries.of_mut().map(Vec::as_mut_slice).unwrap_or_default()
    }
}

impl Keyed for Config {
    const WHAT: &'static str = NAME.what;

    fn pattern() -> String {
        NAME.pattern()
    }

    fn check_key(value: Value) -> bool {
        NAME.check(value)
    }
}

const ON_DEMAND: &str = "on-demand";

/// `on-demand`, or how many.
fn shards() -> Shape<Shards> {
    let count = number("", 1..=MAX_SHARDS);
    let schema = count.schema(&mut Default::default());
    let schema = json!({ "oneOf": [{ "const": ON_DEMAND }, schema] });
    Shape::new(schema, move |value| {
        let text = value.node.text().unwrap_or_default();
        if text == ON_DEMAND {
            return Some(Shards::OnDemand);
        }
        if text.parse::<f64>().is_ok() {
            return count.decode(value).map(Shards::Count);
        }
        value.wrong_type("`on-demand` or a number of shards", suggest::did_you_mean(text, [ON_DEMAND]))
    })
}

fn retention() -> Shape<i32> {
    let least = i64::from(RETENTION * HOUR);
    duration(least..=i64::from(MAX_RETENTION) * i64::from(HOUR)).refine(|value, seconds: i32| {
        if seconds % HOUR != 0 {
            return value
                .fail("`retention` is a number of whole hours", help("write for example `36 hours`"));
        }
        Some(seconds)
    })
}

/// AWS's own key for Kinesis.
const AWS_KEY: &str = "alias/aws/kinesis";

/// The access levels, and every other action that Kinesis checks against a stream.
static ACCESS: Access = Access {
    service: "kinesis",
    what: "Kinesis action on streams",
    levels: &[
        Level { name: "put", actions: &[PUT, FIND], misspelt: &["write", "send", "publish"] },
        Level { name: "read", actions: &[READ_ACTIONS], misspelt: &["get", "consume", "stream"] },
    ],
    others: &[
        "AddTagsToStream",
        "CreateStream",
        "DecreaseStreamRetentionPeriod",
        "DeleteResourcePolicy",
        "DeleteStream",
        "DeregisterStreamConsumer",
        "DescribeStreamConsumer",
        "DisableEnhancedMonitoring",
        "EnableEnhancedMonitoring",
        "GetResourcePolicy",
        "IncreaseStreamRetentionPeriod",
        "ListStreamConsumers",
        "ListTagsForResource",
        "ListTagsForStream",
        "MergeShards",
        "PutResourcePolicy",
        "RegisterStreamConsumer",
        "RemoveTagsFromStream",
        "SplitShard",
        "StartStreamEncryption",
        "StopStreamEncryption",
        "SubscribeToShard",
        "TagResource",
        "UntagResource",
        "UpdateMaxRecordSize",
        "UpdateShardCount",
        "UpdateStreamMode",
        "UpdateStreamWarmThroughput",
    ],
    parts: &[
        AccessPart { name: "list", actions: &["ListStreams"], on: PartOn::Everything },
        AccessPart {
            name: "consumer",
            actions: &["DeregisterStreamConsumer", "DescribeStreamConsumer", "SubscribeToShard"],
            on: PartOn::Only("/consumer/*"),
        },
    ],
    ..Access::NONE
};

/// What writes records, and what reads them.
pub(crate) const PUT: &[&str] = &["PutRecord", "PutRecords"];
const GET: &[&str] = &["GetRecords", "SubscribeToShard"];
/// What clients ask of any stream that they write to.
const FIND: &[&str] = &["DescribeStreamSummary", "ListShards"];
/// What somebody does who reads a stream [aws-facts-services: 2, DG].
pub(crate) const READ_ACTIONS: &[&str] = &[
    "DescribeStream",
    "DescribeStreamSummary",
    "GetRecords",
    "GetShardIterator",
    "ListShards",
    "ListStreams",
];
