//! What a kind of AWS resource must say of itself. A new kind is one file in [`crate::kinds`], and one line in the registry
//! there.

use crate::aws::{Context, Error, Result};
use crate::model::{Observed, PhysicalId, ResourceId};
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::future::Future;
use std::sync::Arc;

/// A kind of AWS thing. `observe` answers the same [`Kind::Spec`] that the stack file lowers to; with that, difference, "no
/// changes", drift and display are one piece of generic code, and no field's drift can be forgotten.
pub trait Kind: Send + Sync + 'static {
    /// The kind's name, for example `log_group`.
    const NAME: &'static str;
    /// The fields of `Spec` that AWS cannot change: another value means replacement.
    const IMMUTABLE: &'static [&'static str] = &[];
    /// The kinds that are made before this one where it mentions them, and deleted after it. Parents, what AWS must assign
    /// first and what a thing was seen to point to need no mention.
    const DEPENDS_ON: &'static [&'static str] = &[];
    /// The kind of the thing that this one dies with.
    const PARENT: Option<&'static str> = None;
    /// The fields of `Spec` whose values are never shown.
    const SENSITIVE: &'static [&'static str] = &[];
    /// What is lost with such a thing for good, where its end must be allowed expressly.
    const DATA: Option<&'static str> = None;
    /// How many things of this kind may be changed at a time.
    const MAX_CONCURRENCY: usize = 16;
    /// How many things of one parent may be changed at a time.
    const MAX_PER_PARENT: usize = usize::MAX;
    /// What such a thing is: fully resolved; what `observe` answers and what is sent.
    type Spec: Serialize + DeserializeOwned + Send + Sync;
    /// What AWS assigned: ids, ARNs; all that a reference may name.
    type Attributes: Serialize + DeserializeOwned + Send + Sync;

    /// Everything of this kind that is wanted, whoever owns it, and everything that is ours; for a kind with a parent,
    /// within the given ones.
    fn observe(ctx: &Context, parents: &[Parent]) -> impl Future<Output = Result<Observation<Self>>> + Send;
    /// The thing of a name, as it is now.
    fn read(
        ctx: &Context,
        name: &str,
        parent: Option<&Parent>,
    ) -> impl Future<Output = Result<ObservedOption<Self>>> + Send;
    /// The thing that AWS knows by this name or id, whoever owns it.
    fn find(ctx: &Context, physical_id: &str) -> impl Future<Output = Result<ObservedOption<Self>>> + Send {
        Self::read(ctx, physical_id, None)
    }
    /// Makes it, and waits until others can use it.
    fn create(
        ctx: &Context,
        id: &ResourceId,
        spec: &Self::Spec,
    ) -> impl Future<Output = Result<Self::Attributes>> + Send;
    /// Changes it to `to`, with no call for what does not differ.
    fn update(
        ctx: &Context,
        observed: &ObservedOf<Self>,
        to: &Self::Spec,
    ) -> impl Future<Output = Result<Self::Attributes>> + Send;
    /// What the plan says of an update where the differences alone do not tell what will happen: for example that AWS accepts
    /// a part of it only an hour later.
    fn update_note(_from: &Self::Spec, _to: &Self::Spec) -> Option<String> {
        None
    }
    /// Deletes it, and waits until it is gone. That it is gone already is success.
    fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> impl Future<Output = Result<()>> + Send;
    /// Checks, after this run has changed its parent or other children of that but not itself, that these changes took
    /// effect as far as this resource tells: a stage tells whether changed routes were deployed. `before` are its attributes
    /// from before the changes.
    fn verify(
        _ctx: &Context,
        _id: &ResourceId,
        _parent: &Parent,
        _before: &Self::Attributes,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }
}

/// A seen thing of a kind.
pub type ObservedOf<K> = Observed<<K as Kind>::Spec, <K as Kind>::Attributes>;
/// Perhaps a seen thing of a kind.
pub type ObservedOption<K> = Option<ObservedOf<K>>;

/// What an observation answers.
pub struct Observation<K: Kind + ?Sized> {
    /// What was seen.
    pub observed: Vec<ObservedOf<K>>,
    /// Why the search was not complete, where it was not.
    pub unreadable: Option<String>,
}

impl<K: Kind> From<Vec<ObservedOf<K>>> for Observation<K> {
    fn from(observed: Vec<ObservedOf<K>>) -> Self {
        Observation { observed, unreadable: None }
    }
}

/// A thing that has children.
#[derive(Debug, Clone)]
pub struct Parent {
    /// Its name within the stack.
    pub id: ResourceId,
    /// It, in AWS.
    pub physical_id: PhysicalId,
}

impl Parent {
    /// A parent by its name within the stack and its identifier in AWS.
    pub fn new(id: &ResourceId, physical_id: impl Into<String>) -> Self {
        Parent { id: id.clone(), physical_id: PhysicalId::new(id.kind, physical_id) }
    }
}

/// A kind behind the registry: the same, with JSON in place of the kind's own types.
pub trait AnyKind: Send + Sync {
    /// [`Kind::NAME`].
    fn name(&self) -> &'static str;
    /// [`Kind::IMMUTABLE`].
    fn immutable(&self) -> &'static [&'static str];
    /// [`Kind::DEPENDS_ON`].
    fn depends_on(&self) -> &'static [&'static str];
    /// [`Kind::PARENT`].
    fn parent(&self) -> Option<&'static str>;
    /// [`Kind::SENSITIVE`].
    fn sensitive(&self) -> &'static [&'static str];
    /// [`Kind::DATA`].
    fn data(&self) -> Option<&'static str>;
    /// [`Kind::MAX_CONCURRENCY`].
    fn max_concurrency(&self) -> usize;
    /// [`Kind::MAX_PER_PARENT`].
    fn max_per_parent(&self) -> usize;
    /// A spec in the form that `observe` would answer it.
    ///
    /// # Errors
    /// JSON that is no spec of this kind.
    fn normal(&self, spec: &Json) -> Result<Json>;
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
    fn update_note(&self, from: &Json, to: &Json) -> Option<String>;
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

    fn immutable(&self) -> &'static [&'static str] {
        K::IMMUTABLE
    }

    fn depends_on(&self) -> &'static [&'static str] {
        K::DEPENDS_ON
    }

    fn parent(&self) -> Option<&'static str> {
        K::PARENT
    }

    fn sensitive(&self) -> &'static [&'static str] {
        K::SENSITIVE
    }

    fn data(&self) -> Option<&'static str> {
        K::DATA
    }

    fn max_concurrency(&self) -> usize {
        K::MAX_CONCURRENCY
    }

    fn max_per_parent(&self) -> usize {
        K::MAX_PER_PARENT
    }

    fn normal(&self, spec: &Json) -> Result<Json> {
        encode(&decode::<K::Spec>(K::NAME, spec)?)
    }

    fn observe<'a>(
        &'a self,
        ctx: &'a Context,
        parents: &'a [Parent],
    ) -> BoxFuture<'a, Result<(Vec<Observed>, Option<String>)>> {
        Box::pin(async move {
            // An absent parent has no children, and is not asked for them.
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

    fn update_note(&self, from: &Json, to: &Json) -> Option<String> {
        K::update_note(&decode(K::NAME, from).ok()?, &decode(K::NAME, to).ok()?)
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
    T::deserialize(json)
        .map_err(|error| Error::internal(format!("a spec of the kind {kind} is not valid: {error}")))
}

fn encode<T: Serialize>(value: &T) -> Result<Json> {
    serde_json::to_value(value)
        .map_err(|error| Error::internal(format!("a spec cannot be written as JSON: {error}")))
}
