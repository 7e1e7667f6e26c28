//! Installs the packages of `requirements.txt` for the function's machine, not for the user's.

use std::ffi::OsString;
use std::path::Path;

use super::cache::{self, Staging, key};
use super::error::Error;
use super::files::read_text;
use super::requirements::{Requirements, normal};
use super::tool::{Call, Tools};
use super::{Builder, Installed, Project, blocking, wheels};

/// Settings that a user's own configuration of pip may hold and that would break an installation into a folder.
const PIP_SETTINGS: &[(&str, &str)] = &[
    ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
    ("PIP_NO_INPUT", "1"),
    ("PIP_REQUIRE_VIRTUALENV", "0"),
    ("PIP_ROOT_USER_ACTION", "ignore"),
    ("PIP_USER", "0"),
];

const HOW_TO_GET: &str = "install uv (https://docs.astral.sh/uv/) or Python 3 with pip";

/// Goes up when packages are to be installed in another way, so that the cache does not keep the old one alive.
const RECIPE: &str = "pip 1";

/// What a cached folder holds: the packages, the list of their versions, and warnings about them.
const PACKAGES: &str = "packages";
const RESOLVED: &str = "resolved.txt";
const WARNINGS: &str = "warnings.txt";

/// Installs the packages, unless the cache has them already.
pub(super) async fn install(
    builder: &Builder<'_>,
    project: &Project,
    requirements: Requirements,
) -> Result<Installed, Error> {
    let key = key(&[RECIPE, &project.runtime, &project.architecture, &requirements.text]);
    let place = builder.cache.join("python").join(key);
    if !place.is_dir() {
        fill(builder, project, &requirements, &place).await?;
    }
    blocking(move || {
        let read = |name: &str| read_text(&place.join(name), &place.join(name));
        let mut warnings = restless(&requirements.unpinned, &read(RESOLVED)?);
        warnings.extend(read(WARNINGS)?.lines().map(str::to_owned));
        Ok(Installed { entries: wheels::collect(&place.join(PACKAGES))?, warnings })
    })
    .await
}

async fn fill(
    builder: &Builder<'_>,
    project: &Project,
    requirements: &Requirements,
    place: &Path,
) -> Result<(), Error> {
    let file = project.label.join("requirements.txt");
    let task = format!(
        "installing the packages of {} for {} on {}",
        file.display(),
        project.runtime,
        project.architecture
    );
    (builder.progress)(&task);
    let place = place.to_owned();
    let staging = blocking(move || cache::stage(&place)).await?;
    let target = Target::new(project);
    let installer = Installer { tools: builder.tools, target: &target, folder: staging.path(), task: &task };
    let judge = installer.run(&requirements.file).await?;
    blocking(move || finish(staging, &target, judge)).await
}

/// Notes the versions beside the packages, and puts all into the cache.
fn finish(staging: Staging, target: &Target, judge: Judge) -> Result<(), Error> {
    let packages = staging.path().join(PACKAGES);
    cache::make_folder(&packages)?;
    let unreadable = |source| Error::Unreadable { path: packages.clone(), source };
    cache::write(&staging.path().join(RESOLVED), &wheels::resolved(&packages).map_err(unreadable)?)?;
    let doubtful = wheels::has_condition(&packages, judge.mistaken_about()).map_err(unreadable)?;
    let warning = if doubtful { target.doubt() } else { String::new() };
    cache::write(&staging.path().join(WARNINGS), &warning)?;
    staging.publish().map(drop)
}

/// Who decided which packages are needed, where that depends on the version of Python or on the system.
enum Judge {
    /// uv, for the function's own machine.
    Uv,
    /// pip, for the Python and the system that it ran on.
    Pip { same_python: bool },
}

impl Judge {
    /// The variables of conditions for which the user's machine stood in for the function's.
    fn mistaken_about(&self) -> &'static [&'static str] {
        const VERSION: &[&str] = &["python_version", "python_full_version"];
        const ALL: &[&str] =
            &["python_version", "python_full_version", "sys_platform", "platform_", "os_name"];
        match self {
            Self::Pip { .. } if !cfg!(target_os = "linux") => ALL,
            Self::Pip { same_python: false } => VERSION,
            _ => &[],
        }
    }
}

/// One installation, by whichever tool there is.
struct Installer<'a> {
    tools: &'a Tools,
    target: &'a Target,
    folder: &'a Path,
    task: &'a str,
}

impl Installer<'_> {
    async fn run(&self, requirements: &Path) -> Result<Judge, Error> {
        let common = self.target.common_arguments(requirements, &self.folder.join(PACKAGES));
        let uv = [self.target.uv_arguments(), common.clone()].concat();
        if self.call("uv", uv).await?.is_some() {
            return Ok(Judge::Uv);
        }
        let (python, same_python) = self.find_pip().await?;
        self.call(&python, [self.target.pip_arguments(), common].concat()).await?;
        Ok(Judge::Pip { same_python })
    }

    /// A Python that has pip. One of the function's own version comes first, since pip judges conditions such as
    /// `python_version < "3.13"` by the Python that runs it.
    async fn find_pip(&self) -> Result<(String, bool), Error> {
        let probe = || words("-m pip --version");
        let exact = format!("python{}", self.target.version);
        if let Ok(Some(_)) = self.call(&exact, probe()).await {
            return Ok((exact, true));
        }
        let python = "python3".to_owned();
        match self.call(&python, probe()).await? {
            Some(pip) => Ok((python, pip.contains(&format!("(python {})", self.target.version)))),
            None => Err(Error::ToolMissing {
                tool: "uv".to_owned(),
                task: self.task.to_owned(),
                help: HOW_TO_GET,
            }),
        }
    }

    async fn call(&self, program: &str, arguments: Vec<OsString>) -> Result<Option<String>, Error> {
        let Self { folder, task, .. } = *self;
        let call = Call { program, arguments, settings: PIP_SETTINGS, folder, task };
        self.tools.run(&call, |complaints| self.target.help(complaints)).await
    }
}

/// The function's machine in the words of the installers.
struct Target {
    version: String,
    machine: &'static str,
    /// The minor version of the runtime's glibc, which bounds the wheels that can be loaded.
    glibc: u32,
}

impl Target {
    fn new(project: &Project) -> Self {
        let version = project.runtime.trim_start_matches("python").to_owned();
        let minor: u32 =
            version.split_once('.').and_then(|(_, minor)| minor.parse().ok()).unwrap_or(u32::MAX);
        // Python 3.12 was the first to run on Amazon Linux 2023. Amazon Linux 2 has glibc 2.26, but 2.17 is what both
        // installers can be told.
        let glibc = if minor >= 12 { 34 } else { 17 };
        let machine = if project.architecture == "arm64" { "aarch64" } else { "x86_64" };
        Self { version, machine, glibc }
    }

    fn common_arguments(&self, requirements: &Path, packages: &Path) -> Vec<OsString> {
        let (requirements, packages) = (requirements.as_os_str(), packages.as_os_str());
        let mut arguments = words("--only-binary :all: --no-compile --python-version");
        arguments.push(self.version.clone().into());
        arguments.extend(["--requirement".into(), requirements.to_owned()]);
        arguments.extend(["--target".into(), packages.to_owned()]);
        arguments
    }

    fn uv_arguments(&self) -> Vec<OsString> {
        let platform = format!("{}-manylinux_2_{}", self.machine, self.glibc);
        words(&format!("pip install --link-mode copy --python-platform {platform}"))
    }

    /// pip takes each platform literally, so all older ones that a wheel may be tagged with are listed, newest first.
    /// The ABI is given because pip would otherwise add the peculiarities of the interpreter that runs it.
    fn pip_arguments(&self) -> Vec<OsString> {
        let abi = format!("cp{}", self.version.replace('.', ""));
        let mut arguments = words(&format!("-m pip install --implementation cp --abi {abi}"));
        for minor in (5..=self.glibc).rev() {
            arguments.extend(words(&format!("--platform manylinux_2_{minor}_{}", self.machine)));
        }
        arguments.extend(words(&format!("--platform manylinux2014_{}", self.machine)));
        arguments
    }

    fn help(&self, complaints: &str) -> String {
        if complaints.contains("No module named pip") {
            return format!("This Python has no pip: {HOW_TO_GET}.");
        }
        let Self { version, machine, .. } = self;
        format!(
            "Packages are installed from wheels only. If one has none for Python {version} on Linux {machine}, choose \
             a version that has (on its page at PyPI under \"Download files\"), another `runtime` or `architecture`."
        )
    }

    fn doubt(&self) -> String {
        format!(
            "some packages are needed only by certain versions of Python or systems, and pip judged that by this \
             machine; install uv, or Python {} with pip, to have it judged by the function's",
            self.version
        )
    }
}

fn words(text: &str) -> Vec<OsString> {
    text.split(' ').map(OsString::from).collect()
}

fn restless(unpinned: &[String], resolved: &str) -> Vec<String> {
    let warning = |name: &String| {
        let pin = format!("{}==", normal(name));
        let advice = match resolved.lines().find(|line| line.starts_with(&pin)) {
            Some(line) => format!("write `{line}`"),
            None => format!("write `{name}==` and a version"),
        };
        format!(
            "unpinned `{name}` in requirements.txt makes plans restless, since it may change any day; {advice}"
        )
    };
    unpinned.iter().map(warning).collect()
}
