//! Parameters: their versions, and what each call does.

use super::matches;
use crate::clock::BEGINNING;
use crate::cloud::{
    ACCOUNT, Cloud, Delay, Handler, REGION, ServiceError, TAGS, Tags, Time, check_tags, listed, required,
    seconds, tag_list, text,
};
use crate::service::Marked;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("GetParameters", get),
    ("DescribeParameters", describe),
    ("ListTagsForResource", tags),
    ("PutParameter", put),
    ("AddTagsToResource", tag),
    ("DeleteParameter", delete),
];

/// Until reads show a new version, or no more what was deleted [aws-facts-services: 10].
const SHOWN: Delay = Delay::of_millis("parameter shown", 1_200);
/// Until DescribeParameters knows a new parameter.
const DESCRIBED: Delay = Delay::of_millis("parameter described", 1_900);
/// How many versions are kept [M: PutParameter].
pub(super) const VERSIONS: usize = 100;
/// AWS's own key for Systems Manager.
pub(super) const OWN_KEY: &str = "alias/aws/ssm";

/// What AWS says to a name that is none [localstack issue 7712: GetParameter].
const NO_NAME: &str = "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist \
     of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 \
     symbols .-_";

/// The parameters by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(super) parameters: BTreeMap<String, Stored>,
    /// Those that were deleted last, and when.
    deleted: BTreeMap<String, (Stored, Time)>,
}

/// A parameter with its versions, the first one first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stored {
    pub(super) versions: Vec<Parameter>,
    /// How many earlier versions are no longer kept.
    dropped: usize,
    /// Whether the oldest version has a label, so that it is kept.
    pub(super) is_labelled: bool,
    pub(super) created: Time,
    pub(super) tags: Tags,
}

/// A version of a parameter.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(super) kind: &'static str,
    pub(super) value: String,
    pub(super) description: String,
    pub(super) pattern: String,
    pub(super) tier: &'static str,
    pub(super) key: Option<String>,
    pub(super) modified: Time,
    /// When all of the service knows it.
    pub(super) shown: Time,
}

impl Parameter {
    /// A `String`.
    pub(crate) fn text(value: &str) -> Self {
        Parameter {
            kind: "String",
            value: value.to_owned(),
            description: String::new(),
            pattern: String::new(),
            tier: "Standard",
            key: None,
            modified: BEGINNING,
            shown: Time::ZERO,
        }
    }

    /// A `StringList`, which is a text with commas.
    pub(crate) fn list(values: &[&str]) -> Self {
        Parameter { kind: "StringList", ..Parameter::text(&values.join(",")) }
    }

    /// A `SecureString`, encrypted with AWS's own key, for which nobody of the account needs a permission
    /// [aws-facts-services: 10].
    pub(crate) fn secure(value: &str) -> Self {
        Parameter { kind: "SecureString", key: Some(OWN_KEY.to_owned()), ..Parameter::text(value) }
    }

    /// Its value, or what it is encrypted to.
    fn value(&self, decrypted: bool) -> String {
        if self.kind == "SecureString" && !decrypted {
            return STANDARD.encode(Sha256::digest(&self.value));
        }
        self.value.clone()
    }
}

impl Marked for Stored {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

impl Stored {
    /// The number of a version.
    fn number(&self, index: usize) -> usize {
        self.dropped + index + 1
    }

    /// The version that reads show, by its index.
    fn shown(&self, now: Time) -> Option<usize> {
        self.versions.iter().rposition(|version| now >= version.shown)
    }

    /// The current version.
    pub(super) fn current(&mut self) -> Option<&mut Parameter> {
        self.versions.last_mut()
    }

    fn add(&mut self, version: Parameter) {
        self.versions.push(version);
        if self.versions.len() > VERSIONS {
            self.versions.remove(0);
            self.dropped += 1;
        }
    }

    /// The settings. The digest of a value is another one each time; the version that it is of counts.
    pub(super) fn dump(&self) -> Json {
        let number = self.number(self.versions.len() - 1);
        let mut tags = self.tags.clone();
        if let Some(value) = tags.get_mut("provision:value") {
            let is_current = value.starts_with(&format!("{number}:"));
            *value = if is_current { "the current one" } else { "an earlier one" }.to_owned();
        }
        let Parameter { kind, value, description, pattern, tier, key, .. } =
            &self.versions[self.versions.len() - 1];
        json!({
            "type": kind, "value": value, "description": description, "pattern": pattern, "tier": tier, "key": key,
            "tags": tags,
        })
    }
}

impl State {
    /// Makes a parameter, or a new version of the one that has the name.
    pub(crate) fn put(&mut self, name: &str, parameter: Parameter) {
        self.parameters.entry(name.to_owned()).or_default().add(parameter);
    }

    /// The current value of a parameter, as its users read it.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        Some(&self.parameters.get(name)?.versions.last()?.value)
    }

    /// Puts a label on the oldest version of a parameter, which is kept then.
    ///
    /// # Panics
    /// If there is no such parameter.
    pub(crate) fn label_oldest(&mut self, name: &str) {
        self.parameters.get_mut(name).expect("a parameter").is_labelled = true;
    }

    /// What reads find: also what was deleted a moment ago.
    fn seen<'a>(&'a self, cloud: &'a Cloud) -> impl Iterator<Item = (&'a String, &'a Stored)> {
        let shown = cloud.delays.of(SHOWN);
        let deleted = self.deleted.iter().filter(move |(name, (_, when))| {
            cloud.now < *when + shown && !self.parameters.contains_key(*name)
        });
        self.parameters.iter().chain(deleted.map(|(name, (stored, _))| (name, stored)))
    }
}

/// The ARN of a parameter: with one slash, whether the name begins with one or not [aws-facts-services: 10]. AWS's own
/// parameters are of no account [DG: Calling public parameters].
pub(crate) fn arn_of(name: &str) -> String {
    let account = if name.starts_with("/aws/") { "" } else { ACCOUNT };
    format!("arn:aws:ssm:{REGION}:{account}:parameter/{}", name.trim_start_matches('/'))
}

pub(super) fn is_name(text: &str) -> bool {
    matches("[a-zA-Z0-9_./-]+", text)
}

/// What a call asks for, each once; blanks around a name do not count [M: GetParameters].
pub(super) fn asked(params: &Json) -> BTreeSet<&str> {
    let names = params["Names"].as_array().into_iter().flatten();
    names.filter_map(Json::as_str).map(str::trim).collect()
}

/// A name or an ARN, and the version or label behind it [API: GetParameters].
pub(super) fn split(text: &str) -> (&str, Option<&str>) {
    let colons = if text.starts_with("arn:") { 6 } else { 1 };
    let colon = text.match_indices(':').nth(colons - 1);
    colon.map_or((text, None), |(at, _)| (&text[..at], Some(&text[at + 1..])))
}

/// The version that is meant and its number, as the response has it. Its name is never an ARN [recorded: ssm].
fn found(cloud: &Cloud, asked: &str, decrypted: bool) -> Option<Json> {
    let (wanted, selector) = split(asked);
    let is_it = |(name, _): &(&String, &Stored)| *name == wanted || arn_of(name) == wanted;
    let (name, stored) = cloud.ssm.seen(cloud).find(is_it)?;
    // No parameter has labels here that anybody asks for.
    let index = match selector {
        None => stored.shown(cloud.now)?,
        Some(selector) => selector.parse::<usize>().ok()?.checked_sub(stored.number(0))?,
    };
    let parameter = stored.versions.get(index)?;
    Some(json!({
        "Name": name, "Type": parameter.kind, "Value": parameter.value(decrypted), "Version": stored.number(index),
        "Selector": selector.map(|selector| format!(":{selector}")),
        "LastModifiedDate": seconds(parameter.modified), "ARN": arn_of(name), "DataType": "text",
    }))
}

/// Of a name that is there twice there is one answer [moto pull request 3984]. Answers are in alphabetical order
/// [API: GetParameters], and so, for want of a source, are the names that are none.
fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let names = asked(params);
    // Other letters are not refused: what is no name is just not there [API: InvalidParameters].
    if names.iter().any(|name| name.contains(' ')) {
        return ServiceError::err("ValidationException", NO_NAME);
    }
    let decrypted = params["WithDecryption"].as_bool().unwrap_or_default();
    let parameters: Vec<Json> = names.iter().filter_map(|name| found(cloud, name, decrypted)).collect();
    let invalid: Vec<&&str> = names.iter().filter(|name| found(cloud, name, decrypted).is_none()).collect();
    Ok(json!({ "Parameters": parameters, "InvalidParameters": invalid }))
}

/// Without values. Only the filter by whole names is known here.
fn describe(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let mut wanted: Option<Vec<&str>> = None;
    for filter in params["ParameterFilters"].as_array().into_iter().flatten() {
        if required(filter, "Key") != "Name" {
            return ServiceError::err("InvalidFilterKey", "The specified key is not valid.");
        }
        if text(filter, "Option").is_some_and(|option| option != "Equals") {
            return ServiceError::err("InvalidFilterOption", "The specified filter option is not valid.");
        }
        wanted = Some(filter["Values"].as_array().into_iter().flatten().filter_map(Json::as_str).collect());
    }
    let described = cloud.delays.of(DESCRIBED);
    let is_wanted = |name: &str| wanted.as_ref().is_none_or(|wanted| wanted.contains(&name));
    let all = cloud
        .ssm
        .seen(cloud)
        .filter(|(name, stored)| is_wanted(name) && cloud.now >= stored.created + described);
    let all = all.filter_map(|(name, stored)| {
        let index = stored.shown(cloud.now)?;
        let Parameter { kind, description, pattern, tier, key, modified, .. } = &stored.versions[index];
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        Some(json!({
            "Name": name, "ARN": arn_of(name), "Type": kind, "KeyId": key, "LastModifiedDate": seconds(*modified),
            "LastModifiedUser": format!("arn:aws:iam::{ACCOUNT}:user/ada"), "Description": some(description),
            "AllowedPattern": some(pattern), "Version": stored.number(index), "Tier": tier, "Policies": [],
            "DataType": "text",
        }))
    });
    let all: Vec<Json> = all.collect();
    let limit = params["MaxResults"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let (page, next) = cloud.paging.page(all, text(params, "NextToken"), limit, (50, 50));
    Ok(json!({ "Parameters": page, "NextToken": next }))
}

/// The parameter whose tags a call is about.
fn resource<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<&'a mut Stored, ServiceError> {
    if required(params, "ResourceType") != "Parameter" {
        return ServiceError::err("InvalidResourceType", "The resource type is not valid.");
    }
    let (now, shown) = (cloud.now, cloud.delays.of(SHOWN));
    let id = required(params, "ResourceId");
    let stored =
        cloud.ssm.parameters.get_mut(id).filter(|stored| now >= stored.created + shown || shown.is_zero());
    let unknown = || {
        ServiceError::new(
            "InvalidResourceId",
            "The resource ID isn't valid. Verify that you entered the correct ID and try again.",
        )
    };
    stored.ok_or_else(unknown)
}

fn tags(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay) = (cloud.now, cloud.delays.of(TAGS));
    let stored = resource(cloud, params)?;
    let is_shown = now >= stored.created + delay;
    Ok(json!({ "TagList": if is_shown { listed(&stored.tags) } else { json!([]) } }))
}

fn tag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let new = tag_list(params);
    let stored = resource(cloud, params)?;
    check_tags(&stored.tags, &new, "ValidationException")?;
    stored.tags.extend(new);
    Ok(json!({}))
}

/// A new parameter, or a new version, which has what is left out from the one before [TF].
fn put(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (name, value, now) = (required(params, "Name"), required(params, "Value"), cloud.now);
    let (tags, overwrite) = (tag_list(params), params["Overwrite"] == true);
    let invalid = |message: &str| ServiceError::err("ValidationException", message);
    if overwrite && !tags.is_empty() {
        // [aws-facts-services: 10]
        return invalid(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please \
                        remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or \
                        RemoveTagsFromResource.",
        );
    }
    if cloud.overlapping(&format!("ssm {name}")) > 1 && !cloud.never_conflicts {
        let message = "There are concurrent updates for a resource that supports one update at a time.";
        return ServiceError::err("TooManyUpdates", message);
    }
    let stored = cloud.ssm.parameters.get(name);
    let before = stored.and_then(|stored| stored.versions.last()).cloned();
    if before.is_some() && !overwrite {
        let exists = "The parameter already exists. To overwrite this value, set the overwrite option in the request to \
                      true.";
        return ServiceError::err("ParameterAlreadyExists", exists);
    }
    check_tags(&Tags::new(), &tags, "ValidationException")?;
    let reserved = name.trim_start_matches('/').to_lowercase();
    if !is_name(name) || reserved.starts_with("ssm") {
        return invalid(NO_NAME);
    }
    if reserved.starts_with("aws") {
        return ServiceError::err("AccessDeniedException", "No access to reserved parameter name: aws.");
    }
    if name.contains('/') && !name.starts_with('/') {
        return invalid("Parameter name must be a fully qualified name.");
    }
    if name.trim_start_matches('/').split('/').count() > 15 {
        let message = "A parameter hierarchy can't have more than 15 levels.";
        return ServiceError::err("HierarchyLevelLimitExceededException", message);
    }
    let kind = match (text(params, "Type"), &before) {
        (Some("SecureString"), _) => "SecureString",
        (Some("StringList"), _) => "StringList",
        (Some(_), _) => "String",
        (None, Some(before)) => before.kind,
        (None, None) => return invalid("A parameter type is required when you create a parameter."),
    };
    if before.as_ref().is_some_and(|before| before.kind != kind) {
        let message = "A hierarchy does not support changing parameter types.";
        return ServiceError::err("HierarchyTypeMismatchException", message);
    }
    let tier = if text(params, "Tier") == Some("Advanced") { "Advanced" } else { "Standard" };
    if before.as_ref().is_some_and(|before| before.tier == "Advanced") && tier == "Standard" {
        // [TF]
        return invalid(
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the \
                        advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced \
                        parameter and recreate it as a standard parameter.",
        );
    }
    let most = if tier == "Advanced" { 8_192 } else { 4_096 };
    if value.is_empty() || value.chars().count() > most {
        return invalid(&format!(
            "{tier} tier parameters support a maximum parameter value of {most} characters."
        ));
    }
    if value.contains("{{") && value.contains("}}") {
        return invalid("Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.");
    }
    let of_before = |member: &str, before: Option<&String>| {
        text(params, member).map(str::to_owned).or_else(|| before.cloned()).unwrap_or_default()
    };
    let pattern = of_before("AllowedPattern", before.as_ref().map(|before| &before.pattern));
    if !pattern.is_empty() && !matches(&pattern, value) {
        let message = format!("Parameter value, cannot be validated against allowedPattern: {pattern}");
        return ServiceError::err("ParameterPatternMismatchException", message);
    }
    if stored.is_some_and(|stored| stored.versions.len() == VERSIONS && stored.is_labelled) {
        let message = format!(
            "You have reached the maximum number of parameter versions for {name}, and the oldest one has a label."
        );
        return ServiceError::err("ParameterMaxVersionLimitExceeded", message);
    }
    let parameter = Parameter {
        kind,
        value: value.to_owned(),
        description: of_before("Description", before.as_ref().map(|before| &before.description)),
        pattern,
        tier,
        key: (kind == "SecureString").then(|| text(params, "KeyId").unwrap_or(OWN_KEY).to_owned()),
        modified: now,
        shown: now + cloud.delays.of(SHOWN),
    };
    cloud.ssm.deleted.remove(name);
    cloud.ssm.put(name, parameter);
    let stored = cloud.ssm.parameters.get_mut(name).expect("it was put");
    if before.is_none() {
        (stored.created, stored.tags) = (now, tags);
    }
    Ok(json!({ "Version": stored.number(stored.versions.len() - 1), "Tier": tier }))
}

fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (name, now) = (required(params, "Name"), cloud.now);
    let Some(stored) = cloud.ssm.parameters.remove(name) else {
        return ServiceError::err("ParameterNotFound", format!("Parameter {name} not found."));
    };
    cloud.ssm.deleted.insert(name.to_owned(), (stored, now));
    Ok(json!({}))
}
