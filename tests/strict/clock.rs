//! The clock of a run: tokio's, which stands still while nothing is to be done and jumps over waits.

use aws_smithy_async::time::TimeSource;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Where time begins: a day of the year 2026.
pub(crate) const BEGINNING: Duration = Duration::from_secs(1_775_000_000);

/// A clock that follows tokio's from a time on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    base: Duration,
    start: Instant,
}

impl Clock {
    /// A clock that shows this time now. Only within a tokio runtime.
    pub(crate) fn at(base: Duration) -> Self {
        Clock { base, start: Instant::now() }
    }

    /// The time since 1970.
    pub(crate) fn time(&self) -> Duration {
        self.base + self.start.elapsed()
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + self.time()
    }
}
