//! Reads what an installer of Python packages has left, in a folder of the cache.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use pep508_rs::{ExtraName, MarkerTree};

use super::error::Error;
use super::files::{self, Entries, Entry};
use super::machine::{Machine, condition};
use super::requirements::{self, Wanted, normal, split_condition};

/// Notes of the installer about the installation itself, which depend on the tool and on the machine.
const NOTES: &[&str] = &["RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"];

/// The installed files, without those that differ from machine to machine.
pub(super) fn collect(packages: &Path) -> Result<Entries, Error> {
    let unreadable = |source| Error::Unreadable { path: packages.to_owned(), source };
    let root = packages.canonicalize().map_err(unreadable)?;
    let mut entries = files::walk(&root, packages, &is_ignored)?;
    let scripts: Vec<_> = entries.range("bin/".to_owned().."bin0".to_owned()).collect();
    let mut dropped = Vec::new();
    for (name, entry) in scripts {
        if !entry.is_link() && is_script(entry)? {
            dropped.push(name.clone());
        }
    }
    entries.retain(|name, _| !dropped.contains(name));
    Ok(entries)
}

/// Headers for C compilers go too: no function compiles, and each installer puts them elsewhere.
fn is_ignored(path: &Path, is_dir: bool) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    if is_dir {
        return name == "__pycache__";
    }
    let describes =
        path.parent().is_some_and(|folder| folder.extension().is_some_and(|end| end == "dist-info"));
    let is_header = path.starts_with("include") && name.ends_with(".h");
    name.ends_with(".pyc") || (describes && NOTES.contains(&name)) || is_header || path == Path::new(".lock")
}

/// Commands that the installer wrote begin with the path of the user's Python; nothing in Lambda calls them. Programs
/// that a wheel brings along stay.
fn is_script(entry: &Entry) -> Result<bool, Error> {
    Ok(entry.start(2)? == b"#!")
}

/// The versions that were installed, by the names of the folders that describe them.
pub(super) fn resolved(packages: &Path) -> io::Result<String> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(packages)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let package = name.strip_suffix(".dist-info").and_then(|name| name.rsplit_once('-'));
        lines.extend(package.map(|(name, version)| format!("{}=={version}\n", normal(name))));
    }
    lines.sort();
    Ok(lines.concat())
}

/// The requirements of installed packages that apply on `machine` and that nothing was installed for, each with the
/// package that has it. An installer that ran on another machine has judged their conditions by that one.
pub(super) fn missing(packages: &Path, wanted: &[Wanted], machine: &Machine) -> io::Result<Vec<Missing>> {
    let mut installed = installed(packages)?;
    let (mut open, mut missing) = (wanted.to_vec(), Vec::new());
    while let Some(Wanted { name, extras }) = open.pop() {
        let Some(package) = installed.get_mut(&normal(&name)) else { continue };
        let new = extras.iter().any(|extra| !package.extras.contains(extra));
        if package.reached && !new {
            continue;
        }
        package.reached = true;
        package.extras.extend(extras);
        let applies = |need: &&Need| machine.meets(&need.condition, &package.extras);
        let needs: Vec<String> =
            package.needs.iter().filter(applies).map(|need| need.requirement.clone()).collect();
        for requirement in needs {
            let wanted = requirements::wanted(&requirement);
            if installed.contains_key(&normal(&wanted.name)) {
                open.push(wanted);
            } else {
                missing.push(Missing { requirement, by: name.clone() });
            }
        }
    }
    missing.sort();
    missing.dedup();
    Ok(missing)
}

/// A requirement that nothing was installed for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Missing {
    /// The requirement, without its condition.
    pub(super) requirement: String,
    /// The package that has it.
    pub(super) by: String,
}

/// An installed package.
#[derive(Default)]
struct Package {
    needs: Vec<Need>,
    /// The extras that it is known to be wanted with.
    extras: Vec<ExtraName>,
    /// Whether it is known to be wanted.
    reached: bool,
}

/// What a package needs, and when.
struct Need {
    requirement: String,
    condition: MarkerTree,
}

/// The installed packages, by their normal names.
fn installed(packages: &Path) -> io::Result<BTreeMap<String, Package>> {
    let mut installed = BTreeMap::new();
    for entry in fs::read_dir(packages)? {
        let entry = entry?;
        let folder = entry.file_name().to_string_lossy().into_owned();
        let metadata = entry.path().join("METADATA");
        if let Some((name, _)) = folder.strip_suffix(".dist-info").and_then(|name| name.rsplit_once('-'))
            && metadata.is_file()
        {
            let needs = needs(&String::from_utf8_lossy(&fs::read(&metadata)?));
            installed.insert(normal(name), Package { needs, ..Package::default() });
        }
    }
    Ok(installed)
}

/// What the head of a package's metadata says that it needs. A condition that cannot be understood never holds, as the
/// installer has refused what matters.
fn needs(metadata: &str) -> Vec<Need> {
    let head = metadata.lines().take_while(|line| !line.is_empty());
    let needs = head.filter_map(|line| line.strip_prefix("Requires-Dist:")).filter_map(|text| {
        let (requirement, text) = split_condition(text);
        let condition = text.map_or(Ok(MarkerTree::TRUE), condition).ok()?;
        Some(Need { requirement: requirement.to_owned(), condition })
    });
    needs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is missing of these packages, given by name and metadata, on Python 3.10.
    fn missing_of(packages: &[(&str, &str)], wanted: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, metadata) in packages {
            let place = folder.path().join(format!("{name}-1.0.dist-info"));
            fs::create_dir(&place).expect("made");
            let metadata = format!("Name: {name}\n{metadata}\n\nRequires-Dist: text-below-the-head\n");
            fs::write(place.join("METADATA"), metadata).expect("written");
        }
        let wanted: Vec<Wanted> = wanted.iter().map(|text| requirements::wanted(text)).collect();
        let machine = Machine::new("python3.10", "x86_64");
        let missing = missing(folder.path(), &wanted, &machine).expect("readable");
        missing.into_iter().map(|Missing { requirement, by }| format!("{requirement} by {by}")).collect()
    }

    #[test]
    fn what_applies_on_the_machine_and_is_not_there_is_missing() {
        for (line, expected) in [
            ("Requires-Dist: idna", "idna by six"),
            ("Requires-Dist: tomli (>=2); python_version < \"3.11\"", "tomli (>=2) by six"),
            ("Requires-Dist: tomli ; python_version >= \"3.11\"", ""),
            ("Requires-Dist: tomli; python_version < \"3.11\" and extra == \"toml\"", ""),
            ("Requires-Dist: colorama; sys_platform == \"win32\"", ""),
            ("Requires-Python: >=3.9; python_version", ""),
        ] {
            assert_eq!(missing_of(&[("six", line)], &["six"]).concat(), expected, "{line}");
        }
    }

    #[test]
    fn extras_and_names_are_followed_through_all_packages() {
        let packages = [
            ("App", "Requires-Dist: My.Lib[Fast]>=1; extra == 'all'"),
            (
                "my_lib",
                "Requires-Dist: app\nRequires-Dist: absent; extra == 'fast'\nRequires-Dist: other; extra == 'x'",
            ),
            ("unwanted", "Requires-Dist: nothing"),
        ];
        assert_eq!(missing_of(&packages, &["app[all]"]), ["absent by My.Lib"]);
        assert_eq!(missing_of(&packages, &["app"]), Vec::<String>::new());
    }

    #[test]
    fn traces_of_the_installer_are_ignored() {
        for (path, expected) in [
            ("six-1.dist-info/RECORD", true),
            ("six-1.dist-info/METADATA", false),
            ("six/RECORD", false),
            (".lock", true),
            ("six/.lock", false),
            ("include/greenlet/greenlet.h", true),
            ("six/include/six.h", false),
        ] {
            assert_eq!(is_ignored(Path::new(path), false), expected, "{path}");
        }
    }
}
