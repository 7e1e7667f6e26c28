//! Topics and what gets their messages: what real ones do, and what the program does then.

use super::declared::Declared;
use super::shipped::{well, whole};
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::program::visit;
use crate::run::{Command, End, Ran, empty, later, run};
use crate::service::{Drift, Make};
use crate::services::{Service, sns};
use serde_json::{Value as Json, json};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// A stack with every setting of topics and of their subscriptions.
fn every_setting() -> Fixture {
    Fixture::of(include_str!("../../stacks/topics.yaml"))
}

/// A stack of these topics, and of a queue and a function with these triggers.
fn stack(topics: &str, queue: &str, function: &str) -> Fixture {
    Fixture::of(&format!(
        "stack: one
topics: {topics}
queues: {{ failed: {{}}, work: {{ triggers: {queue} }} }}
functions:
  worker: {{ code: lambdas/create_item, runtime: python3.13, triggers: {function} }}
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
fn changed(from: &Cloud, to: &Fixture) -> Cloud {
    let ran = whole(up(from, to));
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

/// What an account has of topics and subscriptions.
fn of_topics(cloud: &Cloud) -> Vec<(String, Json)> {
    let is_of = |name: &str| name.starts_with("topic ") || name.starts_with("subscription ");
    dump(cloud).into_iter().filter(|(name, _)| is_of(name)).collect()
}

fn subscriptions(cloud: &Cloud) -> Vec<&str> {
    cloud.sns.subscriptions.values().map(|one| one.endpoint.rsplit(':').next().unwrap_or_default()).collect()
}

#[test]
fn topics_come_up_once_and_go_down() {
    let stack = every_setting();
    let cloud = created(&stack);
    insta::assert_snapshot!("topics", serde_json::to_string_pretty(&of_topics(&cloud)).expect("JSON"));
    let again = well(up(&cloud, &stack));
    assert_eq!(again.writes(), Vec::<String>::new());
    let mut confirmed = cloud.clone();
    sns::confirm(&mut confirmed);
    for cloud in [cloud, confirmed] {
        let again = well(up(&cloud, &stack));
        assert_eq!(again.writes(), Vec::<String>::new());
        let down = well(run(&cloud, Command::Down(&stack), None));
        assert!(dump(&later(&down.cloud, MINUTE)).is_empty());
    }
}

/// The permission of a function and the statement of a queue come before the subscription, and go after it. That nothing is
/// undelivered in between is what must hold after every call.
#[test]
fn what_a_topic_may_reach_comes_first_and_goes_last() {
    let none = stack("{ news: {} }", "[]", "[]");
    let both = stack(
        "{ news: {} }",
        "[{ topic: news, dead_letter: failed }]",
        "[{ topic: news, dead_letter: failed }]",
    );
    let position = |writes: &[String], of: &str| {
        let found = writes.iter().position(|write| write.contains(of));
        found.unwrap_or_else(|| panic!("no {of} in {writes:#?}"))
    };
    let first = whole(up(&empty(), &both)).writes();
    assert!(position(&first, "lambda:AddPermission") < position(&first, "function:worker"), "{first:#?}");
    let with = changed(&created(&none), &both);
    assert_eq!(with.sns.subscriptions.len(), 2);
    let removed = whole(up(&with, &none));
    let writes = removed.writes();
    let last = writes.iter().rposition(|write| write.starts_with("sns:Unsubscribe")).expect("an end");
    assert!(last < position(&writes, "lambda:RemovePermission"), "{writes:#?}");
    assert!(last < position(&writes, "sqs:SetQueueAttributes"), "{writes:#?}");
    let cloud = later(&removed.cloud, MINUTE);
    assert!(cloud.sns.subscriptions.is_empty());
    assert_eq!(well(up(&cloud, &none)).writes(), Vec::<String>::new());
}

#[test]
fn every_drift_of_topics_and_subscriptions_is_undone() {
    let drifts: Vec<&(&str, Drift)> = Service::Sns.drifts().iter().collect();
    assert!(drifts.len() > 12, "{}", drifts.len());
    let stack = Declared::of(every_setting());
    assert!(stack.undoes(drifts.clone(), &[0, 3, 5], Duration::ZERO, sns::confirm) >= drifts.len());
}

/// A topic has one policy for all, so a change of ours writes what others have in it again, and AWS's own statement.
#[test]
fn the_statements_of_others_in_a_policy_are_kept() {
    let stack = every_setting();
    let mut cloud = created(&stack);
    let policy = |cloud: &Cloud, topic: &str| cloud.sns.topics[topic].attributes.get("Policy").cloned();
    assert!(policy(&cloud, "news").expect("a policy").contains("__default_statement_ID"));
    assert_eq!(policy(&cloud, "alerts"), None, "AWS's own stays where the stack has no statement");
    let (_, drift) =
        Service::Sns.drifts().iter().find(|(what, _)| what.contains("policy is changed")).expect("a drift");
    drift(&mut cloud, "topics", 0).expect("a topic");
    let repaired = later(&whole(up(&cloud, &stack)).cloud, MINUTE);
    for theirs in ["Theirs", "-Others"] {
        assert!(policy(&repaired, "news").expect("a policy").contains(theirs));
    }
    let without = stack.with(
        |stack| {
            let topics = stack.entries.of_mut::<provision::kinds::topic::section::Config>().expect("topics");
            topics.iter_mut().for_each(|topic| topic.resource_policy.clear());
        },
        |_| (),
    );
    let taken = later(&whole(up(&repaired, &without)).cloud, MINUTE);
    let left = policy(&taken, "news").expect("a policy");
    assert!(left.contains("Theirs") && !left.contains("Others"), "{left}");
    assert_eq!(well(up(&taken, &without)).writes(), Vec::<String>::new());
    // Where nobody else has one, AWS's own takes the place of the last statement.
    let mut bare = created(&stack);
    let own = policy(&bare, "news").expect("a policy");
    let mut own: Json = serde_json::from_str(&own).expect("JSON");
    own["Statement"].as_array_mut().expect("statements").retain(|one| one["Sid"] != "__default_statement_ID");
    bare.sns.topics.get_mut("news").expect("a topic").attributes.insert("Policy".to_owned(), own.to_string());
    let taken = later(&whole(up(&bare, &without)).cloud, MINUTE);
    assert!(policy(&taken, "news").expect("a policy").contains("SourceOwner"));
}

/// Of a topic and of a subscription, every optional field can be taken out again.
#[test]
fn every_optional_field_can_be_cleared() {
    let of = |news: &str, queue: &str| {
        let topics = format!("{{ news: {{ {news} }}, steps: {{ fifo: true }} }}");
        stack(&topics, queue, "[{ topic: news }]")
    };
    let plain = of("", "[{ topic: news }]");
    let expected = dump(&created(&plain));
    let fifo = stack(
        "{ news: {}, steps: { fifo: { content_deduplication: true } } }",
        "[{ topic: news }]",
        "[{ topic: news }]",
    );
    let stacks = [
        of("display_name: News", "[{ topic: news }]"),
        of("kms_key: aws", "[{ topic: news }]"),
        of("signature_version: 2", "[{ topic: news }]"),
        of("tracing: true", "[{ topic: news }]"),
        of(
            "resource_policy: [{ Effect: Allow, Principal: \"*\", Action: sns:Publish }]",
            "[{ topic: news }]",
        ),
        fifo,
        of("", "[{ topic: news, filter: { a: [1] } }]"),
        of("", "[{ topic: news, filter: { a: { b: [1] } }, filter_scope: message-body }]"),
        of("", "[{ topic: news, raw: true }]"),
        of("", "[{ topic: news, dead_letter: failed }]"),
    ];
    for with in stacks {
        let set = changed(&created(&plain), &with);
        assert!(!differences(&dump(&set), &expected).is_empty(), "{:?}", with.stack.entries);
        let cleared = later(&whole(up(&set, &plain)).cloud, MINUTE);
        assert_eq!(differences(&dump(&cleared), &expected), Vec::<String>::new(), "{:?}", with.stack.entries);
        assert_eq!(well(up(&cleared, &plain)).writes(), Vec::<String>::new());
    }
}

/// A scope that is left of an earlier filter does not show.
#[test]
fn a_filter_that_comes_back_has_its_own_scope() {
    let with = |filter: &str| stack("{ news: {} }", &format!("[{{ topic: news{filter} }}]"), "[]");
    let body = with(", filter: { a: { b: [1] } }, filter_scope: message-body");
    let mut cloud = created(&body);
    for one in cloud.sns.subscriptions.values_mut() {
        one.attributes.remove("FilterPolicy");
    }
    changed(&cloud, &with(", filter: { a: [1] }"));
    changed(&cloud, &with(""));
    changed(&cloud, &body);
}

/// What nobody has confirmed shows no settings and cannot be deleted; what is confirmed is compared.
#[test]
fn a_subscription_that_waits_for_its_confirmation_is_left_alone() {
    let with = |one: &str| stack(&format!("{{ news: {{ subscriptions: [{one}] }} }}"), "[]", "[]");
    let (plain, filtered) =
        (with("{ email: a@example.com }"), with("{ email: a@example.com, filter: { a: [1] } }"));
    let cloud = created(&plain);
    let status = visit(&cloud, &plain, &["status"], None);
    assert!(status.exit().out.contains("waits for its confirmation"), "{}", status.exit().out);
    assert_eq!(well(up(&cloud, &filtered)).writes(), Vec::<String>::new());
    let mut confirmed = cloud.clone();
    sns::confirm(&mut confirmed);
    let cloud = changed(&confirmed, &filtered);
    let one = cloud.sns.subscriptions.values().next().expect("a subscription");
    assert_eq!(one.attributes["FilterPolicy"], r#"{"a":[1]}"#);
    // One that nobody confirmed in time is subscribed again.
    let mut expired = created(&plain);
    sns::expire(&mut expired);
    assert_eq!(
        whole(up(&expired, &plain)).writes(),
        ["sns:Subscribe arn:aws:sns:eu-west-1:123456789012:news a@example.com #1"]
    );
}

/// An address is ours by the topic's note of it, a function or queue since it is ours. Others' are left alone.
#[test]
fn what_is_no_longer_declared_is_unsubscribed_and_nothing_of_others() {
    let none = stack("{ news: {} }", "[]", "[]");
    let all = stack(
        "{ news: { subscriptions: [{ email: a@example.com }, { sms: \"+15551234567\" }] } }",
        "[{ topic: news }]",
        "[{ topic: news }]",
    );
    let mut cloud = created(&all);
    sns::confirm(&mut cloud);
    sns::subscribe(&mut cloud, "news", "email", "theirs@example.com", true);
    sns::subscribe(&mut cloud, "news", "https", "https://theirs.example/hook", false);
    let theirs = "arn:aws:sqs:eu-west-1:210987654321:theirs";
    sns::subscribe(&mut cloud, "news", "sqs", theirs, true);
    let cloud = later(&cloud, MINUTE);
    assert_eq!(well(up(&cloud, &all)).writes(), Vec::<String>::new());
    let left = changed(&cloud, &none);
    let mut left = subscriptions(&left);
    left.sort_unstable();
    assert_eq!(left, ["//theirs.example/hook", "theirs", "theirs@example.com"]);
}

/// A run that ends between the two steps leaves an address that the next one finds.
#[test]
fn an_address_is_unsubscribed_before_its_note_goes() {
    let of = |more: &str| {
        let topics = format!("{{ news: {{ subscriptions: [{{ sms: \"+15551234567\" }}{more}] }} }}");
        stack(&topics, "[]", "[]")
    };
    let (with, without) = (of(", { sms: \"+15551234568\" }"), of(""));
    let writes = whole(up(&created(&without), &with)).writes();
    assert!(
        writes[0].starts_with("sns:TagResource") && writes[1].starts_with("sns:Subscribe"),
        "{writes:#?}"
    );
    let ran = whole(up(&created(&with), &without));
    let writes = ran.writes();
    assert!(
        writes[0].starts_with("sns:Unsubscribe") && writes[1].starts_with("sns:TagResource"),
        "{writes:#?}"
    );
    let none = stack("{ news: {} }", "[]", "[]");
    let cloud = changed(&later(&ran.cloud, MINUTE), &none);
    assert!(cloud.sns.subscriptions.is_empty());
}

#[test]
fn a_topic_of_another_owner_is_left_alone() {
    let stack = stack("{ news: {} }", "[{ topic: news }]", "[]");
    for tags in [&[][..], &[("provision:stack", "other")]] {
        let mut cloud = empty();
        sns::make(&mut cloud, "news", tags);
        let refused = up(&later(&cloud, MINUTE), &stack);
        assert!(errors(&refused).contains("topic news"), "{}", errors(&refused));
        assert_eq!(refused.writes(), Vec::<String>::new());
    }
}

#[test]
fn others_topics_and_subscriptions_stay() {
    let stack = every_setting();
    let all: Vec<&(&str, Make)> =
        Service::Sns.unmanaged().iter().filter(|(what, _)| what.contains("subscription")).collect();
    assert!(!all.is_empty());
    for (what, make) in all {
        let mut cloud = created(&stack);
        make(&mut cloud, "topics", 0);
        let before = dump(&cloud);
        let ran = well(up(&later(&cloud, MINUTE), &stack));
        assert_eq!((ran.writes(), dump(&ran.cloud)), (vec![], before), "{what}");
    }
}

/// A topic cannot become a FIFO topic: it is another topic, with another name.
#[test]
fn a_topic_that_becomes_fifo_is_another_one() {
    let (plain, fifo) = (
        stack("{ news: {} }", "[{ topic: news }]", "[]"),
        stack("{ news: { fifo: true } }", "[{ topic: news }]", "[]"),
    );
    let cloud = changed(&created(&plain), &fifo);
    assert_eq!(cloud.sns.topics.keys().collect::<Vec<_>>(), ["news.fifo"]);
    assert_eq!(subscriptions(&cloud), ["work"]);
}

/// Functions and queues are deleted after the subscriptions that lead there, and a topic takes its own along.
#[test]
fn what_a_topic_delivers_to_is_deleted_after_the_subscription() {
    let with = stack("{ news: {} }", "[{ topic: news }]", "[{ topic: news }]");
    let without = Fixture::of("stack: one\ntopics: { news: {} }\n");
    let ran = visit(
        &created(&with),
        &without,
        &["up", "--yes", "--allow-data-loss", "queues.work,queues.failed"],
        None,
    );
    let _ = ran.exit();
    let cloud = later(&whole(run(&created(&with), Command::Down(&with), None)).cloud, MINUTE);
    assert!(cloud.sns.topics.is_empty() && cloud.sns.subscriptions.is_empty());
}

#[test]
fn the_settings_of_others_are_shown_by_status() {
    let with = every_setting();
    let mut cloud = created(&with);
    let topic = cloud.sns.topics.get_mut("alerts").expect("the topic");
    topic.attributes.insert("DeliveryPolicy".to_owned(), json!({ "http": {} }).to_string());
    let statement = json!({ "Sid": "Theirs", "Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    topic.attributes.insert("Policy".to_owned(), policy.to_string());
    let status = visit(&cloud, &with, &["status"], None);
    let shown = &status.exit().out;
    assert!(shown.contains("DeliveryPolicy") && shown.contains("policy.Theirs"), "{shown}");
    assert!(!shown.contains("__default_statement_ID"), "{shown}");
}
