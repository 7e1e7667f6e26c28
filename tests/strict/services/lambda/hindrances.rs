//! Hindrances of Lambda.

use crate::cloud::{Cloud, ServiceError, text};
use crate::services::{Service, iam};
use crate::wire::Call;

/// In the middle of the propagation of a role, a call may fail with status 500 and nothing in the body [hazards: G1].
pub(crate) fn fails_without_a_word(cloud: &Cloud, call: &Call) -> Option<ServiceError> {
    hands_over_a_role(cloud, call)?;
    Some(ServiceError { code: String::new(), message: String::new(), status: 500 })
}

/// Lambda passes on what another service says of the token of a new role [hazards: I7].
pub(crate) fn role_token_is_invalid(cloud: &Cloud, call: &Call) -> Option<ServiceError> {
    hands_over_a_role(cloud, call)?;
    let message = "The security token included in the request is invalid. (Service: Kms, Status Code: 400)";
    Some(ServiceError::new("InvalidParameterValueException", message))
}

/// A call that hands a role to Lambda which Lambda cannot assume yet.
fn hands_over_a_role(cloud: &Cloud, call: &Call) -> Option<()> {
    let role = text(&call.params, "Role").filter(|_| call.service == Service::Lambda)?;
    iam::not_assumable(cloud, role).map(|_| ())
}

/// For a while after the beginning of a run, EC2 throttles Lambda, whatever the age of the role [aws-facts: IAM, TF].
pub(crate) fn throttled_by_ec2(cloud: &Cloud, call: &Call) -> Option<ServiceError> {
    let writes = ["CreateFunction", "UpdateFunctionConfiguration"].contains(&&*call.operation.name);
    let message = "Lambda was throttled by EC2 while it set up the function's network.";
    (writes && cloud.now < cloud.hindered_until)
        .then(|| ServiceError::new("InvalidParameterValueException", message))
}

/// A key that no role can be granted the use of: it stays so [hazards: I3].
pub(crate) fn key_is_invalid(_: &Cloud, call: &Call) -> Option<ServiceError> {
    let message = "KMS key is invalid for CreateGrant operation.";
    (call.operation.name == "CreateFunction")
        .then(|| ServiceError::new("InvalidParameterValueException", message))
}

/// In the middle of the propagation of a role, KMS knows it no more than Lambda does [hazards: I3].
pub(crate) fn key_does_not_know_the_role(cloud: &Cloud, call: &Call) -> Option<ServiceError> {
    let message = "KMS key is invalid for CreateGrant operation. KMS Exception: InvalidArnException, KMS Message: ARN does not \
                   refer to a valid principal";
    (call.operation.name == "CreateFunction" && cloud.now < cloud.hindered_until)
        .then(|| ServiceError::new("InvalidParameterValueException", message))
}

/// A refusal for good that names the function [hazards: G6].
pub(crate) fn refuses_by_name(_: &Cloud, call: &Call) -> Option<ServiceError> {
    let name = text(&call.params, "FunctionName").filter(|_| call.operation.name == "CreateFunction")?;
    let message = format!("The function {name} cannot have this setting.");
    Some(ServiceError::new("InvalidParameterValueException", message))
}

/// Code that the code signing configuration of its function does not take: one call checks it against the configuration that
/// the function has then [hazards: L10].
pub(crate) fn code_is_not_signed(cloud: &Cloud, call: &Call) -> Option<ServiceError> {
    let name = text(&call.params, "FunctionName").filter(|_| call.operation.name == "UpdateFunctionCode")?;
    cloud.lambda.functions.get(name)?.apart.signing.as_ref()?;
    let message = "The code signature failed the integrity check or one of the other checks.";
    Some(ServiceError::new("CodeVerificationFailedException", message))
}

/// An account in which no function can be public [aws-facts-services: 8, M].
pub(crate) fn public_policies_are_blocked(_: &Cloud, call: &Call) -> Option<ServiceError> {
    let is_public = call.operation.name == "AddPermission" && text(&call.params, "Principal") == Some("*");
    let message = "Lambda prevented your policy from being created because it would grant public access to your function.";
    is_public.then(|| ServiceError::new("PublicPolicyException", message))
}
