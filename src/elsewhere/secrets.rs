//! Secrets of Secrets Manager: `${secret:shop/db}`, `${secret:shop/db#password}`.

use super::{Read, each, failed, missing};
use crate::aws::clients::client;
use crate::aws::limit::target;
use crate::aws::{Clients, Error, Errors, Quota, Refusal, Service};
use crate::model::{Address, Found, Scope};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Secrets Manager: 50 calls a second of each sort. The quota of 10,000 reads is out of reach [DG: Secrets Manager quotas].
pub(crate) static SECRETS_MANAGER: Service = Service {
    quotas: &[Quota { per_second: 50.0, burst: 50.0 }],
    quota_of: |request| (!["GetSecretValue", "DescribeSecret"].contains(&target(request))).then_some(0),
    errors: Errors {
        not_found: &[Refusal::Code("ResourceNotFound")],
        exists: &[
            Refusal::Code("ResourceExists"),
            // Its deletion is scheduled [recorded: secretsmanager].
            Refusal::Saying("InvalidRequest", "already scheduled for deletion"),
        ],
        transient: &[],
        passing_limits: &[],
    },
    ..Service::new("Secrets Manager", "secretsmanager")
};

impl Clients {
    /// The client of Secrets Manager.
    pub fn secrets_manager(&self) -> aws_sdk_secretsmanager::Client {
        client!(self, &SECRETS_MANAGER, aws_sdk_secretsmanager)
    }
}

/// Reads the secrets among these addresses, each once.
pub(super) async fn read(clients: &Clients, addresses: &BTreeSet<&Address>) -> Read {
    let mut by_id: BTreeMap<&str, Vec<(&Address, Option<&str>)>> = BTreeMap::new();
    for address in addresses {
        if let Address::Secret { id, key } = address {
            by_id.entry(id).or_default().push((address, key.as_deref()));
        }
    }
    each(by_id, async |(id, keys)| {
        let read = clients.secrets_manager().get_secret_value().secret_id(id).send().await;
        let all = |why: &str| keys.iter().map(|(address, _)| ((*address).clone(), missing(why))).collect();
        match read.map_err(Error::from) {
            Ok(response) => match response.secret_string() {
                Some(text) => {
                    keys.iter().map(|(address, key)| ((*address).clone(), value(text, *key))).collect()
                }
                None => all("the secret holds bytes, not text"),
            },
            Err(error) if SECRETS_MANAGER.is_absent(&error) && error.says("staging label") => {
                all("the secret has no value yet")
            }
            Err(error) if SECRETS_MANAGER.is_absent(&error) => {
                all("there is no such secret in this account and region")
            }
            // [recorded: secretsmanager]
            Err(error) if error.is("InvalidRequest") && error.says("deletion") => {
                all("the secret is scheduled for deletion")
            }
            Err(error) => failed(keys.iter().map(|(address, _)| *address), &error),
        }
    })
    .await
}

/// The whole text, or a member of its JSON.
fn value(text: &str, key: Option<&str>) -> Result<Found, Error> {
    let Some(key) = key else { return Ok(Found::Sensitive(text.to_owned())) };
    let Ok(Json::Object(members)) = serde_json::from_str(text) else {
        return missing("the secret is not a JSON object, so it has no keys");
    };
    match members.get(key) {
        None | Some(Json::Null) => missing(format!("the secret has no key `{key}`")),
        Some(Json::String(text)) => Ok(Found::Sensitive(text.clone())),
        Some(other) => Ok(Found::Sensitive(other.to_string())),
    }
}

/// AWS adds six characters to the name, which are not known [aws-facts: Secrets].
pub(super) fn arn(address: &Address, scope: &Scope) -> Option<String> {
    let Address::Secret { id, .. } = address else { return None };
    if id.starts_with("arn:") {
        return Some(id.clone());
    }
    Some(scope.arn("secretsmanager", &format!("secret:{id}-??????")))
}
