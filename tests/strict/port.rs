//! The strict cloud on a port of this machine, for the real program: the same account, the same faults, the same records,
//! in real time. What AWS does behind the scenes goes quicker here, so that no test waits for it.

use crate::clock::Clock;
use crate::cloud::{Cloud, Delays};
use crate::connector::StrictCloud;
use crate::faults::PlannedFault;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use regex::Regex;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Error, ErrorKind, Result};
use std::process::Child;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// How much quicker than elsewhere the account's own processes are. Quotas are AWS's own, since the program keeps them in
/// real time.
const QUICKER: u32 = 20;

/// The path under which the port takes requests of the APIs themselves.
const DATA_PLANE: &str = "/_api/";

/// An account where nothing is, and where all goes quickly.
pub(crate) fn empty() -> Cloud {
    Cloud { delays: Delays::quicker(QUICKER), ..Cloud::default() }
}

/// What a port sees besides the calls to AWS.
#[derive(Debug, Default)]
struct Seen {
    /// The requests of the APIs themselves, for example `GET /items`.
    asked: Mutex<Vec<String>>,
    /// The processes that use the port.
    users: OnceLock<Vec<u32>>,
    /// The most memory that one of them had at a time, in bytes.
    memory: AtomicU64,
}

impl Seen {
    /// Looks how much memory the users have had.
    fn measure(&self) {
        let users = self.users.get().into_iter().flatten();
        self.memory.fetch_max(users.map(|user| memory(*user)).max().unwrap_or(0), Ordering::Relaxed);
    }
}

/// The most memory that a living process had at a time, in bytes; 0 where the system does not say. What a parent is told
/// of its dead child would hold the parent's own memory too, from before the child became another program.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
    kilobytes.and_then(|kilobytes| kilobytes.trim().parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// A port that answers as long as this lives.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) strict: StrictCloud,
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    seen: Arc<Seen>,
    runtime: Runtime,
}

impl Port {
    /// Opens a port to an account, so long after the last one was closed.
    pub(crate) fn open(pause: Duration, cloud: &Cloud, fault: Option<PlannedFault>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
        // The account's processes are quicker, so a pause of the user is shorter as well.
        let clock = runtime.block_on(async { Clock::at(now.max(cloud.now + pause / QUICKER)) });
        let account = Cloud { in_flight: Vec::new(), ..cloud.clone() };
        let strict = StrictCloud::new(account, clock, fault);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let seen = Arc::default();
        let service = Service { strict: strict.clone(), url: url.clone(), seen: Arc::clone(&seen) };
        runtime.spawn(listen(listener, service));
        Port { strict, url, seen, runtime }
    }

    /// Says which processes use the port: their memory is watched, and where there is but one, it is killed when it is to be killed.
    pub(crate) fn used_by(&self, processes: &[&Child]) {
        let users = processes.iter().map(|process| process.id()).collect();
        self.seen.users.set(users).expect("the users are named once");
        let [process] = processes else { return };
        let (pid, strict) = (Pid::from_child(process), self.strict.clone());
        self.runtime.spawn(async move {
            strict.death().await;
            // It is still running: it waits for the response to the call at which it is killed.
            kill_process(pid, Signal::KILL).expect("the process is killed");
        });
    }

    /// Closes the port; what is still under way comes to nothing. Answers what there is, the requests of the APIs
    /// themselves, and the most memory that a process had.
    pub(crate) fn close(self) -> (StrictCloud, Vec<String>, u64) {
        drop(self.runtime);
        let asked = std::mem::take(&mut *self.seen.asked.lock().unwrap_or_else(PoisonError::into_inner));
        (self.strict, asked, self.seen.memory.load(Ordering::Relaxed))
    }
}

async fn listen(listener: TcpListener, service: Service) {
    loop {
        // A program that was killed leaves broken connections behind, which is no error here.
        if let Ok((stream, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move { service.converse(stream).await });
        }
    }
}

/// What answers on the port.
#[derive(Debug, Clone)]
struct Service {
    strict: StrictCloud,
    url: String,
    seen: Arc<Seen>,
}

impl Service {
    /// Answers the requests of a connection, one after the other.
    async fn converse(self, mut stream: TcpStream) -> Result<()> {
        let mut unread = Vec::new();
        while let Some(request) = receive(&mut stream, &mut unread).await? {
            let answer = tokio::select! {
                answer = self.answer(request) => answer,
                // Who waits for an answer sends nothing: this is the end of the connection.
                _ = stream.read_buf(&mut unread) => return Ok(()),
            };
            match answer {
                Ok(answer) => stream.write_all(&answer).await?,
                Err(broken) => return stream.write_all(broken).await,
            }
        }
        Ok(())
    }

    /// An answer, or all that is sent of one before the connection breaks.
    async fn answer(&self, request: HttpRequest) -> std::result::Result<Vec<u8>, &'static [u8]> {
        self.seen.measure();
        if let Some(path) = request.uri().strip_prefix(DATA_PLANE) {
            return Ok(self.data_plane(request.method(), path));
        }
        match self.strict.serve(request).await {
            Ok(answer) => Ok(self.bytes(&answer)),
            Err(_) if self.strict.loses_responses() => Err(b"HTTP/1.1 200 \r\ncontent-length: 1000\r\n\r\n{"),
            Err(_) => Err(b""),
        }
    }

    /// A request of an API itself. No function runs here, and so API Gateway answers as it does when a function fails.
    fn data_plane(&self, method: &str, path: &str) -> Vec<u8> {
        let path = path.split_once('/').map(|(_api, path)| path).unwrap_or_default();
        let asked = format!("{method} /{path}");
        self.seen.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        let status = 500.try_into().expect("an HTTP status");
        self.bytes(&HttpResponse::new(status, SdkBody::from(r#"{"message":"Internal Server Error"}"#)))
    }

    /// An answer as it is sent. The URLs of APIs lead to this port, so that nothing leaves the machine.
    fn bytes(&self, answer: &HttpResponse) -> Vec<u8> {
        static URL: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"https://(\w+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com").expect("a valid pattern")
        });
        let body = std::str::from_utf8(answer.body().bytes().unwrap_or_default()).expect("a text");
        let body = URL.replace_all(body, format!("{}{DATA_PLANE}$1", self.url));
        let mut bytes = format!("HTTP/1.1 {} \r\ncontent-length: {}\r\n", answer.status(), body.len());
        for (name, value) in answer.headers().iter() {
            bytes.push_str(&format!("{name}: {value}\r\n"));
        }
        bytes.push_str("\r\n");
        bytes.push_str(&body);
        bytes.into_bytes()
    }
}

/// Receives a request; `None` at the end of the connection. What was read of a next one stays in `unread`.
async fn receive(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Result<Option<HttpRequest>> {
    loop {
        if let Some((request, length)) = parse(unread)? {
            unread.drain(..length);
            return Ok(Some(request));
        }
        if stream.read_buf(unread).await? == 0 {
            return Ok(None);
        }
    }
}

/// A request and its length, if all of it is there.
fn parse(bytes: &[u8]) -> Result<Option<(HttpRequest, usize)>> {
    let wrong = |why: &str| Error::new(ErrorKind::InvalidData, why);
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut headers);
    let status = head.parse(bytes).map_err(|why| wrong(&why.to_string()))?;
    let httparse::Status::Complete(start) = status else { return Ok(None) };
    let mut request = HttpRequest::empty();
    for header in head.headers.iter() {
        let value = std::str::from_utf8(header.value).map_err(|_| wrong("a header that is no text"))?;
        request.headers_mut().insert(header.name.to_lowercase(), value.to_owned());
    }
    let length = request.headers().get("content-length").unwrap_or("0");
    let end = start + length.parse::<usize>().map_err(|_| wrong("no length"))?;
    let Some(body) = bytes.get(start..end) else { return Ok(None) };
    request.set_method(head.method.unwrap_or_default()).map_err(|_| wrong("no method"))?;
    request.set_uri(head.path.unwrap_or_default()).map_err(|_| wrong("no path"))?;
    *request.body_mut() = SdkBody::from(body);
    Ok(Some((request, end)))
}
