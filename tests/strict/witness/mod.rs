//! AWS itself as a witness: 7,214 recorded responses of the real services, of which the folder that `RECORDED_AWS` names holds
//! one file for each test that made them. They keep the strict cloud honest where the emulators cannot, for they are what AWS
//! said. The requests are not in them, and mostly not the operation either: rules assign each response to an operation.
//!
//! Two figures of each service stand in `ratchet.yaml`, both over responses:
//!
//! - `assigned`, of `of`: whose operation is known. `of` is every response in the service's files but those of an operation
//!   that the strict cloud does not serve: the rule, the label or the members say so, or they are in no response of the service.
//!   A response that nothing assigns counts against us.
//! - `agreeing`, of `assigned`. An error agrees when a request of ours makes the strict cloud give that code, status and
//!   message for the operation. A success agrees when the successes of ours have each member that all recordings of the
//!   operation have, none that no recording has, and show the value that most recordings have (a default). What is listed as
//!   the strict cloud's own right agrees; what is listed as the recording's does not.
//!
//! `services/NAME/recorded.yaml` has the rules, the requests that only the strict cloud is asked besides those of
//! `requests.yaml`, and the differences with their reasons.

mod assign;
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

/// What is to be compared of each service.
struct Witness {
    services: Vec<(Known, Vec<Recorded>)>,
    answers: Vec<Answer>,
}

impl Witness {
    /// `None` where there are no recordings, which is said.
    async fn call() -> Option<Self> {
        let Some(folder) = recordings::folder() else {
            println!("there is no folder of recorded responses: RECORDED_AWS names none");
            return None;
        };
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
    ratchet::compare(&measures);
    assert!(
        unlisted.is_empty() && stale.is_empty(),
        "not among the differences:\n  {}\nlisted, and no more:\n  {}",
        unlisted.join("\n  "),
        stale.join("\n  ")
    );
}

/// A fault that is put into an answer, where it can be.
type Plant = (&'static str, fn(&mut Answer) -> bool);

/// A fault in one answer is reported wherever the recordings are able to show it.
#[tokio::test(start_paused = true)]
async fn what_is_planted_is_reported() {
    let Some(mut witness) = Witness::call().await else { return };
    let before = witness.measures();
    let plants: [Plant; 3] =
        [("code", ours::wrong_code), ("member", ours::missing_member), ("default", ours::wrong_default)];
    for (what, plant) in plants {
        let answers = witness.answers.clone();
        let planted = witness.answers.iter_mut().filter_map(|answer| plant(answer).then_some(())).count();
        assert!(planted > 0, "a wrong {what} cannot be planted");
        let after = witness.measures();
        for (before, after) in before.iter().zip(&after) {
            let more = after.found().difference(&before.found()).count();
            println!("{}: a wrong {what} is reported {more} times", before.name);
        }
        assert!(before.iter().zip(&after).any(|(before, after)| after.agreeing < before.agreeing), "{what}");
        witness.answers = answers;
    }
}
