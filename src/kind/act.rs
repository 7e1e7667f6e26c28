//! Acts: what checks and commands do with the entries of a kind besides requests to an API, such as sending to a queue or reading
//! an item of a table. The kind states each of its acts as data; [`Features::acts`](super::Features::acts) lists them.

use crate::aws::{Clients, Result};
use futures_util::future::BoxFuture;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

/// Something that can be done with an entry.
pub struct Act {
    /// Its key in a check, for example `send`.
    pub verb: &'static str,
    /// The key within it that names the entry, for example `queue`; empty where the verb itself names it.
    pub word: &'static str,
    /// What is said when a command has done it, for example `sent`.
    pub done: &'static str,
    /// The fields besides.
    pub fields: &'static [ActField],
    /// Whether it takes a body.
    pub has_body: bool,
    /// Whether it only reads, so that it may be repeated.
    pub reads: bool,
    /// The actions that IAM asks for it, on the entry.
    pub actions: &'static [&'static str],
    /// What follows the entry's ARN in the resources of these actions, for example `/*`.
    pub within: &'static [&'static str],
    /// Does it.
    pub call: Call,
    /// Takes away what was found, where that is meant to be taken once.
    pub take: Option<Take>,
}

/// A function that does an act.
pub(super) type Call = for<'a> fn(&'a Clients, &'a Acted) -> BoxFuture<'a, Result<Reply>>;

/// A function that takes away what was found.
pub(super) type Take = for<'a> fn(&'a Clients, &'a Acted, &'a Found) -> BoxFuture<'a, Result<()>>;

/// A field of an act.
#[derive(Debug)]
pub struct ActField {
    /// Its key.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Whether it must be there where the entry is FIFO.
    pub fifo: bool,
    /// Whether it is a mapping; else it is a text or a number.
    pub is_map: bool,
}

/// An act with all that it needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Acted {
    /// The name of the entry in AWS; of a function with a release that of the alias.
    pub name: String,
    /// The attributes of the entry.
    pub attributes: Arc<Json>,
    /// The values of the fields.
    pub fields: BTreeMap<&'static str, Json>,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// How long to wait for something to read, at most.
    pub wait: Duration,
}

/// How it went.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// What was found; what was sent finds nothing.
    Found(Vec<Found>),
    /// The code that was called failed, with its error.
    Failed(String),
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Its content.
    pub body: Vec<u8>,
    /// What names it when it is taken away.
    pub token: String,
}

impl Reply {
    /// The first of what was found.
    pub fn first(&self) -> Option<&Found> {
        match self {
            Reply::Found(found) => found.first(),
            Reply::Failed(_) => None,
        }
    }
}

impl Act {
    /// An act that does nothing yet, for the fields that most do not need.
    pub const fn new(verb: &'static str, word: &'static str, call: Call) -> Self {
        Act {
            verb,
            word,
            done: "done",
            fields: &[],
            has_body: false,
            reads: false,
            actions: &[],
            within: &[""],
            call,
            take: None,
        }
    }

    /// What it is called with an entry: `send queue work`.
    pub fn called(&self, key: &str) -> String {
        [self.verb, self.word, key].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

impl Act {
    /// The field that an entry which keeps an order needs, where it is not given.
    pub(crate) fn lacks_group<V>(&self, given: &BTreeMap<&'static str, V>) -> Option<&'static str> {
        let missing = self.fields.iter().find(|field| field.fifo && !given.contains_key(field.name));
        missing.map(|field| field.name)
    }
}

impl Debug for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.verb, self.word)
    }
}

impl PartialEq for Act {
    fn eq(&self, other: &Self) -> bool {
        (self.verb, self.word) == (other.verb, other.word)
    }
}

impl ActField {
    /// A text that need not be there.
    pub const fn text(name: &'static str, about: &'static str) -> Self {
        ActField { name, about, required: false, fifo: false, is_map: false }
    }

    /// The same, but it must be there.
    pub const fn required(self) -> Self {
        ActField { required: true, ..self }
    }

    /// The same, but it must be there where the entry is FIFO.
    pub const fn fifo(self) -> Self {
        ActField { fifo: true, ..self }
    }

    /// The same as a mapping.
    pub const fn map(self) -> Self {
        ActField { is_map: true, ..self }
    }
}

impl Acted {
    /// The text of a field.
    pub fn text(&self, field: &str) -> Option<String> {
        let value = self.fields.get(field)?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }

    /// An attribute of the entry.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes[name].as_str().unwrap_or_default()
    }

    /// The body as text.
    ///
    /// # Errors
    /// It is none.
    pub fn text_of_body(&self) -> Result<String> {
        let body = String::from_utf8(self.body.clone().unwrap_or_default());
        body.map_err(|_| crate::aws::Error::state("the body is not text"))
    }
}

/// What does acts: the clients of AWS, or a stand-in of tests.
pub trait Perform: Sync {
    /// [`Act::call`].
    fn call<'a>(&'a self, act: &'static Act, acted: &'a Acted) -> BoxFuture<'a, Result<Reply>>;
    /// [`Act::take`].
    fn take<'a>(&'a self, act: &'static Act, acted: &'a Acted, found: &'a Found)
    -> BoxFuture<'a, Result<()>>;
}

impl Perform for Clients {
    fn call<'a>(&'a self, act: &'static Act, acted: &'a Acted) -> BoxFuture<'a, Result<Reply>> {
        (act.call)(self, acted)
    }

    fn take<'a>(
        &'a self,
        act: &'static Act,
        acted: &'a Acted,
        found: &'a Found,
    ) -> BoxFuture<'a, Result<()>> {
        match act.take {
            Some(take) => take(self, acted, found),
            None => Box::pin(async { Ok(()) }),
        }
    }
}
