//! What people and other tools do with functions.

use super::url::Url;
use super::{FUNCTIONS, Function, Statements, function_arn};
use crate::cloud::{Cloud, REGION, Tags, Time};
use crate::service::{Drift, ID, Make, Marked, changed, map, own, pick, retag};
use crate::services::Service;
use crate::services::iam::{EARLIER_ROLE, EXISTING_ROLE, Role};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

impl Marked for Function {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

pub(super) const DRIFTS: &[(&str, Drift)] = &[
    ("a function is deleted", |cloud, stack, nth| {
        let name = pick(&cloud.lambda.functions, |function| function.is_of(stack), nth)?;
        cloud.lambda.functions.remove(&name);
        Some(name)
    }),
    ("a function's code is changed", |cloud, stack, nth| {
        let hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        configuration(cloud, stack, nth, "CodeSha256", hash.into())
    }),
    ("a function's memory is changed", |cloud, stack, nth| {
        configuration(cloud, stack, nth, "MemorySize", 1024.into())
    }),
    ("a function's handler is changed", |cloud, stack, nth| {
        configuration(cloud, stack, nth, "Handler", "other.handler".into())
    }),
    ("a function's runtime is changed", |cloud, stack, nth| {
        configuration(cloud, stack, nth, "Runtime", "python3.11".into())
    }),
    ("a function's architecture is changed", |cloud, stack, nth| {
        function(cloud, stack, nth, |function| {
            let other =
                if function.configuration["Architectures"] == json!(["arm64"]) { "x86_64" } else { "arm64" };
            function.configuration.insert("Architectures".to_owned(), json!([other]));
        })
    }),
    ("a function's description is changed", |cloud, stack, nth| {
        configuration(cloud, stack, nth, "Description", "theirs".into())
    }),
    ("a function's environment is changed", |cloud, stack, nth| {
        configuration(
            cloud,
            stack,
            nth,
            "Environment",
            json!({ "Variables": { "LEVEL": "theirs", "MORE": "x" } }),
        )
    }),
    ("a function's storage is changed", |cloud, stack, nth| {
        configuration(cloud, stack, nth, "EphemeralStorage", json!({ "Size": 2048 }))
    }),
    ("a function's tracing is changed", |cloud, stack, nth| {
        function(cloud, stack, nth, |function| {
            let was = function
                .configuration
                .get("TracingConfig")
                .is_some_and(|tracing| tracing["Mode"] == "Active");
            let mode = if was { "PassThrough" } else { "Active" };
            function.configuration.insert("TracingConfig".to_owned(), json!({ "Mode": mode }));
        })
    }),
    ("a function's network is changed", |cloud, stack, nth| {
        let network = json!({ "SubnetIds": ["subnet-9"], "SecurityGroupIds": ["sg-9"], "VpcId": "vpc-9" });
        configuration(cloud, stack, nth, "VpcConfig", network)
    }),
    ("a function's key is changed", |cloud, stack, nth| {
        configuration(cloud, stack, nth, "KMSKeyArn", "arn:aws:kms:eu-west-1:123456789012:key/theirs".into())
    }),
    ("a function's file system is changed", |cloud, stack, nth| {
        let point = "arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-9";
        let mounts = json!([{ "Arn": point, "LocalMountPath": "/mnt/theirs" }]);
        configuration(cloud, stack, nth, "FileSystemConfigs", mounts)
    }),
    ("a function's snapshots are turned on", |cloud, stack, nth| {
        configuration(cloud, stack, nth, "SnapStart", json!({ "ApplyOn": "PublishedVersions" }))
    }),
    ("a function's dead letters go elsewhere", |cloud, stack, nth| {
        let queue = "arn:aws:sqs:eu-west-1:123456789012:theirs";
        configuration(cloud, stack, nth, "DeadLetterConfig", json!({ "TargetArn": queue }))
    }),
    ("a function's logs are of another level", |cloud, stack, nth| {
        function(cloud, stack, nth, |function| {
            let logging = json!({ "LogFormat": "JSON", "ApplicationLogLevel": "TRACE", "SystemLogLevel": "DEBUG",
                "LogGroup": function.group() });
            function.configuration.insert("LoggingConfig".to_owned(), logging);
        })
    }),
    ("a function's asynchronous settings are taken away", |cloud, stack, nth| {
        let has = |function: &Function| function.is_of(stack) && function.apart.asynchronous.is_some();
        let name = pick(&cloud.lambda.functions, has, nth)?;
        cloud.lambda.functions.get_mut(&name)?.apart = Default::default();
        Some(name)
    }),
    ("a function forgets which settings it has", |cloud, stack, nth| {
        let has =
            |function: &Function| function.is_of(stack) && function.tags.contains_key("provision:settings");
        let name = pick(&cloud.lambda.functions, has, nth)?;
        cloud.lambda.functions.get_mut(&name)?.tags.remove("provision:settings");
        Some(name)
    }),
    ("a function's URL is deleted", |cloud, stack, nth| url(cloud, stack, nth, |url| *url = None)),
    ("a function's URL is another one", |cloud, stack, nth| {
        let now = cloud.now;
        url(cloud, stack, nth, |url| *url = Some(Url::new("other", &json!({}), now)))
    }),
    ("a function's URL is guarded", |cloud, stack, nth| {
        url(cloud, stack, nth, |url| {
            if let Some(url) = url {
                url.auth = if url.auth == "NONE" { "AWS_IAM" } else { "NONE" }.to_owned();
            }
        })
    }),
    ("a function's URL streams for pages of others", |cloud, stack, nth| {
        url(cloud, stack, nth, |url| {
            if let Some(url) = url {
                "RESPONSE_STREAM".clone_into(&mut url.mode);
                url.cors =
                    Some(json!({ "AllowOrigins": ["https://theirs.example"], "AllowCredentials": true }));
            }
        })
    }),
    ("a function's layers are changed", |cloud, stack, nth| {
        let layer = format!("arn:aws:lambda:{REGION}:111122223333:layer:theirs:1");
        configuration(cloud, stack, nth, "Layers", json!([{ "Arn": layer, "CodeSize": 1000 }]))
    }),
    ("a function's role is changed", |cloud, stack, nth| {
        configuration(cloud, stack, nth, "Role", EXISTING_ROLE.into())
    }),
    ("a function's logs go elsewhere", |cloud, stack, nth| {
        configuration(
            cloud,
            stack,
            nth,
            "LoggingConfig",
            json!({ "LogFormat": "Text", "LogGroup": "/elsewhere" }),
        )
    }),
    ("a function's concurrency is changed", |cloud, stack, nth| {
        function(cloud, stack, nth, |function| {
            function.reserved = if function.reserved == Some(3) { None } else { Some(3) };
        })
    }),
    ("a function's tags are changed", |cloud, stack, nth| {
        function(cloud, stack, nth, |function| retag(&mut function.tags))
    }),
    ("a function forgets its role's id", |cloud, stack, nth| {
        function(cloud, stack, nth, |function| drop(function.tags.remove("provision:role-id")))
    }),
    ("a function's permissions are taken away", |cloud, stack, nth| {
        statements(cloud, stack, nth, |statements| statements.clear())
    }),
    ("a function's permission is widened", |cloud, stack, nth| {
        statements(cloud, stack, nth, |statements| {
            if let Some(statement) = statements.first_mut() {
                statement["Condition"]["ArnLike"]["AWS:SourceArn"] = "arn:aws:execute-api:*".into();
            }
        })
    }),
];

fn function(
    cloud: &mut Cloud,
    stack: &str,
    nth: usize,
    change: impl FnOnce(&mut Function),
) -> Option<String> {
    changed(&mut cloud.lambda.functions, stack, nth, change)
}

/// Changes the URL of a function that has one.
fn url(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Option<Url>)) -> Option<String> {
    let has = |function: &Function| function.is_of(stack) && function.url.is_some();
    let name = pick(&cloud.lambda.functions, has, nth)?;
    change(&mut cloud.lambda.functions.get_mut(&name)?.url);
    Some(name)
}

fn configuration(cloud: &mut Cloud, stack: &str, nth: usize, name: &str, value: Json) -> Option<String> {
    function(cloud, stack, nth, |function| drop(function.configuration.insert(name.to_owned(), value)))
}

/// Changes the statements of a function's policy that are the tool's.
fn statements(
    cloud: &mut Cloud,
    stack: &str,
    nth: usize,
    change: impl FnOnce(&mut Vec<Json>),
) -> Option<String> {
    let now = cloud.now;
    function(cloud, stack, nth, |function| {
        let sid = |statement: &Json| statement["Sid"].as_str().unwrap_or_default().starts_with("provision-");
        let (mut ours, theirs): (Vec<Json>, Vec<Json>) = function.policy.now().into_iter().partition(sid);
        change(&mut ours);
        function.policy.set(now, theirs.into_iter().chain(ours).collect());
    })
}

pub(super) const UNMANAGED: &[(&str, Make)] = &[
    ("a function of a wanted name", |cloud, stack, nth| make(cloud, &own(stack, FUNCTIONS, nth), &[])),
    ("a function of a near name", |cloud, stack, nth| {
        let name = format!("{}-2", own(stack, FUNCTIONS, nth));
        make(cloud, &name, &[("provision:stack", &format!("{stack}-2"))]);
    }),
    ("a permission of a function of the stack", |cloud, stack, nth| {
        let Some(name) = pick(&cloud.lambda.functions, |function| function.is_of(stack), nth) else { return };
        let permission = json!({ "FunctionName": name, "StatementId": "theirs", "Principal": "events.amazonaws.com",
            "Action": "lambda:InvokeFunction" });
        cloud.act(Service::Lambda, "AddPermission", &permission);
    }),
];

fn make(cloud: &mut Cloud, name: &str, tags: &[(&str, &str)]) {
    let configuration = json!({
        "FunctionName": name, "FunctionArn": function_arn(name), "Runtime": "python3.13", "Handler": "theirs.handler",
        "Role": EXISTING_ROLE, "CodeSha256": "theirs", "Timeout": 3, "MemorySize": 128,
    });
    let function = Function {
        configuration: configuration.as_object().cloned().unwrap_or_default(),
        created: cloud.now,
        ready: cloud.now,
        modified: cloud.now,
        updating: Time::ZERO,
        gone: None,
        tags: map(tags),
        reserved: None,
        apart: Default::default(),
        url: None,
        policy: Statements::default(),
        releases: Default::default(),
        fails: false,
        looks: 0,
    };
    cloud.lambda.functions.entry(name.to_owned()).or_insert(function);
}

/// Changes all functions wherever they can be changed.
pub(super) fn change_all(cloud: &mut Cloud) {
    let now = cloud.now;
    let settings = "provision:settings";
    let of_stack = cloud.lambda.functions.values().filter_map(|function| function.tags.get(settings));
    let names: BTreeSet<String> = of_stack.flat_map(|all| all.split(' ').map(str::to_owned)).collect();
    for function in cloud.lambda.functions.values_mut() {
        function.configuration.insert("MemorySize".to_owned(), 1024.into());
        function.configuration.insert("CodeSha256".to_owned(), "other".into());
        function.reserved = if function.reserved.is_some() { None } else { Some(3) };
        function.tags.remove(ID);
        // Settings that an earlier version of the stack had: the deploy policy is about those that the stack knows.
        if !names.is_empty() {
            let all: Vec<&str> = names.iter().map(String::as_str).collect();
            function.tags.insert(settings.to_owned(), all.join(" "));
        }
        if names.contains("url") {
            let name = function.member("FunctionName").to_owned();
            function.url = Some(Url::new(&name, &json!({ "AuthType": "AWS_IAM" }), now));
        }
        if names.contains("async") {
            function.apart.asynchronous = Some(json!({ "MaximumRetryAttempts": 0 }));
        }
        if names.contains("code-signing") {
            let config = "arn:aws:lambda:eu-central-1:123456789012:code-signing-config:csc-0123456789abcdef9";
            function.apart.signing = Some(config.to_owned());
        }
        if names.contains("recursive-loop") {
            function.apart.loops = !function.apart.loops;
        }
        let mut statements = function.policy.now();
        // Of the same stack, and of a permission that was once declared.
        if let Some(statement) = statements.first_mut() {
            let sid = statement["Sid"].as_str().unwrap_or_default();
            let mark = sid.splitn(3, '-').take(2).collect::<Vec<_>>().join("-");
            statement["Sid"] = format!("{mark}-0123456789abcdef-1").into();
        }
        function.policy.set(now, statements);
    }
}

/// A function that is no longer declared, with the role and the log group that are left behind for it.
pub(super) fn leave_behind(cloud: &mut Cloud) {
    let Some(role) = cloud.iam.roles.get(EARLIER_ROLE).map(Role::arn) else { return };
    let Some(mut function) = cloud.lambda.functions.values().next().cloned() else { return };
    for (name, value) in
        [("FunctionName", "earlier".to_owned()), ("FunctionArn", function_arn("earlier")), ("Role", role)]
    {
        function.configuration.insert(name.to_owned(), value.into());
    }
    let network = json!({ "SubnetIds": ["subnet-9"], "SecurityGroupIds": ["sg-9"], "VpcId": "vpc-9" });
    function.configuration.insert("VpcConfig".to_owned(), network);
    let logging = json!({ "LogFormat": "Text", "LogGroup": "/aws/lambda/earlier" });
    function.configuration.insert("LoggingConfig".to_owned(), logging);
    cloud.lambda.functions.insert("earlier".to_owned(), function);
}
