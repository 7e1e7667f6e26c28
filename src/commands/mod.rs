//! The commands: what each one does from its flags to its exit status. Only here do the stages meet.

mod check;
mod down;
mod iam_policy;
mod local;
mod session;
mod up;

pub use check::check;
pub use down::{DownArgs, down};
pub use iam_policy::{IamPolicyArgs, iam_policy};
pub use local::{LocalAction, local};
pub use session::Globals;
pub use up::{PlanArgs, UpArgs, plan, up};

use anyhow::Result;
use std::io::{IsTerminal, Write};
use tokio::sync::watch;

/// Whether a command reached what it is for; `false` has been explained already.
pub type Outcome = Result<bool>;

/// The exit status of a process that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Prints a line of the command's result.
fn say(line: &str) {
    anstream::println!("{line}");
}

/// Prints a line beside the result.
fn tell(line: &str) {
    anstream::eprintln!("{line}");
}

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
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Turns true at the first Ctrl-C. The second one, and any after the plan was carried out, ends the process at once, which
/// loses nothing either.
fn stop_on_ctrl_c() -> watch::Receiver<bool> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        // Without a handler Ctrl-C ends the process, and the next run goes on from what is there.
        while tokio::signal::ctrl_c().await.is_ok() {
            if stop.is_closed() || *stop.borrow() {
                std::process::exit(INTERRUPTED);
            }
            tell(
                "Stopping: what is under way is finished, and nothing more is begun. Ctrl-C again to end at once.",
            );
            stop.send_replace(true);
        }
    });
    stopped
}
