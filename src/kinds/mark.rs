//! The mark of a stack on what can have no tags: a hash of the stack's identity in a text that the create call writes.
//! Ownership is equality with it, so what another stack has made is never taken for ours.

use crate::model::Identity;
use sha2::{Digest, Sha256};

/// How every mark begins. It says nothing about the owner: that is the hash after it.
pub(super) const PREFIX: &str = "provision-";

/// The mark of a stack.
pub(super) fn of(identity: &Identity) -> String {
    format!("{PREFIX}{}", hash(&identity.to_string(), 8))
}

/// The first bytes of a text's SHA-256 in hexadecimal.
pub(super) fn hash(text: &str, bytes: usize) -> String {
    Sha256::digest(text).iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
}
