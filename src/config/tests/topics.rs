//! Errors of topics, and of the triggers that they are.

use super::{check, valid};

/// A topic `news` with these lines, a queue `jobs` and a function `f` with these fields.
fn topic(lines: &str, queue: &str, function: &str) -> String {
    let lines = lines.replace('\n', "\n    ");
    let function = format!("f: {{ code: code, runtime: python3.13, {function} }}");
    format!(
        "stack: demo\ntopics:\n  news:\n    {lines}\nqueues:\n  jobs: {{ {queue} }}\n  plain: {{}}\n  ordered: {{ fifo: true }}\n\
         functions:\n  {function}\n"
    )
}

#[test]
fn fields_of_topics() {
    let of = |lines: &str| topic(lines, "", "");
    let cases = [
        of(&format!("display_name: {}", "n".repeat(101))),
        of("fifo: yes"),
        of("fifo: { content_deduplications: true }"),
        of("kms_key: mine"),
        of("signature_version: 3"),
        of("tracing: sometimes"),
        of("fifo: true\ntracing: true"),
        of("fifo: true\nsubscriptions: [{ email: a@example.com }]"),
        of("resource_policy: [{ Effect: Allow, Action: sns:Publish }]"),
        of("timeout: 5"),
        "stack: demo\ntopics: { a b: {} }\n".to_owned(),
        "stack: demo\ntopics: { news.fifo: {} }\n".to_owned(),
        format!("stack: demo\ntopics: {{ {}: {{ fifo: true }} }}\n", "t".repeat(252)),
    ];
    check("topics", &cases.each_ref().map(String::as_str));
}

#[test]
fn subscriptions_of_addresses() {
    let of = |one: &str| topic(&format!("subscriptions: [{one}]"), "", "");
    let many: Vec<String> = (0..26).map(|number| format!("{{ email: a{number}@example.com }}")).collect();
    let cases = [
        of("ops@example.com"),
        of("{}"),
        of("{ filter: { a: [1] } }"),
        of("{ email: ops }"),
        of("{ https: http://example.com }"),
        of("{ sms: 0301234567 }"),
        of("{ email: a@example.com, sms: \"+4930123456\" }"),
        of("{ email: a@example.com, raw: true }"),
        of("{ email: a@example.com, filter: order }"),
        of("{ email: a@example.com, filter: { a: 1 } }"),
        of("{ email: a@example.com, filter: { a: [1], b: [1], c: [1], d: [1], e: [1], f: [1] } }"),
        of("{ email: a@example.com, filter: { a: { b: [1] } } }"),
        of("{ email: a@example.com, filter_scope: message-body }"),
        of("{ email: a@example.com, filter: { a: [1] }, filter_scope: MessageBody }"),
        of("{ email: a@example.com, dead_letter: job }"),
        of("{ email: a@example.com, dead_letter: ordered }"),
        of("{ email: a@example.com }, { email: a@example.com }"),
        of(&many.join(", ")),
    ];
    check("topics_subscriptions", &cases.each_ref().map(String::as_str));
}

#[test]
fn triggers_of_topics() {
    let function = |trigger: &str| topic("display_name: News", "", &format!("triggers: [{trigger}]"));
    let queue = |topics: &str, queue: &str| topic(topics, queue, "");
    let cases = [
        function("{ topic: new }"),
        function("{ topic: news, filter: { a: [1], b: [1], c: [1], d: [1], e: [1], f: [1] } }"),
        function("{ topic: news, filter: { a: { b: [1] } } }"),
        function("{ topic: news, filter_scope: message-body }"),
        function("{ topic: news, raw: true }"),
        function("{ topic: news, alias: live }"),
        function("{ topic: news, dead_letter: ordered }"),
        function("{ topic: news }, { topic: news }"),
        function("{ topic: news }, { topic: news, name: again }"),
        topic("fifo: true", "", "triggers: [{ topic: news }]"),
        queue("display_name: News", "fifo: true, triggers: [{ topic: news }]"),
        queue("display_name: News", "kms_key: aws, triggers: [{ topic: news }]"),
        queue("display_name: News", "kms_key: 'arn:aws:kms:eu-west-1:123456789012:alias/aws/sqs', triggers: [{ topic: news }]"),
        "stack: demo\ntopics: { news: {} }\nqueues: { closed: { kms_key: aws }, jobs: { triggers: [{ topic: news, dead_letter: closed }] } }\n"
            .to_owned(),
        queue("display_name: News", "triggers: [{ topic: news, alias: live }]"),
        queue("display_name: News", "triggers: [{ topic: news }, { topic: news, name: again }]"),
        queue("fifo: true", "fifo: true, triggers: [{ topic: news, dead_letter: plain }]"),
        queue("fifo: true", "triggers: [{ topic: news, dead_letter: ordered }]"),
        queue("", "triggers: [{ topic: 'arn:aws:sqs:eu-west-1:123456789012:news' }]"),
        function("{ topic: 'arn:aws:sns:eu-west-1:444455556666:news', raw: true }"),
        function("{ topic: 'arn:aws:sns:eu-west-1:444455556666:news' }, { topic: 'arn:aws:sns:eu-west-1:444455556666:news', name: b }"),
        queue("", "kms_key: aws, triggers: [{ topic: 'arn:aws:sns:eu-west-1:444455556666:news' }]"),
        function("{ topic: 'arn:aws:sns:eu-west-1:444455556666:steps.fifo' }"),
        queue("existing: news", "fifo: true, triggers: [{ topic: news }]"),
        queue("existing: steps.fifo", "fifo: true, triggers: [{ topic: news, dead_letter: plain }]"),
        "stack: demo\ntopics: { news: {} }\nqueues: { far: { existing: far }, jobs: { triggers: [{ topic: news, dead_letter: far }] } }\n"
            .to_owned(),
    ];
    check("topics_triggers", &cases.each_ref().map(String::as_str));
}

/// SNS delivers what a FIFO topic says to any queue.
#[test]
fn a_queue_without_an_order_may_name_a_fifo_topic() {
    let stack = valid(&topic("fifo: true", "triggers: [{ topic: news, dead_letter: plain }]", ""));
    let topics = stack.entries.of::<crate::kinds::topic::section::Config>();
    assert!(topics[0].fifo.is_some());
}

#[test]
fn destinations_are_no_fifo_topics() {
    let cases = [topic("fifo: true", "", "async: { on_failure: news }")];
    check("topics_destinations", &cases.each_ref().map(String::as_str));
    valid(&topic(
        "display_name: News",
        "",
        "async: { on_success: news, dead_letter: news }, access: { news: publish }",
    ));
}
