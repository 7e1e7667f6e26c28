//! Adoption of existing resources: which ones a request concerns, what `up` would then do, and their ownership tags. Prints
//! nothing and asks nothing.

use crate::aws::tags::{self, Tags, belongs_to};
use crate::aws::wait::{Backoff, Poll, wait_until};
use crate::aws::{Access, Class, Context, Error};
use crate::config::Stack;
use crate::desired::lower;
use crate::error::Failure;
use crate::event::Events;
use crate::kind::{AdoptedBy, AnyKind, Companions};
use crate::kinds::{kind, registry};
use crate::lower::Packages;
use crate::model::{Graph, LiveState, Observed, Owner, PhysicalId, ResourceId, Status};
use crate::observe::{add, children, claim};
use crate::outputs::key;
use crate::plan::{Options, Plan};
use crate::reconcile::Session;
use std::collections::BTreeMap;

/// What the user wants to adopt.
#[derive(Debug, Clone)]
pub struct AdoptRequest {
    /// The kind's name.
    pub kind: &'static str,
    /// What the kind is adopted by: the name, in AWS or in the stack file, or the physical id.
    pub name: String,
    /// The stack that owns it now.
    pub from: Option<String>,
}

/// The resources that a request concerns.
#[derive(Debug, Clone, Default)]
pub struct Adoption {
    /// The resources that get ownership tags, in this order. The requested one is last, so that after an interruption the
    /// same request continues.
    pub resources: Vec<Observed>,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl Session {
    /// Finds the requested resource, and those that come with it.
    ///
    /// # Errors
    /// It is not declared, does not exist, or belongs to another stack.
    pub async fn adoption(
        &self,
        stack: &Stack,
        live_state: &LiveState,
        request: &AdoptRequest,
    ) -> Result<Adoption, Failure> {
        let graph = lower(stack, &self.scope, &BTreeMap::new());
        let id = self.declared(&graph, request)?;
        let ctx = self.context(Access::Read, BTreeMap::new(), &Events::none());
        let kind = kind(request.kind);
        let physical_id = if is_by_id(kind) { &request.name } else { &id.name };
        let found = kind.find(&ctx, physical_id).await?;
        let Some(found) = found.map(|observed| Observed { id: id.clone(), ..observed }) else {
            let (what, scope) = (PhysicalId::new(request.kind, physical_id.clone()), &self.scope);
            let there = format!("in account {} and region {}", scope.account, scope.region);
            return Err(Failure::new(
                format!("there is no {what} {there}"),
                "check its name and region in the AWS console; --region NAME selects another region",
            ));
        };
        if let Some(other) =
            live_state.observed.iter().find(|observed| observed.id == id && is_another(observed, &found))
        {
            return Err(Failure::new(
                format!("the stack already has the {}", other.key()),
                format!(
                    "a stack has one {}; delete that one first with `provision down`, or adopt this one into another stack",
                    kind.noun(1)
                ),
            ));
        }
        let Companions { ids, notes } = kind.companions(&found, &graph)?;
        let mut adoption = Adoption { resources: Vec::new(), notes };
        for companion in ids {
            adoption.resources.extend(self::kind(companion.kind).find(&ctx, &companion.name).await?);
        }
        adoption.resources.push(found);
        adoption.resources = adoption
            .resources
            .into_iter()
            .map(|observed| check_adoptable(observed, &id, request))
            .collect::<Result<_, _>>()?;
        adoption.resources.retain(|observed| observed.owner != Owner::Ours);
        Ok(adoption)
    }

    /// The id under which the stack file declares the requested resource.
    fn declared(&self, graph: &Graph, request: &AdoptRequest) -> Result<ResourceId, Failure> {
        let by_id = is_by_id(kind(request.kind));
        let declared = graph.resources.iter().map(|one| &one.id).filter(|id| id.kind == request.kind);
        let named = declared.clone().find(|id| by_id || id.name == request.name);
        let with_key = || declared.clone().find(|id| key(&self.scope.identity, id) == request.name);
        named.or_else(with_key).cloned().ok_or_else(|| {
            let what = ResourceId::new(request.kind, if by_id { "" } else { &request.name });
            let declared: Vec<&str> = declared.clone().map(|id| id.name.as_str()).collect();
            let declared = match declared.as_slice() {
                [] => "it declares none of this kind".to_owned(),
                names => format!("it declares {}", names.join(", ")),
            };
            let help = format!("first declare it under its name in AWS; {declared}");
            Failure::usage(format!("the stack file does not declare the {what}"), help)
        })
    }

    /// What `up` would do with the resources and their children after the adoption.
    ///
    /// # Errors
    /// A read failed.
    pub async fn plan_after_adoption(
        &self,
        stack: &Stack,
        packages: &Packages,
        live_state: &LiveState,
        adoption: &Adoption,
        options: &Options,
    ) -> Result<Plan, Failure> {
        let graph = lower(stack, &self.scope, packages);
        let mut live_state = live_state.clone();
        let adopted: Vec<PhysicalId> = adoption.resources.iter().map(Observed::key).collect();
        live_state
            .observed
            .retain(|observed| observed.parent.is_none() && !adopted.contains(&observed.key()));
        live_state
            .observed
            .extend(adoption.resources.iter().map(|observed| self.with_ownership_tags(&graph, observed)));
        let ctx = self.context(Access::Read, BTreeMap::new(), &Events::none());
        let mut within = children(&ctx, registry(), &live_state.observed).await?;
        within.observed.retain(|observed| !adopted.contains(&observed.key()));
        add(&mut live_state, within);
        claim(registry(), &mut live_state);
        let mut plan = self.plan(stack, packages, &live_state, options)?;
        let ids: Vec<&ResourceId> = adoption.resources.iter().map(|observed| &observed.id).collect();
        plan.steps
            .retain(|step| ids.contains(&&step.id) || step.id.parent().is_some_and(|one| ids.contains(&one)));
        plan.blockers.retain(|blocker| blocker.id.as_ref().is_some_and(|id| ids.contains(&id)));
        plan.unchanged.retain(|id| ids.contains(&id));
        plan.steps.iter_mut().for_each(|step| step.depends_on.clear());
        plan.notes.clear();
        Ok(plan)
    }

    /// Gives the resources the stack's ownership tags. After an interruption the next run continues.
    ///
    /// # Errors
    /// A call failed.
    pub async fn adopt(&self, stack: &Stack, adoption: &Adoption, events: Events) -> Result<(), Failure> {
        let graph = lower(stack, &self.scope, &BTreeMap::new());
        let ctx = self.context(Access::Write, BTreeMap::new(), &events);
        for observed in &adoption.resources {
            // An update that changes the tags alone, or the mark of what can have none.
            kind(observed.id.kind)
                .update(&ctx, observed, self.with_ownership_tags(&graph, observed).spec)
                .await?;
        }
        for observed in &adoption.resources {
            wait_for_tags(&ctx, observed).await?;
        }
        Ok(())
    }

    /// A resource with the ownership tags of the stack.
    fn with_ownership_tags(&self, graph: &Graph, observed: &Observed) -> Observed {
        let mut marked = Observed { owner: Owner::Ours, ..observed.clone() };
        // What can have no tags has its mark elsewhere, which every update writes.
        if observed.spec.get("tags").is_none() {
            return marked;
        }
        for (key, value) in tags::ownership_tags(&self.scope.identity, &observed.id, &Tags::new()) {
            marked.spec["tags"][key] = value.into();
        }
        // No ownership tag contains a value that AWS has yet to assign.
        let desired = graph.get(&observed.id).map(|resource| resource.desired.resolve(&|_| Some("")));
        if let Some(made_for) = desired.as_ref().and_then(|desired| desired["tags"].get(tags::FOR)) {
            marked.spec["tags"][tags::FOR] = made_for.clone();
        }
        marked
    }
}

/// Waits until the ownership tags are visible: some services show tags late, and until then `up` would treat the resource as
/// unmanaged.
async fn wait_for_tags(ctx: &Context, observed: &Observed) -> Result<(), Error> {
    let look = async || {
        let now = kind(observed.id.kind).find(ctx, &observed.physical_id).await?;
        let ours = now.is_none_or(|now| now.owner == Owner::Ours);
        Ok(if ours { Poll::Ready(()) } else { Poll::Pending("waiting for its ownership tags".to_owned()) })
    };
    match wait_until(Backoff::TAGS, ctx.waiting(&observed.id), look).await {
        Err(error) if error.class != Class::Timeout => Err(error),
        _ => Ok(()),
    }
}

/// True for a kind that is adopted by its physical id.
fn is_by_id(kind: &dyn AnyKind) -> bool {
    kind.features().adopted_by == Some(AdoptedBy::PhysicalId)
}

/// True for two resources of the same id.
fn is_another(observed: &Observed, found: &Observed) -> bool {
    observed.owner == Owner::Ours && observed.exists() && observed.key() != found.key()
}

/// Fails for a resource that belongs to another stack than the one that the user named.
fn check_adoptable(
    observed: Observed,
    requested: &ResourceId,
    request: &AdoptRequest,
) -> Result<Observed, Failure> {
    let rejected = |why: &str, help: String| Err(Failure::new(format!("{} {why}", observed.id), help));
    if observed.status == Status::Deleting {
        return rejected("is being deleted", "wait until it is deleted, then let `up` create it".to_owned());
    }
    let Owner::Unmanaged(who) = &observed.owner else { return Ok(observed) };
    let given = request.from.as_deref().is_some_and(|from| belongs_to(from).contains(who));
    let free = who == tags::UNOWNED;
    match (given, free) {
        (true, _) => Ok(observed),
        // What comes along may have been made by hand, or by the other stack.
        (false, true) if request.from.is_none() || observed.id != *requested => Ok(observed),
        (false, true) => rejected("belongs to no stack", "omit --from".to_owned()),
        (false, false) => {
            let why = format!("cannot be adopted: {who}");
            match who.split('`').nth(1).filter(|owner| belongs_to(owner).contains(who)) {
                Some(owner) => {
                    rejected(&why, format!("to move it from that stack to this one, add --from {owner}"))
                }
                None => rejected(&why, "it was not touched".to_owned()),
            }
        }
    }
}
