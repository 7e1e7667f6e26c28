//! The policy of a secret, which calls of their own read and write. A tag of the secret tells that it has one, see
//! [`crate::kinds::apart`].

use crate::aws::tags::Tags;
use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Context, Error, Result};
use crate::elsewhere::secrets::SECRETS_MANAGER;
use crate::kinds::apart::{self, POLICY};
use crate::model::ResourceId;
use crate::policy::Policy;

/// The value of the tag; `None` where the secret has no policy.
pub(super) fn named<T>(policy: &Policy<T>) -> Option<String> {
    apart::named([(!policy.0.is_empty(), POLICY)])
}

/// Reads the policy if the tag tells that there is one.
pub(super) async fn read(ctx: &Context, name: &str, tags: &Tags) -> Result<Policy> {
    if apart::has(tags, POLICY) { get(ctx, name).await } else { Ok(Policy::default()) }
}

async fn get(ctx: &Context, name: &str) -> Result<Policy> {
    let get = ctx.clients.secrets_manager().get_resource_policy().secret_id(name);
    let response = SECRETS_MANAGER.not_found_as_none(get.send().await)?;
    match response.and_then(|response| response.resource_policy) {
        Some(document) => Policy::read("secretsmanager:GetResourcePolicy", &document),
        None => Ok(Policy::default()),
    }
}

/// Puts or deletes the policy, and waits until a read shows that. AWS itself refuses one that admits everybody.
pub(super) async fn set(ctx: &Context, id: &ResourceId, to: &Policy) -> Result<()> {
    let secrets = ctx.clients.secrets_manager();
    let unknown = |error: &Error| {
        let refused = error.is("MalformedPolicyDocument") && error.says("principal");
        refused.then_some("Secrets Manager does not know a role of the policy yet")
    };
    retry_if(Backoff::PROPAGATION, ctx.waiting(id), unknown, async || {
        super::change::accepted(ctx, id, async || {
            match to.0.is_empty() {
                true => drop(secrets.delete_resource_policy().secret_id(&id.name).send().await?),
                false => {
                    let put = secrets.put_resource_policy().secret_id(&id.name).block_public_policy(true);
                    put.resource_policy(to.document()).send().await?;
                }
            }
            Ok(())
        })
        .await
    })
    .await?;
    apart::once_shown(ctx, &SECRETS_MANAGER, id, to, async || get(ctx, &id.name).await).await
}
