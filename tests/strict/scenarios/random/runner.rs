//! Walks through an account: commands, faults, drift and foreign things in any order, and after each step all that must
//! hold. What it does is told as a story, which is shown where something does not hold.

mod ends;
mod runs;

pub(super) use runs::{At, Fault, RUNS, STRUCK};

use super::drift::DRIFTS;
use super::stacks::STACK;
use super::unmanaged::{self, Thing, UNMANAGED, everything};
use crate::cloud::Cloud;
use crate::faults::Trouble;
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, run_after, run_staggered};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::LazyLock;
use std::time::Duration;

/// How long it takes to edit the stack file, or to change things by hand. What was made before is known everywhere by
/// then, by the tagging API as well, by which alone an `up` finds tables that are not declared any more
/// [aws-facts: Resource Groups Tagging API].
const AN_EDIT: Duration = Duration::from_secs(30);
/// After this, late logs have arrived.
const SETTLED: Duration = Duration::from_secs(60);
/// After this, DynamoDB takes another change of an expiry, and another switch to on-demand [aws-facts: DynamoDB].
const A_DAY: Duration = Duration::from_secs(25 * 3600);

/// The code of all functions, packaged once.
static CODE: LazyLock<Fixture> = LazyLock::new(Fixture::shipped);

/// A stack of another identity, whose names are near.
const NEIGHBOUR: &str = "
stack: walk
tags: { team: blue }
tables: { notes: { partition_key: id } }
functions:
  save: { code: lambdas/create_item, runtime: python3.13, access: { notes: read } }
api: { name: walking, routes: { POST /items: save } }
";

/// A stack of the walk.
pub(super) fn stack(text: &str, environment: Option<&str>) -> Rc<Fixture> {
    Rc::new(CODE.beside_its_code(text, environment))
}

/// What is done with a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Up,
    Down,
}

impl Verb {
    fn of(self, stack: &Fixture) -> Command<'_> {
        match self {
            Verb::Up => Command::Up(stack),
            Verb::Down => Command::Down(stack),
        }
    }
}

/// What must hold does not, as a text.
pub(super) type Outcome = Result<(), String>;

/// An account where a stack lives, among others.
#[derive(Clone)]
pub(super) struct Runner {
    environment: Option<&'static str>,
    /// The mark on all that is the stack's.
    identity: String,
    cloud: Cloud,
    /// What is not the stack's, to the last detail.
    unmanaged: BTreeMap<Thing, String>,
    /// Log groups whose tags were taken away. Nothing tells any more whose they are, so they stay unless they are wanted.
    stripped: BTreeSet<String>,
    text: String,
    stack: Rc<Fixture>,
    /// What there is after a first `up`, by the text of the stack.
    fresh: BTreeMap<String, BTreeMap<String, Json>>,
    /// How long it takes until the next command.
    pause: Duration,
    story: Vec<String>,
}

impl Runner {
    /// A walk through an account in which only a role of somebody else is.
    pub(super) fn new(environment: Option<&'static str>) -> Self {
        let text = format!("stack: {STACK}\n");
        let cloud = account();
        Runner {
            environment,
            identity: environment.map_or_else(|| STACK.to_owned(), |name| format!("{STACK}/{name}")),
            unmanaged: everything(&cloud),
            cloud,
            stripped: BTreeSet::new(),
            stack: stack(&text, environment),
            text,
            fresh: BTreeMap::new(),
            pause: AN_EDIT,
            story: Vec::new(),
        }
    }

    /// What was done so far.
    pub(super) fn story(&self) -> String {
        self.story.join("\n")
    }

    /// Writes another stack file.
    pub(super) fn edit(&mut self, text: &str) {
        if text != self.text {
            self.pause = AN_EDIT;
            self.text = text.to_owned();
            self.stack = stack(text, self.environment);
            self.story.push(format!("the stack is\n{text}"));
        }
    }

    /// Brings up another stack, or the same one again.
    pub(super) fn up(&mut self, text: &str, fault: Option<&Fault>) -> Outcome {
        self.edit(text);
        self.story.push("up".to_owned());
        for _ in 0..6 {
            if self.up_once(fault)? {
                return Ok(());
            }
            self.story.push("up again, now that nothing holds it back".to_owned());
        }
        Err("it is held back again and again".to_owned())
    }

    /// Brings the stack up once. False if something holds it back, which is out of the way now.
    fn up_once(&mut self, fault: Option<&Fault>) -> Result<bool, String> {
        let stack = Rc::clone(&self.stack);
        let wanted = self.wanted();
        let in_the_way: Vec<Thing> =
            self.unmanaged.keys().filter(|thing| thing.is_wanted(&wanted)).cloned().collect();
        let ran = self.run(Command::Up(&stack), fault)?;
        if !in_the_way.is_empty() {
            return self.refused(&ran, "exists already", |runner| {
                for thing in in_the_way {
                    runner.unmanaged.remove(&thing);
                    runner.unmanaged.retain(|child, _| child.parent().as_ref() != Some(&thing));
                    thing.remove(&mut runner.cloud);
                }
            });
        }
        match &ran.end {
            // What a refused listing hides is told by the plan, and left for the next run.
            End::Done(_) if ran.struck > 0 && fault.is_some_and(|fault| fault.trouble == Trouble::Denied) => {
                Ok(true)
            }
            End::Done(_) => self.is_up().map(|()| true),
            End::Died => Ok(true),
            End::Failed(_) if ran.struck > 0 => Ok(true),
            End::Failed(errors) => self.held_back(&ran, errors),
        }
    }

    /// Takes what holds a run back out of the way, if it is one of the things that may.
    fn held_back(&mut self, ran: &Ran, errors: &[String]) -> Result<bool, String> {
        let has = |part: &str| errors.iter().any(|error| error.contains(part));
        if has("is protected against deletion") {
            return self.refused(ran, "is protected against deletion", |runner| {
                runner.cloud.dynamodb.tables.values_mut().for_each(|table| table.protected = false);
                runner.cloud.logs.groups.values_mut().for_each(|group| group.protected = false);
            });
        }
        // DynamoDB takes only so many changes in a time [aws-facts: DynamoDB].
        if has("about an hour") || has("within a fixed interval") || has("Subscriber limit exceeded") {
            self.cloud = later(&self.cloud, A_DAY);
            return Ok(false);
        }
        Err(format!("it fails without a fault: {errors:?}"))
    }

    /// Checks that a run was refused, and has changed nothing; then does what it asks for.
    fn refused(&mut self, ran: &Ran, why: &str, mend: impl FnOnce(&mut Runner)) -> Result<bool, String> {
        let refused = match &ran.end {
            End::Failed(errors) => ran.struck > 0 || errors.iter().any(|error| error.contains(why)),
            End::Died => true,
            End::Done(_) => false,
        };
        match refused && ran.writes().is_empty() {
            true => {
                mend(self);
                Ok(false)
            }
            false => Err(format!(
                "it should be refused for something that {why}, and change nothing: {:?}",
                ran.end
            )),
        }
    }

    /// Takes the stack down.
    pub(super) fn down(&mut self, fault: Option<&Fault>) -> Outcome {
        self.story.push("down".to_owned());
        for _ in 0..3 {
            let stack = Rc::clone(&self.stack);
            let ran = self.run(Command::Down(&stack), fault)?;
            let done = match &ran.end {
                End::Done(_) => self.is_down().map(|()| true)?,
                End::Died => true,
                End::Failed(_) if ran.struck > 0 => true,
                End::Failed(errors) => self.held_back(&ran, errors)?,
            };
            if done {
                return Ok(());
            }
        }
        Err("it is held back again and again".to_owned())
    }

    /// Brings the stack up or takes it down several times at once, each so long after the first began. Whatever comes of
    /// that, it ends, and leaves alone what is not the stack's.
    pub(super) fn together(&mut self, commands: &[(Verb, Duration)]) -> Outcome {
        self.story.push(format!("together: {commands:?}"));
        let stack = Rc::clone(&self.stack);
        let commands: Vec<(Duration, Command)> =
            commands.iter().map(|(verb, start)| (*start, verb.of(&stack))).collect();
        let ran = run_staggered(self.pause, &self.cloud, &commands, None);
        self.pause = AN_EDIT;
        let last = commands
            .iter()
            .map(|(_, command)| *command)
            .max_by_key(|command| matches!(command, Command::Down(_)));
        self.ran(last.unwrap_or(Command::Plan(&stack)), ran).map(drop)
    }

    /// Changes something of the stack's behind its back.
    pub(super) fn drift(&mut self, name: &str, nth: usize) {
        let (_, change) = DRIFTS.iter().find(|(other, _)| *other == name).expect("a drift");
        let Some(thing) = change(&mut self.cloud, &self.identity, nth) else { return };
        self.story.push(format!("drift ({nth}): {name}: {thing}"));
        self.pause = AN_EDIT;
        if name == "a log group loses its tags" {
            self.stripped.insert(thing);
        }
        // It may have met something that only bears the stack's mark, or taken away what others lived in.
        let after = everything(&self.cloud);
        self.unmanaged = after.into_iter().filter(|(thing, _)| self.unmanaged.contains_key(thing)).collect();
    }

    /// Everything that is in the account, to the last detail.
    pub(super) fn everything(&self) -> BTreeMap<Thing, String> {
        everything(&self.cloud)
    }

    /// Makes something that is not the stack's.
    pub(super) fn unmanaged(&mut self, name: &str, nth: usize) {
        let (_, make) = UNMANAGED.iter().find(|(other, _)| *other == name).expect("a foreign thing");
        let before = everything(&self.cloud);
        make(&mut self.cloud, &self.identity, nth);
        self.story.push(format!("foreign ({nth}): {name}"));
        self.add_foreign(&before);
    }

    /// Brings up another stack of the tool beside this one.
    pub(super) fn neighbour(&mut self) -> Outcome {
        self.story.push("another stack is brought up beside it".to_owned());
        let other = if self.environment.is_some() { None } else { Some("dev") };
        let before = everything(&self.cloud);
        let ran = run_after(AN_EDIT, &self.cloud, &[Command::Up(&stack(NEIGHBOUR, other))], None);
        if !matches!(ran.end, End::Done(_)) {
            return Err(format!("the other stack: {:?}", ran.end));
        }
        self.cloud = later(&ran.cloud, AN_EDIT);
        self.add_foreign(&before);
        Ok(())
    }

    fn add_foreign(&mut self, before: &BTreeMap<Thing, String>) {
        let new = everything(&self.cloud).into_iter().filter(|(thing, _)| !before.contains_key(thing));
        self.unmanaged.extend(new);
        self.pause = AN_EDIT;
    }

    /// Lets minutes go by.
    pub(super) fn wait(&mut self, minutes: u16) {
        self.story.push(format!("{minutes} minutes go by"));
        self.cloud = later(&self.cloud, Duration::from_secs(60 * u64::from(minutes)));
    }
}

/// An account in which only a role of somebody else is.
fn account() -> Cloud {
    let mut account = empty();
    unmanaged::role(&mut account, "existing", "/", &[]);
    later(&account, SETTLED)
}
