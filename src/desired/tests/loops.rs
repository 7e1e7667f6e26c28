//! Loops of several functions, and those through log groups.

use super::super::{check_offline, doubts};
use crate::config::{Options, load};
use crate::kinds::sections;
use crate::lower::identity;
use crate::plan::tests::stacks::{stack, stack_in};
use std::path::Path;

/// A stack of functions, each with its fields in one line, and of other sections.
fn of(functions: &[(&str, &str)], more: &str) -> String {
    let functions: String = functions
        .iter()
        .map(|(name, fields)| format!("  {name}: {{ code: code, runtime: python3.13, {fields} }}\n"))
        .collect();
    format!(
        "stack: demo\nbuckets: {{ shots: {{}} }}\ntables: {{ pages: {{ partition_key: id, stream: new-image }} }}\ntopics: {{ news: {{}} }}\nbuses: {{ orders: {{}} }}\nqueues:\n  jobs: {{}}\n  answers: {{}}\n{more}functions:\n{functions}"
    )
}

fn found(text: &str) -> Vec<String> {
    let stack = stack(text);
    let found = doubts(&stack, &identity(&stack));
    found.into_iter().map(|doubt| format!("{}: {}", doubt.at.line, doubt.message)).collect()
}

const F: (&str, &str) = ("f", "access: { pages: write }, triggers: [{ bucket: shots, events: created }]");
const G: (&str, &str) = ("g", "access: { shots: write }, triggers: [{ table: pages }]");

#[test]
fn a_loop_of_several_functions_is_told_once() {
    let told = "`f` may write to the table `pages`, which starts `g`; `g` may write to the bucket `shots`, which starts `f`, again and again";
    let stack = of(&[F, G], "");
    assert_eq!(found(&stack), [format!("10: {told}")]);
    let with_others =
        of(&[("e", "access: { shots: write }"), F, G, ("h", "triggers: [{ queue: jobs }]")], "");
    assert_eq!(found(&with_others), [format!("11: {told}")]);
}

#[test]
fn loops_go_on_through_whatever_hands_on() {
    let flow = |rest: &str| {
        format!(
            "state_machines: {{ flow: {{ definition: {{ StartAt: A, States: {{ A: {{ Type: Task, Resource: \"${{functions.g.arn}}\", End: true }} }} }}{rest} }} }}\n"
        )
    };
    let start = ("f", "access: { flow: [states:StartExecution] }, triggers: [{ queue: jobs }]");
    let all = "pattern: { account: [\"123456789012\"] }";
    let of_bus = format!("triggers: [{{ bus: orders, {all} }}]");
    let cases = [
        // Three, with a topic that hands on to a queue.
        of(
            &[
                ("f", "access: { news: publish }, triggers: [{ bucket: shots, events: created }]"),
                ("g", "access: { pages: write }, triggers: [{ queue: mails }]"),
                ("h", "access: { shots: write }, triggers: [{ table: pages }]"),
            ],
            "  mails: { triggers: [{ topic: news }] }\n",
        ),
        // What Lambda delivers of an asynchronous invocation.
        of(
            &[
                ("f", "async: { on_success: g }, triggers: [{ topic: news }]"),
                ("g", "async: { on_failure: news }"),
            ],
            "",
        ),
        of(
            &[("f", "access: { g: invoke }, triggers: [{ queue: jobs }]"), ("g", "access: { jobs: send }")],
            "",
        ),
        of(&[start, ("g", "access: { jobs: send }")], &flow("")),
        of(&[("g", "access: { orders: put }")], &flow(&format!(", {of_bus}"))),
        // Two loops that share no function.
        of(
            &[
                F,
                G,
                ("h", "access: { answers: send }, triggers: [{ queue: jobs }]"),
                ("i", "access: { jobs: send }, triggers: [{ queue: answers }]"),
            ],
            "",
        ),
        // Who logs to the group, is not in a word of the file.
        of(
            &[
                ("f", "triggers: [{ queue: jobs }]"),
                ("g", "access: { jobs: send }, triggers: [{ log_group: { function: f } }]"),
            ],
            "",
        ),
        of(
            &[
                ("f", "logging: { group: /all }, triggers: [{ queue: jobs }]"),
                ("g", "access: { jobs: send }, triggers: [{ log_group: /all }]"),
            ],
            "",
        ),
    ];
    let all: Vec<String> =
        cases.iter().flat_map(|case| found(case).into_iter().chain([String::new()])).collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn what_may_end_a_loop_is_no_doubt() {
    let f = |access: &str, trigger: &str| format!("access: {{ {access} }}, triggers: [{{ {trigger} }}]");
    let both = |f: &str, g: &str| of(&[("f", f), ("g", g)], "");
    for fine in [
        both(F.1, "access: { shots: write }, triggers: [{ table: pages, filter: { eventName: [REMOVE] } }]"),
        both(F.1, "access: { shots: write }, triggers: [{ table: pages, enabled: false }]"),
        both(&f("pages: write", "bucket: shots, events: removed"), G.1),
        both(
            &f("pages: write", "bucket: shots, events: created, prefix: in/"),
            "access: { shots: { write: out/* } }, triggers: [{ table: pages }]",
        ),
        both(&f("pages: read", "bucket: shots, events: created"), G.1),
        both(&f("jobs: send", "bus: orders, pattern: { source: [shop] }"), &f("orders: put", "queue: jobs")),
        both(&f("jobs: send", "topic: news, filter: { kind: [order] }"), &f("news: publish", "queue: jobs")),
        both(&format!("recursive_loop: allow, {}", F.1), G.1),
        both(F.1, &format!("recursive_loop: allow, {}", G.1)),
        // Of what Lambda reads for a function, nothing is delivered.
        both("async: { on_success: g }, triggers: [{ queue: jobs }]", "access: { jobs: send }"),
        // Without a trigger the code decides.
        both("access: { g: invoke }", "access: { f: invoke }"),
        both(
            "triggers: [{ queue: jobs }]",
            "access: { jobs: send }, triggers: [{ log_group: { function: f }, filter: ERROR }]",
        ),
        both("triggers: [{ queue: jobs }]", "triggers: [{ log_group: { function: f } }]"),
    ] {
        assert_eq!(found(&fine), Vec::<String>::new(), "{fine}");
    }
}

#[test]
fn a_function_alone_is_an_error_and_no_doubt() {
    let stack = of(&[("f", "triggers: [{ log_group: { function: f } }]")], "");
    assert_eq!(found(&stack), Vec::<String>::new());
}

/// The prefix of an environment is in the name of a group.
#[test]
fn who_logs_where_is_known_by_the_names_in_aws() {
    let text = |group: &str| {
        format!(
            "{}environments: {{ dev: {{}} }}\n",
            of(&[("f", &format!("triggers: [{{ log_group: {group} }}]"))], "")
        )
    };
    let wrong = |text: &str, environment: Option<&str>| {
        let found = check_offline(&stack_in(text, environment), None);
        found
            .err()
            .iter()
            .flat_map(|found| found.items())
            .map(|item| item.message.clone())
            .collect::<Vec<_>>()
    };
    let told = ["`f` logs to `/aws/lambda/dev-f`, which starts it, again and again"];
    assert_eq!(wrong(&text("/aws/lambda/dev-f"), Some("dev")), told);
    assert_eq!(wrong(&text("/aws/lambda/f"), Some("dev")), Vec::<String>::new());
    // Another function logs to the same group.
    let shared = "logging: { group: /all }, triggers: [{ log_group: { function: g } }]";
    let shared = of(&[("f", shared), ("g", "logging: { group: /all }")], "");
    assert_eq!(wrong(&shared, None), ["`f` logs to `/all`, which starts it, again and again"]);
    let filtered = of(&[("f", "triggers: [{ log_group: { function: f }, filter: ERROR }]")], "");
    assert_eq!(wrong(&filtered, None), Vec::<String>::new());
}

#[test]
fn no_example_is_in_doubt() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let examples = std::fs::read_dir(root.join("examples")).unwrap();
    let files = examples.map(|folder| folder.unwrap().path().join("stack.yaml")).filter(|file| file.exists());
    let files: Vec<_> = files.chain([root.join("stack.yaml")]).collect();
    assert!(files.len() > 10);
    for file in files {
        let options = Options {
            sections: sections(),
            environment: None,
            process: &|_| Some(String::new()),
            known: None,
        };
        let Ok(stack) = load(&file, &options) else { continue };
        assert_eq!(doubts(&stack, &identity(&stack)), [], "{}", file.display());
    }
}
