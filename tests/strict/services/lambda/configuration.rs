//! The configuration of a function: what calls set in it, and how it reads back [aws-facts: Lambda; aws-facts-services: 8].

use super::function::function_arn;
use super::layer;
use crate::cloud::{Cloud, text};
use serde_json::{Map, Value as Json, json};

/// The configuration of a new function with this name.
pub(super) fn defaults(name: &str) -> Map<String, Json> {
    let defaults = json!({
        "FunctionName": name, "FunctionArn": function_arn(name), "Description": "", "Timeout": 3, "MemorySize": 128,
        "Version": "$LATEST", "PackageType": "Zip", "TracingConfig": { "Mode": "PassThrough" },
        "EphemeralStorage": { "Size": 512 }, "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
        "LoggingConfig": { "LogFormat": "Text", "LogGroup": own_group(name) },
    });
    defaults.as_object().cloned().unwrap_or_default()
}

fn own_group(name: &str) -> String {
    format!("/aws/lambda/{name}")
}

/// True for a function with a network.
pub(super) fn in_network(configuration: &Map<String, Json>) -> bool {
    let subnets = configuration.get("VpcConfig").map(|network| &network["SubnetIds"]);
    subnets.and_then(Json::as_array).is_some_and(|subnets| !subnets.is_empty())
}

/// Sets what a call has; the rest stays.
pub(super) fn configure(cloud: &Cloud, configuration: &mut Map<String, Json>, params: &Json) {
    const MEMBERS: [&str; 9] = [
        "Role",
        "Runtime",
        "Handler",
        "MemorySize",
        "Timeout",
        "EphemeralStorage",
        "TracingConfig",
        "Description",
        "PackageType",
    ];
    for name in MEMBERS {
        if let Some(value) = params.get(name) {
            configuration.insert(name.to_owned(), value.clone());
        }
    }
    // An empty text clears.
    set(configuration, "KMSKeyArn", params.get("KMSKeyArn"), |key| key != "");
    set(configuration, "DeadLetterConfig", params.get("DeadLetterConfig"), |config| {
        text(config, "TargetArn").is_some_and(|arn| !arn.is_empty())
    });
    // So does an empty list or mapping.
    set(configuration, "FileSystemConfigs", params.get("FileSystemConfigs"), |mounts| *mounts != json!([]));
    let image = params.get("ImageConfig").map(|config| json!({ "ImageConfig": config }));
    set(configuration, "ImageConfigResponse", image.as_ref(), |image| image["ImageConfig"] != json!({}));
    if let Some(snapshots) = params.get("SnapStart") {
        let on = &snapshots["ApplyOn"];
        configuration.insert("SnapStart".to_owned(), json!({ "ApplyOn": on, "OptimizationStatus": "Off" }));
    }
    durable(configuration, params);
    network(configuration, params);
    logging(configuration, params);
    environment(configuration, params);
    layers(cloud, configuration, params);
}

/// Sets a member to what a call has of it, or removes it where that clears.
fn set(configuration: &mut Map<String, Json>, name: &str, value: Option<&Json>, is_some: fn(&Json) -> bool) {
    match value {
        Some(value) if is_some(value) => drop(configuration.insert(name.to_owned(), value.clone())),
        Some(_) => drop(configuration.remove(name)),
        None => {}
    }
}

/// The members that a call has are merged, and a durable function logs JSON unless it is told otherwise [hazards: L12].
fn durable(configuration: &mut Map<String, Json>, params: &Json) {
    let Some(durable) = params.get("DurableConfig").and_then(Json::as_object) else { return };
    let live = configuration.entry("DurableConfig").or_insert_with(|| json!({ "RetentionPeriodInDays": 14 }));
    durable.iter().for_each(|(name, value)| live[name] = value.clone());
    if params.get("LoggingConfig").is_none() {
        configuration["LoggingConfig"]["LogFormat"] = "JSON".into();
    }
}

/// Lambda shows the subnets in an order of its own, and empty lists for a function that left its network
/// [aws-facts-services: 8, CC; hazards: G9].
fn network(configuration: &mut Map<String, Json>, params: &Json) {
    let Some(network) = params.get("VpcConfig") else { return };
    let ids = |name: &str| network[name].as_array().cloned().unwrap_or_default();
    let mut subnets = ids("SubnetIds");
    if subnets.is_empty() && !configuration.contains_key("VpcConfig") {
        return;
    }
    subnets.reverse();
    let vpc = if subnets.is_empty() { "" } else { "vpc-1" };
    let ipv6 = network["Ipv6AllowedForDualStack"].as_bool().unwrap_or_default();
    let network = json!({
        "SubnetIds": subnets, "SecurityGroupIds": ids("SecurityGroupIds"), "VpcId": vpc, "Ipv6AllowedForDualStack": ipv6,
    });
    configuration.insert("VpcConfig".to_owned(), network);
}

/// The logging settings are replaced as a whole, and JSON has levels [hazards: L5; aws-facts-services: 8, field].
fn logging(configuration: &mut Map<String, Json>, params: &Json) {
    if let Some(logging) = params.get("LoggingConfig") {
        configuration.insert("LoggingConfig".to_owned(), logging.clone());
    }
    let group = own_group(configuration["FunctionName"].as_str().unwrap_or_default());
    let Some(logging) = configuration.get_mut("LoggingConfig").and_then(Json::as_object_mut) else { return };
    logging.entry("LogGroup").or_insert_with(|| group.into());
    if logging.entry("LogFormat").or_insert_with(|| "Text".into()) == "JSON" {
        for level in ["ApplicationLogLevel", "SystemLogLevel"] {
            logging.entry(level).or_insert_with(|| "INFO".into());
        }
    }
}

/// No variables clear what there was; an environment without the member keeps them [aws-facts: Lambda].
fn environment(configuration: &mut Map<String, Json>, params: &Json) {
    if let Some(variables) = params["Environment"]["Variables"].as_object() {
        if variables.is_empty() {
            configuration.remove("Environment");
        } else {
            configuration.insert("Environment".to_owned(), json!({ "Variables": variables }));
        }
    }
}

/// No layers clear what there was.
fn layers(cloud: &Cloud, configuration: &mut Map<String, Json>, params: &Json) {
    if let Some(layers) = layer::shown(cloud, params) {
        match layers.is_empty() {
            true => configuration.remove("Layers"),
            false => configuration.insert("Layers".to_owned(), layers.into()),
        };
    }
}
