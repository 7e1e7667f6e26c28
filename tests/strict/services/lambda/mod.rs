//! Lambda [aws-facts: Lambda].

mod alias;
mod alias_by_hand;
mod apart;
mod by_hand;
mod callee;
mod changes;
mod checks;
mod code;
mod configuration;
mod dumped;
mod everything;
mod function;
mod given;
mod grants;
pub(crate) mod hindrances;
mod holds;
mod layer;
mod layer_by_hand;
mod mapping;
mod mapping_by_hand;
mod mapping_checks;
mod needs;
mod policy;
mod provisioned;
mod qualifier;
mod random;
mod tags;
mod tests;
mod url;
mod version;
mod version_tests;

pub(crate) use alias::{Share, shares};
pub(crate) use callee::callee;
pub(crate) use function::{EVERYWHERE, Function, IN_PROGRESS, LATE_LOGS, PENDING, State, function_arn};
pub(crate) use grants::allows as role_may;
pub(crate) use layer_by_hand::publish;
pub(crate) use policy::Statements;
pub(crate) use provisioned::PROVISIONING;
pub(crate) use random::FUNCTIONS;
pub(crate) use version::SNAPSHOT;

use crate::access::Need;
use crate::cloud::{Cloud, ServiceError, Tags, Time, text};
use crate::quota::Quota;
use crate::random::{Section, Wire};
use crate::service::{Drift, Facts, Make, Resource, StackChange, StrictService, Tagged};
use crate::services::{iam, sqs};
use crate::wire::Call;
use layer::Version;
use mapping::Mapping;
use proptest::strategy::BoxedStrategy;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::LazyLock;

pub(crate) struct Lambda;

impl StrictService for Lambda {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "lambda",
            model: ("lambda", "2015-03-31"),
            operations: &[
                function::OPERATIONS,
                apart::OPERATIONS,
                policy::OPERATIONS,
                mapping::OPERATIONS,
                layer::OPERATIONS,
                url::OPERATIONS,
                tags::OPERATIONS,
                version::OPERATIONS,
                alias::OPERATIONS,
                provisioned::OPERATIONS,
            ],
            changed: &["UUID", "FunctionName", "LayerName"],
            subject: &[
                "EventSourceArn",
                "FunctionName",
                "LayerName",
                "Name",
                "Qualifier",
                "StatementId",
                "Resource",
            ],
            tokens: &["NextMarker"],
            throttled: ("TooManyRequestsException", 429),
            failed: ("ServiceException", 500),
            denied: ("AccessDeniedException", 403),
            invalid: "ValidationException",
            unmodelled: &[
                "ValidationException",
                "InvalidParameterValueException",
                "ResourceConflictException",
                "AccessDeniedException",
            ],
        }
    }

    fn needs(&self, cloud: &Cloud, call: &Call) -> Vec<Need> {
        needs::of(cloud, call)
    }

    /// A runtime is not checked with the rest: it may be an ARN as well [recorded: lambda_, invalid_runtime_exc].
    fn invalid(&self, call: &Call, wrong: &str) -> (&'static str, Option<String>) {
        let runtime = text(&call.params, "Runtime").zip(wrong.strip_prefix("Runtime: is none of "));
        let Some((runtime, allowed)) = runtime else { return (self.facts().invalid, None) };
        let allowed = allowed.rsplit_once(": ").map_or(allowed, |(allowed, _)| allowed);
        let said = format!(
            "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{allowed}] or be a \
             valid ARN"
        );
        ("InvalidParameterValueException", Some(said))
    }

    /// 15 a second in all, besides GetFunction (100) and GetPolicy (15) [aws-facts: Lambda, DG].
    fn quota(&self, _: &Cloud, operation: &str) -> Option<Quota> {
        Some(match operation {
            "GetFunction" => ("lambda:GetFunction", 100.0, 100.0),
            "GetPolicy" => ("lambda:GetPolicy", 15.0, 15.0),
            _ => ("lambda", 15.0, 15.0),
        })
    }

    /// It leaves out the tags, and says why.
    fn censor(&self, refusal: &str, response: &mut Json) {
        response["Tags"] = Json::Null;
        response["TagsError"] = json!({ "ErrorCode": "AccessDeniedException", "Message": refusal });
    }

    fn dress(
        &self,
        _: &ServiceError,
        status: u16,
        headers: &mut Vec<(&'static str, String)>,
        body: &mut Json,
    ) {
        if status == 429 {
            headers.push(("retry-after", "1".to_owned()));
            body["Reason"] = "CallerRateLimitExceeded".into();
        }
    }

    fn happen(&self, cloud: &mut Cloud) {
        mapping::forget_deleted(cloud);
        grants::learn(cloud);
        delete_interfaces(cloud);
    }

    fn tagged(&self, cloud: &Cloud) -> Vec<Tagged> {
        let mappings = mappings(cloud).map(|(id, mapping)| Tagged {
            arn: mapping::mapping_arn(id),
            name: mapping.name(),
            created: mapping.created,
            tags: mapping.tags.clone(),
        });
        let tagged = |(name, function): (&String, &Function)| Tagged {
            arn: function_arn(name),
            name: format!("function {name}"),
            created: function.created,
            tags: function.tags.clone(),
        };
        cloud.lambda.functions.iter().map(tagged).chain(mappings).collect()
    }

    fn broken(&self, cloud: &Cloud) -> Vec<(String, String)> {
        holds::broken(cloud)
    }

    fn unready(&self, cloud: &Cloud) -> Vec<String> {
        holds::unready(cloud)
    }

    fn running(&self, cloud: &Cloud) -> Vec<String> {
        let running = cloud.lambda.functions.values().filter(|function| function.gone.is_none());
        running.flat_map(Function::roles).collect()
    }

    fn dump(&self, cloud: &Cloud) -> BTreeMap<String, Json> {
        let functions = cloud.lambda.functions.iter().filter(|(_, function)| function.gone.is_none());
        let functions =
            functions.map(|(name, function)| (format!("function {name}"), dumped::function(function)));
        let mapping = |mapping: &Mapping| json!({ "configuration": mapping.configuration, "enabled": mapping.enabled, "tags": mapping.tags });
        let layers = layers(cloud).map(|(name, _, newest)| (format!("layer {name}"), newest.dumped()));
        let interfaces = cloud.lambda.interfaces.iter();
        let interfaces = interfaces.map(|(role, _)| (format!("network interfaces of {role}"), Json::Null));
        let mappings = mappings(cloud).map(|(_, live)| (live.name(), mapping(live)));
        functions.chain(mappings).chain(layers).chain(interfaces).collect()
    }

    fn made_up(&self, cloud: &Cloud) -> Vec<(String, String)> {
        let mappings =
            mappings(cloud).map(|(id, mapping)| (id.clone(), format!("<id of {}>", mapping.name())));
        // How often a layer was published makes no difference.
        let newest = layers(cloud).map(|(name, number, _)| {
            (format!("layer:{name}:{number}\""), format!("layer:{name}:<the newest>\""))
        });
        let urls = cloud.lambda.functions.iter().filter_map(|(name, function)| {
            Some((function.url.as_ref()?.id.clone(), format!("<id of the URL of {name}>")))
        });
        mappings.chain(newest).chain(urls).collect()
    }

    fn change_all(&self, cloud: &mut Cloud) {
        by_hand::change_all(cloud);
        mapping_by_hand::change_all(cloud);
        alias_by_hand::change_all(cloud);
    }

    fn leave_behind(&self, cloud: &mut Cloud) {
        by_hand::leave_behind(cloud);
        mapping_by_hand::leave_behind(cloud);
    }

    fn drifts(&self) -> &'static [(&'static str, Drift)] {
        static ALL: LazyLock<Vec<(&str, Drift)>> = LazyLock::new(|| {
            let aliases = of("alias", alias_by_hand::DRIFTS);
            [by_hand::DRIFTS, layer_by_hand::DRIFTS, of("event_source", mapping_by_hand::DRIFTS), aliases]
                .concat()
        });
        &ALL
    }

    fn unmanaged(&self) -> &'static [(&'static str, Make)] {
        static ALL: LazyLock<Vec<(&str, Make)>> = LazyLock::new(|| {
            let mappings = of("event_source", mapping_by_hand::UNMANAGED);
            [by_hand::UNMANAGED, layer_by_hand::UNMANAGED, mappings, alias_by_hand::UNMANAGED].concat()
        });
        &ALL
    }

    fn everything(&self, cloud: &Cloud) -> Vec<(Resource, String)> {
        everything::everything(cloud)
    }

    fn remove(&self, cloud: &mut Cloud, resource: &Resource) {
        everything::remove(cloud, resource);
    }

    fn forget(&self, cloud: &mut Cloud, keep: &dyn Fn(&mut Tags)) {
        cloud.lambda.functions.values_mut().for_each(|function| keep(&mut function.tags));
        cloud.lambda.mappings.values_mut().for_each(|mapping| keep(&mut mapping.tags));
    }

    fn changes(&self) -> &'static [(&'static str, StackChange)] {
        changes::CHANGES
    }

    fn section(&self) -> Option<BoxedStrategy<Rc<dyn Section>>> {
        Some(random::section())
    }

    fn wires(&self) -> &'static [Wire] {
        random::WIRES
    }

    fn requests(&self) -> &'static str {
        include_str!("requests.yaml")
    }

    fn disagreements(&self) -> &'static str {
        include_str!("disagreements.yaml")
    }

    fn given(&self) -> Vec<(&'static str, Json)> {
        given::values()
    }

    /// A layer of functions.
    fn required(&self, given: &BTreeMap<String, Json>) -> Vec<(&'static str, Json)> {
        let layer = json!({ "LayerName": "tools", "Content": { "ZipFile": given["zip"] } });
        vec![("lambda:PublishLayerVersion", layer)]
    }
}

/// Deletes the interfaces that are due. Lambda does that with the role of the function, and never if there is no such role
/// [aws-facts-services: 8, DG].
fn delete_interfaces(cloud: &mut Cloud) {
    let (now, interfaces) = (cloud.now, std::mem::take(&mut cloud.lambda.interfaces));
    let stays = |(role, due): &(String, Time)| now < *due || !iam::exists(cloud, role);
    cloud.lambda.interfaces = interfaces.into_iter().filter(stays).collect();
}

/// The mappings that are not being deleted.
fn mappings(cloud: &Cloud) -> impl Iterator<Item = (&String, &Mapping)> {
    cloud.lambda.mappings.iter().filter(|(_, mapping)| !mapping.deleted)
}

/// The layers with the number of their newest version, and that.
fn layers(cloud: &Cloud) -> impl Iterator<Item = (&String, u64, &Version)> {
    let layers = cloud.lambda.layers.iter();
    layers.filter_map(|(name, layer)| {
        layer.versions.last_key_value().map(|(number, newest)| (name, *number, newest))
    })
}

/// What is done with a kind, as soon as stacks can have it.
fn of<T>(kind: &str, done: &'static [T]) -> &'static [T] {
    if sqs::can_be_declared(kind) { done } else { &[] }
}
