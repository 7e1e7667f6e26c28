//! Settings of functions that calls of their own set: asynchronous events, code signing, recursive loops
//! [aws-facts-services: 8, M, LS].

use super::checks::{may_deliver, refused};
use super::function::{Function, find, function_arn};
use super::qualifier::{LATEST, Named};
use crate::cloud::{Cloud, Handler, ServiceError, Time, required, seconds, text};
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

impl Function {
    /// The settings of the function, or of a version or an alias of it: each has its own [recorded: eventinvokeconfig_lifecycle].
    fn asynchronous(&self, qualifier: &str) -> Option<&Json> {
        match qualifier {
            LATEST => self.apart.asynchronous.as_ref(),
            other => self.releases.asynchronous.get(other),
        }
    }
}

/// What a call names, and its qualifier: without one it is about `$LATEST`.
fn qualified(params: &Json) -> Result<(Named, String), ServiceError> {
    let named = Named::of(params)?;
    let qualifier = named.qualifier.clone().unwrap_or_else(|| LATEST.to_owned());
    Ok((named, qualifier))
}

/// The services that such events can be sent to.
const DESTINATIONS: [&str; 5] = ["sqs", "sns", "lambda", "events", "s3"];

/// [recorded: lambda_, put_destination_invalid_service_arn]
fn no_destination(on: &str, arn: &str) -> String {
    let (success, failure) = match on {
        "OnSuccess" => (format!("OnSuccess(destination={arn})"), "null".to_owned()),
        _ => ("null".to_owned(), format!("OnFailure(destination={arn})")),
    };
    format!(
        "The provided destination config DestinationConfig(onSuccess={success}, onFailure={failure}) is invalid."
    )
}

/// Replaces all of it; what is left out is the default.
fn put_async(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (named, qualifier) = qualified(params)?;
    let settings = ["MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"];
    // Also of a function that does not exist [recorded: lambda_, put_functionname_nootherargs].
    if settings.iter().all(|setting| params.get(setting).is_none()) {
        return refused("You must specify at least one of error handling or destination setting.");
    }
    let missing = || ServiceError::new("ResourceNotFoundException", "The function doesn't exist.");
    let function = named.find(cloud).ok_or_else(missing)?;
    let version = function.version(Some(&qualifier)).map(|version| version.member("Role"));
    let role = version.unwrap_or_else(|| function.member("Role")).to_owned();
    for on in ["OnSuccess", "OnFailure"] {
        let Some(to) = params["DestinationConfig"].get(on) else { continue };
        let Some(arn) = text(to, "Destination").filter(|arn| !arn.is_empty()) else {
            // [hazards: L13]
            return refused(format!("The Destination field is required for an {on} configuration"));
        };
        if arn == function_arn(&named.function) || arn == named.arn() {
            return refused("You can't specify the function as a destination for itself.");
        }
        if !DESTINATIONS.contains(&arn.split(':').nth(2).unwrap_or_default()) {
            return refused(no_destination(on, arn));
        }
        let is_absent = arn.contains(":lambda:") && Named::parse(arn).find(cloud).is_none();
        if is_absent || !may_deliver(cloud, &role, arn) {
            return refused(format!("The destination ARN {arn} is invalid."));
        }
    }
    let mut config = params.clone();
    for name in ["FunctionName", "Qualifier"] {
        config.as_object_mut().map(|config| config.remove(name));
    }
    let function = named.find(cloud).ok_or_else(missing)?;
    let shown = shown(&named.with(&qualifier), &config, function.modified);
    match qualifier.as_str() {
        LATEST => function.apart.asynchronous = Some(config),
        _ => drop(function.releases.asynchronous.insert(qualifier, config)),
    }
    Ok(shown)
}

/// As Lambda shows it: a destination that is not set is an empty one [hazards: L13].
fn shown(named: &Named, config: &Json, modified: Time) -> Json {
    let to = |on: &str| config["DestinationConfig"].get(on).cloned().unwrap_or_else(|| json!({}));
    let mut shown = config.clone();
    shown["FunctionArn"] = named.arn().into();
    shown["LastModified"] = seconds(modified);
    shown["DestinationConfig"] = json!({ "OnSuccess": to("OnSuccess"), "OnFailure": to("OnFailure") });
    shown
}

/// The same where the function or the alias is missing [recorded: eventinvokeconfig_exceptions].
fn none_async(named: &Named) -> ServiceError {
    let message = format!("The function {} doesn't have an EventInvokeConfig", named.arn());
    ServiceError::new("ResourceNotFoundException", message)
}

fn get_async(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (named, qualifier) = qualified(params)?;
    let function = named.find(cloud);
    let config =
        function.and_then(|function| Some((function.asynchronous(&qualifier).cloned()?, function.modified)));
    let named = named.with(&qualifier);
    config.map(|(config, modified)| shown(&named, &config, modified)).ok_or_else(|| none_async(&named))
}

fn delete_async(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (named, qualifier) = qualified(params)?;
    let config = named.find(cloud).and_then(|function| match qualifier.as_str() {
        LATEST => function.apart.asynchronous.take(),
        other => function.releases.asynchronous.remove(other),
    });
    config.map(|_| Json::Null).ok_or_else(|| none_async(&named.with(&qualifier)))
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
    Named::of(params)?;
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
