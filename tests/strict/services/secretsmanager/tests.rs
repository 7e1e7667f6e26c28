//! Tests of the rules of secrets that no single request shows.

use crate::access::Policies;
use crate::clock::BEGINNING;
use crate::cloud::Cloud;
use crate::services::Service;
use crate::wire::{Call, error};
use serde_json::{Value as Json, json};

fn call(params: Json) -> Call {
    let service = Service::SecretsManager;
    Call { service, operation: &service.model().operations["GetSecretValue"], params }
}

/// The answer to a call, as a text for an error: its code and what it says.
fn get(cloud: &mut Cloud, params: Json) -> Result<Json, String> {
    cloud.handle(&call(params)).map_err(|error| format!("{}: {}", error.code, error.message))
}

fn account() -> Cloud {
    let mut cloud = Cloud { now: BEGINNING, ..Cloud::default() };
    cloud.secretsmanager.put("shop/db", r#"{"user":"u","password":"p"}"#);
    cloud
}

#[test]
fn a_secret_has_an_ending_and_a_version() {
    let mut cloud = account();
    cloud.secretsmanager.put_binary("bytes", &[0, 1, 255]);
    let secret = get(&mut cloud, json!({ "SecretId": "shop/db" })).unwrap();
    let arn = cloud.secretsmanager.arn("shop/db");
    assert_eq!(secret["ARN"], arn);
    let ending = arn.strip_prefix("arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-").unwrap();
    assert_eq!(ending.len(), 6, "{arn}");
    assert_eq!((&secret["Name"], &secret["VersionStages"]), (&json!("shop/db"), &json!(["AWSCURRENT"])));
    assert_eq!(secret["SecretString"], r#"{"user":"u","password":"p"}"#);
    assert_eq!((secret["VersionId"].as_str().unwrap().len(), secret.get("SecretBinary")), (36, None));
    let secret = get(&mut cloud, json!({ "SecretId": "bytes" })).unwrap();
    assert_eq!((&secret["SecretBinary"], secret.get("SecretString")), (&json!("AAH/"), None));
}

#[test]
fn a_new_value_is_a_new_version() {
    let mut cloud = account();
    let before = get(&mut cloud, json!({ "SecretId": "shop/db" })).unwrap();
    cloud.secretsmanager.put("shop/db", "new");
    let after = get(&mut cloud, json!({ "SecretId": "shop/db" })).unwrap();
    assert_eq!((&after["SecretString"], &after["ARN"]), (&json!("new"), &before["ARN"]));
    assert_ne!(after["VersionId"], before["VersionId"]);
    for which in [json!({ "VersionStage": "AWSPREVIOUS" }), json!({ "VersionId": before["VersionId"] })] {
        let mut params = which;
        params["SecretId"] = json!("shop/db");
        let previous = get(&mut cloud, params).unwrap();
        assert_eq!(previous["SecretString"], before["SecretString"]);
        assert_eq!(previous["VersionStages"], json!(["AWSPREVIOUS"]));
    }
    let both =
        json!({ "SecretId": "shop/db", "VersionId": before["VersionId"], "VersionStage": "AWSCURRENT" });
    assert_eq!(
        get(&mut cloud, both).unwrap_err(),
        "InvalidRequestException: You provided a VersionStage that is not associated to the provided VersionId."
    );
}

#[test]
fn what_cannot_be_read_is_refused_as_by_aws() {
    let mut cloud = account();
    cloud.secretsmanager.put_empty("empty");
    cloud.secretsmanager.put("gone", "s");
    cloud.secretsmanager.schedule_deletion("gone");
    for (id, refusal) in [
        ("none", "ResourceNotFoundException: Secrets Manager can't find the specified secret."),
        (
            "empty",
            "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
        ),
        (
            "gone",
            "InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion.",
        ),
        (
            "a b",
            "ValidationException: Invalid name. Must be a valid name containing alphanumeric characters, or any of the \
             following: -/_+=.@!",
        ),
    ] {
        let call = call(json!({ "SecretId": id }));
        let error_of = cloud.handle(&call).unwrap_err();
        assert_eq!(format!("{}: {}", error_of.code, error_of.message), refusal);
        assert_eq!(error(&call, &error_of, "id").status, 400);
    }
}

#[test]
fn a_policy_may_leave_the_ending_open() {
    let cloud = account();
    let ask = |resource: &str, id: &str| {
        let resource = format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{resource}");
        let statement =
            json!({ "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": resource });
        let policies = Policies::new(&[json!({ "Version": "2012-10-17", "Statement": [statement] })]);
        let call = call(json!({ "SecretId": id }));
        policies
            .check(&call, &Service::SecretsManager.needs(&cloud, &call))
            .map_err(|refusal| refusal.message)
    };
    let partial = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:none";
    ask("shop/db-??????", "shop/db").unwrap();
    ask("none-??????", "none").unwrap();
    ask("none-??????", partial).unwrap();
    ask("none-??????", &format!("{partial}-a1b2c3")).unwrap();
    ask("none-a1b2c3", &format!("{partial}-a1b2c3")).unwrap();
    ask(cloud.secretsmanager.arn("shop/db").rsplit(':').next().unwrap(), "shop/db").unwrap();
    for resource in ["shop/db", "shop/db-a1b2c3", "shop-??????"] {
        let refusal = ask(resource, "shop/db").unwrap_err();
        assert!(refusal.contains("secretsmanager:GetSecretValue on resource: shop/db because"), "{refusal}");
    }
    assert!(ask("none-a1b2c3", "none").unwrap_err().contains(" on resource: none because"));
    assert!(ask("*", "arn:none").is_ok(), "what is no ARN is a name");
}
