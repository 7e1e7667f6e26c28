//! From `stack.yaml` to a [`Stack`]: read, checked in full, and with all errors reported at once. Nothing here calls AWS
//! or reads a file outside the stack's folder.

pub(crate) mod access;
mod checks;
pub(crate) mod code;
mod cycles;
pub(crate) mod declared;
pub(crate) mod decode;
mod diagnostic;
mod environment;
pub(crate) mod fields;
mod file;
mod identity;
mod interpolate;
pub(crate) mod names;
pub(crate) mod policy;
mod reference;
mod root;
pub(crate) mod section;
mod stack;
#[cfg(test)]
mod tests;
pub(crate) mod trigger;

use std::path::Path;

use crate::yaml::{Error, Node, Source, compose};

pub use crate::yaml::At;
pub use access::{Access, Grant, Level};
pub(crate) use declared::Declared;
pub use declared::{Code, Entries, Sections};
pub use diagnostic::{Diagnostic, Diagnostics};
pub use identity::{Identity, identity};
pub use names::{account_number, environment_name, stack_name, stack_name_like};
pub use root::{Options, schema};
pub use section::Entry;
pub use section::shape::Target;
pub use stack::{Check, Environment, Json, Part, Stack, Statement, Template};
pub use trigger::Item;

pub(crate) use crate::suggest::did_you_mean_or_list;

use decode::Log;

/// Reads a stack, or returns all errors in it.
pub fn load(file: &Path, options: &Options) -> Result<Stack, Diagnostics> {
    let source = file::read(file)?;
    let error = match compose(&source) {
        Ok((root, errors)) => return decode(file, source, &root, errors, options),
        Err(error) => error,
    };
    // Where only the indentation looks like spaces and is none, the rest of the file is checked all the same.
    let plain = source.with_plain_indentation();
    let composed = plain.and_then(|plain| Some((compose(&plain).ok()?, plain)));
    match composed {
        Some(((root, mut errors), plain)) => {
            errors.push(error.in_other(&source, &plain));
            decode(file, plain, &root, errors, options)
        }
        None => {
            let log = Log::new(&source);
            log.report(error.span, error.message, error.help);
            let diagnostics = log.into_diagnostics();
            Err(Diagnostics::new(file, source, diagnostics))
        }
    }
}

fn decode(
    file: &Path,
    source: Source,
    root: &Node,
    errors: Vec<Error>,
    options: &Options,
) -> Result<Stack, Diagnostics> {
    let log = Log::new(&source);
    errors.into_iter().for_each(|Error { span, message, help }| log.report(span, message, help));
    let stack = root::stack(&log, root, file, options);
    let diagnostics = log.into_diagnostics();
    match stack {
        Some(stack) if diagnostics.is_empty() => Ok(stack),
        _ => Err(Diagnostics::new(file, source, diagnostics)),
    }
}
