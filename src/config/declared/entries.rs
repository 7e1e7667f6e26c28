//! The entries of all sections, whatever their kinds.

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
pub struct Entries(Vec<Box<dyn AnyEntries>>);

impl Clone for Entries {
    fn clone(&self) -> Self {
        Entries(self.0.iter().map(|entries| (**entries).cloned()).collect())
    }
}

impl Entries {
    /// The entries of sections.
    pub(crate) fn new(entries: Vec<Box<dyn AnyEntries>>) -> Self {
        Entries(entries)
    }

    /// The entries with these fields.
    pub fn of<C: 'static>(&self) -> &[Entry<C>] {
        let mut found =
            self.0.iter().filter_map(|entries| (**entries).as_any().downcast_ref::<Vec<Entry<C>>>());
        found.next().map(Vec::as_slice).unwrap_or_default()
    }

    /// The entries with these fields, to be changed. A section that is not registered has none.
    pub fn of_mut<C: 'static>(&mut self) -> Option<&mut Vec<Entry<C>>> {
        self.0.iter_mut().find_map(|entries| (**entries).as_any_mut().downcast_mut())
    }
}
