//! Layers: versions that follow each other, whose they are, and what is left of them.

use super::shipped::whole;
use crate::cloud::Cloud;
use crate::connector::Record;
use crate::dump::dump;
use crate::faults::{FaultKind, Label, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, planned, run};
use crate::services::lambda::publish;
use provision::plan::Action;
use std::time::Duration;

const STACK: &str = "stack: shop
layers:
  shared: { code: lambdas/create_item, runtimes: [python3.13], keep: 2 }
functions:
  one: { code: lambdas/get_item, runtime: python3.13, layers: [shared], environment: { LAYER: '${layers.shared.version}' } }
  two: { code: lambdas/get_item, runtime: python3.13, layers: [shared] }
  bare: { code: lambdas/get_item, runtime: python3.13 }
";

/// The layer with other content.
fn changed(code: &str) -> String {
    STACK.replace("code: lambdas/create_item", &format!("code: lambdas/{code}"))
}

#[track_caller]
fn up(cloud: &Cloud, text: &str) -> Ran {
    let stack = Fixture::of(text);
    let ran = whole(run(cloud, Command::Up(&stack), None));
    let again = whole(run(&ran.cloud, Command::Up(&stack), None));
    assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)), "{text}");
    ran
}

fn versions(cloud: &Cloud, layer: &str) -> Vec<u64> {
    cloud.lambda.layers.get(layer).into_iter().flat_map(|layer| layer.versions.keys().copied()).collect()
}

/// The versions that the functions have.
fn used(cloud: &Cloud) -> Vec<(&str, String)> {
    let functions = cloud.lambda.functions.iter();
    let version = functions.filter_map(|(name, function)| {
        let arn = function.configuration.get("Layers")?[0]["Arn"].as_str()?;
        Some((name.as_str(), arn.rsplit(':').next()?.to_owned()))
    });
    version.collect()
}

fn calls<'a>(ran: &'a Ran, name: &str) -> Vec<&'a Record> {
    ran.records.iter().filter(|record| record.label.name == format!("lambda:{name}")).collect()
}

#[test]
fn functions_move_to_a_new_version_before_the_oldest_one_is_deleted() {
    let mut cloud = up(&empty(), STACK).cloud;
    assert_eq!(versions(&cloud, "shared"), [1]);
    for (code, kept, newest) in [("update_item", vec![1, 2], "2"), ("delete_item", vec![2, 3], "3")] {
        let text = changed(code);
        let ran = up(&later(&cloud, Duration::from_secs(60)), &text);
        assert_eq!(versions(&ran.cloud, "shared"), kept);
        assert_eq!(used(&ran.cloud), [("one", newest.to_owned()), ("two", newest.to_owned())]);
        assert_eq!(calls(&ran, "PublishLayerVersion").len(), 1);
        let moved = calls(&ran, "UpdateFunctionConfiguration");
        assert!(moved.iter().all(|moved| moved.label.subject != "bare"), "{moved:?}");
        let last = moved.iter().filter_map(|moved| moved.end).max();
        let deleted = calls(&ran, "DeleteLayerVersion");
        assert!(deleted.iter().all(|deleted| Some(deleted.start) >= last), "{deleted:?}");
        cloud = ran.cloud;
    }
    let down = whole(run(&cloud, Command::Down(&Fixture::of(STACK)), None)).cloud;
    assert!(dump(&later(&down, Duration::from_secs(60))).is_empty());
    assert_eq!(versions(&down, "shared"), [0; 0]);
}

#[test]
fn an_unchanged_layer_leaves_nothing_unknown_and_a_change_shows_who_moves() {
    let cloud = up(&empty(), STACK).cloud;
    let plan = planned(&cloud, Command::Plan(&Fixture::of(&changed("update_item"))));
    let mut steps: Vec<_> = plan.steps.iter().map(|step| (step.action, step.id.to_string())).collect();
    steps.sort_by_key(|(_, id)| id.clone());
    let expected = [
        (Action::Update, "function one"),
        (Action::Update, "function two"),
        (Action::Replace, "layer shared"),
    ];
    assert_eq!(steps, expected.map(|(action, id)| (action, id.to_owned())));
    let plan = planned(&cloud, Command::Plan(&Fixture::of(&STACK.replace("keep: 2", "keep: 9"))));
    assert!(plan.is_empty(), "{:?}", plan.steps);
}

#[test]
fn fewer_versions_are_kept_as_soon_as_the_stack_says_so() {
    let cloud = up(&up(&empty(), STACK).cloud, &changed("update_item")).cloud;
    let fewer = changed("update_item").replace("keep: 2", "keep: 1");
    let plan = planned(&cloud, Command::Plan(&Fixture::of(&fewer)));
    let steps: Vec<_> = plan.steps.iter().map(|step| (step.action, step.id.to_string())).collect();
    assert_eq!(steps, [(Action::Delete, "layer shared:1".to_owned())]);
    let cloud = up(&cloud, &fewer).cloud;
    assert_eq!(versions(&cloud, "shared"), [2]);
    let cloud = up(&cloud, &fewer.replace("lambdas/update_item", "lambdas/delete_item")).cloud;
    assert_eq!(versions(&cloud, "shared"), [3]);
}

#[test]
fn versions_of_others_stay_and_a_layer_without_one_of_ours_stops_the_plan() {
    let mut cloud = empty();
    publish(&mut cloud, "shared", "theirs");
    let refused = run(&cloud, Command::Up(&Fixture::of(STACK)), None);
    assert!(
        matches!(&refused.end, End::Failed(why) if why[0].contains("layer shared already exists, and no version of it")),
        "{:?}",
        refused.end
    );
    assert_eq!(refused.writes(), Vec::<String>::new());

    let mut cloud = up(&empty(), STACK).cloud;
    publish(&mut cloud, "shared", "theirs");
    publish(&mut cloud, "shared", "provision-0123456789abcdef other");
    let cloud = up(&cloud, STACK).cloud;
    assert_eq!(used(&cloud)[0].1, "1");
    let cloud = up(&cloud, &changed("update_item")).cloud;
    assert_eq!((versions(&cloud, "shared"), &*used(&cloud)[0].1), (vec![1, 2, 3, 4], "4"));
    let cloud = up(&cloud, &changed("delete_item")).cloud;
    assert_eq!(versions(&cloud, "shared"), [2, 3, 4, 5]);
    let down = whole(run(&cloud, Command::Down(&Fixture::of(STACK)), None)).cloud;
    assert_eq!(versions(&down, "shared"), [2, 3]);
}

/// Two versions of the same would not harm, but be there for ever.
#[test]
fn a_lost_response_publishes_no_second_version() {
    let at = Label { name: "lambda:PublishLayerVersion".to_owned(), subject: "shared".to_owned(), nth: 1 };
    let before = up(&empty(), STACK).cloud;
    for (cloud, text, expected) in
        [(empty(), STACK.to_owned(), vec![1]), (before, changed("update_item"), vec![1, 2])]
    {
        let fault = PlannedFault { at: at.clone(), kind: FaultKind::Lost, times: Times::Once };
        let ran = run(&cloud, Command::Up(&Fixture::of(&text)), Some(fault));
        assert_eq!(ran.injected, 1);
        assert!(matches!(ran.end, End::Done(_)), "{:?}", ran.end);
        assert_eq!(versions(&ran.cloud, "shared"), expected);
        assert_eq!(calls(&ran, "PublishLayerVersion").len(), 1);
    }
}

/// A layer that is no longer declared is found by the functions that have it; as long as there is another one, by its mark.
#[test]
fn a_layer_that_is_no_longer_declared_is_deleted() {
    let cloud = up(&up(&empty(), STACK).cloud, &changed("update_item")).cloud;
    let (_, functions) = STACK.split_once("functions:\n").unwrap();
    let without = format!("stack: shop\nfunctions:\n{functions}")
        .replace("layers: [shared], environment: { LAYER: '${layers.shared.version}' }", "memory: 256")
        .replace("layers: [shared]", "memory: 256");
    let ran = up(&cloud, &without);
    assert_eq!(versions(&ran.cloud, "shared"), [0; 0]);
    assert!(calls(&ran, "ListLayers").is_empty());
    let last = calls(&ran, "UpdateFunctionConfiguration").iter().filter_map(|moved| moved.end).max();
    assert!(calls(&ran, "DeleteLayerVersion").iter().any(|deleted| Some(deleted.start) >= last));

    let unused =
        STACK.replace("functions:", "  other: { code: lambdas/getAlls, runtimes: [python3.13] }\nfunctions:");
    let cloud = up(&empty(), &unused).cloud;
    assert_eq!(versions(&up(&cloud, STACK).cloud, "other"), [0; 0]);
}

#[test]
fn a_stack_without_layers_makes_no_call_for_them() {
    let text = "stack: shop\nfunctions: { one: { code: lambdas/get_item, runtime: python3.13,
        layers: ['arn:aws:lambda:${region}:${account}:layer:tools:1'] } }\n";
    let mut cloud = empty();
    publish(&mut cloud, "tools", "theirs");
    let stack = Fixture::of(text);
    let up = whole(run(&cloud, Command::Up(&stack), None));
    let again = whole(run(&up.cloud, Command::Up(&stack), None));
    let bare =
        Fixture::of("stack: shop\nfunctions: { one: { code: lambdas/get_item, runtime: python3.13 } }\n");
    let down = whole(run(&run(&empty(), Command::Up(&bare), None).cloud, Command::Down(&bare), None));
    for ran in [&up, &again, &down] {
        let asked = ran.records.iter().find(|record| record.label.name.contains("Layer"));
        assert!(asked.is_none(), "{asked:?}");
    }
    // To whom a layer belongs is known once it is read.
    let down = whole(run(&up.cloud, Command::Down(&stack), None));
    assert_eq!(versions(&down.cloud, "tools"), [1]);
    // Without permission to read it, a layer that the stack no longer names is left alone.
    let other = Fixture::of(&text.replace("tools:1", "tools:2"));
    publish(&mut cloud, "tools", "theirs");
    let mut live = up.cloud.clone();
    live.lambda.layers = cloud.lambda.layers.clone();
    let at = Label { name: "lambda:ListLayerVersions".to_owned(), subject: "tools".to_owned(), nth: 1 };
    let denied = PlannedFault { at, kind: FaultKind::Denied, times: Times::Always };
    let moved = run(&live, Command::Up(&other), Some(denied));
    assert!(matches!(moved.end, End::Done(1)) && moved.injected > 0, "{:?}", moved.end);
}

/// A version that this project made once and that another one deletes by hand.
#[test]
fn a_deleted_version_is_published_again_or_an_earlier_one_is_used() {
    let mut cloud = up(&up(&empty(), STACK).cloud, &changed("update_item")).cloud;
    cloud.lambda.layers.get_mut("shared").unwrap().versions.remove(&2);
    // The earlier one has other content.
    assert_eq!(versions(&up(&cloud, &changed("update_item")).cloud, "shared"), [1, 3]);
    // Here it is what is wanted.
    let back = up(&cloud, STACK).cloud;
    assert_eq!((versions(&back, "shared"), &*used(&back)[0].1), (vec![1], "1"));
}
