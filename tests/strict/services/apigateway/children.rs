//! Integrations, routes and stages of HTTP APIs [aws-facts: API Gateway v2].

use super::api::{Api, DEPLOYMENT, LETTERS, Stage, bad, find, not_found, paged, take, to_change};
use crate::cloud::{Cloud, Handler, ServiceError, Tags, Time, check_tags, required, seconds, text, text_map};
use crate::pattern;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateIntegration", create_integration),
    ("GetIntegrations", integrations),
    ("UpdateIntegration", update_integration),
    ("DeleteIntegration", delete_integration),
    ("CreateRoute", create_route),
    ("GetRoutes", routes),
    ("UpdateRoute", update_route),
    ("DeleteRoute", delete_route),
    ("CreateStage", create_stage),
    ("GetStages", stages),
    ("GetStage", stage),
    ("UpdateStage", update_stage),
    ("DeleteStage", delete_stage),
    ("DeleteRouteSettings", delete_route_settings),
];

const INTEGRATION: &[&str] = &[
    "Description",
    "IntegrationMethod",
    "IntegrationType",
    "IntegrationUri",
    "PayloadFormatVersion",
    "TimeoutInMillis",
];
const ROUTE: &[&str] = &["RouteKey", "Target", "AuthorizationType"];
const STAGE: &[&str] = &["StageName", "AutoDeploy"];

/// Integrations, routes and stages of an API at most [aws-facts: API Gateway v2, DG].
const MANY: usize = 300;
const STAGES: usize = 10;

/// Like CreateApi, this makes a second one when it is sent twice.
fn create_integration(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let content = format!("{} {}", required(params, "ApiId"), required(params, "Description"));
    let id = cloud.made_up("integration", &content, LETTERS, 7);
    let api = to_change(cloud, params)?;
    let mut integration = Map::new();
    integration.insert("IntegrationId".to_owned(), id.clone().into());
    integration.insert("ConnectionType".to_owned(), "INTERNET".into());
    integration.insert("TimeoutInMillis".to_owned(), 30_000.into());
    take(&mut integration, params, INTEGRATION);
    check_integration(&integration)?;
    full(api.integrations.len(), MANY)?;
    api.integrations.insert(id, integration.clone());
    Ok(Json::Object(integration))
}

fn full(count: usize, most: usize) -> Result<(), ServiceError> {
    if count < most { Ok(()) } else { bad("Maximum number of children of this API has been reached") }
}

/// PayloadFormatVersion is required, IntegrationMethod is POST for Lambda [aws-facts: API Gateway v2, M, DG].
fn check_integration(integration: &Map<String, Json>) -> Result<(), ServiceError> {
    let member = |name: &str| integration.get(name).and_then(Json::as_str).unwrap_or_default();
    let arn = r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[a-zA-Z0-9-_]+(:[a-zA-Z0-9-_$]+)?";
    match () {
        () if member("IntegrationType") != "AWS_PROXY" => bad("Only AWS_PROXY is known here"),
        () if !["1.0", "2.0"].contains(&member("PayloadFormatVersion")) => {
            bad("PayloadFormatVersion is a required parameter for AWS_PROXY integration")
        }
        () if member("IntegrationMethod") != "POST" => bad("HttpMethod must be POST for Lambda"),
        () if !pattern::matches(arn, member("IntegrationUri")) => {
            bad(format!("Invalid function ARN or invalid uri: {}", member("IntegrationUri")))
        }
        () => Ok(()),
    }
}

fn integrations(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let paging = cloud.paging;
    let items = find(cloud, params)?.integrations.values().cloned().map(Json::Object);
    paged(paging, items.collect(), params)
}

fn update_integration(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let id = required(params, "IntegrationId");
    let api = to_change(cloud, params)?;
    let integration = api.integrations.get_mut(id).ok_or_else(|| not_found("Integration", id))?;
    let mut changed = integration.clone();
    take(&mut changed, params, INTEGRATION);
    check_integration(&changed)?;
    *integration = changed.clone();
    Ok(Json::Object(changed))
}

fn delete_integration(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let id = required(params, "IntegrationId");
    let api = to_change(cloud, params)?;
    let target = Json::from(format!("integrations/{id}"));
    if !api.integrations.contains_key(id) {
        return Err(not_found("Integration", id));
    }
    let users = api.routes.values().filter(|route| route.get("Target") == Some(&target));
    let users: Vec<String> =
        users.filter_map(|route| Some(route.get("RouteKey")?.as_str()?.to_owned())).collect();
    if !users.is_empty() {
        return ServiceError::err(
            "ConflictException",
            format!(
                "Cannot delete Integration '{id}' because it is referenced by the following Routes: [{}]. Please update the \
                 Route to not reference the Integration.",
                users.join(", ")
            ),
        );
    }
    api.integrations.remove(id);
    Ok(Json::Null)
}

/// `METHOD /path`, `ANY /path`, `$default`; a greedy variable comes last [aws-facts: API Gateway v2].
fn check_route(api: &Api, route: &Map<String, Json>, own: Option<&str>) -> Result<(), ServiceError> {
    let member = |name: &str| route.get(name).and_then(Json::as_str).unwrap_or_default();
    let key = member("RouteKey");
    let form = r"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|ANY) (/|(/([^/{}\s]+|\{[a-zA-Z0-9._-]+\}))*(/\{[a-zA-Z0-9._-]+\+\})?)";
    if key != "$default" && !pattern::matches(form, key) {
        return bad(format!("The provided route key is not formatted properly for HTTP protocol: {key}"));
    }
    let taken = |(id, other): (&String, &Map<String, Json>)| {
        own != Some(id.as_str()) && other.get("RouteKey") == route.get("RouteKey")
    };
    if api.routes.iter().any(taken) {
        return ServiceError::err(
            "ConflictException",
            format!("Route with key {key} already exists for this API"),
        );
    }
    match member("Target").strip_prefix("integrations/") {
        Some(id) if api.integrations.contains_key(id) => {}
        _ => return bad(format!("Invalid integration target: {}", member("Target"))),
    }
    match member("AuthorizationType") {
        "NONE" | "AWS_IAM" => Ok(()),
        other => bad(format!("{other} needs an authorizer")),
    }
}

fn create_route(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let content = format!("{} {}", required(params, "ApiId"), required(params, "RouteKey"));
    let id = cloud.made_up("route", &content, LETTERS, 7);
    let api = to_change(cloud, params)?;
    let mut route = Map::new();
    route.insert("RouteId".to_owned(), id.clone().into());
    route.insert("AuthorizationType".to_owned(), "NONE".into());
    route.insert("ApiKeyRequired".to_owned(), false.into());
    take(&mut route, params, ROUTE);
    check_route(api, &route, None)?;
    full(api.routes.len(), MANY)?;
    api.routes.insert(id, route.clone());
    Ok(Json::Object(route))
}

fn routes(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let paging = cloud.paging;
    let items = find(cloud, params)?.routes.values().cloned().map(Json::Object);
    paged(paging, items.collect(), params)
}

fn update_route(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let id = required(params, "RouteId");
    let api = to_change(cloud, params)?;
    let mut changed = api.routes.get(id).cloned().ok_or_else(|| not_found("Route", id))?;
    take(&mut changed, params, ROUTE);
    check_route(api, &changed, Some(id))?;
    api.routes.insert(id.to_owned(), changed.clone());
    Ok(Json::Object(changed))
}

fn delete_route(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let id = required(params, "RouteId");
    match to_change(cloud, params)?.routes.remove(id) {
        Some(_) => Ok(Json::Null),
        None => Err(not_found("Route", id)),
    }
}

fn create_stage(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay, name) = (cloud.now, cloud.delays.of(DEPLOYMENT), required(params, "StageName"));
    let failure = cloud.apigateway.deployments_fail;
    if !pattern::matches(r"\$default|[a-zA-Z0-9_-]{1,128}", name) {
        return bad(format!("Invalid stage name: {name}"));
    }
    if params.get("DeploymentId").is_some() && params["AutoDeploy"] == true {
        return bad("Deployment ID cannot be set manually because stage has autoDeploy enabled");
    }
    let tags = text_map(params, "Tags");
    check_tags(&Tags::new(), &tags, "BadRequestException")?;
    let api = to_change(cloud, params)?;
    if api.stages.contains_key(name) {
        return ServiceError::err("ConflictException", "Stage already exists");
    }
    full(api.stages.len(), STAGES)?;
    let mut settings = Map::new();
    settings.insert("AutoDeploy".to_owned(), false.into());
    settings.insert("DefaultRouteSettings".to_owned(), json!({ "DetailedMetricsEnabled": false }));
    settings.insert("RouteSettings".to_owned(), json!({}));
    settings.insert("StageVariables".to_owned(), json!({}));
    take(&mut settings, params, STAGE);
    set_stage(&api.routes, &mut settings, params)?;
    let mut stage = Stage { settings, created: now, deployments: [None, None], tags };
    stage.deploy(now, failure);
    api.stages.insert(name.to_owned(), stage.clone());
    Ok(described(&stage, !api.routes.is_empty(), now, delay))
}

/// With autoDeploy, how a deployment went shows in one field only, a moment later [aws-facts: API Gateway v2, M].
fn described(stage: &Stage, has_routes: bool, now: Time, delay: Time) -> Json {
    let mut answer = stage.settings.clone();
    answer.insert("CreatedDate".to_owned(), seconds(stage.created));
    answer.insert(
        "LastUpdatedDate".to_owned(),
        seconds(stage.deployments[0].map_or(stage.created, |deployment| deployment.began)),
    );
    answer.insert("Tags".to_owned(), json!(stage.tags));
    let auto_deploy = stage.settings.get("AutoDeploy") == Some(&true.into());
    let mut ended =
        stage.deployments.into_iter().flatten().filter(|deployment| now >= deployment.began + delay);
    if let Some(deployment) = ended.next().filter(|_| auto_deploy) {
        // Each deployment has an id of its own [hazards: A8].
        let id = format!("d{}", deployment.began.as_millis());
        let message = match deployment.failure {
            Some(why) => format!("Deployment attempt failed: {why}"),
            None if has_routes => format!("Successfully deployed stage with deployment ID '{id}'"),
            None => "Deployment attempt failed: Unable to deploy API because no routes exist in this API"
                .to_owned(),
        };
        answer.insert("LastDeploymentStatusMessage".to_owned(), message.into());
        answer.insert("DeploymentId".to_owned(), id.into());
    }
    Json::Object(answer)
}

fn stages(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay, paging) = (cloud.now, cloud.delays.of(DEPLOYMENT), cloud.paging);
    let api = find(cloud, params)?;
    let stages = api.stages.values().map(|stage| described(stage, !api.routes.is_empty(), now, delay));
    paged(paging, stages.collect(), params)
}

fn stage(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay, name) = (cloud.now, cloud.delays.of(DEPLOYMENT), required(params, "StageName"));
    let api = find(cloud, params)?;
    let stage = api.stages.get(name).ok_or_else(|| not_found("Stage", name))?;
    Ok(described(stage, !api.routes.is_empty(), now, delay))
}

/// The settings of a stage that an update merges: empty values are ignored without an error, and members that are left out
/// keep theirs, so that an old throttle stays [hazards: A1, A2]. Settings of a route need the route [hazards: A4].
fn set_stage(
    routes: &BTreeMap<String, Map<String, Json>>,
    settings: &mut Map<String, Json>,
    params: &Json,
) -> Result<(), ServiceError> {
    if let Some(description) = text(params, "Description").filter(|text| !text.is_empty()) {
        settings.insert("Description".to_owned(), description.into());
    }
    let members = |name: &str| params.get(name).and_then(Json::as_object).into_iter().flatten();
    for (key, value) in members("DefaultRouteSettings") {
        settings["DefaultRouteSettings"][key] = value.clone();
    }
    for (key, route) in members("RouteSettings") {
        if !routes.values().any(|route| route.get("RouteKey") == Some(&key.as_str().into())) {
            let message = format!("Unable to find Route by key {key} within the provided RouteSettings");
            return ServiceError::err("NotFoundException", message);
        }
        for (member, value) in route.as_object().into_iter().flatten() {
            settings["RouteSettings"][key][member] = value.clone();
        }
    }
    for (key, value) in members("StageVariables") {
        match value.as_str() {
            Some("") => drop(settings["StageVariables"].as_object_mut().map(|all| all.remove(key))),
            _ => settings["StageVariables"][key] = value.clone(),
        }
    }
    Ok(())
}

/// Only a whole route's settings can be removed [hazards: A2].
fn delete_route_settings(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (name, key) = (required(params, "StageName"), required(params, "RouteKey"));
    let stage = to_change(cloud, params)?.stages.get_mut(name).ok_or_else(|| not_found("Stage", name))?;
    let removed = stage.settings["RouteSettings"].as_object_mut().and_then(|all| all.remove(key));
    removed.map(|_| Json::Null).ok_or_else(|| not_found("Route settings", key))
}

fn update_stage(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let failure = cloud.apigateway.deployments_fail;
    let (now, delay, name) = (cloud.now, cloud.delays.of(DEPLOYMENT), required(params, "StageName"));
    let api = to_change(cloud, params)?;
    let has_routes = !api.routes.is_empty();
    let stage = api.stages.get_mut(name).ok_or_else(|| not_found("Stage", name))?;
    if params.get("DeploymentId").is_some() && stage.settings.get("AutoDeploy") == Some(&true.into()) {
        return bad("Deployment ID cannot be set manually because stage has autoDeploy enabled");
    }
    take(&mut stage.settings, params, STAGE);
    set_stage(&api.routes, &mut stage.settings, params)?;
    stage.deploy(now, failure);
    Ok(described(stage, has_routes, now, delay))
}

fn delete_stage(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = required(params, "StageName");
    debug_assert!(text(params, "StageName").is_some());
    match to_change(cloud, params)?.stages.remove(name) {
        Some(_) => Ok(Json::Null),
        None => Err(not_found("Stage", name)),
    }
}
