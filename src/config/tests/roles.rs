//! Errors of roles and their managed policies.

use super::{check_each, function, valid};
use crate::kinds::role::managed::ManagedPolicy;

#[test]
fn managed_policies() {
    let many: Vec<String> = (0..11).map(|number| format!("Policy{number}")).collect();
    check_each(
        "managed_policies",
        function,
        &[
            "managed_policies: AWSXRayDaemonWriteAccess",
            "managed_policies: [upload]",
            "managed_policies: [service-role/]",
            "managed_policies: [\"arn:aws:iam::123456789012:role/x\"]",
            "managed_policies: [AWSXRayDaemonWriteAccess, ReadOnlyAccess, AWSXRayDaemonWriteAccess]",
            &format!("managed_policies: [{}]", many.join(", ")),
        ],
    );
    let arn = "arn:aws:iam::123456789012:policy/a/b";
    let stack = valid(&function(&format!("managed_policies: [service-role/AWSLambdaRole, \"{arn}\"]")));
    let aws = ManagedPolicy::Aws("service-role/AWSLambdaRole".to_owned());
    assert_eq!(stack.functions()[0].managed_policies, [aws, ManagedPolicy::Arn(arn.to_owned())]);
}
