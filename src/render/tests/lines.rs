//! The line that moves below all output of a terminal.

use crate::render::{Line, lasting, reading, retried, retrying};
use indicatif::{InMemoryTerm, TermLike};
use std::io::{Result, Write};
use std::time::Duration;

/// A terminal that is written to.
struct Terminal(InMemoryTerm);

impl Write for Terminal {
    fn write(&mut self, text: &[u8]) -> Result<usize> {
        self.0.write_str(std::str::from_utf8(text).unwrap()).map(|()| text.len())
    }

    fn flush(&mut self) -> Result<()> {
        self.0.flush()
    }
}

fn line(terminal: &InMemoryTerm, text: &str) -> Line {
    Line::new(Terminal(terminal.clone()), Some(terminal.width().into()), text)
}

#[test]
fn a_line_stays_below_what_is_printed_and_leaves_nothing() {
    let terminal = InMemoryTerm::new(24, 40);
    terminal.write_line("stack notes").unwrap();
    let mut line = line(&terminal, "Reading AWS: 1 call …");
    assert_eq!(terminal.contents(), "stack notes\nReading AWS: 1 call …");
    line.show("Reading AWS: 20 calls …");
    line.make_way(|| terminal.write_line("warning: an old runtime").unwrap());
    assert_eq!(terminal.contents(), "stack notes\nwarning: an old runtime\nReading AWS: 20 calls …");
    drop(line);
    assert_eq!(terminal.contents(), "stack notes\nwarning: an old runtime");
    terminal.write_line("No changes.").unwrap();
    assert_eq!(terminal.contents(), "stack notes\nwarning: an old runtime\nNo changes.");
}

#[test]
fn a_text_that_is_shown_already_is_not_drawn_again() {
    let terminal = InMemoryTerm::new(24, 40);
    let mut line = line(&terminal, "Reading AWS: 1 call …");
    terminal.moves_since_last_check();
    line.show("Reading AWS: 1 call …");
    assert_eq!(terminal.moves_since_last_check(), "");
}

#[test]
fn a_line_is_one_line_with_nothing_secret_in_it() {
    let terminal = InMemoryTerm::new(24, 20);
    let line = line(&terminal, "http://ada:hush@host \u{1b}[31mand\nmuch more than fits");
    assert_eq!(terminal.contents().lines().count(), 1, "{}", terminal.contents());
    // What the user types is shown behind it, and must not begin another line.
    assert_eq!(terminal.contents(), "http://***@host …");
    drop(line);
    assert_eq!(terminal.contents(), "");
}

#[test]
fn the_texts_of_the_line() {
    let seconds = Duration::from_secs;
    let texts = [
        reading("AWS", 120, 0, None),
        reading("AWS", 1, 3, Some("table notes: its tags are not visible yet")),
        lasting("Packaging the code", seconds(12)),
        lasting("", Duration::from_millis(3_900)),
        retrying("a visitor is greeted", "404", seconds(12), seconds(60)),
        super::plain(&retried("a visitor is greeted", "404", seconds(60))),
    ];
    insta::assert_snapshot!(texts.join("\n"), @"
    Reading AWS: 120 calls …
    Reading AWS: 1 call, 3 sent again, table notes: its tags are not visible yet …
    … Packaging the code, 12 s
    … 3 s
    … 12 of 60 s: a visitor is greeted: 404, retrying
      … a visitor is greeted: 404, retrying for up to 60 s
    ");
}
