//! Managed policies on the local cloud: on functions of the stack, and on a role of others.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use provision::aws::Clients;
use serde_json::json;

const STACK: &str = "stack: scans
tables: { pages: { partition_key: id } }
policies:
  upload: { access: { pages: write }, attach_to: [operator] }
functions:
  save: { code: lambdas/create_item, runtime: python3.13, managed_policies: [upload] }
";
const ARN: &str = "arn:aws:iam::000000000000:policy/provision/scans/_/us-east-1/upload";
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":"ec2.amazonaws.com"}}]}"#;
const FOREIGN: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/// The policies of the role of others.
async fn attached(aws: &Clients) -> Vec<String> {
    let attached = aws.iam().list_attached_role_policies().role_name("operator").send().await.unwrap();
    let arns = attached.attached_policies().iter().filter_map(|policy| policy.policy_arn.clone());
    let mut arns: Vec<String> = arns.collect();
    arns.sort();
    arns
}

#[tokio::test]
async fn a_policy_is_attached_changed_and_deleted_and_a_role_of_others_keeps_its_own() {
    let cloud = Cloud::with(STACK);
    let aws = cloud.aws().await;
    let role = aws.iam().create_role().role_name("operator").path("/staff/");
    role.assume_role_policy_document(TRUST).send().await.unwrap();
    let foreign = aws.iam().attach_role_policy().role_name("operator").policy_arn(FOREIGN);
    foreign.send().await.unwrap();

    cloud.plan().says("policy upload").says("attached to operator");
    cloud.up();
    cloud.up().changes_nothing();
    assert_eq!(attached(&aws).await, [ARN, FOREIGN]);
    assert_eq!(dump(&aws).await["roles"]["save_role"]["attached"], json!([ARN]));
    cloud.run(&["outputs", "--local"]).ok().says(ARN);
    cloud.run(&["list", "--local"]).ok().says("1 policy");

    cloud.edit("stack.yaml", "pages: write", "pages: read");
    cloud.plan().says("access to pages");
    cloud.up();
    cloud.up().changes_nothing();
    let versions = aws.iam().list_policy_versions().policy_arn(ARN).send().await.unwrap();
    let default = versions.versions().iter().find(|version| version.is_default_version).unwrap();
    assert_eq!(default.version_id(), Some("v2"));

    // What others have detached is attached again.
    aws.iam().detach_role_policy().role_name("operator").policy_arn(ARN).send().await.unwrap();
    cloud.up().says("policy upload");
    assert_eq!(attached(&aws).await, [ARN, FOREIGN]);

    cloud.down().says("Nothing left.");
    assert_eq!(attached(&aws).await, [FOREIGN]);
    let policies = aws.iam().list_policies().path_prefix("/provision/").send().await.unwrap();
    assert_eq!(policies.policies().len(), 0);
    aws.iam().detach_role_policy().role_name("operator").policy_arn(FOREIGN).send().await.unwrap();
    aws.iam().delete_role().role_name("operator").send().await.unwrap();
    assert_empty(&dump(&aws).await);
}
