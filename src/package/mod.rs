//! Turns a function's code into a zip that is byte-identical for the same files on any machine and day.
//!
//! Lambda tells apart two versions of a function by the hash of its zip, so a hash that moved with file times,
//! the order of a folder or the person's umask would make every plan show a change. Only names, contents,
//! links and the owner's executable bit count here.

mod archive;
mod bootstrap;
mod cache;
mod closure;
mod compare;
mod contents;
mod error;
mod files;
mod finished;
mod ignore;
mod layer;
mod lock;
mod machine;
mod manifests;
mod npm;
mod pip;
mod prune;
mod python;
mod requirements;
mod syntax;
#[cfg(test)]
mod tests;
mod text;
mod tool;
mod wheels;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::{self, Path, PathBuf};
use std::sync::LazyLock;

pub(crate) use archive::check_with_layers;
pub use compare::compare;
pub use error::Error;
pub(crate) use ignore::is_of_editor;
pub(crate) use layer::is_laid_out;
pub use prune::prune;
pub use syntax::{Finding, Unchecked, check};

use self::ignore::IgnoreRules;
use archive::Limits;
use files::{Code, Entries, Entry};
use machine::Machine;
use requirements::Requirements;
use tool::Tools;

/// The build tools of this machine.
static TOOLS: LazyLock<Tools> = LazyLock::new(|| Tools::new(env::vars_os()));

/// The code of one function, as `stack.yaml` describes it.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The folder of `stack.yaml`, which no code may leave.
    pub folder: &'a Path,
    /// A folder, a single source file or a finished `.zip`, relative to `folder`.
    pub code: &'a Path,
    /// Patterns of files to leave out, in the grammar of `.gitignore`.
    pub exclude: &'a [String],
    /// The function's runtime, such as `python3.13`.
    pub runtime: &'a str,
    /// The function's architecture: `x86_64` or `arm64`.
    pub architecture: &'a str,
    /// Whether it is the content of a layer.
    pub is_layer: bool,
    /// Whether the function has layers, which may bring what its code lacks.
    pub has_layers: bool,
}

/// A finished zip, ready for upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The SHA-256 of the zip in base64, which is what Lambda calls `CodeSha256`.
    pub sha256: String,
    /// Where the zip lies in the cache.
    pub zip: PathBuf,
    /// The size of the zip in bytes.
    pub size: u64,
    /// The size of its contents in bytes.
    pub unzipped: u64,
    /// What the user should know although the package is fine.
    pub warnings: Vec<String>,
}

/// A package, and what is still to be checked before it is uploaded.
pub struct Built {
    /// The package.
    pub package: Package,
    /// Its code, for [`check`]; `None` if there is nothing to check.
    pub unchecked: Option<Unchecked>,
}

/// Builds the package of `source`, keeping zips and installed packages in the folder `cache`.
///
/// What takes long is announced through `progress`. Dropping the future ends a running build tool.
pub async fn build(
    source: &Source<'_>,
    cache: &Path,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Built, Error> {
    // Build tools run in a folder of their own, where a relative path would lead elsewhere.
    let cache = &path::absolute(cache).map_err(|source| cache::unwritable(cache, source))?;
    Builder { cache, tools: &TOOLS, limits: Limits::LAMBDA, progress }.build(source).await
}

/// Packages of npm, pinned by the hashes of a lock file.
#[derive(Debug, Clone, Copy)]
pub struct Locked<'a> {
    /// Their name in messages.
    pub name: &'a str,
    /// The text of `package.json`.
    pub package: &'a str,
    /// The text of `package-lock.json`.
    pub lock: &'a str,
}

/// The folder `node_modules` with these packages, installed on first use and kept in the folder `cache`.
///
/// # Errors
/// No npm or network to install them.
pub async fn node_modules(
    packages: &Locked<'_>,
    cache: &Path,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<PathBuf, Error> {
    npm::modules(&Builder { cache, tools: &TOOLS, limits: Limits::LAMBDA, progress }, packages).await
}

/// What building needs apart from the source itself, so that tests can bring their own tools and limits.
#[derive(Clone, Copy)]
struct Builder<'a> {
    cache: &'a Path,
    tools: &'a Tools,
    limits: Limits,
    progress: &'a (dyn Fn(&str) + Sync),
}

/// Packages that a build tool brought, and what to tell the user about them.
#[derive(Default)]
struct Installed {
    entries: Entries,
    warnings: Vec<String>,
}

impl Builder<'_> {
    async fn build(&self, source: &Source<'_>) -> Result<Built, Error> {
        let (folder, code) = (source.folder.to_owned(), source.code.to_owned());
        let code = blocking(move || files::locate(&folder, &code)).await?;
        let (cache, limits, label) = (self.cache.to_owned(), self.limits, source.code.to_owned());
        let (runtime, architecture) = (source.runtime.to_owned(), source.architecture.to_owned());
        let (is_layer, has_layers) = (source.is_layer, source.has_layers);
        match code {
            Code::Finished(zip) => {
                let copy = move || archive::copy(&zip, &runtime, &architecture, &cache, limits);
                Ok(Built { package: blocking(copy).await?, unchecked: None })
            }
            Code::Single(name, file) => {
                let mut entries = BTreeMap::from([(name, file)]);
                blocking(move || {
                    if is_layer {
                        entries = layer::own(entries, &runtime);
                    } else if bootstrap::is_needed(&runtime) {
                        make_startable(&mut entries, &label, &architecture, has_layers)?;
                    }
                    let package = archive::pack(&entries, &label, &cache, limits)?;
                    let unchecked = Unchecked::of(&entries, |_| true, &runtime, &package, &cache);
                    Ok(Built { package, unchecked })
                })
                .await
            }
            Code::Folder(root) => self.build_folder(source, root).await,
        }
    }

    async fn build_folder(&self, source: &Source<'_>, root: PathBuf) -> Result<Built, Error> {
        let project = Project::new(source, root);
        let needs = project.clone().needs(self.tools.names()).await?;
        let own = project.clone().own_files(source.exclude, matches!(needs, Needs::Node(_))).await?;
        let installed = match needs {
            Needs::Nothing => {
                Installed { warnings: project.clone().missing(own.clone()).await?, ..Installed::default() }
            }
            Needs::Python(machine, requirements) => {
                pip::install(self, &project, machine, requirements).await?
            }
            Needs::Node(manifest) => npm::install(self, &project, manifest).await?,
        };
        let (cache, limits) = (self.cache.to_owned(), self.limits);
        blocking(move || {
            let entries = match project.is_layer {
                false => merge(own, installed.entries),
                true => merge(
                    layer::own(own, &project.runtime),
                    layer::installed(installed.entries, &project.runtime),
                ),
            };
            let package = archive::pack(&entries, &project.label, &cache, limits)?;
            let is_own = |entry: &Entry| entry.lies_in(&project.root);
            let unchecked = Unchecked::of(&entries, is_own, &project.runtime, &package, &cache);
            Ok(Built { package: Package { warnings: installed.warnings, ..package }, unchecked })
        })
        .await
    }
}

/// The user's own files with the installed ones, except those whose place an own file or link takes.
fn merge(mut own: Entries, installed: Entries) -> Entries {
    for (name, entry) in installed {
        let mut folders = name.match_indices('/').map(|(end, _)| &name[..end]);
        let below = folders.any(|folder| own.contains_key(folder));
        let folder = format!("{name}/");
        let above = own.range(folder.clone()..).next().is_some_and(|(next, _)| next.starts_with(&folder));
        if !below && !above {
            own.entry(name).or_insert(entry);
        }
    }
    own
}

/// Checks `bootstrap`, the program that Lambda starts for a custom runtime, and makes it executable: a file of this name
/// can be nothing else, and not every machine knows modes.
fn make_startable(
    entries: &mut Entries,
    code: &Path,
    architecture: &str,
    has_layers: bool,
) -> Result<(), Error> {
    let found = entries.get(bootstrap::NAME);
    let target = found.and_then(files::Entry::target).unwrap_or_else(|| bootstrap::NAME.to_owned());
    let Some(entry) = entries.get_mut(&target) else {
        let reason = "is not in the package; put it at the top of the code".to_owned();
        let missing = Error::Bootstrap { path: code.join(bootstrap::NAME), reason };
        return if has_layers { Ok(()) } else { Err(missing) };
    };
    bootstrap::check(&entry.start(bootstrap::START)?, &entry.shown(), architecture)?;
    entry.make_executable();
    Ok(())
}

/// A code folder and what it is to run on.
#[derive(Debug, Clone)]
struct Project {
    /// The folder's canonical path.
    root: PathBuf,
    /// The folder as `stack.yaml` names it, for messages.
    label: PathBuf,
    runtime: String,
    architecture: String,
    is_layer: bool,
    has_layers: bool,
}

/// What has to be installed into a package.
enum Needs {
    Nothing,
    Python(Machine, Requirements),
    Node(lock::Manifest),
}

impl Project {
    fn new(source: &Source<'_>, root: PathBuf) -> Self {
        Self {
            root,
            label: source.code.to_owned(),
            runtime: source.runtime.to_owned(),
            architecture: source.architecture.to_owned(),
            is_layer: source.is_layer,
            has_layers: source.has_layers,
        }
    }

    /// Only the file of the function's own language counts: a Python function may well keep a `package.json` for
    /// its development tools.
    async fn needs(self, variables: BTreeSet<String>) -> Result<Needs, Error> {
        blocking(move || {
            let needs = if self.runtime.starts_with("python") {
                let machine = Machine::new(&self.runtime, &self.architecture);
                let is_set = |name: &str| variables.contains(name);
                let requirements = requirements::read(&self.root, &self.label, &machine, &is_set)?;
                requirements.map(|requirements| Needs::Python(machine, requirements))
            } else if self.runtime.starts_with("nodejs") {
                lock::read(&self.root, &self.label)?.map(Needs::Node)
            } else {
                None
            };
            Ok(needs.unwrap_or(Needs::Nothing))
        })
        .await
    }

    /// The user's own files. It is an error if there are none, found before any package is installed for nothing.
    async fn own_files(self, exclude: &[String], brings_node_modules: bool) -> Result<Entries, Error> {
        let exclude = exclude.to_vec();
        blocking(move || {
            let rules = IgnoreRules::new(&self.root, &self.label, &exclude, brings_node_modules)?;
            let ignored = |path: &Path, is_dir| rules.covers(path, is_dir);
            let mut entries = files::walk(&self.root, &self.label, &ignored)?;
            if entries.is_empty() {
                return Err(Error::Empty { code: self.label });
            }
            if bootstrap::is_needed(&self.runtime) && !self.is_layer {
                make_startable(&mut entries, &self.label, &self.architecture, self.has_layers)?;
            }
            Ok(entries)
        })
        .await
    }

    /// What is probably missing, since it stands in a list that is not read. A layer may bring it.
    async fn missing(self, own: Entries) -> Result<Vec<String>, Error> {
        let look = move || manifests::warning(&self.root, &self.runtime, &own).into_iter().collect();
        if self.has_layers { Ok(Vec::new()) } else { blocking(move || Ok(look())).await }
    }
}

/// Keeps file work off the threads that drive the network.
async fn blocking<T, F>(work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Error> + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Interrupted)?
}
