//! Valid stacks, and what is read from them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Project, function, valid, valid_in};
use crate::config::{Body, Exchange, Json, Part, Target, Template};
use crate::kinds::function::section::Architecture;
use crate::kinds::table::section::{Billing, Key, KeyType};

const FULL: &str = r#"
stack: blog
region: eu-central-1
account: 012345678901
tags: { team: "a b", cost: 1.10 }
permissions_boundary: arn:aws:iam::012345678901:policy/limits/developer
variables: { greeting: hello }
tables:
  pages:
    partition_key: project
    sort_key: { name: page, type: N }
    billing: { read: 5, write: 6 }
    ttl: expires
    point_in_time_recovery: true
    protect: true
functions:
  save:
    code: code
    exclude: ["*.md", tests/]
    handler: pkg.mod.handler
    runtime: python3.13
    architecture: arm64
    memory: 512
    timeout: 30
    description: saves for ${env}
    environment: { PORT: 8080, DEBUG: true, TABLE: "${tables.pages.name}" }
    layers: ["arn:aws:lambda:eu-central-1:012345678901:layer:deps:3"]
    reserved_concurrency: 0
    access: { pages: [dynamodb:PutItem, dynamodb:GetItem, "dynamodb:Describe*", dynamodb:GetItem] }
    policy:
      - Sid: Detect
        Effect: Allow
        Action: [comprehend:Detect*, s3:GetObject]
        Resource: "*"
        Condition: { StringEquals: { aws:RequestedRegion: "${region}" } }
    log_retention: 7
  other: { code: code, runtime: python3.13, role: arn:aws:iam::012345678901:role/path/mine }
api:
  name: blog-api
  description: the blog
  cors:
    origins: ["https://example.com", "http://localhost:3000"]
    methods: [GET, POST]
    headers: [content-type]
    expose: [x-request-id]
    max_age: 600
    credentials: true
  routes:
    POST /pages/{project}: save
    ANY /{proxy+}: other
    $default: other
checks:
  - name: is there
    request: GET /pages/a?full=1
    headers: { accept: application/json, x-n: 1 }
    retry_for: 60
    expect: { status: 404, body: { code: 7 } }
    capture: { id: /items/0/id, all: "" }
  - request: POST /pages/${capture.id}
    body: { title: "${capture.id}", n: 1, price: 1.5, zip: 012, ok: true, none: null, list: [a, 2], quoted: "3" }
environments:
  prod: { account: 999999999999, region: us-east-1, protect: true, variables: { greeting: hi } }
  dev:
"#;

#[test]
fn top() {
    let stack = valid_in(FULL, Some("dev"));
    assert_eq!(stack.name, "blog");
    assert_eq!(stack.region.as_deref(), Some("eu-central-1"));
    assert_eq!(stack.account.as_deref(), Some("012345678901"));
    assert_eq!(stack.tags, BTreeMap::from([("team".into(), "a b".into()), ("cost".into(), "1.10".into())]));
    assert_eq!(
        stack.permissions_boundary.as_deref(),
        Some("arn:aws:iam::012345678901:policy/limits/developer")
    );
    assert!(stack.file.ends_with("stack.yaml") && stack.file.starts_with(&stack.folder));
    let dev = stack.environment.unwrap();
    assert_eq!((dev.name.as_str(), dev.protect), ("dev", false));
}

#[test]
fn an_environment_overrides_the_defaults() {
    let stack = valid_in(FULL, Some("prod"));
    assert_eq!(stack.region.as_deref(), Some("us-east-1"));
    assert_eq!(stack.account.as_deref(), Some("999999999999"));
    assert!(stack.environment.as_ref().unwrap().protect);
    // Names stay without the prefix, so that references find them.
    assert_eq!(stack.tables()[0].name, "pages");
}

#[test]
fn tables() {
    let stack = valid_in(FULL, Some("dev"));
    let table = &stack.tables()[0];
    assert_eq!((table.at.line, table.at.column), (9, 3));
    assert_eq!(table.partition_key, Key { name: "project".into(), kind: None });
    assert_eq!(table.sort_key, Some(Key { name: "page".into(), kind: Some(KeyType::N) }));
    assert_eq!(table.billing, Billing::Provisioned { read: 5, write: 6 });
    assert_eq!(table.ttl.as_deref(), Some("expires"));
    assert!(table.point_in_time_recovery == Some(35) && table.protect);
}

#[test]
fn functions() {
    let stack = valid_in(FULL, Some("dev"));
    let [save, other] = stack.functions() else { panic!("two functions") };
    assert_eq!((save.code.clone(), save.place("code").line), (Some(PathBuf::from("code")), 18));
    assert_eq!(save.exclude, ["*.md", "tests/"]);
    assert_eq!((save.handler(), save.runtime.as_str()), ("pkg.mod.handler", "python3.13"));
    assert_eq!((save.architecture.as_str(), save.memory, save.timeout), ("arm64", 512, 30));
    assert_eq!(save.description.parts, [Part::Text("saves for dev".into())]);
    assert_eq!(save.environment["PORT"].parts, [Part::Text("8080".into())]);
    assert_eq!(save.environment["DEBUG"].parts, [Part::Text("true".into())]);
    assert_eq!(
        save.environment["TABLE"].parts,
        [Part::Attribute { kind: "table", key: "pages".into(), attribute: "name" }]
    );
    assert_eq!(
        save.layers,
        [Target::Arn("arn:aws:lambda:eu-central-1:012345678901:layer:deps:3".to_owned())]
    );
    assert_eq!((save.reserved_concurrency, save.log_retention), (Some(0), 7));
    assert_eq!(save.access["pages"].actions, ["dynamodb:Describe*", "dynamodb:GetItem", "dynamodb:PutItem"]);
    let members: Vec<&str> = save.policy[0].members.keys().map(String::as_str).collect();
    assert_eq!(members, ["Action", "Condition", "Effect", "Resource", "Sid"]);
    assert_eq!(other.role, Some(Target::Arn("arn:aws:iam::012345678901:role/path/mine".to_owned())));
}

#[test]
fn routes_that_api_gateway_accepts() {
    for path in ["/", "/a:b", "/.well-known/x", "/a_b-c", "/{a.b:c_d-e}/{rest+}", "/v1.0/A/9", "/{proxy+}"] {
        let stack = valid(
            &function(&format!("timeout: 1800\napi: {{ routes: {{ 'GET {path}': f }} }}"))
                .replace("    api", "api"),
        );
        assert_eq!(stack.api().unwrap().routes[0].key, format!("GET {path}"));
    }
}

#[test]
fn variables_that_lambda_leaves_to_users() {
    for name in [
        "TZ",
        "LANG",
        "PATH",
        "LD_LIBRARY_PATH",
        "NODE_PATH",
        "PYTHONPATH",
        "AWS_LAMBDA_DOTNET_PREJIT",
        "AWS_LAMBDA_EXEC_WRAPPER",
        "AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING",
        "AWS_XRAY_CONTEXT_MISSING",
        "AWS_XRAY_DAEMON_ADDRESS",
        "AWS_PROFILE",
    ] {
        let stack = valid(&function(&format!("environment: {{ {name}: x }}")));
        assert!(stack.functions()[0].environment.contains_key(name), "{name}");
    }
}

#[test]
fn defaults() {
    let stack = valid(&(function("") + "tables:\n  users: { partition_key: id }\napi:\nchecks:\n"));
    let table = &stack.tables()[0];
    assert_eq!((table.billing, table.sort_key.is_some(), table.protect), (Billing::OnDemand, false, false));
    let function = &stack.functions()[0];
    assert_eq!(function.handler(), "lambda_function.lambda_handler");
    assert_eq!((function.memory, function.timeout, function.log_retention), (128, 3, 30));
    assert_eq!(function.architecture, Architecture::X86_64);
    assert_eq!(function.description, Template::default());
    let api = stack.api().unwrap();
    assert_eq!((api.name.as_str(), api.routes.len(), api.cors.clone()), ("demo", 0, None));
    assert!(stack.environment.is_none() && stack.checks.is_empty());
    let empty = valid("stack: demo\ntables:\nfunctions:\ntags:\n");
    assert!(empty.tables().is_empty() && empty.functions().is_empty() && empty.api().is_none());
}

#[test]
fn words_for_access() {
    let access = |word: &str| {
        let yaml =
            function(&format!("access: {{ users: {word} }}")) + "tables:\n  users: { partition_key: id }\n";
        let actions = valid(&yaml).functions()[0].access["users"].actions.join(" ");
        actions.replace("dynamodb:", "")
    };
    let read = "BatchGetItem ConditionCheckItem GetItem Query Scan";
    assert_eq!(access("read"), read);
    assert_eq!(access("write"), "BatchWriteItem DeleteItem PutItem UpdateItem");
    assert_eq!(
        access("read-write"),
        "BatchGetItem BatchWriteItem ConditionCheckItem DeleteItem GetItem PutItem Query Scan UpdateItem"
    );
}

#[test]
fn api() {
    let stack = valid_in(FULL, Some("dev"));
    let api = stack.api().unwrap();
    assert_eq!(api.name, "blog-api");
    assert_eq!(api.description.parts, [Part::Text("the blog".into())]);
    let cors = api.cors.clone().unwrap();
    assert_eq!(cors.origins, ["https://example.com", "http://localhost:3000"]);
    assert_eq!((cors.methods.join(" "), cors.headers.join(" ")), ("GET POST".into(), "content-type".into()));
    assert_eq!(
        (cors.expose.join(" "), cors.max_age, cors.credentials),
        ("x-request-id".into(), Some(600), true)
    );
    let routes: Vec<(&str, &str)> =
        api.routes.iter().map(|route| (route.key.as_str(), route.function.as_str())).collect();
    assert_eq!(
        routes,
        [("POST /pages/{project}", "save"), ("ANY /{proxy+}", "other"), ("$default", "other")]
    );
}

#[test]
fn checks_act_on_entries() {
    let entries = "queues: { work: {} }\ntables: { orders: { partition_key: id } }\n";
    let functions = "functions: { f: { code: code, runtime: python3.13 } }\n";
    let checks = "checks:
  - { invoke: f/live, event: { id: 1 }, expect: { error: no } }
  - { send: { queue: work, body: { id: 1 }, group: 7 } }
  - { message: { queue: work }, retry_for: 30 }
  - { item: { table: orders, key: { id: a } }, expect: { exists: false }, name: gone }
  - { request: 'PUT https://example.com/${region}', text: hi, expect: { headers: { x-a: b }, text: part } }
";
    let stack = valid(&format!("stack: demo\n{entries}{functions}{checks}"));
    let names: Vec<&str> = stack.checks.iter().map(|check| check.name.as_str()).collect();
    let url = "PUT https://example.com/${region}";
    assert_eq!(names, ["invoke f/live", "send queue work", "message queue work", "gone", url]);
    assert_eq!(
        stack.checks.iter().map(|check| check.reads()).collect::<Vec<_>>(),
        [false, false, true, true, false]
    );
    let on = |index: usize| match &stack.checks[index].exchange {
        Exchange::Act(on) => on,
        other => panic!("{other:?}"),
    };
    assert_eq!((on(0).key.as_str(), on(0).part.as_deref()), ("f", Some("live")));
    assert!(matches!(on(0).fields["event"], Json::Map(_)) && stack.checks[0].expect.error.is_some());
    assert!(matches!(on(1).body, Body::Json(_)) && on(1).fields.contains_key("group"));
    assert!(stack.checks[3].expect.is_absent);
    assert!(stack.checks[4].request().is_some_and(|sent| sent.is_absolute && sent.method == "PUT"));
}

#[test]
fn checks() {
    let stack = valid_in(FULL, Some("dev"));
    let [first, second] = stack.checks.as_slice() else { panic!("two checks") };
    let [get, post] = [first, second].map(|check| check.request().expect("a request"));
    assert_eq!((first.name.as_str(), get.method.as_str()), ("is there", "GET"));
    assert_eq!(get.path.parts, [Part::Text("/pages/a?full=1".into())]);
    assert_eq!(get.headers["x-n"].parts, [Part::Text("1".into())]);
    assert_eq!((first.expect.status(), first.retry_for), (404, 60));
    assert_eq!(first.capture["id"], "/items/0/id");
    assert_eq!(first.capture["all"], "");
    assert_eq!((second.name.as_str(), second.expect.status()), ("POST /pages/${capture.id}", 200));
    assert_eq!(post.path.parts, [Part::Text("/pages/".into()), Part::Capture("id".into())]);
    let Body::Json(Json::Map(body)) = &post.body else { panic!("a body") };
    assert_eq!(body["n"], Json::Number(1.into()));
    assert_eq!((&body["ok"], &body["none"]), (&Json::Bool(true), &Json::Null));
    let texts = ["title", "zip", "quoted"].map(|key| match &body[key] {
        Json::Text(template) => template.parts.clone(),
        other => panic!("{other:?}"),
    });
    assert_eq!(texts[0], [Part::Capture("id".into())]);
    assert_eq!(texts[1], [Part::Text("012".into())]);
    assert_eq!(texts[2], [Part::Text("3".into())]);
}

#[test]
fn anchors_and_merge_keys() {
    let stack = valid(
        r"stack: demo
functions:
  f: &f { code: code, runtime: python3.13, memory: 256 }
  g: *f
  h:
    <<: *f
    timeout: 9
",
    );
    let sizes: Vec<(u32, u32)> =
        stack.functions().iter().map(|function| (function.memory, function.timeout)).collect();
    assert_eq!(sizes, [(256, 3), (256, 3), (256, 9)]);
}

#[test]
fn a_fault_below_an_anchor_is_reported_once() {
    let yaml = "stack: demo\nfunctions:\n  f: &f { code: code, runtime: python3.13, memory: 1 }\n  g: *f\n";
    assert_eq!(Project::new().load(yaml, None).unwrap_err().items().len(), 1);
}

#[test]
fn marks_and_line_endings_of_other_systems() {
    let project = Project::new();
    assert_eq!(
        project.errors("\u{feff}stack: demo\r\ntables:\r\n  users: { partition_key: id }\r\n", None),
        "(no error)"
    );
    let errors = project.load("\u{feff}stack: demo\r\ntabels:\r\n", None).unwrap_err();
    assert_eq!((errors.items()[0].at.line, errors.items()[0].at.column), (2, 1));
}
