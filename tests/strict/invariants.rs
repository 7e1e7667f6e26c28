//! What must hold at every moment, not only in the end: whoever calls an API that is live reaches its function, and no
//! function is without its role and its log group.

use crate::cloud::Cloud;
use crate::services::apigateway::cannot_invoke;
use crate::services::iam;
use crate::services::lambda::Function;
use std::collections::BTreeMap;

/// The things of which only a half is there, and why.
pub(crate) fn broken_invariants(cloud: &Cloud) -> BTreeMap<String, String> {
    let invariants = cloud.apigateway.apis.iter().filter(|(_, api)| !api.stages.is_empty());
    let routes = invariants.flat_map(|(id, api)| api.routes.values().map(move |route| (id, route)));
    let routes = routes.filter_map(|(id, route)| {
        let key = route.get("RouteKey")?.as_str()?;
        let target = route.get("Target").and_then(|target| target.as_str()).unwrap_or_default();
        let why = cannot_invoke(cloud, id, key).or_else(|| cannot_run(cloud, id, target))?;
        Some((format!("the live route {key} of {id}"), why))
    });
    let functions = cloud.lambda.functions.iter().filter_map(|(name, function)| {
        let why = lacks(cloud, function)?;
        Some((format!("the function {name}"), why))
    });
    routes.chain(functions).collect()
}

/// What is still being made or changed, when a command says that all is done.
pub(crate) fn unready(cloud: &Cloud) -> Vec<String> {
    let now = cloud.now;
    let tables = cloud.dynamodb.tables.iter().filter(|(_, table)| table.status(now) != "ACTIVE");
    let tables = tables.map(|(name, table)| format!("the table {name} is {}", table.status(now)));
    let busy = |function: &Function| now < (function.created + cloud.delays.pending).max(function.updating);
    let functions = cloud.lambda.functions.iter().filter(|(_, function)| busy(function));
    tables.chain(functions.map(|(name, _)| format!("the function {name} is Pending or InProgress"))).collect()
}

/// Why the function of a live route could not run now.
fn cannot_run(cloud: &Cloud, api: &str, target: &str) -> Option<String> {
    let integration =
        cloud.apigateway.apis.get(api)?.integrations.get(target.strip_prefix("integrations/")?)?;
    let uri = integration.get("IntegrationUri")?.as_str()?;
    let function = cloud.lambda.functions.values().find(|function| function.member("FunctionArn") == uri)?;
    match () {
        () if function.gone.is_some() => Some(format!("{uri} is deleted")),
        () if cloud.now < function.created + cloud.delays.pending => Some(format!("{uri} is Pending")),
        () => None,
    }
}

/// What a function needs and has not, as long as anybody sees it: late events of one without a log group make a group that
/// nobody owns [aws-facts: Lambda].
fn lacks(cloud: &Cloud, function: &Function) -> Option<String> {
    let seen = function.gone.is_none_or(|gone| cloud.now < gone);
    let (role, group) = (function.member("Role"), function.group());
    match () {
        () if !seen => None,
        () if !iam::exists(cloud, role) => Some(format!("there is no role {role}")),
        () if !cloud.logs.groups.contains_key(&group) => Some(format!("there is no log group {group}")),
        () => None,
    }
}
