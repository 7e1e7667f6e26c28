//! Random stacks as data, and their text. Every value of the data makes a valid stack: names come from small pools, so
//! that stacks overlap, and a reference takes whatever there is. Smaller data is a simpler stack, so that cases shrink. Each
//! service draws its own section.

use crate::services::Service;
use proptest::prelude::*;
use std::fmt::Debug;
use std::rc::Rc;

/// The name of every random stack.
pub(crate) const STACK: &str = "walk";

/// A section of a random stack.
pub(crate) trait Section: Debug {
    fn title(&self) -> &'static str;

    /// The names that other sections may refer to.
    fn names(&self) -> Vec<&'static str>;

    /// Adds the section to the text of the stack, if there is something in it.
    fn write(&self, stack: &RandomStack, text: &mut String);
}

/// A stack.
#[derive(Debug, Clone)]
pub(crate) struct RandomStack {
    sections: Vec<Rc<dyn Section>>,
    /// None, one or two tags, of which the first has this value.
    tag: u8,
    boundary: bool,
}

/// A random stack.
pub(crate) fn stack() -> impl Strategy<Value = RandomStack> {
    let sections: Vec<_> = Service::ALL.iter().filter_map(|service| service.section()).collect();
    let rest = (rarely(3), proptest::bool::weighted(0.1));
    (sections, rest).prop_map(|(sections, (tag, boundary))| RandomStack { sections, tag, boundary })
}

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
        RandomStack { sections: vec![section], tag: 0, boundary: false }
    }

    /// The names in a section, by its title.
    pub(crate) fn names(&self, title: &str) -> Vec<&'static str> {
        let mut sections = self.sections.iter();
        sections.find(|section| section.title() == title).map(|section| section.names()).unwrap_or_default()
    }
}
