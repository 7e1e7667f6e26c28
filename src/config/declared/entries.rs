//! The entries of all sections, whatever their kinds.

use crate::config::existing::Existing;
use crate::config::section::Entry;
use std::any::Any;
use std::fmt::Debug;

/// The entries of a section, whatever its kind.
pub(crate) trait AnyEntries: Any + Debug + Send + Sync {
    fn cloned(&self) -> Box<dyn AnyEntries>;
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

impl<C: Clone + Debug + Send + Sync + 'static> AnyEntries for Vec<Entry<C>> {
    fn cloned(&self) -> Box<dyn AnyEntries> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// The entries of all sections.
#[derive(Debug)]
pub struct Entries {
    own: Vec<Box<dyn AnyEntries>>,
    existing: Vec<Existing>,
}

impl Clone for Entries {
    fn clone(&self) -> Self {
        let own = self.own.iter().map(|entries| (**entries).cloned()).collect();
        Entries { own, existing: self.existing.clone() }
    }
}

impl Entries {
    /// The entries of sections, and those that stand for resources of others.
    pub(crate) fn new(own: Vec<Box<dyn AnyEntries>>, existing: Vec<Existing>) -> Self {
        Entries { own, existing }
    }

    /// The name in AWS of a resource of others that an entry of a kind stands for.
    pub(crate) fn existing(&self, kind: &str, key: &str) -> Option<&str> {
        let mut found = self.existing.iter().filter(|one| one.kind == kind && one.key == key);
        found.next().map(|one| one.name.as_str())
    }

    /// The entries with these fields.
    pub fn of<C: 'static>(&self) -> &[Entry<C>] {
        let mut found =
            self.own.iter().filter_map(|entries| (**entries).as_any().downcast_ref::<Vec<Entry<C>>>());
        found.next().map(Vec::as_slice).unwrap_or_default()
    }

    /// The entries with these fields, to be changed. A section that is not registered has none.
    pub fn of_mut<C: 'static>(&mut self) -> Option<&mut Vec<Entry<C>>> {
        self.own.iter_mut().find_map(|entries| (**entries).as_any_mut().downcast_mut())
    }
}
