//! API Gateway HTTP APIs.

mod lower;
mod route_key;
pub mod section;

#[cfg(test)]
pub(crate) use lower::STATEMENT;
pub(super) use route_key::fit;

use super::{require_str, unmanaged};
use crate::aws::clients::client;
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, Poll, retry_if, wait_until};
use crate::aws::{Class, Clients, Context, Error, Errors, Quota, Refusal, Result, Service};
use crate::kind::{
    AdoptedBy, Features, Kind, Observation, ObservedOf, ObservedOption, On, OnExisting, Output, Owned,
    Parent, Permission, Task, Which,
};
use crate::model::{Observed, Owner, PhysicalId, ResourceId, Texts};
use aws_sdk_apigatewayv2::config::Builder;
use aws_sdk_apigatewayv2::config::retry::RetryConfig;
use aws_sdk_apigatewayv2::types::{Api as SdkApi, Cors as SdkCors, ProtocolType};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// API Gateway: 10 requests a second with a burst of 40, for all of its control plane [aws-facts: API Gateway v2, DG].
pub(crate) static API_GATEWAY: Service = Service {
    quotas: &[Quota { per_second: 10.0, burst: 40.0 }],
    quota_of: |_| Some(0),
    errors: Errors {
        not_found: &[Refusal::Code("NotFound")],
        exists: &[Refusal::Saying("Conflict", "already exist")],
        // In this run or in those of others who deploy [hazards: A9].
        transient: &[(Refusal::Code("Conflict"), COLLISION)],
        passing_limits: &[],
    },
    ..Service::new("ApiGatewayV2", "apigateway")
};

impl Clients {
    /// The client of API Gateway.
    pub fn api(&self) -> aws_sdk_apigatewayv2::Client {
        client!(self, &API_GATEWAY, aws_sdk_apigatewayv2)
    }
}

/// An HTTP API.
pub struct Api;

/// How many characters a description may have.
pub(crate) const MAX_DESCRIPTION: usize = 1024;

/// What an API is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec<T = String> {
    /// The name; not unique in AWS.
    pub name: String,
    /// The description; may be empty.
    pub description: T,
    /// `HTTP`.
    pub protocol: String,
    /// The CORS configuration.
    pub cors: Option<Cors>,
    /// Whether AWS's own URL of the API answers.
    pub execute_api_endpoint: bool,
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// A CORS configuration. Lists are sets to API Gateway, and names of headers have no case: see [`Cors::new`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names of AWS's own fields")]
pub struct Cors {
    pub allow_origins: BTreeSet<String>,
    pub allow_methods: BTreeSet<String>,
    pub allow_headers: BTreeSet<String>,
    pub expose_headers: BTreeSet<String>,
    pub max_age: Option<i32>,
    pub allow_credentials: bool,
}

impl Cors {
    /// A configuration in the form that is compared: AWS answers lists in any order, and header names in lower case.
    pub fn new(origins: &[String], methods: &[String], headers: &[String], expose: &[String]) -> Self {
        let lower = |names: &[String]| names.iter().map(|name| name.to_lowercase()).collect();
        Cors {
            allow_origins: origins.iter().cloned().collect(),
            allow_methods: methods.iter().map(|name| name.to_uppercase()).collect(),
            allow_headers: lower(headers),
            expose_headers: lower(expose),
            max_age: None,
            allow_credentials: false,
        }
    }

    /// The same with a time in seconds that browsers may keep it; AWS answers 0 for none.
    pub fn kept_for(self, max_age: Option<i32>) -> Self {
        Cors { max_age: max_age.filter(|seconds| *seconds != 0), ..self }
    }
}

/// What AWS assigns to an API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The id.
    pub id: String,
    /// The URL of its `$default` stage, without a slash at the end.
    pub url: String,
}

/// The collection of APIs, and one with all in it. These ARNs hold no account [aws-facts: API Gateway v2].
const APIS: &str = "arn:{partition}:apigateway:{region}::/apis";
const WITHIN: &str = "arn:{partition}:apigateway:{region}::/apis/{name}";
pub(super) const ANY: On = On::new("ReadApi", Api::NAME, Which::Any, &[APIS, WITHIN]);
pub(super) const OWNED: On = On::new("MarkedApis", Api::NAME, Which::Owned(""), &[WITHIN]);
/// The collection of APIs, and what API Gateway checks where an API or a stage gets tags: a path with the encoded ARN of the
/// tagged resource, and at creation `/v2/apis/*`, as AWS's own errors say.
pub(super) const NEW: On = On::new(
    "NewApis",
    Api::NAME,
    Which::Within,
    &[
        APIS,
        "arn:{partition}:apigateway:{region}::/tags/arn%3A{partition}%3Aapigateway%3A{region}%3A%3A%2Fapis%2F{name}",
        "arn:{partition}:apigateway:{region}::/tags/arn%3A{partition}%3Aapigateway%3A{region}%3A%3A%2Fv2%2Fapis%2F{name}",
    ],
);

impl Kind for Api {
    const NAME: &'static str = "api";
    const SERVICE: &'static Service = &API_GATEWAY;
    const IMMUTABLE: &'static [&'static str] = &["protocol"];
    /// Its routes go with it, and no request may meet a function that may not be called.
    const DEPENDS_ON: &'static [&'static str] = &["permission"];
    const DATA: Option<&'static str> = Some("its URL");
    const ON_EXISTING: OnExisting = OnExisting::Duplicate;
    const PHYSICAL_ID: &'static str = "id";
    const SECTION: &'static str = "api";
    /// The actions of API Gateway are the verbs of HTTP, on paths.
    const PERMISSIONS: &'static [Permission] = &[
        Permission::of("apigateway:GetApis", Task::READ, &[("apigateway:GET", &ANY)]),
        Permission::of("apigateway:CreateApi", Task::CHANGE, &[("apigateway:POST", &NEW)]),
        Permission::of("apigateway:UpdateApi", Task::CHANGE, &[("apigateway:PATCH", &OWNED)]),
        Permission::of("apigateway:DeleteCorsConfiguration", Task::CHANGE, &[("apigateway:DELETE", &OWNED)]),
        Permission::of("apigateway:TagResource", Task::CHANGE, &[("apigateway:POST", &NEW)]),
        Permission::of("apigateway:DeleteApi", Task::DELETE, &[("apigateway:DELETE", &OWNED)]),
    ];
    const FEATURES: Features = Features {
        nouns: Some(["API", "APIs"]),
        adopted_by: Some(AdoptedBy::PhysicalId),
        outputs: &[Output::new("api.url", "url"), Output::new("api.id", "id")],
        endpoint: Some("url"),
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        match ours(ctx).await {
            Ok(observed) => Ok(observed.into()),
            // An API is found by its tag alone: where it is wanted, not seeing it would mean making a second one.
            Err(error) if error.is_denied() && ctx.scope.wanted(Self::NAME).next().is_none() => {
                Ok(Observation { observed: Vec::new(), unreadable: Some(error.to_string()) })
            }
            Err(error) => Err(error),
        }
    }

    async fn read(ctx: &Context, name: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        let same = ours(ctx).await?.into_iter().filter(|api| api.id.name == name);
        Ok(same.min_by_key(|api| (api.created, api.physical_id.clone())))
    }

    async fn find(ctx: &Context, physical_id: &str) -> Result<ObservedOption<Self>> {
        Ok(all(ctx).await?.into_iter().find(|api| api.physical_id == physical_id))
    }

    async fn create(ctx: &Context, _: &ResourceId, spec: &Spec) -> Result<Attributes> {
        // The name is not unique and there is no idempotency token [aws-facts: Corrections 6].
        let id = ResourceId::new(Self::NAME, "");
        let answer = retry_if(Backoff::API_GATEWAY, ctx.waiting(&id), not_applied, async || {
            let create = ctx.clients.api().create_api().name(&spec.name).protocol_type(ProtocolType::Http);
            let create = create
                .description(&spec.description)
                .set_cors_configuration(spec.cors.as_ref().map(sdk_cors));
            let create = create.disable_execute_api_endpoint(!spec.execute_api_endpoint);
            let create = create.set_tags(Some(spec.tags.clone().into_iter().collect()));
            Ok(create.customize().config_override(once()).send().await?)
        })
        .await?;
        attributes(ctx, "apigateway:CreateApi", answer.api_id(), answer.api_endpoint())
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let (api, from) = (ctx.clients.api(), &observed.spec);
        let fields = |spec: &Spec| (spec.name.clone(), spec.description.clone(), spec.execute_api_endpoint);
        if from.cors.is_some() && to.cors.is_none() {
            // No update takes it away as a whole [aws-facts: API Gateway v2, TF].
            retry_conflicts(ctx, &observed.id, async || {
                API_GATEWAY.ignore_not_found(
                    api.delete_cors_configuration().api_id(&observed.physical_id).send().await,
                )
            })
            .await?;
        }
        if fields(from) != fields(to) || (from.cors != to.cors && to.cors.is_some()) {
            retry_conflicts(ctx, &observed.id, async || {
                let update = api
                    .update_api()
                    .api_id(&observed.physical_id)
                    .name(&to.name)
                    .description(&to.description);
                let update = update.disable_execute_api_endpoint(!to.execute_api_endpoint);
                update.set_cors_configuration(to.cors.as_ref().map(sdk_cors)).send().await?;
                Ok(())
            })
            .await?;
        }
        let set = tags::to_set(&from.tags, &to.tags);
        if !set.is_empty() {
            tag(ctx, &format!("/apis/{}", observed.physical_id), set).await?;
        }
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        retry_conflicts(ctx, &observed.id, async || {
            API_GATEWAY
                .ignore_not_found(ctx.clients.api().delete_api().api_id(&observed.physical_id).send().await)
        })
        .await
    }

    async fn inventory(clients: &Clients, _: Vec<Owned>) -> Result<Vec<Owned>> {
        let apis: Vec<SdkApi> = pages!("apigateway:GetApis", clients.api().get_apis());
        let owned = |api: &SdkApi| {
            let mark = api.tags()?.get(tags::STACK)?;
            Some(Owned::new(mark, PhysicalId::new(Api::NAME, api.api_id().unwrap_or_default())))
        };
        Ok(apis.iter().filter_map(owned).collect())
    }
}

/// Reads all pages of a list that API Gateway's SDK has no paginator for.
macro_rules! pages {
    ($operation:expr, $list:expr) => {
        crate::aws::pages::all_pages($operation, async |token| {
            let page = $list.max_results("100").set_next_token(token).send().await;
            // Where the parent is gone, its children are as well.
            let answer = API_GATEWAY.not_found_as_none(page)?;
            Ok(answer.map(|page| (page.items.unwrap_or_default(), page.next_token)).unwrap_or_default())
        })
        .await?
    };
}
pub(crate) use pages;

/// The stack's APIs; more than one where an answer was lost.
async fn ours(ctx: &Context) -> Result<Vec<ObservedOf<Api>>> {
    Ok(all(ctx).await?.into_iter().filter(|api| api.owner == Owner::Ours).collect())
}

/// Every API of the region. GetApis carries the tags, which may come later than an API that is younger than a minute: taken
/// for another's, ours would be created a second time [aws-facts: DynamoDB, M]. The local cloud's come at once.
async fn all(ctx: &Context) -> Result<Vec<ObservedOf<Api>>> {
    let mut apis = list(ctx).await?;
    if !ctx.local && apis.iter().any(|api| is_young_without_tags(ctx, api)) {
        let look = async || {
            let apis = list(ctx).await?;
            Ok(if apis.iter().any(|api| is_young_without_tags(ctx, api)) {
                Poll::Pending(tags::NO_TAGS.to_owned())
            } else {
                Poll::Ready(apis)
            })
        };
        let id = ResourceId::new(Api::NAME, "");
        apis = match wait_until(Backoff::TAGS, ctx.waiting(&id), look).await {
            // An API that shows no tags for so long has none.
            Err(error) if error.class == Class::Timeout => list(ctx).await?,
            settled => settled?,
        };
    }
    apis.iter().map(|api| read(ctx, api)).collect()
}

async fn list(ctx: &Context) -> Result<Vec<SdkApi>> {
    Ok(pages!("apigateway:GetApis", ctx.clients.api().get_apis()))
}

fn is_young_without_tags(ctx: &Context, api: &SdkApi) -> bool {
    let young = api.created_date().is_some_and(|created| ctx.age(created.secs()) < 60);
    young && api.tags().is_none_or(|tags| tags.is_empty())
}

fn read(ctx: &Context, api: &SdkApi) -> Result<ObservedOf<Api>> {
    let all_tags: Tags = api.tags().cloned().unwrap_or_default().into_iter().collect();
    let owner = tags::owner(&all_tags, &ctx.scope);
    let name = all_tags.get(tags::ID).and_then(|id| id.strip_prefix("api.")).unwrap_or_default().to_owned();
    let attributes = attributes(ctx, "apigateway:GetApis", api.api_id(), api.api_endpoint())?;
    let spec = Spec {
        name: api.name().unwrap_or_default().to_owned(),
        description: api.description().unwrap_or_default().to_owned(),
        protocol: api.protocol_type().map(|protocol| protocol.as_str().to_owned()).unwrap_or_default(),
        cors: api.cors_configuration().map(cors),
        execute_api_endpoint: !api.disable_execute_api_endpoint().unwrap_or_default(),
        tags: tags::compared(all_tags, &ctx.scope, &ResourceId::new(Api::NAME, name.clone())),
    };
    let mut observed =
        Observed::new(ResourceId::new(Api::NAME, name), attributes.id.clone(), owner, spec, attributes);
    observed.created = api.created_date().map(aws_sdk_apigatewayv2::primitives::DateTime::secs);
    let settings = [
        ("version", api.version(), ""),
        ("ip_address_type", api.ip_address_type().map(|kind| kind.as_str()), "ipv4"),
        ("route_selection_expression", api.route_selection_expression(), "$request.method $request.path"),
        ("api_key_selection_expression", api.api_key_selection_expression(), "$request.header.x-api-key"),
    ];
    observed.unmanaged_settings = unmanaged(settings);
    Ok(observed)
}

fn attributes(
    ctx: &Context,
    operation: &str,
    id: Option<&str>,
    endpoint: Option<&str>,
) -> Result<Attributes> {
    let id = require_str(id, operation, "the API's id")?;
    // The local cloud's own host form works in curl only; this path works everywhere.
    let url = match &ctx.endpoint {
        Some(cloud) if ctx.local => format!("{}/_aws/execute-api/{id}/$default", cloud.trim_end_matches('/')),
        _ => require_str(endpoint, operation, "the API's endpoint")?,
    };
    Ok(Attributes { id, url })
}

/// For a create that makes a second thing when it is sent twice: the SDK must never repeat it by itself. After a lost answer
/// the engine looks for the mark first; calls that were surely not applied are repeated by [`not_applied`].
pub(crate) fn once() -> Builder {
    Builder::new().retry_config(RetryConfig::disabled())
}

/// The reason to repeat a call that was not applied.
pub(crate) fn not_applied(error: &Error) -> Option<&'static str> {
    let throttled = error.is_throttled().then_some("API Gateway asks for slower calls");
    match error.class {
        Class::Unreachable => Some("no connection to API Gateway"),
        Class::Refused => API_GATEWAY.transient(error).or(throttled),
        _ => throttled,
    }
}

/// Why a change of an API is refused that collides with another one.
const COLLISION: &str = "another change of the API is in progress";

/// Sets tags of an API or stage. Their ARNs hold no account [aws-facts: API Gateway v2].
pub(crate) async fn tag(ctx: &Context, path: &str, set: Tags) -> Result<()> {
    let arn = format!("arn:{}:apigateway:{}::{path}", ctx.scope.partition, ctx.scope.region);
    let tag = ctx.clients.api().tag_resource().resource_arn(arn);
    tag.set_tags(Some(set.into_iter().collect())).send().await?;
    Ok(())
}

/// Repeats a change that collided with another one of the same API, which the SDK does not [aws-facts: API Gateway v2, TF].
pub(crate) async fn retry_conflicts<T, F: Future<Output = Result<T>>>(
    ctx: &Context,
    id: &ResourceId,
    change: impl Fn() -> F,
) -> Result<T> {
    let busy = |error: &Error| API_GATEWAY.transient(error).or(error.is_throttled().then_some(COLLISION));
    retry_if(Backoff::API_GATEWAY, ctx.waiting(id), busy, change).await
}

fn cors(cors: &SdkCors) -> Cors {
    let own =
        Cors::new(cors.allow_origins(), cors.allow_methods(), cors.allow_headers(), cors.expose_headers());
    Cors { allow_credentials: cors.allow_credentials().unwrap_or_default(), ..own.kept_for(cors.max_age()) }
}

/// The whole configuration. An update keeps what is left out, so what is empty is sent as such: a removed list or age is
/// cleared by the same call, and CORS is never absent for a moment [TF: apigatewayv2/api.go].
fn sdk_cors(cors: &Cors) -> SdkCors {
    let list = |set: &BTreeSet<String>| Some(set.iter().cloned().collect());
    SdkCors::builder()
        .set_allow_origins(list(&cors.allow_origins))
        .set_allow_methods(list(&cors.allow_methods))
        .set_allow_headers(list(&cors.allow_headers))
        .set_expose_headers(list(&cors.expose_headers))
        .max_age(cors.max_age.unwrap_or_default())
        .allow_credentials(cors.allow_credentials)
        .build()
}
