//! From `stack.yaml` to a [`Stack`]: read, checked in full, and with all errors reported at once. Nothing here calls AWS
//! or reads a file outside the stack's folder.

mod access;
mod api;
mod checks;
mod code;
mod cycles;
mod decode;
mod diagnostic;
mod environment;
mod fields;
mod file;
mod function;
mod identity;
mod interpolate;
mod names;
mod policy;
mod reference;
mod root;
mod route;
mod runtime;
mod stack;
mod table;
#[cfg(test)]
mod tests;

use std::path::Path;

use crate::yaml::{Error, Node, Source, compose};

/// The JSON Schema of a stack file, for editors.
pub const SCHEMA: &str = include_str!("stack.schema.json");

pub use crate::yaml::At;
pub use diagnostic::{Diagnostic, Diagnostics};
pub use identity::{Identity, identity};
pub use names::{account_number, environment_name, stack_name, stack_name_like};
pub use root::Options;
pub use stack::{
    Api, Architecture, Billing, Check, Cors, Environment, Function, Json, Key, KeyType, Part, Route, Stack,
    Statement, Table, Template,
};

pub(crate) use crate::suggest::did_you_mean_or_list;

use decode::Cx;

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
            let cx = Cx::new(&source);
            cx.report(error.span, error.message, error.help);
            let diagnostics = cx.into_diagnostics();
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
    let cx = Cx::new(&source);
    errors.into_iter().for_each(|Error { span, message, help }| cx.report(span, message, help));
    let stack = root::stack(&cx, root, file, options);
    let diagnostics = cx.into_diagnostics();
    match stack {
        Some(stack) if diagnostics.is_empty() => Ok(stack),
        _ => Err(Diagnostics::new(file, source, diagnostics)),
    }
}
