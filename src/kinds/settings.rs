//! The settings of functions that no field of the stack file manages: what differs from AWS's default is shown by
//! `status` and never changed. Only what the calls that are made anyway show.

use super::unmanaged;
use aws_sdk_lambda::types::{FunctionConfiguration, LogFormat, PackageType, SnapStartApplyOn};
use std::collections::BTreeMap;

/// Settings with their values, by name.
type Settings = BTreeMap<String, String>;

/// The defaults that AWS shows or leaves out [hazards: undeclared settings].
const LOG_LEVEL: &str = "INFO";

/// What a function has that its stack file cannot say.
pub(super) fn of_function(config: &FunctionConfiguration) -> Settings {
    let snap_start = config.snap_start().and_then(|snap_start| snap_start.apply_on());
    let mounts = config.file_system_configs().iter().map(|mount| mount.local_mount_path());
    let logging = config.logging_config();
    // A durable function writes JSON where nothing else is said, a plain one text [hazards: L12].
    let format = if config.durable_config().is_some() { LogFormat::Json } else { LogFormat::Text };
    let log_format = logging.and_then(|logging| logging.log_format()).map(LogFormat::as_str);
    let application = logging.and_then(|logging| logging.application_log_level());
    let system = logging.and_then(|logging| logging.system_log_level());
    unmanaged([
        ("application_log_level", application.map(|level| level.as_str()), LOG_LEVEL),
        ("dead_letter_queue", config.dead_letter_config().and_then(|queue| queue.target_arn()), ""),
        ("durable", config.durable_config().map(|_| "true"), ""),
        ("file_systems", Some(&mounts.collect::<Vec<_>>().join(", ")), ""),
        ("kms_key", config.kms_key_arn(), ""),
        ("log_format", log_format, format.as_str()),
        ("package_type", config.package_type().map(PackageType::as_str), PackageType::Zip.as_str()),
        ("snap_start", snap_start.map(SnapStartApplyOn::as_str), SnapStartApplyOn::None.as_str()),
        ("system_log_level", system.map(|level| level.as_str()), LOG_LEVEL),
        // A function that left its VPC has empty lists [hazards: G9].
        ("vpc", config.vpc_config().and_then(|vpc| vpc.vpc_id()), ""),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_lambda::types::{
        ApplicationLogLevel, DeadLetterConfig, DurableConfig, FileSystemConfig, LoggingConfig,
        SnapStartResponse, SystemLogLevel, VpcConfigResponse,
    };

    fn named(settings: &Settings) -> Vec<(&str, &str)> {
        settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    fn logging(format: LogFormat) -> LoggingConfig {
        LoggingConfig::builder()
            .log_group("/aws/lambda/f")
            .log_format(format)
            .application_log_level(ApplicationLogLevel::Info)
            .system_log_level(SystemLogLevel::Info)
            .build()
    }

    #[test]
    fn a_function_of_aws_s_defaults_has_no_setting_to_show() {
        let config = FunctionConfiguration::builder()
            .package_type(PackageType::Zip)
            .snap_start(SnapStartResponse::builder().apply_on(SnapStartApplyOn::None).build())
            .vpc_config(VpcConfigResponse::builder().set_subnet_ids(Some(vec![])).vpc_id("").build())
            .dead_letter_config(DeadLetterConfig::builder().build())
            .logging_config(logging(LogFormat::Text));
        assert_eq!(named(&of_function(&config.clone().build())), []);
        assert_eq!(named(&of_function(&FunctionConfiguration::builder().build())), []);
        let durable = config.durable_config(DurableConfig::builder().build());
        let durable = of_function(&durable.logging_config(logging(LogFormat::Json)).build());
        assert_eq!(named(&durable), [("durable", "true")], "and JSON is its default");
    }

    #[test]
    fn every_setting_of_a_function_that_nothing_manages_is_shown() {
        let mount = FileSystemConfig::builder().arn("arn:efs").local_mount_path("/mnt/a").build();
        let logging = LoggingConfig::builder()
            .log_format(LogFormat::Json)
            .application_log_level(ApplicationLogLevel::Debug)
            .system_log_level(SystemLogLevel::Warn);
        let config = FunctionConfiguration::builder()
            .package_type(PackageType::Image)
            .snap_start(SnapStartResponse::builder().apply_on(SnapStartApplyOn::PublishedVersions).build())
            .vpc_config(VpcConfigResponse::builder().vpc_id("vpc-1").build())
            .dead_letter_config(DeadLetterConfig::builder().target_arn("arn:queue").build())
            .kms_key_arn("arn:key")
            .file_system_configs(mount.expect("a mount"))
            .logging_config(logging.build());
        let expected = [
            ("application_log_level", "DEBUG"),
            ("dead_letter_queue", "arn:queue"),
            ("file_systems", "/mnt/a"),
            ("kms_key", "arn:key"),
            ("log_format", "JSON"),
            ("package_type", "Image"),
            ("snap_start", "PublishedVersions"),
            ("system_log_level", "WARN"),
            ("vpc", "vpc-1"),
        ];
        assert_eq!(named(&of_function(&config.build())), expected);
    }
}
