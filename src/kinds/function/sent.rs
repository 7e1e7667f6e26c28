//! Parts of a spec as Lambda's calls take them. An update that leaves one out would leave the old value [hazards: L6], so each
//! has a form for "none" as well.

use super::spec::{Durable, Image, Spec};
use crate::aws::tags::{self, Tags};
use crate::aws::{Error, Result};
use aws_sdk_lambda::types::{
    ApplicationLogLevel, DeadLetterConfig, DurableConfig, Environment, EphemeralStorage, FileSystemConfig,
    ImageConfig, LogFormat, LoggingConfig, SnapStart, SnapStartApplyOn, SystemLogLevel, TracingConfig,
    TracingMode, VpcConfig,
};

/// The tags, with the one that says that there may be aliases.
pub(super) fn tags(spec: &Spec) -> Tags {
    let released = spec.versions.as_ref().map(|_| (tags::RELEASES.to_owned(), "true".to_owned()));
    spec.tags.clone().into_iter().chain(released).collect()
}

/// The size of `/tmp`.
pub(super) fn storage(spec: &Spec) -> Result<EphemeralStorage> {
    let storage = EphemeralStorage::builder().size(spec.ephemeral_storage).build();
    storage.map_err(|error| Error::internal(error.to_string()))
}

/// Whether X-Ray traces it; without, it passes on what callers trace, which is Lambda's default.
pub(super) fn tracing(spec: &Spec) -> TracingConfig {
    let mode = if spec.tracing { TracingMode::Active } else { TracingMode::PassThrough };
    TracingConfig::builder().mode(mode).build()
}

/// The variables, also where there are none: an environment without the member keeps the old ones [aws-facts: Lambda].
pub(super) fn environment(spec: &Spec) -> Environment {
    Environment::builder().set_variables(Some(spec.environment.clone().into_iter().collect())).build()
}

/// What an image runs; Lambda replaces all of it [hazards: L5].
pub(super) fn image(image: &Image) -> ImageConfig {
    let Image { uri: _, command, entry_point, working_directory } = image.clone();
    let words = |words: Vec<String>| Some(words).filter(|words| !words.is_empty());
    ImageConfig::builder()
        .set_command(words(command))
        .set_entry_point(words(entry_point))
        .set_working_directory(working_directory)
        .build()
}

/// The network of a function.
pub(super) fn network(spec: &Spec) -> VpcConfig {
    match &spec.vpc {
        Some(vpc) => VpcConfig::builder()
            .set_subnet_ids(Some(vpc.subnets.iter().cloned().collect()))
            .set_security_group_ids(Some(vpc.security_groups.iter().cloned().collect()))
            .ipv6_allowed_for_dual_stack(vpc.ipv6)
            .build(),
        None => no_network(),
    }
}

/// No network: empty lists take a function out of its network [aws-facts: Lambda, TF].
pub(super) fn no_network() -> VpcConfig {
    VpcConfig::builder().set_subnet_ids(Some(Vec::new())).set_security_group_ids(Some(Vec::new())).build()
}

/// The file system, as the list that Lambda has of it.
pub(super) fn file_systems(spec: &Spec) -> Result<Vec<FileSystemConfig>> {
    let of = |file_system: &super::FileSystem| {
        let config = FileSystemConfig::builder().arn(&file_system.arn).local_mount_path(&file_system.path);
        config.build().map_err(|error| Error::internal(error.to_string()))
    };
    spec.file_system.iter().map(of).collect()
}

/// Whether published versions start from a snapshot.
pub(super) fn snap_start(spec: &Spec) -> SnapStart {
    let on = if spec.snap_start { SnapStartApplyOn::PublishedVersions } else { SnapStartApplyOn::None };
    SnapStart::builder().apply_on(on).build()
}

/// How long durable executions may take; a function that is not durable can have none of this.
pub(super) fn durable(spec: &Spec) -> Option<DurableConfig> {
    let Durable { timeout, retention } = spec.durable.as_ref()?;
    Some(DurableConfig::builder().execution_timeout(*timeout).retention_period_in_days(*retention).build())
}

/// What a function logs, and where; Lambda replaces all of it [hazards: L5].
pub(super) fn logging(spec: &Spec) -> LoggingConfig {
    let level = spec.logging.level.as_deref().map(ApplicationLogLevel::from);
    let system_level = spec.logging.system_level.as_deref().map(SystemLogLevel::from);
    LoggingConfig::builder()
        .log_format(LogFormat::from(spec.logging.format.as_str()))
        .set_application_log_level(level)
        .set_system_log_level(system_level)
        .log_group(&spec.log_group)
        .build()
}

/// Where events go that failed; an empty ARN is none [aws-facts: Lambda, TF].
pub(super) fn dead_letter(spec: &Spec) -> DeadLetterConfig {
    DeadLetterConfig::builder().target_arn(spec.dead_letter.clone().unwrap_or_default()).build()
}
