//! The table: each call that `provision` makes, for what, and the actions that IAM asks for it, dependent ones included
//! [aws-facts: The deployer's own IAM actions]. Whoever adds a call adds its row; the strict cloud finds one that is missing.

use super::Task::{self, Down, Plan, Up};
use super::scope::On;
use crate::config::Stack;

/// A call and what it needs.
pub(super) struct Row {
    /// The call, for example `lambda:CreateFunction`.
    pub(super) call: &'static str,
    pub(super) tasks: &'static [Task],
    /// The actions, each with what it is allowed on.
    pub(super) needs: &'static [(&'static str, On)],
    /// Whether a stack can come to this call.
    pub(super) when: fn(&Stack) -> bool,
}

const READ: &[Task] = &[Plan, Up, Down];
const CHANGE: &[Task] = &[Up];
const DELETE: &[Task] = &[Up, Down];
const TEARDOWN: &[Task] = &[Down];

const fn row(
    call: &'static str,
    tasks: &'static [Task],
    needs: &'static [(&'static str, On)],
    when: fn(&Stack) -> bool,
) -> Row {
    Row { call, tasks, needs, when }
}

/// A call whose permission is called as it is itself.
macro_rules! same {
    ($call:literal, $tasks:expr, $on:ident) => {
        row($call, $tasks, &[($call, On::$on)], always)
    };
    ($call:literal, $tasks:expr, $on:ident, $when:expr) => {
        row($call, $tasks, &[($call, On::$on)], $when)
    };
}

/// A call of API Gateway, whose permissions are the verbs of HTTP on paths.
macro_rules! http {
    ($call:literal, $tasks:expr, $verb:literal, $on:ident) => {
        row($call, $tasks, &[(concat!("apigateway:", $verb), On::$on)], always)
    };
}

pub(super) const TABLE: &[Row] = &[
    // Allowed to everybody.
    row("sts:GetCallerIdentity", READ, &[], always),
    same!("tag:GetResources", READ, Anything),
    same!("dynamodb:DescribeTable", READ, AnyTable),
    same!("dynamodb:DescribeTimeToLive", READ, AnyTable),
    same!("dynamodb:DescribeContinuousBackups", READ, AnyTable),
    same!("dynamodb:ListTagsOfResource", READ, AnyTable),
    same!("dynamodb:ListTables", TEARDOWN, Anything),
    same!("dynamodb:Scan", TEARDOWN, MarkedTables),
    row(
        "dynamodb:CreateTable",
        CHANGE,
        &[("dynamodb:CreateTable", On::Tables), ("dynamodb:TagResource", On::Tables)],
        always,
    ),
    same!("dynamodb:UpdateTable", CHANGE, Tables),
    same!("dynamodb:UpdateTimeToLive", CHANGE, Tables),
    same!("dynamodb:UpdateContinuousBackups", CHANGE, Tables),
    same!("dynamodb:TagResource", CHANGE, Tables),
    same!("dynamodb:DeleteTable", DELETE, MarkedTables),
    // IAM does not resolve the name of a role that is not there, so no ARN of one allows to look whether it is.
    same!("iam:GetRole", READ, Anything),
    same!("iam:GetRolePolicy", READ, AnyRole),
    same!("iam:ListRoles", READ, Anything),
    same!("iam:ListRolePolicies", READ, AnyRole),
    same!("iam:ListAttachedRolePolicies", READ, AnyRole),
    row("iam:CreateRole", CHANGE, &[("iam:CreateRole", On::BoundRoles), ("iam:TagRole", On::Roles)], always),
    same!("iam:PutRolePolicy", CHANGE, BoundRoles),
    same!("iam:UpdateAssumeRolePolicy", CHANGE, Roles),
    same!("iam:PutRolePermissionsBoundary", CHANGE, BoundRoles, has_boundary),
    same!("iam:DeleteRolePermissionsBoundary", CHANGE, Roles, |stack| !has_boundary(stack)),
    same!("iam:TagRole", CHANGE, Roles),
    same!("iam:DeleteRolePolicy", DELETE, Roles),
    same!("iam:DetachRolePolicy", DELETE, Roles),
    same!("iam:ListInstanceProfilesForRole", DELETE, Roles),
    same!("iam:DeleteRole", DELETE, Roles),
    // To take the role out of an instance profile that others have put it into would need a permission on all instance
    // profiles of the account: that case is left to a person.
    row("iam:RemoveRoleFromInstanceProfile", DELETE, &[], always),
    same!("logs:DescribeLogGroups", READ, Anything),
    same!("logs:ListLogGroups", READ, Anything),
    same!("logs:ListTagsForResource", READ, AnyLogGroup),
    row(
        "logs:CreateLogGroup",
        CHANGE,
        &[("logs:CreateLogGroup", On::LogGroups), ("logs:TagResource", On::LogGroups)],
        always,
    ),
    same!("logs:PutRetentionPolicy", CHANGE, LogGroups),
    same!("logs:TagResource", CHANGE, LogGroups),
    row(
        "logs:DeleteLogGroup",
        DELETE,
        // A group that comes back while the stack is deleted bears no mark.
        &[("logs:DeleteLogGroup", On::LogGroups), ("logs:DeleteLogGroup", On::MarkedLogGroups)],
        always,
    ),
    // Without `lambda:ListTags` the answer lacks the tags, by which a function is known.
    row(
        "lambda:GetFunction",
        READ,
        &[("lambda:GetFunction", On::AnyFunction), ("lambda:ListTags", On::AnyFunction)],
        always,
    ),
    same!("lambda:GetPolicy", READ, AnyFunction),
    row(
        "lambda:CreateFunction",
        CHANGE,
        &[
            ("lambda:CreateFunction", On::Functions),
            ("lambda:TagResource", On::Functions),
            ("iam:PassRole", On::PassedRoles),
            ("lambda:GetLayerVersion", On::Layers),
        ],
        always,
    ),
    row(
        "lambda:UpdateFunctionConfiguration",
        CHANGE,
        &[
            ("lambda:UpdateFunctionConfiguration", On::Functions),
            ("iam:PassRole", On::PassedRoles),
            ("lambda:GetLayerVersion", On::Layers),
        ],
        always,
    ),
    same!("lambda:UpdateFunctionCode", CHANGE, Functions),
    same!("lambda:PutFunctionConcurrency", CHANGE, Functions, reserves),
    same!("lambda:DeleteFunctionConcurrency", CHANGE, Functions, leaves_unreserved),
    same!("lambda:TagResource", CHANGE, Functions),
    same!("lambda:UntagResource", CHANGE, Functions, takes_a_role),
    same!("lambda:AddPermission", CHANGE, CalledFunctions),
    same!("lambda:RemovePermission", CHANGE, Functions),
    same!("lambda:DeleteFunction", DELETE, MarkedFunctions),
    http!("apigateway:GetApis", READ, "GET", AnyApi),
    http!("apigateway:GetIntegrations", READ, "GET", AnyApi),
    http!("apigateway:GetRoutes", READ, "GET", AnyApi),
    http!("apigateway:GetStages", READ, "GET", AnyApi),
    http!("apigateway:GetStage", CHANGE, "GET", AnyApi),
    http!("apigateway:CreateApi", CHANGE, "POST", NewApis),
    http!("apigateway:UpdateApi", CHANGE, "PATCH", MarkedApis),
    http!("apigateway:DeleteCorsConfiguration", CHANGE, "DELETE", MarkedApis),
    http!("apigateway:CreateIntegration", CHANGE, "POST", MarkedApis),
    http!("apigateway:UpdateIntegration", CHANGE, "PATCH", MarkedApis),
    http!("apigateway:DeleteIntegration", CHANGE, "DELETE", MarkedApis),
    http!("apigateway:CreateRoute", CHANGE, "POST", MarkedApis),
    http!("apigateway:UpdateRoute", CHANGE, "PATCH", MarkedApis),
    http!("apigateway:DeleteRoute", CHANGE, "DELETE", MarkedApis),
    row(
        "apigateway:CreateStage",
        CHANGE,
        &[("apigateway:POST", On::MarkedApis), ("apigateway:POST", On::NewApis)],
        always,
    ),
    http!("apigateway:UpdateStage", CHANGE, "PATCH", MarkedApis),
    http!("apigateway:DeleteStage", CHANGE, "DELETE", MarkedApis),
    http!("apigateway:TagResource", CHANGE, "POST", NewApis),
    http!("apigateway:DeleteApi", DELETE, "DELETE", MarkedApis),
];

fn always(_: &Stack) -> bool {
    true
}

fn has_boundary(stack: &Stack) -> bool {
    stack.permissions_boundary.is_some()
}

fn reserves(stack: &Stack) -> bool {
    stack.functions.iter().any(|function| function.reserved_concurrency.is_some())
}

fn leaves_unreserved(stack: &Stack) -> bool {
    stack.functions.iter().any(|function| function.reserved_concurrency.is_none())
}

/// A function that is given an existing role loses the mark that named its own.
fn takes_a_role(stack: &Stack) -> bool {
    stack.functions.iter().any(|function| function.role.is_some())
}
