//! Errors of layers, and of functions that name them.

use super::{Project, check_in};
use crate::config::Target;

/// A project with code for functions and layers.
fn project() -> Project {
    let project = Project::new();
    for file in
        ["code/lambda_function.py", "shared/money.py", "both/python/a.py", "both/nodejs/node_modules/a.js"]
    {
        project.write(file, "");
    }
    project
}

/// A layer with these fields, and a function with these.
fn stack(layer: &str, function: &str) -> String {
    format!(
        "stack: demo\nlayers:\n  shared: {{ {layer} }}\nfunctions:\n  f: {{ code: code, runtime: python3.13, {function} }}\n"
    )
}

const LAYER: &str = "code: shared, runtimes: [python3.13]";

#[test]
fn fields_of_layers() {
    let of = |layer: &str| stack(layer, "memory: 128");
    let cases = [
        of("runtimes: [python3.13]"),
        of("code: shared"),
        of("code: shared, runtimes: []"),
        of("code: shared, runtimes: [python]"),
        of("code: shared, runtimes: [nodejs14.x]"),
        of("code: shared, runtimes: [python3.13, nodejs22.x]"),
        of("code: none, runtimes: [python3.13]"),
        of("code: shared, runtimes: [python3.13], architectures: [arm]"),
        of("code: shared, runtimes: [python3.13], keep: 0"),
        of(&format!("code: shared, runtimes: [python3.13], description: {}", "d".repeat(171))),
        of("code: shared, runtimes: [python3.13], timeout: 5"),
        of("code: shared, runtimes: [python3.13], tags: { team: blue }"),
        of(LAYER).replace("  shared:", "  a.b:"),
        of(LAYER).replace("  shared:", &format!("  {}:", "l".repeat(81))),
    ];
    check_in(&project(), None, "layers", &cases.each_ref().map(String::as_str));
}

#[test]
fn layers_of_functions() {
    let arn = "arn:aws:lambda:eu-west-1:123456789012:layer:tools";
    let cases = [
        stack(LAYER, "layers: [share]"),
        stack(LAYER, "layers: [f]"),
        stack(LAYER, "layers: [shared, shared]"),
        stack(LAYER, &format!("layers: ['{arn}:1', '{arn}:2']")),
        stack("code: shared, runtimes: [python3.12]", "layers: [shared]"),
        stack(&format!("{LAYER}, architectures: [x86_64]"), "layers: [shared], architecture: arm64"),
        stack(LAYER, "layers: [shared], environment: { VERSION: '${layers.shared.number}' }"),
    ];
    check_in(&project(), None, "layers_of_functions", &cases.each_ref().map(String::as_str));
}

#[test]
fn a_function_may_have_its_handler_in_a_layer_of_the_stack() {
    let stack = stack(
        "code: both, runtimes: [python3.13, nodejs22.x]",
        "layers: [shared], handler: a.handler, environment: { VERSION: '${layers.shared.version}' }",
    );
    let stack = project().load(&stack, None).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(stack.functions()[0].layers, [Target::Key("shared".to_owned())]);
    let keys: Vec<String> = stack.code().iter().map(|code| code.key.to_string()).collect();
    assert_eq!(keys, ["layers.shared", "f"]);
}
