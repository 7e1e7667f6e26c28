//! Backoff, in two kinds that are never mixed: [`wait_until`] polls for a state that AWS reaches by itself, and
//! [`retry_if`] repeats a call that AWS refuses only because news travels slowly in it. The third kind, waiting out
//! throttling and lost connections, is the SDK's own.

use super::error::{Error, Result};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long to wait at most, and how fast to begin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    deadline: Duration,
}

impl Backoff {
    /// For asynchronous states: AWS is often done in under a second, though its own waiters poll each 1 to 20 s. The local
    /// cloud is done sooner, and has no quota that polls count against.
    pub(crate) const fn state(local: bool) -> Backoff {
        let (first, longest) = if local { (20, 50) } else { (100, 2_000) };
        Backoff {
            first: Duration::from_millis(first),
            longest: Duration::from_millis(longest),
            deadline: Duration::from_secs(600),
        }
    }

    /// For a fresh role that Lambda cannot assume yet [aws-facts: IAM, inf].
    pub(crate) const PROPAGATION: Backoff = Backoff {
        first: Duration::from_millis(500),
        longest: Duration::from_secs(5),
        deadline: Duration::from_secs(120),
    };
    /// For conflicts with another change that is under way.
    pub(crate) const CONFLICT: Backoff = Backoff {
        first: Duration::from_millis(200),
        longest: Duration::from_secs(3),
        deadline: Duration::from_secs(120),
    };
    /// For tables and their indexes: even with five items, an index takes about 8 minutes [hazards: D1].
    pub(crate) const fn indexes(local: bool) -> Backoff {
        let (longest, deadline) = if local { (50, 600) } else { (5_000, 18 * 60) };
        Backoff {
            longest: Duration::from_millis(longest),
            deadline: Duration::from_secs(deadline),
            ..Backoff::state(local)
        }
    }

    /// For the backups of a table that are being turned on, which takes seconds [hazards: D5].
    pub(crate) const BACKUPS: Backoff = Backoff {
        first: Duration::from_secs(2),
        longest: Duration::from_secs(30),
        deadline: Duration::from_secs(120),
    };
    /// For a thing that was made a moment ago and that reads do not show yet.
    pub(crate) const VISIBILITY: Backoff = Backoff {
        first: Duration::from_millis(200),
        longest: Duration::from_secs(3),
        deadline: Duration::from_secs(30),
    };
    /// For tags of a thing that is younger than a minute [aws-facts: DynamoDB, M].
    pub(crate) const TAGS: Backoff = Backoff {
        first: Duration::from_millis(250),
        longest: Duration::from_secs(3),
        deadline: Duration::from_secs(30),
    };

    fn pauses(self) -> impl Iterator<Item = Duration> {
        std::iter::successors(Some(self.first), move |pause| Some((*pause * 3 / 2).min(self.longest)))
    }
}

/// What one look at a state tells.
pub(crate) enum Poll<T> {
    /// The state is reached.
    Ready(T),
    /// It is not, and the text says what is.
    Pending(String),
}

/// Looks until the state is reached. `tell` is called with what is being waited for.
///
/// # Errors
/// What a look answers, or that the time is up.
pub(crate) async fn wait_until<T, F: Future<Output = Result<Poll<T>>>>(
    patience: Backoff,
    tell: impl Fn(&str),
    mut look: impl FnMut() -> F,
) -> Result<T> {
    let start = Instant::now();
    let mut pauses = patience.pauses();
    loop {
        match look().await? {
            Poll::Ready(reached) => return Ok(reached),
            Poll::Pending(state) if start.elapsed() >= patience.deadline => {
                let seconds = patience.deadline.as_secs();
                return Err(Error::waited(format!(
                    "still {state} after {seconds} s; run the command again to go on"
                )));
            }
            Poll::Pending(state) => tell(&state),
        }
        sleep(pauses.next().unwrap_or(patience.longest)).await;
    }
}

/// Repeats a call while `passing` gives a reason to, and answers the last error when the time is up.
///
/// # Errors
/// What the call answers.
pub(crate) async fn retry_if<T, F: Future<Output = Result<T>>>(
    patience: Backoff,
    tell: impl Fn(&str),
    passing: impl Fn(&Error) -> Option<&'static str>,
    mut call: impl FnMut() -> F,
) -> Result<T> {
    let start = Instant::now();
    let mut pauses = patience.pauses();
    loop {
        match call().await {
            Ok(answer) => return Ok(answer),
            Err(error) => match passing(&error) {
                Some(reason) if start.elapsed() < patience.deadline => tell(reason),
                _ => return Err(error),
            },
        }
        sleep(pauses.next().unwrap_or(patience.longest)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn refused(code: &str) -> Error {
        Error { code: Some(code.to_owned()), ..Error::waited("no") }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_with_the_last_state_when_the_time_is_up() {
        let start = Instant::now();
        let answer: Result<()> =
            wait_until(Backoff::state(false), |_| (), async || Ok(Poll::Pending("CREATING".into()))).await;
        let message = answer.expect_err("never ready").to_string();
        assert_eq!(message, "still CREATING after 600 s; run the command again to go on");
        assert!(start.elapsed() < Duration::from_secs(610));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_repeated_only_for_a_passing_reason() {
        let calls = Cell::new(0);
        let passing = |error: &Error| error.is("Conflict").then_some("a change is under way");
        let answer = retry_if(
            Backoff::CONFLICT,
            |_| (),
            passing,
            async || {
                calls.set(calls.get() + 1);
                if calls.get() < 3 { Err(refused("ConflictException")) } else { Ok(calls.get()) }
            },
        );
        assert_eq!(answer.await, Ok(3));
        calls.set(0);
        let answer: Result<()> = retry_if(
            Backoff::CONFLICT,
            |_| (),
            passing,
            async || {
                calls.set(calls.get() + 1);
                Err(refused("AccessDenied"))
            },
        )
        .await;
        assert_eq!((answer, calls.get()), (Err(refused("AccessDenied")), 1));
    }
}
