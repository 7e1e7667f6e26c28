//! A function with its role and its log group; the role allows no more than the stack declares.

use super::parts::{Async, Durable, FileSystem, Image, Logging, Vpc};
use super::section::{Config, RecursiveLoop};
use super::{Function, apart, needs, spec};
use crate::aws::tags::{self, Tags};
use crate::config::{At, Entry};
use crate::kind::Kind;
use crate::kinds::environment;
use crate::kinds::log_group::{self, LogGroup};
use crate::kinds::role::{self, Role};
use crate::lower::{Lower, Size, Sizes, known_attributes, resource};
use crate::model::{Resource, ResourceId, Text};
use crate::policy::{Policy, Statement, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// Adds the function, its log group, and its role unless an existing one is named.
pub(super) fn function(function: &Entry<Config>, lower: &mut Lower) {
    let id = lower.id(Function::NAME, &function.name);
    let group = ResourceId::new(LogGroup::NAME, group_of(function, &id.name));
    let role = function.role.is_none().then(|| ResourceId::new(Role::NAME, role::name_for(&id.name)));
    let mut resources = lower.log_group(&id, &group, function);
    if let Some(role) = &role {
        let arn = lower.scope.expand(Function::ARN, &id.name);
        let needs = needs::statements(function, &arn, Text::reference(&group, "arn"));
        let policy = lower.policy(needs, needs::grants(function), &function.policy);
        resources.push(lower.role(&id, role, function.at, policy));
    }
    resources.push(lower.lambda(function, id.clone(), role.as_ref(), &group));
    lower.resources.extend(resources);
    function.triggers.iter().for_each(|item| lower.trigger(item, &id));
}

/// The log group of a function with this name in AWS.
fn group_of(function: &Config, name: &str) -> String {
    function.group().map_or_else(|| format!("{}{name}", log_group::PREFIX), str::to_owned)
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

    let role = sizes.shortest(&ResourceId::new(Role::NAME, role::name_for(&id.name)));
    let policies: BTreeMap<String, Policy> =
        serde_json::from_value(role["policies"].clone()).unwrap_or_default();
    let policies = Size {
        what: format!("the policy of {id}"),
        size: policies.values().map(Policy::size).sum(),
        unit: "characters without white space",
        limit: role::MAX_INLINE_POLICIES,
    };
    let at = function.policy.first().map_or(function.at, |statement| statement.at);
    sizes.check(at, policies, "write fewer and wider statements, or name a role of your own under `role`");
}

impl Lower<'_> {
    /// The tags of a resource that is created for a function.
    fn tags_for(&self, id: &ResourceId, function: &ResourceId) -> Tags<Text> {
        let mut all = self.tags(id);
        all.insert(tags::FOR.to_owned(), function.tag().into());
        all
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

    fn role(&self, id: &ResourceId, role: &ResourceId, at: At, policy: Policy<Text>) -> Resource {
        let spec = role::Spec {
            trust: trust("lambda.amazonaws.com"),
            policies: [(role::POLICY.to_owned(), policy)].into(),
            attached: BTreeSet::new(),
            boundary: self.stack.permissions_boundary.clone(),
            tags: self.tags_for(role, id),
        };
        let arn = self.scope.expand(Role::ARN, &role.name);
        Resource {
            known_attributes: known_attributes(role, arn),
            ..resource::<Role>(role.clone(), at, &spec)
        }
    }

    fn lambda(
        &self,
        function: &Entry<Config>,
        id: ResourceId,
        role: Option<&ResourceId>,
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
            log_retention: _,
            image,
            runtime,
            layers,
            role: existing,
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
        } = &**function;
        let role_arn = match (role, existing) {
            (Some(role), _) => Text::reference(role, "arn"),
            (None, arn) => arn.clone().unwrap_or_default().into(),
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
            layers: layers.clone(),
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
            role: role_arn,
            tags: self.tags(&id),
        };
        spec.asynchronous = spec.asynchronous.filter(|settings| !settings.is_default());
        let apart = apart::named(&spec).map(|names| (tags::APART.to_owned(), names.into()));
        let role_id = role.map(|role| (tags::ROLE_ID.to_owned(), Text::reference(role, "role_id")));
        spec.tags.extend(apart.into_iter().chain(role_id));
        let arn = self.scope.expand(Function::ARN, &id.name);
        let known_attributes = known_attributes(&id, arn);
        Resource { known_attributes, ..resource::<Function>(id, function.at, &spec) }
    }

    fn asynchronous(&self, settings: &Async) -> spec::Async<Text> {
        let Async { retries, max_age, on_success, on_failure, dead_letter: _ } = settings;
        spec::Async {
            retries: retries.cast_signed(),
            max_age: max_age.cast_signed(),
            on_success: on_success.as_ref().map(|to| self.destination(to)),
            on_failure: on_failure.as_ref().map(|to| self.destination(to)),
        }
    }
}

/// The policy that lets a service assume a role.
fn trust(service: &str) -> Policy {
    let principal = [("Service".to_owned(), Tree::Text(service.to_owned()))];
    let statement = Statement::allow(["sts:AssumeRole"], ("Principal", Tree::Map(principal.into())));
    Policy([("Lambda".to_owned(), statement)].into())
}
