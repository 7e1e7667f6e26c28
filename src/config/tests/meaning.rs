//! Substitution never changes what a value means, whatever characters it has, and never happens twice.

use super::Project;
use crate::config::{Known, Location, Options, Part, Stack, Template, load};
use crate::model::{Address, Found};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Texts that YAML, numbers, dates and placeholders could misread, and any others.
fn text() -> impl Strategy<Value = String> {
    let tricky = prop::sample::select(vec![
        "",
        "true",
        "no",
        "~",
        "null",
        "012",
        "1.10",
        "1e3",
        "0x1F",
        ".inf",
        "2026-11-26",
        "12:30:45",
        "a: b",
        "- a",
        "# a",
        "a #b",
        "'",
        "\"",
        "\\",
        "{a}",
        "[a]",
        "&a",
        "*a",
        "!a",
        "%a",
        "@a",
        "`a",
        "|",
        ">",
        "a\nb\n",
        " a ",
        "\ta",
        "é",
        "日本",
        "🙂",
        "${",
        "${env}",
        "$${env}",
        "$$${",
        "${var.b}",
        "}",
        "$",
        "${process.B}",
    ]);
    let parts = prop::collection::vec(prop_oneof![tricky.prop_map(str::to_owned), any_text()], 0..4);
    parts.prop_map(|parts| parts.concat())
}

fn any_text() -> impl Strategy<Value = String> {
    // YAML has no others.
    let has_yaml = |c: &char| matches!(c, '\t' | '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{10000}'..);
    let characters = prop::collection::vec(any::<char>().prop_filter("a character of YAML", has_yaml), 0..6);
    characters.prop_map(|characters| characters.into_iter().collect())
}

/// A text as YAML that means it, and no placeholder.
fn literal(text: &str) -> String {
    serde_json::to_string(&text.replace("${", "$${")).unwrap()
}

/// The same cases every time.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::default()))
}

/// A stack whose environment variable, parameter and secret are this text.
fn loaded(yaml: &str, text: &str) -> Stack {
    let project = Project::new();
    project.write("stack.yaml", yaml);
    let process = |name: &str| (name == "A").then(|| text.to_owned());
    let location =
        Location { partition: "aws".to_owned(), region: "eu-west-1".to_owned(), account: "1".repeat(12) };
    let secret = Address::Secret { id: "a".to_owned(), key: None };
    let values = [
        (Address::Parameter("/a".to_owned()), Found::Text(text.to_owned())),
        (secret, Found::Sensitive(text.to_owned())),
    ];
    let known = Known { location, values: values.into() };
    let options = Options {
        sections: crate::kinds::sections(),
        environment: Some("dev"),
        process: &process,
        known: Some(&known),
    };
    load(&project.path().join("stack.yaml"), &options).unwrap_or_else(|errors| panic!("{yaml}\n{errors}"))
}

fn means(template: &Template, text: &str) {
    let parts = if text.is_empty() { Vec::new() } else { vec![Part::Text(text.to_owned())] };
    assert_eq!(template.parts, parts);
}

#[test]
fn a_text_stays_the_same_text() {
    let mut runner = runner(300);
    let result = runner.run(&(text(), text()), |(text, around)| {
        let (value, outside) = (literal(&text), around.replace("${", "$${"));
        let mixed = serde_json::to_string(&format!("{outside}|${{var.a}}|${{process.A}}|${{ssm:/a}}|{outside}")).unwrap();
        let yaml = format!(
            "stack: demo
variables: {{ a: {value}, b: never, again: '${{var.a}}' }}
functions:
  f:
    code: code
    runtime: python3.13
    environment: {{ WHOLE: '${{var.a}}', AGAIN: '${{var.again}}', PROCESS: '${{process.A}}', PARAMETER: '${{ssm:/a}}', SECRET: '${{secret:a}}', MIXED: {mixed}, PLAIN: {value} }}
    policy: [{{ Effect: Allow, Action: 's3:*', Resource: '*', Condition: {{ StringEquals: {{ 'aws:x': '${{var.a}}' }} }} }}]
"
        );
        let stack = loaded(&yaml, &text);
        let function = &stack.functions()[0];
        for name in ["WHOLE", "AGAIN", "PROCESS", "PARAMETER", "PLAIN"] {
            means(&function.environment[name], &text);
        }
        assert_eq!(function.environment["SECRET"].parts, [Part::Text(text.clone())]);
        means(&function.environment["MIXED"], &format!("{around}|{text}|{text}|{text}|{around}"));
        let condition = format!("{:?}", function.policy[0].members["Condition"]);
        prop_assert!(text.is_empty() || condition.contains(&format!("{:?}", Part::Text(text))), "{}", condition);
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn a_number_and_a_flag_stay_what_they_are() {
    let mut runner = runner(60);
    let result = runner.run(&(128_u32..=10_240, any::<bool>()), |(number, flag)| {
        let yaml = format!(
            "stack: demo
variables: {{ number: {number}, flag: {flag}, body: {{ count: {number}, on: [{flag}] }} }}
tables: {{ items: {{ partition_key: id, point_in_time_recovery: '${{var.flag}}' }} }}
functions: {{ f: {{ code: code, runtime: python3.13, memory: '${{var.number}}', environment: {{ AA: '${{var.number}} ${{var.flag}}' }} }} }}
api: {{}}
checks: [{{ request: POST /, body: '${{var.body}}' }}]
"
        );
        let stack = loaded(&yaml, "");
        let function = &stack.functions()[0];
        prop_assert_eq!(function.memory, number);
        prop_assert_eq!(stack.tables()[0].point_in_time_recovery, flag.then_some(35));
        means(&function.environment["AA"], &format!("{number} {flag}"));
        let body = stack.checks[0].request().map(|request| request.body.clone());
        let written: crate::config::Json = crate::config::Json::Map(
            [
                ("count".to_owned(), crate::config::Json::Number(number.into())),
                ("on".to_owned(), crate::config::Json::List(vec![crate::config::Json::Bool(flag)])),
            ]
            .into(),
        );
        prop_assert_eq!(body, Some(crate::config::Body::Json(written)));
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}
