//! Aliases of functions. Callers reach an alias, which stands for one published version, or for two of which the newer one gets
//! a share of the invocations: a canary. Moving an alias is one call, so a caller always meets the one version or the other.
//!
//! Aliases have no tags. One of a declared name is ours, since the function is; of the others those whose description begins with
//! the stack's mark.
//!
//! Which version serves is a state that lives in AWS: `promote` and `rollback` change it as well. So what is compared is the
//! version that `up` or `promote` has last decided on, and not the one that serves: a canary under way and a version that was
//! rolled back stay as they are until the function changes.

mod lower;
mod moves;
mod observe;
mod permissions;
mod provisioned;
pub mod section;

pub(super) use observe::{is_ours, list, versions_of};
pub(super) use permissions::ALIASES;

use self::moves::Aim;
use super::function::{self, Async, Function, LAMBDA, change, read_async, set_async};
use super::{read_each, require};
use crate::aws::tags;
use crate::aws::{Context, Error, Result, Service};
use crate::kind::{
    Features, Kind, Observation, ObservedOf, ObservedOption, OnParentDelete, Parent, ParentKind, Permission,
    Turn, UpdateOf,
};
use crate::kinds::mark;
use crate::model::{PhysicalId, ResourceId, Text, Texts};
use aws_sdk_lambda::types::AliasRoutingConfiguration;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// An alias.
pub struct Alias;

/// The desired state of an alias.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec<T = String> {
    /// The name of the function.
    pub function: T,
    /// The version that it was last decided to move to; `None` where only `promote` moves it.
    pub version: Option<T>,
    /// The share of the invocations that a new version gets at first, in percent.
    pub canary: Option<i32>,
    /// How many instances are kept ready.
    pub provisioned_concurrency: Option<i32>,
    /// Retries and destinations of asynchronous invocations; `None` where all is Lambda's default.
    #[serde(rename = "async")]
    pub asynchronous: Option<Async<T>>,
    /// Whether its description has the stack's mark, without which it would not be found once no file declares it.
    pub marked: bool,
}

/// The attributes of an alias.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name of the function and of the alias, as Lambda takes it.
    pub name: String,
    /// The ARN.
    pub arn: String,
    /// What it stands for.
    #[serde(flatten)]
    pub aim: Aim,
}

impl Kind for Alias {
    const NAME: &'static str = "alias";
    const SERVICE: &'static Service = &LAMBDA;
    const IMMUTABLE: &'static [&'static str] = &["function"];
    const PARENT: Option<ParentKind> = Some(ParentKind::new("function", OnParentDelete::Cascade));
    const PERMISSIONS: &'static [Permission] = permissions::ALL;
    const FEATURES: Features = Features {
        nouns: Some(["alias", "aliases"]),
        called: |id, _| format!("alias {}", function_and_alias(&id.name).1),
        facts: |spec| {
            let canary = spec["canary"].as_i64().map(|share| format!("canary {share} %"));
            let ready = spec["provisioned_concurrency"].as_i64().map(|count| format!("{count} kept ready"));
            let manual = spec["version"].is_null().then(|| "moved by `promote`".to_owned());
            manual.into_iter().chain(canary).chain(ready).collect()
        },
        releases: Some(|id| function_and_alias(&id.name).1),
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, functions: &[Parent]) -> Result<Observation<Self>> {
        let of = |name: &str| functions.iter().find(|function| function.id.name == parts(name).0);
        let read = async |name| match of(name) {
            Some(function) => observe::read(ctx, name, function).await,
            None => Ok(None),
        };
        Ok(read_each(ctx.scope.wanted(Self::NAME), read).await?.into())
    }

    async fn read(ctx: &Context, name: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        Self::find(ctx, name).await
    }

    async fn find(ctx: &Context, name: &str) -> Result<ObservedOption<Self>> {
        let function = parts(name).0;
        let parent = Parent::new(
            &ResourceId::new(Function::NAME, function),
            PhysicalId::new(Function::NAME, function),
        );
        observe::read(ctx, name, &parent).await
    }

    async fn settle(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        provisioned::ready(ctx, &observed.id).await
    }

    /// The first version serves at once: there is none before it.
    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        let (function, alias) = function_and_alias(&id.name);
        let version = match &spec.version {
            Some(version) => version.clone(),
            None => function::newest(ctx, function).await?,
        };
        function::ready(ctx, id, function, &version).await?;
        let created = change(ctx, id, function, async || {
            let create = ctx.clients.lambda().create_alias().function_name(function).name(alias);
            let create = create.function_version(&version).description(described(ctx, &Aim::at(&version)));
            Ok(create.send().await?)
        })
        .await?;
        let arn = require(created.alias_arn, "lambda:CreateAlias", "the alias's ARN")?;
        set_settings(
            ctx,
            id,
            &Spec { provisioned_concurrency: None, asynchronous: None, ..spec.clone() },
            spec,
        )
        .await?;
        Ok(Attributes { name: id.name.clone(), arn, aim: Aim::at(&version) })
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let (id, from, mut attributes) = (&observed.id, &observed.spec, observed.attributes.clone());
        let moved = to.version.as_ref().filter(|_| (&from.version, from.canary) != (&to.version, to.canary));
        let aim =
            moved.map_or_else(|| attributes.aim.clone(), |version| attributes.aim.toward(version, to.canary));
        if aim != attributes.aim {
            function::ready(ctx, id, parts(&id.name).0, aim.decided()).await?;
        }
        if aim != attributes.aim || !from.marked {
            point(ctx, id, &aim).await?;
            attributes.aim = aim;
        }
        set_settings(ctx, id, from, to).await?;
        Ok(attributes)
    }

    fn update_note(update: &UpdateOf<Self>) -> Option<String> {
        let (from, to) = (update.from, update.to);
        let share = to.canary.filter(|_| to.version.is_some())?;
        let alias = parts(&update.id.name).1.unwrap_or_default();
        let is_moved = update.changes.iter().any(|change| ["version", "canary"].contains(&change.field()));
        (is_moved && from.version.is_some()).then(|| {
            format!(
                "the new version gets {share} % of the invocations, until `provision promote {alias}` gives it all"
            )
        })
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        let (id, from) = (&observed.id, &observed.spec);
        let (function, alias) = function_and_alias(&observed.physical_id);
        let bare = Spec { provisioned_concurrency: None, asynchronous: None, ..from.clone() };
        set_settings(ctx, id, from, &bare).await?;
        change(ctx, id, function, async || {
            let delete = ctx.clients.lambda().delete_alias().function_name(function).name(alias);
            LAMBDA.ignore_not_found(delete.send().await)
        })
        .await?;
        forget(ctx, function).await
    }

    async fn release(
        ctx: &Context,
        observed: &ObservedOf<Self>,
        to: &Spec<Text>,
        turn: Turn,
    ) -> Result<Option<String>> {
        let (function, aim) = (parts(&observed.id.name).0, &observed.attributes.aim);
        let next = match turn {
            Turn::Promote => aim.promoted(&function::newest(ctx, function).await?, to.canary),
            Turn::RollBack => {
                aim.rolled_back(function::before(ctx, function, &aim.version).await?.as_deref())?
            }
        };
        let Some(next) = next else { return Ok(None) };
        if turn == Turn::Promote {
            function::ready(ctx, &observed.id, function, next.decided()).await?;
        }
        point(ctx, &observed.id, &next).await?;
        if observed.spec.provisioned_concurrency.is_some() {
            provisioned::ready(ctx, &observed.id).await?;
        }
        Ok(Some(next.to_string()))
    }
}

/// The name of an alias within all of a stack, as Lambda takes it.
pub(crate) fn named(function: &str, alias: &str) -> String {
    format!("{function}:{alias}")
}

/// A function and, where it is named, an alias of it.
pub(super) fn parts(name: &str) -> (&str, Option<&str>) {
    name.split_once(':').map_or((name, None), |(function, alias)| (function, Some(alias)))
}

fn function_and_alias(name: &str) -> (&str, &str) {
    let (function, alias) = parts(name);
    (function, alias.unwrap_or_default())
}

/// The description of an alias: whose it is, and what was rolled back.
fn described(ctx: &Context, aim: &Aim) -> String {
    mark::described(&ctx.scope.identity, &aim.description())
}

/// Lets an alias stand for other versions, in one call. An update without routing keeps the old one [aws-facts-apis: 9, DG, TF].
async fn point(ctx: &Context, id: &ResourceId, aim: &Aim) -> Result<()> {
    let (function, alias) = function_and_alias(&id.name);
    let weights = aim.next.iter().map(|next| (next.version.clone(), f64::from(next.share) / 100.0)).collect();
    let routing = AliasRoutingConfiguration::builder().set_additional_version_weights(Some(weights)).build();
    change(ctx, id, function, async || {
        let update = ctx.clients.lambda().update_alias().function_name(function).name(alias);
        let update = update.function_version(&aim.version).routing_config(routing.clone());
        update.description(described(ctx, aim)).send().await?;
        Ok(())
    })
    .await
    .map_err(|error| if error.is("InvalidParameterValue") { apart(error, aim) } else { error })
}

/// Versions with different roles or dead letters cannot share an alias [aws-facts-apis: 9, DG].
fn apart(error: Error, aim: &Aim) -> Error {
    let Some(next) = &aim.next else { return error };
    let way = format!(
        "if versions {} and {} differ so, run `provision up` once without `canary`: then the alias moves at once",
        aim.version, next.version
    );
    Error { message: format!("{} ({way})", error.message.trim_end()), ..error }
}

/// Sets what differs of the settings that have calls of their own.
async fn set_settings(ctx: &Context, id: &ResourceId, from: &Spec, to: &Spec) -> Result<()> {
    let (function, alias) = function_and_alias(&id.name);
    if from.asynchronous != to.asynchronous {
        let get = ctx.clients.lambda().get_function().function_name(function).send().await;
        // A function that does not exist has no alias any more.
        let Some(live) = LAMBDA.not_found_as_none(get)? else { return Ok(()) };
        let role = live.configuration.and_then(|config| config.role).unwrap_or_default();
        set_async(ctx, id, (function, Some(alias)), &role, to.asynchronous.as_ref()).await?;
    }
    if from.provisioned_concurrency != to.provisioned_concurrency {
        provisioned::set(ctx, id, to.provisioned_concurrency).await?;
    }
    match to.provisioned_concurrency {
        // A move takes the instances along, to the new version.
        Some(_) => provisioned::ready(ctx, id).await,
        None => Ok(()),
    }
}

/// Takes the tag that says that a function has aliases from one that has none of ours left and is to have none.
async fn forget(ctx: &Context, function: &str) -> Result<()> {
    let is_released = ctx.scope.desired_field(Function::NAME, function, "versions") != Some(Json::Null);
    if is_released || list(ctx, function).await?.iter().any(|alias| is_ours(ctx, alias)) {
        return Ok(());
    }
    let arn = ctx.scope.expand(Function::ARN, function);
    let untag = ctx.clients.lambda().untag_resource().resource(arn).tag_keys(tags::RELEASES);
    LAMBDA.ignore_not_found(untag.send().await)
}
