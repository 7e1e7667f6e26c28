//! Counts the calls that a command makes, and tells of each one where the user asked for it. Neither parameters nor
//! answers are looked at, so nothing secret can be told.

use super::read_only::is_read;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// How many calls were made; clones share the figures. Retries of the SDK are part of their call.
#[derive(Clone, Default)]
pub struct Calls {
    counts: Arc<Counts>,
    tell: Option<Arc<Tell>>,
}

type Tell = dyn Fn(&Call) + Send + Sync;

/// A call that has ended. It knows neither what was sent nor what came back.
#[derive(Debug, Clone)]
pub struct Call {
    /// The operation, for example `DynamoDB:CreateTable`.
    pub name: String,
    /// The status of the last answer; `None` where there was none.
    pub status: Option<u16>,
    /// From the first attempt to the last answer.
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
}

impl Calls {
    /// A counter that also tells of every call as it ends.
    pub fn telling(tell: impl Fn(&Call) + Send + Sync + 'static) -> Self {
        Calls { tell: Some(Arc::new(tell)), ..Calls::default() }
    }

    /// A counter that tells of calls as this one does, and begins at nothing.
    pub(super) fn anew(&self) -> Self {
        Calls { counts: Arc::default(), tell: self.tell.clone() }
    }

    /// How many reads were made.
    pub fn reads(&self) -> u64 {
        self.counts.reads.load(Ordering::Relaxed)
    }

    /// How many writes were made.
    pub fn writes(&self) -> u64 {
        self.counts.writes.load(Ordering::Relaxed)
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

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // A call that an interceptor refused was not made.
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
                .and_then(|response| response.headers().get("x-amzn-requestid").map(str::to_owned)),
        };
        if let Some(tell) = &self.tell {
            tell(&call);
        }
        Ok(())
    }
}
