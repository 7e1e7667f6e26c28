//! The command line.

pub(crate) mod examples;

use crate::commands::screen::{Format, emit, speak, tell};
use crate::commands::{
    self, AdoptArgs, CompletionsArgs, DevArgs, DownArgs, Globals, IamPolicyArgs, InitArgs, InvokeArgs,
    LocalAction, LogsArgs, Outcome, OutputsArgs, PlanOnlyArgs, UpArgs,
};
use crate::exit::Exit;
use crate::render;
use clap::{CommandFactory, Parser, Subcommand};

/// One stack.yaml is your serverless backend: `up` makes AWS match it, `down` leaves nothing behind.
#[derive(Debug, Parser)]
#[command(name = "provision", version, about, max_term_width = 80)]
#[command(after_help = examples::PROGRAM)]
pub struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a stack to begin with: a table, a function and a route
    #[command(after_help = examples::INIT)]
    Init(InitArgs),
    /// Make AWS what the stack file says; shows the plan and asks first
    #[command(after_help = examples::UP)]
    Up(UpArgs),
    /// Bring up each save on the local cloud, and show the logs
    #[command(after_help = examples::DEV)]
    Dev(DevArgs),
    /// Show what `up` would do, and change nothing
    #[command(after_help = examples::PLAN)]
    Plan(PlanOnlyArgs),
    /// Delete everything of the stack; make sure that nothing is left
    #[command(after_help = examples::DOWN)]
    Down(DownArgs),
    /// Take over a thing that is there already; shows what that means
    #[command(after_help = examples::ADOPT)]
    Adopt(AdoptArgs),
    /// Show how everything stands: in order, missing, different, broken
    #[command(after_help = examples::STATUS)]
    Status,
    /// Show what there is to use: the API's URL, its routes, ARNs
    #[command(after_help = examples::OUTPUTS)]
    Outputs(OutputsArgs),
    /// Show the stacks that are in the account and the region
    #[command(after_help = examples::LIST)]
    List,
    /// Say what is wrong with the stack file; nothing is sent anywhere
    #[command(after_help = examples::VALIDATE)]
    Validate,
    /// Print the JSON Schema of the stack file, for editors
    #[command(after_help = examples::SCHEMA)]
    Schema,
    /// Send the stack's checks to the live API; they may write
    #[command(after_help = examples::CHECK)]
    Check,
    /// Call a function with an event, and print what it answers
    #[command(after_help = examples::INVOKE)]
    Invoke(InvokeArgs),
    /// Show what the functions have logged
    #[command(after_help = examples::LOGS)]
    Logs(LogsArgs),
    /// Print a script that completes command lines in a shell
    #[command(after_help = examples::COMPLETIONS)]
    Completions(CompletionsArgs),
    /// Print the manual page
    #[command(after_help = examples::MAN)]
    Man,
    /// Print the IAM policy that whoever deploys this stack needs
    #[command(after_help = examples::IAM_POLICY)]
    IamPolicy(IamPolicyArgs),
    /// Manage the local cloud that --local uses
    #[command(after_help = examples::LOCAL)]
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
        if self.globals.hides_values() {
            tell(&render::warning("--show-values shows no values here: they go to a terminal only"));
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
            Command::Dev(args) => commands::dev(globals, args).await,
            Command::Plan(args) => commands::plan(globals, args).await,
            Command::Down(args) => commands::down(globals, args).await,
            Command::Adopt(args) => commands::adopt(globals, args).await,
            Command::Status => commands::status(globals).await,
            Command::Outputs(args) => commands::outputs(globals, args).await,
            Command::List => commands::list(globals).await,
            Command::Validate => commands::validate(globals),
            Command::Schema => commands::schema(),
            Command::Check => commands::check(globals).await,
            Command::Invoke(args) => commands::invoke(globals, args).await,
            Command::Logs(args) => commands::logs(globals, args).await,
            Command::Completions(args) => commands::completions(*args, Cli::command()),
            Command::Man => commands::man(Cli::command()),
            Command::IamPolicy(args) => commands::iam_policy(globals, args).await,
            Command::Local { action } => commands::local(*action).await,
        }
    }
}
