//! What the roles of a stack's rules and schedules must allow: to start what these start.

use super::super::bus::Bus;
use super::super::function::{Function, INVOKE};
use super::super::queue::{Queue, section::SEND_ACTION};
use super::super::state_machine::{START, StateMachine};
use super::super::stream::Stream;
use super::target;
use crate::config::{Grant, Target};
use crate::kind::Kind;
use crate::lower::{Lower, allow};
use crate::model::{ResourceId, Text};
use crate::policy::{Policy, Statement};

/// What a rule or a schedule delivers with the role.
pub(in crate::kinds) struct Delivery<'a> {
    /// The entry that it starts.
    pub(in crate::kinds) started: ResourceId,
    /// The alias of a function.
    pub(in crate::kinds) alias: Option<&'a str>,
    /// The queue for what could not be delivered, where the role must allow that too.
    pub(in crate::kinds) dead_letter: Option<&'a Target>,
}

/// The action that delivers to entries of a kind.
pub(in crate::kinds) fn action(kind: &str, lower: &Lower) -> Option<&'static str> {
    match kind {
        StateMachine::NAME => Some(START),
        Stream::NAME => Some("kinesis:PutRecord"),
        Function::NAME => Some(INVOKE),
        _ => lower.stack.sections.of_kind(kind).and_then(|section| section.delivery()),
    }
}

/// Whether a rule needs a role for entries of a kind, which have no policy that could admit it [aws-facts-services: Who may
/// call whom].
pub(in crate::kinds) fn needs_role(kind: &str) -> bool {
    [StateMachine::NAME, Stream::NAME, Bus::NAME].contains(&kind)
}

/// The policy of a role with which all of this is delivered.
pub(in crate::kinds) fn allowing(deliveries: Vec<Delivery>, lower: &Lower) -> Policy<Text> {
    let (mut needs, mut grants): (Vec<(&str, Statement<Text>)>, Vec<Grant>) = (Vec::new(), Vec::new());
    for Delivery { started, alias, dead_letter } in deliveries {
        let actions = action(started.kind, lower).map(str::to_owned);
        if started.kind == Function::NAME {
            let called = target(&started, alias, lower);
            needs.push(("Functions", allow(actions, super::arn_of(&called))));
        } else {
            let key = lower.scope.identity.key(started.kind, &started.name).to_owned();
            grants.push(Grant::new(started.kind, key, actions.into_iter().collect()));
        }
        match dead_letter {
            Some(Target::Key(key)) => {
                grants.push(Grant::new(Queue::NAME, key.clone(), vec![SEND_ACTION.to_owned()]));
            }
            Some(Target::Arn(arn)) => {
                needs.push(("DeadLetters", allow([SEND_ACTION], arn.as_str().into())));
            }
            None => {}
        }
    }
    lower.policy(once(needs), once(grants), &[])
}

/// Each of these once.
fn once<T: PartialEq>(all: Vec<T>) -> Vec<T> {
    let add = |mut some: Vec<T>, one| {
        if !some.contains(&one) {
            some.push(one);
        }
        some
    };
    all.into_iter().fold(Vec::new(), add)
}
