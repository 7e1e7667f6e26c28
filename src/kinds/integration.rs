//! Integrations of an HTTP API: one per function, shared by the function's routes.

use super::api::{self, API_GATEWAY};
use super::api::{not_applied, once, pages, retry_conflicts};
use super::{alias, list_each, require_str, within};
use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Context, Result, Service};
use crate::kind::{
    Features, Kind, Observation, ObservedOf, ObservedOption, OnExisting, OnParentDelete, Parent, ParentKind,
    Permission, Task,
};
use crate::model::{Owner, PhysicalId, ResourceId, Texts};
use aws_sdk_apigatewayv2::types::{Integration as SdkIntegration, IntegrationType};
use serde::{Deserialize, Serialize};

/// An integration.
pub struct Integration;

/// What begins the description of an integration of ours. Integrations take no tags.
const MARKER: &str = "provision:";

/// What an integration is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec<T = String> {
    /// The id of its API.
    pub api_id: T,
    /// `AWS_PROXY`.
    pub r#type: String,
    /// The ARN of the function, or of the alias, that it calls.
    pub uri: T,
    /// `2.0`.
    pub payload_format_version: String,
    /// How long it waits for the function, in milliseconds.
    pub timeout_millis: i32,
}

/// What AWS assigns to an integration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The id.
    pub id: String,
}

impl Kind for Integration {
    const NAME: &'static str = "integration";
    const SERVICE: &'static Service = &API_GATEWAY;
    const IMMUTABLE: &'static [&'static str] = &["api_id"];
    /// A permission is removed once no integration leads to what it allows to call.
    const DEPENDS_ON: &'static [&'static str] = &["permission"];
    const PARENT: Option<ParentKind> = Some(ParentKind::new("api", OnParentDelete::Cascade));
    const MAX_PER_PARENT: usize = 4;
    const ON_EXISTING: OnExisting = OnExisting::Duplicate;
    const PHYSICAL_ID: &'static str = "id";
    const PERMISSIONS: &'static [Permission] = &[
        Permission::of("apigateway:GetIntegrations", Task::READ, &[("apigateway:GET", &api::ANY)]),
        Permission::of("apigateway:CreateIntegration", Task::CHANGE, &[("apigateway:POST", &api::OWNED)]),
        Permission::of("apigateway:UpdateIntegration", Task::CHANGE, &[("apigateway:PATCH", &api::OWNED)]),
        Permission::of("apigateway:DeleteIntegration", Task::CHANGE, &[("apigateway:DELETE", &api::OWNED)]),
    ];
    const FEATURES: Features = Features {
        part_of: |id| Some(ResourceId::new("function", alias::parts(&id.name).0)),
        called: |id, _| match alias::parts(&id.name).1 {
            Some(alias) => format!("integration of {alias}"),
            None => "integration".to_owned(),
        },
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, apis: &[Parent]) -> Result<Observation<Self>> {
        Ok(list_each(apis, |api| list(ctx, api)).await?.into())
    }

    async fn read(ctx: &Context, name: &str, api: Option<&Parent>) -> Result<ObservedOption<Self>> {
        let observed = list(ctx, within(api, "API")?).await?;
        let same = observed.into_iter().filter(|one| one.id.name == name && one.owner == Owner::Ours);
        Ok(same.min_by_key(|one| one.physical_id.clone()))
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        let create = async || {
            let create = ctx.clients.api().create_integration().api_id(&spec.api_id);
            let create = create.description(format!("{MARKER}{}", id.tag())).integration_method("POST");
            let create = create
                .integration_type(IntegrationType::from(spec.r#type.as_str()))
                .integration_uri(&spec.uri);
            let create = create
                .payload_format_version(&spec.payload_format_version)
                .timeout_in_millis(spec.timeout_millis);
            Ok(create.customize().config_override(once()).send().await?)
        };
        let create = async || retry_conflicts(ctx, id, &create).await;
        let answer = retry_if(Backoff::API_GATEWAY, ctx.waiting(id), not_applied, create).await?;
        Ok(Attributes {
            id: require_str(answer.integration_id(), "apigateway:CreateIntegration", "the integration's id")?,
        })
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        retry_conflicts(ctx, &observed.id, async || {
            let update = ctx
                .clients
                .api()
                .update_integration()
                .api_id(&to.api_id)
                .integration_id(&observed.physical_id);
            let update =
                update.integration_type(IntegrationType::from(to.r#type.as_str())).integration_uri(&to.uri);
            let update = update.integration_method("POST").payload_format_version(&to.payload_format_version);
            update.timeout_in_millis(to.timeout_millis).send().await?;
            Ok(())
        })
        .await?;
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        retry_conflicts(ctx, &observed.id, async || {
            let delete = ctx.clients.api().delete_integration();
            API_GATEWAY.ignore_not_found(
                delete.api_id(&observed.spec.api_id).integration_id(&observed.physical_id).send().await,
            )
        })
        .await
    }
}

async fn list(ctx: &Context, api: &Parent) -> Result<Vec<ObservedOf<Integration>>> {
    let items = pages!(
        "apigateway:GetIntegrations",
        ctx.clients.api().get_integrations().api_id(&api.physical_id.id)
    );
    items.iter().map(|item| read(api, item)).collect()
}

fn read(api: &Parent, integration: &SdkIntegration) -> Result<ObservedOf<Integration>> {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let id = require_str(integration.integration_id(), "apigateway:GetIntegrations", "the integration's id")?;
    let marked = integration.description().and_then(|text| text.strip_prefix(MARKER));
    let name =
        marked.and_then(|id| id.split_whitespace().next()).and_then(|id| id.strip_prefix("integration."));
    let owner = match name {
        Some(_) => Owner::Ours,
        None => Owner::Unmanaged("it was not created by provision".to_owned()),
    };
    let spec = Spec {
        api_id: api.physical_id.id.clone(),
        r#type: text(integration.integration_type().map(IntegrationType::as_str)),
        uri: function_arn(&text(integration.integration_uri())).to_owned(),
        payload_format_version: text(integration.payload_format_version()),
        timeout_millis: integration.timeout_in_millis().unwrap_or(30_000),
    };
    let called = spec.uri.split(":function:").nth(1).map(|called| {
        let function = PhysicalId::new("function", alias::parts(called).0);
        let alias = alias::parts(called).1.map(|_| function.child("alias", called));
        [Some(function), alias]
    });
    let attributes = Attributes { id: id.clone() };
    let mut observed = api.child(Integration::NAME, name.unwrap_or(&id), &id, owner, (spec, attributes));
    observed.refs = called.into_iter().flatten().flatten().collect();
    Ok(observed)
}

/// The function's ARN, which some tools wrap into an invocation URI [aws-facts: Lambda, TF].
fn function_arn(uri: &str) -> &str {
    let bare = uri.split("/functions/").nth(1).and_then(|rest| rest.strip_suffix("/invocations"));
    bare.unwrap_or(uri)
}

#[cfg(test)]
mod tests {
    use super::function_arn;

    #[test]
    fn both_forms_of_an_integration_uri_name_the_function() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:f";
        let uri = format!("arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{arn}/invocations");
        assert_eq!(function_arn(&uri), arn);
        assert_eq!(function_arn(arn), arn);
    }
}
