//! Doubts about events that never come to their bus.

use super::super::doubts;
use crate::lower::identity;
use crate::plan::tests::stacks::stack;

/// The doubts about a stack whose bus has these fields, and whose topic this trigger.
fn found(bus: &str, trigger: &str) -> Vec<String> {
    let stack = stack(&format!(
        "stack: demo\nbuses: {{ orders: {{ {bus} }} }}\ntopics:\n  t: {{ triggers: [{trigger}] }}\n"
    ));
    doubts(&stack, &identity(&stack)).into_iter().map(|doubt| doubt.message).collect()
}

#[test]
fn events_of_aws_come_to_the_default_bus_alone() {
    let of = |bus: &str, source: &str| format!("{{ bus: {bus}, pattern: {{ source: {source} }} }}");
    let told = ["no events of AWS come to the bus `orders`"];
    assert_eq!(found("", &of("orders", "[aws.s3, aws.ec2]")), told);
    let forwarded = "triggers: [{ bus: default, pattern: { source: [aws.s3] } }]";
    let admitted =
        "resource_policy: [{ Effect: Allow, Principal: { AWS: '111122223333' }, Action: events:PutEvents }]";
    let none = [
        ("", of("default", "[aws.s3]")),
        ("", of("orders", "[aws.s3, shop]")),
        ("", of("orders", "[{ prefix: aws. }]")),
        (forwarded, of("orders", "[aws.s3]")),
        (admitted, of("orders", "[aws.s3]")),
    ];
    for (bus, trigger) in none {
        assert_eq!(found(bus, &trigger), Vec::<String>::new(), "{bus} {trigger}");
    }
}
