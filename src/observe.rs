//! Looks at AWS: one sweep per kind, all at once, then what the sweeps hint at, then the children of what is ours. Reads
//! only.

use crate::aws::pages::all_pages;
use crate::aws::{Context, Result, tags};
use crate::kind::{AnyKind, Parent};
use crate::kinds::{kind, kinds};
use crate::model::{LiveState, Observed, Owner, PhysicalId, Unreadable};
use aws_sdk_resourcegroupstagging::types::TagFilter;
use futures_util::future::{join_all, try_join_all};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that bears a wanted name, and everything that is ours.
///
/// # Errors
/// A read that failed; only a refused listing is no error but a blind spot of the [`LiveState`].
pub async fn observe(ctx: &Context) -> Result<LiveState> {
    let roots = kinds().iter().filter(|kind| kind.parent().is_none());
    let sweeps = join_all(roots.map(|kind| sweep(ctx, *kind)));
    let (sweeps, candidates) = futures_util::join!(sweeps, candidates(ctx));
    let mut live_state = LiveState::default();
    for sweep in sweeps {
        add(&mut live_state, sweep?);
    }
    let mut hints = match candidates {
        Ok(candidates) => candidates,
        Err(error) if error.is_denied() => {
            // Without the tagging API only what roles and log groups tell of is found among the functions.
            live_state.unreadable.push(Unreadable { kind: "function", why: error.to_string() });
            if !ctx.scope.destroy {
                live_state.unreadable.push(Unreadable { kind: "table", why: error.to_string() });
            }
            BTreeSet::new()
        }
        Err(error) => return Err(error),
    };
    follow(ctx, &mut live_state, &mut hints).await?;
    // A list that changes while it is read may show a thing twice; taken for two, one of them would be deleted.
    let mut known = BTreeSet::new();
    live_state.observed.retain(|observed| known.insert((observed.key(), observed.parent.clone())));
    claim_routes(&mut live_state);
    Ok(live_state)
}

/// Looks at a kind, and then at what lives in those of it that are ours, while other kinds are still being looked at.
async fn sweep(ctx: &Context, kind: &dyn AnyKind) -> Result<LiveState> {
    let (observed, unreadable) = kind.observe(ctx, &[]).await?;
    let mut live_state = children(ctx, &observed).await?;
    live_state.observed.extend(observed);
    live_state.unreadable.extend(unreadable.map(|why| Unreadable { kind: kind.name(), why }));
    Ok(live_state)
}

pub(crate) fn add(live_state: &mut LiveState, more: LiveState) {
    live_state.observed.extend(more.observed);
    live_state.unreadable.extend(more.unreadable);
}

/// Reads what was hinted at and not seen yet, until nothing new is hinted at. What turns out to be another's is left out:
/// nobody asked for it.
async fn follow(ctx: &Context, live_state: &mut LiveState, hints: &mut BTreeSet<PhysicalId>) -> Result<()> {
    let mut known: BTreeSet<PhysicalId> = BTreeSet::new();
    loop {
        known.extend(live_state.observed.iter().map(Observed::key));
        hints.extend(
            live_state
                .observed
                .iter()
                .filter(|observed| observed.owner == Owner::Ours)
                .flat_map(|observed| observed.hints.clone()),
        );
        let unseen =
            hints.iter().filter(|hint| !known.contains(hint) && !ctx.scope.wants(hint.kind, &hint.id));
        let fresh: Vec<PhysicalId> = unseen.cloned().collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let read = fresh.iter().map(async |hint| {
            kind(hint.kind).read(ctx, &hint.id, None).await.map_err(|error| error.about(&hint.id))
        });
        let read = try_join_all(read).await?;
        known.extend(fresh);
        let ours =
            read.into_iter().flatten().filter(|observed| !matches!(observed.owner, Owner::Unmanaged(_)));
        let ours: Vec<Observed> = ours.collect();
        add(live_state, children(ctx, &ours).await?);
        live_state.observed.extend(ours);
    }
}

/// What the tagging API knows of ours among functions and tables. It misses new things and remembers deleted ones, so
/// these are only candidates, each confirmed by its own service [aws-facts: Resource Groups Tagging API].
async fn candidates(ctx: &Context) -> Result<BTreeSet<PhysicalId>> {
    let filter = TagFilter::builder().key(tags::STACK).values(ctx.scope.identity.to_string()).build();
    let get = ctx.clients.tagging.get_resources().tag_filters(filter);
    let get = get.resource_type_filters("lambda:function").resource_type_filters("dynamodb:table");
    let resources = all_pages("tag:GetResources", async |token| {
        let page = get.clone().set_pagination_token(token).send().await?;
        Ok((page.resource_tag_mapping_list.unwrap_or_default(), page.pagination_token))
    })
    .await?;
    Ok(resources.iter().filter_map(|resource| resource.resource_arn().and_then(physical_id)).collect())
}

/// The function, table or log group of an ARN.
pub(crate) fn physical_id(arn: &str) -> Option<PhysicalId> {
    const PREFIXES: [(&str, &str); 3] =
        [("function", "function:"), ("table", "table/"), ("log_group", "log-group:")];
    let resource = arn.splitn(6, ':').nth(5)?;
    PREFIXES.iter().find_map(|(kind, prefix)| Some(PhysicalId::new(kind, resource.strip_prefix(prefix)?)))
}

/// Observes the kinds that live within others, under the parents among these that are ours.
pub(crate) async fn children(ctx: &Context, observed: &[Observed]) -> Result<LiveState> {
    let mut parents: BTreeMap<&str, Vec<Parent>> = BTreeMap::new();
    for observed in observed.iter().filter(|observed| observed.owner == Owner::Ours && observed.exists()) {
        let parent = Parent::new(&observed.id, &observed.physical_id);
        parents.entry(observed.id.kind).or_default().push(parent);
    }
    let sweeps = kinds().iter().filter_map(|kind| {
        let parents = parents.get(kind.parent()?)?;
        Some(async move { (kind.name(), kind.observe(ctx, parents).await) })
    });
    let mut live_state = LiveState::default();
    for (kind, sweep) in join_all(sweeps).await {
        let (observed, unreadable) = sweep?;
        live_state.observed.extend(observed);
        live_state.unreadable.extend(unreadable.map(|why| Unreadable { kind, why }));
    }
    Ok(live_state)
}

/// A route that leads to an integration of ours is ours, though nothing on the route itself says so.
pub(crate) fn claim_routes(live_state: &mut LiveState) {
    let ours = live_state.observed.iter().filter(|observed| observed.owner == Owner::Ours).map(Observed::key);
    let ours: BTreeSet<PhysicalId> = ours.filter(|resource| resource.kind == "integration").collect();
    for observed in live_state.observed.iter_mut().filter(|observed| observed.id.kind == "route") {
        if observed.refs.iter().any(|target| ours.contains(target)) {
            observed.owner = Owner::Ours;
        }
    }
}
