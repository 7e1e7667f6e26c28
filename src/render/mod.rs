//! The only place that decides how output looks. Texts have ANSI styles; the printer removes them if the output is not a
//! terminal or the user wants none.

mod adoption;
mod changes;
mod html;
mod invocation;
pub mod json;
mod line;
mod list;
mod live;
mod log;
mod markdown;
mod picture;
mod plan;
mod progress;
mod report;
mod response;
mod status;
mod svg;
#[cfg(test)]
mod tests;
mod timings;
mod value;
mod watch;
mod width;

pub use adoption::adoption;
pub use html::html;
pub use invocation::{failed, response, tail};
pub use json::Document;
pub use line::{Line, lasting, reading, retried, retrying};
pub use list::list;
pub use log::{LogDetail, LogStyle};
pub use markdown::markdown;
pub use picture::{dot, mermaid};
pub use plan::{Detail, plan, summary};
pub use progress::{Progress, is_live};
pub use report::{
    blockers, check, done, last_line, outputs, path, place, report, resources, unlisted, unreadable,
};
pub use response::answered;
pub use status::status;
pub use svg::svg;
pub use timings::timings;
pub use watch::{as_before, keys, live, live_code, saved, served, watching};
use width::wrapped;
pub use width::{columns, fit_to};

use crate::aws::Call;
use crate::config::Diagnostics;
use crate::error::Failure;
use crate::model::{Unreadable, in_words};
use crate::plan::{Action, Step};
use anstyle::{AnsiColor, Style};
use std::time::Duration;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default();
const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const MAGENTA: Style = AnsiColor::Magenta.on_default();

/// What a plan without changes says.
pub const NO_CHANGES: &str = "No changes. Everything matches the stack file.";

/// A text without its styles.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// A text in a style.
fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// The sign of an action, which is clear without colour too.
fn sign(action: Action) -> String {
    let (style, sign) = match action {
        Action::Create => (GREEN, "+"),
        Action::Update => (YELLOW, "~"),
        Action::Replace => (MAGENTA, "-/+"),
        Action::Delete => (RED, "-"),
    };
    styled(style, sign)
}

/// What was done, for example `created`.
fn past(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "updated",
        Action::Replace => "replaced",
        Action::Delete => "deleted",
    }
}

/// What is being done, for example `creating`.
fn present(action: Action) -> &'static str {
    match action {
        Action::Create => "creating",
        Action::Update => "updating",
        Action::Replace => "replacing",
        Action::Delete => "deleting",
    }
}

/// The four actions in the order in which they are counted.
const ACTIONS: [Action; 4] = [Action::Create, Action::Update, Action::Replace, Action::Delete];

/// A time as people read it.
pub fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// Whole seconds, for a time that is still running.
fn seconds_of(time: Duration) -> String {
    format!("{} s", time.as_secs())
}

/// A count with its noun: `1 write`, `2 writes`.
pub fn count(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A text that must be seen, such as the name in a question.
pub fn emphasis(text: &str) -> String {
    styled(BOLD, text)
}

/// A message that matters less than the result.
pub fn aside(text: &str) -> String {
    styled(DIM, text)
}

/// What a name stands for after `promote` or `rollback`; nothing where it was not to be moved.
pub fn released(name: &str, now: Option<&str>) -> String {
    match now {
        Some(now) => wrapped(&format!("{} ", styled(GREEN, "✓")), &format!("{name}  {now}")),
        None => wrapped(&format!("{} ", styled(DIM, "·")), &format!("{name}  nothing to move")),
    }
}

/// A call to AWS that has ended, for `--verbose`.
pub fn call(call: &Call, id: bool) -> String {
    let status = call.status.map_or_else(|| "no response".to_owned(), |status| status.to_string());
    let attempts = if call.attempts > 1 { format!(", {} attempts", call.attempts) } else { String::new() };
    let id = call.request_id.as_ref().filter(|_| id).map(|id| format!(", request {id}")).unwrap_or_default();
    aside(&format!("    {} {status} in {:.2} s{attempts}{id}", call.name, call.took.as_secs_f64()))
}

/// An error, with the next step.
pub fn error(message: &str, help: Option<&str>) -> String {
    let help = help.map(|help| format!("\n{}", wrapped(&format!("  {} ", styled(DIM, "help:")), help)));
    wrapped(&format!("{} ", styled(RED.bold(), "error:")), message) + &help.unwrap_or_default()
}

/// Why a command failed. Errors in the stack file come with their own snippets.
pub fn failure(failure: &anyhow::Error) -> String {
    if let Some(diagnostics) = failure.downcast_ref::<Diagnostics>() {
        return diagnostics.render(true, width::columns());
    }
    let help = failure.downcast_ref::<Failure>().and_then(|failure| failure.help.as_deref());
    error(&format!("{failure:#}"), help)
}

/// A sentence, wrapped at the width of the terminal.
pub fn sentence(text: &str) -> String {
    wrapped("", text)
}

/// What a kind that could not be listed means for a plan.
fn incomplete(unreadable: &Unreadable) -> String {
    let (kind, why) = (in_words(unreadable.kind), &unreadable.why);
    format!("could not list every {kind} of this stack, so the plan may be incomplete: {why}")
}

/// What is lost with a step, and with which resource.
fn data_loss(step: &Step) -> Option<String> {
    Some(format!("{}: will be lost: {}", step.id, step.data_loss.as_ref().filter(|_| !step.with_parent)?))
}

/// A warning.
pub fn warning(message: &str) -> String {
    wrapped(&format!("{} ", styled(YELLOW.bold(), "warning:")), message)
}

/// What to type next.
pub fn next(what: &str, command: &str) -> String {
    let line = format!("{what}: {command}");
    // A command is copied, so it stays whole.
    let is_too_wide = columns().is_some_and(|columns| line.chars().count() > columns);
    aside(&if is_too_wide {
        format!("\n{}\n  {command}", sentence(&format!("{what}:")))
    } else {
        format!("\n{line}")
    })
}
