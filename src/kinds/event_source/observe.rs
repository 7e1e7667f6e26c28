//! A mapping as Lambda shows it.

use super::{Attributes, EventSource, From, Spec, name_in, source_of};
use crate::aws::pages::all_pages;
use crate::aws::tags::{self, Tags};
use crate::aws::{Context, Result};
use crate::kind::{Kind, ObservedOption, Parent};
use crate::kinds::function::LAMBDA;
use crate::kinds::{alias, require_str, unmanaged};
use crate::model::{Owner, PhysicalId, Status};
use aws_sdk_lambda::types::{
    EventSourceMappingConfiguration as Mapping, Filter, FilterCriteria, FunctionResponseType, ScalingConfig,
};
use serde_json::Value as Json;

/// The mappings of a function, or of all functions of the account in the region.
pub(super) async fn list(ctx: &Context) -> Result<Vec<Mapping>> {
    let list = ctx.clients.lambda().list_event_source_mappings();
    let mappings = all_pages("lambda:ListEventSourceMappings", async |marker| {
        let page = list.clone().set_marker(marker).send().await?;
        Ok((page.event_source_mappings.unwrap_or_default(), page.next_marker))
    });
    Ok(LAMBDA.not_found_as_none(mappings.await)?.unwrap_or_default())
}

/// The name of the function of a mapping. Its ARN may end in the name of an alias.
pub(super) fn function_of(mapping: &Mapping) -> &str {
    mapping.function_arn().and_then(|arn| arn.split(':').nth(6)).unwrap_or_default()
}

fn alias_of(mapping: &Mapping) -> Option<&str> {
    mapping.function_arn().and_then(|arn| arn.split(':').nth(7))
}

pub(super) fn is_of(mapping: &Mapping, function: &Parent) -> bool {
    function_of(mapping) == function.physical_id.id
}

/// A mapping with its tags, which lists do not show; `None` if it was deleted in the meantime.
pub(super) async fn observed(
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
    let source_name = name_in(source);
    let name = match owner {
        Owner::Unmanaged(_) => format!("{source_name} ({uuid})"),
        _ => name_by(ctx, &all_tags, function_of(mapping), source),
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
    let alias = observed.spec.alias.as_ref();
    let alias = alias.map(|alias| alias::named(&function.physical_id.id, alias));
    observed.refs.extend(alias.map(|alias| function.physical_id.child("alias", alias)));
    observed.refs.extend(source_of(ctx, source));
    observed.refs.extend(observed.spec.on_failure.as_ref().and_then(|arn| source_of(ctx, arn)));
    let tumbling = mapping.tumbling_window_in_seconds().map(|seconds| seconds.to_string());
    observed.unmanaged_settings = unmanaged([
        ("kms_key", mapping.kms_key_arn(), ""),
        ("tumbling_window_seconds", tumbling.as_deref(), "0"),
    ]);
    Ok(Some(observed))
}

/// The name of a mapping of ours. There can be one of a source to a function: it is the one that the stack declares, also where its
/// tag has another name, which then changes. A second one could not be created [aws-facts-services: Uniqueness].
pub(super) fn name_by(ctx: &Context, tags: &Tags, function: &str, source: &str) -> String {
    let (of, kind) = (name_in(source), source_of(ctx, source).map(|source| source.kind));
    let is_of = |name: &str| name.strip_prefix(of).is_some_and(|own| own.is_empty() || own.starts_with(' '));
    let tagged = tags.get(tags::ID).and_then(|id| id.strip_prefix(EventSource::NAME)?.strip_prefix('.'));
    let tagged = tagged.filter(|name| is_of(name));
    let wanted = ctx.scope.wanted.get(EventSource::NAME).into_iter().flatten();
    let declared = wanted.filter_map(|(name, desired)| {
        let desired = desired.as_ref()?;
        let of_function = desired.get("function")?.as_str()? == function;
        // A queue and a table may have the same name.
        let sources = desired.get("source")?.references();
        let of_source = sources.is_empty() || sources.iter().any(|source| Some(source.id.kind) == kind);
        (is_of(name) && of_function && of_source).then_some(name.as_str())
    });
    let declared: Vec<&str> = declared.collect();
    let is_declared = |name: &&str| declared.is_empty() || declared.contains(name);
    tagged.filter(is_declared).or(declared.first().copied()).or(tagged).unwrap_or(of).to_owned()
}

/// Whether it is enabled shows in its state alone [aws-facts: Event source mappings].
pub(super) fn spec(mapping: &Mapping, tags: Tags) -> Spec {
    let filters = mapping.filter_criteria().map(FilterCriteria::filters).unwrap_or_default();
    let on_failure = mapping.destination_config().and_then(|destination| destination.on_failure());
    // AWS may return the JSON of a pattern in another form.
    let canonical = |text: &str| match serde_json::from_str::<Json>(text) {
        Ok(json) => json.to_string(),
        Err(_) => text.to_owned(),
    };
    Spec {
        function: function_of(mapping).to_owned(),
        alias: alias_of(mapping).map(str::to_owned),
        source: mapping.event_source_arn().unwrap_or_default().to_owned(),
        from: mapping
            .starting_position()
            .map(|from| From::shown(from, mapping.starting_position_timestamp())),
        batch: mapping.batch_size().unwrap_or_default(),
        window: mapping.maximum_batching_window_in_seconds().unwrap_or_default(),
        partial_failures: mapping
            .function_response_types()
            .contains(&FunctionResponseType::ReportBatchItemFailures),
        concurrency: mapping.scaling_config().and_then(ScalingConfig::maximum_concurrency),
        bisect: mapping.bisect_batch_on_function_error().unwrap_or_default(),
        parallel: mapping.parallelization_factor().unwrap_or(1),
        retries: mapping.maximum_retry_attempts().filter(|retries| *retries >= 0),
        max_age: mapping.maximum_record_age_in_seconds().filter(|age| *age >= 0),
        on_failure: on_failure.and_then(|on_failure| on_failure.destination()).map(str::to_owned),
        filters: filters.iter().filter_map(Filter::pattern).map(canonical).collect(),
        enabled: !matches!(mapping.state(), Some("Disabled" | "Disabling")),
        tags,
    }
}
