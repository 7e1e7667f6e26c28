//! What happens between the end of a stack and the look that confirms it.

use super::shipped::well;
use crate::clock::Clock;
use crate::connector::StrictCloud;
use crate::fixture::Fixture;
use crate::run::{A_MOMENT, Command, client_config, empty, run};
use crate::services::dynamodb::Table;
use provision::aws::{Calls, Connection};
use provision::event::Events;
use provision::plan::Plan;
use provision::reconcile::{Ended, Session, Teardown};
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::watch;

#[test]
fn a_table_that_somebody_makes_again_and_fills_is_not_deleted_unasked() {
    let stack = Fixture::of(include_str!("../../stacks/small.yaml"));
    let up = well(run(&empty(), Command::Up(&stack), None)).cloud;
    let filled = Table { items: 3, ..up.dynamodb.tables["notes"].clone() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let clock = Clock::at(up.now + A_MOMENT);
        let strict = StrictCloud::new(up.clone(), clock, None);
        let config = client_config(&strict, clock);
        let connection = Connection::of(config, false, Calls::default()).await.unwrap();
        let mut teardown = Teardown::new(Session::of_stack(connection, &stack.stack), BTreeSet::new());
        let plan = teardown.plan(&teardown.look().await.unwrap()).unwrap();
        assert_eq!(plan.refusals, vec![]);
        let mut rounds = 0;
        let carry_out = async |session: &Session, plan: &Plan| {
            let (_never, stop) = watch::channel(false);
            let report = session.carry_out(plan, BTreeMap::new(), Events::none(), stop).await;
            strict.state().cloud.dynamodb.tables.insert("notes".to_owned(), filled.clone());
            rounds += 1;
            report
        };
        let ended = teardown.run(plan, carry_out).await.unwrap();
        let Ended::CameUp(plan) = ended else { panic!("{ended:?}") };
        assert!(plan.refusals[0].why.contains("would be lost for good"), "{:?}", plan.refusals);
        assert_eq!((rounds, plan.steps.len()), (1, 1));
    });
}
