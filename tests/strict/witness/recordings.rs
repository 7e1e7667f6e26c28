//! The recorded responses, and what each service says of them.

use crate::services;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The folder of the recordings. Without one there is nothing to compare with, which is said.
pub(super) fn folder() -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("RECORDED_AWS").map(PathBuf::from) else {
        say("there is no folder of recorded responses: RECORDED_AWS names none");
        return None;
    };
    assert!(folder.is_dir(), "RECORDED_AWS names no folder: {}", folder.display());
    Some(folder)
}

/// Says what is to be seen although the test passes: the harness keeps what tests print, but not this.
pub(super) fn say(text: &str) {
    writeln!(std::io::stderr(), "{text}").expect("there is a place for errors");
}

/// A response of AWS, as botocore returned it.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    pub(super) test: String,
    pub(super) label: String,
    pub(super) status: u16,
    pub(super) error: Option<Refusal>,
    /// Empty where it is an error.
    pub(super) members: Map<String, Json>,
}

/// An error of AWS. A service that once spoke another protocol has two codes for it.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) codes: Vec<String>,
    pub(super) message: String,
}

/// All responses in the files whose name begins so.
pub(super) fn read(folder: &Path, files: &str) -> Vec<Recorded> {
    let entries = fs::read_dir(folder).expect("the folder of the recordings");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.split('.').next() == Some(files) && name.ends_with(".json")
    });
    paths.sort();
    let mut recorded = Vec::new();
    for path in paths {
        let tests: Map<String, Json> = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for (test, content) in &tests {
            let test = test.split_once("::").map_or(&**test, |(_, test)| test);
            walk(test, "", &content["recorded-content"], &mut recorded);
        }
    }
    recorded
}

/// Collects the responses in the content of a test; some are deeper within it.
fn walk(test: &str, label: &str, content: &Json, found: &mut Vec<Recorded>) {
    match content {
        Json::Object(members) if members.contains_key("ResponseMetadata") => {
            found.push(response(test, label, members));
        }
        Json::Object(members) => members.iter().for_each(|(name, inner)| {
            let label = if label.is_empty() { name.clone() } else { format!("{label}/{name}") };
            walk(test, &label, inner, found);
        }),
        Json::Array(items) => items.iter().for_each(|inner| walk(test, label, inner, found)),
        _ => {}
    }
}

fn response(test: &str, label: &str, members: &Map<String, Json>) -> Recorded {
    let status = members["ResponseMetadata"]["HTTPStatusCode"].as_u64().unwrap_or_default();
    let error = members.get("Error").filter(|error| error.get("Code").is_some()).map(|error| {
        let text = |name: &str| error.get(name).and_then(Json::as_str).map(str::to_owned);
        let codes = ["Code", "QueryErrorCode"].into_iter().filter_map(text).collect();
        Refusal { codes, message: text("Message").unwrap_or_default() }
    });
    let mut members = if error.is_some() { Map::new() } else { members.clone() };
    members.remove("ResponseMetadata");
    members.retain(|_, value| !value.is_null());
    let (test, label) = (test.to_owned(), label.to_owned());
    Recorded { test, label, status: u16::try_from(status).unwrap_or_default(), error, members }
}

/// A service that is measured, with its `recorded.yaml`.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) service: services::Service,
    pub(super) rules: Rules,
}

impl Service {
    /// True if the strict cloud has the operation.
    pub(super) fn serves(&self, operation: &str) -> bool {
        self.service.handler(operation).is_some()
    }

    /// The rules that take responses out of the count and do not say how we know.
    fn unfounded(&self) -> Vec<&str> {
        let is_so = |rule: &&Rule| !self.serves(&rule.is) && rule.why.trim().is_empty();
        self.rules.rules.iter().filter(is_so).map(|rule| &*rule.is).collect()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    /// What the names of its files in the folder begin with.
    pub(super) files: String,
    /// Of these the first that fits decides.
    #[serde(default)]
    pub(super) rules: Vec<Rule>,
    /// What only the strict cloud is asked.
    #[serde(default)]
    pub(super) requests: Vec<Story>,
    #[serde(default)]
    pub(super) differences: Vec<Difference>,
    /// Faults that must be reported.
    #[serde(default)]
    pub(super) planted: Vec<Planted>,
}

/// Which operation a response is of. What it does not say, it does not ask for; `*` stands for anything, and `|` for "or".
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    #[serde(default)]
    pub(super) label: String,
    #[serde(default)]
    pub(super) test: String,
    /// Each of the members, of a success; of one within another the path, with points.
    #[serde(default)]
    pub(super) members: Vec<String>,
    /// The code of an error.
    #[serde(default)]
    pub(super) code: String,
    #[serde(default)]
    pub(super) message: String,
    /// True for a success only, false for an error only.
    pub(super) ok: Option<bool>,
    /// The operation; another service's with its name before it.
    pub(super) is: String,
    /// How we know, where that takes the response out of the count.
    #[serde(default)]
    why: String,
}

/// Requests that come one after the other, in an empty account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Story {
    pub(super) story: String,
    pub(super) requests: Vec<Asked>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    pub(super) call: String,
    #[serde(default)]
    pub(super) with: Map<String, Json>,
    pub(super) keep: Option<String>,
    /// True where AWS is not at rest yet.
    #[serde(default)]
    pub(super) soon: bool,
}

/// A fault that a test puts into one answer, and the lines that must report it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Planted {
    /// The operation.
    pub(super) answer: String,
    /// Which of its answers: the first that says or shows this.
    #[serde(default)]
    pub(super) of: String,
    /// The wrong code, of a refusal.
    pub(super) code: Option<String>,
    pub(super) status: Option<u16>,
    /// The path of a member that is missing.
    pub(super) without: Option<String>,
    /// The path of a member that has another value.
    pub(super) at: Option<String>,
    #[serde(default)]
    pub(super) value: Json,
    /// In their order.
    pub(super) lines: Vec<String>,
}

/// Differences that have one reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Difference {
    pub(super) right: Right,
    pub(super) why: String,
    /// As they are reported, in which `*` stands for anything.
    pub(super) what: Vec<String>,
}

/// Who does as AWS does today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Right {
    Recording,
    Strict,
}

/// The services that are measured.
pub(super) fn services() -> Vec<Service> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strict/services");
    let read = |(service, module): (&services::Service, &&str)| {
        let path = root.join(module).join("recorded.yaml");
        let text = fs::read_to_string(&path).ok()?;
        let rules: Rules =
            serde_yaml::from_str(&text).unwrap_or_else(|wrong| panic!("{}: {wrong}", path.display()));
        assert!(rules.differences.iter().all(|known| !known.why.trim().is_empty()), "without a reason");
        let known = Service { service: *service, rules };
        assert!(known.unfounded().is_empty(), "{module}: rules without a reason: {:?}", known.unfounded());
        Some(known)
    };
    services::Service::ALL.iter().zip(services::Service::MODULES).filter_map(read).collect()
}
