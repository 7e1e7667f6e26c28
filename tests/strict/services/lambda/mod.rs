//! Lambda [aws-facts: Lambda].

mod by_hand;
mod changes;
mod checks;
mod code;
mod function;
mod given;
pub(crate) mod hindrances;
mod policy;
mod random;

pub(crate) use function::{EVERYWHERE, Function, LATE_LOGS, PENDING, State, function_arn};
pub(crate) use policy::Statements;
pub(crate) use random::FUNCTIONS;

use crate::access::{Need, known, with_tagging};
use crate::cloud::{Cloud, ServiceError, Tags, text};
use crate::quota::Quota;
use crate::random::Section;
use crate::service::{Drift, Facts, Make, Resource, StackChange, StrictService, Tagged};
use crate::services::{Service, iam};
use crate::wire::Call;
use proptest::strategy::BoxedStrategy;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::rc::Rc;

pub(crate) struct Lambda;

impl StrictService for Lambda {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "lambda",
            model: ("lambda", "2015-03-31"),
            operations: &[function::OPERATIONS, policy::OPERATIONS],
            changed: &["FunctionName"],
            subject: &["FunctionName", "StatementId", "Resource", "Description"],
            tokens: &["NextMarker"],
            throttled: ("TooManyRequestsException", 429),
            failed: ("ServiceException", 500),
            denied: ("AccessDeniedException", 403),
            invalid: "ValidationException",
            unmodelled: &[
                "ValidationException",
                "InvalidParameterValueException",
                "ResourceConflictException",
            ],
        }
    }

    fn needs(&self, cloud: &Cloud, call: &Call) -> Vec<Need> {
        let (params, name) = (&call.params, call.operation.name.as_str());
        let function = text(params, "FunctionName").map(function_arn);
        let resource = function.or_else(|| text(params, "Resource").map(str::to_owned)).unwrap_or_default();
        let there = cloud.lambda.functions.get(resource.rsplit(':').next().unwrap_or_default());
        let there = there.filter(|function| function.gone.is_none_or(|gone| cloud.now < gone));
        let tags =
            there.and_then(|there| known(cloud, there.created, &there.tags)).cloned().unwrap_or_default();
        let principal = text(params, "Principal").filter(|_| name == "AddPermission");
        let own = Need::new(call.name(), resource.clone()).of(&tags).with("lambda:Principal", principal);
        let mut needs = with_tagging(call, own.clone(), "lambda:TagResource", name == "CreateFunction");
        if name == "GetFunction" {
            needs.push(Need { action: "lambda:ListTags".to_owned(), partly: true, ..own });
        }
        if let Some(role) = text(params, "Role") {
            needs.push(
                Need::new("iam:PassRole", role).with("iam:PassedToService", Some("lambda.amazonaws.com")),
            );
        }
        let layers = params["Layers"].as_array().into_iter().flatten().filter_map(Json::as_str);
        needs.extend(layers.map(|layer| Need::new("lambda:GetLayerVersion", layer)));
        needs
    }

    /// A runtime is not checked with the rest [aws-facts: LS].
    fn invalid(&self, wrong: &str) -> &'static str {
        let runtime = wrong.starts_with("Runtime: ");
        if runtime { "InvalidParameterValueException" } else { self.facts().invalid }
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

    fn tagged(&self, cloud: &Cloud) -> Vec<Tagged> {
        let tagged = |(name, function): (&String, &Function)| Tagged {
            arn: function_arn(name),
            name: format!("function {name}"),
            created: function.created,
            tags: function.tags.clone(),
        };
        cloud.lambda.functions.iter().map(tagged).collect()
    }

    /// No function is without its role and its log group.
    fn broken(&self, cloud: &Cloud) -> Vec<(String, String)> {
        let functions = cloud.lambda.functions.iter();
        functions
            .filter_map(|(name, function)| Some((format!("the function {name}"), lacks(cloud, function)?)))
            .collect()
    }

    fn unready(&self, cloud: &Cloud) -> Vec<String> {
        let functions = cloud.lambda.functions.iter().filter(|(_, function)| function.is_unready(cloud));
        functions.map(|(name, _)| format!("the function {name} is Pending, InProgress or Failed")).collect()
    }

    fn running(&self, cloud: &Cloud) -> Vec<String> {
        let running = cloud.lambda.functions.values().filter(|function| function.gone.is_none());
        let role = |function: &Function| function.member("Role").rsplit('/').next().map(str::to_owned);
        running.filter_map(role).collect()
    }

    fn dump(&self, cloud: &Cloud) -> BTreeMap<String, Json> {
        let functions = cloud.lambda.functions.iter().filter(|(_, function)| function.gone.is_none());
        functions.map(|(name, function)| (format!("function {name}"), dumped(function))).collect()
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
        let mut all = Vec::new();
        for (name, function) in cloud.lambda.functions.iter().filter(|(_, function)| function.gone.is_none())
        {
            let resource = Resource::named(Service::Lambda, "function", name);
            for statement in function.policy.now() {
                let sid = statement["Sid"].as_str().unwrap_or_default();
                all.push((resource.child("permission", sid), statement.to_string()));
            }
            let function = Function { policy: Statements::default(), ..function.clone() };
            all.push((resource, format!("{function:?}")));
        }
        all
    }

    fn remove(&self, cloud: &mut Cloud, resource: &Resource) {
        let now = cloud.now;
        let Some(function) = &resource.parent else {
            cloud.lambda.functions.remove(&resource.name);
            return;
        };
        let Some(function) = cloud.lambda.functions.get_mut(&function.name) else { return };
        let rest = function.policy.now().into_iter().filter(|statement| statement["Sid"] != *resource.name);
        function.policy.set(now, rest.collect());
    }

    fn forget(&self, cloud: &mut Cloud, keep: &dyn Fn(&mut Tags)) {
        cloud.lambda.functions.values_mut().for_each(|function| keep(&mut function.tags));
    }

    fn changes(&self) -> &'static [(&'static str, StackChange)] {
        changes::CHANGES
    }

    fn section(&self) -> Option<BoxedStrategy<Rc<dyn Section>>> {
        Some(random::section())
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

/// What a function needs and has not, as long as anybody sees it: late events of one without a log group make a group that
/// no stack owns [aws-facts: Lambda].
fn lacks(cloud: &Cloud, function: &Function) -> Option<String> {
    let seen = function.gone.is_none_or(|gone| cloud.now < gone);
    let (role, group) = (function.member("Role"), function.group());
    match () {
        () if !seen => None,
        () if !iam::exists(cloud, role) => Some(format!("there is no role {role}")),
        () if !cloud.logs.groups.contains_key(&group) => Some(format!("there is no log group {group}")),
        () => None,
    }
}

fn dumped(function: &Function) -> Json {
    let mut policy = function.policy.now();
    policy.iter_mut().for_each(without_number);
    policy.sort_by_key(ToString::to_string);
    json!({
        "configuration": function.configuration, "tags": function.tags, "reserved": function.reserved,
        "policy": policy,
    })
}

/// How often a permission was replaced, which the number at the end of its `Sid` says, makes no difference.
fn without_number(statement: &mut Json) {
    let sid = statement["Sid"].as_str().unwrap_or_default();
    if let Some((base, _)) = sid.rsplit_once('-').filter(|_| sid.starts_with("provision-")) {
        statement["Sid"] = base.into();
    }
}
