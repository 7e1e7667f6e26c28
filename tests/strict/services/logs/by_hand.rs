//! What people and other tools do with log groups.

use super::Group;
use super::filter::is_marked;
use crate::cloud::{Cloud, Tags};
use crate::random::Wire;
use crate::service::{Drift, ID, Make, Marked, changed, map, own, pick, retag};
use crate::services::Service;
use crate::services::lambda::FUNCTIONS;
use serde_json::json;

impl Marked for Group {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

pub(super) const DRIFTS: &[(&str, Drift)] = &[
    ("a log group is deleted", |cloud, stack, nth| {
        let name = pick(&cloud.logs.groups, |group| group.is_of(stack), nth)?;
        cloud.logs.groups.remove(&name);
        Some(name)
    }),
    ("a log group keeps its events for another time", |cloud, stack, nth| {
        group(cloud, stack, nth, |group| group.days = if group.days == Some(1) { None } else { Some(1) })
    }),
    ("a log group's tags are changed", |cloud, stack, nth| {
        group(cloud, stack, nth, |group| retag(&mut group.tags))
    }),
    ("a log group loses its tags", |cloud, stack, nth| group(cloud, stack, nth, |group| group.tags.clear())),
    ("a subscription filter is deleted", |cloud, _, nth| {
        filtered(cloud, nth, |group| group.filters.retain(|name, _| !is_marked(name)))
    }),
    ("a subscription filter lets other events through", |cloud, _, nth| {
        filtered(cloud, nth, |group| {
            let own = group.filters.iter_mut().filter(|(name, _)| is_marked(name));
            own.for_each(|(_, filter)| filter.pattern = "theirs".to_owned());
        })
    }),
    ("a log group is protected", |cloud, stack, nth| {
        group(cloud, stack, nth, |group| group.protected = true)
    }),
];

fn group(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Group)) -> Option<String> {
    changed(&mut cloud.logs.groups, stack, nth, change)
}

/// Changes a group that has a filter of a stack.
fn filtered(cloud: &mut Cloud, nth: usize, change: impl FnOnce(&mut Group)) -> Option<String> {
    let name = pick(&cloud.logs.groups, |group| group.filters.keys().any(|name| is_marked(name)), nth)?;
    change(cloud.logs.groups.get_mut(&name)?);
    Some(name)
}

pub(super) const UNMANAGED: &[(&str, Make)] = &[
    ("a log group of a wanted name", |cloud, stack, nth| {
        make(cloud, &format!("/aws/lambda/{}", own(stack, FUNCTIONS, nth)), &[("owner", "theirs")]);
    }),
    ("a log group of a near name", |cloud, stack, nth| {
        make(cloud, &format!("/aws/lambda/{}-2", own(stack, FUNCTIONS, nth)), &[]);
    }),
    ("a log group of another stack", |cloud, _, nth| {
        let name = format!("prod-{}", FUNCTIONS[nth % FUNCTIONS.len()]);
        let tags = [("provision:stack", "walk/prod"), ("provision:for", &*format!("function.{name}"))];
        make(cloud, &format!("/aws/lambda/{name}"), &tags);
    }),
];

pub(super) const WIRES: &[Wire] = &[
    (&["functions"], "{ log_group: { function: <functions> } }"),
    (&["functions"], "{ log_group: { function: <functions> }, filter: ERROR }"),
    (&["functions"], "{ log_group: /walk/theirs, filter: \"?ERROR ?WARN\" }"),
];

pub(super) fn make(cloud: &mut Cloud, name: &str, tags: &[(&str, &str)]) {
    cloud.act(Service::Logs, "CreateLogGroup", &json!({ "logGroupName": name, "tags": map(tags) }));
}

/// Changes all groups wherever they can be changed.
pub(super) fn change_all(cloud: &mut Cloud) {
    for group in cloud.logs.groups.values_mut() {
        group.days = Some(3);
        group.tags.remove(ID);
        group.filters.values_mut().for_each(|filter| filter.pattern = "theirs".to_owned());
    }
}

/// The group of a function that is no longer declared.
pub(super) fn leave_behind(cloud: &mut Cloud) {
    let Some(mut group) = cloud.logs.groups.values().next().cloned() else { return };
    group.tags.insert("provision:for".to_owned(), "function.earlier".to_owned());
    cloud.logs.groups.insert("/aws/lambda/earlier".to_owned(), group);
}
