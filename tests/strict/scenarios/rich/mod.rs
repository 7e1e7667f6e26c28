//! A stack that uses every setting, and changes of every one of them.

mod changes;
mod removals;

use super::scenario::{Act, Scenario, Then};
use super::shipped::whole;
use crate::budget;
use crate::cloud::Cloud;
use crate::dump::dump;
use crate::faults::{FaultKind, Label, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::{Command, End, empty, run};
use crate::services::apigateway::cannot_invoke;
use std::collections::BTreeMap;

pub(super) const RICH: &str = include_str!("../../../stacks/rich.yaml");

/// Brings a stack up, checks that every route is answered, and that a second `up` writes nothing.
fn up(cloud: &Cloud, text: &str, what: &str) -> Cloud {
    let stack = Fixture::of(text);
    let up = whole(run(cloud, Command::Up(&stack), None));
    let again = whole(run(&up.cloud, Command::Up(&stack), None));
    assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)), "{what}");
    for (id, api) in &up.cloud.apigateway.apis {
        for route in api.routes.values() {
            let key = route["RouteKey"].as_str().unwrap();
            assert_eq!(cannot_invoke(&up.cloud, id, key), None, "{what}: {key}");
        }
    }
    up.cloud
}

#[test]
fn a_protected_table_holds_down_back_until_its_protection_is_taken_off() {
    let cloud = up(&empty(), RICH, "at first");
    let refused = run(&cloud, Command::Down(&Fixture::of(RICH)), None);
    assert!(matches!(&refused.end, End::Failed(why) if why[0].contains("protected")), "{:?}", refused.end);
    assert_eq!(refused.writes(), Vec::<String>::new());
    assert_eq!(dump(&refused.cloud), dump(&cloud));
}

/// Every setting is compared by itself, so a resource whose first call succeeded and whose second one failed is finished by
/// the next run [hazards: G16].
#[test]
fn a_created_resource_whose_second_call_failed_is_finished_by_the_next_run() {
    let scenario = Scenario::new("rich", Act::Up, &Fixture::of(RICH));
    let mut seconds: BTreeMap<&str, Vec<&Label>> = BTreeMap::new();
    for label in scenario.calls.iter().filter(|label| is_second_call(&label.name)) {
        seconds.entry(&label.name).or_default().push(label);
    }
    assert!(seconds.len() > 4, "{seconds:?}");
    let sample = if budget::is_full() { usize::MAX } else { 2 };
    for at in seconds.into_values().flat_map(|labels| labels.into_iter().take(sample)) {
        let fault = PlannedFault { at: at.clone(), kind: FaultKind::Denied, times: Times::Always };
        match scenario.run_with(&fault, Then { and_down: false, or_back: false }) {
            Ok(End::Failed(_)) => {}
            other => panic!("{fault}: {other:?}"),
        }
    }
}

/// True for a call that changes a setting of a resource which another call has created.
fn is_second_call(name: &str) -> bool {
    let (_, operation) = name.split_once(':').unwrap_or_default();
    ["Put", "Update", "Tag", "Add"].iter().any(|verb| operation.starts_with(verb))
}
