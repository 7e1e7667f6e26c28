//! Executions that are kept ready for a version or an alias, and those that a function reserves
//! [aws-facts-services: 8; aws-facts: Lambda].

use super::alias::Alias;
use super::checks::refused;
use super::function::{Function, find, modified};
use super::qualifier::{LATEST, Named, bare, number};
use crate::cloud::{Cloud, Delay, Handler, ServiceError, Time, required, text};
use serde_json::{Value as Json, json};

/// Of provisioned concurrency that is IN_PROGRESS: minutes [aws-facts-services: 8].
pub(crate) const PROVISIONING: Delay = Delay::of_secs("provisioning", 90);

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("PutFunctionConcurrency", reserve),
    ("DeleteFunctionConcurrency", unreserve),
    ("PutProvisionedConcurrencyConfig", put),
    ("GetProvisionedConcurrencyConfig", get),
    ("DeleteProvisionedConcurrencyConfig", delete),
    ("ListProvisionedConcurrencyConfigs", list),
];

/// Executions of the account at once, and those of them that cannot be reserved away. New accounts have ten, and keep them all
/// [hazards: L8].
const UNRESERVED: i64 = 100;
const CONCURRENCY: i64 = 1_000;

fn concurrency(cloud: &Cloud) -> i64 {
    cloud.lambda.concurrency.unwrap_or(CONCURRENCY)
}

fn unreserved(cloud: &Cloud) -> i64 {
    UNRESERVED.min(concurrency(cloud))
}

/// What is kept ready.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Provisioned {
    pub(crate) requested: i64,
    /// How many there were when this was asked for, or when the alias moved.
    before: i64,
    /// When it is no longer IN_PROGRESS.
    ready: Time,
    modified: Time,
    /// True if it ends as FAILED, since the function fails when it begins.
    pub(crate) fails: bool,
}

impl Provisioned {
    /// Of so many executions that are ready.
    pub(super) fn of(requested: i64, now: Time) -> Self {
        Provisioned { requested, before: requested, ready: now, modified: now, fails: false }
    }

    /// Sets out again for what is requested.
    pub(super) fn begin(&mut self, now: Time, ready: Time) {
        (self.before, self.modified, self.ready) = (self.allocated(now), now, ready);
    }

    fn allocated(&self, now: Time) -> i64 {
        match self.status(now) {
            "READY" => self.requested,
            "IN_PROGRESS" => self.before,
            _ => 0,
        }
    }

    pub(crate) fn status(&self, now: Time) -> &'static str {
        match self.fails {
            _ if now < self.ready => "IN_PROGRESS",
            true => "FAILED",
            false => "READY",
        }
    }

    fn described(&self, now: Time) -> Json {
        let allocated = self.allocated(now);
        let mut described = json!({
            "RequestedProvisionedConcurrentExecutions": self.requested, "Status": self.status(now),
            "AllocatedProvisionedConcurrentExecutions": allocated,
            "AvailableProvisionedConcurrentExecutions": allocated, "LastModified": modified(self.modified),
        });
        if described["Status"] == "FAILED" {
            described["StatusReason"] = "FUNCTION_ERROR_INIT_FAILURE".into();
        }
        described
    }
}

impl Function {
    /// All that is kept ready of it.
    fn provisioned(&self) -> i64 {
        self.releases.provisioned.values().map(|provisioned| provisioned.requested).sum()
    }
}

/// What the functions besides one leave of the account's executions.
fn available(cloud: &Cloud, besides: &str) -> i64 {
    let others = cloud.lambda.functions.iter().filter(|(other, _)| *other != besides);
    let taken = others.map(|(_, function)| function.reserved.unwrap_or_else(|| function.provisioned()));
    concurrency(cloud) - taken.sum::<i64>()
}

fn reserve(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = required(params, "FunctionName");
    // [recorded: lambda_, put_function_concurrency_with_function_name_doesnotexist]
    let missing = || Named::parse(name).with(LATEST).not_found();
    let provisioned = match find(cloud, name) {
        Err(error) if error.code == "ResourceNotFoundException" => return Err(missing()),
        function => function?.provisioned(),
    };
    let wanted = params["ReservedConcurrentExecutions"].as_i64().unwrap_or_default();
    if wanted < provisioned {
        return refused(format!(
            " ReservedConcurrentExecutions  {wanted} should not be lower than function's total provisioned concurrency \
             [{provisioned}]."
        ));
    }
    let unreserved = unreserved(cloud);
    if available(cloud, bare(name)) - wanted < unreserved {
        return refused(format!(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its \
             minimum value of [{unreserved}]."
        ));
    }
    find(cloud, name)?.reserved = Some(wanted);
    Ok(json!({ "ReservedConcurrentExecutions": wanted }))
}

fn unreserve(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    find(cloud, required(params, "FunctionName"))?.reserved = None;
    Ok(Json::Null)
}

fn conflict<T>(message: &str) -> Result<T, ServiceError> {
    ServiceError::err("ResourceConflictException", message)
}

const ALREADY: &str =
    "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version";

/// An alias with provisioned concurrency cannot move to a version that has its own.
pub(super) fn check_move(function: &Function, name: &str, alias: &Alias) -> Result<(), ServiceError> {
    let provisioned = &function.releases.provisioned;
    match provisioned.contains_key(name) && provisioned.contains_key(&alias.version) {
        true => conflict(ALREADY),
        false => Ok(()),
    }
}

/// Either the version or an alias of it has provisioned concurrency [recorded: provisioned_lifecycle].
fn check_either(function: &Function, qualifier: &str) -> Result<(), ServiceError> {
    let releases = &function.releases;
    let has_own = |name: &String| releases.provisioned.contains_key(name);
    let mut aliases = releases.aliases.iter();
    match releases.aliases.get(qualifier) {
        Some(alias) if has_own(&alias.version) => conflict(ALREADY),
        None if aliases.any(|(name, alias)| alias.version == qualifier && has_own(name)) => {
            conflict("Version is pointed by a Provisioned Concurrency alias")
        }
        _ => Ok(()),
    }
}

/// What is kept ready must be left by the function's reservation, or by the account [recorded: provisioned_concurrency_limits,
/// reserved_provisioned_overlap].
fn check_limits(
    cloud: &Cloud,
    function: &Function,
    qualifier: &str,
    wanted: i64,
) -> Result<(), ServiceError> {
    let own = function.releases.provisioned.get(qualifier).map_or(0, |own| own.requested);
    let others = function.provisioned() - own;
    if let Some(reserved) = function.reserved {
        return match others + wanted > reserved {
            true => refused(
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function",
            ),
            false => Ok(()),
        };
    }
    let left = available(cloud, function.member("FunctionName")) - others;
    let unreserved = unreserved(cloud);
    match () {
        () if wanted > left => refused(format!(
            "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [{left}]."
        )),
        () if left - wanted < unreserved => refused(format!(
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum \
             value of [{unreserved}]."
        )),
        () => Ok(()),
    }
}

/// A version that takes snapshots has none [aws-facts-services: 8, DG].
fn check_version(function: &Function, qualifier: &str) -> Result<(), ServiceError> {
    let alias = function.releases.aliases.get(qualifier);
    let version = alias.map_or(qualifier, |alias| alias.version.as_str());
    if version == LATEST {
        return refused(
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
        );
    }
    let version = number(version).and_then(|number| function.releases.versions.get(&number));
    let snapshots = version.and_then(|version| version.configuration.get("SnapStart"));
    match snapshots.is_some_and(|snapshots| snapshots["ApplyOn"] == "PublishedVersions") {
        true => refused("Provisioned Concurrency is not supported for functions with SnapStart enabled."),
        false => Ok(()),
    }
}

fn put(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let named = Named::of(params)?;
    let qualifier = named.qualifier.as_deref().unwrap_or(LATEST);
    if qualifier == LATEST {
        return refused(
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
        );
    }
    let wanted = params["ProvisionedConcurrentExecutions"].as_i64().unwrap_or_default();
    let function = named.find(cloud).ok_or_else(|| named.no_alias())?.clone();
    check_version(&function, qualifier)?;
    check_either(&function, qualifier)?;
    check_limits(cloud, &function, qualifier, wanted)?;
    let (now, ready) = (cloud.now, cloud.now + cloud.delays.of(PROVISIONING));
    let fails = cloud.lambda.fails_to_provision;
    let all = &mut named.find(cloud).ok_or_else(|| named.no_alias())?.releases.provisioned;
    let provisioned = all.entry(qualifier.to_owned()).or_insert_with(|| Provisioned::of(0, now));
    provisioned.begin(now, ready);
    (provisioned.requested, provisioned.fails) = (wanted, fails);
    Ok(provisioned.described(now))
}

/// The function of a call that reads or deletes what is kept ready.
fn of_call<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<(&'a mut Function, String), ServiceError> {
    let named = Named::of(params)?;
    match named.qualifier.clone() {
        None => refused("The function resource provided must be an alias or a published version."),
        Some(qualifier) if qualifier == LATEST => {
            refused("The function resource provided must be an alias or a published version.")
        }
        Some(qualifier) => {
            named.find(cloud).map(|function| (function, qualifier)).ok_or_else(|| named.no_alias())
        }
    }
}

fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let now = cloud.now;
    let (function, qualifier) = of_call(cloud, params)?;
    let provisioned = function.releases.provisioned.get(&qualifier);
    provisioned.map(|provisioned| provisioned.described(now)).ok_or_else(|| {
        let message = "No Provisioned Concurrency Config found for this function";
        ServiceError::new("ProvisionedConcurrencyConfigNotFoundException", message)
    })
}

/// Without an error where there is none [recorded: provisioned_concurrency_exceptions].
fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (function, qualifier) = of_call(cloud, params)?;
    function.releases.provisioned.remove(&qualifier);
    Ok(Json::Null)
}

fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, named) = (cloud.now, Named::parse(bare(required(params, "FunctionName"))));
    let all = find(cloud, required(params, "FunctionName"))?.releases.provisioned.iter();
    let described = |(qualifier, provisioned): (&String, &Provisioned)| {
        let mut described = provisioned.described(now);
        described["FunctionArn"] = named.with(qualifier).arn().into();
        described
    };
    let all = all.map(described).collect();
    let limit = params["MaxItems"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let (configs, next) = cloud.paging.page(all, text(params, "Marker"), limit, (50, 50));
    Ok(json!({ "ProvisionedConcurrencyConfigs": configs, "NextMarker": next }))
}
