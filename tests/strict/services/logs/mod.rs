//! CloudWatch Logs [aws-facts: CloudWatch Logs].

mod by_hand;
mod filter;
mod group;

pub(crate) use group::{Group, State, group_arn, may_make};

use crate::access::{Need, known, nothing, with_tagging};
use crate::cloud::{Cloud, Tags, Time, text};
use crate::quota::Quota;
use crate::random::Wire;
use crate::service::{Drift, Facts, Make, Resource, StackChange, StrictService, Tagged};
use crate::services::Service;
use crate::wire::Call;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

pub(crate) struct Logs;

impl StrictService for Logs {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "logs",
            model: ("logs", "2014-03-28"),
            operations: &[group::OPERATIONS, filter::OPERATIONS],
            changed: &["logGroupName"],
            subject: &["logGroupName", "logGroupNamePrefix", "resourceArn"],
            tokens: &["nextToken"],
            throttled: ("ThrottlingException", 400),
            failed: ("ServiceUnavailableException", 503),
            denied: ("AccessDeniedException", 400),
            invalid: "InvalidParameterException",
            unmodelled: &[
                "AccessDeniedException",
                "ValidationException",
                "OperationAbortedException",
                "InvalidParameterException",
            ],
        }
    }

    /// Groups have two ARNs: as AWS's refusals say, calls about a group are checked with the streams in it, and calls about
    /// tags without.
    fn needs(&self, cloud: &Cloud, call: &Call) -> Vec<Need> {
        let params = &call.params;
        let of_group = |name: &str| {
            let group = cloud.logs.groups.get(name);
            group.and_then(|group| known(cloud, group.created, &group.tags)).cloned().unwrap_or_default()
        };
        if let Some(group) = text(params, "resourceArn") {
            let name = group.split(":log-group:").nth(1).unwrap_or_default();
            return vec![Need::new(call.name(), group).of(&of_group(name)).tagging(call)];
        }
        let Some(name) = text(params, "logGroupName") else {
            return vec![Need::new(call.name(), nothing(call))];
        };
        let own = Need::new(call.name(), format!("{}:log-stream:", group_arn(name))).of(&of_group(name));
        let needs = with_tagging(call, own, "logs:TagResource", call.operation.name == "CreateLogGroup");
        let bare = |need: Need| match need.action.as_str() {
            "logs:TagResource" => Need { resource: group_arn(name), ..need },
            _ => need,
        };
        needs.into_iter().map(bare).collect()
    }

    /// Long names have words of their own [recorded: logs, test_create_log_group_invalid_name_length].
    fn invalid(&self, _: &Call, wrong: &str) -> (&'static str, Option<String>) {
        let own = (wrong.starts_with("logGroupName: ") && wrong.contains(" characters where ")).then(|| {
            "Invalid LogGroup or LogStream, both must have length less than or equal to 512.".to_owned()
        });
        (self.facts().invalid, own)
    }

    /// [DG: CloudWatch Logs quotas]
    fn quota(&self, _: &Cloud, operation: &str) -> Option<Quota> {
        Some(match operation {
            "DescribeLogGroups" => ("logs:DescribeLogGroups", 10.0, 10.0),
            "CreateLogGroup" => ("logs:CreateLogGroup", 10.0, 10.0),
            "DeleteLogGroup" => ("logs:DeleteLogGroup", 10.0, 10.0),
            "FilterLogEvents" => ("logs:FilterLogEvents", 5.0, 5.0),
            "TagResource" => ("logs:TagResource", 5.0, 5.0),
            "ListTagsForResource" => ("logs:ListTagsForResource", 5.0, 5.0),
            "PutRetentionPolicy" => ("logs:PutRetentionPolicy", 5.0, 5.0),
            "DeleteRetentionPolicy" => ("logs:DeleteRetentionPolicy", 5.0, 5.0),
            "PutSubscriptionFilter" => ("logs:PutSubscriptionFilter", 5.0, 5.0),
            "DescribeSubscriptionFilters" => ("logs:DescribeSubscriptionFilters", 5.0, 5.0),
            "DeleteSubscriptionFilter" => ("logs:DeleteSubscriptionFilter", 5.0, 5.0),
            _ => return None,
        })
    }

    fn happen(&self, cloud: &mut Cloud) {
        group::deliver_late(cloud);
    }

    fn tagged(&self, cloud: &Cloud) -> Vec<Tagged> {
        let tagged = |(name, group): (&String, &Group)| Tagged {
            arn: group_arn(name),
            name: format!("log group {name}"),
            created: group.created,
            tags: group.tags.clone(),
        };
        cloud.logs.groups.iter().map(tagged).collect()
    }

    /// How much is in a group depends on when the last logs of a function arrive.
    fn dump(&self, cloud: &Cloud) -> BTreeMap<String, Json> {
        let dumped = |group: &Group| {
            let mut all = json!({ "days": group.days, "tags": group.tags, "protected": group.protected });
            if !group.filters.is_empty() {
                all["filters"] = group.filters.iter().map(|(name, one)| (name.clone(), one.dump())).collect();
            }
            all
        };
        cloud.logs.groups.iter().map(|(name, group)| (format!("log group {name}"), dumped(group))).collect()
    }

    /// CloudWatch Logs has looked once whether it may call the function, and nothing keeps that true.
    fn broken(&self, cloud: &Cloud) -> Vec<(String, String)> {
        filter::broken(cloud)
    }

    fn change_all(&self, cloud: &mut Cloud) {
        by_hand::change_all(cloud);
    }

    fn leave_behind(&self, cloud: &mut Cloud) {
        by_hand::leave_behind(cloud);
    }

    fn drifts(&self) -> &'static [(&'static str, Drift)] {
        by_hand::DRIFTS
    }

    fn unmanaged(&self) -> &'static [(&'static str, Make)] {
        by_hand::UNMANAGED
    }

    /// Late logs of a function of the same name may still arrive.
    fn everything(&self, cloud: &Cloud) -> Vec<(Resource, String)> {
        let all = cloud.logs.groups.iter().flat_map(|(name, group)| {
            let resource = Resource::named(Service::Logs, "log_group", name);
            // A stack may have its filters at groups of others.
            let own = group.filters.iter().filter(|(name, _)| filter::is_marked(name));
            let own: Vec<(Resource, String)> = own
                .map(|(name, one)| (resource.child("subscription_filter", name), format!("{one:?}")))
                .collect();
            let mut group = Group { bytes: 0, ..group.clone() };
            group.filters.retain(|name, _| !filter::is_marked(name));
            own.into_iter().chain([(resource, format!("{group:?}"))])
        });
        all.collect()
    }

    fn remove(&self, cloud: &mut Cloud, resource: &Resource) {
        let Some(group) = &resource.parent else {
            cloud.logs.groups.remove(&resource.name);
            return;
        };
        if let Some(group) = cloud.logs.groups.get_mut(&group.name) {
            group.filters.remove(&resource.name);
        }
    }

    fn protected(&self, cloud: &Cloud) -> Vec<(String, Time)> {
        let groups = cloud.logs.groups.iter().filter(|(_, group)| group.protected);
        groups.map(|(name, group)| (format!("log group {name}"), group.created)).collect()
    }

    fn unprotect(&self, cloud: &mut Cloud) {
        cloud.logs.groups.values_mut().for_each(|group| group.protected = false);
    }

    fn forget(&self, cloud: &mut Cloud, keep: &dyn Fn(&mut Tags)) {
        for group in cloud.logs.groups.values_mut() {
            group.protected = false;
            keep(&mut group.tags);
        }
    }

    fn changes(&self) -> &'static [(&'static str, StackChange)] {
        &[("logs are kept longer", |stack| {
            stack.functions_mut().first_mut().map(|function| function.log_retention = 365).is_some()
        })]
    }

    /// A log group of others.
    fn furnish(&self, cloud: &mut Cloud) {
        by_hand::make(cloud, "/walk/theirs", &[]);
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
