//! Parts of a spec as Lambda's calls take them.

use super::Spec;
use crate::aws::{Error, Result};
use aws_sdk_lambda::types::{Environment, EphemeralStorage, TracingConfig, TracingMode};

/// The size of `/tmp`. An update without it would leave the old one [hazards: L6].
pub(super) fn storage(spec: &Spec) -> Result<EphemeralStorage> {
    let storage = EphemeralStorage::builder().size(spec.ephemeral_storage).build();
    storage.map_err(|error| Error::internal(error.to_string()))
}

/// Whether X-Ray traces it; without, it passes on what callers trace, which is Lambda's default [hazards: L6].
pub(super) fn tracing(spec: &Spec) -> TracingConfig {
    let mode = if spec.tracing { TracingMode::Active } else { TracingMode::PassThrough };
    TracingConfig::builder().mode(mode).build()
}

/// The variables, also where there are none: an environment without the member keeps the old ones [aws-facts: Lambda].
pub(super) fn environment(spec: &Spec) -> Environment {
    Environment::builder().set_variables(Some(spec.environment.clone().into_iter().collect())).build()
}
