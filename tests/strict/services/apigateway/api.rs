//! API Gateway HTTP APIs [aws-facts: API Gateway v2].

use crate::cloud::{
    ACCOUNT, Cloud, Delay, Handler, LISTS, Paging, REGION, ServiceError, TAGS, Tags, Time, check_tags,
    required, seconds, text, text_map,
};
use crate::services::Service;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// Of a deployment of a stage.
pub(crate) const DEPLOYMENT: Delay = Delay::of_secs("deployment", 1);

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateApi", create),
    ("GetApis", list),
    ("UpdateApi", update),
    ("DeleteApi", delete),
    ("DeleteCorsConfiguration", delete_cors),
    ("TagResource", tag),
];

/// How many changes of one API may overlap; beyond, they collide [aws-facts: API Gateway v2, TF].
const TOGETHER: usize = 4;

/// What ids are made of.
pub(crate) const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789";

/// The APIs by id.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) apis: BTreeMap<String, Api>,
    /// APIs that were deleted, and when: lists show them for a while.
    deleted: Vec<(Api, Time)>,
    /// Why deployments fail that begin now.
    pub(crate) deployments_fail: Option<&'static str>,
}

/// An API, with its children by id, and its stages by name.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    /// What was said of it.
    pub(crate) settings: Map<String, Json>,
    pub(crate) created: Time,
    pub(crate) tags: Tags,
    pub(crate) integrations: BTreeMap<String, Map<String, Json>>,
    pub(crate) routes: BTreeMap<String, Map<String, Json>>,
    pub(crate) stages: BTreeMap<String, Stage>,
}

/// A stage.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) settings: Map<String, Json>,
    pub(crate) created: Time,
    /// The last two deployments, the last one first: until it has ended, the one before shows.
    pub(crate) deployments: [Option<Deployment>; 2],
    pub(crate) tags: Tags,
}

/// A deployment of a stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deployment {
    pub(crate) began: Time,
    /// Why it fails.
    pub(crate) failure: Option<&'static str>,
}

impl Stage {
    /// Begins a deployment.
    pub(crate) fn deploy(&mut self, began: Time, failure: Option<&'static str>) {
        self.deployments = [Some(Deployment { began, failure }), self.deployments[0]];
    }
}

/// The API of an id.
pub(crate) fn find<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<&'a mut Api, ServiceError> {
    let id = required(params, "ApiId");
    cloud.apigateway.apis.get_mut(id).ok_or_else(|| not_found("API", id))
}

pub(crate) fn not_found(what: &str, id: &str) -> ServiceError {
    ServiceError::new("NotFoundException", format!("Invalid {what} identifier specified {ACCOUNT}:{id}"))
}

/// The API of an id to be changed, by itself or by its children. What is deployed by itself is deployed anew.
pub(crate) fn to_change<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<&'a mut Api, ServiceError> {
    let changes = cloud.overlapping(&format!("apigateway {}", required(params, "ApiId")));
    if changes > TOGETHER && !cloud.never_conflicts {
        let message = "Unable to complete operation due to concurrent modification. Please try again later.";
        return ServiceError::err("ConflictException", message);
    }
    let (now, failure) = (cloud.now, cloud.apigateway.deployments_fail);
    let api = find(cloud, params)?;
    let auto = |stage: &&mut Stage| stage.settings.get("AutoDeploy") == Some(&true.into());
    api.stages.values_mut().filter(auto).for_each(|stage| stage.deploy(now, failure));
    Ok(api)
}

pub(crate) fn bad<T>(message: impl Into<String>) -> Result<T, ServiceError> {
    ServiceError::err("BadRequestException", message)
}

/// Takes the named parameters over.
pub(crate) fn take(settings: &mut Map<String, Json>, params: &Json, names: &[&str]) {
    for name in names {
        if let Some(value) = params.get(*name) {
            settings.insert((*name).to_owned(), value.clone());
        }
    }
}

/// The name is not unique and there is no idempotency token [aws-facts: Corrections 6].
fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    if params["ProtocolType"] != "HTTP" {
        return bad("Only HTTP APIs are known here");
    }
    // Quick create makes managed children that cannot be changed [aws-facts: API Gateway v2].
    if params.get("Target").is_some() || params.get("RouteKey").is_some() {
        return bad("Quick create is refused here");
    }
    let tags = text_map(params, "Tags");
    check_tags(&Tags::new(), &tags, "BadRequestException")?;
    let id = cloud.made_up("api", required(params, "Name"), LETTERS, 10);
    let mut settings = Map::new();
    settings.insert("ApiId".to_owned(), id.clone().into());
    settings
        .insert("ApiEndpoint".to_owned(), format!("https://{id}.execute-api.{REGION}.amazonaws.com").into());
    settings.insert("RouteSelectionExpression".to_owned(), "$request.method $request.path".into());
    settings.insert("DisableExecuteApiEndpoint".to_owned(), false.into());
    set(&mut settings, params)?;
    let api = Api {
        settings,
        created: cloud.now,
        tags,
        integrations: BTreeMap::new(),
        routes: BTreeMap::new(),
        stages: BTreeMap::new(),
    };
    let answer = described(&api);
    cloud.apigateway.apis.insert(id, api);
    Ok(answer)
}

fn set(settings: &mut Map<String, Json>, params: &Json) -> Result<(), ServiceError> {
    const SETTINGS: &[&str] =
        &["Name", "ProtocolType", "Description", "DisableExecuteApiEndpoint", "Version"];
    take(settings, params, SETTINGS);
    let Some(cors) = params.get("CorsConfiguration").and_then(Json::as_object) else { return Ok(()) };
    let origins = cors.get("AllowOrigins").and_then(Json::as_array);
    let any = origins.is_some_and(|origins| origins.iter().any(|origin| origin == "*"));
    if any && cors.get("AllowCredentials") == Some(&true.into()) {
        return bad("allow-credentials is not supported for wildcard allow-origins");
    }
    let answered = cors.iter().map(|(name, value)| (name.clone(), as_answered(name, value)));
    settings.insert("CorsConfiguration".to_owned(), Json::Object(answered.collect()));
    Ok(())
}

/// Lists come back in another order, and names of headers in lower case.
fn as_answered(name: &str, value: &Json) -> Json {
    let Some(items) = value.as_array() else { return value.clone() };
    let items = items.iter().rev().map(|item| match name {
        "AllowHeaders" | "ExposeHeaders" => item.as_str().unwrap_or_default().to_lowercase().into(),
        _ => item.clone(),
    });
    items.collect()
}

fn described(api: &Api) -> Json {
    let mut answer = api.settings.clone();
    answer.insert("CreatedDate".to_owned(), seconds(api.created));
    answer.insert("Tags".to_owned(), json!(api.tags));
    Json::Object(answer)
}

/// The children of a kind, with paging as API Gateway has it: MaxResults is a text.
pub(crate) fn paged(paging: Paging, items: Vec<Json>, params: &Json) -> Result<Json, ServiceError> {
    let limit = text(params, "MaxResults").map(|limit| limit.parse::<usize>().map_err(|_| limit));
    let limit = match limit.transpose() {
        Ok(limit) => limit,
        Err(limit) => return bad(format!("Invalid value for maxResults: {limit}")),
    };
    let (items, next) = paging.page(items, text(params, "NextToken"), limit, (25, 100));
    Ok(json!({ "Items": items, "NextToken": next }))
}

fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay) = (cloud.now, cloud.delays.of(LISTS));
    let living = cloud.apigateway.apis.values().filter(|api| now >= api.created + delay);
    let gone = cloud.apigateway.deleted.iter().filter(|(_, when)| now < *when + delay).map(|(api, _)| api);
    // Tags come later than the API itself, as DynamoDB's do [aws-facts: DynamoDB, M].
    let tagged = |api: &Api| now >= api.created + cloud.delays.of(TAGS);
    let shown = |api: &Api| match tagged(api) {
        true => described(api),
        false => described(&Api { tags: Tags::new(), ..api.clone() }),
    };
    paged(cloud.paging, living.chain(gone).map(shown).collect(), params)
}

fn update(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let api = to_change(cloud, params)?;
    set(&mut api.settings, params)?;
    Ok(described(api))
}

fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let now = cloud.now;
    to_change(cloud, params)?;
    let api = cloud.apigateway.apis.remove(required(params, "ApiId"));
    cloud.apigateway.deleted.extend(api.map(|api| (api, now)));
    Ok(Json::Null)
}

fn delete_cors(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    match to_change(cloud, params)?.settings.remove("CorsConfiguration") {
        Some(_) => Ok(Json::Null),
        None => Err(not_found("CORS configuration", required(params, "ApiId"))),
    }
}

/// Tag ARNs hold no account [aws-facts: API Gateway v2].
fn tag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (arn, new) = (required(params, "ResourceArn"), text_map(params, "Tags"));
    let path: Vec<&str> = arn.split("::/").nth(1).unwrap_or_default().split('/').collect();
    let api = path.get(1).and_then(|id| cloud.apigateway.apis.get_mut(*id));
    let tags = match (api, path.as_slice()) {
        (Some(api), ["apis", _]) => Some(&mut api.tags),
        (Some(api), ["apis", _, "stages", stage]) => api.stages.get_mut(*stage).map(|stage| &mut stage.tags),
        _ => None,
    };
    let Some(tags) = tags.filter(|_| arn == Service::ApiGateway.arn(&format!("/{}", path.join("/")))) else {
        return ServiceError::err("NotFoundException", format!("Invalid resource ARN {arn}"));
    };
    check_tags(tags, &new, "BadRequestException")?;
    tags.extend(new);
    Ok(json!({}))
}
