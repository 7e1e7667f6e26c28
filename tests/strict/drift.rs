//! What people do to an account behind the program's back: everything that can be changed of a stack is changed, and
//! everything that an earlier version of it could have left behind is there.

use crate::cloud::{Cloud, Tags, arn};
use crate::model::Service;
use crate::services::apigateway::Api;
use crate::services::lambda::function_arn;
use serde_json::{Map, Value as Json, json};

/// A policy that allows its bearer to make log groups.
pub(crate) const LOOSE: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":"ec2.amazonaws.com"}}]}"#;
/// The tag that every thing of a stack has, and can lose without being lost.
const ID: &str = "provision:id";

/// An account in which a stack, the only one, was changed wherever it can be, and has left things behind.
pub(crate) fn drifted(cloud: &Cloud) -> Cloud {
    let mut cloud = cloud.clone();
    leave_behind(&mut cloud);
    change_tables(&mut cloud);
    change_roles(&mut cloud);
    change_functions(&mut cloud);
    cloud.apigateway.apis.values_mut().for_each(change_api);
    duplicate_api(&mut cloud);
    cloud
}

fn change_tables(cloud: &mut Cloud) {
    for table in cloud.dynamodb.tables.values_mut() {
        table.ttl = if table.ttl.is_some() { None } else { Some(("other".to_owned(), true, table.created)) };
        (table.recovery, table.protected) = (!table.recovery, !table.protected);
        table.tags.remove(ID);
    }
}

fn change_roles(cloud: &mut Cloud) {
    let boundary = "arn:aws:iam::123456789012:policy/other".to_owned();
    for role in cloud.iam.roles.values_mut() {
        role.trust = TRUST.to_owned();
        role.policies = ["provision", "other"].map(|name| (name.to_owned(), LOOSE.to_owned())).into();
        role.attached.insert("arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned());
        role.boundary = if role.boundary.is_some() { None } else { Some(boundary.clone()) };
        role.tags.remove(ID);
    }
}

fn change_functions(cloud: &mut Cloud) {
    let now = cloud.now;
    for function in cloud.lambda.functions.values_mut() {
        function.configuration.insert("MemorySize".to_owned(), 1024.into());
        function.configuration.insert("CodeSha256".to_owned(), "other".into());
        function.reserved = if function.reserved.is_some() { None } else { Some(3) };
        function.tags.remove(ID);
        let mut statements = function.policy.now();
        // Of the same stack, and of a permission that was once declared.
        if let Some(statement) = statements.first_mut() {
            let sid = statement["Sid"].as_str().unwrap_or_default();
            let mark = sid.splitn(3, '-').take(2).collect::<Vec<_>>().join("-");
            statement["Sid"] = format!("{mark}-0123456789abcdef-1").into();
        }
        function.policy.set(now, statements);
    }
    for group in cloud.logs.groups.values_mut() {
        group.days = Some(3);
        group.tags.remove(ID);
    }
}

fn change_api(api: &mut Api) {
    let insert =
        |settings: &mut Map<String, Json>, name: &str, value: Json| settings.insert(name.to_owned(), value);
    insert(&mut api.settings, "Description", "other".into());
    insert(
        &mut api.settings,
        "CorsConfiguration",
        json!({ "AllowOrigins": ["*"], "MaxAge": 7, "AllowHeaders": ["x"] }),
    );
    api.tags.remove(ID);
    for stage in api.stages.values_mut() {
        insert(&mut stage.settings, "AutoDeploy", false.into());
        stage.tags.remove(ID);
    }
    for integration in api.integrations.values_mut() {
        insert(integration, "TimeoutInMillis", 1_000.into());
    }
    for route in api.routes.values_mut() {
        insert(route, "AuthorizationType", "AWS_IAM".into());
    }
    // Of an earlier version: a stage, and a route to an integration that nothing needs any more.
    let (mut stage, integration) =
        (api.stages["$default"].clone(), api.integrations.values().next().cloned());
    insert(&mut stage.settings, "StageName", "earlier".into());
    api.stages.insert("earlier".to_owned(), stage);
    let mut integration = integration.expect("an integration");
    insert(&mut integration, "IntegrationId", "earlier".into());
    insert(&mut integration, "Description", "provision:integration.earlier".into());
    api.integrations.insert("earlier".to_owned(), integration);
    let route = json!({ "RouteId": "earlier", "RouteKey": "GET /earlier", "Target": "integrations/earlier",
                        "AuthorizationType": "NONE" });
    api.routes.insert("earlier".to_owned(), route.as_object().cloned().expect("a map"));
}

/// An answer was lost, and the API was made again.
fn duplicate_api(cloud: &mut Cloud) {
    let Some(mut api) = cloud.apigateway.apis.values().next().cloned() else { return };
    api.settings.insert("ApiId".to_owned(), "zzzzzzzzzz".into());
    api.created += std::time::Duration::from_secs(1);
    (api.routes, api.integrations, api.stages) = Default::default();
    cloud.apigateway.apis.insert("zzzzzzzzzz".to_owned(), api);
}

/// A table, and a function with its role and log group, that are no longer declared.
fn leave_behind(cloud: &mut Cloud) {
    let named = |tags: &mut Tags| {
        tags.insert("provision:for".to_owned(), "function.earlier".to_owned());
    };
    if let Some(mut table) = cloud.dynamodb.tables.values().next().cloned() {
        table.protected = true;
        table.description.insert("TableName".to_owned(), "earlier".into());
        table.description.insert("TableArn".to_owned(), arn(Service::DynamoDb, "table/earlier").into());
        cloud.dynamodb.tables.insert("earlier".to_owned(), table);
    }
    let Some(mut role) = cloud.iam.roles.values().next().cloned() else { return };
    let Some(mut function) = cloud.lambda.functions.values().next().cloned() else { return };
    let Some(mut group) = cloud.logs.groups.values().next().cloned() else { return };
    (role.name, role.id) = ("earlier_role".to_owned(), "AROAEARLIER".to_owned());
    named(&mut role.tags);
    named(&mut group.tags);
    for (name, value) in [
        ("FunctionName", "earlier".to_owned()),
        ("FunctionArn", function_arn("earlier")),
        ("Role", role.arn()),
    ] {
        function.configuration.insert(name.to_owned(), value.into());
    }
    let logging = json!({ "LogFormat": "Text", "LogGroup": "/aws/lambda/earlier" });
    function.configuration.insert("LoggingConfig".to_owned(), logging);
    cloud.iam.roles.insert("earlier_role".to_owned(), role);
    cloud.lambda.functions.insert("earlier".to_owned(), function);
    cloud.logs.groups.insert("/aws/lambda/earlier".to_owned(), group);
}
