//! Access to the network: for the clients of AWS's services, for the checks of a stack, and for the health of the local
//! cloud. It is the SDK's own, so that all of them use the same proxies and certificates.

mod address;

pub(crate) use address::{check_endpoint, check_proxies};

use anyhow::{Context as _, Result, anyhow};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// The certificates of authorities that are trusted in addition to those of the system, in PEM.
#[derive(Debug, Clone, Default)]
pub struct Trust(Option<Arc<str>>);

impl Trust {
    /// Reads a file of certificates. Those that nothing can be verified with are left out, as the system's are.
    ///
    /// # Errors
    /// That it cannot be read, or holds no certificate, as the end of a sentence that names the file.
    pub(crate) fn read(file: &Path) -> std::result::Result<Self, String> {
        let bytes = std::fs::read(file).map_err(|error| match error.kind() {
            ErrorKind::NotFound => "which does not exist".to_owned(),
            ErrorKind::IsADirectory => "which is a folder; name a file of certificates in PEM".to_owned(),
            _ => format!("which cannot be read: {error}"),
        })?;
        let certificates = CertificateDer::pem_slice_iter(&bytes).filter_map(std::result::Result::ok);
        let usable = certificates.filter(|one| RootCertStore::empty().add(one.clone()).is_ok());
        let pem: String = usable.map(|one| pem(&one)).collect();
        if pem.is_empty() {
            Err("which holds no certificate in PEM".to_owned())
        } else {
            Ok(Trust(Some(pem.into())))
        }
    }

    fn store(&self) -> TrustStore {
        let system = TrustStore::default();
        match &self.0 {
            Some(pem) => system.with_pem_certificate(pem.as_bytes()),
            None => system,
        }
    }
}

fn pem(certificate: &CertificateDer<'_>) -> String {
    let text = BASE64_STANDARD.encode(certificate);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// What opens connections: with proxies as the environment names them and with the certificates that are trusted, or, where
/// nothing is trusted, to this machine directly and without certificates, which may both be set up, or missing, for the world
/// outside.
pub(crate) fn connector(
    trust: Option<&Trust>,
    settings: Option<HttpConnectorSettings>,
    sleep: Option<SharedAsyncSleep>,
) -> Connector {
    let mut connector = Connector::builder();
    connector.set_connector_settings(settings);
    connector.set_sleep_impl(sleep);
    let Some(trust) = trust else { return connector.build_http() };
    let mut connector =
        connector.proxy_config(ProxyConfig::from_env()).tls_provider(tls::Provider::Rustls(CryptoMode::Ring));
    // The context cannot fail, which its type does not say.
    if let Ok(context) = TlsContext::builder().with_trust_store(trust.store()).build() {
        connector.set_tls_context(context);
    }
    connector.build()
}

/// The URL of a path below another URL. What no URL may contain is encoded, wherever it was written, as is all that is not ASCII.
pub fn url_of(base: &str, path: &str) -> String {
    const ILLEGAL: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'<')
        .add(b'>')
        .add(b'\\')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');
    format!("{}{}", base.trim_end_matches('/'), utf8_percent_encode(path, ILLEGAL))
}

/// True for the URL of a server on this machine.
pub(crate) fn is_here(url: &str) -> bool {
    url.starts_with("http://127.0.0.1")
}

/// Sends requests, each once, and follows no redirect.
#[derive(Debug)]
pub struct Client {
    connector: Connector,
    patience: Duration,
}

/// A response.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers that are text.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Client {
    /// A client that waits for a connection, and then for the whole of a response, no longer than this.
    pub fn new(trust: &Trust, connect: Duration, patience: Duration) -> Self {
        Client::with(Some(trust), connect, patience)
    }

    /// The same for what has this URL, which may be on this machine.
    pub fn to(url: &str, trust: &Trust, connect: Duration, patience: Duration) -> Self {
        match is_here(url) {
            true => Client::local(connect, patience),
            false => Client::new(trust, connect, patience),
        }
    }

    /// The same for a server on this machine, which is reached directly and has no certificate.
    pub fn local(connect: Duration, patience: Duration) -> Self {
        Client::with(None, connect, patience)
    }

    fn with(trust: Option<&Trust>, connect: Duration, patience: Duration) -> Self {
        let settings = HttpConnectorSettings::builder().connect_timeout(connect).build();
        let sleep = SharedAsyncSleep::new(TokioSleep::new());
        Client { connector: connector(trust, Some(settings), Some(sleep)), patience }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// That the request is not valid, or that there was no response, with the cause.
    pub async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<Response> {
        let mut request = HttpRequest::new(body.map_or_else(SdkBody::empty, SdkBody::from));
        request.set_method(method).with_context(|| format!("`{method}` is not an HTTP method"))?;
        request.set_uri(url).with_context(|| format!("`{url}` is not a URL"))?;
        for (name, value) in headers {
            let refused = || format!("`{name}` cannot be a header with this value");
            request
                .headers_mut()
                .try_append((*name).to_owned(), (*value).to_owned())
                .with_context(refused)?;
        }
        timeout(self.patience, self.exchange(request)).await.map_err(|_| anyhow!("timed out"))?
    }

    async fn exchange(&self, request: HttpRequest) -> Result<Response> {
        let response = self.connector.call(request).await?;
        let status = response.status().as_u16();
        let headers =
            response.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let body = ByteStream::new(response.into_body()).collect().await?;
        Ok(Response { status, headers, body: body.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::ServerConfig;
    use rustls::pki_types::PrivateKeyDer;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tracing::level_filters::{LevelFilter, STATIC_MAX_LEVEL};

    #[test]
    fn no_library_can_trace_what_is_sent() {
        assert_eq!(STATIC_MAX_LEVEL, LevelFilter::OFF);
    }

    /// A server whose certificate an authority of its own has signed: its URL, and the authority's certificate.
    async fn server() -> (String, String) {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(authority, key).expect("an authority");
        let key = KeyPair::generate().expect("a key");
        let names = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
        let certificate = names.signed_by(&key, &authority).expect("a certificate");
        let secret = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], secret)
            .expect("a server");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("https://{}", listener.local_addr().expect("an address"));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that does not trust the certificate breaks off.
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _request = stream.read(&mut [0; 1024]).await;
                    let _sent = stream.write_all(b"HTTP/1.1 204 \r\n\r\n").await;
                }
            }
        });
        (url, authority.pem())
    }

    #[tokio::test]
    async fn an_authority_of_a_company_is_trusted_where_its_file_is_named() {
        let (url, authority) = server().await;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ca.pem");
        // Bundles have remarks, and now and then a certificate that nothing can be verified with.
        let unusable = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        std::fs::write(&file, format!("# Our own\n{unusable}{authority}")).expect("a file");
        let trust = Trust::read(&file).expect("a bundle");
        let second = Duration::from_secs(10);
        let response = Client::new(&trust, second, second).send("GET", &url, &[], None).await;
        assert_eq!(response.expect("a response").status, 204);
        let refused = Client::new(&Trust::default(), second, second).send("GET", &url, &[], None).await;
        assert!(format!("{:#}", refused.expect_err("an unknown authority")).contains("certificate"));
    }

    #[test]
    fn a_path_is_encoded_only_where_a_url_needs_it() {
        let of = |path| url_of("https://a8.example/", path);
        assert_eq!(of("/hi/ada?a=b&c=%20"), "https://a8.example/hi/ada?a=b&c=%20");
        assert_eq!(of("/two words/ä/{id}"), "https://a8.example/two%20words/%C3%A4/%7Bid%7D");
    }

    #[test]
    fn a_file_without_certificates_is_told_by_what_is_wrong_with_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let wrong = |name: &str| Trust::read(&folder.path().join(name)).expect_err("no bundle");
        assert_eq!(wrong("nothing.pem"), "which does not exist");
        assert_eq!(wrong(""), "which is a folder; name a file of certificates in PEM");
        for garbage in
            ["", "garbage", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "\u{0}\u{1}"]
        {
            std::fs::write(folder.path().join("garbage.pem"), garbage).expect("a file");
            assert_eq!(wrong("garbage.pem"), "which holds no certificate in PEM");
        }
    }
}
