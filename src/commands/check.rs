//! `check`: runs the stack's checks against the live API.

use super::busy::{Busy, reading};
use super::release::called;
use super::screen::is_quiet;
use super::session::{Globals, open};
use super::{Outcome, err, json, out, stop_on_ctrl_c};
use crate::aws::Access;
use crate::check::{CheckFailure, CheckResult, Done, Live, Outcome as Ended, Progress, Verdict};
use crate::config::{Check, Part, Stack};
use crate::error::Failure;
use crate::exit::Exit;
use crate::kinds::kind;
use crate::lower::lookup_part;
use crate::model::{AttributeMap, Owner, ResourceId};
use crate::outputs;
use crate::reconcile::Session;
use crate::render;
use crate::requests::{Request, requests, taker};
use crate::text::shell_quoted;
use anyhow::{Result, anyhow, bail};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Runs the checks of the stack file against the deployed stack.
///
/// # Errors
/// No API is deployed, or AWS cannot be read.
pub async fn check(globals: &Globals) -> Outcome {
    let mut stack = globals.stack()?;
    let session = open(globals, &mut stack).await?;
    let live_state = reading(&session.connection, session.look()).await?;
    let ours = live_state.observed.into_iter().filter(|observed| observed.owner == Owner::Ours);
    let ours = ours.map(|observed| (observed.id, observed.attributes));
    let attributes = ours.chain(live_state.existing).collect();
    run(globals, &stack, &session, &attributes, false).await
}

/// Runs the checks against a stack whose attributes are known. `in_short` shows those that fail, and how many have passed.
pub(super) async fn run(
    globals: &Globals,
    stack: &Stack,
    session: &Session,
    attributes: &AttributeMap,
    in_short: bool,
) -> Outcome {
    if stack.checks.is_empty() {
        return Ok(Exit::Done);
    }
    let url = outputs::endpoint(attributes);
    let needs_url = stack.checks.iter().filter_map(Check::request).any(|request| !request.is_absolute);
    if url.is_none() && needs_url {
        bail!(no_api(globals));
    }
    if !in_short {
        out(&format!("{} {}", render::emphasis("Checking"), url.unwrap_or(&stack.name)));
    }
    let resolve = |part: &Part| -> Result<String> {
        lookup_part(part, &session.scope, attributes).ok_or_else(|| anyhow!("it is not deployed"))
    };
    let requests = requests(stack);
    let deployed = |kind: &'static str, key: &str, part: Option<&str>| {
        let id = ResourceId::new(kind, session.scope.named(kind, key));
        let own = attributes.get(&id).ok_or_else(|| anyhow!("{id} is not deployed"))?;
        // What is called of a function with a release is an alias.
        let released = called(stack, key, part)?.filter(|released| released.parent() == Some(&id));
        Ok((released.map_or(id.name, |released| released.name), Arc::clone(own)))
    };
    // A check may write, so the clients may.
    let clients = session.connection.clients(Access::Write);
    let signs = stack.checks.iter().filter_map(Check::request).any(|request| request.is_signed);
    let credentials = match signs {
        true => Some(session.connection.credentials().await.map_err(Failure::from)?),
        false => None,
    };
    let live = Live {
        url: url.unwrap_or_default(),
        trust: session.connection.trust(),
        resolve: &resolve,
        requests: requests.as_deref(),
        deployed: &deployed,
        perform: &clients,
        folder: &stack.folder,
        signer: credentials.as_ref().map(|credentials| (credentials, session.connection.region.as_str())),
    };
    let mut shown =
        Shown { globals, requests: requests.as_deref().unwrap_or_default(), in_short, busy: None, passed: 0 };
    let ended =
        crate::check::run(&stack.checks, live, stop_on_ctrl_c(), |progress| shown.show(progress)).await;
    let (passed, all) = (shown.passed, stack.checks.len());
    say(
        ended == Ended::Failed,
        &match in_short {
            true => format!("{} {passed} of {all} passed", render::emphasis("Checks:")),
            false => format!("{passed} of {all} checks passed."),
        },
    );
    Ok(match ended {
        Ended::Passed => Exit::Done,
        Ended::Failed => Exit::Failed,
        Ended::Interrupted => Exit::Interrupted,
    })
}

/// Prints a line of the result; what failed is an error where a user wants only those.
fn say(failed: bool, line: &str) {
    match failed && is_quiet() {
        true => err(line),
        false => out(line),
    }
}

/// The failure of a command that needs the API.
pub(super) fn no_api(globals: &Globals) -> Failure {
    Failure::new("no API is deployed", format!("deploy the stack first: {}", globals.command("up")))
}

/// What the user sees of the checks.
struct Shown<'a> {
    globals: &'a Globals,
    requests: &'a [Request],
    in_short: bool,
    /// The line of the check that runs.
    busy: Option<Busy>,
    passed: usize,
}

impl Shown<'_> {
    fn show(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Started(check) => {
                let (name, start) = (check.name.clone(), Instant::now());
                let text = move || render::lasting(&name, start.elapsed());
                self.busy = Some(Busy::saying(text));
            }
            Progress::Retrying { check, why, attempts } => self.retrying(check, why, attempts),
            Progress::Done(result) => {
                self.busy = None;
                self.passed += usize::from(result.verdict == Verdict::Passed);
                let logs = self.logs(&result);
                let failed = result.verdict != Verdict::Passed;
                if !self.in_short || failed {
                    say(failed, &render::check(&result, logs.as_deref()));
                }
                json(|| render::json::check(&result, logs.as_deref()));
            }
        }
    }

    /// In a terminal a line that moves, elsewhere one line for all attempts.
    fn retrying(&mut self, check: &Check, why: &CheckFailure, attempts: u32) {
        let Some(busy) = &self.busy else { return };
        let (name, why, limit) = (check.name.clone(), why.in_short(), Duration::from_secs(check.retry_for));
        if !busy.is_live() && attempts == 1 {
            out(&render::retried(&name, &why, limit));
        }
        let start = busy.since();
        busy.say(move || render::retrying(&name, &why, start.elapsed(), limit));
    }

    /// The command that shows the logs of the code that got the request of a check, if that failed.
    fn logs(&self, result: &CheckResult) -> Option<String> {
        let has_failed = matches!(result.verdict, Verdict::Failed(_));
        let code = match &result.done {
            Done::Request(method, path) => &taker(self.requests, method, path)?.code,
            Done::Act(_, of, key) => Some(key).filter(|_| kind(of).features().runs_code.is_some())?,
        };
        has_failed.then(|| self.globals.command(&format!("logs {}", shell_quoted(code))))
    }
}
