//! Settings of a function that calls of their own read and write: what happens to asynchronous events, code signing, recursive
//! loops, and the URL. A tag of the function names those that it has, see [`crate::kinds::apart`].

use super::spec::{Async, MAX_AGE, RETRIES};
use super::state::change;
use super::{LAMBDA, Spec};
use crate::aws::tags::Tags;
use crate::aws::{Context, Result};
use crate::kinds::apart;
use crate::kinds::assumable::once_assumable;
use crate::model::ResourceId;
use aws_sdk_lambda::types::{DestinationConfig, OnFailure, OnSuccess, RecursiveLoop};
use futures_util::try_join;

/// The settings by the names that the tag has for them.
const ASYNC: &str = "async";
const CODE_SIGNING: &str = "code-signing";
const RECURSIVE_LOOP: &str = "recursive-loop";
/// The URL, which is a resource of its own.
const URL: &str = "url";

/// The value of the tag for a spec; `None` where the function has none of these settings.
pub(super) fn named<T>(spec: &Spec<T>, has_url: bool) -> Option<String> {
    let Spec { asynchronous, code_signing, recursive_loop, .. } = spec;
    let all = [
        (asynchronous.is_some(), ASYNC),
        (code_signing.is_some(), CODE_SIGNING),
        (*recursive_loop, RECURSIVE_LOOP),
        (has_url, URL),
    ];
    apart::named(all)
}

/// True if the tag says that the function has a URL.
pub(super) fn has_url(tags: &Tags) -> bool {
    apart::has(tags, URL)
}

/// Reads the settings that the tag names.
pub(super) async fn read(ctx: &Context, name: &str, spec: &mut Spec) -> Result<()> {
    let has = |setting: &str| apart::has(&spec.tags, setting);
    let asynchronous = async { if has(ASYNC) { read_async(ctx, name, None).await } else { Ok(None) } };
    let signing = async { if has(CODE_SIGNING) { read_signing(ctx, name).await } else { Ok(None) } };
    let recursive_loop = async { Ok(has(RECURSIVE_LOOP) && read_recursive_loop(ctx, name).await?) };
    (spec.asynchronous, spec.code_signing, spec.recursive_loop) =
        try_join!(asynchronous, signing, recursive_loop)?;
    Ok(())
}

/// The settings of asynchronous invocations of a function, or of one of its aliases.
pub(in crate::kinds) async fn read_async(
    ctx: &Context,
    function: &str,
    alias: Option<&str>,
) -> Result<Option<Async>> {
    let get = ctx.clients.lambda().get_function_event_invoke_config().function_name(function);
    let get = get.set_qualifier(alias.map(str::to_owned));
    let Some(config) = LAMBDA.not_found_as_none(get.send().await)? else { return Ok(None) };
    // A destination that is not set reads back as an empty one [hazards: L13].
    let destinations = config.destination_config;
    let (on_success, on_failure) = match destinations {
        Some(DestinationConfig { on_success, on_failure, .. }) => {
            (on_success.and_then(|to| to.destination), on_failure.and_then(|to| to.destination))
        }
        None => (None, None),
    };
    Ok(Some(Async {
        retries: config.maximum_retry_attempts.unwrap_or(RETRIES),
        max_age: config.maximum_event_age_in_seconds.unwrap_or(MAX_AGE),
        on_success: on_success.filter(|arn| !arn.is_empty()),
        on_failure: on_failure.filter(|arn| !arn.is_empty()),
    })
    .filter(|settings| !settings.is_default()))
}

async fn read_signing(ctx: &Context, name: &str) -> Result<Option<String>> {
    let get = ctx.clients.lambda().get_function_code_signing_config().function_name(name);
    let config = LAMBDA.not_found_as_none(get.send().await)?;
    Ok(config.map(|config| config.code_signing_config_arn).filter(|arn| !arn.is_empty()))
}

async fn read_recursive_loop(ctx: &Context, name: &str) -> Result<bool> {
    let get = ctx.clients.lambda().get_function_recursion_config().function_name(name);
    let config = LAMBDA.not_found_as_none(get.send().await)?;
    Ok(config.and_then(|config| config.recursive_loop) == Some(RecursiveLoop::Allow))
}

/// Sets what differs and needs no code; code signing is checked against the code, see [`sign`].
pub(super) async fn set(ctx: &Context, id: &ResourceId, from: &Spec, to: &Spec) -> Result<()> {
    if from.asynchronous != to.asynchronous {
        set_async(ctx, id, (&id.name, None), &to.role, to.asynchronous.as_ref()).await?;
    }
    if from.recursive_loop != to.recursive_loop {
        let mode = if to.recursive_loop { RecursiveLoop::Allow } else { RecursiveLoop::Terminate };
        change(ctx, id, &id.name, async || {
            let put = ctx.clients.lambda().put_function_recursion_config().function_name(&id.name);
            put.recursive_loop(mode.clone()).send().await?;
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Sets them, for a function or one of its aliases. Lambda asks whether the role may deliver to the destinations, and may not
/// know its new policy yet.
pub(in crate::kinds) async fn set_async(
    ctx: &Context,
    id: &ResourceId,
    (function, alias): (&str, Option<&str>),
    role: &str,
    to: Option<&Async>,
) -> Result<()> {
    let (lambda, alias) = (ctx.clients.lambda(), alias.map(str::to_owned));
    let set = async || match to {
        Some(Async { retries, max_age, on_success, on_failure }) => {
            let success = on_success.as_ref().map(|arn| OnSuccess::builder().destination(arn).build());
            let failure = on_failure.as_ref().map(|arn| OnFailure::builder().destination(arn).build());
            let destinations = DestinationConfig::builder().set_on_success(success).set_on_failure(failure);
            let put = lambda.put_function_event_invoke_config().function_name(function);
            let put = put.set_qualifier(alias.clone());
            let put = put.maximum_retry_attempts(*retries).maximum_event_age_in_seconds(*max_age);
            put.destination_config(destinations.build()).send().await?;
            Ok(())
        }
        None => {
            let delete = lambda.delete_function_event_invoke_config().function_name(function);
            LAMBDA.ignore_not_found(delete.set_qualifier(alias.clone()).send().await)
        }
    };
    let set = async || change(ctx, id, function, set).await;
    once_assumable(ctx, id, role, set).await
}

/// Sets or removes the code signing configuration, by its ARN. New code is checked against the one that the function has at
/// that moment, so it is removed before the code and set after it [hazards: L10].
pub(super) async fn sign(ctx: &Context, id: &ResourceId, to: Option<&str>) -> Result<()> {
    let lambda = ctx.clients.lambda();
    change(ctx, id, &id.name, async || match to {
        Some(arn) => {
            let put = lambda.put_function_code_signing_config().function_name(&id.name);
            put.code_signing_config_arn(arn).send().await?;
            Ok(())
        }
        None => {
            let delete = lambda.delete_function_code_signing_config().function_name(&id.name);
            LAMBDA.ignore_not_found(delete.send().await)
        }
    })
    .await
}
