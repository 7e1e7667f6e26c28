//! What must hold of functions, their aliases and what calls them, at every moment and in the end.

use super::alias::{Alias, not_served};
use super::mapping::is_of_kinesis;
use super::qualifier::Named;
use super::{Function, Mapping, mappings};
use crate::cloud::Cloud;
use crate::services::{iam, sqs};

/// No function is without its role and its log group, no URL without what its callers need or unknown to its function, no mapping of a stack without its queue and its function, and no alias of a
/// function leads to a version that is not Active: AWS allows that, and requests fail until it is.
pub(super) fn broken(cloud: &Cloud) -> Vec<(String, String)> {
    let functions = cloud.lambda.functions.iter();
    let functions = functions
        .filter_map(|(name, function)| Some((format!("the function {name}"), lacks(cloud, function)?)));
    let mappings = mappings(cloud)
        .filter_map(|(_, mapping)| Some((format!("the {}", mapping.name()), dangles(cloud, mapping)?)));
    functions.chain(mappings).chain(aliases(cloud)).collect()
}

/// The aliases of which some requests are not answered, and why.
fn aliases(cloud: &Cloud) -> Vec<(String, String)> {
    let live = cloud.lambda.functions.iter().filter(|(_, function)| function.gone.is_none());
    let aliases = live.flat_map(|(name, function)| {
        let aliases = function.releases.aliases.iter();
        aliases.filter_map(move |(alias, settings)| {
            let why = not_served(cloud.now, function, settings);
            let why = why.or_else(|| lacks_role(cloud, function, settings))?;
            Some((format!("the alias {alias} of {name}"), why))
        })
    });
    aliases.collect()
}

/// A version keeps the role that it was published with.
fn lacks_role(cloud: &Cloud, function: &Function, alias: &Alias) -> Option<String> {
    let mut roles = alias.shares().into_iter().filter_map(|(version, _)| {
        function.version(Some(version)).map(|settings| (version, settings.member("Role")))
    });
    let (version, role) = roles.find(|(_, role)| !iam::exists(cloud, role))?;
    Some(format!("it leads to the version {version}, and there is no role {role}"))
}

/// What is still being made or changed.
pub(super) fn unready(cloud: &Cloud) -> Vec<String> {
    let functions = cloud.lambda.functions.iter().filter(|(_, function)| function.is_unready(cloud));
    let functions =
        functions.map(|(name, _)| format!("the function {name} is Pending, InProgress or Failed"));
    let mappings = cloud.lambda.mappings.values().filter(|mapping| mapping.is_in_transition(cloud));
    let mappings = mappings.map(|mapping| format!("the {} is {}", mapping.name(), mapping.transition.0));
    functions.chain(mappings).chain(releases(cloud)).collect()
}

/// The versions that are Pending, and executions that are not kept ready as yet, or cannot be.
fn releases(cloud: &Cloud) -> Vec<String> {
    let live = cloud.lambda.functions.iter().filter(|(_, function)| function.gone.is_none());
    let releases = live.flat_map(|(name, Function { releases, .. })| {
        let versions = releases.versions.iter().filter(|(_, version)| !version.is_active(cloud.now));
        let versions = versions.map(move |(number, _)| format!("the version {number} of {name} is Pending"));
        let kept = releases.provisioned.iter().map(|(of, kept)| (of, kept.status(cloud.now)));
        let kept = kept.filter(|(_, status)| *status != "READY");
        versions.chain(
            kept.map(move |(of, status)| format!("the provisioned concurrency of {name}:{of} is {status}")),
        )
    });
    releases.collect()
}

/// What a mapping of a stack leads from or to and does not exist; nothing on AWS keeps it there
/// [aws-facts: Event source mappings].
fn dangles(cloud: &Cloud, mapping: &Mapping) -> Option<String> {
    let (source, function) = (mapping.member("EventSourceArn"), mapping.member("FunctionArn"));
    let has_queue = cloud.sqs.queues.keys().any(|name| sqs::queue_arn(name) == source);
    // Its stream may be another one for a moment.
    let table = source.split("table/").nth(1).and_then(|table| table.split('/').next());
    let has_table = table.is_some_and(|table| cloud.dynamodb.tables.contains_key(table));
    let stream = source.split_once(":stream/").filter(|_| is_of_kinesis(source));
    let has_stream = stream.is_some_and(|(_, stream)| cloud.kinesis.streams.contains_key(stream));
    let named = Named::parse(function);
    let live = cloud.lambda.functions.get(&named.function).filter(|function| function.gone.is_none());
    match live.filter(|function| function.has(named.qualifier.as_deref())) {
        _ if !mapping.tags.contains_key("provision:stack") => None,
        None => Some(format!("there is no function {function}")),
        Some(_) if !has_queue && !has_table && !has_stream => Some(format!("there is no source {source}")),
        Some(_) => None,
    }
}

/// What a function needs and has not, as long as anybody sees it: late events of one without a log group make a group that
/// no stack owns [aws-facts: Lambda].
fn lacks(cloud: &Cloud, function: &Function) -> Option<String> {
    let seen = function.gone.is_none_or(|gone| cloud.now < gone);
    let (role, group) = (function.member("Role"), function.group());
    match () {
        () if !seen => None,
        () if !iam::exists(cloud, role) => Some(format!("there is no role {role}")),
        () if !cloud.logs.groups.contains_key(&group) => Some(format!("there is no log group {group}")),
        () => function.url.as_ref().and_then(|url| url.lacks(function)).map(str::to_owned),
    }
}
