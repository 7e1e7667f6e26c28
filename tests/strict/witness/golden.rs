//! Golden reads: a stack is brought up, and then one read of it is answered as the recordings have it for the same desired state.
//! The product must see no difference, and one where a member that counts has another value. What is made up in a recording, such
//! as an ARN, is the account's own.

use super::assign::{Assigned, assign};
use super::recordings::{self, Recorded};
use crate::cloud::Cloud;
use crate::fixture::Fixture;
use crate::pattern::is_like;
use crate::run::{Command, End, empty, planned, run};
use percent_encoding::percent_decode_str;
use provision::deploy_policy::Task;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// A recorded response in the place of the account's own.
#[derive(Debug)]
pub(crate) struct Golden {
    call: String,
    members: Json,
    /// Members whose value is made up, though it does not look so, or that only what `provision` makes has.
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
            // A list of one, in a document of the account.
            (own @ Json::Object(_), Json::Array(items)) if items.len() == 1 => {
                Json::Array(vec![self.over(own, &items[0])])
            }
            // The recordings have documents as what they say.
            (Json::String(own), Json::Object(_) | Json::Array(_)) => match document(&own) {
                Some(said) => Json::String(self.over(said, recorded).to_string()),
                None if is_made_up(recorded) => Json::String(own),
                None => Json::String(recorded.to_string()),
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
        members.extend(own.into_iter().filter(|(name, _)| self.own.contains(name)));
        members
    }
}

/// What a text says that is a document; IAM encodes its documents.
fn document(text: &str) -> Option<Json> {
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    let read = [text, &*decoded].into_iter().find_map(|text| serde_json::from_str::<Json>(text).ok());
    read.filter(|read| read.is_object() || read.is_array())
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
    /// Members that count, with a value that is not the recorded one.
    counts: Map<String, Json>,
}

/// What stands in `golden.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    reads: Vec<Read>,
    /// Calls that have none, with the reason.
    without: BTreeMap<String, String>,
}

fn listed() -> Listed {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strict/witness/golden.yaml");
    let text = fs::read_to_string(&path).unwrap();
    serde_yaml::from_str(&text).unwrap_or_else(|wrong| panic!("golden.yaml: {wrong}"))
}

/// The recorded members that a read names.
fn recorded(folder: &Path, read: &Read) -> Json {
    let is_it =
        |one: &&Recorded| is_like(&read.test, &one.test, false) && is_like(&read.label, &one.label, false);
    let all = recordings::read(folder, &read.files);
    let found = all.iter().find(is_it).unwrap_or_else(|| panic!("{}: no recording", read.kind));
    Json::Object(found.members.clone())
}

/// Puts other values in the place of members, wherever they are; returns how many there were.
fn replace(value: &mut Json, others: &Map<String, Json>) -> usize {
    match value {
        Json::Object(members) => members.iter_mut().fold(0, |count, (name, inner)| match others.get(name) {
            Some(other) => {
                inner.clone_from(other);
                count + 1
            }
            None => count + replace(inner, others),
        }),
        Json::Array(items) => items.iter_mut().map(|inner| replace(inner, others)).sum(),
        _ => 0,
    }
}

/// The account where one read is answered so.
fn answering(read: &Read, up: &Cloud, members: Json) -> Cloud {
    let golden = Golden { call: read.call.clone(), members, own: read.own.clone() };
    Cloud { golden: Some(Arc::new(golden)), ..up.clone() }
}

/// What is wrong with a read: it shows a difference, or another value of a member that counts shows none.
fn wrong(folder: &Path, read: &Read) -> Option<String> {
    let fixture = Fixture::of(&read.stack);
    let up = run(&empty(), Command::Up(&fixture), None);
    if !matches!(up.end, End::Done(_)) {
        return Some(format!("it does not come up: {:?}", up.end));
    }
    let members = recorded(folder, read);
    let cloud = answering(read, &up.cloud, members.clone());
    let ran = run(&cloud, Command::Plan(&fixture), None);
    if ran.end != End::Done(0) {
        let steps = planned(&cloud, Command::Plan(&fixture)).steps;
        let steps = steps.iter().map(|step| format!("{:?} of {}: {:?}", step.action, step.id, step.changes));
        return Some(format!("not in sync: {}", steps.collect::<Vec<_>>().join(", ")));
    }
    if !ran.records.iter().any(|record| record.label.name == read.call) {
        return Some("it is not asked".to_owned());
    }
    for (name, other) in &read.counts {
        let mut members = members.clone();
        let only = Map::from_iter([(name.clone(), other.clone())]);
        if replace(&mut members, &only) == 0 {
            return Some(format!("{name} is not recorded"));
        }
        let end = run(&answering(read, &up.cloud, members), Command::Plan(&fixture), None).end;
        if !matches!(end, End::Done(steps) if steps > 0) {
            return Some(format!("another {name} changes nothing: {end:?}"));
        }
    }
    read.counts.is_empty().then(|| "no member of it counts".to_owned())
}

#[test]
fn what_aws_answered_is_in_sync_with_what_made_it() {
    let Some(folder) = recordings::folder() else { return };
    let reads = listed().reads;
    let wrong = reads.iter().filter_map(|read| Some(format!("{}: {}", read.kind, wrong(&folder, read)?)));
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "of {} reads:\n  {}", reads.len(), wrong.join("\n  "));
}

/// The calls that every command may make to read what there is.
fn observing() -> BTreeSet<&'static str> {
    let permissions = provision::kinds::kinds().iter().flat_map(|kind| kind.permissions());
    permissions
        .filter(|permission| permission.tasks == Task::READ)
        .map(|permission| permission.call)
        .collect()
}

#[test]
fn every_recorded_read_is_golden_or_has_a_reason() {
    let Some(folder) = recordings::folder() else { return };
    let Listed { reads, without } = listed();
    let golden: BTreeSet<&str> = reads.iter().map(|read| read.call.as_str()).collect();
    let observing = observing();
    for (call, why) in &without {
        assert!(!why.is_empty() && !golden.contains(&**call), "{call} has a golden read, or no reason");
        assert!(observing.contains(&**call), "nothing observes with {call}");
    }
    let (mut recorded_reads, mut lacking) = (BTreeSet::new(), BTreeSet::new());
    for known in recordings::services() {
        let recorded = recordings::read(&folder, &known.rules.files);
        for response in recorded.iter().filter(|response| response.error.is_none()) {
            let Assigned::To(operation) = assign(&known, response) else { continue };
            let call = format!("{}:{operation}", known.service.name());
            recorded_reads.insert(call.clone());
            if observing.contains(&*call) && !golden.contains(&*call) && !without.contains_key(&call) {
                lacking.insert(call);
            }
        }
    }
    let unneeded: Vec<&String> = without.keys().filter(|call| !recorded_reads.contains(*call)).collect();
    assert!(unneeded.is_empty(), "reasons for what is not recorded: {unneeded:?}");
    assert!(lacking.is_empty(), "recorded, and neither golden nor with a reason: {lacking:?}");
}
