//! The program in a terminal while it runs: everything that it wrote so far, and what the terminal shows of it.

use indicatif::{InMemoryTerm, TermLike};
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(120);
/// A line appears after half a second: so long after that, there is none.
const NO_LINE: Duration = Duration::from_millis(1_500);

/// A program while it runs, with everything that it wrote so far.
pub(crate) struct Screen {
    child: Child,
    keyboard: ChildStdin,
    output: Receiver<Vec<u8>>,
    written: Vec<u8>,
}

impl Screen {
    /// Starts a command, in a terminal if the command is one.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, output) = channel();
        let mut stdout = child.stdout.take().unwrap();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = stdout.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keyboard = child.stdin.take().unwrap();
        Screen { child, keyboard, output, written: Vec::new() }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.written).into_owned()
    }

    /// Waits until it writes a text.
    #[track_caller]
    pub(crate) fn writes(&mut self, text: &str) {
        let deadline = Instant::now() + TIMEOUT;
        while !self.text().contains(text) {
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.written.extend(bytes),
                Err(why) => panic!("it should write `{text}` ({why}):\n{}", self.text()),
            }
        }
    }

    /// Asserts that it writes nothing for a while.
    #[track_caller]
    pub(crate) fn writes_nothing(&mut self) {
        let more = self.output.recv_timeout(NO_LINE);
        assert_eq!(more, Err(RecvTimeoutError::Timeout), "after\n{}", self.text());
    }

    /// Types a text.
    pub(crate) fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// Waits for its end. Returns the exit status, and what a terminal of 120 columns shows at last.
    pub(crate) fn end(self) -> (Option<i32>, String) {
        let (status, written) = self.ended();
        (status, shown(120, &written))
    }

    /// Waits for its end. Returns the exit status, and all that it wrote.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + TIMEOUT;
        while let Ok(bytes) = self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.written.extend(bytes);
        }
        (self.child.wait().unwrap().code(), self.text())
    }
}

/// What a terminal of so many columns shows of a text.
pub(crate) fn shown(columns: u16, written: &str) -> String {
    let terminal = InMemoryTerm::new(200, columns);
    terminal.write_str(written).unwrap();
    terminal.contents()
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        let _ = self.child.kill();
    }
}
