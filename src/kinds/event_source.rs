//! Event source mappings: queues whose messages start functions.

use super::assumable::once_assumable;
use super::function::section::Config as FunctionConfig;
use super::function::{self, Function, LAMBDA, once_visible};
use super::queue::{self, Queue};
use super::role::{self, Role};
use super::{require, require_str, unmanaged};
use crate::aws::pages::all_pages;
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, Poll, retry_if, wait_until};
use crate::aws::{Context, Error, Result, Service};
use crate::config::access::Grant;
use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::section::shape::{duration, entry_of, flag, number, text};
use crate::config::section::{Section, Shape, section};
use crate::config::trigger::Trigger;
use crate::config::{self, Diagnostic, Entries, Entry, Item, Part};
use crate::kind::{
    Features, Kind, Observation, ObservedOf, ObservedOption, On, OnParentDelete, OwnListing, Parent,
    ParentKind, Permission, Tagging, Task, When, Which,
};
use crate::lower::{Lower, LoweredTrigger, resource};
use crate::model::{Owner, PhysicalId, Resource, ResourceId, Status, Text, Texts};
use crate::yaml::Kind as Node;
use aws_sdk_lambda::types::{
    EventSourceMappingConfiguration as Mapping, Filter, FilterCriteria, FunctionResponseType, ScalingConfig,
};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// An event source mapping.
pub struct EventSource;

/// The desired state of a mapping.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec<T = String> {
    /// The name of the function.
    pub function: String,
    /// The ARN of the queue.
    pub queue: T,
    /// How many messages an invocation gets at most.
    pub batch: i32,
    /// For how many seconds messages are gathered.
    pub window: i32,
    /// Whether the function says which messages of a batch failed.
    pub partial_failures: bool,
    /// How many invocations run at a time at most.
    pub concurrency: Option<i32>,
    /// The patterns of the messages that start the function, as JSON; where there is none, all do.
    pub filters: BTreeSet<String>,
    /// Whether messages start the function.
    pub enabled: bool,
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// The attributes of a mapping.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The id.
    pub id: String,
    /// The ARN.
    pub arn: String,
}

const ANY: On = On::new("ReadEventSource", EventSource::NAME, Which::Any, &[EventSource::ARN]);
/// AWS makes up the ids of new mappings, and a create is about no resource [aws-facts: Deployer's actions].
const NEW: On = On::new("NewEventSources", EventSource::NAME, Which::Within, &["*"]);
const TAGGED: On = On::new("EventSources", EventSource::NAME, Which::Within, &[EventSource::ARN]);
const OWNED: On = On::new("MarkedEventSources", EventSource::NAME, Which::Owned(""), &[EventSource::ARN]);

impl Kind for EventSource {
    const NAME: &'static str = "event_source";
    const SERVICE: &'static Service = &LAMBDA;
    const IMMUTABLE: &'static [&'static str] = &["function", "queue"];
    const DEPENDS_ON: &'static [&'static str] = &["queue"];
    /// Deleting the function leaves its mappings [aws-facts: Event source mappings].
    const PARENT: Option<ParentKind> = Some(ParentKind::new("function", OnParentDelete::Stay));
    /// Most of the time is spent on waiting for Lambda's asynchronous states.
    const MAX_CONCURRENCY: usize = 64;
    const PHYSICAL_ID: &'static str = "id";
    const ARN: &'static str = "arn:{partition}:lambda:{region}:{account}:event-source-mapping:{name}";
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("lambda:ListEventSourceMappings", Task::READ, &On::EVERYTHING),
        Permission::same("lambda:GetEventSourceMapping", Task::DELETE, &ANY),
        Permission::same("lambda:ListTags", Task::READ, &ANY),
        Permission::of(
            "lambda:CreateEventSourceMapping",
            Task::CHANGE,
            // Later changes of its tags need the second one too.
            &[
                ("lambda:CreateEventSourceMapping", &NEW),
                ("lambda:TagResource", &TAGGED),
                ("lambda:GetFunction", &function::ANY),
            ],
        )
        .when(When::Some(|_| true)),
        Permission::same("lambda:UpdateEventSourceMapping", Task::CHANGE, &OWNED),
        Permission::same("lambda:DeleteEventSourceMapping", Task::DELETE, &OWNED),
    ];
    /// A mapping whose function was deleted is in no list of a function.
    const TAGGING: Option<Tagging> = Some(Tagging {
        resource_type: "lambda:event-source-mapping",
        prefix: "event-source-mapping:",
        own_listing: OwnListing::Never,
    });
    const FEATURES: Features = Features { called: |id, _| format!("trigger {}", id.name), ..Features::NONE };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, functions: &[Parent]) -> Result<Observation<Self>> {
        // One list of all, for Lambda allows 15 calls a second.
        let of = |mapping: &Mapping| functions.iter().find(|function| is_of(mapping, function));
        let mappings = list(ctx, None).await?;
        let ours = mappings.into_iter().filter_map(|mapping| Some((of(&mapping)?, mapping)));
        let observed = ours.map(async |(function, mapping)| observed(ctx, function, &mapping).await);
        Ok(try_join_all(observed).await?.into_iter().flatten().collect::<Vec<_>>().into())
    }

    async fn read(ctx: &Context, name: &str, function: Option<&Parent>) -> Result<ObservedOption<Self>> {
        let function = super::within(function, "function")?;
        for mapping in list(ctx, Some(&function.physical_id.id)).await? {
            let found = observed(ctx, function, &mapping).await?;
            if let Some(found) = found.filter(|found| found.id.name == name) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// A mapping outlives its function, so it is found without it.
    async fn find(ctx: &Context, uuid: &str) -> Result<ObservedOption<Self>> {
        let mappings = list(ctx, None).await?;
        let mapping = mappings.into_iter().find(|mapping| mapping.uuid() == Some(uuid));
        let Some(mapping) = mapping else { return Ok(None) };
        let name = function_of(&mapping);
        let id = ResourceId::new(Function::NAME, name);
        observed(ctx, &Parent::new(&id, PhysicalId::new(Function::NAME, name)), &mapping).await
    }

    async fn settle(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        settled(ctx, &observed.id, &observed.physical_id).await.map(drop)
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        let function = parent(id)?;
        let created = once_taken(ctx, id, spec, async || {
            let create = ctx
                .clients
                .lambda()
                .create_event_source_mapping()
                .function_name(function)
                .event_source_arn(&spec.queue)
                .batch_size(spec.batch)
                .maximum_batching_window_in_seconds(spec.window)
                .set_function_response_types(Some(response_types(spec)))
                .set_scaling_config(spec.concurrency.map(|_| scaling(spec)))
                .set_filter_criteria((!spec.filters.is_empty()).then(|| filters(spec)))
                .enabled(spec.enabled)
                .set_tags(Some(spec.tags.clone().into_iter().collect()));
            Ok(create.send().await?)
        })
        .await?;
        let operation = "lambda:CreateEventSourceMapping";
        let uuid = require_str(created.uuid(), operation, "the mapping's UUID")?;
        settled(ctx, id, &uuid).await?;
        Ok(Attributes { arn: ctx.scope.expand(Self::ARN, &uuid), id: uuid })
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let (id, uuid, from) = (&observed.id, &observed.physical_id, &observed.spec);
        if (Spec { tags: Tags::new(), ..from.clone() }) != (Spec { tags: Tags::new(), ..to.clone() }) {
            once_taken(ctx, id, to, async || {
                // What is empty clears: what is not named stays as it is [aws-facts: Clearing a field].
                let update = ctx
                    .clients
                    .lambda()
                    .update_event_source_mapping()
                    .uuid(uuid)
                    .batch_size(to.batch)
                    .maximum_batching_window_in_seconds(to.window)
                    .set_function_response_types(Some(response_types(to)))
                    .scaling_config(scaling(to))
                    .filter_criteria(filters(to))
                    .enabled(to.enabled);
                update.send().await?;
                Ok(())
            })
            .await?;
            settled(ctx, id, uuid).await?;
        }
        let set = tags::to_set(&from.tags, &to.tags);
        if !set.is_empty() {
            let tag = ctx.clients.lambda().tag_resource().resource(&observed.attributes.arn);
            tag.set_tags(Some(set.into_iter().collect())).send().await?;
        }
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        let (id, uuid) = (&observed.id, &observed.physical_id);
        retry_if(Backoff::state(ctx.local), ctx.waiting(id), in_use, async || {
            let delete = ctx.clients.lambda().delete_event_source_mapping().uuid(uuid);
            LAMBDA.ignore_not_found(delete.send().await)
        })
        .await?;
        wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
            let exists = exists(ctx, uuid).await?;
            Ok(if exists { Poll::Pending("being deleted".to_owned()) } else { Poll::Ready(()) })
        })
        .await
    }
}

section! {
    /// A queue whose messages start the function. The function is allowed to receive them.
    pub struct Config, checked by fits_together {
        /// The key of the queue.
        queue: String = Shape::new(json!({ "type": "string", "minLength": 1 }), entry_of::<Queue>).required("NAME"),
        /// How many messages an invocation gets at most. More than 10 need a `window`; a FIFO queue allows 10.
        batch: u32 = number("messages", 1..=10_000).default(10),
        /// How long messages are gathered before an invocation, at most 5 minutes. Not for FIFO queues.
        window: u32 = duration(0..=300).default(0),
        /// Whether the function says which messages of a batch failed. Only these come again; otherwise all of the batch do.
        partial_failures: bool = flag().default(false),
        /// How many invocations run at a time at most. Without it, the function's concurrency is the limit.
        concurrency: Option<u32> = number("invocations", 2..=1_000).optional(),
        /// Patterns of the messages that start the function: one, or a list of up to five. Other messages are deleted.
        filter: Vec<String> = Shape::new(
            json!({ "oneOf": [{ "type": "object" }, { "type": "array", "items": { "type": "object" }, "maxItems": MAX_FILTERS }] }),
            patterns,
        )
        .or_empty(),
        /// Whether messages start the function.
        enabled: bool = flag().default(true),
        /// A name that tells this trigger from another one of the same queue.
        name: Option<String> = text(64).optional(),
    }
}

/// How many patterns a mapping can have, and the characters of each [aws-facts: Event source mappings].
const MAX_FILTERS: usize = 5;
const MAX_PATTERN: usize = 4_096;
/// The largest batch without a window, and of a FIFO queue.
const MAX_BATCH: u32 = 10;

/// What Lambda does with the queue in the function's role [aws-facts: Event source mappings, DG].
const RECEIVE: &[&str] = &["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];

impl Trigger for EventSource {
    const WORD: &'static str = "queue";
    type Config = Config;

    fn name(trigger: &Config) -> String {
        trigger.name.clone().unwrap_or_else(|| trigger.queue.clone())
    }

    fn grants(trigger: &Config) -> Vec<Grant> {
        let actions = RECEIVE.iter().map(|action| (*action).to_owned()).collect();
        vec![Grant { kind: Queue::NAME, key: trigger.queue.clone(), actions }]
    }

    fn check(trigger: &Entry<Config>, function: &str, entries: &Entries) -> Vec<Diagnostic> {
        let functions: &[Entry<FunctionConfig>] = entries.of();
        let queues: &[Entry<queue::Config>] = entries.of();
        let function = functions.iter().find(|other| other.name == function);
        let queue = queues.iter().find(|queue| queue.name == trigger.queue);
        let (Some(function), Some(queue)) = (function, queue) else { return Vec::new() };
        let mut errors = Vec::new();
        let mut error = |field: &str, message: String, help: String| {
            errors.push(Diagnostic { at: trigger.place(field), length: 0, message, help: Some(help) });
        };
        let own = function.triggers.iter().filter_map(Item::of::<EventSource>);
        let mut own = own.filter(|other| other.queue == trigger.queue);
        if own.next().is_some_and(|first| first.place("queue") != trigger.place("queue")) {
            let message = format!("`{}` already starts `{}`", queue.name, function.name);
            error(
                "queue",
                message,
                "AWS allows one trigger of a queue for a function: remove one".to_owned(),
            );
        }
        // Lambda refuses such a mapping [aws-facts: SQS, IT].
        if let Some(visible) = queue.visibility_timeout.filter(|visible| *visible < function.timeout) {
            let message = format!(
                "the visibility timeout of `{}`, {visible} seconds, is shorter than the timeout of `{}`, {} seconds",
                queue.name, function.name, function.timeout
            );
            let advice = 6 * function.timeout + trigger.window;
            error(
                "queue",
                message,
                format!("AWS advises {advice} seconds; without `visibility_timeout` that is the default"),
            );
        }
        if queue.fifo.is_some() && trigger.batch > MAX_BATCH {
            let message = format!(
                "a batch of a FIFO queue can have at most {MAX_BATCH} messages, not {}",
                trigger.batch
            );
            error("batch", message, format!("write `batch: {MAX_BATCH}`"));
        }
        if queue.fifo.is_some() && trigger.window > 0 {
            error(
                "window",
                "messages of a FIFO queue cannot be gathered".to_owned(),
                "remove `window`".to_owned(),
            );
        }
        errors
    }
}

impl LoweredTrigger for EventSource {
    fn lower(trigger: &Entry<Config>, function: &ResourceId, lower: &mut Lower) {
        let Config { queue, batch, window, partial_failures, concurrency, filter, enabled, name } =
            &**trigger;
        let queue = lower.id(Queue::NAME, queue);
        let id = function.child(Self::NAME, named(&queue.name, name.as_deref()));
        let spec = Spec {
            function: function.name.clone(),
            queue: Text::reference(&queue, "arn"),
            batch: batch.cast_signed(),
            window: window.cast_signed(),
            partial_failures: *partial_failures,
            concurrency: concurrency.map(u32::cast_signed),
            filters: filter.iter().cloned().collect(),
            enabled: *enabled,
            tags: lower.tags(&id),
        };
        // Lambda tries the role on the queue, so the role is complete before.
        let role = ResourceId::new(Role::NAME, role::name_for(&function.name));
        let is_generated = lower.resources.iter().any(|resource| resource.id == role);
        let depends_on = is_generated.then_some(role).into_iter().collect();
        lower.resources.push(Resource { depends_on, ..resource::<EventSource>(id, trigger.at, &spec) });
    }
}

fn fits_together(trigger: &<Config as Section>::Decoded, fields: &mut Fields) {
    if let (Some(batch), Some(0)) = (trigger.batch, trigger.window)
        && batch > MAX_BATCH
    {
        let message = format!("a batch of more than {MAX_BATCH} messages needs a `window`");
        fields.fail_at("batch", message, help("add `window: 1`, or a longer one"));
    }
}

/// A pattern, or a list of patterns.
fn patterns(value: Value) -> Option<Vec<String>> {
    match &value.node.kind {
        Node::Map(_) => Some(vec![pattern(value)?]),
        Node::List(items) if items.len() > MAX_FILTERS => {
            let message = format!("a trigger can have at most {MAX_FILTERS} patterns, not {}", items.len());
            value.fail(message, help("join some of them"))
        }
        Node::List(_) => value.list(pattern),
        _ => value.wrong_type("a pattern or a list of patterns", help(EXAMPLE)),
    }
}

const EXAMPLE: &str = "for example `{ body: { kind: [order] } }`";

/// A pattern as JSON: mappings, and at their ends lists of what a value may be.
fn pattern(value: Value) -> Option<String> {
    if !matches!(value.node.kind, Node::Map(_)) {
        return value.wrong_type("a pattern", help(EXAMPLE));
    }
    is_rule(value)?;
    let Some(json) = known(&value.json()?) else {
        return value.fail("`${…}` is not supported here", help("write the value itself"));
    };
    let text = json.to_string();
    if text.len() > MAX_PATTERN {
        let message =
            format!("a pattern can have {MAX_PATTERN} characters as JSON; this one has {}", text.len());
        return value.fail(message, help("write several patterns in a list"));
    }
    Some(text)
}

fn is_rule(value: Value) -> Option<()> {
    match &value.node.kind {
        Node::List(_) => Some(()),
        Node::Map(entries) => (value.map(is_rule)?.len() == entries.len()).then_some(()),
        _ => {
            let written = value.node.text().unwrap_or("VALUE");
            let key = &value.key.text;
            let way = help(format!("write `{key}: [{written}]`"));
            value.fail(format!("`{key}` must be a list of what the value may be"), way)
        }
    }
}

/// JSON without placeholders.
fn known(json: &config::Json) -> Option<Json> {
    let text = |part: &Part| match part {
        Part::Text(text) => Some(text.clone()),
        _ => None,
    };
    Some(match json {
        config::Json::Null => Json::Null,
        config::Json::Bool(flag) => (*flag).into(),
        config::Json::Number(number) => Json::Number(number.clone()),
        config::Json::Text(template) => template.parts.iter().map(text).collect::<Option<String>>()?.into(),
        config::Json::List(items) => items.iter().map(known).collect::<Option<Vec<_>>>()?.into(),
        config::Json::Map(members) => {
            let members = members.iter().map(|(key, member)| Some((key.clone(), known(member)?)));
            Json::Object(members.collect::<Option<_>>()?)
        }
    })
}

/// The name of a mapping within its function: that of the queue, and the user's own.
fn named(queue: &str, name: Option<&str>) -> String {
    name.map_or_else(|| queue.to_owned(), |name| format!("{queue} {name}"))
}

/// The name of the function that a mapping is a child of.
fn parent(id: &ResourceId) -> Result<&str> {
    let parent = id.parent().ok_or_else(|| Error::internal("the function of a mapping is unknown"))?;
    Ok(&parent.name)
}

fn response_types(spec: &Spec) -> Vec<FunctionResponseType> {
    spec.partial_failures.then_some(FunctionResponseType::ReportBatchItemFailures).into_iter().collect()
}

fn scaling(spec: &Spec) -> ScalingConfig {
    ScalingConfig::builder().set_maximum_concurrency(spec.concurrency).build()
}

/// The filters; without a member where there is none.
fn filters(spec: &Spec) -> FilterCriteria {
    let filters = spec.filters.iter().map(|pattern| Filter::builder().pattern(pattern).build());
    let filters = Some(filters.collect()).filter(|filters: &Vec<_>| !filters.is_empty());
    FilterCriteria::builder().set_filters(filters).build()
}

/// Sends a create or an update as soon as Lambda takes it. Lambda tries the function's role on the queue, and compares its
/// visibility timeout: neither may have reached Lambda yet, but both are as the stack declares them.
async fn once_taken<T, F: Future<Output = Result<T>>>(
    ctx: &Context,
    id: &ResourceId,
    spec: &Spec,
    call: impl Fn() -> F,
) -> Result<T> {
    let function = parent(id)?;
    let get = async || Ok(ctx.clients.lambda().get_function().function_name(function).send().await?);
    let live = once_visible(ctx, id, function, get).await?;
    let live = require(live.configuration, "lambda:GetFunction", "the function's configuration")?;
    let queue = spec.queue.strip_prefix(&ctx.scope.expand(Queue::ARN, ""));
    let is_own = queue.is_some_and(|queue| ctx.scope.wants(Queue::NAME, queue));
    let passing = |error: &Error| {
        let of_queue = error.says("Queue visibility timeout") || error.says("NonExistentQueue");
        let late = is_own && error.is("InvalidParameterValue") && of_queue;
        in_use(error).or(late.then_some("Lambda does not see the queue as it is yet"))
    };
    let call = async || retry_if(Backoff::PROPAGATION, ctx.waiting(id), &passing, &call).await;
    let call = async || once_visible(ctx, id, function, &call).await;
    once_assumable(ctx, id, live.role().unwrap_or_default(), call).await
}

/// How Lambda says that a mapping is in transition.
fn in_use(error: &Error) -> Option<&'static str> {
    error.is("ResourceInUse").then_some("another change of the mapping is in progress")
}

/// Waits until a mapping is enabled or disabled.
async fn settled(ctx: &Context, id: &ResourceId, uuid: &str) -> Result<()> {
    let hidden = |error: &Error| LAMBDA.is_absent(error).then_some("Lambda does not show the mapping yet");
    let get = async || Ok(ctx.clients.lambda().get_event_source_mapping().uuid(uuid).send().await?);
    wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
        let mapping = retry_if(Backoff::VISIBILITY, ctx.waiting(id), hidden, get).await?;
        Ok(match mapping.state() {
            Some("Enabled" | "Disabled") | None => Poll::Ready(()),
            Some(state) => Poll::Pending(format!("in the state {state}")),
        })
    })
    .await
}

/// True if a mapping exists.
async fn exists(ctx: &Context, uuid: &str) -> Result<bool> {
    let get = ctx.clients.lambda().get_event_source_mapping().uuid(uuid);
    Ok(LAMBDA.not_found_as_none(get.send().await)?.is_some())
}

/// The mappings of a function, or of all functions of the account in the region.
async fn list(ctx: &Context, function: Option<&str>) -> Result<Vec<Mapping>> {
    let list = ctx.clients.lambda().list_event_source_mappings();
    let list = list.set_function_name(function.map(str::to_owned));
    let mappings = all_pages("lambda:ListEventSourceMappings", async |marker| {
        let page = list.clone().set_marker(marker).send().await?;
        Ok((page.event_source_mappings.unwrap_or_default(), page.next_marker))
    });
    Ok(LAMBDA.not_found_as_none(mappings.await)?.unwrap_or_default())
}

/// The name of the function of a mapping. Its ARN may end in the name of an alias.
fn function_of(mapping: &Mapping) -> &str {
    mapping.function_arn().and_then(|arn| arn.split(':').nth(6)).unwrap_or_default()
}

fn is_of(mapping: &Mapping, function: &Parent) -> bool {
    function_of(mapping) == function.physical_id.id
}

/// A mapping with its tags, which lists do not show; `None` if it was deleted in the meantime.
async fn observed(
    ctx: &Context,
    function: &Parent,
    mapping: &Mapping,
) -> Result<ObservedOption<EventSource>> {
    let uuid = require_str(mapping.uuid(), "lambda:ListEventSourceMappings", "the mapping's UUID")?;
    let arn = ctx.scope.expand(EventSource::ARN, &uuid);
    let list = ctx.clients.lambda().list_tags().resource(&arn);
    let response = LAMBDA.not_found_as_none(list.send().await).map_err(|error| error.about(&uuid))?;
    let Some(response) = response else { return Ok(None) };
    let all_tags: Tags = response.tags.unwrap_or_default().into_iter().collect();
    let owner = tags::owner(&all_tags, &ctx.scope);
    let source = mapping.event_source_arn().unwrap_or_default();
    let queue = source.rsplit(':').next().unwrap_or_default();
    let name = match owner {
        Owner::Unmanaged(_) => format!("{queue} ({uuid})"),
        _ => name_by(ctx, &all_tags, function_of(mapping), queue),
    };
    let attributes = Attributes { id: uuid.clone(), arn };
    let spec = spec(
        mapping,
        tags::compared(all_tags, &ctx.scope, &function.id.child(EventSource::NAME, name.clone())),
    );
    let mut observed = function.child(EventSource::NAME, name, uuid, owner, (spec, attributes));
    observed.status = match mapping.state() {
        Some("Enabled" | "Disabled") | None => Status::Ready,
        Some("Deleting") => Status::Deleting,
        Some(_) => Status::Pending,
    };
    observed.refs = vec![PhysicalId::new("function", function.physical_id.id.clone())];
    if source == ctx.scope.expand(Queue::ARN, queue) {
        observed.refs.push(PhysicalId::new(Queue::NAME, queue));
    }
    observed.unmanaged_settings = unmanaged([("kms_key", mapping.kms_key_arn(), "")]);
    Ok(Some(observed))
}

/// The name of a mapping of ours, as its tag has it. Somebody may have changed that: then the one that the stack declares, for
/// there can be one mapping of a queue to a function.
fn name_by(ctx: &Context, tags: &Tags, function: &str, queue: &str) -> String {
    let is_of =
        |name: &&str| name.strip_prefix(queue).is_some_and(|own| own.is_empty() || own.starts_with(' '));
    let tagged = tags.get(tags::ID).and_then(|id| id.strip_prefix(EventSource::NAME)?.strip_prefix('.'));
    let declared = ctx.scope.wanted.get(EventSource::NAME).into_iter().flatten();
    let mut declared = declared.filter_map(|(name, desired)| {
        let of = desired.as_ref()?.get("function")?.as_str()?;
        (of == function).then_some(name.as_str())
    });
    tagged.filter(is_of).or_else(|| declared.find(is_of)).unwrap_or(queue).to_owned()
}

/// Whether it is enabled shows in its state alone [aws-facts: Event source mappings].
fn spec(mapping: &Mapping, tags: Tags) -> Spec {
    let filters = mapping.filter_criteria().map(FilterCriteria::filters).unwrap_or_default();
    // AWS may return the JSON of a pattern in another form.
    let canonical = |text: &str| match serde_json::from_str::<Json>(text) {
        Ok(json) => json.to_string(),
        Err(_) => text.to_owned(),
    };
    Spec {
        function: function_of(mapping).to_owned(),
        queue: mapping.event_source_arn().unwrap_or_default().to_owned(),
        batch: mapping.batch_size().unwrap_or_default(),
        window: mapping.maximum_batching_window_in_seconds().unwrap_or_default(),
        partial_failures: mapping
            .function_response_types()
            .contains(&FunctionResponseType::ReportBatchItemFailures),
        concurrency: mapping.scaling_config().and_then(ScalingConfig::maximum_concurrency),
        filters: filters.iter().filter_map(Filter::pattern).map(canonical).collect(),
        enabled: !matches!(mapping.state(), Some("Disabled" | "Disabling")),
        tags,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_reads_as_aws_returns_it() {
        let mapping = Mapping::builder()
            .uuid("u")
            .batch_size(10)
            .maximum_batching_window_in_seconds(0)
            .event_source_arn("arn:aws:sqs:x:1:jobs")
            .function_arn("arn:aws:lambda:x:1:function:worker:live")
            .state("Disabling")
            .filter_criteria(
                FilterCriteria::builder()
                    .filters(Filter::builder().pattern(r#"{ "body": {"b": [1], "a": ["x"]} }"#).build())
                    .build(),
            );
        let spec = spec(&mapping.build(), Tags::new());
        assert_eq!((spec.function.as_str(), spec.enabled), ("worker", false));
        let filters = [r#"{"body":{"a":["x"],"b":[1]}}"#.to_owned()];
        assert_eq!(spec.filters, filters.into());
        assert_eq!((spec.partial_failures, spec.concurrency), (false, None));
    }

    #[test]
    fn a_mapping_in_transition_is_waited_for() {
        let refused = |code| Error::refusal("", Some(code), "Cannot update it because it is in use.");
        assert!(in_use(&refused("ResourceInUseException")).is_some());
        assert!(in_use(&refused("ResourceConflictException")).is_none());
    }

    #[test]
    fn a_name_begins_with_that_of_the_queue() {
        assert_eq!(named("jobs.fifo", None), "jobs.fifo");
        assert_eq!(named("jobs.fifo", Some("again")), "jobs.fifo again");
    }
}
