//! The credentials of the local cloud, which it makes at random and keeps in its state folder.

use anyhow::{Context, Result};
use aws_credential_types::Credentials;
use std::fs;
use std::path::{Path, PathBuf};

/// The file, in the form that every AWS tool reads (`AWS_SHARED_CREDENTIALS_FILE`).
pub(super) fn file(state: &Path) -> PathBuf {
    state.join("credentials")
}

/// The credentials of a local cloud that has been started.
pub(super) fn read(state: &Path) -> Result<Credentials> {
    let file = file(state);
    let text = fs::read_to_string(&file).with_context(|| unusable(&file))?;
    let value = |name: &str| {
        let fields = text.lines().filter_map(|line| line.split_once('='));
        let found = fields.filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim()).next();
        found.with_context(|| unusable(&file))
    };
    let (id, secret) = (value("aws_access_key_id")?, value("aws_secret_access_key")?);
    Ok(Credentials::new(id, secret, None, None, "the local cloud"))
}

fn unusable(file: &Path) -> String {
    let file = file.display();
    format!(
        "The local cloud's credentials cannot be read from {file}; run `provision local stop`, then the command again"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_profile_is_read_and_the_secret_is_never_printed() {
        let state = tempfile::tempdir().expect("a folder");
        let text = "# A comment\n[default]\naws_access_key_id = AKIA1\naws_secret_access_key=s=e-c\n";
        fs::write(file(state.path()), text).expect("written");
        let credentials = read(state.path()).expect("credentials");
        assert_eq!((credentials.access_key_id(), credentials.secret_access_key()), ("AKIA1", "s=e-c"));
        assert!(!format!("{credentials:?}").contains("s=e-c"));
    }

    #[test]
    fn a_missing_or_empty_file_is_reported_with_the_way_out() {
        let state = tempfile::tempdir().expect("a folder");
        let message = format!("{:#}", read(state.path()).expect_err("no file"));
        assert!(message.contains("/credentials; run `provision local stop`"), "{message}");
        fs::write(file(state.path()), "").expect("written");
        read(state.path()).expect_err("an empty file");
    }
}
