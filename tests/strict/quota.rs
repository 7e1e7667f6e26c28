//! AWS's quotas, as AWS counts them: token buckets on the side of the service.

use crate::cloud::Fault;
use crate::model::Service;
use crate::wire::Call;
use std::collections::BTreeMap;
use std::time::Duration;

/// A quota: its name, requests a second, and burst.
type Quota = (&'static str, f64, f64);

/// The quota that a call falls under.
fn quota(call: &Call) -> Option<Quota> {
    Some(match (call.service, call.operation.name.as_str()) {
        // 10 a second with a burst of 40 for all of the control plane [aws-facts: API Gateway v2, DG].
        (Service::ApiGateway, _) => ("apigateway", 10.0, 40.0),
        // 15 a second in all, besides GetFunction (100) and GetPolicy (15) [aws-facts: Lambda, DG].
        (Service::Lambda, "GetFunction") => ("lambda:GetFunction", 100.0, 100.0),
        (Service::Lambda, "GetPolicy") => ("lambda:GetPolicy", 15.0, 15.0),
        (Service::Lambda, _) => ("lambda", 15.0, 15.0),
        // As the services' documentation has it, for each operation by itself.
        (Service::DynamoDb, "ListTagsOfResource") => ("dynamodb:ListTagsOfResource", 10.0, 10.0),
        (Service::Logs, "DescribeLogGroups") => ("logs:DescribeLogGroups", 10.0, 10.0),
        (Service::Logs, "CreateLogGroup") => ("logs:CreateLogGroup", 10.0, 10.0),
        (Service::Logs, "DeleteLogGroup") => ("logs:DeleteLogGroup", 10.0, 10.0),
        (Service::Logs, "FilterLogEvents") => ("logs:FilterLogEvents", 5.0, 5.0),
        (Service::Logs, "TagResource") => ("logs:TagResource", 5.0, 5.0),
        _ => return None,
    })
}

/// What is left of each quota.
#[derive(Debug, Default)]
pub(crate) struct Quotas(BTreeMap<&'static str, (f64, Duration)>);

impl Quotas {
    /// Takes a token for a call that arrives.
    ///
    /// # Errors
    /// That there is none.
    pub(crate) fn take(&mut self, call: &Call, now: Duration) -> Result<(), Fault> {
        let Some((name, per_second, burst)) = quota(call) else { return Ok(()) };
        let (tokens, since) = self.0.entry(name).or_insert((burst, now));
        *tokens = (*tokens + now.saturating_sub(*since).as_secs_f64() * per_second).min(burst);
        *since = now;
        // Arrivals jitter by a few milliseconds, which AWS forgives.
        if *tokens < 0.5 {
            return Err(throttled(call));
        }
        *tokens -= 1.0;
        Ok(())
    }
}

/// How each service says that there are too many requests.
pub(crate) fn throttled(call: &Call) -> Fault {
    let (code, status) = match call.service {
        Service::Lambda | Service::ApiGateway => ("TooManyRequestsException", 429),
        Service::Iam | Service::Sts => ("Throttling", 400),
        Service::DynamoDb | Service::Logs => ("ThrottlingException", 400),
        Service::Tagging => ("ThrottledException", 400),
    };
    Fault { code: code.to_owned(), message: "Rate exceeded".to_owned(), status }
}
