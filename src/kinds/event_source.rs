//! Event source mappings: queues, tables and streams whose messages, changes and records start functions.

mod observe;
mod position;
pub(crate) mod queue;
mod reader;
mod record;
pub(in crate::kinds) mod section;
pub(crate) mod stream;
pub(crate) mod table;

use self::observe::{function_of, is_of, list, observed};
pub use self::position::From;
pub use self::queue::OfQueue;
pub(crate) use self::stream::OfStream;
pub(crate) use self::table::OfTable;
use super::assumable::once_assumable;
use super::bucket::Bucket;
use super::function::{self, Function, LAMBDA, once_visible};
use super::queue::Queue;
use super::stream::Stream;
use super::table::Table;
use super::topic::Topic;
use super::{alias, require, require_str};
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, Poll, retry_if, wait_until};
use crate::aws::{Context, Error, Result, Service};
use crate::kind::{
    Features, Kind, Observation, ObservedOf, ObservedOption, On, OnParentDelete, OwnListing, Parent,
    ParentKind, Permission, Tagging, Task, When, Which,
};
use crate::model::{PhysicalId, ResourceId, Texts};
use aws_sdk_lambda::types::{
    DestinationConfig, EventSourceMappingConfiguration as Mapping, Filter, FilterCriteria,
    FunctionResponseType, OnFailure, ScalingConfig,
};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// An event source mapping.
pub struct EventSource;

/// The desired state of a mapping.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec<T = String> {
    /// The name of the function.
    pub function: String,
    /// The alias of the function that it starts.
    pub alias: Option<String>,
    /// The ARN of the queue or the stream, which may be that of a table.
    pub source: T,
    /// Where in a stream it begins.
    pub from: Option<From>,
    /// How many messages or changes an invocation gets at most.
    pub batch: i32,
    /// For how many seconds they are gathered.
    pub window: i32,
    /// Whether the function says which messages of a batch failed.
    pub partial_failures: bool,
    /// How many invocations run at a time at most.
    pub concurrency: Option<i32>,
    /// Whether a batch of a stream on which the function fails is tried again in halves.
    pub bisect: bool,
    /// How many batches of a shard of a stream are worked on at a time.
    pub parallel: i32,
    /// How often a batch of a stream is tried again at most.
    pub retries: Option<i32>,
    /// How many seconds old a change may be at most.
    pub max_age: Option<i32>,
    /// The ARN of what gets the batches of a stream on which the function fails.
    pub on_failure: Option<T>,
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
    const IMMUTABLE: &'static [&'static str] = &["function", "source", "from"];
    const DEPENDS_ON: &'static [&'static str] = &["queue", "table", "stream", "topic", "bucket"];
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
        .when(When::DECLARED),
        Permission::same("lambda:UpdateEventSourceMapping", Task::CHANGE, &OWNED),
        Permission::same("lambda:DeleteEventSourceMapping", Task::DELETE, &OWNED),
    ];
    /// A mapping whose function was deleted is in no list of a function.
    const TAGGING: Option<Tagging> = Some(Tagging {
        resource_type: "lambda:event-source-mapping",
        prefix: "event-source-mapping:",
        own_listing: OwnListing::Never,
    });
    const FEATURES: Features =
        Features { called: |id, _| format!("trigger {}", id.name), is_trigger: |_| true, ..Features::NONE };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, functions: &[Parent]) -> Result<Observation<Self>> {
        // One list of all, for Lambda allows 15 calls a second.
        let of = |mapping: &Mapping| functions.iter().find(|function| is_of(mapping, function));
        let mappings = list(ctx).await?;
        let ours = mappings.into_iter().filter_map(|mapping| Some((of(&mapping)?, mapping)));
        let observed = ours.map(async |(function, mapping)| observed(ctx, function, &mapping).await);
        Ok(try_join_all(observed).await?.into_iter().flatten().collect::<Vec<_>>().into())
    }

    async fn read(ctx: &Context, name: &str, function: Option<&Parent>) -> Result<ObservedOption<Self>> {
        let function = super::within(function, "function")?;
        // A list of the function would lack the mappings of its aliases.
        for mapping in list(ctx).await?.iter().filter(|mapping| is_of(mapping, function)) {
            let found = observed(ctx, function, mapping).await?;
            if let Some(found) = found.filter(|found| found.id.name == name) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// A mapping outlives its function, so it is found without it.
    async fn find(ctx: &Context, uuid: &str) -> Result<ObservedOption<Self>> {
        let mappings = list(ctx).await?;
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
        let created = once_taken(ctx, id, spec, async || {
            let create = ctx
                .clients
                .lambda()
                .create_event_source_mapping()
                .function_name(called(spec))
                .event_source_arn(&spec.source)
                .batch_size(spec.batch)
                .maximum_batching_window_in_seconds(spec.window)
                .set_function_response_types(Some(response_types(spec)))
                .set_scaling_config(spec.concurrency.map(|_| scaling(spec)))
                .set_filter_criteria((!spec.filters.is_empty()).then(|| filters(spec)))
                .enabled(spec.enabled)
                .set_tags(Some(spec.tags.clone().into_iter().collect()));
            let Some(from) = spec.from else { return Ok(create.send().await?) };
            let create = create
                .starting_position(from.sent())
                .set_starting_position_timestamp(from.time())
                .bisect_batch_on_function_error(spec.bisect)
                .parallelization_factor(spec.parallel)
                .set_maximum_retry_attempts(spec.retries)
                .set_maximum_record_age_in_seconds(spec.max_age)
                .set_destination_config(spec.on_failure.is_some().then(|| destination(spec)));
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
                    .function_name(called(to))
                    .batch_size(to.batch)
                    .maximum_batching_window_in_seconds(to.window)
                    .set_function_response_types(Some(response_types(to)))
                    .filter_criteria(filters(to))
                    .enabled(to.enabled);
                // Each sort of source refuses the settings of the other.
                let update = match to.from {
                    None => update.scaling_config(scaling(to)),
                    Some(_) => update
                        .bisect_batch_on_function_error(to.bisect)
                        .parallelization_factor(to.parallel)
                        .maximum_retry_attempts(to.retries.unwrap_or(UNLIMITED))
                        .maximum_record_age_in_seconds(to.max_age.unwrap_or(UNLIMITED))
                        .destination_config(destination(to)),
                };
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

/// No limit of the age of a change or of how often a batch is tried [aws-facts-services: 2].
const UNLIMITED: i32 = -1;

/// The name of a mapping within its function: that of the source, and the user's own.
fn named(source: &str, name: Option<&str>) -> String {
    name.map_or_else(|| source.to_owned(), |name| format!("{source} {name}"))
}

/// The name of the function that a mapping is a child of.
fn parent(id: &ResourceId) -> Result<&str> {
    let parent = id.parent().ok_or_else(|| Error::internal("the function of a mapping is unknown"))?;
    Ok(&parent.name)
}

/// The function or its alias, as Lambda takes it.
fn called(spec: &Spec) -> String {
    let Spec { function, alias, .. } = spec;
    alias.as_ref().map_or_else(|| function.clone(), |alias| alias::named(function, alias))
}

fn response_types(spec: &Spec) -> Vec<FunctionResponseType> {
    spec.partial_failures.then_some(FunctionResponseType::ReportBatchItemFailures).into_iter().collect()
}

fn scaling(spec: &Spec) -> ScalingConfig {
    ScalingConfig::builder().set_maximum_concurrency(spec.concurrency).build()
}

/// Where failures go; without a member where they go nowhere: an empty destination is refused [hazards: L13].
fn destination(spec: &Spec) -> DestinationConfig {
    let on_failure = spec.on_failure.as_ref().map(|arn| OnFailure::builder().destination(arn).build());
    DestinationConfig::builder().set_on_failure(on_failure).build()
}

/// The filters; without a member where there is none.
fn filters(spec: &Spec) -> FilterCriteria {
    let filters = spec.filters.iter().map(|pattern| Filter::builder().pattern(pattern).build());
    let filters = Some(filters.collect()).filter(|filters: &Vec<_>| !filters.is_empty());
    FilterCriteria::builder().set_filters(filters).build()
}

/// The queue, the table or the stream of a source in this account and region, or what gets its failures.
fn source_of(ctx: &Context, arn: &str) -> Option<PhysicalId> {
    let name = name_in(arn);
    let of = |pattern: &str| arn.strip_prefix(&ctx.scope.expand(pattern, name));
    let found = [
        (Queue::NAME, of(Queue::ARN) == Some("")),
        (Stream::NAME, of(Stream::ARN) == Some("")),
        (Topic::NAME, of(Topic::ARN) == Some("")),
        (Bucket::NAME, of(Bucket::ARN) == Some("")),
        (Table::NAME, of(Table::ARN).is_some_and(|rest| rest.starts_with(STREAM))),
    ];
    let kind = found.into_iter().find(|(_, is_it)| *is_it).map(|(kind, _)| kind);
    kind.map(|kind| PhysicalId::new(kind, name))
}

/// What stands between the ARN of a table and the label of its stream.
const STREAM: &str = "/stream/";

/// The name of the queue, the table or the stream in the ARN of a source.
fn name_in(arn: &str) -> &str {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let table = resource.strip_prefix("table/").and_then(|table| table.split(STREAM).next());
    table.or_else(|| resource.strip_prefix("stream/")).unwrap_or(resource)
}

/// Sends a create or an update as soon as Lambda takes it. Lambda tries the function's role on the source, and compares the
/// visibility timeout of a queue: neither may have reached Lambda yet, but both are as the stack declares them.
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
    let source = source_of(ctx, &spec.source);
    let is_own = source.is_some_and(|source| ctx.scope.wants(source.kind, &source.id));
    let passing = |error: &Error| {
        let late = ["Queue visibility timeout", "NonExistentQueue", "Stream not found"];
        let late = is_own && error.is("InvalidParameterValue") && late.iter().any(|words| error.says(words));
        in_use(error).or(late.then_some("Lambda does not see the source as it is yet"))
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

#[cfg(test)]
mod tests {
    use super::observe::spec;
    use super::*;
    use aws_sdk_lambda::types::EventSourcePosition;

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

    /// What is empty in a mapping of a stream is nothing [hazards: L13].
    #[test]
    fn a_mapping_of_a_stream_reads_as_aws_returns_it() {
        let husk = DestinationConfig::builder().on_failure(OnFailure::builder().build()).build();
        let mapping = Mapping::builder()
            .event_source_arn("arn:aws:dynamodb:x:1:table/orders/stream/2026-01-01T00:00:00.000")
            .starting_position(EventSourcePosition::TrimHorizon)
            .maximum_retry_attempts(-1)
            .maximum_record_age_in_seconds(-1)
            .parallelization_factor(2)
            .bisect_batch_on_function_error(true)
            .destination_config(husk);
        let spec = spec(&mapping.build(), Tags::new());
        assert_eq!(name_in(&spec.source), "orders");
        assert_eq!((spec.from, spec.retries, spec.max_age), (Some(From::Oldest), None, None));
        assert_eq!((spec.parallel, spec.bisect, spec.on_failure), (2, true, None));
    }

    #[test]
    fn a_source_is_named_by_its_arn() {
        for (arn, name) in [
            ("arn:aws:sqs:x:1:jobs.fifo", "jobs.fifo"),
            ("arn:aws:kinesis:x:1:stream/clicks", "clicks"),
            ("arn:aws:dynamodb:x:1:table/orders/stream/2026-01-01T00:00:00.000", "orders"),
        ] {
            assert_eq!(name_in(arn), name);
        }
    }

    #[test]
    fn a_mapping_in_transition_is_waited_for() {
        let refused = |code| Error::refusal("", Some(code), "Cannot update it because it is in use.");
        assert!(in_use(&refused("ResourceInUseException")).is_some());
        assert!(in_use(&refused("ResourceConflictException")).is_none());
    }

    #[test]
    fn a_name_begins_with_that_of_the_source() {
        assert_eq!(named("jobs.fifo", None), "jobs.fifo");
        assert_eq!(named("jobs.fifo", Some("again")), "jobs.fifo again");
    }
}
