//! `include`: what parts may have, how they join, and which files they may be.

use super::Project;
use crate::config::Stack;

/// A stack file and two parts in folders of their own.
fn project() -> Project {
    let project = Project::new();
    project.write("services/a/part.yaml", A);
    project.write("services/a/own/lambda_function.py", "");
    project.write("services/b/part.yaml", B);
    project
}

const A: &str = "defaults: { functions: { memory: 256 } }
functions: { a: { code: own, runtime: python3.13, environment: { LEVEL: '${var.level}' } } }
api: { routes: { GET /a: a } }
variables: { level: low }
checks: [{ request: GET /a }]
";
const B: &str = "functions: { b: { code: ../../code, runtime: python3.13 } }
api: { routes: { GET /b: b } }
outputs: { b: '${functions.b.name}' }
checks: [{ request: GET /b }]
";
const ROOT: &str = "stack: demo
include: ['services/*/part.yaml']
functions: { own: { code: code, runtime: python3.13 } }
api: { routes: { GET /: own } }
checks: [{ request: GET / }]
";

fn valid(project: &Project, yaml: &str) -> Stack {
    project.load(yaml, None).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn parts_join() {
    let project = project();
    let stack = valid(&project, ROOT);
    let functions: Vec<(&str, u32, String)> = stack
        .functions()
        .iter()
        .map(|function| {
            let code = function.code.as_deref().expect("code");
            (function.name.as_str(), function.memory, code.display().to_string())
        })
        .collect();
    // The defaults of a part are for its own entries, and its paths are relative to it.
    let expected = [("own", 128, "code"), ("a", 256, "services/a/own"), ("b", 128, "services/b/../../code")];
    assert_eq!(functions, expected.map(|(name, memory, code)| (name, memory, code.to_owned())));
    let routes = stack.api().into_iter().flat_map(|api| api.routes.iter().map(|route| route.key.as_str()));
    assert_eq!(routes.collect::<Vec<_>>(), ["GET /", "GET /a", "GET /b"]);
    let checks: Vec<&str> = stack.checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(checks, ["GET /", "GET /a", "GET /b"]);
    assert_eq!(stack.outputs.len(), 1);
    let files: Vec<String> = stack
        .files
        .iter()
        .map(|file| file.strip_prefix(project.path()).unwrap_or(file).display().to_string())
        .collect();
    assert_eq!(files, ["stack.yaml", "services/a/part.yaml", "services/b/part.yaml"]);
    let a = &stack.functions()[1];
    assert_eq!((a.at.file, a.at.line), (1, 2));
}

#[test]
fn names_of_parts_may_depend_on_values() {
    let project = project();
    project.write("dev.yaml", "tables: { events: { partition_key: id } }\n");
    let yaml = "stack: demo\nenvironments: { dev: , prod: }\nvariables: { part: a }\ninclude: ['${env}.yaml', 'services/${var.part}/part.yaml']\n";
    let stack = project.load(yaml, Some("dev")).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!((stack.tables().len(), stack.functions().len()), (1, 1));
    assert!(project.errors(yaml, Some("prod")).contains("there is no file `prod.yaml`"));
}

#[test]
fn a_part_may_come_once_only_however_it_is_named() {
    let project = project();
    let yaml = ROOT.replace(
        "['services/*/part.yaml']",
        "[services/a/part.yaml, './services/a/part.yaml', '**/part.yaml', '*.yaml']",
    );
    assert_eq!(valid(&project, &yaml).functions().len(), 3);
}

#[test]
fn errors() {
    let project = project();
    project.write(
        "twice.yaml",
        "functions:\n  own: { code: code, memory: 256, runtime: python3.12 }\napi: { name: x, routes: [] }\n",
    );
    project.write("wrong.yaml", "stack: other\nregion: eu-west-1\nfunction: {}\ninclude: [stack.yaml]\n");
    project.write("list.yaml", "- a\n");
    project.write("broken.yaml", "functions: [\n");
    project
        .write("field.yaml", "functions:\n  x:\n    code: nowhere\n    runtime: python3.13\n    memory: 1\n");
    project.write("dup.yaml", "tables:\n  users: {}\n  users: {}\n");
    let with = |include: &str| ROOT.replace("['services/*/part.yaml']", include);
    let cases = [
        with("twice.yaml").replace("api: {", "api: { name: y,"),
        with("[wrong.yaml, list.yaml]"),
        with("broken.yaml"),
        with("[field.yaml, dup.yaml]"),
        with(
            "[nowhere.yaml, 'services/*/other.yaml', ../up.yaml, /etc/passwd, 'a[.yaml', stack.yaml, { a: 1 }]",
        ),
    ];
    let shown: Vec<String> = cases.iter().map(|yaml| project.errors(yaml, None)).collect();
    super::snapshot("include", &shown.join(&format!("\n\n{}\n\n", "=".repeat(80))));
}

#[cfg(unix)]
#[test]
fn a_link_may_not_leave_the_folder() {
    let (project, other) = (project(), project());
    std::os::unix::fs::symlink(other.path().join("services/a/part.yaml"), project.path().join("link.yaml"))
        .unwrap();
    project.write("real/tables.yaml", "tables: { events: { partition_key: id } }\n");
    std::os::unix::fs::symlink(project.path().join("real/tables.yaml"), project.path().join("inside.yaml"))
        .unwrap();
    assert!(
        project.errors("stack: demo\ninclude: link.yaml\n", None).contains("is outside the stack's folder")
    );
    assert_eq!(valid(&project, "stack: demo\ninclude: inside.yaml\n").tables().len(), 1);
}

#[test]
fn a_thousand_parts_are_a_stack_and_more_are_not() {
    let project = Project::new();
    for index in 0..=1_000 {
        project.write(
            &format!("parts/{index:04}.yaml"),
            format!("tables: {{ t{index:04}: {{ partition_key: id }} }}\n"),
        );
    }
    let errors = project.errors("stack: demo\ninclude: parts/*.yaml\n", None);
    assert!(errors.contains("a stack can have at most 1000 parts, not 1001"), "{errors}");
    assert_eq!(valid(&project, "stack: demo\ninclude: parts/0*.yaml\n").tables().len(), 1_000);
}
