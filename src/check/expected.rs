//! What a check expects, with all of its placeholders filled in, and whether it came.

use super::CheckFailure;
use super::matching::{align, excerpt};
use super::request::{Captures, Fill};
use crate::config::Check;
use crate::http::Response;
use crate::kind::{Found, Reply};
use serde_json::Value;
use std::collections::BTreeMap;

/// The expected response.
pub(super) struct Expected {
    status: u16,
    headers: BTreeMap<String, String>,
    text: Option<String>,
    body: Option<Value>,
    error: Option<String>,
    is_absent: bool,
    capture: BTreeMap<String, String>,
    /// Whether what is done looks for something.
    looks: bool,
}

/// How much of a text is shown.
const SHOWN: usize = 200;

impl Expected {
    /// Fills in everything, or says what is not known.
    pub(super) fn new(check: &Check, fill: Fill<'_>) -> Result<Self, String> {
        let expect = &check.expect;
        let headers = expect.headers.iter().map(|(name, value)| Ok((name.clone(), fill.text(value)?)));
        Ok(Expected {
            status: expect.status(),
            headers: headers.collect::<Result<_, String>>()?,
            text: expect.text.as_ref().map(|text| fill.text(text)).transpose()?,
            body: expect.body.as_ref().map(|body| fill.json(body)).transpose()?,
            error: expect.error.as_ref().map(|error| fill.text(error)).transpose()?,
            is_absent: expect.is_absent,
            capture: check.capture.clone(),
            looks: check.reads(),
        })
    }

    /// What is captured from a response that is as expected.
    pub(super) fn in_response(&self, response: &Response) -> Result<Captures, CheckFailure> {
        if response.status != self.status {
            return Err(CheckFailure::Status { expected: self.status, got: response.status });
        }
        for (name, expected) in &self.headers {
            let found = response.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
            let got = found.map(|(_, value)| value.clone());
            if got.as_ref() != Some(expected) {
                return Err(CheckFailure::Header { name: name.clone(), expected: expected.clone(), got });
            }
        }
        self.in_body(&response.body)
    }

    /// What is captured from what was found, and which of it is as expected.
    pub(super) fn in_reply<'r>(
        &self,
        reply: &'r Reply,
    ) -> Result<(Captures, Option<&'r Found>), CheckFailure> {
        let found = match (reply, &self.error) {
            (Reply::Failed(got), Some(expected)) if got.contains(expected) => {
                return Ok((Captures::new(), None));
            }
            (Reply::Failed(got), expected) => {
                return Err(CheckFailure::Failed { expected: expected.clone(), got: excerpt(got, SHOWN) });
            }
            (Reply::Found(_), Some(expected)) => return Err(CheckFailure::NotFailed(expected.clone())),
            (Reply::Found(found), None) => found,
        };
        if self.is_absent {
            return if found.is_empty() { Ok((Captures::new(), None)) } else { Err(CheckFailure::Exists) };
        }
        let mut first = None;
        for one in found {
            match self.in_body(&one.body) {
                Ok(captured) => return Ok((captured, Some(one))),
                Err(failure) => drop(first.get_or_insert(failure)),
            }
        }
        match first {
            Some(failure) => Err(failure),
            None if self.looks => Err(CheckFailure::Missing),
            None => Ok((Captures::new(), None)),
        }
    }

    fn in_body(&self, body: &[u8]) -> Result<Captures, CheckFailure> {
        if let Some(expected) = &self.text
            && !String::from_utf8_lossy(body).contains(expected)
        {
            return Err(CheckFailure::Text(excerpt(expected, SHOWN)));
        }
        if self.body.is_none() && self.capture.is_empty() {
            return Ok(Captures::new());
        }
        let mut body: Value =
            serde_json::from_slice(body).map_err(|error| CheckFailure::NotJson(error.to_string()))?;
        if let Some(expected) = &self.body {
            body = align(expected, &body).map_err(CheckFailure::Body)?;
        }
        let captured = self.capture.iter().map(|(name, pointer)| match body.pointer(pointer) {
            Some(value) => Ok((name.clone(), value.clone())),
            None => Err(CheckFailure::Capture { name: name.clone(), pointer: pointer.clone() }),
        });
        captured.collect()
    }
}
