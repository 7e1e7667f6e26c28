//! The commands: what each one does from its flags to its exit status. They read files, print and ask; the stages
//! themselves are put together elsewhere.

mod act;
mod adopt;
mod browser;
mod build;
mod busy;
mod candidates;
mod check;
mod dev;
mod down;
pub(crate) mod examples;
mod execute;
mod graph;
mod iam_policy;
mod init;
mod invoke;
mod keys;
mod list;
mod local;
mod logs;
mod manual;
mod plan;
mod release;
mod request;
pub(crate) mod screen;
mod secret;
mod session;
mod stack_file;
mod status;
mod up;
mod validate;
mod watch_loop;

pub use act::{ActArgs, PUT, SEND, act, completed};
pub use adopt::{AdoptArgs, adopt};
pub use check::check;
pub use dev::{DevArgs, dev};
pub use down::{DownArgs, down};
pub use graph::{GraphArgs, graph};
pub use iam_policy::{IamPolicyArgs, iam_policy};
pub use init::{InitArgs, init};
pub use invoke::{InvokeArgs, invoke};
pub use list::list;
pub use local::{LocalAction, local};
pub use logs::{LogsArgs, logs};
pub use manual::{COMPLETE, CompletionsArgs, completions, man};
pub use plan::{PlanArgs, PlanOnlyArgs, plan};
pub use release::{ReleaseArgs, release};
pub use request::{RequestArgs, request};
pub use secret::{SecretAction, secret};
pub use session::Globals;
pub use status::{OutputsArgs, outputs, status};
pub use up::{UpArgs, up};
pub use validate::{schema, validate};

use crate::exit::Exit;
use anyhow::Result;
use screen::{ask, data, err, is_interactive, is_json, json, markdown, out, raw};
use std::sync::OnceLock;
use tokio::sync::watch;

/// Gives the terminal back as it was, before the process ends at once.
pub(crate) fn release_terminal() {
    keys::restore();
}

/// How a command ends; what is not [`Exit::Done`] has been explained already.
pub type Outcome = Result<Exit>;

/// Counts Ctrl-C and SIGTERM: a listener that was late sees both of two. The second one must not cut off the report [hazards: G20].
/// The third one, and any while nothing listens, ends the process at once, which loses nothing either. Handling a signal is a
/// fact of the process, so all listeners get the same count.
fn stop_on_ctrl_c() -> watch::Receiver<u32> {
    static STOP: OnceLock<watch::Sender<u32>> = OnceLock::new();
    let listen = || {
        let stop = watch::Sender::new(0);
        tokio::spawn(watch_signals(stop.clone()));
        stop
    };
    STOP.get_or_init(listen).subscribe()
}

async fn watch_signals(stop: watch::Sender<u32>) {
    // Without a handler a signal ends the process, and the next run continues from what exists.
    let Ok(mut signals) = Signals::new() else { return };
    let mut count = 0;
    while signals.next().await {
        count += 1;
        if stop.is_closed() || count > 2 {
            screen::hide_line();
            release_terminal();
            std::process::exit(Exit::Interrupted as i32);
        }
        stop.send_replace(count);
    }
}

/// The signals to stop: Ctrl-C, and what a pipeline sends.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one; false if there will be none.
    async fn next(&mut self) -> bool {
        tokio::select! {
            signal = self.interrupt.recv() => signal.is_some(),
            signal = self.terminate.recv() => signal.is_some(),
        }
    }
}

/// The signal to stop: Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Signals)
    }

    async fn next(&mut self) -> bool {
        tokio::signal::ctrl_c().await.is_ok()
    }
}
