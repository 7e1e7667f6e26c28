//! Reads the live state from AWS: all kinds at once, then related resources that these reads point to, then the children of
//! what we own. Reads only.

use crate::aws::{Context, Error, Result, tags};
use crate::kind::{AnyKind, OwnListing, Parent, Registry};
use crate::model::{AttributeMap, LiveState, Observed, Owner, PhysicalId, ResourceId, Unreadable};
use futures_util::future::{join_all, try_join_all};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Everything that has a declared name, and everything that we own.
///
/// # Errors
/// A read that failed. A denied listing is no error: [`LiveState::unreadable`] names it.
pub async fn observe(ctx: &Context, registry: Registry) -> Result<LiveState> {
    let roots = registry.kinds().iter().filter(|kind| kind.parent().is_none());
    let sweeps = join_all(roots.map(|kind| sweep(ctx, registry, *kind)));
    let (sweeps, candidates, existing) =
        futures_util::join!(sweeps, candidates(ctx, registry), existing(ctx, registry));
    let mut live_state = LiveState { existing: existing?, ..LiveState::default() };
    for sweep in sweeps {
        add(&mut live_state, sweep?);
    }
    let mut hints = match candidates {
        Ok(candidates) => candidates,
        Err(error) if error.is_denied() => {
            // Without the tagging API only those are found that others name, as a role names its function.
            let found_alone = found_alone(ctx, registry).map(|kind| kind.name());
            live_state.unreadable.extend(found_alone.map(|kind| Unreadable { kind, why: error.to_string() }));
            BTreeSet::new()
        }
        Err(error) => return Err(error),
    };
    follow(ctx, registry, &mut live_state, &mut hints).await?;
    // A list that changes while it is read may show a resource twice; taken for two, one of them would be deleted.
    let mut known = BTreeSet::new();
    live_state.observed.retain(|observed| known.insert(observed.key()));
    let (existing, observed): (Vec<_>, Vec<_>) =
        live_state.observed.into_iter().partition(|observed| is_existing(ctx, &observed.key()));
    let ours =
        existing.into_iter().filter(|existing| existing.owner == Owner::Ours && existing.parent.is_none());
    live_state.claimed = ours.map(|existing| existing.key()).collect();
    live_state.observed = observed;
    claim(registry, &mut live_state);
    Ok(live_state)
}

/// True for what the stack file calls a resource of others, whatever its marks, and for all that is in it.
fn is_existing(ctx: &Context, observed: &PhysicalId) -> bool {
    let names = ctx.scope.existing.get(observed.kind);
    names.is_some_and(|names| names.contains(&observed.id))
        || observed.parent.as_deref().is_some_and(|parent| is_existing(ctx, parent))
}

/// The attributes of the resources of others that the stack refers to.
async fn existing(ctx: &Context, registry: Registry) -> Result<AttributeMap> {
    // `down` only has to know their names.
    let needed = ctx.scope.existing.iter().filter(|_| !ctx.scope.destroy);
    let all = needed.flat_map(|(kind, names)| names.iter().map(|name| (*kind, name)));
    let read = all.map(async |(kind, name)| {
        let found = registry.kind(kind).existing(ctx, name).await.map_err(|error| error.about(name))?;
        Ok::<_, Error>(found.map(|attributes| (ResourceId::new(kind, name), Arc::new(attributes))))
    });
    Ok(try_join_all(read).await?.into_iter().flatten().collect())
}

/// Reads a kind, and then the children of the resources that we own, while other kinds are still being read.
async fn sweep(ctx: &Context, registry: Registry, kind: &dyn AnyKind) -> Result<LiveState> {
    let (observed, unreadable) = kind.observe(ctx, &[]).await?;
    let mut live_state = children(ctx, registry, &observed).await?;
    live_state.observed.extend(observed);
    live_state.unreadable.extend(unreadable.map(|why| Unreadable { kind: kind.name(), why }));
    Ok(live_state)
}

pub(crate) fn add(live_state: &mut LiveState, more: LiveState) {
    live_state.observed.extend(more.observed);
    live_state.unreadable.extend(more.unreadable);
}

/// Reads related resources that were not observed yet, until there are no new ones. Those of other owners are left out: the
/// stack does not declare their names.
async fn follow(
    ctx: &Context,
    registry: Registry,
    live_state: &mut LiveState,
    hints: &mut BTreeSet<PhysicalId>,
) -> Result<()> {
    let mut known: BTreeSet<PhysicalId> = BTreeSet::new();
    loop {
        known.extend(live_state.observed.iter().map(Observed::key));
        // A hint by an ARN does not name the parent.
        let in_parents = live_state.observed.iter().filter(|observed| observed.parent.is_some());
        known.extend(in_parents.map(|child| PhysicalId::new(child.id.kind, child.physical_id.clone())));
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
            registry.kind(hint.kind).find(ctx, &hint.id).await.map_err(|error| error.about(&hint.id))
        });
        let read = try_join_all(read).await?;
        known.extend(fresh);
        let ours =
            read.into_iter().flatten().filter(|observed| !matches!(observed.owner, Owner::Unmanaged(_)));
        let ours: Vec<Observed> = ours.collect();
        add(live_state, children(ctx, registry, &ours).await?);
        live_state.observed.extend(ours);
    }
}

/// What we own by the tagging API, of the kinds that not always find it by a listing of their own. Each is confirmed by its
/// own service, since the API remembers deleted resources.
async fn candidates(ctx: &Context, registry: Registry) -> Result<BTreeSet<PhysicalId>> {
    let candidates = ctx.tagged().await?.keys().filter_map(|arn| registry.of_arn(arn));
    let is_listed = |candidate: &PhysicalId| {
        let tagging = registry.kind(candidate.kind).tagging();
        tagging.is_some_and(|tagging| tagging.own_listing == OwnListing::Always)
    };
    Ok(candidates.filter(|candidate| !is_listed(candidate)).collect())
}

/// The kinds whose undeclared resources only the tagging API finds.
fn found_alone(ctx: &Context, registry: Registry) -> impl Iterator<Item = &'static dyn AnyKind> {
    let alone =
        |kind: &&dyn AnyKind| kind.tagging().is_some_and(|tagging| tagging.finds_alone(ctx.scope.destroy));
    registry.kinds().iter().copied().filter(alone)
}

/// Observes the children of those of these resources that we own, and their children.
pub(crate) async fn children(ctx: &Context, registry: Registry, observed: &[Observed]) -> Result<LiveState> {
    let mut live_state = generation(ctx, registry, observed).await?;
    let mut from = 0;
    while from < live_state.observed.len() {
        let next = generation(ctx, registry, &live_state.observed[from..]).await?;
        from = live_state.observed.len();
        add(&mut live_state, next);
    }
    Ok(live_state)
}

/// Observes the children of those of these resources that we own.
async fn generation(ctx: &Context, registry: Registry, observed: &[Observed]) -> Result<LiveState> {
    let mut parents: BTreeMap<&str, Vec<Parent>> = BTreeMap::new();
    for observed in observed.iter().filter(|observed| observed.owner == Owner::Ours && observed.exists()) {
        let named = observed.spec["tags"][tags::APART].as_str().unwrap_or_default().to_owned();
        let attributes = Arc::clone(&observed.attributes);
        let parent = Parent { named, attributes, ..Parent::new(&observed.id, observed.key()) };
        parents.entry(observed.id.kind).or_default().push(parent);
    }
    let sweeps = registry.kinds().iter().filter_map(|kind| {
        let parents = parents.get(kind.parent()?.kind)?;
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

/// What has no ownership mark itself has the owner of what it refers to, where its kind says so: a route to an integration that we
/// own is ours, and a subscription that leads to a function of others is theirs.
pub(crate) fn claim(registry: Registry, live_state: &mut LiveState) {
    let (ours, theirs): (Vec<_>, Vec<_>) =
        live_state.observed.iter().partition(|observed| observed.owner == Owner::Ours);
    let keys = |of: Vec<&Observed>| of.into_iter().map(Observed::key).collect::<BTreeSet<_>>();
    let (ours, theirs) = (keys(ours), keys(theirs));
    for observed in &mut live_state.observed {
        let kind = registry.kind(observed.id.kind);
        let is_ours = |to: &&PhysicalId| kind.owned_with().contains(&to.kind) && ours.contains(to);
        let is_theirs = |to: &&PhysicalId| kind.theirs_with().contains(&to.kind) && theirs.contains(to);
        if observed.refs.iter().any(|to| is_ours(&to)) {
            observed.owner = Owner::Ours;
        } else if let Some(to) = observed.refs.first().filter(is_theirs) {
            observed.owner = Owner::Unmanaged(format!("{to} is not this stack's"));
        }
    }
}
