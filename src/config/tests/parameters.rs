//! Errors of parameters and secrets.

use super::{check, valid, valid_in};
use crate::desired::lower;
use crate::desired::offline_scope;
use std::collections::BTreeMap;

fn with(parameters: &str) -> String {
    format!("stack: demo\nparameters:\n  {}\n", parameters.replace('\n', "\n  "))
}

#[test]
fn fields_of_parameters() {
    let cases = [
        with("a b: info"),
        with("shop/level: info"),
        with("/shop//level: info"),
        with("/aws/level: info"),
        with("SSM-level: info"),
        with("/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p: info"),
        with("level:"),
        with("level: ''"),
        with("level: []"),
        with("level: [a, 'b,c']"),
        with("level: 'a {{b}}'"),
        with("level: { description: no value }"),
        with("level: { value: info, type: String }"),
        with("level: { value: info, type: string-list }"),
        with("level: { value: [info], type: string }"),
        with("level: { value: info, tier: intelligent-tiering }"),
        with("level: { value: info, kms_key: aws }"),
        with("token: { value: s3cret-token, type: secure-string, kms_key: mine }"),
        with("token: { value: '${tables.users.arn}', type: secure-string }\ntables: { users: { partition_key: id } }").replace("  tables", "tables"),
        with("level: { value: info, tagz: {} }"),
    ];
    check("parameters", &cases.each_ref().map(String::as_str));
}

#[test]
fn what_parameters_are_called_and_refer_to() {
    let function = |environment: &str| {
        format!(
            "functions: {{ f: {{ code: code, runtime: python3.13, environment: {{ AA: '{environment}' }} }} }}\n"
        )
    };
    let cases = [
        with("/shop/level: info") + &function("${parameters./shop/level.arn}"),
        with("/shop/level: info") + &function("${parameters[\"/shop/levle\"].arn}"),
        with("/shop/level: info") + &function("${parameters[\"/shop/level\"].value}"),
        with("/shop/level: info") + &function("${ssm:/shop/level}"),
        with("/shop/all: { existing: /shop/* }") + &function("${parameters[\"/shop/all\"].arn}"),
        with("/shop/all: { existing: '*' }"),
        with("/shop/all: { existing: 'arn:aws:sqs:eu-west-1:123456789012:jobs' }"),
        with("level: '${secret:word}'"),
        with("level: { value: '${secret:word}' }"),
    ];
    check("parameters_and_names", &cases.each_ref().map(String::as_str));
}

/// The names and the values of the parameters of a stack.
fn named(text: &str, environment: Option<&str>) -> Vec<String> {
    let stack = valid_in(text, environment);
    let graph = lower(&stack, &offline_scope(&stack, None), &BTreeMap::new());
    let own = graph.resources.iter().filter(|resource| resource.id.kind == "parameter");
    own.map(|one| format!("{} = {}", one.id.name, one.desired.json()["value"])).collect()
}

#[test]
fn a_path_has_the_environment_as_its_first_level() {
    let text = with(
        "/shop/level: info\nhosts: [a, b]\nother: { value: '${parameters[\"/shop/level\"].name}', name: /other }",
    );
    assert_eq!(
        named(&text, None),
        [r#"/shop/level = "info""#, r#"hosts = "a,b""#, r#"/other = "/shop/level""#]
    );
    assert_eq!(
        named(&text, Some("dev")),
        [r#"/dev/shop/level = "info""#, r#"dev-hosts = "a,b""#, r#"/dev/other = "/dev/shop/level""#]
    );
    let prefixed = |prefix: &str| format!("{text}environments: {{ dev: {{ prefix: '{prefix}' }} }}\n");
    assert_eq!(named(&prefixed(""), Some("dev"))[0], r#"/shop/level = "info""#);
    assert_eq!(named(&prefixed("blue_"), Some("dev"))[0], r#"/blue/shop/level = "info""#);
}

#[test]
fn all_parameters_below_a_path_may_be_read() {
    let text = "stack: demo
parameters: { theirs: { existing: /shop/* }, one: { existing: 'arn:aws:ssm:eu-west-1:123456789012:parameter/a/b' } }
functions: { f: { code: code, runtime: python3.13, access: { theirs: read, one: write } } }
";
    let stack = valid(text);
    let names: Vec<(&str, Option<&str>)> =
        stack.existing.iter().map(|one| (one.name.as_str(), one.arn.as_deref())).collect();
    let arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/a/b";
    assert_eq!(names, [("/shop/*", None), ("/a/b", Some(arn))]);
}

#[test]
fn fields_of_secrets() {
    let of = |secrets: &str| format!("stack: demo\nsecrets:\n  {}\n", secrets.replace('\n', "\n  "));
    let function = "functions: { f: { code: code, runtime: python3.13, environment: { KEY: '${secret:shop/db#password}' } } }\n";
    let cases = [
        of("a b: {}"),
        of("db: s3cret-word"),
        of("db: { value: '' }"),
        of("db: { value: {} }"),
        of("db: { value: [a] }"),
        of("db: { value: s3cret-word, generate: {} }"),
        of("db: { value: { url: '${api.url}' } }\napi: {}").replace("  api", "api"),
        of("db: { generate: { length: 0 } }"),
        of("db: { generate: { length: 3 } }"),
        of(
            "db: { generate: { exclude_numbers: true, exclude_punctuation: true, exclude_uppercase: true, exclude_lowercase: true } }",
        ),
        of("db: { generate: 32 }"),
        of("db: { recovery: 6 days }"),
        of("db: { recovery: 31 days }"),
        of("db: { recovery: 200 hours }"),
        of("db: { recovery: 7 }"),
        of("db: { kms_key: mine }"),
        of("db: { rotation: 30 days }"),
        of("db: { description: '${secret:other}' }"),
        of("shop/db: {}") + function,
        of(&format!("db: {{ value: {} }}", "x".repeat(65_537))),
    ];
    check("secrets", &cases.each_ref().map(String::as_str));
}

/// The value of a secret is one text: that of a mapping is JSON, whatever the order of its keys.
#[test]
fn values_of_secrets() {
    let text = "stack: demo
secrets:
  text: { value: open-sesame }
  number: { value: 98765432107 }
  json: { value: { b: 1, a: [true, null, 'of ${stack}'] } }
  none: {}
";
    let stack = valid(text);
    let graph = lower(&stack, &offline_scope(&stack, None), &BTreeMap::new());
    let values: Vec<String> = graph
        .resources
        .iter()
        .map(|one| format!("{} = {}", one.id.name, one.desired.json()["value"]))
        .collect();
    assert_eq!(
        values,
        [
            r#"text = "open-sesame""#,
            r#"number = "98765432107""#,
            r#"json = "{\"a\":[true,null,\"of demo\"],\"b\":1}""#,
            "none = null",
        ]
    );
}
