//! A parameter as Systems Manager shows it.

use super::section::OWN_KEY;
use super::{Parameter, Spec, Tier, Type, VALUE_TAG, attributes};
use crate::aws::pages::all_pages;
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, Poll, wait_until};
use crate::aws::{Class, Clients, Context, Error, Result};
use crate::elsewhere::parameters::SSM;
use crate::kind::{Kind, ObservedOf, ObservedOption};
use crate::kinds::{hidden, in_sync_by_tagging_api, require, unmanaged};
use crate::model::{Observed, ResourceId};
use aws_sdk_ssm::types::{
    Parameter as Shown, ParameterMetadata, ParameterStringFilter, ParameterTier, ParameterType,
    ResourceTypeForTagging,
};
use futures_util::future::try_join_all;
use futures_util::try_join;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// How many parameters one call reads [M: GetParameters, ParameterStringFilterValueList].
const VALUES: usize = 10;
const DESCRIPTIONS: usize = 50;
/// What stands for a value that is not the desired one.
const OTHER: &str = "(another value)";

/// The parameters of these names that exist.
pub(super) async fn read_all(ctx: &Context, names: &[&str]) -> Result<Vec<ObservedOf<Parameter>>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let (shown, described) = try_join!(values(ctx, names), descriptions(ctx, names))?;
    let each = shown.iter().map(async |(name, shown)| {
        let described = match described.get(name) {
            Some(described) => described.clone(),
            None => description(ctx, name).await?,
        };
        with_tags(ctx, name, shown, &described).await.map_err(|error| error.about(name))
    });
    Ok(try_join_all(each).await?.into_iter().flatten().collect())
}

/// What GetParameters shows, by name. An encrypted value stays encrypted.
async fn values(ctx: &Context, names: &[&str]) -> Result<BTreeMap<String, Shown>> {
    let calls = names.chunks(VALUES).map(async |names| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let response = ctx.clients.ssm().get_parameters().set_names(Some(names)).send().await?;
        Ok::<_, Error>(response.parameters.unwrap_or_default())
    });
    let shown = try_join_all(calls).await?.into_iter().flatten();
    Ok(shown.filter_map(|shown| Some((shown.name()?.to_owned(), shown))).collect())
}

/// What DescribeParameters shows, by name.
async fn descriptions(ctx: &Context, names: &[&str]) -> Result<BTreeMap<String, ParameterMetadata>> {
    let calls = names.chunks(DESCRIPTIONS).map(async |names| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let filter = ParameterStringFilter::builder().key("Name").option("Equals").set_values(Some(names));
        let describe = ctx.clients.ssm().describe_parameters().parameter_filters(filter.build()?);
        let describe = describe.max_results(50);
        all_pages("ssm:DescribeParameters", async |token| {
            let page = describe.clone().set_next_token(token).send().await?;
            Ok((page.parameters.unwrap_or_default(), page.next_token))
        })
        .await
    });
    let described = try_join_all(calls).await?.into_iter().flatten();
    Ok(described.filter_map(|described| Some((described.name()?.to_owned(), described))).collect())
}

/// The description of a parameter that exists: a new one is not shown by every call at once.
async fn description(ctx: &Context, name: &str) -> Result<ParameterMetadata> {
    let id = ResourceId::new(Parameter::NAME, name);
    let look = async || {
        let mut described = descriptions(ctx, &[name]).await?;
        Ok(match described.remove(name) {
            Some(described) => Poll::Ready(described),
            None => Poll::Pending("not described by Systems Manager yet".to_owned()),
        })
    };
    wait_until(Backoff::VISIBILITY, ctx.waiting(&id), look).await
}

/// The tags of a parameter; `None` if it does not exist.
pub(super) async fn list_tags(clients: &Clients, name: &str) -> Result<Option<Tags>> {
    let list = clients.ssm().list_tags_for_resource().resource_type(ResourceTypeForTagging::Parameter);
    let response = SSM.not_found_as_none(list.resource_id(name).send().await)?;
    let tags = response.map(|response| response.tag_list.unwrap_or_default());
    Ok(tags.map(|tags| tags.into_iter().map(|tag| (tag.key, tag.value)).collect()))
}

/// A parameter with its tags.
async fn with_tags(
    ctx: &Context,
    name: &str,
    shown: &Shown,
    described: &ParameterMetadata,
) -> Result<ObservedOption<Parameter>> {
    let arn = ctx.scope.expand(Parameter::ARN, name);
    let late = ctx.tagged().await.ok().and_then(|tagged| tagged.get(&arn)).cloned().unwrap_or_default();
    let value = secure_value(ctx, name, shown, &late).await?;
    let by_tagging_api = in_sync_by_tagging_api::<Parameter>(ctx, name, &arn, |tags| {
        observed(ctx, name, shown, described, value, tags)
    });
    if let Some(in_sync) = by_tagging_api.await? {
        return Ok(Some(in_sync));
    }
    let Some(tags) = list_tags(&ctx.clients, name).await? else { return Ok(None) };
    let changed = shown.last_modified_date().map(aws_sdk_ssm::primitives::DateTime::secs);
    let again = async || Ok(list_tags(&ctx.clients, name).await?.unwrap_or_default());
    let tags = tags::settled(ctx, &ResourceId::new(Parameter::NAME, name), changed, tags, again).await?;
    let value = secure_value(ctx, name, shown, &tags).await?;
    observed(ctx, name, shown, described, value, tags).map(Some)
}

/// The desired value of an encrypted parameter, if by its tag this is the value of the version that exists; else a text that
/// stands for another one. None is decrypted.
async fn secure_value(ctx: &Context, name: &str, shown: &Shown, tags: &Tags) -> Result<Option<String>> {
    if shown.r#type() != Some(&ParameterType::SecureString) {
        return Ok(None);
    }
    let version = format!("{}:", shown.version());
    let digest = tags.get(VALUE_TAG).and_then(|tag| tag.strip_prefix(&version));
    if let Some(Json::String(desired)) = ctx.scope.desired_field(Parameter::NAME, name, "secure_value")
        && let Some(digest) = digest
        && hidden::is_digest_of(digest, &desired).await?
    {
        return Ok(Some(desired));
    }
    Ok(Some(OTHER.to_owned()))
}

fn observed(
    ctx: &Context,
    name: &str,
    shown: &Shown,
    described: &ParameterMetadata,
    secure_value: Option<String>,
    tags: Tags,
) -> Result<ObservedOf<Parameter>> {
    let id = ResourceId::new(Parameter::NAME, name);
    let owner = tags::owner(&tags, &ctx.scope);
    let is_secure = secure_value.is_some();
    let r#type = match require(shown.r#type(), "ssm:GetParameters", "the type")? {
        ParameterType::SecureString => Type::SecureString,
        ParameterType::StringList => Type::StringList,
        _ => Type::String,
    };
    let tier = match described.tier() {
        Some(ParameterTier::Advanced) => Tier::Advanced,
        _ => Tier::Standard,
    };
    let spec = Spec {
        r#type,
        value: shown.value().filter(|_| !is_secure).map(str::to_owned),
        secure_value,
        tier,
        description: described.description().unwrap_or_default().to_owned(),
        pattern: described.allowed_pattern().filter(|pattern| !pattern.is_empty()).map(str::to_owned),
        kms_key: described.key_id().filter(|key| is_secure && *key != OWN_KEY).map(str::to_owned),
        tags: tags::compared(tags, &ctx.scope, &id),
    };
    let mut observed = Observed::new(id, name, owner, spec, attributes(ctx, name));
    let policies: Vec<&str> = described.policies().iter().filter_map(|policy| policy.policy_type()).collect();
    observed.unmanaged_settings = unmanaged([
        ("data_type", described.data_type(), "text"),
        ("policies", Some(&policies.join(", ")), ""),
    ]);
    Ok(observed)
}

/// Waits until reads show a version. Where it takes longer than usual nothing is wrong [aws-facts-services: 10].
pub(super) async fn once_shown(ctx: &Context, id: &ResourceId, version: i64) -> Result<()> {
    let is_shown = |shown: Option<&Shown>, described: Option<&ParameterMetadata>| {
        let versions = [shown.map(Shown::version), described.map(ParameterMetadata::version)];
        versions.into_iter().all(|shown| shown.is_some_and(|shown| shown >= version))
    };
    until(ctx, id, is_shown).await
}

/// Waits until reads show a parameter no more.
pub(super) async fn once_gone(ctx: &Context, id: &ResourceId) -> Result<()> {
    until(ctx, id, |shown, described| shown.is_none() && described.is_none()).await
}

async fn until(
    ctx: &Context,
    id: &ResourceId,
    is_reached: impl Fn(Option<&Shown>, Option<&ParameterMetadata>) -> bool,
) -> Result<()> {
    let look = async || {
        let names = [id.name.as_str()];
        let (shown, described) = try_join!(values(ctx, &names), descriptions(ctx, &names))?;
        let is_reached = is_reached(shown.get(&id.name), described.get(&id.name));
        Ok(if is_reached {
            Poll::Ready(())
        } else {
            Poll::Pending("not shown by Systems Manager yet".to_owned())
        })
    };
    match wait_until(Backoff::VISIBILITY, ctx.waiting(id), look).await {
        Err(error) if error.class == Class::Timeout => Ok(()),
        result => result,
    }
}
