//! What functions log, line by line: the time, the function by name and colour, and the message. Of what Lambda itself says
//! around it, one line for each call is left.

use super::{DIM, YELLOW, json::Document, styled};
use crate::kinds::code;
use crate::logs::LogEntry;
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
    /// All lines of Lambda, as they are.
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
        let message = entry.message.replace('\r', "\n");
        let message = match platform(message.trim_end()) {
            None => sanitize(message.trim_end()),
            Some(_) if self.detail.platform => styled(DIM, sanitize(message.trim_end())),
            Some(Platform::End(call)) if call.wrong.is_none() && self.told.contains(&entry.function) => {
                return None;
            }
            Some(Platform::End(call)) => call.to_string(),
            Some(Platform::Other) => return None,
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

/// What Lambda itself says.
enum Platform {
    /// The end of a call.
    End(Call),
    /// Everything else: its begin, versions, ids of traces.
    Other,
}

/// A call of a function.
struct Call {
    milliseconds: f64,
    megabytes: f64,
    /// How long the function took to start, where it had to.
    start: Option<f64>,
    /// What went wrong, where Lambda says so.
    wrong: Option<String>,
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start = self.start.map(|start| format!(" · cold start {start:.0} ms")).unwrap_or_default();
        let call = format!("▸ {:.0} ms · {:.0} MB{start}", self.milliseconds, self.megabytes);
        f.write_str(&styled(DIM, call))?;
        self.wrong.iter().try_for_each(|wrong| write!(f, " {}", styled(YELLOW, format!("· {wrong}"))))
    }
}

/// What Lambda itself says, as text or as JSON [DG: Lambda, "Log formats"].
fn platform(message: &str) -> Option<Platform> {
    const OTHER: [&str; 4] = ["START RequestId: ", "END RequestId: ", "INIT_START ", "XRAY TraceId: "];
    if OTHER.iter().any(|begin| message.starts_with(begin)) {
        return Some(Platform::Other);
    }
    if message.starts_with("REPORT RequestId: ") {
        return Some(of_text(message).map_or(Platform::Other, Platform::End));
    }
    if !message.starts_with('{') || !message.contains(r#""type":"platform."#) {
        return None;
    }
    let json: Json = serde_json::from_str(message).ok()?;
    Some(of_json(&json).map_or(Platform::Other, Platform::End))
}

/// `REPORT RequestId: 7`, and after it fields such as `Duration: 1.23 ms`, each after a tab.
fn of_text(report: &str) -> Option<Call> {
    let fields: BTreeMap<&str, &str> =
        report.split('\t').filter_map(|field| field.trim().split_once(": ")).collect();
    let number = |name: &str| fields.get(name)?.split(' ').next()?.parse().ok();
    Some(Call {
        milliseconds: number("Duration")?,
        megabytes: number("Max Memory Used")?,
        start: number("Init Duration"),
        wrong: fields.get("Status").or_else(|| fields.get("Error Type")).map(|wrong| sanitize(wrong)),
    })
}

fn of_json(event: &Json) -> Option<Call> {
    let (record, is_end) = (&event["record"], event["type"] == "platform.report");
    let metrics = &record["metrics"];
    let wrong = record["status"].as_str().filter(|status| *status != "success");
    is_end.then_some(())?;
    Some(Call {
        milliseconds: metrics["durationMs"].as_f64()?,
        megabytes: metrics["maxMemoryUsedMB"].as_f64()?,
        start: metrics["initDurationMs"].as_f64(),
        wrong: wrong.map(sanitize),
    })
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
