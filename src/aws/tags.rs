//! Ownership by tags. Every resource that takes tags gets them in the call that creates it, so it is never without an owner.

use super::Context;
use super::error::{Class, Result};
use super::wait::{Backoff, Poll, wait_until};
use crate::model::{Identity, Owner, ResourceId, Scope};
use std::collections::BTreeMap;

/// Tags by key.
pub type Tags<T = String> = BTreeMap<String, T>;

/// The tag that holds the stack's identity.
pub(crate) const STACK: &str = "provision:stack";
/// The tag that holds the resource's id within the stack.
pub(crate) const ID: &str = "provision:id";
/// The tag of a role or log group that names the function it was created for.
pub(crate) const FOR: &str = "provision:for";
/// The tag of a function that holds the `RoleId` it was last configured with: a role that was deleted and recreated has
/// another one, and Lambda's grants are bound to the old [aws-facts: IAM, inf].
pub(crate) const ROLE_ID: &str = "provision:role-id";

/// The tag of a resource that names its settings which are read and written by calls of their own, such as `async` of a function.
/// Only those that it names are read: without it, each of them would cost a call for every resource of the kind.
pub(crate) const APART: &str = "provision:settings";

/// The settings that a value of [`APART`] names.
pub(crate) fn settings(names: &str) -> impl Iterator<Item = &str> + Clone {
    names.split(' ').filter(|name| !name.is_empty())
}

/// The tag of a function with aliases of ours. Aliases have no tags, and only of a function with this tag they are listed.
pub(crate) const RELEASES: &str = "provision:releases";

/// The tag of a table that holds the alias by which its key in KMS was named, and the key that the alias led to. It is not
/// compared: nobody but AWS knows which key that is.
pub(crate) const KEY: &str = "provision:key";

/// The tag that holds for how many days a resource can be restored once it is deleted: only the deletion itself tells AWS, and
/// the stack file may no longer have the entry then.
pub(crate) const RECOVERY: &str = "provision:recovery";

/// The tag of a topic that notes the subscriptions of the stack that lead out of AWS. Subscriptions have no tags, and an address
/// outside has no owner that AWS knows.
pub(crate) const SUBSCRIBERS: &str = "provision:subscribers";

/// The tags of a resource: the stack's own, and the ownership tags.
pub(crate) fn ownership_tags(identity: &Identity, id: &ResourceId, declared: &Tags) -> Tags {
    let ownership_tags = [(STACK.to_owned(), identity.to_string()), (ID.to_owned(), id.tag())];
    declared.clone().into_iter().chain(ownership_tags).collect()
}

/// Of a resource without ownership tags.
pub(crate) const UNOWNED: &str = "it was not created by provision";

/// Of a resource with the ownership tag of another stack: one of `provision`, or one of CloudFormation.
pub(crate) fn belongs_to(stack: &str) -> [String; 2] {
    ["stack", "CloudFormation stack"].map(|what| format!("it belongs to the {what} `{stack}`"))
}

/// The owner of a resource with these tags.
pub(crate) fn owner(tags: &Tags, scope: &Scope) -> Owner {
    let tag = |key: &str| tags.get(key);
    match (tag(STACK), tag("aws:cloudformation:stack-name")) {
        (Some(stack), _) if *stack == scope.identity.to_string() => Owner::Ours,
        (Some(stack), _) => {
            let [ours, _] = belongs_to(stack);
            Owner::Unmanaged(ours)
        }
        (None, Some(stack)) => {
            let [_, cloudformation] = belongs_to(stack);
            Owner::Unmanaged(cloudformation)
        }
        (None, None) => Owner::Unmanaged(UNOWNED.to_owned()),
    }
}

/// True for the key of a tag that only `provision` sets.
pub(crate) fn is_mark(key: &str) -> bool {
    [STACK, ID, FOR, ROLE_ID, APART, RECOVERY].contains(&key)
}

/// The tags that are compared: ours, and those that the stack declares. What a company's auto-taggers add is left alone.
pub(crate) fn compared(tags: Tags, scope: &Scope, id: &ResourceId) -> Tags {
    tags.into_iter().filter(|(key, _)| is_mark(key) || scope.wants_tag(id, key)).collect()
}

/// What is waited for where a young resource shows no tags.
pub(crate) const NO_TAGS: &str = "its tags are not visible yet";

/// The tags of a resource, read again where one younger than a minute shows none: tags are eventually consistent, so "no tags"
/// right after a create does not mean "not ours" [aws-facts: DynamoDB, M]. The local cloud's are consistent.
pub(crate) async fn settled<F: Future<Output = Result<Tags>>>(
    ctx: &Context,
    of: &ResourceId,
    created: Option<i64>,
    tags: Tags,
    again: impl Fn() -> F,
) -> Result<Tags> {
    let young = created.is_some_and(|created| ctx.age(created) < 60);
    if ctx.local || !young || !tags.is_empty() {
        return Ok(tags);
    }
    let look = async || {
        let tags = again().await?;
        Ok(if tags.is_empty() { Poll::Pending(NO_TAGS.to_owned()) } else { Poll::Ready(tags) })
    };
    match wait_until(Backoff::TAGS, ctx.waiting(of), look).await {
        // A resource that shows no tags for so long has none.
        Err(error) if error.class == Class::Timeout => Ok(Tags::new()),
        tags => tags,
    }
}

/// The tags to set so that one set of compared tags becomes another. A user's tag is never taken away: a key that is no
/// longer declared is no longer compared.
pub(crate) fn to_set(from: &Tags, to: &Tags) -> Tags {
    let set = to.iter().filter(|(key, value)| from.get(*key) != Some(*value));
    set.map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TagKeys;

    fn scope(stack: &str, environment: Option<&str>) -> Scope {
        Scope {
            identity: Identity::new(stack, environment.map(str::to_owned)),
            partition: "aws".into(),
            account: "123456789012".into(),
            region: "eu-west-1".into(),
            wanted: BTreeMap::new(),
            tag_keys: Default::default(),
            existing: BTreeMap::new(),
            protected: [].into(),
            destroy: false,
        }
    }

    #[test]
    fn ownership_is_equality_never_a_prefix() {
        let tags = Tags::from([(STACK.to_owned(), "shop/prod".to_owned())]);
        assert_eq!(owner(&tags, &scope("shop", Some("prod"))), Owner::Ours);
        assert!(matches!(owner(&tags, &scope("shop", None)), Owner::Unmanaged(_)));
        assert!(matches!(owner(&tags, &scope("shop", Some("prod-2"))), Owner::Unmanaged(_)));
        assert!(matches!(owner(&Tags::new(), &scope("shop", None)), Owner::Unmanaged(_)));
    }

    #[test]
    fn only_declared_keys_are_compared() {
        let tags = ["team", "provision:id", "cost-centre"].map(|key| (key.to_owned(), "x".to_owned()));
        let table = |name: &str| ResourceId::new("table", name);
        let own = [(table("t"), ["team".to_owned()].into())].into();
        let scope = Scope { tag_keys: TagKeys { own, all: [].into() }, ..scope("shop", None) };
        let of =
            |name: &str| compared(tags.clone().into(), &scope, &table(name)).into_keys().collect::<Vec<_>>();
        assert_eq!(of("other"), ["provision:id"]);
        let keys = of("t");
        assert_eq!(keys, ["provision:id", "team"]);
    }
}
