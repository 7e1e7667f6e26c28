//! Names and ARNs of functions, with the version or the alias that they may end in [aws-facts: Lambda, LS].

use super::checks::refused;
use super::function::{Function, find, function_arn};
use super::version::Published;
use crate::cloud::{ACCOUNT, Cloud, REGION, ServiceError, required, text};

/// What has no version of its own yet.
pub(super) const LATEST: &str = "$LATEST";

/// Letters of the name of a function.
const MAX_NAME: usize = 64;

/// The name of a function and what follows it, in `f`, `f:live`, `123456789012:function:f:live`, or a whole ARN.
fn split(name: &str) -> (&str, Option<&str>) {
    let parts: Vec<&str> = name.split(':').collect();
    let first = parts.iter().position(|part| *part == "function").filter(|at| at + 1 < parts.len());
    let first = first.map_or(0, |at| at + 1);
    (parts[first], parts.get(first + 1).copied())
}

/// The name of the function alone.
pub(super) fn bare(name: &str) -> &str {
    split(name).0
}

/// What a call names: a function, and perhaps a version or an alias of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Named {
    pub(crate) function: String,
    pub(crate) qualifier: Option<String>,
}

impl Named {
    /// What a name or an ARN says.
    pub(crate) fn parse(name: &str) -> Self {
        let (function, qualifier) = split(name);
        Named { function: function.to_owned(), qualifier: qualifier.map(str::to_owned) }
    }

    /// What a call says, in its name and beside it.
    pub(super) fn of(params: &serde_json::Value) -> Result<Self, ServiceError> {
        let name = required(params, "FunctionName");
        let region = name.strip_prefix("arn:aws:lambda:").and_then(|rest| rest.split(':').next());
        if let Some(region) = region.filter(|region| *region != REGION) {
            // [recorded: lambda_, function_arns]
            return ServiceError::err(
                "ResourceNotFoundException",
                format!("Functions from '{region}' are not reachable in this region ('{REGION}')"),
            );
        }
        let account = name.strip_prefix("arn:aws:lambda:").and_then(|rest| rest.split(':').nth(1));
        if account.is_some_and(|account| account != ACCOUNT) {
            // Without a word [recorded: lambda_, function_arn_other_account_exc].
            return Err(ServiceError {
                code: "AccessDeniedException".to_owned(),
                message: String::new(),
                status: 403,
            });
        }
        let named = Named::parse(name);
        if named.function.len() > MAX_NAME {
            // [recorded: lambda_, long_function_name_exc]
            return refused(format!(
                "1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: Member must have length \
                 less than or equal to {MAX_NAME}"
            ));
        }
        match (&named.qualifier, text(params, "Qualifier")) {
            (Some(derived), Some(qualifier)) if derived != qualifier => ServiceError::err(
                "InvalidParameterValueException",
                "The derived qualifier from the function name does not match the specified qualifier.",
            ),
            (None, Some(qualifier)) => Ok(Named { qualifier: Some(qualifier.to_owned()), ..named }),
            _ => Ok(named),
        }
    }

    /// The same function with a version or an alias.
    pub(super) fn with(&self, qualifier: &str) -> Self {
        Named { function: self.function.clone(), qualifier: Some(qualifier.to_owned()) }
    }

    /// The ARN as it was named.
    pub(super) fn arn(&self) -> String {
        match &self.qualifier {
            Some(qualifier) => function_arn(&format!("{}:{qualifier}", self.function)),
            None => function_arn(&self.function),
        }
    }

    /// True for what has the form of an alias: no sign of `$LATEST` [recorded: lambda_, permission_exceptions].
    pub(super) fn is_alias(&self) -> bool {
        self.qualifier
            .as_deref()
            .is_some_and(|qualifier| !qualifier.contains('$') && number(qualifier).is_none())
    }

    /// The refusal of what is not there, as most calls have it.
    pub(super) fn not_found(&self) -> ServiceError {
        ServiceError::new("ResourceNotFoundException", format!("Function not found: {}", self.arn()))
    }

    /// The same, as calls about policies and about provisioned concurrency have it.
    pub(super) fn no_alias(&self) -> ServiceError {
        match self.is_alias() {
            true => ServiceError::new(
                "ResourceNotFoundException",
                format!("Cannot find alias arn: {}", self.arn()),
            ),
            false => self.not_found(),
        }
    }

    /// The function, if it has what is named.
    pub(super) fn find<'a>(&self, cloud: &'a mut Cloud) -> Option<&'a mut Function> {
        find(cloud, &self.function).ok().filter(|function| function.has(self.qualifier.as_deref()))
    }
}

/// The number of a version.
pub(super) fn number(qualifier: &str) -> Option<u64> {
    qualifier.parse().ok()
}

impl Function {
    /// The version that a number or an alias names, by which most requests are answered; `None` for `$LATEST`.
    pub(super) fn version(&self, qualifier: Option<&str>) -> Option<&Published> {
        let qualifier = qualifier?;
        let alias = self.releases.aliases.get(qualifier).map(|alias| alias.version.as_str());
        self.releases.versions.get(&number(alias.unwrap_or(qualifier))?)
    }

    /// The names of the roles that it runs with: versions keep the role that they were published with.
    pub(super) fn roles(&self) -> Vec<String> {
        let versions = self.releases.aliases.values().flat_map(|alias| alias.shares());
        let versions = versions.filter_map(|(version, _)| Some(self.version(Some(version))?.member("Role")));
        let names = [self.member("Role")].into_iter().chain(versions);
        names.filter_map(|role| role.rsplit('/').next()).map(str::to_owned).collect()
    }

    /// True if it has a version or an alias.
    pub(super) fn has(&self, qualifier: Option<&str>) -> bool {
        match qualifier {
            None | Some(LATEST) => true,
            Some(qualifier) => match number(qualifier) {
                Some(number) => self.releases.versions.contains_key(&number),
                None => self.releases.aliases.contains_key(qualifier),
            },
        }
    }
}

#[test]
fn names_and_arns_are_told_apart_from_what_they_end_in() {
    for (name, function, qualifier) in [
        ("f", "f", None),
        ("f:live", "f", Some("live")),
        ("my-function:7", "my-function", Some("7")),
        ("f:function", "f", Some("function")),
        ("function", "function", None),
        ("123456789012:function:f:$LATEST", "f", Some("$LATEST")),
        ("arn:aws:lambda:eu-west-1:123456789012:function:f", "f", None),
        ("arn:aws:lambda:eu-west-1:123456789012:function:f:live", "f", Some("live")),
    ] {
        let named = Named { function: function.to_owned(), qualifier: qualifier.map(str::to_owned) };
        assert_eq!(Named::parse(name), named, "{name}");
    }
}
