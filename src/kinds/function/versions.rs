//! Published versions of a function with a release. A version is a copy of the code and the configuration that never changes, so
//! the function has one that is as it is now, or none. Versions of ours are known by the mark in their description.

use super::observe::spec;
use super::state::{change, status};
use super::{Attributes, Function, LAMBDA, Spec, sent, spec::Versions};
use crate::aws::pages::all_pages;
use crate::aws::tags::Tags;
use crate::aws::wait::{Backoff, Poll, wait_until};
use crate::aws::{Context, Error, Result};
use crate::kind::Kind;
use crate::kinds::alias::{self, Alias};
use crate::kinds::{mark, require, require_str};
use crate::model::{PhysicalId, ResourceId, Status};
use aws_sdk_lambda::types::FunctionConfiguration;
use futures_util::future::try_join_all;
use futures_util::try_join;
use serde_json::Value as Json;

/// What Lambda calls the function as it is, which is no version.
const LATEST: &str = "$LATEST";

/// The published versions, oldest first.
async fn list(ctx: &Context, function: &str) -> Result<Vec<FunctionConfiguration>> {
    let list = ctx.clients.lambda().list_versions_by_function().function_name(function);
    let versions = all_pages("lambda:ListVersionsByFunction", async |marker| {
        let page = list.clone().set_marker(marker).send().await?;
        Ok((page.versions.unwrap_or_default(), page.next_marker))
    });
    let versions = LAMBDA.not_found_as_none(versions.await)?.unwrap_or_default();
    Ok(versions.into_iter().filter(|version| number(version) != LATEST).collect())
}

fn number(version: &FunctionConfiguration) -> &str {
    version.version().unwrap_or(LATEST)
}

/// The newest version of a function, which an alias can stand for.
pub(in crate::kinds) async fn newest(ctx: &Context, function: &str) -> Result<String> {
    let versions = list(ctx, function).await?;
    let newest = versions.last().map(|version| number(version).to_owned());
    newest.ok_or_else(|| Error::state(format!("no version of {function} is published; run `provision up`")))
}

/// The version before one: what an alias stood for.
pub(in crate::kinds) async fn before(ctx: &Context, function: &str, version: &str) -> Result<Option<String>> {
    let versions = list(ctx, function).await?;
    let mut newest_first = versions.iter().rev().map(number);
    Ok(newest_first.find(|number| is_older(number, version)).map(str::to_owned))
}

fn is_older(number: &str, than: &str) -> bool {
    let of = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    of(number) < of(than)
}

/// Reads the versions of a function, and which aliases of ours it has. Only of a function whose tag says that there may be some.
pub(super) async fn read(
    ctx: &Context,
    latest: &FunctionConfiguration,
    spec: &mut Spec,
    attributes: &mut Attributes,
) -> Result<Vec<PhysicalId>> {
    let name = attributes.name.as_str();
    let desired = ctx.scope.desired_field(Function::NAME, name, "versions").unwrap_or_default();
    let versions = async { if desired.is_null() { Ok(Vec::new()) } else { list(ctx, name).await } };
    let (versions, aliases) = try_join!(versions, alias::list(ctx, name))?;
    let ours: Vec<_> = aliases.iter().filter(|alias| alias::is_ours(ctx, alias)).collect();
    if let Some(newest) = versions.last() {
        attributes.version = number(newest).to_owned();
    }
    spec.versions = match desired.get("keep").and_then(Json::as_u64) {
        Some(keep) => {
            let keep = keep.try_into().unwrap_or(usize::MAX);
            let served: Vec<&str> = aliases.iter().flat_map(alias::versions_of).collect();
            attributes.superseded = superseded(ctx, &versions, &served, keep);
            let published = versions.last().is_some_and(|newest| is_copy(latest, newest));
            Some(Versions { keep, published })
        }
        // The tag goes once the last alias is gone.
        None if ours.is_empty() => Some(Versions { keep: 0, published: false }),
        None => None,
    };
    let names = ours.iter().filter_map(|alias| alias.name());
    Ok(names.map(|alias| PhysicalId::new(Alias::NAME, alias::named(name, alias))).collect())
}

/// The versions of ours that are too many once another one is published and an alias has moved to it.
fn superseded(
    ctx: &Context,
    versions: &[FunctionConfiguration],
    served: &[&str],
    keep: usize,
) -> Vec<String> {
    let is_ours = |version: &&FunctionConfiguration| {
        mark::own_text(&ctx.scope.identity, version.description().unwrap_or_default()).is_some()
    };
    let unserved = versions.iter().filter(is_ours).map(number).filter(|number| !served.contains(number));
    let unserved: Vec<&str> = unserved.collect();
    let too_many = unserved.len().saturating_sub(keep.saturating_sub(1));
    unserved[..too_many].iter().map(|number| (*number).to_owned()).collect()
}

/// True for a version that has the code and the configuration of the function as it is.
fn is_copy(latest: &FunctionConfiguration, version: &FunctionConfiguration) -> bool {
    let of = |config: &FunctionConfiguration| {
        // The description of a version is the mark.
        let spec = Spec { description: String::new(), ..spec(config, "", Tags::new()) };
        (spec, config.code_sha256().map(str::to_owned), config.image_config_response().cloned())
    };
    of(latest) == of(version)
}

/// Publishes the function as it is. Lambda answers with the version that there is
/// already if neither code nor configuration changed since then [aws-facts-apis: 9, M], so nothing is published twice.
pub(super) async fn publish(
    ctx: &Context,
    id: &ResourceId,
    spec: &Spec,
    superseded: &[String],
) -> Result<String> {
    let published = change(ctx, id, &id.name, async || {
        let publish = ctx.clients.lambda().publish_version().function_name(&id.name);
        let publish = publish.description(mark::described(&ctx.scope.identity, ""));
        // The code that this run means, whoever else deploys.
        let code = Some(spec.code.clone()).filter(|code| !code.is_empty());
        Ok(publish.set_code_sha256(code).send().await?)
    })
    .await?;
    let version = require_str(published.version(), "lambda:PublishVersion", "the version's number")?;
    let old = superseded.iter().filter(|old| **old != version).map(|old| remove(ctx, &id.name, old));
    try_join_all(old).await?;
    Ok(version)
}

/// Waits, before an alias moves there, until a version can be called: an earlier run may have published it and been interrupted,
/// and the list of versions tells no states [recorded: list_versions]. One that cannot be called is deleted: nothing else lets
/// Lambda publish the same again.
pub(in crate::kinds) async fn ready(
    ctx: &Context,
    id: &ResourceId,
    function: &str,
    version: &str,
) -> Result<()> {
    let get = async || {
        change(ctx, id, function, async || {
            let get = ctx.clients.lambda().get_function().function_name(function).qualifier(version);
            Ok(get.send().await?)
        })
        .await
    };
    let failed = wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
        let config = get().await?.configuration;
        let config = require(config, "lambda:GetFunction", "the version's configuration")?;
        Ok(match status(&config) {
            Status::Ready => Poll::Ready(None),
            Status::Failed(why) => Poll::Ready(Some(why)),
            _ => Poll::Pending(format!("version {version} is being prepared by Lambda")),
        })
    })
    .await?;
    let Some(why) = failed else { return Ok(()) };
    remove(ctx, function, version).await?;
    Err(Error::state(format!("version {version} failed to start, and no alias moved to it. {why}")))
}

/// Deletes a version, unless an alias has come to stand for it meanwhile.
async fn remove(ctx: &Context, function: &str, version: &str) -> Result<()> {
    let delete = ctx.clients.lambda().delete_function().function_name(function).qualifier(version);
    match LAMBDA.ignore_not_found(delete.send().await) {
        Err(error) if error.is("ResourceConflict") => Ok(()),
        deleted => deleted,
    }
}

/// The tags that a function has on the way from one state to another.
pub(super) fn tags_between(from: &Spec, to: &Spec, tags: &Tags) -> Tags {
    let released = if from.versions.is_some() { from } else { to };
    sent::tags(&Spec { tags: tags.clone(), ..released.clone() })
}
