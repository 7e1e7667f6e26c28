//! Errors of state machines.

use super::{Project, check, snapshot, valid};
use crate::config::Entry;
use crate::kinds::state_machine::{Type, section::Config};

/// A state machine `flow` with these lines, and a function `f`.
fn machine(lines: &str) -> String {
    let lines = lines.replace('\n', "\n    ");
    let function = "functions: { f: { code: code, runtime: python3.13 } }";
    format!(
        "stack: demo\nroles: {{ r: {{}}, flow2.states: {{}} }}\n{function}\nstate_machines:\n  flow:\n    {lines}\n"
    )
}

const DEFINITION: &str =
    "definition: { StartAt: A, States: { A: { Type: Task, Resource: '${functions.f.arn}', End: true } } }";

#[test]
fn errors_of_state_machines() {
    let of = |line: &str| machine(&format!("{DEFINITION}\n{line}"));
    let cases = [
        machine("type: express"),
        machine("definition: [A]"),
        machine("definition: '${region}.json'"),
        of("type: EXPRESS"),
        of("logging: error"),
        of("logging: { level: warn, retention: 5 }"),
        of("access: { f: call }"),
        of("access: { flow: [states:StopExecutions] }"),
        of("role: q"),
        of("role: r"),
        of("role: r\naccess: { f: invoke }"),
        of("timeout: 5"),
        machine(DEFINITION).replace("  flow:", "  flow2:"),
        machine(DEFINITION).replace("  flow:", "  a.b:"),
        machine(DEFINITION).replace("  flow:", &format!("  {}:", "m".repeat(58))),
    ];
    check("state_machines", &cases.each_ref().map(String::as_str));
}

/// What Step Functions would refuse when it creates the state machine.
#[test]
fn errors_of_states() {
    let states = |states: &str| machine(&format!("definition: {{ StartAt: A, States: {{ {states} }} }}"));
    let express = |resource: &str| {
        let task = format!("{{ Type: Task, Resource: '{resource}', End: true }}");
        let inner = format!("{{ StartAt: B, States: {{ B: {task} }} }}");
        let map = format!("{{ Type: Map, ItemProcessor: {inner}, End: true }}");
        machine(&format!("definition: {{ StartAt: A, States: {{ A: {map} }} }}\ntype: express"))
    };
    let cases = [
        machine("definition: { StartAt: A }"),
        machine("definition: { States: { A: { Type: Succeed } } }"),
        machine("definition: { StartAt: B, States: { A: { Type: Succeed } } }"),
        states("A: { Type: Task, Resource: '${functions.g.arn}', End: true }"),
        states("A: Succeed"),
        states("A: { End: true }"),
        states("A: { Type: Tusk, End: true }"),
        states("A: { Type: Pass }"),
        states("A: { Type: Pass, Next: B, End: true }, B: { Type: Succeed }"),
        states("A: { Type: Pass, Next: Bee }, Be: { Type: Succeed }"),
        states("A: { Type: Succeed }, B: { Type: Succeed }"),
        states("A: { Type: Pass, Next: B }, B: { Type: Pass, Next: A }"),
        states("A: { Type: Task, End: true }"),
        states("A: { Type: Choice }, B: { Type: Succeed }"),
        states(
            "A: { Type: Choice, Choices: [{ Variable: $.a, IsNull: true }], Default: B }, B: { Type: Succeed }",
        ),
        states("A: { Type: Task, Resource: a, Catch: [{ ErrorEquals: [x], Next: C }], End: true }"),
        states("A: { Type: Parallel, End: true }"),
        states(
            "A: { Type: Parallel, Branches: [{ StartAt: A, States: { A: { Type: Pass, Next: B } } }], End: true }",
        ),
        states("A: { Type: Map, End: true }"),
        express("arn:aws:states:::ecs:runTask.sync"),
        express("arn:aws:states:::sqs:sendMessage.waitForTaskToken"),
        express("arn:${partition}:states:${region}:${account}:activity:a"),
    ];
    check("states", &cases.each_ref().map(String::as_str));
}

#[test]
fn states_that_are_fine() {
    let states = |states: &str| machine(&format!("definition: {{ StartAt: A, States: {{ {states} }} }}"));
    for yaml in [
        states(
            "A: { Type: Choice, Choices: [{ Variable: $.a, IsNull: true, Next: C }], Default: B }, B: { Type: Fail }, C: { Type: Wait, Seconds: 1, Next: A }",
        ),
        states(
            "A: { Type: Task, Resource: a, Catch: [{ ErrorEquals: [x], Next: B }], Next: B }, B: { Type: Pass, ResultPath: null, End: true }",
        ),
        states(
            "A: { Type: Parallel, Branches: [{ StartAt: B, States: { B: { Type: Succeed } } }, { StartAt: C, States: { C: { Type: Succeed } } }], End: true }",
        ),
        states("A: { Type: Map, Iterator: { StartAt: B, States: { B: { Type: Succeed } } }, End: true }"),
    ] {
        valid(&yaml);
    }
}

#[test]
fn a_state_machine_has_defaults() {
    let stack = valid(&machine(DEFINITION));
    let machines: &[Entry<Config>] = stack.entries.of();
    assert_eq!((machines[0].kind, machines[0].tracing, &machines[0].logging), (Type::Standard, false, &None));
}

/// JSON, and YAML in the folder of a part. Placeholders work in both, and the path may have a variable.
#[test]
fn a_definition_may_stand_in_a_file() {
    let project = Project::new();
    let json = "{\n\t\"StartAt\": \"A\",\n\t\"States\": {\"A\": {\"Type\": \"Task\", \"Resource\": \"${functions.f.arn}\", \"End\": true}}\n}\n";
    project.write("flow.json", json);
    let part = "state_machines: { other: { definition: other.yaml } }\n";
    project.write("services/part.yaml", part);
    project.write(
        "services/other.yaml",
        "StartAt: A\nStates: { A: { Type: Pass, Comment: 'Of ${stack} in ${AWS::Region} of ${AWS::AccountId} (${AWS::Partition})', End: true } }\n",
    );
    let first = machine("definition: '${var.name}.json'")
        + "include: services/part.yaml\nvariables: { name: flow }\n";
    let stack = project.load(&first, None).unwrap_or_else(|errors| panic!("{errors}"));
    let machines: &[Entry<Config>] = stack.entries.of();
    let definitions: Vec<String> =
        machines.iter().map(|machine| format!("{:?}", machine.definition)).collect();
    assert!(definitions[0].contains(r#"Attribute { kind: "function", key: "f""#), "{definitions:?}");
    assert!(definitions[1].contains("Of demo"), "{definitions:?}");
    let files: Vec<String> =
        stack.files.iter().filter_map(|file| Some(file.file_name()?.to_str()?.to_owned())).collect();
    assert_eq!(files, ["stack.yaml", "part.yaml", "flow.json", "other.yaml"]);
}

#[test]
fn errors_of_definitions_in_files() {
    let project = Project::new();
    project.write("wrong.json", "{\n  \"StartAt\": \"A\",\n  \"States\": {\"A\": {\"Type\": \"Task\", \"Resource\": \"${functions.g.arn}\", \"Next\": \"B\"}}\n}\n");
    project.write("broken.json", "{\"StartAt\": \"A\",,}\n");
    project.write("list.yaml", "- A\n");
    project.write("empty.yaml", "");
    let of = |file: &str| project.errors(machine(&format!("definition: {file}")), None);
    let default = machine("{}").replace("flow:\n    {}", "flow: {}")
        + "defaults: { state_machines: { definition: list.yaml } }\n";
    let files = [
        "wrong.json",
        "broken.json",
        "list.yaml",
        "empty.yaml",
        "wrong.jsn",
        "code",
        "../flow.json",
        "/etc/passwd",
    ];
    snapshot(
        "definitions_in_files",
        &[&files.map(of)[..], &[project.errors(default, None)]]
            .concat()
            .join(&format!("\n\n{}\n\n", "=".repeat(80))),
    );
}
