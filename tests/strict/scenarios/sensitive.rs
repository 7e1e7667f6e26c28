//! No output of any command shows a sensitive value: not as text, JSON or Markdown, in a file, or where AWS quotes it.

use super::processes::each;
use crate::cloud::{Cloud, ServiceError};
use crate::fixture::Fixture;
use crate::program::{Manner, command, visit_after};
use crate::run::{A_MOMENT, empty, later};
use crate::services::ssm::Parameter;
use crate::wire::Call;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Also the name of a table, which every command has to print.
const WORD: &str = "open-sesame";
const KEY: &str = "k3y\"of mine/1";
const PASSWORD: &str = "p4ss-w0rd";
const PEM: &str = "-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----";

const STACK: &str = "stack: shop
tables: { open-sesame: { partition_key: id } }
functions:
  f:
    code: lambdas/create_item
    runtime: python3.13
    access: { open-sesame: read }
    environment:
      TABLE: ${tables.open-sesame.name}
      WORD: ${secret:word}
      KEY: ${ssm:/key}
      URL: 'postgres://ada:${secret:db#password}@host/${secret:db#password}'
      PEM: ${secret:pem}
api: { routes: { GET /: f, POST /: f } }
outputs: { table: 'the table ${tables.open-sesame.arn}' }
checks:
  - { request: GET /, name: 'of ${secret:word}', headers: { key: '${secret:word}' }, expect: { status: 200, body: { a: '${ssm:/key}' } } }
  - { request: 'GET /?p=${secret:db#password}' }
  - { request: POST /, body: { key: '${ssm:/key}' } }
";

fn account() -> Cloud {
    let mut cloud = empty();
    cloud.ssm.put("/key", Parameter::secure(KEY));
    cloud.secretsmanager.put("word", WORD);
    cloud.secretsmanager.put("db", &json!({ "password": PASSWORD }).to_string());
    cloud.secretsmanager.put("pem", PEM);
    cloud
}

/// What no output may contain. The word is the name of a table too, which a command that reads no values prints.
fn shown(text: &str, reads_values: bool) -> Option<&'static str> {
    let parts = [PASSWORD, "k3y", "of mine", "MIIEv", WORD];
    let known = if reads_values { parts.len() } else { parts.len() - 1 };
    parts[..known].iter().copied().find(|part| text.contains(part))
}

/// A refusal that quotes everything.
fn quotes_everything(_: &Cloud, call: &Call) -> Option<ServiceError> {
    let message =
        format!("Invalid: {{\"KEY\":{}}}, {WORD}, {PASSWORD}, {}{PEM}", json!(KEY), "x".repeat(990));
    let is_refused = call.operation.name == "UpdateFunctionConfiguration";
    is_refused.then(|| ServiceError::new("ValidationException", &message))
}

/// Runs a command, and looks through all that it prints, and through the files that it leaves.
fn look(cloud: &Cloud, stack: &Fixture, args: &[&str]) -> (Cloud, String) {
    let visit = visit_after(A_MOMENT, cloud, &[command(stack, args)], None);
    let printed = format!("{}\n{}", visit.exit().out, visit.exit().err);
    let reads_values = !["down", "iam-policy", "validate", "list"].contains(&args[0]);
    assert_eq!(shown(&printed, reads_values), None, "{args:?}\n{printed}");
    files(&stack.stack.folder, &|path, text| {
        assert_eq!(shown(text, false), None, "{args:?} leaves {}", path.display());
    });
    (visit.cloud, printed)
}

/// Every file in a folder, as text as far as it is one.
fn files(folder: &Path, found: &dyn Fn(&Path, &str)) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        match path.is_dir() {
            true => files(&path, found),
            // A file of another command that has just ended may be gone.
            false => found(&path, &String::from_utf8_lossy(&fs::read(&path).unwrap_or_default())),
        }
    }
}

#[test]
fn no_output_shows_a_sensitive_value() {
    let stack = Fixture::of(STACK);
    let mut cloud = account();
    let before: &[&[&str]] = &[
        &["validate"],
        &["validate", "--json"],
        &["iam-policy", "--account", "123456789012"],
        &["plan", "-vv"],
        &["plan", "--json"],
        &["plan", "--markdown"],
        &["plan", "--out", "saved.json"],
        &["plan", "--html", "plan.html"],
        &["plan", "--show-values"],
    ];
    each(before, |args| drop(look(&cloud, &stack, args)));
    let up;
    (cloud, up) = look(&cloud, &stack, &["up", "--yes", "-vv", "--check"]);
    assert!(up.contains("table (sensitive)") && up.contains("arn:aws:dynamodb"), "{up}");
    assert!(up.contains("500"), "the checks are answered: {up}");
    cloud = later(&cloud, Duration::from_secs(60));
    let said = format!("got {KEY} and {PASSWORD}\n{PEM}");
    cloud.logs.groups.values_mut().for_each(|group| group.events = vec![(1_000, said.clone())]);
    let after: &[&[&str]] = &[
        &["plan", "-v"],
        &["plan", "--json"],
        &["status"],
        &["status", "--json"],
        &["outputs"],
        &["outputs", "table"],
        &["outputs", "--json"],
        &["check"],
        &["check", "--json"],
        &["list", "--json"],
        &["logs", "--since", "1970-01-01T00:00:00Z"],
        &["logs", "--since", "1970-01-01T00:00:00Z", "--json"],
        &["adopt", "table", "open-sesame", "--yes"],
        &["up", "--yes", "--json"],
        &["down", "--yes", "-v"],
    ];
    each(after, |args| {
        let (_, printed) = look(&cloud, &stack, args);
        if args[0] == "logs" {
            assert!(printed.contains("got (sensitive) and (sensitive)"), "{printed}");
        }
    });
    // A refusal quotes at most what was sent, and `down` sends no values.
    let hindered = Cloud { hindrance: Some(quotes_everything), ..cloud };
    let larger = Fixture::of(&STACK.replace("runtime: python3.13", "runtime: python3.13\n    memory: 512"));
    let (_, printed) = look(&hindered, &larger, &["up", "--yes"]);
    assert!(printed.contains("ValidationException"), "{printed}");
}

/// A value that does not fit is an error, and the error does not say what it is.
#[test]
fn an_error_does_not_show_the_value() {
    let name = "stack: shop\nfunctions: { f: { code: lambdas/create_item, runtime: python3.13, name: '${ssm:/key}' } }\n";
    let large = "stack: shop\nfunctions: { f: { code: lambdas/create_item, runtime: python3.13, environment: { KEY: '${secret:large}' } } }\n";
    let mut cloud = account();
    cloud.secretsmanager.put("large", &PASSWORD.repeat(600));
    for (text, says) in [(name, "`name` would show a sensitive value"), (large, "AWS allows 4096")] {
        for format in [&["plan"][..], &["plan", "--json"], &["up", "--yes"]] {
            let (_, printed) = look(&cloud, &Fixture::of(text), format);
            assert!(printed.contains(says) || format.contains(&"--json"), "{printed}");
        }
    }
}

/// The digests of a saved plan have a salt: nobody can look the values up.
#[test]
fn a_saved_plan_is_salted() {
    let stack = Fixture::of(STACK);
    let saved = |name: &str| {
        let cloud = account();
        look(&cloud, &stack, &["plan", "--out", name]);
        fs::read_to_string(stack.stack.folder.join(name)).expect("the plan")
    };
    let digest = |text: &str| {
        let saved: serde_json::Value = serde_json::from_str(text).expect("JSON");
        saved["steps"]["create function f"].as_str().map(str::to_owned).expect("a digest")
    };
    assert_ne!(digest(&saved("one.json")), digest(&saved("other.json")));
}

fn secrets_are_denied(_: &Cloud, call: &Call) -> Option<ServiceError> {
    let message = "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: secretsmanager:GetSecretValue \
                   on resource: word because no identity-based policy allows the secretsmanager:GetSecretValue action";
    let is_refused = call.operation.name == "GetSecretValue";
    is_refused.then(|| ServiceError::new("AccessDeniedException", message))
}

/// Who may not read the values can still read logs; a command that compares them with AWS says which permission lacks.
#[test]
fn logs_do_without_values_that_may_not_be_read() {
    let stack = Fixture::of(STACK);
    let denied = Cloud { hindrance: Some(secrets_are_denied), ..account() };
    let logs = visit_after(A_MOMENT, &denied, &[command(&stack, &["logs"])], None).ends(Manner::Well);
    assert!(logs.exit().err.contains("no logs yet"), "{}", logs.exit().err);
    let status = visit_after(A_MOMENT, &denied, &[command(&stack, &["status"])], None).ends(Manner::Failing);
    let said = &status.exit().err;
    assert_eq!(status.exit().code, Some(77), "{said}");
    assert!(said.contains("stack.yaml:12: cannot read `${secret:db#password}`"), "{said}");
    assert!(said.contains("error: stack.yaml:10: cannot read `${secret:word}`"), "{said}");
    assert!(said.contains("help: ask for the permission secretsmanager:GetSecretValue;"), "{said}");
}
