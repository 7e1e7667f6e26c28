//! From `stack.yaml` to a [`Stack`]: read, checked in full, and with every fault reported at once. Nothing here
//! asks AWS, and no file is read but the stack's own.

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

use provision_yaml::{Fault, compose};

/// The JSON Schema of a stack file, for editors.
pub const SCHEMA: &str = include_str!("stack.schema.json");

pub use diagnostic::{Diagnostic, Diagnostics};
pub use identity::{Identity, identity};
pub use names::{account_number, environment_name, stack_name, stack_name_like};
pub use provision_yaml::At;
pub use root::Options;
pub use stack::{
    Api, Architecture, Billing, Check, Cors, Environment, Function, Json, Key, KeyType, Part, Route, Stack,
    Statement, Table, Template,
};

pub(crate) use crate::suggest::did_you_mean_or_list;

use decode::Cx;

/// Reads a stack, or says everything that is wrong with it.
pub fn load(file: &Path, options: &Options) -> Result<Stack, Diagnostics> {
    let source = file::read(file)?;
    let cx = Cx::new(&source);
    let (root, faults) = match compose(&source) {
        Ok((root, faults)) => (Some(root), faults),
        Err(broken) => (None, vec![broken]),
    };
    faults.into_iter().for_each(|Fault { span, message, help }| cx.report(span, message, help));
    let stack = root.and_then(|root| root::stack(&cx, &root, file, options));
    let diagnostics = cx.into_diagnostics();
    match stack {
        Some(stack) if diagnostics.is_empty() => Ok(stack),
        _ => Err(Diagnostics::new(file, source, diagnostics)),
    }
}
