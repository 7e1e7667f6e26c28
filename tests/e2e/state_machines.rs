//! Step Functions state machines, on the real local cloud.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use crate::queues::eventually;
use serde_json::json;

const STACK: &str = "stack: flows
functions:
  greet:
    code: greet
    runtime: python3.13
state_machines:
  flow:
    definition:
      StartAt: Greet
      States:
        Greet: { Type: Task, Resource: \"${functions.greet.arn}\", End: true }
    logging: { level: all, data: true }
";

const CODE: &str = "def lambda_handler(event, context):
    return {'greeting': f'Hello {event[\"name\"]}'}
";

/// A state machine calls a function of the stack. Each setting can be changed, and one that is no longer declared is deleted.
#[tokio::test]
async fn a_state_machine_calls_a_function() {
    let cloud = Cloud::with(STACK);
    cloud.write("greet/lambda_function.py", CODE);
    cloud.run(&["up", "--local"]).ok();
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    let aws = cloud.aws().await;
    let arn = "arn:aws:states:us-east-1:000000000000:stateMachine:flow";
    let start = aws.step_functions().start_execution().state_machine_arn(arn);
    let execution = start.input(json!({ "name": "Ada" }).to_string()).send().await.unwrap().execution_arn;
    let output = eventually("the end of the execution", async || {
        let describe = aws.step_functions().describe_execution().execution_arn(&execution);
        describe.send().await.unwrap().output
    });
    assert_eq!(output.await, r#"{"greeting": "Hello Ada"}"#);

    for (from, to) in [
        ("    logging: { level: all, data: true }\n", "    tracing: true\n"),
        ("End: true }", "Next: Done }\n        Done: { Type: Succeed }"),
        ("    tracing: true\n", "    type: express\n"),
    ] {
        cloud.edit("stack.yaml", from, to);
        cloud.run(&["up", "--local"]).ok();
        cloud.run(&["up", "--local"]).ok().changes_nothing();
    }
    cloud.write("stack.yaml", STACK.split("state_machines:").next().unwrap());
    cloud.run(&["up", "--local"]).ok();
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    let machines = aws.step_functions().list_state_machines().send().await.unwrap().state_machines;
    assert!(machines.is_empty(), "{machines:?}");
    cloud.run(&["down", "--local"]).ok();
    assert_empty(&dump(&aws).await);
}
