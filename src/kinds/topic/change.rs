//! What SNS is sent for a topic.

use super::observe::{Live, live};
use super::{SNS, Spec, Topic};
use crate::aws::tags;
use crate::aws::{Context, Error, Result};
use crate::kind::Kind;
use crate::kinds::assumable::once_known;
use crate::kinds::mark::hash;
use crate::kinds::{permission, statements};
use crate::model::{ResourceId, Scope};
use crate::policy::{Policy, Statement, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// The attribute with the policy, which is merged.
pub(super) const POLICY: &str = "Policy";

/// The attributes of a spec in the form of SNS, without those that nothing changes and without its policy.
pub(super) fn sent(spec: &Spec) -> BTreeMap<&'static str, String> {
    let Spec {
        display_name,
        fifo,
        content_deduplication,
        kms_key,
        signature_version,
        tracing,
        // A tag.
        subscribers: _,
        // It may have statements of others, so it is merged.
        policy: _,
        tags: _,
    } = spec;
    let mut all = BTreeMap::from([
        ("DisplayName", display_name.clone()),
        ("KmsMasterKeyId", kms_key.clone().unwrap_or_default()),
        ("SignatureVersion", signature_version.to_string()),
    ]);
    // Each type has an attribute that the other one has not [M].
    if *fifo {
        all.insert("ContentBasedDeduplication", content_deduplication.to_string());
    } else {
        all.insert("TracingConfig", if *tracing { "Active" } else { "PassThrough" }.to_owned());
    }
    all
}

/// What an attribute is where a create does not name it.
pub(super) fn default(name: &str) -> Option<&'static str> {
    match name {
        "DisplayName" | "KmsMasterKeyId" => Some(""),
        "SignatureVersion" => Some("1"),
        "TracingConfig" => Some("PassThrough"),
        "ContentBasedDeduplication" => Some("false"),
        _ => None,
    }
}

/// Changes an attribute: SNS takes one at a time.
pub(super) async fn set(
    ctx: &Context,
    id: &ResourceId,
    arn: &str,
    to: &Spec,
    (name, text): (&str, &str),
) -> Result<()> {
    once_accepted(ctx, id, to, async || {
        let set = ctx.clients.sns().set_topic_attributes().topic_arn(arn);
        set.attribute_name(name).attribute_value(text).send().await?;
        Ok(())
    })
    .await
}

/// Sets the stack's statements in the policy, and keeps those of others and of AWS.
pub(super) async fn set_policy(ctx: &Context, id: &ResourceId, arn: &str, to: &Spec) -> Result<()> {
    permission::note_admission(ctx, &id.name);
    let read = async || {
        let live = live(ctx, arn).await?;
        Ok(live.as_ref().map(Live::policy).transpose()?.unwrap_or_default())
    };
    let merge = |live: &Policy| statements::merged(live, &to.policy, &ctx.scope.identity);
    let write = async |policy: Policy| {
        // A policy has a statement: where no one else has one, it is AWS's own.
        let policy = if policy.0.is_empty() { with_default(policy, arn, &ctx.scope.account) } else { policy };
        set(ctx, id, arn, to, (POLICY, &policy.document())).await
    };
    ctx.edit_document(&format!("the policy of {id}"), read, merge, write).await
}

/// The policy of a new topic; `None` where the stack has no statement: then AWS makes its own.
pub(super) fn marked_policy(spec: &Spec, scope: &Scope, name: &str) -> Option<Policy> {
    let own = statements::marked(&spec.policy, &scope.identity);
    (!own.0.is_empty()).then(|| with_default(own, &scope.expand(Topic::ARN, name), &scope.account))
}

fn with_default(policy: Policy, arn: &str, account: &str) -> Policy {
    let default = ("__default_statement_ID".to_owned(), default_statement(arn, account));
    Policy(policy.0.into_iter().chain([default]).collect())
}

/// The statement that AWS gives to every topic: a policy of a create would take its place [aws-facts-services: 3].
pub(super) fn default_statement(arn: &str, account: &str) -> Statement {
    let actions = [
        "SNS:AddPermission",
        "SNS:DeleteTopic",
        "SNS:GetTopicAttributes",
        "SNS:ListSubscriptionsByTopic",
        "SNS:Publish",
        "SNS:RemovePermission",
        "SNS:SetTopicAttributes",
        "SNS:Subscribe",
    ];
    let one = |key: &str, value: Tree<String>| Tree::Map(BTreeMap::from([(key.to_owned(), value)]));
    let text = |text: &str| Tree::Text(text.to_owned());
    let mut statement = Statement::allow(actions, ("Resource", Tree::List(vec![text(arn)])));
    let owner = one("StringEquals", one("AWS:SourceOwner", text(account)));
    statement.0.insert("Principal".to_owned(), one("AWS", text("*")));
    statement.0.insert("Condition".to_owned(), owner);
    statement
}

/// The tag that notes the addresses outside of AWS; `None` where there is none.
pub(super) fn subscribers(all: &BTreeSet<String>) -> Option<(String, String)> {
    let hashes: Vec<String> = all.iter().map(|subscriber| hashed(subscriber)).collect();
    (!hashes.is_empty()).then(|| (tags::SUBSCRIBERS.to_owned(), hashes.join(" ")))
}

/// An address in the tag, where there is little room. Addresses of people are not for everyone who reads tags, either.
pub(super) fn hashed(subscriber: &str) -> String {
    hash(subscriber, 4)
}

/// Repeats a call while it is refused for a reason that passes.
pub(super) async fn once_accepted<T, F: Future<Output = Result<T>>>(
    ctx: &Context,
    id: &ResourceId,
    spec: &Spec,
    call: impl Fn() -> F,
) -> Result<T> {
    let passing = |error: &Error, names_fresh_role: bool| {
        let policy = error.is("InvalidParameter") && error.says("PrincipalNotFound") && names_fresh_role;
        SNS.transient(error).or(policy.then_some("SNS does not know a role of the policy yet"))
    };
    once_known(ctx, id, &spec.policy, passing, call).await
}
