//! Schedules that go on: those of a group still come while it is being deleted, so nothing that they need ends before it.

use super::declared::Declared;
use super::shipped::{well, whole};
use crate::cloud::Cloud;
use crate::dump::dump;
use crate::faults::{FaultKind, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::{Command, End, empty, later, run};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

const WITH: &str = "stack: one
queues:
  failed: {}
  daily: { triggers: [{ schedule: rate(1 day), dead_letter: failed }] }
topics: { news: { triggers: [{ schedule: rate(1 hour) }] } }
functions:
  nightly:
    code: lambdas/create_item
    runtime: python3.13
    triggers: [{ schedule: rate(1 day), dead_letter: failed }]
";

/// Nothing of it.
const WITHOUT: &str = "stack: one
queues: { kept: {} }
";

/// One schedule of the same stack.
const FEWER: &str = "stack: one
queues: { daily: { triggers: [{ schedule: rate(1 day) }] } }
";

/// The account after a `down` that died when the group's deletion had begun.
fn interrupted() -> Cloud {
    let stack = Fixture::of(WITH);
    let cloud = later(&whole(run(&empty(), Command::Up(&stack), None)).cloud, MINUTE);
    let down = whole(run(&cloud, Command::Down(&stack), None));
    assert!(dump(&later(&down.cloud, MINUTE)).is_empty());
    let mut labels = down.records.iter().map(|record| &record.label);
    let at = labels.find(|label| label.name == "scheduler:DeleteScheduleGroup").expect("a delete").clone();
    let fault = PlannedFault { at, kind: FaultKind::KilledAfterAll, times: Times::Once };
    let died = run(&cloud, Command::Down(&stack), Some(fault));
    assert_eq!(died.end, End::Died);
    assert_eq!(died.cloud.scheduler.schedules.len(), 3, "they still come");
    died.cloud
}

#[test]
fn a_down_that_is_repeated_waits_for_the_schedules_of_the_one_before() {
    let ran = whole(run(&interrupted(), Command::Down(&Fixture::of(WITH)), None));
    assert!(dump(&later(&ran.cloud, MINUTE)).is_empty());
}

#[test]
fn an_up_after_it_waits_too_before_it_deletes_or_makes_anything() {
    for text in [WITH, WITHOUT, FEWER] {
        let stack = Fixture::of(text);
        let cloud = later(&whole(run(&interrupted(), Command::Up(&stack), None)).cloud, 2 * MINUTE);
        Declared::of(Fixture::of(text)).is(&cloud);
        assert_eq!(well(run(&cloud, Command::Up(&stack), None)).writes(), Vec::<String>::new());
    }
}

/// An `up` that takes the last schedule out of the stack deletes the group, and only then what its schedules started.
#[test]
fn the_last_schedules_end_before_what_they_start() {
    let before = later(&whole(run(&empty(), Command::Up(&Fixture::of(WITH)), None)).cloud, MINUTE);
    for text in [WITHOUT, FEWER] {
        let cloud = later(&whole(run(&before, Command::Up(&Fixture::of(text)), None)).cloud, MINUTE);
        Declared::of(Fixture::of(text)).is(&cloud);
    }
}
