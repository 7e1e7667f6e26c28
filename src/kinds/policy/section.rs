//! `policies`.

use super::{Policy, lower};
use crate::config::access::{Grant, access};
use crate::config::declared::{Connection, Declared, Referable, Sections, connections_of, keyed};
use crate::config::decode::{Value, help};
use crate::config::names::{NameRule, is_made_of};
use crate::config::policy::policy;
use crate::config::section::shape::{list, text};
use crate::config::section::{Entry, Keyed, Shape, section};
use crate::config::{Diagnostic, Entries, Stack, Statement, Template};
use crate::kind::Kind;
use crate::lower::{Lower, Lowered, Sizes};
use crate::model::Existing;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

const NAME: NameRule = NameRule { what: "policy", others: "+=,.@_-", min: 1, max: 128, because: "" };

/// How many characters a description may have [M: iam, policyDescriptionType].
const MAX_DESCRIPTION: usize = 1_000;

/// How many roles a policy can be attached to: each is a tag of the policy, and AWS allows 50.
const MAX_ROLES: usize = 20;

section! {
    /// A managed policy of the account: roles and functions of the stack take it under `managed_policies`.
    pub struct Config {
        /// The actions that it allows on other resources of the stack. A key is that of a table, a queue or another entry.
        access: BTreeMap<String, Grant> = access().or_empty(),
        /// Additional permissions, in IAM's own syntax.
        policy: Vec<Statement> = policy().or_empty(),
        /// The names in AWS of roles that exist already, at most twenty: the policy is attached to them. Nothing else of these
        /// roles is changed. One that does not exist is an error in the plan.
        attach_to: BTreeSet<String> = attach_to().or_empty(),
        /// A description. AWS sets it when the policy is created, and cannot change it.
        description: Option<String> = text(MAX_DESCRIPTION).optional(),
    }
}

fn attach_to() -> Shape<BTreeSet<String>> {
    let role = Shape::new(json!({ "type": "string", "minLength": 1, "maxLength": 64 }), role_name);
    list(role)
        .refine(|value, roles| {
            let mut all = BTreeSet::new();
            let distinct = value.list(|item| match item.node.text() {
                // To IAM, names that differ only in case are the same.
                Some(text) if !all.insert(text.to_lowercase()) => {
                    item.fail(format!("`{text}` is there twice"), help("remove one of the two"))
                }
                _ => Some(()),
            });
            distinct?;
            if roles.len() > MAX_ROLES {
                let message = format!(
                    "a policy can be attached to at most {MAX_ROLES} roles here, not {}",
                    roles.len()
                );
                return value.fail(message, help("declare a second policy for the rest"));
            }
            Some(roles.into_iter().collect())
        })
        .with("maxItems", MAX_ROLES)
        .with("examples", json!([["operator"]]))
}

fn role_name(value: Value) -> Option<String> {
    let text = value.text()?;
    if let Some(name) = text.strip_prefix("arn:").and_then(|arn| arn.rsplit_once(":role/")) {
        let name = name.1.rsplit('/').next().unwrap_or_default();
        return value.fail(format!("`{text}` is not the name of a role"), help(format!("write `{name}`")));
    }
    if !is_made_of(text, "+=,.@_-") || text.len() > 64 {
        let way = "a name has at most 64 letters, digits and `+=,.@_-`; its path is no part of it";
        return value.fail(format!("`{text}` is not the name of a role"), help(way));
    }
    Some(text.to_owned())
}

impl Declared for Policy {
    const ABOUT: &'static str = "Managed policies of IAM. The key is the policy's name in AWS.";
    const REFERENCES: &'static [Referable] = &[Referable::known("name"), Referable::known("arn")];
    type Config = Config;

    fn section() -> Shape<Vec<Entry<Config>>> {
        keyed()
    }

    fn check(policy: &Entry<Config>, entries: &Entries) -> Vec<Diagnostic> {
        let error =
            |at, message, help: &str| Diagnostic { at, length: 0, message, help: Some(help.to_owned()) };
        // IAM refuses a policy without statements.
        let is_empty = policy.access.is_empty() && policy.policy.is_empty();
        let empty = is_empty.then(|| {
            error(policy.at, "a policy must have statements".to_owned(), "add `access` or `policy`")
        });
        let all = entries.of::<Config>();
        let before = all.iter().take_while(|other| other.name != policy.name);
        let name = policy.aws_name();
        // Equal names are reported for every section.
        let is_same = |other: &&str| *other != name && other.eq_ignore_ascii_case(name);
        let same = before.map(Entry::aws_name).find(is_same).map(|other| {
            let message = format!("the policies `{other}` and `{name}` differ only in case, and IAM treats them as the same policy");
            error(policy.place("name"), message, "rename one of the two")
        });
        empty.into_iter().chain(same).collect()
    }

    fn connections(policy: &Entry<Config>, sections: Sections) -> Vec<Connection> {
        connections_of((Self::NAME, &policy.name), &policy.access, sections)
    }

    fn templates(policy: &Entry<Config>) -> Vec<&Template> {
        let members = policy.policy.iter().flat_map(|statement| statement.members.values());
        members.flat_map(|member| member.templates()).collect()
    }
}

impl Stack {
    /// The policies, to be changed.
    pub fn policies_mut(&mut self) -> &mut [Entry<Config>] {
        self.entries.of_mut().map(Vec::as_mut_slice).unwrap_or_default()
    }
}

impl Lowered for Policy {
    fn lower(policy: &Entry<Config>, lower: &mut Lower) {
        lower::policy(policy, lower);
    }

    fn outside(policy: &Entry<Config>, lower: &Lower) -> Vec<Existing> {
        lower::roles_of_others(policy, lower)
    }

    fn check_sizes(policy: &Entry<Config>, sizes: &mut Sizes) {
        lower::check_sizes(policy, sizes);
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
