//! `moto_server`, from PyPI, in a Python environment of its own.

use super::sender::Sender;
use provision::local::{Pinned, default_folders};
use std::env;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const REQUIREMENTS: &str = include_str!("moto.txt");
const LAUNCH: &str = include_str!("launch.py");
/// A cold start reads some hundred files of Python.
const UP: Duration = Duration::from_secs(120);

/// A server, which ends when this is dropped, or with this process.
pub(super) struct Moto {
    _process: Child,
    port: u16,
}

impl Moto {
    /// Installs it where that is not done yet, and starts it.
    pub(super) async fn start() -> Self {
        let (cache, _) = default_folders().expect("a folder for programs");
        let search = env::var_os("PATH").unwrap_or_default();
        let pinned = Pinned {
            folder: "moto",
            name: "a witness for the tests",
            package: "moto",
            requirements: REQUIREMENTS,
        };
        let python = pinned.install(&cache, &search, &|text| println!("{text}")).await.expect("moto");
        // Neither the user's settings of AWS, nor a proxy on the way to itself.
        let mut process = Command::new(python)
            .args(["-I", "-c", LAUNCH])
            .env_clear()
            .envs(["PATH", "HOME", "LANG"].into_iter().filter_map(|name| Some((name, env::var_os(name)?))))
            .env("MOTO_ALLOW_NONEXISTENT_REGION", "true")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("Python runs");
        let mut says = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let port = timeout(UP, says.next_line()).await.expect("moto comes up in time").expect("a line");
        let port = port.expect("moto does not end while starting").parse().expect("a port");
        Moto { _process: process, port }
    }

    pub(super) fn sender(&self) -> Sender {
        Sender::to(&format!("http://127.0.0.1:{}", self.port), "/moto-api/reset", None)
    }
}
