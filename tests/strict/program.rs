//! The real program as a process of its own, which takes the strict cloud on its port for AWS.

use crate::cloud::Cloud;
use crate::connector::{self, Record};
use crate::faults::Planned;
use crate::fixture::Fixture;
use crate::port::Port;
use crate::run::A_MOMENT;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::{Read, Seek};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How a process ended, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Well,
    /// With an exit status that says so; a panic is no such end.
    Failing,
    Killed,
    Panicking,
}

/// The exit status of a panic.
const PANIC: i32 = 101;

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Exit {
    /// The exit status; `None` where it was killed.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Exit {
    pub(crate) fn manner(&self) -> Manner {
        match self.code {
            Some(0) => Manner::Well,
            Some(PANIC) => Manner::Panicking,
            Some(_) => Manner::Failing,
            None => Manner::Killed,
        }
    }
}

/// What there is after processes have run.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) exits: Vec<Exit>,
    pub(crate) cloud: Cloud,
    pub(crate) records: Vec<Record>,
    /// How often the planned fault struck.
    pub(crate) struck: usize,
    /// The requests of the APIs themselves.
    pub(crate) asked: Vec<String>,
    /// The most memory that a process had at a time, in bytes; 0 where the system does not tell.
    pub(crate) memory: u64,
}

impl Visit {
    /// How the only process ended.
    pub(crate) fn exit(&self) -> &Exit {
        assert_eq!(self.exits.len(), 1);
        &self.exits[0]
    }

    /// The writes that were sent.
    pub(crate) fn writes(&self) -> Vec<String> {
        connector::writes(&self.records)
    }

    /// Asserts how every process ended.
    #[track_caller]
    pub(crate) fn ends(self, manner: Manner) -> Self {
        let calls: Vec<String> = self.records.iter().map(ToString::to_string).collect();
        for exit in &self.exits {
            assert_eq!(exit.manner(), manner, "{}\n{}\n{}", exit.out, exit.err, calls.join("\n"));
        }
        self
    }
}

/// Runs the program on a stack, a moment after the last time.
pub(crate) fn visit(cloud: &Cloud, stack: &Fixture, args: &[&str], fault: Option<Planned>) -> Visit {
    visit_after(A_MOMENT, cloud, &[command(stack, args)], fault)
}

/// Runs programs in an account, so long after the last one, all at the same time. Every request that they send is valid by
/// AWS's models.
pub(crate) fn visit_after(
    pause: Duration,
    cloud: &Cloud,
    commands: &[Invocation],
    fault: Option<Planned>,
) -> Visit {
    let port = Port::open(pause, cloud, fault);
    let processes: Vec<Process> = commands.iter().map(|command| Process::start(command, &port)).collect();
    port.used_by(&processes.iter().map(|process| &process.child).collect::<Vec<_>>());
    let exits = processes.into_iter().map(Process::end).collect();
    let (strict, asked, memory) = port.close();
    let mut state = strict.state();
    let records = std::mem::take(&mut state.records);
    assert_eq!(connector::invalid(&records), Vec::<String>::new());
    Visit { exits, cloud: state.cloud.clone(), records, struck: state.struck, asked, memory }
}

/// Runs the program, and sends it a signal so long after the fault has struck, each time from there.
pub(crate) fn signalled(
    cloud: &Cloud,
    invocation: &Invocation,
    fault: Planned,
    signals: &[(Duration, Signal)],
) -> (Exit, Duration) {
    let port = Port::open(A_MOMENT, cloud, Some(fault));
    let process = Process::start(invocation, &port);
    let start = Instant::now();
    while port.strict.state().struck == 0 {
        assert!(start.elapsed() < Duration::from_secs(60), "the fault does not strike");
        std::thread::sleep(Duration::from_millis(5));
    }
    let (struck, pid) = (Instant::now(), Pid::from_child(&process.child));
    for (after, signal) in signals {
        std::thread::sleep(*after);
        // A process that has ended by then needs no further one.
        let _sent = kill_process(pid, *signal);
    }
    let exit = process.end();
    port.close();
    (exit, struck.elapsed())
}

/// What the program is called with.
pub(crate) struct Invocation<'a> {
    stack: &'a Fixture,
    args: Vec<String>,
    /// Standard output, if not a file that is read afterwards.
    stdout: Option<File>,
    /// Further variables of its environment.
    variables: Vec<(&'static str, String)>,
}

impl Invocation<'_> {
    /// The same with another standard output.
    pub(crate) fn to(self, stdout: File) -> Self {
        Invocation { stdout: Some(stdout), ..self }
    }

    /// The same with another variable in its environment.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }
}

/// The program on a stack.
pub(crate) fn command<'a>(stack: &'a Fixture, args: &[&str]) -> Invocation<'a> {
    let args = args.iter().map(|arg| (*arg).to_owned()).collect();
    Invocation { stack, args, stdout: None, variables: Vec::new() }
}

struct Process {
    child: Child,
    out: File,
    err: File,
}

impl Process {
    /// Starts the program with nothing of the user's settings.
    fn start(invocation: &Invocation, port: &Port) -> Self {
        let folder = &invocation.stack.stack.folder;
        let (out, err) = (temporary(), temporary());
        let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
        command.args(&invocation.args).args(["--region", port.strict.region()]).current_dir(folder);
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path))).env("HOME", folder);
        command.env("PROVISION_CACHE_DIR", folder.join("cache"));
        command.env("PROVISION_STATE_DIR", folder.join("state"));
        command.env("AWS_ENDPOINT_URL", &port.url).env("AWS_EC2_METADATA_DISABLED", "true");
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        let copy = |file: &File| file.try_clone().expect("a second handle");
        command.envs(invocation.variables.iter().map(|(name, value)| (name, value)));
        let stdout = copy(invocation.stdout.as_ref().unwrap_or(&out));
        command.stdin(Stdio::null()).stdout(stdout).stderr(copy(&err));
        Process { child: command.spawn().expect("the program starts"), out, err }
    }

    /// Waits for its end.
    fn end(mut self) -> Exit {
        let status = self.child.wait().expect("it is waited for");
        Exit { code: status.code(), out: text(self.out), err: text(self.err) }
    }
}

fn temporary() -> File {
    tempfile::tempfile().expect("a temporary file")
}

fn text(mut file: File) -> String {
    let mut text = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut text)).expect("a text");
    text
}
