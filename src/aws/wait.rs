//! Backoff, in two kinds that are never mixed: [`wait_until`] polls for a state that AWS reaches by itself, and
//! [`retry_if`] repeats a call that AWS refuses for a reason that passes, such as a propagation delay. The third kind, waiting out
//! throttling and lost connections, is the SDK's own.

use super::error::{Error, Result};
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long to wait, and how fast to begin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    first: Duration,
    /// By how much a pause is longer than the one before, in percent of it.
    growth: u32,
    longest: Duration,
    /// When to give up, and after how many tries.
    deadline: Duration,
    tries: u32,
}

impl Backoff {
    const fn new(first: u64, longest: u64, deadline: u64) -> Backoff {
        Backoff {
            first: Duration::from_millis(first),
            growth: 150,
            longest: Duration::from_millis(longest),
            deadline: Duration::from_secs(deadline),
            tries: u32::MAX,
        }
    }

    /// For asynchronous states: AWS is often done in under a second, though its own waiters poll each 1 to 20 s. The local
    /// cloud is done sooner, and has no quota that polls count against.
    pub(crate) const fn state(local: bool) -> Backoff {
        if local { Backoff::new(20, 50, 600) } else { Backoff::new(100, 2_000, 600) }
    }

    /// For a function that leaves its network, whose interfaces may take 20 to 40 minutes [aws-facts-services: 8, TF].
    pub(crate) const fn network(local: bool) -> Backoff {
        if local { Backoff::state(true) } else { Backoff::new(500, 5_000, 45 * 60) }
    }

    /// For tables and their indexes: even with five items, an index takes about 8 minutes [hazards: D1].
    pub(crate) const fn indexes(local: bool) -> Backoff {
        if local { Backoff::state(true) } else { Backoff::new(100, 5_000, 18 * 60) }
    }
    /// For an index that is being filled, which takes hours for a large table [aws-facts-services: 9, M].
    pub(crate) const fn filling(local: bool) -> Backoff {
        if local { Backoff::state(true) } else { Backoff::new(500, 15_000, 12 * 3_600) }
    }
    /// For the backups of a table that are being turned on, which takes seconds [hazards: D5].
    pub(crate) const BACKUPS: Backoff = Backoff { growth: 200, ..Backoff::new(2_000, 30_000, 120) };

    /// For a fresh role that Lambda cannot assume yet [aws-facts: IAM, inf; hazards: G2].
    pub(crate) const PROPAGATION: Backoff = Backoff::new(500, 5_000, 120);
    /// For conflicts with another change that is in progress.
    pub(crate) const CONFLICT: Backoff = Backoff::new(200, 3_000, 120);
    /// For API Gateway, where the conflicts and the throttling of several deployments at once last a minute
    /// [hazards: A9].
    pub(crate) const API_GATEWAY: Backoff =
        Backoff { growth: 200, tries: 10, ..Backoff::new(1_000, 20_000, 600) };
    /// For a resource that was created a moment ago and that reads do not show yet.
    pub(crate) const VISIBILITY: Backoff = Backoff::new(200, 3_000, 30);
    /// For calls on a function that this run created: any of them may answer 404 for a while [hazards: L2].
    pub(crate) const NEW_FUNCTION: Backoff = Backoff::new(200, 3_000, 60);
    /// For the tags of a resource that is younger than a minute [aws-facts: DynamoDB, M].
    pub(crate) const TAGS: Backoff = Backoff::new(250, 3_000, 30);

    /// The pauses between tries. Each is up to a quarter shorter or longer than its turn: of calls that were refused
    /// together, not all come back together.
    fn pauses(self, seed: u64) -> impl Iterator<Item = Duration> {
        let next = move |pause: &Duration| Some((*pause * self.growth / 100).min(self.longest));
        let plain = std::iter::successors(Some(self.first), next);
        plain.zip(0_u32..).map(move |(pause, nth)| pause * (75 + share(seed, nth)) / 100)
    }
}

/// A number from 0 to 50 that looks like chance, and is the same for the same seed.
fn share(seed: u64, nth: u32) -> u32 {
    let mut hasher = FxHasher::default();
    (seed, nth).hash(&mut hasher);
    // The hash mixes its high bits best.
    u32::try_from((hasher.finish() >> 32) % 51).unwrap_or_default()
}

/// One wait: where it is reported, and the seed of its pauses.
pub(crate) struct Waiting<'a> {
    report: Box<dyn Fn(&str) + Send + Sync + 'a>,
    seed: u64,
}

impl<'a> Waiting<'a> {
    /// A wait that is reported. A wait of another name has other pauses, and so has one of another process, whose number
    /// differs.
    pub(crate) fn new(name: impl Hash, process: u64, report: impl Fn(&str) + Send + Sync + 'a) -> Self {
        let mut hasher = FxHasher::default();
        (name, process).hash(&mut hasher);
        Waiting { report: Box::new(report), seed: hasher.finish() }
    }

    /// A wait that is not reported.
    pub(crate) fn unreported() -> Self {
        Waiting { report: Box::new(|_| ()), seed: 0 }
    }

    /// Reports what is waited for.
    pub(crate) fn report(&self, why: &str) {
        (self.report)(why);
    }
}

/// What one look at a state finds.
pub(crate) enum Poll<T> {
    /// The state is reached.
    Ready(T),
    /// It is not, and the text says what is.
    Pending(String),
}

/// Looks until the state is reached.
///
/// # Errors
/// The error of a look, or [`Class::Timeout`](super::Class::Timeout).
pub(crate) async fn wait_until<T, F: Future<Output = Result<Poll<T>>>>(
    backoff: Backoff,
    waiting: Waiting<'_>,
    mut look: impl FnMut() -> F,
) -> Result<T> {
    let start = Instant::now();
    let mut pauses = backoff.pauses(waiting.seed);
    loop {
        match look().await? {
            Poll::Ready(reached) => return Ok(reached),
            Poll::Pending(state) if start.elapsed() >= backoff.deadline => {
                let seconds = backoff.deadline.as_secs();
                return Err(Error::timeout(format!(
                    "still {state} after {seconds} s; run the same command again to continue"
                )));
            }
            Poll::Pending(state) => waiting.report(&state),
        }
        sleep(pauses.next().unwrap_or(backoff.longest)).await;
    }
}

/// Repeats a call while `passing` gives a reason to. When it gives up it says how often and how long it tried
/// [hazards: G2].
///
/// # Errors
/// The last error of the call.
pub(crate) async fn retry_if<T, F: Future<Output = Result<T>>>(
    backoff: Backoff,
    waiting: Waiting<'_>,
    passing: impl Fn(&Error) -> Option<&'static str>,
    mut call: impl FnMut() -> F,
) -> Result<T> {
    let start = Instant::now();
    let mut pauses = backoff.pauses(waiting.seed);
    let mut tries = 0;
    loop {
        tries += 1;
        let error = match call().await {
            Ok(output) => return Ok(output),
            Err(error) => error,
        };
        let Some(reason) = passing(&error) else { return Err(error) };
        if start.elapsed() >= backoff.deadline || tries >= backoff.tries {
            let (message, seconds) = (error.message.trim_end_matches(['.', ' ']), start.elapsed().as_secs());
            let message = format!("{message}; tried {tries} times in {seconds} s");
            return Err(Error { message, ..error });
        }
        waiting.report(reason);
        sleep(pauses.next().unwrap_or(backoff.longest)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn refused(code: &str) -> Error {
        Error::refusal("", Some(code), "no")
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_with_the_last_state_when_the_time_is_up() {
        let start = Instant::now();
        let answer: Result<()> = wait_until(Backoff::state(false), Waiting::unreported(), async || {
            Ok(Poll::Pending("CREATING".into()))
        })
        .await;
        let message = answer.expect_err("never ready").to_string();
        assert_eq!(message, "still CREATING after 600 s; run the same command again to continue");
        assert!(start.elapsed() < Duration::from_secs(610));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_repeated_only_for_a_passing_reason() {
        let calls = Cell::new(0);
        let passing = |error: &Error| error.is("Conflict").then_some("a change is in progress");
        let answer = retry_if(Backoff::CONFLICT, Waiting::unreported(), passing, async || {
            calls.set(calls.get() + 1);
            if calls.get() < 3 { Err(refused("ConflictException")) } else { Ok(calls.get()) }
        });
        assert_eq!(answer.await, Ok(3));
        calls.set(0);
        let answer: Result<()> = retry_if(Backoff::CONFLICT, Waiting::unreported(), passing, async || {
            calls.set(calls.get() + 1);
            Err(refused("AccessDenied"))
        })
        .await;
        assert_eq!((answer, calls.get()), (Err(refused("AccessDenied")), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_says_how_often_and_how_long_it_tried() {
        let tried = async |backoff| {
            let passing = |_: &Error| Some("it passes");
            let refused = async || Err::<(), _>(Error::refusal("x:Y", Some("Z"), "Not yet."));
            retry_if(backoff, Waiting::unreported(), passing, refused).await.expect_err("never").to_string()
        };
        let message = tried(Backoff::API_GATEWAY).await;
        let told = message.strip_prefix("x:Y failed: Not yet; tried 10 times in ").expect("the tries");
        let seconds: u64 = told.split(' ').next().and_then(|number| number.parse().ok()).expect("seconds");
        assert!((80..=140).contains(&seconds), "{message}");
        let message = tried(Backoff::PROPAGATION).await;
        assert!(message.contains(" times in 12"), "{message}");
    }

    #[test]
    fn of_those_that_wait_together_not_all_come_back_together() {
        let pauses = |name: &str, process: u64| -> Vec<Duration> {
            Backoff::CONFLICT.pauses(Waiting::new(name, process, |_| ()).seed).take(20).collect()
        };
        assert_eq!(pauses("a", 1), pauses("a", 1), "the same wait is the same each time");
        let firsts: std::collections::BTreeSet<Duration> =
            (0..100).map(|nth| pauses(&format!("route {nth}"), 1)[0]).collect();
        assert!(firsts.len() > 20, "{firsts:?}");
        assert_ne!(pauses("a", 1), pauses("a", 2));
        for (nth, pause) in pauses("a", 1).into_iter().enumerate() {
            let plain = (0.2 * 1.5_f64.powi(i32::try_from(nth).unwrap_or_default())).min(3.0);
            let share = pause.as_secs_f64() / plain;
            assert!((0.74..=1.26).contains(&share), "{nth}: {share}");
        }
    }
}
