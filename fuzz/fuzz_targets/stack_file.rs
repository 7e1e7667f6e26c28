//! Any bytes at all as a `stack.yaml`: what `tests/hostile/stack_file.rs` says of it holds.

#![no_main]

#[path = "../../tests/hostile/stack_file.rs"]
mod stack_file;

use libfuzzer_sys::fuzz_target;
use stack_file::Project;
use std::sync::LazyLock;
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));
static PROJECT: LazyLock<Project> = LazyLock::new(|| Project::new(FOLDER.path()));

fuzz_target!(|bytes: &[u8]| {
    PROJECT.judge(bytes);
});
