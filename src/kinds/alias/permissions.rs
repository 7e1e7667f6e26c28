//! What the deploy policy allows on aliases.

use super::{Alias, Spec};
use crate::kind::{Kind, On, Permission, Task, When, Which, desired};
use crate::kinds::function::{ANY, DECLARED, Function};
use crate::model::Text;
use serde_json::Value as Json;

/// A call with a qualifier is checked on the ARN with it; one on aliases names them otherwise, and is checked on the function
/// [notice of AWS: Lambda authorization, Jan 2022].
const ALIASES: On = On::new("Aliases", Alias::NAME, Which::Declared, &[Function::ARN]);
/// Aliases of routes: only API Gateway may be allowed to invoke them.
const CALLED: On = On::new("CalledAliases", Alias::NAME, Which::Declared, &[Function::ARN])
    .only("lambda:Principal", "apigateway.amazonaws.com");

const SOME: When = When::Some(|_| true);

pub(super) const ALL: &[Permission] = &[
    Permission::same("lambda:GetAlias", Task::READ, &ANY).when(SOME),
    Permission::same("lambda:GetProvisionedConcurrencyConfig", Task::READ, &ANY).when(SOME),
    Permission::same("lambda:GetFunctionEventInvokeConfig", Task::READ, &ANY).when(SOME),
    Permission::same("lambda:CreateAlias", Task::CHANGE, &DECLARED).when(SOME),
    Permission::same("lambda:UpdateAlias", Task::CHANGE, &DECLARED).when(SOME),
    Permission::same("lambda:DeleteAlias", Task::CHANGE, &DECLARED).when(SOME),
    Permission::same("lambda:AddPermission", Task::CHANGE, &CALLED).when(SOME),
    Permission::same("lambda:RemovePermission", Task::CHANGE, &ALIASES).when(SOME),
    Permission::same("lambda:PutProvisionedConcurrencyConfig", Task::CHANGE, &ALIASES)
        .when(When::Some(is_kept_ready)),
    Permission::same("lambda:DeleteProvisionedConcurrencyConfig", Task::CHANGE, &ALIASES)
        .when(When::Some(is_kept_ready)),
    Permission::same("lambda:PutFunctionEventInvokeConfig", Task::CHANGE, &ALIASES)
        .when(When::Some(has_async)),
    Permission::same("lambda:DeleteFunctionEventInvokeConfig", Task::CHANGE, &ALIASES)
        .when(When::Some(has_async)),
];

fn is_kept_ready(spec: &Json) -> bool {
    desired::<Alias>(spec).is_some_and(|spec: Spec<Text>| spec.provisioned_concurrency.is_some())
}

fn has_async(spec: &Json) -> bool {
    desired::<Alias>(spec).is_some_and(|spec: Spec<Text>| spec.asynchronous.is_some())
}
