//! The disagreements that are known, as each service has them, with who is right and why. `strict`: the strict cloud does as AWS.
//! `emulator`: it does not, on purpose. What is listed must happen, and what happens must be listed. `*` stands for anything: the
//! stacks and the commands of the flow.

use crate::pattern::is_like;
use crate::services::Service;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Where an emulator says something else than the strict cloud.
#[derive(Debug, Clone)]
pub(super) struct Disagreement {
    /// What was asked.
    pub(super) about: String,
    /// The response of AWS, and of the strict cloud.
    pub(super) aws: String,
    pub(super) says: String,
    /// For people, not compared.
    pub(super) detail: String,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail: String = self.detail.chars().take(300).collect();
        write!(f, "{}: {}, not {}\n      {detail}", self.about, self.says, self.aws)
    }
}

/// Disagreements of an emulator that have one reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    emulator: String,
    right: Right,
    why: String,
    /// What the emulator says, by what was asked, in which `*` stands for anything.
    says: BTreeMap<String, String>,
}

/// Who is right by what AWS documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Right {
    /// The strict cloud does as AWS.
    Strict,
    /// The strict cloud does not do as AWS, for a reason.
    Emulator,
}

/// What is known of an emulator.
pub(super) fn of(emulator: &str) -> Vec<Known> {
    let known = |service: &Service| -> Vec<Known> {
        serde_yaml::from_str(service.disagreements())
            .unwrap_or_else(|wrong| panic!("the disagreements of {}: {wrong}", service.name()))
    };
    let all: Vec<Known> = Service::ALL.iter().flat_map(known).collect();
    assert!(all.iter().all(|known| !known.why.trim().is_empty()), "a disagreement without a reason");
    all.into_iter().filter(|known| known.emulator == emulator).collect()
}

/// Fails for a disagreement that is not known, and for a known one that is no more.
pub(super) fn compare(known: &[Known], found: &[Disagreement]) {
    let listed: Vec<(&str, &str)> =
        known.iter().flat_map(|known| &known.says).map(|(about, says)| (&**about, &**says)).collect();
    let is = |known: &(&str, &str), found: &Disagreement| {
        is_like(known.0, &found.about, false) && known.1 == found.says
    };
    let is_listed = |found: &&Disagreement| listed.iter().any(|known| is(known, found));
    let happens = |known: &&(&str, &str)| found.iter().any(|found| is(known, found));
    let new: Vec<String> = found.iter().filter(|found| !is_listed(found)).map(ToString::to_string).collect();
    let stale: Vec<String> = listed
        .iter()
        .filter(|known| !happens(known))
        .map(|(about, says)| format!("{about}: {says}"))
        .collect();
    let twice = listed.len() - listed.iter().collect::<BTreeSet<_>>().len();
    for right in [Right::Strict, Right::Emulator] {
        let count: usize =
            known.iter().filter(|known| known.right == right).map(|known| known.says.len()).sum();
        println!("{count} disagreements in which {right:?} is right");
    }
    assert_eq!(twice, 0, "a disagreement is listed twice");
    assert!(
        new.is_empty() && stale.is_empty(),
        "not among the known disagreements:\n  {}\nknown, and no more:\n  {}",
        new.join("\n  "),
        stale.join("\n  ")
    );
}
