//! What Lambda answers of a function, as its spec.

use super::spec::{Durable, FileSystem, Image, Logging, STORAGE, Spec, Vpc};
use super::{Attributes, Function, LAMBDA, apart, status, versions};
use crate::aws::tags::{self, Tags};
use crate::aws::{Context, Error, Result};
use crate::kind::{Kind, ObservedOption};
use crate::kinds::function_url::FunctionUrl;
use crate::kinds::{layer, log_group, require, require_str, role, settings};
use crate::model::{Observed, Owner, PhysicalId, ResourceId};
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::primitives::{DateTime, DateTimeFormat};
use aws_sdk_lambda::types::{
    ApplicationLogLevel, Architecture, FunctionConfiguration, LastUpdateStatus, LogFormat, LoggingConfig,
    PackageType, Runtime, SnapStartApplyOn, SystemLogLevel, TracingMode, VpcConfigResponse,
};

pub(super) async fn get(ctx: &Context, name: &str) -> Result<Option<GetFunctionOutput>> {
    LAMBDA.not_found_as_none(ctx.clients.lambda().get_function().function_name(name).send().await)
}

pub(super) async fn read(ctx: &Context, name: &str) -> Result<ObservedOption<Function>> {
    let Some(response) = get(ctx, name).await? else { return Ok(None) };
    complete(&response)?;
    let created = response.configuration().and_then(modified);
    let all_tags =
        tags::settled(ctx, &ResourceId::new(Function::NAME, name), created, tags_of(&response), async || {
            Ok(get(ctx, name).await?.as_ref().map(tags_of).unwrap_or_default())
        })
        .await?;
    let config = require(response.configuration(), "lambda:GetFunction", "the function's configuration")?;
    let owner = tags::owner(&all_tags, &ctx.scope);
    let is_released = all_tags.contains_key(tags::RELEASES);
    let compared = tags::compared(all_tags, &ctx.scope, &ResourceId::new(Function::NAME, name));
    let mut spec = spec(config, name, compared);
    spec.image = image(&response);
    spec.reserved_concurrency =
        response.concurrency().and_then(|concurrency| concurrency.reserved_concurrent_executions());
    let mut attributes = Attributes {
        name: name.to_owned(),
        arn: require_str(config.function_arn(), "lambda:GetFunction", "the function's ARN")?,
        version: String::new(),
        superseded: Vec::new(),
    };
    let mut aliases = Vec::new();
    if owner == Owner::Ours {
        apart::read(ctx, name, &mut spec).await?;
        // `down` deletes them with the function.
        if is_released && !ctx.scope.destroy {
            aliases = versions::read(ctx, config, &mut spec, &mut attributes).await?;
        }
    }
    let role = spec.role.rsplit('/').next().unwrap_or_default().to_owned();
    let group = PhysicalId::new("log_group", spec.log_group.clone());
    let mut observed = Observed::new(ResourceId::new(Function::NAME, name), name, owner, spec, attributes);
    if config.last_update_status() == Some(&LastUpdateStatus::Failed) {
        // What runs is not what the configuration says, so the code is uploaded again.
        observed.spec.code.clear();
        observed.spec.image.iter_mut().for_each(|image| image.uri.clear());
    }
    observed.status = status(config);
    observed.unmanaged_settings = settings::of_function(config);
    observed.created = created;
    let role = PhysicalId::new("role", role);
    // A role that was adopted is not at the stack's path, where the others are found.
    let may_be_ours = role.id == role::name_for(name);
    let layers = &observed.spec.layers;
    let hints = [group.clone()].into_iter().chain(may_be_ours.then(|| role.clone()));
    let url = apart::has_url(&observed.spec.tags).then(|| PhysicalId::new(FunctionUrl::NAME, name));
    observed.hints = hints.chain(aliases).chain(layer::hints(ctx, name, layers)).chain(url).collect();
    let layers = layers.iter().map(|arn| PhysicalId::new("layer", arn.clone()));
    observed.refs = [role, group].into_iter().chain(layers).collect();
    Ok(Some(observed))
}

fn tags_of(response: &GetFunctionOutput) -> Tags {
    response.tags().cloned().unwrap_or_default().into_iter().collect()
}

/// Lambda leaves out what the caller may not read; taking that for nothing would disown the function, or clear its
/// environment.
fn complete(response: &GetFunctionOutput) -> Result<()> {
    let refused = |what: &str, code: Option<&str>, message: Option<&str>| {
        Error::refusal(what, code, message.unwrap_or("Lambda may not show it"))
    };
    if let Some(error) = response.tags_error() {
        return Err(refused("lambda:ListTags", Some(error.error_code()), Some(error.message())));
    }
    let environment = response.configuration().and_then(FunctionConfiguration::environment);
    match environment.and_then(|environment| environment.error()) {
        Some(error) => Err(refused("reading the environment", error.error_code(), error.message())),
        None => Ok(()),
    }
}

/// When the function was last created or changed; Lambda writes the offset without a colon.
fn modified(config: &FunctionConfiguration) -> Option<i64> {
    let text = config.last_modified()?.replace("+0000", "Z");
    DateTime::from_str(&text, DateTimeFormat::DateTime).ok().map(|time| time.secs())
}

/// The image of a function that has one. Lambda shows the URI as it was given.
fn image(response: &GetFunctionOutput) -> Option<Image> {
    let config = response.configuration()?;
    if config.package_type() != Some(&PackageType::Image) {
        return None;
    }
    let code = response.code();
    let uri = code.and_then(|code| code.image_uri()).unwrap_or_default();
    let runs = config.image_config_response().and_then(|response| response.image_config());
    Some(Image {
        uri: uri.to_owned(),
        command: runs.map(|runs| runs.command().to_vec()).unwrap_or_default(),
        entry_point: runs.map(|runs| runs.entry_point().to_vec()).unwrap_or_default(),
        working_directory: runs.and_then(|runs| runs.working_directory()).and_then(given),
    })
}

/// A text that says something: Lambda also shows what is not set as an empty text.
fn given(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// The spec of a configuration, without what other parts of the response say.
pub(super) fn spec(config: &FunctionConfiguration, name: &str, tags: Tags) -> Spec {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let architecture = config.architectures().first().map_or("x86_64", Architecture::as_str);
    let variables = config.environment().and_then(|environment| environment.variables());
    let logs = config.logging_config().and_then(LoggingConfig::log_group);
    let is_image = config.package_type() == Some(&PackageType::Image);
    let snapshots = config.snap_start().and_then(|snap_start| snap_start.apply_on());
    Spec {
        code: if is_image { String::new() } else { text(config.code_sha256()) },
        image: None,
        runtime: text(config.runtime().map(Runtime::as_str)),
        handler: text(config.handler()),
        architecture: architecture.to_owned(),
        memory: config.memory_size().unwrap_or_default(),
        timeout: config.timeout().unwrap_or_default(),
        ephemeral_storage: config.ephemeral_storage().map_or(STORAGE.cast_signed(), |storage| storage.size()),
        tracing: config.tracing_config().and_then(|tracing| tracing.mode()) == Some(&TracingMode::Active),
        description: text(config.description()),
        environment: variables.cloned().unwrap_or_default().into_iter().collect(),
        kms_key: config.kms_key_arn().and_then(given),
        layers: config.layers().iter().filter_map(|layer| layer.arn().map(str::to_owned)).collect(),
        vpc: config.vpc_config().and_then(network),
        file_system: config.file_system_configs().first().map(|mount| FileSystem {
            arn: mount.arn().to_owned(),
            path: mount.local_mount_path().to_owned(),
        }),
        snap_start: snapshots == Some(&SnapStartApplyOn::PublishedVersions),
        durable: config.durable_config().map(|durable| Durable {
            timeout: durable.execution_timeout().unwrap_or_default(),
            retention: durable.retention_period_in_days().unwrap_or_default(),
        }),
        logging: logging(config.logging_config()),
        log_group: logs.map_or_else(|| format!("{}{name}", log_group::PREFIX), str::to_owned),
        dead_letter: config.dead_letter_config().and_then(|queue| queue.target_arn()).and_then(given),
        asynchronous: None,
        recursive_loop: false,
        code_signing: None,
        reserved_concurrency: None,
        versions: None,
        role: text(config.role()),
        tags,
    }
}

/// The network; a function that left its network shows empty lists [hazards: G9].
fn network(vpc: &VpcConfigResponse) -> Option<Vpc> {
    let network = Vpc {
        subnets: vpc.subnet_ids().iter().cloned().collect(),
        security_groups: vpc.security_group_ids().iter().cloned().collect(),
        ipv6: vpc.ipv6_allowed_for_dual_stack().unwrap_or_default(),
    };
    Some(network).filter(|network| !network.subnets.is_empty())
}

/// What a function logs; text where nothing is shown.
fn logging(logging: Option<&LoggingConfig>) -> Logging {
    match logging.filter(|logging| logging.log_format() == Some(&LogFormat::Json)) {
        None => Logging::text(),
        Some(logging) => Logging::json(
            logging.application_log_level().map(ApplicationLogLevel::as_str),
            logging.system_log_level().map(SystemLogLevel::as_str),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambda_s_own_form_of_a_time_is_read() {
        let at = |text: &str| modified(&FunctionConfiguration::builder().last_modified(text).build());
        assert_eq!(at("2026-01-01T00:00:10.000+0000"), Some(1_767_225_610));
        assert_eq!(at("yesterday"), None);
    }
}
