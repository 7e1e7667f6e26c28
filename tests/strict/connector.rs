//! The way of a request: in through the SDK's HTTP client, past faults and quotas, into the account, and back. Every call
//! takes some time, and is recorded.

use crate::access::{Need, needs};
use crate::clock::Clock;
use crate::cloud::{Cloud, Fault, InFlight, REGION, Time, is_write, lane};
use crate::faults::{self, Label, Planned, Trouble};
use crate::invariants::{Statements, broken_invariants};
use crate::malformed::Told;
use crate::quota::Quotas;
use crate::validate::{refused, validate};
use crate::wire::{self, Answer, Call, decode};
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

/// By how much a request is delayed: longer than all that may overtake it, and shorter than anybody's patience.
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
    /// `ok`, or the code of a refusal.
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
    pub(crate) fault: Option<Planned>,
    /// How often the fault struck.
    pub(crate) struck: usize,
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
    pub(crate) fn new(cloud: Cloud, clock: Clock, fault: Option<Planned>) -> Self {
        let broken = broken_invariants(&cloud).into_keys().collect();
        let statements = Statements::of(&cloud);
        let state = State {
            cloud,
            broken,
            statements,
            violations: Vec::new(),
            records: Vec::new(),
            fault,
            struck: 0,
            quotas: Quotas::default(),
            counts: HashMap::new(),
        };
        let region = region_of_its_own();
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
    pub(crate) fn loses_answers(&self) -> bool {
        self.state().fault.as_ref().is_some_and(|fault| fault.trouble == Trouble::Lost)
    }

    /// Waits until the process is to die.
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
        let (number, label, trouble) = self.arrive(&call);
        let _leaving = Leaving { cloud: self, number };
        let (there, back) = self.latency(number, &label);
        match trouble {
            Some(Trouble::Refused) => return Err(broken(ErrorKind::ConnectionRefused)),
            Some(Trouble::DiesBefore) => return self.die(false).await,
            Some(Trouble::Delayed) => self.dawdle(number).await,
            _ => {}
        }
        tokio::time::sleep(there).await;
        let before = trouble.filter(|trouble| {
            matches!(trouble, Trouble::Throttled | Trouble::Failed | Trouble::Denied | Trouble::Dropped)
        });
        let result = match before {
            Some(Trouble::Dropped) => return Err(broken(ErrorKind::ConnectionReset)),
            Some(trouble) => Err(faults::answer(call.service, &call.name(), trouble)
                .unwrap_or_else(|| Fault::new("InternalFailure", ""))),
            None => self.state().apply(number, &call),
        };
        match trouble {
            Some(Trouble::Lost) => return Err(broken(ErrorKind::ConnectionReset)),
            Some(Trouble::DiesAlone) => return self.die(false).await,
            Some(Trouble::DiesAfter) => return self.die(true).await,
            Some(Trouble::Slow) => tokio::time::sleep(Duration::from_secs(1000)).await,
            _ => {}
        }
        let result = match trouble.filter(|trouble| *trouble == Trouble::FailedLate) {
            Some(trouble) => Err(faults::answer(call.service, &call.name(), trouble)
                .unwrap_or_else(|| Fault::new("InternalFailure", ""))),
            None => result,
        };
        tokio::time::sleep(back).await;
        let answer = self.leave(number, &call, &result);
        Ok(match trouble {
            Some(Trouble::Malformed(malformation)) => malformed(malformation.told(answer, label.nth)),
            _ => response(answer),
        })
    }

    /// Takes a call in: its number, its label, and what shall go wrong with it.
    fn arrive(&self, call: &Call) -> (usize, Label, Option<Trouble>) {
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
            outcome: "no answer".to_owned(),
            invalid: validate(call.service.model(), call.operation, &call.params),
            needs: Vec::new(),
        });
        state.cloud.in_flight.push(InFlight { number, lane: lane(call), call: call.clone(), arrived });
        let struck = state.fault.as_ref().filter(|fault| fault.strikes(&label)).map(|fault| fault.trouble);
        state.struck += usize::from(struck.is_some());
        (number, label, struck)
    }

    /// How long a call is on its way, and its answer.
    fn latency(&self, number: usize, label: &Label) -> (Duration, Duration) {
        let state = self.state();
        let broken = state.cloud.latency.map(|latency| latency(&state.records[..=number]) / 2);
        broken.map_or_else(|| latency(label), |broken| (broken, broken))
    }

    /// Lets a request take its time, so that it reaches AWS late.
    async fn dawdle(&self, number: usize) {
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

    /// Answers a call.
    fn leave(&self, number: usize, call: &Call, result: &Result<Json, Fault>) -> Answer {
        let mut state = self.state();
        let now = state.cloud.now;
        let record = &mut state.records[number];
        record.end = Some(now);
        let request_id = format!("request-{number}");
        let answer = match result {
            Ok(output) => {
                record.outcome = "ok".to_owned();
                wire::answer(call, output, &request_id)
            }
            Err(fault) => {
                record.outcome.clone_from(&fault.code);
                wire::fault(call, fault, &request_id)
            }
        };
        Answer { body: answer.body.replace(REGION, self.region()), ..answer }
    }

    /// The process ends here; what was sent already may still be applied.
    async fn die(&self, applied: bool) -> Result<HttpResponse, ConnectorError> {
        if applied {
            let mut state = self.state();
            for sent in state.cloud.in_flight.clone() {
                let _ = state.apply(sent.number, &sent.call);
            }
        }
        self.0.death.notify_one();
        std::future::pending().await
    }

    /// A request that AWS knows nothing of.
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
        response(Answer { status: 400, headers, body: serde_json::json!({ "message": why }).to_string() })
    }
}

impl State {
    /// Carries a call out, unless that was done already, or AWS finds it invalid or one too many.
    fn apply(&mut self, number: usize, call: &Call) -> Result<Json, Fault> {
        let flight = self.cloud.in_flight.iter().position(|flight| flight.number == number);
        let Some(flight) = flight else { return Fault::err("InternalFailure", "") };
        self.cloud.arrived = self.cloud.in_flight[flight].arrived;
        let result = self.quotas.take(call, self.cloud.iam_quota, self.cloud.arrived);
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
        let fresh = broken.iter().filter(|(thing, _)| !self.broken.contains(*thing));
        let label = &self.records[number].label;
        let back = self.statements.look(&self.cloud).into_iter();
        self.violations.extend(back.map(|why| format!("until {label}, {why}")));
        self.violations.extend(fresh.map(|(thing, why)| format!("{label}, and then {thing}: {why}")));
        self.broken = broken.into_keys().collect();
    }
}

impl State {
    /// Carries a call out that is valid and allowed.
    fn apply_if_allowed(&mut self, number: usize, call: &Call) -> Result<Json, Fault> {
        let deploy_policy = self.cloud.deploy_policy.clone();
        if let Some(deploy_policy) = &deploy_policy {
            self.records[number].needs = needs(&self.cloud, call);
            deploy_policy.check(call, &self.records[number].needs)?;
        }
        if let Some(wrong) = self.records[number].invalid.first() {
            return Err(refused(call, wrong));
        }
        let mut answer = self.cloud.handle(call)?;
        if let Some(deploy_policy) = &deploy_policy {
            deploy_policy.censor(&self.records[number].needs, &mut answer);
        }
        Ok(answer)
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

/// The name of a region that nobody has used before.
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

/// How long a call is on its way, and its answer: some 40 ms in all, the same for the same call.
fn latency(label: &Label) -> (Duration, Duration) {
    let hash = Sha256::digest(label.to_string());
    let millis = |byte: u8| u64::from(byte) % 16;
    (Duration::from_millis(16 + millis(hash[0])), Duration::from_millis(8 + millis(hash[1])))
}

fn broken(kind: ErrorKind) -> ConnectorError {
    ConnectorError::io(IoError::from(kind).into())
}

fn response(answer: Answer) -> HttpResponse {
    let Answer { status, headers, body } = answer;
    malformed(Told { status, headers, body: body.into_bytes() })
}

/// Puts an answer on the wire, whatever is in it.
fn malformed(told: Told) -> HttpResponse {
    let status = told.status.try_into().expect("an HTTP status");
    let mut response = HttpResponse::new(status, SdkBody::from(told.body));
    for (name, value) in told.headers {
        response.headers_mut().insert(name, value);
    }
    response
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
