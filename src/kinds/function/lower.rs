//! A function with its role and its log group; the role allows no more than the stack declares.

use super::needs::{all_grants, needs};
use super::parts::{Async, Durable, FileSystem, Image, Logging, Vpc};
use super::section::{Config, RecursiveLoop};
use super::{Function, apart, loops, spec};
use crate::aws::tags::{self, Tags};
use crate::config::{Entry, Target};
use crate::kind::Kind;
use crate::kinds::environment;
use crate::kinds::layer::Layer;
use crate::kinds::log_group::{self, LogGroup};
use crate::kinds::permission;
use crate::kinds::role::{self, Role};
use crate::kinds::subscription_filter;
use crate::lower::{Lower, Size, Sizes, known_attributes, resource};
use crate::model::{Resource, ResourceId, Text};

/// The role of a function.
enum RoleOf {
    /// One that is created for it.
    Own(ResourceId),
    /// One that the stack declares.
    Declared(ResourceId),
    /// One of others, by its ARN.
    Others(Text),
}

/// Adds the function, its log group, and its role unless another one is named.
pub(super) fn function(function: &Entry<Config>, lower: &mut Lower) {
    let id = lower.id(Function::NAME, &function.name);
    let group = log_group_of(function, &id);
    let role = lower.role_of(function, &id);
    let mut resources = lower.log_group(&id, &group, function);
    if let RoleOf::Own(role) = &role {
        let policy = lower.policy(needs(function, lower), all_grants(function), &function.policy);
        let tags = lower.tags_for(role, &id);
        let managed = &function.managed_policies;
        let trust = role::trusting_lambda();
        resources.push(role::generated(role, function.at, (trust, policy), managed, tags, lower));
    }
    resources.push(lower.lambda(function, id.clone(), &role, &group));
    resources.extend(lower.aliases(function, &id));
    resources.extend(permission::of_calls(&id, function.place("triggers"), lower));
    resources.extend(function.url.iter().flat_map(|url| url.resources(&id, function.place("url"), lower)));
    lower.resources.extend(resources);
    function.triggers.iter().for_each(|item| lower.trigger(item, &id));
}

/// Checks the sizes of the environment, the description and the policy of a function.
pub(super) fn check_sizes(function: &Entry<Config>, sizes: &mut Sizes) {
    let id = ResourceId::new(Function::NAME, sizes.identity.named(Function::NAME, &function.name));
    let desired = sizes.shortest(&id);
    let variables = serde_json::from_value(desired["environment"].clone()).unwrap_or_default();
    let environment = Size {
        what: format!("the environment of {id}"),
        size: environment::size(&variables),
        unit: "bytes as JSON",
        limit: environment::MAX_SIZE,
    };
    let description = Size::of_description(&id, &desired, super::MAX_DESCRIPTION);
    sizes.check(function.at, environment, "keep large values in a file of the code, or in a table");
    sizes.check(function.description.at, description, "shorten it: placeholders count with their values");

    let role = ResourceId::new(Role::NAME, role::name_for(&id.name));
    let at = function.policy.first().map_or(function.at, |statement| statement.at);
    let help = "write fewer and wider statements, or name a role of your own under `role`";
    role::check_sizes(&role, at, &format!("the policy of {id}"), help, sizes);
    subscription_filter::section::check(function, sizes);
    let loops = loops::check_logs(function, sizes.stack, sizes.identity);
    sizes.too_large.extend(loops);
}

impl Lower<'_> {
    /// The tags of a resource that is created for a function.
    fn tags_for(&self, id: &ResourceId, function: &ResourceId) -> Tags<Text> {
        let mut all = self.tags(id);
        all.insert(tags::FOR.to_owned(), function.tag().into());
        all
    }

    fn role_of(&self, function: &Entry<Config>, id: &ResourceId) -> RoleOf {
        match &function.role {
            None => RoleOf::Own(ResourceId::new(Role::NAME, role::name_for(&id.name))),
            Some(Target::Arn(arn)) => RoleOf::Others(arn.into()),
            Some(Target::Key(key)) => {
                let role = self.id(Role::NAME, key);
                let is_existing =
                    self.stack.existing.iter().any(|one| one.kind == Role::NAME && one.key == *key);
                if is_existing {
                    RoleOf::Others(Text::reference(&role, "arn"))
                } else {
                    RoleOf::Declared(role)
                }
            }
        }
    }

    /// The log group of a function; nothing where another function that logs to the same group has brought it.
    fn log_group(&self, id: &ResourceId, group: &ResourceId, function: &Entry<Config>) -> Vec<Resource> {
        if self.resources.iter().any(|resource| resource.id == *group) {
            return Vec::new();
        }
        // A group that functions may share is of none of them.
        let tags = if function.group().is_none() { self.tags_for(group, id) } else { self.tags(group) };
        let spec = log_group::Spec { retention_days: Some(function.log_retention.cast_signed()), tags };
        let arn = self.scope.expand(LogGroup::ARN, &group.name);
        let group = resource::<LogGroup>(group.clone(), function.at, &spec);
        vec![Resource { known_attributes: known_attributes(&group.id, arn), ..group }]
    }

    /// The version of a layer of the stack is known once it is published.
    fn layer(&self, layer: &Target) -> Text {
        match layer {
            Target::Key(key) => Text::reference(&self.id(Layer::NAME, key), "arn"),
            Target::Arn(arn) => arn.clone().into(),
        }
    }

    fn lambda(
        &self,
        function: &Entry<Config>,
        id: ResourceId,
        role: &RoleOf,
        group: &ResourceId,
    ) -> Resource {
        // Every field is named, so that a new one does not compile until it is lowered. `code` and `exclude` make the package,
        // the handler has a default that depends on the runtime, and the others are lowered with the role and the log group.
        let Config {
            code: _,
            exclude: _,
            handler: _,
            access: _,
            triggers: _,
            policy: _,
            managed_policies: _,
            log_retention: _,
            image,
            runtime,
            layers,
            role: _,
            architecture,
            memory,
            timeout,
            ephemeral_storage,
            tracing,
            vpc,
            file_system,
            snap_start,
            durable,
            logging,
            asynchronous,
            recursive_loop,
            code_signing,
            description,
            environment,
            kms_key,
            reserved_concurrency,
            release,
            url,
        } = &**function;
        let mut tags = self.tags(&id);
        let role_arn = match role {
            RoleOf::Own(role) | RoleOf::Declared(role) => {
                tags.extend([role::mark_on_function(role)]);
                Text::reference(role, "arn")
            }
            RoleOf::Others(arn) => arn.clone(),
        };
        let environment = environment.iter().map(|(key, value)| (key.clone(), self.template(value)));
        let dead_letter = asynchronous.as_ref().and_then(|settings| settings.dead_letter.as_ref());
        let mut spec = super::Spec {
            code: self.packages.get(&function.name).cloned().unwrap_or_default(),
            image: image.as_ref().map(Image::spec),
            runtime: runtime.clone(),
            handler: function.handler().to_owned(),
            architecture: architecture.as_str().to_owned(),
            memory: memory.cast_signed(),
            timeout: timeout.cast_signed(),
            ephemeral_storage: ephemeral_storage.cast_signed(),
            tracing: *tracing,
            description: self.template(description),
            environment: environment.collect(),
            kms_key: kms_key.clone(),
            layers: layers.iter().map(|layer| self.layer(layer)).collect(),
            vpc: vpc.as_ref().map(Vpc::spec),
            file_system: file_system.as_ref().map(FileSystem::spec),
            snap_start: *snap_start,
            durable: durable.as_ref().map(Durable::spec),
            logging: Logging::spec(logging.as_ref(), durable.is_some()),
            log_group: Text::reference(group, "name"),
            dead_letter: dead_letter.map(|to| self.destination(to)),
            asynchronous: asynchronous.as_ref().map(|settings| self.asynchronous(settings)),
            recursive_loop: *recursive_loop == RecursiveLoop::Allow,
            code_signing: code_signing.clone(),
            reserved_concurrency: reserved_concurrency.map(u32::cast_signed),
            versions: release.as_ref().map(|release| spec::Versions {
                keep: release.keep.try_into().unwrap_or(usize::MAX),
                published: true,
            }),
            role: role_arn,
            tags,
        };
        // Callers reach an alias, and the settings of these calls are the alias's own.
        spec.asynchronous = spec.asynchronous.filter(|settings| release.is_none() && !settings.is_default());
        let apart = apart::named(&spec, url.is_some()).map(|names| (tags::APART.to_owned(), names.into()));
        spec.tags.extend(apart);
        let arn = self.scope.expand(Function::ARN, &id.name);
        let known_attributes = known_attributes(&id, arn);
        Resource { known_attributes, ..resource::<Function>(id, function.at, &spec) }
    }

    pub(in crate::kinds) fn asynchronous(&self, settings: &Async) -> spec::Async<Text> {
        let Async { retries, max_age, on_success, on_failure, dead_letter: _ } = settings;
        spec::Async {
            retries: retries.cast_signed(),
            max_age: max_age.cast_signed(),
            on_success: on_success.as_ref().map(|to| self.destination(to)),
            on_failure: on_failure.as_ref().map(|to| self.destination(to)),
        }
    }
}

/// The log group of a function with this id.
pub(in crate::kinds) fn log_group_of(function: &Config, id: &ResourceId) -> ResourceId {
    let name = function.group().map_or_else(|| format!("{}{}", log_group::PREFIX, id.name), str::to_owned);
    ResourceId::new(LogGroup::NAME, name)
}
