//! What `code` and `handler` name, and files that are not stack files.

use std::io::Write as _;
use std::path::Path;

use super::{Project, process, snapshot};
use crate::config::{At, Diagnostic, Diagnostics, Identity, Options, identity, load};

fn function(runtime: &str, code: &str, handler: &str) -> String {
    let handler = if handler.is_empty() { String::new() } else { format!("    handler: {handler}\n") };
    format!("stack: demo\nfunctions:\n  f:\n    runtime: {runtime}\n    code: {code}\n{handler}")
}

fn with_zip() -> Project {
    let project = Project::new();
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("app.py", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(b"").unwrap();
    project.write("package.zip", archive.finish().unwrap().into_inner());
    project.write("broken.zip", "this is no zip");
    project
}

#[test]
fn code_that_is_fine() {
    let project = with_zip();
    for (runtime, code, handler) in [
        ("python3.13", "code", ""),
        ("python3.13", "./code/", "lambda_function.other"),
        ("python3.13", "code", "pkg.mod.handler"),
        ("python3.13", "code", "pkg/mod.handler"),
        ("python3.13", "code", "sub.handler"),
        ("python3.13", "single.py", "single.handler"),
        ("python3.13", "package.zip", "app.handler"),
        ("python3.13", ".", "single.handler"),
        ("nodejs22.x", "node", ""),
        ("nodejs22.x", "node", "index.app.handler"),
        ("ruby3.4", "ruby", "app.Module::Class.method"),
        ("provided.al2023", "bin", ""),
        ("java21", "code", "example.Handler::handle"),
        ("python3.99", "code", ""),
    ] {
        let yaml = function(runtime, code, handler);
        assert_eq!(project.errors(&yaml, None), "(no error)", "{yaml}");
    }
    let layered = function("python3.13", "code", "in_a_layer.handler")
        + "    layers: ['arn:aws:lambda:eu-west-1:123456789012:layer:x:1']\n";
    assert_eq!(project.errors(layered, None), "(no error)");
}

#[test]
fn code_that_is_not() {
    let project = with_zip();
    std::fs::create_dir(project.path().join("empty")).unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), project.path().join("link")).unwrap();
    let shown: Vec<String> = [
        ("python3.13", "lambdas/get_itm", ""),
        ("python3.13", "nowhere", ""),
        ("python3.13", r"lambdas\get_item", "app.handler"),
        ("python3.13", r".\lambdas\get_item\", "app.handler"),
        ("python3.13", r"lambdas\get_itm", ""),
        ("python3.13", r"..\code", ""),
        ("python3.13", "code", r"pkg\mod.handler"),
        ("python3.13", "code", r"pkg\other.handler"),
        ("python3.13", "lambdas/get_item/App.py", ""),
        ("python3.13", "empty", ""),
        ("python3.13", "/etc", ""),
        ("python3.13", "../code", ""),
        ("python3.13", "code/../../x", ""),
        ("python3.13", "link", ""),
        ("python3.13", "${env}/code", ""),
        ("python3.13", "lambdas/get_item", ""),
        ("python3.13", "code", "lamda_function.lambda_handler"),
        ("python3.13", "code", "handler"),
        ("python3.13", "code", "a b.c"),
        ("python3.13", "single.py", ""),
        ("python3.13", "package.zip", ""),
        ("python3.13", "broken.zip", ""),
        ("nodejs22.x", "code", ""),
        ("nodejs22.x", "node", "main.handler"),
        ("ruby3.4", "ruby", "main.handler"),
        ("java21", "code", ""),
        ("provided.al2023", "code", ""),
        ("provided.al2023", "package.zip", "app.handler"),
    ]
    .iter()
    .map(|(runtime, code, handler)| project.errors(function(runtime, code, handler), None))
    .collect();
    snapshot("code", &shown.join(&format!("\n\n{}\n\n", "=".repeat(80))));
}

#[test]
fn files_that_are_no_stack() {
    let project = Project::new();
    let latin1 = project.errors(b"stack: demo\ntags: { name: caf\xe9 }\n", None);
    let options =
        Options { sections: crate::kinds::sections(), environment: None, process: &process, known: None };
    let missing = load(Path::new("no-such-folder/stack.yaml"), &options).unwrap_err();
    let folder = load(project.path(), &options).unwrap_err();
    let folder = folder.to_string().replace(&project.path().display().to_string(), "FOLDER");
    snapshot("files", &[latin1, missing.to_string(), folder].join("\n\n"));
}

#[test]
fn the_stack_file_that_was_meant() {
    let project = Project::new();
    let options =
        Options { sections: crate::kinds::sections(), environment: None, process: &process, known: None };
    let help = |path: &str| {
        let wrong = load(&project.path().join(path), &options).unwrap_err();
        let help = wrong.items()[0].help.clone().unwrap();
        help.replace(&project.path().canonicalize().unwrap().display().to_string(), "FOLDER")
            .replace(&project.path().display().to_string(), "FOLDER")
    };
    assert_eq!(
        help("stack.yaml"),
        "run `provision` in the folder of `stack.yaml`, name the file with `-f`, or create one with `provision init`"
    );
    project.write("stack.yml", "stack: demo\n");
    let rename = "there is a file `FOLDER/stack.yml`: rename it, or name it with `-f FOLDER/stack.yml`";
    assert_eq!(help("stack.yaml"), rename);
    assert_eq!(help("."), "name the file in it: `-f FOLDER/./stack.yml`");
    project.write("stack.yaml", "stack: demo\n");
    assert_eq!(help(""), "name the file in it: `-f FOLDER/stack.yaml`");
    let above = "there is a file `FOLDER/stack.yaml`: go to its folder, or name it with `-f`";
    assert_eq!(help("lambdas/get_item/stack.yaml"), above);
    assert_eq!(
        help("other.toml"),
        "run `provision` in the folder of `stack.yaml`, name the file with `-f`, or create one with `provision init`"
    );
}

#[test]
fn a_later_stage_shows_a_line_too() {
    let project = Project::new();
    let file = project.path().join("stack.yaml");
    project.write("stack.yaml", "stack: demo\ntables:\n  users: { partition_key: id }\n");
    let diagnostic = |length| Diagnostic {
        at: At { file: 0, line: 3, column: 3 },
        length,
        message: "the table `users` belongs to someone else".to_owned(),
        help: None,
    };
    let shown = Diagnostics::of_files(std::slice::from_ref(&file), vec![diagnostic(0)]).to_string();
    assert_eq!(shown, Diagnostics::of_files(std::slice::from_ref(&file), vec![diagnostic(5)]).to_string());
    assert!(shown.contains("stack.yaml:3:3") && shown.contains("^^^^^"), "{shown}");
    assert!(
        Diagnostics::of_files(std::slice::from_ref(&file), vec![diagnostic(5)])
            .render(true, None)
            .contains("\u{1b}[")
    );
}

#[test]
fn no_place_is_out_of_reach() {
    let project = Project::new();
    project.write("stack.yaml", "stack: é\r\n\r\n");
    for (line, column, length) in
        [(0, 0, 0), (1, 8, 1), (1, 99, 99), (2, 1, 0), (99, 1, 1), (u32::MAX, u32::MAX, usize::MAX)]
    {
        let diagnostic =
            Diagnostic { at: At { file: 0, line, column }, length, message: "x".to_owned(), help: None };
        for file in ["stack.yaml", "gone.yaml"] {
            let shown =
                Diagnostics::of_files(&[project.path().join(file)], vec![diagnostic.clone()]).to_string();
            assert!(shown.contains("error: x"), "{shown}");
        }
    }
}

#[test]
fn identity_of_a_broken_file() {
    let project = Project::new();
    let read = |yaml: &str, environment| {
        project.write("stack.yaml", yaml);
        identity(&project.path().join("stack.yaml"), environment)
    };
    let of = |region: Option<&str>, account: Option<&str>, protect| {
        let (region, account) = (region.map(str::to_owned), account.map(str::to_owned));
        Some(Identity { stack: "demo".to_owned(), region, account, protect })
    };
    let whole = r"stack: demo
region: eu-west-1
nonsense: 1
environments:
  prod: { account: 012345678901, protect: true }
";
    assert_eq!(read(whole, None), of(Some("eu-west-1"), None, false));
    assert_eq!(read(whole, Some("prod")), of(Some("eu-west-1"), Some("012345678901"), true));
    // Broken YAML hides no more than its own section, and what it hides may be `protect`.
    let broken = "stack: demo\ntables:\n  users: { partition_key: [\nfunctions: @x\naccount: 012345678901\n";
    assert_eq!(read(broken, None), of(None, Some("012345678901"), false));
    assert_eq!(read(broken, Some("dev")), of(None, Some("012345678901"), true));
    assert_eq!(read("stack: Demo\n", None), None);
    assert_eq!(read("", None), None);
    assert_eq!(identity(&project.path().join("none.yaml"), None), None);
}

#[test]
fn no_text_makes_it_panic() {
    const TEXT: &str = r#"stack: é
tags: { a: 'b', c: "\x24{d}" }
tables:
  t-é: &t { partition_key: [x, ${y}] }
  u: *t
functions:
  f:
    code: ./é
    runtime: python3.é
    handler: é.é
    environment:
      A: '${é'
      B: |
        ${
        }
api:
  routes:
    GET /{é}/{: f
    é: ~
checks:
  - request: 'GET /${é}é'
    capture: { é: é~ }
    body: { 1: .nan, 1: 0x1 }
"#;
    let project = Project::new();
    for (index, _) in TEXT.char_indices().step_by(3) {
        let (before, after) = TEXT.split_at(index);
        project.errors(before, None);
        project.errors(after, Some("é"));
        project.errors(format!("{before}\t{after}"), None);
        project.errors(format!("{before}é: {after}\r\u{0}"), None);
    }
}
