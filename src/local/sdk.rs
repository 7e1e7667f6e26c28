//! The AWS SDK for JavaScript, which Lambda's Node.js runtimes bring along. Python functions find theirs in the Python of
//! the local cloud; Node.js looks for modules beside the code and in the folders above, so these lie above all code.

use super::Say;
use crate::package::{self, Locked};
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

const SDK: Locked<'_> = Locked {
    name: "the AWS SDK for JavaScript",
    package: include_str!("sdk/package.json"),
    lock: include_str!("sdk/package-lock.json"),
};

/// Installs it where that is not done yet, and lays it where the functions of the cloud in `state` find it.
pub(super) async fn lay(cache: &Path, state: &Path, say: Say<'_>) -> Result<()> {
    let modules = package::node_modules(&SDK, cache, say).await?;
    link(&modules, &state.join("node_modules"))
}

/// Makes a link lead somewhere, without a moment at which it is not there: functions may be running.
fn link(to: &Path, from: &Path) -> Result<()> {
    if fs::read_link(from).is_ok_and(|leads| leads == to) {
        return Ok(());
    }
    let failed = || format!("Cannot make the link {}", from.display());
    let new = from.with_extension("new");
    if new.symlink_metadata().is_ok() {
        fs::remove_file(&new).with_context(failed)?;
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(to, &new).with_context(failed)?;
    fs::rename(&new, from).with_context(failed)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_made_kept_and_led_elsewhere() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (a, b, from) = (folder.path().join("a"), folder.path().join("b"), folder.path().join("from"));
        std::os::unix::fs::symlink(&a, folder.path().join("from.new"))?;
        for to in [&a, &a, &b] {
            link(to, &from)?;
            assert_eq!(&fs::read_link(&from)?, to);
        }
        Ok(())
    }
}
