//! Looks at AWS: one sweep per kind, all at once, then what the sweeps hint at, then the children of what is ours. Reads
//! only.

use crate::aws::pages::all_pages;
use crate::aws::{Context, Result, tags};
use crate::kind::{AnyKind, Parent, kind, kinds};
use crate::model::{Blind, Owner, Physical, Seen, World};
use aws_sdk_resourcegroupstagging::types::TagFilter;
use futures_util::future::{join_all, try_join_all};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that bears a wanted name, and everything that is ours.
///
/// # Errors
/// A read that failed; only a refused listing is no error but a blind spot of the [`World`].
pub async fn observe(ctx: &Context) -> Result<World> {
    let roots = kinds().iter().filter(|kind| kind.parent().is_none());
    let sweeps = join_all(roots.map(|kind| sweep(ctx, *kind)));
    let (sweeps, candidates) = futures_util::join!(sweeps, candidates(ctx));
    let mut world = World::default();
    for sweep in sweeps {
        add(&mut world, sweep?);
    }
    let mut hints = match candidates {
        Ok(candidates) => candidates,
        Err(error) if error.is_denied() => {
            // Without the tagging API only what roles and log groups tell of is found among the functions.
            world.blind.push(Blind { kind: "function", why: error.to_string() });
            if !ctx.scope.teardown {
                world.blind.push(Blind { kind: "table", why: error.to_string() });
            }
            BTreeSet::new()
        }
        Err(error) => return Err(error),
    };
    follow(ctx, &mut world, &mut hints).await?;
    // A list that changes while it is read may show a thing twice; taken for two, one of them would be deleted.
    let mut known = BTreeSet::new();
    world.seen.retain(|seen| known.insert((seen.thing(), seen.parent.clone())));
    claim_routes(&mut world);
    Ok(world)
}

/// Looks at a kind, and then at what lives in those of it that are ours, while other kinds are still being looked at.
async fn sweep(ctx: &Context, kind: &dyn AnyKind) -> Result<World> {
    let (seen, blind) = kind.observe(ctx, &[]).await?;
    let mut world = children(ctx, &seen).await?;
    world.seen.extend(seen);
    world.blind.extend(blind.map(|why| Blind { kind: kind.name(), why }));
    Ok(world)
}

pub(crate) fn add(world: &mut World, more: World) {
    world.seen.extend(more.seen);
    world.blind.extend(more.blind);
}

/// Reads what was hinted at and not seen yet, until nothing new is hinted at. What turns out to be another's is left out:
/// nobody asked for it.
async fn follow(ctx: &Context, world: &mut World, hints: &mut BTreeSet<Physical>) -> Result<()> {
    let mut known: BTreeSet<Physical> = BTreeSet::new();
    loop {
        known.extend(world.seen.iter().map(Seen::thing));
        hints.extend(
            world.seen.iter().filter(|seen| seen.owner == Owner::Ours).flat_map(|seen| seen.hints.clone()),
        );
        let unseen =
            hints.iter().filter(|hint| !known.contains(hint) && !ctx.scope.wants(hint.kind, &hint.id));
        let fresh: Vec<Physical> = unseen.cloned().collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let read = fresh.iter().map(async |hint| {
            kind(hint.kind).read(ctx, &hint.id, None).await.map_err(|error| error.about(&hint.id))
        });
        let read = try_join_all(read).await?;
        known.extend(fresh);
        let ours = read.into_iter().flatten().filter(|seen| !matches!(seen.owner, Owner::Foreign(_)));
        let ours: Vec<Seen> = ours.collect();
        add(world, children(ctx, &ours).await?);
        world.seen.extend(ours);
    }
}

/// What the tagging API knows of ours among functions and tables. It misses new things and remembers deleted ones, so
/// these are only candidates, each confirmed by its own service [aws-facts: Resource Groups Tagging API].
async fn candidates(ctx: &Context) -> Result<BTreeSet<Physical>> {
    let filter = TagFilter::builder().key(tags::STACK).values(ctx.scope.identity.to_string()).build();
    let get = ctx.clients.tagging.get_resources().tag_filters(filter);
    let get = get.resource_type_filters("lambda:function").resource_type_filters("dynamodb:table");
    let resources = all_pages("tag:GetResources", async |token| {
        let page = get.clone().set_pagination_token(token).send().await?;
        Ok((page.resource_tag_mapping_list.unwrap_or_default(), page.pagination_token))
    })
    .await?;
    Ok(resources.iter().filter_map(|resource| resource.resource_arn().and_then(physical)).collect())
}

/// The function, table or log group of an ARN.
pub(crate) fn physical(arn: &str) -> Option<Physical> {
    const PREFIXES: [(&str, &str); 3] =
        [("function", "function:"), ("table", "table/"), ("log_group", "log-group:")];
    let resource = arn.splitn(6, ':').nth(5)?;
    PREFIXES.iter().find_map(|(kind, prefix)| Some(Physical::new(kind, resource.strip_prefix(prefix)?)))
}

/// Observes the kinds that live within others, under the parents among these that are ours.
pub(crate) async fn children(ctx: &Context, seen: &[Seen]) -> Result<World> {
    let mut parents: BTreeMap<&str, Vec<Parent>> = BTreeMap::new();
    for seen in seen.iter().filter(|seen| seen.owner == Owner::Ours && seen.is_there()) {
        let parent = Parent::new(&seen.id, &seen.physical);
        parents.entry(seen.id.kind).or_default().push(parent);
    }
    let sweeps = kinds().iter().filter_map(|kind| {
        let parents = parents.get(kind.parent()?)?;
        Some(async move { (kind.name(), kind.observe(ctx, parents).await) })
    });
    let mut world = World::default();
    for (kind, sweep) in join_all(sweeps).await {
        let (seen, blind) = sweep?;
        world.seen.extend(seen);
        world.blind.extend(blind.map(|why| Blind { kind, why }));
    }
    Ok(world)
}

/// A route that leads to an integration of ours is ours, though nothing on the route itself says so.
pub(crate) fn claim_routes(world: &mut World) {
    let ours = world.seen.iter().filter(|seen| seen.owner == Owner::Ours).map(Seen::thing);
    let ours: BTreeSet<Physical> = ours.filter(|thing| thing.kind == "integration").collect();
    for seen in world.seen.iter_mut().filter(|seen| seen.id.kind == "route") {
        if seen.refs.iter().any(|target| ours.contains(target)) {
            seen.owner = Owner::Ours;
        }
    }
}
