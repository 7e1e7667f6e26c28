//! `roles`.

use super::managed::{self, ManagedPolicy, managed_policies};
use super::trust::{Trusted, trust};
use super::{ENDING, Role, lower, name_for};
use crate::config::access::{Grant, access};
use crate::config::declared::{Connection, Declared, Referable, Sections, connections_of, keyed};
use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::names::{NameRule, iam_arn};
use crate::config::policy::policy;
use crate::config::section::shape::{Target, duration, entry_of, template};
use crate::config::section::{Entry, Keyed, Shape, section};
use crate::config::{Statement, Template};
use crate::kind::Kind;
use crate::kinds::function::Function;
use crate::lower::{Lower, Lowered, Sizes};
use crate::yaml::Node;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};

const NAME: NameRule = NameRule { what: "role", others: "+=,.@_-", min: 1, max: 64, because: "" };

/// How long a session lasts by default, in seconds [hazards: undeclared settings].
pub(super) const SESSION: i32 = 3_600;

section! {
    /// An IAM role that functions share, or that others assume. What the functions that have it need is allowed by itself: their
    /// logs, their triggers and their traces.
    pub struct Config {
        /// Who may assume it: services such as `lambda` or `states`, accounts, ARNs of roles and users, or statements in IAM's own
        /// syntax. By default `lambda`.
        trust: Vec<Trusted> = trust().or_empty(),
        /// The actions that it allows on other resources of the stack. A key is that of a table or a queue.
        access: BTreeMap<String, Grant> = access().or_empty(),
        /// Additional permissions, in IAM's own syntax.
        policy: Vec<Statement> = policy().or_empty(),
        /// Managed policies, at most ten: keys of `policies`, AWS's own by their names with their paths, others by their ARNs.
        managed_policies: Vec<ManagedPolicy> = managed_policies().or_empty(),
        /// A description. `${…}` works.
        description: Template = template().with("maxLength", lower::MAX_DESCRIPTION).or_empty().shown_as(""),
        /// How long a session of who assumes it may last, from 1 to 12 hours.
        max_session_duration: u32 = duration(3_600..=43_200).default(SESSION.unsigned_abs()),
    }
}

impl Declared for Role {
    const ABOUT: &'static str = "IAM roles. The key is the role's name in AWS. A function names one under `role`; without \
                                 that it gets a role of its own.";
    const REFERENCES: &'static [Referable] = &[Referable::known("name"), Referable::known("arn")];
    type Config = Config;

    fn section() -> Shape<Vec<Entry<Config>>> {
        keyed()
    }

    fn check_section(roles: Value, fields: &Fields) {
        // With functions, their section checks all names.
        if fields.value(Function::SECTION).is_none() {
            check_names(None, Some(roles));
        }
    }

    fn connections(role: &Entry<Config>, sections: Sections) -> Vec<Connection> {
        let access = connections_of((Self::NAME, &role.name), &role.access, sections);
        let policies = managed::connections(&(Self::NAME, role.name.clone()), &role.managed_policies);
        access.into_iter().chain(policies).collect()
    }

    fn templates(role: &Entry<Config>) -> Vec<&Template> {
        let in_trust = role.trust.iter().filter_map(Trusted::statement);
        let statements = role.policy.iter().chain(in_trust);
        let members = statements.flat_map(|statement| statement.members.values());
        let members = members.flat_map(|member| member.templates());
        std::iter::once(&role.description).chain(members).collect()
    }
}

impl Lowered for Role {
    fn lower(role: &Entry<Config>, lower: &mut Lower) {
        lower::declared(role, lower);
    }

    fn check_sizes(role: &Entry<Config>, sizes: &mut Sizes) {
        lower::check_sizes_of_declared(role, sizes);
    }
}

impl Keyed for Config {
    const WHAT: &'static str = NAME.what;

    fn pattern() -> String {
        NAME.pattern()
    }

    fn check_key(value: Value) -> bool {
        NAME.check(value)
    }
}

/// `role` of an entry: a key of `roles`, or an ARN.
pub(in crate::kinds) fn role() -> Shape<Target> {
    let schema = json!({ "type": "string", "minLength": 1 });
    let role = Shape::new(schema, |value| {
        if value.text()?.starts_with("arn:") {
            return iam_arn(value, "role").map(Target::Arn);
        }
        entry_of::<Role>(value).map(Target::Key)
    });
    role.with("examples", json!(["arn:aws:iam::123456789012:role/NAME"]))
}

/// Reports roles whose names differ only in case, which IAM treats as the same role, and a declared one that has the name of a
/// function's own.
pub(in crate::kinds) fn check_names(functions: Option<Value>, roles: Option<Value>) {
    let name_of = |entry: &crate::yaml::Entry| {
        entry.value.get("name").and_then(Node::text).unwrap_or(&entry.key.text).to_owned()
    };
    let mut first: HashMap<String, (String, String)> = HashMap::new();
    for (section, is_own) in [(functions, true), (roles, false)] {
        let Some(section) = section else { continue };
        for entry in section.node.entries() {
            if is_own && entry.value.get("role").is_some() {
                continue;
            }
            let entry_name = name_of(entry);
            let (role, what) = match is_own {
                true => (name_for(&entry_name), format!("the role of the function `{entry_name}`")),
                false => (entry_name.clone(), format!("the role `{entry_name}`")),
            };
            let Some((other, other_what)) = first.insert(role.to_lowercase(), (role.clone(), what.clone()))
            else {
                continue;
            };
            let is_same = other == role;
            // Two of one section that have one name are reported with all equal names.
            if is_same && (is_own || !other_what.contains("function")) {
                continue;
            }
            let (message, way) = match is_same {
                true => (
                    format!("{what} has the name of {other_what}"),
                    format!("a function's own role is called `<name>{ENDING}`: rename one of the two"),
                ),
                false => (
                    format!(
                        "the names of {other_what} and {what} differ only in case, and IAM treats them as the same role"
                    ),
                    "rename one of the two".to_owned(),
                ),
            };
            section.cx.report(entry.key.span, message, Some(way));
        }
    }
}

/// Reports that `key` cannot stand in an entry with a `role`.
pub(in crate::kinds) fn stands_in_role(value: Value, role: Option<&Target>) {
    stands_in_role_of(value, "function", role);
}

/// The same in an entry of any kind.
pub(in crate::kinds) fn stands_in_role_of(value: Value, what: &str, role: Option<&Target>) {
    let key = &value.key.text;
    let way = match role {
        Some(Target::Key(role)) => format!("move it to the role `{role}`, or remove `role`"),
        _ => format!("remove `role`, or remove `{key}` and grant the permissions in that role"),
    };
    let message = format!("`{key}` applies to a role of the {what}'s own, but `role` names another one");
    value.fail_key::<()>(message, help(way));
}
