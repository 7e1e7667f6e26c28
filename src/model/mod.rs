//! The nouns of the tool: what a stack wants ([`Graph`]), what AWS has ([`World`]), and the names that join the two.
//! Plain data, no AWS and no input or output.

mod graph;
mod identity;
mod region;
mod value;
mod world;

pub use graph::{Attributes, Gate, Graph, Resource};
pub use identity::{Id, Identity, Scope, in_words};
pub(crate) use region::is_partition;
pub use region::{check_region, partition_of};
pub use value::{Members, Reference, Value};
pub use world::{Blind, Live, Lives, Owner, Physical, Seen, Status, World};
