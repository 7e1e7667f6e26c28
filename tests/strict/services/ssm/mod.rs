//! SSM's Parameter Store [aws-facts-services: 10].

mod by_hand;
mod parameter;
mod random;
mod tests;

pub(crate) use parameter::{Parameter, State};

use crate::access::{Need, known, nothing, with_tagging};
use crate::cloud::{ACCOUNT, Cloud, REGION, Tags, text};
use crate::pattern::matches;
use crate::quota::Quota;
use crate::random::Section;
use crate::service::{Drift, Facts, Make, Resource, StrictService, Tagged};
use crate::services::Service;
use crate::wire::Call;
use proptest::strategy::BoxedStrategy;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

pub(crate) struct Ssm;

/// What each call names its parameters by.
fn subjects(call: &Call) -> BTreeSet<&str> {
    let one = ["Name", "ResourceId"].into_iter().filter_map(|member| text(&call.params, member));
    parameter::asked(&call.params).into_iter().chain(one).collect()
}

/// What encrypts a value with a key of the account: advanced parameters take a data key [DG: How Parameter Store uses KMS].
fn key_need(call: &Call) -> Option<Need> {
    let key = text(&call.params, "KeyId").filter(|key| *key != parameter::OWN_KEY)?;
    let is_secure = text(&call.params, "Type") == Some("SecureString");
    let action =
        if text(&call.params, "Tier") == Some("Advanced") { "kms:GenerateDataKey" } else { "kms:Encrypt" };
    let key = match key.rsplit_once("alias/") {
        Some((_, alias)) => format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/of-{alias}"),
        None => key.to_owned(),
    };
    let need = Need::new(action, key).with("kms:ViaService", Some(&format!("ssm.{REGION}.amazonaws.com")));
    is_secure.then_some(need)
}

impl StrictService for Ssm {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "ssm",
            model: ("ssm", "2014-11-06"),
            operations: &[parameter::OPERATIONS],
            changed: &["Name", "ResourceId"],
            subject: &["Name", "ResourceId"],
            tokens: &["NextToken"],
            throttled: ("ThrottlingException", 400),
            failed: ("InternalServerError", 500),
            denied: ("AccessDeniedException", 400),
            invalid: "ValidationException",
            unmodelled: &["ValidationException"],
        }
    }

    /// Each parameter that is asked for, whether it is there or not. What can be no name is looked for in the whole
    /// account [aws-control-tower-customizations issue 208; k8t pull request 82].
    fn needs(&self, cloud: &Cloud, call: &Call) -> Vec<Need> {
        if call.operation.name == "DescribeParameters" {
            return vec![Need::new(call.name(), nothing(call))];
        }
        let need = |asked: &str| {
            let (name, _) = parameter::split(asked);
            let resource = if matches("arn:(.*:){4}.*", name) {
                name.to_owned()
            } else if parameter::is_name(name) {
                parameter::arn_of(name)
            } else {
                self.arn("*")
            };
            let stored = cloud.ssm.parameters.get(name);
            let tags = stored.and_then(|stored| known(cloud, stored.created, &stored.tags));
            Need::new(call.name(), resource).of(&tags.cloned().unwrap_or_default())
        };
        let creates = call.operation.name == "PutParameter";
        let own = subjects(call).into_iter().map(need);
        let own = own.flat_map(|own| with_tagging(call, own, "ssm:AddTagsToResource", creates));
        own.chain(key_need(call)).collect()
    }

    fn tagged(&self, cloud: &Cloud) -> Vec<Tagged> {
        let tagged = |(name, stored): (&String, &parameter::Stored)| Tagged {
            arn: parameter::arn_of(name),
            name: format!("parameter {name}"),
            created: stored.created,
            tags: stored.tags.clone(),
        };
        cloud.ssm.parameters.iter().map(tagged).collect()
    }

    fn dump(&self, cloud: &Cloud) -> BTreeMap<String, Json> {
        let own =
            cloud.ssm.parameters.iter().filter(|(_, stored)| stored.tags.contains_key("provision:stack"));
        own.map(|(name, stored)| (format!("parameter {name}"), stored.dump())).collect()
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

    fn furnish(&self, cloud: &mut Cloud) {
        cloud.ssm.put("/walk/level", Parameter::text("debug"));
        cloud.ssm.put("/walk/memory", Parameter::text("384"));
    }

    fn everything(&self, cloud: &Cloud) -> Vec<(Resource, String)> {
        let resource = |name: &String| Resource::named(Service::Ssm, "parameter", name);
        cloud.ssm.parameters.iter().map(|(name, stored)| (resource(name), format!("{stored:?}"))).collect()
    }

    fn remove(&self, cloud: &mut Cloud, resource: &Resource) {
        cloud.ssm.parameters.remove(&resource.name);
    }

    fn forget(&self, cloud: &mut Cloud, keep: &dyn Fn(&mut Tags)) {
        cloud.ssm.parameters.values_mut().for_each(|stored| keep(&mut stored.tags));
    }

    fn section(&self) -> Option<BoxedStrategy<Rc<dyn Section>>> {
        Some(random::section())
    }

    /// The standard throughput: reads share one, and changes are fewer [aws-facts-services: 10; M: GetParameters].
    fn quota(&self, _: &Cloud, operation: &str) -> Option<Quota> {
        match operation {
            "PutParameter" => Some(("ssm:PutParameter", 3.0, 10.0)),
            _ => Some(("ssm:parameters", 40.0, 40.0)),
        }
    }

    fn requests(&self) -> &'static str {
        include_str!("requests.yaml")
    }

    fn disagreements(&self) -> &'static str {
        include_str!("disagreements.yaml")
    }
}
