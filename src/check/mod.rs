//! Runs the checks of a stack against a live API and reports how each of them went.
//!
//! Checks run one after the other, because later ones build on what earlier ones wrote and captured. A check that fails
//! does not stop the rest: only those that need a value which it should have captured are skipped.

mod matching;
mod request;
#[cfg(test)]
mod tests;

use crate::config::{Check, Part};
use crate::http::{Client, Trust};
pub use matching::Mismatch;

use anyhow::Result;
use request::{Captures, Fill, Request, excerpt_of};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const CONNECT: Duration = Duration::from_secs(5);
const RESPONSE: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Resolves a placeholder other than a capture; an error says why its value is not known.
pub type Resolve<'a> = &'a (dyn Fn(&Part) -> Result<String> + Sync);

/// The result of one check.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckResult {
    /// The name of the check.
    pub name: String,
    /// The method of its request.
    pub method: String,
    /// The path of its request without the API's URL; unknown parts are left as placeholders.
    pub path: String,
    /// The status of the last response, if there was one.
    pub status: Option<u16>,
    /// The beginning of the body of the last response.
    pub body: String,
    /// From the first attempt to the last response.
    pub elapsed: Duration,
    /// How often the request was sent.
    pub attempts: u32,
    /// Whether it passed.
    pub verdict: Verdict,
}

/// Whether a check passed.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The response was as expected.
    Passed,
    /// It was not as expected.
    Failed(CheckFailure),
    /// The request was not sent, and this is why.
    Skipped(String),
}

/// Why a check failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CheckFailure {
    /// No response came.
    #[error("no response: {0}")]
    NoResponse(String),
    /// The response has another status.
    #[error("expected status {expected}, got {got}")]
    Status {
        /// The status that was expected.
        expected: u16,
        /// The status that came.
        got: u16,
    },
    /// The body is not JSON, which is needed to look into it.
    #[error("expected JSON in the body: {0}")]
    NotJson(String),
    /// The body differs from what is expected.
    #[error("{0}")]
    Body(Mismatch),
    /// There is nothing to capture.
    #[error("cannot capture `{name}`: the response has no `{pointer}`")]
    Capture {
        /// The name of the capture.
        name: String,
        /// The JSON pointer that leads nowhere.
        pointer: String,
    },
}

/// Runs all checks against the API at `base` and reports each as soon as it is done. True if all passed.
pub async fn run(
    checks: &[Check],
    base: &str,
    trust: &Trust,
    resolve: Resolve<'_>,
    mut report: impl FnMut(CheckResult),
) -> bool {
    let client = if base.starts_with("http://127.0.0.1") {
        Client::local(CONNECT, RESPONSE)
    } else {
        Client::new(trust, CONNECT, RESPONSE)
    };
    let mut runner = Runner { client, base, resolve, captures: Captures::new(), wrote: false };
    let mut passed = true;
    for check in checks {
        let outcome = runner.check(check).await;
        passed &= outcome.verdict == Verdict::Passed;
        report(outcome);
    }
    passed
}

struct Runner<'a> {
    client: Client,
    base: &'a str,
    resolve: Resolve<'a>,
    captures: Captures,
    /// Whether anything but a GET was sent.
    wrote: bool,
}

impl Runner<'_> {
    async fn check(&mut self, check: &Check) -> CheckResult {
        let fill = Fill { captures: &self.captures, resolve: self.resolve };
        let (path, unknown) = fill.path(&check.path);
        let request = unknown.map_or_else(|| Request::new(check, path.clone(), fill), Err);
        let mut outcome = CheckResult {
            name: check.name.clone(),
            method: check.method.clone(),
            path,
            status: None,
            body: String::new(),
            elapsed: Duration::ZERO,
            attempts: 0,
            verdict: Verdict::Passed,
        };
        // If this check fails, values that an earlier one captured must not be used in its place.
        self.captures.retain(|name, _| !check.capture.contains_key(name));
        match request {
            Err(reason) => outcome.verdict = Verdict::Skipped(reason),
            Ok(request) => match self.send(check, &request, &mut outcome).await {
                Ok(captured) => self.captures.extend(captured),
                Err(failure) => outcome.verdict = Verdict::Failed(failure),
            },
        }
        outcome
    }

    /// Sends the request, with retries if it may be repeated, and returns what was captured.
    async fn send(
        &mut self,
        check: &Check,
        request: &Request,
        outcome: &mut CheckResult,
    ) -> Result<Captures, CheckFailure> {
        self.wrote |= check.method != "GET";
        // A write is never repeated, nor a read after one: it would wait for what the write should have done at once.
        let timeout = Duration::from_secs(if self.wrote { 0 } else { check.retry_for });
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let result = self.attempt(request, outcome).await;
            outcome.attempts += 1;
            outcome.elapsed = start.elapsed();
            if result.is_ok() || outcome.elapsed + pause > timeout {
                return result;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn attempt(&self, request: &Request, outcome: &mut CheckResult) -> Result<Captures, CheckFailure> {
        let sent = request.send(&self.client, self.base).await;
        outcome.status = sent.as_ref().ok().map(|answer| answer.status);
        outcome.body = sent.as_ref().map(excerpt_of).unwrap_or_default();
        request.compare(&sent?)
    }
}
