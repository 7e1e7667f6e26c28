//! Unmanaged resources: they stop a plan, or are left alone, and never change.

use crate::cloud::{Cloud, at_rest};
use crate::dump::{assert_same, dump, policy};
use crate::http::{get, send};
use crate::stack::SMALL;
use aws_sdk_apigatewayv2::types::IntegrationType;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, Tag,
};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime};
use provision::aws::Clients;
use serde_json::json;
use std::io::Write;

const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]}"#;
const UNOWNED: &str = "it was not created by provision";

/// Asserts that `plan` and `up` stop, say why, and change nothing.
async fn stops(cloud: &Cloud, aws: &Clients, what: &str, owner: &str) {
    let before = dump(aws).await;
    for command in ["plan", "up"] {
        let ran = cloud.run(&[command, "--local"]).fails();
        ran.says(&format!("{what} already exists, and {owner}")).never_says(" created 0.");
        assert_same(&before, &dump(aws).await, &format!("{command} should touch nothing"));
    }
    cloud.down().says("Nothing to delete").says(&format!("{what} is not deleted: {owner}"));
    assert_same(&before, &dump(aws).await, "down should touch nothing");
}

pub(crate) async fn create_table(aws: &Clients, name: &str, tags: &[(&str, &str)]) {
    let create = aws.dynamodb().create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    let key = KeySchemaElement::builder().attribute_name("uuid").key_type(KeyType::Hash).build().unwrap();
    let attribute = AttributeDefinition::builder().attribute_name("uuid");
    let attribute = attribute.attribute_type(ScalarAttributeType::S).build().unwrap();
    let tag = |(key, value): &(&str, &str)| Tag::builder().key(*key).value(*value).build().unwrap();
    let tags = Some(tags.iter().map(tag).collect()).filter(|tags: &Vec<_>| !tags.is_empty());
    create.key_schema(key).attribute_definitions(attribute).set_tags(tags).send().await.unwrap();
}

/// Creates a role without any tags, and returns its ARN.
pub(crate) async fn create_role(aws: &Clients, name: &str) -> String {
    let create = aws.iam().create_role().role_name(name).assume_role_policy_document(TRUST);
    create.send().await.unwrap().role.unwrap().arn
}

/// Creates a function that returns `by hand`, and returns its ARN.
pub(crate) async fn create_function(aws: &Clients, name: &str, role: &str) -> String {
    let code = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'by hand'}\n";
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("index.py", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(code.as_bytes()).unwrap();
    let zip = Blob::new(zip.finish().unwrap().into_inner());
    let create = aws.lambda().create_function().function_name(name).role(role).handler("index.handler");
    let create =
        create.runtime(Runtime::from("python3.13")).code(FunctionCode::builder().zip_file(zip).build());
    let made = create.send().await.unwrap();
    at_rest(aws, name).await;
    made.function_arn.unwrap()
}

#[tokio::test]
async fn an_unmanaged_table_of_a_declared_name_stops_everything() {
    let cloud = Cloud::with(SMALL);
    let aws = cloud.aws().await;
    create_table(&aws, "notes", &[]).await;
    stops(&cloud, &aws, "table notes", UNOWNED).await;
}

#[tokio::test]
async fn a_table_of_another_stack_or_of_cloudformation_is_named_with_its_owner() {
    let cloud = Cloud::with(SMALL);
    let aws = cloud.aws().await;
    create_table(&aws, "notes", &[("provision:stack", "small/prod")]).await;
    stops(&cloud, &aws, "table notes", "it belongs to the stack `small/prod`").await;
    aws.dynamodb().delete_table().table_name("notes").send().await.unwrap();
    create_table(&aws, "notes", &[("aws:cloudformation:stack-name", "legacy")]).await;
    stops(&cloud, &aws, "table notes", "it belongs to the CloudFormation stack `legacy`").await;
}

#[tokio::test]
async fn an_unmanaged_role_of_a_declared_name_stops_everything() {
    let cloud = Cloud::with(SMALL);
    let aws = cloud.aws().await;
    create_role(&aws, "list_role").await;
    stops(&cloud, &aws, "role list_role", UNOWNED).await;
}

#[tokio::test]
async fn an_unmanaged_function_of_a_declared_name_stops_everything() {
    let cloud = Cloud::with(SMALL);
    let aws = cloud.aws().await;
    let role = create_role(&aws, "by_hand").await;
    create_function(&aws, "list", &role).await;
    stops(&cloud, &aws, "function list", UNOWNED).await;
}

#[tokio::test]
async fn a_tagged_log_group_of_a_declared_name_stops_everything_and_an_untagged_one_is_adopted() {
    let cloud = Cloud::with(SMALL);
    let aws = cloud.aws().await;
    let group = aws.logs().create_log_group().log_group_name("/aws/lambda/list");
    group.clone().tags("team", "another").send().await.unwrap();
    stops(&cloud, &aws, "log group /aws/lambda/list", UNOWNED).await;

    aws.logs().delete_log_group().log_group_name("/aws/lambda/list").send().await.unwrap();
    group.send().await.unwrap();
    let plan = cloud.plan();
    let step = plan.steps().into_iter().find(|step| step.contains("log group of function list")).unwrap();
    let expected =
        "~ log group of function list: it exists without tags and contains no data; it is adopted;";
    assert!(step.starts_with(expected), "{plan}");
    cloud.up();
    let taken = &dump(&aws).await["log_groups"]["/aws/lambda/list"];
    assert_eq!((&taken["retention"], &taken["tags"]["provision:stack"]), (&json!(30), &json!("small")));
    cloud.up().changes_nothing();
}

#[tokio::test]
async fn all_unmanaged_resources_are_reported_at_once() {
    let cloud = Cloud::with(SMALL);
    let aws = cloud.aws().await;
    create_table(&aws, "notes", &[]).await;
    create_role(&aws, "save_role").await;
    let ran = cloud.run(&["up", "--local"]).fails();
    ran.says("table notes already exists").says("role save_role already exists").says("stack.yaml:");
}

#[tokio::test]
async fn unmanaged_statements_routes_and_integrations_are_deleted_only_with_their_parent() {
    let cloud = Cloud::with(SMALL);
    let api = cloud.up().api();
    let aws = cloud.aws().await;
    let id = dump(&aws).await["apis"][0]["volatile"]["id"].as_str().unwrap().to_owned();
    let role = create_role(&aws, "by_hand").await;
    let function = create_function(&aws, "by_hand", &role).await;
    let statement = aws.lambda().add_permission().function_name("list").statement_id("by-hand");
    let statement = statement.action("lambda:InvokeFunction").principal("events.amazonaws.com");
    statement.send().await.unwrap();
    let integration = aws.api().create_integration().api_id(&id).integration_type(IntegrationType::AwsProxy);
    let integration =
        integration.integration_uri(&function).payload_format_version("2.0").send().await.unwrap();
    let target = format!("integrations/{}", integration.integration_id().unwrap());
    aws.api().create_route().api_id(&id).route_key("GET /by-hand").target(target).send().await.unwrap();
    let before = dump(&aws).await;

    cloud.plan().changes_nothing();
    cloud.up().changes_nothing();
    assert_same(&before, &dump(&aws).await, "nothing should be touched");
    cloud.edit("stack.yaml", "    PUT /items: save\n", "");
    cloud.up().says("Done: 2 deleted");
    assert_eq!(send(&api, "GET /by-hand", None).await.ok(), json!("by hand"));
    assert!(policy(&aws, "list").await["by-hand"].is_object());
    cloud.up().changes_nothing();

    cloud.down().says("Nothing left.");
    let left = dump(&aws).await;
    let left = (&left["apis"], crate::dump::names(&left, "functions"), crate::dump::names(&left, "roles"));
    assert_eq!(left, (&json!([]), vec!["by_hand".to_owned()], vec!["by_hand".to_owned()]));
}

#[tokio::test]
async fn an_unmanaged_api_of_the_same_name_is_left_alone() {
    let cloud = Cloud::with(SMALL);
    let aws = cloud.aws().await;
    let http = aws_sdk_apigatewayv2::types::ProtocolType::Http;
    aws.api().create_api().name("small").protocol_type(http).send().await.unwrap();
    let before = dump(&aws).await;
    let api = cloud.up().api();
    assert_eq!(get(&api, "/items").await.ok(), json!([]));
    assert_eq!(dump(&aws).await["apis"].as_array().unwrap().len(), 2);
    cloud.up().changes_nothing();
    cloud.down().says("Nothing left.");
    let groups: Vec<String> = crate::dump::names(&dump(&aws).await, "log_groups");
    assert_eq!(groups, Vec::<String>::new());
    assert_same(&before, &dump(&aws).await, "only the other API should be left, as it was");
}
