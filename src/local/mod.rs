//! The local cloud: AWS on this machine, with no account. It is MiniStack, installed from PyPI by pinned hashes into a
//! folder of its own, and it keeps running, with its data, until it is stopped.

mod credentials;
mod gateway;
mod install;
mod lock;
mod port;
mod process;
mod python;
mod requests;
mod sdk;
#[cfg(all(test, unix))]
mod tests;

pub use crate::aws::sign::Unsigned;
pub use install::Pinned;
pub use requests::{RequestLog, Served};

use anyhow::{Context, Result, bail};
use aws_credential_types::Credentials;
use directories::ProjectDirs;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Takes the messages about what takes time.
pub type Say<'a> = &'a (dyn Fn(&str) + Sync);

/// The local cloud that lives in two folders.
#[derive(Debug, Clone)]
pub struct LocalCloud {
    cache: PathBuf,
    state: PathBuf,
    /// Where `uv` and Python are looked for, as in `PATH`.
    search: OsString,
    /// The port that the user asks for with `PROVISION_LOCAL_PORT`.
    port: Option<String>,
}

/// Where a running local cloud listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// The port.
    pub port: u16,
    /// The process.
    pub pid: u32,
}

impl LocalCloud {
    /// A local cloud whose programs are kept in `cache`, which may be shared, and whose port, log and data in `state`.
    pub fn new(cache: PathBuf, state: PathBuf) -> Self {
        let search = env::var_os("PATH").unwrap_or_default();
        Self { cache, state, search, port: env::var("PROVISION_LOCAL_PORT").ok() }
    }

    /// A reader of the requests that APIs serve from now on.
    pub fn requests(&self) -> RequestLog {
        RequestLog::new(&self.state)
    }

    /// The file that takes what the cloud, and the functions in it, print.
    pub fn log(&self) -> PathBuf {
        process::log(&self.state)
    }

    /// The file with its credentials, in the form that every AWS tool reads.
    pub fn credentials_file(&self) -> PathBuf {
        credentials::file(&self.state)
    }

    /// Its credentials, once it has been started.
    ///
    /// # Errors
    /// That they cannot be read.
    pub fn credentials(&self) -> Result<Credentials> {
        credentials::read(&self.state)
    }

    /// Installs it if needed, and starts it if it does not run. It outlives this process.
    ///
    /// # Errors
    /// No Python or network to install it, a port in use, or that it does not come up; the message says what to do.
    pub async fn start(&self, say: Say<'_>) -> Result<Endpoint> {
        if cfg!(not(unix)) {
            bail!("The local cloud does not run on Windows yet; run provision inside WSL.");
        }
        let _turn = self.turn(say).await?;
        if let Some(endpoint) = process::running(&self.state).await? {
            process::wait_until_up(&self.state, &endpoint).await?;
            return Ok(endpoint);
        }
        let python = install::environment(&self.cache, &self.search, say).await?;
        let port = port::choose(&self.state, self.port.as_deref())?;
        say(&format!("Starting the local cloud at {}", gateway::url(port)));
        process::launch(&python, &self.state, port).await
    }

    /// Gives Node.js functions the AWS SDK, as Lambda does. The cloud may be running.
    ///
    /// # Errors
    /// No npm or network to install it.
    pub async fn lay_node_sdk(&self, say: Say<'_>) -> Result<()> {
        let _turn = self.turn(say).await?;
        sdk::lay(&self.cache, &self.state, say).await
    }

    /// Stops it; its data is kept for the next start. Returns whether it was running.
    ///
    /// # Errors
    /// That it does not end in time.
    pub async fn stop(&self) -> Result<bool> {
        let _turn = self.turn(&|_| ()).await?;
        let running = process::running(&self.state).await?;
        if let Some(endpoint) = &running {
            process::stop(&self.state, endpoint).await?;
        }
        Ok(running.is_some())
    }

    /// Its endpoint, if it runs.
    ///
    /// # Errors
    /// That it runs but does not respond.
    pub async fn status(&self) -> Result<Option<Endpoint>> {
        let Some(endpoint) = process::running(&self.state).await? else { return Ok(None) };
        gateway::health(endpoint.port).await.with_context(|| {
            let (Endpoint { pid, url, .. }, log) = (&endpoint, self.log());
            let log = log.display();
            format!("The local cloud runs as process {pid} but does not respond at {url}; see its log {log}")
        })?;
        Ok(Some(endpoint))
    }

    /// Deletes everything in it. A running cloud stays up, empty, at its port; one that is stopped forgets its port and
    /// its credentials too.
    ///
    /// # Errors
    /// That it does not respond, or that its files cannot be removed.
    pub async fn reset(&self) -> Result<()> {
        let _turn = self.turn(&|_| ()).await?;
        match process::running(&self.state).await? {
            Some(endpoint) => gateway::reset(endpoint.port, &self.credentials()?).await,
            None => {
                remove_file(&port::file(&self.state))?;
                remove_file(&credentials::file(&self.state))?;
                process::data(&self.state).iter().try_for_each(|folder| remove(folder))
            }
        }
    }

    /// Waits until no other `provision` starts, stops or resets this cloud, and keeps others out until it is dropped.
    async fn turn(&self, say: Say<'_>) -> Result<fs::File> {
        create_private(&self.state)?;
        let wait = || say("Waiting for another provision, which is busy with the local cloud");
        lock::acquire(&self.state.join("lock"), wait).await
    }
}

/// The folders for programs and for state: the user's own, or `PROVISION_CACHE_DIR` and `PROVISION_STATE_DIR`.
///
/// # Errors
/// That there is no home folder.
pub fn default_folders() -> Result<(PathBuf, PathBuf)> {
    let given = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let (cache, state) = (given("PROVISION_CACHE_DIR"), given("PROVISION_STATE_DIR"));
    if let (Some(cache), Some(state)) = (&cache, &state) {
        return Ok((std::path::absolute(cache)?, std::path::absolute(state)?));
    }
    let user = ProjectDirs::from("", "", "provision").context(
        "There is no home folder to keep the local cloud in; set HOME, or PROVISION_CACHE_DIR and PROVISION_STATE_DIR.",
    )?;
    let own_state = user.state_dir().unwrap_or_else(|| user.data_local_dir());
    let cache = cache.unwrap_or_else(|| user.cache_dir().to_owned());
    let state = state.unwrap_or_else(|| own_state.join("local-cloud"));
    Ok((std::path::absolute(cache)?, std::path::absolute(state)?))
}

/// Creates a folder that no other user of the machine can look into: it holds whatever the user's functions store.
fn create_private(folder: &Path) -> Result<()> {
    let failed = || format!("Cannot create the folder {} for the local cloud", folder.display());
    fs::create_dir_all(folder).with_context(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).with_context(failed)?;
    }
    Ok(())
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("Cannot write the file {}", file.display()))
}

/// Removes a file; one that does not exist is fine.
fn remove_file(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("Cannot remove the file {}", file.display()))
        }
        _ => Ok(()),
    }
}

/// Removes a folder with everything in it; one that does not exist is fine.
fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("Cannot remove the folder {}", folder.display()))
        }
        _ => Ok(()),
    }
}
