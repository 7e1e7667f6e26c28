//! AWS's quotas, as AWS counts them: token buckets on the side of the service.

use crate::cloud::{Cloud, ServiceError};
use crate::services::Service;
use crate::wire::Call;
use std::collections::BTreeMap;
use std::time::Duration;

/// A quota: its name, requests a second, and burst.
pub(crate) type Quota = (&'static str, f64, f64);

/// What is left of each quota.
#[derive(Debug, Default)]
pub(crate) struct Quotas(BTreeMap<&'static str, (f64, Duration)>);

impl Quotas {
    /// Takes a token for a call that has arrived.
    ///
    /// # Errors
    /// That there is none.
    pub(crate) fn take(&mut self, call: &Call, cloud: &Cloud) -> Result<(), ServiceError> {
        let (now, quota) = (cloud.arrived, call.service.quota(cloud, &call.operation.name));
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

/// How a service says that there are too many requests.
pub(crate) fn throttled(service: Service) -> ServiceError {
    let (code, status) = service.facts().throttled;
    ServiceError { code: code.to_owned(), message: "Rate exceeded".to_owned(), status }
}
