//! A function with its role and its log group; the role allows no more than the stack declares.

use super::Function;
use super::section::Config;
use crate::aws::tags::{self, Tags};
use crate::config::{At, Entry, Grant, Item, Target};
use crate::kind::Kind;
use crate::kinds::environment;
use crate::kinds::log_group::{self, LogGroup};
use crate::kinds::role::{self, Role};
use crate::lower::{Lower, Size, Sizes, allow, known_attributes, resource};
use crate::model::{Resource, ResourceId, Text};
use crate::policy::Statement;

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
    let group = log_group_of(&id);
    let role = lower.role_of(function, &id);
    let Config { access, triggers, policy, managed_policies, log_retention, .. } = &**function;
    let mut resources = vec![lower.log_group(&id, &group, function.at, *log_retention)];
    if let RoleOf::Own(role) = &role {
        // A trigger carries its permissions.
        let grants = access.values().cloned().chain(grants(function)).collect();
        let policy = lower.policy(needs(function, lower), grants, policy);
        let tags = lower.tags_for(role, &id);
        resources.push(role::generated(role, function.at, policy, managed_policies, tags, lower));
    }
    resources.push(lower.lambda(function, id.clone(), &role, &group));
    lower.resources.extend(resources);
    triggers.iter().for_each(|item| lower.trigger(item, &id));
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

    fn log_group(&self, id: &ResourceId, group: &ResourceId, at: At, retention: u32) -> Resource {
        let spec =
            log_group::Spec { retention_days: Some(retention.cast_signed()), tags: self.tags_for(group, id) };
        let arn = self.scope.expand(LogGroup::ARN, &group.name);
        Resource {
            known_attributes: known_attributes(group, arn),
            ..resource::<LogGroup>(group.clone(), at, &spec)
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
            runtime,
            layers,
            role: _,
            architecture,
            memory,
            timeout,
            ephemeral_storage,
            tracing,
            description,
            environment,
            reserved_concurrency,
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
        let spec = super::Spec {
            code: self.packages.get(&function.name).cloned().unwrap_or_default(),
            runtime: runtime.clone(),
            handler: function.handler().to_owned(),
            architecture: architecture.as_str().to_owned(),
            memory: memory.cast_signed(),
            timeout: timeout.cast_signed(),
            ephemeral_storage: ephemeral_storage.cast_signed(),
            tracing: *tracing,
            description: self.template(description),
            environment: environment.collect(),
            layers: layers.clone(),
            reserved_concurrency: reserved_concurrency.map(u32::cast_signed),
            role: role_arn,
            log_group: Text::reference(group, "name"),
            tags,
        };
        let arn = self.scope.expand(Function::ARN, &id.name);
        let known_attributes = known_attributes(&id, arn);
        Resource { known_attributes, ..resource::<Function>(id, function.at, &spec) }
    }
}

/// What the role of a function must allow for the function's own settings, each with its `Sid`. Logs go to its own group, and
/// never with `logs:CreateLogGroup`, or a late event creates the group again after its deletion [aws-facts: Lambda].
pub(in crate::kinds) fn needs(
    function: &Entry<Config>,
    lower: &Lower,
) -> Vec<(&'static str, Statement<Text>)> {
    let group = log_group_of(&lower.id(Function::NAME, &function.name));
    let events = Text::join([Text::reference(&group, "arn"), ":*".into()]);
    let logs = ("Logs", allow(["logs:CreateLogStream", "logs:PutLogEvents"], events));
    let traces = function.tracing.then(|| ("Traces", allow(SEND_TRACES, "*".into())));
    std::iter::once(logs).chain(traces).collect()
}

/// What the role of a function must allow on other entries for its triggers.
pub(in crate::kinds) fn grants(function: &Entry<Config>) -> Vec<Grant> {
    function.triggers.iter().flat_map(Item::grants).collect()
}

fn log_group_of(function: &ResourceId) -> ResourceId {
    ResourceId::new(LogGroup::NAME, format!("{}{}", log_group::PREFIX, function.name))
}

/// What Lambda sends to X-Ray. These actions are of no resource [aws-facts-services: 8; DG: X-Ray].
const SEND_TRACES: [&str; 2] = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"];
