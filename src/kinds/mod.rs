//! The kinds of AWS resources, one file each: its constants, its `Spec` and `Attributes`, its `impl Kind`, and what these
//! need. [`kinds`] is the registry.

pub mod api;
mod assumable;
pub(crate) mod environment;
pub mod function;
pub mod integration;
pub mod log_group;
pub mod permission;
pub mod role;
pub mod route;
mod settings;
pub mod stage;
pub mod table;

use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Context, Error, Result};
use crate::kind::{AnyKind, Parent, Registered};
use crate::model::ResourceId;
use futures_util::TryFutureExt;
use futures_util::future::try_join_all;
use std::collections::BTreeMap;
use std::future::Future;
use tokio::sync::Semaphore;

/// All kinds, each after its parent and what it refers to.
pub fn kinds() -> &'static [&'static dyn AnyKind] {
    macro_rules! kinds {
        ($($kind:ty),* $(,)?) => { &[$(&Registered::<$kind>::NEW),*] };
    }
    kinds![
        table::Table,
        role::Role,
        log_group::LogGroup,
        function::Function,
        api::Api,
        integration::Integration,
        route::Route,
        permission::Permission,
        stage::Stage,
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

/// How many things of a kind are read at a time. A service that asks for slower calls is not asked by all others meanwhile.
const READS: usize = 32;

/// Reads the things of many names side by side, and leaves out those that are not there.
async fn read_each<'a, T, F: Future<Output = Result<Option<T>>>>(
    names: impl IntoIterator<Item = &'a str>,
    read: impl Fn(&'a str) -> F,
) -> Result<Vec<T>> {
    let (places, read) = (Semaphore::new(READS), &read);
    let read = names.into_iter().map(|name| {
        let places = &places;
        async move {
            // The semaphore is never closed, so a failure means only that nobody is counting.
            let _place = places.acquire().await;
            read(name).await.map_err(|error| error.about(name))
        }
    });
    let read: Vec<Option<T>> = try_join_all(read).await?;
    Ok(read.into_iter().flatten().collect())
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

/// Repeats a change that conflicts with another one of the same resource. `conflict` tells such an error from all others: each
/// service has a code and a message of its own for it.
async fn retry_conflicts<T, F: Future<Output = Result<T>>>(
    ctx: &Context,
    id: &ResourceId,
    conflict: impl Fn(&Error) -> Option<&'static str>,
    change: impl Fn() -> F,
) -> Result<T> {
    retry_if(Backoff::CONFLICT, ctx.waiting(id), conflict, change).await
}

/// What AWS always answers to a call, or an error that says that this time it did not.
fn require<T>(value: Option<T>, operation: &str, what: &str) -> Result<T> {
    value.ok_or_else(|| Error::broken(operation, format!("AWS's answer lacks {what}")))
}

/// The same for a text, which is never empty.
fn require_str(value: Option<&str>, operation: &str, what: &str) -> Result<String> {
    require(value.filter(|text| !text.is_empty()).map(str::to_owned), operation, what)
}

/// Settings that nothing of ours manages: name, value and AWS's default, of which those count that differ from it.
fn unmanaged<const N: usize>(settings: [(&str, Option<&str>, &str); N]) -> BTreeMap<String, String> {
    let differ = settings.into_iter().filter_map(|(name, value, default)| {
        let value = value.filter(|value| *value != default)?;
        Some((name.to_owned(), value.to_owned()))
    });
    differ.collect()
}

/// The thing that others live in, which the engine names wherever it reads them.
fn within<'a>(parent: Option<&'a Parent>, what: &str) -> Result<&'a Parent> {
    parent.ok_or_else(|| Error::internal(format!("no {what} was given for a resource that belongs to one")))
}
