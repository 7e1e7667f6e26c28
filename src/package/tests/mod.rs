//! Packages built from real folders, with real and with fake build tools.

mod archive;
mod folder;
mod layer;
mod node;
mod python;
mod requirements;
mod syntax;

#[cfg(unix)]
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::process::Command;
use std::sync::Mutex;

use tempfile::TempDir;
use zip::ZipArchive;

use super::archive::Limits;
use super::{Builder, Built, Error, Package, Source, Tools};

/// A stack's folder and a cache, both of which go with the value.
struct Stack {
    folder: TempDir,
    cache: TempDir,
    exclude: Vec<String>,
    runtime: &'static str,
    architecture: &'static str,
    is_layer: bool,
    has_layers: bool,
    limits: Limits,
    /// What the build announced.
    progress: Mutex<Vec<String>>,
}

impl Stack {
    fn new(files: &[(&str, &str)]) -> Self {
        let stack = Self {
            folder: tempfile::tempdir().expect("a folder"),
            cache: tempfile::tempdir().expect("a cache"),
            exclude: Vec::new(),
            runtime: "python3.13",
            architecture: "x86_64",
            is_layer: false,
            has_layers: false,
            limits: Limits::LAMBDA,
            progress: Mutex::default(),
        };
        for (name, contents) in files {
            stack.write(name, contents);
        }
        stack
    }

    fn excluding(mut self, patterns: &[&str]) -> Self {
        self.exclude = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, contents: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, contents).expect("written");
    }

    /// Writes a file as Windows PowerShell does with `>`.
    fn write_utf_16(&self, name: &str, contents: &str) {
        let units = format!("\u{feff}{contents}");
        let bytes: Vec<u8> = units.encode_utf16().flat_map(u16::to_le_bytes).collect();
        fs::write(self.path(name), bytes).expect("written");
    }

    /// Builds with the tools of this machine.
    async fn build(&self, code: &str) -> Result<Package, Error> {
        self.build_with(code, &Tools::new(std::env::vars_os())).await
    }

    async fn build_with(&self, code: &str, tools: &Tools) -> Result<Package, Error> {
        self.built(code, tools).await.map(|built| built.package)
    }

    fn cache(&self) -> PathBuf {
        self.cache.path().join("not/yet/there")
    }

    async fn built(&self, code: &str, tools: &Tools) -> Result<Built, Error> {
        let source = Source {
            folder: self.folder.path(),
            code: Path::new(code),
            exclude: &self.exclude,
            runtime: self.runtime,
            architecture: self.architecture,
            is_layer: self.is_layer,
            has_layers: self.has_layers,
        };
        let progress = |line: &str| self.progress.lock().expect("unpoisoned").push(line.to_owned());
        let cache = &self.cache();
        Builder { cache, tools, limits: self.limits, progress: &progress }.build(&source).await
    }

    async fn names(&self, code: &str) -> Vec<String> {
        names(&self.build(code).await.expect("built"))
    }

    async fn error(&self, code: &str) -> String {
        self.build(code).await.expect_err("refused").to_string()
    }

    fn announced(&self) -> usize {
        self.progress.lock().expect("unpoisoned").len()
    }
}

fn open(package: &Package) -> ZipArchive<File> {
    ZipArchive::new(File::open(&package.zip).expect("a zip")).expect("readable")
}

fn names(package: &Package) -> Vec<String> {
    open(package).file_names().map(|name| name.expect("UTF-8").into_owned()).collect()
}

/// A folder of fake build tools: shell scripts that note how they were called, and then do what they were made for.
#[cfg(unix)]
struct FakeTools {
    folder: TempDir,
}

#[cfg(unix)]
impl FakeTools {
    fn new(scripts: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let log = log.display();
        for (name, script) in scripts {
            // Only what the shell itself provides is there otherwise, since the path leads nowhere else.
            let text = format!(
                "#!/bin/sh\nPATH=$PATH:/bin:/usr/bin\n(echo \"called {name} $*\"; env) >> '{log}'\n{script}\n"
            );
            // A shell writes the file: if this process did, a tool that another test starts just then would hold it
            // open for writing, and it could not be run.
            let status = Command::new("/bin/sh")
                .args(["-c", "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\""])
                .arg(folder.path().join(name))
                .arg(text)
                .status();
            assert!(status.is_ok_and(|status| status.success()));
        }
        Self { folder }
    }

    /// These tools alone, in an environment full of secrets.
    fn tools(&self) -> Tools {
        self.tools_with(&[])
    }

    /// The same with more variables.
    fn tools_with(&self, more: &[(&str, &str)]) -> Tools {
        let environment = [
            ("PATH", self.folder.path().to_str().expect("UTF-8")),
            ("HOME", "/home/someone"),
            ("PIP_INDEX_URL", "https://index.example/simple"),
            ("AWS_SECRET_ACCESS_KEY", "leaked"),
            ("AWS_SESSION_TOKEN", "leaked"),
            ("GITHUB_TOKEN", "leaked"),
            ("UV_PUBLISH_PASSWORD", "leaked"),
            ("PIP_NO_BINARY", "leaked"),
        ];
        let environment = environment.iter().chain(more);
        Tools::new(environment.map(|(name, value)| (OsString::from(name), OsString::from(value))))
    }

    /// A file that a tool has written next to itself.
    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).expect("readable")
    }

    /// How the tools were called, and what they saw.
    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The calls, besides questions for a version.
    fn calls(&self) -> Vec<String> {
        let log = self.log();
        let calls = log.lines().filter_map(|line| line.strip_prefix("called "));
        calls
            .filter(|call| !call.contains("version__") && !call.ends_with("--version"))
            .map(str::to_owned)
            .collect()
    }
}
