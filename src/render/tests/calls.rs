//! What functions answer and log.

use super::plain;
use crate::invoke::{FunctionError, Invocation};
use crate::logs::LogEntry;
use crate::render::{self, LogStyle};
use std::time::Duration;

fn style() -> LogStyle {
    LogStyle::new(["list", "save_all"].into_iter(), ["list", "save_all"].into_iter())
}

fn entry(function: &str, message: &str) -> LogEntry {
    let (function, message) = (function.to_owned(), message.to_owned());
    LogEntry { function, at: 1_767_225_610_250, stream: "one".to_owned(), message }
}

#[test]
fn a_log_line_tells_whose_it_is_and_when() {
    let entries = [
        entry("list", "START RequestId: 7 Version: $LATEST\n"),
        entry("save_all", "[ERROR] ValueError: no\rTraceback:\r  File \"a.py\"\n"),
        entry("list", "\u{1b}[31mred\u{1b}[0m\u{7} and\ta tab"),
        entry("list", ""),
    ];
    let text: Vec<String> = entries.iter().map(|entry| plain(&style().text(entry))).collect();
    insta::assert_snapshot!(text.join("\n").replace('\t', "<tab>"), @r#"
    list      2026-01-01 00:00:10Z  START RequestId: 7 Version: $LATEST
    save_all  2026-01-01 00:00:10Z  [ERROR] ValueError: no
                                    Traceback:
                                      File "a.py"
    list      2026-01-01 00:00:10Z  red and<tab>a tab
    list      2026-01-01 00:00:10Z
    "#);
}

#[test]
fn a_function_keeps_its_colour_whichever_are_shown() {
    let one = LogStyle::new(["list", "save_all"].into_iter(), ["save_all"].into_iter());
    let entry = entry("save_all", "m");
    assert_eq!(one.text(&entry), style().text(&entry));
    insta::assert_snapshot!(one.text(&entry).replace('\u{1b}', "ESC"), @"ESC[35msave_allESC[0m  ESC[2m2026-01-01 00:00:10ZESC[0m  m");
    let dimmed = style().text(&self::entry("list", "END RequestId: 7"));
    insta::assert_snapshot!(dimmed.replace('\u{1b}', "ESC"), @"ESC[36mlist    ESC[0m  ESC[2m2026-01-01 00:00:10ZESC[0m  ESC[2mEND RequestId: 7ESC[0m");
}

#[test]
fn a_failure_of_a_function_shows_where_it_happened() {
    let failed = FunctionError {
        message: "no\u{1b}[2J".to_owned(),
        kind: Some("ValueError".to_owned()),
        trace: vec!["  File \"a.py\", line 3, in handler\n    raise ValueError\n".to_owned()],
    };
    insta::assert_snapshot!(plain(&render::failed("list", &failed, "see what it logged: provision logs list")), @r#"
          File "a.py", line 3, in handler
            raise ValueError
    error: function list failed: ValueError: no
      help: see what it logged: provision logs list
    "#);
    let invocation = |result| Invocation { result, log: None, took: Duration::from_millis(250) };
    insta::assert_snapshot!(render::json::invocation("list", &invocation(Err(failed))), @r#"{"answer":null,"error":{"message":"no\u001b[2J","trace":["  File \"a.py\", line 3, in handler\n    raise ValueError\n"],"type":"ValueError"},"function":"list","log":null,"seconds":0.25,"type":"invocation","version":1}"#);
    insta::assert_snapshot!(render::json::invocation("list", &invocation(Ok(b"{\"a\": 1}".to_vec()))), @r#"{"answer":{"a":1},"error":null,"function":"list","log":null,"seconds":0.25,"type":"invocation","version":1}"#);
    insta::assert_snapshot!(render::json::log(&entry("list", "m")), @r#"{"function":"list","message":"m","stream":"one","time":"2026-01-01T00:00:10.25Z","type":"log","version":1}"#);
}

#[test]
fn an_answer_is_pretty_in_a_terminal_alone() {
    let payload = br#"{"b":1.0,"a":[]}"#;
    assert_eq!(render::response(payload, false), r#"{"b":1.0,"a":[]}"#);
    assert_eq!(render::response(payload, true), "{\n  \"a\": [],\n  \"b\": 1.0\n}");
    assert_eq!(render::response(b"not \x1b[31mJSON", true), "not JSON");
}
