//! What moves in a terminal while a command reads or waits, and is gone afterwards.

use crate::cloud::Cloud;
use crate::running::Running;
use crate::screen::Screen;
use crate::stack::SMALL;
use crate::terminal::in_terminal;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A cloud that says whose the credentials are, and refuses all other calls, but not before it is allowed to.
struct SlowCloud {
    url: String,
    may_answer: Arc<(Mutex<bool>, Condvar)>,
}

impl SlowCloud {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let may_answer = Arc::<(Mutex<bool>, Condvar)>::default();
        let shared = may_answer.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let may_answer = shared.clone();
                thread::spawn(move || while answer(&client, &may_answer).is_some() {});
            }
        });
        SlowCloud { url, may_answer }
    }

    /// From now on it responds.
    fn respond(&self) {
        *self.may_answer.0.lock().unwrap() = true;
        self.may_answer.1.notify_all();
    }

    /// A command for which it is AWS.
    fn command(&self, cloud: &Cloud, args: &[&str]) -> Command {
        let mut command = cloud.command_on_aws(args);
        command.env("AWS_ENDPOINT_URL", &self.url);
        command
    }
}

/// Answers one request; none if there are no more.
fn answer(mut client: &TcpStream, may_answer: &(Mutex<bool>, Condvar)) -> Option<()> {
    let mut reader = BufReader::new(client);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_lowercase();
        length = line.strip_prefix("content-length: ").map_or(length, |length| length.parse().unwrap());
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (status, body) = if String::from_utf8_lossy(&body).contains("Action=GetCallerIdentity") {
        ("200 OK", IDENTITY)
    } else {
        let (lock, changed) = may_answer;
        drop(changed.wait_while(lock.lock().unwrap(), |may| !*may).unwrap());
        ("403 Forbidden", r#"{"__type":"AccessDeniedException","message":"not now"}"#)
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
    client.write_all((head + body).as_bytes()).ok()
}

const IDENTITY: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
    <GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ada</Arn><UserId>A</UserId>\
    <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

#[test]
fn a_slow_read_moves_in_a_terminal_and_is_gone_afterwards() {
    let (cloud, slow) = (Cloud::with(SMALL), SlowCloud::start());
    for command in ["plan", "status", "outputs"] {
        let slow = if command == "plan" { &slow } else { &SlowCloud::start() };
        let mut screen = Screen::start(in_terminal(&slow.command(&cloud, &[command])));
        screen.writes("Reading AWS: 1 call …");
        slow.respond();
        let (status, shown) = screen.end();
        assert_ne!(status, Some(0), "{shown}");
        assert!(shown.starts_with("stack small") && shown.contains("not now"), "{shown}");
        assert!(!shown.contains("Reading AWS"), "{shown}");
    }
}

#[test]
fn nothing_moves_where_programs_read_or_calls_are_printed() {
    let cloud = Cloud::with(SMALL);
    for (args, is_terminal, first) in [
        (&["plan"][..], false, "stack small"),
        (&["plan", "--json"], true, "\"type\":\"session\""),
        (&["plan", "-v"], true, "account 123456789012"),
    ] {
        let slow = SlowCloud::start();
        let command = slow.command(&cloud, args);
        let mut screen = Screen::start(if is_terminal { in_terminal(&command) } else { command });
        screen.writes(first);
        screen.writes("\n");
        screen.writes_nothing();
        slow.respond();
        screen.end();
    }
}

/// A stack whose function does not do what its check expects.
const BUSY: &str = "\
stack: hello
functions:
  hello: { code: lambdas/hello, runtime: python3.13 }
api:
  routes:
    GET /hello/{name}: hello
checks:
  - name: a visitor is greeted
    request: GET /hello/ada
    retry_for: 60
";

fn busy() -> Cloud {
    let cloud = Cloud::with(BUSY);
    let code = "def lambda_handler(event, context):\n    return {'statusCode': 503, 'body': 'at lunch'}\n";
    cloud.write("lambdas/hello/lambda_function.py", code);
    cloud
}

/// Waits until the stack of a cloud is up, and its checks are being retried.
fn deployed(cloud: &Cloud) {
    let mut up = Running::start(&mut cloud.command(&["up", "--local"]));
    up.says("… a visitor is greeted: 503, retrying for up to 60 s");
    up.interrupt();
    let (status, said) = up.end();
    assert_eq!(status.code(), Some(130), "{said}");
    assert_eq!(said.matches("retrying").count(), 1, "{said}");
    for text in
        ["interrupted; last: expected status 200, got 503", "response: at lunch", "0 of 1 checks passed."]
    {
        assert!(said.contains(text), "{said}");
    }
    assert!(said.contains("see: provision logs hello --local"), "{said}");
}

#[test]
fn a_check_that_is_retried_moves_in_a_terminal_until_it_is_interrupted() {
    let cloud = busy();
    deployed(&cloud);
    let mut screen = Screen::start(in_terminal(&cloud.command(&["check", "--local"])));
    screen.writes("… 1 of 60 s: a visitor is greeted: 503, retrying");
    screen.types("\u{3}");
    let (status, shown) = screen.end();
    assert_eq!(status, Some(130), "{shown}");
    assert!(shown.contains("interrupted; last: expected status 200, got 503"), "{shown}");
    assert!(shown.contains("response: at lunch\n      see: provision logs hello --local"), "{shown}");
    assert!(!shown.contains("retrying"), "{shown}");
}

#[test]
fn a_renamed_route_is_noticed_and_its_old_url_is_not_suggested() {
    let cloud = busy();
    cloud.edit("lambdas/hello/lambda_function.py", "503", "200");
    let url = |said: &str| said.split_once("curl '").map(|(_, url)| url.to_owned());
    assert!(url(&cloud.up().out).is_some_and(|url| url.contains("/hello/ada'")));
    cloud.edit("stack.yaml", "GET /hello/{name}", "GET /hi/{name}");
    let warned = cloud.run(&["validate"]).ok();
    warned.says("warning: stack.yaml:8: no route serves `GET /hello/ada`, but the check `a visitor is greeted` expects status 200");
    let valid = cloud.run(&["validate", "--json"]).ok();
    assert_eq!(valid.documents()[0]["warnings"][0]["line"], 8, "{valid}");
    let start = Instant::now();
    let up = cloud.run(&["up", "--local"]).ends(1);
    assert_eq!(url(&up.out), None, "{up}");
    up.says("got 404: no route of the stack serves `GET /hello/ada`")
        .never_says("retrying")
        .never_says("see: ");
    assert!(start.elapsed() < Duration::from_secs(50), "a check is not retried for nothing");
}

#[tokio::test]
async fn status_suggests_no_request_while_the_stage_is_missing() {
    let cloud = Cloud::with(SMALL);
    cloud.up();
    let suggested = "Try it:";
    cloud.run(&["status", "--local"]).ok().says(suggested);
    let id = cloud.run(&["outputs", "api.id", "--local"]).ok().out;
    cloud.aws().await.api().delete_stage().api_id(id.trim()).stage_name("$default").send().await.unwrap();
    cloud.run(&["status", "--local"]).ends(2).says("missing").never_says(suggested);
    cloud.run(&["outputs", "--local"]).ok().says("API: ").never_says(suggested);
    cloud.down();
}

#[test]
fn the_first_start_of_the_local_cloud_moves() {
    let folder = tempfile::tempdir().unwrap();
    let (uv, go) = (folder.path().join("uv"), folder.path().join("go"));
    let script = "#!/bin/sh\nwhile [ ! -e \"$GO\" ]; do sleep 0.05; done\necho no network >&2\nexit 1\n";
    fs::write(&uv, script).unwrap();
    fs::set_permissions(&uv, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
    command.args(["local", "start"]).current_dir(folder.path()).env("PATH", path).env("GO", &go);
    command.env("PROVISION_CACHE_DIR", folder.path().join("cache"));
    command.env("PROVISION_STATE_DIR", folder.path().join("state"));
    let mut screen = Screen::start(in_terminal(&command));
    screen.writes("Installing the local cloud");
    screen.writes("… 1 s");
    fs::write(go, "").unwrap();
    let (status, shown) = screen.end();
    assert_eq!(status, Some(1), "{shown}");
    assert!(shown.contains("no network") && !shown.contains("… "), "{shown}");
}
