//! Finds the tools that install the local cloud, `uv` or Python with `pip`, and runs them.

use anyhow::{Context, Result, bail};
use std::env;
use std::ffi::OsStr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use tokio::process::Command;

/// The minor versions of Python 3 for which the requirements are pinned.
const MINORS: RangeInclusive<u32> = 10..=14;
const NAMES: [&str; 7] =
    ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python"];
const LINES: usize = 15;

/// Where tools are looked for, and where they run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bench<'a> {
    /// Folders, as in `PATH`.
    pub(super) search: &'a OsStr,
    /// Not the user's folder, where `uv` would find, and obey, the settings of some project.
    pub(super) folder: &'a Path,
}

/// A program that makes environments and installs into them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Installer {
    /// `uv`, which also brings a Python where there is none.
    Uv(PathBuf),
    /// A Python that is new enough.
    Python(PathBuf),
}

impl Installer {
    /// `uv`, else the first Python that is new enough.
    pub(super) async fn find(bench: Bench<'_>) -> Result<Self> {
        if let Some(uv) = bench.program("uv") {
            return Ok(Self::Uv(uv));
        }
        let mut found = Vec::new();
        for path in NAMES.iter().filter_map(|name| bench.program(name)) {
            match bench.version(&path).await {
                Some((3, minor)) if MINORS.contains(&minor) => return Ok(Self::Python(path)),
                Some((major, minor)) => found.push(format!("{} is Python {major}.{minor}", path.display())),
                None => {}
            }
        }
        let found = if found.is_empty() { "none was found".to_owned() } else { found.join(", ") };
        bail!(
            "The local cloud needs Python 3.{} to 3.{}; {found}. Install one (`apt install python3 python3-venv`, `dnf \
             install python3`, `brew install python`, or python.org), or install uv (https://docs.astral.sh/uv/), which \
             brings its own; then run the command again.",
            MINORS.start(),
            MINORS.end()
        )
    }

    /// Makes an empty environment in a folder that does not exist yet.
    pub(super) async fn create(&self, folder: &Path, bench: Bench<'_>) -> Result<()> {
        match self {
            Self::Uv(uv) => {
                let range = format!(">=3.{},<3.{}", MINORS.start(), MINORS.end() + 1);
                run(bench.command(uv).args(["venv", "--no-project", "--python", &range]).arg(folder)).await
            }
            Self::Python(python) => run(bench.command(python).args(["-I", "-m", "venv"]).arg(folder)).await.context(
                "Cannot make a Python environment; where Python comes without `venv`, as on Debian and Ubuntu, run `apt \
                 install python3-venv`",
            ),
        }
    }

    /// Installs exactly what the requirements list, by hash and without running any code of theirs.
    pub(super) async fn install(&self, python: &Path, requirements: &Path, bench: Bench<'_>) -> Result<()> {
        let mut install = match self {
            Self::Uv(uv) => {
                let mut install = bench.command(uv);
                install.args(["pip", "install", "--python"]).arg(python);
                install
            }
            Self::Python(_) => {
                let mut install = bench.command(python);
                install.args(["-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
                install
            }
        };
        install.args(["--require-hashes", "--only-binary", ":all:", "-r"]).arg(requirements);
        run(&mut install).await
    }
}

impl Bench<'_> {
    fn program(self, name: &str) -> Option<PathBuf> {
        let file = format!("{name}{}", env::consts::EXE_SUFFIX);
        env::split_paths(self.search)
            .map(|folder| folder.join(&file))
            .find(|path| path.is_absolute() && path.is_file())
    }

    /// The version of a Python; none for a stand-in that only says how to get one, as `pyenv` and Windows have them.
    async fn version(self, python: &Path) -> Option<(u32, u32)> {
        let script = "import sys; print(*sys.version_info[:2])";
        let output = self.command(python).args(["-I", "-c", script]).output().await.ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let (major, minor) = text.trim().split_once(' ')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    }

    /// A command that has none of the user's secrets, and that ends with us.
    fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in env::vars_os().filter(|(name, _)| is_secret(name)) {
            command.env_remove(name);
        }
        command.env("PATH", self.search).current_dir(self.folder).stdin(Stdio::null()).kill_on_drop(true);
        command
    }
}

fn is_secret(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_uppercase();
    // A private mirror of PyPI may need a password.
    let mirror = name.starts_with("PIP_") || name.starts_with("UV_");
    name.starts_with("AWS_")
        || (!mirror && ["TOKEN", "SECRET", "PASSWORD"].iter().any(|word| name.contains(word)))
}

async fn run(command: &mut Command) -> Result<()> {
    let program = command.as_std().get_program().to_owned();
    let program = Path::new(&program).display();
    let Output { status, stdout, stderr } =
        command.output().await.with_context(|| format!("Cannot run {program}"))?;
    if status.success() {
        return Ok(());
    }
    let text = format!("{}\n{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    bail!("{program} failed ({status}):\n{}", lines[lines.len().saturating_sub(LINES)..].join("\n"))
}
