//! SSM's Parameter Store [aws-facts-services: 10]. Its parameters belong to others: the product reads them only, and tests
//! furnish an account with them.

mod tests;

use crate::access::Need;
use crate::clock::BEGINNING;
use crate::cloud::{ACCOUNT, Cloud, Handler, REGION, ServiceError, Time, required, seconds, text};
use crate::pattern::matches;
use crate::quota::Quota;
use crate::service::{Facts, StrictService};
use crate::wire::Call;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) struct Ssm;

/// What it is asked for: by the product the first alone, by the requests of `requests.yaml` both.
const OPERATIONS: &[(&str, Handler)] = &[("GetParameters", get), ("PutParameter", put)];

/// What AWS says to a name that is none [localstack issue 7712: GetParameter].
const NO_NAME: &str = "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist \
     of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 \
     symbols .-_";

impl StrictService for Ssm {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "ssm",
            model: ("ssm", "2014-11-06"),
            operations: &[OPERATIONS],
            changed: &["Name"],
            subject: &["Name"],
            tokens: &[],
            throttled: ("ThrottlingException", 400),
            failed: ("InternalServerError", 500),
            denied: ("AccessDeniedException", 400),
            invalid: "ValidationException",
            unmodelled: &["ValidationException"],
        }
    }

    /// Each parameter that is asked for, whether it is there or not. What can be no name is looked for in the whole
    /// account [aws-control-tower-customizations issue 208; k8t pull request 82].
    fn needs(&self, _: &Cloud, call: &Call) -> Vec<Need> {
        let names: BTreeSet<&str> =
            asked(&call.params).into_iter().chain(text(&call.params, "Name")).collect();
        let resource = |name: &str| match Asked::of(name) {
            Asked { name, .. } if matches("arn:(.*:){4}.*", name) => name.to_owned(),
            Asked { name, .. } if is_name(name) => arn_of(name),
            _ => self.arn("*"),
        };
        names.into_iter().map(|name| Need::new(call.name(), resource(name))).collect()
    }

    fn furnish(&self, cloud: &mut Cloud) {
        cloud.ssm.put("/walk/level", Parameter::text("debug"));
        cloud.ssm.put("/walk/memory", Parameter::text("384"));
    }

    /// The standard throughput, which reads and writes share [aws-facts-services: 10; M: GetParameters].
    fn quota(&self, _: &Cloud, _: &str) -> Option<Quota> {
        Some(("ssm:parameters", 40.0, 40.0))
    }

    fn requests(&self) -> &'static str {
        include_str!("requests.yaml")
    }

    fn disagreements(&self) -> &'static str {
        include_str!("disagreements.yaml")
    }
}

/// The versions of each parameter by its name, the first one first.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    parameters: BTreeMap<String, Vec<Parameter>>,
}

/// A version of a parameter.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    kind: &'static str,
    value: String,
    modified: Time,
}

impl Parameter {
    /// A `String`.
    pub(crate) fn text(value: &str) -> Self {
        Parameter { kind: "String", value: value.to_owned(), modified: BEGINNING }
    }

    /// A `StringList`, which is a text with commas.
    pub(crate) fn list(values: &[&str]) -> Self {
        Parameter { kind: "StringList", ..Parameter::text(&values.join(",")) }
    }

    /// A `SecureString`, encrypted with AWS's own key, for which nobody of the account needs a permission
    /// [aws-facts-services: 10].
    pub(crate) fn secure(value: &str) -> Self {
        Parameter { kind: "SecureString", ..Parameter::text(value) }
    }

    /// Its value, or what it is encrypted to.
    fn value(&self, decrypted: bool) -> String {
        if self.kind == "SecureString" && !decrypted {
            return STANDARD.encode(Sha256::digest(&self.value));
        }
        self.value.clone()
    }
}

impl State {
    /// Makes a parameter, or a new version of the one that has the name.
    pub(crate) fn put(&mut self, name: &str, parameter: Parameter) {
        self.parameters.entry(name.to_owned()).or_default().push(parameter);
    }
}

/// The ARN of a parameter: with one slash, whether the name begins with one or not [aws-facts-services: 10]. AWS's own
/// parameters are of no account [DG: Calling public parameters].
pub(crate) fn arn_of(name: &str) -> String {
    let account = if name.starts_with("/aws/") { "" } else { ACCOUNT };
    format!("arn:aws:ssm:{REGION}:{account}:parameter/{}", name.trim_start_matches('/'))
}

fn is_name(text: &str) -> bool {
    matches("[a-zA-Z0-9_./-]+", text)
}

/// What a call asks for, each once; blanks around a name do not count [M: GetParameters].
fn asked(params: &Json) -> BTreeSet<&str> {
    let names = params["Names"].as_array().into_iter().flatten();
    names.filter_map(Json::as_str).map(str::trim).collect()
}

/// A name or an ARN, and the version or label behind it [API: GetParameters].
struct Asked<'a> {
    name: &'a str,
    selector: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn of(text: &'a str) -> Self {
        let colons = if text.starts_with("arn:") { 6 } else { 1 };
        let colon = text.match_indices(':').nth(colons - 1);
        let split = colon.map(|(at, _)| (&text[..at], Some(&text[at + 1..])));
        let (name, selector) = split.unwrap_or((text, None));
        Asked { name, selector }
    }

    /// The version that is meant and its number, as the response has it. Its name is never an ARN [recorded: ssm].
    fn found(&self, state: &State, decrypted: bool) -> Option<Json> {
        let is_it = |name: &&String| *name == self.name || arn_of(name) == self.name;
        let name = state.parameters.keys().find(is_it)?;
        let versions = &state.parameters[name];
        // No parameter has labels here.
        let number = self.selector.map_or(Some(versions.len()), |selector| selector.parse().ok())?;
        let parameter = versions.get(number.checked_sub(1)?)?;
        Some(json!({
            "Name": name, "Type": parameter.kind, "Value": parameter.value(decrypted), "Version": number,
            "Selector": self.selector.map(|selector| format!(":{selector}")),
            "LastModifiedDate": seconds(parameter.modified), "ARN": arn_of(name), "DataType": "text",
        }))
    }
}

/// Of a name that is there twice there is one answer [moto pull request 3984]. Answers are in alphabetical order
/// [API: GetParameters], and so, for want of a source, are the names that are none.
fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let names = asked(params);
    // Other letters are not refused: what is no name is just not there [API: InvalidParameters].
    if names.iter().any(|name| name.contains(' ')) {
        return ServiceError::err("ValidationException", NO_NAME);
    }
    let decrypted = params["WithDecryption"].as_bool().unwrap_or_default();
    let found = |name: &str| Asked::of(name).found(&cloud.ssm, decrypted);
    let parameters: Vec<Json> = names.iter().filter_map(|name| found(name)).collect();
    let invalid: Vec<&&str> = names.iter().filter(|name| found(name).is_none()).collect();
    Ok(json!({ "Parameters": parameters, "InvalidParameters": invalid }))
}

/// As much of it as the requests need: there is nothing to compare where nothing can be made.
fn put(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (name, value) = (required(params, "Name"), required(params, "Value"));
    let before = cloud.ssm.parameters.get(name).and_then(|versions| versions.last());
    if before.is_some() && params["Overwrite"] != true {
        let exists = "The parameter already exists. To overwrite this value, set the overwrite option in the request to \
                      true.";
        return ServiceError::err("ParameterAlreadyExists", exists);
    }
    if !is_name(name) {
        return ServiceError::err("ValidationException", NO_NAME);
    }
    let kind = match (text(params, "Type"), before) {
        (Some("SecureString"), _) => "SecureString",
        (Some("StringList"), _) => "StringList",
        (Some(_), _) => "String",
        (None, Some(before)) => before.kind,
        (None, None) => {
            return ServiceError::err(
                "ValidationException",
                "A parameter type is required when you create a parameter.",
            );
        }
    };
    let parameter = Parameter { kind, value: value.to_owned(), modified: cloud.now };
    cloud.ssm.put(name, parameter);
    Ok(json!({ "Version": cloud.ssm.parameters[name].len(), "Tier": "Standard" }))
}
