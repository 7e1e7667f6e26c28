//! URLs of functions on the real local cloud: they respond, follow the stack file, and go.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use crate::http::{get, send};
use serde_json::json;

const STACK: &str = "\
stack: hooks
functions:
  hook: { code: hook, runtime: python3.13, url: none }
  other: { code: other, runtime: python3.13, environment: { HOOK: \"${functions.hook.url}\" } }
outputs: { hook: \"${functions.hook.url}events\" }
";

const CODE: &str = "import json
import os


def lambda_handler(event, context):
    http = event['requestContext']['http']
    said = {'method': http['method'], 'path': event['rawPath'], 'body': event.get('body'), 'knows': os.environ.get('HOOK')}
    return {'statusCode': 200, 'body': json.dumps(said)}
";

/// The URL of a function, by its output.
fn url(cloud: &Cloud, function: &str) -> String {
    let output = format!("functions.{function}.url");
    cloud.run(&["outputs", "--local", &output]).ok().out.trim().to_owned()
}

#[tokio::test]
async fn a_function_responds_at_its_url_as_the_stack_file_says() {
    let cloud = Cloud::with(STACK);
    for name in ["hook", "other"] {
        std::fs::create_dir_all(cloud.path("stack").join(name)).unwrap();
        cloud.write(&format!("{name}/lambda_function.py"), CODE);
    }
    cloud.plan().says("public: anyone can call the function");
    cloud.up();
    cloud.up().changes_nothing();
    let hook = url(&cloud, "hook");
    let said = send(&hook, "POST events/1", Some("hello")).await.ok();
    assert_eq!(
        (&said["method"], &said["path"], &said["body"]),
        (&json!("POST"), &json!("/events/1"), &json!("hello"))
    );
    cloud.run(&["outputs", "--local", "hook"]).ok().says(&format!("{hook}events"));
    let known = cloud.run(&[
        "invoke",
        "other",
        "--local",
        "--event",
        "{\"requestContext\":{\"http\":{\"method\":\"GET\"}},\"rawPath\":\"/\"}",
    ]);
    known.ok().says(hook.trim_start_matches("http://"));

    cloud.edit("stack.yaml", "url: none", "url: iam");
    cloud.up();
    assert_eq!(get(&hook, "").await.status, 403);
    let checks = "checks:
  - { request: 'GET ${functions.hook.url}a', expect: { status: 403 } }
  - { request: 'GET ${functions.hook.url}a', as: iam, retry_for: 30, expect: { body: { path: /a } } }
";
    let before = std::fs::read_to_string(cloud.path("stack/stack.yaml")).unwrap();
    cloud.write("stack.yaml", &format!("{before}{checks}"));
    cloud.run(&["check", "--local"]).ok().says("2 of 2 checks passed.");
    cloud.write("stack.yaml", &before);
    cloud.edit("stack.yaml", "url: iam", "url: none");
    cloud.plan().says("anyone can call the function then");
    cloud.up();
    assert_eq!(get(&hook, "").await.status, 200);

    // Deleted by hand: another address, which the other function gets.
    let aws = cloud.aws().await;
    aws.lambda().delete_function_url_config().function_name("hook").send().await.unwrap();
    cloud.run(&["status", "--local"]).says("URL");
    cloud.up();
    let another = url(&cloud, "hook");
    assert_ne!(another, hook);
    assert_eq!(get(&another, "").await.status, 200);

    cloud.edit("stack.yaml", ", url: none", "");
    cloud.edit("stack.yaml", ", environment: { HOOK: \"${functions.hook.url}\" }", "");
    cloud.edit("stack.yaml", "outputs: { hook: \"${functions.hook.url}events\" }\n", "");
    cloud.run(&["up", "--local", "--yes"]).fails().says("--allow-data-loss functions.hook");
    cloud.run(&["up", "--local", "--yes", "--allow-data-loss", "functions.hook"]).ok();
    assert_eq!(get(&another, "").await.status, 404);
    let policy = aws.lambda().get_policy().function_name("hook").send().await;
    let statements = policy.ok().and_then(|policy| policy.policy).unwrap_or_default();
    assert!(!statements.contains("provision-"), "{statements}");
    cloud.down().ok().says("Nothing left.");
    assert_empty(&dump(&aws).await);
}
