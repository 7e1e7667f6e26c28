//! What became of a plan, progress, and what the user has now.

use super::{eventful, plain};
use crate::apply::Report;
use crate::aws::{Class, Error};
use crate::check::{Failure, Outcome, Verdict};
use crate::event::Event;
use crate::model::{ResourceId, Unreadable};
use crate::plan::tests::live_states::world_of;
use crate::plan::tests::stacks::{SMALL, lowered, stack};
use crate::plan::{Action, Plan};
use crate::render::{self, progress::Progress};
use indicatif::{InMemoryTerm, ProgressDrawTarget};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn shown(plan: &Plan, report: &Report) -> String {
    plain(&render::report(plan, report, Some(Path::new("stack.yaml")), Duration::from_millis(1_250)))
}

fn denied() -> Error {
    Error {
        operation: "lambda:CreateFunction".to_owned(),
        class: Class::Refused,
        code: Some("AccessDeniedException".to_owned()),
        message: "not authorized to perform lambda:CreateFunction".to_owned(),
        request_id: Some("r-1".to_owned()),
    }
}

#[test]
fn a_complete_report_counts_what_was_done() {
    let plan = eventful();
    let report = Report { done: (0..plan.steps.len()).collect(), ..Report::default() };
    insta::assert_snapshot!(shown(&plan, &report), @r#"
    Done: 6 created, 2 updated, 3 replaced, 1 deleted in 1.2 s
    "#);
}

#[test]
fn a_report_with_a_failure_tells_its_cause_its_place_and_the_way_on() {
    let plan = eventful();
    let failed = plan.steps.iter().position(|step| step.id.kind == "function").unwrap();
    let report = Report {
        done: [0, 1].into(),
        failed: [(failed, denied())].into(),
        skipped: (failed + 1..plan.steps.len()).map(|index| (index, failed)).collect(),
        ..Report::default()
    };
    insta::assert_snapshot!(shown(&plan, &report), @r#"
    Partly done: 1 created, 1 replaced in 1.2 s
    error: stack.yaml:6: function save could not be updated: lambda:CreateFunction failed: not authorized to perform lambda:CreateFunction (AccessDeniedException, request r-1)
      help: ask for the permission lambda:CreateFunction; `provision iam-policy` prints all that this stack needs
    Not tried, since what comes before failed: 9 further steps.
    What was done stays; run the same command again to go on from here.
    "#);
}

#[test]
fn a_report_tells_what_aws_accepts_only_later() {
    let plan = eventful();
    let table = plan.steps.iter().position(|step| step.id.kind == "table").unwrap();
    let deferred = |done: std::collections::BTreeSet<usize>| {
        let why =
            Error::deferred("every other change was applied; run the same command again in about an hour");
        shown(&plan, &Report { done, failed: [(table, why)].into(), ..Report::default() })
    };
    insta::assert_snapshot!(deferred([1].into()), @r#"
    Partly done: 1 created in 1.2 s
    error: stack.yaml:4: table notes could not be replaced in full: every other change was applied; run the same command again in about an hour
    What was done stays; run the same command again to go on from here.
    "#);
    assert!(deferred([].into()).starts_with("Partly done in 1.2 s\n"));
}

#[test]
fn one_skipped_step_is_told_in_the_singular() {
    let plan = eventful();
    let report = Report { failed: [(0, denied())].into(), skipped: [(1, 0)].into(), ..Report::default() };
    assert!(!shown(&plan, &report).contains("1 further steps"), "{}", shown(&plan, &report));
}

#[test]
fn an_interrupted_report_counts_what_was_not_begun() {
    let report = Report { done: [0].into(), interrupted: true, ..Report::default() };
    insta::assert_snapshot!(shown(&eventful(), &report), @r#"
    Partly done: 1 replaced in 1.2 s
    Stopped on request; not begun: 11 steps.
    What was done stays; run the same command again to go on from here.
    "#);
}

#[test]
fn a_report_of_nothing_says_so() {
    let report = Report { failed: [(0, denied())].into(), ..Report::default() };
    assert!(shown(&eventful(), &report).starts_with("Nothing was changed in 1.2 s\n"));
}

#[test]
fn what_could_not_be_seen_is_a_warning() {
    let unreadable = Unreadable { kind: "log_group", why: "logs:ListLogGroups failed: no".to_owned() };
    insta::assert_snapshot!(plain(&render::unreadable(&unreadable)), @r#"
    warning: could not look for every log group of this stack: logs:ListLogGroups failed: no
    "#);
}

#[test]
fn the_user_gets_the_url_the_routes_and_a_request_to_try() {
    let stack = stack(SMALL);
    let graph = lowered(&stack).1;
    let attributes =
        world_of(&graph).observed.into_iter().map(|observed| (observed.id, observed.attributes)).collect();
    insta::assert_snapshot!(plain(&render::outputs(&stack, &attributes)), @r#"

    API: https://a8.example

      POST /notes      save
      GET /notes       list
      GET /notes/{id}  list

    Try it:

      curl 'https://a8.example/notes'
    "#);
    assert_eq!(render::outputs(&stack, &[].into()), "");
}

/// What a terminal shows of a run in which a function waits, a role is done, and the user has asked for the end.
fn on_a_terminal(width: u16, dress: fn(&str) -> String) -> String {
    let terminal = InMemoryTerm::new(24, width);
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 60);
    let progress = Progress::live(target, 3, dress);
    let action = Action::Create;
    let (function, role) = (ResourceId::new("function", "save"), ResourceId::new("role", "save_role"));
    progress.show(&Event::Started { id: role.clone(), action });
    progress.show(&Event::Started { id: function.clone(), action });
    let why = "role save_role is not assumable yet, 4.0 s".to_owned();
    progress.show(&Event::Waiting { id: function, why });
    progress.show(&Event::Done { id: role, action, took: Duration::from_millis(120) });
    progress.show(&Event::Stopping);
    // The screen is drawn at times of its own.
    let shown = std::iter::repeat_with(|| terminal.contents());
    let shown = shown.inspect(|_| std::thread::yield_now()).find(|shown| shown.contains("1 of 3")).unwrap();
    drop(progress);
    format!("{shown}\n--- at the end ---\n{}", terminal.contents())
}

/// A screen without what the clock decides.
fn at_no_time(screen: &str) -> String {
    let times = regex::Regex::new("[⠁-⣿] |[0-9]+[.][0-9] s(?: |$)").unwrap();
    screen
        .lines()
        .map(|line| times.replace_all(line, "").trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_terminal_shows_what_runs_under_what_is_finished() {
    insta::assert_snapshot!(at_no_time(&on_a_terminal(80, plain)), @r#"
      + role save_role created
    Stopping: what is under way is finished, and nothing more is begun. Ctrl-C again
     to end at once.
        function save: role save_role is not assumable yet,
      1 of 3 done in
    --- at the end ---
      + role save_role created
    Stopping: what is under way is finished, and nothing more is begun. Ctrl-C again
     to end at once.
    "#);
    insta::assert_snapshot!(at_no_time(&on_a_terminal(40, plain)), @r#"
      + role save_role created
    Stopping: what is under way is finished,
     and nothing more is begun. Ctrl-C again
     to end at once.
        function save: role save_rol
      1 of 3 done in
    --- at the end ---
      + role save_role created
    Stopping: what is under way is finished,
     and nothing more is begun. Ctrl-C again
     to end at once.
    "#);
}

#[test]
fn progress_tells_each_event_once() {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = lines.clone();
    let progress = Progress::lines(move |line| heard.lock().unwrap().push(plain(line)));
    let tell = |event| progress.show(&event);
    let (id, action) = (ResourceId::new("function", "save"), Action::Create);
    let wait = || Event::Waiting { id: id.clone(), why: "the role cannot be assumed yet".to_owned() };
    tell(Event::Started { id: id.clone(), action });
    tell(wait());
    tell(wait());
    tell(Event::Done { id: id.clone(), action, took: Duration::from_millis(1_900) });
    tell(Event::Failed { id: id.clone(), action, error: denied() });
    tell(Event::Skipped {
        id: ResourceId::new("stage", "$default"),
        action,
        why: "function save failed".to_owned(),
    });
    insta::assert_snapshot!(lines.lock().unwrap().join("\n"), @r#"
    … function save: the role cannot be assumed yet
    + function save created 1.9 s
    ✗ function save could not be created
    · stage $default: did not create it, since function save failed
    "#);
}

fn outcome(verdict: Verdict, body: &str) -> String {
    plain(&render::check(&Outcome {
        name: "an item is saved".to_owned(),
        method: "POST".to_owned(),
        path: "/items".to_owned(),
        status: Some(200),
        body: body.to_owned(),
        elapsed: Duration::from_millis(320),
        attempts: 1,
        verdict,
    }))
}

#[test]
fn a_check_passes_fails_or_is_skipped() {
    let failed = Verdict::Failed(Failure::Status { expected: 200, got: 500 });
    let shown = [
        outcome(Verdict::Passed, "{}"),
        outcome(failed.clone(), "{\"message\":\"no\"}"),
        outcome(failed, ""),
        outcome(Verdict::Skipped("`id` was not captured".to_owned()), ""),
    ];
    insta::assert_snapshot!(shown.join("\n"), @r#"
    ✓ an item is saved  POST /items, 0.3 s
    ✗ an item is saved  POST /items
        expected status 200, got 500
        the answer: {"message":"no"}
    ✗ an item is saved  POST /items
        expected status 200, got 500
    · an item is saved  skipped: `id` was not captured
    "#);
}
