//! The live state: what exists in AWS, as far as it concerns a stack.

use super::ResourceId;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The attributes that AWS has assigned to a resource. Plans and reports share them with the observed resource.
pub type Attributes = Arc<Json>;

/// The attributes of resources.
pub type AttributeMap = BTreeMap<ResourceId, Attributes>;

/// Everything observed: what we own, and what has a declared name regardless of its owner.
#[derive(Debug, Clone, Default)]
pub struct LiveState {
    /// The observed resources.
    pub observed: Vec<Observed>,
    /// The attributes of the resources of others that the stack refers to, by their ids; of those that exist.
    pub existing: AttributeMap,
    /// The resources that the stack calls those of others, and that have its ownership tag.
    pub claimed: Vec<PhysicalId>,
    /// What could not be read. A denied listing is never "empty".
    pub unreadable: Vec<Unreadable>,
}

/// A listing that AWS denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The kind that could not be listed.
    pub kind: &'static str,
    /// Why.
    pub why: String,
}

/// The physical id: the kind of a resource, and the identifier by which AWS knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhysicalId {
    /// The kind's name.
    pub kind: &'static str,
    /// A name, or an id that AWS assigned; for a kind with a parent unique within that only.
    pub id: String,
    /// The parent, where the kind has one.
    pub parent: Option<Arc<PhysicalId>>,
}

impl PhysicalId {
    /// A resource of a kind.
    pub fn new(kind: &'static str, id: impl Into<String>) -> Self {
        PhysicalId { kind, id: id.into(), parent: None }
    }

    /// A child of this resource.
    pub fn child(&self, kind: &'static str, id: impl Into<String>) -> Self {
        PhysicalId { kind, id: id.into(), parent: Some(Arc::new(self.clone())) }
    }
}

impl std::fmt::Display for PhysicalId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", super::in_words(self.kind), self.id)
    }
}

/// One resource in AWS. A kind returns it with its own types; past the registry both are JSON.
#[derive(Debug, Clone)]
pub struct Observed<S = Json, L = Attributes> {
    /// Its logical id.
    pub id: ResourceId,
    /// Its physical id.
    pub physical_id: String,
    /// The parent, where the kind has one.
    pub parent: Option<Arc<PhysicalId>>,
    /// Its live state, in the form that the stack file lowers to.
    pub spec: S,
    /// The attributes that AWS assigned.
    pub attributes: L,
    /// Its owner.
    pub owner: Owner,
    /// Its status.
    pub status: Status,
    /// The resources that it refers to.
    pub refs: Vec<PhysicalId>,
    /// Related resources that may be ours, to be read where no listing has shown them.
    pub hints: Vec<PhysicalId>,
    /// When it was created, in seconds since 1970, where AWS says so.
    pub created: Option<i64>,
    /// True if its deletion protection is on.
    pub protected: bool,
    /// The data that it contains and that is lost with it; `None` where there is none.
    pub contains_data: Option<String>,
    /// What a plan says of its deletion, where that is not all: for example how it can be undone.
    pub deletion_note: Option<String>,
    /// What `status` says of it, such as a running canary that the next `up` leaves alone.
    pub note: Option<String>,
    /// Settings that differ from AWS's defaults and that no field of ours manages, with their values, by name: for example
    /// `throttling_burst_limit`. Only `status` shows them; nothing changes them.
    pub unmanaged_settings: BTreeMap<String, String>,
}

impl<S, L> Observed<S, L> {
    /// A ready resource; the other fields are set one by one.
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
            deletion_note: None,
            note: None,
            unmanaged_settings: BTreeMap::new(),
        }
    }

    /// True unless it is being deleted.
    pub fn exists(&self) -> bool {
        self.status != Status::Deleting
    }

    /// The parent, where the kind has one.
    pub fn parent(&self) -> Option<&PhysicalId> {
        self.parent.as_deref()
    }

    /// Its physical id with its kind and its parent.
    pub fn key(&self) -> PhysicalId {
        PhysicalId { kind: self.id.kind, id: self.physical_id.clone(), parent: self.parent.clone() }
    }
}

/// The owner of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// This stack's.
    Ours,
    /// None: it has no ownership tag, and AWS creates such resources by itself. It is adopted.
    Untagged,
    /// Another owner; the text says which, for example `it belongs to the stack shop/prod`.
    Unmanaged(String),
}

/// The status of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It can be used and changed.
    Ready,
    /// It is being created or changed; another change waits.
    Pending,
    /// It is being deleted, and counts as absent after a wait.
    Deleting,
    /// It can only be replaced; the text says why.
    Failed(String),
}
