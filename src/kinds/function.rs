//! Lambda functions.

mod commands;
mod handler;
mod lower;
mod observe;
mod permissions;
mod runtime;
pub mod section;
mod sent;
mod service;
mod state;

pub(super) use permissions::{ANY, DECLARED};
pub(super) use runtime::{family, runtime};
pub(crate) use service::LAMBDA;
pub(super) use state::once_visible;

use super::assumable::once_assumable;
use super::environment::{fits, redacted};
use super::{log_group, read_each, require_str, retry_conflicts, role};
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, Poll, wait_until};
use crate::aws::{Clients, Context, Error, Result, Service, UPLOADS};
use crate::error::Failure;
use crate::kind::{
    AdoptedBy, Companions, Features, Kind, Observation, ObservedOf, ObservedOption, Output, OwnListing,
    Owned, Parent, Permission, RunsCode, Tagging, UpdateOf,
};
use crate::model::{Graph, PhysicalId, ResourceId, Status, Texts};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Architecture, FunctionCode, LoggingConfig, Runtime};
use observe::{get, read};
use sent::{environment, storage, tracing};
use serde::{Deserialize, Serialize};
use state::{active, change, configuration_of, idle, in_progress, once_permitted, status};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::SemaphorePermit;

/// A Lambda function.
pub struct Function;

/// How many characters a description may have [aws-facts: Lambda].
pub(crate) const MAX_DESCRIPTION: usize = 256;

/// The desired state of a function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec<T = String> {
    /// Base64 of the SHA-256 of its package.
    pub code: String,
    /// The runtime.
    pub runtime: String,
    /// The handler.
    pub handler: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// Memory in MB.
    pub memory: i32,
    /// Timeout in seconds.
    pub timeout: i32,
    /// The size of `/tmp` in MB.
    pub ephemeral_storage: i32,
    /// Whether X-Ray traces its invocations.
    pub tracing: bool,
    /// The description; may be empty.
    pub description: T,
    /// The environment variables.
    pub environment: BTreeMap<String, T>,
    /// The ARNs of the versions of its layers, in order.
    pub layers: Vec<T>,
    /// Reserved concurrency: 0 stops the function, `None` is a share of the account's.
    pub reserved_concurrency: Option<i32>,
    /// The ARN of the role.
    pub role: T,
    /// The log group that it writes to.
    pub log_group: T,
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// The attributes of a function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

impl Kind for Function {
    const NAME: &'static str = "function";
    const SERVICE: &'static Service = &LAMBDA;
    /// Or its first events create a group without an owner [aws-facts: Lambda].
    const DEPENDS_ON: &'static [&'static str] = &["log_group"];
    const SENSITIVE: &'static [&'static str] = &["environment"];
    /// Most of the time is spent on waiting: for roles to become assumable, and for Lambda's asynchronous states.
    const MAX_CONCURRENCY: usize = 256;
    const SECTION: &'static str = "functions";
    const ARN: &'static str = "arn:{partition}:lambda:{region}:{account}:function:{name}";
    const PERMISSIONS: &'static [Permission] = permissions::ALL;
    const TAGGING: Option<Tagging> = Some(Tagging {
        resource_type: "lambda:function",
        prefix: "function:",
        own_listing: OwnListing::Never,
    });
    const FEATURES: Features = Features {
        adopted_by: Some(AdoptedBy::Name),
        outputs: &[Output::new("functions.NAME", "arn")],
        runs_code: Some(RunsCode { log_groups: log_group::PREFIX }),
        counted: true,
        facts: |spec| {
            vec![spec["runtime"].as_str().unwrap_or_default().to_owned(), format!("{} MB", spec["memory"])]
        },
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        Ok(read_each(ctx.scope.wanted(Self::NAME), |name| read(ctx, name)).await?.into())
    }

    async fn read(ctx: &Context, name: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        read(ctx, name).await
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        fits(&spec.environment)?;
        ctx.created.add(PhysicalId::new(Self::NAME, &id.name));
        let exists = AtomicBool::new(false);
        let attributes = once_permitted(ctx, id, &spec.role, async || {
            // A function whose State is Failed counts as absent: nothing but its deletion heals it.
            if exists.load(Ordering::Relaxed) {
                remove(ctx, id, &id.name).await?;
            }
            let attributes = send(ctx, id, spec).await?;
            exists.store(true, Ordering::Relaxed);
            active(ctx, id).await?;
            Ok(attributes)
        })
        .await?;
        if spec.reserved_concurrency.is_some() {
            reserve(ctx, id, spec.reserved_concurrency).await?;
        }
        Ok(attributes)
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let (id, from) = (&observed.id, &observed.spec);
        if let Status::Failed(_) = observed.status {
            // A create whose response was lost, and that then failed.
            remove(ctx, id, &observed.physical_id).await?;
            return Self::create(ctx, id, to).await;
        }
        // Configuration before code: Lambda takes one update at a time [aws-facts: Lambda, TF].
        if configuration(from) != configuration(to)
            || from.tags.get(tags::ROLE_ID) != to.tags.get(tags::ROLE_ID)
        {
            once_permitted(ctx, id, &to.role, async || {
                configure(ctx, id, from, to).await?;
                active(ctx, id).await
            })
            .await?;
        }
        if (&from.code, &from.architecture) != (&to.code, &to.architecture) {
            upload(ctx, id, to).await?;
            active(ctx, id).await?;
        }
        if from.reserved_concurrency != to.reserved_concurrency {
            reserve(ctx, id, to.reserved_concurrency).await?;
        }
        // Tags last: `provision:role-id` says what the function *was* configured with.
        once_visible(ctx, id, &id.name, async || retag(ctx, &observed.attributes.arn, from, to).await)
            .await?;
        Ok(observed.attributes.clone())
    }

    async fn settle(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        idle(ctx, &observed.id).await.map(drop)
    }

    /// Runtime and code are two calls: in between, one of them is the old one [hazards: L4].
    fn update_note(update: &UpdateOf<Self>) -> Option<String> {
        let (from, to) = (update.from, update.to);
        let starts_otherwise = (&from.runtime, &from.handler) != (&to.runtime, &to.handler);
        (starts_otherwise && from.code != to.code)
            .then(|| "between two calls, the old code runs with the new runtime and handler".to_owned())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        remove(ctx, &observed.id, &observed.physical_id).await
    }

    async fn inventory(clients: &Clients, tagged: Vec<Owned>) -> Result<Vec<Owned>> {
        commands::inventory(clients, tagged).await
    }

    fn companions(observed: &ObservedOf<Self>, declared: &Graph) -> std::result::Result<Companions, Failure> {
        commands::companions(observed, declared)
    }
}

/// Sends the create, as soon as the role can be assumed.
async fn send(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
    let response = once_assumable(ctx, id, &spec.role, async || {
        let (zip, _room) = package(ctx, &spec.code).await?;
        let create = ctx
            .clients
            .lambda()
            .create_function()
            .function_name(&id.name)
            .code(FunctionCode::builder().zip_file(zip).build())
            .role(&spec.role)
            .handler(&spec.handler)
            .runtime(Runtime::from(spec.runtime.as_str()))
            .architectures(Architecture::from(spec.architecture.as_str()))
            .memory_size(spec.memory)
            .timeout(spec.timeout)
            .ephemeral_storage(storage(spec)?)
            .tracing_config(tracing(spec))
            .description(&spec.description)
            .environment(environment(spec))
            .set_layers(Some(spec.layers.clone()))
            .set_tags(Some(spec.tags.clone().into_iter().collect()));
        Ok(create.send().await?)
    })
    .await
    .map_err(|error| redacted(error, &spec.environment))?;
    let arn = require_str(response.function_arn(), "lambda:CreateFunction", "the function's ARN")?;
    Ok(Attributes { name: id.name.clone(), arn })
}

/// Sets the tags that differ.
async fn retag(ctx: &Context, arn: &str, from: &Spec, to: &Spec) -> Result<()> {
    let lambda = ctx.clients.lambda();
    let set = tags::to_set(&from.tags, &to.tags);
    if !set.is_empty() {
        lambda.tag_resource().resource(arn).set_tags(Some(set.into_iter().collect())).send().await?;
    }
    if from.tags.contains_key(tags::ROLE_ID) && !to.tags.contains_key(tags::ROLE_ID) {
        lambda.untag_resource().resource(arn).tag_keys(tags::ROLE_ID).send().await?;
    }
    Ok(())
}

/// Deletes a function and waits until it does not exist: a late event would create its log group again
/// [aws-facts: Lambda].
async fn remove(ctx: &Context, id: &ResourceId, name: &str) -> Result<()> {
    let lambda = ctx.clients.lambda();
    let delete = async || LAMBDA.not_found_as_none(lambda.delete_function().function_name(name).send().await);
    let deleted = AtomicBool::new(false);
    wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
        // A function that was just created may be found by a read and not yet by the delete [hazards: L2].
        if !deleted.load(Ordering::Relaxed) {
            let found = retry_conflicts(ctx, id, in_progress, delete).await?.is_some();
            deleted.store(found, Ordering::Relaxed);
        }
        Ok(match get(ctx, name).await? {
            None => Poll::Ready(()),
            Some(_) => Poll::Pending("being deleted".to_owned()),
        })
    })
    .await
}

/// The part of a spec that UpdateFunctionConfiguration sends.
fn configuration(spec: &Spec) -> impl PartialEq + '_ {
    (
        (&spec.runtime, &spec.handler, spec.memory, spec.timeout, spec.ephemeral_storage, spec.tracing),
        (&spec.description, &spec.environment, &spec.layers, &spec.role, &spec.log_group),
    )
}

async fn configure(ctx: &Context, id: &ResourceId, from: &Spec, to: &Spec) -> Result<()> {
    fits(&to.environment)?;
    let logging = if from.log_group == to.log_group { None } else { Some(logging(ctx, id, to).await?) };
    let send = async || {
        let update = ctx
            .clients
            .lambda()
            .update_function_configuration()
            .function_name(&id.name)
            .role(&to.role)
            .handler(&to.handler)
            .runtime(Runtime::from(to.runtime.as_str()))
            .memory_size(to.memory)
            .timeout(to.timeout)
            .ephemeral_storage(storage(to)?)
            .tracing_config(tracing(to))
            .description(&to.description)
            .environment(environment(to))
            .set_layers(Some(to.layers.clone()))
            .set_logging_config(logging.clone());
        update.send().await?;
        Ok(())
    };
    let send = async || change(ctx, id, &send).await;
    once_assumable(ctx, id, &to.role, send).await.map_err(|error| redacted(error, &to.environment))
}

/// The logging settings with another log group. An update replaces them as a whole, so the format and the levels, which
/// nothing of ours manages, are sent as they are [hazards: L5].
async fn logging(ctx: &Context, id: &ResourceId, to: &Spec) -> Result<LoggingConfig> {
    let config = configuration_of(ctx, id).await?;
    let logging = LoggingConfig::builder().log_group(&to.log_group);
    Ok(match config.logging_config() {
        None => logging.build(),
        Some(live) => logging
            .set_log_format(live.log_format().cloned())
            .set_application_log_level(live.application_log_level().cloned())
            .set_system_log_level(live.system_log_level().cloned())
            .build(),
    })
}

async fn upload(ctx: &Context, id: &ResourceId, to: &Spec) -> Result<()> {
    change(ctx, id, async || {
        let (zip, _room) = package(ctx, &to.code).await?;
        let update = ctx.clients.lambda().update_function_code().function_name(&id.name).zip_file(zip);
        update.architectures(Architecture::from(to.architecture.as_str())).send().await?;
        Ok(())
    })
    .await
}

async fn reserve(ctx: &Context, id: &ResourceId, reserved: Option<i32>) -> Result<()> {
    let lambda = ctx.clients.lambda();
    change(ctx, id, async || match reserved {
        Some(reserved) => {
            let put = lambda.put_function_concurrency().function_name(&id.name);
            put.reserved_concurrent_executions(reserved).send().await?;
            Ok(())
        }
        // Zero stops the function; no reservation is a call of its own [hazards: L7].
        None => {
            LAMBDA.ignore_not_found(lambda.delete_function_concurrency().function_name(&id.name).send().await)
        }
    })
    .await
}

/// A package, read as soon as there is room for it in memory. The room is held until it is sent.
pub(super) async fn package<'a>(ctx: &'a Context, code: &str) -> Result<(Blob, SemaphorePermit<'a>)> {
    let zip = ctx.packages.get(code);
    let zip = zip.ok_or_else(|| Error::internal("the package of this code was not built"))?;
    let unreadable = |error| Error::local(format!("the package {} cannot be read: {error}", zip.display()));
    let kilobytes = tokio::fs::metadata(zip).await.map_err(unreadable)?.len() / 1_000 + 1;
    // What is larger than all of the room has it to itself.
    let kilobytes = u32::try_from(kilobytes).unwrap_or(UPLOADS).min(UPLOADS);
    let room = ctx.uploads.acquire_many(kilobytes).await;
    let room = room.map_err(|_| Error::internal("there is no room for packages"))?;
    Ok((Blob::new(tokio::fs::read(zip).await.map_err(unreadable)?), room))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Update;
    use crate::model::Text;
    use aws_sdk_lambda::types::FunctionConfiguration;

    #[test]
    fn a_plan_says_that_runtime_and_code_do_not_change_at_once() {
        let of = |runtime: &str, code: &str, memory: i32| Spec {
            code: code.into(),
            runtime: runtime.into(),
            memory,
            ..super::observe::spec(&FunctionConfiguration::builder().build(), None, "f", Tags::new())
        };
        let (from, id) = (of("python3.12", "a", 128), ResourceId::new(Function::NAME, "f"));
        let note = |to: Spec| {
            let mut to: Spec<Text> =
                serde_json::to_value(to).and_then(serde_json::from_value).expect("a spec");
            // A value that is known after `up` takes no note away.
            let url = Text::reference(&ResourceId::new(Function::NAME, "other"), "url");
            to.environment.insert("URL".to_owned(), url);
            Function::update_note(&Update { id: &id, from: &from, to: &to, changes: &[], unchanged: &[] })
        };
        assert!(note(of("python3.13", "b", 128)).is_some_and(|note| note.contains("the old code")));
        assert_eq!(note(of("python3.13", "a", 256)), None);
        assert_eq!(note(of("python3.12", "b", 256)), None);
    }
}
