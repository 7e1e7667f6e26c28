//! What every command that calls AWS begins with: the stack file, the target, the connection.

use super::busy::{Busy, start, waits};
use super::{candidates, err, json, out, stack_file};
use crate::aws::credentials::Source;
use crate::aws::{Calls, Connection, Place, Service};
use crate::config::{self, Known, Stack};
use crate::desired::check_offline;
use crate::elsewhere::{self, Need};
use crate::error::Failure;
use crate::kinds::{sections, services};
use crate::local::{LocalCloud, default_folders};
use crate::reconcile::Session;
use crate::render::{self, Detail};
use crate::text::shell_quoted;
use crate::timings::Recorder;
use anyhow::{Result, bail};
use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser};
use clap_complete::ArgValueCandidates;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// The region of the local cloud where neither the stack nor the user names one.
pub(super) const LOCAL_REGION: &str = "us-east-1";

/// The flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Globals {
    /// Stack file, or its folder
    #[arg(short, long, global = true, value_name = "FILE", default_value = stack_file::DEFAULT)]
    #[arg(value_parser = PathBufValueParser::new().map(stack_file::resolve))]
    pub file: PathBuf,
    /// Environment: resources of its own, each name prefixed with NAME-
    #[arg(long, global = true, value_name = "NAME", value_parser = config::environment_name)]
    #[arg(add = ArgValueCandidates::new(candidates::environments))]
    pub env: Option<String>,
    /// Region; overrides those of the stack file and the profile
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Profile of the AWS configuration
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Use the local cloud on this machine; needs no account and reads no AWS_* variables
    #[arg(long, global = true)]
    pub local: bool,
    /// Show every part, step and field, and each call to AWS with its duration; -vv adds AWS's request ids
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Print JSON for programs, one object per line
    #[arg(long, global = true)]
    pub json: bool,
    /// Show values of environment variables in plans; in a terminal only
    #[arg(long, global = true)]
    pub show_values: bool,
    /// Whether the stack file was found in a folder above.
    #[arg(skip)]
    pub(super) is_above: bool,
    /// Whether every change takes effect at once, also where the file leaves that to `promote`.
    #[arg(skip)]
    pub(super) releases_at_once: bool,
    /// Notes when what happens.
    #[arg(skip)]
    pub(super) recorder: Option<Recorder>,
}

impl Globals {
    /// How much of a plan is shown.
    pub(super) fn detail(&self) -> Detail {
        Detail {
            details: self.verbose > 0,
            values: self.show_values && !self.hides_values(),
            short: self.verbose == 0 && render::is_live() && std::env::var_os("CI").is_none(),
        }
    }

    /// True if values were requested but the output is a pipe or a file, where they would be kept.
    pub(crate) fn hides_values(&self) -> bool {
        self.show_values && !std::io::stdout().is_terminal()
    }

    /// Takes the stack file of a folder above, where the current one has none and the user has named none.
    pub(crate) fn look_above(&mut self) {
        let Ok(folder) = std::env::current_dir() else { return };
        if let Some(file) = stack_file::near(&folder) {
            (self.file, self.is_above) = (file, true);
        }
    }

    /// Says which stack file is used, where the user has not named it and does not see it.
    pub(super) fn print_file(&self) {
        if self.is_above {
            err(&render::aside(&format!("Using {}.", self.file.display())));
        }
    }

    /// Reads the stack file.
    ///
    /// # Errors
    /// All errors of the file, at once.
    pub(super) fn stack(&self) -> Result<Stack> {
        self.print_file();
        self.stack_with(None)
    }

    /// Reads the stack file, with what is known of AWS.
    ///
    /// # Errors
    /// All errors of the file, at once.
    pub(super) fn stack_with(&self, known: Option<&Known>) -> Result<Stack> {
        let process = |name: &str| std::env::var(name).ok();
        let environment = self.env.as_deref();
        let options = config::Options { sections: sections(), environment, process: &process, known };
        let mut stack = config::load(&self.file, &options)?;
        if self.releases_at_once {
            stack.release_at_once();
        }
        check_offline(&stack, self.region.as_deref())?;
        Ok(stack)
    }

    /// A command for the user to type next, with the flags that select the same stack and target.
    pub(super) fn command(&self, command: &str) -> String {
        let named = !self.is_above && self.file != Path::new(stack_file::DEFAULT);
        let file = self.file.display().to_string();
        // With logs, `-f` means to follow.
        let short = if command.starts_with("logs") { "--file" } else { "-f" };
        let file = if named { format!(" {short} {}", shell_quoted(&file)) } else { String::new() };
        let flag = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!(" --{name} {}", shell_quoted(value))).unwrap_or_default()
        };
        let (env, region) = (flag("env", &self.env), flag("region", &self.region));
        let place = if self.local { " --local".to_owned() } else { flag("profile", &self.profile) };
        format!("provision {command}{file}{env}{region}{place}")
    }

    /// Why there is no connection; if the reason is the credentials, it names their source.
    fn connection_failure(&self, error: crate::aws::Error) -> Failure {
        let expired = error.is_expired();
        if let Some(detail) = error.detail.as_ref().filter(|_| self.verbose > 0) {
            err(&render::aside(detail));
        }
        let failure = Failure::from(error);
        if self.local || !expired {
            return failure;
        }
        let source = Source::of(self.profile.as_deref(), &|name| std::env::var(name).ok());
        let message = format!("with credentials from {}: {}", source.place(), failure.message);
        let help = Some(format!("they are expired or invalid; {}", source.renewal()));
        Failure { message, help, ..failure }
    }

    /// The session of a stack. Values that depend on where it is are filled in, and those that live elsewhere.
    ///
    /// # Errors
    /// As [`Globals::connect`], or a value cannot be read.
    pub(super) async fn session(&self, stack: &mut Stack, need: Need) -> Result<Session> {
        let connection = self.connect(stack.region.as_deref(), stack.account.as_deref()).await?;
        if stack.is_for_now {
            *stack = self.completed(&connection, stack.clone(), need).await?;
        }
        self.install_node_sdk(stack).await?;
        Ok(Session { waits: waits(), ..Session::of_stack(connection, stack) })
    }

    /// The stack with every value of its file.
    ///
    /// # Errors
    /// A value cannot be read, or does not exist, or makes the file invalid.
    pub(super) async fn completed(&self, connection: &Connection, stack: Stack, need: Need) -> Result<Stack> {
        let _busy = stack.is_for_now.then(|| Busy::reading(connection));
        elsewhere::complete(connection, stack, need, |known| self.stack_with(Some(known))).await
    }

    /// Installs the AWS SDK for the Node.js functions of a stack on the local cloud, as Lambda does on AWS.
    ///
    /// # Errors
    /// There is no folder for it.
    pub(super) async fn install_node_sdk(&self, stack: &Stack) -> Result<()> {
        let uses_node = stack.code().iter().any(|code| code.runtime.starts_with("nodejs"));
        if !self.local || !uses_node {
            return Ok(());
        }
        let (cache, state) = default_folders()?;
        // Functions that bundle the SDK, or do without it, need no npm on this machine.
        let busy = Busy::new();
        let installed = LocalCloud::new(cache, state).lay_node_sdk(&|line| busy.tell(line)).await;
        drop(busy);
        if let Err(error) = installed {
            let what = "Node.js functions that import the AWS SDK will not find it on the local cloud";
            err(&render::warning(&format!("{what}: {error:#}")));
        }
        Ok(())
    }

    /// Starts the local cloud if `--local` is given, and connects.
    ///
    /// # Errors
    /// No credentials, no region, no local cloud, or another account than the stack file names.
    pub(super) async fn connect(&self, region: Option<&str>, account: Option<&str>) -> Result<Connection> {
        let given = self.region.as_deref().filter(|given| !given.is_empty());
        let region = given.or(region).map(str::to_owned);
        let place = if self.local {
            let (cache, state) = default_folders()?;
            let cloud = LocalCloud::new(cache, state);
            let endpoint = start(&cloud).await?;
            let region = region.unwrap_or_else(|| LOCAL_REGION.to_owned());
            Place::Local { url: endpoint.url, region, credentials: cloud.credentials()? }
        } else {
            Place::Aws { region, profile: self.profile.clone() }
        };
        let ids = self.verbose > 1;
        let (is_verbose, recorder) = (self.verbose > 0, self.recorder.clone());
        let calls = Calls::reporting(move |call| {
            if is_verbose {
                err(&render::call(call, ids));
            }
            recorder.iter().for_each(|recorder| recorder.call(call));
        });
        let all = services().into_iter().chain(elsewhere::services());
        let services: BTreeMap<&str, &Service> = all.map(|service| (service.id, service)).collect();
        let services: Vec<_> = services.into_values().collect();
        let busy = Busy::lasting("Connecting to AWS");
        let connection = Connection::open(&place, &services, calls).await;
        drop(busy);
        let connection = connection.map_err(|error| self.connection_failure(error))?;
        match account {
            // The local cloud is no account.
            Some(account) if account != connection.account && !self.local => {
                let (name, own) = (self.file.display(), &connection.account);
                bail!(Failure::new(
                    format!("{name} allows account {account} only, but these credentials belong to {own}"),
                    format!("use the credentials of that account, or change `account:` in {name}"),
                ))
            }
            _ => Ok(connection),
        }
    }
}

/// The session of a stack; prints its target.
pub(super) async fn open(globals: &Globals, stack: &mut Stack) -> Result<Session> {
    let session = globals.session(stack, Need::All).await?;
    print_target(&session);
    Ok(session)
}

/// Prints where the command acts, before anything else.
pub(super) fn print_target(session: &Session) {
    out(&target_line(session));
    json_target(session);
}

/// The same on standard error, for commands whose result is the output of a function.
pub(super) fn print_target_to_stderr(session: &Session) {
    err(&target_line(session));
    json_target(session);
}

fn json_target(session: &Session) {
    let connection = &session.connection;
    json(|| render::json::session(&session.scope, connection.endpoint.as_deref(), connection.is_local()));
}

/// The stack, account and region that a command acts on.
pub(super) fn target_line(session: &Session) -> String {
    let stack = format!("stack {}", render::emphasis(&session.scope.identity.to_string()));
    let parts: Vec<String> = std::iter::once(stack).chain(target(&session.connection)).collect();
    parts.join(" · ")
}

/// The target of a connection: account, region, and endpoints other than AWS's own.
pub(super) fn target(connection: &Connection) -> Vec<String> {
    let endpoint = connection.endpoint.as_deref();
    if connection.is_local() {
        // It is no account, and always on this machine.
        let port = endpoint.and_then(|url| url.rsplit(':').next()).unwrap_or_default();
        return vec![connection.region.clone(), format!("local cloud :{port}")];
    }
    let mut parts = vec![format!("account {}", connection.account), connection.region.clone()];
    parts.extend(endpoint.map(|endpoint| format!("endpoint {endpoint}")));
    let services = connection.service_endpoints().iter();
    parts.extend(services.map(|(service, url)| format!("{} at {url}", service.to_lowercase())));
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
