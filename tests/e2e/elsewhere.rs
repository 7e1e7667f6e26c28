//! Values that live elsewhere, on the real local cloud: a function gets them, a change of one is a change of the function, and no
//! command shows a sensitive one.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use aws_sdk_ssm::types::ParameterType;
use provision::aws::Clients;

const STACK: &str = "stack: shop
functions:
  echo:
    code: echo
    runtime: python3.13
    memory: ${ssm:/shop/memory, 256}
    environment:
      LEVEL: at ${ssm:/shop/${region}/level}
      KEY: ${ssm:/shop/key}
      URL: 'postgres://ada:${secret:shop/db#password}@host'
      VPC: ${cloudformation:network.Vpc}
      SAME: ${export:network-vpc}
      ITEMS: ${stack:core.tables.items.arn}
      API: ${stack:core.api.url}
api:
  routes: { GET /: echo }
checks:
  - name: the function has the values
    request: GET /
    retry_for: 60
    headers: { key: '${ssm:/shop/key}' }
    expect: { body: { level: at info, key: '${ssm:/shop/key}', url: 'postgres://ada:${secret:shop/db#password}@host', vpc: vpc-1, same: vpc-1 } }
";
const CORE: &str = "stack: core
tables: { items: { partition_key: id } }
api: { description: of the core }
";
/// Answers its environment, and logs it.
const CODE: &str = "import json, os

def lambda_handler(event, context):
    values = {name.lower(): os.environ[name] for name in ['LEVEL', 'KEY', 'URL', 'VPC', 'SAME', 'ITEMS', 'API']}
    print(values)
    return {'statusCode': 200, 'body': json.dumps(values)}
";
const NETWORK: &str = r#"{ "Resources": { "Topic": { "Type": "AWS::SNS::Topic" } },
    "Outputs": { "Vpc": { "Value": "vpc-1", "Export": { "Name": "network-vpc" } } } }"#;
/// What nothing may show.
const SECRETS: [&str; 2] = ["open-sesame", "p4ss-w0rd"];

/// What others have made.
async fn furnish(aws: &Clients) {
    let put = async |name: &str, value: &str, of_type: ParameterType| {
        aws.ssm()
            .put_parameter()
            .name(name)
            .value(value)
            .r#type(of_type)
            .overwrite(true)
            .send()
            .await
            .unwrap();
    };
    put("/shop/us-east-1/level", "info", ParameterType::String).await;
    put("/shop/key", SECRETS[0], ParameterType::SecureString).await;
    let secret = format!(r#"{{ "password": "{}" }}"#, SECRETS[1]);
    aws.secrets_manager().create_secret().name("shop/db").secret_string(secret).send().await.unwrap();
    aws.cloudformation().create_stack().stack_name("network").template_body(NETWORK).send().await.unwrap();
}

#[tokio::test]
async fn a_function_gets_values_from_elsewhere_and_nothing_shows_the_sensitive_ones() {
    let cloud = Cloud::with(CORE);
    let aws = cloud.aws().await;
    cloud.up();
    cloud.write("shop.yaml", STACK);
    cloud.write("echo/lambda_function.py", CODE);
    let missing = cloud.run(&["up", "--local", "-f", "shop.yaml"]).ends(65);
    missing
        .says("`${ssm:/shop/us-east-1/level}` has no value: there is no such parameter")
        .says("shop.yaml:");
    furnish(&aws).await;
    let quiet = |args: &[&str]| {
        let ran = cloud.run(&[args, &["--local", "--file", "shop.yaml"]].concat());
        SECRETS.into_iter().fold(ran, |ran, secret| ran.never_says(secret))
    };
    let up = quiet(&["up"]).ok().says("1 of 1 checks passed");
    let _ = up.says("`${ssm:/shop/memory}` has no value, so its fallback is used");
    let _ = quiet(&["up"]).ok().changes_nothing();
    let answer = quiet(&["invoke", "echo", "--log"]).ok().says("(sensitive)");
    let _ = answer.says("arn:aws:dynamodb:us-east-1:").says("/items");
    let _ = quiet(&["logs"]).ok().says("postgres://");
    for args in [&["plan", "--json"][..], &["status"], &["outputs"], &["check"], &["check", "--json"]] {
        let _ = quiet(args).ok();
    }
    let function = aws.lambda().get_function_configuration().function_name("echo").send().await.unwrap();
    assert_eq!(function.memory_size, Some(256));

    let level = aws.ssm().put_parameter().name("/shop/memory").value("512").r#type(ParameterType::String);
    level.send().await.unwrap();
    let _ = quiet(&["plan"]).ok().says("memory").says("256 → 512");
    let _ = quiet(&["up"]).ok().writes(1).never_says("fallback");

    aws.secrets_manager()
        .delete_secret()
        .secret_id("shop/db")
        .force_delete_without_recovery(true)
        .send()
        .await
        .unwrap();
    let _ = quiet(&["plan"]).ends(65).says("`${secret:shop/db#password}` has no value");
    let _ = quiet(&["down"]).ok().says("Nothing left.");
    cloud.down();
    assert_empty(&dump(&aws).await);
}
