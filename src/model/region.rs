//! Regions, and the partitions that they belong to [aws-sdk: the table of partitions in its endpoint rules].

use crate::suggest;

/// What takes the place of an account and of a region that are not known yet. No region has a shorter name.
pub const SOME_ACCOUNT: &str = "000000000000";
/// See [`SOME_ACCOUNT`].
pub const SHORTEST_REGION: &str = "us-east-1";

/// A partition: an AWS of its own, with its own accounts and ARNs.
struct Partition {
    /// The second part of every ARN in it.
    id: &'static str,
    /// How the names of its regions begin.
    prefix: &'static str,
    /// Its regions that are known so far, for suggestions alone.
    regions: &'static [&'static str],
}

/// Every partition but `aws`.
const OTHERS: [Partition; 7] = [
    Partition { id: "aws-cn", prefix: "cn-", regions: &["cn-north-1", "cn-northwest-1"] },
    Partition { id: "aws-us-gov", prefix: "us-gov-", regions: &["us-gov-east-1", "us-gov-west-1"] },
    Partition { id: "aws-eusc", prefix: "eusc-de-", regions: &["eusc-de-east-1"] },
    Partition { id: "aws-iso", prefix: "us-iso-", regions: &["us-iso-east-1", "us-iso-west-1"] },
    Partition { id: "aws-iso-b", prefix: "us-isob-", regions: &["us-isob-east-1", "us-isob-west-1"] },
    Partition { id: "aws-iso-e", prefix: "eu-isoe-", regions: &["eu-isoe-west-1"] },
    Partition { id: "aws-iso-f", prefix: "us-isof-", regions: &["us-isof-east-1", "us-isof-south-1"] },
];

/// The partition of all other regions. Their names begin with two letters for a part of the world, of which AWS adds more.
const AWS: Partition = Partition {
    id: "aws",
    prefix: "",
    regions: &[
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-central-1",
        "ca-west-1",
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ],
};

const DIRECTIONS: [&str; 9] =
    ["central", "north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest"];

/// The partition that a region belongs to.
pub fn partition_of(region: &str) -> &'static str {
    other(region).map_or(AWS.id, |partition| partition.id)
}

/// Whether there is a partition of this name.
pub(crate) fn is_partition(id: &str) -> bool {
    OTHERS.iter().chain([&AWS]).any(|partition| partition.id == id)
}

/// Checks that a text has the form of a region. Whether AWS has this region is not asked, since it adds new ones.
///
/// # Errors
/// A hint: the region that was probably meant, or what a region looks like.
pub fn check_region(text: &str) -> Result<(), String> {
    if is_well_formed(text) {
        return Ok(());
    }
    let plain = text.trim().to_lowercase().replace(['_', ' '], "-");
    // `us-east-1a` is a zone of `us-east-1`.
    let without_zone = plain.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let letters = |region: &str| region.replace('-', "");
    let known = || OTHERS.iter().chain([&AWS]).flat_map(|partition| partition.regions.iter().copied());
    let meant = if is_well_formed(without_zone) {
        Some(without_zone)
    } else {
        known()
            .find(|region| letters(region) == letters(without_zone))
            .or_else(|| suggest::nearest(&plain, known()))
    };
    Err(match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "a region looks like `eu-central-1`".to_owned(),
    })
}

/// Whether the region is one of those that are known so far.
pub(crate) fn is_known(region: &str) -> bool {
    OTHERS.iter().chain([&AWS]).any(|partition| partition.regions.contains(&region))
}

fn other(region: &str) -> Option<&'static Partition> {
    OTHERS.iter().find(|partition| region.starts_with(partition.prefix))
}

fn is_well_formed(region: &str) -> bool {
    let rest = match other(region) {
        Some(partition) => region.strip_prefix(partition.prefix),
        None => region
            .split_once('-')
            .filter(|(area, _)| area.len() == 2 && area.chars().all(|c| c.is_ascii_lowercase()))
            .map(|(_, rest)| rest),
    };
    let Some((direction, number)) = rest.and_then(|rest| rest.split_once('-')) else { return false };
    let is_number = number.chars().all(|c| c.is_ascii_digit()) && matches!(number.len(), 1 | 2);
    DIRECTIONS.contains(&direction) && is_number && !number.starts_with('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_knows_its_regions_by_their_beginning() {
        for (region, partition) in [
            ("eu-central-1", "aws"),
            ("us-east-1", "aws"),
            ("nz-north-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-gov-central-1", "aws-us-gov"),
            ("eusc-de-east-1", "aws-eusc"),
            ("us-iso-west-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
        ] {
            assert_eq!(partition_of(region), partition, "{region}");
            assert_eq!(check_region(region), Ok(()), "{region}");
        }
    }

    #[test]
    fn every_known_region_is_valid_in_its_partition() {
        for partition in OTHERS.iter().chain([&AWS]) {
            assert!(is_partition(partition.id));
            for region in partition.regions {
                assert_eq!((partition_of(region), check_region(region)), (partition.id, Ok(())), "{region}");
            }
        }
        assert!(!is_partition("amazon"));
    }

    #[test]
    fn what_is_no_region_is_refused_with_the_one_that_was_meant() {
        for (text, meant) in [
            ("us-east-1a", "us-east-1"),
            ("US-EAST-1", "us-east-1"),
            (" us-east-1", "us-east-1"),
            ("us_east_1", "us-east-1"),
            ("us east 1", "us-east-1"),
            ("eu-central1", "eu-central-1"),
            ("eu-cental-1", "eu-central-1"),
            ("us-gov-west-1b", "us-gov-west-1"),
            ("US-ISOB-EAST-1", "us-isob-east-1"),
            ("usgov-west-1", "us-gov-west-1"),
            ("eusc-east-1", "eusc-de-east-1"),
        ] {
            assert_eq!(check_region(text), Err(format!("did you mean `{meant}`?")), "{text}");
        }
        for text in ["", " ", "moon-1", "Frankfurt", "*", "${region}"] {
            assert_eq!(check_region(text), Err("a region looks like `eu-central-1`".to_owned()), "{text}");
        }
        for text in ["us-east-01", "us-east-+1", "us-east-0", "us-east-123", "us-east-1-", "eu--1"] {
            assert!(check_region(text).is_err(), "{text}");
        }
    }
}
