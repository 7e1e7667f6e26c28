//! The mark of a stack on what can have no tags: a hash of the stack's identity in a text that the create call writes.
//! Ownership is equality with it, so what another stack has made is never taken for ours.

use crate::aws::tags;
use crate::model::{Identity, Owner};
use sha2::{Digest, Sha256};

/// How every mark begins. It says nothing about the owner: that is the hash after it.
pub(super) const PREFIX: &str = "provision-";

/// The mark of a stack.
pub(super) fn of(identity: &Identity) -> String {
    format!("{PREFIX}{}", hash(&identity.to_string(), 8))
}

/// How the names of all that bears the mark of a stack begin.
pub(super) fn begin(identity: &Identity) -> String {
    format!("{}-", of(identity))
}

/// The first bytes of a text's SHA-256 in hexadecimal.
pub(super) fn hash(text: &str, bytes: usize) -> String {
    Sha256::digest(text).iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
}

/// A description that begins with the mark, then says whose stack it is for people and for `list`, and then a text of its own,
/// which may be empty.
pub(super) fn described(identity: &Identity, text: &str) -> String {
    let owner = format!("{} {identity}", of(identity));
    if text.is_empty() { owner } else { format!("{owner}: {text}") }
}

/// The text of its own in a description of this stack; `None` in one of others.
pub(super) fn own_text<'a>(identity: &Identity, description: &'a str) -> Option<&'a str> {
    let rest = description.strip_prefix(&described(identity, ""))?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix(": ") }
}

/// The owner of what has this description. That of another stack is known by what the mark says for people.
pub(super) fn owner(identity: &Identity, description: &str) -> Owner {
    if own_text(identity, description).is_some() {
        return Owner::Ours;
    }
    let other = description.strip_prefix(PREFIX).and_then(|rest| rest.split_once(' '));
    let other = other.map(|(_, stack)| stack.split_once(": ").map_or(stack, |(stack, _)| stack));
    match other.filter(|stack| description.starts_with(&described(&Identity::of(stack), ""))) {
        Some(stack) => {
            let [ours, _] = tags::belongs_to(stack);
            Owner::Unmanaged(ours)
        }
        None => Owner::Unmanaged(tags::UNOWNED.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_says_whose_it_is() {
        let shop = Identity::new("shop", None);
        let prod = Identity::new("shop", Some("prod".to_owned()));
        for (identity, own) in [(&shop, ""), (&shop, "Helpers: both"), (&prod, "Helpers")] {
            let description = described(identity, own);
            assert_eq!(own_text(identity, &description), Some(own), "{description}");
        }
        // A stack whose name begins like another one's, and a description by hand.
        assert_eq!(own_text(&shop, &described(&prod, "x")), None);
        assert_eq!(own_text(&shop, "provision-x shop"), None);
        assert_eq!(own_text(&shop, "shop"), None);
        assert!(described(&prod, "").starts_with(PREFIX));
    }

    #[test]
    fn a_description_names_the_stack_that_it_is_of() {
        let shop = Identity::new("shop", None);
        let of = |description: &str| match owner(&shop, description) {
            Owner::Unmanaged(who) => who,
            owner => format!("{owner:?}"),
        };
        assert_eq!(of(&described(&shop, "")), "Ours");
        let prod = Identity::new("shop", Some("prod".to_owned()));
        for own in ["", "Helpers: both"] {
            assert_eq!(of(&described(&prod, own)), "it belongs to the stack `shop/prod`");
        }
        for theirs in ["", "by hand", "provision-x shop/prod", "provision-"] {
            assert_eq!(of(theirs), tags::UNOWNED, "{theirs}");
        }
    }
}
