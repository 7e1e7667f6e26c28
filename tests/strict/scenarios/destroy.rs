//! What happens between the end of a stack and the look that confirms it.

use super::shipped::well;
use crate::clock::Clock;
use crate::connector::StrictCloud;
use crate::fixture::Fixture;
use crate::run::{A_MOMENT, Command, client_config, empty, run};
use crate::services::dynamodb::Table;
use crate::services::lambda::LATE_LOGS;
use provision::aws::{Calls, Connection};
use provision::event::Events;
use provision::plan::Plan;
use provision::reconcile::{Destroy, Destroyed, Session};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::watch;

#[test]
fn a_table_that_is_created_again_and_filled_is_not_deleted_unasked() {
    let stack = Fixture::of(include_str!("../../stacks/small.yaml"));
    let up = well(run(&empty(), Command::Up(&stack), None)).cloud;
    let filled = Table { items: 3, ..up.dynamodb.tables["notes"].clone() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let clock = Clock::at(up.now + A_MOMENT);
        let strict = StrictCloud::new(up.clone(), clock, None);
        let config = client_config(&strict, clock);
        let connection = Connection::of(config, false, Calls::default()).await.unwrap();
        let mut destroy = Destroy::new(Session::of_stack(connection, &stack.stack), BTreeSet::new());
        let plan = destroy.plan(&destroy.look().await.unwrap()).unwrap();
        assert_eq!(plan.blockers, vec![]);
        let mut rounds = 0;
        let execute = async |session: &Session, plan: &Plan| {
            let (_never, stop) = watch::channel(0);
            let report = session.apply(plan, BTreeMap::new(), Events::none(), stop).await;
            strict.state().cloud.dynamodb.tables.insert("notes".to_owned(), filled.clone());
            rounds += 1;
            report
        };
        let ended = destroy.run(plan, execute).await.unwrap();
        let Destroyed::NewResources(plan) = ended else { panic!("{ended:?}") };
        assert!(plan.blockers[0].why.contains("would be lost"), "{:?}", plan.blockers);
        assert_eq!((rounds, plan.steps.len()), (1, 1));
    });
}

/// A function that may make its log group, which no role that the tool makes by itself allows.
const MAKES_ITS_GROUP: &str = "
stack: late
functions:
  talk:
    code: lambdas/getAlls
    runtime: python3.13
    policy: [{ Effect: Allow, Action: 'logs:CreateLogGroup', Resource: '*' }]
";

/// Late logs make a group again that was deleted, without any mark [aws-facts: Lambda]. Where that comes before the last look,
/// it goes as well, also if no stack file says its name.
#[test]
fn a_log_group_that_late_logs_recreate_is_deleted_as_well() {
    let stack = Fixture::of(MAKES_ITS_GROUP);
    let nothing = Fixture::of("stack: late");
    let up = well(run(&empty(), Command::Up(&stack), None)).cloud;
    for file in [&stack, &nothing] {
        let came_back = (1..20).filter(|late| {
            let mut up = up.clone();
            up.delays.set(LATE_LOGS, Duration::from_millis(250 * late));
            let down = well(run(&up, Command::Down(file), None));
            let looks = down.records.iter().filter(|record| record.label.name == "logs:DescribeLogGroups");
            let last_look = looks.map(|record| record.start).max();
            // Nothing can see a group that comes while the rest of the last look is still in progress.
            let groups = down.cloud.logs.groups.iter().filter(|(_, group)| Some(group.created) < last_look);
            assert_eq!(groups.map(|(name, _)| name).collect::<Vec<_>>(), Vec::<&String>::new(), "{late}");
            let deletes = down.records.iter().filter(|record| record.label.name == "logs:DeleteLogGroup");
            deletes.count() > 1
        });
        assert!(came_back.count() > 0, "no log comes between the end of the group and the last look");
    }
}
