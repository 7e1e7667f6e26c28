//! STS: who is calling.

use crate::cloud::{ACCOUNT, Cloud, Handler, ServiceError};
use serde_json::{Value as Json, json};

pub(crate) const OPERATIONS: &[(&str, Handler)] = &[("GetCallerIdentity", caller)];

fn caller(_: &mut Cloud, _: &Json) -> Result<Json, ServiceError> {
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/deployer");
    Ok(json!({ "Account": ACCOUNT, "Arn": arn, "UserId": "AIDAQDEPLOYER" }))
}
