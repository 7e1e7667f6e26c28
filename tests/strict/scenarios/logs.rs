//! Logs are read to their end, though AWS's pages may be empty on the way; what is wanted of them is asked of AWS.

use super::shipped::well;
use crate::cloud::Cloud;
use crate::fixture::Fixture;
use crate::program::{Manner, Visit, visit};
use crate::run::{Command, empty, later, run};
use serde_json::Value as Json;
use std::time::Duration;

const EVER: &str = "1970-01-01T00:00:00Z";

/// A cloud with a stack, whose functions have logged.
fn logged(stack: &Fixture, events: &dyn Fn(i64) -> Vec<(i64, String)>) -> Cloud {
    let mut cloud = later(&well(run(&empty(), Command::Up(stack), None)).cloud, Duration::from_secs(60));
    for (number, group) in (0..).zip(cloud.logs.groups.values_mut()) {
        group.events = events(number);
    }
    cloud
}

/// The messages that `logs` shows to programs.
fn messages(logs: &Visit) -> Vec<String> {
    let documents = logs.exit().out.lines().map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
    let logs = documents.filter(|one| one["type"] == "log");
    logs.map(|one| one["message"].as_str().expect("a message").to_owned()).collect()
}

#[test]
fn logs_are_read_to_the_last_page() {
    let stack = Fixture::of(include_str!("../../stacks/small.yaml"));
    let events =
        |number| (0..9).map(|event| (1_000 + 10 * event + number, format!("{event} {number}"))).collect();
    let cloud = logged(&stack, &events);
    let logs = visit(&cloud, &stack, &["logs", "--since", EVER, "--json"], None).ends(Manner::Well);
    let expected = (0..9).flat_map(|event| [format!("{event} 0"), format!("{event} 1")]);
    assert_eq!(messages(&logs), expected.collect::<Vec<_>>());
    assert_eq!(logs.writes(), Vec::<String>::new());
}

/// AWS sends what fits the pattern, and of that the program takes what contains the whole text.
#[test]
fn a_filter_is_applied_by_aws() {
    let stack = Fixture::of(include_str!("../../stacks/small.yaml"));
    let said = [r#"say "no" now"#, "say no now", "now no say", "SAY no now", "say \"no\", now", "other"];
    let events = |_| (1_000..).zip(said.map(str::to_owned)).collect();
    let cloud = logged(&stack, &events);
    let filtered = |text: &str| {
        let args = ["logs", "list", "--since", EVER, "--json", "--filter", text];
        let logs = visit(&cloud, &stack, &args, None).ends(Manner::Well);
        let calls = logs.records.iter().filter(|record| record.label.to_string().contains("FilterLogEvents"));
        let mut patterns: Vec<String> = calls.map(|call| call.params["filterPattern"].to_string()).collect();
        patterns.dedup();
        (messages(&logs), patterns)
    };
    let pattern = |pattern: &str| vec![Json::from(pattern).to_string()];
    assert_eq!(filtered("say no"), (vec![said[1].to_owned()], pattern(r#""say no""#)));
    assert_eq!(filtered(r#"say "no" "#), (vec![said[0].to_owned()], pattern(r#""say" "no""#)));
    assert_eq!(filtered("-?{%other"), (vec![], pattern(r#""-?{%other""#)));
    assert_eq!(filtered(r#"""#), (vec![said[0].to_owned(), said[4].to_owned()], vec!["null".to_owned()]));
}

#[test]
fn errors_are_those_of_functions_and_of_lambda() {
    let stack = Fixture::of(include_str!("../../stacks/small.yaml"));
    let said = [
        "START RequestId: 7 Version: $LATEST\n",
        "[ERROR] ValueError: no\rTraceback (most recent call last):\r\u{a0}File \"a.py\"\n",
        r#"{"level":"INFO","message":"after the ERROR"}"#,
        r#"{"level":"ERROR","message":"no","id":"a1"}"#,
        "REPORT RequestId: 7\tDuration: 3000.00 ms\tMax Memory Used: 61 MB\tStatus: timeout",
        "REPORT RequestId: 8\tDuration: 3.00 ms\tMax Memory Used: 61 MB",
    ];
    let events = |_| (1_000..).zip(said.map(str::to_owned)).collect();
    let cloud = logged(&stack, &events);
    let args = ["logs", "list", "--since", EVER, "--errors"];
    let logs = visit(&cloud, &stack, &[&args[..], &["--json"]].concat(), None).ends(Manner::Well);
    assert_eq!(messages(&logs), [said[1], said[3], said[4]], "as they are");
    let logs = visit(&cloud, &stack, &args, None).ends(Manner::Well);
    assert!(logs.exit().out.contains("  ERROR  no  id=a1\n"), "{}", logs.exit().out);
    assert!(logs.exit().out.contains("  ▸ 3000 ms · 61 MB · timeout\n"), "{}", logs.exit().out);
    let none = visit(&cloud, &stack, &[&args[..], &["--filter", "now"]].concat(), None).ends(Manner::Well);
    assert!(none.exit().err.contains("no such logs in this time"), "{}", none.exit().err);
}
