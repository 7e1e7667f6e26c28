//! What functions answer and log.

use super::plain;
use crate::invoke::{FunctionError, Invocation};
use crate::logs::LogEntry;
use crate::render::{self, LogDetail, LogStyle};
use std::time::Duration;

fn style(detail: LogDetail) -> LogStyle {
    LogStyle::new(["list", "save_all"].into_iter(), ["list", "save_all"].into_iter(), detail)
}

fn entry(function: &str, message: &str) -> LogEntry {
    let (function, message) = (function.to_owned(), message.to_owned());
    LogEntry { function, at: 1_767_225_610_250, stream: "one".to_owned(), message }
}

const REPORT: &str = "REPORT RequestId: 7\tDuration: 379.12 ms\tBilled Duration: 380 ms\tMemory Size: 128 MB\tMax Memory Used: 61 MB\t";

#[test]
fn a_log_line_tells_whose_it_is_and_when() {
    let entries = [
        entry("list", "START RequestId: 7 Version: $LATEST\n"),
        entry("save_all", "[ERROR] ValueError: no\rTraceback:\r  File \"a.py\"\n"),
        entry("list", "\u{1b}[31mred\u{1b}[0m\u{7} and\ta tab"),
        entry("list", ""),
        entry("list", "END RequestId: 7\n"),
        entry("list", REPORT),
        entry("save_all", &format!("{REPORT}Init Duration: 99.6 ms\tStatus: timeout\t")),
        entry("save_all", r#"{"time":"2026-01-01","type":"platform.start","record":{}}"#),
        entry(
            "save_all",
            r#"{"type":"platform.report","record":{"status":"success","metrics":{"durationMs":2.4,"maxMemoryUsedMB":40}}}"#,
        ),
        entry(
            "save_all",
            r#"{"time":"2026-01-01","type": "platform.report","record":{"status":"timeout","metrics":{"durationMs":3000.0,"maxMemoryUsedMB":40}}}"#,
        ),
        entry(
            "list",
            "INIT_REPORT Init Duration: 9.6 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\n",
        ),
    ];
    let text = |detail| {
        let lines = entries.iter().filter_map(|entry| style(detail).text_in(entry, &chrono::Utc));
        plain(&lines.collect::<Vec<_>>().join("\n")).replace('\t', "<tab>")
    };
    insta::assert_snapshot!(text(LogDetail::default()), @r##"
    2026-01-01 00:00:10  save_all  [ERROR] ValueError: no
                                   Traceback:
                                     File "a.py"
    2026-01-01 00:00:10  list      red and<tab>a tab
    2026-01-01 00:00:10  list    
    2026-01-01 00:00:10  list      ▸ 379 ms · 61 MB
    2026-01-01 00:00:10  save_all  ▸ 379 ms · 61 MB · cold start 100 ms · timeout
    2026-01-01 00:00:10  save_all  ▸ 2 ms · 40 MB
    2026-01-01 00:00:10  save_all  ▸ 3000 ms · 40 MB · timeout
    2026-01-01 00:00:10  list      ▸ failed start 10 ms · error
    "##);
    // A call that another line tells of is shown only where something went wrong.
    let told = style(LogDetail::default()).without_calls_of(["list", "save_all"].map(str::to_owned).into());
    let told = entries.iter().filter_map(|entry| told.text_in(entry, &chrono::Utc));
    let calls: Vec<String> = told.map(|line| plain(&line)).filter(|line| line.contains('▸')).collect();
    let wrong = |what: &str| format!("2026-01-01 00:00:10  {what}");
    assert_eq!(
        calls,
        [
            wrong("save_all  ▸ 379 ms · 61 MB · cold start 100 ms · timeout"),
            wrong("save_all  ▸ 3000 ms · 40 MB · timeout"),
            wrong("list      ▸ failed start 10 ms · error"),
        ]
    );
    let verbose = text(LogDetail { platform: true, dates: true });
    assert!(
        verbose.contains("list      START RequestId: 7") && verbose.contains("Billed Duration: 380 ms"),
        "{verbose}"
    );
}

#[test]
fn json_of_a_logger_is_shown_as_level_message_and_fields() {
    let own = r#"{"timestamp":"2026-01-01T00:00:10Z","level":"INFO","message":"saved\u001b[2J","requestId":"7","id":"a1","n":3,"note":"two words","empty":"","of":{"a":[1]},"none":null}"#;
    let entries = [
        entry("list", own),
        entry("list", r#"{"level": "warning", "msg": "low", "where": "a=b"}"#),
        entry("list", r#"{"level":"ERROR","message":"no","exception":"Traceback\n  File","id":1}"#),
        entry(
            "list",
            r#"{"log_level":"ERROR","errorMessage":"no","errorType":"ValueError","requestId":"7","stackTrace":["  File \"a.py\"\n    raise\n"]}"#,
        ),
        entry("list", r#"{"level":"INFO","event":{"message":"none of its own"}}"#),
    ];
    let text = |platform| {
        let style = style(LogDetail { platform, dates: false });
        let lines = entries.iter().filter_map(|entry| style.text_in(entry, &chrono::Utc));
        lines.map(|line| line.replace("2026-01-01 00:00:10", "TIME")).collect::<Vec<_>>()
    };
    insta::assert_snapshot!(plain(&text(false).join("\n")), @r#"
    TIME  list      INFO  saved  empty=""  id=a1  n=3  none=null  note="two words"  of={"a":[1]}
    TIME  list      warning  low  where="a=b"
    TIME  list      ERROR  no  id=1
                                   exception=
                                   Traceback
                                     File
    TIME  list      ERROR  ValueError: no
                                     File "a.py"
                                       raise
    TIME  list      {"level":"INFO","event":{"message":"none of its own"}}
    "#);
    assert!(
        plain(&text(true)[0]).ends_with("requestId=7  timestamp=2026-01-01T00:00:10Z"),
        "{}",
        text(true)[0]
    );
    let level = |line: &str, style: &str| line.contains(&format!("\u{1b}[{style}m"));
    assert!(
        level(&text(false)[1], "33") && level(&text(false)[2], "31"),
        "a warning is yellow, an error is red"
    );
}

/// What is of today needs no date, unless it is kept.
#[test]
fn a_date_is_shown_of_other_days() {
    let today = LogEntry { at: chrono::Utc::now().timestamp_millis(), ..entry("list", "m") };
    let of = |entry: &LogEntry, dates| {
        let style = style(LogDetail { platform: false, dates });
        plain(&style.text_in(entry, &chrono::Utc).expect("a line")).split("  ").next().map(str::len)
    };
    assert_eq!((of(&today, false), of(&today, true)), (Some(8), Some(19)));
    assert_eq!(of(&entry("list", "m"), false), Some(19));
}

#[test]
fn a_function_keeps_its_colour_whichever_are_shown() {
    let detail = LogDetail::default();
    let both = ["list", "save_all", "third"];
    let two = LogStyle::new(both.into_iter(), ["save_all", "list"].into_iter(), detail);
    let entry = entry("save_all", "m");
    let text =
        |style: &LogStyle| style.text_in(&entry, &chrono::Utc).expect("a line").replace('\u{1b}', "ESC");
    assert_eq!(text(&two), text(&style(detail)));
    insta::assert_snapshot!(text(&two), @r##"ESC[2m2026-01-01 00:00:10ESC[0m  ESC[35msave_allESC[0m  m"##);
    // The only function needs no name.
    let one = LogStyle::new(both.into_iter(), ["save_all"].into_iter(), detail);
    assert!(!text(&one).contains("save_all"), "{}", text(&one));
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
