//! Tests of these buckets themselves.

#![cfg(test)]

use super::{Bucket, full_name, make};
use crate::cloud::Cloud;

#[test]
fn a_bucket_keeps_its_objects_in_the_order_of_their_keys() {
    let mut cloud = Cloud::default();
    make(&mut cloud, &full_name("shots"), &[]);
    let bucket: &mut Bucket = cloud.s3.buckets.values_mut().next().expect("a bucket");
    ["b", "a", "c"].iter().for_each(|key| bucket.put(key, 1));
    let keys: Vec<&str> = bucket.objects.iter().map(|object| &*object.key).collect();
    assert_eq!(keys, ["a", "b", "c", "theirs.txt"]);
}
