//! Route keys: `GET /items/{id}`, `ANY /{proxy+}`, `$default`.

use std::collections::HashSet;

use crate::config::decode::{Value, help};
use crate::config::names::is_made_of;
use crate::kind::{Fit, UNKNOWN};
use crate::suggest;

/// The methods that a route can have.
pub(crate) const METHODS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"];

/// What API Gateway accepts in a part of a path and in the name of a variable, besides letters and digits of ASCII: a part
/// matches `^(\{[\w.:-]+\+?\}|[a-zA-Z0-9.:_-]+)$`.
const OTHERS: &str = ".:_-";

/// What a route matches: its key with the names of the variables left out. Two routes of one pattern conflict.
pub(crate) fn pattern(value: Value) -> Option<String> {
    let key = value.key.text.as_str();
    if key == "$default" {
        return Some(key.to_owned());
    }
    if key.to_lowercase().rsplit([' ', '$', '/']).next() == Some("default") && !key.contains('/') {
        return value.fail_key(format!("invalid route `{key}`"), help("did you mean `$default`?"));
    }
    let Some((method, path)) = key.split_once(' ') else {
        let meant = if key.starts_with('/') {
            format!("put a method before the path: `GET {key}`, or `ANY {key}` for all methods")
        } else {
            "a route looks like `GET /items/{id}`, or is `$default`".to_owned()
        };
        return value.fail_key(format!("invalid route `{key}`"), Some(meant));
    };
    if !METHODS.contains(&method) {
        return unknown_method(value, method, path);
    }
    let path = path_pattern(value, method, path)?;
    Some(format!("{method} {path}"))
}

fn unknown_method<T>(value: Value, method: &str, path: &str) -> Option<T> {
    if method.starts_with('/') {
        let message = format!("the HTTP method must come first in `{}`", value.key.text);
        return value.fail_key(message, help(format!("did you mean `{path} {method}`?")));
    }
    let upper = method.to_uppercase();
    let meant = if METHODS.contains(&upper.as_str()) {
        help(format!("methods are in upper case: `{upper} {path}`"))
    } else {
        suggest::did_you_mean_or_list(method, "the methods are", &METHODS)
    };
    value.fail_key(format!("unknown HTTP method `{method}`"), meant)
}

fn path_pattern(value: Value, method: &str, path: &str) -> Option<String> {
    if !path.starts_with('/') {
        let meant = format!("did you mean `{method} /{}`?", path.trim().trim_start_matches('/'));
        return value.fail_key("the path of a route must begin with `/`, after one space", Some(meant));
    }
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    if path != "/"
        && let Some(wrong) = parts.iter().find(|part| Part::of(part).is_none())
    {
        return invalid_part(value, method, path, wrong);
    }
    let mut names = HashSet::new();
    let mut pattern = String::new();
    for (index, part) in parts.iter().enumerate() {
        pattern.push('/');
        let Some(Part::Variable { name, greedy }) = Part::of(part) else {
            pattern.push_str(part);
            continue;
        };
        if !names.insert(name) {
            let message = format!("duplicate variable `{{{name}}}` in the route");
            return value.fail_key(message, help("rename one of them"));
        }
        if greedy && index + 1 < parts.len() {
            let message = format!("`{part}` matches the rest of the path, so nothing can follow it");
            return value.fail_key(message, None);
        }
        pattern.push_str(if greedy { "{+}" } else { "{}" });
    }
    Some(pattern)
}

/// How well a route fits a request. API Gateway takes a route without a greedy variable first, then one with it, then
/// `$default` [DG: API Gateway, Routing API requests]; among several of one sort, the one whose path is
/// literal for longest.
pub(crate) fn fit(key: &str, method: &str, path: &str) -> Option<Fit> {
    if key == "$default" {
        return Some(vec![DEFAULT]);
    }
    let (own, route) = key.split_once(' ')?;
    if own != method && own != ANY {
        return None;
    }
    let mut fit = vec![EXACT];
    let mut segments = path.split('/').skip(1);
    for part in route.split('/').skip(1) {
        let segment = segments.next()?;
        match Part::of(part) {
            // The documentation does not say if the rest may be empty, so it may: in doubt a request has a route.
            Some(Part::Variable { greedy: true, .. }) => {
                fit[0] = GREEDY;
                segments.by_ref().for_each(drop);
            }
            Some(Part::Variable { .. }) if segment.is_empty() => return None,
            Some(Part::Variable { .. }) => fit.push(1),
            _ if segment == part || segment.contains(UNKNOWN) => fit.push(0),
            _ => return None,
        }
    }
    fit.push(u8::from(own == ANY));
    segments.next().is_none().then_some(fit)
}

/// The sorts of routes, in the order in which they get a request.
const EXACT: u8 = 0;
const GREEDY: u8 = 1;
const DEFAULT: u8 = 2;

/// The method of a route that takes every method.
const ANY: &str = "ANY";

/// What stands between two `/` of a path.
enum Part<'a> {
    Literal,
    Variable { name: &'a str, greedy: bool },
}

impl<'a> Part<'a> {
    /// A part that API Gateway accepts. It accepts a literal `:id` too, but that is meant as a variable.
    fn of(part: &'a str) -> Option<Self> {
        let Some(inner) = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            return (is_made_of(part, OTHERS) && !part.starts_with(':')).then_some(Part::Literal);
        };
        let (name, greedy) = inner.strip_suffix('+').map_or((inner, false), |name| (name, true));
        is_made_of(name, OTHERS).then_some(Part::Variable { name, greedy })
    }
}

fn invalid_part<T>(value: Value, method: &str, path: &str, part: &str) -> Option<T> {
    let message = match part {
        "" if path.ends_with('/') && !path.contains("//") => {
            "the path of a route cannot end with `/`".to_owned()
        }
        "" => "the path of a route cannot have an empty part".to_owned(),
        part => format!("invalid part `{part}` in the path of a route"),
    };
    let rule = if part.contains(['{', '}']) && meant_part(part).is_none() {
        "a variable is a whole part of the path: `/items/{id}`, or `/items/{rest+}` for the rest of the path"
    } else {
        "a part consists of A-Z, a-z, 0-9, `.`, `:`, `_` and `-`, or is a variable such as `{id}`"
    };
    let meant = meant_path(path).map(|path| format!("did you mean `{method} {path}`?"));
    value.fail_key(message, meant.or_else(|| help(rule)))
}

/// The path that was probably meant, where other frameworks or URLs show what a part is.
fn meant_path(path: &str) -> Option<String> {
    // A query is no part of a route, but `{id?}` has none.
    let query = path.find(['?', '#']).filter(|query| !path[*query..].starts_with("?}"));
    let path = path[..query.unwrap_or(path.len())].replace('\\', "/");
    let parts = path.split('/').filter(|part| !part.is_empty());
    let parts: Vec<String> = parts.map(meant_part).collect::<Option<_>>()?;
    let all_but_last = parts.split_last().map_or(&[][..], |(_, before)| before);
    let is_greedy = |part: &String| part.ends_with("+}");
    (!all_but_last.iter().any(is_greedy)).then(|| format!("/{}", parts.join("/")))
}

/// `*` as `{proxy+}`, and `:id`, `<id>`, `<int:id>`, `[id]`, `{id:[0-9]+}`, `[...rest]`, `*rest` or `{rest*}` as variables.
fn meant_part(part: &str) -> Option<String> {
    if Part::of(part).is_some() {
        return Some(part.to_owned());
    }
    let between = |open, close| part.strip_prefix(open).and_then(|rest: &str| rest.strip_suffix(close));
    let name = match part {
        "*" | "**" => "proxy+",
        part => between('<', '>')
            .map(|typed| typed.rsplit(':').next().unwrap_or(typed))
            .or_else(|| between('[', ']'))
            .or_else(|| between('{', '}').map(|typed| typed.split(':').next().unwrap_or(typed)))
            .or_else(|| part.strip_prefix(':'))
            .or_else(|| part.starts_with('*').then_some(part))?,
    };
    let bare = name.trim_start_matches(['.', '*', '+']).trim_end_matches(['*', '+', '?']);
    let greedy = name.starts_with(['.', '*', '+']) || name.ends_with(['*', '+']);
    is_made_of(bare, OTHERS).then(|| format!("{{{bare}{}}}", if greedy { "+" } else { "" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The route that gets a request.
    fn chosen<'a>(routes: &[&'a str], request: &str) -> Option<&'a str> {
        let (method, path) = request.split_once(' ').expect("METHOD /path");
        let fits = routes.iter().filter_map(|route| Some((fit(route, method, path)?, *route)));
        fits.min().map(|(_, route)| route)
    }

    #[test]
    fn a_route_takes_the_requests_of_its_method_and_path() {
        let takes = |route: &str, request: &str| chosen(&[route], request).is_some();
        for (route, request) in [
            ("GET /", "GET /"),
            ("GET /hello/{name}", "GET /hello/ada"),
            ("GET /{a}/{b}", "GET /hello/ada"),
            ("ANY /hello/{name}", "PATCH /hello/ada"),
            ("GET /files/{rest+}", "GET /files/a/b/c"),
            ("ANY /{proxy+}", "GET /hello"),
            ("$default", "DELETE /any/path"),
            ("GET /hello", "GET /\0"),
        ] {
            assert!(takes(route, request), "{route} takes {request}");
        }
        for (route, request) in [
            ("GET /hi/{name}", "GET /hello/ada"),
            ("GET /hello/{name}", "POST /hello/ada"),
            ("GET /hello/{name}", "GET /hello"),
            ("GET /hello/{name}", "GET /hello/"),
            ("GET /hello/{name}", "GET /hello/ada/more"),
            ("GET /hello", "GET /hello/ada"),
            ("GET /hello", "HEAD /hello"),
            ("GET /files/{rest+}", "GET /files"),
            ("GET /", "GET /hello"),
        ] {
            assert!(!takes(route, request), "{route} does not take {request}");
        }
    }

    #[test]
    fn of_several_routes_the_most_specific_one_gets_the_request() {
        let routes = [
            "$default",
            "ANY /{proxy+}",
            "GET /notes/{rest+}",
            "ANY /{a}/{b}",
            "ANY /notes/{id}",
            "GET /notes/{id}",
            "GET /notes/new",
        ];
        for (request, route) in [
            ("GET /notes/new", "GET /notes/new"),
            ("GET /notes/1", "GET /notes/{id}"),
            ("PUT /notes/1", "ANY /notes/{id}"),
            ("GET /users/1", "ANY /{a}/{b}"),
            ("GET /notes/1/text", "GET /notes/{rest+}"),
            ("GET /users", "ANY /{proxy+}"),
        ] {
            assert_eq!(chosen(&routes, request), Some(route), "{request}");
        }
        assert_eq!(chosen(&routes[..1], "GET /users"), Some("$default"));
    }
}
