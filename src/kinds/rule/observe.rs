//! A rule as EventBridge shows it.

use super::target::{OWN, list_targets, read_target};
use super::{Attributes, Rule, Spec, bus_and_rule, on_bus};
use crate::aws::pages::all_pages;
use crate::aws::tags::{self, Tags};
use crate::aws::{Clients, Context, Result};
use crate::kind::{Kind, ObservedOf, ObservedOption};
use crate::kinds::bus::{Bus, EVENTBRIDGE, list_tags};
use crate::kinds::ends::ends_of;
use crate::kinds::role::Role;
use crate::kinds::{read_each, started, unmanaged};
use crate::model::{Observed, Owner, PhysicalId, ResourceId};
use crate::policy::Tree;
use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleOutput as Shown;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::{RuleState, Target as Sdk};
use futures_util::future::try_join_all;
use futures_util::try_join;
use std::collections::BTreeMap;

/// What DescribeRule shows; `None` if there is no such rule, or no such bus.
pub(super) async fn describe(clients: &Clients, name: &str) -> Result<Option<Shown>> {
    // Without the bus another rule would be meant [hazards: E1].
    let (bus, rule) = bus_and_rule(name);
    let describe = clients.eventbridge().describe_rule().event_bus_name(bus).name(rule);
    EVENTBRIDGE.not_found_as_none(describe.send().await)
}

/// The tags of a rule. Nothing shows when it was made, so one without tags may be a new one.
pub(super) async fn settled_tags(ctx: &Context, id: &ResourceId, arn: &str) -> Result<Option<Tags>> {
    let Some(tags) = list_tags(&ctx.clients, arn).await? else { return Ok(None) };
    let again = async || Ok(list_tags(&ctx.clients, arn).await?.unwrap_or_default());
    let now = DateTime::from(ctx.time.now()).secs();
    tags::settled(ctx, id, Some(now), tags, again).await.map(Some)
}

/// The stack's rules on its buses that it no longer declares. The tagging API would show them some minutes late, and until
/// then they would keep their bus from being deleted.
pub(super) async fn further(ctx: &Context) -> Result<Vec<ObservedOf<Rule>>> {
    let buses = ctx.scope.wanted(Bus::NAME);
    let lists = try_join_all(buses.map(|bus| list(ctx, bus))).await?;
    // Others may have rules there, whose names say of no entry.
    let may_be_own = |name: &String| started::may_be_own(bus_and_rule(name).1);
    let names = lists.into_iter().flatten().filter(|name| !ctx.scope.wants(Rule::NAME, name));
    let names: Vec<String> = names.filter(may_be_own).collect();
    let found = read_each(names.iter().map(String::as_str), |name| read(ctx, name)).await?;
    Ok(found.into_iter().filter(|rule| rule.owner == Owner::Ours).collect())
}

/// The names of the rules on a bus, as their ARNs have them.
async fn list(ctx: &Context, bus: &str) -> Result<Vec<String>> {
    let list = ctx.clients.eventbridge().list_rules().event_bus_name(bus);
    let rules = all_pages("events:ListRules", async |token| {
        let page = list.clone().set_next_token(token).send().await?;
        Ok((page.rules.unwrap_or_default(), page.next_token))
    });
    let rules = EVENTBRIDGE.not_found_as_none(rules.await)?.unwrap_or_default();
    Ok(rules.iter().filter_map(|rule| Some(on_bus(bus, rule.name()?))).collect())
}

pub(super) async fn read(ctx: &Context, name: &str) -> Result<ObservedOption<Rule>> {
    let (id, arn) = (ResourceId::new(Rule::NAME, name), ctx.scope.expand(Rule::ARN, name));
    let (shown, tags, targets) = try_join!(
        describe(&ctx.clients, name),
        settled_tags(ctx, &id, &arn),
        list_targets(ctx, bus_and_rule(name))
    )?;
    let (Some(shown), Some(tags), Some(targets)) = (shown, tags, targets) else { return Ok(None) };
    let owner = tags::owner(&tags, &ctx.scope);
    let (bus, _) = bus_and_rule(name);
    let own = targets.iter().find(|target| target.id() == OWN);
    let spec = Spec {
        bus: bus.to_owned(),
        pattern: pattern(shown.event_pattern()),
        enabled: shown.state() != Some(&RuleState::Disabled),
        target: own.map(read_target),
        role: own.and_then(|target| target.role_arn()).map(str::to_owned),
        tags: tags::compared(tags, &ctx.scope, &id),
    };
    let target = spec.target.iter().flat_map(|target| {
        let queues = [Some(&target.arn), target.dead_letter.as_ref()].into_iter().flatten();
        queues.flat_map(|arn| ends_of(&ctx.scope, arn)).collect::<Vec<_>>()
    });
    let role = spec.role.iter().filter_map(|role| role.rsplit('/').next());
    let role = role.map(|role| PhysicalId::new(Role::NAME, role));
    let refs = target.chain(role).chain([PhysicalId::new(Bus::NAME, bus)]).collect();
    let mut observed = Observed::new(id, name, owner, spec, Attributes { name: name.to_owned(), arn });
    observed.refs = refs;
    observed.unmanaged_settings = by_hand(&shown, &targets);
    Ok(Some(observed))
}

/// A pattern. The same one may come back in another text [aws-facts-services: 4, TF].
fn pattern(text: Option<&str>) -> Tree {
    let parsed = text.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    parsed.unwrap_or_default().into()
}

/// What only others can have set.
fn by_hand(shown: &Shown, targets: &[Sdk]) -> BTreeMap<String, String> {
    let state = shown.state().map(|state| state.as_str()).filter(|state| *state != "DISABLED");
    let others = targets.iter().filter(|target| target.id() != OWN);
    let others = others.map(|target| (format!("targets.{}", target.id()), target.arn().to_owned()));
    let texts = unmanaged([
        ("description", shown.description(), ""),
        ("role", shown.role_arn(), ""),
        ("schedule", shown.schedule_expression(), ""),
        ("managed_by", shown.managed_by(), ""),
        ("state", state, "ENABLED"),
    ]);
    texts.into_iter().chain(others).collect()
}
