//! The program while it runs, line by line.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A run that has not ended. It ends with the test at the latest.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    told: Vec<String>,
}

impl Running {
    /// Starts a command.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        read(child.stdout.take().unwrap(), sender.clone());
        read(child.stderr.take().unwrap(), sender);
        Running { child, lines, told: Vec::new() }
    }

    /// Waits until it prints a text, on either stream, and returns the whole line.
    #[track_caller]
    pub(crate) fn says(&mut self, text: &str) -> String {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.told.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(why) => panic!("it should say `{text}` ({why}):\n{}", self.told.join("\n")),
            }
        }
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let process = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(process, Signal::INT).unwrap();
    }

    /// Stops reading its output.
    pub(crate) fn unread(mut self) -> Unread {
        drop(std::mem::replace(&mut self.lines, channel().1));
        Unread(self)
    }

    /// Waits for its end. Returns how it ended, and everything that it printed.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        // The lines end when neither the program nor a process that it left behind can write.
        let deadline = Instant::now() + TIMEOUT;
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.told.push(line);
        }
        assert!(Instant::now() < deadline, "it should end:\n{}", self.told.join("\n"));
        (self.child.wait().unwrap(), std::mem::take(&mut self.told).join("\n"))
    }
}

/// A run whose output is no longer read.
pub(crate) struct Unread(Running);

impl Unread {
    /// How it ended, if it has.
    pub(crate) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.child.try_wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(from: impl Read + Send + 'static, lines: Sender<String>) {
    std::thread::spawn(move || {
        let mut all = BufReader::new(from).lines().map_while(Result::ok);
        all.all(|line| lines.send(line).is_ok())
    });
}
