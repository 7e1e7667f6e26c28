//! Queues and the functions that they start: what real ones do, and what the program does then.

use super::declared::Declared;
use super::shipped::{well, whole};
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::program::visit;
use crate::run::{Command, End, Ran, empty, later, run};
use crate::service::{Drift, Make};
use crate::services::Service;
use serde_json::{Value as Json, json};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// A stack with every setting of queues and of the functions that they start.
fn every_setting() -> Fixture {
    Fixture::of(include_str!("../../stacks/queues.yaml"))
}

/// A stack of these queues and triggers.
fn stack(queues: &str, triggers: &str) -> Fixture {
    Fixture::of(&format!(
        "stack: one
queues: {queues}
functions:
  worker: {{ code: lambdas/create_item, runtime: python3.13, timeout: 20, triggers: {triggers} }}
"
    ))
}

fn up(cloud: &Cloud, stack: &Fixture) -> Ran {
    run(cloud, Command::Up(stack), None)
}

/// The account a minute after a first `up`.
fn created(stack: &Fixture) -> Cloud {
    later(&whole(up(&empty(), stack)).cloud, MINUTE)
}

/// The account after a change in place, which is all that a second `up` has to do.
fn changed(from: &Fixture, to: &Fixture) -> Cloud {
    let ran = whole(up(&created(from), to));
    let cloud = later(&ran.cloud, MINUTE);
    let again = well(up(&cloud, to));
    assert_eq!(again.writes(), Vec::<String>::new());
    cloud
}

fn errors(ran: &Ran) -> String {
    match &ran.end {
        End::Failed(errors) => errors.join("\n"),
        other => panic!("{other:?}"),
    }
}

/// What an account has of queues and mappings.
fn of_queues(cloud: &Cloud) -> Vec<(String, Json)> {
    let is_of = |name: &str| name.starts_with("queue ") || name.starts_with("event source mapping ");
    dump(cloud).into_iter().filter(|(name, _)| is_of(name)).collect()
}

#[test]
fn queues_come_up_once_and_go_down() {
    let stack = every_setting();
    let cloud = created(&stack);
    insta::assert_snapshot!("queues", serde_json::to_string_pretty(&of_queues(&cloud)).expect("JSON"));
    let again = well(up(&cloud, &stack));
    assert_eq!(again.writes(), Vec::<String>::new());
    let down = well(run(&cloud, Command::Down(&stack), None));
    assert!(dump(&later(&down.cloud, MINUTE)).is_empty());
}

/// The dead-letter queue is created before the queues that send their dead letters there, and deleted after them.
#[test]
fn dead_letters_always_have_a_place_to_go_to() {
    let stack = every_setting();
    let position = |writes: &[String], call: &str, of: &str| {
        let found = writes.iter().position(|write| *write == format!("{call} {of} #1"));
        found.unwrap_or_else(|| panic!("no {call} of {of} in {writes:#?}"))
    };
    let created = whole(up(&empty(), &stack));
    let writes = created.writes();
    assert!(
        position(&writes, "sqs:CreateQueue", "jobs-failed") < position(&writes, "sqs:CreateQueue", "jobs")
    );
    let down = well(run(&later(&created.cloud, MINUTE), Command::Down(&stack), None));
    let writes = down.writes();
    assert!(
        position(&writes, "sqs:DeleteQueue", "jobs") < position(&writes, "sqs:DeleteQueue", "jobs-failed")
    );
}

#[test]
fn every_drift_of_queues_and_mappings_is_undone() {
    let drifts = [Service::Sqs, Service::Lambda].into_iter().flat_map(|service| service.drifts());
    let drifts = drifts.filter(|(what, _)| what.contains("queue") || what.contains("mapping"));
    let drifts: Vec<&(&str, Drift)> = drifts.collect();
    assert!(drifts.len() > 20, "{}", drifts.len());
    let stack = Declared::of(every_setting());
    assert!(stack.undoes(drifts.clone(), &[0, 1, 2, 3], Duration::ZERO, |_| ()) >= drifts.len());
}

/// A queue has one policy for all, so a change of ours writes what others have in it again.
#[test]
fn the_statements_of_others_in_a_policy_are_kept() {
    let stack = every_setting();
    let mut cloud = created(&stack);
    let (_, drift) =
        Service::Sqs.drifts().iter().find(|(what, _)| what.contains("policy is changed")).expect("a drift");
    drift(&mut cloud, "queues", 0).expect("a queue");
    let repaired = later(&whole(up(&cloud, &stack)).cloud, MINUTE);
    let policy = |cloud: &Cloud| cloud.sqs.queues["jobs"].attributes["Policy"].clone();
    for theirs in ["Theirs", "-Others"] {
        assert!(policy(&repaired).contains(theirs), "{}", policy(&repaired));
    }
    let without = stack.with(
        |stack| {
            let queues = stack.entries.of_mut::<provision::kinds::queue::section::Config>().expect("queues");
            queues.iter_mut().for_each(|queue| queue.resource_policy.clear());
        },
        |_| (),
    );
    let taken = later(&whole(up(&repaired, &without)).cloud, MINUTE);
    assert!(policy(&taken).contains("Theirs") && !policy(&taken).contains("Others"), "{}", policy(&taken));
    assert_eq!(well(up(&taken, &without)).writes(), Vec::<String>::new());
}

/// Of a queue and of a trigger, every optional field can be taken out again.
#[test]
fn every_optional_field_can_be_cleared() {
    let plain =
        stack("{ jobs: {}, failed: {}, mails: { fifo: true } }", "[{ queue: jobs }, { queue: mails }]");
    let expected = dump(&created(&plain));
    let of_jobs = |fields: &str| {
        let queues = format!("{{ jobs: {{ {fields} }}, failed: {{}}, mails: {{ fifo: true }} }}");
        stack(&queues, "[{ queue: jobs }, { queue: mails }]")
    };
    let of_trigger = |fields: &str| {
        let triggers = format!("[{{ queue: jobs, {fields} }}, {{ queue: mails }}]");
        stack("{ jobs: {}, failed: {}, mails: { fifo: true } }", &triggers)
    };
    let of_failed = "{ jobs: {}, failed: { redrive_from: [jobs] }, mails: { fifo: true } }";
    let of_mails =
        "{ jobs: {}, failed: {}, mails: { fifo: { content_deduplication: true, high_throughput: true } } }";
    let triggers = "[{ queue: jobs }, { queue: mails }]";
    let stacks = [
        of_jobs("visibility_timeout: 5 minutes"),
        of_jobs("retention: 1 day"),
        of_jobs("delay: 10"),
        of_jobs("receive_wait: 20"),
        of_jobs("max_message_size: 1024"),
        of_jobs("dead_letter: { queue: failed }"),
        of_jobs("redrive_from: []"),
        of_jobs("kms_key: alias/mine"),
        of_jobs("resource_policy: [{ Effect: Allow, Principal: \"*\", Action: sqs:SendMessage }]"),
        stack(of_failed, triggers),
        stack(of_mails, triggers),
        of_trigger("batch: 100, window: 1"),
        of_trigger("window: 1 minute"),
        of_trigger("partial_failures: true"),
        of_trigger("concurrency: 2"),
        of_trigger("filter: [{ body: { a: [1] } }, { body: { b: [{ exists: true }] } }]"),
        of_trigger("enabled: false"),
    ];
    for with in stacks {
        let set = changed(&plain, &with);
        assert!(!differences(&dump(&set), &expected).is_empty(), "{:?}", with.stack.entries);
        let cleared = later(&whole(up(&set, &plain)).cloud, MINUTE);
        // A key keeps its rotation for as long as it stands, so none of it is left.
        assert_eq!(differences(&dump(&cleared), &expected), Vec::<String>::new(), "{:?}", with.stack.entries);
        assert_eq!(well(up(&cleared, &plain)).writes(), Vec::<String>::new());
    }
}

/// CreateQueue returns the URL of an equal queue, whoever owns it.
#[test]
fn a_queue_of_another_owner_is_left_alone() {
    let stack = stack("{ jobs: {} }", "[{ queue: jobs }]");
    for tags in [&[][..], &[("provision:stack", "other")]] {
        let mut cloud = empty();
        crate::services::sqs::make(&mut cloud, "jobs", tags);
        let refused = up(&later(&cloud, MINUTE), &stack);
        assert!(errors(&refused).contains("queue jobs"), "{}", errors(&refused));
        assert_eq!(refused.writes(), Vec::<String>::new());
    }
}

#[test]
fn others_mappings_of_our_functions_and_queues_stay() {
    let stack = every_setting();
    let all: Vec<&(&str, Make)> =
        Service::Lambda.unmanaged().iter().filter(|(what, _)| what.contains("mapping")).collect();
    assert!(!all.is_empty());
    for (what, make) in all {
        let mut cloud = created(&stack);
        make(&mut cloud, "queues", 0);
        let before = dump(&cloud);
        let ran = well(up(&later(&cloud, MINUTE), &stack));
        assert_eq!((ran.writes(), dump(&ran.cloud)), (vec![], before), "{what}");
    }
}

/// For 60 seconds after a queue was deleted no other one can have its name.
#[test]
fn the_name_of_a_deleted_queue_is_waited_for() {
    let stack = stack("{ jobs: {} }", "[]");
    let down = well(run(&created(&stack), Command::Down(&stack), None));
    let ran = whole(up(&down.cloud, &stack));
    assert!((Duration::from_secs(40)..2 * MINUTE).contains(&ran.took), "{:?}", ran.took);
}

/// A queue cannot become a FIFO queue: it is another queue, with another name.
#[test]
fn a_queue_that_becomes_fifo_is_another_one() {
    let (plain, fifo) =
        (stack("{ jobs: {} }", "[{ queue: jobs }]"), stack("{ jobs: { fifo: true } }", "[{ queue: jobs }]"));
    let cloud = later(&whole(up(&created(&plain), &fifo)).cloud, MINUTE);
    let names: Vec<&String> = cloud.sqs.queues.keys().collect();
    assert_eq!(names, ["jobs.fifo"]);
    assert_eq!(well(up(&cloud, &fifo)).writes(), Vec::<String>::new());
}

/// The role of a function that lives gets the permissions before Lambda tries it on the queue.
#[test]
fn a_trigger_of_a_function_that_lives_waits_for_its_role() {
    let queues = "{ jobs: {} }";
    let cloud = changed(&stack(queues, "[]"), &stack(queues, "[{ queue: jobs }]"));
    assert!(of_queues(&cloud).iter().any(|(name, _)| name == "event source mapping of jobs to worker"));
    let without = whole(up(&cloud, &stack(queues, "[]")));
    assert_eq!(of_queues(&later(&without.cloud, MINUTE)).len(), 1, "the queue");
}

/// Deleting a function leaves its mappings, which are in no list of a function then.
#[test]
fn a_mapping_whose_function_was_deleted_is_found() {
    let with = stack("{ jobs: {} }", "[{ queue: jobs }]");
    let mut cloud = created(&with);
    cloud.lambda.functions.clear();
    let cloud = later(&cloud, 10 * MINUTE);
    let down = well(run(&cloud, Command::Down(&with), None));
    assert_eq!(of_queues(&later(&down.cloud, MINUTE)), Vec::new());
    let repaired = whole(up(&cloud, &with));
    assert_eq!(of_queues(&later(&repaired.cloud, MINUTE)).len(), 2);
}

#[test]
fn messages_are_lost_only_where_that_is_allowed() {
    let with = stack("{ jobs: {}, mails: {} }", "[]");
    let without = stack("{ jobs: {} }", "[]");
    let refused = visit(&created(&with), &without, &["up", "--yes"], None);
    let said = format!("{:?}", refused.exit());
    assert!(said.contains("all of its messages would be lost"), "{said}");
    assert!(said.contains("--allow-data-loss queues.mails"), "{said}");
    assert_eq!(refused.writes(), Vec::<String>::new());
}

#[test]
fn the_settings_of_others_are_shown_by_status() {
    let with = every_setting();
    let mut cloud = created(&with);
    let queue = cloud.sqs.queues.get_mut("jobs-failed").expect("the queue");
    queue.attributes.insert("KmsDataKeyReusePeriodSeconds".to_owned(), "900".to_owned());
    let statement =
        json!({ "Sid": "Theirs", "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    queue.attributes.insert("Policy".to_owned(), policy.to_string());
    let status = visit(&cloud, &with, &["status"], None);
    let shown = &status.exit().out;
    assert!(shown.contains("data_key_reuse_seconds") && shown.contains("policy.Theirs"), "{shown}");
}

/// A mapping of a source and a function has no second one, so another name is a change of its tag.
#[test]
fn a_trigger_of_another_name_is_the_same_mapping() {
    let named = |name: &str| stack("{ jobs: {} }", &format!("[{{ queue: jobs{name} }}]"));
    let (plain, first, second) = (named(""), named(", name: first"), named(", name: second, batch: 5"));
    let mut cloud = created(&plain);
    for to in [&first, &second, &plain] {
        let ran = whole(up(&cloud, to));
        let writes = ran.writes();
        let recreated = |write: &&String| {
            write.starts_with("lambda:CreateEventSource") || write.starts_with("lambda:DeleteEventSource")
        };
        assert_eq!(writes.iter().find(recreated), None, "{writes:#?}");
        cloud = later(&ran.cloud, MINUTE);
        assert_eq!(well(up(&cloud, to)).writes(), Vec::<String>::new());
    }
    assert_eq!(differences(&dump(&cloud), &dump(&created(&plain))), Vec::<String>::new());
}

/// SQS shows the values of a condition in another order than they were sent in [hazards: G14].
#[test]
fn values_of_a_condition_come_back_in_another_order() {
    let condition = "Condition: { StringEquals: { \"aws:PrincipalTag/team\": [red, blue, green] } }";
    let statement = format!(
        "{{ Effect: Allow, Principal: {{ AWS: \"111122223333\" }}, Action: sqs:SendMessage, {condition} }}"
    );
    let stack = stack(&format!("{{ jobs: {{ resource_policy: [{statement}] }} }}"), "[{ queue: jobs }]");
    let mut cloud = created(&stack);
    let ask = json!({ "QueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs", "AttributeNames": ["All"] });
    let shown = cloud.act(Service::Sqs, "GetQueueAttributes", &ask).expect("a queue");
    let policy = shown["Attributes"]["Policy"].as_str().expect("a policy");
    let order = |text: &str| {
        let mut values = ["red", "blue", "green"];
        values.sort_by_key(|value| text.find(value).expect("the value"));
        values
    };
    let sent = order(&cloud.sqs.queues["jobs"].attributes["Policy"]);
    assert_ne!(order(policy), sent, "{policy}");
    assert_eq!(well(up(&cloud, &stack)).writes(), Vec::<String>::new());
}
