//! What a request of a user of the API would meet at this moment.

use crate::cloud::Cloud;
use crate::services::apigateway::cannot_invoke;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The routes that are live and do not lead to a function that can be called, and why. Only an API with a stage is live.
pub(crate) fn half_routes(cloud: &Cloud) -> BTreeMap<String, String> {
    let live = cloud.apigateway.apis.iter().filter(|(_, api)| !api.stages.is_empty());
    let routes = live.flat_map(|(id, api)| api.routes.values().map(move |route| (id, route)));
    let keys = routes.filter_map(|(id, route)| Some((id, route.get("RouteKey")?.as_str()?, route)));
    keys.filter_map(|(id, key, route)| {
        let why = cannot_invoke(cloud, id, key).or_else(|| cannot_run(cloud, id, route))?;
        Some((format!("{key} of {id}"), why))
    })
    .collect()
}

/// Why the function of a route could not run: Lambda has not made it yet, has deleted it, or nobody is left to run it as.
fn cannot_run(cloud: &Cloud, api: &str, route: &serde_json::Map<String, Json>) -> Option<String> {
    let target = route.get("Target")?.as_str()?.strip_prefix("integrations/")?;
    let uri = cloud.apigateway.apis.get(api)?.integrations.get(target)?.get("IntegrationUri")?;
    let mut functions = cloud.lambda.functions.iter();
    let (name, function) =
        functions.find(|(_, function)| Some(function.member("FunctionArn")) == uri.as_str())?;
    let role = function.member("Role");
    match () {
        () if function.gone.is_some() => Some(format!("{name} is deleted")),
        () if cloud.now < function.created + cloud.delays.pending => Some(format!("{name} is Pending")),
        () if !crate::services::iam::exists(cloud, role) => Some(format!("{name} has lost its role {role}")),
        () => None,
    }
}
