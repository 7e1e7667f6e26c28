//! Declared roles and managed policies on the local cloud.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use serde_json::json;

const STACK: &str = "stack: shared
tables: { notes: { partition_key: id } }
functions:
  save: { code: lambdas/create_item, runtime: python3.13, role: worker }
  show: { code: lambdas/get_item, runtime: python3.13, role: worker }
roles:
  worker:
    trust: [lambda, states]
    access: { notes: read }
    managed_policies: [AWSXRayDaemonWriteAccess]
    description: Of all
    max_session_duration: 2 hours
";

#[tokio::test]
async fn functions_share_a_role_which_is_changed_and_deleted() {
    let cloud = Cloud::with(STACK);
    cloud.up().never_says("save_role");
    let aws = cloud.aws().await;
    let created = dump(&aws).await;
    let role = &created["roles"]["worker"];
    assert_eq!(role["attached"], json!(["arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"]));
    for name in ["save", "show"] {
        assert_eq!(created["functions"][name]["role"], role["arn"], "{created:#}");
    }
    cloud.up().changes_nothing();

    cloud.edit("stack.yaml", "    managed_policies: [AWSXRayDaemonWriteAccess]\n", "");
    cloud.edit("stack.yaml", "trust: [lambda, states]", "trust: lambda");
    cloud.edit("stack.yaml", "    max_session_duration: 2 hours\n", "");
    cloud.up().says("role worker");
    let changed = dump(&aws).await;
    assert_eq!(changed["roles"]["worker"]["attached"], json!([]));
    cloud.up().changes_nothing();
    cloud.down().says("Nothing left.");
    assert_empty(&dump(&aws).await);
}
