//! The grammar of names, regions, accounts and ARNs.

use super::decode::{Value, help};
use super::reference::Names;
use crate::model::{check_region, is_partition};
use crate::suggest;

/// How many characters the name of a stack may have.
pub(super) const MAX_STACK_NAME: usize = 32;
/// How many characters the name of an environment may have.
pub(super) const MAX_ENVIRONMENT_NAME: usize = 16;

/// Whether a text is made of letters, digits, and the characters in `others`.
pub(super) fn is_made_of(text: &str, others: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

/// Whether this is a valid name of a stack.
pub(super) fn is_stack_name(name: &str) -> bool {
    is_short_name(name, MAX_STACK_NAME)
}

/// Whether this is a valid name of an environment.
pub(super) fn is_environment_name(name: &str) -> bool {
    is_short_name(name, MAX_ENVIRONMENT_NAME)
}

fn is_short_name(name: &str, most: usize) -> bool {
    name.len() <= most
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// The name of a stack that was given outside the file.
///
/// # Errors
/// What the name must be like.
pub fn stack_name(text: &str) -> Result<String, String> {
    short_name(text, MAX_STACK_NAME)
}

/// The name of a stack that comes nearest to a text, if it has anything to make a name of.
pub fn stack_name_like(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut name = words.collect::<Vec<_>>().join("-");
    name.drain(..name.find(|c: char| c.is_ascii_lowercase())?);
    name.truncate(MAX_STACK_NAME);
    Some(name.trim_end_matches('-').to_owned())
}

/// The name of an environment that was given outside the file.
///
/// # Errors
/// What the name must be like.
pub fn environment_name(text: &str) -> Result<String, String> {
    short_name(text, MAX_ENVIRONMENT_NAME)
}

/// The number of an account that was given outside the file.
///
/// # Errors
/// What it must be like.
pub fn account_number(text: &str) -> Result<String, String> {
    if is_account(text) { Ok(text.to_owned()) } else { Err("an account is twelve digits".to_owned()) }
}

fn short_name(text: &str, most: usize) -> Result<String, String> {
    if is_short_name(text, most) { Ok(text.to_owned()) } else { Err(short_name_rule(most)) }
}

/// What [`is_short_name`] wants, in words.
pub(super) fn short_name_rule(most: usize) -> String {
    format!("use lower-case letters, digits and `-`, a letter first, and at most {most} characters")
}

/// The name that something has in AWS must be made of allowed characters and be neither too short nor too long.
pub(super) struct NameRule {
    /// What is named, for example "table".
    pub(super) what: &'static str,
    /// What is allowed besides letters and digits.
    pub(super) others: &'static str,
    /// How short the name may be.
    pub(super) least: usize,
    /// How long the name may be.
    pub(super) most: usize,
    /// Why it may not be longer.
    pub(super) because: &'static str,
}

impl NameRule {
    /// Checks the key under which something is declared, as it will be in AWS.
    pub(super) fn check(&self, value: Value, names: &Names) -> bool {
        let key = value.key.text.as_str();
        let Self { what, least, most, because, .. } = self;
        if !is_made_of(key, self.others) {
            let others: Vec<String> = self.others.chars().map(String::from).collect();
            let others: Vec<&str> = others.iter().map(String::as_str).collect();
            let rule = format!("use letters, digits, {}", suggest::quoted(&others));
            return value.fail_key::<()>(format!("`{key}` cannot name a {what}"), help(rule)).is_some();
        }
        let name = names.prefixed(key);
        if (*least..=*most).contains(&name.len()) {
            return true;
        }
        let message =
            format!("the name of a {what} has {least} to {most} characters, and `{name}` has {}", name.len());
        value.fail_key::<()>(message, (!because.is_empty()).then(|| (*because).to_owned())).is_some()
    }
}

/// A region such as `eu-central-1`.
pub(super) fn region(value: Value) -> Option<String> {
    let text = value.text()?;
    match check_region(text) {
        Ok(()) => Some(text.to_owned()),
        Err(hint) => value.fail(format!("`{text}` is not a region"), help(hint)),
    }
}

/// The twelve digits of an account.
pub(super) fn account(value: Value) -> Option<String> {
    let text = value.text()?;
    if is_account(text) {
        return Some(text.to_owned());
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let help = match digits.len() {
        12 => format!("did you mean `{digits}`?"),
        _ => "`aws sts get-caller-identity` shows yours".to_owned(),
    };
    value.fail(format!("an account is twelve digits, not `{text}`"), Some(help))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.chars().all(|c| c.is_ascii_digit())
}

/// The ARN of something in IAM: `role` or `policy`.
pub(super) fn iam_arn(value: Value, what: &str) -> Option<String> {
    let text = value.text()?;
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let well_formed = match parts.as_slice() {
        ["arn", partition, "iam", "", account, resource] => {
            is_partition(partition)
                && (is_account(account) || (what == "policy" && *account == "aws"))
                && resource
                    .strip_prefix(what)
                    .and_then(|rest| rest.strip_prefix('/'))
                    .is_some_and(is_resource)
        }
        _ => false,
    };
    if well_formed {
        return Some(text.to_owned());
    }
    let example = help(format!("it looks like `arn:aws:iam::123456789012:{what}/NAME`"));
    value.fail(format!("`{text}` is not the ARN of a {what}"), example)
}

fn is_resource(text: &str) -> bool {
    is_made_of(text, "/+=,.@_-")
}

/// The ARN of a version of a layer.
pub(super) fn layer(value: Value) -> Option<String> {
    let text = value.text()?;
    let parts: Vec<&str> = text.split(':').collect();
    let example = "it looks like `arn:aws:lambda:eu-central-1:123456789012:layer:NAME:1`";
    match parts.as_slice() {
        ["arn", partition, "lambda", region, account, "layer", name, rest @ ..]
            if is_partition(partition)
                && is_made_of(region, "-")
                && is_account(account)
                && is_made_of(name, "_-") =>
        {
            match rest {
                [version] if version.chars().all(|c| c.is_ascii_digit()) && !version.is_empty() => {
                    Some(text.to_owned())
                }
                [] => value.fail(
                    format!("`{text}` names a layer without its version"),
                    help(format!("add the version: `{text}:1`")),
                ),
                _ => value.fail(format!("`{text}` is not the ARN of a layer's version"), help(example)),
            }
        }
        _ => value.fail(format!("`{text}` is not the ARN of a layer's version"), help(example)),
    }
}
