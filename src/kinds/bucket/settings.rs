//! The settings of a bucket that calls of their own read and write: nearly all. A tag of the bucket names those that it has, see
//! [`crate::kinds::apart`]. Whether it may be public is always read: others should not be able to open it unseen.

use super::{Bucket, Encryption, Ownership, PublicAccess, S3, Spec, cors, lifecycle};
use crate::aws::tags;
use crate::aws::{Context, Error, Result};
use crate::kind::Kind as _;
use crate::kinds::apart;
use crate::kinds::notification::SETTING;
use crate::model::Texts;
use crate::policy::Policy;
use aws_sdk_s3::types::{
    BucketVersioningStatus, FilterRuleName, NotificationConfiguration, NotificationConfigurationFilter,
    ObjectOwnership, ServerSideEncryption,
};
use futures_util::join;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// The names that the tag has for them.
const VERSIONING: &str = "versioning";
const EVENTBRIDGE: &str = "eventbridge";
const LIFECYCLE: &str = "lifecycle";
const CORS: &str = "cors";
const ENCRYPTION: &str = "encryption";
const OWNERSHIP: &str = "ownership";
const POLICY: &str = "policy";

/// AWS's own key for S3.
pub(super) const AWS_KEY: &str = "alias/aws/s3";

/// The value of the tag for a spec; `None` where the bucket has none of these settings.
pub(super) fn named<T: Texts>(spec: &Spec<T>) -> Option<String> {
    let Spec {
        versioning,
        eventbridge,
        lifecycle,
        cors,
        encryption,
        public_access: _,
        ownership,
        policy,
        tags: _,
    } = spec;
    apart::named([
        (!cors.is_empty(), CORS),
        (*encryption != Encryption::S3, ENCRYPTION),
        (*eventbridge, EVENTBRIDGE),
        (!lifecycle.is_empty(), LIFECYCLE),
        (*ownership != Ownership::BucketOwner, OWNERSHIP),
        (!policy.0.is_empty(), POLICY),
        (*versioning, VERSIONING),
    ])
}

/// A new bucket with the tags of another one [aws-facts-services: 5].
pub(super) fn defaults(of: &Spec) -> Spec {
    Spec {
        versioning: false,
        eventbridge: false,
        lifecycle: Vec::new(),
        cors: Vec::new(),
        encryption: Encryption::S3,
        public_access: PublicAccess::Blocked,
        // The create call sets it.
        ownership: of.ownership,
        policy: Policy::default(),
        tags: of.tags.clone(),
    }
}

fn names(spec: &Json, setting: &str) -> bool {
    let names = spec["tags"][tags::APART].as_str().unwrap_or_default();
    tags::settings(names).any(|name| name == setting)
}

pub(super) fn has_versioning(spec: &Json) -> bool {
    names(spec, VERSIONING)
}

pub(super) fn has_eventbridge(spec: &Json) -> bool {
    names(spec, EVENTBRIDGE) || names(spec, SETTING)
}

pub(super) fn has_lifecycle(spec: &Json) -> bool {
    names(spec, LIFECYCLE)
}

pub(super) fn has_cors(spec: &Json) -> bool {
    names(spec, CORS)
}

pub(super) fn has_encryption(spec: &Json) -> bool {
    names(spec, ENCRYPTION)
}

pub(super) fn has_ownership(spec: &Json) -> bool {
    names(spec, OWNERSHIP)
}

pub(super) fn has_policy(spec: &Json) -> bool {
    names(spec, POLICY)
}

/// The settings that a read is about.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// Those that the stack file has of a declared bucket.
    pub(super) fn desired(ctx: &Context, name: &str) -> Self {
        let tags = ctx.scope.desired_field(Bucket::NAME, name, "tags");
        let named = tags.as_ref().and_then(|tags| tags[tags::APART].as_str()).unwrap_or_default();
        Names(tags::settings(named).map(str::to_owned).collect())
    }

    /// Those that the tag names, and not these.
    pub(super) fn further(&self, tags: &tags::Tags) -> Self {
        let named = tags.get(tags::APART).map(String::as_str).unwrap_or_default();
        Names(tags::settings(named).filter(|name| !self.has(name)).map(str::to_owned).collect())
    }

    fn has(&self, setting: &str) -> bool {
        self.0.contains(setting)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The settings as they are read: those that are not asked for are `None`.
#[derive(Debug, Default)]
pub(super) struct Live {
    /// The document of its notifications, which also says whether EventBridge gets its events.
    pub(super) document: Option<NotificationConfiguration>,
    pub(super) versioning: Option<bool>,
    pub(super) eventbridge: Option<bool>,
    pub(super) lifecycle: Option<Vec<super::Rule>>,
    pub(super) cors: Option<Vec<super::CorsRule>>,
    pub(super) encryption: Option<Encryption>,
    pub(super) ownership: Option<Ownership>,
    /// The whole policy.
    pub(super) policy: Option<Policy>,
}

impl Live {
    /// What two reads have found together.
    pub(super) fn and(self, other: Live) -> Live {
        Live {
            document: self.document.or(other.document),
            versioning: self.versioning.or(other.versioning),
            eventbridge: self.eventbridge.or(other.eventbridge),
            lifecycle: self.lifecycle.or(other.lifecycle),
            cors: self.cors.or(other.cors),
            encryption: self.encryption.or(other.encryption),
            ownership: self.ownership.or(other.ownership),
            policy: self.policy.or(other.policy),
        }
    }
}

/// Reads settings, all at the same time; the document of notifications may be known already.
pub(super) async fn read(
    ctx: &Context,
    name: &str,
    names: &Names,
    known: Option<NotificationConfiguration>,
) -> Result<Live> {
    async fn if_named<T>(is_named: bool, read: impl Future<Output = Result<T>>) -> Result<Option<T>> {
        if is_named { read.await.map(Some) } else { Ok(None) }
    }
    let (versioning, document, lifecycle, cors, encryption, ownership, policy) = join!(
        if_named(names.has(VERSIONING), versioning(ctx, name)),
        async {
            match known {
                Some(known) => Ok(Some(known)),
                None => {
                    if_named(names.has(EVENTBRIDGE) || names.has(SETTING), notifications(ctx, name)).await
                }
            }
        },
        if_named(names.has(LIFECYCLE), lifecycle::read(ctx, name)),
        if_named(names.has(CORS), cors::read(ctx, name)),
        if_named(names.has(ENCRYPTION), encryption(ctx, name)),
        if_named(names.has(OWNERSHIP), ownership(ctx, name)),
        if_named(names.has(POLICY), policy(ctx, name)),
    );
    let document = document?;
    let to_eventbridge = || document.as_ref().is_some_and(|all| all.event_bridge_configuration.is_some());
    Ok(Live {
        eventbridge: names.has(EVENTBRIDGE).then(to_eventbridge),
        document,
        versioning: versioning?,
        lifecycle: lifecycle?,
        cors: cors?,
        encryption: encryption?,
        ownership: ownership?,
        policy: policy?,
    })
}

/// The response to a read of a setting; `None` where the bucket has it not, by the code that says so.
pub(super) fn where_set<T, E: Into<Error>>(
    response: std::result::Result<T, E>,
    not_set: &str,
) -> Result<Option<T>> {
    match response.map_err(Into::into) {
        Ok(response) => Ok(Some(response)),
        Err(error) if error.is(not_set) => Ok(None),
        Err(error) => Err(error),
    }
}

/// One that was never touched has no status at all.
async fn versioning(ctx: &Context, name: &str) -> Result<bool> {
    let response = ctx.clients.s3().get_bucket_versioning().bucket(name).send().await?;
    Ok(response.status() == Some(&BucketVersioningStatus::Enabled))
}

/// The document with all notifications of a bucket.
pub(in crate::kinds) async fn notifications(ctx: &Context, name: &str) -> Result<NotificationConfiguration> {
    let mut response = ctx.clients.s3().get_bucket_notification_configuration().bucket(name).send().await?;
    response.topic_configurations.iter_mut().flatten().for_each(|one| lower_names(&mut one.filter));
    response.queue_configurations.iter_mut().flatten().for_each(|one| lower_names(&mut one.filter));
    response.lambda_function_configurations.iter_mut().flatten().for_each(|one| lower_names(&mut one.filter));
    Ok(NotificationConfiguration::builder()
        .set_topic_configurations(response.topic_configurations)
        .set_queue_configurations(response.queue_configurations)
        .set_lambda_function_configurations(response.lambda_function_configurations)
        .set_event_bridge_configuration(response.event_bridge_configuration)
        .build())
}

/// Writes the names of rules as S3 documents them: it answers them with a capital [aws-facts-services: 5, LS].
fn lower_names(filter: &mut Option<NotificationConfigurationFilter>) {
    let key = filter.as_mut().and_then(|filter| filter.key.as_mut());
    for rule in key.into_iter().flat_map(|key| key.filter_rules.iter_mut().flatten()) {
        let name = rule.name.take().map(|name| name.as_str().to_lowercase());
        rule.name = name.map(|name| FilterRuleName::from(name.as_str()));
    }
}

/// It goes back to the default where it is deleted, and is never absent; some emulators say otherwise.
async fn encryption(ctx: &Context, name: &str) -> Result<Encryption> {
    let response = ctx.clients.s3().get_bucket_encryption().bucket(name).send().await;
    let response = where_set(response, "ServerSideEncryptionConfigurationNotFoundError")?;
    let rules = response.and_then(|response| response.server_side_encryption_configuration);
    let rules = rules.map(|configuration| configuration.rules).unwrap_or_default();
    let rule = rules.into_iter().next();
    let has_key = rule.as_ref().and_then(|rule| rule.bucket_key_enabled).unwrap_or_default();
    let default = rule.and_then(|rule| rule.apply_server_side_encryption_by_default);
    let Some(default) = default else { return Ok(Encryption::S3) };
    let key = default.kms_master_key_id.unwrap_or_else(|| AWS_KEY.to_owned());
    Ok(match default.sse_algorithm {
        ServerSideEncryption::Aes256 => Encryption::S3,
        ServerSideEncryption::AwsKms if has_key => Encryption::Kms(key),
        ServerSideEncryption::AwsKms => Encryption::Other(format!("{key}, without a key for the bucket")),
        other => Encryption::Other(format!("{other} {key}")),
    })
}

async fn ownership(ctx: &Context, name: &str) -> Result<Ownership> {
    let response = ctx.clients.s3().get_bucket_ownership_controls().bucket(name).send().await;
    let response = where_set(response, "OwnershipControlsNotFoundError")?;
    let controls = response.and_then(|response| response.ownership_controls);
    let rule = controls.and_then(|controls| controls.rules.into_iter().next());
    Ok(match rule.map(|rule| rule.object_ownership) {
        Some(ObjectOwnership::BucketOwnerPreferred) => Ownership::BucketOwnerPreferred,
        // Before there were such settings, this was what a bucket was.
        Some(ObjectOwnership::ObjectWriter) | None => Ownership::ObjectWriter,
        Some(_) => Ownership::BucketOwner,
    })
}

/// The whole policy.
pub(super) async fn policy(ctx: &Context, name: &str) -> Result<Policy> {
    let response = ctx.clients.s3().get_bucket_policy().bucket(name).send().await;
    let response = where_set(response, "NoSuchBucketPolicy")?;
    match response.and_then(|response| response.policy) {
        Some(document) if !document.is_empty() => Policy::read("s3:GetBucketPolicy", &document),
        _ => Ok(Policy::default()),
    }
}

/// Whether the bucket may be public; `None` if it does not exist. An access block that was deleted blocks nothing
/// [hazards: B4].
pub(super) async fn public_access(ctx: &Context, name: &str) -> Result<Option<PublicAccess>> {
    let response = ctx.clients.s3().get_public_access_block().bucket(name).send().await;
    let Some(response) = S3.not_found_as_none(where_set(response, "NoSuchPublicAccessBlockConfiguration"))?
    else {
        return Ok(None);
    };
    let block = response.and_then(|response| response.public_access_block_configuration);
    // A new bucket of the local cloud has none.
    if ctx.local && block.is_none() {
        return Ok(Some(PublicAccess::Blocked));
    }
    let flag = |flag: fn(&aws_sdk_s3::types::PublicAccessBlockConfiguration) -> Option<bool>| {
        block.as_ref().and_then(flag).unwrap_or_default()
    };
    let all = [
        ("public ACLs are refused", flag(|block| block.block_public_acls())),
        ("public ACLs are ignored", flag(|block| block.ignore_public_acls())),
        ("public policies are refused", flag(|block| block.block_public_policy())),
        ("public policies are restricted", flag(|block| block.restrict_public_buckets())),
    ];
    let on: Vec<&str> = all.iter().filter(|(_, on)| *on).map(|(what, _)| *what).collect();
    Ok(Some(match on.len() {
        0 => PublicAccess::Allowed,
        4 => PublicAccess::Blocked,
        _ => PublicAccess::Partly(on.join(", ")),
    }))
}
