//! The name of the stack in a file that may be broken elsewhere: `down` must work all the same.

use std::collections::BTreeMap;
use std::path::Path;

use super::declared::Sections;
use super::decode::Log;
use super::environment::{entry, raw};
use super::file;
use super::names;
use super::reference::Names;
use super::root::Options;
use super::sources::Sources;
use super::values::Values;
use crate::yaml::{Entry, Error, Node, Source, compose};

/// What can be read of a stack that need not be valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `stack`.
    pub stack: String,
    /// The environment's `region`, or the stack's; as written.
    pub region: Option<String>,
    /// The environment's `account`, or the stack's; as written.
    pub account: Option<String>,
    /// The `protect` of the environment or of an entry; also true where a part of the file cannot be read, since it may be
    /// set there.
    pub protect: bool,
}

/// For `down` with a broken file: as much as can be read of the stack's name, region and account.
pub fn identity(file: &Path, environment: Option<&str>) -> Option<Identity> {
    let (root, whole) = readable(file::read_lossy(file)?)?;
    let stack = raw(&root, None, "stack")?.text().filter(|name| names::is_stack_name(name))?.to_owned();
    let text = |key| raw(&root, environment, key).map(|value| filled(&root, environment, value));
    let protect = entry(&root, environment)
        .and_then(|entry| entry.value.get("protect")?.text())
        .is_some_and(|protect| protect != "false");
    let protect = protect || has_protected_entry(&root);
    Some(Identity {
        stack,
        region: text("region"),
        account: text("account"),
        protect: protect || (!whole && environment.is_some()),
    })
}

/// The keys of every section of a file that need not be valid, as far as it can be read.
pub fn keys(file: &Path) -> BTreeMap<String, Vec<String>> {
    let root = file::read_lossy(file).and_then(readable).map(|(root, _)| root);
    let sections = root.iter().flat_map(Node::entries);
    let keys = |section: &Entry| {
        section.value.entries().iter().map(|entry| entry.key.text.clone()).collect::<Vec<_>>()
    };
    sections.map(|section| (section.key.text.clone(), keys(section))).collect()
}

/// Whether an entry of any section, or a default of all, is protected.
fn has_protected_entry(root: &Node) -> bool {
    let sections = root.entries().iter().filter(|section| section.key.text != "environments");
    let is_protected =
        |node: &Node| node.get("protect").and_then(Node::text).is_some_and(|protect| protect != "false");
    let entries = sections
        .flat_map(|section| section.value.entries().iter().map(|entry| &entry.value).chain([&section.value]));
    entries.into_iter().any(is_protected)
}

/// The text of a value. One with a placeholder that cannot be filled in stays as it is written: no region is better than
/// another one.
fn filled(root: &Node, environment: Option<&str>, value: &Node) -> String {
    let sources = Sources::new(Path::new(""), Source::new(""));
    let log = Log::new(&sources);
    let process = |name: &str| std::env::var(name).ok();
    let options = Options { environment, sections: Sections::default(), process: &process, known: None };
    let names = Names::of(root, &options);
    let filled = Values::new(&log, &names).value(value);
    filled.text().or_else(|| value.text()).unwrap_or_default().to_owned()
}

/// The tree of what is valid YAML, and whether that is the whole. Each top-level section that is broken is blanked, and
/// the rest is tried again.
fn readable(mut source: Source) -> Option<(Node, bool)> {
    const MAX_ATTEMPTS: usize = 8;
    // A generated file takes too long to be read several times.
    const LARGE: usize = 256 * 1024;
    let attempts = if source.text().len() > LARGE { 1 } else { MAX_ATTEMPTS };
    for attempt in 0..attempts {
        match compose(&source) {
            Ok((root, _)) => return Some((root, attempt == 0)),
            Err(broken) => source = without_broken(source.text(), line(&source, &broken))?,
        }
    }
    None
}

fn line(source: &Source, broken: &Error) -> usize {
    source.at(broken.span.start).line as usize
}

/// The text without the section that made the reader stop at a line. Where that line begins a section, the error may as
/// well be an open bracket in the one before: the section without which the reader gets further is the broken one.
fn without_broken(text: &str, line: usize) -> Option<Source> {
    let stopped = line.checked_sub(1)?;
    let further = |source: &Source| match compose(source) {
        Ok(_) => true,
        Err(broken) => self::line(source, &broken) > line,
    };
    let before = stopped.checked_sub(1).and_then(|before| without_section(text, before)).filter(further);
    before.or_else(|| without_section(text, stopped))
}

/// The text with the top-level section that holds a line (from 0) blanked; `None` where that changes nothing.
fn without_section(text: &str, line: usize) -> Option<Source> {
    let begins = |line: &str| line.starts_with(|c: char| !c.is_whitespace() && c != '#' && c != '-');
    let lines: Vec<&str> = text.lines().collect();
    let line = line.min(lines.len().checked_sub(1)?);
    let start = (0..=line).rev().find(|index| begins(lines[*index])).unwrap_or(0);
    let end = (start + 1..lines.len()).find(|index| begins(lines[*index])).unwrap_or(lines.len());
    let keep = |(index, line)| if (start..end).contains(&index) { "" } else { line };
    let blanked: Vec<&str> = lines.iter().copied().enumerate().map(keep).collect();
    (blanked != lines).then(|| Source::new(&blanked.join("\n")))
}
