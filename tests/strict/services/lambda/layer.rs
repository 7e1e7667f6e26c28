//! Layers: versions with numbers that never return [aws-facts-services: 8].

use super::checks::refused;
use super::code;
use crate::cloud::{ACCOUNT, Cloud, Handler, REGION, ServiceError, Time, required, text};
use crate::services::Service;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("PublishLayerVersion", publish),
    ("GetLayerVersion", get),
    ("GetLayerVersionByArn", get_by_arn),
    ("ListLayerVersions", list_versions),
    ("ListLayers", list),
    ("DeleteLayerVersion", delete),
];

/// What functions may have [aws-facts-services: 8, LS].
const MAX_LAYERS: usize = 5;

/// A layer, which stays known after its last version was deleted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layer {
    /// How many versions were ever published.
    published: u64,
    pub(crate) versions: BTreeMap<u64, Version>,
}

/// A version.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    /// What a list says of it.
    pub(crate) settings: Map<String, Json>,
    /// The hash and the size of its content.
    pub(crate) content: Map<String, Json>,
    unzipped: u64,
    created: Time,
}

pub(crate) fn layer_arn(name: &str) -> String {
    Service::Lambda.arn(&format!("layer:{name}"))
}

/// The name within a name or the ARN of a layer.
fn bare(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn publish(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = bare(required(params, "LayerName")).to_owned();
    code::check_object(cloud, &params["Content"])?;
    let mut content = Map::new();
    let unzipped = code::put(&mut content, &params["Content"])?;
    let mut settings = Map::new();
    for member in ["Description", "LicenseInfo", "CompatibleRuntimes", "CompatibleArchitectures"] {
        settings.extend(params.get(member).map(|value| (member.to_owned(), value.clone())));
    }
    settings.entry("Description").or_insert_with(|| "".into());
    let created = cloud.now;
    let layer = cloud.lambda.layers.entry(name.clone()).or_default();
    layer.published += 1;
    let number = layer.published;
    layer.versions.insert(number, Version { settings, content, unzipped, created });
    described(cloud, &name, number)
}

/// A version as a list has it.
fn item(name: &str, number: u64, version: &Version) -> Map<String, Json> {
    let mut item = version.settings.clone();
    item.insert("LayerVersionArn".to_owned(), format!("{}:{number}", layer_arn(name)).into());
    item.insert("Version".to_owned(), number.into());
    let created = aws_smithy_types::DateTime::from_millis(
        i64::try_from(version.created.as_millis()).unwrap_or_default(),
    );
    let created = created.fmt(aws_smithy_types::date_time::Format::DateTime).unwrap_or_default();
    item.insert("CreatedDate".to_owned(), created.replace('Z', "+0000").into());
    item
}

fn described(cloud: &Cloud, name: &str, number: u64) -> Result<Json, ServiceError> {
    let version = cloud.lambda.layers.get(name).and_then(|layer| layer.versions.get(&number));
    let Some(version) = version else {
        let message = "The resource you requested does not exist.";
        return ServiceError::err("ResourceNotFoundException", message);
    };
    let mut described = item(name, number, version);
    let mut content = version.content.clone();
    content.insert("Location".to_owned(), "https://example.com/layer.zip".into());
    described.insert("Content".to_owned(), content.into());
    described.insert("LayerArn".to_owned(), layer_arn(name).into());
    Ok(Json::Object(described))
}

fn number(params: &Json) -> Result<u64, ServiceError> {
    let number = params["VersionNumber"].as_i64().unwrap_or_default();
    match u64::try_from(number) {
        Ok(number @ 1..) => Ok(number),
        _ => refused("Layer Version Cannot be less than 1"),
    }
}

fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let number = number(params)?;
    described(cloud, bare(required(params, "LayerName")), number)
}

fn get_by_arn(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (layer, number) = required(params, "Arn").rsplit_once(':').unwrap_or_default();
    described(cloud, bare(layer), number.parse().unwrap_or_default())
}

/// The newest come first. A layer that does not exist has no versions.
fn list_versions(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = bare(required(params, "LayerName"));
    let versions = cloud.lambda.layers.get(name).into_iter().flat_map(|layer| layer.versions.iter().rev());
    let versions = versions.map(|(number, version)| Json::Object(item(name, *number, version))).collect();
    let limit = params["MaxItems"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let (versions, next) = cloud.paging.page(versions, text(params, "Marker"), limit, (50, 50));
    Ok(json!({ "LayerVersions": versions, "NextMarker": next }))
}

fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let newest = cloud.lambda.layers.iter().filter_map(|(name, layer)| {
        let (number, version) = layer.versions.last_key_value()?;
        let newest = item(name, *number, version);
        Some(json!({ "LayerName": name, "LayerArn": layer_arn(name), "LatestMatchingVersion": newest }))
    });
    let limit = params["MaxItems"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let (layers, next) = cloud.paging.page(newest.collect(), text(params, "Marker"), limit, (50, 50));
    Ok(json!({ "Layers": layers, "NextMarker": next }))
}

/// Functions keep what they have, and what does not exist is deleted without an error.
fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let number = number(params)?;
    if let Some(layer) = cloud.lambda.layers.get_mut(bare(required(params, "LayerName"))) {
        layer.versions.remove(&number);
    }
    Ok(Json::Null)
}

/// The version of an ARN of this account; `None` for the ARN of another account or region, of which nothing is known here.
fn of_arn<'a>(cloud: &'a Cloud, arn: &str) -> Option<Option<&'a Version>> {
    let own = format!(":lambda:{REGION}:{ACCOUNT}:layer:");
    let (name, number) = arn.split_once(&own)?.1.split_once(':')?;
    let layer = cloud.lambda.layers.get(name);
    Some(layer.and_then(|layer| layer.versions.get(&number.parse().ok()?)))
}

/// The layers of a call as a function has them, with all that Lambda refuses. `unzipped` is the size of the function's own code,
/// where the call has it.
pub(super) fn check(cloud: &Cloud, params: &Json, unzipped: u64) -> Result<(), ServiceError> {
    let arns: Vec<&str> =
        params["Layers"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    if arns.len() > MAX_LAYERS {
        // [recorded: lambda_, create_function_with_six_layers]
        return refused("Cannot reference more than 5 layers.");
    }
    let mut size = unzipped;
    for (nth, arn) in arns.iter().enumerate() {
        let of = |arn: &str| arn.rsplit_once(':').map(|(layer, _)| layer.to_owned());
        if let Some(other) = arns[..nth].iter().find(|other| of(other) == of(arn)) {
            return refused(format!(
                "Two different versions of the same layer are not allowed to be referenced in the same function. {other} and {arn} are versions of the same layer."
            ));
        }
        if !arn.contains(&format!(":lambda:{REGION}:")) {
            // [recorded: lambda_, create_function_with_layer_in_different_region]
            return refused(format!(
                "Layers are not in the same region as the function. Layers are expected to be in region {REGION}."
            ));
        }
        match of_arn(cloud, arn) {
            Some(None) => return refused(format!("Layer version {arn} does not exist.")),
            Some(Some(version)) => size += version.unzipped,
            None => {}
        }
    }
    match size > code::MAX_UNZIPPED {
        true => refused(format!(
            "Function code combined with layers exceeds the maximum allowed size of {} bytes. The actual size is {size} bytes.",
            code::MAX_UNZIPPED
        )),
        false => Ok(()),
    }
}

/// The layers of a call as a function shows them.
pub(super) fn shown(cloud: &Cloud, params: &Json) -> Option<Vec<Json>> {
    let arns = params.get("Layers")?.as_array()?.iter().filter_map(Json::as_str);
    let size = |arn: &str| {
        let version = of_arn(cloud, arn).flatten();
        version.and_then(|version| version.content["CodeSize"].as_u64()).unwrap_or(1_000)
    };
    Some(arns.map(|arn| json!({ "Arn": arn, "CodeSize": size(arn) })).collect())
}

impl Version {
    /// What a dump has of it.
    pub(super) fn dumped(&self) -> Json {
        json!({ "settings": self.settings, "content": self.content })
    }
}
