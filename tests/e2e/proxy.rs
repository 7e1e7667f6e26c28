//! A proxy between the program and a cloud. It counts the writes, and at a chosen one it kills the program: before the
//! write reaches the cloud, or after the cloud has executed it and before the program has its response.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

/// When to kill, seen from the cloud.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum When {
    BeforeTheWrite,
    AfterTheWrite,
}

/// Kills a program at one of its writes.
pub(crate) struct Trap {
    at: usize,
    when: When,
    writes: AtomicUsize,
    victim: OnceLock<u32>,
}

impl Trap {
    /// A trap at the n-th write, counted from 1.
    pub(crate) fn new(at: usize, when: When) -> Arc<Self> {
        Arc::new(Trap { at, when, writes: AtomicUsize::new(0), victim: OnceLock::new() })
    }

    /// Says which child of this process to kill.
    pub(crate) fn set_victim(&self, process: u32) {
        self.victim.set(process).unwrap();
    }

    /// Counts a request, and returns whether it is the one.
    fn springs(&self, request: &Request) -> bool {
        request.is_write() && self.writes.fetch_add(1, Ordering::SeqCst) + 1 == self.at
    }

    fn kill(&self) {
        let process = i32::try_from(*self.victim.wait()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(process, Signal::KILL).unwrap();
    }
}

/// A proxy that runs as long as the test.
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) url: String,
    trap: Arc<Mutex<Arc<Trap>>>,
}

impl Proxy {
    /// Starts one before a cloud.
    pub(crate) fn start(cloud: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let trap = Arc::new(Mutex::new(Trap::new(usize::MAX, When::BeforeTheWrite)));
        let (cloud, shared) = (cloud.trim_start_matches("http://").to_owned(), trap.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                let (cloud, trap) = (cloud.clone(), shared.lock().unwrap().clone());
                // A program that was killed leaves broken connections behind, which is no error here.
                thread::spawn(move || client.and_then(|client| serve(&client, &cloud, &trap)));
            }
        });
        Proxy { url, trap }
    }

    /// Sets the trap for the next run.
    pub(crate) fn set(&self, trap: &Arc<Trap>) {
        *self.trap.lock().unwrap() = trap.clone();
    }
}

/// Passes on one request. Every connection serves one only, which keeps this simple.
fn serve(client: &TcpStream, cloud: &str, trap: &Trap) -> io::Result<()> {
    let Some(request) = Request::read(&mut BufReader::new(client))? else { return Ok(()) };
    let springs = trap.springs(&request);
    if springs && trap.when == When::BeforeTheWrite {
        trap.kill();
        return Ok(());
    }
    let mut server = TcpStream::connect(cloud)?;
    server.write_all(&request.bytes())?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    if springs {
        trap.kill();
        return Ok(());
    }
    let mut client = client;
    client.write_all(&answer)
}

/// A request of the program.
struct Request {
    head: Vec<String>,
    body: Vec<u8>,
}

impl Request {
    fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let mut request = Request { head, body: Vec::new() };
        let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
        request.body.resize(length, 0);
        stream.read_exact(&mut request.body)?;
        Ok(Some(request))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.iter().skip(1).filter_map(|line| line.split_once(": "));
        headers.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The request as it is sent on: the cloud must close the connection after its response.
    fn bytes(&self) -> Vec<u8> {
        let kept = self.head.iter().filter(|line| !line.to_lowercase().starts_with("connection:"));
        let head: String = kept.map(|line| format!("{line}\r\n")).collect();
        [head.as_bytes(), b"connection: close\r\n\r\n", &self.body].concat()
    }

    /// Some services name the operation in a header, some in the body, and some go by the method.
    fn is_write(&self) -> bool {
        let target = self.header("x-amz-target").and_then(|target| target.rsplit('.').next());
        let body = std::str::from_utf8(&self.body).unwrap_or_default();
        let action = body.strip_prefix("Action=").and_then(|rest| rest.split('&').next());
        let reads = ["Get", "List", "Describe", "Scan"];
        match target.or(action) {
            Some(operation) => !reads.iter().any(|verb| operation.starts_with(verb)),
            None => !self.head[0].starts_with("GET "),
        }
    }
}
