//! A valid `stack.yaml` in typed form. Plain data: everything here has passed validation, and the values of environments,
//! variables and the process are filled in; only values of AWS are left as placeholders.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::kind::Act;
use crate::model::{Address, AwsName, Renamed};
use crate::yaml::At;

use super::declared::{Code, Entries, Sections};
use super::existing::Existing;
use super::regional::Regional;

/// A whole stack, for one environment.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The file it was read from, as the user named it.
    pub file: PathBuf,
    /// The same, and after it the parts that it includes. [`At::file`] is an index of it.
    pub files: Vec<PathBuf>,
    /// The folder that holds the file; all code lies below it.
    pub folder: PathBuf,
    /// `stack`: the name.
    pub name: String,
    /// The environment picked with `--env`.
    pub environment: Option<Environment>,
    /// The environment's `region`, or the stack's.
    pub region: Option<String>,
    /// The environment's `account`, or the stack's: the only account to deploy to. Twelve digits.
    pub account: Option<String>,
    /// `tags`: added to every resource that can have tags.
    pub tags: BTreeMap<String, String>,
    /// `permissions_boundary`: the ARN of a managed policy, for the roles.
    pub permissions_boundary: Option<String>,
    /// The entries of the kinds' sections, in the order of the file.
    pub entries: Entries,
    /// What the kinds declare in the file.
    pub sections: Sections,
    /// Whether a value was not known when the file was read: where the stack is, or what lives elsewhere. Until the file is read
    /// again, values of their form stand for them.
    pub is_for_now: bool,
    /// Whether the address of a value that lives elsewhere depends on where the stack is, and that was not known.
    pub is_address_for_now: bool,
    /// The values that live elsewhere, each once.
    pub elsewhere: Vec<Elsewhere>,
    /// Those of them that have no value, and whose fallback is used.
    pub fallbacks: Vec<Elsewhere>,
    /// What must be of the stack's region, in the order of the file.
    pub regional: Vec<Regional>,
    /// Whether a value that has not been read may change what the resources are called or which there are.
    pub is_form_unread: bool,
    /// The entries that stand for resources of others.
    pub existing: Vec<Existing>,
    /// `outputs`.
    pub outputs: BTreeMap<String, Template>,
    /// `checks`, in the order of the file.
    pub checks: Vec<Check>,
}

/// A value that lives elsewhere, and that the file refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// Where it lives.
    pub address: Address,
    /// The place of the first placeholder that names it.
    pub at: At,
}

/// The environment picked with `--env NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// What the name of every resource begins with; `NAME-` by default.
    pub prefix: String,
    /// `protect`: `up` and `down` ask for the stack's name even with `--yes`.
    pub protect: bool,
}

/// One statement of an IAM policy, as the user wrote it under `policy`.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Its place in the file.
    pub at: At,
    /// Its members under IAM's own names (`Effect`, `Action`, `Resource`, …), checked for grammar.
    pub members: BTreeMap<String, Json>,
}

/// One entry of `checks`: what is done, and what is expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Its place in the file.
    pub at: At,
    /// `name`; by default the request line, or the act and its entry.
    pub name: String,
    /// What is done.
    pub exchange: Exchange,
    /// `expect`.
    pub expect: Expect,
    /// `capture`: name to JSON pointer into the response.
    pub capture: BTreeMap<String, String>,
    /// `retry_for` in seconds; 0 for none.
    pub retry_for: u64,
}

/// What a check does.
#[derive(Debug, Clone, PartialEq)]
pub enum Exchange {
    /// Sends a request.
    Request(Request),
    /// Does something with an entry of the stack.
    Act(ActOn),
}

/// A request of a check.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path, with a query where there is one; or a whole URL.
    pub path: Template,
    /// Whether it is a whole URL.
    pub is_absolute: bool,
    /// `headers`.
    pub headers: BTreeMap<String, Template>,
    /// What is sent.
    pub body: Body,
    /// `as: iam`: whether it is signed with the credentials of the command.
    pub is_signed: bool,
}

/// An act on an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct ActOn {
    /// The act.
    pub act: &'static Act,
    /// The entry's kind.
    pub kind: &'static str,
    /// Its key.
    pub key: String,
    /// A part of it: an alias of a function.
    pub part: Option<String>,
    /// The values of the act's fields.
    pub fields: BTreeMap<&'static str, Json>,
    /// Their places in the file.
    pub places: BTreeMap<&'static str, At>,
    /// What is sent.
    pub body: Body,
}

/// What a check sends.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// `body`: JSON.
    Json(Json),
    /// `text`.
    Text(Template),
    /// `file`: a file in the stack's folder.
    File(PathBuf),
}

/// What a check expects.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expect {
    /// `status`; 200 by default.
    pub status: Option<u16>,
    /// `headers`.
    pub headers: BTreeMap<String, Template>,
    /// `text`: a part of the body.
    pub text: Option<Template>,
    /// `body`: a subset of the body's JSON.
    pub body: Option<Json>,
    /// `error`: a part of the error of the code that was called.
    pub error: Option<Template>,
    /// `exists: false`: nothing is found.
    pub is_absent: bool,
}

impl Expect {
    /// The status that a response must have.
    pub fn status(&self) -> u16 {
        self.status.unwrap_or(200)
    }
}

impl Check {
    /// Its request, if it sends one.
    pub fn request(&self) -> Option<&Request> {
        match &self.exchange {
            Exchange::Request(request) => Some(request),
            Exchange::Act(_) => None,
        }
    }

    /// Whether it only reads, so that it may be repeated.
    pub fn reads(&self) -> bool {
        match &self.exchange {
            Exchange::Request(request) => request.method == "GET",
            Exchange::Act(on) => on.act.reads,
        }
    }
}

/// A text with placeholders for values of AWS or of an earlier check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    /// The place of the text in the file.
    pub at: At,
    /// Its parts in order; a text without placeholders is one `Text`, the empty text none.
    pub parts: Vec<Part>,
}

/// A part of a [`Template`]. Names are the keys of `stack.yaml`, without an environment's prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Literal text.
    Text(String),
    /// `${region}`.
    Region,
    /// `${account}`.
    Account,
    /// `${partition}`.
    Partition,
    /// An attribute of an entry: `${tables.NAME.arn}`, `${api.url}`.
    Attribute {
        /// The entry's kind.
        kind: &'static str,
        /// The entry's key; empty in a section that is one entry.
        key: String,
        /// The attribute.
        attribute: &'static str,
    },
    /// `${capture.NAME}`; only in checks.
    Capture(String),
}

/// A JSON value whose strings are templates.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "JSON's own names")]
pub enum Json {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(Template),
    List(Vec<Json>),
    Map(BTreeMap<String, Json>),
}

impl Json {
    /// Every text in it.
    pub(crate) fn templates(&self) -> Vec<&Template> {
        match self {
            Json::Text(template) => vec![template],
            Json::List(items) => items.iter().flat_map(Json::templates).collect(),
            Json::Map(members) => members.values().flat_map(Json::templates).collect(),
            Json::Null | Json::Bool(_) | Json::Number(_) => Vec::new(),
        }
    }
}

impl Stack {
    /// Lets every change take effect at once, also where the file leaves that to `promote`.
    pub fn release_at_once(&mut self) {
        let Stack { sections, entries, .. } = self;
        sections.iter().for_each(|section| section.release_at_once(entries));
    }

    /// The code of all entries, in the order of the file.
    pub fn code(&self) -> Vec<Code<'_>> {
        self.sections.iter().flat_map(|section| section.code(&self.entries)).collect()
    }

    /// The log group of the entry with this key, where it is not its own.
    pub fn log_group(&self, kind: &str, key: &str) -> Option<&str> {
        self.sections.of_kind(kind)?.log_group(&self.entries, key)
    }

    /// The names in AWS of the entries whose key it is not, by kind and key.
    pub(crate) fn renamed(&self) -> Renamed {
        let mut renamed = Renamed::new();
        for section in self.sections.iter() {
            let own = section.aws_names(&self.entries).into_iter().filter(|(key, name)| key != name);
            let own =
                own.map(|(key, name)| (section.kind(), key.to_owned(), AwsName::Own(name.into_owned())));
            let existing = self.existing.iter().filter(|one| one.kind == section.kind());
            let existing =
                existing.map(|one| (one.kind, one.key.clone(), AwsName::Existing(one.name.clone())));
            for (kind, key, name) in own.chain(existing) {
                renamed.entry(kind).or_default().insert(key, name);
            }
        }
        renamed
    }
}
