//! The end of a bucket that is full, on the real local cloud.

use crate::cloud::Cloud;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use provision::aws::Clients;

const STACK: &str = "stack: shots\nbuckets:\n  shots: { versioning: true }\n";

/// So many objects can be deleted in one call, and are on one page of a list.
const PAGE: usize = 1_000;

/// Versions of two objects, one of which is deleted, delete markers of objects that were never there, and an upload that was not
/// completed: more than a page.
async fn fill(aws: &Clients, bucket: &str) {
    for key in ["a b+ü.png", "a b+ü.png", "other.png", "other.png"] {
        aws.s3().put_object().bucket(bucket).key(key).body(b"x".to_vec().into()).send().await.unwrap();
    }
    aws.s3().delete_object().bucket(bucket).key("other.png").send().await.unwrap();
    let gone =
        (0..PAGE).map(|number| ObjectIdentifier::builder().key(format!("gone/{number}")).build().unwrap());
    let delete = Delete::builder().set_objects(Some(gone.collect())).quiet(true).build().unwrap();
    aws.s3().delete_objects().bucket(bucket).delete(delete).send().await.unwrap();
    aws.s3().create_multipart_upload().bucket(bucket).key("half.png").send().await.unwrap();
}

#[tokio::test]
async fn a_bucket_with_versions_delete_markers_and_an_upload_is_emptied_and_deleted() {
    let cloud = Cloud::with(STACK);
    cloud.up();
    let aws = cloud.aws().await;
    let bucket = aws.s3().list_buckets().send().await.unwrap().buckets.unwrap()[0].name.clone().unwrap();
    fill(&aws, &bucket).await;
    let list = aws.s3().list_object_versions().bucket(&bucket).send().await.unwrap();
    assert_eq!(list.is_truncated, Some(true), "there is a second page");
    // Run as on AWS, since `--local` deletes without asking.
    let refused = cloud.run_on_aws(&["down", "--yes"]).ends(1);
    refused.says("more than 2 objects and versions (over 2 bytes)").says("--allow-data-loss buckets.shots");
    let down = cloud.run_on_aws(&["down", "--yes", "--allow-data-loss", "shots"]).ok();
    down.says("1005 objects and versions deleted").says("Nothing left.");
    assert_eq!(aws.s3().list_buckets().send().await.unwrap().buckets.unwrap_or_default(), []);
}
