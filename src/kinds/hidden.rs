//! Values that are written and never read again: those of secrets and of encrypted parameters. Whether one has changed is
//! known by a digest of it with a salt, which AWS keeps beside it. Who may read the names of versions and the tags can read the
//! digest too, and could try values: so it takes time and memory to compute.

use crate::aws::{Error, Result};
use crate::config::decode::help;
use crate::config::fields::Fields;
use crate::config::{Part, Template};
use crate::sensitive;
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::task::spawn_blocking;

/// How the digest is computed: the least that OWASP's cheat sheet for stored passwords recommends for Argon2id.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
/// How many bytes the salt and the digest have.
const SALT: usize = 16;
const DIGEST: usize = 24;
/// How a digest begins, so that another way to compute it could be told from this one.
const FORM: &str = "p1";
/// Each is computed in one of these places, so that there is memory for as many.
static PLACES: [Mutex<()>; 4] = [const { Mutex::new(()) }; 4];
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// A digest of a value with a new salt: 56 letters, digits, `-` and `_`.
///
/// # Errors
/// The system has no random numbers.
pub(super) async fn digest(value: &str) -> Result<String> {
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt)
        .map_err(|error| Error::local(format!("cannot get random numbers: {error}")))?;
    let digest = computed(value, salt).await?;
    Ok(format!("{FORM}{}{}", URL_SAFE_NO_PAD.encode(salt), URL_SAFE_NO_PAD.encode(digest)))
}

/// Whether a digest is that of a value. A text of another form is none.
///
/// # Errors
/// An internal error.
pub(super) async fn is_digest_of(digest: &str, value: &str) -> Result<bool> {
    let Some((salt, expected)) = parts(digest) else { return Ok(false) };
    Ok(computed(value, salt).await?.as_slice() == expected)
}

/// The salt and the digest.
fn parts(text: &str) -> Option<([u8; SALT], Vec<u8>)> {
    let rest = text.strip_prefix(FORM)?;
    let (salt, digest) = rest.split_at_checked((SALT * 4).div_ceil(3))?;
    let salt = URL_SAFE_NO_PAD.decode(salt).ok()?.try_into().ok()?;
    Some((salt, URL_SAFE_NO_PAD.decode(digest).ok().filter(|digest| digest.len() == DIGEST)?))
}

async fn computed(value: &str, salt: [u8; SALT]) -> Result<[u8; DIGEST]> {
    let failed = |error: String| Error::internal(format!("the digest of a value failed: {error}"));
    let value = value.to_owned();
    let work = spawn_blocking(move || {
        let place = &PLACES[NEXT.fetch_add(1, Ordering::Relaxed) % PLACES.len()];
        let _place = place.lock().unwrap_or_else(PoisonError::into_inner);
        let params = Params::new(MEMORY_KIB, PASSES, 1, Some(DIGEST))?;
        let mut digest = [0; DIGEST];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(value.as_bytes(), &salt, &mut digest).map(|()| digest)
    });
    match work.await {
        Ok(digest) => digest.map_err(|error: argon2::Error| failed(error.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// Reports a hidden text that refers to what is not known before `up`: it could not be compared. From now on no output shows
/// what it says.
pub(super) fn check(text: &Template, field: &str, fields: &Fields) {
    for part in &text.parts {
        match part {
            Part::Text(text) => sensitive::note(text),
            Part::Attribute { attribute, .. } if *attribute != "name" => {
                let message =
                    format!("`{field}` is never read again, so it cannot refer to what AWS assigns");
                let way = "only names work here; write the rest into a `parameters` entry of its own";
                return fields.fail_at(field, message, help(way));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_digest_is_of_its_value_alone_and_another_one_each_time() {
        let [one, other] =
            [digest("open-sesame").await.expect("a digest"), digest("open-sesame").await.expect("a digest")];
        assert_ne!(one, other);
        assert_eq!(one.len(), 56);
        assert!(one.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)), "{one}");
        for (value, is_it) in [("open-sesame", true), ("open-sesame ", false), ("", false)] {
            assert_eq!(is_digest_of(&one, value).await, Ok(is_it), "{value}");
        }
    }

    #[tokio::test]
    async fn what_is_no_digest_is_that_of_no_value() {
        for text in ["", "p1", "p1é", "8f6b3c52-6a4e-4c57-9d4e-3c2b1a0f9e8d", &"p1".repeat(28)] {
            assert_eq!(is_digest_of(text, "open-sesame").await, Ok(false), "{text}");
        }
    }
}
