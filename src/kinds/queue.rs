//! SQS queues.

mod acts;
mod change;
mod observe;
pub mod section;

use self::change::{YOUNG, changed, document, once_accepted, sent, set, set_policy};
use self::observe::{Live, list_tags, once_changed, read, shown, url};
use super::fifo::FIFO;
use super::permission::note_admission;
use super::{read_each, statements};
use crate::aws::clients::client;
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, Poll, wait_until};
use crate::aws::{Clients, Context, Error, Errors, Refusal, Result, Service};
use crate::kind::{
    AdoptedBy, Features, Kind, Observation, ObservedOf, ObservedOption, On, OnExisting, Output, OwnListing,
    Owned, Parent, Permission, Tagging, Task, Which,
};
use crate::model::{Owner, PhysicalId, ResourceId, Texts};
use crate::policy::Policy;
use aws_sdk_sqs::types::QueueAttributeName as Name;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

/// SQS publishes no quotas of these calls. A code of its older protocol comes in a header, and SDKs prefer it
/// [aws-facts: SQS, LS].
pub(crate) static SQS: Service = Service {
    errors: Errors {
        not_found: &[
            Refusal::Code("AWS.SimpleQueueService.NonExistentQueue"),
            Refusal::Code("QueueDoesNotExist"),
        ],
        exists: &[Refusal::Code("QueueAlreadyExists"), Refusal::Code("QueueNameExists")],
        transient: &[
            (Refusal::Code("AWS.SimpleQueueService.QueueDeletedRecently"), NAME_LOCKED),
            (Refusal::Code("QueueDeletedRecently"), NAME_LOCKED),
        ],
        passing_limits: &[],
    },
    ..Service::new("SQS", "sqs")
};

const NAME_LOCKED: &str =
    "a queue of this name was deleted less than 60 seconds ago; waits until the name is free";

impl Clients {
    /// The client of SQS.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        client!(self, &SQS, aws_sdk_sqs)
    }
}

/// An SQS queue.
pub struct Queue;

/// The desired state of a queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Texts")]
pub struct Spec<T = String> {
    /// For how many seconds a received message is hidden.
    pub visibility_timeout: i32,
    /// For how many seconds a message is kept.
    pub retention: i32,
    /// After how many seconds a message is delivered.
    pub delay: i32,
    /// For how many seconds a receive waits for messages.
    pub receive_wait: i32,
    /// How many bytes a message may have.
    pub max_message_size: i32,
    /// Whether it is a FIFO queue.
    pub fifo: bool,
    /// Whether a FIFO queue knows duplicates by their content.
    pub content_deduplication: bool,
    /// Whether a FIFO queue has a throughput for each message group.
    pub high_throughput: bool,
    /// Where messages go that were received too often.
    pub dead_letter: Option<DeadLetter<T>>,
    /// The queues whose dead letters it takes.
    pub redrive_from: RedriveFrom,
    /// How its messages are encrypted.
    pub encryption: Encryption,
    /// Whom it admits: the statements of the stack, each without the beginning of its `Sid`. Others may have statements there too.
    pub policy: Policy<T>,
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// Where messages go that were received too often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadLetter<T = String> {
    /// The ARN of the queue that takes them.
    pub queue: T,
    /// After how many receives.
    pub after: i32,
}

/// The queues whose dead letters a queue takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RedriveFrom {
    /// All queues of the account in the region.
    All,
    /// No queue.
    None,
    /// The queues of these ARNs.
    Only(BTreeSet<String>),
}

/// How the messages of a queue are encrypted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encryption {
    /// Not at all: only others can have done that.
    None,
    /// With a key that SQS owns.
    Sqs,
    /// With a key in KMS: its ARN, its id, or an alias.
    Kms(String),
}

/// The attributes of a queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
    /// The URL to which calls go.
    pub url: String,
}

const ANY: On = On::new("ReadQueue", Queue::NAME, Which::Any, &[Queue::ARN]);
const DECLARED: On = On::new("Queues", Queue::NAME, Which::Declared, &[Queue::ARN]);
const OWNED: On = On::new("MarkedQueues", Queue::NAME, Which::Owned(""), &[Queue::ARN]);

impl Kind for Queue {
    const NAME: &'static str = "queue";
    const SERVICE: &'static Service = &SQS;
    const IMMUTABLE: &'static [&'static str] = &["fifo"];
    /// The queue for dead letters exists before those that send them there, and is deleted after them.
    const DEPENDS_ON: &'static [&'static str] = &["queue"];
    /// CreateQueue returns the URL of a queue that exists [aws-facts: Uniqueness].
    const ON_EXISTING: OnExisting = OnExisting::Accept;
    const DATA: Option<&'static str> = Some("all of its messages");
    const SECTION: &'static str = "queues";
    const ARN: &'static str = "arn:{partition}:sqs:{region}:{account}:{name}";
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("sqs:GetQueueUrl", Task::READ, &ANY),
        Permission::same("sqs:GetQueueAttributes", Task::READ, &ANY),
        Permission::same("sqs:ListQueueTags", Task::READ, &ANY),
        Permission::of(
            "sqs:CreateQueue",
            Task::CHANGE,
            &[("sqs:CreateQueue", &DECLARED), ("sqs:TagQueue", &DECLARED)],
        ),
        Permission::same("sqs:SetQueueAttributes", Task::CHANGE, &DECLARED),
        Permission::same("sqs:TagQueue", Task::CHANGE, &DECLARED),
        Permission::same("sqs:DeleteQueue", Task::DELETE, &OWNED),
    ];
    const TAGGING: Option<Tagging> =
        Some(Tagging { resource_type: "sqs", prefix: "", own_listing: OwnListing::Never });
    const FEATURES: Features = Features {
        adopted_by: Some(AdoptedBy::Name),
        acts: &[&acts::SEND, &acts::MESSAGE],
        outputs: &[Output::new("queues.NAME", "url")],
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
        ctx.created.add(PhysicalId::new(Self::NAME, &id.name));
        note_admission(ctx, &id.name);
        let policy = (Name::Policy, document(&statements::marked(&spec.policy, &ctx.scope.identity)));
        // CreateQueue refuses a text that is empty [hazards: Q3].
        let all = sent(spec).into_iter().chain([policy]).filter(|(_, text)| !text.is_empty());
        let attributes: HashMap<Name, String> = all.collect();
        once_accepted(ctx, id, spec, async || {
            let create = ctx.clients.sqs().create_queue().queue_name(&id.name);
            let create = create.set_attributes(Some(attributes.clone()));
            create.set_tags(Some(spec.tags.clone().into_iter().collect())).send().await?;
            Ok(())
        })
        .await?;
        let created = shown(ctx, id).await?;
        // The call also succeeds where another owner has created an equal queue in the meantime.
        match created.owner {
            Owner::Unmanaged(owner) => Err(Error::state(format!("it already exists, and {owner}"))),
            Owner::Ours | Owner::Untagged => Ok(created.attributes),
        }
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let (id, url) = (&observed.id, &observed.attributes.url);
        // A resumed run may not have created the queue itself.
        if observed.created.is_some_and(|created| ctx.age(created) < YOUNG) {
            ctx.created.add(observed.key());
        }
        let changed = changed(&observed.spec, to);
        if !changed.is_empty() {
            set(ctx, id, url, to, changed).await?;
            let is_shown = |live: &Live| {
                live.spec(Tags::new(), "").is_ok_and(|spec| self::changed(&spec, to).is_empty())
            };
            once_changed(ctx, id, url, is_shown).await?;
        }
        if observed.spec.policy != to.policy {
            set_policy(ctx, id, url, to).await?;
        }
        let set = tags::to_set(&observed.spec.tags, &to.tags);
        if !set.is_empty() {
            once_accepted(ctx, id, to, async || {
                let tag = ctx.clients.sqs().tag_queue().queue_url(url);
                tag.set_tags(Some(set.clone().into_iter().collect())).send().await?;
                Ok(())
            })
            .await?;
        }
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        let (id, sqs, deleted) = (&observed.id, ctx.clients.sqs(), AtomicBool::new(false));
        wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
            // A queue that was just created may be found by a read and not yet by the delete [hazards: Q1].
            if !deleted.load(Ordering::Relaxed) {
                let delete = sqs.delete_queue().queue_url(&observed.attributes.url);
                deleted.store(SQS.not_found_as_none(delete.send().await)?.is_some(), Ordering::Relaxed);
            }
            Ok(match url(&ctx.clients, &observed.physical_id).await? {
                None => Poll::Ready(()),
                Some(_) => Poll::Pending("being deleted".to_owned()),
            })
        })
        .await
    }

    async fn inventory(clients: &Clients, tagged: Vec<Owned>) -> Result<Vec<Owned>> {
        let existing = tagged.into_iter().map(async |Owned { physical_id, .. }| {
            let Some(url) = url(clients, &physical_id.id).await? else { return Ok(None) };
            let mark = list_tags(clients, &url).await?.and_then(|mut tags| tags.remove(tags::STACK));
            Ok::<_, Error>(mark.map(|mark| Owned::new(&mark, physical_id)))
        });
        Ok(try_join_all(existing).await?.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::mark;
    use crate::model::Identity;
    use std::collections::BTreeMap;

    fn live(attributes: &[(Name, &str)]) -> Spec {
        let all = attributes.iter().map(|(name, text)| (name.clone(), (*text).to_owned()));
        Live(all.collect()).spec(Tags::new(), "provision-1-").expect("a spec")
    }

    fn sent_for(from: &Spec, to: &Spec) -> BTreeMap<Name, String> {
        changed(from, to).into_iter().collect()
    }

    /// What SQS shows of a queue of which nothing was said [aws-facts: SQS].
    fn plain() -> Spec {
        live(&[
            (Name::VisibilityTimeout, "30"),
            (Name::MessageRetentionPeriod, "345600"),
            (Name::DelaySeconds, "0"),
            (Name::ReceiveMessageWaitTimeSeconds, "0"),
            (Name::MaximumMessageSize, "1048576"),
            (Name::SqsManagedSseEnabled, "true"),
        ])
    }

    #[test]
    fn what_is_sent_reads_back_the_same() {
        let sources = ["arn:aws:sqs:x:1:a".to_owned()].into();
        let full = Spec {
            fifo: true,
            content_deduplication: true,
            high_throughput: true,
            dead_letter: Some(DeadLetter { queue: "arn:aws:sqs:x:1:b.fifo".to_owned(), after: 5 }),
            redrive_from: RedriveFrom::Only(sources),
            encryption: Encryption::Kms("alias/k".to_owned()),
            ..plain()
        };
        for spec in [full, plain(), Spec { redrive_from: RedriveFrom::None, ..plain() }] {
            let shown = Live(sent(&spec).into_iter().filter(|(_, text)| !text.is_empty()).collect());
            assert_eq!(shown.spec(Tags::new(), ""), Ok(spec));
        }
    }

    #[test]
    fn only_what_differs_is_sent_and_pairs_together() {
        let fifo = Spec { fifo: true, ..plain() };
        let fast = Spec { high_throughput: true, ..fifo.clone() };
        let pair = |scope: &str, limit: &str| {
            BTreeMap::from([
                (Name::DeduplicationScope, scope.to_owned()),
                (Name::FifoThroughputLimit, limit.to_owned()),
            ])
        };
        assert_eq!(sent_for(&fifo, &fast), pair("messageGroup", "perMessageGroupId"));
        assert_eq!(sent_for(&fast, &fifo), pair("queue", "perQueue"));
        assert_eq!(sent_for(&fast, &fast), BTreeMap::new());
    }

    #[test]
    fn one_sort_of_encryption_takes_the_place_of_the_other() {
        let of = |encryption| Spec { encryption, ..plain() };
        let key = || of(Encryption::Kms("alias/k".to_owned()));
        let [sse, kms, reuse] =
            [Name::SqsManagedSseEnabled, Name::KmsMasterKeyId, Name::KmsDataKeyReusePeriodSeconds];
        let text = |name: &Name, value: &str| (name.clone(), value.to_owned());
        let own = [text(&sse, "true"), text(&kms, "")];
        assert_eq!(sent_for(&key(), &plain()), own.into());
        let another = [text(&kms, "alias/k"), text(&reuse, "300")];
        assert_eq!(sent_for(&plain(), &key()), another.clone().into());
        assert_eq!(sent_for(&of(Encryption::None), &key()), another.into());
        assert_eq!(sent_for(&of(Encryption::None), &plain()), [text(&sse, "true")].into());
    }

    #[test]
    fn the_count_of_receives_may_be_a_text() {
        let redrive = r#"{"maxReceiveCount":"3","deadLetterTargetArn":"arn:b"}"#;
        let spec = live(&[(Name::RedrivePolicy, redrive)]);
        assert_eq!(spec.dead_letter, Some(DeadLetter { queue: "arn:b".to_owned(), after: 3 }));
        let all = live(&[(Name::RedriveAllowPolicy, r#"{"redrivePermission":"allowAll"}"#)]);
        assert_eq!(all.redrive_from, RedriveFrom::All);
    }

    #[test]
    fn statements_of_others_are_no_part_of_a_queue() {
        let own =
            r#"{"Sid":"provision-1-A","Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}"#;
        let policy = format!(r#"{{"Statement":[{own},{}]}}"#, own.replace("provision-1-A", "1"));
        let spec = live(&[(Name::Policy, &policy)]);
        assert_eq!(spec.policy.0.keys().collect::<Vec<_>>(), ["A"]);
    }

    #[test]
    fn a_mark_is_the_hash_of_an_identity() {
        let of = |text: &str| mark::begin(&Identity::of(text));
        assert_eq!(of("shop/prod"), "provision-8ad5775a7616cc08-");
        assert_ne!(of("shop"), of("shop/prod"));
    }
}
