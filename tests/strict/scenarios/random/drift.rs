//! What people and other tools do to the things of a stack, behind its back: changes made in the account itself. Each is
//! one that the next `up` shall undo, whatever the stack file says.

use super::stacks::EXISTING_ROLE;
use crate::cloud::{Cloud, Tags};
use crate::services::apigateway::Api;
use crate::services::dynamodb::Table;
use crate::services::iam::Role;
use crate::services::lambda::Function;
use crate::services::logs::Group;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Changes one of the things of a stack, by its identity, and tells which one; `None` where there is none.
type Change = fn(&mut Cloud, &str, usize) -> Option<String>;

/// Every drift, by name.
pub(super) const DRIFTS: &[(&str, Change)] = &[
    ("a table is deleted", |cloud, stack, nth| {
        let name = pick(&cloud.dynamodb.tables, |table| table.is_of(stack), nth)?;
        cloud.dynamodb.tables.remove(&name);
        Some(name)
    }),
    ("a table is billed otherwise", |cloud, stack, nth| {
        table(cloud, stack, nth, |table, _| {
            let units =
                json!({ "ReadCapacityUnits": 9, "WriteCapacityUnits": 9, "NumberOfDecreasesToday": 0 });
            table.description.insert("ProvisionedThroughput".to_owned(), units);
            table
                .description
                .insert("BillingModeSummary".to_owned(), json!({ "BillingMode": "PROVISIONED" }));
        })
    }),
    ("a table's items expire by another attribute", |cloud, stack, nth| {
        table(cloud, stack, nth, |table, long_ago| table.ttl = Some(("other".to_owned(), true, long_ago)))
    }),
    ("a table's items do not expire any more", |cloud, stack, nth| {
        table(cloud, stack, nth, |table, _| table.ttl = None)
    }),
    ("a table's recovery is switched", |cloud, stack, nth| {
        table(cloud, stack, nth, |table, _| table.recovery = !table.recovery)
    }),
    ("a table's protection is switched", |cloud, stack, nth| {
        table(cloud, stack, nth, |table, _| table.protected = !table.protected)
    }),
    ("a table's tags are changed", |cloud, stack, nth| {
        table(cloud, stack, nth, |table, _| retag(&mut table.tags))
    }),
    ("a table gets items", |cloud, stack, nth| table(cloud, stack, nth, |table, _| table.items += 3)),
    ("a role is deleted", |cloud, stack, nth| {
        let name = pick(&cloud.iam.roles, |role| role.is_of(stack), nth)?;
        cloud.iam.roles.remove(&name);
        Some(name)
    }),
    ("a role is made anew", |cloud, stack, nth| {
        role(cloud, stack, nth, |role| role.id = format!("{}NEW", role.id.trim_end_matches("NEW")))
    }),
    ("a role trusts another service", |cloud, stack, nth| {
        role(cloud, stack, nth, |role| {
            role.trust = role.trust.replace("lambda.amazonaws.com", "ec2.amazonaws.com")
        })
    }),
    ("a role gets another policy", |cloud, stack, nth| {
        role(cloud, stack, nth, |role| drop(role.policies.insert("theirs".to_owned(), POLICY.to_owned())))
    }),
    ("a role's policy is changed", |cloud, stack, nth| {
        role(cloud, stack, nth, |role| drop(role.policies.insert("provision".to_owned(), POLICY.to_owned())))
    }),
    ("a role's policies are taken away", |cloud, stack, nth| {
        role(cloud, stack, nth, |role| role.policies.clear())
    }),
    ("a managed policy is attached to a role", |cloud, stack, nth| {
        let managed = "arn:aws:iam::aws:policy/AWSLambdaExecute";
        role(cloud, stack, nth, |role| role.attached.extend([managed.to_owned()]))
    }),
    ("a role's boundary is changed", |cloud, stack, nth| {
        role(cloud, stack, nth, |role| {
            role.boundary = match role.boundary {
                Some(_) => None,
                None => Some("arn:aws:iam::123456789012:policy/theirs".to_owned()),
            }
        })
    }),
    ("a role's tags are changed", |cloud, stack, nth| role(cloud, stack, nth, |role| retag(&mut role.tags))),
    ("a role is put into an instance profile", |cloud, stack, nth| {
        role(cloud, stack, nth, |role| role.profiles.extend(["theirs".to_owned()]))
    }),
    ("a log group is deleted", |cloud, stack, nth| {
        let name = pick(&cloud.logs.groups, |group| group.is_of(stack), nth)?;
        cloud.logs.groups.remove(&name);
        Some(name)
    }),
    ("a log group keeps its events for another time", |cloud, stack, nth| {
        group(cloud, stack, nth, |group| group.days = if group.days == Some(1) { None } else { Some(1) })
    }),
    ("a log group's tags are changed", |cloud, stack, nth| {
        group(cloud, stack, nth, |group| retag(&mut group.tags))
    }),
    ("a log group loses its tags", |cloud, stack, nth| group(cloud, stack, nth, |group| group.tags.clear())),
    ("a log group is protected", |cloud, stack, nth| {
        group(cloud, stack, nth, |group| group.protected = true)
    }),
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
    ("a function's layers are changed", |cloud, stack, nth| {
        let layer = "arn:aws:lambda:eu-central-1:123456789012:layer:theirs:1";
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
    ("an API is deleted", |cloud, stack, nth| {
        let id = pick(&cloud.apigateway.apis, |api| api.is_of(stack), nth)?;
        cloud.apigateway.apis.remove(&id);
        Some(id)
    }),
    ("an API is there twice", |cloud, stack, nth| {
        let id = pick(&cloud.apigateway.apis, |api| api.is_of(stack), nth)?;
        let mut second = cloud.apigateway.apis[&id].clone();
        let new = cloud.made_up("api", "drift", "abcdefghij", 10);
        second.settings.insert("ApiId".to_owned(), new.clone().into());
        (second.integrations, second.routes, second.stages) = Default::default();
        cloud.apigateway.apis.insert(new, second);
        Some(id)
    }),
    ("an API is renamed", |cloud, stack, nth| setting(cloud, stack, nth, "Name", "theirs".into())),
    ("an API is described otherwise", |cloud, stack, nth| {
        setting(cloud, stack, nth, "Description", "theirs".into())
    }),
    ("an API's own address is switched off", |cloud, stack, nth| {
        setting(cloud, stack, nth, "DisableExecuteApiEndpoint", true.into())
    }),
    ("an API's CORS is changed", |cloud, stack, nth| {
        let cors =
            json!({ "AllowOrigins": ["https://theirs.example"], "MaxAge": 5, "AllowHeaders": ["x-theirs"] });
        setting(cloud, stack, nth, "CorsConfiguration", cors)
    }),
    ("an API's CORS is taken away", |cloud, stack, nth| {
        api(cloud, stack, nth, |api| drop(api.settings.remove("CorsConfiguration")))
    }),
    ("an API's tags are changed", |cloud, stack, nth| api(cloud, stack, nth, |api| retag(&mut api.tags))),
    ("an integration and its routes are deleted", |cloud, stack, nth| {
        api(cloud, stack, nth, |api| {
            let Some((id, _)) = api.integrations.iter().find(|(_, one)| is_ours(one)) else { return };
            let (id, target) = (id.clone(), Json::from(format!("integrations/{id}")));
            api.routes.retain(|_, route| route["Target"] != target);
            api.integrations.remove(&id);
        })
    }),
    ("an integration is there twice", |cloud, stack, nth| {
        let new = cloud.made_up("integration", "drift", "abcdefghij", 7);
        api(cloud, stack, nth, |api| {
            let Some(mut second) = api.integrations.values().find(|one| is_ours(one)).cloned() else {
                return;
            };
            second.insert("IntegrationId".to_owned(), new.clone().into());
            api.integrations.insert(new.clone(), second);
        })
    }),
    ("an integration is changed", |cloud, stack, nth| {
        api(cloud, stack, nth, |api| {
            if let Some(one) = api.integrations.values_mut().find(|one| is_ours(one)) {
                one.insert("TimeoutInMillis".to_owned(), 1000.into());
                one.insert("PayloadFormatVersion".to_owned(), "1.0".into());
            }
        })
    }),
    ("a route is deleted", |cloud, stack, nth| {
        api(cloud, stack, nth, |api| {
            let id = api.routes.iter().find(|(_, route)| leads_to_ours(&api.integrations, route));
            let id = id.map(|(id, _)| id.clone()).unwrap_or_default();
            api.routes.remove(&id);
        })
    }),
    ("all routes lead to one integration", |cloud, stack, nth| {
        api(cloud, stack, nth, |api| {
            let Some((id, _)) = api.integrations.iter().find(|(_, one)| is_ours(one)) else { return };
            let target = Json::from(format!("integrations/{id}"));
            for route in api.routes.values_mut().filter(|route| leads_to_ours(&api.integrations, route)) {
                route.insert("Target".to_owned(), target.clone());
            }
        })
    }),
    ("a route asks for credentials", |cloud, stack, nth| {
        api(cloud, stack, nth, |api| {
            if let Some(route) = api.routes.values_mut().find(|route| leads_to_ours(&api.integrations, route))
            {
                route.insert("AuthorizationType".to_owned(), "AWS_IAM".into());
            }
        })
    }),
    ("the stage is deleted", |cloud, stack, nth| {
        api(cloud, stack, nth, |api| drop(api.stages.remove("$default")))
    }),
    ("the stage does not deploy any more", |cloud, stack, nth| {
        api(cloud, stack, nth, |api| {
            if let Some(stage) = api.stages.get_mut("$default") {
                stage.settings.insert("AutoDeploy".to_owned(), false.into());
            }
        })
    }),
    ("the stage's tags are taken away", |cloud, stack, nth| {
        api(cloud, stack, nth, |api| {
            if let Some(stage) = api.stages.get_mut("$default") {
                stage.tags.clear();
            }
        })
    }),
];

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Sid":"Theirs","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

/// What bears a stack's mark.
pub(super) trait Marked {
    fn tags(&self) -> &Tags;

    fn is_of(&self, stack: &str) -> bool {
        self.tags().get("provision:stack").is_some_and(|of| of == stack)
    }
}

macro_rules! marked {
    ($($kind:ty),*) => {
        $(impl Marked for $kind {
            fn tags(&self) -> &Tags {
                &self.tags
            }
        })*
    };
}
marked!(Table, Role, Group, Function, Api);

/// The key of the nth thing of these, counted round and round.
fn pick<T>(things: &BTreeMap<String, T>, is_one: impl Fn(&T) -> bool, nth: usize) -> Option<String> {
    let keys: Vec<&String> = things.iter().filter(|(_, thing)| is_one(thing)).map(|(key, _)| key).collect();
    Some((*keys.get(nth.checked_rem(keys.len())?)?).clone())
}

fn changed<T: Marked>(
    things: &mut BTreeMap<String, T>,
    stack: &str,
    nth: usize,
    change: impl FnOnce(&mut T),
) -> Option<String> {
    let key = pick(things, |thing| thing.is_of(stack), nth)?;
    change(things.get_mut(&key)?);
    Some(key)
}

/// Changes a table that is not being deleted; the time given was a day ago.
fn table(
    cloud: &mut Cloud,
    stack: &str,
    nth: usize,
    change: impl FnOnce(&mut Table, Duration),
) -> Option<String> {
    let long_ago = cloud.now.saturating_sub(Duration::from_secs(86_400));
    changed(&mut cloud.dynamodb.tables, stack, nth, |table| change(table, long_ago))
}

fn role(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Role)) -> Option<String> {
    changed(&mut cloud.iam.roles, stack, nth, change)
}

fn group(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Group)) -> Option<String> {
    changed(&mut cloud.logs.groups, stack, nth, change)
}

fn function(
    cloud: &mut Cloud,
    stack: &str,
    nth: usize,
    change: impl FnOnce(&mut Function),
) -> Option<String> {
    changed(&mut cloud.lambda.functions, stack, nth, change)
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

fn api(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Api)) -> Option<String> {
    changed(&mut cloud.apigateway.apis, stack, nth, change)
}

fn setting(cloud: &mut Cloud, stack: &str, nth: usize, name: &str, value: Json) -> Option<String> {
    api(cloud, stack, nth, |api| drop(api.settings.insert(name.to_owned(), value)))
}

/// Other values for what a stack may declare, and a tag that nobody declares.
fn retag(tags: &mut Tags) {
    for key in ["team", "provision:id", "provision:for"] {
        if let Some(value) = tags.get_mut(key) {
            "theirs".clone_into(value);
        }
    }
    tags.insert("auto-tagged".to_owned(), "yes".to_owned());
}

fn is_ours(integration: &Map<String, Json>) -> bool {
    let description = integration.get("Description").and_then(Json::as_str);
    description.is_some_and(|description| description.starts_with("provision:"))
}

/// True for a route that leads to an integration of ours.
fn leads_to_ours(integrations: &BTreeMap<String, Map<String, Json>>, route: &Map<String, Json>) -> bool {
    let target = route.get("Target").and_then(Json::as_str).unwrap_or_default();
    integrations.get(target.trim_start_matches("integrations/")).is_some_and(is_ours)
}
