//! The process of the local cloud. It is found by a lock and not by its number alone: the process inherits a locked file
//! that also records it, and the system drops the lock at the very moment when it ends. So a recorded number is
//! believed only while the lock is held, and a number that now belongs to some other program is never signalled.

use super::{Endpoint, create_private, gateway, lock, remove, write};
use anyhow::{Context, Result, bail};
use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

const LAUNCH: &str = include_str!("launch.py");
/// The local extension, a Python package.
const EXTENSION: [(&str, &str); 35] = [
    ("__init__.py", include_str!("extension/__init__.py")),
    ("admission.py", include_str!("extension/admission.py")),
    ("ai.py", include_str!("extension/ai.py")),
    ("aliases.py", include_str!("extension/aliases.py")),
    ("asynchronous.py", include_str!("extension/asynchronous.py")),
    ("batches.py", include_str!("extension/batches.py")),
    ("buses.py", include_str!("extension/buses.py")),
    ("comprehend.py", include_str!("extension/comprehend.py")),
    ("credentials.py", include_str!("extension/credentials.py")),
    ("deliveries.py", include_str!("extension/deliveries.py")),
    ("destinations.py", include_str!("extension/destinations.py")),
    ("door.py", include_str!("extension/door.py")),
    ("hosts.py", include_str!("extension/hosts.py")),
    ("images.py", include_str!("extension/images.py")),
    ("language.py", include_str!("extension/language.py")),
    ("links.py", include_str!("extension/links.py")),
    ("loading.py", include_str!("extension/loading.py")),
    ("log_filters.py", include_str!("extension/log_filters.py")),
    ("mappings.py", include_str!("extension/mappings.py")),
    ("notifications.py", include_str!("extension/notifications.py")),
    ("publishing.py", include_str!("extension/publishing.py")),
    ("qualifiers.py", include_str!("extension/qualifiers.py")),
    ("rekognition.py", include_str!("extension/rekognition.py")),
    ("request_log.py", include_str!("extension/request_log.py")),
    ("roles.py", include_str!("extension/roles.py")),
    ("routing.py", include_str!("extension/routing.py")),
    ("runtime_api.py", include_str!("extension/runtime_api.py")),
    ("schedules.py", include_str!("extension/schedules.py")),
    ("seams.py", include_str!("extension/seams.py")),
    ("signature.py", include_str!("extension/signature.py")),
    ("state_machines.py", include_str!("extension/state_machines.py")),
    ("streams.py", include_str!("extension/streams.py")),
    ("tags.py", include_str!("extension/tags.py")),
    ("textract.py", include_str!("extension/textract.py")),
    ("words.py", include_str!("extension/words.py")),
];
const POLL: Duration = Duration::from_millis(50);
/// Between the lock and the record lies the start of a Python interpreter.
const RECORD: Duration = Duration::from_secs(15);
const UP: Duration = Duration::from_secs(60);
const DOWN: Duration = Duration::from_secs(60);
/// Killed processes end at once, unless their parent never collects them.
const KILLED: Duration = Duration::from_secs(1);
const LOG_LINES: usize = 15;

/// The file that takes what the cloud prints.
pub(super) fn log(state: &Path) -> PathBuf {
    state.join("cloud.log")
}

/// The file that names each request that an API served.
pub(super) fn requests(state: &Path) -> PathBuf {
    state.join("requests.log")
}

/// The folders with everything that is in the cloud.
pub(super) fn data(state: &Path) -> [PathBuf; 3] {
    ["data", "objects", "tmp"].map(|name| state.join(name))
}

/// The cloud that runs from this state folder.
pub(super) async fn running(state: &Path) -> Result<Option<Endpoint>> {
    let record = record(state);
    let deadline = Instant::now() + RECORD;
    while lock::is_held(&record)? {
        if let Some(endpoint) = read(&record) {
            return Ok(Some(endpoint));
        }
        if Instant::now() > deadline {
            let record = record.display();
            bail!(
                "Some process holds {record} without saying which it is; end it (`fuser {record}` names it)."
            );
        }
        sleep(POLL).await;
    }
    Ok(None)
}

/// Starts the cloud and waits until it responds.
pub(super) async fn launch(python: &Path, state: &Path, port: u16) -> Result<Endpoint> {
    let [data, objects, tmp] = data(state);
    // A cloud that was killed leaves the code of its functions there.
    remove(&tmp)?;
    for folder in [&data, &objects, &tmp] {
        create_private(folder)?;
    }
    let record = lock::acquire(&record(state), || ()).await?;
    record.set_len(0).context("Cannot write the record of the local cloud")?;
    let log = File::create(log(state)).context("Cannot write the log of the local cloud")?;
    let launch = state.join("launch.py");
    write(&launch, LAUNCH)?;
    write_extension(state)?;
    Command::new(python)
        .arg("-I")
        .arg(launch)
        .env_clear()
        .envs(environment(&data, &objects, &tmp, port))
        .current_dir(state)
        .stdin(record)
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("Cannot run {}", python.display()))?;
    let Some(endpoint) = running(state).await? else { bail!(ended(state)) };
    wait_until_up(state, &endpoint).await?;
    Ok(endpoint)
}

/// Writes the local extension where `launch.py` finds it.
fn write_extension(state: &Path) -> Result<()> {
    let python = state.join("python");
    // Nothing of an earlier version must be found there.
    remove(&python)?;
    let folder = python.join("extension");
    create_private(&folder)?;
    EXTENSION.iter().try_for_each(|(name, text)| write(&folder.join(name), text))
}

/// Waits until a cloud that runs, or is starting, responds.
pub(super) async fn wait_until_up(state: &Path, endpoint: &Endpoint) -> Result<()> {
    let deadline = Instant::now() + UP;
    loop {
        let health = gateway::health(endpoint.port).await;
        if running(state).await?.is_none() {
            bail!(ended(state));
        }
        match health {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() > deadline => {
                let (pid, log) = (endpoint.pid, log(state));
                return Err(error).with_context(|| {
                    let (log, seconds) = (log.display(), UP.as_secs());
                    format!(
                        "The local cloud runs as process {pid} but has not responded for {seconds} s; see its log {log}, \
                         and try `provision local stop`, then start it again"
                    )
                });
            }
            Err(_) => sleep(POLL).await,
        }
    }
}

/// Asks the cloud to end, since only then it saves its data, and waits for that. The functions are asked as well: the
/// cloud would wait for one that works on a request.
pub(super) async fn stop(state: &Path, endpoint: &Endpoint) -> Result<()> {
    let pid = endpoint.pid;
    signal::ask_to_end(pid).with_context(|| format!("Cannot stop the local cloud, process {pid}"))?;
    let deadline = Instant::now() + DOWN;
    while lock::is_held(&record(state))? {
        if Instant::now() > deadline {
            let seconds = DOWN.as_secs();
            bail!(
                "The local cloud, process {pid}, was asked to stop and still runs after {seconds} s; `kill -9 {pid}` ends it \
                 without saving what changed since it was started."
            );
        }
        sleep(POLL).await;
    }
    end_the_rest(pid).await;
    let [_, _, tmp] = data(state);
    remove(&tmp)
}

/// Ends functions that did not do as they were asked: nothing waits for their responses.
async fn end_the_rest(session: u32) {
    let deadline = Instant::now() + KILLED;
    while signal::kill(session).is_ok() && Instant::now() < deadline {
        sleep(POLL).await;
    }
}

/// Signals to all processes of a session, named by the process that leads it. As long as one of them is left, the
/// system gives that number to no other process.
#[cfg(unix)]
mod signal {
    use rustix::io::{Errno, Result};
    use rustix::process::{Pid, Signal, kill_process_group};

    pub(super) fn ask_to_end(session: u32) -> Result<()> {
        kill_process_group(number(session)?, Signal::TERM)
    }

    pub(super) fn kill(session: u32) -> Result<()> {
        kill_process_group(number(session)?, Signal::KILL)
    }

    fn number(session: u32) -> Result<Pid> {
        i32::try_from(session).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)
    }
}

#[cfg(not(unix))]
mod signal {
    use std::io::{ErrorKind, Result};

    pub(super) fn ask_to_end(_session: u32) -> Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    pub(super) fn kill(_session: u32) -> Result<()> {
        Err(ErrorKind::Unsupported.into())
    }
}

/// The whole environment of the cloud. Functions inherit it, so nothing of the user's comes along but what programs
/// need to run; above all no credentials, and no `~/.aws`.
fn environment(data: &Path, objects: &Path, tmp: &Path, port: u16) -> Vec<(&'static str, OsString)> {
    let inherited = ["PATH", "HOME", "LANG"].into_iter().filter_map(|name| Some((name, env::var_os(name)?)));
    let own: [(&str, OsString); 11] = [
        ("TMPDIR", tmp.into()),
        ("AWS_CONFIG_FILE", "/dev/null".into()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".into()),
        // It listens on every interface unless told otherwise.
        ("BIND_HOST", "127.0.0.1".into()),
        ("GATEWAY_PORT", port.to_string().into()),
        ("IOT_MTLS_ENABLED", "0".into()),
        ("AUTH", "true".into()),
        ("PERSIST_STATE", "1".into()),
        ("STATE_DIR", data.into()),
        ("S3_PERSIST", "1".into()),
        ("S3_DATA_DIR", objects.into()),
    ];
    inherited.chain(own).collect()
}

/// The file that records the process, and that it keeps locked.
pub(super) fn record(state: &Path) -> PathBuf {
    state.join("process")
}

/// What `launch.py` wrote: the process and its port.
pub(super) fn read(record: &Path) -> Option<Endpoint> {
    let text = fs::read_to_string(record).ok()?;
    let (pid, port) = text.strip_suffix('\n')?.split_once(' ')?;
    let port = port.parse().ok()?;
    Some(Endpoint { url: gateway::url(port), port, pid: pid.parse().ok()? })
}

/// Why the cloud did not come up: the end of its log.
fn ended(state: &Path) -> String {
    let log = log(state);
    let text = fs::read(&log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
    format!("The local cloud ended while starting. The end of its log {}:\n{tail}", log.display())
}
