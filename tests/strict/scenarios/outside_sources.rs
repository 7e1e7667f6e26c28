//! Queues, streams and topics of others that start functions.

use super::declared::Declared;
use super::deploy_policy::{ALL, allowing, printed};
use super::shipped::{settled, well};
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, run};
use crate::service::Drift;
use crate::services::{Service, sns, sqs};
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// An account with a queue, a stream and a topic of others.
fn account() -> Cloud {
    let mut cloud = empty();
    cloud.act(Service::Sqs, "CreateQueue", &json!({ "QueueName": "mails" }));
    let mode = json!({ "StreamMode": "ON_DEMAND" });
    cloud.act(
        Service::Kinesis,
        "CreateStream",
        &json!({ "StreamName": "clicks", "StreamModeDetails": mode }),
    );
    cloud.act(Service::Sns, "CreateTopic", &json!({ "Name": "alarms" }));
    later(&cloud, MINUTE)
}

/// A function with these triggers.
fn stack(triggers: &str) -> Fixture {
    Fixture::of(&format!(
        "stack: one
queues: {{ mails: {{ existing: mails }} }}
streams: {{ clicks: {{ existing: clicks }} }}
functions:
  pager: {{ code: lambdas/create_item, runtime: python3.13, triggers: [{triggers}] }}
"
    ))
}

fn up(cloud: &Cloud, stack: &Fixture) -> Ran {
    run(cloud, Command::Up(stack), None)
}

#[test]
fn a_queue_and_a_stream_of_others_start_a_function_and_stay() {
    let both = stack("{ queue: mails, batch: 5 }, { stream: clicks }");
    let cloud = settled(&account(), &both);
    assert_eq!(cloud.lambda.mappings.len(), 2);
    let down = well(run(&cloud, Command::Down(&both), None));
    let rest = later(&down.cloud, MINUTE);
    assert_eq!(differences(&dump(&rest), &dump(&account())), Vec::<String>::new());
    for changed in [stack("{ queue: mails, batch: 6 }"), stack("")] {
        let differ = dump(&settled(&cloud, &changed));
        assert_eq!(differences(&differ, &dump(&settled(&account(), &changed))), Vec::<String>::new());
    }
}

#[test]
fn what_does_not_exist_is_said_before_anything_is_changed() {
    refuses(&empty(), &stack("{ queue: mails }"), "queue mails does not exist");
}

/// A refusal that changes nothing.
#[track_caller]
fn refuses(cloud: &Cloud, stack: &Fixture, what: &str) {
    let ran = up(cloud, stack);
    let End::Failed(errors) = &ran.end else { panic!("{:?}", ran.end) };
    assert!(errors.join("\n").contains(what), "{errors:?}");
    assert_eq!(ran.writes(), Vec::<String>::new());
}

/// A topic of another stack in the account, and one of another account.
const ALARMS: &str = "arn:aws:sns:${region}:${account}:alarms";
const ALERTS: &str = "arn:aws:sns:${region}:444455556666:alerts";

/// A function and a queue with these triggers, and a queue for what cannot be delivered.
fn subscribed(function: &str, queue: &str) -> Fixture {
    let known = if function.contains("known") { "known: { existing: alarms }" } else { "" };
    Fixture::of(&format!(
        "stack: one
topics: {{ {known} }}
queues: {{ failed: {{}}, work: {{ {queue} }} }}
functions:
  pager: {{ code: lambdas/create_item, runtime: python3.13, {function} }}
"
    ))
}

/// Both get what a topic says.
fn both(topic: &str) -> Fixture {
    let item = |more: &str| format!("triggers: [{{ topic: '{topic}', dead_letter: failed{more} }}]");
    subscribed(&item(", filter: { kind: [alarm] }"), &item(", raw: true"))
}

fn neither() -> Fixture {
    subscribed("timeout: 3", "")
}

/// The strict cloud looks at every moment whether a topic of another account may still deliver.
#[test]
fn what_a_topic_of_others_may_reach_comes_first_and_goes_last() {
    for topic in [ALARMS, ALERTS, "known"] {
        let stack = both(topic);
        let cloud = settled(&account(), &stack);
        assert_eq!(cloud.sns.subscriptions.len(), 2, "{topic}");
        let removed = well(up(&cloud, &neither()));
        let place = |of: &str| removed.writes().iter().position(|write| write.starts_with(of)).expect(of);
        assert!(place("sns:Unsubscribe") < place("lambda:RemovePermission"), "{:#?}", removed.writes());
        assert!(place("sns:Unsubscribe") < place("sqs:SetQueueAttributes"), "{:#?}", removed.writes());
        let down = well(run(&cloud, Command::Down(&stack), None));
        let rest = later(&down.cloud, MINUTE);
        assert_eq!(differences(&dump(&rest), &dump(&account())), Vec::<String>::new(), "{topic}");
    }
}

#[test]
fn a_changed_topic_of_others_leaves_nothing_of_the_former_one() {
    let of = |function: &str| subscribed(function, "");
    let released = of(&format!("release: live, triggers: [{{ topic: '{ALERTS}' }}]"));
    let other = of(&format!("triggers: [{{ topic: '{ALERTS}', filter: {{ kind: [other] }} }}]"));
    let own = Fixture::of(
        "stack: one
topics: { news: {} }
queues: { failed: {}, work: { triggers: [{ topic: news }] } }
functions:
  pager: { code: lambdas/create_item, runtime: python3.13, triggers: [{ topic: news }] }
",
    );
    let gone = Fixture::of("stack: one\nqueues: { failed: {} }\n");
    let stacks = [both(ALARMS), both(ALERTS), released, other, own, neither(), gone];
    let clouds: Vec<Cloud> = stacks.iter().map(|stack| settled(&account(), stack)).collect();
    for from in &clouds {
        for (to, first) in stacks.iter().zip(&clouds) {
            assert_eq!(differences(&dump(&settled(from, to)), &dump(first)), Vec::<String>::new());
        }
    }
}

#[test]
fn an_interrupted_change_of_a_topic_of_others_is_continued() {
    let calls = ["sns:", "lambda:AddPermission", "lambda:RemovePermission", "sqs:SetQueueAttributes"];
    let is_one = |label: &crate::faults::Label| calls.iter().any(|call| label.name.starts_with(call));
    let (with, without) = (Declared::of(both(ALERTS)), Declared::of(neither()));
    with.is_continued(&without.cloud, is_one);
    without.is_continued(&with.cloud, is_one);
}

#[test]
fn a_drift_of_a_subscription_at_a_topic_of_others_is_undone() {
    let drifts = Service::Sns.drifts().iter().filter(|(what, _)| what.contains("subscription"));
    let drifts: Vec<&(&str, Drift)> = drifts.collect();
    assert!(Declared::of(both(ALERTS)).undoes(drifts, &[0, 1], Duration::ZERO, |_| ()) >= 8);
}

/// A user may admit a topic of others, whose owner subscribes the queue then.
#[test]
fn what_the_owner_of_a_topic_has_subscribed_stays() {
    let admits = format!(
        "resource_policy: [{{ Effect: Allow, Principal: {{ Service: sns.amazonaws.com }}, Action: sqs:SendMessage, \
         Condition: {{ ArnEquals: {{ 'aws:SourceArn': '{ALERTS}' }} }} }}]"
    );
    let stack = subscribed("timeout: 3", &admits);
    let mut cloud = settled(&account(), &stack);
    sns::subscribe(&mut cloud, &sns::theirs(), "sqs", &sqs::queue_arn("work"), true);
    let cloud = settled(&later(&cloud, MINUTE), &stack);
    assert_eq!(cloud.sns.subscriptions.len(), 1);
    // Nobody else can change it, so the stack cannot have it.
    let triggers = format!("triggers: [{{ topic: '{ALERTS}', raw: true }}]");
    refuses(&cloud, &subscribed("timeout: 3", &triggers), "account 444455556666 has subscribed it");
    let down = well(run(&cloud, Command::Down(&stack), None));
    assert_eq!(down.cloud.sns.subscriptions.len(), 1);
}

#[test]
fn a_topic_that_cannot_be_subscribed_is_said_before_anything_is_changed() {
    refuses(&empty(), &both(ALARMS), "topic alarms does not exist");
    refuses(&empty(), &both("known"), "topic alarms does not exist");
    let none = ALERTS.replace("alerts", "none");
    refuses(&account(), &both(&none), "the topic does not exist");
    let mut closed = account();
    closed.sns.theirs.insert(sns::theirs(), false);
    refuses(&closed, &both(ALERTS), "its policy must allow account 123456789012 `sns:Subscribe`");
}

/// Only that account can end the subscriptions then; what they send is not let in any more.
#[test]
fn a_topic_whose_account_shuts_this_one_out_holds_nothing_back() {
    let stack = both(ALERTS);
    let mut cloud = settled(&account(), &stack);
    cloud.sns.theirs.insert(sns::theirs(), false);
    let removed = run(&cloud, Command::Up(&neither()), None);
    assert!(matches!(removed.end, End::Done(_)), "{:?}", removed.end);
    assert!(removed.writes().iter().any(|write| write.starts_with("lambda:RemovePermission")));
    let down = run(&cloud, Command::Down(&stack), None);
    let End::Failed(why) = &down.end else { panic!("nothing is said: {:?}", down.end) };
    assert!(why.join("\n").contains("its policy must allow account"), "{why:?}");
    let rest = later(&down.cloud, MINUTE);
    assert!(rest.lambda.functions.is_empty() && rest.iam.roles.is_empty());
}

#[test]
fn what_is_printed_is_enough_for_topics_of_others() {
    for topic in [ALARMS, ALERTS] {
        let stack = both(topic);
        let policies = printed(&stack, ALL);
        let cloud = settled(&allowing(&account(), &policies), &stack);
        let changed = settled(&cloud, &neither());
        assert!(changed.sns.subscriptions.is_empty());
        let down = well(run(&cloud, Command::Down(&stack), None));
        let rest = later(&down.cloud, MINUTE);
        assert_eq!(differences(&dump(&rest), &dump(&account())), Vec::<String>::new());
        assert!(policies.iter().any(|policy| policy.to_string().contains("TopicsOfOthers")));
    }
}
