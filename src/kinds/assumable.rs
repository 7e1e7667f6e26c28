//! Waiting until a service can assume a role that was made a moment ago.

use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Context, Error, Result};
use crate::model::ResourceId;

/// Repeats a call while its role is too fresh to be assumed; a role that is older will not become assumable by waiting.
pub(super) async fn once_assumable<T, F: Future<Output = Result<T>>>(
    ctx: &Context,
    id: &ResourceId,
    role: &str,
    call: impl Fn() -> F,
) -> Result<T> {
    let call = async || {
        ctx.role_propagation.wait_for_propagation(role).await;
        let answer = call().await;
        if answer.as_ref().is_err_and(|error| not_assumable(error).is_some()) {
            ctx.role_propagation.refused(role);
        }
        answer
    };
    match call().await {
        Err(error) if not_assumable(&error).is_some() && !is_fresh(ctx, role).await => Err(Error {
            message: format!(
                "{} The trust policy of {role} must let lambda.amazonaws.com assume it.",
                error.message.trim_end()
            ),
            ..error
        }),
        Err(error) if not_assumable(&error).is_some() => {
            retry_if(Backoff::PROPAGATION, ctx.waiting(id), not_assumable, call).await
        }
        answer => answer,
    }
}

/// True for a role that this run has written to, or that was made in the last five minutes as far as IAM lets us see.
pub(super) async fn is_fresh(ctx: &Context, role: &str) -> bool {
    if ctx.role_propagation.has_written(role) {
        return true;
    }
    let name = role.rsplit('/').next().unwrap_or_default();
    let answer = ctx.clients.iam.get_role().role_name(name).send().await.ok();
    let created = answer.and_then(|answer| answer.role).map(|role| role.create_date().secs());
    created.is_some_and(|created| ctx.age(created) < 300)
}

/// A role that was made a moment ago is not assumable for some seconds, which Lambda tells in these words
/// [aws-facts: IAM, TF].
fn not_assumable(error: &Error) -> Option<&'static str> {
    const PROPAGATION_ERRORS: &[&str] = &[
        "cannot be assumed by Lambda",
        "The provided execution role does not have permissions",
        "KMS key is invalid for CreateGrant",
        "throttled by EC2",
    ];
    let early = error.is("InvalidParameterValue")
        && PROPAGATION_ERRORS.iter().any(|saying| error.message.contains(saying));
    early.then_some("the role cannot be assumed by Lambda yet")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_fresh_role_s_sayings_are_waited_out() {
        let refused = |message: &str| {
            let code = Some("InvalidParameterValueException".to_owned());
            not_assumable(&Error { code, ..Error::waited(message) })
        };
        assert!(refused("The role defined for the function cannot be assumed by Lambda.").is_some());
        assert!(refused("Unsupported runtime").is_none());
    }
}
