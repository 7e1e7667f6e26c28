//! Routes of an HTTP API.

use super::api::{pages, patiently};
use super::{list_each, told_text, within};
use crate::aws::error::gone;
use crate::aws::{Context, Result};
use crate::kind::{Kind, Observed, Parent, SeenOf, SeenOption};
use crate::model::{Id, Owner, Physical, Seen};
use aws_sdk_apigatewayv2::types::{AuthorizationType, Route as SdkRoute};
use serde::{Deserialize, Serialize};

/// A route.
pub struct Route;

/// What a route is; its key is its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// The id of its API.
    pub api_id: String,
    /// `integrations/<id>`.
    pub target: String,
    /// `NONE`.
    pub authorization: String,
}

/// What AWS assigns to a route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Live {
    /// The id.
    pub id: String,
}

impl Kind for Route {
    const NAME: &'static str = "route";
    const FROZEN: &'static [&'static str] = &["api_id"];
    /// No request may meet a function that may not be called.
    const AFTER: &'static [&'static str] = &["permission"];
    const PARENT: Option<&'static str> = Some("api");
    const LANE: usize = 4;
    type Spec = Spec;
    type Live = Live;

    async fn observe(ctx: &Context, apis: &[Parent]) -> Result<Observed<Self>> {
        Ok(list_each(apis, |api| list(ctx, api)).await?.into())
    }

    async fn read(ctx: &Context, name: &str, api: Option<&Parent>) -> Result<SeenOption<Self>> {
        let seen = list(ctx, within(api, "API")?).await?;
        Ok(seen.into_iter().find(|route| route.id.name == name))
    }

    async fn create(ctx: &Context, id: &Id, spec: &Spec) -> Result<Live> {
        let answer = patiently(ctx, id, async || {
            let create =
                ctx.clients.api.create_route().api_id(&spec.api_id).route_key(&id.name).target(&spec.target);
            Ok(create.authorization_type(AuthorizationType::from(spec.authorization.as_str())).send().await?)
        })
        .await?;
        Ok(Live { id: told_text(answer.route_id(), "apigateway:CreateRoute", "the route's id")? })
    }

    async fn update(ctx: &Context, seen: &SeenOf<Self>, to: &Spec) -> Result<Live> {
        patiently(ctx, &seen.id, async || {
            let update = ctx.clients.api.update_route().api_id(&to.api_id).route_id(&seen.physical);
            let update = update.route_key(&seen.id.name).target(&to.target);
            update.authorization_type(AuthorizationType::from(to.authorization.as_str())).send().await?;
            Ok(())
        })
        .await?;
        Ok(seen.live.clone())
    }

    async fn delete(ctx: &Context, seen: &SeenOf<Self>) -> Result<()> {
        patiently(ctx, &seen.id, async || {
            gone(
                ctx.clients
                    .api
                    .delete_route()
                    .api_id(&seen.spec.api_id)
                    .route_id(&seen.physical)
                    .send()
                    .await,
            )
        })
        .await
    }
}

async fn list(ctx: &Context, api: &Parent) -> Result<Vec<SeenOf<Route>>> {
    let items = pages!("apigateway:GetRoutes", ctx.clients.api.get_routes().api_id(&api.thing.id));
    items.iter().map(|item| read(ctx, api, item)).collect()
}

/// Routes bear no mark of their own: one of a declared key is ours, and so, once the integrations are known, is one whose
/// target is (see `observe`).
fn read(ctx: &Context, api: &Parent, route: &SdkRoute) -> Result<SeenOf<Route>> {
    let id = told_text(route.route_id(), "apigateway:GetRoutes", "the route's id")?;
    let key = told_text(route.route_key(), "apigateway:GetRoutes", "the route's key")?;
    let owner = match ctx.scope.wants(Route::NAME, &key) {
        true => Owner::Ours,
        false => Owner::Foreign("it is not declared, and leads to nothing of ours".to_owned()),
    };
    let target = route.target().unwrap_or_default().to_owned();
    let integration = target.strip_prefix("integrations/").map(|id| Physical::new("integration", id));
    let authorization = route.authorization_type().map_or("NONE", AuthorizationType::as_str).to_owned();
    let spec = Spec { api_id: api.thing.id.clone(), target, authorization };
    let live = Live { id: id.clone() };
    let mut seen = Seen::new(Id::new(Route::NAME, key), id, owner, spec, live);
    seen.parent = Some(api.thing.clone());
    seen.refs = integration.into_iter().collect();
    Ok(seen)
}
