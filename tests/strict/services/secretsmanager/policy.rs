//! The policies of secrets.

use super::secret::{changed, named};
use crate::cloud::{Cloud, Handler, ServiceError, required};
use crate::services::iam::{grammar, resource_policy};
use serde_json::{Value as Json, json};

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("GetResourcePolicy", get), ("PutResourcePolicy", put), ("DeleteResourcePolicy", delete)];

fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (name, secret) = named(cloud, params)?;
    let policy = secret.policy.as_deref().map(grammar::rewritten);
    Ok(json!({ "ARN": cloud.secretsmanager.arn(name), "Name": name, "ResourcePolicy": policy }))
}

/// It is checked at once; one that admits everybody is refused where the caller wants that [M: BlockPublicPolicy].
fn put(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    named(cloud, params)?;
    let policy = required(params, "ResourcePolicy").to_owned();
    let parsed: Json = serde_json::from_str(&policy).unwrap_or_default();
    if !resource_policy::is_valid(&policy) {
        return ServiceError::err("MalformedPolicyDocumentException", "This resource policy is not valid.");
    }
    if params["BlockPublicPolicy"] == true && resource_policy::admits_everybody(&parsed) {
        let public =
            "This resource policy grants broad access to the secret, which BlockPublicPolicy prevents.";
        return ServiceError::err("PublicPolicyException", public);
    }
    if resource_policy::names_unknown_role(cloud, &parsed) {
        let unknown = "This resource policy contains an unsupported principal.";
        return ServiceError::err("MalformedPolicyDocumentException", unknown);
    }
    answer(cloud, params, Some(policy))
}

fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    answer(cloud, params, None)
}

fn answer(cloud: &mut Cloud, params: &Json, policy: Option<String>) -> Result<Json, ServiceError> {
    let (name, secret) = changed(cloud, params)?;
    secret.policy = policy;
    Ok(json!({ "ARN": cloud.secretsmanager.arn(&name), "Name": name }))
}

/// A policy of somebody else.
pub(super) fn theirs() -> String {
    let statement = json!({ "Sid": "theirs", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::210987654321:root" },
        "Action": "secretsmanager:GetSecretValue", "Resource": "*" });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}
