//! Stacks to bring up: a stack file beside its code, packaged once for all runs.

use provision::config::{self, Stack};
use provision::package::{self, Source};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A stack whose code is packaged.
#[derive(Debug)]
pub(crate) struct Fixture {
    /// Holds the stack file and its code as long as they are in use.
    _folder: tempfile::TempDir,
    pub(crate) stack: Stack,
    /// The functions' packages: their hashes by the functions' keys.
    pub(crate) hashes: BTreeMap<String, String>,
    /// Where the zips lie, by hash.
    pub(crate) packages: BTreeMap<String, PathBuf>,
}

impl Fixture {
    /// The shipped stack.
    pub(crate) fn shipped() -> Self {
        Fixture::changed(|text| text, |_| ())
    }

    /// The shipped stack with another text, and other code.
    pub(crate) fn changed(text: impl Fn(String) -> String, code: impl Fn(&Path)) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = tempfile::tempdir().expect("a folder");
        copy(&root.join("lambdas"), &folder.path().join("lambdas"));
        code(&folder.path().join("lambdas"));
        let shipped = fs::read_to_string(root.join("stack.yaml")).expect("the shipped stack");
        let file = folder.path().join("stack.yaml");
        fs::write(&file, text(shipped)).expect("the stack file is written");
        let options = config::Options { environment: None, process: &|_| None };
        let stack = config::load(&file, &options).unwrap_or_else(|wrong| panic!("{wrong}"));
        let (hashes, packages) = packaged(&stack, folder.path());
        Fixture { _folder: folder, stack, hashes, packages }
    }
}

/// Packages the code of all functions, in real time.
fn packaged(stack: &Stack, folder: &Path) -> (BTreeMap<String, String>, BTreeMap<String, PathBuf>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let cache = folder.join("cache");
    let (mut hashes, mut packages) = (BTreeMap::new(), BTreeMap::new());
    for function in &stack.functions {
        let source = Source {
            folder: &stack.folder,
            code: &function.code,
            exclude: &function.exclude,
            runtime: &function.runtime,
            architecture: function.architecture.as_str(),
        };
        let package =
            runtime.block_on(package::build(&source, &cache, &|_| ())).expect("the code is packaged");
        hashes.insert(function.name.clone(), package.sha256.clone());
        packages.insert(package.sha256, package.zip);
    }
    (hashes, packages)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).expect("a file is copied")),
        }
    }
}
