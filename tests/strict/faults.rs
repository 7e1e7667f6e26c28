//! What goes wrong, and where.

use crate::cloud::Fault;
use crate::malformed::Malformation;
use crate::model::Service;
use crate::quota;

/// A way in which a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nobody takes the connection.
    Refused,
    /// The connection breaks before AWS has the request.
    Dropped,
    /// AWS asks for slower calls.
    Throttled,
    /// AWS fails, with nothing applied.
    Failed,
    /// AWS fails after it has applied the call.
    FailedLate,
    /// AWS applies the call, and the connection breaks before the answer.
    Lost,
    /// AWS applies the call, and answers after everybody has stopped waiting.
    Slow,
    /// The request takes its time on the way, and whatever else is sent overtakes it. Nothing else is wrong.
    Delayed,
    /// Access control refuses.
    Denied,
    /// AWS applies the call, and answers what it never should.
    Malformed(Malformation),
    /// The process ends before the request is sent.
    DiesBefore,
    /// The process ends after this call was applied, and nothing else that is on its way.
    DiesAlone,
    /// The process ends after everything that is on its way was applied, before the answer is there.
    DiesAfter,
}

/// How often a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    Once,
    /// And again each time that it is repeated.
    Always,
}

/// Every kind of fault that is tried on every call. What is repeated by the SDK is tried lasting as well.
pub(crate) const ALL: &[(Trouble, Times)] = &[
    (Trouble::Refused, Times::Once),
    (Trouble::Dropped, Times::Once),
    (Trouble::Throttled, Times::Once),
    (Trouble::Failed, Times::Once),
    (Trouble::FailedLate, Times::Once),
    (Trouble::Lost, Times::Once),
    (Trouble::Slow, Times::Once),
    (Trouble::Delayed, Times::Once),
    (Trouble::Denied, Times::Once),
    (Trouble::DiesBefore, Times::Once),
    (Trouble::DiesAlone, Times::Once),
    (Trouble::DiesAfter, Times::Once),
    (Trouble::Refused, Times::Always),
    (Trouble::Dropped, Times::Always),
    (Trouble::Throttled, Times::Always),
    (Trouble::FailedLate, Times::Always),
    (Trouble::Lost, Times::Always),
    (Trouble::Denied, Times::Always),
];

/// The place of a call in a run: its operation, its subject, and how many such calls there were before. It stays the same
/// when other calls come in another order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Label {
    pub(crate) name: String,
    pub(crate) subject: String,
    pub(crate) nth: u32,
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} #{}", self.name, self.subject, self.nth)
    }
}

/// A fault of a run.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) at: Label,
    pub(crate) trouble: Trouble,
    pub(crate) times: Times,
}

impl std::fmt::Display for Planned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?} at {}", self.trouble, self.times, self.at)
    }
}

impl Planned {
    /// True if the process ends of it.
    pub(crate) fn kills(&self) -> bool {
        matches!(self.trouble, Trouble::DiesBefore | Trouble::DiesAlone | Trouble::DiesAfter)
    }

    /// True for a fault that a patient program is not stopped by: one that passes, and one that hides for ever that something
    /// was made, which can be looked for.
    pub(crate) fn passes(&self) -> bool {
        let hides = matches!(self.trouble, Trouble::Lost | Trouble::FailedLate);
        let passes = self.times == Times::Once || (hides && self.at.name.contains(":Create"));
        passes && self.trouble != Trouble::Denied && !self.kills()
    }

    /// The code that AWS answers with; `None` for the troubles that have no answer.
    pub(crate) fn code(&self) -> Option<String> {
        let (prefix, _) = self.at.name.split_once(':')?;
        Some(answer(Service::of(prefix)?, &self.at.name, self.trouble)?.code)
    }

    /// True if the fault strikes this call.
    pub(crate) fn strikes(&self, label: &Label) -> bool {
        let same = (&self.at.name, &self.at.subject) == (&label.name, &label.subject);
        same && match self.times {
            Times::Once => self.at.nth == label.nth,
            Times::Always => self.at.nth <= label.nth,
        }
    }
}

/// The answer of a service to an operation in trouble; `None` for the troubles that have none.
pub(crate) fn answer(service: Service, operation: &str, trouble: Trouble) -> Option<Fault> {
    match trouble {
        Trouble::Throttled => Some(quota::throttled(service)),
        Trouble::Failed | Trouble::FailedLate => Some(failed(service)),
        Trouble::Denied => Some(denied(service, operation)),
        _ => None,
    }
}

fn failed(service: Service) -> Fault {
    let (code, status) = match service {
        Service::DynamoDb => ("InternalServerError", 500),
        Service::Iam => ("ServiceFailure", 500),
        Service::Logs => ("ServiceUnavailableException", 503),
        Service::Lambda => ("ServiceException", 500),
        Service::Tagging => ("InternalServiceException", 500),
        Service::ApiGateway | Service::Sts => ("InternalFailure", 500),
    };
    Fault { code: code.to_owned(), message: "An internal error occurred.".to_owned(), status }
}

/// A refusal of access control, as each service writes it.
pub(crate) fn denied(service: Service, operation: &str) -> Fault {
    let (code, status) = match service {
        Service::Iam | Service::Sts => ("AccessDenied", 403),
        Service::Lambda | Service::ApiGateway => ("AccessDeniedException", 403),
        _ => ("AccessDeniedException", 400),
    };
    let message = format!(
        "User: arn:aws:iam::123456789012:user/deployer is not authorized to perform: {operation} because no \
         identity-based policy allows it"
    );
    Fault { code: code.to_owned(), message, status }
}
