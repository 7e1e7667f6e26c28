//! How many calls each command makes, and how many of them one after the other: where a call's way there and back is what
//! takes time, that is how long a command takes. Nothing here looks at a clock: every call takes the same virtual time, AWS
//! is done with everything at once, and the records show which calls had ended before another began.

use super::shipped::well;
use crate::cloud::{Cloud, Delays, Paging, Time};
use crate::connector::Record;
use crate::fixture::Fixture;
use crate::run::{Command, Ran, empty, later, planned, run};
use provision::config::Stack;
use provision::plan::{Action, Plan, Step};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

/// What every call takes. No quota holds up five functions at this pace.
const CALL: Time = Duration::from_secs(2);

/// How much longer than the shortest possible chain a command's may be.
const SLACK: f64 = 1.3;

/// The page that publishes the figures.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/speed.md");

/// A command on the shipped stack, as it went.
struct Figures {
    name: &'static str,
    ran: Ran,
    /// The calls of its longest chain.
    chain: usize,
    /// The calls one after the other with those that do not count.
    deep: usize,
    /// The calls of the shortest possible chain.
    least: usize,
    /// The calls of a chain that the project allows itself.
    most: usize,
}

/// An account where AWS takes no time, and lists come whole.
fn account() -> Cloud {
    Cloud { delays: Delays::none(), paging: Paging::Documented, ..empty() }
}

/// An account where calls take a time.
fn taking(latency: fn(&[Record]) -> Time, cloud: &Cloud) -> Cloud {
    Cloud { latency: Some(latency), ..cloud.clone() }
}

/// Every call takes the same time.
fn all(_: &[Record]) -> Time {
    CALL
}

/// Every call that counts takes the same time, and others take none.
fn counted(records: &[Record]) -> Time {
    let counts = records.last().is_some_and(|last| last.write || is_look(last, first_write(records)));
    if counts { CALL } else { Time::ZERO }
}

/// When something was written first.
fn first_write(records: &[Record]) -> Option<Time> {
    records.iter().filter(|record| record.write).map(|record| record.start).min()
}

/// Whether a call belongs to the look that a plan is made of. The first one, which asks whose credentials these are, comes
/// before; what is read after something was written are polls of what AWS still does, or the closing look.
fn is_look(record: &Record, first_write: Option<Time>) -> bool {
    let before = first_write.is_none_or(|write| record.start < write);
    !record.write && before && record.label.name != "sts:GetCallerIdentity"
}

/// The operations that count, by the number of calls that ended one after the other until each of them had.
fn levels(records: &[Record]) -> Vec<BTreeSet<&str>> {
    let first_write = first_write(records);
    let mut sorted: Vec<&Record> =
        records.iter().filter(|record| record.write || is_look(record, first_write)).collect();
    sorted.sort_by_key(|record| record.start);
    let (mut levels, mut ends): (Vec<BTreeSet<&str>>, Vec<Time>) = (Vec::new(), Vec::new());
    for record in sorted {
        // A call is as deep as those that had not ended when it began, or else one deeper.
        let level = ends.iter().filter(|end| **end <= record.start).count();
        if level == levels.len() {
            levels.push(BTreeSet::new());
            ends.push(record.end.expect("an answer"));
        }
        levels[level].insert(&record.label.name);
    }
    levels
}

/// An account without the protection that would hold a stack's end back.
fn unprotected(cloud: &Cloud) -> Cloud {
    let mut cloud = cloud.clone();
    cloud.dynamodb.tables.values_mut().for_each(|table| table.protected = false);
    cloud
}

/// The calls that a step cannot do without, one after the other: what hangs on a role or a log group is set when that is
/// there, and taken off a role before it goes.
fn needs(step: &Step) -> usize {
    match (step.id.kind, step.action) {
        _ if step.with_parent => 0,
        ("role", Action::Create | Action::Delete) | ("log_group", Action::Create) => 2,
        _ => 1,
    }
}

/// The calls of the shortest chain that carries out a plan: the longest way through its steps.
fn shortest(plan: &Plan) -> usize {
    let mut ends: BTreeMap<usize, usize> = BTreeMap::new();
    while ends.len() < plan.steps.len() {
        for (index, step) in plan.steps.iter().enumerate() {
            let before: Option<Vec<usize>> =
                step.depends_on.iter().map(|before| ends.get(before).copied()).collect();
            if let Some(before) = before {
                ends.insert(index, needs(step) + before.into_iter().max().unwrap_or_default());
            }
        }
    }
    ends.into_values().max().unwrap_or_default()
}

/// A command on an account. What it looks at takes two calls one after the other where an API is found, whose parts are
/// asked for by its id, and else one.
fn figures(name: &'static str, cloud: &Cloud, command: Command, most: usize) -> Figures {
    let how_long = |ran: &Ran| usize::try_from(ran.took.as_millis() / CALL.as_millis()).expect("a number");
    let looks = if cloud.apigateway.apis.is_empty() { 1 } else { 2 };
    let least = looks + shortest(&planned(cloud, command));
    let ran = well(run(&taking(counted, cloud), command, None));
    let levels = levels(&ran.records);
    println!("{name}: {} calls", ran.records.len());
    levels.iter().zip(1..).for_each(|(calls, level)| {
        println!("  {level}. {}", Vec::from_iter(calls.iter().copied()).join(", "))
    });
    let chain = levels.len();
    assert_eq!(chain, how_long(&ran), "{name}");
    let deep = how_long(&well(run(&taking(all, cloud), command, None)));
    Figures { name, ran, chain, deep, least, most }
}

/// The life of the shipped stack.
fn life() -> Vec<Figures> {
    let stack = Fixture::shipped();
    let cold = figures("`up`, from nothing", &account(), Command::Up(&stack), 8);
    let there = cold.ran.cloud.clone();
    let code = stack.with(
        |_| (),
        |folder| {
            std::fs::write(folder.join("lambdas/create_item/more.py"), "MORE = 1\n")
                .expect("a file is written");
        },
    );
    vec![
        cold,
        figures("`plan` or `up`, nothing to do", &there, Command::Up(&stack), 3),
        figures("`up`, one function's code", &there, Command::Up(&code), 4),
        figures("`down`", &there, Command::Down(&stack), 6),
    ]
}

/// The table that the page has.
fn table(all: &[Figures]) -> String {
    let mut counts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (column, figures) in all.iter().enumerate() {
        for record in &figures.ran.records {
            counts.entry(&record.label.name).or_insert_with(|| vec![0; all.len()])[column] += 1;
        }
    }
    let mut text = String::new();
    let mut row =
        |name: &str, cells: Vec<String>| writeln!(text, "| {name} | {} |", cells.join(" | ")).unwrap();
    row("", all.iter().map(|figures| figures.name.to_owned()).collect());
    row("---", all.iter().map(|_| "--:".to_owned()).collect());
    for (name, counts) in counts {
        let cell = |count: usize| if count == 0 { String::new() } else { count.to_string() };
        row(&format!("`{name}`"), counts.into_iter().map(cell).collect());
    }
    let each = |figure: fn(&Figures) -> usize| all.iter().map(|one| format!("**{}**", figure(one))).collect();
    row("**all calls**", each(|figures| figures.ran.records.len()));
    row("**of these, writes**", each(|figures| figures.ran.writes().len()));
    row("**one after the other**", each(|figures| figures.chain));
    row("**all of them, one after the other**", each(|figures| figures.deep));
    row("**at least necessary**", each(|figures| figures.least));
    text
}

#[test]
fn chains_are_short_and_calls_are_those_that_are_published() {
    let life = life();
    for figures in &life {
        let (name, deep) = (figures.name, figures.chain);
        assert!(deep <= figures.most, "{name} is {deep} calls deep, and {} are allowed", figures.most);
        assert!(deep as f64 <= SLACK * figures.least as f64, "{name}: {deep} for {}", figures.least);
    }
    let page = std::fs::read_to_string(PAGE).expect("the page");
    let table = table(&life);
    assert!(page.contains(&table), "docs/speed.md lacks this:\n{table}");
}

/// The calls of the commands on the systems of the examples, and how many of them come one after the other.
fn systems() -> String {
    let systems = Fixture::every();
    let mut text = String::new();
    for example in
        std::fs::read_dir(EXAMPLES).expect("the examples").map(|entry| entry.expect("an example").file_name())
    {
        let name = example.to_string_lossy().into_owned();
        let Some(stack) = systems.get(&name) else { continue };
        let up = figures("up", &account(), Command::Up(stack), usize::MAX);
        let there = up.ran.cloud.clone();
        let again = figures("up again", &there, Command::Up(stack), usize::MAX);
        let down = figures("down", &there, Command::Down(stack), usize::MAX);
        let cells = [up, again, down].map(|one| format!("{} · {}", one.ran.records.len(), one.chain));
        writeln!(text, "| `{name}` | {} |", cells.join(" | ")).expect("a text");
    }
    let mut rows: Vec<&str> = text.lines().collect();
    rows.sort_unstable();
    format!("{SYSTEMS}{}\n", rows.join("\n"))
}

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");

/// How the table of the systems begins.
const SYSTEMS: &str = "| | `up`, from nothing | nothing to do | `down` |\n|---|--:|--:|--:|\n";

#[test]
fn the_calls_of_each_system_are_those_that_are_published() {
    let page = std::fs::read_to_string(PAGE).expect("the page");
    let systems = systems();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let (before, rest) = page.split_once(SYSTEMS).expect("the table of the systems");
        let (_, after) = rest.split_once("\n\n").expect("an end of it");
        std::fs::write(PAGE, format!("{before}{systems}\n{after}")).expect("the page is written");
        return;
    }
    assert!(
        page.contains(&systems),
        "to update docs/speed.md: UPDATE_DOCS=1 cargo test --test strict published"
    );
}

/// An account with unmanaged resources of all the names that a stack declares, old and without tags.
fn with_unmanaged(cloud: &Cloud) -> Cloud {
    let mut cloud = later(cloud, Duration::from_secs(86_400));
    cloud.dynamodb.tables.values_mut().for_each(|table| table.tags.clear());
    cloud.iam.roles.values_mut().for_each(|role| role.tags.clear());
    cloud.lambda.functions.values_mut().for_each(|function| function.tags.clear());
    cloud.logs.groups.values_mut().for_each(|group| group.tags.clear());
    cloud.sqs.queues.values_mut().for_each(|queue| queue.tags.clear());
    cloud.sns.topics.values_mut().for_each(|topic| topic.tags.clear());
    cloud.lambda.mappings.values_mut().for_each(|mapping| mapping.tags.clear());
    cloud
}

#[test]
fn no_resource_is_read_twice() {
    for (name, stack) in Fixture::every() {
        let up = well(run(&account(), Command::Up(&stack), None)).cloud;
        let runs = [
            (account(), Command::Up(&stack)),
            (with_unmanaged(&up), Command::Up(&stack)),
            (unprotected(&up), Command::Down(&stack)),
            (up, Command::Up(&stack)),
        ];
        for (cloud, command) in runs {
            let ran = run(&cloud, command, None);
            let first_write = first_write(&ran.records);
            let looks = ran.records.iter().filter(|record| is_look(record, first_write));
            let twice: Vec<_> = looks.filter(|look| look.label.nth > 1).map(ToString::to_string).collect();
            assert_eq!(twice, Vec::<String>::new(), "{name}");
        }
    }
}

#[test]
fn a_ready_resource_is_changed_without_another_read() {
    let stack = Fixture::shipped();
    let up = well(run(&account(), Command::Up(&stack), None)).cloud;
    let tagged = |stack: &mut Stack| drop(stack.tags.insert("team".to_owned(), "comments".to_owned()));
    let change = well(run(&up, Command::Up(&stack.with(tagged, |_| ())), None));
    assert!(change.writes().iter().any(|write| write.starts_with("dynamodb:TagResource")));
    let first_write = first_write(&change.records);
    let reads = change.records.iter().filter(|record| !record.write && Some(record.start) >= first_write);
    assert_eq!(reads.map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
}
