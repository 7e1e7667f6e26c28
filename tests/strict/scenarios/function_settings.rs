//! Settings of functions: networks, destinations, images, and what is read and written by calls of its own.

use super::shipped::whole;
use crate::cloud::{Cloud, Time};
use crate::faults::{FaultKind, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, run};
use crate::services::lambda::{Function, hindrances};
use serde_json::json;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

/// A stack of one function with these members, and a queue.
fn stack(members: &str) -> Fixture {
    Fixture::of(&format!(
        "stack: one\nqueues: {{ failed: {{}} }}\nfunctions:\n  save:\n    code: lambdas/create_item\n    runtime: python3.13\n\
         {members}"
    ))
}

fn up(cloud: &Cloud, stack: &Fixture) -> Ran {
    whole(run(cloud, Command::Up(stack), None))
}

fn save(cloud: &Cloud) -> &Function {
    &cloud.lambda.functions["save"]
}

/// The names of the calls that a run made about functions.
fn calls(ran: &Ran) -> Vec<&str> {
    let about = ran.records.iter().map(|record| record.label.name.as_str());
    about.filter(|name| name.starts_with("lambda:")).collect()
}

fn is_in_sync(cloud: &Cloud, stack: &Fixture) {
    let again = up(cloud, stack);
    assert_eq!((again.end.clone(), again.writes()), (End::Done(0), vec![]));
}

const NETWORK: &str = "    vpc: { subnets: [subnet-1, subnet-2], security_groups: [sg-1] }\n";

/// The function leaves its network before it is deleted, and its role is deleted after it: nothing of it lingers.
#[test]
fn a_function_leaves_its_network_before_it_is_deleted() {
    let stack = stack(NETWORK);
    let first = up(&empty(), &stack);
    is_in_sync(&first.cloud, &stack);
    let down = whole(run(&first.cloud, Command::Down(&stack), None));
    let order = ["lambda:UpdateFunctionConfiguration", "lambda:DeleteFunction", "iam:DeleteRole"];
    let places = order.map(|name| down.records.iter().position(|record| record.label.name == name));
    assert!(places.is_sorted() && places[0].is_some(), "{places:?}");
    assert_eq!(down.cloud.lambda.interfaces.len(), 0);
}

/// The rule by which the test above fails where a function is deleted with its network.
#[test]
fn interfaces_of_a_deleted_function_linger_and_stay_without_its_role() {
    let mut cloud = up(&empty(), &stack(NETWORK)).cloud;
    cloud.act(crate::services::Service::Lambda, "DeleteFunction", &json!({ "FunctionName": "save" }));
    assert_eq!(cloud.lambda.interfaces.len(), 1);
    let kept = run(&later(&cloud, HOUR), Command::Up(&stack("")), None);
    assert_eq!(kept.cloud.lambda.interfaces.len(), 0, "Lambda deletes them with the role");
    cloud.iam.roles.clear();
    let stuck = run(&later(&cloud, HOUR), Command::Plan(&stack("")), None);
    assert_eq!(stuck.cloud.lambda.interfaces.len(), 1, "and never without it");
}

/// A function without the settings that have calls of their own costs no call for them.
#[test]
fn settings_that_a_function_has_not_are_not_read() {
    let plain = stack("");
    let cloud = up(&empty(), &plain).cloud;
    assert_eq!(
        calls(&up(&cloud, &plain)),
        ["lambda:GetFunction", "lambda:ListEventSourceMappings", "lambda:GetPolicy"]
    );
    let asynchronous = stack("    async: { retries: 0, on_failure: failed }\n");
    let cloud = up(&cloud, &asynchronous).cloud;
    let again = up(&cloud, &asynchronous);
    let own = ["Async", "Event", "CodeSigning", "Recursion"];
    let own: Vec<&str> =
        calls(&again).into_iter().filter(|name| own.iter().any(|own| name.contains(own))).collect();
    assert_eq!(own, ["lambda:GetFunctionEventInvokeConfig", "lambda:ListEventSourceMappings"]);
    assert_eq!(again.writes(), Vec::<String>::new());
}

/// What is Lambda's default is no setting, and needs neither a call nor the tag that names settings.
#[test]
fn defaults_that_are_written_are_no_settings() {
    let defaults = stack("    async: { retries: 2, max_age: 6 hours }\n    recursive_loop: terminate\n");
    let first = up(&empty(), &defaults);
    assert!(!save(&first.cloud).tags.contains_key("provision:settings"));
    assert!(!calls(&first).iter().any(|name| name.contains("EventInvoke") || name.contains("Recursion")));
}

/// The tag that names the settings is there before the first of them, and goes after the last one: a run that is interrupted at
/// any call leaves none behind that the next one does not see.
#[test]
fn settings_are_never_left_behind() {
    let with = stack("    async: { retries: 0, on_failure: failed }\n    recursive_loop: allow\n");
    let without = stack("");
    for (from, to) in [(&with, &without), (&without, &with)] {
        let cloud = up(&empty(), from).cloud;
        let calls = up(&cloud, to).records;
        for record in calls.iter().filter(|record| !record.label.name.contains("Get")) {
            for kind in [FaultKind::KilledBefore, FaultKind::KilledAfterCall] {
                let fault = PlannedFault { at: record.label.clone(), kind, times: Times::Once };
                let ended = run(&cloud, Command::Up(to), Some(fault.clone()));
                let next = up(&later(&ended.cloud, HOUR), to);
                is_in_sync(&next.cloud, to);
                let expected = up(&cloud, to).cloud.lambda.functions["save"].apart.dumped();
                assert_eq!(save(&next.cloud).apart.dumped(), expected, "{fault}");
            }
        }
    }
}

/// A destination is delivered to with the role of the function, which is allowed that before Lambda asks.
#[test]
fn a_destination_is_set_once_lambda_sees_that_the_role_may_deliver_there() {
    let cloud = up(&empty(), &stack("")).cloud;
    let cloud = later(&cloud, HOUR);
    let with = stack("    async: { on_failure: failed, dead_letter: failed }\n");
    let ran = up(&cloud, &with);
    let outcomes = |name: &str| {
        let records = ran.records.iter().filter(|record| record.label.name == name);
        records.map(|record| record.outcome.as_str()).collect::<Vec<_>>()
    };
    let refused = "InvalidParameterValueException";
    assert_eq!(outcomes("lambda:UpdateFunctionConfiguration").first(), Some(&refused));
    assert_eq!(outcomes("lambda:PutFunctionEventInvokeConfig").last(), Some(&"ok"));
    is_in_sync(&ran.cloud, &with);
}

/// Code and an image cannot become each other, and a function is durable from its beginning.
#[test]
fn a_function_that_gets_an_image_or_becomes_durable_is_replaced() {
    let image = "stack: one\nqueues: { failed: {} }\nfunctions:\n  save:\n    image: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop:1\n";
    for other in [Fixture::of(image), stack("    durable: { timeout: 1 day }\n")] {
        let cloud = later(&up(&empty(), &stack("")).cloud, HOUR);
        let replaced = up(&cloud, &other);
        let names = calls(&replaced);
        let place = |name: &str| names.iter().position(|call| *call == name);
        assert!(place("lambda:DeleteFunction") < place("lambda:CreateFunction"), "{names:?}");
        assert!(save(&replaced.cloud).created > Time::ZERO);
        is_in_sync(&replaced.cloud, &other);
    }
}

/// Functions of a stack may log to one group, which belongs to none of them.
#[test]
fn functions_share_a_log_group() {
    let two = |first: &str, second: &str| {
        let function = |name: &str, members: &str| {
            format!("  {name}:\n    code: lambdas/create_item\n    runtime: python3.13\n{members}")
        };
        Fixture::of(&format!("stack: one\nfunctions:\n{}{}", function("a", first), function("b", second)))
    };
    let shared = "    logging: { group: /shop/all }\n";
    let both = two(shared, shared);
    let cloud = up(&empty(), &both).cloud;
    assert_eq!(cloud.logs.groups.keys().collect::<Vec<_>>(), ["/shop/all"]);
    is_in_sync(&cloud, &both);
    let cloud = up(&cloud, &two(shared, "")).cloud;
    assert_eq!(cloud.logs.groups.keys().collect::<Vec<_>>(), ["/aws/lambda/b", "/shop/all"]);
    let cloud = up(&later(&cloud, HOUR), &two("", "")).cloud;
    assert_eq!(cloud.logs.groups.keys().collect::<Vec<_>>(), ["/aws/lambda/a", "/aws/lambda/b"]);
}

/// Lambda makes the network's interfaces with the role of the function, whose new policy it sees late [hazards: I3].
#[test]
fn a_network_is_taken_once_lambda_sees_that_the_role_may_use_it() {
    let cloud = later(&up(&empty(), &stack("")).cloud, HOUR);
    let ran = up(&cloud, &stack(NETWORK));
    let updates = ran.records.iter().filter(|one| one.label.name == "lambda:UpdateFunctionConfiguration");
    let outcomes: Vec<&str> = updates.map(|record| record.outcome.as_str()).collect();
    assert_eq!(outcomes.first(), Some(&"InvalidParameterValueException"), "{outcomes:?}");
    assert_eq!(outcomes.last(), Some(&"ok"), "{outcomes:?}");
    is_in_sync(&ran.cloud, &stack(NETWORK));
}

/// A function that left its network shows empty lists, and no change of it makes that a difference [hazards: G9].
#[test]
fn a_network_that_was_left_is_no_network() {
    let cloud = up(&empty(), &stack(NETWORK)).cloud;
    let left = up(&later(&cloud, HOUR), &stack("")).cloud;
    assert_eq!(save(&left).configuration["VpcConfig"]["SubnetIds"], json!([]));
    is_in_sync(&left, &stack(""));
    let other = stack("    memory: 256\n");
    is_in_sync(&up(&left, &other).cloud, &other);
}

/// New code is checked against the configuration that the function has at that moment [hazards: L10].
#[test]
fn a_code_signing_configuration_goes_before_other_code_and_comes_after_it() {
    let signed = |members: &str| {
        stack(&format!(
            "    code_signing: arn:aws:lambda:${{region}}:123456789012:code-signing-config:csc-0123456789abcdef1\n{members}"
        ))
    };
    let other_code = |fixture: &Fixture| {
        let change = |folder: &std::path::Path| {
            let file = folder.join("lambdas/create_item/lambda_function.py");
            let text = std::fs::read_to_string(&file).expect("the code");
            std::fs::write(file, text + "\n# Changed.\n").expect("the code is changed");
        };
        fixture.with(|_| (), change)
    };
    let hindered = |cloud: &Cloud| Cloud { hindrance: Some(hindrances::code_is_not_signed), ..cloud.clone() };
    let cloud = up(&empty(), &signed("")).cloud;
    let refused = run(&hindered(&later(&cloud, HOUR)), Command::Up(&other_code(&signed(""))), None);
    let End::Failed(errors) = &refused.end else { panic!("{:?}", refused.end) };
    assert!(errors.join("\n").contains("CodeVerificationFailedException"), "{errors:?}");
    let unsigned = other_code(&stack(""));
    let without = up(&hindered(&later(&cloud, HOUR)), &unsigned).cloud;
    assert_eq!(save(&without).apart.signing, None);
    let with = up(&hindered(&later(&up(&empty(), &stack("")).cloud, HOUR)), &other_code(&signed(""))).cloud;
    assert!(save(&with).apart.signing.is_some());
}
