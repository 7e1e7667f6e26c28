//! What Lambda refuses of the settings of a function, besides what its model does not allow [aws-facts: Lambda].

use super::{grants, layer};
use crate::cloud::{ACCOUNT, Cloud, REGION, ServiceError, text};
use crate::services::iam;
use serde_json::{Map, Value as Json, json};

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

/// Whether the role may deliver to a destination, as far as other services know.
pub(super) fn may_deliver(cloud: &Cloud, role: &str, arn: &str) -> bool {
    let (action, resource) = match arn.split(':').nth(2).unwrap_or_default() {
        "sqs" => ("sqs:SendMessage", arn.to_owned()),
        "sns" => ("sns:Publish", arn.to_owned()),
        "lambda" => ("lambda:InvokeFunction", arn.to_owned()),
        "events" => ("events:PutEvents", arn.to_owned()),
        "s3" => ("s3:PutObject", format!("{arn}/any")),
        _ => return false,
    };
    grants::allows(cloud, role, action, &resource)
}

/// The role must be allowed to use the network and the queue for failed events [aws-facts-services: 8, DG].
fn check_role(cloud: &Cloud, params: &Json) -> Result<(), ServiceError> {
    const ON_EC2: [&str; 3] =
        ["CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface"];
    let lacks = |action: &str, service: &str| {
        format!("The provided execution role does not have permissions to call {action} on {service}")
    };
    let Some(role) = text(params, "Role") else { return Ok(()) };
    if params["VpcConfig"]["SubnetIds"].as_array().is_some_and(|subnets| !subnets.is_empty()) {
        let interface = format!("arn:aws:ec2:{REGION}:{ACCOUNT}:network-interface/any");
        let denied = |action: &&&str| !grants::allows(cloud, role, &format!("ec2:{action}"), &interface);
        if let Some(action) = ON_EC2.iter().find(denied) {
            return refused(lacks(action, "EC2"));
        }
    }
    match text(&params["DeadLetterConfig"], "TargetArn").filter(|arn| !arn.is_empty()) {
        Some(arn) if arn.contains(":sqs:") && !may_deliver(cloud, role, arn) => {
            refused(lacks("SendMessage", "SQS"))
        }
        Some(arn) if arn.contains(":sns:") && !may_deliver(cloud, role, arn) => {
            refused(lacks("Publish", "SNS"))
        }
        _ => Ok(()),
    }
}

/// What fits together in a call [aws-facts-services: 8, LS, DG].
fn check_settings(params: &Json) -> Result<(), ServiceError> {
    let subnets = params["VpcConfig"]["SubnetIds"].as_array();
    if subnets.is_some_and(|subnets| subnets.iter().any(|subnet| subnet == "subnet-unknown")) {
        return refused(
            "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: The subnet ID \
             'subnet-unknown' does not exist",
        );
    }
    let groups = params["VpcConfig"]["SecurityGroupIds"].as_array();
    if groups.is_some_and(|groups| groups.iter().any(|group| group == "sg-unknown")) {
        // [recorded: lambda_, create-response-non-existent-security-group]
        return refused(
            "Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. EC2 Error Message: The security \
             group 'sg-unknown' does not exist",
        );
    }
    if subnets.is_some_and(|subnets| !subnets.is_empty())
        && params["VpcConfig"]["SecurityGroupIds"] == json!([])
    {
        return refused("SecurityGroupIds cannot be empty if SubnetIds are given.");
    }
    let logging = &params["LoggingConfig"];
    let levels = ["ApplicationLogLevel", "SystemLogLevel"].iter().any(|level| logging.get(level).is_some());
    if levels && logging["LogFormat"] != "JSON" {
        return refused("Log levels cannot be set when the log format is Text.");
    }
    let mounts = params["FileSystemConfigs"].as_array().is_some_and(|mounts| !mounts.is_empty());
    let network = subnets.is_none_or(|subnets| subnets.is_empty());
    if mounts && network && params.get("Code").is_some() {
        return refused("Function must be configured to execute in a VPC to reference access points.");
    }
    if params["SnapStart"]["ApplyOn"] == "PublishedVersions" {
        let runtime = text(params, "Runtime").unwrap_or_default();
        if runtime.starts_with("nodejs") || runtime.starts_with("provided") || runtime.starts_with("ruby") {
            return refused(format!("{runtime} is not supported for SnapStart enabled functions."));
        }
        if mounts || params["EphemeralStorage"]["Size"].as_i64().is_some_and(|size| size > 512) {
            return refused("SnapStart does not support Amazon EFS and ephemeral storage above 512 MB.");
        }
    }
    Ok(())
}

/// A package has a runtime and a handler, and an image neither of them.
fn check_package(params: &Json) -> Result<(), ServiceError> {
    if params.get("Code").is_none() {
        return Ok(());
    }
    let is_image = text(params, "PackageType") == Some("Image");
    let of_package = ["Runtime", "Handler", "Layers"].map(|name| params.get(name).is_some());
    match (is_image, of_package) {
        (true, [true, ..] | [_, true, _] | [.., true]) => refused(
            "Runtime, Handler and Layers are not supported for functions created with container images.",
        ),
        (false, [false, ..] | [_, false, _]) => refused(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ),
        _ => Ok(()),
    }
}

/// What an update cannot make of a function.
pub(super) fn check_update(_: &Cloud, live: &Map<String, Json>, params: &Json) -> Result<(), ServiceError> {
    if params.get("DurableConfig").is_some() && !live.contains_key("DurableConfig") {
        return refused(
            "You cannot add a durable configuration to a function that was originally created with no durable configuration",
        );
    }
    if live.get("PackageType").is_some_and(|kind| kind == "Image")
        && (params.get("Runtime").is_some() || params.get("Handler").is_some())
    {
        return refused("Runtime and Handler cannot be set for functions created with container images.");
    }
    Ok(())
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
            "The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. \
             We recommend you use a supported runtime while creating or updating functions."
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
        Some(why) => return refused(why),
        None => check_tracing(cloud, params)?,
    }
    check_role(cloud, params)?;
    check_settings(params)?;
    check_package(params)
}
