//! IAM roles [aws-facts: IAM].

use super::grammar;
use super::managed::{self, Managed, OTHERS};
use crate::cloud::{
    Cloud, Delay, Handler, LISTS, ServiceError, TAGS, Tags, Time, VISIBLE, check_tags, listed, required,
    seconds, tag_list, text,
};
use crate::services::Service;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Until a role that was made, or whose trust was changed, can be assumed [aws-facts: IAM].
pub(crate) const ASSUMABLE: Delay = Delay::of_secs("assumable", 8);

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateRole", create),
    ("GetRole", get),
    ("DeleteRole", delete),
    ("ListRoles", list),
    ("UpdateAssumeRolePolicy", update_trust),
    ("UpdateRole", update),
    ("PutRolePermissionsBoundary", put_boundary),
    ("DeleteRolePermissionsBoundary", delete_boundary),
    ("TagRole", tag),
    ("ListInstanceProfilesForRole", profiles),
    ("RemoveRoleFromInstanceProfile", leave_profile),
];

/// The path of roles that others created for functions. Every account has them, and no dump shows them.
const THEIRS: &str = "role/theirs/";

/// What is encoded in a document.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The roles by name in lower case: names are unique whatever their case [aws-facts: Corrections 4].
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) roles: BTreeMap<String, Role>,
    /// The customer managed policies, likewise.
    pub(crate) managed: BTreeMap<String, Managed>,
    /// What is attached to the roles that every account has, by their names.
    pub(crate) others: BTreeMap<String, BTreeSet<String>>,
    /// Roles that were deleted, and when: lists show them for a while.
    deleted: Vec<(Role, Time)>,
    /// For how long after a role can be assumed Lambda's second check of it, after a create, still fails [hazards: I4].
    pub(crate) late_check: Time,
    /// What IAM bears: requests a second, and burst. AWS publishes nothing of it, so there is no limit unless a test sets one.
    pub(crate) quota: Option<(f64, f64)>,
}

impl Default for State {
    fn default() -> Self {
        State {
            roles: BTreeMap::new(),
            managed: BTreeMap::new(),
            others: OTHERS.map(|name| (name.to_owned(), BTreeSet::new())).into(),
            deleted: Vec::new(),
            late_check: Time::ZERO,
            quota: None,
        }
    }
}

/// A role.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) created: Time,
    pub(crate) trust: String,
    /// When the trust policy was last written.
    pub(crate) trusted: Time,
    pub(crate) policies: BTreeMap<String, String>,
    pub(crate) attached: BTreeSet<String>,
    /// When the last policy was taken off.
    pub(crate) released: Time,
    pub(crate) boundary: Option<String>,
    pub(crate) tags: Tags,
    pub(crate) profiles: BTreeSet<String>,
    pub(crate) description: String,
    /// The longest session, in seconds.
    pub(crate) session: u32,
}

impl Role {
    pub(crate) fn arn(&self) -> String {
        Service::Iam.arn(&format!("role{}{}", self.path, self.name))
    }
}

/// Documents come back URL-encoded [aws-facts: IAM, TF], and not as they were sent: lists of one become the one.
pub(crate) fn encoded(document: &str) -> String {
    let rewritten = grammar::rewritten(document);
    utf8_percent_encode(&rewritten, RESERVED).to_string()
}

/// The role of a name, unless it is so new that not all of IAM sees it.
pub(crate) fn find<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<&'a mut Role, ServiceError> {
    let name = required(params, "RoleName");
    let (now, visible) = (cloud.now, cloud.delays.of(VISIBLE));
    let role = cloud.iam.roles.get_mut(&name.to_lowercase());
    let role = role.filter(|role| now >= role.created + visible);
    role.ok_or_else(|| {
        ServiceError::new("NoSuchEntity", format!("The role with name {name} cannot be found."))
    })
}

/// The same for a change: two at a time collide [aws-facts: IAM, M].
pub(crate) fn find_to_change<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<&'a mut Role, ServiceError> {
    if cloud.overlapping(&format!("iam {}", required(params, "RoleName"))) > 1 {
        let message = "The request was rejected because multiple requests to change this object were submitted \
                       simultaneously. Wait a few minutes and submit your request again.";
        return ServiceError::err("ConcurrentModification", message);
    }
    find(cloud, params)
}

fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = required(params, "RoleName");
    if cloud.iam.roles.contains_key(&name.to_lowercase()) {
        return ServiceError::err("EntityAlreadyExists", format!("Role with name {name} already exists."));
    }
    let trust = required(params, "AssumeRolePolicyDocument").to_owned();
    grammar::check_trust(&trust)?;
    check_principals(cloud, &trust)?;
    check_session(params)?;
    check_boundary(cloud, params)?;
    let tags = tag_list(params);
    check_role_tags(&Tags::new(), &tags, params)?;
    let id = cloud.made_up("role", name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 17);
    let role = Role {
        name: name.to_owned(),
        path: text(params, "Path").unwrap_or("/").to_owned(),
        id: format!("AROA{id}"),
        created: cloud.now,
        trust,
        trusted: cloud.now,
        policies: BTreeMap::new(),
        attached: BTreeSet::new(),
        released: Time::ZERO,
        boundary: text(params, "PermissionsBoundary").map(str::to_owned),
        tags,
        profiles: BTreeSet::new(),
        description: text(params, "Description").unwrap_or_default().to_owned(),
        session: params["MaxSessionDuration"]
            .as_u64()
            .and_then(|seconds| seconds.try_into().ok())
            .unwrap_or(3600),
    };
    let mut answer = described(&role, true);
    // Only reads say how long a session may last [recorded: iam].
    answer["MaxSessionDuration"] = Json::Null;
    cloud.iam.roles.insert(name.to_lowercase(), role);
    Ok(json!({ "Role": answer }))
}

fn check_role_tags(before: &Tags, new: &Tags, params: &Json) -> Result<(), ServiceError> {
    check_tags(before, new, "InvalidInput")?;
    let sent = params["Tags"].as_array().map_or(0, Vec::len);
    let distinct: BTreeSet<String> = new.keys().map(|key| key.to_lowercase()).collect();
    match distinct.len() == sent {
        true => Ok(()),
        false => ServiceError::err(
            "InvalidInput",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ),
    }
}

fn described(role: &Role, with_tags: bool) -> Json {
    let boundary = role
        .boundary
        .as_ref()
        .map(|arn| json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn }));
    // One that is empty is left out [recorded: iam].
    let description = Some(&role.description).filter(|description| !description.is_empty());
    let tags = (with_tags && !role.tags.is_empty()).then(|| listed(&role.tags));
    json!({
        "Path": role.path, "RoleName": role.name, "RoleId": role.id, "Arn": role.arn(),
        "CreateDate": seconds(role.created), "AssumeRolePolicyDocument": encoded(&role.trust),
        "Description": description, "MaxSessionDuration": role.session, "PermissionsBoundary": boundary, "Tags": tags,
    })
}

fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, tags) = (cloud.now, cloud.delays.of(TAGS));
    let name = required(params, "RoleName");
    if cloud.iam.others.contains_key(name) {
        return Ok(json!({ "Role": managed::described_other(name) }));
    }
    let role = find(cloud, params)?;
    let mut answer = described(role, now >= role.created + tags);
    // Of a role that was never used [recorded: iam].
    answer["RoleLastUsed"] = json!({});
    Ok(json!({ "Role": answer }))
}

fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay) = (cloud.now, cloud.delays.of(VISIBLE));
    let role = find_to_change(cloud, params)?;
    let held = match () {
        () if !role.profiles.is_empty() => "remove roles from instance profile",
        () if !role.attached.is_empty() => "detach all policies",
        // IAM sees for a moment what was taken off already.
        () if !role.policies.is_empty() || now < role.released + delay => "delete policies",
        () => {
            let name = role.name.to_lowercase();
            let role = cloud.iam.roles.remove(&name);
            cloud.iam.deleted.extend(role.map(|role| (role, now)));
            return Ok(Json::Null);
        }
    };
    ServiceError::err("DeleteConflict", format!("Cannot delete entity, must {held} first."))
}

/// ListRoles never returns tags [aws-facts: Corrections 4], and follows what happens with a delay.
fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay, paging) = (cloud.now, cloud.delays.of(LISTS), cloud.paging);
    let prefix = text(params, "PathPrefix").unwrap_or("/").to_owned();
    let living = cloud.iam.roles.values().filter(|role| now >= role.created + delay);
    let gone = cloud.iam.deleted.iter().filter(|(_, when)| now < *when + delay).map(|(role, _)| role);
    let roles: Vec<Json> = living
        .chain(gone)
        .filter(|role| role.path.starts_with(&prefix))
        .map(|role| described(role, false))
        .collect();
    let (roles, next) = paging.page(roles, text(params, "Marker"), limit(params), PAGE);
    Ok(json!({ "Roles": roles, "IsTruncated": next.is_some(), "Marker": next }))
}

/// Items on a page of IAM's lists, usually and at most.
pub(crate) const PAGE: (usize, usize) = (100, 1_000);

/// `MaxItems` of a list.
pub(crate) fn limit(params: &Json) -> Option<usize> {
    params["MaxItems"].as_u64().and_then(|limit| usize::try_from(limit).ok())
}

fn update_trust(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let now = cloud.now;
    let document = required(params, "PolicyDocument");
    grammar::check_trust(document)?;
    check_principals(cloud, document)?;
    let role = find_to_change(cloud, params)?;
    role.trust = document.to_owned();
    role.trusted = now;
    Ok(Json::Null)
}

/// What is not sent stays as it is [hazards: I5].
fn update(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    check_session(params)?;
    let role = find_to_change(cloud, params)?;
    if let Some(description) = text(params, "Description") {
        description.clone_into(&mut role.description);
    }
    if let Some(seconds) = params["MaxSessionDuration"].as_u64() {
        role.session = u32::try_from(seconds).expect("a number of seconds");
    }
    Ok(json!({}))
}

/// The model has the same limits.
fn check_session(params: &Json) -> Result<(), ServiceError> {
    match params["MaxSessionDuration"].as_u64() {
        Some(seconds) if !(3_600..=43_200).contains(&seconds) => {
            ServiceError::err("ValidationError", format!("{seconds} is no duration of a session"))
        }
        _ => Ok(()),
    }
}

/// A role of this account that a trust policy names must be there, and seen [aws-facts: IAM, TF].
fn check_principals(cloud: &Cloud, trust: &str) -> Result<(), ServiceError> {
    let visible = cloud.delays.of(VISIBLE);
    for arn in grammar::principals(trust) {
        let is_ours =
            arn.starts_with(&Service::Iam.arn("role/")) && !arn.starts_with(&Service::Iam.arn(THEIRS));
        let mut roles = cloud.iam.roles.values();
        if is_ours && !roles.any(|role| role.arn() == arn && cloud.now >= role.created + visible) {
            let message = format!("Invalid principal in policy: \"AWS\":\"{arn}\"");
            return ServiceError::err("MalformedPolicyDocument", message);
        }
    }
    Ok(())
}

fn put_boundary(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    find_to_change(cloud, params)?;
    check_boundary(cloud, params)?;
    find(cloud, params)?.boundary = text(params, "PermissionsBoundary").map(str::to_owned);
    Ok(Json::Null)
}

/// A boundary must be there: a policy of AWS's own, or one of the account, which has those that are called so.
fn check_boundary(cloud: &Cloud, params: &Json) -> Result<(), ServiceError> {
    let Some(boundary) = text(params, "PermissionsBoundary") else { return Ok(()) };
    let known = ["arn:aws:iam::aws:policy/".to_owned(), Service::Iam.arn("policy/boundary")];
    match known.iter().any(|policy| boundary.starts_with(policy)) || managed::can_attach(cloud, boundary) {
        true => Ok(()),
        false if boundary.starts_with("arn:aws:iam::") && boundary.contains(":policy/") => ServiceError::err(
            "NoSuchEntity",
            format!("Scope ARN: {boundary} does not exist or is not attachable."),
        ),
        false => ServiceError::err("InvalidInput", format!("ARN {boundary} is not valid.")),
    }
}

fn delete_boundary(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    find_to_change(cloud, params)?.boundary = None;
    Ok(Json::Null)
}

fn tag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let new = tag_list(params);
    let role = find_to_change(cloud, params)?;
    check_role_tags(&role.tags, &new, params)?;
    role.tags.extend(new);
    Ok(Json::Null)
}

fn profiles(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, paging) = (seconds(cloud.now), cloud.paging);
    let role = find(cloud, params)?;
    let profiles = role.profiles.iter().map(|name| {
        let arn = Service::Iam.arn(&format!("instance-profile/{name}"));
        json!({
            "Path": "/", "InstanceProfileName": name, "InstanceProfileId": "AIPAEXAMPLE", "Arn": arn,
            "CreateDate": now, "Roles": [],
        })
    });
    let (profiles, next) = paging.page(profiles.collect(), text(params, "Marker"), limit(params), PAGE);
    Ok(json!({ "InstanceProfiles": profiles, "IsTruncated": next.is_some(), "Marker": next }))
}

fn leave_profile(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = required(params, "InstanceProfileName");
    match find_to_change(cloud, params)?.profiles.remove(name) {
        true => Ok(Json::Null),
        false => ServiceError::err("NoSuchEntity", format!("Instance Profile {name} cannot be found.")),
    }
}

/// Why Lambda cannot assume a role; `None` where it can.
pub(crate) fn not_assumable(cloud: &Cloud, arn: &str) -> Option<&'static str> {
    not_assumable_by(cloud, arn, "lambda.amazonaws.com")
        .then_some("The role defined for the function cannot be assumed by Lambda.")
}

/// True where a service cannot assume a role.
pub(crate) fn not_assumable_by(cloud: &Cloud, arn: &str, principal: &str) -> bool {
    if arn.starts_with(&Service::Iam.arn(THEIRS)) {
        return false;
    }
    let role = cloud.iam.roles.values().find(|role| role.arn() == arn);
    !role.is_some_and(|role| {
        let known = cloud.now >= role.trusted + cloud.delays.of(ASSUMABLE);
        known && grammar::trusts(&role.trust, principal)
    })
}

/// True if a service cannot assume a role for a resource of its own, by the ARN of that.
pub(crate) fn not_assumable_for(cloud: &Cloud, arn: &str, (service, source): (&str, &str)) -> bool {
    let role = cloud.iam.roles.values().find(|role| role.arn() == arn);
    !role.is_some_and(|role| {
        let known = cloud.now >= role.trusted + cloud.delays.of(ASSUMABLE);
        known && grammar::trusts_for(&role.trust, service, source)
    })
}

/// True if a function that is created now with a role fails, since its permissions are checked later than the create.
pub(crate) fn is_checked_late(cloud: &Cloud, arn: &str) -> bool {
    let until = |role: &Role| role.trusted + cloud.delays.of(ASSUMABLE) + cloud.iam.late_check;
    let mut roles = cloud.iam.roles.values();
    roles.any(|role| role.arn() == arn && cloud.now < until(role) && cloud.iam.late_check > Time::ZERO)
}

/// True if a role of this ARN exists.
pub(crate) fn exists(cloud: &Cloud, arn: &str) -> bool {
    arn.starts_with(&Service::Iam.arn(THEIRS)) || cloud.iam.roles.values().any(|role| role.arn() == arn)
}
