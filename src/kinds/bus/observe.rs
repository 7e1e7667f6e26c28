//! A bus as EventBridge shows it.

use super::{Attributes, Bus, EVENTBRIDGE, Spec, policy};
use crate::aws::tags::{self, Tags};
use crate::aws::{Clients, Context, Result};
use crate::kind::{Kind, ObservedOption};
use crate::kinds::ends::ends_of;
use crate::kinds::key::as_named;
use crate::kinds::{mark, statements, unmanaged};
use crate::model::{Observed, ResourceId};
use crate::policy::Policy;
use aws_sdk_eventbridge::operation::describe_event_bus::DescribeEventBusOutput as Shown;
use aws_sdk_eventbridge::primitives::DateTime;
use futures_util::try_join;
use std::collections::BTreeMap;

/// What DescribeEventBus shows; `None` if there is no such bus.
pub(super) async fn describe(clients: &Clients, name: &str) -> Result<Option<Shown>> {
    EVENTBRIDGE.not_found_as_none(clients.eventbridge().describe_event_bus().name(name).send().await)
}

/// The tags of a bus or a rule; `None` if it does not exist.
pub(in crate::kinds) async fn list_tags(clients: &Clients, arn: &str) -> Result<Option<Tags>> {
    let list = clients.eventbridge().list_tags_for_resource().resource_arn(arn);
    let response = EVENTBRIDGE.not_found_as_none(list.send().await)?;
    let tags = response.map(|response| response.tags.unwrap_or_default());
    Ok(tags.map(|tags| tags.into_iter().map(|tag| (tag.key, tag.value)).collect()))
}

pub(super) async fn read(ctx: &Context, name: &str) -> Result<ObservedOption<Bus>> {
    let (id, arn) = (ResourceId::new(Bus::NAME, name), ctx.scope.expand(Bus::ARN, name));
    let (shown, tags) = try_join!(describe(&ctx.clients, name), list_tags(&ctx.clients, &arn))?;
    let (Some(shown), Some(tags)) = (shown, tags) else { return Ok(None) };
    let created = shown.creation_time().map(DateTime::secs);
    let again = async || Ok(list_tags(&ctx.clients, &arn).await?.unwrap_or_default());
    let tags = tags::settled(ctx, &id, created, tags, again).await?;
    let owner = tags::owner(&tags, &ctx.scope);
    let mark = mark::begin(&ctx.scope.identity);
    let policy = policy::shown(&shown)?;
    let dead_letter = shown.dead_letter_config().and_then(|config| config.arn()).map(str::to_owned);
    let spec = Spec {
        description: shown.description().unwrap_or_default().to_owned(),
        kms_key: shown
            .kms_key_identifier()
            .filter(|key| !key.is_empty())
            .map(|key| as_named(key, &ctx.scope)),
        dead_letter: dead_letter.filter(|arn| !arn.is_empty()),
        policy: statements::own(policy.clone(), &mark),
        tags: tags::compared(tags, &ctx.scope, &id),
    };
    let refs = spec.dead_letter.iter().flat_map(|arn| ends_of(&ctx.scope, arn)).collect();
    let mut observed = Observed::new(id, name, owner, spec, Attributes { name: name.to_owned(), arn });
    observed.refs = refs;
    observed.created = created;
    observed.unmanaged_settings = by_hand(&shown, policy, &mark);
    Ok(Some(observed))
}

/// The settings that nothing manages.
fn by_hand(shown: &Shown, policy: Policy, mark: &str) -> BTreeMap<String, String> {
    let level = shown.log_config().and_then(|log| log.level()).map(|level| level.as_str());
    unmanaged([("log_level", level, "OFF")]).into_iter().chain(statements::of_others(policy, mark)).collect()
}
