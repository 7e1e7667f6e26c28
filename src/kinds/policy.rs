//! Customer managed policies of IAM, and the roles of others that they are attached to.

mod change;
mod lower;
mod observe;
pub mod section;

use self::change::{create, delete, update};
use self::observe::{find, list, observe, owned};
use super::role::{IAM, POLICY};
use crate::aws::tags::Tags;
use crate::aws::{Clients, Context, Result, Service};
use crate::diff::Change;
use crate::kind::{
    AdoptedBy, Features, Kind, Observation, ObservedOf, ObservedOption, On, Output, Owned, Parent,
    Permission, Task, When, Which,
};
use crate::kinds::role::access;
use crate::model::{PhysicalId, ResourceId, Scope, Texts};
use crate::policy::Policy as Document;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// A customer managed policy.
pub struct Policy;

/// The desired state of a policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Texts")]
pub struct Spec<T = String> {
    /// What it allows.
    pub document: Document<T>,
    /// The description. AWS sets it with the create alone, so an existing policy has what is desired here.
    pub description: String,
    /// The names of roles of others that it is attached to. Roles of the stack name their policies themselves.
    pub attach_to: BTreeSet<String>,
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// The attributes of a policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The ARN, which holds the path.
    pub arn: String,
}

/// How many characters the document may have, white space not counted [DG: IAM, "IAM and AWS STS quotas"].
const MAX_DOCUMENT: usize = 6_144;

const ANY: On =
    On::new("ReadPolicy", Policy::NAME, Which::Any, &["arn:{partition}:iam::{account}:policy/{name}"]);
const DECLARED: On = On::new("DeclaredPolicies", Policy::NAME, Which::Declared, &[Policy::ARN]);
/// The policies of the stack: all are under a path of its own, those of earlier versions included.
const OWN: On = On::new("Policies", Policy::NAME, Which::Within, &[Policy::ARN]);
/// Roles of others, whose path is not known: with this stack's policies, and nothing else.
const ROLES: &[&str] =
    &["arn:{partition}:iam::{account}:role/{name}", "arn:{partition}:iam::{account}:role/*/{name}"];
const ATTACHED_TO: On = On::new("RolesOfOthers", Policy::NAME, Which::Named("attach_to"), ROLES)
    .only_like("iam:PolicyARN", Policy::ARN);
/// A role that the stack file no longer names loses the policy.
const DETACHED_FROM: On = On::new(
    "DetachFromRoles",
    Policy::NAME,
    Which::With("attach_to"),
    &["arn:{partition}:iam::{account}:role/{name}"],
)
.only_like("iam:PolicyARN", Policy::ARN);

impl Kind for Policy {
    const NAME: &'static str = "policy";
    const SERVICE: &'static Service = &IAM;
    const SECTION: &'static str = "policies";
    const ARN: &'static str = "arn:{partition}:iam::{account}:policy{role_path}{name}";
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("iam:ListPolicies", Task::READ, &On::EVERYTHING),
        Permission::same("iam:GetPolicy", Task::READ, &ANY).when(When::DECLARED),
        Permission::same("iam:GetPolicyVersion", Task::READ, &ANY).when(When::DECLARED),
        Permission::same("iam:ListEntitiesForPolicy", Task::READ, &ANY).when(When::DECLARED),
        Permission::of(
            "iam:CreatePolicy",
            Task::CHANGE,
            &[
                ("iam:CreatePolicy", &DECLARED),
                ("iam:TagPolicy", &DECLARED),
                ("iam:AttachRolePolicy", &ATTACHED_TO),
            ],
        )
        .when(When::DECLARED),
        Permission::same("iam:CreatePolicyVersion", Task::CHANGE, &DECLARED).when(When::DECLARED),
        Permission::same("iam:TagPolicy", Task::CHANGE, &DECLARED).when(When::DECLARED),
        Permission::of(
            "iam:UntagPolicy",
            Task::CHANGE,
            &[("iam:UntagPolicy", &DECLARED), ("iam:DetachRolePolicy", &DETACHED_FROM)],
        )
        .when(When::DECLARED),
        Permission::same("iam:ListPolicyVersions", Task::DELETE, &OWN).when(When::DECLARED),
        Permission::same("iam:DeletePolicyVersion", Task::DELETE, &OWN).when(When::DECLARED),
        Permission::of(
            "iam:DeletePolicy",
            Task::DELETE,
            &[("iam:DeletePolicy", &OWN), ("iam:DetachRolePolicy", &DETACHED_FROM)],
        )
        .when(When::DECLARED),
    ];
    const FEATURES: Features = Features {
        nouns: Some(["policy", "policies"]),
        adopted_by: Some(AdoptedBy::Name),
        outputs: &[Output::new("policies.NAME", "arn")],
        counted: true,
        facts: |spec| {
            let roles = spec["attach_to"].as_array().into_iter().flatten().filter_map(Json::as_str);
            roles.map(|role| format!("attached to {role}")).collect()
        },
        differences,
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        observe(ctx).await
    }

    async fn read(ctx: &Context, name: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        find(ctx, name).await
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        create(ctx, id, spec).await
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        update(ctx, observed, to).await?;
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        delete(ctx, observed).await
    }

    /// Policies by their path, as roles.
    async fn inventory(clients: &Clients, _: Vec<Owned>) -> Result<Vec<Owned>> {
        Ok(list(clients, "/provision/").await?.iter().filter_map(owned).collect())
    }
}

/// The document by what it allows on which resource, as in the plan of a role.
fn differences(changes: Vec<Change>, from: &Json, to: &Json) -> Vec<Change> {
    let as_of_role = |mut change: Change| {
        if change.path[0] == "document" {
            change.path.splice(..1, ["policies", POLICY].map(str::to_owned));
        }
        change
    };
    let [from, to] = [from, to].map(|spec| json!({ "policies": { POLICY: spec["document"] } }));
    access::differences(changes.into_iter().map(as_of_role).collect(), &from, &to)
}

/// The policy of this account that an ARN names; `None` for one of AWS's own.
pub(super) fn named_by(arn: &str, scope: &Scope) -> Option<PhysicalId> {
    let path = arn.strip_prefix(&scope.expand("arn:{partition}:iam::{account}:policy/", ""))?;
    Some(PhysicalId::new(Policy::NAME, path.rsplit('/').next()?))
}
