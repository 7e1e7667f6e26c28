//! Errors of queues, and of the triggers that they are.

use super::{check, valid};

/// A queue `jobs` with these lines, and a function `f` with these triggers.
fn queue(lines: &str, trigger: &str) -> String {
    let lines = lines.replace('\n', "\n    ");
    let function = format!("f: {{ code: code, runtime: python3.13, timeout: 20, triggers: {trigger} }}");
    format!("stack: demo\nqueues:\n  jobs:\n    {lines}\nfunctions:\n  {function}\n")
}

#[test]
fn fields_of_queues() {
    let of = |lines: &str| queue(lines, "[]");
    let cases = [
        of("visibility_timeout: 13 hours"),
        of("visibility_timeout: soon"),
        of("retention: 30 seconds"),
        of("retention: 15 days"),
        of("delay: 16 minutes"),
        of("receive_wait: 21"),
        of("max_message_size: 1023"),
        of("max_message_size: 1 MB"),
        of("fifo: yes"),
        of("fifo: { high_throughputs: true }"),
        of("dead_letter: failed"),
        of("dead_letter: { queue: failed }"),
        of("dead_letter: { after: 3 }"),
        of("dead_letter: { queue: jobs, after: 1001 }"),
        of("dead_letter: { queue: jobs }"),
        of("redrive_from: jobs"),
        of("redrive_from: [job]"),
        of("redrive_from: [arn:1, arn:2, arn:3, arn:4, arn:5, arn:6, arn:7, arn:8, arn:9, arn:10, arn:11]"),
        of("kms_key: mine"),
        of("resource_policy: [{ Effect: Allow, Action: sqs:SendMessage }]"),
        of("resource_policy: [{ Effect: Allow, Principal: me, Action: sqs:SendMessage }]"),
        of("timeout: 5"),
    ];
    check("queues", &cases.each_ref().map(String::as_str));
}

#[test]
fn queues_together() {
    let with = |queues: &str| format!("stack: demo\nqueues:\n  {}\n", queues.replace('\n', "\n  "));
    let cases = [
        with("a b: {}"),
        with("jobs.fifo: {}"),
        with(&format!("{}: {{ fifo: true }}", "q".repeat(76))),
        with("jobs: { fifo: true, dead_letter: { queue: failed } }\nfailed: {}"),
        with("jobs: { dead_letter: { queue: failed } }\nfailed: { fifo: true }"),
        with("jobs: { dead_letter: { queue: failed } }\nfailed: { redrive_from: [] }"),
        with("jobs: {}\nfailed: { fifo: true, redrive_from: [jobs] }"),
    ];
    check("queues_together", &cases.each_ref().map(String::as_str));
}

#[test]
fn triggers() {
    let of = |trigger: &str| queue("visibility_timeout: 30", trigger);
    let cases = [
        of("[jobs]"),
        of("[{ queues: jobs }]"),
        of("[{ queue: job }]"),
        of("[{ queue: jobs, batch: 0 }]"),
        of("[{ queue: jobs, batch: 11 }]"),
        of("[{ queue: jobs, window: 6 minutes }]"),
        of("[{ queue: jobs, partial_failures: sometimes }]"),
        of("[{ queue: jobs, concurrency: 1 }]"),
        of("[{ queue: jobs, filter: order }]"),
        of("[{ queue: jobs, filter: { body: { kind: order } } }]"),
        of(
            "[{ queue: jobs, filter: [{ a: [1] }, { a: [2] }, { a: [3] }, { a: [4] }, { a: [5] }, { a: [6] }] }]",
        ),
        of("[{ queue: jobs, filter: { a: [\"${region}\"] } }]"),
        of("[{ queue: jobs, enabled: no }]"),
        of("[{ queue: jobs, size: 5 }]"),
        of("[{ queue: jobs }, { queue: jobs }]"),
        of("[{ queue: jobs }, { queue: jobs, name: again }]"),
        queue("visibility_timeout: 10", "[{ queue: jobs, window: 5 }]"),
        queue("fifo: true", "[{ queue: jobs, batch: 20, window: 1 }]"),
        queue("", "[{ queue: jobs, concurrency: 6 }], reserved_concurrency: 5"),
    ];
    valid(&queue("", "[{ queue: jobs, concurrency: 5 }], reserved_concurrency: 5"));
    valid(&queue("", "[{ queue: jobs, concurrency: 5 }], reserved_concurrency: 0"));
    check("triggers", &cases.each_ref().map(String::as_str));
}

#[test]
fn a_queue_takes_durations_in_words_and_short_forms() {
    let stack =
        valid(&queue("retention: 2 days\nfifo: false\nvisibility_timeout: 5 minutes", "[{ queue: jobs }]"));
    let queues = stack.entries.of::<crate::kinds::queue::section::Config>();
    let queue = &queues[0];
    assert_eq!((queue.retention, queue.visibility_timeout, &queue.fifo), (172_800, Some(300), &None));
}
