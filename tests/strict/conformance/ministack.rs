//! MiniStack, which is the local cloud of the product, as the product itself installs, starts and stops it.

use super::sender::Sender;
use provision::local::{Endpoint, LocalCloud, default_folders};
use tempfile::TempDir;

/// A local cloud of a test's own, which ends when this is dropped.
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
        let credentials = self.cloud.credentials().expect("credentials");
        Sender::to(&self.endpoint.url, "/_ministack/reset", Some(credentials))
    }
}

impl Drop for MiniStack {
    /// In a thread of its own, for this one may be within a runtime.
    fn drop(&mut self) {
        let cloud = self.cloud.clone();
        let stop = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(cloud.stop())
        };
        let stopped = std::thread::spawn(stop).join();
        if !std::thread::panicking() {
            stopped.expect("no panic").expect("the local cloud ends");
        }
    }
}
