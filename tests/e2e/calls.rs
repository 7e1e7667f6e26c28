//! Calls of functions, and what they log.

use crate::cloud::Cloud;
use crate::ran::Ran;
use crate::running::Running;
use serde_json::json;
use std::io::Write;
use std::process::Stdio;

/// A stack of one function, which does as it is told.
const STACK: &str = "stack: calls\nfunctions:\n  echo:\n    code: lambdas/echo\n    runtime: python3.13\n  quiet:\n    code: lambdas/echo\n    runtime: python3.13\n";
const CODE: &str = "
def lambda_handler(event, context):
    if event.get('log'):
        print(event['log'])
    print('given', event.get('word'))
    if event.get('fail'):
        raise ValueError(event['fail'])
    return {'given': event, 'number': 1}
";

fn cloud() -> Cloud {
    let cloud = Cloud::with(STACK);
    cloud.write("lambdas/echo/lambda_function.py", CODE);
    cloud
}

/// Calls a function with an event from the standard input.
fn invoke(cloud: &Cloud, args: &[&str], event: &str) -> Ran {
    let mut command = cloud.command(args);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(event.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Ran::from(&command, output)
}

#[tokio::test]
async fn a_function_is_called_and_its_logs_are_shown() {
    let cloud = cloud();
    let missing = cloud.run(&["invoke", "echo", "--local"]).ends(1).says("function echo is not deployed");
    missing.says("help: deploy the stack first: provision up --local");
    cloud.run(&["logs", "--local"]).ok().says("no logs yet; deploy the stack with: provision up --local");
    cloud.up();

    let ran = cloud.run(&["invoke", "echo", "--local"]).ok();
    assert_eq!(ran.out, "{\"given\": {}, \"number\": 1}\n", "nothing but the answer, as it is: {ran}");
    assert!(ran.err.starts_with("stack calls · us-east-1 · local cloud :"), "{ran}");

    cloud.write("event.json", r#"{"word": "from a file"}"#);
    let ran = cloud.run(&["invoke", "echo", "--event", "event.json", "--log", "--local", "--json"]).ok();
    let invocation = ran.documents()[1].clone();
    assert_eq!(invocation["answer"]["given"], json!({ "word": "from a file" }), "{ran}");
    assert!(invocation["log"].as_str().unwrap().contains("given from a file"), "{ran}");
    let ran =
        invoke(&cloud, &["invoke", "echo", "--event", "-", "--log", "--local"], r#"{"word": "typed"}"#).ok();
    assert!(ran.err.contains("\ngiven typed\n") && !ran.out.contains("given typed"), "{ran}");

    let logs = cloud.run(&["logs", "--local"]).ok();
    let said: Vec<&str> = logs.out.lines().filter(|line| line.contains("given ")).collect();
    assert_eq!(said.len(), 3, "{logs}");
    assert!(said[0].starts_with("20") && said[0].ends_with("  echo   given None"), "{logs}");
    assert!(
        said[1].ends_with("given from a file") && said[2].ends_with("given typed"),
        "the newest last: {logs}"
    );
    let logs = cloud.run(&["logs", "echo", "--since", "1d", "--local", "--json"]).ok();
    let messages: Vec<_> = logs.documents().into_iter().filter(|one| one["type"] == "log").collect();
    assert!(
        messages.iter().any(|one| one["message"] == "given typed" && one["function"] == "echo"),
        "{logs}"
    );
    cloud.run(&["logs", "quiet", "--local"]).ok().never_says("given").says("--since 1d looks further back");
    cloud.run(&["logs", "--since", "2999-01-01T00:00:00Z", "--local"]).ok().never_says("given");
}

#[tokio::test]
async fn errors_of_a_call_are_reported() {
    let cloud = cloud();
    let wrong = invoke(&cloud, &["invoke", "echo", "--event", "-", "--local"], "{\"word\": }").ends(64);
    wrong.says("standard input is not valid JSON: expected value at line 1 column 10").never_says("account");
    cloud
        .run(&["invoke", "echo", "--event", "none.json", "--local"])
        .ends(64)
        .says("there is no file `none.json`")
        .says("pass the event itself");
    let inline = cloud.run(&["invoke", "echo", "--event", r#"{"word": }"#, "--local"]).ends(64);
    inline.says("the event is not valid JSON: expected value at line 1 column 10");
    for command in ["invoke", "logs"] {
        let wrong = cloud.run(&[command, "ecko", "--local"]).ends(64).never_says("account");
        wrong.says("there is no function `ecko` in stack.yaml").says("did you mean `echo`?");
    }
    cloud.run(&["logs", "--since", "yesterday", "--local"]).ends(64).says("use a duration such as 10m");

    cloud.up();
    cloud.write("event.json", r#"{"fail": "not today"}"#);
    let failed = cloud.run(&["invoke", "echo", "--event", "event.json", "--log", "--local"]).ends(1);
    assert_eq!(failed.out, "", "{failed}");
    let inline = cloud.run(&["invoke", "echo", "--event", r#"{"word": "inline"}"#, "--local"]).ok();
    assert!(inline.out.contains(r#""word": "inline""#), "{inline}");
    let failed = failed.says("error: function echo failed: ").says("not today").says("Traceback");
    failed.says("help: see its logs: provision logs echo --local");
    let failed = cloud.run(&["invoke", "echo", "--event", "event.json", "--local", "--json"]).ends(1);
    assert!(failed.documents()[1]["error"]["message"].as_str().unwrap().contains("not today"), "{failed}");

    cloud.run(&["up", "--local", "-f", "stack.yaml"]).ok();
    cloud.edit("stack.yaml", "stack: calls", "stack: others");
    let others = cloud.run(&["invoke", "echo", "--local"]).ends(1);
    others
        .says("function echo does not belong to this stack: it belongs to the stack `calls`")
        .says("nothing was sent to it");
}

#[tokio::test]
async fn logs_are_followed_until_ctrl_c() {
    let cloud = cloud();
    let mut follower = Running::start(&mut cloud.command(&["logs", "--follow", "--local"]));
    follower.says("stack calls");
    cloud.up();
    invoke(&cloud, &["invoke", "echo", "--event", "-", "--local"], r#"{"word": "one"}"#).ok();
    follower.says("given one");
    invoke(&cloud, &["invoke", "quiet", "--event", "-", "--local"], r#"{"word": "two"}"#).ok();
    assert!(follower.says("given two").ends_with("  quiet  given two"));
    follower.interrupt();
    let (status, told) = follower.end();
    assert_eq!(status.code(), Some(0), "{told}");
    assert_eq!(told.matches("given one").count(), 1, "each event once:\n{told}");
}

#[tokio::test]
async fn logs_are_filtered() {
    let cloud = cloud();
    cloud.up();
    for event in [
        r#"{"word": "say \"yes\""}"#,
        r#"{"word": "say -no"}"#,
        r#"{"word": "ERROR of a function"}"#,
        r#"{"log": "{\"level\": \"WARN\", \"message\": \"low\", \"requestId\": \"7\", \"left\": 3}"}"#,
    ] {
        invoke(&cloud, &["invoke", "echo", "--event", "-", "--local"], event).ok();
    }
    invoke(&cloud, &["invoke", "echo", "--event", "-", "--local"], r#"{"fail": "not today"}"#).ends(1);
    let lines = |args: &[&str]| {
        let logs = cloud.run(&[&["logs", "echo", "--local"], args].concat()).ok();
        let messages = logs.out.lines().map(|line| line.get(21..).unwrap_or_default().to_owned());
        messages.collect::<Vec<_>>()
    };
    assert_eq!(lines(&["--filter", r#"say "y"#]), ["given say \"yes\""]);
    assert_eq!(lines(&["--filter", "say -no"]), ["given say -no"]);
    assert_eq!(lines(&["--filter", "SAY"]), [""; 0], "in this case");
    assert_eq!(lines(&["--filter", "left"]), ["WARN  low  left=3"], "JSON of a logger");
    let errors = lines(&["--errors"]);
    assert_eq!(errors[0], "given ERROR of a function", "{errors:?}");
    assert!(errors[1].starts_with("Traceback") && errors.last().unwrap().contains("not today"), "{errors:?}");
    cloud.run(&["logs", "echo", "--filter", "", "--local"]).ends(64).says("--filter");
}
