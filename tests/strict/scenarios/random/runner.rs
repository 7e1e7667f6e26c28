//! Runs a random scenario in an account: commands, faults, drift and unmanaged resources in any order, and after each step
//! checks all that must hold. It keeps a log of its steps, which is printed where something does not hold.

mod ends;
mod runs;

pub(super) use runs::{At, INJECTED, RUNS, RandomFault};

use crate::cloud::Cloud;
use crate::faults::FaultKind;
use crate::fixture::Fixture;
use crate::random::{CODE, STACK};
use crate::run::{Command, End, Ran, empty, later, run_after, run_staggered};
use crate::service::{Resource, Tagged};
use crate::services::Service;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

/// How long it takes to edit the stack file, or to change resources by hand. What was made before is known everywhere by
/// then, by the tagging API as well, by which alone an `up` finds tables that are no longer declared
/// [aws-facts: Resource Groups Tagging API].
const AN_EDIT: Duration = Duration::from_secs(30);
/// After this, late logs have arrived.
const SETTLED: Duration = Duration::from_secs(60);
/// After this, services take changes again that they take only so often.
const A_DAY: Duration = Duration::from_secs(25 * 3600);

/// A stack of another identity, whose names are near.
const NEIGHBOUR: &str = "
stack: walk
tags: { team: blue }
tables: { notes: { partition_key: id } }
functions:
  save: { code: lambdas/create_item, runtime: python3.13, access: { notes: read } }
api: { name: walking, routes: { POST /items: save } }
";

/// A stack of the scenario.
pub(super) fn stack(text: &str, environment: Option<&str>) -> Rc<Fixture> {
    Rc::new(CODE.with_text(text, environment))
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
    /// The ownership tag of the stack.
    identity: String,
    cloud: Cloud,
    /// What is not the stack's, to the last detail.
    unmanaged: BTreeMap<Resource, String>,
    /// What lost its tags by hand, by its name in a dump. Its owner is not known any more, so it stays unless the stack declares
    /// it.
    stripped: BTreeSet<String>,
    text: String,
    stack: Rc<Fixture>,
    /// What there is after a first `up`, by the text of the stack.
    fresh: BTreeMap<String, BTreeMap<String, Json>>,
    /// How long it takes until the next command.
    pause: Duration,
    log: Vec<String>,
}

impl Runner {
    /// A scenario in an account that has only an unmanaged role.
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
            log: Vec::new(),
        }
    }

    /// What was done so far.
    pub(super) fn log(&self) -> String {
        self.log.join("\n")
    }

    /// Writes another stack file.
    pub(super) fn edit(&mut self, text: &str) {
        if text != self.text {
            self.pause = AN_EDIT;
            self.text = text.to_owned();
            self.stack = stack(text, self.environment);
            self.log.push(format!("the stack is\n{text}"));
        }
    }

    /// Brings up another stack, or the same one again.
    pub(super) fn up(&mut self, text: &str, fault: Option<&RandomFault>) -> Outcome {
        self.edit(text);
        self.log.push("up".to_owned());
        for _ in 0..6 {
            if self.up_once(fault)? {
                return Ok(());
            }
            self.log.push("up again, now that nothing holds it back".to_owned());
        }
        Err("it is held back again and again".to_owned())
    }

    /// Brings the stack up once. False if something holds it back, which is out of the way now.
    fn up_once(&mut self, fault: Option<&RandomFault>) -> Result<bool, String> {
        let stack = Rc::clone(&self.stack);
        let wanted = self.wanted();
        let in_the_way: Vec<Resource> =
            self.unmanaged.keys().filter(|resource| resource.is_wanted(&wanted)).cloned().collect();
        let ran = self.run(Command::Up(&stack), fault)?;
        if !in_the_way.is_empty() {
            return self.refused(&ran, "already exists", |runner| {
                for resource in in_the_way {
                    runner.unmanaged.remove(&resource);
                    runner.unmanaged.retain(|child, _| child.parent.as_deref() != Some(&resource));
                    resource.service.remove(&mut runner.cloud, &resource);
                }
            });
        }
        match &ran.end {
            // What a denied listing hides is reported by the plan, and left for the next run.
            End::Done(_)
                if ran.injected > 0 && fault.is_some_and(|fault| fault.kind == FaultKind::Denied) =>
            {
                Ok(true)
            }
            End::Done(_) => self.is_up().map(|()| true),
            End::Died => Ok(true),
            End::Failed(_) if ran.injected > 0 => Ok(true),
            End::Failed(errors) => self.held_back(&ran, errors),
        }
    }

    /// Takes what holds a run back out of the way, if it is one of the resources that may.
    fn held_back(&mut self, ran: &Ran, errors: &[String]) -> Result<bool, String> {
        let has = |part: &str| errors.iter().any(|error| error.contains(part));
        if has("is protected against deletion") {
            return self.refused(ran, "is protected against deletion", |runner| {
                Service::ALL.iter().for_each(|service| service.unprotect(&mut runner.cloud));
            });
        }
        if Service::ALL.iter().flat_map(|service| service.until_tomorrow()).any(|part| has(part)) {
            self.cloud = later(&self.cloud, if has("in 30 days") { 31 * A_DAY } else { A_DAY });
            return Ok(false);
        }
        Err(format!("it fails without a fault: {errors:?}"))
    }

    /// Checks that a run was blocked, and has changed nothing; then does what it asks for.
    fn refused(&mut self, ran: &Ran, why: &str, mend: impl FnOnce(&mut Runner)) -> Result<bool, String> {
        let refused = match &ran.end {
            End::Failed(errors) => ran.injected > 0 || errors.iter().any(|error| error.contains(why)),
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
    pub(super) fn down(&mut self, fault: Option<&RandomFault>) -> Outcome {
        self.log.push("down".to_owned());
        for _ in 0..3 {
            let stack = Rc::clone(&self.stack);
            let ran = self.run(Command::Down(&stack), fault)?;
            let done = match &ran.end {
                End::Done(_) => self.is_down().map(|()| true)?,
                End::Died => true,
                End::Failed(_) if ran.injected > 0 => true,
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
        self.log.push(format!("together: {commands:?}"));
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
        let drifts = super::drifts();
        let (_, change) = drifts.iter().find(|(other, _)| *other == name).expect("a drift");
        let untagged = untagged(&self.cloud);
        let Some(resource) = change(&mut self.cloud, &self.identity, nth) else { return };
        self.log.push(format!("drift ({nth}): {name}: {resource}"));
        self.pause = AN_EDIT;
        self.stripped.extend(self::untagged(&self.cloud).difference(&untagged).cloned());
        // It may have changed a resource that only has the stack's tag, or deleted the parent of an unmanaged one.
        let after = everything(&self.cloud);
        self.unmanaged =
            after.into_iter().filter(|(resource, _)| self.unmanaged.contains_key(resource)).collect();
    }

    /// Everything that is in the account, to the last detail.
    pub(super) fn everything(&self) -> BTreeMap<Resource, String> {
        everything(&self.cloud)
    }

    /// Makes something that is not the stack's.
    pub(super) fn unmanaged(&mut self, name: &str, nth: usize) {
        let unmanaged = super::unmanaged();
        let (_, make) = unmanaged.iter().find(|(other, _)| *other == name).expect("an unmanaged resource");
        let before = everything(&self.cloud);
        make(&mut self.cloud, &self.identity, nth);
        self.log.push(format!("unmanaged ({nth}): {name}"));
        self.add_unmanaged(&before);
    }

    /// Deploys another stack of the tool next to this one.
    pub(super) fn neighbour(&mut self) -> Outcome {
        self.log.push("another stack is deployed".to_owned());
        let other = if self.environment.is_some() { None } else { Some("dev") };
        let before = everything(&self.cloud);
        let ran = run_after(AN_EDIT, &self.cloud, &[Command::Up(&stack(NEIGHBOUR, other))], None);
        if !matches!(ran.end, End::Done(_)) {
            return Err(format!("the other stack: {:?}", ran.end));
        }
        self.cloud = later(&ran.cloud, AN_EDIT);
        self.add_unmanaged(&before);
        Ok(())
    }

    fn add_unmanaged(&mut self, before: &BTreeMap<Resource, String>) {
        let new = everything(&self.cloud).into_iter().filter(|(resource, _)| !before.contains_key(resource));
        self.unmanaged.extend(new);
        self.pause = AN_EDIT;
    }

    /// Lets minutes go by.
    pub(super) fn wait(&mut self, minutes: u16) {
        self.log.push(format!("{minutes} minutes go by"));
        self.cloud = later(&self.cloud, Duration::from_secs(60 * u64::from(minutes)));
    }
}

/// Everything in an account, to the last detail.
fn everything(cloud: &Cloud) -> BTreeMap<Resource, String> {
    Service::ALL.iter().flat_map(|service| service.everything(cloud)).collect()
}

/// What has no tags, by its name in a dump.
fn untagged(cloud: &Cloud) -> BTreeSet<String> {
    let tagged = Service::ALL.iter().flat_map(|service| service.tagged(cloud));
    tagged.filter(|resource| resource.tags.is_empty()).map(|Tagged { name, .. }| name).collect()
}

/// An account with only what is not managed.
fn account() -> Cloud {
    let mut account = empty();
    Service::ALL.iter().for_each(|service| service.furnish(&mut account));
    later(&account, SETTLED)
}
