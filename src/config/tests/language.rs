//! Values anywhere, environments that differ, defaults, names and tags.

use super::{Project, check, check_in, valid, valid_in};
use crate::config::{Part, Target};

/// A stack whose one function has these fields, and whose top has these.
fn stack(top: &str, function: &str) -> String {
    format!("stack: demo\n{top}\nfunctions:\n  f: {{ code: code, runtime: python3.13, {function} }}\n")
}

#[test]
fn a_value_has_the_type_of_what_stands_for_it() {
    let top = "variables:
  memory: 512
  quoted: '256'
  flag: true
  name: lambda_function
  level: read
  key: { name: at, type: N }
  billing: { read: 1, write: 2 }
  lists: [code/x, '${var.name}']
  nothing:
tables:
  items: { partition_key: id, sort_key: '${var.key}', billing: '${var.billing}', protect: '${var.flag}' }";
    let function = "memory: '${var.memory}', timeout: '1${var.nothing-else}', handler: '${var.name}.handler', exclude: '${var.lists}', \
                    access: { items: '${var.level}' }, layers: '${var.nothing}', log_retention: '${process.DAYS}'";
    let yaml = stack(top, function).replace("  nothing:", "  nothing:\n  nothing-else: 0");
    let project = Project::new();
    project.write("stack.yaml", &yaml);
    let process = |name: &str| (name == "DAYS").then(|| "14".to_owned());
    let options = crate::config::Options {
        sections: crate::kinds::sections(),
        environment: None,
        process: &process,
        known: None,
    };
    let stack = crate::config::load(&project.path().join("stack.yaml"), &options)
        .unwrap_or_else(|errors| panic!("{errors}"));
    let function = &stack.functions()[0];
    assert_eq!((function.memory, function.timeout, function.log_retention), (512, 10, 14));
    assert_eq!(function.handler(), "lambda_function.handler");
    assert_eq!(function.exclude, ["code/x", "lambda_function"]);
    assert!(function.layers.is_empty());
    let table = &stack.tables()[0];
    assert_eq!(table.sort_key.as_ref().map(|key| key.name.as_str()), Some("at"));
    assert!(table.protect);
}

#[test]
fn words_about_the_stack_are_values() {
    let yaml = stack(
        "environments: { dev: }",
        "description: '${stack} ${env} ${prefix}x', exclude: ['${prefix}${stack}']",
    );
    let stack = valid_in(&yaml, Some("dev"));
    let function = &stack.functions()[0];
    assert_eq!(function.description.parts, [Part::Text("demo dev dev-x".into())]);
    assert_eq!(function.exclude, ["dev-demo"]);
    let none = valid(&yaml.replace("${env} ", ""));
    assert_eq!(none.functions()[0].exclude, ["demo"]);
}

#[test]
fn nothing_is_filled_in_twice() {
    let top = "variables: { a: '$${var.b}', b: x }";
    let stack = valid(&stack(
        top,
        "environment: { AA: '${var.a} ${var.b}', BB: '$${var.b}' }, exclude: ['${var.a}', '$${x}']",
    ));
    let function = &stack.functions()[0];
    assert_eq!(function.environment["AA"].parts, [Part::Text("${var.b} x".into())]);
    assert_eq!(function.environment["BB"].parts, [Part::Text("${var.b}".into())]);
    assert_eq!(function.exclude, ["${var.b}", "${x}"]);
}

#[test]
fn a_variable_may_refer_to_others_and_to_resources() {
    let top =
        "variables: { a: '${var.b}/x', b: '${tables.items.arn}' }\ntables: { items: { partition_key: id } }";
    let stack = valid(&stack(top, "environment: { AA: '${var.a}' }"));
    let of_table = Part::Attribute { kind: "table", key: "items".into(), attribute: "arn" };
    assert_eq!(stack.functions()[0].environment["AA"].parts, [of_table, Part::Text("/x".into())]);
}

#[test]
fn errors_of_values() {
    let project = Project::new();
    let cases = [
        stack("variables: { memory: 64 }", "memory: '${var.memory}'"),
        stack("variables: { memory: big }", "memory: '${var.memory}', timeout: '${var.memory}0'"),
        stack(
            "variables: { list: [1], map: { a: 1 }, nothing: }",
            "memory: '${var.list}', handler: 'a${var.list}', description: 'a${var.map}', exclude: ['x${var.nothing}']",
        ),
        stack("variables: { a: '${var.b}', b: '${var.a}' }", "description: '${var.a}'"),
        stack(
            "tables: { items: { partition_key: id } }",
            "memory: '${tables.items.arn}', handler: '${region}.x'",
        ),
        stack("variables: { a: '${var.unheard}' }", "description: '${var.a}'"),
        stack("", "handler: 'a.${var'"),
        stack("variables: { layer: 'arn:x' }", "layers: ['${var.layer}']"),
        stack("environments: { prod: { variables: { x: 1 } } }", "memory: '${var.x}'"),
    ];
    let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
    check_in(&project, None, "values", &cases);
}

const LIMITED: &str = "stack: demo
environments: { dev: , prod: }
tables:
  kept: { partition_key: id }
  big: { partition_key: id, only: [prod] }
functions:
  f:
    code: code
    runtime: python3.13
  debug: { code: code, runtime: python3.13, except: prod }
api:
  routes:
    GET /a: f
    GET /debug: { function: debug, except: [prod] }
    GET /b: { function: f, only: [prod, dev] }
checks:
  - { request: GET /a, only: [prod] }
  - { request: GET /b, except: [prod] }
";

#[test]
fn what_an_environment_has() {
    let of = |environment: Option<&str>| {
        let stack = valid_in(LIMITED, environment);
        let tables = stack.tables().iter().map(|table| table.name.clone());
        let functions = stack.functions().iter().map(|function| function.name.clone());
        let routes = stack.api().into_iter().flat_map(|api| api.routes.iter().map(|route| route.key.clone()));
        let checks = stack.checks.iter().map(|check| check.name.clone());
        tables.chain(functions).chain(routes).chain(checks).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(of(Some("prod")), "kept, big, f, GET /a, GET /b, GET /a");
    assert_eq!(of(Some("dev")), "kept, f, debug, GET /a, GET /debug, GET /b, GET /b");
    // Without an environment no `only` matches.
    assert_eq!(of(None), "kept, f, debug, GET /a, GET /debug, GET /b");
}

#[test]
fn one_entry_may_stand_for_many_environments() {
    let yaml = "stack: demo
environments: { prod: , 'pr-*': { prefix: 'pull-${env}-', variables: { size: 1 } }, pr-1: { variables: { size: 2 } } }
tables: { big: { partition_key: id, only: [prod] }, small: { partition_key: id, only: ['pr-*'] } }
outputs: { size: '${var.size}' }
";
    let of = |environment| {
        let stack = valid_in(yaml, Some(environment));
        let names: Vec<&str> = stack.tables().iter().map(|table| table.name.as_str()).collect();
        (names.join(" "), stack.environment.unwrap().prefix, stack.outputs["size"].parts.clone())
    };
    let size = |size: &str| vec![Part::Text(size.to_owned())];
    assert_eq!(of("pr-17"), ("small".to_owned(), "pull-pr-17-".to_owned(), size("1")));
    assert_eq!(of("pr-1"), ("small".to_owned(), "pr-1-".to_owned(), size("2")));
    assert!(Project::new().errors(yaml, Some("other")).contains("`other` is not in `environments`"));
}

#[test]
fn errors_of_environments_that_differ() {
    let project = Project::new();
    let absent = LIMITED.replace(
        "    runtime: python3.13\n",
        "    runtime: python3.13\n    access: { big: read }\n    environment: { T: '${tables.big.arn}' }\n",
    );
    let route = LIMITED.replace("{ function: debug, except: [prod] }", "debug");
    let wrong = LIMITED
        .replace("only: [prod] }\nfunctions", "only: [prdo], except: [dev] }\nfunctions")
        .replace("except: prod }", "except: { prod: 1 } }");
    check_in(&project, Some("dev"), "presence", &[&absent, &wrong]);
    check_in(&project, Some("prod"), "presence_in_prod", &[&route]);
}

#[test]
fn defaults_are_those_of_each_entry() {
    let yaml = "stack: demo
defaults:
  functions: { runtime: python3.13, memory: 256, environment: { A1: x, B1: y }, access: { items: read } }
  tables: { partition_key: id }
tables: { items: }
functions:
  f: { code: code }
  g: { code: code, memory: 128, environment: { B1: z }, role: 'arn:aws:iam::123456789012:role/r' }
";
    let stack = valid(yaml);
    let [f, g] = stack.functions() else { panic!("two functions") };
    assert_eq!((f.runtime.as_str(), f.memory, f.access.len()), ("python3.13", 256, 1));
    // A role excludes `access`.
    assert_eq!((g.runtime.as_str(), g.memory, g.access.len()), ("python3.13", 128, 0));
    assert_eq!(g.environment["A1"].parts, [Part::Text("x".into())]);
    assert_eq!(g.environment["B1"].parts, [Part::Text("z".into())]);
    // An error is shown where the value stands.
    assert_eq!(f.place("memory").line, 3);
}

#[test]
fn errors_of_defaults() {
    let entries = "functions: { f: { code: code }, g: { code: code } }\n";
    let cases = [
        format!(
            "stack: demo\ndefaults: {{ functions: {{ runtime: python3.13, memory: 64, memori: 1 }} }}\n{entries}"
        ),
        format!("stack: demo\ndefaults: {{ function: {{ memory: 128 }}, tables: [] }}\n{entries}"),
        "stack: demo\ndefaults: [functions]\n".to_owned(),
    ];
    check("defaults", &cases.iter().map(String::as_str).collect::<Vec<&str>>());
}

#[test]
fn names_prefixes_and_tags_of_entries() {
    let yaml = "stack: demo
environments: { dev: , prod: { prefix: '' }, eu: { prefix: '${env}_' } }
queues: { mails: { fifo: true, name: post }, plain: { tags: { team: a } } }
functions: { f: { code: code, runtime: python3.13, name: handler, access: { mails: send } } }
";
    let name = |environment: Option<&str>| {
        let stack = valid_in(yaml, environment);
        let identity = crate::lower::identity(&stack);
        (identity.named("function", "f"), identity.named("queue", "mails"), identity.named("queue", "plain"))
    };
    let named = |all: [&str; 3]| (all[0].to_owned(), all[1].to_owned(), all[2].to_owned());
    assert_eq!(name(None), named(["handler", "post.fifo", "plain"]));
    assert_eq!(name(Some("dev")), named(["dev-handler", "dev-post.fifo", "dev-plain"]));
    assert_eq!(name(Some("prod")), named(["handler", "post.fifo", "plain"]));
    assert_eq!(name(Some("eu")), named(["eu_handler", "eu_post.fifo", "eu_plain"]));
    let identity = crate::lower::identity(&valid_in(yaml, Some("dev")));
    assert_eq!(identity.key("function", "dev-handler"), "f");
    let stack = valid(yaml);
    let queues: &[crate::config::Entry<crate::kinds::queue::section::Config>] = stack.entries.of();
    assert_eq!(queues[1].common.tags, [("team".to_owned(), "a".to_owned())].into());
}

#[test]
fn errors_of_names_and_versions() {
    let name = |name: &str| {
        format!(
            "stack: demo\ntables: {{ items: {{ partition_key: id, name: '{name}', tags: {{ 'aws:x': y }} }} }}\n"
        )
    };
    let cases = [
        name("a"),
        name("a b c"),
        "stack: demo\nrequires: '>=9'\nnonsense: true\n".to_owned(),
        "stack: demo\nrequires: soon\n".to_owned(),
        "stack: demo\nenvironments: { dev: { prefix: 'a/b' } }\n".to_owned(),
        "stack: demo\nregion: '${region}'\ninclude: ['${region}.yaml']\nenvironments: { dev: { prefix: '${account}-', account: '${account}' } }\n".to_owned(),
        "stack: demo\noutputs: { a.b: x, url: '${api.url}', ok: '${region}' }\n".to_owned(),
    ];
    check_in(&Project::new(), Some("dev"), "names", &cases.iter().map(String::as_str).collect::<Vec<&str>>());
}

#[test]
fn keys_for_anchors_mean_nothing() {
    let yaml = "stack: demo\nx-common: &common { runtime: python3.13, nonsense: '${nope}' }\nx-other: [1]\nfunctions:\n  f: { code: code, runtime: python3.13 }\n";
    assert_eq!(valid(yaml).functions().len(), 1);
    let errors = Project::new().errors(yaml.replace("x-other", "other"), None);
    assert!(errors.contains("unknown key `other`"), "{errors}");
}

const EXISTING: &str = "stack: demo
environments: { dev: }
tables:
  users: { existing: core-users }
  far: { existing: 'arn:aws:dynamodb:us-east-1:999999999999:table/far-items' }
queues: { jobs: { existing: jobs.fifo }, own: { dead_letter: { queue: far_queue } }, far_queue: { existing: dead } }
api: { existing: a1b2c3 }
functions:
  f:
    code: code
    runtime: python3.13
    access: { users: read, far: write, jobs: receive }
    environment: { USERS: '${tables.users.name}', JOBS: '${queues.jobs.url}', API: '${api.url}' }
    triggers: [{ queue: jobs }]
";

#[test]
fn existing_entries_have_their_own_names_in_every_environment() {
    let stack = valid_in(EXISTING, Some("dev"));
    let (scope, graph) = crate::plan::tests::stacks::lowered(&stack);
    let ids: Vec<String> = graph.existing.iter().map(|existing| existing.id.to_string()).collect();
    assert_eq!(ids, ["table core-users", "table far-items", "queue jobs.fifo", "queue dead", "api a1b2c3"]);
    let here: Vec<bool> = graph.existing.iter().map(|existing| existing.is_here).collect();
    assert_eq!(here, [true, false, true, true, true]);
    assert!(graph.resources.iter().all(|resource| resource.id.kind != "table"), "none is ours to create");
    let role = graph.resources.iter().find(|resource| resource.id.kind == "role").unwrap();
    let text = role.desired.resolve(&|reference| graph.known(reference)).to_string();
    let own = format!("arn:aws:dynamodb:{}:{}:table/core-users", scope.region, scope.account);
    assert!(
        text.contains(&own) && text.contains("arn:aws:dynamodb:us-east-1:999999999999:table/far-items"),
        "{text}"
    );
}

#[test]
fn errors_of_existing_entries() {
    let table = |fields: &str| format!("stack: demo\ntables: {{ users: {{ {fields} }} }}\n");
    let cases = [
        table("existing: users, ttl: x"),
        table("existing: 'arn:aws:sqs:eu-west-1:123456789012:users'"),
        table("existing: 'arn:aws:dynamodb:eu-west-1:123456789012:table/users/index/x'"),
        table("existing: 'a b'"),
        table("existing:"),
        "stack: demo\nfunctions: { f: { existing: f } }\napi: { routes: { GET /: f, GET /a: { function: f } } }\n".to_owned(),
        "stack: demo\nfunctions: { f: { existing: f } }\napi: { existing: a1, routes: { GET /: f } }\n".to_owned(),
    ];
    check("existing", &cases.iter().map(String::as_str).collect::<Vec<&str>>());
}

#[test]
fn values_come_before_defaults() {
    let yaml = "stack: demo
variables: { memory: , env: { B1: z }, role: , entry: { code: code, only: [prod] } }
environments: { dev: , prod: }
defaults: { functions: { runtime: python3.13, memory: 256, environment: { A1: x, B1: y }, access: { items: read } } }
tables: { items: { partition_key: id } }
functions:
  f: { code: code, memory: '${var.memory}', environment: '${var.env}', role: '${var.role}' }
  g: '${var.entry}'
  h: { existing: other }
";
    let stack = valid_in(yaml, Some("dev"));
    let [f] = stack.functions() else { panic!("one function") };
    assert_eq!((f.memory, f.access.len()), (256, 1));
    assert_eq!(f.environment["A1"].parts, [Part::Text("x".into())]);
    assert_eq!(f.environment["B1"].parts, [Part::Text("z".into())]);
    assert_eq!(valid_in(yaml, Some("prod")).functions()[1].memory, 256);
    // A variable may be a whole section.
    let section = "stack: demo\nvariables: { all: { items: { partition_key: id } } }\ntables: '${var.all}'\n";
    assert_eq!(valid(section).tables().len(), 1);
}

#[test]
fn what_is_left_out_is_a_field_and_no_more() {
    let cases = [
        stack("variables: { none: }\ntables: { items: '${var.none}' }", "memory: 128"),
        stack("variables: { none: }", "exclude: ['${var.none}']"),
        stack("variables: { none: }\nqueues: { jobs: { existing: '${var.none}' } }", "memory: 128"),
        stack("", "memory: 128").replace("code: code", "code: 'code/${region}'"),
        stack("variables: { none: }", "policy: [{ Effect: Allow, Action: 's3:*', Resource: '${var.none}' }]"),
        "stack: demo\nvariables: { none: }\nenvironments: { dev: { prefix: '${prefix}x' } }\n".to_owned(),
        stack("environments: { dev: }\ntables: { items: { partition_key: id, only: [] } }", "memory: 128"),
    ];
    let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
    check_in(&Project::new(), Some("dev"), "left_out", &cases);
    // Without a value the prefix is the usual one.
    let usual = "stack: demo\nvariables: { none: }\nenvironments: { dev: { prefix: '${var.none}' } }\n";
    assert_eq!(valid_in(usual, Some("dev")).environment.unwrap().prefix, "dev-");
}

#[test]
fn a_placeholder_without_a_value_is_one_error() {
    let top =
        "api: {}\nchecks: ['${var.x}', { request: '${var.x}' }]\ntables: { items: { existing: '${var.x}' } }";
    let function = "policy: ['${var.x}'], triggers: ['${var.x}', { queue: '${var.x}' }], access: '${var.x}'";
    check("without_value", &[&stack(top, function)]);
}

#[test]
fn variables_that_multiply_are_refused_before_they_take_memory() {
    let doubled = |depth: usize, first: &str| {
        let next = (1..depth).map(|level| format!("  v{level}: '${{var.v{0}}}${{var.v{0}}}'\n", level - 1));
        format!("stack: demo\nvariables:\n  v0: {first}\n{}", next.collect::<String>())
    };
    let lists = |depth: usize| {
        let next =
            (1..depth).map(|level| format!("  v{level}: ['${{var.v{0}}}', '${{var.v{0}}}']\n", level - 1));
        format!("stack: demo\nvariables:\n  v0: x\n{}", next.collect::<String>())
    };
    let uses = |yaml: String, last: usize| format!("{yaml}outputs: {{ a: '${{var.v{last}}}' }}\n");
    let project = Project::new();
    for yaml in [uses(doubled(31, "aaaaaaaaaaaaaaaa"), 30), uses(lists(31), 30)] {
        let errors = project.errors(&yaml, None);
        assert!(errors.contains("the values of the variables take more than 32 MB"), "{errors}");
    }
    let long: String = (1..20_000).map(|level| format!("  v{level}: '${{var.v{}}}'\n", level - 1)).collect();
    let errors = project.errors(uses(format!("stack: demo\nvariables:\n  v0: x\n{long}"), 19_999), None);
    assert!(errors.contains("variables refer to others more than 32 levels deep"), "{errors}");
}

#[test]
fn errors_of_tags_together() {
    let many: String = (0..40).map(|index| format!("t{index}: x, ")).collect();
    let more: String = (0..10).map(|index| format!("u{index}: x, ")).collect();
    let cases = [
        format!(
            "stack: demo\ntags: {{ {many} }}\ntables: {{ items: {{ partition_key: id, tags: {{ {more} }} }} }}\n"
        ),
        "stack: demo\ntags: { Team: a }\ntables: { items: { partition_key: id, tags: { team: b } } }\n"
            .to_owned(),
        "stack: demo\ntables: { items: { partition_key: id }, other: { existing: items } }\n".to_owned(),
    ];
    check("tags_together", &cases.iter().map(String::as_str).collect::<Vec<&str>>());
}

#[test]
fn where_the_stack_is_may_stand_in_every_value() {
    let yaml = stack(
        "queues: { far: { existing: 'arn:${partition}:sqs:${region}:${account}:far' } }\nvariables: { layer: 'layer:x:1' }",
        "layers: ['arn:${partition}:lambda:${region}:${account}:${var.layer}'], environment: { AA: '${region}' }",
    );
    let before = valid(&yaml);
    assert!(before.is_for_now && !valid(&stack("", "memory: 128")).is_for_now);
    let layer = |arn: &str| [Target::Arn(arn.to_owned())];
    assert_eq!(before.functions()[0].layers, layer("arn:aws:lambda:us-east-1:000000000000:layer:x:1"));
    assert_eq!(before.functions()[0].environment["AA"].parts, [Part::Region]);
    let location = crate::config::Location {
        partition: "aws-cn".into(),
        region: "cn-north-1".into(),
        account: "123456789012".into(),
    };
    let project = Project::new();
    project.write("stack.yaml", &yaml);
    let known = crate::config::Known { location, values: Default::default() };
    let options = crate::config::Options {
        sections: crate::kinds::sections(),
        environment: None,
        process: &|_| None,
        known: Some(&known),
    };
    let now = crate::config::load(&project.path().join("stack.yaml"), &options).unwrap();
    assert!(!now.is_for_now);
    assert_eq!(now.functions()[0].layers, layer("arn:aws-cn:lambda:cn-north-1:123456789012:layer:x:1"));
    assert_eq!(now.existing[0].arn.as_deref(), Some("arn:aws-cn:sqs:cn-north-1:123456789012:far"));
    assert_eq!(now.functions()[0].environment["AA"].parts, [Part::Text("cn-north-1".into())]);
}
