//! Schedules: those of a group still start their targets while it is being deleted, so nothing that they need ends before it.

use super::declared::Declared;
use super::events::{SCHEDULE, changed, created, of_events, stack, up};
use super::shipped::{well, whole};
use crate::cloud::Cloud;
use crate::dump::dump;
use crate::faults::{FaultKind, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::{Command, End, empty, later, run};
use crate::services::Service;
use crate::services::scheduler::DELETED;
use serde_json::json;
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

/// AWS refuses a start that is over. It changes nothing, so it is left out.
#[test]
fn a_start_that_is_over_is_left_out() {
    let of = |fields: &str| stack("{}", &format!("[{}]", SCHEDULE.replace(" }", &format!(", {fields} }}"))));
    let start = |cloud: &Cloud| {
        cloud.scheduler.schedules.values().next().expect("a schedule").settings.get("StartDate").cloned()
    };
    let past = of("start: \"2020-01-01T00:00:00Z\"");
    let cloud = created(&past);
    assert_eq!((start(&cloud), well(up(&cloud, &past)).writes()), (None, Vec::<String>::new()));
    let changed = changed(&cloud, &of("start: \"2020-01-01T00:00:00Z\", retries: 3"));
    assert_eq!(start(&changed), None);
    // A start that has come is over too, and is no difference to one that is not declared.
    let future = of("start: \"2031-01-01T00:00:00Z\"");
    let cloud = created(&future);
    assert!(start(&cloud).is_some());
    let cloud = later(&cloud, Duration::from_secs(10 * 365 * 86_400));
    for stack in [future, of("retries: 185"), past] {
        assert_eq!(well(up(&cloud, &stack)).writes(), Vec::<String>::new());
    }
}

/// A group that is being deleted is waited for, by `down` and by the next `up`.
#[test]
fn a_group_that_is_being_deleted_is_waited_for() {
    let with = stack("{}", &format!("[{SCHEDULE}]"));
    let mut cloud = created(&with);
    let takes = cloud.delays.of(DELETED);
    cloud.act(Service::Scheduler, "DeleteScheduleGroup", &json!({ "Name": "one" })).expect("a deletion");
    let ran = whole(up(&cloud, &with));
    assert!(ran.took >= takes - Duration::from_secs(10), "{:?}", ran.took);
    assert_eq!(ran.cloud.scheduler.schedules.len(), 1);
    let down = well(run(&later(&ran.cloud, MINUTE), Command::Down(&with), None));
    assert!(down.took >= takes, "{:?}", down.took);
}

/// A rate is shown as it was sent, so that another spelling of it is one change and no other [hazards: E3].
#[test]
fn another_spelling_of_a_rate_is_one_change() {
    let rate = |text: &str| stack("{ orders: {} }", &format!("[{{ schedule: {text}, name: often }}]"));
    let before = created(&rate("rate(60 minutes)"));
    let texts =
        |cloud: &Cloud| of_events(cloud).iter().map(|(_, shown)| shown.to_string()).collect::<String>();
    assert!(texts(&before).contains("rate(60 minutes)"), "{}", texts(&before));
    assert_eq!(well(up(&before, &rate("rate(60 minutes)"))).writes(), Vec::<String>::new());
    let after = changed(&before, &rate("rate(1 hour)"));
    assert!(texts(&after).contains("rate(1 hour)"), "{}", texts(&after));
}
