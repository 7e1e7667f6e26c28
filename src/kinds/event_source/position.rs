//! Where in a stream a mapping begins.

use aws_sdk_lambda::primitives::{DateTime, DateTimeFormat};
use aws_sdk_lambda::types::EventSourcePosition;
use serde::{Deserialize, Serialize};

/// Where in a stream a mapping begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum From {
    /// With the oldest record that the stream has.
    Oldest,
    /// With the records that come after it.
    Latest,
    /// With the records since a time, in seconds since 1970.
    Time(i64),
}

pub(super) const OLDEST: &str = "oldest";
pub(super) const LATEST: &str = "latest";

impl From {
    /// As the stack file names it; a time in the form of ISO 8601.
    pub(super) fn parse(text: &str) -> Option<From> {
        match text {
            OLDEST => Some(From::Oldest),
            LATEST => Some(From::Latest),
            time => {
                Some(From::Time(DateTime::from_str(time, DateTimeFormat::DateTimeWithOffset).ok()?.secs()))
            }
        }
    }

    pub(super) fn sent(self) -> EventSourcePosition {
        match self {
            From::Oldest => EventSourcePosition::TrimHorizon,
            From::Latest => EventSourcePosition::Latest,
            From::Time(_) => EventSourcePosition::AtTimestamp,
        }
    }

    pub(super) fn time(self) -> Option<DateTime> {
        match self {
            From::Time(secs) => Some(DateTime::from_secs(secs)),
            From::Oldest | From::Latest => None,
        }
    }

    /// As Lambda shows it.
    pub(super) fn shown(position: &EventSourcePosition, time: Option<&DateTime>) -> From {
        match (position, time) {
            (EventSourcePosition::Latest, _) => From::Latest,
            (EventSourcePosition::AtTimestamp, Some(time)) => From::Time(time.secs()),
            _ => From::Oldest,
        }
    }
}

impl std::convert::From<From> for String {
    fn from(from: From) -> String {
        match from {
            From::Oldest => OLDEST.to_owned(),
            From::Latest => LATEST.to_owned(),
            From::Time(secs) => {
                let text = DateTime::from_secs(secs).fmt(DateTimeFormat::DateTime);
                text.unwrap_or_else(|_| secs.to_string())
            }
        }
    }
}

impl TryFrom<String> for From {
    type Error = String;

    fn try_from(text: String) -> Result<From, String> {
        From::parse(&text).ok_or_else(|| format!("`{text}` is no place in a stream"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_stream_has_one_form() {
        for (written, kept) in [
            ("oldest", "oldest"),
            ("latest", "latest"),
            ("2026-11-27T12:00:00Z", "2026-11-27T12:00:00Z"),
            ("2026-11-27T13:00:00+01:00", "2026-11-27T12:00:00Z"),
        ] {
            let from = From::parse(written).expect("a place");
            assert_eq!(String::from(from), kept);
            assert_eq!(From::shown(&from.sent(), from.time().as_ref()), from);
        }
        for wrong in ["yesterday", "2026-11-27", "27.11.2026"] {
            assert_eq!(From::parse(wrong), None, "{wrong}");
        }
    }
}
