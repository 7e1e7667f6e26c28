//! Random stacks as data, and their text. Every value of the data makes a valid stack: names come from small pools, so
//! that stacks overlap, and a reference takes whatever there is. Smaller data is a simpler stack, so that cases shrink.

use proptest::collection::{btree_map, btree_set};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The name of every stack that walks.
pub(super) const STACK: &str = "walk";

/// A role that the account has, for functions that bring none of their own.
pub(super) const EXISTING_ROLE: &str = "arn:aws:iam::123456789012:role/existing";

pub(super) const TABLES: &[&str] = &["notes", "pages", "words.old"];
/// IAM takes the roles of `save` and `Save` for one.
pub(super) const FUNCTIONS: &[&str] = &["save", "list", "Save", "show-all"];
const CODE: &[&str] = &["create_item", "get_item", "getAlls", "update_item", "delete_item"];
const ROUTES: &[&str] = &[
    "GET /",
    "POST /items",
    "GET /items/{id}",
    "DELETE /items/{id}",
    "ANY /admin/{proxy+}",
    "$default",
    "PUT /items",
];

/// A stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stack {
    /// By index into [`TABLES`].
    tables: BTreeMap<u8, Table>,
    /// By index into [`FUNCTIONS`].
    functions: BTreeMap<u8, Function>,
    api: Option<Api>,
    /// None, one or two tags, of which the first has this value.
    tag: u8,
    boundary: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Table {
    number: bool,
    sort: bool,
    /// On demand, or so many units.
    units: u8,
    ttl: u8,
    recovery: bool,
    protect: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Function {
    code: u8,
    /// Which of [`settings`] it has, and which of their values.
    settings: BTreeMap<u8, u8>,
    /// Which of [`VARIABLES`].
    environment: BTreeSet<u8>,
    /// What it may do with each table that there is.
    access: BTreeMap<u8, u8>,
    /// How many of [`POLICY`].
    policy: u8,
    /// Whether it brings no role of its own.
    existing_role: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Api {
    /// The function of each route, by index into [`ROUTES`].
    routes: BTreeMap<u8, u8>,
    name: bool,
    description: u8,
    cors: u8,
}

pub(super) fn stack() -> impl Strategy<Value = Stack> {
    let tables = btree_map(0..index(TABLES), table(), 0..=2);
    let functions = btree_map(0..index(FUNCTIONS), function(), 0..=3);
    let api = proptest::option::weighted(0.7, api());
    let rest = (rarely(3), proptest::bool::weighted(0.1));
    (tables, functions, api, rest).prop_map(|(tables, functions, api, (tag, boundary))| Stack {
        tables,
        functions,
        api,
        tag,
        boundary,
    })
}

fn index<T>(pool: &[T]) -> u8 {
    u8::try_from(pool.len()).unwrap_or(u8::MAX)
}

/// Mostly 0, and then a number below this one.
fn rarely(below: u8) -> impl Strategy<Value = u8> {
    prop_oneof![2 => Just(0), 1 => 0..below]
}

fn table() -> impl Strategy<Value = Table> {
    let flag = || proptest::bool::weighted(0.25);
    let protect = proptest::bool::weighted(0.1);
    (flag(), flag(), rarely(3), rarely(3), flag(), protect).prop_map(
        |(number, sort, units, ttl, recovery, protect)| Table { number, sort, units, ttl, recovery, protect },
    )
}

fn function() -> impl Strategy<Value = Function> {
    let settings = btree_map(0..index(SETTINGS), 0_u8..2, 0..=3);
    let environment = btree_set(0..index(VARIABLES), 0..=2);
    let access = btree_map(0..index(TABLES), 0..index(ACCESS), 0..=2);
    let rest = (rarely(3), proptest::bool::weighted(0.1));
    (0..index(CODE), settings, environment, access, rest).prop_map(
        |(code, settings, environment, access, (policy, existing_role))| Function {
            code,
            settings,
            environment,
            access,
            policy,
            existing_role,
        },
    )
}

fn api() -> impl Strategy<Value = Api> {
    let routes = btree_map(0..index(ROUTES), 0_u8..4, 0..=4);
    (routes, proptest::bool::weighted(0.2), rarely(3), rarely(index(CORS)))
        .prop_map(|(routes, name, description, cors)| Api { routes, name, description, cors })
}

/// Settings of a function, each with its two values. An ARN of the region of the walk would not do: each run gives it
/// another name.
const SETTINGS: &[(&str, [&str; 2])] = &[
    ("memory", ["256", "512"]),
    ("timeout", ["10", "29"]),
    ("description", ["Saves", "In ${region}"]),
    ("runtime", ["python3.12", "python3.14"]),
    ("architecture", ["arm64", "x86_64"]),
    ("log_retention", ["14", "90"]),
    ("reserved_concurrency", ["5", "0"]),
    ("layers", ["[\"arn:aws:lambda:eu-central-1:123456789012:layer:tools:1\"]", "[]"]),
];

const VARIABLES: &[&str] = &["LEVEL", "TABLE", "TABLE_ARN", "OTHER", "OTHER_ARN", "URL"];

const ACCESS: &[&str] =
    &["read", "write", "read-write", "[dynamodb:GetItem]", "[dynamodb:GetItem, dynamodb:Scan]"];

const POLICY: &[&str] = &[
    "{ Effect: Allow, Action: \"comprehend:Detect*\", Resource: \"*\" }",
    "{ Sid: Logs, Effect: Deny, Action: [s3:GetObject], Resource: [\"arn:aws:s3:::pictures-${account}/*\"] }",
];

const CORS: &[&str] = &[
    "",
    "{ origins: [\"*\"] }",
    "{ origins: [\"https://a.example\", \"https://b.example\"], methods: [GET, POST], max_age: 60 }",
    "{ origins: [\"https://a.example\"], headers: [X-Own, content-type], expose: [X-Own], credentials: true }",
];

impl Stack {
    /// The stack file.
    pub(super) fn text(&self) -> String {
        let mut text = format!("stack: {STACK}\n");
        match self.tag {
            0 => {}
            1 => text += "tags: { team: blue }\n",
            _ => text += "tags: { team: red, cost: '7' }\n",
        }
        if self.boundary {
            text += "permissions_boundary: arn:aws:iam::123456789012:policy/boundary\n";
        }
        self.write_tables(&mut text);
        self.write_functions(&mut text);
        self.write_api(&mut text);
        text
    }

    fn write_tables(&self, text: &mut String) {
        if !self.tables.is_empty() {
            *text += "tables:\n";
        }
        for (index, table) in &self.tables {
            let _ = writeln!(text, "  {}:", TABLES[usize::from(*index)]);
            let mut line = |line: &str| *text += &format!("    {line}\n");
            line(if table.number { "partition_key: { name: id, type: N }" } else { "partition_key: id" });
            if table.sort {
                line("sort_key: page");
            }
            match table.units {
                0 => {}
                units => line(&format!("billing: {{ read: {units}, write: 1 }}")),
            }
            match table.ttl {
                0 => {}
                1 => line("ttl: expires"),
                _ => line("ttl: ends"),
            }
            if table.recovery {
                line("point_in_time_recovery: true");
            }
            if table.protect {
                line("protect: true");
            }
        }
    }

    /// The names of the functions that are declared. Two whose roles differ only in case are refused.
    fn functions(&self) -> Vec<(&'static str, &Function)> {
        let all = self.functions.iter().map(|(index, function)| (FUNCTIONS[usize::from(*index)], function));
        all.filter(|(name, _)| *name != "Save" || !self.functions.contains_key(&0)).collect()
    }

    fn write_functions(&self, text: &mut String) {
        let functions = self.functions();
        if !functions.is_empty() {
            *text += "functions:\n";
        }
        for (name, function) in functions {
            let _ = writeln!(text, "  {name}:\n    code: lambdas/{}", CODE[usize::from(function.code)]);
            let mut line = |line: &str| *text += &format!("    {line}\n");
            let setting = |index: &u8| SETTINGS[usize::from(*index)];
            if !function.settings.keys().any(|index| setting(index).0 == "runtime") {
                line("runtime: python3.13");
            }
            for (index, value) in &function.settings {
                let (name, values) = setting(index);
                line(&format!("{name}: {}", values[usize::from(*value)]));
            }
            let variables = function.environment.iter().filter_map(|index| self.variable(*index));
            let variables: Vec<String> = variables.collect();
            if !variables.is_empty() {
                line("environment:");
                variables.iter().for_each(|variable| line(&format!("  {variable}")));
            }
            if function.existing_role {
                line(&format!("role: {EXISTING_ROLE}"));
                continue;
            }
            let access = function.access.iter().filter(|(table, _)| self.tables.contains_key(*table));
            let access: Vec<String> = access
                .map(|(table, access)| {
                    format!("{}: {}", TABLES[usize::from(*table)], ACCESS[usize::from(*access)])
                })
                .collect();
            if !access.is_empty() {
                line(&format!("access: {{ {} }}", access.join(", ")));
            }
            if function.policy > 0 {
                line("policy:");
                let statements = POLICY.iter().take(usize::from(function.policy));
                statements.for_each(|statement| line(&format!("  - {statement}")));
            }
        }
    }

    /// A variable of the environment; `None` where there is nothing that it could name.
    fn variable(&self, index: u8) -> Option<String> {
        let name = VARIABLES[usize::from(index)];
        let table = self.tables.keys().next().map(|index| TABLES[usize::from(*index)]);
        let function = self.functions().last().map(|(name, _)| *name);
        let value = match name {
            "TABLE" => format!("${{tables[\"{}\"].name}}", table?),
            "TABLE_ARN" => format!("${{tables[\"{}\"].arn}}", table?),
            "OTHER" => format!("${{functions.{}.name}}", function?),
            "OTHER_ARN" => format!("${{functions.{}.arn}}", function?),
            "URL" => self.api.as_ref().map(|_| "${api.url}/items".to_owned())?,
            _ => "debug".to_owned(),
        };
        Some(format!("{name}: '{value}'"))
    }

    fn write_api(&self, text: &mut String) {
        let Some(api) = &self.api else { return };
        *text += "api:\n";
        let mut line = |line: &str| *text += &format!("  {line}\n");
        line(if api.name { "name: another" } else { "name: walking" });
        match api.description {
            0 => {}
            1 => line("description: Of ${region}"),
            _ => line("description: For all"),
        }
        if api.cors > 0 {
            line(&format!("cors: {}", CORS[usize::from(api.cors)]));
        }
        let functions = self.functions();
        let routes = api.routes.iter().filter(|_| !functions.is_empty());
        let routes: Vec<String> = routes
            .map(|(route, function)| {
                let (function, _) = functions[usize::from(*function) % functions.len()];
                format!("  {}: {function}", ROUTES[usize::from(*route)])
            })
            .collect();
        if !routes.is_empty() {
            line("routes:");
            routes.iter().for_each(|route| line(route));
        }
    }
}
