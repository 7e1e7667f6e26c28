//! The cases that walks have found, each as small as it became.

use super::runner::{Outcome, Runner};

/// API Gateway says that the deployment failed where there is nothing to deploy, and that was taken for a failure.
#[test]
fn an_api_without_routes_comes_up() -> Outcome {
    let mut runner = Runner::new(None);
    runner.up("stack: walk\napi: { name: walking }\n", None)?;
    runner.down(None)
}
