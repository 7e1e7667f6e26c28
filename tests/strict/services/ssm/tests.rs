//! Tests of the rules of parameters that no single request shows.

use super::Parameter;
use crate::access::Policies;
use crate::clock::BEGINNING;
use crate::cloud::Cloud;
use crate::services::Service;
use crate::wire::Call;
use serde_json::{Value as Json, json};

fn call(params: Json) -> Call {
    Call { service: Service::Ssm, operation: &Service::Ssm.model().operations["GetParameters"], params }
}

fn get(cloud: &mut Cloud, params: Json) -> Json {
    cloud.handle(&call(params)).unwrap()
}

fn account() -> Cloud {
    let mut cloud = Cloud { now: BEGINNING, ..Cloud::default() };
    cloud.ssm.put("/shop/level", Parameter::text("info"));
    cloud.ssm.put("hosts", Parameter::list(&["a", "b"]));
    cloud.ssm.put("/shop/key", Parameter::secure("s3cret"));
    cloud
}

#[test]
fn parameters_are_answered_by_name_each_once() {
    let mut cloud = account();
    let names = ["hosts", " /shop/level ", "none", "/shop/key", "none", "hosts", "/shop/level"];
    let answer = get(&mut cloud, json!({ "Names": names, "WithDecryption": true }));
    let of = |member: &str| -> Vec<Json> {
        answer["Parameters"].as_array().unwrap().iter().map(|parameter| parameter[member].clone()).collect()
    };
    assert_eq!(of("Name"), ["/shop/key", "/shop/level", "hosts"]);
    assert_eq!(of("Type"), ["SecureString", "String", "StringList"]);
    assert_eq!(of("Value"), ["s3cret", "info", "a,b"]);
    assert_eq!(answer["InvalidParameters"], json!(["none"]));
}

#[test]
fn a_secret_is_a_cipher_unless_it_is_decrypted() {
    let mut cloud = account();
    for with in [json!({}), json!({ "WithDecryption": false })] {
        let mut params = with;
        params["Names"] = json!(["/shop/key", "/shop/level"]);
        let answer = get(&mut cloud, params);
        let value = |nth: usize| answer["Parameters"][nth]["Value"].as_str().unwrap().to_owned();
        assert!(value(0).len() > 20 && !value(0).contains("s3cret"), "{}", value(0));
        assert_eq!(value(1), "info");
    }
}

#[test]
fn a_new_value_is_a_new_version() {
    let mut cloud = account();
    cloud.ssm.put("/shop/level", Parameter::text("debug"));
    let names = ["/shop/level", "/shop/level:1", "/shop/level:3", "/shop/level:label"];
    let answer = get(&mut cloud, json!({ "Names": names }));
    let seen = |nth: usize| {
        let parameter = &answer["Parameters"][nth];
        (parameter["Value"].clone(), parameter["Version"].clone(), parameter["Selector"].clone())
    };
    assert_eq!(seen(0), (json!("debug"), json!(2), Json::Null));
    assert_eq!(seen(1), (json!("info"), json!(1), json!(":1")));
    assert_eq!(answer["InvalidParameters"], json!(["/shop/level:3", "/shop/level:label"]));
}

#[test]
fn each_parameter_must_be_allowed() {
    let cloud = account();
    let allow = |resources: &[&str]| {
        let resources: Vec<String> = resources
            .iter()
            .map(|resource| format!("arn:aws:ssm:eu-west-1:123456789012:parameter/{resource}"))
            .collect();
        let statement = json!({ "Effect": "Allow", "Action": "ssm:GetParameters", "Resource": resources });
        Policies::new(&[json!({ "Version": "2012-10-17", "Statement": [statement] })])
    };
    let ask = |policies: &Policies, names: &[&str]| {
        let call = call(json!({ "Names": names }));
        let answer = policies.check(&call, &Service::Ssm.needs(&cloud, &call));
        answer.map_err(|refusal| format!("{}: {}", refusal.code, refusal.message))
    };
    let one = allow(&["shop/level"]);
    ask(&one, &["/shop/level", "/shop/level:1", "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/level"])
        .unwrap();
    let refusal = ask(&one, &["/shop/level", "none"]).unwrap_err();
    assert!(refusal.starts_with("AccessDeniedException: User: "), "{refusal}");
    assert!(
        refusal.contains(
            "ssm:GetParameters on resource: arn:aws:ssm:eu-west-1:123456789012:parameter/none because"
        ),
        "{refusal}"
    );
    ask(&allow(&["shop/level", "none"]), &["/shop/level", "none"]).unwrap();
    let refusal = ask(&allow(&["*"]), &["{none}"]).unwrap_err();
    assert!(refusal.contains("on resource: arn:aws:ssm:eu-west-1:123456789012:* because"), "{refusal}");
    // AWS's own parameters are of no account.
    assert!(
        ask(&allow(&["*"]), &["/aws/service/some"])
            .unwrap_err()
            .contains("ssm:eu-west-1::parameter/aws/service")
    );
}
