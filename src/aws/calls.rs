//! Counts the calls that a command makes, and tells of each one where the user asked for it. Neither parameters nor
//! answers are looked at, so nothing secret can be told.

use super::read_only::is_read;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many calls were made; clones share the figures. Retries of the SDK are part of their call.
#[derive(Clone, Default)]
pub struct Calls(Arc<Inner>);

type Tell = Box<dyn Fn(&str) + Send + Sync>;

#[derive(Default)]
struct Inner {
    reads: AtomicU64,
    writes: AtomicU64,
    tell: Option<Tell>,
}

impl Calls {
    /// A counter that also tells of every call as it ends: `dynamodb:CreateTable ok`.
    pub fn telling(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Calls(Arc::new(Inner { tell: Some(Box::new(tell)), ..Inner::default() }))
    }

    /// How many reads were made.
    pub fn reads(&self) -> u64 {
        self.0.reads.load(Ordering::Relaxed)
    }

    /// How many writes were made.
    pub fn writes(&self) -> u64 {
        self.0.writes.load(Ordering::Relaxed)
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

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // A call that an interceptor refused was not made.
        let refused = matches!(context.output_or_error(), Some(Err(error)) if error.is_interceptor_error());
        let Some(metadata) = cfg.load::<Metadata>().filter(|_| !refused) else { return Ok(()) };
        let count = if is_read(metadata.name()) { &self.0.reads } else { &self.0.writes };
        count.fetch_add(1, Ordering::Relaxed);
        if let Some(tell) = &self.0.tell {
            let status = context.response().map(|response| response.status().as_u16());
            let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            tell(&format!("{}:{} {status}", metadata.service(), metadata.name()));
        }
        Ok(())
    }
}
