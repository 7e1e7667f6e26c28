//! `local`: starts, stops, shows and empties the local cloud.

use super::{Outcome, say, tell};
use crate::cli::examples;
use crate::exit::Exit;
use crate::local::{LocalCloud, default_folders};
use crate::render;
use clap::Subcommand;

/// What to do with the local cloud.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum LocalAction {
    /// Start it, after installing it where that is not done yet
    #[command(after_help = examples::LOCAL_START)]
    Start,
    /// Stop it; its data stay
    #[command(after_help = examples::LOCAL_STOP)]
    Stop,
    /// Say whether it runs, and where
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
            let endpoint = cloud.start(&|line| tell(&render::aside(line))).await?;
            say(&format!("The local cloud runs at {} (process {}).", endpoint.url, endpoint.pid));
        }
        LocalAction::Stop => match cloud.stop().await? {
            true => say("The local cloud is stopped; its data are kept."),
            false => say("The local cloud was not running."),
        },
        LocalAction::Status => match cloud.status().await? {
            Some(endpoint) => {
                say(&format!("The local cloud runs at {} (process {}).", endpoint.url, endpoint.pid));
                say(&format!("Its log is {}", cloud.log().display()));
                say(&format!("Credentials: {}", cloud.credentials_file().display()));
            }
            None => say("The local cloud is not running."),
        },
        LocalAction::Reset => {
            cloud.reset().await?;
            say("The local cloud is empty.");
        }
    }
    Ok(Exit::Done)
}
