//! The desired state of a stack: its resources, and what each depends on.

use super::{Desired, Reference, ResourceId};
use crate::yaml::At;
use litemap::LiteMap;
use rustc_hash::FxHashMap;

/// The declared resources of a stack.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph {
    /// The resources, each id once.
    pub resources: Vec<Resource>,
    /// The resources of others that these refer to.
    pub existing: Vec<Existing>,
    /// Where in `resources` each one is.
    places: FxHashMap<ResourceId, usize>,
}

/// KnownAttributes of a resource and their values, in the order of the names.
pub type KnownAttributes = LiteMap<&'static str, String>;

/// A resource of others.
#[derive(Debug, Clone, PartialEq)]
pub struct Existing {
    /// Its id: its name is the one in AWS, or what AWS knows it by.
    pub id: ResourceId,
    /// The place in the stack file that names it.
    pub at: At,
    /// The attributes that follow from its name.
    pub known_attributes: KnownAttributes,
    /// True if it is in this account and region. Others cannot be read.
    pub is_here: bool,
}

/// A declared resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its logical id.
    pub id: ResourceId,
    /// The place in the stack file that declares it.
    pub at: At,
    /// The desired state: the tree of the kind's `Spec<Text>`.
    pub desired: Desired,
    /// The attributes that follow from names alone, and so are known before it exists.
    pub known_attributes: KnownAttributes,
    /// Declared dependencies, in addition to the references of `desired`.
    pub depends_on: Vec<ResourceId>,
    /// Dependencies that depend on the live state.
    pub order_constraint: Option<OrderConstraint>,
    /// A note on a choice that was made for the user; shown with the plan.
    pub note: Option<String>,
}

/// Further dependencies where another resource exists already: a new route of a live API depends on its function and
/// permission, so that no request reaches a route before they exist.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderConstraint {
    /// The resource that makes the order matter.
    pub exists: ResourceId,
    /// The dependencies.
    pub depends_on: Vec<ResourceId>,
}

impl Graph {
    /// A graph of resources, each id once.
    pub fn new(resources: Vec<Resource>) -> Self {
        let places = resources.iter().enumerate().map(|(place, resource)| (resource.id.clone(), place));
        Graph { places: places.collect(), resources, existing: Vec::new() }
    }

    /// The same with the resources of others that these refer to.
    #[must_use]
    pub fn with_existing(self, existing: Vec<Existing>) -> Self {
        Graph { existing, ..self }
    }

    /// The known attributes of a resource, or of one of others.
    fn known_attributes(&self, id: &ResourceId) -> Option<&KnownAttributes> {
        let own = self.get(id).map(|resource| &resource.known_attributes);
        let mut existing = self.existing.iter().filter(|existing| existing.id == *id);
        own.or_else(|| existing.next().map(|existing| &existing.known_attributes))
    }

    /// An attribute that follows from names.
    pub fn known(&self, reference: &Reference) -> Option<&str> {
        self.known_attributes(&reference.id)?.get(reference.attribute).map(String::as_str)
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
        self.known(reference).is_some()
    }

    /// The resources, each after its parent and after all whose assigned attributes it refers to. Where these form a cycle
    /// there is no such order, and the plan, which knows all dependencies, reports it.
    pub fn in_order(&self) -> Vec<&Resource> {
        let visited = vec![false; self.resources.len()];
        let mut walk = Walk { graph: self, visited, order: Vec::new() };
        (0..self.resources.len()).for_each(|place| walk.visit(place));
        walk.order
    }
}

struct Walk<'a> {
    graph: &'a Graph,
    visited: Vec<bool>,
    order: Vec<&'a Resource>,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, place: usize) {
        if std::mem::replace(&mut self.visited[place], true) {
            return;
        }
        let graph = self.graph;
        let resource = &graph.resources[place];
        let parent = resource.id.parent().into_iter().filter_map(|id| graph.place(id));
        let references = resource.desired.references();
        let unknown = references.into_iter().filter(|reference| !graph.knows(reference));
        for next in parent.chain(unknown.filter_map(|reference| graph.place(&reference.id))) {
            self.visit(next);
        }
        self.order.push(resource);
    }
}
