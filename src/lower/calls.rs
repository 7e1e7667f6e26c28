//! The services of AWS that act on resources of the stack, such as a topic that delivers to a queue. The policy of the resource
//! admits them: the kind of the resource makes a permission, or a statement, of each call on it.

use super::Lower;
use crate::config::Item;
use crate::model::{ResourceId, Text};
use crate::policy::{Policy, Statement, Tree};
use crate::text::capital;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A service that acts on a resource of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// The resource.
    pub(crate) on: ResourceId,
    /// For what the service acts, in the words of the stack file and unique for the resource: `topic news`.
    pub(crate) what: String,
    /// The service, for example `sns.amazonaws.com`.
    pub(crate) service: Cow<'static, str>,
    /// The ARN of what it acts for.
    pub(crate) source: String,
    /// Whether the account is checked too: of a source whose ARN does not name it.
    pub(crate) account: bool,
}

/// The name of the statement that admits a call for something, if no other one has it.
pub(crate) fn sid_of(what: &str) -> String {
    what.split(|c: char| !c.is_ascii_alphanumeric()).map(capital).collect()
}

impl Lower<'_> {
    /// Finds out which services act on the resources of the stack.
    pub(crate) fn find_calls(&mut self) {
        let kinds = self.kinds.iter().flatten();
        let mut calls: Vec<Call> = Vec::new();
        for call in kinds.flat_map(|kind| kind.callers(self)) {
            if !calls.contains(&call) {
                calls.push(call);
            }
        }
        self.calls = calls;
    }

    /// The services that act on a resource for an item of `triggers`.
    pub(super) fn callers_of(&self, item: &Item, started: &ResourceId) -> Vec<Call> {
        self.triggers.iter().flat_map(|trigger| trigger.callers(item, started, self)).collect()
    }

    /// The services that act on a resource.
    pub(crate) fn calls_on(&self, id: &ResourceId) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(move |call| call.on == *id)
    }

    /// The policy of a resource with this ARN that admits the services that act on it. The names of its other statements stay
    /// as they are.
    pub(crate) fn admitting(
        &self,
        policy: Policy<Text>,
        (id, arn): (&ResourceId, &str),
        action: &str,
    ) -> Policy<Text> {
        let Policy(mut statements) = policy;
        for call in self.calls_on(id) {
            let sid = super::policy::free_sid(&statements, &sid_of(&call.what));
            statements.insert(sid, self.statement_of(call, arn, action));
        }
        Policy(statements)
    }

    fn statement_of(&self, call: &Call, arn: &str, action: &str) -> Statement<Text> {
        let text = |text: &str| Tree::Text(Text::from(text));
        let one = |key: &str, value: Tree<Text>| Tree::Map(BTreeMap::from([(key.to_owned(), value)]));
        let mut condition =
            BTreeMap::from([("ArnEquals".to_owned(), one("aws:SourceArn", text(&call.source)))]);
        if call.account {
            condition.insert("StringEquals".to_owned(), one("aws:SourceAccount", text(&self.scope.account)));
        }
        let mut statement = super::allow([action], arn.into());
        statement.0.insert("Principal".to_owned(), one("Service", text(&call.service)));
        statement.0.insert("Condition".to_owned(), Tree::Map(condition));
        statement
    }
}
