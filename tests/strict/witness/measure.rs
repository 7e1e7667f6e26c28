//! The figures of a service, and what differs.

use super::assign::{Assigned, assign};
use super::form::Members;
use super::ours::Answer;
use super::recordings::{Difference, Recorded, Refusal, Right, Service};
use crate::pattern::is_like;
use regex::Regex;
use serde_json::Value as Json;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::OnceLock;

/// What was measured of a service.
#[derive(Debug)]
pub(super) struct Measure {
    pub(super) name: &'static str,
    /// Responses whose operation the strict cloud serves, or may serve.
    pub(super) of: usize,
    /// Those whose operation is known.
    pub(super) assigned: usize,
    /// Those of them that the strict cloud gives as well.
    pub(super) agreeing: usize,
    /// Responses that are of no operation that the strict cloud serves.
    pub(super) elsewhere: usize,
    /// How many responses each difference concerns, by what differs.
    found: BTreeMap<String, usize>,
    /// The labels that no rule fits, with how many responses have them.
    unassigned: BTreeMap<String, usize>,
    /// Differences as they are listed.
    listed: Vec<Listed>,
}

/// A difference as it is listed.
#[derive(Debug)]
struct Listed {
    what: String,
    right: Right,
    why: String,
}

/// A difference that there is.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) service: &'static str,
    pub(super) about: &'a str,
    /// How many responses it concerns.
    pub(super) count: usize,
    /// Who is right, and why.
    pub(super) listed: Option<(Right, &'a str)>,
}

impl Measure {
    /// Compares the recordings of a service with our answers.
    pub(super) fn of(known: &Service, recorded: &[Recorded], answers: &[Answer]) -> Self {
        let listed = |known: &Difference| {
            let listed =
                |what: &String| Listed { what: what.clone(), right: known.right, why: known.why.clone() };
            known.what.iter().map(listed).collect::<Vec<_>>()
        };
        let mut measure = Measure {
            name: known.service.name(),
            of: 0,
            assigned: 0,
            agreeing: 0,
            elsewhere: 0,
            found: BTreeMap::new(),
            unassigned: BTreeMap::new(),
            listed: known.rules.differences.iter().flat_map(listed).collect(),
        };
        let mut operations: BTreeMap<&str, Vec<&Recorded>> = BTreeMap::new();
        for response in recorded {
            match assign(known, response) {
                Assigned::To(operation) => operations.entry(operation).or_default().push(response),
                Assigned::Elsewhere => measure.elsewhere += 1,
                Assigned::Nowhere => {
                    let code = response.error.as_ref().map_or("ok", |error| &*error.codes[0]);
                    let about = format!("{} ({code}) in {}", response.label, response.test);
                    *measure.unassigned.entry(about).or_default() += 1;
                }
            }
        }
        for (operation, recorded) in operations {
            let call = format!("{}:{operation}", known.service.name());
            let ours: Vec<&Answer> = answers.iter().filter(|answer| answer.call == call).collect();
            measure.assigned += recorded.len();
            let (errors, successes): (Vec<&Recorded>, Vec<_>) =
                recorded.into_iter().partition(|response| response.error.is_some());
            measure.agreeing += measure.compare_errors(operation, &errors, &ours);
            measure.agreeing += measure.compare_successes(known, operation, &successes, &ours);
        }
        measure.of = measure.assigned + measure.unassigned.values().sum::<usize>();
        measure
    }

    /// How many of the refusals a request of ours gets as well.
    fn compare_errors(&mut self, operation: &str, recorded: &[&Recorded], ours: &[&Answer]) -> usize {
        let mut agreeing = 0;
        for response in recorded {
            let Some(error) = &response.error else { continue };
            if ours.iter().any(|ours| is_same(response.status, error, ours)) {
                agreeing += 1;
                continue;
            }
            let message: String = error.message.chars().take(MAX_REPORTED).collect();
            let about =
                format!("{operation} never answers {} {}: {message}", response.status, error.codes[0]);
            agreeing += usize::from(self.is_ours(&about));
            *self.found.entry(about.replace('\n', " ")).or_default() += 1;
        }
        agreeing
    }

    /// How many of the successes are as ours: all with the same status, or none.
    fn compare_successes(
        &mut self,
        known: &Service,
        operation: &str,
        recorded: &[&Recorded],
        ours: &[&Answer],
    ) -> usize {
        if recorded.is_empty() {
            return 0;
        }
        let model = known.service.model();
        let output = model.operations[operation].output.as_ref().map(|output| model.shape(output));
        let (mut theirs, mut own) = (Members::default(), Members::default());
        let (mut counts, mut statuses) = (BTreeMap::<u16, usize>::new(), BTreeSet::new());
        for response in recorded {
            theirs.add(model, output, &Json::Object(response.members.clone()));
            *counts.entry(response.status).or_default() += 1;
        }
        for answer in ours {
            let Ok(result) = &answer.result else { continue };
            own.add(model, output, result);
            statuses.insert(answer.status);
        }
        if statuses.is_empty() {
            let about = format!("{operation} never succeeds");
            let agrees = self.is_ours(&about);
            self.found.insert(about, recorded.len());
            return if agrees { recorded.len() } else { 0 };
        }
        let mut found = own.differences(&theirs);
        let new = statuses.iter().filter(|status| !counts.contains_key(status));
        found.extend(new.map(|status| format!("succeeds with {status}, which no recording does")));
        let found: Vec<String> = found.into_iter().map(|what| format!("{operation} {what}")).collect();
        let agrees = found.iter().all(|about| self.is_ours(about));
        self.found.extend(found.into_iter().map(|about| (about, recorded.len())));
        let mut agreeing = 0;
        for (status, count) in counts {
            let about = format!("{operation} never succeeds with {status}");
            let is_new = !statuses.contains(&status);
            agreeing += if agrees && (!is_new || self.is_ours(&about)) { count } else { 0 };
            self.found.extend(is_new.then_some((about, count)));
        }
        agreeing
    }

    /// The difference as it is listed.
    fn listed(&self, about: &str) -> Option<&Listed> {
        let about = about.replace('\n', " ");
        self.listed.iter().find(|listed| is_like(&listed.what, &about, false))
    }

    /// True if the strict cloud is right where it differs so.
    fn is_ours(&self, about: &str) -> bool {
        self.listed(about).is_some_and(|listed| listed.right == Right::Strict)
    }

    /// The differences.
    pub(super) fn found(&self) -> impl Iterator<Item = Found<'_>> {
        self.found.iter().map(|(about, count)| Found {
            service: self.name,
            about: about.as_str(),
            count: *count,
            listed: self.listed(about).map(|listed| (listed.right, listed.why.trim())),
        })
    }

    /// The differences that are not listed.
    pub(super) fn unlisted(&self) -> Vec<String> {
        let unlisted = self.found().filter(|found| found.listed.is_none());
        unlisted.map(|found| format!("{}: {} ({})", self.name, found.about, found.count)).collect()
    }

    /// What is listed, and is no more.
    pub(super) fn stale(&self) -> Vec<String> {
        let happens = |listed: &str| self.found.keys().any(|about| is_like(listed, about, false));
        let stale = self.listed.iter().filter(|listed| !happens(&listed.what));
        stale.map(|listed| format!("{}: {}", self.name, listed.what)).collect()
    }
}

/// How much of a message is shown.
const MAX_REPORTED: usize = 300;

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Measure { name, of, assigned, agreeing, elsewhere, .. } = self;
        write!(f, "{name}: {assigned} of {of} responses assigned, {agreeing} of them agree")?;
        writeln!(f, "; {elsewhere} are of operations that are not served")?;
        let mut ranked: Vec<Found> = self.found().collect();
        ranked.sort_by_key(|found| (Reverse(found.count), found.about));
        for Found { about, count, listed, .. } in ranked {
            let right = listed.map_or("unlisted".to_owned(), |(right, _)| format!("{right:?}"));
            writeln!(f, "  {count} {right}: {about}")?;
        }
        if std::env::var_os("WITNESS_UNASSIGNED").is_some() {
            for (about, count) in &self.unassigned {
                writeln!(f, "  {count} unassigned: {about}")?;
            }
        }
        Ok(())
    }
}

/// True if an answer of ours is the recorded refusal.
fn is_same(status: u16, recorded: &Refusal, ours: &Answer) -> bool {
    let Err(refusal) = &ours.result else { return false };
    ours.status == status
        && recorded.codes.iter().any(|code| refusal.codes.contains(code))
        && is_like(&pattern(&recorded.message), &refusal.message.replace('\n', " "), false)
}

/// A recorded message in which `*` stands for what every account has otherwise: placeholders, ARNs, accounts and regions.
fn pattern(message: &str) -> String {
    static MADE_UP: OnceLock<Regex> = OnceLock::new();
    let made_up = MADE_UP.get_or_init(|| {
        let parts = [
            r"<[^<>\s]+>",
            // Where a parser stood, and the many values of an enumeration, whose order is anyhow.
            r"\s*at \[Source:.*\]",
            r"enum value set: \[[^\]]*\]",
            // It grows with the regions of AWS.
            r"regular expression pattern: \S+",
            // What the caller has sent.
            r"String measured: .*",
            r"arn:aws[^\s'\x22,)\]}]*[\w*]",
            r"\d{12}",
            r"[a-z]{2}-[a-z]+-\d",
            r"[0-9a-f]{8}-[0-9a-f-]{27}",
        ];
        Regex::new(&parts.join("|")).expect("a pattern")
    });
    made_up.replace_all(&message.replace('\n', " "), "*").into_owned()
}
