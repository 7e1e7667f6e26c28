//! Plans that are kept in a file.

use super::live_states::{lose, the, world_of};
use super::stacks::{SMALL, graph, lowered, stack};
use super::{allowing, planned, up};
use crate::model::LiveState;
use crate::plan::{Options, Saved};

fn saved(yaml: &str, live_state: &LiveState, options: &Options) -> Saved {
    let kept = Saved::of(&planned(&graph(yaml), live_state, options), &lowered(&stack(yaml)).0, options);
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
fn whatever_has_moved_since_is_named() {
    let mut live_state = world_of(&graph(SMALL));
    let changed = SMALL.replace("  save:\n", "  save:\n    memory: 512\n");
    let kept = saved(&changed, &live_state, &up());
    assert_eq!(
        saved(SMALL, &live_state, &up()).differences(&kept),
        ["update function save: needed now, and not in the plan"]
    );
    the(&mut live_state, "function save").spec["timeout"] = 900.into();
    lose(&mut live_state, "function list");
    assert_eq!(
        kept.differences(&saved(&changed, &live_state, &up())),
        [
            "create function list: needed now, and not in the plan",
            "create permission list for GET /notes: needed now, and not in the plan",
            "create permission list for GET /notes/{id}: needed now, and not in the plan",
            "update function save: not in the same way any more",
        ]
    );
}

#[test]
fn the_allowed_losses_are_kept_and_no_value_is() {
    let secret = SMALL.replace("{ TABLE:", "{ TOKEN: hush, TABLE:");
    let kept = saved(&secret, &LiveState::default(), &allowing("notes"));
    assert!(kept.allow_data_loss.contains("notes"));
    assert!(!serde_json::to_string(&kept).unwrap().contains("hush"));
}

#[test]
fn what_is_no_plan_says_so() {
    for (text, why) in [
        ("", "it is not JSON"),
        ("[]", "not written by `plan --out`"),
        (r#"{"version": 9}"#, "it has version 9, and this program reads 1"),
        (r#"{"version": 1}"#, "missing field"),
    ] {
        let error = Saved::read(text).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}
