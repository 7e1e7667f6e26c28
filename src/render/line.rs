//! A line below all output in a terminal, which says what is being done and is taken away again.

use super::{count, seconds_of};
use crate::text::{printable, sanitize_line};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// The line. Nothing is drawn before its first text, and nothing is left of it when it is dropped.
pub struct Line {
    bar: ProgressBar,
    shown: String,
}

impl Line {
    /// A line of a terminal with its first text.
    pub fn new(target: ProgressDrawTarget, text: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        let mut line = Line { bar, shown: String::new() };
        line.show(text);
        line
    }

    /// Shows another text. One that is shown already is not drawn again, so that the line does not flicker.
    pub fn show(&mut self, text: &str) {
        let text = sanitize_line(&printable(text));
        if self.shown != text {
            self.bar.set_message(text.clone());
            self.shown = text;
        }
    }

    /// Takes the line away while something is printed, which must end with the end of a line.
    pub fn make_way<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
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
    format!("… {name}: {why}, retrying, {} of {}", since.as_secs(), seconds_of(limit))
}

/// The same where no line can move.
pub fn retried(name: &str, why: &str, limit: Duration) -> String {
    super::aside(&format!("  … {name}: {why}, retrying for up to {}", seconds_of(limit)))
}
