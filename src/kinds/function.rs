//! Lambda functions.

mod acts;
mod apart;
mod checks;
mod commands;
mod handler;
mod loops;
mod lower;
mod needs;
mod observe;
pub mod parts;
mod permissions;
mod runtime;
pub mod section;
mod sent;
mod service;
mod spec;
mod state;
mod versions;

pub(super) use apart::{read_async, set_async};
pub(super) use lower::log_group_of;
pub(super) use needs::{grants, needs};
pub(super) use permissions::{ANY, DECLARED};
pub(super) use runtime::{family, runtime};
pub(crate) use service::LAMBDA;
pub use spec::{Async, Durable, FileSystem, Image, Logging, Spec, Versions, Vpc};
pub(super) use state::{change, once_visible, with_room};
pub(super) use versions::{before, newest, ready};

use super::assumable::once_assumable;
use super::environment::{fits, redacted};
use super::{log_group, read_each, require_str, retry_conflicts, role};
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, Poll, wait_until};
use crate::aws::{Clients, Context, Error, Result, Service, UPLOADS};
use crate::diff::Change;
use crate::error::Failure;
use crate::kind::{
    AdoptedBy, Companions, Features, Kind, Observation, ObservedOf, ObservedOption, Output, OwnListing,
    Owned, Parent, Permission, RunsCode, Tagging, UpdateOf,
};
use crate::model::{Graph, PhysicalId, ResourceId, Status, Text, Texts};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Architecture, FunctionCode, PackageType, Runtime};
use observe::{get, read};
use serde::{Deserialize, Serialize};
use state::{active, idle, in_progress, once_permitted, status};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::SemaphorePermit;

/// A Lambda function.
pub struct Function;

/// How many characters a description may have [aws-facts: Lambda].
pub(crate) const MAX_DESCRIPTION: usize = 256;
/// The action that calls a function.
pub(super) const INVOKE: &str = "lambda:InvokeFunction";

/// The fields that are of the function, and not of its versions.
const UNPUBLISHED: [&str; 5] = ["async", "code_signing", "recursive_loop", "reserved_concurrency", "tags"];

/// The attributes of a function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
    /// The newest published version; empty without a release.
    #[serde(default)]
    pub version: String,
    /// The versions that are deleted once another one is published.
    #[serde(default)]
    pub superseded: Vec<String>,
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
        acts: &[&acts::INVOKE],
        outputs: &[Output::new("functions.NAME", "arn")],
        runs_code: Some(RunsCode { log_groups: log_group::PREFIX }),
        counted: true,
        facts: |spec| {
            let runtime = spec["runtime"].as_str().filter(|runtime| !runtime.is_empty());
            vec![runtime.unwrap_or("container image").to_owned(), format!("{} MB", spec["memory"])]
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
        let none = Spec { asynchronous: None, recursive_loop: false, ..spec.clone() };
        apart::set(ctx, id, &none, spec).await?;
        match &spec.versions {
            Some(_) => Ok(Attributes { version: versions::publish(ctx, id, spec, &[]).await?, ..attributes }),
            None => Ok(attributes),
        }
    }

    /// A version is published of what has changed.
    fn reassigned(_: &Spec<String>, to: &Spec<Text>, changes: &[Change]) -> &'static [&'static str] {
        let is_published = |change: &Change| !UNPUBLISHED.contains(&change.field());
        if to.versions.is_some() && changes.iter().any(is_published) { &["version"] } else { &[] }
    }

    /// A package and an image cannot become each other, and a function is durable from its creation on or never
    /// [aws-facts-services: 8, field, schema].
    fn immutable_changes(from: &Spec<String>, to: &Spec<Text>) -> Vec<String> {
        let changes = [
            ("image", from.image.is_some() != to.image.is_some()),
            ("durable", from.durable.is_some() != to.durable.is_some()),
        ];
        changes.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field.to_owned()).collect()
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let (id, from) = (&observed.id, &observed.spec);
        if let Status::Failed(_) = observed.status {
            // A create whose response was lost, and that then failed.
            remove(ctx, id, &observed.physical_id).await?;
            return Self::create(ctx, id, to).await;
        }
        let arn = &observed.attributes.arn;
        let meanwhile = super::apart::meanwhile(&from.tags, &to.tags).unwrap_or_else(|| from.tags.clone());
        let tags = versions::tags_between(from, to, &meanwhile);
        if tags != sent::tags(from) {
            let retag = async || retag(ctx, arn, &sent::tags(from), &tags).await;
            once_visible(ctx, id, &id.name, retag).await?;
        }
        // Configuration before code: Lambda takes one update at a time [aws-facts: Lambda, TF].
        let is_configured = configuration(from) != configuration(to)
            || from.tags.get(tags::ROLE_ID) != to.tags.get(tags::ROLE_ID);
        if is_configured {
            once_permitted(ctx, id, &to.role, async || {
                configure(ctx, id, to).await?;
                active(ctx, id).await
            })
            .await?;
        }
        let is_signed_otherwise = from.code_signing != to.code_signing;
        if is_signed_otherwise && from.code_signing.is_some() && to.code_signing.is_none() {
            apart::sign(ctx, id, None).await?;
        }
        let image = |spec: &Spec| spec.image.as_ref().map(|image| image.uri.clone());
        let is_new = (&from.code, &from.architecture, image(from)) != (&to.code, &to.architecture, image(to));
        if is_new {
            upload(ctx, id, to).await?;
            active(ctx, id).await?;
        }
        if let Some(signing) = to.code_signing.as_deref().filter(|_| is_signed_otherwise) {
            apart::sign(ctx, id, Some(signing)).await?;
        }
        if from.reserved_concurrency != to.reserved_concurrency {
            reserve(ctx, id, to.reserved_concurrency).await?;
        }
        apart::set(ctx, id, from, to).await?;
        let mut attributes = Attributes { superseded: Vec::new(), ..observed.attributes.clone() };
        if to.versions.is_some() && (is_configured || is_new || from.versions != to.versions) {
            attributes.version = versions::publish(ctx, id, to, &observed.attributes.superseded).await?;
        }
        // Tags last: `provision:role-id` says what the function *was* configured with.
        once_visible(ctx, id, &id.name, async || retag(ctx, arn, &tags, &sent::tags(to)).await).await?;
        Ok(attributes)
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
        let (id, has_failed) = (&observed.id, matches!(observed.status, Status::Failed(_)));
        if observed.spec.vpc.is_some() && !has_failed {
            leave_network(ctx, id, &observed.physical_id).await?;
        }
        remove(ctx, id, &observed.physical_id).await
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
        let (code, _room) = code(ctx, spec).await?;
        let create = ctx.clients.lambda().create_function().function_name(&id.name).code(code);
        let create = match &spec.image {
            Some(image) => create.package_type(PackageType::Image).image_config(sent::image(image)),
            None => create
                .handler(&spec.handler)
                .runtime(Runtime::from(spec.runtime.as_str()))
                .set_layers(Some(spec.layers.clone())),
        };
        let create = create
            .role(&spec.role)
            .architectures(Architecture::from(spec.architecture.as_str()))
            .memory_size(spec.memory)
            .timeout(spec.timeout)
            .ephemeral_storage(sent::storage(spec)?)
            .tracing_config(sent::tracing(spec))
            .description(&spec.description)
            .environment(sent::environment(spec))
            .set_kms_key_arn(spec.kms_key.clone())
            .set_vpc_config(spec.vpc.as_ref().map(|_| sent::network(spec)))
            .set_file_system_configs(spec.file_system.as_ref().map(|_| sent::file_systems(spec)).transpose()?)
            .set_snap_start(spec.snap_start.then(|| sent::snap_start(spec)))
            .set_durable_config(sent::durable(spec))
            .logging_config(sent::logging(spec))
            .set_dead_letter_config(spec.dead_letter.as_ref().map(|_| sent::dead_letter(spec)))
            .set_code_signing_config_arn(spec.code_signing.clone())
            .set_tags(Some(sent::tags(spec).into_iter().collect()));
        Ok(create.send().await?)
    })
    .await
    .map_err(|error| redacted(error, &spec.environment))?;
    let arn = require_str(response.function_arn(), "lambda:CreateFunction", "the function's ARN")?;
    Ok(Attributes { name: id.name.clone(), arn, version: String::new(), superseded: Vec::new() })
}

/// Sets the tags that differ.
async fn retag(ctx: &Context, arn: &str, from: &Tags, to: &Tags) -> Result<()> {
    let lambda = ctx.clients.lambda();
    let set = tags::to_set(from, to);
    if !set.is_empty() {
        lambda.tag_resource().resource(arn).set_tags(Some(set.into_iter().collect())).send().await?;
    }
    let is_gone = |key: &&str| from.contains_key(*key) && !to.contains_key(*key);
    let gone: Vec<String> = [tags::ROLE_ID, tags::APART, tags::RELEASES]
        .iter()
        .filter(|key| is_gone(key))
        .map(|key| (*key).to_owned())
        .collect();
    if !gone.is_empty() {
        lambda.untag_resource().resource(arn).set_tag_keys(Some(gone)).send().await?;
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

/// Takes a function out of its network. Lambda then deletes the network interfaces while the update is in progress; those of a
/// function that is deleted with its network linger for 20 to 40 minutes, block the deletion of their subnets, and stay for ever
/// if the role is deleted before [aws-facts-services: 8, DG, TF, field].
async fn leave_network(ctx: &Context, id: &ResourceId, name: &str) -> Result<()> {
    // Lambda may still be preparing the network.
    network_is_idle(ctx, id, name).await?;
    let update = async || {
        let update = ctx.clients.lambda().update_function_configuration().function_name(name);
        LAMBDA.ignore_not_found(update.vpc_config(sent::no_network()).send().await)
    };
    retry_conflicts(ctx, id, in_progress, update).await?;
    network_is_idle(ctx, id, name).await
}

/// Waits until Lambda is not creating or deleting network interfaces of a function.
async fn network_is_idle(ctx: &Context, id: &ResourceId, name: &str) -> Result<()> {
    wait_until(Backoff::network(ctx.local), ctx.waiting(id), async || {
        let live = get(ctx, name).await?.and_then(|response| response.configuration);
        Ok(match live.map(|config| status(&config)) {
            Some(Status::Pending) => Poll::Pending("Lambda changes its network interfaces".to_owned()),
            _ => Poll::Ready(()),
        })
    })
    .await
}

/// The part of a spec that UpdateFunctionConfiguration sends.
fn configuration(spec: &Spec) -> impl PartialEq + '_ {
    let image = spec.image.as_ref().map(|Image { uri: _, command, entry_point, working_directory }| {
        (command, entry_point, working_directory)
    });
    (
        (
            &spec.runtime,
            &spec.handler,
            spec.memory,
            spec.timeout,
            spec.ephemeral_storage,
            spec.tracing,
            image,
        ),
        (&spec.description, &spec.environment, &spec.kms_key, &spec.layers, &spec.role, &spec.snap_start),
        (&spec.vpc, &spec.file_system, &spec.durable, &spec.logging, &spec.log_group, &spec.dead_letter),
    )
}

async fn configure(ctx: &Context, id: &ResourceId, to: &Spec) -> Result<()> {
    fits(&to.environment)?;
    let send = async || {
        let update = ctx.clients.lambda().update_function_configuration().function_name(&id.name);
        let update = match &to.image {
            Some(image) => update.image_config(sent::image(image)),
            None => update
                .handler(&to.handler)
                .runtime(Runtime::from(to.runtime.as_str()))
                .set_layers(Some(to.layers.clone()))
                .snap_start(sent::snap_start(to)),
        };
        // All of it, since what a call leaves out stays as it is [hazards: L6].
        let update = update
            .role(&to.role)
            .memory_size(to.memory)
            .timeout(to.timeout)
            .ephemeral_storage(sent::storage(to)?)
            .tracing_config(sent::tracing(to))
            .description(&to.description)
            .environment(sent::environment(to))
            .kms_key_arn(to.kms_key.clone().unwrap_or_default())
            .vpc_config(sent::network(to))
            .set_file_system_configs(Some(sent::file_systems(to)?))
            .set_durable_config(sent::durable(to))
            .logging_config(sent::logging(to))
            .dead_letter_config(sent::dead_letter(to));
        update.send().await?;
        Ok(())
    };
    let send = async || change(ctx, id, &id.name, &send).await;
    once_assumable(ctx, id, &to.role, send).await.map_err(|error| redacted(error, &to.environment))
}

async fn upload(ctx: &Context, id: &ResourceId, to: &Spec) -> Result<()> {
    change(ctx, id, &id.name, async || {
        let (code, _room) = code(ctx, to).await?;
        let update = ctx.clients.lambda().update_function_code().function_name(&id.name);
        let update = update.set_zip_file(code.zip_file).set_image_uri(code.image_uri);
        update.architectures(Architecture::from(to.architecture.as_str())).send().await?;
        Ok(())
    })
    .await
}

async fn reserve(ctx: &Context, id: &ResourceId, reserved: Option<i32>) -> Result<()> {
    let lambda = ctx.clients.lambda();
    change(ctx, id, &id.name, async || match reserved {
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
    .map_err(with_room)
}

/// What runs: an image by its URI, or a package, with the room that it has in memory.
async fn code<'a>(ctx: &'a Context, spec: &Spec) -> Result<(FunctionCode, Option<SemaphorePermit<'a>>)> {
    let code = FunctionCode::builder();
    if let Some(image) = &spec.image {
        return Ok((code.image_uri(&image.uri).build(), None));
    }
    let (zip, room) = package(ctx, &spec.code).await?;
    Ok((code.zip_file(zip).build(), Some(room)))
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
            ..super::observe::spec(&FunctionConfiguration::builder().build(), "f", Tags::new())
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
