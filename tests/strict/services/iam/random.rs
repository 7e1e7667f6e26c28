//! The roles and policies of a random stack.

use crate::random::{RandomStack, Section, index};
use crate::services::dynamodb::TABLES;
use proptest::collection::btree_map;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

/// Functions have the first one.
pub(crate) const ROLES: &[&str] = &["shared", "spare"];

/// By index into a pool of names: which settings it has, and which of their values.
type Entries = BTreeMap<u8, BTreeMap<u8, u8>>;

/// [`ROLES`] with their [`SETTINGS`], and [`POLICIES`] with theirs.
#[derive(Debug)]
struct Roles {
    roles: Entries,
    policies: Entries,
}

/// Settings of a role, each with its two values.
const SETTINGS: &[(&str, [&str; 2])] = &[
    ("trust", ["[lambda, states]", "[lambda, \"111122223333\"]"]),
    ("description", ["Shared", "In ${region}"]),
    ("max_session_duration", ["2 hours", "7201"]),
    ("managed_policies", ["[AWSXRayDaemonWriteAccess]", "[ReadOnlyAccess, PowerUserAccess]"]),
    ("policy", ["[{ Effect: Allow, Action: \"comprehend:Detect*\", Resource: \"*\" }]", "[]"]),
];

/// Customer managed policies.
pub(crate) const POLICIES: &[&str] = &["upload", "download"];

/// Settings of a policy, each with its two values.
const OF_POLICIES: &[(&str, [&str; 2])] =
    &[("attach_to", ["[operator]", "[operator, auditor]"]), ("tags", ["{ of: policies }", "{ of: others }"])];

pub(super) fn section() -> BoxedStrategy<Rc<dyn Section>> {
    let of = |pool: &[&str], settings: &[(&str, [&str; 2])]| {
        let settings = btree_map(0..index(settings), 0_u8..2, 0..=3);
        btree_map(0..index(pool), settings, 0..=2)
    };
    let both = (of(ROLES, SETTINGS), of(POLICIES, OF_POLICIES));
    both.prop_map(|(roles, policies)| Rc::new(Roles { roles, policies }) as Rc<dyn Section>).boxed()
}

/// Writes settings of an entry.
fn write(settings: &BTreeMap<u8, u8>, of: &[(&str, [&str; 2])], text: &mut String) {
    for (setting, value) in settings {
        let (name, values) = of[usize::from(*setting)];
        let _ = writeln!(text, "    {name}: {}", values[usize::from(*value)]);
    }
}

impl Section for Roles {
    fn title(&self) -> &'static str {
        "roles"
    }

    fn names(&self) -> Vec<&'static str> {
        self.roles.keys().map(|index| ROLES[usize::from(*index)]).collect()
    }

    fn write(&self, stack: &RandomStack, text: &mut String) {
        let table = stack.names("tables").iter().copied().find(|name| TABLES.contains(name));
        if !self.policies.is_empty() {
            *text += "policies:\n";
        }
        for (index, settings) in &self.policies {
            let _ = writeln!(text, "  {}:", POLICIES[usize::from(*index)]);
            write(settings, OF_POLICIES, text);
            let _ = match table {
                Some(table) => writeln!(text, "    access: {{ {table}: write }}"),
                None => writeln!(text, "    policy: [{{ Effect: Deny, Action: \"s3:*\", Resource: \"*\" }}]"),
            };
        }
        if !self.roles.is_empty() {
            *text += "roles:\n";
        }
        for (index, settings) in &self.roles {
            let _ = writeln!(text, "  {}:\n    tags: {{ of: roles }}", ROLES[usize::from(*index)]);
            write(settings, SETTINGS, text);
            let has_none =
                settings.keys().all(|setting| SETTINGS[usize::from(*setting)].0 != "managed_policies");
            if let Some(policy) = self.policies.keys().next().filter(|_| has_none) {
                let _ = writeln!(text, "    managed_policies: [{}]", POLICIES[usize::from(*policy)]);
            }
            if let Some(table) = table {
                let _ = writeln!(text, "    access: {{ {table}: read }}");
            }
        }
    }
}
