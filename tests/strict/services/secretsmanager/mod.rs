//! Secrets Manager [aws-facts-services: 10]. Its secrets belong to others: the product reads them only, and tests furnish an
//! account with them.

mod secret;
mod tests;

pub(crate) use secret::State;

use crate::access::Need;
use crate::cloud::{Cloud, text};
use crate::quota::Quota;
use crate::service::{Facts, StrictService};
use crate::wire::Call;

pub(crate) struct SecretsManager;

impl StrictService for SecretsManager {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "secretsmanager",
            model: ("secretsmanager", "2017-10-17"),
            operations: &[secret::OPERATIONS],
            changed: &["SecretId", "Name"],
            subject: &["SecretId", "Name"],
            tokens: &[],
            throttled: ("ThrottlingException", 400),
            failed: ("InternalServiceError", 500),
            denied: ("AccessDeniedException", 400),
            invalid: "ValidationException",
            unmodelled: &["ValidationException"],
        }
    }

    /// The secret by its ARN. The ending of one that is not there is unknown: a policy for `NAME-??????` matches it, and
    /// one for a certain ending does not [aws-facts-services: 10]. Refusals repeat what the call has named the secret
    /// [nautobot-app-secrets-providers issue 64; cloud-custodian pull request 10055].
    fn needs(&self, cloud: &Cloud, call: &Call) -> Vec<Need> {
        let (id, name) = (text(&call.params, "SecretId"), text(&call.params, "Name"));
        let id = id.or(name).unwrap_or_default();
        let resource = cloud.secretsmanager.find(id).map(|(name, _)| cloud.secretsmanager.arn(name));
        vec![Need::new(call.name(), resource.unwrap_or_else(|| secret::unknown(id))).called(id)]
    }

    /// [DG: Secrets Manager quotas, DescribeSecret and GetSecretValue combined]
    fn quota(&self, _: &Cloud, operation: &str) -> Option<Quota> {
        (operation == "GetSecretValue").then_some(("secretsmanager:GetSecretValue", 10_000.0, 10_000.0))
    }

    fn furnish(&self, cloud: &mut Cloud) {
        cloud.secretsmanager.put("walk/key", "open-sesame");
    }

    fn requests(&self) -> &'static str {
        include_str!("requests.yaml")
    }

    fn disagreements(&self) -> &'static str {
        include_str!("disagreements.yaml")
    }
}
