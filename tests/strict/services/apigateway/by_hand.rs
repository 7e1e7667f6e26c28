//! What people and other tools do with APIs.

use super::{Api, Stage};
use crate::cloud::{Cloud, Tags};
use crate::service::{Drift, ID, Make, Marked, changed, map, pick, retag};
use crate::services::Service;
use crate::services::lambda::function_arn;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

impl Marked for Api {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

pub(super) const DRIFTS: &[(&str, Drift)] = &[
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

fn api(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Api)) -> Option<String> {
    changed(&mut cloud.apigateway.apis, stack, nth, change)
}

fn setting(cloud: &mut Cloud, stack: &str, nth: usize, name: &str, value: Json) -> Option<String> {
    api(cloud, stack, nth, |api| drop(api.settings.insert(name.to_owned(), value)))
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

pub(super) const UNMANAGED: &[(&str, Make)] = &[
    ("an API of the same name", |cloud, _, _| make(cloud, "walking", &[])),
    ("an API of another stack", |cloud, stack, _| {
        make(cloud, "walking", &[("provision:stack", &format!("{stack}-2")), ("provision:id", "api")]);
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
            cloud.act(Service::ApiGateway, "CreateStage", &stage);
        }
    }),
];

/// The only API of a stack.
fn own_api(cloud: &Cloud, stack: &str) -> Option<String> {
    let mut ours = cloud.apigateway.apis.iter().filter(|(_, api)| api.is_of(stack));
    ours.next().map(|(id, _)| id.clone()).filter(|_| ours.next().is_none())
}

/// An API with a route, its integration and a stage.
fn make(cloud: &mut Cloud, name: &str, tags: &[(&str, &str)]) {
    let api = json!({ "Name": name, "ProtocolType": "HTTP", "Tags": map(tags) });
    let Some(api) = cloud.act(Service::ApiGateway, "CreateApi", &api) else { return };
    let id = api["ApiId"].as_str().unwrap_or_default();
    lodge(cloud, id, "GET /items");
    let stage = json!({ "ApiId": id, "StageName": "$default", "AutoDeploy": true, "Tags": map(tags) });
    cloud.act(Service::ApiGateway, "CreateStage", &stage);
}

/// A route with its integration.
fn lodge(cloud: &mut Cloud, api: &str, key: &str) {
    let integration = json!({ "ApiId": api, "IntegrationType": "AWS_PROXY", "IntegrationMethod": "POST",
        "PayloadFormatVersion": "1.0", "IntegrationUri": function_arn("theirs"), "Description": "theirs" });
    if cloud.apigateway.apis[api].routes.values().any(|route| route["RouteKey"] == *key) {
        return;
    }
    let Some(made) = cloud.act(Service::ApiGateway, "CreateIntegration", &integration) else { return };
    let target = format!("integrations/{}", made["IntegrationId"].as_str().unwrap_or_default());
    let route = json!({ "ApiId": api, "RouteKey": key, "Target": target });
    cloud.act(Service::ApiGateway, "CreateRoute", &route);
}

/// Changes all APIs wherever they can be changed; of an earlier version there are a stage and a route, and a second API was
/// created since a response was lost.
pub(super) fn change_all(cloud: &mut Cloud) {
    cloud.apigateway.apis.values_mut().for_each(change);
    duplicate(cloud);
}

fn insert(settings: &mut Map<String, Json>, name: &str, value: Json) {
    settings.insert(name.to_owned(), value);
}

fn change(api: &mut Api) {
    insert(&mut api.settings, "Description", "other".into());
    let cors = json!({ "AllowOrigins": ["*"], "MaxAge": 7, "AllowHeaders": ["x"] });
    insert(&mut api.settings, "CorsConfiguration", cors);
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
    // A route to an integration that nothing needs any more.
    let mut stage: Stage = api.stages["$default"].clone();
    let mut integration = api.integrations.values().next().cloned().expect("an integration");
    insert(&mut stage.settings, "StageName", "earlier".into());
    api.stages.insert("earlier".to_owned(), stage);
    insert(&mut integration, "IntegrationId", "earlier".into());
    insert(&mut integration, "Description", "provision:integration.earlier".into());
    api.integrations.insert("earlier".to_owned(), integration);
    let route = json!({ "RouteId": "earlier", "RouteKey": "GET /earlier", "Target": "integrations/earlier",
                        "AuthorizationType": "NONE" });
    api.routes.insert("earlier".to_owned(), route.as_object().cloned().expect("a map"));
}

fn duplicate(cloud: &mut Cloud) {
    let Some(mut api) = cloud.apigateway.apis.values().next().cloned() else { return };
    api.settings.insert("ApiId".to_owned(), "zzzzzzzzzz".into());
    api.created += std::time::Duration::from_secs(1);
    (api.routes, api.integrations, api.stages) = Default::default();
    cloud.apigateway.apis.insert("zzzzzzzzzz".to_owned(), api);
}
