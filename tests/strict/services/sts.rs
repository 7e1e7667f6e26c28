//! STS: who is calling.

use crate::access::{CALLER, Need};
use crate::cloud::{ACCOUNT, Cloud, ServiceError};
use crate::service::{Facts, StrictService};
use crate::wire::Call;
use serde_json::{Value as Json, json};

pub(crate) struct Sts;

/// It holds nothing.
pub(crate) type State = ();

impl StrictService for Sts {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "sts",
            model: ("sts", "2011-06-15"),
            operations: &[&[("GetCallerIdentity", caller)]],
            changed: &[],
            subject: &[],
            tokens: &[],
            throttled: ("Throttling", 400),
            failed: ("InternalFailure", 500),
            denied: ("AccessDenied", 403),
            invalid: "ValidationError",
            unmodelled: &[],
        }
    }

    /// It is allowed to everybody.
    fn needs(&self, _: &Cloud, _: &Call) -> Vec<Need> {
        Vec::new()
    }

    fn requests(&self) -> &'static str {
        REQUESTS
    }
}

const REQUESTS: &str = "
- story: callers
  requests:
  - { title: who calls, call: sts:GetCallerIdentity, with: {}, shows: Account, says: ok 123456789012 }
";

fn caller(_: &mut Cloud, _: &Json) -> Result<Json, ServiceError> {
    Ok(json!({ "Account": ACCOUNT, "Arn": CALLER, "UserId": "AIDAQDEPLOYER" }))
}
