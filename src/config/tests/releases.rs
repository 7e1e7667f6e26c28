//! Errors of releases, and of routes and triggers that name an alias.

use super::{check, check_each, function, valid};

#[test]
fn fields_of_releases() {
    let long = format!("release: {}", "a".repeat(129));
    check_each(
        "releases",
        function,
        &[
            "release: true",
            "release: a b",
            "release: \"12\"",
            &long,
            "release: {}",
            "release: { aliases: {} }",
            "release: { aliases: [live] }",
            "release: { aliases: { 1: {} } }",
            "release: { aliases: { live: { deploy: by-hand } } }",
            "release: { aliases: { live: { canary: 0 } } }",
            "release: { aliases: { live: { canary: 10% } } }",
            "release: { aliases: { live: {} }, keep: 0 }",
            "release: { aliases: { live: { provisioned_concurrency: 0 } } }",
            "release: { alias: live }",
            "release: live\nurl: iam",
            "snap_start: true\nrelease: { aliases: { live: {} }, provisioned_concurrency: 1 }",
            "reserved_concurrency: 5\nrelease: { aliases: { a: { provisioned_concurrency: 4 }, b: {} }, provisioned_concurrency: 2 }",
        ],
    );
}

/// A function with these fields, routes and triggers.
fn stack(function: &str, route: &str, trigger: &str) -> String {
    format!(
        "stack: demo\nqueues: {{ jobs: {{}} }}\nfunctions:\n  f:\n    code: code\n    runtime: python3.13\n    {function}\n    \
         triggers: [{{ queue: jobs, {trigger} }}]\napi:\n  routes:\n    GET /: {{ function: f, {route} }}\n"
    )
}

#[test]
fn aliases_that_are_called() {
    let both = "release: { aliases: { dev: {}, prod: {} } }";
    let cases = [
        stack(both, "alias: pord", "alias: dev"),
        stack(both, "alias: prod", "alias: test"),
        stack("timeout: 5", "alias: live", "alias: live"),
        stack(both, "alias: []", "alias: prod"),
    ];
    check("called_aliases", &cases.each_ref().map(String::as_str));
}

#[test]
fn one_name_is_a_release_with_one_alias() {
    let short = valid(&function("release: live"));
    let long = valid(&function("release: { aliases: { live: { deploy: automatic } }, keep: 3 }"));
    let release = |stack: &crate::config::Stack| format!("{:?}", stack.functions()[0].release);
    assert_eq!(release(&short), release(&long));
}
