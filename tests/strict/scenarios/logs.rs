//! Logs are read to their end, though AWS's pages may be empty on the way.

use super::shipped::well;
use crate::fixture::Fixture;
use crate::program::{Manner, visit};
use crate::run::{Command, empty, later, run};
use serde_json::Value as Json;
use std::time::Duration;

#[test]
fn logs_are_read_to_the_last_page() {
    let stack = Fixture::of(include_str!("../../stacks/small.yaml"));
    let mut cloud = later(&well(run(&empty(), Command::Up(&stack), None)).cloud, Duration::from_secs(60));
    for (number, group) in (0_i64..).zip(cloud.logs.groups.values_mut()) {
        group.events =
            (0..9).map(|event| (1_000 + 10 * event + number, format!("{event} {number}"))).collect();
    }
    let since_ever = ["logs", "--since", "1970-01-01T00:00:00Z", "--json"];
    let logs = visit(&cloud, &stack, &since_ever, None).ends(Manner::Well);
    let documents = logs.exit().out.lines().map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
    let messages = documents.filter(|one| one["type"] == "log").map(|one| one["message"].clone());
    let expected = (0..9).flat_map(|event| [format!("{event} 0"), format!("{event} 1")]);
    assert_eq!(messages.collect::<Vec<_>>(), expected.map(Json::from).collect::<Vec<_>>());
    assert_eq!(logs.writes(), Vec::<String>::new());
}
