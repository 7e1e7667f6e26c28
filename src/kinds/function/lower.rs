//! A function with its role and its log group; the role allows no more than the stack declares.

use super::Function;
use super::section::Config;
use crate::aws::tags::{self, Tags};
use crate::config::{At, Entry, Item, Target};
use crate::kind::Kind;
use crate::kinds::environment;
use crate::kinds::layer::Layer;
use crate::kinds::log_group::{self, LogGroup};
use crate::kinds::role::{self, Role};
use crate::lower::{Lower, Size, Sizes, allow, known_attributes, resource};
use crate::model::{Resource, ResourceId, Text};
use crate::policy::{Policy, Statement, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// Adds the function, its log group, and its role unless an existing one is named.
pub(super) fn function(function: &Entry<Config>, lower: &mut Lower) {
    let id = lower.id(Function::NAME, &function.name);
    let group = ResourceId::new(LogGroup::NAME, format!("{}{}", log_group::PREFIX, id.name));
    let role = function.role.is_none().then(|| ResourceId::new(Role::NAME, role::name_for(&id.name)));
    let Config { access, triggers, policy, log_retention, tracing, .. } = &**function;
    let mut resources = vec![lower.log_group(&id, &group, function.at, *log_retention)];
    if let Some(role) = &role {
        // A trigger carries its permissions.
        let grants = access.values().cloned().chain(triggers.iter().flat_map(Item::grants)).collect();
        let policy = lower.policy(needs(*tracing, &group), grants, policy);
        resources.push(lower.role(&id, role, function.at, policy));
    }
    resources.push(lower.lambda(function, id.clone(), role.as_ref(), &group));
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

    fn log_group(&self, id: &ResourceId, group: &ResourceId, at: At, retention: u32) -> Resource {
        let spec =
            log_group::Spec { retention_days: Some(retention.cast_signed()), tags: self.tags_for(group, id) };
        let arn = self.scope.expand(LogGroup::ARN, &group.name);
        Resource {
            known_attributes: known_attributes(group, arn),
            ..resource::<LogGroup>(group.clone(), at, &spec)
        }
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
            runtime,
            layers,
            role: existing,
            architecture,
            memory,
            timeout,
            ephemeral_storage,
            tracing,
            description,
            environment,
            reserved_concurrency,
        } = &**function;
        let role_arn = match (role, existing) {
            (Some(role), _) => Text::reference(role, "arn"),
            (None, arn) => arn.clone().unwrap_or_default().into(),
        };
        let mut tags = self.tags(&id);
        tags.extend(role.map(|role| (tags::ROLE_ID.to_owned(), Text::reference(role, "role_id"))));
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
            layers: layers.iter().map(|layer| self.layer(layer)).collect(),
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

/// What the role of a function must allow for the function's own settings. Logs go to its own group, and never with
/// `logs:CreateLogGroup`, or a late event creates the group again after its deletion [aws-facts: Lambda].
fn needs(tracing: bool, group: &ResourceId) -> Vec<(&'static str, Statement<Text>)> {
    let events = Text::join([Text::reference(group, "arn"), ":*".into()]);
    let logs = ("Logs", allow(["logs:CreateLogStream", "logs:PutLogEvents"], events));
    let traces = tracing.then(|| ("Traces", allow(SEND_TRACES, "*".into())));
    std::iter::once(logs).chain(traces).collect()
}

/// What Lambda sends to X-Ray. These actions are of no resource [aws-facts-services: 8; DG: X-Ray].
const SEND_TRACES: [&str; 2] = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"];

/// The policy that lets a service assume a role.
fn trust(service: &str) -> Policy {
    let principal = [("Service".to_owned(), Tree::Text(service.to_owned()))];
    let statement = Statement::allow(["sts:AssumeRole"], ("Principal", Tree::Map(principal.into())));
    Policy([("Lambda".to_owned(), statement)].into())
}
