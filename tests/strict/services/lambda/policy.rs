//! The policies of Lambda functions, statement by statement [aws-facts: Lambda].

use super::function::{find, function_arn};
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
        self.now().iter().any(|statement| {
            let like = statement.pointer("/Condition/ArnLike/AWS:SourceArn").and_then(Json::as_str);
            statement["Effect"] == "Allow"
                && statement["Principal"]["Service"] == principal
                && ["lambda:InvokeFunction", "lambda:*", "*"].map(Json::from).contains(&statement["Action"])
                && like.is_none_or(|like| is_like(like, source, false))
        })
    }
}

fn add(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, arrived, sid) = (cloud.now, cloud.arrived, required(params, "StatementId"));
    let function = find(cloud, required(params, "FunctionName"))?;
    let mut statements = function.policy.at(arrived);
    if statements.iter().any(|statement| statement["Sid"] == sid) {
        return ServiceError::err(
            "ResourceConflictException",
            format!(
                "The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the existing \
                 statement."
            ),
        );
    }
    let statement = statement(params, function.member("FunctionName"))?;
    statements.push(statement.clone());
    let size = Statements::document(&statements).len();
    if size > MAX_POLICY {
        let message = format!("The final policy size ({size}) is bigger than the limit ({MAX_POLICY}).");
        return ServiceError::err("PolicyLengthExceededException", message);
    }
    function.policy.set(now, statements);
    Ok(json!({ "Statement": statement.to_string() }))
}

/// A statement as Lambda writes it: a SourceArn reads back as `ArnLike`/`AWS:SourceArn` [aws-facts: Lambda].
fn statement(params: &Json, function: &str) -> Result<Json, ServiceError> {
    let principal = required(params, "Principal");
    let principal = match principal {
        "*" => json!("*"),
        service if service.contains(".amazonaws.com") => json!({ "Service": service }),
        account if account.len() == 12 || account.starts_with("arn:") => json!({ "AWS": account }),
        other => {
            let message = format!(
                "The provided principal was invalid. Please check the principal and try again: {other}"
            );
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
        "Resource": function_arn(function),
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
    if let Some(account) = text(params, "SourceAccount") {
        statement["Condition"]["StringEquals"]["AWS:SourceAccount"] = account.into();
    }
    Ok(statement)
}

fn remove(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, arrived, sid) = (cloud.now, cloud.arrived, required(params, "StatementId"));
    let function = find(cloud, required(params, "FunctionName"))?;
    let mut statements = function.policy.at(arrived);
    let before = statements.len();
    statements.retain(|statement| statement["Sid"] != sid);
    if statements.len() == before {
        return ServiceError::err(
            "ResourceNotFoundException",
            format!("Statement {sid} is not found in resource policy."),
        );
    }
    function.policy.set(now, statements);
    Ok(Json::Null)
}

/// 404 where there is no statement.
fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let statements = find(cloud, required(params, "FunctionName"))?.policy.now();
    if statements.is_empty() {
        return ServiceError::err("ResourceNotFoundException", "The resource you requested does not exist.");
    }
    Ok(
        json!({ "Policy": Statements::document(&statements), "RevisionId": "00000000-0000-0000-0000-000000000000" }),
    )
}
