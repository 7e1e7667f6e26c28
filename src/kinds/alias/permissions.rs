//! What the deploy policy allows on aliases.

use super::{Alias, Spec};
use crate::kind::{Kind, On, Permission, Task, When, Which, desired};
use crate::kinds::function::{ANY, DECLARED, Function};
use crate::model::Text;
use serde_json::Value as Json;

/// A call with a qualifier is checked on the ARN with it; one on aliases names them otherwise, and is checked on the function
/// [notice of AWS: Lambda authorization, Jan 2022].
pub(in crate::kinds) const ALIASES: On = On::new("Aliases", Alias::NAME, Which::Declared, &[Function::ARN]);

pub(super) const ALL: &[Permission] = &[
    Permission::same("lambda:GetAlias", Task::READ, &ANY).when(When::DECLARED),
    Permission::same("lambda:GetProvisionedConcurrencyConfig", Task::READ, &ANY).when(When::DECLARED),
    Permission::same("lambda:CreateAlias", Task::CHANGE, &DECLARED).when(When::DECLARED),
    Permission::same("lambda:UpdateAlias", Task::CHANGE, &DECLARED).when(When::DECLARED),
    Permission::same("lambda:DeleteAlias", Task::CHANGE, &DECLARED).when(When::DECLARED),
    Permission::same("lambda:PutProvisionedConcurrencyConfig", Task::CHANGE, &ALIASES)
        .when(When::Some(is_kept_ready)),
    Permission::same("lambda:DeleteProvisionedConcurrencyConfig", Task::CHANGE, &ALIASES)
        .when(When::DECLARED),
];

fn is_kept_ready(spec: &Json) -> bool {
    desired::<Alias>(spec).is_some_and(|spec: Spec<Text>| spec.provisioned_concurrency.is_some())
}
