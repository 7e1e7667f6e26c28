//! What S3 is sent for a bucket. It takes one change of a bucket at a time, so they go out one after the other.

use super::observe::tags_of;
use super::settings::{self, AWS_KEY};
use super::{Encryption, OWN_NAMES, Ownership, PublicAccess, S3, Spec, cors, lifecycle};
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, Poll, retry_if, wait_until};
use crate::aws::{Context, Error, Result};
use crate::kinds::assumable::once_known;
use crate::kinds::statements;
use crate::model::ResourceId;
use crate::policy::Policy;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketNamespace, BucketVersioningStatus, CreateBucketConfiguration,
    EventBridgeConfiguration, NotificationConfiguration, ObjectOwnership, OwnershipControls,
    OwnershipControlsRule, PublicAccessBlockConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Tagging,
    VersioningConfiguration,
};

/// The region in which S3 takes no location [aws-facts-services: 5, LS].
const WITHOUT_LOCATION: &str = "us-east-1";

/// Creates the bucket with its tags, and waits until reads show it, which may take half a minute [hazards: G15].
pub(super) async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<()> {
    let (name, region) = (&id.name, ctx.scope.region.as_str());
    let location = (region != WITHOUT_LOCATION).then(|| BucketLocationConstraint::from(region));
    let configuration = CreateBucketConfiguration::builder()
        .set_location_constraint(location)
        .set_tags(Some(sdk_tags(&spec.tags)?))
        .build();
    let is_own = name.ends_with(&ctx.scope.expand(OWN_NAMES, ""));
    let created = busy(ctx, id, async || {
        let create = ctx.clients.s3().create_bucket().bucket(name);
        let create = create.create_bucket_configuration(configuration.clone());
        let create = create.set_bucket_namespace(is_own.then_some(BucketNamespace::AccountRegional));
        let ownership = (spec.ownership != Ownership::BucketOwner).then(|| spec.ownership.sdk());
        create.set_object_ownership(ownership).send().await?;
        Ok(())
    });
    created.await.map_err(taken)?;
    wait_until(Backoff::NEW_FUNCTION, ctx.waiting(id), async || {
        Ok(match tags_of(&ctx.clients, name).await? {
            Some(_) => Poll::Ready(()),
            None => Poll::Pending("not shown by S3 yet".to_owned()),
        })
    })
    .await
}

/// A name belongs to one account in the whole world.
fn taken(error: Error) -> Error {
    if !error.is("BucketAlreadyExists") {
        return error;
    }
    let way = "another account has a bucket of this name; choose another `name`, or none: then no other account can take it";
    Error { message: format!("{} ({way})", error.message.trim_end()), ..error }
}

impl Ownership {
    fn sdk(self) -> ObjectOwnership {
        match self {
            Ownership::BucketOwner => ObjectOwnership::BucketOwnerEnforced,
            Ownership::BucketOwnerPreferred => ObjectOwnership::BucketOwnerPreferred,
            Ownership::ObjectWriter => ObjectOwnership::ObjectWriter,
        }
    }
}

/// Repeats a change that is refused while there is another one.
pub(super) async fn busy<T, F: Future<Output = Result<T>>>(
    ctx: &Context,
    id: &ResourceId,
    change: impl Fn() -> F,
) -> Result<T> {
    let unknown = |error: &Error| {
        let own = ctx.created.has(&crate::model::PhysicalId::new(id.kind, &id.name));
        (own && S3.is_absent(error)).then_some("not every call finds the new bucket yet")
    };
    let passing = |error: &Error| S3.transient(error).or_else(|| unknown(error));
    retry_if(Backoff::CONFLICT, ctx.waiting(id), passing, change).await
}

/// Sets what differs, but for the tags. What closes comes before what opens: the access block before the policy.
pub(super) async fn set(ctx: &Context, id: &ResourceId, from: &Spec, to: &Spec) -> Result<()> {
    let Spec {
        versioning,
        eventbridge,
        lifecycle: rules,
        cors: cors_rules,
        encryption,
        public_access,
        ownership,
        policy,
        tags: _,
    } = to;
    let name = id.name.as_str();
    if from.public_access != *public_access {
        busy(ctx, id, async || set_public_access(ctx, name, *public_access == PublicAccess::Allowed).await)
            .await?;
    }
    if from.ownership != *ownership {
        busy(ctx, id, async || set_ownership(ctx, name, *ownership).await).await?;
    }
    if from.encryption != *encryption {
        busy(ctx, id, async || set_encryption(ctx, name, encryption).await).await?;
    }
    if from.versioning != *versioning {
        busy(ctx, id, async || set_versioning(ctx, name, *versioning).await).await?;
    }
    if from.lifecycle != *rules {
        busy(ctx, id, async || lifecycle::set(ctx, name, rules).await).await?;
    }
    if from.cors != *cors_rules {
        busy(ctx, id, async || cors::set(ctx, name, cors_rules).await).await?;
    }
    if from.policy != *policy {
        set_policy(ctx, id, policy).await?;
    }
    if from.eventbridge != *eventbridge {
        set_eventbridge(ctx, id, *eventbridge).await?;
    }
    Ok(())
}

async fn set_public_access(ctx: &Context, name: &str, is_allowed: bool) -> Result<()> {
    let on = !is_allowed;
    let block = PublicAccessBlockConfiguration::builder()
        .block_public_acls(on)
        .ignore_public_acls(on)
        .block_public_policy(on)
        .restrict_public_buckets(on)
        .build();
    let put = ctx.clients.s3().put_public_access_block().bucket(name);
    put.public_access_block_configuration(block).send().await?;
    Ok(())
}

async fn set_ownership(ctx: &Context, name: &str, ownership: Ownership) -> Result<()> {
    let rule = OwnershipControlsRule::builder().object_ownership(ownership.sdk()).build()?;
    let controls = OwnershipControls::builder().rules(rule).build()?;
    let put = ctx.clients.s3().put_bucket_ownership_controls().bucket(name);
    put.ownership_controls(controls).send().await?;
    Ok(())
}

/// Without a key of its own it is AWS's default again.
async fn set_encryption(ctx: &Context, name: &str, encryption: &Encryption) -> Result<()> {
    let s3 = ctx.clients.s3();
    let Encryption::Kms(key) = encryption else {
        s3.delete_bucket_encryption().bucket(name).send().await?;
        return Ok(());
    };
    let key = Some(key.clone()).filter(|key| key != AWS_KEY);
    let default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(ServerSideEncryption::AwsKms)
        .set_kms_master_key_id(key)
        .build()?;
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default)
        .bucket_key_enabled(true)
        .build();
    let rules = ServerSideEncryptionConfiguration::builder().rules(rule).build()?;
    s3.put_bucket_encryption().bucket(name).server_side_encryption_configuration(rules).send().await?;
    Ok(())
}

async fn set_versioning(ctx: &Context, name: &str, is_on: bool) -> Result<()> {
    let status = if is_on { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended };
    let to = VersioningConfiguration::builder().status(status).build();
    ctx.clients.s3().put_bucket_versioning().bucket(name).versioning_configuration(to).send().await?;
    Ok(())
}

/// Sets the stack's statements in the policy, and keeps those of others.
async fn set_policy(ctx: &Context, id: &ResourceId, to: &Policy) -> Result<()> {
    let read = async || busy(ctx, id, async || settings::policy(ctx, &id.name).await).await;
    let merge = |live: &Policy| statements::merged(live, to, &ctx.scope.identity);
    let write = async |policy: Policy| {
        // AWS does not know a role that was created a moment ago [aws-facts-services: Propagation].
        let unknown = |error: &Error, names_fresh_role: bool| {
            let unknown = error.is("MalformedPolicy") && error.says("Invalid principal in policy");
            (unknown && names_fresh_role).then_some("S3 does not know a role of the policy yet")
        };
        once_known(ctx, id, to, unknown, async || {
            busy(ctx, id, async || put_policy(ctx, &id.name, &policy).await).await
        })
        .await
    };
    ctx.edit_document(&format!("the policy of {id}"), read, merge, write).await
}

async fn put_policy(ctx: &Context, name: &str, policy: &Policy) -> Result<()> {
    let s3 = ctx.clients.s3();
    match policy.0.is_empty() {
        true => drop(s3.delete_bucket_policy().bucket(name).send().await?),
        false => drop(s3.put_bucket_policy().bucket(name).policy(policy.document()).send().await?),
    }
    Ok(())
}

/// Sends all events to EventBridge, or none: that is an entry in the document of all notifications.
async fn set_eventbridge(ctx: &Context, id: &ResourceId, is_on: bool) -> Result<()> {
    let merge = |live: &NotificationConfiguration| {
        let mut merged = live.clone();
        merged.event_bridge_configuration = is_on.then(|| EventBridgeConfiguration::builder().build());
        merged
    };
    edit_notifications(ctx, id, true, merge).await
}

/// Changes the document of all notifications of a bucket. S3 looks whether each of them can be delivered: one of others that
/// cannot would hold up every change that needs no such look [aws-facts-services: 5, M].
pub(in crate::kinds) async fn edit_notifications(
    ctx: &Context,
    id: &ResourceId,
    unseen: bool,
    merge: impl Fn(&NotificationConfiguration) -> NotificationConfiguration,
) -> Result<()> {
    let name = id.name.as_str();
    let read = async || busy(ctx, id, async || settings::notifications(ctx, name).await).await;
    let write = async |document: NotificationConfiguration| {
        busy(ctx, id, async || {
            let put = ctx.clients.s3().put_bucket_notification_configuration().bucket(name);
            let put = put.set_skip_destination_validation(unseen.then_some(true));
            put.notification_configuration(document.clone()).send().await?;
            Ok(())
        })
        .await
    };
    ctx.edit_document(&format!("the notifications of {id}"), read, merge, write).await
}

/// Makes one set of compared tags of another. The call replaces all tags, so those of others go along.
pub(super) async fn set_tags(ctx: &Context, id: &ResourceId, from: &Tags, to: &Tags) -> Result<()> {
    let set = tags::to_set(from, to);
    let is_dropped = from.contains_key(tags::APART) && !to.contains_key(tags::APART);
    if set.is_empty() && !is_dropped {
        return Ok(());
    }
    // No tags are read of a bucket that a call does not find yet: the write would take away those that it has.
    let missing =
        || Error::refusal("s3:GetBucketTagging", Some("NoSuchBucket"), "The specified bucket does not exist");
    let read =
        async || busy(ctx, id, async || tags_of(&ctx.clients, &id.name).await?.ok_or_else(missing)).await;
    let merge = |live: &Tags| {
        let mut merged = live.clone();
        merged.extend(set.clone());
        merged.retain(|key, _| !is_dropped || key != tags::APART);
        merged
    };
    let write = async |tags: Tags| {
        let tagging = Tagging::builder().set_tag_set(Some(sdk_tags(&tags)?)).build()?;
        busy(ctx, id, async || {
            ctx.clients.s3().put_bucket_tagging().bucket(&id.name).tagging(tagging.clone()).send().await?;
            Ok(())
        })
        .await
    };
    ctx.edit_document(&format!("the tags of {id}"), read, merge, write).await
}

fn sdk_tags(tags: &Tags) -> Result<Vec<Tag>> {
    let tag = |(key, value): (&String, &String)| Ok(Tag::builder().key(key).value(value).build()?);
    tags.iter().map(tag).collect()
}
