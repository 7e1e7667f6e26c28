//! What Lambda refuses of event source mappings: settings that do not fit together, and sources and destinations that the role of the
//! function may not use [aws-facts: Event source mappings; aws-facts-services: 2].

use super::checks::refused;
use super::function::Function;
use super::grants;
use super::mapping::{DESTINATION, is_of_kinesis, is_stream};
use crate::cloud::{Cloud, ServiceError, required};
use crate::services::{dynamodb, iam, kinesis, sqs};
use serde_json::{Map, Value as Json};

/// Filters of a mapping [aws-facts: Event source mappings].
const MAX_FILTERS: usize = 5;

/// What must hold of the settings together.
pub(super) fn check(configuration: &Map<String, Json>) -> Result<(), ServiceError> {
    let number = |name: &str| configuration.get(name).and_then(Json::as_i64).unwrap_or_default();
    let (size, window) = (number("BatchSize"), number("MaximumBatchingWindowInSeconds"));
    let source = configuration.get("EventSourceArn").and_then(Json::as_str).unwrap_or_default();
    if source.ends_with(".fifo") && (size > 10 || window > 0) {
        return refused(
            "Batch size must be at most 10, and batching window is not supported, for FIFO queues.",
        );
    }
    if (0..60).contains(&number("MaximumRecordAgeInSeconds")) && is_stream(source) {
        return refused("Maximum record age in seconds must be -1 or between 60 and 604800.");
    }
    if size > 10 && window == 0 && !is_stream(source) {
        return refused(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
        );
    }
    if configuration.contains_key("ScalingConfig") && configuration.contains_key("ProvisionedPollerConfig") {
        return refused("MaximumConcurrency and ProvisionedPollerConfig cannot be set together.");
    }
    let criteria = configuration.get("FilterCriteria").map(|criteria| &criteria["Filters"]);
    let filters: Vec<&Json> = criteria.and_then(Json::as_array).into_iter().flatten().collect();
    if filters.len() > MAX_FILTERS {
        return refused(format!("An event source mapping can have at most {MAX_FILTERS} filters."));
    }
    match filters.into_iter().all(|filter| is_pattern(required(filter, "Pattern"))) {
        true => Ok(()),
        false => refused("Invalid filter pattern definition."),
    }
}

/// An object whose leaves are lists [aws-facts: LS].
fn is_pattern(text: &str) -> bool {
    fn is_rule(value: &Json) -> bool {
        match value {
            Json::Object(members) => members.values().all(is_rule),
            other => other.is_array(),
        }
    }
    serde_json::from_str::<Json>(text).is_ok_and(|pattern| pattern.is_object() && is_rule(&pattern))
}

/// Lambda tries the function's role on the source, and compares its times [aws-facts: SQS, Event source mappings].
pub(super) fn check_source(cloud: &Cloud, function: &Function, source: &str) -> Result<(), ServiceError> {
    let role = function.member("Role");
    if let Some(why) = iam::not_assumable(cloud, role) {
        return refused(why);
    }
    if is_stream(source) {
        return check_stream(cloud, role, source);
    }
    for action in ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"] {
        if !grants::allows(cloud, role, &format!("sqs:{action}"), source) {
            return refused(format!(
                "The provided execution role does not have permissions to call {action} on SQS"
            ));
        }
    }
    let Some(queue) = sqs::of_arn(cloud, source) else {
        return refused(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error \
             Message: The specified queue does not exist.",
        );
    };
    let visibility = queue.visibility_timeout(cloud.now);
    let timeout = function.configuration.get("Timeout").and_then(Json::as_u64).unwrap_or_default();
    match visibility < timeout {
        true => refused(format!(
            "Queue visibility timeout: {visibility} seconds is less than Function timeout: {timeout} seconds"
        )),
        false => Ok(()),
    }
}

/// What the role must allow on the stream; it lists them all besides.
const OF_KINESIS: &[&str] =
    &["DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards"];
const OF_TABLES: &[&str] = &["DescribeStream", "GetRecords", "GetShardIterator"];

fn check_stream(cloud: &Cloud, role: &str, stream: &str) -> Result<(), ServiceError> {
    let (service, actions) =
        if is_of_kinesis(stream) { ("kinesis", OF_KINESIS) } else { ("dynamodb", OF_TABLES) };
    let may = |action: &str, on: &str| grants::allows(cloud, role, &format!("{service}:{action}"), on);
    if !may("ListStreams", "*") || !actions.iter().all(|action| may(action, stream)) {
        return refused(format!(
            "Cannot access stream {stream}. Please ensure the role can perform the GetRecords, GetShardIterator, \
             DescribeStream, and ListStreams Actions on your stream in IAM."
        ));
    }
    let exists = match is_of_kinesis(stream) {
        true => kinesis::of_arn(cloud, stream).is_some(),
        false => dynamodb::table_of_stream(cloud, stream).is_some(),
    };
    if exists { Ok(()) } else { refused(format!("Stream not found: {stream}")) }
}

/// Lambda tries the role on where failures go [aws-facts-services: 2].
pub(super) fn check_destination(
    cloud: &Cloud,
    function: &Function,
    configuration: &Map<String, Json>,
) -> Result<(), ServiceError> {
    let destination =
        configuration.get(DESTINATION).map(|destination| &destination["OnFailure"]["Destination"]);
    let Some(arn) = destination.and_then(Json::as_str) else { return Ok(()) };
    let (action, service, on) = match arn.split(':').nth(2) {
        Some("sqs") => ("sqs:SendMessage", "SQS", arn.to_owned()),
        Some("sns") => ("sns:Publish", "SNS", arn.to_owned()),
        Some("s3") => ("s3:PutObject", "S3", format!("{arn}/aws/lambda")),
        _ => return Ok(()),
    };
    if grants::allows(cloud, function.member("Role"), action, &on) {
        return Ok(());
    }
    let call = action.split(':').nth(1).unwrap_or_default();
    refused(format!("The provided execution role does not have permissions to call {call} on {service}"))
}
