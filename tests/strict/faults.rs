//! What goes wrong, and where.

use crate::cloud::Fault;
use crate::lies::Lie;
use crate::model::Service;
use crate::quota;
use crate::wire::Call;

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
    /// Access control refuses.
    Denied,
    /// AWS applies the call, and answers what it never should.
    Lies(Lie),
    /// The process ends before the request is sent.
    DiesBefore,
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
    (Trouble::Denied, Times::Once),
    (Trouble::DiesBefore, Times::Once),
    (Trouble::DiesAfter, Times::Once),
    (Trouble::Refused, Times::Always),
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

impl Planned {
    /// True if the fault strikes this call.
    pub(crate) fn strikes(&self, label: &Label) -> bool {
        let same = (&self.at.name, &self.at.subject) == (&label.name, &label.subject);
        same && match self.times {
            Times::Once => self.at.nth == label.nth,
            Times::Always => self.at.nth <= label.nth,
        }
    }
}

/// The answer of a service to a call in trouble; `None` for the troubles that have none.
pub(crate) fn answer(call: &Call, trouble: Trouble) -> Option<Fault> {
    match trouble {
        Trouble::Throttled => Some(quota::throttled(call)),
        Trouble::Failed | Trouble::FailedLate => Some(failed(call.service)),
        Trouble::Denied => Some(denied(call)),
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
pub(crate) fn denied(call: &Call) -> Fault {
    let (code, status) = match call.service {
        Service::Iam | Service::Sts => ("AccessDenied", 403),
        Service::Lambda | Service::ApiGateway => ("AccessDeniedException", 403),
        _ => ("AccessDeniedException", 400),
    };
    let message = format!(
        "User: arn:aws:iam::123456789012:user/deployer is not authorized to perform: {} because no identity-based policy \
         allows it",
        call.name()
    );
    Fault { code: code.to_owned(), message, status }
}
