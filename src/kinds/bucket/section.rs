//! `buckets`.

use super::access::{self, ACCESS, MAX_KEY};
use super::cors::METHODS;
use super::lifecycle::in_lower_case;
use super::settings::{AWS_KEY, named};
use super::{Bucket, CorsRule, Encryption, OWN_NAMES, Ownership, PublicAccess, Rule, Spec};
use crate::aws::tags;
use crate::config::access::Access;
use crate::config::declared::{Declared, Referable, keyed};
use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::policy::{admits_everybody, resource_policy, templates_of};
use crate::config::section::shape::{Keys, duration, flag, list, map, mapping, part, text, word};
use crate::config::section::{Keyed, Section, Shape, section};
use crate::config::{self, Entry, Grant, Stack, Template};
use crate::kind::Kind;
use crate::kinds::api::section::Cors;
use crate::kinds::key::{kms_key, use_of};
use crate::kinds::notification::SETTING;
use crate::lower::{Lower, Lowered, known_attributes, resource};
use crate::model::{Resource, SHORTEST_REGION, SOME_ACCOUNT, Text};
use crate::policy::Statement;
use crate::suggest;
use crate::yaml::Kind as Node;
use aws_sdk_s3::types::TransitionStorageClass;
use serde::Serialize;
use serde_json::json;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How many characters a name has [aws-facts-services: 5].
const MIN_NAME: usize = 3;
const MAX_NAME: usize = 63;

/// How many rules each of the two documents can have [DG: S3, "Setting a lifecycle configuration", "Configuring CORS"].
const MAX_RULES: usize = 1_000;
const MAX_CORS: usize = 100;

/// The longest time of a lifecycle rule, in days: S3 says none.
const MAX_DAYS: i64 = 36_500;
const DAY: i64 = 24 * 3_600;

/// How many days objects are in the bucket at least before they get a class for what is seldom read.
const SELDOM: i32 = 30;

fn is_seldom_read(class: &str) -> bool {
    ["standard-ia", "onezone-ia"].contains(&class)
}

section! {
    /// An S3 bucket.
    pub struct Config, checked by fits_together {
        /// Whether the bucket keeps the versions of its objects. One that has kept them and no longer does keeps the old ones.
        versioning: bool = flag().default(false),
        /// Whether the events of the bucket go to EventBridge, on the account's bus `default`.
        eventbridge: bool = flag().default(false),
        /// What becomes of the objects in time. All rules of the bucket are the stack's: what others add is removed.
        lifecycle: Vec<LifecycleRule> = rules().or_empty(),
        /// CORS: what pages of other origins may do, as in an API, or a list of that, of which the first counts that fits. `*`
        /// among the methods stands for all that S3 knows.
        cors: Vec<Cors> = cors().or_empty(),
        /// A key in KMS that encrypts new objects: its ARN or alias, or `aws` for AWS's own key for S3. By default a key that S3
        /// owns.
        kms_key: Option<String> = kms_key(AWS_KEY).optional(),
        /// Whether the bucket may be public: `blocked`, or `allowed`, which opens nothing without a `resource_policy`.
        public_access: PublicWord = public_access().default(PublicWord::Blocked),
        /// Whose the objects are: `bucket-owner`, so that there are no ACLs; `bucket-owner-preferred`, if the ACL of the upload
        /// says so; or `object-writer`.
        ownership: Ownership = word(&OWNERSHIPS, |value| value.one_of(&OWNERSHIPS)).default(Ownership::BucketOwner),
        /// Whom the bucket admits besides this account, in IAM's own syntax. Without `Resource` a statement is about the bucket
        /// and all of its objects.
        resource_policy: Vec<config::Statement> = resource_policy().or_empty(),
    }
}

section! {
    /// What becomes of objects in time. A time is whole days, such as `30 days`.
    pub struct LifecycleRule, checked by does_something {
        /// How the keys of the objects begin; by default all objects.
        prefix: String = text(MAX_KEY).or_empty(),
        /// After which time an object is deleted. In a bucket with versions it gets a delete marker.
        expire: Option<i32> = days().optional(),
        /// After which time an object gets another storage class, such as `glacier: 90 days`.
        transition: BTreeMap<String, i32> = map(Keys::new(json!({ "enum": classes() }), is_class), days()).or_empty(),
        /// After which time an old version is deleted.
        expire_noncurrent: Option<i32> = days().optional(),
        /// After which time an upload in several parts is deleted that is not completed.
        abort_uploads: Option<i32> = days().optional(),
    }
}

/// Whether a bucket may be public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PublicWord {
    /// No.
    Blocked,
    /// Yes.
    Allowed,
}

static PUBLIC: [(&str, PublicWord); 2] = [("blocked", PublicWord::Blocked), ("allowed", PublicWord::Allowed)];

static OWNERSHIPS: [(&str, Ownership); 3] = [
    ("bucket-owner", Ownership::BucketOwner),
    ("bucket-owner-preferred", Ownership::BucketOwnerPreferred),
    ("object-writer", Ownership::ObjectWriter),
];

/// The storage classes that objects can get later.
fn classes() -> Vec<String> {
    TransitionStorageClass::values().iter().map(|class| in_lower_case(class)).collect()
}

fn is_class(value: Value) -> Option<()> {
    let (text, classes) = (value.key.text.as_str(), classes());
    if classes.iter().any(|class| class == text) {
        return Some(());
    }
    let words: Vec<&str> = classes.iter().map(String::as_str).collect();
    let way = suggest::did_you_mean_or_list(&in_lower_case(text), "the storage classes", &words);
    value.fail_key(format!("`{text}` is no storage class that objects can get later"), way)
}

fn public_access() -> Shape<PublicWord> {
    word(&PUBLIC, |value| match value.node.text() {
        Some("true" | "public") => {
            value.wrong_type("`blocked` or `allowed`", help("did you mean `allowed`?"))
        }
        Some("false" | "private") => {
            value.wrong_type("`blocked` or `allowed`", help("did you mean `blocked`?"))
        }
        _ => value.one_of(&PUBLIC),
    })
}

/// Whole days.
fn days() -> Shape<i32> {
    duration(DAY..=DAY * MAX_DAYS).refine(|value, seconds: i64| match i32::try_from(seconds / DAY) {
        Ok(days) if seconds % DAY == 0 => Some(days),
        _ => value.fail(
            format!("`{}` is a number of whole days", value.key.text),
            help("write for example `7 days`"),
        ),
    })
}

fn rules() -> Shape<Vec<LifecycleRule>> {
    list(part("lifecycle_rule", LifecycleRule::ABOUT, mapping())).with("maxItems", MAX_RULES)
}

/// One rule, or a list.
fn cors() -> Shape<Vec<Cors>> {
    let one = || part("cors", Cors::ABOUT, mapping::<Cors>());
    let (single, several) = (one(), list(one()));
    let schemas = (one(), list(one()).with("maxItems", MAX_CORS));
    Shape::new(serde_json::Value::Null, move |value| match value.node.kind {
        Node::Map(_) => single.decode(value).map(|cors| vec![cors]),
        _ => several.decode(value),
    })
    .described(move |parts| json!({ "oneOf": [schemas.0.schema(parts), schemas.1.schema(parts)] }))
}

fn does_something(rule: &<LifecycleRule as Section>::Decoded, fields: &mut Fields) {
    let has = |days: &Option<Option<i32>>| days.as_ref().is_none_or(Option::is_some);
    let transits = rule.transition.as_ref().is_none_or(|transition| !transition.is_empty());
    if !(has(&rule.expire) || has(&rule.expire_noncurrent) || has(&rule.abort_uploads) || transits) {
        fields.fail_at("prefix", "this rule does nothing", help("add for example `expire: 30 days`"));
    }
    // [DG: S3, "Transitioning objects using Amazon S3 Lifecycle"]
    let early =
        rule.transition.iter().flatten().find(|(class, days)| is_seldom_read(class) && **days < SELDOM);
    if let Some((class, days)) = early {
        let message =
            format!("S3 moves objects to `{class}` after {SELDOM} days at the earliest, not {days}");
        fields.fail_at("transition", message, help(format!("write `{class}: {SELDOM} days`, or more")));
    }
    let last = rule.transition.iter().flat_map(BTreeMap::values).max();
    if let (Some(Some(expire)), Some(last)) = (&rule.expire, last)
        && expire <= last
    {
        let message = format!("an object is deleted after {expire} days, before its last transition");
        fields.fail_at("expire", message, help("S3 wants a longer time than that of each `transition`"));
    }
}

fn fits_together(bucket: &<Config as Section>::Decoded, fields: &mut Fields) {
    for (index, cors) in bucket.cors.iter().flatten().enumerate() {
        let which = if index == 0 { String::new() } else { format!(" of rule {}", index + 1) };
        let fail = |message: String, way: &str| fields.fail_at("cors", message, help(way));
        if cors.methods.is_empty() {
            fail(format!("the CORS rule{which} allows no method"), "add for example `methods: [GET]`");
        }
        let known = |method: &&String| *method == "*" || METHODS.contains(&method.to_uppercase().as_str());
        if let Some(method) = cors.methods.iter().find(|method| !known(method)) {
            fail(format!("S3 knows no CORS method `{method}`"), "it knows GET, PUT, POST, DELETE and HEAD");
        }
        if cors.credentials {
            fail(
                "S3 has no setting `credentials`".to_owned(),
                "remove it: S3 allows them by itself for listed origins",
            );
        }
        if cors.max_age.is_some_and(|seconds| seconds < 0) {
            fail("`max_age` of a bucket cannot be negative".to_owned(), "write 0, so that nothing is cached");
        }
    }
    let mut rules = bucket.lifecycle.iter().flatten();
    if fields.value("versioning").is_none() && rules.any(|rule| rule.expire_noncurrent.is_some()) {
        let message = "`expire_noncurrent` deletes old versions, and this bucket keeps none";
        // A bucket that no longer keeps versions may still have old ones.
        let way = "add `versioning: true`; or `versioning: false`, if it has old ones from before";
        fields.fail_at("lifecycle", message, help(way));
    }
    if bucket.public_access == Some(PublicWord::Blocked)
        && let Some(policy) = fields.value("resource_policy")
        && let Node::List(statements) = &policy.node.kind
        && statements.iter().any(admits_everybody)
    {
        let message = "S3 refuses a policy that admits everybody, unless `public_access: allowed`";
        let way = "name accounts or roles under `Principal`, or say who it is in a `Condition`";
        fields.fail_at("resource_policy", message, help(way));
    }
}

impl Declared for Bucket {
    const ABOUT: &'static str = "S3 buckets. The bucket's name in AWS is KEY-ACCOUNT-REGION-an, which no other account can take; `name` is \
         the whole name, which must be free in the whole world.";
    const REFERENCES: &'static [Referable] = &[Referable::known("name"), Referable::known("arn")];
    const ACCESS: Option<&'static Access> = Some(&ACCESS);
    const DELIVERY: Option<&'static str> = Some("s3:PutObject");
    type Config = Config;

    fn section() -> Shape<Vec<Entry<Config>>> {
        keyed()
    }

    fn aws_name(bucket: &Entry<Config>) -> Cow<'_, str> {
        match bucket.common.name {
            Some(_) => bucket.aws_name().into(),
            None => format!("{}{OWN_NAMES}", bucket.name).into(),
        }
    }

    fn templates(bucket: &Entry<Config>) -> Vec<&Template> {
        templates_of(&bucket.resource_policy)
    }
}

impl LifecycleRule {
    fn spec(&self) -> Rule {
        let LifecycleRule { prefix, expire, transition, expire_noncurrent, abort_uploads } = self;
        Rule {
            prefix: prefix.clone(),
            expire: *expire,
            transition: transition.clone(),
            expire_noncurrent: *expire_noncurrent,
            abort_uploads: *abort_uploads,
            other: None,
        }
    }
}

impl Lowered for Bucket {
    fn lower(bucket: &Entry<Config>, lower: &mut Lower) {
        let id = lower.id(Self::NAME, &bucket.name);
        let arn = lower.scope.expand(Self::ARN, &id.name);
        let Config {
            versioning,
            eventbridge,
            lifecycle,
            cors,
            kms_key,
            public_access,
            ownership,
            resource_policy,
        } = &**bucket;
        let all = [arn.clone(), format!("{arn}/*")];
        let mut spec = Spec {
            versioning: *versioning,
            eventbridge: *eventbridge,
            lifecycle: lifecycle.iter().map(LifecycleRule::spec).collect(),
            cors: cors.iter().map(CorsRule::of).collect(),
            encryption: kms_key.clone().map_or(Encryption::S3, Encryption::Kms),
            public_access: match public_access {
                PublicWord::Blocked => PublicAccess::Blocked,
                PublicWord::Allowed => PublicAccess::Allowed,
            },
            ownership: *ownership,
            policy: lower.resource_policy_on(resource_policy, &all),
            tags: lower.tags(&id),
        };
        let notifies = lower.calls.iter().any(|call| call.source == arn).then_some(SETTING);
        let names: Vec<String> = named(&spec).into_iter().chain(notifies.map(str::to_owned)).collect();
        spec.tags.extend((!names.is_empty()).then(|| (tags::APART.to_owned(), names.join(" ").into())));
        let known_attributes = known_attributes(&id, arn);
        let bucket = resource::<Bucket>(id, bucket.at, &spec);
        lower.resources.push(Resource { known_attributes, ..bucket });
    }

    /// S3 asks KMS in the name of who reads or writes [DG: S3, "Using server-side encryption with AWS KMS keys"]. AWS's own key
    /// admits them by itself.
    fn use_of_key(bucket: &Entry<Config>, grant: &Grant, lower: &Lower) -> Option<Statement<Text>> {
        let key = bucket.kms_key.as_deref().filter(|key| *key != AWS_KEY)?;
        let may = |actions: &[&str]| actions.iter().any(|action| grant.allows(&format!("s3:{action}")));
        // Who writes in several parts reads them again.
        let actions: &[&str] = match (may(access::WRITE), may(access::READ)) {
            (true, _) => &["kms:Decrypt", "kms:GenerateDataKey"],
            (false, true) => &["kms:Decrypt"],
            (false, false) => &[],
        };
        use_of(key, actions.iter().copied(), Some("s3"), lower)
    }
}

impl Keyed for Config {
    const WHAT: &'static str = "bucket";

    fn pattern() -> String {
        format!("^[a-z0-9][a-z0-9-]{{0,{}}}$", MAX_NAME - 1)
    }

    fn check_key(value: Value) -> bool {
        let (text, names) = (value.key.text.as_str(), value.cx.scope.names);
        let is_made_of =
            |text: &str| text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
        if !is_made_of(text) || text.starts_with('-') || text.ends_with('-') {
            let rule = "use lowercase letters, digits and `-`, with a letter or digit first and last";
            return value.fail_key::<()>(format!("invalid bucket name `{text}`"), help(rule)).is_some();
        }
        // A name of its own is whole; one that is made of the key gets an ending.
        let ending = match value.node.get("name") {
            Some(_) => String::new(),
            None => OWN_NAMES.replace("{account}", SOME_ACCOUNT).replace("{region}", SHORTEST_REGION),
        };
        let name = names.prefixed(text);
        let length = name.len() + ending.len();
        if (MIN_NAME..=MAX_NAME).contains(&length) && is_made_of(&name) {
            return true;
        }
        let message = match is_made_of(&name) {
            false => format!("invalid bucket name `{name}`: the environment's prefix has other characters"),
            true if ending.is_empty() => {
                format!(
                    "the name of a bucket must have {MIN_NAME} to {MAX_NAME} characters; `{name}` has {length}"
                )
            }
            true => format!(
                "the name of a bucket can have {MAX_NAME} characters; `{name}` has {length} with account and region"
            ),
        };
        value.fail_key::<()>(message, help("a `name` of its own is the whole name")).is_some()
    }
}

impl Stack {
    /// `buckets`, in the order of the file, to be changed.
    pub fn buckets_mut(&mut self) -> &mut [Entry<Config>] {
        self.entries.of_mut().map(Vec::as_mut_slice).unwrap_or_default()
    }
}
