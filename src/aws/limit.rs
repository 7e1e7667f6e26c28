//! Keeps the pace that AWS's quotas allow, for every attempt that goes over the wire, retries included. Quotas are per
//! account and region, so one process can only do its part; the SDK retries what AWS throttles.

use super::service::Service;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// The concurrency limit of one quota: on AWS, and on the local cloud, where only the number of open connections counts.
const CONCURRENCY: usize = 32;
const LOCAL_CONCURRENCY: usize = 128;

/// The bytes from which a request is an upload.
const LARGE: u64 = 1_000_000;
/// How long an upload may take, how long a function may work on an event, which is AWS's own limit and a little, and how
/// long any other attempt may take.
const UPLOAD: Duration = Duration::from_secs(300);
const INVOCATION: Duration = Duration::from_secs(1_830);
const ATTEMPT: Duration = Duration::from_secs(30);

/// A quota: so many calls a second, and so many at once after a rest.
#[derive(Debug, Clone, Copy)]
pub struct Quota {
    /// Calls a second.
    pub per_second: f64,
    /// Calls at once, after a rest.
    pub burst: f64,
}

/// The URL of a request without its query.
pub(crate) fn path(request: &HttpRequest) -> &str {
    request.uri().split(['?']).next().unwrap_or_default()
}

/// The operation of a request in one of the JSON protocols.
pub(crate) fn target(request: &HttpRequest) -> &str {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    target.split('.').nth(1).unwrap_or_default()
}

/// The paces of a connection, one for each service, kept for all of the connection's clients together.
#[derive(Debug, Clone)]
pub(crate) struct Paces {
    http: SharedHttpClient,
    local: bool,
    of_services: Arc<Mutex<BTreeMap<&'static str, Paced>>>,
}

impl Paces {
    /// The paces of a connection to AWS, or to the local cloud, which has no quotas.
    pub(crate) fn new(http: SharedHttpClient, local: bool) -> Self {
        Paces { http, local, of_services: Arc::default() }
    }

    /// The HTTP client that keeps the pace of a service.
    pub(crate) fn of(&self, service: &'static Service) -> Paced {
        let mut paces = self.of_services.lock().unwrap_or_else(PoisonError::into_inner);
        let paced = paces.entry(service.id);
        paced.or_insert_with(|| Paced::new(self.http.clone(), service, self.local)).clone()
    }
}

/// An HTTP client that waits for its turn, then gives each attempt a time limit of its own. The SDK's attempt timeout
/// would count the waiting as well, so it stays unset.
#[derive(Debug, Clone)]
pub(crate) struct Paced {
    inner: SharedHttpClient,
    quota_of: fn(&HttpRequest) -> Option<usize>,
    lanes: Arc<Vec<Lane>>,
    /// Of what falls under no quota.
    free: Arc<Lane>,
}

impl Paced {
    fn new(inner: SharedHttpClient, service: &Service, local: bool) -> Self {
        let (quotas, concurrency) =
            if local { (&[] as &[_], LOCAL_CONCURRENCY) } else { (service.quotas, CONCURRENCY) };
        let lanes = quotas.iter().map(|quota| Lane::new(Some(*quota), concurrency)).collect();
        let free = Arc::new(Lane::new(None, concurrency));
        Paced { inner, quota_of: service.quota_of, lanes: Arc::new(lanes), free }
    }
}

impl HttpClient for Paced {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(PacedConnector { inner, paced: self.clone() })
    }
}

#[derive(Debug)]
struct PacedConnector {
    inner: SharedHttpConnector,
    paced: Paced,
}

impl HttpConnector for PacedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Paced { quota_of, lanes, free, .. } = self.paced.clone();
        let inner = self.inner.clone();
        HttpConnectorFuture::new(async move {
            let lane = quota_of(&request).and_then(|index| lanes.get(index)).unwrap_or(&free);
            let _place = lane.enter().await;
            match tokio::time::timeout(time_for(&request), inner.call(request)).await {
                Ok(response) => response,
                Err(elapsed) => Err(ConnectorError::timeout(elapsed.into())),
            }
        })
    }
}

/// The calls that share a quota. Each quota has a concurrency limit of its own, so that calls that wait for their turn hold up no others.
#[derive(Debug)]
struct Lane {
    bucket: Option<Bucket>,
    concurrency: Semaphore,
}

impl Lane {
    fn new(quota: Option<Quota>, concurrency: usize) -> Self {
        Lane { bucket: quota.map(Bucket::new), concurrency: Semaphore::new(concurrency) }
    }

    /// Waits for a place, and then for the turn: a turn that was taken before the place would be kept, and a full lane that
    /// empties at once would let a burst pass that the quota does not know.
    async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed, so a failure means only that there is no limit.
        let place = self.concurrency.acquire().await.ok();
        if let Some(bucket) = &self.bucket {
            bucket.turn().await;
        }
        place
    }
}

/// How long an attempt may take until the response begins: longer where it uploads code, or has a function at work.
fn time_for(request: &HttpRequest) -> Duration {
    if path(request).ends_with("/invocations") {
        INVOCATION
    } else if request.body().content_length().is_some_and(|bytes| bytes > LARGE) {
        UPLOAD
    } else {
        ATTEMPT
    }
}

/// A token bucket that may go into debt: each caller takes its token at once and knows how long to wait for it, so
/// turns are served in order.
#[derive(Debug)]
struct Bucket {
    quota: Quota,
    state: Mutex<(f64, Instant)>,
}

impl Bucket {
    fn new(quota: Quota) -> Self {
        Bucket { quota, state: Mutex::new((quota.burst, Instant::now())) }
    }

    async fn turn(&self) {
        let debt = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let (tokens, since) = *state;
            let earned = now.duration_since(since).as_secs_f64() * self.quota.per_second;
            let left = (tokens + earned).min(self.quota.burst) - 1.0;
            *state = (left, now);
            -left
        };
        if debt > 0.0 {
            tokio::time::sleep(Duration::from_secs_f64(debt / self.quota.per_second)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_at_once_and_the_rest_at_the_pace() {
        let bucket = Bucket::new(Quota { per_second: 10.0, burst: 40.0 });
        let start = Instant::now();
        for _ in 0..40 {
            bucket.turn().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..10 {
            bucket.turn().await;
        }
        let elapsed = start.elapsed().as_secs_f64();
        assert!((elapsed - 1.0).abs() < 0.02, "{elapsed}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_lane_that_empties_at_once_keeps_the_pace() {
        let lane = Lane::new(Some(Quota { per_second: 10.0, burst: 5.0 }), 8);
        let start = Instant::now();
        // The first calls get no response for a minute, and then all at once.
        let call = async || {
            let _place = lane.enter().await;
            let at = start.elapsed();
            if at < Duration::from_secs(60) {
                tokio::time::sleep_until(start + Duration::from_secs(60)).await;
            }
            at
        };
        let mut at = futures_util::future::join_all((0..40).map(|_| call())).await;
        at.sort();
        for (first, sixth) in at.iter().zip(&at[6..]) {
            let within = (*sixth - *first).as_secs_f64();
            assert!(within > 0.09, "seven calls within {within} s at {first:?}");
        }
    }

    static FAST: Service =
        Service { quotas: &[Quota { per_second: 10.0, burst: 5.0 }], ..Service::new("Fast", "fast") };
    static SLOW: Service =
        Service { quotas: &[Quota { per_second: 1.0, burst: 1.0 }], ..Service::new("Slow", "slow") };

    #[test]
    fn a_connection_keeps_one_pace_for_each_service() {
        let http = || crate::aws::tests::http_client();
        let paces = Paces::new(http(), false);
        let (fast, again, slow) = (paces.of(&FAST), paces.clone().of(&FAST), paces.of(&SLOW));
        assert!(Arc::ptr_eq(&fast.lanes, &again.lanes) && Arc::ptr_eq(&fast.free, &again.free));
        assert!(!Arc::ptr_eq(&fast.lanes, &slow.lanes));
        assert_eq!((fast.lanes.len(), slow.lanes.len()), (1, 1));
        assert_eq!(Paces::new(http(), true).of(&FAST).lanes.len(), 0, "the local cloud has no quotas");
    }

    fn request(method: &str, path: &str) -> HttpRequest {
        let mut request = HttpRequest::empty();
        request.set_method(method).expect("a method");
        request.set_uri(format!("https://lambda.eu-west-1.amazonaws.com{path}")).expect("a path");
        request
    }

    #[test]
    fn a_function_may_work_as_long_as_lambda_lets_it() {
        let time = |path: &str| time_for(&request("POST", path)).as_secs();
        assert!(time("/2015-03-31/functions/f/invocations") > 30 * 60);
        assert_eq!(time("/2015-03-31/functions/f/policy"), 30);
    }
}
