//! Functions and their roles: what Lambda says late of a new function, and what a change of it must keep.

use super::shipped::{well, whole};
use crate::cloud::{Cloud, TAGS, Time, VISIBLE};
use crate::connector::Record;
use crate::faults::{FaultKind, Label, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::invariants::unready;
use crate::run::{A_MOMENT, Command, End, Ran, empty, later, look, planned, run};
use crate::services::lambda::{EVERYWHERE, Function, PENDING};
use provision::plan::Action;
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// A stack of one function with these members.
fn stack(members: &str) -> Fixture {
    Fixture::of(&format!(
        "stack: one\nfunctions:\n  save:\n    code: lambdas/create_item\n    runtime: python3.13\n{members}"
    ))
}

/// The same with an API.
fn with_api(members: &str) -> Fixture {
    let function = "  save:\n    code: lambdas/create_item\n    runtime: python3.13\n";
    Fixture::of(&format!("stack: one\nfunctions:\n{function}{members}api:\n  routes:\n    GET /: save\n"))
}

fn up(stack: &Fixture) -> Cloud {
    later(&whole(run(&empty(), Command::Up(stack), None)).cloud, MINUTE)
}

fn save(cloud: &Cloud) -> &Function {
    &cloud.lambda.functions["save"]
}

fn change(cloud: &Cloud, change: impl Fn(&mut Function)) -> Cloud {
    let mut cloud = cloud.clone();
    cloud.lambda.functions.values_mut().for_each(change);
    cloud
}

/// How the calls of an operation ended.
fn outcomes<'a>(ran: &'a Ran, name: &str) -> Vec<&'a str> {
    let records = ran.records.iter().filter(|record| record.label.name == name);
    records.map(|record| record.outcome.as_str()).collect()
}

fn fault(name: &str, kind: FaultKind, times: Times) -> PlannedFault {
    PlannedFault { at: Label { name: name.to_owned(), subject: "save".to_owned(), nth: 1 }, kind, times }
}

fn is_in_sync(cloud: &Cloud, stack: &Fixture) {
    let again = whole(run(cloud, Command::Up(stack), None));
    assert_eq!((again.end.clone(), again.writes()), (End::Done(0), vec![]));
}

/// Lambda refuses tracing until it sees that the role may send traces, which takes some seconds for a role of any age.
#[test]
fn tracing_is_turned_on_as_soon_as_the_role_allows_it_and_off_again() {
    let mode = |cloud: &Cloud| save(cloud).configuration["TracingConfig"]["Mode"].clone();
    let size = |cloud: &Cloud| save(cloud).configuration["EphemeralStorage"]["Size"].clone();
    let (plain, traced) = (stack(""), stack("    tracing: true\n    ephemeral_storage: 1024\n"));
    let at_once = up(&traced);
    assert_eq!((mode(&at_once), size(&at_once)), (json!("Active"), json!(1024)));
    is_in_sync(&at_once, &traced);

    let on = whole(run(&up(&plain), Command::Up(&traced), None));
    assert_eq!(on.end, End::Done(2));
    let updates = outcomes(&on, "lambda:UpdateFunctionConfiguration");
    assert!(updates.len() > 1 && updates[0].contains("InvalidParameterValueException"), "{updates:?}");
    assert_eq!((mode(&on.cloud), size(&on.cloud)), (json!("Active"), json!(1024)));
    let on = later(&on.cloud, MINUTE);
    is_in_sync(&on, &traced);

    let off = whole(run(&on, Command::Up(&plain), None));
    assert_eq!((mode(&off.cloud), size(&off.cloud)), (json!("PassThrough"), json!(512)));
    is_in_sync(&later(&off.cloud, MINUTE), &plain);
}

#[test]
fn a_call_that_does_not_find_the_function_that_this_run_created_is_repeated() {
    // Long enough for every call, and shorter than the time for which the next runs are looked at.
    let everywhere = MINUTE / 2;
    let mut cloud = empty();
    cloud.delays.set(EVERYWHERE, everywhere);
    for (members, first) in
        [("    reserved_concurrency: 2\n", "lambda:PutFunctionConcurrency"), ("", "lambda:AddPermission")]
    {
        let stack = with_api(members);
        let ran = whole(run(&cloud, Command::Up(&stack), None));
        for name in ["lambda:GetFunction", first] {
            let outcomes = outcomes(&ran, name);
            assert!(outcomes.contains(&"ResourceNotFoundException"), "{name}: {outcomes:?}");
        }
        is_in_sync(&ran.cloud, &stack);
    }
}

/// A function that was not created by this run, and that the call does not find, was deleted by somebody else.
#[test]
fn a_call_that_does_not_find_an_older_function_fails_at_once() {
    let stack = with_api("");
    let mut cloud = up(&stack);
    cloud.delays.set(EVERYWHERE, MINUTE);
    cloud.delays.set(PENDING, Time::ZERO);
    cloud.delays.set(TAGS, Time::ZERO);
    let created = cloud.now;
    let lost = change(&cloud, |function| {
        function.created = created;
        function.policy = Default::default();
    });
    let ran = run(&lost, Command::Up(&stack), None);
    assert!(
        matches!(&ran.end, End::Failed(errors) if errors[0].contains("Function not found")),
        "{:?}",
        ran.end
    );
    assert!(ran.took < Duration::from_secs(2), "{:?}", ran.took);
    let found = whole(run(&later(&ran.cloud, MINUTE), Command::Up(&stack), None));
    is_in_sync(&found.cloud, &stack);
}

#[test]
fn a_reservation_of_zero_stops_a_function_and_is_not_the_same_as_none() {
    let (zero, none) = (stack("    reserved_concurrency: 0\n"), stack(""));
    let stopped = up(&zero);
    assert_eq!(save(&stopped).reserved, Some(0));
    is_in_sync(&stopped, &zero);
    let running = whole(run(&stopped, Command::Up(&none), None));
    assert_eq!(running.writes(), ["lambda:DeleteFunctionConcurrency save #1"]);
    assert_eq!(save(&running.cloud).reserved, None);
    is_in_sync(&running.cloud, &none);
    for (live, stack, write) in [
        (Some(0), &none, "lambda:DeleteFunctionConcurrency save #1"),
        (None, &zero, "lambda:PutFunctionConcurrency save #1"),
        (Some(3), &zero, "lambda:PutFunctionConcurrency save #1"),
    ] {
        let drifted = change(&running.cloud, |function| function.reserved = live);
        let repaired = whole(run(&drifted, Command::Up(stack), None));
        assert_eq!(repaired.writes(), [write], "{live:?}");
        is_in_sync(&repaired.cloud, stack);
    }
}

#[test]
fn a_function_whose_second_call_failed_is_finished_by_the_next_run() {
    let stack = stack("    reserved_concurrency: 2\n");
    for kind in [FaultKind::Denied, FaultKind::Throttled, FaultKind::Dropped] {
        let broken = run(
            &empty(),
            Command::Up(&stack),
            Some(fault("lambda:PutFunctionConcurrency", kind, Times::Always)),
        );
        assert!(matches!(broken.end, End::Failed(_)), "{kind:?}: {:?}", broken.end);
        assert_eq!(save(&broken.cloud).reserved, None);
        let finished = whole(run(&broken.cloud, Command::Up(&stack), None));
        assert_eq!(finished.writes(), ["lambda:PutFunctionConcurrency save #1"], "{kind:?}");
        is_in_sync(&finished.cloud, &stack);
    }
}

/// How long Lambda's late check of a role fails.
fn checking(cloud: &Cloud, late_check: Time) -> Cloud {
    let mut cloud = cloud.clone();
    cloud.iam.late_check = late_check;
    cloud
}

#[test]
fn a_function_that_failed_for_its_fresh_role_is_created_again() {
    let stack = with_api("");
    let ran = whole(run(&checking(&empty(), Duration::from_secs(10)), Command::Up(&stack), None));
    let created = outcomes(&ran, "lambda:CreateFunction");
    let taken = created.iter().filter(|outcome| **outcome == "ok").count();
    let deleted = outcomes(&ran, "lambda:DeleteFunction").iter().filter(|outcome| **outcome == "ok").count();
    assert!(taken > 1 && deleted == taken - 1, "{created:?}, {deleted} deletes");
    is_in_sync(&checking(&ran.cloud, Time::ZERO), &stack);
}

#[test]
fn a_function_that_stays_failed_is_reported_and_replaced_by_a_later_run() {
    let stack = with_api("");
    let failing = run(&checking(&empty(), 10 * MINUTE), Command::Up(&stack), None);
    let error = match &failing.end {
        End::Failed(errors) => errors.concat(),
        end => panic!("{end:?}"),
    };
    for part in ["the function failed to start", "InsufficientRolePermissions", "CreateNetworkInterface"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(failing.violations, Vec::<String>::new());
    let after = later(&failing.cloud, 10 * MINUTE);
    let plan = planned(&after, Command::Up(&stack));
    let step = plan.steps.iter().find(|step| step.id.kind == "function").expect("a step");
    assert_eq!(step.action, Action::Replace);
    let healed = whole(run(&after, Command::Up(&stack), None));
    is_in_sync(&healed.cloud, &stack);
}

/// The process ends, or the response is lost, and the function fails later.
#[test]
fn a_function_that_failed_unseen_is_healed() {
    let stack = with_api("");
    let cloud = checking(&empty(), Duration::from_secs(4));
    let whole_run = whole(run(&cloud, Command::Up(&stack), None));
    let created = outcomes(&whole_run, "lambda:CreateFunction");
    let first = created.iter().position(|outcome| *outcome == "ok").expect("a create");
    let calls = u32::try_from(first).expect("a number") + 1..=u32::try_from(created.len()).expect("a number");
    for kind in [
        FaultKind::KilledAfterAll,
        FaultKind::KilledAfterCall,
        FaultKind::Lost,
        FaultKind::Slow,
        FaultKind::FailedLate,
    ] {
        for nth in calls.clone() {
            let mut at = fault("lambda:CreateFunction", kind, Times::Once);
            at.at.nth = nth;
            let broken = run(&cloud, Command::Up(&stack), Some(at));
            // Where it says that all is done, the function is not Failed.
            let unready = if matches!(broken.end, End::Done(_)) { unready(&broken.cloud) } else { vec![] };
            assert_eq!(unready, Vec::<String>::new(), "{kind:?} of call {nth}");
            let healed = whole(run(&broken.cloud, Command::Up(&stack), None));
            is_in_sync(&healed.cloud, &stack);
        }
    }
}

#[test]
fn an_environment_without_variables_clears_the_old_ones() {
    let (some, none) = (stack("    environment: { TABLE: notes }\n"), stack(""));
    let ran = whole(run(&up(&some), Command::Up(&none), None));
    let record = |record: &&Record| record.label.name == "lambda:UpdateFunctionConfiguration";
    let update = ran.records.iter().find(record).expect("an update");
    assert_eq!(update.params["Environment"], json!({ "Variables": {} }));
    assert_eq!(save(&ran.cloud).configuration.get("Environment"), None);
    is_in_sync(&ran.cloud, &none);
}

/// An update replaces the logging settings as a whole [hazards: L5].
#[test]
fn logs_that_go_elsewhere_are_set_back_with_their_format() {
    let stack = stack("    logging: { format: json, level: warn }\n");
    let elsewhere = json!({ "LogFormat": "Text", "LogGroup": "/aws/lambda/elsewhere" });
    let drifted = change(&up(&stack), |function| {
        drop(function.configuration.insert("LoggingConfig".to_owned(), elsewhere.clone()))
    });
    let repaired = well(run(&drifted, Command::Up(&stack), None));
    let expected = json!({ "LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "INFO",
        "LogGroup": "/aws/lambda/save" });
    assert_eq!(save(&repaired.cloud).configuration["LoggingConfig"], expected);
    is_in_sync(&repaired.cloud, &stack);
}

/// A function that runs is never denied what it may do before and after.
#[test]
fn a_policy_of_another_name_is_replaced_before_it_is_deleted() {
    let stack = stack("");
    let mut cloud = up(&stack);
    let role = cloud.iam.roles.get_mut("save_role").expect("the role");
    let document = role.policies.remove("provision").expect("the policy");
    role.policies.insert("by-hand".to_owned(), document);
    let ran = whole(run(&cloud, Command::Up(&stack), None));
    assert_eq!(
        ran.writes(),
        ["iam:PutRolePolicy save_role provision #1", "iam:DeleteRolePolicy save_role by-hand #1"]
    );
}

/// The rule by which the test above fails if the order is the other one.
#[test]
fn a_statement_that_is_away_for_a_moment_is_a_violation() {
    let before = up(&stack(""));
    let mut without = before.clone();
    without.iam.roles.get_mut("save_role").expect("the role").policies.clear();
    let mut statements = crate::invariants::Statements::of(&before);
    assert_eq!(statements.look(&without), Vec::<String>::new());
    let back = statements.look(&before);
    assert!(back.len() == 1 && back[0].starts_with("the role save_role lacked {"), "{back:?}");
    assert_eq!(statements.look(&before), Vec::<String>::new());
}

const TABLE: &str = "tables: { notes: { partition_key: id } }\n";

/// Instances are renewed by a change of the function, which comes after the policy that it needs.
#[test]
fn a_policy_is_written_before_the_code_that_needs_it_and_alone_it_takes_its_time() {
    let of = |members: &str| {
        let function = "  save:\n    code: lambdas/create_item\n    runtime: python3.13\n";
        Fixture::of(&format!("stack: one\n{TABLE}functions:\n{function}{members}"))
    };
    let cloud = up(&of(""));
    let alone = of("    access: { notes: read }\n");
    let both = of("    access: { notes: read }\n    environment: { TABLE: notes }\n");
    let reasons = |stack: &Fixture| {
        let plan = planned(&cloud, Command::Up(stack));
        let role = plan.steps.iter().find(|step| step.id.kind == "role").expect("a step");
        role.reasons.clone()
    };
    assert_eq!(reasons(&alone), ["running instances may use the old permissions for some minutes"]);
    assert_eq!(reasons(&both), Vec::<String>::new());
    let code = both.with(
        |_| (),
        |folder| {
            std::fs::write(folder.join("lambdas/create_item/more.py"), "MORE = 1\n").expect("a file");
        },
    );
    let ran = whole(run(&cloud, Command::Up(&code), None));
    let of = |name: &str| ran.records.iter().find(|record| record.label.name == name).expect("a call");
    let written = of("iam:PutRolePolicy").end.expect("a response");
    for update in ["lambda:UpdateFunctionConfiguration", "lambda:UpdateFunctionCode"] {
        assert!(written <= of(update).start, "{update}");
    }
}

#[test]
fn settings_of_functions_made_by_hand_are_shown_and_left_alone() {
    let stack = stack("");
    let cloud = change(&up(&stack), |function| {
        let tenancy = json!({ "TenantIsolationMode": "PER_TENANT" });
        drop(function.configuration.insert("TenancyConfig".to_owned(), tenancy))
    });
    is_in_sync(&cloud, &stack);
    let shown = look(&cloud, &stack).observed.into_iter().flat_map(|one| {
        let id = one.id.to_string();
        one.unmanaged_settings.into_iter().map(move |(name, value)| format!("{id}: {name} {value}"))
    });
    assert_eq!(shown.collect::<Vec<_>>(), ["function save: tenant_isolation PER_TENANT"]);
}

/// A name that was used before is no older: each role takes its own time [hazards: G3].
#[test]
fn a_role_that_is_recreated_is_as_fresh_as_any_other() {
    let stack = stack("");
    let up_again = |cloud: &Cloud| whole(run(cloud, Command::Up(&stack), None));
    let first = up_again(&empty());
    let down = well(run(&later(&first.cloud, MINUTE), Command::Down(&stack), None));
    let second = up_again(&later(&down.cloud, MINUTE));
    let early = |ran: &Ran| {
        let outcomes = outcomes(ran, "lambda:CreateFunction").into_iter();
        outcomes.filter(|outcome| *outcome == "InvalidParameterValueException").count()
    };
    // The pauses between tries differ a little.
    assert!(early(&first) > 2 && early(&second) > 2, "{} and {}", early(&first), early(&second));
}

/// IAM lists the instance profiles of a role in pages, each of which must be left.
#[test]
fn a_role_leaves_all_of_its_instance_profiles() {
    let stack = stack("");
    let mut cloud = up(&stack);
    let role = cloud.iam.roles.get_mut("save_role").expect("the role");
    role.profiles = (0..5).map(|number| format!("profile-{number}")).collect();
    cloud.delays.set(VISIBLE, Time::ZERO);
    let down = well(run(&later(&cloud, A_MOMENT), Command::Down(&stack), None));
    assert_eq!(outcomes(&down, "iam:DeleteRole"), ["DeleteConflict", "ok"], "all are left at once");
    assert!(crate::dump::dump(&later(&down.cloud, MINUTE)).is_empty());
}
