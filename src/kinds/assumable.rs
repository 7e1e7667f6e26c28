//! Calls that hand a role to Lambda, or to a policy: they are refused while the role propagates, and now and then for other
//! reasons that pass.

use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Context, Error, Result};
use crate::kinds::statements;
use crate::model::ResourceId;
use crate::policy::Policy;
use futures_util::future::join_all;

/// Repeats a call while it is refused for a reason that passes. That a role cannot be assumed passes only where the role is
/// new; an older one will not become assumable by waiting.
pub(super) async fn once_assumable<T, F: Future<Output = Result<T>>>(
    ctx: &Context,
    id: &ResourceId,
    role: &str,
    call: impl Fn() -> F,
) -> Result<T> {
    let call = async || {
        ctx.role_propagation.wait_for_propagation(role).await;
        let response = call().await;
        if response.as_ref().is_err_and(|error| propagating(error).is_some()) {
            ctx.role_propagation.refused(role);
        }
        response
    };
    let first = match call().await {
        Err(error) if propagating(&error).or(busy(&error)).is_some() => error,
        response => return response,
    };
    let is_fresh = is_fresh(ctx, role).await;
    let passing = |error: &Error| busy(error).or_else(|| propagating(error).filter(|_| is_fresh));
    let response = match passing(&first) {
        Some(reason) => {
            let waiting = ctx.waiting(id);
            waiting.report(reason);
            retry_if(Backoff::PROPAGATION, waiting, passing, call).await
        }
        None => Err(first),
    };
    response.map_err(|error| if is_fresh { error } else { with_advice(error, role) })
}

/// Repeats a write of a policy while the service refuses it for a reason that passes. That it does not know a role which the policy
/// names passes only where a role is new; whether one is, is asked only if the first refusal may be about that. `passing` gets
/// whether one is.
pub(super) async fn once_known<T, F: Future<Output = Result<T>>>(
    ctx: &Context,
    id: &ResourceId,
    policy: &Policy,
    passing: impl Fn(&Error, bool) -> Option<&'static str>,
    write: impl Fn() -> F,
) -> Result<T> {
    let first = match write().await {
        Err(error) if passing(&error, true).is_some() => error,
        response => return response,
    };
    let roles = statements::roles(policy);
    let names_fresh_role = join_all(roles.iter().map(|role| is_fresh(ctx, role))).await.contains(&true);
    let passing = |error: &Error| passing(error, names_fresh_role);
    let Some(reason) = passing(&first) else { return Err(first) };
    let waiting = ctx.waiting(id);
    waiting.report(reason);
    retry_if(Backoff::PROPAGATION, waiting, passing, write).await
}

/// Adds what to do about an old role that Lambda cannot assume.
fn with_advice(error: Error, role: &str) -> Error {
    if !error.says(NOT_ASSUMABLE) {
        return error;
    }
    let said = error.message.trim_end();
    let message = format!("{said} The trust policy of {role} must let lambda.amazonaws.com assume it.");
    Error { message, ..error }
}

/// True for a role that this run has written to, or that was created in the last five minutes as far as IAM lets us see.
pub(super) async fn is_fresh(ctx: &Context, role: &str) -> bool {
    if ctx.role_propagation.has_written(role) {
        return true;
    }
    let name = role.rsplit('/').next().unwrap_or_default();
    let response = ctx.clients.iam().get_role().role_name(name).send().await.ok();
    let created = response.and_then(|response| response.role).map(|role| role.create_date().secs());
    created.is_some_and(|created| ctx.age(created) < 300)
}

/// How Lambda says that it cannot assume a role.
const NOT_ASSUMABLE: &str = "cannot be assumed by Lambda";

/// How EventBridge Scheduler says it.
const NOT_BY_SCHEDULER: &str = "must allow AWS EventBridge Scheduler to assume the role";

/// How EventBridge says it.
const NOT_BY_EVENTS: &str = "cannot be assumed by principal";

/// The reason why a call is refused that a new role explains: Lambda cannot assume it yet, does not see its policies yet
/// [aws-facts: IAM, TF; hazards: I3], holds a token of it that is not valid yet [hazards: I7], or fails without a word
/// [hazards: G1].
fn propagating(error: &Error) -> Option<&'static str> {
    if error.is_of_role_token() || (error.is_server_error() && !error.has_aws_message()) {
        return Some("the role is not known everywhere in AWS yet");
    }
    let refused = [
        NOT_ASSUMABLE,
        "The provided execution role does not have permissions",
        "The destination ARN",
        "Cannot access stream",
    ];
    let refused = error.is("InvalidParameterValue") && refused.iter().any(|words| error.says(words));
    // [aws-facts-services: 4, TF]
    let by_scheduler = error.is("ValidationException") && error.says(NOT_BY_SCHEDULER);
    if by_scheduler {
        return Some("the role cannot be assumed by EventBridge Scheduler yet");
    }
    if error.is("ValidationException") && error.says(NOT_BY_EVENTS) {
        return Some("the role cannot be assumed by EventBridge yet");
    }
    refused.then_some("the role cannot be assumed by Lambda yet")
}

/// The reason why a call is refused that passes whatever the age of the role.
fn busy(error: &Error) -> Option<&'static str> {
    if !error.is("InvalidParameterValue") {
        return None;
    }
    // Without the second part the key itself is wrong, for good [hazards: I3].
    let grant = error.says("KMS key is invalid for CreateGrant")
        && error.says("ARN does not refer to a valid principal");
    if grant {
        return Some("KMS does not know the role yet");
    }
    error.says("throttled by EC2").then_some("EC2 asks Lambda for slower calls")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(message: &str) -> Error {
        Error::refusal("lambda:CreateFunction", Some("InvalidParameterValueException"), message)
    }

    #[test]
    fn what_a_new_role_explains_is_told_from_what_passes_anyway() {
        let both = |message: &str| {
            let error = refused(message);
            (propagating(&error).is_some(), busy(&error).is_some())
        };
        for message in [
            "The role defined for the function cannot be assumed by Lambda.",
            "The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
            "Cannot access stream arn:x. Please ensure the role can perform the GetRecords Actions on your stream in IAM.",
            "The security token included in the request is invalid. (Service: Sqs, Status Code: 403)",
        ] {
            assert_eq!(both(message), (true, false), "{message}");
        }
        let grant = "KMS key is invalid for CreateGrant operation.";
        for message in [
            format!("{grant} ARN does not refer to a valid principal"),
            "Lambda was throttled by EC2 while it set up the VPC".to_owned(),
        ] {
            assert_eq!(both(&message), (false, true), "{message}");
        }
        for message in
            ["Unsupported runtime", grant, "The security token included in the request is invalid."]
        {
            assert_eq!(both(message), (false, false), "{message}");
        }
    }

    #[test]
    fn a_failure_without_a_word_is_told_from_one_that_says_why() {
        let failed = |message: Option<&str>| Error {
            status: Some(500),
            aws_message: message.map(Box::from),
            ..Error::broken("lambda:CreateFunction", "AWS failed")
        };
        assert!(propagating(&failed(None)).is_some() && propagating(&failed(Some(""))).is_some());
        assert!(propagating(&failed(Some("An internal error occurred."))).is_none());
    }

    #[test]
    fn only_aws_s_own_words_are_compared() {
        let ours = refused("Unsupported runtime").about("a function that cannot be assumed by Lambda");
        assert!(propagating(&ours).is_none(), "{ours}");
    }

    #[test]
    fn only_an_old_role_s_trust_is_blamed() {
        let advice = |message: &str| with_advice(refused(message), "arn:role").message;
        assert!(
            advice("It cannot be assumed by Lambda.").ends_with("must let lambda.amazonaws.com assume it.")
        );
        assert_eq!(advice("throttled by EC2"), "throttled by EC2");
    }
}
