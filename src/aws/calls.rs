//! Counts the calls that a command makes, and reports each one where the user asked for it. It reads neither parameters nor
//! responses, so it can report no sensitive value.

use super::read_only::is_read;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_types::request_id::RequestId;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// The number of calls; clones share the figures. Retries of the SDK are part of their call.
#[derive(Clone, Default)]
pub struct Calls {
    counts: Arc<Counts>,
    report: Option<Arc<ReportCall>>,
}

type ReportCall = dyn Fn(&Call) + Send + Sync;

/// A call that has ended, without what was sent and received.
#[derive(Debug, Clone)]
pub struct Call {
    /// The operation, for example `DynamoDB:CreateTable`.
    pub name: String,
    /// The status of the last response; `None` where there was none.
    pub status: Option<u16>,
    /// From the first attempt to the last response.
    pub took: Duration,
    /// How often it was sent.
    pub attempts: u32,
    /// AWS's id of the request.
    pub request_id: Option<String>,
}

/// When a call began.
#[derive(Debug, Clone, Copy)]
struct Begun(Instant);

impl Storable for Begun {
    type Storer = StoreReplace<Self>;
}

#[derive(Default)]
struct Counts {
    reads: AtomicU64,
    writes: AtomicU64,
    again: AtomicU64,
}

impl Calls {
    /// A counter that also reports every call as it ends.
    pub fn reporting(report: impl Fn(&Call) + Send + Sync + 'static) -> Self {
        Calls { report: Some(Arc::new(report)), ..Calls::default() }
    }

    /// A counter that reports calls as this one does, and starts at zero.
    pub(super) fn reset(&self) -> Self {
        Calls { counts: Arc::default(), report: self.report.clone() }
    }

    /// The number of reads.
    pub fn reads(&self) -> u64 {
        self.counts.reads.load(Ordering::Relaxed)
    }

    /// The number of writes.
    pub fn writes(&self) -> u64 {
        self.counts.writes.load(Ordering::Relaxed)
    }

    /// How often a call was sent again, because AWS throttled it or gave no response.
    pub fn again(&self) -> u64 {
        self.counts.again.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Calls({} reads, {} writes)", self.reads(), self.writes())
    }
}

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "Calls"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(Begun(Instant::now()));
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_again = cfg.load::<RequestAttempts>().is_some_and(|attempts| attempts.attempts() > 1);
        self.counts.again.fetch_add(u64::from(is_again), Ordering::Relaxed);
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // A call that an interceptor refused was not sent.
        let refused = matches!(context.output_or_error(), Some(Err(error)) if error.is_interceptor_error());
        let Some(metadata) = cfg.load::<Metadata>().filter(|_| !refused) else { return Ok(()) };
        let count = if is_read(metadata.name()) { &self.counts.reads } else { &self.counts.writes };
        count.fetch_add(1, Ordering::Relaxed);
        let call = Call {
            name: format!("{}:{}", metadata.service(), metadata.name()),
            status: context.response().map(|response| response.status().as_u16()),
            took: cfg.load::<Begun>().map(|begun| begun.0.elapsed()).unwrap_or_default(),
            attempts: cfg.load::<RequestAttempts>().map_or(1, |attempts| attempts.attempts()),
            request_id: context
                .response()
                .and_then(|response| response.headers().request_id().map(str::to_owned)),
        };
        if let Some(report) = &self.report {
            report(&call);
        }
        Ok(())
    }
}
