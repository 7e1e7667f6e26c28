//! What the local cloud answers about itself over HTTP.

use crate::http::Client;
use anyhow::{Context, Result, bail};
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(2);
const HEALTH: Duration = Duration::from_secs(5);
const RESET: Duration = Duration::from_secs(60);

/// Where a local cloud at a port answers. The address is spelled out, because `localhost` may mean IPv6 alone.
pub(super) fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Succeeds when the local cloud is ready to work.
pub(super) async fn health(port: u16) -> Result<()> {
    let url = format!("{}/_ministack/health", url(port));
    ask("GET", &url, HEALTH).await
}

/// Deletes everything in the local cloud.
pub(super) async fn reset(port: u16) -> Result<()> {
    let url = format!("{}/_ministack/reset", url(port));
    ask("POST", &url, RESET).await.context("The local cloud was not reset")
}

/// Sends a request that must be answered with 200.
async fn ask(method: &str, url: &str, patience: Duration) -> Result<()> {
    let answer = Client::local(CONNECT, patience).send(method, url, &[], None).await;
    match answer.with_context(|| format!("No answer from {url}"))?.status {
        200 => Ok(()),
        status => bail!("{url} answered {status}"),
    }
}
