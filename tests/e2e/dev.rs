//! `dev` and `up --watch`: what is saved is live, what goes wrong is shown and loses nothing, and Ctrl-C leaves in order.

use crate::cloud::Cloud;
use crate::http::get;
use crate::ran::Ran;
use crate::running::Running;
use crate::terminal::ask;
use serde_json::{Value as Json, json};
use std::fs;

const HELLO: &str = "\
stack: hello
functions:
  hello: { code: lambdas/hello, runtime: python3.13 }
api:
  routes:
    GET /hello: hello
";

/// A function that returns a word, and logs it.
fn answering(word: &str) -> String {
    format!(
        "def lambda_handler(event, context):\n    print('said {word}')\n    return {{'statusCode': 200, 'body': '{word}'}}\n"
    )
}

/// A cloud with a stack of one function, which returns `one`.
fn hello() -> Cloud {
    let cloud = Cloud::with(HELLO);
    cloud.write("lambdas/hello/lambda_function.py", &answering("one"));
    cloud
}

/// Starts a command that watches, waits until it does, and returns it with the API's URL.
fn watching(cloud: &Cloud, args: &[&str]) -> (Running, String) {
    let mut running = Running::start(&mut cloud.command(args));
    let api = running.says("API: ").strip_prefix("API: ").unwrap().to_owned();
    running.says("Watching for changes. Press Ctrl-C to quit.");
    (running, api)
}

/// Asserts that it leaves in order at Ctrl-C. Returns everything that it printed.
fn leaves(running: Running) -> String {
    running.interrupt();
    let (status, said) = running.end();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.ends_with("The stack is still deployed. To delete it: provision down --local"), "{said}");
    said
}

#[tokio::test]
async fn what_is_saved_is_live_and_logs_are_shown() {
    let cloud = hello();
    let (mut dev, api) = watching(&cloud, &["dev"]);
    assert_eq!(get(&api, "/hello").await.ok(), "one");
    dev.says("said one");
    cloud.write("lambdas/hello/lambda_function.py", &answering("two"));
    dev.says("✓ hello  lambdas/hello/lambda_function.py  live in ");
    assert_eq!(get(&api, "/hello").await.ok(), "two");
    assert!(dev.says("said two").starts_with("20"), "a line tells when; there is one function");

    // A function may be declared before its code exists.
    cloud.edit("stack.yaml", "api:", "  later: { code: lambdas/later, runtime: python3.13 }\napi:");
    cloud.edit("stack.yaml", "    GET /hello: hello\n", "    GET /hello: hello\n    GET /later: later\n");
    dev.says("there is no file or folder `lambdas/later`");
    cloud.write("lambdas/later/lambda_function.py", &answering("later"));
    dev.says("+ function later created");
    dev.says("Live");
    assert_eq!(get(&api, "/later").await.ok(), "later");
    dev.says("said later");
    leaves(dev);
    cloud.plan().changes_nothing();
}

/// A function that a queue and a topic start, and one that its log group starts.
const STARTED: &str = "\
stack: started
queues: { jobs: {} }
topics: { news: {} }
functions:
  worker: { code: lambdas/worker, runtime: python3.13, triggers: [{ queue: jobs }, { topic: news }] }
  alarm: { code: lambdas/worker, runtime: python3.13, triggers: [{ log_group: { function: worker }, filter: given }] }
";

const WORKER: &str = "\
import base64, gzip, json


def lambda_handler(event, context):
    for record in event.get('Records', []):
        print('given', record['body'] if 'body' in record else record['Sns']['Message'])
    if 'awslogs' in event:
        for one in json.loads(gzip.decompress(base64.b64decode(event['awslogs']['data'])))['logEvents']:
            print('noticed', one['message'].strip())
";

/// Whatever starts a function, `dev` and `logs` show what it logs.
#[tokio::test]
async fn logs_of_functions_that_events_start_are_shown() {
    let cloud = Cloud::with(STARTED);
    cloud.write("lambdas/worker/lambda_function.py", WORKER);
    let mut dev = Running::start(&mut cloud.command(&["dev"]));
    dev.says("Watching for changes. Press Ctrl-C to quit.");
    let mut logs = Running::start(&mut cloud.command(&["logs", "--follow", "--local"]));
    logs.says("stack started");
    for (kind, name) in [("queue", "jobs"), ("topic", "news")] {
        cloud.run(&["send", kind, name, "--text", &format!("a {kind}"), "--local"]).ok();
        for shown in [&mut dev, &mut logs] {
            let line = shown.says(&format!("noticed given a {kind}"));
            assert!(line.contains("  alarm   "), "{line}");
        }
    }
    logs.interrupt();
    let (status, said) = logs.end();
    assert_eq!(status.code(), Some(0), "{said}");
    let said = said + &leaves(dev);
    for kind in ["queue", "topic"] {
        assert_eq!(said.matches(&format!("  worker  given a {kind}")).count(), 2, "once in each:\n{said}");
    }
    let once = cloud.run(&["logs", "worker", "--local"]).ok();
    once.says("given a queue").says("given a topic").never_says("noticed");
}

#[tokio::test]
async fn errors_are_shown_where_they_happen_and_lose_nothing() {
    let cloud = hello();
    let (mut dev, api) = watching(&cloud, &["dev"]);
    cloud.edit("stack.yaml", "code: lambdas/hello,", "cod: lambdas/hello,");
    dev.says("did you mean `code`?");
    assert_eq!(get(&api, "/hello").await.ok(), "one", "what is live stays so");
    cloud.edit("stack.yaml", "cod: lambdas/hello,", "code: lambdas/hello, memory: 256,");
    dev.says("memory  128 → 256");
    dev.says("Live");
    cloud.edit("stack.yaml", "stack: hello", "stack: other");
    dev.says("the name, region or account of the stack changed");
    dev.says("quit with Ctrl-C and start again");
    // What was saved in between has not been forgotten.
    cloud.write("lambdas/hello/lambda_function.py", &answering("two"));
    cloud.edit("stack.yaml", "stack: other", "stack: hello");
    dev.says("live in ");
    assert_eq!(get(&api, "/hello").await.ok(), "two");
    // The API's URL would change for good.
    let api = fs::read_to_string(cloud.path("stack/stack.yaml")).unwrap();
    cloud.write("stack.yaml", api.split("api:").next().unwrap());
    dev.says("--allow-data-loss api");
    dev.says("Nothing was changed.");
    leaves(dev);
}

#[tokio::test]
async fn code_that_cannot_be_loaded_is_not_announced_or_its_log_says_why() {
    let cloud = hello();
    // No Python that the tests run with is older than this one.
    cloud.write("stack.yaml", &HELLO.replace("python3.13", "python3.10"));
    let (mut dev, api) = watching(&cloud, &["dev"]);
    cloud.write("lambdas/hello/lambda_function.py", "def lambda_handler(event, context)\n    return 1\n");
    dev.says("error: Python syntax error: ");
    dev.says("--> lambdas/hello/lambda_function.py:1:35");
    dev.says("1 | def lambda_handler(event, context)");
    assert_eq!(get(&api, "/hello").await.ok(), "one", "what is live stays so");
    let plan = cloud.run(&["plan", "--local"]).ends(1).says("error: Python syntax error: ");
    plan.says("help: fix it, or leave the file out with `exclude`").never_says("to change");
    // This error shows only when the code is loaded.
    cloud.write("lambdas/hello/lambda_function.py", "import nothing_of_this_name\n");
    dev.says("live in ");
    assert_eq!(get(&api, "/hello").await.status, 502);
    dev.says("[ERROR] Runtime.ImportModuleError: Unable to import module 'lambda_function'");
    dev.says("File \"/var/task/lambda_function.py\", line 1, in <module>");
    let said = leaves(dev);
    assert_eq!(said.matches("live in ").count(), 1, "{said}");
}

#[tokio::test]
async fn checks_that_are_retried_hold_up_neither_a_save_nor_the_end() {
    let cloud = hello();
    let check = "checks:\n  - request: GET /hello\n    retry_for: 600\n    expect: { body: 1 }\n";
    cloud.write("stack.yaml", &format!("{HELLO}{check}"));
    cloud.write("lambdas/hello/lambda_function.py", &answering("1"));
    let (mut dev, _) = watching(&cloud, &["dev", "--check"]);
    cloud.write("lambdas/hello/lambda_function.py", &answering("2"));
    dev.says("said 2");
    cloud.edit("stack.yaml", "body: 1", "body: 2");
    dev.says("The checks were not finished: a file was saved.");
    dev.says("1 of 1 checks passed.");
    dev.says("Live");
    cloud.write("lambdas/hello/lambda_function.py", &answering("3"));
    dev.says("said 3");
    leaves(dev);
}

#[tokio::test]
async fn programs_get_a_document_for_each_round() {
    let cloud = hello();
    let mut dev = Running::start(&mut cloud.command(&["dev", "--json"]));
    dev.says(r#""type":"outputs""#);
    let round = |line: String| -> Json { serde_json::from_str(&line).unwrap() };
    cloud.edit("stack.yaml", "stack: hello", "stak: hello");
    let wrong = round(dev.says(r#""type":"round""#));
    assert_eq!((&wrong["live"], &wrong["errors"][0]["line"]), (&json!(false), &json!(1)), "{wrong}");
    cloud.edit("stack.yaml", "stak: hello", "stack: hello");
    cloud.write("lambdas/hello/lambda_function.py", &answering("two"));
    let right = round(dev.says(r#""live":true"#));
    assert_eq!(
        (right["files"].as_array().unwrap().is_empty(), &right["errors"]),
        (false, &json!([])),
        "{right}"
    );
    dev.interrupt();
    assert!(dev.end().0.success());
}

#[tokio::test]
async fn it_ends_when_its_output_is_no_longer_read() {
    let cloud = hello();
    let (dev, api) = watching(&cloud, &["dev"]);
    let mut unread = dev.unread();
    let ended = loop {
        // It notices when it has something to say.
        get(&api, "/hello").await.ok();
        if let Some(ended) = unread.try_wait().unwrap() {
            break ended;
        }
    };
    assert_eq!(ended.code(), Some(141), "{ended}");
}

#[tokio::test]
async fn a_stack_in_aws_is_watched_after_one_question_and_never_where_it_is_protected() {
    let cloud = hello();
    let asked = ask(&cloud, &["up", "--watch"], "n\n", &[]).fails();
    asked
        .says("Apply these changes to account 000000000000, and the changes of every save? [y/N]")
        .says("Nothing was changed.");
    Ran::of(&mut cloud.command_on_aws(&["up", "--watch"]))
        .ends(64)
        .says("cannot ask for confirmation: not a terminal");
    cloud.run_on_aws(&["up", "--yes"]).ok();
    // Where nothing is to be done yet, it asks about what is to come.
    ask(&cloud, &["up", "--watch"], "n\n", &[])
        .fails()
        .says("No changes")
        .says("and the changes of every save? [y/N]");
    let mut up = Running::start(&mut cloud.command_on_aws(&["up", "--watch", "--yes"]));
    up.says("Watching");
    cloud.write("lambdas/hello/lambda_function.py", &answering("two"));
    up.says("✓ hello  lambdas/hello/lambda_function.py  live in ");
    up.interrupt();
    assert!(up.end().0.success());
    let stack = format!("{HELLO}environments:\n  prod: {{ protect: true }}\n");
    cloud.write("stack.yaml", &stack);
    let refused = Ran::of(&mut cloud.command_on_aws(&["up", "--watch", "--yes", "--env", "prod"])).ends(64);
    refused.says("the environment prod is protected, and --watch would change it on every save");
}
