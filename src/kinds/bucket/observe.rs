//! A bucket as S3 shows it.

use super::empty::contents;
use super::settings::{self, Live, Names};
use super::{Attributes, Bucket, Encryption, Ownership, PublicAccess, S3, Spec};
use crate::aws::tags::{self, Tags};
use crate::aws::{Clients, Context, Result};
use crate::kind::{Kind, ObservedOption};
use crate::kinds::{mark, notification, statements};
use crate::model::{Observed, Owner, ResourceId};
use crate::policy::Policy;
use futures_util::try_join;

/// The bucket of a name. What the stack file has of it is read together with its tags, so that only what it had before takes
/// another round.
pub(super) async fn read(ctx: &Context, name: &str) -> Result<ObservedOption<Bucket>> {
    // The tagging API also has what is no bucket, such as an access point.
    if name.contains(['/', ':']) {
        return Ok(None);
    }
    let desired = Names::desired(ctx, name);
    let live = async { S3.not_found_as_none(settings::read(ctx, name, &desired, None).await) };
    let (tags, access, live) =
        try_join!(tags_of(&ctx.clients, name), settings::public_access(ctx, name), live)?;
    let (Some(tags), Some(access), Some(mut live)) = (tags, access, live) else { return Ok(None) };
    let owner = tags::owner(&tags, &ctx.scope);
    let further = if owner == Owner::Ours { desired.further(&tags) } else { Names::default() };
    if !further.is_empty() {
        let known = live.document.take();
        let more = S3.not_found_as_none(settings::read(ctx, name, &further, known).await)?;
        let Some(more) = more else { return Ok(None) };
        live = live.and(more);
    }
    let id = ResourceId::new(Bucket::NAME, name);
    let mark = mark::begin(&ctx.scope.identity);
    let others = live.policy.clone().unwrap_or_default();
    let notifications = live.document.as_ref().map(notification::entries);
    let spec = spec(live, access, tags::compared(tags, &ctx.scope, &id), &mark);
    let is_ours = owner == Owner::Ours;
    let attributes = Attributes { notifications, ..attributes(ctx, name) };
    let mut observed = Observed::new(id, name, owner, spec, attributes);
    observed.unmanaged_settings = statements::of_others(others, &mark);
    // Only a bucket that may be deleted is looked into.
    if is_ours && (ctx.scope.destroy || !ctx.scope.wants(Bucket::NAME, name)) {
        observed.contains_data = contents(ctx, name).await?;
    }
    Ok(Some(observed))
}

pub(super) fn attributes(ctx: &Context, name: &str) -> Attributes {
    Attributes { name: name.to_owned(), arn: ctx.scope.expand(Bucket::ARN, name), notifications: None }
}

/// The tags of a bucket; `None` if it does not exist.
pub(super) async fn tags_of(clients: &Clients, name: &str) -> Result<Option<Tags>> {
    let response = clients.s3().get_bucket_tagging().bucket(name).send().await;
    let response = S3.not_found_as_none(settings::where_set(response, "NoSuchTagSet"))?;
    let tags = |set: Vec<aws_sdk_s3::types::Tag>| set.into_iter().map(|tag| (tag.key, tag.value)).collect();
    Ok(response.map(|response| response.map(|response| tags(response.tag_set)).unwrap_or_default()))
}

/// What a bucket is, with the statements of the stack with a mark.
fn spec(live: Live, public_access: PublicAccess, tags: Tags, mark: &str) -> Spec {
    let Live { document: _, versioning, eventbridge, lifecycle, cors, encryption, ownership, policy } = live;
    Spec {
        versioning: versioning.unwrap_or_default(),
        eventbridge: eventbridge.unwrap_or_default(),
        lifecycle: lifecycle.unwrap_or_default(),
        cors: cors.unwrap_or_default(),
        encryption: encryption.unwrap_or(Encryption::S3),
        public_access,
        ownership: ownership.unwrap_or(Ownership::BucketOwner),
        policy: policy.map(|policy| statements::own(policy, mark)).unwrap_or_else(Policy::default),
        tags,
    }
}
