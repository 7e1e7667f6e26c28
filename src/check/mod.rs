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
use crate::requests::{self, is_taken};
pub use matching::Mismatch;

use anyhow::Result;
use request::{Captures, Fill, Request, excerpt_of};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

const CONNECT: Duration = Duration::from_secs(5);
const RESPONSE: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Resolves a placeholder other than a capture; an error says why its value is not known.
pub type Resolve<'a> = &'a (dyn Fn(&Part) -> Result<String> + Sync);

/// What the checks are sent to.
#[derive(Clone, Copy)]
pub struct Api<'a> {
    /// Its URL.
    pub url: &'a str,
    /// The certificates that are trusted besides the system's.
    pub trust: &'a Trust,
    /// What placeholders stand for.
    pub resolve: Resolve<'a>,
    /// The requests that it takes; `None` if that is not known.
    pub requests: Option<&'a [requests::Request]>,
}

/// What happens while checks run.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A check begins.
    Started(&'a Check),
    /// It did not pass, and is sent again.
    Retrying {
        /// The check.
        check: &'a Check,
        /// Why it did not pass.
        why: &'a CheckFailure,
        /// How often it was sent.
        attempts: u32,
    },
    /// A check is done.
    Done(CheckResult),
}

/// How all checks together ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All passed.
    Passed,
    /// One or more did not.
    Failed,
    /// The user wants no more of them.
    Interrupted,
}

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
    /// Nothing that the stack declares takes the request, so there is no point in another attempt.
    #[error("expected status {expected}, got {got}: no route of the stack serves `{request}`")]
    NoRoute {
        /// The status that was expected.
        expected: u16,
        /// The status that came.
        got: u16,
        /// The method and the path.
        request: String,
    },
    /// The user wanted no more attempts.
    #[error("interrupted{}", .0.as_ref().map_or_else(|| ", no response yet".to_owned(), |last| format!("; last: {last}")))]
    Interrupted(Option<Box<CheckFailure>>),
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

impl CheckFailure {
    /// The same in a word or two, for a check that is still retried.
    pub fn in_short(&self) -> String {
        match self {
            CheckFailure::Status { got, .. } | CheckFailure::NoRoute { got, .. } => got.to_string(),
            CheckFailure::NoResponse(_) | CheckFailure::Interrupted(_) => "no response".to_owned(),
            CheckFailure::NotJson(_) | CheckFailure::Body(_) | CheckFailure::Capture { .. } => {
                "another body".to_owned()
            }
        }
    }
}

/// Runs all checks and reports each as soon as it is done. When `stop` turns true, the one that runs is ended and no other
/// starts.
pub async fn run(
    checks: &[Check],
    api: Api<'_>,
    stop: watch::Receiver<bool>,
    mut report: impl FnMut(Progress<'_>),
) -> Outcome {
    let client = if api.url.starts_with("http://127.0.0.1") {
        Client::local(CONNECT, RESPONSE)
    } else {
        Client::new(api.trust, CONNECT, RESPONSE)
    };
    let mut runner = Runner { client, target: api, stop, captures: Captures::new(), wrote: false };
    let mut all = Outcome::Passed;
    for check in checks {
        report(Progress::Started(check));
        let result = runner.check(check, &mut report).await;
        let is_interrupted = matches!(result.verdict, Verdict::Failed(CheckFailure::Interrupted(_)));
        if result.verdict != Verdict::Passed {
            all = Outcome::Failed;
        }
        report(Progress::Done(result));
        if is_interrupted {
            return Outcome::Interrupted;
        }
    }
    all
}

struct Runner<'a> {
    client: Client,
    target: Api<'a>,
    stop: watch::Receiver<bool>,
    captures: Captures,
    /// Whether anything but a GET was sent.
    wrote: bool,
}

impl Runner<'_> {
    async fn check(&mut self, check: &Check, report: &mut impl FnMut(Progress<'_>)) -> CheckResult {
        let fill = Fill { captures: &self.captures, resolve: self.target.resolve };
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
            Ok(request) => match self.send(check, &request, &mut outcome, report).await {
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
        report: &mut impl FnMut(Progress<'_>),
    ) -> Result<Captures, CheckFailure> {
        self.wrote |= check.method != "GET";
        // A write is never repeated, nor a read after one: it would wait for what the write should have done at once.
        let timeout = Duration::from_secs(if self.wrote { 0 } else { check.retry_for });
        let (start, mut pause, mut last) = (Instant::now(), FIRST_PAUSE, None);
        let mut stop = self.stop.clone();
        loop {
            let attempt = tokio::select! {
                biased;
                () = stopped(&mut stop) => return Err(CheckFailure::Interrupted(last)),
                attempt = self.attempt(request, outcome) => attempt,
            };
            outcome.attempts += 1;
            outcome.elapsed = start.elapsed();
            let failure = match attempt {
                Ok(captured) => return Ok(captured),
                Err(failure) => self.explained(failure, outcome),
            };
            let is_final = matches!(failure, CheckFailure::NoRoute { .. });
            if is_final || outcome.elapsed + pause > timeout {
                return Err(failure);
            }
            report(Progress::Retrying { check, why: &failure, attempts: outcome.attempts });
            last = Some(Box::new(failure));
            tokio::select! {
                () = stopped(&mut stop) => return Err(CheckFailure::Interrupted(last)),
                () = sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// A failure, with its reason where the stack has no route for the request.
    fn explained(&self, failure: CheckFailure, outcome: &CheckResult) -> CheckFailure {
        let CheckResult { method, path, .. } = outcome;
        match (failure, self.target.requests) {
            (CheckFailure::Status { expected, got: got @ 404 }, Some(requests))
                if !is_taken(requests, method, path) =>
            {
                CheckFailure::NoRoute { expected, got, request: format!("{method} {path}") }
            }
            (failure, _) => failure,
        }
    }

    async fn attempt(&self, request: &Request, outcome: &mut CheckResult) -> Result<Captures, CheckFailure> {
        let sent = request.send(&self.client, self.target.url).await;
        outcome.status = sent.as_ref().ok().map(|answer| answer.status);
        outcome.body = sent.as_ref().map(excerpt_of).unwrap_or_default();
        request.compare(&sent?)
    }
}

/// Waits until the user wants no more.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Nothing can stop the run any more.
        std::future::pending::<()>().await;
    }
}
