//! Contributor insights and policies of DynamoDB tables [aws-facts-services: 9].

use super::settings::of_arn;
use super::table::{Table, find, find_active, invalid};
use super::table_arn;
use crate::access::Need;
use crate::cloud::{ACCOUNT, Cloud, Delay, Handler, ServiceError, Time, VISIBLE, required, text};
use crate::services::iam::{grammar, resource_policy};
use crate::wire::Call;
use serde_json::{Value as Json, json};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("DescribeContributorInsights", describe_insights),
    ("UpdateContributorInsights", update_insights),
    ("GetResourcePolicy", get_policy),
    ("PutResourcePolicy", put_policy),
    ("DeleteResourcePolicy", delete_policy),
];

/// For how long insights are being turned on or off.
const INSIGHTS: Delay = Delay::of_secs("contributor insights", 15);

/// The bytes of a policy, blanks included [M: PutResourcePolicy].
const MAX_POLICY: usize = 20_480;

/// The settings of a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Apart {
    /// The mode of its insights where they are on, and until when they are being switched.
    pub(super) insights: Option<String>,
    switching: Time,
    pub(super) policy: Option<String>,
    /// The policy that reads still show, and until when.
    before: (Option<String>, Time),
}

impl Apart {
    /// What a dump has of them.
    pub(crate) fn dumped(&self) -> Json {
        let policy = self.policy.as_ref().and_then(|policy| serde_json::from_str::<Json>(policy).ok());
        json!({ "insights": self.insights, "policy": policy })
    }

    /// The same by hand.
    pub(crate) fn by_hand(&mut self, insights: Option<&str>, policy: Option<&str>) {
        (self.insights, self.policy) = (insights.map(str::to_owned), policy.map(str::to_owned));
    }
}

fn shown(name: &str, table: &Table, now: Time) -> Json {
    let Apart { insights, switching, .. } = &table.apart;
    let state = match (insights.is_some(), now < *switching) {
        (true, true) => "ENABLING",
        (true, false) => "ENABLED",
        (false, true) => "DISABLING",
        (false, false) => "DISABLED",
    };
    json!({ "TableName": name, "ContributorInsightsStatus": state, "ContributorInsightsMode": insights })
}

fn describe_insights(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, name) = (cloud.now, required(params, "TableName"));
    Ok(shown(name, find(cloud, name)?, now))
}

fn update_insights(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, name, takes) = (cloud.now, required(params, "TableName"), cloud.delays.of(INSIGHTS));
    let table = find_active(cloud, name)?;
    let mode = text(params, "ContributorInsightsMode").unwrap_or("ACCESSED_AND_THROTTLED_KEYS");
    let on = required(params, "ContributorInsightsAction") == "ENABLE";
    table.apart.insights = on.then(|| mode.to_owned());
    table.apart.switching = now + takes;
    Ok(shown(name, table, now))
}

/// Reads are eventually consistent [M: GetResourcePolicy].
fn get_policy(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let now = cloud.now;
    let Apart { policy, before: (before, until), .. } = &of_arn(cloud, params)?.apart;
    let shown = if now < *until { before } else { policy };
    match shown {
        Some(policy) => Ok(json!({ "Policy": grammar::rewritten(policy), "RevisionId": revision(policy) })),
        None => none(params),
    }
}

fn none<T>(params: &Json) -> Result<T, ServiceError> {
    let arn = required(params, "ResourceArn");
    ServiceError::err(
        "PolicyNotFoundException",
        format!("Resource-based policy not found for the provided ResourceArn: Requested policy for {arn}"),
    )
}

/// The same policy has the same one.
fn revision(policy: &str) -> String {
    (policy.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 1_000_000)
        .to_string()
}

fn put_policy(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let policy = required(params, "Policy").to_owned();
    let (arn, now, late) = (required(params, "ResourceArn"), cloud.now, cloud.delays.of(VISIBLE));
    if policy.len() > MAX_POLICY || !resource_policy::is_valid(&policy) {
        return invalid("Invalid policy document");
    }
    let parsed: Json = serde_json::from_str(&policy).unwrap_or_default();
    let is_own = |resource: &str| resource == arn || resource.starts_with(&format!("{arn}/"));
    if !resource_policy::resources(&parsed).iter().all(|resource| is_own(resource)) {
        return invalid(
            "Invalid policy document: Resource in the policy must match the table, or its indexes",
        );
    }
    if resource_policy::admits_everybody(&parsed) {
        return invalid("Invalid policy document: The policy allows public access, which is blocked");
    }
    if resource_policy::names_unknown_role(cloud, &parsed) {
        return invalid("Invalid policy document: Invalid principal in policy");
    }
    let table = active(cloud, params)?;
    check_revision(table, params)?;
    table.apart.before = (table.apart.policy.replace(policy.clone()), now + late);
    Ok(json!({ "RevisionId": revision(&policy) }))
}

fn delete_policy(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, late) = (cloud.now, cloud.delays.of(VISIBLE));
    let table = active(cloud, params)?;
    check_revision(table, params)?;
    let last = table.apart.policy.take();
    let revision = last.as_deref().map(revision);
    table.apart.before = (last, now + late);
    Ok(json!({ "RevisionId": revision }))
}

fn check_revision(table: &Table, params: &Json) -> Result<(), ServiceError> {
    let expected = text(params, "ExpectedRevisionId");
    let is_it = |expected: &str| table.apart.policy.as_deref().map(revision).as_deref() == Some(expected);
    if expected.is_none_or(is_it) { Ok(()) } else { none(params) }
}

/// The table of an ARN if it can be changed now.
fn active<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<&'a mut Table, ServiceError> {
    of_arn(cloud, params)?;
    let name = required(params, "ResourceArn").rsplit('/').next().unwrap_or_default();
    find_active(cloud, name)
}

/// CloudWatch counts keys with a role of its own, which is created in the name of whoever turns the insights on.
pub(super) fn needs(call: &Call) -> Option<Need> {
    let service = "contributorinsights.dynamodb.amazonaws.com";
    let role = format!(
        "arn:aws:iam::{ACCOUNT}:role/aws-service-role/{service}/AWSServiceRoleForDynamoDBCloudWatchContributorInsights"
    );
    let need = || Need::new("iam:CreateServiceLinkedRole", role).with("iam:AWSServiceName", Some(service));
    (text(&call.params, "ContributorInsightsAction") == Some("ENABLE")).then(need)
}

/// A policy of somebody else.
pub(super) fn theirs(name: &str) -> String {
    let statement = json!({ "Sid": "theirs", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::210987654321:root" },
        "Action": "dynamodb:Scan", "Resource": table_arn(name) });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}
