//! `triggers` of Kinesis data streams.

use super::From;
use super::position::{LATEST, OLDEST};
use super::reader::{Of, Source};
use super::record::{RECORD, Record};
use super::section::source;
use crate::config::decode::Value;
use crate::config::section::{Shape, section};
use crate::kinds::stream::{self, Stream};
use crate::suggest;
use serde_json::json;

section! {
    /// A stream whose records start the function. The function is allowed to read it.
    pub(crate) struct Records {
        /// The key of the stream, or the ARN of one outside of the stack.
        stream: String = source::<Stream>().required("NAME"),
        /// Where a new trigger begins: with the `oldest` record in the stream, with the `latest` records, or with those since a
        /// time, such as `2026-11-27T12:00:00Z`. A trigger takes some minutes to start, and `latest` misses what comes meanwhile.
        from: From = Shape::new(json!({ "type": "string", "examples": [OLDEST, LATEST, TIME] }), position).default(From::Oldest).immutable(),
    }
}

const TIME: &str = "2026-11-27T12:00:00Z";

fn position(value: Value) -> Option<From> {
    let text = value.node.text().unwrap_or_default();
    From::parse(text).or_else(|| {
        let what = format!("`{OLDEST}`, `{LATEST}` or a time such as `{TIME}`");
        value.wrong_type(&what, suggest::did_you_mean(text, [OLDEST, LATEST]))
    })
}

/// Records of a stream.
pub(crate) type OfStream = Of<Records>;

impl Source for Records {
    type Kind = Stream;
    const WORD: &'static str = "stream";
    const ARN: &'static str = "arn";
    const READ: &'static [&'static str] = stream::section::READ_ACTIONS;
    const WRITES: &'static [&'static str] = stream::section::PUT;
    const RECORD: &'static Record = &RECORD;

    fn key(&self) -> &str {
        &self.stream
    }

    fn from(&self) -> From {
        self.from
    }
}
