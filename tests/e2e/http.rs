//! Requests to an API that is up.

use provision::http::Client;
use serde_json::Value as Json;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

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
    let (method, path) = request.split_once(' ').unwrap();
    let client = Client::local(PATIENCE, PATIENCE);
    let (url, body) = (format!("{api}{path}"), body.unwrap_or_default().into());
    let answer =
        client.send(method, &url, &[("content-type", "application/json")], Some(body)).await.unwrap();
    let text = String::from_utf8(answer.body).unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Json::String(text));
    Answer { status: answer.status, body }
}

/// Sends a request without a body.
pub(crate) async fn get(api: &str, path: &str) -> Answer {
    send(api, &format!("GET {path}"), None).await
}
