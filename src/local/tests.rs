//! These tests run real local clouds, each in a state folder of its own; the programs are installed once, in the cache
//! folder that `provision` itself uses. Only the tests of the installer use a Python that pretends.

use super::*;
use crate::http::{Client, Response};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;
use tempfile::TempDir;

/// Fills a local cloud, given its URL, and prints the id of an API there.
const HELLO: &str = include_str!("python_tests/hello.py");

/// Answers as a Python 3.12 would, and counts the runs of `pip` in a file beside the environments.
const PRETENDER: &str = r#"#!/bin/sh
PATH=/usr/bin:/bin
case "$*" in
  *version_info*) echo 3 12 ;;
  *"-m venv"*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
  *"-m pip"*) echo run >> "$(dirname "$0")/../../pip-runs" ;;
esac
"#;

struct Place {
    folder: TempDir,
    cloud: LocalCloud,
}

impl Place {
    /// A cloud that has never been started.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (cache, _) = default_folders().expect("a home");
        let mut cloud = LocalCloud::new(cache, folder.path().join("state"));
        cloud.port = None;
        Self { folder, cloud }
    }

    /// A cloud whose programs are installed by a pretender, if at all.
    fn pretending(script: Option<&str>) -> Self {
        let mut place = Self::new();
        place.cloud.cache = place.folder.path().join("cache");
        let bin = place.folder.path().join("bin");
        fs::create_dir(&bin).expect("a folder");
        if let Some(script) = script {
            executable(&bin.join("python3"), script);
        }
        place.cloud.search = bin.into();
        place
    }

    async fn install(&self) -> Result<PathBuf> {
        install::environment(&self.cloud.cache, &self.cloud.search, &|_| ()).await
    }

    fn pip_runs(&self) -> usize {
        let runs = self.cloud.cache.join("local-cloud/pip-runs");
        fs::read_to_string(runs).unwrap_or_default().lines().count()
    }

    async fn python(&self) -> PathBuf {
        install::environment(&self.cloud.cache, &self.cloud.search, &|_| ()).await.expect("installed")
    }

    /// The command lines of all processes that have to do with this cloud.
    fn processes(&self) -> Vec<String> {
        let state = self.cloud.state.to_string_lossy();
        command_lines().into_iter().filter(|line| line.contains(&*state)).collect()
    }
}

/// From `/proc`, as small Linux images have no `ps`.
fn command_lines() -> Vec<String> {
    if let Ok(entries) = fs::read_dir("/proc") {
        let files = entries.flatten().map(|entry| entry.path().join("cmdline"));
        return files.filter_map(|file| fs::read_to_string(file).ok()).collect();
    }
    let listing = Command::new("ps").args(["-A", "-ww", "-o", "args="]).output().expect("ps runs");
    String::from_utf8_lossy(&listing.stdout).lines().map(str::to_owned).collect()
}

fn kill(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process");
    kill_process(pid, Signal::KILL).expect("it runs");
}

/// Leaves nothing running, whatever a test finds.
impl Drop for Place {
    fn drop(&mut self) {
        let record = process::record(&self.cloud.state);
        if let (Ok(true), Some(Endpoint { pid, .. })) = (lock::is_held(&record), process::read(&record)) {
            kill(pid);
        }
    }
}

/// Has a shell write the file: were it open in this process, a fork of another test could hold it, and it could not run.
fn executable(path: &Path, script: &str) {
    let write = r#"printf %s "$1" > "$2" && chmod +x "$2""#;
    let status = Command::new("sh").args(["-c", write, "-", script]).arg(path).status().expect("sh runs");
    assert!(status.success());
}

fn silent(_: &str) {}

async fn answer(url: &str) -> anyhow::Result<Response> {
    let patience = Duration::from_secs(60);
    Client::local(patience, patience).send("GET", url, &[], None).await
}

async fn get(url: &str) -> String {
    String::from_utf8(answer(url).await.expect("an answer").body).expect("a text")
}

/// Runs a program in Python to its end, with the credentials of the cloud, and returns what it printed.
async fn python(place: &Place, args: &[&str]) -> String {
    let credentials = place.cloud.credentials_file();
    let mut command = Command::new(place.python().await);
    let output =
        command.args(args).env("AWS_SHARED_CREDENTIALS_FILE", credentials).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a text")
}

/// A file with tests in Python.
fn python_tests(name: &str) -> String {
    format!("{}/src/local/python_tests/{name}", env!("CARGO_MANIFEST_DIR"))
}

async fn hello(place: &Place, endpoint: &Endpoint) -> String {
    let api = python(place, &["-c", HELLO, &endpoint.url]).await;
    format!("{}/_aws/execute-api/{}/$default/hello", endpoint.url, api.trim())
}

#[tokio::test]
async fn data_survive_a_stop_and_a_start() {
    let place = Place::new();
    let cloud = &place.cloud;
    assert_eq!(cloud.status().await.expect("no cloud"), None);
    let first = cloud.start(&silent).await.expect("a cloud");
    assert_eq!(cloud.status().await.expect("healthy"), Some(first.clone()));
    assert_eq!(cloud.start(&silent).await.expect("it runs already"), first);
    let url = hello(&place, &first).await;
    assert_eq!(get(&url).await, "hello");

    assert!(cloud.stop().await.expect("stopped"));
    assert_eq!(place.processes(), Vec::<String>::new());
    assert_eq!(cloud.status().await.expect("no cloud"), None);
    assert!(!cloud.stop().await.expect("nothing to stop"));

    let second = cloud.start(&silent).await.expect("a cloud");
    assert_eq!(second.url, first.url);
    assert_eq!(get(&url).await, "hello");
    assert!(cloud.stop().await.expect("stopped"));
    assert_eq!(place.processes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_function_at_work_ends_with_the_cloud() {
    let place = Place::new();
    let endpoint = place.cloud.start(&silent).await.expect("a cloud");
    let url = hello(&place, &endpoint).await.replace("/hello", "/slow");
    let request = tokio::spawn(async move { answer(&url).await.is_ok() });
    while !place.cloud.state.join("tmp/slow").exists() {
        tokio::task::yield_now().await;
    }
    assert!(place.cloud.stop().await.expect("stopped"));
    assert_eq!(place.processes(), Vec::<String>::new());
    request.await.expect("no panic");
}

#[tokio::test]
async fn a_reset_empties_the_cloud() {
    let place = Place::new();
    let cloud = &place.cloud;
    let endpoint = cloud.start(&silent).await.expect("a cloud");
    let url = hello(&place, &endpoint).await;
    cloud.reset().await.expect("emptied while running");
    assert_eq!(get(&url).await, r#"{"message": "Not Found"}"#);
    assert_eq!(cloud.status().await.expect("healthy"), Some(endpoint));

    hello(&place, &cloud.start(&silent).await.expect("a cloud")).await;
    assert!(cloud.stop().await.expect("stopped"));
    assert!(cloud.state.join("data/lambda.json").exists() && cloud.state.join("port").exists());
    cloud.reset().await.expect("emptied while stopped");
    assert!(!cloud.state.join("data").exists() && !cloud.state.join("port").exists());
}

#[tokio::test]
async fn the_extension_passes_its_own_tests() {
    let place = Place::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/local");
    for tests in ["extension.py", "rules.py", "admission.py", "deliveries.py", "failures.py", "tags.py"] {
        python(&place, &["-I", "-B", &python_tests(tests), folder]).await;
    }
}

#[tokio::test]
async fn what_is_open_at_aws_is_open_and_nothing_else() {
    let place = Place::new();
    let endpoint = place.cloud.start(&silent).await.expect("a cloud");
    python(&place, &["-B", &python_tests("open.py"), &endpoint.url]).await;
}

#[tokio::test]
async fn versions_and_aliases_are_those_of_aws() {
    let place = Place::new();
    let endpoint = place.cloud.start(&silent).await.expect("a cloud");
    python(&place, &["-B", &python_tests("aliases.py"), &endpoint.url]).await;
}

#[tokio::test]
async fn rules_start_what_admits_them() {
    let place = Place::new();
    let endpoint = place.cloud.start(&silent).await.expect("a cloud");
    python(&place, &["-B", &python_tests("events.py"), &endpoint.url]).await;
}

#[tokio::test]
async fn what_aws_refuses_of_notifications_and_mappings_is_refused() {
    let place = Place::new();
    let endpoint = place.cloud.start(&silent).await.expect("a cloud");
    python(&place, &["-B", &python_tests("refusals.py"), &endpoint.url]).await;
}

#[tokio::test]
async fn the_ai_services_answer_from_their_input_to_those_who_may_ask() {
    let place = Place::new();
    let endpoint = place.cloud.start(&silent).await.expect("a cloud");
    python(&place, &["-B", &python_tests("ai.py"), &endpoint.url]).await;
}

#[tokio::test]
async fn credentials_are_private_and_kept_until_a_reset_of_a_stopped_cloud() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let cloud = &place.cloud;
    let text = || fs::read_to_string(cloud.credentials_file()).expect("credentials");
    cloud.start(&silent).await.expect("a cloud");
    let first = text();
    let mode = fs::metadata(cloud.credentials_file()).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    cloud.reset().await.expect("emptied");
    cloud.stop().await.expect("stopped");
    cloud.start(&silent).await.expect("a cloud");
    assert_eq!(text(), first);
    cloud.stop().await.expect("stopped");
    cloud.reset().await.expect("emptied");
    cloud.start(&silent).await.expect("a cloud");
    assert_ne!(text(), first);
    assert!(
        !fs::read_to_string(cloud.log())
            .expect("a log")
            .contains(cloud.credentials().expect("credentials").secret_access_key())
    );
}

#[tokio::test]
async fn a_changed_emulator_stops_the_start_with_the_name_of_the_change() {
    let place = Place::new();
    let real = place.python().await;
    // A Python that changes one function of the emulator before anything else runs.
    let change = "import sys, runpy, ministack.app as app; app._handle_health_request = lambda path: None; \
                  sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')";
    let script = format!("#!/bin/sh\nexec '{}' -I -c \"{change}\" \"$2\"\n", real.display());
    let python = place.folder.path().join("python");
    executable(&python, &script);
    create_private(&place.cloud.state).expect("a folder");
    let message = process::launch(&python, &place.cloud.state, 1).await.expect_err("it ends").to_string();
    assert!(message.contains("The local extension does not fit MiniStack"), "{message}");
    assert!(message.contains("ministack.app:_handle_health_request: expected"), "{message}");
}

#[tokio::test]
async fn two_starts_at_once_make_one_cloud() {
    let place = Place::new();
    let other = place.cloud.clone();
    let (one, two) = tokio::join!(place.cloud.start(&silent), other.start(&silent));
    assert_eq!(one.expect("a cloud"), two.expect("the same"));
    assert!(place.cloud.stop().await.expect("stopped"));
}

#[tokio::test]
async fn a_killed_cloud_is_noticed_and_can_be_started_again() {
    let place = Place::new();
    let endpoint = place.cloud.start(&silent).await.expect("a cloud");
    hello(&place, &endpoint).await;
    kill(endpoint.pid);
    while process::running(&place.cloud.state).await.expect("readable").is_some() {
        tokio::task::yield_now().await;
    }
    assert_eq!(place.cloud.status().await.expect("no cloud"), None);
    assert_eq!(place.cloud.start(&silent).await.expect("a cloud").url, endpoint.url);
    assert!(place.cloud.stop().await.expect("stopped"));
}

#[tokio::test]
async fn a_foreign_process_of_the_recorded_number_is_left_alone() {
    let place = Place::new();
    let mut unmanaged = Command::new("sleep").arg("600").spawn().expect("sleep runs");
    create_private(&place.cloud.state).expect("a folder");
    fs::write(place.cloud.state.join("process"), format!("{} 4566\n", unmanaged.id())).expect("written");
    assert_eq!(place.cloud.status().await.expect("no cloud"), None);
    assert!(!place.cloud.stop().await.expect("nothing to stop"));
    place.cloud.reset().await.expect("nothing to reset");
    assert!(unmanaged.try_wait().expect("ours").is_none());
    unmanaged.kill().expect("ours");
    unmanaged.wait().expect("ours");
}

#[tokio::test]
async fn a_port_in_use_stops_the_start() {
    let place = Place::new();
    create_private(&place.cloud.state).expect("a folder");
    let port = port::choose(&place.cloud.state, None).expect("a port");
    let _taken = TcpListener::bind(("127.0.0.1", port)).expect("still free");
    let message = place.cloud.start(&silent).await.expect_err("in use").to_string();
    assert!(
        message.contains(&format!("Port {port}")) && message.contains("provision local reset"),
        "{message}"
    );
    assert_eq!(place.cloud.status().await.expect("no cloud"), None);
}

#[tokio::test]
async fn a_cloud_that_ends_while_starting_shows_its_last_words() {
    let place = Place::pretending(Some("#!/bin/sh\necho out of luck >&2\n"));
    create_private(&place.cloud.state).expect("a folder");
    let python = place.folder.path().join("bin/python3");
    let message = process::launch(&python, &place.cloud.state, 1).await.expect_err("it ends").to_string();
    assert!(message.starts_with("The local cloud ended while starting."), "{message}");
    assert!(message.ends_with("cloud.log:\nout of luck"), "{message}");
}

#[tokio::test]
async fn no_other_user_can_look_into_the_state() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    fs::create_dir(&place.cloud.state).expect("a folder");
    place.cloud.stop().await.expect("nothing to stop");
    let mode = fs::metadata(&place.cloud.state).expect("a folder").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn without_a_python_the_way_out_is_named() {
    let place = Place::pretending(None);
    let message = place.cloud.start(&silent).await.expect_err("no Python").to_string();
    assert!(message.starts_with("The local cloud needs Python 3.10 to 3.14; none was found."), "{message}");
    assert!(message.contains("apt install python3") && message.contains("install uv"), "{message}");
}

#[tokio::test]
async fn a_python_that_is_too_old_is_named() {
    let place = Place::pretending(Some("#!/bin/sh\necho 3 9\n"));
    let message = place.cloud.start(&silent).await.expect_err("too old").to_string();
    assert!(message.contains("bin/python3 is Python 3.9."), "{message}");
}

#[tokio::test]
async fn two_installations_at_once_make_one() {
    let place = Place::pretending(Some(PRETENDER));
    let told = Mutex::new(Vec::new());
    let say = |line: &str| told.lock().expect("no panic").push(line.to_owned());
    let install = || install::environment(&place.cloud.cache, &place.cloud.search, &say);
    let (one, two) = tokio::join!(install(), install());
    assert_eq!(one.expect("installed"), two.expect("the same"));
    assert_eq!(place.pip_runs(), 1);
    let mut told = told.into_inner().expect("no panic");
    told.sort();
    assert!(told[0].starts_with("Installing the local cloud (MiniStack, from PyPI) into /"), "{told:?}");
    assert_eq!(told[1..], ["Waiting for another provision, which is installing the local cloud"]);
}

#[tokio::test]
async fn an_unfinished_or_broken_installation_is_made_again() {
    let place = Place::pretending(Some(PRETENDER));
    let python = place.install().await.expect("installed");
    let environment = python.ancestors().nth(2).expect("a folder");
    fs::remove_file(environment.join("ready")).expect("written last");
    place.install().await.expect("installed again");
    fs::remove_file(&python).expect("the system's Python is gone");
    place.install().await.expect("installed again");
    assert_eq!(place.pip_runs(), 3);
    place.install().await.expect("there already");
    assert_eq!(place.pip_runs(), 3);
}

#[tokio::test]
async fn a_failed_installation_says_why_and_what_to_do() {
    let failing = PRETENDER.replace("echo run >>", "echo no route to host >&2; exit 1; echo");
    let place = Place::pretending(Some(&failing));
    let error = place.install().await.expect_err("no network");
    let message = format!("{error:#}");
    assert!(
        message.starts_with("Cannot install the local cloud from PyPI. Is there a network?"),
        "{message}"
    );
    assert!(message.ends_with("no route to host"), "{message}");
}
