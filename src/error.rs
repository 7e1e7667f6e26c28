//! Errors as the user meets them: what went wrong, and what to do next.

use crate::aws::{Class, Error};
use crate::exit::Exit;

/// What keeps a command from going on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What went wrong, as a sentence without its full stop.
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
    /// How the program ends.
    pub exit: Exit,
}

impl Failure {
    /// A failure with a way on.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Failure { message: message.into(), help: Some(help.into()), exit: Exit::Failed }
    }

    /// A command line that lacks something.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Failure { exit: Exit::Usage, ..Failure::new(message, help) }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure { message: error.to_string(), help: help(&error), exit: Exit::of_call(&error) }
    }
}

/// The next step for the user, where one is known.
pub fn help(error: &Error) -> Option<String> {
    let help = match error.class {
        Class::Credentials => credentials(&error.message),
        Class::Unreachable if error.message.contains("certificate") => {
            "where a proxy opens HTTPS, let SSL_CERT_FILE name a file with its certificate".to_owned()
        }
        Class::Unreachable => "check the network, the region, and AWS_ENDPOINT_URL if it is set".to_owned(),
        Class::Lost | Class::Failed => "run the same command again; it goes on from what is there".to_owned(),
        Class::ReadOnly | Class::Waited | Class::Deferred => return None,
        Class::Refused => return refused(error),
    };
    Some(help)
}

fn credentials(message: &str) -> String {
    let sso = message.contains("SSO") || message.contains("sso");
    match sso {
        true => {
            "log in with `aws sso login`, with --profile NAME where the profile is not the default".to_owned()
        }
        false => {
            "set a profile with --profile or AWS_PROFILE, log in with `aws sso login` or `aws login`, or set \
                  AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; to try without an account, add --local"
                .to_owned()
        }
    }
}

fn refused(error: &Error) -> Option<String> {
    let help = match error {
        error if error.is_expired() => {
            "the credentials have expired or are not valid; log in again, for example with `aws sso login`"
                .to_owned()
        }
        error if error.is_denied() => {
            let missing = missing(&error.message).unwrap_or(&error.operation);
            format!(
                "ask for the permission {missing}; `provision iam-policy` prints all that this stack needs"
            )
        }
        error if error.is_throttled() => {
            "AWS is throttling this account; run the same command again".to_owned()
        }
        error if error.is("LimitExceeded") || error.is("CodeStorageExceeded") => {
            "a quota of the account is reached; delete what is not needed, or ask AWS for more".to_owned()
        }
        _ => return None,
    };
    Some(help)
}

/// The action that AWS says is not allowed, which may be another one than that of the call: to make a function takes
/// `iam:PassRole`.
fn missing(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("not authorized to perform: ")?;
    rest.split_whitespace().next().filter(|action| action.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_tells_which_permission_to_ask_for() {
        let refused = |message: &str| {
            let error = Error {
                operation: "lambda:CreateFunction".to_owned(),
                class: Class::Refused,
                code: Some("AccessDeniedException".to_owned()),
                ..Error::waited(message)
            };
            help(&error).unwrap_or_default()
        };
        let user = "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: iam:PassRole on resource: x";
        assert!(refused(user).starts_with("ask for the permission iam:PassRole; "));
        assert!(refused("").starts_with("ask for the permission lambda:CreateFunction; "));
    }
}
