//! The command is run again at once, by a script, when AWS's lists do not show yet what the first run has made. What is
//! not seen is made anew where AWS takes names twice; the run after finds both, and takes the one that is too many away.

use super::shipped::well;
use crate::dump::{differences, dump};
use crate::faults::{Planned, Times, Trouble};
use crate::fixture::Fixture;
use crate::invariants::unready;
use crate::run::{Command, End, empty, later, run, run_after};
use std::time::Duration;

#[test]
fn a_run_right_after_a_death_comes_to_the_same_end() {
    let stack = Fixture::shipped();
    let alone = well(run(&empty(), Command::Up(&stack), None));
    let expected = dump(&alone.cloud);
    let writes = alone.records.iter().filter(|record| record.write && record.label.nth == 1);
    let (mut wrong, mut repeated, mut runs) = (Vec::new(), 0, 0);
    for at in writes.map(|record| record.label.clone()) {
        let fault = Planned { at: at.clone(), trouble: Trouble::DiesAfter, times: Times::Once };
        let died = run(&empty(), Command::Up(&stack), Some(fault));
        assert_eq!(died.end, End::Died);
        let again = run_after(Duration::ZERO, &died.cloud, &[Command::Up(&stack)], None);
        runs += 1;
        let violations = again.violations.iter().cloned().chain(unready(&again.cloud)).collect::<Vec<_>>();
        if !matches!(again.end, End::Done(_)) || !violations.is_empty() {
            wrong.push(format!("after {at}: {:?}, {violations:?}", again.end));
            continue;
        }
        let differ = differences(&dump(&later(&again.cloud, Duration::from_secs(60))), &expected);
        repeated += usize::from(!differ.is_empty());
        let third = well(run(&again.cloud, Command::Up(&stack), None));
        let differ = differences(&dump(&later(&third.cloud, Duration::from_secs(60))), &expected);
        if !differ.is_empty() {
            wrong.push(format!("after {at} there is something else:\n    {}", differ.join("\n    ")));
        }
    }
    println!("{runs} deaths followed by a run at once; {repeated} of them needed one more");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// By then reads show what was made, and it is still in the making.
const SOON: Duration = Duration::from_secs(1);

/// What an earlier run has begun may still be in the making when there is nothing else to do: that alone is waited for.
#[test]
fn a_run_right_after_a_death_waits_for_what_was_begun() {
    for thing in [
        "tables: { notes: { partition_key: id } }",
        "functions: { save: { code: lambdas/create_item, runtime: python3.13 } }",
    ] {
        let stack = Fixture::of(&format!("stack: one\n{thing}\n"));
        let writes = well(run(&empty(), Command::Up(&stack), None)).records.into_iter();
        for at in writes.filter(|record| record.write).map(|record| record.label) {
            let fault = Planned { at: at.clone(), trouble: Trouble::DiesAfter, times: Times::Once };
            let died = run(&empty(), Command::Up(&stack), Some(fault));
            let again = well(run_after(SOON, &died.cloud, &[Command::Up(&stack)], None));
            assert_eq!(unready(&again.cloud), Vec::<String>::new(), "after {at}");
        }
    }
}
