//! What functions log, line by line: the time, the function by name and colour, and the message. Of what Lambda itself says
//! around it, one line for each call is left.

use super::{DIM, RED, YELLOW, json::Document, styled};
use crate::kinds::code;
use crate::logs::{Call, LogEntry, Message, Platform, Record, read_message};
use crate::sensitive::redacted;
use crate::text::sanitize;
use anstyle::{AnsiColor, Style};
use aws_smithy_types::date_time::{DateTime, Format};
use chrono::{Local, TimeZone};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// The colours of functions, in the order of the stack file. Red and yellow are kept for errors and warnings.
const COLOURS: [AnsiColor; 8] = [
    AnsiColor::Cyan,
    AnsiColor::Magenta,
    AnsiColor::Green,
    AnsiColor::Blue,
    AnsiColor::BrightCyan,
    AnsiColor::BrightMagenta,
    AnsiColor::BrightGreen,
    AnsiColor::BrightBlue,
];

/// How the lines of a stack's functions look.
#[derive(Debug, Clone)]
pub struct LogStyle {
    colours: BTreeMap<String, Style>,
    /// The width of the column with the functions; 0 where there is one function, whose name says nothing.
    width: usize,
    detail: LogDetail,
    /// The functions of which another line tells each call, unless something went wrong.
    told: BTreeSet<String>,
}

/// How much is shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogDetail {
    /// All lines of Lambda, as they are, and all members of what a logger wrote as JSON.
    pub platform: bool,
    /// The date of every line; else only of those that are not of today.
    pub dates: bool,
}

impl LogStyle {
    /// For functions in the order of the stack file, of which `shown` have their lines shown: the colour of one does not
    /// depend on which others are shown, the width of the column does.
    pub fn new<'a>(
        functions: impl Iterator<Item = &'a str>,
        shown: impl Iterator<Item = &'a str> + Clone,
        detail: LogDetail,
    ) -> Self {
        let colours = functions.zip(COLOURS.iter().cycle());
        let colours = colours.map(|(name, colour)| (name.to_owned(), colour.on_default())).collect();
        let width = match shown.clone().count() {
            0 | 1 => 0,
            _ => shown.map(|name| name.chars().count()).max().unwrap_or_default(),
        };
        LogStyle { colours, width, detail, told: BTreeSet::new() }
    }

    /// The same without a line for each call of some functions that went well.
    #[must_use]
    pub fn without_calls_of(self, told: BTreeSet<String>) -> Self {
        LogStyle { told, ..self }
    }

    /// The text for an entry, of one or more lines; none for a line of Lambda that says nothing new.
    pub fn text(&self, entry: &LogEntry) -> Option<String> {
        self.text_in(entry, &Local)
    }

    /// The same with times in another zone.
    pub(super) fn text_in<Z: TimeZone>(&self, entry: &LogEntry, zone: &Z) -> Option<String>
    where
        Z::Offset: std::fmt::Display,
    {
        let said = entry.normalized();
        let message = match read_message(&said) {
            Message::Text => sanitize(&said),
            Message::Record(logged) => record(&logged, self.detail.platform),
            Message::Platform(_) if self.detail.platform => styled(DIM, sanitize(&said)),
            Message::Platform(Platform::End(end)) => {
                let is_told = end.wrong.is_none() && self.told.contains(&entry.function);
                if is_told {
                    return None;
                }
                call(&end)
            }
            Message::Platform(Platform::FailedStart { milliseconds, wrong: why }) => {
                styled(DIM, format!("▸ failed start {milliseconds:.0} ms")) + &wrong(&why)
            }
            Message::Platform(Platform::Other) => return None,
        };
        let time = time(entry.at, zone, self.detail.dates);
        let mut below = time.chars().count() + 2;
        let mut head = styled(DIM, time);
        if self.width > 0 {
            let colour = self.colours.get(&entry.function).copied().unwrap_or_default();
            head += "  ";
            head += &styled(colour, format!("{:<width$}", entry.function, width = self.width));
            below += self.width + 2;
        }
        let mut lines = message.lines();
        let first = lines.next().map_or_else(|| head.clone(), |line| format!("{head}  {line}"));
        // Further lines, as those of a trace, stand under the first one.
        let below = " ".repeat(below);
        Some(lines.fold(first, |text, line| format!("{text}\n{below}{line}")))
    }
}

/// The end of a call in one line.
fn call(call: &Call) -> String {
    let start = call.start.map(|start| format!(" · cold start {start:.0} ms")).unwrap_or_default();
    let line = format!("▸ {:.0} ms · {:.0} MB{start}", call.milliseconds, call.megabytes);
    styled(DIM, line) + &call.wrong.as_deref().map(wrong).unwrap_or_default()
}

/// What went wrong, at the end of a line.
fn wrong(wrong: &str) -> String {
    format!(" {}", styled(YELLOW, format!("· {}", sanitize(wrong))))
}

/// What a logger wrote: the level, the message and the other members; a stack trace stands below. `all` are also the time and
/// the id of the call.
fn record(record: &Record, all: bool) -> String {
    let style = match record.level.to_ascii_uppercase().as_str() {
        _ if record.is_error() => RED,
        "WARN" | "WARNING" => YELLOW,
        _ => DIM,
    };
    let mut text = format!("{}  {}", styled(style, sanitize(&record.level)), sanitize(&record.message));
    let (mut below, when) = (record.trace.clone(), record.when.iter().filter(|_| all));
    for (name, value) in record.fields.iter().chain(when) {
        match value {
            Json::String(lines) if lines.trim_end().contains('\n') => {
                below.push(format!("{name}="));
                below.extend(lines.lines().map(str::to_owned));
            }
            value => text += &format!("  {}{}", styled(DIM, format!("{}=", sanitize(name))), field(value)),
        }
    }
    below.iter().fold(text, |text, line| format!("{text}\n{}", sanitize(line)))
}

/// The value of a member: a word as it is, everything else as JSON.
fn field(value: &Json) -> String {
    let is_word =
        |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || "\"=".contains(c));
    match value {
        Json::String(text) if is_word(text) => sanitize(text),
        // A sensitive value is known as it is, and no longer once it is quoted.
        Json::String(text) => Json::from(redacted(text)).to_string(),
        other => sanitize(&other.to_string()),
    }
}

/// A time to the second: `10:02:11`, with the date where it is wanted or not today's.
pub(super) fn time<Z: TimeZone>(millis: i64, zone: &Z, has_date: bool) -> String
where
    Z::Offset: std::fmt::Display,
{
    let Some(time) = zone.timestamp_millis_opt(millis).single() else { return String::new() };
    let today = Local::now().with_timezone(zone).date_naive();
    let form = if has_date || time.date_naive() != today { "%Y-%m-%d %H:%M:%S" } else { "%H:%M:%S" };
    time.format(form).to_string()
}

/// The same for programs.
pub fn document(entry: &LogEntry) -> Document {
    let time = DateTime::from_millis(entry.at).fmt(Format::DateTime).unwrap_or_default();
    Document::new(
        "log",
        json!({ (code().0.name()): entry.function, "time": time, "message": entry.message, "stream": entry.stream }),
    )
}
