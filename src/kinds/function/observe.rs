//! What Lambda answers of a function, as its spec.

use super::section::STORAGE;
use super::{Attributes, Function, LAMBDA, Spec, status};
use crate::aws::tags::{self, Tags};
use crate::aws::{Context, Error, Result};
use crate::kind::{Kind, ObservedOption};
use crate::kinds::{layer, log_group, require, require_str, role, settings};
use crate::model::{Observed, PhysicalId, ResourceId};
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::primitives::{DateTime, DateTimeFormat};
use aws_sdk_lambda::types::{
    Architecture, FunctionConfiguration, LastUpdateStatus, LoggingConfig, Runtime, TracingMode,
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
    let reserved =
        response.concurrency().and_then(|concurrency| concurrency.reserved_concurrent_executions());
    let config = require(response.configuration(), "lambda:GetFunction", "the function's configuration")?;
    let owner = tags::owner(&all_tags, &ctx.scope);
    let spec = spec(
        config,
        reserved,
        name,
        tags::compared(all_tags, &ctx.scope, &ResourceId::new(Function::NAME, name)),
    );
    let attributes = Attributes {
        name: name.to_owned(),
        arn: require_str(config.function_arn(), "lambda:GetFunction", "the function's ARN")?,
    };
    let role = spec.role.rsplit('/').next().unwrap_or_default().to_owned();
    let group = PhysicalId::new("log_group", spec.log_group.clone());
    let mut observed = Observed::new(ResourceId::new(Function::NAME, name), name, owner, spec, attributes);
    if config.last_update_status() == Some(&LastUpdateStatus::Failed) {
        // What runs is not what the configuration says, so the code is uploaded again.
        observed.spec.code.clear();
    }
    observed.status = status(config);
    observed.unmanaged_settings = settings::of_function(config);
    observed.created = created;
    let role = PhysicalId::new("role", role);
    // A role that was adopted is not at the stack's path, where the others are found.
    let may_be_ours = role.id == role::name_for(name);
    let layers = &observed.spec.layers;
    let hints = [group.clone()].into_iter().chain(may_be_ours.then(|| role.clone()));
    observed.hints = hints.chain(layer::hints(ctx, name, layers)).collect();
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

pub(super) fn spec(config: &FunctionConfiguration, reserved: Option<i32>, name: &str, tags: Tags) -> Spec {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let architecture = config.architectures().first().map_or("x86_64", Architecture::as_str);
    let variables = config.environment().and_then(|environment| environment.variables());
    let logs = config.logging_config().and_then(LoggingConfig::log_group);
    Spec {
        code: text(config.code_sha256()),
        runtime: text(config.runtime().map(Runtime::as_str)),
        handler: text(config.handler()),
        architecture: architecture.to_owned(),
        memory: config.memory_size().unwrap_or_default(),
        timeout: config.timeout().unwrap_or_default(),
        ephemeral_storage: config.ephemeral_storage().map_or(STORAGE.cast_signed(), |storage| storage.size()),
        tracing: config.tracing_config().and_then(|tracing| tracing.mode()) == Some(&TracingMode::Active),
        description: text(config.description()),
        environment: variables.cloned().unwrap_or_default().into_iter().collect(),
        layers: config.layers().iter().filter_map(|layer| layer.arn().map(str::to_owned)).collect(),
        reserved_concurrency: reserved,
        role: text(config.role()),
        log_group: logs.map_or_else(|| format!("{}{name}", log_group::PREFIX), str::to_owned),
        tags,
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
