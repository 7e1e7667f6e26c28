//! Errors as the user sees them: what went wrong, and what to do next.

use crate::apply::Report;
use crate::aws::{Class, Error};
use crate::config::Diagnostics;
use crate::exit::Exit;

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What went wrong, as a sentence without its full stop.
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
    /// The exit status.
    pub exit: Exit,
}

impl Failure {
    /// A failure with a next step.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Failure { message: message.into(), help: Some(help.into()), exit: Exit::Failed }
    }

    /// A failure of the command line.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Failure { exit: Exit::Usage, ..Failure::new(message, help) }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure { message: error.to_string(), help: help(&error), exit: exit_of_call(&error) }
    }
}

/// The exit status of a command that failed.
pub fn exit_of(error: &anyhow::Error) -> Exit {
    if let Some(diagnostics) = error.downcast_ref::<Diagnostics>() {
        return diagnostics.exit();
    }
    error.downcast_ref::<Failure>().map_or(Exit::Failed, |failure| failure.exit)
}

/// The exit status of a command whose call failed.
fn exit_of_call(error: &Error) -> Exit {
    let is_denied = error.is_denied() || error.is_expired() || error.class == Class::Credentials;
    match error.class {
        Class::Internal => Exit::InternalError,
        _ if is_denied => Exit::Denied,
        _ => Exit::Failed,
    }
}

/// The exit status of a command that applied a plan.
pub(crate) fn exit_of_report(report: &Report) -> Exit {
    if report.is_complete() {
        return Exit::Done;
    }
    if only_stopped(report) {
        return Exit::Interrupted;
    }
    let failed: Vec<Exit> = report.failed.values().map(exit_of_call).collect();
    let worst = [Exit::InternalError, Exit::Denied].into_iter().find(|exit| failed.contains(exit));
    worst.unwrap_or(Exit::Failed)
}

/// True if nothing but the user ended a run early.
fn only_stopped(report: &Report) -> bool {
    report.skipped.is_empty() && report.failed.values().all(|error| error.class == Class::Stopped)
}

/// The next step for the user, where one is known.
pub fn help(error: &Error) -> Option<String> {
    let help = match error.class {
        Class::Credentials => credentials(&error.message),
        Class::Unreachable if error.message.contains("certificate") => {
            "if a proxy intercepts HTTPS, set AWS_CA_BUNDLE to a file with its certificate".to_owned()
        }
        Class::Unreachable => "check the network, the region, and AWS_ENDPOINT_URL if it is set".to_owned(),
        Class::Lost | Class::Failed => "run the same command again to continue".to_owned(),
        Class::Local
        | Class::ReadOnly
        | Class::Timeout
        | Class::State
        | Class::Deferred
        | Class::Stopped
        | Class::Internal => return None,
        Class::Refused => return help_for_rejected(error),
    };
    Some(help)
}

fn credentials(message: &str) -> String {
    if message.contains("SSO") || message.contains("sso") {
        return "log in with `aws sso login`, with --profile NAME if the profile is not the default"
            .to_owned();
    }
    "choose a profile with --profile or AWS_PROFILE, log in with `aws sso login` or `aws login`, or set \
        AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; to try without an account, add --local"
        .to_owned()
}

fn help_for_rejected(error: &Error) -> Option<String> {
    let help = match error {
        error if error.is_expired() => {
            "the credentials are expired or invalid; log in again, for example with `aws sso login`"
                .to_owned()
        }
        // AWS's own sentence says what else is the matter [hazards: G18].
        error if error.is_denied() && !is_about_permissions(&error.message) => return None,
        error if error.is_denied() => {
            let missing = missing_permission(&error.message).unwrap_or(&error.operation);
            format!(
                "ask for the permission {missing}; `provision iam-policy` prints all permissions that this stack needs"
            )
        }
        error if error.is_throttled() => {
            "AWS is throttling this account; run the same command again".to_owned()
        }
        error if error.is("LimitExceeded") || error.is("CodeStorageExceeded") => {
            "a quota of the account is reached; delete unused resources, or request an increase from AWS"
                .to_owned()
        }
        _ => return None,
    };
    Some(help)
}

/// True if a denied call lacks a permission; AWS denies calls for other reasons as well, and then says so.
fn is_about_permissions(message: &str) -> bool {
    let message = message.to_lowercase();
    message.is_empty()
        || ["not authorized", "access denied", "accessdenied"].iter().any(|words| message.contains(words))
}

/// The action that AWS says is not allowed. It may differ from that of the call: CreateFunction needs `iam:PassRole`.
fn missing_permission(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("not authorized to perform: ")?;
    rest.split_whitespace().next().filter(|action| action.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_call_names_the_permission_to_ask_for() {
        let denied = |message: &str| {
            let error = Error::refusal("lambda:CreateFunction", Some("AccessDeniedException"), message);
            help(&error).unwrap_or_default()
        };
        let user = "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: iam:PassRole on resource: x";
        assert!(denied(user).starts_with("ask for the permission iam:PassRole; "));
        assert!(denied("").starts_with("ask for the permission lambda:CreateFunction; "));
    }

    #[test]
    fn what_is_denied_for_another_reason_is_left_to_aws_s_own_sentence() {
        let error = Error::refusal(
            "lambda:PutFunctionScalingConfig",
            Some("AccessDeniedException"),
            "The function has no capacity provider.",
        );
        assert_eq!(help(&error), None);
        assert!(error.to_string().contains("The function has no capacity provider."));
    }
}
