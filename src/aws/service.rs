//! What is known of an AWS service, once for all of its kinds. A record stands in the file of the service's main kind, next to
//! the method of [`Clients`] that returns the service's client; nothing else has to know a service.

use super::error::{Class, Error, Result};
use super::limit::Quota;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

/// A service of AWS.
#[derive(Debug)]
pub struct Service {
    /// Its id in its model, by which the SDK and all settings of endpoints name it, for example `CloudWatch Logs`.
    pub id: &'static str,
    /// The prefix of its actions in policies, for example `logs` [DG: Service Authorization Reference].
    pub prefix: &'static str,
    /// The quotas that its calls fall under; empty where AWS publishes none.
    pub quotas: &'static [Quota],
    /// The quota that a request falls under, as an index; `None` for no limit.
    pub quota_of: fn(&HttpRequest) -> Option<usize>,
    /// How it refuses calls.
    pub errors: Errors,
}

/// The refusals of a service by what they mean. What all services say in the same way, [`Error`] knows by itself.
#[derive(Debug)]
pub struct Errors {
    /// The resource does not exist.
    pub not_found: &'static [Refusal],
    /// A resource of this name exists.
    pub exists: &'static [Refusal],
    /// The same call will succeed soon, for example because another change is in progress: each with the reason to wait.
    pub transient: &'static [(Refusal, &'static str)],
    /// What the message of a `LimitExceededException` says where room is soon again, in the service's own words.
    pub passing_limits: &'static [&'static str],
}

/// One way to refuse a call. The suffix `Exception` is left out of codes: services disagree on it.
#[derive(Debug)]
pub enum Refusal {
    /// By a code. A service that has a code for each of its protocols, as SQS has, may send either.
    Code(&'static str),
    /// By a code that has other meanings too, and a text of the message.
    Saying(&'static str, &'static str),
    /// By a status alone: a response to `HEAD` has no body, so no code.
    Status(u16),
}

impl Refusal {
    fn is(&self, error: &Error) -> bool {
        match self {
            Refusal::Code(code) => error.is(code),
            Refusal::Saying(code, text) => error.is(code) && error.says(text),
            Refusal::Status(status) => {
                error.class == Class::Refused && error.code.is_none() && error.status == Some(*status)
            }
        }
    }
}

fn any(refusals: &[Refusal], error: &Error) -> bool {
    refusals.iter().any(|refusal| refusal.is(error))
}

impl Service {
    /// A service without known quotas and refusals, to begin a record with.
    pub(crate) const fn new(id: &'static str, prefix: &'static str) -> Self {
        let errors = Errors { not_found: &[], exists: &[], transient: &[], passing_limits: &[] };
        Service { id, prefix, quotas: &[], quota_of: |_| None, errors }
    }

    /// An operation as IAM calls it, for example `lambda:CreateFunction`.
    pub(crate) fn operation(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// True if AWS says that the resource does not exist.
    pub fn is_absent(&self, error: &Error) -> bool {
        any(self.errors.not_found, error)
    }

    /// True if AWS says that a resource of this name exists.
    pub fn is_duplicate(&self, error: &Error) -> bool {
        any(self.errors.exists, error)
    }

    /// The reason to send the same call again, where AWS refused it for one that passes. A code may mean that, and also that
    /// the resource exists, which does not pass.
    pub fn transient(&self, error: &Error) -> Option<&'static str> {
        let transient = self.errors.transient.iter().find(|(refusal, _)| refusal.is(error));
        transient.filter(|_| !self.is_duplicate(error)).map(|(_, reason)| *reason)
    }

    /// The response to a read, or `None` where AWS says that the resource does not exist.
    pub(crate) fn not_found_as_none<T, E: Into<Error>>(
        &self,
        response: std::result::Result<T, E>,
    ) -> Result<Option<T>> {
        match response.map_err(Into::into) {
            Ok(response) => Ok(Some(response)),
            Err(error) if self.is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Success of a delete also where the resource did not exist.
    pub(crate) fn ignore_not_found<T, E: Into<Error>>(
        &self,
        response: std::result::Result<T, E>,
    ) -> Result<()> {
        self.not_found_as_none(response).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The refusals of a queue service and of a bucket service, which no kind uses yet.
    static STORE: Service = Service {
        errors: Errors {
            not_found: &[
                Refusal::Code("AWS.SimpleQueueService.NonExistentQueue"),
                Refusal::Code("QueueDoesNotExist"),
                Refusal::Status(404),
            ],
            exists: &[Refusal::Code("QueueAlreadyExists"), Refusal::Saying("Conflict", "already exist")],
            transient: &[
                (Refusal::Code("AWS.SimpleQueueService.QueueDeletedRecently"), "the name is not free yet"),
                (Refusal::Code("Conflict"), "another change is in progress"),
            ],
            passing_limits: &[],
        },
        ..Service::new("Store", "store")
    };

    fn refused(code: &str, message: &str) -> Error {
        Error::refusal("", Some(code), message)
    }

    #[test]
    fn a_refusal_means_what_the_record_of_its_service_says() {
        assert!(STORE.is_absent(&refused("AWS.SimpleQueueService.NonExistentQueue", "")));
        assert!(STORE.is_absent(&refused("QueueDoesNotExistException", "")));
        assert!(!STORE.is_absent(&refused("ResourceNotFoundException", "")), "another service's code");
        assert!(STORE.is_duplicate(&refused("QueueAlreadyExists", "")));
        let recently = refused("AWS.SimpleQueueService.QueueDeletedRecently", "");
        assert_eq!(STORE.transient(&recently), Some("the name is not free yet"));
    }

    #[test]
    fn a_code_with_two_meanings_is_told_by_its_message() {
        let exists = refused("ConflictException", "The thing already exists.");
        assert!(STORE.is_duplicate(&exists) && STORE.transient(&exists).is_none());
        let busy = refused("ConflictException", "Try again.");
        assert!(!STORE.is_duplicate(&busy));
        assert_eq!(STORE.transient(&busy), Some("another change is in progress"));
        assert!(!STORE.is_duplicate(&busy.about("already exist")), "our own words");
    }

    #[test]
    fn a_status_counts_only_where_there_is_no_code() {
        let bare = |status| Error { status: Some(status), code: None, ..refused("", "") };
        assert!(STORE.is_absent(&bare(404)) && !STORE.is_absent(&bare(400)));
        assert!(!STORE.is_absent(&Error { status: Some(404), ..refused("NoSuchKey", "") }));
        assert!(!STORE.is_absent(&Error { class: Class::Failed, ..bare(404) }));
        assert!(!Service::new("Other", "other").is_absent(&bare(404)), "only where the record says so");
    }
}
