//! What the tagging API says of log groups, which is cheap and late: it saves the read of a group's tags where nothing is to be
//! done, and never decides about a write.

use super::shipped::{well, whole};
use crate::cloud::{Cloud, Delays, Paging};
use crate::dump::dump;
use crate::faults::{FaultKind, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, planned, run};
use crate::services::logs::Group;
use crate::services::tagging;
use provision::plan::{Action, Plan};
use std::time::Duration;

const GROUP: &str = "/aws/lambda/save";

/// Longer than the tagging API is late with what was created or changed.
const MINUTES: Duration = Duration::from_secs(300);

/// A stack of two functions, whose logs expire after some days.
fn stack(days: u32) -> Fixture {
    let function = |name: &str| {
        format!("  {name}: {{ code: lambdas/create_item, runtime: python3.13, log_retention: {days} }}\n")
    };
    Fixture::of(&format!(
        "stack: one\ntags: {{ team: web }}\nfunctions:\n{}{}",
        function("save"),
        function("list")
    ))
}

/// An account where a stack was brought up some minutes ago.
fn settled(stack: &Fixture) -> Cloud {
    later(&whole(run(&empty(), Command::Up(stack), None)).cloud, MINUTES)
}

/// The account with the group changed right now.
fn changed(cloud: &Cloud, change: impl Fn(&mut Group)) -> Cloud {
    let mut cloud = cloud.clone();
    change(cloud.logs.groups.get_mut(GROUP).expect("the group"));
    cloud
}

/// The group as that of another stack.
fn of_another(group: &mut Group) {
    group.tags.insert("provision:stack".to_owned(), "other".to_owned());
}

/// How many calls of an operation were sent.
fn count(ran: &Ran, name: &str) -> usize {
    ran.records.iter().filter(|record| record.label.name == name).count()
}

/// How often the service was asked for the tags of a group.
fn tag_reads(ran: &Ran) -> usize {
    count(ran, "logs:ListTagsForResource")
}

fn is_in_sync(ran: &Ran) {
    assert_eq!((&ran.end, ran.writes()), (&End::Done(0), vec![]));
}

/// What a plan does with the group, and the fields that change.
fn step(plan: &Plan) -> (Action, Vec<String>) {
    let [step] = plan.steps.as_slice() else { panic!("one step: {:?}", plan.steps) };
    assert_eq!(step.id.name, GROUP);
    (step.action, step.changes.iter().map(|change| change.path.join(".")).collect())
}

#[test]
fn the_tags_of_a_group_that_needs_nothing_are_those_of_the_tagging_api() {
    let stack = stack(7);
    let again = well(run(&settled(&stack), Command::Up(&stack), None));
    is_in_sync(&again);
    assert_eq!(tag_reads(&again), 0);
}

#[test]
fn a_group_that_the_tagging_api_does_not_list_yet_is_asked_for_its_tags() {
    let stack = stack(7);
    let up = whole(run(&empty(), Command::Up(&stack), None)).cloud;
    let again = well(run(&up, Command::Up(&stack), None));
    is_in_sync(&again);
    assert_eq!(tag_reads(&again), 2);
}

/// As `docs/speed.md` says: more calls while the tagging API lists nothing, and no more of them one after the other.
#[test]
fn the_reads_that_it_saves_cost_no_time_where_quotas_do_not_matter() {
    const CALL: Duration = Duration::from_secs(2);
    let stack = Fixture::shipped();
    let mut delays = Delays::none();
    delays.set(tagging::SHOWN, MINUTES);
    let cloud = Cloud { delays, paging: Paging::Documented, ..empty() };
    let up = well(run(&cloud, Command::Up(&stack), None)).cloud;
    for (cloud, calls) in [(later(&up, MINUTES), 49), (up, 54)] {
        let again = well(run(&Cloud { latency: Some(|_| CALL), ..cloud }, Command::Up(&stack), None));
        is_in_sync(&again);
        assert_eq!((again.records.len(), again.took.as_secs()), (calls, 3 * CALL.as_secs()));
    }
}

#[test]
fn without_the_tagging_api_every_group_is_asked_for_its_tags() {
    let stack = stack(7);
    let cloud = settled(&stack);
    let again = well(run(&cloud, Command::Up(&stack), None));
    let sweep = again.records.iter().find(|record| record.label.name == "tag:GetResources").expect("a sweep");
    for kind in [FaultKind::Denied, FaultKind::Throttled] {
        let times = if kind == FaultKind::Denied { Times::Always } else { Times::Once };
        let fault = PlannedFault { at: sweep.label.clone(), kind, times };
        let ran = well(run(&cloud, Command::Up(&stack), Some(fault)));
        is_in_sync(&ran);
        assert_eq!(
            (ran.injected > 0, tag_reads(&ran)),
            (true, if kind == FaultKind::Denied { 2 } else { 0 })
        );
    }
}

#[test]
fn a_change_of_tags_is_seen_some_minutes_late_and_then_undone_once() {
    let stack = stack(7);
    let drifted = changed(&settled(&stack), |group| {
        group.tags.insert("team".to_owned(), "theirs".to_owned());
    });
    is_in_sync(&well(run(&drifted, Command::Up(&stack), None)));

    let noticed = later(&drifted, MINUTES);
    assert_eq!(step(&planned(&noticed, Command::Up(&stack))), (Action::Update, vec!["tags.team".to_owned()]));
    let up = whole(run(&noticed, Command::Up(&stack), None));
    assert_eq!(up.writes().len(), 1);

    // The tagging API still has the drifted tags: where it sees a difference, the service decides.
    let again = well(run(&up.cloud, Command::Up(&stack), None));
    is_in_sync(&again);
    assert_eq!(tag_reads(&again), 1);
}

#[test]
fn a_change_of_the_stack_asks_the_service_for_the_tags_of_the_groups_that_change() {
    let stack = stack(7);
    let drifted = changed(&settled(&stack), |group| group.days = Some(1));
    let up = whole(run(&drifted, Command::Up(&stack), None));
    assert_eq!((up.end.clone(), tag_reads(&up)), (End::Done(1), 1));
}

/// The tagging API says that the group is ours. Its service says that it is another stack's.
#[test]
fn a_group_that_is_no_longer_ours_is_not_changed_whatever_the_tagging_api_says() {
    let cloud = changed(&settled(&stack(7)), of_another);
    let ran = run(&cloud, Command::Up(&stack(14)), None);
    let End::Failed(errors) = &ran.end else { panic!("{:?}", ran.end) };
    assert!(
        errors.iter().any(|error| error.contains(GROUP) && error.contains("it belongs to the stack `other`")),
        "{errors:?}"
    );
    assert_eq!(ran.writes(), Vec::<String>::new());
}

#[test]
fn down_asks_the_service_who_owns_each_group() {
    let stack = stack(7);
    let cloud = changed(&settled(&stack), of_another);
    let down = well(run(&cloud, Command::Down(&stack), None));
    // Both before, and the one that is left in the closing look.
    assert_eq!(tag_reads(&down), 3);
    assert_eq!(down.cloud.logs.groups.keys().collect::<Vec<_>>(), [GROUP]);
}

/// No longer declared, and by the tagging API ours.
#[test]
fn an_orphaned_group_is_asked_for_its_owner_before_it_is_deleted() {
    let cloud = settled(&stack(7));
    let without = Fixture::of(
        "stack: one\ntags: { team: web }\nfunctions:\n  list: { code: lambdas/create_item, runtime: python3.13, log_retention: 7 }\n",
    );
    let up = well(run(&changed(&cloud, of_another), Command::Up(&without), None));
    assert!(up.cloud.logs.groups.contains_key(GROUP) && !up.cloud.lambda.functions.contains_key("save"));
    let up = well(run(&cloud, Command::Up(&without), None));
    assert!(!up.cloud.logs.groups.contains_key(GROUP));
    assert_eq!(tag_reads(&up), 1);
}

#[test]
fn a_deleted_group_that_the_tagging_api_remembers_does_not_count_as_existing() {
    let stack = stack(7);
    let mut cloud = settled(&stack);
    cloud.logs.groups.remove(GROUP);
    assert_eq!(step(&planned(&cloud, Command::Up(&stack))).0, Action::Create);

    let down = well(run(&cloud, Command::Down(&stack), None));
    assert!(dump(&later(&down.cloud, MINUTES)).is_empty());
    let again = well(run(&down.cloud, Command::Down(&stack), None));
    is_in_sync(&again);
}

/// Somebody deleted the group, and Lambda has created it again, without tags and for ever.
#[test]
fn a_group_that_was_recreated_without_tags_is_adopted_whatever_the_tagging_api_remembers() {
    let stack = stack(7);
    let cloud = settled(&stack);
    let recreated =
        changed(&cloud, |group| *group = Group { created: cloud.now - MINUTES / 2, ..Group::default() });
    let plan = planned(&recreated, Command::Up(&stack));
    assert_eq!(step(&plan).0, Action::Update);
    assert!(
        plan.steps[0].reasons.iter().any(|reason| reason.contains("it is adopted")),
        "{:?}",
        plan.steps[0].reasons
    );
    let up = whole(run(&recreated, Command::Up(&stack), None));
    assert_eq!(up.cloud.logs.groups[GROUP].tags, cloud.logs.groups[GROUP].tags);
}
