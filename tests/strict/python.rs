//! Python programs that the tests use, each in an environment of its own in the project's cache.

use provision::local::default_folders;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Python of an environment with exactly these requirements, by their hashes. It is made where it is missing: aside at
/// first, and then put in its place, so that no other test finds half of it.
pub(crate) fn environment(name: &str, requirements: &Path) -> PathBuf {
    let text = fs::read(requirements).expect("the requirements");
    let fingerprint: String = Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let (cache, _) = default_folders().expect("a folder for programs");
    let folder = cache.join(name).join(fingerprint);
    let python = folder.join("bin/python");
    if !python.exists() {
        fs::create_dir_all(cache.join(name)).expect("a folder in the cache");
        let aside = tempfile::tempdir_in(cache.join(name)).expect("a folder in the cache");
        install(&aside.path().join("new"), requirements);
        // Another process may have been faster, which is as good.
        let _ = fs::rename(aside.path().join("new"), &folder);
    }
    assert!(python.exists(), "there is no {}", python.display());
    python
}

/// With `uv`, which brings a Python along, else with the Python of the machine.
fn install(folder: &Path, requirements: &Path) {
    let python = folder.join("bin/python");
    let exact = ["--require-hashes", "--only-binary", ":all:", "-r"];
    if Command::new("uv").arg("--version").output().is_ok_and(|ran| ran.status.success()) {
        run(Command::new("uv").args(["venv", "--no-project", "--python", ">=3.10,<3.15"]).arg(folder));
        run(Command::new("uv")
            .args(["pip", "install", "--python"])
            .arg(python)
            .args(exact)
            .arg(requirements));
    } else {
        run(Command::new("python3").args(["-I", "-m", "venv"]).arg(folder));
        run(Command::new(python)
            .args(["-I", "-m", "pip", "install", "--quiet"])
            .args(exact)
            .arg(requirements));
    }
}

fn run(command: &mut Command) {
    let ran = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(ran.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&ran.stderr));
}
