//! `local`: starts, stops, shows and resets the local cloud.

use super::busy::start;
use super::examples;
use super::{Outcome, out};
use crate::exit::Exit;
use crate::local::{LocalCloud, default_folders};
use clap::Subcommand;

/// What to do with the local cloud.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum LocalAction {
    /// Start it; installs it first if needed
    #[command(after_help = examples::LOCAL_START)]
    Start,
    /// Stop it; its data is kept
    #[command(after_help = examples::LOCAL_STOP)]
    Stop,
    /// Show whether it runs, and where
    #[command(after_help = examples::LOCAL_STATUS)]
    Status,
    /// Delete everything in it
    #[command(after_help = examples::LOCAL_RESET)]
    Reset,
}

/// Does it.
///
/// # Errors
/// What the local cloud says.
pub async fn local(action: LocalAction) -> Outcome {
    let (cache, state) = default_folders()?;
    let cloud = LocalCloud::new(cache, state);
    match action {
        LocalAction::Start => {
            let endpoint = start(&cloud).await?;
            out(&format!("The local cloud runs at {} (process {}).", endpoint.url, endpoint.pid));
        }
        LocalAction::Stop => {
            let was_running = cloud.stop().await?;
            out(if was_running {
                "The local cloud is stopped; its data is kept."
            } else {
                "The local cloud was not running."
            });
        }
        LocalAction::Status => match cloud.status().await? {
            Some(endpoint) => {
                out(&format!("The local cloud runs at {} (process {}).", endpoint.url, endpoint.pid));
                out(&format!("Log: {}", cloud.log().display()));
                out(&format!("Credentials: {}", cloud.credentials_file().display()));
            }
            None => out("The local cloud is not running."),
        },
        LocalAction::Reset => {
            cloud.reset().await?;
            out("Reset the local cloud; it is empty now.");
        }
    }
    Ok(Exit::Done)
}
