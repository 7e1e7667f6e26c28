//! What a kind of AWS thing must say of itself, and the registry of all kinds. A new kind is one file in [`crate::kinds`]
//! and one line in [`kinds`].

use crate::aws::{Context, Error, Result};
use crate::kinds;
use crate::model::{Id, Physical, Seen};
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
    const FROZEN: &'static [&'static str] = &[];
    /// The kinds that are made before this one where it mentions them, and deleted after it. Parents, what AWS must assign
    /// first and what a thing was seen to point to need no mention.
    const AFTER: &'static [&'static str] = &[];
    /// The kind of the thing that this one dies with.
    const PARENT: Option<&'static str> = None;
    /// The fields of `Spec` whose values are never shown.
    const SECRET: &'static [&'static str] = &[];
    /// What is lost with such a thing for good, where its end must be allowed expressly.
    const LOSS: Option<&'static str> = None;
    /// How many things of this kind may be changed at a time.
    const WIDTH: usize = 16;
    /// How many things of one parent may be changed at a time.
    const LANE: usize = usize::MAX;
    /// What such a thing is: fully resolved; what `observe` answers and what is sent.
    type Spec: Serialize + DeserializeOwned + Send + Sync;
    /// What AWS assigned: ids, ARNs; all that a reference may name.
    type Live: Serialize + DeserializeOwned + Send + Sync;

    /// Everything of this kind that is wanted, whoever owns it, and everything that is ours; for a kind with a parent,
    /// within the given ones.
    fn observe(ctx: &Context, parents: &[Parent]) -> impl Future<Output = Result<Observed<Self>>> + Send;
    /// The thing of a name, as it is now.
    fn read(
        ctx: &Context,
        name: &str,
        parent: Option<&Parent>,
    ) -> impl Future<Output = Result<SeenOption<Self>>> + Send;
    /// The thing that AWS knows by this name or id, whoever owns it.
    fn find(ctx: &Context, physical: &str) -> impl Future<Output = Result<SeenOption<Self>>> + Send {
        Self::read(ctx, physical, None)
    }
    /// Makes it, and waits until others can use it.
    fn create(ctx: &Context, id: &Id, spec: &Self::Spec) -> impl Future<Output = Result<Self::Live>> + Send;
    /// Changes it to `to`, with no call for what does not differ.
    fn update(
        ctx: &Context,
        seen: &SeenOf<Self>,
        to: &Self::Spec,
    ) -> impl Future<Output = Result<Self::Live>> + Send;
    /// Deletes it, and waits until it is gone. That it is gone already is success.
    fn delete(ctx: &Context, seen: &SeenOf<Self>) -> impl Future<Output = Result<()>> + Send;
}

/// A seen thing of a kind.
pub type SeenOf<K> = Seen<<K as Kind>::Spec, <K as Kind>::Live>;
/// Perhaps a seen thing of a kind.
pub type SeenOption<K> = Option<SeenOf<K>>;

/// What an observation answers.
pub struct Observed<K: Kind + ?Sized> {
    /// What was seen.
    pub seen: Vec<SeenOf<K>>,
    /// Why the search was not complete, where it was not.
    pub blind: Option<String>,
}

impl<K: Kind> From<Vec<SeenOf<K>>> for Observed<K> {
    fn from(seen: Vec<SeenOf<K>>) -> Self {
        Observed { seen, blind: None }
    }
}

/// A thing that has children.
#[derive(Debug, Clone)]
pub struct Parent {
    /// Its name within the stack.
    pub id: Id,
    /// It, in AWS.
    pub thing: Physical,
}

impl Parent {
    /// A parent by its name within the stack and its identifier in AWS.
    pub fn new(id: &Id, physical: impl Into<String>) -> Self {
        Parent { id: id.clone(), thing: Physical::new(id.kind, physical) }
    }
}

/// A kind behind the registry: the same, with JSON in place of the kind's own types.
pub trait AnyKind: Send + Sync {
    /// [`Kind::NAME`].
    fn name(&self) -> &'static str;
    /// [`Kind::FROZEN`].
    fn frozen(&self) -> &'static [&'static str];
    /// [`Kind::AFTER`].
    fn after(&self) -> &'static [&'static str];
    /// [`Kind::PARENT`].
    fn parent(&self) -> Option<&'static str>;
    /// [`Kind::SECRET`].
    fn secret(&self) -> &'static [&'static str];
    /// [`Kind::LOSS`].
    fn loss(&self) -> Option<&'static str>;
    /// [`Kind::WIDTH`].
    fn width(&self) -> usize;
    /// [`Kind::LANE`].
    fn lane(&self) -> usize;
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
    ) -> BoxFuture<'a, Result<(Vec<Seen>, Option<String>)>>;
    /// [`Kind::read`].
    fn read<'a>(
        &'a self,
        ctx: &'a Context,
        name: &'a str,
        parent: Option<&'a Parent>,
    ) -> BoxFuture<'a, Result<Option<Seen>>>;
    /// [`Kind::find`].
    fn find<'a>(&'a self, ctx: &'a Context, physical: &'a str) -> BoxFuture<'a, Result<Option<Seen>>>;
    /// [`Kind::create`].
    fn create<'a>(&'a self, ctx: &'a Context, id: &'a Id, spec: Json) -> BoxFuture<'a, Result<Json>>;
    /// [`Kind::update`].
    fn update<'a>(&'a self, ctx: &'a Context, seen: &'a Seen, to: Json) -> BoxFuture<'a, Result<Json>>;
    /// [`Kind::delete`].
    fn delete<'a>(&'a self, ctx: &'a Context, seen: &'a Seen) -> BoxFuture<'a, Result<()>>;
}

/// Carries a kind into the registry.
struct Registered<K>(std::marker::PhantomData<fn() -> K>);

impl<K: Kind> AnyKind for Registered<K> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn frozen(&self) -> &'static [&'static str] {
        K::FROZEN
    }

    fn after(&self) -> &'static [&'static str] {
        K::AFTER
    }

    fn parent(&self) -> Option<&'static str> {
        K::PARENT
    }

    fn secret(&self) -> &'static [&'static str] {
        K::SECRET
    }

    fn loss(&self) -> Option<&'static str> {
        K::LOSS
    }

    fn width(&self) -> usize {
        K::WIDTH
    }

    fn lane(&self) -> usize {
        K::LANE
    }

    fn normal(&self, spec: &Json) -> Result<Json> {
        encode(&decode::<K::Spec>(K::NAME, spec)?)
    }

    fn observe<'a>(
        &'a self,
        ctx: &'a Context,
        parents: &'a [Parent],
    ) -> BoxFuture<'a, Result<(Vec<Seen>, Option<String>)>> {
        Box::pin(async move {
            // An absent parent has no children, and is not asked for them.
            if K::PARENT.is_some() && parents.is_empty() {
                return Ok((Vec::new(), None));
            }
            let observed = K::observe(ctx, parents).await?;
            let seen = observed.seen.into_iter().map(erase::<K>).collect::<Result<_>>()?;
            Ok((seen, observed.blind))
        })
    }

    fn read<'a>(
        &'a self,
        ctx: &'a Context,
        name: &'a str,
        parent: Option<&'a Parent>,
    ) -> BoxFuture<'a, Result<Option<Seen>>> {
        Box::pin(async move { K::read(ctx, name, parent).await?.map(erase::<K>).transpose() })
    }

    fn find<'a>(&'a self, ctx: &'a Context, physical: &'a str) -> BoxFuture<'a, Result<Option<Seen>>> {
        Box::pin(async move { K::find(ctx, physical).await?.map(erase::<K>).transpose() })
    }

    fn create<'a>(&'a self, ctx: &'a Context, id: &'a Id, spec: Json) -> BoxFuture<'a, Result<Json>> {
        Box::pin(async move { encode(&K::create(ctx, id, &decode(K::NAME, &spec)?).await?) })
    }

    fn update<'a>(&'a self, ctx: &'a Context, seen: &'a Seen, to: Json) -> BoxFuture<'a, Result<Json>> {
        Box::pin(async move { encode(&K::update(ctx, &restore::<K>(seen)?, &decode(K::NAME, &to)?).await?) })
    }

    fn delete<'a>(&'a self, ctx: &'a Context, seen: &'a Seen) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { K::delete(ctx, &restore::<K>(seen)?).await })
    }
}

fn erase<K: Kind>(seen: SeenOf<K>) -> Result<Seen> {
    let (spec, live) = (encode(&seen.spec)?, encode(&seen.live)?);
    Ok(convert(&seen, spec, Arc::new(live)))
}

fn restore<K: Kind>(seen: &Seen) -> Result<SeenOf<K>> {
    let (spec, live) = (decode(K::NAME, &seen.spec)?, decode(K::NAME, &seen.live)?);
    Ok(convert(seen, spec, live))
}

fn convert<S, L, S2, L2>(seen: &Seen<S, L>, spec: S2, live: L2) -> Seen<S2, L2> {
    Seen {
        id: seen.id.clone(),
        physical: seen.physical.clone(),
        parent: seen.parent.clone(),
        spec,
        live,
        owner: seen.owner.clone(),
        status: seen.status.clone(),
        refs: seen.refs.clone(),
        hints: seen.hints.clone(),
        created: seen.created,
        protected: seen.protected,
        holds: seen.holds.clone(),
    }
}

fn decode<T: DeserializeOwned>(kind: &str, json: &Json) -> Result<T> {
    T::deserialize(json).map_err(|error| Error::waited(format!("a {kind} cannot be like this: {error}")))
}

fn encode<T: Serialize>(value: &T) -> Result<Json> {
    serde_json::to_value(value)
        .map_err(|error| Error::waited(format!("it cannot be written as JSON: {error}")))
}

/// All kinds, each after its parent and what it refers to.
pub fn kinds() -> &'static [&'static dyn AnyKind] {
    macro_rules! kinds {
        ($($kind:ty),* $(,)?) => { &[$(&Registered::<$kind>(std::marker::PhantomData)),*] };
    }
    kinds![
        kinds::table::Table,
        kinds::role::Role,
        kinds::log_group::LogGroup,
        kinds::function::Function,
        kinds::api::Api,
        kinds::integration::Integration,
        kinds::route::Route,
        kinds::permission::Permission,
        kinds::stage::Stage,
    ]
}

/// The kind of a name.
///
/// # Panics
/// Never for the name of a registered kind, and every id is made from one.
pub fn kind(name: &str) -> &'static dyn AnyKind {
    let found = kinds().iter().find(|kind| kind.name() == name);
    *found.unwrap_or_else(|| panic!("`{name}` is not a registered kind"))
}
