//! Wires: what makes a source act on an entry, and the permission for that, are two resources in AWS. Each says what it connects, so
//! that a plan shows them as the one item of `triggers` that the user has written.

/// What a wire connects: two ends, whatever the account and the region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    source: End,
    called: End,
}

/// The service of an end, and its resource as ARNs have it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct End {
    service: String,
    resource: String,
}

impl Wire {
    /// A wire by the ARNs of its source and of what that acts on, or by the patterns of these with the names.
    pub fn new(source: &str, called: &str) -> Option<Self> {
        Some(Wire { source: End::of(source)?, called: End::of(called)? })
    }
}

impl End {
    fn of(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':').skip(2).map(str::to_owned);
        Some(End { service: parts.next()?, resource: parts.nth(2)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wire_is_known_by_its_ends_alone() {
        let function = |name: &str| format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}");
        let wire = |source: &str, name: &str| Wire::new(source, &function(name));
        let pattern =
            Wire::new("arn:{partition}:s3:::shots", "arn:{partition}:lambda:{region}:{account}:function:f");
        assert_eq!(wire("arn:aws:s3:::shots", "f"), pattern);
        assert_ne!(wire("arn:aws:s3:::shots", "f:live"), pattern);
        assert_ne!(wire("arn:aws:s3:::others", "f"), pattern);
        let logs = "arn:aws:logs:eu-west-1:123456789012:log-group:/all:*";
        assert_ne!(wire(logs, "f"), wire("arn:aws:logs:eu-west-1:123456789012:log-group:/al:*", "f"));
        assert_eq!(Wire::new("shots", &function("f")), None);
    }
}
