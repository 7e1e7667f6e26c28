//! The account: what every service of it holds, and the time that its own processes go by.

use crate::access::Policies;
use crate::connector::Record;
use crate::services::{Service, States};
use crate::wire::Call;
use crate::witness::Golden;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
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

/// A rule that refuses calls besides, in a test: the refusal of a call, or `None`.
pub(crate) type Hindrance = fn(&Cloud, &Call) -> Option<ServiceError>;

/// What AWS takes its time for: what it is, and how long it takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delay(&'static str, Time);

impl Delay {
    pub(crate) const fn of_secs(what: &'static str, secs: u64) -> Self {
        Delay(what, Time::from_secs(secs))
    }

    pub(crate) const fn of_millis(what: &'static str, millis: u64) -> Self {
        Delay(what, Time::from_millis(millis))
    }
}

/// Until all of a service sees a resource that was made.
pub(crate) const VISIBLE: Delay = Delay::of_millis("visible", 700);
/// Until the tags of a resource that was created are answered [aws-facts: DynamoDB, M].
pub(crate) const TAGS: Delay = Delay::of_secs("tags", 3);
/// Until lists show what was made, and leave out what was deleted.
pub(crate) const LISTS: Delay = Delay::of_secs("lists", 2);

/// How long AWS takes for what it does behind the scenes: as usual, so many times quicker, or at once, but for what a test
/// has set.
#[derive(Debug, Clone)]
pub(crate) struct Delays {
    /// `None` where all is done at once.
    quicker: Option<u32>,
    set: BTreeMap<&'static str, Time>,
}

impl Default for Delays {
    fn default() -> Self {
        Delays::quicker(1)
    }
}

impl Delays {
    /// Of a cloud in which all is done at once.
    pub(crate) fn none() -> Self {
        Delays { quicker: None, set: BTreeMap::new() }
    }

    /// Of a cloud that is so many times quicker than usual.
    pub(crate) fn quicker(times: u32) -> Self {
        Delays { quicker: Some(times), set: BTreeMap::new() }
    }

    /// How long something takes.
    pub(crate) fn of(&self, Delay(what, usual): Delay) -> Time {
        let quicker = || self.quicker.map_or(Time::ZERO, |times| usual / times);
        self.set.get(what).copied().unwrap_or_else(quicker)
    }

    /// Lets something take so long.
    pub(crate) fn set(&mut self, Delay(what, _): Delay, time: Time) {
        self.set.insert(what, time);
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
    /// The region of its runs, where a test is about that; else each has one of its own.
    pub(crate) region: Option<&'static str>,
    /// True where changes of one resource never conflict only since they are many, as in emulators.
    pub(crate) never_conflicts: bool,
    /// What is refused besides, and until when, if the rule asks.
    pub(crate) hindrance: Option<Hindrance>,
    pub(crate) hindered_until: Time,
    /// How many calls it has refused.
    pub(crate) hindered: usize,
    pub(crate) in_flight: Vec<InFlight>,
    /// What one call answers in place of what it would.
    pub(crate) golden: Option<Arc<Golden>>,
    /// The policies of the caller, where not everything is allowed.
    pub(crate) deploy_policy: Option<Arc<Policies>>,
    /// How often a name was made up of the same content.
    pub(crate) made: BTreeMap<String, u32>,
    /// What each service holds. The fields of the states are within reach as fields of the account.
    pub(crate) states: States,
}

impl Deref for Cloud {
    type Target = States;

    fn deref(&self) -> &States {
        &self.states
    }
}

impl DerefMut for Cloud {
    fn deref_mut(&mut self) -> &mut States {
        &mut self.states
    }
}

impl Cloud {
    /// Applies a call that has reached AWS.
    pub(crate) fn handle(&mut self, call: &Call) -> Result<Json, ServiceError> {
        Service::ALL.iter().for_each(|service| service.happen(self));
        if let Some(fault) = self.hindrance.and_then(|hindrance| hindrance(self, call)) {
            self.hindered += 1;
            return Err(fault);
        }
        let handler = call.service.handler(&call.operation.name);
        let handler =
            handler.unwrap_or_else(|| panic!("the strict cloud has no {} yet; add it", call.name()));
        let answer = handler(self, &call.params);
        let answer = match &self.golden {
            Some(golden) => answer.map(|answer| golden.answer(&call.name(), answer)),
            None => answer,
        };
        if let Err(fault) = &answer {
            debug_assert!(
                call.service.model().may_answer(call.operation, &fault.code)
                    || call.service.facts().unmodelled.contains(&&*fault.code),
                "{} never answers {}",
                call.name(),
                fault.code
            );
        }
        answer
    }

    /// Calls an operation by hand; `None` where it is refused.
    pub(crate) fn act(&mut self, service: Service, operation: &str, params: &Json) -> Option<Json> {
        service.handler(operation)?(self, params).ok()
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

/// The resource that a call changes, so that overlapping calls are known; empty for a read.
pub(crate) fn lane(call: &Call) -> String {
    if !is_write(&call.operation.name) {
        return String::new();
    }
    let resource = call.service.facts().changed.iter().find_map(|name| text(&call.params, name));
    resource.map(|resource| format!("{} {resource}", call.service.name())).unwrap_or_default()
}

/// True for an operation that changes something.
pub(crate) fn is_write(operation: &str) -> bool {
    const READS: &[&str] = &["Get", "List", "Describe", "Scan", "Query", "Filter", "BatchGet"];
    !READS.iter().any(|verb| operation.starts_with(verb))
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

/// How many tags a resource can have.
const MAX_TAGS: usize = 50;

/// True if a resource would have too many tags.
pub(crate) fn too_many_tags(before: &Tags, new: &Tags) -> bool {
    before.len() + new.keys().filter(|key| !before.contains_key(*key)).count() > MAX_TAGS
}

/// What all services refuse among tags: too many of them, and keys that are AWS's own.
pub(crate) fn check_tags(before: &Tags, new: &Tags, code: &str) -> Result<(), ServiceError> {
    if too_many_tags(before, new) {
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
