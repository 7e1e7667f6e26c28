//! Whether requests to an API reach its functions: what AWS does at run time.

use crate::cloud::{ACCOUNT, Cloud, REGION};
use crate::services::lambda;
use serde_json::Value as Json;

/// The routes of live APIs that are not answered, and why.
pub(super) fn broken(cloud: &Cloud) -> Vec<(String, String)> {
    let live = cloud.apigateway.apis.iter().filter(|(_, api)| !api.stages.is_empty());
    let routes = live.flat_map(|(id, api)| api.routes.values().map(move |route| (id, route)));
    let routes = routes.filter_map(|(id, route)| {
        let key = route.get("RouteKey")?.as_str()?;
        let target = route.get("Target").and_then(|target| target.as_str()).unwrap_or_default();
        let why = cannot_invoke(cloud, id, key).or_else(|| cannot_run(cloud, id, target))?;
        Some((format!("the live route {key} of {id}"), why))
    });
    routes.collect()
}

/// Why the function of a live route could not run now.
fn cannot_run(cloud: &Cloud, api: &str, target: &str) -> Option<String> {
    let integration =
        cloud.apigateway.apis.get(api)?.integrations.get(target.strip_prefix("integrations/")?)?;
    let uri = integration.get("IntegrationUri")?.as_str()?;
    let callee = lambda::callee(cloud, uri)?;
    callee.unable.map(|why| format!("{uri} {why}"))
}

/// Why a request to a route would not reach its function; `None` where it would. What AWS does at run time: the route
/// leads to an integration, that to a function, and the function's policy lets this route call it.
pub(crate) fn cannot_invoke(cloud: &Cloud, api: &str, route_key: &str) -> Option<String> {
    let api_id = api;
    let Some(api) = cloud.apigateway.apis.get(api) else { return Some("there is no such API".to_owned()) };
    if !api.stages.contains_key("$default") {
        return Some("there is no stage".to_owned());
    }
    let Some(route) = api.routes.values().find(|route| route.get("RouteKey") == Some(&route_key.into()))
    else {
        return Some("there is no such route".to_owned());
    };
    let target = route.get("Target").and_then(Json::as_str).unwrap_or_default();
    let integration = api.integrations.get(target.trim_start_matches("integrations/"));
    let uri = integration.and_then(|i| i.get("IntegrationUri")?.as_str()).unwrap_or_default();
    let Some(callee) = lambda::callee(cloud, uri) else { return Some(format!("{uri} is no function")) };
    let source = format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}{}", sample(route_key));
    let allowed = callee.policy.allows("apigateway.amazonaws.com", &source);
    (!allowed).then(|| format!("the policy of {uri} does not let {source} call it"))
}

/// What a request of a route comes from: the stage, the method, and the path as the route has it
/// [aws-facts: API Gateway v2, SAM's translator].
fn sample(route_key: &str) -> String {
    match route_key.split_once(' ') {
        None => format!("/$default/{route_key}"),
        Some(("ANY", path)) => format!("/$default/PATCH{path}"),
        Some((method, path)) => format!("/$default/{method}{path}"),
    }
}
