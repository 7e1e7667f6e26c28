//! Lambda [aws-facts: Lambda].

mod apart;
mod by_hand;
mod changes;
mod checks;
mod code;
mod configuration;
mod function;
mod given;
mod grants;
pub(crate) mod hindrances;
mod layer;
mod layer_by_hand;
mod mapping;
mod mapping_by_hand;
mod policy;
mod random;
mod tags;
mod tests;
mod url;

pub(crate) use function::{EVERYWHERE, Function, LATE_LOGS, PENDING, State, function_arn};
pub(crate) use layer_by_hand::publish;
pub(crate) use policy::Statements;
pub(crate) use random::FUNCTIONS;

use crate::access::{Need, known, nothing, request_tags, with_tagging};
use crate::cloud::{ACCOUNT, Cloud, REGION, ServiceError, Tags, Time, text};
use crate::quota::Quota;
use crate::random::Section;
use crate::service::{Drift, Facts, Make, Resource, StackChange, StrictService, Tagged};
use crate::services::{Service, iam, sqs};
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
            ],
            changed: &["UUID", "FunctionName", "LayerName"],
            subject: &["EventSourceArn", "FunctionName", "LayerName", "StatementId", "Resource"],
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
        if name.contains("EventSourceMapping") {
            return of_mapping(cloud, call);
        }
        if name.contains("Layer") {
            return vec![of_layer(call)];
        }
        let function = text(params, "FunctionName").map(function_arn);
        let resource = function.or_else(|| text(params, "Resource").map(str::to_owned)).unwrap_or_default();
        let there = cloud.lambda.functions.get(resource.rsplit(':').next().unwrap_or_default());
        let there = there.filter(|function| function.gone.is_none_or(|gone| cloud.now < gone));
        let tags =
            there.map(|there| (there.created, &there.tags)).or_else(|| of_mapping_arn(cloud, &resource));
        let tags = tags.and_then(|(created, tags)| known(cloud, created, tags)).cloned().unwrap_or_default();
        let principal = text(params, "Principal").filter(|_| name == "AddPermission");
        let live = there.and_then(|there| there.url.as_ref()).map(|url| url.auth.as_str());
        let auth = text(params, "FunctionUrlAuthType").or_else(|| text(params, "AuthType"));
        let auth = auth.or(live.filter(|_| name.ends_with("FunctionUrlConfig")));
        let own = Need::new(call.name(), resource.clone())
            .of(&tags)
            .with("lambda:Principal", principal)
            .with("lambda:FunctionUrlAuthType", auth);
        let mut needs = with_tagging(call, own.clone(), "lambda:TagResource", name == "CreateFunction");
        if name == "GetFunction" {
            needs.push(Need { action: "lambda:ListTags".to_owned(), partly: true, ..own });
        }
        if let Some(role) = text(params, "Role") {
            needs.push(
                Need::new("iam:PassRole", role).with("iam:PassedToService", Some("lambda.amazonaws.com")),
            );
        }
        needs.extend(of_settings(cloud, call));
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

    /// No function is without its role and its log group, no URL without what its callers need or unknown to its function, and
    /// no mapping of a stack without its queue and its function.
    fn broken(&self, cloud: &Cloud) -> Vec<(String, String)> {
        let functions = cloud.lambda.functions.iter();
        let functions = functions
            .filter_map(|(name, function)| Some((format!("the function {name}"), lacks(cloud, function)?)));
        let mappings = mappings(cloud)
            .filter_map(|(_, mapping)| Some((format!("the {}", mapping.name()), dangles(cloud, mapping)?)));
        functions.chain(mappings).collect()
    }

    fn unready(&self, cloud: &Cloud) -> Vec<String> {
        let functions = cloud.lambda.functions.iter().filter(|(_, function)| function.is_unready(cloud));
        let functions =
            functions.map(|(name, _)| format!("the function {name} is Pending, InProgress or Failed"));
        let mappings = cloud.lambda.mappings.values().filter(|mapping| mapping.is_in_transition(cloud));
        let mappings = mappings.map(|mapping| format!("the {} is {}", mapping.name(), mapping.transition.0));
        functions.chain(mappings).collect()
    }

    fn running(&self, cloud: &Cloud) -> Vec<String> {
        let running = cloud.lambda.functions.values().filter(|function| function.gone.is_none());
        let role = |function: &Function| function.member("Role").rsplit('/').next().map(str::to_owned);
        running.filter_map(role).collect()
    }

    fn dump(&self, cloud: &Cloud) -> BTreeMap<String, Json> {
        let functions = cloud.lambda.functions.iter().filter(|(_, function)| function.gone.is_none());
        let functions = functions.map(|(name, function)| (format!("function {name}"), dumped(function)));
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
    }

    fn leave_behind(&self, cloud: &mut Cloud) {
        by_hand::leave_behind(cloud);
        mapping_by_hand::leave_behind(cloud);
    }

    fn drifts(&self) -> &'static [(&'static str, Drift)] {
        static ALL: LazyLock<Vec<(&str, Drift)>> = LazyLock::new(|| {
            [by_hand::DRIFTS, layer_by_hand::DRIFTS, of_mappings(mapping_by_hand::DRIFTS)].concat()
        });
        &ALL
    }

    fn unmanaged(&self) -> &'static [(&'static str, Make)] {
        static ALL: LazyLock<Vec<(&str, Make)>> = LazyLock::new(|| {
            [by_hand::UNMANAGED, layer_by_hand::UNMANAGED, of_mappings(mapping_by_hand::UNMANAGED)].concat()
        });
        &ALL
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
        all.extend(cloud.lambda.layers.iter().filter(|(_, layer)| !layer.versions.is_empty()).map(
            |(name, layer)| {
                (Resource::named(Service::Lambda, "layer", name), format!("{:?}", layer.versions))
            },
        ));
        all.extend(mappings(cloud).map(|(id, mapping)| {
            (Resource::with_id(Service::Lambda, "event_source", id), format!("{mapping:?}"))
        }));
        all
    }

    fn remove(&self, cloud: &mut Cloud, resource: &Resource) {
        let now = cloud.now;
        let Some(function) = &resource.parent else {
            if let Some(layer) =
                cloud.lambda.layers.get_mut(&resource.name).filter(|_| resource.kind == "layer")
            {
                return layer.versions.clear();
            }
            cloud.lambda.functions.remove(&resource.name);
            cloud.lambda.mappings.remove(&resource.name);
            return;
        };
        let Some(function) = cloud.lambda.functions.get_mut(&function.name) else { return };
        let rest = function.policy.now().into_iter().filter(|statement| statement["Sid"] != *resource.name);
        function.policy.set(now, rest.collect());
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

/// What the settings of a call need besides the call itself [aws-facts-services: Deployer's actions; DG].
fn of_settings(cloud: &Cloud, call: &Call) -> Vec<Need> {
    let (params, name) = (&call.params, call.operation.name.as_str());
    let mut needs = Vec::new();
    let mut need = |action: &str, on: &str| needs.push(Need::new(action, on));
    let has = |list: &Json| list.as_array().is_some_and(|items| !items.is_empty());
    if has(&params["VpcConfig"]["SubnetIds"]) {
        for action in ["DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs"] {
            need(&format!("ec2:{action}"), &arn_in("ec2", "subnet/any"));
        }
    }
    if has(&params["FileSystemConfigs"]) {
        need("elasticfilesystem:DescribeMountTargets", &arn_in("elasticfilesystem", "file-system/fs-1"));
    }
    if let Some(key) = text(params, "KMSKeyArn").filter(|key| !key.is_empty()) {
        need("kms:CreateGrant", key);
        need("kms:Encrypt", key);
    }
    if text(params, "ImageUri").or_else(|| text(&params["Code"], "ImageUri")).is_some() {
        let repository = arn_in("ecr", "repository/shop");
        need("ecr:GetRepositoryPolicy", &repository);
        need("ecr:SetRepositoryPolicy", &repository);
    }
    if let Some(signing) = text(params, "CodeSigningConfigArn").filter(|_| name.starts_with("Put")) {
        need("lambda:PutFunctionCodeSigningConfig", signing);
    }
    let live = text(params, "FunctionName").and_then(|name| cloud.lambda.functions.get(function::bare(name)));
    let key = live.and_then(|function| function.configuration.get("KMSKeyArn")?.as_str());
    if let Some(key) = key.filter(|_| name == "GetFunction") {
        need("kms:Decrypt", key);
    }
    needs
}

/// The ARN of another service's resource.
fn arn_in(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
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

/// What calls about layers need: those about a version are checked on that, and lists on nothing [Service Authorization
/// Reference].
fn of_layer(call: &Call) -> Need {
    let params = &call.params;
    let resource = match (text(params, "LayerName"), params["VersionNumber"].as_i64(), text(params, "Arn")) {
        _ if call.operation.name.starts_with("List") => nothing(call),
        (Some(name), Some(number), _) => format!("{}:{number}", layer::layer_arn(name)),
        (Some(name), None, _) => layer::layer_arn(name),
        (None, _, arn) => arn.unwrap_or_default().to_owned(),
    };
    let action = call.name().replace("GetLayerVersionByArn", "GetLayerVersion");
    Need::new(action, resource)
}

/// What is done with mappings, as soon as stacks can have them.
fn of_mappings<T>(done: &'static [T]) -> &'static [T] {
    if sqs::can_be_declared("event_source") { done } else { &[] }
}

/// When the mapping of an ARN was created, and its tags.
fn of_mapping_arn<'a>(cloud: &'a Cloud, arn: &str) -> Option<(Time, &'a Tags)> {
    let (_, id) = arn.split_once(":event-source-mapping:")?;
    cloud.lambda.mappings.get(id).map(|mapping| (mapping.created, &mapping.tags))
}

/// What calls about mappings need. A create knows no resource but the function, as a condition; its tags are checked on the
/// ARN that the mapping gets, and a key for its filters on the key [aws-facts: Deployer's actions; DG].
fn of_mapping(cloud: &Cloud, call: &Call) -> Vec<Need> {
    let params = &call.params;
    let function = text(params, "FunctionName").map(|name| function_arn(function::bare(name)));
    let need = |resource: String| Need::new(call.name(), resource);
    let own = match text(params, "UUID") {
        None if call.operation.name.starts_with("List") => need(nothing(call)),
        None => need(nothing(call)).with("lambda:FunctionArn", function.as_deref()).tagging(call),
        Some(id) => {
            let arn = mapping::mapping_arn(id);
            let tags = of_mapping_arn(cloud, &arn).and_then(|(created, tags)| known(cloud, created, tags));
            let live = cloud.lambda.mappings.get(id).map(|mapping| mapping.member("FunctionArn").to_owned());
            let function = function.or(live);
            need(arn).of(&tags.cloned().unwrap_or_default()).with("lambda:FunctionArn", function.as_deref())
        }
    };
    let tags = (!request_tags(call).is_empty())
        .then(|| Need::new("lambda:TagResource", mapping::mapping_arn("*")).tagging(call));
    let key = text(params, "KMSKeyArn").filter(|key| !key.is_empty());
    let key = key.into_iter().flat_map(|key| {
        ["DescribeKey", "GenerateDataKey", "Decrypt"].map(|action| Need::new(format!("kms:{action}"), key))
    });
    [own].into_iter().chain(tags).chain(key).collect()
}

/// What a mapping of a stack leads from or to and does not exist; nothing on AWS keeps it there
/// [aws-facts: Event source mappings].
fn dangles(cloud: &Cloud, mapping: &Mapping) -> Option<String> {
    let (source, function) = (mapping.member("EventSourceArn"), mapping.member("FunctionArn"));
    let has_queue = cloud.sqs.queues.keys().any(|name| sqs::queue_arn(name) == source);
    // Its stream may be another one for a moment.
    let table = source.split("table/").nth(1).and_then(|table| table.split('/').next());
    let has_table = table.is_some_and(|table| cloud.dynamodb.tables.contains_key(table));
    let live = cloud.lambda.functions.get(function::bare(function));
    match live.filter(|function| function.gone.is_none()) {
        _ if !mapping.tags.contains_key("provision:stack") => None,
        None => Some(format!("there is no function {function}")),
        Some(_) if !has_queue && !has_table => Some(format!("there is no source {source}")),
        Some(_) => None,
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
        () => function.url.as_ref().and_then(|url| url.lacks(function)).map(str::to_owned),
    }
}

fn dumped(function: &Function) -> Json {
    let mut policy = function.policy.now();
    policy.iter_mut().for_each(without_number);
    policy.sort_by_key(ToString::to_string);
    let mut configuration = function.configuration.clone();
    // What says that there is none is the same as nothing.
    if !configuration::in_network(&configuration) {
        configuration.remove("VpcConfig");
    }
    if configuration.get("SnapStart").is_some_and(|snapshots| snapshots["ApplyOn"] == "None") {
        configuration.remove("SnapStart");
    }
    let mut dumped = json!({
        "configuration": configuration, "tags": function.tags, "reserved": function.reserved, "policy": policy,
    });
    let apart = function.apart.dumped();
    if !apart.is_null() {
        dumped["apart"] = apart;
    }
    if let Some(url) = &function.url {
        dumped["url"] = url.dumped();
    }
    dumped
}

/// How often a permission was replaced, which the number at the end of its `Sid` says, makes no difference.
fn without_number(statement: &mut Json) {
    let sid = statement["Sid"].as_str().unwrap_or_default();
    if let Some((base, _)) = sid.rsplit_once('-').filter(|_| sid.starts_with("provision-")) {
        statement["Sid"] = base.into();
    }
}
