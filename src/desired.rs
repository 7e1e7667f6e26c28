//! The desired state of a stack: a loop over the kinds that have sections in the stack file.

use crate::config::{Diagnostic, Diagnostics, Stack};
use crate::kinds::{lowered, lowered_triggers};
use crate::lower::{Lower, Packages, Sizes, identity};
use crate::model::{Graph, Identity, Resource, SHORTEST_REGION, SOME_ACCOUNT, Scope, Wanted, partition_of};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The resources of a stack in an account and region. A function without a package gets an empty hash, which is enough
/// for the names of all resources.
pub fn lower(stack: &Stack, scope: &Scope, packages: &Packages) -> Graph {
    let mut lower = empty(stack, scope, packages);
    lower.find_calls();
    lowered().iter().flatten().for_each(|kind| kind.lower(&mut lower));
    let existing = lower.existing();
    Graph::new(lower.resources).with_existing(existing)
}

/// What the resources are added to.
fn empty<'a>(stack: &'a Stack, scope: &'a Scope, packages: &'a Packages) -> Lower<'a> {
    Lower {
        stack,
        scope,
        packages,
        declared_tags: stack.tags.clone(),
        kinds: lowered(),
        triggers: lowered_triggers(),
        calls: Vec::new(),
        resources: Vec::new(),
    }
}

/// The ARN of an entry that follows from its name.
pub(crate) fn arn_of(stack: &Stack, scope: &Scope, kind: &'static str, key: &str) -> String {
    let section = stack.sections.of_kind(kind);
    section.map(|section| empty(stack, scope, &Packages::new()).arn_of(section, key)).unwrap_or_default()
}

/// The names of a graph's resources by kind, to be looked for in AWS, and their desired state.
pub fn wanted(graph: Graph) -> Wanted {
    let mut wanted = Wanted::new();
    for Resource { id, desired, .. } in graph.resources {
        wanted.entry(id.kind).or_default().insert(id.name, Some(Arc::new(desired)));
    }
    wanted
}

/// Checks what AWS would refuse late, as far as it is known before it is known where the stack will be: sizes are at least these.
///
/// # Errors
/// Everything that is too large, or of another region.
pub fn check_offline(stack: &Stack, region: Option<&str>) -> Result<(), Diagnostics> {
    check_sizes(stack, &offline_scope(stack, region))?;
    match region.or(stack.region.as_deref()).filter(|_| !stack.is_for_now) {
        Some(region) => stack.check_region(region),
        None => Ok(()),
    }
}

/// Checks what AWS would refuse late in an account and region.
///
/// # Errors
/// Everything that is too large, or of another region.
pub fn check(stack: &Stack, scope: &Scope) -> Result<(), Diagnostics> {
    check_sizes(stack, scope)?;
    stack.check_region(&scope.region)
}

/// The scope of a stack before it is known where the stack will be.
pub fn offline_scope(stack: &Stack, region: Option<&str>) -> Scope {
    let region = region.or(stack.region.as_deref()).unwrap_or(SHORTEST_REGION);
    Scope {
        identity: identity(stack),
        partition: partition_of(region).to_owned(),
        account: SOME_ACCOUNT.to_owned(),
        region: region.to_owned(),
        wanted: BTreeMap::new(),
        tag_keys: Default::default(),
        existing: BTreeMap::new(),
        protected: BTreeSet::new(),
        destroy: false,
    }
}

/// Checks the sizes in an account and region. What AWS has yet to assign counts as empty, so a size may still grow.
///
/// # Errors
/// Everything that is too large.
fn check_sizes(stack: &Stack, scope: &Scope) -> Result<(), Diagnostics> {
    let mut sizes = Sizes {
        stack,
        identity: &scope.identity,
        graph: lower(stack, scope, &BTreeMap::new()),
        too_large: Vec::new(),
    };
    lowered().iter().flatten().for_each(|kind| kind.check_sizes(stack, &mut sizes));
    check_twice(&mut sizes);
    let too_large = sizes.too_large;
    if too_large.is_empty() { Ok(()) } else { Err(Diagnostics::of_files(&stack.files, too_large)) }
}

/// What is valid and yet hardly meant, at its place in the file.
pub fn doubts(stack: &Stack, identity: &Identity) -> Vec<Diagnostic> {
    lowered().iter().flatten().flat_map(|kind| kind.doubts(stack, identity)).collect()
}

/// Reports what the file has twice under two names, such as the key and the ARN of a topic: only the names in AWS show that.
fn check_twice(sizes: &mut Sizes) {
    let mut seen = BTreeSet::new();
    for Resource { id, at, .. } in &sizes.graph.resources {
        if seen.insert(id) || sizes.too_large.iter().any(|found| found.at == *at) {
            continue;
        }
        let message = format!("the stack file already has {id}");
        let help = Some("two entries of the file name the same resource in AWS: remove one".to_owned());
        sizes.too_large.push(Diagnostic { at: *at, length: 0, message, help });
    }
}

#[cfg(test)]
mod tests;
