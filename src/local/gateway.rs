//! What the local cloud answers about itself over HTTP.

use crate::http;
use anyhow::{Context, Result, bail};
use reqwest::{Client, Response, StatusCode};
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
    expect_ok(client(HEALTH)?.get(&url).send().await, &url)
}

/// Deletes everything in the local cloud.
pub(super) async fn reset(port: u16) -> Result<()> {
    let url = format!("{}/_ministack/reset", url(port));
    expect_ok(client(RESET)?.post(&url).send().await, &url).context("The local cloud was not reset")
}

/// A client that needs neither a proxy, which knows nothing of this machine, nor any certificates.
fn client(timeout: Duration) -> Result<Client> {
    let client = http::client().no_proxy().tls_certs_only([]).connect_timeout(CONNECT).timeout(timeout);
    client.build().context("Cannot set up HTTP")
}

fn expect_ok(answer: reqwest::Result<Response>, url: &str) -> Result<()> {
    match answer.with_context(|| format!("No answer from {url}"))?.status() {
        StatusCode::OK => Ok(()),
        status => bail!("{url} answered {status}"),
    }
}
