//! A saved plan: what somebody has read and agreed to, to be applied later and elsewhere. It contains no values, only salted
//! digests: `up --plan` makes its own plan from AWS and the stack file, and applies it if it is still the same.

use super::{Options, Plan, Step};
use crate::model::Scope;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The version of the form of the file.
const VERSION: u32 = 3;

/// A plan as it is saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    version: u32,
    /// The stack, with its environment where it has one.
    pub stack: String,
    /// The cloud: `AWS` or `local cloud`.
    pub cloud: String,
    /// The account that the plan is for.
    pub account: String,
    /// The region that the plan is for.
    pub region: String,
    /// The data loss that the user allows.
    pub allow_data_loss: BTreeSet<String>,
    /// Whether another stack of this name may be replaced.
    pub replace_stack: bool,
    /// Goes into every digest: without it, a reader of the file could look sensitive values up in a table of digests.
    pub salt: String,
    /// A digest of each step, by what it does to what.
    steps: BTreeMap<String, String>,
}

impl Saved {
    /// The form in which a plan is saved, with a new [`salt`], or with that of the saved plan that it is compared with.
    pub fn of(plan: &Plan, scope: &Scope, options: &Options, salt: &str) -> Self {
        Saved {
            version: VERSION,
            stack: scope.identity.to_string(),
            cloud: if options.local { "local cloud" } else { "AWS" }.to_owned(),
            account: scope.account.clone(),
            region: scope.region.clone(),
            allow_data_loss: options.allow_data_loss.clone(),
            replace_stack: options.replace_stack,
            salt: salt.to_owned(),
            steps: plan.steps.iter().map(|step| (title(step), digest(salt, step))).collect(),
        }
    }

    /// Reads a saved plan.
    ///
    /// # Errors
    /// That the text is no plan, or one of another version of this program.
    pub fn read(text: &str) -> Result<Self, String> {
        let json: Json = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        match json.get("version").and_then(Json::as_u64) {
            Some(version) if version == u64::from(VERSION) => {
                serde_json::from_value(json).map_err(|error| error.to_string())
            }
            Some(version) => {
                Err(format!("it has version {version}, and this program reads version {VERSION}"))
            }
            None => Err("it was not written by `plan --out`".to_owned()),
        }
    }

    /// How a plan that is made now, with the same salt, differs from this one.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let places = [
            ("stack", &self.stack, &now.stack),
            ("cloud", &self.cloud, &now.cloud),
            ("account", &self.account, &now.account),
            ("region", &self.region, &now.region),
        ];
        let places = places.into_iter().filter(|(_, then, now)| then != now);
        let places =
            places.map(|(what, then, now)| format!("it was made for the {what} `{then}`, not for `{now}`"));
        let names: BTreeSet<&String> = self.steps.keys().chain(now.steps.keys()).collect();
        let steps = names.into_iter().filter_map(|name| match (self.steps.get(name), now.steps.get(name)) {
            (Some(then), Some(now)) if then == now => None,
            (Some(_), Some(_)) => Some(format!("{name}: differs from the plan")),
            (Some(_), None) => Some(format!("{name}: no longer needed")),
            (None, _) => Some(format!("{name}: needed now, but not in the plan")),
        });
        places.chain(steps).collect()
    }
}

/// What a step does to what: `update function list`. Duplicates of one logical id differ in their physical ids.
fn title(step: &Step) -> String {
    let physical_id = step
        .observed
        .as_ref()
        .map(|observed| observed.physical_id.as_str())
        .filter(|_| step.desired.is_none());
    let physical_id = physical_id.map(|physical_id| format!(" ({physical_id})")).unwrap_or_default();
    format!("{} {}{physical_id}", step.action.verb(), step.id)
}

/// A random salt.
///
/// # Errors
/// That the system has no random numbers.
pub fn salt() -> Result<String, getrandom::Error> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)?;
    Ok(hex(&salt))
}

/// A digest of all that a step depends on and does. Of data that is lost it says that there is some: a function that still
/// runs writes more logs by the minute, and the plan stays the one that was agreed to.
fn digest(salt: &str, step: &Step) -> String {
    let observed = step
        .observed
        .as_ref()
        .map(|observed| json!([observed.physical_id, observed.spec, *observed.attributes]));
    let whole = json!([salt, step.desired, observed, step.data_loss.is_some(), step.with_parent]);
    hex(&Sha256::digest(whole.to_string()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
