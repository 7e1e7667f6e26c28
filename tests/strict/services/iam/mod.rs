//! IAM [aws-facts: IAM].

mod by_hand;
mod given;
pub(crate) mod grammar;
mod managed;
mod policies;
mod random;
pub(crate) mod resource_policy;
mod role;

pub(crate) use by_hand::EARLIER_ROLE;
pub(crate) use managed::{Managed, OTHERS};
pub(crate) use random::{POLICIES, ROLES};
pub(crate) use role::{
    ASSUMABLE, Role, State, exists, is_checked_late, not_assumable, not_assumable_by, not_assumable_for,
};

use crate::access::{Need, known, nothing, with_tagging};
use crate::cloud::{ACCOUNT, Cloud, Tags, required, text};
use crate::constraint::Words;
use crate::quota::Quota;
use crate::random::Section;
use crate::service::{Drift, Facts, Make, Resource, StackChange, StrictService};
use crate::services::Service;
use crate::wire::Call;
use proptest::strategy::BoxedStrategy;
use provision::config::Grant;
use provision::kinds::role::managed::ManagedPolicy;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A role that the account has, for functions that bring none of their own.
pub(crate) const EXISTING_ROLE: &str = "arn:aws:iam::123456789012:role/existing";

/// A policy that allows its bearer to make log groups.
pub(crate) const LOOSE: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}"#;

pub(crate) struct Iam;

impl Iam {
    /// What a call on a customer managed policy needs, or a list.
    fn needs_of_policy(&self, cloud: &Cloud, call: &Call) -> Vec<Need> {
        let params = &call.params;
        let resource = match (text(params, "PolicyArn"), text(params, "PolicyName")) {
            (Some(arn), _) => arn.to_owned(),
            (None, Some(name)) => self.arn(&format!("policy{}{name}", text(params, "Path").unwrap_or("/"))),
            (None, None) => return vec![Need::new(call.name(), nothing(call))],
        };
        let there = cloud.iam.managed.values().find(|policy| policy.arn() == resource);
        let tags = there.and_then(|policy| known(cloud, policy.created, &policy.tags)).cloned();
        let own = Need::new(call.name(), resource).of(&tags.unwrap_or_default());
        with_tagging(call, own, "iam:TagPolicy", call.operation.name == "CreatePolicy")
    }
}

impl StrictService for Iam {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "iam",
            model: ("iam", "2010-05-08"),
            operations: &[role::OPERATIONS, policies::OPERATIONS, managed::OPERATIONS],
            changed: &["RoleName", "PolicyArn"],
            subject: &["RoleName", "PolicyName", "PolicyArn", "Description"],
            tokens: &["Marker"],
            throttled: ("Throttling", 400),
            failed: ("ServiceFailure", 500),
            denied: ("AccessDenied", 403),
            invalid: "ValidationError",
            unmodelled: &["ValidationError", "AccessDenied", "LimitExceeded", "ConcurrentModification"],
        }
    }

    fn words(&self) -> Words {
        Words::WithoutValues
    }

    fn needs(&self, cloud: &Cloud, call: &Call) -> Vec<Need> {
        let (params, name) = (&call.params, call.operation.name.as_str());
        let Some(role) = text(params, "RoleName") else { return self.needs_of_policy(cloud, call) };
        let there = cloud.iam.roles.get(&role.to_lowercase());
        let resource = match (name, there) {
            ("RemoveRoleFromInstanceProfile", _) => {
                self.arn(&format!("instance-profile/{}", required(params, "InstanceProfileName")))
            }
            ("CreateRole", _) => self.arn(&format!("role{}{role}", text(params, "Path").unwrap_or("/"))),
            (_, Some(role)) => role.arn(),
            (_, None) if cloud.iam.others.contains_key(role) => managed::arn_of_other(role),
            // The name of a role that is not there is not resolved: AWS's refusals say `on resource: role NAME`.
            (_, None) => self.arn(&format!("role {role}")),
        };
        let tags = there.and_then(|role| known(cloud, role.created, &role.tags)).cloned().unwrap_or_default();
        // The boundary that is sent, else the one that the role has.
        let boundary = match name {
            "CreateRole" | "PutRolePermissionsBoundary" => text(params, "PermissionsBoundary"),
            "GetRole"
            | "PutRolePolicy"
            | "DeleteRolePolicy"
            | "AttachRolePolicy"
            | "DetachRolePolicy"
            | "DeleteRolePermissionsBoundary"
            | "UpdateAssumeRolePolicy"
            | "UpdateRole"
            | "DeleteRole" => there.and_then(|role| role.boundary.as_deref()),
            _ => None,
        };
        let own = Need::new(call.name(), resource).of(&tags).with("iam:PermissionsBoundary", boundary);
        let own = own.with("iam:PolicyARN", text(params, "PolicyArn"));
        with_tagging(call, own, "iam:TagRole", name == "CreateRole")
    }

    fn arn(&self, resource: &str) -> String {
        format!("arn:aws:iam::{ACCOUNT}:{resource}")
    }

    fn quota(&self, cloud: &Cloud, _: &str) -> Option<Quota> {
        cloud.iam.quota.map(|(per_second, burst)| ("iam", per_second, burst))
    }

    /// IAM ignores `Sid`, and so does the comparison of what is allowed.
    fn allowed(&self, cloud: &Cloud) -> Vec<(String, String)> {
        let policies = cloud.iam.roles.values().flat_map(|role| {
            role.policies.values().map(move |document| (role.name.clone(), grammar::rewritten(document)))
        });
        let statements = policies.flat_map(|(role, document)| {
            let document: Json = serde_json::from_str(&document).unwrap_or_default();
            let statements = match &document["Statement"] {
                Json::Array(statements) => statements.clone(),
                one => vec![one.clone()],
            };
            statements.into_iter().map(move |mut statement| {
                statement.as_object_mut().map(|members| members.remove("Sid"));
                (role.clone(), statement.to_string())
            })
        });
        statements.collect()
    }

    fn dump(&self, cloud: &Cloud) -> BTreeMap<String, Json> {
        let parsed = |document: &String| serde_json::from_str::<Json>(document).unwrap_or_default();
        let dumped = |role: &Role| {
            let policies: BTreeMap<&String, Json> =
                role.policies.iter().map(|(name, document)| (name, parsed(document))).collect();
            let mut dumped = json!({
                "path": role.path, "trust": parsed(&role.trust), "policies": policies, "attached": role.attached,
                "boundary": role.boundary, "tags": role.tags, "profiles": role.profiles,
            });
            // Roles of earlier versions, as they were recorded, have AWS's own.
            if !role.description.is_empty() {
                dumped["description"] = role.description.as_str().into();
            }
            if role.session != 3_600 {
                dumped["session"] = role.session.into();
            }
            dumped
        };
        let roles = cloud.iam.roles.values().map(|role| (format!("role {}", role.name), dumped(role)));
        let policies = cloud.iam.managed.values().map(|policy| {
            let others = managed::attached_to_others(cloud, &policy.arn());
            let dumped = json!({
                "path": policy.path, "document": parsed(policy.document()), "tags": policy.tags,
                "attached to": others, "description": policy.description,
            });
            (format!("policy {}", policy.name), dumped)
        });
        roles.chain(policies).collect()
    }

    fn made_up(&self, cloud: &Cloud) -> Vec<(String, String)> {
        let roles = cloud.iam.roles.values();
        roles.map(|role| (role.id.clone(), format!("<id of role {}>", role.name))).collect()
    }

    fn change_all(&self, cloud: &mut Cloud) {
        by_hand::change_all(cloud);
    }

    fn leave_behind(&self, cloud: &mut Cloud) {
        by_hand::leave_behind(cloud);
    }

    fn drifts(&self) -> &'static [(&'static str, Drift)] {
        by_hand::DRIFTS
    }

    fn unmanaged(&self) -> &'static [(&'static str, Make)] {
        by_hand::UNMANAGED
    }

    fn furnish(&self, cloud: &mut Cloud) {
        by_hand::make(cloud, "existing", "/", &[]);
    }

    /// By names in lower case.
    fn everything(&self, cloud: &Cloud) -> Vec<(Resource, String)> {
        let resource = |kind, name: &String| Resource::named(Service::Iam, kind, name);
        let roles = cloud.iam.roles.iter().map(|(name, role)| (resource("role", name), format!("{role:?}")));
        let policies = cloud.iam.managed.iter().map(|(name, policy)| {
            let others = managed::attached_to_others(cloud, &policy.arn());
            (resource("policy", name), format!("{policy:?} of {others:?}"))
        });
        roles.chain(policies).collect()
    }

    fn remove(&self, cloud: &mut Cloud, resource: &Resource) {
        match resource.kind {
            "policy" => by_hand::delete_policy(cloud, &resource.name),
            _ => drop(cloud.iam.roles.remove(&resource.name)),
        }
    }

    fn is_same(&self, one: &str, other: &str) -> bool {
        one.eq_ignore_ascii_case(other)
    }

    fn forget(&self, cloud: &mut Cloud, keep: &dyn Fn(&mut Tags)) {
        for role in cloud.iam.roles.values_mut() {
            role.profiles.clear();
            keep(&mut role.tags);
        }
        for policy in cloud.iam.managed.values_mut() {
            keep(&mut policy.tags);
        }
    }

    fn changes(&self) -> &'static [(&'static str, StackChange)] {
        &[
            ("a function gets a managed policy", |stack| {
                let function = stack.functions_mut().iter_mut().find(|function| function.role.is_none());
                function.is_some_and(|function| {
                    let policy = ManagedPolicy::Aws("AWSXRayDaemonWriteAccess".to_owned());
                    let has = function.managed_policies.contains(&policy);
                    if !has {
                        function.managed_policies.push(policy);
                    }
                    !has
                })
            }),
            ("a policy allows more", |stack| {
                let table = stack.tables().first().map(|table| table.name.clone());
                let policy = stack.policies_mut().first_mut();
                policy.zip(table).is_some_and(|(policy, table)| {
                    let grant = || Grant {
                        kind: "table",
                        key: table.clone(),
                        actions: Vec::new(),
                        within: Vec::new(),
                    };
                    let grant = policy.access.entry(table.clone()).or_insert_with(grant);
                    grant.actions.push("dynamodb:DescribeTable".to_owned());
                    true
                })
            }),
            ("a policy is attached to other roles", |stack| {
                stack.policies_mut().first_mut().is_some_and(|policy| {
                    let [one, other] = OTHERS.map(str::to_owned);
                    let roles = if policy.attach_to.contains(&one) { [other] } else { [one] };
                    policy.attach_to = roles.into();
                    true
                })
            }),
            ("a function may do more", |stack| {
                let table = stack.tables().first().map(|table| table.name.clone());
                let function = stack.functions_mut().iter_mut().find(|function| function.role.is_none());
                function.zip(table).is_some_and(|(function, table)| {
                    let grant = || Grant {
                        kind: "table",
                        key: table.clone(),
                        actions: Vec::new(),
                        within: Vec::new(),
                    };
                    let grant = function.access.entry(table.clone()).or_insert_with(grant);
                    grant.actions.push("dynamodb:DescribeTable".to_owned());
                    true
                })
            }),
        ]
    }

    fn section(&self) -> Option<BoxedStrategy<Rc<dyn Section>>> {
        Some(random::section())
    }

    fn requests(&self) -> &'static str {
        include_str!("requests.yaml")
    }

    fn disagreements(&self) -> &'static str {
        include_str!("disagreements.yaml")
    }

    fn given(&self) -> Vec<(&'static str, Json)> {
        given::documents()
    }

    /// A boundary of roles, and roles to attach policies to.
    fn required(&self, given: &BTreeMap<String, Json>) -> Vec<(&'static str, Json)> {
        let boundary = json!({ "PolicyName": "boundary", "PolicyDocument": given["policy"] });
        let role = |name| json!({ "RoleName": name, "AssumeRolePolicyDocument": given["trust"] });
        let roles = OTHERS.map(|name| ("iam:CreateRole", role(name)));
        [("iam:CreatePolicy", boundary)].into_iter().chain(roles).collect()
    }
}
