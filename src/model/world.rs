//! What AWS has, as far as it concerns a stack.

use super::Id;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What AWS has assigned to a thing, by attribute. Plans and reports share it with what was seen.
pub type Live = Arc<Json>;

/// What AWS has assigned, by resource.
pub type Lives = BTreeMap<Id, Live>;

/// Everything observed: what is ours, and what bears a wanted name whoever owns it.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// What was seen.
    pub seen: Vec<Seen>,
    /// What could not be looked at. A refused listing is never "empty".
    pub blind: Vec<Blind>,
}

/// A listing that AWS refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blind {
    /// The kind that could not be listed.
    pub kind: &'static str,
    /// Why.
    pub why: String,
}

/// A thing in AWS by its kind and the identifier that AWS knows it by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Physical {
    /// The kind's name.
    pub kind: &'static str,
    /// A name, or an id that AWS assigned.
    pub id: String,
}

impl Physical {
    /// A thing of a kind.
    pub fn new(kind: &'static str, id: impl Into<String>) -> Self {
        Physical { kind, id: id.into() }
    }
}

impl std::fmt::Display for Physical {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", super::in_words(self.kind), self.id)
    }
}

/// One thing in AWS. A kind answers it with its own types; past the registry both are JSON.
#[derive(Debug, Clone)]
pub struct Seen<S = Json, L = Live> {
    /// Its name within the stack.
    pub id: Id,
    /// Its identifier in AWS.
    pub physical: String,
    /// The thing that it lives and dies with.
    pub parent: Option<Physical>,
    /// What it is, in the very form that the stack file lowers to.
    pub spec: S,
    /// What AWS assigned.
    pub live: L,
    /// Whose it is.
    pub owner: Owner,
    /// What state it is in.
    pub status: Status,
    /// The things that it points to.
    pub refs: Vec<Physical>,
    /// Things that exist because of it, or it because of them: worth a look where they were not seen.
    pub hints: Vec<Physical>,
    /// When it was made, in seconds since 1970, where AWS tells.
    pub created: Option<i64>,
    /// True if AWS refuses to delete it until its protection is taken off.
    pub protected: bool,
    /// What is lost with it, for example `holds items`; `None` where there is nothing.
    pub holds: Option<String>,
}

impl<S, L> Seen<S, L> {
    /// A ready thing of ours or another's; the rest is set by field.
    pub fn new(id: Id, physical: impl Into<String>, owner: Owner, spec: S, live: impl Into<L>) -> Self {
        Seen {
            id,
            physical: physical.into(),
            parent: None,
            spec,
            live: live.into(),
            owner,
            status: Status::Ready,
            refs: Vec::new(),
            hints: Vec::new(),
            created: None,
            protected: false,
            holds: None,
        }
    }

    /// True unless it is being deleted.
    pub fn is_there(&self) -> bool {
        self.status != Status::Going
    }

    /// The thing by kind and identifier.
    pub fn thing(&self) -> Physical {
        Physical::new(self.id.kind, self.physical.clone())
    }
}

/// Whose a thing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// This stack's.
    Ours,
    /// Nobody's: it bears no mark, and other tools leave such things behind. It is taken over.
    Unclaimed,
    /// Somebody else's; the text says whose, for example `stack shop/prod`.
    Foreign(String),
}

/// What state a thing is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It can be used and changed.
    Ready,
    /// It is being made or changed; a change waits.
    Busy,
    /// It is being deleted, and counts as absent after a wait.
    Going,
    /// It can only be replaced; the text says why.
    Broken(String),
}
