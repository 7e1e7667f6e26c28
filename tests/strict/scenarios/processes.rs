//! The real program on the port, as its users run it: whatever happens to it or to its calls, run again it comes to the
//! same end. The end is that of a run within this process where nothing went wrong.

use super::shipped::well;
use crate::budget;
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::faults::{FaultKind, Label, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::port;
use crate::program::{Exit, Manner, Visit, command, signalled, visit, visit_after};
use crate::run::{self, A_MOMENT, Command, later, run};
use crate::services::lambda;
use rustix::process::Signal;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

type Dump = BTreeMap<String, serde_json::Value>;

const UP: &[&str] = &["up", "--yes"];
const DOWN: &[&str] = &["down", "--yes"];

/// What AWS holds after `up` of a stack.
fn reference(stack: &Fixture) -> Dump {
    dump(&later(&well(run(&run::empty(), Command::Up(stack), None)).cloud, Duration::from_secs(60)))
}

/// Runs the program, which must succeed.
#[track_caller]
fn succeed(cloud: &Cloud, stack: &Fixture, args: &[&str]) -> Visit {
    visit(cloud, stack, args, None).ends(Manner::Well)
}

/// Asserts that `up` now makes the account what it must be.
#[track_caller]
fn ends_the_same(cloud: &Cloud, stack: &Fixture, reference: &Dump, when: &str) -> Cloud {
    let up = succeed(cloud, stack, UP);
    let settled = later(&up.cloud, Duration::from_secs(60));
    assert_eq!(differences(&dump(&settled), reference), Vec::<String>::new(), "{when}");
    up.cloud
}

/// Asserts that nothing is left, also of what comes late.
#[track_caller]
fn is_empty(cloud: &Cloud, when: &str) {
    let left = dump(&later(cloud, Duration::from_secs(60)));
    assert_eq!(left.keys().collect::<Vec<_>>(), Vec::<&String>::new(), "{when}");
}

/// The first call of every operation that writes.
fn first_writes(visit: &Visit) -> Vec<Label> {
    let writes = visit.records.iter().filter(|record| record.write).map(|record| &record.label);
    let mut seen = BTreeSet::new();
    writes.filter(|label| seen.insert(&label.name)).cloned().collect()
}

fn once(at: &Label, kind: FaultKind) -> PlannedFault {
    PlannedFault { at: at.clone(), kind, times: Times::Once }
}

/// The call that is neither unique nor safe to repeat [aws-facts: API Gateway v2].
fn create_api() -> Label {
    Label { name: "apigateway:CreateApi".to_owned(), subject: String::new(), nth: 1 }
}

#[test]
fn the_shipped_stack_comes_up_and_leaves_nothing() {
    let (stack, new) = (Fixture::shipped(), Fixture::shipped_changed());
    let up = succeed(&port::empty(), &stack, UP);
    assert_eq!(differences(&dump(&up.cloud), &reference(&stack)), Vec::<String>::new());
    let again = succeed(&up.cloud, &stack, UP);
    assert_eq!((again.writes(), again.exit().out.contains("No changes")), (vec![], true));
    let change = succeed(&again.cloud, &new, UP);
    println!("{} writes to make it, {} to change it", up.writes().len(), change.writes().len());
    let settled = later(&change.cloud, Duration::from_secs(60));
    assert_eq!(differences(&dump(&settled), &reference(&new)), Vec::<String>::new());
    let down = succeed(&change.cloud, &new, DOWN);
    assert!(down.exit().out.contains("Nothing left."));
    is_empty(&down.cloud, "after the life of a stack");
    let memory = [&up, &again, &change, &down].map(|visit| visit.memory / 1024 / 1024);
    println!("MB of memory at most: {memory:?}");
    // As it is tested, without optimisation, it has 70; most of that is its own code.
    assert!(memory.iter().all(|megabytes| *megabytes < 85), "{memory:?}");
}

/// Before there is a connection, values of the same form stand for where the stack is. None of them may reach AWS.
#[test]
fn where_the_stack_is_is_filled_in_before_anything_is_sent() {
    let stack = Fixture::of(
        "stack: there
tables: { data: { partition_key: id, name: 'data-${region}', tags: { place: '${partition}/${account}/${region}' } } }
queues: { far: { existing: 'arn:${partition}:sqs:us-west-2:${account}:far' } }
functions:
  f:
    code: lambdas/create_item
    runtime: python3.13
    layers: ['arn:${partition}:lambda:${region}:${account}:layer:own:1']
    access: { data: read, far: send }
outputs: { far: '${queues.far.arn}', table: '${tables.data.name}' }
",
    );
    let mut cloud = port::empty();
    lambda::publish(&mut cloud, "own", "by hand");
    let up = succeed(&cloud, &stack, UP);
    let mut account = dump(&up.cloud);
    account.remove("layer own");
    let all = serde_json::to_string(&account).unwrap();
    for place in ["us-east-1", "000000000000"] {
        assert!(!all.contains(place) && !up.exit().out.contains(place), "{place}");
    }
    let (region, own) = ("eu-west-1", "123456789012");
    assert!(account.contains_key(&format!("table data-{region}")), "{:?}", account.keys());
    assert!(all.contains(&format!("arn:aws:lambda:{region}:{own}:layer:own:")), "{all}");
    assert!(all.contains(&format!("aws/{own}/{region}")), "{all}");
    assert!(up.exit().out.contains(&format!("arn:aws:sqs:us-west-2:{own}:far")), "{}", up.exit().out);
    let again = succeed(&up.cloud, &stack, UP);
    assert_eq!(again.writes(), Vec::<String>::new());
    let output = succeed(&again.cloud, &stack, &["outputs", "far"]);
    assert_eq!(output.exit().out.trim(), format!("arn:aws:sqs:us-west-2:{own}:far"));
    let down = succeed(&output.cloud, &stack, DOWN);
    let mut left = down.cloud.clone();
    left.lambda.layers.clear();
    is_empty(&left, "after a stack that depends on where it is");
}

/// Kills the program at the first call of every operation that writes, before and after it is applied: in turns, or both
/// where `STRICT_FULL` is set.
fn kill(
    writes: &[Label],
    cloud: &Cloud,
    stack: &Fixture,
    args: &[&str],
    and_then: impl Fn(&Cloud, &str) + Sync,
) {
    let both = budget::is_full();
    let deaths = [FaultKind::KilledBefore, FaultKind::KilledAfterAll].into_iter().enumerate();
    let kills = deaths.flat_map(|(turn, death)| {
        let chosen = writes.iter().enumerate().filter(move |(index, _)| both || index % 2 == turn);
        chosen.map(move |(_, at)| once(at, death))
    });
    let kills: Vec<PlannedFault> = kills.collect();
    println!("{} kills at {} operations", kills.len(), writes.len());
    each(&kills, |kill| {
        let when = format!("{:?} at {}", kill.kind, kill.at);
        let killed = visit(cloud, stack, args, Some(kill.clone())).ends(Manner::Killed);
        assert_eq!(killed.injected, 1, "{when}");
        and_then(&killed.cloud, &when);
    });
}

/// Tries all cases, some at a time, since most of their time is waiting.
pub(super) fn each<T: Sync>(cases: &[T], attempt: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            attempt(case);
        }
    };
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(work))));
}

#[test]
fn up_continues_after_a_kill() {
    let stack = Fixture::shipped();
    let reference = reference(&stack);
    let writes = first_writes(&succeed(&port::empty(), &stack, UP));
    kill(&writes, &port::empty(), &stack, UP, |cloud, when| {
        ends_the_same(cloud, &stack, &reference, when);
    });
}

#[test]
fn down_continues_after_a_kill() {
    let stack = Fixture::shipped();
    let up = succeed(&port::empty(), &stack, UP).cloud;
    let writes = first_writes(&succeed(&up, &stack, DOWN));
    kill(&writes, &up, &stack, DOWN, |cloud, when| is_empty(&succeed(cloud, &stack, DOWN).cloud, when));
}

/// What is tried at [`create_api`]. What lasts is tried where no long wait follows.
const TROUBLES: &[(FaultKind, Times)] = &[
    (FaultKind::Refused, Times::Once),
    (FaultKind::Dropped, Times::Once),
    (FaultKind::Throttled, Times::Once),
    (FaultKind::Failed, Times::Once),
    (FaultKind::FailedLate, Times::Once),
    (FaultKind::Lost, Times::Once),
    (FaultKind::Slow, Times::Once),
    (FaultKind::Denied, Times::Once),
    (FaultKind::Lost, Times::Always),
    (FaultKind::Denied, Times::Always),
];

#[test]
fn after_any_fault_of_create_api_there_is_one_api() {
    let stack = Fixture::shipped();
    let reference = reference(&stack);
    each(TROUBLES, |(kind, times)| {
        let when = format!("{kind:?} {times:?}");
        let fault = PlannedFault { at: create_api(), kind: *kind, times: *times };
        let first = visit(&port::empty(), &stack, UP, Some(fault));
        assert!(first.injected > 0, "{when}");
        // Access denied is reported; everything else is retried, or looked for where it may have been applied.
        let denied = *kind == FaultKind::Denied;
        let first = first.ends(if denied { Manner::Failing } else { Manner::Well });
        assert_eq!(first.exit().err.contains("apigateway:CreateApi failed"), denied, "{when}");
        assert_eq!(first.cloud.apigateway.apis.len(), usize::from(!denied), "{when}");
        ends_the_same(&first.cloud, &stack, &reference, &when);
    });
}

#[test]
fn two_processes_at_once_create_one_stack_and_leave_nothing() {
    let stack = Fixture::shipped();
    let reference = reference(&stack);
    let both = |cloud: &Cloud, one, two| {
        let visit = visit_after(A_MOMENT, cloud, &[command(&stack, one), command(&stack, two)], None);
        let ends: Vec<Manner> = visit.exits.iter().map(Exit::manner).collect();
        println!("{one:?} at the same time as {two:?}: {ends:?}");
        assert!(ends.iter().all(|end| matches!(end, Manner::Well | Manner::Failing)), "{:?}", visit.exits);
        visit.cloud
    };
    let up = ends_the_same(&both(&port::empty(), UP, UP), &stack, &reference, "two up");
    assert_eq!(succeed(&up, &stack, UP).writes(), Vec::<String>::new());
    let up_and_down = ends_the_same(&both(&up, UP, DOWN), &stack, &reference, "up and down");
    let down = succeed(&both(&up_and_down, DOWN, DOWN), &stack, DOWN);
    is_empty(&down.cloud, "two down, and one more");
}

/// A pipeline sends SIGINT, and SIGTERM 7.5 s later [hazards: G20].
#[test]
fn a_run_that_is_stopped_says_what_was_in_progress() {
    let stack = Fixture::shipped();
    let table = Label { name: "dynamodb:CreateTable".to_owned(), subject: "tbl_comment".to_owned(), nth: 1 };
    let stopped = |signals: &[(Duration, Signal)]| {
        signalled(&port::empty(), &command(&stack, UP), once(&table, FaultKind::Slow), signals)
    };
    let moment = Duration::from_millis(300);
    let twice = [(moment, Signal::INT), (moment, Signal::TERM)];
    let once = [(moment, Signal::INT)];
    for (signals, longest) in [(&twice[..], 3_000), (&once[..], 7_500)] {
        let (exit, took) = stopped(signals);
        assert!(took < Duration::from_millis(longest), "{took:?}");
        assert_eq!(exit.code, Some(130), "{exit:?}");
        let told = "table tbl_comment could not be created: the run was stopped before AWS had finished";
        assert!(exit.err.contains(told), "{exit:?}");
        assert!(exit.err.contains(" reads, "), "the report is whole: {exit:?}");
    }
}
