//! What the role of a function must allow for the function's own settings, as narrowly as AWS lets one say it.

use super::Function;
use super::lower::log_group_of;
use super::section::Config;
use crate::config::{Destination, Entry, Grant, Item};
use crate::kind::Kind;
use crate::kinds::log_group::WRITE;
use crate::lower::{Lower, allow};
use crate::model::Text;
use crate::policy::{Statement, Tree};

/// What Lambda sends to X-Ray. These actions are of no resource [aws-facts-services: 8; DG: X-Ray].
const SEND_TRACES: [&str; 2] = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"];

/// What Lambda does in a network on behalf of a function, also after the function was deleted
/// [aws-facts-services: 8; DG: Lambda, "Attaching functions to a VPC"].
const USE_NETWORK: [&str; 4] = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
];
/// The same for what is of no resource.
const SEE_NETWORK: [&str; 2] = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"];

/// What Lambda notes of durable executions, on behalf of the function [aws-facts-services: 8, DG].
const CHECKPOINT: [&str; 2] = ["lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"];

/// What the role of a function must allow for the function's own settings, each with its `Sid`.
pub(in crate::kinds) fn needs(
    function: &Entry<Config>,
    lower: &Lower,
) -> Vec<(&'static str, Statement<Text>)> {
    let id = lower.id(Function::NAME, &function.name);
    let arn = lower.scope.expand(Function::ARN, &id.name);
    let own = statements(function, &arn, Text::reference(&log_group_of(function, &id), "arn"));
    let of_triggers = function.triggers.iter().flat_map(|item| lower.needs_of(item));
    own.into_iter().chain(of_triggers).collect()
}

/// The statements for a function with this ARN that logs to this group. Never `logs:CreateLogGroup`, or a
/// late event creates the group again after its deletion [aws-facts: Lambda].
fn statements(function: &Config, arn: &str, group: Text) -> Vec<(&'static str, Statement<Text>)> {
    let mut needs = vec![("Logs", allow(["logs:CreateLogStream", WRITE], Text::join([group, ":*".into()])))];
    if function.tracing {
        needs.push(("Traces", allow(SEND_TRACES, "*".into())));
    }
    if function.vpc.is_some() {
        needs.push(("Network", use_network(arn)));
        needs.push(("SeeNetwork", allow(SEE_NETWORK, "*".into())));
        needs.push(("NotItsCode", not_by_code(arn)));
    }
    if let Some(file_system) = &function.file_system {
        needs.push(("FileSystem", mount(&file_system.arn)));
    }
    if let Some(key) = &function.kms_key {
        needs.push(("EnvironmentKey", allow(["kms:Decrypt"], key.as_str().into())));
    }
    if function.durable.is_some() {
        needs.push(("Durable", allow(CHECKPOINT, format!("{arn}:*").into())));
    }
    let outside = function.destinations().filter_map(|(_, to)| match to {
        Destination::Arn(arn, delivery) => Some((arn, delivery)),
        Destination::Entry(_) => None,
    });
    for (arn, delivery) in outside {
        needs.push(("Destination", allow([delivery.action], format!("{arn}{}", delivery.within).into())));
    }
    needs
}

/// What the role of a function must allow on other entries for its triggers and destinations.
pub(in crate::kinds) fn grants(function: &Config) -> Vec<Grant> {
    let destinations = function.destinations().filter_map(|(_, to)| to.entry().cloned());
    let of_trigger = |item: &Item| item.grants().into_iter().chain(item.failures());
    function.triggers.iter().flat_map(of_trigger).chain(destinations).collect()
}

/// The same, and what `access` grants.
pub(super) fn all_grants(function: &Config) -> Vec<Grant> {
    function.access.values().cloned().chain(grants(function)).collect()
}

/// Keeps what Lambda does in the network from the function's own code, which runs with the same role: for calls of the code, and
/// only for these, Lambda sets this condition key [DG: Lambda, "Attaching functions to a VPC"].
fn not_by_code(arn: &str) -> Statement<Text> {
    let actions = USE_NETWORK.iter().chain(&SEE_NETWORK).copied();
    let mut statement = allow(actions, "*".into());
    statement.0.insert("Effect".to_owned(), text("Deny"));
    condition(statement, "ArnEquals", "lambda:SourceFunctionArn", arn)
}

/// The right to change the interfaces of a function with this ARN. They are of its account; subnets and security groups may be
/// of another one that shares them.
fn use_network(function: &str) -> Statement<Text> {
    let parts: Vec<&str> = function.split(':').collect();
    let [_, partition, _, region, account, ..] = parts.as_slice() else {
        return allow(USE_NETWORK, "*".into());
    };
    let of = |account: &str, what: &str| {
        Tree::Text(format!("arn:{partition}:ec2:{region}:{account}:{what}/*").into())
    };
    let all = [of(account, "network-interface"), of("*", "security-group"), of("*", "subnet")];
    Statement::allow(USE_NETWORK, ("Resource", Tree::List(all.into())))
}

/// The right to mount through an access point, and through no other one. The resource of these actions is the file system, whose
/// id the ARN of the access point does not show [DG: EFS, "Using access points in IAM policies"].
fn mount(access_point: &str) -> Statement<Text> {
    let before = access_point.split(":access-point/").next().unwrap_or_default();
    let systems = format!("{before}:file-system/*");
    let statement = allow(["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"], systems.into());
    condition(statement, "ArnEquals", "elasticfilesystem:AccessPointArn", access_point)
}

/// A statement under a condition.
fn condition(mut statement: Statement<Text>, operator: &str, key: &str, value: &str) -> Statement<Text> {
    let keys = Tree::Map([(key.to_owned(), text(value))].into());
    statement.0.insert("Condition".to_owned(), Tree::Map([(operator.to_owned(), keys)].into()));
    statement
}

fn text(text: &str) -> Tree<Text> {
    Tree::Text(text.into())
}
