//! `api`: the HTTP API, its CORS rules and its routes.

use std::collections::HashMap;

use super::decode::{Value, help};
use super::names::is_made_of;
use super::reference::Scope;
use super::route;
use super::stack::{Api, Cors, Route};
use crate::suggest;
use crate::yaml::Kind;

/// What API Gateway allows one API.
const MAX_ROUTES: usize = 300;
const MAX_NAME: usize = 128;

/// The value of `api`; `stack` is its name where it declares none.
pub(super) fn api(value: Value, stack: &str, scope: Scope) -> Option<Api> {
    let mut fields = value.fields("`api`")?;
    let name_value = fields.take("name");
    let name = match name_value {
        Some(value) => value.short(MAX_NAME),
        None => Some(stack),
    };
    let description = fields.optional("description", |value| value.template(scope));
    let cors = fields.optional("cors", cors);
    let routes = fields.optional("routes", |value| routes(value, scope));
    fields.finish();

    let name = name?;
    let length = scope.names.prefixed(name).chars().count();
    if length > MAX_NAME {
        let message =
            format!("with the environment's prefix the name has {length} characters; AWS allows {MAX_NAME}");
        return name_value.unwrap_or(value).fail(message, None);
    }
    Some(Api {
        at: value.key_at(),
        name: name.to_owned(),
        description: description.unwrap_or_default(),
        cors,
        routes: routes.unwrap_or_default(),
    })
}

fn routes(value: Value, scope: Scope) -> Option<Vec<Route>> {
    let mut first: HashMap<String, &str> = HashMap::new();
    let mut count = 0;
    value.map(|entry| {
        count += 1;
        if count == MAX_ROUTES + 1 {
            entry.fail_key::<()>(format!("an API can have at most {MAX_ROUTES} routes"), None);
        }
        let key = entry.key.text.as_str();
        let function = function(entry, scope);
        let pattern = route::pattern(entry)?;
        if let Some(other) = first.insert(pattern, key) {
            let message = format!("`{key}` is the same route as `{other}`");
            return entry
                .fail_key(message, help("they differ only in the names of their variables; keep one"));
        }
        Some(Route { at: entry.key_at(), key: key.to_owned(), function: function? })
    })
}

fn function(value: Value, scope: Scope) -> Option<String> {
    let name = match &value.node.kind {
        Kind::Null => {
            let message = format!("the route `{}` has no function", value.key.text);
            return value.fail(message, help(format!("name one: `{}: FUNCTION`", value.key.text)));
        }
        Kind::List(_) | Kind::Map(_) => return value.wrong_type("the name of a function", None),
        _ => value.text()?,
    };
    let functions = &scope.names.functions;
    if functions.contains(&name) {
        return Some(name.to_owned());
    }
    let help = suggest::did_you_mean_or_list(name, "the functions of this stack", functions);
    value.fail(format!("there is no function `{name}`"), help)
}

fn cors(value: Value) -> Option<Cors> {
    let mut fields = value.fields("`cors`")?;
    let origins_value = fields.take("origins");
    let origins = fields.required("origins", "[\"https://example.com\"]", |value| value.list(origin));
    let methods = fields.optional("methods", |value| value.list(method));
    let headers = fields.optional("headers", |value| value.list(header));
    let expose = fields.optional("expose", |value| value.list(header));
    let max_age = fields.optional("max_age", |value| value.integer("seconds", -1..=86_400));
    let credentials = fields.optional("credentials", Value::boolean).unwrap_or(false);
    fields.finish();

    let origins = origins?;
    if credentials && origins.iter().any(|origin| origin == "*") {
        let message = "with `credentials: true`, AWS does not allow the origin `*`";
        return origins_value?.fail(message, help("list the origins, such as `https://example.com`"));
    }
    Some(Cors {
        origins,
        methods: methods.unwrap_or_default(),
        headers: headers.unwrap_or_default(),
        expose: expose.unwrap_or_default(),
        max_age: max_age.and_then(|seconds| i32::try_from(seconds).ok()),
        credentials,
    })
}

/// An origin: a scheme and a host, optionally with a port; or `*`.
fn origin(value: Value) -> Option<String> {
    let text = value.text()?;
    if text == "*" {
        return Some(text.to_owned());
    }
    let Some((scheme, host)) = text.split_once("://") else {
        return value.fail(format!("invalid origin `{text}`"), Some(meant_origin(text)));
    };
    let (host, path) = host.split_once('/').map_or((host, None), |(host, path)| (host, Some(path)));
    if path.is_some() {
        return value
            .fail("an origin cannot have a path", help(format!("did you mean `{scheme}://{host}`?")));
    }
    if host.is_empty() || scheme.is_empty() || text.contains(char::is_whitespace) {
        return value
            .fail(format!("invalid origin `{text}`"), help("an origin looks like `https://example.com`"));
    }
    Some(text.to_owned())
}

/// A hint for an origin without a scheme.
fn meant_origin(text: &str) -> String {
    let host = text.trim_matches('/');
    let name = host.split(':').next().unwrap_or_default();
    match name {
        // Browsers send it for local files and sandboxed frames, and it names no host [DG: API Gateway, CORS].
        "null" => "`null` cannot be allowed by itself; `*` allows every origin".to_owned(),
        "localhost" | "127.0.0.1" => format!("did you mean `http://{host}`?"),
        name if name.contains('.') && is_made_of(name, ".-") && is_made_of(host, ".-:") => {
            format!("did you mean `https://{host}`?")
        }
        _ => "an origin looks like `https://example.com`".to_owned(),
    }
}

fn method(value: Value) -> Option<String> {
    let text = value.text()?;
    let methods = route::METHODS.into_iter().filter(|method| *method != "ANY");
    if text == "*" || methods.clone().any(|method| method == text) {
        return Some(text.to_owned());
    }
    let meant = match text.to_uppercase().as_str() {
        "ANY" | "ALL" => help("did you mean `\"*\"`?"),
        _ => suggest::did_you_mean(text, methods),
    };
    value.fail(format!("unknown HTTP method `{text}`"), meant)
}

fn header(value: Value) -> Option<String> {
    let text = value.text()?;
    if route::is_header(text) || text == "*" {
        return Some(text.to_owned());
    }
    value.fail(format!("invalid header name `{text}`"), help("a header name looks like `content-type`"))
}
