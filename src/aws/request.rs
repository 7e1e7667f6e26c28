//! What a failed call was: an interceptor notes it while the SDK still knows, since the SDK's errors do not say it.

use super::service::Service;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, Error as OperationError, FinalizerInterceptorContextMut,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata, OrchestratorError};
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use std::error::Error as StdError;
use std::fmt;

/// A request as far as errors name it.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    /// The operation as IAM calls it, for example `lambda:CreateFunction`.
    pub(super) operation: String,
    /// The host that it was sent to, or was to be sent to.
    pub(super) host: Option<String>,
}

impl Request {
    /// The request that failed.
    pub(super) fn of<E: StdError + 'static>(error: &SdkError<E, HttpResponse>) -> Self {
        let of_response = error.raw_response().and_then(|response| response.extension::<Request>());
        let of_cause = || anyhow::Chain::new(error).find_map(|cause| cause.downcast_ref::<Noted>());
        of_response.or_else(|| of_cause().map(|noted| &noted.request)).cloned().unwrap_or_default()
    }
}

/// An error with the request that it is about.
#[derive(Debug)]
struct Noted {
    request: Request,
    cause: OrchestratorError<OperationError>,
}

impl fmt::Display for Noted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed", self.request.operation)
    }
}

impl StdError for Noted {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.source()
    }
}

/// The host of the last attempt.
#[derive(Debug)]
struct Host(String);

impl Storable for Host {
    type Storer = StoreReplace<Self>;
}

/// Notes the request in every response and in every error without one.
#[derive(Debug)]
pub(super) struct NoteRequest(pub(super) &'static Service);

impl Intercept for NoteRequest {
    fn name(&self) -> &'static str {
        "NoteRequest"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let uri = context.request().uri().parse::<http::Uri>();
        if let Some(host) = uri.ok().and_then(|uri| uri.host().map(str::to_owned)) {
            cfg.interceptor_state().store_put(Host(host));
        }
        Ok(())
    }

    fn modify_before_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let metadata = cfg.load::<Metadata>();
        // Settings of endpoints are looked up by this id, and nothing else would show that it is wrong.
        debug_assert!(metadata.is_none_or(|metadata| metadata.service() == self.0.id), "{metadata:?}");
        let operation = metadata.map(|metadata| self.0.operation(metadata.name())).unwrap_or_default();
        let host = cfg.load::<Host>().map(|host| host.0.clone());
        let request = Request { operation, host };
        if let Some(response) = context.response_mut() {
            response.add_extension(request.clone());
        }
        if let Some(Err(error)) = context.output_or_error_mut() {
            let cause = std::mem::replace(error, OrchestratorError::other("no error"));
            *error = noted(request, cause);
        }
        Ok(())
    }
}

/// The same kind of error, which also says what was asked. The errors of interceptors are left as they are, because others
/// tell them by their kind.
fn noted(request: Request, cause: OrchestratorError<OperationError>) -> OrchestratorError<OperationError> {
    if cause.is_interceptor_error() || cause.is_operation_error() || cause.is_response_error() {
        return cause;
    }
    let is_timeout = cause.is_timeout_error();
    let connector = cause
        .as_connector_error()
        .map(|error| (error.is_timeout(), error.is_io(), error.is_user(), error.as_other()));
    let noted = Box::new(Noted { request, cause });
    match connector {
        Some((true, ..)) => OrchestratorError::connector(ConnectorError::timeout(noted)),
        Some((_, true, ..)) => OrchestratorError::connector(ConnectorError::io(noted)),
        Some((_, _, true, _)) => OrchestratorError::connector(ConnectorError::user(noted)),
        Some((.., other)) => OrchestratorError::connector(ConnectorError::other(noted, other)),
        None if is_timeout => OrchestratorError::timeout(noted),
        None => OrchestratorError::other(noted),
    }
}
