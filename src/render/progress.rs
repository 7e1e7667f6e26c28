//! Progress, a line for each thing that happened.

use super::{DIM, RED, YELLOW, past, seconds, sign, styled, verb};
use crate::event::Event;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// A listener that turns events into lines. What is being waited for is told once, until it changes.
pub fn progress(print: impl Fn(&str) + Send + Sync + 'static) -> impl Fn(Event) + Send + Sync + 'static {
    let waits: Mutex<BTreeMap<String, String>> = Mutex::default();
    move |event| {
        if let Event::Waiting { id, why } = &event {
            let mut waits = waits.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if waits.insert(id.to_string(), why.clone()).as_ref() == Some(why) {
                return;
            }
        }
        if let Some(line) = line(&event) {
            print(&line);
        }
    }
}

fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::Started { .. } => return None,
        Event::Waiting { id, why } => format!("  {} {id}: {why}", styled(DIM, "…")),
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
