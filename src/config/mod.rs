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

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use provision_yaml::{Fault, Source, compose};

/// The JSON Schema of a stack file, for editors.
pub const SCHEMA: &str = include_str!("stack.schema.json");

pub use diagnostic::{Diagnostic, Diagnostics};
pub use identity::{Identity, identity};
pub use names::{account_number, environment_name, stack_name, stack_name_like};
pub use provision_yaml::At;
pub use stack::{
    Api, Architecture, Billing, Check, Cors, Environment, Function, Json, Key, KeyType, Part, Route, Stack,
    Statement, Table, Template,
};

pub(crate) use crate::suggest::did_you_mean_or_list;

use decode::Cx;

/// A larger file is not a stack.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// What the file's meaning depends on, besides the file.
pub struct Options<'a> {
    /// The environment picked with `--env`.
    pub environment: Option<&'a str>,
    /// Looks up `${process.NAME}`.
    pub process: &'a dyn Fn(&str) -> Option<String>,
}

/// Reads a stack, or says everything that is wrong with it.
pub fn load(file: &Path, options: &Options) -> Result<Stack, Diagnostics> {
    let source = read(file)?;
    let cx = Cx::new(&source, folder(file));
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

fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The bytes of a file, and never many more than a stack file may have: a device has no end, and says that it is empty.
fn bytes(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn read(file: &Path) -> Result<Source, Diagnostics> {
    let fail = |message: String, help: &str| {
        let help = (!help.is_empty()).then(|| help.to_owned());
        let diagnostic = Diagnostic { at: At::default(), length: 0, message, help };
        Diagnostics::new(file, Source::new(""), vec![diagnostic])
    };
    let shown = file.display();
    let elsewhere = "run `provision` where `stack.yaml` is, or name the file with `-f`";
    if file.is_dir() {
        return Err(fail(format!("`{shown}` is a folder"), elsewhere));
    }
    match bytes(file).map(String::from_utf8) {
        Ok(text) if text.as_ref().map_or_else(|error| error.as_bytes().len(), String::len) > MAX_BYTES => {
            Err(fail(format!("`{shown}` has more than {} MB", MAX_BYTES / 1024 / 1024), elsewhere))
        }
        Ok(Ok(text)) => Ok(Source::new(&text)),
        Ok(Err(error)) => {
            let line = 1 + error.as_bytes()[..error.utf8_error().valid_up_to()]
                .iter()
                .filter(|b| **b == b'\n')
                .count();
            Err(fail(
                format!("`{shown}` is not UTF-8 text, from line {line} on"),
                "save it as UTF-8 in your editor",
            ))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(fail(format!("there is no file `{shown}`"), elsewhere))
        }
        Err(error) => Err(fail(format!("`{shown}` cannot be read: {error}"), "")),
    }
}
