//! The kinds of AWS resources, one file each: its constants, its `Spec` and `Attributes`, its `impl Kind`, and what these
//! need. [`kinds`] is the registry.

pub mod alias;
mod apart;
pub mod api;
pub mod archive;
mod assumable;
pub mod bucket;
pub mod bus;
mod ends;
pub(crate) mod environment;
pub mod event_source;
pub(crate) mod fifo;
pub mod function;
pub mod function_url;
mod hidden;
pub mod integration;
mod key;
pub mod layer;
pub mod log_group;
mod mark;
pub mod notification;
pub mod parameter;
mod pattern;
pub mod permission;
pub mod policy;
pub mod queue;
pub mod remote_subscription;
pub mod role;
pub mod route;
pub mod rule;
pub mod schedule;
pub mod schedule_group;
pub mod secret;
mod settings;
pub mod stage;
mod started;
pub mod state_machine;
mod statements;
pub mod stream;
pub mod subscription;
pub mod subscription_filter;
pub mod table;
#[cfg(test)]
mod tests;
pub mod topic;

use self::event_source::{OfQueue, OfStream, OfTable};
use self::notification::section::OfBucket;
use self::permission::ByPrincipal;
use self::rule::OfBus;
use self::schedule::AtTimes;
use self::subscription::OfTopic;
use self::subscription_filter::OfLogGroup;
use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Context, Error, Result, Service, Tags};
use crate::config::declared::{Section, Sections};
use crate::config::trigger::Triggers;
use crate::kind::{AnyKind, Kind, ObservedOf, Parent, Registered, Registry, RunsCode, TakesValue};
use crate::lower::{AnyLowered, AnyLoweredTrigger, Lowers};
use crate::model::{Owner, ResourceId};
use futures_util::TryFutureExt;
use futures_util::future::try_join_all;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::future::Future;
use tokio::sync::Semaphore;

/// The registry: a line for each kind, after its parent and what it refers to. Its role in the stack file is a `section`, or that
/// its resources are items of `triggers`: a `trigger`, with a type for each sort of source. Entries are lowered in this order.
macro_rules! kinds {
    ($($kind:ty $(: $declared:ident $(($($trigger:ty),*))?)?),* $(,)?) => {
        /// All kinds, each after its parent and what it refers to.
        pub fn registry() -> Registry {
            Registry::new(&[$(&Registered::<$kind>::NEW),*])
        }

        /// What the kinds declare in the stack file.
        pub fn sections() -> Sections {
            Sections::new(
                &[$(role!(Section, $kind $(, $declared)?)),*],
                &[$($($($(&Triggers::<$trigger>::NEW,)*)?)?)*],
            )
        }

        /// The kinds that make resources of the stack file's entries.
        pub(crate) fn lowered() -> &'static [Option<&'static dyn AnyLowered>] {
            &[$(role!(Lowers, $kind $(, $declared)?)),*]
        }

        /// What makes resources of the items of `triggers`.
        pub(crate) fn lowered_triggers() -> &'static [&'static dyn AnyLoweredTrigger] {
            &[$($($($(&Lowers::<$trigger>::NEW,)*)?)?)*]
        }
    };
}

/// A kind in a list of those that have a section; `None` if it has none.
macro_rules! role {
    ($carrier:ident, $kind:ty, section) => {
        Some(&$carrier::<$kind>::NEW)
    };
    ($carrier:ident, $kind:ty $(, $other:ident)?) => {
        None
    };
}

kinds! {
    table::Table: section,
    queue::Queue: section,
    bucket::Bucket: section,
    topic::Topic: section,
    stream::Stream: section,
    bus::Bus: section,
    archive::Archive,
    parameter::Parameter: section,
    secret::Secret: section,
    layer::Layer: section,
    policy::Policy: section,
    role::Role: section,
    log_group::LogGroup,
    function::Function: section,
    alias::Alias,
    event_source::EventSource: trigger(OfQueue, OfTable, OfStream),
    api::Api: section,
    integration::Integration,
    route::Route,
    permission::Permission: trigger(ByPrincipal),
    notification::Notification: trigger(OfBucket),
    subscription::Subscription: trigger(OfTopic),
    remote_subscription::RemoteSubscription,
    subscription_filter::SubscriptionFilter: trigger(OfLogGroup),
    state_machine::StateMachine: section,
    rule::Rule: trigger(OfBus),
    schedule_group::ScheduleGroup,
    schedule::Schedule: trigger(AtTimes),
    function_url::FunctionUrl,
    stage::Stage,
}

/// All kinds.
pub fn kinds() -> &'static [&'static dyn AnyKind] {
    registry().kinds()
}

/// The services of all kinds, each once.
pub fn services() -> Vec<&'static Service> {
    let by_id: BTreeMap<&str, &Service> =
        kinds().iter().map(|kind| (kind.service().id, kind.service())).collect();
    by_id.into_values().collect()
}

/// The kind of a name.
///
/// # Panics
/// Never for the name of a registered kind, and every id is made from one.
pub fn kind(name: &str) -> &'static dyn AnyKind {
    registry().kind(name)
}

/// The kind that runs the user's code, which `invoke` calls and whose logs `logs` reads.
///
/// # Panics
/// Never: a test finds it.
pub fn code() -> (&'static dyn AnyKind, RunsCode) {
    let found = kinds().iter().find_map(|kind| Some((*kind, kind.features().runs_code?)));
    found.unwrap_or_else(|| panic!("no kind runs code"))
}

/// The kind whose resources take a value that the stack file does not give, which `secret set` sets.
///
/// # Panics
/// Never: a test finds it.
pub fn takes_value() -> (&'static dyn AnyKind, TakesValue) {
    let found = kinds().iter().find_map(|kind| Some((*kind, kind.features().takes_value?)));
    found.unwrap_or_else(|| panic!("no kind takes a value"))
}

/// How many resources of a kind are read at a time, so that a service that throttles does not get all calls at once.
const READS: usize = 32;

/// Reads the resources of many names at the same time, and leaves out those that do not exist.
async fn read_each<'a, T, F: Future<Output = Result<Option<T>>>>(
    names: impl IntoIterator<Item = &'a str>,
    read: impl Fn(&'a str) -> F,
) -> Result<Vec<T>> {
    let (places, read) = (Semaphore::new(READS), &read);
    let read = names.into_iter().map(|name| {
        let places = &places;
        async move {
            // The semaphore is never closed, so this cannot fail.
            let _place = places.acquire().await;
            read(name).await.map_err(|error| error.about(name))
        }
    });
    let read: Vec<Option<T>> = try_join_all(read).await?;
    Ok(read.into_iter().flatten().collect())
}

/// A resource with the tags that the tagging API has of it, where these are enough. They are some minutes late, so they are
/// enough only if by them the resource is ours and needs no change: then nothing is written to it. Before every other
/// update, and before every delete, its service says who owns it; `down` deletes whatever is ours, and asks for all of it.
async fn in_sync_by_tagging_api<K: Kind>(
    ctx: &Context,
    name: &str,
    arn: &str,
    with_tags: impl FnOnce(Tags) -> Result<ObservedOf<K>>,
) -> Result<Option<ObservedOf<K>>>
where
    K::Spec<String>: PartialEq,
{
    let Some(desired) = ctx.scope.desired(K::NAME, name).filter(|_| !ctx.scope.destroy) else {
        return Ok(None);
    };
    // Without the API, which is reported elsewhere, every resource is asked for.
    let Some(tags) = ctx.tagged().await.ok().and_then(|tagged| tagged.get(arn)) else { return Ok(None) };
    let observed = with_tags(tags.clone())?;
    let in_sync = K::Spec::<String>::deserialize(&desired).is_ok_and(|desired| desired == observed.spec);
    Ok(Some(observed).filter(|observed| in_sync && observed.owner == Owner::Ours))
}

/// Lists the children of many parents at once.
async fn list_each<'a, T, F: Future<Output = Result<Vec<T>>>>(
    parents: &'a [Parent],
    list: impl Fn(&'a Parent) -> F,
) -> Result<Vec<T>> {
    let lists =
        parents.iter().map(|parent| list(parent).map_err(|error| error.about(&parent.id.to_string())));
    Ok(try_join_all(lists).await?.into_iter().flatten().collect())
}

/// Repeats a change that conflicts with another one of the same resource. `conflict` recognises such an error: each
/// service has a code and a message of its own for it.
async fn retry_conflicts<T, F: Future<Output = Result<T>>>(
    ctx: &Context,
    id: &ResourceId,
    conflict: impl Fn(&Error) -> Option<&'static str>,
    change: impl Fn() -> F,
) -> Result<T> {
    retry_if(Backoff::CONFLICT, ctx.waiting(id), conflict, change).await
}

/// Repeats a change while a service refuses it for a reason that passes.
async fn retry_transient<T, F: Future<Output = Result<T>>>(
    ctx: &Context,
    service: &'static Service,
    id: &ResourceId,
    change: impl Fn() -> F,
) -> Result<T> {
    retry_conflicts(ctx, id, |error| service.transient(error), change).await
}

/// A member that every response of the operation has, or an error that says that this one lacks it.
fn require<T>(value: Option<T>, operation: &str, what: &str) -> Result<T> {
    value.ok_or_else(|| Error::broken(operation, format!("AWS's response lacks {what}")))
}

/// The same for a text, which is never empty.
fn require_str(value: Option<&str>, operation: &str, what: &str) -> Result<String> {
    require(value.filter(|text| !text.is_empty()).map(str::to_owned), operation, what)
}

/// Unmanaged settings: of the given names, values and AWS's defaults, those that differ from the default.
fn unmanaged<const N: usize>(settings: [(&str, Option<&str>, &str); N]) -> BTreeMap<String, String> {
    let differ = settings.into_iter().filter_map(|(name, value, default)| {
        let value = value.filter(|value| *value != default)?;
        Some((name.to_owned(), value.to_owned()))
    });
    differ.collect()
}

/// The parent, which the engine names wherever it reads children.
fn within<'a>(parent: Option<&'a Parent>, what: &str) -> Result<&'a Parent> {
    parent.ok_or_else(|| Error::internal(format!("the {what} of a resource is unknown")))
}
