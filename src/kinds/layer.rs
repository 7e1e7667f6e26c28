//! Layers of Lambda functions. What AWS has of a layer are its versions: each is immutable and has a number that never
//! returns, a changed layer is a new version, and a version that is deleted stays in the functions that have it
//! [aws-facts-services: 8, M]. The resource is the newest version of ours. A change creates the next one, the functions move
//! to it, and then the versions beyond `keep` are deleted.
//!
//! Neither layers nor their versions have tags, so the description of a version begins with the stack's mark. It cannot be
//! set later: a layer of others cannot be adopted.

mod observe;
pub mod section;

pub(super) use observe::hints;

use super::function::{LAMBDA, package};
use super::{mark, require_str};
use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Class, Clients, Context, Error, Result, Service};
use crate::kind::{
    Features, Kind, Observation, ObservedOf, ObservedOption, On, OnExisting, Output, Owned, Parent,
    Permission, Replacement, Task, When, Which,
};
use crate::model::{Identity, PhysicalId, ResourceId, Texts};
use aws_config::retry::RetryConfig;
use aws_sdk_lambda::config::Builder;
use aws_sdk_lambda::types::{Architecture, LayerVersionContentInput, Runtime};
use serde::{Deserialize, Serialize};

/// A layer.
pub struct Layer;

/// The desired state of a layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Base64 of the SHA-256 of its package.
    pub code: String,
    /// The runtimes that can use it, sorted.
    pub runtimes: Vec<String>,
    /// The architectures that can use it, sorted; none is every one.
    pub architectures: Vec<String>,
    /// The description without the ownership mark; may be empty.
    pub description: String,
    /// The license; may be empty.
    pub license: String,
    /// How many versions are kept. AWS does not know it, so it is read as it is desired.
    pub keep: usize,
}

/// The attributes of a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name of the layer.
    pub name: String,
    /// The ARN of the version, by which functions name it.
    pub arn: String,
    /// The number of the version.
    pub version: String,
}

const VERSIONS: &str = "arn:{partition}:lambda:{region}:{account}:layer:{name}:*";
const ANY: On = On::new("ReadLayer", Layer::NAME, Which::Any, &[VERSIONS]);
const DECLARED: On = On::new("DeclaredLayers", Layer::NAME, Which::Declared, &[Layer::ARN]);
/// No condition tells a version of ours, which has no tags, so only those of declared layers may be deleted.
const DECLARED_VERSIONS: On = On::new("LayerVersions", Layer::NAME, Which::Declared, &[VERSIONS]);

impl Kind for Layer {
    const NAME: &'static str = "layer";
    const SERVICE: &'static Service = &LAMBDA;
    /// A version has no update [aws-facts-services: 8].
    const IMMUTABLE: &'static [&'static str] =
        &["code", "runtimes", "architectures", "description", "license"];
    /// Publishing knows no conflict and no token: twice makes two versions [aws-facts-services: Uniqueness, M].
    const ON_EXISTING: OnExisting = OnExisting::Duplicate;
    const REPLACEMENT: Replacement = Replacement::Version;
    const SECTION: &'static str = "layers";
    const PHYSICAL_ID: &'static str = "arn";
    const ARN: &'static str = "arn:{partition}:lambda:{region}:{account}:layer:{name}";
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("lambda:ListLayers", Task::READ, &On::EVERYTHING).when(When::DECLARED),
        Permission::same("lambda:ListLayerVersions", Task::READ, &On::EVERYTHING).when(When::DECLARED),
        Permission::same("lambda:GetLayerVersion", Task::READ, &ANY).when(When::DECLARED),
        Permission::same("lambda:PublishLayerVersion", Task::CHANGE, &DECLARED),
        Permission::same("lambda:DeleteLayerVersion", Task::DELETE, &DECLARED_VERSIONS),
    ];
    const FEATURES: Features = Features {
        outputs: &[Output::new("layers.NAME", "arn")],
        counted: true,
        // An earlier version is a part of the layer.
        part_of: |id| id.name.split_once(':').map(|(layer, _)| ResourceId::new(Layer::NAME, layer)),
        called: |id, _| format!("version {}", id.name.split_once(':').map_or("", |(_, version)| version)),
        facts: |spec| {
            let runtimes = spec["runtimes"].as_array().into_iter().flatten();
            runtimes.filter_map(|runtime| runtime.as_str().map(str::to_owned)).collect()
        },
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        observe::observe(ctx).await
    }

    async fn read(ctx: &Context, name: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        observe::newest(ctx, name, &observe::versions(ctx, name).await?).await
    }

    async fn find(ctx: &Context, physical_id: &str) -> Result<ObservedOption<Self>> {
        observe::find(ctx, physical_id).await
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        let publish = async || {
            let (zip, _room) = package(ctx, &spec.code).await?;
            let publish = ctx
                .clients
                .lambda()
                .publish_layer_version()
                .layer_name(&id.name)
                .description(mark::described(&ctx.scope.identity, &spec.description))
                .content(LayerVersionContentInput::builder().zip_file(zip).build())
                .set_compatible_runtimes(Some(
                    spec.runtimes.iter().map(|one| Runtime::from(one.as_str())).collect(),
                ))
                .set_compatible_architectures(some(&spec.architectures))
                .set_license_info(Some(spec.license.clone()).filter(|license| !license.is_empty()));
            Ok(publish
                .customize()
                .config_override(Builder::new().retry_config(RetryConfig::disabled()))
                .send()
                .await?)
        };
        let published = retry_if(Backoff::CONFLICT, ctx.waiting(id), not_applied, publish).await?;
        Ok(Attributes {
            name: id.name.clone(),
            arn: require_str(
                published.layer_version_arn(),
                "lambda:PublishLayerVersion",
                "the version's ARN",
            )?,
            version: published.version().to_string(),
        })
    }

    /// Nothing of a version can be changed; one that an earlier attempt has published is taken as it is.
    async fn update(_: &Context, observed: &ObservedOf<Self>, _: &Spec) -> Result<Attributes> {
        Ok(observed.attributes.clone())
    }

    /// The version of a layer that is still declared was replaced by another one. It is an earlier one now, and of these the
    /// oldest are deleted.
    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        let name = &observed.id.name;
        if ctx.scope.destroy || !ctx.scope.wants(Self::NAME, name) {
            return remove(ctx, &observed.attributes).await;
        }
        let versions = observe::versions(ctx, name).await?;
        for version in versions.iter().filter(|version| version.is_ours).skip(observed.spec.keep) {
            remove(ctx, &version.attributes).await?;
        }
        Ok(())
    }

    async fn inventory(clients: &Clients, _: Vec<Owned>) -> Result<Vec<Owned>> {
        let layers = observe::layers(clients).await?;
        let of = |(name, description): (String, String)| {
            let (mark, rest) = description.split_once(' ')?;
            let identity = Identity::of(rest.split(':').next()?);
            let physical_id = PhysicalId::new(Self::NAME, name);
            (mark::of(&identity) == mark).then(|| Owned::new(&identity.to_string(), physical_id))
        };
        Ok(layers.into_iter().filter_map(of).collect())
    }
}

/// The architectures of a call; every one is said by none.
fn some(architectures: &[String]) -> Option<Vec<Architecture>> {
    let all = architectures.iter().map(|one| Architecture::from(one.as_str())).collect();
    Some(all).filter(|_| !architectures.is_empty())
}

/// Why a call is repeated that was not applied. A call whose response was lost may have published a version: then the engine
/// looks for that.
fn not_applied(error: &Error) -> Option<&'static str> {
    if error.is_throttled() {
        return Some("Lambda asks for slower calls");
    }
    (error.class == Class::Unreachable).then_some("no connection to Lambda")
}

/// Deletes a version. If it does not exist, that is success.
async fn remove(ctx: &Context, version: &Attributes) -> Result<()> {
    let number = version.version.parse().map_err(|_| Error::internal("the number of a version is none"))?;
    let delete = ctx.clients.lambda().delete_layer_version().layer_name(&version.name).version_number(number);
    LAMBDA.ignore_not_found(delete.send().await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_description_fits() {
        let longest = Identity::new("s".repeat(32), Some("e".repeat(16)));
        let description = mark::described(&longest, &"d".repeat(section::MAX_DESCRIPTION));
        assert!(description.chars().count() <= 256, "{}", description.len());
    }
}
