//! The command line.

use crate::commands::{self, DownArgs, Globals, IamPolicyArgs, LocalAction, Outcome, PlanArgs, UpArgs};
use clap::{Parser, Subcommand};

/// One stack.yaml is your serverless backend: `up` makes AWS match it, `down` leaves nothing behind.
#[derive(Debug, Parser)]
#[command(name = "provision", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make AWS what the stack file says: shows the plan, asks, and carries it out
    Up(UpArgs),
    /// Show what `up` would do, and change nothing
    Plan(PlanArgs),
    /// Delete everything of the stack, and make sure that nothing is left
    Down(DownArgs),
    /// Send the stack's own checks to the live API; they are real requests, writes included
    Check,
    /// Print the IAM policy that whoever deploys this stack needs, and no more
    IamPolicy(IamPolicyArgs),
    /// Manage the local cloud that --local uses
    Local {
        /// What to do with it
        #[command(subcommand)]
        action: LocalAction,
    },
}

impl Cli {
    /// Carries out the command.
    ///
    /// # Errors
    /// What kept it from doing so.
    pub async fn run(self) -> Outcome {
        let globals = &self.globals;
        match &self.command {
            Command::Up(args) => commands::up(globals, args).await,
            Command::Plan(args) => commands::plan(globals, args).await,
            Command::Down(args) => commands::down(globals, args).await,
            Command::Check => commands::check(globals).await,
            Command::IamPolicy(args) => commands::iam_policy(globals, args).await,
            Command::Local { action } => commands::local(*action).await,
        }
    }
}
