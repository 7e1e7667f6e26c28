//! The HTTP API with its integrations, permissions, routes and stage.

use super::{Lowering, resource};
use crate::config::{Api, Cors, Function, Route};
use crate::kinds::{api, permission, stage};
use crate::model::{OrderConstraint, Resource, ResourceId, Value};
use serde_json::json;
use std::collections::BTreeMap;

/// The number of routes of one function, and the characters that their permissions may take, up to which each route gets
/// a permission of its own: the policy of a function is limited to 20,480 characters [aws-facts: Lambda], and others may
/// add to it.
const MANY_ROUTES: usize = 40;
const MANY_CHARACTERS: usize = 18_000;
/// The size of a statement besides the function's name and the route.
pub(super) const STATEMENT: usize = 360;

impl Lowering<'_> {
    /// Everything of the API. `roots` is the rest of the stack, which the stage waits for.
    pub(super) fn api(&self, api: &Api, roots: Vec<ResourceId>) -> Vec<Resource> {
        let id = ResourceId::new("api", "");
        let mut by_function: BTreeMap<&str, Vec<&Route>> = BTreeMap::new();
        for route in &api.routes {
            by_function.entry(&route.function).or_default().push(route);
        }
        let mut resources = vec![self.http_api(api, &id)];
        let declared: BTreeMap<&str, &Function> =
            self.stack.functions.iter().map(|function| (function.name.as_str(), function)).collect();
        for (function, routes) in by_function {
            let permissions = self.permissions(&id, function, &routes);
            let own: Vec<ResourceId> = permissions.iter().map(|permission| permission.id.clone()).collect();
            let access = declared.get(function).into_iter().flat_map(|declared| declared.access.keys());
            let tables: Vec<ResourceId> = access.map(|table| self.id("table", table)).collect();
            resources.push(self.integration(&id, function, routes[0]));
            resources.extend(permissions);
            resources.extend(routes.iter().map(|route| self.route(&id, route, &own, &tables)));
        }
        let before = roots.into_iter().chain(resources.iter().map(|resource| resource.id.clone())).collect();
        resources.push(self.stage(api, &id, before));
        resources
    }

    fn http_api(&self, api: &Api, id: &ResourceId) -> Resource {
        let desired = Value::map([
            ("name", self.scope.identity.prefixed(&api.name).into()),
            ("description", self.template(&api.description)),
            ("protocol", "HTTP".into()),
            ("cors", json!(api.cors.as_ref().map(cors)).into()),
            ("execute_api_endpoint", true.into()),
            ("tags", Value::Map(self.tags(id))),
        ]);
        resource(id.clone(), api.at, desired)
    }

    /// One integration for all routes of a function.
    fn integration(&self, api: &ResourceId, function: &str, first: &Route) -> Resource {
        let function = self.id("function", function);
        let desired = Value::map([
            ("api_id", Value::reference(api, "id")),
            ("type", "AWS_PROXY".into()),
            ("uri", Value::reference(&function, "arn")),
            ("payload_format_version", "2.0".into()),
            ("timeout_millis", 30_000.into()),
        ]);
        let id = ResourceId::new("integration", function.name);
        Resource { parent: Some(api.clone()), ..resource(id, first.at, desired) }
    }

    /// A permission for each route of a function, or one for all of the API where there are many.
    fn permissions(&self, api: &ResourceId, function: &str, routes: &[&Route]) -> Vec<Resource> {
        let name = self.id("function", function).name;
        let sizes = routes.iter().map(|route| STATEMENT + name.len() + route.key.len());
        if routes.len() <= MANY_ROUTES && sizes.sum::<usize>() <= MANY_CHARACTERS {
            return routes
                .iter()
                .map(|route| self.permission(api, function, route, Some(&route.key)))
                .collect();
        }
        let all = self.permission(api, function, routes[0], None);
        let note = format!(
            "{function} has {} routes, too many for a permission each (the policy of a function is limited to 20 KB): one \
             permission allows all routes of the API",
            routes.len()
        );
        vec![Resource { note: Some(note), ..all }]
    }

    fn permission(&self, api: &ResourceId, function: &str, route: &Route, key: Option<&str>) -> Resource {
        let function = self.id("function", function);
        let id = ResourceId::new("permission", permission::name(&function.name, key));
        let source = Value::Join(vec![
            self.scope.arn("execute-api", "").into(),
            Value::reference(api, "id"),
            permission::source(key).into(),
        ]);
        let desired = Value::map([
            ("function", Value::reference(&function, "name")),
            ("sid", permission::sid(&self.scope.identity, &id.name).into()),
            ("action", "lambda:InvokeFunction".into()),
            ("principal", "apigateway.amazonaws.com".into()),
            ("source_arn", source),
        ]);
        Resource { parent: Some(function), ..resource(id, route.at, desired) }
    }

    /// A route. In an API that is live it waits for its permission, its function and the tables of that, so that no request
    /// meets half a route.
    fn route(
        &self,
        api: &ResourceId,
        route: &Route,
        permissions: &[ResourceId],
        tables: &[ResourceId],
    ) -> Resource {
        let function = self.id("function", &route.function);
        let integration = ResourceId::new("integration", function.name.clone());
        let target = Value::Join(vec!["integrations/".into(), Value::reference(&integration, "id")]);
        let desired = Value::map([
            ("api_id", Value::reference(api, "id")),
            ("target", target),
            ("authorization", "NONE".into()),
        ]);
        let key = Some(route.key.as_str());
        let own = |id: &&ResourceId| {
            [key, None].iter().any(|key| id.name == permission::name(&function.name, *key))
        };
        let own = permissions.iter().filter(own).cloned();
        let depends_on = own.chain([function.clone()]).chain(tables.iter().cloned()).collect();
        let order_constraint =
            Some(OrderConstraint { exists: ResourceId::new("stage", "$default"), depends_on });
        let id = ResourceId::new("route", &route.key);
        Resource { parent: Some(api.clone()), order_constraint, ..resource(id, route.at, desired) }
    }

    fn stage(&self, api: &Api, parent: &ResourceId, depends_on: Vec<ResourceId>) -> Resource {
        let id = ResourceId::new("stage", "$default");
        let desired = Value::map([
            ("api_id", Value::reference(parent, "id")),
            ("auto_deploy", true.into()),
            ("deployment", stage::DEPLOYED.into()),
            ("tags", Value::Map(self.tags(&id))),
        ]);
        Resource { parent: Some(parent.clone()), depends_on, ..resource(id, api.at, desired) }
    }
}

fn cors(cors: &Cors) -> api::Cors {
    let own = api::Cors::new(&cors.origins, &cors.methods, &cors.headers, &cors.expose);
    api::Cors { allow_credentials: cors.credentials, ..own.kept_for(cors.max_age) }
}
