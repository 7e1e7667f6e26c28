//! Requests as bytes on a connection, which no HTTP client would send.

use aws_credential_types::Credentials;
use provision::local::Unsigned;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    /// The path and the query.
    pub(crate) target: String,
    pub(crate) host: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// A response: its status, its headers in lower case, and its body.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Response {
    /// Whether the request succeeded.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Request {
    /// With one more header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// To a host of this name.
    pub(crate) fn at_host(mut self, host: impl Into<String>) -> Self {
        self.host = host.into();
        self
    }

    /// Signed for a service, as the SDKs sign, at a moment.
    pub(crate) fn signed_at(self, service: &str, credentials: &Credentials, time: SystemTime) -> Self {
        let url = format!("http://{}{}", self.host, self.target);
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let body = self.body.as_bytes();
        let unsigned = Unsigned { method: self.method, url: &url, headers: &headers, body };
        let signed = unsigned.signed_for(service, crate::cloud::REGION, credentials, time).unwrap();
        let mut request = self.clone();
        for (name, value) in signed {
            let known = ["authorization", "x-amz-date", "x-amz-security-token"];
            let name = known.into_iter().find(|known| *known == name).unwrap();
            request.headers.push((name, value));
        }
        request
    }

    /// Signed now.
    pub(crate) fn signed(self, service: &str, credentials: &Credentials) -> Self {
        self.signed_at(service, credentials, SystemTime::now())
    }

    /// Sends it to a port of this machine.
    pub(crate) fn send(&self, port: u16) -> Response {
        let mut text = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, self.target, self.host);
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!("Content-Length: {}\r\nConnection: close\r\n\r\n{}", self.body.len(), self.body);
        exchange(port, &text)
    }
}

/// Sends bytes and reads until the other side closes.
pub(crate) fn exchange(port: u16, text: &str) -> Response {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no response: {text}"));
    Response { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}
