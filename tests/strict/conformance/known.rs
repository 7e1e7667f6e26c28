//! The disagreements that are known.

use crate::grammar::is_like;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Where a witness says something else than the strict cloud.
#[derive(Debug, Clone)]
pub(super) struct Disagreement {
    /// What was asked.
    pub(super) about: String,
    /// What AWS answers, as the strict cloud does.
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

/// Disagreements of a witness that have one reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    conformance: String,
    right: Right,
    why: String,
    /// What the witness says, by what was asked, in which `*` stands for anything.
    says: BTreeMap<String, String>,
}

/// Who is right by what AWS documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Right {
    /// The strict cloud does as AWS.
    Strict,
    /// The strict cloud does not do as AWS, for a reason.
    Witness,
}

/// What is known of a witness.
pub(super) fn of(conformance: &str) -> Vec<Known> {
    let all: Vec<Known> =
        serde_yaml::from_str(include_str!("known.yaml")).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert!(all.iter().all(|known| !known.why.trim().is_empty()), "a disagreement without a reason");
    all.into_iter().filter(|known| known.conformance == conformance).collect()
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
    for right in [Right::Strict, Right::Witness] {
        let count: usize =
            known.iter().filter(|known| known.right == right).map(|known| known.says.len()).sum();
        println!("{count} disagreements in which {right:?} is right");
    }
    assert_eq!(twice, 0, "a disagreement is listed twice");
    assert!(
        new.is_empty() && stale.is_empty(),
        "not in known.yaml:\n  {}\nin known.yaml, and no more:\n  {}",
        new.join("\n  "),
        stale.join("\n  ")
    );
}
