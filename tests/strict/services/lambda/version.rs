//! Versions of functions: frozen copies with numbers that never return [aws-facts-apis: 9; aws-facts-services: 8].

use super::alias::Alias;
use super::checks::refused;
use super::function::{self, Function, deleted, find, function_arn, modified};
use super::policy::Statements;
use super::provisioned::Provisioned;
use super::qualifier::{LATEST, Named, bare, number};
use crate::cloud::{Cloud, Delay, Handler, ServiceError, Time, required, text};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Of a version that is Pending until a snapshot of it is taken: minutes [aws-facts-services: 8].
pub(crate) const SNAPSHOT: Delay = Delay::of_secs("snapshot", 150);

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("PublishVersion", publish), ("ListVersionsByFunction", list)];

/// What was published of a function, and what leads there. It ends with the function.
#[derive(Debug, Clone, Default)]
pub(crate) struct Releases {
    pub(crate) versions: BTreeMap<u64, Published>,
    pub(crate) aliases: BTreeMap<String, Alias>,
    /// By the number of the version or the name of the alias.
    pub(crate) provisioned: BTreeMap<String, Provisioned>,
    /// The parameters of the last PutFunctionEventInvokeConfig, by the same.
    pub(crate) asynchronous: BTreeMap<String, Json>,
}

impl Releases {
    /// Deletes an alias, with its policy and what else there is of it.
    pub(super) fn delete_alias(&mut self, alias: &str) {
        self.aliases.remove(alias);
        self.provisioned.remove(alias);
        self.asynchronous.remove(alias);
    }
}

/// A version.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    /// Its FunctionConfiguration without the states, the number and the ARN.
    pub(crate) configuration: Map<String, Json>,
    /// The configuration of the function that it was published from: the description may be another one.
    pub(super) source: Map<String, Json>,
    pub(crate) policy: Statements,
    /// When it is no longer Pending.
    pub(crate) ready: Time,
    published: Time,
}

impl Published {
    pub(super) fn member(&self, name: &str) -> &str {
        self.configuration.get(name).and_then(Json::as_str).unwrap_or_default()
    }

    pub(super) fn is_active(&self, now: Time) -> bool {
        now >= self.ready
    }
}

/// A UUID for what there is of a resource: another one whenever something of it changes.
pub(super) fn revision(content: &str) -> String {
    let hash: String = Sha256::digest(content).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    [&hash[..8], &hash[8..12], &hash[12..16], &hash[16..20], &hash[20..]].join("-")
}

/// The refusal of a change of what has changed meanwhile [aws-facts: Lambda, LS].
pub(super) fn check_revision(params: &Json, live: &str, call: &str) -> Result<(), ServiceError> {
    match text(params, "RevisionId").is_none_or(|expected| expected == live) {
        true => Ok(()),
        false => ServiceError::err(
            "PreconditionFailedException",
            format!(
                "The Revision Id provided does not match the latest Revision Id. Call the {call} API to retrieve the latest \
                 Revision Id"
            ),
        ),
    }
}

/// The number of the newest version, if nothing has changed since it was published. The number of one that was deleted does not
/// return, so it is published again under another one.
fn unchanged(cloud: &Cloud, function: &Function) -> Option<u64> {
    let newest = *cloud.lambda.published.get(function.member("FunctionName"))?;
    let version = function.releases.versions.get(&newest)?;
    (version.source == function.configuration).then_some(newest)
}

/// Freezes what there is of a function, as a version that is Pending until then. Numbers are never used again, not even by another
/// function of the same name [DG: Manage Lambda function versions].
pub(super) fn freeze(cloud: &mut Cloud, name: &str, description: Option<&str>, ready: Time) -> Option<u64> {
    let (published, lambda) = (cloud.now, &mut cloud.states.lambda);
    let function = lambda.functions.get_mut(name)?;
    let newest = lambda.published.entry(name.to_owned()).or_default();
    *newest += 1;
    let (source, mut configuration) = (function.configuration.clone(), function.configuration.clone());
    for member in ["Version", "FunctionArn"] {
        configuration.remove(member);
    }
    if let Some(description) = description {
        configuration.insert("Description".to_owned(), description.into());
    }
    let policy = Statements::default();
    let version = Published { configuration, source, policy, ready, published };
    function.releases.versions.insert(*newest, version);
    Some(*newest)
}

fn publish(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = bare(required(params, "FunctionName")).to_owned();
    let function = function::to_change(cloud, required(params, "FunctionName"))?.clone();
    let hash = function.member("CodeSha256");
    if let Some(other) = text(params, "CodeSha256").filter(|other| *other != hash) {
        return refused(format!(
            "CodeSHA256 ({other}) is different from current CodeSHA256 in $LATEST ({hash}). Please try again with the CodeSHA256 \
             in $LATEST."
        ));
    }
    check_revision(params, &function::revision(cloud, &function), "GetFunction/GetAlias")?;
    if let Some(number) = unchanged(cloud, &function) {
        return described(cloud, &name, number, None);
    }
    let snapshots = function.configuration.get("SnapStart").map(|snapshots| &snapshots["ApplyOn"]);
    // Without one it is Active at once [recorded: lambda_, first_publish_response, publish_version_1].
    let takes_snapshot = snapshots == Some(&"PublishedVersions".into());
    let ready = cloud.now + if takes_snapshot { cloud.delays.of(SNAPSHOT) } else { Time::ZERO };
    match freeze(cloud, &name, text(params, "Description"), ready) {
        Some(number) => described(cloud, &name, number, None),
        None => Err(function::not_found(&name)),
    }
}

/// A version as a list has it, which has no states [recorded: list_versions].
fn item(name: &str, number: u64, version: &Published) -> Map<String, Json> {
    let mut item = version.configuration.clone();
    let arn = function_arn(&format!("{name}:{number}"));
    item.remove("ImageUri");
    item.insert("Version".to_owned(), number.to_string().into());
    item.insert("LastModified".to_owned(), modified(version.published).into());
    let policy = version.policy.now().len();
    item.insert("RevisionId".to_owned(), revision(&format!("{arn} {policy}")).into());
    item.insert("FunctionArn".to_owned(), arn.into());
    item
}

/// A version as calls about one show it, perhaps by the name of an alias. It has no LastUpdateStatus while it is Pending
/// [hazards: L9; recorded: publish_with_update].
pub(super) fn described(
    cloud: &Cloud,
    name: &str,
    number: u64,
    alias: Option<&str>,
) -> Result<Json, ServiceError> {
    let version =
        cloud.lambda.functions.get(name).and_then(|function| function.releases.versions.get(&number));
    let version = version.ok_or_else(|| function::not_found(&format!("{name}:{number}")))?;
    let mut described = item(name, number, version);
    function::with_runtime(&mut described);
    let mut described = Json::Object(described);
    if let Some(alias) = alias {
        described["FunctionArn"] = function_arn(&format!("{name}:{alias}")).into();
    }
    match version.is_active(cloud.now) {
        true => {
            described["State"] = "Active".into();
            described["LastUpdateStatus"] = "Successful".into();
            if described["SnapStart"]["ApplyOn"] == "PublishedVersions" {
                described["SnapStart"]["OptimizationStatus"] = "On".into();
            }
        }
        false => {
            described["State"] = "Pending".into();
            described["StateReason"] = "The function is being created.".into();
            described["StateReasonCode"] = "Creating".into();
        }
    }
    Ok(described)
}

/// What a name with a version or an alias reads as [recorded: alias_lifecycle].
pub(super) fn qualified(cloud: &mut Cloud, named: &Named) -> Result<Json, ServiceError> {
    let function = named.find(cloud).ok_or_else(|| named.not_found())?.clone();
    let qualifier = named.qualifier.as_deref().unwrap_or(LATEST);
    let alias = function.releases.aliases.get(qualifier).map(|alias| alias.version.as_str());
    match number(alias.unwrap_or(qualifier)) {
        Some(number) => described(cloud, &named.function, number, alias.map(|_| qualifier)),
        None => {
            let mut described = function::described(cloud, &function);
            described["FunctionArn"] = named.arn().into();
            Ok(described)
        }
    }
}

/// `$LATEST` comes first, then the versions as they were published, all without states [recorded: list_versions].
fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = bare(required(params, "FunctionName")).to_owned();
    let function = find(cloud, required(params, "FunctionName"))?.clone();
    let mut latest = function::described(cloud, &function);
    latest["FunctionArn"] = Named::parse(&name).with(LATEST).arn().into();
    let states = ["State", "LastUpdateStatus", "RuntimeVersionConfig"];
    let is_state = |name: &str| states.iter().any(|state| name.starts_with(state));
    latest.as_object_mut().into_iter().for_each(|latest| latest.retain(|name, _| !is_state(name)));
    let versions = function.releases.versions.iter();
    let versions = versions.map(|(number, version)| Json::Object(item(&name, *number, version)));
    let all = [latest].into_iter().chain(versions).collect();
    let limit = params["MaxItems"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let (versions, next) = cloud.paging.page(all, text(params, "Marker"), limit, (50, 50));
    Ok(json!({ "Versions": versions, "NextMarker": next }))
}

/// Deletes a version, which nothing may refer to; one that is not there is deleted without an error [IT: measured, Aug 2026].
pub(super) fn delete(cloud: &mut Cloud, named: &Named, qualifier: &str) -> Result<Json, ServiceError> {
    if named.is_alias() {
        return refused("Deletion of aliases is not currently supported.");
    }
    let Some(number) = number(qualifier) else {
        return refused("$LATEST version cannot be deleted without deleting the function.");
    };
    let releases = &mut find(cloud, &named.function)?.releases;
    let aliases = releases.aliases.iter().filter(|(_, alias)| alias.refers_to(number));
    let aliases: Vec<&str> = aliases.map(|(name, _)| name.as_str()).collect();
    if !aliases.is_empty() {
        let aliases = aliases.join(", ");
        return ServiceError::err(
            "ResourceConflictException",
            format!("Unable to delete version because the following aliases reference it: [{aliases}]"),
        );
    }
    if releases.provisioned.contains_key(qualifier) {
        return ServiceError::err(
            "ResourceConflictException",
            "Unable to delete version because it has a Provisioned Concurrency Config",
        );
    }
    releases.versions.remove(&number);
    releases.asynchronous.remove(qualifier);
    Ok(deleted())
}
