//! Plans that are kept in a file.

use super::stacks::{SMALL, graph, lowered, stack};
use super::worlds::{lose, the, world_of};
use super::{allowing, planned, up};
use crate::model::World;
use crate::plan::{Options, Saved};

fn saved(yaml: &str, world: &World, options: &Options) -> Saved {
    let kept = Saved::of(&planned(&graph(yaml), world, options), &lowered(&stack(yaml)).0, options);
    let read = Saved::read(&serde_json::to_string(&kept).unwrap()).unwrap();
    assert_eq!(read, kept);
    read
}

#[test]
fn the_same_plan_is_the_same() {
    let world = world_of(&graph(SMALL));
    let changed = SMALL.replace("  save:\n", "  save:\n    memory: 512\n");
    for (yaml, world) in [(SMALL, &World::default()), (SMALL, &world), (&changed, &world)] {
        assert_eq!(saved(yaml, world, &up()).differences(&saved(yaml, world, &up())), Vec::<String>::new());
    }
}

#[test]
fn whatever_has_moved_since_is_named() {
    let mut world = world_of(&graph(SMALL));
    let changed = SMALL.replace("  save:\n", "  save:\n    memory: 512\n");
    let kept = saved(&changed, &world, &up());
    assert_eq!(
        saved(SMALL, &world, &up()).differences(&kept),
        ["update function save: needed now, and not in the plan"]
    );
    the(&mut world, "function save").spec["timeout"] = 900.into();
    lose(&mut world, "function list");
    assert_eq!(
        kept.differences(&saved(&changed, &world, &up())),
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
    let kept = saved(&secret, &World::default(), &allowing("notes"));
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
