//! S3 buckets.

mod access;
mod acts;
mod change;
mod cors;
mod empty;
mod lifecycle;
mod observe;
pub mod section;
mod settings;

pub(super) use self::change::edit_notifications;
use self::change::{create, set, set_tags};
use self::observe::{read, tags_of};
pub(super) use self::settings::notifications;
use super::{apart, notification, read_each};
use crate::aws::clients::client;
use crate::aws::tags::{self, Tags};
use crate::aws::{Clients, Context, Error, Errors, Refusal, Result, Service};
use crate::kind::{
    AdoptedBy, Features, Kind, Observation, ObservedOf, ObservedOption, On, Output, OwnListing, Owned,
    Parent, Permission, Tagging, Task, When, Which,
};
use crate::model::{PhysicalId, ResourceId, Texts};
use crate::policy::Policy;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Its quotas are higher than what a stack asks [aws-facts-services: 5].
pub(crate) static S3: Service = Service {
    errors: Errors {
        not_found: &[Refusal::Code("NoSuchBucket")],
        // `BucketAlreadyExists` is the name of another account's bucket.
        exists: &[Refusal::Code("BucketAlreadyOwnedByYou")],
        transient: &[(Refusal::Code("OperationAborted"), COLLISION)],
        passing_limits: &[],
    },
    ..Service::new("S3", "s3")
};

/// One change of a bucket at a time. The name of a deleted one is also refused in this way until it is free
/// [aws-facts-services: 5, TF, field].
const COLLISION: &str = "another change of the bucket is in progress, or its name was deleted a moment ago";

impl Clients {
    /// The client of S3.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        client!(self, &S3, aws_sdk_s3)
    }
}

/// Who delivers the events of a bucket.
pub(in crate::kinds) const PRINCIPAL: &str = "s3.amazonaws.com";

/// An S3 bucket.
pub struct Bucket;

/// The desired state of a bucket. What the stack file does not have, and has not had, is not read: it is AWS's default here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Texts")]
pub struct Spec<T = String> {
    /// Whether it keeps the versions of its objects. One that has kept them and no longer does keeps the old ones.
    pub versioning: bool,
    /// Whether EventBridge gets its events.
    pub eventbridge: bool,
    /// What becomes of its objects in time.
    pub lifecycle: Vec<Rule>,
    /// What pages of other origins may do.
    pub cors: Vec<CorsRule>,
    /// How its objects are encrypted.
    pub encryption: Encryption,
    /// Whether it may be public at all.
    pub public_access: PublicAccess,
    /// Whose its objects are.
    pub ownership: Ownership,
    /// Whom it admits: the statements of the stack, each without the beginning of its `Sid`. Others may have statements there too.
    pub policy: Policy<T>,
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// What becomes of the objects of a bucket in time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// How the keys of the objects begin.
    pub prefix: String,
    /// After how many days they are deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire: Option<i32>,
    /// After how many days they get another storage class.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub transition: BTreeMap<String, i32>,
    /// After how many days an old version is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_noncurrent: Option<i32>,
    /// After how many days an upload that is not completed is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort_uploads: Option<i32>,
    /// What else it says: only others can have written that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
}

/// What pages of some origins may do. Lists are sets to S3, and names of headers have no case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names of AWS's own fields")]
pub struct CorsRule {
    pub allowed_origins: BTreeSet<String>,
    pub allowed_methods: BTreeSet<String>,
    pub allowed_headers: BTreeSet<String>,
    pub expose_headers: BTreeSet<String>,
    pub max_age: Option<i32>,
}

/// How the objects of a bucket are encrypted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encryption {
    /// With a key that S3 owns.
    S3,
    /// With a key in KMS: its ARN, its id, or an alias. A key for the bucket saves calls of KMS.
    Kms(String),
    /// In another way: only others can have done that.
    Other(String),
}

/// Whether a bucket may be public. That alone opens nothing: it takes a policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PublicAccess {
    /// No.
    Blocked,
    /// Yes.
    Allowed,
    /// Some ways to it are blocked, which are named: only others can have done that.
    Partly(String),
}

/// Whose the objects of a bucket are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ownership {
    /// The bucket's owner's. There are no ACLs.
    BucketOwner,
    /// The bucket's owner's, where the ACL of the upload says so.
    BucketOwnerPreferred,
    /// Those of who has uploaded them.
    ObjectWriter,
}

/// The attributes of a bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
    /// The entries of its notifications, each with its id, where they were read with it. They are resources of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::kinds) notifications: Option<Vec<(String, notification::Spec)>>,
}

/// How the name of a bucket ends that no other account can take [aws-facts-services: 5, M, DG].
pub(crate) const OWN_NAMES: &str = "-{account}-{region}-an";

const ANY: On = On::new("ReadBucket", Bucket::NAME, Which::Any, &[Bucket::ARN]);
/// S3 knows no conditions on the tags of a bucket unless it is set to, so a delete is allowed by the name
/// [aws-facts-services: 5].
const DECLARED: On = On::new("Buckets", Bucket::NAME, Which::Declared, &[Bucket::ARN]);
const IN_BUCKETS: On =
    On::new("ObjectsOfBuckets", Bucket::NAME, Which::Declared, &["arn:{partition}:s3:::{name}/*"]);

const fn reads(
    call: &'static str,
    needs: &'static [(&'static str, &'static On)],
    of: fn(&Json) -> bool,
) -> Permission {
    Permission::of(call, Task::READ, needs).when(When::Some(of))
}

const fn changes(
    call: &'static str,
    needs: &'static [(&'static str, &'static On)],
    of: fn(&Json) -> bool,
) -> Permission {
    Permission::of(call, Task::CHANGE, needs).when(When::Some(of))
}

impl Kind for Bucket {
    const NAME: &'static str = "bucket";
    const SERVICE: &'static Service = &S3;
    const DATA: Option<&'static str> = Some("all of its objects");
    const SECTION: &'static str = "buckets";
    const ARN: &'static str = "arn:{partition}:s3:::{name}";
    // A stack that no longer has a setting is deployed with the policy of when it had it.
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("s3:GetBucketTagging", Task::READ, &ANY).when(When::DECLARED),
        reads("s3:GetPublicAccessBlock", &[("s3:GetBucketPublicAccessBlock", &ANY)], |_| true),
        reads("s3:GetBucketVersioning", &[("s3:GetBucketVersioning", &ANY)], settings::has_versioning),
        reads(
            "s3:GetBucketLifecycleConfiguration",
            &[("s3:GetLifecycleConfiguration", &ANY)],
            settings::has_lifecycle,
        ),
        reads("s3:GetBucketCors", &[("s3:GetBucketCORS", &ANY)], settings::has_cors),
        reads("s3:GetBucketEncryption", &[("s3:GetEncryptionConfiguration", &ANY)], settings::has_encryption),
        reads(
            "s3:GetBucketOwnershipControls",
            &[("s3:GetBucketOwnershipControls", &ANY)],
            settings::has_ownership,
        ),
        reads("s3:GetBucketPolicy", &[("s3:GetBucketPolicy", &ANY)], settings::has_policy),
        reads(
            "s3:GetBucketNotificationConfiguration",
            &[("s3:GetBucketNotification", &ANY)],
            settings::has_eventbridge,
        ),
        Permission::of(
            "s3:CreateBucket",
            Task::CHANGE,
            &[("s3:CreateBucket", &DECLARED), ("s3:TagResource", &DECLARED)],
        ),
        Permission::same("s3:PutBucketTagging", Task::CHANGE, &DECLARED),
        Permission::of(
            "s3:PutPublicAccessBlock",
            Task::CHANGE,
            &[("s3:PutBucketPublicAccessBlock", &DECLARED)],
        ),
        changes("s3:PutBucketVersioning", &[("s3:PutBucketVersioning", &DECLARED)], settings::has_versioning),
        changes(
            "s3:PutBucketLifecycleConfiguration",
            &[("s3:PutLifecycleConfiguration", &DECLARED)],
            settings::has_lifecycle,
        ),
        changes(
            "s3:DeleteBucketLifecycle",
            &[("s3:PutLifecycleConfiguration", &DECLARED)],
            settings::has_lifecycle,
        ),
        changes("s3:PutBucketCors", &[("s3:PutBucketCORS", &DECLARED)], settings::has_cors),
        changes("s3:DeleteBucketCors", &[("s3:PutBucketCORS", &DECLARED)], settings::has_cors),
        changes(
            "s3:PutBucketEncryption",
            &[("s3:PutEncryptionConfiguration", &DECLARED)],
            settings::has_encryption,
        ),
        changes(
            "s3:DeleteBucketEncryption",
            &[("s3:PutEncryptionConfiguration", &DECLARED)],
            settings::has_encryption,
        ),
        changes(
            "s3:PutBucketOwnershipControls",
            &[("s3:PutBucketOwnershipControls", &DECLARED)],
            settings::has_ownership,
        ),
        changes("s3:PutBucketPolicy", &[("s3:PutBucketPolicy", &DECLARED)], settings::has_policy),
        changes("s3:DeleteBucketPolicy", &[("s3:DeleteBucketPolicy", &DECLARED)], settings::has_policy),
        changes(
            "s3:PutBucketNotificationConfiguration",
            &[("s3:PutBucketNotification", &DECLARED)],
            settings::has_eventbridge,
        ),
        Permission::of("s3:ListObjectVersions", Task::DELETE, &[("s3:ListBucketVersions", &DECLARED)]),
        Permission::of(
            "s3:ListMultipartUploads",
            Task::DELETE,
            &[("s3:ListBucketMultipartUploads", &DECLARED)],
        ),
        Permission::of(
            "s3:DeleteObjects",
            Task::DELETE,
            // What is not kept in versions is one as well, by the name of `null`.
            &[("s3:DeleteObjectVersion", &IN_BUCKETS)],
        ),
        Permission::same("s3:AbortMultipartUpload", Task::DELETE, &IN_BUCKETS),
        Permission::same("s3:DeleteBucket", Task::DELETE, &DECLARED),
    ];
    const TAGGING: Option<Tagging> =
        Some(Tagging { resource_type: "s3", prefix: "", own_listing: OwnListing::Never });
    const FEATURES: Features = Features {
        adopted_by: Some(AdoptedBy::Name),
        outputs: &[Output::new("buckets.NAME", "name")],
        counted: true,
        name_ending: OWN_NAMES,
        acts: &[&acts::PUT, &acts::OBJECT],
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

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        ctx.created.add(PhysicalId::new(Self::NAME, &id.name));
        create(ctx, id, spec).await?;
        set(ctx, id, &settings::defaults(spec), spec).await?;
        Ok(observe::attributes(ctx, &id.name))
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let (id, from) = (&observed.id, &observed.spec);
        let meanwhile = apart::meanwhile(&from.tags, &to.tags);
        // Where no setting is given up, the final tags name all of them.
        let first =
            meanwhile.map(|tags| if apart::includes(&to.tags, &tags) { to.tags.clone() } else { tags });
        if let Some(first) = &first {
            set_tags(ctx, id, &from.tags, first).await?;
        }
        set(ctx, id, from, to).await?;
        set_tags(ctx, id, first.as_ref().unwrap_or(&from.tags), &to.tags).await?;
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        empty::delete(ctx, observed).await
    }

    async fn inventory(clients: &Clients, tagged: Vec<Owned>) -> Result<Vec<Owned>> {
        let existing = tagged.into_iter().map(async |Owned { physical_id, .. }| {
            let tags = tags_of(clients, &physical_id.id).await?;
            let mark = tags.and_then(|mut tags| tags.remove(tags::STACK));
            Ok::<_, Error>(mark.map(|mark| Owned::new(&mark, physical_id)))
        });
        Ok(try_join_all(existing).await?.into_iter().flatten().collect())
    }
}
