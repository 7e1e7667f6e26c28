//! Values that live elsewhere: what a placeholder may name, what stands for it, and where it may stand.

use super::{Project, check, check_in, snapshot, valid, valid_in};
use crate::config::{self, Diagnostics, Known, Location, Options, Part, Stack};
use crate::model::{Address, Attribute, Found, Values};

fn stack(top: &str, function: &str) -> String {
    format!("stack: demo\n{top}\nfunctions:\n  f: {{ code: code, runtime: python3.13, {function} }}\n")
}

fn location() -> Location {
    Location {
        partition: "aws".to_owned(),
        region: "eu-west-1".to_owned(),
        account: "123456789012".to_owned(),
    }
}

/// Reads a text with these values.
fn with(yaml: &str, values: &[(Address, Found)]) -> Result<Stack, Diagnostics> {
    with_in(&Project::new(), yaml, values)
}

/// The errors of a text with these values.
fn errors(yaml: &str, values: &[(Address, Found)]) -> String {
    let project = Project::new();
    let errors = with_in(&project, yaml, values).expect_err("there is an error");
    errors.to_string().replace(&format!("{}/", project.path().display()), "")
}

fn with_in(project: &Project, yaml: &str, values: &[(Address, Found)]) -> Result<Stack, Diagnostics> {
    project.write("stack.yaml", yaml);
    let known = Known { location: location(), values: values.iter().cloned().collect::<Values>() };
    let options = Options {
        sections: crate::kinds::sections(),
        environment: None,
        process: &|_| None,
        known: Some(&known),
    };
    config::load(&project.path().join("stack.yaml"), &options)
}

fn parameter(name: &str) -> Address {
    Address::Parameter(name.to_owned())
}

fn secret(id: &str) -> Address {
    Address::Secret { id: id.to_owned(), key: None }
}

fn text(value: &str) -> Found {
    Found::Text(value.to_owned())
}

fn addresses(stack: &Stack) -> Vec<String> {
    stack.elsewhere.iter().map(|one| one.address.to_string()).collect()
}

#[test]
fn a_placeholder_names_a_value_elsewhere() {
    let stack = valid_in(
        &stack(
            "environments: { prod: }\nvariables: { part: level }",
            "environment: { AA: '${ssm:/shop/${env}/${var.part}, info}', BB: '${secret:shop/db#password}', CC: '${secret:shop/db}', \
             DD: '${cloudformation:network.VpcId}', EE: '${export:network-vpc}', FF: '${stack:core.tables.users.arn}', \
             GG: '${stack:core/_.api.url}', HH: '${stack:core/dev.tables[\"a.b\"].name}', II: '${ssm:/shop/prod/level}' }",
        ),
        Some("prod"),
    );
    assert_eq!(
        addresses(&stack),
        [
            "ssm:/shop/prod/level",
            "secret:shop/db",
            "secret:shop/db#password",
            "cloudformation:network.VpcId",
            "export:network-vpc",
            "stack:core/_.api.url",
            "stack:core/dev.tables[\"a.b\"].name",
            "stack:core/prod.tables.users.arn",
        ]
    );
    assert!(stack.is_for_now && !stack.is_form_unread);
}

#[test]
fn a_value_has_the_type_of_its_field() {
    let yaml = stack(
        "tables: { items: { partition_key: id, protect: '${ssm:/protect}' }, mine: { existing: '${cloudformation:net.Table}' } }",
        "memory: '${ssm:/memory}', timeout: '${ssm:/timeout, 5}', log_retention: '${ssm:/days}', \
         environment: { LEVEL: 'at ${ssm:/level} of ${tables.items.name}' }, access: { mine: read }",
    );
    let before = valid(&yaml);
    assert!(before.is_for_now && before.is_form_unread);
    assert_eq!(before.functions()[0].timeout, 5, "the fallback stands for it");
    let now = with(
        &yaml,
        &[
            (parameter("/memory"), text("512")),
            (parameter("/timeout"), text("20")),
            (parameter("/days"), text("14")),
            (parameter("/protect"), text("true")),
            (parameter("/level"), text("info: ${var.x}")),
            (Address::StackOutput { stack: "net".to_owned(), output: "Table".to_owned() }, text("theirs")),
        ],
    );
    let now = now.unwrap_or_else(|errors| panic!("{errors}"));
    let function = &now.functions()[0];
    assert_eq!((function.memory, function.timeout, function.log_retention), (512, 20, 14));
    assert_eq!(function.environment["LEVEL"].parts[0], Part::Text("at info: ${var.x} of ".into()));
    assert!(now.tables()[0].protect && !now.is_for_now && !now.is_form_unread);
    assert_eq!(now.existing[0].name, "theirs");
}

/// Only then must the deploy policy know the value.
#[test]
fn a_value_in_a_text_changes_no_resource() {
    let form = |top: &str, function: &str| valid(&stack(top, function)).is_form_unread;
    let top = "defaults: { functions: { environment: { AA: '${secret:x}' } } }\noutputs: { level: '${ssm:/level}' }";
    assert!(!form(top, "environment: { BB: '${ssm:/level}' }, timeout: '${ssm:/timeout, 5}'"));
    assert!(form("", "role: '${ssm:/role}'"));
    assert!(form("", "description: 'at ${ssm:/level}'"));
}

#[test]
fn a_name_may_depend_on_where_the_stack_is() {
    let yaml = stack("", "environment: { AA: '${ssm:/${region}/level}' }");
    let before = valid(&yaml);
    assert!(before.is_for_now && before.elsewhere.is_empty());
    let then = with(&yaml, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(then.is_for_now);
    assert_eq!(addresses(&then), ["ssm:/eu-west-1/level"]);
    let now = with(&yaml, &[(parameter("/eu-west-1/level"), text("info"))]);
    let now = now.unwrap_or_else(|errors| panic!("{errors}"));
    assert!(!now.is_for_now);
    assert_eq!(now.functions()[0].environment["AA"].parts, [Part::Text("info".into())]);
}

#[test]
fn a_fallback_stands_for_what_does_not_exist() {
    let yaml =
        stack("variables: { d: 256 }", "memory: '${ssm:/memory, ${var.d}}', description: '${ssm:/d,}'");
    let missing = |why: &str| Found::Missing(why.to_owned());
    let values = [(parameter("/memory"), missing("gone")), (parameter("/d"), missing("gone"))];
    let now = with(&yaml, &values).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(now.functions()[0].memory, 256);
    assert_eq!(now.functions()[0].description.parts, []);
    let fallbacks: Vec<String> = now.fallbacks.iter().map(|one| one.address.to_string()).collect();
    assert_eq!(fallbacks, ["ssm:/d", "ssm:/memory"]);
    let there = with(&yaml, &[(parameter("/memory"), text("512")), (parameter("/d"), text("x"))]);
    let there = there.unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!((there.functions()[0].memory, there.fallbacks.len()), (512, 0));
}

#[test]
fn only_what_the_environment_uses_is_read() {
    let yaml = "stack: demo
environments: { dev: { variables: { level: info } }, prod: { variables: { level: '${ssm:/level}' } } }
variables: { unused: '${secret:x}' }
functions:
  f: { code: code, runtime: python3.13, environment: { LEVEL: '${var.level}' } }
  g: { code: code, runtime: python3.13, only: prod, environment: { KEY: '${secret:key}' } }
";
    assert_eq!(addresses(&valid_in(yaml, Some("dev"))), [""; 0]);
    assert_eq!(addresses(&valid_in(yaml, Some("prod"))), ["ssm:/level", "secret:key"]);
}

#[test]
fn another_stack_is_in_the_same_environment_unless_it_says_otherwise() {
    let of = |environment: Option<&str>| {
        let yaml = stack("environments: { dev: }", "environment: { AA: '${stack:core.tables.users.arn}' }");
        valid_in(&yaml, environment).elsewhere[0].address.clone()
    };
    let address = |environment: Option<&str>| {
        Address::Attribute(Attribute {
            stack: "core".to_owned(),
            environment: environment.map(str::to_owned),
            section: "tables",
            kind: "table",
            key: "users".to_owned(),
            attribute: "arn",
        })
    };
    assert_eq!(of(Some("dev")), address(Some("dev")));
    let yaml = stack("", "environment: { AA: '${stack:core.tables.users.arn}' }");
    assert_eq!(valid(&yaml).elsewhere[0].address, address(None));
}

#[test]
fn references_that_are_wrong() {
    let function = "environment:
      AA: '${ssm:}'
      BB: '${ssm:a b}'
      CC: '${secret:x#}'
      DD: '${cloudformation:network}'
      EE: '${export:a/b}'
      FF: '${stack:core}'
      GG: '${stack:core.tables.users.size}'
      HH: '${stack:demo.tables.users.arn}'
      II: '${ssn:/level}'
      JJ: '${ssm:/a/${tables.users.arn}}'
      KK: '${ssm:/a/${ssm:/b}}'
      LL: '${ssm:/a/${var.none}}'
      MM: '${aws:username}'
      NN: '${ssm:/open'";
    let yaml = format!(
        "stack: demo\ntables: {{ users: {{ partition_key: id }} }}\nfunctions:\n  f:\n    code: code\n    runtime: python3.13\n    {function}\n"
    );
    check("elsewhere_wrong", &[&yaml]);
}

#[test]
fn what_must_be_known_before_aws_is_asked() {
    let yaml = "stack: demo
region: ${ssm:/region}
environments: { dev: { prefix: '${ssm:/prefix}' } }
include: ['${ssm:/parts}']
functions:
  f: { code: '${ssm:/code}', runtime: python3.13 }
  g: { code: '${ssm:/code, code}', runtime: python3.13 }
  h: { code: code, runtime: python3.13, handler: '${ssm:/handler}' }
";
    check_in(&Project::new(), Some("dev"), "elsewhere_needed_at_once", &[yaml]);
}

#[test]
fn what_does_not_exist_is_an_error_at_its_place() {
    let yaml = stack("", "memory: '${ssm:/memory}', environment: { AA: '${secret:x}', BB: 'x${secret:x}' }");
    let why = |why: &str| Found::Missing(why.to_owned());
    let values =
        [(parameter("/memory"), why("there is no such parameter")), (secret("x"), why("it is gone"))];
    snapshot("elsewhere_missing", &errors(&yaml, &values));
}

#[test]
fn a_value_that_does_not_fit_is_an_error_that_shows_it() {
    let yaml = stack("", "memory: '${ssm:/memory}'");
    let errors = errors(&yaml, &[(parameter("/memory"), text("much"))]);
    assert!(errors.contains("`memory` must be a whole number, not `much`"), "{errors}");
}

#[test]
fn a_sensitive_value_stands_where_nothing_shows_it() {
    let hidden = |value: &str| Found::Sensitive(value.to_owned());
    let yaml = stack(
        "api: { routes: { GET /: f } }\nchecks: [{ request: GET /, headers: { key: '${secret:x}' } }]",
        "environment: { AA: '${secret:x}', BB: 'postgres://u:${secret:x}@db' }",
    );
    let now = with(&yaml, &[(secret("x"), hidden("hush"))]).unwrap_or_else(|errors| panic!("{errors}"));
    let parts = ["postgres://u:", "hush", "@db"].map(|text| Part::Text(text.into()));
    assert_eq!(now.functions()[0].environment["BB"].parts, parts);
    let shown = "stack: demo
tags: { a: '${secret:x}' }
outputs: { key: '${secret:x}' }
variables: { key: '${secret:x}' }
tables: { items: { partition_key: '${var.key}', tags: { b: 'is ${secret:x}' } } }
functions:
  f:
    code: code
    runtime: python3.13
    memory: ${secret:x}
    description: ${secret:x}
    policy: [{ Effect: Allow, Action: 's3:*', Resource: '*', Condition: { StringEquals: { 's3:prefix': '${secret:x}' } } }]
api: { name: '${ssm:/secure}', routes: { GET /: f } }
";
    let values = [(secret("x"), hidden("hush")), (parameter("/secure"), hidden("hush"))];
    let offline = Project::new().errors(shown, None);
    assert!(
        offline.contains("`description` would show a sensitive value"),
        "a secret is known as one: {offline}"
    );
    let errors = errors(shown, &values);
    assert!(!errors.contains("hush"), "{errors}");
    snapshot("elsewhere_sensitive", &errors);
}
