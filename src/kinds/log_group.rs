//! CloudWatch log groups.

use super::state_machine::{self, StateMachine};
use super::{in_sync_by_tagging_api, read_each, require_str, retry_conflicts, unmanaged};
use crate::aws::clients::client;
use crate::aws::limit::target;
use crate::aws::pages::all_pages;
use crate::aws::tags::{self, Tags};
use crate::aws::{Clients, Context, Error, Errors, Quota, Refusal, Result, Service};
use crate::kind::{
    AdoptedBy, Features, Kind, Observation, ObservedOf, ObservedOption, On, OwnListing, Owned, Parent,
    Permission, Tagging, Task, Which,
};
use crate::model::{Observed, Owner, PhysicalId, ResourceId, Texts};
use aws_sdk_cloudwatchlogs::types::{
    DataProtectionStatus, LogGroup as SdkLogGroup, LogGroupClass, TagFilter,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// CloudWatch Logs: 10 times a second for groups themselves, 5 for their tags, their retention, their filters and the search of
/// events, each operation by itself [DG: CloudWatch Logs quotas].
pub(crate) static LOGS: Service = Service {
    quotas: {
        const TEN: Quota = Quota { per_second: 10.0, burst: 10.0 };
        const FIVE: Quota = Quota { per_second: 5.0, burst: 5.0 };
        &[TEN, TEN, TEN, FIVE, FIVE, FIVE, FIVE, FIVE, FIVE, FIVE, FIVE]
    },
    quota_of: |request| match target(request) {
        "DescribeLogGroups" => Some(0),
        "CreateLogGroup" => Some(1),
        "DeleteLogGroup" => Some(2),
        "TagResource" => Some(3),
        "ListTagsForResource" => Some(4),
        "PutRetentionPolicy" => Some(5),
        "DeleteRetentionPolicy" => Some(6),
        "FilterLogEvents" => Some(7),
        "DescribeSubscriptionFilters" => Some(8),
        "PutSubscriptionFilter" => Some(9),
        "DeleteSubscriptionFilter" => Some(10),
        _ => None,
    },
    errors: Errors {
        not_found: &[Refusal::Code("ResourceNotFound")],
        exists: &[Refusal::Code("ResourceAlreadyExists")],
        transient: &[(Refusal::Code("OperationAborted"), "another change of the log group is in progress")],
        passing_limits: &[],
    },
    ..Service::new("CloudWatch Logs", "logs")
};

impl Clients {
    /// The client of CloudWatch Logs.
    pub fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        client!(self, &LOGS, aws_sdk_cloudwatchlogs)
    }
}

/// A CloudWatch log group.
pub struct LogGroup;

/// The log group of a function is this and the function's name by default.
pub(crate) const PREFIX: &str = "/aws/lambda/";
/// What everyone who logs to a group may do.
pub(super) const WRITE: &str = "logs:PutLogEvents";

/// So many descriptions can be read at once: the quota is ten a second [DG: CloudWatch Logs quotas].
const FEW: usize = 10;

/// The desired state of a log group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec<T = String> {
    /// After how many days events expire; `None` for never.
    pub retention_days: Option<i32>,
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// The attributes of a log group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The ARN, without the `:*` at the end that DescribeLogGroups adds.
    pub arn: String,
}

/// A group, as most calls name it, and as those that tag it do [aws-facts: CloudWatch Logs].
const BOTH: &[&str] = &["arn:{partition}:logs:{region}:{account}:log-group:{name}:*", LogGroup::ARN];
pub(super) const ANY: On = On::new("ReadLogGroup", LogGroup::NAME, Which::Any, &[LogGroup::ARN]);
const DECLARED: On = On::new("LogGroups", LogGroup::NAME, Which::Declared, BOTH);
const OWNED: On = On::new("MarkedLogGroups", LogGroup::NAME, Which::Owned(""), &[LogGroup::ARN]);

impl Kind for LogGroup {
    const NAME: &'static str = "log_group";
    const SERVICE: &'static Service = &LOGS;
    const ARN: &'static str = "arn:{partition}:logs:{region}:{account}:log-group:{name}";
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("logs:DescribeLogGroups", Task::READ, &On::EVERYTHING),
        Permission::same("logs:ListLogGroups", Task::READ, &On::EVERYTHING),
        Permission::same("logs:ListTagsForResource", Task::READ, &ANY),
        Permission::of(
            "logs:CreateLogGroup",
            Task::CHANGE,
            &[("logs:CreateLogGroup", &DECLARED), ("logs:TagResource", &DECLARED)],
        ),
        Permission::same("logs:PutRetentionPolicy", Task::CHANGE, &DECLARED),
        Permission::same("logs:TagResource", Task::CHANGE, &DECLARED),
        Permission::of(
            "logs:DeleteLogGroup",
            Task::DELETE,
            // A group that late logs create again while the stack is deleted has no tags.
            &[("logs:DeleteLogGroup", &DECLARED), ("logs:DeleteLogGroup", &OWNED)],
        ),
    ];
    const TAGGING: Option<Tagging> = Some(Tagging {
        resource_type: "logs:log-group",
        prefix: "log-group:",
        own_listing: OwnListing::Always,
    });
    /// What a function logs late reaches CloudWatch after its group is deleted.
    const RECREATED_BY_EVENTS: bool = true;
    const FEATURES: Features = Features {
        adopted_by: Some(AdoptedBy::Name),
        part_of: |id| match id.name.strip_prefix(state_machine::LOG_PREFIX) {
            Some(machine) => Some(ResourceId::new(StateMachine::NAME, machine)),
            None => Some(ResourceId::new("function", id.name.strip_prefix(PREFIX)?)),
        },
        called: Features::ONLY_ONE,
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        let (observed, listed) = futures_util::join!(read_wanted(ctx), list(ctx));
        let mut observed = observed?;
        match listed {
            Ok(names) => {
                let orphans =
                    names.iter().map(String::as_str).filter(|name| !ctx.scope.wants(Self::NAME, name));
                let orphans = read_each(orphans, |name| read(ctx, name)).await?;
                observed.extend(orphans.into_iter().filter(|group| group.owner == Owner::Ours));
                Ok(observed.into())
            }
            Err(error) if error.is_denied() => {
                Ok(Observation { observed, unreadable: Some(error.to_string()) })
            }
            Err(error) => Err(error),
        }
    }

    async fn read(ctx: &Context, name: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        read(ctx, name).await
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        retry_conflicts(ctx, id, conflict, async || {
            let create = ctx.clients.logs().create_log_group().log_group_name(&id.name);
            create.set_tags(Some(spec.tags.clone().into_iter().collect())).send().await?;
            Ok(())
        })
        .await?;
        retain(ctx, id, spec.retention_days).await?;
        let arn = ctx.scope.expand(Self::ARN, &id.name);
        Ok(Attributes { name: id.name.clone(), arn })
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        if observed.spec.retention_days != to.retention_days {
            retain(ctx, &observed.id, to.retention_days).await?;
        }
        let set = tags::to_set(&observed.spec.tags, &to.tags);
        if !set.is_empty() {
            let tag = ctx.clients.logs().tag_resource().resource_arn(&observed.attributes.arn);
            tag.set_tags(Some(set.into_iter().collect())).send().await?;
        }
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        retry_conflicts(ctx, &observed.id, conflict, async || {
            LOGS.ignore_not_found(
                ctx.clients.logs().delete_log_group().log_group_name(&observed.physical_id).send().await,
            )
        })
        .await
    }

    async fn inventory(clients: &Clients, tagged: Vec<Owned>) -> Result<Vec<Owned>> {
        if tagged.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<&str> = tagged.iter().map(|group| group.physical_id.id.as_str()).collect();
        let groups = clients.logs().describe_log_groups().set_log_group_name_prefix(filter(&names));
        let mut pages = groups.into_paginator().items().send();
        let mut existing = BTreeSet::new();
        while let Some(group) = pages.next().await {
            existing.extend(group?.log_group_name);
        }
        Ok(tagged.into_iter().filter(|group| existing.contains(&group.physical_id.id)).collect())
    }
}

/// The groups of the declared names. For many of them, pages of groups are cheaper than a call for each.
async fn read_wanted(ctx: &Context) -> Result<Vec<ObservedOf<LogGroup>>> {
    let names: Vec<&str> = ctx.scope.wanted(LogGroup::NAME).collect();
    let paged = if names.len() > FEW { page_through(ctx, &names).await? } else { Paged::default() };
    read_each(names, async |name| {
        let described = match paged.look_up(name) {
            Some(group) => group.cloned(),
            None => describe(ctx, name).await?,
        };
        match described {
            Some(group) => Ok(Some(look(ctx, name, &group).await?)),
            None => Ok(None),
        }
    })
    .await
}

/// A declared group with its tags. CloudWatch Logs answers only five reads of tags a second, which would be the longest
/// wait of a large stack [DG: CloudWatch Logs quotas], so the tagging API is asked first.
async fn look(ctx: &Context, name: &str, group: &SdkLogGroup) -> Result<ObservedOf<LogGroup>> {
    let arn = arn_of(group)?;
    let with_tags = |tags| observed(ctx, name, group, tags);
    match in_sync_by_tagging_api::<LogGroup>(ctx, name, &arn, with_tags).await? {
        Some(observed) => Ok(observed),
        None => complete(ctx, name, group).await,
    }
}

/// The groups of some pages, which are in the order of names.
#[derive(Default)]
struct Paged {
    groups: BTreeMap<String, SdkLogGroup>,
    /// True if there are no more groups.
    all: bool,
}

impl Paged {
    /// The group of a name; `Some(None)` if there is none, and `None` if the pages do not reach that far.
    fn look_up(&self, name: &str) -> Option<Option<&SdkLogGroup>> {
        let reached = self.all || self.groups.last_key_value().is_some_and(|(last, _)| name <= last.as_str());
        reached.then(|| self.groups.get(name))
    }
}

/// Reads pages of the groups that begin with the common prefix of the names, but not more pages than there are names: an
/// account may have many other groups.
async fn page_through(ctx: &Context, names: &[&str]) -> Result<Paged> {
    let (mut paged, mut token) = (Paged::default(), None);
    let prefix = common_prefix(names);
    for _ in names {
        let describe = ctx.clients.logs().describe_log_groups().set_log_group_name_prefix(filter(names));
        let response = describe.set_next_token(token).send().await?;
        let named = response.log_groups.unwrap_or_default().into_iter();
        let named = named.filter_map(|group| Some((group.log_group_name.clone()?, group)));
        // A group with another prefix does not show how far the pages reach.
        paged.groups.extend(named.filter(|(name, _)| name.starts_with(prefix)));
        token = response.next_token.filter(|token| !token.is_empty());
        paged.all = token.is_none();
        if paged.all || names.iter().all(|name| paged.look_up(name).is_some()) {
            break;
        }
    }
    Ok(paged)
}

/// The prefix that all names have in common.
fn common_prefix<'a>(names: &[&'a str]) -> &'a str {
    let Some((first, others)) = names.split_first() else { return PREFIX };
    let same = |other: &&str| {
        first.chars().zip(other.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
    };
    &first[..others.iter().map(same).min().unwrap_or(first.len())]
}

/// The common prefix as a filter, which cannot be empty.
fn filter(names: &[&str]) -> Option<String> {
    Some(common_prefix(names).to_owned()).filter(|prefix| !prefix.is_empty())
}

async fn read(ctx: &Context, name: &str) -> Result<ObservedOption<LogGroup>> {
    match describe(ctx, name).await? {
        Some(group) => Ok(Some(complete(ctx, name, &group).await?)),
        None => Ok(None),
    }
}

/// A group with its tags, which need a call of their own.
async fn complete(ctx: &Context, name: &str, group: &SdkLogGroup) -> Result<ObservedOf<LogGroup>> {
    let arn = arn_of(group)?;
    let list_tags = async || {
        let response = LOGS
            .not_found_as_none(ctx.clients.logs().list_tags_for_resource().resource_arn(&arn).send().await)?;
        Ok(response.and_then(|response| response.tags).unwrap_or_default().into_iter().collect())
    };
    let tags = tags::settled(
        ctx,
        &ResourceId::new(LogGroup::NAME, name),
        created(group),
        list_tags().await?,
        list_tags,
    )
    .await?;
    observed(ctx, name, group, tags)
}

/// The ARN of a group, without the `:*` at the end that DescribeLogGroups adds.
fn arn_of(group: &SdkLogGroup) -> Result<String> {
    let arn = require_str(group.arn(), "logs:DescribeLogGroups", "the log group's ARN")?;
    Ok(arn.trim_end_matches(":*").to_owned())
}

/// When a group was created, in seconds since 1970.
fn created(group: &SdkLogGroup) -> Option<i64> {
    group.creation_time().map(|millis| millis / 1000)
}

/// A group with these tags.
fn observed(ctx: &Context, name: &str, group: &SdkLogGroup, tags: Tags) -> Result<ObservedOf<LogGroup>> {
    // Other tools, and Lambda itself, leave untagged groups of functions behind; these are adopted.
    let owner = match tags::owner(&tags, &ctx.scope) {
        Owner::Unmanaged(_) if tags.is_empty() && name.starts_with(PREFIX) => Owner::Untagged,
        owner => owner,
    };
    let created_for = tags.get(tags::FOR).and_then(|id| id.strip_prefix("function."));
    let hints = created_for.map(|function| PhysicalId::new("function", function)).into_iter().collect();
    let spec = Spec {
        retention_days: group.retention_in_days(),
        tags: tags::compared(tags, &ctx.scope, &ResourceId::new(LogGroup::NAME, name)),
    };
    let attributes = Attributes { name: name.to_owned(), arn: arn_of(group)? };
    let mut observed = Observed::new(ResourceId::new(LogGroup::NAME, name), name, owner, spec, attributes);
    observed.created = created(group);
    observed.hints = hints;
    observed.protected = group.deletion_protection_enabled().unwrap_or_default();
    observed.contains_data =
        group.stored_bytes().filter(|bytes| *bytes > 0).map(|bytes| format!("{bytes} bytes of logs"));
    observed.unmanaged_settings = by_hand(group);
    Ok(observed)
}

/// The settings that nothing manages. The class of a group can never change [hazards: C1].
fn by_hand(group: &SdkLogGroup) -> BTreeMap<String, String> {
    let protection = group.data_protection_status().map(DataProtectionStatus::as_str);
    let on = |flag: Option<bool>| flag.filter(|on| *on).map(|_| "true");
    unmanaged([
        ("kms_key", group.kms_key_id(), ""),
        ("class", group.log_group_class().map(LogGroupClass::as_str), "STANDARD"),
        ("data_protection", protection.filter(|status| *status == "ACTIVATED"), ""),
        ("deletion_protection", on(group.deletion_protection_enabled()), ""),
        ("bearer_token_authentication", on(group.bearer_token_authentication_enabled()), ""),
    ])
}

/// The group of exactly this name. The filter is a prefix; a name sorts before all that it is a prefix of, so it is on
/// the first page.
async fn describe(ctx: &Context, name: &str) -> Result<Option<SdkLogGroup>> {
    let response = ctx.clients.logs().describe_log_groups().log_group_name_prefix(name).send().await?;
    Ok(response.log_groups.unwrap_or_default().into_iter().find(|group| group.log_group_name() == Some(name)))
}

/// The names of groups that may be ours: by tag, or all groups where the service cannot filter by tag.
async fn list(ctx: &Context) -> Result<Vec<String>> {
    let listed = all_pages("logs:ListLogGroups", async |token| {
        let filter = TagFilter::builder().key(tags::STACK).values(ctx.scope.identity.to_string()).build();
        let list = ctx.clients.logs().list_log_groups().log_group_tags(filter?).set_next_token(token);
        let page = list.send().await?;
        let names = page.log_groups.unwrap_or_default().into_iter().filter_map(|group| group.log_group_name);
        Ok((names.collect(), page.next_token))
    });
    match listed.await {
        Err(error) if error.is("InvalidOperation") || error.is("UnknownOperation") => list_all(ctx).await,
        listed => listed,
    }
}

async fn list_all(ctx: &Context) -> Result<Vec<String>> {
    all_pages("logs:DescribeLogGroups", async |token| {
        let page = ctx.clients.logs().describe_log_groups().set_next_token(token).send().await?;
        let names = page.log_groups.unwrap_or_default().into_iter().filter_map(|group| group.log_group_name);
        Ok((names.collect(), page.next_token))
    })
    .await
}

/// Retention is a call of its own, and "never" is the deletion of the retention policy [aws-facts: CloudWatch Logs, M].
async fn retain(ctx: &Context, id: &ResourceId, days: Option<i32>) -> Result<()> {
    retry_conflicts(ctx, id, conflict, async || {
        let logs = ctx.clients.logs();
        match days {
            Some(days) => {
                logs.put_retention_policy().log_group_name(&id.name).retention_in_days(days).send().await?;
            }
            None => {
                LOGS.ignore_not_found(logs.delete_retention_policy().log_group_name(&id.name).send().await)?
            }
        }
        Ok(())
    })
    .await
}

/// How CloudWatch Logs says that two changes of a group conflict [aws-facts: CloudWatch Logs, TF].
fn conflict(error: &Error) -> Option<&'static str> {
    LOGS.transient(error)
}
