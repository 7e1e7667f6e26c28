//! The command line.

mod usage;

use crate::commands::examples;
use crate::commands::screen::{Format, err, finish, json, out, set_format, set_verbose};
use crate::commands::{
    self, ActArgs, AdoptArgs, CompletionsArgs, DevArgs, DownArgs, Globals, GraphArgs, IamPolicyArgs,
    InitArgs, InvokeArgs, LocalAction, LogsArgs, Outcome, OutputsArgs, PlanOnlyArgs, ReleaseArgs,
    RequestArgs, SecretAction, UpArgs,
};
use crate::error::exit_of;
use crate::exit::Exit;
use crate::kind::Turn;
use crate::render;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::CompleteEnv;
use terminal_size::{Width, terminal_size_of};

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
    /// Create a starter stack: a table, a function and a route
    #[command(after_help = examples::INIT)]
    Init(InitArgs),
    /// Create or update the stack: shows the plan, then asks
    #[command(after_help = examples::UP)]
    Up(UpArgs),
    /// Redeploy to the local cloud on every save and stream the logs
    #[command(after_help = examples::DEV)]
    Dev(DevArgs),
    /// Show what `up` would do, without changing anything
    #[command(after_help = examples::PLAN)]
    Plan(PlanOnlyArgs),
    /// Delete the stack and verify that nothing is left
    #[command(after_help = examples::DOWN)]
    Down(DownArgs),
    /// Adopt an existing resource; shows the effect first
    #[command(after_help = examples::ADOPT)]
    Adopt(AdoptArgs),
    /// Show every resource's state: in sync, missing, drifted or failed
    #[command(after_help = examples::STATUS)]
    Status,
    /// Show the outputs: API URL, routes and ARNs
    #[command(after_help = examples::OUTPUTS)]
    Outputs(OutputsArgs),
    /// List the stacks in the account and region
    #[command(after_help = examples::LIST)]
    List,
    /// Check the stack file, offline
    #[command(after_help = examples::VALIDATE)]
    Validate,
    /// Draw the stack: what it declares, and what is connected with what
    #[command(after_help = examples::GRAPH)]
    Graph(GraphArgs),
    /// Print the JSON Schema of the stack file, for editors
    #[command(after_help = examples::SCHEMA)]
    Schema,
    /// Send the stack's checks to the live API; they may write data
    #[command(after_help = examples::CHECK)]
    Check,
    /// Send a request to the deployed API and print its response
    #[command(after_help = examples::REQUEST)]
    Request(RequestArgs),
    /// Call a function with an event and print its response
    #[command(after_help = examples::INVOKE)]
    Invoke(InvokeArgs),
    /// Send a message to a queue, topic, stream or event bus
    #[command(after_help = examples::SEND)]
    Send(ActArgs),
    /// Write an object into a bucket of the stack
    #[command(after_help = examples::PUT)]
    Put(ActArgs),
    /// Show the logs of the functions
    #[command(after_help = examples::LOGS)]
    Logs(LogsArgs),
    /// Move aliases on to the new version, or give a canary all requests
    #[command(after_help = examples::PROMOTE)]
    Promote(ReleaseArgs),
    /// Move aliases back to the former version, at once
    #[command(after_help = examples::ROLLBACK)]
    Rollback(ReleaseArgs),
    /// Set the value of a secret that the stack file does not give
    #[command(after_help = examples::SECRET)]
    Secret {
        /// Action
        #[command(subcommand)]
        action: SecretAction,
    },
    /// Print a completion script for a shell
    #[command(after_help = examples::COMPLETIONS)]
    Completions(CompletionsArgs),
    /// Print the manual page
    #[command(after_help = examples::MAN)]
    Man,
    /// Print the deploy policy: IAM permissions to deploy this stack
    #[command(after_help = examples::IAM_POLICY)]
    IamPolicy(IamPolicyArgs),
    /// Manage the local cloud that --local uses
    #[command(after_help = examples::LOCAL)]
    Local {
        /// Action
        #[command(subcommand)]
        action: LocalAction,
    },
}

impl Cli {
    /// Answers a shell that asks what to offer on the command line, and ends the process then.
    pub fn complete() {
        CompleteEnv::with_factory(|| commands::completed(Cli::command())).var(commands::COMPLETE).complete();
    }

    /// Reads the command line. Help, version and errors are printed.
    ///
    /// # Errors
    /// The exit status, if there is no command to run.
    pub fn read() -> Result<Self, Exit> {
        let columns = terminal_size_of(std::io::stderr()).map(|(Width(columns), _)| columns.into());
        render::fit_to(columns);
        let parsed = Cli::command().try_get_matches().and_then(|matches| {
            let mut cli = Cli::from_arg_matches(&matches)?;
            if matches.value_source("file") == Some(ValueSource::DefaultValue) {
                cli.globals.look_above();
            }
            Ok(cli)
        });
        parsed.map_err(|error| {
            if error.use_stderr() {
                // Without a command, the error is the help.
                let is_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
                let help = || error.render().ansi().to_string().trim_end().to_owned();
                err(&if is_help { help() } else { usage::error(&error) });
                return Exit::Usage;
            }
            out(error.render().ansi().to_string().trim_end());
            finish(Exit::Done)
        })
    }

    /// Runs the command, and reports its error.
    pub async fn run(self) -> Exit {
        if self.globals.json {
            set_format(Format::Json);
        }
        if self.globals.verbose > 0 {
            set_verbose();
        }
        if self.globals.hides_values() {
            err(&render::warning("--show-values has no effect here: values are shown in a terminal only"));
        }
        let ended = self.execute().await;
        // Its result is one document.
        let is_one = matches!(self.command, Command::Outputs(_) | Command::Graph(_) | Command::Request(_))
            && ended.is_ok();
        let (exit, error) = match &ended {
            Ok(exit) => (*exit, None),
            Err(error) => (exit_of(error), Some(error)),
        };
        if let Some(error) = error {
            err(render::failure(error).trim_end());
        }
        if !is_one {
            json(|| render::json::end(exit, error));
        }
        finish(exit)
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
            Command::Graph(args) => commands::graph(globals, *args),
            Command::Schema => commands::schema(),
            Command::Check => commands::check(globals).await,
            Command::Request(args) => commands::request(globals, args).await,
            Command::Invoke(args) => commands::invoke(globals, args).await,
            Command::Send(args) => commands::act(globals, commands::SEND, args).await,
            Command::Put(args) => commands::act(globals, commands::PUT, args).await,
            Command::Logs(args) => commands::logs(globals, args).await,
            Command::Promote(args) => commands::release(globals, args, Turn::Promote).await,
            Command::Rollback(args) => commands::release(globals, args, Turn::RollBack).await,
            Command::Secret { action } => commands::secret(globals, action).await,
            Command::Completions(args) => commands::completions(*args),
            Command::Man => commands::man(Cli::command()),
            Command::IamPolicy(args) => commands::iam_policy(globals, args).await,
            Command::Local { action } => commands::local(*action).await,
        }
    }
}
