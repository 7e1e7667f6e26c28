//! IAM roles, with their inline and attached policies.

pub(in crate::kinds) mod access;
pub(in crate::kinds) mod attach;
mod lower;
pub mod managed;
mod observe;
pub mod section;
mod trust;

pub(super) use lower::{check_sizes, generated, mark_on_function};
pub(super) use observe::owner;
pub(crate) use trust::{may_trust, may_trust_lambda};
pub(super) use trust::{of_lambda as trusting_lambda, trusting};

use self::attach::{attach_named, detach, lacks_policy, reattach};
use self::observe::{attached, attributes, list, policy_names, profiles, read};
use super::function::Function;
use super::policy::Policy as ManagedPolicyKind;
use super::schedule_group::ScheduleGroup;
use super::state_machine::{self, StateMachine};
use super::{read_each, require, retry_conflicts};
use crate::aws::clients::client;
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Clients, Context, Error, Errors, Refusal, Result, Service};
use crate::kind::{
    AdoptedBy, Features, Kind, Observation, ObservedOf, ObservedOption, On, Output, Owned, Parent,
    Permission, Task, UpdateOf, When, Which, desired,
};
use crate::model::{Identity, PhysicalId, ResourceId, Texts};
use crate::policy::Policy;
use aws_sdk_iam::types::Tag;
use futures_util::try_join;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// IAM. AWS publishes no quotas of its calls.
pub(crate) static IAM: Service = Service {
    errors: Errors {
        not_found: &[Refusal::Code("NoSuchEntity")],
        exists: &[Refusal::Code("EntityAlreadyExists")],
        transient: &[(Refusal::Code("ConcurrentModification"), "another change of it is in progress")],
        passing_limits: &[],
    },
    ..Service::new("IAM", "iam")
};

impl Clients {
    /// The client of IAM.
    pub fn iam(&self) -> aws_sdk_iam::Client {
        client!(self, &IAM, aws_sdk_iam)
    }
}

/// An IAM role.
pub struct Role;

/// How many characters all inline policies of a role may have, white space not counted [aws-facts: IAM].
pub(crate) const MAX_INLINE_POLICIES: usize = 10_240;

/// The name of the one inline policy that a role of ours has.
pub(crate) const POLICY: &str = "provision";

/// What the name of a function's role has after the function's.
const ENDING: &str = "_role";

/// The name of the role that is created for a function.
pub(crate) fn name_for(function: &str) -> String {
    format!("{function}{ENDING}")
}

/// What the name of the role of a stack's schedules has after that of their group.
const OF_SCHEDULES: &str = "_schedules";

/// The name of the role that is created for the schedules of a group.
pub(super) fn name_for_schedules(group: &str) -> String {
    format!("{group}{OF_SCHEDULES}")
}

/// What the name of the role of a stack's rules has after that of their group: no function's role has a dot.
const OF_RULES: &str = ".rules";

/// The name of the role that is created for the rules of a stack.
pub(super) fn name_for_rules(group: &str) -> String {
    format!("{group}{OF_RULES}")
}

/// What a role comes with: a function, a state machine, or a group of schedules.
fn part_of(id: &ResourceId) -> Option<ResourceId> {
    let endings = [
        (state_machine::ROLE_ENDING, StateMachine::NAME),
        (ENDING, Function::NAME),
        (OF_SCHEDULES, ScheduleGroup::NAME),
    ];
    endings.iter().find_map(|(ending, kind)| Some(ResourceId::new(kind, id.name.strip_suffix(ending)?)))
}

/// The desired state of a role. Policies that others add are part of it, so that they show as drift.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Texts")]
pub struct Spec<T = String> {
    /// Who may assume it.
    pub trust: Policy<T>,
    /// The inline policies by name.
    pub policies: BTreeMap<String, Policy<T>>,
    /// The ARNs of the attached managed policies.
    pub attached: BTreeSet<T>,
    /// The ARN of the permissions boundary.
    pub boundary: Option<String>,
    /// The description; may be empty.
    pub description: T,
    /// How long a session may last, in seconds.
    pub max_session_duration: i32,
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// The attributes of a role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The ARN, which holds the path.
    pub arn: String,
    /// The id, which differs for a role that was deleted and created again.
    pub role_id: String,
}

const ANY: On = On::new("ReadRole", Role::NAME, Which::Any, &["arn:{partition}:iam::{account}:role/{name}"]);
/// The roles of the stack: all are under a path of its own, those of earlier versions included.
const OWN: On = On::new("Roles", Role::NAME, Which::Within, &[Role::ARN]);
const BOUND: On = On::new("BoundRoles", Role::NAME, Which::Bound(&OWN), &[Role::ARN]);
/// The same for attaching the managed policies that the stack names, and no others.
const ATTACHED: On = On::new("AttachedPolicies", Role::NAME, Which::Within, &[Role::ARN])
    .only_field("iam:PolicyARN", "attached");
const BOUND_ATTACHED: On =
    On::new("BoundAttachedPolicies", Role::NAME, Which::Bound(&ATTACHED), &[Role::ARN])
        .only_field("iam:PolicyARN", "attached");

impl Kind for Role {
    const NAME: &'static str = "role";
    const SERVICE: &'static Service = &IAM;
    /// IAM attaches only a policy that exists, and deletes none that is attached.
    const DEPENDS_ON: &'static [&'static str] = &[ManagedPolicyKind::NAME];
    const SECTION: &'static str = "roles";
    const ARN: &'static str = "arn:{partition}:iam::{account}:role{role_path}{name}";
    const PERMISSIONS: &'static [Permission] = &[
        // IAM does not resolve the name of a role that does not exist, so an ARN does not allow to read whether it does.
        Permission::same("iam:GetRole", Task::READ, &On::EVERYTHING),
        Permission::same("iam:GetRolePolicy", Task::READ, &ANY),
        Permission::same("iam:ListRoles", Task::READ, &On::EVERYTHING),
        Permission::same("iam:ListRolePolicies", Task::READ, &ANY),
        Permission::same("iam:ListAttachedRolePolicies", Task::READ, &ANY),
        Permission::of("iam:CreateRole", Task::CHANGE, &[("iam:CreateRole", &BOUND), ("iam:TagRole", &OWN)]),
        Permission::same("iam:PutRolePolicy", Task::CHANGE, &BOUND),
        Permission::same("iam:AttachRolePolicy", Task::CHANGE, &BOUND_ATTACHED).when(When::Some(attaches)),
        Permission::same("iam:UpdateAssumeRolePolicy", Task::CHANGE, &OWN),
        Permission::same("iam:UpdateRole", Task::CHANGE, &OWN),
        Permission::same("iam:PutRolePermissionsBoundary", Task::CHANGE, &BOUND).when(When::Boundary(true)),
        Permission::same("iam:DeleteRolePermissionsBoundary", Task::CHANGE, &OWN).when(When::Boundary(false)),
        Permission::same("iam:TagRole", Task::CHANGE, &OWN),
        Permission::same("iam:DeleteRolePolicy", Task::DELETE, &OWN),
        Permission::same("iam:DetachRolePolicy", Task::DELETE, &OWN),
        Permission::same("iam:ListInstanceProfilesForRole", Task::DELETE, &OWN),
        Permission::same("iam:DeleteRole", Task::DELETE, &OWN),
        // Removing the role from an instance profile that others have put it into would need a permission on all instance
        // profiles of the account, so that is left to the user.
        Permission::of("iam:RemoveRoleFromInstanceProfile", Task::DELETE, &[]),
    ];
    const FEATURES: Features = Features {
        adopted_by: Some(AdoptedBy::Name),
        outputs: &[Output::new("roles.NAME", "arn")],
        counted: true,
        part_of,
        called: Features::ONLY_ONE,
        differences: access::differences,
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        let wanted = read_each(ctx.scope.wanted(Self::NAME), |name| read(ctx, name));
        let listed = async { Ok(list(ctx).await) };
        let (mut observed, listed) = try_join!(wanted, listed)?;
        match listed {
            Ok(names) => {
                let wanted =
                    |name: &&str| ctx.scope.wanted(Self::NAME).any(|own| own.eq_ignore_ascii_case(name));
                let orphans = names.iter().map(String::as_str).filter(|name| !wanted(name));
                observed.extend(read_each(orphans, |name| read(ctx, name)).await?);
                Ok(observed.into())
            }
            Err(error) if error.is_denied() => {
                Ok(Observation { observed, unreadable: Some(error.to_string()) })
            }
            Err(error) => Err(error),
        }
    }

    async fn read(ctx: &Context, name: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        read(ctx, name).await
    }

    /// What it may do is its owner's matter.
    async fn existing(ctx: &Context, name: &str) -> Result<Option<Attributes>> {
        let role = observe::get(ctx, name).await?;
        role.map(|role| observe::attributes(&role, "iam:GetRole")).transpose()
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        let create = ctx.clients.iam().create_role().role_name(&id.name).path(ctx.scope.role_path());
        let create = create
            .assume_role_policy_document(spec.trust.document())
            .set_permissions_boundary(spec.boundary.clone())
            .set_description(Some(spec.description.clone()).filter(|text| !text.is_empty()))
            .max_session_duration(spec.max_session_duration)
            .set_tags(Some(sdk_tags(&spec.tags)?));
        let early = early_principal(ctx, &spec.trust);
        let create = async || Ok(create.clone().send().await?);
        let response = retry_if(Backoff::PROPAGATION, ctx.waiting(id), early, create).await?;
        let role = require(response.role(), "iam:CreateRole", "the role")?;
        let attributes = attributes(role, "iam:CreateRole")?;
        ctx.role_propagation.wrote(&attributes.arn);
        // Not all of IAM may know the new role yet.
        let early = |error: &Error| {
            (IAM.is_absent(error) && !lacks_policy(error)).then_some("IAM does not see the role yet")
        };
        for (name, policy) in &spec.policies {
            let put = async || put_policy(ctx, &id.name, name, policy).await;
            let put = async || retry_conflicts(ctx, id, conflict, put).await;
            retry_if(Backoff::PROPAGATION, ctx.waiting(id), early, put).await?;
        }
        for policy in &spec.attached {
            let attach = async || attach_named(ctx, id, &id.name, policy).await;
            retry_if(Backoff::PROPAGATION, ctx.waiting(id), early, attach).await?;
        }
        Ok(attributes)
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        ctx.role_propagation.wrote(&observed.attributes.arn);
        let early = early_principal(ctx, &to.trust);
        let passing = |error: &Error| conflict(error).or_else(|| early(error));
        retry_if(Backoff::PROPAGATION, ctx.waiting(&observed.id), passing, async || {
            change(ctx, &observed.physical_id, &observed.spec, to).await
        })
        .await?;
        reattach(ctx, observed, to).await?;
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        let (iam, name) = (ctx.clients.iam(), &observed.physical_id);
        // IAM deletes a role only after its policies and its instance profiles [aws-facts: IAM, TF].
        for policy in &observed.spec.attached {
            detach(ctx, &observed.id, name, policy).await?;
        }
        retry_conflicts(ctx, &observed.id, conflict, async || {
            for policy in observed.spec.policies.keys() {
                IAM.ignore_not_found(
                    iam.delete_role_policy().role_name(name).policy_name(policy).send().await,
                )?;
            }
            Ok(())
        })
        .await?;
        let held = |error: &Error| {
            let passing = error.is("DeleteConflict") || error.is("ConcurrentModification");
            passing.then_some("IAM still sees a policy or an instance profile of the role")
        };
        retry_if(Backoff::CONFLICT, ctx.waiting(&observed.id), held, async || {
            let deleted = IAM.ignore_not_found(iam.delete_role().role_name(name).send().await);
            if deleted.as_ref().is_err_and(|error| error.is("DeleteConflict")) {
                release(ctx, &observed.id, name).await?;
            }
            deleted
        })
        .await
    }

    /// A function that does not change itself keeps its running instances, and these the permissions that they started with
    /// [hazards: I2].
    fn update_note(update: &UpdateOf<Self>) -> Option<String> {
        let mut functions = update.unchanged.iter().filter(|id| id.kind == Function::NAME);
        // Which functions have a role that the stack declares does not show here.
        let is_declared = !update.to.tags.contains_key(tags::FOR);
        let is_running = functions.any(|function| is_declared || name_for(&function.name) == update.id.name);
        let has_policies =
            update.changes.iter().any(|change| ["policies", "attached"].contains(&change.field()));
        (is_running && has_policies)
            .then(|| "running instances may use the old permissions for some minutes".to_owned())
    }

    /// Roles by their path, `/provision/STACK/ENVIRONMENT/REGION/`: lists of roles never show tags
    /// [aws-facts: Corrections 4].
    async fn inventory(clients: &Clients, _: Vec<Owned>) -> Result<Vec<Owned>> {
        let mut pages = clients.iam().list_roles().path_prefix("/provision/").into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(role) = pages.next().await {
            let role = role?;
            found.extend(owned_by_path(role.path(), PhysicalId::new(Role::NAME, role.role_name())));
        }
        Ok(found)
    }
}

/// A role or policy as its path shows it; `None` for a path that is not ours.
pub(super) fn owned_by_path(path: &str, physical_id: PhysicalId) -> Option<Owned> {
    let path: Vec<&str> = path.split('/').collect();
    let ["", "provision", stack, environment, region, ""] = path.as_slice() else { return None };
    let environment = Some(*environment).filter(|environment| *environment != "_");
    Some(Owned {
        identity: Identity::new(*stack, environment.map(str::to_owned)),
        physical_id,
        arn: None,
        protected: false,
        region: Some((*region).to_owned()),
    })
}

/// Removes what a role has now: its instance profiles, and policies that were added since it was observed.
async fn release(ctx: &Context, id: &ResourceId, name: &str) -> Result<()> {
    let iam = ctx.clients.iam();
    for profile in profiles(ctx, name).await? {
        let remove = iam.remove_role_from_instance_profile().role_name(name).instance_profile_name(profile);
        IAM.ignore_not_found(remove.send().await)?;
    }
    for policy in attached(ctx, name).await? {
        detach(ctx, id, name, &policy).await?;
    }
    for policy in policy_names(ctx, name).await? {
        IAM.ignore_not_found(iam.delete_role_policy().role_name(name).policy_name(policy).send().await)?;
    }
    Ok(())
}

/// Changes a role from one state to another. Every call can be repeated. A policy is overwritten in place and never deleted
/// first: in between, running functions would be denied [hazards: I1].
async fn change(ctx: &Context, name: &str, from: &Spec, to: &Spec) -> Result<()> {
    let iam = ctx.clients.iam();
    if from.trust != to.trust {
        iam.update_assume_role_policy().role_name(name).policy_document(to.trust.document()).send().await?;
    }
    // UpdateRole keeps what it is not sent [hazards: I5].
    if (&from.description, from.max_session_duration) != (&to.description, to.max_session_duration) {
        let update = iam.update_role().role_name(name).description(&to.description);
        update.max_session_duration(to.max_session_duration).send().await?;
    }
    // The boundary first: under it, and only under it, may a bounded deployer write the policies.
    if let Some(boundary) = to.boundary.as_ref().filter(|boundary| from.boundary.as_ref() != Some(*boundary))
    {
        iam.put_role_permissions_boundary().role_name(name).permissions_boundary(boundary).send().await?;
    }
    let differs = |(policy, document): &(&String, &Policy)| from.policies.get(*policy) != Some(*document);
    for (policy, document) in to.policies.iter().filter(differs) {
        put_policy(ctx, name, policy, document).await?;
    }
    for extra in from.policies.keys().filter(|policy| !to.policies.contains_key(*policy)) {
        IAM.ignore_not_found(iam.delete_role_policy().role_name(name).policy_name(extra).send().await)?;
    }
    if to.boundary.is_none() && from.boundary.is_some() {
        IAM.ignore_not_found(iam.delete_role_permissions_boundary().role_name(name).send().await)?;
    }
    let set = tags::to_set(&from.tags, &to.tags);
    if !set.is_empty() {
        iam.tag_role().role_name(name).set_tags(Some(sdk_tags(&set)?)).send().await?;
    }
    Ok(())
}

async fn put_policy(ctx: &Context, role: &str, name: &str, policy: &Policy) -> Result<()> {
    let put = ctx.clients.iam().put_role_policy().role_name(role).policy_name(name);
    put.policy_document(policy.document()).send().await?;
    Ok(())
}

/// How IAM refuses a trust policy whose principal it does not know, which passes where this stack creates that one
/// [aws-facts: IAM, TF].
fn early_principal(ctx: &Context, trust: &Policy) -> impl Fn(&Error) -> Option<&'static str> {
    let is_own = trust.document().contains(&ctx.scope.role_path());
    move |error| {
        let unknown = error.is("MalformedPolicyDocument") && error.says("Invalid principal in policy");
        (is_own && unknown).then_some("IAM does not see a role of the trust policy yet")
    }
}

/// True for a role with managed policies.
fn attaches(spec: &Json) -> bool {
    desired::<Role>(spec).is_some_and(|spec| !spec.attached.is_empty())
}

/// How IAM says that two changes of a role conflict [aws-facts: IAM, M].
pub(super) fn conflict(error: &Error) -> Option<&'static str> {
    IAM.transient(error)
}

pub(super) fn sdk_tags(tags: &Tags) -> Result<Vec<Tag>> {
    tags.iter().map(|(key, value)| Ok(Tag::builder().key(key).value(value).build()?)).collect()
}
