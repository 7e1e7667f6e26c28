//! The clients of all services. Each is built when it is first asked for, so that a command pays only for what it uses.

use super::calls::Calls;
use super::connect::Access;
use super::limit::{Paced, Paces};
use super::quota_errors::QuotasAreFinal;
use super::read_only::ReadOnly;
use super::request::NoteRequest;
use super::service::Service;
use aws_config::SdkConfig;
use aws_sdk_sts::config::retry::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use http::Extensions;
use std::sync::{Arc, Mutex, PoisonError};

/// The SDK counts the retries of a whole process, and after some hundred of them gives up at the first refusal: a large stack
/// that a service asks for slower calls would fail. Each call has its own limit, and the pace is kept, so nothing is counted.
const RETRIES: &str = "provision";

/// The services that no kind belongs to.
pub(super) static OWN: [&Service; 2] = [&STS, &TAGGING];

static STS: Service = Service::new("STS", "sts");
static TAGGING: Service = Service::new("Resource Groups Tagging API", "tag");

/// One client for each service. The file of a service's main kind adds the method that returns its client.
#[derive(Debug, Clone)]
pub struct Clients(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: SdkConfig,
    paces: Paces,
    retries: RetryPartition,
    calls: Calls,
    access: Access,
    built: Mutex<Extensions>,
}

/// What the client of a service is built from.
pub(crate) struct Parts<'a> {
    pub(crate) config: &'a SdkConfig,
    pub(crate) http: Paced,
    pub(crate) retries: RetryPartition,
    pub(crate) quotas: QuotasAreFinal,
    pub(crate) interceptors: Vec<SharedInterceptor>,
}

/// The client of a service from its SDK crate. The crates' types have no trait in common that could say this.
macro_rules! client {
    ($clients:expr, $service:expr, $sdk:ident) => {
        $clients.client($service, |parts| {
            let mut config = $sdk::config::Builder::from(parts.config)
                .http_client(parts.http)
                .retry_partition(parts.retries)
                .retry_classifier(parts.quotas);
            for interceptor in parts.interceptors {
                config.push_interceptor(interceptor);
            }
            $sdk::Client::from_conf(config.build())
        })
    };
}
pub(crate) use client;

impl Clients {
    pub(super) fn new(config: SdkConfig, paces: Paces, calls: Calls, access: Access) -> Self {
        let retries = RetryPartition::custom(RETRIES).token_bucket(TokenBucket::unlimited()).build();
        Clients(Arc::new(Shared { config, paces, retries, calls, access, built: Mutex::default() }))
    }

    /// The client of STS.
    pub fn sts(&self) -> aws_sdk_sts::Client {
        client!(self, &STS, aws_sdk_sts)
    }

    /// The client of the Resource Groups Tagging API.
    pub fn tagging(&self) -> aws_sdk_resourcegroupstagging::Client {
        client!(self, &TAGGING, aws_sdk_resourcegroupstagging)
    }

    /// The client of a service, built where this is the first call. Clients are handles, which are cheap to copy.
    pub(crate) fn client<C: Clone + Send + Sync + 'static>(
        &self,
        service: &'static Service,
        build: impl FnOnce(Parts<'_>) -> C,
    ) -> C {
        let mut built = self.0.built.lock().unwrap_or_else(PoisonError::into_inner);
        built.get_or_insert_with(|| build(self.parts(service))).clone()
    }

    fn parts(&self, service: &'static Service) -> Parts<'_> {
        let Shared { config, paces, retries, calls, access, .. } = &*self.0;
        let mut interceptors =
            vec![SharedInterceptor::new(NoteRequest(service)), SharedInterceptor::new(calls.clone())];
        if *access == Access::Read {
            interceptors.push(SharedInterceptor::new(ReadOnly(service)));
        }
        Parts {
            config,
            http: paces.of(service),
            retries: retries.clone(),
            quotas: QuotasAreFinal(service),
            interceptors,
        }
    }
}
