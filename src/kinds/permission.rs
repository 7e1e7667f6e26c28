//! Permissions: the statements of a function's policy that let an API call it, or anyone through its URL. A statement cannot
//! be changed, so a changed permission is a new statement under another `Sid`, and then the old one is removed: a live API never
//! lacks it for a moment. The other order breaks the API for some six seconds [hazards: L1].

mod lower;
mod names;
mod observe;
pub(crate) mod section;
mod statement;

pub(crate) use self::lower::{Admitted, admitted, declared, of_calls};
use self::names::{Names, base, numbered};
pub(crate) use self::names::{OF_URL, name, sid};
pub(in crate::kinds) use self::observe::come_with;
use self::observe::{list, statements};
pub use self::section::ByPrincipal;
use self::statement::{account_of, spec};
use super::alias::{self, Alias};
use super::bus::EVENTS;
use super::function::{self, Function, LAMBDA};
use super::{list_each, retry_transient, subscription_filter, within};
use crate::aws::{Context, Error, Result, Service};
use crate::kind::{
    self, Features, Kind, Observation, ObservedOf, ObservedOption, On, OnParentDelete, Only, Parent,
    ParentKind, Task, When, Which, Wire, desired,
};
use crate::model::{PhysicalId, ResourceId, Texts};
use crate::policy::Statement;
use aws_sdk_lambda::types::FunctionUrlAuthType;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A permission.
pub struct Permission;

/// The desired state of a permission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec<T = String> {
    /// The name of the function, or of one of its aliases: each has a policy of its own [aws-facts-apis: 3].
    pub function: T,
    /// The `Sid` of the statement, without the number at its end: see [`sid`].
    pub sid: String,
    /// `lambda:InvokeFunction`, or `lambda:InvokeFunctionUrl`.
    pub action: String,
    /// Who may call the function: a service, an account, the ARN of a role or a user, or `*` for anyone.
    pub principal: String,
    /// What of the service: the ARN pattern of the API's routes, or the ARN of what sends events.
    pub source_arn: Option<T>,
    /// The account of that, where its ARN does not name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_account: Option<String>,
    /// The organisation whose accounts may call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The way in which the function's URL must authenticate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_auth: Option<String>,
    /// Whether calls must come through the function's URL.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub through_url: bool,
    /// The `Sid`s of other statements of this permission, which an interrupted update left; the next one removes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub superseded: Vec<String>,
}

/// The attributes of a permission: none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {}

/// The right to allow calls: to one service only, and only of functions that it calls. For a public URL to anyone: IAM knows no
/// condition for both of its statements that would say more.
macro_rules! allow_calls {
    ($service:expr, $sid:literal on $kind:ty, $which:expr) => {{
        const ON: On = On::new($sid, <$kind>::NAME, $which, &[Function::ARN]).only(PRINCIPAL, $service);
        kind::Permission::same(ADD, Task::CHANGE, &ON).when(When::Some(|spec| is_for(spec, $service)))
    }};
}

/// The principal of an API's permissions.
pub(crate) const API_GATEWAY: &str = "apigateway.amazonaws.com";
/// The principal of buckets that have functions called.
const BUCKETS: &str = super::bucket::PRINCIPAL;
/// The principal of topics that functions have subscribed.
const TOPICS: &str = super::topic::PRINCIPAL;
/// The principal of log groups whose events start functions.
const LOG_GROUPS: &str = subscription_filter::PRINCIPAL;
/// The principal of a public URL's permissions.
pub(crate) const ANYONE: &str = "*";

/// The key of a condition that says who may be admitted.
const PRINCIPAL: &str = "lambda:Principal";

/// True for somebody whom only the stack file names: a service, an account, a role. Whom other kinds admit has rows of its own.
fn is_for_another(spec: &Json) -> bool {
    let rows = || Permission::PERMISSIONS.iter().flat_map(kind::Permission::needs);
    let is_of = |on: &On, who: &str| matches!(on.only, Some((PRINCIPAL, Only::Value(other))) if other == who);
    desired::<Permission>(spec).is_some_and(|spec| !rows().any(|(_, on)| is_of(on, &spec.principal)))
}

/// Who it is, no policy of a deployer can know before.
const FUNCTIONS_OF_OTHERS: On =
    On::new("FunctionsOfOthers", Function::NAME, Which::Parents, &[Function::ARN]);
const ALIASES_OF_OTHERS: On = On::new("AliasesOfOthers", Alias::NAME, Which::Declared, &[Function::ARN]);

/// Anyone of an organisation, for which IAM knows no condition.
const PUBLIC_ALIASES: On =
    On::new("PublicAliases", Alias::NAME, Which::Declared, &[Function::ARN]).only(PRINCIPAL, ANYONE);

fn is_for_organization(spec: &Json) -> bool {
    desired::<Permission>(spec).is_some_and(|spec| spec.organization.is_some())
}

fn is_for(spec: &Json, principal: &str) -> bool {
    desired::<Permission>(spec).is_some_and(|spec| spec.principal == principal)
}

const ADD: &str = "lambda:AddPermission";
const REMOVE: &str = "lambda:RemovePermission";

impl Kind for Permission {
    const NAME: &'static str = "permission";
    const SERVICE: &'static Service = &LAMBDA;
    const IMMUTABLE: &'static [&'static str] = &["function"];
    const PARENT: Option<ParentKind> = Some(ParentKind::new("function", OnParentDelete::Cascade));
    /// Parallel calls on one function lose statements [aws-facts: Lambda, TF].
    const MAX_PER_PARENT: usize = 1;
    const PERMISSIONS: &'static [kind::Permission] = &[
        kind::Permission::same("lambda:GetPolicy", Task::READ, &function::ANY),
        allow_calls!(API_GATEWAY, "CalledFunctions" on Function, Which::Parents),
        allow_calls!(API_GATEWAY, "CalledAliases" on Alias, Which::Declared),
        allow_calls!(BUCKETS, "FunctionsOfBuckets" on Function, Which::Parents),
        allow_calls!(BUCKETS, "AliasesOfBuckets" on Alias, Which::Declared),
        allow_calls!(ANYONE, "PublicFunctions" on Function, Which::Parents),
        kind::Permission::same(ADD, Task::CHANGE, &PUBLIC_ALIASES).when(When::Some(is_for_organization)),
        allow_calls!(TOPICS, "SubscribedFunctions" on Function, Which::Parents),
        allow_calls!(TOPICS, "SubscribedAliases" on Alias, Which::Declared),
        allow_calls!(LOG_GROUPS, "FunctionsOfLogGroups" on Function, Which::Parents),
        allow_calls!(LOG_GROUPS, "AliasesOfLogGroups" on Alias, Which::Declared),
        allow_calls!(EVENTS, "FunctionsOfRules" on Function, Which::Parents),
        allow_calls!(EVENTS, "AliasesOfRules" on Alias, Which::Declared),
        kind::Permission::same(ADD, Task::CHANGE, &FUNCTIONS_OF_OTHERS).when(When::Some(is_for_another)),
        kind::Permission::same(ADD, Task::CHANGE, &ALIASES_OF_OTHERS).when(When::Some(is_for_another)),
        kind::Permission::of(
            REMOVE,
            Task::CHANGE,
            &[(REMOVE, &function::DECLARED), (REMOVE, &alias::ALIASES)],
        ),
    ];
    const FEATURES: Features = Features {
        called,
        admits: |spec| {
            let called = Function::ARN.replace("{name}", spec["function"].as_str()?);
            Wire::new(spec["source_arn"].as_str()?, &called)
        },
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, functions: &[Parent]) -> Result<Observation<Self>> {
        let names = Names::of(ctx);
        Ok(list_each(functions, |function| list(ctx, function, &names)).await?.into())
    }

    async fn read(ctx: &Context, name: &str, function: Option<&Parent>) -> Result<ObservedOption<Self>> {
        let observed = list(ctx, within(function, "function")?, &Names::of(ctx)).await?;
        Ok(observed.into_iter().find(|permission| permission.id.name == name))
    }

    /// Adds the first statement of the permission. One that another run added in the meantime stays if it says something
    /// else: an API that is live may need it.
    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        let error = match add(ctx, id, spec, &numbered(&spec.sid, 1)).await {
            Err(error) if LAMBDA.is_duplicate(&error) || error.is_ambiguous() => error,
            added => return added.map(|()| Attributes {}),
        };
        let statements = statements(ctx, &spec.function).await?;
        match (statement_of(spec, &statements), statements.keys().any(|own| base(own) == spec.sid)) {
            (Some(_), _) => Ok(Attributes {}),
            (None, true) => Err(Error::state(
                "another run created it in the meantime with other values; run the command again to see what differs",
            )),
            (None, false) => Err(error),
        }
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let (id, mut all) = (&observed.id, statements(ctx, &to.function).await?);
        if statement_of(to, &all).is_none() {
            let free = (1..).map(|number| numbered(&to.sid, number)).find(|sid| !all.contains_key(sid));
            match add(ctx, id, to, &free.unwrap_or_default()).await {
                // Another run may be making the same change.
                Err(error) if !LAMBDA.is_duplicate(&error) => return Err(error),
                _ => all = statements(ctx, &to.function).await?,
            }
        }
        let Some(kept) = statement_of(to, &all) else {
            return Err(Error::state(
                "Lambda does not show the new statement; run the command again to continue",
            ));
        };
        let seen =
            |sid: &str| sid == observed.physical_id || observed.spec.superseded.iter().any(|old| old == sid);
        for old in all.keys().filter(|sid| *sid != kept && (base(sid) == to.sid || seen(sid))) {
            remove(ctx, id, &to.function, old).await?;
        }
        Ok(Attributes {})
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        for sid in observed.spec.superseded.iter().chain([&observed.physical_id]) {
            remove(ctx, &observed.id, &observed.spec.function, sid).await?;
        }
        Ok(())
    }
}

/// Notes that this run lets a service act on a resource, by the name of that: others may not know it yet.
pub(super) fn note_admission(ctx: &Context, on: &str) {
    ctx.created.add(PhysicalId::new(Permission::NAME, on));
}

/// Whether this run has let a service act on the resource of an ARN.
pub(super) fn admitted_lately(ctx: &Context, arn: &str) -> bool {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let name = resource.strip_prefix("function:").unwrap_or(resource);
    ctx.created.has(&PhysicalId::new(Permission::NAME, name))
}

/// Adds a statement.
async fn add(ctx: &Context, id: &ResourceId, spec: &Spec, sid: &str) -> Result<()> {
    let (function, alias) = alias::parts(&spec.function);
    note_admission(ctx, &spec.function);
    let add = async || {
        let add = ctx
            .clients
            .lambda()
            .add_permission()
            .function_name(function)
            .set_qualifier(alias.map(str::to_owned))
            .statement_id(sid)
            .action(&spec.action)
            .principal(&spec.principal)
            .set_source_arn(spec.source_arn.clone())
            .set_source_account(spec.source_account.clone())
            .set_principal_org_id(spec.organization.clone())
            .set_function_url_auth_type(spec.url_auth.as_deref().map(FunctionUrlAuthType::from))
            .set_invoked_via_function_url(spec.through_url.then_some(true));
        add.send().await?;
        Ok(())
    };
    let add = async || retry_transient(ctx, &LAMBDA, id, &add).await;
    let added = super::function::once_visible(ctx, id, function, add).await;
    added.map_err(|error| if error.is("PublicPolicy") { blocked(error) } else { error })
}

/// An account may allow no function to be public [aws-facts-services: 8, M].
fn blocked(error: Error) -> Error {
    let way = "to allow it, change the function's public access in Lambda's console; or write `url: iam`";
    Error { message: format!("{} ({way})", error.message.trim_end()), ..error }
}

/// Removes a statement, if it exists.
async fn remove(ctx: &Context, id: &ResourceId, function: &str, sid: &str) -> Result<()> {
    let (function, alias) = alias::parts(function);
    retry_transient(ctx, &LAMBDA, id, async || {
        let remove = ctx.clients.lambda().remove_permission().function_name(function).statement_id(sid);
        LAMBDA.ignore_not_found(remove.set_qualifier(alias.map(str::to_owned)).send().await)
    })
    .await
}

/// What a permission is called within its function. One that is not declared is known by what it allows.
fn called(id: &ResourceId, observed: Option<&Json>) -> String {
    let source = || observed?["source_arn"].as_str()?.splitn(6, ':').nth(5);
    let requests = match id.name.split_once(" for ") {
        Some((_, declared)) => Some(declared.to_owned()),
        None => source().and_then(|source| {
            let (method, path) = source.splitn(3, '/').nth(2)?.split_once('/')?;
            Some(format!("{} /{path}", if method == "*" { "ANY" } else { method }))
        }),
    };
    match requests.or_else(|| source().map(str::to_owned)) {
        Some(requests) => format!("permission for {requests}"),
        None => format!("permission {}", id.name.rsplit(' ').next().unwrap_or_default()),
    }
}

/// The last part of the ARN pattern that a route's requests come from: the stage, the method, and the path with `*` for
/// each variable [aws-facts: API Gateway v2].
pub(crate) fn source(route: Option<&str>) -> String {
    match route.map(|key| key.split_once(' ').ok_or(key)) {
        None => "/*".to_owned(),
        Some(Err(key)) => format!("/*/{key}"),
        Some(Ok((method, path))) => {
            let method = if method == "ANY" { "*" } else { method };
            let segment =
                |segment: &str| if segment.starts_with('{') { "*".to_owned() } else { segment.to_owned() };
            format!("/*/{method}{}", path.split('/').map(segment).collect::<Vec<_>>().join("/"))
        }
    }
}

/// The `Sid` of the statement that says what a permission is to say.
fn statement_of<'a>(to: &Spec, statements: &'a BTreeMap<String, Statement>) -> Option<&'a String> {
    let found = statements.iter().find(|(sid, statement)| spec(&to.function, base(sid), statement) == *to);
    found.map(|(sid, _)| sid)
}

#[cfg(test)]
mod tests {
    use super::names::old_sid;
    use super::*;
    use crate::model::Identity;

    #[test]
    fn a_route_is_limited_to_its_own_requests() {
        assert_eq!(source(Some("GET /items/{uuid}")), "/*/GET/items/*");
        assert_eq!(source(Some("ANY /a/{x}/b/{proxy+}")), "/*/*/a/*/b/*");
        assert_eq!(source(Some("GET /")), "/*/GET/");
        assert_eq!(source(Some("$default")), "/*/$default");
        assert_eq!(source(None), "/*");
    }

    #[test]
    fn a_permission_is_called_by_the_requests_that_it_allows() {
        let parent = ResourceId::new("function", "f");
        let of = |name: &str, source: &str| {
            called(&parent.child("permission", name), Some(&serde_json::json!({ "source_arn": source })))
        };
        let source = |rest: &str| format!("arn:aws:execute-api:eu-west-1:123456789012:a1b2{rest}");
        assert_eq!(
            of(&name("f", Some("GET /items/{id}")), &source("/*/GET/x")),
            "permission for GET /items/{id}"
        );
        assert_eq!(of("f provision-1", &source("/*/GET/items/*")), "permission for GET /items/*");
        assert_eq!(of("f provision-1", &source("/*/*/a")), "permission for ANY /a");
        assert_eq!(of("f provision-1", &source("/*")), "permission for a1b2/*");
        assert_eq!(of("f provision-1", ""), "permission provision-1");
    }

    #[test]
    fn a_sid_is_stable_and_within_lambdas_limits() {
        let name = name("f", Some("GET /items/{uuid}"));
        assert_eq!(old_sid(&Identity::of("shop/prod"), &name), "provision-c5cb737f88c395cb882a1d86");
        let sid = sid(&Identity::of("shop/prod"), &name);
        assert_eq!(sid, "provision-8ad5775a7616cc08-064ad3b36a3cc4d5");
        assert_eq!(base(&numbered(&sid, 12)), sid);
        assert!(numbered(&sid, 12).len() <= 100);
    }
}
