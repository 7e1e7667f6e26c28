//! Lambda functions: their life and their updates [aws-facts: Lambda].

use super::apart::Apart;
use super::checks::{check, check_update, refused};
use super::code;
use super::configuration::{configure, defaults, in_network};
use super::grants::Grants;
use super::layer::{self, Layer};
use super::mapping::Mapping;
use super::policy::Statements;
use super::qualifier::{Named, bare};
use super::tags;
use super::url::Url;
use super::version::{self, Releases};
use crate::cloud::{
    Cloud, Delay, Handler, REGION, ServiceError, TAGS, Tags, Time, VISIBLE, required, text, text_map,
};
use crate::services::{Service, iam, logs};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// Until every call of Lambda finds a function that was created [hazards: L2].
pub(crate) const EVERYWHERE: Delay = Delay::of_millis("everywhere", 2_800);
/// Of a function in Pending.
pub(crate) const PENDING: Delay = Delay::of_secs("pending", 2);
/// Of a function in Pending while Lambda prepares its network: minutes [aws-facts-services: 8, DG].
const PREPARING: Delay = Delay::of_secs("preparing", 90);
/// Of a function that enters or leaves a network.
const MOVING: Delay = Delay::of_secs("moving", 120);
/// For how long the network interfaces of a function stay that was deleted with its network: 20 to 40 minutes
/// [aws-facts-services: 8, TF].
const LINGERING: Delay = Delay::of_secs("lingering", 30 * 60);
/// Of a function whose update is InProgress.
pub(crate) const IN_PROGRESS: Delay = Delay::of_secs("in progress", 1);
/// Until the last logs of a function that was deleted arrive.
pub(crate) const LATE_LOGS: Delay = Delay::of_secs("late logs", 15);

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateFunction", create),
    ("GetFunction", get),
    ("GetFunctionConfiguration", get_configuration),
    ("UpdateFunctionConfiguration", update_configuration),
    ("UpdateFunctionCode", update_code),
    ("DeleteFunction", delete),
];

/// Why a function failed whose role was checked after its creation.
const LATE_CHECK: &str =
    "The provided execution role does not have permissions to call CreateNetworkInterface on EC2";

/// The functions by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) functions: BTreeMap<String, Function>,
    /// The event source mappings by id.
    pub(crate) mappings: BTreeMap<String, Mapping>,
    /// The layers by name.
    pub(crate) layers: BTreeMap<String, Layer>,
    /// The number of the newest version by the name of the function, of those that were deleted too.
    pub(super) published: BTreeMap<String, u64>,
    /// True where functions fail when executions of them are to be kept ready.
    pub(crate) fails_to_provision: bool,
    /// How many executions the account may have at once, where it is not as many as usual.
    pub(crate) concurrency: Option<i64>,
    /// What is known of what the roles may do.
    pub(super) grants: Grants,
    /// The network interfaces of functions that were deleted with their network: the role with which Lambda deletes them, and
    /// when.
    pub(crate) interfaces: Vec<(String, Time)>,
}

/// A function.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    /// Its FunctionConfiguration without the states.
    pub(crate) configuration: Map<String, Json>,
    pub(crate) created: Time,
    /// When it is no longer Pending.
    pub(crate) ready: Time,
    pub(crate) modified: Time,
    /// Until when an update is InProgress.
    pub(crate) updating: Time,
    /// What calls of their own set.
    pub(crate) apart: Apart,
    pub(crate) url: Option<Url>,
    /// When reads stop finding it, after its deletion.
    pub(crate) gone: Option<Time>,
    pub(crate) tags: Tags,
    pub(crate) reserved: Option<i64>,
    pub(crate) policy: Statements,
    /// Its versions and aliases.
    pub(crate) releases: Releases,
    /// True if the check of its role, which comes after the create, fails [hazards: I4].
    pub(crate) fails: bool,
    /// How often it was looked at while not every call found it.
    pub(crate) looks: u32,
}

impl Function {
    pub(crate) fn member(&self, name: &str) -> &str {
        self.configuration.get(name).and_then(Json::as_str).unwrap_or_default()
    }

    /// True while it is being made or changed, and if it cannot be used.
    pub(super) fn is_unready(&self, cloud: &Cloud) -> bool {
        self.fails || cloud.now < self.ready.max(self.updating)
    }

    pub(crate) fn group(&self) -> String {
        let configured =
            self.configuration.get("LoggingConfig").and_then(|logging| text(logging, "LogGroup"));
        configured.unwrap_or_default().to_owned()
    }
}

pub(crate) fn function_arn(name: &str) -> String {
    Service::Lambda.arn(&format!("function:{name}"))
}

fn forget_deleted(cloud: &mut Cloud) {
    let now = cloud.now;
    cloud.lambda.functions.retain(|_, function| function.gone.is_none_or(|gone| now < gone));
}

/// The function of a name, unless it was deleted, or is so new that not all of Lambda finds it [hazards: L2]. A name that says more
/// than the function is for calls that know of versions.
pub(crate) fn find<'a>(cloud: &'a mut Cloud, name: &str) -> Result<&'a mut Function, ServiceError> {
    if Named::parse(name).qualifier.is_some() {
        return refused(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please \
             specify either a function name or an unqualified function ARN.",
        );
    }
    let delay = cloud.delays.of(VISIBLE).max(cloud.delays.of(EVERYWHERE));
    find_after(cloud, name, delay).ok_or_else(|| not_found(name))
}

fn find_after<'a>(cloud: &'a mut Cloud, name: &str, delay: Time) -> Option<&'a mut Function> {
    forget_deleted(cloud);
    let now = cloud.now;
    cloud.lambda.functions.get_mut(bare(name)).filter(|function| now >= function.created + delay)
}

pub(super) fn not_found(name: &str) -> ServiceError {
    ServiceError::new(
        "ResourceNotFoundException",
        format!("Function not found: {}", function_arn(bare(name))),
    )
}

/// The function of a name as GetFunction finds it: sooner than other calls do, but not each time [hazards: L2].
fn look<'a>(cloud: &'a mut Cloud, name: &str) -> Result<&'a mut Function, ServiceError> {
    let (now, delays) = (cloud.now, cloud.delays.clone());
    let function = find_after(cloud, name, delays.of(VISIBLE)).ok_or_else(|| not_found(name))?;
    if now < function.created + delays.of(EVERYWHERE) {
        function.looks += 1;
        if function.looks.is_multiple_of(3) {
            return Err(not_found(name));
        }
    }
    Ok(function)
}

/// The function of a name to be changed, which it cannot be while Pending or InProgress [aws-facts: Lambda, LS].
pub(super) fn to_change<'a>(cloud: &'a mut Cloud, name: &str) -> Result<&'a mut Function, ServiceError> {
    let now = cloud.now;
    let function = find(cloud, name)?;
    if now < function.ready {
        let message = "The operation cannot be performed at this time. The function is currently in the following state: \
                       Pending";
        return ServiceError::err("ResourceConflictException", message);
    }
    if function.fails {
        let message = "The operation cannot be performed at this time. The function is currently in the following state: \
                       Failed";
        return ServiceError::err("ResourceConflictException", message);
    }
    if now < function.updating {
        let message = format!(
            "The operation cannot be performed at this time. An update is in progress for resource: {}",
            function_arn(bare(name))
        );
        return ServiceError::err("ResourceConflictException", message);
    }
    Ok(function)
}

fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = bare(required(params, "FunctionName"));
    forget_deleted(cloud);
    check(cloud, params)?;
    if cloud.lambda.functions.contains_key(name) {
        return ServiceError::err("ResourceConflictException", format!("Function already exist: {name}"));
    }
    let tags = text_map(params, "Tags");
    tags::check(&Tags::new(), &tags)?;
    code::check_object(cloud, &params["Code"])?;
    let mut configuration = defaults(name);
    configure(cloud, &mut configuration, params);
    let unzipped = code::put(&mut configuration, &params["Code"])?;
    layer::check(cloud, params, unzipped)?;
    let architectures = params.get("Architectures").cloned().unwrap_or_else(|| json!(["x86_64"]));
    configuration.insert("Architectures".to_owned(), architectures);
    let fails = iam::is_checked_late(cloud, required(params, "Role"));
    let preparing = if in_network(&configuration) { PREPARING } else { PENDING };
    let function = Function {
        configuration,
        created: cloud.now,
        ready: cloud.now + cloud.delays.of(preparing),
        modified: cloud.now,
        updating: Time::ZERO,
        gone: None,
        tags,
        reserved: None,
        apart: Apart::of(params),
        url: None,
        policy: Statements::default(),
        releases: Releases::default(),
        fails,
        looks: 0,
    };
    let (mut answer, ready) = (described(cloud, &function), function.ready);
    cloud.lambda.functions.insert(name.to_owned(), function);
    // Shown by the number of its first version, though by its own ARN [recorded: publish_version_on_create].
    if params["Publish"] == true {
        answer["Version"] = version::freeze(cloud, name, None, ready).map(|number| number.to_string()).into();
    }
    Ok(answer)
}

/// The function as it is now, which is its `$LATEST`.
pub(super) fn described(cloud: &Cloud, function: &Function) -> Json {
    let mut described = with_states(cloud, function);
    described["RevisionId"] = revision_of(&described, function).into();
    described
}

/// Another one whenever something of the function changes, its policy and its versions too [recorded: version_lifecycle].
pub(super) fn revision(cloud: &Cloud, function: &Function) -> String {
    revision_of(&with_states(cloud, function), function)
}

fn revision_of(described: &Json, function: &Function) -> String {
    let (policy, versions) = (function.policy.now().len(), function.releases.versions.keys().last());
    version::revision(&format!("{described} {policy} {versions:?}"))
}

fn with_states(cloud: &Cloud, function: &Function) -> Json {
    let mut configuration = function.configuration.clone();
    configuration.remove("ImageUri");
    let pending = cloud.now < function.ready;
    let busy = cloud.now < function.updating;
    let (state, reason) = if pending {
        ("Pending", Some(("Creating", "The function is being created.")))
    } else if function.fails {
        ("Failed", Some(("InsufficientRolePermissions", LATE_CHECK)))
    } else {
        ("Active", None)
    };
    configuration.insert("State".to_owned(), state.into());
    if let Some((code, reason)) = reason {
        configuration.insert("StateReasonCode".to_owned(), code.into());
        configuration.insert("StateReason".to_owned(), reason.into());
    }
    // A function that is being created was not updated yet [recorded: lambda_, create_response].
    if !pending {
        let update = if busy { "InProgress" } else { "Successful" };
        configuration.insert("LastUpdateStatus".to_owned(), update.into());
        if busy {
            configuration.insert("LastUpdateStatusReasonCode".to_owned(), "Creating".into());
            configuration
                .insert("LastUpdateStatusReason".to_owned(), "The function is being created.".into());
        }
    }
    with_runtime(&mut configuration);
    configuration.insert("LastModified".to_owned(), modified(function.modified).into());
    Json::Object(configuration)
}

/// Which version of a runtime is in use; an image has none [recorded: lambda_, create_response].
pub(super) fn with_runtime(configuration: &mut Map<String, Json>) {
    if let Some(runtime) = configuration.get("Runtime").and_then(Json::as_str) {
        let version = json!({ "RuntimeVersionArn": format!("arn:aws:lambda:{REGION}::runtime:{runtime}") });
        configuration.insert("RuntimeVersionConfig".to_owned(), version);
    }
}

/// A time as Lambda writes it: the offset has no colon.
pub(super) fn modified(time: Time) -> String {
    let time = aws_smithy_types::DateTime::from_millis(i64::try_from(time.as_millis()).unwrap_or_default());
    time.fmt(aws_smithy_types::date_time::Format::DateTime).unwrap_or_default().replace('Z', "+0000")
}

fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay) = (cloud.now, cloud.delays.of(TAGS));
    let named = Named::of(params)?;
    let function = look(cloud, &named.function).map_err(|_| named.not_found())?.clone();
    let tags = (now >= function.created + delay && !function.tags.is_empty()).then_some(&function.tags);
    let concurrency = function.reserved.map(|reserved| json!({ "ReservedConcurrentExecutions": reserved }));
    let version = function.version(named.qualifier.as_deref());
    let code = code::location(version.map_or(&function.configuration, |version| &version.configuration));
    let configuration = match named.qualifier {
        Some(_) => version::qualified(cloud, &named)?,
        None => described(cloud, &function),
    };
    Ok(json!({ "Configuration": configuration, "Code": code, "Tags": tags, "Concurrency": concurrency }))
}

fn get_configuration(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let named = Named::of(params)?;
    let function = look(cloud, &named.function).map_err(|_| named.not_found())?.clone();
    match named.qualifier {
        Some(_) => version::qualified(cloud, &named),
        None => Ok(described(cloud, &function)),
    }
}

fn update_configuration(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = required(params, "FunctionName");
    let function = to_change(cloud, name)?.clone();
    version::check_revision(params, &revision(cloud, &function), "GetFunction/GetAlias")?;
    let live = function.configuration;
    check(cloud, params)?;
    check_update(cloud, &live, params)?;
    let (now, soon, late) = (cloud.now, cloud.delays.of(IN_PROGRESS), cloud.delays.of(MOVING));
    let mut configuration = live;
    let before = configuration.get("VpcConfig").cloned();
    configure(cloud, &mut configuration, params);
    let moves = before != configuration.get("VpcConfig").cloned();
    let function = to_change(cloud, name)?;
    function.configuration = configuration;
    (function.modified, function.updating) = (now, now + if moves { late } else { soon });
    let function = function.clone();
    Ok(described(cloud, &function))
}

/// The architecture belongs to the code call [aws-facts: Lambda, TF].
fn update_code(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, until) = (cloud.now, cloud.now + cloud.delays.of(IN_PROGRESS));
    let name = required(params, "FunctionName");
    let function = to_change(cloud, name)?.clone();
    // [recorded: lambda_, test_function_revisions_basic]
    version::check_revision(params, &revision(cloud, &function), "GetFunction/GetAlias")?;
    code::check_object(cloud, params)?;
    let function = to_change(cloud, name)?;
    code::put(&mut function.configuration, params)?;
    if let Some(architectures) = params.get("Architectures") {
        function.configuration.insert("Architectures".to_owned(), architectures.clone());
    }
    (function.modified, function.updating) = (now, until);
    let function = function.clone();
    if params["Publish"] == true {
        let name = function.member("FunctionName").to_owned();
        let number = version::freeze(cloud, &name, None, until).ok_or_else(|| not_found(&name))?;
        return version::described(cloud, &name, number, None);
    }
    Ok(described(cloud, &function))
}

/// The function is seen for a moment more, and the last of its logs arrive even later [aws-facts: Lambda].
fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let gone = cloud.now + cloud.delays.of(VISIBLE);
    let late = cloud.now + cloud.delays.of(LATE_LOGS);
    let lingering = cloud.now + cloud.delays.of(LINGERING);
    let named = Named::of(params)?;
    if let Some(qualifier) = &named.qualifier {
        return version::delete(cloud, &named, qualifier);
    }
    let function = find(cloud, &named.function)?;
    function.gone.get_or_insert(gone);
    let (role, group) = (function.member("Role").to_owned(), function.group());
    if in_network(&function.configuration) && !function.fails {
        cloud.lambda.interfaces.push((role.clone(), lingering));
    }
    let may_make = logs::may_make(cloud, &role, &group);
    cloud.logs.late.push((late, group, may_make));
    Ok(deleted())
}

/// What a function or a version that is deleted leaves [recorded: lambda_, test_function_lifecycle].
pub(super) fn deleted() -> Json {
    json!({ "StatusCode": 204 })
}
