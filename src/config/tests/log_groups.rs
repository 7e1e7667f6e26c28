//! Errors of triggers that are log groups, and of where streams send what fails.

use super::{check, valid};

/// A function `f` with these triggers, and one `api`.
fn of(triggers: &str) -> String {
    format!(
        "stack: demo\nfunctions:\n  f: {{ code: code, runtime: python3.13, triggers: [{triggers}] }}\n  api: {{ code: code, runtime: python3.13 }}\n  theirs: {{ existing: theirs }}\n"
    )
}

#[test]
fn errors_of_triggers_of_log_groups() {
    let cases = [
        of("{ log_group: a b }"),
        of("{ log_group: 'arn:aws:logs:eu-west-1:123456789012:log-group:/a/b:*' }"),
        of("{ log_group: { function: apis } }"),
        of("{ log_group: { function: theirs } }"),
        of("{ log_group: { function: api, name: x } }"),
        of("{ log_group: /a, filter: [ERROR] }"),
        of("{ log_group: /a, alias: live }"),
        of("{ log_group: /a }, { log_group: /a, filter: ERROR }"),
        "stack: demo\nqueues: { q: { triggers: [{ log_group: /a }] } }\n".to_owned(),
    ];
    check("log_groups", &cases.each_ref().map(String::as_str));
}

#[test]
fn errors_of_triggers_of_other_services() {
    let cases = [
        of("{ principal: iot, source: 'arn:aws:iot:eu-west-1:123456789012:rule/x' }"),
        of("{ principal: iot.amazonaws.com }"),
        of("{ principal: iot.amazonaws.com, source: '*' }"),
        of("{ principal: iot.amazonaws.com, source: 'arn:aws:iot:*:*:*' }"),
        of("{ principal: iot.amazonaws.com, source: 'arn:aws:iot:eu-west-1:123456789012:rule/x', alias: live }"),
        of("{ principal: iot.amazonaws.com, source: 'arn:aws:iot:x:1:rule/x' }, { principal: iot.amazonaws.com, source: 'arn:aws:iot:x:1:rule/x' }"),
        of("{ principal: '*' }"),
        of("{ principal: 11112222333 }"),
        of("{ principal: o-short }"),
        of("{ principal: 'arn:aws:iam::111122223333:role/*' }"),
        of("{ principal: 'arn:aws:sts::111122223333:assumed-role/a/b' }"),
        of("{ principal: 111122223333, source: 'arn:aws:iot:eu-west-1:123456789012:rule/x' }"),
        of("{ principal: 111122223333 }, { principal: 'arn:aws:iam::111122223333:root' }"),
        "stack: demo\nfunctions: { f: { code: code, runtime: python3.13, resource_policy: [] } }\n".to_owned(),
        "stack: demo\nqueues: { q: { triggers: [{ principal: iot.amazonaws.com, source: 'arn:aws:iot:x:1:rule/x' }] } }\n".to_owned(),
    ];
    check("other_services", &cases.each_ref().map(String::as_str));
}

#[test]
fn errors_of_where_streams_send_what_fails() {
    let of = |to: &str| {
        format!(
            "stack: demo\nstreams: {{ clicks: {{}} }}\nbuckets: {{ both: {{}} }}\ntopics: {{ both: {{}}, steps: {{ fifo: true }} }}\nqueues: {{ mails: {{ fifo: true }} }}\nbuses: {{ events: {{}} }}\nfunctions:\n  f: {{ code: code, runtime: python3.13, triggers: [{{ stream: clicks, on_failure: {to} }}] }}\n"
        )
    };
    let cases = [
        of("both"),
        of("events"),
        of("f"),
        of("mails"),
        of("steps"),
        of("'arn:aws:sqs:eu-west-1:123456789012:mails.fifo'"),
        of("'arn:aws:events:eu-west-1:123456789012:event-bus/default'"),
    ];
    check("failures_of_streams", &cases.each_ref().map(String::as_str));
}

/// The ARN of a source outside of the stack stands for an entry that is `existing`.
#[test]
fn sources_outside_of_the_stack_are_named_by_their_arns() {
    let of = |trigger: &str| {
        format!(
            "stack: demo\nfunctions:\n  f: {{ code: code, runtime: python3.13, triggers: [{trigger}, {{ schedule: rate(1 hour) }}] }}\n"
        )
    };
    for (trigger, kind, name) in [
        ("{ queue: 'arn:aws:sqs:eu-west-1:123456789012:mails' }", "queue", "mails"),
        ("{ stream: 'arn:aws:kinesis:eu-west-1:123456789012:stream/clicks' }", "stream", "clicks"),
        ("{ table: 'arn:aws:dynamodb:eu-west-1:123456789012:table/orders' }", "table", "orders"),
    ] {
        let stack = valid(&of(trigger));
        let found: Vec<_> = stack.existing.iter().map(|one| (one.kind, one.name.as_str())).collect();
        assert_eq!(found, [(kind, name)]);
    }
    let cases = [
        of("{ queue: 'arn:aws:sns:eu-west-1:123456789012:mails' }"),
        of("{ stream: 'arn:aws:kinesis:eu-west-1:123456789012:clicks' }"),
    ];
    check("sources_by_arn", &cases.each_ref().map(String::as_str));
}
