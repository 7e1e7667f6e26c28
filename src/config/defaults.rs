//! `defaults`: the fields of every entry of a section that does not say otherwise. An error in one of them is shown there.

use super::declared::{AnySection, Sections};
use super::decode::{Log, help};
use super::existing::EXISTING;
use super::rewrite::{self, Change};
use super::section::{Row, Shape, property};
use crate::suggest;
use crate::yaml::{Entry, Kind, Node};
use serde_json::{Map, Value as Json, json};

/// The key at the top.
pub(super) const DEFAULTS: &str = "defaults";

/// The file with the defaults in its entries, and without `defaults`.
pub(super) fn apply(log: &Log, root: &Node, sections: Sections) -> Node {
    let Some(defaults) = root.get(DEFAULTS) else { return root.clone() };
    check(log, defaults, sections);
    let change = rewrite::members(root, |entry| {
        let key = entry.key.text.as_str();
        let Some(section) = sections.of(key) else {
            return if key == DEFAULTS { Change::Gone } else { Change::Same };
        };
        let Some(fields) = defaults.get(key) else { return Change::Same };
        let rows = section.rows();
        let fields: Vec<&Entry> =
            fields.entries().iter().filter(|field| is_field(&rows, &field.key.text)).collect();
        rewrite::entries(section, entry, |_, one| with_defaults(one, &fields, &rows))
    });
    rewrite::changed(root, change)
}

/// The shape of `defaults`. It is decoded as part of the entries.
pub(super) fn shape() -> Shape<()> {
    Shape::new(json!({}), |_| Some(())).described(|parts| {
        let all = parts.sections;
        let section = |section: &'static dyn AnySection| {
            let fields: Map<String, Json> =
                section.rows().into_iter().map(|row| (row.name.to_owned(), property(row, parts))).collect();
            let entry =
                json!({ "type": ["object", "null"], "additionalProperties": false, "properties": fields });
            (section.key().to_owned(), entry)
        };
        let sections: Map<String, Json> = all.iter().map(section).collect();
        json!({ "type": ["object", "null"], "additionalProperties": false, "properties": sections })
    })
}

fn is_field(rows: &[&Row], field: &str) -> bool {
    rows.iter().any(|row| row.name == field)
}

/// Reports sections and fields that do not exist.
fn check(log: &Log, defaults: &Node, sections: Sections) {
    let example = || help("write `defaults: { functions: { runtime: python3.13 } }`");
    if !matches!(defaults.kind, Kind::Map(_) | Kind::Null) {
        log.report(defaults.span, "`defaults` must be a mapping of sections", example());
    }
    for entry in defaults.entries() {
        let name = entry.key.text.as_str();
        let Some(section) = sections.of(name) else {
            let all: Vec<&str> = sections.iter().map(AnySection::key).collect();
            let message = format!("there is no section `{name}`");
            log.report(
                entry.key.span,
                message,
                suggest::did_you_mean_or_list(name, "the sections are", &all),
            );
            continue;
        };
        if !matches!(entry.value.kind, Kind::Map(_) | Kind::Null) {
            log.report(entry.value.span, format!("the defaults of `{name}` must be a mapping"), example());
        }
        let rows = section.rows();
        let names: Vec<&str> = rows.iter().map(|row| row.name).collect();
        for field in entry.value.entries().iter().filter(|field| !is_field(&rows, &field.key.text)) {
            let field_name = field.key.text.as_str();
            let help = suggest::did_you_mean_or_list(field_name, "the keys are", &names);
            log.report(
                field.key.span,
                format!("unknown key `{field_name}` in the defaults of `{name}`"),
                help,
            );
        }
    }
}

/// An entry with the defaults of its section. Mappings merge, and the entry's own fields win over all else.
fn with_defaults(entry: &Node, defaults: &[&Entry], rows: &[&Row]) -> Change<Node> {
    let is_existing = entry.get(EXISTING).is_some();
    if is_existing || !matches!(entry.kind, Kind::Map(_) | Kind::Null) {
        return Change::Same;
    }
    let row = |name: &str| rows.iter().find(|row| row.name == name);
    let excluded = |default: &str| {
        let excludes = |one: &str, other: &str| row(one).is_some_and(|row| row.excludes.contains(&other));
        entry
            .entries()
            .iter()
            .map(|own| own.key.text.as_str())
            .any(|own| own != default && (excludes(own, default) || excludes(default, own)))
    };
    let fields = defaults.iter().filter(|field| !excluded(&field.key.text)).copied();
    match merged(entry.entries(), fields) {
        Some(fields) => Change::New(entry.with(Kind::Map(fields.into()))),
        None => Change::Same,
    }
}

/// Own members and those of the defaults; `None` where the defaults add nothing.
fn merged<'d>(own: &[Entry], defaults: impl Iterator<Item = &'d Entry>) -> Option<Vec<Entry>> {
    let mut fields = own.to_vec();
    let mut is_changed = false;
    for default in defaults {
        let Some(same) = fields.iter_mut().find(|field| field.key.text == default.key.text) else {
            fields.push(default.clone());
            is_changed = true;
            continue;
        };
        if let (Kind::Map(inner), Kind::Map(more)) = (&same.value.kind, &default.value.kind)
            && let Some(both) = merged(inner, more.iter())
        {
            same.value = same.value.with(Kind::Map(both.into()));
            is_changed = true;
        }
    }
    is_changed.then_some(fields)
}
