//! One error for every call to AWS, judged by AWS's own codes and never by what an error happens to print.

use crate::text::plain;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::error::operation::BuildError;
use std::error::Error as StdError;
use std::fmt;

/// How many characters of a message are shown, and of a code or an id: an answer may hold anything.
const MOST_SAID: usize = 1000;
const MOST_NAMED: usize = 128;

/// What a kind's functions answer.
pub type Result<T> = std::result::Result<T, Error>;

/// A call to AWS that did not succeed, or a wait for AWS that ended without success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What was called, in AWS's terms, for example `lambda:CreateFunction`; empty for a wait.
    pub operation: String,
    /// What kind of failure it was.
    pub class: Class,
    /// AWS's code, for example `AccessDeniedException`.
    pub code: Option<String>,
    /// Why, as a sentence.
    pub message: String,
    /// AWS's id of the request, for its support.
    pub request_id: Option<String>,
}

/// The kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// AWS understood the call and refused it.
    Refused,
    /// AWS answered that it failed itself (5xx), or its answer could not be read: the call may have been applied.
    Failed,
    /// No connection was made: the call was not applied.
    Unreachable,
    /// The connection broke or timed out with the call on its way: it may have been applied.
    Lost,
    /// There are no credentials, or they could not be loaded.
    Credentials,
    /// The clients of `plan` refused to send a write.
    ReadOnly,
    /// A wait ended: the state is wrong for good, or the time was up.
    Waited,
    /// AWS accepts the rest of a change only later. Everything else is applied, and what depends on the resource can use it.
    Deferred,
}

impl Error {
    /// A wait that ended without success.
    pub fn waited(message: impl Into<String>) -> Self {
        Error {
            operation: String::new(),
            class: Class::Waited,
            code: None,
            message: message.into(),
            request_id: None,
        }
    }

    /// A change of which AWS accepts the rest only later; the message says what was applied and what was not.
    pub(crate) fn deferred(message: impl Into<String>) -> Self {
        Error { class: Class::Deferred, ..Error::waited(message) }
    }

    /// A call whose answer does not say what it always says: it may have been applied.
    pub fn broken(operation: &str, message: impl Into<String>) -> Self {
        Error { operation: operation.to_owned(), class: Class::Failed, ..Error::waited(message) }
    }

    /// The same error, saying which thing it is about where AWS does not say it.
    pub(crate) fn about(self, thing: &str) -> Self {
        match thing.is_empty() || self.message.contains(thing) {
            true => self,
            false => Error { message: format!("{thing}: {}", self.message), ..self },
        }
    }

    /// True for the given wire code. The suffix `Exception` is left out of the comparison: services disagree on it.
    pub fn is(&self, code: &str) -> bool {
        fn stem(code: &str) -> &str {
            code.strip_suffix("Exception").unwrap_or(code)
        }
        self.code.as_deref().is_some_and(|own| stem(own) == stem(code))
    }

    /// True if AWS says that the thing is not there. `NoSuchEntity` is IAM's, `ResourceNotFound` everybody else's,
    /// `NotFound` API Gateway's.
    pub fn is_absent(&self) -> bool {
        ["NoSuchEntity", "ResourceNotFound", "NotFound"].iter().any(|code| self.is(code))
    }

    /// True if AWS says that a thing of this name exists. Lambda and API Gateway use a code that means other things too,
    /// so the message decides there [aws-facts: Lambda, LS].
    pub fn is_duplicate(&self) -> bool {
        let conflict = self.is("ResourceConflict") || self.is("Conflict");
        let says_so = self.message.contains("already exist");
        ["EntityAlreadyExists", "ResourceAlreadyExists"].iter().any(|code| self.is(code))
            || (conflict && says_so)
            || (self.is("ResourceInUse") && says_so)
    }

    /// True if AWS's access control refused the call.
    pub fn is_denied(&self) -> bool {
        ["AccessDenied", "UnauthorizedOperation", "Forbidden", "Authorization"]
            .iter()
            .any(|code| self.is(code))
    }

    /// True if AWS does not take the credentials, or no longer.
    pub fn is_expired(&self) -> bool {
        ["ExpiredToken", "InvalidClientTokenId", "UnrecognizedClient"].iter().any(|code| self.is(code))
    }

    /// True if AWS asks for slower calls.
    pub fn is_throttled(&self) -> bool {
        ["Throttling", "TooManyRequests", "Throttled", "RequestLimitExceeded"]
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
        f.write_str(plain(&self.message, MOST_SAID).trim_end())?;
        let short = |text: &Option<String>| text.as_deref().map(|text| plain(text, MOST_NAMED));
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
        let operation = operation_of::<E>();
        let response = error.raw_response();
        let request_id = response.and_then(|r| r.headers().get("x-amzn-requestid")).map(str::to_owned);
        let status = response.map(|r| r.status().as_u16());
        let code = error.code().map(str::to_owned);
        let (class, message) = match &error {
            SdkError::ServiceError(_) if status.is_some_and(|status| status >= 500) => {
                (Class::Failed, service_message(&error, status))
            }
            SdkError::ServiceError(_) if code.is_none() && status.is_some_and(|status| status < 300) => {
                (Class::Failed, "AWS's answer could not be read".to_owned())
            }
            SdkError::ServiceError(_) => (Class::Refused, service_message(&error, status)),
            _ => transport(&error),
        };
        Error { operation, class, code, message, request_id }
    }
}

impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        Error { class: Class::Refused, ..Error::waited(format!("the request could not be made: {error}")) }
    }
}

fn service_message<E: ProvideErrorMetadata>(
    error: &SdkError<E, HttpResponse>,
    status: Option<u16>,
) -> String {
    match (error.message(), status) {
        (Some(message), _) if !message.is_empty() => message.to_owned(),
        (_, Some(status)) => format!("AWS answered HTTP {status} without a reason"),
        _ => "AWS gave no reason".to_owned(),
    }
}

/// Classifies a failure that brought no answer from the service.
fn transport<E: StdError + 'static>(error: &SdkError<E, HttpResponse>) -> (Class, String) {
    let causes = || anyhow::Chain::new(error).skip(1);
    if let Some(refusal) = causes().find_map(|cause| cause.downcast_ref::<super::read_only::Refused>()) {
        return (Class::ReadOnly, refusal.to_string());
    }
    if causes().any(|cause| cause.is::<CredentialsError>()) {
        let credentials = causes().skip_while(|cause| !cause.is::<CredentialsError>());
        let told: Vec<String> = credentials.map(ToString::to_string).collect();
        return (Class::Credentials, format!("the AWS credentials could not be loaded: {}", told.join(": ")));
    }
    let last = causes().last().map_or_else(|| error.to_string(), ToString::to_string);
    let refused = causes().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    let never_sent =
        refused.map(std::io::Error::kind).any(|kind| kind == std::io::ErrorKind::ConnectionRefused)
            || causes().any(|cause| cause.to_string().contains("dns error"));
    if last.contains("certificate") {
        let untrusted = format!("the certificate of the endpoint is not trusted: {last}");
        return (Class::Unreachable, untrusted);
    }
    match error {
        SdkError::DispatchFailure(_) if never_sent => (Class::Unreachable, format!("no connection: {last}")),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            (Class::Lost, "no answer in time".to_owned())
        }
        SdkError::TimeoutError(_) => (Class::Lost, "no answer in time".to_owned()),
        SdkError::ConstructionFailure(_) => {
            (Class::Refused, format!("the request could not be made: {last}"))
        }
        _ => (Class::Lost, format!("the connection broke: {last}")),
    }
}

/// The operation in AWS's terms, from the name of the SDK's error type: each operation has one of its own, so no caller
/// has to repeat the name, and `?` is enough. Only texts depend on it.
fn operation_of<E>() -> String {
    let path = std::any::type_name::<E>();
    let service = path.split("::").next().and_then(|name| name.strip_prefix("aws_sdk_")).unwrap_or_default();
    let operation = path.rsplit("::").next().and_then(|name| name.strip_suffix("Error")).unwrap_or(path);
    let prefix = match service {
        "apigatewayv2" => "apigateway",
        "cloudwatchlogs" => "logs",
        "resourcegroupstagging" => "tag",
        other => other,
    };
    format!("{prefix}:{operation}")
}

/// The answer of a read, or `None` where AWS says that the thing is not there.
pub(crate) fn not_found_as_none<T, E: Into<Error>>(answer: std::result::Result<T, E>) -> Result<Option<T>> {
    match answer.map_err(Into::into) {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Success of a delete also where the thing was gone already.
pub(crate) fn ignore_not_found<T, E: Into<Error>>(answer: std::result::Result<T, E>) -> Result<()> {
    not_found_as_none(answer).map(|_| ())
}
