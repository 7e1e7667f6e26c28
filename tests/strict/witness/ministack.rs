//! MiniStack, which is the local cloud of the product, as the product itself installs, starts and stops it.

use super::sender::Sender;
use provision::local::{Endpoint, LocalCloud, default_folders};
use tempfile::TempDir;

/// A local cloud of a test's own.
pub(super) struct MiniStack {
    cloud: LocalCloud,
    endpoint: Endpoint,
    _state: TempDir,
}

impl MiniStack {
    pub(super) async fn start() -> Self {
        let (cache, _) = default_folders().expect("a folder for programs");
        let state = tempfile::tempdir().expect("a folder");
        let cloud = LocalCloud::new(cache, state.path().to_owned());
        let endpoint = cloud.start(&|text| println!("{text}")).await.expect("the local cloud comes up");
        MiniStack { cloud, endpoint, _state: state }
    }

    pub(super) fn sender(&self) -> Sender {
        Sender::to(&self.endpoint.url, "/_ministack/reset")
    }

    pub(super) async fn stop(self) {
        self.cloud.stop().await.expect("the local cloud ends");
    }
}
