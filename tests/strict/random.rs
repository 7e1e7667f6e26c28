//! Random stacks as data, and their text. Every value of the data makes a valid stack: names come from small pools, so
//! that stacks overlap, and a reference takes whatever there is. Smaller data is a simpler stack, so that cases shrink. Each
//! service draws its own section, and says which items of `triggers` there can be. Of these the program itself judges which go
//! together.

use crate::fixture::Fixture;
use crate::services::Service;
use proptest::collection::vec;
use proptest::prelude::*;
use std::fmt::{Debug, Write};
use std::rc::Rc;
use std::sync::LazyLock;

/// The name of every random stack.
pub(crate) const STACK: &str = "walk";

/// The code of all functions, packaged once.
pub(crate) static CODE: LazyLock<Fixture> = LazyLock::new(Fixture::shipped);

/// An item of `triggers`: the sections whose entries can have it, and its text, in which `<SECTION>` stands for the name of an
/// entry there.
pub(crate) type Wire = (&'static [&'static str], &'static str);

/// A section of a random stack.
pub(crate) trait Section: Debug {
    fn title(&self) -> &'static str;

    /// The names that other sections may refer to.
    fn names(&self) -> Vec<&'static str>;

    /// The names of the entries that can have `triggers`, where the section is one that can.
    fn started(&self) -> Vec<&'static str> {
        self.names()
    }

    /// The entries, each with its fields but for `triggers`.
    fn entries(&self, _stack: &RandomStack) -> Vec<(&'static str, Vec<String>)> {
        Vec::new()
    }

    /// Adds the section to the text of the stack, if there is something in it.
    fn write(&self, stack: &RandomStack, text: &mut String) {
        let entries = self.entries(stack);
        if !entries.is_empty() {
            let _ = writeln!(text, "{}:", self.title());
        }
        for (name, mut fields) in entries {
            fields.extend(stack.triggers(self.title(), name));
            let _ = writeln!(text, "  {name}: {{ {} }}", fields.join(", "));
        }
    }
}

/// A stack.
#[derive(Debug, Clone)]
pub(crate) struct RandomStack {
    sections: Vec<Rc<dyn Section>>,
    /// None, one or two tags, of which the first has this value.
    tag: u8,
    boundary: bool,
    triggers: Vec<Trigger>,
}

/// An item of `triggers` of an entry.
#[derive(Debug, Clone)]
struct Trigger {
    section: &'static str,
    entry: &'static str,
    /// By index into what [`wires`] gives.
    wire: usize,
    text: String,
}

/// Which of the items that there can be in a stack, of which entry, and with which names: each is counted round and round.
#[derive(Debug, Clone)]
struct Drawn {
    wire: usize,
    entry: usize,
    name: usize,
}

/// The items of every service.
fn wires() -> Vec<&'static Wire> {
    Service::ALL.iter().flat_map(|service| service.wires()).collect()
}

/// A random stack.
pub(crate) fn stack() -> impl Strategy<Value = RandomStack> {
    let sections: Vec<_> = Service::ALL.iter().filter_map(|service| service.section()).collect();
    let rest = (rarely(3), proptest::bool::weighted(0.1));
    let drawn = (0..usize::from(u16::MAX), 0..4_usize, 0..4_usize);
    let drawn = vec(drawn.prop_map(|(wire, entry, name)| Drawn { wire, entry, name }), 0..=MAX_TRIGGERS);
    (sections, rest, drawn).prop_map(|(sections, (tag, boundary), drawn)| {
        let stack = RandomStack { sections, tag, boundary, triggers: Vec::new() };
        stack.wired(&drawn)
    })
}

/// How many items of `triggers` a random stack has at most.
const MAX_TRIGGERS: usize = 5;

/// The number of items in a pool.
pub(crate) fn index<T>(pool: &[T]) -> u8 {
    u8::try_from(pool.len()).unwrap_or(u8::MAX)
}

/// Mostly 0, and then a number below this one.
pub(crate) fn rarely(below: u8) -> impl Strategy<Value = u8> {
    prop_oneof![2 => Just(0), 1 => 0..below]
}

impl RandomStack {
    /// The stack file.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("stack: {STACK}\n");
        match self.tag {
            0 => {}
            1 => text += "tags: { team: blue }\n",
            _ => text += "tags: { team: red, cost: '7' }\n",
        }
        if self.boundary {
            text += "permissions_boundary: arn:aws:iam::123456789012:policy/boundary\n";
        }
        self.sections.iter().for_each(|section| section.write(self, &mut text));
        text
    }

    /// A stack of one section.
    pub(crate) fn only(section: Rc<dyn Section>) -> Self {
        RandomStack { sections: vec![section], tag: 0, boundary: false, triggers: Vec::new() }
    }

    /// `triggers` of an entry, if it has any.
    pub(crate) fn triggers(&self, section: &str, entry: &str) -> Option<String> {
        let own = self.triggers.iter().filter(|one| (one.section, one.entry) == (section, entry));
        let own: Vec<&str> = own.map(|one| one.text.as_str()).collect();
        (!own.is_empty()).then(|| format!("triggers: [{}]", own.join(", ")))
    }

    /// The stack with what was drawn, but for the items that the program refuses next to those before.
    fn wired(mut self, drawn: &[Drawn]) -> Self {
        let all: Vec<Trigger> = drawn.iter().filter_map(|drawn| self.trigger(drawn)).collect();
        self.triggers.clone_from(&all);
        if all.is_empty() || self.is_valid() {
            return self;
        }
        self.triggers.clear();
        for one in all {
            self.triggers.push(one);
            if !self.is_valid() {
                self.triggers.pop();
            }
        }
        self
    }

    fn is_valid(&self) -> bool {
        CODE.would_be_valid(&self.text())
    }

    /// An item of those for which the stack has an entry, and all the names.
    fn trigger(&self, drawn: &Drawn) -> Option<Trigger> {
        let possible = wires().into_iter().enumerate().filter_map(|(wire, (starts, item))| {
            let started = self.sections.iter().filter(|section| starts.contains(&section.title()));
            let started = started.flat_map(|section| {
                let names = section.started().into_iter();
                names.map(|entry| (section.title(), entry))
            });
            let started: Vec<_> = started.collect();
            let text = self.filled(item, drawn.name)?;
            (!started.is_empty()).then_some((wire, started, text))
        });
        let mut possible: Vec<_> = possible.collect();
        let (wire, started, text) = possible.swap_remove(drawn.wire.checked_rem(possible.len())?);
        let (section, entry) = started[drawn.entry % started.len()];
        Some(Trigger { section, entry, wire, text })
    }

    /// The text of an item with the nth names of the stack; `None` where a section has none.
    fn filled(&self, item: &str, nth: usize) -> Option<String> {
        let mut text = item.to_owned();
        while let Some((before, rest)) = text.split_once('<') {
            let (section, after) = rest.split_once('>')?;
            let names = self.names(section);
            let name = names.get(nth.checked_rem(names.len())?)?;
            text = format!("{before}{name}{after}");
        }
        Some(text)
    }

    /// The names in a section, by its title.
    pub(crate) fn names(&self, title: &str) -> Vec<&'static str> {
        let mut sections = self.sections.iter();
        sections.find(|section| section.title() == title).map(|section| section.names()).unwrap_or_default()
    }
}

/// An item that no stack could have would never be tried.
#[test]
fn every_trigger_is_in_some_stack() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[1; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut missing: std::collections::BTreeSet<usize> = (0..wires().len()).collect();
    for _ in 0..2_000 {
        let stack = stack().new_tree(&mut runner).expect("a stack").current();
        for trigger in &stack.triggers {
            missing.remove(&trigger.wire);
        }
        if missing.is_empty() {
            return;
        }
    }
    panic!("in no stack: {:?}", missing.into_iter().map(|wire| wires()[wire]).collect::<Vec<_>>());
}
