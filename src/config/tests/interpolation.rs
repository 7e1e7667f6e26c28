//! `${…}`: what it becomes, and what is wrong with it.

use super::{Project, check, check_in, valid_in};
use crate::config::{Part, Template};

const HEAD: &str = "stack: demo
variables: { greeting: hello, tricky: '$${region}' }
environments: { prod: { variables: { greeting: hi, only-prod: x } }, dev: {} }
tables:
  users: { partition_key: id }
  a.b: { partition_key: id }
api: {}
";

fn stack(value: &str) -> String {
    format!(
        "{HEAD}functions:\n  f:\n    code: code\n    runtime: python3.13\n    environment:\n      AA: {value}\n"
    )
}

fn template(value: &str) -> Template {
    valid_in(&stack(value), Some("prod")).functions()[0].environment["AA"].clone()
}

fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

#[test]
fn values() {
    let of = |kind, key: &str, attribute| Part::Attribute { kind, key: key.to_owned(), attribute };
    for (value, parts) in [
        ("plain", vec![text("plain")]),
        ("''", vec![]),
        ("8080", vec![text("8080")]),
        ("true", vec![text("true")]),
        ("1.10", vec![text("1.10")]),
        ("012345678901", vec![text("012345678901")]),
        ("0x1F", vec![text("0x1F")]),
        ("a ${var.greeting} ${env} b", vec![text("a hi prod b")]),
        ("${var.only-prod}", vec![text("x")]),
        ("${ var.greeting }", vec![text("hi")]),
        ("${region}:${account}", vec![Part::Region, text(":"), Part::Account]),
        ("${tables.users.name}", vec![of("table", "users", "name")]),
        ("x${tables.users.arn}/y", vec![text("x"), of("table", "users", "arn"), text("/y")]),
        ("${tables[\"a.b\"].arn}", vec![of("table", "a.b", "arn")]),
        (
            "${functions.f.name}${functions.f.arn}",
            vec![of("function", "f", "name"), of("function", "f", "arn")],
        ),
        ("${api.url}/x", vec![of("api", "", "url"), text("/x")]),
        // What is put in is never looked at again.
        ("${process.HOME_PAGE}", vec![text("${env} is not looked at again")]),
        ("${var.tricky}", vec![text("${region}")]),
        ("$${env} $ {} $$ ${env}", vec![text("${env} $ {} $$ prod")]),
        ("$$${env}", vec![text("$${env}")]),
        ("\"two\\nlines ${env}\"", vec![text("two\nlines prod")]),
        ("|\n        two\n        ${env}", vec![text("two\nprod\n")]),
    ] {
        assert_eq!(template(value).parts, parts, "{value}");
    }
}

#[test]
fn a_template_knows_its_place() {
    let at = template("${env}").at;
    assert_eq!((at.line, at.column), (13, 11));
}

#[test]
fn errors() {
    let project = Project::new();
    let values = [
        "x ${var.greting} ${var.unheard} ${vars.greeting} y",
        "${greeting} ${HOME} ${process.NOT_SET}",
        "${tables.usrs.name} ${tables.users} ${tables.users.url} ${tables.a.b.arn}",
        "${functions.g.arn}",
        "${api.id} ${capture.id} ${process}",
        "${aws:username}",
        "${} ${a b} ${tables[users].arn}",
        "${env",
        "\"é \\t ${nope}\"",
        "\"\\x24{nope}\"",
        "|\n        first\n        second ${nope} and ${nope2}",
    ];
    let cases: Vec<String> = values.iter().map(|value| stack(value)).collect();
    let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
    check_in(&project, Some("prod"), "interpolation", &cases);
    check(
        "interpolation_without_environment",
        &[&stack("${env} ${var.only-prod}"), &stack("${api.url}").replace("api: {}\n", "")],
    );
}

#[test]
fn captures() {
    check(
        "captures",
        &[r"stack: demo
api: {}
checks:
  - request: GET /${capture.later}
    capture: { id: /id }
  - request: GET /${capture.id}/${capture.di}
    capture: { later: /x }
    headers: { a: '${capture.later}' }
    body: { a: ['${capture.x}'] }
"],
    );
}

#[test]
fn cycles() {
    check(
        "cycles",
        &[
            "stack: demo\napi:\n  description: see ${api.url}\n",
            "stack: demo\napi: { description: '${api.url}', name: '${api.url}' }\n",
        ],
    );
    // The ARNs of functions are known before they exist, and the API is created before a function that asks for its
    // URL.
    let mutual = r"stack: demo
api: {}
functions:
  f: { code: code, runtime: python3.13, environment: { GG: '${functions.g.arn}${api.url}' } }
  g: { code: code, runtime: python3.13, environment: { FF: '${functions.f.arn}' } }
";
    assert_eq!(Project::new().errors(mutual, None), "(no error)");
}
