//! The local cloud's own endpoints over HTTP: whether it is up, and its reset.

use crate::aws::sign::Unsigned;
use crate::http::Client;
use anyhow::{Context, Result, bail};
use aws_credential_types::Credentials;
use std::time::{Duration, SystemTime};

const CONNECT: Duration = Duration::from_secs(2);
const HEALTH: Duration = Duration::from_secs(5);
const RESET: Duration = Duration::from_secs(60);

/// The URL of a local cloud at a port. The address is spelled out, because `localhost` may mean IPv6 alone.
pub(super) fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Succeeds when the local cloud is ready to work.
pub(super) async fn health(port: u16) -> Result<()> {
    let url = format!("{}/_ministack/health", url(port));
    ask("GET", &url, &[], HEALTH).await
}

/// Deletes everything in the local cloud.
pub(super) async fn reset(port: u16, credentials: &Credentials) -> Result<()> {
    let url = format!("{}/_ministack/reset", url(port));
    let request = Unsigned { method: "POST", url: &url, headers: &[], body: &[] };
    // Any service and region will do: the signature is what counts.
    let headers = request.signed_for("local", "local", credentials, SystemTime::now())?;
    ask("POST", &url, &headers, RESET).await.context("The local cloud was not reset")
}

/// Sends a request whose response must have the status 200.
async fn ask(method: &str, url: &str, headers: &[(String, String)], timeout: Duration) -> Result<()> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let response = Client::local(CONNECT, timeout).send(method, url, &headers, None).await;
    match response.with_context(|| format!("No response from {url}"))?.status {
        200 => Ok(()),
        status => bail!("{url} returned {status}"),
    }
}
