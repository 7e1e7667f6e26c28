//! `triggers` of tables: the changes in the stream of a table.

use super::From;
use super::position::{LATEST, OLDEST};
use super::reader::{Of, Source};
use super::record::{CHANGE, Record, has_image, images};
use super::section::source;
use crate::config::section::section;
use crate::config::section::shape::word;
use crate::config::{Entries, Entry};
use crate::kinds::table::{self, Stream, Table};
use serde_json::Value as Json;

section! {
    /// A table whose changes start the function. The table needs a `stream`. The function is allowed to read it.
    pub(crate) struct Changes {
        /// The key of the table, or the ARN of one outside of the stack.
        table: String = source::<Table>().required("NAME"),
        /// Where a new trigger begins: with the `oldest` change in the stream, which is at most a day old, or with the `latest`
        /// changes. A trigger takes some minutes to start, and `latest` misses what changes meanwhile.
        from: From = word(&POSITIONS, |value| value.one_of(&POSITIONS)).default(From::Oldest).immutable(),
    }
}

static POSITIONS: [(&str, From); 2] = [(OLDEST, From::Oldest), (LATEST, From::Latest)];

/// Changes in a table.
pub(crate) type OfTable = Of<Changes>;

impl Source for Changes {
    type Kind = Table;
    const WORD: &'static str = "table";
    const ARN: &'static str = table::STREAM_ARN;
    const READ: &'static [&'static str] = table::section::STREAM_ACTIONS;
    const WRITES: &'static [&'static str] = &["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"];
    const RECORD: &'static Record = &CHANGE;

    fn key(&self) -> &str {
        &self.table
    }

    fn from(&self) -> From {
        self.from
    }

    fn lacks_stream(&self, entries: &Entries) -> Option<(String, &'static str)> {
        let tables: &[Entry<table::section::Config>] = entries.of();
        let table = tables.iter().find(|table| table.name == self.table)?;
        table.stream.is_none().then(|| {
            let message = format!("`{}` has no stream, so its changes start nothing", table.name);
            (message, "add `stream: new-and-old-images` to the table")
        })
    }

    fn cannot_filter(&self, pattern: &Json, entries: &Entries) -> Option<(String, &'static str)> {
        let tables: &[Entry<table::section::Config>] = entries.of();
        let table = tables.iter().find(|table| table.name == self.table)?;
        let has = match table.stream? {
            Stream::NewAndOldImages => (true, true),
            Stream::NewImage => (true, false),
            Stream::OldImage => (false, true),
            Stream::KeysOnly => (false, false),
        };
        let image = images(pattern).into_iter().find(|image| !has_image(image, has))?;
        let message = format!(
            "the changes of `{}` have no `{image}`, and such a filter lets nothing through",
            table.name
        );
        Some((message, "write `stream: new-and-old-images` in the table, or filter by `Keys`"))
    }
}
