//! What must hold at every moment, not only in the end. Each service says what holds of its resources: for example, every caller
//! of a live API reaches its function, and no function is without its role and its log group.

use crate::cloud::Cloud;
use crate::services::Service;
use std::collections::{BTreeMap, BTreeSet};

/// The resources that break an invariant, and why.
pub(crate) fn broken_invariants(cloud: &Cloud) -> BTreeMap<String, String> {
    Service::ALL.iter().flat_map(|service| service.broken(cloud)).collect()
}

/// What is still being made or changed, when a command says that all is done.
pub(crate) fn unready(cloud: &Cloud) -> Vec<String> {
    Service::ALL.iter().flat_map(|service| service.unready(cloud)).collect()
}

/// A role by its name, and a statement of one of its policies.
type Allowed = (String, String);

/// The statements that the roles of functions have lost since a run began. A statement that comes back was to be kept, and
/// a function that ran meanwhile was denied what it may do [hazards: I1].
#[derive(Debug, Default)]
pub(crate) struct Statements {
    live: BTreeSet<Allowed>,
    lost: BTreeSet<Allowed>,
}

impl Statements {
    /// The statements of an account.
    pub(crate) fn of(cloud: &Cloud) -> Self {
        Statements { live: allowed(cloud), lost: BTreeSet::new() }
    }

    /// Looks at the account after a write. The statements that are there again.
    pub(crate) fn look(&mut self, cloud: &Cloud) -> Vec<String> {
        let live = allowed(cloud);
        let running: BTreeSet<String> =
            Service::ALL.iter().flat_map(|service| service.running(cloud)).collect();
        let lost = self.live.difference(&live).filter(|(role, _)| running.contains(role));
        self.lost.extend(lost.cloned());
        let back: Vec<Allowed> = live.intersection(&self.lost).cloned().collect();
        self.lost.retain(|statement| !live.contains(statement));
        self.live = live;
        back.into_iter().map(|(role, statement)| format!("the role {role} lacked {statement}")).collect()
    }
}

fn allowed(cloud: &Cloud) -> BTreeSet<Allowed> {
    Service::ALL.iter().flat_map(|service| service.allowed(cloud)).collect()
}
