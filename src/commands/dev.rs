//! `dev`: keeps the stack on the local cloud up to date with the files.

use super::Outcome;
use super::plan::PlanArgs;
use super::session::Globals;
use super::watch_loop::{WatchOptions, watch};
use clap::Args;

/// The flags of `dev`.
#[derive(Debug, Clone, Default, Args)]
pub struct DevArgs {
    /// The flags that the plan depends on.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Run the stack's checks after each change; they send real requests and may write data
    #[arg(long)]
    pub check: bool,
}

/// Applies the stack to the local cloud, and every change as it is saved.
///
/// # Errors
/// The first plan cannot be made.
pub async fn dev(globals: &Globals, args: &DevArgs) -> Outcome {
    let globals = Globals { local: true, releases_at_once: true, ..globals.clone() };
    let options = WatchOptions { plan: &args.plan, check: args.check, yes: false };
    watch(&globals, options).await
}
