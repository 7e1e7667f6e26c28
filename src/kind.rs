//! The contract of a kind of AWS resource. A new kind is one file in [`crate::kinds`], and one line in the registry there.

mod act;
mod features;
mod permission;
mod registry;
mod wire;

pub use act::{Act, ActField, Acted, Found, Perform, Reply};
pub use features::{
    AdoptedBy, Companions, Features, Fit, FitOf, Output, OwnListing, Owned, RunsCode, Tagging, TakesValue,
    UNKNOWN,
};
pub use permission::{Needs, On, Only, Permission, Task, When, Which};
pub use registry::{AnyKind, Registry};
pub(crate) use registry::{Registered, desired};
pub use wire::Wire;

use crate::aws::{Clients, Context, Error, Result, Service, tags};
use crate::diff::Change;
use crate::error::Failure;
use crate::model::{Graph, Observed, Owner, PhysicalId, ResourceId, Text, Texts};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::future::Future;
use std::sync::Arc;

/// The parent of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParentKind {
    /// The parent's kind.
    pub kind: &'static str,
    /// What becomes of the child where its parent is deleted.
    pub on_delete: OnParentDelete,
}

impl ParentKind {
    /// The relation to a parent of a kind.
    pub const fn new(kind: &'static str, on_delete: OnParentDelete) -> Self {
        ParentKind { kind, on_delete }
    }
}

/// What becomes of a resource where its parent is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnParentDelete {
    /// AWS deletes it with the parent: no call is needed.
    Cascade,
    /// AWS refuses to delete the parent while it exists: it is deleted before the parent, and created again after a parent
    /// that is replaced.
    Block,
    /// It stays, also where the parent is replaced. It is deleted before a parent that is deleted.
    Stay,
}

/// How a create call meets an existing resource of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnExisting {
    /// AWS refuses the call.
    Refuse,
    /// AWS returns the existing resource, whoever owns it, or overwrites it: the engine reads before it creates.
    Accept,
    /// AWS creates a second one: a call whose response was lost is never sent again before the engine has looked for what it
    /// may have created.
    Duplicate,
}

/// The order of the two halves of a replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replacement {
    /// The old one is deleted before the new one is created, since both would have the same name.
    DeleteFirst,
    /// The new one is created, what refers to the old one is changed, and then the old one is deleted.
    CreateFirst,
    /// The same, but AWS keeps the old one as an earlier version, which is not lost: the kind's delete takes away the versions
    /// that are too many.
    Version,
}

/// A way to move what stands for a released version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Onward, to the new version.
    Promote,
    /// Back, to the former one.
    RollBack,
}

/// A kind of AWS resource. `observe` returns the same [`Kind::Spec`] that the stack file lowers to. So differences, "no
/// changes", drift and display are one piece of generic code, and no field's drift can be forgotten.
pub trait Kind: Send + Sync + 'static {
    /// The kind's name, for example `log_group`.
    const NAME: &'static str;
    /// The service that has resources of this kind.
    const SERVICE: &'static Service;
    /// The immutable fields of `Spec`: another value forces replacement.
    const IMMUTABLE: &'static [&'static str] = &[];
    /// Kinds that this one depends on where it refers to them: created before it, deleted after it. Parents, references that
    /// are known after `up` only, and the references of observed resources need not be listed.
    const DEPENDS_ON: &'static [&'static str] = &[];
    /// The parent, within which resources of this kind are found.
    const PARENT: Option<ParentKind> = None;
    /// True if a tag of its parent says that it exists, which an update of the parent removes: the update waits for the delete,
    /// or an interrupted run leaves a resource that nothing finds.
    const NAMED_BY_PARENT: bool = false;
    /// True if what it refers to admits it: an update of that, which may end this, waits for its delete.
    const ADMITTED: bool = false;
    /// How a create call meets an existing resource of the same name.
    const ON_EXISTING: OnExisting = OnExisting::Refuse;
    /// How a resource is replaced.
    const REPLACEMENT: Replacement = Replacement::DeleteFirst;
    /// The fields of `Spec` with sensitive values, which are never shown.
    const SENSITIVE: &'static [&'static str] = &[];
    /// The data that is lost with the resource; deleting it requires `--allow-data-loss`.
    const DATA: Option<&'static str> = None;
    /// How many resources of this kind may be changed at a time.
    const MAX_CONCURRENCY: usize = 16;
    /// How many resources of one parent may be changed at a time.
    const MAX_PER_PARENT: usize = usize::MAX;
    /// The section of the stack file that declares resources of this kind; empty where none does.
    const SECTION: &'static str = "";
    /// The attribute that is the resource's physical id.
    const PHYSICAL_ID: &'static str = "name";
    /// The pattern of its ARN, see [`Scope::expand`](crate::model::Scope::expand); empty where the ARN does not follow from the
    /// name, or nothing needs it.
    const ARN: &'static str = "";
    /// Every call that `provision` makes for this kind, with what the deploy policy allows for it. The strict cloud finds a
    /// missing one.
    const PERMISSIONS: &'static [Permission];
    /// How the tagging API shows resources of this kind; `None` where it does not, or is not asked.
    const TAGGING: Option<Tagging> = None;
    /// For a kind without ownership marks: a resource is ours if it refers to a resource of ours of one of these kinds.
    const OWNED_WITH: &'static [&'static str] = &[];
    /// For a kind without ownership marks whose declared resources are ours: one whose first reference, to where it leads, is to a
    /// resource of others of one of these kinds is theirs.
    const THEIRS_WITH: &'static [&'static str] = &[];
    /// True if a late event can create a deleted resource again, without tags. `down` reads it by its name once more.
    const RECREATED_BY_EVENTS: bool = false;
    /// How the commands show and name resources of this kind.
    const FEATURES: Features = Features::NONE;
    /// The state of a resource: lowering makes a `Spec<Text>`, which may refer to other resources; `observe` returns and
    /// `create` takes a `Spec<String>`. One struct, so lowering cannot forget a field, and two types, so what is unresolved
    /// cannot be sent. In between stands JSON; the spec denies unknown fields, so none is lost there.
    type Spec<T: Texts>: Serialize + DeserializeOwned + Send + Sync;
    /// The attributes that AWS assigns, such as ids and ARNs: all that a reference may name.
    type Attributes: Serialize + DeserializeOwned + Send + Sync;

    /// Every resource of this kind that has a declared name, regardless of its owner, and every one that we own; for a kind
    /// with a parent, within the given ones.
    fn observe(ctx: &Context, parents: &[Parent]) -> impl Future<Output = Result<Observation<Self>>> + Send;
    /// The resource of a name, as it is now.
    fn read(
        ctx: &Context,
        name: &str,
        parent: Option<&Parent>,
    ) -> impl Future<Output = Result<ObservedOption<Self>>> + Send;
    /// The resource of a physical id, regardless of its owner. For a kind whose physical ids are its names.
    fn find(ctx: &Context, physical_id: &str) -> impl Future<Output = Result<ObservedOption<Self>>> + Send {
        Self::read(ctx, physical_id, None)
    }
    /// The attributes of a resource of others that the stack file names, by its physical id; `None` if it does not exist.
    fn existing(
        ctx: &Context,
        physical_id: &str,
    ) -> impl Future<Output = Result<Option<Self::Attributes>>> + Send {
        async move {
            let found = Self::find(ctx, physical_id).await?.filter(Observed::exists);
            Ok(found.map(|found| found.attributes))
        }
    }
    /// Waits until a resource that was observed as pending is ready, whatever the change in progress is.
    fn settle(_ctx: &Context, _observed: &ObservedOf<Self>) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }
    /// The immutable fields that differ, where that depends on the values and not on [`Kind::IMMUTABLE`] alone: a switch that
    /// can only be turned on, or properties of which the type of the resource decides.
    fn immutable_changes(_from: &Self::Spec<String>, _to: &Self::Spec<Text>) -> Vec<String> {
        Vec::new()
    }
    /// The attributes that an update lets AWS assign once more: what refers to them is changed after it.
    fn reassigned(
        _from: &Self::Spec<String>,
        _to: &Self::Spec<Text>,
        _changes: &[Change],
    ) -> &'static [&'static str] {
        &[]
    }
    /// Creates it, and waits until others can use it.
    fn create(
        ctx: &Context,
        id: &ResourceId,
        spec: &Self::Spec<String>,
    ) -> impl Future<Output = Result<Self::Attributes>> + Send;
    /// Changes it to `to`, with no call for what does not differ.
    fn update(
        ctx: &Context,
        observed: &ObservedOf<Self>,
        to: &Self::Spec<String>,
    ) -> impl Future<Output = Result<Self::Attributes>> + Send;
    /// What the plan says of an update where the differences alone do not tell what will happen: for example that AWS accepts
    /// a part of it only an hour later, or what that means for resources that the plan leaves `unchanged`.
    fn update_note(_update: &UpdateOf<Self>) -> Option<String> {
        None
    }
    /// Gives it a value that the stack file does not have, for a kind whose [`Features::takes_value`] says so.
    fn set_value(
        _ctx: &Context,
        _observed: &ObservedOf<Self>,
        _value: &str,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Err(Error::internal("this kind takes no value")) }
    }
    /// Moves it by hand, for a kind whose [`Features::releases`] says so. Returns what it stands for then; `None` where nothing
    /// was to be moved.
    fn release(
        _ctx: &Context,
        _observed: &ObservedOf<Self>,
        _to: &Self::Spec<Text>,
        _turn: Turn,
    ) -> impl Future<Output = Result<Option<String>>> + Send {
        async { Err(Error::internal("this kind has no releases")) }
    }
    /// Deletes it, and waits until it does not exist. If it does not exist already, that is success.
    fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> impl Future<Output = Result<()>> + Send;
    /// Verifies, after this run has changed its parent or siblings but not the resource itself, that these changes took effect,
    /// as far as this resource says so: a stage says whether changed routes were deployed. `before` are its attributes from
    /// before the changes.
    fn verify(
        _ctx: &Context,
        _id: &ResourceId,
        _parent: &Parent,
        _before: &Self::Attributes,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }
    /// The resources of all stacks, for `list`; none for a kind that is not listed. `tagged` is what the tagging API has of this
    /// kind. It remembers deleted resources, so they are returned only if they exist.
    fn inventory(_clients: &Clients, _tagged: Vec<Owned>) -> impl Future<Output = Result<Vec<Owned>>> + Send {
        async { Ok(Vec::new()) }
    }
    /// What is adopted together with a resource, of what the stack file declares.
    ///
    /// # Errors
    /// It cannot be adopted as it is.
    fn companions(
        _observed: &ObservedOf<Self>,
        _declared: &Graph,
    ) -> std::result::Result<Companions, Failure> {
        Ok(Companions::default())
    }
}

/// An observed resource of a kind.
pub type ObservedOf<K> = Observed<<K as Kind>::Spec<String>, <K as Kind>::Attributes>;
/// An observed resource of a kind, if it exists.
pub type ObservedOption<K> = Option<ObservedOf<K>>;

/// An update in a plan.
#[derive(Debug, Clone, Copy)]
pub struct Update<'a, S = Json, T = Json> {
    /// The resource.
    pub id: &'a ResourceId,
    /// What it is.
    pub from: &'a S,
    /// What it becomes.
    pub to: &'a T,
    /// What differs.
    pub changes: &'a [Change],
    /// The resources that the plan does not change.
    pub unchanged: &'a [ResourceId],
}

/// An update of a resource of a kind.
pub type UpdateOf<'a, K> = Update<'a, <K as Kind>::Spec<String>, <K as Kind>::Spec<Text>>;

/// The result of an observation.
pub struct Observation<K: Kind + ?Sized> {
    /// The observed resources.
    pub observed: Vec<ObservedOf<K>>,
    /// Why the search was not complete, where it was not.
    pub unreadable: Option<String>,
}

impl<K: Kind> From<Vec<ObservedOf<K>>> for Observation<K> {
    fn from(observed: Vec<ObservedOf<K>>) -> Self {
        Observation { observed, unreadable: None }
    }
}

/// A resource that has children.
#[derive(Debug, Clone)]
pub struct Parent {
    /// Its logical id.
    pub id: ResourceId,
    /// Its physical id.
    pub physical_id: Arc<PhysicalId>,
    /// What its tag `provision:settings` names, see [`Kind::NAMED_BY_PARENT`].
    pub named: String,
    /// Its attributes.
    pub attributes: Arc<Json>,
}

impl Parent {
    /// A parent by its logical and its physical id.
    pub fn new(id: &ResourceId, physical_id: PhysicalId) -> Self {
        Parent {
            id: id.clone(),
            physical_id: physical_id.into(),
            named: String::new(),
            attributes: Arc::default(),
        }
    }

    /// True if its tag names children of a kind.
    pub(crate) fn has(&self, named: &str) -> bool {
        tags::settings(&self.named).any(|name| name == named)
    }

    /// A child of this parent that is ready.
    pub fn child<S, A>(
        &self,
        kind: &'static str,
        name: impl Into<String>,
        physical_id: impl Into<String>,
        owner: Owner,
        (spec, attributes): (S, A),
    ) -> Observed<S, A> {
        let observed = Observed::new(self.id.child(kind, name), physical_id, owner, spec, attributes);
        Observed { parent: Some(Arc::clone(&self.physical_id)), ..observed }
    }
}
