//! Creates, changes and deletes policies, and attaches them to roles of others.

use super::observe::{Entities, attributes, find, mark, users_of};
use super::{Attributes, Policy, Spec};
use crate::aws::pages::all_pages;
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Context, Error, Result};
use crate::kind::ObservedOf;
use crate::kinds::role::attach::{attach, detach, lacks_policy};
use crate::kinds::role::{IAM, conflict, sdk_tags};
use crate::kinds::{require, retry_conflicts};
use crate::model::ResourceId;
use crate::suggest;

/// Creates a policy. Its marks come with the create, so what is attached after it is never without one.
pub(super) async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
    let marks = spec.attach_to.iter().map(|role| (mark(role), String::new()));
    let tags: Tags = spec.tags.clone().into_iter().chain(marks).collect();
    let create = ctx
        .clients
        .iam()
        .create_policy()
        .policy_name(&id.name)
        .path(ctx.scope.role_path())
        .policy_document(spec.document.document())
        .set_description(Some(spec.description.clone()).filter(|text| !text.is_empty()))
        .set_tags(Some(sdk_tags(&tags)?));
    let response = retry_conflicts(ctx, id, conflict, async || Ok(create.clone().send().await?)).await?;
    let policy = require(response.policy(), "iam:CreatePolicy", "the policy")?;
    let attributes = attributes(policy, "iam:CreatePolicy")?;
    for role in &spec.attach_to {
        attach_to_other(ctx, id, role, &attributes.arn).await?;
    }
    Ok(attributes)
}

/// Attaches a policy to a role of others, of which nothing else is read or changed.
async fn attach_to_other(ctx: &Context, id: &ResourceId, role: &str, policy: &str) -> Result<()> {
    attach(ctx, id, role, policy).await.map_err(|error| {
        if !IAM.is_absent(&error) || lacks_policy(&error) {
            return error;
        }
        let said = error.message.trim_end();
        let message = format!("{said} A role under `attach_to` must exist: correct its name, or remove it.");
        Error { message, ..error }
    })
}

/// Changes a policy, with no call for what does not differ. What is to be attached is marked first, and what is detached loses
/// its mark last, so the next run finds whatever this one leaves undone.
pub(super) async fn update(ctx: &Context, observed: &ObservedOf<Policy>, to: &Spec) -> Result<()> {
    let (id, arn, from) = (&observed.id, &observed.attributes.arn, &observed.spec);
    if from.document != to.document {
        new_version(ctx, id, arn, to).await?;
    }
    let added: Vec<&String> = to.attach_to.difference(&from.attach_to).collect();
    let removed: Vec<&String> = from.attach_to.difference(&to.attach_to).collect();
    let mut set = tags::to_set(&from.tags, &to.tags);
    set.extend(added.iter().map(|role| (mark(role), String::new())));
    if !set.is_empty() {
        let tag = ctx.clients.iam().tag_policy().policy_arn(arn).set_tags(Some(sdk_tags(&set)?));
        retry_conflicts(ctx, id, conflict, async || Ok(tag.clone().send().await?)).await?;
    }
    for role in added {
        attach_to_other(ctx, id, role, arn).await?;
    }
    for role in &removed {
        detach(ctx, id, role, arn).await?;
    }
    if !removed.is_empty() {
        let marks = removed.into_iter().map(|role| mark(role)).collect();
        let untag = ctx.clients.iam().untag_policy().policy_arn(arn).set_tag_keys(Some(marks));
        retry_conflicts(ctx, id, conflict, async || Ok(untag.clone().send().await?)).await?;
    }
    Ok(())
}

/// Makes a document the default version. AWS keeps five versions of a policy, so the oldest one goes where there is no room; one
/// that an earlier run has left is no harm.
async fn new_version(ctx: &Context, id: &ResourceId, arn: &str, to: &Spec) -> Result<()> {
    let create = ctx.clients.iam().create_policy_version().policy_arn(arn);
    let create = create.policy_document(to.document.document()).set_as_default(true);
    let created = retry_conflicts(ctx, id, conflict, async || {
        let created = create.clone().send().await.map_err(Error::from);
        let is_full = |error: &Error| error.is("LimitExceeded") && error.says("versions");
        if created.as_ref().is_err_and(is_full)
            && let Some(oldest) = earlier_versions(ctx, arn).await?.first()
        {
            delete_version(ctx, arn, oldest).await?;
            create.clone().send().await?;
            return Ok(());
        }
        created.map(|_| ())
    })
    .await;
    match created {
        // Whether a request with a lost response was carried out, only the policy says.
        Err(error) if error.is_ambiguous() => {
            let live = find(ctx, &id.name).await?;
            if live.is_some_and(|live| live.spec.document == to.document) { Ok(()) } else { Err(error) }
        }
        created => created,
    }
}

/// The versions of a policy that are not the default one, the oldest first.
async fn earlier_versions(ctx: &Context, arn: &str) -> Result<Vec<String>> {
    let versions = all_pages("iam:ListPolicyVersions", async |marker| {
        let list = ctx.clients.iam().list_policy_versions().policy_arn(arn).set_marker(marker);
        let Some(page) = IAM.not_found_as_none(list.send().await)? else { return Ok((Vec::new(), None)) };
        Ok((page.versions.unwrap_or_default(), page.marker))
    })
    .await?;
    let earlier = versions.into_iter().filter(|version| !version.is_default_version);
    let mut earlier: Vec<String> = earlier.filter_map(|version| version.version_id).collect();
    // Versions are `v1`, `v2` and so on.
    earlier.sort_by_key(|version| version.trim_start_matches('v').parse::<u64>().unwrap_or(u64::MAX));
    Ok(earlier)
}

async fn delete_version(ctx: &Context, arn: &str, version: &str) -> Result<()> {
    let delete = ctx.clients.iam().delete_policy_version().policy_arn(arn).version_id(version);
    IAM.ignore_not_found(delete.send().await)
}

/// Deletes a policy with its versions. IAM refuses that while anybody has it. Where the stack has attached it, it is detached;
/// what others have attached it to, others rely on, so that is named and nothing is changed.
pub(super) async fn delete(ctx: &Context, observed: &ObservedOf<Policy>) -> Result<()> {
    let (id, arn, own) = (&observed.id, &observed.attributes.arn, &observed.spec.attach_to);
    let is_own = |role: &String| own.iter().any(|own| own.eq_ignore_ascii_case(role));
    let held = |error: &Error| {
        error.is("DeleteConflict").then_some("IAM still sees that the policy is attached").or(conflict(error))
    };
    // A role of the stack that was deleted a moment ago may still be in the list.
    retry_if(Backoff::VISIBILITY, ctx.waiting(id), held, async || {
        let mut entities = users_of(ctx, arn, None).await?;
        entities.roles.retain(|role| !is_own(role));
        entities.refusal()
    })
    .await?;
    for role in own {
        detach(ctx, id, role, arn).await?;
    }
    retry_if(Backoff::CONFLICT, ctx.waiting(id), held, async || {
        for version in earlier_versions(ctx, arn).await? {
            delete_version(ctx, arn, &version).await?;
        }
        IAM.ignore_not_found(ctx.clients.iam().delete_policy().policy_arn(arn).send().await)
    })
    .await
}

impl Entities {
    /// Why a policy that these have cannot be deleted; none where nobody has it.
    fn refusal(&self) -> Result<()> {
        let named = |what: &str, names: &[String]| -> Vec<String> {
            names.iter().map(|name| format!("{what} {name}")).collect()
        };
        let all = [("role", &self.roles), ("user", &self.users), ("group", &self.groups)];
        let all: Vec<String> = all.into_iter().flat_map(|(what, names)| named(what, names)).collect();
        if all.is_empty() {
            return Ok(());
        }
        let message = format!(
            "{} still have it, attached by others than this stack or as a permissions boundary; they may rely on it, so \
             nothing was changed: detach it there, and run the command again",
            suggest::listed(&all)
        );
        // A list shows for a moment roles that were deleted, and only roles are.
        let code = (self.users.is_empty() && self.groups.is_empty()).then(|| "DeleteConflict".into());
        Err(Error { code, ..Error::state(message) })
    }
}
