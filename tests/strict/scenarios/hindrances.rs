//! What AWS refuses for a time is waited out; what it refuses for good ends the run at once, in AWS's own words.

use super::shipped::well;
use crate::cloud::{Cloud, Hindrance};
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, run};
use crate::services::lambda::hindrances;
use crate::services::{apigateway, dynamodb};
use std::time::Duration;

/// The account with a rule that holds for so long from the beginning of the next run.
fn hindered(cloud: &Cloud, hindrance: Hindrance, time: Duration) -> Cloud {
    let hindered_until = cloud.now + crate::run::A_MOMENT + time;
    Cloud { hindrance: Some(hindrance), hindered_until, ..cloud.clone() }
}

/// Runs a command under a rule, which must be met and come to the same end as without it.
fn comes_to_the_same_end(cloud: &Cloud, stack: &Fixture, hindrance: Hindrance, time: Duration) -> Ran {
    let alone = well(run(cloud, Command::Up(stack), None));
    let ran = well(run(&hindered(cloud, hindrance, time), Command::Up(stack), None));
    assert!(ran.cloud.hindered > 0, "nothing was refused");
    let (ended, expected) = (later(&ran.cloud, time), later(&alone.cloud, time));
    assert_eq!(differences(&dump(&ended), &dump(&expected)), Vec::<String>::new());
    ran
}

/// The errors of a command that fails.
fn errors(ran: Ran) -> String {
    match ran.end {
        End::Failed(errors) => errors.join("\n"),
        end => panic!("it does not fail: {end:?}"),
    }
}

#[test]
fn a_failure_without_a_word_is_propagation_while_the_role_is_new() {
    comes_to_the_same_end(&empty(), &Fixture::shipped(), hindrances::fails_without_a_word, Duration::ZERO);
}

#[test]
fn an_invalid_token_of_a_new_role_is_propagation() {
    comes_to_the_same_end(&empty(), &Fixture::shipped(), hindrances::role_token_is_invalid, Duration::ZERO);
}

#[test]
fn what_has_nothing_to_do_with_the_role_is_waited_out_whatever_its_age() {
    let up = well(run(&empty(), Command::Up(&Fixture::shipped()), None));
    let old = later(&up.cloud, Duration::from_secs(3600));
    let memory = |text: String| text.replacen("    runtime:", "    memory: 512\n    runtime:", 1);
    let changed = Fixture::changed(memory, |_| ());
    let minute = Duration::from_secs(60);
    comes_to_the_same_end(&old, &changed, hindrances::throttled_by_ec2, minute);
    // Who gives up says how often and how long it tried, and does not blame the trust policy.
    let hour = hindered(&old, hindrances::throttled_by_ec2, Duration::from_secs(3600));
    let message = errors(run(&hour, Command::Up(&changed), None));
    assert!(message.contains("throttled by EC2") && message.contains(" times in 12"), "{message}");
    assert!(!message.contains("trust policy"), "{message}");
}

#[test]
fn a_key_that_is_wrong_for_good_is_not_waited_for() {
    let cloud = hindered(&empty(), hindrances::key_is_invalid, Duration::ZERO);
    let ran = run(&cloud, Command::Up(&Fixture::shipped()), None);
    assert!(ran.took < Duration::from_secs(60), "{:?}", ran.took);
    assert!(errors(ran).contains("KMS key is invalid for CreateGrant operation."));
}

#[test]
fn a_minute_of_others_deployments_is_waited_out() {
    let minute = Duration::from_secs(60);
    comes_to_the_same_end(&empty(), &Fixture::shipped(), apigateway::api_gateway_is_busy, minute);
}

#[test]
fn a_quota_without_room_is_told_at_once_in_aws_s_words() {
    let cloud = hindered(&empty(), dynamodb::no_room_for_tables, Duration::ZERO);
    let ran = run(&cloud, Command::Up(&Fixture::shipped()), None);
    let tries = ran.records.iter().filter(|record| record.to_string().contains("CreateTable")).count();
    let message = errors(ran);
    assert!(message.contains("the current TableMaxReadCapacityUnits value is insufficient"), "{message}");
    assert_eq!(tries, 1, "a quota is final");
}

/// What KMS says of a new role passes [hazards: I3].
#[test]
fn a_key_that_does_not_know_a_new_role_yet_is_waited_for() {
    let minute = Duration::from_secs(60);
    comes_to_the_same_end(&empty(), &Fixture::shipped(), hindrances::key_does_not_know_the_role, minute);
}

/// A resource may be named like an error, and the refusal may hold its name: neither tells that it passes [hazards: G6].
#[test]
fn what_is_named_like_an_error_is_refused_at_once() {
    let tries = |cloud: &Cloud, text: &str, call: &str| {
        let ran = run(cloud, Command::Up(&Fixture::of(text)), None);
        let tries = ran.records.iter().filter(|record| record.label.name == call).count();
        assert!(ran.took < Duration::from_secs(60), "{text}: {:?}", ran.took);
        (tries, errors(ran))
    };
    let cloud = hindered(&empty(), hindrances::refuses_by_name, Duration::ZERO);
    for name in ["TooManyRequestsException", "throttled-by-EC2", "ThrottlingException", "ServiceException"] {
        let function = format!("{{ {name}: {{ code: lambdas/create_item, runtime: python3.13 }} }}");
        let (tries, message) =
            tries(&cloud, &format!("stack: one\nfunctions: {function}\n"), "lambda:CreateFunction");
        assert_eq!(tries, 1, "{name}");
        assert!(message.contains(&format!("The function {name} cannot have this setting.")), "{message}");
    }
    let cloud = hindered(&empty(), dynamodb::no_room_for_the_table, Duration::ZERO);
    for name in ["generate", "retry-jobs", "LimitExceededException", "concurrent.rate"] {
        let table = format!("stack: one\ntables: {{ one: {{ name: {name}, partition_key: id }} }}\n");
        let (tries, message) = tries(&cloud, &table, "dynamodb:CreateTable");
        assert_eq!(tries, 1, "{name}: {message}");
    }
}

/// A new account may have ten executions at once, so nothing can be reserved. The user reads AWS's sentence and what to do
/// [hazards: L8].
#[test]
fn an_account_that_has_too_few_executions_to_reserve_says_what_to_do() {
    let stack = |members: &str| {
        let function = format!("{{ save: {{ code: lambdas/create_item, runtime: python3.13, {members} }} }}");
        Fixture::of(&format!("stack: one\nfunctions: {function}\n"))
    };
    let mut small = empty();
    small.lambda.concurrency = Some(10);
    for members in
        ["reserved_concurrency: 5", "release: { aliases: { live: {} }, provisioned_concurrency: 5 }"]
    {
        let refused = errors(run(&small, Command::Up(&stack(members)), None));
        for words in ["below its minimum value of [10]", "request a higher quota of concurrent executions"] {
            assert!(refused.contains(words), "{members}: {refused}");
        }
        let mut room = run(&small, Command::Up(&stack(members)), None).cloud;
        room.lambda.concurrency = None;
        well(run(&later(&room, Duration::from_secs(60)), Command::Up(&stack(members)), None));
    }
    let stopped = well(run(&small, Command::Up(&stack("reserved_concurrency: 0")), None));
    assert_eq!(stopped.cloud.lambda.functions["save"].reserved, Some(0));
}
