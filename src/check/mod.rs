//! Runs the checks of a stack against what is live, and reports how each of them went.
//!
//! Checks run one after the other, because later ones build on what earlier ones wrote and captured. A check that fails
//! does not stop the rest: only those that need a value which it should have captured are skipped.

mod expected;
mod matching;
mod request;
#[cfg(test)]
mod tests;

use crate::config::{ActOn, Check, Exchange, Part};
use crate::http::Trust;
use crate::kind::{Act, Acted, Perform};
use crate::requests::{self, is_taken};
pub use matching::Mismatch;

use anyhow::Result;
use aws_credential_types::Credentials;
use expected::Expected;
use request::{Captures, Fill, Net, Request, excerpt_of};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long an attempt waits for something to read.
const WAIT: Duration = Duration::from_secs(2);

/// Resolves a placeholder other than a capture; an error says why its value is not known.
pub type Resolve<'a> = &'a (dyn Fn(&Part) -> Result<String> + Sync);

/// The name in AWS and the attributes of an entry, by its kind, its key and a part of it; an error says why there are none.
pub type Deployed<'a> = &'a (dyn Fn(&'static str, &str, Option<&str>) -> Result<(String, Arc<Value>)> + Sync);

/// What the checks run against.
#[derive(Clone, Copy)]
pub struct Live<'a> {
    /// The URL of the API; empty where there is none.
    pub url: &'a str,
    /// The certificates that are trusted besides the system's.
    pub trust: &'a Trust,
    /// What placeholders stand for.
    pub resolve: Resolve<'a>,
    /// The requests that the API takes; `None` if that is not known.
    pub requests: Option<&'a [requests::Request]>,
    /// The entries of the stack.
    pub deployed: Deployed<'a>,
    /// What does acts.
    pub perform: &'a dyn Perform,
    /// The stack's folder.
    pub folder: &'a Path,
    /// What signs requests.
    pub signer: Signer<'a>,
}

/// The credentials and the region that sign requests, where any is signed.
pub type Signer<'a> = Option<(&'a Credentials, &'a str)>;

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
    /// What was done: the method and the path of a request, or the act with its entry. Unknown parts are left as placeholders.
    pub done: Done,
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

/// What a check did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// A request: the method, and the path without the API's URL; or a whole URL without its query.
    Request(String, String),
    /// An act: what it is called, and the kind and the key of the entry.
    Act(String, &'static str, String),
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Done::Request(method, path) => write!(f, "{method} {path}"),
            Done::Act(called, ..) => f.write_str(called),
        }
    }
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
    /// AWS refused an act, or did not respond.
    #[error("{0}")]
    Refused(String),
    /// A header has another value.
    #[error("expected the header `{name}: {expected}`, {}", .got.as_ref().map_or_else(|| "which is missing".to_owned(), |got| format!("got `{got}`")))]
    Header {
        /// The name of the header.
        name: String,
        /// The value that was expected.
        expected: String,
        /// The value that came.
        got: Option<String>,
    },
    /// The body does not have a text.
    #[error("expected `{0}` in the body")]
    Text(String),
    /// The code that was called failed.
    #[error("it failed: {got}{}", .expected.as_ref().map(|expected| format!("; expected an error with `{expected}`")).unwrap_or_default())]
    Failed {
        /// The error that was expected.
        expected: Option<String>,
        /// The error that came.
        got: String,
    },
    /// The code that was called did not fail.
    #[error("expected an error with `{0}`, but it did not fail")]
    NotFailed(String),
    /// There is nothing to find.
    #[error("there is nothing yet")]
    Missing,
    /// There is something, though nothing was expected.
    #[error("expected nothing, but there is something")]
    Exists,
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
            CheckFailure::Refused(_) => "refused".to_owned(),
            CheckFailure::Missing => "nothing yet".to_owned(),
            CheckFailure::Exists => "still there".to_owned(),
            CheckFailure::Failed { .. } | CheckFailure::NotFailed(_) => "another result".to_owned(),
            CheckFailure::Header { .. } => "another header".to_owned(),
            CheckFailure::Text(_)
            | CheckFailure::NotJson(_)
            | CheckFailure::Body(_)
            | CheckFailure::Capture { .. } => "another body".to_owned(),
        }
    }
}

/// Runs all checks and reports each as soon as it is done. Once `stop` counts one, the one that runs is ended and no other
/// starts.
pub async fn run(
    checks: &[Check],
    live: Live<'_>,
    stop: watch::Receiver<u32>,
    mut report: impl FnMut(Progress<'_>),
) -> Outcome {
    let mut runner = Runner { net: Net::new(live.trust, live.signer), live, stop, captures: Captures::new() };
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
    net: Net<'a>,
    live: Live<'a>,
    stop: watch::Receiver<u32>,
    captures: Captures,
}

/// A check with all of its placeholders filled in.
struct Ready {
    sent: Sent,
    expected: Expected,
}

enum Sent {
    Request(Request),
    Act(&'static Act, Acted),
}

impl Runner<'_> {
    async fn check(&mut self, check: &Check, report: &mut impl FnMut(Progress<'_>)) -> CheckResult {
        let (done, ready) = self.ready(check);
        let mut outcome = CheckResult {
            name: check.name.clone(),
            done,
            status: None,
            body: String::new(),
            elapsed: Duration::ZERO,
            attempts: 0,
            verdict: Verdict::Passed,
        };
        // If this check fails, values that an earlier one captured must not be used in its place.
        self.captures.retain(|name, _| !check.capture.contains_key(name));
        match ready {
            Err(reason) => outcome.verdict = Verdict::Skipped(reason),
            Ok(ready) => match self.send(check, &ready, &mut outcome, report).await {
                Ok(captured) => self.captures.extend(captured),
                Err(failure) => outcome.verdict = Verdict::Failed(failure),
            },
        }
        outcome
    }

    /// What a check does, and the same with all that it needs, or what is not known of that.
    fn ready(&self, check: &Check) -> (Done, Result<Ready, String>) {
        let fill = Fill { captures: &self.captures, resolve: self.live.resolve, folder: self.live.folder };
        let (done, sent) = match &check.exchange {
            Exchange::Request(sent) => {
                let (path, unknown) = fill.path(&sent.path);
                let request = unknown.map_or_else(|| Request::new(sent, self.live.url, &path, fill), Err);
                // A presigned URL is a secret for as long as it is valid, and the query makes it one.
                let end = path.find('?').filter(|_| sent.is_absolute).unwrap_or(path.len());
                (Done::Request(sent.method.clone(), path[..end].to_owned()), request.map(Sent::Request))
            }
            Exchange::Act(on) => {
                let acted = self.acted(on, fill).map(|acted| Sent::Act(on.act, acted));
                (Done::Act(on.called(), on.kind, on.key.clone()), acted)
            }
        };
        let expected = Expected::new(check, fill);
        (done, sent.and_then(|sent| Ok(Ready { sent, expected: expected? })))
    }

    fn acted(&self, on: &ActOn, fill: Fill) -> Result<Acted, String> {
        let deployed = (self.live.deployed)(on.kind, &on.key, on.part.as_deref());
        let (name, attributes) = deployed.map_err(|error| format!("{error:#}"))?;
        let fields = on.fields.iter().map(|(name, value)| Ok((*name, fill.json(value)?)));
        let fields = fields.collect::<Result<_, String>>()?;
        Ok(Acted { name, attributes, fields, body: fill.body(&on.body)?, wait: WAIT })
    }

    /// Does what a check does, again and again if it only reads, and returns what was captured.
    async fn send(
        &self,
        check: &Check,
        ready: &Ready,
        outcome: &mut CheckResult,
        report: &mut impl FnMut(Progress<'_>),
    ) -> Result<Captures, CheckFailure> {
        let timeout = Duration::from_secs(check.retry_for);
        let (start, mut pause, mut last) = (Instant::now(), FIRST_PAUSE, None);
        let mut stop = self.stop.clone();
        loop {
            let attempt = tokio::select! {
                biased;
                () = stopped(&mut stop) => return Err(CheckFailure::Interrupted(last)),
                attempt = self.attempt(ready, outcome) => attempt,
            };
            outcome.attempts += 1;
            outcome.elapsed = start.elapsed();
            let failure = match attempt {
                Ok(captured) => return Ok(captured),
                Err(failure) => self.explained(failure, check, outcome),
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
    fn explained(&self, failure: CheckFailure, check: &Check, outcome: &CheckResult) -> CheckFailure {
        let is_to_api = check.request().is_some_and(|sent| !sent.is_absolute);
        match (failure, &outcome.done, self.live.requests) {
            (
                CheckFailure::Status { expected, got: got @ 404 },
                Done::Request(method, path),
                Some(requests),
            ) if is_to_api && !is_taken(requests, method, path) => {
                CheckFailure::NoRoute { expected, got, request: format!("{method} {path}") }
            }
            (failure, ..) => failure,
        }
    }

    async fn attempt(&self, ready: &Ready, outcome: &mut CheckResult) -> Result<Captures, CheckFailure> {
        match &ready.sent {
            Sent::Request(request) => {
                let response = request.send(&self.net).await;
                outcome.status = response.as_ref().ok().map(|response| response.status);
                outcome.body =
                    response.as_ref().map(|response| excerpt_of(&response.body)).unwrap_or_default();
                ready.expected.in_response(&response?)
            }
            Sent::Act(act, acted) => {
                let refused = |error: crate::aws::Error| CheckFailure::Refused(error.to_string());
                let reply = self.live.perform.call(act, acted).await.map_err(refused)?;
                outcome.body = reply.first().map(|found| excerpt_of(&found.body)).unwrap_or_default();
                let (captured, found) = ready.expected.in_reply(&reply)?;
                if let Some(found) = found {
                    self.live.perform.take(act, acted, found).await.map_err(refused)?;
                }
                Ok(captured)
            }
        }
    }
}

/// Waits until the user wants no more.
async fn stopped(stop: &mut watch::Receiver<u32>) {
    if stop.wait_for(|asked| *asked > 0).await.is_err() {
        // Nothing can stop the run any more.
        std::future::pending::<()>().await;
    }
}
