//! One error for every call to AWS, judged by AWS's own codes and never by what an error happens to print.

use super::read_only::WriteRefused;
use super::request::Request;
use crate::sensitive::redacted;
use crate::text::sanitize_short;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::error::operation::BuildError;
use aws_types::request_id::RequestId;
use std::error::Error as StdError;
use std::fmt;

/// How many characters of a message are shown, and of a code or an id: a response may hold anything.
const MOST_SAID: usize = 1000;
const MOST_NAMED: usize = 128;

/// What the functions of a kind return.
pub type Result<T> = std::result::Result<T, Error>;

/// A call to AWS that did not succeed, or a wait for AWS that ended without success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What was called, in AWS's terms, for example `lambda:CreateFunction`; empty where nothing was called.
    pub operation: String,
    /// What kind of failure it was.
    pub class: Class,
    /// The HTTP status of the response, where there was one.
    pub status: Option<u16>,
    /// AWS's code, for example `AccessDeniedException`.
    pub code: Option<Box<str>>,
    /// Why, as a sentence.
    pub message: String,
    /// AWS's own message. Causes are recognised in it alone: a sentence of ours may hold the name of a resource that reads
    /// like one [hazards: G6].
    pub aws_message: Option<Box<str>>,
    /// AWS's id of the request, for its support.
    pub request_id: Option<Box<str>>,
    /// More about the cause, for those who ask for it.
    pub detail: Option<Box<str>>,
}

/// The kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// AWS understood the call and refused it.
    Refused,
    /// AWS failed itself (5xx), or its response could not be read: the call may have been applied.
    Failed,
    /// No connection was made: the call was not applied.
    Unreachable,
    /// The connection broke or timed out during the call: it may have been applied.
    Lost,
    /// There are no credentials, or they could not be loaded.
    Credentials,
    /// Something on this machine is missing or wrong, for example a setting: nothing was sent.
    Local,
    /// The clients of `plan` refused to send a write.
    ReadOnly,
    /// A wait ended because its time was up: nothing is known but that the state was not reached.
    Timeout,
    /// The state of a resource is wrong for good, or does not allow the change.
    State,
    /// AWS accepts the rest of a change only later. Everything else is applied, and what depends on the resource can use it.
    Deferred,
    /// The user stopped the run before the response came: the call may have been applied.
    Stopped,
    /// A bug in this program. It says nothing about AWS.
    Internal,
}

impl Error {
    fn new(class: Class, message: impl Into<String>) -> Self {
        Error {
            operation: String::new(),
            class,
            status: None,
            code: None,
            message: message.into(),
            aws_message: None,
            request_id: None,
            detail: None,
        }
    }

    /// A change of which AWS accepts the rest only later; the message says what was applied and what was not.
    pub(crate) fn deferred(message: impl Into<String>) -> Self {
        Error::new(Class::Deferred, message)
    }

    /// A call whose response does not say what it always says: it may have been applied.
    pub fn broken(operation: &str, message: impl Into<String>) -> Self {
        Error { operation: operation.to_owned(), ..Error::new(Class::Failed, message) }
    }

    /// A setting or a file that is missing or wrong.
    pub(crate) fn local(message: impl Into<String>) -> Self {
        Error::new(Class::Local, message)
    }

    /// Credentials that are missing.
    pub(super) fn credentials(message: impl Into<String>) -> Self {
        Error::new(Class::Credentials, message)
    }

    /// A wait whose time is up.
    pub(super) fn timeout(message: impl Into<String>) -> Self {
        Error::new(Class::Timeout, message)
    }

    /// A resource whose state is wrong for good, or does not allow the change.
    pub(crate) fn state(message: impl Into<String>) -> Self {
        Error::new(Class::State, message)
    }

    /// What was in progress when the user stopped the run.
    pub(crate) fn stopped() -> Self {
        Error::new(Class::Stopped, "the run was stopped before AWS had finished; it may still take effect")
    }

    /// A bug in this program.
    pub(crate) fn internal(message: impl fmt::Display) -> Self {
        Error::new(Class::Internal, format!("internal error: {message}; please report this"))
    }

    /// A refusal of AWS.
    pub(crate) fn refusal(operation: &str, code: Option<&str>, message: &str) -> Self {
        Error {
            operation: operation.to_owned(),
            code: code.map(Box::from),
            aws_message: Some(message.into()),
            ..Error::new(Class::Refused, message)
        }
    }

    /// The same error, with the resource that it is about where AWS does not name it.
    pub(crate) fn about(self, resource: &str) -> Self {
        if resource.is_empty() || self.message.contains(resource) {
            self
        } else {
            Error { message: format!("{resource}: {}", self.message), ..self }
        }
    }

    /// True for the given wire code. The suffix `Exception` is left out of the comparison: services disagree on it.
    pub fn is(&self, code: &str) -> bool {
        fn stem(code: &str) -> &str {
            code.strip_suffix("Exception").unwrap_or(code)
        }
        self.code.as_deref().is_some_and(|own| stem(own) == stem(code))
    }

    /// True if AWS's own message has this text.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.aws_message.as_deref().is_some_and(|message| message.contains(text))
    }

    /// True if AWS gave a reason.
    pub(crate) fn has_aws_message(&self) -> bool {
        self.aws_message.as_deref().is_some_and(|message| !message.is_empty())
    }

    /// True if AWS failed with a 5xx status, whatever it says, which may be nothing [hazards: G1].
    pub(crate) fn is_server_error(&self) -> bool {
        self.status.is_some_and(|status| status >= 500)
    }

    /// True if AWS's access control refused the call. A refusal of a `HEAD` has no body, so no code.
    pub fn is_denied(&self) -> bool {
        let is_bare = self.class == Class::Refused && self.code.is_none() && self.status == Some(403);
        is_bare
            || ["AccessDenied", "UnauthorizedOperation", "Forbidden", "Authorization", "AuthorizationError"]
                .iter()
                .any(|code| self.is(code))
    }

    /// True if AWS does not take the credentials, or no longer.
    pub fn is_expired(&self) -> bool {
        !self.is_of_role_token()
            && ["ExpiredToken", "InvalidClientTokenId", "UnrecognizedClient"].iter().any(|code| self.is(code))
    }

    /// True if a service could not use the token of a role yet that was written a moment ago. It passes the refusal on in
    /// these words; without the name of the service, our own credentials are not valid [hazards: I7].
    pub(crate) fn is_of_role_token(&self) -> bool {
        self.says("The security token included in the request is invalid") && self.says("(Service:")
    }

    /// True if AWS asks for slower calls.
    pub fn is_throttled(&self) -> bool {
        ["Throttling", "TooManyRequests", "Throttled", "RequestThrottled", "RequestLimitExceeded", "SlowDown"]
            .iter()
            .any(|code| self.is(code))
    }

    /// True if the call may have been applied although it failed.
    pub fn is_ambiguous(&self) -> bool {
        matches!(self.class, Class::Failed | Class::Lost)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.operation.is_empty() {
            write!(f, "{} failed: ", self.operation)?;
        }
        f.write_str(sanitize_short(&self.message, MOST_SAID).trim_end())?;
        let short = |text: &Option<Box<str>>| text.as_deref().map(|text| sanitize_short(text, MOST_NAMED));
        match (short(&self.code), short(&self.request_id)) {
            (Some(code), Some(id)) => write!(f, " ({code}, request {id})"),
            (Some(code), None) => write!(f, " ({code})"),
            (None, Some(id)) => write!(f, " (request {id})"),
            (None, None) => Ok(()),
        }
    }
}

impl StdError for Error {}

impl<E> From<SdkError<E, HttpResponse>> for Error
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let request = Request::of(&error);
        let response = error.raw_response();
        let request_id = response.and_then(|r| r.headers().request_id()).map(Box::from);
        let status = response.map(|r| r.status().as_u16());
        let code = error.code().map(Box::from);
        let (class, message) = match &error {
            SdkError::ServiceError(_) if status.is_some_and(|status| status >= 500) => {
                (Class::Failed, service_message(&error, status))
            }
            SdkError::ServiceError(_) if code.is_none() && status.is_some_and(|status| status < 300) => {
                (Class::Failed, "AWS's response could not be read".to_owned())
            }
            SdkError::ServiceError(_) => (Class::Refused, service_message(&error, status)),
            _ => transport(&error, request.host.as_deref()),
        };
        let detail = credentials_error(&error).map(|error| chain(error).into());
        // A message may be cut where it is shown, and then a part of a value would stay.
        let message = redacted(&message).into_owned();
        let aws_message = error.message().map(|message| redacted(message).into());
        let operation = request.operation;
        Error { operation, status, code, aws_message, request_id, detail, ..Error::new(class, message) }
    }
}

impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        Error::new(Class::Refused, format!("the request could not be built: {error}"))
    }
}

fn service_message<E: ProvideErrorMetadata>(
    error: &SdkError<E, HttpResponse>,
    status: Option<u16>,
) -> String {
    match (error.message(), status) {
        (Some(message), _) if !message.is_empty() => message.to_owned(),
        (_, Some(status)) => format!("AWS failed with HTTP {status} and gave no reason"),
        _ => "AWS gave no reason".to_owned(),
    }
}

/// Why the credentials could not be loaded, if a call was not sent for this reason.
fn credentials_error<E: StdError + 'static>(error: &SdkError<E, HttpResponse>) -> Option<&CredentialsError> {
    match error {
        SdkError::ServiceError(_) => None,
        error => anyhow::Chain::new(error).find_map(|cause| cause.downcast_ref()),
    }
}

/// An error with all of its causes.
fn chain(error: &CredentialsError) -> String {
    anyhow::Chain::new(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Classifies a failure that brought no response from the service.
fn transport<E: StdError + 'static>(
    error: &SdkError<E, HttpResponse>,
    host: Option<&str>,
) -> (Class, String) {
    let causes = || anyhow::Chain::new(error).skip(1);
    let last = causes().last().map_or_else(|| error.to_string(), ToString::to_string);
    if let Some(refusal) = causes().find_map(|cause| cause.downcast_ref::<WriteRefused>()) {
        return (Class::ReadOnly, refusal.to_string());
    }
    match credentials_error(error) {
        Some(CredentialsError::CredentialsNotLoaded(_)) => {
            return (Class::Credentials, "no AWS credentials found".to_owned());
        }
        Some(_) => return (Class::Credentials, format!("the AWS credentials could not be loaded: {last}")),
        None => (),
    }
    let refused = causes().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    let never_sent =
        refused.map(std::io::Error::kind).any(|kind| kind == std::io::ErrorKind::ConnectionRefused)
            || causes().any(|cause| cause.to_string().contains("dns error"));
    let to = host.map(|host| format!(" to {host}")).unwrap_or_default();
    if last.contains("certificate") {
        let of = host.unwrap_or("the endpoint");
        return (Class::Unreachable, format!("the certificate of {of} is not trusted: {last}"));
    }
    match error {
        SdkError::DispatchFailure(_) if never_sent => {
            (Class::Unreachable, format!("no connection{to}: {last}"))
        }
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            (Class::Lost, "no response in time".to_owned())
        }
        SdkError::TimeoutError(_) => (Class::Lost, "no response in time".to_owned()),
        SdkError::ConstructionFailure(_) => {
            (Class::Refused, format!("the request could not be built: {last}"))
        }
        _ => (Class::Lost, format!("the connection{to} broke: {last}")),
    }
}
