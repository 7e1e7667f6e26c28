//! Sends requests to an emulator, for the SDK as well as by themselves, and keeps how each was answered.

use super::encode;
use crate::wire::decode;
use aws_credential_types::Credentials;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use provision::local::Unsigned;
use serde_json::Value as Json;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// The result of a call: the operation, its subject, and `ok` or the code of the error.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Answered {
    pub(super) call: String,
    pub(super) subject: String,
    pub(super) verdict: String,
}

/// The way to an emulator; clones are the same one.
#[derive(Debug, Clone)]
pub(super) struct Sender(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connector: Connector,
    url: String,
    reset: &'static str,
    /// Those of a cloud that checks signatures.
    credentials: Option<Credentials>,
    answered: Mutex<Vec<Answered>>,
}

impl Sender {
    /// To a cloud at a URL, which forgets everything when a path of it is posted to.
    pub(super) fn to(url: &str, reset: &'static str, credentials: Option<Credentials>) -> Self {
        let connector = Connector::builder().build_http();
        Sender(Arc::new(Inner {
            connector,
            url: url.to_owned(),
            reset,
            credentials,
            answered: Mutex::default(),
        }))
    }

    pub(super) fn url(&self) -> &str {
        &self.0.url
    }

    /// Empties the cloud.
    pub(super) async fn forget_everything(&self) {
        let url = format!("{}{}", self.0.url, self.0.reset);
        let mut request = HttpRequest::get(url).expect("a URL");
        request.set_method("POST").expect("a method");
        self.sign(&mut request);
        let answer = self.0.connector.call(request).await.expect("an answer");
        assert!(answer.status().is_success(), "the emulator cannot be emptied");
    }

    /// Sends a request of its own, which must succeed.
    pub(super) async fn ask(&self, region: &str, call: &str, params: &Json) {
        let response = self.send(encode::request(self.url(), region, call, params)).await.expect("an answer");
        assert_eq!(verdict(&response), "ok", "{call}: {}", text(&response));
    }

    /// What was answered since this was asked last.
    pub(super) fn answered(&self) -> Vec<Answered> {
        std::mem::take(&mut self.0.answered.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Signs a request with the cloud's secret, for the account, region and service that it names.
    fn sign(&self, request: &mut HttpRequest) {
        let Some(credentials) = &self.0.credentials else { return };
        let named = request.headers_mut().remove("authorization").unwrap_or_default();
        request.headers_mut().remove("x-amz-date");
        let scope = named.split_once("Credential=").map(|(_, rest)| rest.split('/').collect::<Vec<_>>());
        let (account, region, service) = match scope.as_deref() {
            Some([account, _, region, service, ..]) => (*account, *region, *service),
            _ => (credentials.access_key_id(), "local", "local"),
        };
        let credentials = Credentials::new(account, credentials.secret_access_key(), None, None, "test");
        let (method, url) = (request.method().to_owned(), request.uri().to_owned());
        let body = request.body().bytes().unwrap_or_default().to_vec();
        let headers: Vec<_> = request.headers().iter().collect();
        let unsigned = Unsigned { method: &method, url: &url, headers: &headers, body: &body };
        let signed = unsigned.signed_for(service, region, &credentials, SystemTime::now());
        for (name, value) in signed.expect("a request that can be signed") {
            request.headers_mut().insert(name, value);
        }
    }

    async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let body = request.body().bytes().map(<[u8]>::to_vec).unwrap_or_default();
        let call = decode(&request, request.uri(), &body);
        self.sign(&mut request);
        let mut response = self.0.connector.call(request).await?;
        let body = ByteStream::new(response.take_body()).collect().await;
        let body = body.map_err(|error| ConnectorError::other(error.into(), None))?;
        *response.body_mut() = SdkBody::from(body.into_bytes());
        let (call, subject) = match call {
            Ok(call) => (call.name(), call.subject()),
            Err(why) => (why, String::new()),
        };
        let answered = Answered { call, subject, verdict: verdict(&response) };
        self.0.answered.lock().unwrap_or_else(PoisonError::into_inner).push(answered);
        Ok(response)
    }
}

/// `ok`, or the code of the error, in whichever way a service writes it.
pub(crate) fn verdict(response: &HttpResponse) -> String {
    if response.status().is_success() {
        return "ok".to_owned();
    }
    let text = text(response);
    let json: Json = serde_json::from_str(&text).unwrap_or_default();
    let header = response.headers().get("x-amzn-errortype").map(str::to_owned);
    let named =
        ["__type", "code", "Code"].iter().find_map(|name| Some(json.get(*name)?.as_str()?.to_owned()));
    let code = header.or(named).or_else(|| element(&text, "Code"));
    let code = code.unwrap_or_else(|| format!("status {}", response.status().as_u16()));
    // With a namespace before it, or a URL behind it.
    let code = code.rsplit('#').next().unwrap_or_default();
    code.split(':').next().unwrap_or_default().to_owned()
}

/// The body of a response.
pub(super) fn text(response: &HttpResponse) -> String {
    String::from_utf8_lossy(response.body().bytes().unwrap_or_default()).into_owned()
}

/// The text of the first element of a name.
pub(super) fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0.trim().to_owned())
}

impl HttpConnector for Sender {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let sender = self.clone();
        HttpConnectorFuture::new(async move { sender.send(request).await })
    }
}

impl HttpClient for Sender {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
