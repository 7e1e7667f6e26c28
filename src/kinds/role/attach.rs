//! Attaches managed policies to roles, and detaches them.

use super::managed::MAX_ATTACHED;
use super::{IAM, Role, Spec, conflict};
use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Context, Error, Result};
use crate::kind::ObservedOf;
use crate::kinds::retry_conflicts;
use crate::model::ResourceId;

/// How IAM says that there is no such policy [mem].
const NOT_ATTACHABLE: &str = "does not exist or is not attachable";

/// True if IAM has no such policy.
pub(in crate::kinds) fn lacks_policy(error: &Error) -> bool {
    error.says(NOT_ATTACHABLE)
}

/// Attaches a policy. One that this run has created may not be seen by all of IAM yet.
pub(in crate::kinds) async fn attach(ctx: &Context, id: &ResourceId, role: &str, policy: &str) -> Result<()> {
    let call = async || {
        ctx.clients.iam().attach_role_policy().role_name(role).policy_arn(policy).send().await?;
        Ok(())
    };
    let is_own = policy.contains(&format!(":policy{}", ctx.scope.role_path()));
    let early = |error: &Error| {
        (is_own && lacks_policy(error)).then_some("IAM does not see the policy yet").or(conflict(error))
    };
    retry_if(Backoff::PROPAGATION, ctx.waiting(id), early, call).await
}

/// Attaches a policy that the stack file names under `managed_policies`.
pub(super) async fn attach_named(ctx: &Context, id: &ResourceId, role: &str, policy: &str) -> Result<()> {
    attach(ctx, id, role, policy).await.map_err(|error| match lacks_policy(&error) {
        true => {
            let said = error.message.trim_end();
            let way =
                "Correct its name under `managed_policies`, where AWS's own have their path, or remove it.";
            Error { message: format!("{said} {way}"), ..error }
        }
        false => error,
    })
}

/// Detaches a policy.
pub(in crate::kinds) async fn detach(ctx: &Context, id: &ResourceId, role: &str, policy: &str) -> Result<()> {
    retry_conflicts(ctx, id, conflict, async || {
        let detach = ctx.clients.iam().detach_role_policy().role_name(role).policy_arn(policy);
        IAM.ignore_not_found(detach.send().await)
    })
    .await
}

/// Makes the attached policies those that are desired. A running function is never without a policy that it keeps, nor, unless
/// the limit leaves no room for both, without the old and the new ones.
pub(super) async fn reattach(ctx: &Context, observed: &ObservedOf<Role>, to: &Spec) -> Result<()> {
    let (id, role, from) = (&observed.id, &observed.physical_id, &observed.spec.attached);
    let is_full = from.union(&to.attached).count() > MAX_ATTACHED;
    if is_full {
        for policy in from.difference(&to.attached) {
            detach(ctx, id, role, policy).await?;
        }
    }
    for policy in to.attached.difference(from) {
        attach_named(ctx, id, role, policy).await?;
    }
    if !is_full {
        for policy in from.difference(&to.attached) {
            detach(ctx, id, role, policy).await?;
        }
    }
    Ok(())
}
