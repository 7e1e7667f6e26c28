//! The example with most settings on the real local cloud: it works, stays as it is, is changed field by field, and goes.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use crate::http::{get, send};
use crate::queues::eventually;
use crate::stack::root;
use aws_sdk_ssm::types::ParameterType;
use serde_json::json;
use std::fs;

const SECRET: &str = "only-in-the-function";

/// Each a change of one field, with what the plan says of it.
const CHANGES: &[(&str, &str, &str)] = &[
    ("billing: { read: 5, write: 5 }", "billing: { read: 6, write: 5 }", "table depth_orders"),
    ("    ttl: expires\n", "", "table depth_orders"),
    ("retention: 14 days", "retention: 7 days", "queue depth_failed"),
    ("[de, at, ch]", "[de, at]", "parameter /depth/countries"),
    ("description: Signs orders", "description: Signs", "secret depth_signing"),
    (
        "access: { depth_orders: read }",
        "access: { depth_orders: [dynamodb:Query] }",
        "policy depth_read_orders",
    ),
    ("trust: [lambda]", "trust: [lambda, states]", "role depth_worker"),
    ("    max_session_duration: 2 hours\n", "", "role depth_worker"),
    ("memory: 256", "memory: 512", "function depth_api"),
    ("    ephemeral_storage: 1024\n", "", "function depth_api"),
    ("log_retention: 14", "log_retention: 7", "log group"),
    ("batch: 10, retries", "batch: 20, retries", "trigger depth_orders"),
];

#[tokio::test]
async fn the_example_in_depth_is_made_changed_field_by_field_and_deleted() {
    let folder = root().join("examples/depth");
    let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
    let cloud = Cloud::with(&read("stack.yaml"));
    for file in
        ["layers/money/money.py", "lambdas/orders/lambda_function.py", "lambdas/totals/lambda_function.py"]
    {
        fs::create_dir_all(cloud.path("stack").join(file).parent().unwrap()).unwrap();
        cloud.write(file, &read(file));
    }
    let aws = cloud.aws().await;
    let level = aws.ssm().put_parameter().name("/level").value("info").r#type(ParameterType::String);
    level.send().await.unwrap();
    aws.secrets_manager().create_secret().name("theirs").secret_string(SECRET).send().await.unwrap();
    let environment = "      TOTALS: ${tables.depth_totals.name}\n      CURRENCY";
    let values = format!("      LEVEL: ${{ssm:/level}}\n      KEY: ${{secret:theirs}}\n{environment}");
    cloud.edit("stack.yaml", environment, &values);

    let api = cloud.up().never_says(SECRET).says("checks passed").api();
    cloud.up().changes_nothing().never_says(SECRET);
    let order = send(&api, "POST /orders", Some(r#"{ "customer": "grace", "total": 7 }"#)).await;
    assert_eq!(order.status, 201);
    eventually("the total", async || {
        let total = get(&api, "/customers/grace").await.ok();
        (total == json!({ "total": "7 EUR" })).then_some(())
    })
    .await;

    for (from, to, what) in CHANGES {
        cloud.edit("stack.yaml", from, to);
        cloud.plan().says(what).never_says(SECRET);
        cloud.up();
        cloud.up().changes_nothing();
    }
    cloud.down().says("Nothing left.");
    assert_empty(&dump(&aws).await);
    let listed = aws.ssm().describe_parameters().send().await.unwrap();
    let left: Vec<_> = listed.parameters().iter().filter_map(|parameter| parameter.name()).collect();
    assert_eq!(left, ["/level"]);
    let listed = aws.secrets_manager().list_secrets().send().await.unwrap();
    let left: Vec<_> = listed.secret_list().iter().filter_map(|secret| secret.name()).collect();
    assert_eq!(left, ["theirs"]);
    let policies = aws.iam().list_policies().path_prefix("/provision/").send().await.unwrap();
    assert_eq!(policies.policies().len(), 0);
}
