//! Function URLs: the address at which a function answers requests without an API. AWS gives it a new one whenever it is created
//! [aws-facts-services: Deleting and recreating].
//!
//! No list shows the URLs of all functions, and a function does not show its own. So a tag of the function names its URL, and
//! only then is it read: see `function/apart.rs`.

pub mod section;

use super::api::Cors;
use super::function::{self, Function, LAMBDA, change};
use super::{list_each, require_str, within};
use crate::aws::{Context, Error, Result, Service};
use crate::kind::{
    Features, Kind, Observation, ObservedOf, ObservedOption, On, OnParentDelete, Output, Parent, ParentKind,
    Permission, Task, UpdateOf, When, Which, desired,
};
use crate::model::{Owner, PhysicalId, ResourceId, Texts};
use aws_sdk_lambda::operation::get_function_url_config::GetFunctionUrlConfigOutput;
use aws_sdk_lambda::types::{Cors as SdkCors, FunctionUrlAuthType, InvokeMode};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A function URL.
pub struct FunctionUrl;

/// The desired state of a URL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec<T = String> {
    /// The name of the function.
    pub function: T,
    /// Who may call it: `AWS_IAM`, or `NONE` for anyone.
    pub auth: String,
    /// Whether the response is streamed.
    pub stream: bool,
    /// What pages of other origins may do.
    pub cors: Option<Cors>,
}

/// The attributes of a URL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name of the function, of which a URL is the only one.
    pub function: String,
    /// The URL, with a slash at the end.
    pub url: String,
}

/// `auth` of a URL that answers those whom IAM allows it.
const IAM: &str = "AWS_IAM";
/// `auth` of a URL that answers anyone.
const NONE: &str = "NONE";

const AUTH_TYPE: &str = "lambda:FunctionUrlAuthType";
const GUARDED: On =
    On::new("GuardedFunctionUrls", Function::NAME, Which::Parents, &[Function::ARN]).only(AUTH_TYPE, IAM);
const PUBLIC: On =
    On::new("PublicFunctionUrls", Function::NAME, Which::Parents, &[Function::ARN]).only(AUTH_TYPE, NONE);

/// What a plan says of a URL that answers anyone.
const PUBLIC_URL: &str = "public: anyone can call the function";

const CREATE: &str = "lambda:CreateFunctionUrlConfig";
const UPDATE: &str = "lambda:UpdateFunctionUrlConfig";

impl Kind for FunctionUrl {
    const NAME: &'static str = "function_url";
    const SERVICE: &'static Service = &LAMBDA;
    const IMMUTABLE: &'static [&'static str] = &["function"];
    /// Or its first requests are denied, and its last ones as well [aws-facts-services: 8, IT].
    const DEPENDS_ON: &'static [&'static str] = &["permission"];
    const PARENT: Option<ParentKind> = Some(ParentKind::new("function", OnParentDelete::Cascade));
    const NAMED_BY_PARENT: bool = true;
    const DATA: Option<&'static str> = Some("its URL");
    const SECTION: &'static str = "functions";
    const PHYSICAL_ID: &'static str = "function";
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("lambda:GetFunctionUrlConfig", Task::READ, &function::ANY).when(When::DECLARED),
        Permission::same(CREATE, Task::CHANGE, &GUARDED).when(When::Some(|spec| has_auth(spec, IAM))),
        Permission::same(CREATE, Task::CHANGE, &PUBLIC).when(When::Some(|spec| has_auth(spec, NONE))),
        Permission::same(UPDATE, Task::CHANGE, &GUARDED).when(When::Some(|spec| has_auth(spec, IAM))),
        Permission::same(UPDATE, Task::CHANGE, &PUBLIC).when(When::Some(|spec| has_auth(spec, NONE))),
        Permission::same("lambda:DeleteFunctionUrlConfig", Task::CHANGE, &function::DECLARED)
            .when(When::DECLARED),
    ];
    const FEATURES: Features = Features {
        nouns: Some(["function URL", "function URLs"]),
        outputs: &[Output::new("functions.NAME.url", "url")],
        called: |_, _| "URL".to_owned(),
        facts: |spec| {
            let who = if spec["auth"] == NONE { PUBLIC_URL } else { "for callers that IAM allows" };
            let streams = (spec["stream"] == true).then(|| "streamed".to_owned());
            [who.to_owned()].into_iter().chain(streams).collect()
        },
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    /// The declared ones; others are found by the hint of their functions.
    async fn observe(ctx: &Context, functions: &[Parent]) -> Result<Observation<Self>> {
        let declared = functions.iter().filter(|function| ctx.scope.wants(Self::NAME, &function.id.name));
        let declared: Vec<Parent> = declared.cloned().collect();
        let read = async |function: &Parent| Ok(read(ctx, function).await?.into_iter().collect());
        Ok(list_each(&declared, read).await?.into())
    }

    async fn read(ctx: &Context, _: &str, function: Option<&Parent>) -> Result<ObservedOption<Self>> {
        read(ctx, within(function, "function")?).await
    }

    async fn find(ctx: &Context, function: &str) -> Result<ObservedOption<Self>> {
        let id = ResourceId::new(Function::NAME, function);
        read(ctx, &Parent::new(&id, PhysicalId::new(Function::NAME, function))).await
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        let create = async || {
            let create = ctx.clients.lambda().create_function_url_config().function_name(&spec.function);
            let create = create.auth_type(auth_type(spec)).invoke_mode(invoke_mode(spec));
            Ok(create.set_cors(spec.cors.as_ref().map(sdk_cors)).send().await?)
        };
        let created = change(ctx, id, &spec.function, create).await?;
        attributes(ctx, &spec.function, CREATE, created.function_url())
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        change(ctx, &observed.id, &to.function, async || {
            let update = ctx.clients.lambda().update_function_url_config().function_name(&to.function);
            // What is left out stays as it is, and rules without a member clear [aws-facts-services: Clearing a field].
            let cors = to.cors.as_ref().map_or_else(|| SdkCors::builder().build(), sdk_cors);
            update.auth_type(auth_type(to)).invoke_mode(invoke_mode(to)).cors(cors).send().await?;
            Ok(())
        })
        .await?;
        Ok(observed.attributes.clone())
    }

    fn update_note(update: &UpdateOf<Self>) -> Option<String> {
        let is_opened = update.from.auth != NONE && update.to.auth == NONE;
        is_opened.then(|| "anyone can call the function then".to_owned())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        change(ctx, &observed.id, &observed.physical_id, async || {
            let delete =
                ctx.clients.lambda().delete_function_url_config().function_name(&observed.physical_id);
            LAMBDA.ignore_not_found(delete.send().await)
        })
        .await
    }
}

fn has_auth(spec: &Json, auth: &str) -> bool {
    desired::<FunctionUrl>(spec).is_some_and(|spec| spec.auth == auth)
}

fn auth_type(spec: &Spec) -> FunctionUrlAuthType {
    FunctionUrlAuthType::from(spec.auth.as_str())
}

fn invoke_mode(spec: &Spec) -> InvokeMode {
    if spec.stream { InvokeMode::ResponseStream } else { InvokeMode::Buffered }
}

/// The rules as Lambda takes them: without a member that says nothing.
fn sdk_cors(cors: &Cors) -> SdkCors {
    let Cors { allow_origins, allow_methods, allow_headers, expose_headers, max_age, allow_credentials } =
        cors;
    let some = |names: &std::collections::BTreeSet<String>| {
        (!names.is_empty()).then(|| names.iter().cloned().collect())
    };
    SdkCors::builder()
        .set_allow_origins(some(allow_origins))
        .set_allow_methods(some(allow_methods))
        .set_allow_headers(some(allow_headers))
        .set_expose_headers(some(expose_headers))
        .set_max_age(*max_age)
        .allow_credentials(*allow_credentials)
        .build()
}

/// The rules as they are compared; none where they allow nothing.
fn cors(cors: &SdkCors) -> Option<Cors> {
    let own =
        Cors::new(cors.allow_origins(), cors.allow_methods(), cors.allow_headers(), cors.expose_headers());
    let own = Cors { allow_credentials: cors.allow_credentials().unwrap_or_default(), ..own };
    let own = own.kept_for(cors.max_age());
    Some(own).filter(|own| *own != Cors::new(&[], &[], &[], &[]))
}

async fn read(ctx: &Context, function: &Parent) -> Result<ObservedOption<FunctionUrl>> {
    let name = &function.physical_id.id;
    let get = ctx.clients.lambda().get_function_url_config().function_name(name);
    let Some(config) = LAMBDA.not_found_as_none(get.send().await)? else { return Ok(None) };
    let attributes = attributes(ctx, name, "lambda:GetFunctionUrlConfig", config.function_url())?;
    // A URL is the only one of its function, which is ours, and has no mark of its own.
    let observed = function.child(
        FunctionUrl::NAME,
        function.id.name.clone(),
        name.clone(),
        Owner::Ours,
        (spec(name, &config), attributes),
    );
    Ok(Some(observed))
}

fn spec(function: &str, config: &GetFunctionUrlConfigOutput) -> Spec {
    Spec {
        function: function.to_owned(),
        auth: config.auth_type().as_str().to_owned(),
        stream: config.invoke_mode() == Some(&InvokeMode::ResponseStream),
        cors: config.cors().and_then(cors),
    }
}

fn attributes(ctx: &Context, function: &str, operation: &str, url: &str) -> Result<Attributes> {
    let url = require_str(Some(url), operation, "the function's URL")?;
    let url = match &ctx.endpoint {
        // The host that the local cloud gives it works in some programs only; this path works everywhere.
        Some(cloud) if ctx.local => {
            format!("{}/_aws/lambda-url/{}/", cloud.trim_end_matches('/'), id_in(&url)?)
        }
        _ => url,
    };
    Ok(Attributes { function: function.to_owned(), url })
}

/// The id that the host of a URL begins with.
fn id_in(url: &str) -> Result<&str> {
    let host = url.split_once("://").and_then(|(_, host)| host.split('.').next());
    host.ok_or_else(|| Error::internal(format!("the URL {url} has no host")))
}
