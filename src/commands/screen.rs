//! What a command prints: text for people, or something for programs. One process runs one command, so the format is a
//! fact of the process, as its colours are.
//!
//! All output passes here, so here URLs lose their credentials and sensitive values are taken out, and here it is noted if the
//! output could not be written. The line of [`super::busy`] makes way for all of it.

use crate::exit::Exit;
use crate::render::{self, Document, Line};
use crate::sensitive::redacted;
use crate::text::{printable, without_credentials};
use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// What goes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Text, for people.
    Text,
    /// Nothing but the last line of it.
    Quiet,
    /// One JSON object per line.
    Json,
    /// Markdown, for a comment.
    Markdown,
}

static FORMAT: OnceLock<Format> = OnceLock::new();

/// The first error of standard output.
static OUTPUT_ERROR: OnceLock<io::Error> = OnceLock::new();

/// Set where each call to AWS is printed.
static IS_VERBOSE: OnceLock<()> = OnceLock::new();

/// The line below all output, while there is one.
static LINE: Mutex<Option<Line>> = Mutex::new(None);

/// From now on no line moves: each call to AWS is printed, which says more.
pub(crate) fn set_verbose() {
    let _ = IS_VERBOSE.set(());
}

/// True if a line can move below the output: in a terminal that can move its cursor, where text is printed for people.
pub(super) fn can_move() -> bool {
    format() == Format::Text && IS_VERBOSE.get().is_none() && render::is_live()
}

/// Shows the line, or another text in it.
pub(super) fn move_line(text: &str) {
    match &mut *line() {
        Some(line) => line.show(text),
        none => *none = Some(Line::new(io::stdout(), render::columns(), text)),
    }
}

/// Takes the line away.
pub(super) fn hide_line() {
    *line() = None;
}

fn line() -> MutexGuard<'static, Option<Line>> {
    LINE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints above the line, which is not drawn meanwhile.
fn above_line<T>(print: impl FnOnce() -> T) -> T {
    match &mut *line() {
        Some(line) => line.make_way(print),
        None => print(),
    }
}

/// Sets the format, before anything is printed.
pub(crate) fn set_format(format: Format) {
    let _ = FORMAT.set(format);
}

fn format() -> Format {
    FORMAT.get().copied().unwrap_or(Format::Text)
}

/// True if the output is JSON.
pub(super) fn is_json() -> bool {
    format() == Format::Json
}

/// Prints a line of the command's result, for people. If it cannot be written, the command still finishes its work:
/// [`finish`] reports it.
pub(crate) fn out(line: &str) {
    if format() == Format::Text {
        let _ = write(&without_credentials(line), "\n");
    }
}

/// Prints the last line of a command's result, which is all that is left of it where a user wants it quiet.
pub(super) fn last_line(line: &str) {
    if matches!(format(), Format::Text | Format::Quiet) {
        let _ = write(&without_credentials(line), "\n");
    }
}

/// True if only errors and the last line are wanted.
pub(super) fn is_quiet() -> bool {
    format() == Format::Quiet
}

/// Prints a line that is the result itself, such as the response of a function: nothing in it is changed but sensitive values.
pub(super) fn data(line: &str) {
    if format() == Format::Text {
        let _ = write(line, "\n");
    }
}

/// Prints a line on standard error: a message that is not part of the result.
pub(crate) fn err(line: &str) {
    let line = printable(line);
    let _ = above_line(|| writeln!(anstream::stderr().lock(), "{line}"));
}

/// Prints a part of the command's result as JSON.
pub(crate) fn json<D: Display>(document: impl FnOnce() -> D) {
    if is_json() {
        let _ = write(&document().to_string(), "\n");
    }
}

/// Prints the command's result as Markdown.
pub(super) fn markdown(text: impl FnOnce() -> String) {
    if format() == Format::Markdown {
        let _ = write(&without_credentials(&text()), "");
    }
}

/// Prints a whole document, such as a schema, whatever the format.
pub(super) fn raw(text: &str) {
    let _ = write(text, "");
}

/// Prints one of many entries, as text or as JSON. Not every one has a text.
///
/// # Errors
/// The output cannot be written, so the caller may stop: the reader, such as `head`, may have seen enough.
pub(super) fn entry(
    text: impl FnOnce() -> Option<String>,
    document: impl FnOnce() -> Document,
) -> io::Result<()> {
    match is_json() {
        true => write(&document().to_string(), "\n"),
        false => text().map_or(Ok(()), |text| write(&without_credentials(&text), "\n")),
    }
}

/// Asks a question in a terminal and returns what was typed.
///
/// # Errors
/// The terminal cannot be used.
pub(super) fn ask(question: &str) -> io::Result<String> {
    let mut stdout = anstream::stdout().lock();
    write!(stdout, "{question} ")?;
    stdout.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

/// True if the user can be asked.
pub(super) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal() && !is_json()
}

fn write(text: &str, end: &str) -> io::Result<()> {
    let text = redacted(text);
    let written = above_line(|| {
        let mut stdout = anstream::stdout().lock();
        write!(stdout, "{text}{end}").and_then(|()| stdout.flush())
    });
    written.inspect_err(|error| {
        let _ = OUTPUT_ERROR.set(io::Error::new(error.kind(), error.to_string()));
    })
}

/// The exit status of a command, which is never a success if its output could not be written. A closed pipe is no error to
/// report: its reader closed it.
pub(crate) fn finish(exit: Exit) -> Exit {
    let Some(error) = OUTPUT_ERROR.get() else { return exit };
    let closed = error.kind() == ErrorKind::BrokenPipe;
    if !closed {
        err(&render::error(&format!("the output cannot be written: {error}"), None));
    }
    match exit {
        Exit::Done | Exit::Pending if closed => Exit::OutputClosed,
        Exit::Done | Exit::Pending => Exit::Failed,
        failed => failed,
    }
}
