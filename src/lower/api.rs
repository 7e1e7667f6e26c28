//! The HTTP API with its integrations, permissions, routes and stage.

use super::{Lowering, resource};
use crate::config::{Api, Cors, Function, Route};
use crate::kinds::{api, integration, permission, route, stage};
use crate::model::{OrderConstraint, Resource, ResourceId, Text};
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
        let spec = api::Spec {
            name: self.scope.identity.prefixed(&api.name),
            description: self.template(&api.description),
            protocol: "HTTP".to_owned(),
            cors: api.cors.as_ref().map(cors),
            execute_api_endpoint: true,
            tags: self.tags(id),
        };
        resource::<api::Api>(id.clone(), api.at, &spec)
    }

    /// One integration for all routes of a function.
    fn integration(&self, api: &ResourceId, function: &str, first: &Route) -> Resource {
        let function = self.id("function", function);
        let spec = integration::Spec {
            api_id: Text::reference(api, "id"),
            r#type: "AWS_PROXY".to_owned(),
            uri: Text::reference(&function, "arn"),
            payload_format_version: "2.0".to_owned(),
            timeout_millis: 30_000,
        };
        resource::<integration::Integration>(api.child("integration", function.name), first.at, &spec)
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
        let id = function.child("permission", permission::name(&function.name, key));
        let source = [
            self.scope.arn("execute-api", "").into(),
            Text::reference(api, "id"),
            permission::source(key).into(),
        ];
        let spec = permission::Spec {
            function: Text::reference(&function, "name"),
            sid: permission::sid(&self.scope.identity, &id.name),
            action: "lambda:InvokeFunction".to_owned(),
            principal: "apigateway.amazonaws.com".to_owned(),
            source_arn: Text::join(source),
            superseded: Vec::new(),
        };
        resource::<permission::Permission>(id, route.at, &spec)
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
        let integration = api.child("integration", function.name.clone());
        let spec = route::Spec {
            api_id: Text::reference(api, "id"),
            target: Text::join(["integrations/".into(), Text::reference(&integration, "id")]),
            authorization: "NONE".to_owned(),
        };
        let key = Some(route.key.as_str());
        let own = |id: &&ResourceId| {
            [key, None].iter().any(|key| id.name == permission::name(&function.name, *key))
        };
        let own = permissions.iter().filter(own).cloned();
        let depends_on = own.chain([function.clone()]).chain(tables.iter().cloned()).collect();
        let order_constraint = Some(OrderConstraint { exists: api.child("stage", "$default"), depends_on });
        let resource = resource::<route::Route>(api.child("route", &route.key), route.at, &spec);
        Resource { order_constraint, ..resource }
    }

    fn stage(&self, api: &Api, parent: &ResourceId, depends_on: Vec<ResourceId>) -> Resource {
        let id = parent.child("stage", "$default");
        let spec = stage::Spec {
            api_id: Text::reference(parent, "id"),
            auto_deploy: true,
            deployment: stage::DEPLOYED.to_owned(),
            tags: self.tags(&id),
        };
        Resource { depends_on, ..resource::<stage::Stage>(id, api.at, &spec) }
    }
}

fn cors(cors: &Cors) -> api::Cors {
    let own = api::Cors::new(&cors.origins, &cors.methods, &cors.headers, &cors.expose);
    api::Cors { allow_credentials: cors.credentials, ..own.kept_for(cors.max_age) }
}
