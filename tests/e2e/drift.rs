//! Drift: `plan` shows exactly what changed in the account, and `up` corrects it.

use crate::cloud::{Cloud, at_rest};
use crate::dump::{assert_same, dump, lasting};
use crate::stack::SMALL;
use aws_sdk_apigatewayv2::types::Cors;
use aws_sdk_dynamodb::types::TimeToLiveSpecification;
use provision::aws::Clients;
use serde_json::Value as Json;

/// A stack that is up, and a dump of it from before the drift.
struct Healthy {
    cloud: Cloud,
    aws: Clients,
    api: String,
    dump: Json,
}

impl Healthy {
    async fn up(stack: &str) -> Self {
        let cloud = Cloud::with(stack);
        cloud.up();
        let aws = cloud.aws().await;
        let dump = dump(&aws).await;
        let api = dump["apis"][0]["volatile"]["id"].as_str().unwrap().to_owned();
        Healthy { cloud, aws, api, dump }
    }

    /// Asserts that `plan` shows these steps and changes nothing, and that `up` brings back what was before.
    async fn is_corrected_by(&self, steps: &[&str]) {
        let broken = dump(&self.aws).await;
        let plan = self.cloud.plan();
        let shown: Vec<String> = plan.steps().iter().map(|step| without_ids(step)).collect();
        assert_eq!(shown, steps, "the plan should show just what was changed:\n{plan}");
        assert_same(&broken, &dump(&self.aws).await, "a plan should change nothing");
        self.cloud.up();
        let (before, after) = (lasting(&self.dump), lasting(&dump(&self.aws).await));
        assert_same(&before, &after, &format!("it should be as it was, after {steps:?}"));
        self.cloud.plan().changes_nothing();
    }

    /// The id of the integration with a function.
    async fn integration(&self, function: &str) -> String {
        let all = self.aws.api().get_integrations().api_id(&self.api).send().await.unwrap();
        let one = all.items().iter().find(|one| one.integration_uri().unwrap().ends_with(function)).unwrap();
        one.integration_id().unwrap().to_owned()
    }

    /// The id of a route.
    async fn route(&self, key: &str) -> String {
        let all = self.aws.api().get_routes().api_id(&self.api).send().await.unwrap();
        let one = all.items().iter().find(|one| one.route_key() == Some(key)).unwrap();
        one.route_id().unwrap().to_owned()
    }
}

/// A step with `ID` in the place of every id of eight hexadecimal digits.
fn without_ids(step: &str) -> String {
    let is_id = |word: &str| word.len() == 8 && word.chars().all(|c| c.is_ascii_hexdigit());
    let parts: Vec<&str> = step.split_inclusive([' ', '/', '(']).collect();
    let replace = |part: &&str| match is_id(part.trim_end_matches([' ', '/', '('])) {
        true => format!("ID{}", &part[8..]),
        false => (*part).to_owned(),
    };
    parts.iter().map(replace).collect()
}

#[tokio::test]
async fn deleted_resources_are_created_again() {
    let healthy = Healthy::up(SMALL).await;
    let (aws, api) = (&healthy.aws, &healthy.api);

    aws.lambda().delete_function().function_name("list").send().await.unwrap();
    healthy.is_corrected_by(&["+ function list", "+ permission for GET /items of function list"]).await;

    let route = healthy.route("GET /items").await;
    aws.api().delete_route().api_id(api).route_id(route).send().await.unwrap();
    healthy.is_corrected_by(&["+ route GET /items of api"]).await;

    let policy = healthy.dump["functions"]["list"]["policy"].as_object().unwrap();
    let sid = policy.keys().next().unwrap();
    aws.lambda().remove_permission().function_name("list").statement_id(sid).send().await.unwrap();
    healthy.is_corrected_by(&["+ permission for GET /items of function list"]).await;

    let integration = healthy.integration("list").await;
    aws.api().delete_integration().api_id(api).integration_id(integration).send().await.unwrap();
    let repointed = "~ route GET /items of api: target integrations/ID → integrations/(id of the integration list, known after up)";
    healthy.is_corrected_by(&["+ integration of function list", repointed]).await;

    aws.api().delete_stage().api_id(api).stage_name("$default").send().await.unwrap();
    healthy.is_corrected_by(&["+ stage $default of api"]).await;

    aws.logs().delete_log_group().log_group_name("/aws/lambda/list").send().await.unwrap();
    healthy.is_corrected_by(&["+ log group of function list"]).await;
}

#[tokio::test]
async fn a_deleted_role_is_created_again_and_its_function_updated() {
    let healthy = Healthy::up(SMALL).await;
    let iam = healthy.aws.iam();
    iam.delete_role_policy().role_name("list_role").policy_name("provision").send().await.unwrap();
    iam.delete_role().role_name("list_role").send().await.unwrap();
    let steps = healthy.cloud.plan().steps();
    assert_eq!(steps.len(), 2, "{steps:#?}");
    assert_eq!(steps[1], "+ role of function list");
    assert!(steps[0].starts_with("~ function list: tags.provision:role-id "), "{steps:#?}");
    healthy.cloud.up().says("Done: 1 created, 1 updated");
    assert_same(&lasting(&healthy.dump), &lasting(&dump(&healthy.aws).await), "it should be as it was");
    healthy.cloud.up().changes_nothing();
}

#[tokio::test]
async fn drift_of_a_function_and_a_log_group_is_corrected() {
    let healthy = Healthy::up(SMALL).await;
    let aws = &healthy.aws;

    let update =
        aws.lambda().update_function_configuration().function_name("list").memory_size(512).timeout(60);
    update.send().await.unwrap();
    at_rest(aws, "list").await;
    healthy.is_corrected_by(&["~ function list: memory 512 → 128; timeout 60 → 3"]).await;

    let retention = aws.logs().put_retention_policy().log_group_name("/aws/lambda/list");
    retention.retention_in_days(1).send().await.unwrap();
    healthy.is_corrected_by(&["~ log group of function list: retention_days 1 → 30"]).await;
    aws.logs().delete_retention_policy().log_group_name("/aws/lambda/list").send().await.unwrap();
    healthy.is_corrected_by(&["~ log group of function list: retention_days 30"]).await;

    let other = aws_sdk_lambda::primitives::Blob::new(other_code());
    aws.lambda().update_function_code().function_name("list").zip_file(other).send().await.unwrap();
    at_rest(aws, "list").await;
    healthy.is_corrected_by(&["~ function list: code changed"]).await;
}

/// A zip without any file in it.
fn other_code() -> Vec<u8> {
    zip::ZipWriter::new(std::io::Cursor::new(Vec::new())).finish().unwrap().into_inner()
}

#[tokio::test]
async fn permissions_added_to_a_role_are_removed() {
    const ALL: &str = r#"{"Version": "2012-10-17", "Statement": [
        {"Sid": "All", "Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]}"#;
    const ARN: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let healthy = Healthy::up(SMALL).await;
    let iam = healthy.aws.iam();

    let put = iam.put_role_policy().role_name("list_role").policy_document(ALL);
    put.clone().policy_name("extra").send().await.unwrap();
    iam.attach_role_policy().role_name("list_role").policy_arn(ARN).send().await.unwrap();
    let steps = healthy.cloud.plan().steps();
    assert_eq!(steps.len(), 1, "{steps:#?}");
    for part in ["~ role of function list: ", "policy extra: access to *", "dynamodb:*", "ReadOnlyAccess"] {
        assert!(steps[0].contains(part), "`{part}` should be in {steps:#?}");
    }
    healthy.is_corrected_by(&[&steps[0]]).await;

    put.policy_name("provision").send().await.unwrap();
    let steps = healthy.cloud.plan().steps();
    assert_eq!(steps.len(), 1, "{steps:#?}");
    for part in ["~ role of function list: ", "access to * - dynamodb:*", "access to notes + dynamodb:Scan"] {
        assert!(steps[0].contains(part), "`{part}` should be in {steps:#?}");
    }
    healthy.is_corrected_by(&[&steps[0]]).await;

    let trust = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}"#;
    iam.update_assume_role_policy().role_name("list_role").policy_document(trust).send().await.unwrap();
    let steps = healthy.cloud.plan().steps();
    assert!(steps.len() == 1 && steps[0].starts_with("~ role of function list: trust."), "{steps:#?}");
    healthy.is_corrected_by(&[&without_ids(&steps[0])]).await;
}

#[tokio::test]
async fn drift_of_an_api_and_a_table_is_corrected() {
    let stack =
        SMALL.replace("api:\n", "api:\n  cors: { origins: [\"https://example.com\"], max_age: 60 }\n");
    let stack = stack.replace("    partition_key: uuid\n", "    partition_key: uuid\n    ttl: expires\n");
    let healthy = Healthy::up(&stack).await;
    let (aws, api) = (&healthy.aws, &healthy.api);

    let cors = Cors::builder().allow_origins("*").max_age(60).build();
    aws.api().update_api().api_id(api).cors_configuration(cors).send().await.unwrap();
    healthy.is_corrected_by(&["~ api: cors.allow_origins - * + https://example.com"]).await;
    aws.api().delete_cors_configuration().api_id(api).send().await.unwrap();
    let steps = healthy.cloud.plan().steps();
    assert!(steps.len() == 1 && steps[0].starts_with("~ api: cors."), "{steps:#?}");
    healthy.is_corrected_by(&[&steps[0]]).await;

    let off = TimeToLiveSpecification::builder().attribute_name("expires").enabled(false).build().unwrap();
    let update = aws.dynamodb().update_time_to_live().table_name("notes").time_to_live_specification(off);
    update.send().await.unwrap();
    healthy.is_corrected_by(&["~ table notes: ttl expires"]).await;

    aws.dynamodb().update_table().table_name("notes").deletion_protection_enabled(true).send().await.unwrap();
    healthy.is_corrected_by(&["~ table notes: protect true → false"]).await;

    let (route, other) = (healthy.route("GET /items").await, healthy.integration("save").await);
    let update = aws.api().update_route().api_id(api).route_id(route).target(format!("integrations/{other}"));
    update.send().await.unwrap();
    healthy.is_corrected_by(&["~ route GET /items of api: target integrations/ID → integrations/ID"]).await;

    let integration = healthy.integration("list").await;
    let update =
        aws.api().update_integration().api_id(api).integration_id(integration).timeout_in_millis(1000);
    update.send().await.unwrap();
    healthy.is_corrected_by(&["~ integration of function list: timeout_millis 1000 → 30000"]).await;
}

#[tokio::test]
async fn a_changed_declared_tag_is_corrected_and_others_are_left_alone() {
    let healthy = Healthy::up(&SMALL.replace("tables:\n", "tags: { team: notes }\n\ntables:\n")).await;
    let aws = &healthy.aws;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:list";
    let tag = aws.lambda().tag_resource().resource(arn).tags("team", "another").tags("cost-centre", "42");
    tag.send().await.unwrap();
    healthy.cloud.plan().plans(&["~ function list: tags.team another → notes"]);
    healthy.cloud.up().says("Done: 1 updated");
    let tags = dump(aws).await["functions"]["list"]["tags"].clone();
    assert_eq!((&tags["team"], &tags["cost-centre"]), (&"notes".into(), &"42".into()), "{tags:#}");
    healthy.cloud.up().changes_nothing();
}
