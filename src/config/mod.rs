//! From `stack.yaml` to a [`Stack`]: read, checked in full, and with all errors reported at once. Nothing here calls AWS
//! or reads a file outside the stack's folder.

pub(crate) mod access;
mod checks;
pub(crate) mod code;
mod cycles;
pub(crate) mod declared;
pub(crate) mod decode;
mod defaults;
pub(crate) mod destination;
mod diagnostic;
mod elsewhere;
mod environment;
pub(crate) mod existing;
pub(crate) mod fields;
mod file;
mod identity;
mod in_files;
mod include;
mod interpolate;
pub(crate) mod names;
pub(crate) mod policy;
mod prepare;
mod presence;
mod reference;
mod regional;
mod rewrite;
mod root;
pub(crate) mod section;
pub(crate) mod sources;
mod stack;
pub(crate) mod tags;
#[cfg(test)]
mod tests;
pub(crate) mod trigger;
mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::yaml::{Error, Node, Source, compose};

pub use crate::yaml::At;
pub use access::{Access, Grant, Level};
pub(crate) use declared::Declared;
pub use declared::{Code, Connection, End, Entries, Sections};
pub use destination::{Delivery, Destination};
pub use diagnostic::{About, Diagnostic, Diagnostics};
pub use existing::Existing;
pub use file::folder as folder_of;
pub use identity::{Identity, identity, keys};
pub use names::{account_number, environment_name, stack_name, stack_name_like};
pub use regional::Regional;
pub use root::{Known, Location, Options, schema};
pub use section::Entry;
pub use section::shape::Target;
pub use stack::{
    ActOn, Body, Check, Elsewhere, Environment, Exchange, Expect, Json, Part, Request, Stack, Statement,
    Template,
};
pub use trigger::Item;

pub(crate) use crate::suggest::did_you_mean_or_list;

use decode::Log;
use sources::Sources;

/// Reads a stack, or returns all errors in it.
pub fn load(file: &Path, options: &Options) -> Result<Stack, Diagnostics> {
    let mut sources = Sources::new(file, file::read(file)?);
    let mut errors = Vec::new();
    let Some(root) = tree(&mut sources, &mut errors) else { return Err(Diagnostics::new(sources, errors)) };
    let files = {
        let log = Log::new(&sources);
        let files = include::files(&log, &root, file, options);
        errors.extend(log.into_diagnostics());
        files
    };
    let mut parts = Vec::new();
    for part in files {
        sources.add(part.clone(), file::read(&part)?);
        // Where a part cannot be read, what refers to it would be an error as well.
        let Some(part) = tree(&mut sources, &mut errors) else {
            return Err(Diagnostics::new(sources, errors));
        };
        parts.push(part);
    }
    let files = with_files(&mut sources, &mut errors, &root, &parts, file, options)?;
    let Some([root, parts @ ..]) = files.as_deref() else {
        return Err(Diagnostics::new(sources, errors));
    };
    let log = Log::new(&sources);
    errors.into_iter().for_each(|error| log.add(error));
    let stack = root::stack(&log, root, parts, file, options);
    let diagnostics = log.into_diagnostics();
    match stack {
        Some(stack) if diagnostics.is_empty() => Ok(stack),
        _ => Err(Diagnostics::new(sources, diagnostics)),
    }
}

/// The stack file and its parts, with what stands in the files that fields name; none where such a file is not valid YAML.
fn with_files(
    sources: &mut Sources,
    errors: &mut Vec<Diagnostic>,
    root: &Node,
    parts: &[Node],
    file: &Path,
    options: &Options,
) -> Result<Option<Vec<Node>>, Diagnostics> {
    let named = in_files::named(&Log::new(sources), root, parts, file, options);
    let mut read: BTreeMap<PathBuf, Node> = BTreeMap::new();
    for path in named.values() {
        if read.contains_key(path) {
            continue;
        }
        sources.add(path.clone(), file::read(path)?);
        let Some(content) = tree(sources, errors) else { return Ok(None) };
        read.insert(path.clone(), in_files::with_own_placeholders(&content));
    }
    let content = |(span, path)| Some((span, read.get(&path)?.clone()));
    let contents = named.into_iter().filter_map(content).collect();
    let files = std::iter::once(root).chain(parts);
    Ok(Some(files.map(|file| in_files::filled(file, options, &contents)).collect()))
}

/// The tree of the last source; none if it is not valid YAML.
fn tree(sources: &mut Sources, errors: &mut Vec<Diagnostic>) -> Option<Node> {
    let source = sources.last()?;
    let error = match compose(source) {
        Ok((root, found)) => {
            errors.extend(found.into_iter().map(|error| diagnostic(source, error)));
            return Some(root);
        }
        Err(error) => error,
    };
    // Where only the indentation looks like spaces and is none, the rest of the file is checked all the same.
    let plain = source.with_plain_indentation();
    let composed = plain.and_then(|plain| Some((compose(&plain).ok()?, plain)));
    let Some(((root, found), plain)) = composed else {
        errors.push(diagnostic(source, error));
        return None;
    };
    let error = error.in_other(source, &plain);
    errors.extend(found.into_iter().chain([error]).map(|error| diagnostic(&plain, error)));
    sources.replace_last(plain);
    Some(root)
}

fn diagnostic(source: &Source, Error { span, message, help }: Error) -> Diagnostic {
    Diagnostic { at: source.at(span.start), length: source.length(span), message, help }
}
