//! What a Python says about itself and its pip. This is kept in the cache for as long as everything that it depends on
//! is as it was: where a version manager chooses the Python, asking takes half a second.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::cache::key;
use super::error::Error;
use super::tool::{Call, Tools};

/// Prints the versions of pip and Python, in a fraction of the time that pip itself takes for that; then the Python, and the
/// places that decide which pip it finds.
pub(super) const VERSIONS: &str = "import os, pip, site, sys; \
    print('pip %s (python %d.%d)' % ((pip.__version__,) + sys.version_info[:2])); \
    print('\\n'.join(filter(None, [os.path.realpath(sys.executable), pip.__file__, site.getusersitepackages(), \
    os.path.join(sys.prefix, 'pyvenv.cfg')] + sys.path)))";

/// Prints the Python behind all links and version managers; then again as the first place, and what else decides this.
const PLACE: &str = "import os, sys; place = os.path.realpath(sys.executable); print(place); print(place); \
    print(os.path.join(sys.prefix, 'pyvenv.cfg'))";

/// What a Python said, and the files and folders that this depends on.
#[derive(Serialize, Deserialize)]
struct Note {
    /// Its first line; `None` for a program that fails.
    versions: Option<String>,
    depends_on: BTreeMap<PathBuf, Option<State>>,
}

/// A file or folder as it was.
#[derive(PartialEq, Serialize, Deserialize)]
struct State {
    /// Where it is behind all links.
    place: PathBuf,
    modified: SystemTime,
    size: u64,
}

/// The Python that runs as `program`, if there is one. What it says is kept in `folder`.
pub(super) async fn place(tools: &Tools, program: &str, folder: &Path) -> Option<String> {
    let arguments = ["-I", "-S", "-c", PLACE].map(OsString::from).to_vec();
    let call = Call { program, arguments, settings: &[], folder, task: "looking for a Python" };
    versions(tools, &call, None).await.ok().flatten()
}

/// The first line that a Python prints in response to the script of `call`, asked or known; `None` if there is no such
/// program. One that fails is an error with `help`, or counts as none without it. The script prints the places that its
/// first line depends on in the others, as [`VERSIONS`] does.
pub(super) async fn versions(
    tools: &Tools,
    call: &Call<'_>,
    help: Option<fn(&str) -> String>,
) -> Result<Option<String>, Error> {
    let path = tools.value("PATH").unwrap_or_default();
    let program = env::split_paths(path).map(|folder| folder.join(call.program)).find(|path| path.is_file());
    let home = tools.value("HOME").unwrap_or_default().to_string_lossy();
    let script = call.arguments.last().map(|script| script.to_string_lossy()).unwrap_or_default();
    let file = program.as_ref().map(|program| {
        let name = key(&[&script, &program.to_string_lossy(), &home]);
        call.folder.join(format!("{name}.json"))
    });
    if let Some(note) = file.as_deref().and_then(read) {
        return Ok(note.versions);
    }
    let output = match help {
        Some(help) => tools.version(call, help).await?,
        None => tools.version_if_any(call).await,
    };
    let mut lines = output.iter().flat_map(|output| output.lines());
    let versions = lines.next().map(str::to_owned);
    if let (Some(file), Some(program)) = (file, program)
        && let Some(depends_on) = depends_on(&program, call.folder, lines.map(PathBuf::from).collect())
    {
        // Without the note, the Python is asked again.
        let _ = write(&file, &Note { versions: versions.clone(), depends_on });
    }
    Ok(versions)
}

/// Everything that decides what a program says, if that is known: the places that it named itself, of which the first is the
/// Python that ran. That is another file than the program where a version manager is between them.
fn depends_on(
    program: &Path,
    folder: &Path,
    mut places: Vec<PathBuf>,
) -> Option<BTreeMap<PathBuf, Option<State>>> {
    if places.iter().any(|place| place.to_string_lossy().contains(char::REPLACEMENT_CHARACTER)) {
        return None;
    }
    let is_python =
        places.first().is_some_and(|python| program.canonicalize().is_ok_and(|own| own == *python));
    if !is_python {
        places.extend(pyenv(program, folder)?);
    }
    places.push(program.to_owned());
    Some(places.into_iter().map(|place| (place.clone(), state(&place))).collect())
}

/// The files by which pyenv chooses the Python for a program of its folder `shims`. Its variables are not passed to tools.
fn pyenv(program: &Path, folder: &Path) -> Option<Vec<PathBuf>> {
    let shims = program.parent().filter(|folder| folder.ends_with("shims"))?;
    let root = shims.parent().filter(|root| root.join("versions").is_dir())?;
    let local = folder.ancestors().map(|folder| folder.join(".python-version"));
    Some(local.chain([root.join("version"), root.join("versions")]).collect())
}

fn state(path: &Path) -> Option<State> {
    let metadata = fs::metadata(path).ok()?;
    Some(State {
        place: path.canonicalize().ok()?,
        modified: metadata.modified().ok()?,
        size: metadata.len(),
    })
}

/// The note in a file, if it still holds.
fn read(file: &Path) -> Option<Note> {
    let note: Note = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    note.depends_on.iter().all(|(place, as_it_was)| state(place) == *as_it_was).then_some(note)
}

fn write(file: &Path, note: &Note) -> io::Result<()> {
    let mut new = NamedTempFile::new_in(file.parent().unwrap_or(file))?;
    new.write_all(&serde_json::to_vec(note)?)?;
    new.persist(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pyenv_chooses_depends_on_its_files_and_other_managers_are_asked_each_time() {
        let root = tempfile::tempdir().expect("a folder");
        let (shims, cache) = (root.path().join("shims"), root.path().join("cache/python"));
        let program = shims.join("python3.13");
        for folder in [&shims, &cache] {
            fs::create_dir_all(folder).expect("made");
        }
        fs::write(&program, "").expect("written");
        assert!(depends_on(&program, &cache, Vec::new()).is_none());
        fs::create_dir(root.path().join("versions")).expect("made");
        let note = || Note {
            versions: None,
            depends_on: depends_on(&program, &cache, Vec::new()).expect("pyenv's"),
        };
        let file = cache.join("note.json");
        for changed in ["version", "cache/.python-version", "versions/3.13.0"] {
            write(&file, &note()).expect("written");
            assert!(read(&file).is_some());
            fs::write(root.path().join(changed), "3.13.0").expect("written");
            assert!(read(&file).is_none(), "{changed}");
        }
    }

    #[test]
    fn a_python_names_the_places_that_decide_its_versions() {
        let run = std::process::Command::new("python3").args(["-c", VERSIONS]).output().expect("a Python");
        let output = String::from_utf8_lossy(&run.stdout).into_owned();
        let mut lines = output.lines();
        assert!(lines.next().is_some_and(|line| line.starts_with("pip ")), "{output}");
        let python = lines.next().map(PathBuf::from).expect("the Python");
        let depends_on = depends_on(&python, Path::new("/"), lines.map(PathBuf::from).collect());
        assert!(depends_on.is_none(), "the first place is the Python itself");
        let places = output.lines().skip(1).map(PathBuf::from).collect();
        let depends_on = super::depends_on(&python, Path::new("/"), places).expect("known");
        let is_pip = |place: &PathBuf| place.ends_with("pip/__init__.py");
        assert!(depends_on.iter().any(|(place, state)| is_pip(place) && state.is_some()), "{output}");
    }
}
