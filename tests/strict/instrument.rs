//! Tests of the strict cloud itself: that it is as strict as it claims, through the SDK's own clients.

use crate::clock::{BEGINNING, Clock};
use crate::cloud::Cloud;
use crate::connector::StrictCloud;
use crate::dump::dump;
use crate::run::{client_config, later};
use crate::services::Service;
use crate::services::lambda::EVERYWHERE;
use aws_sdk_apigatewayv2::types::{IntegrationType, ProtocolType};
use aws_sdk_lambda::types::{Environment, FunctionCode, Runtime};
use futures_util::future::join_all;
use provision::aws::{Access, Calls, Clients, Connection, Error};
use regex::Regex;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":"lambda.amazonaws.com"}}]}"#;

/// Clients of an empty account, which send everything once.
async fn account() -> (StrictCloud, Clients) {
    let clock = Clock::at(BEGINNING);
    let cloud = StrictCloud::new(Cloud { now: BEGINNING, ..Cloud::default() }, clock, None);
    let config = client_config(&cloud, clock).into_builder();
    let config = config.retry_config(aws_config::retry::RetryConfig::disabled()).build();
    // Without the pace that the program keeps.
    let connection = Connection::of(config, true, Calls::default()).await.unwrap();
    (cloud, connection.clients(Access::Write))
}

/// The error of a call that AWS refuses.
fn blocker<T: std::fmt::Debug, E: Into<Error>>(answer: Result<T, E>) -> String {
    let error = answer.map_err(Into::into).expect_err("a refusal");
    format!("{}: {}", error.code.unwrap_or_default(), error.message)
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn zip() -> FunctionCode {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("f.py", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(b"def handler(event, context): pass\n").unwrap();
    FunctionCode::builder().zip_file(zip.finish().unwrap().into_inner().into()).build()
}

/// A role that Lambda can assume, and the ARN of it.
async fn role(clients: &Clients, policy: &str) -> String {
    let create = clients.iam().create_role().role_name("r").assume_role_policy_document(TRUST);
    let role = create.send().await.unwrap().role.unwrap();
    seconds(1).await;
    if !policy.is_empty() {
        let put = clients.iam().put_role_policy().role_name("r").policy_name("p").policy_document(policy);
        put.send().await.unwrap();
    }
    role.arn
}

/// A create call that only needs to be sent.
fn create_function(
    clients: &Clients,
    role: &str,
) -> aws_sdk_lambda::operation::create_function::builders::CreateFunctionFluentBuilder {
    let create = clients.lambda().create_function().function_name("f").role(role).code(zip());
    create.runtime(Runtime::Python313).handler("f.handler")
}

#[tokio::test(start_paused = true)]
async fn a_fresh_role_is_not_assumable_and_not_seen_everywhere() {
    let (_, clients) = account().await;
    let create = clients.iam().create_role().role_name("r").assume_role_policy_document(TRUST);
    let role = create.send().await.unwrap().role.unwrap();
    assert!(blocker(clients.iam().get_role().role_name("r").send().await).starts_with("NoSuchEntity: "));
    let again = clients.iam().create_role().role_name("R").assume_role_policy_document(TRUST).send().await;
    assert_eq!(blocker(again), "EntityAlreadyExists: Role with name R already exists.");
    let early = blocker(create_function(&clients, &role.arn).send().await);
    assert!(early.contains("cannot be assumed by Lambda"), "{early}");
    seconds(8).await;
    create_function(&clients, &role.arn).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_role_is_deleted_only_when_nothing_hangs_on_it() {
    let (_, clients) = account().await;
    let policy =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;
    role(&clients, policy).await;
    let delete = || clients.iam().delete_role().role_name("r").send();
    assert!(blocker(delete().await).starts_with("DeleteConflict: "));
    clients.iam().delete_role_policy().role_name("r").policy_name("p").send().await.unwrap();
    assert!(blocker(delete().await).starts_with("DeleteConflict: "), "IAM sees it for a moment more");
    seconds(1).await;
    delete().await.unwrap();
    let put = clients.iam().put_role_policy().role_name("r").policy_name("p").policy_document("{}");
    assert!(blocker(put.send().await).starts_with("MalformedPolicyDocument: "));
}

#[tokio::test(start_paused = true)]
async fn a_function_takes_one_update_at_a_time_and_none_at_first() {
    let (strict, clients) = account().await;
    // That other calls do not find a new function for longer than it is Pending is a rule of its own.
    strict.state().cloud.delays.set(EVERYWHERE, Duration::ZERO);
    let role = role(&clients, "").await;
    seconds(8).await;
    let reserved = Environment::builder().variables("AWS_REGION", "x").build();
    let reserved = blocker(create_function(&clients, &role).environment(reserved).send().await);
    assert!(reserved.contains("reserved keys"), "{reserved}");
    let blocked = blocker(create_function(&clients, &role).runtime(Runtime::Nodejs14x).send().await);
    assert!(blocked.contains("no longer supported"), "{blocked}");
    let unknown = blocker(create_function(&clients, &role).runtime(Runtime::from("python9")).send().await);
    assert!(unknown.contains("at 'runtime' failed to satisfy constraint"), "{unknown}");
    let too_long = blocker(create_function(&clients, &role).timeout(1_801).send().await);
    assert!(too_long.contains("must be at most 1800"), "{too_long}");
    let own =
        Environment::builder().variables("TZ", "Europe/Berlin").variables("AWS_LAMBDA_EXEC_WRAPPER", "/x");
    create_function(&clients, &role).environment(own.build()).timeout(1_800).send().await.unwrap();
    assert_eq!(
        blocker(create_function(&clients, &role).send().await),
        "ResourceConflictException: Function already exist: f"
    );
    seconds(1).await;
    let update = || clients.lambda().update_function_configuration().function_name("f").timeout(9).send();
    assert!(blocker(update().await).contains("in the following state: Pending"));
    let function = clients.lambda().get_function().function_name("f").send().await.unwrap();
    assert!(function.tags().is_none() && function.configuration().unwrap().code_sha256().is_some());
    seconds(2).await;
    update().await.unwrap();
    assert!(blocker(update().await).contains("An update is in progress"));
}

#[tokio::test(start_paused = true)]
async fn of_two_permissions_at_once_one_is_lost() {
    let (_, clients) = account().await;
    let role = role(&clients, "").await;
    seconds(8).await;
    create_function(&clients, &role).send().await.unwrap();
    seconds(3).await;
    let policy = || clients.lambda().get_policy().function_name("f").send();
    assert!(blocker(policy().await).starts_with("ResourceNotFoundException: "));
    let add = |sid: &str| {
        let add = clients.lambda().add_permission().function_name("f").statement_id(sid);
        add.action("lambda:InvokeFunction").principal("apigateway.amazonaws.com").send()
    };
    let (one, two) = tokio::join!(add("one"), add("two"));
    assert!(one.is_ok() && two.is_ok());
    let text = policy().await.unwrap().policy.unwrap();
    assert_eq!(text.matches("Sid").count(), 1, "{text}");
    let sid = if text.contains("\"one\"") { "one" } else { "two" };
    assert!(blocker(add(sid).await).contains("already exists"));
}

#[tokio::test(start_paused = true)]
async fn late_logs_recreate_a_group_only_where_the_role_allows_it() {
    for (action, left) in [("logs:CreateLogGroup", 1), ("logs:PutLogEvents", 0)] {
        let (cloud, clients) = account().await;
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["{action}"],"Resource":"*"}}]}}"#
        );
        let role = role(&clients, &policy).await;
        seconds(8).await;
        create_function(&clients, &role).send().await.unwrap();
        seconds(3).await;
        clients.lambda().delete_function().function_name("f").send().await.unwrap();
        let after = later(&cloud.state().cloud, Duration::from_secs(60));
        let groups = dump(&after).keys().filter(|name| name.starts_with("log group ")).count();
        assert_eq!(groups, left, "{action}");
    }
}

#[tokio::test(start_paused = true)]
async fn apis_have_duplicates_order_and_collisions() {
    let (_, clients) = account().await;
    let api = clients.api();
    let create = || api.create_api().name("a").protocol_type(ProtocolType::Http).send();
    let (one, two, three) = tokio::join!(create(), create(), create());
    let id = one.unwrap().api_id.unwrap();
    assert!(two.unwrap().api_id.unwrap() != three.unwrap().api_id.unwrap());
    assert!(api.get_apis().send().await.unwrap().items().is_empty(), "lists are late");
    seconds(3).await;
    let page = api.get_apis().max_results("100").send().await.unwrap();
    assert!(page.items().len() == 2 && page.next_token().is_some(), "pages hold two");
    let function = "arn:aws:lambda:eu-west-1:123456789012:function:f";
    let integrate = api.create_integration().api_id(&id).integration_type(IntegrationType::AwsProxy);
    let integrate = integrate.integration_uri(function).integration_method("POST");
    assert!(blocker(integrate.clone().send().await).contains("PayloadFormatVersion is a required parameter"));
    let integration = integrate.payload_format_version("2.0").send().await.unwrap().integration_id.unwrap();
    let route = |key: &str, target: &str| api.create_route().api_id(&id).route_key(key).target(target).send();
    let target = format!("integrations/{integration}");
    assert!(blocker(route("GET /", "integrations/none").await).starts_with("BadRequestException: "));
    assert!(blocker(route("GET nowhere", &target).await).contains("not formatted properly"));
    route("GET /", &target).await.unwrap();
    assert!(blocker(route("GET /", &target).await).contains("already exists"));
    let delete = api.delete_integration().api_id(&id).integration_id(&integration).send().await;
    assert!(blocker(delete).contains("referenced by the following Routes"));
    let keys: Vec<String> = (0..6).map(|number| format!("GET /{number}")).collect();
    let answers = join_all(keys.iter().map(|key| route(key, &target))).await;
    assert!(
        answers
            .into_iter()
            .filter(Result::is_err)
            .map(blocker)
            .all(|why| why.contains("concurrent modification"))
    );
}

#[tokio::test(start_paused = true)]
async fn quotas_hold() {
    let (cloud, clients) = account().await;
    let answers = join_all((0..60).map(|_| clients.api().get_apis().send())).await;
    let refused = answers.into_iter().filter(Result::is_err).map(blocker).collect::<Vec<_>>();
    assert!((15..=20).contains(&refused.len()), "{}", refused.len());
    assert!(refused.iter().all(|why| why.starts_with("TooManyRequestsException: ")));
    assert!(cloud.state().records.iter().all(|record| record.invalid.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn a_table_takes_its_time() {
    let (_, clients) = account().await;
    let db = clients.dynamodb();
    use aws_sdk_dynamodb::types as t;
    let key = t::KeySchemaElement::builder().attribute_name("k").key_type(t::KeyType::Hash).build().unwrap();
    let kind = t::ScalarAttributeType::S;
    let attribute =
        t::AttributeDefinition::builder().attribute_name("k").attribute_type(kind).build().unwrap();
    let create =
        db.create_table().table_name("tbl").key_schema(key).billing_mode(t::BillingMode::PayPerRequest);
    assert!(blocker(create.clone().send().await).contains("AttributeDefinitions"));
    let tag = t::Tag::builder().key("a").value("b").build().unwrap();
    create.attribute_definitions(attribute).tags(tag).send().await.unwrap();
    assert!(
        blocker(db.describe_table().table_name("tbl").send().await)
            .starts_with("ResourceNotFoundException: ")
    );
    seconds(1).await;
    let table = db.describe_table().table_name("tbl").send().await.unwrap().table.unwrap();
    assert_eq!(table.table_status(), Some(&t::TableStatus::Creating));
    let tags = || db.list_tags_of_resource().resource_arn(table.table_arn().unwrap()).send();
    assert!(tags().await.unwrap().tags().is_empty(), "tags are late");
    assert!(blocker(db.delete_table().table_name("tbl").send().await).contains("Table is being created"));
    let protect = || db.update_table().table_name("tbl").deletion_protection_enabled(true).send();
    assert!(blocker(protect().await).starts_with("ResourceInUseException: "));
    seconds(6).await;
    assert_eq!(tags().await.unwrap().tags().len(), 1);
    let both = db.update_table().table_name("tbl").deletion_protection_enabled(true);
    assert!(
        blocker(both.billing_mode(t::BillingMode::PayPerRequest).send().await).contains("Only one class")
    );
    protect().await.unwrap();
    seconds(4).await;
    assert!(blocker(db.delete_table().table_name("tbl").send().await).contains("protected against deletion"));
}

/// The files of Rust in a folder and below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// A new service is a new file and its place in the registry, so nothing else may know of any service. Scenarios and the tests
/// here are about certain services, and name them.
#[test]
fn no_service_is_named_outside_of_its_own_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strict");
    let (variants, modules, names): (Vec<String>, Vec<&str>, Vec<&str>) = (
        Service::ALL.iter().map(|service| format!("{service:?}")).collect(),
        Service::MODULES.to_vec(),
        Service::ALL.iter().map(|service| service.name()).collect(),
    );
    let (variants, modules, names) = (variants.join("|"), modules.join("|"), names.join("|"));
    // A variant, a module or a client's crate; a field of an account; a call or an action; a name by itself.
    let named = Regex::new(&format!(
        "Service::({variants})\\b|(services|self|super)::({modules})\\b|aws_sdk_|\\.({modules})\\.|\"({names})[:\"]"
    ));
    let (named, mut found) = (named.unwrap(), Vec::new());
    for file in files(&root) {
        let path = file.strip_prefix(&root).unwrap();
        if ["services", "scenarios", "instrument.rs"].iter().any(|own| path.starts_with(own)) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        let lines = code.filter(|(_, line)| named.is_match(line));
        found.extend(lines.map(|(number, line)| format!("{}:{}: {line}", path.display(), number + 1)));
    }
    assert_eq!(found, Vec::<String>::new());
}
