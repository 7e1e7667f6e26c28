//! What people see: the screens of a terminal of 80 columns, and of one of 40.

use crate::cloud::Cloud;
use crate::http::{get, send};
use crate::screen::{Screen, shown};
use crate::stack::root;
use crate::terminal::in_terminal_of;
use regex::Regex;
use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The screens of a width, one after the other.
struct Screens {
    columns: u16,
    text: String,
}

/// What differs from run to run or from machine to machine, and what stands in its place: as long, since lines are wrapped.
const SETTLED: [(&str, &str); 10] = [
    (r"127\.0\.0\.1:\d{5}", "127.0.0.1:25000"),
    (r"local cloud :\d{5}", "local cloud :25000"),
    (r"execute-api/[0-9a-f]{8}", "execute-api/1a2b3c4d"),
    (r"\d\d:\d\d:\d\d", "09:18:01"),
    (r"\d+\.\d s", "0.5 s"),
    (r"\d+ ms", "58 ms"),
    (r"\d+(\s+)reads,(\s+)\d+", "24${1}reads,${2}11"),
    (r"\d+ of 60 s", "12 of 60 s"),
    (r"\d+ bytes of logs", "258 bytes of logs"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "1c095ecc-8f4c-4969-8193-3a38dbdd5528"),
];

impl Screens {
    fn of(columns: u16) -> Self {
        Screens { columns, text: String::new() }
    }

    /// Runs a command to its end and keeps its screen.
    #[track_caller]
    fn run(&mut self, title: &str, command: &Command, status: i32) -> String {
        let (ended, written) = Screen::start(in_terminal_of(self.columns, command)).ended();
        let shown = self.keep(title, &written);
        assert_eq!(ended, Some(status), "{shown}");
        shown
    }

    /// Keeps the screen of what was written.
    fn keep(&mut self, title: &str, written: &str) -> String {
        let settled = SETTLED.iter().fold(written.to_owned(), |written, (pattern, instead)| {
            Regex::new(pattern).unwrap().replace_all(&written, *instead).into_owned()
        });
        let shown = shown(self.columns, &settled);
        let shown = shown.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned();
        let _ = writeln!(self.text, "=== {title} ===\n{shown}\n");
        shown
    }
}

/// The smallest example.
fn minimal() -> Cloud {
    let example = |file: &str| fs::read_to_string(root().join("examples/minimal").join(file)).unwrap();
    let cloud = Cloud::with(&example("stack.yaml"));
    cloud.write("lambdas/hello/lambda_function.py", &example("lambdas/hello/lambda_function.py"));
    cloud
}

/// The life of a stack.
async fn life(screens: &mut Screens) {
    let cloud = minimal();
    let local = |args: &[&str]| cloud.command(&[args, &["--local"]].concat());
    let up = screens.run("first up", &local(&["up"]), 0);
    if screens.columns == 80 {
        assert!(up.lines().count() <= 15, "{up}");
    }
    screens.run("second up", &local(&["up"]), 0);
    cloud.edit("stack.yaml", "python3.13\n", "python3.13\n    memory: 256\n");
    cloud.edit("stack.yaml", "UpdateItem]", "UpdateItem, dynamodb:GetItem]");
    cloud.edit("stack.yaml", "  routes:\n", "  routes:\n    GET /welcome/{name}: minimal_hello\n");
    screens.run("plan with a change", &local(&["plan"]), 0);
    screens.run("up with a change", &local(&["up"]), 0);
    let aws = cloud.aws().await;
    aws.iam()
        .delete_role_policy()
        .role_name("minimal_hello_role")
        .policy_name("provision")
        .send()
        .await
        .unwrap();
    screens.run("status with drift", &local(&["status"]), 2);
    cloud.edit("stack.yaml", "partition_key: name", "partition_key: id");
    screens.run("refused up", &local(&["up"]), 1);
    cloud.edit("stack.yaml", "partition_key: id", "partition_key: name");
    screens.run("down", &local(&["down"]), 0);
}

/// What goes wrong in AWS, and where there is none.
fn failures(screens: &mut Screens) {
    let cloud = minimal();
    let layer = "arn:aws:lambda:us-east-1:000000000000:layer:nothing:1";
    cloud.edit("stack.yaml", "python3.13\n", &format!("python3.13\n    layers: [\"{layer}\"]\n"));
    screens.run("failed up", &cloud.command(&["up", "--local"]), 1);
    let mut command = cloud.command(&["plan"]);
    let nowhere = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];
    command.envs(nowhere.map(|name| (name, "/dev/null"))).env("AWS_EC2_METADATA_DISABLED", "true");
    screens.run("no credentials", command.env("AWS_REGION", "eu-west-1"), 77);
}

/// A check whose request is answered with an error for a while.
fn waiting_check(screens: &mut Screens) {
    let cloud = minimal();
    cloud.write(
        "lambdas/hello/lambda_function.py",
        "def lambda_handler(*_):\n    return {'statusCode': 503}\n",
    );
    let mut screen = Screen::start(in_terminal_of(screens.columns, &cloud.command(&["up", "--local"])));
    screen.writes("of 60 s: a visitor is gree");
    screens.keep("check that waits", &screen.text());
    screen.types("\u{3}");
    let (status, written) = screen.ended();
    assert_eq!(status, Some(130), "{written}");
    screens.keep("check that was interrupted", &written);
}

/// `dev`: a request, a save, a save that is broken, keys.
async fn dev(screens: &mut Screens) {
    let cloud = minimal();
    let mut screen = Screen::start(in_terminal_of(screens.columns, &cloud.command(&["dev"])));
    screen.writes("q quits.");
    let api = cloud.run(&["outputs", "api.url", "--local"]).ok().out;
    let file = "lambdas/hello/lambda_function.py";
    assert_eq!(get(api.trim(), "/hello/ada").await.ok()["message"], "Hello, ada!");
    screen.writes("GET /hello/ada ");
    cloud.edit(file, "Hello, ", "Welcome, ");
    screen.writes("live");
    send(api.trim(), "GET /nothing", None).await;
    screen.writes("GET /nothing ");
    let code = fs::read_to_string(cloud.path("stack").join(file)).unwrap();
    cloud.write(file, "def lambda_handler(event, context:\n    pass\n");
    screen.writes("was never closed");
    cloud.write(file, &code);
    screen.writes("as before");
    screen.types("l");
    screen.writes("Logs are off.");
    screen.types("q");
    let (status, written) = screen.ended();
    assert_eq!(status, Some(0), "{written}");
    screens.keep("dev with a broken save", &without_machine(&written));
}

/// Without the help about versions of Python, and without that of the machine.
fn without_machine(written: &str) -> String {
    let help = Regex::new(r"(?s)\r\n[^\n]*help[^\n]*the function runs on.*?\r\n\r\n").unwrap();
    let python = Regex::new(r"Python 3\.\d+").unwrap();
    python.replace_all(&help.replace(written, "\r\n\r\n"), "Python 3.13").into_owned()
}

async fn screens_at(columns: u16) -> String {
    let mut screens = Screens::of(columns);
    life(&mut screens).await;
    failures(&mut screens);
    waiting_check(&mut screens);
    dev(&mut screens).await;
    screens.text
}

#[tokio::test]
async fn screens_of_80_columns() {
    insta::assert_snapshot!(screens_at(80).await);
}

#[tokio::test]
async fn screens_of_40_columns() {
    insta::assert_snapshot!(screens_at(40).await);
}

/// A stack of 60 functions fits on a screen: what is alike stands in one line.
#[test]
fn many_functions_fit_on_a_screen() {
    let functions: String =
        (0..60).map(|n| format!("  big-fn-{n}: {{ code: lambdas/hello, runtime: python3.13 }}\n")).collect();
    let routes: String = (0..60).map(|n| format!("    GET /fn/{n}: big-fn-{n}\n")).collect();
    let cloud = Cloud::with(&format!("stack: big\nfunctions:\n{functions}api:\n  routes:\n{routes}"));
    cloud.write(
        "lambdas/hello/lambda_function.py",
        "def lambda_handler(*_):\n    return {'statusCode': 200}\n",
    );
    let mut screens = Screens::of(80);
    for (command, status) in [("up", 0), ("status", 0), ("down", 0)] {
        let shown = screens.run(command, &cloud.command(&[command, "--local"]), status);
        assert!(shown.lines().count() <= 60, "{shown}");
    }
    insta::assert_snapshot!(screens.text);
}

/// A key opens the API with the program that opens pages.
#[test]
fn what_is_deployed_is_opened_in_a_browser() {
    use std::os::unix::fs::PermissionsExt;
    let cloud = minimal();
    let (opener, opened) = (cloud.path("xdg-open"), cloud.path("opened"));
    fs::write(&opener, format!("#!/bin/sh\necho \"$1\" >>'{}'\n", opened.display())).unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", cloud.path("").display(), std::env::var("PATH").unwrap());
    let command = |args: &[&str]| {
        let mut command = cloud.command(args);
        command.env("PATH", &path).stdin(Stdio::null());
        command
    };
    crate::ran::Ran::of(&mut command(&["outputs", "--open", "--local"])).fails().says("no API is deployed");
    let up = cloud.up();
    crate::ran::Ran::of(&mut command(&["outputs", "--open", "--local"])).ok().says("Opening http://");
    let mut screen = Screen::start(in_terminal_of(80, &command(&["dev"])));
    screen.writes("q quits.");
    screen.types("o");
    screen.writes("Opening http://");
    screen.types("c");
    screen.writes("1 of 1 passed");
    screen.types("q");
    let (status, written) = screen.ended();
    assert_eq!(status, Some(0), "{written}");
    assert!(written.contains("The stack is still deployed."), "{written}");
    // It is started and not waited for.
    let deadline = Instant::now() + Duration::from_secs(60);
    let opened = loop {
        let opened = fs::read_to_string(&opened).unwrap_or_default();
        if opened.lines().count() == 2 || Instant::now() > deadline {
            break opened;
        }
        std::thread::yield_now();
    };
    let url = format!("{}/hello/ada", up.api());
    assert_eq!(opened, format!("{url}\n{url}\n"));
}
