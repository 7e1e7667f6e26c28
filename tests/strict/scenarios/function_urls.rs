//! URLs of functions: who can call them, from their first moment to their last, and what is left of them.

use super::shipped::whole;
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::faults::{FaultKind, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, planned, run};
use crate::services::lambda::hindrances;
use provision::plan::Action;
use serde_json::Value as Json;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

const PUBLIC: &str = "    url: none\n";
const GUARDED: &str = "    url: iam\n";

/// A stack of a function with these members, and one that knows its name.
fn text(members: &str) -> String {
    let function =
        |name: &str| format!("  {name}:\n    code: lambdas/create_item\n    runtime: python3.13\n");
    format!("stack: one\nfunctions:\n{}{members}{}", function("save"), function("other"))
}

fn stack(members: &str) -> Fixture {
    Fixture::of(&text(members))
}

/// The stack where the other function has the URL in its environment.
fn known() -> Fixture {
    Fixture::of(&(text(PUBLIC) + "    environment: { SAVE: \"${functions.save.url}save\" }\n"))
}

#[track_caller]
fn up(cloud: &Cloud, stack: &Fixture) -> Ran {
    whole(run(cloud, Command::Up(stack), None))
}

/// What is left of a stack an hour after `down`.
#[track_caller]
fn whole_down(cloud: &Cloud, stack: &Fixture) -> Cloud {
    later(&whole(run(cloud, Command::Down(stack), None)).cloud, HOUR)
}

/// Where a call comes in a run; the last one of its name.
fn place(ran: &Ran, name: &str) -> Option<usize> {
    ran.records.iter().rposition(|record| record.label.name == name)
}

#[track_caller]
fn come_in_order(ran: &Ran, names: &[&str]) {
    let places: Vec<_> = names.iter().map(|name| place(ran, name)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{names:?} at {places:?}");
}

fn auth(cloud: &Cloud) -> Option<&str> {
    cloud.lambda.functions.get("save")?.url.as_ref().map(|url| url.auth.as_str())
}

/// The first requests would be denied otherwise, and the last ones.
#[test]
fn the_permissions_come_before_the_url_and_go_after_it() {
    let cloud = later(&up(&empty(), &stack("")).cloud, HOUR);
    let opened = up(&cloud, &stack(PUBLIC));
    come_in_order(&opened, &["lambda:TagResource", "lambda:AddPermission", "lambda:CreateFunctionUrlConfig"]);
    assert_eq!(opened.writes().iter().filter(|write| write.contains("AddPermission")).count(), 2);
    let cloud = later(&opened.cloud, HOUR);
    let closed = up(&cloud, &stack(""));
    come_in_order(&closed, &["lambda:DeleteFunctionUrlConfig", "lambda:RemovePermission"]);
    come_in_order(&closed, &["lambda:DeleteFunctionUrlConfig", "lambda:UntagResource"]);
    let guarded = up(&cloud, &stack(GUARDED));
    come_in_order(&guarded, &["lambda:UpdateFunctionUrlConfig", "lambda:RemovePermission"]);
    let opened = up(&guarded.cloud, &stack(PUBLIC));
    come_in_order(&opened, &["lambda:AddPermission", "lambda:UpdateFunctionUrlConfig"]);
}

/// Whatever was done until then, the next run knows of the URL: by the tag of the function, which is there before it and after
/// it.
#[test]
fn no_interrupted_run_leaves_a_url_or_its_permissions_behind() {
    let states = ["", PUBLIC, GUARDED];
    let changes = states.iter().flat_map(|from| states.map(|to| (*from, to)));
    let mut killed = 0;
    for (from, to) in changes.filter(|(from, to)| from != to) {
        let (before, wanted) = (later(&up(&empty(), &stack(from)).cloud, HOUR), stack(to));
        let whole = up(&before, &wanted);
        let expected = dump(&later(&whole.cloud, HOUR));
        for record in whole.records.iter().filter(|record| !record.label.name.contains(":Get")) {
            let at = record.label.clone();
            let fault = PlannedFault { at, kind: FaultKind::KilledAfterCall, times: Times::Once };
            let ended = run(&before, Command::Up(&wanted), Some(fault.clone()));
            let left = later(&ended.cloud, HOUR);
            killed += ended.injected;
            let about = format!("{fault}, {from:?} to {to:?}");
            let found = dump(&later(&up(&left, &wanted).cloud, HOUR));
            assert_eq!(differences(&found, &expected), Vec::<String>::new(), "{about}");
            // The URL may be no part of the stack any more.
            let gone = up(&left, &stack("")).cloud;
            assert_eq!(auth(&gone), None, "{about}");
            assert_eq!(gone.lambda.functions["save"].policy.now(), Vec::<Json>::new(), "{about}");
            let down = whole_down(&left, &wanted);
            assert!(dump(&down).is_empty(), "{about}");
        }
    }
    assert!(killed > 15, "{killed}");
}

/// What somebody opened by hand is closed, and what somebody closed is opened.
#[test]
fn a_url_that_was_changed_by_hand_is_set_back() {
    for (members, by_hand) in [(GUARDED, "NONE"), (PUBLIC, "AWS_IAM")] {
        let mut cloud = up(&empty(), &stack(members)).cloud;
        let wanted = auth(&cloud).map(str::to_owned);
        let function = cloud.lambda.functions.get_mut("save").expect("the function");
        by_hand.clone_into(&mut function.url.as_mut().expect("its URL").auth);
        let plan = planned(&cloud, Command::Plan(&stack(members)));
        let steps: Vec<_> = plan.steps.iter().map(|step| (step.action, step.id.to_string())).collect();
        assert_eq!(steps, [(Action::Update, "function url save".to_owned())]);
        let healed = up(&cloud, &stack(members)).cloud;
        assert_eq!(auth(&healed).map(str::to_owned), wanted);
    }
}

/// A URL that was deleted by hand gets another address, which what refers to it then has.
#[test]
fn what_refers_to_a_url_follows_its_address() {
    let variable = |cloud: &Cloud| {
        let other = &cloud.lambda.functions["other"];
        other.configuration["Environment"]["Variables"]["SAVE"].as_str().unwrap_or_default().to_owned()
    };
    let mut cloud = later(&up(&empty(), &known()).cloud, HOUR);
    let first = variable(&cloud);
    assert!(first.starts_with("https://") && first.ends_with("/save"), "{first}");
    cloud.lambda.functions.get_mut("save").expect("the function").url = None;
    let ran = up(&cloud, &known());
    come_in_order(&ran, &["lambda:CreateFunctionUrlConfig", "lambda:UpdateFunctionConfiguration"]);
    assert_ne!(variable(&ran.cloud), first);
    let again = up(&ran.cloud, &known());
    assert_eq!((again.end.clone(), again.writes()), (End::Done(0), vec![]));
}

/// Only functions with a URL are asked for it.
#[test]
fn a_function_without_a_url_costs_no_call() {
    let cloud = up(&empty(), &stack(PUBLIC)).cloud;
    let again = up(&cloud, &stack(PUBLIC));
    let asked: Vec<&str> = again
        .records
        .iter()
        .filter(|record| record.label.name == "lambda:GetFunctionUrlConfig")
        .map(|record| record.label.subject.as_str())
        .collect();
    assert_eq!(asked, ["save"]);
    let without = up(&later(&empty(), HOUR), &stack("")).cloud;
    let again = up(&without, &stack(""));
    assert_eq!(place(&again, "lambda:GetFunctionUrlConfig"), None);
}

/// An account may let no function be public: then there is no URL either, and the error says what to do.
#[test]
fn an_account_that_blocks_public_functions_gets_no_url() {
    let cloud = Cloud { hindrance: Some(hindrances::public_policies_are_blocked), ..empty() };
    let ran = run(&cloud, Command::Up(&stack(PUBLIC)), None);
    let End::Failed(errors) = &ran.end else { panic!("{:?}", ran.end) };
    assert!(errors.join("\n").contains("write `url: iam`"), "{errors:?}");
    assert_eq!(auth(&ran.cloud), None);
    assert_eq!(auth(&up(&Cloud { hindrance: None, ..ran.cloud }, &stack(GUARDED)).cloud), Some("AWS_IAM"));
}
