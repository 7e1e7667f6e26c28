//! Stacks to plan for, and the way from their text to a graph.

use crate::config::{Options, Stack, load};
use crate::desired::{lower, wanted};
use crate::lower::{Packages, identity};
use crate::model::{Graph, Scope};
use std::path::Path;

/// Two functions, a table and an API with three routes.
pub(crate) const SMALL: &str = "
stack: notes
tables:
  notes: { partition_key: id }
functions:
  save:
    code: code
    runtime: python3.13
    environment: { TABLE: \"${tables.notes.name}\" }
    access: { notes: write }
  list:
    code: code
    runtime: python3.13
    access: { notes: read }
api:
  routes:
    POST /notes: save
    GET /notes: list
    GET /notes/{id}: list
";

/// A stack with every field set.
pub(crate) const FULL: &str = r#"
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
    handler: lambda_function.handler
    runtime: python3.13
    architecture: arm64
    memory: 512
    timeout: 30
    description: ${var.greeting}, saves to ${tables.pages.arn} for ${env}
    environment: { PORT: 8080, DEBUG: true, TABLE: "${tables.pages.name}", URL: "${api.url}", NEXT: "${functions.other.arn}" }
    layers: ["arn:aws:lambda:eu-central-1:012345678901:layer:deps:3"]
    reserved_concurrency: 0
    access: { pages: [dynamodb:PutItem, dynamodb:GetItem, "dynamodb:Describe*"] }
    policy:
      - Sid: Detect
        Effect: Allow
        Action: [s3:GetObject, comprehend:Detect*]
        Resource: "*"
        Condition: { StringEquals: { aws:RequestedRegion: ["${region}"] }, Bool: { aws:SecureTransport: true } }
      - Effect: Allow
        Action: lambda:InvokeFunction
        Resource: ["${functions.other.arn}"]
    log_retention: 7
  other:
    code: code
    runtime: python3.13
    role: arn:aws:iam::012345678901:role/path/mine
    environment: { BACK: "${functions.save.arn}" }
api:
  name: blog-api
  description: the blog of ${account}
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
environments: { dev: , prod: { region: us-east-1 } }
"#;

/// The stack that is shipped with the project.
pub(crate) fn shipped() -> Stack {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("stack.yaml");
    read(&file, None)
}

/// The stack of a text, for no environment.
pub(crate) fn stack(yaml: &str) -> Stack {
    stack_in(yaml, None)
}

/// The stack of a text; all code lies in the folder `code`.
pub(crate) fn stack_in(yaml: &str, environment: Option<&str>) -> Stack {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("code")).unwrap();
    std::fs::write(folder.path().join("code/lambda_function.py"), "").unwrap();
    let file = folder.path().join("stack.yaml");
    std::fs::write(&file, yaml).unwrap();
    read(&file, environment)
}

fn read(file: &Path, environment: Option<&str>) -> Stack {
    load(file, &Options { sections: crate::kinds::sections(), environment, process: &|_| None, known: None })
        .unwrap_or_else(|faults| panic!("{faults}"))
}

/// The scope of a stack in the account 123456789012 unless it names one, and its graph.
pub(crate) fn lowered(stack: &Stack) -> (Scope, Graph) {
    let region = stack.region.clone().unwrap_or_else(|| "eu-west-1".to_owned());
    let account = stack.account.clone().unwrap_or_else(|| "123456789012".to_owned());
    let mut scope = Scope {
        identity: identity(stack),
        partition: "aws".to_owned(),
        account,
        region,
        wanted: [].into(),
        tag_keys: Default::default(),
        existing: [].into(),
        protected: [].into(),
        destroy: false,
    };
    let hash = |name: &String| (name.clone(), format!("sha256 of {name}"));
    let packages: Packages = stack.functions().iter().map(|function| hash(&function.name)).collect();
    let graph = lower(stack, &scope, &packages);
    scope.tag_keys = crate::lower::tag_keys(stack, &graph);
    scope.wanted = wanted(graph.clone());
    (scope, graph)
}

/// The graph of a text.
pub(crate) fn graph(yaml: &str) -> Graph {
    lowered(&stack(yaml)).1
}

/// The graph of a text with one part of it written differently.
pub(crate) fn graph_with(yaml: &str, from: &str, to: &str) -> Graph {
    assert!(yaml.contains(from), "`{from}` is not in the stack");
    graph(&yaml.replace(from, to))
}
