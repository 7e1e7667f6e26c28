//! Which statements of a function's policy are which permission: its name, and the `Sid` that says so.

use super::Permission;
use crate::aws::Context;
use crate::kind::Kind;
use crate::kinds::mark::{self, PREFIX, hash};
use crate::model::{Identity, Owner};
use std::collections::BTreeMap;

/// The `Sid` of a permission, without a number: from hashes of the stack's identity and of the permission's name, never from
/// ids that AWS assigns, so that it is known before anything exists. A `Sid` is the only mark that a statement can bear.
/// Ownership is equality with the hash of the identity, so another stack's statements are never taken for ours.
pub(crate) fn sid(identity: &Identity, name: &str) -> String {
    sid_in(&mark::begin(identity), name)
}

/// The same with the stack's mark.
pub(super) fn sid_in(mark: &str, name: &str) -> String {
    format!("{mark}{}", hash(name, 8))
}

/// The `Sid` that earlier versions gave to a permission.
pub(super) fn old_sid(identity: &Identity, name: &str) -> String {
    format!("{PREFIX}{}", hash(&format!("{identity}\n{name}"), 12))
}

/// One of the `Sid`s of a permission: each statement that replaces another one takes a number that is free.
pub(super) fn numbered(sid: &str, number: u32) -> String {
    format!("{sid}-{number}")
}

/// A `Sid` without its number.
pub(super) fn base(sid: &str) -> &str {
    match sid.rsplit_once('-') {
        Some((base, number))
            if number.bytes().all(|byte| byte.is_ascii_digit()) && sid.matches('-').count() == 3 =>
        {
            base
        }
        _ => sid,
    }
}

/// The name of the permission for a route of a function, or for all of the API's routes.
pub(crate) fn name(function: &str, route: Option<&str>) -> String {
    format!("{function} for {}", route.unwrap_or("all routes"))
}

/// What the two permissions of a function's URL are for: to call the URL, and to call the function through it. New URLs need
/// both [aws-facts-services: Corrections 4].
pub(crate) const OF_URL: [&str; 2] = ["its URL", "calls through its URL"];

/// The wanted permissions, by each `Sid` that says so.
pub(super) struct Names<'a> {
    pub(super) mark: String,
    pub(super) by_sid: BTreeMap<String, &'a str>,
}

impl<'a> Names<'a> {
    pub(super) fn of(ctx: &'a Context) -> Self {
        let (identity, wanted) = (&ctx.scope.identity, ctx.scope.wanted(Permission::NAME));
        let by_sid = wanted.flat_map(|name| [(sid(identity, name), name), (old_sid(identity, name), name)]);
        Names { mark: mark::begin(identity), by_sid: by_sid.collect() }
    }

    /// The name of the permission of a function that has a statement of this `Sid`.
    pub(super) fn wanted(&self, function: &str, sid: &str) -> Option<&'a str> {
        let name = self.by_sid.get(base(sid)).copied()?;
        name.strip_prefix(function)?.starts_with(" for ").then_some(name)
    }

    pub(super) fn owner(&self, sid: &str) -> Owner {
        if sid.starts_with(&self.mark) {
            Owner::Ours
        } else if sid.starts_with(PREFIX) {
            Owner::Unmanaged("another stack created it".to_owned())
        } else {
            Owner::Unmanaged("provision did not create it".to_owned())
        }
    }
}
