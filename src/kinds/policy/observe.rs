//! A policy as IAM shows it.

use super::{Attributes, Policy, Spec};
use crate::aws::pages::all_pages;
use crate::aws::tags::{self, Tags};
use crate::aws::{Clients, Context, Error, Result};
use crate::kind::{Kind, Observation, ObservedOf, ObservedOption, Owned};
use crate::kinds::role::{self, IAM};
use crate::kinds::{read_each, require, require_str};
use crate::model::{Observed, PhysicalId, ResourceId, Status};
use crate::policy::Policy as Document;
use aws_sdk_iam::types::{Policy as SdkPolicy, PolicyScopeType, PolicyUsageType};
use futures_util::try_join;
use std::collections::BTreeSet;

/// What stands before a role's name in the key of the tag by which a policy shows that this stack has attached it: where others
/// attach it is not our concern, and one list shows both.
const ATTACHED: &str = "provision:attached:";
/// All that a page of a list may have.
const PAGE: i32 = 1_000;

/// The key of the mark for a role. Tags take no comma, and names of roles no colon.
pub(super) fn mark(role: &str) -> String {
    format!("{ATTACHED}{}", role.replace(',', ":"))
}

/// The roles of the marks in tags.
fn marked(tags: &Tags) -> impl Iterator<Item = String> {
    tags.keys().filter_map(|key| key.strip_prefix(ATTACHED)).map(|role| role.replace(':', ","))
}

/// A policy in a list.
pub(super) struct Listed {
    name: String,
    arn: String,
    path: String,
    version: Option<String>,
}

/// The customer managed policies at a path. A list has no tags, so these are only candidates.
pub(super) async fn list(clients: &Clients, path: &str) -> Result<Vec<Listed>> {
    all_pages("iam:ListPolicies", async |marker| {
        let list = clients.iam().list_policies().scope(PolicyScopeType::Local).path_prefix(path);
        let page = list.max_items(PAGE).set_marker(marker).send().await?;
        let listed = page.policies.unwrap_or_default().into_iter().filter_map(|policy| {
            Some(Listed {
                name: policy.policy_name?,
                arn: policy.arn?,
                path: policy.path?,
                version: policy.default_version_id,
            })
        });
        Ok((listed.collect(), page.marker))
    })
    .await
}

/// A policy as its path shows it; `None` for a path that is not ours.
pub(super) fn owned(policy: &Listed) -> Option<Owned> {
    role::owned_by_path(&policy.path, PhysicalId::new(Policy::NAME, &policy.name))
}

/// The policies of wanted names, which are unique in the account whatever their path, and those at the stack's own path.
pub(super) async fn observe(ctx: &Context) -> Result<Observation<Policy>> {
    let declares = ctx.scope.wanted(Policy::NAME).next().is_some();
    let own = ctx.scope.role_path();
    let (listed, unreadable) = match list(&ctx.clients, if declares { "/" } else { &own }).await {
        Ok(listed) => (listed, None),
        Err(error) if error.is_denied() => (Vec::new(), Some(error.to_string())),
        Err(error) => return Err(error),
    };
    let of = |name: &str| listed.iter().find(|policy| policy.name.eq_ignore_ascii_case(name));
    let wanted = read_each(ctx.scope.wanted(Policy::NAME), async |name: &str| match of(name) {
        Some(listed) => read(ctx, name, &listed.arn, listed.version.as_deref()).await,
        // A list does not show a new one at once.
        None => read(ctx, name, &own_arn(ctx, name), None).await,
    });
    let is_wanted = |name: &str| ctx.scope.wanted(Policy::NAME).any(|own| own.eq_ignore_ascii_case(name));
    let orphans = listed.iter().filter(|policy| policy.path == own && !is_wanted(&policy.name));
    let orphans = read_each(orphans.map(|policy| policy.name.as_str()), async |name: &str| match of(name) {
        Some(listed) => read(ctx, name, &listed.arn, listed.version.as_deref()).await,
        None => Ok(None),
    });
    let (mut observed, orphans) = try_join!(wanted, orphans)?;
    observed.extend(orphans);
    Ok(Observation { observed, unreadable })
}

/// The policy of a name, whatever its path.
pub(super) async fn find(ctx: &Context, name: &str) -> Result<ObservedOption<Policy>> {
    if let Some(own) = read(ctx, name, &own_arn(ctx, name), None).await? {
        return Ok(Some(own));
    }
    let listed = list(&ctx.clients, "/").await?;
    match listed.iter().find(|policy| policy.name.eq_ignore_ascii_case(name)) {
        Some(listed) => read(ctx, name, &listed.arn, listed.version.as_deref()).await,
        None => Ok(None),
    }
}

fn own_arn(ctx: &Context, name: &str) -> String {
    ctx.scope.expand(Policy::ARN, name)
}

/// Reads a policy. `version` is what a list has said to be its default version, which is read together with the rest.
async fn read(ctx: &Context, name: &str, arn: &str, version: Option<&str>) -> Result<ObservedOption<Policy>> {
    // Neither can refer to what AWS has yet to assign, as the document can.
    let desired = |field: &str| ctx.scope.desired_field(Policy::NAME, name, field);
    let desired_roles: BTreeSet<String> =
        desired("attach_to").and_then(|roles| serde_json::from_value(roles).ok()).unwrap_or_default();
    let early_document = async {
        match version {
            Some(version) => Ok(document(ctx, arn, version).await?.map(|document| (version, document))),
            None => Ok(None),
        }
    };
    let early_roles =
        async { if desired_roles.is_empty() { Ok(None) } else { roles(ctx, arn).await.map(Some) } };
    let (policy, early_document, early_roles) = try_join!(get(ctx, arn), early_document, early_roles)?;
    let Some(policy) = policy else { return Ok(None) };
    let attributes = attributes(&policy, "iam:GetPolicy")?;
    if !attributes.name.eq_ignore_ascii_case(name) {
        let message = format!("the response for {name} is about {}", attributes.name);
        return Err(Error::broken("iam:GetPolicy", message));
    }
    let created = policy.create_date().map(|date| date.secs());
    let id = ResourceId::new(Policy::NAME, name);
    let all_tags = tags::settled(ctx, &id, created, tags_of(&policy), async || {
        Ok(get(ctx, arn).await?.as_ref().map(tags_of).unwrap_or_default())
    })
    .await?;
    let version = require_str(policy.default_version_id(), "iam:GetPolicy", "the default version")?;
    let document = match early_document.filter(|(early, _)| *early == version) {
        Some((_, document)) => document,
        // The list was not up to date, or there was none. A version that was just made may not be seen everywhere.
        None => match document(ctx, arn, &version).await? {
            Some(document) => document,
            None => return Ok(None),
        },
    };
    let marked: BTreeSet<String> = marked(&all_tags).collect();
    let attached = match early_roles {
        Some(roles) => roles,
        None if marked.is_empty() => Vec::new(),
        None => roles(ctx, arn).await?,
    };
    let is_attached = |role: &String| attached.iter().any(|other| other.eq_ignore_ascii_case(role));
    // What is marked but not attached was detached by hand; where it is no longer desired, the mark is still to be removed.
    let attach_to = marked.into_iter().filter(|role| is_attached(role) || !desired_roles.contains(role));
    let description = policy.description().unwrap_or_default();
    let owner = role::owner(&all_tags, policy.path().unwrap_or("/"), &ctx.scope);
    let spec = Spec {
        document,
        attach_to: attach_to.collect(),
        description: desired("description")
            .and_then(|text| text.as_str().map(str::to_owned))
            .unwrap_or_else(|| description.to_owned()),
        tags: tags::compared(all_tags, &ctx.scope, &id),
    };
    let mut observed: ObservedOf<Policy> =
        Observed::new(id, &attributes.name, owner, spec, attributes.clone());
    observed.created = created;
    if observed.spec.description != description {
        observed.unmanaged_settings = [("description".to_owned(), description.to_owned())].into();
    }
    if attributes.name != name {
        // To IAM, names that differ only in case are the same.
        observed.status =
            Status::Failed(format!("IAM has it as {}, and nothing can rename it", attributes.name));
    }
    Ok(Some(observed))
}

async fn get(ctx: &Context, arn: &str) -> Result<Option<SdkPolicy>> {
    let response = IAM.not_found_as_none(ctx.clients.iam().get_policy().policy_arn(arn).send().await)?;
    response.map(|response| require(response.policy, "iam:GetPolicy", "the policy")).transpose()
}

async fn document(ctx: &Context, arn: &str, version: &str) -> Result<Option<Document>> {
    let get = ctx.clients.iam().get_policy_version().policy_arn(arn).version_id(version);
    let Some(response) = IAM.not_found_as_none(get.send().await)? else { return Ok(None) };
    let text = response.policy_version().and_then(|version| version.document());
    let text = require_str(text, "iam:GetPolicyVersion", "the document")?;
    Document::decode("iam:GetPolicyVersion", &text).map(Some)
}

/// The names of the roles that a policy is attached to.
async fn roles(ctx: &Context, arn: &str) -> Result<Vec<String>> {
    Ok(users_of(ctx, arn, Some(PolicyUsageType::PermissionsPolicy)).await?.roles)
}

/// Who has a policy, by name.
#[derive(Debug, Default)]
pub(super) struct Entities {
    pub(super) roles: Vec<String>,
    pub(super) users: Vec<String>,
    pub(super) groups: Vec<String>,
}

/// Who has a policy; without a usage also those whose permissions boundary it is.
pub(super) async fn users_of(ctx: &Context, arn: &str, usage: Option<PolicyUsageType>) -> Result<Entities> {
    let pages = all_pages("iam:ListEntitiesForPolicy", async |marker| {
        let list = ctx.clients.iam().list_entities_for_policy().policy_arn(arn).max_items(PAGE);
        let list = list.set_policy_usage_filter(usage.clone()).set_marker(marker);
        let Some(page) = IAM.not_found_as_none(list.send().await)? else { return Ok((Vec::new(), None)) };
        Ok((vec![(page.policy_roles, page.policy_users, page.policy_groups)], page.marker))
    })
    .await?;
    let mut entities = Entities::default();
    for (roles, users, groups) in pages {
        entities.roles.extend(roles.unwrap_or_default().into_iter().filter_map(|role| role.role_name));
        entities.users.extend(users.unwrap_or_default().into_iter().filter_map(|user| user.user_name));
        entities.groups.extend(groups.unwrap_or_default().into_iter().filter_map(|group| group.group_name));
    }
    Ok(entities)
}

/// The attributes; the SDK has empty texts for what a response lacks.
pub(super) fn attributes(policy: &SdkPolicy, operation: &str) -> Result<Attributes> {
    Ok(Attributes {
        name: require_str(policy.policy_name(), operation, "the policy's name")?,
        arn: require_str(policy.arn(), operation, "the policy's ARN")?,
    })
}

fn tags_of(policy: &SdkPolicy) -> Tags {
    policy.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}
