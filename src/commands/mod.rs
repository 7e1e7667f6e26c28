//! The commands: what each one does from its flags to its exit status. They read files, print and ask; the stages
//! themselves are put together elsewhere.

mod adopt;
mod check;
mod dev;
mod down;
mod execute;
mod iam_policy;
mod init;
mod invoke;
mod list;
mod local;
mod logs;
mod manual;
mod plan;
pub(crate) mod screen;
mod session;
mod stack_file;
mod status;
mod up;
mod validate;
mod watch_loop;

pub use adopt::{AdoptArgs, adopt};
pub use check::check;
pub use dev::{DevArgs, dev};
pub use down::{DownArgs, down};
pub use iam_policy::{IamPolicyArgs, iam_policy};
pub use init::{InitArgs, init};
pub use invoke::{InvokeArgs, invoke};
pub use list::list;
pub use local::{LocalAction, local};
pub use logs::{LogsArgs, logs};
pub use manual::{CompletionsArgs, completions, man};
pub use plan::{PlanArgs, PlanOnlyArgs, plan};
pub use session::Globals;
pub use status::{OutputsArgs, outputs, status};
pub use up::{UpArgs, up};
pub use validate::{schema, validate};

use crate::exit::Exit;
use anyhow::Result;
use screen::{ask, data, err, is_interactive, is_json, json, markdown, out, raw};
use std::sync::OnceLock;
use tokio::sync::watch;

/// How a command ends; what is not [`Exit::Done`] has been explained already.
pub type Outcome = Result<Exit>;

/// Turns true at the first Ctrl-C. The second one, and any while nothing listens, ends the process at once, which loses
/// nothing either. Handling a signal is a fact of the process, so all listeners get the same one.
fn stop_on_ctrl_c() -> watch::Receiver<bool> {
    static STOP: OnceLock<watch::Sender<bool>> = OnceLock::new();
    let listen = || {
        let stop = watch::Sender::new(false);
        tokio::spawn(watch_ctrl_c(stop.clone()));
        stop
    };
    STOP.get_or_init(listen).subscribe()
}

async fn watch_ctrl_c(stop: watch::Sender<bool>) {
    // Without a handler Ctrl-C ends the process, and the next run continues from what exists.
    while tokio::signal::ctrl_c().await.is_ok() {
        if stop.is_closed() || stop.send_replace(true) {
            std::process::exit(Exit::Interrupted as i32);
        }
    }
}
