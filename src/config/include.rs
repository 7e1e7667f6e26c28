//! `include`: parts of a stack in files of their own, in the folder of the stack file or below.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::declared::Sections;
use super::decode::{Log, help};
use super::file::folder;
use super::reference::Names;
use super::root::Options;
use super::section::Shape;
use super::values::{Values, is_extension};
use crate::suggest;
use crate::yaml::{Entry, Kind, Node, Span};
use glob::{MatchOptions, Pattern};
use rustc_hash::FxHashMap;
use serde_json::json;
use walkdir::{DirEntry, WalkDir};

/// The key at the top.
pub(super) const INCLUDE: &str = "include";
/// More parts than a stack has.
const MAX_PARTS: usize = 1_000;
/// What a part may have besides sections. `checks` follow each other in the order of the files.
const TOP: [&str; 4] = ["variables", "defaults", "outputs", CHECKS];
/// The list that parts continue.
pub(super) const CHECKS: &str = "checks";

/// The shape of `include`. It is decoded before the rest.
pub(super) fn shape() -> Shape<()> {
    let path = json!({ "type": "string", "minLength": 1 });
    Shape::new(json!({ "oneOf": [path, { "type": ["array", "null"], "items": path }] }), |_| Some(()))
}

/// The files of the parts, as they are shown, in the order in which they are named.
pub(super) fn files(log: &Log, root: &Node, file: &Path, options: &Options) -> Vec<PathBuf> {
    let Some(include) = root.get(INCLUDE) else { return Vec::new() };
    let include = &Values::new(log, &Names::of(root, options)).value(include);
    let patterns = match &include.kind {
        Kind::Null => &[],
        Kind::List(items) => &**items,
        _ => std::slice::from_ref(include),
    };
    let real = |path: &Path| path.canonicalize().ok();
    let (own, root) = (real(file), real(folder(file)));
    let mut known: BTreeSet<PathBuf> = own.iter().cloned().collect();
    let mut files = Vec::new();
    for pattern in patterns {
        let Some(text) = pattern.text() else {
            // Why a value could not be filled in has been reported.
            if matches!(pattern.kind, Kind::Template { .. }) {
                continue;
            }
            log.report(
                pattern.span,
                "`include` must be a list of files",
                help("write `include: [tables.yaml]`"),
            );
            continue;
        };
        for path in matching(log, pattern.span, text, folder(file)) {
            let (Some(found), Some(root)) = (real(&path), &root) else { continue };
            if !found.starts_with(root) {
                let message = format!("`{}` is outside the stack's folder", path.display());
                log.report(pattern.span, message, help("move the part into the folder of `stack.yaml`"));
            } else if known.insert(found.clone()) {
                files.push(path);
            } else if Some(&found) == own.as_ref() && !is_pattern(text) {
                log.report(
                    pattern.span,
                    "a stack file cannot include itself",
                    help("name the file of a part"),
                );
            }
        }
    }
    if files.len() > MAX_PARTS {
        log.report(
            include.span,
            format!("a stack can have at most {MAX_PARTS} parts, not {}", files.len()),
            None,
        );
        files.truncate(MAX_PARTS);
    }
    files
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The files that a pattern names, in the order of the alphabet.
fn matching(log: &Log, span: Span, text: &str, folder: &Path) -> Vec<PathBuf> {
    let inside = |part: Component| matches!(part, Component::Normal(_) | Component::CurDir);
    if text.is_empty() || !Path::new(text).components().all(inside) {
        let way = "a part lies in the folder of `stack.yaml`, or in a folder in it: `services/a.yaml`";
        log.report(span, format!("`{text}` cannot be included"), help(way));
        return Vec::new();
    }
    let text = text.trim_start_matches("./");
    let found = if is_pattern(text) {
        match Pattern::new(text) {
            Ok(pattern) => walked(log, span, text, &pattern, folder),
            Err(error) => {
                log.report(span, format!("`{text}` is no pattern of files: {}", error.msg), None);
                return Vec::new();
            }
        }
    } else {
        Some(folder.join(text)).filter(|path| path.is_file()).into_iter().collect()
    };
    // The user named no `./`.
    let plain = |path: PathBuf| path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
    let found: Vec<PathBuf> = found.into_iter().map(plain).collect();
    if found.is_empty() {
        let way =
            "paths are relative to the folder of `stack.yaml`; `*` matches names in one folder, `**` folders";
        log.report(span, format!("there is no file `{text}`"), help(way));
    }
    found
}

/// The files below a folder that match a pattern. Links to folders are not followed, so the walk ends.
fn walked(log: &Log, span: Span, text: &str, pattern: &Pattern, folder: &Path) -> Vec<PathBuf> {
    let options = MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    // The folders before the first pattern are named.
    let named = text.split('/').take_while(|part| !is_pattern(part));
    let begin: PathBuf = named.fold(folder.to_owned(), |folder, part| folder.join(part));
    let depth = if text.contains("**") { usize::MAX } else { text.split('/').count() };
    let parts: Vec<Option<Pattern>> = text.split('/').map(|part| Pattern::new(part).ok()).collect();
    let above = text.split('/').take_while(|part| !is_pattern(part)).count();
    // A folder that cannot hold a part need not be readable.
    let may_hold = |entry: &DirEntry| {
        let name = entry.file_name().to_string_lossy();
        let is_free = text.split('/').take(above + entry.depth()).any(|part| part == "**");
        let part = entry.depth().checked_sub(1).and_then(|depth| parts.get(above + depth)?.as_ref());
        !(entry.depth() > 0 && name.starts_with('.'))
            && (is_free || part.is_none_or(|part| part.matches_with(&name, options)))
    };
    let entries = WalkDir::new(begin).max_depth(depth).sort_by_file_name().into_iter();
    let found = entries.filter_entry(may_hold).filter_map(|entry| {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound) => {
                return None;
            }
            Err(error) => {
                log.report(span, format!("cannot look for `{text}`: {error}"), None);
                return None;
            }
        };
        let path = entry.path().strip_prefix(folder).ok()?.to_str()?;
        let is_part = pattern.matches_with(path, options) && entry.path().is_file();
        is_part.then(|| entry.into_path())
    });
    found.collect()
}

/// A part without what it cannot have, which is reported.
pub(super) fn checked(log: &Log, part: &Node, sections: Sections) -> Node {
    if !matches!(part.kind, Kind::Map(_) | Kind::Null) {
        let way = help("it has the sections of a stack file, such as `functions:`");
        log.report(part.span, "a part must be a mapping", way);
    }
    let valid = |entry: &&Entry| {
        let key = entry.key.text.as_str();
        // Anchors are those of one file.
        if is_extension(key) {
            return false;
        }
        if TOP.contains(&key) || sections.of(key).is_some() {
            return true;
        }
        let all: Vec<&str> = sections.iter().map(|section| section.key()).chain(TOP).collect();
        let message = format!("a part cannot have `{key}`");
        log.report(entry.key.span, message, suggest::did_you_mean_or_list(key, "it can have", &all));
        false
    };
    part.with(Kind::Map(part.entries().iter().filter(valid).cloned().collect()))
}

/// The stack file with its parts. Mappings join at any depth; anything else stands in one file only.
pub(super) fn joined(log: &Log, root: &Node, parts: &[Node]) -> Node {
    // The decoder says what is wrong with such a file.
    if parts.is_empty() || !matches!(root.kind, Kind::Map(_)) {
        return root.clone();
    }
    let all: Vec<&Entry> = std::iter::once(root).chain(parts).flat_map(Node::entries).collect();
    root.with(members(log, &all, true))
}

fn members(log: &Log, entries: &[&Entry], is_top: bool) -> Kind {
    let mut places: FxHashMap<&str, usize> = FxHashMap::default();
    let mut by_key: Vec<Vec<&Entry>> = Vec::new();
    for entry in entries {
        match places.get(entry.key.text.as_str()) {
            Some(place) => by_key[*place].push(entry),
            None => {
                places.insert(&entry.key.text, by_key.len());
                by_key.push(vec![entry]);
            }
        }
    }
    Kind::Map(by_key.into_iter().map(|same| one(log, &same, is_top)).collect())
}

/// The entries of one key as one.
fn one(log: &Log, same: &[&Entry], is_top: bool) -> Entry {
    let first = same[0];
    let key = first.key.text.as_str();
    let with_value: Vec<&Entry> =
        same.iter().filter(|entry| !matches!(entry.value.kind, Kind::Null)).copied().collect();
    let (value, others) = match with_value.as_slice() {
        [] => return first.clone(),
        [only] => return Entry { key: first.key.clone(), value: only.value.clone() },
        [value, others @ ..] => (&value.value, others),
    };
    let entry = |kind: Kind| Entry { key: first.key.clone(), value: value.with(kind) };
    if with_value.iter().all(|entry| matches!(entry.value.kind, Kind::Map(_))) {
        let inner: Vec<&Entry> = with_value.iter().flat_map(|entry| entry.value.entries()).collect();
        return entry(members(log, &inner, false));
    }
    let lists = with_value.iter().filter_map(|entry| match &entry.value.kind {
        Kind::List(items) => Some(&**items),
        _ => None,
    });
    let lists: Vec<&[Node]> = lists.collect();
    if is_top && key == CHECKS && lists.len() == with_value.len() {
        return entry(Kind::List(lists.concat().into()));
    }
    for other in others {
        let line = log.source().line(value.span.start);
        log.report(other.key.span, format!("`{key}` is also in {line}"), help("keep one of the two"));
    }
    entry(value.kind.clone())
}
