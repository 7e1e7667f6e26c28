//! The commands: what each one does from its flags to its exit status. They read files, print and ask; the stages
//! themselves are put together elsewhere.

mod adopt;
mod check;
mod down;
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
mod status;
mod up;
mod validate;

pub use adopt::{AdoptArgs, adopt};
pub use check::check;
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
use screen::{emit, say, speaks_json, tell};
use std::io::{IsTerminal, Write};
use tokio::sync::watch;

/// How a command ends; what is not [`Exit::Done`] has been explained already.
pub type Outcome = Result<Exit>;

/// Asks a question in a terminal and answers what was typed.
fn ask(question: &str) -> Result<String> {
    anstream::print!("{question} ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

/// True if somebody can be asked.
fn interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && !speaks_json()
}

/// Turns true at the first Ctrl-C. The second one, and any after the plan was carried out, ends the process at once, which
/// loses nothing either.
fn stop_on_ctrl_c() -> watch::Receiver<bool> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        // Without a handler Ctrl-C ends the process, and the next run goes on from what is there.
        while tokio::signal::ctrl_c().await.is_ok() {
            if stop.is_closed() || *stop.borrow() {
                std::process::exit(Exit::Interrupted as i32);
            }
            stop.send_replace(true);
        }
    });
    stopped
}
