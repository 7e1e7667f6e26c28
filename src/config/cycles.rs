//! References to values that are known only after `up`: dependency cycles, and attributes that an entry does not have. The ARNs and names of tables and functions are known
//! before, so two functions can refer to each other; the URL of the API is known only after the API is created.

use std::collections::{BTreeMap, BTreeSet};

use super::declared::{Entries, Sections};
use super::decode::{Cx, help};
use super::stack::{Part, Template};
use crate::yaml::At;

/// One resource that depends on another.
struct Edge {
    from: String,
    to: String,
    template: At,
}

/// Reports every reference that closes a cycle.
pub(super) fn check(cx: &Cx, sections: Sections, entries: &Entries) {
    let owners = sections.iter().flat_map(|section| section.templates(entries));
    let edges: Vec<Edge> = owners
        .flat_map(|(from, templates)| {
            templates
                .into_iter()
                .flat_map(move |template| edges(&from, template, sections))
                .collect::<Vec<_>>()
        })
        .collect();
    let mut to: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for edge in &edges {
        to.entry(&edge.from).or_default().push(&edge.to);
    }
    for edge in edges.iter().filter(|edge| reaches(&to, &edge.to, &edge.from)) {
        if let Some(span) = cx.unresolved(edge.template) {
            let message = format!(
                "dependency cycle: `{}` must be created first, but it depends on this value",
                edge.to
            );
            cx.report(span, message, help(format!("remove it from `{}`", edge.from)));
        }
    }
}

/// Reports every reference to an attribute that its entry does not have.
pub(super) fn check_attributes(cx: &Cx, sections: Sections, entries: &Entries) {
    let templates = sections.iter().flat_map(|section| section.templates(entries)).flat_map(|(_, all)| all);
    for template in templates {
        let lacking = template.parts.iter().find_map(|part| {
            let Part::Attribute { kind, key, attribute } = part else { return None };
            sections.of_kind(kind)?.lacks(entries, key, attribute)
        });
        if let Some(((message, way), span)) = lacking.zip(cx.unresolved(template.at)) {
            cx.report(span, message, help(way));
        }
    }
}

/// The dependencies of a template of an entry.
fn edges(from: &str, template: &Template, sections: Sections) -> Vec<Edge> {
    let targets = template.parts.iter().filter_map(|part| known_after_up(part, sections));
    let targets: BTreeSet<String> = targets.collect();
    targets.into_iter().map(|to| Edge { from: from.to_owned(), to, template: template.at }).collect()
}

/// The entry that must exist before a placeholder has a value.
fn known_after_up(part: &Part, sections: Sections) -> Option<String> {
    let Part::Attribute { kind, key, attribute } = part else { return None };
    let section = sections.of_kind(kind)?;
    let referred = section.references().iter().find(|referred| referred.name == *attribute)?;
    let name =
        if section.is_single() { section.key().to_owned() } else { format!("{}.{key}", section.key()) };
    (!referred.known).then_some(name)
}

fn reaches(edges: &BTreeMap<&str, Vec<&str>>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(node) = open.pop() {
        if node == to {
            return true;
        }
        if seen.insert(node.to_owned()) {
            open.extend(edges.get(node).into_iter().flatten().copied());
        }
    }
    false
}
