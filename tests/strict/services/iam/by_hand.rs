//! What people and other tools do with roles.

use super::{LOOSE, Role};
use crate::cloud::{Cloud, Tags};
use crate::service::{Drift, ID, Make, Marked, changed, own, pick, retag};
use crate::services::Service;
use crate::services::lambda::FUNCTIONS;
use serde_json::{Value as Json, json};

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
            role.trust = role.trust.replace("lambda.amazonaws.com", "ec2.amazonaws.com")
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
];

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Sid":"Theirs","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

fn role(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Role)) -> Option<String> {
    changed(&mut cloud.iam.roles, stack, nth, change)
}

pub(super) const UNMANAGED: &[(&str, Make)] = &[
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
}

/// The role of a function that is no longer declared.
pub(super) fn leave_behind(cloud: &mut Cloud) {
    let Some(mut role) = cloud.iam.roles.values().next().cloned() else { return };
    (role.name, role.id) = (EARLIER_ROLE.to_owned(), "AROAEARLIER".to_owned());
    role.tags.insert("provision:for".to_owned(), "function.earlier".to_owned());
    cloud.iam.roles.insert(EARLIER_ROLE.to_owned(), role);
}
