//! What Lambda refuses of the settings of a function, besides what its model does not allow [aws-facts: Lambda].

use super::{grants, layer};
use crate::cloud::{Cloud, ServiceError, text};
use crate::services::iam;
use serde_json::Value as Json;

/// Runtimes that Lambda no longer takes, though its model lists them [aws-facts: Lambda, LS].
const BLOCKED: &[&str] = &[
    "python2.7",
    "python3.6",
    "python3.7",
    "nodejs",
    "nodejs4.3",
    "nodejs4.3-edge",
    "nodejs6.10",
    "nodejs8.10",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "go1.x",
    "java8",
    "provided",
    "ruby2.5",
    "ruby2.7",
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
];

/// Names that Lambda reserves in the environment [DG: "Defined runtime environment variables"].
const RESERVED: &[&str] = &[
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

pub(super) fn refused<T>(message: impl Into<String>) -> Result<T, ServiceError> {
    ServiceError::err("InvalidParameterValueException", message)
}

/// The role must be allowed to send traces, as far as other services know [aws-facts-services: 8, DG].
fn check_tracing(cloud: &Cloud, params: &Json) -> Result<(), ServiceError> {
    let role = text(params, "Role").filter(|_| params["TracingConfig"]["Mode"] == "Active");
    let Some(role) = role else { return Ok(()) };
    for action in ["PutTraceSegments", "PutTelemetryRecords"] {
        if !grants::allows(cloud, role, &format!("xray:{action}"), "*") {
            return refused(format!(
                "The provided execution role does not have permissions to call {action} on XRAY"
            ));
        }
    }
    Ok(())
}

/// The checks of a create and of an update.
pub(super) fn check(cloud: &Cloud, params: &Json) -> Result<(), ServiceError> {
    if let Some(runtime) = text(params, "Runtime").filter(|runtime| BLOCKED.contains(runtime)) {
        return refused(format!(
            "The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions."
        ));
    }
    // The model has no upper limits for these [aws-facts: Lambda].
    if let Some(timeout) = params["Timeout"].as_i64().filter(|timeout| *timeout > 1_800) {
        let message =
            format!("1 validation error detected: Value '{timeout}' at 'timeout' must be at most 1800");
        return ServiceError::err("ValidationException", message);
    }
    if params["MemorySize"].as_i64().is_some_and(|memory| memory > 10_240) {
        return refused("'MemorySize' value failed to satisfy constraint: Member must be at most 10240");
    }
    if params["EphemeralStorage"]["Size"].as_i64().is_some_and(|size| size > 10_240) {
        return refused(
            "'ephemeralStorage.size' value failed to satisfy constraint: Member must be at most 10240",
        );
    }
    let variables = &params["Environment"]["Variables"];
    let size = variables.as_object().map_or(0, |_| variables.to_string().len());
    if size > 4_096 {
        return refused(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have provided \
             exceeded the 4KB limit. String measured: {variables}"
        ));
    }
    let mut names = variables.as_object().into_iter().flatten().map(|(name, _)| name);
    if let Some(name) = names.find(|name| RESERVED.contains(&name.as_str())) {
        return refused(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have provided \
             contains reserved keys that are currently not supported for modification. Reserved keys used in this request: \
             {name}"
        ));
    }
    layer::check(cloud, params, 0)?;
    match text(params, "Role").and_then(|role| iam::not_assumable(cloud, role)) {
        Some(why) => refused(why),
        None => check_tracing(cloud, params),
    }
}
