//! What programs read: one JSON object for each part of a result. `docs/json.md` describes them; a new member may come with
//! any release, and any other change means a new [`VERSION`].

use super::value;
use crate::apply::Report;
use crate::check::{CheckResult, Done, Verdict};
use crate::config::{At, Diagnostics, Stack};
use crate::diff::Change;
use crate::error::Failure;
use crate::event::Event;
use crate::exit::Exit;
use crate::kind::AnyKind;
use crate::kinds::{kind, kinds};
use crate::model::{AttributeMap, Identity, ResourceId, Scope, Unreadable, unresolved};
use crate::outputs;
use crate::plan::{Action, Blocker, Plan, Step};
use crate::requests::requests;
use crate::text::without_credentials;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use std::fmt;
use std::time::Duration;

/// The version of the form of all documents.
const VERSION: u64 = 1;

/// A JSON object with its `type` and `version`; its text is one line.
#[derive(Debug, Clone, PartialEq)]
pub struct Document(Json);

impl Document {
    /// A document of a type. `members` is an object; its URLs lose their credentials.
    pub fn new(kind: &str, members: Json) -> Self {
        let mut document = Map::from_iter([
            ("type".to_owned(), Json::from(kind)),
            ("version".to_owned(), Json::from(VERSION)),
        ]);
        if let Json::Object(members) = hide_credentials(members) {
            document.extend(members);
        }
        Document(document.into())
    }

    /// The same document with one more member, which is passed on unchanged.
    pub fn with(mut self, name: &str, value: Json) -> Self {
        self.0[name] = value;
        self
    }
}

fn hide_credentials(value: Json) -> Json {
    match value {
        Json::String(text) => without_credentials(&text).into(),
        Json::Array(items) => items.into_iter().map(hide_credentials).collect(),
        Json::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (name, hide_credentials(value)));
            Json::Object(members.collect())
        }
        other => other,
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The target of a command.
pub fn session(scope: &Scope, endpoint: Option<&str>, local: bool) -> Document {
    Document::new(
        "session",
        json!({
            "stack": scope.identity.stack,
            "environment": scope.identity.environment,
            "account": scope.account,
            "region": scope.region,
            "endpoint": endpoint,
            "local": local,
        }),
    )
}

/// A plan. Sensitive values are always left out.
pub fn plan(plan: &Plan) -> Document {
    Document::new(
        "plan",
        json!({
            "steps": plan.steps.iter().map(step).collect::<Vec<_>>(),
            "unchanged": plan.unchanged.iter().map(id).collect::<Vec<_>>(),
            "refusals": plan.blockers.iter().map(blocker).collect::<Vec<_>>(),
            "notes": plan.notes,
            "unseen": plan.unreadable.iter().map(unreadable).collect::<Vec<_>>(),
        }),
    )
}

/// The kind and the name of a resource.
fn id(id: &ResourceId) -> Json {
    json!({ "kind": id.kind, "name": id.shown_name() })
}

fn step(step: &Step) -> Json {
    let sensitive = kind(step.id.kind).sensitive();
    json!({
        "kind": step.id.kind,
        "name": step.id.shown_name(),
        "action": step.action.verb(),
        "line": line(step.at),
        "reasons": step.reasons,
        "changes": step.changes.iter().map(|one| change(one, sensitive.contains(&one.field()))).collect::<Vec<_>>(),
        "files": step.files.iter().map(|file| json!({ "name": file.name, "action": file.action.verb() })).collect::<Vec<_>>(),
        "loss": step.data_loss,
        "with_parent": step.with_parent,
        "after": step.depends_on,
    })
}

/// A field that differs: its live and its desired value. A value that is known after `up` is a text in parentheses, with
/// `known` false.
fn change(change: &Change, sensitive: bool) -> Json {
    let known = change.to.as_ref().is_none_or(|to| unresolved(to).is_none());
    let to = change.to.as_ref().map(|to| if known { to.clone() } else { value::value(to).into() });
    /// A change whose values are not shown.
    #[derive(Serialize)]
    struct Hidden<'a> {
        path: &'a [String],
        secret: bool,
    }
    if sensitive {
        json!(Hidden { path: &change.path, secret: true })
    } else {
        json!({ "path": change.path, "from": change.from, "to": to, "known": known })
    }
}

fn blocker(blocker: &Blocker) -> Json {
    json!({ "resource": blocker.id.as_ref().map(id), "line": line(blocker.at), "message": blocker.why, "help": blocker.help })
}

fn unreadable(unreadable: &Unreadable) -> Json {
    json!({ "kind": unreadable.kind, "message": unreadable.why })
}

/// The line of the stack file; none for a place in a part, whose name these documents do not have.
pub(super) fn line(at: Option<At>) -> Option<u32> {
    at.filter(|at| at.file == 0).map(|at| at.line).filter(|line| *line > 0)
}

/// Something that happens while a plan is applied.
pub fn event(event: &Event) -> Document {
    let of = |what: &str, of: &ResourceId, members: Json| {
        let mut document = json!({ "event": what, "kind": of.kind, "name": of.shown_name() });
        if let (Json::Object(document), Json::Object(members)) = (&mut document, members) {
            document.extend(members);
        }
        document
    };
    let members = match event {
        Event::Started { step, id, action } => {
            of("started", id, json!({ "step": step, "action": action.verb() }))
        }
        Event::Waiting { id, why } => of("waiting", id, json!({ "message": why })),
        Event::Done { step, id, action, took } => {
            let seconds = took.as_secs_f64();
            of("done", id, json!({ "step": step, "action": action.verb(), "seconds": seconds }))
        }
        Event::Failed { step, id, action, error } => {
            of("failed", id, json!({ "step": step, "action": action.verb(), "error": call(error) }))
        }
        Event::Skipped { step, id, action, why } => {
            of("skipped", id, json!({ "step": step, "action": action.verb(), "message": why }))
        }
        Event::Stopping => json!({ "event": "stopping" }),
    };
    Document::new("event", members)
}

/// A call that failed.
fn call(error: &crate::aws::Error) -> Json {
    json!({
        "operation": error.operation,
        "code": error.code,
        "message": error.message,
        "request_id": error.request_id,
        "help": crate::error::help(error),
    })
}

/// The result of a plan, with the number of calls.
pub fn report(plan: &Plan, report: &Report, took: Duration, calls: (u64, u64)) -> Document {
    let count = |action| report.done.iter().filter(|index| plan.steps[**index].action == action).count();
    let failed = report.failed.iter().map(|(index, error)| {
        let step = &plan.steps[*index];
        json!({
            "kind": step.id.kind, "name": step.id.shown_name(), "action": step.action.verb(), "line": line(step.at),
            "error": call(error),
        })
    });
    Document::new(
        "report",
        json!({
            "complete": report.is_complete(),
            "interrupted": report.interrupted,
            "created": count(Action::Create),
            "updated": count(Action::Update),
            "replaced": count(Action::Replace),
            "deleted": count(Action::Delete),
            "failed": failed.collect::<Vec<_>>(),
            "skipped": report.skipped.keys().map(|index| id(&plan.steps[*index].id)).collect::<Vec<_>>(),
            "seconds": took.as_secs_f64(),
            "reads": calls.0,
            "writes": calls.1,
        }),
    )
}

/// The outputs by section: the API's URL and its routes, and the ARNs.
pub fn outputs(stack: &Stack, scope: &Scope, attributes: &AttributeMap) -> Document {
    // Those of others are not the stack's.
    let is_own = |id: &ResourceId| !scope.existing.get(id.kind).is_some_and(|names| names.contains(&id.name));
    let all = attributes;
    let attributes: AttributeMap =
        all.iter().filter(|(id, _)| is_own(id)).map(|(id, live)| (id.clone(), live.clone())).collect();
    let with_outputs = kinds().iter().filter(|kind| !kind.features().outputs.is_empty());
    // A part of an entry, such as the URL of a function, has no section of its own.
    let name = |kind: &dyn AnyKind| match kind.parent() {
        Some(_) => format!("{}s", kind.name()),
        None => kind.section().to_owned(),
    };
    let section = |kind: &&dyn AnyKind| (name(*kind), outputs_of(*kind, stack, &scope.identity, &attributes));
    let own = outputs::own(stack, scope, all);
    let own = (!stack.outputs.is_empty()).then(|| ("outputs".to_owned(), json!(own)));
    Document::new("outputs", with_outputs.map(section).chain(own).collect())
}

/// The first output of each resource by its key in the stack file; of a kind that has one resource, all outputs.
fn outputs_of(kind: &dyn AnyKind, stack: &Stack, identity: &Identity, attributes: &AttributeMap) -> Json {
    let own = attributes.iter().filter(|(id, _)| id.kind == kind.name());
    if let Some(output) = kind.features().outputs.iter().find(|output| output.has_key()) {
        let value = |live: &Json| live.get(output.attribute).cloned();
        return own
            .filter_map(|(id, live)| Some((outputs::key(identity, id).to_owned(), value(live)?)))
            .collect();
    }
    let Some(requests) = requests(stack) else { return Json::Null };
    let live = own.map(|(_, live)| live).next();
    let value = |attribute: &str| live.and_then(|live| live.get(attribute)).cloned().unwrap_or_default();
    let outputs = kind.features().outputs.iter();
    let mut members: Map<String, Json> =
        outputs.map(|output| (output.attribute.to_owned(), value(output.attribute))).collect();
    if kind.features().endpoint.is_some() {
        let routes = requests.into_iter().map(|request| (request.route, Json::from(request.code)));
        members.insert("routes".to_owned(), routes.collect());
    }
    members.into()
}

pub use super::adoption::document as adoption;
pub use super::invocation::document as invocation;
pub use super::list::documents as stacks;
pub use super::log::document as log;
pub use super::picture::document as graph;
pub use super::response::document as answered;
pub use super::status::document as status;
pub use super::watch::{document as round, request};

/// The result of a check, and the command that shows the logs of the code that got its request.
pub fn check(outcome: &CheckResult, logs: Option<&str>) -> Document {
    let (verdict, message) = match &outcome.verdict {
        Verdict::Passed => ("passed", None),
        Verdict::Failed(failure) => ("failed", Some(failure.to_string())),
        Verdict::Skipped(why) => ("skipped", Some(why.clone())),
    };
    let (method, path, act) = match &outcome.done {
        Done::Request(method, path) => (Some(method), Some(path), None),
        Done::Act(called, ..) => (None, None, Some(called)),
    };
    Document::new(
        "check",
        json!({
            "name": outcome.name, "method": method, "path": path, "act": act, "status": outcome.status,
            "verdict": verdict, "message": message, "logs": logs, "seconds": outcome.elapsed.as_secs_f64(),
        }),
    )
}

/// A value that was set. It is not in it.
pub fn value_set(id: &ResourceId) -> Document {
    Document::new("value_set", json!({ "kind": id.kind, "name": id.shown_name() }))
}

/// What was done with an entry.
pub fn acted(verb: &str, id: &ResourceId) -> Document {
    Document::new("acted", json!({ "act": verb, "kind": id.kind, "name": id.shown_name() }))
}

/// What a name stands for after it was moved; nothing where it was not to be moved.
pub fn released(id: &ResourceId, now: Option<&str>) -> Document {
    Document::new(
        "released",
        json!({ "kind": id.kind, "name": id.shown_name(), "moved": now.is_some(), "now": now, "error": null }),
    )
}

/// Why a name was not moved.
pub fn not_released(id: &ResourceId, error: &str) -> Document {
    Document::new(
        "released",
        json!({ "kind": id.kind, "name": id.shown_name(), "moved": false, "now": null, "error": error }),
    )
}

/// The end of the command.
pub fn end(exit: Exit, error: Option<&anyhow::Error>) -> Document {
    Document::new("end", json!({ "exit": exit as u8, "errors": error.map(errors).unwrap_or_default() }))
}

/// Why the command failed; for a stack file all of its errors.
pub(super) fn errors(error: &anyhow::Error) -> Vec<Json> {
    let Some(diagnostics) = error.downcast_ref::<Diagnostics>() else {
        let help = error.downcast_ref::<Failure>().and_then(|failure| failure.help.clone());
        return vec![json!({ "message": format!("{error:#}"), "help": help })];
    };
    let one = |item: &crate::config::Diagnostic| {
        json!({
            "message": item.message, "help": item.help, "file": diagnostics.file(item).display().to_string(),
            "line": (item.at.line > 0).then_some(item.at.line), "column": item.at.column,
        })
    };
    diagnostics.items().iter().map(one).collect()
}
