//! The queues to which EventBridge itself delivers: as a target, or what it could not deliver elsewhere.

use super::EVENTS;
use crate::config::{At, Diagnostic, Entries, Target};
use crate::kind::Kind;
use crate::kinds::queue::Queue;
use crate::kinds::queue::section::{named, out_of_reach};
use crate::lower::{Call, Lower};

/// The service, in errors.
pub(in crate::kinds) const SERVICE: &str = "EventBridge";

/// What a queue of the stack must admit so that EventBridge can send there for `source`, an ARN.
pub(in crate::kinds) fn call_for(target: &Target, what: String, source: &str, lower: &Lower) -> Option<Call> {
    let on = lower.id(Queue::NAME, target.key()?);
    Some(Call { on, what, service: EVENTS.into(), source: source.to_owned(), account: false })
}

/// Why EventBridge cannot send what it could not deliver to a queue: it would fail without a word [aws-facts: SQS; DG:
/// EventBridge, "Using dead-letter queues"].
pub(in crate::kinds) fn dead_letters(target: Option<&Target>, at: At, entries: &Entries) -> Vec<Diagnostic> {
    let Some(queue) = target.and_then(Target::key).and_then(|key| named(key, entries)) else {
        return Vec::new();
    };
    let fifo = queue.fifo.is_some().then(|| Diagnostic {
        at,
        length: 0,
        message: format!("`{}` is a FIFO queue, which takes no dead letters of EventBridge", queue.name),
        help: Some("name a standard queue".to_owned()),
    });
    let out_of_reach = out_of_reach(queue, SERVICE);
    let out_of_reach =
        out_of_reach.map(|(message, way)| Diagnostic { at, length: 0, message, help: Some(way) });
    fifo.into_iter().chain(out_of_reach).collect()
}
