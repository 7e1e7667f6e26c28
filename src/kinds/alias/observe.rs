//! An alias as Lambda shows it.

use super::moves::{Aim, Next};
use super::{Alias, Attributes, Spec, function_and_alias, provisioned, read_async};
use crate::aws::pages::all_pages;
use crate::aws::{Context, Result};
use crate::kind::{Kind, ObservedOption, Parent};
use crate::kinds::function::LAMBDA;
use crate::kinds::role::{self, Role};
use crate::kinds::{mark, permission, require_str};
use crate::model::{Owner, PhysicalId, Status};
use aws_sdk_lambda::types::{AliasConfiguration, AliasRoutingConfiguration};
use futures_util::try_join;
use serde_json::Value as Json;

/// All aliases of a function.
pub(in crate::kinds) async fn list(ctx: &Context, function: &str) -> Result<Vec<AliasConfiguration>> {
    let list = ctx.clients.lambda().list_aliases().function_name(function);
    let aliases = all_pages("lambda:ListAliases", async |marker| {
        let page = list.clone().set_marker(marker).send().await?;
        Ok((page.aliases.unwrap_or_default(), page.next_marker))
    });
    Ok(LAMBDA.not_found_as_none(aliases.await)?.unwrap_or_default())
}

/// True for an alias with the stack's mark.
pub(in crate::kinds) fn is_ours(ctx: &Context, alias: &AliasConfiguration) -> bool {
    mark::own_text(&ctx.scope.identity, alias.description().unwrap_or_default()).is_some()
}

/// The versions that an alias stands for.
pub(in crate::kinds) fn versions_of(alias: &AliasConfiguration) -> impl Iterator<Item = &str> {
    let more = alias.routing_config().and_then(AliasRoutingConfiguration::additional_version_weights);
    let more = more.into_iter().flat_map(|weights| weights.keys().map(String::as_str));
    alias.function_version().into_iter().chain(more)
}

/// An alias, with its settings that have calls of their own.
pub(super) async fn read(ctx: &Context, name: &str, function: &Parent) -> Result<ObservedOption<Alias>> {
    let (of, alias) = function_and_alias(name);
    let get = async {
        let get = ctx.clients.lambda().get_alias().function_name(of).name(alias);
        LAMBDA.not_found_as_none(get.send().await)
    };
    let ready = provisioned::read(ctx, name);
    let (live, ready, asynchronous) = try_join!(get, ready, read_async(ctx, of, Some(alias)))?;
    let Some(live) = live else { return Ok(None) };
    let description = live.description().unwrap_or_default();
    let own = mark::own_text(&ctx.scope.identity, description);
    let owner = if own.is_some() || ctx.scope.wants(Alias::NAME, name) {
        Owner::Ours
    } else {
        Owner::Unmanaged("it is not declared, and was not created by this stack".to_owned())
    };
    let version = require_str(live.function_version(), "lambda:GetAlias", "the alias's version")?;
    let next = live.routing_config().and_then(next);
    let aim = Aim { next, ..Aim::at(&version) }.with_description(own.unwrap_or_default());
    let spec = Spec {
        function: of.to_owned(),
        // Where only `promote` moves the alias, every version is as desired.
        version: (!is_none(ctx, name, "version")).then(|| aim.decided().to_owned()),
        canary: share(ctx, name, &aim),
        provisioned_concurrency: ready.as_ref().and_then(|ready| ready.count),
        asynchronous,
        marked: own.is_some(),
    };
    let arn = require_str(live.alias_arn(), "lambda:GetAlias", "the alias's ARN")?;
    let note = note(&aim);
    let attributes = Attributes { name: name.to_owned(), arn, aim };
    let mut observed = function.child(Alias::NAME, name, name, owner, (spec, attributes));
    // A version keeps the role that it was published with: the function's own one is deleted once the alias has moved on.
    let role = PhysicalId::new(Role::NAME, role::name_for(of));
    observed.refs = vec![PhysicalId::new("function", of), role];
    observed.note = note;
    if observed.owner == Owner::Ours && !ctx.scope.wants(Alias::NAME, name) {
        observed.hints = permission::come_with(ctx, name).await?;
    }
    if ready.is_some_and(|ready| ready.is_pending) {
        observed.status = Status::Pending;
    }
    Ok(Some(observed))
}

fn next(routing: &AliasRoutingConfiguration) -> Option<Next> {
    let (version, share) = routing.additional_version_weights()?.iter().next()?;
    // Lambda has shares from 0.0 to 1.0.
    Some(Next { version: version.clone(), share: (share * 100.0).round() as i32 })
}

/// True where a field of the desired state is there and empty.
fn is_none(ctx: &Context, name: &str, field: &str) -> bool {
    ctx.scope.desired_field(Alias::NAME, name, field) == Some(Json::Null)
}

/// The share of a canary under way. Where there is none, and where only `promote` begins one, the alias has what is desired.
fn share(ctx: &Context, name: &str, aim: &Aim) -> Option<i32> {
    let desired = ctx.scope.desired_field(Alias::NAME, name, "canary");
    let desired = desired.and_then(|share| share.as_i64()?.try_into().ok());
    match &aim.next {
        Some(next) if !is_none(ctx, name, "version") => Some(next.share),
        _ => desired,
    }
}

/// What `status` says of an alias that is on its way.
fn note(aim: &Aim) -> Option<String> {
    match (&aim.next, &aim.rolled_back) {
        (Some(_), _) => Some(format!("canary: {aim}")),
        (None, Some(version)) => Some(format!("version {version} was rolled back: {aim}")),
        (None, None) => None,
    }
}
