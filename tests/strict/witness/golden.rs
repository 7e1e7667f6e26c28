//! Golden reads: a stack is brought up, and then one read of it is answered as the recordings have it for the same desired state.
//! The product must see no difference. What is made up in a recording, such as an ARN, is the account's own.

use super::recordings::{self, Recorded};
use crate::cloud::Cloud;
use crate::fixture::Fixture;
use crate::pattern::is_like;
use crate::run::{Command, End, empty, run};
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// A recorded response in the place of the account's own.
#[derive(Debug)]
pub(crate) struct Golden {
    call: String,
    members: Json,
    /// Members whose value is made up, though it does not look so.
    own: Vec<String>,
}

impl Golden {
    /// The answer to a call.
    pub(crate) fn answer(&self, call: &str, own: Json) -> Json {
        if call == self.call { self.over(own, &self.members) } else { own }
    }

    /// A recorded value in the place of one of the account.
    fn over(&self, own: Json, recorded: &Json) -> Json {
        match (own, recorded) {
            (Json::Object(own), Json::Object(members)) => Json::Object(self.members(own, members)),
            (Json::Array(own), Json::Array(items)) if own.len() == items.len() => {
                own.into_iter().zip(items).map(|(own, item)| self.over(own, item)).collect()
            }
            // The recordings have documents as what they say.
            (Json::String(own), Json::Object(_) | Json::Array(_)) => match is_made_up(recorded) {
                true => Json::String(own),
                false => Json::String(recorded.to_string()),
            },
            (Json::Number(own), Json::String(_)) => Json::Number(own),
            (own, recorded) if is_made_up(recorded) => own,
            (_, recorded) => recorded.clone(),
        }
    }

    fn members(&self, mut own: Map<String, Json>, recorded: &Map<String, Json>) -> Map<String, Json> {
        // The tags say whose it is, and the recorded one has no owner.
        let tags: Vec<_> = own.keys().filter(|name| name.eq_ignore_ascii_case("tags")).cloned().collect();
        let mut members = Map::new();
        members.extend(tags.into_iter().filter_map(|name| own.remove_entry(&name)));
        for (name, value) in recorded {
            match own.remove(name) {
                Some(own) if self.own.contains(name) => drop(members.insert(name.clone(), own)),
                Some(own) => drop(members.insert(name.clone(), self.over(own, value))),
                None if is_made_up(value) => {}
                None => drop(members.insert(name.clone(), value.clone())),
            }
        }
        members
    }
}

/// True for a value with a placeholder in it.
fn is_made_up(value: &Json) -> bool {
    match value {
        Json::String(text) => {
            let whole = ["datetime", "timestamp", "date", "code-sha256"];
            text.contains('<') || text.contains("111111111111") || whole.contains(&text.as_str())
        }
        Json::Array(items) => items.iter().any(is_made_up),
        Json::Object(members) => members.values().any(is_made_up),
        _ => false,
    }
}

/// A read, and the desired state that made what it shows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    kind: String,
    stack: String,
    files: String,
    test: String,
    label: String,
    call: String,
    #[serde(default)]
    own: Vec<String>,
}

fn reads() -> Vec<Read> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strict/witness/golden.yaml");
    let text = fs::read_to_string(&path).unwrap();
    serde_yaml::from_str(&text).unwrap_or_else(|wrong| panic!("golden.yaml: {wrong}"))
}

/// How a plan of a stack ends that is up, when one read is answered so.
fn planned(read: &Read, up: &Cloud, fixture: &Fixture, members: Json) -> (End, bool) {
    let golden = Golden { call: read.call.clone(), members, own: read.own.clone() };
    let cloud = Cloud { golden: Some(Arc::new(golden)), ..up.clone() };
    let ran = run(&cloud, Command::Plan(fixture), None);
    (ran.end, ran.records.iter().any(|record| record.label.name == read.call))
}

#[test]
fn what_aws_answered_is_in_sync_with_what_made_it() {
    let Some(folder) = recordings::folder() else {
        recordings::say("there is no folder of recorded responses: RECORDED_AWS names none");
        return;
    };
    let mut wrong = Vec::new();
    for read in reads() {
        let recorded = recordings::read(&folder, &read.files);
        let is_it = |one: &&Recorded| {
            is_like(&read.test, &one.test, false) && is_like(&read.label, &one.label, false)
        };
        let recorded = recorded.iter().find(is_it).unwrap_or_else(|| panic!("{}: no recording", read.kind));
        let fixture = Fixture::of(&read.stack);
        let up = run(&empty(), Command::Up(&fixture), None);
        assert!(matches!(up.end, End::Done(_)), "{}: {:?}", read.kind, up.end);
        let members = Json::Object(recorded.members.clone());
        let (end, is_asked) = planned(&read, &up.cloud, &fixture, members.clone());
        if end != End::Done(0) || !is_asked {
            wrong.push(format!("{}: {end:?}, asked: {is_asked}", read.kind));
        }
        let mut other = members;
        super::ours::change_numbers(&mut other);
        if planned(&read, &up.cloud, &fixture, other).0 == End::Done(0) {
            println!("{}: nothing of it is a number or a flag that counts", read.kind);
        }
    }
    assert!(wrong.is_empty(), "not in sync:\n  {}", wrong.join("\n  "));
}
