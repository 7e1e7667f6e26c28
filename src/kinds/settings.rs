//! The settings of functions that no field of the stack file manages: what differs from AWS's default is shown by
//! `status` and never changed. Only what the calls that are made anyway show.

use super::unmanaged;
use aws_sdk_lambda::types::FunctionConfiguration;
use std::collections::BTreeMap;

/// Settings with their values, by name.
type Settings = BTreeMap<String, String>;

/// What a function has that its stack file cannot say.
pub(super) fn of_function(config: &FunctionConfiguration) -> Settings {
    let tenancy = config.tenancy_config().map(|tenancy| tenancy.tenant_isolation_mode().as_str());
    unmanaged([
        ("capacity_provider", config.capacity_provider_config().map(|_| "true"), ""),
        ("tenant_isolation", tenancy, ""),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_lambda::types::{TenancyConfig, TenantIsolationMode};

    fn named(settings: &Settings) -> Vec<(&str, &str)> {
        settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    #[test]
    fn a_function_shows_what_nothing_manages() {
        assert_eq!(named(&of_function(&FunctionConfiguration::builder().build())), []);
        let tenancy = TenancyConfig::builder().tenant_isolation_mode(TenantIsolationMode::PerTenant).build();
        let config = FunctionConfiguration::builder().tenancy_config(tenancy.expect("a mode")).build();
        assert_eq!(named(&of_function(&config)), [("tenant_isolation", "PER_TENANT")]);
    }
}
