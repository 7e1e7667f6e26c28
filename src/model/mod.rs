//! The nouns of the tool: the desired state ([`Graph`]), the live state ([`LiveState`]), and the names that join the two.
//! Plain data, no AWS and no input or output.

mod desired;
mod elsewhere;
mod graph;
mod identity;
mod live_state;
mod region;
mod value;

pub use desired::Desired;
pub use elsewhere::{Address, Attribute, Found, Values};
pub use graph::{Existing, Graph, KnownAttributes, OrderConstraint, Resource};
pub use identity::{AwsName, Identity, Protected, Renamed, ResourceId, Scope, TagKeys, Wanted, in_words};
pub(crate) use identity::{name_in_arn, prefixed, without_ending};
pub use live_state::{AttributeMap, Attributes, LiveState, Observed, Owner, PhysicalId, Status, Unreadable};
pub use region::{SHORTEST_REGION, SOME_ACCOUNT, check_region, partition_of};
pub(crate) use region::{is_known, is_partition};
pub use value::{Lookup, Part, Reference, Text, Texts, resolve, unresolved};
pub(crate) use value::{TEMPLATE, reference, template};
