//! A topic as SNS shows it.

use super::change::{POLICY, hashed};
use super::{Attributes, FIFO_TOPIC, SNS, Spec, Topic};
use crate::aws::tags::{self, Tags};
use crate::aws::{Clients, Context, Result};
use crate::kind::{Kind, ObservedOption};
use crate::kinds::{mark, statements, unmanaged};
use crate::model::{Observed, ResourceId};
use crate::policy::Policy;
use futures_util::try_join;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(super) async fn read(ctx: &Context, name: &str) -> Result<ObservedOption<Topic>> {
    let arn = ctx.scope.expand(Topic::ARN, name);
    let (live, all_tags) = try_join!(live(ctx, &arn), list_tags(&ctx.clients, &arn))?;
    let (Some(live), Some(all_tags)) = (live, all_tags) else { return Ok(None) };
    let (id, mark) = (ResourceId::new(Topic::NAME, name), mark::begin(&ctx.scope.identity));
    let owner = tags::owner(&all_tags, &ctx.scope);
    let subscribers = subscribers(ctx, name, &all_tags);
    let spec = live.spec(tags::compared(all_tags, &ctx.scope, &id), subscribers, &mark)?;
    let attributes = Attributes { name: name.to_owned(), arn };
    let mut observed = Observed::new(id, name, owner, spec, attributes);
    observed.unmanaged_settings = live.by_hand(&mark)?;
    Ok(Some(observed))
}

/// The attributes of a topic; `None` if it does not exist.
pub(super) async fn live(ctx: &Context, arn: &str) -> Result<Option<Live>> {
    let get = ctx.clients.sns().get_topic_attributes().topic_arn(arn);
    let response = SNS.not_found_as_none(get.send().await)?;
    Ok(response.map(|response| Live(response.attributes.unwrap_or_default())))
}

/// The tags of a topic; `None` if it does not exist.
pub(in crate::kinds) async fn list_tags(clients: &Clients, arn: &str) -> Result<Option<Tags>> {
    let list = clients.sns().list_tags_for_resource().resource_arn(arn);
    let response = SNS.not_found_as_none(list.send().await)?;
    let tags = response.map(|response| response.tags.unwrap_or_default());
    Ok(tags.map(|tags| tags.into_iter().map(|tag| (tag.key, tag.value)).collect()))
}

/// The hashes of the addresses outside of AWS that a topic notes.
pub(in crate::kinds) async fn subscribers_of(ctx: &Context, arn: &str) -> Result<BTreeSet<String>> {
    let tags = list_tags(&ctx.clients, arn).await?.unwrap_or_default();
    Ok(noted(&tags).map(str::to_owned).collect())
}

fn noted(tags: &Tags) -> impl Iterator<Item = &str> {
    let noted = tags.get(tags::SUBSCRIBERS).map(String::as_str).unwrap_or_default();
    noted.split(' ').filter(|hash| !hash.is_empty())
}

/// The addresses outside of AWS that a topic notes: as the stack declares them, or the hash of one that it does not declare.
fn subscribers(ctx: &Context, name: &str, tags: &Tags) -> BTreeSet<String> {
    let declared = ctx.scope.desired_field(Topic::NAME, name, "subscribers").unwrap_or_default();
    let declared: BTreeMap<String, String> = declared
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .map(|subscriber| (hashed(subscriber), subscriber.to_owned()))
        .collect();
    noted(tags).map(|hash| declared.get(hash).cloned().unwrap_or_else(|| hash.to_owned())).collect()
}

/// The attributes of a topic as SNS returns them: texts.
pub(super) struct Live(pub(super) HashMap<String, String>);

/// The attributes that a spec has, and those that only say what is there.
const KNOWN: &[&str] = &[
    "DisplayName",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
    FIFO_TOPIC,
    "ContentBasedDeduplication",
    POLICY,
    "TopicArn",
    "Owner",
    "EffectiveDeliveryPolicy",
    "SubscriptionsConfirmed",
    "SubscriptionsPending",
    "SubscriptionsDeleted",
    "BeginningArchiveTime",
];

impl Live {
    fn text(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    /// What it is, with the statements of the stack with a mark.
    pub(super) fn spec(&self, tags: Tags, subscribers: BTreeSet<String>, mark: &str) -> Result<Spec> {
        Ok(Spec {
            display_name: self.text("DisplayName").to_owned(),
            fifo: self.text(FIFO_TOPIC) == "true",
            content_deduplication: self.text("ContentBasedDeduplication") == "true",
            kms_key: Some(self.text("KmsMasterKeyId").to_owned()).filter(|key| !key.is_empty()),
            // It is shown only where somebody has set it [aws-facts-services: 3].
            signature_version: self.text("SignatureVersion").parse().unwrap_or(1),
            tracing: self.text("TracingConfig") == "Active",
            subscribers,
            policy: statements::own(self.policy()?, mark),
            tags,
        })
    }

    /// The whole policy.
    pub(super) fn policy(&self) -> Result<Policy> {
        match self.text(POLICY) {
            "" => Ok(Policy::default()),
            document => Policy::read("sns:GetTopicAttributes", document),
        }
    }

    /// The settings that nothing manages. AWS's own statement is in every policy at first.
    pub(super) fn by_hand(&self, mark: &str) -> Result<BTreeMap<String, String>> {
        let scope = self.0.get("FifoThroughputScope").map(String::as_str);
        let others = self
            .0
            .iter()
            .filter(|(name, _)| !KNOWN.contains(&name.as_str()) && *name != "FifoThroughputScope");
        let others =
            others.filter(|(_, text)| !text.is_empty()).map(|(name, text)| (name.clone(), text.clone()));
        let mut statements = statements::of_others(self.policy()?, mark);
        statements.remove("policy.__default_statement_ID");
        Ok(unmanaged([("fifo_throughput_scope", scope, "Topic")])
            .into_iter()
            .chain(others)
            .chain(statements)
            .collect())
    }
}
