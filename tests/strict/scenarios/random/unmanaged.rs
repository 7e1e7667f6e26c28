//! What is not the stack's: things of people, of other tools and of other stacks, with names and marks near ours. No command
//! may ever change one of them.

use super::stacks::{FUNCTIONS, TABLES};
use crate::cloud::{Cloud, Tags, Time};
use crate::model::Service;
use crate::services::function_policy::Statements;
use crate::services::lambda::{Function, function_arn};
use crate::services::operations;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// A thing in an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Thing {
    Table(String),
    /// By its name in lower case.
    Role(String),
    Group(String),
    Function(String),
    Api(String),
    /// By the ids of the API and of itself, as the next two.
    Integration(String, String),
    Route(String, String),
    Stage(String, String),
    /// By the function and the `Sid`.
    Statement(String, String),
}

impl Thing {
    /// The thing that it dies with.
    pub(super) fn parent(&self) -> Option<Thing> {
        match self {
            Thing::Integration(api, _) | Thing::Route(api, _) | Thing::Stage(api, _) => {
                Some(Thing::Api(api.clone()))
            }
            Thing::Statement(function, _) => Some(Thing::Function(function.clone())),
            _ => None,
        }
    }

    /// True for a thing whose name the stack wants for its own, by what is wanted of each kind.
    pub(super) fn is_wanted(&self, wanted: &BTreeMap<&str, std::collections::BTreeSet<String>>) -> bool {
        let (kind, own) = match self {
            Thing::Table(name) => ("table", name),
            Thing::Role(name) => ("role", name),
            Thing::Group(name) => ("log_group", name),
            Thing::Function(name) => ("function", name),
            _ => return false,
        };
        let same = |name: &String| if kind == "role" { name.eq_ignore_ascii_case(own) } else { name == own };
        wanted.get(kind).is_some_and(|names| names.iter().any(same))
    }

    /// Takes the thing out of an account, as somebody would who owns it.
    pub(super) fn remove(&self, cloud: &mut Cloud) {
        let apis = &mut cloud.apigateway.apis;
        match self {
            Thing::Table(name) => drop(cloud.dynamodb.tables.remove(name)),
            Thing::Role(name) => drop(cloud.iam.roles.remove(name)),
            Thing::Group(name) => drop(cloud.logs.groups.remove(name)),
            Thing::Function(name) => drop(cloud.lambda.functions.remove(name)),
            Thing::Api(id) => drop(apis.remove(id)),
            Thing::Integration(api, id) => {
                drop(apis.get_mut(api).and_then(|api| api.integrations.remove(id)))
            }
            Thing::Route(api, id) => drop(apis.get_mut(api).and_then(|api| api.routes.remove(id))),
            Thing::Stage(api, name) => drop(apis.get_mut(api).and_then(|api| api.stages.remove(name))),
            Thing::Statement(function, sid) => {
                let now = cloud.now;
                let Some(function) = cloud.lambda.functions.get_mut(function) else { return };
                let rest = function.policy.now().into_iter().filter(|statement| statement["Sid"] != **sid);
                function.policy.set(now, rest.collect());
            }
        }
    }
}

/// Everything in an account, to the last detail.
pub(super) fn everything(cloud: &Cloud) -> BTreeMap<Thing, String> {
    let mut all = BTreeMap::new();
    let gone = |until: Time| cloud.now >= until;
    for (name, table) in &cloud.dynamodb.tables {
        if table.phase.0 != "DELETING" || !gone(table.phase.1) {
            all.insert(Thing::Table(name.clone()), format!("{table:?}"));
        }
    }
    for (name, role) in &cloud.iam.roles {
        all.insert(Thing::Role(name.clone()), format!("{role:?}"));
    }
    for (name, group) in &cloud.logs.groups {
        // Late logs of a function of the same name may still arrive.
        let group = crate::services::logs::Group { bytes: 0, ..group.clone() };
        all.insert(Thing::Group(name.clone()), format!("{group:?}"));
    }
    for (name, function) in cloud.lambda.functions.iter().filter(|(_, function)| function.gone.is_none()) {
        for statement in function.policy.now() {
            let sid = statement["Sid"].as_str().unwrap_or_default().to_owned();
            all.insert(Thing::Statement(name.clone(), sid), statement.to_string());
        }
        let function = Function { policy: Statements::default(), ..function.clone() };
        all.insert(Thing::Function(name.clone()), format!("{function:?}"));
    }
    for (id, api) in &cloud.apigateway.apis {
        all.insert(Thing::Api(id.clone()), format!("{:?} {:?} {:?}", api.settings, api.created, api.tags));
        let children =
            api.integrations.iter().map(|(child, one)| (Thing::Integration(id.clone(), child.clone()), one));
        let routes = api.routes.iter().map(|(child, one)| (Thing::Route(id.clone(), child.clone()), one));
        all.extend(children.chain(routes).map(|(thing, settings)| (thing, format!("{settings:?}"))));
        let stages = api.stages.iter();
        all.extend(
            stages.map(|(name, stage)| (Thing::Stage(id.clone(), name.clone()), format!("{stage:?}"))),
        );
    }
    all
}

/// Makes a foreign thing in an account where a stack lives, by its identity; which one of its kind is counted round and
/// round. Where there is no place for it, nothing is made.
type Make = fn(&mut Cloud, &str, usize);

/// Every kind of foreign things, by name.
pub(super) const UNMANAGED: &[(&str, Make)] = &[
    ("a table of a wanted name", |cloud, stack, nth| table(cloud, &own(stack, TABLES, nth), &[])),
    ("a table of a wanted name, by CloudFormation", |cloud, stack, nth| {
        table(cloud, &own(stack, TABLES, nth), &[("aws:cloudformation:stack-name", stack)]);
    }),
    ("a table of a near name", |cloud, stack, nth| {
        table(cloud, &format!("{}2", own(stack, TABLES, nth)), &[("provision:stack", &format!("{stack}2"))]);
    }),
    ("a table of another environment", |cloud, _, nth| {
        let name = format!("prod-{}", TABLES[nth % TABLES.len()]);
        table(cloud, &name, &[("provision:stack", "walk/prod"), ("provision:id", &format!("table.{name}"))]);
    }),
    ("a role of a wanted name", |cloud, stack, nth| role(cloud, &role_name(stack, nth), "/", &[])),
    ("a role of a wanted name in capitals", |cloud, stack, nth| {
        role(cloud, &role_name(stack, nth).to_uppercase(), "/theirs/", &[]);
    }),
    ("a role of a wanted name of the same stack in another region", |cloud, stack, nth| {
        role(cloud, &role_name(stack, nth), &path(stack, "us-east-1"), &[("provision:stack", stack)]);
    }),
    ("a role of the same stack in another region", |cloud, stack, nth| {
        let function = own(stack, FUNCTIONS, nth);
        let tags = [("provision:stack", stack), ("provision:for", &format!("function.{function}"))];
        role(cloud, "elsewhere_role", &path(stack, "us-east-1"), &tags);
    }),
    ("a role without tags in the stack's path", |cloud, stack, _| {
        role(cloud, "guest_role", &path(stack, "eu-west-1"), &[]);
    }),
    ("a role of another stack in the stack's path", |cloud, stack, nth| {
        let function = own(stack, FUNCTIONS, nth);
        let tags = [("provision:stack", "walk-2"), ("provision:for", &format!("function.{function}"))];
        role(cloud, "lodger_role", &path(stack, "eu-west-1"), &tags);
    }),
    ("a log group of a wanted name", |cloud, stack, nth| {
        group(cloud, &format!("/aws/lambda/{}", own(stack, FUNCTIONS, nth)), &[("owner", "theirs")]);
    }),
    ("a log group of a near name", |cloud, stack, nth| {
        group(cloud, &format!("/aws/lambda/{}-2", own(stack, FUNCTIONS, nth)), &[]);
    }),
    ("a log group of another stack", |cloud, _, nth| {
        let name = format!("prod-{}", FUNCTIONS[nth % FUNCTIONS.len()]);
        let tags = [("provision:stack", "walk/prod"), ("provision:for", &*format!("function.{name}"))];
        group(cloud, &format!("/aws/lambda/{name}"), &tags);
    }),
    ("a function of a wanted name", |cloud, stack, nth| function(cloud, &own(stack, FUNCTIONS, nth), &[])),
    ("a function of a near name", |cloud, stack, nth| {
        let name = format!("{}-2", own(stack, FUNCTIONS, nth));
        function(cloud, &name, &[("provision:stack", &format!("{stack}-2"))]);
    }),
    ("an API of the same name", |cloud, _, _| api(cloud, "walking", &[])),
    ("an API of another stack", |cloud, stack, _| {
        api(cloud, "walking", &[("provision:stack", &format!("{stack}-2")), ("provision:id", "api")]);
    }),
    ("a route and an integration in the stack's API", |cloud, stack, nth| {
        let path = ["/theirs", "/items/theirs"][nth % 2];
        if let Some(id) = own_api(cloud, stack) {
            lodge(cloud, &id, &format!("GET {path}"));
        }
    }),
    ("a stage of the stack's API", |cloud, stack, _| {
        if let Some(id) = own_api(cloud, stack) {
            let stage = json!({ "ApiId": id, "StageName": "beta", "Tags": { "owner": "theirs" } });
            drop(act(cloud, Service::ApiGateway, "CreateStage", &stage));
        }
    }),
    ("a permission of a function of the stack", |cloud, stack, nth| {
        let functions = cloud.lambda.functions.iter();
        let ours = functions
            .filter(|(_, function)| function.tags.get("provision:stack").is_some_and(|of| of == stack));
        let names: Vec<String> = ours.map(|(name, _)| name.clone()).collect();
        let Some(name) = nth.checked_rem(names.len()).map(|nth| &names[nth]) else { return };
        let permission = json!({ "FunctionName": name, "StatementId": "theirs", "Principal": "events.amazonaws.com",
            "Action": "lambda:InvokeFunction" });
        drop(act(cloud, Service::Lambda, "AddPermission", &permission));
    }),
];

/// A name of the pool as the stack has it.
fn own(stack: &str, pool: &[&str], nth: usize) -> String {
    let name = pool[nth % pool.len()];
    stack.split_once('/').map_or_else(|| name.to_owned(), |(_, environment)| format!("{environment}-{name}"))
}

fn role_name(stack: &str, nth: usize) -> String {
    format!("{}_role", own(stack, FUNCTIONS, nth))
}

/// The path of a stack's roles.
fn path(stack: &str, region: &str) -> String {
    let (name, environment) = stack.split_once('/').unwrap_or((stack, "_"));
    format!("/provision/{name}/{environment}/{region}/")
}

/// The only API of a stack.
fn own_api(cloud: &Cloud, stack: &str) -> Option<String> {
    let apis = cloud.apigateway.apis.iter();
    let mut ours = apis.filter(|(_, api)| api.tags.get("provision:stack").is_some_and(|of| of == stack));
    ours.next().map(|(id, _)| id.clone()).filter(|_| ours.next().is_none())
}

/// Calls an operation of the account; what it refuses is not made.
fn act(cloud: &mut Cloud, service: Service, operation: &str, params: &Json) -> Option<Json> {
    let (_, handler) = operations(service).find(|(name, _)| *name == operation)?;
    handler(cloud, params).ok()
}

fn pairs(tags: &[(&str, &str)]) -> Json {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

fn map(tags: &[(&str, &str)]) -> Tags {
    tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn table(cloud: &mut Cloud, name: &str, tags: &[(&str, &str)]) {
    let table = json!({
        "TableName": name, "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{ "AttributeName": "theirs", "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": "theirs", "AttributeType": "S" }],
    });
    if act(cloud, Service::DynamoDb, "CreateTable", &table).is_some() {
        // AWS's own tags come past what users may set.
        cloud.dynamodb.tables.entry(name.to_owned()).and_modify(|table| table.tags = map(tags));
    }
}

pub(super) fn role(cloud: &mut Cloud, name: &str, path: &str, tags: &[(&str, &str)]) {
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "Service": "lambda.amazonaws.com" } }] });
    let role = json!({ "RoleName": name, "Path": path, "AssumeRolePolicyDocument": trust.to_string(), "Tags": pairs(tags) });
    drop(act(cloud, Service::Iam, "CreateRole", &role));
}

fn group(cloud: &mut Cloud, name: &str, tags: &[(&str, &str)]) {
    drop(act(cloud, Service::Logs, "CreateLogGroup", &json!({ "logGroupName": name, "tags": map(tags) })));
}

fn function(cloud: &mut Cloud, name: &str, tags: &[(&str, &str)]) {
    let configuration = json!({
        "FunctionName": name, "FunctionArn": function_arn(name), "Runtime": "python3.13", "Handler": "theirs.handler",
        "Role": super::stacks::EXISTING_ROLE, "CodeSha256": "theirs", "Timeout": 3, "MemorySize": 128,
    });
    let function = Function {
        configuration: configuration.as_object().cloned().unwrap_or_default(),
        created: cloud.now,
        modified: cloud.now,
        updating: Time::ZERO,
        gone: None,
        tags: map(tags),
        reserved: None,
        policy: Statements::default(),
        fails: false,
        looks: 0,
    };
    cloud.lambda.functions.entry(name.to_owned()).or_insert(function);
}

/// An API with a route, its integration and a stage.
fn api(cloud: &mut Cloud, name: &str, tags: &[(&str, &str)]) {
    let api = json!({ "Name": name, "ProtocolType": "HTTP", "Tags": map(tags) });
    let Some(api) = act(cloud, Service::ApiGateway, "CreateApi", &api) else { return };
    let id = api["ApiId"].as_str().unwrap_or_default();
    lodge(cloud, id, "GET /items");
    let stage = json!({ "ApiId": id, "StageName": "$default", "AutoDeploy": true, "Tags": map(tags) });
    drop(act(cloud, Service::ApiGateway, "CreateStage", &stage));
}

/// A route with its integration.
fn lodge(cloud: &mut Cloud, api: &str, key: &str) {
    let integration = json!({ "ApiId": api, "IntegrationType": "AWS_PROXY", "IntegrationMethod": "POST",
        "PayloadFormatVersion": "1.0", "IntegrationUri": function_arn("theirs"), "Description": "theirs" });
    if cloud.apigateway.apis[api].routes.values().any(|route| route["RouteKey"] == *key) {
        return;
    }
    let Some(made) = act(cloud, Service::ApiGateway, "CreateIntegration", &integration) else { return };
    let target = format!("integrations/{}", made["IntegrationId"].as_str().unwrap_or_default());
    let route = json!({ "ApiId": api, "RouteKey": key, "Target": target });
    drop(act(cloud, Service::ApiGateway, "CreateRoute", &route));
}
