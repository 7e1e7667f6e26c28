//! The way to the network: for the clients of AWS's services, for the checks of a stack, and for the local cloud's word about
//! itself. It is the SDK's own, so that all of them find the same proxies and certificates.

use anyhow::{Context as _, Result, anyhow};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use std::time::Duration;
use tokio::time::timeout;

/// What opens connections: with proxies as the environment names them, but to this machine directly and without
/// certificates, which may both be set up, or missing, for the world outside.
pub(crate) fn connector(
    local: bool,
    settings: Option<HttpConnectorSettings>,
    sleep: Option<SharedAsyncSleep>,
) -> Connector {
    let mut connector = Connector::builder();
    connector.set_connector_settings(settings);
    connector.set_sleep_impl(sleep);
    if local {
        return connector.build_http();
    }
    let tls = tls::Provider::Rustls(CryptoMode::Ring);
    connector.proxy_config(ProxyConfig::from_env()).tls_provider(tls).build()
}

/// Sends requests, each once, and follows no redirect.
#[derive(Debug)]
pub struct Client {
    connector: Connector,
    patience: Duration,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Client {
    /// A client that waits for a connection, and then for the whole of an answer, no longer than this.
    pub fn new(local: bool, connect: Duration, patience: Duration) -> Self {
        let settings = HttpConnectorSettings::builder().connect_timeout(connect).build();
        let sleep = SharedAsyncSleep::new(TokioSleep::new());
        Client { connector: connector(local, Some(settings), Some(sleep)), patience }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// What cannot be sent, and that no answer came, with the cause.
    pub async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<Answer> {
        let mut request = HttpRequest::new(body.map_or_else(SdkBody::empty, SdkBody::from));
        request.set_method(method).with_context(|| format!("`{method}` is not an HTTP method"))?;
        request.set_uri(url).with_context(|| format!("`{url}` is not a URL"))?;
        for (name, value) in headers {
            let refused = || format!("`{name}` cannot be a header with this value");
            request
                .headers_mut()
                .try_insert((*name).to_owned(), (*value).to_owned())
                .with_context(refused)?;
        }
        timeout(self.patience, self.exchange(request)).await.map_err(|_| anyhow!("the time was up"))?
    }

    async fn exchange(&self, request: HttpRequest) -> Result<Answer> {
        let response = self.connector.call(request).await?;
        let status = response.status().as_u16();
        let body = ByteStream::new(response.into_body()).collect().await?;
        Ok(Answer { status, body: body.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use tracing::level_filters::{LevelFilter, STATIC_MAX_LEVEL};

    #[test]
    fn no_library_can_trace_what_is_sent() {
        assert_eq!(STATIC_MAX_LEVEL, LevelFilter::OFF);
    }
}
