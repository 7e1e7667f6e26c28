//! Values in files of their own: where a field of an entry names a file of the stack's folder, it has what stands in that file.
//! Its places are those of the file.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::code::{self, CodeFiles};
use super::declared::AnySection;
use super::decode::{Cx, Log, Value};
use super::file::folder;
use super::prepare;
use super::reference::Scope;
use super::rewrite::{self, Change};
use super::root::Options;
use super::values::Values;
use crate::yaml::{Entry, Kind, Node, Span};

/// The files that fields name, each by the place of the field's value.
pub(super) type Named = BTreeMap<Span, PathBuf>;

/// The files that fields of entries name, as they are shown. What is wrong with a value, or with a path, is reported where the
/// value is decoded, so this log is not read.
pub(super) fn named(quiet: &Log, first: &Node, parts: &[Node], file: &Path, options: &Options) -> Named {
    let named = RefCell::new(Named::new());
    let has_any = Cell::new(false);
    let files = || std::iter::once(first).chain(parts);
    files().for_each(|root| {
        each(root, options, |_| {
            has_any.set(true);
            Change::Same
        });
    });
    if !has_any.get() {
        return Named::new();
    }
    let written = prepare::as_written(quiet, first, parts, options.sections);
    let names = prepare::names(quiet, &written, options);
    let code = CodeFiles::new(folder(file));
    let cx = Cx::new(quiet, Scope { names: &names, captures: None }, &code);
    for root in files() {
        // Nothing changes; the fields are looked at.
        each(root, options, |field| {
            let value = Values::new(quiet, &names).value(&field.value);
            if let Kind::Plain(_) | Kind::Text(_) = value.kind {
                let path = code::file(Value { cx: &cx, key: &field.key, node: &value });
                let path = path.map(|path| folder(file).join(path));
                let plain = |path: PathBuf| path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
                named.borrow_mut().extend(path.map(|path| (field.value.span, plain(path))));
            }
            Change::Same
        });
    }
    named.into_inner()
}

/// Where the stack is, as AWS's own tools write it and as we do.
const OF_AWS: [(&str, &str); 3] = [
    ("${AWS::Partition}", "${partition}"),
    ("${AWS::Region}", "${region}"),
    ("${AWS::AccountId}", "${account}"),
];

/// What stands in a file, which other tools may read too, with our own placeholders.
pub(super) fn with_own_placeholders(node: &Node) -> Node {
    fn change(node: &Node) -> Change<Node> {
        let own =
            |text: &str| OF_AWS.iter().fold(text.to_owned(), |text, (of_aws, own)| text.replace(of_aws, own));
        match &node.kind {
            Kind::Plain(text) if text.contains("${AWS::") => Change::New(node.with(Kind::Plain(own(text)))),
            Kind::Text(text) if text.contains("${AWS::") => Change::New(node.with(Kind::Text(own(text)))),
            _ => rewrite::values(node, change),
        }
    }
    rewrite::changed(node, change(node))
}

/// A file of the stack in which the fields have what stands in the files that they name.
pub(super) fn filled(root: &Node, options: &Options, contents: &BTreeMap<Span, Node>) -> Node {
    each(root, options, |field| match contents.get(&field.value.span) {
        Some(content) => Change::New(Entry { key: field.key.clone(), value: content.clone() }),
        None => Change::Same,
    })
}

/// A file in which the fields change that may name files, where they are texts.
fn each(root: &Node, options: &Options, change: impl Fn(&Entry) -> Change<Entry>) -> Node {
    let of_entry = |section: &'static dyn AnySection, one: &Node| {
        rewrite::members(one, |field| match field.value.kind {
            Kind::Plain(_) | Kind::Text(_) if section.in_files().contains(&field.key.text.as_str()) => {
                change(field)
            }
            _ => Change::Same,
        })
    };
    let changed = rewrite::members(root, |entry| match options.sections.of(&entry.key.text) {
        Some(section) if !section.in_files().is_empty() => {
            rewrite::entries(section, entry, |_, one| of_entry(section, one))
        }
        _ => Change::Same,
    });
    rewrite::changed(root, changed)
}
