//! Progress: live in a terminal, and elsewhere a line for each event.

use super::live::{Live, Steps};
use super::{DIM, RED, YELLOW, past, seconds, sign, styled};
use crate::event::Event;
use crate::model::ResourceId;
use crate::outline::Outline;
use indicatif::ProgressDrawTarget;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use terminal_size::{Height, terminal_size};

/// How often a long wait is reported again.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Shows how a plan is applied: live in a terminal, else a line for each event.
pub struct Progress(Mutex<View>);

enum View {
    Live(Live),
    Lines { print: Box<dyn Fn(&str) + Send>, waits: BTreeMap<ResourceId, Wait> },
}

impl Progress {
    /// Progress of a plan on standard output. Lines are printed if it is not a terminal, or one that cannot move its cursor. In
    /// a terminal, steps that succeeded leave a line where `lines` is true.
    pub fn new(outline: &Outline, lines: bool, print: fn(&str)) -> Self {
        if is_live() {
            // A terminal that does not say its size has had so many rows since there are terminals.
            let rows = terminal_size().map_or(24, |(_, Height(rows))| rows.into());
            Progress::live(ProgressDrawTarget::stdout(), rows, Steps::of(outline, lines), dress)
        } else {
            Progress::lines(print)
        }
    }

    /// A line for each event, if other lines come between.
    pub fn lines(print: impl Fn(&str) + Send + 'static) -> Self {
        Progress(Mutex::new(View::Lines { print: Box::new(print), waits: BTreeMap::new() }))
    }

    /// A live view on some terminal.
    pub(super) fn live(
        target: ProgressDrawTarget,
        rows: usize,
        steps: Steps,
        dress: fn(&str) -> String,
    ) -> Self {
        Progress(Mutex::new(View::Live(Live::new(target, rows, steps, dress))))
    }

    /// True if steps that succeed leave lines on the screen.
    pub fn leaves_lines(&self) -> bool {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            View::Live(live) => live.leaves_lines(),
            View::Lines { .. } => true,
        }
    }

    /// Shows an event.
    pub fn show(&self, event: &Event) {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            View::Live(live) => live.show(event),
            View::Lines { print, waits } => {
                let line = match event {
                    Event::Waiting { id, why } => waiting(waits, id, why, Instant::now()),
                    event => line(event),
                };
                line.iter().for_each(|line| print(line));
            }
        }
    }
}

/// True if standard output is a terminal that can move its cursor.
pub fn is_live() -> bool {
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    std::io::stdout().is_terminal() && !dumb
}

/// A text with its styles, unless the user wants none.
fn dress(text: &str) -> String {
    match anstream::AutoStream::choice(&std::io::stdout()) {
        anstream::ColorChoice::Never => anstream::adapter::strip_str(text).to_string(),
        _ => text.to_owned(),
    }
}

/// What a resource waits for, since when, and when that was last reported.
struct Wait {
    why: String,
    since: Instant,
    reported: Instant,
}

/// The line for a wait: when it begins, and then at each heartbeat with the time that it has taken.
fn waiting(
    waits: &mut BTreeMap<ResourceId, Wait>,
    id: &ResourceId,
    why: &str,
    now: Instant,
) -> Option<String> {
    let old = waits.get(id).filter(|wait| wait.why == why);
    if old.is_some_and(|wait| now.duration_since(wait.reported) < HEARTBEAT) {
        return None;
    }
    let since = old.map_or(now, |wait| wait.since);
    let took = old.map(|_| format!(", {} so far", seconds(now.duration_since(since)))).unwrap_or_default();
    waits.insert(id.clone(), Wait { why: why.to_owned(), since, reported: now });
    Some(format!("  {} {id}: {why}{took}", styled(DIM, "…")))
}

/// What Ctrl-C does.
pub(super) fn stopping() -> String {
    let what = "finishing what is running, starting nothing new. Press Ctrl-C again to quit now.";
    format!("{} {what}", styled(YELLOW.bold(), "Stopping:"))
}

/// The line for an event that has one.
pub(super) fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::Started { .. } | Event::Waiting { .. } => return None,
        Event::Stopping => stopping(),
        Event::Done { id, action, took, .. } => {
            format!("  {} {id} {} {}", sign(*action), past(*action), styled(DIM, seconds(*took)))
        }
        Event::Failed { id, action, .. } => {
            format!("  {} {id} could not be {}", styled(RED, "✗"), past(*action))
        }
        Event::Skipped { id, action, why, .. } => {
            format!("  {} {id} not {}: {why}", styled(YELLOW, "·"), past(*action))
        }
    })
}
