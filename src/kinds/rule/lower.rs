//! Rules as resources, with the role that a stack has for those that need one.

use super::section::{Config, InputTransformer, OfBus};
use super::{Rule, Spec, Target, Transformer, on_bus};
use crate::config::{At, Entry};
use crate::kind::Kind;
use crate::kinds::bus::{Bus, DEFAULT, EVENTS, call_for};
use crate::kinds::queue::Queue;
use crate::kinds::role::{self, Role};
use crate::kinds::started::{self, Delivery};
use crate::kinds::{permission, schedule_group};
use crate::lower::{Call, Lower, LoweredTrigger, known_attributes, resource};
use crate::model::{Resource, ResourceId, Text};

/// The id of a rule: the name of its bus, and one that says what it starts.
fn id_of(trigger: &Config, started: &ResourceId, lower: &Lower) -> (ResourceId, Option<ResourceId>) {
    let bus = (trigger.bus != DEFAULT).then(|| lower.id(Bus::NAME, &trigger.bus));
    let name = started::named(started, trigger.name.as_deref());
    let on = bus.as_ref().map_or(DEFAULT, |bus| bus.name.as_str());
    (ResourceId::new(Rule::NAME, on_bus(on, &name)), bus)
}

/// EventBridge, as it delivers to a function or a queue, and to the queue for dead letters. Other entries that it starts, it
/// reaches by their policy too.
fn calls(trigger: &Config, started: &ResourceId, lower: &Lower) -> Vec<Call> {
    let (id, _) = id_of(trigger, started, lower);
    let source = lower.scope.expand(Rule::ARN, &id.name);
    let name = trigger.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    let own = (!started::needs_role(started.kind)).then(|| Call {
        on: started::target(started, trigger.alias.as_deref(), lower),
        what: format!("bus {}{name}", trigger.bus),
        service: EVENTS.into(),
        source: source.clone(),
        account: false,
    });
    let what = format!("dead letters of rule {}", id.name);
    let failed = trigger.dead_letter.as_ref().and_then(|queue| call_for(queue, what, &source, lower));
    own.into_iter().chain(failed).collect()
}

impl LoweredTrigger for OfBus {
    fn lower(trigger: &Entry<Config>, started: &ResourceId, lower: &mut Lower) {
        let (id, bus) = id_of(trigger, started, lower);
        let Config {
            bus: _,
            pattern,
            input,
            input_path,
            input_transformer,
            group,
            partition_key,
            retries,
            max_age,
            dead_letter,
            enabled,
            alias,
            name: _,
        } = &**trigger;
        let called = started::target(started, alias.as_deref(), lower);
        let transformer = |InputTransformer { paths, template }: &InputTransformer| Transformer {
            paths: paths.clone(),
            template: lower.template(template),
        };
        let target = Target {
            arn: started::arn_of(&called),
            input: input.as_ref().map(|input| lower.json(input)),
            input_path: input_path.clone(),
            input_transformer: input_transformer.as_ref().map(transformer),
            group: group.clone(),
            partition_key: partition_key.clone(),
            retries: retries.cast_signed(),
            max_age: max_age.cast_signed(),
            dead_letter: dead_letter.as_ref().map(|queue| lower.arn_of_target::<Queue>(queue)),
        };
        let role = started::needs_role(started.kind).then(|| role(trigger.at, lower));
        let spec = Spec {
            bus: bus.as_ref().map_or_else(|| DEFAULT.into(), |bus| Text::reference(bus, "name")),
            pattern: lower.json(pattern),
            enabled: *enabled,
            target: Some(target),
            role: role.as_ref().map(|role| Text::reference(role, "arn")),
            tags: lower.tags(&id),
        };
        let admitted = calls(trigger, started, lower).iter().map(permission::admitted).collect::<Vec<_>>();
        let depends_on = admitted.into_iter().chain([called]).chain(role).collect();
        let arn = lower.scope.expand(Rule::ARN, &id.name);
        let known_attributes = known_attributes(&id, arn);
        let rule = resource::<Rule>(id, trigger.at, &spec);
        lower.resources.push(Resource { known_attributes, depends_on, ..rule });
    }

    fn callers(trigger: &Entry<Config>, started: &ResourceId, lower: &Lower) -> Vec<Call> {
        calls(trigger, started, lower)
    }
}

/// The role of the stack's rules, which comes with the first that needs it.
fn role(at: At, lower: &mut Lower) -> ResourceId {
    let name = schedule_group::name_for(&lower.scope.identity);
    let id = ResourceId::new(Role::NAME, role::name_for_rules(&name));
    if lower.resources.iter().any(|resource| resource.id == id) {
        return id;
    }
    // It is no part of the entry that happens to be the first.
    let own = std::mem::replace(&mut lower.declared_tags, lower.stack.tags.clone());
    // Any rule of the account: those that hand it on may pass it.
    let rules = lower.scope.expand(Rule::ARN, "*");
    let trust = role::trusting(EVENTS, Some(&rules), lower);
    let items = lower.items_of::<OfBus>().into_iter();
    let items = items.filter(|(started, _)| started::needs_role(started.kind));
    let deliveries = items.map(|(started, _)| Delivery { started, alias: None, dead_letter: None });
    let policy = started::allowing(deliveries.collect(), lower);
    let role = role::generated(&id, at, (trust, policy), &[], lower.tags(&id), lower);
    lower.resources.push(role);
    lower.declared_tags = own;
    id
}
