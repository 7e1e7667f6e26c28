//! Aliases of functions: names that lead to one version, or to two of them by their shares [aws-facts-apis: 9].

use super::checks::refused;
use super::function::{Function, find};
use super::policy::Statements;
use super::provisioned;
use super::qualifier::{LATEST, Named, bare, number};
use super::version::{check_revision, revision};
use crate::cloud::{Cloud, Handler, ServiceError, Time, required, text};
use serde_json::{Map, Value as Json, json};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateAlias", create),
    ("GetAlias", get),
    ("UpdateAlias", update),
    ("DeleteAlias", delete),
    ("ListAliases", list),
];

/// An alias.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alias {
    /// The number of the version, or `$LATEST`.
    pub(crate) version: String,
    /// Versions that get a share of the requests besides: AWS allows one.
    pub(crate) weights: Map<String, Json>,
    pub(crate) description: String,
    pub(crate) policy: Statements,
    /// How often it was changed.
    pub(super) changes: u32,
}

impl Alias {
    /// The versions that it leads to, with their shares of the requests.
    pub(crate) fn shares(&self) -> Vec<(&str, f64)> {
        let others = self.weights.iter();
        let others = others.map(|(version, weight)| (version.as_str(), weight.as_f64().unwrap_or_default()));
        let others: Vec<(&str, f64)> = others.collect();
        let rest = 1.0 - others.iter().map(|(_, weight)| weight).sum::<f64>();
        [(self.version.as_str(), rest)].into_iter().chain(others).collect()
    }

    /// True if it leads to a version, whatever its share.
    pub(super) fn refers_to(&self, version: u64) -> bool {
        self.shares().iter().any(|(other, _)| number(other) == Some(version))
    }
}

/// A version that an alias leads to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Share {
    /// Its number, or `$LATEST`.
    pub(crate) version: String,
    /// How much of the requests it gets, from 0 to 1.
    pub(crate) weight: f64,
    /// True if it can be called now.
    pub(crate) active: bool,
}

/// The versions that an alias leads to, the one that it is set to first; `None` where there is no such alias.
pub(crate) fn shares(cloud: &Cloud, function: &str, alias: &str) -> Option<Vec<Share>> {
    let function = cloud.lambda.functions.get(function)?;
    let shares = function.releases.aliases.get(alias)?.shares().into_iter();
    let share = |(version, weight): (&str, f64)| Share {
        version: version.to_owned(),
        weight,
        active: is_active(cloud.now, function, version),
    };
    Some(shares.map(share).collect())
}

/// Whether a version, or `$LATEST`, can be called.
fn is_active(now: Time, function: &Function, version: &str) -> bool {
    match number(version) {
        Some(number) => function.releases.versions.get(&number).is_some_and(|version| version.is_active(now)),
        None => now >= function.ready && !function.fails,
    }
}

/// Why some of the requests to an alias are not answered. AWS lets an alias lead to a version that is still Pending.
pub(super) fn not_served(now: Time, function: &Function, alias: &Alias) -> Option<String> {
    let mut served = alias.shares().into_iter().filter(|(_, weight)| *weight > 0.0);
    let (version, _) = served.find(|(version, _)| !is_active(now, function, version))?;
    let missing = number(version).is_some_and(|number| !function.releases.versions.contains_key(&number));
    let why = if missing { "does not exist" } else { "is not Active" };
    Some(format!("it serves the version {version}, which {why}"))
}

/// What a call says of the versions, over what there is: what it leaves out stays, and only an empty mapping takes the weights
/// away [aws-facts-apis: 9, DG, TF].
fn route(alias: &mut Alias, params: &Json) -> Result<(), ServiceError> {
    if let Some(version) = text(params, "FunctionVersion") {
        version.clone_into(&mut alias.version);
    }
    if let Some(weights) = params["RoutingConfig"]["AdditionalVersionWeights"].as_object() {
        weights.clone_into(&mut alias.weights);
    }
    let outside = |weight: &Json| weight.as_f64().is_none_or(|weight| !(0.0..=1.0).contains(&weight));
    if let Some((version, weight)) = alias.weights.iter().find(|(_, weight)| outside(weight)) {
        let message = format!(
            "1 validation error detected: Value '{{{version}={weight}}}' at 'routingConfig.additionalVersionWeights' failed to \
             satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member \
             must have value greater than or equal to 0.0, Member must not be null]"
        );
        return ServiceError::err("ValidationException", message);
    }
    Ok(())
}

/// What must hold of the versions of an alias [recorded: invalid_routingconfigs; aws-facts-apis: 9, DG].
fn check(function: &Function, named: &Named, alias: &Alias) -> Result<(), ServiceError> {
    if alias.weights.len() > 1 {
        return refused("Number of items in AdditionalVersionWeights cannot be greater than 1");
    }
    let version = &alias.version;
    if alias.weights.contains_key(version) {
        return refused(format!(
            "Invalid function version {version}. Function version {version} is already included in routing configuration."
        ));
    }
    if version == LATEST && !alias.weights.is_empty() {
        return refused("$LATEST is not supported for an alias pointing to more than 1 version");
    }
    let shares = alias.shares();
    if let Some((missing, _)) = shares.iter().find(|(version, _)| !function.has(Some(version))) {
        return Err(named.with(missing).not_found());
    }
    let versions: Vec<_> =
        shares.iter().filter_map(|(version, _)| function.releases.versions.get(&number(version)?)).collect();
    let differ = |member: &str| versions.windows(2).any(|two| two[0].member(member) != two[1].member(member));
    if differ("Role") {
        return refused("The versions of an alias must have the same execution role.");
    }
    let letters = |index: usize| versions[index].configuration.get("DeadLetterConfig");
    if versions.len() > 1 && letters(0) != letters(1) {
        return refused("The versions of an alias must have the same dead-letter queue configuration.");
    }
    Ok(())
}

fn described(named: &Named, name: &str, alias: &Alias) -> Json {
    let arn = named.with(name).arn();
    let policy = alias.policy.now().len();
    let mut described = json!({
        "Name": name, "FunctionVersion": alias.version, "Description": alias.description,
        "RevisionId": revision(&format!("{arn} {} {policy}", alias.changes)), "AliasArn": arn,
    });
    if !alias.weights.is_empty() {
        described["RoutingConfig"] = json!({ "AdditionalVersionWeights": alias.weights });
    }
    described
}

/// The revision of an alias, which its policy changes too.
pub(super) fn revision_of(named: &Named, name: &str, alias: &Alias) -> String {
    described(named, name, alias)["RevisionId"].as_str().unwrap_or_default().to_owned()
}

fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let named = Named::parse(bare(required(params, "FunctionName")));
    let (name, version) = (required(params, "Name"), required(params, "FunctionVersion"));
    let mut alias =
        Alias { description: text(params, "Description").unwrap_or_default().to_owned(), ..Alias::default() };
    route(&mut alias, params)?;
    let function =
        find(cloud, required(params, "FunctionName")).map_err(|_| named.with(version).not_found())?;
    check(function, &named, &alias)?;
    if function.releases.aliases.contains_key(name) {
        let message = format!("Alias already exists: {}", named.with(name).arn());
        return ServiceError::err("ResourceConflictException", message);
    }
    let answer = described(&named, name, &alias);
    function.releases.aliases.insert(name.to_owned(), alias);
    Ok(answer)
}

fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (named, name) = (Named::parse(bare(required(params, "FunctionName"))), required(params, "Name"));
    let function = find(cloud, &named.function).ok();
    let alias = function.and_then(|function| function.releases.aliases.get(name));
    alias.map(|alias| described(&named, name, alias)).ok_or_else(|| named.with(name).no_alias())
}

/// What is left out stays, the description too [hazards: G8]. Provisioned concurrency moves with the alias
/// [recorded: provisioned_concurrency_moves_with_alias].
fn update(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (named, name) = (Named::parse(bare(required(params, "FunctionName"))), required(params, "Name"));
    let missing = || {
        let message = format!("Alias not found: {}", named.with(name).arn());
        ServiceError::new("ResourceNotFoundException", message)
    };
    let (now, moved) = (cloud.now, cloud.now + cloud.delays.of(provisioned::PROVISIONING));
    let function = find(cloud, &named.function).map_err(|_| missing())?;
    let before = function.releases.aliases.get(name).ok_or_else(missing)?.clone();
    check_revision(params, &revision_of(&named, name, &before), "GetFunction/GetAlias")?;
    let mut alias = before.clone();
    route(&mut alias, params)?;
    check(function, &named, &alias)?;
    provisioned::check_move(function, name, &alias)?;
    if let Some(description) = text(params, "Description") {
        description.clone_into(&mut alias.description);
    }
    alias.changes += 1;
    if let Some(provisioned) = function.releases.provisioned.get_mut(name)
        && (&alias.version, &alias.weights) != (&before.version, &before.weights)
    {
        provisioned.begin(now, moved);
    }
    let answer = described(&named, name, &alias);
    function.releases.aliases.insert(name.to_owned(), alias);
    Ok(answer)
}

/// One that is not there is deleted without an error [recorded: non_existent_alias_deletion].
fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (function, name) = (find(cloud, required(params, "FunctionName"))?, required(params, "Name"));
    function.releases.delete_alias(name);
    Ok(Json::Null)
}

/// All of a function, or those that are set to a version, by name.
fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let named = Named::parse(bare(required(params, "FunctionName")));
    let version = text(params, "FunctionVersion");
    let aliases = find(cloud, required(params, "FunctionName"))?.releases.aliases.iter();
    let wanted = aliases.filter(|(_, alias)| version.is_none_or(|version| alias.version == version));
    let aliases = wanted.map(|(name, alias)| described(&named, name, alias)).collect();
    let limit = params["MaxItems"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let (aliases, next) = cloud.paging.page(aliases, text(params, "Marker"), limit, (50, 50));
    Ok(json!({ "Aliases": aliases, "NextMarker": next }))
}
