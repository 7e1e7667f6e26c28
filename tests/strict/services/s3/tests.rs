//! Tests of these buckets themselves.

#![cfg(test)]

use super::bucket::US_EAST_1;
use super::{Bucket, full_name, make};
use crate::clock::BEGINNING;
use crate::cloud::{Cloud, ServiceError};
use crate::services::Service;
use crate::services::iam::ASSUMABLE;
use crate::wire::Call;
use serde_json::{Value as Json, json};
use std::time::Duration;

/// The answer to a call, as a text for an error: its code and what it says.
fn ask(cloud: &mut Cloud, operation: &str, params: Json) -> Result<Json, String> {
    let service = Service::S3;
    let call = Call { service, operation: &service.model().operations[operation], params };
    cloud.handle(&call).map_err(|error: ServiceError| format!("{}: {}", error.code, error.message))
}

#[test]
fn a_bucket_keeps_its_objects_in_the_order_of_their_keys() {
    let mut cloud = Cloud::default();
    make(&mut cloud, &full_name("shots"), &[]);
    let bucket: &mut Bucket = cloud.s3.buckets.values_mut().next().expect("a bucket");
    ["b", "a", "c"].iter().for_each(|key| bucket.put(key, 1));
    let keys: Vec<&str> = bucket.objects.iter().map(|object| &*object.key).collect();
    assert_eq!(keys, ["a", "b", "c", "theirs.txt"]);
}

/// [aws-facts-services: Propagation]
#[test]
fn a_policy_takes_no_fresh_role() {
    let mut cloud = Cloud { now: BEGINNING, ..Cloud::default() };
    let name = full_name("shots");
    make(&mut cloud, &name, &[]);
    cloud.now += Duration::from_secs(60);
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "Service": "lambda.amazonaws.com" } }] });
    let role = json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust.to_string() });
    let role = cloud.act(Service::Iam, "CreateRole", &role).unwrap()["Role"]["Arn"].clone();
    let statement = json!({ "Effect": "Allow", "Principal": { "AWS": role }, "Action": "s3:GetObject",
        "Resource": format!("arn:aws:s3:::{name}/*") });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let params = || json!({ "Bucket": name, "Policy": policy });
    let early = ask(&mut cloud, "PutBucketPolicy", params()).unwrap_err();
    assert_eq!(early, "MalformedPolicy: Invalid principal in policy");
    cloud.now += cloud.delays.of(ASSUMABLE);
    ask(&mut cloud, "PutBucketPolicy", params()).unwrap();
    cloud.act(Service::Iam, "DeleteRole", &json!({ "RoleName": "r" })).unwrap();
    let late = ask(&mut cloud, "PutBucketPolicy", params()).unwrap_err();
    assert_eq!(late, early, "it is gone");
}

/// [aws-facts-services: 5; Create that exists, LS]
#[test]
fn us_east_1_takes_no_location_and_a_create_without_tags_twice() {
    let mut cloud = Cloud { now: BEGINNING, ..Cloud::default() };
    cloud.region = Some(US_EAST_1);
    let plain = || json!({ "Bucket": "shots" });
    ask(&mut cloud, "CreateBucket", plain()).unwrap();
    ask(&mut cloud, "CreateBucket", plain()).unwrap();
    let tags = json!([{ "Key": "a", "Value": "1" }]);
    let tagged = json!({ "Bucket": "shots", "CreateBucketConfiguration": { "Tags": tags } });
    let again = ask(&mut cloud, "CreateBucket", tagged).unwrap_err();
    assert!(again.starts_with("BucketAlreadyOwnedByYou: "), "{again}");
    let location = json!({ "LocationConstraint": "eu-west-1" });
    let located = json!({ "Bucket": "others", "CreateBucketConfiguration": location });
    let refused = ask(&mut cloud, "CreateBucket", located.clone()).unwrap_err();
    assert!(refused.starts_with("InvalidLocationConstraint: "), "{refused}");
    cloud.region = None;
    ask(&mut cloud, "CreateBucket", located).unwrap();
    let refused = ask(&mut cloud, "CreateBucket", plain()).unwrap_err();
    assert!(refused.starts_with("IllegalLocationConstraintException: "), "{refused}");
}
