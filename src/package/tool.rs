//! Runs `uv`, `pip` and `npm` where they can neither see the user's credentials nor ask questions.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::Mutex;

use super::error::Error;
use crate::text::without_credentials;

/// The whole of the environment that build tools see: where programs and caches are, the proxy, certificates, and
/// from where packages come. Credentials of AWS or of a pipeline are not in it; those for a private index belong in
/// the tool's own configuration below `HOME`.
const PASSED: &[&str] = &[
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CACHE_DIR",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "PIP_CONFIG_FILE",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_INDEX_URL",
    "PIP_NO_INDEX",
    "PIP_PROXY",
    "PIP_RETRIES",
    "PIP_TIMEOUT",
    "PIP_TRUSTED_HOST",
    "UV_CACHE_DIR",
    "UV_CONFIG_FILE",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_HTTP_TIMEOUT",
    "UV_INDEX",
    "UV_INDEX_STRATEGY",
    "UV_INDEX_URL",
    "UV_INSECURE_HOST",
    "UV_NATIVE_TLS",
    "UV_NO_INDEX",
    "UV_OFFLINE",
    "UV_SYSTEM_CERTS",
    "npm_config_ca",
    "npm_config_cache",
    "npm_config_cafile",
    "npm_config_https_proxy",
    "npm_config_noproxy",
    "npm_config_proxy",
    "npm_config_registry",
    "npm_config_strict_ssl",
    "npm_config_userconfig",
    // Programs on Windows do not start without these.
    "APPDATA",
    "COMSPEC",
    "LOCALAPPDATA",
    "PATHEXT",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "USERPROFILE",
];

/// A second guard, in case a name like these gets into the list.
const SECRET: &[&str] = &["TOKEN", "SECRET", "PASSWORD", "KEY"];

/// As much of a tool's output as fits on a screen with the rest of an error.
const LAST_LINES: usize = 15;

/// How to start build tools.
pub(super) struct Tools {
    environment: Vec<(OsString, OsString)>,
    /// What tools said about their versions, by what they were asked: each once. `None` for one that failed.
    versions: Mutex<BTreeMap<String, Option<String>>>,
}

/// One run of a build tool.
pub(super) struct Call<'a> {
    /// The program, looked for in the `PATH` of the scrubbed environment.
    pub(super) program: &'a str,
    pub(super) arguments: Vec<OsString>,
    /// Settings on top of the scrubbed environment.
    pub(super) settings: &'a [(&'a str, &'a str)],
    /// Where it runs: never the code folder, whose modules Python would take for its own.
    pub(super) folder: &'a Path,
    /// What it is for, such as "installing packages".
    pub(super) task: &'a str,
}

impl Call<'_> {
    /// The program and what it is asked.
    fn question(&self) -> String {
        format!("{} {:?}", self.program, self.arguments)
    }
}

impl Tools {
    /// Tools that see no more of an environment than they may.
    pub(super) fn new(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let environment = environment.into_iter().filter(|(name, _)| may_pass(name)).collect();
        Self { environment, versions: Mutex::default() }
    }

    /// The names of the variables that build tools see.
    pub(super) fn names(&self) -> BTreeSet<String> {
        self.environment.iter().map(|(name, _)| name.to_string_lossy().into_owned()).collect()
    }

    /// The value of a variable that build tools see.
    pub(super) fn value(&self, name: &str) -> Option<&OsStr> {
        let found = self.environment.iter().find(|(set, _)| set.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_os_str())
    }

    /// The variables with one of `parts` in their names, as text. Credentials, which may be others each time, are no
    /// part of it.
    pub(super) fn named(&self, parts: &[&str]) -> String {
        let mut lines: Vec<String> = Vec::new();
        for (name, value) in &self.environment {
            let name = name.to_string_lossy().to_ascii_uppercase();
            if parts.iter().any(|part| name.contains(part)) {
                lines.push(format!("{name}={}\n", without_credentials(&value.to_string_lossy())));
            }
        }
        lines.sort();
        lines.concat()
    }

    /// What a tool says about its version; `None` if there is no such program, which is looked for each time.
    pub(super) async fn version(
        &self,
        call: &Call<'_>,
        help: impl Fn(&str) -> String,
    ) -> Result<Option<String>, Error> {
        let mut versions = self.versions.lock().await;
        if let Some(known) = versions.get(&call.question()).cloned().flatten() {
            return Ok(Some(known));
        }
        let version = self.run(call, help).await?.map(|output| output.trim().to_owned());
        if version.is_some() {
            versions.insert(call.question(), version.clone());
        }
        Ok(version)
    }

    /// The same for a program that others can stand in for: one that fails is not asked again.
    pub(super) async fn version_if_any(&self, call: &Call<'_>) -> Option<String> {
        if self.versions.lock().await.get(&call.question()).is_some_and(Option::is_none) {
            return None;
        }
        let version = self.version(call, |_| String::new()).await;
        if version.is_err() {
            self.versions.lock().await.insert(call.question(), None);
        }
        version.ok().flatten()
    }

    /// Runs a tool to its end, and returns what it wrote to its output; `None` if there is no such program.
    /// `help` turns the output of a tool that failed into advice.
    pub(super) async fn run(
        &self,
        call: &Call<'_>,
        help: impl Fn(&str) -> String,
    ) -> Result<Option<String>, Error> {
        let failed = |status: String, complaints: &str| Error::ToolFailed {
            tool: call.program.to_owned(),
            task: call.task.to_owned(),
            help: help(complaints),
            status,
            output: last_lines(complaints),
        };
        match self.command(call).output().await {
            Ok(output) if output.status.success() => {
                Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()))
            }
            Ok(output) => Err(failed(output.status.to_string(), &complaints(&output))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("no start".to_owned(), &error.to_string())),
        }
    }

    /// Runs a tool that is not needed, with a file as its input, and returns what it wrote to its output. `None` if there is no
    /// such program, or if it fails or takes longer than `limit`.
    pub(super) async fn run_on(&self, call: &Call<'_>, input: File, limit: Duration) -> Option<Vec<u8>> {
        let output = self.command(call).stdin(input).output();
        let output = tokio::time::timeout(limit, output).await.ok()?.ok()?;
        output.status.success().then_some(output.stdout)
    }

    fn command(&self, call: &Call<'_>) -> Command {
        let mut command = Command::new(call.program);
        command
            .args(&call.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(call.settings.iter().copied())
            .current_dir(call.folder)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

/// Names are compared without regard to case: proxies are written either way, and Windows does not care.
fn may_pass(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let upper = name.to_ascii_uppercase();
    PASSED.iter().any(|passed| passed.eq_ignore_ascii_case(name))
        && !SECRET.iter().any(|word| upper.contains(word))
}

/// What a tool complained about. Some write their errors to the wrong stream.
fn complaints(output: &Output) -> String {
    let stream = if output.stderr.trim_ascii().is_empty() { &output.stdout } else { &output.stderr };
    String::from_utf8_lossy(stream).into_owned()
}

/// The last lines that say something, without credentials. npm writes how it is used after the reason, as often as its
/// arguments were not what failed.
fn last_lines(complaints: &str) -> String {
    let mut lines: Vec<_> =
        complaints.lines().map(str::trim_end).filter(|line| !text_of(line).is_empty()).collect();
    if let Some(usage) = lines.iter().position(|line| text_of(line) == "Usage:") {
        // The line before says what the command is for.
        lines.truncate(usage.saturating_sub(1));
    }
    let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
    let last: Vec<_> = last.iter().map(|line| format!("  {line}")).collect();
    without_credentials(&last.join("\n")).into_owned()
}

/// What a line says after npm's mark.
fn text_of(line: &str) -> &str {
    let marks = ["npm error", "npm ERR!"];
    marks.iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_do_not_pass() {
        let passed: Vec<_> = [
            ("PATH", true),
            ("https_proxy", true),
            ("NPM_CONFIG_REGISTRY", true),
            ("PIP_INDEX_URL", true),
            ("AWS_ACCESS_KEY_ID", false),
            ("AWS_PROFILE", false),
            ("GITHUB_TOKEN", false),
            ("CI_JOB_TOKEN", false),
            ("UV_PUBLISH_PASSWORD", false),
            ("npm_config__authToken", false),
            ("PIP_NO_BINARY", false),
            ("PYTHONPATH", false),
            ("NODE_OPTIONS", false),
            ("LD_PRELOAD", false),
        ]
        .into_iter()
        .filter(|(name, expected)| may_pass(OsStr::new(name)) != *expected)
        .collect();
        assert_eq!(passed, []);
    }

    #[test]
    fn no_listed_name_looks_like_a_secret() {
        assert!(PASSED.iter().all(|name| may_pass(OsStr::new(name))));
    }

    #[test]
    fn the_reason_is_shown_and_not_the_usage() {
        for mark in ["npm error", "npm ERR!"] {
            let output = format!(
                "{mark} code EUSAGE\n{mark}\n{mark} `npm ci` needs a lock file in sync.\n{mark}\n{mark} Invalid: ms@2\n\
                 {mark}\n{mark} Clean install a project\n{mark}\n{mark} Usage:\n{mark} npm ci\n{mark} Options:\n"
            );
            let expected = format!(
                "  {mark} code EUSAGE\n  {mark} `npm ci` needs a lock file in sync.\n  {mark} Invalid: ms@2"
            );
            assert_eq!(last_lines(&output), expected);
        }
        assert_eq!(last_lines("Usage:\n"), "");
    }
}
