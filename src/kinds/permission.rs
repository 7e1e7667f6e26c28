//! Permissions: the statements of a function's policy that let an API call it.

use super::{list_each, within};
use crate::aws::error::{ignore_not_found, not_found_as_none};
use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Context, Error, Result};
use crate::kind::{Kind, Observation, ObservedOf, ObservedOption, Parent};
use crate::model::{Identity, Observed, Owner, PhysicalId, ResourceId};
use crate::policy::{Policy, Statement};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A permission.
pub struct Permission;

/// What begins the `Sid` of a statement of ours; a `Sid` is all the mark that a statement can bear.
const MARKER: &str = "provision-";

/// What a permission is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// The name of the function.
    pub function: String,
    /// The `Sid` of the statement.
    pub sid: String,
    /// `lambda:InvokeFunction`.
    pub action: String,
    /// The service that may call the function.
    pub principal: String,
    /// What of the service: the ARN pattern of the API's routes.
    pub source_arn: String,
}

/// What AWS assigns to a permission: nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {}

impl Kind for Permission {
    const NAME: &'static str = "permission";
    const IMMUTABLE: &'static [&'static str] = &["function", "sid", "action", "principal", "source_arn"];
    const PARENT: Option<&'static str> = Some("function");
    /// Parallel calls on one function lose statements [aws-facts: Lambda, TF].
    const MAX_PER_PARENT: usize = 1;
    type Spec = Spec;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, functions: &[Parent]) -> Result<Observation<Self>> {
        let names = names(ctx);
        Ok(list_each(functions, |function| list(ctx, function, &names)).await?.into())
    }

    async fn read(ctx: &Context, name: &str, function: Option<&Parent>) -> Result<ObservedOption<Self>> {
        let observed = list(ctx, within(function, "function")?, &names(ctx)).await?;
        Ok(observed.into_iter().find(|permission| permission.id.name == name))
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        // A function that was made a moment ago is not seen everywhere in Lambda yet [aws-facts: Lambda, TF].
        let unseen = |error: &Error| error.is_absent().then_some("Lambda does not see the function yet");
        let add = async || {
            let add =
                ctx.clients.lambda.add_permission().function_name(&spec.function).statement_id(&spec.sid);
            let add = add.action(&spec.action).principal(&spec.principal);
            add.source_arn(&spec.source_arn).send().await?;
            Ok(())
        };
        let add = async || retry_conflicts(ctx, id, &add).await;
        retry_if(Backoff::VISIBILITY, ctx.waiting(id), unseen, add).await?;
        Ok(Attributes {})
    }

    /// A statement cannot be changed, only taken away and added; the fields that could differ are all frozen.
    async fn update(_: &Context, _: &ObservedOf<Self>, _: &Spec) -> Result<Attributes> {
        Ok(Attributes {})
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        retry_conflicts(ctx, &observed.id, async || {
            let remove = ctx.clients.lambda.remove_permission().function_name(&observed.spec.function);
            ignore_not_found(remove.statement_id(&observed.physical_id).send().await)
        })
        .await
    }
}

/// The `Sid` of a permission: from the stack's identity and the permission's name, never from ids that AWS assigns, so
/// that it can be computed before anything exists.
pub(crate) fn sid(identity: &Identity, name: &str) -> String {
    let hash = Sha256::digest(format!("{identity}\n{name}"));
    let hex: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("{MARKER}{hex}")
}

/// The name of the permission for a route of a function, or for all of the API's routes.
pub(crate) fn name(function: &str, route: Option<&str>) -> String {
    format!("{function} for {}", route.unwrap_or("all routes"))
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

/// The names of the wanted permissions by their `Sid`.
fn names(ctx: &Context) -> BTreeMap<String, &str> {
    let wanted = ctx.scope.wanted(Permission::NAME);
    wanted.map(|name| (sid(&ctx.scope.identity, name), name)).collect()
}

async fn list(
    ctx: &Context,
    function: &Parent,
    names: &BTreeMap<String, &str>,
) -> Result<Vec<ObservedOf<Permission>>> {
    let answer = not_found_as_none(
        ctx.clients.lambda.get_policy().function_name(&function.physical_id.id).send().await,
    )?;
    let document = answer.and_then(|answer| answer.policy).unwrap_or_else(|| "{}".to_owned());
    let policy = Policy::read("lambda:GetPolicy", &document)?;
    Ok(policy.0.into_iter().map(|(sid, statement)| read(function, sid, &statement, names)).collect())
}

fn read(
    function: &Parent,
    sid: String,
    statement: &Statement,
    names: &BTreeMap<String, &str>,
) -> ObservedOf<Permission> {
    let wanted = names.get(&sid).map(|name| (*name).to_owned());
    let name = wanted.unwrap_or_else(|| format!("{} {sid}", function.id.name));
    let owner = match sid.starts_with(MARKER) {
        true => Owner::Ours,
        false => Owner::Unmanaged("it was not made by provision".to_owned()),
    };
    let spec = Spec {
        function: function.physical_id.id.clone(),
        sid: sid.clone(),
        action: text(statement, "/Action"),
        principal: text(statement, "/Principal/Service"),
        source_arn: source_arn(statement),
    };
    let mut observed =
        Observed::new(ResourceId::new(Permission::NAME, name), sid, owner, spec, Attributes {});
    observed.parent = Some(function.physical_id.clone());
    observed.refs = vec![PhysicalId::new("function", function.physical_id.id.clone())];
    observed
}

/// A member of a statement as text: itself if it is one, its JSON if someone made it more than one.
fn text(statement: &Statement, pointer: &str) -> String {
    match statement.json().pointer(pointer) {
        None => String::new(),
        Some(Json::Array(items)) if items.len() == 1 => items[0].as_str().unwrap_or_default().to_owned(),
        Some(value) => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }
}

/// The source ARN where it is all of the condition, else the condition as it is, so that a change of it shows. Lambda
/// writes it as `ArnLike`, whatever was sent [aws-facts: Lambda].
fn source_arn(statement: &Statement) -> String {
    let condition = text(statement, "/Condition");
    let parsed: Option<BTreeMap<String, BTreeMap<String, String>>> = serde_json::from_str(&condition).ok();
    let mut all = parsed.into_iter().flatten().flat_map(|(operator, keys)| {
        keys.into_iter().map(move |(key, value)| (operator.clone(), key.to_lowercase(), value))
    });
    match (all.next(), all.next()) {
        (Some((operator, key, value)), None) if operator == "ArnLike" && key == "aws:sourcearn" => value,
        _ => condition,
    }
}

async fn retry_conflicts<F: Future<Output = Result<()>>>(
    ctx: &Context,
    id: &ResourceId,
    change: impl Fn() -> F,
) -> Result<()> {
    let busy = |error: &Error| {
        let busy = error.is("ResourceConflict") && !error.is_duplicate();
        (busy || error.is("PreconditionFailed")).then_some("another change of the function is under way")
    };
    retry_if(Backoff::CONFLICT, ctx.waiting(id), busy, change).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_limited_to_its_own_requests() {
        assert_eq!(source(Some("GET /items/{uuid}")), "/*/GET/items/*");
        assert_eq!(source(Some("ANY /a/{x}/b/{proxy+}")), "/*/*/a/*/b/*");
        assert_eq!(source(Some("GET /")), "/*/GET/");
        assert_eq!(source(Some("$default")), "/*/$default");
        assert_eq!(source(None), "/*");
    }

    #[test]
    fn a_sid_is_stable_and_within_lambdas_limits() {
        let identity = Identity { stack: "shop".into(), environment: Some("prod".into()) };
        let sid = sid(&identity, &name("f", Some("GET /items/{uuid}")));
        assert_eq!(sid, "provision-c5cb737f88c395cb882a1d86");
        assert!(sid.len() <= 100);
    }
}
