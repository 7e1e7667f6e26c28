//! What access control asks for each call, as the Service Authorization Reference has it: the actions, the resource that
//! they are checked on, and the condition keys with their values.

use crate::cloud::{Cloud, Tags, Time, arn, required, text};
use crate::model::Service;
use crate::services::lambda::function_arn;
use crate::services::logs::group_arn;
use crate::wire::Call;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value as Json;

/// What must be allowed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Need {
    pub(crate) action: String,
    /// The ARN. Of an action that knows no resources, one that only `*` matches.
    pub(crate) resource: String,
    pub(crate) context: Vec<(String, String)>,
    /// True if the call is answered without it as well, but in part.
    pub(crate) partly: bool,
}

impl Need {
    pub(crate) fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Need { action: action.into(), resource: resource.into(), context: Vec::new(), partly: false }
    }

    pub(crate) fn with(mut self, key: impl Into<String>, value: Option<&str>) -> Self {
        self.context.extend(value.map(|value| (key.into(), value.to_owned())));
        self
    }

    fn with_tags(mut self, prefix: &str, tags: &Tags) -> Self {
        self.context.extend(tags.iter().map(|(key, value)| (format!("{prefix}/{key}"), value.clone())));
        self
    }

    /// The tags that the resource has as yet.
    fn of(self, tags: &Tags) -> Self {
        self.with_tags("aws:ResourceTag", tags)
    }

    /// The tags that are sent along.
    fn tagging(self, call: &Call) -> Self {
        self.with_tags("aws:RequestTag", &request_tags(call))
    }
}

/// All that a call needs.
pub(crate) fn needs(cloud: &Cloud, call: &Call) -> Vec<Need> {
    match call.service {
        // Allowed to everybody.
        Service::Sts => Vec::new(),
        Service::Tagging => vec![Need::new(call.name(), nothing(call))],
        Service::DynamoDb => dynamodb(cloud, call),
        Service::Iam => iam(cloud, call),
        Service::Logs => logs(cloud, call),
        Service::Lambda => lambda(cloud, call),
        Service::ApiGateway => apigateway(cloud, call),
    }
}

/// The resource of an action that takes none: only `*` matches it.
fn nothing(call: &Call) -> String {
    format!("arn:aws:{}:::none", call.service.name())
}

/// The action of the call itself, and the one that tags what it makes [aws-facts: The deployer's own IAM actions].
fn with_tagging(call: &Call, own: Need, tagging: &str, creates: bool) -> Vec<Need> {
    let own = own.tagging(call);
    let tag = (creates && !request_tags(call).is_empty())
        .then(|| Need::new(tagging, own.resource.clone()).tagging(call));
    [own].into_iter().chain(tag).collect()
}

/// Tags become known to access control as late as to anybody.
fn known<'a>(cloud: &Cloud, created: Time, tags: &'a Tags) -> Option<&'a Tags> {
    (cloud.now >= created + cloud.delays.tags).then_some(tags)
}

fn dynamodb(cloud: &Cloud, call: &Call) -> Vec<Need> {
    let named = text(&call.params, "TableName").map(|name| arn(Service::DynamoDb, &format!("table/{name}")));
    let Some(resource) = named.or_else(|| text(&call.params, "ResourceArn").map(str::to_owned)) else {
        return vec![Need::new(call.name(), nothing(call))];
    };
    let table = cloud.dynamodb.tables.get(resource.split(":table/").nth(1).unwrap_or_default());
    let tags = table.and_then(|table| known(cloud, table.created, &table.tags)).cloned().unwrap_or_default();
    let own =
        Need::new(call.name(), resource).of(&tags).with("dynamodb:Select", text(&call.params, "Select"));
    with_tagging(call, own, "dynamodb:TagResource", call.operation.name == "CreateTable")
}

fn iam(cloud: &Cloud, call: &Call) -> Vec<Need> {
    let (params, name) = (&call.params, call.operation.name.as_str());
    let Some(role) = text(params, "RoleName") else { return vec![Need::new(call.name(), nothing(call))] };
    let there = cloud.iam.roles.get(&role.to_lowercase());
    let resource = match (name, there) {
        ("RemoveRoleFromInstanceProfile", _) => {
            arn(Service::Iam, &format!("instance-profile/{}", required(params, "InstanceProfileName")))
        }
        ("CreateRole", _) => arn(Service::Iam, &format!("role{}{role}", text(params, "Path").unwrap_or("/"))),
        (_, Some(role)) => role.arn(),
        // The name of a role that is not there is not resolved: AWS's refusals say `on resource: role NAME`.
        (_, None) => arn(Service::Iam, &format!("role {role}")),
    };
    let tags = there.and_then(|role| known(cloud, role.created, &role.tags)).cloned().unwrap_or_default();
    // The boundary that is sent, else the one that the role has.
    let boundary = match name {
        "CreateRole" | "PutRolePermissionsBoundary" => text(params, "PermissionsBoundary"),
        "GetRole"
        | "PutRolePolicy"
        | "DeleteRolePolicy"
        | "DetachRolePolicy"
        | "DeleteRolePermissionsBoundary"
        | "UpdateAssumeRolePolicy"
        | "DeleteRole" => there.and_then(|role| role.boundary.as_deref()),
        _ => None,
    };
    let own = Need::new(call.name(), resource).of(&tags).with("iam:PermissionsBoundary", boundary);
    with_tagging(call, own, "iam:TagRole", name == "CreateRole")
}

/// Groups have two ARNs: as AWS's refusals say, calls about a group are checked with the streams in it, and calls about tags
/// without.
fn logs(cloud: &Cloud, call: &Call) -> Vec<Need> {
    let params = &call.params;
    let of_group = |name: &str| {
        let group = cloud.logs.groups.get(name);
        group.and_then(|group| known(cloud, group.created, &group.tags)).cloned().unwrap_or_default()
    };
    if let Some(group) = text(params, "resourceArn") {
        let name = group.split(":log-group:").nth(1).unwrap_or_default();
        return vec![Need::new(call.name(), group).of(&of_group(name)).tagging(call)];
    }
    let Some(name) = text(params, "logGroupName") else {
        return vec![Need::new(call.name(), nothing(call))];
    };
    let own = Need::new(call.name(), format!("{}:log-stream:", group_arn(name))).of(&of_group(name));
    let needs = with_tagging(call, own, "logs:TagResource", call.operation.name == "CreateLogGroup");
    let bare = |need: Need| match need.action.as_str() {
        "logs:TagResource" => Need { resource: group_arn(name), ..need },
        _ => need,
    };
    needs.into_iter().map(bare).collect()
}

fn lambda(cloud: &Cloud, call: &Call) -> Vec<Need> {
    let (params, name) = (&call.params, call.operation.name.as_str());
    let function = text(params, "FunctionName").map(function_arn);
    let resource = function.or_else(|| text(params, "Resource").map(str::to_owned)).unwrap_or_default();
    let there = cloud.lambda.functions.get(resource.rsplit(':').next().unwrap_or_default());
    let there = there.filter(|function| function.gone.is_none_or(|gone| cloud.now < gone));
    let tags = there.and_then(|there| known(cloud, there.created, &there.tags)).cloned().unwrap_or_default();
    let principal = text(params, "Principal").filter(|_| name == "AddPermission");
    let own = Need::new(call.name(), resource.clone()).of(&tags).with("lambda:Principal", principal);
    let mut needs = with_tagging(call, own.clone(), "lambda:TagResource", name == "CreateFunction");
    if name == "GetFunction" {
        needs.push(Need { action: "lambda:ListTags".to_owned(), partly: true, ..own });
    }
    if let Some(role) = text(params, "Role") {
        needs.push(Need::new("iam:PassRole", role).with("iam:PassedToService", Some("lambda.amazonaws.com")));
    }
    let layers = params["Layers"].as_array().into_iter().flatten().filter_map(Json::as_str);
    needs.extend(layers.map(|layer| Need::new("lambda:GetLayerVersion", layer)));
    needs
}

/// The actions are the verbs of HTTP, and the resources the paths, as the service's model has them but for the version.
fn apigateway(cloud: &Cloud, call: &Call) -> Vec<Need> {
    let action = format!("apigateway:{}", call.operation.http.method);
    let path = path(call);
    let api = text(&call.params, "ApiId").and_then(|id| cloud.apigateway.apis.get(id));
    let tags = api.map(|api| api.tags.clone()).unwrap_or_default();
    let own = Need::new(&action, arn(Service::ApiGateway, &path)).of(&tags).tagging(call);
    // What is made with tags is checked as a call to tag it; AWS's refusals say on which path.
    let made = match call.operation.name.as_str() {
        "CreateApi" => Some("/v2/apis/*".to_owned()),
        "CreateStage" => Some(format!("/v2/apis/{}/stages/*", required(&call.params, "ApiId"))),
        _ => None,
    };
    let made = made.filter(|_| !request_tags(call).is_empty());
    let tag = made.map(|path| {
        let tagged = encoded(&arn(Service::ApiGateway, &path));
        Need::new("apigateway:POST", arn(Service::ApiGateway, &format!("/tags/{tagged}"))).tagging(call)
    });
    [own].into_iter().chain(tag).collect()
}

/// The path of a call, with its parameters.
fn path(call: &Call) -> String {
    let model = call.service.model();
    let members = call.operation.input.iter().flat_map(|input| &model.shape(input).members);
    let in_path = members.filter(|(_, member)| member.location.as_deref() == Some("uri"));
    let path = in_path.fold(call.operation.http.request_uri.clone(), |path, (name, member)| {
        let value = required(&call.params, name);
        let value = if name == "ResourceArn" { encoded(value) } else { value.to_owned() };
        path.replace(&format!("{{{}}}", member.wire_name(name)), &value)
    });
    path.trim_start_matches("/v2").to_owned()
}

fn encoded(arn: &str) -> String {
    const RESERVED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'*');
    utf8_percent_encode(arn, RESERVED).to_string()
}

/// The tags that a call sends, as a map or as a list.
fn request_tags(call: &Call) -> Tags {
    let tags = call.params.get("Tags").or_else(|| call.params.get("tags"));
    let of_map = tags.and_then(Json::as_object).into_iter().flatten();
    let of_map = of_map.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()));
    let of_list = tags.and_then(Json::as_array).into_iter().flatten();
    let of_list = of_list.map(|tag| (required(tag, "Key").to_owned(), required(tag, "Value").to_owned()));
    of_map.chain(of_list).collect()
}
