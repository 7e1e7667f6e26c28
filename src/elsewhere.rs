//! Reads the values that live elsewhere: each once, all at the same time, before anything else is read.

mod cloudformation;
pub(crate) mod parameters;
pub(crate) mod secrets;
mod stacks;

use crate::aws::{Access, Connection, Error, Service};
use crate::config::{Elsewhere, Known, Stack};
use crate::error::Failure;
use crate::model::{Address, Found, Scope, Values};
use crate::render;
use crate::sensitive;
use futures_util::{StreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

/// How many calls are made at a time.
const CALLS: usize = 16;

/// The services that are read.
pub fn services() -> [&'static Service; 3] {
    [&parameters::SSM, &secrets::SECRETS_MANAGER, &cloudformation::CLOUDFORMATION]
}

/// Whether a command depends on the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// One that may not be read, or does not exist, is an error.
    All,
    /// Others stand for these: the command only must not show the values.
    Any,
}

/// Reads a stack file again until every value of it is known. What is known before a connection exists stays as it is.
///
/// # Errors
/// A value cannot be read, or does not exist, or makes the file invalid.
pub async fn complete<E: From<Failure>>(
    connection: &Connection,
    mut stack: Stack,
    need: Need,
    load: impl Fn(&Known) -> Result<Stack, E>,
) -> Result<Stack, E> {
    let mut known = Known { location: connection.location(), values: Values::new() };
    if stack.is_address_for_now {
        stack = load(&known)?;
    }
    if !stack.is_for_now {
        return Ok(stack);
    }
    let addresses = stack.elsewhere.iter().map(|one| &one.address).collect();
    let (mut values, mut errors) = read(connection, &addresses).await;
    if need == Need::Any {
        errors.retain(|_, error| !error.is_denied());
        values.retain(|_, found| !matches!(found, Found::Missing(_)));
    }
    if !errors.is_empty() {
        return Err(failure(&stack, errors).into());
    }
    known.values = values;
    load(&known)
}

/// What cannot be read, all of it, in the order of the file.
fn failure(stack: &Stack, mut errors: BTreeMap<Address, Error>) -> Failure {
    let mut named: Vec<&Elsewhere> = stack.elsewhere.iter().collect();
    named.sort_by_key(|one| one.at);
    let failures = named.into_iter().filter_map(|Elsewhere { address, at }| {
        let failure = Failure::from(errors.remove(address)?);
        let place = render::place(&stack.files, Some(*at));
        Some(Failure {
            message: format!("{place}cannot read `${{{address}}}`: {}", failure.message),
            ..failure
        })
    });
    let all =
        failures.reduce(|all, one| Failure { message: format!("{}\n{}", all.message, one.message), ..all });
    all.unwrap_or_else(|| Error::internal("a value cannot be read that the file does not name").into())
}

/// What these addresses hold, and why some cannot be read.
async fn read(connection: &Connection, addresses: &BTreeSet<&Address>) -> (Values, BTreeMap<Address, Error>) {
    if addresses.is_empty() {
        return Default::default();
    }
    let clients = connection.clients(Access::Read);
    let (parameters, secrets, outputs, exports, attributes) = futures_util::join!(
        parameters::read(&clients, addresses),
        secrets::read(&clients, addresses),
        cloudformation::outputs(&clients, addresses),
        cloudformation::exports(&clients, addresses),
        stacks::read(connection, addresses),
    );
    let (mut values, mut errors) = (Values::new(), BTreeMap::new());
    for (address, found) in [parameters, secrets, outputs, exports, attributes].into_iter().flatten() {
        match found {
            Ok(found) => {
                if let Found::Sensitive(text) = &found {
                    sensitive::note(text);
                }
                values.insert(address, found);
            }
            Err(error) => drop(errors.insert(address, error)),
        }
    }
    (values, errors)
}

/// What was found at each address, or why it cannot be read.
type Read = Vec<(Address, Result<Found, Error>)>;

/// Makes calls, some at a time, each of which reads what several addresses name.
async fn each<'a, K: 'a, F: Future<Output = Read>>(
    calls: impl IntoIterator<Item = K>,
    call: impl Fn(K) -> F,
) -> Read {
    let all: Vec<Read> = stream::iter(calls).map(call).buffered(CALLS).collect().await;
    all.into_iter().flatten().collect()
}

/// The same error for several addresses.
fn failed<'a>(addresses: impl IntoIterator<Item = &'a Address>, error: &Error) -> Read {
    addresses.into_iter().map(|address| (address.clone(), Err(error.clone()))).collect()
}

/// Nothing, and why.
fn missing(why: impl Into<String>) -> Result<Found, Error> {
    Ok(Found::Missing(why.into()))
}

/// An action, and the resources on which the deploy policy must allow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// The name of the statement. Policies with these names are in users' accounts and repositories, so they never change.
    pub sid: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The ARNs.
    pub resources: BTreeSet<String>,
}

/// What it takes to read these values, and no others. What other stacks of ours have is read as that of the stack itself.
pub fn actions(elsewhere: &[Elsewhere], scope: &Scope) -> Vec<Action> {
    let action = |sid, name, arn: fn(&Address, &Scope) -> Option<String>| {
        let resources = elsewhere.iter().filter_map(|one| arn(&one.address, scope)).collect();
        Action { sid, name, resources }
    };
    let all = [
        action("ReadParameters", "ssm:GetParameters", parameters::arn),
        action("ReadSecrets", "secretsmanager:GetSecretValue", secrets::arn),
        action("ReadStackOutputs", "cloudformation:DescribeStacks", cloudformation::arn_of_stack),
        action("ReadExports", "cloudformation:ListExports", cloudformation::arn_of_export),
    ];
    all.into_iter().filter(|action| !action.resources.is_empty()).collect()
}
