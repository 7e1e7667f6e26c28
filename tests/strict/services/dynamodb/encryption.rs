//! The keys in KMS that encrypt DynamoDB tables [aws-facts-services: 9].

use super::table::{Table, invalid};
use crate::access::Need;
use crate::cloud::{ACCOUNT, Cloud, Delay, REGION, ServiceError, Time, text};
use crate::wire::Call;
use serde_json::{Map, Value as Json, json};
use std::time::Duration;

/// For how long after a change of a table its encryption is being changed.
pub(super) const ENCRYPTION: Delay = Delay::of_secs("encryption of a table", 20);

/// AWS's own key for DynamoDB.
const OWN: &str = "aws/dynamodb";

/// The ARN of the key that a name leads to.
fn arn(named: Option<&str>) -> String {
    let alias = |alias: &str| format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/of-{alias}");
    match named {
        None => alias(OWN),
        Some(name) => match name.split_once("alias/") {
            Some((_, name)) => alias(name),
            None => name.to_owned(),
        },
    }
}

/// What DescribeTable shows of a specification; nothing where the table is encrypted with a key of AWS's.
fn shown(specification: &Json) -> Result<Option<Json>, ServiceError> {
    let key = text(specification, "KMSMasterKeyId");
    match (specification["Enabled"].as_bool().unwrap_or_default(), key) {
        (false, Some(_)) => invalid(
            "One or more parameter values were invalid: KMSMasterKeyId cannot be specified when SSE is disabled",
        ),
        (false, None) => Ok(None),
        (true, Some(key)) if key.contains("alias/aws/") => invalid(
            "One or more parameter values were invalid: KMSMasterKeyId should not be the default key of DynamoDB",
        ),
        (true, key) => {
            Ok(Some(json!({ "Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": arn(key) })))
        }
    }
}

const MEMBER: &str = "SSEDescription";

pub(super) fn create(
    description: &mut Map<String, Json>,
    specification: Option<&Json>,
) -> Result<(), ServiceError> {
    if let Some(shown) = specification.map(shown).transpose()?.flatten() {
        description.insert(MEMBER.to_owned(), shown);
    }
    Ok(())
}

/// To repeat a key is an error [hazards: D3], and so is a fifth change in a day [aws-facts-services: 9].
pub(super) fn update(
    table: &mut Table,
    specification: &Json,
    (now, until): (Time, Time),
) -> Result<(), ServiceError> {
    let shown = shown(specification)?;
    if table.description.get(MEMBER) == shown.as_ref() {
        let by = if shown.is_some() { "given KMSMasterKeyId" } else { "default" };
        return invalid(format!(
            "One or more parameter values were invalid: Table is already encrypted by {by}"
        ));
    }
    let day = |time: &&Time| now.saturating_sub(**time) < Duration::from_secs(86_400);
    if table.encrypted.iter().filter(day).count() >= 4 {
        return ServiceError::err(
            "LimitExceededException",
            "Subscriber limit exceeded: Update to SSE can be done at most 4 times in 24 hours",
        );
    }
    table.encrypted.push(now);
    table.encrypting = until;
    match shown {
        Some(shown) => drop(table.description.insert(MEMBER.to_owned(), shown)),
        None => drop(table.description.remove(MEMBER)),
    }
    Ok(())
}

/// It is being changed for longer than the table is.
pub(super) fn describe(table: &Table, description: &mut Map<String, Json>, now: Time) {
    if now >= table.encrypting {
        return;
    }
    match description.get_mut(MEMBER) {
        Some(encryption) => encryption["Status"] = "UPDATING".into(),
        None => {
            let last = json!({ "Status": "DISABLING", "SSEType": "KMS", "KMSMasterKeyArn": arn(None) });
            description.insert(MEMBER.to_owned(), last);
        }
    }
}

/// What DynamoDB does with a key in the name of whoever names it [DG: DynamoDB, "Encryption at rest: usage notes"].
pub(super) fn needs(_: &Cloud, call: &Call) -> Vec<Need> {
    let Some(key) = text(&call.params["SSESpecification"], "KMSMasterKeyId") else { return Vec::new() };
    let (key, through) = (arn(Some(key)), format!("dynamodb.{}.amazonaws.com", REGION));
    let actions = ["CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey"];
    let need =
        |action| Need::new(format!("kms:{action}"), key.clone()).with("kms:ViaService", Some(&through));
    actions.map(need).into()
}
