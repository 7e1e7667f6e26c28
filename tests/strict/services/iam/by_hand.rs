//! What people and other tools do with roles and policies.

use super::{LOOSE, Managed, OTHERS, POLICIES, Role};
use crate::cloud::{Cloud, Tags};
use crate::service::{Drift, ID, Make, Marked, changed, own, pick, retag};
use crate::services::Service;
use crate::services::lambda::FUNCTIONS;
use serde_json::{Value as Json, json};

impl Marked for Managed {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

impl Marked for Role {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

pub(super) const DRIFTS: &[(&str, Drift)] = &[
    ("a role is deleted", |cloud, stack, nth| {
        let name = pick(&cloud.iam.roles, |role| role.is_of(stack), nth)?;
        cloud.iam.roles.remove(&name);
        Some(name)
    }),
    ("a role is recreated", |cloud, stack, nth| {
        role(cloud, stack, nth, |role| role.id = format!("{}NEW", role.id.trim_end_matches("NEW")))
    }),
    ("a role trusts another service", |cloud, stack, nth| {
        role(cloud, stack, nth, |role| {
            let other = |trust: &str, service: &str| trust.replace(service, "ec2.amazonaws.com");
            role.trust = other(&other(&role.trust, "lambda.amazonaws.com"), "states.amazonaws.com");
        })
    }),
    ("a role gets another policy", |cloud, stack, nth| {
        role(cloud, stack, nth, |role| drop(role.policies.insert("theirs".to_owned(), POLICY.to_owned())))
    }),
    ("a role's policy is changed", |cloud, stack, nth| {
        role(cloud, stack, nth, |role| drop(role.policies.insert("provision".to_owned(), POLICY.to_owned())))
    }),
    ("a role's policies are taken away", |cloud, stack, nth| {
        role(cloud, stack, nth, |role| role.policies.clear())
    }),
    ("a managed policy is attached to a role", |cloud, stack, nth| {
        let managed = "arn:aws:iam::aws:policy/AWSLambdaExecute";
        role(cloud, stack, nth, |role| role.attached.extend([managed.to_owned()]))
    }),
    ("a role's managed policies are taken away", |cloud, stack, nth| {
        let has_some = |role: &Role| role.is_of(stack) && !role.attached.is_empty();
        let name = pick(&cloud.iam.roles, has_some, nth)?;
        cloud.iam.roles.get_mut(&name)?.attached.clear();
        Some(name)
    }),
    ("a role's description is changed", |cloud, stack, nth| {
        role(cloud, stack, nth, |role| role.description = "theirs".to_owned())
    }),
    ("a role's sessions are longer", |cloud, stack, nth| {
        role(cloud, stack, nth, |role| role.session = 7_200)
    }),
    ("a role's boundary is changed", |cloud, stack, nth| {
        role(cloud, stack, nth, |role| {
            role.boundary = match role.boundary {
                Some(_) => None,
                None => Some("arn:aws:iam::123456789012:policy/theirs".to_owned()),
            }
        })
    }),
    ("a role's tags are changed", |cloud, stack, nth| role(cloud, stack, nth, |role| retag(&mut role.tags))),
    ("a role is put into an instance profile", |cloud, stack, nth| {
        role(cloud, stack, nth, |role| role.profiles.extend(["theirs".to_owned()]))
    }),
    ("a managed policy is deleted", |cloud, stack, nth| {
        let name = pick(&cloud.iam.managed, |policy| policy.is_of(stack), nth)?;
        delete_policy(cloud, &name);
        Some(name)
    }),
    ("a managed policy gets another version", |cloud, stack, nth| {
        policy(cloud, stack, nth, |policy| {
            policy.default += 100;
            policy.versions.insert(policy.default, POLICY.to_owned());
        })
    }),
    ("a managed policy is detached", |cloud, stack, nth| {
        let is_attached = |policy: &Managed| policy.is_of(stack);
        let name = pick(&cloud.iam.managed, is_attached, nth)?;
        let arn = cloud.iam.managed[&name].arn();
        cloud.iam.others.values_mut().for_each(|attached| attached.retain(|own| *own != arn));
        Some(name)
    }),
    ("a managed policy's tags are changed", |cloud, stack, nth| {
        policy(cloud, stack, nth, |policy| retag(&mut policy.tags))
    }),
];

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Sid":"Theirs","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

fn role(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Role)) -> Option<String> {
    changed(&mut cloud.iam.roles, stack, nth, change)
}

fn policy(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Managed)) -> Option<String> {
    changed(&mut cloud.iam.managed, stack, nth, change)
}

/// Deletes a policy as people do: it is detached wherever it is attached.
pub(super) fn delete_policy(cloud: &mut Cloud, name: &str) {
    let Some(policy) = cloud.iam.managed.remove(name) else { return };
    let arn = policy.arn();
    cloud.iam.others.values_mut().for_each(|attached| attached.retain(|own| *own != arn));
    cloud.iam.roles.values_mut().for_each(|role| role.attached.retain(|own| *own != arn));
}

pub(super) const UNMANAGED: &[(&str, Make)] = &[
    ("a policy of a wanted name", |cloud, stack, nth| {
        make_policy(cloud, &own(stack, POLICIES, nth), "/", &[]);
    }),
    ("a policy of a wanted name in capitals", |cloud, stack, nth| {
        make_policy(cloud, &own(stack, POLICIES, nth).to_uppercase(), "/theirs/", &[]);
    }),
    ("a policy without tags in the stack's path", |cloud, stack, _| {
        make_policy(cloud, "guest", &path(stack, "eu-west-1"), &[]);
    }),
    ("a policy of another stack in the stack's path", |cloud, stack, _| {
        make_policy(cloud, "lodger", &path(stack, "eu-west-1"), &[("provision:stack", "walk-2")]);
    }),
    ("a policy of the same stack in another region", |cloud, stack, _| {
        make_policy(cloud, "elsewhere", &path(stack, "us-east-1"), &[("provision:stack", stack)]);
    }),
    ("a role of a wanted name", |cloud, stack, nth| make(cloud, &role_name(stack, nth), "/", &[])),
    ("a role of a wanted name in capitals", |cloud, stack, nth| {
        make(cloud, &role_name(stack, nth).to_uppercase(), "/theirs/", &[]);
    }),
    ("a role of a wanted name of the same stack in another region", |cloud, stack, nth| {
        make(cloud, &role_name(stack, nth), &path(stack, "us-east-1"), &[("provision:stack", stack)]);
    }),
    ("a role of the same stack in another region", |cloud, stack, nth| {
        let function = own(stack, FUNCTIONS, nth);
        let tags = [("provision:stack", stack), ("provision:for", &format!("function.{function}"))];
        make(cloud, "elsewhere_role", &path(stack, "us-east-1"), &tags);
    }),
    ("a role without tags in the stack's path", |cloud, stack, _| {
        make(cloud, "guest_role", &path(stack, "eu-west-1"), &[]);
    }),
    ("a role of another stack in the stack's path", |cloud, stack, nth| {
        let function = own(stack, FUNCTIONS, nth);
        let tags = [("provision:stack", "walk-2"), ("provision:for", &format!("function.{function}"))];
        make(cloud, "lodger_role", &path(stack, "eu-west-1"), &tags);
    }),
];

fn role_name(stack: &str, nth: usize) -> String {
    format!("{}_role", own(stack, FUNCTIONS, nth))
}

/// The path of a stack's roles.
fn path(stack: &str, region: &str) -> String {
    let (name, environment) = stack.split_once('/').unwrap_or((stack, "_"));
    format!("/provision/{name}/{environment}/{region}/")
}

pub(super) fn make(cloud: &mut Cloud, name: &str, path: &str, tags: &[(&str, &str)]) {
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "Service": "lambda.amazonaws.com" } }] });
    let tags: Json = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    let role = json!({ "RoleName": name, "Path": path, "AssumeRolePolicyDocument": trust.to_string(), "Tags": tags });
    cloud.act(Service::Iam, "CreateRole", &role);
}

fn make_policy(cloud: &mut Cloud, name: &str, path: &str, tags: &[(&str, &str)]) {
    let tags: Json = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    let policy = json!({ "PolicyName": name, "Path": path, "PolicyDocument": POLICY, "Tags": tags });
    cloud.act(Service::Iam, "CreatePolicy", &policy);
}

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":"ec2.amazonaws.com"}}]}"#;

/// The role that is left behind.
pub(crate) const EARLIER_ROLE: &str = "earlier_role";

/// Changes all roles wherever they can be changed.
pub(super) fn change_all(cloud: &mut Cloud) {
    let boundary = "arn:aws:iam::123456789012:policy/other".to_owned();
    for role in cloud.iam.roles.values_mut() {
        role.trust = TRUST.to_owned();
        role.policies = ["provision", "other"].map(|name| (name.to_owned(), LOOSE.to_owned())).into();
        role.attached.insert("arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned());
        (role.description, role.session) = ("theirs".to_owned(), 7_200);
        role.boundary = if role.boundary.is_some() { None } else { Some(boundary.clone()) };
        role.tags.remove(ID);
    }
    let mut arns = Vec::new();
    for policy in cloud.iam.managed.values_mut() {
        policy.versions.insert(policy.default, LOOSE.to_owned());
        policy.tags.remove(ID);
        policy.tags.insert("provision:attached:auditor".to_owned(), String::new());
        arns.push(policy.arn());
    }
    // One role has lost its policies, and the other one those that it was never to have.
    let mut others = cloud.iam.others.values_mut();
    others.next().into_iter().for_each(|attached| attached.retain(|arn| !arns.contains(arn)));
}

/// The role of a function that is no longer declared, and a policy that is no longer, attached to roles of others.
pub(super) fn leave_behind(cloud: &mut Cloud) {
    let Some(mut role) = cloud.iam.roles.values().next().cloned() else { return };
    (role.name, role.id) = (EARLIER_ROLE.to_owned(), "AROAEARLIER".to_owned());
    role.tags.insert("provision:for".to_owned(), "function.earlier".to_owned());
    cloud.iam.roles.insert(EARLIER_ROLE.to_owned(), role);
    let Some(mut policy) = cloud.iam.managed.values().next().cloned() else { return };
    (policy.name, policy.id) = ("earlier-policy".to_owned(), "ANPAEARLIER".to_owned());
    policy.versions.insert(policy.default + 1, LOOSE.to_owned());
    let arn = policy.arn();
    for role in OTHERS.map(str::to_owned) {
        policy.tags.insert(format!("provision:attached:{role}"), String::new());
        cloud.iam.others.entry(role).or_default().insert(arn.clone());
    }
    cloud.iam.managed.insert("earlier-policy".to_owned(), policy);
}
