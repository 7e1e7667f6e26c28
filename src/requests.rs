//! The requests that a stack takes, and which of them gets a request. Pure.

use crate::config::{self, Check, Part, Stack, Template};
use crate::kind::{FitOf, UNKNOWN};
use crate::kinds::kind;
use crate::lower::identity;
use crate::model::{AttributeMap, Graph, Resource, ResourceId};
use crate::outputs::{self, declared, key};
use crate::picture::Picture;
use crate::suggest::nearest;
use std::collections::BTreeSet;

/// A request that a stack takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method and the path, for example `GET /items`.
    pub route: String,
    /// The key of the code that answers.
    pub code: String,
    /// The resource that is this request.
    pub id: ResourceId,
    /// The resource that has the code.
    pub target: ResourceId,
}

/// The requests that a stack takes, in the order of the stack file; `None` if it declares no endpoint: that of an API of others
/// takes requests that the file does not name.
pub fn requests(stack: &Stack) -> Option<Vec<Request>> {
    let (graph, identity) = (declared(stack), identity(stack));
    graph.resources.iter().find(|resource| is_endpoint(resource))?;
    let mut routes: Vec<&Resource> = graph.resources.iter().collect();
    routes.retain(|resource| fit_of(&resource.id).is_some());
    routes.sort_by_key(|resource| resource.at);
    let request = |route: &Resource| {
        // The parent has no name that is the code's.
        let mut targets = route.desired.references().into_iter().map(|reference| &reference.id);
        let target = targets.find(|target| Some(*target) != route.id.parent())?;
        let code = key(&identity, target).to_owned();
        // What the route refers to stands between it and the code.
        let target = graph.get(target).map_or_else(Vec::new, |between| between.desired.references());
        let target = target.into_iter().find(|to| runs_code(&to.id)).map(|to| to.id.clone());
        let target = target.unwrap_or_else(|| route.id.clone());
        Some(Request { route: route.id.name.clone(), code, id: route.id.clone(), target })
    };
    Some(routes.into_iter().filter_map(request).collect())
}

/// The request that gets one with this method and path.
pub fn taker<'a>(requests: &'a [Request], method: &str, path: &str) -> Option<&'a Request> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let fit = |one: &'a Request| Some((fit_of(&one.id)?(&one.route, method, path)?, one));
    requests.iter().filter_map(fit).min_by(|(one, _), (other, _)| one.cmp(other)).map(|(_, one)| one)
}

/// A path that responds to a plain GET, if all that it needs is in sync: a route without variables, else that of a check which
/// needs nothing filled in and for which there is a route.
pub fn to_try(
    stack: &Stack,
    requests: &[Request],
    is_in_sync: &dyn Fn(&ResourceId) -> bool,
) -> Option<String> {
    let own = requests.iter().filter_map(|request| Some((request, request.route.strip_prefix("GET ")?)));
    let own = own.filter(|(_, path)| !path.contains('{')).map(|(request, path)| (request, path.to_owned()));
    let checks = to_api(stack).filter(|(check, sent)| sent.method == "GET" && check.expect.status() < 400);
    let checks = checks.filter_map(|(_, sent)| match sent.path.parts.as_slice() {
        [Part::Text(path)] => Some((taker(requests, "GET", path)?, path.clone())),
        _ => None,
    });
    let (request, path) = own.chain(checks).next()?;
    is_ready(&declared(stack), request, is_in_sync).then_some(path)
}

/// The code that nothing starts but requests, by its keys.
pub fn only_requested(stack: &Stack) -> BTreeSet<String> {
    let mut codes: BTreeSet<String> =
        requests(stack).unwrap_or_default().into_iter().map(|request| request.code).collect();
    let connections = Picture::of(stack).connections.into_iter();
    let others = connections.filter(|one| kind(one.from.0).features().endpoint.is_none());
    for started in others.filter(|one| kind(one.to.0).features().runs_code.is_some()) {
        codes.remove(&started.to.1);
    }
    codes
}

/// What a browser shows of a stack: a path that responds to a plain GET, or at least the URL of the API.
pub fn url_to_open(stack: &Stack, attributes: &AttributeMap) -> Option<String> {
    let url = outputs::endpoint(attributes)?;
    let exists = |id: &ResourceId| attributes.contains_key(id);
    let path = requests(stack).and_then(|requests| to_try(stack, &requests, &exists));
    Some(format!("{url}{}", path.unwrap_or_default()))
}

/// Whether a request may be answered by more than "not found". The endpoint itself answers the question of a browser what pages
/// of other origins may do.
pub fn is_taken(requests: &[Request], method: &str, path: &str) -> bool {
    method == "OPTIONS" || taker(requests, method, path).is_some()
}

/// The routes that are near a request which nothing takes: those of the same path, else the one that looks most like it.
pub fn near<'a>(requests: &'a [Request], method: &str, path: &str) -> Vec<&'a str> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let is_of_path = |one: &&Request| {
        let (method, _) = one.route.split_once(' ').unwrap_or_default();
        fit_of(&one.id).is_some_and(|fit| fit(&one.route, method, path).is_some())
    };
    let of_path: Vec<&str> = requests.iter().filter(is_of_path).map(|one| one.route.as_str()).collect();
    if !of_path.is_empty() {
        return of_path;
    }
    // A variable of a route looks like what stands in its place.
    let given: Vec<&str> = path.split('/').collect();
    let filled = |route: &'a str| {
        let (method, path) = route.split_once(' ')?;
        let segment = |(index, own): (usize, &'a str)| match given.get(index) {
            Some(given) if own.starts_with('{') => (*given).to_owned(),
            _ => own.to_owned(),
        };
        Some((path.split('/').enumerate().map(segment).collect::<Vec<_>>().join("/"), method, route))
    };
    let filled: Vec<_> = requests.iter().filter_map(|one| filled(&one.route)).collect();
    let nearest = nearest(path, filled.iter().map(|(path, ..)| path.as_str()));
    let alike = filled.iter().filter(|(path, ..)| Some(path.as_str()) == nearest);
    let (fitting, others): (Vec<_>, Vec<_>) = alike.partition(|(_, own, _)| [method, "ANY"].contains(own));
    let shown = if fitting.is_empty() { others } else { fitting };
    shown.into_iter().map(|(_, _, route)| *route).collect()
}

/// The checks that can only fail: they expect a success, and nothing that the stack declares takes their request.
pub fn unserved(stack: &Stack) -> Vec<(&Check, &config::Request)> {
    let Some(requests) = requests(stack) else { return Vec::new() };
    let is_unserved = |check: &Check, sent: &config::Request| {
        let path = path_of(&sent.path);
        check.expect.status() < 400 && path.is_some_and(|path| !is_taken(&requests, &sent.method, &path))
    };
    to_api(stack).filter(|(check, sent)| is_unserved(check, sent)).collect()
}

/// The checks that send a request to the API.
fn to_api(stack: &Stack) -> impl Iterator<Item = (&Check, &config::Request)> {
    let checks = stack.checks.iter().filter_map(|check| Some((check, check.request()?)));
    checks.filter(|(_, sent)| !sent.is_absolute)
}

/// A path with [`UNKNOWN`] for each value that is filled in, which is one segment or a part of it. `None` if more is not known:
/// a text after a text was filled in when the file was read, and may stand for a value that lives elsewhere.
fn path_of(path: &Template) -> Option<String> {
    let is_text = |part: &Part| matches!(part, Part::Text(_));
    if path.parts.windows(2).any(|pair| pair.iter().all(is_text)) {
        return None;
    }
    let part = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        _ => UNKNOWN.to_string(),
    };
    Some(path.parts.iter().map(part).collect())
}

/// Whether a request gets to its code and back: everything of the endpoint, everything that refers to it and the code are in
/// sync, as `is_in_sync` says.
pub fn is_ready(graph: &Graph, request: &Request, is_in_sync: &dyn Fn(&ResourceId) -> bool) -> bool {
    let endpoints: Vec<&ResourceId> = graph
        .resources
        .iter()
        .filter(|resource| is_endpoint(resource))
        .map(|resource| &resource.id)
        .collect();
    let is_of_endpoint = |resource: &&Resource| {
        let ancestors = std::iter::successors(Some(&resource.id), |id| id.parent());
        let references = resource.desired.references();
        let mut referred = references.iter().map(|reference| &reference.id);
        ancestors.into_iter().any(|id| endpoints.contains(&id)) || referred.any(|id| endpoints.contains(&id))
    };
    graph.resources.iter().filter(is_of_endpoint).all(|resource| is_in_sync(&resource.id))
        && is_in_sync(&request.target)
}

fn is_endpoint(resource: &Resource) -> bool {
    kind(resource.id.kind).features().endpoint.is_some()
}

fn runs_code(id: &ResourceId) -> bool {
    kind(id.kind).features().runs_code.is_some()
}

fn fit_of(id: &ResourceId) -> Option<FitOf> {
    kind(id.kind).features().requests
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::stacks::{SMALL, stack, stack_in};

    #[test]
    fn requests_are_those_of_the_stack_file_in_every_environment() {
        for environment in [None, Some("dev")] {
            let requests = requests(&stack_in(SMALL, environment)).expect("an API");
            let shown: Vec<String> =
                requests.iter().map(|one| format!("{} {}", one.route, one.code)).collect();
            assert_eq!(shown, ["POST /notes save", "GET /notes list", "GET /notes/{id} list"]);
            let target = environment.map_or("list".to_owned(), |name| format!("{name}-list"));
            assert_eq!(requests[1].target, ResourceId::new("function", target));
        }
        let without = SMALL.split("api:").next().expect("the begin of a stack");
        assert_eq!(requests(&stack_in(without, None)), None);
    }

    #[test]
    fn a_request_goes_to_the_route_that_fits_best() {
        let requests = requests(&stack(SMALL)).expect("an API");
        let route = |method, path| taker(&requests, method, path).map(|one| one.route.as_str());
        assert_eq!(route("GET", "/notes?limit=1"), Some("GET /notes"));
        assert_eq!(route("GET", "/notes/1"), Some("GET /notes/{id}"));
        assert_eq!(route("GET", "/users"), None);
        assert!(is_taken(&requests, "OPTIONS", "/users"), "a preflight request needs no route");
    }

    #[test]
    fn routes_are_near_by_their_path_or_as_they_look() {
        let requests = requests(&stack(SMALL)).expect("an API");
        assert_eq!(near(&requests, "DELETE", "/notes?x=1"), ["POST /notes", "GET /notes"]);
        assert_eq!(near(&requests, "GET", "/note/17"), ["GET /notes/{id}"]);
        assert_eq!(near(&requests, "GET", "/nots"), ["GET /notes"]);
        assert_eq!(near(&requests, "PUT", "/nots"), ["POST /notes", "GET /notes"]);
        assert_eq!(near(&requests, "PUT", "/"), [""; 0]);
    }

    #[test]
    fn code_that_something_else_starts_is_not_only_requested() {
        let queues = format!("{SMALL}\nqueues: {{ jobs: {{}} }}\n");
        let triggered = queues.replace(
            "    access: { notes: read }",
            "    access: { notes: read }\n    timeout: 5\n    triggers: [{ queue: jobs }]",
        );
        assert_eq!(only_requested(&stack(&queues)), ["list", "save"].map(str::to_owned).into());
        assert_eq!(only_requested(&stack(&triggered)), ["save".to_owned()].into());
    }

    #[test]
    fn a_browser_opens_what_responds_to_a_plain_get() {
        let url = std::sync::Arc::new(serde_json::json!({ "url": "https://a8.example" }));
        let stack = stack(SMALL);
        let graph = declared(&stack);
        let all: AttributeMap =
            graph.resources.iter().map(|resource| (resource.id.clone(), url.clone())).collect();
        assert_eq!(url_to_open(&stack, &all).as_deref(), Some("https://a8.example/notes"));
        let api: AttributeMap = [(ResourceId::new("api", ""), url)].into();
        assert_eq!(url_to_open(&stack, &api).as_deref(), Some("https://a8.example"));
        assert_eq!(url_to_open(&stack, &AttributeMap::new()), None);
    }

    /// The names of the checks of which there is a warning.
    fn warned(checks: &str) -> Vec<String> {
        let stack = stack(&format!("{SMALL}checks:\n{checks}"));
        unserved(&stack).into_iter().map(|(check, _)| check.name.clone()).collect()
    }

    #[test]
    fn a_check_that_expects_a_success_needs_a_route() {
        assert_eq!(warned("  - request: GET /users/ada\n"), ["GET /users/ada"]);
        assert_eq!(warned("  - request: DELETE /notes\n"), ["DELETE /notes"]);
        assert_eq!(warned("  - { request: GET /users, expect: { status: 302 } }\n"), ["GET /users"]);
        assert!(warned("  - { request: GET /users, expect: { status: 404 } }\n").is_empty());
        assert!(warned("  - request: GET /notes/1?full=yes\n  - request: OPTIONS /users\n").is_empty());
    }

    #[test]
    fn what_is_not_known_yet_fits_every_route() {
        let capture = "  - { request: GET /notes, capture: { id: /id } }\n";
        let warned = |request: &str| warned(&format!("{capture}  - request: {request}\n"));
        assert!(warned("GET /notes/${capture.id}").is_empty());
        assert!(warned("GET /${capture.id}").is_empty());
        assert!(warned("GET /users/${ssm:/notes/path}").is_empty());
        assert_eq!(warned("GET /users/${capture.id}").len(), 1);
    }

    #[test]
    fn nothing_is_known_of_the_routes_of_an_existing_api() {
        let existing = "stack: notes\napi: { existing: a1b2c3d4e5 }\nchecks:\n  - request: GET /users\n";
        assert!(unserved(&stack(existing)).is_empty());
    }
}
