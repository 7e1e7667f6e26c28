//! Each kind of error, as the user reads it.

use super::{Project, api, check, check_each, check_in, checks, function, table};

#[test]
fn yaml() {
    check(
        "yaml",
        &[
            "",
            "# nothing but a comment\n",
            "- stack: demo\n",
            "just text",
            "stack: demo\ntables:\n\tusers: {}\n",
            "stack: demo\ntables: [a\napi: {}\n",
            "stack: demo\napi: b: c\n",
            "stack: 'demo\n",
            "stack: demo\napi:\n  cors: { origins: [*] }\n",
            "stack: @demo\n",
            "stack: demo\ntables\n",
            "stack: demo\n---\nstack: other\n",
            "stack: demo\n...\nother\n",
            "stack: !Ref Name\ntags: !Tags { a: !Sub 'x', b: !!str 5, c: ! d }\nregion: !x [y]\n",
            "stack: !e!x demo\n",
            "stack: *demo\n",
            "stack: demo\ntags: { a: \"\\0\" }\n",
            "stack: demo\ntables: &t { users: *t }\n",
            "stack: demo\n? [tables]\n: {}\n",
            &format!("stack: demo\ntags: {}1{}\n", "{ a: ".repeat(40), " }".repeat(40)),
            &format!(
                "a: &a [x]\nb: &b [{0}]\nc: &c [{1}]\nd: [{2}]\n",
                "*a,".repeat(100),
                "*b,".repeat(100),
                "*c,".repeat(100)
            ),
        ],
    );
}

/// What only looks like a space, as it comes with text that is copied from a web page.
#[test]
fn spaces_that_are_none() {
    let function = "stack: demo\nfunctions:\n  f:\n    code: code\n    runtime: python3.13\n";
    check(
        "spaces",
        &[
            &format!("{function}\u{a0}\u{a0}\u{a0}\u{a0}memory: 256\n"),
            &format!("{function}    \u{a0}memory: 256\n"),
            &format!("{function}  \u{202f} memory: 256\n"),
            &format!("{function}      \u{a0}memory: 256\n"),
            &format!("{function}    \u{200b}memory: 256\n"),
            &format!("{function}    memory:\u{a0}256\n"),
            &format!("{function}    memory: \u{a0}256\n"),
            &format!("{function}    mem\u{ad}ory: 256\n"),
            "stack: demo\ntags:\n\u{3000}\u{3000}team: blue\n",
            "stack: demo\napi:\n  cors:\n    origins:\n\u{a0}   - '*'\n",
            "stack:\u{a0}demo\n",
            "stack\u{a0}: demo\n",
            "stack: my\u{a0}blog\n",
            "stack: demo\ntags: { a: \"two\u{a0}words\" }\n",
        ],
    );
}

#[test]
fn keys() {
    check(
        "keys",
        &[
            "tables: {}\n",
            "stacks: demo\n",
            "stack: demo\ntabels: {}\n",
            "stack: demo\nresources: {}\n",
            "stack: demo\nregion: eu-central-1\nstack: other\nregion: eu-west-1\n",
            "stack: demo\ntags: { 1: a, '1': b, ~: c, '~': d }\n",
            "stack: demo\ntags: &t { a: b, <<: *t }\n",
            "stack: demo\ntags: { a: b, <<: [{ c: d }, x] }\nvariables: { <<: y, a: b }\n",
            r"stack: demo
tables:
  users:
    partition_key: id
    sort: at
    protect: true
    protect: true
",
            "stack: demo\nfunctions:\n  f:\n",
            "stack: demo\nfunctions:\n  f: { code: code, runtime: python3.13, timout: 3 }\n",
            "stack: demo\nfunctions:\n  f: { code: code, runtme: python3.13 }\n",
        ],
    );
}

#[test]
fn many_at_once() {
    check(
        "many_at_once",
        &[r"stack: Demo
region: eu_central_1
account: 1234
tables:
  tbl_comment: { partition: uuid }
functions:
  get_item:
    code: lambdas/get_itm
    runtime: node20
    memory: 64
    environment:
      AWS_REGION: x
      TABLE: ${tables.tbl_coment.name}
    access: { tbl_comment: reed }
api:
  routes:
    get /items: get_items
    GET /items/{id: get_item
checks:
  - request: GET /items/${capture.id}
"],
    );
}

#[test]
fn types() {
    check(
        "types",
        &[
            r"stack: [demo]
tags: [a]
tables: { users: id }
functions: f
api: yes
checks: { request: GET / }
",
            &table("point_in_time_recovery: yes\nprotect: 1\nbilling: [5, 5]"),
            &function(
                r"memory: 128MB
timeout: 1.5
handler: { a: b }
layers: arn:aws:x
environment: [A=1]
policy: {}",
            ),
            &function("environment: { AA: [1], BB: , CC: { D: e } }\ndescription:"),
        ],
    );
}

#[test]
fn top() {
    let many = |count: usize| -> String { (0..count).map(|n| format!("  tag-{n}: x\n")).collect() };
    check(
        "top",
        &[
            "stack: My Blog\n",
            "stack: 1st\n",
            "stack: a-name-that-is-longer-than-aws-allows\n",
            "stack: demo\nregion: eu-centrl-1\n",
            "stack: demo\nregion: Frankfurt\n",
            "stack: demo\nregion: us-east-1a\nenvironments: { dev: { region: US-GOV-WEST-1 } }\n",
            "stack: demo\naccount: 1234-5678-9012\n",
            "stack: demo\naccount: 12345678901\n",
            "stack: demo\npermissions_boundary: arn:aws:iam::123456789012:role/x\n",
            "stack: demo\ntags: { 'aws:x': a, 'Provision:x': b, 'a;b': c, team: 'a;b', '': x }\n",
            &format!("stack: demo\ntags:\n  {}: x\n  long: {}\n", "k".repeat(129), "v".repeat(257)),
            &format!("stack: demo\ntags:\n{}", many(48)),
            "stack: demo\nregion: ${process.AWS_REGION}\ntags: { env: '${env}' }\nvariables: { a: '${env}' }\n",
        ],
    );
}

#[test]
fn tags_that_differ_only_in_case() {
    let tags = "stack: demo\ntags: { Team: blue, team: red, TEAM: green, cost: a }\n";
    let function = "code: code, runtime: python3.13";
    let role = "role: 'arn:aws:iam::123456789012:role/x'";
    check(
        "tags_in_case",
        &[
            &format!("{tags}functions:\n  f: {{ {function}, {role} }}\n  g: {{ {function} }}\n"),
            &format!("{tags}functions:\n  f: {{ {function}, {role} }}\n"),
            tags,
        ],
    );
}

#[test]
fn environments() {
    let project = Project::new();
    let listed = "stack: demo\nenvironments:\n  dev: {}\n  prod: { protect: true }\n";
    check_in(&project, Some("prd"), "environments_unlisted", &[listed, "stack: demo\nenvironments: {}\n"]);
    check_in(&project, Some("Prod!"), "environments_name", &["stack: demo\n"]);
    check(
        "environments",
        &[
            "stack: demo\nenvironments: [dev, prod]\n",
            r"stack: demo
environments:
  Dev: { regoin: eu-west-1 }
  prod: { account: 12, protect: ja, variables: { 'a b': c } }
",
        ],
    );
    let table = "t".repeat(252);
    let function = "f".repeat(56);
    let long = format!(
        r"stack: demo
tables:
  {table}: {{ partition_key: id }}
functions:
  {function}: {{ code: code, runtime: python3.13 }}
api:
  name: {}
",
        "a".repeat(126)
    );
    check_in(&project, Some("prod"), "environments_long", &[&long]);
}

#[test]
fn tables() {
    check_each(
        "tables",
        table,
        &[
            "sort_key: id",
            "sort_key: { name: at, type: Number }",
            "sort_key: { nam: at }",
            "sort_key: [at, N]",
            "billing: on_demand",
            "billing: provisioned",
            "billing: { read: 0, write: 5, wirte: 5 }",
            "billing: { read: 5 }",
            "ttl: id",
            "sort_key: at\nttl: at",
            "ttl: ''",
        ],
    );
    check(
        "tables_names",
        &["stack: demo\ntables:\n  ab: { partition_key: id }\n  my table: { partition_key: id }\n  none:\n"],
    );
}

#[test]
fn functions() {
    check_each(
        "functions",
        function,
        &[
            "memory: 64\ntimeout: 1801\nreserved_concurrency: -1\nlog_retention: 31",
            "architecture: arm",
            "architecture: mips",
            "layers: ['arn:aws:lambda:eu-west-1:123456789012:layer:x', layer]",
            "reserved_concurrency: 9999999999",
            "role: admin",
            "role: arn:aws:iam::123456789012:role/x\naccess: {}\npolicy: []\nmanaged_policies: []",
            &format!("handler: {}.h", "h".repeat(127)),
            &format!("layers: [{}]", "'arn:aws:lambda:eu-west-1:123456789012:layer:x:1', ".repeat(6)),
            r"environment:
  AWS_REGION: x
  AWS_LAMBDA_FUNCTION_NAME: x
  _HANDLER: x
  AWS_ACCESS_KEY_ID: x
  1A: x
  A-B: x
  A: x",
            "exclude: ['']",
        ],
    );
    let long = "f".repeat(60);
    check(
        "functions_names",
        &[
            "stack: demo\nfunctions:\n  get item: { code: code, runtime: python3.13 }\n",
            &format!("stack: demo\nfunctions:\n  {long}: {{ code: code, runtime: python3.13 }}\n"),
            r"stack: demo
functions:
  Foo: { code: code, runtime: python3.13 }
  foo: { code: code, runtime: python3.13 }
",
        ],
    );
}

#[test]
fn runtimes() {
    let runtime = |text: &str| {
        format!("stack: demo\nfunctions:\n  f: {{ code: code, handler: a.b, runtime: {text} }}\n")
    };
    let texts = [
        "python-3.13",
        "Python3.13",
        "python",
        "node20",
        "nodejs20",
        "python3.7",
        "python3.3",
        "python2.7",
        "nodejs14.x",
        "ruby2.7",
        "dotnet5.0",
        "java8",
        "node12",
        "go1.x",
        "rust",
        "cobol",
    ];
    let cases: Vec<String> = texts.iter().map(|text| runtime(text)).collect();
    check("runtimes", &cases.iter().map(String::as_str).collect::<Vec<&str>>());
}

#[test]
fn access() {
    let access = |text: &str| {
        function(&format!("access:\n  users: {text}")) + "tables:\n  users: { partition_key: id }\n"
    };
    let texts = [
        "readwrite",
        "GetItem",
        "all of it",
        "[]",
        "[GetItem]",
        "[dynamodb:GetItm]",
        "[dynamodb:getitem]",
        "[dynamodb:Xyz*]",
        "[read]",
        "[s3:GetObject]",
        "{ read: true }",
        "",
    ];
    let cases: Vec<String> = texts.iter().map(|text| access(text)).collect();
    check("access", &cases.iter().map(String::as_str).collect::<Vec<&str>>());
    check(
        "access_tables",
        &[
            &(function("access: { user: read }") + "tables:\n  users: { partition_key: id }\n"),
            &function("access: { users: read }"),
            &function("access: read"),
        ],
    );
}

#[test]
fn policies() {
    check_each(
        "policies",
        function,
        &[
            "policy: { Effect: Allow }",
            "policy: [s3:GetObject]",
            "policy:\n- { effect: Allow, action: s3:GetObject, resource: '*' }",
            "policy:\n- { Effect: allow, Action: s3GetObject, Resource: bucket }",
            "policy:\n- { Sid: a b, Action: '*' }",
            "policy:\n- { Effect: Allow, Action: '*', NotAction: 's3:*', NotResource: '*', Resource: [] }",
            "policy:\n- { Effect: Allow, Action: 's3:*', Resource: '*', Principal: '*', Condtion: {} }",
            "policy:\n- { Effect: Allow, Action: 's3:*', Resource: '*', Condition: { StringEquals: x } }",
            "policy:\n- { Effect: Allow, Action: 's3:*', Resource: '*', Condition: { $template: {}, StringEquals: { $template: [a] } } }",
            "policy:\n- { Effect: Allow, Action: 'lambda:*', Resource: '${functions.f.name}' }",
            r"policy:
- { Sid: A, Effect: Deny, Action: '*', Resource: '*' }
- { Sid: A, Effect: Deny, Action: '*', Resource: '*' }",
        ],
    );
}

#[test]
fn routes() {
    let route = |key: &str| api(&format!("routes:\n  {key}: get_item"));
    let keys = [
        "get /items",
        "/items",
        "/items GET",
        "items",
        "GTE /items",
        "FETCH /items",
        "GET items",
        "GET  /items",
        "ANY $default",
        "$Default",
        "GET /a?b=c",
        "GET /a b",
        "GET /items/{id",
        "GET /items/x{id}",
        "GET /items/:id",
        "GET /{}",
        "GET /{a b}",
        "GET /{proxy+}/x",
        "GET /{id}/{id}",
        "GET /items/",
        "GET //double",
        "GET //",
        "GET /items/*",
        "GET /items/*rest",
        "GET /*/x",
        "GET /a%20b",
        "GET /größe",
        "GET /@me",
        "GET /<id>",
        "GET /<int:id>/x",
        "GET /[id]",
        "GET /[...slug]",
        "GET /{id:[0-9]+}",
        "GET /{rest*}",
        "GET /{id?}",
        "GET /(a|b)",
        "GET /x\\y",
        "GET /items?page={page}",
        "GET /items#top",
    ];
    let cases: Vec<String> = keys.iter().map(|key| route(key)).collect();
    check("routes", &cases.iter().map(String::as_str).collect::<Vec<&str>>());
    let many: String = (0..301).map(|n| format!("\n  GET /{n}: get_item")).collect();
    check_each(
        "routes_functions",
        api,
        &[
            "routes:\n  GET /items: get_itm\n  PUT /items: other\n  POST /items:\n  DELETE /items: [get_item]",
            "routes:\n  GET /a/{x}: get_item\n  GET /a/{y}: put_item\n  PUT /a/{x}: put_item",
            "routes:\n  GET /a: get_item\n  GET /a: put_item",
            &format!("routes:{many}"),
        ],
    );
}

#[test]
fn apis() {
    check_each(
        "apis",
        api,
        &[
            "name: ''",
            "cors: {}",
            "cors: { origins: ['*'], credentials: true }",
            "cors: { origins: [example.com, 'https://example.com/', 'https://example.com/app', '://'] }",
            "cors: { origins: ['null', null, localhost:3000, 127.0.0.1, 'a b', '*.example.com', example] }",
            "cors: { origins: ['*'], methods: [get, ANY, FETCH], headers: ['a b'], expose: ['x:y'], max_age: 86401 }",
            "cors: '*'",
            "cors: { origins: '*' }",
        ],
    );
}

#[test]
fn requests() {
    check_each(
        "checks",
        checks,
        &[
            "- GET /items",
            "- name: nothing",
            "- request: /items",
            "- request: get /items",
            "- request: ANY /items",
            "- request: GET items",
            "- request: GET /items/{id}",
            "- request: GET /a b",
            "- request: GET /\n  expect: { status: 600, boby: {} }",
            "- request: GET /\n  expect: 200",
            "- request: GET /\n  capture: { id: '$.items[0].id', a b: /x, c: '/~x' }",
            "- request: GET /\n  headers: { 'a b': x }\n  retry_for: 901",
            "- request: POST /\n  retry_for: 60",
        ],
    );
    check("checks_without_api", &["stack: demo\nchecks:\n  - request: GET /\n"]);
}

#[test]
fn acts() {
    let around = |lines: &str| {
        let lines = lines.replace('\n', "\n  ");
        let entries = "queues: { work: {}, steps: { fifo: true } }\ntopics: { turns: { fifo: true } }\ntables: { orders: { partition_key: id } }\n";
        let function = "functions: { f: { code: code, runtime: python3.13 } }\n";
        format!("stack: demo\n{entries}{function}checks:\n  {lines}\n")
    };
    check_each(
        "acts",
        around,
        &[
            "- send: work",
            "- send: { queues: work }",
            "- send: { queue: steps, text: a }",
            "- send: { topic: turns, text: a }",
            "- send: { queue: wrok }",
            "- send: { queue: work, boby: 1 }",
            "- send: { queue: work, body: 1, text: a, group: [] }",
            "- send: { queue: work, file: none.json }",
            "- send: { queue: work, file: ../above.json }",
            "- send: { queue: work, file: code }",
            "- item: { table: orders }",
            "- item: { table: orders, key: 1 }",
            "- invoke: g",
            "- invoke: { f: 1 }",
            "- { send: { queue: work }, message: { queue: work } }",
            "- { send: { queue: work }, body: 1, headers: { a: b }, event: {} }",
            "- { request: 'GET https://example.com/', text: a, body: 1 }",
            "- { invoke: f, expect: { status: 200, exists: false } }",
            "- { message: { queue: work }, expect: { error: a } }",
            "- { send: { queue: work }, retry_for: 5 }",
            "- { request: GET /relative }",
            "- { invoke: f, as: iam }",
            "- { request: 'GET https://example.com/', as: ada }",
        ],
    );
}
