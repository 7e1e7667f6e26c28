//! The HTTP API with its integrations, permissions, routes and stage.

use super::Api;
use super::section::{Config, Cors, Route};
use crate::config::Entry;
use crate::kind::Kind;
use crate::kinds::function::Function;
use crate::kinds::{api, integration, permission, route, stage};
use crate::lower::{Lower, resource};
use crate::model::{OrderConstraint, Resource, ResourceId, Text};
use std::collections::BTreeMap;

/// The number of routes of one function, and the characters that their permissions may take, up to which each route gets
/// a permission of its own: the policy of a function is limited to 20,480 characters [aws-facts: Lambda], and others may
/// add to it.
const MANY_ROUTES: usize = 40;
const MANY_CHARACTERS: usize = 18_000;
/// The size of a statement besides the function's name and the route.
pub(crate) const STATEMENT: usize = 360;

/// Adds everything of the API. The stage waits for it and for the rest of the stack, which is lowered before.
pub(super) fn api(api: &Entry<Config>, lower: &mut Lower) {
    let id = ResourceId::new(Api::NAME, "");
    // What is called: a function, or one of its aliases.
    let mut by_function: BTreeMap<(&str, ResourceId), Vec<&Route>> = BTreeMap::new();
    for route in &api.routes {
        let called = lower.called(&route.function, route.alias.as_deref());
        by_function.entry((&route.function, called)).or_default().push(route);
    }
    let functions = lower.stack.functions().iter().map(|function| (function.name.as_str(), function));
    let functions: BTreeMap<_, _> = functions.collect();
    let mut resources = vec![lower.http_api(api, &id)];
    for ((name, called), routes) in by_function {
        let permissions = lower.permissions(&id, &called, &routes);
        let own: Vec<ResourceId> = permissions.iter().map(|permission| permission.id.clone()).collect();
        let access = functions.get(name).into_iter().flat_map(|function| function.access.values());
        let uses: Vec<ResourceId> = access.map(|grant| lower.id(grant.kind, &grant.key)).collect();
        resources.push(lower.integration(&id, &called, routes[0], &own));
        resources.extend(permissions);
        resources.extend(routes.iter().map(|route| lower.route(&id, &called, route, &own, &uses)));
    }
    let before = lower.resources.iter().chain(&resources).map(|resource| resource.id.clone()).collect();
    resources.push(lower.stage(api, &id, before));
    lower.resources.extend(resources);
}

impl Lower<'_> {
    fn http_api(&self, api: &Entry<Config>, id: &ResourceId) -> Resource {
        // `routes` are resources of their own, and the name has a default: it is the entry's.
        let Config { name: _, description, cors: rules, routes: _ } = &**api;
        let spec = api::Spec {
            name: self.scope.identity.prefixed(&api.name),
            description: self.template(description),
            protocol: "HTTP".to_owned(),
            cors: rules.as_ref().map(Cors::spec),
            execute_api_endpoint: true,
            tags: self.tags(id),
        };
        resource::<api::Api>(id.clone(), api.at, &spec)
    }

    /// One integration for all routes of a function, or of one of its aliases. In an API that is live it changes to an alias once
    /// that may be called.
    fn integration(
        &self,
        api: &ResourceId,
        called: &ResourceId,
        first: &Route,
        permissions: &[ResourceId],
    ) -> Resource {
        let spec = integration::Spec {
            api_id: Text::reference(api, "id"),
            r#type: "AWS_PROXY".to_owned(),
            uri: Text::reference(called, "arn"),
            payload_format_version: "2.0".to_owned(),
            timeout_millis: 30_000,
        };
        let id = self.integration_of(api, called, &first.function);
        let depends_on = permissions.to_vec();
        let order_constraint = Some(OrderConstraint { exists: id.clone(), depends_on });
        Resource { order_constraint, ..resource::<integration::Integration>(id, first.at, &spec) }
    }

    /// The integration of what is called: it has the name of the function, unless it is of another alias than the first one.
    fn integration_of(&self, api: &ResourceId, called: &ResourceId, function: &str) -> ResourceId {
        let is_first = self.called(function, None) == *called;
        let name = if is_first { self.id(Function::NAME, function).name } else { called.name.clone() };
        api.child(integration::Integration::NAME, name)
    }

    /// A permission for each route of a function, or one for all of the API where there are many.
    fn permissions(&self, api: &ResourceId, called: &ResourceId, routes: &[&Route]) -> Vec<Resource> {
        let name = &called.name;
        let sizes = routes.iter().map(|route| STATEMENT + name.len() + route.key.len());
        if routes.len() <= MANY_ROUTES && sizes.sum::<usize>() <= MANY_CHARACTERS {
            return routes
                .iter()
                .map(|route| self.permission(api, called, route, Some(&route.key)))
                .collect();
        }
        let all = self.permission(api, called, routes[0], None);
        let note = format!(
            "{} has {} routes, too many for a permission each (the policy of a function is limited to 20 KB): one \
             permission allows all routes of the API",
            routes[0].function,
            routes.len()
        );
        vec![Resource { note: Some(note), ..all }]
    }

    fn permission(
        &self,
        api: &ResourceId,
        called: &ResourceId,
        route: &Route,
        key: Option<&str>,
    ) -> Resource {
        let source = [
            self.scope.arn("execute-api", "").into(),
            Text::reference(api, "id"),
            permission::source(key).into(),
        ];
        let admitted = permission::Admitted {
            what: key,
            principal: permission::API_GATEWAY.into(),
            source: Some(Text::join(source)),
            account: None,
            organization: None,
        };
        permission::declared(called, admitted, route.at, self)
    }

    /// A route. In an API that is live it waits for its permission, its function and what that uses, so that no request
    /// meets half a route.
    fn route(
        &self,
        api: &ResourceId,
        called: &ResourceId,
        route: &Route,
        permissions: &[ResourceId],
        uses: &[ResourceId],
    ) -> Resource {
        let function = self.id(Function::NAME, &route.function);
        let integration = self.integration_of(api, called, &route.function);
        let spec = route::Spec {
            api_id: Text::reference(api, "id"),
            target: Text::join(["integrations/".into(), Text::reference(&integration, "id")]),
            authorization: "NONE".to_owned(),
        };
        let key = Some(route.key.as_str());
        let own =
            |id: &&ResourceId| [key, None].iter().any(|key| id.name == permission::name(&called.name, *key));
        let own = permissions.iter().filter(own).cloned();
        let alias = Some(called.clone()).filter(|called| *called != function);
        let depends_on = own.chain([function]).chain(alias).chain(uses.iter().cloned()).collect();
        let order_constraint =
            Some(OrderConstraint { exists: api.child(stage::Stage::NAME, "$default"), depends_on });
        let resource = resource::<route::Route>(api.child(route::Route::NAME, &route.key), route.at, &spec);
        Resource { order_constraint, ..resource }
    }

    fn stage(&self, api: &Entry<Config>, parent: &ResourceId, depends_on: Vec<ResourceId>) -> Resource {
        let id = parent.child(stage::Stage::NAME, "$default");
        let spec = stage::Spec {
            api_id: Text::reference(parent, "id"),
            auto_deploy: true,
            deployment: stage::DEPLOYED.to_owned(),
            tags: self.tags(&id),
        };
        Resource { depends_on, ..resource::<stage::Stage>(id, api.at, &spec) }
    }
}
