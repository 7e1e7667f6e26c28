//! What people and other tools do with parameters.

use super::Parameter;
use super::parameter::Stored;
use crate::cloud::Cloud;
use crate::service::{Drift, ID, Make, changed, map, pick, retag};

/// The names of parameters in random stacks.
pub(super) const PARAMETERS: &[&str] = &["/walk/color", "limit", "/walk/token"];

pub(super) const DRIFTS: &[(&str, Drift)] = &[
    ("a parameter is deleted", |cloud, stack, nth| {
        let name = pick(&cloud.ssm.parameters, |stored| is_of(stored, stack), nth)?;
        cloud.ssm.parameters.remove(&name);
        Some(name)
    }),
    ("a parameter has another value", |cloud, stack, nth| {
        version(cloud, stack, nth, |parameter| "theirs".clone_into(&mut parameter.value))
    }),
    ("a parameter is described", |cloud, stack, nth| {
        version(cloud, stack, nth, |parameter| "theirs".clone_into(&mut parameter.description))
    }),
    ("a parameter has another pattern", |cloud, stack, nth| {
        version(cloud, stack, nth, |parameter| ".*".clone_into(&mut parameter.pattern))
    }),
    ("a parameter becomes advanced", |cloud, stack, nth| {
        version(cloud, stack, nth, |parameter| parameter.tier = "Advanced")
    }),
    ("a parameter is of another type", |cloud, stack, nth| {
        version(cloud, stack, nth, |parameter| {
            parameter.kind = if parameter.kind == "String" { "StringList" } else { "String" };
            parameter.key = None;
        })
    }),
    ("an encrypted parameter has another value", |cloud, stack, nth| {
        secure(cloud, stack, nth, |stored| {
            let version =
                stored.current().map(|current| Parameter { value: "theirs".to_owned(), ..current.clone() });
            stored.versions.extend(version);
        })
    }),
    ("an encrypted parameter has another key", |cloud, stack, nth| {
        secure(cloud, stack, nth, |stored| {
            if let Some(current) = stored.current() {
                current.key = Some("alias/theirs".to_owned());
            }
        })
    }),
    ("nothing is known of the value of an encrypted parameter", |cloud, stack, nth| {
        secure(cloud, stack, nth, |stored| drop(stored.tags.remove("provision:value")))
    }),
    ("a parameter's tags are changed", |cloud, stack, nth| {
        changed(&mut cloud.ssm.parameters, stack, nth, |stored| retag(&mut stored.tags))
    }),
];

fn is_of(stored: &Stored, stack: &str) -> bool {
    stored.tags.get("provision:stack").is_some_and(|of| of == stack)
}

fn version(
    cloud: &mut Cloud,
    stack: &str,
    nth: usize,
    change: impl FnOnce(&mut Parameter),
) -> Option<String> {
    changed(&mut cloud.ssm.parameters, stack, nth, |stored| {
        if let Some(mut version) = stored.current().cloned() {
            change(&mut version);
            stored.versions.push(version);
        }
    })
}

/// Changes an encrypted parameter.
fn secure(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Stored)) -> Option<String> {
    let is_secure = |stored: &Stored| {
        is_of(stored, stack) && stored.versions.last().is_some_and(|last| last.kind == "SecureString")
    };
    let name = pick(&cloud.ssm.parameters, is_secure, nth)?;
    change(cloud.ssm.parameters.get_mut(&name)?);
    Some(name)
}

pub(super) const UNMANAGED: &[(&str, Make)] = &[
    ("a parameter of a wanted name", |cloud, stack, nth| {
        make(cloud, &own(stack, nth), &[("owner", "theirs")]);
    }),
    ("a parameter of a near name", |cloud, stack, nth| make(cloud, &format!("{}-2", own(stack, nth)), &[])),
    ("a parameter of another stack", |cloud, _, nth| {
        make(cloud, &format!("/prod{}", PARAMETERS[2 * (nth % 2)]), &[("provision:stack", "walk/prod")]);
    }),
];

/// A name as the stack, by its identity, has it.
fn own(stack: &str, nth: usize) -> String {
    let name = PARAMETERS[nth % PARAMETERS.len()];
    match stack.split_once('/') {
        Some((_, environment)) if name.starts_with('/') => format!("/{environment}{name}"),
        Some((_, environment)) => format!("{environment}-{name}"),
        None => name.to_owned(),
    }
}

fn make(cloud: &mut Cloud, name: &str, tags: &[(&str, &str)]) {
    if cloud.ssm.parameters.contains_key(name) {
        return;
    }
    cloud.ssm.put(name, Parameter::text("theirs"));
    if let Some(stored) = cloud.ssm.parameters.get_mut(name) {
        stored.tags = map(tags);
    }
}

/// Changes all parameters wherever they can be changed.
pub(super) fn change_all(cloud: &mut Cloud) {
    for stored in cloud.ssm.parameters.values_mut() {
        let version = stored.current().map(|current| Parameter {
            value: "theirs".to_owned(),
            description: "theirs".to_owned(),
            ..current.clone()
        });
        stored.versions.extend(version);
        stored.tags.remove(ID);
    }
}

/// A parameter that is no longer declared.
pub(super) fn leave_behind(cloud: &mut Cloud) {
    let mut own = cloud.ssm.parameters.values().filter(|stored| stored.tags.contains_key("provision:stack"));
    let Some(stored) = own.next().cloned() else { return };
    cloud.ssm.parameters.insert("/earlier".to_owned(), stored);
}
