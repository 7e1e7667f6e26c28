//! Stages of an HTTP API. The stage is what makes the API answer, so it comes after everything else of the API.

use super::api::{pages, retry_conflicts, tag};
use super::{list_each, require_str, within};
use crate::aws::error::{ignore_not_found, not_found_as_none};
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, Poll, wait_until};
use crate::aws::{Class, Context, Error, Result};
use crate::kind::{Kind, Observation, ObservedOf, ObservedOption, Parent};
use crate::model::{Observed, Owner, ResourceId};
use aws_sdk_apigatewayv2::types::Stage as SdkStage;
use serde::{Deserialize, Serialize};

/// A stage.
pub struct Stage;

/// What a stage is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// The id of its API.
    pub api_id: String,
    /// Whether changes of the API go live by themselves.
    pub auto_deploy: bool,
    /// The tags that are compared.
    pub tags: Tags,
}

/// What AWS assigns to a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
}

impl Kind for Stage {
    const NAME: &'static str = "stage";
    const IMMUTABLE: &'static [&'static str] = &["api_id"];
    const PARENT: Option<&'static str> = Some("api");
    type Spec = Spec;
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
            let create = ctx.clients.api.create_stage().api_id(&spec.api_id).stage_name(&id.name);
            let create =
                create.auto_deploy(spec.auto_deploy).set_tags(Some(spec.tags.clone().into_iter().collect()));
            Ok(create.send().await?)
        })
        .await?;
        deployed(ctx, id, &spec.api_id).await?;
        Ok(Attributes { name: id.name.clone() })
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        if observed.spec.auto_deploy != to.auto_deploy {
            retry_conflicts(ctx, &observed.id, async || {
                let update =
                    ctx.clients.api.update_stage().api_id(&to.api_id).stage_name(&observed.physical_id);
                update.auto_deploy(to.auto_deploy).send().await?;
                Ok(())
            })
            .await?;
            deployed(ctx, &observed.id, &to.api_id).await?;
        }
        let set = tags::to_set(&observed.spec.tags, &to.tags);
        if !set.is_empty() {
            tag(ctx, &format!("/apis/{}/stages/{}", to.api_id, observed.physical_id), set).await?;
        }
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        retry_conflicts(ctx, &observed.id, async || {
            ignore_not_found(
                ctx.clients
                    .api
                    .delete_stage()
                    .api_id(&observed.spec.api_id)
                    .stage_name(&observed.physical_id)
                    .send()
                    .await,
            )
        })
        .await
    }
}

/// With auto deploy, how a deployment went shows in this one field only, and a moment later [aws-facts: API Gateway v2, M].
/// Only AWS itself says it: clouds at endpoints of their own deploy nothing.
async fn deployed(ctx: &Context, id: &ResourceId, api: &str) -> Result<()> {
    let look = async || {
        let answer =
            not_found_as_none(ctx.clients.api.get_stage().api_id(api).stage_name(&id.name).send().await)?;
        let message = answer.and_then(|stage| stage.last_deployment_status_message);
        Ok(match message {
            None if ctx.endpoint.is_none() => Poll::Pending("the first deployment is under way".to_owned()),
            message => Poll::Ready(message),
        })
    };
    // The stage comes after all routes, so that an API without routes was declared so: it has nothing to deploy yet.
    let failed = |message: &str| {
        let message = message.to_lowercase();
        message.contains("fail") && !message.contains("no routes exist")
    };
    match wait_until(Backoff::VISIBILITY, ctx.waiting(id), look).await {
        Ok(Some(message)) if failed(&message) => {
            Err(Error::waited(format!("the deployment of the stage failed: {message}")))
        }
        // Where nothing is ever said, nothing speaks against it.
        Err(error) if error.class != Class::Waited => Err(error),
        _ => Ok(()),
    }
}

async fn list(ctx: &Context, api: &Parent) -> Result<Vec<ObservedOf<Stage>>> {
    let items = pages!("apigateway:GetStages", ctx.clients.api.get_stages().api_id(&api.physical_id.id));
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
    let spec = Spec {
        api_id: api.physical_id.id.clone(),
        auto_deploy: stage.auto_deploy().unwrap_or_default(),
        tags: tags::compared(all_tags, &ctx.scope),
    };
    let attributes = Attributes { name: name.clone() };
    let mut observed = Observed::new(ResourceId::new(Stage::NAME, &name), name, owner, spec, attributes);
    observed.parent = Some(api.physical_id.clone());
    Ok(observed)
}
