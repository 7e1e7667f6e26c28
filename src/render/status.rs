//! The state of a stack.

use super::{BOLD, DIM, GREEN, RED, YELLOW, json::Document, styled};
use crate::kinds::kinds;
use crate::status::{Health, ResourceStatus};
use crate::text::sanitize_line;
use serde_json::json;

/// All resources by kind, each with its state; then their counts.
pub fn status(all: &[ResourceStatus]) -> String {
    let mut text = String::new();
    for kind in kinds() {
        let own: Vec<&ResourceStatus> = all.iter().filter(|one| one.id.kind == kind.name()).collect();
        if !own.is_empty() {
            text += &format!("{}\n", styled(BOLD, kind.noun(own.len())));
            text.extend(own.into_iter().map(row));
        }
    }
    if !text.is_empty() {
        text += "\n";
    }
    text + &counts(all)
}

fn row(resource: &ResourceStatus) -> String {
    let name = resource.id.shown_name();
    let (sign, why) = match &resource.health {
        Health::InSync => (styled(GREEN, "✓"), String::new()),
        Health::Pending => (styled(YELLOW, "…"), "update in progress".to_owned()),
        Health::Missing => (styled(RED, "✗"), "missing".to_owned()),
        Health::Drifted(changes) => {
            let mut fields: Vec<&str> = changes.iter().map(|change| change.field()).collect();
            fields.dedup();
            (styled(YELLOW, "~"), format!("drifted: {}", fields.join(", ")))
        }
        Health::Failed(why) => (styled(RED, "✗"), why.clone()),
        Health::Orphaned => (styled(YELLOW, "-"), "orphaned: no longer in the stack file".to_owned()),
        Health::Unmanaged(who) => (styled(DIM, "·"), format!("unmanaged: {who}")),
    };
    let why = if why.is_empty() { why } else { format!("  {}", styled(DIM, why)) };
    format!("  {sign} {name}{why}\n{}", unmanaged_settings(resource))
}

/// Settings that were made in the console or with another tool. They are no drift, but they may explain why a resource
/// behaves as it does.
fn unmanaged_settings(resource: &ResourceStatus) -> String {
    if resource.unmanaged_settings.is_empty() {
        return String::new();
    }
    let settings =
        resource.unmanaged_settings.iter().map(|(name, value)| format!("{name} = {}", sanitize_line(value)));
    let settings: Vec<String> = settings.collect();
    format!("      {}\n", styled(DIM, format!("set outside of provision: {}", settings.join(", "))))
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
            "unmanaged_settings": resource.unmanaged_settings,
        })
    };
    Document::new("status", json!({ "resources": all.iter().map(one).collect::<Vec<_>>() }))
}
