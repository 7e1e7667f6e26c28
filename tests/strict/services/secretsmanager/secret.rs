//! Secrets with their versions.

use super::SecretsManager;
use crate::clock::BEGINNING;
use crate::cloud::{Cloud, Handler, ServiceError, Time, required, seconds, text};
use crate::pattern::matches;
use crate::service::StrictService;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;

/// What it is asked for: by the product the first alone, by the requests of `requests.yaml` all.
pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("GetSecretValue", value), ("CreateSecret", create), ("DeleteSecret", delete)];

/// What a secret that is deleted can be restored for, unless its owner says otherwise [M: DeleteSecret].
const RECOVERY_DAYS: u64 = 30;

/// The secrets by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    secrets: BTreeMap<String, Secret>,
    /// How many there have been: one that is made again has another ending [recorded: secretsmanager, can_recreate].
    made: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Secret {
    /// The six characters that its ARN ends with.
    ending: String,
    /// The last one is the current one.
    versions: Vec<Version>,
    is_deleted: bool,
}

#[derive(Debug, Clone)]
struct Version {
    id: String,
    content: Content,
    created: Time,
}

#[derive(Debug, Clone)]
enum Content {
    Text(String),
    /// In base64.
    Binary(String),
}

impl State {
    /// Makes a secret that is a text, or a new version of the one that has the name.
    pub(crate) fn put(&mut self, name: &str, text: &str) {
        self.add(name, Content::Text(text.to_owned()), BEGINNING);
    }

    /// The same of a secret that is no text.
    pub(crate) fn put_binary(&mut self, name: &str, bytes: &[u8]) {
        self.add(name, Content::Binary(STANDARD.encode(bytes)), BEGINNING);
    }

    /// Makes a secret that has no value yet.
    pub(crate) fn put_empty(&mut self, name: &str) {
        self.made += 1;
        let ending = digest(name, self.made).chars().take(6).collect();
        let secret = Secret { ending, versions: Vec::new(), is_deleted: false };
        self.secrets.entry(name.to_owned()).or_insert(secret);
    }

    /// Deletes a secret as its owner does: it is there until it can no more be restored.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn schedule_deletion(&mut self, name: &str) {
        self.secrets.get_mut(name).expect("a secret").is_deleted = true;
    }

    /// The ARN of a secret.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn arn(&self, name: &str) -> String {
        SecretsManager.arn(&format!("secret:{name}-{}", self.secrets[name].ending))
    }

    fn add(&mut self, name: &str, content: Content, created: Time) {
        self.put_empty(name);
        let secret = self.secrets.get_mut(name).expect("a secret");
        let hex = digest(name, secret.versions.len());
        let id = format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32]);
        secret.versions.push(Version { id, content, created });
    }

    /// The secret of a name, an ARN, or an ARN without its ending, with its name. What ends like a whole ARN is held for one
    /// [recorded: secretsmanager, create_and_update].
    pub(super) fn find(&self, id: &str) -> Option<(&String, &Secret)> {
        let is_it = |name: &String| match id.starts_with("arn:") {
            false => name == id,
            true if has_ending(id) => self.arn(name) == id,
            true => SecretsManager.arn(&format!("secret:{name}")) == id,
        };
        self.secrets.iter().find(|(name, _)| is_it(name))
    }
}

fn digest(name: &str, number: usize) -> String {
    Sha256::digest(format!("{name} {number}")).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn has_ending(id: &str) -> bool {
    matches(".+-[a-zA-Z0-9]{6}", id)
}

/// The ARN of a secret that is not there, whose ending only wildcards match.
pub(super) fn unknown(id: &str) -> String {
    match id.strip_prefix("arn:") {
        Some(rest) if rest.matches(':').count() >= 5 && has_ending(id) => id.to_owned(),
        Some(rest) if rest.matches(':').count() >= 5 => format!("{id}-??????"),
        _ => SecretsManager.arn(&format!("secret:{id}-??????")),
    }
}

/// The secret that a call names, unless it is deleted.
fn named<'a>(cloud: &'a Cloud, params: &Json) -> Result<(&'a String, &'a Secret), ServiceError> {
    let id = required(params, "SecretId");
    check_name(id)?;
    let Some((name, secret)) = cloud.secretsmanager.find(id) else {
        // [recorded: secretsmanager, secret_not_found]
        return missing(".");
    };
    if secret.is_deleted {
        // [recorded: secretsmanager, tag_untag_resource_on_deleted_secret]
        let deleted = "You can't perform this operation on the secret because it was marked for deletion.";
        return ServiceError::err("InvalidRequestException", deleted);
    }
    Ok((name, secret))
}

fn missing<T>(what: &str) -> Result<T, ServiceError> {
    let message = format!("Secrets Manager can't find the specified secret{what}");
    ServiceError::err("ResourceNotFoundException", message)
}

/// [recorded: secretsmanager, invalid_secret_name]
fn check_name(name: &str) -> Result<(), ServiceError> {
    if name.starts_with("arn:") || matches("[-a-zA-Z0-9/_+=.@!]+", name) {
        return Ok(());
    }
    let invalid = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!";
    ServiceError::err("ValidationException", invalid)
}

/// The current version, unless the call names another one [recorded: secretsmanager, secret_version_not_found and
/// get_secret_value_errors].
fn value(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (name, secret) = named(cloud, params)?;
    let stage_of = |version: &Version| {
        let after = secret.versions.iter().rev().position(|other| other.id == version.id);
        ["AWSCURRENT", "AWSPREVIOUS"].get(after?).copied()
    };
    let (id, stage) = (text(params, "VersionId"), text(params, "VersionStage"));
    let wanted = stage.unwrap_or("AWSCURRENT");
    let version = match id {
        Some(id) => secret.versions.iter().find(|version| version.id == id),
        None => secret.versions.iter().find(|version| stage_of(version) == Some(wanted)),
    };
    let Some(version) = version else {
        let what = id.map_or(format!("staging label: {wanted}"), |id| format!("VersionId: {id}"));
        return missing(&format!(" value for {what}"));
    };
    if stage.is_some() && stage_of(version) != stage {
        let other = "You provided a VersionStage that is not associated to the provided VersionId.";
        return ServiceError::err("InvalidRequestException", other);
    }
    let mut answer = json!({
        "ARN": cloud.secretsmanager.arn(name), "Name": name, "VersionId": version.id,
        "VersionStages": stage_of(version).map(|stage| [stage]), "CreatedDate": seconds(version.created),
    });
    match &version.content {
        Content::Text(text) => answer["SecretString"] = text.as_str().into(),
        Content::Binary(base64) => answer["SecretBinary"] = base64.as_str().into(),
    }
    Ok(answer)
}

/// As much of it as the requests need: there is nothing to compare where nothing can be made.
fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (name, now) = (required(params, "Name"), cloud.now);
    check_name(name)?;
    if text(params, "ClientRequestToken").is_none() {
        // [recorded: secretsmanager, no_client_request_token]
        let none = "You must provide a ClientRequestToken value. We recommend a UUID-type value.";
        return ServiceError::err("InvalidRequestException", none);
    }
    match cloud.secretsmanager.secrets.get(name) {
        Some(secret) if secret.is_deleted => {
            // [recorded: secretsmanager, exp_raised_on_creation_of_secret_scheduled_for_deletion]
            let deleted = "You can't create this secret because a secret with this name is already scheduled for deletion.";
            return ServiceError::err("InvalidRequestException", deleted);
        }
        Some(_) => {
            // [recorded: secretsmanager, secret_exists_snapshots]
            let exists = format!("The operation failed because the secret {name} already exists.");
            return ServiceError::err("ResourceExistsException", exists);
        }
        None => {}
    }
    let state = &mut cloud.secretsmanager;
    match (text(params, "SecretString"), text(params, "SecretBinary")) {
        (Some(text), _) => state.add(name, Content::Text(text.to_owned()), now),
        (_, Some(base64)) => state.add(name, Content::Binary(base64.to_owned()), now),
        // [recorded: secretsmanager, create_secret_version_from_empty_secret]
        (None, None) => state.put_empty(name),
    }
    let version = state.secrets[name].versions.last().map(|version| &version.id);
    Ok(json!({ "ARN": state.arn(name), "Name": name, "VersionId": version }))
}

/// As much of it as the requests need.
fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = named(cloud, params)?.0.clone();
    let (arn, at_once) =
        (cloud.secretsmanager.arn(&name), params["ForceDeleteWithoutRecovery"].as_bool().unwrap_or_default());
    let days = if at_once { 0 } else { params["RecoveryWindowInDays"].as_u64().unwrap_or(RECOVERY_DAYS) };
    if at_once {
        cloud.secretsmanager.secrets.remove(&name);
    } else {
        cloud.secretsmanager.schedule_deletion(&name);
    }
    let end = cloud.now + Duration::from_secs(days * 24 * 3600);
    Ok(json!({ "ARN": arn, "Name": name, "DeletionDate": seconds(end) }))
}
