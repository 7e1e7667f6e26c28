//! The URLs of functions: one for each [aws-facts-services: 8, LS, field].

use super::function::{Function, find, function_arn};
use super::qualifier::Named;
use crate::cloud::{Cloud, Handler, ServiceError, Time, required};
use serde_json::{Value as Json, json};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateFunctionUrlConfig", create),
    ("GetFunctionUrlConfig", get),
    ("UpdateFunctionUrlConfig", update),
    ("DeleteFunctionUrlConfig", delete),
];

/// A URL.
#[derive(Debug, Clone)]
pub(crate) struct Url {
    /// `AWS_IAM` or `NONE`.
    pub(crate) auth: String,
    /// `BUFFERED` or `RESPONSE_STREAM`.
    pub(crate) mode: String,
    /// The rules for pages of other origins.
    pub(crate) cors: Option<Json>,
    /// What its host begins with. It never returns [aws-facts-services: Deleting and recreating].
    pub(crate) id: String,
}

impl Url {
    /// A URL of these parameters. Another time is another id.
    pub(super) fn new(function: &str, params: &Json, now: Time) -> Self {
        let text = |name: &str, default: &str| params[name].as_str().unwrap_or(default).to_owned();
        Url {
            auth: text("AuthType", "NONE"),
            mode: text("InvokeMode", "BUFFERED"),
            cors: cors(&params["Cors"]),
            id: format!("url{:x}{}", now.as_millis(), function.to_lowercase().replace(['-', '_'], "")),
        }
    }

    fn shown(&self, function: &str) -> Json {
        let Url { auth, mode, cors, id } = self;
        let mut shown = json!({
            "FunctionUrl": format!("https://{id}.lambda-url.eu-west-1.on.aws/"), "FunctionArn": function_arn(function),
            "AuthType": auth, "InvokeMode": mode, "CreationTime": "2026-01-01T00:00:00.000Z",
            "LastModifiedTime": "2026-01-01T00:00:00.000Z",
        });
        if let Some(cors) = cors {
            shown["Cors"] = cors.clone();
        }
        shown
    }

    /// For comparisons: without its id.
    pub(super) fn dumped(&self) -> Json {
        json!({ "auth": self.auth, "mode": self.mode, "cors": self.cors })
    }

    /// What it needs and its function has not: the tag by which the next run finds it, and the statements that anyone needs to
    /// call a public one [aws-facts-services: Corrections 4].
    pub(super) fn lacks(&self, function: &Function) -> Option<&'static str> {
        let policy = function.policy.now();
        let is_named = function.tags.get("provision:settings").is_some_and(|all| all.contains("url"));
        let has = |action: &str, operator: &str, key: &str, value: &str| {
            let condition = json!({ operator: { key: value } });
            policy.iter().any(|one| {
                one["Principal"] == "*" && one["Action"] == action && one["Condition"] == condition
            })
        };
        let url = || has("lambda:InvokeFunctionUrl", "StringEquals", "lambda:FunctionUrlAuthType", "NONE");
        let through = || has("lambda:InvokeFunction", "Bool", "lambda:InvokedViaFunctionUrl", "true");
        match () {
            () if !function.tags.contains_key("provision:stack") => None,
            () if !is_named => Some("no run finds its URL, which no tag names"),
            () if self.auth != "NONE" => None,
            () if !url() => Some("nobody may call its URL"),
            () if !through() => Some("nobody may call it through its URL"),
            () => None,
        }
    }
}

/// Rules without a member are none.
fn cors(params: &Json) -> Option<Json> {
    Some(params.clone()).filter(|rules| rules.as_object().is_some_and(|rules| !rules.is_empty()))
}

fn name(function: &Function) -> &str {
    function.member("FunctionName")
}

fn missing(_: ServiceError) -> ServiceError {
    ServiceError::new("ResourceNotFoundException", "Function does not exist")
}

fn none() -> ServiceError {
    ServiceError::new("ResourceNotFoundException", "The resource you requested does not exist.")
}

fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let now = cloud.now;
    Named::of(params)?;
    let function = find(cloud, required(params, "FunctionName")).map_err(missing)?;
    let name = name(function).to_owned();
    if function.url.is_some() {
        let message = format!(
            "Failed to create function url config for [functionArn = {}]. Error message:  FunctionUrlConfig exists for this \
             Lambda function",
            function_arn(&name)
        );
        return ServiceError::err("ResourceConflictException", message);
    }
    let url = Url::new(&name, params, now);
    let mut shown = url.shown(&name);
    // As recorded.
    let members = shown.as_object_mut().into_iter();
    members.for_each(|members| members.retain(|name, _| name != "LastModifiedTime"));
    if params.get("InvokeMode").is_none() {
        shown["InvokeMode"] = Json::Null;
    }
    function.url = Some(url);
    Ok(shown)
}

fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    Named::of(params)?;
    let function = find(cloud, required(params, "FunctionName")).map_err(|_| none())?;
    function.url.as_ref().map(|url| url.shown(name(function))).ok_or_else(none)
}

/// What is left out stays as it is [aws-facts-services: Clearing a field].
fn update(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    Named::of(params)?;
    // [recorded: lambda_, url_config_exceptions]
    let function = find(cloud, required(params, "FunctionName")).map_err(missing)?;
    let name = name(function).to_owned();
    let url = function.url.as_mut().ok_or_else(none)?;
    if let Some(auth) = params["AuthType"].as_str() {
        auth.clone_into(&mut url.auth);
    }
    if let Some(mode) = params["InvokeMode"].as_str() {
        mode.clone_into(&mut url.mode);
    }
    if params.get("Cors").is_some() {
        url.cors = cors(&params["Cors"]);
    }
    Ok(url.shown(&name))
}

fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    Named::of(params)?;
    let function = find(cloud, required(params, "FunctionName")).map_err(|_| none())?;
    function.url.take().map(|_| Json::Null).ok_or_else(none)
}
