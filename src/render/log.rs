//! What functions log, line by line: the function by name and colour, the time, and the message.

use super::{DIM, json::Document, styled};
use crate::kinds::code;
use crate::logs::LogEntry;
use crate::text::sanitize;
use anstyle::{AnsiColor, Style};
use aws_smithy_types::date_time::{DateTime, Format};
use serde_json::json;
use std::collections::BTreeMap;

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

/// What Lambda itself says around the lines of a function.
const PLATFORM: [&str; 5] =
    ["START RequestId: ", "END RequestId: ", "REPORT RequestId: ", "INIT_START ", "XRAY TraceId: "];

/// How the lines of a stack's functions look.
#[derive(Debug, Clone)]
pub struct LogStyle {
    colours: BTreeMap<String, Style>,
    width: usize,
}

impl LogStyle {
    /// For functions in the order of the stack file, of which `shown` have their lines shown: the colour of one does not
    /// depend on which others are shown, the width of the column does.
    pub fn new<'a>(functions: impl Iterator<Item = &'a str>, shown: impl Iterator<Item = &'a str>) -> Self {
        let colours = functions.zip(COLOURS.iter().cycle());
        let colours = colours.map(|(name, colour)| (name.to_owned(), colour.on_default())).collect();
        LogStyle { colours, width: shown.map(|name| name.chars().count()).max().unwrap_or_default() }
    }

    /// The text for an entry, of one or more lines.
    pub fn text(&self, entry: &LogEntry) -> String {
        let colour = self.colours.get(&entry.function).copied().unwrap_or_default();
        let name = styled(colour, format!("{:<width$}", entry.function, width = self.width));
        let head = format!("{name}  {}", styled(DIM, time(entry.at)));
        let message = entry.message.replace('\r', "\n");
        let message = message.trim_end();
        let mut lines = message
            .lines()
            .map(|line| if is_platform(message) { styled(DIM, sanitize(line)) } else { sanitize(line) });
        let first = lines.next().map_or_else(|| head.clone(), |line| format!("{head}  {line}"));
        // Further lines, as those of a trace, stand under the first one.
        let below = " ".repeat(self.width + 2 + time(entry.at).len() + 2);
        lines.fold(first, |text, line| format!("{text}\n{below}{line}"))
    }
}

/// True for what Lambda itself says, as text or as JSON.
fn is_platform(message: &str) -> bool {
    PLATFORM.iter().any(|begin| message.starts_with(begin))
        || (message.starts_with('{') && message.contains(r#""type":"platform."#))
}

/// A time in UTC, to the second: `2026-01-01 10:02:11Z`.
fn time(millis: i64) -> String {
    written(DateTime::from_secs(millis.div_euclid(1000))).replace('T', " ")
}

fn written(time: DateTime) -> String {
    time.fmt(Format::DateTime).unwrap_or_default()
}

/// The same for programs.
pub fn document(entry: &LogEntry) -> Document {
    let time = written(DateTime::from_millis(entry.at));
    Document::new(
        "log",
        json!({ (code().0.name()): entry.function, "time": time, "message": entry.message, "stream": entry.stream }),
    )
}
