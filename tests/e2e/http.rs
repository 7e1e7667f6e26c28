//! Requests to an API that is up.

use provision::http::Client;
use serde_json::Value as Json;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(60);

/// A response: the status, and the body as JSON, or as a text if it is not JSON.
#[derive(Debug, PartialEq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Json,
}

impl Response {
    /// The body, if the status is 200.
    #[track_caller]
    pub(crate) fn ok(self) -> Json {
        assert_eq!(self.status, 200, "{:#}", self.body);
        self.body
    }

    /// Asserts the status and the body.
    #[track_caller]
    pub(crate) fn is(self, status: u16, body: Json) {
        assert_eq!(self, Response { status, body });
    }
}

/// Sends `GET /items` or the like, with a body if one is given.
pub(crate) async fn send(api: &str, request: &str, body: Option<&str>) -> Response {
    let (method, path) = request.split_once(' ').unwrap();
    let client = Client::local(TIMEOUT, TIMEOUT);
    let (url, body) = (format!("{api}{path}"), body.unwrap_or_default().into());
    let answer =
        client.send(method, &url, &[("content-type", "application/json")], Some(body)).await.unwrap();
    let text = String::from_utf8(answer.body).unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Json::String(text));
    Response { status: answer.status, body }
}

/// Sends a request without a body.
pub(crate) async fn get(api: &str, path: &str) -> Response {
    send(api, &format!("GET {path}"), None).await
}
