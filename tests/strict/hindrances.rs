//! Refusals of AWS that pass, and that a test sets: each is a rule that says which calls are refused, and when.

use crate::cloud::{Cloud, Fault, text};
use crate::model::Service;
use crate::services::iam;
use crate::wire::Call;
use std::time::Duration;

/// A rule: the refusal of a call, or `None`.
pub(crate) type Hindrance = fn(&Cloud, &Call) -> Option<Fault>;

/// In the middle of the propagation of a role, a call may fail with status 500 and nothing in the body [hazards: G1].
pub(crate) fn fails_without_a_word(cloud: &Cloud, call: &Call) -> Option<Fault> {
    hands_over_a_role(cloud, call)?;
    Some(Fault { code: String::new(), message: String::new(), status: 500 })
}

/// Lambda passes on what another service says of the token of a new role [hazards: I7].
pub(crate) fn role_token_is_invalid(cloud: &Cloud, call: &Call) -> Option<Fault> {
    hands_over_a_role(cloud, call)?;
    let message = "The security token included in the request is invalid. (Service: Kms, Status Code: 400)";
    Some(Fault::new("InvalidParameterValueException", message))
}

/// A call that hands a role to Lambda which Lambda cannot assume yet.
fn hands_over_a_role(cloud: &Cloud, call: &Call) -> Option<()> {
    let role = text(&call.params, "Role").filter(|_| call.service == Service::Lambda)?;
    iam::not_assumable(cloud, role).map(|_| ())
}

/// For a while after the beginning of a run, EC2 throttles Lambda, whatever the age of the role [aws-facts: IAM, TF].
pub(crate) fn throttled_by_ec2(cloud: &Cloud, call: &Call) -> Option<Fault> {
    let writes = ["CreateFunction", "UpdateFunctionConfiguration"].contains(&&*call.operation.name);
    let message = "Lambda was throttled by EC2 while it set up the function's network.";
    (writes && cloud.now < cloud.hindered_until)
        .then(|| Fault::new("InvalidParameterValueException", message))
}

/// A key that no role can be granted the use of: it stays so [hazards: I3].
pub(crate) fn key_is_invalid(_: &Cloud, call: &Call) -> Option<Fault> {
    let message = "KMS key is invalid for CreateGrant operation.";
    (call.operation.name == "CreateFunction").then(|| Fault::new("InvalidParameterValueException", message))
}

/// While others deploy, API Gateway throttles and refuses its changes in turn [hazards: A9].
pub(crate) fn api_gateway_is_busy(cloud: &Cloud, call: &Call) -> Option<Fault> {
    let hindered = call.service == Service::ApiGateway && call.operation.http.method != "GET";
    if !hindered || cloud.now >= cloud.hindered_until {
        return None;
    }
    let second = cloud.now.as_millis() / Duration::from_millis(700).as_millis();
    Some(match second.is_multiple_of(2) {
        true => Fault { status: 429, ..Fault::new("TooManyRequestsException", "Too Many Requests") },
        false => Fault::new(
            "ConflictException",
            "Unable to complete operation due to concurrent modification. Please try again later.",
        ),
    })
}

/// A quota of the account has no room for another table [hazards: G17].
pub(crate) fn no_room_for_tables(_: &Cloud, call: &Call) -> Option<Fault> {
    let message = "Failed to create table: the current TableMaxReadCapacityUnits value is insufficient";
    (call.operation.name == "CreateTable").then(|| Fault::new("LimitExceededException", message))
}
