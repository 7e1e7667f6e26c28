//! What became of a plan, progress, and what the user has now.

use super::{eventful, plain};
use crate::apply::Report;
use crate::aws::Error;
use crate::check::{CheckFailure, CheckResult, Done, Verdict};
use crate::event::Event;
use crate::model::{LiveState, ResourceId, Unreadable};
use crate::outline::Outline;
use crate::plan::tests::live_states::world_of;
use crate::plan::tests::stacks::{SMALL, graph, lowered, stack};
use crate::plan::tests::up;
use crate::plan::{Action, Plan};
use crate::render::{self, live::Steps, progress::Progress};
use indicatif::{InMemoryTerm, ProgressDrawTarget, TermLike};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn shown(plan: &Plan, report: &Report) -> String {
    plain(&render::report(plan, report, &["stack.yaml".into()], Duration::from_millis(1_250), "9 writes"))
}

fn denied() -> Error {
    let message = "not authorized to perform lambda:CreateFunction";
    let refusal = Error::refusal("lambda:CreateFunction", Some("AccessDeniedException"), message);
    Error { request_id: Some("r-1".into()), ..refusal }
}

#[test]
fn a_complete_report_counts_what_was_done() {
    let plan = eventful();
    let report = Report { done: (0..plan.steps.len()).collect(), ..Report::default() };
    insta::assert_snapshot!(shown(&plan, &report), @"Done: 6 created, 4 updated, 1 replaced, 1 deleted in 1.2 s · 9 writes");
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
    insta::assert_snapshot!(shown(&plan, &report), @"
    Incomplete: 1 created, 1 replaced in 1.2 s · 9 writes
    error: stack.yaml:6: function save could not be updated: lambda:CreateFunction failed: not authorized to perform lambda:CreateFunction (AccessDeniedException, request r-1)
      help: ask for the permission lambda:CreateFunction; `provision iam-policy` prints all permissions that this stack needs
    Skipped, because a step before failed: 9 steps.
    Run the same command again to continue.
    ");
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
    insta::assert_snapshot!(deferred([1].into()), @"
    Incomplete: 1 created in 1.2 s · 9 writes
    error: stack.yaml:4: table notes could not be replaced in full: every other change was applied; run the same command again in about an hour
    Run the same command again to continue.
    ");
    assert!(deferred([].into()).starts_with("Incomplete in 1.2 s · 9 writes\n"));
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
    insta::assert_snapshot!(shown(&eventful(), &report), @"
    Incomplete: 1 replaced in 1.2 s · 9 writes
    Interrupted; 11 steps not started.
    Run the same command again to continue.
    ");
}

#[test]
fn a_report_of_nothing_says_so() {
    let report = Report { failed: [(0, denied())].into(), ..Report::default() };
    assert!(shown(&eventful(), &report).starts_with("Nothing was changed in 1.2 s · 9 writes\n"));
}

#[test]
fn what_could_not_be_seen_is_a_warning() {
    let unreadable = Unreadable { kind: "log_group", why: "logs:ListLogGroups failed: no".to_owned() };
    insta::assert_snapshot!(plain(&render::unreadable(&unreadable)), @r#"
    warning: could not list every log group of this stack, so the plan may be incomplete: logs:ListLogGroups failed: no
    "#);
}

#[test]
fn the_user_gets_the_url_the_routes_and_a_request_to_try() {
    let stack = stack(SMALL);
    let (scope, graph) = lowered(&stack);
    let attributes =
        world_of(&graph).observed.into_iter().map(|observed| (observed.id, observed.attributes)).collect();
    insta::assert_snapshot!(plain(&render::outputs(&stack, &scope, &attributes, &|_| true, false)), @r#"

    API: https://a8.example

      POST /notes      save
      GET /notes       list
      GET /notes/{id}  list

    Try it:

      curl 'https://a8.example/notes'
    "#);
    let short = |is_in_sync: &dyn Fn(&ResourceId) -> bool| {
        plain(&render::outputs(&stack, &scope, &attributes, is_in_sync, true))
    };
    assert_eq!(short(&|_| true), "\nTry it:\n  curl 'https://a8.example/notes'");
    assert_eq!(short(&|_| false), "\nAPI: https://a8.example");
    assert_eq!(render::outputs(&stack, &scope, &[].into(), &|_| true, false), "");
}

/// The request to try of a stack in which some resources are not in sync.
fn request_to_try(yaml: &str, missing: &[&str]) -> Option<String> {
    let stack = stack(yaml);
    let (scope, graph) = lowered(&stack);
    let attributes =
        world_of(&graph).observed.into_iter().map(|observed| (observed.id, observed.attributes)).collect();
    let is_in_sync = |id: &ResourceId| !missing.contains(&id.to_string().as_str());
    for missing in missing {
        assert!(graph.resources.iter().any(|resource| resource.id.to_string() == *missing), "{missing}");
    }
    let shown = plain(&render::outputs(&stack, &scope, &attributes, &is_in_sync, false));
    assert!(shown.contains("API: https://"), "{shown}");
    shown.split_once("curl '").and_then(|(_, url)| Some(url.split_once("example")?.1.replace("'\n", "")))
}

#[test]
fn a_request_to_try_is_one_that_a_route_serves() {
    let with = |checks: &str| {
        let routes = "    GET /hi/{name}: list\n    POST /notes: save\n";
        let stack = SMALL.split("    POST /notes").next().unwrap();
        request_to_try(&format!("{stack}{routes}checks:\n{checks}"), &[])
    };
    assert_eq!(with("  - request: GET /hello/ada\n"), None, "its route was renamed");
    let both = "  - request: GET /hello/ada\n  - request: GET /hi/ada?loud=1\n";
    assert_eq!(with(both).as_deref(), Some("/hi/ada?loud=1"));
    assert_eq!(with("  - { request: GET /hi/ada, expect: { status: 404 } }\n"), None);
    assert_eq!(with("  - { request: POST /notes, body: {} }\n"), None);
}

#[test]
fn there_is_no_request_to_try_while_the_api_is_not_in_sync() {
    assert_eq!(request_to_try(SMALL, &[]).as_deref(), Some("/notes"));
    for missing in [
        "api",
        "stage $default",
        "route GET /notes",
        "route POST /notes",
        "integration list",
        "permission list for GET /notes",
        "function list",
    ] {
        assert_eq!(request_to_try(SMALL, &[missing]), None, "{missing}");
    }
    for other in ["table notes", "log group /aws/lambda/list"] {
        assert!(request_to_try(SMALL, &[other]).is_some(), "{other}");
    }
}

/// Steps that each concern an entry of its own.
fn steps(count: usize) -> Steps {
    Steps { count, lines: true, ..Steps::default() }
}

/// What a terminal shows of a run in which a function waits, a role is done, and the user has asked for the end.
fn on_a_terminal(width: u16, dress: fn(&str) -> String) -> String {
    let terminal = InMemoryTerm::new(24, width);
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 60);
    let progress = Progress::live(target, 24, steps(3), dress);
    let action = Action::Create;
    let (function, role) = (ResourceId::new("function", "save"), ResourceId::new("role", "save_role"));
    progress.show(&Event::Started { step: 0, id: role.clone(), action });
    progress.show(&Event::Started { step: 1, id: function.clone(), action });
    let why = "role save_role is not assumable yet, 4.0 s".to_owned();
    progress.show(&Event::Waiting { id: function, why });
    progress.show(&Event::Done { step: 0, id: role, action, took: Duration::from_millis(120) });
    progress.show(&Event::Stopping);
    let shown = once_shown(&terminal, "1 of 3");
    drop(progress);
    format!("{shown}\n--- at the end ---\n{}", terminal.contents())
}

/// What a terminal shows as soon as a text is on it: the screen is drawn at times of its own.
fn once_shown(terminal: &InMemoryTerm, text: &str) -> String {
    let shown = std::iter::repeat_with(|| terminal.contents());
    shown.inspect(|_| std::thread::yield_now()).find(|shown| shown.contains(text)).unwrap()
}

#[test]
fn nothing_is_drawn_before_the_first_event() {
    let terminal = InMemoryTerm::new(24, 80);
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 60);
    let progress = Progress::live(target, 24, steps(2), plain);
    // Longer than the total needs to be drawn, if anything draws it.
    let (start, time) = (Instant::now(), Duration::from_millis(300));
    while start.elapsed() < time {
        assert_eq!(terminal.contents(), "");
        std::thread::yield_now();
    }
    // What is printed meanwhile stays above the steps, with nothing in between.
    terminal.write_line("the plan").unwrap();
    let id = ResourceId::new("table", "notes");
    progress.show(&Event::Started { step: 0, id, action: Action::Create });
    once_shown(&terminal, "creating");
    insta::assert_snapshot!(at_no_time(&once_shown(&terminal, "0 of 2")), @"
    the plan
      ░░░░░░░░░░░░░░░░░░░░ 0 of 2 ·
        creating table notes
    ");
}

/// On a small screen the total stays in sight, and a step gets its line as soon as there is room for it.
#[test]
fn running_steps_leave_room_on_the_screen() {
    let terminal = InMemoryTerm::new(24, 80);
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 60);
    let progress = Progress::live(target, 8, steps(9), plain);
    let id = |step: usize| ResourceId::new("table", format!("t{step}"));
    (0..5).for_each(|step| {
        progress.show(&Event::Started { step, id: id(step), action: Action::Create });
    });
    insta::assert_snapshot!(at_no_time(&once_shown(&terminal, "3 more")), @"
    ░░░░░░░░░░░░░░░░░░░░ 0 of 9 · · and 3 more running
      creating table t0
      creating table t1
    ");
    let why = "AWS is busy".to_owned();
    progress.show(&Event::Waiting { id: id(2), why });
    progress.show(&Event::Done { step: 0, id: id(0), action: Action::Create, took: Duration::ZERO });
    insta::assert_snapshot!(at_no_time(&once_shown(&terminal, "2 more")), @"
    + table t0 created
    ██░░░░░░░░░░░░░░░░░░ 1 of 9 · · and 2 more running
      creating table t1
      table t2: AWS is busy
    ");
}

/// What the user declared has one line, whatever of it is at work, and nothing stays of what succeeded.
#[test]
fn an_entry_and_its_parts_share_a_line() {
    let terminal = InMemoryTerm::new(24, 80);
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 60);
    let plan = crate::plan::plan(&graph(SMALL), &LiveState::default(), &up()).unwrap();
    let progress = Progress::live(target, 24, Steps::of(&Outline::of(&plan), false), plain);
    let step = |id: &str| plan.steps.iter().position(|step| step.id.to_string() == id).unwrap();
    let (role, group) = (step("role save_role"), step("log group /aws/lambda/save"));
    let (action, took) = (Action::Create, Duration::ZERO);
    for index in [role, group] {
        progress.show(&Event::Started { step: index, id: plan.steps[index].id.clone(), action });
    }
    // Each line is drawn at times of its own.
    let shows = |texts: &[&str]| {
        let shown = std::iter::repeat_with(|| terminal.contents()).inspect(|_| std::thread::yield_now());
        at_no_time(&shown.into_iter().find(|shown| texts.iter().all(|text| shown.contains(text))).unwrap())
    };
    insta::assert_snapshot!(shows(&["0 of 17", "log group, role"]), @"
    ░░░░░░░░░░░░░░░░░░░░ 0 of 17 ·
      creating function save  log group, role
    ");
    progress.show(&Event::Done { step: group, id: plan.steps[group].id.clone(), action, took });
    let why = "IAM does not see the role yet".to_owned();
    progress.show(&Event::Waiting { id: plan.steps[role].id.clone(), why });
    insta::assert_snapshot!(shows(&["1 of 17", "does not see"]), @"
    █░░░░░░░░░░░░░░░░░░░ 1 of 17 ·
      role save_role: IAM does not see the role yet
    ");
    let table = plan.steps[step("table notes")].id.clone();
    progress.show(&Event::Failed { step: step("table notes"), id: table, action, error: denied() });
    progress.show(&Event::Done { step: role, id: plan.steps[role].id.clone(), action, took });
    shows(&["3 of 17", "✗ table notes"]);
    drop(progress);
    assert_eq!(terminal.contents(), "  ✗ table notes could not be created");
}

#[test]
fn two_steps_of_one_id_are_counted_apart() {
    let terminal = InMemoryTerm::new(24, 80);
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 60);
    let progress = Progress::live(target, 24, steps(2), plain);
    let id = ResourceId::new("api", "");
    progress.show(&Event::Started { step: 0, id: id.clone(), action: Action::Update });
    progress.show(&Event::Started { step: 1, id: id.clone(), action: Action::Delete });
    progress.show(&Event::Done { step: 1, id: id.clone(), action: Action::Delete, took: Duration::ZERO });
    insta::assert_snapshot!(at_no_time(&once_shown(&terminal, "1 of 2")), @"
    - api deleted
    ██████████░░░░░░░░░░ 1 of 2 ·
      updating api
    ");
    let event = Event::Done { step: 1, id, action: Action::Delete, took: Duration::ZERO };
    insta::assert_snapshot!(render::json::event(&event), @r##"{"action":"delete","event":"done","kind":"api","name":"api","seconds":0.0,"step":1,"type":"event","version":1}"##);
}

#[test]
fn an_event_shows_no_credentials_of_a_url() {
    let error = Error { message: "no connection: proxy http://ada:hush@proxy:3128/".to_owned(), ..denied() };
    let event =
        Event::Failed { step: 0, id: ResourceId::new("table", "notes"), action: Action::Create, error };
    let document = render::json::event(&event).to_string();
    assert!(document.contains("proxy http://***@proxy:3128/") && !document.contains("hush"), "{document}");
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
    insta::assert_snapshot!(at_no_time(&on_a_terminal(80, plain)), @"
      + role save_role created
    Stopping: finishing what is running, starting nothing new. Press Ctrl-C again to
     quit now.
      ██████░░░░░░░░░░░░░░ 1 of 3 ·
        function save: role save_role is not assumable yet,
    --- at the end ---
      + role save_role created
    Stopping: finishing what is running, starting nothing new. Press Ctrl-C again to
     quit now.
    ");
    insta::assert_snapshot!(at_no_time(&on_a_terminal(40, plain)), @"
      + role save_role created
    Stopping: finishing what is running, sta
    rting nothing new. Press Ctrl-C again to
     quit now.
      ██████░░░░░░░░░░░░░░ 1 of 3 ·
        function save: role save_rol
    --- at the end ---
      + role save_role created
    Stopping: finishing what is running, sta
    rting nothing new. Press Ctrl-C again to
     quit now.
    ");
}

#[test]
fn progress_tells_each_event_once() {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = lines.clone();
    let progress = Progress::lines(move |line| heard.lock().unwrap().push(plain(line)));
    let tell = |event| progress.show(&event);
    let (id, action) = (ResourceId::new("function", "save"), Action::Create);
    let wait = || Event::Waiting { id: id.clone(), why: "the role cannot be assumed yet".to_owned() };
    tell(Event::Started { step: 0, id: id.clone(), action });
    tell(wait());
    tell(wait());
    tell(Event::Done { step: 0, id: id.clone(), action, took: Duration::from_millis(1_900) });
    tell(Event::Failed { step: 0, id: id.clone(), action, error: denied() });
    tell(Event::Skipped {
        step: 1,
        id: ResourceId::new("stage", "$default"),
        action,
        why: "function save failed".to_owned(),
    });
    insta::assert_snapshot!(lines.lock().unwrap().join("\n"), @r#"
    … function save: the role cannot be assumed yet
    + function save created 1.9 s
    ✗ function save could not be created
    · stage $default not created: function save failed
    "#);
}

fn outcome(verdict: Verdict, body: &str, logs: Option<&str>) -> String {
    let result = CheckResult {
        name: "an item is saved".to_owned(),
        done: Done::Request("POST".to_owned(), "/items".to_owned()),
        status: Some(200),
        body: body.to_owned(),
        elapsed: Duration::from_millis(320),
        attempts: 1,
        verdict,
    };
    plain(&render::check(&result, logs))
}

#[test]
fn a_check_passes_fails_or_is_skipped() {
    let failed = Verdict::Failed(CheckFailure::Status { expected: 200, got: 500 });
    let shown = [
        outcome(Verdict::Passed, "{}", None),
        outcome(failed.clone(), "{\"message\":\"no\"}", Some("provision logs save --local")),
        outcome(failed, "", None),
        outcome(Verdict::Skipped("`id` was not captured".to_owned()), "", None),
    ];
    insta::assert_snapshot!(shown.join("\n"), @r#"
    ✓ an item is saved  POST /items, 0.3 s
    ✗ an item is saved  POST /items
        expected status 200, got 500
        response: {"message":"no"}
        see: provision logs save --local
    ✗ an item is saved  POST /items
        expected status 200, got 500
    · an item is saved  skipped: `id` was not captured
    "#);
}
