//! The cases that walks have found, each as small as it became.

use super::walker::{Proof, Walker};

/// API Gateway says that the deployment failed where there is nothing to deploy, and that was taken for a failure.
#[test]
fn an_api_without_routes_comes_up() -> Proof {
    let mut walker = Walker::new(None);
    walker.up("stack: walk\napi: { name: walking }\n", None)?;
    walker.down(None)
}
