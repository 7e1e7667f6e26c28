//! What the message of a log entry is: a line of Lambda, what a logger wrote as JSON, or any text; and whether it reports an
//! error. Pure.

use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// The levels of an error. The documentation of `logs` names them.
const ERRORS: [&str; 3] = ["ERROR", "FATAL", "CRITICAL"];

/// The members with the level: Lambda's own for an exception in Python is `log_level` [awslambdaric, bootstrap.py].
const LEVELS: [&str; 2] = ["level", "log_level"];

/// The members with the message: Lambda's own, and those of loggers.
const MESSAGES: [&str; 2] = ["message", "msg"];

/// The members that say when it was, and in which call: an entry has its time, and a call has its own line.
const WHEN: [&str; 3] = ["timestamp", "requestId", "AWSRequestId"];

/// The message of a log entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// What Lambda itself says.
    Platform(Platform),
    /// What a logger wrote as JSON.
    Record(Record),
    /// Everything else.
    Text,
}

/// What Lambda itself says.
#[derive(Debug, Clone, PartialEq)]
pub enum Platform {
    /// The end of a call.
    End(Call),
    /// A start of the function that failed, before any call.
    FailedStart {
        /// How long it took.
        milliseconds: f64,
        /// What went wrong.
        wrong: String,
    },
    /// Everything else: its begin, versions, ids of traces.
    Other,
}

/// A call of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// How long it took.
    pub milliseconds: f64,
    /// The most memory that it needed.
    pub megabytes: f64,
    /// How long the function took to start, where it had to.
    pub start: Option<f64>,
    /// What went wrong, where Lambda says so.
    pub wrong: Option<String>,
}

/// What a logger wrote as JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The level, as it was written.
    pub level: String,
    /// The message.
    pub message: String,
    /// The lines of a stack trace.
    pub trace: Vec<String>,
    /// The time and the call by its id, which are known otherwise.
    pub when: Map<String, Json>,
    /// All other members.
    pub fields: Map<String, Json>,
}

impl Record {
    /// True for the level of an error.
    pub fn is_error(&self) -> bool {
        ERRORS.iter().any(|level| level.eq_ignore_ascii_case(&self.level))
    }
}

/// What a message is.
pub fn read(message: &str) -> Message {
    let json = || serde_json::from_str(message).ok().filter(|_| message.starts_with('{'));
    let Some(Json::Object(json)) = json() else {
        return platform(message).map_or(Message::Text, Message::Platform);
    };
    match json.get("type").and_then(Json::as_str) {
        Some(kind) if kind.starts_with("platform.") => Message::Platform(of_json(kind, &json["record"])),
        _ => record(json).map_or(Message::Text, Message::Record),
    }
}

/// Whether a message reports an error. Of JSON with a level the level decides, and Lambda's own lines say it of a call; a text
/// does if its first line has the level as a word, or if it has a stack trace.
pub(super) fn reports_error(message: &str) -> bool {
    match read(message) {
        Message::Platform(Platform::End(call)) => call.wrong.is_some(),
        Message::Platform(Platform::FailedStart { .. }) => true,
        Message::Platform(Platform::Other) => false,
        Message::Record(record) => record.is_error(),
        Message::Text => {
            let first = message.lines().next().unwrap_or_default();
            let mut words = first.split(|c: char| !c.is_alphanumeric() && c != '_');
            words.any(|word| ERRORS.contains(&word)) || is_failure(message) || has_trace(message)
        }
    }
}

/// Whether Lambda reports in a text of its own that a call failed: `RequestId: 7 Error: Runtime exited …`, or
/// `2026-01-01T00:00:00.000Z 7 Task timed out after 3.00 seconds` [DG: Lambda, "Troubleshoot invocation"].
fn is_failure(text: &str) -> bool {
    text.contains("Task timed out after ") || (text.starts_with("RequestId: ") && text.contains(" Error: "))
}

/// Whether a text has a stack trace, as Python writes it, or with `at` before each call, as Node.js and Java do.
fn has_trace(text: &str) -> bool {
    let is_call = |line: &str| line.starts_with([' ', '\t']) && line.trim_start().starts_with("at ");
    begins_trace(text) || text.lines().any(is_call)
}

/// Whether a text begins a stack trace of Python, whose lines may be entries of their own.
pub(super) fn begins_trace(text: &str) -> bool {
    text.contains("Traceback (most recent call last)")
}

/// What Lambda itself says as text [DG: Lambda, "Log formats"].
fn platform(message: &str) -> Option<Platform> {
    const OTHER: [&str; 4] = ["START RequestId: ", "END RequestId: ", "INIT_START ", "XRAY TraceId: "];
    if OTHER.iter().any(|begin| message.starts_with(begin)) {
        return Some(Platform::Other);
    }
    let fields = fields(message);
    if message.starts_with("REPORT RequestId: ") {
        return Some(end(&fields).map_or(Platform::Other, Platform::End));
    }
    if let Some(report) = message.strip_prefix("INIT_REPORT ") {
        return Some(failed_start(&self::fields(report)).unwrap_or(Platform::Other));
    }
    None
}

/// `REPORT RequestId: 7`, and after it fields such as `Duration: 1.23 ms`, each after a tab.
fn fields(report: &str) -> BTreeMap<&str, &str> {
    report.split('\t').filter_map(|field| field.trim().split_once(": ")).collect()
}

fn number(fields: &BTreeMap<&str, &str>, name: &str) -> Option<f64> {
    fields.get(name)?.split(' ').next()?.parse().ok()
}

fn end(fields: &BTreeMap<&str, &str>) -> Option<Call> {
    Some(Call {
        milliseconds: number(fields, "Duration")?,
        megabytes: number(fields, "Max Memory Used")?,
        start: number(fields, "Init Duration"),
        wrong: fields.get("Status").or_else(|| fields.get("Error Type")).map(|wrong| (*wrong).to_owned()),
    })
}

fn failed_start(fields: &BTreeMap<&str, &str>) -> Option<Platform> {
    let wrong = (*fields.get("Status")?).to_owned();
    Some(Platform::FailedStart { milliseconds: number(fields, "Init Duration")?, wrong })
}

/// The same as JSON: an event with its record [DG: Lambda, "Telemetry API event schemas"].
fn of_json(kind: &str, record: &Json) -> Platform {
    let metrics = &record["metrics"];
    let wrong = record["status"].as_str().filter(|status| *status != "success").map(str::to_owned);
    let call = || {
        Some(Call {
            milliseconds: metrics["durationMs"].as_f64()?,
            megabytes: metrics["maxMemoryUsedMB"].as_f64()?,
            start: metrics["initDurationMs"].as_f64(),
            wrong: wrong.clone(),
        })
    };
    match (kind, &wrong) {
        ("platform.report", _) => call().map_or(Platform::Other, Platform::End),
        ("platform.initReport", Some(wrong)) => {
            let milliseconds = metrics["durationMs"].as_f64().unwrap_or_default();
            Platform::FailedStart { milliseconds, wrong: wrong.clone() }
        }
        _ => Platform::Other,
    }
}

/// What a logger wrote: an object with a level, and a message or an error.
fn record(mut members: Map<String, Json>) -> Option<Record> {
    let mut take = |names: &[&str]| names.iter().find_map(|name| members.remove(*name));
    let level = take(&LEVELS)?.as_str()?.to_owned();
    let mut message = take(&MESSAGES);
    // An exception is the message itself in Node.js, and stands next to it in Python.
    let (message, trace) = match message.as_mut().and_then(Json::as_object_mut).and_then(error) {
        Some(error) => error,
        None => match (message, error(&mut members)) {
            (None, error) => error?,
            (Some(message), error) => (text(message), error.map(|(_, trace)| trace).unwrap_or_default()),
        },
    };
    let (when, fields) = members.into_iter().partition(|(name, _)| WHEN.contains(&name.as_str()));
    Some(Record { level, message, trace, when, fields })
}

/// The error of a runtime, which is taken out of the members, and the lines of its stack trace.
fn error(members: &mut Map<String, Json>) -> Option<(String, Vec<String>)> {
    let message = members.get("errorMessage")?.as_str()?.to_owned();
    members.remove("errorMessage");
    let kind = members.remove("errorType").and_then(|kind| Some(kind.as_str()?.to_owned()));
    let trace = members.remove("stackTrace").unwrap_or_default();
    let frames = trace.as_array().into_iter().flatten().filter_map(Json::as_str);
    let trace = frames.flat_map(str::lines).map(str::to_owned).collect();
    Some((kind.map(|kind| format!("{kind}: {message}")).unwrap_or(message), trace))
}

fn text(message: Json) -> String {
    match message {
        Json::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_reports_an_error_is_told_by_plain_rules() {
        for error in [
            "[ERROR] ValueError: no\nTraceback (most recent call last):\n  File \"a.py\"",
            "[ERROR]\t2026-01-01T00:00:00.000Z\t7\tno",
            "2026-01-01T00:00:00.000Z\t7\tERROR\tno",
            "CRITICAL:root:no",
            "FATAL no",
            "Traceback (most recent call last):",
            "Error: no\n    at handler (/var/task/index.js:3:9)",
            "java.lang.RuntimeException: no\n\tat Handler.handle(Handler.java:9)",
            "2026-01-01T00:00:00.000Z 7 Task timed out after 3.00 seconds",
            "RequestId: 7 Error: Runtime exited with error: signal: killed\nRuntime.ExitError",
            "REPORT RequestId: 7\tDuration: 3000.00 ms\tMax Memory Used: 61 MB\tStatus: timeout",
            "INIT_REPORT Init Duration: 10008.64 ms\tPhase: init\tStatus: timeout",
            r#"{"level":"ERROR","message":"no"}"#,
            r#"{"level":"error","msg":"no"}"#,
            r#"{"log_level":"ERROR","errorMessage":"no","errorType":"ValueError","stackTrace":[]}"#,
            r#"{"type":"platform.report","record":{"status":"timeout","metrics":{"durationMs":3000.0,"maxMemoryUsedMB":40}}}"#,
            r#"{"type":"platform.initReport","record":{"status":"error","metrics":{"durationMs":30.0}}}"#,
        ] {
            assert!(reports_error(error), "{error}");
        }
    }

    #[test]
    fn what_only_speaks_of_errors_reports_none() {
        for other in [
            "",
            "no error",
            "ERRORS: 0, ERROR_COUNT: 0",
            "a table\nERROR in its second line",
            "look at this\nat home",
            "START RequestId: 7 Version: $LATEST",
            "REPORT RequestId: 7\tDuration: 3.00 ms\tMax Memory Used: 61 MB",
            r#"{"level":"INFO","message":"after the ERROR"}"#,
            r#"{"level":"WARN","message":"Task timed out after 3 seconds"}"#,
            r#"{"type":"platform.report","record":{"status":"success","metrics":{"durationMs":3.0,"maxMemoryUsedMB":40}}}"#,
            r#"{"type":"platform.runtimeDone","record":{"status":"error"}}"#,
        ] {
            assert!(!reports_error(other), "{other}");
        }
    }

    fn record(message: &str) -> Record {
        match read(message) {
            Message::Record(record) => record,
            other => panic!("{message}: {other:?}"),
        }
    }

    #[test]
    fn a_record_is_an_object_with_a_level_and_a_message() {
        let own =
            record(r#"{"timestamp":"2026-01-01","level":"INFO","message":"saved","requestId":"7","n":3}"#);
        assert_eq!((&own.level[..], &own.message[..]), ("INFO", "saved"));
        assert_eq!(own.fields.keys().collect::<Vec<_>>(), ["n"]);
        assert_eq!(own.when.keys().collect::<Vec<_>>(), ["requestId", "timestamp"]);
        assert_eq!(record(r#"{"level":"info","msg":{"id":1}}"#).message, r#"{"id":1}"#);
        for other in [
            r#"{"level":"INFO"}"#,
            r#"{"level":30,"msg":"of pino"}"#,
            r#"{"message":"m"}"#,
            r#"{"level":"INFO","message":"#,
            r#"[{"level":"INFO","message":"m"}]"#,
        ] {
            assert_eq!(read(other), Message::Text, "{other}");
        }
    }

    #[test]
    fn an_exception_has_its_type_and_its_trace_in_every_runtime() {
        let python = r#"{"timestamp":"t","log_level":"ERROR","errorMessage":"no","errorType":"ValueError","requestId":"7","stackTrace":["  File \"a.py\", line 3\n    raise\n"]}"#;
        let node = r#"{"timestamp":"t","level":"ERROR","requestId":"7","message":{"errorType":"ValueError","errorMessage":"no","stackTrace":["  File \"a.py\", line 3","    raise"]}}"#;
        for message in [python, node] {
            let record = record(message);
            assert_eq!(record.message, "ValueError: no");
            assert_eq!(record.trace, ["  File \"a.py\", line 3", "    raise"]);
            assert!(record.fields.is_empty(), "{:?}", record.fields);
        }
    }
}
