//! What a kind can say of itself, on kinds that exist in these tests alone: none of the registered kinds says all of it.

use super::up;
use crate::aws::{Context, Error, Result, Service};
use crate::kind::{
    Kind, Observation, ObservedOf, ObservedOption, OnParentDelete, Parent, ParentKind, Permission,
    Registered, Registry, Replacement,
};
use crate::model::{
    Desired, Graph, KnownAttributes, LiveState, Observed, Owner, PhysicalId, Resource, ResourceId, Text,
    Texts,
};
use crate::plan::{Action, Half, Options, Plan, plan};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The spec of every kind here.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec<T> {
    /// Cannot be changed.
    fixed: String,
    /// Can be turned on, but not off.
    on: bool,
    /// An attribute of another resource.
    of: Option<T>,
}

/// The attributes of every kind here.
#[derive(Debug, Serialize, Deserialize)]
struct Attributes {
    id: String,
}

/// A kind with some constants; nothing here calls it.
macro_rules! kind {
    ($name:ident, $word:literal $(, $constant:ident: $type:ty = $value:expr)*) => {
        struct $name;

        impl Kind for $name {
            const NAME: &'static str = $word;
            const SERVICE: &'static Service = &Service::new("X", "x");
            const IMMUTABLE: &'static [&'static str] = &["fixed"];
            const PHYSICAL_ID: &'static str = "id";
            const PERMISSIONS: &'static [Permission] = &[];
            $(const $constant: $type = $value;)*
            type Spec<T: Texts> = Spec<T>;
            type Attributes = Attributes;

            fn immutable_changes(from: &Spec<String>, to: &Spec<Text>) -> Vec<String> {
                (from.on && !to.on).then(|| "on".to_owned()).into_iter().collect()
            }

            async fn observe(_: &Context, _: &[Parent]) -> Result<Observation<Self>> {
                Ok(Vec::new().into())
            }

            async fn read(_: &Context, _: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
                Ok(None)
            }

            async fn create(_: &Context, _: &ResourceId, _: &Spec<String>) -> Result<Attributes> {
                Err(Error::state("not created"))
            }

            async fn update(_: &Context, _: &ObservedOf<Self>, _: &Spec<String>) -> Result<Attributes> {
                Err(Error::state("not updated"))
            }

            async fn delete(_: &Context, _: &ObservedOf<Self>) -> Result<()> {
                Ok(())
            }
        }
    };
}

kind!(Bus, "bus");
kind!(
    Rule,
    "rule",
    PARENT: Option<ParentKind> = Some(ParentKind::new("bus", OnParentDelete::Block))
);
kind!(
    Target,
    "target",
    PARENT: Option<ParentKind> = Some(ParentKind::new("rule", OnParentDelete::Cascade))
);
kind!(
    Mapping,
    "mapping",
    PARENT: Option<ParentKind> = Some(ParentKind::new("bus", OnParentDelete::Stay))
);
kind!(Key, "key", REPLACEMENT: Replacement = Replacement::CreateFirst);
kind!(Layer, "layer", REPLACEMENT: Replacement = Replacement::Version);

const REGISTRY: Registry = Registry::new(&[
    &Registered::<Bus>::NEW,
    &Registered::<Rule>::NEW,
    &Registered::<Target>::NEW,
    &Registered::<Mapping>::NEW,
    &Registered::<Key>::NEW,
    &Registered::<Layer>::NEW,
]);

fn bus(name: &str) -> ResourceId {
    ResourceId::new("bus", name)
}

fn resource(id: &ResourceId, fixed: &str, on: bool, of: Option<&ResourceId>) -> Resource {
    let spec = Spec { fixed: fixed.to_owned(), on, of: of.map(|of| Text::reference(of, "id")) };
    Resource {
        id: id.clone(),
        at: Default::default(),
        desired: Desired::of(&spec).unwrap(),
        known_attributes: KnownAttributes::new_vec(),
        depends_on: Vec::new(),
        order_constraint: None,
        note: None,
    }
}

fn physical_id(id: &ResourceId) -> PhysicalId {
    let own = format!("id-{}", id.name);
    match id.parent() {
        Some(parent) => physical_id(parent).child(id.kind, own),
        None => PhysicalId::new(id.kind, own),
    }
}

/// A resource of ours as `resource` wants it, with the references that it has then.
fn observed(id: &ResourceId, fixed: &str, on: bool, of: Option<&ResourceId>) -> Observed {
    let own = physical_id(id);
    let of_id = of.map(|of| physical_id(of).id);
    let spec = json!({ "fixed": fixed, "on": on, "of": of_id });
    let mut observed = Observed::new(id.clone(), own.id.clone(), Owner::Ours, spec, json!({ "id": own.id }));
    observed.parent = own.parent;
    observed.refs = of.map(physical_id).into_iter().collect();
    observed
}

fn planned(resources: Vec<Resource>, observed: Vec<Observed>) -> Plan {
    let options = Options { registry: REGISTRY, ..up() };
    let live_state = LiveState { observed, ..LiveState::default() };
    plan(&Graph::new(resources), &live_state, &options).expect("a plan")
}

/// The nodes in an order in which they can be executed, as text.
fn order(plan: &Plan) -> Vec<String> {
    let (mut done, mut order) = (Vec::new(), Vec::new());
    while done.len() < plan.nodes.len() {
        let ready = plan.nodes.iter().enumerate().position(|(index, node)| {
            !done.contains(&index) && node.depends_on.iter().all(|before| done.contains(before))
        });
        let index = ready.expect("no cycle");
        let node = &plan.nodes[index];
        let step = &plan.steps[node.step];
        let verb = match (node.half, step.action) {
            (Half::Delete, _) => "delete old",
            (Half::Create, _) => "create new",
            (Half::Whole, _) if step.with_parent => "with parent:",
            (Half::Whole, action) => action.verb(),
        };
        order.push(format!("{verb} {}", step.id));
        done.push(index);
    }
    order
}

#[test]
fn children_of_the_same_name_in_two_parents_are_two_resources() {
    let ids = [bus("a").child("rule", "dev"), bus("b").child("rule", "dev")];
    let mut all: Vec<Resource> = ["a", "b"].map(|name| resource(&bus(name), "x", false, None)).into();
    all.extend(ids.iter().map(|id| resource(id, "x", false, None)));
    assert_eq!(planned(all.clone(), Vec::new()).steps.len(), 4);
    let mut there: Vec<Observed> = ["a", "b"].map(|name| observed(&bus(name), "x", false, None)).into();
    there.extend(ids.iter().map(|id| observed(id, "x", false, None)));
    assert!(planned(all.clone(), there.clone()).is_empty());
    let left = planned(all, there[..3].to_vec());
    assert_eq!(order(&left), ["create rule dev of bus b"]);
}

#[test]
fn a_child_that_blocks_is_deleted_before_its_parent_and_its_own_children_with_it() {
    let rule = bus("a").child("rule", "dev");
    let target = rule.child("target", "t");
    let there = [&bus("a"), &rule, &target].map(|id| observed(id, "x", false, None)).into_iter().collect();
    let options = Options { registry: REGISTRY, ..super::down() };
    let live_state = LiveState { observed: there, ..LiveState::default() };
    let plan = plan(&Graph::default(), &live_state, &options).expect("a plan");
    let expected = ["delete rule dev of bus a", "delete bus a", "with parent: target t of rule dev of bus a"];
    assert_eq!(order(&plan), expected);
}

#[test]
fn a_child_that_blocks_is_replaced_with_its_parent_and_one_that_stays_is_not() {
    let (rule, mapping) = (bus("a").child("rule", "dev"), bus("a").child("mapping", "m"));
    let target = rule.child("target", "t");
    let ids = [&bus("a"), &rule, &mapping, &target];
    let there: Vec<Observed> = ids.map(|id| observed(id, "x", false, None)).into();
    let changed = |id: &ResourceId| if id.kind == "bus" { "y" } else { "x" };
    let plan = planned(ids.map(|id| resource(id, changed(id), false, None)).into(), there);
    let expected = [
        "delete old rule dev of bus a",
        "delete old bus a",
        "create new bus a",
        "create new rule dev of bus a",
        "create target t of rule dev of bus a",
    ];
    assert_eq!(order(&plan), expected);
    assert_eq!(plan.unchanged, [mapping]);
    assert_eq!(plan.count(Action::Replace), 2);
    let reasons: Vec<&str> = plan.steps[1].reasons.iter().map(String::as_str).collect();
    assert_eq!(reasons, ["bus a is replaced, and cannot be deleted before it"]);
}

#[test]
fn what_refers_to_a_resource_is_changed_between_the_two_halves_of_a_replacement() {
    let (key, user) = (ResourceId::new("key", "k"), bus("user"));
    let there = vec![observed(&key, "x", false, None), observed(&user, "x", false, Some(&key))];
    let plan =
        planned(vec![resource(&key, "y", false, None), resource(&user, "x", false, Some(&key))], there);
    assert_eq!(order(&plan), ["create new key k", "update bus user", "delete old key k"]);
}

/// AWS keeps the old version, so a new one loses nothing that is protected.
#[test]
fn a_new_version_is_no_deletion() {
    let replaced = |kind: &'static str| {
        let (id, user) = (ResourceId::new(kind, "k"), bus("user"));
        let there = vec![observed(&id, "x", false, None), observed(&user, "x", false, Some(&id))];
        let wanted = vec![resource(&id, "y", false, None), resource(&user, "x", false, Some(&id))];
        let live_state = LiveState { observed: there, ..LiveState::default() };
        let protected = [(kind, "k".to_owned())].into();
        let options = Options { registry: REGISTRY, protected, ..up() };
        plan(&Graph::new(wanted), &live_state, &options).expect("a plan")
    };
    let version = replaced("layer");
    assert_eq!(order(&version), ["create new layer k", "update bus user", "delete old layer k"]);
    assert_eq!(version.blockers, []);
    assert_eq!(version.steps[0].reasons, ["a new version is created; what uses the old one moves to it"]);
    assert_eq!(replaced("key").blockers.len(), 1);
}

#[test]
fn a_field_may_be_immutable_in_one_direction_only() {
    let change = |from, to| {
        let there = vec![observed(&bus("a"), "x", from, None)];
        order(&planned(vec![resource(&bus("a"), "x", to, None)], there))
    };
    assert_eq!(change(false, true), ["update bus a"]);
    assert_eq!(change(true, false), ["delete old bus a", "create new bus a"]);
}
