//! Parameters of Systems Manager: `${ssm:/shop/level}`.

use super::{Read, each, failed, missing};
use crate::aws::clients::client;
use crate::aws::limit::target;
use crate::aws::{Clients, Error, Errors, Quota, Refusal, Service};
use crate::model::{Address, Found, Scope};
use aws_sdk_ssm::types::{Parameter, ParameterType};
use std::collections::BTreeSet;

/// Systems Manager: 40 reads of parameters a second, and 3 changes [DG: Systems Manager quotas; aws-facts-services: 10].
pub(crate) static SSM: Service = Service {
    quotas: &[Quota { per_second: 40.0, burst: 40.0 }, Quota { per_second: 3.0, burst: 10.0 }],
    quota_of: |request| Some(usize::from(target(request) == "PutParameter")),
    errors: Errors {
        // Of the calls for tags.
        not_found: &[Refusal::Code("ParameterNotFound"), Refusal::Code("InvalidResourceId")],
        exists: &[Refusal::Code("ParameterAlreadyExists")],
        transient: &[(Refusal::Code("TooManyUpdates"), "another change of the parameter is in progress")],
        passing_limits: &[],
    },
    ..Service::new("SSM", "ssm")
};

impl Clients {
    /// The client of Systems Manager.
    pub fn ssm(&self) -> aws_sdk_ssm::Client {
        client!(self, &SSM, aws_sdk_ssm)
    }
}

/// So many parameters can be read with one call [M: GetParameters].
const AT_ONCE: usize = 10;

/// Reads the parameters among these addresses.
pub(super) async fn read(clients: &Clients, addresses: &BTreeSet<&Address>) -> Read {
    let named: Vec<(&Address, &str)> =
        addresses.iter().filter_map(|address| Some((*address, name(address)?))).collect();
    each(named.chunks(AT_ONCE), async |named| {
        let names = named.iter().map(|(_, name)| (*name).to_owned()).collect();
        let read = clients.ssm().get_parameters().set_names(Some(names)).with_decryption(true);
        match read.send().await.map_err(Error::from) {
            Ok(response) => {
                let found = |name: &str| response.parameters().iter().find(|one| is_named(one, name));
                named.iter().map(|(address, name)| ((*address).clone(), value(found(name)))).collect()
            }
            // The refusal of one parameter is the refusal of all.
            Err(error) => failed(named.iter().map(|(address, _)| *address), &error),
        }
    })
    .await
}

fn value(found: Option<&Parameter>) -> Result<Found, Error> {
    let Some(found) = found else { return missing("there is no such parameter in this account and region") };
    let text = found.value().unwrap_or_default().to_owned();
    match found.r#type() {
        Some(ParameterType::SecureString) => Ok(Found::Sensitive(text)),
        _ => Ok(Found::Text(text)),
    }
}

/// True for the parameter that was asked for by this name, which may end with a version or a label, or be an ARN.
fn is_named(parameter: &Parameter, name: &str) -> bool {
    let selector = parameter.selector().unwrap_or_default();
    [parameter.name(), parameter.arn()]
        .into_iter()
        .flatten()
        .any(|own| name.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest == selector))
}

fn name(address: &Address) -> Option<&str> {
    match address {
        Address::Parameter(name) => Some(name),
        _ => None,
    }
}

/// The ARN of `/a/b` is `parameter/a/b`, that of `a` is `parameter/a` [aws-facts: Parameters].
pub(super) fn arn(address: &Address, scope: &Scope) -> Option<String> {
    let name = name(address)?;
    if name.starts_with("arn:") {
        return Some(name.to_owned());
    }
    let alone = name.split(':').next().unwrap_or_default().trim_start_matches('/');
    // Those that AWS publishes belong to no account [DG: public parameters].
    let account = if alone.starts_with("aws/") { "" } else { scope.account.as_str() };
    Some(format!("arn:{}:ssm:{}:{account}:parameter/{alone}", scope.partition, scope.region))
}
