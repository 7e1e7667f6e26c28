//! The roles of a random stack.

use crate::random::{RandomStack, Section, index};
use crate::services::dynamodb::TABLES;
use proptest::collection::btree_map;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

/// Functions have the first one.
pub(crate) const ROLES: &[&str] = &["shared", "spare"];

/// By index into [`ROLES`]: which of [`SETTINGS`] it has, and which of their values.
#[derive(Debug)]
struct Roles(BTreeMap<u8, BTreeMap<u8, u8>>);

/// Settings of a role, each with its two values.
const SETTINGS: &[(&str, [&str; 2])] = &[
    ("trust", ["[lambda, states]", "[lambda, \"111122223333\"]"]),
    ("description", ["Shared", "In ${region}"]),
    ("max_session_duration", ["2 hours", "7201"]),
    ("managed_policies", ["[AWSXRayDaemonWriteAccess]", "[ReadOnlyAccess, PowerUserAccess]"]),
    ("policy", ["[{ Effect: Allow, Action: \"comprehend:Detect*\", Resource: \"*\" }]", "[]"]),
];

pub(super) fn section() -> BoxedStrategy<Rc<dyn Section>> {
    let settings = btree_map(0..index(SETTINGS), 0_u8..2, 0..=3);
    let roles = btree_map(0..index(ROLES), settings, 0..=2);
    roles.prop_map(|roles| Rc::new(Roles(roles)) as Rc<dyn Section>).boxed()
}

impl Section for Roles {
    fn title(&self) -> &'static str {
        "roles"
    }

    fn names(&self) -> Vec<&'static str> {
        self.0.keys().map(|index| ROLES[usize::from(*index)]).collect()
    }

    fn write(&self, stack: &RandomStack, text: &mut String) {
        if !self.0.is_empty() {
            *text += "roles:\n";
        }
        for (index, settings) in &self.0 {
            let _ = writeln!(text, "  {}:\n    tags: {{ of: roles }}", ROLES[usize::from(*index)]);
            for (setting, value) in settings {
                let (name, values) = SETTINGS[usize::from(*setting)];
                let _ = writeln!(text, "    {name}: {}", values[usize::from(*value)]);
            }
            if let Some(table) = stack.names("tables").iter().find(|name| TABLES.contains(name)) {
                let _ = writeln!(text, "    access: {{ {table}: read }}");
            }
        }
    }
}
