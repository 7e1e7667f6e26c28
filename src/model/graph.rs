//! What a stack wants: resources, and what each must wait for.

use super::{Reference, ResourceId, Value};
use litemap::LiteMap;
use provision_yaml::At;
use rustc_hash::FxHashMap;

/// The wanted resources of a stack.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph {
    /// The resources, each id once.
    pub resources: Vec<Resource>,
    /// Where in `resources` each one is.
    places: FxHashMap<ResourceId, usize>,
}

/// KnownAttributes of a resource and their values, in the order of the names.
pub type KnownAttributes = LiteMap<&'static str, String>;

/// A wanted resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its name within the stack.
    pub id: ResourceId,
    /// The place in the stack file that asks for it.
    pub at: At,
    /// The resource that it lives and dies with.
    pub parent: Option<ResourceId>,
    /// What it shall be; decodes to the kind's `Spec` once it is resolved.
    pub desired: Value,
    /// The attributes that follow from names alone, and so are known before it exists.
    pub known_attributes: KnownAttributes,
    /// Resources to wait for besides those that `desired` refers to.
    pub depends_on: Vec<ResourceId>,
    /// Resources to wait for in some worlds.
    pub order_constraint: Option<OrderConstraint>,
    /// What the user should know of a choice that was made here; shown with the plan.
    pub note: Option<String>,
}

/// Further resources to wait for where another one exists already: a new route of a live API waits for its function and
/// permission, so that no request meets half a route.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderConstraint {
    /// The resource that makes the order matter.
    pub exists: ResourceId,
    /// The resources to wait for.
    pub depends_on: Vec<ResourceId>,
}

impl Graph {
    /// A graph of resources, each id once.
    pub fn new(resources: Vec<Resource>) -> Self {
        let places = resources.iter().enumerate().map(|(place, resource)| (resource.id.clone(), place));
        Graph { places: places.collect(), resources }
    }

    /// The resource of an id.
    pub fn get(&self, id: &ResourceId) -> Option<&Resource> {
        self.resources.get(self.place(id)?)
    }

    fn place(&self, id: &ResourceId) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// True for an attribute that follows from names, and so is known before the resource exists. Two functions that
    /// mention each other's ARN make no cycle.
    pub fn knows(&self, reference: &Reference) -> bool {
        self.get(&reference.id)
            .is_some_and(|resource| resource.known_attributes.contains_key(reference.attribute))
    }

    /// The resources, each after its parent and after all whose assigned attributes it refers to.
    ///
    /// # Errors
    /// The ids of a cycle of references.
    pub fn in_order(&self) -> Result<Vec<&Resource>, Vec<ResourceId>> {
        let done = vec![false; self.resources.len()];
        let mut walk = Walk { graph: self, path: Vec::new(), done, order: Vec::new() };
        for place in 0..self.resources.len() {
            walk.visit(place)?;
        }
        Ok(walk.order)
    }
}

struct Walk<'a> {
    graph: &'a Graph,
    path: Vec<usize>,
    done: Vec<bool>,
    order: Vec<&'a Resource>,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, place: usize) -> Result<(), Vec<ResourceId>> {
        if self.done[place] {
            return Ok(());
        }
        let graph = self.graph;
        if let Some(start) = self.path.iter().position(|on_path| *on_path == place) {
            return Err(self.path[start..].iter().map(|place| graph.resources[*place].id.clone()).collect());
        }
        self.path.push(place);
        let resource = &graph.resources[place];
        let references = resource.desired.references().into_iter();
        let unknown = references.filter(|reference| !graph.knows(reference)).map(|reference| &reference.id);
        for next in resource.parent.iter().chain(unknown).filter_map(|id| graph.place(id)) {
            self.visit(next)?;
        }
        self.path.pop();
        self.done[place] = true;
        self.order.push(resource);
        Ok(())
    }
}
