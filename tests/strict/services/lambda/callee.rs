//! What other services call: a function, a version or an alias of it, by its ARN.

use super::alias::not_served;
use super::function::Function;
use super::policy::Statements;
use super::qualifier::Named;
use crate::cloud::Cloud;

/// What an ARN leads to.
#[derive(Debug)]
pub(crate) struct Callee<'a> {
    /// The policy that says who may call it: an alias and a version have their own, and that of the function does not count
    /// [aws-facts-services: 8].
    pub(crate) policy: &'a Statements,
    /// Why it could not be run now.
    pub(crate) unable: Option<String>,
}

/// What an ARN leads to; `None` where there is nothing.
pub(crate) fn callee<'a>(cloud: &'a Cloud, arn: &str) -> Option<Callee<'a>> {
    let named = Named::parse(arn);
    let function = cloud.lambda.functions.get(&named.function).filter(|_| named.arn() == arn)?;
    let policy = function.policy(named.qualifier.as_deref())?;
    Some(Callee { policy, unable: unable(cloud, function, &named) })
}

fn unable(cloud: &Cloud, function: &Function, named: &Named) -> Option<String> {
    let qualifier = named.qualifier.as_deref();
    let alias = qualifier.and_then(|name| function.releases.aliases.get(name));
    let version = function.version(qualifier).filter(|version| !version.is_active(cloud.now));
    match () {
        () if function.gone.is_some() => Some("is deleted".to_owned()),
        () if alias.is_some() => alias
            .and_then(|alias| not_served(cloud.now, function, alias))
            .map(|why| format!("does not answer all requests: {why}")),
        () if version.is_some() => Some("is Pending".to_owned()),
        () if function.version(qualifier).is_some() => None,
        () if cloud.now < function.ready => Some("is Pending".to_owned()),
        () if function.fails => Some("is Failed".to_owned()),
        () => None,
    }
}
