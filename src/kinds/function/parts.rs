//! Fields of functions that are mappings of their own.

use super::spec;
use crate::config::decode::{Value, help};
use crate::config::destination::{Destination, destination};
use crate::config::names;
use crate::config::section::shape::{
    duration, either, flag, list, mapping, number, pattern, text, whole_days, word,
};
use crate::config::section::{Shape, section};
use crate::suggest;
use crate::yaml::Kind;
use serde::Serialize;
use serde_json::json;

/// How long a path or a word of an image may be; Lambda's model names no limit for words.
const MAX_WORD: usize = 1_000;

section! {
    /// A container image in Amazon ECR.
    pub struct Image {
        /// Its URI, with a tag or a digest. A tag that moves is no change: write a digest, or a new tag for each build.
        uri: String = image_uri().required("ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG"),
        /// The parameters, instead of the image's `CMD`.
        command: Vec<String> = list(text(MAX_WORD)).or_empty(),
        /// The program, instead of the image's `ENTRYPOINT`.
        entry_point: Vec<String> = list(text(MAX_WORD)).or_empty(),
        /// The folder, instead of the image's `WORKDIR`.
        working_directory: Option<String> = text(MAX_WORD).optional(),
    }
}

section! {
    /// A network in which the function can reach other resources. It then reaches the internet only through that network.
    pub struct Vpc {
        /// The ids of the subnets, at most 16.
        subnets: Vec<String> = ids("subnet", 16).required("[subnet-1]"),
        /// The ids of the security groups, at most five.
        security_groups: Vec<String> = ids("sg", 5).required("[sg-1]"),
        /// Whether the function uses IPv6 in subnets that have both.
        ipv6: bool = flag().default(false),
    }
}

section! {
    /// A file system of Amazon EFS.
    pub struct FileSystem {
        /// The ARN of an access point.
        arn: String = access_point().required("arn:aws:elasticfilesystem:REGION:ACCOUNT:access-point/fsap-ID"),
        /// Where the function finds it: a folder below `/mnt/`.
        path: String = pattern("^/mnt/[a-zA-Z0-9-_.]+$", mount_path).required("/mnt/data"),
    }
}

section! {
    /// What the function logs, and where.
    pub struct Logging {
        /// `text`, or `json` with a level for each event. A durable function logs JSON by default, others text.
        format: Option<Format> = word(&FORMATS, |value| value.one_of(&FORMATS)).optional(),
        /// The least level of the function's own events; for `json` only. By default `info`.
        level: Option<Level> = word(&LEVELS, |value| value.one_of(&LEVELS)).optional(),
        /// The least level of Lambda's events; for `json` only. By default `info`.
        system_level: Option<SystemLevel> = word(&SYSTEM_LEVELS, |value| value.one_of(&SYSTEM_LEVELS)).optional(),
        /// Another log group. The stack creates it, and functions may share it. By default `/aws/lambda/` and the function's
        /// name.
        group: Option<String> = pattern("^[a-zA-Z0-9_/.#-]{1,512}$", log_group).optional(),
    }
}

section! {
    /// How long durable executions may take. A function gets it when it is created and keeps it: adding or removing it
    /// replaces the function.
    pub struct Durable {
        /// For an execution, at most 366 days.
        timeout: u32 = duration(1..=31_622_400).required("1 day"),
        /// For which the history of an execution is kept, from 1 to 90 days.
        retention: u32 = whole_days(1..=90).default(14),
    }
}

section! {
    /// What happens to events of asynchronous invocations.
    pub struct Async {
        /// How often an event is tried again after an error.
        retries: u32 = number("", 0..=2).default(2),
        /// How old an event may become.
        max_age: u32 = duration(60..=21_600).default(21_600),
        /// What gets the results: the key or the ARN of a queue, topic, function or event bus.
        on_success: Option<Destination> = destination().optional(),
        /// What gets the events that failed; also the ARN of a bucket.
        on_failure: Option<Destination> = destination().optional(),
        /// A queue or topic for events that failed, as they came: without the error, which `on_failure` adds.
        dead_letter: Option<Destination> = destination().optional(),
    }
}

/// The URI of an image, or a mapping.
pub(super) fn image() -> Shape<Image> {
    let uri = image_uri().map(|uri| Image {
        uri,
        command: Vec::new(),
        entry_point: Vec::new(),
        working_directory: None,
    });
    either(uri, mapping())
}

fn image_uri() -> Shape<String> {
    pattern(r"^[0-9]{12}\.dkr\.ecr\..+/.+[:@].+$", |value| {
        let text = value.short(1_000)?;
        let (host, path) = text.split_once('/').unwrap_or((text, ""));
        if !host.contains(".dkr.ecr.") {
            let message = format!("`{text}` is not the URI of an image in Amazon ECR");
            let way = "Lambda takes images of a private repository alone: push it there, and write \
                       `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG`";
            return value.fail(message, help(way));
        }
        if !path.contains([':', '@']) {
            let message = format!("the image `{text}` has no tag and no digest");
            return value.fail(message, help(format!("add one: `{text}:TAG`")));
        }
        Some(text.to_owned())
    })
    // [DG: Lambda, "Create a Lambda function using a container image"]
    .of_region("a function takes images of its own region alone")
}

/// Ids such as `subnet-1`, each once.
fn ids(prefix: &'static str, most: usize) -> Shape<Vec<String>> {
    let id = Shape::new(
        json!({ "type": "string", "pattern": format!("^{prefix}-[a-zA-Z0-9]+$") }),
        move |value| {
            let text = value.text()?;
            let is_id = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-'));
            if is_id.is_some_and(|rest| names::is_made_of(rest, "")) {
                return Some(text.to_owned());
            }
            value.fail(
                format!("`{text}` is not an id"),
                help(format!("an id looks like `{prefix}-0123456789abcdef0`")),
            )
        },
    );
    list(id).with("minItems", 1).with("maxItems", most).refine(move |value, ids| {
        let mut twice = ids.iter().enumerate().filter(|(index, id)| ids[..*index].contains(id));
        if let Some((_, id)) = twice.next() {
            return value.fail(format!("`{id}` is a duplicate"), help("remove one of the two"));
        }
        match ids.len() {
            // Items that are not valid have been reported, and are left out.
            0 if matches!(&value.node.kind, Kind::List(items) if !items.is_empty()) => None,
            0 => value.fail(
                "an empty list connects the function with nothing",
                help("name at least one, or remove `vpc`"),
            ),
            count if count > most => value.fail(format!("at most {most} are possible, not {count}"), None),
            _ => Some(ids),
        }
    })
}

fn access_point() -> Shape<String> {
    pattern("^arn:.+:elasticfilesystem:.+:access-point/fsap-[a-f0-9]{17}$", |value| {
        let text = value.text()?;
        let id = names::arn_of(text).and_then(|arn| arn.resource.strip_prefix("access-point/fsap-"));
        if text.contains(":elasticfilesystem:") && id.is_some_and(names::is_id) {
            return Some(text.to_owned());
        }
        let way = "for example `arn:aws:elasticfilesystem:eu-central-1:123456789012:access-point/fsap-0123456789abcdef0`";
        value.fail(format!("`{text}` is not the ARN of an access point of EFS"), help(way))
    })
    .of_region("a function mounts file systems of its own region alone")
}

fn mount_path(value: Value) -> Option<String> {
    let text = value.short(160)?;
    match text.strip_prefix("/mnt/") {
        Some(rest) if names::is_made_of(rest, "-_.") => Some(text.to_owned()),
        _ => value.fail(format!("`{text}` is not a folder below `/mnt/`"), help("for example `/mnt/data`")),
    }
}

fn log_group(value: Value) -> Option<String> {
    let text = value.short(512)?;
    if !names::is_made_of(text, "_/.#-") {
        return value.fail(
            format!("invalid name of a log group `{text}`"),
            help(format!("use letters, digits, {}", suggest::quoted(&["_", "/", ".", "#", "-"]))),
        );
    }
    if text.starts_with(crate::kinds::log_group::PREFIX) {
        let way = "begin with another path, or leave `group` out for the function's own";
        return value.fail(format!("`{text}` is the name of a function's own log group"), help(way));
    }
    // AWS keeps these names for itself [hazards: C7].
    if text.starts_with("aws/") {
        return value.fail("names that begin with `aws/` are AWS's own", help("begin with `/`"));
    }
    Some(text.to_owned())
}

/// Whether logs are structured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// As they are written.
    Text,
    /// One JSON object an event.
    Json,
}

const FORMATS: [(&str, Format); 2] = [("text", Format::Text), ("json", Format::Json)];

/// The level of a function's own event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "Lambda's own words")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

const LEVELS: [(&str, Level); 6] = [
    ("trace", Level::Trace),
    ("debug", Level::Debug),
    ("info", Level::Info),
    ("warn", Level::Warn),
    ("error", Level::Error),
    ("fatal", Level::Fatal),
];

/// The level of an event of Lambda itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "Lambda's own words")]
pub enum SystemLevel {
    Debug,
    Info,
    Warn,
}

const SYSTEM_LEVELS: [(&str, SystemLevel); 3] =
    [("debug", SystemLevel::Debug), ("info", SystemLevel::Info), ("warn", SystemLevel::Warn)];

/// The word of AWS for one of the words here: in capitals.
fn in_capitals<T: PartialEq>(words: &[(&str, T)], meant: &T) -> String {
    let word = words.iter().find(|(_, one)| one == meant).map_or("", |(word, _)| *word);
    word.to_uppercase()
}

impl Level {
    /// As Lambda writes it.
    pub(super) fn as_aws(self) -> String {
        in_capitals(&LEVELS, &self)
    }
}

impl SystemLevel {
    /// As Lambda writes it.
    pub(super) fn as_aws(self) -> String {
        in_capitals(&SYSTEM_LEVELS, &self)
    }
}

impl Async {
    /// The destinations, each with its field.
    pub(super) fn destinations(&self) -> impl Iterator<Item = (&'static str, &Destination)> {
        let all = [
            ("on_success", &self.on_success),
            ("on_failure", &self.on_failure),
            ("dead_letter", &self.dead_letter),
        ];
        all.into_iter().filter_map(|(field, destination)| Some((field, destination.as_ref()?)))
    }
}

impl Image {
    pub(super) fn spec(&self) -> spec::Image {
        let Image { uri, command, entry_point, working_directory } = self.clone();
        spec::Image { uri, command, entry_point, working_directory }
    }
}

impl Vpc {
    pub(super) fn spec(&self) -> spec::Vpc {
        let Vpc { subnets, security_groups, ipv6 } = self.clone();
        let (subnets, security_groups) =
            (subnets.into_iter().collect(), security_groups.into_iter().collect());
        spec::Vpc { subnets, security_groups, ipv6 }
    }
}

impl FileSystem {
    pub(super) fn spec(&self) -> spec::FileSystem {
        let FileSystem { arn, path } = self.clone();
        spec::FileSystem { arn, path }
    }
}

impl Durable {
    pub(super) fn spec(&self) -> spec::Durable {
        let Durable { timeout, retention } = self;
        spec::Durable { timeout: timeout.cast_signed(), retention: retention.cast_signed() }
    }
}

impl Logging {
    /// What a function logs, with Lambda's defaults where nothing is said: a durable function logs JSON [hazards: L12].
    pub(super) fn spec(logging: Option<&Logging>, is_durable: bool) -> spec::Logging {
        let format = logging.and_then(|logging| logging.format);
        if !format.map_or(is_durable, |format| format == Format::Json) {
            return spec::Logging::text();
        }
        let level = logging.and_then(|logging| logging.level).map(Level::as_aws);
        let system_level = logging.and_then(|logging| logging.system_level).map(SystemLevel::as_aws);
        spec::Logging::json(level.as_deref(), system_level.as_deref())
    }
}
