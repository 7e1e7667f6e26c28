//! Requests to an API that is up.

use serde_json::Value as Json;
use std::time::Duration;

/// An answer: the status, and the body as JSON, or as a text where it is none.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Json,
}

impl Answer {
    /// The body, if the status is 200.
    #[track_caller]
    pub(crate) fn ok(self) -> Json {
        assert_eq!(self.status, 200, "{:#}", self.body);
        self.body
    }

    /// Asserts the status and the body.
    #[track_caller]
    pub(crate) fn is(self, status: u16, body: Json) {
        assert_eq!(self, Answer { status, body });
    }
}

/// Sends `GET /items` or the like, with a body where one is given.
pub(crate) async fn send(api: &str, request: &str, body: Option<&str>) -> Answer {
    // Refused where the program's own code, or another test, was quicker.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (method, path) = request.split_once(' ').unwrap();
    // Refused only where another test was quicker, with the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(Duration::from_secs(60));
    let request = client.build().unwrap().request(method.parse().unwrap(), format!("{api}{path}"));
    let request =
        request.header("content-type", "application/json").body(body.unwrap_or_default().to_owned());
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Json::String(text));
    Answer { status, body }
}

/// Sends a request without a body.
pub(crate) async fn get(api: &str, path: &str) -> Answer {
    send(api, &format!("GET {path}"), None).await
}
