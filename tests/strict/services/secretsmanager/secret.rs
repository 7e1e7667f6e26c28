//! Secrets: their versions, and what each call does.

use super::SecretsManager;
use crate::clock::BEGINNING;
use crate::cloud::{
    Cloud, Delay, Handler, ServiceError, TAGS, Tags, Time, check_tags, listed, required, seconds, tag_list,
    text,
};
use crate::pattern::matches;
use crate::service::{Marked, StrictService};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("GetSecretValue", value),
    ("DescribeSecret", describe),
    ("CreateSecret", create),
    ("UpdateSecret", update),
    ("PutSecretValue", put),
    ("TagResource", tag),
    ("UntagResource", untag),
    ("DeleteSecret", delete),
    ("RestoreSecret", restore),
    ("GetRandomPassword", password),
];

/// Until reads know a new secret, a new version, or a change of its deletion: the service is eventually consistent.
const SHOWN: Delay = Delay::of_millis("secret shown", 900);
/// For how long the name of a secret that was deleted for good is not free [aws-facts-services: 10].
const FREED: Delay = Delay::of_secs("secret name freed", 6);

/// What a secret that is deleted can be restored for, unless its owner says otherwise [M: DeleteSecret].
const RECOVERY_DAYS: u64 = 30;

/// The secrets by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(super) secrets: BTreeMap<String, Secret>,
    /// Those that were deleted for good, and when.
    gone: BTreeMap<String, Time>,
    /// How many there have been: one that is made again has another ending [recorded: secretsmanager, can_recreate].
    made: usize,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Secret {
    /// The six characters that its ARN ends with.
    pub(super) ending: String,
    /// The last one is the current one.
    pub(super) versions: Vec<Version>,
    pub(super) description: String,
    pub(super) key: Option<String>,
    pub(super) policy: Option<String>,
    pub(super) tags: Tags,
    pub(super) created: Time,
    /// When it is deleted for good, and since when that is so.
    pub(super) deletion: Option<(Time, Time)>,
    /// Until when calls still take it for deleted.
    pub(super) restored: Time,
}

#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) id: String,
    pub(super) content: Content,
    created: Time,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    Text(String),
    /// In base64.
    Binary(String),
}

impl Marked for Secret {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

impl Secret {
    /// The settings. A value that the name of its version does not tell is another one each time.
    pub(super) fn dump(&self) -> Json {
        let versions = self.versions.last().map(|version| match &version.content {
            Content::Text(text) if version.id.starts_with("p1") => json!({ "text": text }),
            // One that AWS or somebody else has made up.
            Content::Text(text) => json!({ "characters": text.chars().count() }),
            Content::Binary(base64) => json!({ "binary": base64 }),
        });
        let policy = self.policy.as_ref().and_then(|policy| serde_json::from_str::<Json>(policy).ok());
        json!({
            "value": versions, "description": self.description, "key": self.key, "tags": self.tags,
            "deleted": self.deletion.is_some(), "policy": policy,
        })
    }

    fn is_deleted(&self, now: Time) -> bool {
        self.deletion.is_some() || now < self.restored
    }
}

impl State {
    /// Makes a secret that is a text, or a new version of the one that has the name.
    pub(crate) fn put(&mut self, name: &str, text: &str) {
        self.add(name, Content::Text(text.to_owned()), None, BEGINNING);
    }

    /// The same of a secret that is no text.
    pub(crate) fn put_binary(&mut self, name: &str, bytes: &[u8]) {
        self.add(name, Content::Binary(STANDARD.encode(bytes)), None, BEGINNING);
    }

    /// Makes a secret that has no value yet.
    pub(crate) fn put_empty(&mut self, name: &str) {
        self.made += 1;
        let ending = digest(name, self.made).chars().take(6).collect();
        self.secrets.entry(name.to_owned()).or_insert(Secret { ending, ..Secret::default() });
    }

    /// Deletes a secret as its owner does: it is there until it can no more be restored.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn schedule_deletion(&mut self, name: &str) {
        let end = BEGINNING + Duration::from_secs(RECOVERY_DAYS * 24 * 3600);
        self.secrets.get_mut(name).expect("a secret").deletion = Some((end, Time::ZERO));
    }

    /// The current value of a secret, as its users read it.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match &self.secrets.get(name)?.versions.last()?.content {
            Content::Text(text) => Some(text),
            Content::Binary(_) => None,
        }
    }

    /// The ARN of a secret.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn arn(&self, name: &str) -> String {
        SecretsManager.arn(&format!("secret:{name}-{}", self.secrets[name].ending))
    }

    fn add(&mut self, name: &str, content: Content, id: Option<&str>, created: Time) {
        self.put_empty(name);
        let secret = self.secrets.get_mut(name).expect("a secret");
        let hex = digest(name, secret.versions.len());
        let made_up =
            format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32]);
        let id = id.map_or(made_up, str::to_owned);
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

    /// Forgets what can no more be restored.
    pub(super) fn expire(&mut self, now: Time) {
        self.secrets.retain(|_, secret| secret.deletion.is_none_or(|(end, _)| now < end));
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

/// The secret that a call names, as soon as calls know it.
fn known<'a>(cloud: &'a Cloud, params: &Json) -> Result<(&'a String, &'a Secret), ServiceError> {
    let id = required(params, "SecretId");
    check_name(id)?;
    let shown = cloud.delays.of(SHOWN);
    let found = cloud.secretsmanager.find(id);
    // [recorded: secretsmanager, secret_not_found]
    found.filter(|(_, secret)| cloud.now >= secret.created + shown).map_or_else(|| missing("."), Ok)
}

/// The same, unless it is deleted.
pub(super) fn named<'a>(cloud: &'a Cloud, params: &Json) -> Result<(&'a String, &'a Secret), ServiceError> {
    let (name, secret) = known(cloud, params)?;
    if secret.is_deleted(cloud.now) {
        // [recorded: secretsmanager, tag_untag_resource_on_deleted_secret]
        let deleted = "You can't perform this operation on the secret because it was marked for deletion.";
        return ServiceError::err("InvalidRequestException", deleted);
    }
    Ok((name, secret))
}

/// The same, to be changed, with its name.
pub(super) fn changed<'a>(
    cloud: &'a mut Cloud,
    params: &Json,
) -> Result<(String, &'a mut Secret), ServiceError> {
    let name = named(cloud, params)?.0.clone();
    let secret = cloud.secretsmanager.secrets.get_mut(&name).expect("it was found");
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

/// The stage of each version: the last one is the current one.
fn stage_of(secret: &Secret, id: &str) -> Option<&'static str> {
    let after = secret.versions.iter().rev().position(|other| other.id == id);
    ["AWSCURRENT", "AWSPREVIOUS"].get(after?).copied()
}

/// The current version, unless the call names another one [recorded: secretsmanager, secret_version_not_found and
/// get_secret_value_errors].
fn value(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (name, secret) = named(cloud, params)?;
    let (id, stage) = (text(params, "VersionId"), text(params, "VersionStage"));
    let wanted = stage.unwrap_or("AWSCURRENT");
    let version = match id {
        Some(id) => secret.versions.iter().find(|version| version.id == id),
        None => secret.versions.iter().find(|version| stage_of(secret, &version.id) == Some(wanted)),
    };
    let Some(version) = version else {
        let what = id.map_or(format!("staging label: {wanted}"), |id| format!("VersionId: {id}"));
        return missing(&format!(" value for {what}"));
    };
    if stage.is_some() && stage_of(secret, &version.id) != stage {
        let other = "You provided a VersionStage that is not associated to the provided VersionId.";
        return ServiceError::err("InvalidRequestException", other);
    }
    let mut answer = json!({
        "ARN": cloud.secretsmanager.arn(name), "Name": name, "VersionId": version.id,
        "VersionStages": stage_of(secret, &version.id).map(|stage| [stage]), "CreatedDate": seconds(version.created),
    });
    match &version.content {
        Content::Text(text) => answer["SecretString"] = text.as_str().into(),
        Content::Binary(base64) => answer["SecretBinary"] = base64.as_str().into(),
    }
    Ok(answer)
}

/// A deleted one is still described [aws-facts-services: 10]. Tags are late, as everywhere.
fn describe(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, tags, shown) = (cloud.now, cloud.delays.of(TAGS), cloud.delays.of(SHOWN));
    let (name, secret) = known(cloud, params)?;
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    let versions = secret
        .versions
        .iter()
        .filter(|version| now >= version.created + shown || version.created == BEGINNING);
    let versions: BTreeMap<&String, [&str; 1]> =
        versions.filter_map(|version| Some((&version.id, [stage_of(secret, &version.id)?]))).collect();
    let deletion = secret.deletion.filter(|(_, since)| now >= *since + shown).map(|(end, _)| seconds(end));
    Ok(json!({
        "ARN": cloud.secretsmanager.arn(name), "Name": name, "Description": some(&secret.description),
        "KmsKeyId": secret.key, "CreatedDate": seconds(secret.created.max(BEGINNING)),
        "LastChangedDate": seconds(now), "DeletedDate": deletion,
        "Tags": (now >= secret.created + tags).then(|| listed(&secret.tags)),
        "VersionIdsToStages": (!versions.is_empty()).then_some(versions),
    }))
}

fn content(params: &Json) -> Option<Content> {
    let of_text = text(params, "SecretString").map(|text| Content::Text(text.to_owned()));
    of_text.or_else(|| text(params, "SecretBinary").map(|base64| Content::Binary(base64.to_owned())))
}

fn token(params: &Json) -> Result<String, ServiceError> {
    match text(params, "ClientRequestToken") {
        Some(token) => Ok(token.to_owned()),
        // [recorded: secretsmanager, no_client_request_token]
        None => ServiceError::err(
            "InvalidRequestException",
            "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
        ),
    }
}

fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (name, now) = (required(params, "Name"), cloud.now);
    check_name(name)?;
    let token = token(params)?;
    let freed = cloud.delays.of(FREED);
    let is_locked = cloud.secretsmanager.gone.get(name).is_some_and(|gone| now < *gone + freed);
    // [recorded: secretsmanager, exp_raised_on_creation_of_secret_scheduled_for_deletion]
    let deleted =
        "You can't create this secret because a secret with this name is already scheduled for deletion.";
    match cloud.secretsmanager.secrets.get(name) {
        Some(secret) if secret.deletion.is_some() => {
            return ServiceError::err("InvalidRequestException", deleted);
        }
        // The same call once more is no other one [M: ClientRequestToken].
        Some(secret)
            if secret.versions.len() == 1
                && secret.versions[0].id == token
                && Some(&secret.versions[0].content) == content(params).as_ref() =>
        {
            let arn = cloud.secretsmanager.arn(name);
            return Ok(json!({ "ARN": arn, "Name": name, "VersionId": token }));
        }
        Some(_) => {
            // [recorded: secretsmanager, secret_exists_snapshots]
            let exists = format!("The operation failed because the secret {name} already exists.");
            return ServiceError::err("ResourceExistsException", exists);
        }
        None if is_locked => return ServiceError::err("InvalidRequestException", deleted),
        None => {}
    }
    let tags = tag_list(params);
    check_tags(&Tags::new(), &tags, "InvalidParameterException")?;
    let state = &mut cloud.secretsmanager;
    match content(params) {
        Some(content) => state.add(name, content, Some(&token), now),
        // [recorded: secretsmanager, create_secret_version_from_empty_secret]
        None => state.put_empty(name),
    }
    let secret = state.secrets.get_mut(name).expect("it was made");
    secret.description = text(params, "Description").unwrap_or_default().to_owned();
    secret.key = key(params).flatten();
    (secret.tags, secret.created) = (tags, now);
    let version = secret.versions.last().map(|version| version.id.clone());
    Ok(json!({ "ARN": state.arn(name), "Name": name, "VersionId": version }))
}

/// The key that a call names: AWS's own is none, by an empty text or by its alias [M: UpdateSecret].
fn key(params: &Json) -> Option<Option<String>> {
    let key = text(params, "KmsKeyId")?;
    let own = ["", "alias/aws/secretsmanager"].contains(&key);
    // An alias is shown with its ARN.
    let key = if key.starts_with("alias/") {
        format!("arn:aws:kms:eu-west-1:123456789012:{key}")
    } else {
        key.to_owned()
    };
    Some((!own).then_some(key))
}

/// What is left out stays.
fn update(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (_, secret) = changed(cloud, params)?;
    if let Some(description) = text(params, "Description") {
        description.clone_into(&mut secret.description);
    }
    if let Some(key) = key(params) {
        secret.key = key;
    }
    match content(params) {
        Some(_) => put(cloud, params),
        None => {
            let (name, _) = changed(cloud, params)?;
            Ok(json!({ "ARN": cloud.secretsmanager.arn(&name), "Name": name }))
        }
    }
}

/// A new version, which becomes the current one. The same token with the same value is the same call
/// [M: ClientRequestToken].
fn put(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (token, now) = (token(params)?, cloud.now);
    let name = changed(cloud, params)?.0;
    let Some(content) = content(params) else {
        return ServiceError::err(
            "InvalidRequestException",
            "You must provide either SecretString or SecretBinary.",
        );
    };
    let secret = &cloud.secretsmanager.secrets[&name];
    match secret.versions.iter().find(|version| version.id == token) {
        Some(same) if same.content == content => {}
        Some(_) => {
            let message = format!(
                "You can't use ClientRequestToken {token} because that value is already in use for a version of secret {}.",
                cloud.secretsmanager.arn(&name)
            );
            return ServiceError::err("ResourceExistsException", message);
        }
        None => cloud.secretsmanager.add(&name, content, Some(&token), now),
    }
    let arn = cloud.secretsmanager.arn(&name);
    Ok(json!({ "ARN": arn, "Name": name, "VersionId": token, "VersionStages": ["AWSCURRENT"] }))
}

fn tag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let new = tag_list(params);
    let (_, secret) = changed(cloud, params)?;
    check_tags(&secret.tags, &new, "InvalidParameterException")?;
    secret.tags.extend(new);
    Ok(Json::Null)
}

fn untag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (_, secret) = changed(cloud, params)?;
    for key in params["TagKeys"].as_array().into_iter().flatten().filter_map(Json::as_str) {
        secret.tags.remove(key);
    }
    Ok(Json::Null)
}

/// Not at once, unless the caller insists.
fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let now = cloud.now;
    let (at_once, days) = (
        params["ForceDeleteWithoutRecovery"].as_bool().unwrap_or_default(),
        params["RecoveryWindowInDays"].as_u64(),
    );
    if days.is_some_and(|days| !(7..=30).contains(&days)) {
        // [recorded: secretsmanager, invalid recovery window]
        let message = "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).";
        return ServiceError::err("InvalidParameterException", message);
    }
    if at_once && days.is_some() {
        let message = "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.";
        return ServiceError::err("InvalidParameterException", message);
    }
    let name = named(cloud, params)?.0.clone();
    let arn = cloud.secretsmanager.arn(&name);
    let days = if at_once { 0 } else { days.unwrap_or(RECOVERY_DAYS) };
    let end = now + Duration::from_secs(days * 24 * 3600);
    if at_once {
        remove(cloud, &name);
    } else if let Some(secret) = cloud.secretsmanager.secrets.get_mut(&name) {
        secret.deletion = Some((end, now));
    }
    Ok(json!({ "ARN": arn, "Name": name, "DeletionDate": seconds(end) }))
}

/// Deletes a secret for good: by a call, or by hand.
pub(super) fn remove(cloud: &mut Cloud, name: &str) {
    let now = cloud.now;
    if cloud.secretsmanager.secrets.remove(name).is_some() {
        cloud.secretsmanager.gone.insert(name.to_owned(), now);
    }
}

/// One that is not deleted is restored as well, without a change.
fn restore(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let until = cloud.now + cloud.delays.of(SHOWN);
    let name = known(cloud, params)?.0.clone();
    let secret = cloud.secretsmanager.secrets.get_mut(&name).expect("it was found");
    if secret.deletion.take().is_some() {
        secret.restored = until;
    }
    Ok(json!({ "ARN": cloud.secretsmanager.arn(&name), "Name": name }))
}

/// Another one each time.
fn password(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let flag = |name: &str| params[name].as_bool().unwrap_or_default();
    let sorts = [
        ("ExcludeLowercase", "abcdefghijklmnopqrstuvwxyz"),
        ("ExcludeUppercase", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("ExcludeNumbers", "0123456789"),
        ("ExcludePunctuation", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
    ];
    let excluded = text(params, "ExcludeCharacters").unwrap_or_default();
    let sorts = sorts.iter().filter(|(exclude, _)| !flag(exclude)).flat_map(|(_, sort)| sort.chars());
    let alphabet: String = sorts.filter(|letter| !excluded.contains(*letter)).collect();
    let length =
        params["PasswordLength"].as_u64().and_then(|length| usize::try_from(length).ok()).unwrap_or(32);
    if alphabet.is_empty() {
        let message = "You can't exclude all character types.";
        return ServiceError::err("InvalidParameterException", message);
    }
    if length < 4 && params["RequireEachIncludedType"] != false {
        let message = "Password length is too short based on the required types.";
        return ServiceError::err("InvalidParameterException", message);
    }
    let password = cloud.made_up("password", "", &alphabet, length);
    Ok(json!({ "RandomPassword": password }))
}
