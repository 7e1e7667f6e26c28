//! Tests of the rules of state machines that no single request shows.

use super::by_hand::DRIFTS;
use super::machine::{Machine, Settings, off};
use crate::clock::BEGINNING;
use crate::cloud::Cloud;
use crate::service::map;
use crate::services::Service;

/// Each setting can be changed by hand, and each change shows.
#[test]
fn every_change_by_hand_shows() {
    let mut cloud = Cloud { now: BEGINNING, ..Cloud::default() };
    let settings =
        Settings { definition: "{}".to_owned(), role: "r".to_owned(), logging: off(), tracing: false };
    let machine = Machine::new(BEGINNING, settings, "STANDARD", map(&[("provision:stack", "s")]));
    cloud.stepfunctions.machines.insert("m".to_owned(), machine);
    let before = Service::StepFunctions.dump(&cloud);
    for (what, change) in DRIFTS {
        let mut cloud = cloud.clone();
        assert!(change(&mut cloud, "s", 0).is_some(), "{what}");
        assert_ne!(Service::StepFunctions.dump(&cloud), before, "{what}");
        assert!(change(&mut cloud, "other", 0).is_none(), "{what}");
    }
}
