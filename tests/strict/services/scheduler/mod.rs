//! EventBridge Scheduler [aws-facts-services: 4].

mod by_hand;
pub(crate) mod expression;
mod group;
mod schedule;
mod tests;

pub(crate) use group::{DELETED, State};

use crate::access::{Need, known, nothing, with_tagging};
use crate::cloud::{Cloud, Tags, required, text};
use crate::random::Wire;
use crate::service::{Drift, Facts, Make, Resource, StrictService, Tagged};
use crate::services::Service;
use crate::services::sqs::can_be_declared;
use crate::wire::Call;
use serde_json::Value as Json;
use std::collections::BTreeMap;

pub(crate) struct Scheduler;

impl StrictService for Scheduler {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "scheduler",
            model: ("scheduler", "2021-06-30"),
            operations: &[group::OPERATIONS, schedule::OPERATIONS],
            changed: &["Name", "ResourceArn"],
            subject: &["Name", "GroupName", "ResourceArn"],
            tokens: &["NextToken"],
            throttled: ("ThrottlingException", 429),
            failed: ("InternalServerException", 500),
            denied: ("AccessDeniedException", 403),
            invalid: "ValidationException",
            unmodelled: &[],
        }
    }

    /// ListSchedules knows no resources. Who deletes a group deletes its schedules too [Service Authorization Reference].
    fn needs(&self, cloud: &Cloud, call: &Call) -> Vec<Need> {
        let params = &call.params;
        let name = required(params, "Name");
        let of_group = |group: &str| {
            let group = cloud.scheduler.groups.get(group);
            group.and_then(|group| known(cloud, group.created, &group.tags)).cloned().unwrap_or_default()
        };
        match call.operation.name.as_str() {
            "ListSchedules" | "ListScheduleGroups" => vec![Need::new(call.name(), nothing(call))],
            "CreateScheduleGroup" | "GetScheduleGroup" | "DeleteScheduleGroup" => {
                let own = Need::new(call.name(), group::group_arn(name)).of(&of_group(name));
                let creates = call.operation.name == "CreateScheduleGroup";
                let schedules = (call.operation.name == "DeleteScheduleGroup")
                    .then(|| Need::new("scheduler:DeleteSchedule", schedule::schedule_arn(name, "any")));
                with_tagging(call, own, "scheduler:TagResource", creates)
                    .into_iter()
                    .chain(schedules)
                    .collect()
            }
            "ListTagsForResource" | "TagResource" | "UntagResource" => {
                let arn = required(params, "ResourceArn");
                vec![Need::new(call.name(), arn).of(&of_group(&group::name_in(arn))).tagging(call)]
            }
            _ => {
                let arn = schedule::schedule_arn(&group::named(params), name);
                let role = text(&params["Target"], "RoleArn").map(|role| {
                    let pass = Need::new("iam:PassRole", role);
                    pass.with("iam:PassedToService", Some("scheduler.amazonaws.com"))
                });
                [Need::new(call.name(), arn)].into_iter().chain(role).collect()
            }
        }
    }

    fn happen(&self, cloud: &mut Cloud) {
        group::finish_deletions(cloud);
    }

    fn tagged(&self, cloud: &Cloud) -> Vec<Tagged> {
        let tagged = |(name, group): (&String, &group::Group)| Tagged {
            arn: group::group_arn(name),
            name: format!("schedule group {name}"),
            created: group.created,
            tags: group.tags.clone(),
        };
        cloud.scheduler.groups.iter().map(tagged).collect()
    }

    fn broken(&self, cloud: &Cloud) -> Vec<(String, String)> {
        schedule::broken(cloud)
    }

    /// Without what is being deleted, which ends by itself.
    fn dump(&self, cloud: &Cloud) -> BTreeMap<String, Json> {
        let living = |group: &str| cloud.scheduler.groups.get(group).is_none_or(|group| group.gone.is_none());
        let groups = cloud.scheduler.groups.iter().filter(|(name, _)| living(name));
        let groups = groups.map(|(name, group)| (format!("schedule group {name}"), group.dump()));
        let schedules = cloud.scheduler.schedules.iter().filter(|(_, schedule)| living(&schedule.group));
        groups.chain(schedules.map(|(key, schedule)| (format!("schedule {key}"), schedule.dump()))).collect()
    }

    fn change_all(&self, cloud: &mut Cloud) {
        by_hand::change_all(cloud);
    }

    fn leave_behind(&self, cloud: &mut Cloud) {
        by_hand::leave_behind(cloud);
    }

    fn drifts(&self) -> &'static [(&'static str, Drift)] {
        if can_be_declared("schedule") { by_hand::DRIFTS } else { &[] }
    }

    fn unmanaged(&self) -> &'static [(&'static str, Make)] {
        by_hand::UNMANAGED
    }

    fn everything(&self, cloud: &Cloud) -> Vec<(Resource, String)> {
        let group = |name: &str| Resource::named(Service::Scheduler, "schedule_group", name);
        let groups = cloud.scheduler.groups.iter().map(|(name, one)| (group(name), format!("{one:?}")));
        let schedules =
            cloud.scheduler.schedules.iter().map(|(key, schedule)| {
                (group(&schedule.group).child("schedule", key), format!("{schedule:?}"))
            });
        groups.chain(schedules).collect()
    }

    fn remove(&self, cloud: &mut Cloud, resource: &Resource) {
        match resource.kind {
            "schedule" => drop(cloud.scheduler.schedules.remove(&resource.name)),
            _ => group::remove(cloud, &resource.name),
        }
    }

    fn forget(&self, cloud: &mut Cloud, keep: &dyn Fn(&mut Tags)) {
        cloud.scheduler.groups.values_mut().for_each(|group| keep(&mut group.tags));
    }

    fn wires(&self) -> &'static [Wire] {
        by_hand::WIRES
    }

    fn requests(&self) -> &'static str {
        include_str!("requests.yaml")
    }

    fn disagreements(&self) -> &'static str {
        include_str!("disagreements.yaml")
    }
}
