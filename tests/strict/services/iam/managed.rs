//! Customer managed policies [aws-facts: IAM; M: iam].

use super::grammar;
use super::role::{PAGE, encoded, limit};
use crate::cloud::{
    Cloud, Handler, LISTS, ServiceError, TAGS, Tags, Time, VISIBLE, check_tags, listed, required, seconds,
    tag_list, text, too_many_tags,
};
use crate::services::Service;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreatePolicy", create),
    ("GetPolicy", get),
    ("GetPolicyVersion", get_version),
    ("ListPolicies", list),
    ("ListEntitiesForPolicy", entities),
    ("CreatePolicyVersion", create_version),
    ("ListPolicyVersions", versions),
    ("DeletePolicyVersion", delete_version),
    ("DeletePolicy", delete),
    ("TagPolicy", tag),
    ("UntagPolicy", untag),
];

/// Characters of a document without blanks [DG: IAM, "IAM and AWS STS quotas"].
const MAX_DOCUMENT: usize = 6_144;
/// Versions of a policy [DG: IAM, "Versioning IAM policies"].
const MAX_VERSIONS: usize = 5;

/// Roles that every account has and no dump shows, for stacks to attach policies to.
pub(crate) const OTHERS: [&str; 2] = ["operator", "auditor"];

/// Their ARN.
pub(super) fn arn_of_other(role: &str) -> String {
    Service::Iam.arn(&format!("role/staff/{role}"))
}

/// A role of others, as far as anybody but its owner asks.
pub(super) fn described_other(role: &str) -> Json {
    json!({ "Path": "/staff/", "RoleName": role, "RoleId": format!("AROA{}", role.to_uppercase()),
        "Arn": arn_of_other(role), "CreateDate": seconds(Time::ZERO), "AssumeRolePolicyDocument": "%7B%7D" })
}

/// A policy.
#[derive(Debug, Clone)]
pub(crate) struct Managed {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) created: Time,
    pub(crate) description: String,
    /// The documents by the number of their version.
    pub(crate) versions: BTreeMap<u32, String>,
    pub(crate) default: u32,
    /// The number of the last version that was made.
    last: u32,
    /// Who has it besides roles.
    pub(crate) users: BTreeSet<String>,
    pub(crate) groups: BTreeSet<String>,
    /// When it was last taken off a role.
    pub(crate) released: Time,
    pub(crate) tags: Tags,
}

impl Managed {
    pub(crate) fn arn(&self) -> String {
        Service::Iam.arn(&format!("policy{}{}", self.path, self.name))
    }

    /// The document of the default version.
    pub(crate) fn document(&self) -> &String {
        &self.versions[&self.default]
    }
}

fn gone(arn: &str) -> ServiceError {
    ServiceError::new("NoSuchEntity", format!("Policy {arn} was not found."))
}

/// The policy of an ARN, unless it is so new that not all of IAM sees it.
fn find<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<&'a mut Managed, ServiceError> {
    let arn = required(params, "PolicyArn");
    let (now, visible) = (cloud.now, cloud.delays.of(VISIBLE));
    let policy = cloud.iam.managed.values_mut().find(|policy| policy.arn() == arn);
    policy.filter(|policy| now >= policy.created + visible).ok_or_else(|| gone(arn))
}

/// The same for a change: two at a time collide [M: TagPolicy].
fn find_to_change<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<&'a mut Managed, ServiceError> {
    if cloud.overlapping(&format!("iam {}", required(params, "PolicyArn"))) > 1 {
        let message = "The request was rejected because multiple requests to change this object were submitted \
                       simultaneously. Wait a few minutes and submit your request again.";
        return ServiceError::err("ConcurrentModification", message);
    }
    find(cloud, params)
}

/// True for a policy of the account that can be attached.
pub(super) fn can_attach(cloud: &Cloud, arn: &str) -> bool {
    let visible = cloud.delays.of(VISIBLE);
    let mut policies = cloud.iam.managed.values();
    policies.any(|policy| policy.arn() == arn && cloud.now >= policy.created + visible)
}

fn check_document(document: &str) -> Result<(), ServiceError> {
    grammar::check_identity(document)?;
    if document.chars().filter(|c| !c.is_whitespace()).count() > MAX_DOCUMENT {
        return ServiceError::err(
            "LimitExceeded",
            format!("Cannot exceed quota for PolicySize: {MAX_DOCUMENT}"),
        );
    }
    Ok(())
}

fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (name, document) = (required(params, "PolicyName"), required(params, "PolicyDocument"));
    check_document(document)?;
    // Names are unique whatever their path and their case [DG: IAM, "IAM identifiers"].
    if cloud.iam.managed.contains_key(&name.to_lowercase()) {
        let message = format!("A policy called {name} already exists. Duplicate names are not allowed.");
        return ServiceError::err("EntityAlreadyExists", message);
    }
    let tags = tag_list(params);
    check_policy_tags(&Tags::new(), &tags)?;
    let id = cloud.made_up("policy", name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 17);
    let policy = Managed {
        name: name.to_owned(),
        path: text(params, "Path").unwrap_or("/").to_owned(),
        id: format!("ANPA{id}"),
        created: cloud.now,
        description: text(params, "Description").unwrap_or_default().to_owned(),
        versions: [(1, document.to_owned())].into(),
        default: 1,
        last: 1,
        users: BTreeSet::new(),
        groups: BTreeSet::new(),
        released: Time::ZERO,
        tags,
    };
    let answer = described(&policy, 0, true);
    cloud.iam.managed.insert(name.to_lowercase(), policy);
    Ok(json!({ "Policy": answer }))
}

fn check_policy_tags(before: &Tags, new: &Tags) -> Result<(), ServiceError> {
    if too_many_tags(before, new) {
        return ServiceError::err("LimitExceeded", "The number of tags has reached the maximum limit.");
    }
    check_tags(before, new, "InvalidInput")
}

fn described(policy: &Managed, attached: usize, with_tags: bool) -> Json {
    let tags = (with_tags && !policy.tags.is_empty()).then(|| listed(&policy.tags));
    // A list has no description [M: Policy].
    let description = (with_tags && !policy.description.is_empty()).then(|| policy.description.clone());
    json!({
        "PolicyName": policy.name, "PolicyId": policy.id, "Arn": policy.arn(), "Path": policy.path,
        "DefaultVersionId": format!("v{}", policy.default), "AttachmentCount": attached,
        "PermissionsBoundaryUsageCount": 0, "IsAttachable": true, "Description": description,
        "CreateDate": seconds(policy.created), "UpdateDate": seconds(policy.created), "Tags": tags,
    })
}

fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, tags) = (cloud.now, cloud.delays.of(TAGS));
    let attached = attached_to(cloud, required(params, "PolicyArn")).len();
    let policy = find(cloud, params)?;
    Ok(json!({ "Policy": described(policy, attached, now >= policy.created + tags) }))
}

/// The number of a version that is sent.
fn number(params: &Json) -> u32 {
    required(params, "VersionId").trim_start_matches('v').parse().unwrap_or_default()
}

fn no_version(params: &Json) -> ServiceError {
    let (arn, version) = (required(params, "PolicyArn"), required(params, "VersionId"));
    ServiceError::new(
        "NoSuchEntity",
        format!("Policy {arn} version {version} does not exist or is not attachable."),
    )
}

fn version(policy: &Managed, number: u32, document: Option<&String>) -> Json {
    let document = document.map(|document| encoded(document));
    json!({
        "VersionId": format!("v{number}"), "IsDefaultVersion": number == policy.default, "Document": document,
        "CreateDate": seconds(policy.created),
    })
}

fn get_version(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let policy = find(cloud, params)?;
    let number = number(params);
    let document = policy.versions.get(&number).ok_or_else(|| no_version(params))?;
    Ok(json!({ "PolicyVersion": version(policy, number, Some(document)) }))
}

/// A list follows what happens with a delay, and has no tags.
fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay, paging) = (cloud.now, cloud.delays.of(LISTS), cloud.paging);
    let prefix = text(params, "PathPrefix").unwrap_or("/").to_owned();
    let policies = cloud.iam.managed.values().filter(|policy| now >= policy.created + delay);
    let policies = policies.filter(|policy| policy.path.starts_with(&prefix));
    let policies = policies.map(|policy| described(policy, attached_to(cloud, &policy.arn()).len(), false));
    let (policies, next) = paging.page(policies.collect(), text(params, "Marker"), limit(params), PAGE);
    Ok(json!({ "Policies": policies, "IsTruncated": next.is_some(), "Marker": next }))
}

/// The names of the roles that have a policy.
pub(super) fn attached_to(cloud: &Cloud, arn: &str) -> Vec<String> {
    let roles = cloud.iam.roles.values().filter(|role| role.attached.contains(arn));
    roles.map(|role| role.name.clone()).chain(attached_to_others(cloud, arn)).collect()
}

/// Those of them that every account has.
pub(super) fn attached_to_others(cloud: &Cloud, arn: &str) -> Vec<String> {
    let others = cloud.iam.others.iter().filter(|(_, attached)| attached.contains(arn));
    others.map(|(name, _)| name.clone()).collect()
}

/// The names of the roles whose boundary a policy is.
fn bounded_by(cloud: &Cloud, arn: &str) -> Vec<String> {
    let roles = cloud.iam.roles.values().filter(|role| role.boundary.as_deref() == Some(arn));
    roles.map(|role| role.name.clone()).collect()
}

fn entities(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let paging = cloud.paging;
    let mut all: Vec<(&str, &str, String)> = Vec::new();
    let (arn, usage) = (required(params, "PolicyArn"), text(params, "PolicyUsageFilter"));
    let mut roles = BTreeSet::new();
    if usage != Some("PermissionsBoundary") {
        roles.extend(attached_to(cloud, arn));
    }
    if usage != Some("PermissionsPolicy") {
        roles.extend(bounded_by(cloud, arn));
    }
    all.extend(roles.into_iter().map(|name| ("PolicyRoles", "Role", name)));
    let policy = find(cloud, params)?;
    all.extend(policy.users.iter().map(|name| ("PolicyUsers", "User", name.clone())));
    all.extend(policy.groups.iter().map(|name| ("PolicyGroups", "Group", name.clone())));
    let (page, next) = paging.page(all, text(params, "Marker"), limit(params), PAGE);
    let mut answer = json!({ "PolicyRoles": [], "PolicyUsers": [], "PolicyGroups": [] });
    for (list, what, name) in page {
        let entity = json!({ format!("{what}Name"): name, format!("{what}Id"): "AIDAEXAMPLEEXAMPLE" });
        answer[list].as_array_mut().expect("a list").push(entity);
    }
    (answer["IsTruncated"], answer["Marker"]) = (next.is_some().into(), json!(next));
    Ok(answer)
}

fn create_version(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let document = required(params, "PolicyDocument");
    check_document(document)?;
    let policy = find_to_change(cloud, params)?;
    if policy.versions.len() >= MAX_VERSIONS {
        let message = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an \
                       existing version.";
        return ServiceError::err("LimitExceeded", message);
    }
    policy.last += 1;
    policy.versions.insert(policy.last, document.to_owned());
    if params["SetAsDefault"] == true {
        policy.default = policy.last;
    }
    Ok(json!({ "PolicyVersion": version(policy, policy.last, None) }))
}

fn versions(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let paging = cloud.paging;
    let policy = find(cloud, params)?;
    let all = policy.versions.keys().rev().map(|number| version(policy, *number, None)).collect();
    let (versions, next) = paging.page(all, text(params, "Marker"), limit(params), PAGE);
    Ok(json!({ "Versions": versions, "IsTruncated": next.is_some(), "Marker": next }))
}

fn delete_version(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let number = number(params);
    let policy = find_to_change(cloud, params)?;
    if number == policy.default {
        return ServiceError::err("DeleteConflict", "Cannot delete the default version of a policy.");
    }
    match policy.versions.remove(&number) {
        Some(_) => Ok(Json::Null),
        None => Err(no_version(params)),
    }
}

fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay) = (cloud.now, cloud.delays.of(VISIBLE));
    let arn = required(params, "PolicyArn");
    let roles: Vec<String> = attached_to(cloud, arn).into_iter().chain(bounded_by(cloud, arn)).collect();
    let policy = find_to_change(cloud, params)?;
    let is_held = !roles.is_empty() || !policy.users.is_empty() || !policy.groups.is_empty();
    // IAM sees for a moment where it was attached.
    if is_held || now < policy.released + delay {
        return ServiceError::err("DeleteConflict", "Cannot delete a policy attached to entities.");
    }
    if policy.versions.len() > 1 {
        let message = "This policy has more than one version. Before you delete a policy, you must delete the policy's \
                       versions. The default version is deleted with the policy.";
        return ServiceError::err("DeleteConflict", message);
    }
    let name = policy.name.to_lowercase();
    cloud.iam.managed.remove(&name);
    Ok(Json::Null)
}

fn tag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let new = tag_list(params);
    let policy = find_to_change(cloud, params)?;
    check_policy_tags(&policy.tags, &new)?;
    policy.tags.extend(new);
    Ok(Json::Null)
}

/// A key that is not there is no error.
fn untag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let keys = params["TagKeys"].as_array().cloned().unwrap_or_default();
    let policy = find_to_change(cloud, params)?;
    policy.tags.retain(|key, _| !keys.iter().any(|gone| gone == key));
    Ok(Json::Null)
}

/// Notes that a policy was taken off a role.
pub(super) fn released(cloud: &mut Cloud, arn: &str) {
    let now = cloud.now;
    cloud
        .iam
        .managed
        .values_mut()
        .filter(|policy| policy.arn() == arn)
        .for_each(|policy| policy.released = now);
}
