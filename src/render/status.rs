//! The state of a stack.

use super::plan::{MANY, counted, together};
use super::{BOLD, DIM, GREEN, RED, YELLOW, json::Document, styled, wrapped};
use crate::model::ResourceId;
use crate::outline::{self, Group, grouped};
use crate::status::{Health, ResourceStatus};
use crate::text::sanitize_line;
use serde_json::json;

/// All resources by what the user declared, each with its state; then their counts. `short` has parts that are in sync in one
/// line with their entry, and many entries of which all is in sync in one line.
pub fn status(all: &[ResourceStatus], short: bool) -> String {
    let ids: Vec<&ResourceId> = all.iter().map(|one| &one.id).collect();
    let groups = grouped(&ids, |_| false);
    let is_quiet = |group: &Group| group.items.iter().all(|item| all[*item].is_quiet());
    let mut text = String::new();
    for alike in groups.chunk_by(|a, b| short && a.id.kind == b.id.kind && is_quiet(a) && is_quiet(b)) {
        if alike.len() < MANY {
            text.extend(alike.iter().map(|group| entry(group, all, short)));
        } else {
            text += &together(&styled(GREEN, "✓"), alike.iter().map(|group| &group.id));
        }
    }
    if !text.is_empty() {
        text += "\n";
    }
    text + &counts(all)
}

/// An entry with its parts.
fn entry(group: &Group, all: &[ResourceStatus], short: bool) -> String {
    let all = group.items.iter().map(|item| &all[*item]);
    let (own, parts): (Vec<&ResourceStatus>, Vec<_>) = all.partition(|one| one.id == group.id);
    let is_plain = |one: &&ResourceStatus| short && one.is_quiet();
    let (plain, others): (Vec<&ResourceStatus>, Vec<_>) = parts.into_iter().partition(is_plain);
    let plain = counted(plain.iter().map(|one| &one.id));
    let plain = if plain.is_empty() { plain } else { format!("  {}", styled(DIM, format!("({plain})"))) };
    let mut text = String::new();
    for (index, one) in own.into_iter().enumerate() {
        text += &row(2, one, &one.id.to_string(), if index == 0 { &plain } else { "" });
    }
    for one in others {
        text += &row(6, one, &outline::called(&one.id, None, &group.id), "");
    }
    text
}

fn row(indent: usize, resource: &ResourceStatus, name: &str, besides: &str) -> String {
    let (sign, why) = match &resource.health {
        Health::InSync => (styled(GREEN, "✓"), String::new()),
        Health::Pending => (styled(YELLOW, "…"), "update in progress".to_owned()),
        Health::Missing => (styled(RED, "✗"), "missing".to_owned()),
        Health::Drifted(_) => (styled(YELLOW, "~"), format!("drifted: {}", resource.fields.join(", "))),
        Health::Failed(why) => (styled(RED, "✗"), why.clone()),
        Health::Orphaned => (styled(YELLOW, "-"), "orphaned: no longer in the stack file".to_owned()),
        Health::Unmanaged(who) => (styled(DIM, "·"), format!("unmanaged: {who}")),
    };
    let note = resource.note.iter().map(|note| sanitize_line(note));
    let why: Vec<String> = Some(why).filter(|why| !why.is_empty()).into_iter().chain(note).collect();
    let why = if why.is_empty() { String::new() } else { format!("  {}", styled(DIM, why.join("; "))) };
    let prefix = format!("{}{sign} ", " ".repeat(indent));
    let settings = unmanaged_settings(resource, indent + 4);
    format!("{}\n{settings}", wrapped(&prefix, &format!("{name}{why}{besides}")))
}

/// Settings that were made in the console or with another tool. They are no drift, but they may explain why a resource
/// behaves as it does.
fn unmanaged_settings(resource: &ResourceStatus, indent: usize) -> String {
    if resource.unmanaged_settings.is_empty() {
        return String::new();
    }
    let settings =
        resource.unmanaged_settings.iter().map(|(name, value)| format!("{name} = {}", sanitize_line(value)));
    let settings: Vec<String> = settings.collect();
    let settings = styled(DIM, format!("set outside of provision: {}", settings.join(", ")));
    format!("{}\n", wrapped(&" ".repeat(indent), &settings))
}

/// The name of each state, in the order in which they are counted. For programs, with `_` for a blank.
const STATES: [&str; 7] = ["in sync", "pending", "missing", "drifted", "failed", "orphaned", "unmanaged"];

fn state(health: &Health) -> &'static str {
    let index = match health {
        Health::InSync => 0,
        Health::Pending => 1,
        Health::Missing => 2,
        Health::Drifted(_) => 3,
        Health::Failed(_) => 4,
        Health::Orphaned => 5,
        Health::Unmanaged(_) => 6,
    };
    STATES[index]
}

fn counts(all: &[ResourceStatus]) -> String {
    let count = |name: &str| all.iter().filter(|one| state(&one.health) == name).count();
    let counts = STATES.iter().map(|name| (count(name), name)).filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, name)| format!("{count} {name}")).collect();
    match counts.is_empty() {
        true => "The stack file declares no resources, and none exist.".to_owned(),
        false => format!("{} {}", styled(BOLD, "Status:"), counts.join(", ")),
    }
}

/// The same for programs. Values are left to `plan`.
pub fn document(all: &[ResourceStatus]) -> Document {
    let one = |resource: &ResourceStatus| {
        let why = match &resource.health {
            Health::Failed(why) | Health::Unmanaged(why) => Some(why.as_str()),
            _ => None,
        };
        let fields: Vec<String> = match &resource.health {
            Health::Drifted(changes) => changes.iter().map(|change| change.path.join(".")).collect(),
            _ => Vec::new(),
        };
        json!({
            "kind": resource.id.kind, "name": resource.id.shown_name(), "state": state(&resource.health).replace(' ', "_"),
            "line": super::json::line(resource.at), "message": why, "fields": fields,
            "unmanaged_settings": resource.unmanaged_settings, "note": resource.note,
        })
    };
    Document::new("status", json!({ "resources": all.iter().map(one).collect::<Vec<_>>() }))
}
