//! `logs`: what the functions of a stack have logged, and with `--follow` what they log from now on. Only reads.

use super::invoke::declared;
use super::session::{Globals, print_target_to_stderr};
use super::{Outcome, candidates, err, screen, stop_on_ctrl_c};
use crate::aws::Access;
use crate::config::Stack;
use crate::elsewhere::Need;
use crate::error::Failure;
use crate::exit::Exit;
use crate::kinds::code;
use crate::logs::{LogBatch, LogEntry, LogSource, PollInterval, Reader, Selection};
use crate::model::Identity;
use crate::outputs;
use crate::reconcile::Session;
use crate::render::{self, LogDetail, LogStyle};
use crate::requests;
use anyhow::{Result, anyhow};
use aws_smithy_types::date_time::{DateTime, Format};
use clap::Args;
use clap::builder::{NonEmptyStringValueParser, PathBufValueParser, TypedValueParser};
use clap_complete::ArgValueCandidates;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// The flags of `logs`.
#[derive(Debug, Clone, Args)]
pub struct LogsArgs {
    /// Functions, by their names in the stack file; all by default
    #[arg(value_name = "FUNCTION", add = ArgValueCandidates::new(candidates::functions))]
    pub functions: Vec<String>,
    /// Keep streaming until Ctrl-C
    #[arg(long, short)]
    pub follow: bool,
    /// Stack file, or its folder
    // The option of every command, without its `-f`: with logs, that means to follow.
    #[arg(id = "file", long, value_name = "FILE", default_value = super::stack_file::DEFAULT)]
    #[arg(value_parser = PathBufValueParser::new().map(super::stack_file::resolve))]
    #[arg(help_heading = "Options of every command")]
    pub file: PathBuf,
    /// Start time: a duration such as 90s, 10m, 2h or 1d, or a time such as 2026-01-31T09:30:00Z
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = Since::read)]
    pub since: Since,
    /// Show only what contains a text, in this case
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub filter: Option<String>,
    /// Show only what reports an error: levels, failures of Lambda, stack traces
    #[arg(long)]
    pub errors: bool,
}

/// Since when logs are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// So long ago.
    Ago(Duration),
    /// A time in milliseconds since 1970.
    At(i64),
}

impl Since {
    /// Reads a duration or a time.
    ///
    /// # Errors
    /// A text that is neither.
    fn read(text: &str) -> Result<Self> {
        if let Ok(ago) = humantime::parse_duration(text) {
            return Ok(Since::Ago(ago));
        }
        let time =
            DateTime::from_str(text, Format::DateTimeWithOffset).ok().and_then(|time| time.to_millis().ok());
        time.map(Since::At).ok_or_else(|| {
            anyhow!("use a duration such as 10m or 2h, or a time such as 2026-01-31T09:30:00Z")
        })
    }

    /// In milliseconds since 1970.
    fn millis(self, now: i64) -> i64 {
        match self {
            Since::Ago(ago) => now.saturating_sub(i64::try_from(ago.as_millis()).unwrap_or(i64::MAX)).max(0),
            Since::At(millis) => millis.max(0),
        }
    }
}

/// Now, in milliseconds since 1970.
pub(super) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// Shows what the functions of the stack have logged.
///
/// # Errors
/// There is no such function, or CloudWatch cannot be read.
pub async fn logs(globals: &Globals, args: &LogsArgs) -> Outcome {
    let mut stack = globals.stack()?;
    args.functions.iter().try_for_each(|function| declared(&stack, function))?;
    let session = globals.session(&mut stack, Need::Any).await?;
    print_target_to_stderr(&session);
    let view = LogView::new(globals, &stack, &session.scope.identity, &args.functions);
    let selection = Selection { text: args.filter.clone(), errors: args.errors };
    let is_local = session.connection.is_local();
    let mut reader = reader(&session, args.since.millis(now())).only(selection.clone(), is_local);
    let found = reader.look(&view.sources).await.map_err(Failure::from)?;
    let shown = print_entries(&found.entries, &view.style);
    if !args.follow {
        print_missing(globals, &found, &view, selection == Selection::default());
        return Ok(Exit::Done);
    }
    if shown.is_err() {
        return Ok(Exit::Done);
    }
    let mut stop = stop_on_ctrl_c();
    let (_unchanging, view) = watch::channel(view);
    tokio::select! {
        ended = follow(&mut reader, view, PollInterval::new(is_local)) => ended.map(|()| Exit::Done),
        // Ctrl-C is how one ends this.
        _ = stop.wait_for(|asked| *asked > 0) => Ok(Exit::Done),
    }
}

/// A reader of a session's logs, whose clients cannot write.
pub(super) fn reader(session: &Session, since: i64) -> Reader {
    Reader::new(&session.connection.clients(Access::Read), since)
}

/// Whose logs are shown, and how.
#[derive(Debug, Clone)]
pub(super) struct LogView {
    sources: Vec<LogSource>,
    style: LogStyle,
    /// While this is true, nothing is shown. What comes meanwhile is not shown later.
    pub(super) is_paused: bool,
}

impl LogView {
    /// The functions of a stack that are picked, or all of them.
    pub(super) fn new(globals: &Globals, stack: &Stack, identity: &Identity, picked: &[String]) -> Self {
        // What is kept in a file is read on another day.
        let detail = LogDetail { platform: globals.verbose > 0, dates: !io::stdout().is_terminal() };
        let keys = outputs::keys(stack, code().0);
        let all = || keys.iter().map(String::as_str);
        let shown: Vec<&str> =
            all().filter(|name| picked.is_empty() || picked.iter().any(|one| one == name)).collect();
        LogView {
            style: LogStyle::new(all(), shown.iter().copied(), detail),
            sources: shown.into_iter().map(|name| LogSource::of(stack, identity, name)).collect(),
            is_paused: false,
        }
    }

    /// The same without a line for each call of functions whose requests have one.
    pub(super) fn beside_requests(self, stack: &Stack) -> Self {
        LogView { style: self.style.without_calls_of(requests::only_requested(stack)), ..self }
    }
}

/// Shows new entries until the output is closed.
///
/// # Errors
/// An error that does not pass by itself.
pub(super) async fn follow(
    reader: &mut Reader,
    view: watch::Receiver<LogView>,
    mut interval: PollInterval,
) -> Result<()> {
    loop {
        let now = view.borrow().clone();
        let pause = match reader.look(&now.sources).await {
            Ok(found) => {
                let shown = if now.is_paused { &[][..] } else { &found.entries };
                if print_entries(shown, &now.style).is_err() {
                    return Ok(());
                }
                interval.usual()
            }
            Err(error) => {
                let reported = interval.is_slowed();
                let Some(pause) = interval.after(&error) else { return Err(Failure::from(error).into()) };
                if !reported {
                    err(&render::warning(&format!("logs are delayed: {error}")));
                }
                pause
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Prints entries.
///
/// # Errors
/// The output cannot be written.
fn print_entries(entries: &[LogEntry], style: &LogStyle) -> io::Result<()> {
    entries.iter().try_for_each(|entry| screen::entry(|| style.text(entry), || render::json::log(entry)))
}

/// Says why there may be no logs.
fn print_missing(globals: &Globals, found: &LogBatch, view: &LogView, is_all: bool) {
    let logs = if is_all { "logs" } else { "such logs" };
    let nothing = format!("no {logs} in this time; --since 1d looks further back");
    match found.missing.as_slice() {
        [] if found.entries.is_empty() => err(&render::aside(&nothing)),
        [] => {}
        missing if missing.len() == view.sources.len() => {
            let up = globals.command("up");
            err(&render::aside(&format!("no logs yet; deploy the stack with: {up}")));
        }
        missing => err(&render::aside(&format!("no logs yet from {}", missing.join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_duration_or_a_time() {
        let millis = |text: &str| Since::read(text).ok().map(|since| since.millis(100_000_000));
        assert_eq!(millis("90s"), Some(99_910_000));
        assert_eq!(millis("10m"), Some(99_400_000));
        assert_eq!(millis("2h"), Some(92_800_000));
        assert_eq!(millis("1d"), Some(13_600_000));
        assert_eq!(millis("9000d"), Some(0));
        assert_eq!(millis("1970-01-01T00:00:05.250Z"), Some(5_250));
        assert_eq!(millis("1970-01-01T02:00:05+02:00"), Some(5_000));
        for wrong in ["", "10", "m", "yesterday", "-10m", "2026-01-31"] {
            assert_eq!(millis(wrong), None, "{wrong}");
        }
    }
}
