//! Subscription filters of log groups: what is logged there starts a function.
//!
//! They have no tags. The name of one begins with the stack's mark, which no other stack's has, and says what it calls. A group
//! may be one of others, and nothing lists the filters of all groups: the permission that comes with one names the group.

pub(crate) mod section;

pub use self::section::OfLogGroup;
use super::alias;
use super::ends::ends_of;
use super::function::Function;
use super::log_group::{self, LOGS, LogGroup};
use super::permission::admitted_lately;
use super::{mark, read_each, retry_conflicts, unmanaged};
use crate::aws::pages::all_pages;
use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Context, Error, Result, Service};
use crate::kind::{
    Features, Kind, Observation, ObservedOf, ObservedOption, On, OnExisting, Parent, Permission, Task, When,
    Which, Wire,
};
use crate::model::{Identity, Observed, Owner, PhysicalId, ResourceId, Texts};
use aws_sdk_cloudwatchlogs::types::{Distribution, SubscriptionFilter as Shown};
use serde::{Deserialize, Serialize};

/// A subscription filter.
pub struct SubscriptionFilter;

/// The desired state of a subscription filter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec<T = String> {
    /// The name of the log group.
    pub group: String,
    /// The ARN of the function, or of its alias.
    pub destination: T,
    /// Which events start it, in the syntax of CloudWatch Logs; empty for all.
    pub pattern: String,
}

/// The attributes of a subscription filter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The names of the group and of what it calls.
    pub name: String,
}

/// CloudWatch Logs as a principal [DG: CloudWatch Logs, "Subscription filters with Lambda"].
pub(super) const PRINCIPAL: &str = "logs.amazonaws.com";

/// The groups themselves, as the calls about their filters name them.
const GROUP: &[&str] = &["arn:{partition}:logs:{region}:{account}:log-group:{name}:*"];
const SUBSCRIBED: On = On::new("SubscribedLogGroups", SubscriptionFilter::NAME, Which::Named("group"), GROUP);

impl Kind for SubscriptionFilter {
    const NAME: &'static str = "subscription_filter";
    const SERVICE: &'static Service = &LOGS;
    /// CloudWatch Logs calls the function once before it takes a filter [aws-facts-services: Who may call whom].
    const DEPENDS_ON: &'static [&'static str] = &["log_group", "permission", "function", "alias"];
    /// It overwrites one of the same name.
    const ON_EXISTING: OnExisting = OnExisting::Accept;
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("logs:DescribeSubscriptionFilters", Task::READ, &log_group::ANY)
            .when(When::DECLARED),
        Permission::same("logs:PutSubscriptionFilter", Task::CHANGE, &SUBSCRIBED).when(When::DECLARED),
        Permission::same("logs:DeleteSubscriptionFilter", Task::DELETE, &SUBSCRIBED).when(When::DECLARED),
    ];
    const FEATURES: Features = Features {
        part_of: |id| Some(ResourceId::new(Function::NAME, alias::parts(parts(&id.name)?.1).0)),
        called: |id, _| format!("trigger log group {}", parts(&id.name).map_or("", |(group, _)| group)),
        is_trigger: |_| true,
        wire: |_, spec| {
            let source = LogGroup::ARN.replace("{name}", &format!("{}:*", spec["group"].as_str()?));
            Wire::new(&source, spec["destination"].as_str()?)
        },
        facts: |spec| (spec["pattern"] != "").then(|| "filtered".to_owned()).into_iter().collect(),
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        Ok(read_each(ctx.scope.wanted(Self::NAME), |name| read(ctx, name)).await?.into())
    }

    async fn read(ctx: &Context, name: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        read(ctx, name).await
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        match put(ctx, id, spec).await {
            Err(error) if error.is("LimitExceeded") => {
                if !make_room(ctx, id, &spec.group).await? {
                    return Err(full(error, &spec.group));
                }
                put(ctx, id, spec).await?;
            }
            created => created?,
        }
        Ok(Attributes { name: id.name.clone() })
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        if observed.spec != *to {
            put(ctx, &observed.id, to).await?;
        }
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        match parts(&observed.physical_id) {
            Some((group, called)) => {
                remove(ctx, &observed.id, group, &named(&ctx.scope.identity, called)).await
            }
            None => Ok(()),
        }
    }
}

/// Between the name of the group and that of what is called.
const TO: &str = " to ";

/// The name of a filter in the stack: it is unique there, and says what it connects.
fn id_of(group: &str, called: &str) -> ResourceId {
    ResourceId::new(SubscriptionFilter::NAME, format!("{group}{TO}{called}"))
}

/// The group and what is called.
fn parts(name: &str) -> Option<(&str, &str)> {
    name.split_once(TO)
}

/// The name in AWS, in which there may be no colon [M: FilterName].
fn named(identity: &Identity, called: &str) -> String {
    format!("{}{}", mark::begin(identity), called.replace(':', "."))
}

/// The filter that a permission of the stack has come with: it is deleted before the permission.
pub(super) fn of_permission(principal: &str, source: Option<&str>, called: &str) -> Option<PhysicalId> {
    let resource = source.filter(|_| principal == PRINCIPAL)?.splitn(6, ':').nth(5)?;
    let group = resource.strip_prefix("log-group:")?.strip_suffix(":*")?;
    Some(PhysicalId::new(SubscriptionFilter::NAME, id_of(group, called).name))
}

/// The filters of a group whose names begin so; none where there is no such group.
async fn list(ctx: &Context, group: &str, begin: &str) -> Result<Vec<Shown>> {
    let pages = all_pages("logs:DescribeSubscriptionFilters", async |token| {
        let describe = ctx.clients.logs().describe_subscription_filters().log_group_name(group);
        let page = describe.filter_name_prefix(begin).set_next_token(token).send().await?;
        Ok((page.subscription_filters.unwrap_or_default(), page.next_token))
    });
    Ok(LOGS.not_found_as_none(pages.await)?.unwrap_or_default())
}

async fn read(ctx: &Context, name: &str) -> Result<ObservedOption<SubscriptionFilter>> {
    let Some((group, called)) = parts(name) else { return Ok(None) };
    let own = named(&ctx.scope.identity, called);
    let filters = list(ctx, group, &own).await?;
    // The name of another one may begin with it.
    let Some(shown) = filters.iter().find(|filter| filter.filter_name() == Some(&own)) else {
        return Ok(None);
    };
    let spec = spec(group, shown);
    let refs =
        ends_of(&ctx.scope, &spec.destination).into_iter().chain([PhysicalId::new(LogGroup::NAME, group)]);
    let refs = refs.collect();
    let attributes = Attributes { name: name.to_owned() };
    let mut observed = Observed::new(id_of(group, called), name, Owner::Ours, spec, attributes);
    observed.refs = refs;
    observed.created = shown.creation_time().map(|millis| millis / 1_000);
    let transformed = shown.apply_on_transformed_logs().then_some("true");
    observed.unmanaged_settings = unmanaged([
        ("distribution", shown.distribution().map(Distribution::as_str), "ByLogStream"),
        ("apply_on_transformed_logs", transformed, ""),
    ]);
    Ok(Some(observed))
}

fn spec(group: &str, shown: &Shown) -> Spec {
    Spec {
        group: group.to_owned(),
        destination: shown.destination_arn().unwrap_or_default().to_owned(),
        pattern: shown.filter_pattern().unwrap_or_default().to_owned(),
    }
}

/// Sets a filter. CloudWatch Logs calls the function, and may not know yet that it was let a moment ago.
async fn put(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<()> {
    let Spec { group, destination, pattern } = spec;
    let (_, called) = parts(&id.name).unwrap_or_default();
    let name = named(&ctx.scope.identity, called);
    let passing = |error: &Error| {
        let refused = error.is("InvalidParameter") && error.says("Could not execute the lambda function");
        let unknown = refused && admitted_lately(ctx, destination);
        LOGS.transient(error).or(unknown.then_some("CloudWatch Logs does not know of the permission yet"))
    };
    retry_if(Backoff::PROPAGATION, ctx.waiting(id), passing, async || {
        let put = ctx.clients.logs().put_subscription_filter().log_group_name(group).filter_name(&name);
        put.filter_pattern(pattern).destination_arn(destination).send().await?;
        Ok(())
    })
    .await
}

/// Deletes a filter of the stack that it no longer declares, where there is one: its own step may come later.
async fn make_room(ctx: &Context, id: &ResourceId, group: &str) -> Result<bool> {
    let identity = &ctx.scope.identity;
    let wanted = ctx.scope.wanted(SubscriptionFilter::NAME).filter_map(parts);
    let wanted: Vec<String> =
        wanted.filter(|(of, _)| *of == group).map(|(_, called)| named(identity, called)).collect();
    let own = list(ctx, group, &mark::begin(identity)).await?;
    let mut own = own.iter().filter_map(Shown::filter_name);
    match own.find(|name| !wanted.iter().any(|wanted| wanted == name)) {
        Some(old) => remove(ctx, id, group, old).await.map(|()| true),
        None => Ok(false),
    }
}

async fn remove(ctx: &Context, id: &ResourceId, group: &str, name: &str) -> Result<()> {
    retry_conflicts(
        ctx,
        id,
        |error| LOGS.transient(error),
        async || {
            let delete = ctx.clients.logs().delete_subscription_filter();
            LOGS.ignore_not_found(delete.log_group_name(group).filter_name(name).send().await)
        },
    )
    .await
}

/// A group can have two [M: PutSubscriptionFilter].
fn full(error: Error, group: &str) -> Error {
    let said = error.message.trim_end();
    let message =
        format!("{said} AWS allows two subscription filters of a log group, and {group} has two others.");
    Error { message, ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_found_by_its_permission() {
        let arn = |resource: &str| format!("arn:aws:logs:eu-west-1:123456789012:{resource}");
        let of = |principal: &str, resource: &str| {
            of_permission(principal, Some(&arn(resource)), "alarm:live").map(|found| found.id)
        };
        let name = Some("/aws/lambda/api to alarm:live".to_owned());
        assert_eq!(of(PRINCIPAL, "log-group:/aws/lambda/api:*"), name);
        assert_eq!(of("events.amazonaws.com", "log-group:/aws/lambda/api:*"), None);
        assert_eq!(of(PRINCIPAL, "log-group:/aws/lambda/api"), None);
        assert_eq!(of_permission(PRINCIPAL, None, "alarm"), None);
    }

    #[test]
    fn a_name_in_aws_has_no_colon() {
        let name = named(&Identity::of("shop"), "alarm:live");
        assert!(name.starts_with("provision-") && name.ends_with("-alarm.live"), "{name}");
    }
}
