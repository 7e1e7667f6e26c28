//! Settings that calls of their own read and write. A tag of the resource names those that it has, and only these are read:
//! without it, each of them would cost every resource of the kind a call. The tag is set before the first of them and removed
//! after the last one, so that no interrupted run leaves one behind that nothing reads.

use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, Poll, wait_until};
use crate::aws::{Class, Context, Result, Service};
use crate::kind::When;
use crate::model::ResourceId;
use crate::policy::Policy;
use std::future::Future;

/// The name that the tag has for the policy of a resource.
pub(super) const POLICY: &str = "resource-policy";

/// Of a resource whose spec has a policy.
pub(super) const HAS_POLICY: When =
    When::Some(|spec| spec["resource_policy"].as_object().is_some_and(|policy| !policy.is_empty()));

/// The value of the tag for the settings that a spec has; `None` where it has none.
pub(super) fn named<'a>(settings: impl IntoIterator<Item = (bool, &'a str)>) -> Option<String> {
    joined(settings.into_iter().filter(|(has, _)| *has).map(|(_, name)| name))
}

fn joined<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let names: Vec<&str> = names.collect();
    (!names.is_empty()).then(|| names.join(" "))
}

fn names(tags: &Tags) -> impl Iterator<Item = &str> + Clone {
    tags.get(tags::APART).into_iter().flat_map(|names| tags::settings(names))
}

/// True if the tag names a setting.
pub(super) fn has(tags: &Tags, setting: &str) -> bool {
    names(tags).any(|name| name == setting)
}

/// True if a tag names all that another one names.
pub(super) fn includes(tags: &Tags, others: &Tags) -> bool {
    names(others).all(|name| has(tags, name))
}

/// The tags while one set of settings becomes another, where they are other tags: those of now, and the names of all settings that
/// either of them has.
pub(super) fn meanwhile(from: &Tags, to: &Tags) -> Option<Tags> {
    let more = names(to).filter(|name| !has(from, name));
    let all = joined(names(from).chain(more)).filter(|all| Some(all) != from.get(tags::APART))?;
    let mut tags = from.clone();
    tags.insert(tags::APART.to_owned(), all);
    Some(tags)
}

/// Waits until a read shows a policy that was set.
pub(super) async fn once_shown<F: Future<Output = Result<Policy>>>(
    ctx: &Context,
    service: &Service,
    id: &ResourceId,
    policy: &Policy,
    read: impl Fn() -> F,
) -> Result<()> {
    let shown = wait_until(Backoff::VISIBILITY, ctx.waiting(id), async || {
        Ok(match read().await? == *policy {
            true => Poll::Ready(()),
            false => Poll::Pending(format!("not shown by {} yet", service.id)),
        })
    });
    match shown.await {
        // AWS may show a policy in words of its own.
        Err(error) if error.class == Class::Timeout => Ok(()),
        result => result,
    }
}
