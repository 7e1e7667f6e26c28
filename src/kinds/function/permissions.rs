//! What the deploy policy allows on functions.

use super::super::role::Role;
use super::Function;
use crate::aws::tags;
use crate::kind::{Kind, On, Permission, Task, When, Which, desired};
use serde_json::Value as Json;

pub(in crate::kinds) const ANY: On = On::new("ReadFunction", Function::NAME, Which::Any, &[Function::ARN]);
pub(in crate::kinds) const DECLARED: On =
    On::new("Functions", Function::NAME, Which::Declared, &[Function::ARN]);
const OWNED: On = On::new("MarkedFunctions", Function::NAME, Which::Owned(""), &[Function::ARN]);
const LAYERS: On = On::new("Layers", Function::NAME, Which::Field("layers"), &[]);
/// The roles of functions, to be passed to Lambda only.
const PASSED: On = On::new("PassedRoles", Role::NAME, Which::Field("role"), &[Role::ARN])
    .only("iam:PassedToService", "lambda.amazonaws.com");

pub(super) const ALL: &[Permission] = &[
    // Without `lambda:ListTags` the response lacks the tags, which say who owns the function.
    Permission::of(
        "lambda:GetFunction",
        Task::READ,
        &[("lambda:GetFunction", &ANY), ("lambda:ListTags", &ANY)],
    ),
    Permission::of(
        "lambda:CreateFunction",
        Task::CHANGE,
        &[
            ("lambda:CreateFunction", &DECLARED),
            ("lambda:TagResource", &DECLARED),
            ("iam:PassRole", &PASSED),
            ("lambda:GetLayerVersion", &LAYERS),
        ],
    ),
    Permission::of(
        "lambda:UpdateFunctionConfiguration",
        Task::CHANGE,
        &[
            ("lambda:UpdateFunctionConfiguration", &DECLARED),
            ("iam:PassRole", &PASSED),
            ("lambda:GetLayerVersion", &LAYERS),
        ],
    ),
    Permission::same("lambda:UpdateFunctionCode", Task::CHANGE, &DECLARED),
    Permission::same("lambda:PutFunctionConcurrency", Task::CHANGE, &DECLARED).when(When::Some(reserves)),
    Permission::same("lambda:DeleteFunctionConcurrency", Task::CHANGE, &DECLARED)
        .when(When::Some(leaves_unreserved)),
    Permission::same("lambda:TagResource", Task::CHANGE, &DECLARED),
    Permission::same("lambda:UntagResource", Task::CHANGE, &DECLARED).when(When::Some(takes_a_role)),
    Permission::same("lambda:DeleteFunction", Task::DELETE, &OWNED),
];

fn reserves(spec: &Json) -> bool {
    desired::<Function>(spec).is_some_and(|spec| spec.reserved_concurrency.is_some())
}

fn leaves_unreserved(spec: &Json) -> bool {
    desired::<Function>(spec).is_some_and(|spec| spec.reserved_concurrency.is_none())
}

/// A function that gets an existing role loses the tag that names its own.
fn takes_a_role(spec: &Json) -> bool {
    desired::<Function>(spec).is_some_and(|spec| !spec.tags.contains_key(tags::ROLE_ID))
}
