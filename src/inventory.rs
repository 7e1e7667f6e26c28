//! The stacks of an account and a region, by their ownership tags. Reads only, and knows no stack file.

use crate::aws::{Clients, Error, Result, tags};
use crate::kinds::function::LAMBDA;
use crate::kinds::log_group;
use crate::kinds::table::DYNAMODB;
use crate::model::{Identity, PhysicalId, Unreadable};
use crate::observe::physical_id;
use aws_sdk_dynamodb::types::TableStatus;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use futures_util::future::try_join_all;
use std::collections::{BTreeMap, BTreeSet};

/// The stacks of an account and a region.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// The stacks and their environments.
    pub stacks: BTreeMap<Identity, Contents>,
    /// The stacks of other regions, by the paths of their roles: IAM is global.
    pub elsewhere: BTreeMap<Identity, BTreeSet<String>>,
    /// The kinds that could not be listed.
    pub unreadable: Vec<Unreadable>,
}

/// The resources of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// The number of its resources by kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// The names of the tables that AWS refuses to delete.
    pub protected: BTreeSet<String>,
}

/// A resource with the ownership tag of a stack.
struct Tagged {
    identity: Identity,
    thing: PhysicalId,
    protected: bool,
    /// The region, for kinds that are listed for all regions.
    region: Option<String>,
}

impl Tagged {
    fn new(mark: &str, thing: PhysicalId) -> Self {
        Tagged { identity: Identity::of(mark), thing, protected: false, region: None }
    }
}

/// Finds every resource with an ownership tag.
///
/// # Errors
/// A read failed. If access is denied, it is no error: the kind is unreadable.
pub async fn inventory(clients: &Clients, region: &str) -> Result<Inventory> {
    let apis = async { vec![("api", apis(clients).await)] };
    let roles = async { vec![("role", roles(clients).await)] };
    let (apis, roles, tagged) = futures_util::join!(apis, roles, tagged(clients));
    let mut inventory = Inventory::default();
    for (kind, found) in apis.into_iter().chain(roles).chain(tagged) {
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
    fn add(&mut self, found: Tagged, here: &str) {
        if let Some(region) = found.region.filter(|region| region != here) {
            self.elsewhere.entry(found.identity).or_default().insert(region);
            return;
        }
        let contents = self.stacks.entry(found.identity).or_default();
        *contents.kinds.entry(found.thing.kind).or_default() += 1;
        if found.protected {
            contents.protected.insert(found.thing.id);
        }
    }
}

async fn apis(clients: &Clients) -> Result<Vec<Tagged>> {
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let response = clients.api().get_apis().max_results("100").set_next_token(token).send().await?;
        let tagged_apis = response.items().iter().filter_map(|api| {
            let mark = api.tags()?.get(tags::STACK)?;
            Some(Tagged::new(mark, PhysicalId::new("api", api.api_id().unwrap_or_default())))
        });
        found.extend(tagged_apis);
        token = response.next_token;
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// Roles by their path, `/provision/STACK/ENVIRONMENT/REGION/`: lists of roles never show tags [aws-facts: Corrections 4].
async fn roles(clients: &Clients) -> Result<Vec<Tagged>> {
    let mut pages = clients.iam().list_roles().path_prefix("/provision/").into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(role) = pages.next().await {
        let role = role?;
        let path: Vec<&str> = role.path().split('/').collect();
        if let ["", "provision", stack, environment, region, ""] = path.as_slice() {
            let environment = Some(*environment).filter(|environment| *environment != "_");
            let identity =
                Identity { stack: (*stack).to_owned(), environment: environment.map(str::to_owned) };
            let thing = PhysicalId::new("role", role.role_name());
            found.push(Tagged { identity, thing, protected: false, region: Some((*region).to_owned()) });
        }
    }
    Ok(found)
}

/// What the tagging API lists. It remembers deleted resources, so each service is asked whether they still exist
/// [aws-facts: Resource Groups Tagging API].
async fn tagged(clients: &Clients) -> Vec<(&'static str, Result<Vec<Tagged>>)> {
    let kinds = ["function", "table", "log_group"];
    let candidates = match candidates(clients).await {
        Ok(candidates) => candidates,
        Err(error) => return kinds.map(|kind| (kind, Err(error.clone()))).into(),
    };
    let of = |kind| candidates.iter().filter(move |(thing, _)| thing.kind == kind).cloned().collect();
    let (functions, tables, groups) = futures_util::join!(
        functions(clients, of("function")),
        tables(clients, of("table")),
        log_groups(clients, of("log_group"))
    );
    kinds.into_iter().zip([functions, tables, groups]).collect()
}

type Candidates = Vec<(PhysicalId, String)>;

async fn candidates(clients: &Clients) -> Result<Candidates> {
    let get = clients.tagging().get_resources().tag_filters(TagFilter::builder().key(tags::STACK).build());
    let get = get.resource_type_filters("lambda:function").resource_type_filters("dynamodb:table");
    let mut pages = get.resource_type_filters("logs:log-group").into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(resource) = pages.next().await {
        let resource = resource.map_err(Error::from)?;
        let mark = resource.tags().iter().find(|tag| tag.key() == tags::STACK);
        let thing = resource.resource_arn().and_then(physical_id);
        found.extend(thing.zip(mark.map(|mark| mark.value().to_owned())));
    }
    Ok(found)
}

async fn functions(clients: &Clients, candidates: Candidates) -> Result<Vec<Tagged>> {
    let existing = candidates.into_iter().map(async |(thing, _)| {
        let function = LAMBDA
            .not_found_as_none(clients.lambda().get_function().function_name(&thing.id).send().await)?;
        let mark = function.and_then(|function| function.tags?.remove(tags::STACK));
        Ok::<_, Error>(mark.map(|mark| Tagged::new(&mark, thing)))
    });
    Ok(try_join_all(existing).await?.into_iter().flatten().collect())
}

async fn tables(clients: &Clients, candidates: Candidates) -> Result<Vec<Tagged>> {
    let existing = candidates.into_iter().map(async |(thing, mark)| {
        let response = DYNAMODB
            .not_found_as_none(clients.dynamodb().describe_table().table_name(&thing.id).send().await)?;
        let table = response.and_then(|response| response.table);
        let table = table.filter(|table| table.table_status() != Some(&TableStatus::Deleting));
        Ok::<_, Error>(table.map(|table| Tagged {
            protected: table.deletion_protection_enabled().unwrap_or_default(),
            ..Tagged::new(&mark, thing)
        }))
    });
    Ok(try_join_all(existing).await?.into_iter().flatten().collect())
}

async fn log_groups(clients: &Clients, candidates: Candidates) -> Result<Vec<Tagged>> {
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let groups = clients.logs().describe_log_groups().log_group_name_prefix(log_group::PREFIX);
    let mut pages = groups.into_paginator().items().send();
    let mut there = BTreeSet::new();
    while let Some(group) = pages.next().await {
        there.extend(group?.log_group_name);
    }
    let found = candidates.into_iter().filter(|(thing, _)| there.contains(&thing.id));
    Ok(found.map(|(thing, mark)| Tagged::new(&mark, thing)).collect())
}
