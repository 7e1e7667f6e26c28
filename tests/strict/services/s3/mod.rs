//! S3 [aws-facts-services: 5].

mod bucket;
mod by_hand;
mod lifecycle;
mod notifications;
mod objects;
mod random;
mod settings;
mod tests;

pub(crate) use bucket::{Bucket, SHOWN, State, bucket_arn};
pub(crate) use by_hand::{full_name, make};
pub(crate) use objects::Upload;

use crate::access::{Need, nothing};
use crate::cloud::{Cloud, Tags, text};
use crate::constraint::Words;
use crate::random::{Section, Wire};
use crate::service::{Drift, Facts, Make, Resource, StackChange, StrictService, Tagged};
use crate::services::Service;
use crate::wire::Call;
use proptest::strategy::BoxedStrategy;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::rc::Rc;

pub(crate) struct S3;

/// The actions of operations that have another name [Service Authorization Reference: S3].
const ACTIONS: &[(&str, &[&str])] = &[
    ("GetPublicAccessBlock", &["GetBucketPublicAccessBlock"]),
    ("PutPublicAccessBlock", &["PutBucketPublicAccessBlock"]),
    ("GetBucketLifecycleConfiguration", &["GetLifecycleConfiguration"]),
    ("PutBucketLifecycleConfiguration", &["PutLifecycleConfiguration"]),
    ("DeleteBucketLifecycle", &["PutLifecycleConfiguration"]),
    ("GetBucketCors", &["GetBucketCORS"]),
    ("PutBucketCors", &["PutBucketCORS"]),
    ("DeleteBucketCors", &["PutBucketCORS"]),
    ("GetBucketEncryption", &["GetEncryptionConfiguration"]),
    ("PutBucketEncryption", &["PutEncryptionConfiguration"]),
    ("DeleteBucketEncryption", &["PutEncryptionConfiguration"]),
    ("GetBucketNotificationConfiguration", &["GetBucketNotification"]),
    ("PutBucketNotificationConfiguration", &["PutBucketNotification"]),
    ("ListObjectVersions", &["ListBucketVersions"]),
    ("ListMultipartUploads", &["ListBucketMultipartUploads"]),
];

impl StrictService for S3 {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "s3",
            model: ("s3", "2006-03-01"),
            operations: &[
                bucket::OPERATIONS,
                settings::OPERATIONS,
                notifications::OPERATIONS,
                objects::OPERATIONS,
            ],
            changed: &["Bucket"],
            subject: &["Bucket", "Key"],
            tokens: &[],
            throttled: ("SlowDown", 503),
            failed: ("InternalError", 500),
            denied: ("AccessDenied", 403),
            invalid: "MalformedXML",
            unmodelled: &[
                "AccessDenied",
                "BucketNotEmpty",
                "IllegalLocationConstraintException",
                "IllegalVersioningConfigurationException",
                "InternalError",
                "InvalidArgument",
                "InvalidBucketName",
                "InvalidBucketOwnerAWSAccountID",
                "InvalidBucketState",
                "InvalidLocationConstraint",
                "InvalidNamespaceHeader",
                "InvalidRequest",
                "InvalidTag",
                "MalformedPolicy",
                "MalformedXML",
                "NoSuchBucket",
                "NoSuchBucketPolicy",
                "NoSuchCORSConfiguration",
                "NoSuchLifecycleConfiguration",
                "NoSuchPublicAccessBlockConfiguration",
                "NoSuchTagSet",
                "NoSuchUpload",
                "OperationAborted",
                "OwnershipControlsNotFoundError",
            ],
        }
    }

    /// As AWS's own models name them [sdk: aws-sdk-s3].
    fn root(&self, operation: &str) -> Option<&'static str> {
        Some(match operation {
            "GetBucketTagging" => "Tagging",
            "GetBucketVersioning" => "VersioningConfiguration",
            "GetBucketLifecycleConfiguration" => "LifecycleConfiguration",
            "GetBucketCors" => "CORSConfiguration",
            "GetBucketNotificationConfiguration" => "NotificationConfiguration",
            "ListObjectVersions" => "ListVersionsResult",
            "ListMultipartUploads" => "ListMultipartUploadsResult",
            "DeleteObjects" => "DeleteResult",
            _ => return None,
        })
    }

    /// [recorded: s3, test_put_bucket_policy, test_bucket_tagging_crud]
    fn status(&self, operation: &str) -> Option<u16> {
        ["PutBucketPolicy", "PutBucketTagging"].contains(&operation).then_some(204)
    }

    fn words(&self) -> Words {
        Words::Sentence(
            "The XML you provided was not well-formed or did not validate against our published schema",
        )
    }

    /// Nothing is checked on the tags of a bucket, unless it is set to do so.
    fn needs(&self, _: &Cloud, call: &Call) -> Vec<Need> {
        let Some(bucket) = text(&call.params, "Bucket") else {
            return vec![Need::new(call.name(), nothing(call))];
        };
        let arn = bucket_arn(bucket);
        let operation = call.operation.name.as_str();
        match operation {
            "DeleteObjects" => {
                let objects = call.params["Delete"]["Objects"].as_array().into_iter().flatten();
                let need = |object: &Json| {
                    let action = if object["VersionId"].is_string() {
                        "s3:DeleteObjectVersion"
                    } else {
                        "s3:DeleteObject"
                    };
                    Need::new(action, format!("{arn}/{}", object["Key"].as_str().unwrap_or_default()))
                };
                return objects.map(need).collect();
            }
            "AbortMultipartUpload" => {
                let key = text(&call.params, "Key").unwrap_or_default();
                return vec![Need::new("s3:AbortMultipartUpload", format!("{arn}/{key}"))];
            }
            _ => {}
        }
        let own = ACTIONS.iter().find(|(name, _)| *name == operation).map(|(_, actions)| *actions);
        let own = own.map_or_else(|| vec![operation], <[_]>::to_vec);
        let has_tags = call.params.pointer("/CreateBucketConfiguration/Tags/0").is_some();
        let has_ownership = operation == "CreateBucket" && call.params["ObjectOwnership"].is_string();
        let tagging = (has_tags).then_some("TagResource");
        let ownership = has_ownership.then_some("PutBucketOwnershipControls");
        let all = own.into_iter().chain(tagging).chain(ownership);
        all.map(|action| Need::new(format!("s3:{action}"), arn.clone())).collect()
    }

    fn arn(&self, resource: &str) -> String {
        format!("arn:aws:s3:::{resource}")
    }

    /// What the model does not allow is no valid XML, but for what stands in headers and paths, and places [recorded: s3,
    /// test_bucket_ownership_controls_exc, test_bucket_notification_with_invalid_filter_rules,
    /// test_create_bucket_with_invalid_location_constraint].
    fn invalid(&self, call: &Call, wrong: &str) -> (&'static str, Option<String>) {
        let value = |path: &str| call.params.pointer(path).and_then(Json::as_str).unwrap_or_default();
        match wrong {
            name if name.starts_with("Bucket:") => ("InvalidBucketName", None),
            header if header.starts_with("BucketNamespace") => ("InvalidArgument", None),
            header if header.starts_with("ObjectOwnership") => {
                let said = format!("Invalid x-amz-object-ownership header: {}", value("/ObjectOwnership"));
                ("InvalidArgument", Some(said))
            }
            header if header.starts_with("TransitionDefaultMinimumObjectSize") => {
                let size = value("/TransitionDefaultMinimumObjectSize");
                ("InvalidRequest", Some(format!("Invalid TransitionDefaultMinimumObjectSize found: {size}")))
            }
            rule if rule.contains(".FilterRules[") && rule.contains(".Name: is none of") => {
                ("InvalidArgument", Some("filter rule name must be either prefix or suffix".to_owned()))
            }
            place if place.starts_with("CreateBucketConfiguration.LocationConstraint") => {
                let place = value("/CreateBucketConfiguration/LocationConstraint");
                ("IllegalLocationConstraintException", Some(bucket::elsewhere(place)))
            }
            _ => (self.facts().invalid, None),
        }
    }

    fn tagged(&self, cloud: &Cloud) -> Vec<Tagged> {
        let tagged = |(name, bucket): (&String, &Bucket)| Tagged {
            arn: bucket_arn(name),
            name: format!("bucket {name}"),
            created: bucket.created,
            tags: bucket.tags.clone(),
        };
        cloud.s3.buckets.iter().map(tagged).collect()
    }

    /// S3 has looked whether it can deliver, and nothing keeps that true.
    fn broken(&self, cloud: &Cloud) -> Vec<(String, String)> {
        let buckets =
            cloud.s3.buckets.iter().filter(|(_, bucket)| bucket.tags.contains_key("provision:stack"));
        let lost = buckets.flat_map(|(name, bucket)| {
            let lost = notifications::undeliverable(cloud, name, bucket.setting("notification"), true);
            lost.into_iter().map(move |(arn, why)| (format!("the bucket {name} to {arn}"), why))
        });
        lost.collect()
    }

    fn dump(&self, cloud: &Cloud) -> BTreeMap<String, Json> {
        let dumped = |(name, bucket): (&String, &Bucket)| (format!("bucket {name}"), bucket.dump());
        cloud.s3.buckets.iter().map(dumped).collect()
    }

    fn change_all(&self, cloud: &mut Cloud) {
        by_hand::change_all(cloud);
    }

    fn leave_behind(&self, cloud: &mut Cloud) {
        by_hand::leave_behind(cloud);
    }

    fn drifts(&self) -> &'static [(&'static str, Drift)] {
        by_hand::DRIFTS
    }

    fn unmanaged(&self) -> &'static [(&'static str, Make)] {
        by_hand::UNMANAGED
    }

    fn everything(&self, cloud: &Cloud) -> Vec<(Resource, String)> {
        let resource = |name: &String| Resource::named(Service::S3, "bucket", name);
        cloud.s3.buckets.iter().map(|(name, bucket)| (resource(name), format!("{bucket:?}"))).collect()
    }

    fn remove(&self, cloud: &mut Cloud, resource: &Resource) {
        bucket::remove(cloud, &resource.name);
    }

    fn forget(&self, cloud: &mut Cloud, keep: &dyn Fn(&mut Tags)) {
        cloud.s3.buckets.values_mut().for_each(|bucket| keep(&mut bucket.tags));
    }

    fn changes(&self) -> &'static [(&'static str, StackChange)] {
        random::CHANGES
    }

    fn section(&self) -> Option<BoxedStrategy<Rc<dyn Section>>> {
        Some(random::section())
    }

    fn wires(&self) -> &'static [Wire] {
        random::WIRES
    }

    fn requests(&self) -> &'static str {
        include_str!("requests.yaml")
    }

    fn given(&self) -> Vec<(&'static str, Json)> {
        let policy = |principal: Json, action: &str| {
            let statement = json!({ "Sid": "one", "Effect": "Allow", "Principal": principal, "Action": action,
                "Resource": [bucket_arn("shots"), bucket_arn("shots/*")] });
            Json::from(json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string())
        };
        let account = json!({ "AWS": "arn:aws:iam::111122223333:root" });
        vec![
            ("bucket policy", policy(account, "s3:*")),
            ("bucket policy for everybody", policy(json!("*"), "s3:GetObject")),
            (
                "bucket policy for no one",
                policy(json!({ "AWS": "arn:aws:iam::123456789012:role/none" }), "s3:*"),
            ),
        ]
    }

    fn disagreements(&self) -> &'static str {
        include_str!("disagreements.yaml")
    }
}
