//! Which file `--file` means, and what to do if it does not exist.

use crate::config::{At, Diagnostic, Diagnostics};
use std::path::{Path, PathBuf};

/// The name of a stack file, unless `--file` gives another one.
pub(super) const DEFAULT: &str = "stack.yaml";

/// The file that the user means: of a folder its stack file.
pub(super) fn resolve(given: PathBuf) -> PathBuf {
    if given.is_dir() { given.join(DEFAULT) } else { given }
}

/// Fails if there is no such file, and says which one the user may mean.
pub(super) fn check_exists(file: &Path) -> Result<(), Diagnostics> {
    // A broken link exists, and reading it reports the error.
    if file.symlink_metadata().is_ok() {
        return Ok(());
    }
    let name = file.display();
    let (other, help) = match (similar(file), above(file)) {
        (Some(similar), _) => {
            let other = format!(", but a `{}`", similar.file_name().unwrap_or_default().display());
            (other, format!("rename it, or name it with `-f {}`", similar.display()))
        }
        (None, Some(above)) => {
            let above = above.display();
            (
                format!(", but there is `{above}`"),
                format!("run `provision` there, or name it with `-f {above}`"),
            )
        }
        (None, None) => {
            let help = format!(
                "run `provision` where `{DEFAULT}` is, name the file with `-f`, or create one with `provision init`"
            );
            (String::new(), help)
        }
    };
    let message = format!("there is no file `{name}`{other}");
    let diagnostic = Diagnostic { at: At::default(), length: 0, message, help: Some(help) };
    Err(Diagnostics::one(file, diagnostic))
}

/// A file in the same folder whose name differs in its extension or in upper and lower case only, such as `stack.yml`.
fn similar(file: &Path) -> Option<PathBuf> {
    let folder = file.parent()?;
    let stem = file.file_stem()?.to_ascii_lowercase();
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = here.read_dir().ok()?.filter_map(|entry| Some(PathBuf::from(entry.ok()?.file_name())));
    let is_yaml = |name: &Path| {
        name.extension()
            .is_some_and(|one| one.eq_ignore_ascii_case("yml") || one.eq_ignore_ascii_case("yaml"))
    };
    let mut names: Vec<PathBuf> = names
        .filter(|name| is_yaml(name) && name.file_stem().is_some_and(|one| one.to_ascii_lowercase() == stem))
        .filter(|name| here.join(name).is_file())
        .collect();
    names.sort();
    names.first().map(|name| folder.join(name))
}

/// The nearest file of this name in a folder above the current one, as a path from here. Only for a bare name: a path is
/// meant as it stands.
fn above(file: &Path) -> Option<PathBuf> {
    if file.components().count() != 1 || file.is_absolute() {
        return None;
    }
    let here = std::env::current_dir().ok()?;
    let levels = here.ancestors().skip(1).position(|folder| folder.join(file).is_file())?;
    let up: PathBuf = std::iter::repeat_n("..", levels + 1).collect();
    Some(up.join(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_folder_means_its_stack_file() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        assert_eq!(resolve(folder.path().to_owned()), folder.path().join("stack.yaml"));
        let file = folder.path().join("other.yaml");
        assert_eq!(resolve(file.clone()), file);
        Ok(())
    }

    #[test]
    fn a_file_of_a_similar_name_is_named() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("stack.yaml");
        let found = |name: &str| -> std::io::Result<Option<PathBuf>> {
            let path = folder.path().join(name);
            fs::write(&path, "")?;
            let similar = similar(&file);
            fs::remove_file(path)?;
            Ok(similar)
        };
        for name in ["stack.yml", "Stack.yaml", "STACK.YML"] {
            assert_eq!(found(name)?, Some(folder.path().join(name)));
        }
        for name in ["stack.json", "stack", "stacks.yml"] {
            assert_eq!(found(name)?, None);
        }
        Ok(())
    }
}
