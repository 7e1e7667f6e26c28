//! A web page in a browser of this machine attacks the local cloud. The same page, at the same time, attacks an emulator
//! without the door, where each attack succeeds: so the page is a real danger, and it is the door that stops it.

use crate::asks::contents;
use crate::cloud::Cloud;
use crate::stack::SMALL;
use crate::wire::Request;
use aws_credential_types::Credentials;
use provision::local::{Pinned, default_folders};
use serde_json::{Value as Json, json};
use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PAGE: &str = include_str!("browser.html");
const TIMEOUT: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_page_that_guesses_the_port_gets_nothing() {
    let Some(browser) = chromium() else {
        // Unlike what `eprintln!` prints, this is shown where the test passes.
        let missing = "There is no Chromium here: whether a web page gets past the door was not tried.";
        writeln!(std::io::stderr(), "{missing}").unwrap();
        return;
    };
    let cloud = Cloud::with(SMALL);
    cloud.up();
    let real = cloud.credentials();
    let before = contents(cloud.port(), &real);
    let open = Doorless::start(&cloud).await;
    let guessed = Credentials::new("test", "test", None, None, "test");

    let clouds = json!([
        format!("http://127.0.0.1:{}", open.port),
        cloud.url,
        format!("http://localhost:{}", cloud.port()),
        format!("http://rebound.example:{}", cloud.port()),
    ]);
    let site = Site::open(&PAGE.replace("CLOUDS", &clouds.to_string()));
    let _browser = visit(&browser, &cloud.path("browser"), &site.url);
    let report = site.report();

    // What the page tells: of each cloud, the attacks whose response it could read.
    assert_eq!(report["errors"], json!([]), "{report:#}");
    assert_eq!(report["read"], json!([["fetch"], [], [], []]), "{report:#}");
    assert_eq!(contents(cloud.port(), &real), before);
    let gained = contents(open.port, &guessed);
    let expected = [("users", 2), ("roles", 1), ("tables", 1), ("functions", 1), ("buckets", 1)];
    assert_eq!(gained[..expected.len()], expected, "without the door, each attack succeeds");
    assert!(open.was_reset(), "without the door, a page can empty the cloud");
}

/// The browser, which Debian and macOS call by different names.
pub(crate) fn chromium() -> Option<PathBuf> {
    let folders = env::split_paths(&env::var_os("PATH")?).collect::<Vec<_>>();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let mut all = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    all.find(|path| path.is_file())
}

/// What the browser makes of the page that `plan --html` writes: as it is read and laid out, not as it is written.
#[test]
fn the_page_of_a_plan_is_shown_by_a_browser() {
    let Some(browser) = chromium() else {
        writeln!(std::io::stderr(), "There is no Chromium here: the page of a plan was not opened.").unwrap();
        return;
    };
    let cloud = Cloud::with(SMALL);
    cloud.run(&["plan", "--local", "--html", "plan.html"]).ok();
    let page = format!("file://{}", cloud.path("stack/plan.html").display());
    let (shown, log) = shown(&browser, &cloud.path("browser"), &page);
    assert!(shown.contains("<h1>Plan for <code>small</code></h1>"), "{shown}\n{log}");
    assert!(shown.contains("17 to create"), "{shown}");
    assert_eq!(shown.matches("<details class=\"create\">").count(), 4, "{shown}");
    let nodes = ["notes", "list", "save", "api"].map(|node| format!(">{node}</text>"));
    assert!(nodes.iter().all(|node| shown.contains(node)), "{shown}");
    assert!(!log.contains("Content Security Policy"), "nothing on the page is refused: {log}");
}

/// What the browser made of a page, and its log.
pub(crate) fn shown(browser: &Path, profile: &Path, url: &str) -> (String, String) {
    fs::create_dir_all(profile).unwrap();
    let shown = command(browser, profile).args(["--dump-dom", url]).stdin(Stdio::null()).output().unwrap();
    let [shown, log] = [shown.stdout, shown.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    (shown, log)
}

/// Opens a page. The browser reaches nothing but this machine, and takes a name for it, as an attacker's DNS does.
fn visit(browser: &Path, profile: &Path, url: &str) -> Process {
    fs::create_dir(profile).unwrap();
    let log = File::create(profile.join("log")).unwrap();
    let mut command = command(browser, profile);
    command.arg(url).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    Process(command.spawn().unwrap())
}

/// The browser with a profile of its own.
pub(crate) fn command(browser: &Path, profile: &Path) -> Command {
    let rules = "MAP rebound.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost";
    let mut command = Command::new(browser);
    command
        .args(["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        // Containers have no sandbox, and the only pages are those of these tests.
        .arg("--no-sandbox")
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("--host-resolver-rules={rules}"))
        .env("HOME", profile);
    command
}

/// A process that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A web site with one page, which reports what it found.
struct Site {
    url: String,
    reports: Receiver<Json>,
}

impl Site {
    fn open(page: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (sender, reports) = channel();
        let page = page.to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if let Some(report) = serve(stream, &page)
                    && sender.send(report).is_err()
                {
                    return;
                }
            }
        });
        Site { url, reports }
    }

    #[track_caller]
    fn report(&self) -> Json {
        self.reports.recv_timeout(TIMEOUT).expect("the page reports in time")
    }
}

/// Answers with the page, or takes a report.
fn serve(mut stream: TcpStream, page: &str) -> Option<Json> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).ok()?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim().to_ascii_lowercase().split_once(':') {
            Some(("content-length", value)) => length = value.trim().parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let page = if first.starts_with("GET / ") { page } else { "" };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n", page.len());
    write!(stream, "{head}Connection: close\r\n\r\n{page}").ok()?;
    first.starts_with("POST /report ").then(|| serde_json::from_slice(&body).unwrap_or_default())
}

/// The Python of the local cloud, which is installed already.
async fn python() -> PathBuf {
    let (cache, _) = default_folders().unwrap();
    let requirements = include_str!("../../src/local/requirements.txt");
    let pinned =
        Pinned { folder: "local-cloud", name: "the local cloud", package: "MiniStack", requirements };
    pinned.install(&cache, &env::var_os("PATH").unwrap(), &|_| ()).await.unwrap()
}

/// The emulator of the local cloud as its makers ship it, with its own checks of access on.
struct Doorless {
    port: u16,
    _process: Process,
}

impl Doorless {
    async fn start(cloud: &Cloud) -> Self {
        let folder = cloud.path("doorless");
        fs::create_dir(&folder).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = File::create(folder.join("log")).unwrap();
        let child = Command::new(python().await)
            .args(["-I", "-m", "ministack"])
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap())
            .envs([("TMPDIR", &folder), ("HOME", &folder)])
            .envs([("BIND_HOST", "127.0.0.1"), ("AUTH", "true"), ("IOT_MTLS_ENABLED", "0")])
            .env("GATEWAY_PORT", port.to_string())
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let doorless = Doorless { port, _process: Process(child) };
        let deadline = Instant::now() + TIMEOUT;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "{}", fs::read_to_string(folder.join("log")).unwrap());
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(doorless.ask("PUT", "/before-the-reset").is_success());
        doorless
    }

    fn ask(&self, method: &'static str, target: &str) -> crate::wire::Response {
        let (target, host) = (target.to_owned(), format!("127.0.0.1:{}", self.port));
        let guessed = Credentials::new("test", "test", None, None, "test");
        Request { method, target, host, headers: vec![], body: String::new() }
            .signed("s3", &guessed)
            .send(self.port)
    }

    /// Whether what was there at first is gone.
    fn was_reset(&self) -> bool {
        !self.ask("GET", "/before-the-reset").is_success()
    }
}
