//! AWS's quotas, as AWS counts them: token buckets on the side of the service.

use crate::cloud::ServiceError;
use crate::model::Service;
use crate::wire::Call;
use std::collections::BTreeMap;
use std::time::Duration;

/// A quota: its name, requests a second, and burst.
pub(crate) type Quota = (&'static str, f64, f64);

/// The quota that an operation falls under.
pub(crate) fn quota(service: Service, operation: &str) -> Option<Quota> {
    Some(match (service, operation) {
        // 10 a second with a burst of 40 for all of the control plane [aws-facts: API Gateway v2, DG].
        (Service::ApiGateway, _) => ("apigateway", 10.0, 40.0),
        // 15 a second in all, besides GetFunction (100) and GetPolicy (15) [aws-facts: Lambda, DG].
        (Service::Lambda, "GetFunction") => ("lambda:GetFunction", 100.0, 100.0),
        (Service::Lambda, "GetPolicy") => ("lambda:GetPolicy", 15.0, 15.0),
        (Service::Lambda, _) => ("lambda", 15.0, 15.0),
        // As the services' documentation has it, for each operation by itself.
        (Service::DynamoDb, "ListTagsOfResource") => ("dynamodb:ListTagsOfResource", 10.0, 10.0),
        // [DG: CloudWatch Logs quotas]
        (Service::Logs, "DescribeLogGroups") => ("logs:DescribeLogGroups", 10.0, 10.0),
        (Service::Logs, "CreateLogGroup") => ("logs:CreateLogGroup", 10.0, 10.0),
        (Service::Logs, "DeleteLogGroup") => ("logs:DeleteLogGroup", 10.0, 10.0),
        (Service::Logs, "FilterLogEvents") => ("logs:FilterLogEvents", 5.0, 5.0),
        (Service::Logs, "TagResource") => ("logs:TagResource", 5.0, 5.0),
        (Service::Logs, "ListTagsForResource") => ("logs:ListTagsForResource", 5.0, 5.0),
        (Service::Logs, "PutRetentionPolicy") => ("logs:PutRetentionPolicy", 5.0, 5.0),
        (Service::Logs, "DeleteRetentionPolicy") => ("logs:DeleteRetentionPolicy", 5.0, 5.0),
        _ => return None,
    })
}

/// What is left of each quota.
#[derive(Debug, Default)]
pub(crate) struct Quotas(BTreeMap<&'static str, (f64, Duration)>);

impl Quotas {
    /// Takes a token for a call that arrives; `iam` is what IAM bears.
    ///
    /// # Errors
    /// That there is none.
    pub(crate) fn take(
        &mut self,
        call: &Call,
        iam: Option<(f64, f64)>,
        now: Duration,
    ) -> Result<(), ServiceError> {
        let iam = iam.filter(|_| call.service == Service::Iam).map(|(rate, burst)| ("iam", rate, burst));
        let quota = iam.or_else(|| quota(call.service, &call.operation.name));
        let Some((name, per_second, burst)) = quota else { return Ok(()) };
        let (tokens, since) = self.0.entry(name).or_insert((burst, now));
        *tokens = (*tokens + now.saturating_sub(*since).as_secs_f64() * per_second).min(burst);
        *since = now;
        // Arrivals jitter by a few milliseconds, which AWS forgives.
        if *tokens < 0.5 {
            return Err(throttled(call.service));
        }
        *tokens -= 1.0;
        Ok(())
    }
}

/// How each service says that there are too many requests.
pub(crate) fn throttled(service: Service) -> ServiceError {
    let (code, status) = match service {
        Service::Lambda | Service::ApiGateway => ("TooManyRequestsException", 429),
        Service::Iam | Service::Sts => ("Throttling", 400),
        Service::DynamoDb | Service::Logs => ("ThrottlingException", 400),
        Service::Tagging => ("ThrottledException", 400),
    };
    ServiceError { code: code.to_owned(), message: "Rate exceeded".to_owned(), status }
}
