//! Which events of which objects a notification is about, and whether two of them may be about the same: S3 refuses that.

use std::collections::BTreeSet;

/// What a notification is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filter<'a> {
    /// The events, as AWS names them.
    pub(super) events: &'a BTreeSet<String>,
    /// How the keys of the objects begin.
    pub(super) prefix: &'a str,
    /// How they end.
    pub(super) suffix: &'a str,
}

impl Filter<'_> {
    /// True if there can be an event that both are about [aws-facts-services: 5].
    pub(super) fn overlaps(self, other: Filter) -> bool {
        let common =
            self.events.iter().any(|event| other.events.iter().any(|another| is_common(event, another)));
        let begins = self.prefix.starts_with(other.prefix) || other.prefix.starts_with(self.prefix);
        let ends = self.suffix.ends_with(other.suffix) || other.suffix.ends_with(self.suffix);
        common && begins && ends
    }

    /// True if it is about objects of a pattern such as `thumbs/*` that are created.
    pub(super) fn is_about(self, pattern: &str) -> bool {
        let begins = pattern.split(['*', '?']).next().unwrap_or_default();
        let ends = pattern.rsplit(['*', '?']).next().unwrap_or_default();
        let created = BTreeSet::from([CREATED.to_owned()]);
        self.overlaps(Filter { events: &created, prefix: begins, suffix: ends })
    }
}

/// The events of objects that are created, and of those that are deleted.
pub(super) const CREATED: &str = "s3:ObjectCreated:*";
pub(super) const REMOVED: &str = "s3:ObjectRemoved:*";

/// Whether two names may mean the same event: one may stand for all of a family.
fn is_common(one: &str, other: &str) -> bool {
    let family = |event: &str| event.strip_suffix('*').map(str::to_owned);
    one == other
        || family(one).is_some_and(|family| other.starts_with(&family))
        || family(other).is_some_and(|family| one.starts_with(&family))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlap(one: (&str, &str, &str), other: (&str, &str, &str)) -> bool {
        let [a, b] = [one, other].map(|(events, ..)| BTreeSet::from([events.to_owned()]));
        let filter = |events, (_, prefix, suffix)| Filter { events, prefix, suffix };
        filter(&a, one).overlaps(filter(&b, other))
    }

    #[test]
    fn two_filters_overlap_where_one_object_fits_both() {
        let put = "s3:ObjectCreated:Put";
        assert!(overlap((CREATED, "", ""), (CREATED, "in/", ".png")));
        assert!(overlap((CREATED, "in/", ""), (put, "", ".png")));
        assert!(overlap((CREATED, "in/a/", ".png"), (put, "in/", "g")));
        assert!(!overlap((CREATED, "in/", ""), (CREATED, "out/", "")));
        assert!(!overlap((CREATED, "", ".png"), (CREATED, "", ".jpg")));
        assert!(!overlap((CREATED, "", ""), (REMOVED, "", "")));
        assert!(!overlap((put, "", ""), ("s3:ObjectCreated:Copy", "", "")));
    }
}
