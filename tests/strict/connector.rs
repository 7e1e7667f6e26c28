//! The way of a request: in through the SDK's HTTP client, past faults and quotas, into the account, and back. Every call
//! takes some time, and is recorded.

use crate::access::Need;
use crate::clock::Clock;
use crate::cloud::{Cloud, InFlight, REGION, ServiceError, Time, is_write, lane};
use crate::faults::{self, FaultKind, Label, PlannedFault};
use crate::invariants::{Statements, broken_invariants};
use crate::malformed::RawResponse;
use crate::quota::Quotas;
use crate::services::Service;
use crate::validate::{refused, validate};
use crate::wire::{self, Call, Response, decode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};
use std::io::{Error as IoError, ErrorKind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// By how much a request is delayed: longer than all that may overtake it, and shorter than every timeout.
const DELAY: Duration = Duration::from_secs(12);

/// A call as it was made.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) label: Label,
    pub(crate) params: Json,
    pub(crate) write: bool,
    pub(crate) start: Time,
    /// When it was answered; `None` where it was not.
    pub(crate) end: Option<Time>,
    /// `ok`, or the code of the error.
    pub(crate) outcome: String,
    /// What is wrong with it by AWS's model.
    pub(crate) invalid: Vec<String>,
    /// What access control asks for it, where not everything is allowed.
    pub(crate) needs: Vec<Need>,
}

/// The writes among calls.
pub(crate) fn writes(records: &[Record]) -> Vec<String> {
    records.iter().filter(|record| record.write).map(|record| record.label.to_string()).collect()
}

/// What is wrong with any of the calls by AWS's models.
pub(crate) fn invalid(records: &[Record]) -> Vec<String> {
    let wrong = records.iter().flat_map(|record| record.invalid.iter().map(move |why| (record, why)));
    wrong.map(|(record, why)| format!("{}: {why}", record.label)).collect()
}

impl std::fmt::Display for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (start, took) =
            (self.start.as_secs_f64() % 1e5, self.end.map(|end| end.saturating_sub(self.start)));
        let params: String = self.params.to_string().chars().take(300).collect();
        write!(f, "{start:.3} {} {} after {took:?} {params}", self.label, self.outcome)
    }
}

/// The cloud, as clients see it; clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct StrictCloud(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    /// The region as the clients know it. The SDK keeps one bucket of retries for a region in the whole process; with a
    /// region of its own, each run begins with a full one, as each process does. On the wire it stands for the account's.
    region: String,
    state: Mutex<State>,
    death: Notify,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) cloud: Cloud,
    pub(crate) records: Vec<Record>,
    /// The result of the last call, before it became HTTP.
    pub(crate) answered: Option<Result<Json, ServiceError>>,
    pub(crate) fault: Option<PlannedFault>,
    /// How often the fault was injected.
    pub(crate) injected: usize,
    /// The resources that break an invariant now.
    broken: BTreeSet<String>,
    statements: Statements,
    /// Which calls have broken an invariant, and how.
    pub(crate) violations: Vec<String>,
    quotas: Quotas,
    counts: HashMap<(String, String), u32>,
}

impl StrictCloud {
    /// An account under a clock.
    pub(crate) fn new(mut cloud: Cloud, clock: Clock, fault: Option<PlannedFault>) -> Self {
        Service::ALL.iter().for_each(|service| service.happen(&mut cloud));
        let broken = broken_invariants(&cloud).into_keys().collect();
        let statements = Statements::of(&cloud);
        let region = cloud.region.map_or_else(region_of_its_own, str::to_owned);
        let state = State {
            cloud,
            broken,
            statements,
            violations: Vec::new(),
            records: Vec::new(),
            answered: None,
            fault,
            injected: 0,
            quotas: Quotas::default(),
            counts: HashMap::new(),
        };
        StrictCloud(Arc::new(Inner { clock, region, state: Mutex::new(state), death: Notify::new() }))
    }

    /// The region to connect to.
    pub(crate) fn region(&self) -> &str {
        &self.0.region
    }

    /// What is inside.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.cloud.now = self.0.clock.time();
        state
    }

    /// True if a connection breaks only after the call was applied.
    pub(crate) fn loses_responses(&self) -> bool {
        self.state().fault.as_ref().is_some_and(|fault| fault.kind == FaultKind::Lost)
    }

    /// Waits until the process is to be killed.
    pub(crate) async fn death(&self) {
        self.0.death.notified().await;
    }

    /// Takes a request all the way.
    ///
    /// # Errors
    /// That the connection breaks.
    pub(crate) async fn serve(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let body = request.body().bytes().map(<[u8]>::to_vec).unwrap_or_default();
        let body = String::from_utf8(body).unwrap_or_default().replace(self.region(), REGION);
        let call = match decode(&request, &request.uri().replace(self.region(), REGION), body.as_bytes()) {
            Ok(call) => call,
            Err(why) => return Ok(self.undecodable(&request, why)),
        };
        let (number, label, kind) = self.arrive(&call);
        let _leaving = Leaving { cloud: self, number };
        let (there, back) = self.latency(number, &label);
        match kind {
            Some(FaultKind::Refused) => return Err(broken(ErrorKind::ConnectionRefused)),
            Some(FaultKind::KilledBefore) => return self.kill(false).await,
            Some(FaultKind::Delayed) => self.delay(number).await,
            _ => {}
        }
        tokio::time::sleep(there).await;
        let before = kind.filter(|kind| {
            matches!(kind, FaultKind::Throttled | FaultKind::Failed | FaultKind::Denied | FaultKind::Dropped)
        });
        let result = match before {
            Some(FaultKind::Dropped) => return Err(broken(ErrorKind::ConnectionReset)),
            Some(kind) => Err(faults::service_error(call.service, &call.name(), kind)
                .unwrap_or_else(|| ServiceError::new("InternalFailure", ""))),
            None => self.state().apply(number, &call),
        };
        match kind {
            Some(FaultKind::Lost) => return Err(broken(ErrorKind::ConnectionReset)),
            Some(FaultKind::KilledAfterCall) => return self.kill(false).await,
            Some(FaultKind::KilledAfterAll) => return self.kill(true).await,
            Some(FaultKind::Slow) => tokio::time::sleep(Duration::from_secs(1000)).await,
            _ => {}
        }
        let result = match kind.filter(|kind| *kind == FaultKind::FailedLate) {
            Some(kind) => Err(faults::service_error(call.service, &call.name(), kind)
                .unwrap_or_else(|| ServiceError::new("InternalFailure", ""))),
            None => result,
        };
        tokio::time::sleep(back).await;
        let response = self.leave(number, &call, &result);
        Ok(match kind {
            Some(FaultKind::Malformed(malformation)) => malformed(malformation.apply(response, label.nth)),
            _ => http_response(response),
        })
    }

    /// Takes a call in: its number, its label, and the fault to inject.
    fn arrive(&self, call: &Call) -> (usize, Label, Option<FaultKind>) {
        let mut state = self.state();
        let (name, subject) = (call.name(), call.subject());
        let nth = state.counts.entry((name.clone(), subject.clone())).or_default();
        *nth += 1;
        let label = Label { name, subject, nth: *nth };
        let number = state.records.len();
        let arrived = state.cloud.now;
        state.records.push(Record {
            label: label.clone(),
            params: call.params.clone(),
            write: is_write(&call.operation.name),
            start: arrived,
            end: None,
            outcome: "no response".to_owned(),
            invalid: validate(call.service.model(), call.operation, &call.params),
            needs: Vec::new(),
        });
        state.cloud.in_flight.push(InFlight { number, lane: lane(call), call: call.clone(), arrived });
        let injected = state.fault.as_ref().filter(|fault| fault.applies_to(&label)).map(|fault| fault.kind);
        state.injected += usize::from(injected.is_some());
        (number, label, injected)
    }

    /// How long a call is on its way, and its response.
    fn latency(&self, number: usize, label: &Label) -> (Duration, Duration) {
        let state = self.state();
        let broken = state.cloud.latency.map(|latency| latency(&state.records[..=number]) / 2);
        broken.map_or_else(|| latency(label), |broken| (broken, broken))
    }

    /// Delays a request, so that it reaches AWS late.
    async fn delay(&self, number: usize) {
        tokio::time::sleep(DELAY).await;
        let mut state = self.state();
        let now = state.cloud.now;
        state
            .cloud
            .in_flight
            .iter_mut()
            .filter(|flight| flight.number == number)
            .for_each(|flight| flight.arrived = now);
    }

    /// Ends a call with its response.
    fn leave(&self, number: usize, call: &Call, result: &Result<Json, ServiceError>) -> Response {
        let mut state = self.state();
        let now = state.cloud.now;
        let record = &mut state.records[number];
        record.end = Some(now);
        let request_id = format!("request-{number}");
        let response = match result {
            Ok(output) => {
                record.outcome = "ok".to_owned();
                wire::success(call, output, &request_id)
            }
            Err(error) => {
                record.outcome.clone_from(&error.code);
                wire::error(call, error, &request_id)
            }
        };
        state.answered = Some(result.clone());
        Response { body: response.body.replace(REGION, self.region()), ..response }
    }

    /// The process is killed here; what was sent already may still be applied.
    async fn kill(&self, applied: bool) -> Result<HttpResponse, ConnectorError> {
        if applied {
            let mut state = self.state();
            for sent in state.cloud.in_flight.clone() {
                let _ = state.apply(sent.number, &sent.call);
            }
        }
        self.0.death.notify_one();
        std::future::pending().await
    }

    /// A request of no known operation.
    fn undecodable(&self, request: &HttpRequest, why: String) -> HttpResponse {
        let mut state = self.state();
        let (start, name) = (state.cloud.now, format!("{} {}", request.method(), request.uri()));
        state.records.push(Record {
            label: Label { name, subject: String::new(), nth: 1 },
            params: Json::Null,
            write: true,
            start,
            end: Some(start),
            outcome: "UnknownOperationException".to_owned(),
            invalid: vec![why.clone()],
            needs: Vec::new(),
        });
        let headers = vec![("x-amzn-errortype", "UnknownOperationException".to_owned())];
        http_response(Response {
            status: 400,
            headers,
            body: serde_json::json!({ "message": why }).to_string(),
        })
    }
}

impl State {
    /// Applies a call, unless that was done already, or AWS finds it invalid or throttles it.
    fn apply(&mut self, number: usize, call: &Call) -> Result<Json, ServiceError> {
        let flight = self.cloud.in_flight.iter().position(|flight| flight.number == number);
        let Some(flight) = flight else { return ServiceError::err("InternalFailure", "") };
        self.cloud.arrived = self.cloud.in_flight[flight].arrived;
        let result = self.quotas.take(call, &self.cloud);
        let result = result.and_then(|()| self.apply_if_allowed(number, call));
        self.cloud.in_flight.retain(|flight| flight.number != number);
        if self.records[number].write {
            self.check_invariants(number);
        }
        result
    }

    /// No write may break an invariant at any moment, such as by a live route whose function does not exist. What was
    /// broken before is not the doing of this write.
    fn check_invariants(&mut self, number: usize) {
        let broken = broken_invariants(&self.cloud);
        let fresh = broken.iter().filter(|(resource, _)| !self.broken.contains(*resource));
        let label = &self.records[number].label;
        let back = self.statements.look(&self.cloud).into_iter();
        self.violations.extend(back.map(|why| format!("until {label}, {why}")));
        self.violations.extend(fresh.map(|(resource, why)| format!("{label}, and then {resource}: {why}")));
        self.broken = broken.into_keys().collect();
    }
}

impl State {
    /// Applies a call if it is valid and allowed.
    fn apply_if_allowed(&mut self, number: usize, call: &Call) -> Result<Json, ServiceError> {
        let deploy_policy = self.cloud.deploy_policy.clone();
        if let Some(deploy_policy) = &deploy_policy {
            self.records[number].needs = call.service.needs(&self.cloud, call);
            deploy_policy.check(call, &self.records[number].needs)?;
        }
        if let Some(wrong) = self.records[number].invalid.first() {
            return Err(refused(call, wrong));
        }
        let mut response = self.cloud.handle(call)?;
        if let Some(deploy_policy) = &deploy_policy {
            deploy_policy.censor(call, &self.records[number].needs, &mut response);
        }
        Ok(response)
    }
}

/// Takes a call out of AWS however it ends.
struct Leaving<'a> {
    cloud: &'a StrictCloud,
    number: usize,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.cloud.state().cloud.in_flight.retain(|flight| flight.number != self.number);
    }
}

/// The name of a region that was not used before.
fn region_of_its_own() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let letter = |first: char, number: u32| char::from_u32(u32::from(first) + number).unwrap_or(first);
    let directions = ["north", "south", "east", "west", "central"];
    let (world, rest) = (number / (99 * 5), number % (99 * 5));
    let (first, second) = (letter('p', world / 26 % 11), letter('a', world % 26));
    let direction = directions[rest as usize % directions.len()];
    format!("{first}{second}-{direction}-{}", rest / 5 + 1)
}

/// How long a call is on its way, and its response: some 40 ms in all, the same for the same call.
fn latency(label: &Label) -> (Duration, Duration) {
    let hash = Sha256::digest(label.to_string());
    let millis = |byte: u8| u64::from(byte) % 16;
    (Duration::from_millis(16 + millis(hash[0])), Duration::from_millis(8 + millis(hash[1])))
}

fn broken(kind: ErrorKind) -> ConnectorError {
    ConnectorError::io(IoError::from(kind).into())
}

fn http_response(response: Response) -> HttpResponse {
    let Response { status, headers, body } = response;
    malformed(RawResponse { status, headers, body: body.into_bytes() })
}

/// Sends a response, whatever is in it.
fn malformed(raw: RawResponse) -> HttpResponse {
    let status = raw.status.try_into().expect("an HTTP status");
    let mut http_response = HttpResponse::new(status, SdkBody::from(raw.body));
    for (name, value) in raw.headers {
        http_response.headers_mut().insert(name, value);
    }
    http_response
}

impl HttpConnector for StrictCloud {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let cloud = self.clone();
        HttpConnectorFuture::new(async move { cloud.serve(request).await })
    }
}

impl HttpClient for StrictCloud {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
