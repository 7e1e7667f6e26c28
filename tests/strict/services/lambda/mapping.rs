//! Event source mappings: queues, streams, and streams of tables that call functions [aws-facts: Event source mappings].

use super::checks::refused;
use super::function::{EVERYWHERE, Function, not_found};
use super::mapping_checks::{check, check_destination, check_source};
use super::qualifier::Named;
use super::tags;
use crate::cloud::{
    Cloud, Delay, Handler, LISTS, ServiceError, Tags, Time, VISIBLE, required, seconds, text, text_map,
};
use crate::services::Service;
use serde_json::{Map, Value as Json, json};

/// Of a mapping in Creating, Enabling, Disabling or Updating.
pub(crate) const IN_TRANSITION: Delay = Delay::of_secs("mapping in transition", 6);
/// Of a mapping in Deleting, which is answered as not found after that.
const DELETING: Delay = Delay::of_secs("mapping deleting", 9);

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateEventSourceMapping", create),
    ("GetEventSourceMapping", get),
    ("ListEventSourceMappings", list),
    ("UpdateEventSourceMapping", update),
    ("DeleteEventSourceMapping", delete),
];

/// What can be set. An update keeps what it does not name, and takes out what it names with an empty value
/// [aws-facts: Clearing a field].
const SETTINGS: &[&str] = &[
    "BatchSize",
    "MaximumBatchingWindowInSeconds",
    "FilterCriteria",
    "FunctionResponseTypes",
    "ScalingConfig",
    "KMSKeyArn",
    "MetricsConfig",
    "LoggingConfig",
    "ProvisionedPollerConfig",
];

/// What only streams have, and what AWS shows of it where nothing was said [aws-facts-services: 2].
const OF_STREAMS: &[(&str, i64)] = &[
    ("ParallelizationFactor", 1),
    ("MaximumRecordAgeInSeconds", -1),
    ("MaximumRetryAttempts", -1),
    ("TumblingWindowInSeconds", 0),
];
const FLAG_OF_STREAMS: &str = "BisectBatchOnFunctionError";
pub(super) const DESTINATION: &str = "DestinationConfig";

/// What neither queues nor streams have.
const OF_OTHERS: &[&str] = &["Topics", "Queues", "SourceAccessConfigurations", "SelfManagedEventSource"];

/// A mapping.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    /// What was set, and the ARNs of the source and the function.
    pub(crate) configuration: Map<String, Json>,
    pub(crate) enabled: bool,
    /// What is being done to it, and until when.
    pub(super) transition: (&'static str, Time),
    pub(super) created: Time,
    pub(super) modified: Time,
    pub(super) deleted: bool,
    pub(crate) tags: Tags,
}

impl Mapping {
    pub(super) fn member(&self, name: &str) -> &str {
        self.configuration.get(name).and_then(Json::as_str).unwrap_or_default()
    }

    pub(super) fn is_in_transition(&self, cloud: &Cloud) -> bool {
        cloud.now < self.transition.1
    }

    /// The name of its function, with the version or the alias that it calls.
    fn function(&self) -> &str {
        self.member("FunctionArn").split_once(":function:").map_or("", |(_, function)| function)
    }

    /// Its name in a dump: AWS makes up the id.
    pub(super) fn name(&self) -> String {
        let function = self.function();
        let source = self.member("EventSourceArn").splitn(6, ':').nth(5).unwrap_or_default();
        let table = source.strip_prefix("table/").and_then(|table| table.split('/').next());
        let source = table.or_else(|| source.strip_prefix("stream/")).unwrap_or(source);
        format!("event source mapping of {source} to {function}")
    }

    fn state(&self, cloud: &Cloud) -> &'static str {
        match self.enabled {
            _ if self.is_in_transition(cloud) => self.transition.0,
            true => "Enabled",
            false => "Disabled",
        }
    }
}

/// The ARN of a mapping.
pub(super) fn mapping_arn(id: &str) -> String {
    Service::Lambda.arn(&format!("event-source-mapping:{id}"))
}

/// The mapping of an id; those that were deleted are there until they are not found any more.
pub(super) fn find<'a>(cloud: &'a mut Cloud, id: &str) -> Result<&'a mut Mapping, ServiceError> {
    cloud.lambda.mappings.get_mut(id).ok_or_else(|| {
        ServiceError::new("ResourceNotFoundException", "The resource you requested does not exist.")
    })
}

/// Forgets the mappings whose deletion has ended.
pub(super) fn forget_deleted(cloud: &mut Cloud) {
    let now = cloud.now;
    cloud.lambda.mappings.retain(|_, mapping| !mapping.deleted || now < mapping.transition.1);
}

fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let known = |arn: &&str| arn.contains(":sqs:") || is_stream(arn);
    let Some(source) = text(params, "EventSourceArn").filter(known) else {
        return refused("Unrecognized event source.");
    };
    let function = function_of(cloud, required(params, "FunctionName"))?;
    let mut configuration = Map::new();
    configuration.insert("EventSourceArn".to_owned(), source.into());
    if is_stream(source) {
        begin(&mut configuration, params)?;
    }
    configure(&mut configuration, params)?;
    let size = if is_stream(source) { 100 } else { 10 };
    configuration.entry("BatchSize").or_insert_with(|| size.into());
    configuration.entry("MaximumBatchingWindowInSeconds").or_insert_with(|| 0.into());
    configuration.insert("FunctionArn".to_owned(), function.member("FunctionArn").into());
    check(&configuration)?;
    let tags = text_map(params, "Tags");
    tags::check(&Tags::new(), &tags)?;
    check_source(cloud, &function, source)?;
    check_destination(cloud, &function, &configuration)?;
    check_unique(cloud, "", &configuration)?;
    let (now, enabled) = (cloud.now, params["Enabled"].as_bool().unwrap_or(true));
    // One that is created disabled is so at once [aws-facts: LS].
    let until = if enabled { now + cloud.delays.of(IN_TRANSITION) } else { now };
    let content = format!("{source} {}", function.member("FunctionName"));
    let id = cloud.made_up("mapping", &content, "0123456789abcdef", 32);
    let id = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-");
    let transition = ("Creating", until);
    let mapping =
        Mapping { configuration, enabled, transition, created: now, modified: now, deleted: false, tags };
    let answer = described(cloud, &id, &mapping);
    cloud.lambda.mappings.insert(id, mapping);
    Ok(answer)
}

/// The function that a call names, as the version that is named is, by the ARN that was named [recorded:
/// function_name_variations]. One that not all of Lambda finds yet has another refusal than one that does not exist [hazards: L2;
/// aws-facts: LS].
fn function_of(cloud: &Cloud, name: &str) -> Result<Function, ServiceError> {
    let named = Named::parse(name);
    let qualifier = named.qualifier.as_deref();
    let delay = cloud.delays.of(VISIBLE).max(cloud.delays.of(EVERYWHERE));
    let function = cloud.lambda.functions.get(&named.function);
    match function.filter(|function| function.gone.is_none_or(|gone| cloud.now < gone)) {
        None => refused("Function does not exist"),
        Some(function) if cloud.now < function.created + delay => Err(not_found(&named.function)),
        Some(function) if !function.has(qualifier) => refused("Function does not exist"),
        Some(function) => {
            let mut function = function.clone();
            if let Some(configuration) =
                function.version(qualifier).map(|version| version.configuration.clone())
            {
                function.configuration = configuration;
            }
            function.configuration.insert("FunctionArn".to_owned(), named.arn().into());
            Ok(function)
        }
    }
}

/// True for the ARN of a stream.
pub(super) fn is_stream(arn: &str) -> bool {
    is_of_kinesis(arn) || (arn.contains(":dynamodb:") && arn.contains("/stream/"))
}

/// True for that of one of Kinesis.
pub(super) fn is_of_kinesis(arn: &str) -> bool {
    arn.contains(":kinesis:") && arn.contains(":stream/")
}

/// Where a mapping of a stream begins, and what it has where nothing is said [aws-facts-services: 2, LS].
fn begin(configuration: &mut Map<String, Json>, params: &Json) -> Result<(), ServiceError> {
    let is_of_kinesis = is_of_kinesis(required(params, "EventSourceArn"));
    match text(params, "StartingPosition") {
        Some(position @ ("TRIM_HORIZON" | "LATEST")) => {
            configuration.insert("StartingPosition".to_owned(), position.into());
        }
        Some(position @ "AT_TIMESTAMP") if is_of_kinesis => {
            let Some(time) = params.get("StartingPositionTimestamp") else {
                return refused("StartingPositionTimestamp is required for the position AT_TIMESTAMP.");
            };
            configuration.insert("StartingPosition".to_owned(), position.into());
            configuration.insert("StartingPositionTimestamp".to_owned(), time.clone());
        }
        Some(_) => {
            // [recorded: lambda_, incompatible_starting_position]
            let source = required(params, "EventSourceArn");
            return refused(format!("Unsupported starting position for arn type: {source}"));
        }
        None => {
            return refused(
                "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
            );
        }
    }
    let numbers = OF_STREAMS.iter().map(|(name, default)| ((*name).to_owned(), (*default).into()));
    configuration.extend(numbers);
    configuration.insert(FLAG_OF_STREAMS.to_owned(), false.into());
    // It reads back as an empty husk [hazards: L13].
    configuration.insert(DESTINATION.to_owned(), json!({ "OnFailure": {} }));
    Ok(())
}

/// Sets what a call names.
fn configure(configuration: &mut Map<String, Json>, params: &Json) -> Result<(), ServiceError> {
    let source = configuration.get("EventSourceArn").and_then(Json::as_str).unwrap_or_default();
    let of_streams = OF_STREAMS.iter().map(|(name, _)| *name).chain([FLAG_OF_STREAMS, DESTINATION]);
    let foreign: Vec<&str> = match is_stream(source) {
        true => OF_OTHERS.iter().copied().chain(["ScalingConfig"]).collect(),
        false => OF_OTHERS.iter().copied().chain(of_streams.clone()).collect(),
    };
    let foreign = foreign.into_iter().find(|name| params.get(*name).is_some_and(|value| !is_empty(value)));
    if let Some(name) = foreign {
        return refused(format!("Unsupported {name} parameter for given event source mapping type."));
    }
    if is_stream(source) {
        for name in of_streams {
            let Some(value) = params.get(name) else { continue };
            let value = if name == DESTINATION { destination(value)? } else { value.clone() };
            configuration.insert(name.to_owned(), value);
        }
    }
    for name in SETTINGS {
        match params.get(*name) {
            Some(value) if is_empty(value) => drop(configuration.remove(*name)),
            Some(value) => drop(configuration.insert((*name).to_owned(), value.clone())),
            None => {}
        }
    }
    Ok(())
}

/// Where failures go. An empty destination is refused, even as it was read [hazards: L13], and so is one of successes
/// [aws-facts-services: 2].
fn destination(wanted: &Json) -> Result<Json, ServiceError> {
    if wanted.get("OnSuccess").is_some() {
        return refused("Unsupported OnSuccess parameter for given event source mapping type.");
    }
    match wanted.get("OnFailure") {
        None => Ok(json!({ "OnFailure": {} })),
        Some(on_failure) if on_failure.get("Destination").is_none() => {
            refused("The Destination field is required for an OnFailure configuration")
        }
        Some(_) => Ok(wanted.clone()),
    }
}

/// True for a value that says nothing: an empty text, list or object, or one of nothing but those.
fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.values().all(is_empty),
        Json::Bool(_) | Json::Number(_) => false,
    }
}

/// One mapping of a source to a function, until its deletion has ended.
fn check_unique(cloud: &Cloud, own: &str, configuration: &Map<String, Json>) -> Result<(), ServiceError> {
    let same = |other: &Mapping| {
        ["EventSourceArn", "FunctionArn"]
            .iter()
            .all(|name| other.configuration.get(*name) == configuration.get(*name))
    };
    let mut others = cloud.lambda.mappings.iter().filter(|(id, _)| *id != own);
    let Some((id, other)) = others.find(|(_, other)| same(other)) else { return Ok(()) };
    let (source, function) = (other.member("EventSourceArn"), other.function());
    let message = match is_stream(source) {
        // [recorded: test_duplicate_event_source_mappings]
        true => format!(
            "The event source arn (\" {source} \") and function (\" {function} \") provided mapping already exists. Please \
             update or delete the existing mapping with UUID {id}"
        ),
        false => format!(
            "An event source mapping with SQS arn (\" {source} \") and function (\" {function} \") already exists. Please \
             update or delete the existing mapping with UUID {id}"
        ),
    };
    ServiceError::err("ResourceConflictException", message)
}

/// Response types are always there, if only as an empty list, and so is why it is in its state [aws-facts: LS].
fn described(cloud: &Cloud, id: &str, mapping: &Mapping) -> Json {
    let mut answer = Json::Object(mapping.configuration.clone());
    for (name, value) in [
        ("UUID", id.into()),
        ("EventSourceMappingArn", mapping_arn(id).into()),
        ("State", mapping.state(cloud).into()),
        ("StateTransitionReason", "USER_INITIATED".into()),
        ("LastModified", seconds(mapping.modified)),
    ] {
        answer[name] = value;
    }
    if answer.get("FunctionResponseTypes").is_none() {
        answer["FunctionResponseTypes"] = json!([]);
    }
    // What happened to the last records, of streams alone [recorded: lambda_, event-source-mapping-default].
    if is_stream(mapping.member("EventSourceArn")) {
        answer["LastProcessingResult"] = "No records processed".into();
    }
    answer
}

fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let id = required(params, "UUID");
    let mapping = find(cloud, id)?.clone();
    Ok(described(cloud, id, &mapping))
}

/// By source and function; those of an alias are not those of the function. Filters that a key encrypts are left out [aws-facts:
/// Event source mappings, M].
fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay, paging) = (cloud.now, cloud.delays.of(LISTS), cloud.paging);
    let function = text(params, "FunctionName").map(|name| Named::parse(name).arn());
    let source = text(params, "EventSourceArn");
    let wanted = |mapping: &Mapping| {
        now >= mapping.created + delay
            && function.as_deref().is_none_or(|arn| mapping.member("FunctionArn") == arn)
            && source.is_none_or(|arn| mapping.member("EventSourceArn") == arn)
    };
    let mappings = cloud.lambda.mappings.iter().filter(|(_, mapping)| wanted(mapping));
    let mappings = mappings.map(|(id, mapping)| {
        let mut described = described(cloud, id, mapping);
        if mapping.configuration.contains_key("KMSKeyArn") {
            described["FilterCriteria"] = Json::Null;
        }
        described
    });
    let limit = params["MaxItems"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let (mappings, next) = paging.page(mappings.collect(), text(params, "Marker"), limit, (100, 100));
    Ok(json!({ "EventSourceMappings": mappings, "NextMarker": next }))
}

/// The mapping of a call that changes it, which it cannot while it is in transition [aws-facts: Event source mappings, IT].
fn to_change(cloud: &mut Cloud, params: &Json, verb: &str) -> Result<Mapping, ServiceError> {
    let mapping = find(cloud, required(params, "UUID"))?.clone();
    match mapping.is_in_transition(cloud) {
        true => ServiceError::err(
            "ResourceInUseException",
            format!("Cannot {verb} the event source mapping because it is in use."),
        ),
        false => Ok(mapping),
    }
}

/// The function may be another one, and the source never.
fn update(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let id = required(params, "UUID");
    let mut mapping = to_change(cloud, params, "update")?;
    let name = text(params, "FunctionName").unwrap_or_else(|| mapping.member("FunctionArn")).to_owned();
    let function = function_of(cloud, &name)?;
    mapping.configuration.insert("FunctionArn".to_owned(), function.member("FunctionArn").into());
    configure(&mut mapping.configuration, params)?;
    check(&mapping.configuration)?;
    check_source(cloud, &function, mapping.member("EventSourceArn"))?;
    check_destination(cloud, &function, &mapping.configuration)?;
    check_unique(cloud, id, &mapping.configuration)?;
    let enabled = params["Enabled"].as_bool().unwrap_or(mapping.enabled);
    let state = match (mapping.enabled, enabled) {
        (false, true) => "Enabling",
        (true, false) => "Disabling",
        _ => "Updating",
    };
    mapping.enabled = enabled;
    mapping.modified = cloud.now;
    mapping.transition = (state, cloud.now + cloud.delays.of(IN_TRANSITION));
    let answer = described(cloud, id, &mapping);
    cloud.lambda.mappings.insert(id.to_owned(), mapping);
    Ok(answer)
}

/// Answered with the mapping, which is seen for a while longer.
fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let id = required(params, "UUID");
    let mut mapping = to_change(cloud, params, "delete")?;
    mapping.deleted = true;
    mapping.transition = ("Deleting", cloud.now + cloud.delays.of(DELETING));
    let mut answer = described(cloud, id, &mapping);
    answer["State"] = "Deleting".into();
    cloud.lambda.mappings.insert(id.to_owned(), mapping);
    Ok(answer)
}
