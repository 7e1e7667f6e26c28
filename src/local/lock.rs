//! Locks between processes. The system takes them back when their holder ends, however it ends.

use anyhow::{Context, Result};
use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;
use tokio::time::sleep;

const POLL: Duration = Duration::from_millis(50);

/// Takes the lock on a file, which is created where it is missing, and holds it until the returned file is dropped.
/// `waiting` is called once if another process has it.
pub(super) async fn acquire(path: &Path, waiting: impl Fn()) -> Result<File> {
    let failed = || format!("Cannot lock the file {}", path.display());
    let file = File::options().create(true).truncate(false).write(true).open(path).with_context(failed)?;
    let mut told = false;
    // A blocking call would keep the whole program from ending at Ctrl-C, so this asks again and again.
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(error).with_context(failed),
            Err(TryLockError::WouldBlock) if told => {}
            Err(TryLockError::WouldBlock) => {
                waiting();
                told = true;
            }
        }
        sleep(POLL).await;
    }
}

/// True while some process holds the lock on a file.
pub(super) fn is_held(path: &Path) -> Result<bool> {
    let Ok(file) = File::open(path) else { return Ok(false) };
    // A shared lock, so that two processes that ask at the same time do not see each other.
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("Cannot tell whether the file {} is locked", path.display()))
        }
    }
}
