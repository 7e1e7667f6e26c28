//! Saved plans.

use super::live_states::{lose, the, world_of};
use super::stacks::{SMALL, graph, lowered, stack};
use super::{allowing, planned, up};
use crate::model::LiveState;
use crate::plan::{Options, Saved, salt};

fn saved(yaml: &str, live_state: &LiveState, options: &Options) -> Saved {
    saved_with("salt", yaml, live_state, options)
}

fn saved_with(salt: &str, yaml: &str, live_state: &LiveState, options: &Options) -> Saved {
    let (scope, graph) = lowered(&stack(yaml));
    let kept = Saved::of(&planned(&graph, live_state, options), &scope, options, salt);
    let read = Saved::read(&serde_json::to_string(&kept).unwrap()).unwrap();
    assert_eq!(read, kept);
    read
}

#[test]
fn the_same_plan_is_the_same() {
    let live_state = world_of(&graph(SMALL));
    let changed = SMALL.replace("  save:\n", "  save:\n    memory: 512\n");
    for (yaml, live_state) in [(SMALL, &LiveState::default()), (SMALL, &live_state), (&changed, &live_state)]
    {
        assert_eq!(
            saved(yaml, live_state, &up()).differences(&saved(yaml, live_state, &up())),
            Vec::<String>::new()
        );
    }
}

#[test]
fn every_difference_is_named() {
    let mut live_state = world_of(&graph(SMALL));
    let changed = SMALL.replace("  save:\n", "  save:\n    memory: 512\n");
    let kept = saved(&changed, &live_state, &up());
    assert_eq!(
        saved(SMALL, &live_state, &up()).differences(&kept),
        ["update function save: needed now, but not in the plan"]
    );
    the(&mut live_state, "function save").spec["timeout"] = 900.into();
    lose(&mut live_state, "function list");
    assert_eq!(
        kept.differences(&saved(&changed, &live_state, &up())),
        [
            "create function list: needed now, but not in the plan",
            "create permission list for GET /notes: needed now, but not in the plan",
            "create permission list for GET /notes/{id}: needed now, but not in the plan",
            "update function save: differs from the plan",
        ]
    );
}

#[test]
fn the_allowed_data_loss_is_saved_and_no_value_is() {
    let secret = SMALL.replace("{ TABLE:", "{ TOKEN: hush, TABLE:");
    let kept = saved(&secret, &LiveState::default(), &allowing("notes"));
    assert!(kept.allow_data_loss.contains("notes"));
    assert!(!serde_json::to_string(&kept).unwrap().contains("hush"));
}

#[test]
fn a_file_that_is_no_plan_is_reported() {
    for (text, why) in [
        ("", "it is not JSON"),
        ("[]", "not written by `plan --out`"),
        (r#"{"version": 9}"#, "it has version 9, and this program reads version 3"),
        (r#"{"version": 2}"#, "it has version 2"),
        (r#"{"version": 3}"#, "missing field"),
    ] {
        let error = Saved::read(text).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn more_of_the_same_data_leaves_a_plan_up_to_date() {
    let less = SMALL.replace(" list", " show");
    let with = |bytes: Option<&str>| {
        let mut live_state = world_of(&graph(SMALL));
        the(&mut live_state, "log group /aws/lambda/list").contains_data = bytes.map(str::to_owned);
        saved(&less, &live_state, &up())
    };
    let agreed = with(Some("2048 bytes of logs"));
    assert_eq!(agreed.differences(&with(Some("4096 bytes of logs"))), Vec::<String>::new());
    // That data is lost at all is another plan.
    assert_eq!(
        with(None).differences(&agreed),
        ["delete log group /aws/lambda/list (/aws/lambda/list): differs from the plan"]
    );
}

#[test]
fn digests_are_salted_and_equal_under_the_same_salt() {
    let steps = |salt: &str| {
        let plan = saved_with(salt, SMALL, &LiveState::default(), &up());
        serde_json::to_value(plan).unwrap()["steps"].clone()
    };
    assert_ne!(steps("one")["create function save"], steps("two")["create function save"]);
    assert_eq!(steps("one"), steps("one"));
    let [one, two] = [salt().unwrap(), salt().unwrap()];
    assert_ne!(one, two);
    assert_eq!(one.len(), 32);
}
