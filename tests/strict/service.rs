//! What the strict cloud knows of a service. All of it stands in one place, `services/NAME`: whoever adds a service implements
//! [`StrictService`], and adds it to the registry in `services/mod.rs`.

use crate::access::Need;
use crate::cloud::{ACCOUNT, Cloud, Handler, REGION, ServiceError, Tags, Time};
use crate::constraint::Words;
use crate::quota::Quota;
use crate::random::{Section, Wire};
use crate::services::Service;
use crate::wire::Call;
use proptest::strategy::BoxedStrategy;
use provision::config::Stack;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A refusal: its code on the wire, and its HTTP status.
pub(crate) type Refusal = (&'static str, u16);

/// What is the same whatever the account holds.
#[derive(Debug)]
pub(crate) struct Facts {
    /// What the service's IAM actions begin with. Its calls are named by it here too: `NAME:CreateThing`.
    pub(crate) name: &'static str,
    /// The folder in botocore's models, and the version.
    pub(crate) model: (&'static str, &'static str),
    /// The operations that `provision` calls, with what they do.
    pub(crate) operations: &'static [&'static [(&'static str, Handler)]],
    /// The parameters that name the resource that a call changes, of which the first counts that is there: two changes of it at a
    /// time may collide.
    pub(crate) changed: &'static [&'static str],
    /// The parameters that tell calls of the same operation apart, in the label of a call.
    pub(crate) subject: &'static [&'static str],
    /// The members of responses that name the next page of a list.
    pub(crate) tokens: &'static [&'static str],
    /// There are too many requests.
    pub(crate) throttled: Refusal,
    /// An internal error.
    pub(crate) failed: Refusal,
    /// Access control refuses the call.
    pub(crate) denied: Refusal,
    /// The model does not allow the request.
    pub(crate) invalid: &'static str,
    /// The codes that operations respond with although the models do not list them.
    pub(crate) unmodelled: &'static [&'static str],
}

/// A service. What a function has no default for, every service has; the rest concerns services with resources.
pub(crate) trait StrictService: Sync {
    fn facts(&self) -> &'static Facts;

    /// All that a call needs to be allowed.
    fn needs(&self, cloud: &Cloud, call: &Call) -> Vec<Need>;

    // How it behaves.

    /// An ARN of this account.
    fn arn(&self, resource: &str) -> String {
        format!("arn:aws:{}:{REGION}:{ACCOUNT}:{resource}", self.facts().name)
    }

    /// The code by which it refuses what its model does not allow, and what it says where it has words of its own for that.
    fn invalid(&self, _call: &Call, _wrong: &str) -> (&'static str, Option<String>) {
        (self.facts().invalid, None)
    }

    /// The HTTP status of a success, where AWS answers otherwise than its model says.
    fn status(&self, _operation: &str) -> Option<u16> {
        None
    }

    /// How it says what its model does not allow.
    fn words(&self) -> Words {
        Words::All
    }

    /// The outermost element of the response of an operation, where the protocol has one and botocore's models do not say it.
    fn root(&self, _operation: &str) -> Option<&'static str> {
        None
    }

    /// The quota that an operation falls under; `None` where AWS publishes none.
    fn quota(&self, _cloud: &Cloud, _operation: &str) -> Option<Quota> {
        None
    }

    /// Takes out of a response what is not allowed to the caller, with the refusal of that part.
    fn censor(&self, _refusal: &str, _response: &mut Json) {}

    /// What its error responses have besides the code and the message, by the error and its status.
    fn dress(
        &self,
        _error: &ServiceError,
        _status: u16,
        _headers: &mut Vec<(&'static str, String)>,
        _body: &mut Json,
    ) {
    }

    /// Does what is due by now, and happens without a call.
    fn happen(&self, _cloud: &mut Cloud) {}

    /// The resources that the tagging API knows.
    fn tagged(&self, _cloud: &Cloud) -> Vec<Tagged> {
        Vec::new()
    }

    // What must hold, and what there is.

    /// The resources that break an invariant, and why.
    fn broken(&self, _cloud: &Cloud) -> Vec<(String, String)> {
        Vec::new()
    }

    /// What is still being made or changed.
    fn unready(&self, _cloud: &Cloud) -> Vec<String> {
        Vec::new()
    }

    /// The statements of policies that allow something, each with the name of the role that has it.
    fn allowed(&self, _cloud: &Cloud) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The names of the roles that its resources run with.
    fn running(&self, _cloud: &Cloud) -> Vec<String> {
        Vec::new()
    }

    /// Its resources with their settings, by kind and name, for comparisons.
    fn dump(&self, _cloud: &Cloud) -> BTreeMap<String, Json> {
        BTreeMap::new()
    }

    /// What AWS made up, and what it stands for.
    fn made_up(&self, _cloud: &Cloud) -> Vec<(String, String)> {
        Vec::new()
    }

    // What people and other tools do.

    /// Changes the service's resources of the only stack wherever they can be changed.
    fn change_all(&self, _cloud: &mut Cloud) {}

    /// Makes a resource that an earlier version of the only stack could have left behind.
    fn leave_behind(&self, _cloud: &mut Cloud) {}

    /// Each change by hand that the next `up` undoes, by name.
    fn drifts(&self) -> &'static [(&'static str, Drift)] {
        &[]
    }

    /// Each resource that is not the stack's, and near to it, by name.
    fn unmanaged(&self) -> &'static [(&'static str, Make)] {
        &[]
    }

    /// Makes what every account has that random stacks may name.
    fn furnish(&self, _cloud: &mut Cloud) {}

    /// Its resources, each to the last detail.
    fn everything(&self, _cloud: &Cloud) -> Vec<(Resource, String)> {
        Vec::new()
    }

    /// Deletes a resource from the account, as its owner would.
    fn remove(&self, _cloud: &mut Cloud, _resource: &Resource) {}

    /// True if two names are the same one.
    fn is_same(&self, one: &str, other: &str) -> bool {
        one == other
    }

    /// What is protected against deletion, by its name in a dump, with when it was made.
    fn protected(&self, _cloud: &Cloud) -> Vec<(String, Time)> {
        Vec::new()
    }

    /// Takes the protection off.
    fn unprotect(&self, _cloud: &mut Cloud) {}

    /// Takes out what no stack declares, and of the tags what this does not keep, so that only the rest is compared.
    fn forget(&self, _cloud: &mut Cloud, _keep: &dyn Fn(&mut Tags)) {}

    /// What of a stack, by its identity, does not work for its users, but for what is not the stack's.
    fn unusable(&self, _cloud: &Cloud, _stack: &str, _is_theirs: &dyn Fn(&Resource) -> bool) -> Vec<String> {
        Vec::new()
    }

    /// Parts of refusals that are over a day later.
    fn until_tomorrow(&self) -> &'static [&'static str] {
        &[]
    }

    // What stacks say of it.

    /// What a new version of a stack may bring, by name.
    fn changes(&self) -> &'static [(&'static str, StackChange)] {
        &[]
    }

    /// Takes the protection out of a stack.
    fn leave_unprotected(&self, _stack: &mut Stack) {}

    /// The section of a random stack.
    fn section(&self) -> Option<BoxedStrategy<Rc<dyn Section>>> {
        None
    }

    /// What of it starts entries of random stacks.
    fn wires(&self) -> &'static [Wire] {
        &[]
    }

    // How it is compared with emulators.

    /// Single requests with the response of AWS: stories in the form that `conformance/requests.rs` reads.
    fn requests(&self) -> &'static str {
        "[]"
    }

    /// Where emulators respond otherwise, in the form that `conformance/known.rs` reads.
    fn disagreements(&self) -> &'static str {
        "[]"
    }

    /// The values that its requests name.
    fn given(&self) -> Vec<(&'static str, Json)> {
        Vec::new()
    }

    /// The calls that make what the project's stacks name and do not make, by the values that requests name.
    fn required(&self, _given: &BTreeMap<String, Json>) -> Vec<(&'static str, Json)> {
        Vec::new()
    }
}

/// A resource as the tagging API shows it.
#[derive(Debug, Clone)]
pub(crate) struct Tagged {
    pub(crate) arn: String,
    /// Its name in a dump.
    pub(crate) name: String,
    pub(crate) created: Time,
    pub(crate) tags: Tags,
}

/// Changes one of the resources of a stack, by its identity, and returns which one; `None` where there is none. Which one is
/// counted round and round.
pub(crate) type Drift = fn(&mut Cloud, &str, usize) -> Option<String>;

/// Creates a resource that is not the stack's in an account in which the stack is deployed, by its identity; which one of its
/// kind is counted round and round. Where there is no place for it, nothing is made.
pub(crate) type Make = fn(&mut Cloud, &str, usize);

/// Changes a stack where it applies; false where it does not.
pub(crate) type StackChange = fn(&mut Stack) -> bool;

/// A resource in an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Resource {
    pub(crate) service: Service,
    /// As the product names it.
    pub(crate) kind: &'static str,
    /// Its name, or the id that AWS made up.
    pub(crate) name: String,
    /// The resource whose deletion deletes it.
    pub(crate) parent: Option<Box<Resource>>,
    /// True where AWS made the name up, so that no stack can want it.
    pub(crate) has_id: bool,
}

impl Resource {
    /// A resource with a name of its own.
    pub(crate) fn named(service: Service, kind: &'static str, name: &str) -> Self {
        Resource { service, kind, name: name.to_owned(), parent: None, has_id: false }
    }

    /// A resource with an id.
    pub(crate) fn with_id(service: Service, kind: &'static str, id: &str) -> Self {
        Resource { has_id: true, ..Resource::named(service, kind, id) }
    }

    /// A resource that lives and ends with this one.
    pub(crate) fn child(&self, kind: &'static str, name: &str) -> Self {
        Resource { parent: Some(Box::new(self.clone())), ..Resource::named(self.service, kind, name) }
    }

    /// True for a resource whose name the stack wants for its own, by what is wanted of each kind.
    pub(crate) fn is_wanted(&self, wanted: &Wanted) -> bool {
        let same = |name: &String| self.service.is_same(name, &self.name);
        let names = wanted.get(self.kind).filter(|_| self.parent.is_none() && !self.has_id);
        names.is_some_and(|names| names.iter().any(same))
    }

    /// True for a resource that the stack would keep, were it its own.
    pub(crate) fn is_kept(&self, wanted: &Wanted) -> bool {
        if self.has_id { wanted.contains_key(self.kind) } else { self.is_wanted(wanted) }
    }
}

/// The names that a stack wants, by kind.
pub(crate) type Wanted = BTreeMap<&'static str, std::collections::BTreeSet<String>>;

/// A resource with a stack's ownership tag.
pub(crate) trait Marked {
    fn tags(&self) -> &Tags;

    fn is_of(&self, stack: &str) -> bool {
        self.tags().get("provision:stack").is_some_and(|of| of == stack)
    }
}

/// The key of the nth resource of these, counted round and round.
pub(crate) fn pick<T>(
    resources: &BTreeMap<String, T>,
    is_one: impl Fn(&T) -> bool,
    nth: usize,
) -> Option<String> {
    let keys: Vec<&String> =
        resources.iter().filter(|(_, resource)| is_one(resource)).map(|(key, _)| key).collect();
    Some((*keys.get(nth.checked_rem(keys.len())?)?).clone())
}

/// Changes the nth resource of a stack.
pub(crate) fn changed<T: Marked>(
    resources: &mut BTreeMap<String, T>,
    stack: &str,
    nth: usize,
    change: impl FnOnce(&mut T),
) -> Option<String> {
    let key = pick(resources, |resource| resource.is_of(stack), nth)?;
    change(resources.get_mut(&key)?);
    Some(key)
}

/// Other values for what a stack may declare, and a tag that no stack declares.
pub(crate) fn retag(tags: &mut Tags) {
    for key in ["team", "provision:id", "provision:for"] {
        if let Some(value) = tags.get_mut(key) {
            "theirs".clone_into(value);
        }
    }
    tags.insert("auto-tagged".to_owned(), "yes".to_owned());
}

/// The tag that every resource of a stack has, and can lose without being lost.
pub(crate) const ID: &str = "provision:id";

/// A name of a pool as the stack, by its identity, has it.
pub(crate) fn own(stack: &str, pool: &[&str], nth: usize) -> String {
    let name = pool[nth % pool.len()];
    stack.split_once('/').map_or_else(|| name.to_owned(), |(_, environment)| format!("{environment}-{name}"))
}

/// Tags from pairs.
pub(crate) fn map(tags: &[(&str, &str)]) -> Tags {
    tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
