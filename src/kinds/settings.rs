//! The settings of functions and roles that no field of the stack file manages: what differs from AWS's default is shown by
//! `status` and never changed. Only what the calls that are made anyway show.

use super::unmanaged;
use aws_sdk_iam::types::Role;
use aws_sdk_lambda::types::FunctionConfiguration;
use std::collections::BTreeMap;

/// Settings with their values, by name.
type Settings = BTreeMap<String, String>;

/// The default that AWS shows [hazards: undeclared settings].
const SESSION: &str = "3600 s";

/// What a function has that its stack file cannot say.
pub(super) fn of_function(config: &FunctionConfiguration) -> Settings {
    let tenancy = config.tenancy_config().map(|tenancy| tenancy.tenant_isolation_mode().as_str());
    unmanaged([
        ("capacity_provider", config.capacity_provider_config().map(|_| "true"), ""),
        ("tenant_isolation", tenancy, ""),
    ])
}

/// What a role has that its stack file cannot say. Its policies and its boundary are part of the desired state.
pub(super) fn of_role(role: &Role) -> Settings {
    let session = role.max_session_duration().map(|seconds| format!("{seconds} s"));
    unmanaged([
        ("description", role.description(), ""),
        ("max_session_duration", session.as_deref(), SESSION),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_iam::primitives::DateTime;
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

    #[test]
    fn a_role_shows_its_description_and_a_longer_session() {
        let role = |seconds: i32, description: &str| {
            let role = Role::builder().path("/").role_name("r").role_id("AROA").arn("arn:role");
            let role = role.create_date(DateTime::from_secs(0)).max_session_duration(seconds);
            of_role(&role.description(description).build().expect("a role"))
        };
        assert_eq!(named(&role(3600, "")), []);
        let by_hand = role(7200, "by hand");
        assert_eq!(named(&by_hand), [("description", "by hand"), ("max_session_duration", "7200 s")]);
    }
}
