//! Stages of an HTTP API. The stage is what makes the API answer, so it comes after everything else of the API.

use super::api::{self, API_GATEWAY};
use super::api::{pages, retry_conflicts, tag};
use super::{list_each, require_str, unmanaged, within};
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, Poll, wait_until};
use crate::aws::{Class, Context, Error, Result, Service};
use crate::kind::{
    Kind, Observation, ObservedOf, ObservedOption, OnParentDelete, Parent, ParentKind, Permission, Task,
};
use crate::model::{Owner, ResourceId, Texts};
use aws_sdk_apigatewayv2::types::{RouteSettings, Stage as SdkStage};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A stage.
pub struct Stage;

/// What a stage is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec<T = String> {
    /// The id of its API.
    pub api_id: T,
    /// Whether changes of the API go live by themselves.
    pub auto_deploy: bool,
    /// How the last automatic deployment ended: [`DEPLOYED`], or why it failed.
    pub deployment: String,
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// What AWS assigns to a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The deployment that is live, where AWS has told one. Each edit of the API makes another one [hazards: A8].
    pub deployment_id: Option<String>,
}

/// A [`Spec::deployment`] that succeeded, or of which nothing bad is known.
pub(crate) const DEPLOYED: &str = "succeeded";

impl Kind for Stage {
    const NAME: &'static str = "stage";
    const SERVICE: &'static Service = &API_GATEWAY;
    const IMMUTABLE: &'static [&'static str] = &["api_id"];
    const PARENT: Option<ParentKind> = Some(ParentKind::new("api", OnParentDelete::Cascade));
    const PERMISSIONS: &'static [Permission] = &[
        Permission::of("apigateway:GetStages", Task::READ, &[("apigateway:GET", &api::ANY)]),
        Permission::of("apigateway:GetStage", Task::CHANGE, &[("apigateway:GET", &api::ANY)]),
        Permission::of(
            "apigateway:CreateStage",
            Task::CHANGE,
            &[("apigateway:POST", &api::OWNED), ("apigateway:POST", &api::NEW)],
        ),
        Permission::of("apigateway:UpdateStage", Task::CHANGE, &[("apigateway:PATCH", &api::OWNED)]),
        Permission::of("apigateway:DeleteStage", Task::CHANGE, &[("apigateway:DELETE", &api::OWNED)]),
    ];
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, apis: &[Parent]) -> Result<Observation<Self>> {
        Ok(list_each(apis, |api| list(ctx, api)).await?.into())
    }

    async fn read(ctx: &Context, name: &str, api: Option<&Parent>) -> Result<ObservedOption<Self>> {
        let observed = list(ctx, within(api, "API")?).await?;
        Ok(observed.into_iter().find(|stage| stage.id.name == name))
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        retry_conflicts(ctx, id, async || {
            let create = ctx.clients.api().create_stage().api_id(&spec.api_id).stage_name(&id.name);
            let create =
                create.auto_deploy(spec.auto_deploy).set_tags(Some(spec.tags.clone().into_iter().collect()));
            Ok(create.send().await?)
        })
        .await?;
        let deployment_id = deployed(ctx, id, &spec.api_id, None).await?;
        Ok(Attributes { name: id.name.clone(), deployment_id })
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let mut attributes = observed.attributes.clone();
        let fields = |spec: &Spec| (spec.auto_deploy, spec.deployment.clone());
        if fields(&observed.spec) != fields(to) {
            // What did not deploy is deployed again by any update of the stage [inf].
            retry_conflicts(ctx, &observed.id, async || {
                let update =
                    ctx.clients.api().update_stage().api_id(&to.api_id).stage_name(&observed.physical_id);
                update.auto_deploy(to.auto_deploy).send().await?;
                Ok(())
            })
            .await?;
            let before = attributes.deployment_id.take();
            attributes.deployment_id = deployed(ctx, &observed.id, &to.api_id, before.as_deref()).await?;
        }
        let set = tags::to_set(&observed.spec.tags, &to.tags);
        if !set.is_empty() {
            tag(ctx, &format!("/apis/{}/stages/{}", to.api_id, observed.physical_id), set).await?;
        }
        Ok(attributes)
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        retry_conflicts(ctx, &observed.id, async || {
            API_GATEWAY.ignore_not_found(
                ctx.clients
                    .api()
                    .delete_stage()
                    .api_id(&observed.spec.api_id)
                    .stage_name(&observed.physical_id)
                    .send()
                    .await,
            )
        })
        .await
    }

    async fn verify(ctx: &Context, id: &ResourceId, api: &Parent, before: &Attributes) -> Result<()> {
        deployed(ctx, id, &api.physical_id.id, before.deployment_id.as_deref()).await.map(drop)
    }
}

/// Waits for the deployment that follows `before`, and returns its id. With auto deploy, how it went shows in one field only,
/// and a moment later [aws-facts: API Gateway v2, M]; until then the field tells of the deployment before. A failure that
/// shows later still is found by the next plan.
async fn deployed(ctx: &Context, id: &ResourceId, api: &str, before: Option<&str>) -> Result<Option<String>> {
    let look = async || {
        let stage = API_GATEWAY
            .not_found_as_none(ctx.clients.api().get_stage().api_id(api).stage_name(&id.name).send().await)?;
        let (deployment, message) = stage
            .map(|stage| (stage.deployment_id, stage.last_deployment_status_message))
            .unwrap_or_default();
        let is_new = message.is_some() && (deployment.is_none() || deployment.as_deref() != before);
        Ok(if is_new || !tells_of_deployments(ctx) {
            Poll::Ready((deployment, message))
        } else {
            Poll::Pending("the deployment is in progress".to_owned())
        })
    };
    match wait_until(Backoff::VISIBILITY, ctx.waiting(id), look).await {
        Ok((_, Some(message))) if failed(&message) => {
            Err(Error::state(format!("the change was made, but its deployment failed: {message}")))
        }
        Ok((deployment, _)) => Ok(deployment),
        // Where nothing is ever said, nothing speaks against it.
        Err(error) if error.class == Class::Timeout => Ok(None),
        Err(error) => Err(error),
    }
}

/// True for AWS itself, by private endpoints too; other clouds deploy nothing, and say nothing of it.
fn tells_of_deployments(ctx: &Context) -> bool {
    ctx.endpoint.as_deref().is_none_or(|endpoint| endpoint.contains(".amazonaws."))
}

/// True for a deployment that failed. The stage comes after all routes, so that an API without routes was declared so: it
/// has nothing to deploy yet.
fn failed(message: &str) -> bool {
    let message = message.to_lowercase();
    message.contains("fail") && !message.contains("no routes exist")
}

async fn list(ctx: &Context, api: &Parent) -> Result<Vec<ObservedOf<Stage>>> {
    let items = pages!("apigateway:GetStages", ctx.clients.api().get_stages().api_id(&api.physical_id.id));
    items.iter().map(|item| read(ctx, api, item)).collect()
}

/// A stage of a wanted name in an API of ours is ours, since nobody else can have made the API.
fn read(ctx: &Context, api: &Parent, stage: &SdkStage) -> Result<ObservedOf<Stage>> {
    let name = require_str(stage.stage_name(), "apigateway:GetStages", "the stage's name")?;
    let all_tags: Tags = stage.tags().cloned().unwrap_or_default().into_iter().collect();
    let owner = match tags::owner(&all_tags, &ctx.scope) {
        Owner::Unmanaged(_) if ctx.scope.wants(Stage::NAME, &name) => Owner::Ours,
        owner => owner,
    };
    let message = stage.last_deployment_status_message();
    let spec = Spec {
        api_id: api.physical_id.id.clone(),
        auto_deploy: stage.auto_deploy().unwrap_or_default(),
        deployment: message.filter(|message| failed(message)).unwrap_or(DEPLOYED).to_owned(),
        tags: tags::compared(all_tags, &ctx.scope, &api.id.child(Stage::NAME, name.clone())),
    };
    let attributes =
        Attributes { name: name.clone(), deployment_id: stage.deployment_id().map(str::to_owned) };
    let mut observed = api.child(Stage::NAME, &name, &name, owner, (spec, attributes));
    observed.unmanaged_settings = by_hand(stage);
    Ok(observed)
}

/// What only a person can have set. An update of the stage cannot clear most of it [hazards: A1, A2].
fn by_hand(stage: &SdkStage) -> BTreeMap<String, String> {
    let routes = stage.route_settings().into_iter().flatten();
    let routes = routes.flat_map(|(key, settings)| throttling(&format!("{key} "), settings));
    let variables = stage.stage_variables().into_iter().flatten();
    let variables = variables.map(|(name, value)| (format!("stage_variables.{name}"), value.clone()));
    let logs = stage.access_log_settings().and_then(|logs| logs.destination_arn());
    let texts = unmanaged([
        ("description", stage.description(), ""),
        ("access_logs", logs, ""),
        ("client_certificate", stage.client_certificate_id(), ""),
    ]);
    let defaults = stage.default_route_settings().into_iter().flat_map(|settings| throttling("", settings));
    defaults.chain(routes).chain(variables).chain(texts).collect()
}

/// The settings of a route, or of all, that are not AWS's defaults.
fn throttling(prefix: &str, settings: &RouteSettings) -> Vec<(String, String)> {
    let level = settings.logging_level().map(|level| level.as_str()).filter(|level| *level != "OFF");
    let on = |flag: Option<bool>| flag.filter(|on| *on).map(|on| on.to_string());
    let all = [
        ("throttling_burst_limit", settings.throttling_burst_limit().map(|limit| limit.to_string())),
        ("throttling_rate_limit", settings.throttling_rate_limit().map(|limit| limit.to_string())),
        ("detailed_metrics", on(settings.detailed_metrics_enabled())),
        ("data_trace", on(settings.data_trace_enabled())),
        ("logging_level", level.map(str::to_owned)),
    ];
    all.into_iter().filter_map(|(name, value)| Some((format!("{prefix}{name}"), value?))).collect()
}
