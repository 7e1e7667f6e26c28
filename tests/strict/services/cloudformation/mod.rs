//! CloudFormation: its stacks belong to others. The product reads their outputs and exports only, and tests furnish an account
//! with them.

mod tests;

use crate::access::{Need, nothing};
use crate::clock::BEGINNING;
use crate::cloud::{Cloud, Handler, ServiceError, seconds, text};
use crate::pattern::matches;
use crate::service::{Facts, StrictService};
use crate::wire::Call;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

pub(crate) struct CloudFormation;

const OPERATIONS: &[(&str, Handler)] = &[("DescribeStacks", describe), ("ListExports", exports)];

/// What a stack can be called by, as AWS's refusals have it [recorded: cloudformation.api.stacks, stack_name_creation;
/// aws-sam-cli issue 4979: DescribeStacks]; the model leaves it out.
const NAME_OR_ID: &str = "[a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*";

/// The exports of a page; the stacks of one are counted in bytes [DG], which no test gets to.
const PAGE: (usize, usize) = (100, 100);

impl StrictService for CloudFormation {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "cloudformation",
            model: ("cloudformation", "2010-05-15"),
            operations: &[OPERATIONS],
            changed: &[],
            subject: &["StackName"],
            tokens: &["NextToken"],
            throttled: ("Throttling", 400),
            failed: ("InternalFailure", 500),
            denied: ("AccessDenied", 403),
            invalid: "ValidationError",
            unmodelled: &["ValidationError"],
        }
    }

    /// The stack by its id. Of one that is not there it is unknown: AWS's refusals say `on resource: …:stack/NAME/*`
    /// [parallelcluster pull request 754]. Exports are of no stack, nor are all stacks.
    fn needs(&self, cloud: &Cloud, call: &Call) -> Vec<Need> {
        let resource = match text(&call.params, "StackName") {
            None => nothing(call),
            Some(name) => match cloud.cloudformation.find(name) {
                Some((_, stack)) => stack.id.clone(),
                None if name.starts_with("arn:") && name.matches(':').count() >= 5 => name.to_owned(),
                None => self.arn(&format!("stack/{name}/*")),
            },
        };
        vec![Need::new(call.name(), resource)]
    }

    fn requests(&self) -> &'static str {
        REQUESTS
    }

    fn disagreements(&self) -> &'static str {
        DISAGREEMENTS
    }
}

/// Nothing here makes a stack, so the requests are about what is not there.
const REQUESTS: &str = r#"
- story: stacks of CloudFormation
  requests:
  - { title: no stacks, call: cloudformation:DescribeStacks, with: {}, shows: StackName, says: ok none }
  - { title: a stack that is not there, call: cloudformation:DescribeStacks, with: { StackName: none }, shows: StackName, says: ValidationError }
  - { title: a stack that is not there by its id, call: cloudformation:DescribeStacks, with: { StackName: "arn:aws:cloudformation:eu-west-1:123456789012:stack/none/00000000-0000-4000-8000-000000000001" }, says: ValidationError }
  - { title: a stack with a blank in its name, call: cloudformation:DescribeStacks, with: { StackName: a b }, says: ValidationError }
  - { title: stacks after a token that is too long, call: cloudformation:DescribeStacks, with: { NextToken: "${5000 letters}" }, says: ValidationError }
  - { title: no exports, call: cloudformation:ListExports, with: {}, shows: NextToken, says: ok none }
  - { title: exports after a token that is too long, call: cloudformation:ListExports, with: { NextToken: "${5000 letters}" }, says: ValidationError }
"#;

const DISAGREEMENTS: &str = r#"
- emulator: moto
  right: strict
  why: >-
    It does not hold requests against AWS's models: required members, names and their length, ranges, enumerations.
  says:
    "stacks of CloudFormation: stacks after a token that is too long": status 500
    "stacks of CloudFormation: exports after a token that is too long": status 500
"#;

/// The stacks by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    stacks: BTreeMap<String, Stack>,
}

#[derive(Debug, Clone)]
pub(crate) struct Stack {
    id: String,
    status: String,
    outputs: Vec<Output>,
}

#[derive(Debug, Clone)]
struct Output {
    key: String,
    value: String,
    export: Option<String>,
}

impl State {
    /// Makes a stack, or changes the one that has the name. Of each output the key, the value, and the name of the export.
    pub(crate) fn put(&mut self, name: &str, outputs: &[(&str, &str, Option<&str>)]) {
        let output = |(key, value, export): &(&str, &str, Option<&str>)| Output {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
            export: export.map(str::to_owned),
        };
        let hex = Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let uuid =
            format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32]);
        let id = CloudFormation.arn(&format!("stack/{name}/{uuid}"));
        let outputs = outputs.iter().map(output).collect();
        let stack = Stack { id, status: "CREATE_COMPLETE".to_owned(), outputs };
        self.stacks.insert(name.to_owned(), stack);
    }

    /// Leaves a stack in a state such as `UPDATE_IN_PROGRESS`.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn set_status(&mut self, name: &str, status: &str) {
        status.clone_into(&mut self.stacks.get_mut(name).expect("a stack").status);
    }

    /// The id of a stack.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn id(&self, name: &str) -> &str {
        &self.stacks[name].id
    }

    fn find(&self, name_or_id: &str) -> Option<(&String, &Stack)> {
        self.stacks.iter().find(|(name, stack)| *name == name_or_id || stack.id == name_or_id)
    }
}

impl Stack {
    /// As it is described [recorded: cloudformation.api.stacks]. Of no outputs there is no list.
    fn described(&self, name: &str) -> Json {
        let output = |output: &Output| {
            let (key, value) = (&output.key, &output.value);
            json!({ "OutputKey": key, "OutputValue": value, "ExportName": output.export })
        };
        let outputs: Vec<Json> = self.outputs.iter().map(output).collect();
        json!({
            "StackId": self.id, "StackName": name, "CreationTime": seconds(BEGINNING), "StackStatus": self.status,
            "DisableRollback": false, "EnableTerminationProtection": false, "NotificationARNs": [], "Tags": [],
            "DriftInformation": { "StackDriftStatus": "NOT_CHECKED" }, "RollbackConfiguration": {},
            "Outputs": (!outputs.is_empty()).then_some(outputs),
        })
    }
}

fn describe(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let stacks = &cloud.cloudformation;
    let Some(wanted) = text(params, "StackName") else {
        let all = stacks.stacks.iter().map(|(name, stack)| stack.described(name)).collect();
        let (page, next) = cloud.paging.page(all, text(params, "NextToken"), None, PAGE);
        return Ok(json!({ "Stacks": page, "NextToken": next }));
    };
    if !matches(NAME_OR_ID, wanted) {
        let wrong = format!(
            "1 validation error detected: Value '{wanted}' at 'stackName' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: {NAME_OR_ID}"
        );
        return ServiceError::err("ValidationError", wrong);
    }
    match stacks.find(wanted) {
        Some((name, stack)) => Ok(json!({ "Stacks": [stack.described(name)] })),
        // [recorded: cloudformation.api.stacks, name_conflicts]
        None => ServiceError::err("ValidationError", format!("Stack with id {wanted} does not exist")),
    }
}

/// By their names, which are there once in an account [DG: exports].
fn exports(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let mut all: BTreeMap<&str, Json> = BTreeMap::new();
    for stack in cloud.cloudformation.stacks.values() {
        for output in &stack.outputs {
            let Some(name) = &output.export else { continue };
            let export = json!({ "ExportingStackId": stack.id, "Name": name, "Value": output.value });
            assert!(all.insert(name, export).is_none(), "two stacks export {name}");
        }
    }
    let token = text(params, "NextToken");
    let (page, next) = cloud.paging.page(all.into_values().collect(), token, None, PAGE);
    Ok(json!({ "Exports": page, "NextToken": next }))
}
