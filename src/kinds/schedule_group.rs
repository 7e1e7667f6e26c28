//! Schedule groups: a stack has one for its schedules, which cannot have tags themselves. It is their ownership mark
//! [aws-facts-services: Corrections 3].

use super::read_each;
use super::schedule;
use crate::aws::clients::client;
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, Poll, wait_until};
use crate::aws::{Clients, Context, Error, Errors, Refusal, Result, Service};
use crate::kind::{
    Features, Kind, Observation, ObservedOf, ObservedOption, On, OwnListing, Owned, Parent, Permission,
    Tagging, Task, When, Which,
};
use crate::model::{Identity, Observed, ResourceId, Status, Texts};
use aws_sdk_scheduler::operation::get_schedule_group::GetScheduleGroupOutput as Shown;
use aws_sdk_scheduler::primitives::DateTime;
use aws_sdk_scheduler::types::{ScheduleGroupState, Tag};
use futures_util::future::try_join_all;
use futures_util::try_join;
use serde::{Deserialize, Serialize};

/// EventBridge Scheduler. Its quotas are hundreds of calls a second [aws-facts-services: 4].
pub(crate) static SCHEDULER: Service = Service {
    errors: Errors {
        not_found: &[Refusal::Code("ResourceNotFoundException")],
        exists: &[Refusal::Saying("ConflictException", "already exists")],
        transient: &[(Refusal::Code("ConflictException"), "another change of it is in progress")],
        passing_limits: &[],
    },
    ..Service::new("Scheduler", "scheduler")
};

impl Clients {
    /// The client of EventBridge Scheduler.
    pub fn scheduler(&self) -> aws_sdk_scheduler::Client {
        client!(self, &SCHEDULER, aws_sdk_scheduler)
    }
}

/// A schedule group.
pub struct ScheduleGroup;

/// The desired state of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec<T = String> {
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// The attributes of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

/// The name of a stack's group. No other stack can have it: neither part of an identity has a dot.
pub(super) fn name_for(identity: &Identity) -> String {
    let environment = identity.environment.as_ref().map(|environment| format!(".{environment}"));
    format!("{}{}", identity.stack, environment.unwrap_or_default())
}

const ANY: On = On::new("ReadScheduleGroup", ScheduleGroup::NAME, Which::Any, &[ScheduleGroup::ARN]);
const DECLARED: On = On::new("ScheduleGroups", ScheduleGroup::NAME, Which::Declared, &[ScheduleGroup::ARN]);
const OWNED: On =
    On::new("MarkedScheduleGroups", ScheduleGroup::NAME, Which::Owned(""), &[ScheduleGroup::ARN]);

impl Kind for ScheduleGroup {
    const NAME: &'static str = "schedule_group";
    const SERVICE: &'static Service = &SCHEDULER;
    const ARN: &'static str = "arn:{partition}:scheduler:{region}:{account}:schedule-group/{name}";
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("scheduler:GetScheduleGroup", Task::READ, &ANY).when(When::DECLARED),
        Permission::same("scheduler:ListTagsForResource", Task::READ, &ANY).when(When::DECLARED),
        Permission::of(
            "scheduler:CreateScheduleGroup",
            Task::CHANGE,
            &[("scheduler:CreateScheduleGroup", &DECLARED), ("scheduler:TagResource", &DECLARED)],
        )
        .when(When::DECLARED),
        Permission::same("scheduler:TagResource", Task::CHANGE, &DECLARED).when(When::DECLARED),
        // A group is deleted with its schedules [aws-facts-services: Deployer's actions].
        Permission::of(
            "scheduler:DeleteScheduleGroup",
            Task::DELETE,
            &[("scheduler:DeleteScheduleGroup", &OWNED), ("scheduler:DeleteSchedule", &schedule::OWN)],
        )
        .when(When::DECLARED),
    ];
    const TAGGING: Option<Tagging> = Some(Tagging {
        resource_type: "scheduler:schedule-group",
        prefix: "schedule-group/",
        own_listing: OwnListing::Never,
    });
    const FEATURES: Features =
        Features { nouns: Some(["schedule group", "schedule groups"]), ..Features::NONE };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        Ok(read_each(ctx.scope.wanted(Self::NAME), |name| read(ctx, name)).await?.into())
    }

    async fn read(ctx: &Context, name: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        read(ctx, name).await
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        let Spec { tags } = spec;
        let tags = Some(sent(tags)?);
        let create = async || {
            let create = ctx.clients.scheduler().create_schedule_group().name(&id.name);
            create.set_tags(tags.clone()).send().await.map_err(Error::from)
        };
        let created = match create().await {
            // The name is free once the deletion of the one before has ended.
            Err(error) if error.is("ConflictException") && is_being_deleted(ctx, &id.name).await? => {
                gone(ctx, id, &id.name).await?;
                create().await?
            }
            response => response?,
        };
        Ok(Attributes { name: id.name.clone(), arn: created.schedule_group_arn })
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let Spec { tags } = to;
        let set = tags::to_set(&observed.spec.tags, tags);
        if !set.is_empty() {
            let tag = ctx.clients.scheduler().tag_resource().resource_arn(&observed.attributes.arn);
            tag.set_tags(Some(sent(&set)?)).send().await?;
        }
        Ok(observed.attributes.clone())
    }

    /// The deletion takes the schedules along, which may come once more while it lasts [aws-facts-services: 4, M].
    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        let name = &observed.physical_id;
        let delete = ctx.clients.scheduler().delete_schedule_group().name(name);
        match SCHEDULER.not_found_as_none(delete.send().await) {
            Err(error) if error.is("ConflictException") && is_being_deleted(ctx, name).await? => {}
            response => drop(response?),
        }
        gone(ctx, &observed.id, name).await
    }

    async fn inventory(clients: &Clients, tagged: Vec<Owned>) -> Result<Vec<Owned>> {
        let existing = tagged.into_iter().map(async |Owned { physical_id, .. }| {
            let Some(shown) = get(clients, &physical_id.id).await?.filter(is_there) else { return Ok(None) };
            let arn = shown.arn().unwrap_or_default();
            let mark = list_tags(clients, arn).await?.and_then(|mut tags| tags.remove(tags::STACK));
            Ok::<_, Error>(mark.map(|mark| Owned::new(&mark, physical_id)))
        });
        Ok(try_join_all(existing).await?.into_iter().flatten().collect())
    }
}

async fn get(clients: &Clients, name: &str) -> Result<Option<Shown>> {
    SCHEDULER.not_found_as_none(clients.scheduler().get_schedule_group().name(name).send().await)
}

/// One that is being deleted does not exist any more.
fn is_there(shown: &Shown) -> bool {
    shown.state() != Some(&ScheduleGroupState::Deleting)
}

async fn is_being_deleted(ctx: &Context, name: &str) -> Result<bool> {
    Ok(get(&ctx.clients, name).await?.is_none_or(|shown| !is_there(&shown)))
}

/// Waits until a deletion has ended.
async fn gone(ctx: &Context, id: &ResourceId, name: &str) -> Result<()> {
    wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
        Ok(match get(&ctx.clients, name).await? {
            None => Poll::Ready(()),
            Some(_) => Poll::Pending("being deleted".to_owned()),
        })
    })
    .await
}

async fn list_tags(clients: &Clients, arn: &str) -> Result<Option<Tags>> {
    let list = clients.scheduler().list_tags_for_resource().resource_arn(arn);
    let response = SCHEDULER.not_found_as_none(list.send().await)?;
    let tags = response.map(|response| response.tags.unwrap_or_default());
    Ok(tags.map(|tags| tags.into_iter().map(|tag| (tag.key, tag.value)).collect()))
}

async fn read(ctx: &Context, name: &str) -> Result<ObservedOption<ScheduleGroup>> {
    let (id, arn) = (ResourceId::new(ScheduleGroup::NAME, name), ctx.scope.expand(ScheduleGroup::ARN, name));
    let (shown, tags) = try_join!(get(&ctx.clients, name), list_tags(&ctx.clients, &arn))?;
    let (Some(shown), Some(tags)) = (shown, tags) else { return Ok(None) };
    let created = shown.creation_date().map(DateTime::secs);
    let again = async || Ok(list_tags(&ctx.clients, &arn).await?.unwrap_or_default());
    let tags = tags::settled(ctx, &id, created, tags, again).await?;
    let owner = tags::owner(&tags, &ctx.scope);
    let spec = Spec { tags: tags::compared(tags, &ctx.scope, &id) };
    let mut observed = Observed::new(id, name, owner, spec, Attributes { name: name.to_owned(), arn });
    observed.created = created;
    // Its schedules still come until it is gone, so what they start is deleted after that [aws-facts-services: 4, M].
    if !is_there(&shown) {
        observed.status = Status::Deleting;
        observed.refs = schedule::used_in(ctx, &observed.key()).await?;
    }
    Ok(Some(observed))
}

fn sent(tags: &Tags) -> Result<Vec<Tag>> {
    tags.iter().map(|(key, value)| Ok(Tag::builder().key(key).value(value).build()?)).collect()
}
