//! What access control asks for calls of Lambda [Service Authorization Reference; aws-facts: Deployer's actions].

use super::qualifier::{Named, bare};
use super::{layer, mapping};
use crate::access::{Need, known, nothing, request_tags, with_tagging};
use crate::cloud::{ACCOUNT, Cloud, REGION, Tags, Time, text};
use crate::wire::Call;
use serde_json::Value as Json;

/// What a call needs. A call with a qualifier is checked on the ARN with it, in its name or beside it [notice of AWS: Lambda
/// authorization, Jan 2022; DG: AddPermission on `function:name:*`], and so has none of the tags of the function. One about an alias
/// names that otherwise, and is checked on the function [Service Authorization Reference].
pub(super) fn of(cloud: &Cloud, call: &Call) -> Vec<Need> {
    let (params, name) = (&call.params, call.operation.name.as_str());
    if name.contains("EventSourceMapping") {
        return of_mapping(cloud, call);
    }
    if name.contains("Layer") {
        return vec![of_layer(call)];
    }
    let named = text(params, "FunctionName").map(Named::parse);
    let named = named.map(|named| text(params, "Qualifier").map_or(named.clone(), |name| named.with(name)));
    let resource = named.as_ref().map(Named::arn).or_else(|| text(params, "Resource").map(str::to_owned));
    let resource = resource.unwrap_or_default();
    let there = cloud.lambda.functions.get(&Named::parse(&resource).function);
    let there = there.filter(|function| function.gone.is_none_or(|gone| cloud.now < gone));
    let tags = there.map(|there| (there.created, &there.tags)).or_else(|| of_mapping_arn(cloud, &resource));
    let is_qualified = named.is_some_and(|named| named.qualifier.is_some());
    let tags = tags.filter(|_| !is_qualified).and_then(|(created, tags)| known(cloud, created, tags));
    let tags = tags.cloned().unwrap_or_default();
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
        needs.push(Need::new("iam:PassRole", role).with("iam:PassedToService", Some("lambda.amazonaws.com")));
    }
    needs.extend(of_settings(cloud, call));
    let layers = params["Layers"].as_array().into_iter().flatten().filter_map(Json::as_str);
    needs.extend(layers.map(|layer| Need::new("lambda:GetLayerVersion", layer)));
    needs
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
    let live = text(params, "FunctionName").and_then(|name| cloud.lambda.functions.get(bare(name)));
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

/// When the mapping of an ARN was created, and its tags.
fn of_mapping_arn<'a>(cloud: &'a Cloud, arn: &str) -> Option<(Time, &'a Tags)> {
    let (_, id) = arn.split_once(":event-source-mapping:")?;
    cloud.lambda.mappings.get(id).map(|mapping| (mapping.created, &mapping.tags))
}

/// What calls about mappings need. A create knows no resource but the function, as a condition; its tags are checked on the
/// ARN that the mapping gets, and a key for its filters on the key [aws-facts: Deployer's actions; DG].
fn of_mapping(cloud: &Cloud, call: &Call) -> Vec<Need> {
    let params = &call.params;
    let function = text(params, "FunctionName").map(|name| Named::parse(name).arn());
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
