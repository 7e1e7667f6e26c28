//! SQS queues.

use super::assumable::is_fresh;
use super::event_source::EventSource;
use super::permission;
use super::{read_each, require_str, unmanaged};
use crate::aws::clients::client;
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, Poll, retry_if, wait_until};
use crate::aws::{Class, Clients, Context, Error, Errors, Refusal, Result, Service};
use crate::config::access::{Access, Level};
use crate::config::declared::{Connection, Declared, Referable, Sections, keyed};
use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::names::NameRule;
use crate::config::policy::resource_policy;
use crate::config::section::shape::{duration, either, flag, list, mapping, number, target};
use crate::config::section::{Keyed, Section, Shape, section};
use crate::config::{self, Diagnostic, Entries, Entry, Grant, Item, Stack, Target, Template};
use crate::kind::{
    AdoptedBy, Features, Kind, Observation, ObservedOf, ObservedOption, On, OnExisting, Output, OwnListing,
    Owned, Parent, Permission, Tagging, Task, Which,
};
use crate::lower::{Lower, Lowered, known_attributes, resource};
use crate::model::{Identity, Observed, Owner, PhysicalId, Resource, ResourceId, Text, Texts};
use crate::policy::{Policy, Statement, Tree};
use aws_sdk_sqs::types::QueueAttributeName as Name;
use futures_util::future::{join_all, try_join_all};
use futures_util::try_join;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
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
        let policy = (Name::Policy, document(&marked(&spec.policy, &ctx.scope.identity)));
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

const NAME: NameRule = NameRule { what: "queue", others: "-_", min: 1, max: 80, because: "" };
const NAME_OF_FIFO: NameRule = NameRule {
    max: 75,
    because: "AWS allows 80 characters, and the name of a FIFO queue ends in `.fifo`",
    ..NAME
};
/// The ending of the name of a FIFO queue.
const FIFO: &str = ".fifo";
/// The limits and the default of the visibility timeout, in seconds.
const MAX_VISIBILITY: u32 = 43_200;
const DEFAULT_VISIBILITY: u32 = 30;
/// How many queues can be named as sources of dead letters [aws-facts: SQS].
const MAX_SOURCES: usize = 10;

section! {
    /// An SQS queue.
    pub struct Config, checked by fits_together {
        /// How long a received message is hidden from other receivers, at most 12 hours. By default 30 seconds; for a queue that
        /// starts functions AWS's advice: six times the longest of their timeouts, plus the trigger's `window`.
        visibility_timeout: Option<u32> = duration(0..=i64::from(MAX_VISIBILITY)).optional(),
        /// How long a message is kept, at most 14 days.
        retention: u32 = duration(60..=1_209_600).default(345_600),
        /// How long a new message is held back, at most 15 minutes.
        delay: u32 = duration(0..=900).default(0),
        /// How long a receive waits for messages, at most 20 seconds. A longer wait saves calls.
        receive_wait: u32 = duration(0..=20).default(0),
        /// The largest message.
        max_message_size: u32 = number("bytes", 1_024..=1_048_576).default(1_048_576),
        /// Whether it is a FIFO queue, which keeps the order of its messages. AWS's name for it ends in `.fifo`, so a change
        /// deletes the queue and creates another one.
        fifo: Option<Fifo> = either(flag().map(|fifo| fifo.then_some(Fifo::PLAIN)), mapping().map(Some)).or_empty(),
        /// Where messages go that were received too often.
        dead_letter: Option<DeadLetters> = mapping().optional(),
        /// The queues whose dead letters this one takes: keys or ARNs, at most ten. By default every queue; an empty list
        /// admits none.
        redrive_from: Option<Vec<Target>> = redrive_from().optional(),
        /// A key in KMS that encrypts the messages: its ARN or alias, or `aws` for AWS's own key for SQS. By default a key that
        /// SQS owns.
        kms_key: Option<String> = Shape::new(json!({ "type": "string", "minLength": 1 }), kms_key)
            .with("examples", json!(["aws", "alias/NAME"]))
            .optional(),
        /// Whom the queue admits besides this account, in IAM's own syntax.
        resource_policy: Vec<config::Statement> = resource_policy().or_empty(),
    }
}

section! {
    /// The settings of a FIFO queue.
    pub struct Fifo {
        /// Whether messages with the same body count as duplicates.
        content_deduplication: bool = flag().default(false),
        /// Whether each message group has a throughput of its own. Duplicates are then found within a group only.
        high_throughput: bool = flag().default(false),
    }
}

section! {
    /// Where messages go that were received too often.
    pub struct DeadLetters {
        /// The key of a queue, or an ARN. Both queues are FIFO queues, or neither is.
        queue: Target = target::<Queue>().required("NAME"),
        /// After how many receives.
        after: u32 = number("receives", 1..=1_000).default(3),
    }
}

impl Fifo {
    /// A FIFO queue of AWS's defaults.
    const PLAIN: Fifo = Fifo { content_deduplication: false, high_throughput: false };
}

impl Declared for Queue {
    const ABOUT: &'static str =
        "SQS queues. The key is the queue's name in AWS; that of a FIFO queue ends in `.fifo`.";
    const REFERENCES: &'static [Referable] =
        &[Referable::known("name"), Referable::known("arn"), Referable::assigned("url")];
    const ACCESS: Option<&'static Access> = Some(&ACCESS);
    type Config = Config;

    fn section() -> Shape<Vec<Entry<Config>>> {
        keyed()
    }

    fn aws_name(queue: &Entry<Config>) -> Cow<'_, str> {
        match queue.fifo {
            Some(_) => format!("{}{FIFO}", queue.aws_name()).into(),
            None => queue.aws_name().into(),
        }
    }

    fn connections(queue: &Entry<Config>, _: Sections) -> Vec<Connection> {
        let target = queue.dead_letter.as_ref().and_then(|dead_letter| key_of(&dead_letter.queue));
        let end = |key: &str| (Self::NAME, key.to_owned());
        target
            .map(|target| Connection::new(end(&queue.name), end(target), "dead letters"))
            .into_iter()
            .collect()
    }

    fn check(queue: &Entry<Config>, entries: &Entries) -> Vec<Diagnostic> {
        let all: &[Entry<Config>] = entries.of();
        let of = |key: &str| all.iter().find(|other| other.name == key);
        let error = |field: &str, message: String, help: &str| Diagnostic {
            at: queue.place(field),
            length: 0,
            message,
            help: Some(help.to_owned()),
        };
        let dead_letters = queue.dead_letter.iter().map(|dead_letter| &dead_letter.queue);
        let targets = dead_letters.filter_map(key_of).filter_map(of).flat_map(|target| {
            let admitted =
                target.redrive_from.iter().flatten().any(|source| key_of(source) == Some(&queue.name));
            let message = if target.name == queue.name {
                Some((format!("`{}` cannot take its own dead letters", queue.name), "name another queue"))
            } else if target.redrive_from.is_some() && !admitted {
                let message = format!("`{}` does not take dead letters of `{}`", target.name, queue.name);
                Some((message, "add this queue to `redrive_from` there"))
            } else {
                None
            };
            message
                .map(|(message, help)| error("dead_letter", message, help))
                .into_iter()
                .chain(mixed(queue, target).map(|message| error("dead_letter", message, BOTH_FIFO)))
        });
        let sources = queue.redrive_from.iter().flatten().filter_map(key_of).filter_map(of);
        let sources = sources.filter_map(|source| mixed(queue, source));
        targets.chain(sources.map(|message| error("redrive_from", message, BOTH_FIFO))).collect()
    }

    fn templates(queue: &Entry<Config>) -> Vec<&Template> {
        let members = queue.resource_policy.iter().flat_map(|statement| statement.members.values());
        members.flat_map(|member| member.templates()).collect()
    }
}

const BOTH_FIFO: &str = "both must be FIFO queues, or neither";

/// Why one queue cannot take the dead letters of the other.
fn mixed(queue: &Entry<Config>, other: &Entry<Config>) -> Option<String> {
    let (fifo, plain) = match (&queue.fifo, &other.fifo) {
        (Some(_), None) => (queue, other),
        (None, Some(_)) => (other, queue),
        _ => return None,
    };
    Some(format!("`{}` is a FIFO queue, and `{}` is not", fifo.name, plain.name))
}

fn key_of(target: &Target) -> Option<&str> {
    match target {
        Target::Key(key) => Some(key),
        Target::Arn(_) => None,
    }
}

impl Lowered for Queue {
    fn lower(queue: &Entry<Config>, lower: &mut Lower) {
        let id = lower.id(Self::NAME, &queue.name);
        let arn = lower.scope.expand(Self::ARN, &id.name);
        let Config {
            visibility_timeout,
            retention,
            delay,
            receive_wait,
            max_message_size,
            fifo,
            dead_letter,
            redrive_from,
            kms_key,
            resource_policy,
        } = &**queue;
        let dead_letter = dead_letter.as_ref().map(|DeadLetters { queue, after }| DeadLetter {
            queue: match queue {
                Target::Key(key) => Text::reference(&lower.id(Self::NAME, key), "arn"),
                Target::Arn(arn) => arn.into(),
            },
            after: after.cast_signed(),
        });
        // No references: the sources depend on this queue, not the other way round.
        let source = |source: &Target| match source {
            Target::Key(key) => lower.arn::<Queue>(key),
            Target::Arn(arn) => arn.clone(),
        };
        let visibility = visibility_timeout.unwrap_or_else(|| advised_visibility(lower.stack, &queue.name));
        let spec = Spec {
            visibility_timeout: visibility.cast_signed(),
            retention: retention.cast_signed(),
            delay: delay.cast_signed(),
            receive_wait: receive_wait.cast_signed(),
            max_message_size: max_message_size.cast_signed(),
            fifo: fifo.is_some(),
            content_deduplication: fifo.as_ref().is_some_and(|fifo| fifo.content_deduplication),
            high_throughput: fifo.as_ref().is_some_and(|fifo| fifo.high_throughput),
            dead_letter,
            redrive_from: match redrive_from.as_deref() {
                None => RedriveFrom::All,
                Some([]) => RedriveFrom::None,
                Some(sources) => RedriveFrom::Only(sources.iter().map(source).collect()),
            },
            encryption: kms_key.clone().map_or(Encryption::Sqs, Encryption::Kms),
            policy: lower.queue_policy(resource_policy, &arn),
            tags: lower.tags(&id),
        };
        let known_attributes = known_attributes(&id, arn);
        let queue = resource::<Queue>(id, queue.at, &spec);
        lower.resources.push(Resource { known_attributes, ..queue });
    }

    /// SQS asks KMS in the name of who sends or receives [aws-facts: Who may call whom]. AWS's own key admits them by itself.
    fn use_of_key(queue: &Entry<Config>, grant: &Grant, lower: &Lower) -> Option<Statement<Text>> {
        let key = queue.kms_key.as_deref().filter(|key| *key != AWS_KEY)?;
        let may = |wanted: &str| grant.allows(&format!("sqs:{wanted}"));
        // Who sends makes a data key, and reads it again.
        let actions: &[&str] = match (may("SendMessage"), may("ReceiveMessage")) {
            (true, _) => &["kms:Decrypt", "kms:GenerateDataKey"],
            (false, true) => &["kms:Decrypt"],
            (false, false) => return None,
        };
        let on = |arn: String| ("Resource", Tree::List(vec![Tree::Text(arn.into())]));
        let Some((_, alias)) = key.split_once("alias/") else {
            return Some(Statement::allow(actions.iter().copied(), on(key.to_owned())));
        };
        // No statement applies to the ARN of an alias, so it is about the keys that have it.
        let keys = lower.scope.expand("arn:{partition}:kms:{region}:{account}:key/{name}", "*");
        let mut statement = Statement::allow(actions.iter().copied(), on(keys));
        let alias = Tree::Text(Text::from(format!("alias/{alias}")));
        let has_alias = Tree::Map([("kms:ResourceAliases".to_owned(), alias)].into());
        let condition = [("ForAnyValue:StringEquals".to_owned(), has_alias)].into();
        statement.0.insert("Condition".to_owned(), Tree::Map(condition));
        Some(statement)
    }
}

/// AWS's advice for a queue that starts functions; the default of SQS for others [aws-facts: SQS, DG].
fn advised_visibility(stack: &Stack, queue: &str) -> u32 {
    let advice = stack.functions().iter().flat_map(|function| {
        let triggers = function.triggers.iter().filter_map(Item::of::<EventSource>);
        let triggers = triggers.filter(|trigger| trigger.queue == queue);
        triggers.map(|trigger| (6 * function.timeout + trigger.window).min(MAX_VISIBILITY))
    });
    advice.max().unwrap_or(DEFAULT_VISIBILITY)
}

impl Lower<'_> {
    /// The policy of a queue. A statement that names no resource is about the queue.
    fn queue_policy(&self, statements: &[config::Statement], arn: &str) -> Policy<Text> {
        let mut policy: BTreeMap<String, Statement<Text>> = BTreeMap::new();
        let (named, unnamed): (Vec<_>, Vec<_>) =
            statements.iter().partition(|statement| statement.members.contains_key("Sid"));
        for statement in named.into_iter().chain(unnamed) {
            let members = statement.members.iter();
            let mut members: BTreeMap<String, Tree<Text>> =
                members.map(|(name, member)| (name.clone(), self.json(member))).collect();
            if !members.contains_key("NotResource") {
                let own = || Tree::List(vec![Tree::Text(arn.into())]);
                members.entry("Resource".to_owned()).or_insert_with(own);
            }
            for name in ["Principal", "NotPrincipal"] {
                if let Some(Tree::Map(types)) = members.get_mut(name) {
                    types.get_mut("AWS").into_iter().for_each(|accounts| self.spell_out(accounts));
                }
            }
            let sid = match members.remove("Sid") {
                Some(Tree::Text(Text::Known(sid))) => sid,
                _ => "Policy".to_owned(),
            };
            let numbered = (2..).map(|number| format!("{sid}{number}"));
            let free = std::iter::once(sid.clone()).chain(numbered).find(|sid| !policy.contains_key(sid));
            policy.insert(free.unwrap_or_default(), Statement(members));
        }
        Policy(policy)
    }

    /// Writes accounts as AWS returns them [aws-facts: Policy text as read back].
    fn spell_out(&self, accounts: &mut Tree<Text>) {
        match accounts {
            Tree::List(items) => items.iter_mut().for_each(|item| self.spell_out(item)),
            Tree::Text(Text::Known(account)) if account.bytes().all(|byte| byte.is_ascii_digit()) => {
                *account = format!("arn:{}:iam::{account}:root", self.scope.partition);
            }
            _ => {}
        }
    }
}

impl Keyed for Config {
    const WHAT: &'static str = NAME.what;

    fn pattern() -> String {
        NAME.pattern()
    }

    fn check_key(value: Value) -> bool {
        if let Some(name) = value.key.text.strip_suffix(FIFO) {
            let way = format!("write `{name}: {{ fifo: true }}`: the ending comes with it");
            let message = format!("invalid queue name `{}`", value.key.text);
            return value.fail_key::<()>(message, help(way)).is_some();
        }
        let fifo = value.node.get("fifo").is_some_and(|fifo| fifo.text() != Some("false"));
        if fifo { NAME_OF_FIFO.check(value) } else { NAME.check(value) }
    }
}

fn fits_together(queue: &<Config as Section>::Decoded, fields: &mut Fields) {
    let sources = queue.redrive_from.iter().flatten().map(Vec::len).max().unwrap_or_default();
    if sources > MAX_SOURCES {
        let message = format!("`redrive_from` can name at most {MAX_SOURCES} queues, not {sources}");
        fields.fail_at("redrive_from", message, help("without it, every queue is admitted"));
    }
}

fn redrive_from() -> Shape<Vec<Target>> {
    list(target::<Queue>()).with("maxItems", MAX_SOURCES)
}

/// AWS's own key for SQS.
const AWS_KEY: &str = "alias/aws/sqs";

/// A key in KMS as SQS takes it.
fn kms_key(value: Value) -> Option<String> {
    let text = value.text()?;
    match text {
        "aws" => Some(AWS_KEY.to_owned()),
        text if text.starts_with("alias/") || text.starts_with("arn:") => Some(text.to_owned()),
        _ => {
            value.wrong_type("the ARN or alias of a key, or `aws`", help("an alias looks like `alias/NAME`"))
        }
    }
}

/// The access levels, and every other action that SQS checks against a queue.
static ACCESS: Access = Access {
    service: "sqs",
    what: "SQS action on queues",
    levels: &[
        Level { name: "send", actions: &[SEND, FIND], misspelt: &["write", "put", "publish"] },
        Level { name: "receive", actions: &[RECEIVE, FIND], misspelt: &["read", "consume", "get"] },
    ],
    others: &[
        "AddPermission",
        "CancelMessageMoveTask",
        "CreateQueue",
        "DeleteQueue",
        "ListDeadLetterSourceQueues",
        "ListMessageMoveTasks",
        "ListQueueTags",
        "PurgeQueue",
        "RemovePermission",
        "SetQueueAttributes",
        "StartMessageMoveTask",
        "TagQueue",
        "UntagQueue",
    ],
};

const SEND: &[&str] = &["SendMessage"];
const RECEIVE: &[&str] = &["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"];
/// What clients ask of any queue that they use.
const FIND: &[&str] = &["GetQueueUrl", "GetQueueAttributes"];

/// The attributes of a spec in the form of SQS. A text that is empty stands for none.
fn sent(spec: &Spec) -> BTreeMap<Name, String> {
    let Spec {
        visibility_timeout,
        retention,
        delay,
        receive_wait,
        max_message_size,
        fifo,
        content_deduplication,
        high_throughput,
        dead_letter,
        redrive_from,
        encryption,
        // It may have statements of others, so it is merged.
        policy: _,
        tags: _,
    } = spec;
    let mut all = BTreeMap::from([
        (Name::VisibilityTimeout, visibility_timeout.to_string()),
        (Name::MessageRetentionPeriod, retention.to_string()),
        (Name::DelaySeconds, delay.to_string()),
        (Name::ReceiveMessageWaitTimeSeconds, receive_wait.to_string()),
        (Name::MaximumMessageSize, max_message_size.to_string()),
        (Name::RedrivePolicy, dead_letter.as_ref().map(DeadLetter::json).unwrap_or_default()),
        (Name::RedriveAllowPolicy, sources(redrive_from)),
    ]);
    // Only a FIFO queue has these attributes at all.
    if *fifo {
        let [scope, limit] =
            if *high_throughput { ["messageGroup", "perMessageGroupId"] } else { ["queue", "perQueue"] };
        all.insert(Name::FifoQueue, fifo.to_string());
        all.insert(Name::ContentBasedDeduplication, content_deduplication.to_string());
        all.insert(Name::DeduplicationScope, scope.to_owned());
        all.insert(Name::FifoThroughputLimit, limit.to_owned());
    }
    match encryption {
        // The two sorts exclude each other: a key replaces the other sort without a word, and nothing else is accepted in
        // the same call [hazards: Q5].
        Encryption::Kms(key) => all.insert(Name::KmsMasterKeyId, key.clone()),
        other => {
            all.insert(Name::KmsMasterKeyId, String::new());
            all.insert(Name::SqsManagedSseEnabled, (*other == Encryption::Sqs).to_string())
        }
    };
    all
}

/// For how many seconds SQS uses a data key by default [aws-facts: SQS].
const REUSE: &str = "300";

/// What SetQueueAttributes is sent, which leaves alone what it does not name [aws-facts: Clearing a field].
fn changed(from: &Spec, to: &Spec) -> HashMap<Name, String> {
    let (from, to) = (sent(from), sent(to));
    let pair = [Name::DeduplicationScope, Name::FifoThroughputLimit];
    let differs = |name: &Name| from.get(name) != to.get(name);
    let is_sent = |name: &Name| match name {
        Name::FifoQueue => false,
        // Each is valid with some values of the other only [hazards: Q6].
        name if pair.contains(name) => pair.iter().any(differs),
        name => differs(name),
    };
    let sent = to.iter().filter(|(name, _)| is_sent(name)).map(|(name, text)| (name.clone(), text.clone()));
    let mut sent: HashMap<Name, String> = sent.collect();
    // Another key begins with the default, as in a new queue. Without a key the setting is accepted and lost [hazards: Q4].
    if sent.get(&Name::KmsMasterKeyId).is_some_and(|key| !key.is_empty()) {
        sent.insert(Name::KmsDataKeyReusePeriodSeconds, REUSE.to_owned());
    }
    sent
}

impl DeadLetter {
    fn json(&self) -> String {
        json!({ "deadLetterTargetArn": self.queue, "maxReceiveCount": self.after }).to_string()
    }
}

/// Changes attributes.
async fn set(
    ctx: &Context,
    id: &ResourceId,
    url: &str,
    to: &Spec,
    attributes: HashMap<Name, String>,
) -> Result<()> {
    once_accepted(ctx, id, to, async || {
        let set = ctx.clients.sqs().set_queue_attributes().queue_url(url);
        set.set_attributes(Some(attributes.clone())).send().await?;
        Ok(())
    })
    .await
}

/// Sets the stack's statements in the policy, and keeps those of others.
async fn set_policy(ctx: &Context, id: &ResourceId, url: &str, to: &Spec) -> Result<()> {
    let own = marked(&to.policy, &ctx.scope.identity);
    let mark = mark(&ctx.scope.identity);
    let read = async || Ok(live(ctx, url).await?.map(|live| live.policy()).transpose()?.unwrap_or_default());
    let merge = |live: &Policy| {
        let others = live.0.iter().filter(|(sid, _)| !sid.starts_with(&mark));
        let others = others.map(|(sid, statement)| (sid.clone(), statement.clone()));
        Policy(others.chain(own.0.clone()).collect())
    };
    let write = async |policy: Policy| {
        set(ctx, id, url, to, [(Name::Policy, document(&policy))].into()).await?;
        once_changed(ctx, id, url, |live| live.policy().is_ok_and(|live| live == policy)).await
    };
    ctx.edit_document(&format!("the policy of {id}"), read, merge, write).await
}

/// How the `Sid`s of a stack's statements begin: the only mark that a statement can bear.
fn mark(identity: &Identity) -> String {
    let sid = permission::sid(identity, "");
    sid.rsplit_once('-').map(|(mark, _)| format!("{mark}-")).unwrap_or(sid)
}

/// Statements with the stack's mark.
fn marked(policy: &Policy, identity: &Identity) -> Policy {
    let mark = mark(identity);
    Policy(policy.0.iter().map(|(sid, statement)| (format!("{mark}{sid}"), statement.clone())).collect())
}

/// The text of a policy; empty where it has no statement.
fn document(policy: &Policy) -> String {
    if policy.0.is_empty() { String::new() } else { policy.document() }
}

/// The queues whose dead letters a queue takes, in the form of SQS: by default all.
fn sources(queues: &RedriveFrom) -> String {
    match queues {
        RedriveFrom::All => String::new(),
        RedriveFrom::None => json!({ "redrivePermission": "denyAll" }).to_string(),
        RedriveFrom::Only(arns) => {
            json!({ "redrivePermission": "byQueue", "sourceQueueArns": arns }).to_string()
        }
    }
}

/// For how many seconds some calls may not know a new queue [hazards: Q1], with room.
const YOUNG: u64 = 60;

/// Repeats a call while it is refused for a reason that passes.
async fn once_accepted<T, F: Future<Output = Result<T>>>(
    ctx: &Context,
    id: &ResourceId,
    spec: &Spec,
    call: impl Fn() -> F,
) -> Result<T> {
    let first = match call().await {
        Err(error) => error,
        response => return response,
    };
    let roles = roles(&spec.policy);
    let names_fresh_role = join_all(roles.iter().map(|role| is_fresh(ctx, role))).await.contains(&true);
    let own = ctx.created.has(&PhysicalId::new(Queue::NAME, &id.name));
    let target = spec.dead_letter.as_ref().and_then(|dead_letter| name_in(ctx, &dead_letter.queue));
    // What the stack declares was created before this queue.
    let target_exists = target.is_some_and(|target| ctx.scope.wants(Queue::NAME, target));
    let passing = |error: &Error| {
        let unknown = (own && SQS.is_absent(error)).then_some("not every call finds the new queue yet");
        // [hazards: Q2]
        let redrive = error.is("InvalidParameterValue") && error.says("RedrivePolicy") && target_exists;
        let redrive = redrive.then_some("SQS does not know the dead-letter queue yet");
        let policy = (error.is("InvalidAttributeValue") && error.says("Policy"))
            || (error.is_server_error() && !error.has_aws_message());
        let policy = (policy && names_fresh_role).then_some("SQS does not know a role of the policy yet");
        SQS.transient(error).or(unknown).or(redrive).or(policy)
    };
    let Some(reason) = passing(&first) else { return Err(first) };
    let waiting = ctx.waiting(id);
    waiting.report(reason);
    retry_if(Backoff::PROPAGATION, waiting, passing, call).await
}

/// The roles that a policy names.
fn roles(policy: &Policy) -> Vec<String> {
    let statements = policy.0.values().map(Statement::json);
    let named = statements.flat_map(|statement| match statement.pointer("/Principal/AWS") {
        Some(Json::Array(names)) => names.clone(),
        other => other.cloned().into_iter().collect(),
    });
    named.filter_map(|name| name.as_str().map(str::to_owned)).filter(|arn| arn.contains(":role/")).collect()
}

/// A new queue, as soon as reads show it.
async fn shown(ctx: &Context, id: &ResourceId) -> Result<ObservedOf<Queue>> {
    wait_until(Backoff::VISIBILITY, ctx.waiting(id), async || {
        Ok(match read(ctx, &id.name).await? {
            Some(observed) => Poll::Ready(observed),
            None => Poll::Pending("not shown by SQS yet".to_owned()),
        })
    })
    .await
}

/// Waits until reads show a change, which takes up to 60 seconds. Where it takes longer than usual nothing is wrong, so that is
/// no error [aws-facts: SQS; hazards: Q4].
async fn once_changed(
    ctx: &Context,
    id: &ResourceId,
    url: &str,
    is_shown: impl Fn(&Live) -> bool,
) -> Result<()> {
    let look = async || {
        let is_shown = live(ctx, url).await?.is_none_or(|live| is_shown(&live));
        Ok(if is_shown { Poll::Ready(()) } else { Poll::Pending("not shown by SQS yet".to_owned()) })
    };
    match wait_until(Backoff::VISIBILITY, ctx.waiting(id), look).await {
        Err(error) if error.class == Class::Timeout => Ok(()),
        result => result,
    }
}

/// The URL of a queue; `None` if it does not exist.
async fn url(clients: &Clients, name: &str) -> Result<Option<String>> {
    let response = SQS.not_found_as_none(clients.sqs().get_queue_url().queue_name(name).send().await)?;
    let url = response.map(|response| require_str(response.queue_url(), "sqs:GetQueueUrl", "the URL"));
    url.transpose()
}

/// The tags of a queue; `None` if it does not exist.
async fn list_tags(clients: &Clients, url: &str) -> Result<Option<Tags>> {
    let response = SQS.not_found_as_none(clients.sqs().list_queue_tags().queue_url(url).send().await)?;
    Ok(response.map(|response| response.tags.unwrap_or_default().into_iter().collect()))
}

/// The name of a queue of this account and region, from its ARN.
fn name_in<'a>(ctx: &Context, arn: &'a str) -> Option<&'a str> {
    arn.strip_prefix(&ctx.scope.expand(Queue::ARN, ""))
}

async fn read(ctx: &Context, name: &str) -> Result<ObservedOption<Queue>> {
    let Some(url) = url(&ctx.clients, name).await? else { return Ok(None) };
    let (live, tags) = try_join!(live(ctx, &url), list_tags(&ctx.clients, &url))?;
    let (Some(live), Some(tags)) = (live, tags) else { return Ok(None) };
    let created = live.text(&Name::CreatedTimestamp).parse().ok();
    let again = async || Ok(list_tags(&ctx.clients, &url).await?.unwrap_or_default());
    let tags = tags::settled(ctx, &ResourceId::new(Queue::NAME, name), created, tags, again).await?;
    let owner = tags::owner(&tags, &ctx.scope);
    let mark = mark(&ctx.scope.identity);
    let spec = live.spec(tags::compared(tags, &ctx.scope, &ResourceId::new(Queue::NAME, name)), &mark)?;
    let target = spec.dead_letter.as_ref().and_then(|dead_letter| name_in(ctx, &dead_letter.queue));
    let refs = target.map(|target| PhysicalId::new(Queue::NAME, target)).into_iter().collect();
    let arn = require_str(Some(live.text(&Name::QueueArn)), "sqs:GetQueueAttributes", "the queue's ARN")?;
    let attributes = Attributes { name: name.to_owned(), arn, url };
    let mut observed = Observed::new(ResourceId::new(Queue::NAME, name), name, owner, spec, attributes);
    observed.refs = refs;
    observed.created = created;
    observed.contains_data = live.contains_messages().then(|| "its messages".to_owned());
    observed.unmanaged_settings = live.by_hand(&mark)?;
    Ok(Some(observed))
}

/// The attributes of a queue; `None` if it does not exist.
async fn live(ctx: &Context, url: &str) -> Result<Option<Live>> {
    let get = ctx.clients.sqs().get_queue_attributes().queue_url(url).attribute_names(Name::All);
    let response = SQS.not_found_as_none(get.send().await)?;
    Ok(response.map(|response| Live(response.attributes.unwrap_or_default())))
}

/// The attributes of a queue as SQS returns them: texts.
struct Live(HashMap<Name, String>);

impl Live {
    fn text(&self, name: &Name) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    fn number(&self, name: &Name) -> i32 {
        self.text(name).parse().unwrap_or_default()
    }

    /// What it is, with the statements of the stack with a mark.
    fn spec(&self, tags: Tags, mark: &str) -> Result<Spec> {
        let own =
            |(sid, statement): (String, Statement)| Some((sid.strip_prefix(mark)?.to_owned(), statement));
        Ok(Spec {
            visibility_timeout: self.number(&Name::VisibilityTimeout),
            retention: self.number(&Name::MessageRetentionPeriod),
            delay: self.number(&Name::DelaySeconds),
            receive_wait: self.number(&Name::ReceiveMessageWaitTimeSeconds),
            max_message_size: self.number(&Name::MaximumMessageSize),
            fifo: self.text(&Name::FifoQueue) == "true",
            content_deduplication: self.text(&Name::ContentBasedDeduplication) == "true",
            high_throughput: self.text(&Name::FifoThroughputLimit) == "perMessageGroupId",
            dead_letter: self.dead_letter(),
            redrive_from: self.redrive_from(),
            encryption: self.encryption(),
            policy: Policy(self.policy()?.0.into_iter().filter_map(own).collect()),
            tags,
        })
    }

    /// The whole policy.
    fn policy(&self) -> Result<Policy> {
        match self.text(&Name::Policy) {
            "" => Ok(Policy::default()),
            document => Policy::read("sqs:GetQueueAttributes", document),
        }
    }

    /// A JSON document in an attribute.
    fn json(&self, name: &Name) -> Json {
        serde_json::from_str(self.text(name)).unwrap_or_default()
    }

    /// The count may be a text or a number [aws-facts: SQS, mem].
    fn dead_letter(&self) -> Option<DeadLetter> {
        let policy = self.json(&Name::RedrivePolicy);
        let (queue, count) = (policy["deadLetterTargetArn"].as_str()?, &policy["maxReceiveCount"]);
        let after = count.as_i64().or_else(|| count.as_str()?.parse().ok())?;
        Some(DeadLetter { queue: queue.to_owned(), after: after.try_into().ok()? })
    }

    fn redrive_from(&self) -> RedriveFrom {
        let policy = self.json(&Name::RedriveAllowPolicy);
        let queues = policy["sourceQueueArns"].as_array().into_iter().flatten();
        match policy["redrivePermission"].as_str() {
            Some("denyAll") => RedriveFrom::None,
            Some("byQueue") => {
                RedriveFrom::Only(queues.filter_map(|arn| arn.as_str().map(str::to_owned)).collect())
            }
            _ => RedriveFrom::All,
        }
    }

    /// Only an explicit `false` means that a queue without a key is not encrypted: some clouds do not show the attribute.
    fn encryption(&self) -> Encryption {
        match (self.text(&Name::KmsMasterKeyId), self.text(&Name::SqsManagedSseEnabled)) {
            ("", "false") => Encryption::None,
            ("", _) => Encryption::Sqs,
            (key, _) => Encryption::Kms(key.to_owned()),
        }
    }

    fn contains_messages(&self) -> bool {
        let all = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ];
        all.iter().any(|name| self.number(name) > 0)
    }

    /// The settings that nothing manages. Without a key SQS does not show for how long it uses a data key [hazards: Q4].
    fn by_hand(&self, mark: &str) -> Result<BTreeMap<String, String>> {
        let reuse = self.0.get(&Name::KmsDataKeyReusePeriodSeconds).map(String::as_str);
        let others = self.policy()?.0.into_iter().filter(|(sid, _)| !sid.starts_with(mark));
        let others = others.map(|(sid, statement)| (format!("policy.{sid}"), statement.json().to_string()));
        Ok(unmanaged([("data_key_reuse_seconds", reuse, REUSE)]).into_iter().chain(others).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let of = |text: &str| mark(&Identity::of(text));
        assert_eq!(of("shop/prod"), "provision-8ad5775a7616cc08-");
        assert_ne!(of("shop"), of("shop/prod"));
    }
}
