//! Reads the logs of functions, and remembers what it has read already. It prints nothing, and only reads.

mod message;
mod selection;

pub use message::{Call, Message, Platform, Record, read as read_message};
pub use selection::Selection;

use crate::aws::{Class, Clients, Error, Result};
use crate::config::Stack;
use crate::kinds::code;
use crate::model::Identity;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use futures_util::future::try_join_all;
use selection::Picker;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How far behind the newest event a late one is still looked for. CloudWatch takes events of several streams as they come,
/// so an older one may be there only at the next look.
const LATE: i64 = 10_000;

/// The longest pause between two looks, where AWS asks for slower calls or is out of reach.
const LONGEST: Duration = Duration::from_secs(30);

/// A function, and where its logs are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSource {
    /// The function, as the stack file calls it.
    pub function: String,
    /// The log group's name.
    pub group: String,
    /// In a group that functions share, the name of the function in the names of its log streams.
    pub name: Option<String>,
}

impl LogSource {
    /// The source of a function of a stack.
    pub fn of(stack: &Stack, identity: &Identity, function: &str) -> Self {
        let (kind, runs_code) = code();
        let name = identity.named(kind.name(), function);
        let function = function.to_owned();
        match stack.log_group(kind.name(), &function) {
            Some(group) => LogSource { function, group: group.to_owned(), name: Some(name) },
            None => LogSource { function, group: format!("{}{name}", runs_code.log_groups), name: None },
        }
    }

    /// Whether a function logged an event. A log stream is called `DATE/NAME[VERSION]ID` where the group is not the function's own
    /// [DG: Lambda, "Configuring log groups"]; the local cloud leaves the name out.
    fn is_of(&self, event: &FilteredLogEvent) -> bool {
        let stream = event.log_stream_name().unwrap_or_default();
        let logged_by = stream.rsplit('/').next().and_then(|last| last.split('[').next()).unwrap_or_default();
        self.name.as_ref().is_none_or(|name| logged_by.is_empty() || logged_by == name)
    }
}

/// An entry in the log of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The function, as the stack file calls it.
    pub function: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The log stream: one for each copy of the function that AWS runs.
    pub stream: String,
    /// The message.
    pub message: String,
}

impl LogEntry {
    /// The message in lines: within an exception, Lambda ends them with a carriage return.
    pub fn normalized(&self) -> String {
        self.message.replace('\r', "\n").trim_end().to_owned()
    }
}

/// The result of one read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LogBatch {
    /// The new entries, the newest last.
    pub entries: Vec<LogEntry>,
    /// The functions that have no log group.
    pub missing: Vec<String>,
}

/// Reads the logs of functions, each event once.
#[derive(Debug)]
pub struct Reader {
    client: aws_sdk_cloudwatchlogs::Client,
    since: i64,
    positions: BTreeMap<String, ReadPosition>,
    picker: Picker,
    /// What CloudWatch is asked for.
    pattern: Option<String>,
}

impl Reader {
    /// A reader of everything since a time in milliseconds since 1970.
    pub fn new(clients: &Clients, since: i64) -> Self {
        let (positions, picker) = (BTreeMap::new(), Picker::default());
        Reader { client: clients.logs(), since, positions, picker, pattern: None }
    }

    /// The same of the entries that are wanted. AWS sends no others; the local cloud reads a pattern in another way, so there
    /// everything is read.
    #[must_use]
    pub fn only(self, selection: Selection, is_local: bool) -> Self {
        let picker = Picker::new(selection);
        Reader { pattern: picker.pattern().filter(|_| !is_local), picker, ..self }
    }

    /// Looks for what is new.
    ///
    /// # Errors
    /// A read that failed; a group that does not exist is none.
    pub async fn look(&mut self, sources: &[LogSource]) -> Result<LogBatch> {
        let since = |source: &LogSource| {
            self.positions.get(&source.function).map_or(self.since, |position| position.from)
        };
        let pattern = self.pattern.as_deref();
        let reads = sources.iter().map(|source| read(&self.client, source, since(source), pattern));
        let mut found = LogBatch::default();
        for (source, events) in sources.iter().zip(try_join_all(reads).await?) {
            let Some(events) = events else {
                found.missing.push(source.function.clone());
                continue;
            };
            let position = self.positions.entry(source.function.clone());
            let position =
                position.or_insert_with(|| ReadPosition { from: self.since, shown: BTreeSet::new() });
            let fresh = position.take_new(events).into_iter().map(|event| entry(source, event));
            found.entries.extend(fresh);
        }
        found.entries.sort_by_key(|entry| entry.at);
        found.entries.retain(|entry| self.picker.takes(entry));
        Ok(found)
    }
}

/// All events of a group since a time that fit a pattern; `None` if there is no group.
async fn read(
    client: &aws_sdk_cloudwatchlogs::Client,
    source: &LogSource,
    since: i64,
    pattern: Option<&str>,
) -> Result<Option<Vec<FilteredLogEvent>>> {
    let filter = client.filter_log_events().log_group_name(&source.group).start_time(since);
    let filter = filter.set_filter_pattern(pattern.map(str::to_owned));
    // A page may be empty and yet not be the last one, which the paginator knows.
    match filter.into_paginator().send().collect::<std::result::Result<Vec<_>, _>>().await {
        Ok(pages) => {
            let events = pages.into_iter().flat_map(|page| page.events.unwrap_or_default());
            Ok(Some(events.filter(|event| source.is_of(event)).collect()))
        }
        Err(error) => match Error::from(error) {
            error if error.is("ResourceNotFoundException") => Ok(None),
            error => Err(error),
        },
    }
}

fn entry(source: &LogSource, event: FilteredLogEvent) -> LogEntry {
    LogEntry {
        function: source.function.clone(),
        at: event.timestamp.unwrap_or_default(),
        stream: event.log_stream_name.unwrap_or_default(),
        message: event.message.unwrap_or_default(),
    }
}

/// What was read of a group: from where to look next, and which events since then are known.
#[derive(Debug)]
struct ReadPosition {
    from: i64,
    shown: BTreeSet<(i64, String)>,
}

impl ReadPosition {
    /// The events that are not known yet, which are known from now on.
    fn take_new(&mut self, events: Vec<FilteredLogEvent>) -> Vec<FilteredLogEvent> {
        let mut alike: BTreeMap<(i64, String), usize> = BTreeMap::new();
        let fresh = events.into_iter().filter(|event| {
            let at = event.timestamp().unwrap_or_default();
            // The local cloud gives no ids: there it is the place among the events of a stream and a moment that counts.
            let stream = event.log_stream_name().unwrap_or_default();
            let place = alike.entry((at, stream.to_owned())).or_default();
            *place += 1;
            let id = event.event_id().map_or_else(|| format!("{stream} {place}"), str::to_owned);
            self.shown.insert((at, id))
        });
        let fresh: Vec<FilteredLogEvent> = fresh.collect();
        let newest = fresh.iter().filter_map(FilteredLogEvent::timestamp).max().unwrap_or_default();
        self.from = self.from.max(newest - LATE);
        self.shown = self.shown.split_off(&(self.from, String::new()));
        fresh
    }
}

/// The pauses between looks: they grow while looks fail for a reason that passes.
#[derive(Debug)]
pub struct PollInterval {
    usual: Duration,
    next: Duration,
}

impl PollInterval {
    /// The interval on AWS, where each read counts against a quota, or on the local cloud, where it does not.
    pub fn new(local: bool) -> Self {
        let usual = if local { Duration::from_millis(250) } else { Duration::from_secs(1) };
        PollInterval { usual, next: usual }
    }

    /// The pause after a look that went well.
    pub fn usual(&mut self) -> Duration {
        self.next = self.usual;
        self.usual
    }

    /// The pause after a look that failed, unless it is no use to look again.
    pub fn after(&mut self, error: &Error) -> Option<Duration> {
        let passes = matches!(error.class, Class::Unreachable | Class::Lost | Class::Failed);
        (passes || error.is_throttled()).then(|| {
            self.next = (self.next * 2).min(LONGEST);
            self.next
        })
    }

    /// True if the last look failed.
    pub fn is_slowed(&self) -> bool {
        self.next > self.usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: i64, stream: &str, id: Option<&str>) -> FilteredLogEvent {
        let event = FilteredLogEvent::builder().timestamp(at).log_stream_name(stream).message("m");
        event.set_event_id(id.map(str::to_owned)).build()
    }

    fn position() -> ReadPosition {
        ReadPosition { from: 0, shown: BTreeSet::new() }
    }

    fn times(events: &[FilteredLogEvent]) -> Vec<i64> {
        events.iter().filter_map(FilteredLogEvent::timestamp).collect()
    }

    #[test]
    fn functions_that_share_a_group_have_streams_of_their_own() {
        let source = |name: Option<&str>| LogSource {
            function: "save".into(),
            group: "/shop/all".into(),
            name: name.map(str::to_owned),
        };
        let is_of = |name: Option<&str>, stream: &str| source(name).is_of(&event(1, stream, None));
        assert!(is_of(Some("save"), "2026/01/01/save[$LATEST]0a1b"));
        assert!(!is_of(Some("save"), "2026/01/01/save2[$LATEST]0a1b"));
        assert!(is_of(Some("save"), "2026/01/01/[$LATEST]0a1b"));
        assert!(is_of(None, "2026/01/01/[$LATEST]0a1b"));
    }

    #[test]
    fn an_event_is_returned_once() {
        let mut position = position();
        let first = || vec![event(5, "a", Some("1")), event(5, "a", Some("2"))];
        assert_eq!(times(&position.take_new(first())), [5, 5]);
        assert_eq!(position.take_new(first()), []);
        let late = vec![event(3, "b", Some("0")), event(5, "a", Some("1")), event(9, "a", Some("3"))];
        assert_eq!(times(&position.take_new(late)), [3, 9], "what comes late is returned as well");
    }

    #[test]
    fn without_ids_the_place_in_the_stream_tells_events_apart() {
        let mut position = position();
        let two = || vec![event(5, "a", None), event(5, "a", None)];
        assert_eq!(times(&position.take_new(two())), [5, 5]);
        let mut four = two();
        four.extend([event(5, "b", None), event(5, "a", None)]);
        assert_eq!(times(&position.take_new(four)), [5, 5], "one more of each stream");
    }

    #[test]
    fn what_is_too_old_to_be_read_again_is_forgotten() {
        let mut position = position();
        position.take_new(vec![event(1_000, "a", Some("1")), event(50_000, "a", Some("2"))]);
        assert_eq!(position.from, 40_000);
        assert_eq!(position.shown.len(), 1);
        position.take_new(Vec::new());
        assert_eq!(position.from, 40_000, "a quiet time moves nothing");
    }

    #[test]
    fn the_pace_slows_down_while_aws_asks_for_it() {
        let mut interval = PollInterval::new(false);
        let throttled = Error::refusal("", Some("ThrottlingException"), "slower");
        let pauses: Vec<u64> =
            (0..6).filter_map(|_| interval.after(&throttled)).map(|pause| pause.as_secs()).collect();
        assert_eq!(pauses, [2, 4, 8, 16, 30, 30]);
        assert!(interval.is_slowed());
        assert_eq!(interval.usual(), Duration::from_secs(1));
        assert!(!interval.is_slowed());
        let denied = Error::refusal("", Some("AccessDeniedException"), "no");
        assert_eq!(interval.after(&denied), None);
    }
}
