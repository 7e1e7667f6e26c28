//! A role as IAM shows it.

use super::section::SESSION;
use super::{Attributes, IAM, POLICY, Role, Spec};
use crate::aws::pages::all_pages;
use crate::aws::tags::{self, Tags};
use crate::aws::{Context, Error, Result};
use crate::kind::{Kind, ObservedOption};
use crate::kinds::{policy, require, require_str};
use crate::model::{Observed, Owner, PhysicalId, ResourceId, Scope, Status};
use crate::policy::Policy;
use aws_sdk_iam::types::Role as SdkRole;
use futures_util::future::try_join_all;
use futures_util::try_join;
use std::collections::BTreeSet;

/// The names of the roles under the stack's path. Only candidates: the path says nothing about the owner.
pub(super) async fn list(ctx: &Context) -> Result<Vec<String>> {
    all_pages("iam:ListRoles", async |marker| {
        let list = ctx.clients.iam().list_roles().path_prefix(ctx.scope.role_path()).set_marker(marker);
        let page = list.send().await?;
        Ok((page.roles.into_iter().map(|role| role.role_name).collect(), page.marker))
    })
    .await
}

pub(super) async fn read(ctx: &Context, name: &str) -> Result<ObservedOption<Role>> {
    let Some(role) = get(ctx, name).await? else { return Ok(None) };
    let attributes = attributes(&role, "iam:GetRole")?;
    if !role.role_name().eq_ignore_ascii_case(name) {
        let message = format!("the response for {name} is about {}", role.role_name());
        return Err(Error::broken("iam:GetRole", message));
    }
    let created = Some(role.create_date().secs());
    let id = ResourceId::new(Role::NAME, name);
    let all_tags = tags::settled(ctx, &id, created, tags_of(&role), async || {
        Ok(get(ctx, name).await?.as_ref().map(tags_of).unwrap_or_default())
    });
    // The one policy that a role of ours has is asked for by name, together with the lists that tell whether there are more.
    let ours = async { inline(ctx, name, POLICY).await };
    let (all_tags, ours, names, attached) =
        try_join!(all_tags, ours, policy_names(ctx, name), async { attached(ctx, name).await })?;
    let others = names.iter().filter(|other| *other != POLICY);
    let others = try_join_all(
        others.map(async |other| Ok::<_, Error>((other.clone(), inline(ctx, name, other).await?))),
    )
    .await?;
    let policies = others.into_iter().chain([(POLICY.to_owned(), ours)]);
    let policies = policies.filter_map(|(name, policy)| Some((name, policy?))).collect();
    let made_for = all_tags.get(tags::FOR).and_then(|id| id.strip_prefix("function."));
    let hints = made_for.map(|function| PhysicalId::new("function", function)).into_iter().collect();
    let owner = owner(&all_tags, role.path(), &ctx.scope);
    let refs = attached.iter().filter_map(|arn| policy::named_by(arn, &ctx.scope)).collect();
    let spec = Spec {
        trust: Policy::decode("iam:GetRole", role.assume_role_policy_document().unwrap_or("{}"))?,
        policies,
        attached,
        boundary: role
            .permissions_boundary()
            .and_then(|boundary| boundary.permissions_boundary_arn())
            .map(str::to_owned),
        description: role.description().unwrap_or_default().to_owned(),
        max_session_duration: role.max_session_duration().unwrap_or(SESSION),
        tags: tags::compared(all_tags, &ctx.scope, &ResourceId::new(Role::NAME, name)),
    };
    let mut observed =
        Observed::new(ResourceId::new(Role::NAME, name), role.role_name(), owner, spec, attributes);
    observed.created = created;
    observed.hints = hints;
    observed.refs = refs;
    if role.role_name() != name {
        // To IAM, names that differ only in case are the same.
        observed.status =
            Status::Failed(format!("IAM has it as {}, and nothing can rename it", role.role_name()));
    }
    Ok(Some(observed))
}

pub(super) async fn get(ctx: &Context, name: &str) -> Result<Option<SdkRole>> {
    let response = IAM.not_found_as_none(ctx.clients.iam().get_role().role_name(name).send().await)?;
    response.map(|response| require(response.role, "iam:GetRole", "the role")).transpose()
}

/// The owner of a role or a policy: by its tag, and not another region's of the same stack, since IAM is global and a stack is not. An
/// adopted role keeps a path of its own, which may be another stack's.
pub(in crate::kinds) fn owner(tags: &Tags, path: &str, scope: &Scope) -> Owner {
    let own = scope.role_path();
    let of_stack = own.strip_suffix(&format!("{}/", scope.region)).unwrap_or(&own);
    match tags::owner(tags, scope) {
        Owner::Ours if path.starts_with(of_stack) && path != own => {
            let region = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            Owner::Unmanaged(format!(
                "the stack `{}` already lives in {region}, and names in IAM are global; use --env for a second one",
                scope.identity
            ))
        }
        owner => owner,
    }
}

pub(super) async fn policy_names(ctx: &Context, role: &str) -> Result<Vec<String>> {
    all_pages("iam:ListRolePolicies", async |marker| {
        let list = ctx.clients.iam().list_role_policies().role_name(role).set_marker(marker);
        let page = IAM.not_found_as_none(list.send().await)?;
        Ok(page.map(|page| (page.policy_names, page.marker)).unwrap_or_default())
    })
    .await
}

pub(super) async fn profiles(ctx: &Context, role: &str) -> Result<Vec<String>> {
    let profiles = all_pages("iam:ListInstanceProfilesForRole", async |marker| {
        let list = ctx.clients.iam().list_instance_profiles_for_role().role_name(role).set_marker(marker);
        let page = IAM.not_found_as_none(list.send().await)?;
        Ok(page.map(|page| (page.instance_profiles, page.marker)).unwrap_or_default())
    })
    .await?;
    Ok(profiles.into_iter().map(|profile| profile.instance_profile_name).collect())
}

pub(super) async fn attached(ctx: &Context, role: &str) -> Result<BTreeSet<String>> {
    let policies = all_pages("iam:ListAttachedRolePolicies", async |marker| {
        let list = ctx.clients.iam().list_attached_role_policies().role_name(role).set_marker(marker);
        let page = IAM.not_found_as_none(list.send().await)?;
        Ok(page.map(|page| (page.attached_policies.unwrap_or_default(), page.marker)).unwrap_or_default())
    })
    .await?;
    Ok(policies.into_iter().filter_map(|policy| policy.policy_arn).collect())
}

async fn inline(ctx: &Context, role: &str, name: &str) -> Result<Option<Policy>> {
    let response = IAM.not_found_as_none(
        ctx.clients.iam().get_role_policy().role_name(role).policy_name(name).send().await,
    )?;
    response.map(|response| Policy::decode("iam:GetRolePolicy", response.policy_document())).transpose()
}

/// The attributes; the SDK has empty texts for what a response lacks.
pub(super) fn attributes(role: &SdkRole, operation: &str) -> Result<Attributes> {
    let require = |text, what| require_str(Some(text), operation, what);
    Ok(Attributes {
        name: require(role.role_name(), "the role's name")?,
        arn: require(role.arn(), "the role's ARN")?,
        role_id: require(role.role_id(), "the role's id")?,
    })
}

pub(super) fn tags_of(role: &SdkRole) -> Tags {
    role.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}
