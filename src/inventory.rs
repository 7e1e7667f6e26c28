//! The stacks of an account and a region, by their ownership tags. Reads only, and knows no stack file.

use crate::aws::{Clients, Error, Result, tags};
use crate::kind::{AnyKind, Owned, Registry};
use crate::model::{Identity, Unreadable};
use aws_sdk_resourcegroupstagging::types::TagFilter;
use futures_util::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::OnceCell;

/// The stacks of an account and a region.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// The stacks and their environments.
    pub stacks: BTreeMap<Identity, Contents>,
    /// The stacks of other regions, by what is listed for all of them: IAM is global.
    pub elsewhere: BTreeMap<Identity, BTreeSet<String>>,
    /// The kinds that could not be listed.
    pub unreadable: Vec<Unreadable>,
}

/// The resources of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// The number of its resources by kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// The names of the resources that AWS refuses to delete.
    pub protected: BTreeSet<String>,
}

/// Finds every resource with an ownership tag.
///
/// # Errors
/// A read failed. If access is denied, it is no error: the kind is unreadable.
pub async fn inventory(clients: &Clients, registry: Registry, region: &str) -> Result<Inventory> {
    let tagged = &OnceCell::new();
    let lists = registry.kinds().iter().map(|kind| async move {
        let of_kind = match kind.tagging() {
            None => Ok(Vec::new()),
            Some(_) => tagged.get_or_init(|| sweep(clients, registry)).await.clone(),
        };
        (kind.name(), list(clients, *kind, of_kind).await)
    });
    let mut inventory = Inventory::default();
    for (kind, found) in join_all(lists).await {
        match found {
            Ok(found) => found.into_iter().for_each(|one| inventory.add(one, region)),
            Err(error) if error.is_denied() => {
                inventory.unreadable.push(Unreadable { kind, why: error.to_string() })
            }
            Err(error) => return Err(error),
        }
    }
    Ok(inventory)
}

impl Inventory {
    fn add(&mut self, found: Owned, here: &str) {
        if let Some(region) = found.region.filter(|region| region != here) {
            self.elsewhere.entry(found.identity).or_default().insert(region);
            return;
        }
        let contents = self.stacks.entry(found.identity).or_default();
        *contents.kinds.entry(found.physical_id.kind).or_default() += 1;
        if found.protected {
            contents.protected.insert(found.physical_id.id);
        }
    }
}

/// The resources of a kind, from its part of what the tagging API lists.
async fn list(clients: &Clients, kind: &dyn AnyKind, tagged: Result<Vec<Owned>>) -> Result<Vec<Owned>> {
    let mut tagged = tagged?;
    tagged.retain(|one| one.physical_id.kind == kind.name());
    kind.inventory(clients, tagged).await
}

/// What the tagging API lists. It remembers deleted resources, so each service is asked whether they still exist
/// [aws-facts: Resource Groups Tagging API].
async fn sweep(clients: &Clients, registry: Registry) -> Result<Vec<Owned>> {
    let types = registry.kinds().iter().filter_map(|kind| Some(kind.tagging()?.resource_type.to_owned()));
    let filter = TagFilter::builder().key(tags::STACK).build();
    let get = clients.tagging().get_resources().tag_filters(filter);
    let mut pages = get.set_resource_type_filters(Some(types.collect())).into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(resource) = pages.next().await {
        let resource = resource.map_err(Error::from)?;
        let mark = resource.tags().iter().find(|tag| tag.key() == tags::STACK);
        let physical_id = resource.resource_arn().and_then(|arn| registry.of_arn(arn));
        let arn = resource.resource_arn().map(str::to_owned);
        let owned = mark.zip(physical_id).map(|(mark, physical_id)| Owned::new(mark.value(), physical_id));
        found.extend(owned.map(|owned| Owned { arn, ..owned }));
    }
    Ok(found)
}
