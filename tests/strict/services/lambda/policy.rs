//! The policies of Lambda functions, statement by statement [aws-facts: Lambda].

use super::alias;
use super::checks::refused;
use super::function::{self, Function};
use super::qualifier::{LATEST, Named, number};
use super::version::check_revision;
use crate::cloud::{Cloud, Handler, ServiceError, Time, required, text};
use crate::pattern::is_like;
use serde_json::{Value as Json, json};

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("AddPermission", add), ("RemovePermission", remove), ("GetPolicy", get)];

/// Bytes of a function's policy [aws-facts: Lambda].
const MAX_POLICY: usize = 20_480;

/// The statements of a policy, with what they were: a change starts from what there was when it arrived, so of two
/// changes that overlap one is lost [aws-facts: Lambda, TF].
#[derive(Debug, Clone, Default)]
pub(crate) struct Statements(Vec<(Time, Vec<Json>)>);

impl Statements {
    /// The statements as they are.
    pub(crate) fn now(&self) -> Vec<Json> {
        self.0.last().map(|(_, statements)| statements.clone()).unwrap_or_default()
    }

    fn at(&self, time: Time) -> Vec<Json> {
        let before = self.0.iter().rev().find(|(since, _)| *since <= time);
        before.map(|(_, statements)| statements.clone()).unwrap_or_default()
    }

    pub(crate) fn set(&mut self, now: Time, statements: Vec<Json>) {
        self.0.push((now, statements));
    }

    /// The policy as a document.
    fn document(statements: &[Json]) -> String {
        json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements }).to_string()
    }

    /// True if the policy lets a service call the function for a source.
    pub(crate) fn allows(&self, principal: &str, source: &str) -> bool {
        allow(&self.now(), principal, source)
    }

    /// True if it did at a time.
    pub(crate) fn allowed(&self, principal: &str, source: &str, time: Time) -> bool {
        allow(&self.at(time), principal, source)
    }
}

fn allow(statements: &[Json], principal: &str, source: &str) -> bool {
    statements.iter().any(|statement| {
        let like = statement.pointer("/Condition/ArnLike/AWS:SourceArn").and_then(Json::as_str);
        statement["Effect"] == "Allow"
            && statement["Principal"]["Service"] == principal
            && ["lambda:InvokeFunction", "lambda:*", "*"].map(Json::from).contains(&statement["Action"])
            && like.is_none_or(|like| is_like(like, source, false))
    })
}

impl Function {
    /// The policy of the function, or of a version or an alias of it: each has its own [recorded: permission_fn_versioning].
    pub(super) fn policy(&self, qualifier: Option<&str>) -> Option<&Statements> {
        let Some(qualifier) = qualifier.filter(|qualifier| *qualifier != LATEST) else {
            return Some(&self.policy);
        };
        let releases = &self.releases;
        match number(qualifier) {
            Some(number) => releases.versions.get(&number).map(|version| &version.policy),
            None => releases.aliases.get(qualifier).map(|alias| &alias.policy),
        }
    }

    fn set_policy(&mut self, qualifier: Option<&str>, now: Time, statements: Vec<Json>) {
        let releases = &mut self.releases;
        let policy = match qualifier.map(|qualifier| (qualifier, number(qualifier))) {
            None => Some(&mut self.policy),
            Some((_, Some(number))) => releases.versions.get_mut(&number).map(|version| &mut version.policy),
            Some((alias, None)) => releases.aliases.get_mut(alias).map(|alias| &mut alias.policy),
        };
        if let Some(policy) = policy {
            policy.set(now, statements);
        }
    }
}

/// The revision of what a policy belongs to, and the call that tells it.
fn revision(cloud: &Cloud, named: &Named, function: &Function) -> (String, &'static str) {
    let of_function = || (function::revision(cloud, function), "GetFunction/GetAlias");
    let name = named.qualifier.as_deref().unwrap_or(LATEST);
    let alias = function.releases.aliases.get(name);
    let of_version = || super::version::described(cloud, &named.function, number(name)?, None).ok();
    match (alias, of_version()) {
        (Some(alias), _) => (alias::revision_of(named, name, alias), "GetPolicy"),
        (None, Some(version)) => (required(&version, "RevisionId").to_owned(), "GetFunction/GetAlias"),
        (None, None) => of_function(),
    }
}

fn add(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, arrived, sid) = (cloud.now, cloud.arrived, required(params, "StatementId"));
    let named = Named::of(params)?;
    if named.qualifier.as_deref() == Some(LATEST) {
        return refused("We currently do not support adding policies for $LATEST.");
    }
    let function = named.find(cloud).ok_or_else(|| named.no_alias())?.clone();
    let (live, call) = revision(cloud, &named, &function);
    check_revision(params, &live, call)?;
    let qualifier = named.qualifier.as_deref();
    let mut statements = function.policy(qualifier).map(|policy| policy.at(arrived)).unwrap_or_default();
    if statements.iter().any(|statement| statement["Sid"] == sid) {
        return ServiceError::err(
            "ResourceConflictException",
            format!(
                "The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the existing \
                 statement."
            ),
        );
    }
    let statement = statement(params, &named.arn())?;
    statements.push(statement.clone());
    let size = Statements::document(&statements).len();
    if size > MAX_POLICY {
        let message = format!("The final policy size ({size}) is bigger than the limit ({MAX_POLICY}).");
        return ServiceError::err("PolicyLengthExceededException", message);
    }
    named.find(cloud).ok_or_else(|| named.no_alias())?.set_policy(qualifier, now, statements);
    Ok(json!({ "Statement": statement.to_string() }))
}

/// A statement as Lambda writes it: a SourceArn reads back as `ArnLike`/`AWS:SourceArn` [aws-facts: Lambda].
fn statement(params: &Json, resource: &str) -> Result<Json, ServiceError> {
    let principal = required(params, "Principal");
    let principal = match principal {
        "*" => json!("*"),
        service if service.contains(".amazonaws.com") => json!({ "Service": service }),
        // [recorded: add_permission_principal_account]
        account if account.len() == 12 => json!({ "AWS": format!("arn:aws:iam::{account}:root") }),
        arn if arn.starts_with("arn:") => json!({ "AWS": arn }),
        // [recorded: lambda_, add_permission_principal_invalid]
        _ => {
            let message = "The provided principal was invalid. Please check the principal and try again.";
            return ServiceError::err("InvalidParameterValueException", message);
        }
    };
    if principal == json!({ "Service": "s3.amazonaws.com" }) && params.get("SourceAccount").is_none() {
        return ServiceError::err(
            "InvalidParameterValueException",
            "S3 as a principal needs a SourceAccount",
        );
    }
    let mut statement = json!({
        "Sid": params["StatementId"], "Effect": "Allow", "Principal": principal, "Action": params["Action"],
        "Resource": resource,
    });
    if let Some(source) = text(params, "SourceArn") {
        statement["Condition"]["ArnLike"]["AWS:SourceArn"] = source.into();
    }
    // As a text [aws-facts-services: 8, field].
    if let Some(through) = params["InvokedViaFunctionUrl"].as_bool() {
        statement["Condition"]["Bool"]["lambda:InvokedViaFunctionUrl"] = through.to_string().into();
    }
    if let Some(auth) = text(params, "FunctionUrlAuthType") {
        statement["Condition"]["StringEquals"]["lambda:FunctionUrlAuthType"] = auth.into();
    }
    // [recorded: add_permission_optional_fields]
    if let Some(organization) = text(params, "PrincipalOrgID") {
        statement["Condition"]["StringEquals"]["aws:PrincipalOrgID"] = organization.into();
    }
    if let Some(account) = text(params, "SourceAccount") {
        statement["Condition"]["StringEquals"]["AWS:SourceAccount"] = account.into();
    }
    Ok(statement)
}

fn remove(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, arrived, sid) = (cloud.now, cloud.arrived, required(params, "StatementId"));
    let named = Named::of(params)?;
    // [recorded: lambda_, remove_permission_fn_doesnotexist]
    let none =
        || ServiceError::new("ResourceNotFoundException", format!("No policy found for: {}", named.arn()));
    let missing = || if named.qualifier.is_some() { named.no_alias() } else { none() };
    let function = named.find(cloud).ok_or_else(missing)?.clone();
    let (live, call) = revision(cloud, &named, &function);
    check_revision(params, &live, call)?;
    let qualifier = named.qualifier.as_deref();
    let mut statements = function.policy(qualifier).map(|policy| policy.at(arrived)).unwrap_or_default();
    let before = statements.len();
    statements.retain(|statement| statement["Sid"] != sid);
    if statements.len() == before {
        // [recorded: permission_exceptions]
        let message = match before {
            0 => "No policy is associated with the given resource.".to_owned(),
            _ => format!("Statement {sid} is not found in resource policy."),
        };
        return ServiceError::err("ResourceNotFoundException", message);
    }
    named.find(cloud).ok_or_else(|| named.no_alias())?.set_policy(qualifier, now, statements);
    Ok(Json::Null)
}

/// 404 where there is no statement, and where there is nothing that could have one.
fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let named = Named::of(params)?;
    let function = named.find(cloud).map(|function| function.clone());
    let statements = function.as_ref().and_then(|function| function.policy(named.qualifier.as_deref()));
    let statements = statements.map(Statements::now).unwrap_or_default();
    let (Some(function), false) = (function, statements.is_empty()) else {
        return ServiceError::err("ResourceNotFoundException", "The resource you requested does not exist.");
    };
    let (live, _) = revision(cloud, &named, &function);
    Ok(json!({ "Policy": Statements::document(&statements), "RevisionId": live }))
}
