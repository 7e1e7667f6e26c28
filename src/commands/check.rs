//! `check`: runs the stack's checks against the live API.

use super::session::{Globals, open};
use super::{Outcome, json, out};
use crate::config::{Part, Stack};
use crate::error::Failure;
use crate::exit::Exit;
use crate::lower::lookup_part;
use crate::model::{AttributeMap, Owner};
use crate::outputs;
use crate::reconcile::Session;
use crate::render;
use anyhow::{Result, anyhow, bail};

/// Runs the checks of the stack file against the deployed stack.
///
/// # Errors
/// No API is deployed, or AWS cannot be read.
pub async fn check(globals: &Globals) -> Outcome {
    let mut stack = globals.stack()?;
    let session = open(globals, &mut stack).await?;
    let live_state = session.look().await?;
    let ours = live_state.observed.into_iter().filter(|observed| observed.owner == Owner::Ours);
    let ours = ours.map(|observed| (observed.id, observed.attributes));
    let attributes = ours.chain(live_state.existing).collect();
    run(globals, &stack, &session, &attributes).await
}

/// Runs the checks against a stack whose attributes are known.
pub(super) async fn run(
    globals: &Globals,
    stack: &Stack,
    session: &Session,
    attributes: &AttributeMap,
) -> Outcome {
    if stack.checks.is_empty() {
        return Ok(Exit::Done);
    }
    let Some(url) = outputs::endpoint(attributes) else {
        let help = format!("deploy the stack first: {}", globals.command("up"));
        bail!(Failure::new("no API is deployed", help))
    };
    out(&format!("{} {url}", render::emphasis("Checking")));
    let resolve = |part: &Part| -> Result<String> {
        lookup_part(part, &session.scope, attributes).ok_or_else(|| anyhow!("it is not deployed"))
    };
    let (mut passed, mut all) = (0, 0);
    let all_passed = crate::check::run(&stack.checks, url, session.connection.trust(), &resolve, |outcome| {
        all += 1;
        passed += usize::from(outcome.verdict == crate::check::Verdict::Passed);
        out(&render::check(&outcome));
        json(|| render::json::check(&outcome));
    })
    .await;
    out(&format!("{passed} of {all} checks passed."));
    Ok(Exit::success_if(all_passed))
}
