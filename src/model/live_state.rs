//! What AWS has, as far as it concerns a stack.

use super::ResourceId;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What AWS has assigned to a thing, by attribute. Plans and reports share it with what was seen.
pub type Attributes = Arc<Json>;

/// What AWS has assigned, by resource.
pub type AttributeMap = BTreeMap<ResourceId, Attributes>;

/// Everything observed: what is ours, and what bears a wanted name whoever owns it.
#[derive(Debug, Clone, Default)]
pub struct LiveState {
    /// What was seen.
    pub observed: Vec<Observed>,
    /// What could not be looked at. A refused listing is never "empty".
    pub unreadable: Vec<Unreadable>,
}

/// A listing that AWS refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The kind that could not be listed.
    pub kind: &'static str,
    /// Why.
    pub why: String,
}

/// A thing in AWS by its kind and the identifier that AWS knows it by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhysicalId {
    /// The kind's name.
    pub kind: &'static str,
    /// A name, or an id that AWS assigned.
    pub id: String,
}

impl PhysicalId {
    /// A thing of a kind.
    pub fn new(kind: &'static str, id: impl Into<String>) -> Self {
        PhysicalId { kind, id: id.into() }
    }
}

impl std::fmt::Display for PhysicalId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", super::in_words(self.kind), self.id)
    }
}

/// One thing in AWS. A kind answers it with its own types; past the registry both are JSON.
#[derive(Debug, Clone)]
pub struct Observed<S = Json, L = Attributes> {
    /// Its name within the stack.
    pub id: ResourceId,
    /// Its identifier in AWS.
    pub physical_id: String,
    /// The thing that it lives and dies with.
    pub parent: Option<PhysicalId>,
    /// What it is, in the very form that the stack file lowers to.
    pub spec: S,
    /// What AWS assigned.
    pub attributes: L,
    /// Whose it is.
    pub owner: Owner,
    /// What state it is in.
    pub status: Status,
    /// The things that it points to.
    pub refs: Vec<PhysicalId>,
    /// Things that exist because of it, or it because of them: worth a look where they were not seen.
    pub hints: Vec<PhysicalId>,
    /// When it was made, in seconds since 1970, where AWS tells.
    pub created: Option<i64>,
    /// True if AWS refuses to delete it until its protection is taken off.
    pub protected: bool,
    /// The data that would be lost with it, for example `holds items`; `None` where there is none.
    pub contains_data: Option<String>,
    /// Settings that differ from AWS's defaults and that no field of ours manages, with their values, by name: for example
    /// `throttling_burst_limit`. Only `status` shows them; nothing changes them.
    pub unmanaged_settings: BTreeMap<String, String>,
}

impl<S, L> Observed<S, L> {
    /// A ready thing of ours or another's; the rest is set by field.
    pub fn new(
        id: ResourceId,
        physical_id: impl Into<String>,
        owner: Owner,
        spec: S,
        attributes: impl Into<L>,
    ) -> Self {
        Observed {
            id,
            physical_id: physical_id.into(),
            parent: None,
            spec,
            attributes: attributes.into(),
            owner,
            status: Status::Ready,
            refs: Vec::new(),
            hints: Vec::new(),
            created: None,
            protected: false,
            contains_data: None,
            unmanaged_settings: BTreeMap::new(),
        }
    }

    /// True unless it is being deleted.
    pub fn exists(&self) -> bool {
        self.status != Status::Deleting
    }

    /// The thing by kind and identifier.
    pub fn key(&self) -> PhysicalId {
        PhysicalId::new(self.id.kind, self.physical_id.clone())
    }
}

/// Whose a thing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// This stack's.
    Ours,
    /// Nobody's: it bears no mark, and other tools leave such things behind. It is taken over.
    Untagged,
    /// Somebody else's; the text says whose, for example `stack shop/prod`.
    Unmanaged(String),
}

/// What state a thing is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It can be used and changed.
    Ready,
    /// It is being made or changed; a change waits.
    Pending,
    /// It is being deleted, and counts as absent after a wait.
    Deleting,
    /// It can only be replaced; the text says why.
    Failed(String),
}
