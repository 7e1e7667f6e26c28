//! Which packages a function needs, by what installed packages say about themselves.
//!
//! An installer that runs on another machine than the function's judges conditions such as `python_version < "3.11"` by
//! its own. Here they are judged again: what is missing can be installed then, and what is not needed is left out, so
//! that a package is the same on whatever machine it is built.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use pep508_rs::{ExtraName, MarkerTree};

use super::machine::{Machine, condition};
use super::requirements::{self, Wanted, normal, split_condition};

/// What is wrong with the packages that were installed.
pub(super) struct Survey {
    /// What is needed and was not installed.
    pub(super) missing: Vec<Missing>,
    /// The files of packages that were installed and are not needed.
    pub(super) unneeded: Vec<PathBuf>,
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
struct Package {
    /// The folder that describes it.
    folder: PathBuf,
    needs: Vec<Need>,
    /// The extras that it is known to be wanted with.
    extras: Vec<ExtraName>,
    /// Whether it is known to be wanted.
    reached: bool,
}

/// What a package needs, and when.
struct Need {
    requirement: String,
    wanted: Wanted,
    condition: MarkerTree,
}

impl Survey {
    /// Looks through the folder `packages`, where these were wanted, for a function on `machine`.
    pub(super) fn of(packages: &Path, wanted: &[Wanted], machine: &Machine) -> io::Result<Self> {
        let mut installed = installed(packages)?;
        let missing = follow(&mut installed, wanted, machine);
        Ok(Self { missing, unneeded: unneeded(&installed)? })
    }
}

/// Marks all packages that are reached from those that are wanted. Returns what nothing was installed for.
fn follow(installed: &mut BTreeMap<String, Package>, wanted: &[Wanted], machine: &Machine) -> Vec<Missing> {
    let (mut open, mut missing) = (wanted.to_vec(), BTreeSet::new());
    while let Some(Wanted { name, extras }) = open.pop() {
        let Some(package) = installed.get_mut(&normal(&name)) else { continue };
        let new = extras.iter().any(|extra| !package.extras.contains(extra));
        if package.reached && !new {
            continue;
        }
        package.reached = true;
        package.extras.extend(extras);
        let package = &installed[&normal(&name)];
        for need in package.needs.iter().filter(|need| machine.meets(&need.condition, &package.extras)) {
            if installed.contains_key(&normal(&need.wanted.name)) {
                open.push(need.wanted.clone());
            } else {
                missing.insert(Missing { requirement: need.requirement.clone(), by: name.clone() });
            }
        }
    }
    missing.into_iter().collect()
}

/// The files of packages that were not reached. Only those count that another package names, so that a wanted one whose
/// name was not understood stays.
fn unneeded(installed: &BTreeMap<String, Package>) -> io::Result<Vec<PathBuf>> {
    let needs = installed.values().flat_map(|package| &package.needs);
    let named: BTreeSet<String> = needs.map(|need| normal(&need.wanted.name)).collect();
    let (mut dropped, mut kept) = (BTreeSet::new(), BTreeSet::new());
    for (name, package) in installed {
        let files = files(&package.folder)?;
        if package.reached || !named.contains(name) {
            kept.extend(files);
        } else {
            dropped.extend(files);
        }
    }
    Ok(dropped.difference(&kept).cloned().collect())
}

/// The files of a package, as its installer has recorded them. What lies elsewhere is of no concern.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let record = folder.join("RECORD");
    let Some(packages) = folder.parent().filter(|_| record.is_file()) else { return Ok(Vec::new()) };
    let record = fs::read(record)?;
    let record = String::from_utf8_lossy(&record);
    // The path is followed by a hash and a size, which have no comma.
    let paths = record.lines().filter_map(|line| line.rsplitn(3, ',').nth(2));
    let paths = paths.map(|path| PathBuf::from(path.trim_matches('"').replace("\"\"", "\"")));
    let inside = paths.filter(|path| path.components().all(|part| matches!(part, Component::Normal(_))));
    Ok(inside.map(|path| packages.join(path)).collect())
}

/// The installed packages, by their normal names.
fn installed(packages: &Path) -> io::Result<BTreeMap<String, Package>> {
    let mut installed = BTreeMap::new();
    for entry in fs::read_dir(packages)? {
        let folder = entry?.path();
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let metadata = folder.join("METADATA");
        if let Some((name, _)) = name.strip_suffix(".dist-info").and_then(|name| name.rsplit_once('-'))
            && metadata.is_file()
        {
            let needs = needs(&String::from_utf8_lossy(&fs::read(&metadata)?));
            installed.insert(normal(name), Package { folder, needs, extras: Vec::new(), reached: false });
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
        let wanted = requirements::wanted(requirement);
        Some(Need { requirement: requirement.to_owned(), wanted, condition })
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
        let missing = Survey::of(folder.path(), &wanted, &machine).expect("readable").missing;
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
    fn only_files_of_the_folder_are_recorded() {
        let folder = tempfile::tempdir().expect("a folder");
        let info = folder.path().join("six-1.dist-info");
        fs::create_dir(&info).expect("made");
        assert_eq!(files(&info).expect("no record"), Vec::<PathBuf>::new());
        let record =
            "six.py,sha256=x,12\n\"a,b.py\",,\n../../bin/six,,\n/etc/six,,\nsix-1.dist-info/RECORD,,\n";
        fs::write(info.join("RECORD"), record).expect("written");
        let expected = ["six.py", "a,b.py", "six-1.dist-info/RECORD"].map(|name| folder.path().join(name));
        assert_eq!(files(&info).expect("a record"), expected);
    }
}
