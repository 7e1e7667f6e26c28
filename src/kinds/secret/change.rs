//! What Secrets Manager is sent for a secret.

use super::observe::{day, describe, is_current, once};
use super::policy;
use super::section::OWN_KEY;
use super::{Attributes, Generate, RECOVERY_DAYS, Secret, Spec};
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Context, Error, Result};
use crate::elsewhere::secrets::SECRETS_MANAGER;
use crate::kind::ObservedOf;
use crate::kinds::{apart, hidden, require_str};
use crate::model::ResourceId;
use crate::sensitive;
use aws_sdk_secretsmanager::types::Tag;

/// Whether AWS says that the deletion of a secret is scheduled [recorded: secretsmanager].
fn is_deleted(error: &Error) -> bool {
    error.is("InvalidRequest") && error.says("deletion")
}

/// A value, and the name of the version that holds it where it tells the value. A generated one has any name.
struct Value {
    text: String,
    version: Option<String>,
}

/// The value that a secret is to get, where it is to get one.
async fn value(ctx: &Context, to: &Spec) -> Result<Option<Value>> {
    match (&to.value, &to.generate) {
        (Some(value), _) => {
            let version = Some(hidden::digest(value).await?);
            Ok(Some(Value { text: value.clone(), version }))
        }
        (None, Some(generate)) => Ok(Some(Value { text: generated(ctx, generate).await?, version: None })),
        (None, None) => Ok(None),
    }
}

/// A password of AWS's own.
async fn generated(ctx: &Context, generate: &Generate) -> Result<String> {
    let Generate {
        length,
        exclude_characters,
        exclude_numbers,
        exclude_punctuation,
        exclude_uppercase,
        exclude_lowercase,
        include_space,
        require_each_included_type,
    } = generate;
    let response = ctx
        .clients
        .secrets_manager()
        .get_random_password()
        .password_length(*length)
        .exclude_characters(exclude_characters)
        .exclude_numbers(*exclude_numbers)
        .exclude_punctuation(*exclude_punctuation)
        .exclude_uppercase(*exclude_uppercase)
        .exclude_lowercase(*exclude_lowercase)
        .include_space(*include_space)
        .require_each_included_type(*require_each_included_type)
        .send()
        .await?;
    let password =
        require_str(response.random_password(), "secretsmanager:GetRandomPassword", "the password")?;
    sensitive::note(&password);
    Ok(password)
}

/// Creates a secret with its tags, and with its value where it is to have one. The name of one that was deleted for good is free
/// only a moment later [aws-facts-services: 10].
pub(super) async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
    let Spec {
        value: _,
        generate: _,
        description,
        kms_key,
        resource_policy,
        scheduled_for_deletion: _,
        tags,
    } = spec;
    let value = value(ctx, spec).await?;
    let send = async || {
        let create = ctx.clients.secrets_manager().create_secret().name(&id.name).description(description);
        let create = create.set_kms_key_id(kms_key.clone()).set_tags(Some(sent(tags)));
        let create = create.set_secret_string(value.as_ref().map(|value| value.text.clone()));
        // Without a name of ours the client makes one up.
        let create = match value.as_ref().and_then(|value| value.version.as_ref()) {
            Some(version) => create.client_request_token(version),
            None => create,
        };
        Ok::<_, Error>(create.send().await?)
    };
    let created = match send().await {
        Err(error) if is_deleted(&error) && describe(&ctx.clients, &id.name).await?.is_none() => {
            let passing =
                |error: &Error| is_deleted(error).then_some("the name of the deleted one is not free yet");
            retry_if(Backoff::PROPAGATION, ctx.waiting(id), passing, send).await?
        }
        response => response?,
    };
    let arn = require_str(created.arn(), "secretsmanager:CreateSecret", "the secret's ARN")?;
    once(ctx, id, |shown| shown.is_some()).await?;
    // An emulator may call the first version as it likes, and then its name does not tell the value.
    if let Some(Value { text, version: Some(version) }) = &value
        && created.version_id() != Some(version)
    {
        put(ctx, id, text, Some(version)).await?;
    }
    if !resource_policy.0.is_empty() {
        policy::set(ctx, id, resource_policy).await?;
    }
    Ok(Attributes { name: id.name.clone(), arn })
}

/// Makes a secret what it is to be: restores it first, if its deletion is scheduled.
pub(super) async fn update(ctx: &Context, observed: &ObservedOf<Secret>, to: &Spec) -> Result<()> {
    let (id, from, secrets) = (&observed.id, &observed.spec, ctx.clients.secrets_manager());
    if from.scheduled_for_deletion.is_some() {
        secrets.restore_secret().secret_id(&id.name).send().await?;
        once(ctx, id, |shown| shown.is_some_and(|shown| shown.deleted_date().is_none())).await?;
    }
    if (&from.description, &from.kms_key) != (&to.description, &to.kms_key) {
        let key = to.kms_key.as_deref().unwrap_or(OWN_KEY);
        let key = (from.kms_key != to.kms_key).then(|| key.to_owned());
        accepted(ctx, id, async || {
            let update = secrets.update_secret().secret_id(&id.name).description(&to.description);
            update.set_kms_key_id(key.clone()).send().await?;
            Ok(())
        })
        .await?;
    }
    if (from.value != to.value || from.generate != to.generate)
        && let Some(Value { text, version }) = value(ctx, to).await?
    {
        put(ctx, id, &text, version.as_deref()).await?;
    }
    let meanwhile = apart::meanwhile(&from.tags, &to.tags);
    if let Some(meanwhile) = &meanwhile {
        retag(ctx, id, &from.tags, meanwhile).await?;
    }
    if from.resource_policy != to.resource_policy {
        policy::set(ctx, id, &to.resource_policy).await?;
    }
    retag(ctx, id, meanwhile.as_ref().unwrap_or(&from.tags), &to.tags).await
}

/// Sets what differs, and takes the tag that tells of a policy from a secret that has none.
async fn retag(ctx: &Context, id: &ResourceId, from: &Tags, to: &Tags) -> Result<()> {
    let (secrets, set) = (ctx.clients.secrets_manager(), tags::to_set(from, to));
    if !set.is_empty() {
        accepted(ctx, id, async || {
            secrets.tag_resource().secret_id(&id.name).set_tags(Some(sent(&set))).send().await?;
            Ok(())
        })
        .await?;
    }
    if from.contains_key(tags::APART) && !to.contains_key(tags::APART) {
        accepted(ctx, id, async || {
            secrets.untag_resource().secret_id(&id.name).tag_keys(tags::APART).send().await?;
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Gives a secret a value, and waits until it is the current one.
pub(super) async fn put(ctx: &Context, id: &ResourceId, value: &str, version: Option<&str>) -> Result<()> {
    let put = accepted(ctx, id, async || {
        let put = ctx.clients.secrets_manager().put_secret_value().secret_id(&id.name).secret_string(value);
        let put = match version {
            Some(version) => put.client_request_token(version),
            None => put,
        };
        Ok(put.send().await?)
    });
    let put = put.await?;
    let version = require_str(put.version_id(), "secretsmanager:PutSecretValue", "the id of the version")?;
    once(ctx, id, |shown| is_current(shown, &version)).await
}

/// Repeats a call on a secret that was restored a moment ago, and that not all of Secrets Manager knows as such.
pub(super) async fn accepted<T, F: Future<Output = Result<T>>>(
    ctx: &Context,
    id: &ResourceId,
    call: impl Fn() -> F,
) -> Result<T> {
    let passing =
        |error: &Error| is_deleted(error).then_some("not every call knows that it was restored yet");
    retry_if(Backoff::VISIBILITY, ctx.waiting(id), passing, call).await
}

/// Schedules the deletion of a secret. The local cloud deletes it at once.
pub(super) async fn delete(ctx: &Context, observed: &ObservedOf<Secret>) -> Result<()> {
    let (id, own) = (&observed.id, &observed.spec.tags);
    let days = own.get(tags::RECOVERY).and_then(|days| days.parse().ok()).unwrap_or(RECOVERY_DAYS);
    let delete = ctx.clients.secrets_manager().delete_secret().secret_id(&observed.physical_id);
    let delete = match ctx.local {
        true => delete.force_delete_without_recovery(true),
        false => delete.recovery_window_in_days(days),
    };
    match SECRETS_MANAGER.not_found_as_none(delete.send().await) {
        // An earlier attempt has done it.
        Err(error) if is_deleted(&error) => {}
        response => {
            let date = response?.and_then(|response| response.deletion_date);
            if let Some(date) = date.filter(|_| !ctx.local) {
                ctx.waiting(id).report(&format!("its deletion is scheduled for {}", day(date.secs())));
            }
        }
    }
    once(ctx, id, |shown| shown.is_none_or(|shown| shown.deleted_date().is_some())).await
}

/// Tags in the form of Secrets Manager.
fn sent(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
