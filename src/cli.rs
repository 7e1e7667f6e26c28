//! The command line.

use crate::commands::screen::{Format, emit, speak, tell};
use crate::commands::{
    self, AdoptArgs, CompletionsArgs, DownArgs, Globals, IamPolicyArgs, InitArgs, LocalAction, Outcome,
    OutputsArgs, PlanOnlyArgs, UpArgs,
};
use crate::exit::Exit;
use crate::render;
use clap::{CommandFactory, Parser, Subcommand};

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
    /// Write a stack to begin with: a table, a function and a route
    #[command(after_help = "Example: provision init blog --runtime node && cd blog && provision up --local")]
    Init(InitArgs),
    /// Make AWS what the stack file says: shows the plan, asks, and carries it out
    Up(UpArgs),
    /// Show what `up` would do, and change nothing
    Plan(PlanOnlyArgs),
    /// Delete everything of the stack, and make sure that nothing is left
    Down(DownArgs),
    /// Take over a thing that is there already: shows what that means, asks, and marks it as the stack's
    #[command(after_help = "Example: provision adopt table notes")]
    Adopt(AdoptArgs),
    /// Show how everything that is declared stands: in order, missing, different, broken
    Status,
    /// Show what there is to use: the API's URL, its routes, the ARNs of functions and tables
    Outputs(OutputsArgs),
    /// Show the stacks and environments that are in the account and the region
    #[command(after_help = "Example: provision list --profile work --region eu-central-1")]
    List,
    /// Read the stack file and say what is wrong with it; nothing is sent anywhere
    Validate,
    /// Print the JSON Schema of the stack file, for editors
    Schema,
    /// Send the stack's own checks to the live API; they are real requests, writes included
    Check,
    /// Print a script that completes this program's command line in a shell
    #[command(after_help = "Example, for bash: source <(provision completions bash)")]
    Completions(CompletionsArgs),
    /// Print the manual page
    #[command(after_help = "Example: provision man > provision.1; man ./provision.1")]
    Man,
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
    /// Reads the command line. Help and version are printed, and so is what is wrong.
    ///
    /// # Errors
    /// How the program ends at once.
    pub fn read() -> Result<Self, Exit> {
        Cli::try_parse().map_err(|error| {
            // Where nothing can be printed, nothing can be said about it.
            let _ = error.print();
            if error.use_stderr() { Exit::Usage } else { Exit::Done }
        })
    }

    /// Carries out the command, and says what kept it from doing so.
    pub async fn run(self) -> Exit {
        if self.globals.json {
            speak(Format::Json);
        }
        let ended = self.execute().await;
        let (exit, error) = match &ended {
            Ok(exit) => (*exit, None),
            Err(error) => (Exit::of(error), Some(error)),
        };
        if let Some(error) = error {
            tell(render::failure(error).trim_end());
        }
        emit(|| render::json::end(exit, error));
        exit
    }

    async fn execute(&self) -> Outcome {
        let globals = &self.globals;
        match &self.command {
            Command::Init(args) => commands::init(args),
            Command::Up(args) => commands::up(globals, args).await,
            Command::Plan(args) => commands::plan(globals, args).await,
            Command::Down(args) => commands::down(globals, args).await,
            Command::Adopt(args) => commands::adopt(globals, args).await,
            Command::Status => commands::status(globals).await,
            Command::Outputs(args) => commands::outputs(globals, args).await,
            Command::List => commands::list(globals).await,
            Command::Validate => commands::validate(globals),
            Command::Schema => commands::schema(),
            Command::Check => commands::check(globals).await,
            Command::Completions(args) => commands::completions(*args, Cli::command()),
            Command::Man => commands::man(Cli::command()),
            Command::IamPolicy(args) => commands::iam_policy(globals, args).await,
            Command::Local { action } => commands::local(*action).await,
        }
    }
}
