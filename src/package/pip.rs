//! Installs the packages of `requirements.txt` for the function's machine, not for the user's.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::cache::{self, Staging, key};
use super::closure::{Missing, Survey};
use super::error::Error;
use super::machine::Machine;
use super::python::{VERSIONS, versions};
use super::requirements::{FILE, Requirements, normal};
use super::text::read_utf8;
use super::tool::{Call, Tools};
use super::{Builder, Installed, Project, blocking, wheels};
use crate::text::without_credentials;

/// Settings that a user's own configuration of pip may hold and that would break an installation into a folder.
const PIP_SETTINGS: &[(&str, &str)] = &[
    ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
    ("PIP_NO_INPUT", "1"),
    ("PIP_REQUIRE_VIRTUALENV", "0"),
    ("PIP_ROOT_USER_ACTION", "ignore"),
    ("PIP_USER", "0"),
];

/// Parts of the names of variables that decide where packages come from.
const SOURCES: &[&str] = &["INDEX", "FIND_LINKS", "CONFIG_FILE"];

/// Signs of failures that have nothing to do with what is installed, in the words of pip and uv, and what to do.
const HELP: &[(&[&str], &str)] = &[
    (
        &["401 Error", "403 Error", "Unauthorized", "Forbidden"],
        "The index refused access: check the credentials for it in pip.conf, uv.toml or ~/.netrc. pip and uv see no secrets \
         of a pipeline.",
    ),
    (
        &[
            "Name or service not known",
            "dns error",
            "NewConnectionError",
            "Connection refused",
            "Could not connect",
        ],
        "The index could not be reached: check its URL, the network and the proxy.",
    ),
];

const HOW_TO_GET: &str = "install uv (https://docs.astral.sh/uv/) or Python 3 with pip";

/// Changes when packages are installed in another way, so that old ones in the cache are not used.
const RECIPE: &str = "pip 2";

/// What a cached folder holds: the packages, the list of their versions, and warnings about them.
const PACKAGES: &str = "packages";
const RESOLVED: &str = "resolved.txt";
const WARNINGS: &str = "warnings.txt";

/// Files that exist while packages are installed. They may hold credentials of an index.
const CONSTRAINTS: &str = "constraints.txt";

/// How often packages are installed again, each time with those that were missing. Each round adds some, so that two
/// are enough unless the additions need others again.
const ROUNDS: usize = 8;

/// Installs the packages, unless the cache has them already.
pub(super) async fn install(
    builder: &Builder<'_>,
    project: &Project,
    machine: Machine,
    requirements: Requirements,
) -> Result<Installed, Error> {
    let folder = builder.cache.join("python");
    cache::create_folder(&folder)?;
    let task = format!(
        "installing the packages of {} for {} on {}",
        project.label.join(FILE).display(),
        project.runtime,
        project.architecture
    );
    let tool = Tool::find(builder.tools, &machine, &folder, &task).await?;
    let key = key(&[
        RECIPE,
        &tool.version,
        &builder.tools.named(SOURCES),
        &project.runtime,
        &project.architecture,
        &requirements.lines,
        &requirements.constraints,
    ]);
    let job = Job { builder, tool, target: Target::new(machine), task, place: folder.join(key) };
    if !job.place.is_dir() {
        job.fill(&requirements).await?;
    }
    let place = job.place;
    blocking(move || {
        let read = |name: &str| read_utf8(&place.join(name), &place.join(name));
        let mut warnings = unpinned(&requirements.unpinned, &read(RESOLVED)?);
        warnings.extend(read(WARNINGS)?.lines().map(str::to_owned));
        Ok(Installed { entries: wheels::collect(&place.join(PACKAGES))?, warnings })
    })
    .await
}

/// An installer, as it was found.
struct Tool {
    kind: Installer,
    /// The installer and all else of this machine that decides what it installs.
    version: String,
}

enum Installer {
    Uv,
    /// The Python that has pip.
    Pip(String),
}

impl Tool {
    /// uv, which resolves for other machines; else pip. A Python of the function's own version comes first, since pip
    /// judges conditions such as `python_version < "3.13"` by the Python that runs it.
    async fn find(tools: &Tools, machine: &Machine, folder: &Path, task: &str) -> Result<Self, Error> {
        let call = |program, arguments| Call { program, arguments, settings: PIP_SETTINGS, folder, task };
        let uv = call("uv", words("--version"));
        if let Some(version) = tools.version(&uv, help_with_python).await? {
            return Ok(Self { kind: Installer::Uv, version });
        }
        let ask = |python| call(python, vec!["-c".into(), VERSIONS.into()]);
        let (exact, python) = (format!("python{}", machine.version), "python3");
        let found = match versions(tools, &ask(&exact), None).await? {
            Some(version) => Some((exact, version)),
            None => {
                let version = versions(tools, &ask(python), Some(help_with_python)).await?;
                version.map(|version| (python.to_owned(), version))
            }
        };
        let missing =
            || Error::ToolMissing { tool: "uv".to_owned(), task: task.to_owned(), help: HOW_TO_GET };
        let (python, version) = found.ok_or_else(missing)?;
        let system = (std::env::consts::OS, std::env::consts::ARCH);
        Ok(Self { kind: Installer::Pip(python), version: format!("{version} {system:?}") })
    }
}

fn help_with_python(complaints: &str) -> String {
    if complaints.contains("No module named 'pip'") {
        return format!("This Python has no pip: {HOW_TO_GET}.");
    }
    format!("See whether it runs at all, or {HOW_TO_GET}.")
}

/// One installation into a folder of the cache.
struct Job<'a> {
    builder: &'a Builder<'a>,
    tool: Tool,
    target: Target,
    task: String,
    place: PathBuf,
}

impl Job<'_> {
    async fn fill(&self, requirements: &Requirements) -> Result<(), Error> {
        (self.builder.progress)(&self.task);
        let place = self.place.clone();
        let staging = blocking(move || cache::stage(&place)).await?;
        let packages = staging.path().join(PACKAGES);
        let (mut lines, mut round) = (requirements.lines.clone(), 1);
        let survey = loop {
            self.run(&lines, &requirements.constraints, staging.path()).await?;
            let survey = self.survey(&packages, requirements)?;
            let added = additions(&lines, &survey.missing);
            if added.is_empty() || round == ROUNDS {
                break survey;
            }
            (lines, round) = (lines + &added, round + 1);
            fs::remove_dir_all(&packages).map_err(|source| cache::unwritable(&packages, source))?;
        };
        let warnings: String = survey.missing.iter().map(|missing| self.target.warning(missing)).collect();
        blocking(move || finish(staging, &survey.unneeded, &warnings)).await
    }

    fn survey(&self, packages: &Path, requirements: &Requirements) -> Result<Survey, Error> {
        cache::create_folder(packages)?;
        Survey::of(packages, &requirements.wanted, &self.target.machine)
            .map_err(|source| Error::Unreadable { path: packages.to_owned(), source })
    }

    async fn run(&self, lines: &str, constraints: &str, folder: &Path) -> Result<(), Error> {
        let (file, limits) = (folder.join(FILE), folder.join(CONSTRAINTS));
        cache::write(&file, lines)?;
        cache::write(&limits, constraints)?;
        let common = self.target.common_arguments(&file, &limits, &folder.join(PACKAGES));
        let (program, arguments) = match &self.tool.kind {
            Installer::Uv => ("uv", self.target.uv_arguments()),
            Installer::Pip(python) => (python.as_str(), self.target.pip_arguments()),
        };
        let arguments = [arguments, common].concat();
        let call = Call { program, arguments, settings: PIP_SETTINGS, folder, task: &self.task };
        let ran = self.builder.tools.run(&call, |complaints| self.target.help(complaints)).await?;
        let missing =
            || Error::ToolMissing { tool: program.to_owned(), task: self.task.clone(), help: HOW_TO_GET };
        ran.map(drop).ok_or_else(missing)
    }
}

/// The lines that ask for what is missing, as far as they can be added. Where each package must have a hash there is
/// none to add, and what comes from a URL might have to be built.
fn additions(lines: &str, missing: &[Missing]) -> String {
    if lines.contains("--hash") || lines.contains("--require-hashes") {
        return String::new();
    }
    let asked = |requirement: &str| lines.lines().any(|line| line == requirement);
    let mut added: Vec<&str> = missing.iter().map(|missing| missing.requirement.as_str()).collect();
    added.retain(|requirement| !requirement.contains('@') && !asked(requirement));
    added.dedup();
    added.iter().map(|requirement| format!("{requirement}\n")).collect()
}

/// Removes what is not needed, notes the versions next to the packages, and puts all into the cache.
fn finish(staging: Staging, unneeded: &[PathBuf], warnings: &str) -> Result<(), Error> {
    let packages = staging.path().join(PACKAGES);
    let files = [FILE, CONSTRAINTS].map(|name| staging.path().join(name));
    for path in files.iter().chain(unneeded) {
        match fs::remove_file(path) {
            Err(source) if path.exists() => return Err(cache::unwritable(path, source)),
            _ => {}
        }
    }
    let unreadable = |source| Error::Unreadable { path: packages.clone(), source };
    cache::write(&staging.path().join(RESOLVED), &wheels::resolved(&packages).map_err(unreadable)?)?;
    cache::write(&staging.path().join(WARNINGS), warnings)?;
    staging.publish().map(drop)
}

/// The function's machine in the words of the installers.
struct Target {
    machine: Machine,
    /// The minor version of the runtime's glibc, which bounds the wheels that can be loaded.
    glibc: u32,
}

impl Target {
    fn new(machine: Machine) -> Self {
        let minor: u32 =
            machine.version.split_once('.').and_then(|(_, minor)| minor.parse().ok()).unwrap_or(u32::MAX);
        // Python 3.12 was the first to run on Amazon Linux 2023. Amazon Linux 2 has glibc 2.26, but 2.17 is what both
        // installers can be told.
        let glibc = if minor >= 12 { 34 } else { 17 };
        Self { machine, glibc }
    }

    fn common_arguments(&self, requirements: &Path, constraints: &Path, packages: &Path) -> Vec<OsString> {
        let mut arguments = words("--only-binary :all: --no-compile --python-version");
        arguments.push(self.machine.version.clone().into());
        for (option, path) in
            [("--requirement", requirements), ("--constraint", constraints), ("--target", packages)]
        {
            arguments.extend([option.into(), path.into()]);
        }
        arguments
    }

    fn uv_arguments(&self) -> Vec<OsString> {
        let platform = format!("{}-manylinux_2_{}", self.machine.processor, self.glibc);
        words(&format!("pip install --link-mode copy --python-platform {platform}"))
    }

    /// pip takes each platform literally, so all older ones that a wheel may be tagged with are listed, newest first.
    /// The ABI is given because pip would otherwise add the peculiarities of the interpreter that runs it.
    fn pip_arguments(&self) -> Vec<OsString> {
        let processor = self.machine.processor;
        let abi = format!("cp{}", self.machine.version.replace('.', ""));
        let mut arguments = words(&format!("-m pip install --implementation cp --abi {abi}"));
        for minor in (5..=self.glibc).rev() {
            arguments.extend(words(&format!("--platform manylinux_2_{minor}_{processor}")));
        }
        arguments.extend(words(&format!("--platform manylinux2014_{processor}")));
        arguments
    }

    fn help(&self, complaints: &str) -> String {
        if let Some((_, help)) =
            HELP.iter().find(|(signs, _)| signs.iter().any(|sign| complaints.contains(sign)))
        {
            return (*help).to_owned();
        }
        format!(
            "Packages are installed from wheels only. If one has none for {}, choose a version that has one (on its page at \
             PyPI under \"Download files\"), another `runtime` or `architecture`. If it comes from a private index, check \
             the credentials in pip.conf or uv.toml: pip does not say that an index refused access.",
            self.machine.described()
        )
    }

    fn warning(&self, Missing { requirement, by }: &Missing) -> String {
        format!(
            "`{by}` needs `{}` on {}, which is not in the package; add it to {FILE}\n",
            without_credentials(requirement),
            self.machine.described()
        )
    }
}

fn words(text: &str) -> Vec<OsString> {
    text.split(' ').map(OsString::from).collect()
}

fn unpinned(names: &[String], resolved: &str) -> Vec<String> {
    let warning = |name: &String| {
        let pin = format!("{}==", normal(name));
        let advice = match resolved.lines().find(|line| line.starts_with(&pin)) {
            Some(line) => format!("write `{line}`"),
            None => format!("write `{name}==` and a version"),
        };
        format!(
            "the version of `{name}` in {FILE} is not pinned, so the package can change between plans; {advice}"
        )
    };
    names.iter().map(warning).collect()
}
