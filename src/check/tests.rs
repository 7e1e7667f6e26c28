//! Checks run against a server on this machine that gives prepared answers and keeps what it was asked.

use super::*;
use crate::aws;
use crate::config::{self, At, Body, Expect, Json, Template};
use crate::kind::{ActField, Found, Reply};
use crate::plan::tests::stacks::stack;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

struct Server {
    url: String,
    asked: Receiver<String>,
}

impl Server {
    /// Gives the answers one after the other, each on a connection of its own.
    fn new(answers: &[(u16, &str)]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let url = format!("http://{}/stage/", listener.local_addr().expect("bound"));
        let answers: Vec<_> = answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect();
        let (tell, asked) = channel();
        thread::spawn(move || {
            for (status, body) in answers {
                let Ok((stream, _)) = listener.accept() else { return };
                if !serve(stream, status, &body, &tell) {
                    return;
                }
            }
        });
        Self { url, asked }
    }

    /// Every request so far, as `METHOD path`, with a body after a space.
    fn asked(&self) -> Vec<String> {
        self.asked
            .try_iter()
            .map(|request| request.split('\n').next().unwrap_or_default().to_owned())
            .collect()
    }
}

/// Tells a request (its line and body, and below them its headers), and then answers it: who has the answer finds the request
/// among those that were asked. False if the test has ended.
fn serve(mut stream: TcpStream, status: u16, body: &str, tell: &Sender<String>) -> bool {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        match line.trim_end() {
            "" => break,
            text => lines.push(text.to_owned()),
        }
    }
    let length =
        lines.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut sent = vec![0; length];
    reader.read_exact(&mut sent).expect("a body");
    let line = lines[0].trim_end_matches(" HTTP/1.1").to_owned();
    let request = format!("{line} {}\n{}", String::from_utf8_lossy(&sent), lines[1..].join("\n"));
    let is_heard = tell.send(request.replace(" \n", "\n")).is_ok();
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all((head + body).as_bytes()).expect("a client");
    is_heard
}

/// Reads `${name}` as a capture and `${region}` as the region.
fn template(text: &str) -> Template {
    let mut parts = Vec::new();
    for (index, piece) in text.split("${").enumerate() {
        let rest = match piece.split_once('}').filter(|_| index > 0) {
            Some(("region", rest)) => {
                parts.push(Part::Region);
                rest
            }
            Some((name, rest)) => {
                parts.push(Part::Capture(name.to_owned()));
                rest
            }
            None => piece,
        };
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
    }
    Template { at: At::default(), parts }
}

fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(number) => Json::Number(number.clone()),
        Value::String(text) => Json::Text(template(text)),
        Value::Array(list) => Json::List(list.iter().map(json).collect()),
        Value::Object(members) => {
            Json::Map(members.iter().map(|(name, value)| (name.clone(), json(value))).collect())
        }
    }
}

fn check(request: &str) -> Check {
    sending(request, |_| ())
}

/// The check of a request that is more than its line.
fn sending(request: &str, more: impl FnOnce(&mut config::Request)) -> Check {
    let (method, path) = request.split_once(' ').expect("METHOD /path");
    let mut sent = config::Request {
        method: method.to_owned(),
        path: template(path),
        is_absolute: !path.starts_with('/'),
        headers: Default::default(),
        body: Body::None,
        is_signed: false,
    };
    more(&mut sent);
    doing(request, Exchange::Request(sent))
}

fn doing(name: &str, exchange: Exchange) -> Check {
    Check {
        at: At::default(),
        name: name.to_owned(),
        exchange,
        expect: Expect::default(),
        capture: Default::default(),
        retry_for: 0,
    }
}

fn status(status: u16) -> Expect {
    Expect { status: Some(status), ..Expect::default() }
}

fn expecting(body: &Value) -> Expect {
    Expect { body: Some(json(body)), ..Expect::default() }
}

fn capture(name: &str, pointer: &str) -> std::collections::BTreeMap<String, String> {
    [(name.to_owned(), pointer.to_owned())].into()
}

fn resolve(part: &Part) -> Result<String> {
    match part {
        Part::Region => Ok("eu west".to_owned()),
        _ => anyhow::bail!("it is known after `provision up`"),
    }
}

async fn outcomes(checks: &[Check], base: &str) -> Vec<CheckResult> {
    outcomes_of(checks, base, &Fake::default()).await
}

/// What the checks run against: the API at a URL, and a stand-in for AWS.
fn live<'a>(base: &'a str, trust: &'a Trust, perform: &'a Fake) -> Live<'a> {
    Live {
        url: base,
        trust,
        resolve: &resolve,
        requests: None,
        deployed: &deployed,
        perform,
        folder: Path::new(env!("CARGO_MANIFEST_DIR")),
        signer: None,
    }
}

fn deployed(_: &'static str, key: &str, part: Option<&str>) -> Result<(String, Arc<Value>)> {
    anyhow::ensure!(key != "gone", "queue gone is not deployed");
    Ok((format!("dev-{key}{}", part.unwrap_or_default()), Arc::new(json!({ "url": "u" }))))
}

/// Replies with what is prepared, one after the other, and keeps what it was asked.
#[derive(Default)]
struct Fake {
    replies: Mutex<VecDeque<Reply>>,
    asked: Mutex<Vec<String>>,
}

impl Fake {
    fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Fake { replies: Mutex::new(replies.into_iter().collect()), asked: Mutex::default() }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

impl Perform for Fake {
    fn call<'a>(&'a self, act: &'static Act, acted: &'a Acted) -> BoxFuture<'a, aws::Result<Reply>> {
        let body = acted.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        let asked =
            format!("{} {} {} {body}", act.called(&acted.name), acted.attribute("url"), json!(acted.fields));
        self.asked.lock().expect("no panic").push(asked.trim_end().to_owned());
        let reply = self.replies.lock().expect("no panic").pop_front();
        Box::pin(async { reply.ok_or_else(|| aws::Error::state("no more")) })
    }

    fn take<'a>(
        &'a self,
        act: &'static Act,
        _: &'a Acted,
        found: &'a Found,
    ) -> BoxFuture<'a, aws::Result<()>> {
        self.asked.lock().expect("no panic").push(format!("take {} {}", act.word, found.token));
        Box::pin(async { Ok(()) })
    }
}

async fn outcomes_of(checks: &[Check], base: &str, perform: &Fake) -> Vec<CheckResult> {
    let trust = Trust::default();
    let (_running, stop) = watch::channel(0);
    let mut outcomes = Vec::new();
    let ended = run(checks, live(base, &trust, perform), stop, |progress| {
        if let Progress::Done(outcome) = progress {
            outcomes.push(outcome);
        }
    });
    let passed = ended.await == Outcome::Passed;
    assert_eq!(passed, outcomes.iter().all(|outcome| outcome.verdict == Verdict::Passed));
    outcomes
}

fn failure(outcome: &CheckResult) -> String {
    match &outcome.verdict {
        Verdict::Failed(failure) => failure.to_string(),
        other => panic!("it did not fail: {other:?}"),
    }
}

#[tokio::test]
async fn what_one_check_captures_the_next_ones_use() {
    let server =
        Server::new(&[(201, ""), (200, r#"[{"id": "x/y"}, {"id": "ü", "n": 7}]"#), (200, "{}"), (200, "")]);
    let body = |value| Body::Json(json(&value));
    let post = sending("POST /items", |sent| sent.body = body(json!({ "a": [1, "b", null] })));
    let post = Check { expect: status(201), ..post };
    let list = Check {
        expect: expecting(&json!([{ "n": 7 }, { "id": "x/y" }])),
        capture: [("n".into(), "/0/n".into()), ("id".into(), "/1/id".into())].into(),
        ..check("GET /items")
    };
    let get = check("GET /items/${id}?n=${n}&in=${region}");
    let put = sending("PUT /items", |sent| {
        sent.body = body(json!({ "n": "${n}", "text": "${n} of ${id}" }));
        sent.headers = [("Content-Type".to_owned(), template("text/${region}"))].into();
    });
    let outcomes = outcomes(&[post, list, get, put], &server.url).await;
    assert!(outcomes.iter().all(|outcome| outcome.verdict == Verdict::Passed), "{outcomes:?}");
    assert_eq!(outcomes[2].done.to_string(), "GET /items/x%2Fy?n=7&in=eu%20west");
    assert_eq!((outcomes[0].status, outcomes[0].attempts), (Some(201), 1));
    let requests: Vec<_> = server.asked.iter().collect();
    assert!(requests[0].starts_with("POST /stage/items {\"a\":[1,\"b\",null]}\n"), "{}", requests[0]);
    assert!(requests[0].contains("content-type: application/json"), "{}", requests[0]);
    assert!(requests[2].starts_with("GET /stage/items/x%2Fy?n=7&in=eu%20west\n"), "{}", requests[2]);
    assert!(requests[3].starts_with("PUT /stage/items {\"n\":7,\"text\":\"7 of x/y\"}\n"), "{}", requests[3]);
    assert!(requests[3].contains("content-type: text/eu west") && !requests[3].contains("application/json"));
}

#[tokio::test]
async fn a_failure_skips_only_the_checks_that_need_its_captures() {
    let server = Server::new(&[(500, r#"{"message": "Internal Server Error"}"#), (200, "")]);
    let list = Check { capture: capture("id", "/0/id"), ..check("GET /items") };
    let get = check("GET /items/${id}");
    let body = sending("PUT /items", |sent| sent.body = Body::Json(json(&json!({ "id": "${id}" }))));
    let outcomes = outcomes(&[list, get, body, check("GET /other")], &server.url).await;
    assert_eq!(failure(&outcomes[0]), "expected status 200, got 500");
    assert_eq!(outcomes[0].body, r#"{"message": "Internal Server Error"}"#);
    let skipped = Verdict::Skipped("no earlier check captured `id`".to_owned());
    assert_eq!((&outcomes[1].verdict, &outcomes[2].verdict), (&skipped, &skipped));
    assert_eq!(
        (outcomes[1].done.to_string().as_str(), outcomes[1].attempts),
        ("GET /items/${capture.id}", 0)
    );
    assert_eq!(outcomes[3].verdict, Verdict::Passed);
    assert_eq!(server.asked(), ["GET /stage/items", "GET /stage/other"]);
}

#[tokio::test]
async fn a_pointer_that_leads_nowhere_is_a_failure_and_no_older_value_is_used() {
    let server = Server::new(&[(200, r#"{"id": 1}"#), (200, "{}")]);
    let list = Check { capture: capture("id", "/id"), ..check("GET /items") };
    let outcomes = outcomes(&[list.clone(), list, check("GET /items/${id}")], &server.url).await;
    assert_eq!(failure(&outcomes[1]), "cannot capture `id`: the response has no `/id`");
    assert_eq!(outcomes[2].verdict, Verdict::Skipped("no earlier check captured `id`".to_owned()));
}

#[tokio::test]
async fn a_body_that_differs_or_is_not_json_is_a_failure() {
    let long = "é".repeat(600);
    let server = Server::new(&[(200, r#"{"Item": {"title": "a"}}"#), (200, &long), (200, &long)]);
    let get = Check { expect: expecting(&json!({ "Item": { "title": "b" } })), ..check("GET /items/1") };
    let outcomes = outcomes(&[get.clone(), get, check("GET /text")], &server.url).await;
    assert_eq!(failure(&outcomes[0]), r#"expected "b" at /Item/title, got "a""#);
    assert!(failure(&outcomes[1]).starts_with("expected JSON in the body: "));
    assert_eq!(outcomes[1].body, format!("{}…", "é".repeat(500)));
    assert_eq!(outcomes[2].verdict, Verdict::Passed);
}

#[tokio::test]
async fn a_get_is_repeated_until_it_passes() {
    let server =
        Server::new(&[(403, ""), (503, ""), (200, r#"{"ready": false}"#), (200, r#"{"ready": true}"#)]);
    let get = Check { retry_for: 20, expect: expecting(&json!({ "ready": true })), ..check("GET /health") };
    let outcomes = outcomes(&[get], &server.url).await;
    assert_eq!((&outcomes[0].verdict, outcomes[0].attempts), (&Verdict::Passed, 4));
    assert!(outcomes[0].elapsed >= FIRST_PAUSE * 7);
}

#[tokio::test]
async fn a_repeated_get_fails_when_the_time_is_up() {
    let server = Server::new(&[(404, ""); 9]);
    let outcomes = outcomes(&[Check { retry_for: 1, ..check("GET /items") }], &server.url).await;
    assert_eq!(failure(&outcomes[0]), "expected status 200, got 404");
    assert!((2..9).contains(&outcomes[0].attempts));
    assert!(outcomes[0].elapsed <= Duration::from_secs(2));
}

#[tokio::test]
async fn a_write_is_not_repeated_and_a_get_after_one_is() {
    let server = Server::new(&[(500, ""), (500, ""), (200, "")]);
    let patient = |request| Check { retry_for: 20, ..check(request) };
    let outcomes = outcomes(&[check("POST /items"), patient("GET /items")], &server.url).await;
    assert_eq!(outcomes.iter().map(|outcome| outcome.attempts).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(server.asked(), ["POST /stage/items", "GET /stage/items", "GET /stage/items"]);
}

#[tokio::test]
async fn no_answer_is_a_failure_with_its_cause() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    drop(listener);
    let outcomes = outcomes(&[check("GET /items")], &url).await;
    let message = failure(&outcomes[0]);
    assert!(message.starts_with("no response: ") && message.contains("refused"), "{message}");
    assert_eq!((outcomes[0].status, outcomes[0].attempts), (None, 1));
}

#[tokio::test]
async fn what_no_url_may_hold_is_encoded() {
    let server = Server::new(&[(200, "")]);
    let outcomes = outcomes(&[check("GET /items/ä b?q={x}&r=%20")], &server.url).await;
    assert_eq!(outcomes[0].done.to_string(), "GET /items/ä b?q={x}&r=%20");
    assert_eq!(server.asked(), ["GET /stage/items/%C3%A4%20b?q=%7Bx%7D&r=%20"]);
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_a_failure() {
    let headers = [("x-note".to_owned(), template("two\nlines"))].into();
    let get = sending("GET /items", |sent| sent.headers = headers);
    let outcomes = outcomes(&[get], "http://127.0.0.1:1").await;
    let message = failure(&outcomes[0]);
    assert!(message.contains("`x-note` cannot be a header with this value"), "{message}");
}

#[tokio::test]
async fn a_placeholder_that_is_not_known_skips_the_check() {
    let server = Server::new(&[]);
    let path = Template {
        parts: vec![
            Part::Text("/".into()),
            Part::Attribute { kind: "api", key: String::new(), attribute: "url" },
        ],
        ..template("")
    };
    let outcomes = outcomes(&[sending("GET /", |sent| sent.path = path)], &server.url).await;
    assert_eq!(outcomes[0].done.to_string(), "GET /${…}");
    assert_eq!(outcomes[0].verdict, Verdict::Skipped("it is known after `provision up`".to_owned()));
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other() {
    let server = Server::new(&[(302, "")]);
    let outcomes = outcomes(&[Check { expect: status(302), ..check("GET /old") }], &server.url).await;
    assert_eq!(outcomes[0].verdict, Verdict::Passed);
}

/// What a user sees of a run of checks, against the API of a stack with the route `GET /hi/{name}`.
async fn run_with_route(checks: &[Check], base: &str, stop_at_retry: Option<u32>) -> (Outcome, Vec<String>) {
    let stack = stack(
        "stack: hi\nfunctions: { hi: { code: code, runtime: python3.13 } }\napi: { routes: { 'GET /hi/{name}': hi } }\n",
    );
    let requests = requests::requests(&stack);
    let trust = Trust::default();
    let fake = Fake::default();
    let live = Live { requests: requests.as_deref(), ..live(base, &trust, &fake) };
    let (end, stop) = watch::channel(u32::from(stop_at_retry == Some(0)));
    let mut seen = Vec::new();
    let ended = run(checks, live, stop, |progress| match progress {
        Progress::Started(check) => seen.push(format!("started {}", check.name)),
        Progress::Retrying { check, why, attempts } => {
            seen.push(format!("{}: {}, attempt {attempts}", check.name, why.in_short()));
            end.send_replace(u32::from(stop_at_retry == Some(attempts)));
        }
        Progress::Done(outcome) => seen.push(match &outcome.verdict {
            Verdict::Failed(failure) => format!("{failure} / {:?} {}", outcome.status, outcome.body),
            verdict => format!("{verdict:?}"),
        }),
    });
    (ended.await, seen)
}

#[tokio::test]
async fn each_attempt_that_is_repeated_is_reported_with_its_reason() {
    let server = Server::new(&[(503, ""), (200, "no"), (200, "{}")]);
    let get = Check { retry_for: 20, expect: expecting(&json!({})), ..check("GET /hi/ada") };
    let (ended, seen) = run_with_route(&[get], &server.url, None).await;
    assert_eq!(ended, Outcome::Passed);
    let retries = ["GET /hi/ada: 503, attempt 1", "GET /hi/ada: another body, attempt 2"];
    assert_eq!(seen, ["started GET /hi/ada", retries[0], retries[1], "Passed"]);
}

#[tokio::test]
async fn a_404_is_not_retried_where_no_route_serves_the_request() {
    let server = Server::new(&[(404, "no"), (404, ""), (200, ""), (503, ""), (200, "")]);
    let patient = |request| Check { retry_for: 20, ..check(request) };
    let all = [patient("GET /hello/ada"), patient("GET /hi/ada"), patient("GET /hello/ada")];
    let (ended, seen) = run_with_route(&all, &server.url, None).await;
    assert_eq!(ended, Outcome::Failed);
    let failure =
        "expected status 200, got 404: no route of the stack serves `GET /hello/ada` / Some(404) no";
    // A route may take a while to respond, and another status may pass.
    let retries = ["GET /hi/ada: 404, attempt 1", "GET /hello/ada: 503, attempt 1"];
    let [one, two] = ["started GET /hello/ada", "started GET /hi/ada"];
    assert_eq!(seen, [one, failure, two, retries[0], "Passed", one, retries[1], "Passed"]);
}

#[tokio::test]
async fn an_interrupted_check_shows_the_last_response_and_no_other_starts() {
    let server = Server::new(&[(503, "busy"), (404, "soon"), (200, "")]);
    let patient = Check { retry_for: 60, ..check("GET /hi/ada") };
    let (ended, seen) = run_with_route(&[patient, check("GET /hi/bob")], &server.url, Some(2)).await;
    assert_eq!(ended, Outcome::Interrupted);
    assert_eq!(
        seen.last().map(String::as_str),
        Some("interrupted; last: expected status 200, got 404 / Some(404) soon")
    );
    assert_eq!(seen.len(), 4, "{seen:?}");
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn an_interrupted_check_says_where_there_is_no_response() {
    let server = Server::new(&[(200, "")]);
    let (ended, seen) = run_with_route(&[check("GET /hi/ada")], &server.url, Some(0)).await;
    assert_eq!(ended, Outcome::Interrupted);
    assert_eq!(seen, ["started GET /hi/ada", "interrupted, no response yet / None "]);
}

fn nothing<'a>(_: &'a aws::Clients, _: &'a Acted) -> BoxFuture<'a, aws::Result<Reply>> {
    Box::pin(async { Err(aws::Error::state("no test has clients")) })
}

static READ: Act = Act {
    reads: true,
    fields: &[ActField::text("key", "The key.")],
    ..Act::new("message", "queue", nothing)
};
static WRITE: Act = Act { has_body: true, ..Act::new("send", "queue", nothing) };

fn acting(act: &'static Act, key: &str, more: impl FnOnce(&mut ActOn)) -> Check {
    let mut on = ActOn {
        act,
        kind: "queue",
        key: key.to_owned(),
        part: None,
        fields: Default::default(),
        places: Default::default(),
        body: Body::None,
    };
    more(&mut on);
    doing(&on.called(), Exchange::Act(on))
}

fn found(bodies: &[&str]) -> Reply {
    let one = |(at, body): (usize, &&str)| Found { body: body.as_bytes().to_vec(), token: at.to_string() };
    Reply::Found(bodies.iter().enumerate().map(one).collect())
}

const NOWHERE: &str = "http://127.0.0.1:1";

#[tokio::test]
async fn what_a_check_sends_another_one_finds_and_takes_away() {
    let fake = Fake::new([found(&[]), found(&[]), found(&["x", r#"{"id": 2}"#, r#"{"id": 1, "n": 7}"#])]);
    let send = acting(&WRITE, "work", |on| on.body = Body::Json(json(&json!({ "id": 1 }))));
    let read = acting(&READ, "work", |on| {
        on.fields = [("key", json(&json!("a"))), ("at", json(&json!({ "n": 1 })))].into();
    });
    let read =
        Check { retry_for: 20, expect: expecting(&json!({ "id": 1 })), capture: capture("n", "/n"), ..read };
    let text = acting(&WRITE, "work", |on| on.body = Body::Text(template("n is ${n}")));
    let outcomes = outcomes_of(&[send, read, text], NOWHERE, &fake).await;
    let verdicts: Vec<_> = outcomes.iter().map(|outcome| &outcome.verdict).collect();
    assert_eq!(verdicts[..2], [&Verdict::Passed, &Verdict::Passed]);
    assert_eq!(*verdicts[2], Verdict::Failed(CheckFailure::Refused("no more".to_owned())));
    assert_eq!((outcomes[1].attempts, outcomes[1].done.to_string().as_str()), (2, "message queue work"));
    let read = r#"message queue dev-work u {"at":{"n":1},"key":"a"}"#;
    let asked = [
        r#"send queue dev-work u {} {"id":1}"#,
        read,
        read,
        "take queue 2",
        "send queue dev-work u {} n is 7",
    ];
    assert_eq!(fake.asked(), asked);
}

#[tokio::test]
async fn what_is_not_there_fails_unless_that_is_expected() {
    let fake = Fake::new([found(&[]), found(&[]), found(&["x"]), found(&["x"])]);
    let absent = || Expect { is_absent: true, ..Expect::default() };
    let read = || acting(&READ, "work", |_| ());
    let text = Expect { text: Some(template("y")), ..Expect::default() };
    let checks = [
        read(),
        Check { expect: absent(), ..read() },
        Check { expect: absent(), ..read() },
        Check { expect: text, ..read() },
    ];
    let outcomes = outcomes_of(&checks, NOWHERE, &fake).await;
    assert_eq!(failure(&outcomes[0]), "there is nothing yet");
    assert_eq!(outcomes[1].verdict, Verdict::Passed);
    assert_eq!(failure(&outcomes[2]), "expected nothing, but there is something");
    assert_eq!(failure(&outcomes[3]), "expected `y` in the body");
}

#[tokio::test]
async fn an_error_of_code_is_expected_or_a_failure() {
    let failed = || Reply::Failed("ValueError: no id".to_owned());
    let fake = Fake::new([failed(), failed(), failed(), found(&["{}"])]);
    let error = |text: &str| Expect { error: Some(template(text)), ..Expect::default() };
    let check = |expect| Check { expect, ..acting(&WRITE, "work", |_| ()) };
    let checks =
        [check(Expect::default()), check(error("no id")), check(error("no name")), check(error("no id"))];
    let outcomes = outcomes_of(&checks, NOWHERE, &fake).await;
    assert_eq!(failure(&outcomes[0]), "it failed: ValueError: no id");
    assert_eq!(outcomes[1].verdict, Verdict::Passed);
    assert_eq!(failure(&outcomes[2]), "it failed: ValueError: no id; expected an error with `no name`");
    assert_eq!(failure(&outcomes[3]), "expected an error with `no id`, but it did not fail");
}

#[tokio::test]
async fn an_act_on_what_is_not_deployed_is_skipped() {
    let fake = Fake::default();
    let outcomes = outcomes_of(&[acting(&READ, "gone", |_| ())], NOWHERE, &fake).await;
    assert_eq!(outcomes[0].verdict, Verdict::Skipped("queue gone is not deployed".to_owned()));
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn a_whole_url_headers_a_text_and_a_file_are_sent_as_they_are() {
    let server = Server::new(&[(200, r#"{"upload": "URL"}"#), (200, ""), (200, "hello ada")]);
    let base = server.url.clone();
    let captured = Check { capture: capture("upload", "/upload"), ..check("GET /upload") };
    // What the server says stands for its own address here.
    let put = sending("PUT ${region}", |sent| {
        sent.path = Template {
            parts: vec![Part::Text(base.clone()), Part::Text("a/b?c=d%2Fe".to_owned())],
            ..template("")
        };
        sent.is_absolute = true;
        sent.body = Body::File("rust-toolchain.toml".into());
    });
    let text = sending("POST /text", |sent| sent.body = Body::Text(template("hi")));
    let expect = Expect {
        headers: [("Content-Length".to_owned(), template("9"))].into(),
        text: Some(template("ada")),
        ..Expect::default()
    };
    let outcomes = outcomes(&[captured, put, Check { expect, ..text }], &server.url).await;
    assert!(outcomes.iter().all(|outcome| outcome.verdict == Verdict::Passed), "{outcomes:?}");
    let requests: Vec<_> = server.asked.iter().collect();
    assert!(requests[1].starts_with("PUT /stage/a/b?c=d%2Fe [toolchain]"), "{}", requests[1]);
    assert!(!requests[1].contains("content-type"), "{}", requests[1]);
    assert_eq!(outcomes[1].done.to_string(), format!("PUT {base}a/b"), "a query may sign it");
    assert!(
        requests[2].starts_with("POST /stage/text hi\n") && requests[2].contains("text/plain"),
        "{}",
        requests[2]
    );
}

#[tokio::test]
async fn a_url_that_was_captured_is_not_encoded() {
    let server = Server::new(&[(200, "{}")]);
    let captures = [("upload".to_owned(), json!(format!("{}x?a=b%20c", server.url)))].into();
    let fill = Fill { captures: &captures, resolve: &resolve, folder: Path::new(".") };
    let url = fill.path(&template("${upload}&d=${region}")).0;
    assert_eq!(url, format!("{}x?a=b%20c&d=eu%20west", server.url));
}

#[tokio::test]
async fn a_header_that_is_expected_must_be_there() {
    let server = Server::new(&[(200, ""), (200, "")]);
    let header =
        |name: &str| Expect { headers: [(name.to_owned(), template("1"))].into(), ..Expect::default() };
    let checks = ["x-stage", "content-length"].map(|name| Check { expect: header(name), ..check("GET /") });
    let outcomes = outcomes(&checks, &server.url).await;
    assert_eq!(failure(&outcomes[0]), "expected the header `x-stage: 1`, which is missing");
    assert_eq!(failure(&outcomes[1]), "expected the header `content-length: 1`, got `0`");
}

#[tokio::test]
async fn a_request_is_signed_for_what_it_is_sent_to() {
    let server = Server::new(&[(200, ""), (200, "")]);
    let fake = Fake::default();
    let (trust, credentials) = (Trust::default(), Credentials::for_tests());
    let signer = Some((&credentials, "eu-west-1"));
    let (_running, stop) = watch::channel(0);
    let url = format!("{}lambda-url/abc/", server.url);
    let to_function = sending("GET https://example.com", |sent| {
        sent.path = Template { parts: vec![Part::Text(url)], ..template("") };
        sent.is_signed = true;
    });
    let checks = [sending("GET /items", |sent| sent.is_signed = true), to_function];
    let ended = run(&checks, Live { signer, ..live(&server.url, &trust, &fake) }, stop, |_| ()).await;
    assert_eq!(ended, Outcome::Passed);
    let requests: Vec<_> = server.asked.iter().collect();
    assert!(requests[0].contains("/eu-west-1/execute-api/aws4_request"), "{}", requests[0]);
    assert!(requests[1].contains("/eu-west-1/lambda/aws4_request"), "{}", requests[1]);
}
