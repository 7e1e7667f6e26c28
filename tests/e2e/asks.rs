//! What an attacker wants of a cloud, each as one request, and what is in the cloud after it.

use crate::wire::Request;
use aws_credential_types::Credentials;
use serde_json::Value as Json;

/// A request that changes something, and the service that it is for.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) service: &'static str,
    pub(crate) request: Request,
}

const ROLE: &str = "Action=CreateRole&RoleName=mallory&Version=2010-05-08&AssumeRolePolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
/// An empty ZIP archive.
const ZIP: &str = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";

fn ask(
    service: &'static str,
    request: &str,
    headers: &[(&'static str, &str)],
    body: impl Into<String>,
    port: u16,
) -> Ask {
    let (method, target) = request.split_once(' ').unwrap();
    let method = ["GET", "POST", "PUT"].into_iter().find(|known| *known == method).unwrap();
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let host = format!("127.0.0.1:{port}");
    Ask { service, request: Request { method, target: target.to_owned(), host, headers, body: body.into() } }
}

/// One request for each way in which AWS's services are asked, each of which creates something.
pub(crate) fn asks(port: u16) -> Vec<Ask> {
    let form = ("content-type", "application/x-www-form-urlencoded");
    let json = ("content-type", "application/x-amz-json-1.0");
    let table = r#"{"TableName":"mallory","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]}"#;
    let function = format!(
        r#"{{"FunctionName":"mallory","Runtime":"python3.13","Handler":"a.b","Role":"arn:aws:iam::000000000000:role/mallory","Code":{{"ZipFile":"{ZIP}"}}}}"#
    );
    vec![
        ask("iam", "GET /?Action=CreateUser&UserName=mallory&Version=2010-05-08", &[], "", port),
        ask("iam", "POST /", &[form], ROLE, port),
        ask("dynamodb", "POST /", &[json, ("x-amz-target", "DynamoDB_20120810.CreateTable")], table, port),
        ask("lambda", "POST /2015-03-31/functions", &[("content-type", "text/plain")], function, port),
        ask("s3", "PUT /mallory", &[], "", port),
        ask("apigateway", "POST /v2/apis", &[], r#"{"name":"mallory","protocolType":"HTTP"}"#, port),
        ask("apigateway", "POST /restapis", &[], r#"{"name":"mallory"}"#, port),
    ]
}

/// The request that empties the cloud.
pub(crate) fn reset(port: u16) -> Ask {
    ask("local", "POST /_ministack/reset", &[], "", port)
}

/// How many things there are of what [`asks`] create, as the owner of the cloud sees it.
pub(crate) fn contents(port: u16, credentials: &Credentials) -> Vec<(&'static str, usize)> {
    let form = ("content-type", "application/x-www-form-urlencoded");
    let json = ("content-type", "application/x-amz-json-1.0");
    let target = ("x-amz-target", "DynamoDB_20120810.ListTables");
    let list = |action: &str| format!("Action={action}&Version=2010-05-08");
    let looks = [
        ("users", "<UserName>", ask("iam", "POST /", &[form], list("ListUsers"), port)),
        ("roles", "<RoleName>", ask("iam", "POST /", &[form], list("ListRoles"), port)),
        ("tables", "", ask("dynamodb", "POST /", &[json, target], "{}", port)),
        ("functions", "\"FunctionName\"", ask("lambda", "GET /2015-03-31/functions", &[], "", port)),
        ("buckets", "<Bucket>", ask("s3", "GET /", &[], "", port)),
        ("HTTP APIs", "\"apiId\"", ask("apigateway", "GET /v2/apis", &[], "", port)),
        ("REST APIs", "\"name\"", ask("apigateway", "GET /restapis", &[], "", port)),
    ];
    let counts = looks.into_iter().map(|(what, mark, Ask { service, request })| {
        let response = request.signed(service, credentials).send(port);
        assert_eq!(response.status, 200, "{what}: {response:?}");
        let tables =
            || serde_json::from_str::<Json>(&response.body).unwrap()["TableNames"].as_array().map(Vec::len);
        (what, if mark.is_empty() { tables().unwrap() } else { response.body.matches(mark).count() })
    });
    counts.collect()
}
