//! What must hold at every moment, not only in the end: every caller of a live API reaches its function, and no
//! function is without its role and its log group.

use crate::cloud::Cloud;
use crate::grammar;
use crate::services::apigateway::cannot_invoke;
use crate::services::iam;
use crate::services::lambda::Function;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// The resources that break an invariant, and why.
pub(crate) fn broken_invariants(cloud: &Cloud) -> BTreeMap<String, String> {
    let live = cloud.apigateway.apis.iter().filter(|(_, api)| !api.stages.is_empty());
    let routes = live.flat_map(|(id, api)| api.routes.values().map(move |route| (id, route)));
    let routes = routes.filter_map(|(id, route)| {
        let key = route.get("RouteKey")?.as_str()?;
        let target = route.get("Target").and_then(|target| target.as_str()).unwrap_or_default();
        let why = cannot_invoke(cloud, id, key).or_else(|| cannot_run(cloud, id, target))?;
        Some((format!("the live route {key} of {id}"), why))
    });
    let functions = cloud.lambda.functions.iter().filter_map(|(name, function)| {
        let why = lacks(cloud, function)?;
        Some((format!("the function {name}"), why))
    });
    routes.chain(functions).collect()
}

/// What is still being made or changed, when a command says that all is done.
pub(crate) fn unready(cloud: &Cloud) -> Vec<String> {
    let now = cloud.now;
    let tables = cloud.dynamodb.tables.iter().filter(|(_, table)| table.status(now) != "ACTIVE");
    let tables = tables.map(|(name, table)| format!("the table {name} is {}", table.status(now)));
    let updating = |function: &Function| {
        function.fails || now < (function.created + cloud.delays.pending).max(function.updating)
    };
    let functions = cloud.lambda.functions.iter().filter(|(_, function)| updating(function));
    let functions =
        functions.map(|(name, _)| format!("the function {name} is Pending, InProgress or Failed"));
    tables.chain(functions).collect()
}

/// Why the function of a live route could not run now.
fn cannot_run(cloud: &Cloud, api: &str, target: &str) -> Option<String> {
    let integration =
        cloud.apigateway.apis.get(api)?.integrations.get(target.strip_prefix("integrations/")?)?;
    let uri = integration.get("IntegrationUri")?.as_str()?;
    let function = cloud.lambda.functions.values().find(|function| function.member("FunctionArn") == uri)?;
    match () {
        () if function.gone.is_some() => Some(format!("{uri} is deleted")),
        () if cloud.now < function.created + cloud.delays.pending => Some(format!("{uri} is Pending")),
        () if function.fails => Some(format!("{uri} is Failed")),
        () => None,
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
        () => None,
    }
}

/// A role by its name, and a statement of one of its policies.
type Allowed = (String, String);

/// The statements that the roles of functions have lost since a run began. A statement that comes back was to be kept, and
/// a function that ran meanwhile was denied what it may do [hazards: I1].
#[derive(Debug, Default)]
pub(crate) struct Statements {
    live: BTreeSet<Allowed>,
    lost: BTreeSet<Allowed>,
}

impl Statements {
    /// The statements of an account.
    pub(crate) fn of(cloud: &Cloud) -> Self {
        Statements { live: allowed(cloud), lost: BTreeSet::new() }
    }

    /// Looks at the account after a write. The statements that are there again.
    pub(crate) fn look(&mut self, cloud: &Cloud) -> Vec<String> {
        let live = allowed(cloud);
        let running: BTreeSet<&str> =
            cloud.lambda.functions.values().filter(|function| function.gone.is_none()).map(role_of).collect();
        let lost = self.live.difference(&live).filter(|(role, _)| running.contains(role.as_str()));
        self.lost.extend(lost.cloned());
        let back: Vec<Allowed> = live.intersection(&self.lost).cloned().collect();
        self.lost.retain(|statement| !live.contains(statement));
        self.live = live;
        back.into_iter().map(|(role, statement)| format!("the role {role} lacked {statement}")).collect()
    }
}

fn role_of(function: &Function) -> &str {
    function.member("Role").rsplit('/').next().unwrap_or_default()
}

fn allowed(cloud: &Cloud) -> BTreeSet<Allowed> {
    let policies = cloud.iam.roles.values().flat_map(|role| {
        role.policies.values().map(move |document| (role.name.clone(), grammar::rewritten(document)))
    });
    let statements = policies.flat_map(|(role, document)| {
        let document: Json = serde_json::from_str(&document).unwrap_or_default();
        let statements = match &document["Statement"] {
            Json::Array(statements) => statements.clone(),
            one => vec![one.clone()],
        };
        statements.into_iter().map(move |mut statement| {
            statement.as_object_mut().map(|members| members.remove("Sid"));
            (role.clone(), statement.to_string())
        })
    });
    statements.collect()
}
