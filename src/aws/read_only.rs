//! Clients that cannot write: `plan` and every look around runs on these.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextMut;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// The refusal to send a write.
#[derive(Debug, thiserror::Error)]
#[error(
    "this command only reads, and {0} is a write: nothing was sent; please report this as a defect of provision"
)]
pub(crate) struct Refused(String);

/// Refuses every operation whose name does not begin with a reading verb.
#[derive(Debug)]
pub(crate) struct ReadOnly;

impl Intercept for ReadOnly {
    fn name(&self) -> &'static str {
        "ReadOnly"
    }

    // The operation's name is not there yet in `read_before_execution` [sdk-notes: Idioms].
    fn modify_before_serialization(
        &self,
        _: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match cfg.load::<Metadata>() {
            Some(metadata) if is_read(metadata.name()) => Ok(()),
            metadata => Err(Refused(metadata.map_or("an unnamed call", |m| m.name()).to_owned()).into()),
        }
    }
}

/// True for an operation that changes nothing.
pub(crate) fn is_read(operation: &str) -> bool {
    ["Get", "List", "Describe", "Scan", "Filter"].iter().any(|verb| operation.starts_with(verb))
}
