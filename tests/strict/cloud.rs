//! The account: what every service of it holds, and the time that its own processes go by.

use crate::access::Policies;
use crate::connector::Record;
use crate::hindrances::Hindrance;
use crate::model::Service;
use crate::services::{apigateway, dynamodb, iam, lambda, logs, operations, tagging};
use crate::wire::Call;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// A time, as the duration since 1970.
pub(crate) type Time = Duration;

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "eu-west-1";

/// An operation of a service: what it answers to its parameters.
pub(crate) type Handler = fn(&mut Cloud, &Json) -> Result<Json, ServiceError>;

/// An error that AWS responds with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ServiceError {
    /// The code on the wire.
    pub(crate) code: String,
    pub(crate) message: String,
    /// The HTTP status; 0 for the one that the model gives.
    pub(crate) status: u16,
}

impl ServiceError {
    /// An error with the status that the model gives to the code, or 400.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        ServiceError { code: code.to_owned(), message: message.into(), status: 0 }
    }

    /// An error of an operation.
    pub(crate) fn err<T>(code: &str, message: impl Into<String>) -> Result<T, Self> {
        Err(ServiceError::new(code, message))
    }
}

/// How long AWS takes for what it does behind the scenes.
#[derive(Debug, Clone)]
pub(crate) struct Delays {
    /// Until a role that was made, or whose trust was changed, can be assumed [aws-facts: IAM].
    pub(crate) assumable: Time,
    /// Until all of a service sees a resource that was made.
    pub(crate) visible: Time,
    /// Until every call of Lambda finds a function that was created [hazards: L2].
    pub(crate) everywhere: Time,
    /// Until the tags of a resource that was created are answered [aws-facts: DynamoDB, M].
    pub(crate) tags: Time,
    /// Until lists show what was made, and leave out what was deleted.
    pub(crate) lists: Time,
    /// Until the tagging API shows what was made [aws-facts: Resource Groups Tagging API].
    pub(crate) tagging: Time,
    /// Until the tagging API forgets what was deleted.
    pub(crate) remembered: Time,
    /// Of a table in CREATING and DELETING.
    pub(crate) table: Time,
    /// Of a table in UPDATING.
    pub(crate) update: Time,
    /// Of a function in Pending.
    pub(crate) pending: Time,
    /// Of a function whose update is InProgress.
    pub(crate) in_progress: Time,
    /// Of a deployment of a stage.
    pub(crate) deployment: Time,
    /// Until the last logs of a function that was deleted arrive.
    pub(crate) late_logs: Time,
}

impl Default for Delays {
    fn default() -> Self {
        Delays {
            assumable: Duration::from_secs(8),
            visible: Duration::from_millis(700),
            everywhere: Duration::from_millis(2_800),
            tags: Duration::from_secs(3),
            lists: Duration::from_secs(2),
            tagging: Duration::from_secs(20),
            remembered: Duration::from_secs(3600),
            table: Duration::from_secs(6),
            update: Duration::from_secs(3),
            pending: Duration::from_secs(2),
            in_progress: Duration::from_secs(1),
            deployment: Duration::from_secs(1),
            late_logs: Duration::from_secs(15),
        }
    }
}

impl Delays {
    /// Of a cloud in which all is done at once.
    pub(crate) fn none() -> Self {
        Delays {
            assumable: Time::ZERO,
            visible: Time::ZERO,
            everywhere: Time::ZERO,
            tags: Time::ZERO,
            lists: Time::ZERO,
            tagging: Time::ZERO,
            remembered: Time::ZERO,
            table: Time::ZERO,
            update: Time::ZERO,
            pending: Time::ZERO,
            in_progress: Time::ZERO,
            deployment: Time::ZERO,
            late_logs: Time::ZERO,
        }
    }
}

/// A request on its way through AWS.
#[derive(Debug, Clone)]
pub(crate) struct InFlight {
    pub(crate) number: usize,
    /// The resource that it changes; empty for a read.
    pub(crate) lane: String,
    pub(crate) call: Call,
    pub(crate) arrived: Time,
}

/// An AWS account. Times are absolute, so a copy of it lives on under another clock.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cloud {
    pub(crate) now: Time,
    /// When the request that is being carried out reached AWS.
    pub(crate) arrived: Time,
    pub(crate) delays: Delays,
    /// How long the last of all calls takes there and back, where a test is about that.
    pub(crate) latency: Option<fn(&[Record]) -> Time>,
    pub(crate) paging: Paging,
    /// What IAM bears: requests a second, and burst. AWS publishes nothing of it, so there is no limit unless a test sets one.
    pub(crate) iam_quota: Option<(f64, f64)>,
    /// True where changes of one API never conflict, as in emulators.
    pub(crate) never_conflicts: bool,
    /// What is refused besides, and until when, if the rule asks.
    pub(crate) hindrance: Option<Hindrance>,
    pub(crate) hindered_until: Time,
    /// How many calls it has refused.
    pub(crate) hindered: usize,
    pub(crate) in_flight: Vec<InFlight>,
    /// The policies of the caller, where not everything is allowed.
    pub(crate) deploy_policy: Option<Arc<Policies>>,
    /// How often a name was made up of the same content.
    pub(crate) made: BTreeMap<String, u32>,
    pub(crate) dynamodb: dynamodb::State,
    pub(crate) iam: iam::State,
    pub(crate) logs: logs::State,
    pub(crate) lambda: lambda::State,
    pub(crate) apigateway: apigateway::State,
    pub(crate) tagging: tagging::State,
}

impl Cloud {
    /// Applies a call that has reached AWS.
    pub(crate) fn handle(&mut self, call: &Call) -> Result<Json, ServiceError> {
        logs::deliver_late(self);
        if let Some(fault) = self.hindrance.and_then(|hindrance| hindrance(self, call)) {
            self.hindered += 1;
            return Err(fault);
        }
        let handler = operations(call.service).find(|(name, _)| *name == call.operation.name);
        let (_, handler) =
            handler.unwrap_or_else(|| panic!("the strict cloud has no {} yet; add it", call.name()));
        let answer = handler(self, &call.params);
        if let Err(fault) = &answer {
            debug_assert!(
                call.service.model().may_answer(call.operation, &fault.code)
                    || UNMODELLED.contains(&&*fault.code),
                "{} never answers {}",
                call.name(),
                fault.code
            );
        }
        answer
    }

    /// A name that AWS makes up: the same for the same content in the same order, whatever else happens between.
    pub(crate) fn made_up(&mut self, kind: &str, content: &str, alphabet: &str, length: usize) -> String {
        let nth = self.made.entry(format!("{kind} {content}")).or_default();
        *nth += 1;
        let hash = Sha256::digest(format!("{kind} {content} {nth}"));
        let letters: Vec<char> = alphabet.chars().collect();
        hash.iter().cycle().take(length).map(|byte| letters[usize::from(*byte) % letters.len()]).collect()
    }

    /// How many changes of the same resource are under way, this one included.
    pub(crate) fn overlapping(&self, lane: &str) -> usize {
        self.in_flight.iter().filter(|other| other.lane == lane).count()
    }
}

/// The codes that services answer although the models of their operations do not list them.
const UNMODELLED: &[&str] = &[
    "ValidationException",
    "ValidationError",
    "InvalidParameterValue",
    "AccessDenied",
    "AccessDeniedException",
    "LimitExceeded",
    "OperationAbortedException",
    "ResourceInUseException",
    "ResourceConflictException",
    "InvalidParameterException",
    "InvalidParameterValueException",
    "ConcurrentModification",
    "ConflictException",
];

/// The resource that a call changes, so that overlapping calls are known; empty for a read.
pub(crate) fn lane(call: &Call) -> String {
    if !is_write(&call.operation.name) {
        return String::new();
    }
    let names = ["ApiId", "RoleName", "logGroupName", "FunctionName", "TableName"];
    let resource = names.iter().find_map(|name| call.params.get(*name)?.as_str());
    resource.map(|resource| format!("{} {resource}", call.service.name())).unwrap_or_default()
}

/// True for an operation that changes something.
pub(crate) fn is_write(operation: &str) -> bool {
    const READS: &[&str] = &["Get", "List", "Describe", "Scan", "Query", "Filter", "BatchGet"];
    !READS.iter().any(|verb| operation.starts_with(verb))
}

/// An ARN of this account.
pub(crate) fn arn(service: Service, resource: &str) -> String {
    match service {
        Service::Iam => format!("arn:aws:iam::{ACCOUNT}:{resource}"),
        Service::ApiGateway => format!("arn:aws:apigateway:{REGION}::{resource}"),
        service => format!("arn:aws:{}:{REGION}:{ACCOUNT}:{resource}", service.name()),
    }
}

/// Seconds since 1970, as in responses.
pub(crate) fn seconds(time: Time) -> Json {
    Json::from(time.as_millis() as f64 / 1000.0)
}

/// A parameter that is a text.
pub(crate) fn text<'a>(params: &'a Json, name: &str) -> Option<&'a str> {
    params.get(name)?.as_str()
}

/// A text that the model requires.
pub(crate) fn required<'a>(params: &'a Json, name: &str) -> &'a str {
    text(params, name).unwrap_or_default()
}

/// Tags by key.
pub(crate) type Tags = BTreeMap<String, String>;

/// A parameter that is a map of texts.
pub(crate) fn text_map(params: &Json, name: &str) -> Tags {
    let members = params.get(name).and_then(Json::as_object).into_iter().flatten();
    members.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

/// Tags in the form of a list of keys and values.
pub(crate) fn tag_list(params: &Json) -> Tags {
    let tags = params.get("Tags").and_then(Json::as_array).into_iter().flatten();
    tags.map(|tag| (required(tag, "Key").to_owned(), required(tag, "Value").to_owned())).collect()
}

/// A list of keys and values.
pub(crate) fn listed(tags: &Tags) -> Json {
    tags.iter().map(|(key, value)| serde_json::json!({ "Key": key, "Value": value })).collect()
}

/// What all services refuse among tags: too many of them, and keys that are AWS's own.
pub(crate) fn check_tags(before: &Tags, new: &Tags, code: &str) -> Result<(), ServiceError> {
    let keys: BTreeSet<&String> = before.keys().chain(new.keys()).collect();
    if keys.len() > 50 {
        return ServiceError::err(code, "A resource can have at most 50 tags.");
    }
    match new.keys().find(|key| key.to_lowercase().starts_with("aws:")) {
        Some(key) => ServiceError::err(code, format!("The tag key {key} is reserved for AWS's own use.")),
        None => Ok(()),
    }
}

/// How many items the pages of lists hold.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) enum Paging {
    /// Two, however many the caller asks for: nothing may rely on more.
    #[default]
    Mean,
    /// As many as each service's documentation says: where it matters how many calls a list takes.
    Documented,
}

impl Paging {
    /// The items of a page. By the documentation they are `usual` unless the caller asks for another number, and never
    /// more than `most`.
    pub(crate) fn size(self, limit: Option<usize>, (usual, most): (usize, usize)) -> usize {
        match self {
            Paging::Mean => limit.unwrap_or(2).clamp(1, 2),
            Paging::Documented => limit.unwrap_or(usual).clamp(1, most),
        }
    }

    /// A page of items, from the one after the token, and the token of the next page.
    pub(crate) fn page<T>(
        self,
        items: Vec<T>,
        token: Option<&str>,
        limit: Option<usize>,
        size: (usize, usize),
    ) -> (Vec<T>, Option<String>) {
        let start = token.map_or(0, |token| token.trim_start_matches("after-").parse().unwrap_or(usize::MAX));
        let size = self.size(limit, size);
        let next = start.saturating_add(size);
        let more = next < items.len();
        (items.into_iter().skip(start).take(size).collect(), more.then(|| format!("after-{next}")))
    }
}
