//! The versions of layers, as Lambda lists them.

use super::{Attributes, Layer, Spec};
use crate::aws::pages::all_pages;
use crate::aws::{Clients, Context, Error, Result};
use crate::kind::{Kind, Observation, ObservedOf, ObservedOption};
use crate::kinds::function::{Function, LAMBDA};
use crate::kinds::{mark, read_each, require_str};
use crate::model::{Observed, Owner, PhysicalId, ResourceId, Scope};
use aws_sdk_lambda::types::{Architecture, LayerVersionsListItem, Runtime};
use futures_util::future::try_join_all;
use futures_util::try_join;
use std::collections::BTreeSet;

/// The owner of a layer that has no version of ours.
const UNMARKED: &str =
    "no version of it has the ownership mark of this stack, which is set only when a version is published";

/// A version of a layer.
pub(super) struct Version {
    number: i64,
    pub(super) attributes: Attributes,
    /// Whether this stack has published it.
    pub(super) is_ours: bool,
    /// Its state, without the hash of the content: a list does not have that.
    spec: Spec,
}

impl Version {
    fn of(scope: &Scope, name: &str, item: &LayerVersionsListItem) -> Result<Self> {
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let own = mark::own_text(&scope.identity, item.description().unwrap_or_default());
        let desired = scope.desired(Layer::NAME, name).unwrap_or_default();
        let mut spec = Spec {
            code: String::new(),
            runtimes: item.compatible_runtimes().iter().map(|one| Runtime::as_str(one).to_owned()).collect(),
            architectures: item
                .compatible_architectures()
                .iter()
                .map(|one| Architecture::as_str(one).to_owned())
                .collect(),
            description: own.map_or_else(|| text(item.description()), str::to_owned),
            license: text(item.license_info()),
            keep: desired["keep"].as_u64().and_then(|keep| keep.try_into().ok()).unwrap_or_default(),
        };
        spec.runtimes.sort();
        spec.architectures.sort();
        let attributes = Attributes {
            name: name.to_owned(),
            arn: require_str(item.layer_version_arn(), "lambda:ListLayerVersions", "a version's ARN")?,
            version: item.version().to_string(),
        };
        Ok(Version { number: item.version(), attributes, is_ours: own.is_some(), spec })
    }

    /// The version with an id of its own, as one of several.
    fn earlier(self) -> ObservedOf<Layer> {
        let Attributes { name, arn, version } = &self.attributes;
        let id = ResourceId::new(Layer::NAME, format!("{name}:{version}"));
        let owner = if self.is_ours { Owner::Ours } else { Owner::Unmanaged(UNMARKED.to_owned()) };
        let arn = arn.clone();
        Observed::new(id, arn, owner, self.spec, self.attributes)
    }
}

/// What is declared is read by its name. Layers that are no longer declared are known by nothing but the ownership mark of a version,
/// and the tagging API does not know them. So all layers are listed where the stack declares any, and a stack without
/// layers makes no call: there the functions say which they have ([`hints`]).
pub(super) async fn observe(ctx: &Context) -> Result<Observation<Layer>> {
    if ctx.scope.wanted(Layer::NAME).next().is_none() {
        return Ok(Vec::new().into());
    }
    let declared = try_join_all(ctx.scope.wanted(Layer::NAME).map(|name| declared(ctx, name)));
    let listed = async { Ok(layers(&ctx.clients).await) };
    let (declared, listed) = try_join!(declared, listed)?;
    let mut observed: Vec<_> = declared.into_iter().flatten().collect();
    let listed = match listed {
        Err(error) if error.is_denied() => {
            return Ok(Observation { observed, unreadable: Some(error.to_string()) });
        }
        listed => listed?,
    };
    let is_orphan = |(name, description): &&(String, String)| {
        mark::own_text(&ctx.scope.identity, description).is_some() && !ctx.scope.wants(Layer::NAME, name)
    };
    let orphans = listed.iter().filter(is_orphan).map(|(name, _)| name.as_str());
    let orphans = read_each(orphans, async |name: &str| Ok(Some(versions(ctx, name).await?))).await?;
    let ours = orphans.into_iter().flatten().filter(|version| version.is_ours);
    observed.extend(ours.map(Version::earlier));
    Ok(observed.into())
}

/// A declared layer: its newest version, and those that are too many; for `down` all.
async fn declared(ctx: &Context, name: &str) -> Result<Vec<ObservedOf<Layer>>> {
    let about = |error: Error| error.about(name);
    let versions = versions(ctx, name).await.map_err(about)?;
    let mut observed: Vec<_> = newest(ctx, name, &versions).await.map_err(about)?.into_iter().collect();
    let ours = versions.into_iter().filter(|version| version.is_ours);
    let kept = ours.skip(1).enumerate();
    let surplus = kept.filter(|(nth, version)| ctx.scope.destroy || nth + 1 >= version.spec.keep);
    observed.extend(surplus.map(|(_, version)| version.earlier()));
    Ok(observed)
}

/// The newest version of ours, else the newest one, with the hash of its content.
pub(super) async fn newest(ctx: &Context, name: &str, versions: &[Version]) -> Result<ObservedOption<Layer>> {
    let ours = versions.iter().find(|version| version.is_ours);
    let Some(Version { number, attributes, is_ours, spec }) = ours.or_else(|| versions.first()) else {
        return Ok(None);
    };
    let owner = if *is_ours { Owner::Ours } else { Owner::Unmanaged(UNMARKED.to_owned()) };
    let mut spec = spec.clone();
    // What is deleted, or is not ours, is not compared.
    if *is_ours && !ctx.scope.destroy {
        let get = ctx.clients.lambda().get_layer_version().layer_name(name).version_number(*number);
        let Some(version) = LAMBDA.not_found_as_none(get.send().await)? else { return Ok(None) };
        let hash = version.content().and_then(|content| content.code_sha256());
        spec.code = require_str(hash, "lambda:GetLayerVersion", "the hash of the content")?;
    }
    let id = ResourceId::new(Layer::NAME, name);
    Ok(Some(Observed::new(id, attributes.arn.clone(), owner, spec, attributes.clone())))
}

/// A version by its ARN, as a function has it; or by `NAME` or `NAME:VERSION`, as the stack file calls one of others, of which
/// the name alone is the newest.
pub(super) async fn find(ctx: &Context, physical_id: &str) -> Result<ObservedOption<Layer>> {
    let arn = physical_id.split_once(":layer:");
    let name = arn.map_or(physical_id, |(_, name)| name);
    let (name, number) = name.split_once(':').map_or((name, None), |(name, number)| (name, Some(number)));
    let versions = match versions(ctx, name).await {
        // A layer that may not be listed is not ours to delete.
        Err(error) if arn.is_some() && error.is_denied() => return Ok(None),
        versions => versions?,
    };
    if arn.is_none() {
        let mut named =
            versions.into_iter().filter(|version| number.is_none_or(|one| one == version.attributes.version));
        return Ok(named.next().map(Version::earlier));
    }
    // A function may have a version that was deleted, which leads to the others.
    let mut ours: Vec<Version> = versions.into_iter().filter(|version| version.is_ours).collect();
    let asked = ours.iter().position(|version| version.attributes.arn == physical_id).unwrap_or_default();
    if ours.is_empty() {
        return Ok(None);
    }
    let found = ours.remove(asked);
    let others = ours.into_iter().map(|version| PhysicalId::new(Layer::NAME, version.attributes.arn));
    Ok(Some(Observed { hints: others.collect(), ..found.earlier() }))
}

/// The layers that a function has and that may be ours though the stack does not declare them: those of this account and
/// region which the function's entry does not name by their ARNs. So a function that is as declared makes no call.
pub(in crate::kinds) fn hints(ctx: &Context, function: &str, layers: &[String]) -> Vec<PhysicalId> {
    let own = ctx.scope.arn("lambda", "layer:");
    let desired = ctx.scope.wanted.get(Function::NAME).and_then(|names| names.get(function)?.as_deref());
    let desired =
        desired.and_then(|desired| desired.get("layers")).map(|layers| layers.json()).unwrap_or_default();
    let named: BTreeSet<&str> =
        desired.as_array().into_iter().flatten().filter_map(|arn| arn.as_str()).collect();
    let may_be_ours = |arn: &&String| {
        let name = arn.strip_prefix(&own).and_then(|rest| rest.split(':').next());
        name.is_some_and(|name| !named.contains(arn.as_str()) && !ctx.scope.wants(Layer::NAME, name))
    };
    layers.iter().filter(may_be_ours).map(|arn| PhysicalId::new(Layer::NAME, arn.clone())).collect()
}

/// The versions of a layer, the newest first.
pub(super) async fn versions(ctx: &Context, name: &str) -> Result<Vec<Version>> {
    let items = all_pages("lambda:ListLayerVersions", async |marker| {
        let list = ctx.clients.lambda().list_layer_versions().layer_name(name).set_marker(marker);
        let page = LAMBDA.not_found_as_none(list.send().await)?;
        Ok(page.map_or_else(Default::default, |page| {
            (page.layer_versions.unwrap_or_default(), page.next_marker)
        }))
    })
    .await?;
    let mut versions: Vec<Version> =
        items.iter().map(|item| Version::of(&ctx.scope, name, item)).collect::<Result<_>>()?;
    versions.sort_by_key(|version| std::cmp::Reverse(version.number));
    Ok(versions)
}

/// The names of all layers of the account and region, each with the description of its newest version.
pub(super) async fn layers(clients: &Clients) -> Result<Vec<(String, String)>> {
    let layers = all_pages("lambda:ListLayers", async |marker| {
        let page = clients.lambda().list_layers().set_marker(marker).send().await?;
        Ok((page.layers.unwrap_or_default(), page.next_marker))
    })
    .await?;
    let named = layers.into_iter().filter_map(|layer| {
        let description = layer.latest_matching_version.and_then(|newest| newest.description);
        Some((layer.layer_name?, description.unwrap_or_default()))
    });
    Ok(named.collect())
}
