//! Taking over what is there already: what a wish comes to, what `up` would then do, and the marks. Prints nothing and asks
//! nothing.

use crate::aws::tags::{self, Tags, belongs_to};
use crate::aws::wait::{Backoff, Poll, wait_until};
use crate::aws::{Access, Class, Context, Error};
use crate::config::Stack;
use crate::error::Failure;
use crate::event::Events;
use crate::kinds::kind;
use crate::kinds::log_group;
use crate::lower::{Packages, lower};
use crate::model::{Graph, LiveState, Observed, Owner, PhysicalId, ResourceId, Status};
use crate::observe::{add, children, claim_routes};
use crate::plan::{Options, Plan};
use crate::reconcile::Session;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What somebody wants to be taken over.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The kind's name.
    pub kind: &'static str,
    /// The name in AWS or in the stack file; of an API its id.
    pub name: String,
    /// The stack that it belongs to now.
    pub from: Option<String>,
}

/// What a wish comes to.
#[derive(Debug, Clone, Default)]
pub struct Adoption {
    /// What is to be marked, in this order: last what was asked for, so that who is interrupted asks for the same again.
    pub things: Vec<Observed>,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl Session {
    /// Finds what a wish is about, and what comes with it.
    ///
    /// # Errors
    /// That it is not declared, not there, or another's.
    pub async fn adoption(
        &self,
        stack: &Stack,
        live_state: &LiveState,
        wish: &Wish,
    ) -> Result<Adoption, Failure> {
        let graph = lower(stack, &self.scope, &BTreeMap::new());
        let id = self.declared(&graph, wish)?;
        let ctx = self.context(Access::Read, BTreeMap::new(), Events::none());
        let physical_id = if wish.kind == "api" { &wish.name } else { &id.name };
        let found = kind(wish.kind).find(&ctx, physical_id).await?;
        let Some(found) = found.map(|observed| Observed { id: id.clone(), ..observed }) else {
            let (what, scope) = (PhysicalId::new(wish.kind, physical_id.clone()), &self.scope);
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
                "a stack has one API; delete that one first with `provision down`, or adopt this one into another stack",
            ));
        }
        let mut adoption = Adoption::default();
        if wish.kind == "function" {
            self.bring(&ctx, &graph, &found, &mut adoption).await?;
        }
        adoption.things.push(found);
        adoption.things = adoption
            .things
            .into_iter()
            .map(|observed| may_be_taken(observed, &id, wish))
            .collect::<Result<_, _>>()?;
        adoption.things.retain(|observed| observed.owner != Owner::Ours);
        Ok(adoption)
    }

    /// The id under which the stack file declares what is wished for.
    fn declared(&self, graph: &Graph, wish: &Wish) -> Result<ResourceId, Failure> {
        let names = match wish.kind {
            "api" => vec![String::new()],
            _ => vec![wish.name.clone(), self.scope.identity.prefixed(&wish.name)],
        };
        let mut ids = names.into_iter().map(|name| ResourceId::new(wish.kind, name));
        let found = ids.find(|id| graph.get(id).is_some());
        found.ok_or_else(|| {
            let declared = graph.resources.iter().filter(|resource| resource.id.kind == wish.kind);
            let declared: Vec<&str> = declared.map(|resource| resource.id.name.as_str()).collect();
            let what = ResourceId::new(wish.kind, if wish.kind == "api" { "" } else { &wish.name });
            let declared = match declared.as_slice() {
                [] => "it declares none of this kind".to_owned(),
                names => format!("it declares {}", names.join(", ")),
            };
            let help = format!("first declare it under its name in AWS; {declared}");
            Failure::usage(format!("the stack file does not declare the {what}"), help)
        })
    }

    /// What comes with a function: the role and the log group of the names that the stack gives them.
    async fn bring(
        &self,
        ctx: &Context,
        graph: &Graph,
        function: &Observed,
        adoption: &mut Adoption,
    ) -> Result<(), Failure> {
        let text = |name: &str| function.spec.get(name).and_then(Json::as_str).unwrap_or_default();
        let own_role = text("role").rsplit('/').next().unwrap_or_default();
        let role = ResourceId::new("role", crate::kinds::role::name_for(&function.id.name));
        match graph.get(&role) {
            Some(_) if !own_role.eq_ignore_ascii_case(&role.name) => {
                return Err(Failure::new(
                    format!(
                        "{} has the role {own_role}, and the stack would make it the {role}: a role comes with its function \
                         under that name alone",
                        function.id
                    ),
                    format!(
                        "to let the function keep its role, set `role: {}` for it in the stack file; once it is taken over, \
                         the key may go, and `up` makes it a role of its own",
                        text("role")
                    ),
                ));
            }
            Some(_) => adoption.things.extend(kind("role").find(ctx, &role.name).await?),
            None => adoption
                .notes
                .push(format!("the role {own_role} is not changed, because the stack file names it")),
        }
        let group = ResourceId::new("log_group", format!("{}{}", log_group::PREFIX, function.id.name));
        adoption.things.extend(kind("log_group").find(ctx, &group.name).await?);
        if text("log_group") != group.name {
            let note = "is not changed; after the next `up` the function logs to";
            adoption.notes.push(format!("the log group {} {note} {}", text("log_group"), group.name));
        }
        Ok(())
    }

    /// What `up` would do with the things and what lives in them, were they the stack's.
    ///
    /// # Errors
    /// A read that failed.
    pub async fn afterwards(
        &self,
        stack: &Stack,
        packages: &Packages,
        live_state: &LiveState,
        adoption: &Adoption,
        options: &Options,
    ) -> Result<Plan, Failure> {
        let graph = lower(stack, &self.scope, packages);
        let mut live_state = live_state.clone();
        let taken: Vec<PhysicalId> = adoption.things.iter().map(Observed::key).collect();
        live_state.observed.retain(|observed| observed.parent.is_none() && !taken.contains(&observed.key()));
        live_state.observed.extend(adoption.things.iter().map(|observed| self.marked(&graph, observed)));
        let ctx = self.context(Access::Read, BTreeMap::new(), Events::none());
        let within = children(&ctx, &live_state.observed).await?;
        add(&mut live_state, within);
        claim_routes(&mut live_state);
        let mut plan = self.plan(stack, packages, &live_state, options)?;
        let ids: Vec<&ResourceId> = adoption.things.iter().map(|observed| &observed.id).collect();
        plan.steps.retain(|step| {
            ids.contains(&&step.id) || step.parent.as_ref().is_some_and(|one| ids.contains(&one))
        });
        plan.blockers.retain(|blocker| blocker.id.as_ref().is_some_and(|id| ids.contains(&id)));
        plan.unchanged.retain(|id| ids.contains(&id));
        plan.steps.iter_mut().for_each(|step| step.depends_on.clear());
        plan.notes.clear();
        Ok(plan)
    }

    /// Marks the things as the stack's. To be interrupted does no harm: the next time goes on.
    ///
    /// # Errors
    /// A call that failed.
    pub async fn adopt(&self, stack: &Stack, adoption: &Adoption, events: Events) -> Result<(), Failure> {
        let graph = lower(stack, &self.scope, &BTreeMap::new());
        let ctx = self.context(Access::Write, BTreeMap::new(), events);
        for observed in &adoption.things {
            // An update that changes the tags alone.
            kind(observed.id.kind).update(&ctx, observed, self.marked(&graph, observed).spec).await?;
        }
        for observed in &adoption.things {
            shows(&ctx, observed).await?;
        }
        Ok(())
    }

    /// A thing with the marks of the stack.
    fn marked(&self, graph: &Graph, observed: &Observed) -> Observed {
        let mut marked = Observed { owner: Owner::Ours, ..observed.clone() };
        for (key, value) in tags::ownership_tags(&self.scope.identity, &observed.id, &Tags::new()) {
            marked.spec["tags"][key] = value.into();
        }
        // What AWS has yet to assign is in no mark.
        let desired = graph.get(&observed.id).map(|resource| resource.desired.resolve(&|_| Some("")));
        let desired = desired.and_then(|desired| desired.known().ok());
        if let Some(made_for) = desired.as_ref().and_then(|desired| desired["tags"].get(tags::FOR)) {
            marked.spec["tags"][tags::FOR] = made_for.clone();
        }
        marked
    }
}

/// Waits until the marks can be seen: some services show tags late, and an `up` before that would take the thing for another's.
async fn shows(ctx: &Context, observed: &Observed) -> Result<(), Error> {
    let look = async || {
        let now = kind(observed.id.kind).find(ctx, &observed.physical_id).await?;
        let ours = now.is_none_or(|now| now.owner == Owner::Ours);
        Ok(if ours { Poll::Ready(()) } else { Poll::Pending("waiting for its ownership tags".to_owned()) })
    };
    match wait_until(Backoff::TAGS, ctx.waiting(&observed.id), look).await {
        Err(error) if error.class != Class::Waited => Err(error),
        _ => Ok(()),
    }
}

/// True if both stand for the same id, and are two things.
fn is_another(observed: &Observed, found: &Observed) -> bool {
    observed.owner == Owner::Ours && observed.exists() && observed.key() != found.key()
}

/// A thing that nobody has, or that the user has said whose it is; what is ours already too.
fn may_be_taken(observed: Observed, asked_for: &ResourceId, wish: &Wish) -> Result<Observed, Failure> {
    let refused = |why: &str, help: String| Err(Failure::new(format!("{} {why}", observed.id), help));
    if observed.status == Status::Deleting {
        return refused("is being deleted", "wait until it is deleted, then let `up` create it".to_owned());
    }
    let Owner::Unmanaged(who) = &observed.owner else { return Ok(observed) };
    let given = wish.from.as_deref().is_some_and(|from| belongs_to(from).contains(who));
    let free = who == tags::NOBODY;
    match (given, free) {
        (true, _) => Ok(observed),
        // What comes along may have been made by hand, or by the other stack.
        (false, true) if wish.from.is_none() || observed.id != *asked_for => Ok(observed),
        (false, true) => refused("belongs to no stack", "omit --from".to_owned()),
        (false, false) => {
            let why = format!("cannot be adopted: {who}");
            match who.split('`').nth(1).filter(|owner| belongs_to(owner).contains(who)) {
                Some(owner) => {
                    refused(&why, format!("to move it from that stack to this one, add --from {owner}"))
                }
                None => refused(&why, "it was not touched".to_owned()),
            }
        }
    }
}
