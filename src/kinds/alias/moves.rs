//! Which versions an alias stands for, and what it stands for after a move. Pure.

use crate::aws::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an alias stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aim {
    /// The version.
    pub version: String,
    /// Another version that gets a share of the invocations.
    pub next: Option<Next>,
    /// The newer version that was rolled back.
    pub rolled_back: Option<String>,
}

/// A version that gets a share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// The version.
    pub version: String,
    /// Its share, in percent.
    pub share: i32,
}

/// What the description of an alias says of a version that was rolled back.
const ROLLED_BACK: &str = "rolled back version ";

impl Aim {
    /// One version.
    pub(super) fn at(version: &str) -> Self {
        Aim { version: version.to_owned(), next: None, rolled_back: None }
    }

    /// The version that it was last decided on: the new one of a canary, one that was rolled back, else the one that serves.
    pub(super) fn decided(&self) -> &str {
        let next = self.next.as_ref().map(|next| next.version.as_str());
        next.or(self.rolled_back.as_deref()).unwrap_or(&self.version)
    }

    /// On the way to a version: all at once, or with a share at first.
    pub(super) fn toward(&self, version: &str, canary: Option<i32>) -> Self {
        match canary {
            Some(share) if self.version != version => {
                Aim { next: Some(Next { version: version.to_owned(), share }), ..Aim::at(&self.version) }
            }
            _ => Aim::at(version),
        }
    }

    /// One step onward: a canary gets all, and a version that is newer is moved to. `None` where there is neither.
    pub(super) fn promoted(&self, newest: &str, canary: Option<i32>) -> Option<Self> {
        match &self.next {
            Some(next) => Some(Aim::at(&next.version)),
            None => (self.version != newest).then(|| self.toward(newest, canary)),
        }
    }

    /// One step back: a canary ends, and else the version before the one that serves comes back. `None` where that has happened
    /// already.
    pub(super) fn rolled_back(&self, before: Option<&str>) -> Result<Option<Self>> {
        if self.rolled_back.is_some() && self.next.is_none() {
            return Ok(None);
        }
        let back = |version: &str| Aim { rolled_back: Some(self.decided().to_owned()), ..Aim::at(version) };
        match (&self.next, before) {
            (Some(_), _) => Ok(Some(back(&self.version))),
            (None, Some(before)) => Ok(Some(back(before))),
            (None, None) => {
                let version = &self.version;
                Err(Error::state(format!("there is no version before version {version}, which serves")))
            }
        }
    }

    /// What the alias's description says of it.
    pub(super) fn description(&self) -> String {
        self.rolled_back.as_ref().map(|version| format!("{ROLLED_BACK}{version}")).unwrap_or_default()
    }

    /// The same with the version that a description names, if that is not a version that serves by now.
    pub(super) fn with_description(self, description: &str) -> Self {
        let rolled_back = description.strip_prefix(ROLLED_BACK).map(str::to_owned);
        let rolled_back = rolled_back.filter(|version| self.next.is_none() && *version != self.version);
        Aim { rolled_back, ..self }
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.next {
            Some(Next { version, share }) => {
                write!(
                    f,
                    "version {} serves, and version {version} {share} % of the invocations",
                    self.version
                )
            }
            None => write!(f, "version {} serves", self.version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary(version: &str, next: &str, share: i32) -> Aim {
        Aim { next: Some(Next { version: next.to_owned(), share }), ..Aim::at(version) }
    }

    #[test]
    fn a_move_is_whole_or_begins_with_a_share() {
        assert_eq!(Aim::at("3").toward("4", None), Aim::at("4"));
        assert_eq!(Aim::at("3").toward("4", Some(10)), canary("3", "4", 10));
        // The canary that is under way gives way to a newer one, and another share is of the same version.
        assert_eq!(canary("3", "4", 10).toward("5", Some(10)), canary("3", "5", 10));
        assert_eq!(canary("3", "4", 10).toward("4", Some(50)), canary("3", "4", 50));
        assert_eq!(canary("3", "4", 10).toward("4", None), Aim::at("4"));
        assert_eq!(Aim::at("4").toward("4", Some(10)), Aim::at("4"));
    }

    #[test]
    fn a_promotion_ends_a_canary_or_begins_one() {
        assert_eq!(canary("3", "4", 10).promoted("5", Some(10)), Some(Aim::at("4")));
        assert_eq!(Aim::at("4").promoted("5", Some(10)), Some(canary("4", "5", 10)));
        assert_eq!(Aim::at("4").promoted("5", None), Some(Aim::at("5")));
        assert_eq!(Aim::at("5").promoted("5", Some(10)), None);
    }

    #[test]
    fn what_was_rolled_back_is_remembered_until_a_newer_version() {
        let back = canary("3", "4", 10).rolled_back(Some("2")).expect("a way back").expect("a move");
        assert_eq!((back.version.as_str(), back.decided()), ("3", "4"));
        assert_eq!(Aim::at("3").with_description(&back.description()), back);
        // Once more changes nothing, and a promotion tries it again.
        assert_eq!(back.rolled_back(Some("2")).expect("a way back"), None);
        assert_eq!(back.promoted("4", None), Some(Aim::at("4")));
        assert_eq!(back.toward("5", None), Aim::at("5"));

        let back = Aim::at("4").rolled_back(Some("3")).expect("a way back").expect("a move");
        assert_eq!((back.version.as_str(), back.decided()), ("3", "4"));
        assert!(Aim::at("1").rolled_back(None).is_err());
    }

    #[test]
    fn a_description_of_another_state_says_nothing() {
        let said = Aim { rolled_back: Some("4".to_owned()), ..Aim::at("3") }.description();
        assert_eq!(Aim::at("4").with_description(&said), Aim::at("4"));
        assert_eq!(canary("3", "5", 10).with_description(&said), canary("3", "5", 10));
        assert_eq!(Aim::at("3").with_description(""), Aim::at("3"));
    }
}
