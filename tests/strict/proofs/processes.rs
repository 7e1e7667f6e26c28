//! The real program on the port, as its users run it: its exit status, and what it leaves.

use super::shipped::well;
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::port;
use crate::program::visit;
use crate::run::{self, Command, later};
use std::time::{Duration, Instant};

#[test]
fn the_shipped_stack_lives_and_leaves_nothing() {
    let stack = Fixture::shipped();
    let start = Instant::now();
    let up = visit(&port::empty(), &stack, &["up", "--yes"], None).ends(Some(0));
    println!("up {:?} {}", start.elapsed(), up.exit().memory);
    let same = well(run::run(&run::empty(), Command::Up(&stack), None));
    assert_eq!(differences(&dump(&up.cloud), &dump(&same.cloud)), Vec::<String>::new());
    let again = visit(&up.cloud, &stack, &["up", "--yes"], None).ends(Some(0));
    println!("again {:?} {}", start.elapsed(), again.exit().memory);
    assert_eq!(again.writes(), Vec::<String>::new());
    let down = visit(&again.cloud, &stack, &["down", "--yes"], None).ends(Some(0));
    println!("down {:?}", start.elapsed());
    assert!(dump(&later(&down.cloud, Duration::from_secs(60))).is_empty());
    println!("{}\n{}", up.exit().out, down.exit().out);
}
