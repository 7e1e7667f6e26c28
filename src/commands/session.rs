//! What every command that talks to AWS begins with: the stack file, the place, the connection.

use super::{emit, say, tell};
use crate::aws::credentials::Source;
use crate::aws::{Calls, Class, Connection, Place};
use crate::config::{self, Stack};
use crate::error::Failure;
use crate::local::{LocalCloud, default_folders};
use crate::reconcile::Session;
use crate::render::{self, Shown};
use anyhow::{Result, bail};
use clap::Args;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// The region of the local cloud where neither the stack nor the user names one.
pub(super) const LOCAL_REGION: &str = "us-east-1";

/// The flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Globals {
    /// The stack file
    #[arg(short, long, global = true, value_name = "FILE", default_value = "stack.yaml")]
    pub file: PathBuf,
    /// The environment: its own resources, each name prefixed with NAME-
    #[arg(long, global = true, value_name = "NAME", value_parser = config::environment_name)]
    pub env: Option<String>,
    /// The region, before the stack file's and the profile's
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// The profile of the AWS configuration
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Use the local cloud on this machine: no account needed, no AWS_* variable read
    #[arg(long, global = true)]
    pub local: bool,
    /// Show the fields of what is created, and each call to AWS with its time; -vv with AWS's ids of the requests too
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Print JSON, one object a line, for programs
    #[arg(long, global = true)]
    pub json: bool,
    /// Show the values of environment variables in plans; in a terminal only
    #[arg(long, global = true)]
    pub show_values: bool,
}

impl Globals {
    /// How much of a plan is shown.
    pub(super) fn shown(&self) -> Shown {
        Shown { details: self.verbose > 0, values: self.show_values && !self.hides_values() }
    }

    /// True if values were asked for where they would stay: into a pipe or a file they never go.
    pub(crate) fn hides_values(&self) -> bool {
        self.show_values && !std::io::stdout().is_terminal()
    }

    /// Reads the stack file.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub(super) fn stack(&self) -> Result<Stack> {
        let process = |name: &str| std::env::var(name).ok();
        let options = config::Options { environment: self.env.as_deref(), process: &process };
        config::load(&self.file, &options).map_err(anyhow::Error::new)
    }

    /// A further command on the same stack in the same place, to be typed by the user.
    pub(super) fn command(&self, command: &str) -> String {
        let named = self.file != Path::new("stack.yaml");
        let file = if named { format!(" -f {}", self.file.display()) } else { String::new() };
        let flag = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!(" --{name} {value}")).unwrap_or_default()
        };
        let (env, region) = (flag("env", &self.env), flag("region", &self.region));
        let place = if self.local { " --local".to_owned() } else { flag("profile", &self.profile) };
        format!("provision {command}{file}{env}{region}{place}")
    }

    /// Why there is no connection; where the credentials are at fault, their source is named.
    fn unconnected(&self, error: crate::aws::Error) -> Failure {
        let (expired, missing) = (error.is_expired(), error.class == Class::Credentials);
        let failure = Failure::from(error);
        if self.local || !(expired || missing) {
            return failure;
        }
        let source = Source::of(self.profile.as_deref(), &|name| std::env::var(name).ok());
        let message = format!("with credentials from {}: {}", source.place(), failure.message);
        let help = match expired {
            true => Some(format!("they have expired or are not valid; {}", source.renewal())),
            false => failure.help,
        };
        Failure { message, help, ..failure }
    }

    /// The session of a stack.
    ///
    /// # Errors
    /// As [`Globals::connect`].
    pub(super) async fn session(&self, stack: &Stack) -> Result<Session> {
        let connection = self.connect(stack.region.as_deref(), stack.account.as_deref()).await?;
        self.furnish(stack).await?;
        Ok(Session::of_stack(connection, stack))
    }

    /// Gives the local cloud what the functions of a stack expect there.
    ///
    /// # Errors
    /// That there is no folder for it.
    pub(super) async fn furnish(&self, stack: &Stack) -> Result<()> {
        match self.local && stack.functions.iter().any(|function| function.runtime.starts_with("nodejs")) {
            true => give_node_sdk().await,
            false => Ok(()),
        }
    }

    /// Starts the local cloud if it is to be used, and connects.
    ///
    /// # Errors
    /// No credentials, no region, no local cloud, or another account than the stack file names.
    pub(super) async fn connect(&self, region: Option<&str>, account: Option<&str>) -> Result<Connection> {
        let region = self.region.as_deref().or(region).map(str::to_owned);
        let place = match self.local {
            false => Place::Aws { region, profile: self.profile.clone() },
            true => {
                let (cache, state) = default_folders()?;
                let cloud = LocalCloud::new(cache, state);
                let endpoint = cloud.start(&|line| tell(&render::aside(line))).await?;
                let region = region.unwrap_or_else(|| LOCAL_REGION.to_owned());
                Place::Local { url: endpoint.url, region, credentials: cloud.credentials()? }
            }
        };
        let ids = self.verbose > 1;
        let calls = match self.verbose {
            0 => Calls::default(),
            _ => Calls::telling(move |call| tell(&render::call(call, ids))),
        };
        let connection = Connection::open(&place, calls).await.map_err(|error| self.unconnected(error))?;
        match account {
            // The local cloud is nobody's account.
            Some(account) if account != connection.account && !self.local => {
                let (name, own) = (self.file.display(), &connection.account);
                bail!(Failure::new(
                    format!("{name} allows account {account} only, and these credentials are of {own}"),
                    format!("use the credentials of that account, or change `account:` in {name}"),
                ))
            }
            _ => Ok(connection),
        }
    }
}

/// Gives the functions of the local cloud what Lambda's Node.js brings along. Those that bring it themselves, or do without,
/// need no npm on this machine.
async fn give_node_sdk() -> Result<()> {
    let (cache, state) = default_folders()?;
    let laid = LocalCloud::new(cache, state).lay_node_sdk(&|line| tell(&render::aside(line))).await;
    if let Err(error) = laid {
        let what = "functions in Node.js that import the AWS SDK will not find it on the local cloud";
        tell(&render::warning(&format!("{what}: {error:#}")));
    }
    Ok(())
}

/// The session of a stack, which says where it acts.
pub(super) async fn open(globals: &Globals, stack: &Stack) -> Result<Session> {
    let session = globals.session(stack).await?;
    greet(&session);
    Ok(session)
}

/// Says where the command acts, before anything else is said.
pub(super) fn greet(session: &Session) {
    say(&line(session));
    emit_place(session);
}

/// The same beside the result, where the result is what somebody else has printed.
pub(super) fn greet_aside(session: &Session) {
    tell(&line(session));
    emit_place(session);
}

fn emit_place(session: &Session) {
    let connection = &session.connection;
    emit(|| render::json::session(&session.scope, connection.endpoint.as_deref(), connection.is_local()));
}

/// Where a command acts.
fn line(session: &Session) -> String {
    let stack = format!("stack {}", render::emphasis(&session.scope.identity.to_string()));
    let parts: Vec<String> = std::iter::once(stack).chain(place(&session.connection)).collect();
    parts.join(" · ")
}

/// Where a connection leads: account, region, and endpoints other than AWS's own.
pub(super) fn place(connection: &Connection) -> Vec<String> {
    let mut parts = vec![format!("account {}", connection.account), connection.region.clone()];
    let cloud = if connection.is_local() { "local cloud" } else { "endpoint" };
    parts.extend(connection.endpoint.as_ref().map(|endpoint| format!("{cloud} {endpoint}")));
    if !connection.is_local() {
        parts.extend(service_endpoints());
    }
    parts
}

/// The calls made so far, for the last line of a command.
pub(super) fn calls(session: &Session) -> String {
    let calls = session.connection.calls();
    render::aside(&format!(
        "{}, {}",
        render::count(calls.reads(), "read"),
        render::count(calls.writes(), "write")
    ))
}

/// The endpoints of single services that the environment sets: a plan that did not show them would not tell where it acts.
fn service_endpoints() -> Vec<String> {
    let variables = std::env::vars().filter(|(_, url)| !url.is_empty());
    let services = variables.filter_map(|(name, url)| {
        let service = name.strip_prefix("AWS_ENDPOINT_URL_")?.to_lowercase().replace('_', " ");
        Some(format!("{service} at {url}"))
    });
    services.collect()
}
