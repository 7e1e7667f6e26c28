//! Everything in a cloud, as JSON, whether we own it or not.

use provision::aws::Clients;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

/// The members that differ between two clouds that are the same to their users: ids and times.
const VOLATILE: &str = "volatile";

/// Everything in one region, ids and times included: two dumps are equal only if nothing changed in between.
pub(crate) async fn dump(aws: &Clients) -> Json {
    json!({
        "tables": tables(aws).await,
        "roles": roles(aws).await,
        "log_groups": log_groups(aws).await,
        "functions": functions(aws).await,
        "layers": layers(aws).await,
        "apis": apis(aws).await,
    })
}

/// What remains of a dump without ids and times.
pub(crate) fn lasting(dump: &Json) -> Json {
    let mut dump = dump.clone();
    for (id, name) in ids(&dump) {
        dump = serde_json::from_str(&dump.to_string().replace(&id, &name)).unwrap();
    }
    forget(&mut dump);
    dump
}

/// The ids in a dump, and what to put in their place.
fn ids(dump: &Json) -> Vec<(String, String)> {
    let apis = dump["apis"].as_array().into_iter().flatten();
    let apis = apis.map(|api| (text(&api[VOLATILE]["id"]), "<id of the API>".to_owned()));
    let roles = dump["roles"].as_object().into_iter().flatten();
    let roles = roles.map(|(name, role)| (text(&role[VOLATILE]["id"]), format!("<id of {name}>")));
    apis.chain(roles).collect()
}

fn text(json: &Json) -> String {
    json.as_str().unwrap().to_owned()
}

fn forget(json: &mut Json) {
    match json {
        Json::Object(members) => {
            members.remove(VOLATILE);
            members.values_mut().for_each(forget);
        }
        Json::Array(items) => items.iter_mut().for_each(forget),
        _ => {}
    }
}

/// Asserts that two dumps are the same, and shows where they are not.
#[track_caller]
pub(crate) fn assert_same(left: &Json, right: &Json, what: &str) {
    let differences: Vec<String> =
        differences(left, right).into_iter().map(|(path, values)| format!("{path}:\n{values}")).collect();
    assert!(differences.is_empty(), "{what}, but there is a difference:\n{}", differences.join("\n"));
}

/// The resources that differ between two dumps: `functions/get_item`.
pub(crate) fn touched(left: &Json, right: &Json) -> BTreeSet<String> {
    let name = |path: &str| {
        let (kind, rest) = path.trim_start_matches('|').split_once('|').unwrap();
        format!("{kind} {}", rest.split('|').next().unwrap())
    };
    differences(left, right).iter().map(|(path, _)| name(path)).collect()
}

fn differences(left: &Json, right: &Json) -> Vec<(String, String)> {
    let mut differences = Vec::new();
    compare("", left, right, &mut differences);
    differences
}

fn compare(path: &str, left: &Json, right: &Json, differences: &mut Vec<(String, String)>) {
    match (left, right) {
        (Json::Object(left), Json::Object(right)) => {
            for key in left.keys().chain(right.keys()).collect::<BTreeSet<_>>() {
                let side = |side: &Map<String, Json>| side.get(key).cloned().unwrap_or_default();
                compare(&format!("{path}|{key}"), &side(left), &side(right), differences);
            }
        }
        (Json::Array(left), Json::Array(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                compare(&format!("{path}|{index}"), left, right, differences);
            }
        }
        _ if left != right => {
            differences.push((format!("{path}|"), format!("    {left}\n    {right}")));
        }
        _ => {}
    }
}

/// Asserts that no resource exists.
#[track_caller]
pub(crate) fn assert_empty(dump: &Json) {
    let empty =
        json!({ "tables": {}, "roles": {}, "log_groups": {}, "functions": {}, "layers": {}, "apis": [] });
    assert_same(dump, &empty, "nothing should be left");
}

/// The names of the resources of a kind.
pub(crate) fn names(dump: &Json, kind: &str) -> Vec<String> {
    dump[kind].as_object().unwrap().keys().cloned().collect()
}

async fn tables(aws: &Clients) -> Json {
    let names = aws.dynamodb().list_tables().send().await.unwrap().table_names.unwrap_or_default();
    let mut tables = Map::new();
    for name in names {
        let table = aws.dynamodb().describe_table().table_name(&name).send().await.unwrap().table.unwrap();
        let ttl = aws.dynamodb().describe_time_to_live().table_name(&name).send().await.unwrap();
        let ttl = ttl.time_to_live_description.unwrap();
        let backups = aws.dynamodb().describe_continuous_backups().table_name(&name).send().await.unwrap();
        let backups = backups.continuous_backups_description.unwrap();
        let tags = aws.dynamodb().list_tags_of_resource().resource_arn(table.table_arn().unwrap());
        let tags = tags.send().await.unwrap().tags.unwrap_or_default();
        let tags: Map<_, _> = tags.iter().map(|tag| (tag.key().to_owned(), tag.value().into())).collect();
        let entry = json!({
            "keys": format!("{:?} {:?}", table.key_schema(), table.attribute_definitions()),
            "billing": table.billing_mode_summary().map(|summary| format!("{:?}", summary.billing_mode())),
            "throughput": table.provisioned_throughput().map(|units| {
                (units.read_capacity_units(), units.write_capacity_units())
            }),
            "protect": table.deletion_protection_enabled(),
            "ttl": (format!("{:?}", ttl.time_to_live_status()), ttl.attribute_name()),
            "recovery": format!("{:?}", backups.point_in_time_recovery_description().map(|recovery| {
                recovery.point_in_time_recovery_status()
            })),
            "tags": tags,
            VOLATILE: { "created": format!("{:?}", table.creation_date_time()), "id": table.table_id() },
        });
        tables.insert(name, entry);
    }
    tables.into()
}

async fn roles(aws: &Clients) -> Json {
    let listed = aws.iam().list_roles().send().await.unwrap();
    let mut roles = Map::new();
    for name in listed.roles().iter().map(|role| role.role_name().to_owned()) {
        let role = aws.iam().get_role().role_name(&name).send().await.unwrap().role.unwrap();
        let inline = aws.iam().list_role_policies().role_name(&name).send().await.unwrap();
        let mut policies = Map::new();
        for policy in inline.policy_names() {
            let document =
                aws.iam().get_role_policy().role_name(&name).policy_name(policy).send().await.unwrap();
            policies.insert(policy.clone(), document.policy_document().into());
        }
        let attached = aws.iam().list_attached_role_policies().role_name(&name).send().await.unwrap();
        let attached = attached.attached_policies().iter().filter_map(|policy| policy.policy_arn());
        let tags: Map<_, _> =
            role.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().into())).collect();
        let entry = json!({
            "arn": role.arn(),
            "trust": role.assume_role_policy_document(),
            "boundary": role.permissions_boundary().map(|boundary| boundary.permissions_boundary_arn()),
            "policies": policies,
            "attached": attached.collect::<Vec<_>>(),
            "tags": tags,
            VOLATILE: { "id": role.role_id(), "created": format!("{:?}", role.create_date()) },
        });
        roles.insert(name, entry);
    }
    roles.into()
}

async fn log_groups(aws: &Clients) -> Json {
    let listed = aws.logs().describe_log_groups().send().await.unwrap();
    let mut groups = Map::new();
    for group in listed.log_groups() {
        let arn = group.arn().unwrap().trim_end_matches(":*");
        let tags = aws.logs().list_tags_for_resource().resource_arn(arn).send().await.unwrap().tags;
        let entry = json!({
            "retention": group.retention_in_days(),
            "tags": tags.unwrap_or_default(),
            VOLATILE: { "created": group.creation_time() },
        });
        groups.insert(group.log_group_name().unwrap().to_owned(), entry);
    }
    groups.into()
}

async fn functions(aws: &Clients) -> Json {
    let listed = aws.lambda().list_functions().send().await.unwrap();
    let mut functions = Map::new();
    for name in listed.functions().iter().map(|function| function.function_name().unwrap().to_owned()) {
        let function = aws.lambda().get_function().function_name(&name).send().await.unwrap();
        let config = function.configuration().unwrap();
        let entry = json!({
            "runtime": config.runtime().map(|runtime| runtime.as_str()),
            "handler": config.handler(),
            "architectures": format!("{:?}", config.architectures()),
            "memory": config.memory_size(),
            "timeout": config.timeout(),
            "description": config.description(),
            "role": config.role(),
            "environment": config.environment().and_then(|environment| environment.variables()),
            "code": config.code_sha256(),
            "state": config.state().map(|state| state.as_str()),
            "concurrency": function.concurrency().map(|own| own.reserved_concurrent_executions()),
            "tags": function.tags(),
            "policy": policy(aws, &name).await,
            VOLATILE: { "modified": config.last_modified(), "revision": config.revision_id() },
        });
        functions.insert(name, entry);
    }
    functions.into()
}

/// The layers, with the description of their newest version.
async fn layers(aws: &Clients) -> Json {
    let listed = aws.lambda().list_layers().send().await.unwrap();
    let of = |layer: &aws_sdk_lambda::types::LayersListItem| {
        let newest = layer.latest_matching_version();
        (layer.layer_name().unwrap().to_owned(), json!(newest.and_then(|newest| newest.description())))
    };
    listed.layers().iter().map(of).collect::<Map<_, _>>().into()
}

/// The statements of a function's policy by their Sid.
pub(crate) async fn policy(aws: &Clients, function: &str) -> Json {
    let Ok(answer) = aws.lambda().get_policy().function_name(function).send().await else { return json!({}) };
    let policy: Json = serde_json::from_str(answer.policy().unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap().iter();
    statements.map(|statement| (text(&statement["Sid"]), statement.clone())).collect::<Map<_, _>>().into()
}

async fn apis(aws: &Clients) -> Json {
    let listed = aws.api().get_apis().send().await.unwrap();
    let mut apis = Vec::new();
    for api in listed.items() {
        let id = api.api_id().unwrap();
        let entry = json!({
            "name": api.name(),
            "description": api.description().unwrap_or_default(),
            "cors": api.cors_configuration().map(|cors| format!("{cors:?}")),
            "tags": api.tags(),
            "integrations": integrations(aws, id).await,
            "routes": routes(aws, id).await,
            "stages": stages(aws, id).await,
            VOLATILE: { "id": id, "created": format!("{:?}", api.created_date()) },
        });
        apis.push(entry);
    }
    apis.sort_by_key(|api| (api["name"].to_string(), api[VOLATILE].to_string()));
    apis.into()
}

async fn integrations(aws: &Clients, api: &str) -> Json {
    let listed = aws.api().get_integrations().api_id(api).send().await.unwrap();
    let mut integrations: Vec<Json> = listed
        .items()
        .iter()
        .map(|integration| {
            json!({
                "description": integration.description(),
                "type": integration.integration_type().map(|kind| kind.as_str()),
                "uri": integration.integration_uri(),
                "method": integration.integration_method(),
                "payload": integration.payload_format_version(),
                "timeout": integration.timeout_in_millis(),
                VOLATILE: { "id": integration.integration_id() },
            })
        })
        .collect();
    integrations
        .sort_by_key(|integration| (integration["uri"].to_string(), integration[VOLATILE].to_string()));
    integrations.into()
}

/// The routes, each with its function. Two routes of one key would both be listed.
async fn routes(aws: &Clients, api: &str) -> Json {
    let integrations = aws.api().get_integrations().api_id(api).send().await.unwrap();
    let uri = |target: &str| {
        let id = target.strip_prefix("integrations/").unwrap();
        let found = integrations.items().iter().find(|integration| integration.integration_id() == Some(id));
        found.map(|integration| integration.integration_uri().unwrap_or_default().to_owned())
    };
    let listed = aws.api().get_routes().api_id(api).send().await.unwrap();
    let mut routes: Vec<Json> = listed
        .items()
        .iter()
        .map(|route| {
            json!({
                "key": route.route_key(),
                "leads to": route.target().map(uri),
                "authorization": route.authorization_type().map(|kind| kind.as_str()),
                VOLATILE: { "id": route.route_id(), "target": route.target() },
            })
        })
        .collect();
    routes.sort_by_key(|route| (route["key"].to_string(), route[VOLATILE].to_string()));
    routes.into()
}

async fn stages(aws: &Clients, api: &str) -> Json {
    let listed = aws.api().get_stages().api_id(api).send().await.unwrap();
    let stage = |stage: &aws_sdk_apigatewayv2::types::Stage| {
        (
            stage.stage_name().unwrap().to_owned(),
            json!({ "auto deploy": stage.auto_deploy(), "tags": stage.tags() }),
        )
    };
    listed.items().iter().map(stage).collect::<Map<_, _>>().into()
}
