//! SNS topics.

mod acts;
mod change;
mod observe;
pub mod section;

use self::change::{marked_policy, once_accepted, sent, set, set_policy};
use self::observe::read;
pub(in crate::kinds) use self::observe::{list_tags, subscribers_of};
use super::fifo::FIFO;
use super::{permission, read_each, require_str};
use crate::aws::clients::client;
use crate::aws::tags::{self, Tags};
use crate::aws::{Clients, Context, Error, Errors, Refusal, Result, Service};
use crate::kind::{
    AdoptedBy, Features, Kind, Observation, ObservedOf, ObservedOption, On, OnExisting, Output, OwnListing,
    Owned, Parent, Permission, Tagging, Task, When, Which,
};
use crate::model::{ResourceId, Texts};
use crate::policy::Policy;
use aws_sdk_sns::types::Tag;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// SNS has one code for nearly all that it refuses. For what is about tags alone, a missing topic is another one [M].
pub(crate) static SNS: Service = Service {
    errors: Errors {
        not_found: &[Refusal::Code("NotFound"), Refusal::Code("ResourceNotFound")],
        exists: &[Refusal::Saying("InvalidParameter", "already exists with different")],
        transient: &[(Refusal::Code("ConcurrentAccess"), "another change of its tags is in progress")],
        passing_limits: &[],
    },
    ..Service::new("SNS", "sns")
};

/// Who delivers what a topic says.
pub(in crate::kinds) const PRINCIPAL: &str = "sns.amazonaws.com";

impl Clients {
    /// The client of SNS.
    pub fn sns(&self) -> aws_sdk_sns::Client {
        client!(self, &SNS, aws_sdk_sns)
    }
}

/// An SNS topic.
pub struct Topic;

/// The desired state of a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Texts")]
pub struct Spec<T = String> {
    /// What text messages and e-mails are sent as.
    pub display_name: String,
    /// Whether it is a FIFO topic.
    pub fifo: bool,
    /// Whether a FIFO topic knows duplicates by their content.
    pub content_deduplication: bool,
    /// The key in KMS that encrypts its messages: its ARN, its id, or an alias.
    pub kms_key: Option<String>,
    /// How its messages are signed: 1 with SHA-1, 2 with SHA-256.
    pub signature_version: i32,
    /// Whether what it delivers is traced.
    pub tracing: bool,
    /// The addresses outside of AWS that have subscribed for the stack. A tag of the topic notes them: a subscription bears no
    /// mark itself.
    pub subscribers: BTreeSet<String>,
    /// Whom it admits: the statements of the stack, each without the beginning of its `Sid`. Others may have statements there too.
    pub policy: Policy<T>,
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// The attributes of a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

const ANY: On = On::new("ReadTopic", Topic::NAME, Which::Any, &[Topic::ARN]);
const DECLARED: On = On::new("Topics", Topic::NAME, Which::Declared, &[Topic::ARN]);
const OWNED: On = On::new("MarkedTopics", Topic::NAME, Which::Owned(""), &[Topic::ARN]);
/// What names a subscription alone is about no resource [Service Authorization Reference: SNS].
pub(in crate::kinds) const SUBSCRIPTIONS: On =
    On::new("ChangedSubscriptions", Topic::NAME, Which::Within, &["*"]);

impl Kind for Topic {
    const NAME: &'static str = "topic";
    const SERVICE: &'static Service = &SNS;
    const IMMUTABLE: &'static [&'static str] = &["fifo"];
    /// CreateTopic returns the ARN of an equal topic, or of one of which the call names a part [aws-facts-services: Uniqueness].
    /// It names the ownership tags, so that is never one of another owner.
    const ON_EXISTING: OnExisting = OnExisting::Accept;
    const SECTION: &'static str = "topics";
    const ARN: &'static str = "arn:{partition}:sns:{region}:{account}:{name}";
    /// Those of its subscriptions that a topic needs also where the file has none of them any more.
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("sns:GetTopicAttributes", Task::READ, &ANY).when(When::DECLARED),
        Permission::same("sns:ListTagsForResource", Task::READ, &ANY).when(When::DECLARED),
        Permission::same("sns:ListSubscriptionsByTopic", Task::READ, &ANY).when(When::DECLARED),
        Permission::same("sns:GetSubscriptionAttributes", Task::READ, &On::EVERYTHING).when(When::DECLARED),
        Permission::of(
            "sns:CreateTopic",
            Task::CHANGE,
            &[("sns:CreateTopic", &DECLARED), ("sns:TagResource", &DECLARED)],
        ),
        Permission::same("sns:SetTopicAttributes", Task::CHANGE, &DECLARED),
        Permission::same("sns:TagResource", Task::CHANGE, &DECLARED),
        Permission::same("sns:Unsubscribe", Task::CHANGE, &SUBSCRIPTIONS).when(When::DECLARED),
        Permission::same("sns:DeleteTopic", Task::DELETE, &OWNED).when(When::DECLARED),
    ];
    const TAGGING: Option<Tagging> =
        Some(Tagging { resource_type: "sns", prefix: "", own_listing: OwnListing::Never });
    const FEATURES: Features = Features {
        adopted_by: Some(AdoptedBy::Name),
        acts: &[&acts::SEND],
        outputs: &[Output::new("topics.NAME", "arn")],
        counted: true,
        name_ending: FIFO,
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
        permission::note_admission(ctx, &id.name);
        let attributes =
            sent(spec).into_iter().filter(|(name, text)| change::default(name) != Some(text.as_str()));
        let policy = marked_policy(spec, &ctx.scope, &id.name);
        let fifo = spec.fifo.then(|| (FIFO_TOPIC, "true".to_owned()));
        let attributes =
            attributes.chain(fifo).chain(policy.map(|policy| (change::POLICY, policy.document())));
        let attributes: Vec<(&str, String)> = attributes.collect();
        let mut tags = spec.tags.clone();
        tags.extend(change::subscribers(&spec.subscribers));
        let tags = sdk_tags(tags)?;
        let created = once_accepted(ctx, id, spec, async || {
            let create = ctx.clients.sns().create_topic().name(&id.name).set_tags(Some(tags.clone()));
            let all = attributes.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
            Ok(create.set_attributes(Some(all)).send().await?)
        })
        .await?;
        let arn = require_str(created.topic_arn(), "sns:CreateTopic", "the topic's ARN")?;
        Ok(Attributes { name: id.name.clone(), arn })
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let (id, from, arn) = (&observed.id, &observed.spec, &observed.attributes.arn);
        let live = sent(from);
        for (name, text) in sent(to).into_iter().filter(|(name, text)| live.get(name) != Some(text)) {
            set(ctx, id, arn, to, (name, &text)).await?;
        }
        if from.policy != to.policy {
            set_policy(ctx, id, arn, to).await?;
        }
        let mut tags = tags::to_set(&from.tags, &to.tags);
        if from.subscribers != to.subscribers {
            tags.extend(
                change::subscribers(&to.subscribers).or(Some((tags::SUBSCRIBERS.to_owned(), String::new()))),
            );
        }
        if !tags.is_empty() {
            let tags = sdk_tags(tags)?;
            once_accepted(ctx, id, to, async || {
                let tag = ctx.clients.sns().tag_resource().resource_arn(arn);
                tag.set_tags(Some(tags.clone())).send().await?;
                Ok(())
            })
            .await?;
        }
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        let delete = ctx.clients.sns().delete_topic().topic_arn(&observed.attributes.arn);
        SNS.ignore_not_found(delete.send().await)
    }

    async fn inventory(clients: &Clients, tagged: Vec<Owned>) -> Result<Vec<Owned>> {
        let existing = tagged.into_iter().map(async |Owned { physical_id, arn, .. }| {
            let arn = arn.unwrap_or_default();
            let mark = list_tags(clients, &arn).await?.and_then(|mut tags| tags.remove(tags::STACK));
            Ok::<_, Error>(mark.map(|mark| Owned::new(&mark, physical_id)))
        });
        Ok(try_join_all(existing).await?.into_iter().flatten().collect())
    }
}

/// The attribute that nothing changes.
const FIFO_TOPIC: &str = "FifoTopic";

/// Tags as SNS takes them.
fn sdk_tags(tags: Tags) -> Result<Vec<Tag>> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.into_iter()
        .map(tag)
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| Error::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::change::{default_statement, hashed};
    use super::observe::Live;
    use super::*;
    use std::collections::BTreeMap;

    fn live(attributes: &[(&str, &str)]) -> Spec {
        let all = attributes.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Live(all.collect()).spec(Tags::new(), BTreeSet::new(), "provision-1-").expect("a spec")
    }

    /// What SNS shows of a topic of which nothing was said [recorded: test_create_topic_test_arn].
    #[test]
    fn what_is_sent_reads_back_the_same() {
        let plain = live(&[("DisplayName", "")]);
        assert_eq!((plain.signature_version, plain.tracing, &plain.kms_key), (1, false, &None));
        let full = Spec {
            display_name: "News".to_owned(),
            fifo: true,
            content_deduplication: true,
            kms_key: Some("alias/k".to_owned()),
            signature_version: 2,
            ..plain.clone()
        };
        for spec in [full, plain.clone(), Spec { tracing: true, ..plain }] {
            let sent = sent(&spec);
            let fifo = spec.fifo.then_some((FIFO_TOPIC, "true"));
            let sent: Vec<_> = sent.iter().map(|(name, text)| (*name, text.as_str())).chain(fifo).collect();
            assert_eq!(live(&sent), spec);
        }
    }

    /// A policy that no one asked for is no difference, and it stays when the stack adds statements.
    #[test]
    fn the_statements_of_others_are_no_part_of_a_topic() {
        let own = r#"{"Sid":"provision-1-A","Effect":"Allow","Principal":"*","Action":"SNS:Publish","Resource":"*"}"#;
        let theirs = own.replace("provision-1-A", "__default_statement_ID");
        let spec = live(&[("Policy", &format!(r#"{{"Statement":[{own},{theirs}]}}"#))]);
        assert_eq!(spec.policy.0.keys().collect::<Vec<_>>(), ["A"]);
        let statement = default_statement("arn:t", "123456789012").json();
        assert_eq!(statement["Condition"]["StringEquals"]["AWS:SourceOwner"], "123456789012");
    }

    #[test]
    fn subscribers_are_noted_by_a_hash() {
        let one = BTreeSet::from(["email a@example.com".to_owned()]);
        let tag: BTreeMap<String, String> = change::subscribers(&one).into_iter().collect();
        assert_eq!(tag, [(tags::SUBSCRIBERS.to_owned(), hashed("email a@example.com"))].into());
        assert_eq!(change::subscribers(&BTreeSet::new()), None);
        let most: BTreeSet<String> =
            (0..section::MAX_SUBSCRIPTIONS).map(|number| number.to_string()).collect();
        let (_, value) = change::subscribers(&most).expect("a tag");
        assert!(value.len() <= 256, "{}", value.len());
    }
}
