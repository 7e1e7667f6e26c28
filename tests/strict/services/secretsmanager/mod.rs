//! Secrets Manager [aws-facts-services: 10].

mod by_hand;
mod policy;
mod random;
mod secret;
mod tests;

pub(crate) use secret::State;

use crate::access::{Need, known, nothing, with_tagging};
use crate::cloud::{ACCOUNT, Cloud, REGION, Tags, text};
use crate::quota::Quota;
use crate::random::Section;
use crate::service::{Drift, Facts, Make, Resource, StrictService, Tagged};
use crate::services::Service;
use crate::wire::Call;
use proptest::strategy::BoxedStrategy;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::rc::Rc;

pub(crate) struct SecretsManager;

/// What encrypts a value with a key of the account: the one that the call names, or that of the secret.
fn key_needs(call: &Call, of_secret: Option<String>) -> Vec<Need> {
    let writes = ["CreateSecret", "UpdateSecret", "PutSecretValue"].contains(&call.operation.name.as_str());
    let named = text(&call.params, "KmsKeyId").map(str::to_owned).or(of_secret).filter(|_| writes);
    let key = named.filter(|key| !key.is_empty() && !key.ends_with("alias/aws/secretsmanager"));
    let key = key.map(|key| match key.rsplit_once("alias/") {
        Some((_, alias)) => format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/of-{alias}"),
        None => key,
    });
    let through = format!("secretsmanager.{REGION}.amazonaws.com");
    let need =
        |action: &str, key: &String| Need::new(action, key.clone()).with("kms:ViaService", Some(&through));
    key.iter().flat_map(|key| [need("kms:GenerateDataKey", key), need("kms:Decrypt", key)]).collect()
}

impl StrictService for SecretsManager {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "secretsmanager",
            model: ("secretsmanager", "2017-10-17"),
            operations: &[secret::OPERATIONS, policy::OPERATIONS],
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
        let Some(id) = id.or(name) else {
            // GetRandomPassword knows no resources; what names no secret is refused later.
            return vec![Need::new(call.name(), nothing(call))];
        };
        let found = cloud.secretsmanager.find(id);
        let tags = found.and_then(|(_, secret)| known(cloud, secret.created, &secret.tags));
        let resource = found.map(|(name, _)| cloud.secretsmanager.arn(name));
        let own = Need::new(call.name(), resource.unwrap_or_else(|| secret::unknown(id))).called(id);
        let own = own.of(&tags.cloned().unwrap_or_default());
        let of_key = found.and_then(|(_, secret)| secret.key.clone());
        let needs =
            with_tagging(call, own, "secretsmanager:TagResource", call.operation.name == "CreateSecret");
        needs.into_iter().chain(key_needs(call, of_key)).collect()
    }

    fn happen(&self, cloud: &mut Cloud) {
        let now = cloud.now;
        cloud.secretsmanager.expire(now);
    }

    fn tagged(&self, cloud: &Cloud) -> Vec<Tagged> {
        let tagged = |(name, secret): (&String, &secret::Secret)| Tagged {
            arn: cloud.secretsmanager.arn(name),
            name: format!("secret {name}"),
            created: secret.created,
            tags: secret.tags.clone(),
        };
        cloud.secretsmanager.secrets.iter().map(tagged).collect()
    }

    /// Without those whose deletion is scheduled: they are gone for all but their owner.
    fn dump(&self, cloud: &Cloud) -> BTreeMap<String, Json> {
        let is_own = |secret: &secret::Secret| {
            secret.tags.contains_key("provision:stack") && secret.deletion.is_none()
        };
        let own = cloud.secretsmanager.secrets.iter().filter(|(_, secret)| is_own(secret));
        own.map(|(name, secret)| (format!("secret {name}"), secret.dump())).collect()
    }

    /// The endings of ARNs.
    fn made_up(&self, cloud: &Cloud) -> Vec<(String, String)> {
        let secrets = cloud.secretsmanager.secrets.iter();
        secrets
            .map(|(name, secret)| {
                (format!(":secret:{name}-{}", secret.ending), format!(":secret:{name}-ENDING"))
            })
            .collect()
    }

    fn change_all(&self, cloud: &mut Cloud) {
        by_hand::change_all(cloud);
    }

    fn leave_behind(&self, cloud: &mut Cloud) {
        by_hand::leave_behind(cloud);
    }

    fn drifts(&self) -> &'static [(&'static str, Drift)] {
        by_hand::DRIFTS
    }

    fn unmanaged(&self) -> &'static [(&'static str, Make)] {
        by_hand::UNMANAGED
    }

    fn everything(&self, cloud: &Cloud) -> Vec<(Resource, String)> {
        let resource = |name: &String| Resource::named(Service::SecretsManager, "secret", name);
        let secrets = cloud.secretsmanager.secrets.iter().filter(|(_, secret)| secret.deletion.is_none());
        secrets.map(|(name, secret)| (resource(name), format!("{secret:?}"))).collect()
    }

    fn remove(&self, cloud: &mut Cloud, resource: &Resource) {
        secret::remove(cloud, &resource.name);
    }

    fn forget(&self, cloud: &mut Cloud, keep: &dyn Fn(&mut Tags)) {
        cloud.secretsmanager.secrets.values_mut().for_each(|secret| keep(&mut secret.tags));
    }

    fn section(&self) -> Option<BoxedStrategy<Rc<dyn Section>>> {
        Some(random::section())
    }

    /// [DG: Secrets Manager quotas, DescribeSecret and GetSecretValue combined]
    fn quota(&self, _: &Cloud, operation: &str) -> Option<Quota> {
        match operation {
            "GetSecretValue" | "DescribeSecret" => {
                Some(("secretsmanager:GetSecretValue", 10_000.0, 10_000.0))
            }
            _ => Some(("secretsmanager:changes", 50.0, 50.0)),
        }
    }

    fn furnish(&self, cloud: &mut Cloud) {
        cloud.secretsmanager.put("walk/key", "open-sesame");
    }

    fn given(&self) -> Vec<(&'static str, Json)> {
        let policy = |principal: Json| {
            let statement = json!({ "Effect": "Allow", "Principal": principal, "Resource": "*",
                "Action": "secretsmanager:GetSecretValue" });
            Json::from(json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string())
        };
        vec![
            ("secret policy", policy(json!({ "AWS": "210987654321" }))),
            ("secret policy for everybody", policy(json!("*"))),
        ]
    }

    fn requests(&self) -> &'static str {
        include_str!("requests.yaml")
    }

    fn disagreements(&self) -> &'static str {
        include_str!("disagreements.yaml")
    }
}
