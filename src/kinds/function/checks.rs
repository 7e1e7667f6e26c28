//! What the fields of a function must have in common.

use super::Function;
use super::handler::check_handler;
use super::loops;
use super::parts::{Format, Logging};
use super::runtime::{default_handler, family};
use super::section::{Config, OF_GENERATED_ROLE, OF_PACKAGE};
use super::spec::STORAGE;
use crate::config::decode::help;
use crate::config::fields::Fields;
use crate::config::section::{Entry, Section};
use crate::config::{Destination, Diagnostic, Entries, Target};
use crate::kind::Kind as _;
use crate::kinds::alias::section::Release;
use crate::kinds::queue::{self, Queue};
use crate::kinds::role;
use crate::kinds::topic::{self, Topic};

type Decoded = <Config as Section>::Decoded;

/// Reports fields of a function that do not fit together.
pub(super) fn fits_together(function: &Decoded, fields: &mut Fields) {
    if fields.value("role").is_some() {
        for value in OF_GENERATED_ROLE.into_iter().filter_map(|key| fields.value(key)) {
            role::section::stands_in_role(value, function.role.as_ref().and_then(Option::as_ref));
        }
    }
    if let Some(policy) = fields.value("resource_policy") {
        fields.know(&["resource_policy"]);
        let way = "name who may call it under `triggers`: `{ principal: 111122223333 }`, for an account, a role or an organisation; or give it a `url`";
        policy.fail_key::<()>("a function has no `resource_policy`", help(way));
    }
    network(fields);
    snapshots(function, fields);
    if let Some(Some(release)) = &function.release {
        kept_ready(function, release, fields);
    }
    if let Some(Some(logging)) = &function.logging {
        levels(logging, matches!(function.durable, Some(Some(_))), fields);
    }
    url(function, fields);
    match fields.value("image") {
        Some(_) => image(fields),
        None => package(function, fields),
    }
}

/// An image brings its code, its runtime, and all that a layer could add.
fn image(fields: &Fields) {
    for value in OF_PACKAGE.into_iter().filter_map(|key| fields.value(key)) {
        let key = &value.key.text;
        let message = format!("`{key}` is of a package of code, but `image` names a container image");
        value.fail_key::<()>(message, help(format!("remove `image`, or remove `{key}`")));
    }
}

/// Code has a runtime and a handler.
fn package(function: &Decoded, fields: &mut Fields) {
    let (Some(runtime), Some(handler)) = (&function.runtime, &function.handler) else { return };
    let Some(handler) = handler.as_deref().or_else(|| default_handler(runtime)) else {
        return fields.missing("handler", "NAME");
    };
    // A layer may contain the handler, and only AWS knows what is in it.
    let layers = function.layers.as_deref().unwrap_or_default();
    let at = fields.value("handler").or_else(|| fields.value("code"));
    if let (Some(Some(code)), Some(at), []) = (&function.code, at, layers) {
        check_handler(at, fields.code().at(code), code, handler, runtime);
    }
}

/// A file system is found in the function's network.
fn network(fields: &Fields) {
    if fields.value("file_system").is_some() && fields.value("vpc").is_none() {
        let way = "name the subnets and security groups that reach its mount targets under `vpc`";
        fields.fail_at("file_system", "`file_system` needs `vpc`", help(way));
    }
}

/// The families of runtimes with snapshots, each with its first version [DG: Lambda, "SnapStart"].
const WITH_SNAPSHOTS: [(&str, [u32; 2]); 3] = [("java", [11, 0]), ("python", [3, 12]), ("dotnet", [8, 0])];

/// What Lambda keeps no snapshots with [aws-facts-services: 8, DG].
fn snapshots(function: &Decoded, fields: &Fields) {
    if function.snap_start != Some(true) || fields.value("image").is_some() {
        return;
    }
    let refuse = |message: String, way: &str| fields.fail_at("snap_start", message, help(way));
    if fields.value("file_system").is_some() {
        refuse("`snap_start` does not go with `file_system`".to_owned(), "remove one of the two");
    }
    if function.ephemeral_storage.is_some_and(|size| size > STORAGE) {
        let message = format!("`snap_start` does not go with `ephemeral_storage` above {STORAGE} MB");
        refuse(message, "remove one of the two");
    }
    let runtime = function.runtime.as_deref().unwrap_or_default();
    let is_of = |(family, first): &(&str, [u32; 2])| {
        runtime.strip_prefix(family).is_some_and(|version| version_of(version) >= *first)
    };
    if !runtime.is_empty() && !WITH_SNAPSHOTS.iter().any(is_of) {
        let message = format!("Lambda keeps no snapshots of functions with the runtime `{runtime}`");
        refuse(message, "it does for Java from 11, Python from 3.12 and .NET from 8 on; remove `snap_start`");
    }
}

/// What Lambda refuses of instances that are kept ready [aws-facts-services: 8, DG].
fn kept_ready(function: &Decoded, release: &Release, fields: &Fields) {
    let ready = release.kept_ready();
    if ready > 0 && function.snap_start == Some(true) {
        let message = "`snap_start` does not go with `provisioned_concurrency`";
        fields.fail_at("release", message, help("remove one of the two"));
    }
    match function.reserved_concurrency {
        Some(Some(reserved)) if u64::from(reserved) < ready => {
            let message = format!(
                "the aliases keep {ready} instances ready, but `reserved_concurrency` leaves the function {reserved}"
            );
            fields.fail_at("release", message, help("reserve as many, or keep fewer ready"));
        }
        _ => {}
    }
}

/// The families of runtimes whose functions can stream a response [DG: Lambda, "Response streaming"].
const STREAMING: [&str; 2] = ["nodejs", "provided"];

/// What a URL does not go with: what cannot stream a response by itself, and a release.
fn url(function: &Decoded, fields: &Fields) {
    let Some(Some(settings)) = &function.url else { return };
    if fields.value("release").is_some() {
        // An alias has a URL of its own, and that of the function calls what is not released.
        let message = "`url` does not go with `release`: the URL would call what is not released";
        fields.fail_at("url", message, help("use a route of the API, or remove one of the two"));
    }
    let runtime = function.runtime.as_deref().unwrap_or_default();
    if settings.stream && !runtime.is_empty() && !STREAMING.contains(&family(runtime)) {
        let message = format!("functions with the runtime `{runtime}` cannot stream a response");
        let way = "those of Node.js, of `provided` and of images can; remove `stream`";
        fields.fail_at("url", message, help(way));
    }
}

/// The two numbers of a version such as `3.12` or `21`; a part that is no number counts as zero.
fn version_of(text: &str) -> [u32; 2] {
    let mut numbers = text.split('.').map(|part| part.parse().unwrap_or_default());
    [numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default()]
}

/// Text has no levels.
fn levels(logging: &Logging, is_durable: bool, fields: &Fields) {
    let is_json = match logging.format {
        Some(format) => format == Format::Json,
        None => is_durable,
    };
    if !is_json && (logging.level.is_some() || logging.system_level.is_some()) {
        let way = "add `format: json`, or remove `level` and `system_level`";
        fields.fail_at("logging", "only JSON logs have levels", help(way));
    }
}

/// What the fields of a function and other entries must have in common.
pub(super) fn together(function: &Entry<Config>, entries: &Entries) -> Vec<Diagnostic> {
    let mut errors = destinations(function, entries);
    errors.extend(trust(function, entries));
    errors.extend(shared_group(function, entries));
    errors.extend(loops::check(function, entries));
    errors
}

/// Lambda must be able to assume a role of the stack.
fn trust(function: &Entry<Config>, entries: &Entries) -> Option<Diagnostic> {
    let Some(Target::Key(key)) = &function.role else { return None };
    let roles: &[Entry<role::section::Config>] = entries.of();
    let role = roles.iter().find(|role| role.name == *key)?;
    (!role::may_trust_lambda(&role.trust)).then(|| Diagnostic {
        at: function.place("role"),
        length: 0,
        message: format!("the role `{key}` does not trust Lambda"),
        help: Some("add `lambda` to its `trust`".to_owned()),
    })
}

/// Reports destinations that Lambda does not take: it delivers to no FIFO queue or topic, and dead letters to queues and topics only
/// [DG: Lambda, "Capturing records of asynchronous invocations"].
fn destinations(function: &Entry<Config>, entries: &Entries) -> Vec<Diagnostic> {
    let fifo = |destination: &Destination| match destination {
        Destination::Arn(arn, _) => arn.ends_with(crate::kinds::fifo::FIFO),
        Destination::Entry(grant) => {
            let queues: &[Entry<queue::section::Config>] = entries.of();
            let topics: &[Entry<topic::section::Config>] = entries.of();
            let queue = queues.iter().any(|queue| queue.name == grant.key && queue.fifo.is_some());
            let topic = topics.iter().any(|topic| topic.name == grant.key && topic.fifo.is_some());
            (grant.kind == Queue::NAME && queue) || (grant.kind == Topic::NAME && topic)
        }
    };
    let error = |message: String, help: &str| Diagnostic {
        at: function.place("async"),
        length: 0,
        message,
        help: Some(help.to_owned()),
    };
    let of = |(field, to): (&str, &Destination)| match (field, to.service()) {
        _ if fifo(to) => {
            let what = if ["topic", "sns"].contains(&to.service()) { "topic" } else { "queue" };
            let message = format!("Lambda delivers nothing to a FIFO {what}, which `{field}` names");
            Some(error(message, &format!("name another {what}")))
        }
        _ if to.entry().is_some_and(|to| (to.kind, &to.key) == (Function::NAME, &function.name)) => {
            let message = format!("`{field}` names the function itself, which Lambda refuses");
            Some(error(message, "name another function, or a queue"))
        }
        ("dead_letter", service) if !["queue", "sqs", "topic", "sns"].contains(&service) => {
            let message = "`dead_letter` must be a queue or a topic".to_owned();
            Some(error(message, "use `on_failure` for others"))
        }
        ("on_success", "s3" | "bucket") => {
            let message = "results cannot be delivered to a bucket".to_owned();
            Some(error(message, "only `on_failure` can name a bucket"))
        }
        _ => None,
    };
    function.destinations().filter_map(of).collect()
}

/// Reports a log group that another function, which keeps its logs for another time, names as well.
fn shared_group(function: &Entry<Config>, entries: &Entries) -> Option<Diagnostic> {
    let group = function.group()?;
    let functions: &[Entry<Config>] = entries.of();
    let before = functions.iter().take_while(|other| other.name != function.name);
    let mut sharing = before.filter(|other| other.group() == Some(group));
    let other = sharing.find(|other| other.log_retention != function.log_retention)?;
    let days = |one: &Entry<Config>| one.log_retention;
    Some(Diagnostic {
        at: function.place("logging"),
        length: 0,
        message: format!(
            "`{}` keeps the log group `{group}` for {} days, and `{}` for {} days",
            other.name,
            days(other),
            function.name,
            days(function)
        ),
        help: Some("write the same `log_retention` for both, or give one of them another group".to_owned()),
    })
}
