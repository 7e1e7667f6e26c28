//! The policy of a stream, which calls of their own read and write. A tag of the stream tells that it has one, see
//! [`crate::kinds::apart`].

use super::KINESIS;
use super::change::once_possible;
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Context, Error, Result};
use crate::kinds::apart::{self, POLICY};
use crate::model::ResourceId;
use crate::policy::Policy;

/// The value of the tag; `None` where the stream has no policy.
pub(super) fn named<T>(policy: &Policy<T>) -> Option<String> {
    apart::named([(!policy.0.is_empty(), POLICY)])
}

/// Reads the policy if the tag tells that there is one.
pub(super) async fn read(ctx: &Context, arn: &str, tags: &Tags) -> Result<Policy> {
    if apart::has(tags, POLICY) { get(ctx, arn).await } else { Ok(Policy::default()) }
}

/// That of a stream without one is empty [recorded: test_resource_policy_crud].
async fn get(ctx: &Context, arn: &str) -> Result<Policy> {
    let get = ctx.clients.kinesis().get_resource_policy().resource_arn(arn);
    match KINESIS.not_found_as_none(get.send().await)? {
        Some(response) => Policy::read("kinesis:GetResourcePolicy", response.policy()),
        None => Ok(Policy::default()),
    }
}

/// Sets the tags and the policy where they differ: the tag that tells of a policy comes before it, and goes after it.
pub(super) async fn set(
    ctx: &Context,
    id: &ResourceId,
    arn: &str,
    from: (&Tags, &Policy),
    to: (&Tags, &Policy),
) -> Result<()> {
    let meanwhile = apart::meanwhile(from.0, to.0);
    if let Some(meanwhile) = &meanwhile {
        retag(ctx, id, from.0, meanwhile).await?;
    }
    if from.1 != to.1 {
        put(ctx, id, arn, to.1).await?;
    }
    retag(ctx, id, meanwhile.as_ref().unwrap_or(from.0), to.0).await
}

/// Sets what differs, and takes the tag that tells of a policy from a stream that has none.
async fn retag(ctx: &Context, id: &ResourceId, from: &Tags, to: &Tags) -> Result<()> {
    let (kinesis, set) = (ctx.clients.kinesis(), tags::to_set(from, to));
    if !set.is_empty() {
        once_possible(ctx, id, async || {
            let add = kinesis.add_tags_to_stream().stream_name(&id.name);
            add.set_tags(Some(set.clone().into_iter().collect())).send().await?;
            Ok(())
        })
        .await?;
    }
    if from.contains_key(tags::APART) && !to.contains_key(tags::APART) {
        once_possible(ctx, id, async || {
            kinesis.remove_tags_from_stream().stream_name(&id.name).tag_keys(tags::APART).send().await?;
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Puts or deletes the policy, and waits until a read shows that.
pub(super) async fn put(ctx: &Context, id: &ResourceId, arn: &str, to: &Policy) -> Result<()> {
    let kinesis = ctx.clients.kinesis();
    let unknown = |error: &Error| {
        let refused = (error.is("InvalidArgument") || error.is("Validation")) && error.says("principal");
        refused.then_some("Kinesis does not know a role of the policy yet")
    };
    retry_if(Backoff::PROPAGATION, ctx.waiting(id), unknown, async || {
        once_possible(ctx, id, async || match to.0.is_empty() {
            true => KINESIS.ignore_not_found(kinesis.delete_resource_policy().resource_arn(arn).send().await),
            false => {
                kinesis.put_resource_policy().resource_arn(arn).policy(to.document()).send().await?;
                Ok(())
            }
        })
        .await
    })
    .await?;
    apart::once_shown(ctx, &KINESIS, id, to, async || get(ctx, arn).await).await
}
