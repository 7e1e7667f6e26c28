//! Tests of the rules of versions, aliases and provisioned concurrency that no single request shows.

use super::alias_by_hand::DRIFTS;
use super::tests::{account, ask, given, pass};
use crate::cloud::Cloud;
use crate::services::Service;
use crate::services::apigateway::cannot_invoke;
use crate::services::lambda::{IN_PROGRESS, PROVISIONING, SNAPSHOT, Share, callee, shares};
use crate::wire::Call;
use serde_json::{Value as Json, json};

/// Asks about the function.
fn of_f(cloud: &mut Cloud, operation: &str, mut params: Json) -> Result<Json, String> {
    params["FunctionName"] = "f".into();
    ask(cloud, &format!("lambda:{operation}"), params)
}

/// Changes the function and publishes it.
fn publish(cloud: &mut Cloud, description: &str) -> Json {
    of_f(cloud, "UpdateFunctionConfiguration", json!({ "Description": description })).unwrap();
    pass(cloud, 60);
    of_f(cloud, "PublishVersion", json!({})).unwrap()
}

/// An account with two versions that are Active, and an alias of the first.
fn released() -> Cloud {
    let mut cloud = account();
    publish(&mut cloud, "one");
    publish(&mut cloud, "two");
    pass(&mut cloud, 60);
    of_f(&mut cloud, "CreateAlias", json!({ "Name": "live", "FunctionVersion": "1" })).unwrap();
    cloud
}

fn move_to(cloud: &mut Cloud, version: &str) -> Result<Json, String> {
    of_f(cloud, "UpdateAlias", json!({ "Name": "live", "FunctionVersion": version }))
}

#[test]
fn a_version_of_code_that_is_being_updated_is_pending_and_has_no_status_of_an_update() {
    let mut cloud = account();
    let code = json!({ "ZipFile": given("zip"), "Publish": true });
    let version = of_f(&mut cloud, "UpdateFunctionCode", code).unwrap();
    assert_eq!((&version["State"], version.get("LastUpdateStatus")), (&"Pending".into(), None));
    let unready = Service::Lambda.unready(&cloud);
    assert!(unready.contains(&"the version 1 of f is Pending".to_owned()), "{unready:?}");
    cloud.now += cloud.delays.of(IN_PROGRESS);
    let version = of_f(&mut cloud, "GetFunctionConfiguration", json!({ "Qualifier": "1" })).unwrap();
    assert_eq!((&version["State"], &version["Version"]), (&"Active".into(), &"1".into()));
    assert_eq!(Service::Lambda.unready(&cloud), Vec::<String>::new());
}

#[test]
fn a_version_with_a_snapshot_is_pending_for_minutes() {
    let mut cloud = account();
    let on = json!({ "SnapStart": { "ApplyOn": "PublishedVersions" } });
    of_f(&mut cloud, "UpdateFunctionConfiguration", on).unwrap();
    pass(&mut cloud, 60);
    of_f(&mut cloud, "PublishVersion", json!({})).unwrap();
    pass(&mut cloud, 60);
    let state = |cloud: &mut Cloud| {
        let version = of_f(cloud, "GetFunction", json!({ "Qualifier": "1" })).unwrap();
        version["Configuration"]["State"].clone()
    };
    assert_eq!(state(&mut cloud), "Pending");
    cloud.now += cloud.delays.of(SNAPSHOT);
    assert_eq!(state(&mut cloud), "Active");
}

#[test]
fn nothing_is_published_while_the_function_changes() {
    let mut cloud = account();
    of_f(&mut cloud, "UpdateFunctionConfiguration", json!({ "Description": "one" })).unwrap();
    let refused = of_f(&mut cloud, "PublishVersion", json!({})).unwrap_err();
    assert!(refused.starts_with("ResourceConflictException: "), "{refused}");
    assert!(refused.contains("An update is in progress"), "{refused}");
}

/// A change of the function does not reach it, and a function of the same name does not use its number again.
#[test]
fn a_version_is_frozen_and_its_number_never_returns() {
    let mut cloud = released();
    let version = of_f(&mut cloud, "GetFunctionConfiguration", json!({ "Qualifier": "1" })).unwrap();
    assert_eq!(version["Description"], "one");
    of_f(&mut cloud, "DeleteFunction", json!({ "Qualifier": "2" })).unwrap();
    assert_eq!(of_f(&mut cloud, "PublishVersion", json!({})).unwrap()["Version"], "3");
    of_f(&mut cloud, "DeleteFunction", json!({})).unwrap();
    pass(&mut cloud, 60);
    let function = json!({ "Role": given("role"), "Runtime": "python3.13", "Handler": "f.handler",
        "Code": { "ZipFile": given("zip") } });
    of_f(&mut cloud, "CreateFunction", function).unwrap();
    pass(&mut cloud, 60);
    let aliases = of_f(&mut cloud, "ListAliases", json!({})).unwrap();
    assert_eq!(aliases["Aliases"], json!([]), "they end with the function");
    assert_eq!(of_f(&mut cloud, "PublishVersion", json!({})).unwrap()["Version"], "4");
}

#[test]
fn a_list_of_versions_has_pages() {
    let mut cloud = released();
    let page = of_f(&mut cloud, "ListVersionsByFunction", json!({ "MaxItems": 50 })).unwrap();
    let numbers =
        |page: &Json| page["Versions"].as_array().unwrap().iter().map(|v| v["Version"].clone()).collect();
    let (first, next): (Vec<Json>, _) = (numbers(&page), page["NextMarker"].clone());
    assert_eq!(first, ["$LATEST", "1"]);
    let page = of_f(&mut cloud, "ListVersionsByFunction", json!({ "Marker": next })).unwrap();
    let second: Vec<Json> = numbers(&page);
    assert_eq!((second, page["NextMarker"].clone()), (vec!["2".into()], Json::Null));
    assert_eq!(page["Versions"][0].get("State"), None, "a list has no states");
}

#[test]
fn what_is_left_out_of_an_alias_stays_and_only_an_empty_mapping_clears_its_weights() {
    let mut cloud = released();
    let first = json!({ "Name": "live", "Description": "ours", "RoutingConfig": { "AdditionalVersionWeights": { "2": 0.1 } } });
    of_f(&mut cloud, "UpdateAlias", first).unwrap();
    let alias = of_f(&mut cloud, "UpdateAlias", json!({ "Name": "live" })).unwrap();
    assert_eq!((&alias["Description"], &alias["FunctionVersion"]), (&"ours".into(), &"1".into()));
    let share = |version: &str, weight| Share { version: version.to_owned(), weight, active: true };
    assert_eq!(shares(&cloud, "f", "live").unwrap(), [share("1", 0.9), share("2", 0.1)]);
    let refused = move_to(&mut cloud, "2").unwrap_err();
    assert!(refused.contains("Function version 2 is already included in routing configuration"), "{refused}");
    let end = json!({ "Name": "live", "FunctionVersion": "2", "RoutingConfig": { "AdditionalVersionWeights": {} } });
    of_f(&mut cloud, "UpdateAlias", end).unwrap();
    assert_eq!(shares(&cloud, "f", "live").unwrap(), [share("2", 1.0)]);
}

#[test]
fn a_race_for_an_alias_is_refused_by_its_revision() {
    let mut cloud = released();
    let read = of_f(&mut cloud, "GetAlias", json!({ "Name": "live" })).unwrap()["RevisionId"].clone();
    let update = || json!({ "Name": "live", "FunctionVersion": "2", "RevisionId": read });
    of_f(&mut cloud, "UpdateAlias", update()).unwrap();
    let refused = of_f(&mut cloud, "UpdateAlias", update()).unwrap_err();
    assert!(
        refused.starts_with("PreconditionFailedException: The Revision Id provided does not match"),
        "{refused}"
    );
}

/// AWS allows it, and it breaks an invariant.
#[test]
fn an_alias_that_leads_to_a_pending_version_is_broken() {
    let mut cloud = released();
    let on = json!({ "SnapStart": { "ApplyOn": "PublishedVersions" } });
    of_f(&mut cloud, "UpdateFunctionConfiguration", on).unwrap();
    pass(&mut cloud, 60);
    publish(&mut cloud, "three");
    move_to(&mut cloud, "3").unwrap();
    let broken = || "the alias live of f".to_owned();
    let is_broken =
        |cloud: &Cloud| Service::Lambda.broken(cloud).into_iter().any(|(what, _)| what == broken());
    assert!(is_broken(&cloud) && !shares(&cloud, "f", "live").unwrap()[0].active);
    cloud.now += cloud.delays.of(SNAPSHOT);
    assert!(!is_broken(&cloud) && shares(&cloud, "f", "live").unwrap()[0].active);
}

#[test]
fn a_version_keeps_its_role_and_versions_of_two_roles_share_no_alias() {
    let mut cloud = released();
    let role = json!({ "RoleName": "other", "AssumeRolePolicyDocument": given("trust") });
    ask(&mut cloud, "iam:CreateRole", role).unwrap();
    pass(&mut cloud, 60);
    let other = json!({ "Role": "arn:aws:iam::123456789012:role/other" });
    of_f(&mut cloud, "UpdateFunctionConfiguration", other).unwrap();
    pass(&mut cloud, 60);
    publish(&mut cloud, "three");
    pass(&mut cloud, 60);
    let weights = json!({ "Name": "live", "RoutingConfig": { "AdditionalVersionWeights": { "3": 0.1 } } });
    assert!(of_f(&mut cloud, "UpdateAlias", weights).unwrap_err().contains("the same execution role"));
    let mut roles = Service::Lambda.running(&cloud);
    roles.sort();
    assert_eq!(roles, ["other", "r"]);
}

#[test]
fn an_alias_has_a_policy_of_its_own() {
    let mut cloud = released();
    let (function, alias) = (super::function_arn("f"), super::function_arn("f:live"));
    let allow = json!({ "StatementId": "one", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com" });
    of_f(&mut cloud, "AddPermission", allow.clone()).unwrap();
    let may = |cloud: &Cloud, arn: &str| {
        callee(cloud, arn).unwrap().policy.allows("apigateway.amazonaws.com", "any")
    };
    assert!(may(&cloud, &function) && !may(&cloud, &alias));
    let named = json!({ "FunctionName": "f:live" });
    assert!(ask(&mut cloud, "lambda:GetPolicy", named.clone()).is_err());
    let mut own = allow;
    own["Qualifier"] = "live".into();
    let statement = of_f(&mut cloud, "AddPermission", own).unwrap();
    let statement: Json = serde_json::from_str(statement["Statement"].as_str().unwrap()).unwrap();
    assert_eq!(statement["Resource"], alias.as_str());
    assert!(may(&cloud, &alias) && ask(&mut cloud, "lambda:GetPolicy", named).is_ok());
    move_to(&mut cloud, "2").unwrap();
    assert!(may(&cloud, &alias), "it stays when the alias moves");
    assert_eq!(callee(&cloud, &super::function_arn("f:none")).map(|callee| callee.unable), None);
}

/// Such a request is answered with status 500.
#[test]
fn a_request_reaches_an_alias_only_by_the_permission_of_the_alias() {
    let mut cloud = released();
    let alias = super::function_arn("f:live");
    let mut gateway = |operation: &str, mut params: Json, id: &str| {
        params["ApiId"] = id.into();
        ask(&mut cloud, &format!("apigateway:{operation}"), params).unwrap()
    };
    let api = gateway("CreateApi", json!({ "Name": "a", "ProtocolType": "HTTP" }), "")["ApiId"].clone();
    let api = api.as_str().unwrap().to_owned();
    let integration = json!({ "IntegrationType": "AWS_PROXY", "IntegrationMethod": "POST", "IntegrationUri": alias,
        "PayloadFormatVersion": "2.0" });
    let integration = gateway("CreateIntegration", integration, &api)["IntegrationId"].clone();
    let target = format!("integrations/{}", integration.as_str().unwrap());
    gateway("CreateRoute", json!({ "RouteKey": "GET /items", "Target": target }), &api);
    gateway("CreateStage", json!({ "StageName": "$default", "AutoDeploy": true }), &api);
    let mut allow = json!({ "StatementId": "one", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com" });
    of_f(&mut cloud, "AddPermission", allow.clone()).unwrap();
    let refused = cannot_invoke(&cloud, &api, "GET /items").expect("a refusal");
    assert!(refused.starts_with(&format!("the policy of {alias} does not let")), "{refused}");
    allow["Qualifier"] = "live".into();
    of_f(&mut cloud, "AddPermission", allow).unwrap();
    assert_eq!(cannot_invoke(&cloud, &api, "GET /items"), None);
    of_f(&mut cloud, "DeleteAlias", json!({ "Name": "live" })).unwrap();
    assert_eq!(cannot_invoke(&cloud, &api, "GET /items"), Some(format!("{alias} is no function")));
}

#[test]
fn provisioned_concurrency_takes_its_time_and_again_when_its_alias_moves() {
    let mut cloud = released();
    let wanted = json!({ "Qualifier": "live", "ProvisionedConcurrentExecutions": 5 });
    let states = |config: &Json| {
        (config["Status"].clone(), config["AllocatedProvisionedConcurrentExecutions"].clone())
    };
    let put = of_f(&mut cloud, "PutProvisionedConcurrencyConfig", wanted).unwrap();
    assert_eq!(states(&put), ("IN_PROGRESS".into(), 0.into()));
    cloud.now += cloud.delays.of(PROVISIONING);
    let read = |cloud: &mut Cloud| {
        of_f(cloud, "GetProvisionedConcurrencyConfig", json!({ "Qualifier": "live" })).unwrap()
    };
    assert_eq!(states(&read(&mut cloud)), ("READY".into(), 5.into()));
    move_to(&mut cloud, "2").unwrap();
    assert_eq!(states(&read(&mut cloud)), ("IN_PROGRESS".into(), 5.into()));
    assert_eq!(Service::Lambda.unready(&cloud), ["the provisioned concurrency of f:live is IN_PROGRESS"]);
    cloud.now += cloud.delays.of(PROVISIONING);
    assert_eq!(states(&read(&mut cloud)), ("READY".into(), 5.into()));
    of_f(&mut cloud, "DeleteAlias", json!({ "Name": "live" })).unwrap();
    let all = of_f(&mut cloud, "ListProvisionedConcurrencyConfigs", json!({})).unwrap();
    assert_eq!(all["ProvisionedConcurrencyConfigs"], json!([]), "it ends with the alias");
}

#[test]
fn provisioned_concurrency_fails_where_the_function_does() {
    let mut cloud = released();
    cloud.lambda.fails_to_provision = true;
    let wanted = json!({ "Qualifier": "1", "ProvisionedConcurrentExecutions": 5 });
    of_f(&mut cloud, "PutProvisionedConcurrencyConfig", wanted).unwrap();
    cloud.now += cloud.delays.of(PROVISIONING);
    let failed = of_f(&mut cloud, "GetProvisionedConcurrencyConfig", json!({ "Qualifier": "1" })).unwrap();
    assert_eq!(
        (&failed["Status"], &failed["StatusReason"]),
        (&"FAILED".into(), &"FUNCTION_ERROR_INIT_FAILURE".into())
    );
}

/// Each of them shows in the account, whatever a dump leaves out.
#[test]
fn every_change_of_an_alias_by_hand_shows() {
    let mut cloud = released();
    let tags = &mut cloud.lambda.functions.get_mut("f").unwrap().tags;
    tags.insert("provision:stack".to_owned(), "s".to_owned());
    let ready = json!({ "Qualifier": "live", "ProvisionedConcurrentExecutions": 5 });
    of_f(&mut cloud, "PutProvisionedConcurrencyConfig", ready).unwrap();
    let allow = json!({ "Qualifier": "live", "StatementId": "provision-one", "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com" });
    of_f(&mut cloud, "AddPermission", allow).unwrap();
    let all = |cloud: &Cloud| {
        let all = Service::Lambda.everything(cloud).into_iter();
        all.map(|(_, details)| details).collect::<Vec<_>>()
    };
    for (what, change) in DRIFTS {
        let mut changed = cloud.clone();
        assert!(change(&mut changed, "s", 0).is_some(), "{what}");
        assert_ne!(all(&changed), all(&cloud), "{what}");
        assert!(change(&mut cloud.clone(), "other", 0).is_none(), "{what}");
    }
}

#[test]
fn a_call_with_a_qualifier_is_checked_on_the_arn_with_it() {
    let cloud = released();
    let (live, one) = (json!({ "Qualifier": "live" }), json!({ "Qualifier": "1" }));
    for (operation, params, on) in [
        ("GetFunction", json!({}), "f"),
        ("GetFunction", live.clone(), "f:live"),
        ("DeleteFunction", one.clone(), "f:1"),
        ("GetPolicy", live.clone(), "f:live"),
        ("AddPermission", live.clone(), "f:live"),
        ("RemovePermission", live.clone(), "f:live"),
        ("GetFunctionEventInvokeConfig", live.clone(), "f:live"),
        ("PutProvisionedConcurrencyConfig", one, "f:1"),
        ("GetProvisionedConcurrencyConfig", live, "f:live"),
        ("PublishVersion", json!({}), "f"),
        ("CreateAlias", json!({ "Name": "live" }), "f"),
        ("UpdateAlias", json!({ "Name": "live" }), "f"),
        ("DeleteAlias", json!({ "Name": "live" }), "f"),
        ("ListAliases", json!({}), "f"),
    ] {
        let mut params = params;
        params["FunctionName"] = "f".into();
        let call = Call {
            service: Service::Lambda,
            operation: &Service::Lambda.model().operations[operation],
            params,
        };
        let needs = Service::Lambda.needs(&cloud, &call);
        assert_eq!(needs[0].resource, super::function_arn(on), "{operation}");
    }
}
