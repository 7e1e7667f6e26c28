//! Values that AWS takes of one region alone, that of the stack: they are noted when the file is read, and checked once the region
//! is known.

use super::decode::help;
use super::diagnostic::{Diagnostic, Diagnostics};
use super::names::arn_of;
use super::section::Shape;
use super::stack::Stack;
use crate::yaml::At;

/// The ARN of a resource, or the URI of an image, in a place where AWS takes none of another region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regional {
    /// Where it stands in the file.
    pub at: At,
    /// The text.
    pub text: String,
    /// Why another region does not do: what takes it, and whose region must be the same.
    pub rule: &'static str,
}

impl<T: 'static> Shape<T> {
    /// The same, where AWS takes an ARN of the stack's region alone. `rule` says so to the user.
    pub(crate) fn of_region(self, rule: &'static str) -> Self {
        self.refine(move |value, decoded| {
            if let Some(text) = value.text().filter(|text| region_of(text).is_some()) {
                value.cx.note_regional(value.node.span, text, rule);
            }
            Some(decoded)
        })
    }
}

impl Stack {
    /// Checks that the stack names nothing of another region where AWS would refuse it later.
    ///
    /// # Errors
    /// Everything that is of another region.
    pub fn check_region(&self, region: &str) -> Result<(), Diagnostics> {
        let elsewhere = self.regional.iter().filter_map(|one| {
            let other = region_of(&one.text).filter(|other| *other != region)?;
            Some(Diagnostic {
                at: one.at,
                length: 0,
                message: format!("`{}` is in {other}, and the stack in {region}", one.text),
                help: help(format!("{}: name one in {region}", one.rule)),
            })
        });
        let elsewhere: Vec<Diagnostic> = elsewhere.collect();
        if elsewhere.is_empty() { Ok(()) } else { Err(Diagnostics::of_files(&self.files, elsewhere)) }
    }
}

/// The region in an ARN, or in the URI of an image in Amazon ECR; `None` for what has none.
fn region_of(text: &str) -> Option<&str> {
    let region = match arn_of(text) {
        Some(arn) => Some(arn.region),
        None => text.split_once(".dkr.ecr.").and_then(|(_, host)| host.split('.').next()),
    };
    region.filter(|region| !region.is_empty())
}
