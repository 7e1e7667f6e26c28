//! Malformed responses to every call: the command never panics and never hangs, and either succeeds or fails with an error
//! that says what was tried and why; no resource of others is changed; and run again with valid responses, it succeeds.

use super::shipped::well;
use crate::budget::{self, Case, MALFORMED, choose, service_of};
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::faults::{FaultKind, Label, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::malformed::{ALL, Malformation, What};
use crate::run::{Command, End, Ran, empty, later, run};
use regex::Regex;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

/// How long a command may take at most, of virtual time, and how many calls it may make.
const LONGEST: Duration = Duration::from_secs(30 * 60);
const MOST_CALLS: usize = 10_000;

/// How long a message may be, to be read.
const MOST_SAID: usize = 1500;

/// A command that is lied to.
struct Scenario<'a> {
    name: &'static str,
    before: Cloud,
    command: Command<'a>,
    /// What there is after, without malformed responses.
    after: BTreeMap<String, Json>,
    calls: BTreeSet<Label>,
    /// What others have in the account.
    others: BTreeMap<String, Json>,
}

fn settled(cloud: &Cloud) -> BTreeMap<String, Json> {
    dump(&later(cloud, Duration::from_secs(60)))
}

/// The stack of somebody else, in the same account.
fn others() -> Cloud {
    let others = Fixture::of(&std::fs::read_to_string("tests/stacks/small.yaml").expect("a stack"));
    well(run(&empty(), Command::Up(&others), None)).cloud
}

impl<'a> Scenario<'a> {
    fn new(name: &'static str, before: Cloud, command: Command<'a>) -> Self {
        let ran = well(run(&before, command, None));
        let calls = ran.records.iter().map(|record| record.label.clone()).collect();
        Scenario { name, before, command, after: settled(&ran.cloud), calls, others: settled(&others()) }
    }

    /// Every malformation of every response, with `parts` different parts of it. Without `all`, only one of the calls that differ
    /// in nothing but their subject is tried with each.
    fn malformed(&self, parts: u16, all: bool) -> Vec<PlannedFault> {
        let mut alike: BTreeMap<(&str, u32), Vec<&Label>> = BTreeMap::new();
        for at in &self.calls {
            alike.entry((&at.name, at.nth)).or_default().push(at);
        }
        let mut malformed = Vec::new();
        for (labels, what) in alike.values().flat_map(|labels| ALL.iter().map(move |what| (labels, *what))) {
            for (index, at) in labels.iter().enumerate() {
                let chosen = usize::from(what as u8) % labels.len();
                if all || index == chosen {
                    malformed.extend((0..parts).map(|part| planned(at, what, part)));
                }
            }
        }
        malformed
    }

    /// Runs the command with a malformed response, and again without. Returns how it ended at first, or what is not as expected.
    fn run_with(&self, malformation: &PlannedFault) -> Result<End, String> {
        let ran = run(&self.before, self.command, Some(malformation.clone()));
        bounded(&ran)?;
        if let End::Failed(errors) = &ran.end {
            readable(errors)?;
        }
        self.others_stay(&ran.cloud)?;
        let again = run(&ran.cloud, self.command, None);
        if !matches!(again.end, End::Done(_)) {
            return Err(format!(
                "first {:?}, and again without malformed responses {:?}",
                ran.end, again.end
            ));
        }
        let differ = differences(&settled(&again.cloud), &self.after);
        if !differ.is_empty() {
            return Err(format!(
                "first {:?}, and then there is something else:\n    {}",
                ran.end,
                differ.join("\n    ")
            ));
        }
        Ok(ran.end)
    }

    fn others_stay(&self, cloud: &Cloud) -> Result<(), String> {
        let there = settled(cloud);
        let theirs = there.into_iter().filter(|(name, _)| self.others.contains_key(name)).collect();
        let differ = differences(&theirs, &self.others);
        if differ.is_empty() {
            Ok(())
        } else {
            Err(format!("it changes what is another's:\n    {}", differ.join("\n    ")))
        }
    }

    /// Tries the malformed responses, on all processors, and prints the figures.
    fn prove(&self) {
        let (start, full) = (Instant::now(), std::env::var("STRICT_MALFORMED").ok());
        let parts = full.as_ref().and_then(|parts| parts.parse().ok()).unwrap_or(1);
        let only = std::env::var("STRICT_ONLY").unwrap_or_default();
        let all = self.malformed(parts, budget::is_full());
        let case = |malformation: &PlannedFault| Case {
            service: service_of(&malformation.at.name),
            name: shown(malformation),
            marks: vec![malformation.at.name.clone(), what(malformation)],
        };
        let sample = choose(&all.iter().map(case).collect::<Vec<_>>(), MALFORMED);
        let every = full.is_some() || !only.is_empty();
        let chosen = all.iter().enumerate().filter(|(index, _)| every || sample.contains(index));
        let chosen: Vec<&PlannedFault> =
            chosen.map(|(_, one)| one).filter(|malformation| shown(malformation).contains(&only)).collect();
        let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let ends: Mutex<BTreeMap<&str, usize>> = Mutex::default();
        let work = || {
            while let Some(malformation) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                let outcome = catch_unwind(AssertUnwindSafe(|| self.run_with(malformation)));
                let outcome = outcome.unwrap_or_else(|_| Err("it panics".to_owned()));
                if !only.is_empty() {
                    println!("{}: {outcome:?}", shown(malformation));
                }
                let end = match outcome {
                    Ok(End::Done(_)) => "succeeded all the same",
                    Ok(_) => "failed with an error",
                    Err(why) => {
                        println!("{}: {why}", shown(malformation));
                        wrong.lock().unwrap().push(format!("{}: {why}", shown(malformation)));
                        "were wrong"
                    }
                };
                *ends.lock().unwrap().entry(end).or_default() += 1;
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
        let (wrong, ends, took) = (wrong.into_inner().unwrap(), ends.into_inner().unwrap(), start.elapsed());
        println!(
            "{}: {} calls, {} of {} malformed responses, {ends:?}, {took:?}",
            self.name,
            self.calls.len(),
            chosen.len(),
            all.len()
        );
        assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    }
}

/// What is done to the response.
fn what(malformation: &PlannedFault) -> String {
    match malformation.kind {
        FaultKind::Malformed(Malformation { what, .. }) => format!("{what:?}"),
        other => format!("{other:?}"),
    }
}

/// A malformed response to a call. Which part of the response it concerns, and whether it is repeated, differs from call to call.
fn planned(at: &Label, what: What, part: u16) -> PlannedFault {
    let hash = Sha256::digest(format!("{at} {what:?} {part}"));
    let malformation = Malformation { what, part: u16::from_le_bytes([hash[0], hash[1]]) };
    let always = hash[2].is_multiple_of(3) || matches!(what, What::SamePage | What::MorePages);
    let times = if always { Times::Always } else { Times::Once };
    PlannedFault { at: at.clone(), kind: FaultKind::Malformed(malformation), times }
}

fn shown(malformation: &PlannedFault) -> String {
    format!("{:?} {:?} at {}", malformation.kind, malformation.times, malformation.at)
}

/// A command ends, in time and without asking for ever.
fn bounded(ran: &Ran) -> Result<(), String> {
    if ran.took > LONGEST {
        return Err(format!("it takes {:?}, with {} calls", ran.took, ran.records.len()));
    }
    if ran.records.len() > MOST_CALLS {
        return Err(format!("it makes {} calls", ran.records.len()));
    }
    Ok(())
}

/// Errors are sentences: not empty, no flood, no dump of a value, and nothing that steers a terminal.
fn readable(errors: &[String]) -> Result<(), String> {
    static DUMP: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"\b(Some|Ok|Err)\(|\bNone\b|\{ [a-z_]+: |please report|<html|SdkError|\b[A-Z]\w+Error\b|Unhandled"#).unwrap()
    });
    // AWS's own code, `ValidationError` for one, is shown on purpose.
    static CODE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\(\w+, request [^)]*\)").unwrap());
    if errors.is_empty() {
        return Err("it fails without an error".to_owned());
    }
    for error in errors {
        let said = error.chars().take(300).collect::<String>();
        if error.trim().is_empty() || error.ends_with(": ") {
            return Err(format!("an error that says nothing: {said:?}"));
        }
        if error.chars().count() > MOST_SAID {
            return Err(format!("an error of {} characters: {said:?}", error.chars().count()));
        }
        if error.chars().any(|c| {
            c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        }) {
            return Err(format!("an error that steers the terminal: {said:?}"));
        }
        if let Some(dump) = DUMP.find(&CODE.replace_all(error, "")) {
            return Err(format!("an error with the dump of a value, {:?}: {said}", dump.as_str()));
        }
        // What was tried: a call, or a wait for a state.
        if !error.contains(" failed: ") && !error.contains("still ") && !error.contains("; ") {
            return Err(format!("an error that does not say what was tried: {said:?}"));
        }
    }
    Ok(())
}

/// A list that changes while it is read may show a resource twice.
#[test]
fn a_resource_that_a_list_shows_twice_is_one_resource() {
    let stack = Fixture::shipped();
    let up = well(run(&empty(), Command::Up(&stack), None));
    for name in ["GetApis", "GetIntegrations", "GetRoutes", "GetStages"] {
        let lists = well(run(&up.cloud, Command::Plan(&stack), None)).records.into_iter();
        let lists = lists.map(|record| record.label).filter(|label| label.name.ends_with(name));
        for at in lists {
            let twice = FaultKind::Malformed(Malformation { what: What::Twice, part: 0 });
            let plan = run(
                &up.cloud,
                Command::Plan(&stack),
                Some(PlannedFault { at, kind: twice, times: Times::Once }),
            );
            assert_eq!((plan.injected, plan.end), (1, End::Done(0)), "{name}");
        }
    }
}

#[test]
fn up_from_nothing_survives_malformed_responses() {
    let stack = Fixture::shipped();
    Scenario::new("up, lied to", others(), Command::Up(&stack)).prove();
}

#[test]
fn up_with_changes_survives_malformed_responses() {
    let (old, new) = (Fixture::shipped(), Fixture::shipped_changed());
    let up = well(run(&others(), Command::Up(&old), None));
    Scenario::new("up with changes, lied to", up.cloud, Command::Up(&new)).prove();
}

#[test]
fn down_survives_malformed_responses() {
    let stack = Fixture::shipped();
    let up = well(run(&others(), Command::Up(&stack), None));
    Scenario::new("down, lied to", up.cloud, Command::Down(&stack)).prove();
}
