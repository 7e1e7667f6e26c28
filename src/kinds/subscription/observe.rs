//! The subscriptions of a topic as SNS shows them.

use super::{Attributes, DEAD_LETTERS, FILTER, RAW, SCOPE, Spec, Subscription, named};
use crate::aws::pages::all_pages;
use crate::aws::{Context, Error, Result};
use crate::kind::{Kind, ObservedOf, Parent};
use crate::kinds::alias;
use crate::kinds::ends::ends_of;
use crate::kinds::function::Function;
use crate::kinds::mark::hash;
use crate::kinds::queue::Queue;
use crate::kinds::require_str;
use crate::kinds::topic::{SNS, Topic, subscribers_of};
use crate::model::{Owner, PhysicalId};
use aws_sdk_sns::types::Subscription as Listed;
use futures_util::future::try_join_all;
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};

/// How the physical id of one begins that waits for its confirmation: lists have no ARN of it.
const PENDING: &str = "PendingConfirmation";

pub(super) fn is_pending(arn: &str) -> bool {
    arn.starts_with(PENDING)
}

/// Where a subscription leads.
struct End {
    /// Its name, as that of the subscription has it.
    name: String,
    /// The function or queue of this account and region; `None` for an address outside.
    target: Option<PhysicalId>,
}

fn end(ctx: &Context, protocol: &str, endpoint: &str) -> End {
    let of = |pattern: &str| endpoint.strip_prefix(&ctx.scope.expand(pattern, "")).map(str::to_owned);
    match (protocol, of(Function::ARN), of(Queue::ARN)) {
        ("lambda", Some(name), _) => {
            let function = PhysicalId::new(Function::NAME, alias::parts(&name).0);
            End { name: format!("function {name}"), target: Some(function) }
        }
        ("sqs", _, Some(name)) => {
            End { name: format!("queue {name}"), target: Some(PhysicalId::new(Queue::NAME, name)) }
        }
        _ => End { name: format!("{protocol} {endpoint}"), target: None },
    }
}

fn leads_to(ctx: &Context, one: &Listed) -> End {
    end(ctx, one.protocol().unwrap_or_default(), one.endpoint().unwrap_or_default())
}

fn name_of(ctx: &Context, topic: &Parent, one: &Listed) -> String {
    named(&topic.physical_id.id, &leads_to(ctx, one).name)
}

/// The subscriptions of a topic, of those with a name that is asked for.
pub(super) async fn list(
    ctx: &Context,
    topic: &Parent,
    is_asked: impl Fn(&str) -> bool,
) -> Result<Vec<ObservedOf<Subscription>>> {
    let arn = ctx.scope.expand(Topic::ARN, &topic.physical_id.id);
    let mut listed = SNS.not_found_as_none(all_of(ctx, &arn).await)?.unwrap_or_default();
    listed.retain(|one| is_asked(&name_of(ctx, topic, one)));
    let noted = noted(ctx, topic, &arn, &listed).await?;
    let observed = listed.iter().map(async |one| observed(ctx, topic, one, &noted).await);
    Ok(try_join_all(observed).await?.into_iter().flatten().collect())
}

/// All subscriptions of the topic with this ARN; an error if there is none.
async fn all_of(ctx: &Context, topic: &str) -> Result<Vec<Listed>> {
    let pages = all_pages("sns:ListSubscriptionsByTopic", async |token| {
        let list = ctx.clients.sns().list_subscriptions_by_topic().topic_arn(topic);
        let page = list.set_next_token(token).send().await?;
        Ok((page.subscriptions.unwrap_or_default(), page.next_token))
    });
    pages.await
}

/// A subscription at a topic of others.
pub(in crate::kinds) struct Found {
    /// Where it leads, as its name says it.
    pub(in crate::kinds) to: String,
    pub(in crate::kinds) arn: String,
    /// The account that has made it, if that is another one: it alone and the owner of the topic can read and end it [M: Unsubscribe].
    pub(in crate::kinds) account: Option<String>,
    pub(in crate::kinds) spec: Spec,
    pub(in crate::kinds) refs: Vec<PhysicalId>,
}

/// The subscriptions at a topic, by its ARN, that lead to functions and queues of these names; an error if there is no such topic.
pub(in crate::kinds) async fn at_topic(ctx: &Context, topic: &str, to: &[&str]) -> Result<Vec<Found>> {
    let mut listed = all_of(ctx, topic).await?;
    // One that its owner has begun and that is not confirmed has no ARN.
    listed.retain(|one| {
        !one.subscription_arn().is_some_and(is_pending) && to.contains(&leads_to(ctx, one).name.as_str())
    });
    let found = listed.iter().map(async |one| found(ctx, topic, one).await);
    Ok(try_join_all(found).await?.into_iter().flatten().collect())
}

/// One of a list with its settings; `None` if it was deleted in the meantime.
async fn found(ctx: &Context, topic: &str, one: &Listed) -> Result<Option<Found>> {
    let arn = require_str(one.subscription_arn(), "sns:ListSubscriptionsByTopic", "the subscription's ARN")?;
    let account = one.owner().filter(|account| *account != ctx.scope.account).map(str::to_owned);
    let attributes = match account {
        Some(_) => HashMap::new(),
        None => match attributes(ctx, &arn).await? {
            Some(attributes) => attributes,
            None => return Ok(None),
        },
    };
    let spec = read_spec(one.protocol().unwrap_or_default(), one.endpoint().unwrap_or_default(), &attributes);
    let (to, refs) = (leads_to(ctx, one).name, refs(ctx, &spec));
    Ok(Some(Found { to, arn, account, spec: Spec { topic: Some(topic.to_owned()), ..spec }, refs }))
}

/// What a subscription refers to: first where it leads, then the queue for its dead letters.
fn refs(ctx: &Context, spec: &Spec) -> Vec<PhysicalId> {
    let ends = [Some(&spec.endpoint), spec.dead_letter.as_ref()].into_iter().flatten();
    ends.flat_map(|arn| ends_of(&ctx.scope, arn)).collect()
}

/// The addresses outside that the topic notes, where one has to be asked for.
async fn noted(ctx: &Context, topic: &Parent, arn: &str, listed: &[Listed]) -> Result<BTreeSet<String>> {
    let is_undeclared = |one: &Listed| {
        let is_outside = leads_to(ctx, one).target.is_none();
        is_outside && !ctx.scope.wants(Subscription::NAME, &name_of(ctx, topic, one))
    };
    if listed.iter().any(is_undeclared) { subscribers_of(ctx, arn).await } else { Ok(BTreeSet::new()) }
}

/// A subscription with its settings, which lists do not show; `None` if it was deleted in the meantime.
async fn observed(
    ctx: &Context,
    topic: &Parent,
    one: &Listed,
    noted: &BTreeSet<String>,
) -> Result<Option<ObservedOf<Subscription>>> {
    let operation = "sns:ListSubscriptionsByTopic";
    let arn = require_str(one.subscription_arn(), operation, "the subscription's ARN")?;
    let protocol = require_str(one.protocol(), operation, "the subscription's protocol")?;
    let endpoint = one.endpoint().unwrap_or_default();
    let end = end(ctx, &protocol, endpoint);
    let name = named(&topic.physical_id.id, &end.name);
    let is_declared = ctx.scope.wants(Subscription::NAME, &name);
    let is_noted = end.target.is_none() && noted.contains(&hash(&end.name, 4));
    let owner = match () {
        () if is_declared => Owner::Ours,
        // Nothing can delete it.
        () if is_pending(&arn) => Owner::Unmanaged("it waits for its confirmation".to_owned()),
        () if is_noted => Owner::Ours,
        () => Owner::Unmanaged("the stack has not subscribed it".to_owned()),
    };
    let is_readable = owner == Owner::Ours || end.target.is_some();
    let spec = match is_pending(&arn) {
        true => desired(ctx, &name).unwrap_or_else(|| read_spec(&protocol, endpoint, &HashMap::new())),
        false if is_readable => match attributes(ctx, &arn).await? {
            Some(attributes) => read_spec(&protocol, endpoint, &attributes),
            None => return Ok(None),
        },
        false => read_spec(&protocol, endpoint, &HashMap::new()),
    };
    // Several may wait at a time.
    let arn = if is_pending(&arn) { format!("{PENDING} of {}", end.name) } else { arn };
    let refs = refs(ctx, &spec);
    let is_waiting = is_pending(&arn);
    let mut observed = topic.child(Subscription::NAME, name, arn.clone(), owner, (spec, Attributes { arn }));
    observed.refs = refs;
    observed.note = (is_waiting && is_declared).then(|| "waits for its confirmation".to_owned());
    Ok(Some(observed))
}

/// The settings that one is to have that shows none.
fn desired(ctx: &Context, name: &str) -> Option<Spec> {
    Spec::deserialize(&ctx.scope.desired(Subscription::NAME, name)?).ok()
}

async fn attributes(ctx: &Context, arn: &str) -> Result<Option<HashMap<String, String>>> {
    let get = ctx.clients.sns().get_subscription_attributes().subscription_arn(arn);
    let response = SNS.not_found_as_none(get.send().await).map_err(|error: Error| error.about(arn))?;
    Ok(response.map(|response| response.attributes.unwrap_or_default()))
}

/// AWS may return the JSON of a filter in another form, and shows its scope only with a filter.
pub(super) fn read_spec(protocol: &str, endpoint: &str, attributes: &HashMap<String, String>) -> Spec {
    let text = |name: &str| attributes.get(name).map(String::as_str);
    let json = |name: &str| text(name).and_then(|text| serde_json::from_str::<Json>(text).ok());
    let filter = json(FILTER).filter(|filter| filter.as_object().is_none_or(|filter| !filter.is_empty()));
    Spec {
        topic: None,
        protocol: protocol.to_owned(),
        endpoint: endpoint.to_owned(),
        filter_body: filter.is_some() && text(SCOPE) == Some("MessageBody"),
        filter: filter.map(|filter| filter.to_string()),
        raw: text(RAW) == Some("true"),
        dead_letter: json(DEAD_LETTERS)
            .and_then(|policy| policy["deadLetterTargetArn"].as_str().map(str::to_owned)),
    }
}
