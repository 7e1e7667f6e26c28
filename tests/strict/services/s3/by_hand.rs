//! What people and other tools do with buckets.

use super::bucket::{self, Bucket, own_ending};
use super::settings::all;
use crate::cloud::{Cloud, Tags};
use crate::service::{Drift, ID, Make, Marked, changed, map, own, pick, retag};
use serde_json::{Value as Json, json};

/// The keys of buckets in random stacks.
pub(super) const BUCKETS: &[&str] = &["pictures", "reports"];

impl Marked for Bucket {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

/// The name of a bucket that no other account can take.
pub(crate) fn full_name(key: &str) -> String {
    format!("{key}{}", own_ending())
}

pub(super) const DRIFTS: &[(&str, Drift)] = &[
    ("a bucket is deleted", |cloud, stack, nth| {
        let name = pick(&cloud.s3.buckets, |bucket| bucket.is_of(stack) && bucket.objects.is_empty(), nth)?;
        bucket::remove(cloud, &name);
        Some(name)
    }),
    ("a bucket may be public", |cloud, stack, nth| set(cloud, stack, nth, "publicAccessBlock", all(false))),
    ("a bucket's access block is deleted", |cloud, stack, nth| {
        set(cloud, stack, nth, "publicAccessBlock", json!(false))
    }),
    ("a bucket keeps no versions any more", |cloud, stack, nth| {
        replace(cloud, stack, nth, "versioning", json!({ "Status": "Suspended" }))
    }),
    ("a bucket's lifecycle is changed", |cloud, stack, nth| {
        let rule = json!({ "ID": "theirs", "Status": "Enabled", "Filter": { "Prefix": "x" }, "Expiration": { "Days": 9 } });
        replace(cloud, stack, nth, "lifecycle", json!({ "Rules": [rule] }))
    }),
    ("a bucket's lifecycle rule is disabled", |cloud, stack, nth| {
        let name = pick(
            &cloud.s3.buckets,
            |bucket| bucket.is_of(stack) && !bucket.setting("lifecycle").is_null(),
            nth,
        )?;
        let rules = cloud.s3.buckets.get_mut(&name)?.settings.get_mut("lifecycle")?;
        rules["Rules"][0]["Status"] = "Disabled".into();
        Some(name)
    }),
    ("a bucket's CORS rules are changed", |cloud, stack, nth| {
        let rule = json!({ "AllowedOrigins": ["https://theirs.example"], "AllowedMethods": ["GET"] });
        replace(cloud, stack, nth, "cors", json!({ "CORSRules": [rule] }))
    }),
    ("a bucket is encrypted with another key", |cloud, stack, nth| {
        let by_default = json!({ "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/theirs" });
        let rule = json!({ "ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": true });
        replace(cloud, stack, nth, "encryption", json!({ "Rules": [rule] }))
    }),
    ("a bucket's policy is taken away", |cloud, stack, nth| clear(cloud, stack, nth, "policy")),
    ("a bucket has no owner's rules", |cloud, stack, nth| {
        replace(
            cloud,
            stack,
            nth,
            "ownershipControls",
            json!({ "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] }),
        )
    }),
    ("a bucket's notifications are taken away", |cloud, stack, nth| clear(cloud, stack, nth, "notification")),
    ("a bucket's tags are changed", |cloud, stack, nth| {
        changed(&mut cloud.s3.buckets, stack, nth, |bucket| retag(&mut bucket.tags))
    }),
];

fn set(cloud: &mut Cloud, stack: &str, nth: usize, name: &'static str, value: Json) -> Option<String> {
    changed(&mut cloud.s3.buckets, stack, nth, |bucket| drop(bucket.settings.insert(name, value)))
}

/// Changes a setting that a bucket has: what it has not is not the stack's.
fn replace(cloud: &mut Cloud, stack: &str, nth: usize, name: &'static str, value: Json) -> Option<String> {
    let has = |bucket: &Bucket| bucket.is_of(stack) && !bucket.setting(name).is_null();
    let found = pick(&cloud.s3.buckets, has, nth)?;
    cloud.s3.buckets.get_mut(&found)?.settings.insert(name, value);
    Some(found)
}

fn clear(cloud: &mut Cloud, stack: &str, nth: usize, name: &'static str) -> Option<String> {
    let has = |bucket: &Bucket| bucket.is_of(stack) && !bucket.setting(name).is_null();
    let found = pick(&cloud.s3.buckets, has, nth)?;
    cloud.s3.buckets.get_mut(&found)?.settings.remove(name);
    Some(found)
}

pub(super) const UNMANAGED: &[(&str, Make)] = &[
    ("a bucket of a wanted name", |cloud, stack, nth| {
        make(cloud, &full_name(&own(stack, BUCKETS, nth)), &[("owner", "theirs")]);
    }),
    ("a bucket of a near name", |cloud, stack, nth| {
        make(cloud, &full_name(&format!("{}-2", own(stack, BUCKETS, nth))), &[]);
    }),
    ("a bucket of another stack", |cloud, _, nth| {
        let name = full_name(&format!("prod-{}", BUCKETS[nth % BUCKETS.len()]));
        make(cloud, &name, &[("provision:stack", "walk/prod")]);
    }),
];

pub(crate) fn make(cloud: &mut Cloud, name: &str, tags: &[(&str, &str)]) {
    let mut bucket = Bucket::new(cloud.now, map(tags));
    bucket.put("theirs.txt", 5);
    cloud.s3.buckets.entry(name.to_owned()).or_insert(bucket);
}

/// Changes all buckets wherever they can be changed.
pub(super) fn change_all(cloud: &mut Cloud) {
    for bucket in cloud.s3.buckets.values_mut() {
        bucket.settings.insert("publicAccessBlock", all(false));
        for (name, value) in [
            ("versioning", json!({ "Status": "Suspended" })),
            ("cors", json!({ "CORSRules": [{ "AllowedOrigins": ["*"], "AllowedMethods": ["GET"] }] })),
            ("ownershipControls", json!({ "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] })),
        ] {
            if bucket.settings.contains_key(name) {
                bucket.settings.insert(name, value);
            }
        }
        if let Some(rules) = bucket.settings.get_mut("lifecycle") {
            rules["Rules"][0]["Status"] = "Disabled".into();
        }
        if let Some(rules) = bucket.settings.get_mut("encryption") {
            rules["Rules"][0]["BucketKeyEnabled"] = false.into();
        }
        bucket.tags.remove(ID);
    }
}

/// Settings that a bucket no longer has in the stack file: all that another one has.
pub(super) fn leave_behind(cloud: &mut Cloud) {
    const NAMES: &str = "provision:settings";
    let has_policy = |bucket: &&Bucket| !bucket.setting("policy").is_null();
    let found = cloud.s3.buckets.iter().find(|(_, bucket)| has_policy(bucket));
    let Some((name, full)) = found.map(|(name, bucket)| (name.clone(), bucket.clone())) else { return };
    let plain = cloud.s3.buckets.iter_mut().find(|(_, bucket)| !bucket.tags.contains_key(NAMES));
    let Some((other, bucket)) = plain else { return };
    bucket.settings = full.settings;
    bucket.settings.insert("notification", json!({ "EventBridgeConfiguration": {} }));
    if let Some(Json::String(policy)) = bucket.settings.get_mut("policy") {
        *policy = policy.replace(&name, other);
    }
    let names = full.tags[NAMES].replace(" notifications", "");
    bucket.tags.insert(NAMES.to_owned(), names);
}
