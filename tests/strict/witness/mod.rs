//! AWS itself as a witness: 7,214 recorded responses of the real services, of which the folder that `RECORDED_AWS` names holds
//! one file for each test that made them. They keep the strict cloud honest where the emulators cannot, for they are what AWS
//! said. The requests are not in them, and mostly not the operation either: rules assign each response to an operation.
//!
//! Three figures of each service stand in `ratchet.yaml`, all over responses:
//!
//! - `assigned`, of `of`: whose operation is known. `of` is every response in the service's files but those `elsewhere`. A
//!   response that nothing assigns counts against us.
//! - `agreeing`, of `assigned`. An error agrees when a request of ours makes the strict cloud give that code, status and
//!   message for the operation. A success agrees when the successes of ours have its status and no other than the recorded ones;
//!   when each of them has each member that all recordings of the operation have; and when together they have no member that no
//!   recording has, and show the value that most recordings have (a default). What is listed as the strict cloud's own right
//!   agrees; what is listed as the recording's does not.
//! - `elsewhere`: the responses that are left out, of operations that the strict cloud does not serve. The label or the members
//!   say so, or a rule, with its reason; or no operation of the service has the members. This figure may not rise unnoticed.
//!
//! `services/NAME/recorded.yaml` has the rules, the requests that only the strict cloud is asked besides those of
//! `requests.yaml`, and the differences with their reasons. `disagreements.md` shows those of all services.

mod assign;
mod disagreements;
mod form;
mod golden;
mod hazards;
mod measure;
mod ours;
mod ratchet;
mod recordings;

pub(crate) use golden::Golden;
use measure::Measure;
use ours::Answer;
use recordings::{Recorded, Service as Known};
use std::collections::BTreeSet;

/// What is to be compared of each service.
struct Witness {
    services: Vec<(Known, Vec<Recorded>)>,
    answers: Vec<Answer>,
}

impl Witness {
    /// `None` where there are no recordings, which is said.
    async fn call() -> Option<Self> {
        let folder = recordings::folder()?;
        let read = |known: Known| {
            let recorded = recordings::read(&folder, &known.rules.files);
            (known, recorded)
        };
        let services: Vec<_> = recordings::services().into_iter().map(read).collect();
        let answers = ours::answers(services.iter().map(|(known, _)| known)).await;
        Some(Witness { services, answers })
    }

    fn measures(&self) -> Vec<Measure> {
        let measure =
            |(known, recorded): &(Known, Vec<Recorded>)| Measure::of(known, recorded, &self.answers);
        self.services.iter().map(measure).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn the_strict_cloud_answers_as_the_recordings_do() {
    let Some(witness) = Witness::call().await else { return };
    let measures = witness.measures();
    measures.iter().for_each(|measure| println!("{measure}"));
    let unlisted: Vec<String> = measures.iter().flat_map(Measure::unlisted).collect();
    let stale: Vec<String> = measures.iter().flat_map(Measure::stale).collect();
    assert!(
        unlisted.is_empty() && stale.is_empty(),
        "not among the differences:\n  {}\nlisted, and no more:\n  {}",
        unlisted.join("\n  "),
        stale.join("\n  ")
    );
    ratchet::compare(&measures);
    disagreements::compare(&measures);
}

/// A fault in one answer is reported, by its own lines and no other.
#[tokio::test(start_paused = true)]
async fn what_is_planted_is_reported() {
    let Some(mut witness) = Witness::call().await else { return };
    let mut planted = 0;
    let Witness { services, answers } = &mut witness;
    for (known, recorded) in services {
        let lines = |answers: &[Answer]| -> BTreeSet<String> {
            let measure = Measure::of(known, recorded, answers);
            measure.found().map(|found| found.about.to_owned()).collect()
        };
        for fault in &known.rules.planted {
            let before = lines(answers);
            let call = format!("{}:{}", known.service.name(), fault.answer);
            let is_it =
                |answer: &Answer| answer.call == call && format!("{:?}", answer.result).contains(&fault.of);
            let at =
                answers.iter().position(is_it).unwrap_or_else(|| panic!("there is no answer for {fault:?}"));
            let good = answers[at].clone();
            answers[at].spoil(fault);
            let after = lines(answers);
            answers[at] = good;
            let new: Vec<&String> = after.difference(&before).collect();
            assert_eq!(new, fault.lines.iter().collect::<Vec<_>>(), "{call}: {fault:?}");
            let hidden: Vec<&String> = before.difference(&after).collect();
            assert!(hidden.is_empty(), "{call}: {fault:?} hides {hidden:?}");
            planted += 1;
        }
    }
    assert!(planted > 0, "no fault is planted");
}
