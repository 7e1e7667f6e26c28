//! From an entry of the stack file to its resources: names, policies, references, defaults. Pure: it calls nothing. Each kind
//! lowers the entries of its own section; here is what they all need.

mod calls;
mod policy;
mod sizes;
mod template;

pub(crate) use calls::{Call, sid_of};
pub(crate) use policy::allow;
pub use sizes::{Size, Sizes};
pub use template::lookup_part;
pub(crate) use template::with_attribute;

use crate::aws::tags::{self, Tags, ownership_tags};
use crate::config::declared::AnySection;
use crate::config::existing::has_path;
use crate::config::trigger::Trigger;
use crate::config::{self, At, Declared, Diagnostic, Entry, Grant, Item, Stack, Target};
use crate::kind::Kind;
use crate::model::{
    Desired, Existing, Graph, Identity, KnownAttributes, Protected, Resource, ResourceId, Scope, TagKeys,
    Text,
};
use crate::policy::Statement;
use std::collections::{BTreeMap, BTreeSet};

/// The packages of a stack: the key of a function in the stack file, or that of a layer with its section, to the base64
/// SHA-256 of its code.
pub type Packages = BTreeMap<String, String>;

/// The identity of a stack.
pub fn identity(stack: &Stack) -> Identity {
    let identity =
        Identity::new(&stack.name, stack.environment.as_ref().map(|environment| environment.name.clone()));
    let prefix = stack.environment.as_ref().map(|environment| environment.prefix.clone());
    Identity { prefix: prefix.unwrap_or_default(), renamed: stack.renamed(), ..identity }
}

/// A kind that makes resources of the entries of its section.
pub(crate) trait Lowered: Declared {
    /// Adds the resources of an entry.
    fn lower(entry: &Entry<Self::Config>, lower: &mut Lower);
    /// The services that act on resources of the stack for an entry itself; those of its triggers come besides.
    fn callers(_entry: &Entry<Self::Config>, _lower: &Lower) -> Vec<Call> {
        Vec::new()
    }
    /// Resources of others that an entry names. They are read, and must exist.
    fn outside(_entry: &Entry<Self::Config>, _lower: &Lower) -> Vec<Existing> {
        Vec::new()
    }
    /// What a role must allow on the KMS key that encrypts an entry, to do with the entry what it is granted.
    fn use_of_key(_entry: &Entry<Self::Config>, _grant: &Grant, _lower: &Lower) -> Option<Statement<Text>> {
        None
    }
    /// Whether an entry has a part that some actions are about, see [`AccessPart`](crate::config::access::AccessPart).
    fn has_part(_entry: &Entry<Self::Config>, _part: &str) -> bool {
        true
    }
    /// Checks the sizes that AWS limits, on what will be sent.
    fn check_sizes(_entry: &Entry<Self::Config>, _sizes: &mut Sizes) {}
    /// What of the entries of a stack is valid and yet hardly meant: `validate` warns of it, and plans have notes.
    fn doubts(_stack: &Stack, _identity: &Identity) -> Vec<Diagnostic> {
        Vec::new()
    }
}

/// The same for all entries of a stack, behind the list of sections.
pub(crate) trait AnyLowered: Send + Sync {
    /// [`Lowered::lower`] for each entry.
    fn lower(&self, lower: &mut Lower);
    /// [`Lowered::callers`] for each entry, and those of its triggers.
    fn callers(&self, lower: &Lower) -> Vec<Call>;
    /// [`Lowered::outside`] for each entry.
    fn outside(&self, lower: &Lower) -> Vec<Existing>;
    /// The items of `triggers` of all entries, each with what it starts.
    fn items<'a>(&self, lower: &Lower<'a>) -> Vec<(ResourceId, &'a Item)>;
    /// [`Lowered::use_of_key`] of the entry that a grant names, if it is of this kind.
    fn use_of_key(&self, grant: &Grant, lower: &Lower) -> Option<Statement<Text>>;
    /// [`Lowered::has_part`] of the entry that a grant names, if it is of this kind.
    fn has_part(&self, grant: &Grant, part: &str, stack: &Stack) -> Option<bool>;
    /// [`Lowered::check_sizes`] for each entry.
    fn check_sizes(&self, stack: &Stack, sizes: &mut Sizes);
    /// [`Lowered::doubts`].
    fn doubts(&self, stack: &Stack, identity: &Identity) -> Vec<Diagnostic>;
}

/// Carries a kind into the list of sections.
pub(crate) struct Lowers<K>(std::marker::PhantomData<fn() -> K>);

impl<K> Lowers<K> {
    /// The entry of a kind.
    pub(crate) const NEW: Self = Lowers(std::marker::PhantomData);
}

impl<K: Lowered> AnyLowered for Lowers<K> {
    fn lower(&self, lower: &mut Lower) {
        let stack = lower.stack;
        for entry in stack.entries.of::<K::Config>() {
            lower.declared_tags.clone_from(&stack.tags);
            lower.declared_tags.extend(entry.common.tags.clone());
            K::lower(entry, lower);
        }
    }

    fn callers(&self, lower: &Lower) -> Vec<Call> {
        let of_triggers = |entry: &Entry<K::Config>| {
            let started = lower.id(K::NAME, &entry.name);
            let items = K::triggers(entry).iter();
            items.flat_map(|item| lower.callers_of(item, &started)).collect::<Vec<_>>()
        };
        let entries = lower.stack.entries.of::<K::Config>().iter();
        entries.flat_map(|entry| K::callers(entry, lower).into_iter().chain(of_triggers(entry))).collect()
    }

    fn outside(&self, lower: &Lower) -> Vec<Existing> {
        lower.stack.entries.of::<K::Config>().iter().flat_map(|entry| K::outside(entry, lower)).collect()
    }

    fn items<'a>(&self, lower: &Lower<'a>) -> Vec<(ResourceId, &'a Item)> {
        let of = |entry: &'a Entry<K::Config>| {
            let started = lower.id(K::NAME, &entry.name);
            K::triggers(entry).iter().map(move |item| (started.clone(), item))
        };
        lower.stack.entries.of::<K::Config>().iter().flat_map(of).collect()
    }

    fn use_of_key(&self, grant: &Grant, lower: &Lower) -> Option<Statement<Text>> {
        K::use_of_key(named::<K>(grant, lower.stack)?, grant, lower)
    }

    fn has_part(&self, grant: &Grant, part: &str, stack: &Stack) -> Option<bool> {
        Some(K::has_part(named::<K>(grant, stack)?, part))
    }

    fn check_sizes(&self, stack: &Stack, sizes: &mut Sizes) {
        stack.entries.of::<K::Config>().iter().for_each(|entry| K::check_sizes(entry, sizes));
    }

    fn doubts(&self, stack: &Stack, identity: &Identity) -> Vec<Diagnostic> {
        K::doubts(stack, identity)
    }
}

/// The entry that a grant names, if it is of this kind.
fn named<'a, K: Lowered>(grant: &Grant, stack: &'a Stack) -> Option<&'a Entry<K::Config>> {
    let entries = Some(stack.entries.of::<K::Config>()).filter(|_| grant.kind == K::NAME)?;
    entries.iter().find(|entry| entry.name == grant.key)
}

/// What makes a resource of an item of `triggers`.
pub(crate) trait LoweredTrigger: Trigger {
    /// Adds the resources of an item; `started` is what it starts.
    fn lower(item: &Entry<Self::Config>, started: &ResourceId, lower: &mut Lower);
    /// The services that act on resources of the stack for an item: the one that starts `started`, and the one that sends what
    /// fails elsewhere.
    fn callers(_item: &Entry<Self::Config>, _started: &ResourceId, _lower: &Lower) -> Vec<Call> {
        Vec::new()
    }
    /// What a role must allow for an item outside of the stack, each with the `Sid` that it gets.
    fn needs(_item: &Self::Config) -> Vec<(&'static str, Statement<Text>)> {
        Vec::new()
    }
    /// The source, where it is a resource of others that the item itself names. It is read, and must exist.
    fn outside(_item: &Entry<Self::Config>, _lower: &Lower) -> Option<Existing> {
        None
    }
}

/// The same behind the list of triggers.
pub(crate) trait AnyLoweredTrigger: Send + Sync {
    /// [`LoweredTrigger::lower`], if the item is one of these.
    fn lower(&self, item: &Item, started: &ResourceId, lower: &mut Lower);
    /// [`LoweredTrigger::callers`], if the item is one of these.
    fn callers(&self, item: &Item, started: &ResourceId, lower: &Lower) -> Vec<Call>;
    /// [`LoweredTrigger::needs`], if the item is one of these.
    fn needs(&self, item: &Item) -> Vec<(&'static str, Statement<Text>)>;
    /// [`LoweredTrigger::outside`], if the item is one of these.
    fn outside(&self, item: &Item, lower: &Lower) -> Option<Existing>;
}

impl<K: LoweredTrigger> AnyLoweredTrigger for Lowers<K> {
    fn lower(&self, item: &Item, started: &ResourceId, lower: &mut Lower) {
        item.of::<K>().into_iter().for_each(|item| K::lower(item, started, lower));
    }

    fn callers(&self, item: &Item, started: &ResourceId, lower: &Lower) -> Vec<Call> {
        item.of::<K>().map(|item| K::callers(item, started, lower)).unwrap_or_default()
    }

    fn needs(&self, item: &Item) -> Vec<(&'static str, Statement<Text>)> {
        item.of::<K>().map(|item| K::needs(item)).unwrap_or_default()
    }

    fn outside(&self, item: &Item, lower: &Lower) -> Option<Existing> {
        item.of::<K>().and_then(|item| K::outside(item, lower))
    }
}

/// What lowering needs, and the resources so far.
pub(crate) struct Lower<'a> {
    /// The stack.
    pub(crate) stack: &'a Stack,
    /// Where it is deployed.
    pub(crate) scope: &'a Scope,
    /// The packages of its functions.
    pub(crate) packages: &'a Packages,
    /// The tags that the user declares for the entry that is being lowered: the stack's, and its own.
    pub(crate) declared_tags: Tags,
    /// The kinds that make resources of entries.
    pub(crate) kinds: &'a [Option<&'static dyn AnyLowered>],
    /// What makes resources of the items of `triggers`.
    pub(crate) triggers: &'a [&'static dyn AnyLoweredTrigger],
    /// The services that act on its resources.
    pub(crate) calls: Vec<Call>,
    /// The resources so far.
    pub(crate) resources: Vec<Resource>,
}

impl Lower<'_> {
    /// The id of the resource of an entry: its name in AWS, with the environment's prefix.
    pub(crate) fn id(&self, kind: &'static str, key: &str) -> ResourceId {
        id_of(kind, key, self.scope)
    }

    /// The ARN that follows from the name of an entry.
    pub(crate) fn arn<K: Kind>(&self, key: &str) -> String {
        self.arn_of_name(K::NAME, K::ARN, key)
    }

    /// The same for the kind of a section.
    pub(crate) fn arn_of(&self, section: &'static dyn AnySection, key: &str) -> String {
        self.arn_of_name(section.kind(), section.arn(), key)
    }

    fn arn_of_name(&self, kind: &'static str, pattern: &str, key: &str) -> String {
        let mut existing = self.stack.existing.iter().filter(|one| one.kind == kind && one.key == key);
        let given = existing.next().and_then(|existing| existing.arn.clone());
        given.unwrap_or_else(|| self.scope.expand(pattern, &self.id(kind, key).name))
    }

    /// The resources of others that the stack refers to.
    pub(crate) fn existing(&self) -> Vec<Existing> {
        let one = |existing: &config::Existing| {
            let id = self.id(existing.kind, &existing.key);
            let pattern = self.stack.sections.of_kind(existing.kind).map_or("", |section| section.arn());
            // What AWS adds to the name is known only where any is meant.
            let pattern = if existing.is_several() { pattern.trim_end_matches(['-', '?']) } else { pattern };
            let has_path = has_path(pattern);
            let is_known = !pattern.is_empty() && !pattern.contains('?') && !has_path;
            let own = is_known.then(|| self.scope.expand(pattern, &id.name));
            let is_here = match &existing.arn {
                _ if existing.is_several() => false,
                Some(arn) if has_path => arn.split(':').nth(4) == Some(&self.scope.account),
                given => given.is_none() || *given == own,
            };
            let arn = existing.arn.clone().or(own);
            let known_attributes = arn.map(|arn| known_attributes(&id, arn)).unwrap_or_default();
            Existing { id, at: existing.at, known_attributes, is_here }
        };
        let mut all: Vec<Existing> = self.stack.existing.iter().map(one).collect();
        let items = self.kinds.iter().flatten().flat_map(|kind| kind.items(self));
        let of_triggers = items
            .flat_map(|(_, item)| self.triggers.iter().filter_map(|trigger| trigger.outside(item, self)));
        let of_entries = self.kinds.iter().flatten().flat_map(|kind| kind.outside(self));
        for existing in of_triggers.chain(of_entries) {
            if !all.iter().any(|other| other.id == existing.id) {
                all.push(existing);
            }
        }
        all
    }

    /// The ARN of what an entry names: of an entry of this kind, or of others.
    pub(crate) fn arn_of_target<K: Kind>(&self, target: &Target) -> Text {
        match target {
            Target::Key(key) => Text::reference(&self.id(K::NAME, key), "arn"),
            Target::Arn(arn) => arn.into(),
        }
    }

    /// Adds the resources of an item of `triggers`; `started` is what it starts.
    pub(crate) fn trigger(&mut self, item: &Item, started: &ResourceId) {
        let triggers = self.triggers;
        triggers.iter().for_each(|trigger| trigger.lower(item, started, self));
    }

    /// All items of a sort, each with what it starts.
    pub(crate) fn items_of<T: Trigger>(&self) -> Vec<(ResourceId, &Entry<T::Config>)> {
        let items = self.kinds.iter().flatten().flat_map(|kind| kind.items(self));
        items.filter_map(|(started, item)| Some((started, item.of::<T>()?))).collect()
    }

    /// What a role must allow for an item of `triggers` outside of the stack.
    pub(crate) fn needs_of(&self, item: &Item) -> Vec<(&'static str, Statement<Text>)> {
        self.triggers.iter().flat_map(|trigger| trigger.needs(item)).collect()
    }

    /// What a role must allow on the KMS key of an entry, to do with the entry what it is granted.
    pub(crate) fn use_of_key(&self, grant: &Grant) -> Option<Statement<Text>> {
        self.kinds.iter().flatten().find_map(|kind| kind.use_of_key(grant, self))
    }

    /// Whether the entry that a grant names has a part. Of a resource of others that is not known, and it may have it.
    pub(crate) fn has_part(&self, grant: &Grant, part: &str) -> bool {
        let has = self.kinds.iter().flatten().find_map(|kind| kind.has_part(grant, part, self.stack));
        has.unwrap_or(true)
    }

    /// The tags of a resource: the user's and the ownership tags.
    pub(crate) fn tags(&self, id: &ResourceId) -> Tags<Text> {
        let tags = ownership_tags(&self.scope.identity, id, &self.declared_tags);
        tags.into_iter().map(|(key, value)| (key, value.into())).collect()
    }
}

/// The keys of the tags that a stack declares; `graph` are its resources.
pub fn tag_keys(stack: &Stack, graph: &Graph) -> TagKeys {
    let all: BTreeSet<String> = stack.tags.keys().cloned().collect();
    if stack.sections.iter().all(|section| !section.has_tags(&stack.entries)) {
        return TagKeys { all, own: BTreeMap::new() };
    }
    let own = graph.resources.iter().filter_map(|resource| {
        let tags = resource.desired.get("tags")?.keys();
        let own = tags.filter(|key| !all.contains(*key) && !tags::is_mark(key)).map(str::to_owned);
        let own: BTreeSet<String> = own.collect();
        (!own.is_empty()).then(|| (resource.id.clone(), own))
    });
    let own = own.collect();
    TagKeys { all, own }
}

/// The entries that the stack file protects, by kind and key: whatever names their resources have had.
pub fn protected(stack: &Stack) -> Protected {
    let of = |section: &'static dyn AnySection| {
        let keys = section.protected(&stack.entries).into_iter();
        keys.map(|key| (section.kind(), key)).collect::<Vec<_>>()
    };
    stack.sections.iter().flat_map(of).collect()
}

/// The id of the resource of an entry; the key of a section that is one entry is empty.
fn id_of(kind: &'static str, key: &str, scope: &Scope) -> ResourceId {
    // A resource of others has a name also where the key is empty.
    let is_own = !scope.identity.renamed.get(kind).is_some_and(|names| names.contains_key(key));
    ResourceId::new(kind, if key.is_empty() && is_own { String::new() } else { scope.named(kind, key) })
}

/// A resource that depends only on what it refers to.
pub(crate) fn resource<K: Kind>(id: ResourceId, at: At, spec: &K::Spec<Text>) -> Resource {
    Resource {
        id,
        at,
        // It cannot fail: the keys of every map are texts.
        desired: Desired::of(spec).unwrap_or(Desired::Null),
        known_attributes: KnownAttributes::new_vec(),
        depends_on: Vec::new(),
        order_constraint: None,
        note: None,
    }
}

/// The attributes that follow from the name of a resource with an ARN.
pub(crate) fn known_attributes(id: &ResourceId, arn: String) -> KnownAttributes {
    [("arn", arn), ("name", id.name.clone())].into_iter().collect()
}
