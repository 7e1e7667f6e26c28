//! Routes of an HTTP API.

use super::api::{self, API_GATEWAY};
use super::api::{pages, retry_conflicts};
use super::integration::Integration;
use super::{list_each, require_str, within};
use crate::aws::{Context, Result, Service};
use crate::kind::{
    Features, Kind, Observation, ObservedOf, ObservedOption, OnParentDelete, Parent, ParentKind, Permission,
    Task,
};
use crate::model::{Owner, ResourceId, Texts};
use aws_sdk_apigatewayv2::types::{AuthorizationType, Route as SdkRoute};
use serde::{Deserialize, Serialize};

/// A route.
pub struct Route;

/// What a route is; its key is its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec<T = String> {
    /// The id of its API.
    pub api_id: T,
    /// `integrations/<id>`.
    pub target: T,
    /// `NONE`.
    pub authorization: String,
}

/// What AWS assigns to a route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The id.
    pub id: String,
}

impl Kind for Route {
    const NAME: &'static str = "route";
    const SERVICE: &'static Service = &API_GATEWAY;
    const IMMUTABLE: &'static [&'static str] = &["api_id"];
    /// No request may meet a function that may not be called.
    const DEPENDS_ON: &'static [&'static str] = &["permission"];
    const PARENT: Option<ParentKind> = Some(ParentKind::new("api", OnParentDelete::Cascade));
    const MAX_PER_PARENT: usize = 4;
    const PHYSICAL_ID: &'static str = "id";
    const PERMISSIONS: &'static [Permission] = &[
        Permission::of("apigateway:GetRoutes", Task::READ, &[("apigateway:GET", &api::ANY)]),
        Permission::of("apigateway:CreateRoute", Task::CHANGE, &[("apigateway:POST", &api::OWNED)]),
        Permission::of("apigateway:UpdateRoute", Task::CHANGE, &[("apigateway:PATCH", &api::OWNED)]),
        Permission::of("apigateway:DeleteRoute", Task::CHANGE, &[("apigateway:DELETE", &api::OWNED)]),
    ];
    const OWNED_WITH: &'static [&'static str] = &[Integration::NAME];
    const FEATURES: Features = Features { requests: Some(api::fit), counted: true, ..Features::NONE };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, apis: &[Parent]) -> Result<Observation<Self>> {
        Ok(list_each(apis, |api| list(ctx, api)).await?.into())
    }

    async fn read(ctx: &Context, name: &str, api: Option<&Parent>) -> Result<ObservedOption<Self>> {
        let observed = list(ctx, within(api, "API")?).await?;
        Ok(observed.into_iter().find(|route| route.id.name == name))
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        let answer = retry_conflicts(ctx, id, async || {
            let create = ctx
                .clients
                .api()
                .create_route()
                .api_id(&spec.api_id)
                .route_key(&id.name)
                .target(&spec.target);
            Ok(create.authorization_type(AuthorizationType::from(spec.authorization.as_str())).send().await?)
        })
        .await?;
        Ok(Attributes { id: require_str(answer.route_id(), "apigateway:CreateRoute", "the route's id")? })
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        retry_conflicts(ctx, &observed.id, async || {
            let update = ctx.clients.api().update_route().api_id(&to.api_id).route_id(&observed.physical_id);
            let update = update.route_key(&observed.id.name).target(&to.target);
            update.authorization_type(AuthorizationType::from(to.authorization.as_str())).send().await?;
            Ok(())
        })
        .await?;
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        retry_conflicts(ctx, &observed.id, async || {
            API_GATEWAY.ignore_not_found(
                ctx.clients
                    .api()
                    .delete_route()
                    .api_id(&observed.spec.api_id)
                    .route_id(&observed.physical_id)
                    .send()
                    .await,
            )
        })
        .await
    }
}

async fn list(ctx: &Context, api: &Parent) -> Result<Vec<ObservedOf<Route>>> {
    let items = pages!("apigateway:GetRoutes", ctx.clients.api().get_routes().api_id(&api.physical_id.id));
    items.iter().map(|item| read(ctx, api, item)).collect()
}

/// Routes bear no mark of their own: one of a declared key is ours, and so, once the integrations are known, is one whose
/// target is (see `observe`).
fn read(ctx: &Context, api: &Parent, route: &SdkRoute) -> Result<ObservedOf<Route>> {
    let id = require_str(route.route_id(), "apigateway:GetRoutes", "the route's id")?;
    let key = require_str(route.route_key(), "apigateway:GetRoutes", "the route's key")?;
    let owner = if ctx.scope.wants(Route::NAME, &key) {
        Owner::Ours
    } else {
        Owner::Unmanaged("it is not declared, and leads to nothing of ours".to_owned())
    };
    let target = route.target().unwrap_or_default().to_owned();
    let integration = target.strip_prefix("integrations/").map(|id| api.physical_id.child("integration", id));
    let authorization = route.authorization_type().map_or("NONE", AuthorizationType::as_str).to_owned();
    let spec = Spec { api_id: api.physical_id.id.clone(), target, authorization };
    let attributes = Attributes { id: id.clone() };
    let mut observed = api.child(Route::NAME, key, id, owner, (spec, attributes));
    observed.refs = integration.into_iter().collect();
    Ok(observed)
}
