//! A line below all output in a terminal, which says what is being done and is taken away again.

use super::width::fitting;
use super::{count, seconds_of};
use crate::text::{printable, sanitize_line};
use std::io::Write;
use std::time::Duration;

/// The line. Nothing is left of it when it is dropped.
pub struct Line {
    terminal: Box<dyn Write + Send>,
    columns: Option<usize>,
    shown: String,
}

/// Takes away the line in which the cursor is.
const CLEAR: &str = "\r\u{1b}[2K";

impl Line {
    /// A line of a terminal of so many columns, with its first text.
    pub fn new(terminal: impl Write + Send + 'static, columns: Option<usize>, text: &str) -> Self {
        let mut line = Line { terminal: Box::new(terminal), columns, shown: String::new() };
        line.show(text);
        line
    }

    /// Shows another text. One that is shown already is not drawn again, so that the line does not flicker.
    pub fn show(&mut self, text: &str) {
        let text = fitting(&sanitize_line(&printable(text)), self.columns);
        if self.shown != text {
            self.draw(&text);
            self.shown = text;
        }
    }

    /// Takes the line away while something is printed, which must end with the end of a line.
    pub fn make_way<T>(&mut self, print: impl FnOnce() -> T) -> T {
        self.draw("");
        let printed = print();
        let text = std::mem::take(&mut self.shown);
        self.show(&text);
        printed
    }

    fn draw(&mut self, text: &str) {
        // If the terminal is closed, there is nothing left to draw on.
        let _ = write!(self.terminal, "{CLEAR}{text}").and_then(|()| self.terminal.flush());
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.draw("");
    }
}

/// What is read, how many calls that took so far, how many of them AWS wanted to be sent again, and what is waited for.
pub fn reading(place: &str, calls: u64, again: u64, wait: Option<&str>) -> String {
    let again = if again == 0 { String::new() } else { format!(", {again} sent again") };
    let wait = wait.map(|wait| format!(", {wait}")).unwrap_or_default();
    format!("Reading {place}: {}{again}{wait} …", count(calls, "call"))
}

/// What takes so long already.
pub fn lasting(what: &str, since: Duration) -> String {
    let separator = if what.is_empty() { "" } else { ", " };
    format!("… {what}{separator}{}", seconds_of(since))
}

/// A check that is sent again, and how long that may take.
pub fn retrying(name: &str, why: &str, since: Duration, limit: Duration) -> String {
    format!("… {} of {}: {name}: {why}, retrying", since.as_secs(), seconds_of(limit))
}

/// The same where no line can move.
pub fn retried(name: &str, why: &str, limit: Duration) -> String {
    super::aside(&format!("  … {name}: {why}, retrying for up to {}", seconds_of(limit)))
}
