//! Schedules as resources, with the group and the role that a stack has for all of them.

use super::section::{AtTimes, Config, SCHEDULER_PRINCIPAL};
use super::{Schedule, Spec};
use crate::config::{self, At, Entry};
use crate::kind::Kind;
use crate::kinds::queue::Queue;
use crate::kinds::role::{self, Role};
use crate::kinds::schedule_group::{self, ScheduleGroup, name_for};
use crate::kinds::started::{self, Delivery};
use crate::lower::{Lower, LoweredTrigger, known_attributes, resource};
use crate::model::{Resource, ResourceId, Text};
use crate::policy::Policy;

impl LoweredTrigger for AtTimes {
    fn lower(trigger: &Entry<Config>, started: &ResourceId, lower: &mut Lower) {
        let group = group(trigger.at, lower);
        let id = group.child(Schedule::NAME, started::named(started, (**trigger).name.as_deref()));
        let Config {
            schedule,
            timezone,
            input,
            flexible,
            start,
            end,
            group: message_group,
            partition_key,
            retries,
            max_age,
            dead_letter,
            enabled,
            alias,
            name: _,
        } = &**trigger;
        let called = started::target(started, alias.as_deref(), lower);
        let role = ResourceId::new(Role::NAME, role_for(lower));
        let spec = Spec {
            expression: schedule.clone(),
            timezone: timezone.clone(),
            flexible: flexible.map(|seconds| (seconds / 60).cast_signed()),
            start: start.clone(),
            end: end.clone(),
            enabled: *enabled,
            deletes_itself: false,
            target: started::arn_of(&called),
            role: Text::reference(&role, "arn"),
            input: input.as_ref().map(|input| lower.json(input)),
            group: message_group.clone(),
            partition_key: partition_key.clone(),
            retries: retries.cast_signed(),
            max_age: max_age.cast_signed(),
            dead_letter: dead_letter.as_ref().map(|queue| lower.arn_of_target::<Queue>(queue)),
        };
        let arn = lower.scope.expand(Schedule::ARN, &format!("{}/{}", group.name, id.name));
        let known_attributes = [("arn", arn)].into_iter().collect();
        // What cannot be started goes there from the first time on, as long as the schedule comes.
        let dead_letters = dead_letter.as_ref().and_then(config::Target::key);
        let dead_letters = dead_letters.map(|queue| lower.id(Queue::NAME, queue));
        let depends_on = [role, called].into_iter().chain(dead_letters).collect();
        let schedule = resource::<Schedule>(id, trigger.at, &spec);
        lower.resources.push(Resource { known_attributes, depends_on, ..schedule });
    }
}

/// The name of the role of a stack's schedules.
fn role_for(lower: &Lower) -> String {
    role::name_for_schedules(&name_for(&lower.scope.identity))
}

/// The group of the stack, which comes with its first schedule, and so does the role.
fn group(at: At, lower: &mut Lower) -> ResourceId {
    let id = ResourceId::new(ScheduleGroup::NAME, name_for(&lower.scope.identity));
    if lower.resources.iter().any(|resource| resource.id == id) {
        return id;
    }
    // They are no part of the entry that happens to be the first.
    let own = std::mem::replace(&mut lower.declared_tags, lower.stack.tags.clone());
    let arn = lower.scope.expand(ScheduleGroup::ARN, &id.name);
    let role = ResourceId::new(Role::NAME, role_for(lower));
    let trust = role::trusting(SCHEDULER_PRINCIPAL, Some(&arn), lower);
    let role = role::generated(&role, at, (trust, policy(lower)), &[], lower.tags(&role), lower);
    let spec = schedule_group::Spec { tags: lower.tags(&id) };
    let known_attributes = known_attributes(&id, arn);
    let group = resource::<ScheduleGroup>(id.clone(), at, &spec);
    lower.resources.extend([role, Resource { known_attributes, ..group }]);
    lower.declared_tags = own;
    id
}

/// What the role must allow: to start what the schedules start, and to send what fails.
fn policy(lower: &Lower) -> Policy<Text> {
    let items = lower.items_of::<AtTimes>().into_iter();
    let deliveries = items.map(|(started, trigger)| Delivery {
        started,
        alias: trigger.alias.as_deref(),
        dead_letter: trigger.dead_letter.as_ref(),
    });
    started::allowing(deliveries.collect(), lower)
}
