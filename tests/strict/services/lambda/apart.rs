//! Settings of functions that calls of their own set: asynchronous events, code signing, recursive loops
//! [aws-facts-services: 8, M, LS].

use super::checks::{may_deliver, refused};
use super::function::{find, function_arn};
use crate::cloud::{Cloud, Handler, ServiceError, required, text};
use serde_json::{Value as Json, json};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("PutFunctionEventInvokeConfig", put_async),
    ("GetFunctionEventInvokeConfig", get_async),
    ("DeleteFunctionEventInvokeConfig", delete_async),
    ("PutFunctionCodeSigningConfig", put_signing),
    ("GetFunctionCodeSigningConfig", get_signing),
    ("DeleteFunctionCodeSigningConfig", delete_signing),
    ("PutFunctionRecursionConfig", put_recursion),
    ("GetFunctionRecursionConfig", get_recursion),
];

/// What a function has of these settings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Apart {
    /// The parameters of the last PutFunctionEventInvokeConfig.
    pub(crate) asynchronous: Option<Json>,
    /// The ARN of the code signing configuration.
    pub(crate) signing: Option<String>,
    /// Whether recursive loops are allowed.
    pub(crate) loops: bool,
}

impl Apart {
    /// Of a new function.
    pub(super) fn of(params: &Json) -> Self {
        let signing = text(params, "CodeSigningConfigArn").map(str::to_owned);
        Apart { signing, ..Apart::default() }
    }

    /// For comparisons; `null` where all is the default.
    pub(crate) fn dumped(&self) -> Json {
        let Apart { asynchronous, signing, loops } = self;
        match (asynchronous, signing, loops) {
            (None, None, false) => Json::Null,
            _ => json!({ "async": asynchronous, "signing": signing, "loops": loops }),
        }
    }
}

/// Replaces all of it; what is left out is the default.
fn put_async(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = required(params, "FunctionName");
    let role = find(cloud, name)?.member("Role").to_owned();
    let settings = ["MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"];
    if settings.iter().all(|setting| params.get(setting).is_none()) {
        return refused("You must specify at least one of error handling or destination setting.");
    }
    for on in ["OnSuccess", "OnFailure"] {
        let Some(to) = params["DestinationConfig"].get(on) else { continue };
        let Some(arn) = text(to, "Destination").filter(|arn| !arn.is_empty()) else {
            // [hazards: L13]
            return refused(format!("The Destination field is required for an {on} configuration"));
        };
        if arn == function_arn(super::function::bare(name)) {
            return refused("You can't specify the function as a destination for itself.");
        }
        let is_absent = arn.contains(":lambda:") && find(cloud, arn).is_err();
        if is_absent || !may_deliver(cloud, &role, arn) {
            return refused(format!("The destination ARN {arn} is invalid."));
        }
    }
    let mut config = params.clone();
    config.as_object_mut().map(|config| config.remove("FunctionName"));
    let function = find(cloud, name)?;
    function.apart.asynchronous = Some(config.clone());
    Ok(shown(name, &config))
}

/// As Lambda shows it: a destination that is not set is an empty one [hazards: L13].
fn shown(name: &str, config: &Json) -> Json {
    let to = |on: &str| config["DestinationConfig"].get(on).cloned().unwrap_or_else(|| json!({}));
    let mut shown = config.clone();
    shown["FunctionArn"] = format!("{}:$LATEST", function_arn(super::function::bare(name))).into();
    shown["DestinationConfig"] = json!({ "OnSuccess": to("OnSuccess"), "OnFailure": to("OnFailure") });
    shown
}

fn none_async(name: &str) -> ServiceError {
    let arn = function_arn(super::function::bare(name));
    let message = format!("The function {arn}:$LATEST doesn't have an EventInvokeConfig");
    ServiceError::new("ResourceNotFoundException", message)
}

fn get_async(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = required(params, "FunctionName");
    let config = find(cloud, name)?.apart.asynchronous.clone();
    config.map(|config| shown(name, &config)).ok_or_else(|| none_async(name))
}

fn delete_async(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = required(params, "FunctionName");
    let config = find(cloud, name)?.apart.asynchronous.take();
    config.map(|_| Json::Null).ok_or_else(|| none_async(name))
}

fn put_signing(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (name, arn) = (required(params, "FunctionName"), required(params, "CodeSigningConfigArn"));
    if arn.ends_with("csc-00000000000000000") {
        let message = format!(
            "The code signing configuration cannot be found. Check that the provided configuration is not deleted: {arn}."
        );
        return ServiceError::err("CodeSigningConfigNotFoundException", message);
    }
    find(cloud, name)?.apart.signing = Some(arn.to_owned());
    Ok(json!({ "CodeSigningConfigArn": arn, "FunctionName": name }))
}

/// A function without one has an empty response.
fn get_signing(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = required(params, "FunctionName");
    let signing = find(cloud, name)?.apart.signing.clone();
    Ok(json!({ "CodeSigningConfigArn": signing.unwrap_or_default(), "FunctionName": name }))
}

fn delete_signing(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    find(cloud, required(params, "FunctionName"))?.apart.signing = None;
    Ok(Json::Null)
}

fn put_recursion(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let function = find(cloud, required(params, "FunctionName"))?;
    function.apart.loops = params["RecursiveLoop"] == "Allow";
    Ok(json!({ "RecursiveLoop": params["RecursiveLoop"] }))
}

fn get_recursion(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let loops = find(cloud, required(params, "FunctionName"))?.apart.loops;
    Ok(json!({ "RecursiveLoop": if loops { "Allow" } else { "Terminate" } }))
}
