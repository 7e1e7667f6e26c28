//! The grammar of names, regions, accounts and ARNs.

use super::decode::{Value, help};
use crate::model::{check_region, is_partition};
use crate::suggest;

/// How many characters the name of a stack may have.
pub(crate) const MAX_STACK_NAME: usize = 32;
/// How many characters the name of an environment may have.
pub(crate) const MAX_ENVIRONMENT_NAME: usize = 16;

/// Whether a text is made of letters, digits, and the characters in `others`.
pub(crate) fn is_made_of(text: &str, others: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

/// Whether this is a valid name of an HTTP header.
pub(crate) fn is_header(text: &str) -> bool {
    is_made_of(text, "!#$%&'*+-.^_`|~")
}

/// Whether this is a valid name of a stack.
pub(crate) fn is_stack_name(name: &str) -> bool {
    is_short_name(name, MAX_STACK_NAME)
}

/// Whether this is a valid name of an environment.
pub(crate) fn is_environment_name(name: &str) -> bool {
    is_short_name(name, MAX_ENVIRONMENT_NAME)
}

fn is_short_name(name: &str, max: usize) -> bool {
    name.len() <= max
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Checks the name of a stack that was given outside the file.
///
/// # Errors
/// The rule that the name breaks.
pub fn stack_name(text: &str) -> Result<String, String> {
    short_name(text, MAX_STACK_NAME)
}

/// The valid name of a stack that is nearest to a text, if the text has a letter to begin with.
pub fn stack_name_like(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut name = words.collect::<Vec<_>>().join("-");
    name.drain(..name.find(|c: char| c.is_ascii_lowercase())?);
    name.truncate(MAX_STACK_NAME);
    Some(name.trim_end_matches('-').to_owned())
}

/// Checks the name of an environment that was given outside the file.
///
/// # Errors
/// The rule that the name breaks.
pub fn environment_name(text: &str) -> Result<String, String> {
    short_name(text, MAX_ENVIRONMENT_NAME)
}

/// Checks an account id that was given outside the file.
///
/// # Errors
/// The rule that it breaks.
pub fn account_number(text: &str) -> Result<String, String> {
    if is_account(text) { Ok(text.to_owned()) } else { Err("an account id has twelve digits".to_owned()) }
}

fn short_name(text: &str, max: usize) -> Result<String, String> {
    if is_short_name(text, max) { Ok(text.to_owned()) } else { Err(short_name_rule(max)) }
}

/// The rule of [`is_short_name`] as a pattern, for editors.
pub(crate) fn short_name_pattern(max: usize) -> String {
    format!("^[a-z][a-z0-9-]{{0,{}}}$", max - 1)
}

/// The rule of [`is_short_name`] in words.
pub(crate) fn short_name_rule(max: usize) -> String {
    format!("use lowercase letters, digits and `-`, with a letter first, and at most {max} characters")
}

/// The rule for the name of a resource in AWS: its characters and its length.
pub(crate) struct NameRule {
    /// The kind of resource, for example "table".
    pub(crate) what: &'static str,
    /// The allowed characters besides letters and digits.
    pub(crate) others: &'static str,
    /// The minimum length.
    pub(crate) min: usize,
    /// The maximum length.
    pub(crate) max: usize,
    /// Why it cannot be longer.
    pub(crate) because: &'static str,
}

impl NameRule {
    /// The pattern of the name without an environment's prefix, for editors.
    pub(crate) fn pattern(&self) -> String {
        // A `-` stands last in a class of characters.
        let (others, dash) = (self.others.replace('-', ""), if self.others.contains('-') { "-" } else { "" });
        format!("^[A-Za-z0-9{others}{dash}]{{{},{}}}$", self.min, self.max)
    }

    /// Checks the key of a declared resource, as it will be named in AWS.
    pub(crate) fn check(&self, value: Value) -> bool {
        let key = value.key.text.as_str();
        let Self { what, min, max, because, .. } = self;
        if !is_made_of(key, self.others) {
            let others: Vec<String> = self.others.chars().map(String::from).collect();
            let others: Vec<&str> = others.iter().map(String::as_str).collect();
            let rule = format!("use letters, digits, {}", suggest::quoted(&others));
            return value.fail_key::<()>(format!("invalid {what} name `{key}`"), help(rule)).is_some();
        }
        let name = value.cx.scope.names.prefixed(key);
        if (*min..=*max).contains(&name.len()) {
            return true;
        }
        let message =
            format!("the name of a {what} must have {min} to {max} characters; `{name}` has {}", name.len());
        value.fail_key::<()>(message, (!because.is_empty()).then(|| (*because).to_owned())).is_some()
    }
}

/// A region such as `eu-central-1`.
pub(crate) fn region(value: Value) -> Option<String> {
    let text = value.text()?;
    match check_region(text) {
        Ok(()) => Some(text.to_owned()),
        Err(hint) => value.fail(format!("`{text}` is not a region"), help(hint)),
    }
}

/// The twelve digits of an account.
pub(crate) fn account(value: Value) -> Option<String> {
    let text = value.text()?;
    if is_account(text) {
        return Some(text.to_owned());
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let help = match digits.len() {
        12 => format!("did you mean `{digits}`?"),
        _ => "`aws sts get-caller-identity` shows it".to_owned(),
    };
    value.fail(format!("invalid account id `{text}`: it must have twelve digits"), Some(help))
}

/// Whether a text is the id of an account.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.chars().all(|c| c.is_ascii_digit())
}

/// The parts of an ARN.
pub(crate) struct Arn<'a> {
    /// The service, such as `sqs`.
    pub(crate) service: &'a str,
    /// The region; empty where the service has none in its ARNs.
    pub(crate) region: &'a str,
    /// What the service calls the resource.
    pub(crate) resource: &'a str,
}

/// An ARN in its parts; `None` for a text that is none.
pub(crate) fn arn_of(text: &str) -> Option<Arn<'_>> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, service, region, account, resource]
            if is_partition(partition)
                && (account.is_empty() || is_account(account))
                && !service.is_empty()
                && !resource.is_empty() =>
        {
            Some(Arn { service, region, resource })
        }
        _ => None,
    }
}

/// Whether this is what AWS puts at the end of an id: 17 letters and digits.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 17 && is_made_of(text, "")
}

/// Whether this is the ARN of an account, a user or a role.
pub(crate) fn is_principal(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else { return false };
    let named = ["role/", "user/"].iter().find_map(|sort| resource.strip_prefix(sort));
    is_partition(partition) && is_account(account) && (*resource == "root" || named.is_some_and(is_resource))
}

/// The ARN of an IAM `role` or `policy`.
pub(crate) fn iam_arn(value: Value, what: &str) -> Option<String> {
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
    let example = help(format!("for example `arn:aws:iam::123456789012:{what}/NAME`"));
    value.fail(format!("`{text}` is not the ARN of a {what}"), example)
}

fn is_resource(text: &str) -> bool {
    is_made_of(text, "/+=,.@_-")
}
