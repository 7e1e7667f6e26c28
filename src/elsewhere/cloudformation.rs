//! What stacks of CloudFormation offer: `${cloudformation:network.VpcId}`, `${export:network-vpc}`.

use super::{Read, each, failed, missing};
use crate::aws::clients::client;
use crate::aws::pages::all_pages;
use crate::aws::{Clients, Errors, Refusal, Result, Service};
use crate::model::{Address, Found, Scope};
use crate::suggest;
use aws_sdk_cloudformation::types::{Export, Stack};
use std::collections::{BTreeMap, BTreeSet};

/// CloudFormation, which publishes no quotas for reads.
pub(crate) static CLOUDFORMATION: Service = Service {
    errors: Errors {
        not_found: &[Refusal::Saying("ValidationError", "does not exist")],
        exists: &[],
        transient: &[],
        passing_limits: &[],
    },
    ..Service::new("CloudFormation", "cloudformation")
};

impl Clients {
    /// The client of CloudFormation.
    pub fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        client!(self, &CLOUDFORMATION, aws_sdk_cloudformation)
    }
}

/// Reads the outputs among these addresses, each stack once.
pub(super) async fn outputs(clients: &Clients, addresses: &BTreeSet<&Address>) -> Read {
    let mut by_stack: BTreeMap<&str, Vec<(&Address, &str)>> = BTreeMap::new();
    for address in addresses {
        if let Address::StackOutput { stack, output } = address {
            by_stack.entry(stack).or_default().push((address, output));
        }
    }
    each(by_stack, async |(name, wanted)| {
        let read = clients.cloudformation().describe_stacks().stack_name(name).send().await;
        match CLOUDFORMATION.not_found_as_none(read) {
            Ok(response) => {
                let stack = response.as_ref().and_then(|response| response.stacks().first());
                wanted.iter().map(|(address, key)| ((*address).clone(), output(stack, key))).collect()
            }
            Err(error) => failed(wanted.iter().map(|(address, _)| *address), &error),
        }
    })
    .await
}

fn output(stack: Option<&Stack>, key: &str) -> Result<Found> {
    let Some(stack) = stack else {
        return missing("there is no such stack of CloudFormation in this account and region");
    };
    let keys: Vec<&str> = stack.outputs().iter().filter_map(|output| output.output_key()).collect();
    let found = stack.outputs().iter().find(|output| output.output_key() == Some(key));
    match found.and_then(|output| output.output_value()) {
        Some(value) => Ok(Found::Text(value.to_owned())),
        None if keys.is_empty() => missing("the stack has no outputs"),
        None => missing(format!("the stack has no output `{key}`, only {}", suggest::quoted(&keys))),
    }
}

/// Reads the exports among these addresses: there is only a list of all.
pub(super) async fn exports(clients: &Clients, addresses: &BTreeSet<&Address>) -> Read {
    let wanted: Vec<(&Address, &str)> =
        addresses.iter().filter_map(|address| Some((*address, export(address)?))).collect();
    if wanted.is_empty() {
        return Read::new();
    }
    let list = clients.cloudformation().list_exports();
    let all: Result<Vec<Export>> = all_pages("cloudformation:ListExports", async |token| {
        let page = list.clone().set_next_token(token).send().await?;
        Ok((page.exports.unwrap_or_default(), page.next_token))
    })
    .await;
    match all {
        Ok(all) => {
            let value = |name: &str| {
                let found = all.iter().find(|export| export.name() == Some(name));
                match found.and_then(Export::value) {
                    Some(value) => Ok(Found::Text(value.to_owned())),
                    None => missing("there is no such export in this account and region"),
                }
            };
            wanted.into_iter().map(|(address, name)| (address.clone(), value(name))).collect()
        }
        Err(error) => failed(wanted.into_iter().map(|(address, _)| address), &error),
    }
}

fn export(address: &Address) -> Option<&str> {
    match address {
        Address::Export(name) => Some(name),
        _ => None,
    }
}

/// An ARN of a stack ends with an id that is not known.
pub(super) fn arn_of_stack(address: &Address, scope: &Scope) -> Option<String> {
    let Address::StackOutput { stack, .. } = address else { return None };
    Some(scope.arn("cloudformation", &format!("stack/{stack}/*")))
}

/// The list of exports cannot be allowed on less than everything.
pub(super) fn arn_of_export(address: &Address, _: &Scope) -> Option<String> {
    export(address).map(|_| "*".to_owned())
}
