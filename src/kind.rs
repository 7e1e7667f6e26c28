//! The contract of a kind of AWS resource. A new kind is one file in [`crate::kinds`], and one line in the registry there.

mod features;
mod permission;

pub use features::{AdoptedBy, Companions, Features, Output, OwnListing, Owned, RunsCode, Tagging};
pub use permission::{Needs, On, Permission, Task, When, Which};

use crate::aws::{Clients, Context, Error, Result, Service};
use crate::diff::Change;
use crate::error::Failure;
use crate::model::{Graph, Observed, Owner, PhysicalId, ResourceId, Text, Texts, in_words};
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
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
    /// For a kind without ownership marks: a resource is ours if it refers to a resource of ours of this kind.
    const OWNED_WITH: Option<&'static str> = None;
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
    /// Waits until a resource that was observed as pending is ready, whatever the change in progress is.
    fn settle(_ctx: &Context, _observed: &ObservedOf<Self>) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }
    /// The immutable fields that differ, where that depends on the values and not on [`Kind::IMMUTABLE`] alone: a switch that
    /// can only be turned on, or properties of which the type of the resource decides.
    fn immutable_changes(_from: &Self::Spec<String>, _to: &Self::Spec<Text>) -> Vec<String> {
        Vec::new()
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
}

impl Parent {
    /// A parent by its logical and its physical id.
    pub fn new(id: &ResourceId, physical_id: PhysicalId) -> Self {
        Parent { id: id.clone(), physical_id: physical_id.into() }
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

/// A kind behind the registry: the same, with JSON in place of the kind's own types.
pub trait AnyKind: Send + Sync {
    /// [`Kind::NAME`].
    fn name(&self) -> &'static str;
    /// [`Kind::SERVICE`].
    fn service(&self) -> &'static Service;
    /// [`Kind::IMMUTABLE`].
    fn immutable(&self) -> &'static [&'static str];
    /// [`Kind::immutable_changes`].
    fn immutable_changes(&self, from: &Json, to: &Json) -> Vec<String>;
    /// [`Kind::DEPENDS_ON`].
    fn depends_on(&self) -> &'static [&'static str];
    /// [`Kind::PARENT`].
    fn parent(&self) -> Option<ParentKind>;
    /// [`Kind::ON_EXISTING`].
    fn on_existing(&self) -> OnExisting;
    /// [`Kind::REPLACEMENT`].
    fn replacement(&self) -> Replacement;
    /// [`Kind::SENSITIVE`].
    fn sensitive(&self) -> &'static [&'static str];
    /// [`Kind::DATA`].
    fn data(&self) -> Option<&'static str>;
    /// [`Kind::SECTION`].
    fn section(&self) -> &'static str;
    /// [`Kind::MAX_CONCURRENCY`].
    fn max_concurrency(&self) -> usize;
    /// [`Kind::MAX_PER_PARENT`].
    fn max_per_parent(&self) -> usize;
    /// [`Kind::PERMISSIONS`].
    fn permissions(&self) -> &'static [Permission];
    /// [`Kind::PHYSICAL_ID`] among attributes; `None` where they lack it.
    fn physical_id<'a>(&self, attributes: &'a Json) -> Option<&'a str>;
    /// [`Kind::TAGGING`].
    fn tagging(&self) -> Option<Tagging>;
    /// [`Kind::OWNED_WITH`].
    fn owned_with(&self) -> Option<&'static str>;
    /// [`Kind::RECREATED_BY_EVENTS`].
    fn recreated_by_events(&self) -> bool;
    /// [`Kind::FEATURES`].
    fn features(&self) -> Features;
    /// What so many resources are called.
    fn noun(&self, count: usize) -> String {
        let nouns = self.features().nouns.map(|nouns| nouns.map(str::to_owned));
        let [one, several] =
            nouns.unwrap_or_else(|| [in_words(self.name()), format!("{}s", in_words(self.name()))]);
        if count == 1 { one } else { several }
    }
    /// A desired spec in canonical form: where nothing is left to resolve, the form in which `observe` would return it.
    ///
    /// # Errors
    /// JSON that is no spec of this kind: it has an unknown field, lacks one, or has one of another type.
    fn normalise(&self, spec: &Json) -> std::result::Result<Json, String>;
    /// [`Kind::observe`].
    fn observe<'a>(
        &'a self,
        ctx: &'a Context,
        parents: &'a [Parent],
    ) -> BoxFuture<'a, Result<(Vec<Observed>, Option<String>)>>;
    /// [`Kind::read`].
    fn read<'a>(
        &'a self,
        ctx: &'a Context,
        name: &'a str,
        parent: Option<&'a Parent>,
    ) -> BoxFuture<'a, Result<Option<Observed>>>;
    /// [`Kind::find`].
    fn find<'a>(&'a self, ctx: &'a Context, physical_id: &'a str) -> BoxFuture<'a, Result<Option<Observed>>>;
    /// [`Kind::settle`].
    fn settle<'a>(&'a self, ctx: &'a Context, observed: &'a Observed) -> BoxFuture<'a, Result<()>>;
    /// [`Kind::create`].
    fn create<'a>(&'a self, ctx: &'a Context, id: &'a ResourceId, spec: Json) -> BoxFuture<'a, Result<Json>>;
    /// [`Kind::update`].
    fn update<'a>(
        &'a self,
        ctx: &'a Context,
        observed: &'a Observed,
        to: Json,
    ) -> BoxFuture<'a, Result<Json>>;
    /// [`Kind::update_note`].
    fn update_note(&self, update: &Update) -> Option<String>;
    /// [`Kind::delete`].
    fn delete<'a>(&'a self, ctx: &'a Context, observed: &'a Observed) -> BoxFuture<'a, Result<()>>;
    /// [`Kind::verify`].
    fn verify<'a>(
        &'a self,
        ctx: &'a Context,
        id: &'a ResourceId,
        parent: &'a Parent,
        before: &'a Json,
    ) -> BoxFuture<'a, Result<()>>;
    /// [`Kind::inventory`].
    fn inventory<'a>(&'a self, clients: &'a Clients, tagged: Vec<Owned>)
    -> BoxFuture<'a, Result<Vec<Owned>>>;
    /// [`Kind::companions`].
    ///
    /// # Errors
    /// It cannot be adopted as it is.
    fn companions(&self, observed: &Observed, declared: &Graph) -> std::result::Result<Companions, Failure>;
}

/// The registered kinds, each after its parent and what it refers to. The engine is handed this; it names no kind itself.
#[derive(Clone, Copy)]
pub struct Registry(&'static [&'static dyn AnyKind]);

impl Registry {
    /// A registry of kinds.
    pub const fn new(kinds: &'static [&'static dyn AnyKind]) -> Self {
        Registry(kinds)
    }

    /// All kinds.
    pub fn kinds(self) -> &'static [&'static dyn AnyKind] {
        self.0
    }

    /// The kind of a name.
    ///
    /// # Panics
    /// Never for the name of a registered kind, and every id is made from one.
    pub fn kind(self, name: &str) -> &'static dyn AnyKind {
        let found = self.0.iter().find(|kind| kind.name() == name);
        *found.unwrap_or_else(|| panic!("`{name}` is not a registered kind"))
    }

    /// The resource of an ARN that the tagging API shows.
    pub(crate) fn of_arn(self, arn: &str) -> Option<PhysicalId> {
        let of = |kind: &&dyn AnyKind| Some(PhysicalId::new(kind.name(), kind.tagging()?.physical_id(arn)?));
        self.0.iter().find_map(of)
    }

    /// True for a child that is deleted with its parent, without a call.
    pub(crate) fn cascades(self, kind: &str) -> bool {
        self.kind(kind).parent().is_some_and(|parent| parent.on_delete == OnParentDelete::Cascade)
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|kind| kind.name())).finish()
    }
}

/// Carries a kind into the registry.
pub(crate) struct Registered<K>(std::marker::PhantomData<fn() -> K>);

impl<K> Registered<K> {
    /// The entry of a kind.
    pub(crate) const NEW: Self = Registered(std::marker::PhantomData);
}

impl<K: Kind> AnyKind for Registered<K> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn service(&self) -> &'static Service {
        K::SERVICE
    }

    fn immutable(&self) -> &'static [&'static str] {
        K::IMMUTABLE
    }

    fn depends_on(&self) -> &'static [&'static str] {
        K::DEPENDS_ON
    }

    fn immutable_changes(&self, from: &Json, to: &Json) -> Vec<String> {
        let specs = decode(K::NAME, from).ok().zip(decode(K::NAME, to).ok());
        specs.map(|(from, to)| K::immutable_changes(&from, &to)).unwrap_or_default()
    }

    fn parent(&self) -> Option<ParentKind> {
        K::PARENT
    }

    fn on_existing(&self) -> OnExisting {
        K::ON_EXISTING
    }

    fn replacement(&self) -> Replacement {
        K::REPLACEMENT
    }

    fn sensitive(&self) -> &'static [&'static str] {
        K::SENSITIVE
    }

    fn data(&self) -> Option<&'static str> {
        K::DATA
    }

    fn section(&self) -> &'static str {
        K::SECTION
    }

    fn max_concurrency(&self) -> usize {
        K::MAX_CONCURRENCY
    }

    fn max_per_parent(&self) -> usize {
        K::MAX_PER_PARENT
    }

    fn permissions(&self) -> &'static [Permission] {
        K::PERMISSIONS
    }

    fn physical_id<'a>(&self, attributes: &'a Json) -> Option<&'a str> {
        attributes.get(K::PHYSICAL_ID)?.as_str()
    }

    fn tagging(&self) -> Option<Tagging> {
        K::TAGGING
    }

    fn owned_with(&self) -> Option<&'static str> {
        K::OWNED_WITH
    }

    fn recreated_by_events(&self) -> bool {
        K::RECREATED_BY_EVENTS
    }

    fn features(&self) -> Features {
        K::FEATURES
    }

    fn normalise(&self, spec: &Json) -> std::result::Result<Json, String> {
        let spec = K::Spec::<Text>::deserialize(spec).map_err(|error| error.to_string())?;
        serde_json::to_value(&spec).map_err(|error| error.to_string())
    }

    fn observe<'a>(
        &'a self,
        ctx: &'a Context,
        parents: &'a [Parent],
    ) -> BoxFuture<'a, Result<(Vec<Observed>, Option<String>)>> {
        Box::pin(async move {
            // A parent that does not exist has no children: no call is needed.
            if K::PARENT.is_some() && parents.is_empty() {
                return Ok((Vec::new(), None));
            }
            let observation = K::observe(ctx, parents).await?;
            let observed = observation.observed.into_iter().map(erase::<K>).collect::<Result<_>>()?;
            Ok((observed, observation.unreadable))
        })
    }

    fn read<'a>(
        &'a self,
        ctx: &'a Context,
        name: &'a str,
        parent: Option<&'a Parent>,
    ) -> BoxFuture<'a, Result<Option<Observed>>> {
        Box::pin(async move { K::read(ctx, name, parent).await?.map(erase::<K>).transpose() })
    }

    fn find<'a>(&'a self, ctx: &'a Context, physical_id: &'a str) -> BoxFuture<'a, Result<Option<Observed>>> {
        Box::pin(async move { K::find(ctx, physical_id).await?.map(erase::<K>).transpose() })
    }

    fn settle<'a>(&'a self, ctx: &'a Context, observed: &'a Observed) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { K::settle(ctx, &restore::<K>(observed)?).await })
    }

    fn create<'a>(&'a self, ctx: &'a Context, id: &'a ResourceId, spec: Json) -> BoxFuture<'a, Result<Json>> {
        Box::pin(async move { encode(&K::create(ctx, id, &decode(K::NAME, &spec)?).await?) })
    }

    fn update<'a>(
        &'a self,
        ctx: &'a Context,
        observed: &'a Observed,
        to: Json,
    ) -> BoxFuture<'a, Result<Json>> {
        Box::pin(
            async move { encode(&K::update(ctx, &restore::<K>(observed)?, &decode(K::NAME, &to)?).await?) },
        )
    }

    fn update_note(&self, update: &Update) -> Option<String> {
        let Update { id, from, to, changes, unchanged } = *update;
        let (from, to) = (decode(K::NAME, from).ok()?, decode(K::NAME, to).ok()?);
        K::update_note(&Update { id, from: &from, to: &to, changes, unchanged })
    }

    fn delete<'a>(&'a self, ctx: &'a Context, observed: &'a Observed) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { K::delete(ctx, &restore::<K>(observed)?).await })
    }

    fn verify<'a>(
        &'a self,
        ctx: &'a Context,
        id: &'a ResourceId,
        parent: &'a Parent,
        before: &'a Json,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { K::verify(ctx, id, parent, &decode(K::NAME, before)?).await })
    }

    fn inventory<'a>(
        &'a self,
        clients: &'a Clients,
        tagged: Vec<Owned>,
    ) -> BoxFuture<'a, Result<Vec<Owned>>> {
        Box::pin(K::inventory(clients, tagged))
    }

    fn companions(&self, observed: &Observed, declared: &Graph) -> std::result::Result<Companions, Failure> {
        K::companions(&restore::<K>(observed)?, declared)
    }
}

/// JSON as a desired spec of a kind, if it is one.
pub(crate) fn desired<K: Kind>(spec: &Json) -> Option<K::Spec<Text>> {
    K::Spec::deserialize(spec).ok()
}

fn erase<K: Kind>(observed: ObservedOf<K>) -> Result<Observed> {
    let (spec, attributes) = (encode(&observed.spec)?, encode(&observed.attributes)?);
    Ok(convert(&observed, spec, Arc::new(attributes)))
}

fn restore<K: Kind>(observed: &Observed) -> Result<ObservedOf<K>> {
    let (spec, attributes) = (decode(K::NAME, &observed.spec)?, decode(K::NAME, &observed.attributes)?);
    Ok(convert(observed, spec, attributes))
}

fn convert<S, L, S2, L2>(observed: &Observed<S, L>, spec: S2, attributes: L2) -> Observed<S2, L2> {
    Observed {
        id: observed.id.clone(),
        physical_id: observed.physical_id.clone(),
        parent: observed.parent.clone(),
        spec,
        attributes,
        owner: observed.owner.clone(),
        status: observed.status.clone(),
        refs: observed.refs.clone(),
        hints: observed.hints.clone(),
        created: observed.created,
        protected: observed.protected,
        contains_data: observed.contains_data.clone(),
        unmanaged_settings: observed.unmanaged_settings.clone(),
    }
}

fn decode<T: DeserializeOwned>(kind: &str, json: &Json) -> Result<T> {
    T::deserialize(json).map_err(|error| Error::internal(format!("invalid {kind}: {error}")))
}

fn encode<T: Serialize>(value: &T) -> Result<Json> {
    serde_json::to_value(value).map_err(|error| Error::internal(format!("not valid as JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use crate::kinds::kind;
    use serde_json::{Value as Json, json};

    fn api(change: impl Fn(&mut Json)) -> Result<Json, String> {
        let cors = json!({
            "allow_origins": ["*"], "allow_methods": [], "allow_headers": [], "expose_headers": [], "max_age": null,
            "allow_credentials": false,
        });
        let mut spec = json!({
            "name": "shop", "description": "", "protocol": "HTTP", "cors": cors, "execute_api_endpoint": true,
            "tags": {},
        });
        change(&mut spec);
        kind("api").normalise(&spec)
    }

    fn remove(spec: &mut Json, field: &str) {
        spec.as_object_mut().expect("a map").remove(field);
    }

    #[test]
    fn a_spec_has_all_fields_of_its_kind_and_no_others() {
        assert!(api(|_| ()).is_ok());
        let unknown = api(|spec| spec["descripton"] = "x".into()).expect_err("unknown");
        assert!(unknown.starts_with("unknown field `descripton`, expected one of"), "{unknown}");
        let nested = api(|spec| spec["cors"]["age"] = 5.into()).expect_err("unknown");
        assert!(nested.starts_with("unknown field `age`"), "{nested}");
        assert_eq!(api(|spec| remove(spec, "name")), Err("missing field `name`".to_owned()));
        let nested = api(|spec| remove(&mut spec["cors"], "allow_credentials"));
        assert_eq!(nested, Err("missing field `allow_credentials`".to_owned()));
    }

    #[test]
    fn every_kind_denies_unknown_fields() {
        for kind in crate::kinds::kinds() {
            let error = kind.normalise(&json!({ "no_such_field": 1 })).expect_err("unknown");
            assert!(error.starts_with("unknown field `no_such_field`"), "{}: {error}", kind.name());
        }
    }

    #[test]
    fn several_resources_are_called_as_their_kind_says() {
        let nouns = |name: &str| [0, 1, 2].map(|count| kind(name).noun(count));
        assert_eq!(nouns("api"), ["APIs", "API", "APIs"]);
        assert_eq!(nouns("log_group"), ["log groups", "log group", "log groups"]);
    }

    #[test]
    fn the_physical_id_is_the_attribute_that_the_kind_names() {
        let attributes = json!({ "id": "a1", "name": "shop" });
        assert_eq!(kind("api").physical_id(&attributes), Some("a1"));
        assert_eq!(kind("function").physical_id(&attributes), Some("shop"));
        assert_eq!(kind("stage").physical_id(&json!({ "id": "a1" })), None);
    }
}
