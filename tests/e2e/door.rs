//! The door of the local cloud: which requests are refused, whatever they pretend to be. Each test also proves that the
//! same requests succeed if they are signed.

use crate::asks::{Ask, asks, contents, reset};
use crate::cloud::Cloud;
use crate::http::{get, send};
use crate::stack::SMALL;
use crate::wire::{Request, Response, exchange};
use aws_credential_types::Credentials;
use std::time::{Duration, SystemTime};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Asserts that a request was refused, and that no page could read the response.
#[track_caller]
fn assert_refused(request: &Request, response: &Response) {
    assert!((400..500).contains(&response.status), "{request:?} should be refused: {response:?}");
    assert!(!response.head.contains("access-control-"), "{request:?}: {response:?}");
}

/// Sends each request, which must be refused and change nothing.
#[track_caller]
fn assert_all_refused(cloud: &Cloud, requests: impl IntoIterator<Item = Request>) {
    let before = contents(cloud.port(), &cloud.credentials());
    for request in requests {
        assert_refused(&request, &request.send(cloud.port()));
    }
    assert_eq!(contents(cloud.port(), &cloud.credentials()), before);
}

/// Asserts that each request succeeds if it is signed, so that what was refused was a real danger.
#[track_caller]
fn assert_all_succeed(cloud: &Cloud, asks: Vec<Ask>) {
    let before = contents(cloud.port(), &cloud.credentials());
    for Ask { service, request } in asks {
        let response = request.clone().signed(service, &cloud.credentials()).send(cloud.port());
        assert!(response.is_success(), "{request:?} should succeed: {response:?}");
        assert!(!response.head.contains("access-control-"), "no page may read it: {response:?}");
    }
    let after = contents(cloud.port(), &cloud.credentials());
    for ((what, before), (_, after)) in before.iter().zip(&after) {
        assert_eq!(*after, before + 1, "{what}");
    }
}

/// The scope of a signature of today.
fn scope(request: &Request, service: &str, key: &str) -> (String, String) {
    let signed = request.clone().signed(service, &Credentials::new(key, "any", None, None, "test"));
    let value = |name| signed.headers.iter().find(|(found, _)| *found == name).unwrap().1.clone();
    let date = value("x-amz-date");
    (format!("{key}/{}/us-east-1/{service}/aws4_request", &date[..8]), date)
}

/// A request with a signature in the query, which is not a right one.
fn with_query(ask: &Ask, key: &str, signature: &str) -> Request {
    let (scope, date) = scope(&ask.request, ask.service, key);
    let separator = if ask.request.target.contains('?') { '&' } else { '?' };
    let mut request = ask.request.clone();
    request.target += &format!(
        "{separator}X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={}&X-Amz-Date={date}&X-Amz-Expires=60\
         &X-Amz-SignedHeaders=host&X-Amz-Signature={signature}",
        scope.replace('/', "%2F")
    );
    request
}

/// A request with every kind of signature that a sender can make without the secret.
fn forgeries(ask: &Ask, real: &Credentials) -> Vec<Request> {
    let Ask { service, request } = ask;
    let with_secret = |key: &str, secret: &str| Credentials::new(key, secret, None, None, "test");
    let header = |key: &str, fields: &str| {
        let (scope, date) = scope(request, service, key);
        let authorization = format!("{ALGORITHM} Credential={scope}, {fields}");
        request.clone().with("authorization", authorization).with("x-amz-date", date)
    };
    let zeros = "0".repeat(64);
    let now = SystemTime::now();
    let hour = Duration::from_secs(3600);
    let mut all = vec![request.clone()];
    for key in ["test", "000000000000", "111122223333", "AKIAIOSFODNN7EXAMPLE", real.access_key_id()] {
        all.push(request.clone().signed(service, &with_secret(key, "test")));
        all.push(request.clone().signed(service, &with_secret(key, "")));
        all.push(header(key, &format!("SignedHeaders=host;x-amz-date, Signature={zeros}")));
        all.push(header(key, "SignedHeaders=, Signature="));
        all.push(header(key, "SignedHeaders=host"));
        all.push(with_query(ask, key, &zeros));
        all.push(with_query(ask, key, ""));
        all.push(request.clone().with("authorization", format!("AWS {key}:AAAAAAAAAAAAAAAAAAAAAAAAAAA=")));
    }
    all.push(request.clone().signed_at(service, real, now - hour));
    all.push(request.clone().signed_at(service, real, now + hour));
    let mut other = request.clone().signed(service, real);
    other.body += " ";
    all.push(other);
    let mut other = request.clone().signed(service, real);
    other.target += if other.target.contains('?') { "&more=1" } else { "?more=1" };
    all.push(other);
    let token =
        Credentials::new(real.access_key_id(), real.secret_access_key(), Some("x".into()), None, "test");
    all.push(request.clone().signed(service, &token));
    all
}

#[test]
fn without_the_right_signature_nothing_is_executed() {
    let cloud = Cloud::with(SMALL);
    let (port, real) = (cloud.port(), cloud.credentials());
    for ask in asks(port).iter().chain([&reset(port)]) {
        assert_all_refused(&cloud, forgeries(ask, &real));
    }
    assert_all_succeed(&cloud, asks(port));
    let Ask { service, request } = reset(port);
    assert!(request.signed(service, &real).send(port).is_success());
    assert!(contents(port, &real).iter().all(|(_, count)| *count == 0));
}

#[test]
fn a_signed_request_is_refused_under_a_foreign_host_or_from_a_page() {
    let cloud = Cloud::with(SMALL);
    let (port, real) = (cloud.port(), cloud.credentials());
    let hosts = [
        "rebound.example",
        "127.0.0.1.rebound.example",
        "localhost.rebound.example",
        "localhost.",
        "127.0.0.1.",
        "evil-localhost",
        "127.0.0.2",
        "0.0.0.0",
        "[::1]",
        "2130706433",
        "user@localhost",
        "localhost:1:2",
        "localhost, rebound.example",
        "rebound.example#localhost",
    ];
    let ports = [String::new(), format!(":{port}")];
    let hosts = hosts.iter().flat_map(|host| ports.iter().map(move |port| format!("{host}{port}")));
    let origins =
        ["http://rebound.example", "null", "", "http://127.0.0.1:1", "http://localhost:3000", &cloud.url];
    for Ask { service, request } in asks(port).into_iter().chain([reset(port)]) {
        // What cannot be part of a URL cannot be signed for; it goes with the signature of the own host.
        let rename = |host: String| match host.contains([',', '#', '@']) || host.starts_with("localhost:1:") {
            false => request.clone().at_host(host).signed(service, &real),
            true => request.clone().signed(service, &real).at_host(host),
        };
        assert_all_refused(&cloud, hosts.clone().map(rename));
        let from = |origin: &&str| request.clone().with("origin", *origin).signed(service, &real);
        assert_all_refused(&cloud, origins.iter().map(from));
    }
    let own = [&format!("localhost:{port}"), &format!("LOCALHOST:{port}"), "localhost", "127.0.0.1"];
    let mut asks = asks(port);
    // Under a name of its own, a bucket is named by the host.
    for (ask, own) in asks.iter_mut().filter(|ask| ask.service != "s3").zip(own.iter().cycle()) {
        ask.request.host = (*own).to_owned();
    }
    assert_all_succeed(&cloud, asks);
}

#[test]
fn no_host_path_or_header_makes_the_control_plane_look_like_what_is_open() {
    let cloud = Cloud::with(SMALL);
    let port = cloud.port();
    let api = cloud.up().api();
    let api = api.split("/execute-api/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let hosts = [
        format!("{api}.execute-api.localhost"),
        "00000000.execute-api.localhost".to_owned(),
        format!("{}.lambda-url.us-east-1.localhost", "a".repeat(32)),
        "mallory.s3.localhost".to_owned(),
        "mallory.localhost".to_owned(),
        "iam.us-east-1.localhost".to_owned(),
        "cognito-idp.us-east-1.localhost".to_owned(),
        "s3-control.localhost".to_owned(),
        "any.alb.localhost".to_owned(),
        "any.cloudfront.localhost".to_owned(),
    ];
    let prefixes = [
        format!("/_aws/execute-api/{api}/$default/../../../.."),
        format!("/_aws/execute-api/{api}/$default/..%2f..%2f..%2f.."),
        format!("/restapis/{api}/$default/_user_request_/.."),
        "/_aws/lambda-url/x/../../..".to_owned(),
        "/.well-known/..".to_owned(),
        "/oauth2/token/../..".to_owned(),
        "/_ministack/health/../..".to_owned(),
        "/".to_owned(),
        "/.".to_owned(),
        "/%2e".to_owned(),
    ];
    let names = [
        ("x-amz-target", "AWSCognitoIdentityProviderService.InitiateAuth"),
        ("x-http-method-override", "GET"),
        ("x-forwarded-host", "localhost"),
        ("x-amz-request-route", "x"),
        ("authorization", "Bearer x"),
        ("x-ministack-rds-capability", "x"),
    ];
    for Ask { request, .. } in asks(port).into_iter().chain([reset(port)]) {
        assert_all_refused(&cloud, hosts.iter().map(|host| request.clone().at_host(host)));
        assert_all_refused(
            &cloud,
            prefixes
                .iter()
                .map(|prefix| Request { target: format!("{prefix}{}", request.target), ..request.clone() }),
        );
        assert_all_refused(&cloud, names.map(|(name, value)| request.clone().with(name, value)));
        let absolute =
            Request { target: format!("http://127.0.0.1:{port}{}", request.target), ..request.clone() };
        assert_all_refused(&cloud, [absolute, request.with("host", "127.0.0.1")]);
    }
    assert_all_succeed(&cloud, asks(port));
}

#[test]
fn the_emulators_own_endpoints_need_a_signature_but_for_its_health() {
    let cloud = Cloud::with(SMALL);
    let (port, real) = (cloud.port(), cloud.credentials());
    let own = |method, path: &str| Request {
        method,
        target: path.to_owned(),
        host: format!("127.0.0.1:{port}"),
        headers: vec![],
        body: "{}".to_owned(),
    };
    let paths = ["ready", "sqs/messages", "ses/messages", "sns/sms-messages", "transfer/sftp-ports"];
    let looks = paths.map(|path| own("GET", &format!("/_ministack/{path}")));
    let writes = ["config", "reset", "rds/iam-auth", "eks-auth/x", "cfn-response/x"];
    let writes = writes.map(|path| own("POST", &format!("/_ministack/{path}")));
    assert_all_refused(&cloud, looks.iter().cloned().chain(writes));
    for look in looks {
        let response = look.signed("local", &real).send(port);
        assert!(response.is_success(), "{response:?}");
    }
    let health = own("GET", "/_ministack/health").with("origin", "http://rebound.example").send(port);
    assert!(health.is_success() && !health.head.contains("access-control-"), "{health:?}");
}

#[test]
fn web_sockets_lead_to_apis_alone_and_a_second_host_is_refused() {
    let cloud = Cloud::with(SMALL);
    let port = cloud.port();
    let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: mqtt\r\n";
    for host in
        ["127.0.0.1", "a.iot.us-east-1.localhost", "a.appsync-realtime-api.localhost", "rebound.example"]
    {
        let response = exchange(port, &format!("GET / HTTP/1.1\r\nHost: {host}\r\n{upgrade}\r\n"));
        assert_eq!(response.status, 403, "{host}: {response:?}");
    }
    let twice = "GET /_ministack/health HTTP/1.1\r\nHost: localhost\r\nHost: rebound.example\r\nConnection: close\r\n\r\n";
    assert_eq!(exchange(port, twice).status, 400);
}

#[tokio::test]
async fn an_api_answers_anyone_and_its_function_has_the_credentials_of_its_role_and_no_others() {
    let stack = "stack: door\nfunctions:\n  tell:\n    code: lambdas/tell\n    runtime: python3.13\n\
                 api:\n  cors: { origins: ['https://shop.example'] }\n  routes:\n    GET /tell: tell\n";
    let cloud = Cloud::with(stack);
    let code = "import os\n\n\ndef lambda_handler(event, context):\n    return dict(os.environ)\n";
    cloud.write("lambdas/tell/lambda_function.py", code);
    let api = cloud.up().api();
    let environment = get(&api, "/tell").await.ok();
    let of = |name: &str| environment[name].as_str().unwrap_or_default().to_owned();
    let real = cloud.credentials();
    let everything = environment.to_string();
    assert!(!everything.contains(real.secret_access_key()) && !everything.contains(real.access_key_id()));
    // Names are not enough to derive them, as from the emulator itself.
    let lambda = cloud.aws().await.lambda();
    let function = lambda.get_function_configuration().function_name("tell").send().await.unwrap();
    let names = sha256(&format!("{}:{}", function.function_arn.unwrap(), function.role.unwrap()));
    assert_ne!(of("AWS_ACCESS_KEY_ID"), format!("ASIA{}", names[..16].to_uppercase()));
    assert_ne!(of("AWS_SECRET_ACCESS_KEY"), sha256(&format!("secret:{names}")));

    let form = ("content-type", "application/x-www-form-urlencoded".to_owned());
    let who = Request {
        method: "POST",
        target: "/".to_owned(),
        host: format!("127.0.0.1:{}", cloud.port()),
        headers: vec![form],
        body: "Action=GetCallerIdentity&Version=2011-06-15".to_owned(),
    };
    let session = |token: String| {
        let (key, secret) = (of("AWS_ACCESS_KEY_ID"), of("AWS_SECRET_ACCESS_KEY"));
        Credentials::new(key, secret, Some(token).filter(|token| !token.is_empty()), None, "test")
    };
    let answer = who.clone().signed("sts", &session(of("AWS_SESSION_TOKEN"))).send(cloud.port());
    assert!(answer.body.contains(":assumed-role/tell_role/tell<"), "{answer:?}");
    let emptied = reset(cloud.port()).request.signed("local", &session(of("AWS_SESSION_TOKEN")));
    assert_refused(&emptied, &emptied.send(cloud.port()));
    for token in ["", "x"] {
        let request = who.clone().signed("sts", &session(token.to_owned()));
        assert_refused(&request, &request.send(cloud.port()));
    }

    let page = |origin: &str| {
        let target = format!("{}/tell", api.strip_prefix(&cloud.url).unwrap());
        let request = Request { target, method: "GET", headers: vec![], body: String::new(), ..who.clone() };
        request.with("origin", origin).send(cloud.port())
    };
    let shop = page("https://shop.example");
    assert!(shop.head.contains("access-control-allow-origin: https://shop.example"), "{shop:?}");
    let other = page("https://rebound.example");
    assert!(other.is_success() && !other.head.contains("access-control-allow-origin"), "{other:?}");
    send(&api, "GET /none", None).await.is(404, serde_json::json!({ "message": "Not Found" }));
}

/// The SHA-256 of a text, in hexadecimal digits.
fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
