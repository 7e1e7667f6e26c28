//! A secret as Secrets Manager shows it. Its value is never read.

use super::section::OWN_KEY;
use super::{Attributes, RECOVERY_DAYS, Secret, Spec, policy};
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, Poll, wait_until};
use crate::aws::{Class, Clients, Context, Result};
use crate::elsewhere::secrets::SECRETS_MANAGER;
use crate::kind::{Kind, ObservedOption};
use crate::kinds::key::as_named;
use crate::kinds::{hidden, require_str, unmanaged};
use crate::model::{Observed, Owner, ResourceId};
use crate::policy::Policy;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput as Shown;
use aws_sdk_secretsmanager::primitives::DateTime;
use serde_json::Value as Json;

/// What stands for a value that is not the desired one.
const OTHER: &str = "(another value)";

/// What DescribeSecret shows; `None` if there is no such secret.
pub(super) async fn describe(clients: &Clients, name: &str) -> Result<Option<Shown>> {
    SECRETS_MANAGER
        .not_found_as_none(clients.secrets_manager().describe_secret().secret_id(name).send().await)
}

/// The tags of a secret.
pub(super) fn tags_of(shown: &Shown) -> Tags {
    let tag =
        |tag: &aws_sdk_secretsmanager::types::Tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()));
    shown.tags().iter().filter_map(tag).collect()
}

/// The id of the version that is the value.
fn current(shown: &Shown) -> Option<&str> {
    let mut versions = shown.version_ids_to_stages().into_iter().flatten();
    versions.find(|(_, stages)| stages.iter().any(|stage| stage == "AWSCURRENT")).map(|(id, _)| id.as_str())
}

pub(super) async fn read(ctx: &Context, name: &str) -> Result<ObservedOption<Secret>> {
    let Some(shown) = describe(&ctx.clients, name).await? else { return Ok(None) };
    let id = ResourceId::new(Secret::NAME, name);
    // Only `up` wants it back, and only as long as the stack declares it.
    let is_wanted = !ctx.scope.destroy && ctx.scope.wants(Secret::NAME, name);
    if shown.deleted_date().is_some() && !is_wanted {
        return Ok(None);
    }
    let created = shown.created_date().map(DateTime::secs);
    let again =
        async || Ok(describe(&ctx.clients, name).await?.map(|shown| tags_of(&shown)).unwrap_or_default());
    let tags = tags::settled(ctx, &id, created, tags_of(&shown), again).await?;
    let owner = tags::owner(&tags, &ctx.scope);
    let days = tags.get(tags::RECOVERY).and_then(|days| days.parse().ok()).unwrap_or(RECOVERY_DAYS);
    let desired = |field| ctx.scope.desired_field(Secret::NAME, name, field).filter(|field| !field.is_null());
    let current = current(&shown);
    // What is deleted shows no policy [M: GetResourcePolicy].
    let resource_policy = match owner {
        Owner::Ours if shown.deleted_date().is_none() => policy::read(ctx, name, &tags).await?,
        _ => Policy::default(),
    };
    let spec = Spec {
        value: value(current, desired("value")).await?,
        generate: desired("generate")
            .filter(|_| current.is_some())
            .and_then(|json| serde_json::from_value(json).ok()),
        description: shown.description().unwrap_or_default().to_owned(),
        kms_key: shown.kms_key_id().and_then(|key| key_of(ctx, key)),
        resource_policy,
        scheduled_for_deletion: shown.deleted_date().map(|date| day(date.secs())),
        tags: tags::compared(tags, &ctx.scope, &id),
    };
    let arn = require_str(shown.arn(), "secretsmanager:DescribeSecret", "the secret's ARN")?;
    let mut observed = Observed::new(id, name, owner, spec, Attributes { name: name.to_owned(), arn });
    observed.created = created;
    observed.deletion_note = (!ctx.local).then(|| {
        format!(
            "its deletion is scheduled: until {} an `up` of the same stack file restores it",
            until(ctx, days)
        )
    });
    observed.unmanaged_settings = unmanaged([
        ("rotation", shown.rotation_enabled().filter(|on| *on).map(|_| "on"), ""),
        ("rotation_function", shown.rotation_lambda_arn(), ""),
        ("owning_service", shown.owning_service(), ""),
        ("replicas", Some(&replicas(&shown)), ""),
    ]);
    Ok(Some(observed))
}

/// The regions to which it is copied.
fn replicas(shown: &Shown) -> String {
    let regions: Vec<&str> =
        shown.replication_status().iter().filter_map(|replica| replica.region()).collect();
    regions.join(", ")
}

/// The desired value, if by the name of its version this is what the secret holds; else a text that stands for another one. The
/// value of a secret for which the file gives none is left alone.
async fn value(current: Option<&str>, desired: Option<Json>) -> Result<Option<String>> {
    let (Some(version), Some(Json::String(desired))) = (current, desired) else { return Ok(None) };
    let is_it = hidden::is_digest_of(version, &desired).await?;
    Ok(Some(if is_it { desired } else { OTHER.to_owned() }))
}

/// The key that the stack file can name.
pub(super) fn key_of(ctx: &Context, key: &str) -> Option<String> {
    Some(as_named(key, &ctx.scope)).filter(|key| key != OWN_KEY)
}

/// The last day on which a secret that is deleted now can be restored.
fn until(ctx: &Context, days: i64) -> String {
    let now = DateTime::from(ctx.time.now()).secs();
    day(now + days * 24 * 3_600)
}

/// A time in seconds since 1970 as a day.
pub(super) fn day(seconds: i64) -> String {
    let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    time.format("%Y-%m-%d").to_string()
}

/// Waits until DescribeSecret shows a change. Where it takes longer than usual nothing is wrong.
pub(super) async fn once(
    ctx: &Context,
    id: &ResourceId,
    is_shown: impl Fn(Option<&Shown>) -> bool,
) -> Result<()> {
    let look = async || {
        let shown = describe(&ctx.clients, &id.name).await?;
        let is_shown = is_shown(shown.as_ref());
        Ok(if is_shown {
            Poll::Ready(())
        } else {
            Poll::Pending("not shown by Secrets Manager yet".to_owned())
        })
    };
    match wait_until(Backoff::VISIBILITY, ctx.waiting(id), look).await {
        Err(error) if error.class == Class::Timeout => Ok(()),
        result => result,
    }
}

/// Whether a version is the value.
pub(super) fn is_current(shown: Option<&Shown>, version: &str) -> bool {
    shown.and_then(current) == Some(version)
}
