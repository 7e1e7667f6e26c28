//! The result of a plan, and the outputs.

use super::{BOLD, DIM, GREEN, RED, YELLOW, error, past, plan, seconds, sentence, styled, wrapped};
use crate::apply::Report;
use crate::aws::{self, Class};
use crate::check::{CheckResult, Verdict};
use crate::config::{At, Part, Stack, Template};
use crate::model::{AttributeMap, Identity, ResourceId, Scope, Unreadable, in_words};
use crate::outputs;
use crate::plan::{Blocker, Plan, Step};
use crate::requests::{Request, requests, to_try};
use crate::text::sanitize_line;
use std::path::PathBuf;
use std::time::Duration;

/// What was done and with how many calls, then each root cause with its place and the next step.
pub fn report(plan: &Plan, report: &Report, files: &[PathBuf], took: Duration, calls: &str) -> String {
    let steps = report.done.iter().map(|index| &plan.steps[*index]);
    let done = plan::done(steps);
    let in_part = report.failed.values().any(|cause| cause.class == Class::Deferred);
    let mut text = match (done.as_str(), report.is_complete()) {
        ("", _) if in_part => styled(YELLOW.bold(), "Incomplete").to_string(),
        ("", _) => "Nothing was changed".to_owned(),
        (done, true) => format!("{} {done}", styled(GREEN.bold(), "Done:")),
        (done, false) => format!("{} {done}", styled(YELLOW.bold(), "Incomplete:")),
    };
    text = format!("{}\n", sentence(&format!("{text} in {} · {calls}", seconds(took))));
    for (index, cause) in &report.failed {
        text += &failure(&plan.steps[*index], cause, files);
    }
    let skipped = report.skipped.len();
    if skipped > 0 {
        let steps = super::count(skipped as u64, "step");
        text += &format!("{}\n", sentence(&format!("Skipped, because a step before failed: {steps}.")));
    }
    if report.interrupted {
        let left = plan.steps.len() - report.done.len() - report.failed.len() - skipped;
        let left = super::count(left as u64, "step");
        text += &format!("{}\n", sentence(&format!("Interrupted; {left} not started.")));
    }
    if !report.is_complete() {
        text += "Run the same command again to continue.\n";
    }
    text
}

/// What was done, counted: `9 created, 1 updated`.
pub fn done(plan: &Plan, report: &Report) -> String {
    plan::done(report.done.iter().map(|index| &plan.steps[*index]))
}

/// All of a successful `up` in a line that can be passed on.
pub fn last_line(stack: &Identity, done: &str, took: Duration, url: Option<&str>) -> String {
    let url = url.map(|url| format!(" · {url}")).unwrap_or_default();
    wrapped(&format!("{} ", styled(GREEN, "✓")), &format!("{stack} · {done} · {}{url}", seconds(took)))
}

fn failure(step: &Step, cause: &aws::Error, files: &[PathBuf]) -> String {
    let place = place(files, step.at);
    let in_full = if cause.class == Class::Deferred { " in full" } else { "" };
    let message = format!("{place}{} could not be {}{in_full}: {cause}", step.id, past(step.action));
    format!("{}\n", error(&message, crate::error::help(cause).as_deref()))
}

/// `stack.yaml:12: `, if the line is known.
pub fn place(files: &[PathBuf], at: Option<At>) -> String {
    let file = at.and_then(|at| files.get(usize::try_from(at.file).ok()?));
    match (file, at) {
        (Some(file), Some(at)) if at.line > 0 => format!("{}:{}: ", file.display(), at.line),
        _ => String::new(),
    }
}

/// Why a plan cannot be applied.
pub fn blockers(blockers: &[Blocker], files: &[PathBuf]) -> String {
    let one = |blocker: &Blocker| {
        let message = format!("{}{}", place(files, blocker.at), blocker.why);
        format!("{}\n", error(&message, Some(&blocker.help)))
    };
    blockers.iter().map(one).collect()
}

/// A kind that could not be listed.
pub fn unreadable(unreadable: &Unreadable) -> String {
    super::warning(&super::incomplete(unreadable))
}

/// A kind that could not be listed for any stack.
pub fn unlisted(unreadable: &Unreadable) -> String {
    super::warning(&format!("could not list any {}: {}", in_words(unreadable.kind), unreadable.why))
}

/// The outputs: the URL, the routes, and a request to try, if all that it needs is in sync. `short` leaves out what the plan and
/// `outputs` show: then there is a request to try, or else the URL.
pub fn outputs(
    stack: &Stack,
    scope: &Scope,
    attributes: &AttributeMap,
    is_in_sync: &dyn Fn(&ResourceId) -> bool,
    short: bool,
) -> String {
    let own = own_outputs(stack, scope, attributes);
    match (requests(stack), outputs::endpoint(attributes)) {
        (Some(requests), Some(url)) => {
            let path = to_try(stack, &requests, is_in_sync);
            if short { own + &next_request(url, path) } else { endpoint(url, &requests, path) + &own }
        }
        _ => own,
    }
}

/// A request to try, or else the URL.
fn next_request(url: &str, path: Option<String>) -> String {
    match path {
        Some(path) => format!("\n{}\n  curl '{url}{path}'", styled(BOLD, "Try it:")),
        None => format!("\n{} {url}", styled(BOLD, "API:")),
    }
}

/// The outputs that the stack file declares.
fn own_outputs(stack: &Stack, scope: &Scope, attributes: &AttributeMap) -> String {
    let own = outputs::own(stack, scope, attributes);
    if own.is_empty() {
        return String::new();
    }
    let width = own.keys().map(String::len).max().unwrap_or_default();
    let line = |(name, value): (&String, &String)| format!("  {name:<width$}  {}\n", sanitize_line(value));
    format!("\n{}\n\n{}", styled(BOLD, "Outputs:"), own.iter().map(line).collect::<String>())
}

/// The ARNs and URLs of the resources, by the names that `outputs NAME` takes.
pub fn resources(scope: &Scope, attributes: &AttributeMap) -> String {
    let all = outputs::by_name(&scope.identity, attributes);
    if all.is_empty() {
        return String::new();
    }
    let width = all.keys().map(String::len).max().unwrap_or_default();
    let line = |(name, value): (&String, &&str)| format!("  {name:<width$}  {}\n", sanitize_line(value));
    format!("{}\n\n{}", styled(BOLD, "Resources:"), all.iter().map(line).collect::<String>().trim_end())
}

/// The URL, what it takes, and a request to try.
fn endpoint(url: &str, requests: &[Request], path: Option<String>) -> String {
    let mut text = format!("\n{} {url}\n\n", styled(BOLD, "API:"));
    let width = requests.iter().map(|request| request.route.chars().count()).max().unwrap_or_default();
    for request in requests {
        text += &format!("  {:<width$}  {}\n", request.route, styled(DIM, &request.code));
    }
    if let Some(path) = path {
        text += &format!("\n{}\n\n  curl '{url}{path}'\n", styled(BOLD, "Try it:"));
    }
    text
}

/// The path of a request as the stack file has it, as far as that is known.
pub fn path(path: &Template) -> String {
    let part = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Capture(name) => format!("${{capture.{name}}}"),
        _ => "${…}".to_owned(),
    };
    path.parts.iter().map(part).collect()
}

/// The result of a check. `logs` is the command that shows the logs of the code that got its request.
pub fn check(outcome: &CheckResult, logs: Option<&str>) -> String {
    let done = outcome.done.to_string();
    match &outcome.verdict {
        Verdict::Passed => {
            format!(
                "  {} {}  {}",
                styled(GREEN, "✓"),
                outcome.name,
                styled(DIM, format!("{done}, {}", seconds(outcome.elapsed)))
            )
        }
        Verdict::Skipped(why) => {
            format!("  {} {}  {}", styled(YELLOW, "·"), outcome.name, styled(DIM, format!("skipped: {why}")))
        }
        Verdict::Failed(failure) => {
            let body = Some(&outcome.body)
                .filter(|body| !body.is_empty())
                .map(|body| format!("\n      response: {body}"));
            let logs = logs.map(|logs| format!("\n      see: {logs}")).unwrap_or_default();
            let (cross, body) = (styled(RED, "✗"), body.unwrap_or_default());
            let failure = wrapped("      ", &failure.to_string());
            format!("  {cross} {}  {}\n{failure}{body}{logs}", outcome.name, styled(DIM, done))
        }
    }
}
