//! Stacks that an earlier program has deployed (version 0.1.0, before each kind moved into one file) are in sync for this one.
//!
//! The earlier program ran `up` for each stack file in `tests/strict/recorded/`, in an empty account of the strict cloud. Two
//! files of each run are kept: `NAME.calls.txt`, the writes that succeeded, in their order; and `NAME.account.json`, the account
//! a minute later as `dump.rs` shows it: names, ownership tags, ownership marks in descriptions, `Sid`s of permissions (without
//! the number at their end), hashes of code. Ids that AWS makes up are replaced there, and are in the calls.
//!
//! Do not record them again: such stacks exist in the accounts of users, and no later program can change how they were made.
//! If the language of the stack file changes, write the stack files in it so that they mean the same. If the strict cloud
//! learns another setting that AWS sets by default, add it to the accounts.

use super::shipped::whole;
use crate::changes::{next_version, unprotected};
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::run::{Command, End, empty, later, planned, run};
use crate::services::Service;
use crate::validate::validate;
use crate::wire::Call;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// The stack files, each with the environment that was deployed.
const RECORDED: &[(&str, Option<&str>)] = &[
    ("shipped", None),
    ("rich", None),
    ("rich", Some("test")),
    ("own_role", None),
    ("mentions", None),
    ("many_routes", None),
    ("no_api", None),
    ("node", None),
    ("environments", Some("test")),
];

/// All that is slow in AWS is over.
const A_MINUTE: Duration = Duration::from_secs(60);

/// DynamoDB takes one change of an expiry an hour.
const TWO_HOURS: Duration = Duration::from_secs(2 * 3600);

/// A stack as it was deployed.
struct Recorded {
    name: String,
    stack: Fixture,
}

impl Recorded {
    fn all() -> impl Iterator<Item = Self> {
        RECORDED.iter().map(|(stack, environment)| {
            let text = recorded(&format!("{stack}.yaml"));
            let default = Fixture::changed(|_| text.clone(), |lambdas| write_code(lambdas, &text));
            match environment {
                None => Recorded { name: (*stack).to_owned(), stack: default },
                Some(name) => {
                    Recorded { name: format!("{stack}-{name}"), stack: default.with_text(&text, Some(name)) }
                }
            }
        })
    }

    /// The account as it was.
    fn account(&self) -> BTreeMap<String, Json> {
        serde_json::from_str(&recorded(&format!("{}.account.json", self.name))).unwrap()
    }

    /// The account that the calls of that time make.
    fn replayed(&self) -> Cloud {
        let mut cloud = empty();
        for line in recorded(&format!("{}.calls.txt", self.name)).lines() {
            let call = call(line);
            assert_eq!(
                validate(call.service.model(), call.operation, &call.params),
                Vec::<String>::new(),
                "{line}"
            );
            cloud = later(&cloud, A_MINUTE);
            cloud.arrived = cloud.now;
            if let Err(error) = cloud.handle(&call) {
                panic!("{}: {error:?} to {line}", self.name);
            }
        }
        later(&cloud, A_MINUTE)
    }
}

/// A file of the folder.
fn recorded(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strict/recorded").join(file);
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The code that the functions had: each folder of a stack file its own, in Python and in JavaScript.
fn write_code(lambdas: &Path, text: &str) {
    fs::remove_dir_all(lambdas).unwrap();
    for name in text.lines().filter_map(|line| line.trim().strip_prefix("code: lambdas/")) {
        let folder = lambdas.join(name);
        let python = format!("def lambda_handler(event, context):\n    return '{name}'\n");
        let javascript = format!("export const handler = async () => '{name}';\n");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("lambda_function.py"), python).unwrap();
        fs::write(folder.join("index.mjs"), javascript).unwrap();
    }
}

/// A call of a recording: `lambda:CreateFunction` and its parameters.
fn call(line: &str) -> Call {
    let (name, params) = line.split_once(' ').unwrap();
    let (service, operation) = name.split_once(':').unwrap();
    let service = Service::of(service).unwrap();
    let operation = &service.model().operations[operation];
    Call { service, operation, params: serde_json::from_str(params).unwrap() }
}

/// An account and what it should be do not differ.
#[track_caller]
fn assert_same(cloud: &Cloud, expected: &BTreeMap<String, Json>, what: &str) {
    assert_eq!(differences(&dump(cloud), expected), Vec::<String>::new(), "{what}");
}

#[test]
fn a_stack_of_an_earlier_version_is_in_sync() {
    for recorded in Recorded::all() {
        let (name, cloud, up) = (&recorded.name, recorded.replayed(), Command::Up(&recorded.stack));
        assert_same(&cloud, &recorded.account(), name);
        let steps: Vec<String> = planned(&cloud, up).steps.iter().map(|step| step.id.to_string()).collect();
        assert_eq!(steps, Vec::<String>::new(), "{name}: the plan has steps");
        let up = whole(run(&cloud, up, None));
        assert_eq!((up.writes(), &up.end), (vec![], &End::Done(0)), "{name}");
        assert_same(&up.cloud, &recorded.account(), name);
    }
}

#[test]
fn a_stack_is_deployed_as_by_an_earlier_version() {
    for recorded in Recorded::all() {
        let (name, up) = (&recorded.name, Command::Up(&recorded.stack));
        let first = whole(run(&empty(), up, None));
        assert_same(&later(&first.cloud, A_MINUTE), &recorded.account(), name);
        let second = whole(run(&first.cloud, up, None));
        assert_eq!((second.writes(), second.end), (vec![], End::Done(0)), "{name}");
    }
}

/// What this program finds, it also changes and deletes as its own.
#[test]
fn a_stack_of_an_earlier_version_is_changed_and_deleted() {
    for recorded in Recorded::all() {
        let (name, next) = (&recorded.name, next_version(&unprotected(&recorded.stack)));
        let cloud = later(&recorded.replayed(), TWO_HOURS);
        let changed = later(&whole(run(&cloud, Command::Up(&next), None)).cloud, A_MINUTE);
        let fresh = later(&whole(run(&empty(), Command::Up(&next), None)).cloud, A_MINUTE);
        assert_same(&changed, &dump(&fresh), name);
        let down = whole(run(&changed, Command::Down(&next), None));
        assert_same(&later(&down.cloud, A_MINUTE), &BTreeMap::new(), name);
    }
}
