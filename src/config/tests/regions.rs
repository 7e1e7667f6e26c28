//! What AWS takes of the stack's own region alone.

use super::{Project, valid};
use crate::config::Stack;

const STACK: &str = r#"
stack: demo
functions:
  f:
    code: code
    runtime: python3.13
    layers: ["arn:aws:lambda:REGION:111122223333:layer:tools:1"]
    kms_key: arn:aws:kms:REGION:111122223333:key/a
    vpc: { subnets: [subnet-1], security_groups: [sg-1] }
    file_system: { arn: "arn:aws:elasticfilesystem:REGION:111122223333:access-point/fsap-0123456789abcdef0", path: /mnt/a }
    code_signing: arn:aws:lambda:REGION:111122223333:code-signing-config:csc-0123456789abcdef0
    async: { on_failure: "arn:aws:sqs:us-east-2:111122223333:anywhere" }
    triggers:
      - { queue: "arn:aws:sqs:REGION:111122223333:work" }
      - { topic: "arn:aws:sns:REGION:111122223333:news" }
      - { stream: "arn:aws:kinesis:REGION:111122223333:stream/clicks" }
      - { bus: orders, pattern: { source: [shop] }, dead_letter: "arn:aws:sqs:REGION:111122223333:of-rules" }
  packed: { image: "111122223333.dkr.ecr.REGION.amazonaws.com/shop:1" }
queues:
  jobs: { dead_letter: { queue: "arn:aws:sqs:REGION:111122223333:failed" }, kms_key: alias/jobs }
  sealed: { kms_key: "arn:aws:kms:REGION:111122223333:alias/b" }
buses:
  orders: { kms_key: "arn:aws:kms:REGION:111122223333:key/c", dead_letter: "arn:aws:sqs:REGION:111122223333:of-buses" }
"#;

/// How many values of the stack are of `REGION`.
fn count() -> usize {
    STACK.matches("REGION").count()
}

/// What the user reads; nothing where all is well.
fn wrong(stack: &Stack, region: &str) -> String {
    stack.check_region(region).err().map(|wrong| wrong.to_string()).unwrap_or_default()
}

#[test]
fn each_value_of_another_region_is_an_error_at_its_place() {
    let project = Project::new();
    let stack = project.load(STACK.replace("REGION", "us-east-1"), None);
    let stack = stack.unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(wrong(&stack, "us-east-1"), "");
    let wrong = wrong(&stack, "eu-central-1");
    assert_eq!(wrong.matches("is in us-east-1, and the stack in eu-central-1").count(), count(), "{wrong}");
    assert!(!wrong.contains("anywhere"), "{wrong}");
    let layer = wrong.lines().position(|line| line.contains("layer:tools:1` is in us-east-1"));
    let help = wrong.lines().position(|line| {
        line.contains("a function takes layers of its own region alone: name one in eu-central-1")
    });
    assert!(layer.is_some() && help > layer, "{wrong}");
}

#[test]
fn the_placeholder_is_the_stacks_own_region() {
    let stack = valid(&STACK.replace("REGION", "${region}"));
    assert!(stack.is_for_now);
    assert_eq!(stack.regional.len(), count());
}
