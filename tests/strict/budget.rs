//! How many cases the suites try in a normal run: so many of each service. The time of a run grows by the same few seconds with
//! each service that is added, however many calls the commands make; and no service takes cases from another one.

use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Faults at the calls of a service in each of `up`, `up` with changes and `down`: of the shipped stack, and of all other stacks
/// together. There are 18 kinds of faults, and each of them is met with each service.
pub(crate) const FAULTS_OF_SHIPPED: usize = 18;
pub(crate) const FAULTS_OF_OTHERS: usize = 18;

/// Malformed responses of a service in each of the three commands.
pub(crate) const MALFORMED: usize = 4;

/// Actions of a service that are left out of the deploy policies, besides those of the stack with every setting, which are all
/// left out in turn.
pub(crate) const ACTIONS: usize = 12;

/// Random scenarios, and random pairs of commands at once. Each of them may meet every service.
pub(crate) const SCENARIOS: u32 = 30;
pub(crate) const PAIRS: u32 = 30;

/// Where the samples begin, unless `STRICT_SEED` and `RANDOM_SCENARIOS_SEED` say otherwise.
pub(crate) const SEED: u64 = 0;
pub(crate) const SCENARIOS_SEED: u64 = 1;

/// A case that may be tried.
#[derive(Debug)]
pub(crate) struct Case {
    /// The prefix of the service's calls.
    pub(crate) service: String,
    pub(crate) name: String,
    /// What is to be met at least once, such as the operation and the kind of the fault.
    pub(crate) marks: Vec<String>,
}

/// The service of a call, or an action, such as `NAME:CreateThing`.
pub(crate) fn service_of(call: &str) -> String {
    call.split(':').next().unwrap_or_default().to_owned()
}

/// The number in a variable of the environment.
pub(crate) fn number<T: std::str::FromStr>(variable: &str, default: T) -> T {
    let read = |text: String| text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}"));
    std::env::var(variable).map_or(default, read)
}

/// True where all cases are to be tried instead of a sample.
pub(crate) fn is_full() -> bool {
    std::env::var_os("STRICT_FULL").is_some()
}

/// Chooses so many cases of each service, by their index. First come those that meet most of what no other one has met, and of
/// equal ones the seed decides. What is chosen of a service does not depend on the cases of others.
pub(crate) fn choose(cases: &[Case], budget: usize) -> BTreeSet<usize> {
    let seed: u64 = number("STRICT_SEED", SEED);
    let mut services: BTreeMap<&str, Vec<(Vec<u8>, usize)>> = BTreeMap::new();
    for (index, case) in cases.iter().enumerate() {
        let place = Sha256::digest(format!("{seed} {}", case.name)).to_vec();
        services.entry(&case.service).or_default().push((place, index));
    }
    let mut chosen = BTreeSet::new();
    for mut left in services.into_values() {
        left.sort();
        let mut met = BTreeSet::new();
        for _ in 0..budget.min(left.len()) {
            let fresh = |index: usize| cases[index].marks.iter().filter(|mark| !met.contains(mark)).count();
            let best = (0..left.len()).max_by_key(|at| (fresh(left[*at].1), std::cmp::Reverse(*at)));
            let (_, index) = left.remove(best.unwrap_or_default());
            met.extend(&cases[index].marks);
            chosen.insert(index);
        }
    }
    chosen
}

#[test]
fn a_budget_is_of_each_service_and_meets_what_it_can() {
    let case = |service: &str, number: usize| Case {
        service: service.to_owned(),
        name: format!("{service} {number}"),
        marks: vec![format!("kind {}", number % 5), format!("operation {}", number % 3)],
    };
    let cases: Vec<Case> =
        (0..60).map(|number| case("many", number)).chain((0..2).map(|number| case("few", number))).collect();
    let chosen = choose(&cases, 5);
    let of = |service: &str| chosen.iter().filter(|index| cases[**index].service == service).count();
    assert_eq!((of("many"), of("few")), (5, 2));
    let marks: BTreeSet<&String> = chosen.iter().flat_map(|index| &cases[*index].marks).collect();
    assert_eq!(marks.len(), 8, "{marks:?}");
    // More cases of another service change nothing.
    assert!(choose(&cases[..60], 5).is_subset(&chosen));
}
