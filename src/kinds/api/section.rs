//! `api`: the HTTP API, its CORS rules and its routes.

use std::collections::HashMap;

use super::{Api, lower, route_key};
use crate::config::declared::{Connection, Declared, Referable, Sections};
use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::names::{is_header, is_made_of};
use crate::config::section::shape::{duration, entry_of, flag, list, mapping, part, template, text};
use crate::config::section::{
    Common, Entry, OF_EVERY_ENTRY, Parts, Section, Shape, entry_schema, limited, object, section,
};
use crate::config::{At, Diagnostic, Entries, Stack, Template};
use crate::kind::Kind as _;
use crate::kinds::alias::section::no_alias;
use crate::kinds::function::Function;
use crate::lower::{Lower, Lowered, Size, Sizes};
use crate::model::ResourceId;
use crate::suggest;
use crate::yaml::Kind;
use serde_json::{Value as Json, json};

/// What API Gateway allows one API.
const MAX_ROUTES: usize = 300;
const MAX_NAME: usize = 128;

impl Declared for Api {
    const ABOUT: &'static str = "One HTTP API.";
    const SINGLE: bool = true;
    const REFERENCES: &'static [Referable] = &[Referable::assigned("url")];
    const LIMITED: &'static [&'static str] = &["routes"];
    type Config = Config;

    fn section() -> Shape<Vec<Entry<Config>>> {
        api().map(|api| vec![api])
    }

    fn check(api: &Entry<Config>, entries: &Entries) -> Vec<Diagnostic> {
        let of = |route: &Route| no_alias(&route.function, route.alias.as_deref()?, route.at, entries);
        api.routes.iter().filter_map(of).collect()
    }

    fn connections(api: &Entry<Config>, _: Sections) -> Vec<Connection> {
        let route = |route: &Route| {
            let function = (Function::NAME, route.function.clone());
            Connection::new((Self::NAME, String::new()), function, route.key.clone())
        };
        api.routes.iter().map(route).collect()
    }

    fn templates(api: &Entry<Config>) -> Vec<&Template> {
        vec![&api.description]
    }
}

impl Lowered for Api {
    fn lower(api: &Entry<Config>, lower: &mut Lower) {
        lower::api(api, lower);
    }

    fn check_sizes(api: &Entry<Config>, sizes: &mut Sizes) {
        let id = ResourceId::new(Self::NAME, "");
        let description = Size::of_description(&id, &sizes.shortest(&id), super::MAX_DESCRIPTION);
        sizes.check(api.description.at, description, "shorten it: placeholders count with their values");
    }
}

impl Stack {
    /// `api`. Its name is the stack's where it declares none.
    pub fn api(&self) -> Option<&Entry<Config>> {
        self.entries.of().first()
    }

    /// The same, to be changed.
    pub fn api_mut(&mut self) -> Option<&mut Entry<Config>> {
        self.entries.of_mut()?.first_mut()
    }
}

/// One entry of `api.routes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The place of its key in the file.
    pub at: At,
    /// The route key as API Gateway has it: `GET /items/{uuid}`, `ANY /x`, `$default`.
    pub key: String,
    /// The function's key in `functions`.
    pub function: String,
    /// The alias of the function, where it is not the first one of its release.
    pub alias: Option<String>,
}

section! {
    /// One HTTP API with the stage `$default`, which deploys changes automatically.
    pub struct Config, checked by name_fits {
        /// The API's name; by default the stack's name.
        name: Option<String> = text(MAX_NAME).optional(),
        /// A description. `${…}` works.
        description: Template = template().with("maxLength", 1024).or_empty().shown_as(""),
        /// CORS: what pages of other origins may do; nothing by default.
        cors: Option<Cors> = part("cors", Cors::ABOUT, mapping()).optional(),
        /// `METHOD /path` or `$default`, and the function that handles it. `{id}` matches one segment of the path, `{proxy+}`
        /// the rest.
        routes: Vec<Route> = Shape::new(routes_schema(), routes).or_empty(),
    }
}

section! {
    /// What handles a route.
    pub(crate) struct Target {
        /// The function.
        function: String = Shape::new(json!({ "type": "string", "minLength": 1 }), own_function).required("NAME"),
        /// An alias of its release; by default the first one.
        alias: Option<String> = text(128).optional(),
    }
}

section! {
    /// CORS: what pages of other origins may do.
    pub struct Cors, checked by origins_are_listed {
        /// `https://example.com`, without a path, or `*`.
        origins: Vec<String> = texts(origin)
            .with("type", "array")
            .with("minItems", 1)
            .required("[\"https://example.com\"]"),
        /// HTTP methods, or `*`.
        methods: Vec<String> = texts(method).or_empty(),
        /// Request headers that a page may send, or `*`.
        headers: Vec<String> = texts(header).or_empty(),
        /// Response headers that a page may read, or `*`.
        expose: Vec<String> = texts(header).or_empty(),
        /// How long a browser caches the response to a preflight request, at most 1 day; -1 for not at all.
        max_age: Option<i32> = duration(-1..=86_400).optional(),
        /// Whether cookies are sent. AWS does not accept the origin `*` with it.
        credentials: bool = flag().default(false),
    }
}

impl Cors {
    /// In the form that is compared.
    pub(in crate::kinds) fn spec(&self) -> super::Cors {
        let Cors { origins, methods, headers, expose, max_age, credentials } = self;
        let own = super::Cors::new(origins, methods, headers, expose);
        super::Cors { allow_credentials: *credentials, ..own.kept_for(*max_age) }
    }
}

/// The shape of `api`.
fn api() -> Shape<Entry<Config>> {
    let decode = |value: Value| {
        let mut fields = value.fields(format!("`{}`", value.key.text))?;
        let common = Common::take(&mut fields);
        let config = Config::take(&mut fields);
        fields.know(&OF_EVERY_ENTRY);
        fields.finish();
        let (common, config) = (common?, config?);
        let name = config.name.clone().unwrap_or_else(|| value.cx.scope.names.stack.to_owned());
        Some(Entry::new(value, name, config).with(common))
    };
    let shape = Shape::new(Json::Null, decode)
        .described(|parts| entry_schema(object(&[Common::fields(), Config::fields()].concat(), parts)));
    part("api", Config::ABOUT, shape)
}

fn name_fits(api: &<Config as Section>::Decoded, fields: &mut Fields) {
    let Some(name) = &api.name else { return };
    let names = fields.names();
    let length = names.prefixed(name.as_deref().unwrap_or(names.stack)).chars().count();
    if length > MAX_NAME {
        let message =
            format!("with the environment's prefix the name has {length} characters; AWS allows {MAX_NAME}");
        fields.fail_at("name", message, None);
    }
}

fn origins_are_listed(cors: &<Cors as Section>::Decoded, fields: &mut Fields) {
    let origins = cors.origins.as_deref().unwrap_or_default();
    if cors.credentials == Some(true) && origins.iter().any(|origin| origin == "*") {
        let message = "with `credentials: true`, AWS does not allow the origin `*`";
        fields.fail_at("origins", message, help("list the origins, such as `https://example.com`"));
    }
}

fn texts(item: fn(Value) -> Option<String>) -> Shape<Vec<String>> {
    list(Shape::new(json!({ "type": "string" }), item))
}

fn routes_schema() -> Json {
    let methods = route_key::METHODS.join("|");
    let target = limited(mapping::<Target>().schema(&mut Parts::default()));
    json!({
        "type": ["object", "null"],
        "additionalProperties": { "oneOf": [{ "type": "string" }, target] },
        "maxProperties": MAX_ROUTES,
        "propertyNames": { "pattern": format!("^([$]default|({methods}) /[A-Za-z0-9.:_{{+}}/-]*)$") },
    })
}

fn routes(value: Value) -> Option<Vec<Route>> {
    let mut first: HashMap<String, &str> = HashMap::new();
    let mut count = 0;
    value.map(|entry| {
        count += 1;
        if count == MAX_ROUTES + 1 {
            entry.fail_key::<()>(format!("an API can have at most {MAX_ROUTES} routes"), None);
        }
        let key = entry.key.text.as_str();
        let target = target(entry);
        let pattern = route_key::pattern(entry)?;
        if let Some(other) = first.insert(pattern, key) {
            let message = format!("`{key}` is the same route as `{other}`");
            return entry
                .fail_key(message, help("they differ only in the names of their variables; keep one"));
        }
        let Target { function, alias } = target?;
        Some(Route { at: entry.key_at(), key: key.to_owned(), function, alias })
    })
}

fn target(value: Value) -> Option<Target> {
    match &value.node.kind {
        Kind::Null => {
            let message = format!("the route `{}` has no function", value.key.text);
            value.fail(message, help(format!("name one: `{}: FUNCTION`", value.key.text)))
        }
        Kind::List(_) => value.wrong_type("the name of a function", None),
        Kind::Map(_) => mapping().decode(value),
        _ => own_function(value).map(|function| Target { function, alias: None }),
    }
}

/// A function that may get a permission for the API.
fn own_function(value: Value) -> Option<String> {
    let name = entry_of::<Function>(value)?;
    if value.cx.scope.names.existing.contains(&(Function::SECTION, name.clone())) {
        let way = "declare the function in this stack, or put the route into the stack of the function";
        return value
            .fail(format!("`{name}` is `existing`, and a route needs a permission on it"), help(way));
    }
    Some(name)
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
    let methods = route_key::METHODS.into_iter().filter(|method| *method != "ANY");
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
    if is_header(text) || text == "*" {
        return Some(text.to_owned());
    }
    value.fail(format!("invalid header name `{text}`"), help("a header name looks like `content-type`"))
}
