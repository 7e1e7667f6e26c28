//! Progress, a line for each thing that happened.

use super::{DIM, RED, YELLOW, past, seconds, sign, styled, verb};
use crate::event::Event;
use crate::model::Id;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a long wait gives a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// A listener that turns events into lines.
pub fn progress(print: impl Fn(&str) + Send + Sync + 'static) -> impl Fn(Event) + Send + Sync + 'static {
    let waits: Mutex<BTreeMap<Id, Wait>> = Mutex::default();
    move |event| {
        let line = match &event {
            Event::Waiting { id, why } => {
                let mut waits = waits.lock().unwrap_or_else(PoisonError::into_inner);
                waiting(&mut waits, id, why, Instant::now())
            }
            event => line(event),
        };
        if let Some(line) = line {
            print(&line);
        }
    }
}

/// What a resource waits for, since when, and when that was last told.
struct Wait {
    why: String,
    since: Instant,
    told: Instant,
}

/// The line for a wait: when it begins, and then at each heartbeat with the time that it has taken.
fn waiting(waits: &mut BTreeMap<Id, Wait>, id: &Id, why: &str, now: Instant) -> Option<String> {
    let old = waits.get(id).filter(|wait| wait.why == why);
    if old.is_some_and(|wait| now.duration_since(wait.told) < HEARTBEAT) {
        return None;
    }
    let since = old.map_or(now, |wait| wait.since);
    let took = old.map(|_| format!(", {} so far", seconds(now.duration_since(since)))).unwrap_or_default();
    waits.insert(id.clone(), Wait { why: why.to_owned(), since, told: now });
    Some(format!("  {} {id}: {why}{took}", styled(DIM, "…")))
}

fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::Started { .. } | Event::Waiting { .. } => return None,
        Event::Done { id, action, took } => {
            format!("  {} {id} {} {}", sign(*action), past(*action), styled(DIM, seconds(*took)))
        }
        Event::Failed { id, action, .. } => {
            format!("  {} {id} could not be {}", styled(RED, "✗"), past(*action))
        }
        Event::Skipped { id, action, why } => {
            format!("  {} {id}: did not {} it, since {why}", styled(YELLOW, "·"), verb(*action))
        }
    })
}
