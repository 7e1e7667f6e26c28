//! The scanner of the examples, whose policies are attached to roles of others in its environment `office`.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use crate::stack::{SMALL, root};
use provision::aws::Clients;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":"ec2.amazonaws.com"}}]}"#;
const ROLES: [&str; 2] = ["scanner-operator", "scanner-auditor"];

/// The names of the policies of a role.
async fn attached(aws: &Clients, role: &str) -> Vec<String> {
    let attached = aws.iam().list_attached_role_policies().role_name(role).send().await.unwrap();
    let mut names: Vec<String> =
        attached.attached_policies().iter().filter_map(|policy| policy.policy_name.clone()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn the_policies_of_the_scanner_are_attached_to_roles_that_exist() {
    let cloud = Cloud::with(SMALL);
    let aws = cloud.aws().await;
    for role in ROLES {
        let role = aws.iam().create_role().role_name(role).assume_role_policy_document(TRUST);
        role.send().await.unwrap();
    }
    let file = root().join("examples/scanner/stack.yaml");
    let run = |command: &str| {
        let args = [command, "--local", "--env", "office", "--file", file.to_str().unwrap()];
        cloud.run(&args).ok()
    };
    run("plan").says("attached to scanner-auditor");
    run("up").says("13 of 13 checks passed.");
    run("up").changes_nothing();
    let (read, upload) = ("office-scanner-read", "office-scanner-upload");
    assert_eq!(attached(&aws, "scanner-operator").await, [read, upload]);
    assert_eq!(attached(&aws, "scanner-auditor").await, [read]);

    let pages = aws.dynamodb().describe_table().table_name("office-scanner_pages");
    let capacity = pages.send().await.unwrap().table.unwrap().provisioned_throughput.unwrap();
    assert_eq!((capacity.read_capacity_units, capacity.write_capacity_units), (Some(5), Some(5)));

    let put = ["put", "bucket", "scanner-scans", "--with", "key=note.txt", "--text", "hello", "--local"];
    cloud
        .run(&[&put[..], &["--env", "office", "--file", file.to_str().unwrap()]].concat())
        .ok()
        .says(": put.");
    let bucket = aws.s3().list_buckets().send().await.unwrap().buckets.unwrap()[0].name.clone().unwrap();
    let note = aws.s3().get_object().bucket(bucket).key("note.txt").send().await.unwrap();
    assert_eq!(note.body.collect().await.unwrap().to_vec(), b"hello");

    run("down").says("Nothing left.");
    for role in ROLES {
        assert!(attached(&aws, role).await.is_empty(), "{role}");
        aws.iam().delete_role().role_name(role).send().await.unwrap();
    }
    assert_empty(&dump(&aws).await);
}
