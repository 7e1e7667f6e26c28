//! Two commands at the same time: they end, nothing is made twice, and one more `up` or `down` finds all in order.

use super::shipped::well;
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::run::{A_MOMENT, Command, End, empty, later, run, run_after, run_staggered};
use crate::services::apigateway::Api;
use std::time::Duration;

/// Two may both look before either of them has made anything, and API Gateway takes two APIs of one name. Only one of them may
/// come up then, and that one is the stack's from the beginning.
#[test]
fn two_first_up_at_once_create_one_stack() {
    let stack = Fixture::shipped();
    let alone = well(run(&empty(), Command::Up(&stack), None));
    for later in [0, 250, 500, 1000, 1500, 2000, 3000, 8000] {
        let second = Duration::from_millis(later);
        let commands = [(Duration::ZERO, Command::Up(&stack)), (second, Command::Up(&stack))];
        let both = run_staggered(A_MOMENT, &empty(), &commands, None);
        println!("two up, {second:?} apart: {:?}", both.end);
        let once_more = well(run(&both.cloud, Command::Up(&stack), None));
        for (which, ran) in [("both", &both), ("the third", &once_more)] {
            assert_eq!(ran.violations, Vec::<String>::new(), "{which}, {second:?} apart");
        }
        let is_live = |api: &Api| !api.stages.is_empty();
        let came_up = both.cloud.apigateway.apis.iter().filter(|(_, api)| is_live(api)).map(|(id, _)| id);
        let stays = |id: &String| once_more.cloud.apigateway.apis.contains_key(id);
        assert!(came_up.clone().count() <= 1 && came_up.clone().all(stays), "{second:?} apart");
        assert_eq!(differences(&dump(&once_more.cloud), &dump(&alone.cloud)), Vec::<String>::new());
        assert_eq!(well(run(&once_more.cloud, Command::Plan(&stack), None)).end, End::Done(0));
    }
}

#[test]
fn up_and_down_at_once_end_and_one_more_run_converges() {
    let stack = Fixture::shipped();
    let alone = well(run(&empty(), Command::Up(&stack), None));
    let both = run_after(A_MOMENT, &alone.cloud, &[Command::Down(&stack), Command::Up(&stack)], None);
    println!("up and down at once: {:?}", both.end);
    let up = well(run(&both.cloud, Command::Up(&stack), None));
    let settled = later(&up.cloud, Duration::from_secs(60));
    assert_eq!(differences(&dump(&settled), &dump(&alone.cloud)), Vec::<String>::new());
    let down = well(run(&both.cloud, Command::Down(&stack), None));
    assert!(dump(&later(&down.cloud, Duration::from_secs(60))).is_empty());
}

#[test]
fn two_down_leave_nothing() {
    let stack = Fixture::shipped();
    let up = well(run(&empty(), Command::Up(&stack), None));
    let both = run_after(A_MOMENT, &up.cloud, &[Command::Down(&stack), Command::Down(&stack)], None);
    println!("two down: {:?}", both.end);
    let down = well(run(&both.cloud, Command::Down(&stack), None));
    assert!(dump(&later(&down.cloud, Duration::from_secs(60))).is_empty());
}
