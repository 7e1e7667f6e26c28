//! Faults: what goes wrong with a call, and with which one.

use crate::access::CALLER;
use crate::cloud::ServiceError;
use crate::malformed::Malformation;
use crate::quota;
use crate::services::Service;

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The connection is refused.
    Refused,
    /// The connection breaks before AWS has the request.
    Dropped,
    /// AWS asks for slower calls.
    Throttled,
    /// AWS fails, with nothing applied.
    Failed,
    /// AWS fails after it has applied the call.
    FailedLate,
    /// AWS applies the call, and the connection breaks before the response.
    Lost,
    /// AWS applies the call, and responds after every timeout.
    Slow,
    /// The request is delayed on the way, and whatever else is sent overtakes it. Nothing else is wrong.
    Delayed,
    /// Access is denied.
    Denied,
    /// AWS applies the call, and its response is malformed.
    Malformed(Malformation),
    /// The process is killed before the request is sent.
    KilledBefore,
    /// The process is killed after this call was applied, and nothing else that is on its way.
    KilledAfterCall,
    /// The process is killed after everything that was sent is applied, before the response arrives.
    KilledAfterAll,
}

/// How often a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    Once,
    /// And again each time that it is repeated.
    Always,
}

/// Every kind of fault that is tried on every call. What the SDK retries is tried permanently as well.
pub(crate) const ALL: &[(FaultKind, Times)] = &[
    (FaultKind::Refused, Times::Once),
    (FaultKind::Dropped, Times::Once),
    (FaultKind::Throttled, Times::Once),
    (FaultKind::Failed, Times::Once),
    (FaultKind::FailedLate, Times::Once),
    (FaultKind::Lost, Times::Once),
    (FaultKind::Slow, Times::Once),
    (FaultKind::Delayed, Times::Once),
    (FaultKind::Denied, Times::Once),
    (FaultKind::KilledBefore, Times::Once),
    (FaultKind::KilledAfterCall, Times::Once),
    (FaultKind::KilledAfterAll, Times::Once),
    (FaultKind::Refused, Times::Always),
    (FaultKind::Dropped, Times::Always),
    (FaultKind::Throttled, Times::Always),
    (FaultKind::FailedLate, Times::Always),
    (FaultKind::Lost, Times::Always),
    (FaultKind::Denied, Times::Always),
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
pub(crate) struct PlannedFault {
    pub(crate) at: Label,
    pub(crate) kind: FaultKind,
    pub(crate) times: Times,
}

impl std::fmt::Display for PlannedFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?} at {}", self.kind, self.times, self.at)
    }
}

impl PlannedFault {
    /// True if the process is killed by it.
    pub(crate) fn kills(&self) -> bool {
        matches!(self.kind, FaultKind::KilledBefore | FaultKind::KilledAfterCall | FaultKind::KilledAfterAll)
    }

    /// True for a fault that retries and waits get over: one that passes, and one that hides for ever that something
    /// was made, which can be looked for.
    pub(crate) fn passes(&self) -> bool {
        let hides = matches!(self.kind, FaultKind::Lost | FaultKind::FailedLate);
        let passes = self.times == Times::Once || (hides && self.at.name.contains(":Create"));
        passes && self.kind != FaultKind::Denied && !self.kills()
    }

    /// The code of AWS's response; `None` for the kinds of faults without one.
    pub(crate) fn code(&self) -> Option<String> {
        let (prefix, _) = self.at.name.split_once(':')?;
        Some(service_error(Service::of(prefix)?, &self.at.name, self.kind)?.code)
    }

    /// True if the fault is to be injected into this call.
    pub(crate) fn applies_to(&self, label: &Label) -> bool {
        let same = (&self.at.name, &self.at.subject) == (&label.name, &label.subject);
        same && match self.times {
            Times::Once => self.at.nth == label.nth,
            Times::Always => self.at.nth <= label.nth,
        }
    }
}

/// The error that a service responds with; `None` for the kinds of faults without a response.
pub(crate) fn service_error(service: Service, operation: &str, kind: FaultKind) -> Option<ServiceError> {
    match kind {
        FaultKind::Throttled => Some(quota::throttled(service)),
        FaultKind::Failed | FaultKind::FailedLate => Some(failed(service)),
        FaultKind::Denied => Some(denied(service, operation)),
        _ => None,
    }
}

fn failed(service: Service) -> ServiceError {
    let (code, status) = service.facts().failed;
    ServiceError { code: code.to_owned(), message: "An internal error occurred.".to_owned(), status }
}

/// A refusal of access control, as the service writes it.
pub(crate) fn denied(service: Service, operation: &str) -> ServiceError {
    let (code, status) = service.facts().denied;
    let message = format!(
        "User: {CALLER} is not authorized to perform: {operation} because no identity-based policy allows it"
    );
    ServiceError { code: code.to_owned(), message, status }
}
