//! The roles that a run has written to. They propagate to Lambda late, and each call that comes too soon uses up Lambda's
//! quota, so what is learned from one rejection is applied to all.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The longest propagation delay that is assumed for all roles: a single role may take longer, but then only that one.
const MOST: Duration = Duration::from_secs(10);

/// The roles that this run has written to.
#[derive(Debug, Default)]
pub struct FreshRoles(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// When each was written to last, by ARN.
    written: BTreeMap<String, Instant>,
    /// The greatest age at which one was still rejected.
    propagation: Duration,
}

impl FreshRoles {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that this run has written to a role.
    pub(crate) fn wrote(&self, arn: &str) {
        self.known().written.insert(arn.to_owned(), Instant::now());
    }

    /// True if this run has written to a role.
    pub(crate) fn has_written(&self, arn: &str) -> bool {
        self.known().written.contains_key(arn)
    }

    /// Records that Lambda rejected a role that was written a moment ago.
    pub(crate) fn refused(&self, arn: &str) {
        let mut known = self.known();
        let age = known.written.get(arn).map(Instant::elapsed).unwrap_or_default();
        known.propagation = known.propagation.max(age).min(MOST);
    }

    /// Waits until a role is older than any that was rejected. Others may be rejected meanwhile.
    pub(crate) async fn wait_for_propagation(&self, arn: &str) {
        loop {
            let old_enough = {
                let known = self.known();
                known.written.get(arn).map(|written| *written + known.propagation)
            };
            match old_enough {
                Some(time) if Instant::now() < time => sleep_until(time).await,
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_learned_from_one_rejection_is_applied_to_all() {
        let role_propagation = FreshRoles::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        role_propagation.wrote("first");
        sleep_until(at(2)).await;
        role_propagation.wrote("second");
        role_propagation.wait_for_propagation("second").await;
        assert_eq!(Instant::now(), at(2), "nothing was refused yet");
        sleep_until(at(5)).await;
        role_propagation.refused("first");
        role_propagation.wait_for_propagation("second").await;
        assert_eq!(Instant::now(), at(7), "as old as the first was");
        role_propagation.wait_for_propagation("of another stack").await;
        assert_eq!(Instant::now(), at(7));
        sleep_until(at(60)).await;
        role_propagation.refused("first");
        role_propagation.wrote("third");
        role_propagation.wait_for_propagation("third").await;
        assert_eq!(Instant::now(), at(70), "one slow role does not hold up all others");
    }
}
