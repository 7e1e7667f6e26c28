//! What people and their scripts meet first: where the stack file is looked for, what comes next, one document for one question.

use crate::cloud::Cloud;
use crate::ran::Ran;
use serde_json::Value as Json;

const STACK: &str = "stack: face
tables: { notes: { partition_key: id } }
functions:
  list: { code: lambdas/getAlls, runtime: python3.13, access: { notes: read } }
api:
  routes: { GET /notes: list }
environments: { dev: }
";

fn json(ran: &Ran) -> Json {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran}"))
}

#[test]
fn outputs_are_one_document_under_the_names_of_the_file() {
    let cloud = Cloud::with(STACK);
    cloud.run(&["up", "--local", "--env", "dev"]).ok();
    let all = json(&cloud.run(&["outputs", "--local", "--env", "dev", "--json"]).ok());
    let url = all["api"]["url"].as_str().expect("a URL");
    assert!(
        all["functions"]["list"].as_str().is_some_and(|arn| arn.ends_with(":function:dev-list")),
        "{all}"
    );
    assert!(all["tables"]["notes"].as_str().is_some_and(|arn| arn.ends_with(":table/dev-notes")), "{all}");
    let one = json(&cloud.run(&["outputs", "api.url", "--local", "--env", "dev", "--json"]).ok());
    assert_eq!(one, url);
    cloud
        .run(&["outputs", "--local", "--env", "dev"])
        .ok()
        .says("functions.list  arn:aws:lambda:")
        .says("tables.notes    arn:aws:dynamodb:");
    let wrong = cloud.run(&["outputs", "api.ulr", "--local", "--env", "dev", "--json"]).ends(64);
    assert_eq!(json(&wrong)["type"], "end");
    cloud.run(&["down", "--local", "--env", "dev"]).ok();
}

#[test]
fn outputs_are_variables_of_a_shell() {
    let cloud = Cloud::with(STACK);
    let none = cloud.run(&["outputs", "--local", "--format", "env"]).ok();
    none.says("no outputs; deploy the stack with: provision up --local");
    let own = "outputs: { greeting: \"it's ${stack}, for $5\" }\nenvironments:";
    cloud.edit("stack.yaml", "environments:", own);
    let url = cloud.up().api();
    let env = cloud.run(&["outputs", "--local", "--format", "env"]).ok();
    cloud.write(".env", &env.out);
    let mut shell = std::process::Command::new("sh");
    let script =
        "set -a; . ./.env; printf '%s\n' \"$API_URL\" \"$FUNCTIONS_LIST\" \"$TABLES_NOTES\" \"$GREETING\"";
    let read = Ran::of(shell.args(["-c", script]).current_dir(cloud.path("stack"))).ok();
    let lines: Vec<&str> = read.out.lines().collect();
    assert_eq!((lines[0], lines[3]), (&url[..], "it's face, for $5"), "{read}");
    assert!(lines[1].ends_with(":function:list") && lines[2].ends_with(":table/notes"), "{read}");
    let one = cloud.run(&["outputs", "tables.notes", "--local", "--format", "env"]).ok();
    assert_eq!(one.out, format!("TABLES_NOTES={}\n", lines[2]));
    cloud.run(&["outputs", "--local", "--format", "env", "--json"]).ends(64).says("cannot be used with");
    cloud.edit("stack.yaml", "outputs: {", "outputs: { api_url: other,");
    let clash = cloud.run(&["outputs", "--local", "--format", "env"]).ends(1);
    clash
        .says("the outputs `api.url` and `api_url` are both `API_URL`")
        .says("provision outputs api_url --format env --local");
    cloud.down();
}

const ECHO: &str = "import json


def lambda_handler(event, context):
    if event['rawPath'].endswith('/broken'):
        raise ValueError('no')
    if event['rawPath'].endswith('/gone'):
        return {'statusCode': 410, 'body': 'gone', 'headers': {'content-type': 'text/plain', 'x-why': 'old'}}
    said = {'id': event['pathParameters']['id'], 'query': event.get('rawQueryString'), 'body': event.get('body'),
            'header': event['headers'].get('x-test'), 'type': event['headers'].get('content-type')}
    return {'statusCode': 200, 'body': json.dumps(said), 'headers': {'content-type': 'application/json'}}
";

#[test]
fn a_request_is_sent_to_the_api() {
    let stack = STACK.replace("lambdas/getAlls", "lambdas/echo").replace("GET /notes", "\"ANY /echo/{id}\"");
    let cloud = Cloud::with(&stack);
    std::fs::create_dir_all(cloud.path("stack/lambdas/echo")).expect("a folder");
    cloud.write("lambdas/echo/lambda_function.py", ECHO);
    let request = |args: &[&str]| cloud.run(&[&["request"], args, &["--local", "--env", "dev"]].concat());
    request(&["GET", "/echo/1"]).ends(1).says("no API is deployed");
    cloud.run(&["up", "--local", "--env", "dev"]).ok();

    let got = request(&["get", "/echo/two words?a=b", "--header", "X-Test: it"]).ok();
    let body = json(&got);
    assert_eq!(
        (&body["id"], &body["query"], &body["header"]),
        (&"two words".into(), &"a=b".into(), &"it".into())
    );
    assert!(got.err.contains("GET /echo/two words?a=b 200 ") && !got.err.contains("content-type"), "{got}");
    cloud.write("body.json", r#"{"n": 1}"#);
    let put = json(&request(&["PUT", "/echo/1", "--body", "body.json", "--json"]).ok());
    assert_eq!(
        (&put["type"], &put["status"], &put["body"]["body"]),
        (&"response".into(), &200.into(), &r#"{"n": 1}"#.into())
    );
    assert_eq!(
        (&put["body"]["type"], &put["headers"]["content-type"][0]),
        (&"application/json".into(), &"application/json".into())
    );
    request(&["POST", "/echo/1", "--body", "{1"])
        .ends(64)
        .says("the body is not valid JSON")
        .says("content-type:text/plain");

    let gone = request(&["GET", "/echo/gone", "-v"]).ends(1);
    assert!(
        gone.out == "gone\n" && gone.err.contains("GET /echo/gone 410 ") && gone.err.contains("  x-why: old"),
        "{gone}"
    );
    request(&["GET", "/echo/broken"]).ends(1).says("provision logs list --env dev --local");
    let none = request(&["GET", "/ecko/1"]).ends(1);
    none.says("no route of the stack takes `GET /ecko/1`").says("did you mean `ANY /echo/{id}`?");

    request(&[]).ends(64).says("the routes of this stack: `ANY /echo/{id}`");
    request(&["/echo/1"]).ends(64).says("to get it: provision request GET /echo/1 --env dev --local");
    request(&["GET", "http://localhost/echo"]).ends(64).says("`http://localhost/echo` is not a path");
    assert_eq!(request(&["GET", "echo/1"]).ok().out, request(&["GET", "/echo/1"]).ok().out);
    request(&["GET", "/echo/1", "--header", "wrong"]).ends(64).says("use NAME:VALUE");
    cloud.run(&["down", "--local", "--env", "dev"]).ok();
}

#[test]
fn each_command_says_what_comes_next() {
    let cloud = Cloud::with(STACK);
    cloud.run(&["plan", "--local"]).ok().says("To apply it: provision up --local");
    cloud.run(&["status", "--local"]).ends(2).says("To make it match the stack file: provision up --local");
    let up = cloud.up();
    let last = up.out.trim_end().lines().last().unwrap_or_default().to_owned();
    assert!(last.starts_with("✓ face · 9 created · ") && last.ends_with(&format!(" · {}", up.api())), "{up}");
    cloud.plan().never_says("To apply it");
    cloud.run(&["status", "--local"]).ok().never_says("To make it match");
    let quiet = cloud.run(&["up", "--local", "-q"]).ok();
    assert!(quiet.out.starts_with("✓ face · no changes · ") && quiet.out.lines().count() == 1, "{quiet}");
    cloud.down();
    let quiet = cloud.run(&["up", "--local", "--quiet"]).ok();
    assert!(quiet.out.starts_with("✓ face · 9 created · ") && quiet.out.lines().count() == 1, "{quiet}");
    cloud.down();
}

#[test]
fn the_stack_file_is_found_in_a_folder_above() {
    let cloud = Cloud::with(STACK);
    let inner = |args: &[&str]| {
        let mut command = cloud.command(args);
        Ran::of(command.current_dir(cloud.path("stack/lambdas/getAlls")))
    };
    inner(&["validate"]).ends(65).says("there is no file `stack.yaml`");
    std::fs::create_dir(cloud.path("stack/.git")).expect("a repository");
    let valid = inner(&["validate"]).ok();
    assert!(valid.err.contains("Using ../../stack.yaml.") && valid.out.contains("is valid"), "{valid}");
    let graph = inner(&["graph"]).ok();
    assert!(graph.out.starts_with("flowchart LR\n") && graph.out.contains("|\"GET /notes\"|"), "{graph}");
    // A file that is named is not looked for elsewhere.
    inner(&["validate", "-f", "stack.yaml"]).ends(65).says("there is no file `stack.yaml`");
    // A command that is shown works where it is shown.
    inner(&["plan", "--local"]).ok().says("To apply it: provision up --local\n");
}
